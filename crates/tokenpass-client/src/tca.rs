//! Token-controlled access: checks of balances against [`Rules`].
//!
//! ```no_run
//! use tokenpass_client::{Client, Rules};
//!
//! let tokenpass = Client::from_env()?;
//! let rules: Rules = "TOKENLY >= 1 or LTBCOIN > 5000".parse()?;
//! let name = tokenpass.get_user()?.username.ok_or("the user has no name")?;
//! println!("{}", tokenpass.check_user(name, &rules)?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use api_auth::{
    Credential, Endpoint, ExtraFields, InputError, Params, Response, ResponseError, Result, Route,
    required, route,
};
use serde::{Deserialize, Serialize};

use crate::rules::Rules;
use crate::{Client, credentials, error};

/// `GET /api/v1/tca/check/{username}`: checks whether a user's balances satisfy the rules.
///
/// Requires a user's token with the scope `tca`. The token does not prove who the user is:
/// according to its source code of 2017, the server accepts any user's token for any name. Check
/// the name that [`get_user`](Client::get_user) returns for the same token, never a name that the
/// visitor entered.
///
/// Promises to the user are counted unless the rules exclude them. The request is also signed with
/// the application's client id and secret.
///
/// See the example in the module [`tca`](crate::tca).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckUser {
    username: String,
    rules: Rules,
}

impl CheckUser {
    /// Creates a request to check the user with this name against the rules.
    pub fn new(username: impl Into<String>, rules: impl Into<Rules>) -> Self {
        Self { username: username.into(), rules: rules.into() }
    }
}

impl Endpoint for CheckUser {
    type Output = bool;
    const ID: &'static str = "tca.check_user";
    const ROUTE: Route<Self> =
        route!(GET "/api/v1/tca/check/{username}", username).credential(credentials::SIGNED_USER);

    fn validate(&self) -> Result<(), InputError> {
        self.rules.validate()
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        self.rules.write(params);
    }

    fn parse(&self, response: &Response) -> Result<bool, ResponseError> {
        error::check(response)
    }
}

/// `GET /api/v1/tca/check-address/{address}`: checks whether a Bitcoin address satisfies the rules.
///
/// The server queries the blockchain, so promises are not counted. No credentials are required.
///
/// See the example in the module [`tca`](crate::tca).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckAddress {
    address: String,
    rules: Rules,
}

impl CheckAddress {
    /// Creates a request to check this Bitcoin address against the rules.
    pub fn new(address: impl Into<String>, rules: impl Into<Rules>) -> Self {
        Self { address: address.into(), rules: rules.into() }
    }
}

impl Endpoint for CheckAddress {
    type Output = bool;
    const ID: &'static str = "tca.check_address";
    const ROUTE: Route<Self> =
        route!(GET "/api/v1/tca/check-address/{address}", address).credential(Credential::NONE);

    fn validate(&self) -> Result<(), InputError> {
        self.rules.validate()
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        self.rules.write(params);
    }

    fn parse(&self, response: &Response) -> Result<bool, ResponseError> {
        error::check(response)
    }
}

/// `GET /api/v1/tca/users`: returns all users who satisfy the rules.
///
/// Requires the [privileged credentials](crate::ClientBuilder::privileged).
///
/// See the example in the module [`tca`](crate::tca).
///
/// Source: the server's source code of 2017; not documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindUsers {
    rules: Rules,
}

impl FindUsers {
    /// Creates a request for the users who satisfy the rules.
    pub fn new(rules: impl Into<Rules>) -> Self {
        Self { rules: rules.into() }
    }
}

/// A user, as returned by [`FindUsers`].
///
/// See the example in the module [`tca`](crate::tca).
///
/// Source: the server's source code of 2017; not documented.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FoundUser {
    /// The user's id, a UUID.
    pub id: Option<String>,
    /// The user's name, such as `bob`.
    pub username: Option<String>,
    /// The name of the user's messaging channel, an opaque string.
    pub channel: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl Endpoint for FindUsers {
    type Output = Vec<FoundUser>;
    const ID: &'static str = "tca.find_users";
    const ROUTE: Route<Self> = route!(GET "/api/v1/tca/users").credential(credentials::PRIVILEGED);

    fn validate(&self) -> Result<(), InputError> {
        self.rules.validate()
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        self.rules.write(params);
    }

    fn parse(&self, response: &Response) -> Result<Vec<FoundUser>, ResponseError> {
        #[derive(Deserialize)]
        struct Found {
            results: Option<Vec<FoundUser>>,
        }
        required("results", error::success::<Found>(response)?.results)
    }
}

/// `GET /api/v1/tca/checkemail/{email}`: checks whether the user with this e-mail address satisfies
/// the rules.
///
/// Promises to an e-mail address that is not registered yet are counted as well. Requires the
/// [privileged credentials](crate::ClientBuilder::privileged).
///
/// See the example in the module [`tca`](crate::tca).
///
/// Source: the provider's clients from 2018 or later; not documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckEmail {
    email: String,
    rules: Rules,
}

impl CheckEmail {
    /// Creates a request to check the user with this e-mail address against the rules.
    pub fn new(email: impl Into<String>, rules: impl Into<Rules>) -> Self {
        Self { email: email.into(), rules: rules.into() }
    }
}

impl Endpoint for CheckEmail {
    type Output = bool;
    const ID: &'static str = "tca.check_email";
    const ROUTE: Route<Self> =
        route!(GET "/api/v1/tca/checkemail/{email}", email).credential(credentials::PRIVILEGED);

    fn validate(&self) -> Result<(), InputError> {
        self.rules.validate()
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        self.rules.write(params);
    }

    fn parse(&self, response: &Response) -> Result<bool, ResponseError> {
        error::check(response)
    }
}

/// # Token-controlled access
///
/// The request and response types are in the module [`tca`](crate::tca).
impl Client {
    /// Returns whether a user's balances satisfy the rules. Requires a user's token with the scope
    /// `tca`.
    ///
    /// The token does not prove who the user is: according to its source code of 2017, the server
    /// accepts any user's token for any name. Check the name that [`get_user`](Client::get_user)
    /// returns for the same token, never a name that the visitor entered.
    ///
    /// See the example in the module [`tca`](crate::tca).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). If the rules are not satisfied, the method returns
    /// `false`. If the user is unknown, it returns an error.
    pub fn check_user(&self, username: impl Into<String>, rules: &Rules) -> Result<bool> {
        self.send(&CheckUser::new(username, rules.clone()))
    }

    /// Returns whether a Bitcoin address satisfies the rules. Only its balances on the blockchain
    /// are counted.
    ///
    /// See the example in the module [`tca`](crate::tca).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). If the rules are not satisfied, the method returns
    /// `false`. If the address is invalid, it returns an error.
    pub fn check_address(&self, address: impl Into<String>, rules: &Rules) -> Result<bool> {
        self.send(&CheckAddress::new(address, rules.clone()))
    }

    /// Returns all users who satisfy the rules. Requires the [privileged
    /// credentials](crate::ClientBuilder::privileged).
    ///
    /// See the example in the module [`tca`](crate::tca).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn find_users(&self, rules: &Rules) -> Result<Vec<FoundUser>> {
        self.send(&FindUsers::new(rules.clone()))
    }

    /// Returns whether the user with this e-mail address satisfies the rules. Requires the
    /// [privileged credentials](crate::ClientBuilder::privileged).
    ///
    /// See the example in the module [`tca`](crate::tca).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn check_email(&self, email: impl Into<String>, rules: &Rules) -> Result<bool> {
        self.send(&CheckEmail::new(email, rules.clone()))
    }
}
