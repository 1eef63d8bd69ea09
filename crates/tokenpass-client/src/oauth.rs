//! Logging a user in: the browser's way, the code exchange, the password grant, and out again.

use std::fmt;
use std::time::Duration;

use api_auth::http::header::LOCATION;
use api_auth::oauth::code_challenge;
use api_auth::{
    Body, Endpoint, ErrorKind, InputError, Params, Response, ResponseError, Result, Route, Secret,
    StatusCode, route, validate, wire, wire_enum,
};
use serde::{Deserialize, Serialize};

use crate::accounts::user;
use crate::auth::credentials;
use crate::{Client, User, error};

wire_enum! {
    /// What a user's token allows. Others can be made from a text.
    ///
    /// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Permission Scopes;
    /// `chats`, the server of 2017; `manage-chats`, a page that was withdrawn in 2017; `email` was
    /// seen in that server's tests only.
    pub enum Scope {
        /// The basic profile.
        User = "user",
        /// The profile's e-mail address.
        Email = "email",
        /// Checks, the list of public addresses, public balances.
        Tca = "tca",
        /// Addresses that are not public, in lists and details.
        PrivateAddress = "private-address",
        /// What all addresses hold together.
        PrivateBalances = "private-balances",
        /// Adding, verifying, changing and removing addresses; shows all addresses and the codes
        /// that verify them.
        ManageAddress = "manage-address",
        /// The messenger.
        Chats = "chats",
        /// Making and changing token chats.
        ManageChats = "manage-chats",
    }
}

fn joined(scopes: &[Scope]) -> String {
    scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(",")
}

fn validate_redirect(uri: &str) -> Result<(), InputError> {
    validate::not_empty("redirect_uri", uri)
}

/// RFC 7636, section 4.1.
fn validate_code_verifier(verifier: &Secret) -> Result<(), InputError> {
    let text = verifier.expose();
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if (43..=128).contains(&text.len()) && text.bytes().all(is_unreserved) {
        return Ok(());
    }
    Err(InputError::new("code_verifier", "must be 43 to 128 letters, digits and -._~"))
}

/// `GET /oauth/authorize`: the page where a user logs in and allows the application its scopes.
///
/// It is a page for the user's browser: [`Client::authorize_url`] gives its URL, and
/// [`read_callback`](Authorize::read_callback) reads what the user comes back with. Keep the
/// value (or its [`state`](Authorize::state)) in the user's session in between.
///
/// ```
/// use tokenpass_client::{Authorize, Client, Scope};
///
/// # if !cfg!(feature = "ureq") { return Ok(()); }
/// let tokenpass = Client::builder("IExampleClient00000000000000000A1", "secret").build()?;
/// let login = Authorize::new("https://app.example.com/back", [Scope::User, Scope::Tca])?;
/// let url = tokenpass.authorize_url(&login)?;
/// // ... the user's browser goes there and comes back:
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
    /// With a state that nobody can guess. `redirect_uri` must be exactly as it is registered.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
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

    /// Adds a PKCE code challenge (RFC 7636, method `S256`) of a new random code verifier.
    ///
    /// The server of 2017 ignores it. A server that checks it accepts the code only together with
    /// the verifier: exchange it with [`Client::finish_login`] or
    /// [`ExchangeCode::code_verifier`].
    ///
    /// # Errors
    /// Returns an error if the operating system has no randomness.
    pub fn with_pkce(self) -> Result<Self, InputError> {
        Ok(Self { code_verifier: Some(Secret::unguessable()?), ..self })
    }

    /// Sets the PKCE code verifier, such as the one of a login that was begun before.
    #[must_use]
    pub fn with_code_verifier(mut self, verifier: impl Into<Secret>) -> Self {
        self.code_verifier = Some(verifier.into());
        self
    }

    /// Returns the PKCE code verifier, to keep beside the [`state`](Self::state) in the user's
    /// session. Returns `None` without [`with_pkce`](Self::with_pkce).
    pub fn code_verifier(&self) -> Option<&Secret> {
        self.code_verifier.as_ref()
    }

    /// With this state instead, such as one of a login that was begun before.
    #[must_use]
    pub fn with_state(mut self, state: impl Into<Secret>) -> Self {
        self.state = state.into();
        self
    }

    /// The state that the user must come back with.
    pub fn state(&self) -> &Secret {
        &self.state
    }

    /// Reads the URL (or its query) that the user came back to: the code to exchange.
    ///
    /// # Errors
    /// Why there is no code. The state is compared in constant time.
    pub fn read_callback(&self, url: &str) -> Result<Secret, LoginError> {
        let query = url.split_once('?').map_or(url, |(_, query)| query);
        let query = query.split('#').next().unwrap_or_default();
        let refused = |kind, code: &str, message: &str| LoginError {
            kind,
            code: code.to_owned(),
            message: message.to_owned(),
        };
        let unreadable = |_| refused(LoginErrorKind::NoCode, "", "the callback is not UTF-8");
        let params = Params::decode(query).map_err(unreadable)?;
        if let Some(code) = params.get("error") {
            // The server leaves the state out of refusals, which give nothing away.
            let text = params.get("error_description").or(params.get("message"));
            let kind = match code {
                "access_denied" => LoginErrorKind::Denied,
                _ => LoginErrorKind::Refused,
            };
            return Err(refused(kind, code, text.unwrap_or_default()));
        }
        let state = Secret::new(params.get("state").unwrap_or_default());
        if state.is_empty() || state != self.state {
            let text = "the state is not that of this login: somebody else may have begun it";
            return Err(refused(LoginErrorKind::OtherState, "", text));
        }
        match params.get("code").filter(|code| !code.is_empty()) {
            Some(code) => Ok(Secret::new(code)),
            None => Err(refused(LoginErrorKind::NoCode, "", "the callback has no code")),
        }
    }
}

/// Why a login gave no code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginError {
    kind: LoginErrorKind,
    code: String,
    message: String,
}

/// What to do about a [`LoginError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginErrorKind {
    /// The user said no.
    Denied,
    /// The server said no, for example to a scope: mend the request.
    Refused,
    /// The answer belongs to another login. Do not go on.
    OtherState,
    /// The callback says nothing.
    NoCode,
}

impl LoginError {
    /// What to do about it.
    pub fn kind(&self) -> LoginErrorKind {
        self.kind
    }

    /// The server's code, such as `access_denied`; empty if it sent none.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What the server, or this crate, says about it.
    pub fn message(&self) -> &str {
        &self.message
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
    /// Where the server sends the browser on to: an address with a code if the user is logged in
    /// and has agreed before; `None` for a page.
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
            .push("scope", joined(&self.scopes))
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

/// Where codes are exchanged for tokens.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, OAuth Integration
/// (`/oauth/access-token`); `/oauth/token`, a client of 2021.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenPath {
    /// `/oauth/access-token`, as the documentation and most clients say.
    #[default]
    AccessToken,
    /// `/oauth/token`, as a client of 2021 says.
    Token,
}

/// A user's token.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Requesting OAuth Token;
/// kind and life, the server of 2017.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserToken {
    /// The token, for [`Client::as_user`].
    pub access_token: Secret,
    /// Its kind: `Bearer`.
    pub token_type: Option<String>,
    /// How long it lives: 30 days on the server of 2017. There is no refresh token: the user logs
    /// in again.
    pub expires_in: Option<Duration>,
}

fn token(response: &Response) -> Result<UserToken, ResponseError> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default, deserialize_with = "wire::secret")]
        access_token: Option<Secret>,
        #[serde(default, deserialize_with = "wire::text")]
        token_type: Option<String>,
        #[serde(default, deserialize_with = "wire::integer")]
        expires_in: Option<i64>,
    }
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
        let error = error::read(response);
        let html = response.body().trim_ascii_start().starts_with(b"<");
        // The server of 2017 has no other words for a code or a key that it refuses.
        return Err(if html {
            ResponseError::new(ErrorKind::Auth)
                .with_message("the server answers with an error page: code, key pair or redirect_uri is most likely refused")
        } else {
            error
        });
    }
    let answer: Answer = error::answer(response)?;
    let access_token = answer.access_token.ok_or_else(|| {
        ResponseError::new(ErrorKind::Decode).with_message("access_token: missing")
    })?;
    let seconds = answer.expires_in.and_then(|seconds| u64::try_from(seconds).ok());
    Ok(UserToken {
        access_token,
        token_type: answer.token_type,
        expires_in: seconds.map(Duration::from_secs),
    })
}

/// A status that [`token`] reads.
fn token_or_page(status: StatusCode) -> bool {
    status.is_success() || status == StatusCode::INTERNAL_SERVER_ERROR
}

/// `POST /oauth/access-token`: exchanges a code for the user's token. A code works once, for an
/// hour.
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
    /// This code, which came to this `redirect_uri`.
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

    /// At this path.
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

/// `POST /api/v1/oauth/token`: the same exchange below the API's prefix. Use [`ExchangeCode`].
///
/// Source: the server of 2017; no documentation names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeCodeAtApi {
    code: Secret,
    redirect_uri: String,
    scopes: Vec<Scope>,
    state: Secret,
}

impl ExchangeCodeAtApi {
    /// This code, which came to this `redirect_uri` for a request of these scopes and state.
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
        .accept_statuses(token_or_page);

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("code", self.code.expose())?;
        validate_redirect(&self.redirect_uri)
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params
            .push("redirect_uri", &self.redirect_uri)
            .push("scope", joined(&self.scopes))
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

/// `POST /oauth/token` with a user's name and password. The key pair must be a first-party one.
///
/// Source: clients of 2020 and later; no documentation names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestPasswordToken {
    username: String,
    password: Secret,
    scopes: Vec<Scope>,
}

impl RequestPasswordToken {
    /// Of this user, for these scopes.
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

    /// `scopes` is the official client's name of it, `scope` that of OAuth.
    fn body(&self) -> Result<Body<'_>, InputError> {
        let mut form = Params::new();
        form.push("grant_type", "password")
            .push("username", &self.username)
            .push("password", self.password.expose())
            .push("scopes", joined(&self.scopes))
            .push("scope", joined(&self.scopes));
        Ok(Body::Form(form))
    }

    fn parse(&self, response: &Response) -> Result<UserToken, ResponseError> {
        token(response)
    }
}

/// `POST /api/v1/oauth/request`: a code straight from a user's name and password, without a
/// browser.
///
/// Source: the server of 2017; no documentation names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestCode {
    login: Authorize,
    username: String,
    password: Secret,
    grant_access: bool,
}

impl RequestCode {
    /// For this login, of this user.
    pub fn new(login: Authorize, username: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self { login, username: username.into(), password: password.into(), grant_access: false }
    }

    /// Whether the user allows the application its scopes, if that was not done before.
    #[must_use]
    pub fn grant_access(mut self, grant: bool) -> Self {
        self.grant_access = grant;
        self
    }
}

impl Endpoint for RequestCode {
    /// The code to exchange.
    type Output = Secret;
    const ID: &'static str = "oauth.request_code";
    const ROUTE: Route<Self> =
        route!(POST "/api/v1/oauth/request").credential(credentials::QUERY_ID);

    fn validate(&self) -> Result<(), InputError> {
        self.login.validate()?;
        validate::not_empty("username", &self.username)?;
        validate::not_empty("password", self.password.expose())
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

    /// The state comes back and is compared.
    fn parse(&self, response: &Response) -> Result<Secret, ResponseError> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default, deserialize_with = "wire::secret")]
            code: Option<Secret>,
            #[serde(default, deserialize_with = "wire::secret")]
            state: Option<Secret>,
        }
        let answer: Answer = error::answer(response)?;
        if answer.state.is_some_and(|state| state != *self.login.state()) {
            return Err(ResponseError::new(ErrorKind::Verify)
                .with_message("the state is not that of this request"));
        }
        answer
            .code
            .ok_or_else(|| ResponseError::new(ErrorKind::Decode).with_message("code: missing"))
    }
}

/// `GET /oauth/user`: the user behind a token. Needs the scope `user`.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetUser {}

impl GetUser {
    /// Of the client's token.
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

/// `GET /api/v1/oauth/logout`: ends the user's token and session. Never sent twice on doubt,
/// though it is a GET.
///
/// Source: the server of 2017; no documentation names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogOut {}

impl LogOut {
    /// With the client's token.
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
        error::done(response)
    }
}

impl Client {
    /// The URL to send the user's browser to.
    ///
    /// # Errors
    /// A wrong argument.
    pub fn authorize_url(&self, login: &Authorize) -> Result<String> {
        self.signed_request(login).map(|request| request.uri().to_string())
    }

    /// A login that comes back to the client's redirect URI, to these scopes.
    ///
    /// # Errors
    /// If the client was given no redirect URI, or the operating system gives no randomness.
    pub fn begin_login(&self, scopes: impl IntoIterator<Item = Scope>) -> Result<Authorize> {
        Ok(Authorize::new(self.redirect_uri()?, scopes)?.with_pkce()?)
    }

    /// Exchanges the code of a login for the user's token, with the login's PKCE code verifier.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). A code that was used or is too old is refused as
    /// `invalid_request`, or with a page.
    pub fn finish_login(&self, login: &Authorize, code: impl Into<Secret>) -> Result<UserToken> {
        let request = ExchangeCode::new(code, &login.redirect_uri).path(self.token_path);
        self.send(&match &login.code_verifier {
            Some(verifier) => request.code_verifier(verifier.clone()),
            None => request,
        })
    }

    /// Exchanges a code for the user's token, without a PKCE code verifier: for servers that
    /// ignore PKCE, and logins without it. Prefer [`finish_login`](Client::finish_login).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). A code that was used or is too old is refused as
    /// `invalid_request`, or with a page.
    pub fn exchange_code(&self, code: impl Into<Secret>) -> Result<UserToken> {
        let redirect_uri = self.redirect_uri()?;
        self.send(&ExchangeCode::new(code, redirect_uri).path(self.token_path))
    }

    /// The same exchange below the API's prefix. Use [`exchange_code`](Client::exchange_code).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn exchange_code_at_api(&self, request: &ExchangeCodeAtApi) -> Result<UserToken> {
        self.send(request)
    }

    /// A user's token by name and password, for first-party key pairs.
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

    /// A code by a user's name and password, without a browser.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). What the server refuses comes on HTTP 200 and is an
    /// error all the same.
    pub fn request_code(&self, request: &RequestCode) -> Result<Secret> {
        self.send(request)
    }

    /// The user behind the token.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_user(&self) -> Result<User> {
        self.send(&GetUser::new())
    }

    /// Ends the token.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn log_out(&self) -> Result<()> {
        self.send(&LogOut::new())
    }

    fn redirect_uri(&self) -> Result<String> {
        let missing =
            || InputError::new("redirect_uri", "was not given to the client's builder").into();
        self.redirect_uri.clone().ok_or_else(missing)
    }
}
