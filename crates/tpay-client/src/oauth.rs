//! Access tokens for the API. The client requests and renews its own token, so most programs do not
//! need these endpoints.
//!
//! The tokens of saved cards are in [`cards`](crate::cards).
//!
//! ```no_run
//! let info = tpay_client::Client::from_env()?.get_token_info()?;
//! println!("expires at {:?}", info.token.and_then(|token| token.expires));
//! # Ok::<(), tpay_client::Error>(())
//! ```

use api_auth::{
    Body, Credential, Endpoint, ExtraFields, InputError, Params, Response, ResponseError, Result,
    Route, Secret, UnixTime, required, route, setters,
};
use serde::{Deserialize, Serialize};

use crate::common::ResultStatus;
use crate::{Client, error, validate};

/// An access token, as returned by the token endpoint. Most programs do not need it, because the
/// client requests its own token.
///
/// See the example in the module [`oauth`](crate::oauth).
///
/// Source: the provider's documentation, `docs-api.tpay.com`, first steps, authorization.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Token {
    /// The access token, 40 hex digits. Treat it as opaque.
    #[serde(rename = "access_token", skip_serializing)]
    pub access_token: Option<Secret>,
    /// The type of the token, `Bearer`.
    #[serde(rename = "token_type")]
    pub token_type: Option<String>,
    /// The time of creation according to the server's clock, in Unix seconds.
    #[serde(rename = "issued_at")]
    pub issued_at: Option<UnixTime>,
    /// The lifetime in seconds, such as 7200.
    #[serde(rename = "expires_in")]
    pub expires_in: Option<i64>,
    /// The scope, such as `read`. The scope does not reliably describe the permissions of the API
    /// key.
    pub scope: Option<String>,
    /// The id of the API key, such as `01HH1N1V033B5FMB6TXPWZVATY-01J06SX1HPPFG0D8907TWBG871`.
    #[serde(rename = "client_id")]
    pub client_id: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// `POST /oauth/auth`: requests an access token.
///
/// The client requests its own token before its first request. Use this endpoint only if you need
/// the response itself.
///
/// See the example in the module [`oauth`](crate::oauth).
///
/// Source: the provider's documentation, `docs-api.tpay.com`, first steps, authorization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestToken {
    client_id: String,
    client_secret: Secret,
    scope: Option<String>,
}

impl RequestToken {
    /// Creates a request for a token with the id and secret of an API key.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        Self { client_id: client_id.into(), client_secret: client_secret.into(), scope: None }
    }

    setters! {
        /// Sets the requested scope: `read`, `write` or `read write`. By default, no scope is sent.
        scope: impl Into<String>,
    }
}

impl Endpoint for RequestToken {
    type Output = Token;
    const ID: &'static str = "oauth.token";
    // A second token does not replace the first one.
    const ROUTE: Route<Self> = route!(POST "/oauth/auth").credential(Credential::NONE).idempotent();

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("client_id", &self.client_id)?;
        validate::not_empty("client_secret", self.client_secret.expose())?;
        validate::no_control("client_id", &self.client_id)?;
        validate::no_control("client_secret", self.client_secret.expose())
    }

    fn spaced_credential(&self) -> Option<&'static str> {
        if validate::has_outer_space(&self.client_id) {
            return Some("client_id");
        }
        self.client_secret.has_outer_space().then_some("client_secret")
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        let mut form = Params::new();
        form.push("client_id", &self.client_id)
            .push("client_secret", self.client_secret.expose())
            .push_some("scope", self.scope.as_deref());
        Ok(Body::Form(form))
    }

    fn parse(&self, response: &Response) -> Result<Token, ResponseError> {
        let token: Token = error::success(response, &[])?;
        required("access_token", token.access_token.as_ref())?;
        Ok(token)
    }
}

/// The response with information about the access token that authenticated the request.
///
/// See the example in the module [`oauth`](crate::oauth).
///
/// Source: the provider's API reference, `GET /oauth/tokeninfo`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TokenInfo {
    /// The result of the request, such as `success`.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned, 20 hex digits. Tpay's support team asks for it.
    pub request_id: Option<String>,
    /// The access token that authenticated the request, with properties such as its expiry.
    pub token: Option<TokenDetails>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// The access token that authenticated the request, with properties such as its expiry.
///
/// See the example in the module [`oauth`](crate::oauth).
///
/// Source: the provider's API reference, `GET /oauth/tokeninfo`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TokenDetails {
    /// The access token, 40 hex digits. Treat it as opaque.
    #[serde(rename = "access_token", skip_serializing)]
    pub access_token: Option<Secret>,
    /// The id of the API key for which the token was issued.
    #[serde(rename = "client_id")]
    pub client_id: Option<String>,
    /// The time at which the token expires, in Unix seconds.
    pub expires: Option<UnixTime>,
    /// The scope, such as `read write`. The scope does not reliably describe the permissions of the
    /// API key.
    pub scope: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// `GET /oauth/tokeninfo`: returns information about the token that authenticates the request.
///
/// See the example in the module [`oauth`](crate::oauth).
///
/// Source: the provider's API reference, `GET /oauth/tokeninfo`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetTokenInfo {}

impl GetTokenInfo {
    /// Creates a request for information about the client's own token.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Endpoint for GetTokenInfo {
    type Output = TokenInfo;
    const ID: &'static str = "oauth.tokeninfo";
    const ROUTE: Route<Self> = route!(GET "/oauth/tokeninfo");

    fn parse(&self, response: &Response) -> Result<TokenInfo, ResponseError> {
        error::success(response, &["token"])
    }
}

/// # Access tokens
///
/// See the module [`oauth`](crate::oauth), which contains an example.
impl Client {
    /// Requests a new access token with the client's id and secret. The client does not use this
    /// token for its own requests.
    ///
    /// See the example in the module [`oauth`](crate::oauth).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn request_token(&self) -> Result<Token> {
        self.send(&RequestToken::new(self.client_id.clone(), self.client_secret.clone()))
    }

    /// Returns information about the access token that this client uses, such as its expiry.
    ///
    /// See the example in the module [`oauth`](crate::oauth).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_token_info(&self) -> Result<TokenInfo> {
        self.send(&GetTokenInfo::new())
    }
}
