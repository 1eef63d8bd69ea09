//! The files that the program writes: a temporary file with the root certificate of `--tls`, and
//! the file that `--env-file` names.
//!
//! A temporary file has a random name and is locked while the process runs. A file without a lock
//! was left behind by a killed process, and the next process that writes such a file removes it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Write};
#[cfg(unix)]
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The number of hexadecimal digits in the name of a temporary file.
const DIGITS: usize = 16;

/// The prefix and the suffix of the name of a file with a root certificate.
const CERTIFICATE: (&str, &str) = ("api-sandbox-", ".pem");

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
    /// Removes the files that killed processes left behind, then writes a file whose name is
    /// `prefix`, a random part, and `suffix`.
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
            // Before that, another process may have considered the file abandoned.
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
    Temporary::write(&mut OpenOptions::new(), &folder, CERTIFICATE, pem)
}

/// Returns whether a file has a name of those that [`certificate`] writes.
#[cfg(unix)]
pub(crate) fn is_certificate(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| is_temporary(name, CERTIFICATE))
}

/// Returns whether two paths refer to the same regular file.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        #[cfg(unix)]
        (Ok(one), Ok(other)) => {
            one.is_file() && (one.dev(), one.ino()) == (other.dev(), other.ino())
        }
        #[cfg(not(unix))]
        (Ok(one_file), Ok(_)) => {
            one_file.is_file() && fs::canonicalize(one).ok() == fs::canonicalize(other).ok()
        }
        _ => false,
    }
}

/// Prints that the program waits for another program. `act` is what the other program does with
/// the file of `option`, such as "reads".
#[cfg(unix)]
fn note_waiting(option: &str, path: &Path, act: &str) {
    let path = path.display();
    let note = format_args!("{option} {path}: waiting for a program that {act} this named pipe\n");
    crate::messages::message(note);
}

#[cfg(unix)]
fn is_fifo(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;

    fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo())
}

/// Opens the file of `--seed` for reading. For a named pipe that no program writes, prints a message
/// and waits for a writer. On Unix systems other than Linux, also prints the message if there is a
/// writer.
fn open_to_read(path: &Path) -> io::Result<Box<dyn Read>> {
    #[cfg(target_os = "linux")]
    if is_fifo(path) {
        return open_fifo(path);
    }
    // The other end of a pipe of the shell, such as /dev/fd/63, is open.
    #[cfg(all(unix, not(target_os = "linux")))]
    if is_fifo(path) && fs::canonicalize(path).is_ok_and(|path| !path.starts_with("/dev/fd")) {
        note_waiting("--seed", path, "writes to");
    }
    Ok(Box::new(File::open(path)?))
}

/// Opens a named pipe for reading. Opening it without waiting succeeds in any case, so whether there
/// is a writer shows only when it is read.
#[cfg(target_os = "linux")]
fn open_fifo(path: &Path) -> io::Result<Box<dyn Read>> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let mut file = non_blocking(OpenOptions::new().read(true)).open(path)?;
    let mut first = [0];
    let length = match file.read(&mut first) {
        // There is a writer that has not written anything yet.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
        Ok(0) => {
            let is_ready = |file: &File, timeout: Option<&Timespec>| {
                let mut files = [PollFd::new(file, PollFlags::IN)];
                rustix::io::retry_on_intr(|| poll(&mut files, timeout)).map(|count| count > 0)
            };
            // If the pipe had a writer that has closed it, there is nothing to wait for.
            if !is_ready(&file, Some(&Timespec::default()))? {
                note_waiting("--seed", path, "writes to");
                is_ready(&file, None)?;
            }
            0
        }
        read => read?,
    };
    rustix::io::ioctl_fionbio(&file, false)?;
    let first = first.into_iter().take(length).collect::<Vec<u8>>();
    Ok(Box::new(io::Cursor::new(first).chain(file)))
}

/// Makes opening a named pipe not wait for another program.
#[cfg(unix)]
fn non_blocking(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
}

/// Opens the file of `--env-file` for writing, and creates it if it does not exist. For a named pipe
/// that no program reads, prints a message and waits for a reader.
fn open_to_write(path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    if is_fifo(path) {
        match non_blocking(OpenOptions::new().write(true)).open(path) {
            // There is no reader.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
                note_waiting("--env-file", path, "reads");
            }
            file => {
                let file = file?;
                rustix::io::ioctl_fionbio(&file, false)?;
                return Ok(file);
            }
        }
    }
    private().write(true).create(true).truncate(false).open(path)
}

/// Reads a text file of at most 64 MiB.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    /// The maximum size, so that a device such as `/dev/zero` does not fill the memory.
    const MOST: u64 = 64 << 20;
    let mut bytes = Vec::new();
    open_to_read(path)?.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Err(io::Error::other("is larger than 64 MiB"));
    }
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Writes a file with secrets, which only its owner can read. A regular file is replaced
/// atomically; the new file has the same owner if this process may set it, and the owner's
/// permissions do not change. If the file cannot be replaced, it is written in place.
pub(crate) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use io::ErrorKind::{InvalidFilename, PermissionDenied, ReadOnlyFilesystem, ResourceBusy};

    let found = fs::symlink_metadata(path).ok();
    // A device, a FIFO or a link must not be replaced.
    if found.as_ref().is_some_and(|found| !found.is_file()) {
        return write_in_place(path, text);
    }
    match replace(path, found, text) {
        Err(error) => match error.kind() {
            // No file can be created in the folder, the name is too long for a draft, or the file
            // is a mount point.
            PermissionDenied | ReadOnlyFilesystem | InvalidFilename | ResourceBusy => {
                write_in_place(path, text)
            }
            _ => Err(error),
        },
        Ok(()) => Ok(()),
    }
}

/// Returns the options for creating a file that only its owner can read and write (mode 0600). The
/// mode is set only on Unix.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Replaces a regular file atomically, or creates it if `found` is `None`. `found` is the metadata
/// of the existing file.
fn replace(path: &Path, found: Option<fs::Metadata>, text: &str) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?;
    let prefix = format!(".{}.", name.to_string_lossy());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let draft = Temporary::write(&mut private(), folder, (&prefix, ""), text)?;
    #[cfg(unix)]
    if let Some(found) = found {
        // If the file belongs to another user, only root can keep its owner.
        let (user, group) = (found.uid(), found.gid());
        let _ = std::os::unix::fs::fchown(&draft.file, Some(user), Some(group));
        draft.file.set_permissions(only_for_owner(&found))?;
    }
    #[cfg(not(unix))]
    let _ = found;
    draft.file.sync_all()?;
    // After that, there is no draft to remove.
    fs::rename(&draft.path, path)
}

/// Writes a file without replacing it. If other users have any permission for a regular file, their
/// permissions are removed first.
fn write_in_place(path: &Path, text: &str) -> io::Result<()> {
    let mut file = open_to_write(path)?;
    let found = file.metadata()?;
    if found.is_file() {
        #[cfg(unix)]
        if found.mode() & 0o077 != 0 {
            file.set_permissions(only_for_owner(&found))?;
        }
        file.set_len(0)?;
    }
    file.write_all(text.as_bytes())
}

/// Returns the owner's permissions to read and write a file, without permissions for other users.
#[cfg(unix)]
fn only_for_owner(found: &fs::Metadata) -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(found.mode() & 0o600)
}

/// Removes the temporary files of this user that are not locked, because the processes that wrote
/// them were killed. Failures are ignored.
fn remove_abandoned(folder: &Path, prefix: &str, suffix: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        // The metadata of a link is its own.
        let name = entry.file_name();
        if !name.to_str().is_some_and(|name| is_temporary(name, (prefix, suffix)))
            || !entry.metadata().is_ok_and(|found| found.is_file() && is_own(&found))
        {
            continue;
        }
        let path = entry.path();
        if let Some(_locked) = lock_abandoned(&path) {
            let _ = fs::remove_file(path);
        }
    }
}

/// Returns whether a file name consists of a prefix, the random part of a temporary file, and a
/// suffix.
fn is_temporary(name: &str, (prefix, suffix): (&str, &str)) -> bool {
    let digits = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
    let digits = digits.unwrap_or_default();
    digits.len() == DIGITS && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Locks a file unless another process has locked it. The lock must be held until the file is
/// removed; otherwise, the process that has just created the file could lock it in between.
fn lock_abandoned(path: &Path) -> Option<File> {
    File::open(path).ok().filter(|file| file.try_lock().is_ok())
}

/// Returns whether a file belongs to the user of this process.
#[cfg(unix)]
fn is_own(found: &fs::Metadata) -> bool {
    found.uid() == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_own(_: &fs::Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_at_most_64_mib_is_read() {
        use std::io::{Seek, SeekFrom};

        let folder = std::env::temp_dir();
        let name = format!("api-sandbox-size-{}-", std::process::id());
        let mut file = Temporary::write(&mut OpenOptions::new(), &folder, (&name, ""), "").unwrap();
        file.file.set_len(64 << 20).unwrap();
        assert_eq!(read(&file.path).unwrap().len(), 64 << 20);
        // The limit is within a character.
        file.file.seek(SeekFrom::Start((64 << 20) - 1)).unwrap();
        file.file.write_all("\u{142}".as_bytes()).unwrap();
        assert_eq!(read(&file.path).unwrap_err().to_string(), "is larger than 64 MiB");
        file.file.set_len(64 << 20).unwrap();
        let error = read(&file.path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn file_is_locked_while_it_is_removed() {
        let folder = std::env::temp_dir();
        let name = format!("api-sandbox-lock-{}-", std::process::id());
        let file = Temporary::write(&mut OpenOptions::new(), &folder, (&name, ""), "").unwrap();
        assert!(lock_abandoned(&file.path).is_none());
        file.file.unlock().unwrap();
        let locked = lock_abandoned(&file.path).unwrap();
        assert!(matches!(file.file.try_lock_shared(), Err(TryLockError::WouldBlock)));
        drop(locked);
        assert!(lock_abandoned(&file.path).is_some());
    }
}
