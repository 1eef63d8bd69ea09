//! Handles the endpoints `oauth.*`, with which applications obtain the OAuth tokens of users.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::ask::Ask;
use super::entities::escape;
use super::php::{Value, map, parse_query};
use super::response::{ApiResult, crashed, error, html, json, result};
use super::{
    CLIENT_ID, CLIENT_SECRET, EXPIRED_TOKEN, LIMITED_TOKEN, OAUTH_TOKEN, OTHER_CLIENT_ID,
    OTHER_CLIENT_SECRET, REDIRECT_URI, SCOPES, Tokenpass, USER_ID,
};
use crate::date::DAY;
use crate::digest::sha256_hex;
use crate::query::encode_form;
use crate::{Raw, Response};

/// The lifetime of an authorization code, in seconds: one hour.
const CODE_LIFE: u64 = 3_600;

/// An application that is registered with the Tokenpass server.
#[derive(Clone)]
pub struct Client {
    /// The client id of the application.
    pub id: String,
    /// The client secret of the application.
    pub secret: String,
    /// The callback URLs to which the server can redirect users.
    pub callbacks: Vec<String>,
    /// Whether the application is allowed to look up users by e-mail address, assign source
    /// addresses to users, and register source addresses without proof of ownership.
    pub is_privileged: bool,
}

/// An OAuth token, with which an application acts for a user.
#[derive(Clone)]
pub struct Token {
    /// The string that is sent as the token.
    pub token: String,
    /// The client id of the application to which the token was issued.
    pub client_id: String,
    /// The id of the user for whom the application acts.
    pub user: String,
    /// The scopes of the token, such as `tca`.
    pub scopes: Vec<String>,
    /// The time of expiry, in Unix seconds.
    pub expires: u64,
}

/// An authorization code that has not been exchanged yet.
pub(super) struct Code {
    code: String,
    client_id: String,
    redirect_uri: String,
    user: String,
    scopes: Vec<String>,
    expires: u64,
}

/// The status, the error code and the message of an error response.
type Refusal = (u16, &'static str, String);

/// The validated parameters of `oauth.authorize`.
struct Authorization {
    client_id: String,
    redirect_uri: String,
    scopes: Vec<String>,
    state: Option<String>,
}

pub(super) fn first_clients() -> Vec<Client> {
    let client = |id: &str, secret: &str, is_privileged| Client {
        id: id.to_owned(),
        secret: secret.to_owned(),
        callbacks: vec![REDIRECT_URI.to_owned()],
        is_privileged,
    };
    vec![
        client(CLIENT_ID, CLIENT_SECRET, true),
        client(OTHER_CLIENT_ID, OTHER_CLIENT_SECRET, false),
    ]
}

pub(super) fn first_tokens(now: u64) -> Vec<Token> {
    let token = |token: &str, scopes: &[&str], expires| Token {
        token: token.to_owned(),
        client_id: CLIENT_ID.to_owned(),
        user: USER_ID.to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        expires,
    };
    vec![
        token(OAUTH_TOKEN, &SCOPES, now + 30 * DAY),
        token(LIMITED_TOKEN, &["user", "tca"], now + 30 * DAY),
        token(EXPIRED_TOKEN, &SCOPES, now.saturating_sub(1)),
    ]
}

/// Returns the error for a missing or invalid parameter `name`.
fn bad_parameter(name: &str) -> Refusal {
    let text = format!(
        "The request is missing a required parameter, includes an invalid parameter value, \
         includes a parameter more than once, or is otherwise malformed. Check the \"{name}\" \
         parameter."
    );
    (400, "invalid_request", text)
}

fn bad_client() -> Refusal {
    (401, "invalid_client", "Client authentication failed.".to_owned())
}

fn bad_scope(scope: &str) -> Refusal {
    let text = format!(
        "The requested scope is invalid, unknown, or malformed. Check the \"{scope}\" scope."
    );
    (400, "invalid_scope", text)
}

fn unsupported_grant(ask: &Ask<'_>) -> Refusal {
    let text = format!(
        "The authorization grant type \"{}\" is not supported by the authorization server.",
        ask.text("grant_type").unwrap_or_default()
    );
    (400, "unsupported_grant_type", text)
}

/// The message of the error if the user denies access or the token is invalid.
const DENIED: &str = "The resource owner or authorization server denied the request.";

/// Splits a list of scopes at the commas, which are the only separators.
fn split_scopes(text: &str) -> Vec<String> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

/// Returns the client id and the client secret from a Basic `Authorization` header.
fn basic(request: &Raw) -> Option<(String, String)> {
    let text = request.header("authorization")?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
    text.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}

fn bearer(request: &Raw) -> Option<&str> {
    request.header("authorization").and_then(|header| header.strip_prefix("Bearer "))
}

/// Returns a URL with these parameters added to the query.
fn with_query(url: &str, pairs: &[(&str, &str)]) -> String {
    let mark = if url.contains('?') { '&' } else { '?' };
    format!("{url}{mark}{}", encode_form(pairs))
}

fn redirect(url: &str) -> Response {
    Response::new(302, "text/html; charset=UTF-8", "<!DOCTYPE html><title>Redirecting</title>")
        .with_header("location", url)
}

impl Tokenpass {
    /// Returns the application whose id and secret are in the request, either in the parameters or
    /// in a Basic `Authorization` header.
    pub(super) fn client_of(&self, ask: &Ask<'_>) -> Option<&Client> {
        let (id, secret) = basic(ask.request)
            .or_else(|| Some((ask.text("client_id")?, ask.text("client_secret")?)))?;
        self.clients.iter().find(|client| client.id == id && client.secret == secret)
    }

    pub(super) fn has_client(&self, ask: &Ask<'_>) -> bool {
        let id = ask.text("client_id");
        id.is_some_and(|id| self.clients.iter().any(|client| client.id == id))
    }

    /// Validates the OAuth token of a request. The token must have the given scope, if any. Sets
    /// the token, its user and its scopes in `ask`.
    pub(super) fn token_user(
        &self,
        ask: &mut Ask<'_>,
        scope: Option<&str>,
    ) -> Result<(), &'static str> {
        let header = bearer(ask.request).filter(|_| self.bearer).map(str::to_owned);
        let token = ask.text("oauth_token").or(header).ok_or("No access token provided")?;
        let token = self.tokens.iter().find(|known| known.token == token);
        let token = token.ok_or("This access token was not found")?;
        if token.expires <= self.clock.unix() {
            return Err("This access token has expired");
        }
        let user = self.user(&token.user).ok_or("User not found")?;
        if scope.is_some_and(|scope| !token.scopes.iter().any(|held| held == scope)) {
            return Err("One or more scopes are not authorized");
        }
        ask.user.clone_from(&user.id);
        ask.token.clone_from(&token.token);
        ask.scopes.clone_from(&token.scopes);
        Ok(())
    }

    /// Returns the id of the user whose token is in the Bearer header or, if there is no
    /// `Authorization` header, in the parameter `access_token`.
    pub(super) fn bearer_user(&self, ask: &Ask<'_>) -> Result<String, Response> {
        let token = match ask.request.header("authorization") {
            Some(_) => bearer(ask.request).map(str::to_owned),
            None => ask.text("access_token"),
        };
        let token = token.ok_or_else(|| self.oauth_refusal(bad_parameter("access token")))?;
        let now = self.clock.unix();
        let known = self.tokens.iter().find(|known| known.token == token && known.expires > now);
        let user = known.and_then(|token| self.user(&token.user)).map(|user| user.id.clone());
        user.ok_or_else(|| self.oauth_refusal((401, "access_denied", DENIED.to_owned())))
    }

    fn oauth_refusal(&self, (status, code, text): Refusal) -> Response {
        if self.html_oauth_errors {
            return html(500);
        }
        json(status, &map([("error", code.into()), ("error_description", text.into())]))
    }

    /// Returns a string of 40 hex digits that is different for each call.
    fn random(&mut self) -> String {
        let text = sha256_hex(format!("sandbox {}", self.next_id()));
        text.chars().take(40).collect()
    }

    /// Validates the parameters of an authorization request, and returns them.
    fn authorization(&self, query: &[(String, Value)]) -> Result<Authorization, Refusal> {
        let get = |name: &str| {
            let found = query.iter().find(|(known, _)| known == name);
            found.and_then(|(_, value)| value.text()).filter(|text| !text.is_empty())
        };
        let need = |name: &str| get(name).ok_or_else(|| bad_parameter(name));
        let (client_id, redirect_uri) = (need("client_id")?, need("redirect_uri")?);
        let client = self.clients.iter().find(|client| client.id == client_id);
        if !client.is_some_and(|client| client.callbacks.contains(&redirect_uri)) {
            return Err(bad_client());
        }
        if need("response_type")? != "code" {
            let text = "The authorization server does not support obtaining an access token \
                        using this method.";
            return Err((400, "unsupported_response_type", text.to_owned()));
        }
        let scopes = split_scopes(&get("scope").unwrap_or_default());
        Ok(Authorization { client_id, redirect_uri, scopes, state: get("state") })
    }

    fn issue_code(&mut self, wanted: &Authorization, user: &str) -> String {
        let code = self.random();
        let client_id = wanted.client_id.clone();
        if let Some(user) = self.user_mut(user)
            && !user.connected.contains(&client_id)
        {
            user.connected.push(client_id.clone());
        }
        self.codes.push(Code {
            code: code.clone(),
            client_id,
            redirect_uri: wanted.redirect_uri.clone(),
            user: user.to_owned(),
            scopes: wanted.scopes.clone(),
            expires: self.clock.unix() + CODE_LIFE,
        });
        code
    }

    fn issue_token(&mut self, client_id: &str, user: &str, scopes: Vec<String>) -> Response {
        let token = self.random();
        self.tokens.push(Token {
            token: token.clone(),
            client_id: client_id.to_owned(),
            user: user.to_owned(),
            scopes,
            expires: self.clock.unix().saturating_add(self.token_life),
        });
        let members = [
            ("access_token", token.into()),
            ("token_type", "Bearer".into()),
            ("expires_in", self.token_life.into()),
        ];
        json(200, &map(members))
    }

    pub(super) fn oauth_authorize(&mut self, ask: &Ask<'_>) -> ApiResult {
        let wanted = match self.authorization(&ask.input) {
            Ok(wanted) => wanted,
            Err(refusal) => return Err(self.oauth_refusal(refusal)),
        };
        if let Some(scope) = wanted.scopes.iter().find(|scope| !SCOPES.contains(&scope.as_str())) {
            let text = bad_scope(scope).2;
            let pairs = [("error", "invalid_scope"), ("message", text.as_str())];
            return Ok(redirect(&with_query(&wanted.redirect_uri, &pairs)));
        }
        let known =
            self.user(USER_ID).is_some_and(|user| user.connected.contains(&wanted.client_id));
        match ask.text("sandbox_consent").as_deref() {
            Some("deny") => {
                let pairs = [("error", "access_denied"), ("error_description", DENIED)];
                Ok(redirect(&with_query(&wanted.redirect_uri, &pairs)))
            }
            consent if known || consent == Some("grant") => {
                let code = self.issue_code(&wanted, USER_ID);
                let mut pairs = vec![("code", code.as_str())];
                pairs.extend(wanted.state.as_deref().map(|state| ("state", state)));
                Ok(redirect(&with_query(&wanted.redirect_uri, &pairs)))
            }
            _ => {
                let target = escape(&ask.request.target);
                let page = format!(
                    "<!DOCTYPE html><title>Tokenpass</title>\n\
                     <a href=\"{target}&amp;sandbox_consent=grant\">Grant access</a>\n\
                     <a href=\"{target}&amp;sandbox_consent=deny\">Deny access</a>\n"
                );
                Ok(Response::new(200, "text/html; charset=UTF-8", page))
            }
        }
    }

    /// Exchanges the authorization code for a token. A code can be used only once.
    fn exchange(&mut self, ask: &Ask<'_>) -> Result<Response, Refusal> {
        let need = |name: &str| ask.text(name).ok_or_else(|| bad_parameter(name));
        if need("grant_type")? != "authorization_code" {
            return Err(unsupported_grant(ask));
        }
        if basic(ask.request).is_none() {
            need("client_id")?;
            need("client_secret")?;
        }
        let redirect_uri = need("redirect_uri")?;
        let client_id = self.client_of(ask).ok_or_else(bad_client)?.id.clone();
        let code = need("code")?;
        let now = self.clock.unix();
        let found = self.codes.iter().position(|known| {
            known.code == code
                && known.client_id == client_id
                && known.redirect_uri == redirect_uri
                && known.expires > now
        });
        let code = self.codes.remove(found.ok_or_else(|| bad_parameter("code"))?);
        Ok(self.issue_token(&client_id, &code.user, code.scopes))
    }

    pub(super) fn oauth_access_token(&mut self, ask: &Ask<'_>) -> ApiResult {
        self.exchange(ask).map_err(|refusal| self.oauth_refusal(refusal))
    }

    pub(super) fn oauth_api_token(&mut self, ask: &Ask<'_>) -> ApiResult {
        let query = parse_query(ask.request.query().unwrap_or_default()).unwrap_or_default();
        self.authorization(&query).map_err(|refusal| self.oauth_refusal(refusal))?;
        self.exchange(ask).map_err(|_| error(200, "Failed getting access token"))
    }

    /// Handles `oauth.password_token`. Its errors are not documented; this server returns those of
    /// `oauth.access_token`.
    pub(super) fn oauth_password_token(&mut self, ask: &Ask<'_>) -> ApiResult {
        if ask.text("grant_type").as_deref() == Some("authorization_code") {
            return self.oauth_access_token(ask);
        }
        self.password_grant(ask).map_err(|refusal| self.oauth_refusal(refusal))
    }

    fn password_grant(&mut self, ask: &Ask<'_>) -> Result<Response, Refusal> {
        let need = |name: &str| ask.text(name).ok_or_else(|| bad_parameter(name));
        if need("grant_type")? != "password" {
            return Err(unsupported_grant(ask));
        }
        let client_id = self.client_of(ask).ok_or_else(bad_client)?.id.clone();
        let (username, password) = (need("username")?, need("password")?);
        let user = self.user_named(&username).filter(|user| user.password == password);
        let user = user.map(|user| user.id.clone()).ok_or_else(|| {
            (401, "invalid_credentials", "The user credentials were incorrect.".to_owned())
        })?;
        let scopes = ask.text("scopes").or_else(|| ask.text("scope")).unwrap_or_default();
        let scopes = split_scopes(&scopes);
        if let Some(scope) = scopes.iter().find(|scope| !SCOPES.contains(&scope.as_str())) {
            return Err(bad_scope(scope));
        }
        Ok(self.issue_token(&client_id, &user, scopes))
    }

    pub(super) fn oauth_user(&self, ask: &Ask<'_>) -> ApiResult {
        let user = self.user(&ask.user).ok_or_else(crashed)?;
        let members = [
            ("id", (&user.id).into()),
            ("name", (&user.name).into()),
            ("username", (&user.username).into()),
            ("email", (&user.email).into()),
            ("email_is_confirmed", user.email_is_confirmed.into()),
            ("ecc_key", user.ecc_key().into()),
        ];
        Ok(json(200, &map(members)))
    }

    pub(super) fn oauth_request_code(&mut self, ask: &Ask<'_>) -> ApiResult {
        let no = |text: &str| error(200, text);
        let query = parse_query(ask.request.query().unwrap_or_default()).unwrap_or_default();
        let wanted = self.authorization(&query).map_err(|refusal| self.oauth_refusal(refusal))?;
        let state = wanted.state.clone().ok_or_else(|| no("State required"))?;
        if wanted.scopes.is_empty() {
            return Err(no("Scope required"));
        }
        if let Some(scope) = wanted.scopes.iter().find(|scope| !SCOPES.contains(&scope.as_str())) {
            return Err(self.oauth_refusal(bad_scope(scope)));
        }
        let username = ask.text("username").ok_or_else(|| no("Username required"))?;
        let password = ask.text("password").ok_or_else(|| no("Password required"))?;
        let user = self.user_named(&username).filter(|user| user.password == password);
        let user = user.ok_or_else(|| no("Invalid credentials"))?;
        let may = ask.get("grant_access").is_some_and(Value::is_truthy);
        if !may && !user.connected.contains(&wanted.client_id) {
            return Err(no("Application denied access to account"));
        }
        let user = user.id.clone();
        let code = self.issue_code(&wanted, &user);
        Ok(json(200, &map([("code", code.into()), ("state", state.into())])))
    }

    pub(super) fn oauth_logout(&mut self, ask: &Ask<'_>) -> ApiResult {
        self.tokens.retain(|token| token.token != ask.token);
        result(true)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("scopes", &self.scopes).finish_non_exhaustive()
    }
}
