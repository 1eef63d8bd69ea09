//! Refunds: full or partial refunds of a transaction, and refunds to a saved card.
//!
//! ```no_run
//! use tpay_client::refunds::ListTransactionRefunds;
//! use tpay_client::{Client, RefundTransaction, grosze};
//!
//! let tpay = Client::from_env()?;
//! let id = "01K1Z6T40ZWKY1XZG9VD5AZ9Q4";
//! tpay.refund_transaction(&RefundTransaction::new(id).amount(grosze(150)))?;
//! for refund in tpay.transaction_refunds(&ListTransactionRefunds::new(id)) {
//!     println!("{:?}", refund?.status);
//! }
//! # Ok::<(), tpay_client::Error>(())
//! ```

use api_auth::{
    Amount, Body, Endpoint, Extent, ExtraFields, InputError, Items, Paged, Params, Response,
    ResponseError, Result, Route, Secret, route, setters, wire, wire_enum,
};
use serde::{Deserialize, Serialize};

use crate::common::{LocalTime, ResultStatus};
use crate::paging::{Paging, numbered_pages, page_setters, paged_by_number};
use crate::transactions::payments::{Lock, Payments};
use crate::transactions::{PayerDetails, TransactionDate};
use crate::{Client, Currency, TransactionStatus, UnixTime, error, local_time, validate};

wire_enum! {
    /// The status of a refund.
    ///
    /// See the example in the module [`refunds`](crate::refunds).
    ///
    /// Source: the provider's API reference, `GET /refunds/{refundId}`.
    pub enum RefundStatus {
        /// The refund was registered.
        New = "new",
        /// The refund is in progress.
        Pending = "pending",
        /// The payer's bank account number is missing.
        ToComplete = "to_complete",
        /// The refund was cancelled.
        Cancel = "cancel",
        /// The refund is on hold.
        Hold = "hold",
        /// The refund was processed but has not been sent yet.
        Processed = "processed",
        /// The refund was sent.
        Done = "done",
        /// The refund to the card was declined.
        Declined = "declined",
        /// The refund to the card was authorized.
        Authorized = "authorized",
    }
}

/// A refund of a transaction, or a refund to a card.
///
/// See the example in the module [`refunds`](crate::refunds).
///
/// Source: the provider's API reference, `GET /refunds/{refundId}` and
/// `GET /transactions/{transactionId}/refunds`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Refund {
    /// The result of the request, such as `success`. Absent in lists of refunds.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned, 20 hex digits. Tpay's support team asks for it.
    pub request_id: Option<String>,
    /// The id of the refund, such as `rf_jtHRr95SKUbRpxTD`.
    pub refund_id: Option<String>,
    /// The status of the refund, such as `new`.
    #[serde(default)]
    pub status: Option<RefundStatus>,
    /// The refunded amount in `currency`, such as 12.34.
    pub amount: Option<Amount>,
    /// The currency of the amount, such as `PLN`.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// The times of the refund: when it was requested, when it is planned, and when it was
    /// processed.
    pub date: Option<RefundDate>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// The times of a refund, in Polish local time.
///
/// See the example in the module [`refunds`](crate::refunds).
///
/// Source: the provider's API reference, `GET /refunds/{refundId}` and
/// `GET /transactions/{transactionId}/refunds`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RefundDate {
    /// The planned time of the refund, such as `2026-11-22 01:20:19`.
    pub schedule: Option<String>,
    /// The time at which the refund was processed. Absent before that.
    pub processed: Option<String>,
    /// The time at which the refund was requested, such as `2026-11-22 01:20:18`.
    pub create: Option<String>,
    /// The time at which the refund to a card was made. Absent before that.
    pub refund: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl RefundDate {
    /// Returns [`schedule`](Self::schedule), the planned time of the refund, as Unix time. Returns
    /// `None` if the field is absent or is not a valid time; see
    /// [`LocalTime::unix_time`](crate::common::LocalTime::unix_time).
    pub fn schedule_time(&self) -> Option<UnixTime> {
        local_time::unix_time(self.schedule.as_deref())
    }

    /// Returns [`processed`](Self::processed), the time at which the refund was processed, as Unix
    /// time. Returns `None` if the field is absent or is not a valid time; see
    /// [`LocalTime::unix_time`](crate::common::LocalTime::unix_time).
    pub fn processed_time(&self) -> Option<UnixTime> {
        local_time::unix_time(self.processed.as_deref())
    }

    /// Returns [`create`](Self::create), the time at which the refund was requested, as Unix time.
    /// Returns `None` if the field is absent or is not a valid time; see
    /// [`LocalTime::unix_time`](crate::common::LocalTime::unix_time).
    pub fn create_time(&self) -> Option<UnixTime> {
        local_time::unix_time(self.create.as_deref())
    }

    /// Returns [`refund`](Self::refund), the time at which the refund to a card was made, as Unix
    /// time. Returns `None` if the field is absent or is not a valid time; see
    /// [`LocalTime::unix_time`](crate::common::LocalTime::unix_time).
    pub fn refund_time(&self) -> Option<UnixTime> {
        local_time::unix_time(self.refund.as_deref())
    }
}

/// A transaction with its refunds.
///
/// See the example in the module [`refunds`](crate::refunds).
///
/// Source: the provider's API reference, `GET /transactions/{transactionId}/refunds`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TransactionRefunds {
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
    /// The status of the transaction, such as `correct`.
    #[serde(default)]
    pub status: Option<TransactionStatus>,
    /// The times at which the transaction was created and the payment was posted.
    pub date: Option<TransactionDate>,
    /// The amount due, in `currency`, such as 12.34.
    pub amount: Option<Amount>,
    /// The currency of the amount, such as `PLN`.
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
    /// The refunds that are in neither `refunds_no_account_list` nor `refunds_cards_list`.
    #[serde(default)]
    pub refunds_list: Vec<Refund>,
    /// The refunds that are waiting for the payer's bank account number.
    #[serde(default)]
    pub refunds_no_account_list: Vec<Refund>,
    /// The refunds of the transaction that are made to cards.
    #[serde(default)]
    pub refunds_cards_list: Vec<Refund>,
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

impl TransactionRefunds {
    /// Returns an iterator over all refunds on this page: the entries of `refunds_list`,
    /// `refunds_no_account_list` and `refunds_cards_list`.
    pub fn all(&self) -> impl Iterator<Item = &Refund> {
        self.refunds_list
            .iter()
            .chain(&self.refunds_no_account_list)
            .chain(&self.refunds_cards_list)
    }
}

/// `POST /transactions/{transactionId}/refunds`: refunds a transaction.
///
/// A repeated request can refund the amount twice, so the request is never retried if its outcome
/// is unknown. To find out whether it was carried out, list the refunds of the transaction with
/// [`Client::transaction_refunds`] before the first request and again after the failure, and
/// compare the ids. If there is no new entry, the server may still be processing the request: wait
/// a minute and look again. Repeat it only if there is still none. A new id can also come from
/// another program's refund, so compare the amounts, too.
///
/// ```
/// use tpay_client::{RefundTransaction, grosze};
///
/// let all = RefundTransaction::new("01K1Z6T40ZWKY1XZG9VD5AZ9Q4");
/// let part = RefundTransaction::new("01K1Z6T40ZWKY1XZG9VD5AZ9Q4").amount(grosze(150));
/// ```
///
/// Source: the provider's API reference, `POST /transactions/{transactionId}/refunds`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundTransaction {
    #[serde(skip)]
    transaction_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Amount>,
}

impl RefundTransaction {
    /// Creates a request for a full refund of the transaction with this id.
    pub fn new(transaction_id: impl Into<String>) -> Self {
        Self { transaction_id: transaction_id.into(), amount: None }
    }

    setters! {
        /// Sets the amount of a partial refund in the transaction's currency, such as 12.34.
        /// Defaults to the amount that has not been refunded yet.
        amount: Amount,
    }
}

impl Endpoint for RefundTransaction {
    type Output = TransactionRefunds;
    const ID: &'static str = "transactions.refund";
    const ROUTE: Route<Self> = route!(POST "/transactions/{transactionId}/refunds", transaction_id);

    fn validate(&self) -> Result<(), InputError> {
        if let Some(amount) = self.amount {
            validate::amount("amount", amount)?;
        }
        Ok(())
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<TransactionRefunds, ResponseError> {
        error::success(response, &["transactionId", "refundsList"])
    }
}

/// `GET /transactions/{transactionId}/refunds`: returns one page of the refunds of a transaction.
///
/// See the example in the module [`refunds`](crate::refunds).
///
/// Source: the provider's API reference, `GET /transactions/{transactionId}/refunds`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListTransactionRefunds {
    transaction_id: String,
    paging: Paging,
    from: Option<LocalTime>,
    to: Option<LocalTime>,
}

impl ListTransactionRefunds {
    /// Creates a request for the refunds of the transaction with this id.
    pub fn new(transaction_id: impl Into<String>) -> Self {
        Self {
            transaction_id: transaction_id.into(),
            paging: Paging::default(),
            from: None,
            to: None,
        }
    }

    page_setters!();

    setters! {
        /// Sets the time from which refunds are listed. A string, such as `2026-11-01 00:00:00`, is
        /// sent unchanged. Other types are converted to Polish local time, although the time zone
        /// is not documented; see [`LocalTime`].
        from: impl Into<LocalTime>,
        /// Sets the time up to which refunds are listed. A string, such as `2026-11-30 23:59:59`,
        /// is sent unchanged. Other types are converted to Polish local time, although the time
        /// zone is not documented; see [`LocalTime`].
        to: impl Into<LocalTime>,
    }
}

impl Endpoint for ListTransactionRefunds {
    type Output = TransactionRefunds;
    const ID: &'static str = "transactions.list_refunds";
    const ROUTE: Route<Self> = route!(GET "/transactions/{transactionId}/refunds", transaction_id);

    fn validate(&self) -> Result<(), InputError> {
        self.paging.validate()?;
        validate::period(self.from.as_ref(), self.to.as_ref())
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        self.paging.push(params);
        params
            .push_some("from", self.from.as_ref().map(LocalTime::as_str))
            .push_some("to", self.to.as_ref().map(LocalTime::as_str));
    }

    fn parse(&self, response: &Response) -> Result<TransactionRefunds, ResponseError> {
        error::success(response, &["refundsList", "transactionId"])
    }
}

impl Paged for ListTransactionRefunds {
    type Item = Refund;

    paged_by_number!(TransactionRefunds, |page| page.all().count());

    fn items(page: TransactionRefunds) -> Vec<Refund> {
        [page.refunds_list, page.refunds_no_account_list, page.refunds_cards_list].concat()
    }

    fn item_id(refund: &Refund) -> Option<&str> {
        refund.refund_id.as_deref()
    }
}

numbered_pages!(ListTransactionRefunds);

wire_enum! {
    /// The kind of the refunds to list.
    ///
    /// See the example in the module [`refunds`](crate::refunds).
    ///
    /// Source: the provider's API reference, `GET /refunds`.
    pub enum RefundContext {
        /// Refunds of transactions. This is the default.
        Transactional = "transactional",
        /// Refunds to cards.
        Card = "card",
    }
}

/// A page of refunds.
///
/// See the example in the module [`refunds`](crate::refunds).
///
/// Source: the provider's API reference, `GET /refunds`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RefundPage {
    /// The result of the request, such as `success`.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned, 20 hex digits. Tpay's support team asks for it.
    pub request_id: Option<String>,
    /// The object that contains the refunds. [`list`](Self::list) returns them.
    pub transactions: Option<RefundList>,
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

/// The object `transactions` of a page of refunds, which contains the refunds.
///
/// See the example in the module [`refunds`](crate::refunds).
///
/// Source: the provider's API reference, `GET /refunds`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RefundList {
    /// The refunds on this page.
    #[serde(default)]
    pub list: Vec<Refund>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl RefundPage {
    /// Returns the refunds on this page. The list is empty if the response contains none.
    pub fn list(&self) -> &[Refund] {
        self.transactions.as_ref().map(|level| level.list.as_slice()).unwrap_or_default()
    }
}

/// `GET /refunds`: returns one page of refunds.
///
/// ```
/// use tpay_client::refunds::ListRefunds;
///
/// let search =
///     ListRefunds::new().from("2026-11-01 00:00:00").payer_email("jan.nowak@example.com");
/// ```
///
/// Source: the provider's API reference, `GET /refunds`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListRefunds {
    paging: Paging,
    from: Option<LocalTime>,
    to: Option<LocalTime>,
    payer_email: Option<String>,
    transaction_title: Option<String>,
    context: Option<RefundContext>,
    token: Option<Secret>,
}

impl ListRefunds {
    /// Creates a request for the first page of all refunds of transactions.
    pub fn new() -> Self {
        Self::default()
    }

    page_setters!();

    setters! {
        /// Sets the time from which refunds are listed. A string, such as `2026-11-01 00:00:00`, is
        /// sent unchanged. Other types are converted to Polish local time, although the time zone
        /// is not documented; see [`LocalTime`].
        from: impl Into<LocalTime>,
        /// Sets the time up to which refunds are listed. A string, such as `2026-11-30 23:59:59`,
        /// is sent unchanged. Other types are converted to Polish local time, although the time
        /// zone is not documented; see [`LocalTime`].
        to: impl Into<LocalTime>,
        /// Sets the e-mail address of the payer whose refunds are listed. Use it only for refunds
        /// of transactions.
        payer_email: impl Into<String>,
        /// Sets the title of the transaction whose refunds are listed, such as `TR-BRA-KGZK0X`. Use
        /// it only for refunds of transactions.
        transaction_title: impl Into<String>,
        /// Sets the kind of the refunds to list. Defaults to refunds of transactions.
        context: impl Into<RefundContext>,
        /// Sets the token of the card whose refunds are listed. Use it only for refunds to cards.
        token: impl Into<Secret>,
    }
}

impl Endpoint for ListRefunds {
    type Output = RefundPage;
    const ID: &'static str = "refunds.list";
    const ROUTE: Route<Self> = route!(GET "/refunds");

    fn validate(&self) -> Result<(), InputError> {
        self.paging.validate()?;
        validate::period(self.from.as_ref(), self.to.as_ref())?;
        validate::known("context", self.context.as_ref(), RefundContext::KNOWN)
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        self.paging.push(params);
        params
            .push_some("from", self.from.as_ref().map(LocalTime::as_str))
            .push_some("to", self.to.as_ref().map(LocalTime::as_str))
            .push_some("payerEmail", self.payer_email.as_deref())
            .push_some("transactionTitle", self.transaction_title.as_deref())
            .push_some("context", self.context.as_ref().map(RefundContext::as_str))
            .push_some("token", self.token.as_ref().map(Secret::expose));
    }

    fn parse(&self, response: &Response) -> Result<RefundPage, ResponseError> {
        error::success(response, &["transactions"])
    }
}

impl Paged for ListRefunds {
    type Item = Refund;

    paged_by_number!(RefundPage, |page| page.list().len());

    fn items(page: RefundPage) -> Vec<Refund> {
        page.transactions.map(|level| level.list).unwrap_or_default()
    }

    fn item_id(refund: &Refund) -> Option<&str> {
        refund.refund_id.as_deref()
    }
}

numbered_pages!(ListRefunds);

/// The response to a request for a refund to a card.
///
/// See the example in the module [`refunds`](crate::refunds).
///
/// Source: the provider's API reference, `POST /refunds`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CardRefundResponse {
    /// The result of the request, such as `success`.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned, 20 hex digits. Tpay's support team asks for it.
    pub request_id: Option<String>,
    /// The refund that was created.
    pub refund_content: Option<CardRefund>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// A refund to a saved card.
///
/// See the example in the module [`refunds`](crate::refunds).
///
/// Source: the provider's API reference, `POST /refunds`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CardRefund {
    /// The status of the refund, such as `new`.
    #[serde(default)]
    pub status: Option<RefundStatus>,
    /// The id of the refund, such as `rf_jtHRr95SKUbRpxTD`.
    pub refund_id: Option<String>,
    /// The numeric currency code (ISO 4217), such as 985 for the złoty.
    pub currency_code: Option<i64>,
    /// The refunded amount in the refund's currency, such as 12.34. `currency_code` identifies the
    /// currency.
    pub amount: Option<Amount>,
    /// The card network's response to the refund: a code and its description.
    #[serde(rename = "extra")]
    pub extra_data: Option<CardRefundExtra>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// The card network's response to a refund: a code and its description.
///
/// See the example in the module [`refunds`](crate::refunds).
///
/// Source: the provider's API reference, `POST /refunds`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CardRefundExtra {
    /// The response code, such as `000`.
    pub response_code: Option<String>,
    /// The description of the response code, such as `Approved`.
    pub response_description: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// `POST /refunds`: refunds an amount to a saved card, such as one that was saved by EISOP
/// (Elavon).
///
/// The request is never retried if its outcome is unknown. To find out whether it was carried out,
/// list the refunds to the card with [`Client::refunds`] before the first request and again after
/// the failure, and compare the ids. If there is no new entry, the server may still be processing
/// the request: wait a minute and look again. Repeat it only if there is still none. A new id can
/// also come from another program's refund, so compare the amounts, too. [`ListRefunds::context`]
/// selects refunds to cards, and [`ListRefunds::token`] the card.
///
/// See the example in the module [`refunds`](crate::refunds).
///
/// Source: the provider's API reference, `POST /refunds`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundCard {
    amount: Amount,
    currency_code: u32,
    #[serde(serialize_with = "wire::exposed")]
    token_value: Secret,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_expiry_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roc_text: Option<String>,
}

impl RefundCard {
    /// Creates a request to refund `amount`, such as 12.34, to the card with this token. The amount
    /// is in the currency with the numeric code `currency_code` (ISO 4217), such as 985 for the
    /// złoty.
    pub fn new(amount: Amount, currency_code: u32, token_value: impl Into<Secret>) -> Self {
        Self {
            amount,
            currency_code,
            token_value: token_value.into(),
            card_expiry_date: None,
            roc_text: None,
        }
    }

    setters! {
        /// Sets the expiry date of the card in the format `YYMM`, such as `2812`. Required for a
        /// card that was saved by EISOP (Elavon).
        card_expiry_date: impl Into<String>,
        /// Sets your text for the card settlement. It must consist of at most 255 letters and
        /// digits.
        roc_text: impl Into<String>,
    }
}

impl Endpoint for RefundCard {
    type Output = CardRefundResponse;
    const ID: &'static str = "refunds.create";
    const ROUTE: Route<Self> = route!(POST "/refunds");

    fn validate(&self) -> Result<(), InputError> {
        validate::amount("amount", self.amount)?;
        if self.currency_code == 0 {
            return Err(InputError::new("currency_code", "must be more than 0"));
        }
        validate::length("token_value", self.token_value.expose(), 1, 255)?;
        if let Some(date) = &self.card_expiry_date {
            validate::card_expiry("card_expiry_date", date)?;
        }
        validate::roc_text(self.roc_text.as_deref(), 255)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<CardRefundResponse, ResponseError> {
        error::success(response, &["refundContent"])
    }
}

/// `GET /refunds/{refundId}`: returns one refund.
///
/// See the example in the module [`refunds`](crate::refunds).
///
/// Source: the provider's API reference, `GET /refunds/{refundId}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetRefund {
    refund_id: String,
}

impl GetRefund {
    /// Creates a request for the refund with this id, which is `rf_` followed by 16 characters.
    pub fn new(refund_id: impl Into<String>) -> Self {
        Self { refund_id: refund_id.into() }
    }
}

impl Endpoint for GetRefund {
    type Output = Refund;
    const ID: &'static str = "refunds.get";
    const ROUTE: Route<Self> = route!(GET "/refunds/{refundId}", refund_id);

    fn parse(&self, response: &Response) -> Result<Refund, ResponseError> {
        error::success(response, &["refundId"])
    }
}

/// # Refunds
///
/// See the module [`refunds`](crate::refunds), which contains an example.
impl Client {
    /// Refunds a transaction, in full or in part.
    ///
    /// The request is never retried if its outcome is unknown; [`RefundTransaction`] describes how
    /// to find out whether it was carried out.
    ///
    /// See the example in the module [`refunds`](crate::refunds).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn refund_transaction(&self, request: &RefundTransaction) -> Result<TransactionRefunds> {
        self.send(request)
    }

    /// Returns one page of the refunds of a transaction.
    ///
    /// See the example in the module [`refunds`](crate::refunds).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_transaction_refunds(
        &self,
        request: &ListTransactionRefunds,
    ) -> Result<TransactionRefunds> {
        self.send(request)
    }

    /// Returns an iterator over all refunds of a transaction. The iterator requests page after page
    /// and returns each entry once.
    ///
    /// No request is sent before the iterator is advanced. If no page size is set, the iterator
    /// requests 100 entries per page.
    ///
    /// [`concurrent`](Items::concurrent) requests several pages at a time. If entries may be
    /// missing because the list changed while it was read, the last item is an error of kind
    /// [`Incomplete`](crate::ErrorKind::Incomplete).
    ///
    /// See the example in the module [`refunds`](crate::refunds).
    pub fn transaction_refunds(
        &self,
        request: &ListTransactionRefunds,
    ) -> Items<ListTransactionRefunds> {
        Items::new(self.core.clone(), request.clone().full_pages())
    }

    /// Returns one page of refunds.
    ///
    /// See the example in the module [`refunds`](crate::refunds).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_refunds(&self, request: &ListRefunds) -> Result<RefundPage> {
        self.send(request)
    }

    /// Returns an iterator over all matching refunds. The iterator requests page after page and
    /// returns each entry once.
    ///
    /// No request is sent before the iterator is advanced. If no page size is set, the iterator
    /// requests 100 entries per page.
    ///
    /// [`concurrent`](Items::concurrent) requests several pages at a time. If entries may be
    /// missing because the list changed while it was read, the last item is an error of kind
    /// [`Incomplete`](crate::ErrorKind::Incomplete).
    ///
    /// See the example in the module [`refunds`](crate::refunds).
    pub fn refunds(&self, request: &ListRefunds) -> Items<ListRefunds> {
        Items::new(self.core.clone(), request.clone().full_pages())
    }

    /// Refunds an amount to a saved card. The request is never retried if its outcome is unknown;
    /// [`RefundCard`] describes how to find out whether it was carried out.
    ///
    /// See the example in the module [`refunds`](crate::refunds).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn refund_card(&self, request: &RefundCard) -> Result<CardRefundResponse> {
        self.send(request)
    }

    /// Returns the refund with this id.
    ///
    /// See the example in the module [`refunds`](crate::refunds).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_refund(&self, refund_id: impl Into<String>) -> Result<Refund> {
        self.send(&GetRefund::new(refund_id))
    }
}
