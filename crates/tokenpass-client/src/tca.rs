//! Token-controlled access: does somebody hold what the rules ask?

use api_auth::{
    Credential, Endpoint, ExtraFields, InputError, Params, Response, ResponseError, Result, Route,
    required, route, wire,
};
use serde::{Deserialize, Serialize};

use crate::auth::credentials;
use crate::{Client, Rules, error};

/// `GET /api/v1/tca/check/{username}`: does a user's inventory satisfy the rules?
///
/// Needs a user's token with the scope `tca`; the server of 2017 lets any such token ask about any
/// user. Promises to the user count unless the rules say otherwise. The call is signed, too.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckUser {
    username: String,
    rules: Rules,
}

impl CheckUser {
    /// Of the user with this name.
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
        error::yes_or_no(response)
    }
}

/// `GET /api/v1/tca/check-address/{address}`: does a bitcoin address satisfy the rules?
///
/// The server asks the chain; promises do not count. No credentials are needed.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckAddress {
    address: String,
    rules: Rules,
}

impl CheckAddress {
    /// Of this address.
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
        error::yes_or_no(response)
    }
}

/// `GET /api/v1/tca/users`: all users who satisfy the rules.
///
/// Needs the privileged key pair.
///
/// Source: the server of 2017; no documentation names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindUsers {
    rules: Rules,
}

impl FindUsers {
    /// Those who satisfy the rules.
    pub fn new(rules: impl Into<Rules>) -> Self {
        Self { rules: rules.into() }
    }
}

/// A user who was found.
///
/// Source: the server of 2017; no documentation names it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FoundUser {
    /// The user's id, a UUID.
    #[serde(default, deserialize_with = "wire::text")]
    pub id: Option<String>,
    /// The user's name.
    #[serde(default, deserialize_with = "wire::text")]
    pub username: Option<String>,
    /// The user's channel for messages.
    #[serde(default, deserialize_with = "wire::text")]
    pub channel: Option<String>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
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
        required("results", error::answer::<Found>(response)?.results)
    }
}

/// `GET /api/v1/tca/checkemail/{email}`: does the user with this address satisfy the rules?
///
/// Promises to an address that nobody has registered yet count, too. Needs the privileged key
/// pair.
///
/// Source: clients of 2018 and later; no documentation names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckEmail {
    email: String,
    rules: Rules,
}

impl CheckEmail {
    /// Of the user with this e-mail address.
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
        error::yes_or_no(response)
    }
}

impl Client {
    /// Whether a user's inventory satisfies the rules. Needs a user's token.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). "No" is not an error; an unknown user is.
    pub fn check_user(&self, username: impl Into<String>, rules: &Rules) -> Result<bool> {
        self.send(&CheckUser::new(username, rules.clone()))
    }

    /// Whether a bitcoin address satisfies the rules, by its balances on the chain.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). "No" is not an error; what is no address is.
    pub fn check_address(&self, address: impl Into<String>, rules: &Rules) -> Result<bool> {
        self.send(&CheckAddress::new(address, rules.clone()))
    }

    /// All users who satisfy the rules. Needs the privileged key pair.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn find_users(&self, rules: &Rules) -> Result<Vec<FoundUser>> {
        self.send(&FindUsers::new(rules.clone()))
    }

    /// Whether the user with an e-mail address satisfies the rules. Needs the privileged key pair.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn check_email(&self, email: impl Into<String>, rules: &Rules) -> Result<bool> {
        self.send(&CheckEmail::new(email, rules.clone()))
    }
}
