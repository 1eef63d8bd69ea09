//! The accounts of a credit group, each with a balance and a ledger.

use api_auth::{
    Body, Endpoint, ExtraFields, InputError, Response, ResponseError, Result, Route, required,
    route, validate,
};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::{CreditHistory, history};
use crate::{Client, error};

/// The Tokenpass user to whom an account belongs.
///
/// See the example in the module [`credits`](crate::credits).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Credit Account Object.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CreditUser {
    /// The user's id, a UUID.
    pub uuid: Option<String>,
    /// The user's name in URLs, such as `bob-slug`.
    pub slug: Option<String>,
    /// The user's name, such as `bob`.
    pub username: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// An account in a credit group.
///
/// See the example in the module [`credits`](crate::credits).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Credit Account Object.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "AccountResponse")]
#[non_exhaustive]
pub struct CreditAccount {
    /// The id of the account, a UUID.
    pub uuid: Option<String>,
    /// The name of the account, with the HTML entities that the server sends. It is the user's id
    /// if the account belongs to a user, and `_` for the group's own account.
    pub name: Option<String>,
    /// The balance in credits. It is negative if more credits were taken than given.
    pub balance: Option<i64>,
    /// The user to whom the account belongs. `None` if the account belongs to no user.
    pub tokenpass_user: Option<CreditUser>,
    /// The time of creation, in UTC: `YYYY-MM-DD HH:MM:SS`.
    pub created_at: Option<String>,
    /// The time of the last change, in UTC: `YYYY-MM-DD HH:MM:SS`.
    pub updated_at: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

#[derive(Default, Deserialize)]
struct AccountFields {
    uuid: Option<String>,
    name: Option<String>,
    balance: Option<i64>,
    tokenpass_user: Option<CreditUser>,
    created_at: Option<String>,
    updated_at: Option<String>,
    #[serde(rename = "$extra")]
    extra: ExtraFields,
}

/// The name of the field in which the server nests the fields of an account when it lists accounts,
/// according to its source code of 2017.
const DUMPED: &str = "\0*\0attributes";

#[derive(Deserialize)]
#[serde(transparent)]
struct AccountResponse {
    plain: AccountFields,
}

impl From<AccountResponse> for CreditAccount {
    /// Converts an account from a response. If the account has no `uuid`, its fields are taken from
    /// a nested object, because, according to its source code of 2017, the server lists accounts as
    /// raw dumps of PHP objects.
    fn from(response: AccountResponse) -> Self {
        let dumped = response.plain.extra.parse::<AccountFields>(DUMPED);
        let fields = match dumped {
            Some(dumped) if response.plain.uuid.is_none() => dumped,
            _ => response.plain,
        };
        Self {
            uuid: fields.uuid,
            name: fields.name,
            balance: fields.balance,
            tokenpass_user: fields.tokenpass_user,
            created_at: fields.created_at,
            updated_at: fields.updated_at,
            extra: fields.extra,
        }
    }
}

/// The accounts of a group.
///
/// See the example in the module [`credits`](crate::credits).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, List Credit Accounts. The
/// field name `accounts` is from the server's source code of 2017.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CreditAccounts {
    /// The sum of the balances of all accounts, in credits.
    pub balance: Option<i64>,
    /// The number of accounts.
    pub count: Option<i64>,
    /// The accounts. The documentation names this field `list`, which is accepted as well.
    #[serde(default, alias = "list")]
    pub accounts: Vec<CreditAccount>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

fn account(response: &Response) -> Result<CreditAccount, ResponseError> {
    #[derive(Deserialize)]
    struct Wrapped {
        account: Option<CreditAccount>,
    }
    required("account", error::success::<Wrapped>(response)?.account)
}

/// `GET /api/v1/credits/{group_uuid}/accounts`: lists the accounts of a group.
///
/// See the example in the module [`credits`](crate::credits).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListCreditAccounts {
    group: String,
}

impl ListCreditAccounts {
    /// Creates a request for the accounts of the group with this UUID.
    pub fn new(group: impl Into<String>) -> Self {
        Self { group: group.into() }
    }
}

impl Endpoint for ListCreditAccounts {
    type Output = CreditAccounts;
    const ID: &'static str = "credit_account.list";
    const ROUTE: Route<Self> = route!(GET "/api/v1/credits/{group_uuid}/accounts", group);

    fn parse(&self, response: &Response) -> Result<CreditAccounts, ResponseError> {
        #[derive(Deserialize)]
        struct Required {
            #[serde(alias = "list")]
            accounts: Option<IgnoredAny>,
        }
        required("accounts", error::success::<Required>(response)?.accounts)?;
        error::success(response)
    }
}

/// `POST /api/v1/credits/{group_uuid}/accounts`: creates an account in a group.
///
/// See the example in the module [`credits`](crate::credits).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreateCreditAccount {
    #[serde(skip)]
    group: String,
    name: String,
}

impl CreateCreditAccount {
    /// Creates a request for a new account in the group with this UUID. The name is any string, or
    /// the id of a user, to whom the account then belongs.
    pub fn new(group: impl Into<String>, name: impl Into<String>) -> Self {
        Self { group: group.into(), name: name.into() }
    }
}

impl Endpoint for CreateCreditAccount {
    type Output = CreditAccount;
    const ID: &'static str = "credit_account.create";
    const ROUTE: Route<Self> = route!(POST "/api/v1/credits/{group_uuid}/accounts", group);

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("name", &self.name)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<CreditAccount, ResponseError> {
        account(response)
    }
}

/// `GET /api/v1/credits/{group_uuid}/accounts/{account}`: returns one account by UUID or name.
///
/// See the example in the module [`credits`](crate::credits).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetCreditAccount {
    group: String,
    account: String,
}

impl GetCreditAccount {
    /// Creates a request for the account with the UUID or name `account` in the group with the UUID
    /// `group`.
    pub fn new(group: impl Into<String>, account: impl Into<String>) -> Self {
        Self { group: group.into(), account: account.into() }
    }
}

impl Endpoint for GetCreditAccount {
    type Output = Option<CreditAccount>;
    const ID: &'static str = "credit_account.get";
    const ROUTE: Route<Self> =
        route!(GET "/api/v1/credits/{group_uuid}/accounts/{account}", group, account)
            .or_not_found();

    fn parse(&self, response: &Response) -> Result<Option<CreditAccount>, ResponseError> {
        error::success_or_not_found_in(response, "App Credit Group not found", account)
    }
}

/// `GET /api/v1/credits/{group_uuid}/accounts/{account}/history`: returns the ledger entries of one
/// account, newest first.
///
/// See the example in the module [`credits`](crate::credits).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetCreditAccountHistory {
    group: String,
    account: String,
}

impl GetCreditAccountHistory {
    /// Creates a request for the ledger entries of the account with the UUID or name `account` in
    /// the group with the UUID `group`.
    pub fn new(group: impl Into<String>, account: impl Into<String>) -> Self {
        Self { group: group.into(), account: account.into() }
    }
}

impl Endpoint for GetCreditAccountHistory {
    type Output = CreditHistory;
    const ID: &'static str = "credit_account.history";
    const ROUTE: Route<Self> =
        route!(GET "/api/v1/credits/{group_uuid}/accounts/{account}/history", group, account);

    fn parse(&self, response: &Response) -> Result<CreditHistory, ResponseError> {
        history(response)
    }
}

/// # Credit accounts
///
/// The request and response types are in the module [`credits`](crate::credits).
impl Client {
    /// Returns the accounts of the group with this UUID, with their balances.
    ///
    /// See the example in the module [`credits`](crate::credits).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_credit_accounts(&self, group: impl Into<String>) -> Result<CreditAccounts> {
        self.send(&ListCreditAccounts::new(group))
    }

    /// Creates an account in the group with this UUID. The name is any string, or the id of a user,
    /// to whom the account then belongs.
    ///
    /// See the example in the module [`credits`](crate::credits).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_credit_account(
        &self,
        group: impl Into<String>,
        name: impl Into<String>,
    ) -> Result<CreditAccount> {
        self.send(&CreateCreditAccount::new(group, name))
    }

    /// Returns the account with the UUID or name `account` in the group with the UUID `group`, or
    /// `None` if the group has no such account.
    ///
    /// See the example in the module [`credits`](crate::credits).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). If the group does not exist, the error has status 404.
    pub fn get_credit_account(
        &self,
        group: impl Into<String>,
        account: impl Into<String>,
    ) -> Result<Option<CreditAccount>> {
        self.send(&GetCreditAccount::new(group, account))
    }

    /// Returns the ledger entries, newest first, of the account with the UUID or name `account` in
    /// the group with the UUID `group`.
    ///
    /// See the example in the module [`credits`](crate::credits).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_credit_account_history(
        &self,
        group: impl Into<String>,
        account: impl Into<String>,
    ) -> Result<CreditHistory> {
        self.send(&GetCreditAccountHistory::new(group, account))
    }
}
