//! Authentication of requests in a session: opens, stores and reopens the session.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use api_auth::hmac::form_digest::{self, ENCODING, FormDigest};
use api_auth::{
    AccessToken, Auth, Endpoint, Error, Generation, InputError, LockAttempt, LockOnce,
    MOST_REPLACEMENTS, Preparation, Request, Response, Secret, TokenKey, TokenOrigin,
    UnsignedRequest, VerifiedStore,
};

use super::connect::{self, Connect};
use crate::error;

/// The parameter that contains the token of a session.
const TOKEN: &str = "token";

/// An [`Auth`] that signs requests in a session.
///
/// With a request `connect`, it opens a session before the first request. If the server rejects the
/// token of an attempt, the attempt is repeated once with a new token. If the rejected token is
/// from a store, which may contain a newer one, it can be replaced several times. Without
/// `connect`, a rejected token is not replaced.
pub(crate) struct SessionAuth {
    signer: FormDigest,
    base_url: String,
    state: Mutex<State>,
    store: Option<(TokenKey, VerifiedStore)>,
    lock: LockOnce,
}

struct State {
    token: Option<Secret>,
    /// The origin of the token, and its number. Each new token gets the next number.
    generation: Generation,
    /// Whether the server rejected the token. The token is kept for requests that are being signed
    /// with it, each of which can be sent once more.
    is_rejected: bool,
    /// Whether the token replaced one that the server had rejected.
    replaces: bool,
    /// The number of consecutive tokens from the store that replaced a rejected token and were
    /// rejected by the server as well.
    rejected_replacements: u32,
    /// The request that opens a session. `None` if the passphrase is unknown or was removed.
    connect: Option<Connect>,
}

impl SessionAuth {
    /// Creates the authentication of a session with this token. Without a token, the session is
    /// opened before the first request.
    pub(crate) fn new(
        signer: FormDigest,
        base_url: &str,
        token: Option<Secret>,
        connect: Option<Connect>,
    ) -> Self {
        let state = State {
            token,
            generation: Generation::default(),
            is_rejected: false,
            replaces: false,
            rejected_replacements: 0,
            connect,
        };
        Self {
            signer,
            base_url: base_url.to_owned(),
            state: Mutex::new(state),
            store: None,
            lock: LockOnce::default(),
        }
    }

    /// Stores the session's token in `store` under `key`, so that other clients and processes can
    /// use the same session.
    #[must_use]
    pub(crate) fn with_store(mut self, key: TokenKey, store: VerifiedStore) -> Self {
        self.store = Some((key, store));
        self
    }

    /// Returns the current token, or `None` if there is none or the server rejected it. Until the
    /// session expires, the token grants the same access as the credentials.
    pub(crate) fn token(&self) -> Option<Secret> {
        let state = self.state();
        state.token.clone().filter(|_| !state.is_rejected)
    }

    /// Removes the passphrase, so that the session is not reopened.
    pub(crate) fn forget_passphrase(&self) {
        self.state().connect = None;
    }

    /// Removes the passphrase, and removes the token from the store, so that no other client uses
    /// the session. The token is kept in memory for the request that closes the session.
    pub(crate) fn close(&self) {
        self.forget_passphrase();
        if let Some(token) = self.token() {
            self.remove_from_store(token);
        }
    }

    fn remove_from_store(&self, token: Secret) {
        if let Some((key, store)) = &self.store {
            store.forget(key, &AccessToken::new(token, SystemTime::UNIX_EPOCH));
        }
    }

    /// Returns whether there is a usable token, in memory or in the store.
    fn has_token(&self) -> bool {
        let state = self.state();
        if state.is_open() {
            return true;
        }
        let seen = state.generation;
        let is_trusted = state.rejected_replacements < MOST_REPLACEMENTS;
        drop(state);
        let stored =
            self.store.as_ref().filter(|_| is_trusted).and_then(|(key, store)| store.load(key));
        let Some(stored) = stored else { return false };
        let mut state = self.state();
        // A store that cannot be written to keeps returning the rejected token.
        let is_new = state.token.as_ref() != Some(stored.value());
        // A session that another thread opened in the meantime is newer than the one in the store.
        if state.generation == seen && is_new {
            state.set_token(stored.value().clone(), TokenOrigin::Store);
        }
        state.is_open()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Builds and signs the request that opens a session.
    fn connect_request(&self, connect: &Connect, now: SystemTime) -> Result<Request, Error> {
        let mut generation = Generation::default();
        let mut unsigned = UnsignedRequest::of(connect)?;
        self.signer.add_parameters(&mut unsigned, &mut generation, now)?;
        let mut request = unsigned.encode(&self.base_url, ENCODING)?;
        self.signer.sign(&mut request, &mut generation, now)?;
        Ok(request)
    }
}

impl State {
    fn is_open(&self) -> bool {
        self.token.is_some() && !self.is_rejected
    }

    fn set_token(&mut self, token: Secret, origin: TokenOrigin) {
        self.token = Some(token);
        self.generation = Generation::new(self.generation.number + 1).with_origin(origin);
        self.replaces = self.is_rejected;
        self.is_rejected = false;
        if origin == TokenOrigin::Server {
            self.rejected_replacements = 0;
        }
    }
}

fn not_open() -> Error {
    InputError::new("session", "is not open").into()
}

impl Auth for SessionAuth {
    fn is_ready(&self, _: SystemTime) -> bool {
        self.has_token()
    }

    fn next_request(&self, now: SystemTime) -> Result<Option<Preparation>, Error> {
        if self.has_token() {
            return Ok(None);
        }
        let acquire =
            |(key, store): &(TokenKey, VerifiedStore)| self.lock.acquire(|| store.lock(key));
        let LockAttempt { was_tried, guard } = self.store.as_ref().map(acquire).unwrap_or_default();
        if was_tried && self.has_token() {
            return Ok(None); // Another client opened it in the meantime.
        }
        let state = self.state();
        let Some(connect) = &state.connect else { return Err(not_open()) };
        let request = self.connect_request(connect, now)?;
        Ok(Some(Preparation::new(Connect::ID, request).with_guard(guard)))
    }

    fn handle_response(&self, response: Response, now: SystemTime) -> Result<(), Error> {
        if !response.status().is_success() {
            return Err(Error::from_response(error::read_login(&response), response));
        }
        match connect::token(&response) {
            Ok(token) => {
                if let Some((key, store)) = &self.store {
                    store.save(key, &AccessToken::new(token.clone(), now));
                }
                self.state().set_token(token, TokenOrigin::Server);
                Ok(())
            }
            Err(error) => Err(Error::from_response(error, response)),
        }
    }

    fn add_parameters(
        &self,
        unsigned: &mut UnsignedRequest<'_>,
        generation: &mut Generation,
        now: SystemTime,
    ) -> Result<(), Error> {
        let state = self.state();
        let token = state.token.as_ref().ok_or_else(not_open)?;
        *generation = state.generation;
        form_digest::form(unsigned)?.push(TOKEN, token.expose().to_owned());
        drop(state);
        self.signer.add_parameters(unsigned, &mut Generation::default(), now)
    }

    fn sign(
        &self,
        request: &mut Request,
        generation: &mut Generation,
        now: SystemTime,
    ) -> Result<(), Error> {
        self.signer.sign(request, generation, now)
    }

    fn invalidate_if_rejected(&self, response: &Response, generation: Generation) -> bool {
        let mut state = self.state();
        if !error::session_expired(response) {
            state.rejected_replacements = 0;
            if response.status().is_success() {
                self.lock.succeeded();
            }
            return false;
        }
        let can_reopen = state.connect.is_some();
        if generation != state.generation {
            return can_reopen; // Another thread already has a new token.
        }
        let Some(token) = state.token.clone() else { return can_reopen };
        // Each token is counted once, even if several threads sent it.
        let counts =
            state.replaces && generation.origin == TokenOrigin::Store && !state.is_rejected;
        state.is_rejected = can_reopen;
        state.rejected_replacements += u32::from(counts);
        drop(state);
        self.remove_from_store(token);
        can_reopen
    }

    /// Returns `None` once the server has opened a session, because the server has then accepted
    /// the credentials.
    fn spaced_credential(&self) -> Option<&'static str> {
        let state = self.state();
        if state.generation.number > 0 {
            return None;
        }
        let connect = || state.connect.as_ref()?.spaced_credential();
        self.signer.spaced_credential().or_else(connect)
    }
}

impl fmt::Debug for SessionAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionAuth").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
