//! Rules about which links, folders and files in a folder are trusted.
//!
//! The owner of a folder can replace everything in it at any time, and could so make the caller
//! write keys, or change files, elsewhere. Therefore, files are only written to folders that belong
//! to the caller or root, and whose path consists of folders and links of these two. In a shared
//! folder, other users can add entries as well. Their links are not followed, and their files are
//! not replaced.
//!
//! In a shared folder, other users can also move a file of a trusted user or create a hard link to
//! it. Therefore, neither the owner nor the mode of a file in a shared folder shows who put the
//! file there.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// The maximum number of symbolic links in the path of a folder.
#[cfg(unix)]
const MOST_LINKS: usize = 40;

pub(super) fn invalid(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, problem)
}

/// The device and inode numbers of a file, which identify it on this machine as long as it exists.
pub(super) type Identity = (u64, u64);

/// Returns whether two files are known to be the same. Returns `false` if one of them has no
/// identity.
pub(super) fn is_same(one: Option<Identity>, other: Option<Identity>) -> bool {
    one.is_some() && one == other
}

/// Returns the metadata of a path itself, not of the target of a link. Returns `None` if the path
/// does not exist.
pub(super) fn seen(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
mod owners {
    use std::os::unix::fs::MetadataExt;

    use api_auth::own_user;

    use super::{Identity, Metadata, Path, fs, invalid, io};

    const STICKY: u32 = 0o1000;
    const BY_OTHERS: u32 = 0o022;

    /// Returns whether an entry belongs to the caller or to root.
    fn is_trusted(entry: &Metadata) -> io::Result<bool> {
        Ok(entry.uid() == 0 || entry.uid() == own_user()?)
    }

    /// Rejects a folder, or a link to one, that belongs to another user.
    pub(super) fn check_owner(path: &Path, entry: &Metadata) -> io::Result<()> {
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

    /// Rejects an entry of a shared folder that belongs to an untrusted user. `problem` is the error
    /// message.
    fn check_shared(folder: &Path, entry: &Metadata, problem: &str) -> io::Result<()> {
        if is_shared(folder)? && !is_trusted(entry)? {
            return Err(invalid(problem));
        }
        Ok(())
    }

    /// Returns whether a folder is writable by users other than its owner.
    pub(in super::super) fn is_shared(folder: &Path) -> io::Result<bool> {
        Ok(fs::metadata(folder)?.mode() & BY_OTHERS != 0)
    }

    /// Rejects an entry of a shared folder that has several names (hard links), because another
    /// user may have created this name.
    pub(in super::super) fn check_only_name(folder: &Path, entry: &Metadata) -> io::Result<()> {
        if entry.nlink() > 1 && is_shared(folder)? {
            return Err(invalid(
                "has several names (hard links) and is in a shared folder; remove it or use a folder \
                 of your own",
            ));
        }
        Ok(())
    }

    pub(in super::super) fn check_link(folder: &Path, entry: &Metadata) -> io::Result<()> {
        let problem = "a symbolic link of another user in a shared folder is not followed; \
                       remove it or use a folder of your own";
        check_shared(folder, entry, problem)?;
        check_only_name(folder, entry)
    }

    /// Checks that a file can be replaced by a rename, and that the new file can have the same
    /// owner.
    pub(in super::super) fn check_replaceable(folder: &Path, entry: &Metadata) -> io::Result<()> {
        let problem = "a file of another user in a shared folder is not replaced; \
                       remove it or use a folder of your own";
        check_shared(folder, entry, problem)?;
        let folder = fs::metadata(folder)?;
        if folder.dev() != entry.dev() {
            return Err(invalid(super::MOUNTED));
        }
        if folder.mode() & STICKY != 0 {
            let user = own_user()?;
            if user != 0 && user != folder.uid() && user != entry.uid() {
                return Err(invalid(
                    "a file of another user in a folder with the sticky bit cannot be replaced; \
                     use a folder of your own",
                ));
            }
        }
        Ok(())
    }

    /// Checks that an entry that this crate uses internally neither belongs to another user nor is
    /// writable by others.
    pub(in super::super) fn check_own(folder: &Path, entry: &Metadata) -> io::Result<()> {
        if !is_trusted(entry)? {
            return Err(invalid("belongs to another user; remove it"));
        }
        if entry.mode() & BY_OTHERS != 0 {
            return Err(invalid("is writable by other users; remove it or change its mode"));
        }
        if entry.is_file() { check_only_name(folder, entry) } else { Ok(()) }
    }

    /// Returns the device and inode numbers of a file.
    pub(in super::super) fn identity(metadata: &Metadata) -> Option<Identity> {
        Some((metadata.dev(), metadata.ino()))
    }

    pub(in super::super) fn owner(metadata: &Metadata) -> u32 {
        metadata.uid()
    }
}

#[cfg(not(unix))]
mod owners {
    use super::{Identity, Metadata, Path, io};

    pub(in super::super) fn is_shared(_: &Path) -> io::Result<bool> {
        Ok(false)
    }

    pub(in super::super) fn check_only_name(_: &Path, _: &Metadata) -> io::Result<()> {
        Ok(())
    }

    pub(in super::super) fn check_link(_: &Path, _: &Metadata) -> io::Result<()> {
        Ok(())
    }

    pub(in super::super) fn check_replaceable(_: &Path, _: &Metadata) -> io::Result<()> {
        Ok(())
    }

    pub(in super::super) fn check_own(_: &Path, _: &Metadata) -> io::Result<()> {
        Ok(())
    }

    /// Returns `None`: the standard library provides no stable file identity on this platform.
    pub(in super::super) fn identity(_: &Metadata) -> Option<Identity> {
        None
    }

    pub(in super::super) fn owner(_: &Metadata) -> u32 {
        0
    }
}

pub(super) use owners::{
    check_link, check_only_name, check_own, check_replaceable, identity, is_shared, owner,
};

/// Checks that a folder, and the folders and symbolic links in its path, belong to the caller or
/// root, so that no other user can replace the folder or the files in it. Does nothing on systems
/// other than Unix. [`KeyPairFiles`](super::KeyPairFiles) checks its folders in this way.
///
/// # Errors
/// Returns an error that names the folder or link that belongs to another user, and errors of the
/// operating system.
///
/// ```
/// use std::path::Path;
/// use tinycert_client::files::check_folder;
///
/// check_folder(Path::new("/"))?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn check_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { real_folder(path).map(drop) } else { Ok(()) }
}

/// Rejects a file that is a mount point, such as a single file that is mounted into a container,
/// because it cannot be replaced. Such a file may be on the same device as its folder. `path` must
/// be absolute and must not contain symbolic links.
#[cfg(target_os = "linux")]
pub(super) fn check_not_mounted(path: &Path) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt;

    // Without this list, a mount point is detected only by its device, or when the file is
    // replaced.
    let Ok(mounts) = fs::read("/proc/self/mountinfo") else { return Ok(()) };
    let path = path.as_os_str().as_bytes();
    let is_mounted = mounts
        .split(|byte| *byte == b'\n')
        .filter_map(|line| line.split(|byte| *byte == b' ').nth(4))
        .any(|mounted| unescaped(mounted) == path);
    if is_mounted { Err(invalid(MOUNTED)) } else { Ok(()) }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn check_not_mounted(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
const MOUNTED: &str =
    "a mount point, which cannot be replaced; mount the folder that contains the file";

/// Decodes the escapes of a path in `/proc/self/mountinfo`: `\040` is a space.
#[cfg(target_os = "linux")]
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let escape = after.get(..3).and_then(|digits| str::from_utf8(digits).ok());
        let byte = escape.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match byte.filter(|_| *first == b'\\') {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(3..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

/// Returns the real path of a folder, for which symbolic links are followed. Returns an error if the
/// folder, or a folder or link in its path, belongs to a user other than the caller and root.
#[cfg(unix)]
pub(super) fn real_folder(path: &Path) -> io::Result<PathBuf> {
    use std::ffi::OsString;
    use std::path::Component;

    fn parts(path: &Path) -> impl Iterator<Item = OsString> + '_ {
        path.components().rev().map(|part| part.as_os_str().to_owned())
    }

    let path = match path.is_absolute() {
        true => path.to_owned(),
        false => fs::canonicalize(".")?.join(path),
    };
    let mut real = PathBuf::from("/");
    owners::check_owner(&real, &fs::metadata(&real)?)?;
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
        let metadata = fs::symlink_metadata(&next)?;
        owners::check_owner(&next, &metadata)?;
        if metadata.is_symlink() {
            check_link(&real, &metadata)?;
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

#[cfg(not(unix))]
pub(super) fn real_folder(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path)
}
