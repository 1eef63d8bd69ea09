//! Replaces a chain and a key in one folder. Their paths are symbolic links into a folder of
//! versions, and one rename switches both.
//!
//! ```text
//! example.com.pem -> .example.com.key.versions/current/chain.pem
//! example.com.key -> .example.com.key.versions/current/key.pem
//! .example.com.key.versions/current -> v-0123...          renaming this link publishes a version
//! .example.com.key.versions/v-0123.../{chain.pem,key.pem}
//! .example.com.key.versions/v-0123.../made-for -> example.com.key       only in a shared folder
//! ```
//!
//! All steps are performed while the lock of the key is held.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use api_auth::Secret;

use super::pem::check_pair;
use super::resolved::{CURRENT, KEY_NAME, MADE_FOR, NAMES, REPLACED};
use super::temporary::{
    LARGEST, copy, is_random, new_file, random, replace_access, sync_folder, write_texts,
};
use super::trust::{check_own, identity, invalid, is_same, seen};
use super::{FileError, ResolvedPath};

pub(super) struct Links {
    /// The paths of the chain and the key.
    paths: [ResolvedPath; 2],
    /// The link to the new version. It is renamed to `current` when the version is published.
    next: Link,
    // The fields are dropped in this order.
    version: Version,
    /// The version that contains copies of the old files, if they were copied.
    old: Option<Version>,
    versions: Versions,
    /// The chain and the key of the new version, which are empty until they are written.
    files: [File; 2],
    /// The old files at `paths`, if they must first be copied into a version.
    olds: [Option<File>; 2],
}

/// The folder of versions. It is removed on drop if it is empty.
struct Versions(Checked);

/// A folder with one chain and one key. It is removed on drop unless it was published.
struct Version {
    folder: Checked,
    is_published: bool,
}

impl Links {
    /// Creates the empty files of a new version. Returns `None` if the file system does not support
    /// symbolic links.
    pub(super) fn prepare(
        chain: &ResolvedPath,
        key: &ResolvedPath,
    ) -> Result<Option<Self>, FileError> {
        Self::temporary(chain, key).map_err(|source| FileError::at(&key.path(), source))
    }

    fn temporary(chain: &ResolvedPath, key: &ResolvedPath) -> io::Result<Option<Self>> {
        let versions = Versions::open(key)?;
        let version = Version::create(&versions)?;
        let next = match version.link(&versions) {
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
                ) =>
            {
                return Ok(None);
            }
            next => next?,
        };
        version.record(key)?;
        let paths = [chain.clone(), key.clone()];
        let create = |resolved: &ResolvedPath, name: &str| -> io::Result<File> {
            let file = version.new_file(name, name == KEY_NAME)?;
            replace_access(&file, resolved, resolved.kept(key, name))?;
            Ok(file)
        };
        let [chain_name, key_name] = NAMES;
        let files = [create(chain, chain_name)?, create(key, key_name)?];
        let links = Self { paths, versions, version, next, files, olds: [None, None], old: None };
        links.with_olds().map(Some)
    }

    /// Opens the old files for copying, if one of them is not a link into the folder of versions of
    /// this key.
    fn with_olds(mut self) -> io::Result<Self> {
        let is_other = |resolved: &ResolvedPath, name| {
            resolved.existing.is_some() && !self.is_linked(resolved, name)
        };
        let [chain, key] = &self.paths;
        let [chain_name, key_name] = NAMES;
        if is_other(chain, chain_name) || is_other(key, key_name) {
            self.olds = [chain.open()?, key.open()?];
        }
        Ok(self)
    }

    pub(super) fn write(&mut self, chain: &str, key: &Secret) -> Result<(), FileError> {
        let [chain_file, key_file] = &self.paths;
        let key_path = key_file.path();
        check_pair((&chain_file.path(), chain), (&key_path, key))?;
        chain_file.check_unchanged()?;
        key_file.check_unchanged()?;
        let written = self.write_texts([chain, key.expose()]);
        written.map_err(|source| FileError::at(&key_path, source))
    }

    pub(super) fn publish(mut self) -> Result<(), FileError> {
        let [chain, key] = &self.paths;
        let key_path = key.path();
        chain.check_unchanged()?;
        key.check_unchanged()?;
        self.convert()?;
        self.switch().map_err(|source| FileError::at(&key_path, source))
    }

    fn write_texts(&mut self, texts: [&str; 2]) -> io::Result<()> {
        self.version.folder.check()?;
        for (file, text) in self.files.iter_mut().zip(texts) {
            write_texts(file, &[text])?;
        }
        self.version.folder.sync()?;
        self.copy_olds()
    }

    fn switch(&mut self) -> io::Result<()> {
        let mut new = self.link_missing()?;
        self.versions.0.check()?;
        self.version.folder.check()?;
        self.next.publish(&self.versions.current())?;
        self.version.is_published = true;
        new.iter_mut().for_each(|link| link.is_kept = true);
        self.versions.0.sync()?;
        sync_folder(&self.key().folder)
    }

    fn key(&self) -> &ResolvedPath {
        let [_, key] = &self.paths;
        key
    }

    /// Copies the old files into a version of their own, if [`with_olds`](Self::with_olds) opened
    /// them. A file larger than [`LARGEST`] is damaged and is not copied.
    fn copy_olds(&mut self) -> io::Result<()> {
        if self.olds.iter().all(Option::is_none) {
            return Ok(());
        }
        let key = self.key().clone();
        let old = Version::create(&self.versions)?;
        old.record(&key)?;
        for ((name, resolved), from) in NAMES.iter().zip(&self.paths).zip(&mut self.olds) {
            let Some(from) = from else { continue };
            if from.metadata()?.len() > LARGEST {
                continue;
            }
            copy(from, &mut old.new_file(name, true)?, resolved.kept(&key, name))?;
        }
        old.folder.sync()?;
        self.old = Some(old);
        Ok(())
    }

    /// Replaces files that are not links into the folder of versions with such links. First, the
    /// version with the copies of the old files becomes the current version. Then, each file
    /// becomes a link to its own copy.
    fn convert(&mut self) -> Result<(), FileError> {
        let Some(mut old) = self.old.take() else { return Ok(()) };
        let key = self.key().path();
        self.make_current(&mut old).map_err(|source| FileError::at(&key, source))?;
        for (name, resolved) in NAMES.iter().zip(&self.paths) {
            if resolved.existing.is_some() && !self.is_linked(resolved, name) {
                let at = |source| FileError::at(&resolved.path(), source);
                let mut link = Link::temporary(&self.target(name), &self.versions).map_err(at)?;
                resolved.check_unchanged()?;
                link.publish(&resolved.path()).map_err(at)?;
            }
        }
        sync_folder(&self.key().folder).map_err(|source| FileError::at(&key, source))
    }

    fn make_current(&self, old: &mut Version) -> io::Result<()> {
        old.link(&self.versions)?.publish(&self.versions.current())?;
        old.is_published = true;
        self.versions.0.sync()
    }

    /// Creates the links for files that do not exist yet. The links can be dangling until the new
    /// version becomes the current one.
    fn link_missing(&self) -> io::Result<Vec<Link>> {
        let mut new = Vec::new();
        for (name, resolved) in NAMES.iter().zip(&self.paths) {
            if resolved.existing.is_none() && !self.is_linked(resolved, name) {
                let path = resolved.path();
                if resolved.link.is_some() {
                    // The link points to a version that was removed.
                    fs::remove_file(&path)?;
                }
                new.push(Link::create(&self.target(name), path)?);
            }
        }
        Ok(new)
    }

    /// Returns the target of the link to the file `name` of this pair, such as
    /// `.example.com.key.versions/current/key.pem`.
    fn target(&self, name: &str) -> PathBuf {
        Path::new(self.versions.0.name()).join(CURRENT).join(name)
    }

    fn is_linked(&self, resolved: &ResolvedPath, name: &str) -> bool {
        resolved.link.as_deref() == Some(&*self.target(name))
    }
}

/// A new symbolic link. It is removed on drop unless it is kept.
///
/// A link that root creates in a folder of another user belongs to root. That user can replace it
/// all the same, and the owner of a link can only be changed by its path, at which that user could
/// put a hard link to another file.
struct Link {
    path: PathBuf,
    is_kept: bool,
}

impl Link {
    fn create(target: &Path, path: PathBuf) -> io::Result<Self> {
        symlink(target, &path)?;
        Ok(Self { path, is_kept: false })
    }

    /// Creates a link in the folder of versions; `publish` moves it to its final path.
    fn temporary(target: &Path, versions: &Versions) -> io::Result<Self> {
        Self::create(target, versions.0.path.join(format!("next-{}", random()?)))
    }

    /// Moves the link to `path`, where it replaces an existing file or link.
    fn publish(&mut self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)?;
        self.is_kept = true;
        Ok(())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// An open folder. As long as it is open, no other folder can have the same device and inode
/// number.
#[derive(Debug)]
pub(super) struct Checked {
    path: PathBuf,
    file: File,
}

impl Checked {
    /// Opens a folder without following links. Returns an error if the folder is writable by
    /// others, or if it belongs to a user other than the caller, root and the owner of `parent`.
    fn open(parent: &Path, path: PathBuf) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(libc::O_DIRECTORY | libc::O_NOFOLLOW);
        let file = options.open(&path)?;
        check_own(parent, &file.metadata()?)?;
        Ok(Self { path, file })
    }

    /// Creates a folder with mode 0755, so that all users who have access to the files in it can
    /// enter it.
    fn create(parent: &Path, path: PathBuf) -> io::Result<Self> {
        DirBuilder::new().mode(0o755).create(&path)?;
        Self::open_new(parent, path)
    }

    /// Opens a folder that was just created, and sets its mode regardless of the umask.
    ///
    /// In a shared folder, another user can move a private folder of the caller to `path` in the
    /// meantime. Therefore, an error is returned if the folder is not empty.
    pub(super) fn open_new(parent: &Path, path: PathBuf) -> io::Result<Self> {
        let folder = Self::open(parent, path)?;
        if fs::read_dir(&folder.path)?.next().is_some() {
            return Err(io::Error::other(REPLACED));
        }
        folder.check()?;
        folder.file.set_permissions(fs::Permissions::from_mode(0o755))?;
        Ok(folder)
    }

    /// Checks that the path still points to this folder.
    fn check(&self) -> io::Result<()> {
        let now = seen(&self.path)?.as_ref().and_then(identity);
        if is_same(now, identity(&self.file.metadata()?)) {
            return Ok(());
        }
        Err(io::Error::other(format!("{}: {REPLACED}", self.path.display())))
    }

    /// Checks that the path still points to this folder, and synchronizes the folder to disk.
    fn sync(&self) -> io::Result<()> {
        self.check()?;
        self.file.sync_all()
    }

    fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }
}

impl Versions {
    /// Creates the folder of versions for a key. If the folder exists, checks it, and removes what
    /// killed processes left in it.
    fn open(key: &ResolvedPath) -> io::Result<Self> {
        let path = key.folder.join(key.versions());
        let about =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let folder = match seen(&path)? {
            None => Checked::create(&key.folder, path.clone()),
            Some(metadata) if metadata.is_dir() => Checked::open(&key.folder, path.clone()),
            Some(_) => Err(invalid("not a folder; remove it")),
        };
        let versions = Self(folder.map_err(about)?);
        versions.sweep()?;
        Ok(versions)
    }

    /// Returns the path of the link to the current version.
    fn current(&self) -> PathBuf {
        self.0.path.join(CURRENT)
    }

    /// Removes all versions except the current one, and the links that killed processes left
    /// behind. If there is no current version, all versions are kept. A version that the caller
    /// must not remove, such as one that belongs to root, is kept, too.
    fn sweep(&self) -> io::Result<()> {
        let current = self.current();
        if seen(&current)?.is_some_and(|metadata| !metadata.is_symlink()) {
            let problem = format!("{}: not a symbolic link; remove it", current.display());
            return Err(invalid(&problem));
        }
        // Without a current version, any version may contain the only copy of a key.
        let kept = fs::canonicalize(&current).ok();
        for entry in fs::read_dir(&self.0.path)? {
            let path = entry?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let metadata = seen(&path)?;
            let is = |kind: fn(&Metadata) -> bool| metadata.as_ref().is_some_and(kind);
            if name.strip_prefix("v-").is_some_and(is_random) && is(Metadata::is_dir) {
                if kept.is_some() && fs::canonicalize(&path).ok() != kept {
                    match fs::remove_dir_all(&path) {
                        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                            log::warn!("{}: cannot be removed: {error}", path.display());
                        }
                        removed => removed?,
                    }
                }
            } else if name.strip_prefix("next-").is_some_and(is_random) && is(Metadata::is_symlink)
            {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }
}

impl Drop for Versions {
    fn drop(&mut self) {
        // The folder is empty only if no version was ever published.
        if self.0.check().is_ok() {
            let _ = fs::remove_dir(&self.0.path);
        }
    }
}

impl Version {
    fn create(versions: &Versions) -> io::Result<Self> {
        versions.0.check()?;
        let path = versions.0.path.join(format!("v-{}", random()?));
        Ok(Self { folder: Checked::create(&versions.0.path, path)?, is_published: false })
    }

    /// Records in this version the name of the key for which it is created, if the folder of the
    /// key is shared.
    fn record(&self, key: &ResolvedPath) -> io::Result<()> {
        if !key.is_shared {
            return Ok(());
        }
        self.folder.check()?;
        symlink(&key.name, self.folder.path.join(MADE_FOR))
    }

    /// Creates an empty file in this version.
    fn new_file(&self, name: &str, is_private: bool) -> io::Result<File> {
        self.folder.check()?;
        new_file(&self.folder.path.join(name), is_private)
    }

    /// Creates a link to this version. The link can then be renamed to `current`.
    fn link(&self, versions: &Versions) -> io::Result<Link> {
        Link::temporary(Path::new(self.folder.name()), versions)
    }
}

impl Drop for Version {
    fn drop(&mut self) {
        if !self.is_published && self.folder.check().is_ok() {
            let _ = fs::remove_dir_all(&self.folder.path);
        }
    }
}
