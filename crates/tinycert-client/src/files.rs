//! Certificate chain and private key as two files, replaced so that no reader sees half of one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;

use api_auth::{Error, InputError, Secret};

/// The two files that a TLS server is given.
///
/// They are written beside their places first and moved there when both are complete: first the
/// key, then the chain. A renewed certificate has the same key, so that the two fit together at
/// every moment. The key file may be read by its owner only (mode 0600). A symbolic link is
/// followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPairFiles {
    chain: PathBuf,
    key: PathBuf,
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

impl KeyPairFiles {
    /// The chain (certificate, then CA) and the unencrypted key, both as PEM text.
    pub fn new(chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self { chain: chain.into(), key: key.into() }
    }

    /// The file of the chain.
    pub fn chain(&self) -> &Path {
        &self.chain
    }

    /// The file of the key.
    pub fn key(&self) -> &Path {
        &self.key
    }

    /// Makes the two new files beside the old ones, so that it is known that they can be written
    /// before anything is asked of the server.
    pub(crate) fn prepare(&self) -> Result<Prepared, FileError> {
        if self.chain == self.key {
            let error =
                InputError::new("files", "must be two, one for the chain and one for the key");
            return Err(FileError::Call(error.into()));
        }
        Ok(Prepared {
            chain: Replacement::open(&self.chain, false)?,
            key: Replacement::open(&self.key, true)?,
        })
    }
}

/// Two new files that are still empty. Dropping them removes them.
pub(crate) struct Prepared {
    chain: Replacement,
    key: Replacement,
}

impl Prepared {
    pub(crate) fn write(mut self, chain: &str, key: &Secret) -> Result<(), FileError> {
        self.chain.fill(chain, "CERTIFICATE-----")?;
        self.key.fill(key.expose(), "PRIVATE KEY-----")?;
        self.key.publish()?;
        self.chain.publish()
    }
}

struct Replacement {
    place: PathBuf,
    temporary: PathBuf,
    file: File,
}

impl Replacement {
    fn open(place: &Path, private: bool) -> Result<Self, FileError> {
        // Where a link leads, so that the link stays; a file that is not there yet has no links.
        let place = fs::canonicalize(place).unwrap_or_else(|_| place.to_owned());
        let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut number = 0;
        loop {
            let temporary = place.with_file_name(format!(".{name}.{}-{number}", process::id()));
            match new_file(&temporary, private) {
                Ok(file) => return Ok(Self { place, temporary, file }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 100 => {
                    number += 1;
                }
                Err(source) => return Err(FileError::File { path: place, source }),
            }
        }
    }

    fn fail(&self, source: io::Error) -> FileError {
        FileError::File { path: self.place.clone(), source }
    }

    /// Writes the text down to the disk; one that is no PEM of that kind replaces nothing.
    fn fill(&mut self, text: &str, kind: &str) -> Result<(), FileError> {
        if !(text.contains("-----BEGIN ") && text.contains(kind)) {
            let problem = io::Error::new(io::ErrorKind::InvalidData, "the server sent no such PEM");
            return Err(self.fail(problem));
        }
        let written = self.file.write_all(text.as_bytes()).and_then(|()| {
            if !text.ends_with('\n') {
                self.file.write_all(b"\n")?;
            }
            self.file.sync_all()
        });
        written.map_err(|source| self.fail(source))
    }

    fn publish(&self) -> Result<(), FileError> {
        fs::rename(&self.temporary, &self.place).map_err(|source| self.fail(source))
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        // After `publish` there is nothing of that name.
        let _ = fs::remove_file(&self.temporary);
    }
}

fn new_file(path: &Path, private: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if private { 0o600 } else { 0o644 });
    #[cfg(not(unix))]
    let _ = private;
    options.open(path)
}
