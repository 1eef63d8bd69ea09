//! Token stores with unusual behaviour, for tests of other modules.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use crate::secret::Secret;
use crate::store::memory::MemoryStore;
use crate::store::{TokenKey, TokenStore, lock};
use crate::token::AccessToken;
use crate::verified_store::{SecretOrigin, VerifiedStore};

type Step = Box<dyn FnOnce() + Send>;

/// A store that always returns the same token and ignores all changes.
pub(crate) struct StuckStore {
    token: AccessToken,
    meanwhile: Mutex<Option<Step>>,
}

impl StuckStore {
    pub(crate) fn new(token: AccessToken) -> Self {
        Self { token, meanwhile: Mutex::default() }
    }

    /// Creates a store with a token that clients with this secret accept.
    pub(crate) fn verified(key: &TokenKey, secret: &str, token: &AccessToken) -> Self {
        Self::new(verified(key, secret, token))
    }

    /// Sets a step that runs during the next lookup of a token.
    pub(crate) fn meanwhile(&self, step: impl FnOnce() + Send + 'static) {
        *lock(&self.meanwhile) = Some(Box::new(step));
    }
}

/// Returns a token as it is stored: with the verifier of a generated secret.
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
    /// Creates a store whose lock is acquired after the wait.
    pub(crate) fn with_lock() -> Self {
        Self { has_lock: true, ..Self::default() }
    }

    /// Sets a step that runs during the next wait for the lock.
    pub(crate) fn meanwhile(&self, step: impl FnOnce() + Send + 'static) {
        *lock(&self.meanwhile) = Some(Box::new(step));
    }

    /// Returns how many times a client tried to acquire the lock.
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
        Some(self.token.clone())
    }

    fn save(&self, _: &TokenKey, _: &AccessToken) {}

    fn forget(&self, _: &TokenKey, _: &AccessToken) {}
}
