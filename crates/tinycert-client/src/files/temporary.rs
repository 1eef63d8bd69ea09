//! Temporary files. Each is written next to the file to be replaced, and moved to its path when it
//! is complete.
//!
//! A temporary file for `NAME` is created only while the lock of `NAME` is held. Therefore, each
//! temporary file that exists when the lock is acquired was left by a killed process.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use api_auth::Secret;

use super::ResolvedPath;
use super::resolved::{CHAIN_NAME, KEY_NAME};
use super::trust::{check_replaceable, seen};

/// The suffix of the names of temporary files.
const ENDING: &str = ".tmp";

/// The maximum size in bytes of a file that is copied or compared. Chains and keys are much smaller.
pub(super) const LARGEST: u64 = 1 << 20;

/// A temporary file in the folder of the file to be replaced. It is removed on drop unless it was
/// moved or kept.
pub(super) struct TemporaryFile {
    pub(super) folder: PathBuf,
    pub(super) name: String,
    file: File,
    is_kept: bool,
}

impl TemporaryFile {
    /// Creates an empty temporary file for a path, with those parts of the owner, group and mode of
    /// the replaced file that [`ResolvedPath::kept`] returns.
    pub(super) fn create(resolved: &ResolvedPath, is_private: bool) -> io::Result<Self> {
        let temporary = Self::own(resolved, is_private)?;
        let name = if is_private { KEY_NAME } else { CHAIN_NAME };
        replace_access(&temporary.file, resolved, resolved.kept(resolved, name))?;
        Ok(temporary)
    }

    /// Creates an empty temporary file for a path, with the owner, group and mode that a new file
    /// of the caller has.
    pub(super) fn own(resolved: &ResolvedPath, is_private: bool) -> io::Result<Self> {
        let name = format!(".{}.{}{ENDING}", resolved.name, random()?);
        let file = new_file(&resolved.folder.join(&name), is_private)?;
        Ok(Self { folder: resolved.folder.clone(), name, file, is_kept: false })
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// Writes strings, adds a line break after each string that does not end with one, and
    /// synchronizes the file to disk.
    pub(super) fn write(&mut self, texts: &[&str]) -> io::Result<()> {
        write_texts(&mut self.file, texts)
    }

    pub(super) fn write_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.file.sync_all()
    }

    /// Copies a private file with its owner, group and mode, and synchronizes the copy to disk.
    /// Other users have no permissions for the copy.
    pub(super) fn copy(&mut self, mut from: File) -> io::Result<()> {
        copy(&mut from, &mut self.file, KeptAccess::of(true, true))
    }

    /// Moves the temporary file to `path`.
    pub(super) fn publish(&self, path: &Path) -> io::Result<()> {
        fs::rename(self.path(), path)
    }

    /// Prevents the removal of the temporary file on drop.
    pub(super) fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        if !self.is_kept {
            // After `publish`, the file no longer exists.
            let _ = fs::remove_file(self.path());
        }
    }
}

/// Returns 32 random hex digits.
pub(super) fn random() -> io::Result<String> {
    let text = Secret::unguessable().map_err(io::Error::other)?;
    Ok(text.expose().chars().take(32).collect())
}

/// Creates a file with mode 0600 if `private` is true, or 0644 otherwise. Returns an error if the
/// path exists, even if it is a link.
pub(super) fn new_file(path: &Path, private: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if private { 0o600 } else { 0o644 });
    #[cfg(not(unix))]
    let _ = private;
    options.open(path)
}

/// Opens a regular file. Returns an error for anything else, such as a folder or a pipe. On Unix,
/// links are not followed, and opening a pipe does not block.
pub(super) fn open_regular(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let file = options.open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(super::trust::invalid("not a regular file; remove it"))
}

pub(super) fn write_texts(file: &mut File, texts: &[&str]) -> io::Result<()> {
    for text in texts {
        file.write_all(text.as_bytes())?;
        if !text.ends_with('\n') {
            file.write_all(b"\n")?;
        }
    }
    file.sync_all()
}

/// Which of the owner, group and mode a new file takes from the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeptAccess {
    /// The owner, the group and the mode.
    All,
    /// The owner, the group and the mode, except for the permissions of other users.
    OwnerAndGroup,
    /// The owner, the group and the mode, except for the write permissions of the group and other
    /// users.
    NotWritable,
    /// The owner and the permissions of the owner.
    Owner,
}

impl KeptAccess {
    /// Returns which of the owner, group and mode a new file takes from the old one. `is_trusted`
    /// means that no untrusted user could have put the old file at its path.
    pub(super) fn of(is_private: bool, is_trusted: bool) -> Self {
        match (is_private, is_trusted) {
            (false, true) => Self::All,
            (true, true) => Self::OwnerAndGroup,
            (false, false) => Self::NotWritable,
            (true, false) => Self::Owner,
        }
    }

    #[cfg(unix)]
    fn mode(self) -> u32 {
        match self {
            Self::All => 0o777,
            Self::OwnerAndGroup => 0o770,
            Self::NotWritable => 0o755,
            Self::Owner => 0o700,
        }
    }

    /// Returns the permissions that a new file does not take from the old one because another user
    /// may have put the old file at its path.
    #[cfg(unix)]
    fn lost(self) -> u32 {
        match self {
            Self::All | Self::OwnerAndGroup => 0,
            Self::NotWritable => 0o022,
            Self::Owner => 0o070,
        }
    }
}

/// Copies the content of a file, and the parts of its owner, group and mode that `kept` names.
/// Synchronizes the copy to disk.
pub(super) fn copy(from: &mut File, to: &mut File, kept: KeptAccess) -> io::Result<()> {
    io::copy(from, to)?;
    keep_access(to, &from.metadata()?, kept)?;
    to.sync_all()
}

/// Gives a new file those parts of the owner, group and mode of the file at `resolved` that `kept`
/// names, if there is such a file. Logs a warning if permissions are lost because another user may
/// have put the old file at that path.
pub(super) fn replace_access(
    file: &File,
    resolved: &ResolvedPath,
    kept: KeptAccess,
) -> io::Result<()> {
    let Some(old) = &resolved.existing else { return Ok(()) };
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::mode(old) & kept.lost() != 0 {
        log::warn!(
            "{}: permissions of its group or of others are not kept, because the folder is \
             writable by others, who may have put the file there; use a folder that is writable only \
             by its owner",
            resolved.path().display()
        );
    }
    keep_access(file, old, kept)
}

/// Gives a file the parts of the owner, group and mode of an old file that `kept` names. The mode
/// is set last, so that the new file never has more permissions than the old one.
#[cfg(unix)]
fn keep_access(file: &File, old: &Metadata, kept: KeptAccess) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

    let new = file.metadata()?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    let owner = (new.uid() != old.uid()).then(|| old.uid());
    let group = (kept != KeptAccess::Owner && new.gid() != old.gid()).then(|| old.gid());
    if owner.is_some() || group.is_some() {
        fchown(file, owner, group).map_err(|error| {
            io::Error::new(error.kind(), format!("owner and group cannot be kept: {error}"))
        })?;
    }
    file.set_permissions(fs::Permissions::from_mode(old.mode() & kept.mode()))
}

#[cfg(not(unix))]
fn keep_access(_: &File, _: &Metadata, _: KeptAccess) -> io::Result<()> {
    Ok(())
}

/// Synchronizes a folder to disk, so that renames in it survive a power failure.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Removes the temporary files that killed processes left for a path. The lock of the path must be
/// held.
pub(super) fn sweep(resolved: &ResolvedPath) -> io::Result<()> {
    for entry in fs::read_dir(&resolved.folder)? {
        let entry = entry?.path();
        let name = entry.file_name().and_then(|name| name.to_str());
        if name.is_none_or(|name| !is_temporary(name, &resolved.name)) {
            continue;
        }
        // A temporary file may have the owner of the file that it was created to replace.
        let is_own = |metadata| check_replaceable(&resolved.folder, &metadata).is_ok();
        if seen(&entry)?.filter(Metadata::is_file).is_some_and(is_own) {
            fs::remove_file(entry)?;
        }
    }
    Ok(())
}

/// Returns whether `name` is the name of a temporary file for the file `of`.
pub(super) fn is_temporary(name: &str, of: &str) -> bool {
    let rest = name.strip_prefix('.').and_then(|rest| rest.strip_prefix(of));
    let middle = rest.and_then(|rest| rest.strip_prefix('.')?.strip_suffix(ENDING));
    middle.is_some_and(is_random)
}

pub(super) fn is_random(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
