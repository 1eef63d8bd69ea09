//! Replaces a chain and a key that are plain files, because they are in different folders or the
//! file system does not support symbolic links. Two renames replace the files. If a process is
//! killed between them, the next process completes the pair from the journal, a file that contains
//! these two steps.
//!
//! The journal names both temporary files and a copy of the old key. If one of the renames fails,
//! the copy is moved back, so that the old pair is kept. If the pair of a killed process cannot be
//! completed yet, for example because a permission is missing, the journal is kept and an error is
//! returned. The old key is restored only if the pair can never be completed.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use api_auth::Secret;

use super::pem::check_pair;
use super::temporary::{LARGEST, is_temporary, open_regular, sync_folder};
use super::trust::{check_own, invalid, seen};
use super::{FileError, ResolvedPath, TemporaryFile};

/// The maximum length of a journal in bytes.
const LONGEST: u64 = 64 * 1024;

pub(super) struct Pair {
    chain: ResolvedPath,
    key: ResolvedPath,
    chain_temporary: TemporaryFile,
    key_temporary: TemporaryFile,
    /// A copy of the old key, from which the old key can be restored. `None` if there was no old
    /// key, if it is larger than [`LARGEST`], or if it has not been copied yet.
    old: Option<TemporaryFile>,
}

impl Pair {
    pub(super) fn prepare(chain: ResolvedPath, key: ResolvedPath) -> Result<Self, FileError> {
        let temporary = |resolved: &ResolvedPath, private| {
            TemporaryFile::create(resolved, private)
                .map_err(|source| FileError::at(&resolved.path(), source))
        };
        let (chain_temporary, key_temporary) = (temporary(&chain, false)?, temporary(&key, true)?);
        let pair = Self { chain, key, chain_temporary, key_temporary, old: None };
        pair.key.open().map_err(|source| FileError::at(&pair.key.path(), source))?;
        Ok(pair)
    }

    pub(super) fn publish(self) -> Result<(), FileError> {
        let (chain, key) = (self.chain.clone(), self.key.clone());
        let journal = self.record()?;
        if let Err(error) = chain.check_unchanged().and_then(|()| key.check_unchanged()) {
            journal.discard()?;
            return Err(error);
        }
        match journal.finish()? {
            None => Ok(()),
            Some(error) => Err(error),
        }
    }

    /// Writes the temporary files, and copies the old key.
    pub(super) fn write(&mut self, chain: &str, key: &Secret) -> Result<(), FileError> {
        let (chain_path, key_path) = (self.chain.path(), self.key.path());
        check_pair((&chain_path, chain), (&key_path, key))?;
        self.chain.check_unchanged()?;
        self.key.check_unchanged()?;
        let at_chain = |source| FileError::at(&chain_path, source);
        self.chain_temporary.write(&[chain]).map_err(at_chain)?;
        sync_folder(&self.chain.folder).map_err(at_chain)?;
        self.write_key(key).map_err(|source| FileError::at(&key_path, source))
    }

    fn write_key(&mut self, key: &Secret) -> io::Result<()> {
        self.key_temporary.write(&[key.expose()])?;
        // A larger file is damaged.
        if let Some(file) = self.key.open()?
            && file.metadata()?.len() <= LARGEST
        {
            let mut old = TemporaryFile::own(&self.key, true)?;
            old.copy(file)?;
            self.old = Some(old);
        }
        Ok(())
    }

    /// Writes the journal. If the process is killed after the journal was written, the next process
    /// completes the pair.
    pub(super) fn record(self) -> Result<Journal, FileError> {
        let path = self.key.path();
        self.try_record().map_err(|source| FileError::at(&path, source))
    }

    fn try_record(self) -> io::Result<Journal> {
        let journal = Journal {
            path: path_of(&self.key),
            chain: Move::of(&self.chain, &self.chain_temporary)?,
            key: Move::of(&self.key, &self.key_temporary)?,
            old: self.old.as_ref().map(|old| Move::of(&self.key, old)).transpose()?,
        };
        let mut text = TemporaryFile::own(&self.key, true)?;
        text.write_bytes(&journal.to_bytes()?)?;
        sync_folder(&self.key.folder)?;
        text.publish(&journal.path)?;
        sync_folder(&self.key.folder)?;
        // `Journal::finish` removes the temporary files.
        self.chain_temporary.keep();
        self.key_temporary.keep();
        if let Some(old) = self.old {
            old.keep();
        }
        Ok(journal)
    }
}

/// A step of a journal: a temporary file, and the path to which it must be moved.
#[derive(Debug)]
pub(super) struct Move {
    folder: PathBuf,
    name: String,
    temporary: String,
    mark: String,
}

impl Move {
    fn of(resolved: &ResolvedPath, temporary: &TemporaryFile) -> io::Result<Self> {
        Ok(Self {
            folder: resolved.folder.clone(),
            name: resolved.name.clone(),
            temporary: temporary.name.clone(),
            mark: mark_of(&temporary.path())?,
        })
    }

    fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    fn temporary(&self) -> PathBuf {
        self.folder.join(&self.temporary)
    }

    /// Returns whether the file is at `path`. A file larger than [`LARGEST`] is not read.
    fn is_at(&self, path: &Path) -> Result<bool, FileError> {
        match fs::symlink_metadata(path) {
            Ok(metadata) if !metadata.is_file() || metadata.len() > LARGEST => Ok(false),
            Ok(_) => mark_of(path).map(|mark| mark == self.mark),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(error),
        }
        .map_err(|source| FileError::at(path, source))
    }

    /// Returns whether the temporary file has already been moved. Returns an error if it was
    /// removed.
    fn is_moved(&self) -> Result<bool, FileError> {
        let path = self.path();
        if self.is_at(&self.temporary())? {
            Ok(false)
        } else if self.is_at(&path)? {
            Ok(true)
        } else {
            let problem = io::Error::new(io::ErrorKind::NotFound, "its temporary file was removed");
            Err(FileError::at(&path, problem))
        }
    }

    /// Moves the temporary file, unless it has already been moved.
    pub(super) fn run(&self) -> Result<(), FileError> {
        if self.is_moved()? {
            return Ok(());
        }
        let path = self.path();
        fs::rename(self.temporary(), &path).map_err(|source| FileError::at(&path, source))
    }

    fn sync(&self) -> Result<(), FileError> {
        sync_folder(&self.folder).map_err(|source| FileError::at(&self.path(), source))
    }
}

/// Returns whether an error means that a file or its folder does not exist.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Returns the length and the checksum of a file, which identify it after it has been moved. Inode
/// numbers are not used, because not all file systems keep them.
fn mark_of(path: &Path) -> io::Result<String> {
    struct Fnv(u64);

    impl io::Write for Fnv {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            for byte in bytes {
                self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut sum = Fnv(0xcbf2_9ce4_8422_2325);
    let file = open_regular(OpenOptions::new().read(true), path)?;
    let length = io::copy(&mut file.take(LARGEST + 1), &mut sum)?;
    if length > LARGEST {
        return Err(invalid("is larger than 1 MiB"));
    }
    Ok(format!("{length}-{:016x}", sum.0))
}

/// The content of a journal: the steps that replace a chain and its key.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    chain: Move,
    pub(super) key: Move,
    /// The step that restores the old key from its copy. `None` if there was no old key.
    old: Option<Move>,
}

fn path_of(key: &ResolvedPath) -> PathBuf {
    key.folder.join(format!(".{}.journal", key.name))
}

impl Journal {
    /// Reads the journal that a killed process left for a key. Returns `None` if there is no
    /// journal.
    pub(super) fn read(key: &ResolvedPath) -> Result<Option<Self>, FileError> {
        let path = path_of(key);
        Self::read_at(&path, key).map_err(|source| FileError::at(&path, source))
    }

    fn read_at(path: &Path, key: &ResolvedPath) -> io::Result<Option<Self>> {
        let Some(metadata) = seen(path)? else { return Ok(None) };
        check_own(&key.folder, &metadata)?;
        let file = open_regular(OpenOptions::new().read(true), path)?;
        check_own(&key.folder, &file.metadata()?)?;
        let mut bytes = Vec::new();
        file.take(LONGEST).read_to_end(&mut bytes)?;
        let damaged = || {
            invalid("the file is damaged: check that key and chain match, then delete this file")
        };
        Self::parse(&bytes, path, key).ok_or_else(damaged).map(Some)
    }

    fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let mut fields = vec![folder_to_bytes(&self.chain.folder)?, self.chain.name.clone().into()];
        for file in [Some(&self.chain), Some(&self.key), self.old.as_ref()].into_iter().flatten() {
            fields.push(file.temporary.clone().into());
            fields.push(file.mark.clone().into());
        }
        Ok(fields.join(&0))
    }

    fn parse(bytes: &[u8], path: &Path, key: &ResolvedPath) -> Option<Self> {
        let mut fields = bytes.split(|byte| *byte == 0);
        let folder = folder_of_bytes(fields.next()?)?;
        let mut fields = fields.map(|field| str::from_utf8(field).ok());
        let name = fields.next()??.to_owned();
        let is_name = Path::new(&name).file_name().is_some_and(|file| *file == *name);
        if !folder.is_absolute() || !is_name {
            return None;
        }
        let mut file = |folder: &Path, name: &str| -> Option<Option<Move>> {
            let Some(temporary) = fields.next() else { return Some(None) };
            let temporary = temporary?.to_owned();
            let mark = fields.next()??.to_owned();
            let (folder, name) = (folder.to_owned(), name.to_owned());
            is_temporary(&temporary, &name).then_some(Some(Move { folder, name, temporary, mark }))
        };
        let chain = file(&folder, &name)??;
        let key_file = file(&key.folder, &key.name)??;
        let old = file(&key.folder, &key.name)?;
        Some(Self { path: path.to_owned(), chain, key: key_file, old })
    }

    /// Returns the resolved path of the chain. The inner error is the reason why the chain can
    /// never be moved to that path.
    pub(super) fn chain_path(&self) -> Result<Result<ResolvedPath, FileError>, FileError> {
        let path = self.chain.path();
        let never = |source| Ok(Err(FileError::at(&path, source)));
        if fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file()) {
            return never(invalid("is no longer a regular file; remove it"));
        }
        match ResolvedPath::resolve(&path) {
            Ok(resolved) if resolved.path() == path => Ok(Ok(resolved)),
            Ok(_) => never(invalid("now points to another file")),
            Err(FileError::File { source, .. }) if is_missing(&source) => never(source),
            Err(error) => Err(self.pending(error)),
        }
    }

    /// Moves both files or neither of them. If the old pair was kept, returns the reason.
    pub(super) fn finish(&self) -> Result<Option<FileError>, FileError> {
        self.settle(self.move_both())
    }

    /// Completes a replacement that a killed process did not finish. If the pair can never be
    /// completed, for example for the reason `never`, restores the old pair and returns the reason.
    pub(super) fn recover(&self, never: Option<FileError>) -> Result<Option<FileError>, FileError> {
        let moved = match never {
            Some(error) => Err(error),
            None => match self.move_both() {
                Err(FileError::File { path, source }) if is_missing(&source) => {
                    Err(FileError::File { path, source })
                }
                Err(error) => return Err(self.pending(error)),
                Ok(()) => Ok(()),
            },
        };
        self.settle(moved)
    }

    fn move_both(&self) -> Result<(), FileError> {
        self.chain.is_moved()?;
        // The key is also synchronized to disk before the chain is moved.
        self.key.run()?;
        self.key.sync()?;
        self.chain.run()
    }

    /// Extends the message of an error: it says that an interrupted run cannot be completed, and
    /// contains the path of the run's journal, which is kept.
    pub(super) fn pending(&self, error: FileError) -> FileError {
        let FileError::File { path, source } = error else { return error };
        let problem = format!(
            "{source}: the interrupted run cannot be completed. Fix this problem, or \
             check that key and chain match and delete {}",
            self.path.display()
        );
        FileError::File { path, source: io::Error::new(source.kind(), problem) }
    }

    /// Restores the old key if the files could not be moved, and removes the journal.
    fn settle(&self, moved: Result<(), FileError>) -> Result<Option<FileError>, FileError> {
        match &moved {
            Ok(()) => self.chain.sync()?,
            Err(_) => self.restore()?,
        }
        self.discard()?;
        Ok(moved.err())
    }

    /// Removes the remaining temporary files and the journal.
    fn discard(&self) -> Result<(), FileError> {
        for file in [Some(&self.chain), Some(&self.key), self.old.as_ref()].into_iter().flatten() {
            let temporary = file.temporary();
            if matches!(file.is_at(&temporary), Ok(true)) {
                let _ = fs::remove_file(temporary);
            }
        }
        fs::remove_file(&self.path).map_err(|source| FileError::at(&self.path, source))?;
        self.key.sync()
    }

    /// If the new key has already been moved to its path, restores the old key there. If there was
    /// no old key, removes the new key.
    fn restore(&self) -> Result<(), FileError> {
        let path = self.key.path();
        if !self.key.is_at(&path)? {
            return Ok(());
        }
        match &self.old {
            Some(old) if old.is_at(&old.temporary())? => old.run()?,
            Some(old) if old.mark == self.key.mark => {}
            Some(_) => {
                let problem = format!(
                    "is a new key, but the chain is still the old one and the backup \
                     of the old key is gone; restore the old key, or \
                     delete {} and run the program again to replace both",
                    self.path.display()
                );
                return Err(FileError::at(&path, io::Error::other(problem)));
            }
            None => fs::remove_file(&path).map_err(|source| FileError::at(&path, source))?,
        }
        self.key.sync()
    }
}

#[cfg(unix)]
fn folder_to_bytes(folder: &Path) -> io::Result<Vec<u8>> {
    Ok(std::os::unix::ffi::OsStrExt::as_bytes(folder.as_os_str()).to_owned())
}

#[cfg(unix)]
fn folder_of_bytes(bytes: &[u8]) -> Option<PathBuf> {
    Some(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes).into())
}

#[cfg(not(unix))]
fn folder_to_bytes(folder: &Path) -> io::Result<Vec<u8>> {
    let text = folder.to_str().ok_or_else(|| invalid("not in a folder with a name in UTF-8"))?;
    Ok(text.as_bytes().to_owned())
}

#[cfg(not(unix))]
fn folder_of_bytes(bytes: &[u8]) -> Option<PathBuf> {
    str::from_utf8(bytes).ok().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vectors of FNV-1a with 64 bits.
    #[test]
    fn mark_is_the_length_and_the_checksum() {
        let path = std::env::temp_dir().join(format!("mark-of-{}", std::process::id()));
        for (text, mark) in [
            ("", "0-cbf29ce484222325"),
            ("a", "1-af63dc4c8601ec8c"),
            ("foobar", "6-85944171f73967e8"),
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(mark_of(&path).unwrap(), mark);
        }
        fs::remove_file(&path).unwrap();
    }
}
