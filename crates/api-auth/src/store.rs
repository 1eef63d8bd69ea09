//! Storage of tokens, shared by clients and processes.

pub(crate) mod file;
pub(crate) mod folder;
pub(crate) mod lock_once;
pub(crate) mod memory;
pub(crate) mod owner;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::error::input::InputError;
use crate::token::AccessToken;

/// The timeout for a lock that another client holds while it requests the same token.
const PATIENCE: Duration = Duration::from_secs(60);

/// Removes the token under `key` from a store. Returns whether the store contained a token.
///
/// # Errors
/// Returns an error if the store still contains a token.
pub fn forget_token(
    store: Option<&Arc<dyn TokenStore>>,
    key: &TokenKey,
) -> Result<bool, InputError> {
    let Some((store, token)) = store.and_then(|store| Some((store, store.load(key)?))) else {
        return Ok(false);
    };
    store.forget(key, &token);
    match store.load(key) {
        None => Ok(true),
        Some(_) => Err(InputError::new("token store", "the token cannot be removed")),
    }
}

/// A store of tokens, so that the next client, process or machine does not have to request a new
/// token.
///
/// Its methods do not return errors: a token that cannot be read counts as absent, and a token that
/// cannot be written costs an additional token request. An implementation that uses a network
/// stores the result of [`AccessToken::to_text`]:
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
/// use api_auth::{AccessToken, TokenKey, TokenStore};
///
/// /// A placeholder for a client of Redis or a similar store with string values.
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
    /// Returns the token under `key`, expired or not. Returns `None` if there is none, or if it
    /// cannot be read.
    fn load(&self, key: &TokenKey) -> Option<AccessToken>;

    /// Stores `token` under `key`, in place of the previous one.
    fn save(&self, key: &TokenKey, token: &AccessToken);

    /// Removes `token`, which a server rejected. A different token under the same key is kept.
    fn forget(&self, key: &TokenKey, token: &AccessToken);

    /// Waits until no other client requests a token for `key`, and makes others wait until the
    /// returned guard is dropped. Returns `None` if the store does not support locks, or if the
    /// wait timed out. After `None`, a client does not lock the key again until one of its requests
    /// has succeeded, so a lock that is never released delays each request at most once.
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

/// The key of a stored token: a hash of values such as the URL of the token server, the client id
/// and the scope; see [`TokenServer::key`](crate::oauth::TokenServer::key).
///
/// See the example in [`TokenKey::new`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenKey(String);

impl TokenKey {
    /// Creates a key from its parts, such as the token URL, client id and scope. Their order
    /// matters.
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

    /// Returns the key as 64 hex digits, which can be used as a file name.
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[inline]
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(crate) mod stuck;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

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
}
