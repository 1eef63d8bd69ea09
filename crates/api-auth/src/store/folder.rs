//! The folder of a file store. Its path is resolved one component at a time, and each component is
//! checked, so that another user cannot redirect the store to a folder of their choice.
//!
//! The owner of a folder can replace everything in it. The folders in it that have the same owner
//! are therefore trusted, like folders of the user of the process and of root, as in
//! `tinycert-client`. The last folder must belong to the user of the process. Symbolic links in a
//! folder of another user are never followed, because they could point to any folder of the user of
//! the process, which the check of the last folder would accept.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// The purpose for which a file is opened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Access {
    Read,
    /// For writing. The file is created if it does not exist.
    Create,
    /// For writing. The file must not exist.
    CreateNew,
}

/// A folder that was resolved and checked for one operation of a store.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    #[cfg(unix)]
    user: u32,
    /// The device and inode numbers of the folder, which show whether it was replaced.
    #[cfg(unix)]
    identity: (u64, u64),
}

impl Folder {
    /// Resolves and checks an existing folder.
    #[inline]
    pub(super) fn find(path: &Path) -> io::Result<Self> {
        Self::resolve(path, false)
    }

    /// Resolves and checks a folder, and creates its missing components.
    #[inline]
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Self::resolve(path, true)
    }

    #[cfg(unix)]
    #[inline]
    fn resolve(path: &Path, create: bool) -> io::Result<Self> {
        let user = unix::own_user()?;
        let path = unix::Walk::new(user, create)?.to(path)?;
        let metadata = fs::symlink_metadata(&path)?;
        unix::check_owner(&metadata, "the folder", user)?;
        Ok(Self { path, user, identity: unix::identity(&metadata) })
    }

    #[cfg(not(unix))]
    #[inline]
    fn resolve(path: &Path, create: bool) -> io::Result<Self> {
        if create {
            fs::create_dir_all(path)?;
        }
        if !fs::symlink_metadata(path)?.is_dir() {
            return Err(not_trusted(format!("{} is not a folder", path.display())));
        }
        Ok(Self { path: path.to_owned() })
    }

    /// Returns the path of the folder, without symbolic links.
    #[inline]
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a file in the folder. Returns an error if it is not a regular file or, on Unix, if it
    /// belongs to another user or is writable by other users.
    #[inline]
    pub(super) fn open(&self, name: &str, access: Access) -> io::Result<File> {
        let file = open_private(&self.path.join(name), access)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(not_trusted("a file in it is not a regular file"));
        }
        #[cfg(unix)]
        {
            unix::check_owner(&metadata, "a file in it", self.user)?;
            if unix::identity(&fs::symlink_metadata(&self.path)?) != self.identity {
                return Err(not_trusted("the folder was replaced in the meantime"));
            }
        }
        Ok(file)
    }

    /// Returns whether `file` is still the file with this name.
    #[inline]
    pub(super) fn has(&self, name: &str, file: &File) -> io::Result<bool> {
        let found = match fs::symlink_metadata(self.path.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            found => found?,
        };
        #[cfg(unix)]
        let is_same = unix::identity(&found) == unix::identity(&file.metadata()?);
        #[cfg(not(unix))]
        let is_same = found.is_file() && file.metadata()?.is_file();
        Ok(is_same)
    }
}

/// Opens a file, which is created with mode 0600 if it is new. Does not follow links, and does not
/// block on a pipe.
#[inline]
fn open_private(path: &Path, access: Access) -> io::Result<File> {
    let mut options = OpenOptions::new();
    match access {
        Access::Read => options.read(true),
        Access::Create => options.write(true).create(true).truncate(false),
        Access::CreateNew => options.write(true).create_new(true),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    options.open(path).map_err(|error| match error.raw_os_error() {
        #[cfg(unix)]
        Some(libc::ELOOP) => not_trusted("a file in it is a symbolic link"),
        #[cfg(unix)]
        Some(libc::ENXIO) => not_trusted("a file in it is not a regular file"),
        _ => error,
    })
}

#[inline]
pub(super) fn not_trusted(problem: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, problem.into())
}

#[cfg(unix)]
pub(crate) mod unix {
    use std::collections::VecDeque;
    use std::ffi::OsString;
    use std::fs::{self, File, Metadata};
    use std::io;
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    use std::path::{Component, Path, PathBuf};

    use super::not_trusted;

    /// The maximum number of symbolic links in a path, as in Linux.
    const MOST_LINKS: usize = 40;
    const OTHERS_CAN_WRITE: u32 = 0o022;
    /// The sticky bit. In a folder with this bit, only the owner of an entry, the owner of the
    /// folder and root can rename or remove the entry.
    const STICKY: u32 = 0o1000;
    const ROOT: u32 = 0;

    /// Returns the id of the user who owns the files that this process creates. The id is
    /// determined from a pipe, which needs neither a writable folder nor `/proc`.
    ///
    /// # Errors
    /// Returns an error if the system cannot create a pipe.
    #[inline]
    pub fn own_user() -> io::Result<u32> {
        let (reader, _writer) = io::pipe()?;
        Ok(File::from(OwnedFd::from(reader)).metadata()?.uid())
    }

    #[inline]
    pub(super) fn identity(metadata: &Metadata) -> (u64, u64) {
        (metadata.dev(), metadata.ino())
    }

    /// Checks that a folder or file belongs to `user` and is not writable by other users.
    #[inline]
    pub(super) fn check_owner(metadata: &Metadata, what: &str, user: u32) -> io::Result<()> {
        if metadata.uid() != user {
            return Err(not_trusted(format!("{what} belongs to another user")));
        }
        if metadata.mode() & OTHERS_CAN_WRITE != 0 {
            return Err(not_trusted(format!(
                "{what} is writable by other users; run `chmod go-w`"
            )));
        }
        Ok(())
    }

    /// One component of a path.
    enum Step {
        Root,
        Parent,
        Into(OsString),
    }

    #[inline]
    fn steps(path: &Path) -> impl DoubleEndedIterator<Item = Step> {
        path.components().filter_map(|component| match component {
            Component::RootDir => Some(Step::Root),
            Component::ParentDir => Some(Step::Parent),
            Component::Normal(name) => Some(Step::Into(name.to_owned())),
            Component::CurDir | Component::Prefix(_) => None,
        })
    }

    /// The state of resolving a path, component by component from `/`.
    pub(super) struct Walk {
        user: u32,
        /// The owner of `/`, who can replace every folder. This is root, whose id is not always 0
        /// in a user namespace.
        owner: u32,
        create: bool,
        /// The resolved part of the path, without symbolic links.
        resolved: PathBuf,
        links: usize,
    }

    impl Walk {
        #[inline]
        pub(super) fn new(user: u32, create: bool) -> io::Result<Self> {
            let resolved = PathBuf::from("/");
            let owner = fs::symlink_metadata(&resolved)?.uid();
            Ok(Self { user, owner, create, resolved, links: 0 })
        }

        /// Resolves the symbolic links in `path` and checks each component, as the module
        /// describes. Creates missing folders if `create` is set.
        ///
        /// # Errors
        /// Returns an error if the last component is a symbolic link, or if a component is not a
        /// folder or is not trusted.
        #[inline]
        pub(super) fn to(mut self, path: &Path) -> io::Result<PathBuf> {
            let mut rest: VecDeque<Step> = steps(&std::path::absolute(path)?).collect();
            while let Some(step) = rest.pop_front() {
                match step {
                    Step::Root => self.resolved = PathBuf::from("/"),
                    Step::Parent => {
                        self.resolved.pop();
                    }
                    Step::Into(name) => {
                        let Some(target) = self.enter(&name, rest.is_empty())? else { continue };
                        for step in steps(&target).rev() {
                            rest.push_front(step);
                        }
                    }
                }
            }
            Ok(self.resolved)
        }

        #[inline]
        fn trusts(&self, metadata: &Metadata) -> bool {
            [ROOT, self.user, self.owner].contains(&metadata.uid())
        }

        /// Enters a folder, or returns the target of a link. An entry that other users can replace
        /// must belong to the user, root or the owner of the folder that contains it.
        #[inline]
        fn enter(&mut self, name: &OsString, is_last: bool) -> io::Result<Option<PathBuf>> {
            let parent = fs::symlink_metadata(&self.resolved)?;
            let path = self.resolved.join(name);
            let entry = self.entry(&path)?;
            let reject = |problem: &str| Err(not_trusted(format!("{} {problem}", path.display())));
            let is_of_other = !self.trusts(&parent);
            let is_shared = is_of_other || parent.mode() & OTHERS_CAN_WRITE != 0;
            let is_of_owner = entry.uid() == parent.uid() && !entry.is_symlink();
            if is_shared && !is_of_owner && !self.trusts(&entry) {
                return reject(
                    "belongs to another user and is in a folder that is writable by other users",
                );
            }
            if entry.is_symlink() {
                if is_last {
                    return reject("is a symbolic link");
                }
                if !self.trusts(&entry) {
                    return reject("is a symbolic link of another user");
                }
                if is_of_other || (is_shared && parent.mode() & STICKY == 0) {
                    return reject(
                        "is a symbolic link in a folder that is writable by other users",
                    );
                }
                self.links += 1;
                if self.links > MOST_LINKS {
                    return reject("has too many symbolic links");
                }
                return fs::read_link(&path).map(Some);
            }
            if !entry.is_dir() {
                return reject("is not a folder");
            }
            self.resolved = path;
            Ok(None)
        }

        #[inline]
        fn entry(&self, path: &Path) -> io::Result<Metadata> {
            match fs::symlink_metadata(path) {
                Err(error) if self.create && error.kind() == io::ErrorKind::NotFound => {
                    // Otherwise, the owner of the parent could not use the new folder.
                    let parent = fs::symlink_metadata(&self.resolved)?;
                    if self.user == ROOT && parent.uid() != ROOT {
                        let shown = self.resolved.display();
                        let problem = "belongs to another user, so root creates no folder in it";
                        return Err(not_trusted(format!("{shown} {problem}")));
                    }
                    // Does not follow a link that another user created in the meantime.
                    match fs::DirBuilder::new().mode(0o700).create(path) {
                        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
                        _ => fs::symlink_metadata(path),
                    }
                }
                found => found,
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn own_user_is_the_owner_of_new_files() {
            let name = format!("api-auth-own-user-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::write(&path, "").unwrap();
            let owner = fs::metadata(&path).unwrap().uid();
            fs::remove_file(path).unwrap();
            assert_eq!(own_user().unwrap(), owner);
        }
    }
}
