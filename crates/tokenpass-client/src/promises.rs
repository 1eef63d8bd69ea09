//! Promises (provisional transactions), which lend an amount of a token to a user without moving
//! it. Sources are the whitelisted addresses from which tokens are lent.
//!
//! ```no_run
//! use tokenpass_client::{Client, CreatePromise, Destination, Satoshis};
//!
//! let tokenpass = Client::from_env()?;
//! let source = "1CPM4nnf9sjD7aU46gQki8moNdxwwkfjbf";
//! let promise =
//!     CreatePromise::new(source, Destination::user("bob"), "TOKENLY", Satoshis::whole(5));
//! let lent = tokenpass.create_promise(&promise)?;
//! if let Some(id) = lent.promise_id {
//!     tokenpass.cancel_promise(id)?;
//! }
//! # Ok::<(), tokenpass_client::Error>(())
//! ```

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use std::collections::BTreeMap;

use api_auth::{
    Body, Endpoint, Error, ErrorKind, ExtraFields, InputError, Params, Response, ResponseError,
    Result, Route, StatusCode, UnixTime, json_slice, required, route, setters, validate, wire,
};
use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::balances::Satoshis;
use crate::proof;
use crate::{Client, error};

/// `POST /api/v1/tca/provisional/register`: whitelists an address as a source of promises, or
/// changes its list of assets. The request is idempotent.
///
/// ```
/// use tokenpass_client::promises::RegisterSource;
///
/// let source = RegisterSource::new("1CPM4nnf9sjD7aU46gQki8moNdxwwkfjbf")
///     .proof("the signature of `Client::source_proof_message`")
///     .assets(["TOKENLY"]);
/// ```
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegisterSource {
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assets: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assign_user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assign_user_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assign_user_label: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    chain: Option<String>,
}

impl RegisterSource {
    /// Creates a request to whitelist this address for all assets. A
    /// [`proof`](RegisterSource::proof) is required, except for privileged applications.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            proof: None,
            assets: None,
            assign_user: None,
            assign_user_hash: None,
            assign_user_label: None,
            chain: None,
        }
    }

    /// Sets the assets that may be promised from the address. On the server, they replace the
    /// address's previous assets.
    #[must_use]
    pub fn assets<A: Into<String>>(mut self, assets: impl IntoIterator<Item = A>) -> Self {
        self.assets = Some(assets.into_iter().map(Into::into).collect());
        self
    }

    setters! {
        /// Sets the base64 signature that the key of the address made of the message from
        /// [`Client::source_proof_message`].
        proof: impl Into<String>,
        /// Sets the user to whom the address is assigned. Only privileged applications may set
        /// this.
        assign_user: impl Into<String>,
        /// Sets the [`user_hash`](crate::proof::user_hash) of the id of the user to whom the
        /// address is assigned. Only privileged applications may set this.
        assign_user_hash: impl Into<String>,
        /// Sets the label of the address for the user to whom it is assigned. Only privileged
        /// applications may set this.
        assign_user_label: impl Into<String>,
        /// Sets the blockchain of the address, such as `bitcoin`. It is sent as `type`, which only
        /// servers from 2019 or later support.
        chain: impl Into<String>,
    }
}

impl Endpoint for RegisterSource {
    type Output = ();
    const ID: &'static str = "source.register";
    const ROUTE: Route<Self> = route!(POST "/api/v1/tca/provisional/register").idempotent();

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("address", &self.address)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<(), ResponseError> {
        error::acknowledgement(response)
    }
}

/// `DELETE /api/v1/tca/provisional/{address}`: removes an address from the whitelist of sources of
/// promises. The documentation contains a different path, which does not exist in the server's
/// source code of 2017.
///
/// See the example in the module [`promises`](crate::promises).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`. The path is from the
/// server's source code of 2017 and from the provider's clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteSource {
    address: String,
}

impl DeleteSource {
    /// Creates a request to remove this address from the whitelist.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into() }
    }
}

impl Endpoint for DeleteSource {
    type Output = ();
    const ID: &'static str = "source.delete";
    const ROUTE: Route<Self> = route!(DELETE "/api/v1/tca/provisional/{address}", address);

    fn parse(&self, response: &Response) -> Result<(), ResponseError> {
        error::acknowledgement(response)
    }
}

/// `GET /api/v1/tca/provisional`: lists the addresses that the application has whitelisted as
/// sources of promises.
///
/// See the example in the module [`promises`](crate::promises).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListSources {}

impl ListSources {
    /// Creates a request for all addresses that the application has whitelisted.
    pub fn new() -> Self {
        Self::default()
    }
}

/// The addresses that an application has whitelisted as sources of promises.
///
/// See the example in the module [`promises`](crate::promises).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, List Source Addresses.
/// The format of the list as an object is from the server's source code of 2017.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sources {
    /// The suffix that follows the address in the message whose signature proves ownership of the
    /// address: `_` and 64 hex digits.
    pub proof_suffix: Option<String>,
    /// The whitelisted addresses, with the assets that may be promised from each.
    #[serde(default, deserialize_with = "sources")]
    pub whitelist: Vec<Source>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// A whitelisted address from which an application can promise tokens.
///
/// See the example in the module [`promises`](crate::promises).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Source Address Object.
/// `type` is from the provider's clients from 2019 or later.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Source {
    /// The Bitcoin address of the source.
    pub address: Option<String>,
    /// The assets that may be promised from the address. `None` means any asset.
    #[serde(default, deserialize_with = "some_texts")]
    pub assets: Option<Vec<String>>,
    /// The blockchain of the address (`type`), such as `bitcoin`. It is known only from clients
    /// from 2019 or later, so older servers probably do not return it.
    #[serde(rename = "type")]
    pub chain: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// Deserializes sources from an object keyed by address, or from a list. Null entries are skipped.
fn sources<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Source>, D::Error> {
    let entries: Vec<Option<Source>> = wire::list_or_map(deserializer)?;
    Ok(entries.into_iter().flatten().collect())
}

/// Deserializes strings from a list, from the values of an object, or from a single string. Null is
/// `None`.
fn some_texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    struct Texts(#[serde(deserialize_with = "wire::texts")] Vec<String>);

    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let raw = raw.get();
    if raw == "null" {
        return Ok(None);
    }
    if !raw.starts_with('{') {
        return json_slice(raw.as_bytes())
            .map(|Texts(texts)| Some(texts))
            .map_err(D::Error::custom);
    }
    let map: BTreeMap<String, Box<RawValue>> =
        json_slice(raw.as_bytes()).map_err(D::Error::custom)?;
    let strings = map.values().map(|value| value.get()).filter(|value| value.starts_with('"'));
    let texts: Result<Vec<String>, _> = strings.map(|text| json_slice(text.as_bytes())).collect();
    texts.map(Some).map_err(D::Error::custom)
}

impl Endpoint for ListSources {
    type Output = Sources;
    const ID: &'static str = "source.list";
    const ROUTE: Route<Self> = route!(GET "/api/v1/tca/provisional");

    fn parse(&self, response: &Response) -> Result<Sources, ResponseError> {
        #[derive(Deserialize)]
        struct Required {
            whitelist: Option<IgnoredAny>,
        }
        required("whitelist", error::success::<Required>(response)?.whitelist)?;
        let mut sources: Sources = error::success(response)?;
        sources.extra.remove("result");
        Ok(sources)
    }
}

/// The recipient of a promise: a Bitcoin address, a user or an e-mail address.
///
/// ```
/// use tokenpass_client::Destination;
///
/// assert_eq!(Destination::user("cryptonaut").as_str(), "user:cryptonaut");
/// assert_eq!(Destination::from("1AAAA3333xxxxxxxxxxxxxxxxxxxsTtS6v").as_str().len(), 34);
/// ```
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Submit Provisional TX.
/// The prefix `email:` is from the server's source code of 2017.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Destination(String);

impl Destination {
    /// Creates a destination from the name of a user. The server selects an address of the user and
    /// returns it in the promise.
    pub fn user(username: impl AsRef<str>) -> Self {
        Self(["user:", username.as_ref()].concat())
    }

    /// Creates a destination from an e-mail address, which does not have to be registered.
    pub fn email(email: impl AsRef<str>) -> Self {
        Self(["email:", email.as_ref()].concat())
    }

    /// Returns the string that is sent to the server, such as `user:bob`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Destination {
    /// Creates a destination from a Bitcoin address.
    fn from(address: &str) -> Self {
        Self(address.to_owned())
    }
}

impl From<String> for Destination {
    /// Creates a destination from a Bitcoin address.
    fn from(address: String) -> Self {
        Self(address)
    }
}

/// `POST /api/v1/tca/provisional/tx`: promises an amount of a token.
///
/// The request is never retried if its outcome is unknown, unless it has a txid or fingerprint of
/// at most 255 characters that is neither blank nor `0`. The server uses these values to detect a
/// promise that already exists. If a retry shows that an earlier attempt was carried out,
/// [`Client::create_promise`] returns that promise.
///
/// The server searches the promises of all applications for the txid or fingerprint, or for both if
/// both are set, and does not compare the rest of the request. Two simultaneous requests can both
/// succeed. Therefore, send requests with the same txid or fingerprint from one process only, and
/// set a timeout that is longer than the server's processing time.
///
/// ```
/// use tokenpass_client::{CreatePromise, Destination, Satoshis, UnixTime};
///
/// let promise = CreatePromise::new(
///     "1CPM4nnf9sjD7aU46gQki8moNdxwwkfjbf",
///     Destination::user("cryptonaut"),
///     "TOKENLY",
///     Satoshis::whole(1),
/// )
/// .expires(UnixTime::from_seconds(1_893_456_000))
/// .reference("order:7");
/// ```
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreatePromise {
    source: String,
    destination: Destination,
    asset: String,
    quantity: Satoshis,
    #[serde(rename = "expiration", skip_serializing_if = "Option::is_none")]
    expires: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    txid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pseudo: Option<bool>,
}

impl CreatePromise {
    /// Creates a request for a promise from a whitelisted source. The balance of the source must
    /// cover all amounts that are promised from it.
    pub fn new(
        source: impl Into<String>,
        destination: impl Into<Destination>,
        asset: impl Into<String>,
        quantity: Satoshis,
    ) -> Self {
        Self {
            source: source.into(),
            destination: destination.into(),
            asset: asset.into(),
            quantity,
            expires: None,
            txid: None,
            fingerprint: None,
            reference: None,
            note: None,
            chain: None,
            protocol: None,
            pseudo: None,
        }
    }

    setters! {
        /// Sets the time at which the promise expires. Without it, the promise never expires.
        expires: impl Into<UnixTime>,
        /// Sets the id (64 hex digits) of the blockchain transaction that will fulfil the promise.
        txid: impl Into<String>,
        /// Sets the fingerprint, a unique id of the promise. Choose your own, such as an order
        /// number, so that the request can be retried safely.
        fingerprint: impl Into<String>,
        /// Sets your reference. Of a reference such as `a:b:c`, the server stores only `a:b`.
        reference: impl Into<String>,
        /// Sets the note. The server returns it with special characters as HTML entities; see
        /// [`html::decode`](crate::html::decode).
        note: impl Into<String>,
        /// Sets the blockchain of the addresses, such as `bitcoin`. Supported by servers from 2019
        /// or later.
        chain: impl Into<String>,
        /// Sets the protocol of the asset on the blockchain, such as `counterparty`. Supported by
        /// servers from 2019 or later.
        protocol: impl Into<String>,
        /// Sets whether the destination is an address that Tokenpass generated for a user who has
        /// none. Supported by servers from 2022 or later.
        pseudo: bool,
    }
}

/// Returns whether the server searches for a promise with this txid or fingerprint. The server
/// ignores `0` and blank values. It does not find values of more than 255 characters again, because
/// it truncates them when it stores them.
fn is_searched(name: &str) -> bool {
    let is_blank = |char: char| char.is_whitespace() || char == '\0';
    let text = name.trim_matches(is_blank);
    !text.is_empty() && text != "0" && name.chars().count() <= 255
}

impl CreatePromise {
    /// Returns the txid and the fingerprint for which the server searches. Each is `None` if it is
    /// not set, or if the server does not search for its value.
    fn names(&self) -> [Option<&str>; 2] {
        [&self.txid, &self.fingerprint].map(|name| name.as_deref().filter(|name| is_searched(name)))
    }

    /// Returns whether `promise` has the txid, fingerprint, source, asset and quantity of this
    /// request. The destination is compared only if it is an address: for a user or an e-mail
    /// address, the server selects the address. A request without a txid or fingerprint matches no
    /// promise.
    fn is_fulfilled_by(&self, promise: &Promise) -> bool {
        let same = |wanted: Option<&str>, found: &Option<String>| {
            wanted.is_none_or(|wanted| found.as_deref() == Some(wanted))
        };
        let [txid, fingerprint] = self.names();
        let destination = self.destination.as_str();
        let chosen = destination.starts_with("user:") || destination.starts_with("email:");
        (txid.is_some() || fingerprint.is_some())
            && same(txid, &promise.txid)
            && same(fingerprint, &promise.fingerprint)
            && same(Some(&self.source), &promise.source)
            && same(Some(&self.asset), &promise.asset)
            && promise.quantity == Some(self.quantity)
            && same(Some(destination).filter(|_| !chosen), &promise.destination)
    }
}

/// Returns whether the server responded that a promise with this txid or fingerprint already
/// exists.
fn is_duplicate(error: &Error) -> bool {
    const TEXT: &str = "matching txid or fingerprint already exists";
    error.status() == Some(StatusCode::BAD_REQUEST)
        && error.message().is_some_and(|message| message.contains(TEXT))
}

/// The id that the server assigned to a promise.
///
/// Methods that take an id accept a txid or fingerprint as well:
///
/// ```
/// use tokenpass_client::promises::{GetPromise, PromiseId};
///
/// let by_id = GetPromise::new(PromiseId::new(107));
/// let by_txid = GetPromise::new("f0bcd1a5a4ee7b2b2e5dbd9e8c0d8d0a0d3f5c4b7e1a2c3d4e5f60718293a4b5");
/// ```
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Provisional TX Object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PromiseId(i64);

impl PromiseId {
    /// Creates an id from its number, such as 107.
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// Returns the id as a number, such as 107.
    pub const fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Display for PromiseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for PromiseId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

impl From<i64> for PromiseId {
    fn from(number: i64) -> Self {
        Self(number)
    }
}

impl From<PromiseId> for String {
    /// Converts the id to its decimal digits, as used in paths.
    fn from(id: PromiseId) -> Self {
        id.to_string()
    }
}

impl<'de> Deserialize<'de> for PromiseId {
    /// Deserializes a number, or a string that contains one.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        promise_id(deserializer)?.ok_or_else(|| D::Error::custom("expected the id of a promise"))
    }
}

/// Deserializes an id from a number or a string. Null and an empty string are `None`.
fn promise_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PromiseId>, D::Error> {
    Ok(wire::integer(deserializer)?.map(PromiseId))
}

/// A promise (provisional transaction), which lends an amount of a token to a user.
///
/// See the example in the module [`promises`](crate::promises).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Provisional TX Object.
/// The truncation of `ref` is from the server's source code of 2017. `precision`, `chain` and
/// `protocol` are from the provider's plug-in of 2022.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Promise {
    /// The id that the server assigned to the promise, such as 107.
    #[serde(default, deserialize_with = "promise_id")]
    pub promise_id: Option<PromiseId>,
    /// The address from which the amount is lent.
    pub source: Option<String>,
    /// The address to which the amount is lent, even if the request named a user. An e-mail address
    /// that is not registered is returned unchanged.
    pub destination: Option<String>,
    /// The asset, such as `TOKENLY`.
    pub asset: Option<String>,
    /// The promised amount in satoshis.
    pub quantity: Option<Satoshis>,
    /// The fingerprint that was set, or the fingerprint (64 hex digits) of the transaction that
    /// fulfils the promise.
    pub fingerprint: Option<String>,
    /// The id (64 hex digits) of the blockchain transaction that fulfils the promise.
    pub txid: Option<String>,
    /// Your reference. It is complete in the response to [`CreatePromise`]. In later responses, it
    /// is truncated at the second `:`, and it is an empty string if no reference was set.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// The time at which the promise expires. `None` if it does not expire.
    #[serde(rename = "expiration", default, deserialize_with = "wire::end_time")]
    pub expires: Option<UnixTime>,
    /// The time of creation, in UTC: `YYYY-MM-DD HH:MM:SS`.
    pub created_at: Option<String>,
    /// The time of the last change, in UTC: `YYYY-MM-DD HH:MM:SS`.
    pub updated_at: Option<String>,
    /// Whether the destination is an address that the server generated for a user who has none.
    pub pseudo: Option<bool>,
    /// The note, with HTML entities; see [`html::decode`](crate::html::decode).
    pub note: Option<String>,
    /// The number of decimal places of the asset, such as 8. Only servers from 2022 or later return
    /// it.
    pub precision: Option<i64>,
    /// The blockchain of the addresses, such as `bitcoin`. Only servers from 2022 or later return
    /// it.
    pub chain: Option<String>,
    /// The protocol of the asset on the blockchain, such as `counterparty`. Only servers from 2022
    /// or later return it.
    pub protocol: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

fn tx(response: &Response) -> Result<Promise, ResponseError> {
    #[derive(Deserialize)]
    struct Wrapped {
        tx: Option<Promise>,
    }
    required("tx", error::success::<Wrapped>(response)?.tx)
}

fn list(response: &Response) -> Result<Vec<Promise>, ResponseError> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct List(#[serde(deserialize_with = "wire::list_or_map")] Vec<Promise>);
    #[derive(Deserialize)]
    struct Wrapped {
        list: Option<List>,
    }
    let List(promises) = required("list", error::success::<Wrapped>(response)?.list)?;
    Ok(promises)
}

fn validate_promise(
    quantity: Option<Satoshis>,
    expires: Option<UnixTime>,
) -> Result<(), InputError> {
    if quantity.is_some_and(|quantity| quantity <= Satoshis::new(0)) {
        return Err(InputError::new("quantity", "must be more than 0"));
    }
    if expires.is_some_and(|end| end.seconds() <= 0) {
        return Err(InputError::new("expires", "must be after 1970-01-01"));
    }
    Ok(())
}

impl Endpoint for CreatePromise {
    type Output = Promise;
    const ID: &'static str = "promise.create";
    const ROUTE: Route<Self> =
        route!(POST "/api/v1/tca/provisional/tx").idempotent_when(|endpoint| {
            // If both are set, the server searches for a promise that has both.
            let set = [&endpoint.txid, &endpoint.fingerprint].into_iter().flatten();
            endpoint.names() != [None, None]
                && set.filter(|name| !name.is_empty()).all(|name| is_searched(name))
        });

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("source", &self.source)?;
        validate::not_empty("destination", self.destination.as_str())?;
        if ["user:", "email:"].contains(&self.destination.as_str().trim_end()) {
            return Err(InputError::new("destination", "must contain a name after the colon"));
        }
        validate::not_empty("asset", &self.asset)?;
        validate_promise(Some(self.quantity), self.expires)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<Promise, ResponseError> {
        tx(response)
    }
}

/// `GET /api/v1/tca/provisional/tx`: lists the promises that the application made.
///
/// See the example in the module [`promises`](crate::promises).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListPromises {
    destination: Option<String>,
}

impl ListPromises {
    /// Creates a request for all promises that the application made.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Limits the list to the promises to this destination address. Supported by servers from
        /// 2018 or later.
        destination: impl Into<String>,
    }
}

impl Endpoint for ListPromises {
    type Output = Vec<Promise>;
    const ID: &'static str = "promise.list";
    const ROUTE: Route<Self> = route!(GET "/api/v1/tca/provisional/tx");

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.push_some("destination", self.destination.as_deref());
    }

    fn parse(&self, response: &Response) -> Result<Vec<Promise>, ResponseError> {
        list(response)
    }
}

/// `GET /api/v1/tca/provisional/byemail/{email}`: lists the promises to an e-mail address.
///
/// See the example in the module [`promises`](crate::promises).
///
/// Source: the provider's clients from 2018 or later; not documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPromisesByEmail {
    email: String,
}

impl ListPromisesByEmail {
    /// Creates a request for the promises to this e-mail address.
    pub fn new(email: impl Into<String>) -> Self {
        Self { email: email.into() }
    }
}

impl Endpoint for ListPromisesByEmail {
    type Output = Vec<Promise>;
    const ID: &'static str = "promise.list_by_email";
    const ROUTE: Route<Self> = route!(GET "/api/v1/tca/provisional/byemail/{email}", email);

    fn parse(&self, response: &Response) -> Result<Vec<Promise>, ResponseError> {
        list(response)
    }
}

/// `GET /api/v1/tca/provisional/tx/{id}`: returns one promise by its id, txid or fingerprint.
/// Prefer the id, because the server can interpret digits at the beginning of a txid or fingerprint
/// as the id of another promise.
///
/// See the example in the module [`promises`](crate::promises).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetPromise {
    id: String,
}

impl GetPromise {
    /// Creates a request for the promise with this id, txid or fingerprint.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into() }
    }
}

impl Endpoint for GetPromise {
    type Output = Option<Promise>;
    const ID: &'static str = "promise.get";
    const ROUTE: Route<Self> = route!(GET "/api/v1/tca/provisional/tx/{id}", id).or_not_found();

    fn parse(&self, response: &Response) -> Result<Option<Promise>, ResponseError> {
        error::success_or_not_found(response, tx)
    }
}

/// `PATCH /api/v1/tca/provisional/tx/{id}`: changes a promise. The request is idempotent.
///
/// An expiry can be changed but not removed, contrary to the documentation: the server ignores
/// null.
///
/// ```
/// use tokenpass_client::promises::{PromiseId, UpdatePromise};
/// use tokenpass_client::{Satoshis, UnixTime};
///
/// let change = UpdatePromise::new(PromiseId::new(107))
///     .quantity(Satoshis::whole(2))
///     .expires(UnixTime::from_seconds(1_893_456_000));
/// ```
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UpdatePromise {
    #[serde(skip)]
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<Satoshis>,
    #[serde(rename = "expiration", skip_serializing_if = "Option::is_none")]
    expires: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    txid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<String>,
}

impl UpdatePromise {
    /// Creates a request to update the promise with this id, txid or fingerprint. At least one
    /// change is required.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            quantity: None,
            expires: None,
            txid: None,
            fingerprint: None,
            reference: None,
            note: None,
            destination: None,
        }
    }

    setters! {
        /// Sets the new amount, which must be more than 0.
        quantity: Satoshis,
        /// Sets the new expiry, which must be in the future.
        expires: impl Into<UnixTime>,
        /// Sets the id (64 hex digits) of the blockchain transaction that fulfils the promise.
        txid: impl Into<String>,
        /// Sets the fingerprint of the blockchain transaction that fulfils the promise.
        fingerprint: impl Into<String>,
        /// Sets your new reference. Of a reference such as `a:b:c`, the server stores only `a:b`.
        reference: impl Into<String>,
        /// Sets the new note. The server returns it with HTML entities; see
        /// [`html::decode`](crate::html::decode).
        note: impl Into<String>,
        /// Sets the new destination address. The server ignores an invalid address.
        destination: impl Into<String>,
    }
}

impl Endpoint for UpdatePromise {
    type Output = Promise;
    const ID: &'static str = "promise.update";
    const ROUTE: Route<Self> = route!(PATCH "/api/v1/tca/provisional/tx/{id}", id).idempotent();

    fn validate(&self) -> Result<(), InputError> {
        if *self == Self::new(self.id.as_str()) {
            return Err(InputError::new("update", "must change at least one field"));
        }
        validate_promise(self.quantity, self.expires)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<Promise, ResponseError> {
        tx(response)
    }
}

/// `DELETE /api/v1/tca/provisional/tx/{id}`: cancels a promise.
///
/// See the example in the module [`promises`](crate::promises).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelPromise {
    id: String,
}

impl CancelPromise {
    /// Creates a request to cancel the promise with this id, txid or fingerprint.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into() }
    }
}

impl Endpoint for CancelPromise {
    type Output = ();
    const ID: &'static str = "promise.cancel";
    const ROUTE: Route<Self> = route!(DELETE "/api/v1/tca/provisional/tx/{id}", id);

    fn parse(&self, response: &Response) -> Result<(), ResponseError> {
        error::acknowledgement(response)
    }
}

/// # Promises
///
/// The request and response types are in the module [`promises`](crate::promises).
impl Client {
    /// Whitelists an address as a source of promises, or changes its list of assets.
    ///
    /// See the example in the module [`promises`](crate::promises).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn register_source(&self, request: &RegisterSource) -> Result<()> {
        self.send(request)
    }

    /// Returns the message to sign with the key of the address, for [`RegisterSource::proof`].
    ///
    /// See the example in the module [`promises`](crate::promises).
    pub fn source_proof_message(&self, address: &str) -> String {
        proof::source_proof_message(address, self.client_id())
    }

    /// Removes an address from the whitelist of sources.
    ///
    /// See the example in the module [`promises`](crate::promises).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn delete_source(&self, address: impl Into<String>) -> Result<()> {
        self.send(&DeleteSource::new(address))
    }

    /// Returns the addresses that the application has whitelisted as sources of promises.
    ///
    /// See the example in the module [`promises`](crate::promises).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_sources(&self) -> Result<Sources> {
        self.send(&ListSources::new())
    }

    /// Promises an amount of a token, that is, lends it without moving it.
    ///
    /// A request with a txid or fingerprint is retried if its response was lost. If the server
    /// responds to the retry that the promise already exists, this method returns the promise, in
    /// the same way as [`find_promise`](Client::find_promise). [`send`](Client::send) returns that
    /// response as an error.
    ///
    /// See the example in the module [`promises`](crate::promises).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). If the outcome is unknown, call
    /// [`find_promise`](Client::find_promise) before you send the request again. If the request has
    /// neither a txid nor a fingerprint, call [`list_promises`](Client::list_promises) before the
    /// first request and again after the failure, and compare the ids. If there is no new entry,
    /// the server may still be processing the request: wait a minute and look again. Repeat it only
    /// if there is still none. A new id can also come from another program's request, so compare
    /// the quantities, too.
    ///
    /// If another promise has the txid or fingerprint, the error is the server's response with
    /// status 400, even after a retry.
    pub fn create_promise(&self, request: &CreatePromise) -> Result<Promise> {
        self.send(request).or_else(|error| {
            let existing = match error.attempts() {
                2.. if is_duplicate(&error) => self.find_promise(request).ok().flatten(),
                _ => None,
            };
            existing.ok_or(error)
        })
    }

    /// Returns the promise that the application created with this request: one with the same txid,
    /// fingerprint, source, asset and quantity, and with the same destination if that is an
    /// address. Returns `None` if there is no such promise.
    ///
    /// Call this method after an error with an unknown outcome, for example after a restart of the
    /// program. It sends one request, and requests the list of promises if the first response is
    /// about another promise.
    ///
    /// See the example in the module [`promises`](crate::promises).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). Returns an error if the request has neither a txid nor
    /// a fingerprint.
    pub fn find_promise(&self, request: &CreatePromise) -> Result<Option<Promise>> {
        let [txid, fingerprint] = request.names();
        let Some(name) = txid.or(fingerprint) else {
            let problem = "must be set to find a promise, unless there is a fingerprint";
            return Err(InputError::new("txid", problem).into());
        };
        match self.get_promise(name) {
            Ok(None) => return Ok(None),
            Ok(Some(promise)) if request.is_fulfilled_by(&promise) => return Ok(Some(promise)),
            // The server can interpret digits at the beginning of a name as the id of another
            // promise, even of another application.
            Ok(Some(_)) => {}
            Err(error) if error.kind() == ErrorKind::Input => {}
            Err(error) if error.status() == Some(StatusCode::BAD_REQUEST) => {}
            Err(error) => return Err(error),
        }
        let mut own = self.list_promises()?.into_iter();
        Ok(own.find(|promise| request.is_fulfilled_by(promise)))
    }

    /// Returns all promises that the application made.
    ///
    /// See the example in the module [`promises`](crate::promises).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_promises(&self) -> Result<Vec<Promise>> {
        self.send(&ListPromises::new())
    }

    /// Returns the promises to an e-mail address. The endpoint is not documented.
    ///
    /// See the example in the module [`promises`](crate::promises).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_promises_by_email(&self, email: impl Into<String>) -> Result<Vec<Promise>> {
        self.send(&ListPromisesByEmail::new(email))
    }

    /// Returns the promise with this id, txid or fingerprint, or `None` if there is no such
    /// promise.
    ///
    /// See the example in the module [`promises`](crate::promises).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_promise(&self, id: impl Into<String>) -> Result<Option<Promise>> {
        self.send(&GetPromise::new(id))
    }

    /// Changes a promise, and returns it with its new values.
    ///
    /// See the example in the module [`promises`](crate::promises).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn update_promise(&self, request: &UpdatePromise) -> Result<Promise> {
        self.send(request)
    }

    /// Cancels the promise with this id, txid or fingerprint.
    ///
    /// See the example in the module [`promises`](crate::promises).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn cancel_promise(&self, id: impl Into<String>) -> Result<()> {
        self.send(&CancelPromise::new(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api_auth::{ManualClock, Request, Sent, TransportError, TransportErrorKind};

    const PROMISE: &str = r#"{"promise_id":1,"source":"S","destination":"D","asset":"A","quantity":7,"txid":"t","fingerprint":"f"}"#;
    /// A promise of another application.
    const OTHER: &str = r#"{"promise_id":2,"source":"S2","destination":"D","asset":"A","quantity":7,"txid":"t","fingerprint":"f"}"#;
    const DUPLICATE: &str =
        r#"{"message":"A promise with matching txid or fingerprint already exists"}"#;
    const CREATE: &str = "POST /api/v1/tca/provisional/tx";
    const GET: &str = "GET /api/v1/tca/provisional/tx/t";
    const LIST: &str = "GET /api/v1/tca/provisional/tx";

    fn request() -> CreatePromise {
        CreatePromise::new("S", "D", "A", Satoshis::new(7)).txid("t").fingerprint("f")
    }

    fn in_response(promise: &str) -> String {
        format!(r#"{{"tx":{promise}}}"#)
    }

    /// Returns the result of `call` for a server that receives exactly these requests and sends
    /// these responses. A response with the status 0 is lost.
    fn with_responses<T>(
        responses: &[(&'static str, u16, &str)],
        call: impl FnOnce(&Client) -> Result<T>,
    ) -> Result<T> {
        let responses: Vec<_> = responses
            .iter()
            .map(|(request, status, body)| (*request, *status, body.as_bytes().to_vec()))
            .collect();
        let rest = std::sync::Arc::new(std::sync::Mutex::new(responses.into_iter()));
        let next = rest.clone();
        let transport = move |request: Request| {
            let sent = format!("{} {}", request.method(), request.uri().path());
            let Some((expected, status, body)) = next.lock().unwrap().next() else {
                panic!("unexpected request {sent}");
            };
            assert_eq!(sent, expected);
            if status == 0 {
                let kind = TransportErrorKind::Interrupted;
                return Err(TransportError::new(kind, Sent::Maybe, "the connection was closed"));
            }
            let mut response = Response::new(body);
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            Ok(response)
        };
        let client = Client::builder("I", "K").transport(transport);
        let client = client.clock(ManualClock::at_unix(1_506_000_000)).retries(1).build().unwrap();
        let result = call(&client);
        assert_eq!(rest.lock().unwrap().len(), 0, "a request was not sent");
        result
    }

    #[test]
    fn promise_of_a_request_has_the_same_members() {
        let other = [
            ("txid", "x"),
            ("fingerprint", "x"),
            ("source", "x"),
            ("asset", "x"),
            ("quantity", "8"),
            ("destination", "x"),
        ];
        let differs = |name: &str, value: Option<&str>| {
            let mut members: BTreeMap<String, Option<String>> = [
                ("source", "S"),
                ("destination", "D"),
                ("asset", "A"),
                ("quantity", "7"),
                ("txid", "t"),
                ("fingerprint", "f"),
            ]
            .map(|(name, value)| (name.to_owned(), Some(value.to_owned())))
            .into();
            members.insert(name.to_owned(), value.map(str::to_owned));
            let json = serde_json::to_string(&members).unwrap();
            serde_json::from_str::<Promise>(&json).unwrap()
        };
        assert!(request().is_fulfilled_by(&differs("note", None)));
        for (name, value) in other {
            for value in [Some(value), None] {
                assert!(!request().is_fulfilled_by(&differs(name, value)), "{name} {value:?}");
            }
        }
        // The server selects the address.
        for chosen in ["user:bob", "email:bob@example.org"] {
            let request = CreatePromise::new("S", chosen, "A", Satoshis::new(7)).txid("t");
            assert!(request.is_fulfilled_by(&differs("destination", Some("x"))), "{chosen}");
        }
        // A name that the request does not set is not compared.
        let unnamed = CreatePromise::new("S", "D", "A", Satoshis::new(7));
        assert!(unnamed.clone().fingerprint("f").is_fulfilled_by(&differs("txid", None)));
        assert!(!unnamed.is_fulfilled_by(&differs("note", None)));
    }

    #[test]
    fn promise_is_found_by_its_name_or_in_the_list() {
        let list = |promises: &str| format!(r#"{{"list":[{promises}]}}"#);
        let (promise, other) = (in_response(PROMISE), in_response(OTHER));
        let found = |responses: &[(&'static str, u16, &str)]| {
            let promise = with_responses(responses, |client| client.find_promise(&request()));
            promise.map(|promise| promise.and_then(|promise| promise.promise_id))
        };
        let id = Some(PromiseId::new(1));
        let (own, others) = (list(&format!("{OTHER},{PROMISE}")), list(OTHER));
        assert_eq!(found(&[(GET, 200, &promise)]).unwrap(), id);
        assert_eq!(found(&[(GET, 404, r#"{"message":"not found"}"#)]).unwrap(), None);
        // The first response is about another promise.
        for first in [(GET, 200, &*other), (GET, 400, r#"{"message":"of another application"}"#)] {
            assert_eq!(found(&[first, (LIST, 200, &own)]).unwrap(), id);
            assert_eq!(found(&[first, (LIST, 200, &others)]).unwrap(), None);
        }
        for status in [403, 422] {
            let error = found(&[(GET, status, r#"{"message":"no"}"#)]).unwrap_err();
            assert_eq!(error.status().unwrap().as_u16(), status);
        }
    }

    #[test]
    fn promise_is_only_looked_up_after_a_retry_that_reports_a_duplicate() {
        let create = |responses: &[(&'static str, u16, &str)]| {
            with_responses(responses, |client| client.create_promise(&request()))
        };
        let lost = (CREATE, 0, "");
        let created =
            create(&[lost, (CREATE, 400, DUPLICATE), (GET, 200, &in_response(PROMISE))]).unwrap();
        assert_eq!(created.promise_id, Some(PromiseId::new(1)));
        let invalid = r#"{"message":"The asset is not valid"}"#;
        for (responses, status, body) in [
            (&[(CREATE, 400, DUPLICATE)][..], 400, DUPLICATE),
            (&[lost, (CREATE, 400, invalid)], 400, invalid),
            (&[lost, (CREATE, 403, DUPLICATE)], 403, DUPLICATE),
            (&[lost, (CREATE, 400, DUPLICATE), (GET, 404, invalid)], 400, DUPLICATE),
        ] {
            let error = create(responses).unwrap_err();
            assert_eq!((error.status().unwrap().as_u16(), &*error.body_text()), (status, body));
        }
    }

    #[test]
    fn promise_ids_are_numbers_in_json_and_strings_in_paths() {
        let id = PromiseId::new(107);
        assert_eq!((id.to_string(), String::from(id)), ("107".to_owned(), "107".to_owned()));
        assert_eq!(("107".parse(), PromiseId::from(107)), (Ok(id), id));
        assert!("107x".parse::<PromiseId>().is_err());
        assert_eq!(serde_json::to_string(&id).unwrap(), "107");
        for json in ["107", "\"107\"", "107.0"] {
            assert_eq!(serde_json::from_str::<PromiseId>(json).unwrap(), id, "{json}");
        }
        for json in ["null", "\"\"", "\"x\"", "[107]"] {
            assert!(serde_json::from_str::<PromiseId>(json).is_err(), "{json}");
        }
        for json in [r#"{"promise_id":null}"#, r#"{"promise_id":""}"#, "{}"] {
            assert_eq!(serde_json::from_str::<Promise>(json).unwrap().promise_id, None, "{json}");
        }
    }
}
