//! Rules about the owners of folders, for all crates and programs that write keys or credentials.
//!
//! The owner of a folder can replace everything in it at any time, and could so make the caller
//! write secrets, or change files, elsewhere. Therefore, files are only written to folders that
//! belong to the caller or root, and whose path consists of folders and links of these two.

use std::io;
use std::path::{Path, PathBuf};

/// Returns the real path of a folder, for which symbolic links are followed.
///
/// # Errors
/// Returns an error if the folder, or a folder or link in its path, belongs to a user other than
/// the caller and root, and errors of the operating system.
pub fn real_folder(path: &Path) -> io::Result<PathBuf> {
    #[cfg(unix)]
    return unix::resolved(path, false);
    #[cfg(not(unix))]
    std::fs::canonicalize(path)
}

/// Checks a folder like [`real_folder`]. The folder may be missing; then, the existing part of its
/// path is checked. Does nothing on systems other than Unix.
///
/// # Errors
/// Returns the errors of [`real_folder`], and an error if `..` follows a missing folder.
pub fn check_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return unix::resolved(path, true).map(drop);
    #[cfg(not(unix))]
    {
        let _ = path;
        Ok(())
    }
}

#[cfg(unix)]
pub(crate) mod unix {
    use std::ffi::OsString;
    use std::fs::{self, Metadata};
    use std::io;
    use std::os::unix::fs::MetadataExt;
    use std::path::{Component, Path, PathBuf};

    use crate::store::folder::unix::own_user;

    /// The maximum number of symbolic links in the path of a folder.
    const MOST_LINKS: usize = 40;
    const OTHERS_CAN_WRITE: u32 = 0o022;

    fn invalid(problem: &str) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidInput, problem)
    }

    /// Returns whether an entry belongs to the caller or to root.
    ///
    /// # Errors
    /// Returns errors of the operating system.
    pub fn is_trusted(entry: &Metadata) -> io::Result<bool> {
        let owner = entry.uid();
        // The owner of `/` is root, whose id is not 0 in some user namespaces.
        Ok(owner == 0 || owner == own_user()? || owner == fs::metadata("/")?.uid())
    }

    fn check_owner(path: &Path, entry: &Metadata) -> io::Result<()> {
        if is_trusted(entry)? {
            return Ok(());
        }
        Err(invalid(&format!(
            "{} belongs to the user {}, who could replace what is written there; run the program \
             as this user, or use a folder of your own",
            path.display(),
            entry.uid()
        )))
    }

    fn parts(path: &Path) -> impl Iterator<Item = OsString> + '_ {
        path.components().rev().map(|part| part.as_os_str().to_owned())
    }

    /// Returns the real path of a folder, or of the existing part of its path if `may_be_missing`.
    pub(super) fn resolved(path: &Path, may_be_missing: bool) -> io::Result<PathBuf> {
        let path = match path.is_absolute() {
            true => path.to_owned(),
            false => fs::canonicalize(".")?.join(path),
        };
        let mut real = PathBuf::from("/");
        let mut left: Vec<OsString> = parts(&path).collect();
        let mut links = 0;
        while let Some(part) = left.pop() {
            match Path::new(&part).components().next() {
                Some(Component::Normal(_)) => {}
                Some(Component::ParentDir) => {
                    real.pop();
                    continue;
                }
                Some(Component::RootDir) => {
                    real = PathBuf::from("/");
                    continue;
                }
                _ => continue,
            }
            let next = real.join(&part);
            let metadata = match fs::symlink_metadata(&next) {
                Err(error) if may_be_missing && error.kind() == io::ErrorKind::NotFound => {
                    return match left.iter().any(|part| part == "..") {
                        true => Err(invalid("`..` follows a folder that does not exist")),
                        false => Ok(real),
                    };
                }
                metadata => metadata?,
            };
            check_owner(&next, &metadata)?;
            if metadata.is_symlink() {
                // Another user may have created this name of a link of the caller.
                if metadata.nlink() > 1 && fs::metadata(&real)?.mode() & OTHERS_CAN_WRITE != 0 {
                    return Err(invalid(&format!(
                        "{} is a symbolic link with several names (hard links) in a shared folder; \
                         remove it or use a folder of your own",
                        next.display()
                    )));
                }
                links += 1;
                if links > MOST_LINKS {
                    return Err(invalid("too many symbolic links"));
                }
                left.extend(parts(&fs::read_link(&next)?));
            } else if metadata.is_dir() {
                real = next;
            } else {
                return Err(io::ErrorKind::NotADirectory.into());
            }
        }
        Ok(real)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::{chown, symlink};

    use super::*;

    #[test]
    fn folders_and_links_of_others_are_rejected() {
        let name = format!("api-auth-owner-{}", std::process::id());
        let folder = fs::canonicalize(std::env::temp_dir()).unwrap().join(name);
        fs::create_dir_all(folder.join("theirs/own")).unwrap();
        symlink("theirs", folder.join("link")).unwrap();
        assert_eq!(real_folder(&folder.join("link/own")).unwrap(), folder.join("theirs/own"));
        let missing = folder.join("missing/folder");
        assert!(real_folder(&missing).is_err() && check_folder(&missing).is_ok());
        let error = check_folder(&folder.join("missing/../theirs")).unwrap_err();
        assert_eq!(error.to_string(), "`..` follows a folder that does not exist");
        match chown(folder.join("theirs"), Some(54_321), None) {
            Err(_) => eprintln!("skipped: a folder of another user: only root can create one"),
            Ok(()) => {
                for path in ["theirs", "theirs/own", "link", "link/own", "theirs/missing"] {
                    let error = check_folder(&folder.join(path)).unwrap_err().to_string();
                    let other = folder.join("theirs");
                    let problem = format!("{} belongs to the user 54321, who", other.display());
                    assert!(error.starts_with(&problem), "{path}: {error}");
                }
            }
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
