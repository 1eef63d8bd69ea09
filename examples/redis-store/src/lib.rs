#![doc = include_str!("../README.md")]

mod resp;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use resp::Connection;
use tpay_client::Secret;
use tpay_client::api_auth::{AccessToken, Clock, SystemClock, TokenKey, TokenStore};

/// The interval between attempts to acquire a lock.
const PAUSE: Duration = Duration::from_millis(20);
/// The script that deletes a key if it has a given value, in one atomic step.
const DELETE_IF: &str =
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

/// A token store in Redis, which any number of machines can share. Clones use the same store.
#[derive(Clone)]
pub struct RedisStore(Arc<Settings>);

#[derive(Clone)]
struct Settings {
    address: String,
    password: Option<Secret>,
    timeout: Duration,
    lock_life: Duration,
    patience: Duration,
}

impl RedisStore {
    /// Creates a store in the Redis server at `host:port`.
    pub fn new(address: impl Into<String>) -> Self {
        Self(Arc::new(Settings {
            address: address.into(),
            password: None,
            timeout: Duration::from_secs(2),
            lock_life: Duration::from_secs(30),
            patience: Duration::from_secs(60),
        }))
    }

    /// Sets the password, which is sent first on each connection.
    #[must_use]
    pub fn password(self, password: impl Into<Secret>) -> Self {
        self.with(|settings| settings.password = Some(password.into()))
    }

    /// Sets the timeout for connecting to Redis and for each response. Defaults to 2 s.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|settings| settings.timeout = timeout)
    }

    /// Sets the time after which a lock expires if it is not released, because its holder was
    /// killed, for example. Defaults to 30 s. It should be longer than a token request takes;
    /// otherwise, two clients may request a token at the same time.
    #[must_use]
    pub fn lock_life(self, life: Duration) -> Self {
        self.with(|settings| settings.lock_life = life)
    }

    /// Sets the maximum time to wait while another client requests a token. After that, this client
    /// requests one itself. Defaults to 60 s.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        self.with(|settings| settings.patience = patience)
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Opens a connection for one operation. Because operations are rare, connections are not
    /// reused. Therefore, none is shared between threads or processes, and none can be stale.
    fn connect(&self) -> io::Result<Connection> {
        let mut connection = Connection::open(&self.0.address, self.0.timeout)?;
        if let Some(password) = &self.0.password {
            connection.command(&["AUTH", password.expose()])?;
        }
        Ok(connection)
    }

    fn get(&self, key: &TokenKey) -> io::Result<Option<Secret>> {
        self.connect()?.command(&["GET", &token_name(key)])
    }

    fn set(&self, key: &TokenKey, token: &AccessToken) -> io::Result<()> {
        let (name, text) = (token_name(key), token.to_text());
        // A token with a refresh token is useful even after it has expired.
        let life = token.lifetime().filter(|_| token.refresh().is_none());
        let life = life.map(|life| life.as_millis().max(1).to_string());
        let mut command = vec!["SET", &name, text.expose()];
        command.extend(life.iter().flat_map(|life| ["PX", life]));
        self.connect()?.command(&command).map(drop)
    }

    fn delete_if(&self, name: &str, value: &str) -> io::Result<()> {
        self.connect()?.command(&["EVAL", DELETE_IF, "1", name, value]).map(drop)
    }

    fn wait_for_lock(&self, key: &TokenKey) -> io::Result<Held> {
        let owner = Secret::unguessable().map_err(io::Error::other)?;
        let held = Held { store: self.clone(), name: lock_name(key), owner };
        let life = self.0.lock_life.as_millis().max(1).to_string();
        let mut connection = self.connect()?;
        let begin = SystemClock.now();
        loop {
            let command = ["SET", &held.name, held.owner.expose(), "NX", "PX", &life];
            if connection.command(&command)?.is_some() {
                return Ok(held);
            }
            let waited = SystemClock.now().duration_since(begin).unwrap_or(self.0.patience);
            if waited >= self.0.patience {
                return Err(io::ErrorKind::TimedOut.into());
            }
            SystemClock.sleep(PAUSE);
        }
    }
}

fn token_name(key: &TokenKey) -> String {
    format!("token-store:token:{}", key.as_str())
}

fn lock_name(key: &TokenKey) -> String {
    format!("token-store:lock:{}", key.as_str())
}

/// Logs an error and returns `None`. An error of the store causes only an additional token request.
fn note<T>(what: &str, result: io::Result<T>) -> Option<T> {
    result.inspect_err(|error| log::debug!("the token store cannot {what}: {error}")).ok()
}

impl TokenStore for RedisStore {
    fn load(&self, key: &TokenKey) -> Option<AccessToken> {
        AccessToken::from_text(note("read", self.get(key))??.expose())
    }

    fn save(&self, key: &TokenKey, token: &AccessToken) {
        let _ = note("write", self.set(key, token));
    }

    fn forget(&self, key: &TokenKey, token: &AccessToken) {
        let Some(text) = note("read", self.get(key)).flatten() else { return };
        let kept = AccessToken::from_text(text.expose());
        if kept.is_some_and(|kept| kept.value() == token.value()) {
            let _ = note("remove", self.delete_if(&token_name(key), text.expose()));
        }
    }

    fn lock(&self, key: &TokenKey) -> Option<Box<dyn Send>> {
        Some(Box::new(note("lock", self.wait_for_lock(key))?))
    }
}

/// An acquired lock. It is released when this value is dropped, unless it has expired and has a new
/// holder.
struct Held {
    store: RedisStore,
    name: String,
    owner: Secret,
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = note("unlock", self.store.delete_if(&self.name, self.owner.expose()));
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("address", &self.0.address).finish_non_exhaustive()
    }
}
