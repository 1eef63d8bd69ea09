//! Refunds: of a transaction, all of it or a part, and to a saved card.

use api_auth::{
    Amount, Body, Endpoint, ExtraFields, InputError, Items, Paged, Params, Response, ResponseError,
    Result, Route, Secret, route, setters, wire, wire_enum,
};
use serde::{Deserialize, Serialize};

use crate::paging::{Paging, page_setters};
use crate::{
    Client, Currency, Lock, PayerDetails, Payments, ResultStatus, TransactionDate,
    TransactionStatus, error, validate,
};

wire_enum! {
    /// Where a refund stands.
    ///
    /// Source: the provider's API reference, `GET /refunds/{refundId}`.
    pub enum RefundStatus {
        /// It was taken down.
        New = "new",
        /// It is being made.
        Pending = "pending",
        /// The payer's account is missing.
        ToComplete = "to_complete",
        /// It was cancelled.
        Cancel = "cancel",
        /// It is held back.
        Hold = "hold",
        /// It is ready, but not sent yet.
        Processed = "processed",
        /// It was sent.
        Done = "done",
        /// It was refused (cards).
        Declined = "declined",
        /// It was made (cards).
        Authorized = "authorized",
    }
}

/// A refund.
///
/// Source: the provider's API reference, `GET /refunds/{refundId}` and
/// `GET /transactions/{transactionId}/refunds`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Refund {
    /// How the call went, where one refund was asked for.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The server's id of the request, for its support.
    #[serde(default, deserialize_with = "wire::text")]
    pub request_id: Option<String>,
    /// The id of the refund.
    #[serde(default, deserialize_with = "wire::text")]
    pub refund_id: Option<String>,
    /// Where it stands.
    #[serde(default)]
    pub status: Option<RefundStatus>,
    /// How much is paid back, in units of `currency`.
    #[serde(default, deserialize_with = "wire::amount")]
    pub amount: Option<Amount>,
    /// The currency.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// When.
    #[serde(default, deserialize_with = "wire::object")]
    pub date: Option<RefundDate>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// When a refund was asked for and made, in local time.
///
/// Source: the provider's API reference, `GET /refunds/{refundId}` and
/// `GET /transactions/{transactionId}/refunds`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RefundDate {
    /// When it is to be made.
    #[serde(default, deserialize_with = "wire::text")]
    pub schedule: Option<String>,
    /// When it was made.
    #[serde(default, deserialize_with = "wire::text")]
    pub processed: Option<String>,
    /// When it was asked for.
    #[serde(default, deserialize_with = "wire::text")]
    pub create: Option<String>,
    /// When it was made (cards).
    #[serde(default, deserialize_with = "wire::text")]
    pub refund: Option<String>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// A transaction with its refunds.
///
/// Source: the provider's API reference, `GET /transactions/{transactionId}/refunds`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TransactionRefunds {
    /// How the call went.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The server's id of the request, for its support.
    #[serde(default, deserialize_with = "wire::text")]
    pub request_id: Option<String>,
    /// The id of the transaction.
    #[serde(default, deserialize_with = "wire::text")]
    pub transaction_id: Option<String>,
    /// The title that the payer sees, `TR-XXX-XXXXXXX`; what notifications call `tr_id`.
    #[serde(default, deserialize_with = "wire::text")]
    pub title: Option<String>,
    /// The point of sale.
    #[serde(default, deserialize_with = "wire::text")]
    pub pos_id: Option<String>,
    /// Where the transaction stands.
    #[serde(default)]
    pub status: Option<TransactionStatus>,
    /// When it was made and paid.
    #[serde(default, deserialize_with = "wire::object")]
    pub date: Option<TransactionDate>,
    /// What is to be paid, in units of `currency`.
    #[serde(default, deserialize_with = "wire::amount")]
    pub amount: Option<Amount>,
    /// The currency.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// What the payer reads.
    #[serde(default, deserialize_with = "wire::text")]
    pub description: Option<String>,
    /// Your own text; what notifications call `tr_crc`.
    #[serde(default, deserialize_with = "wire::text")]
    pub hidden_description: Option<String>,
    /// Who pays.
    #[serde(default, deserialize_with = "wire::object")]
    pub payer: Option<PayerDetails>,
    /// What became of paying it.
    #[serde(default, deserialize_with = "wire::object")]
    pub payments: Option<Payments>,
    /// The payer's language.
    #[serde(default, deserialize_with = "wire::text")]
    pub lang: Option<String>,
    /// Where the payer pays; absent when nothing is left to do there.
    #[serde(default, deserialize_with = "wire::text")]
    pub transaction_payment_url: Option<String>,
    /// Money of it that is held back.
    #[serde(default, deserialize_with = "wire::object")]
    pub lock: Option<Lock>,
    /// The refunds.
    #[serde(default, deserialize_with = "wire::list")]
    pub refunds_list: Vec<Refund>,
    /// Refunds that wait for the payer's account.
    #[serde(default, deserialize_with = "wire::list")]
    pub refunds_no_account_list: Vec<Refund>,
    /// Refunds to a card.
    #[serde(default, deserialize_with = "wire::list")]
    pub refunds_cards_list: Vec<Refund>,
    /// Which page this is, from 1.
    #[serde(default, deserialize_with = "wire::integer")]
    pub page: Option<i64>,
    /// The most entries of a page.
    #[serde(default, deserialize_with = "wire::integer")]
    pub limit: Option<i64>,
    /// How many entries there are on all pages.
    #[serde(default, deserialize_with = "wire::integer")]
    pub total: Option<i64>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

impl TransactionRefunds {
    /// All refunds of this page, of all three kinds.
    pub fn all(&self) -> impl Iterator<Item = &Refund> {
        self.refunds_list
            .iter()
            .chain(&self.refunds_no_account_list)
            .chain(&self.refunds_cards_list)
    }
}

/// `POST /transactions/{transactionId}/refunds`: pays a transaction back.
///
/// Asking twice may pay back twice, so it is never repeated after a lost answer. Look at the
/// refunds of the transaction before you ask again.
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
    /// All of the transaction with this id.
    pub fn new(transaction_id: impl Into<String>) -> Self {
        Self { transaction_id: transaction_id.into(), amount: None }
    }

    setters! {
        /// How much, in units of the currency of the transaction; all that is left unless it is given.
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
        error::answer(response, &["transactionId", "refundsList"])
    }
}

/// `GET /transactions/{transactionId}/refunds`: the refunds of a transaction.
///
/// Source: the provider's API reference, `GET /transactions/{transactionId}/refunds`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListTransactionRefunds {
    transaction_id: String,
    paging: Paging,
    from: Option<String>,
    to: Option<String>,
}

impl ListTransactionRefunds {
    /// Of the transaction with this id.
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
        /// Only from this local time on, `YYYY-MM-DD HH:MM:SS`.
        from: impl Into<String>,
        /// Only up to this local time, `YYYY-MM-DD HH:MM:SS`.
        to: impl Into<String>,
    }
}

impl Endpoint for ListTransactionRefunds {
    type Output = TransactionRefunds;
    const ID: &'static str = "transactions.list_refunds";
    const ROUTE: Route<Self> = route!(GET "/transactions/{transactionId}/refunds", transaction_id);

    fn validate(&self) -> Result<(), InputError> {
        self.paging.validate()
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        self.paging.push(params);
        params.push_some("from", self.from.as_deref()).push_some("to", self.to.as_deref());
    }

    fn parse(&self, response: &Response) -> Result<TransactionRefunds, ResponseError> {
        error::answer(response, &["refundsList", "transactionId"])
    }
}

impl Paged for ListTransactionRefunds {
    type Item = Refund;

    fn next(&self, page: &TransactionRefunds) -> Option<Self> {
        let paging = self.paging.next(page.all().count(), page.limit, page.total)?;
        Some(Self { paging, ..self.clone() })
    }

    fn items(page: TransactionRefunds) -> Vec<Refund> {
        [page.refunds_list, page.refunds_no_account_list, page.refunds_cards_list].concat()
    }

    fn item_id(refund: &Refund) -> Option<&str> {
        refund.refund_id.as_deref()
    }
}

wire_enum! {
    /// Which refunds are listed.
    ///
    /// Source: the provider's API reference, `GET /refunds`.
    pub enum RefundContext {
        /// Those of transactions; the default.
        Transactional = "transactional",
        /// Those to cards.
        Card = "card",
    }
}

/// A page of refunds.
///
/// Source: the provider's API reference, `GET /refunds`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RefundPage {
    /// How the call went.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The server's id of the request, for its support.
    #[serde(default, deserialize_with = "wire::text")]
    pub request_id: Option<String>,
    /// The level at which the server puts the list.
    #[serde(default, deserialize_with = "wire::object")]
    pub transactions: Option<RefundList>,
    /// Which page this is, from 1.
    #[serde(default, deserialize_with = "wire::integer")]
    pub page: Option<i64>,
    /// The most entries of a page.
    #[serde(default, deserialize_with = "wire::integer")]
    pub limit: Option<i64>,
    /// How many entries there are on all pages.
    #[serde(default, deserialize_with = "wire::integer")]
    pub total: Option<i64>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// A list of refunds.
///
/// Source: the provider's API reference, `GET /refunds`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RefundList {
    /// The refunds.
    #[serde(default, deserialize_with = "wire::list")]
    pub list: Vec<Refund>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

impl RefundPage {
    /// The refunds.
    pub fn list(&self) -> &[Refund] {
        self.transactions.as_ref().map(|level| level.list.as_slice()).unwrap_or_default()
    }
}

/// `GET /refunds`: refunds, a page at a time.
///
/// ```
/// use tpay_client::ListRefunds;
///
/// let search = ListRefunds::new().from("2026-11-01 00:00:00").payer_email("jan.nowak@example.com");
/// ```
///
/// Source: the provider's API reference, `GET /refunds`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListRefunds {
    paging: Paging,
    from: Option<String>,
    to: Option<String>,
    payer_email: Option<String>,
    transaction_title: Option<String>,
    context: Option<RefundContext>,
    token: Option<Secret>,
}

impl ListRefunds {
    /// All of them.
    pub fn new() -> Self {
        Self::default()
    }

    page_setters!();

    setters! {
        /// Only from this local time on, `YYYY-MM-DD HH:MM:SS`.
        from: impl Into<String>,
        /// Only up to this local time, `YYYY-MM-DD HH:MM:SS`.
        to: impl Into<String>,
        /// Only to this payer (of transactions).
        payer_email: impl Into<String>,
        /// Only of the transaction with this title.
        transaction_title: impl Into<String>,
        /// Which refunds.
        context: impl Into<RefundContext>,
        /// Only to the card of this token (context card).
        token: impl Into<Secret>,
    }
}

impl Endpoint for ListRefunds {
    type Output = RefundPage;
    const ID: &'static str = "refunds.list";
    const ROUTE: Route<Self> = route!(GET "/refunds");

    fn validate(&self) -> Result<(), InputError> {
        self.paging.validate()?;
        validate::known("context", self.context.as_ref().map(RefundContext::is_known))
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        self.paging.push(params);
        params
            .push_some("from", self.from.as_deref())
            .push_some("to", self.to.as_deref())
            .push_some("payerEmail", self.payer_email.as_deref())
            .push_some("transactionTitle", self.transaction_title.as_deref())
            .push_some("context", self.context.as_ref().map(RefundContext::as_str))
            .push_some("token", self.token.as_ref().map(Secret::expose));
    }

    fn parse(&self, response: &Response) -> Result<RefundPage, ResponseError> {
        error::answer(response, &["transactions"])
    }
}

impl Paged for ListRefunds {
    type Item = Refund;

    fn next(&self, page: &RefundPage) -> Option<Self> {
        let paging = self.paging.next(page.list().len(), page.limit, page.total)?;
        Some(Self { paging, ..self.clone() })
    }

    fn items(page: RefundPage) -> Vec<Refund> {
        page.transactions.map(|level| level.list).unwrap_or_default()
    }

    fn item_id(refund: &Refund) -> Option<&str> {
        refund.refund_id.as_deref()
    }
}

/// The answer to a refund to a card.
///
/// Source: the provider's API reference, `POST /refunds`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CardRefundReply {
    /// How the call went.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The server's id of the request, for its support.
    #[serde(default, deserialize_with = "wire::text")]
    pub request_id: Option<String>,
    /// The refund.
    #[serde(default, deserialize_with = "wire::object")]
    pub refund_content: Option<CardRefund>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// A refund to the card of a token.
///
/// Source: the provider's API reference, `POST /refunds`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CardRefund {
    /// Where it stands.
    #[serde(default)]
    pub status: Option<RefundStatus>,
    /// The id of the refund.
    #[serde(default, deserialize_with = "wire::text")]
    pub refund_id: Option<String>,
    /// The number of the currency by ISO 4217; 985 is the złoty.
    #[serde(default, deserialize_with = "wire::integer")]
    pub currency_code: Option<i64>,
    /// How much is paid back, in units of that currency.
    #[serde(default, deserialize_with = "wire::amount")]
    pub amount: Option<Amount>,
    /// What the card's network said.
    #[serde(default, deserialize_with = "wire::object")]
    #[serde(rename = "extra")]
    pub extra_data: Option<CardRefundExtra>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// What the card network said to a refund.
///
/// Source: the provider's API reference, `POST /refunds`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CardRefundExtra {
    /// Its code.
    #[serde(default, deserialize_with = "wire::text")]
    pub response_code: Option<String>,
    /// Its text.
    #[serde(default, deserialize_with = "wire::text")]
    pub response_description: Option<String>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// `POST /refunds`: pays back to the card of a token (Elavon). Never repeated after a lost answer.
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
    /// This amount, in units of the currency with this number by ISO 4217 (985 is the złoty), to the
    /// card of this token.
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
        /// The expiry of the card, `YYMM`; needed with a token of EISOP.
        card_expiry_date: impl Into<String>,
        /// Your own text for the settlement, up to 255 letters and digits.
        roc_text: impl Into<String>,
    }
}

impl Endpoint for RefundCard {
    type Output = CardRefundReply;
    const ID: &'static str = "refunds.create";
    const ROUTE: Route<Self> = route!(POST "/refunds");

    fn validate(&self) -> Result<(), InputError> {
        validate::amount("amount", self.amount)?;
        validate::length("token_value", self.token_value.expose(), 1, 255)?;
        if let Some(date) = &self.card_expiry_date {
            validate::month("card_expiry_date", date)?;
        }
        validate::roc_text(self.roc_text.as_deref(), 255)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<CardRefundReply, ResponseError> {
        error::answer(response, &["refundContent"])
    }
}

/// `GET /refunds/{refundId}`: one refund.
///
/// Source: the provider's API reference, `GET /refunds/{refundId}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetRefund {
    refund_id: String,
}

impl GetRefund {
    /// By its id, `rf_` and 16 characters.
    pub fn new(refund_id: impl Into<String>) -> Self {
        Self { refund_id: refund_id.into() }
    }
}

impl Endpoint for GetRefund {
    type Output = Refund;
    const ID: &'static str = "refunds.get";
    const ROUTE: Route<Self> = route!(GET "/refunds/{refundId}", refund_id);

    fn parse(&self, response: &Response) -> Result<Refund, ResponseError> {
        error::answer(response, &["refundId"])
    }
}

impl Client {
    /// Pays a transaction back, all of it or a part. Never repeated after a lost answer.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn refund_transaction(&self, request: &RefundTransaction) -> Result<TransactionRefunds> {
        self.send(request)
    }

    /// One page of the refunds of a transaction.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_transaction_refunds(
        &self,
        request: &ListTransactionRefunds,
    ) -> Result<TransactionRefunds> {
        self.send(request)
    }

    /// All refunds of a transaction, one page after the other, each entry once.
    ///
    /// Nothing is sent before the iterator is advanced; a search without a size asks for 100
    /// entries a page.
    pub fn transaction_refunds(
        &self,
        request: &ListTransactionRefunds,
    ) -> Items<ListTransactionRefunds> {
        Items::new(self.core.clone(), request.clone().full_pages())
    }

    /// One page of refunds.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_refunds(&self, request: &ListRefunds) -> Result<RefundPage> {
        self.send(request)
    }

    /// All refunds that a search finds, one page after the other, each entry once.
    ///
    /// Nothing is sent before the iterator is advanced; a search without a size asks for 100
    /// entries a page.
    pub fn refunds(&self, request: &ListRefunds) -> Items<ListRefunds> {
        Items::new(self.core.clone(), request.clone().full_pages())
    }

    /// Pays back to the card of a token. Never repeated after a lost answer.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn refund_card(&self, request: &RefundCard) -> Result<CardRefundReply> {
        self.send(request)
    }

    /// One refund.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_refund(&self, refund_id: impl Into<String>) -> Result<Refund> {
        self.send(&GetRefund::new(refund_id))
    }
}
