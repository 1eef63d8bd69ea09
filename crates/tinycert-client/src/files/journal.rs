//! Two plain files, where no links can be used: replaced by two renames, with a journal from which
//! the next run completes what a killed one began.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use api_auth::Secret;

use super::draft::{new_file, sync_folder, write_texts};
use super::{CHAIN, Draft, FileError, KEY, Place, check_pem};

pub(super) struct Journal {
    chain: Place,
    key: Place,
    chain_draft: Draft,
    key_draft: Draft,
}

impl Journal {
    pub(super) fn prepare(chain: Place, key: Place) -> Result<Self, FileError> {
        complete(&chain, &key).map_err(|source| FileError::at(&key.path(), source))?;
        let draft = |place: &Place, private| {
            Draft::create(&place.folder, &place.name, private)
                .map_err(|source| FileError::at(&place.path(), source))
        };
        let (chain_draft, key_draft) = (draft(&chain, false)?, draft(&key, true)?);
        Ok(Self { chain, key, chain_draft, key_draft })
    }

    pub(super) fn publish(mut self, chain: &str, key: &Secret) -> Result<(), FileError> {
        let (chain_path, key_path) = (self.chain.path(), self.key.path());
        check_pem(&chain_path, chain, CHAIN)?;
        check_pem(&key_path, key.expose(), KEY)?;
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| FileError::File { path, source }
        };
        self.chain_draft.fill(&[chain], self.chain.existing.as_ref()).map_err(at(&chain_path))?;
        let key = key.expose();
        self.key_draft.fill(&[key], self.key.existing.as_ref()).map_err(at(&key_path))?;

        let journal = journal_of(&self.key);
        write_journal(&journal, &self.chain_draft.path, &self.key_draft.path)
            .map_err(at(&key_path))?;
        let moved = self
            .key_draft
            .publish(&key_path)
            .map_err(at(&key_path))
            .and_then(|()| self.chain_draft.publish(&chain_path).map_err(at(&chain_path)));
        if let Err(error) = moved {
            // With a key in place, the drafts stay for the next run.
            if self.key_draft.path.exists() {
                let _ = fs::remove_file(&journal);
            } else {
                std::mem::forget(self);
            }
            return Err(error);
        }
        sync_folder(&self.key.folder)
            .and_then(|()| sync_folder(&self.chain.folder))
            .and_then(|()| fs::remove_file(&journal))
            .map_err(at(&key_path))
    }
}

fn journal_of(key: &Place) -> PathBuf {
    key.folder.join(format!(".{}.journal", key.name))
}

/// Writes the names of the two drafts. They are complete from here on.
fn write_journal(path: &Path, chain: &Path, key: &Path) -> io::Result<()> {
    let name = |path: &Path| -> String {
        path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    };
    let draft = path.with_extension("journal-new");
    let _ = fs::remove_file(&draft);
    write_texts(&mut new_file(&draft, true)?, &[&name(chain), &name(key)])?;
    fs::rename(&draft, path)?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Moves the drafts of a killed run that are still there.
fn complete(chain: &Place, key: &Place) -> io::Result<()> {
    let path = journal_of(key);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut names = text.lines();
    for place in [chain, key] {
        let draft = place.folder.join(names.next().unwrap_or_default());
        // A name of another form is no draft of ours.
        let is_draft = draft.file_name().is_some_and(|name| {
            name.to_str().is_some_and(|name| name.starts_with(&format!(".{}.", place.name)))
        });
        if is_draft && draft.is_file() {
            fs::rename(draft, place.path())?;
        }
    }
    fs::remove_file(path)
}
