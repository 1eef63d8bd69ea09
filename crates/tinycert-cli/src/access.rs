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

/// Sets the mode and the group of a file. The mode is set last, so that its permissions never apply
/// to the previous group.
#[cfg(unix)]
pub(crate) fn set(path: &Path, mode: Option<&str>, group: Option<&str>) -> Result<(), Failure> {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

    if mode.is_none() && group.is_none() {
        return Ok(());
    }
    let group = group.map(group_id).transpose().map_err(|failure| failure.about("group"))?;
    let set = || -> io::Result<()> {
        let file = File::open(path)?;
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
pub(crate) fn set(_: &Path, _: Option<&str>, _: Option<&str>) -> Result<(), Failure> {
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

/// Gives the folder at `path`, which was just created in `parent`, to the owner of `parent`, if the
/// current user is root. A folder that is not empty is kept as it is, because the owner of `parent`
/// may have moved another folder to `path`.
#[cfg(unix)]
pub(crate) fn give_folder(path: &Path, parent: &Path) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;

    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW;
    let folder = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if std::fs::read_dir(path)?.next().is_none() {
        tinycert_client::files::give_to_owner(&folder, parent);
    }
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn give_folder(_: &Path, _: &Path) -> io::Result<()> {
    Ok(())
}

/// Checks that only trusted users (the caller, root and the owner of the folder) could have written
/// the record of a pair, because the record determines which key file is replaced. The group of the
/// record may have write access only if it can also write to the folder.
#[cfg(unix)]
pub(crate) fn check_owner(folder: &Path, record: &Path, file: &File) -> Result<(), Failure> {
    use std::os::unix::fs::MetadataExt;

    let failed = |error| Failure::file(record, &error);
    let is_file = std::fs::symlink_metadata(record).map_err(failed)?.is_file();
    // The metadata of the file that was read, even if another file has its name now.
    let found = file.metadata().map_err(failed)?;
    let folder = std::fs::metadata(folder).map_err(|error| Failure::file(folder, &error))?;
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

/// Rejects a symbolic link unless it belongs to the current user or root. The library also follows
/// links of the owner of the folder, but that owner must not choose which files root replaces.
/// Links to `current` in the folder `versions` are accepted, because the library creates them.
#[cfg(unix)]
pub(crate) fn check_link(path: &Path, versions: &str) -> Result<(), Failure> {
    use std::os::unix::fs::MetadataExt;

    let Ok(found) = std::fs::symlink_metadata(path) else { return Ok(()) };
    let is_own = [rustix::process::geteuid().as_raw(), 0].contains(&found.uid());
    if !found.is_symlink() || is_own {
        return Ok(());
    }
    let target = std::fs::read_link(path).map_err(|error| Failure::file(path, &error))?;
    if target.strip_prefix(versions).is_ok_and(|rest| rest.starts_with("current")) {
        return Ok(());
    }
    let problem = "a symbolic link of another user is not followed; remove it";
    Err(Failure::new(Exit::Local, format!("{}: {problem}", path.display())))
}

#[cfg(not(unix))]
pub(crate) fn check_link(_: &Path, _: &str) -> Result<(), Failure> {
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn check_owner(_: &Path, _: &Path, _: &File) -> Result<(), Failure> {
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
