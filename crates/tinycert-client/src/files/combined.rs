//! One file with key and chain, replaced by one rename.

use api_auth::Secret;

use super::draft::sync_folder;
use super::{CHAIN, Draft, FileError, KEY, Place, check_pem};

pub(super) struct Combined {
    place: Place,
    draft: Draft,
}

impl Combined {
    pub(super) fn prepare(place: Place) -> Result<Self, FileError> {
        let draft = Draft::create(&place, true);
        let draft = draft.map_err(|source| FileError::at(&place.path(), source))?;
        Ok(Self { place, draft })
    }

    pub(super) fn write(&mut self, chain: &str, key: &Secret) -> Result<(), FileError> {
        let path = self.place.path();
        check_pem(&path, key.expose(), KEY)?;
        check_pem(&path, chain, CHAIN)?;
        self.place.check_unchanged()?;
        let written = self.draft.write(&[key.expose(), chain]);
        written.map_err(|source| FileError::at(&path, source))
    }

    pub(super) fn publish(self) -> Result<(), FileError> {
        let path = self.place.path();
        self.place.check_unchanged()?;
        self.draft
            .publish(&path)
            .and_then(|()| sync_folder(&self.place.folder))
            .map_err(|source| FileError::at(&path, source))
    }
}
