//! Bitcoin addresses of users.

use std::borrow::Cow;

use api_auth::{
    Body, Credential, Endpoint, ExtraFields, InputError, Params, Response, ResponseError, Result,
    Route, StatusCode, json, route, setters, validate, wire,
};
use serde::{Deserialize, Serialize};

use crate::amounts::balances;
use crate::auth::credentials;
use crate::{Balances, Client, decode_html, error, signature_of};

/// An address of a user. Which fields come depends on the call and on the token's scopes.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, User Address Object;
/// `type` and `verify_address`, the server of 2017.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Address {
    /// The kind: `btc`.
    #[serde(rename = "type", default, deserialize_with = "wire::text")]
    pub kind: Option<String>,
    /// The address itself.
    #[serde(default, deserialize_with = "wire::text")]
    pub address: Option<String>,
    /// What it holds, promises included; `None` if it is unverified or inactive.
    #[serde(default, deserialize_with = "balances")]
    pub balances: Option<Balances>,
    /// Whether everybody may see it.
    #[serde(default, deserialize_with = "wire::boolean")]
    pub public: Option<bool>,
    /// The user's label, with HTML entities as the server sends them.
    #[serde(default, deserialize_with = "wire::text")]
    pub label: Option<String>,
    /// Whether it counts.
    #[serde(default, deserialize_with = "wire::boolean")]
    pub active: Option<bool>,
    /// Whether its ownership is proven.
    #[serde(default, deserialize_with = "wire::boolean")]
    pub verified: Option<bool>,
    /// The message to sign for [`Client::verify_address`]. Each answer that has one voids the one
    /// before; it is good for ten hours.
    #[serde(default, deserialize_with = "wire::text")]
    pub verify_code: Option<String>,
    /// An address to pay to as another proof; nobody documents it.
    #[serde(default, deserialize_with = "wire::text")]
    pub verify_address: Option<String>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

impl Address {
    /// The label as people write it.
    pub fn label_text(&self) -> Option<Cow<'_, str>> {
        self.label.as_deref().map(decode_html)
    }
}

fn one(response: &Response) -> Result<Address, ResponseError> {
    error::result(response)
}

fn several(response: &Response) -> Result<Vec<Address>, ResponseError> {
    error::result(response)
}

/// `GET /api/v1/tca/addresses`: the addresses of the token's user.
///
/// The scope `tca` shows the public ones; `private-address` the others; `manage-address` all,
/// with `active` and `verified`.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListMyAddresses {
    refresh: bool,
}

impl ListMyAddresses {
    /// With the balances that the server knows.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the server ask the chain about each address first. That is slow: give the client a
    /// long deadline.
    #[must_use]
    pub fn refresh(mut self, refresh: bool) -> Self {
        self.refresh = refresh;
        self
    }
}

impl Endpoint for ListMyAddresses {
    type Output = Vec<Address>;
    const ID: &'static str = "address.list_mine";
    const ROUTE: Route<Self> = route!(GET "/api/v1/tca/addresses")
        .credential(credentials::USER)
        .idempotent_when(|endpoint| !endpoint.refresh);

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.push_some("refresh", self.refresh.then_some("1"));
    }

    fn parse(&self, response: &Response) -> Result<Vec<Address>, ResponseError> {
        several(response)
    }
}

/// `GET /api/v1/tca/address/{address}`: one address of the token's user.
///
/// Of one that is not verified the answer has a new verify code, which voids the last one.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetMyAddress {
    address: String,
}

impl GetMyAddress {
    /// This address.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into() }
    }
}

impl Endpoint for GetMyAddress {
    type Output = Option<Address>;
    const ID: &'static str = "address.get_mine";
    const ROUTE: Route<Self> = route!(GET "/api/v1/tca/address/{address}", address)
        .credential(credentials::USER)
        .or_not_found();

    fn parse(&self, response: &Response) -> Result<Option<Address>, ResponseError> {
        error::optional(response, one)
    }
}

/// `POST /api/v1/tca/address`: adds an address to the user's account, unverified. Needs the scope
/// `manage-address`. Never sent twice on doubt.
///
/// ```
/// use tokenpass_client::RegisterAddress;
///
/// let new = RegisterAddress::new("14eRVGNPQChSmSmNLH6RPjdwsNPc7rH2Z7").label("Main").public(true);
/// ```
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegisterAddress {
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<bool>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
}

impl RegisterAddress {
    /// This address.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), label: None, public: None, active: None, kind: None }
    }

    setters! {
        /// A label, 255 characters at most.
        label: impl Into<String>,
        /// Whether everybody may see it. The server's default is no.
        public: bool,
        /// Whether it counts. The server's default is yes.
        active: bool,
        /// The kind, `btc` or `bitcoin`: sent as `type`.
        kind: impl Into<String>,
    }
}

impl Endpoint for RegisterAddress {
    type Output = Address;
    const ID: &'static str = "address.register";
    const ROUTE: Route<Self> = route!(POST "/api/v1/tca/address").credential(credentials::USER);

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("address", &self.address)?;
        validate::max_chars("label", self.label.as_deref().unwrap_or_default(), 255)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<Address, ResponseError> {
        one(response)
    }
}

/// `POST /api/v1/tca/address/{address}`: proves the ownership of an address by a signature of its
/// verify code. Needs the scope `manage-address`.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifyAddress {
    #[serde(skip)]
    address: String,
    signature: String,
}

/// How a verification went.
///
/// Source: the server of 2017, which answers 400 for an address that is verified already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// The address is verified now.
    Verified,
    /// It was verified before.
    AlreadyVerified,
}

impl VerifyAddress {
    /// Of this address, by the signature in base64 (or a whole signed block).
    pub fn new(address: impl Into<String>, signature: impl AsRef<str>) -> Self {
        let signature = signature_of(signature.as_ref()).to_owned();
        Self { address: address.into(), signature }
    }
}

impl Endpoint for VerifyAddress {
    type Output = Verification;
    const ID: &'static str = "address.verify";
    const ROUTE: Route<Self> = route!(POST "/api/v1/tca/address/{address}", address)
        .credential(credentials::USER)
        .accept_statuses(|status| status.is_success() || status == StatusCode::BAD_REQUEST);

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("signature", &self.signature)?;
        validate::max_chars("signature", &self.signature, 1024)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    /// The server answers 400 with `"result":true` for one that is verified already.
    fn parse(&self, response: &Response) -> Result<Verification, ResponseError> {
        if response.status() != StatusCode::BAD_REQUEST {
            return error::done(response).map(|()| Verification::Verified);
        }
        let fields = json::<ExtraFields>(response).unwrap_or_default();
        match fields.read("result") {
            Some(true) => Ok(Verification::AlreadyVerified),
            _ => Err(error::read(response)),
        }
    }
}

/// `PATCH /api/v1/tca/address/{address}`: changes label, public or active. Needs the scope
/// `manage-address`. The request is idempotent.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UpdateAddress {
    #[serde(skip)]
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<bool>,
}

impl UpdateAddress {
    /// Of this address.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), label: None, public: None, active: None }
    }

    setters! {
        /// The new label, 255 characters at most.
        label: impl Into<String>,
        /// Whether everybody may see it.
        public: bool,
        /// Whether it counts.
        active: bool,
    }
}

impl Endpoint for UpdateAddress {
    type Output = Address;
    const ID: &'static str = "address.update";
    const ROUTE: Route<Self> = route!(PATCH "/api/v1/tca/address/{address}", address)
        .credential(credentials::USER)
        .idempotent();

    fn validate(&self) -> Result<(), InputError> {
        validate::max_chars("label", self.label.as_deref().unwrap_or_default(), 255)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<Address, ResponseError> {
        one(response)
    }
}

/// `DELETE /api/v1/tca/address/{address}`: removes an address. Needs the scope `manage-address`.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteAddress {
    address: String,
}

impl DeleteAddress {
    /// This address.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into() }
    }
}

impl Endpoint for DeleteAddress {
    type Output = ();
    const ID: &'static str = "address.delete";
    const ROUTE: Route<Self> =
        route!(DELETE "/api/v1/tca/address/{address}", address).credential(credentials::USER);

    fn parse(&self, response: &Response) -> Result<(), ResponseError> {
        error::done(response)
    }
}

/// `POST /api/v1/instant-verify/{username}`: registers and verifies an address in one call, with
/// the message that the user's browser shows. No credentials are needed.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstantVerify {
    #[serde(skip)]
    username: String,
    msg: String,
    address: String,
    sig: String,
}

impl InstantVerify {
    /// Of this user, with the message ([`instant_verify_message`](crate::instant_verify_message)
    /// of the QR code), the address, and the message's signature by the address's key.
    pub fn new(
        username: impl Into<String>,
        message: impl Into<String>,
        address: impl Into<String>,
        signature: impl AsRef<str>,
    ) -> Self {
        Self {
            username: username.into(),
            msg: message.into(),
            address: address.into(),
            sig: signature_of(signature.as_ref()).to_owned(),
        }
    }
}

impl Endpoint for InstantVerify {
    type Output = ();
    const ID: &'static str = "address.instant_verify";
    const ROUTE: Route<Self> =
        route!(POST "/api/v1/instant-verify/{username}", username).credential(Credential::NONE);

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("message", &self.msg)?;
        validate::not_empty("address", &self.address)?;
        validate::not_empty("signature", &self.sig)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<(), ResponseError> {
        error::done(response)
    }
}

/// `GET /api/v1/tca/addresses/{username}`: the public, active, verified addresses of a user.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPublicAddresses {
    username: String,
    refresh: bool,
}

impl ListPublicAddresses {
    /// Of this user, with the balances that the server knows.
    pub fn new(username: impl Into<String>) -> Self {
        Self { username: username.into(), refresh: false }
    }

    /// Lets the server ask the chain about each address first. That is slow.
    #[must_use]
    pub fn refresh(mut self, refresh: bool) -> Self {
        self.refresh = refresh;
        self
    }
}

impl Endpoint for ListPublicAddresses {
    type Output = Vec<Address>;
    const ID: &'static str = "address.list_public";
    const ROUTE: Route<Self> = route!(GET "/api/v1/tca/addresses/{username}", username)
        .idempotent_when(|endpoint| !endpoint.refresh);

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.push_some("refresh", self.refresh.then_some("1"));
    }

    fn parse(&self, response: &Response) -> Result<Vec<Address>, ResponseError> {
        several(response)
    }
}

/// `GET /api/v1/tca/addresses/{username}/{address}`: one public address of a user.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetPublicAddress {
    username: String,
    address: String,
}

impl GetPublicAddress {
    /// This address of this user.
    pub fn new(username: impl Into<String>, address: impl Into<String>) -> Self {
        Self { username: username.into(), address: address.into() }
    }
}

impl Endpoint for GetPublicAddress {
    type Output = Option<Address>;
    const ID: &'static str = "address.get_public";
    const ROUTE: Route<Self> =
        route!(GET "/api/v1/tca/addresses/{username}/{address}", username, address).or_not_found();

    fn parse(&self, response: &Response) -> Result<Option<Address>, ResponseError> {
        error::optional(response, one)
    }
}

impl Client {
    /// The addresses of the token's user, with the balances that the server knows.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_my_addresses(&self) -> Result<Vec<Address>> {
        self.send(&ListMyAddresses::new())
    }

    /// One address of the token's user, or `None` if it has no such one.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_my_address(&self, address: impl Into<String>) -> Result<Option<Address>> {
        self.send(&GetMyAddress::new(address))
    }

    /// Adds an address to the user's account. The answer has the verify code to sign.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn register_address(&self, request: &RegisterAddress) -> Result<Address> {
        self.send(request)
    }

    /// Proves the ownership of an address by the signature of its last verify code.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn verify_address(
        &self,
        address: impl Into<String>,
        signature: impl AsRef<str>,
    ) -> Result<Verification> {
        self.send(&VerifyAddress::new(address, signature))
    }

    /// Changes label, public or active of an address.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn update_address(&self, request: &UpdateAddress) -> Result<Address> {
        self.send(request)
    }

    /// Removes an address.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn delete_address(&self, address: impl Into<String>) -> Result<()> {
        self.send(&DeleteAddress::new(address))
    }

    /// Registers and verifies an address with the message that the user's browser shows.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn instant_verify(&self, request: &InstantVerify) -> Result<()> {
        self.send(request)
    }

    /// The public addresses of a user.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_public_addresses(&self, username: impl Into<String>) -> Result<Vec<Address>> {
        self.send(&ListPublicAddresses::new(username))
    }

    /// One public address of a user, or `None` if there is no such user or address.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_public_address(
        &self,
        username: impl Into<String>,
        address: impl Into<String>,
    ) -> Result<Option<Address>> {
        self.send(&GetPublicAddress::new(username, address))
    }
}
