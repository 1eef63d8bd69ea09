//! Two files in one folder as links into a folder of versions, which one rename switches.
//!
//! ```text
//! example.com.pem -> .example.com.key.versions/current/chain.pem
//! example.com.key -> .example.com.key.versions/current/key.pem
//! .example.com.key.versions/current -> v-0123...          the rename of this link publishes
//! .example.com.key.versions/v-0123.../{chain.pem,key.pem,lock}
//! ```

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

use api_auth::Secret;

use super::draft::{
    is_abandoned, is_random, keep_access, new_file, random, sync_folder, write_texts,
};
use super::place::VERSIONS;
use super::{CHAIN, FileError, KEY, Place, check_pem};

const CURRENT: &str = "current";
const LOCK: &str = "lock";
/// The names of the two files in a version.
const NAMES: [&str; 2] = ["chain.pem", "key.pem"];

pub(super) struct Links {
    folder: PathBuf,
    /// Chain and key.
    names: [String; 2],
    versions: PathBuf,
    /// The version that is being written; taken only when this is dropped.
    version: Option<Version>,
    /// The link that becomes the current one.
    next: PathBuf,
}

/// A folder with one chain and key, locked until it is published.
struct Version {
    path: PathBuf,
    lock: File,
    is_published: bool,
}

impl Links {
    /// `None` if the file system has no symbolic links.
    pub(super) fn prepare(chain: &Place, key: &Place) -> Result<Option<Self>, FileError> {
        let versions = key.folder.join(format!(".{}{VERSIONS}", key.name));
        let make = || -> io::Result<Option<Self>> {
            match fs::DirBuilder::new().mode(0o755).create(&versions) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
            if !fs::symlink_metadata(&versions)?.is_dir() {
                return Err(super::place::invalid("not a folder"));
            }
            sweep(&versions)?;
            let version = Version::create(&versions)?;
            let next = versions.join(format!("next-{}", random()?));
            let target = version.path.file_name().unwrap_or_default();
            match symlink(target, &next) {
                Ok(()) => {}
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
                    ) =>
                {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
            let names = [chain.name.clone(), key.name.clone()];
            let folder = key.folder.clone();
            // The folder of the two links can be written.
            drop(super::Draft::create(&folder, &key.name, true)?);
            let versions = versions.clone();
            Ok(Some(Self { folder, names, versions, version: Some(version), next }))
        };
        make().map_err(|source| FileError::at(&key.path(), source))
    }

    pub(super) fn publish(mut self, chain: &str, key: &Secret) -> Result<(), FileError> {
        let [chain_path, key_path] = self.paths();
        check_pem(&chain_path, chain, CHAIN)?;
        check_pem(&key_path, key.expose(), KEY)?;
        self.switch([chain, key.expose()]).map_err(|source| FileError::at(&key_path, source))
    }

    fn paths(&self) -> [PathBuf; 2] {
        self.names.each_ref().map(|name| self.folder.join(name))
    }

    fn switch(&mut self, texts: [&str; 2]) -> io::Result<()> {
        let paths = self.paths();
        let Some(version) = &self.version else { return Ok(()) };
        for ((name, text), path) in NAMES.iter().zip(texts).zip(&paths) {
            let mut file = new_file(&version.path.join(name), *name == "key.pem")?;
            // What the path leads to now: its owner, group and mode are kept.
            match fs::metadata(path) {
                Ok(old) => keep_access(&file, &old, *name == "key.pem")?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            write_texts(&mut file, &[text])?;
        }
        sync_folder(&version.path)?;
        self.convert(&paths)?;
        fs::rename(&self.next, self.versions.join(CURRENT))?;
        if let Some(version) = &mut self.version {
            version.is_published = true;
        }
        sync_folder(&self.versions)?;
        for path in &paths {
            if fs::symlink_metadata(path).is_err() {
                self.link(path)?;
            }
        }
        sync_folder(&self.folder)
    }

    /// Makes links of plain files: first a version of what they are now becomes the current one,
    /// then each file becomes a link to its own content.
    fn convert(&self, paths: &[PathBuf; 2]) -> io::Result<()> {
        let is_plain = |path: &PathBuf| {
            fs::symlink_metadata(path).is_ok_and(|metadata| !metadata.is_symlink())
        };
        if !paths.iter().any(is_plain) {
            return Ok(());
        }
        let mut old = Version::create(&self.versions)?;
        for (name, path) in NAMES.iter().zip(paths) {
            let mut from = match File::open(path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let mut to = new_file(&old.path.join(name), true)?;
            io::copy(&mut from, &mut to)?;
            keep_access(&to, &from.metadata()?, false)?;
            to.sync_all()?;
        }
        sync_folder(&old.path)?;
        let link = self.versions.join(format!("next-{}", random()?));
        symlink(old.path.file_name().unwrap_or_default(), &link)?;
        fs::rename(&link, self.versions.join(CURRENT))?;
        old.is_published = true;
        sync_folder(&self.versions)?;
        for path in paths {
            if is_plain(path) {
                self.link(path)?;
            }
        }
        sync_folder(&self.folder)
    }

    /// Makes a path a link to its file of the current version.
    fn link(&self, path: &Path) -> io::Result<()> {
        let [chain, _] = self.paths();
        let [chain_name, key_name] = NAMES;
        let name = if path == chain { chain_name } else { key_name };
        let versions = self.versions.file_name().unwrap_or_default();
        let link = self.versions.join(format!("next-{}", random()?));
        symlink(Path::new(versions).join(CURRENT).join(name), &link)?;
        fs::rename(&link, path)
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.next);
        drop(self.version.take());
        // Only if nothing was ever published.
        let _ = fs::remove_dir(&self.versions);
    }
}

impl Version {
    fn create(versions: &Path) -> io::Result<Self> {
        // It gets its name when it is locked, so that no other process takes it for abandoned.
        let (name, new) = (random()?, versions.join(format!("new-{}", random()?)));
        let path = versions.join(format!("v-{name}"));
        fs::DirBuilder::new().mode(0o755).create(&new)?;
        let lock = new_file(&new.join(LOCK), true)?;
        lock.lock()?;
        fs::rename(new, &path)?;
        Ok(Self { path, lock, is_published: false })
    }
}

impl Drop for Version {
    fn drop(&mut self) {
        let _ = self.lock.unlock();
        if !self.is_published {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Removes versions that are not the current one and that no living process writes, and links that
/// were left.
fn sweep(versions: &Path) -> io::Result<()> {
    let current = fs::read_link(versions.join(CURRENT)).ok();
    for entry in fs::read_dir(versions)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if current.as_deref() == Some(Path::new(name)) {
            continue;
        }
        if name.strip_prefix("v-").is_some_and(is_random) {
            if is_abandoned(&path.join(LOCK)) {
                let _ = fs::remove_dir_all(&path);
            }
        } else if name.strip_prefix("next-").is_some_and(is_random) {
            // A link whose version is gone.
            if fs::metadata(&path).is_err() {
                let _ = fs::remove_file(&path);
            }
        }
    }
    Ok(())
}
