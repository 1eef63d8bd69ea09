//! Certificate chain and private key in files, published so that they match at every moment.

mod combined;
mod draft;
mod journal;
#[cfg(unix)]
mod links;
mod place;

use std::io;
use std::path::{Path, PathBuf};

use api_auth::{Error, InputError, Secret};

use draft::Draft;
use place::Place;

/// The files that a TLS server is given: chain and private key, as two files or as one.
///
/// Everything that can be checked is checked before the first request: the files are regular files
/// or do not exist yet, their folders can be written, and chain and key are different files. New
/// contents are written beside the old ones and synchronized to disk. Owner, group and mode of
/// replaced files are kept; a new key file has mode 0600. A symbolic link is followed. Drafts of
/// programs that were killed are removed by the next run.
///
/// # What a killed program leaves
/// - [`combined`](Self::combined): the old file or the new one. It is replaced by one rename.
/// - [`new`](Self::new) with two files in one folder, on Unix: the old pair or the new one. The two
///   paths are symbolic links into a folder `.KEY.versions` beside them, which one rename switches. A
///   pair of plain files is converted when it is first replaced.
/// - [`new`](Self::new) otherwise: possibly the new key beside the old chain, and a journal
///   `.KEY.journal` from which the next run completes the pair.
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

/// Why a certificate could not be brought into its files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] Error),
    /// A file could not be written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl FileError {
    fn at(path: &Path, source: io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }
}

impl KeyPairFiles {
    /// The chain (certificate, then CA) and the unencrypted key, both as PEM text.
    pub fn new(chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self { chain: chain.into(), key: key.into(), is_combined: false }
    }

    /// One file with the unencrypted key and the chain, both as PEM text.
    pub fn combined(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { chain: path.clone(), key: path, is_combined: true }
    }

    /// The file of the chain.
    pub fn chain(&self) -> &Path {
        &self.chain
    }

    /// The file of the key.
    pub fn key(&self) -> &Path {
        &self.key
    }

    /// Checks the files and makes drafts beside them, so that it is known that they can be written
    /// before anything is requested. Completes what a killed program left.
    pub(crate) fn prepare(&self) -> Result<Prepared, FileError> {
        if self.is_combined {
            let place = Place::resolve(&self.key)?;
            return Ok(Prepared(Publisher::Combined(Box::new(combined::Combined::prepare(
                place,
            )?))));
        }
        let (chain, key) = (Place::resolve(&self.chain)?, Place::resolve(&self.key)?);
        if chain.is_same_file(&key) {
            let problem = "must be two, one for the chain and one for the key";
            return Err(FileError::Call(InputError::new("files", problem).into()));
        }
        #[cfg(unix)]
        if chain.folder == key.folder
            && let Some(links) = links::Links::prepare(&chain, &key)?
        {
            return Ok(Prepared(Publisher::Links(Box::new(links))));
        }
        Ok(Prepared(Publisher::Journal(Box::new(journal::Journal::prepare(chain, key)?))))
    }
}

/// Drafts that are still empty. Dropping them removes them.
pub(crate) struct Prepared(Publisher);

enum Publisher {
    Combined(Box<combined::Combined>),
    #[cfg(unix)]
    Links(Box<links::Links>),
    Journal(Box<journal::Journal>),
}

impl Prepared {
    pub(crate) fn write(self, chain: &str, key: &Secret) -> Result<(), FileError> {
        match self.0 {
            Publisher::Combined(combined) => combined.publish(chain, key),
            #[cfg(unix)]
            Publisher::Links(links) => links.publish(chain, key),
            Publisher::Journal(journal) => journal.publish(chain, key),
        }
    }
}

/// A text that is no PEM of that kind replaces nothing.
fn check_pem(place: &Path, text: &str, kind: &str) -> Result<(), FileError> {
    if text.contains("-----BEGIN ") && text.contains(kind) {
        return Ok(());
    }
    let problem = io::Error::new(io::ErrorKind::InvalidData, "the server sent no such PEM");
    Err(FileError::at(place, problem))
}

const CHAIN: &str = "CERTIFICATE-----";
const KEY: &str = "PRIVATE KEY-----";

#[cfg(test)]
mod tests;
