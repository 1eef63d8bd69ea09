//! Files that the program writes: the root certificate of `--tls`, and that of `--env-file`.
//!
//! A temporary file has a random name and is locked while the process runs. A file without a lock
//! was left by a killed process, and is removed by the next one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The number of hexadecimal digits in the name of a temporary file.
const DIGITS: usize = 16;

/// A temporary file, which is removed when this value is dropped.
#[derive(Debug)]
pub(crate) struct Temporary {
    pub(crate) path: PathBuf,
    file: File,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

impl Temporary {
    /// Writes a file with a random name between `prefix` and `suffix`, after removing those that
    /// killed processes have left.
    fn write(
        options: &mut OpenOptions,
        folder: &Path,
        (prefix, suffix): (&str, &str),
        text: &str,
    ) -> io::Result<Self> {
        const MOST: usize = 16;
        remove_abandoned(folder, prefix, suffix);
        options.write(true).create_new(true);
        for _ in 0..MOST {
            // The hasher's keys are random.
            let random = RandomState::new().build_hasher().finish();
            let path = folder.join(format!("{prefix}{random:0DIGITS$x}{suffix}"));
            let file = match options.open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                file => file?,
            };
            let mut temporary = Self { path, file };
            temporary.file.write_all(text.as_bytes())?;
            // On Windows, no program can write to a file with a shared lock, but all can read it.
            let locked = temporary.file.try_lock_shared();
            // Before that, another process may have removed the file as abandoned.
            if !matches!(locked, Err(TryLockError::WouldBlock)) && temporary.path.exists() {
                return Ok(temporary);
            }
        }
        Err(io::Error::other("other processes remove each temporary file"))
    }
}

/// Writes the root certificate of `--tls` to a temporary file.
pub(crate) fn certificate(folder: &Path, pem: &str) -> io::Result<Temporary> {
    // The command of `run` can have another current folder.
    let folder = std::path::absolute(folder)?;
    Temporary::write(&mut OpenOptions::new(), &folder, ("api-sandbox-", ".pem"), pem)
}

/// Writes a file with secrets. A regular file is replaced atomically and keeps its owner and, for
/// the owner, its mode.
pub(crate) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let found = fs::symlink_metadata(path).ok();
    if found.as_ref().is_some_and(|found| !found.is_file()) {
        // A device, a FIFO or a link must not be replaced.
        options.write(true).truncate(true).create(true);
        return options.open(path)?.write_all(text.as_bytes());
    }
    let name = path.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?;
    let prefix = format!(".{}.", name.to_string_lossy());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let draft = Temporary::write(&mut options, folder, (&prefix, ""), text)?;
    #[cfg(unix)]
    if let Some(found) = found {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
        // If the file belongs to another user, only root can keep its owner.
        let _ = fchown(&draft.file, Some(found.uid()), Some(found.gid()));
        draft.file.set_permissions(fs::Permissions::from_mode(found.mode() & 0o600))?;
    }
    draft.file.sync_all()?;
    // After that, there is no draft to remove.
    fs::rename(&draft.path, path)
}

/// Removes the temporary files of this user that are not locked, because the processes that wrote
/// them were killed. Failures are ignored.
fn remove_abandoned(folder: &Path, prefix: &str, suffix: &str) {
    let is_temporary = |name: &str| {
        let digits = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
        let digits = digits.unwrap_or_default();
        digits.len() == DIGITS
            && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        // The metadata of a link is its own.
        if !entry.file_name().to_str().is_some_and(is_temporary)
            || !entry.metadata().is_ok_and(|found| found.is_file() && is_own(&found))
        {
            continue;
        }
        let path = entry.path();
        if File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(path);
        }
    }
}

/// Returns whether a file belongs to the user of this process.
#[cfg(unix)]
fn is_own(found: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(found) == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_own(_: &fs::Metadata) -> bool {
    true
}
