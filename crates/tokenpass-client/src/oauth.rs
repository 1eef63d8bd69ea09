//! User logins with OAuth: the login page, the code exchange, the password grant, and the logout.
//!
//! [`Client::begin_login`] creates a login, [`Client::authorize_url`] returns the URL for the
//! user's browser, [`Authorize::read_callback`] parses the URL to which the browser returns, and
//! [`Client::finish_login`] exchanges the code for the user's token. See the example on
//! [`Authorize`]. The README contains a complete program.

use std::fmt;
use std::time::Duration;

use api_auth::http::header::LOCATION;
use api_auth::oauth::code_challenge;
use api_auth::{
    Body, Endpoint, ErrorKind, InputError, Params, Response, ResponseError, Result, Route, Secret,
    StatusCode, required, route, validate, wire, wire_enum,
};
use serde::{Deserialize, Serialize};

use crate::accounts::{GetSecondFactor, User, user};
use crate::{Client, credentials, error};

wire_enum! {
    /// A permission that a user grants to an application. A scope that is not listed here can be
    /// created from a string.
    ///
    /// See the example on [`Authorize`].
    ///
    /// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Permission Scopes.
    /// `chats` is from the server's source code of 2017, `email` from the tests in that source
    /// code, and `manage-chats` from a page that was withdrawn from the documentation in 2017.
    pub enum Scope {
        /// The user's basic profile; see [`Client::get_user`].
        User = "user",
        /// The e-mail address in the user's profile.
        Email = "email",
        /// Checks of token-controlled access, and the user's public addresses with their balances.
        Tca = "tca",
        /// The user's private addresses, in addition to the public ones.
        PrivateAddress = "private-address",
        /// The balances of all addresses of the user, including the private ones.
        PrivateBalances = "private-balances",
        /// Adding, verifying, changing and removing addresses. With this scope, responses contain
        /// all addresses of the user, and the verification codes of unverified ones.
        ManageAddress = "manage-address",
        /// Use of the messenger: its chats, and the user's privileges in it.
        Chats = "chats",
        /// Creating, reading and changing the user's token chats.
        ManageChats = "manage-chats",
    }
}

fn comma_separated(scopes: &[Scope]) -> String {
    scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(",")
}

fn validate_redirect(uri: &str) -> Result<(), InputError> {
    validate::not_empty("redirect_uri", uri)
}

/// Validates a PKCE code verifier, which must consist of 43 to 128 unreserved characters (RFC
/// 7636, section 4.1).
fn validate_code_verifier(verifier: &Secret) -> Result<(), InputError> {
    let text = verifier.expose();
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if (43..=128).contains(&text.len()) && text.bytes().all(is_unreserved) {
        return Ok(());
    }
    Err(InputError::new("code_verifier", "must be 43 to 128 letters, digits and -._~"))
}

/// `GET /oauth/authorize`: requests the page on which a user logs in and grants scopes to the
/// application.
///
/// The page is opened in the user's browser: [`Client::authorize_url`] returns its URL, and
/// [`read_callback`](Authorize::read_callback) parses the URL to which the user returns. In the
/// meantime, store the [`Authorize`] value, or its [`state`](Authorize::state) and
/// [`code_verifier`](Authorize::code_verifier), in the user's session.
///
/// ```
/// use tokenpass_client::{Authorize, Client, Scope};
///
/// # if !cfg!(feature = "ureq") { return Ok(()); }
/// let tokenpass = Client::builder("IExampleClient00000000000000000A1", "secret").build()?;
/// let login = Authorize::new("https://app.example.com/back", [Scope::User, Scope::Tca])?;
/// let url = tokenpass.authorize_url(&login)?;
/// // ... the user's browser opens the URL and returns:
/// let back = format!("https://app.example.com/back?code=c1&state={}", login.state().expose());
/// let code = login.read_callback(&back).expect("the user agreed");
/// assert_eq!(code.expose(), "c1");
/// # Ok::<(), tokenpass_client::Error>(())
/// ```
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorize {
    redirect_uri: String,
    scopes: Vec<Scope>,
    state: Secret,
    code_verifier: Option<Secret>,
}

impl Authorize {
    /// Creates a login with a random state. `redirect_uri` must be exactly the URL that is
    /// registered for the application.
    ///
    /// # Errors
    /// Returns an error if the operating system provides no randomness.
    pub fn new(
        redirect_uri: impl Into<String>,
        scopes: impl IntoIterator<Item = Scope>,
    ) -> Result<Self, InputError> {
        Ok(Self {
            redirect_uri: redirect_uri.into(),
            scopes: scopes.into_iter().collect(),
            state: Secret::unguessable()?,
            code_verifier: None,
        })
    }

    /// Adds a PKCE code challenge (RFC 7636, method `S256`) for a new random code verifier.
    ///
    /// According to its source code of 2017, the server ignores the challenge. A server that
    /// supports PKCE accepts the authorization code only together with the code verifier. Exchange
    /// the code with [`Client::finish_login`], or set [`ExchangeCode::code_verifier`].
    ///
    /// # Errors
    /// Returns an error if the operating system provides no randomness.
    pub fn with_pkce(self) -> Result<Self, InputError> {
        Ok(Self { code_verifier: Some(Secret::unguessable()?), ..self })
    }

    /// Sets the PKCE code verifier, such as that of a stored login.
    #[must_use]
    pub fn with_code_verifier(mut self, verifier: impl Into<Secret>) -> Self {
        self.code_verifier = Some(verifier.into());
        self
    }

    /// Returns the PKCE code verifier, or `None` if none was created or set. Store it with the
    /// [`state`](Self::state) in the user's session.
    pub fn code_verifier(&self) -> Option<&Secret> {
        self.code_verifier.as_ref()
    }

    /// Sets the state, such as that of a stored login.
    #[must_use]
    pub fn with_state(mut self, state: impl Into<Secret>) -> Self {
        self.state = state.into();
        self
    }

    /// Returns the state that the callback must contain. It is random, unless
    /// [`with_state`](Self::with_state) was called.
    pub fn state(&self) -> &Secret {
        &self.state
    }

    /// Parses the URL (or its query) to which the user returned, and returns the authorization code
    /// to exchange.
    ///
    /// # Errors
    /// Returns an error if the callback contains an error, no code, or a state that does not match
    /// this login. [`LoginError::state_matches`] returns whether the callback is the response to
    /// this login. The state is compared in constant time.
    pub fn read_callback(&self, url: &str) -> Result<Secret, LoginError> {
        let query = url.split_once('?').map_or(url, |(_, query)| query);
        let query = query.split('#').next().unwrap_or_default();
        let params = Params::decode(query);
        let state = params.as_ref().ok().and_then(|params| params.get("state")).unwrap_or_default();
        let state_matches = !state.is_empty() && Secret::new(state) == self.state;
        let failed = |kind, code: &str, message: &str| LoginError {
            kind,
            code: code.to_owned(),
            message: message.to_owned(),
            state_matches,
        };
        let not_utf8 = |_| failed(LoginErrorKind::NoCode, "", "the callback is not valid UTF-8");
        let params = params.map_err(not_utf8)?;
        if let Some(code) = params.get("error") {
            // The server sends errors without the state. A callback with an error contains no code.
            let text = params.get("error_description").or(params.get("message"));
            let kind = match code {
                "access_denied" => LoginErrorKind::Denied,
                _ => LoginErrorKind::Rejected,
            };
            return Err(failed(kind, code, text.unwrap_or_default()));
        }
        if !state_matches {
            let text = "state: does not match this login; the callback may be from a login that \
                        someone else started";
            return Err(failed(LoginErrorKind::StateMismatch, "", text));
        }
        match params.get("code").filter(|code| !code.is_empty()) {
            Some(code) => Ok(Secret::new(code)),
            None => Err(failed(LoginErrorKind::NoCode, "", "code: missing from the callback")),
        }
    }
}

/// The error that [`Authorize::read_callback`] returns for a callback without a valid code.
///
/// A program that waits for the callback of one login on a port of its own should stop waiting
/// after an error only if [`state_matches`](LoginError::state_matches) returns `true`:
///
/// ```
/// use tokenpass_client::{Authorize, Scope};
///
/// let login = Authorize::new("http://127.0.0.1:8000/back", [Scope::User])?.with_state("s1");
/// let is_final = |url: &str| login.read_callback(url).map_or_else(|e| e.state_matches(), |_| true);
/// assert!(is_final("/back?code=c1&state=s1"));
/// assert!(is_final("/back?error=access_denied&state=s1"));
/// // The callback of another login, or a request by a page of another site.
/// assert!(!is_final("/back?code=c1&state=s2"));
/// assert!(!is_final("/back?error=access_denied"));
/// # Ok::<(), tokenpass_client::InputError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginError {
    kind: LoginErrorKind,
    code: String,
    message: String,
    state_matches: bool,
}

/// The reason why a login callback contains no valid code.
///
/// See the example on [`Authorize`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginErrorKind {
    /// The user denied access.
    Denied,
    /// The server rejected the login request, for example because of an unknown scope. Correct the
    /// request.
    Rejected,
    /// The state of the callback is missing or does not match this login. Do not use the callback.
    StateMismatch,
    /// The callback contains no code, or is not valid UTF-8.
    NoCode,
}

impl LoginError {
    /// Returns the kind of the error, such as [`LoginErrorKind::Denied`].
    pub fn kind(&self) -> LoginErrorKind {
        self.kind
    }

    /// Returns the server's error code, such as `access_denied`, or an empty string if the server
    /// sent none.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Returns the message, which is from the server or from this crate. It is empty if the server
    /// sent an error code without a description.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns whether the callback contains the state of this login. If so, it is the response to
    /// this login, and no other callback follows.
    ///
    /// Otherwise, the callback can belong to another login, or be forged. It can also be the
    /// response to this login, because, according to its source code of 2017, the server sends
    /// errors without the state. Therefore, show the error and continue to wait.
    pub fn state_matches(&self) -> bool {
        self.state_matches
    }
}

impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let between = if self.code.is_empty() || self.message.is_empty() { "" } else { ": " };
        let text = [&self.code, between, &self.message].concat();
        f.write_str(&text.replace(char::is_control, " "))
    }
}

impl std::error::Error for LoginError {}

impl Endpoint for Authorize {
    /// The URL to which the server redirects the browser, or `None` if the response is a page. The
    /// URL contains a code if the user is logged in and has already granted access.
    type Output = Option<String>;
    const ID: &'static str = "oauth.authorize";
    const ROUTE: Route<Self> = route!(GET "/oauth/authorize")
        .credential(credentials::QUERY_ID)
        .accept("text/html")
        .accept_statuses(|status| status.is_success() || status.is_redirection());

    fn validate(&self) -> Result<(), InputError> {
        validate_redirect(&self.redirect_uri)?;
        validate::not_empty("state", self.state.expose())?;
        self.code_verifier.as_ref().map_or(Ok(()), validate_code_verifier)
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params
            .push("redirect_uri", &self.redirect_uri)
            .push("scope", comma_separated(&self.scopes))
            .push("response_type", "code")
            .push("state", self.state.expose());
        if let Some(verifier) = &self.code_verifier {
            params
                .push("code_challenge", code_challenge(verifier))
                .push("code_challenge_method", "S256");
        }
    }

    fn parse(&self, response: &Response) -> Result<Option<String>, ResponseError> {
        let location = response.headers().get(LOCATION);
        Ok(location.and_then(|value| value.to_str().ok()).map(str::to_owned))
    }
}

/// The path of the endpoint that exchanges authorization codes for users' tokens.
///
/// See the example on [`Authorize`].
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, OAuth Integration
/// (`/oauth/access-token`). `/oauth/token` is from a client of 2021.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenPath {
    /// `/oauth/access-token`, as in the documentation and most clients.
    #[default]
    AccessToken,
    /// `/oauth/token`, as used by a client of 2021.
    Token,
}

/// The location of a user's token in a request. Requests to `/oauth/user` always contain it in the
/// header, although that endpoint also accepts the parameter `access_token`.
///
/// See the example on [`Authorize`].
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, OAuth Integration (the
/// parameter). The header is from the server's source code of 2017 and from the provider's clients
/// of 2017 to 2020.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenLocation {
    /// The parameter `oauth_token`, in the query of GET and DELETE requests, and in the body of all
    /// others.
    ///
    /// Servers usually write queries to their access logs. The HTTP library logs queries as well:
    /// at `trace` with the target `ureq_proto`, and at `debug` with the target `ureq` if that
    /// target is enabled at `trace`.
    #[default]
    Parameter,
    /// The header `Authorization: Bearer`. According to its source code of 2017, the server accepts
    /// it only at `/oauth/user`.
    BearerHeader,
}

/// A user's token, as returned at the end of a login.
///
/// See the example on [`Authorize`].
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Requesting OAuth Token.
/// The type and the lifetime are from the server's source code of 2017.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserToken {
    /// The token, to be passed to [`Client::as_user`].
    pub access_token: Secret,
    /// The type of the token, `Bearer`.
    pub token_type: Option<String>,
    /// The lifetime of the token, counted from the response, such as 30 days. `None` if the
    /// response contains no lifetime. There is no refresh token: after the token has expired, the
    /// user must log in again.
    pub expires_in: Option<Duration>,
}

fn token(response: &Response) -> Result<UserToken, ResponseError> {
    #[derive(Deserialize)]
    struct Fields {
        access_token: Option<Secret>,
        token_type: Option<String>,
        expires_in: Option<i64>,
    }
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
        let error = error::read(response);
        let html = response.body().trim_ascii_start().starts_with(b"<");
        // The server of 2017 responds with this page if it rejects the code or the client id and
        // secret.
        return Err(if html {
            ResponseError::new(ErrorKind::Auth).with_message(
                "the server responded with an error page: the code, the client id and secret, or \
                 the redirect_uri is probably invalid",
            )
        } else {
            error
        });
    }
    let fields: Fields = error::success(response)?;
    let access_token = required("access_token", fields.access_token)?;
    let seconds = fields.expires_in.and_then(|seconds| u64::try_from(seconds).ok());
    Ok(UserToken {
        access_token,
        token_type: fields.token_type,
        expires_in: seconds.map(Duration::from_secs),
    })
}

/// Returns whether [`token`] parses responses with this status: a success, or 500, which is the
/// status of the server's error page.
fn token_or_page(status: StatusCode) -> bool {
    status.is_success() || status == StatusCode::INTERNAL_SERVER_ERROR
}

/// `POST /oauth/access-token`: exchanges an authorization code for the user's token. A code can be
/// used once and is valid for an hour.
///
/// See the example on [`Authorize`].
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeCode {
    code: Secret,
    redirect_uri: String,
    path: TokenPath,
    code_verifier: Option<Secret>,
}

impl ExchangeCode {
    /// Creates a request to exchange an authorization code that was sent to this `redirect_uri`.
    pub fn new(code: impl Into<Secret>, redirect_uri: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            redirect_uri: redirect_uri.into(),
            path: TokenPath::AccessToken,
            code_verifier: None,
        }
    }

    /// Sets the PKCE code verifier of the login; see [`Authorize::with_pkce`].
    #[must_use]
    pub fn code_verifier(mut self, verifier: impl Into<Secret>) -> Self {
        self.code_verifier = Some(verifier.into());
        self
    }

    /// Sets the path to which the request is sent. Defaults to [`TokenPath::AccessToken`].
    #[must_use]
    pub fn path(mut self, path: TokenPath) -> Self {
        self.path = path;
        self
    }
}

impl Endpoint for ExchangeCode {
    type Output = UserToken;
    const ID: &'static str = "oauth.access_token";
    const ROUTE: Route<Self> = Route::<Self>::post("/oauth/access-token")
        .path(|endpoint| match endpoint.path {
            TokenPath::AccessToken => "/oauth/access-token".into(),
            TokenPath::Token => "/oauth/token".into(),
        })
        .credential(credentials::CLIENT_SECRET)
        .accept_statuses(token_or_page);

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("code", self.code.expose())?;
        validate_redirect(&self.redirect_uri)?;
        self.code_verifier.as_ref().map_or(Ok(()), validate_code_verifier)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        let mut form = Params::new();
        form.push("grant_type", "authorization_code")
            .push("code", self.code.expose())
            .push("redirect_uri", &self.redirect_uri)
            .push_some("code_verifier", self.code_verifier.as_ref().map(Secret::expose));
        Ok(Body::Form(form))
    }

    fn parse(&self, response: &Response) -> Result<UserToken, ResponseError> {
        token(response)
    }
}

/// `POST /api/v1/oauth/token`: exchanges an authorization code for the user's token at a path under
/// `/api/v1`. Prefer [`ExchangeCode`], whose path is documented.
///
/// See the example on [`Authorize`].
///
/// Source: the server's source code of 2017; not documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeCodeAtApi {
    code: Secret,
    redirect_uri: String,
    scopes: Vec<Scope>,
    state: Secret,
}

impl ExchangeCodeAtApi {
    /// Creates a request to exchange an authorization code. `redirect_uri`, the scopes and the
    /// state must be those of the login.
    pub fn new(
        code: impl Into<Secret>,
        redirect_uri: impl Into<String>,
        scopes: impl IntoIterator<Item = Scope>,
        state: impl Into<Secret>,
    ) -> Self {
        Self {
            code: code.into(),
            redirect_uri: redirect_uri.into(),
            scopes: scopes.into_iter().collect(),
            state: state.into(),
        }
    }
}

impl Endpoint for ExchangeCodeAtApi {
    type Output = UserToken;
    const ID: &'static str = "oauth.api_token";
    const ROUTE: Route<Self> = route!(POST "/api/v1/oauth/token")
        .credential(credentials::CLIENT_SECRET_AND_QUERY_ID)
        .in_query(&["redirect_uri", "scope", "response_type", "state"])
        .accept_statuses(token_or_page);

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("code", self.code.expose())?;
        validate_redirect(&self.redirect_uri)
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params
            .push("redirect_uri", &self.redirect_uri)
            .push("scope", comma_separated(&self.scopes))
            .push("response_type", "code")
            .push("state", self.state.expose());
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        #[derive(Serialize)]
        struct Form<'a> {
            grant_type: &'a str,
            #[serde(serialize_with = "wire::exposed")]
            code: &'a Secret,
            redirect_uri: &'a str,
        }
        Body::json(&Form {
            grant_type: "authorization_code",
            code: &self.code,
            redirect_uri: &self.redirect_uri,
        })
    }

    fn parse(&self, response: &Response) -> Result<UserToken, ResponseError> {
        token(response)
    }
}

/// Returns the name of the first login argument (`username` or `password`) that begins or ends with
/// whitespace.
fn spaced_login(username: &str, password: &Secret) -> Option<&'static str> {
    if validate::has_outer_space(username) {
        return Some("username");
    }
    password.has_outer_space().then_some("password")
}

/// `POST /oauth/token`: requests a user's token with the user's name and password. Requires the
/// client id and secret of a first-party application.
///
/// See the example on [`Authorize`].
///
/// Source: the provider's clients from 2020 or later; not documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestPasswordToken {
    username: String,
    password: Secret,
    scopes: Vec<Scope>,
}

impl RequestPasswordToken {
    /// Creates a request for a token of this user with these scopes.
    pub fn new(
        username: impl Into<String>,
        password: impl Into<Secret>,
        scopes: impl IntoIterator<Item = Scope>,
    ) -> Self {
        Self {
            username: username.into(),
            password: password.into(),
            scopes: scopes.into_iter().collect(),
        }
    }
}

impl Endpoint for RequestPasswordToken {
    type Output = UserToken;
    const ID: &'static str = "oauth.password_token";
    const ROUTE: Route<Self> = route!(POST "/oauth/token")
        .credential(credentials::CLIENT_SECRET)
        .accept_statuses(token_or_page);

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("username", &self.username)?;
        validate::not_empty("password", self.password.expose())
    }

    fn spaced_credential(&self) -> Option<&'static str> {
        spaced_login(&self.username, &self.password)
    }

    /// Encodes the form. It contains the scopes twice, because the official client names them
    /// `scopes` and OAuth specifies `scope`.
    fn body(&self) -> Result<Body<'_>, InputError> {
        let mut form = Params::new();
        form.push("grant_type", "password")
            .push("username", &self.username)
            .push("password", self.password.expose())
            .push("scopes", comma_separated(&self.scopes))
            .push("scope", comma_separated(&self.scopes));
        Ok(Body::Form(form))
    }

    fn parse(&self, response: &Response) -> Result<UserToken, ResponseError> {
        token(response)
    }
}

/// `POST /api/v1/oauth/request`: requests an authorization code with a user's name and password,
/// without a browser.
///
/// See the example on [`Authorize`].
///
/// Source: the server's source code of 2017; not documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestCode {
    login: Authorize,
    username: String,
    password: Secret,
    grant_access: bool,
}

impl RequestCode {
    /// Creates a request for an authorization code for `login`, with the name and password of the
    /// user who logs in.
    pub fn new(login: Authorize, username: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self { login, username: username.into(), password: password.into(), grant_access: false }
    }

    /// Sets whether the request also grants the scopes to the application, if the user has not
    /// granted them before. Defaults to `false`.
    #[must_use]
    pub fn grant_access(mut self, grant: bool) -> Self {
        self.grant_access = grant;
        self
    }
}

impl Endpoint for RequestCode {
    /// The authorization code, to be exchanged for the user's token.
    type Output = Secret;
    const ID: &'static str = "oauth.request_code";
    const ROUTE: Route<Self> =
        route!(POST "/api/v1/oauth/request").credential(credentials::QUERY_ID).in_query(&[
            "redirect_uri",
            "scope",
            "response_type",
            "state",
            "code_challenge",
            "code_challenge_method",
        ]);

    fn validate(&self) -> Result<(), InputError> {
        self.login.validate()?;
        validate::not_empty("username", &self.username)?;
        validate::not_empty("password", self.password.expose())
    }

    fn spaced_credential(&self) -> Option<&'static str> {
        spaced_login(&self.username, &self.password)
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        self.login.query(params);
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        #[derive(Serialize)]
        struct Form<'a> {
            username: &'a str,
            #[serde(serialize_with = "wire::exposed")]
            password: &'a Secret,
            #[serde(skip_serializing_if = "Option::is_none")]
            grant_access: Option<u8>,
        }
        Body::json(&Form {
            username: &self.username,
            password: &self.password,
            grant_access: self.grant_access.then_some(1),
        })
    }

    /// Parses the authorization code. If the response contains a state, it must be that of the
    /// request.
    fn parse(&self, response: &Response) -> Result<Secret, ResponseError> {
        #[derive(Deserialize)]
        struct Fields {
            code: Option<Secret>,
            state: Option<Secret>,
        }
        let fields: Fields = error::success(response)?;
        if fields.state.is_some_and(|state| state != *self.login.state()) {
            return Err(ResponseError::new(ErrorKind::Verify)
                .with_message("state: does not match this request"));
        }
        required("code", fields.code)
    }
}

/// `GET /oauth/user`: returns the user to whom the client's token belongs. Requires the scope
/// `user`.
///
/// See the example on [`Authorize`].
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetUser {}

impl GetUser {
    /// Creates a request for the user to whom the client's token belongs.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Endpoint for GetUser {
    type Output = User;
    const ID: &'static str = "oauth.user";
    const ROUTE: Route<Self> = route!(GET "/oauth/user").credential(credentials::ACCESS_TOKEN);

    fn parse(&self, response: &Response) -> Result<User, ResponseError> {
        user(response)
    }
}

/// `GET /api/v1/oauth/logout`: invalidates the user's token and session. The request is never
/// retried if its outcome is unknown, although it is a GET, because it changes data.
///
/// See the example on [`Authorize`].
///
/// Source: the server's source code of 2017; not documented.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogOut {}

impl LogOut {
    /// Creates a request to invalidate the client's token.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Endpoint for LogOut {
    type Output = ();
    const ID: &'static str = "oauth.logout";
    const ROUTE: Route<Self> =
        route!(GET "/api/v1/oauth/logout").credential(credentials::USER).not_idempotent();

    fn parse(&self, response: &Response) -> Result<(), ResponseError> {
        error::acknowledgement(response)
    }
}

/// # Logins
///
/// The request and response types are in the module [`oauth`](crate::oauth).
impl Client {
    /// Returns the URL of the login page, for the user's browser.
    ///
    /// See the example on [`Authorize`].
    ///
    /// # Errors
    /// Returns an error that names the first invalid argument of the login, such as an empty
    /// redirect URI.
    pub fn authorize_url(&self, login: &Authorize) -> Result<String> {
        self.signed_request(login).map(|request| request.uri().to_string())
    }

    /// Creates a login with these scopes, a PKCE code challenge and the client's redirect URI.
    ///
    /// See the example on [`Authorize`].
    ///
    /// # Errors
    /// Returns an error if the client has no redirect URI, or if the operating system provides no
    /// randomness.
    pub fn begin_login(&self, scopes: impl IntoIterator<Item = Scope>) -> Result<Authorize> {
        Ok(Authorize::new(self.redirect_uri()?, scopes)?.with_pkce()?)
    }

    /// Exchanges the authorization code of a login for the user's token. Sends the login's PKCE
    /// code verifier, if it has one.
    ///
    /// See the example on [`Authorize`].
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). The server rejects a used or expired code with
    /// `invalid_request`, or with an error page.
    pub fn finish_login(&self, login: &Authorize, code: impl Into<Secret>) -> Result<UserToken> {
        let request = ExchangeCode::new(code, &login.redirect_uri).path(self.token_path);
        self.send(&match &login.code_verifier {
            Some(verifier) => request.code_verifier(verifier.clone()),
            None => request,
        })
    }

    /// Exchanges an authorization code for the user's token without a PKCE code verifier, for
    /// servers that ignore PKCE and for logins without PKCE. Prefer
    /// [`finish_login`](Client::finish_login).
    ///
    /// See the example on [`Authorize`].
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). The server rejects a used or expired code with
    /// `invalid_request`, or with an error page.
    pub fn exchange_code(&self, code: impl Into<Secret>) -> Result<UserToken> {
        let redirect_uri = self.redirect_uri()?;
        self.send(&ExchangeCode::new(code, redirect_uri).path(self.token_path))
    }

    /// Exchanges an authorization code for the user's token at a path under `/api/v1`. Prefer
    /// [`exchange_code`](Client::exchange_code), whose path is documented.
    ///
    /// See the example on [`Authorize`].
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn exchange_code_at_api(&self, request: &ExchangeCodeAtApi) -> Result<UserToken> {
        self.send(request)
    }

    /// Requests a user's token with the user's name and password. Requires the client id and secret
    /// of a first-party application.
    ///
    /// See the example on [`Authorize`].
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn request_password_token(
        &self,
        username: impl Into<String>,
        password: impl Into<Secret>,
        scopes: impl IntoIterator<Item = Scope>,
    ) -> Result<UserToken> {
        self.send(&RequestPasswordToken::new(username, password, scopes))
    }

    /// Requests an authorization code with a user name and a password, without a browser.
    ///
    /// See the example on [`Authorize`].
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). The server sends some rejections with HTTP 200. This
    /// method returns them as errors.
    pub fn request_code(&self, request: &RequestCode) -> Result<Secret> {
        self.send(request)
    }

    /// Returns the user to whom the client's token belongs.
    ///
    /// According to its source code of 2017, the server responds with an error page (status 500) if
    /// the token is unknown or has expired. This method then sends a request with the same token to
    /// the endpoint `second_factor.status`. If the server rejects the token, the method returns the
    /// error of this second request, and [`needs_login`](crate::ErrorExt::needs_login) returns
    /// `true`.
    ///
    /// See the example on [`Authorize`].
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_user(&self) -> Result<User> {
        self.send(&GetUser::new()).map_err(|error| {
            let page = error.body().trim_ascii_start().starts_with(b"<");
            if error.status() != Some(StatusCode::INTERNAL_SERVER_ERROR) || !page {
                return error;
            }
            // No user has the name `-`. The server validates the token first.
            match self.core.without_retries().send(&GetSecondFactor::new("-")) {
                Err(reason) if error::rejects_token(&reason) => reason,
                _ => error,
            }
        })
    }

    /// Invalidates the client's token and the user's session.
    ///
    /// See the example on [`Authorize`].
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn log_out(&self) -> Result<()> {
        self.send(&LogOut::new())
    }

    fn redirect_uri(&self) -> Result<String> {
        let missing = || {
            InputError::new(
                "redirect_uri",
                "must be set; call ClientBuilder::redirect_uri or set TOKENPASS_REDIRECT_URI",
            )
            .into()
        };
        self.redirect_uri.clone().ok_or_else(missing)
    }
}
