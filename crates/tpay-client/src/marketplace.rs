//! Payments to several merchants of a marketplace. See the example on
//! [`CreateMarketplaceTransaction`].
//!
//! In requests and responses, the amounts of these endpoints are integers in hundredths of the
//! currency (grosze). This crate converts them: all amounts in its types are in the currency
//! itself, such as 12.34.
//!
//! ```no_run
//! use tpay_client::Client;
//! use tpay_client::marketplace::GetMarketplaceTransaction;
//!
//! let request = GetMarketplaceTransaction::new("01G5EDNEPPNWBJAX8AR5QAMGVA");
//! let payment = Client::from_env()?.get_marketplace_transaction(&request)?;
//! for part in payment.child_transactions {
//!     println!("{:?}: {} refunds", part.amount, part.refunds.len());
//! }
//! # Ok::<(), tpay_client::Error>(())
//! ```

use api_auth::{
    Acknowledgement, Amount, Body, Endpoint, ExtraFields, InputError, Params, Response,
    ResponseError, Result, Route, Secret, route, setters, wire, wire_enum,
};
use serde::{Deserialize, Serialize};

use crate::channels::BankGroups;
use crate::transactions::pay::CardPayment;
use crate::transactions::payments::Payments;
use crate::{
    BlikPayment, Client, Currency, Transaction, TransactionStatus, UnixTime, error, local_time,
    money::grosze, transactions, validate,
};

wire_enum! {
    /// The language of the payment page of a marketplace payment.
    ///
    /// See the example in the module [`marketplace`](crate::marketplace).
    ///
    /// Source: the provider's API reference, `POST /marketplace/v1/transaction`.
    pub enum MarketplaceLanguage {
        /// Polish (`PL`).
        Polish = "PL",
        /// English (`EN`).
        English = "EN",
    }
}

/// The payer of a new marketplace payment, with the billing address.
///
/// See the example in the module [`marketplace`](crate::marketplace).
///
/// Source: the provider's API reference, `POST /marketplace/v1/transaction`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BillingAddress {
    email: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    street: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    house_no: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flat_no: Option<String>,
}

impl BillingAddress {
    /// Creates a payer with an e-mail address and a name of 1 to 96 characters.
    pub fn new(email: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            email: email.into(),
            name: name.into(),
            phone: None,
            street: None,
            postal_code: None,
            city: None,
            country: None,
            house_no: None,
            flat_no: None,
        }
    }

    setters! {
        /// Sets the phone number, such as `+48600100200`.
        phone: impl Into<String>,
        /// Sets the street, such as `Święty Marcin`.
        street: impl Into<String>,
        /// Sets the postal code, such as `61-808`.
        postal_code: impl Into<String>,
        /// Sets the city, such as `Poznań`.
        city: impl Into<String>,
        /// Sets the country as two letters (ISO 3166-1), such as `PL`.
        country: impl Into<String>,
        /// Sets the house number, such as `12a`.
        house_no: impl Into<String>,
        /// Sets the number of the flat, such as `7`.
        flat_no: impl Into<String>,
    }
}

/// A product that is sold on a marketplace.
///
/// See the example in the module [`marketplace`](crate::marketplace).
///
/// Source: the provider's API reference, `POST /marketplace/v1/transaction`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    external_id: String,
    quantity: Amount,
    #[serde(serialize_with = "grosze::write")]
    unit_price: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl Product {
    /// Creates a product with an id that you choose, its quantity (which can be a fraction) and its
    /// unit price in the payment's currency, such as 12.34. The price is sent in grosze.
    pub fn new(external_id: impl Into<String>, quantity: Amount, unit_price: Amount) -> Self {
        Self { external_id: external_id.into(), quantity, unit_price, name: None }
    }

    setters! {
        /// Sets the name of the product, which must have at most 255 characters.
        name: impl Into<String>,
    }

    fn validate(&self) -> Result<(), InputError> {
        validate::amount("products.unit_price", self.unit_price)?;
        validate::positive("products.quantity", self.quantity)?;
        validate::not_empty("products.external_id", &self.external_id)?;
        validate::some_length("products.name", self.name.as_deref(), 0, 255)
    }
}

/// The part of a marketplace payment that one merchant receives.
///
/// See the example in the module [`marketplace`](crate::marketplace).
///
/// Source: the provider's API reference, `POST /marketplace/v1/transaction`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChildTransaction {
    #[serde(serialize_with = "grosze::write")]
    amount: Amount,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden_description: Option<String>,
    merchant: Id,
    products: Vec<Product>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Id {
    id: String,
}

impl ChildTransaction {
    /// Creates the part that the merchant `merchant_id` (a ULID) receives. `amount` is in the
    /// payment's currency, such as 12.34, and is sent in grosze. The description is shown to the
    /// payer.
    pub fn new(
        amount: Amount,
        description: impl Into<String>,
        merchant_id: impl Into<String>,
        products: impl Into<Vec<Product>>,
    ) -> Self {
        Self {
            amount,
            description: description.into(),
            hidden_description: None,
            merchant: Id { id: merchant_id.into() },
            products: products.into(),
        }
    }

    setters! {
        /// Sets your reference for this part of the payment, such as an order number.
        hidden_description: impl Into<String>,
    }

    fn validate(&self) -> Result<(), InputError> {
        validate::amount("child_transactions.amount", self.amount)?;
        validate::not_empty("child_transactions.description", &self.description)?;
        validate::not_empty("child_transactions.merchant_id", &self.merchant.id)?;
        self.products.iter().try_for_each(Product::validate)
    }
}

/// A callback of a marketplace payment: a URL to which the payer returns, or a recipient of
/// notifications.
///
/// See the example in the module [`marketplace`](crate::marketplace).
///
/// Source: the provider's API reference, `POST /marketplace/v1/transaction`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MarketplaceCallback {
    #[serde(rename = "type")]
    kind: u8,
    value: String,
}

impl MarketplaceCallback {
    /// Creates a callback with the URL to which the payer returns after a successful payment.
    pub fn success(url: impl Into<String>) -> Self {
        Self { kind: 1, value: url.into() }
    }

    /// Creates a callback with the URL to which the payer returns after a failed payment.
    pub fn error(url: impl Into<String>) -> Self {
        Self { kind: 2, value: url.into() }
    }

    /// Creates a callback with the URL to which notifications are sent.
    pub fn notification(url: impl Into<String>) -> Self {
        Self { kind: 3, value: url.into() }
    }

    /// Creates a callback that sends notifications to the e-mail address of a merchant.
    pub fn email(address: impl Into<String>) -> Self {
        Self { kind: 4, value: address.into() }
    }
}

/// `POST /marketplace/v1/transaction`: creates a payment to one or more merchants of a marketplace.
///
/// Amounts are sent in grosze. The request is never retried if its outcome is unknown.
///
/// ```
/// use tpay_client::marketplace::{
///     BillingAddress, ChildTransaction, CreateMarketplaceTransaction, MarketplaceCallback,
///     Product,
/// };
/// use tpay_client::{Amount, grosze};
///
/// let books = Product::new("book-7", Amount::from_minor_units(2, 0), grosze(1750)).name("A book");
/// let order = CreateMarketplaceTransaction::new(
///     "Order 7",
///     "01HQ7Y0SRB3V5ZP0QK8C1VJ9TA",
///     BillingAddress::new("jan.nowak@example.com", "Jan Nowak"),
///     [ChildTransaction::new(grosze(3500), "Books", "01HQ7Y2M6W1D3N8E5R4T7V9J0P", [books])],
///     [MarketplaceCallback::notification("https://shop.example.com/notify")],
/// )
/// .hidden_description("order-7");
/// ```
///
/// Source: the provider's API reference, `POST /marketplace/v1/transaction`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateMarketplaceTransaction {
    currency: Currency,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden_description: Option<String>,
    language_code: MarketplaceLanguage,
    #[serde(skip_serializing_if = "Option::is_none")]
    pre_selected_channel_id: Option<String>,
    pos: Id,
    billing_address: BillingAddress,
    child_transactions: Vec<ChildTransaction>,
    transaction_callbacks: Vec<MarketplaceCallback>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_emails: Option<Emails>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Emails {
    transaction_created: bool,
}

impl CreateMarketplaceTransaction {
    /// Creates a request for a payment in złoty, with a Polish payment page, at the point of sale
    /// with this id. The amount of the payment is the sum of the parts.
    pub fn new(
        description: impl Into<String>,
        pos_id: impl Into<String>,
        billing_address: BillingAddress,
        child_transactions: impl Into<Vec<ChildTransaction>>,
        callbacks: impl Into<Vec<MarketplaceCallback>>,
    ) -> Self {
        Self {
            currency: Currency::Pln,
            description: description.into(),
            hidden_description: None,
            language_code: MarketplaceLanguage::Polish,
            pre_selected_channel_id: None,
            pos: Id { id: pos_id.into() },
            billing_address,
            child_transactions: child_transactions.into(),
            transaction_callbacks: callbacks.into(),
            transaction_emails: None,
        }
    }

    /// Sets the language of the payment page. Defaults to Polish.
    #[must_use]
    pub fn language_code(mut self, language: MarketplaceLanguage) -> Self {
        self.language_code = language;
        self
    }

    /// Sets whether an e-mail is sent to the payer when the payment is created. The server's
    /// default is `true`.
    #[must_use]
    pub fn email_when_created(mut self, email: bool) -> Self {
        self.transaction_emails = Some(Emails { transaction_created: email });
        self
    }

    setters! {
        /// Sets your reference for the payment, such as an order number.
        hidden_description: impl Into<String>,
        /// Sets the id of the channel to which the payer is redirected, such as `64`.
        pre_selected_channel_id: impl Into<String>,
    }
}

impl Endpoint for CreateMarketplaceTransaction {
    type Output = CreatedMarketplaceTransaction;
    const ID: &'static str = "marketplace.create";
    const ROUTE: Route<Self> = route!(POST "/marketplace/v1/transaction");

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("description", &self.description)?;
        validate::not_empty("pos_id", &self.pos.id)?;
        validate::known("language_code", Some(&self.language_code), MarketplaceLanguage::KNOWN)?;
        validate::not_empty("billing_address.email", &self.billing_address.email)?;
        validate::length("billing_address.name", &self.billing_address.name, 1, 96)?;
        if self.child_transactions.is_empty() {
            return Err(InputError::new("child_transactions", "must not be empty"));
        }
        for callback in &self.transaction_callbacks {
            validate::not_empty("transaction_callbacks.value", &callback.value)?;
        }
        self.child_transactions.iter().try_for_each(ChildTransaction::validate)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<CreatedMarketplaceTransaction, ResponseError> {
        error::success(response, &["transactionId", "title", "paymentUrl"])
    }
}

/// The response to the creation of a marketplace payment.
///
/// See the example in the module [`marketplace`](crate::marketplace).
///
/// Source: the provider's API reference, `POST /marketplace/v1/transaction`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreatedMarketplaceTransaction {
    /// The id of the transaction, a ULID such as `01G5EDNEPPNWBJAX8AR5QAMGVA`.
    pub transaction_id: Option<String>,
    /// The title that the payer sees, in the format `TR-XXX-XXXXXXX`.
    pub title: Option<String>,
    /// The URL of the payment page, on which the payer can pay.
    pub payment_url: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// A marketplace payment, with its parts and their refunds.
///
/// See the example in the module [`marketplace`](crate::marketplace).
///
/// Source: the provider's API reference, `GET /marketplace/v1/transaction/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MarketplaceTransaction {
    /// The id of the transaction, a ULID such as `01G5EDNEPPNWBJAX8AR5QAMGVA`.
    pub id: Option<String>,
    /// The id of the transaction, in responses that name it `transactionId`.
    pub transaction_id: Option<String>,
    /// The title that the payer sees, in the format `TR-XXX-XXXXXXX`.
    pub title: Option<String>,
    /// The status of the payment, such as `correct`.
    #[serde(default)]
    pub status: Option<TransactionStatus>,
    /// The currency of all amounts in the payment, such as `PLN`.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// The description that the payer sees, such as `Order 7`.
    pub description: Option<String>,
    /// The reference that you set, such as an order number.
    pub hidden_description: Option<String>,
    /// The language of the payment page, such as `PL`.
    #[serde(default)]
    pub language_code: Option<MarketplaceLanguage>,
    /// The time of creation in Polish local time, such as `2023-01-01 12:00:00.000000`.
    pub creation_date: Option<String>,
    /// The id of the channel that was selected when the payment was created, such as `64`.
    pub pre_selected_channel_id: Option<String>,
    /// The point of sale at which the payment was created.
    pub pos: Option<MarketplacePos>,
    /// The payer's data, such as the name and the e-mail address.
    pub billing_address: Option<BillingAddressDetails>,
    /// The parts of the payment that the merchants receive.
    #[serde(default)]
    pub child_transactions: Vec<MarketplaceChild>,
    /// The URLs and e-mail addresses that were set when the payment was created.
    #[serde(default)]
    pub transaction_callbacks: Vec<MarketplaceCallbackDetails>,
    /// The settings for e-mails to the payer.
    pub transaction_emails: Option<MarketplaceEmails>,
    /// The result of the payment: its status, errors and attempts.
    pub payments: Option<Payments>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl MarketplaceTransaction {
    /// Returns [`creation_date`](Self::creation_date), the time of creation, as Unix time. Returns
    /// `None` if the field is absent or is not a valid time; see
    /// [`LocalTime::unix_time`](crate::common::LocalTime::unix_time).
    pub fn creation_time(&self) -> Option<UnixTime> {
        local_time::unix_time(self.creation_date.as_deref())
    }
}

/// The point of sale of a marketplace payment.
///
/// See the example in the module [`marketplace`](crate::marketplace).
///
/// Source: the provider's API reference, `GET /marketplace/v1/transaction/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MarketplacePos {
    /// The id of the point of sale, a ULID such as `01HQ7Y0SRB3V5ZP0QK8C1VJ9TA`.
    pub id: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// The payer of a marketplace payment, as returned by the server.
///
/// See the example in the module [`marketplace`](crate::marketplace).
///
/// Source: the provider's API reference, `GET /marketplace/v1/transaction/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BillingAddressDetails {
    /// The payer's e-mail address, such as `jan.nowak@example.com`.
    pub email: Option<String>,
    /// The payer's first name and surname, such as `Jan Nowak`.
    pub name: Option<String>,
    /// The payer's phone number, such as `+48600100200`.
    pub phone: Option<String>,
    /// The payer's street, such as `Święty Marcin`.
    pub street: Option<String>,
    /// The payer's postal code, such as `61-707`.
    pub postal_code: Option<String>,
    /// The payer's city, such as `Poznań`.
    pub city: Option<String>,
    /// The payer's country as two letters (ISO 3166-1), such as `PL`.
    pub country: Option<String>,
    /// The payer's house number, such as `12a`.
    pub house_no: Option<String>,
    /// The number of the payer's flat, such as `7`.
    pub flat_no: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// A callback of a marketplace payment: a URL to which the payer returns, or a recipient of
/// notifications.
///
/// See the example in the module [`marketplace`](crate::marketplace).
///
/// Source: the provider's API reference, `GET /marketplace/v1/transaction/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MarketplaceCallbackDetails {
    /// The type of the callback: 1 or 2 for the URL to which the payer returns after a successful
    /// (1) or failed (2) payment, and 3 or 4 for the URL (3) or e-mail address (4) to which
    /// notifications are sent.
    #[serde(rename = "type")]
    pub kind: Option<i64>,
    /// The URL or the e-mail address of the callback.
    pub value: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// The settings for e-mails to the payer of a marketplace payment.
///
/// See the example in the module [`marketplace`](crate::marketplace).
///
/// Source: the provider's API reference, `GET /marketplace/v1/transaction/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MarketplaceEmails {
    /// Whether an e-mail is sent to the payer when the payment is created.
    pub transaction_created: Option<bool>,
    /// Whether an e-mail is sent to the payer when the payment succeeds. The server ignores this
    /// setting and always sends the e-mail.
    pub transaction_paid: Option<bool>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// The part of a marketplace payment that one merchant receives.
///
/// See the example in the module [`marketplace`](crate::marketplace).
///
/// Source: the provider's API reference, `GET /marketplace/v1/transaction/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MarketplaceChild {
    /// The id of the part, a ULID such as `01JABM26M0EX41CKJ4A6MCNZ51`.
    pub id: Option<String>,
    /// The amount of this part in the payment's currency, such as 12.34. The server sends it in
    /// grosze (1234).
    #[serde(default, deserialize_with = "grosze::read", serialize_with = "grosze::write_some")]
    pub amount: Option<Amount>,
    /// The description that the payer sees, such as `Order 7`.
    pub description: Option<String>,
    /// The reference that you set, such as an order number.
    pub hidden_description: Option<String>,
    /// The merchant that receives this part.
    pub merchant: Option<MarketplaceMerchant>,
    /// The refunds of this part.
    #[serde(default)]
    pub refunds: Vec<MarketplaceChildRefund>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// The merchant that receives a part of a marketplace payment.
///
/// See the example in the module [`marketplace`](crate::marketplace).
///
/// Source: the provider's API reference, `GET /marketplace/v1/transaction/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MarketplaceMerchant {
    /// The id of the merchant, a ULID such as `01JABM2A0Q5C7V9X1Z3B4N6M81`.
    pub id: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// A refund of the part of a marketplace payment that one merchant received.
///
/// See the example in the module [`marketplace`](crate::marketplace).
///
/// Source: the provider's API reference, `GET /marketplace/v1/transaction/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MarketplaceChildRefund {
    /// The title of the refund.
    pub title: Option<String>,
    /// The refunded amount in the payment's currency, such as 12.34. The server sends it in grosze
    /// (1234).
    #[serde(default, deserialize_with = "grosze::read", serialize_with = "grosze::write_some")]
    pub amount: Option<Amount>,
    /// The time of the refund in Polish local time, such as `2023-01-01 13:00:00`.
    pub date: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl MarketplaceChildRefund {
    /// Returns [`date`](Self::date), the time of the refund, as Unix time. Returns `None` if the
    /// field is absent or is not a valid time; see
    /// [`LocalTime::unix_time`](crate::common::LocalTime::unix_time).
    pub fn time(&self) -> Option<UnixTime> {
        local_time::unix_time(self.date.as_deref())
    }
}

/// `GET /marketplace/v1/transaction/{id}`: returns a marketplace payment.
///
/// See the example in the module [`marketplace`](crate::marketplace).
///
/// Source: the provider's API reference, `GET /marketplace/v1/transaction/{id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetMarketplaceTransaction {
    id: String,
    with_payment_attempts: Option<bool>,
}

impl GetMarketplaceTransaction {
    /// Creates a request for the payment with this id.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), with_payment_attempts: None }
    }

    setters! {
        /// Sets whether the response includes the payment attempts.
        with_payment_attempts: bool,
    }
}

impl Endpoint for GetMarketplaceTransaction {
    type Output = MarketplaceTransaction;
    const ID: &'static str = "marketplace.get";
    const ROUTE: Route<Self> = route!(GET "/marketplace/v1/transaction/{id}", id);

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.push_some(
            "withPaymentAttempts",
            self.with_payment_attempts.map(|value| value.to_string()),
        );
    }

    fn parse(&self, response: &Response) -> Result<MarketplaceTransaction, ResponseError> {
        error::success(response, &["transactionId", "title", "status"])
    }
}

/// `POST /marketplace/v1/transaction/{id}/pay`: pays for a marketplace transaction.
///
/// See the example in the module [`marketplace`](crate::marketplace).
///
/// Source: the provider's API reference, `POST /marketplace/v1/transaction/{id}/pay`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PayMarketplaceTransaction {
    #[serde(skip)]
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    blik_payment_data: Option<BlikPayment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_payment_data: Option<CardPayment>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "wire::exposed_some")]
    apple_pay_payment_data: Option<Secret>,
}

impl PayMarketplaceTransaction {
    /// Creates a request to pay for the transaction with this id. Set a payment method before you
    /// send the request.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            blik_payment_data: None,
            card_payment_data: None,
            apple_pay_payment_data: None,
        }
    }

    setters! {
        /// Sets the BLIK code or the alias to pay with.
        blik_payment_data: BlikPayment,
        /// Sets the card to pay with: an encrypted card, or the token of a saved card.
        card_payment_data: CardPayment,
        /// Sets the Apple Pay payment data: the JSON from the wallet, which you must encode in
        /// base64.
        apple_pay_payment_data: impl Into<Secret>,
    }
}

impl Endpoint for PayMarketplaceTransaction {
    type Output = Transaction;
    const ID: &'static str = "marketplace.pay";
    const ROUTE: Route<Self> = route!(POST "/marketplace/v1/transaction/{id}/pay", id);

    fn validate(&self) -> Result<(), InputError> {
        if *self == Self::new(self.id.as_str()) {
            return Err(InputError::new("pay", "must contain a payment method"));
        }
        validate::some_secret("apple_pay_payment_data", self.apple_pay_payment_data.as_ref())?;
        self.blik_payment_data.as_ref().map_or(Ok(()), BlikPayment::validate)?;
        self.card_payment_data.as_ref().map_or(Ok(()), CardPayment::validate)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<Transaction, ResponseError> {
        transactions::payment(response)
    }
}

/// A full or partial refund of the part of a marketplace payment that one merchant received.
///
/// See the example in the module [`marketplace`](crate::marketplace).
///
/// Source: the provider's API reference, `POST /marketplace/v1/transaction/{id}/refund`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChildRefund {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_id: Option<String>,
    #[serde(serialize_with = "grosze::write")]
    amount: Amount,
    products: Vec<Product>,
}

impl ChildRefund {
    /// Creates a refund of `amount`, such as 12.34 in the payment's currency, for the part of the
    /// payment that has this id.
    pub fn by_id(id: impl Into<String>, amount: Amount) -> Self {
        Self { id: Some(id.into()), merchant_id: None, amount, products: Vec::new() }
    }

    /// Creates a refund of `amount`, such as 12.34 in the payment's currency, for the part of the
    /// payment that the merchant with this id received.
    pub fn by_merchant(merchant_id: impl Into<String>, amount: Amount) -> Self {
        Self { id: None, merchant_id: Some(merchant_id.into()), amount, products: Vec::new() }
    }

    /// Sets the products that are refunded. By default, the refund names no products.
    #[must_use]
    pub fn products(mut self, products: impl Into<Vec<Product>>) -> Self {
        self.products = products.into();
        self
    }
}

/// `POST /marketplace/v1/transaction/{id}/refund`: refunds a marketplace payment in full or in
/// part.
///
/// The request is never retried if its outcome is unknown. To find out whether it was carried out,
/// read the payment with [`Client::get_marketplace_transaction`] before the first request and again
/// after the failure, and compare the [refunds](MarketplaceChild::refunds) of its parts. If there
/// is no new entry, the server may still be processing the request: wait a minute and look again.
/// Repeat it only if there is still none. A new entry can also come from another program's refund,
/// so compare the amounts, too.
///
/// ```
/// use tpay_client::marketplace::{ChildRefund, RefundMarketplaceTransaction};
/// use tpay_client::grosze;
///
/// let all = RefundMarketplaceTransaction::full("01JABM26M0EX41CKJ4A6MCNZ59");
/// let part = ChildRefund::by_id("01JABM2A0Q5C7V9X1Z3B4N6M8K", grosze(1750));
/// let part = RefundMarketplaceTransaction::partial("01JABM26M0EX41CKJ4A6MCNZ59", [part]);
/// ```
///
/// Source: the provider's API reference, `POST /marketplace/v1/transaction/{id}/refund`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundMarketplaceTransaction {
    #[serde(skip)]
    id: String,
    child_transactions: Vec<ChildRefund>,
}

impl RefundMarketplaceTransaction {
    /// Creates a request for a full refund of the payment with this id.
    pub fn full(id: impl Into<String>) -> Self {
        Self::partial(id, [])
    }

    /// Creates a request to refund these parts of the payment with this id.
    pub fn partial(id: impl Into<String>, parts: impl Into<Vec<ChildRefund>>) -> Self {
        Self { id: id.into(), child_transactions: parts.into() }
    }
}

impl Endpoint for RefundMarketplaceTransaction {
    type Output = MarketplaceRefund;
    const ID: &'static str = "marketplace.refund";
    const ROUTE: Route<Self> = route!(POST "/marketplace/v1/transaction/{id}/refund", id);

    fn validate(&self) -> Result<(), InputError> {
        for part in &self.child_transactions {
            for (name, id) in [
                ("child_transactions.id", &part.id),
                ("child_transactions.merchant_id", &part.merchant_id),
            ] {
                validate::some_length(name, id.as_deref(), 1, usize::MAX)?;
            }
            validate::amount("child_transactions.amount", part.amount)?;
            part.products.iter().try_for_each(Product::validate)?;
        }
        Ok(())
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<MarketplaceRefund, ResponseError> {
        error::success(response, &["transactionId", "amount"])
    }
}

/// The response to the refund of a marketplace payment.
///
/// See the example in the module [`marketplace`](crate::marketplace).
///
/// Source: the provider's API reference, `POST /marketplace/v1/transaction/{id}/refund`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MarketplaceRefund {
    /// The id of the transaction, a ULID such as `01G5EDNEPPNWBJAX8AR5QAMGVA`.
    pub transaction_id: Option<String>,
    /// The refunded amount in the payment's currency, such as 12.34. The server sends it in grosze
    /// (1234).
    #[serde(default, deserialize_with = "grosze::read", serialize_with = "grosze::write_some")]
    pub amount: Option<Amount>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// `POST /marketplace/v1/transaction/{id}/cancel`: cancels a marketplace payment.
///
/// See the example in the module [`marketplace`](crate::marketplace).
///
/// Source: the provider's API reference, `POST /marketplace/v1/transaction/{id}/cancel`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelMarketplaceTransaction {
    id: String,
}

impl CancelMarketplaceTransaction {
    /// Creates a request to cancel the payment with this id.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into() }
    }
}

impl Endpoint for CancelMarketplaceTransaction {
    type Output = Acknowledgement;
    const ID: &'static str = "marketplace.cancel";
    const ROUTE: Route<Self> = route!(POST "/marketplace/v1/transaction/{id}/cancel", id);

    fn parse(&self, response: &Response) -> Result<Acknowledgement, ResponseError> {
        error::acknowledgement(response)
    }
}

/// `GET /marketplace/v1/bank-groups`: lists the groups of channels that are available to the given
/// merchants.
///
/// See the example in the module [`marketplace`](crate::marketplace).
///
/// Source: the provider's API reference, `GET /marketplace/v1/bank-groups`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListMarketplaceBankGroups {
    merchant_ids: Vec<String>,
}

impl ListMarketplaceBankGroups {
    /// Creates a request for the groups of channels of the merchants with these ids.
    pub fn new(merchant_ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { merchant_ids: merchant_ids.into_iter().map(Into::into).collect() }
    }
}

impl Endpoint for ListMarketplaceBankGroups {
    type Output = BankGroups;
    const ID: &'static str = "marketplace.bank_groups";
    const ROUTE: Route<Self> = route!(GET "/marketplace/v1/bank-groups");

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        for id in &self.merchant_ids {
            params.push("merchantId[]", id);
        }
    }

    fn parse(&self, response: &Response) -> Result<BankGroups, ResponseError> {
        error::success(response, &["groups"])
    }
}

/// # Marketplace
///
/// See the module [`marketplace`](crate::marketplace), which contains an example.
impl Client {
    /// Creates a payment to one or more merchants of a marketplace. The request is never retried if
    /// its outcome is unknown.
    ///
    /// See the example in the module [`marketplace`](crate::marketplace).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_marketplace_transaction(
        &self,
        request: &CreateMarketplaceTransaction,
    ) -> Result<CreatedMarketplaceTransaction> {
        self.send(request)
    }

    /// Returns a marketplace payment, with its parts and their refunds.
    ///
    /// See the example in the module [`marketplace`](crate::marketplace).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_marketplace_transaction(
        &self,
        request: &GetMarketplaceTransaction,
    ) -> Result<MarketplaceTransaction> {
        self.send(request)
    }

    /// Pays for a marketplace transaction. If the payment is declined, an error is returned, as
    /// with [`pay_transaction`](Client::pay_transaction).
    ///
    /// See the example in the module [`marketplace`](crate::marketplace).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn pay_marketplace_transaction(
        &self,
        request: &PayMarketplaceTransaction,
    ) -> Result<Transaction> {
        self.send(request)
    }

    /// Refunds a marketplace payment, in full or in part. The request is never retried if its
    /// outcome is unknown; [`RefundMarketplaceTransaction`] describes how to find out whether it
    /// was carried out.
    ///
    /// See the example in the module [`marketplace`](crate::marketplace).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn refund_marketplace_transaction(
        &self,
        request: &RefundMarketplaceTransaction,
    ) -> Result<MarketplaceRefund> {
        self.send(request)
    }

    /// Cancels the marketplace payment with this id.
    ///
    /// See the example in the module [`marketplace`](crate::marketplace).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn cancel_marketplace_transaction(&self, id: impl Into<String>) -> Result<Acknowledgement> {
        self.send(&CancelMarketplaceTransaction::new(id))
    }

    /// Returns the groups of channels that are available to the given merchants of a marketplace.
    ///
    /// See the example in the module [`marketplace`](crate::marketplace).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_marketplace_bank_groups(
        &self,
        request: &ListMarketplaceBankGroups,
    ) -> Result<BankGroups> {
        self.send(request)
    }
}
