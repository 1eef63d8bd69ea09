//! Where a file really is, and whether it may be replaced.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::FileError;

/// The most symbolic links that are followed.
const MOST_LINKS: usize = 16;

/// A place for a file: a regular file, or nothing yet.
#[derive(Debug)]
pub(super) struct Place {
    /// The folder, resolved.
    pub(super) folder: PathBuf,
    pub(super) name: String,
    /// What is there now. Of a link of our own, what it leads to.
    pub(super) existing: Option<Metadata>,
}

impl Place {
    /// Follows the symbolic links of a path, except the ones of [`links`](super::links).
    pub(super) fn resolve(path: &Path) -> Result<Self, FileError> {
        let fail = |source| FileError::at(path, source);
        let mut current = path.to_owned();
        for _ in 0..MOST_LINKS {
            let name = current.file_name().and_then(|name| name.to_str());
            let Some(name) = name.map(str::to_owned) else {
                return Err(fail(invalid("not the path of a file with a name in UTF-8")));
            };
            let folder = match current.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder,
                _ => Path::new("."),
            };
            let folder = fs::canonicalize(folder).map_err(fail)?;
            let target = match fs::symlink_metadata(folder.join(&name)) {
                Ok(metadata) if metadata.is_symlink() => {
                    check_link(&folder, &metadata).map_err(fail)?;
                    fs::read_link(folder.join(&name)).map_err(fail)?
                }
                Ok(metadata) => return Self::found(folder, name, Some(metadata)).map_err(fail),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Self::found(folder, name, None).map_err(fail);
                }
                Err(error) => return Err(fail(error)),
            };
            if is_own_link(&target) {
                let metadata = match fs::metadata(folder.join(&name)) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                    metadata => Some(metadata.map_err(fail)?),
                };
                return Self::found(folder, name, metadata).map_err(fail);
            }
            current = folder.join(target);
        }
        Err(fail(invalid("too many symbolic links")))
    }

    fn found(folder: PathBuf, name: String, existing: Option<Metadata>) -> io::Result<Self> {
        if let Some(metadata) = &existing {
            if !metadata.is_file() {
                return Err(invalid("not a regular file"));
            }
            check_replaceable(&folder, metadata)?;
        }
        Ok(Self { folder, name, existing })
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// Whether two places are one file, also on a file system that ignores case.
    pub(super) fn is_same_file(&self, other: &Self) -> bool {
        if self.folder == other.folder && self.name.eq_ignore_ascii_case(&other.name) {
            return true;
        }
        #[cfg(unix)]
        if let (Some(one), Some(other)) = (&self.existing, &other.existing) {
            use std::os::unix::fs::MetadataExt;
            return (one.dev(), one.ino()) == (other.dev(), other.ino());
        }
        false
    }
}

/// The ending of the folder that the links of a pair lead into.
pub(super) const VERSIONS: &str = ".versions";

/// Whether a link leads into a folder of versions beside it.
fn is_own_link(target: &Path) -> bool {
    let mut parts = target.components();
    let first = parts.next().and_then(|part| part.as_os_str().to_str());
    let is_versions = first.is_some_and(|name| name.starts_with('.') && name.ends_with(VERSIONS));
    is_versions && parts.next().is_some_and(|part| part.as_os_str() == "current")
}

pub(super) fn invalid(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, problem)
}

/// In a folder that everybody can write, a link or file of another user is not followed or
/// replaced: root would write where that user wants.
#[cfg(unix)]
fn check_shared(folder: &Path, metadata: &Metadata, what: &str) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    const STICKY: u32 = 0o1000;
    let of_folder = fs::metadata(folder)?;
    let is_shared = of_folder.mode() & STICKY != 0 && of_folder.mode() & 0o022 != 0;
    if is_shared
        && metadata.uid() != of_folder.uid()
        && metadata.uid() != super::draft::own_user(folder)?
    {
        return Err(invalid(what));
    }
    Ok(())
}

#[cfg(unix)]
fn check_link(folder: &Path, metadata: &Metadata) -> io::Result<()> {
    check_shared(folder, metadata, "a symbolic link of another user in a shared folder")
}

#[cfg(unix)]
fn check_replaceable(folder: &Path, metadata: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    check_shared(folder, metadata, "a file of another user in a shared folder")?;
    if fs::metadata(folder)?.dev() != metadata.dev() {
        return Err(invalid("a mount point, which cannot be replaced"));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_link(_: &Path, _: &Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn check_replaceable(_: &Path, _: &Metadata) -> io::Result<()> {
    Ok(())
}
