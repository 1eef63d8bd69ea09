//! File locks: a process accesses a file `NAME` only while it holds the lock on the lock file
//! `.NAME.lock` in the same folder.
//!
//! On Unix, the process that holds a lock removes the lock file at the end. A process that was
//! waiting for it then creates a new lock file and locks that. On other systems, the lock file is
//! not removed, because a process could not detect the removal: files have no identity there.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use api_auth::InputError;

use super::journal::Journal;
use super::temporary::{new_file, open_regular, sweep};
use super::trust::{Identity, check_own, identity, is_same, seen};
use super::{FileError, ResolvedPath, SAME_FILE};

/// The maximum time to wait for one lock.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// The locks of all files to be written. They are released on drop.
pub(super) struct Locks(Vec<Lock>);

struct Lock {
    path: PathBuf,
    /// Whether this is the lock of a file to be written. If not, it is that of a chain that a
    /// journal names.
    is_wanted: bool,
    file: File,
}

impl Locks {
    /// Waits for the locks of `paths`, completes the replacements at these paths that killed
    /// processes did not finish, and removes their temporary files. `limit` is the maximum time to
    /// wait for one lock.
    pub(super) fn acquire(paths: &[&ResolvedPath], limit: Duration) -> Result<Self, FileError> {
        let wanted: BTreeMap<PathBuf, PathBuf> =
            paths.iter().map(|resolved| lock_of(resolved)).collect();
        // The locks of chains that a journal names and that are not among `paths`.
        let mut others: BTreeMap<PathBuf, (PathBuf, Journal)> = BTreeMap::new();
        'locking: loop {
            let mut locks = Self(Vec::new());
            // Every process locks the paths in the same order, which avoids deadlocks.
            let mut all: BTreeMap<&PathBuf, (&PathBuf, Option<&Journal>)> =
                wanted.iter().map(|(path, folder)| (path, (folder, None))).collect();
            all.extend(others.iter().map(|(path, (folder, by))| (path, (folder, Some(by)))));
            for (path, (folder, by)) in all {
                let taken = locks.take(folder, path, by.is_none(), limit);
                taken.map_err(|error| match by {
                    Some(by) => by.pending(error),
                    None => error,
                })?;
            }
            let mut journals = Vec::new();
            for resolved in paths {
                let Some(journal) = Journal::read(resolved)? else { continue };
                let never = match journal.chain_path()? {
                    Ok(chain) => {
                        let (path, folder) = lock_of(&chain);
                        if !wanted.contains_key(&path) && !others.contains_key(&path) {
                            others.insert(path, (folder, journal));
                            continue 'locking;
                        }
                        None
                    }
                    Err(never) => Some(never),
                };
                journals.push((resolved.path(), journal, never));
            }
            for (key, journal, never) in journals {
                if let Some(error) = journal.recover(never)? {
                    log::warn!(
                        "{}: discarding the files of an interrupted run; the old key is kept: {error}",
                        key.display()
                    );
                }
            }
            for resolved in paths {
                sweep(resolved).map_err(|source| FileError::at(&resolved.folder, source))?;
            }
            return Ok(locks);
        }
    }

    /// Acquires one lock, unless it is already held: on a file system that ignores case, the lock
    /// files of two spellings of a path are one file.
    pub(super) fn take(
        &mut self,
        folder: &Path,
        path: &Path,
        is_wanted: bool,
        limit: Duration,
    ) -> Result<(), FileError> {
        loop {
            let at = |source| FileError::at(path, source);
            let file = open(folder, path).map_err(at)?;
            let own = identity_of(&file);
            let held = self.0.iter_mut().find(|held| is_same(identity_of(&held.file), own));
            if let Some(held) = held {
                if !(held.is_wanted && is_wanted) {
                    // The journal has another spelling of the path of one of the files.
                    held.is_wanted |= is_wanted;
                    return Ok(());
                }
                return Err(FileError::Call(InputError::new("files", SAME_FILE).into()));
            }
            let file = lock_file(file, limit).map_err(at)?;
            // The process that held the lock may have removed the file.
            let now = seen(path).map_err(at)?;
            if cfg!(not(unix)) || is_same(now.as_ref().and_then(identity), own) {
                self.0.push(Lock { path: path.to_owned(), is_wanted, file });
                return Ok(());
            }
        }
    }
}

/// Returns the lock file of a path, and its folder.
fn lock_of(resolved: &ResolvedPath) -> (PathBuf, PathBuf) {
    (resolved.folder.join(format!(".{}.lock", resolved.name)), resolved.folder.clone())
}

fn open(folder: &Path, path: &Path) -> io::Result<File> {
    if let Some(metadata) = seen(path)? {
        check_own(folder, &metadata)?;
    }
    let file = match new_file(path, true) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(false);
            // The process that held the lock may have removed the file in the meantime.
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            open_regular(&mut options, path)?
        }
        created => created?,
    };
    check_own(folder, &file.metadata()?)?;
    Ok(file)
}

fn identity_of(file: &File) -> Option<Identity> {
    file.metadata().ok().as_ref().and_then(identity)
}

/// Locks a file and returns it. Waits for the lock for at most `limit`.
///
/// The lock function of the operating system has no timeout, so a second thread waits for the lock.
/// After the limit, that thread continues to wait, and releases the lock as soon as it has acquired
/// it.
///
/// # Errors
/// Returns an error of kind [`TimedOut`](io::ErrorKind::TimedOut) after the limit, or the error of
/// the operating system.
///
/// ```
/// use std::fs::File;
/// use std::time::Duration;
///
/// # let path = std::env::temp_dir().join(format!("lock-{}", std::process::id()));
/// let locked = tinycert_client::files::lock_file(File::create(&path)?, Duration::ZERO)?;
/// let other = tinycert_client::files::lock_file(File::open(&path)?, Duration::ZERO);
/// assert_eq!(other.unwrap_err().kind(), std::io::ErrorKind::TimedOut);
/// # drop(locked);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn lock_file(file: File, limit: Duration) -> io::Result<File> {
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {}
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new().spawn(move || {
        let locked = loop {
            match file.lock() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result.map(|()| file),
            }
        };
        // If the receiver was dropped, the file is closed here, which releases the lock.
        let _ = sender.send(locked);
    })?;
    receiver.recv_timeout(limit).unwrap_or_else(|_| {
        let problem = format!(
            "is still locked by another run after {} s; end that process, then retry",
            limit.as_secs()
        );
        Err(io::Error::new(io::ErrorKind::TimedOut, problem))
    })
}

impl Drop for Lock {
    fn drop(&mut self) {
        let now = seen(&self.path).ok().flatten();
        // If this lock file was removed manually, the file is the lock of another process.
        if is_same(now.as_ref().and_then(identity), identity_of(&self.file)) {
            let _ = fs::remove_file(&self.path);
        }
        let _ = self.file.unlock();
    }
}
