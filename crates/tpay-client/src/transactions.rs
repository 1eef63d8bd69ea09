//! Transactions: made, paid, read, cancelled. What pays them is in `pay.rs`, what pays them back in
//! `refunds.rs`.

use std::borrow::Cow;

use api_auth::{
    Amount, Body, Endpoint, ErrorKind, Fault, Fields, InputError, Method, Paged, Params, Response,
    path_segment, setters, wire, wire_enum,
};
use serde::{Deserialize, Serialize};

use crate::{Currency, File, Pay, Receipt, check, fault, paging};

wire_enum! {
    /// How a call went (`result` in answers).
    pub enum Outcome {
        /// Well.
        Success = "success",
        /// The payer must be sent to the payment page.
        ActionRequired = "actionRequired",
        /// It is not decided yet.
        Pending = "pending",
        /// Badly; this crate makes an error of it.
        Failed = "failed",
    }
}

wire_enum! {
    /// Where a transaction stands.
    pub enum TransactionStatus {
        /// It waits for the payer.
        Pending = "pending",
        /// The money is in; you have not confirmed it yet (two-step mode).
        Paid = "paid",
        /// The money is in, and all is done.
        Correct = "correct",
        /// It was paid back in one go.
        Refund = "refund",
        /// It was cancelled, or its time is over.
        Canceled = "canceled",
    }
}

impl TransactionStatus {
    /// Whether the payer has paid. A series of partial refunds does not change this.
    pub fn is_paid(&self) -> bool {
        matches!(self, Self::Paid | Self::Correct)
    }
}

wire_enum! {
    /// Where a payment of a transaction stands.
    pub enum PaymentStatus {
        /// It is not decided yet.
        Pending = "pending",
        /// It was made.
        Correct = "correct",
        /// It was refused.
        Declined = "declined",
    }
}

wire_enum! {
    /// The language of the payment page.
    pub enum Language {
        /// English.
        English = "en",
        /// Polish.
        Polish = "pl",
        /// German.
        German = "de",
        /// French.
        French = "fr",
        /// Russian.
        Russian = "ru",
        /// Italian.
        Italian = "it",
        /// Spanish.
        Spanish = "es",
        /// Ukrainian.
        Ukrainian = "uk",
    }
}

/// A transaction: what a payer is to pay, and what became of it.
///
/// Any field may be absent in an answer; `fields` keeps what has no name here. Times are Polish local
/// times as far as anybody knows, so they are kept as text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Transaction {
    /// How the call went.
    #[serde(default)]
    pub result: Option<Outcome>,
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
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

impl Transaction {
    /// Whether the payer has paid.
    pub fn is_paid(&self) -> bool {
        self.status.as_ref().is_some_and(TransactionStatus::is_paid)
    }

    /// The refusals of its payment.
    pub fn errors(&self) -> &[PaymentError] {
        self.payments.as_ref().map(|payments| payments.errors.as_slice()).unwrap_or_default()
    }

    /// The banking applications among which the payer must choose, if a BLIK alias exists in
    /// several: pay again with the `key` of one.
    pub fn alternatives(&self) -> &[Alternative] {
        self.payments.as_ref().map(|payments| payments.alternatives.as_slice()).unwrap_or_default()
    }
}

/// Reads the answer to a payment. One that was refused comes as HTTP 200 with `result: success`;
/// it is an error here, and the error carries the transaction.
pub(crate) fn payment(response: &Response) -> Result<Transaction, Fault> {
    let transaction: Transaction = api_auth::json(response)?;
    let Some(payments) = &transaction.payments else { return fault::answer(response) };
    if payments.errors.is_empty() && payments.alternatives.is_empty() {
        return fault::answer(response);
    }
    let mut refusal = Fault::new(ErrorKind::Declined);
    for error in &payments.errors {
        refusal = refusal.with_detail(error.detail());
    }
    if payments.errors.is_empty() {
        refusal = refusal.with_message("the BLIK alias exists in several applications: choose one");
    }
    if let Some(id) = &transaction.request_id {
        refusal = refusal.with_request_id(id);
    }
    Err(refusal.with_payload(transaction))
}

/// When a transaction was made and paid, in local time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TransactionDate {
    /// When it was made.
    #[serde(default, deserialize_with = "wire::text")]
    pub creation: Option<String>,
    /// When it was paid.
    #[serde(default, deserialize_with = "wire::text")]
    pub realization: Option<String>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// Who pays, as the server tells it: what is unknown is an empty text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PayerDetails {
    /// The id of the payer.
    #[serde(default, deserialize_with = "wire::text")]
    pub payer_id: Option<String>,
    /// The e-mail address.
    #[serde(default, deserialize_with = "wire::text")]
    pub email: Option<String>,
    /// The name.
    #[serde(default, deserialize_with = "wire::text")]
    pub name: Option<String>,
    /// The phone number.
    #[serde(default, deserialize_with = "wire::text")]
    pub phone: Option<String>,
    /// Street and house.
    #[serde(default, deserialize_with = "wire::text")]
    pub address: Option<String>,
    /// The city.
    #[serde(default, deserialize_with = "wire::text")]
    pub city: Option<String>,
    /// The country, two letters.
    #[serde(default, deserialize_with = "wire::text")]
    pub country: Option<String>,
    /// The postal code (`code` in requests).
    #[serde(default, deserialize_with = "wire::text")]
    pub postal_code: Option<String>,
    /// The tax id.
    #[serde(default, deserialize_with = "wire::text")]
    pub tax_id: Option<String>,
    /// The IP address.
    #[serde(default, deserialize_with = "wire::text")]
    pub ip: Option<String>,
    /// The browser's name.
    #[serde(default, deserialize_with = "wire::text")]
    pub user_agent: Option<String>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// What became of paying a transaction.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Payments {
    /// Where the payment stands.
    #[serde(default)]
    pub status: Option<PaymentStatus>,
    /// How it was paid.
    #[serde(default, deserialize_with = "wire::text")]
    pub method: Option<String>,
    /// What was paid.
    #[serde(default, deserialize_with = "wire::amount")]
    pub amount_paid: Option<Amount>,
    /// When it was paid.
    #[serde(default, deserialize_with = "wire::object")]
    pub date: Option<TransactionDate>,
    /// Why it was refused.
    #[serde(default, deserialize_with = "wire::one_or_more")]
    pub errors: Vec<PaymentError>,
    /// The applications among which the payer must choose.
    #[serde(default, deserialize_with = "wire::list")]
    pub alternatives: Vec<Alternative>,
    /// The tries so far; only when a transaction is read.
    #[serde(default, deserialize_with = "wire::list")]
    pub attempts: Vec<Attempt>,
    /// Whether a BLIK PAYID can be registered.
    #[serde(default, deserialize_with = "wire::boolean")]
    pub pay_id_eligible: Option<bool>,
    /// The group of channels that it was paid by.
    #[serde(default, deserialize_with = "wire::text")]
    pub group_id: Option<String>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// Why a payment was refused.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PaymentError {
    /// The code, such as `payment_failed`.
    #[serde(default, deserialize_with = "wire::text")]
    pub error_code: Option<String>,
    /// The text, in the payer's language.
    #[serde(default, deserialize_with = "wire::text")]
    pub error_message: Option<String>,
    /// The field that it is about.
    #[serde(default, deserialize_with = "wire::text")]
    pub field_name: Option<String>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

impl PaymentError {
    pub(crate) fn detail(&self) -> api_auth::Detail {
        api_auth::Detail::new(
            self.field_name.clone(),
            self.error_code.clone(),
            self.error_message.clone(),
        )
    }
}

/// One of several banking applications in which a BLIK alias exists.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Alternative {
    /// What the payer knows it by.
    #[serde(default, deserialize_with = "wire::text")]
    pub application_name: Option<String>,
    /// What to pay again with, as the `key` of the alias.
    #[serde(default, deserialize_with = "wire::text")]
    pub application_code: Option<String>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// One try to pay.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Attempt {
    /// When, in local time.
    #[serde(default, deserialize_with = "wire::text")]
    pub date: Option<String>,
    /// Why it failed; absent if it did not.
    #[serde(default)]
    pub payment_error_code: Option<PaymentErrorCode>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

wire_enum! {
    /// Why a try to pay failed.
    pub enum PaymentErrorCode {
        /// The BLIK code is wrong or too old.
        WrongBlikCode = "63",
        /// Nobody says why.
        Unclassified = "100",
        /// The payer said no.
        RejectedByPayer = "101",
        /// The bank said no.
        RejectedByIssuer = "102",
        /// The account does not hold enough.
        InsufficientFunds = "103",
        /// The bank or the payer did not answer in time.
        Timeout = "104",
        /// The PAYID alias must be dealt with first.
        AliasNeeded = "105",
        /// It is more than the payer's limit.
        LimitExceeded = "106",
        /// Refused for security.
        Security = "107",
    }
}

/// Money of a transaction that is held back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Lock {
    /// What holds it: `Balance`, `Chargeback` or `Transaction`.
    #[serde(rename = "type", default, deserialize_with = "wire::text")]
    pub kind: Option<String>,
    /// `Active`, `Removed` or `Executed`.
    #[serde(default, deserialize_with = "wire::text")]
    pub status: Option<String>,
    /// How much is held.
    #[serde(default, deserialize_with = "wire::amount")]
    pub amount: Option<Amount>,
    /// How much of it was taken.
    #[serde(default, deserialize_with = "wire::amount")]
    pub amount_collected: Option<Amount>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// A page of transactions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TransactionPage {
    /// How the call went.
    #[serde(default)]
    pub result: Option<Outcome>,
    /// The server's id of the request, for its support.
    #[serde(default, deserialize_with = "wire::text")]
    pub request_id: Option<String>,
    /// The transactions.
    #[serde(default, deserialize_with = "wire::list")]
    pub transactions: Vec<Transaction>,
    /// Which page this is, from 1.
    #[serde(default, deserialize_with = "wire::integer")]
    pub page: Option<i64>,
    /// The most entries of a page.
    #[serde(default, deserialize_with = "wire::integer")]
    pub limit: Option<i64>,
    /// How many entries there are on all pages.
    #[serde(default, deserialize_with = "wire::integer")]
    pub total: Option<i64>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// Who pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Payer {
    email: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
}

impl Payer {
    /// With an e-mail address and a name of 3 to 255 characters.
    pub fn new(email: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            email: email.into(),
            name: name.into(),
            phone: None,
            address: None,
            code: None,
            city: None,
            country: None,
            tax_id: None,
            ip: None,
            user_agent: None,
        }
    }

    setters! {
        /// The phone number.
        phone: impl Into<String>,
        /// Street and house.
        address: impl Into<String>,
        /// The postal code (`postal_code` in answers).
        code: impl Into<String>,
        /// The city.
        city: impl Into<String>,
        /// The country, two letters.
        country: impl Into<String>,
        /// The tax id.
        tax_id: impl Into<String>,
        /// The IP address, v4 or v6.
        ip: impl Into<String>,
    }

    /// The browser's name. The server refuses more than 255 bytes, so the rest is cut off.
    #[must_use]
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        let mut text = user_agent.into();
        let end = (0..=255).rev().find(|end| text.is_char_boundary(*end));
        if text.len() > 255 {
            text.truncate(end.unwrap_or(0));
        }
        self.user_agent = Some(text);
        self
    }

    pub(crate) fn check(&self) -> Result<(), InputError> {
        check::filled("payer.email", &self.email)?;
        check::length("payer.name", &self.name, 3, 255)?;
        check::some_length("payer.phone", self.phone.as_deref(), 3, usize::MAX)?;
        check::some_length("payer.address", self.address.as_deref(), 3, 255)?;
        check::some_length("payer.code", self.code.as_deref(), 3, 10)?;
        check::some_length("payer.city", self.city.as_deref(), 3, 64)?;
        check::some_length("payer.country", self.country.as_deref(), 2, 2)?;
        check::some_length("payer.tax_id", self.tax_id.as_deref(), 3, 255)?;
        check::some_length("payer.ip", self.ip.as_deref(), 2, 45)?;
        check::some_length("payer.user_agent", self.user_agent.as_deref(), 1, 255)
    }
}

/// Where the payer and the notifications go, instead of what the panel says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Callbacks {
    success_url: Option<String>,
    error_url: Option<String>,
    notification_url: Option<String>,
    notification_email: Option<String>,
}

impl Callbacks {
    /// Changes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Where the payer is sent after paying, 3072 characters at most.
        success_url: impl Into<String>,
        /// Where the payer is sent after failing.
        error_url: impl Into<String>,
        /// Where notifications are sent.
        notification_url: impl Into<String>,
        /// Who is told by e-mail.
        notification_email: impl Into<String>,
    }
}

impl Callbacks {
    fn check(&self) -> Result<(), InputError> {
        for (name, url) in [
            ("callbacks.success_url", &self.success_url),
            ("callbacks.error_url", &self.error_url),
            ("callbacks.notification_url", &self.notification_url),
        ] {
            check::some_length(name, url.as_deref(), 1, 3072)?;
        }
        Ok(())
    }
}

impl Serialize for Callbacks {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            payer_urls: Option<Urls<'a>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            notification: Option<Receiver<'a>>,
        }
        #[derive(Serialize)]
        struct Urls<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            success: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            error: Option<&'a str>,
        }
        #[derive(Serialize)]
        struct Receiver<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            url: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            email: Option<&'a str>,
        }
        let (success, error) = (self.success_url.as_deref(), self.error_url.as_deref());
        let (url, email) = (self.notification_url.as_deref(), self.notification_email.as_deref());
        Wire {
            payer_urls: success.or(error).map(|_| Urls { success, error }),
            notification: url.or(email).map(|_| Receiver { url, email }),
        }
        .serialize(serializer)
    }
}

/// The bank account that the money goes on to (Collect merchants only).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Collect {
    account: String,
    receiver: String,
}

impl Collect {
    /// To this account of this owner.
    pub fn new(account: impl Into<String>, receiver: impl Into<String>) -> Self {
        Self { account: account.into(), receiver: receiver.into() }
    }
}

impl Collect {
    fn check(&self) -> Result<(), InputError> {
        check::account("collect.account", &self.account)?;
        check::length("collect.receiver", &self.receiver, 3, 70)
    }
}

/// Who is paid, as payment providers must tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Payee {
    name: String,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mcc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<PayeeAddress>,
}

impl Payee {
    /// With a name and a website of 255 characters at most.
    pub fn new(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self { name: name.into(), url: url.into(), mcc: None, address: None }
    }

    setters! {
        /// The four digits of the merchant category; needs an address.
        mcc: impl Into<String>,
        /// The address.
        address: PayeeAddress,
    }
}

impl Payee {
    fn check(&self) -> Result<(), InputError> {
        check::length("payee.name", &self.name, 1, 255)?;
        check::length("payee.url", &self.url, 1, 255)?;
        match (&self.mcc, &self.address) {
            (Some(mcc), _) if mcc.len() != 4 || !mcc.bytes().all(|byte| byte.is_ascii_digit()) => {
                Err(InputError::new("payee.mcc", "must be four digits"))
            }
            (Some(_), None) => Err(InputError::new("payee.address", "is needed with an mcc")),
            _ => Ok(()),
        }
    }
}

/// The address of a payee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PayeeAddress {
    street: String,
    house_number: String,
    postal_code: String,
    city: String,
    country: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    flat_number: Option<String>,
}

impl PayeeAddress {
    /// With all that is required; the country has two letters.
    pub fn new(
        street: impl Into<String>,
        house_number: impl Into<String>,
        postal_code: impl Into<String>,
        city: impl Into<String>,
        country: impl Into<String>,
    ) -> Self {
        Self {
            street: street.into(),
            house_number: house_number.into(),
            postal_code: postal_code.into(),
            city: city.into(),
            country: country.into(),
            flat_number: None,
        }
    }

    setters! {
        /// The flat.
        flat_number: impl Into<String>,
    }
}

/// `POST /transactions`: makes a transaction, for a payer to pay.
///
/// There is no idempotency key: the same request makes a second transaction, so it is never repeated
/// after a lost answer. Look for the first one by its hidden description.
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
    /// Of this amount, with a description of 1 to 128 characters that the payer reads.
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

    setters! {
        /// The currency; złoty unless the account has others, too.
        currency: impl Into<Currency>,
        /// Your own text, up to 255 characters: notifications bring it as `tr_crc`.
        hidden_description: impl Into<String>,
        /// The language of the payment page.
        lang: impl Into<Language>,
        /// Pays at once, in the given way; without it the payer chooses at the payment page.
        pay: Pay,
        /// Where the payer and the notifications go.
        callbacks: Callbacks,
        /// The account that the money goes on to.
        collect: Collect,
        /// Who is paid.
        payee: Payee,
    }
}

impl Endpoint for CreateTransaction {
    type Output = Transaction;
    const ID: &'static str = "transactions.create";

    fn method(&self) -> Method {
        Method::POST
    }

    fn path(&self) -> Cow<'_, str> {
        "/transactions".into()
    }

    fn check(&self) -> Result<(), InputError> {
        check::amount("amount", self.amount)?;
        check::length("description", &self.description, 1, 128)?;
        check::currency(self.currency.as_ref())?;
        check::some_length("hidden_description", self.hidden_description.as_deref(), 0, 255)?;
        check::known("lang", self.lang.as_ref().map(Language::is_known))?;
        self.payer.check()?;
        if let Some(pay) = &self.pay {
            pay.check()?;
        }
        if let Some(callbacks) = &self.callbacks {
            callbacks.check()?;
        }
        if let Some(collect) = &self.collect {
            collect.check()?;
        }
        self.payee.as_ref().map_or(Ok(()), Payee::check)?;
        Ok(())
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<Transaction, Fault> {
        payment(response)
    }
}

/// `GET /transactions`: transactions, a page at a time.
///
/// Source: the provider's API reference, `GET /transactions`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListTransactions {
    page: Option<u32>,
    limit: Option<u32>,
    from: Option<String>,
    to: Option<String>,
    status: Option<TransactionStatus>,
}

impl ListTransactions {
    /// All of them.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// The page, from 1.
        page: u32,
        /// The entries of a page, 1 to 100. The server's default is 35.
        limit: u32,
        /// Only from this local time on, `YYYY-MM-DD HH:MM:SS`.
        from: impl Into<String>,
        /// Only up to this local time, `YYYY-MM-DD HH:MM:SS`.
        to: impl Into<String>,
        /// Only those that stand there.
        status: impl Into<TransactionStatus>,
    }
}

impl Endpoint for ListTransactions {
    type Output = TransactionPage;
    const ID: &'static str = "transactions.list";

    fn method(&self) -> Method {
        Method::GET
    }

    fn path(&self) -> Cow<'_, str> {
        "/transactions".into()
    }

    fn check(&self) -> Result<(), InputError> {
        check::limit(self.limit)?;
        check::known("status", self.status.as_ref().map(TransactionStatus::is_known))?;
        Ok(())
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params
            .push_some("page", self.page.map(|value| value.to_string()))
            .push_some("limit", self.limit.map(|value| value.to_string()))
            .push_some("from", self.from.as_deref())
            .push_some("to", self.to.as_deref())
            .push_some("status", self.status.as_ref().map(TransactionStatus::as_str));
    }

    fn parse(&self, response: &Response) -> Result<TransactionPage, Fault> {
        fault::answer(response)
    }
}

impl ListTransactions {
    /// With a page size written out, as large as allowed.
    pub(crate) fn full_pages(mut self) -> Self {
        self.limit.get_or_insert(100);
        self
    }
}

impl Paged for ListTransactions {
    type Item = Transaction;

    fn next(&self, page: &TransactionPage) -> Option<Self> {
        let next =
            paging::next(self.page, self.limit, page.transactions.len(), page.limit, page.total)?;
        Some(self.clone().page(next))
    }

    fn items(page: TransactionPage) -> Vec<Transaction> {
        page.transactions
    }

    fn item_id(item: &Transaction) -> Option<&str> {
        item.transaction_id.as_deref()
    }
}

/// `GET /transactions/{transactionId}`: one transaction, with the tries to pay it.
///
/// Source: the provider's API reference, `GET /transactions/{transactionId}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetTransaction {
    transaction_id: String,
}

impl GetTransaction {
    /// By its id (not its title).
    pub fn new(transaction_id: impl Into<String>) -> Self {
        Self { transaction_id: transaction_id.into() }
    }
}

impl Endpoint for GetTransaction {
    type Output = Transaction;
    const ID: &'static str = "transactions.get";

    fn method(&self) -> Method {
        Method::GET
    }

    fn path(&self) -> Cow<'_, str> {
        ["/transactions/", &path_segment(&self.transaction_id)].concat().into()
    }

    fn check(&self) -> Result<(), InputError> {
        check::id("transaction_id", &self.transaction_id)?;
        Ok(())
    }

    fn parse(&self, response: &Response) -> Result<Transaction, Fault> {
        fault::answer(response)
    }
}

/// `POST /transactions/{transactionId}/pay`: pays a pending transaction that was made without
/// payment data, or whose first try was refused.
///
/// Source: the provider's API reference, `POST /transactions/{transactionId}/pay`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayTransaction {
    transaction_id: String,
    pay: Pay,
}

impl PayTransaction {
    /// This transaction, in this way.
    pub fn new(transaction_id: impl Into<String>, pay: Pay) -> Self {
        Self { transaction_id: transaction_id.into(), pay }
    }
}

impl Endpoint for PayTransaction {
    type Output = Transaction;
    const ID: &'static str = "transactions.pay";

    fn method(&self) -> Method {
        Method::POST
    }

    fn path(&self) -> Cow<'_, str> {
        ["/transactions/", &path_segment(&self.transaction_id), "/pay"].concat().into()
    }

    fn check(&self) -> Result<(), InputError> {
        check::id("transaction_id", &self.transaction_id)?;
        self.pay.check()?;
        Ok(())
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(&self.pay)
    }

    fn parse(&self, response: &Response) -> Result<Transaction, Fault> {
        payment(response)
    }
}

/// `POST /transactions/{transactionId}/cancel`: cancels a pending transaction.
///
/// Source: the provider's API reference, `POST /transactions/{transactionId}/cancel`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelTransaction {
    transaction_id: String,
}

impl CancelTransaction {
    /// By its id.
    pub fn new(transaction_id: impl Into<String>) -> Self {
        Self { transaction_id: transaction_id.into() }
    }
}

impl Endpoint for CancelTransaction {
    type Output = Receipt;
    const ID: &'static str = "transactions.cancel";

    fn method(&self) -> Method {
        Method::POST
    }

    fn path(&self) -> Cow<'_, str> {
        ["/transactions/", &path_segment(&self.transaction_id), "/cancel"].concat().into()
    }

    fn check(&self) -> Result<(), InputError> {
        check::id("transaction_id", &self.transaction_id)?;
        Ok(())
    }

    fn parse(&self, response: &Response) -> Result<Receipt, Fault> {
        Receipt::read(response)
    }
}

/// `GET /transactions/{transactionId}/cancel`: cancels a pending transaction by a GET, as old programs did.
///
/// It is listed for completeness: use [`CancelTransaction`]. Since it changes something, it is never
/// sent twice.
///
/// Source: the provider's API reference, `GET /transactions/{transactionId}/cancel`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelTransactionLegacy {
    transaction_id: String,
}

impl CancelTransactionLegacy {
    /// By its id.
    pub fn new(transaction_id: impl Into<String>) -> Self {
        Self { transaction_id: transaction_id.into() }
    }
}

impl Endpoint for CancelTransactionLegacy {
    type Output = Receipt;
    const ID: &'static str = "transactions.cancel_legacy";

    fn method(&self) -> Method {
        Method::GET
    }

    fn path(&self) -> Cow<'_, str> {
        ["/transactions/", &path_segment(&self.transaction_id), "/cancel"].concat().into()
    }

    fn check(&self) -> Result<(), InputError> {
        check::id("transaction_id", &self.transaction_id)?;
        Ok(())
    }

    fn repeatable(&self) -> bool {
        false
    }

    fn parse(&self, response: &Response) -> Result<Receipt, Fault> {
        Receipt::read(response)
    }
}

wire_enum! {
    /// How large a QR image is.
    pub enum QrSize {
        /// Small.
        Small = "S",
        /// Medium, the default.
        Medium = "M",
        /// Large.
        Large = "L",
        /// Extra large.
        ExtraLarge = "XL",
    }
}

wire_enum! {
    /// The type of an image.
    pub enum ImageType {
        /// PNG, the default.
        Png = "image/png",
        /// JPEG.
        Jpeg = "image/jpeg",
        /// SVG.
        Svg = "image/svg+xml",
    }
}

wire_enum! {
    /// What the link of a QR image leads by.
    pub enum QrLink {
        /// The title of the transaction, the default.
        Title = "title",
        /// The global title.
        GlobalTitle = "gtitle",
    }
}

/// `POST /transactions/{transactionId}/qr`: a QR image of the link to the payment page.
///
/// Source: the provider's API reference, `POST /transactions/{transactionId}/qr`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GetTransactionQr {
    #[serde(skip)]
    transaction_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<QrSize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_type: Option<ImageType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo_type: Option<ImageType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link_type: Option<QrLink>,
}

impl GetTransactionQr {
    /// Of the transaction with this id; a PNG of medium size.
    pub fn new(transaction_id: impl Into<String>) -> Self {
        Self {
            transaction_id: transaction_id.into(),
            size: None,
            output_type: None,
            logo: None,
            logo_type: None,
            link_type: None,
        }
    }

    setters! {
        /// How large the image is.
        size: impl Into<QrSize>,
        /// The type of the image.
        output_type: impl Into<ImageType>,
        /// A picture for its middle, in base64.
        logo: impl Into<String>,
        /// The type of that picture.
        logo_type: impl Into<ImageType>,
        /// What the link leads by.
        link_type: impl Into<QrLink>,
    }
}

impl Endpoint for GetTransactionQr {
    type Output = File;
    const ID: &'static str = "transactions.qr";

    fn method(&self) -> Method {
        Method::POST
    }

    fn path(&self) -> Cow<'_, str> {
        ["/transactions/", &path_segment(&self.transaction_id), "/qr"].concat().into()
    }

    fn check(&self) -> Result<(), InputError> {
        check::id("transaction_id", &self.transaction_id)?;
        check::known("size", self.size.as_ref().map(QrSize::is_known))?;
        check::known("output_type", self.output_type.as_ref().map(ImageType::is_known))?;
        check::known("logo_type", self.logo_type.as_ref().map(ImageType::is_known))?;
        check::known("link_type", self.link_type.as_ref().map(QrLink::is_known))?;
        Ok(())
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn accept(&self) -> &'static str {
        "image/*"
    }

    fn repeatable(&self) -> bool {
        true // It only draws.
    }

    fn parse(&self, response: &Response) -> Result<File, Fault> {
        File::image(response)
    }
}
