//! Look-ups: the owners of addresses, and the balances of users.

use std::collections::BTreeMap;

use api_auth::{
    Amount, Body, Endpoint, ExtraFields, InputError, Params, Response, ResponseError, Result,
    Route, json_start, required, route, setters,
};
use serde::{Deserialize, Serialize};

use crate::amounts::Quantity;
use crate::auth::credentials;
use crate::{Balances, Client, Satoshis, error};

/// A user, as returned by look-ups.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, User Lookup Object.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Owner {
    /// The user's name.
    pub username: Option<String>,
    /// A public address of the user.
    pub address: Option<String>,
    /// The user's e-mail address.
    pub email: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

fn owner(response: &Response) -> Result<Owner, ResponseError> {
    error::result(response)
}

/// `GET /api/v1/lookup/address/{address}`: the owner of a public address.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetUserByAddress {
    address: String,
}

impl GetUserByAddress {
    /// Creates a request for the owner of this address.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into() }
    }
}

impl Endpoint for GetUserByAddress {
    type Output = Option<Owner>;
    const ID: &'static str = "lookup.user_by_address";
    const ROUTE: Route<Self> =
        route!(GET "/api/v1/lookup/address/{address}", address).or_not_found();

    fn parse(&self, response: &Response) -> Result<Option<Owner>, ResponseError> {
        error::optional(response, owner)
    }
}

/// `POST /api/v1/lookup/addresses`: the owners of many public addresses at once.
///
/// Source: the server of 2017; no documentation names it. Clients of that time call another path,
/// which that server does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GetUsersByAddresses {
    address_list: Vec<String>,
}

impl GetUsersByAddresses {
    /// Creates a request for the owners of these addresses.
    pub fn new<A: Into<String>>(addresses: impl IntoIterator<Item = A>) -> Self {
        Self { address_list: addresses.into_iter().map(Into::into).collect() }
    }
}

impl Endpoint for GetUsersByAddresses {
    type Output = BTreeMap<String, Owner>;
    const ID: &'static str = "lookup.users_by_addresses";
    // The request only reads.
    const ROUTE: Route<Self> = route!(POST "/api/v1/lookup/addresses").idempotent();

    fn validate(&self) -> Result<(), InputError> {
        if self.address_list.is_empty() {
            return Err(InputError::new("addresses", "must not be empty"));
        }
        Ok(())
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    /// Parses the owners. `"result":false` means that no address has an owner; `users` is then
    /// empty or absent.
    fn parse(&self, response: &Response) -> Result<BTreeMap<String, Owner>, ResponseError> {
        #[derive(Default, Deserialize)]
        #[serde(transparent)]
        struct Users(BTreeMap<String, Option<Owner>>);
        #[derive(Deserialize)]
        struct Found {
            result: Option<bool>,
            users: Option<Users>,
        }
        let found: Found = error::answer(response)?;
        let Users(users) = match (found.users, found.result) {
            (None, Some(false)) => Users::default(),
            (users, _) => required("users", users)?,
        };
        Ok(users.into_iter().filter_map(|(address, owner)| Some((address, owner?))).collect())
    }
}

/// `GET /api/v1/lookup/user/{username}`: the first public address of a user.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetAddressByUser {
    username: String,
}

impl GetAddressByUser {
    /// Creates a request for the first public address of this user.
    pub fn new(username: impl Into<String>) -> Self {
        Self { username: username.into() }
    }
}

impl Endpoint for GetAddressByUser {
    type Output = Option<Owner>;
    const ID: &'static str = "lookup.address_by_user";
    const ROUTE: Route<Self> =
        route!(GET "/api/v1/lookup/user/{username}", username).or_not_found();

    fn parse(&self, response: &Response) -> Result<Option<Owner>, ResponseError> {
        error::optional(response, owner)
    }
}

/// `GET /api/v1/lookup/email/{email}`: the user with an e-mail address. The application must have a
/// privilege.
///
/// Source: the server of 2017; no documentation names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetUserByEmail {
    email: String,
}

impl GetUserByEmail {
    /// Creates a request for the user with this e-mail address.
    pub fn new(email: impl Into<String>) -> Self {
        Self { email: email.into() }
    }
}

impl Endpoint for GetUserByEmail {
    type Output = Option<Owner>;
    const ID: &'static str = "lookup.user_by_email";
    const ROUTE: Route<Self> = route!(GET "/api/v1/lookup/email/{email}", email)
        .credential(credentials::MAIN_WITH_ID)
        .or_not_found();

    fn parse(&self, response: &Response) -> Result<Option<Owner>, ResponseError> {
        error::optional(response, owner)
    }
}

/// `GET /api/v1/lookup/user/exists/{username}`: whether a user exists. Requires the privileged key
/// pair.
///
/// Source: the server of 2017; no documentation names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckUserExists {
    username: String,
    strict: bool,
    id_hash: Option<String>,
}

impl CheckUserExists {
    /// Creates a request for a user with this name, slug or e-mail address.
    pub fn new(username: impl Into<String>) -> Self {
        Self { username: username.into(), strict: false, id_hash: None }
    }

    /// Sets whether only the name is compared. Defaults to `false`.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    setters! {
        /// Sets the [`user_hash`](crate::user_hash) that the user's id must have.
        id_hash: impl Into<String>,
    }
}

impl Endpoint for CheckUserExists {
    type Output = bool;
    const ID: &'static str = "lookup.user_exists";
    const ROUTE: Route<Self> = route!(GET "/api/v1/lookup/user/exists/{username}", username)
        .credential(credentials::PRIVILEGED);

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.push_some("strict", self.strict.then_some("1"));
        params.push_some("id_hash", self.id_hash.as_deref());
    }

    fn parse(&self, response: &Response) -> Result<bool, ResponseError> {
        error::yes_or_no(response)
    }
}

/// The balance of one asset over all addresses of a user. Promises to the user are added and
/// promises from the user are subtracted, so it can be below 0.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Balance Object;
/// `precision`, the provider's plug-in of 2022.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Balance {
    /// The asset.
    pub asset: Option<String>,
    /// The name of the asset. The server of 2017 repeats `asset`.
    pub name: Option<String>,
    /// The amount in whole tokens.
    pub balance: Option<Amount>,
    /// The amount in satoshis.
    #[serde(rename = "balanceSat")]
    pub satoshis: Option<Satoshis>,
    /// The number of decimals of the asset. Returned by servers since 2022.
    pub precision: Option<i64>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl Balance {
    /// Returns the amount, if the response has one: `satoshis`, which is exact, or `balance`. With
    /// a precision other than 8, `balance` takes precedence, because `satoshis` depends on the
    /// precision.
    fn quantity(&self) -> Option<Quantity> {
        let in_satoshis = |value| Quantity { value, precision: None };
        let whole = self.balance.and_then(|balance| Satoshis::try_from(balance).ok());
        let whole = whole.map(in_satoshis);
        match self.precision {
            None | Some(8) => self.satoshis.map(in_satoshis).or(whole),
            Some(precision) => whole.or_else(|| {
                let precision = Some(u8::try_from(precision).ok()?);
                Some(Quantity { value: self.satoshis?, precision })
            }),
        }
    }
}

impl<'a> FromIterator<&'a Balance> for Balances {
    /// Collects the amounts by asset. An entry without `satoshis` and `balance` makes the amount of
    /// its asset unknown, so that every rule on it is false. An entry without `asset` is skipped:
    /// issuers choose the `name`, which may be that of another asset.
    fn from_iter<I: IntoIterator<Item = &'a Balance>>(list: I) -> Self {
        let mut balances = Self::new();
        for entry in list {
            if let Some(asset) = &entry.asset {
                balances.merge(asset.clone(), entry.quantity());
            }
        }
        balances
    }
}

/// Parses a list of balances. The documentation wraps the list in `result`; servers do not.
fn list(response: &Response) -> Result<Vec<Balance>, ResponseError> {
    if json_start(response) == Some(b'[') {
        return error::answer(response);
    }
    error::result(response)
}

/// `GET /api/v1/tca/public/balances`: the balances of the user's public addresses. Requires the
/// scope `tca`.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListPublicBalances {
    refresh: bool,
}

impl ListPublicBalances {
    /// Creates a request for the balances that the server has cached.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether the server queries the blockchain first, which is slow. Defaults to `false`.
    #[must_use]
    pub fn refresh(mut self, refresh: bool) -> Self {
        self.refresh = refresh;
        self
    }
}

impl Endpoint for ListPublicBalances {
    type Output = Vec<Balance>;
    const ID: &'static str = "balance.public";
    const ROUTE: Route<Self> = route!(GET "/api/v1/tca/public/balances")
        .credential(credentials::USER)
        .idempotent_when(|endpoint| !endpoint.refresh);

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.push_some("refresh", self.refresh.then_some("1"));
    }

    fn parse(&self, response: &Response) -> Result<Vec<Balance>, ResponseError> {
        list(response)
    }
}

/// `GET /api/v1/tca/protected/balances`: the balances of all the user's addresses. Requires the
/// scope `private-balances`.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListProtectedBalances {
    refresh: bool,
}

impl ListProtectedBalances {
    /// Creates a request for the balances that the server has cached.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether the server queries the blockchain first, which is slow. Defaults to `false`.
    #[must_use]
    pub fn refresh(mut self, refresh: bool) -> Self {
        self.refresh = refresh;
        self
    }
}

impl Endpoint for ListProtectedBalances {
    type Output = Vec<Balance>;
    const ID: &'static str = "balance.protected";
    const ROUTE: Route<Self> = route!(GET "/api/v1/tca/protected/balances")
        .credential(credentials::USER)
        .idempotent_when(|endpoint| !endpoint.refresh);

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.push_some("refresh", self.refresh.then_some("1"));
    }

    fn parse(&self, response: &Response) -> Result<Vec<Balance>, ResponseError> {
        list(response)
    }
}

impl Client {
    /// Returns the owner of a public address, or `None` if there is none.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_user_by_address(&self, address: impl Into<String>) -> Result<Option<Owner>> {
        self.send(&GetUserByAddress::new(address))
    }

    /// Returns the owners of those addresses that are public, keyed by address.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_users_by_addresses<A: Into<String>>(
        &self,
        addresses: impl IntoIterator<Item = A>,
    ) -> Result<BTreeMap<String, Owner>> {
        self.send(&GetUsersByAddresses::new(addresses))
    }

    /// Returns a user with the first public address, or `None` if there is no such user or address.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_address_by_user(&self, username: impl Into<String>) -> Result<Option<Owner>> {
        self.send(&GetAddressByUser::new(username))
    }

    /// Returns the user with an e-mail address, or `None` if there is none.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_user_by_email(&self, email: impl Into<String>) -> Result<Option<Owner>> {
        self.send(&GetUserByEmail::new(email))
    }

    /// Returns whether a user with this name, slug or e-mail address exists. Requires the
    /// privileged key pair.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn check_user_exists(&self, username: impl Into<String>) -> Result<bool> {
        self.send(&CheckUserExists::new(username))
    }

    /// Returns the balances of the user's public addresses.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_public_balances(&self) -> Result<Vec<Balance>> {
        self.send(&ListPublicBalances::new())
    }

    /// Returns the balances of all the user's addresses.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_protected_balances(&self) -> Result<Vec<Balance>> {
        self.send(&ListProtectedBalances::new())
    }
}
