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
use std::path::Path;

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

    use api_auth::{is_trusted, own_user};

    use super::{Identity, Metadata, Path, fs, invalid, io};

    const STICKY: u32 = 0o1000;
    const BY_OTHERS: u32 = 0o022;

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

pub(super) use api_auth::real_folder;
pub(super) use owners::{
    check_link, check_only_name, check_own, check_replaceable, identity, is_shared, owner,
};

/// Checks that a folder, and the folders and symbolic links in its path, belong to the caller or
/// root, so that no other user can replace the folder or the files in it. If the folder does not
/// exist, the existing part of its path is checked. Does nothing on systems other than Unix.
/// [`KeyPairFiles`](super::KeyPairFiles) checks its folders in this way.
///
/// # Errors
/// Returns an error that names the folder or link that belongs to another user, an error if `..`
/// follows a missing folder, and errors of the operating system.
///
/// ```
/// use std::path::Path;
/// use tinycert_client::files::check_folder;
///
/// check_folder(Path::new("/missing/folder"))?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn check_folder(path: &Path) -> io::Result<()> {
    api_auth::check_folder(path)
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
