//! One file with the key and the chain, which one rename replaces.

use api_auth::Secret;

use super::pem::check_pair;
use super::temporary::sync_folder;
use super::{FileError, ResolvedPath, TemporaryFile};

pub(super) struct Combined {
    resolved: ResolvedPath,
    temporary: TemporaryFile,
}

impl Combined {
    pub(super) fn prepare(resolved: ResolvedPath) -> Result<Self, FileError> {
        let temporary = TemporaryFile::create(&resolved, true);
        let temporary = temporary.map_err(|source| FileError::at(&resolved.path(), source))?;
        Ok(Self { resolved, temporary })
    }

    pub(super) fn write(&mut self, chain: &str, key: &Secret) -> Result<(), FileError> {
        let path = self.resolved.path();
        check_pair((&path, chain), (&path, key))?;
        self.resolved.check_unchanged()?;
        let written = self.temporary.write(&[key.expose(), chain]);
        written.map_err(|source| FileError::at(&path, source))
    }

    pub(super) fn publish(self) -> Result<(), FileError> {
        let path = self.resolved.path();
        self.resolved.check_unchanged()?;
        self.temporary
            .publish(&path)
            .and_then(|()| sync_folder(&self.resolved.folder))
            .map_err(|source| FileError::at(&path, source))
    }
}
