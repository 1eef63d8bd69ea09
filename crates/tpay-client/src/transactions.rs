//! Transactions, which are payments that are requested from a payer: creating them, paying for
//! them, reading and cancelling them.
//!
//! Payment methods are in [`pay`], results of payments in [`payments`], QR images in [`qr`], and
//! refunds in [`refunds`](crate::refunds).
//!
//! ```no_run
//! use tpay_client::transactions::{Callbacks, ListTransactions};
//! use tpay_client::{Client, CreateTransaction, Payer, grosze};
//!
//! let tpay = Client::from_env()?;
//! let payer = Payer::new("jan.nowak@example.com", "Jan Nowak");
//! let order = CreateTransaction::new(grosze(1234), "Order 7", payer)
//!     .callbacks(Callbacks::new().notification_url("https://shop.example.com/notify"));
//! let created = tpay.create_transaction(&order)?;
//! println!("pay at {}", created.transaction_payment_url.unwrap_or_default());
//!
//! let november = ListTransactions::new().from("2026-11-01 00:00:00").to("2026-11-30 23:59:59");
//! for transaction in tpay.transactions(&november).concurrent(8) {
//!     println!("{:?}", transaction?.status);
//! }
//! # Ok::<(), tpay_client::Error>(())
//! ```

mod parties;
pub mod pay;
pub mod payments;
pub mod qr;
mod reference;

use api_auth::{
    Acknowledgement, Amount, Body, Endpoint, ErrorKind, Extent, ExtraFields, InputError, Items,
    Paged, Params, Response, ResponseError, Result, Route, route, setters, wire, wire_enum,
};
use serde::{Deserialize, Serialize};

use crate::common::{LocalTime, ResultStatus};
use crate::paging::{Paging, numbered_pages, page_setters, paged_by_number};
use crate::{Client, Currency, UnixTime, error, local_time, validate};
use pay::Pay;
use payments::{Alternative, Lock, PaymentError, Payments};

pub use parties::{Callbacks, Collect, Language, Payee, PayeeAddress, Payer};

wire_enum! {
    /// The status of a transaction.
    ///
    /// See the example in the module [`transactions`](crate::transactions).
    ///
    /// Source: the provider's API reference, `POST /transactions`. The behaviour of partial refunds
    /// is from `support.tpay.com`, and `error` is from the official Android and iOS clients.
    pub enum TransactionStatus {
        /// The payment has not been made yet.
        Pending = "pending",
        /// The payment was received, but the merchant has not confirmed it yet (two-step mode).
        Paid = "paid",
        /// The payment was received and the transaction is complete.
        Correct = "correct",
        /// The transaction was refunded in full by one refund.
        Refund = "refund",
        /// The transaction was cancelled or has expired.
        Canceled = "canceled",
        /// The transaction failed.
        Error = "error",
    }
}

impl TransactionStatus {
    /// Returns whether the status is `paid` or `correct`, both of which mean that the payer has
    /// paid. Partial refunds do not change the status.
    pub fn is_paid(&self) -> bool {
        matches!(self, Self::Paid | Self::Correct)
    }
}

/// A transaction: a payment that is requested from a payer, and its result.
///
/// Any field can be absent from a response. Times are strings in Polish local time;
/// [`TransactionDate`] and [`LocalTime`] convert them.
///
/// Source: the provider's API reference, `POST /transactions` and
/// `GET /transactions/{transactionId}`. `notification` is from the official iOS client.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Transaction {
    /// The result of the request, such as `success`.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned, 20 hex digits. Tpay's support team asks for it.
    pub request_id: Option<String>,
    /// The id of the transaction, a ULID such as `01K5BK4HEPB0WBCGT51FMTYSYJ`.
    pub transaction_id: Option<String>,
    /// The title that the payer sees, in the format `TR-XXX-XXXXXXX`. Notifications contain it as
    /// `tr_id`.
    pub title: Option<String>,
    /// The id of the point of sale, such as `ps_6UvbBjehvHXA7vfD`.
    pub pos_id: Option<String>,
    /// The status of the transaction, such as `pending`.
    #[serde(default)]
    pub status: Option<TransactionStatus>,
    /// The times at which the transaction was created and the payment was posted.
    pub date: Option<TransactionDate>,
    /// The amount due, in `currency`, such as 12.34.
    pub amount: Option<Amount>,
    /// The currency of the amounts in the transaction, such as `PLN`.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// The description that the payer sees, such as `Order 7`.
    pub description: Option<String>,
    /// The reference that you set, such as an order number. Notifications contain it as `tr_crc`.
    pub hidden_description: Option<String>,
    /// The payer's data, such as the name and the e-mail address.
    pub payer: Option<PayerDetails>,
    /// The result of the payment: its status, errors and attempts.
    pub payments: Option<Payments>,
    /// The language of the payment page, such as `pl`.
    pub lang: Option<String>,
    /// The URL of the payment page. Absent if the payer does not need to visit it.
    pub transaction_payment_url: Option<String>,
    /// The part of the amount that is on hold.
    pub lock: Option<Lock>,
    /// The recipients of notifications about this transaction.
    #[serde(default, deserialize_with = "wire::if_valid")]
    pub notification: Option<NotificationTargets>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl Transaction {
    /// Returns whether the payer has paid; see [`TransactionStatus::is_paid`]. Returns `false` if
    /// the status is absent.
    pub fn is_paid(&self) -> bool {
        self.status.as_ref().is_some_and(TransactionStatus::is_paid)
    }

    /// Returns the reasons why the payment was declined. The list is empty if the payment was not
    /// declined.
    pub fn errors(&self) -> &[PaymentError] {
        self.payments.as_ref().map(|payments| payments.errors.as_slice()).unwrap_or_default()
    }

    /// Returns the banking applications from which the payer must choose, if the BLIK alias exists
    /// in several of them. Otherwise, the list is empty. Pay again with the `application_code` of
    /// the chosen application as the [`key`](crate::blik::BlikAlias::key) of the alias.
    pub fn alternatives(&self) -> &[Alternative] {
        self.payments.as_ref().map(|payments| payments.alternatives.as_slice()).unwrap_or_default()
    }
}

/// Parses the response to a request that creates a transaction or pays for one. The server reports
/// a declined payment with status 200 and `result: success`. For such a response, this function
/// returns an error with the transaction as its payload.
pub(crate) fn payment(response: &Response) -> Result<Transaction, ResponseError> {
    let transaction: Transaction = api_auth::json(response)?;
    let payments = match &transaction.payments {
        Some(payments) if !payments.errors.is_empty() || !payments.alternatives.is_empty() => {
            payments
        }
        _ => return error::validate_result(response, &["transactionId"]).map(|()| transaction),
    };
    let mut declined = ResponseError::new(ErrorKind::OperationFailed);
    for error in &payments.errors {
        declined = declined.with_detail(error.detail());
    }
    if payments.errors.is_empty() {
        declined =
            declined.with_message("the BLIK alias exists in several applications: choose one");
    }
    if let Some(id) = &transaction.request_id {
        declined = declined.with_request_id(id);
    }
    Err(declined.with_payload(transaction))
}

/// The recipients of the notifications about a transaction.
///
/// See the example in the module [`transactions`](crate::transactions).
///
/// Source: the official iOS client; not documented.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NotificationTargets {
    /// The URL to which notifications are sent.
    pub url: Option<String>,
    /// The e-mail address to which notifications are sent.
    pub email: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// The times at which a transaction was created and its payment was posted, in Polish local time.
///
/// See the example in the module [`transactions`](crate::transactions).
///
/// Source: the provider's API reference, `POST /transactions` and
/// `GET /transactions/{transactionId}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TransactionDate {
    /// The time at which the transaction was created, such as `2026-11-22 01:20:18`.
    pub creation: Option<String>,
    /// The time at which the payment was posted, such as `2026-11-22 01:21:05`. Absent before that.
    pub realization: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl TransactionDate {
    /// Returns [`creation`](Self::creation), the time of creation, as Unix time. Returns `None` if
    /// the field is absent or is not a valid time; see [`LocalTime::unix_time`].
    pub fn creation_time(&self) -> Option<UnixTime> {
        local_time::unix_time(self.creation.as_deref())
    }

    /// Returns [`realization`](Self::realization), the time at which the payment was posted, as
    /// Unix time. Returns `None` if the field is absent or is not a valid time; see
    /// [`LocalTime::unix_time`].
    pub fn realization_time(&self) -> Option<UnixTime> {
        local_time::unix_time(self.realization.as_deref())
    }
}

/// The payer of a transaction, as returned by the server. Values that the server does not know are
/// empty strings.
///
/// See the example in the module [`transactions`](crate::transactions).
///
/// Source: the provider's API reference, `POST /transactions`. `ip` and `userAgent` are not
/// documented.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PayerDetails {
    /// The id of the payer, such as `py_hZUw4HdCk9wHMHA7`.
    pub payer_id: Option<String>,
    /// The payer's e-mail address, such as `jan.nowak@example.com`.
    pub email: Option<String>,
    /// The payer's first name and surname, such as `Jan Nowak`.
    pub name: Option<String>,
    /// The payer's phone number, in the format in which it was entered.
    pub phone: Option<String>,
    /// The payer's street and house number, such as `Święty Marcin 12`.
    pub address: Option<String>,
    /// The payer's city, such as `Poznań`.
    pub city: Option<String>,
    /// The payer's country as two letters (ISO 3166-1), such as `PL`.
    pub country: Option<String>,
    /// The payer's postal code, such as `61-808`. Requests contain it as `code`.
    pub postal_code: Option<String>,
    /// The payer's tax id, such as `7773061579`.
    pub tax_id: Option<String>,
    /// The payer's IPv4 or IPv6 address.
    pub ip: Option<String>,
    /// The user agent of the payer's browser.
    pub user_agent: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// A page of transactions.
///
/// See the example in the module [`transactions`](crate::transactions).
///
/// Source: the provider's API reference, `GET /transactions`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TransactionPage {
    /// The result of the request, such as `success`.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned, 20 hex digits. Tpay's support team asks for it.
    pub request_id: Option<String>,
    /// The transactions on this page.
    #[serde(default)]
    pub transactions: Vec<Transaction>,
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

/// `POST /transactions`: creates a transaction.
///
/// The API has no idempotency key: a repeated request creates a second transaction. Therefore, the
/// request is never retried if its outcome is unknown. To find out whether it created a
/// transaction, search for the hidden description with [`Client::find_transactions`].
///
/// ```
/// use tpay_client::{CreateTransaction, Payer, grosze};
///
/// let order = CreateTransaction::new(
///     grosze(1234),
///     "Order 7",
///     Payer::new("jan.nowak@example.com", "Jan Nowak"),
/// )
/// .hidden_description("order-7");
/// ```
///
/// Source: the provider's API reference, `POST /transactions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateTransaction {
    amount: Amount,
    description: String,
    payer: Payer,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<Currency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden_description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lang: Option<Language>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pay: Option<Pay>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callbacks: Option<Callbacks>,
    #[serde(skip_serializing_if = "Option::is_none")]
    collect: Option<Collect>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payee: Option<Payee>,
}

impl CreateTransaction {
    /// Creates a request for a transaction of `amount`, such as 12.34, in złoty or in the currency
    /// that is set with [`currency`](Self::currency). `description` is shown to the payer and must
    /// have 1 to 128 characters.
    pub fn new(amount: Amount, description: impl Into<String>, payer: Payer) -> Self {
        Self {
            amount,
            description: description.into(),
            payer,
            currency: None,
            hidden_description: None,
            lang: None,
            pay: None,
            callbacks: None,
            collect: None,
            payee: None,
        }
    }

    pub(crate) fn has_payment_method(&self) -> bool {
        self.pay.is_some()
    }

    setters! {
        /// Sets the currency. Defaults to `PLN`. Other currencies must be enabled for your account.
        currency: impl Into<Currency>,
        /// Sets your reference for the transaction, such as an order number, with at most 255
        /// characters. Notifications contain it as `tr_crc`. [`Client::reference_id`] generates a
        /// unique reference.
        hidden_description: impl Into<String>,
        /// Sets the language of the payment page, such as [`Language::Polish`].
        lang: impl Into<Language>,
        /// Sets the payment method, so that the payment starts immediately. Without it, the payer
        /// chooses a method on the payment page.
        pay: Pay,
        /// Sets the URLs to which the payer returns, and the recipients of notifications. By
        /// default, the settings in the merchant panel apply.
        callbacks: Callbacks,
        /// Sets the bank account to which the amount is forwarded. Only merchants that use Collect
        /// can set it.
        collect: Collect,
        /// Sets the payee of the transaction. Only payment providers must set it.
        payee: Payee,
    }
}

impl Endpoint for CreateTransaction {
    type Output = Transaction;
    const ID: &'static str = "transactions.create";
    const ROUTE: Route<Self> = route!(POST "/transactions");

    fn validate(&self) -> Result<(), InputError> {
        validate::amount("amount", self.amount)?;
        validate::length("description", &self.description, 1, 128)?;
        validate::currency(self.currency.as_ref())?;
        validate::some_length("hidden_description", self.hidden_description.as_deref(), 0, 255)?;
        validate::known("lang", self.lang.as_ref(), Language::KNOWN)?;
        self.payer.validate()?;
        if let Some(pay) = &self.pay {
            pay.validate()?;
        }
        if let Some(callbacks) = &self.callbacks {
            callbacks.validate()?;
        }
        if let Some(collect) = &self.collect {
            collect.validate()?;
        }
        self.payee.as_ref().map_or(Ok(()), Payee::validate)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<Transaction, ResponseError> {
        payment(response)
    }
}

/// `GET /transactions`: returns one page of transactions.
///
/// ```
/// use tpay_client::transactions::ListTransactions;
/// use tpay_client::TransactionStatus;
///
/// let search = ListTransactions::new()
///     .from("2026-11-01 00:00:00")
///     .status(TransactionStatus::Correct)
///     .limit(100);
/// ```
///
/// Source: the provider's API reference, `GET /transactions`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListTransactions {
    paging: Paging,
    from: Option<LocalTime>,
    to: Option<LocalTime>,
    status: Option<TransactionStatus>,
}

impl ListTransactions {
    /// Creates a request for the first page of all transactions.
    pub fn new() -> Self {
        Self::default()
    }

    page_setters!();

    setters! {
        /// Sets the time from which transactions are listed. A string, such as
        /// `2026-11-01 00:00:00`, is sent unchanged. Other types are converted to Polish local
        /// time, although the time zone is not documented; see [`LocalTime`].
        from: impl Into<LocalTime>,
        /// Sets the time up to which transactions are listed. A string, such as
        /// `2026-11-30 23:59:59`, is sent unchanged. Other types are converted to Polish local
        /// time, although the time zone is not documented; see [`LocalTime`].
        to: impl Into<LocalTime>,
        /// Sets the status of the transactions to list. By default, transactions with any status
        /// are listed.
        status: impl Into<TransactionStatus>,
    }
}

impl Endpoint for ListTransactions {
    type Output = TransactionPage;
    const ID: &'static str = "transactions.list";
    const ROUTE: Route<Self> = route!(GET "/transactions");

    fn validate(&self) -> Result<(), InputError> {
        self.paging.validate()?;
        validate::period(self.from.as_ref(), self.to.as_ref())?;
        validate::known("status", self.status.as_ref(), TransactionStatus::KNOWN)
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        self.paging.push(params);
        params
            .push_some("from", self.from.as_ref().map(LocalTime::as_str))
            .push_some("to", self.to.as_ref().map(LocalTime::as_str))
            .push_some("status", self.status.as_ref().map(TransactionStatus::as_str));
    }

    fn parse(&self, response: &Response) -> Result<TransactionPage, ResponseError> {
        error::success(response, &["transactions"])
    }
}

impl Paged for ListTransactions {
    type Item = Transaction;

    paged_by_number!(TransactionPage, |page| page.transactions.len());

    fn items(page: TransactionPage) -> Vec<Transaction> {
        page.transactions
    }

    fn item_id(item: &Transaction) -> Option<&str> {
        item.transaction_id.as_deref()
    }
}

numbered_pages!(ListTransactions);

/// `GET /transactions/{transactionId}`: returns one transaction with its payment attempts.
///
/// See the example in the module [`transactions`](crate::transactions).
///
/// Source: the provider's API reference, `GET /transactions/{transactionId}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetTransaction {
    transaction_id: String,
}

impl GetTransaction {
    /// Creates a request for the transaction with this id. The server does not accept the title
    /// (`TR-XXX-XXXXXXX`) instead of the id.
    pub fn new(transaction_id: impl Into<String>) -> Self {
        Self { transaction_id: transaction_id.into() }
    }
}

impl Endpoint for GetTransaction {
    type Output = Transaction;
    const ID: &'static str = "transactions.get";
    const ROUTE: Route<Self> = route!(GET "/transactions/{transactionId}", transaction_id);

    fn parse(&self, response: &Response) -> Result<Transaction, ResponseError> {
        error::success(response, &["transactionId", "status"])
    }
}

/// `POST /transactions/{transactionId}/pay`: pays for a pending transaction that was created
/// without payment data, or whose payment was declined.
///
/// See the example in the module [`transactions`](crate::transactions).
///
/// Source: the provider's API reference, `POST /transactions/{transactionId}/pay`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayTransaction {
    transaction_id: String,
    pay: Pay,
}

impl PayTransaction {
    /// Creates a request to pay for the transaction `transaction_id` with the payment method `pay`.
    pub fn new(transaction_id: impl Into<String>, pay: Pay) -> Self {
        Self { transaction_id: transaction_id.into(), pay }
    }
}

impl Endpoint for PayTransaction {
    type Output = Transaction;
    const ID: &'static str = "transactions.pay";
    const ROUTE: Route<Self> = route!(POST "/transactions/{transactionId}/pay", transaction_id);

    fn validate(&self) -> Result<(), InputError> {
        self.pay.validate()
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(&self.pay)
    }

    fn parse(&self, response: &Response) -> Result<Transaction, ResponseError> {
        payment(response)
    }
}

/// `POST /transactions/{transactionId}/cancel`: cancels a pending transaction.
///
/// See the example in the module [`transactions`](crate::transactions).
///
/// Source: the provider's API reference, `POST /transactions/{transactionId}/cancel`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelTransaction {
    transaction_id: String,
}

impl CancelTransaction {
    /// Creates a request to cancel the transaction with this id.
    pub fn new(transaction_id: impl Into<String>) -> Self {
        Self { transaction_id: transaction_id.into() }
    }
}

impl Endpoint for CancelTransaction {
    type Output = Acknowledgement;
    const ID: &'static str = "transactions.cancel";
    const ROUTE: Route<Self> = route!(POST "/transactions/{transactionId}/cancel", transaction_id);

    fn parse(&self, response: &Response) -> Result<Acknowledgement, ResponseError> {
        error::acknowledgement(response)
    }
}

/// `GET /transactions/{transactionId}/cancel`: cancels a pending transaction with a deprecated GET
/// request.
///
/// Use [`CancelTransaction`] instead. The request is treated as not idempotent, so it is never
/// retried if its outcome is unknown.
///
/// See the example in the module [`transactions`](crate::transactions).
///
/// Source: the provider's API reference, `GET /transactions/{transactionId}/cancel`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelTransactionLegacy {
    transaction_id: String,
}

impl CancelTransactionLegacy {
    /// Creates a request to cancel the transaction with this id.
    pub fn new(transaction_id: impl Into<String>) -> Self {
        Self { transaction_id: transaction_id.into() }
    }
}

impl Endpoint for CancelTransactionLegacy {
    type Output = Acknowledgement;
    const ID: &'static str = "transactions.cancel_legacy";
    const ROUTE: Route<Self> =
        route!(GET "/transactions/{transactionId}/cancel", transaction_id).not_idempotent();

    fn parse(&self, response: &Response) -> Result<Acknowledgement, ResponseError> {
        error::acknowledgement(response)
    }
}

/// # Transactions
///
/// See the module [`transactions`](crate::transactions), which contains an example.
impl Client {
    /// Creates a transaction. Without a payment method, the payer pays at the
    /// `transaction_payment_url` of the response.
    ///
    /// The API has no idempotency key, so the request is never retried if its outcome is unknown. A
    /// payment that is declined immediately is returned as an error of kind
    /// [`OperationFailed`](crate::ErrorKind::OperationFailed) with the transaction as its payload;
    /// see [`ErrorExt`](crate::ErrorExt).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_transaction(&self, request: &CreateTransaction) -> Result<Transaction> {
        self.send(request)
    }

    /// Returns one page of transactions.
    ///
    /// See the example in the module [`transactions`](crate::transactions).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_transactions(&self, request: &ListTransactions) -> Result<TransactionPage> {
        self.send(request)
    }

    /// Returns an iterator over all matching transactions. The iterator requests page after page
    /// and returns each entry once.
    ///
    /// No request is sent before the iterator is advanced. If no page size is set, the iterator
    /// requests 100 entries per page.
    ///
    /// [`concurrent`](Items::concurrent) requests several pages at a time. If entries may be
    /// missing because the list changed while it was read, the last item is an error of kind
    /// [`Incomplete`](crate::ErrorKind::Incomplete).
    ///
    /// See the example in the module [`transactions`](crate::transactions).
    pub fn transactions(&self, request: &ListTransactions) -> Items<ListTransactions> {
        Items::new(self.core.clone(), request.clone().full_pages())
    }

    /// Returns the transaction with this id, with its payment attempts.
    ///
    /// See the example in the module [`transactions`](crate::transactions).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_transaction(&self, transaction_id: impl Into<String>) -> Result<Transaction> {
        self.send(&GetTransaction::new(transaction_id))
    }

    /// Pays for a pending transaction. If the payment is declined, you can pay again with a
    /// different payment method.
    ///
    /// A declined payment is returned as an error of kind
    /// [`OperationFailed`](crate::ErrorKind::OperationFailed); see [`ErrorExt`](crate::ErrorExt).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn pay_transaction(
        &self,
        transaction_id: impl Into<String>,
        pay: Pay,
    ) -> Result<Transaction> {
        self.send(&PayTransaction::new(transaction_id, pay))
    }

    /// Cancels a pending transaction.
    ///
    /// See the example in the module [`transactions`](crate::transactions).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn cancel_transaction(&self, transaction_id: impl Into<String>) -> Result<Acknowledgement> {
        self.send(&CancelTransaction::new(transaction_id))
    }

    /// Cancels a pending transaction with the deprecated GET request. Use
    /// [`cancel_transaction`](Client::cancel_transaction) instead.
    ///
    /// See the example in the module [`transactions`](crate::transactions).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn cancel_transaction_legacy(
        &self,
        transaction_id: impl Into<String>,
    ) -> Result<Acknowledgement> {
        self.send(&CancelTransactionLegacy::new(transaction_id))
    }
}
