//! OAuth 2: pure functions that build requests for tokens and parse their responses, and
//! [`Bearer`], which signs requests with the token.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use api_auth::oauth::{Grant, TokenServer, token_reply};
//!
//! let server = TokenServer::new("https://api.example.com/token", "id", "secret")?;
//! let request = server.request(&Grant::Refresh("r1".into()))?;
//! assert_eq!(
//!     request.body(),
//!     b"grant_type=refresh_token&refresh_token=r1&client_id=id&client_secret=secret"
//! );
//!
//! let reply = api_auth::Response::new(br#"{"access_token":"t","expires_in":"3600"}"#.to_vec());
//! let token = token_reply(&reply, SystemTime::UNIX_EPOCH)?;
//! assert_eq!(token.lifetime(), Some(Duration::from_secs(3600)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode, Uri};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::auth::MOST_REPLACEMENTS;
use crate::store::lock_once::{LockAttempt, LockOnce};
use crate::{
    AccessToken, Auth, Encoding, Error, ErrorKind, ExtraFields, Generation, HmacKey, InputError,
    Params, Preparation, Request, Response, ResponseError, Secret, SecretOrigin, TokenKey,
    TokenOrigin, TokenStore, VerifiedStore, json, status_error, validate,
};

/// The id of the token endpoint, for errors and logs.
const ENDPOINT: &str = "oauth.token";

/// The method by which a client authenticates to a token server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// `client_id` and `client_secret` as parameters of a form body.
    #[default]
    Form,
    /// `client_id` and `client_secret` as members of a JSON object.
    Json,
    /// `Authorization: Basic`, with the other parameters in a form body.
    Basic,
}

/// The grant that a token is requested with.
#[derive(Debug, Clone)]
pub enum Grant {
    /// The id and secret of the client.
    ClientCredentials,
    /// An authorization code, with which the server redirected a user to the client.
    AuthorizationCode {
        /// The code. It is valid once.
        code: Secret,
        /// The redirect URI of the authorization request, unchanged.
        redirect_uri: String,
        /// The code verifier of the authorization request, if it used PKCE.
        verifier: Option<Secret>,
    },
    /// The name and password of a user.
    Password {
        /// The user's name.
        username: String,
        /// The user's password.
        password: Secret,
    },
    /// The refresh token of the last response.
    Refresh(Secret),
}

/// A token server, and a client that requests tokens from it.
#[derive(Debug, Clone)]
pub struct TokenServer {
    url: Uri,
    client_id: String,
    client_secret: Secret,
    scope: Option<String>,
    authentication: ClientAuthentication,
    grant_type: bool,
}

impl TokenServer {
    /// Creates a token server with the token endpoint `url`, for a client.
    ///
    /// # Errors
    /// Returns an error if `url` is not a URL or contains a user name or password, or if the id or
    /// secret is empty or contains control characters.
    #[inline]
    pub fn new(
        url: &str,
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
    ) -> Result<Self, InputError> {
        let url = Uri::try_from(url)
            .ok()
            .filter(|url| url.scheme().is_some() && url.host().is_some())
            .ok_or_else(|| InputError::new("token URL", "is not a URL"))?;
        if url.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(InputError::new("token URL", "must not contain a user name or password"));
        }
        let (client_id, client_secret) = (client_id.into(), client_secret.into());
        if client_id.is_empty() {
            return Err(InputError::new("client_id", "must not be empty"));
        }
        if client_secret.is_empty() {
            return Err(InputError::new("client_secret", "must not be empty"));
        }
        validate::no_control("client_id", &client_id)?;
        validate::no_control("client_secret", client_secret.expose())?;
        Ok(Self {
            url,
            client_id,
            client_secret,
            scope: None,
            authentication: ClientAuthentication::Form,
            grant_type: true,
        })
    }

    /// Sets the scope to request.
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Sets how the client authenticates. Defaults to [`ClientAuthentication::Form`].
    #[must_use]
    pub fn with_authentication(mut self, authentication: ClientAuthentication) -> Self {
        self.authentication = authentication;
        self
    }

    /// Omits `grant_type` from the client credentials request, for servers that know no other
    /// grant.
    #[must_use]
    pub fn without_grant_type(mut self) -> Self {
        self.grant_type = false;
        self
    }

    /// Returns the request for a token, which only lacks headers such as `user-agent`.
    ///
    /// # Errors
    /// Returns an error for [`ClientAuthentication::Basic`] if the client id contains a colon.
    #[inline]
    pub fn request(&self, grant: &Grant) -> Result<Request, InputError> {
        let mut params = Params::new();
        self.parameters(grant, &mut params);
        let mut request = Request::default();
        *request.method_mut() = Method::POST;
        request.uri_mut().clone_from(&self.url);
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let (content_type, body) = match self.authentication {
            ClientAuthentication::Basic => {
                let value = basic(&self.client_id, &self.client_secret)?;
                request.headers_mut().insert(AUTHORIZATION, value);
                let form = (!params.is_empty()).then_some(form);
                (form, Encoding::Form.text(&params))
            }
            ClientAuthentication::Form => (Some(form), Encoding::Form.text(&params)),
            ClientAuthentication::Json => {
                let mut object = Map::<String, Value>::new();
                for (name, value) in params.iter() {
                    object.insert(name.to_owned(), value.into());
                }
                let json = HeaderValue::from_static("application/json");
                (Some(json), Value::from(object).to_string())
            }
        };
        if let Some(value) = content_type {
            request.headers_mut().insert(CONTENT_TYPE, value);
        }
        *request.body_mut() = body.into_bytes();
        Ok(request)
    }

    /// Adds the parameters of the request for a token, for callers that send it by other means:
    /// those of the grant, the scope, and the client's id and secret unless these are sent in a
    /// header.
    #[inline]
    pub fn parameters<'a>(&'a self, grant: &'a Grant, params: &mut Params<'a>) {
        match grant {
            Grant::ClientCredentials => {
                params.push_some("grant_type", self.grant_type.then_some("client_credentials"));
            }
            Grant::AuthorizationCode { code, redirect_uri, verifier } => {
                params
                    .push("grant_type", "authorization_code")
                    .push("code", code.expose())
                    .push("redirect_uri", redirect_uri)
                    .push_some("code_verifier", verifier.as_ref().map(Secret::expose));
            }
            Grant::Password { username, password } => {
                params
                    .push("grant_type", "password")
                    .push("username", username)
                    .push("password", password.expose());
            }
            Grant::Refresh(token) => {
                params.push("grant_type", "refresh_token").push("refresh_token", token.expose());
            }
        }
        if self.authentication != ClientAuthentication::Basic {
            params
                .push("client_id", &self.client_id)
                .push("client_secret", self.client_secret.expose());
        }
        params.push_some("scope", self.scope.as_deref());
    }

    /// Returns the key under which tokens of this server, client, scope and grant are stored. The
    /// key contains the kind of the grant, the user's name for a password grant, and a hash of a
    /// refresh token or code. That hash is keyed with the client secret, so it cannot be compared
    /// with hashes made elsewhere.
    ///
    /// The client secret and a password are not part of the key. While two secrets of one client id
    /// are valid (secret rotation), clients with the old and the new secret use the same key: each
    /// ignores the other's token and replaces it. This costs additional token requests, but no
    /// request fails. Use a separate store for each secret to avoid that.
    #[inline]
    pub fn key(&self, grant: &Grant) -> TokenKey {
        let scope = self.scope.as_deref().unwrap_or_default();
        let hash = |secret: &Secret| {
            let key = HmacKey::new("client_secret", &self.client_secret).ok();
            key.map(|key| key.sign(&[secret.expose().as_bytes()]).hex().to_string())
        };
        let (kind, owner) = match grant {
            Grant::ClientCredentials => ("client_credentials", None),
            Grant::AuthorizationCode { code, .. } => ("authorization_code", hash(code)),
            Grant::Password { username, .. } => ("password", Some(username.clone())),
            Grant::Refresh(token) => ("refresh_token", hash(token)),
        };
        let owner = owner.unwrap_or_default();
        TokenKey::new(&[&self.url.to_string(), &self.client_id, scope, kind, &owner])
    }
}

/// Returns the value of `Authorization` for HTTP Basic, marked as sensitive.
///
/// # Errors
/// Returns an error if the id contains a colon, which would end it.
#[inline]
pub fn basic(client_id: &str, client_secret: &Secret) -> Result<HeaderValue, InputError> {
    if client_id.contains(':') {
        return Err(InputError::new("client_id", "must not hold a colon"));
    }
    let pair = Zeroizing::new([client_id, ":", client_secret.expose()].concat());
    let text = Zeroizing::new(["Basic ", &STANDARD.encode(pair.as_bytes())].concat());
    sensitive(&text).ok_or_else(|| InputError::new("client_id", "cannot be sent in a header"))
}

#[inline]
fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// An [`Auth`] that signs requests with `Authorization: Basic`, for servers that accept it instead
/// of a token.
#[derive(Debug, Clone)]
pub struct Basic(HeaderValue);

impl Basic {
    /// Creates an auth with this id and secret.
    ///
    /// # Errors
    /// Returns an error if the id is empty or contains a colon, if the secret is empty, or if one
    /// of them contains control characters.
    #[inline]
    pub fn new(client_id: &str, client_secret: &Secret) -> Result<Self, InputError> {
        if client_id.is_empty() {
            return Err(InputError::new("client_id", "must not be empty"));
        }
        if client_secret.is_empty() {
            return Err(InputError::new("client_secret", "must not be empty"));
        }
        validate::no_control("client_id", client_id)?;
        validate::no_control("client_secret", client_secret.expose())?;
        basic(client_id, client_secret).map(Self)
    }
}

impl Auth for Basic {
    #[inline]
    fn sign(&self, request: &mut Request, _: &mut Generation, _: SystemTime) -> Result<(), Error> {
        request.headers_mut().insert(AUTHORIZATION, self.0.clone());
        Ok(())
    }
}

/// Returns the URL at which a user authorizes a client: the first step of
/// [`Grant::AuthorizationCode`]. The server returns `state` with the user. Compare it.
///
/// ```
/// use api_auth::oauth::authorization_url;
///
/// let url = authorization_url("https://h/authorize", "id", "https://shop/back", "a,b", "x1");
/// assert_eq!(
///     url,
///     "https://h/authorize?response_type=code&client_id=id&redirect_uri=https%3A%2F%2Fshop%2Fback\
///      &scope=a%2Cb&state=x1"
/// );
/// ```
#[inline]
pub fn authorization_url(
    url: &str,
    client_id: &str,
    redirect_uri: &str,
    scope: &str,
    state: &str,
) -> String {
    let mut params = Params::new();
    params
        .push("response_type", "code")
        .push("client_id", client_id)
        .push("redirect_uri", redirect_uri)
        .push_some("scope", Some(scope).filter(|scope| !scope.is_empty()))
        .push("state", state);
    [url, "?", &Encoding::Form.text(&params)].concat()
}

/// Returns the PKCE code challenge (RFC 7636, method `S256`) of a code verifier.
///
/// ```
/// use api_auth::{Secret, oauth::code_challenge};
///
/// let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
/// assert_eq!(code_challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
/// ```
pub fn code_challenge(verifier: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose().as_bytes()))
}

/// Parses the response to a request for a token, which was received at `now`.
///
/// # Errors
/// Returns the error of [`oauth_error`] if the status is not a success or the response contains
/// `error` and no token, and a [`ErrorKind::Decode`] error if it contains neither.
#[inline]
pub fn token_reply(response: &Response, now: SystemTime) -> Result<AccessToken, ResponseError> {
    if !response.status().is_success() {
        return Err(oauth_error(response));
    }
    let fields: ExtraFields = json(response)?;
    let filled = |name| fields.text(name).filter(|text| !text.is_empty());
    let Some(value) = filled("access_token") else {
        let missing =
            || ResponseError::new(ErrorKind::Decode).with_message("access_token: missing");
        return Err(refusal(response, &fields).unwrap_or_else(missing));
    };
    let mut token = AccessToken::new(value, now);
    if let Some(seconds) = fields.integer("expires_in") {
        token = token.with_lifetime(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)));
    }
    if let Some(refresh) = filled("refresh_token") {
        token = token.with_refresh(refresh);
    }
    if let Some(scope) = fields.text("scope") {
        token = token.with_scope(scope);
    }
    Ok(token)
}

/// Parses the error response of a token server, `{"error":"...","error_description":"..."}`. A
/// rejected client or grant is [`ErrorKind::Auth`], whatever the status.
#[inline]
pub fn oauth_error(response: &Response) -> ResponseError {
    let fields = json(response).unwrap_or_default();
    refusal(response, &fields).unwrap_or_else(|| status_error(response))
}

#[inline]
fn refusal(response: &Response, fields: &ExtraFields) -> Option<ResponseError> {
    let code = fields.text("error")?;
    let credentials = matches!(
        code.as_str(),
        "invalid_client" | "invalid_grant" | "unauthorized_client" | "access_denied"
    );
    let error = if credentials {
        ResponseError::new(ErrorKind::Auth)
    } else {
        ResponseError::of_status(response.status())
    };
    Some(match fields.text("error_description") {
        Some(text) => error.with_code(code).with_message(text),
        None => error.with_code(code),
    })
}

/// An [`Auth`] that signs requests with `Authorization: Bearer`, and requests a token if it has
/// none.
///
/// All threads share one token, and with a store all clients and processes do. It is used until it
/// expires or a server rejects it with 401. Then a new token is requested (with its refresh token,
/// if there is one) and the request is sent once more. A late 401 for a token that was replaced
/// already has no effect on the new token.
pub struct Bearer {
    server: TokenServer,
    grant: Grant,
    key: TokenKey,
    store: Option<VerifiedStore>,
    lock: LockOnce,
    /// Whether tokens of the grant may be stored, if there is a store.
    is_storable: bool,
    lifetime: Option<Duration>,
    read_error: fn(&Response) -> ResponseError,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// The number of the last token, from 1, and its origin.
    last: Generation,
    /// Whether the last prepared request uses the refresh token.
    refreshing: bool,
    /// The number of tokens in a row that came from the store to replace a rejected one and that
    /// the server rejected, too.
    rejected_replacements: u32,
}

struct Held {
    token: AccessToken,
    header: HeaderValue,
    generation: Generation,
    /// Whether the token was used. A new token is used once, however short its lifetime is.
    tried: bool,
    refused: bool,
    /// Whether it replaced a token that the server rejected.
    replaces: bool,
}

impl Held {
    fn is_usable(&self, now: SystemTime) -> bool {
        !self.refused && (!self.tried || self.token.is_fresh(now))
    }
}

impl Bearer {
    /// Creates an auth that requests tokens from `server` with `grant` and keeps them in memory.
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

    /// Also stores tokens in `store`. Only a client with the same grant and the same secrets uses
    /// them; see [`TokenServer::key`] and [`VerifiedStore`]:
    ///
    /// | grant | secrets of a stored token |
    /// |---|---|
    /// | [`Grant::ClientCredentials`] | client secret |
    /// | [`Grant::Password`] | client secret and password; the user's name is part of the key |
    /// | [`Grant::Refresh`] | client secret and this refresh token |
    /// | [`Grant::AuthorizationCode`] | cannot be stored |
    ///
    /// With [`Grant::Refresh`] the store also contains the refresh tokens that the server issued
    /// since. A later process with the same first refresh token continues with the last one.
    ///
    /// An authorization code is valid once. With a store, a used code, which may be in logs and
    /// browser histories, would grant the same access as the token. With
    /// [`Grant::AuthorizationCode`], [`next_request`](Auth::next_request) therefore returns an
    /// error if there is a store. Exchange the code without a store ([`TokenServer::request`],
    /// [`token_reply`]), keep the [refresh token](AccessToken::refresh) with the user's data, and
    /// use [`Grant::Refresh`].
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

    /// Sets the lifetime of tokens whose response has none. By default such a token is used until
    /// the server rejects it.
    #[must_use]
    pub fn with_default_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// Sets the function that parses error responses of the token server. Defaults to
    /// [`oauth_error`].
    #[must_use]
    pub fn with_error_reader(mut self, error: fn(&Response) -> ResponseError) -> Self {
        self.read_error = error;
        self
    }

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
        // A store that cannot be written keeps returning the rejected token.
        let news =
            |held: &Held| held.token.value() != token.value() && token.is_as_new_as(&held.token);
        // A token that another thread requested meanwhile is newer than the one of the store.
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
        let token = token_reply(response, now)?;
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

    /// Makes `token` the current one, and returns whether it is valid in a header.
    #[inline]
    fn hold(&mut self, token: AccessToken, origin: TokenOrigin) -> bool {
        let text = Zeroizing::new(["Bearer ", token.value().expose()].concat());
        let Some(header) = sensitive(&text) else { return false };
        self.last = Generation { number: self.last.number + 1, origin };
        let tried = origin == TokenOrigin::Store;
        let replaces = self.held.as_ref().is_some_and(|held| held.refused);
        if origin == TokenOrigin::Server {
            self.rejected_replacements = 0;
        }
        self.held =
            Some(Held { token, header, generation: self.last, tried, refused: false, replaces });
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
            return Ok(None); // Another client fetched it meanwhile.
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
            let error =
                ResponseError::new(ErrorKind::Decode).with_message("access_token: is no token");
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
        // A token that was rejected meanwhile, in another thread, is sent nevertheless: the 401 of
        // this request leads to a new token.
        let held =
            state.held.as_mut().ok_or_else(|| InputError::new("token", "was not fetched"))?;
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
        let refused = state.held.as_mut().filter(current).map(|held| {
            held.refused = true;
            (held.token.clone(), held.replaces && generation.origin == TokenOrigin::Store)
        });
        let refused = refused.map(|(token, was_replacement)| {
            state.rejected_replacements += u32::from(was_replacement);
            token
        });
        drop(state);
        if let (Some(token), Some(store)) = (refused, &self.store) {
            store.forget(&self.key, &token);
        }
        true
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
mod tests {
    use super::*;
    use crate::store::stuck::{BusyStore, EndlessStore, StuckStore};
    use crate::{
        Client, Credential, FileStore, ManualClock, MemoryStore, Provider, RawEndpoint, Server,
        Settings, TransportError,
    };
    use std::time::UNIX_EPOCH;

    const PROVIDER: Provider = Provider {
        name: "test",
        user_agent: "test/0",
        encoding: Encoding::Form,
        retry_statuses: &[429, 502, 503, 504],
        secret_parameters: &[],
        read_error: status_error,
    };

    fn server() -> TokenServer {
        TokenServer::new("https://h.example/token", "id", "s&cret").unwrap()
    }

    fn body(server: &TokenServer, grant: &Grant) -> String {
        String::from_utf8(server.request(grant).unwrap().into_body()).unwrap()
    }

    /// A token server and an API in one: the requests that it received, and its responses.
    #[derive(Default)]
    struct World {
        /// The bodies of the token requests.
        fetched: Vec<String>,
        /// The tokens of the requests to the API.
        used: Vec<String>,
        /// Tokens that are rejected from now on.
        revoked: Vec<String>,
        /// The JSON of a token response after the token, instead of a lifetime of 7200 s.
        rest: Option<&'static str>,
        /// The status of responses to refresh tokens.
        refresh_status: u16,
        /// The number of requests for a token that fail before others succeed.
        failures: u32,
    }

    type Shared = Arc<Mutex<World>>;

    fn answer(world: &Shared, request: &Request) -> Response {
        let mut world = world.lock().unwrap();
        let reply = |status, text: String| {
            http::Response::builder().status(status).body(text.into_bytes()).unwrap()
        };
        if request.uri().path() == "/token" {
            let body = String::from_utf8(request.body().clone()).unwrap();
            let refused = world.refresh_status >= 400 && body.contains("refresh_token");
            world.fetched.push(body);
            if world.failures > 0 {
                world.failures -= 1;
                return reply(503, String::new());
            }
            if refused {
                return reply(world.refresh_status, r#"{"error":"invalid_grant"}"#.to_owned());
            }
            let rest = world.rest.unwrap_or(r#","expires_in":7200"#);
            return reply(200, format!(r#"{{"access_token":"t{}"{rest}}}"#, world.fetched.len()));
        }
        let token = request.headers()[AUTHORIZATION].to_str().unwrap();
        let token = token.strip_prefix("Bearer ").unwrap().to_owned();
        world.used.push(token.clone());
        reply(if world.revoked.contains(&token) { 401 } else { 200 }, String::new())
    }

    fn client_of(bearer: Bearer, world: &Shared, clock: &ManualClock) -> Client {
        static TEST: Provider = PROVIDER;
        let world = world.clone();
        let mut settings = Settings::default();
        settings.clock(Arc::new(clock.clone()));
        settings.transport(Arc::new(move |request: Request| -> Result<_, TransportError> {
            Ok(answer(&world, &request))
        }));
        let credentials: Vec<(_, Arc<dyn Auth>)> = vec![(Credential::MAIN, Arc::new(bearer))];
        settings
            .build(&TEST, &[(Server::MAIN, "base_url", "https://h.example")], credentials)
            .unwrap()
    }

    fn clock() -> ManualClock {
        ManualClock::at_unix(1_700_000_000)
    }

    fn bearer() -> Bearer {
        Bearer::new(server(), Grant::ClientCredentials)
    }

    /// Returns a store that always returns this token.
    fn stuck(token: &AccessToken) -> StuckStore {
        StuckStore::verified(&server().key(&Grant::ClientCredentials), "s&cret", token)
    }

    fn call(client: &Client) -> Result<Vec<u8>, Error> {
        client.send(&RawEndpoint::new(Method::POST, "/call"))
    }

    fn used(world: &Shared) -> Vec<String> {
        world.lock().unwrap().used.clone()
    }

    fn fetches(world: &Shared) -> usize {
        world.lock().unwrap().fetched.len()
    }

    #[test]
    fn client_credentials_in_each_of_three_ways() {
        let form = server().without_grant_type();
        assert_eq!(body(&form, &Grant::ClientCredentials), "client_id=id&client_secret=s%26cret");
        let scoped = server().with_scope("a b");
        assert_eq!(
            body(&scoped, &Grant::ClientCredentials),
            "grant_type=client_credentials&client_id=id&client_secret=s%26cret&scope=a+b"
        );
        let json = form.clone().with_authentication(ClientAuthentication::Json).with_scope("read");
        assert_eq!(
            body(&json, &Grant::ClientCredentials),
            r#"{"client_id":"id","client_secret":"s&cret","scope":"read"}"#
        );
        let basic = form.with_authentication(ClientAuthentication::Basic);
        let request = basic.request(&Grant::ClientCredentials).unwrap();
        assert_eq!(request.headers()[AUTHORIZATION], "Basic aWQ6cyZjcmV0");
        assert!(request.headers()[AUTHORIZATION].is_sensitive());
        assert!(request.body().is_empty() && request.headers().len() == 1);
    }

    #[test]
    fn the_other_grants_as_form_bodies() {
        let code = Grant::AuthorizationCode {
            code: "c/1".into(),
            redirect_uri: "https://shop/back".to_owned(),
            verifier: Some("v".into()),
        };
        assert_eq!(
            body(&server(), &code),
            "grant_type=authorization_code&code=c%2F1&redirect_uri=https%3A%2F%2Fshop%2Fback\
             &code_verifier=v&client_id=id&client_secret=s%26cret"
        );
        let password = Grant::Password { username: "ann".to_owned(), password: "p w".into() };
        let basic = server().with_authentication(ClientAuthentication::Basic);
        assert_eq!(body(&basic, &password), "grant_type=password&username=ann&password=p+w");
        assert_eq!(
            body(&basic, &Grant::Refresh("r".into())),
            "grant_type=refresh_token&refresh_token=r"
        );
    }

    #[test]
    fn wrong_settings_are_refused_by_name() {
        let refused =
            |url, id, secret| TokenServer::new(url, id, secret).unwrap_err().argument().to_owned();
        assert_eq!(refused("/token", "i", "s"), "token URL");
        assert_eq!(refused("https://h/t", "", "s"), "client_id");
        assert_eq!(refused("https://h/t", "i", ""), "client_secret");
        assert_eq!(basic("a:b", &"s".into()).unwrap_err().argument(), "client_id");
    }

    #[test]
    fn a_token_is_read_whatever_the_form_of_its_numbers() {
        let now = UNIX_EPOCH + Duration::from_secs(9);
        let read = |text: &str| token_reply(&Response::new(text.as_bytes().to_vec()), now);
        let token = read(
            r#"{"issued_at":"1","access_token":"t","expires_in":"60","scope":"a","refresh_token":"r"}"#,
        );
        let expected = AccessToken::new("t", now)
            .with_lifetime(Duration::from_secs(60))
            .with_refresh("r")
            .with_scope("a");
        assert_eq!(token.unwrap(), expected);
        assert_eq!(read(r#"{"access_token":"t"}"#).unwrap(), AccessToken::new("t", now));
        let zero = AccessToken::new("t", now).with_lifetime(Duration::ZERO);
        assert_eq!(read(r#"{"access_token":"t","expires_in":-5}"#).unwrap(), zero);
        for unsaid in ["null", "\"\"", "\"soon\"", "{}"] {
            let text = format!(r#"{{"access_token":"t","expires_in":{unsaid}}}"#);
            assert_eq!(read(&text).unwrap().lifetime(), None, "{unsaid}");
        }
        for bad in ["", "<html>", "{}", r#"{"access_token":""}"#, r#"{"access_token":null}"#] {
            assert_eq!(read(bad).unwrap_err().kind, ErrorKind::Decode, "{bad}");
        }
    }

    #[test]
    fn refusals_are_about_the_credentials_whatever_their_status() {
        let error = |status: u16, text: &str| {
            let reply = http::Response::builder().status(status).body(text.as_bytes().to_vec());
            token_reply(&reply.unwrap(), UNIX_EPOCH).unwrap_err()
        };
        let refused = error(400, r#"{"error":"invalid_grant","error_description":"too old"}"#);
        assert_eq!(refused.kind, ErrorKind::Auth);
        assert_eq!(refused.to_string(), "invalid_grant: too old");
        assert_eq!(error(200, r#"{"error":"invalid_client"}"#).kind, ErrorKind::Auth);
        assert_eq!(error(400, r#"{"error":"invalid_scope"}"#).kind, ErrorKind::Api);
        assert_eq!(error(401, "").kind, ErrorKind::Auth);
        assert_eq!(error(502, "<html>").kind, ErrorKind::Api);
    }

    #[test]
    fn one_token_serves_until_its_margin() {
        let (world, clock) = (Shared::default(), clock());
        let client = client_of(bearer(), &world, &clock);
        call(&client).unwrap();
        clock.advance(Duration::from_secs(7169));
        call(&client).unwrap();
        clock.advance(Duration::from_secs(1));
        call(&client).unwrap();
        assert_eq!(used(&world), ["t1", "t1", "t2"]);
    }

    #[test]
    fn many_threads_fetch_one_token() {
        let (world, clock) = (Shared::default(), clock());
        let client = client_of(bearer(), &world, &clock);
        std::thread::scope(|scope| {
            for _ in 0..32 {
                scope.spawn(|| call(&client).unwrap());
            }
        });
        assert_eq!((fetches(&world), used(&world).len()), (1, 32));
    }

    #[test]
    fn many_clients_with_one_store_fetch_one_token() {
        let (world, clock) = (Shared::default(), clock());
        let folder = std::env::temp_dir().join(format!("api-auth-bearer-{}", std::process::id()));
        let stores: [Arc<dyn TokenStore>; 2] =
            [Arc::new(MemoryStore::new()), Arc::new(FileStore::new(&folder))];
        for (number, store) in stores.into_iter().enumerate() {
            std::thread::scope(|scope| {
                for _ in 0..16 {
                    let client = client_of(bearer().with_store(store.clone()), &world, &clock);
                    scope.spawn(move || call(&client).unwrap());
                }
            });
            assert_eq!(fetches(&world), number + 1);
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_401_is_followed_by_one_fresh_token_and_one_more_try() {
        let (world, clock) = (Shared::default(), clock());
        let client = client_of(bearer(), &world, &clock);
        call(&client).unwrap();
        world.lock().unwrap().revoked = vec!["t1".to_owned()];
        call(&client).unwrap();
        assert_eq!(used(&world), ["t1", "t1", "t2"]);
        world.lock().unwrap().revoked.extend(["t2".to_owned(), "t3".to_owned()]);
        let error = call(&client).unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Auth, 2));
        assert_eq!((fetches(&world), used(&world).len()), (3, 5));
        call(&client).unwrap();
        assert_eq!(fetches(&world), 4, "the next call begins with a fresh one");
    }

    #[test]
    fn a_late_401_about_an_old_token_throws_nothing_away() {
        let now = UNIX_EPOCH;
        let auth = bearer();
        let fetch = |text: &str| {
            assert!(auth.next_request(now).unwrap().is_some());
            auth.handle_response(Response::new(text.as_bytes().to_vec()), now).unwrap();
        };
        let send = || {
            let (mut request, mut generation) = (Request::default(), Generation::default());
            auth.sign(&mut request, &mut generation, now).unwrap();
            (request.headers()[AUTHORIZATION].to_str().unwrap().to_owned(), generation)
        };
        let mut refusal = Response::default();
        *refusal.status_mut() = StatusCode::UNAUTHORIZED;
        fetch(r#"{"access_token":"a"}"#);
        let ((_, early), (_, late)) = (send(), send());
        assert!(auth.invalidate_if_rejected(&refusal, early));
        fetch(r#"{"access_token":"b"}"#);
        assert!(
            auth.invalidate_if_rejected(&refusal, late),
            "the call may be tried again, with the newer token"
        );
        assert!(auth.next_request(now).unwrap().is_none());
        let (header, generation) = send();
        assert_eq!(header, "Bearer b");
        assert!(!auth.invalidate_if_rejected(&Response::default(), generation));
    }

    #[test]
    fn a_refused_token_leaves_the_store_but_a_newer_one_stays() {
        let (world, clock) = (Shared::default(), clock());
        let store = Arc::new(MemoryStore::new());
        let [one, other] =
            [0, 1].map(|_| client_of(bearer().with_store(store.clone()), &world, &clock));
        call(&one).unwrap();
        call(&other).unwrap();
        assert_eq!(fetches(&world), 1);
        world.lock().unwrap().revoked = vec!["t1".to_owned()];
        call(&one).unwrap();
        call(&other).unwrap();
        assert_eq!(fetches(&world), 2, "the other takes the fresh one from the store");
        assert_eq!(used(&world), ["t1", "t1", "t1", "t2", "t1", "t2"]);
    }

    #[test]
    fn lock_that_was_not_acquired_is_not_tried_again_within_one_call() {
        let (world, clock, store) = (Shared::default(), clock(), Arc::new(BusyStore::default()));
        let client = client_of(bearer().with_store(store.clone()), &world, &clock);
        // A failed request for a token, a token that is rejected, and one that is accepted.
        world.lock().unwrap().failures = 1;
        world.lock().unwrap().revoked = vec!["t2".to_owned()];
        call(&client).unwrap();
        assert_eq!((fetches(&world), store.locks()), (3, 1));
        assert_eq!(used(&world), ["t2", "t3"]);
        clock.advance(Duration::from_secs(7200));
        call(&client).unwrap();
        assert_eq!((fetches(&world), store.locks()), (4, 2), "a later call tries it again");
    }

    #[test]
    fn token_that_was_stored_before_a_lock_timed_out_is_used() {
        let (world, clock, store) = (Shared::default(), clock(), Arc::new(BusyStore::default()));
        let other = client_of(bearer().with_store(store.clone()), &world, &clock);
        let client = client_of(bearer().with_store(store.clone()), &world, &clock);
        store.meanwhile(move || call(&other).map(drop).unwrap());
        call(&client).unwrap();
        assert_eq!(used(&world), ["t1", "t1"]);
    }

    #[test]
    fn lock_that_is_acquired_at_once_costs_no_further_look_into_the_store() {
        let (world, clock, store) = (Shared::default(), clock(), Arc::new(BusyStore::with_lock()));
        let client = client_of(bearer().with_store(store.clone()), &world, &clock);
        call(&client).unwrap();
        assert_eq!((fetches(&world), store.locks()), (1, 1));
        assert_eq!(store.loads(), 3, "by the call, before the lock, and with the lock");
    }

    #[test]
    fn waiting_for_a_lock_counts_for_the_freshness_of_tokens() {
        let world = Shared::default();
        let at = |seconds: u64| UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds);
        // Stored while the client waits for 300 s. The first token expires meanwhile, the other one
        // is issued after the wait began.
        let expired = AccessToken::new("s", at(0)).with_lifetime(Duration::from_secs(200));
        let fresh = AccessToken::new("s", at(290)).with_lifetime(Duration::from_secs(200));
        for (stored, sent) in [(expired, "t1"), (fresh, "s")] {
            let (clock, store) = (clock(), Arc::new(BusyStore::with_lock()));
            let bearer = bearer().with_store(store.clone());
            let writer = VerifiedStore::new(
                store.clone(),
                &[&Secret::new("s&cret")],
                SecretOrigin::Generated,
            );
            let (key, time) = (bearer.key.clone(), clock.clone());
            store.meanwhile(move || {
                writer.save(&key, &stored);
                time.advance(Duration::from_secs(300));
            });
            call(&client_of(bearer, &world, &clock)).unwrap();
            assert_eq!(used(&world).last().unwrap(), sent);
        }
    }

    #[test]
    fn a_store_that_keeps_a_refused_token_costs_a_fetch_and_no_call() {
        let (world, clock) = (Shared::default(), clock());
        world.lock().unwrap().revoked = vec!["old".to_owned()];
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let client = client_of(
            bearer().with_store(Arc::new(stuck(&AccessToken::new("old", now)))),
            &world,
            &clock,
        );
        call(&client).unwrap();
        call(&client).unwrap();
        assert_eq!(used(&world), ["old", "t1", "t1"]);
    }

    #[test]
    fn renewal_after_rejected_tokens_of_a_store_comes_from_the_server() {
        let (world, clock) = (Shared::default(), clock());
        let stored = (1..9).map(|number| format!("stored {number}"));
        world.lock().unwrap().revoked = stored.collect();
        let store = Arc::new(EndlessStore::new("s&cret"));
        let client = client_of(bearer().with_store(store), &world, &clock);
        call(&client).unwrap();
        call(&client).unwrap();
        let used = used(&world);
        let stored = usize::try_from(MOST_REPLACEMENTS).unwrap() + 1;
        assert_eq!(
            (&used[stored..], fetches(&world)),
            (&["t1".into(), "t1".into()][..], 1),
            "{used:?}"
        );
        assert_eq!(fetches(&world), 1);
    }

    #[test]
    fn wrong_client_secret_or_password_never_uses_a_stored_token() {
        let (world, clock, store) = (Shared::default(), clock(), Arc::new(MemoryStore::new()));
        let of = |secret: &str, grant: Grant| {
            let server = TokenServer::new("https://h.example/token", "id", secret).unwrap();
            let bearer = Bearer::new(server, grant).with_store(store.clone());
            client_of(bearer, &world, &clock)
        };
        call(&of("right", Grant::ClientCredentials)).unwrap();
        call(&of("right", Grant::ClientCredentials)).unwrap();
        assert_eq!(fetches(&world), 1);
        call(&of("wrong", Grant::ClientCredentials)).unwrap();
        assert_eq!(fetches(&world), 2, "the server decides about the wrong secret");

        let password =
            |text: &str| Grant::Password { username: "ann".to_owned(), password: text.into() };
        call(&of("right", password("right"))).unwrap();
        call(&of("right", password("right"))).unwrap();
        assert_eq!(fetches(&world), 3);
        call(&of("right", password("wrong"))).unwrap();
        assert_eq!(fetches(&world), 4, "the server decides about the wrong password");
    }

    #[test]
    fn stored_token_is_used_only_with_the_same_grant_and_the_same_refresh_token() {
        let (world, clock, store) = (Shared::default(), clock(), Arc::new(MemoryStore::new()));
        let of = |grant: Grant| {
            client_of(Bearer::new(server(), grant).with_store(store.clone()), &world, &clock)
        };
        let refresh = |token: &str| Grant::Refresh(token.into());
        let unnamed = || Grant::Password { username: String::new(), password: "p".into() };
        call(&of(refresh("Ann"))).unwrap();
        let others = [refresh("garbage"), refresh("Bob"), Grant::ClientCredentials, unnamed()];
        for (number, grant) in others.into_iter().enumerate() {
            call(&of(grant.clone())).unwrap();
            assert_eq!(fetches(&world), number + 2, "{grant:?}");
        }
        for (grant, token) in
            [(refresh("Ann"), "t1"), (refresh("Bob"), "t3"), (Grant::ClientCredentials, "t4")]
        {
            call(&of(grant)).unwrap();
            assert_eq!(used(&world).last().unwrap(), token, "each has a place of its own");
        }
        assert_eq!(fetches(&world), 5);
    }

    #[test]
    fn refresh_grant_continues_with_the_stored_refresh_token() {
        let (world, clock, store) = (Shared::default(), clock(), Arc::new(MemoryStore::new()));
        let of = || {
            let bearer = Bearer::new(server(), Grant::Refresh("r0".into()));
            client_of(bearer.with_store(store.clone()), &world, &clock)
        };
        world.lock().unwrap().rest = Some(r#","expires_in":100,"refresh_token":"r1""#);
        call(&of()).unwrap();
        clock.advance(Duration::from_secs(100));
        call(&of()).unwrap();
        let fetched = world.lock().unwrap().fetched.clone();
        assert!(fetched[0].contains("refresh_token=r0"), "{fetched:?}");
        assert!(fetched[1].contains("refresh_token=r1"), "{fetched:?}");
    }

    #[test]
    fn authorization_code_with_a_store_is_an_error_and_stores_nothing() {
        let (world, clock, store) = (Shared::default(), clock(), MemoryStore::new());
        let grant = || Grant::AuthorizationCode {
            code: "c1".into(),
            redirect_uri: "https://shop/back".to_owned(),
            verifier: None,
        };
        let stored = Bearer::new(server(), grant()).with_store(Arc::new(store.clone()));
        let error = call(&client_of(stored, &world, &clock)).unwrap_err();
        assert_eq!((error.kind(), error.argument()), (ErrorKind::Input, Some("token store")));
        assert_eq!(fetches(&world), 0);
        call(&client_of(Bearer::new(server(), grant()), &world, &clock)).unwrap();
        assert_eq!(fetches(&world), 1);
        assert_eq!(store.load(&server().key(&grant())), None);
    }

    #[test]
    fn tokens_of_different_scopes_are_stored_apart() {
        let (world, clock, store) = (Shared::default(), clock(), Arc::new(MemoryStore::new()));
        let of = |scope: &str| {
            let bearer = Bearer::new(server().with_scope(scope), Grant::ClientCredentials);
            client_of(bearer.with_store(store.clone()), &world, &clock)
        };
        for scope in ["read", "write", "read", "write"] {
            call(&of(scope)).unwrap();
        }
        assert_eq!(used(&world), ["t1", "t2", "t1", "t2"]);
    }

    #[test]
    fn stored_time_at_the_end_of_time_never_panics() {
        let now = UNIX_EPOCH + Duration::from_secs(2000);
        for received in [i64::MAX, i64::MAX - 1, 0] {
            let text = format!(r#"{{"version":1,"token":"b","received":{received}}}"#);
            let Some(stored) = AccessToken::from_text(&text) else { continue };
            let auth = bearer().with_store(Arc::new(stuck(&stored)));
            auth.state().hold(held("a", 1000), TokenOrigin::Server);
            assert!(auth.invalidate_if_rejected(&answered(401), Generation::new(1)));
            assert!(!auth.has_token(now));
        }
    }

    #[test]
    fn a_refresh_token_is_used_kept_and_given_up() {
        let (world, clock) = (Shared::default(), clock());
        let client = client_of(bearer().with_store(Arc::new(MemoryStore::new())), &world, &clock);
        world.lock().unwrap().rest = Some(r#","expires_in":100,"refresh_token":"r1""#);
        call(&client).unwrap();
        for _ in 0..2 {
            world.lock().unwrap().rest = Some(r#","expires_in":100"#);
            clock.advance(Duration::from_secs(100));
            call(&client).unwrap();
        }
        world.lock().unwrap().refresh_status = 400;
        clock.advance(Duration::from_secs(100));
        call(&client).unwrap();
        let fetched = world.lock().unwrap().fetched.clone();
        let kinds: Vec<_> = fetched.iter().map(|body| body.contains("refresh_token=r1")).collect();
        assert_eq!(kinds, [false, true, true, true, false]);
        assert_eq!(used(&world), ["t1", "t2", "t3", "t5"]);
    }

    #[test]
    fn a_token_without_a_life_is_used_once_and_no_loop_begins() {
        let (world, clock) = (Shared::default(), clock());
        world.lock().unwrap().rest = Some(r#","expires_in":0"#);
        let client = client_of(bearer(), &world, &clock);
        call(&client).unwrap();
        call(&client).unwrap();
        assert_eq!(used(&world), ["t1", "t2"]);
        world.lock().unwrap().rest = Some("");
        let client =
            client_of(bearer().with_default_lifetime(Duration::from_secs(60)), &world, &clock);
        call(&client).unwrap();
        clock.advance(Duration::from_secs(54));
        call(&client).unwrap();
        assert_eq!(used(&world), ["t1", "t2", "t3", "t4"]);
    }

    /// Returns a token that was received at a given second and has a refresh token.
    fn held(value: &str, second: u64) -> AccessToken {
        AccessToken::new(value, UNIX_EPOCH + Duration::from_secs(second)).with_refresh("r1")
    }

    fn answered(status: u16) -> Response {
        http::Response::builder().status(status).body(Vec::new()).unwrap()
    }

    #[test]
    fn only_a_refused_refresh_token_is_given_up() {
        let now = UNIX_EPOCH + Duration::from_secs(2000);
        for (status, given_up) in [(400, true), (401, true), (403, false), (503, false)] {
            let auth = bearer();
            auth.state().hold(held("t", 1000).with_lifetime(Duration::ZERO), TokenOrigin::Store);
            assert!(body_of(&auth, now).contains("refresh_token=r1"));
            assert_eq!(auth.handle_response(answered(status), now).is_ok(), given_up, "{status}");
            assert_eq!(!body_of(&auth, now).contains("refresh_token=r1"), given_up, "{status}");
        }
        // The error of a rejected grant is returned, even if there was a token before.
        let auth = bearer();
        auth.state().hold(
            AccessToken::new("t", UNIX_EPOCH).with_lifetime(Duration::ZERO),
            TokenOrigin::Store,
        );
        assert!(!body_of(&auth, now).contains("refresh_token"));
        for status in [400, 401] {
            let error = auth.handle_response(answered(status), now).unwrap_err();
            assert_eq!(error.status().unwrap().as_u16(), status);
        }
    }

    /// Returns the body of the prepared request for a token.
    fn body_of(auth: &Bearer, now: SystemTime) -> String {
        let preparation = auth.next_request(now).unwrap().unwrap();
        String::from_utf8(preparation.request.into_body()).unwrap()
    }

    #[test]
    fn an_older_token_of_the_store_does_not_replace_a_refused_one() {
        let now = UNIX_EPOCH + Duration::from_secs(2000);
        // A store has times in whole seconds, so a token of the same second may be newer.
        for (received, taken) in [(999, false), (1000, true), (1001, true)] {
            let stored = AccessToken::new("b", UNIX_EPOCH + Duration::from_secs(received));
            let auth = bearer().with_store(Arc::new(stuck(&stored)));
            auth.state().hold(held("a", 1000), TokenOrigin::Server);
            assert!(auth.invalidate_if_rejected(&answered(401), Generation::new(1)));
            assert_eq!(auth.has_token(now), taken, "{received}");
        }
    }

    #[test]
    fn what_another_thread_fetched_is_not_replaced_by_what_the_store_said_before() {
        let now = UNIX_EPOCH + Duration::from_secs(2000);
        for refused_too in [false, true] {
            let store = Arc::new(stuck(&AccessToken::new("old", now)));
            let auth = Arc::new(bearer().with_store(store.clone()));
            let other = auth.clone();
            store.meanwhile(move || {
                let reply = Response::new(br#"{"access_token":"fresh"}"#.to_vec());
                other.handle_response(reply, now).unwrap();
                if refused_too {
                    assert!(other.invalidate_if_rejected(&answered(401), Generation::new(1)));
                }
            });
            assert_eq!(auth.has_token(now), !refused_too);
            let mut request = Request::default();
            auth.sign(&mut request, &mut Generation::default(), now).unwrap();
            assert_eq!(request.headers()[AUTHORIZATION], "Bearer fresh");
        }
    }

    #[test]
    fn a_user_is_sent_to_allow_what_is_asked_for() {
        let url = |scope| authorization_url("https://h/a", "id", "https://s/b?c", scope, "x 1");
        let to = "https%3A%2F%2Fs%2Fb%3Fc";
        let head = format!("https://h/a?response_type=code&client_id=id&redirect_uri={to}");
        assert_eq!(url("a,b"), format!("{head}&scope=a%2Cb&state=x+1"));
        assert_eq!(url(""), format!("{head}&state=x+1"));
    }

    #[test]
    fn token_url_with_a_password_is_rejected_and_not_shown() {
        let error = TokenServer::new("https://u:CANARY@h/token", "id", "s").unwrap_err();
        assert_eq!(error.argument(), "token URL");
        assert!(!format!("{error:?} {error}").contains("CANARY"));
    }

    #[test]
    fn http_basic_signs_every_call() {
        let mut request = Request::default();
        let auth = Basic::new("id", &"s&cret".into()).unwrap();
        auth.sign(&mut request, &mut Generation::default(), UNIX_EPOCH).unwrap();
        assert_eq!(request.headers()[AUTHORIZATION], "Basic aWQ6cyZjcmV0");
        assert!(request.headers()[AUTHORIZATION].is_sensitive());
    }

    #[test]
    fn a_token_that_fits_no_header_is_a_decode_error() {
        let reply = Response::new(br#"{"access_token":"a\nb"}"#.to_vec());
        let error = bearer().handle_response(reply, UNIX_EPOCH).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
    }

    #[test]
    fn nothing_secret_is_printed() {
        let server = TokenServer::new("https://h/t", "id", "CANARY").unwrap();
        let grant = Grant::Password { username: "u".to_owned(), password: "CANARY".into() };
        let request = server.request(&grant).unwrap();
        let auth = Bearer::new(server, grant);
        auth.handle_response(Response::new(br#"{"access_token":"CANARY"}"#.to_vec()), UNIX_EPOCH)
            .unwrap();
        let printed = format!("{auth:?} {auth:#?} {:?}", request.headers());
        assert!(printed.contains("https://h/t") && !printed.contains("CANARY"));
    }
}
