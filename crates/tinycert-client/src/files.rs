//! The files for a certificate chain and its private key. They are replaced in such a way that the
//! chain and the key always match.
//!
//! [`KeyPairFiles`] contains the paths of the files of a TLS server. The methods of
//! [`Session`](crate::Session) that write these files are
//! [`renew_to_files`](crate::Session::renew_to_files),
//! [`issue_to_files`](crate::Session::issue_to_files) and
//! [`save_to_files`](crate::Session::save_to_files). Their error type is [`FileError`].

mod combined;
mod journal;
#[cfg(unix)]
mod links;
mod lock;
mod pem;
mod resolved;
mod temporary;
mod trust;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use api_auth::{Error, InputError, Secret};

pub use lock::lock_file;
use lock::{LONGEST_WAIT, Locks};
use resolved::ResolvedPath;
use temporary::TemporaryFile;
pub use trust::check_folder;

/// The files of a TLS server: a certificate chain and its private key, in two files or in one.
///
/// The files are checked before the first request: they must be regular files or not exist yet, the
/// chain and the key must be different files, their folders must exist and be writable, and it must
/// be possible to create new files with the owner and group of the old ones. New contents are
/// written to temporary files next to the old files, and synchronized to disk. The owner, group and
/// mode of replaced files are kept, but a key file loses the permissions of other users: mode 0644
/// becomes 0640. In shared folders, other rules apply (see below). A new key file has mode
/// 0600. Symbolic links are followed.
///
/// On Unix, a folder of another user is rejected, and so is a folder whose path contains folders or
/// symbolic links of another user (see [`check_folder`]): that user could replace what is written
/// there, and make root change other files. Folders and links of root are accepted.
///
/// Each method that writes files holds a lock for each file (`.NAME.lock` next to the file) from
/// the checks until the files are replaced. Another process that writes one of the files waits for
/// the lock. After 10 minutes, the method returns an error.
///
/// The contents are checked before a file is replaced: the chain must consist only of certificates,
/// and there must be exactly one key, which is not encrypted and belongs to the first certificate.
/// If an elliptic-curve key does not contain its public key, only the algorithm and the curve are
/// compared.
///
/// If another program replaces or changes a file after the checks, an error is returned and no file
/// is replaced. The last check is immediately before the first rename. Later changes are not
/// detected. If the paths are links to a version (see below), changes to the files of that version
/// are not detected either.
///
/// On Unix, a folder is shared if it is writable by its group or by everyone. In a shared folder,
/// links of other users are not followed and files of other users are not replaced, except those of
/// root. Locks, journals and folders of versions must belong to the caller or root, and must not be
/// writable by others. Files and links with several names (hard links) are rejected in shared
/// folders.
///
/// Another user can move a file of a trusted user to the path of a key in a shared folder.
/// Therefore, a new file in a shared folder keeps fewer permissions of the replaced file:
/// - A key file keeps its owner and the owner's permissions. It keeps neither the group nor the
///   permissions of the group and others: mode 0640 becomes 0600.
/// - A chain in a separate file keeps its owner and group, but loses the write permissions of the
///   group and others: mode 0664 becomes 0644.
/// - A pair of links into the folder of versions keeps all permissions, as in other folders, if the
///   current version was created for this key while the folder was shared. Therefore, set the group
///   and mode of a key only after the key has been written for the first time.
///
/// The first two rules also apply if a symbolic link in a shared folder points to the file. A
/// warning is logged if permissions are lost.
///
/// Users who can write to a shared folder can replace everything in it at any time. The folder is
/// checked before each step, but a change between the check and the step is not detected, and the
/// parent folders are not checked. Therefore, use a folder that is writable only by its owner, in
/// folders that are writable only by trusted users.
///
/// # The state after an error or an interruption
/// If an error is returned, the old files are kept. The new ones may be in place if only the
/// synchronization to disk failed. If the process is killed or the machine stops, the files are:
/// - [`combined`](Self::combined): the old file or the new one, because one rename replaces the
///   file.
/// - [`new`](Self::new) with two files in one folder, on Unix: the old pair or the new pair. The
///   two paths are symbolic links into a folder `.KEY.versions` next to them, and one rename
///   switches both. A pair of plain files is converted to links when it is first replaced, and so
///   are links to the versions of another key. The previous version is kept until the files are
///   replaced again.
/// - [`new`](Self::new) otherwise: possibly the new key with the old chain, and a journal,
///   `.KEY.journal`, which is a file that contains the steps to complete the pair. The next call
///   that writes this key completes the pair, even if that call writes a different chain. If the
///   pair cannot be completed, the call returns an error and keeps the journal. If the pair can
///   never be completed, because a temporary file or its folder was removed or the chain is no
///   longer a regular file, the call restores the old key and logs a warning. If the copy of the
///   old key was removed as well, it returns an error that names the journal. All this also applies
///   after an error if the files could not be restored, for example because the disk became
///   read-only.
///
/// The next call that writes the same files removes the temporary files of an interrupted call and,
/// on Unix, its locks. On other systems, lock files are never removed.
///
/// The servers `nginx` (`ssl_certificate`, `ssl_certificate_key`), `haproxy` (`crt`) and `postgres`
/// (`ssl_cert_file`, `ssl_key_file`) accept the path of a combined file for both options.
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

/// An error that occurred when a certificate was issued, renewed or saved to files, or when
/// [`KeyPairFiles::check`] checked the files.
///
/// `Debug` formats the same text as `Display`, and adds the hint of [`Error`], because an error
/// that `main` returns is printed with `Debug`.
///
/// See the example on [`KeyPairFiles`].
#[non_exhaustive]
pub enum FileError {
    /// A request failed, or an argument is invalid.
    Call(Error),
    /// A file could not be checked, read or written.
    File {
        /// The path of the file that could not be checked, read or written.
        path: PathBuf,
        /// The reason, such as a missing folder or a missing permission.
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
    /// Creates a pair of two files in PEM format: one for the chain (the certificate followed by
    /// that of the CA), and one for the unencrypted key.
    pub fn new(chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self { chain: chain.into(), key: key.into(), is_combined: false }
    }

    /// Creates a pair of two files in `folder`, named after the common name of a certificate:
    /// `NAME.chain.pem` and `NAME.key.pem`. In the common name, all characters except ASCII
    /// letters, digits, `-`, `_`, `.` and `@` become `_`, so a name from the server cannot contain
    /// a path to another folder. Different names, such as `*.a` and `_.a`, can result in the same
    /// files.
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

    /// Creates a pair in one file in PEM format, which contains the unencrypted key followed by the
    /// chain.
    pub fn combined(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { chain: path.clone(), key: path, is_combined: true }
    }

    /// Returns the path of the chain. For a combined file, this is also the path of the key.
    pub fn chain(&self) -> &Path {
        &self.chain
    }

    /// Returns the path of the key. For a combined file, this is also the path of the chain.
    pub fn key(&self) -> &Path {
        &self.key
    }

    /// Checks that the files can be written, as the methods of [`Session`](crate::Session) do
    /// before the first request. If an earlier process was killed, this method completes its pair
    /// of files, and removes its temporary files and locks. It does not change a complete pair.
    ///
    /// Call this method in every run of a program that renews certificates, even if none is due, so
    /// that problems are noticed before the certificate expires.
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

    /// Writes a chain and its private key to the files, in the same way as
    /// [`Session::save_to_files`](crate::Session::save_to_files). Use this method to check the
    /// certificate between its download and the replacement of the files.
    ///
    /// ```no_run
    /// use tinycert_client::cert::KeyForm;
    /// use tinycert_client::{CertId, CertPart, KeyPairFiles, Session};
    ///
    /// let files = KeyPairFiles::for_name("/etc/ssl/acme", "example.com");
    /// let (session, id) = (Session::from_env()?, CertId::new(14236));
    /// let chain = session.get_cert(id, CertPart::Chain)?;
    /// // Parse and check the certificate here.
    /// files.write(&chain, &session.get_key(id, KeyForm::Decrypted)?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn write(&self, chain: &str, key: &Secret) -> Result<(), FileError> {
        self.prepare()?.write(chain, key)
    }

    /// Checks that the private key in `key` belongs to the first certificate in `chain`, where both
    /// are the contents of these files. The files themselves are not read. PEM blocks of other
    /// types are skipped. If an elliptic-curve key does not contain its public key, only the
    /// algorithm and the curve are compared.
    ///
    /// ```
    /// use tinycert_client::{KeyPairFiles, Secret};
    ///
    /// let files = KeyPairFiles::for_name("/etc/ssl/acme", "example.com");
    /// let checked = files.check_match("", &Secret::new(""));
    /// let problem = "/etc/ssl/acme/example.com.chain.pem: contains no certificate";
    /// assert_eq!(checked.unwrap_err().to_string(), problem);
    /// ```
    ///
    /// # Errors
    /// Returns a [`FileError::File`] of kind [`InvalidData`](io::ErrorKind::InvalidData) with the
    /// path of the file whose content is invalid.
    pub fn check_match(&self, chain: &str, key: &Secret) -> Result<(), FileError> {
        pem::check_match((&self.chain, chain), (&self.key, key))
    }

    /// Waits until no other process writes the files, completes a replacement that a killed process
    /// did not finish, checks the files, and creates temporary files next to them, so that problems
    /// are detected before the first request.
    pub(crate) fn prepare(&self) -> Result<Prepared, FileError> {
        for _ in 0..MOST_TRIES {
            let (chain, key) = self.resolve()?;
            let paths: Vec<&ResolvedPath> = chain.iter().chain([&key]).collect();
            let locks = Locks::acquire(&paths, LONGEST_WAIT)?;
            // The process that held the lock before may have changed the links and files.
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
            "kept changing while its links were being resolved; try again \
             when no other program is changing it",
        );
        Err(FileError::at(&self.key, problem))
    }

    /// Resolves the paths of the chain and the key. A combined file has only the path of the key.
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

/// The maximum number of attempts to resolve the paths while other programs change them.
const MOST_TRIES: usize = 16;

const SAME_FILE: &str = "the chain and the key must be in two different files";

/// Empty temporary files and the locks of the files to be replaced. They are removed on drop.
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
    /// Writes the temporary files and synchronizes them to disk.
    fn write(&mut self, chain: &str, key: &Secret) -> Result<(), FileError> {
        match self {
            Self::Combined(combined) => combined.write(chain, key),
            #[cfg(unix)]
            Self::Links(links) => links.write(chain, key),
            Self::Journal(pair) => pair.write(chain, key),
        }
    }

    /// Replaces the files with the temporary files, unless the files have changed since they were
    /// checked.
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
