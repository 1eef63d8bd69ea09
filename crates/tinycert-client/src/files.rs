//! Files of a certificate chain and its private key, which match at all times.
//!
//! [`KeyPairFiles`] names the files of a TLS server. The methods of [`Session`](crate::Session)
//! that write them are [`renew_to_files`](crate::Session::renew_to_files),
//! [`issue_to_files`](crate::Session::issue_to_files) and
//! [`save_to_files`](crate::Session::save_to_files). They return a [`FileError`].

mod combined;
mod draft;
mod journal;
#[cfg(unix)]
mod links;
mod lock;
mod pem;
mod resolved;
mod trust;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use api_auth::{Error, InputError, Secret};

use draft::Draft;
pub use lock::lock_file;
use lock::{LONGEST_WAIT, Locks};
use resolved::ResolvedPath;

/// The files of a TLS server: chain and private key, in two files or in one.
///
/// The files are checked before the first request: they must be regular files or not exist yet,
/// chain and key must be different files, their folders must be writable, and it must be possible
/// to create new files with the owner and group of the old ones. Their folders must exist. New
/// contents are written next to the old files and synchronized to disk. Owner, group and mode of
/// replaced files are kept, but a file with a key loses the permissions of other users: mode 0644
/// becomes 0640. In shared folders, other rules apply (see below). A new file with a key has mode
/// 0600. Symbolic links are followed.
///
/// A run holds a lock of each file (`.NAME.lock` next to it) from the checks until the files are
/// replaced. A second run for one of the files waits until the first one ends. It returns an error
/// after waiting 10 minutes for one lock.
///
/// The contents are checked before a file is replaced: the chain must consist of certificates, and
/// the key must be the only one, not encrypted, and belong to the first certificate. Keys of
/// elliptic curves may lack the public key. In this case, only algorithm and curve are compared.
///
/// If another program replaces or changes a file after the checks, an error is returned and no file
/// is replaced. The last check is immediately before the first rename. A later change is not
/// detected, nor is a change of a version that the file links to.
///
/// On Unix, a folder is shared if its group or everyone can write to it. In a shared folder, links
/// of other users are not followed and files of other users are not replaced, except those of root
/// and of the owner of the folder. A folder of another user within a folder that everyone can write
/// to is not used. Locks, journals and folders of versions must belong to the caller, root or the
/// owner of their folder, and must not be writable by others. Files and links with several names
/// (hard links) are rejected in shared folders.
///
/// Another user can move a file of a trusted user to the path of a key in a shared folder.
/// Therefore, a new file in a shared folder keeps fewer permissions of the replaced file:
/// - A file with a key keeps the owner and the permissions of the owner, but neither the group nor
///   the permissions of group and others: mode 0640 becomes 0600.
/// - A chain in a separate file keeps owner and group, but loses the write permissions of group and
///   others: mode 0664 becomes 0644.
/// - A pair of links into its folder of versions keeps all permissions, as in other folders, if the
///   current version was created for this key while the folder was shared. Therefore, set the group
///   and mode of a key after the first run.
///
/// The first two rules also apply if a symbolic link in a shared folder leads to the file. A
/// warning is logged if permissions are lost.
///
/// Users who can write to a shared folder can exchange everything in it at any time. The folder is
/// checked before each step, but a change between the check and the step is not detected, and the
/// parent folders are not checked. Therefore, use a folder to which only its owner can write, in
/// folders to which only trusted users can write.
///
/// # The state after a failed or killed run
/// If an error is returned, the old files are kept. The new ones may be in place if only the
/// synchronization to disk failed. After a run was killed, the files are:
/// - [`combined`](Self::combined): the old file or the new one. It is replaced by one rename.
/// - [`new`](Self::new) with two files in one folder, on Unix: the old pair or the new one. The two
///   paths are symbolic links into a folder `.KEY.versions` next to them, which one rename
///   switches. A pair of plain files is converted when it is first replaced, and so are links to
///   the versions of another key. The previous version is kept until the next run.
/// - [`new`](Self::new) otherwise: possibly the new key with the old chain, and a journal
///   `.KEY.journal`. The next run for this key completes the pair, even if that run is for another
///   chain. If that fails, it returns an error and keeps the journal. If the pair can never be
///   completed, because its draft or its folder was removed or the chain is no longer a regular
///   file, the next run restores the old key and logs a warning. If the copy of the old key was
///   removed as well, it returns an error that names the journal. The same applies after a failed
///   run that could not restore the files, for example because the disk became read-only.
///
/// The next run for the same files removes the drafts of a killed run and, on Unix, its locks. On
/// other systems, lock files are never removed.
///
/// The servers `nginx` (`ssl_certificate`, `ssl_certificate_key`), `haproxy` (`crt`) and `postgres`
/// (`ssl_cert_file`, `ssl_key_file`) accept the path of a combined file for both.
///
/// ```
/// use tinycert_client::KeyPairFiles;
///
/// let two = KeyPairFiles::new("example.com.pem", "example.com.key");
/// let one = KeyPairFiles::combined("example.com.both.pem");
/// assert_eq!(one.chain(), one.key());
/// # let _ = two;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPairFiles {
    chain: PathBuf,
    key: PathBuf,
    is_combined: bool,
}

/// An error that occurred when a certificate was issued, renewed or saved to files.
///
/// `Debug` is the text of `Display`, with the hint of [`Error`], because `main` prints the error
/// that it returns by `Debug`.
///
/// See the example of [`KeyPairFiles`].
#[non_exhaustive]
pub enum FileError {
    /// A request failed, or an argument is invalid.
    Call(Error),
    /// A file could not be written.
    File {
        /// The path of the file.
        path: PathBuf,
        /// The cause of the error.
        source: io::Error,
    },
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::File { path, source } => write!(f, "{}: {source}", path.display()),
        }
    }
}

impl fmt::Debug for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => fmt::Debug::fmt(error, f),
            Self::File { .. } => fmt::Display::fmt(self, f),
        }
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Call(error) => error.source(),
            Self::File { source, .. } => Some(source),
        }
    }
}

impl From<Error> for FileError {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

impl FileError {
    fn at(path: &Path, source: io::Error) -> Self {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let is_missing = |folder: &Path| matches!(folder.try_exists(), Ok(false));
        let source = match folder {
            Some(folder) if source.kind() == io::ErrorKind::NotFound && is_missing(folder) => {
                let folder = folder.display();
                io::Error::new(
                    source.kind(),
                    format!("the folder {folder} does not exist; create it"),
                )
            }
            _ => source,
        };
        Self::File { path: path.to_owned(), source }
    }
}

impl KeyPairFiles {
    /// Creates a pair of two files: one for the chain (the certificate, followed by that of the
    /// CA), one for the unencrypted key, both in PEM format.
    pub fn new(chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self { chain: chain.into(), key: key.into(), is_combined: false }
    }

    /// Creates a pair of two files in a folder, named after a certificate: `NAME.chain.pem` and
    /// `NAME.key.pem`. In the common name, all characters except ASCII letters, digits, `-`, `_`,
    /// `.` and `@` become `_`, so a name from the server cannot lead to another folder. Different
    /// names may result in the same files, such as `*.a` and `_.a`.
    ///
    /// ```
    /// use std::path::Path;
    /// use tinycert_client::KeyPairFiles;
    ///
    /// let files = KeyPairFiles::for_name("/etc/ssl/acme", "*.example.com");
    /// assert_eq!(files.key(), Path::new("/etc/ssl/acme/_.example.com.key.pem"));
    /// ```
    pub fn for_name(folder: impl AsRef<Path>, common_name: &str) -> Self {
        let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_.@".contains(char);
        let plain = |char: char| if is_plain(char) { char } else { '_' };
        let name: String = common_name.chars().map(plain).collect();
        let file = |ending: &str| folder.as_ref().join(format!("{name}.{ending}"));
        Self::new(file("chain.pem"), file("key.pem"))
    }

    /// Creates a pair in one file, which contains the unencrypted key followed by the chain, both
    /// in PEM format.
    pub fn combined(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { chain: path.clone(), key: path, is_combined: true }
    }

    /// Returns the path of the chain.
    pub fn chain(&self) -> &Path {
        &self.chain
    }

    /// Returns the path of the key.
    pub fn key(&self) -> &Path {
        &self.key
    }

    /// Checks that the files can be written, as [`Session`](crate::Session)'s methods do before
    /// their first request. Completes the pair of a killed run and removes its drafts and locks.
    /// The files of a complete pair are not changed.
    ///
    /// A program that renews seldom calls it in each run, so that a problem is noticed before the
    /// certificate expires.
    ///
    /// ```no_run
    /// use tinycert_client::KeyPairFiles;
    ///
    /// KeyPairFiles::for_name("/etc/ssl/acme", "example.com").check()?;
    /// # Ok::<(), tinycert_client::files::FileError>(())
    /// ```
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn check(&self) -> Result<(), FileError> {
        self.prepare().map(drop)
    }

    /// Waits until no other process writes the files, completes the pair of a killed process,
    /// checks the files, and creates drafts next to them. Errors are therefore detected before the
    /// first request.
    pub(crate) fn prepare(&self) -> Result<Prepared, FileError> {
        for _ in 0..MOST_TRIES {
            let (chain, key) = self.resolve()?;
            let paths: Vec<&ResolvedPath> = chain.iter().chain([&key]).collect();
            let locks = Locks::acquire(&paths, LONGEST_WAIT)?;
            // The process that held a lock may have changed the links and files.
            let (chain_now, key_now) = self.resolve()?;
            if chain_now
                .iter()
                .chain([&key_now])
                .map(ResolvedPath::path)
                .eq(paths.iter().map(|resolved| resolved.path()))
            {
                return Ok(Prepared(Publisher::prepare(chain_now, key_now)?, locks));
            }
        }
        let problem = io::Error::other(
            "kept changing while its links were being resolved; retry \
             when no other program changes it",
        );
        Err(FileError::at(&self.key, problem))
    }

    /// Returns the paths of chain and key, or only that of the combined file.
    fn resolve(&self) -> Result<(Option<ResolvedPath>, ResolvedPath), FileError> {
        if self.is_combined {
            return Ok((None, ResolvedPath::resolve(&self.key)?));
        }
        let (chain, key) = (ResolvedPath::resolve(&self.chain)?, ResolvedPath::resolve(&self.key)?);
        if chain.is_same_file(&key) {
            return Err(FileError::Call(InputError::new("files", SAME_FILE).into()));
        }
        Ok((Some(chain), key))
    }
}

/// The maximum number of times that the paths are resolved if they are changing.
const MOST_TRIES: usize = 16;

const SAME_FILE: &str = "the chain and the key must be in two different files";

/// Empty drafts and the locks of their files. They are removed on drop.
pub(crate) struct Prepared(Publisher, Locks);

enum Publisher {
    Combined(Box<combined::Combined>),
    #[cfg(unix)]
    Links(Box<links::Links>),
    Journal(Box<journal::Pair>),
}

impl Publisher {
    fn prepare(chain: Option<ResolvedPath>, key: ResolvedPath) -> Result<Self, FileError> {
        let Some(chain) = chain else {
            return Ok(Self::Combined(Box::new(combined::Combined::prepare(key)?)));
        };
        #[cfg(unix)]
        if chain.folder == key.folder
            && let Some(links) = links::Links::prepare(&chain, &key)?
        {
            return Ok(Self::Links(Box::new(links)));
        }
        Ok(Self::Journal(Box::new(journal::Pair::prepare(chain, key)?)))
    }
}

impl Publisher {
    /// Writes the drafts and synchronizes them to disk.
    fn write(&mut self, chain: &str, key: &Secret) -> Result<(), FileError> {
        match self {
            Self::Combined(combined) => combined.write(chain, key),
            #[cfg(unix)]
            Self::Links(links) => links.write(chain, key),
            Self::Journal(pair) => pair.write(chain, key),
        }
    }

    /// Replaces the files by the drafts, unless the files have changed since they were checked.
    fn publish(self) -> Result<(), FileError> {
        match self {
            Self::Combined(combined) => combined.publish(),
            #[cfg(unix)]
            Self::Links(links) => links.publish(),
            Self::Journal(pair) => pair.publish(),
        }
    }
}

impl Prepared {
    pub(crate) fn write(self, chain: &str, key: &Secret) -> Result<(), FileError> {
        let Self(mut publisher, locks) = self;
        let published = publisher.write(chain, key).and_then(|()| publisher.publish());
        drop(locks);
        published
    }
}

#[cfg(test)]
mod tests;
