//! Promises: an amount of a token is lent to somebody without leaving its address.

use api_auth::{
    Body, Endpoint, ExtraFields, InputError, Params, Response, ResponseError, Result, Route,
    UnixTime, required, route, setters, validate, wire,
};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use crate::amounts::satoshis;
use crate::{Client, Satoshis, error};

/// `POST /api/v1/tca/provisional/register`: whitelists an address as a source of promises, or
/// changes its list of assets. The request is idempotent.
///
/// ```
/// use tokenpass_client::RegisterSource;
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
    /// This address, without a limit of assets. Applications without the privilege to leave it
    /// out need a [`proof`](RegisterSource::proof).
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

    /// Only these assets may be promised from it. Replaces the list of before.
    #[must_use]
    pub fn assets<A: Into<String>>(mut self, assets: impl IntoIterator<Item = A>) -> Self {
        self.assets = Some(assets.into_iter().map(Into::into).collect());
        self
    }

    setters! {
        /// The signature of [`Client::source_proof_message`] by the address's key, in base64.
        proof: impl Into<String>,
        /// The user that the address is given to; privileged.
        assign_user: impl Into<String>,
        /// [`user_hash`](crate::user_hash) of that user's id; privileged.
        assign_user_hash: impl Into<String>,
        /// The label that the address gets; privileged.
        assign_user_label: impl Into<String>,
        /// The chain, such as `bitcoin`: sent as `type`, for servers since 2019.
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
        error::done(response)
    }
}

/// `DELETE /api/v1/tca/provisional/{address}`: takes a source off the whitelist. The
/// documentation prints a path that no server has.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteSource {
    address: String,
}

impl DeleteSource {
    /// This address.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into() }
    }
}

impl Endpoint for DeleteSource {
    type Output = ();
    const ID: &'static str = "source.delete";
    const ROUTE: Route<Self> = route!(DELETE "/api/v1/tca/provisional/{address}", address);

    fn parse(&self, response: &Response) -> Result<(), ResponseError> {
        error::done(response)
    }
}

/// `GET /api/v1/tca/provisional`: the whitelisted sources.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListSources {}

impl ListSources {
    /// All of them.
    pub fn new() -> Self {
        Self::default()
    }
}

/// The whitelisted sources of an application.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, List Source Addresses;
/// that the list is an object, the server of 2017.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sources {
    /// What follows an address in the message that proves its ownership.
    #[serde(default, deserialize_with = "wire::text")]
    pub proof_suffix: Option<String>,
    /// The sources.
    #[serde(default, deserialize_with = "sources")]
    pub whitelist: Vec<Source>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// A whitelisted source.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Source Address Object;
/// `type`, the provider's clients since 2019.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Source {
    /// The address.
    #[serde(default, deserialize_with = "wire::text")]
    pub address: Option<String>,
    /// The assets that may be promised from it; `None` for any.
    #[serde(default, deserialize_with = "some_texts")]
    pub assets: Option<Vec<String>>,
    /// The chain, such as `bitcoin`. Returned as `type` by servers since 2019.
    #[serde(rename = "type", default, deserialize_with = "wire::text")]
    pub chain: Option<String>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// Sources from an object of addresses, or a list; entries that are null are left out.
fn sources<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Source>, D::Error> {
    let entries: Vec<Option<Source>> = wire::list_or_map(deserializer)?;
    Ok(entries.into_iter().flatten().collect())
}

/// Texts from a list, from an object that stands for one, or a single one.
fn some_texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    use serde::de::Error;
    use serde_json::Value;
    let texts = match Value::deserialize(deserializer)? {
        Value::Null => return Ok(None),
        Value::Object(map) => {
            let texts = map.into_iter().map(|(_, value)| value).filter(Value::is_string);
            wire::texts(Value::Array(texts.collect()))
        }
        value => wire::texts(value),
    };
    texts.map(Some).map_err(D::Error::custom)
}

impl Endpoint for ListSources {
    type Output = Sources;
    const ID: &'static str = "source.list";
    const ROUTE: Route<Self> = route!(GET "/api/v1/tca/provisional");

    fn parse(&self, response: &Response) -> Result<Sources, ResponseError> {
        #[derive(Deserialize)]
        struct Needed {
            whitelist: Option<IgnoredAny>,
        }
        required("whitelist", error::answer::<Needed>(response)?.whitelist)?;
        let mut sources: Sources = error::answer(response)?;
        sources.extra.remove("result");
        Ok(sources)
    }
}

/// Who gets a promise.
///
/// ```
/// use tokenpass_client::Destination;
///
/// assert_eq!(Destination::user("cryptonaut").as_str(), "user:cryptonaut");
/// assert_eq!(Destination::from("1AAAA3333xxxxxxxxxxxxxxxxxxxsTtS6v").as_str().len(), 34);
/// ```
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Submit Provisional TX;
/// `email:`, the server of 2017.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Destination(String);

impl Destination {
    /// A user by name. The answer has the address that the server chose.
    pub fn user(username: impl AsRef<str>) -> Self {
        Self(["user:", username.as_ref()].concat())
    }

    /// Whoever has, or will have, this e-mail address.
    pub fn email(email: impl AsRef<str>) -> Self {
        Self(["email:", email.as_ref()].concat())
    }

    /// The text of the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Destination {
    /// An address.
    fn from(address: &str) -> Self {
        Self(address.to_owned())
    }
}

impl From<String> for Destination {
    /// An address.
    fn from(address: String) -> Self {
        Self(address)
    }
}

/// `POST /api/v1/tca/provisional/tx`: promises an amount of a token.
///
/// It is never sent twice on doubt, unless a txid or fingerprint lets the server tell that it has
/// it already.
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
/// .expiration(UnixTime::from_seconds(1_893_456_000))
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
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<UnixTime>,
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
    /// From a whitelisted source; it must hold what was promised from it.
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
            expiration: None,
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
        /// When it ends. Without it, never.
        expiration: UnixTime,
        /// The transaction that will fulfil it.
        txid: impl Into<String>,
        /// The fingerprint of that transaction.
        fingerprint: impl Into<String>,
        /// A reference of yours. The server keeps only the first two parts of `a:b:c`.
        reference: impl Into<String>,
        /// A note. The server answers it with HTML entities.
        note: impl Into<String>,
        /// The chain, for servers since 2019.
        chain: impl Into<String>,
        /// The protocol on the chain, for servers since 2019.
        protocol: impl Into<String>,
        /// Whether it is to a made-up address, for servers since 2022.
        pseudo: bool,
    }
}

/// A promise (a provisional transaction).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Provisional TX Object;
/// how the server of 2017 cuts `ref`, its code; `precision`, `chain` and `protocol`, the provider's
/// plug-in of 2022.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Promise {
    /// The server's id of it.
    #[serde(default, deserialize_with = "wire::integer")]
    pub promise_id: Option<i64>,
    /// The address that it is lent from.
    #[serde(default, deserialize_with = "wire::text")]
    pub source: Option<String>,
    /// The address that it is lent to, also if a user was named; an e-mail address that nobody
    /// has registered stays as it is.
    #[serde(default, deserialize_with = "wire::text")]
    pub destination: Option<String>,
    /// The asset.
    #[serde(default, deserialize_with = "wire::text")]
    pub asset: Option<String>,
    /// The amount.
    #[serde(default, deserialize_with = "satoshis")]
    pub quantity: Option<Satoshis>,
    /// The fingerprint of the transaction that fulfils it.
    #[serde(default, deserialize_with = "wire::text")]
    pub fingerprint: Option<String>,
    /// That transaction.
    #[serde(default, deserialize_with = "wire::text")]
    pub txid: Option<String>,
    /// Your reference. Cut at the second `:` and "" instead of nothing, except right after
    /// creation.
    #[serde(rename = "ref", default, deserialize_with = "wire::text")]
    pub reference: Option<String>,
    /// When it ends; `None` if it does not.
    #[serde(default, deserialize_with = "wire::end_time")]
    pub expiration: Option<UnixTime>,
    /// When it was made: `YYYY-MM-DD HH:MM:SS`, UTC.
    #[serde(default, deserialize_with = "wire::text")]
    pub created_at: Option<String>,
    /// When it was changed last.
    #[serde(default, deserialize_with = "wire::text")]
    pub updated_at: Option<String>,
    /// Whether the destination is a made-up address of a user who has none.
    #[serde(default, deserialize_with = "wire::boolean")]
    pub pseudo: Option<bool>,
    /// The note, with HTML entities; see [`decode_html`](crate::decode_html).
    #[serde(default, deserialize_with = "wire::text")]
    pub note: Option<String>,
    /// The number of decimals of the asset. Returned by servers since 2022.
    #[serde(default, deserialize_with = "wire::integer")]
    pub precision: Option<i64>,
    /// The chain of the addresses, such as `bitcoin`. Returned by servers since 2022.
    #[serde(default, deserialize_with = "wire::text")]
    pub chain: Option<String>,
    /// The protocol on the chain, such as `counterparty`. Returned by servers since 2022.
    #[serde(default, deserialize_with = "wire::text")]
    pub protocol: Option<String>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

fn tx(response: &Response) -> Result<Promise, ResponseError> {
    #[derive(Deserialize)]
    struct Wrapped {
        tx: Option<Promise>,
    }
    required("tx", error::answer::<Wrapped>(response)?.tx)
}

fn list(response: &Response) -> Result<Vec<Promise>, ResponseError> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct List(#[serde(deserialize_with = "wire::list_or_map")] Vec<Promise>);
    #[derive(Deserialize)]
    struct Wrapped {
        list: Option<List>,
    }
    let List(promises) = required("list", error::answer::<Wrapped>(response)?.list)?;
    Ok(promises)
}

fn validate_promise(
    quantity: Option<Satoshis>,
    expiration: Option<UnixTime>,
) -> Result<(), InputError> {
    if quantity.is_some_and(|quantity| quantity <= Satoshis::new(0)) {
        return Err(InputError::new("quantity", "must be more than 0"));
    }
    if expiration.is_some_and(|end| end.seconds() <= 0) {
        return Err(InputError::new("expiration", "must be after 1970"));
    }
    Ok(())
}

impl Endpoint for CreatePromise {
    type Output = Promise;
    const ID: &'static str = "promise.create";
    const ROUTE: Route<Self> =
        route!(POST "/api/v1/tca/provisional/tx").idempotent_when(|endpoint| {
            let named = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
            named(&endpoint.txid) || named(&endpoint.fingerprint)
        });

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("source", &self.source)?;
        validate::not_empty("destination", self.destination.as_str())?;
        validate::not_empty("asset", &self.asset)?;
        validate_promise(Some(self.quantity), self.expiration)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<Promise, ResponseError> {
        tx(response)
    }
}

/// `GET /api/v1/tca/provisional/tx`: all promises that the application made.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListPromises {
    destination: Option<String>,
}

impl ListPromises {
    /// All of them.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Only those to this address, for servers since 2018.
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

/// `GET /api/v1/tca/provisional/byemail/{email}`: promises to an e-mail address.
///
/// Source: clients of 2018 and later; no documentation names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPromisesByEmail {
    email: String,
}

impl ListPromisesByEmail {
    /// To this address.
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

/// `GET /api/v1/tca/provisional/tx/{id}`: one promise, by its id, txid or fingerprint. Prefer the
/// id.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetPromise {
    id: String,
}

impl GetPromise {
    /// The promise with this id.
    pub fn new(id: impl ToString) -> Self {
        Self { id: id.to_string() }
    }
}

impl Endpoint for GetPromise {
    type Output = Option<Promise>;
    const ID: &'static str = "promise.get";
    const ROUTE: Route<Self> = route!(GET "/api/v1/tca/provisional/tx/{id}", id).or_not_found();

    fn parse(&self, response: &Response) -> Result<Option<Promise>, ResponseError> {
        error::optional(response, tx)
    }
}

/// `PATCH /api/v1/tca/provisional/tx/{id}`: changes a promise. The request is idempotent.
///
/// An expiration can be moved and not removed, whatever the documentation says: the server
/// ignores null.
///
/// ```
/// use tokenpass_client::{Satoshis, UnixTime, UpdatePromise};
///
/// let change = UpdatePromise::new(107)
///     .quantity(Satoshis::whole(2))
///     .expiration(UnixTime::from_seconds(1_893_456_000));
/// ```
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UpdatePromise {
    #[serde(skip)]
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<Satoshis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<UnixTime>,
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
    /// The promise with this id, txid or fingerprint. At least one change is needed.
    pub fn new(id: impl ToString) -> Self {
        Self {
            id: id.to_string(),
            quantity: None,
            expiration: None,
            txid: None,
            fingerprint: None,
            reference: None,
            note: None,
            destination: None,
        }
    }

    setters! {
        /// The new amount.
        quantity: Satoshis,
        /// The new end.
        expiration: UnixTime,
        /// The transaction that fulfils it.
        txid: impl Into<String>,
        /// The fingerprint of that transaction.
        fingerprint: impl Into<String>,
        /// Your reference.
        reference: impl Into<String>,
        /// The note.
        note: impl Into<String>,
        /// The new address; a server ignores what is none.
        destination: impl Into<String>,
    }
}

impl Endpoint for UpdatePromise {
    type Output = Promise;
    const ID: &'static str = "promise.update";
    const ROUTE: Route<Self> = route!(PATCH "/api/v1/tca/provisional/tx/{id}", id).idempotent();

    fn validate(&self) -> Result<(), InputError> {
        if *self == Self::new(&self.id) {
            return Err(InputError::new("update", "must change something"));
        }
        validate_promise(self.quantity, self.expiration)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<Promise, ResponseError> {
        tx(response)
    }
}

/// `DELETE /api/v1/tca/provisional/tx/{id}`: takes a promise back.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelPromise {
    id: String,
}

impl CancelPromise {
    /// The promise with this id, txid or fingerprint.
    pub fn new(id: impl ToString) -> Self {
        Self { id: id.to_string() }
    }
}

impl Endpoint for CancelPromise {
    type Output = ();
    const ID: &'static str = "promise.cancel";
    const ROUTE: Route<Self> = route!(DELETE "/api/v1/tca/provisional/tx/{id}", id);

    fn parse(&self, response: &Response) -> Result<(), ResponseError> {
        error::done(response)
    }
}

impl Client {
    /// Whitelists an address as a source of promises, or changes its list of assets.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn register_source(&self, request: &RegisterSource) -> Result<()> {
        self.send(request)
    }

    /// The message whose signature by the address's key is the proof for
    /// [`RegisterSource::proof`].
    pub fn source_proof_message(&self, address: &str) -> String {
        crate::source_proof_message(address, self.client_id())
    }

    /// Takes a source off the whitelist.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn delete_source(&self, address: impl Into<String>) -> Result<()> {
        self.send(&DeleteSource::new(address))
    }

    /// The whitelisted sources.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_sources(&self) -> Result<Sources> {
        self.send(&ListSources::new())
    }

    /// Promises (lends) an amount of a token.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). If it is not known whether the server got it, look at
    /// [`list_promises`](Client::list_promises) before trying again.
    pub fn create_promise(&self, request: &CreatePromise) -> Result<Promise> {
        self.send(request)
    }

    /// All promises that the application made.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_promises(&self) -> Result<Vec<Promise>> {
        self.send(&ListPromises::new())
    }

    /// The promises to an e-mail address. Not in the documentation.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_promises_by_email(&self, email: impl Into<String>) -> Result<Vec<Promise>> {
        self.send(&ListPromisesByEmail::new(email))
    }

    /// One promise, by its id, txid or fingerprint; `None` if there is none.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_promise(&self, id: impl ToString) -> Result<Option<Promise>> {
        self.send(&GetPromise::new(id))
    }

    /// Changes a promise.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn update_promise(&self, request: &UpdatePromise) -> Result<Promise> {
        self.send(request)
    }

    /// Takes a promise back.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn cancel_promise(&self, id: impl ToString) -> Result<()> {
        self.send(&CancelPromise::new(id))
    }
}
