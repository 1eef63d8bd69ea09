//! Storage of tokens, shared by clients and processes.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{AccessToken, Clock, InputError, Secret, SystemClock};

mod folder;
pub(crate) mod lock_once;

#[cfg(unix)]
pub use folder::unix::own_user;
use folder::{Access, Folder};

/// The timeout for the lock of another client that requests the same token.
const PATIENCE: Duration = Duration::from_secs(60);
/// The interval of attempts to lock a lock file.
const PAUSE: Duration = Duration::from_millis(10);
/// The timeout for the lock of a token file.
const MOMENT: Duration = Duration::from_secs(1);
/// The interval of attempts to lock a token file.
const SHORT_PAUSE: Duration = Duration::from_millis(1);
/// The maximum number of drafts of one token. If each is removed, the token is not stored.
const MOST_DRAFTS: u32 = 10;
/// The maximum number of tokens in a [`MemoryStore`].
const MOST_TOKENS: usize = 10_000;
/// The maximum length of a stored token in bytes.
const LONGEST: u64 = 256 * 1024;

/// A store of tokens, so that the next client, process or machine does not have to request a new
/// one.
///
/// Its methods do not return errors: a token that cannot be read is absent, and one that cannot be
/// written costs an additional token request. An implementation over a network stores the result of
/// [`AccessToken::to_text`]:
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
/// use api_auth::{AccessToken, TokenKey, TokenStore};
///
/// /// A placeholder for a client of Redis or the like, whose values are strings.
/// #[derive(Default)]
/// struct Remote(Mutex<HashMap<String, String>>);
///
/// impl TokenStore for Remote {
///     fn load(&self, key: &TokenKey) -> Option<AccessToken> {
///         AccessToken::from_text(self.0.lock().ok()?.get(key.as_str())?)
///     }
///
///     fn save(&self, key: &TokenKey, token: &AccessToken) {
///         if let Ok(mut map) = self.0.lock() {
///             map.insert(key.as_str().to_owned(), token.to_text().expose().to_owned());
///         }
///     }
///
///     fn forget(&self, key: &TokenKey, token: &AccessToken) {
///         if self.load(key).is_some_and(|stored| stored.value() == token.value())
///             && let Ok(mut map) = self.0.lock()
///         {
///             map.remove(key.as_str());
///         }
///     }
/// }
/// ```
pub trait TokenStore: Send + Sync {
    /// Returns the token under `key`, expired or not.
    fn load(&self, key: &TokenKey) -> Option<AccessToken>;

    /// Stores `token` and replaces the previous one.
    fn save(&self, key: &TokenKey, token: &AccessToken);

    /// Removes `token`, which a server rejected. Another token under the same key is kept.
    fn forget(&self, key: &TokenKey, token: &AccessToken);

    /// Waits until no other client requests a token for `key`, and makes others wait until the
    /// returned guard is dropped. Returns `None` if the store does not support locks, or if the
    /// wait timed out. After `None` a client does not lock the key again until one of its requests
    /// succeeded, so a lock that is never released delays each request once at most.
    #[inline]
    fn lock(&self, key: &TokenKey) -> Option<Box<dyn Send>> {
        let _ = key;
        None
    }
}

impl<S: TokenStore + ?Sized> TokenStore for Arc<S> {
    #[inline]
    fn load(&self, key: &TokenKey) -> Option<AccessToken> {
        (**self).load(key)
    }

    #[inline]
    fn save(&self, key: &TokenKey, token: &AccessToken) {
        (**self).save(key, token);
    }

    #[inline]
    fn forget(&self, key: &TokenKey, token: &AccessToken) {
        (**self).forget(key, token);
    }

    #[inline]
    fn lock(&self, key: &TokenKey) -> Option<Box<dyn Send>> {
        (**self).lock(key)
    }
}

/// The key of a stored token: a hash of the server, the client and the grant. Client secrets and
/// passwords are not part of it; see [`TokenServer::key`](crate::oauth::TokenServer::key).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenKey(String);

impl TokenKey {
    /// Creates the key of these parts (a token URL, a client id, a scope, ...), in this order.
    ///
    /// ```
    /// use api_auth::TokenKey;
    ///
    /// let key = TokenKey::new(&["https://api.example.com/token", "client", "read"]);
    /// assert_eq!(key.as_str().len(), 64);
    /// assert_ne!(key, TokenKey::new(&["https://api.example.com/token", "clientread"]));
    /// ```
    #[inline]
    pub fn new(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            // The length first, so that different lists of parts never produce the same bytes.
            hash.update(part.len().to_string());
            hash.update(":");
            hash.update(part);
        }
        Self(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Returns the key as 64 hex digits, which are valid as a file name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[inline]
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A store in memory. Clones share the tokens, so several clients of one process can use them.
///
/// Each new token removes the tokens that expired and cannot be refreshed. At most 10,000 tokens
/// are stored. Beyond that, the token that was received first is removed.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Memory>);

#[derive(Default)]
struct Memory {
    tokens: Mutex<HashMap<TokenKey, AccessToken>>,
    fetching: Mutex<Vec<TokenKey>>,
    fetched: Condvar,
}

impl MemoryStore {
    /// Creates an empty store.
    #[inline]
    pub fn new() -> Self {
        Self::default()
    }
}

impl TokenStore for MemoryStore {
    #[inline]
    fn load(&self, key: &TokenKey) -> Option<AccessToken> {
        lock(&self.0.tokens).get(key).cloned()
    }

    #[inline]
    fn save(&self, key: &TokenKey, token: &AccessToken) {
        let mut tokens = lock(&self.0.tokens);
        // The store has no clock. A token that is being saved was just received.
        tokens.retain(|_, kept| kept.refresh().is_some() || !kept.is_expired(token.received()));
        if tokens.len() >= MOST_TOKENS && !tokens.contains_key(key) {
            let first = tokens.iter().min_by_key(|(_, kept)| kept.received());
            let first = first.map(|(key, _)| key.clone());
            first.and_then(|key| tokens.remove(&key));
        }
        tokens.insert(key.clone(), token.clone());
    }

    #[inline]
    fn forget(&self, key: &TokenKey, token: &AccessToken) {
        let mut tokens = lock(&self.0.tokens);
        if tokens.get(key).is_some_and(|kept| kept.value() == token.value()) {
            tokens.remove(key);
        }
    }

    #[inline]
    fn lock(&self, key: &TokenKey) -> Option<Box<dyn Send>> {
        let busy = |fetching: &mut Vec<TokenKey>| fetching.contains(key);
        let (mut fetching, waited) = self
            .0
            .fetched
            .wait_timeout_while(lock(&self.0.fetching), PATIENCE, busy)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return None;
        }
        fetching.push(key.clone());
        Some(Box::new(Fetching { memory: self.0.clone(), key: key.clone() }))
    }
}

struct Fetching {
    memory: Arc<Memory>,
    key: TokenKey,
}

impl Drop for Fetching {
    #[inline]
    fn drop(&mut self) {
        let mut fetching = lock(&self.memory.fetching);
        if let Some(place) = fetching.iter().position(|key| *key == self.key) {
            fetching.swap_remove(place);
        }
        self.memory.fetched.notify_all();
    }
}

impl fmt::Debug for MemoryStore {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("tokens", &lock(&self.0.tokens).len()).finish()
    }
}

/// A store in files, for programs that run for a second: fifty of them that are started together
/// request one token.
///
/// The folder is created with mode 0700 and each file with 0600. Files are replaced atomically. A
/// lock file makes other processes wait while one process requests a token. The lock ends with its
/// process, however that terminates. The next process that requests a token removes the incomplete
/// files of such a process. Files that cannot be read, are damaged, or were written by a later
/// version are ignored.
///
/// On Unix the store uses only a folder and files that belong to the user of the process and that
/// other users cannot write, and follows no symbolic links to them. A folder above may belong to
/// another user, such as the user who deploys a program. In a folder of that user, and in a folder
/// that others can write, such as `/tmp`, the next folder must belong to the user of the process,
/// to root or to the owner of the folder that contains it. Symbolic links above the folder are
/// followed only if they belong to the user or root and are in a folder of the user or root that
/// others cannot write or that has the sticky bit. If one of these rules is violated, or the
/// permissions of the system do not suffice, tokens are requested and not stored, and each such
/// reason is logged once at level `warn`. Other failures, such as a full disk, are logged at level
/// `debug` each time.
#[derive(Debug, Clone)]
pub struct FileStore {
    folder: PathBuf,
    /// A parent folder that is not created.
    existing: Option<PathBuf>,
    /// The reasons for not using the store that are logged already.
    reported: Arc<Mutex<BTreeSet<String>>>,
}

impl FileStore {
    /// Creates a store in `folder`, which is created when the first token is stored.
    #[inline]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        // Without a final `/` or `/.`, which would make the system follow a link.
        let folder = folder.into().components().collect();
        Self { folder, existing: None, reported: Arc::default() }
    }

    /// Creates a store in the user's cache, in a folder with the name of the `application`:
    /// `$XDG_CACHE_HOME/NAME` or `~/.cache/NAME`, on macOS `~/Library/Caches/NAME`, on Windows
    /// `%LOCALAPPDATA%\NAME`.
    ///
    /// The folders below the user's home are created when the first token is stored. The home
    /// itself, `%LOCALAPPDATA%` and the folder above `$XDG_CACHE_HOME` are not: a service user may
    /// have a home that does not exist. Tokens are then requested and not stored.
    ///
    /// # Errors
    /// Returns an error if the environment has no such folder, or if `application` is empty, begins
    /// with a dot, or has characters other than ASCII letters, digits, `-`, `_` and `.`.
    #[expect(
        clippy::disallowed_methods,
        reason = "the user's folders are named by the environment"
    )]
    #[inline]
    pub fn user_cache(application: &str) -> Result<Self, InputError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if application.is_empty() || application.starts_with('.') || !application.bytes().all(plain)
        {
            let problem = "may hold only letters, digits, '-', '_' and '.'";
            return Err(InputError::new("application", problem));
        }
        let variable = |name: &str| {
            std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
        };
        let (existing, cache) = cache_of_user(variable).ok_or_else(|| {
            InputError::new("token store", "the environment names no folder for caches")
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

    /// Returns the folder of the tokens.
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
        for _ in 1..MOST_DRAFTS {
            match write_draft(&folder, key, token) {
                // Another process removed the draft before it was renamed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                written => return written,
            }
        }
        write_draft(&folder, key, token)
    }

    /// Removes the token file if `token` is in it.
    #[inline]
    fn remove(&self, key: &TokenKey, token: &AccessToken) -> io::Result<()> {
        if cfg!(unix) { self.remove_held(key, token) } else { self.remove_unless_busy(key, token) }
    }

    /// Removes the token file while it is locked, so that no process replaces it meanwhile.
    #[inline]
    fn remove_held(&self, key: &TokenKey, token: &AccessToken) -> io::Result<()> {
        let folder = Folder::find(&self.folder)?;
        let Some(file) = hold(&folder, key)? else { return Ok(()) };
        if read_token(&file.0)?.is_some_and(|stored| stored.value() == token.value()) {
            fs::remove_file(folder.path().join(file_name(key, "json")))?;
        }
        Ok(())
    }

    /// Removes the token file unless another process holds the lock, which will replace the token.
    /// For systems that cannot lock a file and replace it at the same time.
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

    /// Logs a failure, which only costs a token request. The name of the file is a hash.
    #[inline]
    fn note<T>(&self, what: &str, result: io::Result<T>) -> Option<T> {
        let report = |error: &io::Error| {
            if error.kind() != io::ErrorKind::PermissionDenied {
                log::debug!("the token store cannot {what}: {error}");
            } else if lock(&self.reported).insert(error.to_string()) {
                log::warn!("the token store {} is not used: {error}", self.folder.display());
            }
        };
        result.inspect_err(report).ok()
    }
}

/// Returns the parent folder that is not created, and the user's cache folder in it.
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

/// Returns the name of a file of the store.
fn file_name(key: &TokenKey, ending: &str) -> String {
    format!("{}.{ending}", key.as_str())
}

/// Returns a file name that no other writer uses or can guess.
#[inline]
fn draft_name(key: &TokenKey) -> io::Result<String> {
    let random = Secret::unguessable().map_err(io::Error::other)?;
    Ok(file_name(key, &format!("{}.tmp", random.expose())))
}

#[inline]
fn read_token(file: &File) -> io::Result<Option<AccessToken>> {
    let mut text = Zeroizing::new(String::new());
    file.take(LONGEST).read_to_string(&mut text)?;
    Ok(AccessToken::from_text(&text))
}

/// A file whose lock is released when this is dropped. A file that is only closed stays locked if a
/// forked process inherited it.
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
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

/// Opens and locks the token file, for systems where a locked file can be replaced. Processes
/// replace and remove a token file only while they hold its lock, which takes them a moment. So the
/// file is not replaced until the guard is dropped. After [`MOMENT`] a lock is ignored, because its
/// process is suspended.
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

/// Creates a draft that is locked until it is dropped. The lock shows that it is not abandoned.
#[inline]
fn new_draft(folder: &Folder, key: &TokenKey) -> io::Result<(String, Locked)> {
    for _ in 0..MOST_DRAFTS {
        let name = draft_name(key)?;
        let draft = Locked(folder.open(&name, Access::CreateNew)?);
        // Another process may have considered it abandoned before it was locked.
        let is_removed = matches!(draft.0.try_lock(), Err(TryLockError::WouldBlock));
        if !is_removed && folder.has(&name, &draft.0)? {
            return Ok((name, draft));
        }
    }
    Err(io::Error::other("other processes remove each draft"))
}

/// Writes a draft and renames it to the token file.
#[inline]
fn write_draft(folder: &Folder, key: &TokenKey, token: &AccessToken) -> io::Result<()> {
    let (name, draft) = new_draft(folder, key)?;
    let draft_path = folder.path().join(name);
    let written = (&draft.0).write_all(token.to_text().expose().as_bytes()).and_then(|()| {
        if cfg!(not(unix)) {
            // On Windows a locked file cannot be read.
            let _ = draft.0.unlock();
        }
        // A token file that cannot be used is replaced nevertheless.
        let _replaced = if cfg!(unix) { hold(folder, key).ok() } else { None };
        fs::rename(&draft_path, folder.path().join(file_name(key, "json")))
    });
    if written.is_err() {
        let _ = fs::remove_file(&draft_path);
    }
    written
}

/// Removes the drafts of all keys that no process has locked: their writers were killed.
#[inline]
fn remove_drafts(folder: &Folder) -> io::Result<()> {
    for entry in fs::read_dir(folder.path())? {
        let name = entry?.file_name();
        let Some(name) = name.to_str().filter(|name| is_draft(name)) else { continue };
        // Skips files that cannot be opened. Another process may have removed one.
        let Ok(file) = folder.open(name, Access::Read) else { continue };
        let draft = Locked(file);
        if draft.0.try_lock().is_ok() {
            let _ = fs::remove_file(folder.path().join(name));
        }
    }
    Ok(())
}

/// Returns whether a name has the format of [`draft_name`].
fn is_draft(name: &str) -> bool {
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
        let (folder, lock) = self.note("make a lock", self.lock_file(key))?;
        self.note("lock", lock.wait(PATIENCE, PAUSE))?;
        let _ = self.note("remove a draft", remove_drafts(&folder));
        Some(Box::new(lock))
    }
}

/// Stores for tests of other modules.
#[cfg(test)]
pub(crate) mod stuck {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::UNIX_EPOCH;

    use super::{AccessToken, Arc, Duration, MemoryStore, Mutex, TokenKey, TokenStore, lock};
    use crate::{Secret, SecretOrigin, VerifiedStore};

    type Step = Box<dyn FnOnce() + Send>;

    /// A store that always returns the same token and ignores all changes.
    pub(crate) struct StuckStore {
        says: AccessToken,
        meanwhile: Mutex<Option<Step>>,
    }

    impl StuckStore {
        pub(crate) fn new(says: AccessToken) -> Self {
            Self { says, meanwhile: Mutex::default() }
        }

        /// Creates a store with a token that clients with this secret accept.
        pub(crate) fn verified(key: &TokenKey, secret: &str, token: &AccessToken) -> Self {
            Self::new(verified(key, secret, token))
        }

        /// Sets a step that runs during the next look-up of a token.
        pub(crate) fn meanwhile(&self, step: impl FnOnce() + Send + 'static) {
            *lock(&self.meanwhile) = Some(Box::new(step));
        }
    }

    /// Returns a token with the verifier of a generated secret, as it is stored.
    pub(crate) fn verified(key: &TokenKey, secret: &str, token: &AccessToken) -> AccessToken {
        let store = MemoryStore::new();
        let secret = Secret::new(secret);
        let shared = Arc::new(store.clone());
        VerifiedStore::new(shared, &[&secret], SecretOrigin::Generated).save(key, token);
        store.load(key).unwrap()
    }

    /// A store that returns a different fresh token each time.
    pub(crate) struct EndlessStore {
        secret: &'static str,
        given: AtomicU64,
    }

    impl EndlessStore {
        pub(crate) fn new(secret: &'static str) -> Self {
            Self { secret, given: AtomicU64::new(0) }
        }
    }

    impl TokenStore for EndlessStore {
        fn load(&self, key: &TokenKey) -> Option<AccessToken> {
            let number = self.given.fetch_add(1, Ordering::Relaxed) + 1;
            let received = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
            let token = AccessToken::new(format!("stored {number}"), received);
            Some(verified(key, self.secret, &token))
        }

        fn save(&self, _: &TokenKey, _: &AccessToken) {}

        fn forget(&self, _: &TokenKey, _: &AccessToken) {}
    }

    /// A store that runs a step while a client waits for its lock.
    #[derive(Default)]
    pub(crate) struct BusyStore {
        tokens: MemoryStore,
        has_lock: bool,
        locks: AtomicU64,
        loads: AtomicU64,
        meanwhile: Mutex<Option<Step>>,
    }

    impl BusyStore {
        /// Creates a store whose lock is acquired in the end.
        pub(crate) fn with_lock() -> Self {
            Self { has_lock: true, ..Self::default() }
        }

        /// Sets a step that runs during the next wait for the lock.
        pub(crate) fn meanwhile(&self, step: impl FnOnce() + Send + 'static) {
            *lock(&self.meanwhile) = Some(Box::new(step));
        }

        /// Returns how many times the lock was tried.
        pub(crate) fn locks(&self) -> u64 {
            self.locks.load(Ordering::Relaxed)
        }

        /// Returns how many times a token was looked up.
        pub(crate) fn loads(&self) -> u64 {
            self.loads.load(Ordering::Relaxed)
        }
    }

    impl TokenStore for BusyStore {
        fn load(&self, key: &TokenKey) -> Option<AccessToken> {
            self.loads.fetch_add(1, Ordering::Relaxed);
            self.tokens.load(key)
        }

        fn save(&self, key: &TokenKey, token: &AccessToken) {
            self.tokens.save(key, token);
        }

        fn forget(&self, key: &TokenKey, token: &AccessToken) {
            self.tokens.forget(key, token);
        }

        fn lock(&self, _: &TokenKey) -> Option<Box<dyn Send>> {
            self.locks.fetch_add(1, Ordering::Relaxed);
            let step = lock(&self.meanwhile).take();
            if let Some(step) = step {
                step();
            }
            self.has_lock.then(|| Box::new(()) as Box<dyn Send>)
        }
    }

    impl TokenStore for StuckStore {
        fn load(&self, _: &TokenKey) -> Option<AccessToken> {
            let step = lock(&self.meanwhile).take();
            if let Some(step) = step {
                step();
            }
            Some(self.says.clone())
        }

        fn save(&self, _: &TokenKey, _: &AccessToken) {}

        fn forget(&self, _: &TokenKey, _: &AccessToken) {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use std::time::UNIX_EPOCH;

    /// A temporary folder, which is removed when this is dropped.
    struct TempFolder(PathBuf);

    impl TempFolder {
        fn new() -> Self {
            static COUNT: AtomicU64 = AtomicU64::new(0);
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("api-auth-store-{}-{number}", std::process::id());
            Self(std::env::temp_dir().join(name))
        }

        fn store(&self) -> FileStore {
            FileStore::new(self.0.join("deep/tokens"))
        }
    }

    impl Drop for TempFolder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn token(value: &str) -> AccessToken {
        AccessToken::new(value, UNIX_EPOCH + Duration::from_secs(9))
            .with_lifetime(Duration::from_secs(7200))
    }

    fn file(store: &FileStore, ending: &str) -> PathBuf {
        store.folder().join(file_name(&key(), ending))
    }

    fn draft(store: &FileStore, key: &TokenKey) -> PathBuf {
        store.folder().join(draft_name(key).unwrap())
    }

    /// Creates a draft like a writer that is killed before it finishes.
    fn leave_draft(path: &Path, text: &str) {
        let folder = Folder::find(path.parent().unwrap()).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        folder.open(name, Access::CreateNew).unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn key() -> TokenKey {
        TokenKey::new(&["https://h/token", "id", ""])
    }

    #[test]
    fn a_long_token_is_kept_and_one_beyond_measure_is_not_read() {
        let folder = TempFolder::new();
        for (length, kept) in [(100_000, true), (300_000, false)] {
            folder.store().save(&key(), &token(&"a".repeat(length)));
            assert_eq!(folder.store().load(&key()).is_some(), kept, "{length}");
        }
    }

    #[test]
    fn a_shared_store_locks_like_the_store() {
        let folder = TempFolder::new();
        assert!(Arc::new(folder.store()).lock(&key()).is_some());
    }

    #[test]
    fn the_name_of_an_application_is_no_path() {
        for bad in ["", ".", "..", ".hidden", "a/b", "a\\b", "a b", "é"] {
            let error = FileStore::user_cache(bad).unwrap_err();
            assert_eq!(error.argument(), "application", "{bad}");
        }
        // The error is about the environment if it has no such folder.
        let refused = FileStore::user_cache("my-app_1.0").err();
        assert!(refused.is_none_or(|error| error.argument() == "token store"));
    }

    fn keeps_and_forgets(store: &dyn TokenStore) {
        let other = TokenKey::new(&["https://h/token", "other", ""]);
        assert_eq!(store.load(&key()), None);
        store.save(&key(), &token("a"));
        store.save(&key(), &token("b"));
        assert_eq!(store.load(&key()), Some(token("b")));
        assert_eq!(store.load(&other), None);
        store.forget(&key(), &token("a"));
        assert_eq!(store.load(&key()), Some(token("b")), "a newer token stays");
        store.forget(&key(), &token("b"));
        assert_eq!(store.load(&key()), None);
        store.forget(&key(), &token("b"));
    }

    /// Starts many threads that find no token, of which one requests it.
    fn one_of_many_fetches(store: &dyn TokenStore) {
        let fetched = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let guard = store.lock(&key());
                    assert!(guard.is_some());
                    if store.load(&key()).is_none() {
                        fetched.fetch_add(1, Ordering::SeqCst);
                        std::thread::yield_now();
                        store.save(&key(), &token("a"));
                    }
                });
            }
        });
        assert_eq!(fetched.into_inner(), 1);
    }

    #[test]
    fn both_stores_keep_and_forget() {
        let folder = TempFolder::new();
        keeps_and_forgets(&MemoryStore::new());
        keeps_and_forgets(&folder.store());
    }

    #[test]
    fn memory_store_removes_expired_tokens_when_one_is_saved() {
        let (store, hour) = (MemoryStore::new(), Duration::from_secs(3600));
        let at = |hours: u32| UNIX_EPOCH + hour * hours;
        let key = |name: &str| TokenKey::new(&[name]);
        store.save(&key("expires"), &AccessToken::new("a", at(0)).with_lifetime(hour));
        let refreshable = AccessToken::new("b", at(0)).with_lifetime(hour).with_refresh("r");
        store.save(&key("refreshable"), &refreshable);
        store.save(&key("unlimited"), &AccessToken::new("c", at(0)));
        let size = || lock(&store.0.tokens).len();
        store.save(&key("d"), &AccessToken::new("d", at(1) - Duration::from_secs(1)));
        assert_eq!(size(), 4, "nothing expired yet");
        store.save(&key("e"), &AccessToken::new("e", at(1)).with_lifetime(Duration::ZERO));
        assert_eq!(store.load(&key("expires")), None);
        assert_eq!(size(), 4, "the saved token is kept, whatever its lifetime");
    }

    #[test]
    fn memory_store_has_a_limit_and_removes_the_oldest_token() {
        let store = MemoryStore::new();
        let key = |number: usize| TokenKey::new(&[&number.to_string()]);
        for number in 0..MOST_TOKENS {
            let second = Duration::from_secs(if number == 7 { 0 } else { 9 });
            lock(&store.0.tokens).insert(key(number), AccessToken::new("t", UNIX_EPOCH + second));
        }
        store.save(&key(3), &token("b"));
        assert!(store.load(&key(7)).is_some(), "a token that is replaced removes no other");
        store.save(&key(MOST_TOKENS), &token("c"));
        assert_eq!(store.load(&key(7)), None);
        assert_eq!(lock(&store.0.tokens).len(), MOST_TOKENS);
        assert_eq!(store.load(&key(MOST_TOKENS)), Some(token("c")));
    }

    #[test]
    fn in_both_stores_one_of_many_fetches() {
        let folder = TempFolder::new();
        one_of_many_fetches(&MemoryStore::new());
        one_of_many_fetches(&folder.store());
    }

    #[test]
    fn different_parts_make_different_keys() {
        let keys = [
            TokenKey::new(&[]),
            TokenKey::new(&[""]),
            TokenKey::new(&["ab"]),
            TokenKey::new(&["a", "b"]),
            TokenKey::new(&["1:a"]),
        ];
        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_may_read() {
        use std::os::unix::fs::PermissionsExt;
        let folder = TempFolder::new();
        let store = folder.store();
        drop(store.lock(&key()));
        store.save(&key(), &token("a"));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(store.folder()), 0o700);
        let files: Vec<_> = fs::read_dir(store.folder()).unwrap().collect();
        assert_eq!(files.len(), 2, "the token and its lock, no draft");
        for file in files {
            assert_eq!(mode(&file.unwrap().path()), 0o600);
        }
    }

    #[test]
    fn a_broken_file_is_an_absent_one_and_is_replaced() {
        let folder = TempFolder::new();
        let store = folder.store();
        store.save(&key(), &token("a"));
        let file = file(&store, "json");
        let later = token("a").to_text().expose().replace("\"version\":1", "\"version\":99");
        for content in [&b""[..], b"{", b"\xff\xff", b"[]", later.as_bytes(), &vec![b' '; 300_000]]
        {
            fs::write(&file, content).unwrap();
            assert_eq!(store.load(&key()), None);
            store.save(&key(), &token("b"));
            assert_eq!(store.load(&key()), Some(token("b")));
        }
    }

    #[test]
    fn a_folder_that_cannot_be_written_costs_a_fetch_and_no_more() {
        let folder = TempFolder::new();
        fs::write(&folder.0, "a file where the folder should be").unwrap();
        let store = folder.store();
        assert!(store.lock(&key()).is_none());
        store.save(&key(), &token("a"));
        store.forget(&key(), &token("a"));
        assert_eq!(store.load(&key()), None);
        fs::remove_file(&folder.0).unwrap();
    }

    #[test]
    fn a_folder_in_place_of_the_file_does_no_harm() {
        let folder = TempFolder::new();
        let store = folder.store();
        fs::create_dir_all(file(&store, "json")).unwrap();
        store.save(&key(), &token("a"));
        assert_eq!(store.load(&key()), None);
        assert_eq!(fs::read_dir(store.folder()).unwrap().count(), 1, "no draft is left");
    }

    #[cfg(unix)]
    mod trust {
        use std::os::unix::fs::{PermissionsExt, chown, symlink};
        use std::process::Command;

        use super::*;

        /// Saves and loads a token. Returns `true` if the store is used.
        fn works(store: &FileStore) -> bool {
            store.save(&key(), &token("a"));
            let loaded = store.load(&key());
            let locked = store.lock(&key()).is_some();
            assert_eq!(loaded.is_some(), locked, "both or neither");
            locked
        }

        fn set_mode(path: &Path, mode: u32) {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }

        /// Returns a user other than the one of this process.
        fn other_user() -> u32 {
            54_321 + u32::from(own_user().unwrap() == 54_321)
        }

        /// Changes the owner of a path to another user. Returns `false` and prints that a part of
        /// the test is skipped if only root may do so.
        fn give_away(path: &Path) -> bool {
            match chown(path, Some(other_user()), None) {
                Ok(()) => true,
                Err(error) => {
                    println!("skipped: {error}");
                    false
                }
            }
        }

        #[test]
        fn folder_that_others_can_write_is_not_used() {
            let folder = TempFolder::new();
            let store = folder.store();
            assert!(works(&store));
            for (mode, used) in [(0o777, false), (0o720, false), (0o702, false), (0o755, true)] {
                set_mode(store.folder(), mode);
                let store = folder.store();
                assert_eq!(works(&store), used, "{mode:o}");
                assert_eq!(!lock(&store.reported).is_empty(), !used, "{mode:o}");
            }
        }

        #[test]
        fn folder_of_another_user_is_not_used() {
            let folder = TempFolder::new();
            let store = folder.store();
            assert!(works(&store));
            if give_away(store.folder()) {
                assert!(!works(&folder.store()));
                assert!(!works(&store), "a store in use looks again");
            }
        }

        #[test]
        fn folder_that_is_a_link_is_not_used() {
            let (folder, other) = (TempFolder::new(), TempFolder::new());
            assert!(works(&other.store()));
            fs::create_dir_all(folder.0.join("deep")).unwrap();
            symlink(other.store().folder(), folder.store().folder()).unwrap();
            assert!(!works(&folder.store()));
        }

        #[test]
        fn token_file_that_others_can_write_own_or_link_is_not_used() {
            let folder = TempFolder::new();
            let store = folder.store();
            let file = file(&store, "json");
            let text = token("a").to_text();
            let place = |place: &dyn Fn(&Path)| {
                let _ = fs::remove_file(&file);
                place(&file);
                store.load(&key())
            };
            assert!(works(&store));
            let write = |path: &Path, mode| {
                fs::write(path, text.expose()).unwrap();
                set_mode(path, mode);
            };
            assert_eq!(place(&|path| write(path, 0o600)), Some(token("a")));
            assert_eq!(place(&|path| write(path, 0o644)), Some(token("a")));
            assert_eq!(place(&|path| write(path, 0o620)), None);
            assert_eq!(place(&|path| write(path, 0o602)), None);
            let elsewhere = folder.0.join("elsewhere");
            write(&elsewhere, 0o600);
            assert_eq!(place(&|path| symlink(&elsewhere, path).unwrap()), None);
            let given = |path: &Path| {
                write(path, 0o600);
                if !give_away(path) {
                    fs::remove_file(path).unwrap();
                }
            };
            assert_eq!(place(&given), None);
        }

        #[test]
        fn lock_file_that_is_a_link_creates_nothing_elsewhere() {
            let folder = TempFolder::new();
            let store = folder.store();
            assert!(works(&store));
            let (lock, elsewhere) = (file(&store, "lock"), folder.0.join("elsewhere"));
            fs::remove_file(&lock).unwrap();
            symlink(&elsewhere, &lock).unwrap();
            assert!(store.lock(&key()).is_none());
            assert!(!elsewhere.exists());
        }

        #[test]
        fn pipes_in_place_of_files_never_block() {
            let folder = TempFolder::new();
            let store = folder.store();
            assert!(works(&store));
            for ending in ["json", "lock"] {
                let path = file(&store, ending);
                fs::remove_file(&path).unwrap();
                match Command::new("mkfifo").arg(&path).status() {
                    Ok(status) if status.success() => {}
                    other => {
                        println!("skipped: mkfifo: {other:?}");
                        return;
                    }
                }
            }
            assert_eq!(store.load(&key()), None);
            assert!(store.lock(&key()).is_none());
            store.forget(&key(), &token("a"));
        }

        /// Changes the owner of a link itself.
        fn give_link_away(path: &Path) -> bool {
            match std::os::unix::fs::lchown(path, Some(other_user()), None) {
                Ok(()) => true,
                Err(error) => {
                    println!("skipped: {error}");
                    false
                }
            }
        }

        fn reports(store: &FileStore) -> Vec<String> {
            lock(&store.reported).iter().cloned().collect()
        }

        #[test]
        fn link_is_not_followed_for_a_slash_or_dot_at_the_end_of_the_path() {
            let (folder, other) = (TempFolder::new(), TempFolder::new());
            assert!(works(&other.store()));
            fs::create_dir_all(&folder.0).unwrap();
            let link = folder.0.join("link");
            symlink(other.store().folder(), &link).unwrap();
            for end in ["", "/", "/.", "//", "/./"] {
                let store = FileStore::new(format!("{}{end}", link.display()));
                assert!(!works(&store), "{end:?}");
                assert!(reports(&store)[0].ends_with("is a symbolic link"), "{end:?}");
            }
        }

        #[test]
        fn links_above_the_folder_are_followed_only_if_no_other_user_can_replace_them() {
            let folder = TempFolder::new();
            let (real, link) = (folder.0.join("real"), folder.0.join("link"));
            fs::create_dir_all(&real).unwrap();
            set_mode(&real, 0o755);
            symlink("./real/../real", &link).unwrap();
            let store = || FileStore::new(link.join("a/b"));
            let why = "is a symbolic link in a folder that others can write";
            for (mode, used) in [(0o755, true), (0o777, false), (0o775, false), (0o1777, true)] {
                set_mode(&folder.0, mode);
                let _ = fs::remove_dir_all(real.join("a"));
                let store = store();
                assert_eq!(works(&store), used, "{mode:o}");
                assert_eq!(real.join("a").exists(), used, "{mode:o}: nothing is created there");
                assert!(reports(&store).iter().all(|text| text.ends_with(why)), "{mode:o}");
                assert_eq!(reports(&store).is_empty(), used, "{mode:o}");
            }
            fs::remove_dir_all(real.join("a")).unwrap();
            for mode in [0o755, 0o1777] {
                set_mode(&folder.0, mode);
                if give_link_away(&link) {
                    assert!(!works(&store()), "{mode:o}");
                    assert!(!real.join("a").exists(), "{mode:o}");
                }
            }
        }

        #[test]
        fn absolute_links_and_loops_above_the_folder_end() {
            let folder = TempFolder::new();
            fs::create_dir_all(folder.0.join("real")).unwrap();
            set_mode(&folder.0, 0o755);
            symlink(folder.0.join("real"), folder.0.join("link")).unwrap();
            assert!(works(&FileStore::new(folder.0.join("link/../link/tokens"))));
            assert!(folder.0.join("real/tokens").is_dir());
            symlink("loop", folder.0.join("loop")).unwrap();
            let store = FileStore::new(folder.0.join("loop/tokens"));
            assert!(!works(&store));
            assert!(reports(&store)[0].ends_with("has too many symbolic links"));
        }

        #[test]
        fn folder_below_one_of_another_user_in_a_shared_folder_is_not_used() {
            for (mode, used) in [(0o1777, false), (0o777, false), (0o755, true)] {
                let folder = TempFolder::new();
                let above = folder.0.join("above");
                let store = FileStore::new(above.join("tokens"));
                assert!(works(&store));
                set_mode(&folder.0, mode);
                if give_away(&above) {
                    assert_eq!(works(&store), used, "{mode:o}");
                }
            }
        }

        #[test]
        fn folders_of_the_owner_of_the_folder_above_are_used() {
            // Such as `/srv/app/cache` of the user who deploys, and `/data/data` on Android.
            for mode in [0o755, 0o771, 0o1777] {
                let folder = TempFolder::new();
                let (deploy, cache) = (folder.0.join("deploy"), folder.0.join("deploy/cache"));
                let store = FileStore::new(cache.join("tokens"));
                assert!(works(&store));
                set_mode(&folder.0, 0o755);
                set_mode(&deploy, mode);
                if !give_away(&deploy) {
                    return;
                }
                assert!(works(&store), "{mode:o}: a folder of the user");
                assert!(give_away(&cache));
                assert!(works(&store), "{mode:o}: a folder of the same owner");
                chown(&cache, Some(other_user() + 2), None).unwrap();
                assert!(!works(&store), "{mode:o}: a folder of a third user");
                let why = "belongs to another user and is in a folder that others can write";
                assert!(reports(&store)[0].ends_with(why), "{mode:o}");
                assert!(give_away(&cache) && give_away(store.folder()));
                assert!(!works(&store), "{mode:o}: the last folder belongs to another user");
            }
        }

        #[test]
        fn link_in_a_folder_of_another_user_is_not_followed() {
            for mode in [0o755, 0o1777] {
                let folder = TempFolder::new();
                let (shared, real) = (folder.0.join("shared"), folder.0.join("real"));
                fs::create_dir_all(&shared).unwrap();
                fs::create_dir_all(&real).unwrap();
                set_mode(&folder.0, 0o755);
                set_mode(&shared, mode);
                let link = shared.join("link");
                symlink(&real, &link).unwrap();
                let store = || FileStore::new(link.join("tokens"));
                assert!(works(&store()), "{mode:o}: the folder belongs to the user");
                fs::remove_dir_all(real.join("tokens")).unwrap();
                if !give_away(&shared) {
                    return;
                }
                assert!(!works(&store()), "{mode:o}: a link of the user");
                assert!(give_link_away(&link));
                assert!(!works(&store()), "{mode:o}: a link of the owner of the folder");
                assert!(!real.join("tokens").exists(), "{mode:o}: nothing is created there");
            }
        }

        #[test]
        fn folder_that_was_replaced_since_the_check_is_not_used() {
            let folder = TempFolder::new();
            let store = folder.store();
            assert!(works(&store));
            let found = Folder::find(store.folder()).unwrap();
            fs::rename(store.folder(), folder.0.join("old")).unwrap();
            assert!(works(&store));
            let error = found.open(&file_name(&key(), "json"), Access::Read).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        }

        #[test]
        fn loading_writes_nothing() {
            let folder = TempFolder::new();
            folder.store().save(&key(), &token("a"));
            let opened = File::open(folder.store().folder()).unwrap();
            opened.set_modified(UNIX_EPOCH + Duration::from_secs(9)).unwrap();
            assert_eq!(folder.store().load(&key()), Some(token("a")));
            let modified = opened.metadata().unwrap().modified().unwrap();
            assert_eq!(modified, UNIX_EPOCH + Duration::from_secs(9));
        }

        #[test]
        fn each_reason_is_reported_once() {
            let folder = TempFolder::new();
            let store = folder.store();
            assert!(works(&store));
            set_mode(store.folder(), 0o777);
            assert!(!works(&store) && !works(&store));
            assert_eq!(reports(&store), ["the folder can be written by others"]);
            set_mode(store.folder(), 0o700);
            set_mode(&file(&store, "json"), 0o666);
            assert_eq!(store.load(&key()), None);
            assert_eq!(store.load(&key()), None);
            assert_eq!(
                reports(&store),
                ["a file can be written by others", "the folder can be written by others"]
            );
        }

        #[test]
        fn untrusted_store_is_reported_once_and_fails_nothing() {
            let folder = TempFolder::new();
            let store = folder.store();
            assert!(works(&store));
            set_mode(store.folder(), 0o777);
            let clone = store.clone();
            assert!(!works(&store) && !works(&clone));
            assert_eq!(lock(&store.reported).len(), 1);
        }
    }

    fn names(store: &FileStore) -> Vec<String> {
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<String> = fs::read_dir(store.folder())
            .unwrap()
            .map(|entry| name(entry).into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn lock_removes_abandoned_drafts_of_all_keys_and_nothing_else() {
        let folder = TempFolder::new();
        let store = folder.store();
        let other = TokenKey::new(&["other"]);
        store.save(&key(), &token("a"));
        let draft = |key| draft(&store, key);
        let kept =
            [draft(&other), store.folder().join("notes.tmp"), store.folder().join("a.b.tmp")];
        for path in [&draft(&key()), &draft(&other), &kept[0], &kept[1], &kept[2]] {
            leave_draft(path, "{");
        }
        let writer = File::open(&kept[0]).unwrap();
        writer.try_lock().unwrap();
        drop(store.lock(&key()));
        assert!(kept.iter().all(|path| path.exists()));
        assert_eq!(names(&store).len(), 5, "with the token and its lock");
        drop(writer);
        drop(store.lock(&key()));
        assert!(!kept[0].exists(), "its writer is gone");
        assert_eq!(store.load(&key()), Some(token("a")));
    }

    #[test]
    fn one_draft_that_cannot_be_removed_does_not_keep_the_others() {
        let folder = TempFolder::new();
        let store = folder.store();
        store.save(&key(), &token("a"));
        let drafts: Vec<PathBuf> = (0..8).map(|_| draft(&store, &key())).collect();
        for (number, path) in drafts.iter().enumerate() {
            if number % 2 == 0 { fs::create_dir(path).unwrap() } else { leave_draft(path, "{") }
        }
        drop(store.lock(&key()));
        let left = drafts.iter().filter(|path| path.exists()).count();
        assert_eq!(left, 4, "the folders");
    }

    #[cfg(unix)]
    #[test]
    fn rejected_token_is_forgotten_while_another_process_holds_the_lock() {
        let folder = TempFolder::new();
        let store = folder.store();
        store.save(&key(), &token("a"));
        let replacing = store.lock(&key());
        assert!(replacing.is_some());
        store.forget(&key(), &token("b"));
        assert_eq!(store.load(&key()), Some(token("a")), "another token stays");
        store.forget(&key(), &token("a"));
        assert_eq!(store.load(&key()), None);
    }

    #[test]
    fn token_is_kept_where_files_cannot_be_held_while_another_process_has_the_lock() {
        let folder = TempFolder::new();
        let store = folder.store();
        store.save(&key(), &token("a"));
        let replacing = store.lock(&key());
        assert!(replacing.is_some());
        store.remove_unless_busy(&key(), &token("a")).unwrap();
        assert_eq!(store.load(&key()), Some(token("a")), "its holder replaces it");
        drop(replacing);
        store.remove_unless_busy(&key(), &token("b")).unwrap();
        assert_eq!(store.load(&key()), Some(token("a")), "another token stays");
        store.remove_unless_busy(&key(), &token("a")).unwrap();
        assert_eq!(store.load(&key()), None);
        store.remove_unless_busy(&key(), &token("a")).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn token_is_saved_although_another_process_removes_its_draft() {
        let folder = TempFolder::new();
        let store = folder.store();
        store.save(&key(), &token("a"));
        // The writer waits for the lock of the token file before it renames its draft.
        let replacing = Locked(File::open(file(&store, "json")).unwrap());
        replacing.0.try_lock().unwrap();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| store.save(&key(), &token("b")));
            let text = token("b").to_text();
            let is_finished_draft = |name: &String| {
                let content = fs::read(store.folder().join(name)).unwrap_or_default();
                name.ends_with(".tmp") && content == text.expose().as_bytes()
            };
            // On a slow machine the writer may ignore the lock before the draft is removed.
            while !writer.is_finished() {
                if let Some(draft) = names(&store).into_iter().find(is_finished_draft) {
                    let _ = fs::remove_file(store.folder().join(draft));
                    break;
                }
                std::thread::yield_now();
            }
            drop(replacing);
        });
        assert_eq!(store.load(&key()), Some(token("b")));
        assert_eq!(names(&store).len(), 1, "no draft is left");
    }

    #[cfg(unix)]
    #[test]
    fn token_that_replaces_a_rejected_one_is_never_forgotten() {
        let folder = TempFolder::new();
        let store = folder.store();
        for number in 0..100 {
            let (old, new) = (token(&format!("old {number}")), token(&format!("new {number}")));
            store.save(&key(), &old);
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| store.forget(&key(), &old));
                }
                scope.spawn(|| store.save(&key(), &new));
            });
            assert_eq!(store.load(&key()), Some(new));
        }
    }

    #[test]
    fn lock_is_released_although_a_forked_process_inherited_it() {
        let folder = TempFolder::new();
        let store = folder.store();
        let (_, lock) = store.lock_file(&key()).unwrap();
        lock.0.try_lock().unwrap();
        // A process that is forked without starting another program has the same open file.
        let inherited = lock.0.try_clone().unwrap();
        drop(lock);
        let (_, next) = store.lock_file(&key()).unwrap();
        assert!(next.0.try_lock().is_ok());
        drop(inherited);
    }

    const CHILD: &str = "API_AUTH_STORE_CHILD";

    #[expect(clippy::disallowed_methods, reason = "how a child knows that it is one")]
    fn folder_of_parent() -> Option<PathBuf> {
        std::env::var_os(CHILD).map(PathBuf::from)
    }

    /// Does nothing unless the next test starts it.
    #[test]
    fn a_child_dies_between_writing_and_renaming() {
        let Some(folder) = folder_of_parent() else { return };
        let store = FileStore::new(folder);
        let _held = store.lock(&key()).unwrap();
        let draft = draft(&store, &key());
        leave_draft(&draft, token("b").to_text().expose());
        std::process::abort();
    }

    #[test]
    fn a_writer_that_dies_between_writing_and_renaming_changes_nothing_and_leaves_nothing() {
        let folder = TempFolder::new();
        let store = folder.store();
        store.save(&key(), &token("a"));
        for _ in 0..3 {
            let status = std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "store::tests::a_child_dies_between_writing_and_renaming"])
                .env(CHILD, store.folder())
                .stdout(std::process::Stdio::null())
                .status()
                .unwrap();
            assert!(!status.success(), "it died by its own hand");
            assert!(names(&store).iter().any(|name| name.ends_with(".tmp")), "in the middle");
            assert_eq!(store.load(&key()), Some(token("a")));
            let guard = store.lock(&key());
            assert!(guard.is_some(), "its lock died with it");
            store.save(&key(), &token("c"));
            assert_eq!(store.load(&key()), Some(token("c")));
            drop(guard);
            assert_eq!(names(&store).len(), 2, "the token and its lock");
            store.save(&key(), &token("a"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn home_that_does_not_exist_is_not_created() {
        let folder = TempFolder::new();
        let home = folder.store().folder().join("home");
        let of_home = |name: &str| (name == "HOME").then(|| home.clone());
        let (existing, cache) = cache_of_user(of_home).unwrap();
        let store = FileStore { existing: Some(existing), ..FileStore::new(cache.join("app")) };
        store.save(&key(), &token("a"));
        assert!(store.lock(&key()).is_none());
        assert_eq!(store.load(&key()), None);
        assert!(!home.exists());
        fs::create_dir_all(&home).unwrap();
        store.save(&key(), &token("a"));
        assert_eq!(store.load(&key()), Some(token("a")));
        assert!(store.folder().starts_with(&home));
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn only_the_last_component_of_the_cache_variable_is_created() {
        let variable = |name: &str| {
            let path = if name == "HOME" { "/home/u" } else { "/data/u/cache" };
            Some(PathBuf::from(path))
        };
        let expected = (PathBuf::from("/data/u"), PathBuf::from("/data/u/cache"));
        assert_eq!(cache_of_user(variable), Some(expected));
        assert_eq!(cache_of_user(|_| None), None);
    }

    #[test]
    fn a_name_that_would_leave_the_cache_is_refused() {
        for bad in ["", "..", "a/b", "/tmp", "a\\b", ".hidden", "ą"] {
            assert_eq!(FileStore::user_cache(bad).unwrap_err().argument(), "application", "{bad}");
        }
    }
}
