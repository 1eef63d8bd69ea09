//! Payments to several merchants of a marketplace. On this wire all money is whole grosze.

use api_auth::{
    Acknowledgement, Amount, Body, Endpoint, ExtraFields, InputError, Params, Response,
    ResponseError, Result, Route, Secret, route, setters, wire, wire_enum,
};
use serde::{Deserialize, Serialize};

use crate::{
    BankGroups, BlikPayment, CardPayment, Client, Currency, Payments, Transaction,
    TransactionStatus, error, money::grosze, transactions, validate,
};

wire_enum! {
    /// The language of a marketplace payment.
    ///
    /// Source: the provider's API reference, `POST /marketplace/v1/transaction`.
    pub enum MarketplaceLanguage {
        /// Polish.
        Polish = "PL",
        /// English.
        English = "EN",
    }
}

/// Who pays at a marketplace.
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
    /// With an e-mail address and a name of up to 96 characters.
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
        /// The phone number.
        phone: impl Into<String>,
        /// The street.
        street: impl Into<String>,
        /// The postal code.
        postal_code: impl Into<String>,
        /// The city.
        city: impl Into<String>,
        /// The country, two letters.
        country: impl Into<String>,
        /// The house.
        house_no: impl Into<String>,
        /// The flat.
        flat_no: impl Into<String>,
    }
}

/// Something that is sold at a marketplace.
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
    /// With your id, how many (fractions are possible) and the price of one in units of the
    /// currency (it travels in hundredths).
    pub fn new(external_id: impl Into<String>, quantity: Amount, unit_price: Amount) -> Self {
        Self { external_id: external_id.into(), quantity, unit_price, name: None }
    }

    setters! {
        /// Its name, 255 characters at most.
        name: impl Into<String>,
    }
}

/// What one merchant of a marketplace sells in a payment.
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
    /// For this amount, in units of the currency (it travels in hundredths), with a description
    /// that the payer reads, by the merchant with this id.
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
        /// Your own text.
        hidden_description: impl Into<String>,
    }

    fn validate(&self) -> Result<(), InputError> {
        validate::amount("child_transactions.amount", self.amount)?;
        validate::not_empty("child_transactions.description", &self.description)?;
        validate::not_empty("child_transactions.merchant_id", &self.merchant.id)?;
        for product in &self.products {
            validate::amount("products.unit_price", product.unit_price)?;
            validate::positive("products.quantity", product.quantity)?;
            validate::not_empty("products.external_id", &product.external_id)?;
            validate::some_length("products.name", product.name.as_deref(), 0, 255)?;
        }
        Ok(())
    }
}

/// Who is told of a marketplace payment, and how.
///
/// Source: the provider's API reference, `POST /marketplace/v1/transaction`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MarketplaceCallback {
    #[serde(rename = "type")]
    kind: u8,
    value: String,
}

impl MarketplaceCallback {
    /// Where the payer is sent after paying.
    pub fn success(url: impl Into<String>) -> Self {
        Self { kind: 1, value: url.into() }
    }

    /// Where the payer is sent after failing.
    pub fn error(url: impl Into<String>) -> Self {
        Self { kind: 2, value: url.into() }
    }

    /// Where the notification is sent.
    pub fn notification(url: impl Into<String>) -> Self {
        Self { kind: 3, value: url.into() }
    }

    /// Which merchant is written to.
    pub fn email(address: impl Into<String>) -> Self {
        Self { kind: 4, value: address.into() }
    }
}

/// `POST /marketplace/v1/transaction`: makes a payment to one or more merchants of a marketplace.
///
/// Amounts travel as whole grosze. Never repeated after a lost answer.
///
/// ```
/// use tpay_client::{
///     Amount, BillingAddress, ChildTransaction, CreateMarketplaceTransaction, MarketplaceCallback,
///     Product, grosze,
/// };
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
    /// In złoty and Polish, at the point of sale with this id; the sum of the children is what is
    /// to be paid.
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

    /// In this language.
    #[must_use]
    pub fn language_code(mut self, language: MarketplaceLanguage) -> Self {
        self.language_code = language;
        self
    }

    /// Whether the payer is written to when the payment is made. The server's default is yes.
    #[must_use]
    pub fn email_when_created(mut self, email: bool) -> Self {
        self.transaction_emails = Some(Emails { transaction_created: email });
        self
    }

    setters! {
        /// Your own text.
        hidden_description: impl Into<String>,
        /// The channel that the payer goes to.
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
        validate::known("language_code", Some(self.language_code.is_known()))?;
        validate::not_empty("billing_address.email", &self.billing_address.email)?;
        validate::length("billing_address.name", &self.billing_address.name, 1, 96)?;
        if self.child_transactions.is_empty() {
            return Err(InputError::new("child_transactions", "must not be empty"));
        }
        self.child_transactions.iter().try_for_each(ChildTransaction::validate)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<CreatedMarketplaceTransaction, ResponseError> {
        error::answer(response, &["transactionId", "title", "paymentUrl"])
    }
}

/// A new payment of a marketplace.
///
/// Source: the provider's API reference, `POST /marketplace/v1/transaction`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreatedMarketplaceTransaction {
    /// Its id.
    #[serde(default, deserialize_with = "wire::text")]
    pub transaction_id: Option<String>,
    /// The title that the payer sees.
    #[serde(default, deserialize_with = "wire::text")]
    pub title: Option<String>,
    /// Where the payer pays.
    #[serde(default, deserialize_with = "wire::text")]
    pub payment_url: Option<String>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// A payment of a marketplace.
///
/// Source: the provider's API reference, `GET /marketplace/v1/transaction/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MarketplaceTransaction {
    /// Its id.
    #[serde(default, deserialize_with = "wire::text")]
    pub id: Option<String>,
    /// Its id, where the server calls it so.
    #[serde(default, deserialize_with = "wire::text")]
    pub transaction_id: Option<String>,
    /// The title that the payer sees.
    #[serde(default, deserialize_with = "wire::text")]
    pub title: Option<String>,
    /// Where it stands.
    #[serde(default)]
    pub status: Option<TransactionStatus>,
    /// The currency.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// What the payer reads.
    #[serde(default, deserialize_with = "wire::text")]
    pub description: Option<String>,
    /// Your own text.
    #[serde(default, deserialize_with = "wire::text")]
    pub hidden_description: Option<String>,
    /// The language.
    #[serde(default)]
    pub language_code: Option<MarketplaceLanguage>,
    /// When it was made, in local time.
    #[serde(default, deserialize_with = "wire::text")]
    pub creation_date: Option<String>,
    /// The id of the channel that was chosen when the payment was created.
    #[serde(default, deserialize_with = "wire::text")]
    pub pre_selected_channel_id: Option<String>,
    /// The point of sale.
    #[serde(default, deserialize_with = "wire::object")]
    pub pos: Option<MarketplacePos>,
    /// The payer.
    #[serde(default, deserialize_with = "wire::object")]
    pub billing_address: Option<BillingAddressDetails>,
    /// What each merchant sells.
    #[serde(default, deserialize_with = "wire::list")]
    pub child_transactions: Vec<MarketplaceChild>,
    /// The URLs and addresses that were given when the payment was created.
    #[serde(default, deserialize_with = "wire::list")]
    pub transaction_callbacks: Vec<MarketplaceCallbackDetails>,
    /// The e-mails to the payer.
    #[serde(default, deserialize_with = "wire::object")]
    pub transaction_emails: Option<MarketplaceEmails>,
    /// What became of paying it.
    #[serde(default, deserialize_with = "wire::object")]
    pub payments: Option<Payments>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// The point of sale of a marketplace payment.
///
/// Source: the provider's API reference, `GET /marketplace/v1/transaction/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MarketplacePos {
    /// The id.
    #[serde(default, deserialize_with = "wire::text")]
    pub id: Option<String>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// The payer of a marketplace payment.
///
/// Source: the provider's API reference, `GET /marketplace/v1/transaction/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BillingAddressDetails {
    /// The e-mail address.
    #[serde(default, deserialize_with = "wire::text")]
    pub email: Option<String>,
    /// The name.
    #[serde(default, deserialize_with = "wire::text")]
    pub name: Option<String>,
    /// The phone number.
    #[serde(default, deserialize_with = "wire::text")]
    pub phone: Option<String>,
    /// The street.
    #[serde(default, deserialize_with = "wire::text")]
    pub street: Option<String>,
    /// The postal code.
    #[serde(default, deserialize_with = "wire::text")]
    pub postal_code: Option<String>,
    /// The city.
    #[serde(default, deserialize_with = "wire::text")]
    pub city: Option<String>,
    /// The country.
    #[serde(default, deserialize_with = "wire::text")]
    pub country: Option<String>,
    /// The number of the house.
    #[serde(default, deserialize_with = "wire::text")]
    pub house_no: Option<String>,
    /// The number of the flat.
    #[serde(default, deserialize_with = "wire::text")]
    pub flat_no: Option<String>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// A URL or e-mail address of a marketplace payment.
///
/// Source: the provider's API reference, `GET /marketplace/v1/transaction/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MarketplaceCallbackDetails {
    /// The type: 1 the URL after success, 2 the URL after failure, 3 the URL for notifications, 4 the
    /// e-mail address for notifications.
    #[serde(rename = "type", default, deserialize_with = "wire::integer")]
    pub kind: Option<i64>,
    /// The URL or e-mail address.
    #[serde(default, deserialize_with = "wire::text")]
    pub value: Option<String>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// The e-mails to the payer of a marketplace payment.
///
/// Source: the provider's API reference, `GET /marketplace/v1/transaction/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MarketplaceEmails {
    /// Whether an e-mail is sent when the payment is created.
    #[serde(default, deserialize_with = "wire::boolean")]
    pub transaction_created: Option<bool>,
    /// Whether an e-mail is sent when the payment is made. The server ignores it: one is always sent.
    #[serde(default, deserialize_with = "wire::boolean")]
    pub transaction_paid: Option<bool>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// What one merchant sells in a payment.
///
/// Source: the provider's API reference, `GET /marketplace/v1/transaction/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MarketplaceChild {
    /// Its id.
    #[serde(default, deserialize_with = "wire::text")]
    pub id: Option<String>,
    /// For how much, in units of the payment's currency.
    #[serde(default, deserialize_with = "grosze::read", serialize_with = "grosze::write_some")]
    pub amount: Option<Amount>,
    /// What the payer reads.
    #[serde(default, deserialize_with = "wire::text")]
    pub description: Option<String>,
    /// Your own text.
    #[serde(default, deserialize_with = "wire::text")]
    pub hidden_description: Option<String>,
    /// The merchant.
    #[serde(default, deserialize_with = "wire::object")]
    pub merchant: Option<MarketplaceMerchant>,
    /// What was paid back.
    #[serde(default, deserialize_with = "wire::list")]
    pub refunds: Vec<MarketplaceChildRefund>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// A merchant of a marketplace.
///
/// Source: the provider's API reference, `GET /marketplace/v1/transaction/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MarketplaceMerchant {
    /// The id.
    #[serde(default, deserialize_with = "wire::text")]
    pub id: Option<String>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// What was paid back of a merchant's part.
///
/// Source: the provider's API reference, `GET /marketplace/v1/transaction/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MarketplaceChildRefund {
    /// The title.
    #[serde(default, deserialize_with = "wire::text")]
    pub title: Option<String>,
    /// How much, in units of the payment's currency.
    #[serde(default, deserialize_with = "grosze::read", serialize_with = "grosze::write_some")]
    pub amount: Option<Amount>,
    /// When, in local time.
    #[serde(default, deserialize_with = "wire::text")]
    pub date: Option<String>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// `GET /marketplace/v1/transaction/{id}`: a payment of a marketplace.
///
/// Source: the provider's API reference, `GET /marketplace/v1/transaction/{id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetMarketplaceTransaction {
    id: String,
    with_payment_attempts: Option<bool>,
}

impl GetMarketplaceTransaction {
    /// By its id.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), with_payment_attempts: None }
    }

    setters! {
        /// Whether the tries to pay are told, too.
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
        error::answer(response, &["transactionId", "title", "status"])
    }
}

/// `POST /marketplace/v1/transaction/{id}/pay`: pays a payment of a marketplace.
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
    /// The one with this id, in no way yet.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            blik_payment_data: None,
            card_payment_data: None,
            apple_pay_payment_data: None,
        }
    }

    setters! {
        /// A BLIK code or alias.
        blik_payment_data: BlikPayment,
        /// A card, or the token of a saved one.
        card_payment_data: CardPayment,
        /// What Apple Pay gave, in base64.
        apple_pay_payment_data: impl Into<Secret>,
    }
}

impl Endpoint for PayMarketplaceTransaction {
    type Output = Transaction;
    const ID: &'static str = "marketplace.pay";
    const ROUTE: Route<Self> = route!(POST "/marketplace/v1/transaction/{id}/pay", id);

    fn validate(&self) -> Result<(), InputError> {
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

/// How much of a merchant's part is paid back.
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
    /// This much, in units of the payment's currency, of the part with this id.
    pub fn of_child(id: impl Into<String>, amount: Amount) -> Self {
        Self { id: Some(id.into()), merchant_id: None, amount, products: Vec::new() }
    }

    /// This much, in units of the payment's currency, of the part of the merchant with this id.
    pub fn of_merchant(merchant_id: impl Into<String>, amount: Amount) -> Self {
        Self { id: None, merchant_id: Some(merchant_id.into()), amount, products: Vec::new() }
    }

    /// For these products.
    #[must_use]
    pub fn products(mut self, products: impl Into<Vec<Product>>) -> Self {
        self.products = products.into();
        self
    }
}

/// `POST /marketplace/v1/transaction/{id}/refund`: pays back a payment of a marketplace, all of it
/// or a part. Never repeated after a lost answer.
///
/// ```
/// use tpay_client::{ChildRefund, RefundMarketplaceTransaction, grosze};
///
/// let all = RefundMarketplaceTransaction::all("01JABM26M0EX41CKJ4A6MCNZ59");
/// let part = ChildRefund::of_child("01JABM2A0Q5C7V9X1Z3B4N6M8K", grosze(1750));
/// let part = RefundMarketplaceTransaction::parts("01JABM26M0EX41CKJ4A6MCNZ59", [part]);
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
    /// All of the payment with this id.
    pub fn all(id: impl Into<String>) -> Self {
        Self::parts(id, [])
    }

    /// These parts of it.
    pub fn parts(id: impl Into<String>, parts: impl Into<Vec<ChildRefund>>) -> Self {
        Self { id: id.into(), child_transactions: parts.into() }
    }
}

impl Endpoint for RefundMarketplaceTransaction {
    type Output = MarketplaceRefund;
    const ID: &'static str = "marketplace.refund";
    const ROUTE: Route<Self> = route!(POST "/marketplace/v1/transaction/{id}/refund", id);

    fn validate(&self) -> Result<(), InputError> {
        for part in &self.child_transactions {
            validate::amount("child_transactions.amount", part.amount)?;
        }
        Ok(())
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<MarketplaceRefund, ResponseError> {
        error::answer(response, &["transactionId", "amount"])
    }
}

/// What was paid back of a payment of a marketplace.
///
/// Source: the provider's API reference, `POST /marketplace/v1/transaction/{id}/refund`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MarketplaceRefund {
    /// The payment.
    #[serde(default, deserialize_with = "wire::text")]
    pub transaction_id: Option<String>,
    /// How much, in units of the payment's currency.
    #[serde(default, deserialize_with = "grosze::read", serialize_with = "grosze::write_some")]
    pub amount: Option<Amount>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// `POST /marketplace/v1/transaction/{id}/cancel`: cancels a payment of a marketplace.
///
/// Source: the provider's API reference, `POST /marketplace/v1/transaction/{id}/cancel`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelMarketplaceTransaction {
    id: String,
}

impl CancelMarketplaceTransaction {
    /// By its id.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into() }
    }
}

impl Endpoint for CancelMarketplaceTransaction {
    type Output = Acknowledgement;
    const ID: &'static str = "marketplace.cancel";
    const ROUTE: Route<Self> = route!(POST "/marketplace/v1/transaction/{id}/cancel", id);

    fn parse(&self, response: &Response) -> Result<Acknowledgement, ResponseError> {
        error::receipt(response)
    }
}

/// `GET /marketplace/v1/bank-groups`: the groups of channels by which merchants can be paid.
///
/// Source: the provider's API reference, `GET /marketplace/v1/bank-groups`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListMarketplaceBankGroups {
    merchant_ids: Vec<String>,
}

impl ListMarketplaceBankGroups {
    /// Of these merchants.
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
        error::answer(response, &["groups"])
    }
}

impl Client {
    /// Makes a payment to merchants of a marketplace. Never repeated after a lost answer.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_marketplace_transaction(
        &self,
        request: &CreateMarketplaceTransaction,
    ) -> Result<CreatedMarketplaceTransaction> {
        self.send(request)
    }

    /// A payment of a marketplace.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_marketplace_transaction(
        &self,
        request: &GetMarketplaceTransaction,
    ) -> Result<MarketplaceTransaction> {
        self.send(request)
    }

    /// Pays a payment of a marketplace. A refusal is an error as in
    /// [`pay_transaction`](Client::pay_transaction).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn pay_marketplace_transaction(
        &self,
        request: &PayMarketplaceTransaction,
    ) -> Result<Transaction> {
        self.send(request)
    }

    /// Pays back a payment of a marketplace. Never repeated after a lost answer.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn refund_marketplace_transaction(
        &self,
        request: &RefundMarketplaceTransaction,
    ) -> Result<MarketplaceRefund> {
        self.send(request)
    }

    /// Cancels a payment of a marketplace.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn cancel_marketplace_transaction(&self, id: impl Into<String>) -> Result<Acknowledgement> {
        self.send(&CancelMarketplaceTransaction::new(id))
    }

    /// The groups of channels by which merchants of a marketplace can be paid.
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
