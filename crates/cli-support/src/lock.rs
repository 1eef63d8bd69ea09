//! Lock files, which make processes change a file one after another.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use api_auth::{Clock, SystemClock};

use crate::exit::{Exit, Failure};

/// The interval between two attempts to lock a lock file.
const PAUSE: Duration = Duration::from_millis(10);

/// The lock file `.NAME.lock` of a file, in the same folder. It is locked until this value is
/// dropped. On Unix, it is then removed. The lock ends with its process, even if the process is
/// killed.
#[derive(Debug)]
pub(crate) struct LockFile {
    path: PathBuf,
    file: File,
}

impl LockFile {
    /// Creates and locks the lock file of the file at `path`. Waits for other processes for at most
    /// `patience`.
    ///
    /// # Errors
    /// Returns an error that names the lock file if it cannot be created, or is still locked at the
    /// end.
    pub(crate) fn acquire(path: &Path, patience: Duration) -> Result<Self, Failure> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let path = path.with_file_name(format!(".{name}.lock"));
        let failed = |error: io::Error| Failure::new_file(&path, &error);
        let mut waited = Duration::ZERO;
        loop {
            let file = open(&path).map_err(failed)?;
            match file.try_lock() {
                // The process that held the lock may have removed the file.
                Ok(()) if is_at(&path, &file) => return Ok(Self { path, file }),
                Ok(()) => continue,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
            if waited >= patience {
                let problem = format!(
                    "{}: is still locked by another process after {} s; end that process, then \
                     retry",
                    path.display(),
                    patience.as_secs()
                );
                return Err(Failure::new(Exit::Local, problem));
            }
            SystemClock.sleep(PAUSE);
            waited += PAUSE;
        }
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // On other systems, another process can have a file open that is removed.
        if cfg!(unix) && is_at(&self.path, &self.file) {
            let _ = fs::remove_file(&self.path);
        }
        let _ = self.file.unlock();
    }
}

/// Opens a lock file, and creates it if it does not exist.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    loop {
        match options.create_new(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => return created,
        }
        match options.create_new(false).open(path) {
            // Another process has removed it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return opened,
        }
    }
}

/// Returns whether `file` is the file at `path`.
#[cfg(unix)]
fn is_at(path: &Path, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;

    let id = |found: fs::Metadata| (found.dev(), found.ino());
    let (at_path, open) = (fs::symlink_metadata(path), file.metadata());
    at_path.ok().zip(open.ok()).is_some_and(|(at_path, open)| id(at_path) == id(open))
}

#[cfg(not(unix))]
fn is_at(_: &Path, _: &File) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_folder::TestFolder;

    #[test]
    fn file_is_locked_once_and_lock_file_is_removed() {
        let folder = TestFolder::new();
        let path = folder.join("a");
        let acquire = || LockFile::acquire(&path, Duration::ZERO);
        let lock = acquire().unwrap();
        let failure = acquire().unwrap_err();
        let problem = "is still locked by another process after 0 s; end that process, then retry";
        let expected = format!("{}: {problem}", folder.join(".a.lock").display());
        assert_eq!((failure.exit(), failure.message()), (Exit::Local, &*expected));
        drop(lock);
        assert_eq!(folder.join(".a.lock").exists(), cfg!(not(unix)));
        // A process that was killed leaves the file.
        fs::write(folder.join(".a.lock"), "").unwrap();
        drop(acquire().unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn lock_file_of_another_process_is_not_removed() {
        let folder = TestFolder::new();
        let path = folder.join("a");
        let lock = LockFile::acquire(&path, Duration::ZERO).unwrap();
        fs::remove_file(folder.join(".a.lock")).unwrap();
        let other = LockFile::acquire(&path, Duration::ZERO).unwrap();
        drop(lock);
        assert!(is_at(&folder.join(".a.lock"), &other.file));
    }
}
