//! Sets and checks the owner, group and mode of files.

use std::fs::File;
use std::io;
use std::path::Path;

use cli_support::{Exit, Failure};

/// Parses the mode of a key file, such as `0640`: octal digits that let the owner read the file,
/// and give other users no permissions.
pub(crate) fn mode(text: &str) -> Result<String, String> {
    // `from_str_radix` would accept a sign.
    let is_octal = text.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    match u32::from_str_radix(text, 8) {
        Ok(_) if !is_octal => Err("must be octal digits, such as 0640".to_owned()),
        Ok(mode) if mode & !0o770 == 0 && mode & 0o400 != 0 => Ok(text.to_owned()),
        Ok(_) => Err("must be from 0400 to 0770, without permissions of other users".to_owned()),
        Err(_) => Err("must be octal digits, such as 0640".to_owned()),
    }
}

/// Checks that `--mode` and `--group` can be used: on Unix, the group must exist; on other systems,
/// both options are errors.
pub(crate) fn check(mode: Option<&str>, group: Option<&str>) -> Result<(), Failure> {
    if cfg!(unix) {
        let id = group.map(group_id).transpose();
        return id.map(drop).map_err(|failure| failure.about("--group"));
    }
    match mode.or(group) {
        Some(_) => Err(Failure::new(Exit::Usage, "--mode and --group: only on Unix")),
        None => Ok(()),
    }
}

/// Checks that the current user can give the group to the file at `key`: root can use any group,
/// other users only their own groups and the group that the file already has.
#[cfg(unix)]
pub(crate) fn check_group(group: &str, key: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::MetadataExt;

    use rustix::process::{getegid, geteuid, getgroups};

    let id = group_id(group)?;
    if geteuid().is_root()
        || getegid().as_raw() == id
        || std::fs::metadata(key).is_ok_and(|found| found.gid() == id)
        || getgroups().is_ok_and(|groups| groups.iter().any(|group| group.as_raw() == id))
    {
        return Ok(());
    }
    let problem = format!("`{group}`: the current user is not in this group, so cannot set it");
    Err(Failure::new(Exit::Usage, problem))
}

#[cfg(not(unix))]
pub(crate) fn check_group(_: &str, _: &Path) -> Result<(), Failure> {
    Ok(())
}

/// Returns the id of a group, which is given as a number or as a name in `/etc/group`.
fn group_id(name: &str) -> Result<u32, Failure> {
    if let Ok(id) = name.parse() {
        // The system interprets the largest number as an instruction to keep the group.
        return match id {
            u32::MAX => Err(Failure::new(Exit::Usage, format!("`{name}` is not a valid group"))),
            id => Ok(id),
        };
    }
    let path = Path::new("/etc/group");
    let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
    let mut lines = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let id = lines.find_map(|line| match line.as_slice() {
        [found, _, id, ..] if *found == name => id.parse().ok(),
        _ => None,
    });
    id.ok_or_else(|| {
        let problem = format!("`{name}` is not in /etc/group; use the number of the group");
        Failure::new(Exit::Usage, problem)
    })
}

/// Sets the mode and the group of a file, which is checked as [`check_link`] does. The mode is set
/// last, so that its permissions never apply to the previous group.
#[cfg(unix)]
pub(crate) fn set(
    folder: Option<&File>,
    path: &Path,
    versions: &str,
    mode: Option<&str>,
    group: Option<&str>,
) -> Result<(), Failure> {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

    if mode.is_none() && group.is_none() {
        return Ok(());
    }
    let group = group.map(group_id).transpose().map_err(|failure| failure.about("group"))?;
    let set = || -> io::Result<()> {
        let file = match links::locate(folder, path, versions)? {
            Some(located) => located.open()?,
            None => return Err(io::ErrorKind::NotFound.into()),
        };
        let old = file.metadata()?;
        let kept = old.mode() & 0o777;
        let mode = mode.and_then(|mode| u32::from_str_radix(mode, 8).ok()).unwrap_or(kept);
        let group = group.filter(|group| *group != old.gid());
        if group.is_some() {
            file.set_permissions(Permissions::from_mode(kept & mode & 0o700))?;
            fchown(&file, None, group)?;
        }
        if group.is_some() || mode != kept {
            file.set_permissions(Permissions::from_mode(mode))?;
        }
        Ok(())
    };
    set().map_err(|error| Failure::file(path, &error).about("mode and group"))
}

#[cfg(not(unix))]
pub(crate) fn set(
    _: Option<&File>,
    _: &Path,
    _: &str,
    _: Option<&str>,
    _: Option<&str>,
) -> Result<(), Failure> {
    Ok(())
}

/// Gives a new file the owner, group and mode of the file at `path`, which the new file will
/// replace. Does nothing if there is no such file.
#[cfg(unix)]
pub(crate) fn keep(new: &File, path: &Path) -> io::Result<()> {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

    let old = match std::fs::symlink_metadata(path) {
        Ok(old) if old.is_file() => old,
        Ok(_) => return Err(io::Error::other("not a regular file; remove it")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let now = new.metadata()?;
    let owner = (now.uid() != old.uid()).then(|| old.uid());
    let group = (now.gid() != old.gid()).then(|| old.gid());
    if owner.is_some() || group.is_some() {
        fchown(new, owner, group)?;
    }
    new.set_permissions(Permissions::from_mode(old.mode() & 0o777))
}

#[cfg(not(unix))]
pub(crate) fn keep(_: &File, _: &Path) -> io::Result<()> {
    Ok(())
}

/// Checks that only trusted users (the caller, root and the owner of the folder) could have written
/// the record of a pair, because the record determines which key file is replaced. The group of the
/// record may have write access only if it can also write to the folder.
#[cfg(unix)]
pub(crate) fn check_owner(
    folder: Option<&File>,
    record: &Path,
    file: &File,
) -> Result<(), Failure> {
    use std::os::unix::fs::MetadataExt;

    let Some(folder) = folder else {
        return Err(Failure::file(record, &io::ErrorKind::NotFound.into()));
    };

    let failed = |error| Failure::file(record, &error);
    let is_file = std::fs::symlink_metadata(record).map_err(failed)?.is_file();
    // The metadata of the file that was read, even if another file has its name now.
    let found = file.metadata().map_err(failed)?;
    let folder = folder.metadata().map_err(failed)?;
    let trusted = [rustix::process::geteuid().as_raw(), 0, folder.uid()];
    let is_of_group = folder.mode() & 0o020 != 0 && folder.gid() == found.gid();
    let problem = match is_file {
        false => "not a regular file; remove it",
        true if found.mode() & 0o022 == 0o020 && !is_of_group => {
            "is writable by its group; run `chmod g-w` on it"
        }
        true if !trusted.contains(&found.uid()) => "belongs to another user",
        true if found.mode() & 0o002 != 0 => "is writable by all users; run `chmod o-w` on it",
        true => return Ok(()),
    };
    Err(Failure::new(Exit::Local, format!("{}: {problem}", record.display())))
}

/// Opens the folder of the pairs, so that later checks concern the same folder even if another one
/// is moved to its path. Returns `None` on systems other than Unix.
#[cfg(unix)]
pub(crate) fn open_folder(path: &Path) -> io::Result<Option<File>> {
    use std::os::unix::fs::OpenOptionsExt;

    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    std::fs::OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY).open(path).map(Some)
}

#[cfg(not(unix))]
pub(crate) fn open_folder(_: &Path) -> io::Result<Option<File>> {
    Ok(None)
}

/// Checks that the owner of the folder, or another user who can write to it, does not choose which
/// file is replaced or changed: the file at `path` must be a regular file, or a link to the current
/// version in the folder `versions`. Other links are followed only if they belong to the caller or
/// root, and only between folders of these two. Returns no error if the file does not exist.
#[cfg(unix)]
pub(crate) fn check_link(
    folder: Option<&File>,
    path: &Path,
    versions: &str,
) -> Result<(), Failure> {
    match links::locate(folder, path, versions)
        .and_then(|found| found.map_or(Ok(()), |located| located.check()))
    {
        Err(error) => Err(Failure::file(path, &error)),
        Ok(()) => Ok(()),
    }
}

#[cfg(not(unix))]
pub(crate) fn check_link(_: Option<&File>, _: &Path, _: &str) -> Result<(), Failure> {
    Ok(())
}

/// Finds the file to which a path of a pair leads, without following links of other users.
#[cfg(unix)]
mod links {
    use std::ffi::{OsStr, OsString};
    use std::fs::{File, Metadata};
    use std::io;
    use std::os::unix::ffi::OsStringExt;
    use std::os::unix::fs::MetadataExt;
    use std::path::{Component, Path, PathBuf};

    use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, openat, readlinkat, statat};
    use rustix::process::geteuid;

    /// The maximum number of symbolic links that are followed.
    const MOST_LINKS: usize = 16;
    /// The write permissions of the group and of other users.
    const BY_OTHERS: u32 = 0o022;

    fn invalid(problem: &str) -> io::Error {
        io::Error::other(problem.to_owned())
    }

    /// An entry of an open folder that is not a symbolic link.
    pub(super) struct Located {
        /// The folder that contains the file, or the version that contains it.
        parent: File,
        name: OsString,
        /// The metadata of the folder that contains the file or the folder of versions.
        folder: Metadata,
    }

    impl Located {
        /// Checks that the file can be replaced.
        pub(super) fn check(&self) -> io::Result<()> {
            let found = statat(&self.parent, &self.name, AtFlags::SYMLINK_NOFOLLOW)?;
            if !FileType::from_raw_mode(found.st_mode).is_file() {
                return Err(invalid("not a regular file; remove it"));
            }
            let caller = geteuid().as_raw();
            self.check_entry(found.st_uid, found.st_nlink > 1, |owner| owner != 0 || caller != 0)
        }

        /// Opens the file, and checks that its mode and group can be changed.
        pub(super) fn open(&self) -> io::Result<File> {
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let file = File::from(openat(&self.parent, &self.name, flags, Mode::empty())?);
            let found = file.metadata()?;
            if !found.is_file() {
                return Err(invalid("not a regular file; remove it"));
            }
            let caller = geteuid().as_raw();
            self.check_entry(found.uid(), found.nlink() > 1, |owner| {
                caller != 0 && [caller, 0].contains(&owner)
            })?;
            Ok(file)
        }

        /// Checks the owner and the number of names of a file, unless only the caller and root can
        /// write to its folder. Files of the owner of the folder are accepted, and those of the
        /// users for whom `is_accepted` returns `true`.
        fn check_entry(
            &self,
            owner: u32,
            is_linked: bool,
            is_accepted: impl Fn(u32) -> bool,
        ) -> io::Result<()> {
            if is_own(self.folder.uid()) && self.folder.mode() & BY_OTHERS == 0 {
                return Ok(());
            }
            if is_linked {
                return Err(invalid(
                    "has several names (hard links) and is in a folder that another user can \
                     write; remove it",
                ));
            }
            if owner != self.folder.uid() && !is_accepted(owner) {
                return Err(invalid(
                    "belongs to a user other than the owner of its folder; remove it",
                ));
            }
            Ok(())
        }
    }

    fn is_own(owner: u32) -> bool {
        [geteuid().as_raw(), 0].contains(&owner)
    }

    /// Opens a folder in `parent`. Returns an error for a link.
    fn subfolder(parent: &File, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(File::from(openat(parent, name, flags, Mode::empty())?))
    }

    fn stat(parent: &File, name: &OsStr) -> io::Result<Option<Stat>> {
        match statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => Ok(Some(found)),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn target(parent: &File, name: &OsStr) -> io::Result<PathBuf> {
        let target = readlinkat(parent, name, Vec::new())?;
        Ok(PathBuf::from(OsString::from_vec(target.into_bytes())))
    }

    fn is_link(found: &Stat) -> bool {
        FileType::from_raw_mode(found.st_mode).is_symlink()
    }

    /// Returns the file to which `path` leads, whose folder is open as `folder`. Returns `None` if
    /// the file does not exist.
    pub(super) fn locate(
        folder: Option<&File>,
        path: &Path,
        versions: &str,
    ) -> io::Result<Option<Located>> {
        let (Some(folder), Some(name)) = (folder, path.file_name()) else { return Ok(None) };
        let (mut parent, mut name) = (folder.try_clone()?, name.to_owned());
        // The path of `parent`, in which the target of a link is found.
        let mut base = path.parent().unwrap_or(Path::new("")).to_owned();
        for _ in 0..MOST_LINKS {
            let Some(found) = stat(&parent, &name)? else { return Ok(None) };
            let folder = parent.metadata()?;
            if !is_link(&found) {
                return Ok(Some(Located { parent, name, folder }));
            }
            let target = target(&parent, &name)?;
            if target.parent() == Some(&Path::new(versions).join("current"))
                && let Some(file) = target.file_name()
            {
                return version(&parent, folder, versions, file);
            }
            if !is_own(found.st_uid) {
                return Err(invalid("a symbolic link of another user is not followed; remove it"));
            }
            if !is_own(folder.uid()) || found.st_nlink > 1 {
                return Err(invalid(
                    "a symbolic link in a folder of another user, or one with several names (hard \
                     links), is not followed; remove it",
                ));
            }
            let target = base.join(target);
            let (Some(to), Some(file)) = (target.parent(), target.file_name()) else {
                return Err(invalid("a symbolic link that does not lead to a file; remove it"));
            };
            let to = if to.as_os_str().is_empty() { Path::new(".") } else { to };
            base = match std::fs::canonicalize(to) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                real => real?,
            };
            // Other users must not be able to replace a folder between this check and its use.
            for folder in base.ancestors() {
                if !is_own(std::fs::symlink_metadata(folder)?.uid()) {
                    return Err(invalid(
                        "a symbolic link to a folder of another user is not followed; remove it",
                    ));
                }
            }
            (parent, name) = (
                match super::open_folder(&base)? {
                    Some(folder) => folder,
                    None => return Ok(None),
                },
                file.to_owned(),
            );
        }
        Err(invalid("too many symbolic links; remove it"))
    }

    /// Returns the file `name` in the current version. Neither the folder of versions nor the
    /// version nor the file may be a link, and the link `current` must lead to a version.
    fn version(
        parent: &File,
        folder: Metadata,
        versions: &str,
        name: &OsStr,
    ) -> io::Result<Option<Located>> {
        let open = |parent: &File, name: &OsStr| -> io::Result<Option<File>> {
            match stat(parent, name)? {
                None => return Ok(None),
                Some(found) if is_link(&found) => return Err(linked(name)),
                Some(_) => {}
            }
            let opened = subfolder(parent, name)?;
            let found = opened.metadata()?;
            if found.mode() & BY_OTHERS != 0
                || !(is_own(found.uid()) || found.uid() == folder.uid())
            {
                let name = Path::new(name).display();
                return Err(invalid(&format!(
                    "{name}: belongs to another user or is writable by other users; remove it"
                )));
            }
            Ok(Some(opened))
        };
        let current = OsStr::new("current");
        let Some(versions) = open(parent, OsStr::new(versions))? else { return Ok(None) };
        match stat(&versions, current)? {
            None => return Ok(None),
            Some(found) if !is_link(&found) => {
                return Err(invalid("current: not a symbolic link; remove it"));
            }
            Some(_) => {}
        }
        let current = target(&versions, current)?;
        let mut parts = current.components();
        let (Some(Component::Normal(version)), None) = (parts.next(), parts.next()) else {
            return Err(invalid("current: a symbolic link that leads to no version; remove it"));
        };
        let Some(parent) = open(&versions, version)? else { return Ok(None) };
        match stat(&parent, name)? {
            None => Ok(None),
            Some(found) if is_link(&found) => Err(linked(name)),
            Some(_) => Ok(Some(Located { parent, name: name.to_owned(), folder })),
        }
    }

    fn linked(name: &OsStr) -> io::Error {
        let name = Path::new(name).display();
        invalid(&format!("{name}: a symbolic link in its place is not followed; remove it"))
    }
}

#[cfg(not(unix))]
pub(crate) fn check_owner(_: Option<&File>, _: &Path, _: &File) -> Result<(), Failure> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mode_is_octal_digits_without_others() {
        for text in ["0640", "600", "0400", "0770"] {
            assert_eq!(mode(text).as_deref(), Ok(text));
        }
        for text in ["+640", "-640", "", "x", "0644", "0240", "0x640", "1640"] {
            assert!(mode(text).is_err(), "{text}");
        }
    }
}
