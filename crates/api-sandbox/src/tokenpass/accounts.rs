//! Users, applications, tokens: `oauth.*`, `account.*` and `second_factor.*`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::answer::{Answer, Ask, crashed, error, html, json, message, refused, result};
use super::auth::hex;
use super::entities::escape;
use super::php::{Value, map, parse_query};
use super::{
    CLIENT_ID, CLIENT_SECRET, EMAIL, EXPIRED_TOKEN, LIMITED_TOKEN, OAUTH_TOKEN, OTHER_CLIENT_ID,
    OTHER_CLIENT_SECRET, OTHER_EMAIL, OTHER_USER_ID, OTHER_USERNAME, PASSWORD,
    PRIVILEGED_CLIENT_ID, PRIVILEGED_CLIENT_SECRET, REDIRECT_URI, SCOPES, Tokenpass, USER_ID,
    USERNAME, bitcoin,
};
use crate::{Raw, Reply};

/// How long an authorization code may be exchanged, in seconds.
const CODE_LIFE: u64 = 3_600;

/// A user.
#[derive(Clone)]
pub struct User {
    /// The user's uuid.
    pub id: String,
    /// The name for people; may be empty.
    pub name: String,
    /// The user name.
    pub username: String,
    /// The user name as it stands in URLs.
    pub slug: String,
    /// The e-mail address.
    pub email: String,
    /// Whether the user has followed the link in the mail.
    pub email_is_confirmed: bool,
    /// The password.
    pub password: String,
    /// API token and API secret of a privileged user.
    pub api_key: Option<(String, String)>,
    /// Whether the bitcoin second factor is satisfied.
    pub has_signed: bool,
    /// What `address.instant_verify` wants signed; void after one success.
    pub instant_message: Option<String>,
    /// The client ids that the user has let in.
    pub connected: Vec<String>,
}

/// An application.
#[derive(Clone)]
pub struct Client {
    /// The client id.
    pub id: String,
    /// The client secret.
    pub secret: String,
    /// The callbacks that users may be sent back to.
    pub callbacks: Vec<String>,
    /// May look up users by e-mail, assign sources to users, and register sources without proof.
    pub is_privileged: bool,
}

/// A user's token for an application.
#[derive(Clone)]
pub struct Token {
    /// The token itself.
    pub token: String,
    /// The application's id.
    pub client_id: String,
    /// The user's id.
    pub user: String,
    /// The scopes.
    pub scopes: Vec<String>,
    /// Unix seconds.
    pub expires: u64,
}

/// An authorization code.
pub(super) struct Code {
    code: String,
    client_id: String,
    redirect_uri: String,
    user: String,
    scopes: Vec<String>,
    expires: u64,
}

/// What the query of `oauth.authorize` asks for.
struct Authorization {
    client_id: String,
    redirect_uri: String,
    scopes: Vec<String>,
    state: Option<String>,
}

pub(super) fn first_users() -> Vec<User> {
    let user = |id: &str, name: &str, username: &str, email: &str| User {
        id: id.to_owned(),
        name: name.to_owned(),
        username: username.to_owned(),
        slug: username.to_owned(),
        email: email.to_owned(),
        email_is_confirmed: false,
        password: PASSWORD.to_owned(),
        api_key: None,
        has_signed: false,
        instant_message: Some(hex(&Sha256::digest(username))),
        connected: Vec::new(),
    };
    let mut first = user(USER_ID, "Crypto Naut", USERNAME, EMAIL);
    first.email_is_confirmed = true;
    first.api_key = Some((PRIVILEGED_CLIENT_ID.to_owned(), PRIVILEGED_CLIENT_SECRET.to_owned()));
    let other = user(OTHER_USER_ID, "Bob Élan", OTHER_USERNAME, OTHER_EMAIL);
    vec![first, other]
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
        token(OAUTH_TOKEN, &SCOPES, now + 30 * 86_400),
        token(LIMITED_TOKEN, &["user", "tca"], now + 30 * 86_400),
        token(EXPIRED_TOKEN, &SCOPES, now.saturating_sub(1)),
    ]
}

/// The refusal of a request that lacks a parameter or has a wrong one.
fn bad_parameter(name: &str) -> (u16, &'static str, String) {
    let text = format!(
        "The request is missing a required parameter, includes an invalid parameter value, \
         includes a parameter more than once, or is otherwise malformed. Check the \"{name}\" \
         parameter."
    );
    (400, "invalid_request", text)
}

fn bad_client() -> (u16, &'static str, String) {
    (401, "invalid_client", "Client authentication failed.".to_owned())
}

fn bad_scope(scope: &str) -> (u16, &'static str, String) {
    let text = format!(
        "The requested scope is invalid, unknown, or malformed. Check the \"{scope}\" scope."
    );
    (400, "invalid_scope", text)
}

const DENIED: &str = "The resource owner or authorization server denied the request.";

type Refusal = (u16, &'static str, String);

/// Scopes are separated by commas; chosen: by spaces as well.
fn split_scopes(text: &str) -> Vec<String> {
    let names = text.split([',', ' ']).map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

/// Id and secret of Basic authentication.
fn basic(request: &Raw) -> Option<(String, String)> {
    let text = request.header("authorization")?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
    text.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}

fn bearer(request: &Raw) -> Option<&str> {
    request.header("authorization").and_then(|header| header.strip_prefix("Bearer "))
}

/// A URL with these parameters added.
fn with_query(url: &str, pairs: &[(&str, &str)]) -> String {
    let mut out = url.to_owned();
    for (name, value) in pairs {
        out.push(if out.contains('?') { '&' } else { '?' });
        out.push_str(name);
        out.push('=');
        for byte in value.bytes() {
            match byte {
                b' ' => out.push('+'),
                byte if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) => {
                    out.push(char::from(byte));
                }
                byte => out.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    out
}

fn redirect(url: &str) -> Reply {
    Reply::new(302, "text/html; charset=UTF-8", "<!DOCTYPE html><title>Redirecting</title>")
        .with_header("location", url)
}

impl Tokenpass {
    /// The user with that name or slug; case does not matter.
    pub(super) fn user_named(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| {
            user.username.eq_ignore_ascii_case(name) || user.slug.eq_ignore_ascii_case(name)
        })
    }

    pub(super) fn user_with_email(&self, email: &str) -> Option<&User> {
        self.users.iter().find(|user| user.email.eq_ignore_ascii_case(email))
    }

    pub(super) fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    fn user_mut(&mut self, id: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.id == id)
    }

    /// The application that shows its id and secret, as parameters or by Basic authentication.
    pub(super) fn client_of(&self, ask: &Ask<'_>) -> Option<&Client> {
        let (id, secret) = basic(ask.request)
            .or_else(|| Some((ask.text("client_id")?, ask.text("client_secret")?)))?;
        self.clients.iter().find(|client| client.id == id && client.secret == secret)
    }

    fn has_client(&self, ask: &Ask<'_>) -> bool {
        let id = ask.text("client_id");
        id.is_some_and(|id| self.clients.iter().any(|client| client.id == id))
    }

    /// Notes in `ask` who the `oauth_token` belongs to, if it is good for this scope.
    pub(super) fn token_user(
        &self,
        ask: &mut Ask<'_>,
        scope: Option<&str>,
    ) -> Result<(), &'static str> {
        let header = bearer(ask.request).filter(|_| self.bearer).map(str::to_owned);
        let token = ask.text("oauth_token").or(header).ok_or("No access token provided")?;
        let token = self.tokens.iter().find(|known| known.token == token);
        let token = token.ok_or("This access token was not found")?;
        if token.expires <= self.now() {
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

    /// The user of the Bearer header, or of the parameter `access_token` where there is no header.
    pub(super) fn bearer_user(&self, ask: &Ask<'_>) -> Result<String, Reply> {
        let token = match ask.request.header("authorization") {
            Some(_) => bearer(ask.request).map(str::to_owned),
            None => ask.text("access_token"),
        };
        let token = token.ok_or_else(|| self.oauth_refusal(bad_parameter("access token")))?;
        let now = self.now();
        let known = self.tokens.iter().find(|known| known.token == token && known.expires > now);
        let user = known.and_then(|token| self.user(&token.user)).map(|user| user.id.clone());
        user.ok_or_else(|| self.oauth_refusal((401, "access_denied", DENIED.to_owned())))
    }

    fn oauth_refusal(&self, (status, code, text): Refusal) -> Reply {
        if self.html_oauth_errors {
            return html(500);
        }
        json(status, &map([("error", code.into()), ("error_description", text.into())]))
    }

    /// 40 characters that nobody else has.
    fn random(&mut self) -> String {
        let text = hex(&Sha256::digest(format!("sandbox {}", self.next_id())));
        text.chars().take(40).collect()
    }

    /// What the query asks for, if it may be asked.
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
            expires: self.now() + CODE_LIFE,
        });
        code
    }

    fn issue_token(&mut self, client_id: &str, user: &str, scopes: Vec<String>) -> Reply {
        let token = self.random();
        self.tokens.push(Token {
            token: token.clone(),
            client_id: client_id.to_owned(),
            user: user.to_owned(),
            scopes,
            expires: self.now() + self.token_life,
        });
        let members = [
            ("access_token", token.into()),
            ("token_type", "Bearer".into()),
            ("expires_in", self.token_life.into()),
        ];
        json(200, &map(members))
    }

    pub(super) fn oauth_authorize(&mut self, ask: &Ask<'_>) -> Answer {
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
                Ok(Reply::new(200, "text/html; charset=UTF-8", page))
            }
        }
    }

    /// The code of the request, which is used up, or the refusal.
    fn exchange(&mut self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
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
        let now = self.now();
        let found = self.codes.iter().position(|known| {
            known.code == code
                && known.client_id == client_id
                && known.redirect_uri == redirect_uri
                && known.expires > now
        });
        let code = self.codes.remove(found.ok_or_else(|| bad_parameter("code"))?);
        Ok(self.issue_token(&client_id, &code.user, code.scopes))
    }

    pub(super) fn oauth_access_token(&mut self, ask: &Ask<'_>) -> Answer {
        self.exchange(ask).map_err(|refusal| self.oauth_refusal(refusal))
    }

    pub(super) fn oauth_api_token(&mut self, ask: &Ask<'_>) -> Answer {
        let query = parse_query(ask.request.query().unwrap_or_default()).unwrap_or_default();
        self.authorization(&query).map_err(|refusal| self.oauth_refusal(refusal))?;
        self.exchange(ask).map_err(|_| error(200, "Failed getting access token"))
    }

    /// Chosen, as no source shows this server's side: errors are those of `oauth.access_token`.
    pub(super) fn oauth_password_token(&mut self, ask: &Ask<'_>) -> Answer {
        if ask.text("grant_type").as_deref() == Some("authorization_code") {
            return self.oauth_access_token(ask);
        }
        self.password_grant(ask).map_err(|refusal| self.oauth_refusal(refusal))
    }

    fn password_grant(&mut self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
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

    pub(super) fn oauth_user(&self, ask: &Ask<'_>) -> Answer {
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

    pub(super) fn oauth_request_code(&mut self, ask: &Ask<'_>) -> Answer {
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

    pub(super) fn oauth_logout(&mut self, ask: &Ask<'_>) -> Answer {
        self.tokens.retain(|token| token.token != ask.token);
        result(true)
    }

    pub(super) fn account_register(&mut self, ask: &Ask<'_>) -> Answer {
        let no = |text: &str| refused(200, text);
        if !self.has_client(ask) {
            return Err(no("Invalid API client ID"));
        }
        let username = ask.text("username").ok_or_else(|| no("Username required"))?;
        let password = ask.text("password").ok_or_else(|| no("Password required"))?;
        let email = ask.text("email").ok_or_else(|| no("Email required"))?;
        if self.user_named(&username).is_some() {
            return Err(no("Username already taken"));
        }
        if self.user_with_email(&email).is_some() {
            return Err(no("Email already taken"));
        }
        if !email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty()) {
            return Err(no("Invalid email address"));
        }
        let slug = username.to_lowercase().replace(|char: char| !char.is_alphanumeric(), "-");
        let user = User {
            id: self.uuid(),
            name: ask.text("name").unwrap_or_default(),
            instant_message: Some(hex(&Sha256::digest(&username))),
            username,
            slug,
            email,
            email_is_confirmed: false,
            password,
            api_key: None,
            has_signed: false,
            connected: Vec::new(),
        };
        self.mails.push(user.email.clone());
        let members = [
            ("id", (&user.id).into()),
            ("username", (&user.username).into()),
            ("email", (&user.email).into()),
            ("ecc_key", user.ecc_key().into()),
        ];
        self.users.push(user);
        result(map(members))
    }

    pub(super) fn account_login(&self, ask: &Ask<'_>) -> Answer {
        if !self.has_client(ask) {
            return Err(message(403, "Invalid API client ID"));
        }
        ask.validate()
            .required("username")
            .at_most("username", 255)
            .required("password")
            .at_most("password", 255)
            .done_briefly()?;
        let user = self.user_named(&ask.text("username").unwrap_or_default());
        let user = user.filter(|user| Some(&user.password) == ask.text("password").as_ref());
        let wrong = || message(422, "These credentials do not match our records.");
        let user = user.ok_or_else(wrong)?;
        let confirmed = user.email_is_confirmed.then_some(&user.email);
        let members = [
            ("id", (&user.id).into()),
            ("name", (&user.name).into()),
            ("username", (&user.username).into()),
            ("email", (&user.email).into()),
            ("confirmed_email", confirmed.into()),
            ("ecc_key", user.ecc_key().into()),
        ];
        Ok(json(200, &map(members)))
    }

    pub(super) fn account_update(&mut self, ask: &Ask<'_>) -> Answer {
        let no = |text: &str| refused(200, text);
        let (client_id, id) = (ask.text("client_id"), ask.text("user_id"));
        let token = ask.text("token");
        let now = self.now();
        let held = self.tokens.iter().find(|known| {
            Some(&known.token) == token.as_ref()
                && Some(&known.client_id) == client_id.as_ref()
                && Some(&known.user) == id.as_ref()
                && known.expires > now
        });
        let id = held.map(|token| token.user.clone());
        let id = id.ok_or_else(|| no("Invalid access token, client ID or user ID"))?;
        let taken = ask.text("email").and_then(|email| self.user_with_email(&email));
        let taken = taken.is_some_and(|user| user.id != id);
        let invalid = || no("Invalid access token, client ID or user ID");
        let user = self.user_mut(&id).ok_or_else(invalid)?;
        if ask.text("current_password").as_ref() != Some(&user.password) {
            return Err(no("Invalid password"));
        }
        let (name, email) = (ask.text("name"), ask.text("email"));
        let password = ask.text("password");
        if name.is_none() && email.is_none() && password.is_none() {
            return Err(no("No changes to make"));
        }
        if taken {
            return Err(no("Email already taken"));
        }
        user.name = name.unwrap_or_else(|| user.name.clone());
        user.password = password.unwrap_or_else(|| user.password.clone());
        if let Some(email) = email.filter(|email| *email != user.email) {
            user.email.clone_from(&email);
            user.email_is_confirmed = false;
            self.mails.push(email);
        }
        result("success")
    }

    /// What a user signs with the key of a verified address to satisfy the second factor; chosen.
    pub fn second_factor_message(username: &str) -> String {
        format!("TOKENPASS second factor of {username}")
    }

    pub(super) fn second_factor_status(&self, ask: &Ask<'_>) -> Answer {
        let user = self.user_named(ask.value(0));
        let user = user.ok_or_else(|| refused(404, "Username not found"))?;
        result(if user.has_signed { "signed" } else { "unsigned" })
    }

    pub(super) fn second_factor_sign(&mut self, ask: &Ask<'_>) -> Answer {
        ask.validate().required("signature").at_most("signature", 1024).done()?;
        let user = self.user(&ask.user).ok_or_else(crashed)?;
        let message = Self::second_factor_message(&user.username);
        let signer = bitcoin::signer(&message, &ask.text("signature").unwrap_or_default());
        let signer = signer.ok_or_else(|| error(403, "Signature derive function failed"))?;
        let mut own =
            self.addresses.iter().filter(|known| known.user == ask.user && known.verified);
        if !own.any(|known| known.address == signer) {
            return Err(error(400, "Signature invalid"));
        }
        if let Some(user) = self.user_mut(&ask.user) {
            user.has_signed = true;
        }
        result("Signed")
    }
}

fn unsupported_grant(ask: &Ask<'_>) -> Refusal {
    let text = format!(
        "The authorization grant type \"{}\" is not supported by the authorization server.",
        ask.text("grant_type").unwrap_or_default()
    );
    (400, "unsupported_grant_type", text)
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("username", &self.username).finish_non_exhaustive()
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

impl User {
    /// The private key that the server of 2017 shows; made from the id.
    fn ecc_key(&self) -> String {
        hex(&Sha256::digest(&self.id))
    }
}
