//! One file with the key and the chain, replaced by one rename.

use api_auth::Secret;

use super::draft::sync_folder;
use super::pem::check_pair;
use super::{Draft, FileError, ResolvedPath};

pub(super) struct Combined {
    resolved: ResolvedPath,
    draft: Draft,
}

impl Combined {
    pub(super) fn prepare(resolved: ResolvedPath) -> Result<Self, FileError> {
        let draft = Draft::create(&resolved, true);
        let draft = draft.map_err(|source| FileError::at(&resolved.path(), source))?;
        Ok(Self { resolved, draft })
    }

    pub(super) fn write(&mut self, chain: &str, key: &Secret) -> Result<(), FileError> {
        let path = self.resolved.path();
        check_pair((&path, chain), (&path, key))?;
        self.resolved.check_unchanged()?;
        let written = self.draft.write(&[key.expose(), chain]);
        written.map_err(|source| FileError::at(&path, source))
    }

    pub(super) fn publish(self) -> Result<(), FileError> {
        let path = self.resolved.path();
        self.resolved.check_unchanged()?;
        self.draft
            .publish(&path)
            .and_then(|()| sync_folder(&self.resolved.folder))
            .map_err(|source| FileError::at(&path, source))
    }
}
