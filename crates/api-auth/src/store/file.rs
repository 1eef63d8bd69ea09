//! A token store that writes each token to a file.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::clock::{Clock, SystemClock};
use crate::error::input::InputError;
use crate::secret::Secret;
use crate::store::folder::{Access, Folder};
use crate::store::{PATIENCE, TokenKey, TokenStore, lock};
use crate::token::AccessToken;

/// The interval between attempts to lock a lock file.
const PAUSE: Duration = Duration::from_millis(10);
/// The timeout for the lock of a token file, after which the lock is ignored.
const MOMENT: Duration = Duration::from_secs(1);
/// The interval between attempts to lock a token file.
const SHORT_PAUSE: Duration = Duration::from_millis(1);
/// The maximum number of temporary files that are created to store one token. Another one is
/// created if another process removes the previous one.
const MOST_TEMPORARY: u32 = 10;
/// The maximum length of a stored token in bytes.
const LONGEST: u64 = 256 * 1024;

/// A store in files, for programs that run for a short time. If fifty of them are started together,
/// one requests the token for all.
///
/// The folder is created with mode 0700 and each file with 0600. Files are replaced atomically. A
/// lock file makes other processes wait while one process requests a token. The lock ends with its
/// process, even if the process is killed. The next process that requests a token removes
/// incomplete files of killed processes. Files that cannot be read, are damaged, or have a later
/// version of the format are ignored.
///
/// On Unix, these rules protect the tokens from other users:
///
/// - The folder and its files must belong to the user of the process, must not be writable by other
///   users, and must not be symbolic links.
/// - A folder above it may belong to another user, such as the user who deploys a program. In such
///   a folder, and in a folder that is writable by other users, such as `/tmp`, the next folder of
///   the path must belong to the user of the process, to root or to the owner of the folder that
///   contains it.
/// - A symbolic link above the folder must belong to the user of the process or root. It must be in
///   a folder of one of them that is not writable by other users or has the sticky bit.
///
/// If one of these rules is violated, or the permissions of the system do not suffice, tokens are
/// requested and not stored, and each such reason is logged once at level `warn`. Other failures,
/// such as a full disk, are logged at level `debug` each time.
///
/// ```no_run
/// use std::sync::Arc;
/// use api_auth::FileStore;
/// use api_auth::oauth::{Bearer, Grant, TokenServer};
///
/// let server = TokenServer::new("https://api.example.com/token", "id", "secret")?;
/// let store = Arc::new(FileStore::user_cache("weather")?);
/// let auth = Bearer::new(server, Grant::ClientCredentials).with_store(store);
/// # let _ = auth;
/// # Ok::<(), api_auth::InputError>(())
/// ```
#[derive(Debug, Clone)]
pub struct FileStore {
    folder: PathBuf,
    /// A folder above `folder` that must already exist. `None` if the store may create all folders
    /// of the path.
    existing: Option<PathBuf>,
    /// The reasons for not using the store that have already been logged.
    reported: Arc<Mutex<Vec<String>>>,
}

impl FileStore {
    /// Creates a store in `folder`, which is created when the first token is stored.
    #[inline]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        // Without a trailing `/` or `/.`, which would make the system follow a link.
        let folder = folder.into().components().collect();
        Self { folder, existing: None, reported: Arc::default() }
    }

    /// Creates a store in the user's cache, in a folder with the name of the `application`:
    /// `$XDG_CACHE_HOME/NAME` or `~/.cache/NAME`, on macOS `~/Library/Caches/NAME`, on Windows
    /// `%LOCALAPPDATA%\NAME`.
    ///
    /// The folders below the user's home folder are created when the first token is stored. The
    /// home folder itself, `%LOCALAPPDATA%` and the folder above `$XDG_CACHE_HOME` are not created,
    /// because a service user may have a home folder that is not meant to exist. If such a folder
    /// does not exist, tokens are requested and not stored.
    ///
    /// # Errors
    /// Returns an error if the environment does not define such a folder, or if `application` is
    /// empty, begins with a dot, or contains characters other than ASCII letters, digits, `-`, `_`
    /// and `.`.
    #[expect(
        clippy::disallowed_methods,
        reason = "the user's folders are named by the environment"
    )]
    #[inline]
    pub fn user_cache(application: &str) -> Result<Self, InputError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if application.is_empty() || application.starts_with('.') || !application.bytes().all(plain)
        {
            let problem = "must consist of letters, digits, '-', '_' and '.', and must not begin \
                           with '.'";
            return Err(InputError::new("application", problem));
        }
        let variable = |name: &str| {
            std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
        };
        let (existing, cache) = cache_of_user(variable).ok_or_else(|| {
            let name = match cfg!(windows) {
                true => "LOCALAPPDATA",
                false => "HOME",
            };
            InputError::new("token store", format!("no cache folder found; set {name}"))
        })?;
        Ok(Self { existing: Some(existing), ..Self::new(cache.join(application)) })
    }

    #[inline]
    fn create(&self) -> io::Result<Folder> {
        if let Some(existing) = &self.existing
            && !fs::metadata(existing)?.is_dir()
        {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Folder::create(&self.folder)
    }

    /// Returns the folder in which the tokens are stored.
    #[inline]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    #[inline]
    fn read(&self, key: &TokenKey) -> io::Result<Option<AccessToken>> {
        let folder = match Folder::find(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            found => found?,
        };
        let file = match folder.open(&file_name(key, "json"), Access::Read) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        read_token(&file)
    }

    #[inline]
    fn write(&self, key: &TokenKey, token: &AccessToken) -> io::Result<()> {
        let folder = self.create()?;
        for _ in 1..MOST_TEMPORARY {
            match write_temporary(&folder, key, token) {
                // Another process removed the temporary file.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                written => return written,
            }
        }
        write_temporary(&folder, key, token)
    }

    /// Removes the token file if `token` is in it.
    #[inline]
    fn remove(&self, key: &TokenKey, token: &AccessToken) -> io::Result<()> {
        if cfg!(unix) { self.remove_held(key, token) } else { self.remove_unless_busy(key, token) }
    }

    /// Removes the token file if it contains `token`. The file is locked during this time, so that
    /// no process replaces it.
    #[inline]
    fn remove_held(&self, key: &TokenKey, token: &AccessToken) -> io::Result<()> {
        let folder = Folder::find(&self.folder)?;
        let Some(file) = hold(&folder, key)? else { return Ok(()) };
        if read_token(&file.0)?.is_some_and(|stored| stored.value() == token.value()) {
            fs::remove_file(folder.path().join(file_name(key, "json")))?;
        }
        Ok(())
    }

    /// Removes the token file if it contains `token`, unless another process holds the lock and
    /// will replace the token. Used on systems on which a locked file cannot be replaced.
    #[inline]
    fn remove_unless_busy(&self, key: &TokenKey, token: &AccessToken) -> io::Result<()> {
        let (folder, lock) = self.lock_file(key)?;
        if matches!(lock.0.try_lock(), Err(TryLockError::WouldBlock)) {
            return Ok(());
        }
        if self.read(key)?.is_some_and(|stored| stored.value() == token.value()) {
            fs::remove_file(folder.path().join(file_name(key, "json")))?;
        }
        Ok(())
    }

    #[inline]
    fn lock_file(&self, key: &TokenKey) -> io::Result<(Folder, Locked)> {
        let folder = self.create()?;
        let file = folder.open(&file_name(key, "lock"), Access::Create)?;
        Ok((folder, Locked(file)))
    }

    /// Returns the value of `result`. If it is an error, logs it and returns `None`, because a
    /// failure of the store costs only an additional token request.
    #[inline]
    fn note<T>(&self, what: &str, result: io::Result<T>) -> Option<T> {
        let report = |error: &io::Error| {
            if error.kind() != io::ErrorKind::PermissionDenied {
                log::debug!("the token store cannot {what}: {error}");
                return;
            }
            let (mut reported, reason) = (lock(&self.reported), error.to_string());
            if !reported.contains(&reason) {
                log::warn!("the token store {} is not used: {reason}", self.folder.display());
                reported.push(reason);
            }
        };
        result.inspect_err(report).ok()
    }
}

/// Returns the parent folder that must exist, and the user's cache folder in it.
#[inline]
fn cache_of_user(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<(PathBuf, PathBuf)> {
    let below = |existing: PathBuf, path: &str| {
        let cache = existing.join(path);
        (existing, cache)
    };
    if cfg!(windows) {
        return variable("LOCALAPPDATA").map(|data| below(data, ""));
    }
    let home = || variable("HOME");
    if cfg!(target_os = "macos") {
        return home().map(|home| below(home, "Library/Caches"));
    }
    match variable("XDG_CACHE_HOME") {
        Some(cache) => Some((cache.parent().unwrap_or(&cache).to_owned(), cache)),
        None => home().map(|home| below(home, ".cache")),
    }
}

/// Returns the name of a file in the store, such as `KEY.json` for the token with this key.
#[inline]
fn file_name(key: &TokenKey, ending: &str) -> String {
    format!("{}.{ending}", key.as_str())
}

/// Returns a file name that no other writer uses or can guess.
#[inline]
fn temporary_name(key: &TokenKey) -> io::Result<String> {
    let random = Secret::unguessable().map_err(io::Error::other)?;
    Ok(file_name(key, &format!("{}.tmp", random.expose())))
}

#[inline]
fn read_token(file: &File) -> io::Result<Option<AccessToken>> {
    let mut text = Zeroizing::new(String::new());
    file.take(LONGEST).read_to_string(&mut text)?;
    Ok(AccessToken::from_text(&text))
}

/// A file whose lock is released on drop. Without the explicit release, a file that a forked
/// process inherited would stay locked.
struct Locked(File);

impl Locked {
    #[inline]
    fn wait(&self, patience: Duration, pause: Duration) -> io::Result<()> {
        let begin = SystemClock.now();
        loop {
            match self.0.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
            if SystemClock.now().duration_since(begin).unwrap_or(patience) >= patience {
                return Err(io::ErrorKind::TimedOut.into());
            }
            SystemClock.sleep(pause);
        }
    }
}

impl Drop for Locked {
    #[inline]
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

/// Opens and locks the token file. Used on systems on which a locked file can be replaced.
/// Processes hold this lock for a short time while they replace or remove the file, so the file is
/// not replaced until the guard is dropped. After [`MOMENT`], the lock of another process is
/// ignored, because that process is probably suspended. Returns `None` if there is no token file.
#[inline]
fn hold(folder: &Folder, key: &TokenKey) -> io::Result<Option<Locked>> {
    let name = file_name(key, "json");
    loop {
        let file = match folder.open(&name, Access::Read) {
            Ok(file) => Locked(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if file.wait(MOMENT, SHORT_PAUSE).is_err() || folder.has(&name, &file.0)? {
            return Ok(Some(file));
        }
    }
}

/// Creates a temporary file that is locked until the returned value is dropped. The lock marks the
/// file as in use. Returns an error of kind `NotFound` if another process removes the file before
/// it is locked.
#[inline]
fn new_temporary(folder: &Folder, key: &TokenKey) -> io::Result<(String, Locked)> {
    let name = temporary_name(key)?;
    let temporary = Locked(folder.open(&name, Access::CreateNew)?);
    // Another process may have considered the file abandoned before it was locked.
    let is_removed = matches!(temporary.0.try_lock(), Err(TryLockError::WouldBlock));
    if is_removed || !folder.has(&name, &temporary.0)? {
        let problem = "another process removed the temporary file";
        return Err(io::Error::new(io::ErrorKind::NotFound, problem));
    }
    Ok((name, temporary))
}

/// Writes a temporary file and renames it to the token file.
#[inline]
fn write_temporary(folder: &Folder, key: &TokenKey, token: &AccessToken) -> io::Result<()> {
    let (name, temporary) = new_temporary(folder, key)?;
    let temporary_path = folder.path().join(name);
    let written = (&temporary.0).write_all(token.to_text().expose().as_bytes()).and_then(|()| {
        if cfg!(not(unix)) {
            // On Windows a locked file cannot be read.
            let _ = temporary.0.unlock();
        }
        // A token file that cannot be used is replaced, too.
        let _replaced = if cfg!(unix) { hold(folder, key).ok() } else { None };
        fs::rename(&temporary_path, folder.path().join(file_name(key, "json")))
    });
    if written.is_err() {
        let _ = fs::remove_file(&temporary_path);
    }
    written
}

/// Removes the temporary files of all keys, except locked ones. An unlocked file was left behind by
/// a process that was killed.
#[inline]
fn remove_temporary_files(folder: &Folder) -> io::Result<()> {
    for entry in fs::read_dir(folder.path())? {
        let name = entry?.file_name();
        let Some(name) = name.to_str().filter(|name| is_temporary(name)) else { continue };
        // Skips files that cannot be opened. Another process may have removed one.
        let Ok(file) = folder.open(name, Access::Read) else { continue };
        let temporary = Locked(file);
        if temporary.0.try_lock().is_ok() {
            let _ = fs::remove_file(folder.path().join(name));
        }
    }
    Ok(())
}

/// Returns whether a name has the format of [`temporary_name`].
#[inline]
fn is_temporary(name: &str) -> bool {
    let is_hash =
        |part: &str| part.len() == 64 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut parts = name.split('.');
    parts.next().is_some_and(is_hash)
        && parts.next().is_some_and(is_hash)
        && parts.next() == Some("tmp")
        && parts.next().is_none()
}

impl TokenStore for FileStore {
    #[inline]
    fn load(&self, key: &TokenKey) -> Option<AccessToken> {
        self.note("read", self.read(key))?
    }

    #[inline]
    fn save(&self, key: &TokenKey, token: &AccessToken) {
        let _ = self.note("write", self.write(key, token));
    }

    #[inline]
    fn forget(&self, key: &TokenKey, token: &AccessToken) {
        if self.load(key).is_some_and(|stored| stored.value() == token.value()) {
            let _ = self.note("remove", self.remove(key, token));
        }
    }

    #[inline]
    fn lock(&self, key: &TokenKey) -> Option<Box<dyn Send>> {
        let (folder, lock) = self.note("open a lock file", self.lock_file(key))?;
        self.note("lock", lock.wait(PATIENCE, PAUSE))?;
        let _ = self.note("remove a temporary file", remove_temporary_files(&folder));
        Some(Box::new(lock))
    }
}

#[cfg(test)]
mod tests;
