//! Drafts: files that are written beside a place and moved there when they are complete.
//!
//! A draft has a name that cannot repeat, in whatever container or process, and is locked as long
//! as its process lives. What can be locked is what a killed process left, and is removed.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use api_auth::Secret;

/// The ending of drafts.
const ENDING: &str = ".tmp";

/// A new file that is removed unless it was published.
pub(super) struct Draft {
    pub(super) path: PathBuf,
    file: File,
    is_private: bool,
}

impl Draft {
    /// Makes an empty draft in `folder` for a file of that name, and removes those of killed
    /// processes.
    pub(super) fn create(folder: &Path, name: &str, is_private: bool) -> io::Result<Self> {
        sweep(folder, name)?;
        loop {
            let path = folder.join(format!(".{name}.{}{ENDING}", random()?));
            let file = new_file(&path, is_private)?;
            file.lock()?;
            // Another process may have taken it for abandoned before it was locked.
            if path.exists() {
                return Ok(Self { path, file, is_private });
            }
        }
    }

    /// Writes texts, each with a final line end, gives the file owner, group and mode of the one it
    /// is to replace, and synchronizes it to disk.
    pub(super) fn fill(&mut self, texts: &[&str], old: Option<&Metadata>) -> io::Result<()> {
        if let Some(old) = old {
            keep_access(&self.file, old, self.is_private)?;
        }
        write_texts(&mut self.file, texts)
    }

    /// Moves the draft to `path`.
    pub(super) fn publish(&self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After `publish` there is nothing of that name.
        let _ = fs::remove_file(&self.path);
    }
}

/// 32 random hex digits.
pub(super) fn random() -> io::Result<String> {
    let text = Secret::unguessable().map_err(io::Error::other)?;
    Ok(text.expose().chars().take(32).collect())
}

pub(super) fn new_file(path: &Path, private: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if private { 0o600 } else { 0o644 });
    #[cfg(not(unix))]
    let _ = private;
    options.open(path)
}

pub(super) fn write_texts(file: &mut File, texts: &[&str]) -> io::Result<()> {
    for text in texts {
        file.write_all(text.as_bytes())?;
        if !text.ends_with('\n') {
            file.write_all(b"\n")?;
        }
    }
    file.sync_all()
}

/// Gives a file owner, group and mode of another one. The mode comes last, so that the file is never
/// more open than that one. A private file that everybody could read becomes its owner's alone.
#[cfg(unix)]
pub(super) fn keep_access(file: &File, old: &Metadata, is_private: bool) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

    let new = file.metadata()?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    let owner = (new.uid() != old.uid()).then(|| old.uid());
    let group = (new.gid() != old.gid()).then(|| old.gid());
    if owner.is_some() || group.is_some() {
        fchown(file, owner, group).map_err(|error| {
            io::Error::new(error.kind(), format!("owner and group cannot be kept: {error}"))
        })?;
    }
    let was_open = old.mode() & 0o007 != 0;
    let mode = if is_private && was_open { 0o600 } else { old.mode() & 0o777 };
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
pub(super) fn keep_access(_: &File, _: &Metadata, _: bool) -> io::Result<()> {
    Ok(())
}

/// Synchronizes a folder, so that what was moved in it survives a power failure.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Removes the drafts of a name whose processes are gone.
fn sweep(folder: &Path, name: &str) -> io::Result<()> {
    let start = format!(".{name}.");
    for entry in fs::read_dir(folder)? {
        let entry = entry?.path();
        let is_draft = entry.file_name().and_then(|name| name.to_str()).is_some_and(|name| {
            let middle = name.strip_prefix(&start).and_then(|rest| rest.strip_suffix(ENDING));
            middle.is_some_and(is_random)
        });
        if is_draft && is_abandoned(&entry) {
            let _ = fs::remove_file(entry);
        }
    }
    Ok(())
}

pub(super) fn is_random(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether no living process holds a draft.
pub(super) fn is_abandoned(path: &Path) -> bool {
    let Ok(file) = OpenOptions::new().write(true).open(path) else { return false };
    file.try_lock().is_ok()
}

/// The user whose files this process creates, learned from a file in `folder`.
#[cfg(unix)]
pub(super) fn own_user(folder: &Path) -> io::Result<u32> {
    use std::os::unix::fs::MetadataExt;

    let path = folder.join(format!(".user.{}{ENDING}", random()?));
    let user = new_file(&path, true)?.metadata()?.uid();
    fs::remove_file(path)?;
    Ok(user)
}
