//! Lookups of users by public address, e-mail address or name.
//!
//! ```no_run
//! use tokenpass_client::Client;
//!
//! let tokenpass = Client::from_env()?;
//! let owner = tokenpass.get_user_by_address("14eRVGNPQChSmSmNLH6RPjdwsNPc7rH2Z7")?;
//! println!("{:?}", owner.and_then(|owner| owner.username));
//! # Ok::<(), tokenpass_client::Error>(())
//! ```

use std::collections::BTreeMap;

use api_auth::{
    Body, Endpoint, ExtraFields, InputError, Params, Response, ResponseError, Result, Route,
    required, route, setters,
};
use serde::{Deserialize, Serialize};

use crate::{Client, credentials, error};

/// A user, as returned by lookups.
///
/// See the example in the module [`lookups`](crate::lookups).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, User Lookup Object.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Owner {
    /// The user's name, such as `bob`.
    pub username: Option<String>,
    /// A public Bitcoin address of the user. Absent from a lookup by e-mail address if the user has
    /// no public address.
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

/// `GET /api/v1/lookup/address/{address}`: returns the owner of a public address.
///
/// See the example in the module [`lookups`](crate::lookups).
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
        error::success_or_not_found(response, owner)
    }
}

/// `POST /api/v1/lookup/addresses`: returns the owners of several public addresses.
///
/// See the example in the module [`lookups`](crate::lookups).
///
/// Source: the server's source code of 2017; not documented. The provider's clients of that time
/// use a different path, which does not exist on the server.
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
    // The request does not change data.
    const ROUTE: Route<Self> = route!(POST "/api/v1/lookup/addresses").read_only();

    fn validate(&self) -> Result<(), InputError> {
        if self.address_list.is_empty() {
            return Err(InputError::new("addresses", "must not be empty"));
        }
        Ok(())
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    /// Parses the owners. `"result":false` means that no address has an owner. In this case,
    /// `users` is empty or absent.
    fn parse(&self, response: &Response) -> Result<BTreeMap<String, Owner>, ResponseError> {
        #[derive(Default, Deserialize)]
        #[serde(transparent)]
        struct Users(BTreeMap<String, Option<Owner>>);
        #[derive(Deserialize)]
        struct Found {
            result: Option<bool>,
            users: Option<Users>,
        }
        let found: Found = error::success(response)?;
        let Users(users) = match (found.users, found.result) {
            (None, Some(false)) => Users::default(),
            (users, _) => required("users", users)?,
        };
        Ok(users.into_iter().filter_map(|(address, owner)| Some((address, owner?))).collect())
    }
}

/// `GET /api/v1/lookup/user/{username}`: returns the first public address of a user.
///
/// See the example in the module [`lookups`](crate::lookups).
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
        error::success_or_not_found(response, owner)
    }
}

/// `GET /api/v1/lookup/email/{email}`: returns the user with this e-mail address. Only privileged
/// applications may use this endpoint.
///
/// See the example in the module [`lookups`](crate::lookups).
///
/// Source: the server's source code of 2017; not documented.
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
        error::success_or_not_found(response, owner)
    }
}

/// `GET /api/v1/lookup/user/exists/{username}`: returns whether a user exists. Requires the
/// [privileged credentials](crate::ClientBuilder::privileged).
///
/// See the example in the module [`lookups`](crate::lookups).
///
/// Source: the server's source code of 2017; not documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckUserExists {
    username: String,
    strict: bool,
    id_hash: Option<String>,
}

impl CheckUserExists {
    /// Creates a request to check whether there is a user with this name, slug or e-mail address.
    pub fn new(username: impl Into<String>) -> Self {
        Self { username: username.into(), strict: false, id_hash: None }
    }

    /// Sets whether only the user name is compared, and not the slug or the e-mail address.
    /// Defaults to `false`.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    setters! {
        /// Requires the id of the found user to have this [`user_hash`](crate::proof::user_hash).
        /// If it has a different one, the result is `false`.
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
        error::check(response)
    }
}

/// # Lookups
///
/// The request and response types are in the module [`lookups`](crate::lookups).
impl Client {
    /// Returns the owner of a public address, or `None` if no user has the address.
    ///
    /// See the example in the module [`lookups`](crate::lookups).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_user_by_address(&self, address: impl Into<String>) -> Result<Option<Owner>> {
        self.send(&GetUserByAddress::new(address))
    }

    /// Returns the owners of these addresses, keyed by address. Addresses that no user has, or that
    /// are not public, are omitted.
    ///
    /// See the example in the module [`lookups`](crate::lookups).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_users_by_addresses<A: Into<String>>(
        &self,
        addresses: impl IntoIterator<Item = A>,
    ) -> Result<BTreeMap<String, Owner>> {
        self.send(&GetUsersByAddresses::new(addresses))
    }

    /// Returns the user with this name, including the user's first public address. Returns `None`
    /// if the user does not exist or has no public address.
    ///
    /// See the example in the module [`lookups`](crate::lookups).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_address_by_user(&self, username: impl Into<String>) -> Result<Option<Owner>> {
        self.send(&GetAddressByUser::new(username))
    }

    /// Returns the user with this e-mail address, or `None` if no user has it. Only privileged
    /// applications may call this method.
    ///
    /// See the example in the module [`lookups`](crate::lookups).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_user_by_email(&self, email: impl Into<String>) -> Result<Option<Owner>> {
        self.send(&GetUserByEmail::new(email))
    }

    /// Returns whether a user with this name, slug or e-mail address exists. Requires the
    /// [privileged credentials](crate::ClientBuilder::privileged).
    ///
    /// See the example in the module [`lookups`](crate::lookups).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn check_user_exists(&self, username: impl Into<String>) -> Result<bool> {
        self.send(&CheckUserExists::new(username))
    }
}
