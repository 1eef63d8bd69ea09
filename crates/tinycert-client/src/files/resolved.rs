//! The resolved path of a file, and the checks before it is replaced.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::FileError;
use super::temporary::{KeptAccess, open_regular};
use super::trust::{
    check_link, check_not_mounted, check_only_name, check_own, check_replaceable, identity,
    invalid, is_same, is_shared, owner, real_folder, seen,
};

/// The maximum number of symbolic links that are followed.
const MOST_LINKS: usize = 16;

pub(super) const REPLACED: &str = "was replaced by another program in the meantime; retry";

/// A resolved path, at which there is a regular file, a link into a folder of versions, or no file
/// yet.
#[derive(Debug, Clone)]
pub(super) struct ResolvedPath {
    /// The resolved folder that contains the file.
    pub(super) folder: PathBuf,
    pub(super) name: String,
    /// The metadata of the current file, to which the path leads directly or through a link into a
    /// folder of versions. `None` if there is no file yet.
    pub(super) existing: Option<Metadata>,
    /// The target of a link into a folder of versions. `None` if the path is not such a link.
    pub(super) link: Option<PathBuf>,
    /// Whether the folder is writable by other users.
    pub(super) is_shared: bool,
    /// Whether a symbolic link in a shared folder was followed to this path.
    is_redirected: bool,
    /// The metadata of the entry in the folder, which can be a link. `None` if there is no entry.
    entry: Option<Metadata>,
}

impl ResolvedPath {
    /// Follows the symbolic links of a path, except links into a folder of versions.
    pub(super) fn resolve(path: &Path) -> Result<Self, FileError> {
        Self::follow(path).map_err(|source| FileError::at(path, source))
    }

    fn follow(path: &Path) -> io::Result<Self> {
        let mut current = path.to_owned();
        let mut is_redirected = false;
        for _ in 0..MOST_LINKS {
            let name = current.file_name().and_then(|name| name.to_str());
            let Some(name) = name.map(str::to_owned) else {
                return Err(invalid("not the path of a file with a name in UTF-8"));
            };
            let folder = match current.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder,
                _ => Path::new("."),
            };
            let folder = real_folder(folder)?;
            let is_shared = is_shared(&folder)?;
            let path = folder.join(&name);
            let entry = seen(&path)?;
            let Some(metadata) = entry.as_ref().filter(|entry| entry.is_symlink()) else {
                if let Some(metadata) = &entry {
                    check_regular(metadata)?;
                    check_replaceable(&folder, metadata)?;
                    check_not_mounted(&path)?;
                    check_only_name(&folder, metadata)?;
                }
                let existing = entry.clone();
                let link = None;
                return Ok(Self { folder, name, existing, link, is_shared, is_redirected, entry });
            };
            check_link(&folder, metadata)?;
            let target = fs::read_link(&path)?;
            let Some(versions) = versions_of(&target) else {
                current = folder.join(target);
                is_redirected |= is_shared;
                continue;
            };
            let versions = folder.join(versions);
            let existing = match seen(&versions)? {
                Some(found) if !found.is_dir() => {
                    let problem = format!("{}: not a folder; remove it", versions.display());
                    return Err(invalid(&problem));
                }
                Some(found) => {
                    check_own(&folder, &found)?;
                    followed(&path)?
                }
                None => None,
            };
            if let Some(existing) = &existing {
                check_regular(existing)?;
            }
            let link = Some(target);
            return Ok(Self { folder, name, existing, link, is_shared, is_redirected, entry });
        }
        Err(invalid("too many symbolic links"))
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// Opens the current file. Returns `None` if the file did not exist when the path was resolved,
    /// and an error if the file has been replaced since then.
    pub(super) fn open(&self) -> io::Result<Option<File>> {
        let Some(existing) = &self.existing else { return Ok(None) };
        let file = match self.link {
            None => open_regular(OpenOptions::new().read(true), &self.path())?,
            Some(_) => File::open(self.path())?,
        };
        if identity(&file.metadata()?) != identity(existing) {
            return Err(io::Error::other(REPLACED));
        }
        Ok(Some(file))
    }

    /// Returns which of the owner, group and mode the new file takes from the current one. `key` is
    /// the path of the key of this pair, or of the combined file.
    ///
    /// Another user may have moved any file of a trusted user into a shared folder, but not into a
    /// version that was created for this key.
    pub(super) fn kept(&self, key: &Self, name: &str) -> KeptAccess {
        let is_trusted = !self.is_redirected && (!self.is_shared || self.is_version(key, name));
        KeptAccess::of(name == KEY_NAME, is_trusted)
    }

    /// Returns whether this is a link to the file `name` in a version (see [`CURRENT`]) that was
    /// created for `key` while the folder of `key` was shared.
    fn is_version(&self, key: &Self, name: &str) -> bool {
        let current = Path::new(&key.versions()).join(CURRENT);
        let made_for = || fs::read_link(key.folder.join(&current).join(MADE_FOR)).ok();
        self.folder == key.folder
            && self.link.as_ref() == Some(&current.join(name))
            && made_for().as_deref() == Some(Path::new(&key.name))
    }

    /// Returns the name of the folder of versions for this key, such as
    /// `.example.com.key.versions`.
    pub(super) fn versions(&self) -> String {
        format!(".{}{VERSIONS}", self.name)
    }

    /// Returns whether two paths point to the same file, even on a file system that ignores case.
    pub(super) fn is_same_file(&self, other: &Self) -> bool {
        let is_same = |one: Option<&Metadata>, other: Option<&Metadata>| {
            is_same(one.and_then(identity), other.and_then(identity))
        };
        let is_one_folder = || {
            let metadata = |resolved: &Self| fs::metadata(&resolved.folder).ok();
            is_same(metadata(self).as_ref(), metadata(other).as_ref())
        };
        (self.name.eq_ignore_ascii_case(&other.name)
            && (self.folder == other.folder || is_one_folder()))
            || is_same(self.existing.as_ref(), other.existing.as_ref())
    }

    /// Checks that the file is still the one that was resolved, with the same owner, length and
    /// time of modification.
    pub(super) fn check_unchanged(&self) -> Result<(), FileError> {
        let check = || -> io::Result<()> {
            let about = |entry: &Metadata| {
                let (length, modified) = (entry.len(), entry.modified().ok());
                (identity(entry), owner(entry), entry.is_symlink(), length, modified)
            };
            let now = seen(&self.path())?;
            let is_same = now.as_ref().map(about) == self.entry.as_ref().map(about)
                && (self.link.is_none() || fs::read_link(self.path()).ok() == self.link);
            if is_same {
                return Ok(());
            }
            Err(io::Error::other(REPLACED))
        };
        check().map_err(|source| FileError::at(&self.path(), source))
    }
}

/// Returns the metadata of the file to which a path points. Returns `None` if the file does not
/// exist.
fn followed(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn check_regular(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() { Ok(()) } else { Err(invalid("not a regular file")) }
}

/// The suffix of the name of a folder of versions, such as `.example.com.key.versions`.
const VERSIONS: &str = ".versions";
/// The name of the link to the current version in a folder of versions.
pub(super) const CURRENT: &str = "current";
/// The names of the two files in a version.
pub(super) const NAMES: [&str; 2] = [CHAIN_NAME, KEY_NAME];
pub(super) const CHAIN_NAME: &str = "chain.pem";
pub(super) const KEY_NAME: &str = "key.pem";
/// The name of a symbolic link in a version that was created in a shared folder. The target of the
/// link is the name of the key for which the version was created. Other users can rename the folder
/// of versions, which is named after a key, but they cannot change this link.
pub(super) const MADE_FOR: &str = "made-for";

/// Returns the name of the folder of versions next to a link, if `target` is the target of a link
/// into such a folder.
fn versions_of(target: &Path) -> Option<&str> {
    let mut parts = target.components().map(|part| part.as_os_str().to_str());
    let versions = parts.next()??;
    let is_link = versions.starts_with('.')
        && versions.ends_with(VERSIONS)
        && parts.next()?? == CURRENT
        && NAMES.contains(&parts.next()??)
        && parts.next().is_none();
    is_link.then_some(versions)
}
