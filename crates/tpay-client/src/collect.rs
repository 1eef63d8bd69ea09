//! Bank accounts of Tpay's Collect service, to which payments are forwarded.
//!
//! To forward a payment to a bank account, set [`Collect`](crate::transactions::Collect) in the
//! request that creates the transaction.
//!
//! ```no_run
//! use tpay_client::Client;
//! use tpay_client::collect::ListBankAccounts;
//!
//! for account in Client::from_env()?.bank_accounts(&ListBankAccounts::new()) {
//!     println!("{:?}", account?.account_number);
//! }
//! # Ok::<(), tpay_client::Error>(())
//! ```

use api_auth::{
    Body, Endpoint, Extent, ExtraFields, InputError, Items, Paged, Params, Response, ResponseError,
    Result, Route, route, wire_enum,
};
use serde::{Deserialize, Serialize};

use crate::common::ResultStatus;
use crate::paging::{Paging, numbered_pages, page_setters, paged_by_number};
use crate::{Client, error, validate};

wire_enum! {
    /// The status of a Collect bank account.
    ///
    /// See the example in the module [`collect`](crate::collect).
    ///
    /// Source: the provider's API reference, `GET /collect/bank-accounts`.
    pub enum BankAccountStatus {
        /// Payments can be forwarded to the account.
        Active = "active",
        /// Payments cannot be forwarded to the account.
        Deactivated = "deactivated",
    }
}

/// A Collect bank account, to which payments can be forwarded.
///
/// See the example in the module [`collect`](crate::collect).
///
/// Source: the provider's API reference, `GET /collect/bank-accounts`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BankAccount {
    /// The result of the request, such as `success`.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned, 20 hex digits. Tpay's support team asks for it.
    pub request_id: Option<String>,
    /// The id of the bank account, a ULID such as `01K5BK4HEPB0WBCGT51FMTYBA1`.
    pub id: Option<String>,
    /// The account number: `PL` followed by 26 digits.
    pub account_number: Option<String>,
    /// The name of the owner, with at most 1000 characters.
    pub owner_name: Option<String>,
    /// Additional information about the owner, such as the address.
    pub additional_information: Option<String>,
    /// The status of the bank account, such as `active`.
    #[serde(default)]
    pub status: Option<BankAccountStatus>,
    /// The time of creation in Polish local time, such as `2025-07-31 11:04:21`.
    pub created_at: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// A page of Collect bank accounts.
///
/// See the example in the module [`collect`](crate::collect).
///
/// Source: the provider's API reference, `GET /collect/bank-accounts`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BankAccountPage {
    /// The result of the request, such as `success`.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned, 20 hex digits. Tpay's support team asks for it.
    pub request_id: Option<String>,
    /// The bank accounts on this page.
    #[serde(default)]
    pub bank_accounts: Vec<BankAccount>,
    /// The number of this page, counted from 1.
    pub page: Option<i64>,
    /// The maximum number of entries per page.
    pub limit: Option<i64>,
    /// The total number of entries on all pages.
    pub total: Option<i64>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// `GET /collect/bank-accounts`: returns one page of the Collect bank accounts.
///
/// See the example in the module [`collect`](crate::collect).
///
/// Source: the provider's API reference, `GET /collect/bank-accounts`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListBankAccounts {
    paging: Paging,
}

impl ListBankAccounts {
    /// Creates a request for the first page of the Collect bank accounts.
    pub fn new() -> Self {
        Self::default()
    }

    page_setters!();
}

impl Endpoint for ListBankAccounts {
    type Output = BankAccountPage;
    const ID: &'static str = "collect.list_bank_accounts";
    const ROUTE: Route<Self> = route!(GET "/collect/bank-accounts");

    fn validate(&self) -> Result<(), InputError> {
        self.paging.validate()
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        self.paging.push(params);
    }

    fn parse(&self, response: &Response) -> Result<BankAccountPage, ResponseError> {
        error::success(response, &["bankAccounts"])
    }
}

impl Paged for ListBankAccounts {
    type Item = BankAccount;

    paged_by_number!(BankAccountPage, |page| page.bank_accounts.len());

    fn items(page: BankAccountPage) -> Vec<BankAccount> {
        page.bank_accounts
    }

    fn item_id(item: &BankAccount) -> Option<&str> {
        item.id.as_deref()
    }
}

numbered_pages!(ListBankAccounts);

/// `POST /collect/bank-accounts`: adds a bank account, to which payments can then be forwarded
/// (Collect).
///
/// See the example in the module [`collect`](crate::collect).
///
/// Source: the provider's API reference, `POST /collect/bank-accounts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateBankAccount {
    account_number: String,
    owner_name: String,
    additional_information: String,
}

impl CreateBankAccount {
    /// Creates a request with the account number (`PL` followed by 26 digits), the name of the
    /// owner, and additional information about the owner, such as the address.
    pub fn new(
        account_number: impl Into<String>,
        owner_name: impl Into<String>,
        additional_information: impl Into<String>,
    ) -> Self {
        Self {
            account_number: account_number.into(),
            owner_name: owner_name.into(),
            additional_information: additional_information.into(),
        }
    }
}

impl Endpoint for CreateBankAccount {
    type Output = BankAccount;
    const ID: &'static str = "collect.create_bank_account";
    const ROUTE: Route<Self> = route!(POST "/collect/bank-accounts");

    fn validate(&self) -> Result<(), InputError> {
        validate::account("account_number", &self.account_number)?;
        validate::length("owner_name", &self.owner_name, 1, 1000)?;
        validate::length("additional_information", &self.additional_information, 1, 1000)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<BankAccount, ResponseError> {
        error::success(response, &["id"])
    }
}

/// # Collect
///
/// See the module [`collect`](crate::collect), which contains an example.
impl Client {
    /// Returns one page of the Collect bank accounts.
    ///
    /// See the example in the module [`collect`](crate::collect).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_bank_accounts(&self, request: &ListBankAccounts) -> Result<BankAccountPage> {
        self.send(request)
    }

    /// Returns an iterator over all Collect bank accounts. The iterator requests page after page
    /// and returns each entry once.
    ///
    /// No request is sent before the iterator is advanced. If no page size is set, the iterator
    /// requests 100 entries per page.
    ///
    /// [`concurrent`](Items::concurrent) requests several pages at a time. If entries may be
    /// missing because the list changed while it was read, the last item is an error of kind
    /// [`Incomplete`](crate::ErrorKind::Incomplete).
    ///
    /// See the example in the module [`collect`](crate::collect).
    pub fn bank_accounts(&self, request: &ListBankAccounts) -> Items<ListBankAccounts> {
        Items::new(self.core.clone(), request.clone().full_pages())
    }

    /// Adds a bank account, to which payments can then be forwarded (Collect).
    ///
    /// See the example in the module [`collect`](crate::collect).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_bank_account(&self, request: &CreateBankAccount) -> Result<BankAccount> {
        self.send(request)
    }
}
