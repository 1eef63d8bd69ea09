//! The authentication of requests with bearer tokens.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderValue};
use zeroize::Zeroizing;

use crate::auth::{Auth, Generation, MOST_REPLACEMENTS, Preparation, TokenOrigin};
use crate::error::Error;
use crate::error::input::InputError;
use crate::error::kind::ErrorKind;
use crate::error::response::ResponseError;
use crate::message::{Request, Response};
use crate::oauth::basic::sensitive;
use crate::oauth::grant::Grant;
use crate::oauth::response::{oauth_error, token_response};
use crate::oauth::token_server::TokenServer;
use crate::store::lock_once::{LockAttempt, LockOnce};
use crate::store::{TokenKey, TokenStore};
use crate::token::AccessToken;
use crate::verified_store::{SecretOrigin, VerifiedStore};

/// The id of the token endpoint, for errors and logs.
const ENDPOINT: &str = "oauth.token";

/// An [`Auth`] that adds the header `Authorization: Bearer` to requests, and requests a token if it
/// has none.
///
/// All threads share one token; with a store, all clients and processes share it. The token is used
/// until it expires or a server rejects it with 401. Then a new token is requested (with the
/// refresh token, if there is one) or loaded from the store, and the request is sent again. A late
/// 401 for a token that has already been replaced has no effect on the new token.
///
/// See the example in the module [`oauth`](crate::oauth).
pub struct Bearer {
    server: TokenServer,
    grant: Grant,
    key: TokenKey,
    store: Option<VerifiedStore>,
    lock: LockOnce,
    /// `false` if a store was set although the grant is an authorization code, whose token cannot
    /// be stored.
    is_storable: bool,
    lifetime: Option<Duration>,
    read_error: fn(&Response) -> ResponseError,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// The number of the last token, counted from 1, and its origin.
    last: Generation,
    /// Whether the last prepared request uses the refresh token.
    refreshing: bool,
    /// The number of consecutive tokens from the store that replaced a rejected token and were then
    /// also rejected by the server.
    rejected_replacements: u32,
}

struct Held {
    token: AccessToken,
    header: HeaderValue,
    generation: Generation,
    /// Whether a request was signed with the token. A new token is used once, however short its
    /// lifetime is.
    tried: bool,
    rejected: bool,
    /// Whether this token replaced one that the server rejected.
    replaces: bool,
}

impl Held {
    #[inline]
    fn is_usable(&self, now: SystemTime) -> bool {
        !self.rejected && (!self.tried || self.token.is_fresh(now))
    }
}

impl Bearer {
    /// Creates a signer that requests tokens from `server` with `grant` and keeps them in memory.
    #[inline]
    pub fn new(server: TokenServer, grant: Grant) -> Self {
        Self {
            key: server.key(&grant),
            server,
            grant,
            store: None,
            lock: LockOnce::default(),
            is_storable: true,
            lifetime: None,
            read_error: oauth_error,
            state: Mutex::default(),
        }
    }

    /// Stores tokens in `store`, in addition to memory. Only a client with the same grant and the
    /// same secrets can use them; see [`TokenServer::key`] and [`VerifiedStore`]. The secrets
    /// depend on the grant:
    ///
    /// | grant | secrets of a stored token |
    /// |---|---|
    /// | [`Grant::ClientCredentials`] | client secret |
    /// | [`Grant::Password`] | client secret and password; the user's name is part of the key |
    /// | [`Grant::Refresh`] | client secret and this refresh token |
    /// | [`Grant::AuthorizationCode`] | cannot be stored |
    ///
    /// With [`Grant::Refresh`], the latest refresh token that the server issued is stored as well.
    /// A later process that is given the same initial refresh token continues with the latest one.
    ///
    /// An authorization code is valid once. With a store, a used code, which may be in logs and
    /// browser histories, would grant the same access as the token. With
    /// [`Grant::AuthorizationCode`], [`next_request`](Auth::next_request) therefore returns an
    /// error if there is a store. Exchange the code without a store ([`TokenServer::request`],
    /// [`token_response`]), keep the [refresh token](AccessToken::refresh) with the user's data,
    /// and use [`Grant::Refresh`].
    #[must_use]
    #[inline]
    pub fn with_store(mut self, store: Arc<dyn TokenStore>) -> Self {
        let secret = &self.server.client_secret;
        self.store = match &self.grant {
            Grant::ClientCredentials => {
                Some(VerifiedStore::new(store, &[secret], SecretOrigin::Generated))
            }
            Grant::Password { password, .. } => {
                Some(VerifiedStore::new(store, &[secret, password], SecretOrigin::Chosen))
            }
            Grant::Refresh(token) => {
                Some(VerifiedStore::new(store, &[secret, token], SecretOrigin::Generated))
            }
            Grant::AuthorizationCode { .. } => None,
        };
        self.is_storable = self.store.is_some();
        self
    }

    /// Sets the lifetime of tokens for which the server returns none. By default, such a token is
    /// used until the server rejects it.
    #[must_use]
    #[inline]
    pub fn with_default_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// Sets the function that parses error responses of the token server. Defaults to
    /// [`oauth_error`].
    #[must_use]
    #[inline]
    pub fn with_error_reader(mut self, error: fn(&Response) -> ResponseError) -> Self {
        self.read_error = error;
        self
    }

    #[inline]
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether there is a usable token, in memory or in the store.
    #[inline]
    fn has_token(&self, now: SystemTime) -> bool {
        let state = self.state();
        if state.is_usable(now) {
            return true;
        }
        let seen = state.last;
        let trusted = state.rejected_replacements < MOST_REPLACEMENTS;
        drop(state);
        let stored =
            self.store.as_ref().filter(|_| trusted).and_then(|store| store.load(&self.key));
        let Some(token) = stored else { return false };
        let mut state = self.state();
        // A store that cannot be written to keeps returning the rejected token.
        let news =
            |held: &Held| held.token.value() != token.value() && token.is_as_new_as(&held.token);
        // A token that another thread has requested in the meantime is newer than the one of the
        // store.
        if state.last == seen && state.held.as_ref().is_none_or(news) {
            state.hold(token, TokenOrigin::Store);
        }
        state.is_usable(now)
    }

    #[inline]
    fn read(&self, response: &Response, now: SystemTime) -> Result<AccessToken, ResponseError> {
        if !response.status().is_success() {
            return Err((self.read_error)(response));
        }
        let token = token_response(response, now)?;
        Ok(match (token.lifetime(), self.lifetime) {
            (None, Some(lifetime)) => token.with_lifetime(lifetime),
            _ => token,
        })
    }
}

impl State {
    #[inline]
    fn is_usable(&self, now: SystemTime) -> bool {
        self.held.as_ref().is_some_and(|held| held.is_usable(now))
    }

    /// Makes `token` the current token. Returns `false`, and does nothing, if it is not valid in a
    /// header.
    #[inline]
    fn hold(&mut self, token: AccessToken, origin: TokenOrigin) -> bool {
        let text = Zeroizing::new(["Bearer ", token.value().expose()].concat());
        let Some(header) = sensitive(&text) else { return false };
        self.last = Generation { number: self.last.number + 1, origin };
        let tried = origin == TokenOrigin::Store;
        let replaces = self.held.as_ref().is_some_and(|held| held.rejected);
        if origin == TokenOrigin::Server {
            self.rejected_replacements = 0;
        }
        self.held =
            Some(Held { token, header, generation: self.last, tried, rejected: false, replaces });
        true
    }
}

impl Auth for Bearer {
    #[inline]
    fn is_ready(&self, now: SystemTime) -> bool {
        self.has_token(now)
    }

    #[inline]
    fn next_request(&self, now: SystemTime) -> Result<Option<Preparation>, Error> {
        if !self.is_storable {
            let problem = "cannot be used with an authorization code, which is valid once; exchange \
                           the code without a store and use `Grant::Refresh`";
            return Err(InputError::new("token store", problem).into());
        }
        if self.has_token(now) {
            return Ok(None);
        }
        let acquire = |store: &VerifiedStore| self.lock.acquire(|| store.lock(&self.key));
        let LockAttempt { was_tried, guard } = self.store.as_ref().map(acquire).unwrap_or_default();
        if was_tried && self.has_token(now) {
            return Ok(None); // Another client has stored a token in the meantime.
        }
        let mut state = self.state();
        let refresh = state.held.as_ref().and_then(|held| held.token.refresh().cloned());
        state.refreshing = refresh.is_some();
        let request = match refresh {
            Some(refresh) => self.server.request(&Grant::Refresh(refresh))?,
            None => self.server.request(&self.grant)?,
        };
        Ok(Some(Preparation { endpoint: ENDPOINT, request, guard }))
    }

    #[inline]
    fn handle_response(&self, response: Response, now: SystemTime) -> Result<(), Error> {
        let result = self.read(&response, now);
        let mut guard = self.state();
        let state = &mut *guard;
        let token = match (result, &mut state.held) {
            (Ok(token), Some(held)) => token.after(&held.token),
            (Ok(token), None) => token,
            (Err(_), Some(held))
                if state.refreshing && matches!(response.status().as_u16(), 400 | 401) =>
            {
                // The refresh token has expired: the next request uses the grant.
                held.token.drop_refresh();
                return Ok(());
            }
            (Err(error), _) => return Err(Error::from_response(error, response)),
        };
        if !state.hold(token.clone(), TokenOrigin::Server) {
            let error = ResponseError::new(ErrorKind::Decode)
                .with_message("access_token: is not valid in a header");
            return Err(Error::from_response(error, response));
        }
        drop(guard);
        if let Some(store) = &self.store {
            store.save(&self.key, &token);
        }
        Ok(())
    }

    #[inline]
    fn sign(
        &self,
        request: &mut Request,
        generation: &mut Generation,
        _: SystemTime,
    ) -> Result<(), Error> {
        let mut state = self.state();
        // A token that another thread found to be rejected in the meantime is sent nevertheless:
        // the 401 of this request leads to a new token.
        let held = state
            .held
            .as_mut()
            .ok_or_else(|| InputError::new("token", "has not been requested"))?;
        held.tried = true;
        request.headers_mut().insert(AUTHORIZATION, held.header.clone());
        *generation = held.generation;
        Ok(())
    }

    #[inline]
    fn invalidate_if_rejected(&self, response: &Response, generation: Generation) -> bool {
        let mut state = self.state();
        if response.status() != StatusCode::UNAUTHORIZED {
            state.rejected_replacements = 0;
            if response.status().is_success() {
                self.lock.succeeded();
            }
            return false;
        }
        let current = |held: &&mut Held| generation == held.generation;
        let rejected = state.held.as_mut().filter(current).map(|held| {
            // Each token counts once, however many threads sent it.
            let was_rejected = std::mem::replace(&mut held.rejected, true);
            let is_replacement = held.replaces && generation.origin == TokenOrigin::Store;
            (held.token.clone(), is_replacement && !was_rejected)
        });
        let rejected = rejected.map(|(token, was_replacement)| {
            state.rejected_replacements += u32::from(was_replacement);
            token
        });
        drop(state);
        if let (Some(token), Some(store)) = (rejected, &self.store) {
            store.forget(&self.key, &token);
        }
        true
    }

    /// Returns `None` once there is a token, because the server has then accepted the credentials.
    #[inline]
    fn spaced_credential(&self) -> Option<&'static str> {
        let is_accepted = self.state().held.is_some();
        if is_accepted { None } else { self.server.spaced_credential(&self.grant) }
    }
}

impl fmt::Debug for Bearer {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearer")
            .field("server", &self.server)
            .field("grant", &self.grant)
            .field("stored", &self.store.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
