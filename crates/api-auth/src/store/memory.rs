//! A token store in memory.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::store::{PATIENCE, TokenKey, TokenStore, lock};
use crate::token::AccessToken;

/// The maximum number of tokens in a [`MemoryStore`].
const MOST_TOKENS: usize = 10_000;

/// A store in memory. Clones share the tokens, so several clients of one process can use them.
///
/// When a token is stored, expired tokens without a refresh token are removed. At most 10,000
/// tokens are stored. Beyond that, the token that was received first is removed.
///
/// ```
/// use std::time::SystemTime;
/// use api_auth::{AccessToken, MemoryStore, TokenKey, TokenStore};
///
/// let (store, key) = (MemoryStore::new(), TokenKey::new(&["https://h/token", "id"]));
/// store.save(&key, &AccessToken::new("t", SystemTime::UNIX_EPOCH));
/// assert!(store.clone().load(&key).is_some());
/// ```
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
        // The store has no clock. A token that is being saved was received just now.
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
        if let Some(index) = fetching.iter().position(|key| *key == self.key) {
            fetching.swap_remove(index);
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

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn token(value: &str) -> AccessToken {
        AccessToken::new(value, UNIX_EPOCH + Duration::from_secs(9))
            .with_lifetime(Duration::from_secs(7200))
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
}
