//! Bitcoin addresses of users: lists, registration, and verification of ownership.
//!
//! [`register_address`](Client::register_address) adds an address. The user signs the
//! [`verify_code`](Address::verify_code) of the address with a wallet, and
//! [`verify_address`](Client::verify_address) sends the signature.
//!
//! ```no_run
//! use tokenpass_client::Client;
//!
//! let tokenpass = Client::from_env()?;
//! for address in tokenpass.list_my_addresses()? {
//!     println!("{:?}: verified {:?}", address.address, address.verified);
//! }
//! # Ok::<(), tokenpass_client::Error>(())
//! ```

use std::borrow::Cow;

use api_auth::{
    Body, Credential, Endpoint, ExtraFields, InputError, Params, Response, ResponseError, Result,
    Route, StatusCode, json, route, setters, validate,
};
use serde::{Deserialize, Serialize};

use crate::balances::{Balances, balances};
use crate::proof::extract_signature;
use crate::{Client, credentials, error, html};

/// An address of a user. Which fields are set depends on the endpoint and on the scopes of the
/// user's token.
///
/// See the example in the module [`addresses`](crate::addresses).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, User Address Object.
/// `type` and `verify_address` are from the server's source code of 2017.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Address {
    /// The type of the address, such as `btc`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The Bitcoin address, such as `14eRVGNPQChSmSmNLH6RPjdwsNPc7rH2Z7`.
    pub address: Option<String>,
    /// The balances by asset, including amounts that are promised to the address. `None` if the
    /// address is unverified or inactive.
    #[serde(default, deserialize_with = "balances")]
    pub balances: Option<Balances>,
    /// Whether the address is public, that is, whether every application can look it up.
    pub public: Option<bool>,
    /// The label that the user set, with the HTML entities that the server sends.
    /// [`label_text`](Address::label_text) decodes them.
    pub label: Option<String>,
    /// Whether the address is active. Balances of inactive addresses are not counted.
    pub active: Option<bool>,
    /// Whether the user has proved ownership of the address.
    pub verified: Option<bool>,
    /// The message to sign for [`Client::verify_address`], such as `TOKENPASS zebra quick 9`. It
    /// expires after ten hours. Each response with a new code invalidates the previous code.
    pub verify_code: Option<String>,
    /// The address to which the user can send a payment to prove ownership, as an alternative to a
    /// signature. The provider's documentation does not mention this field.
    pub verify_address: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl Address {
    /// Returns the label with its HTML entities decoded, or `None` if the response contains no
    /// label.
    pub fn label_text(&self) -> Option<Cow<'_, str>> {
        self.label.as_deref().map(html::decode)
    }
}

fn one(response: &Response) -> Result<Address, ResponseError> {
    error::result(response)
}

fn several(response: &Response) -> Result<Vec<Address>, ResponseError> {
    error::result(response)
}

/// `GET /api/v1/tca/addresses`: lists the addresses of the logged-in user.
///
/// With the scope `tca`, the list contains the public addresses, and with `private-address` also
/// the private ones. With `manage-address`, it also contains inactive and unverified addresses, and
/// the fields `active` and `verified` are set.
///
/// See the example in the module [`addresses`](crate::addresses).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListMyAddresses {
    refresh: bool,
}

impl ListMyAddresses {
    /// Creates a request for the addresses with the balances that the server has cached.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether the server first queries the blockchain for each address, which is slow and
    /// requires a client with a long timeout. Defaults to `false`.
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

/// `GET /api/v1/tca/address/{address}`: returns one address of the logged-in user.
///
/// For an unverified address, the response contains a new verification code, which
/// invalidates the previous one.
///
/// See the example in the module [`addresses`](crate::addresses).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetMyAddress {
    address: String,
}

impl GetMyAddress {
    /// Creates a request for this address of the logged-in user.
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
        error::success_or_not_found(response, one)
    }
}

/// `POST /api/v1/tca/address`: adds an unverified address to the logged-in user's account. Requires
/// the scope `manage-address`. The request is never retried if its outcome is unknown.
///
/// ```
/// use tokenpass_client::addresses::RegisterAddress;
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
    /// Creates a request to add this address to the logged-in user's account.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), label: None, public: None, active: None, kind: None }
    }

    setters! {
        /// Sets the label, which must have at most 255 characters.
        label: impl Into<String>,
        /// Sets whether the address is public, that is, whether every application can look it up.
        /// The server's default is `false`.
        public: bool,
        /// Sets whether the address is active. The server's default is `true`.
        active: bool,
        /// Sets the type of the address, `btc` or `bitcoin`. It is sent as `type`.
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

/// `POST /api/v1/tca/address/{address}`: proves ownership of an address with a signature of its
/// verification code. Requires the scope `manage-address`.
///
/// See the example in the module [`addresses`](crate::addresses).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifyAddress {
    #[serde(skip)]
    address: String,
    signature: String,
}

/// The result of the verification of an address.
///
/// See the example in the module [`addresses`](crate::addresses).
///
/// Source: the server's source code of 2017, in which the response for an address that is already
/// verified has status 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verification {
    /// The address is now verified.
    Verified,
    /// The address has already been verified.
    AlreadyVerified,
}

impl VerifyAddress {
    /// Creates a request to verify this address. `signature` is in base64, or is the complete
    /// signed block that a wallet displays.
    pub fn new(address: impl Into<String>, signature: impl AsRef<str>) -> Self {
        let signature = extract_signature(signature.as_ref()).to_owned();
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

    /// Parses the result. If the address is already verified, the server responds with 400 and
    /// `"result":true`.
    fn parse(&self, response: &Response) -> Result<Verification, ResponseError> {
        if response.status() != StatusCode::BAD_REQUEST {
            return error::acknowledgement(response).map(|()| Verification::Verified);
        }
        let fields = json::<ExtraFields>(response).unwrap_or_default();
        match fields.read("result") {
            Some(true) => Ok(Verification::AlreadyVerified),
            _ => Err(error::read(response)),
        }
    }
}

/// `PATCH /api/v1/tca/address/{address}`: changes the label of an address, and whether the address
/// is public or active. Requires the scope `manage-address`. The request is idempotent.
///
/// See the example in the module [`addresses`](crate::addresses).
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
    /// Creates a request to change the settings of this address. At least one change is required.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), label: None, public: None, active: None }
    }

    setters! {
        /// Sets the new label, which must have at most 255 characters.
        label: impl Into<String>,
        /// Sets whether the address is public, that is, whether every application can look it up.
        /// By default, this does not change.
        public: bool,
        /// Sets whether the address is active. Balances of inactive addresses are not counted. By
        /// default, this does not change.
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
        if *self == Self::new(self.address.as_str()) {
            return Err(InputError::new("update", "must change at least one field"));
        }
        validate::max_chars("label", self.label.as_deref().unwrap_or_default(), 255)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<Address, ResponseError> {
        one(response)
    }
}

/// `DELETE /api/v1/tca/address/{address}`: removes an address from the logged-in user's account.
/// Requires the scope `manage-address`.
///
/// See the example in the module [`addresses`](crate::addresses).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteAddress {
    address: String,
}

impl DeleteAddress {
    /// Creates a request to remove this address from the logged-in user's account.
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
        error::acknowledgement(response)
    }
}

/// `POST /api/v1/instant-verify/{username}`: registers and verifies an address in one request, with
/// the signature of a message that the user's dashboard displays. No credentials are required.
///
/// See the example in the module [`addresses`](crate::addresses).
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
    /// Creates a request to add `address` to the account of the user `username`. `message` is the
    /// [`instant_verify_message`](crate::proof::instant_verify_message) in the QR code, and
    /// `signature` is its signature with the key of `address`.
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
            sig: extract_signature(signature.as_ref()).to_owned(),
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
        error::acknowledgement(response)
    }
}

/// `GET /api/v1/tca/addresses/{username}`: lists the addresses of a user that are public, active
/// and verified.
///
/// See the example in the module [`addresses`](crate::addresses).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPublicAddresses {
    username: String,
    refresh: bool,
}

impl ListPublicAddresses {
    /// Creates a request for the addresses of this user with the balances that the server has
    /// cached.
    pub fn new(username: impl Into<String>) -> Self {
        Self { username: username.into(), refresh: false }
    }

    /// Sets whether the server first queries the blockchain for each address, which is slow.
    /// Defaults to `false`.
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

/// `GET /api/v1/tca/addresses/{username}/{address}`: returns one public address of a user.
///
/// See the example in the module [`addresses`](crate::addresses).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetPublicAddress {
    username: String,
    address: String,
}

impl GetPublicAddress {
    /// Creates a request for the public address `address` of the user with the name `username`.
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
        error::success_or_not_found_in(response, "Username not found", one)
    }
}

/// # Addresses
///
/// The request and response types are in the module [`addresses`](crate::addresses).
impl Client {
    /// Returns the addresses of the logged-in user with the balances that the server has cached.
    ///
    /// See the example in the module [`addresses`](crate::addresses).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_my_addresses(&self) -> Result<Vec<Address>> {
        self.send(&ListMyAddresses::new())
    }

    /// Returns an address of the logged-in user, or `None` if the user has no such address.
    ///
    /// See the example in the module [`addresses`](crate::addresses).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_my_address(&self, address: impl Into<String>) -> Result<Option<Address>> {
        self.send(&GetMyAddress::new(address))
    }

    /// Adds an address to the logged-in user's account. The response contains the verification code
    /// to sign.
    ///
    /// See the example in the module [`addresses`](crate::addresses).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn register_address(&self, request: &RegisterAddress) -> Result<Address> {
        self.send(request)
    }

    /// Proves ownership of an address with a signature of the latest verification code.
    ///
    /// See the example in the module [`addresses`](crate::addresses).
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

    /// Changes the label of an address of the logged-in user, and whether the address is public or
    /// active.
    ///
    /// See the example in the module [`addresses`](crate::addresses).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn update_address(&self, request: &UpdateAddress) -> Result<Address> {
        self.send(request)
    }

    /// Removes an address from the logged-in user's account.
    ///
    /// See the example in the module [`addresses`](crate::addresses).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn delete_address(&self, address: impl Into<String>) -> Result<()> {
        self.send(&DeleteAddress::new(address))
    }

    /// Registers and verifies an address in one request, with the signature of a message that the
    /// user's dashboard displays.
    ///
    /// See the example in the module [`addresses`](crate::addresses).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn instant_verify(&self, request: &InstantVerify) -> Result<()> {
        self.send(request)
    }

    /// Returns the public addresses of a user with the balances that the server has cached.
    ///
    /// See the example in the module [`addresses`](crate::addresses).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_public_addresses(&self, username: impl Into<String>) -> Result<Vec<Address>> {
        self.send(&ListPublicAddresses::new(username))
    }

    /// Returns a public address of a user, or `None` if the user has no such address.
    ///
    /// See the example in the module [`addresses`](crate::addresses).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). If the user does not exist, the error has status 404.
    pub fn get_public_address(
        &self,
        username: impl Into<String>,
        address: impl Into<String>,
    ) -> Result<Option<Address>> {
        self.send(&GetPublicAddress::new(username, address))
    }
}
