//! Locks of files: a process works on a file `NAME` only while it holds `.NAME.lock` beside it.
//!
//! The lock file is removed by the process that holds it. A process that waited for a removed one
//! takes the lock of the new one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use api_auth::InputError;

use super::draft::{open_regular, sweep};
use super::journal::Journal;
use super::trust::{check_own, identity, seen};
use super::{FileError, Place, SAME_FILE};

/// The locks of all files that are written. Dropping them releases them.
pub(super) struct Locks(Vec<Lock>);

struct Lock {
    path: PathBuf,
    file: File,
}

impl Locks {
    /// Waits for the locks of places, completes what killed processes began there, and removes their
    /// drafts.
    pub(super) fn acquire(places: &[&Place]) -> Result<Self, FileError> {
        let wanted: BTreeMap<PathBuf, PathBuf> =
            places.iter().map(|place| lock_of(place)).collect();
        // Chains that a journal names and that are none of the places, with the result of the lock.
        let mut others: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
        let mut failed: BTreeSet<PathBuf> = BTreeSet::new();
        'locking: loop {
            let mut locks = Self(Vec::new());
            // The order by path is the same in each process, so that none waits for the other.
            let mut all = wanted.clone();
            all.extend(others.clone());
            for (path, folder) in &all {
                match locks.take(folder, path) {
                    Err(_) if !wanted.contains_key(path) => {
                        failed.insert(path.clone());
                        others.remove(path);
                        continue 'locking;
                    }
                    taken => taken?,
                }
            }
            let mut journals = Vec::new();
            for place in places {
                let Some(journal) = Journal::read(place)? else { continue };
                let chain = journal.chain_place().map(|chain| lock_of(&chain));
                let chain = chain.filter(|(path, _)| !failed.contains(path));
                let can_move_chain = chain.is_some();
                if let Some((path, folder)) = chain
                    && !wanted.contains_key(&path)
                    && others.insert(path, folder).is_none()
                {
                    continue 'locking;
                }
                journals.push((journal, can_move_chain));
            }
            for (journal, can_move_chain) in journals {
                // A pair that cannot be completed keeps the old files.
                let _ = journal.finish(can_move_chain)?;
            }
            for place in places {
                sweep(place).map_err(|source| FileError::at(&place.folder, source))?;
            }
            return Ok(locks);
        }
    }

    fn take(&mut self, folder: &Path, path: &Path) -> Result<(), FileError> {
        loop {
            let at = |source| FileError::at(path, source);
            let file = open(folder, path).map_err(at)?;
            let number = |file: &File| file.metadata().ok().as_ref().and_then(identity);
            let own = number(&file);
            if own.is_some() && self.0.iter().any(|held| number(&held.file) == own) {
                return Err(FileError::Call(InputError::new("files", SAME_FILE).into()));
            }
            wait(&file).map_err(at)?;
            // The process that held it may have removed it.
            let now = seen(path).map_err(at)?;
            if now.is_some_and(|now| identity(&now) == own) {
                self.0.push(Lock { path: path.to_owned(), file });
                return Ok(());
            }
        }
    }
}

/// The lock file of a place, and its folder.
fn lock_of(place: &Place) -> (PathBuf, PathBuf) {
    (place.folder.join(format!(".{}.lock", place.name)), place.folder.clone())
}

fn open(folder: &Path, path: &Path) -> io::Result<File> {
    if let Some(metadata) = seen(path)? {
        check_own(folder, &metadata)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = open_regular(&mut options, path)?;
    check_own(folder, &file.metadata()?)?;
    Ok(file)
}

fn wait(file: &File) -> io::Result<()> {
    loop {
        match file.lock() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let own = self.file.metadata().ok().as_ref().and_then(identity);
        let now = seen(&self.path).ok().flatten();
        // It is the lock of another process if this one was removed by hand.
        if now.is_some_and(|now| identity(&now) == own) {
            let _ = fs::remove_file(&self.path);
        }
        let _ = self.file.unlock();
    }
}
