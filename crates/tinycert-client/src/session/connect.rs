//! The requests that open and close a session.

use api_auth::{
    Body, Credential, Endpoint, InputError, Params, Response, ResponseError, Route, Secret, route,
};

use crate::{error, validate};

/// The credential of [`Connect`]: the request is signed with the API key, but contains no session
/// token.
///
/// See the example in the module [`session`](crate::session).
pub const API_KEY: Credential = Credential::named("API key");

/// `POST /api/v1/connect`: opens a session and returns its token.
///
/// See the example in the module [`session`](crate::session).
///
/// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/connect`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connect {
    email: String,
    passphrase: Secret,
    /// The names of the arguments or variables that contained the e-mail address and the
    /// passphrase, for errors.
    names: (&'static str, &'static str),
}

impl Connect {
    /// Creates a request to open a session for the account with this e-mail address. The passphrase
    /// is the one that encrypts the account's private keys, not the password of the website.
    pub fn new(email: impl Into<String>, passphrase: impl Into<Secret>) -> Self {
        let names = ("email", "passphrase");
        Self { email: email.into(), passphrase: passphrase.into(), names }
    }

    /// Sets the names that errors use for the e-mail address and the passphrase.
    pub(crate) fn with_names(mut self, email: &'static str, passphrase: &'static str) -> Self {
        self.names = (email, passphrase);
        self
    }

    pub(crate) fn email(&self) -> &str {
        &self.email
    }

    pub(crate) fn passphrase(&self) -> &Secret {
        &self.passphrase
    }
}

impl Endpoint for Connect {
    type Output = Secret;
    const ID: &'static str = "session.connect";
    // Idempotent: if the response is lost, the unused session just expires.
    const ROUTE: Route<Self> = route!(POST "/api/v1/connect").credential(API_KEY).idempotent();

    fn validate(&self) -> Result<(), InputError> {
        let (email, passphrase) = self.names;
        validate::not_empty(email, &self.email)?;
        validate::no_control(email, &self.email)?;
        validate::no_control(passphrase, self.passphrase.expose())
    }

    fn spaced_credential(&self) -> Option<&'static str> {
        let (email, passphrase) = self.names;
        if validate::has_outer_space(&self.email) {
            return Some(email);
        }
        self.passphrase.has_outer_space().then_some(passphrase)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        let mut params = Params::new();
        params.push("email", &self.email).push("passphrase", self.passphrase.expose());
        Ok(Body::Form(params))
    }

    fn parse(&self, response: &Response) -> Result<Secret, ResponseError> {
        token(response)
    }
}

/// Parses the token in the response to [`Connect`].
pub(super) fn token(response: &Response) -> Result<Secret, ResponseError> {
    let token = error::string(response, "token").map(Secret::new);
    token.map_err(|other| error::invalid_login(response).unwrap_or(other))
}

/// `POST /api/v1/disconnect`: closes the session.
///
/// See the example in the module [`session`](crate::session).
///
/// Source: the official PHP client. The provider's documentation of this request is not available.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disconnect {}

impl Disconnect {
    /// Creates a request to close the session in which it is sent.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Endpoint for Disconnect {
    type Output = ();
    const ID: &'static str = "session.disconnect";
    const ROUTE: Route<Self> = route!(POST "/api/v1/disconnect");

    fn parse(&self, response: &Response) -> Result<(), ResponseError> {
        error::acknowledgement(response)
    }
}
