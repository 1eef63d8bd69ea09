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
use crate::store::lock_once::{Attempt, LockOnce};
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
        let Attempt { was_tried, guard } = self.store.as_ref().map(acquire).unwrap_or_default();
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
mod tests;
