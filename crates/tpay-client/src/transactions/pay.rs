//! Payment methods: [`Pay`], which contains the data for BLIK, a card, a wallet or a channel.
//!
//! BLIK codes and aliases are in [`blik`](crate::blik), channels in [`channels`](crate::channels).

use api_auth::{InputError, Secret, setters, wire, wire_enum};
use serde::Serialize;

use crate::blik::BlikPayment;
use crate::channels::{ChannelId, GroupId};
use crate::validate;

wire_enum! {
    /// The kind of payment, for [`Pay::method`]. It is optional, and most requests do not contain
    /// it.
    ///
    /// See the example on [`Pay`].
    ///
    /// Source: the provider's API reference, `POST /transactions`.
    pub enum PayMethod {
        /// A payment on the payment page, or the first payment with a card.
        PayByLink = "pay_by_link",
        /// A bank transfer.
        Transfer = "transfer",
        /// A charge of a saved card.
        Sale = "sale",
    }
}

wire_enum! {
    /// The initiator of a charge to a saved card, and the reason for the charge.
    ///
    /// See the example on [`Pay`].
    ///
    /// Source: the provider's API reference, `POST /transactions`.
    pub enum CardOnFile {
        /// The merchant initiates the charge, without a schedule. This is the default.
        Unscheduled = "unscheduled",
        /// The payer initiates the charge.
        CardholderInitiated = "cardholder_initiated",
        /// The merchant initiates the charge, on a schedule.
        Recurring = "recurring",
    }
}

/// The id of the group of BLIK channels: 150.
///
/// See the example on [`Pay`].
pub const BLIK_GROUP: GroupId = GroupId::new(150);
/// The id of the group of card channels: 103.
///
/// See the example on [`Pay`].
pub const CARD_GROUP: GroupId = GroupId::new(103);

/// A payment method with its data.
///
/// ```
/// use tpay_client::{BlikPayment, Pay};
///
/// let by_code = Pay::blik(BlikPayment::code("777123"));
/// let by_bank = Pay::channel(21);
/// ```
///
/// Source: the provider's API reference, `POST /transactions/{transactionId}/pay`. Google Pay is
/// from `docs-api.tpay.com`, and the legacy schedule from the official PHP client.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pay {
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<GroupId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_id: Option<ChannelId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<PayMethod>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blik_payment_data: Option<BlikPayment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_payment_data: Option<CardPayment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_payment_data: Option<TokenPayment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cof: Option<CardOnFile>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "wire::exposed_some")]
    apple_pay_payment_data: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "wire::exposed_some")]
    google_pay_payment_data: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    click_to_pay_payment_data: Option<ClickToPay>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recursive: Option<Recursive>,
}

impl Pay {
    /// Creates a value without a payment method. Set one before you send the request.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a payment through any channel of this group, such as 150 (BLIK).
    pub fn group(group_id: impl Into<GroupId>) -> Self {
        Self::new().group_id(group_id)
    }

    /// Creates a payment through this channel, such as 64.
    pub fn channel(channel_id: impl Into<ChannelId>) -> Self {
        Self::new().channel_id(channel_id)
    }

    /// Creates a payment with a BLIK code or alias.
    pub fn blik(blik: BlikPayment) -> Self {
        Self::group(BLIK_GROUP).blik_payment_data(blik)
    }

    /// Creates a payment with an encrypted card or a saved card.
    pub fn card(card: CardPayment) -> Self {
        Self::group(CARD_GROUP).card_payment_data(card)
    }

    pub(crate) fn validate(&self) -> Result<(), InputError> {
        if *self == Self::new() {
            return Err(InputError::new("pay", "must contain a payment method"));
        }
        if self.group_id.is_some() && self.channel_id.is_some() {
            return Err(InputError::new("pay.channel_id", "must not be given with a group_id"));
        }
        validate::known("pay.method", self.method.as_ref(), PayMethod::KNOWN)?;
        validate::some_secret("apple_pay_payment_data", self.apple_pay_payment_data.as_ref())?;
        validate::some_secret("google_pay_payment_data", self.google_pay_payment_data.as_ref())?;
        self.blik_payment_data.as_ref().map_or(Ok(()), BlikPayment::validate)?;
        self.card_payment_data.as_ref().map_or(Ok(()), CardPayment::validate)?;
        self.token_payment_data.as_ref().map_or(Ok(()), TokenPayment::validate)?;
        self.click_to_pay_payment_data.as_ref().map_or(Ok(()), ClickToPay::validate)?;
        self.recursive.as_ref().map_or(Ok(()), Recursive::validate)
    }

    setters! {
        /// Sets the group of channels. Must not be combined with a channel.
        group_id: impl Into<GroupId>,
        /// Sets the channel. The payer is redirected directly to the channel. Must not be combined
        /// with a group.
        channel_id: impl Into<ChannelId>,
        /// Sets the kind of payment. It is optional, and most requests do not contain it.
        method: impl Into<PayMethod>,
        /// Sets the BLIK code or the alias to pay with.
        blik_payment_data: BlikPayment,
        /// Sets the card to pay with: an encrypted card, or the token of a saved card.
        card_payment_data: CardPayment,
        /// Sets the token of a card that was saved by EISOP (Elavon).
        token_payment_data: TokenPayment,
        /// Sets the initiator of a charge to a saved card. Defaults to [`CardOnFile::Unscheduled`].
        cof: impl Into<CardOnFile>,
        /// Sets the Apple Pay payment data: the JSON from the wallet, which you must encode in
        /// base64.
        apple_pay_payment_data: impl Into<Secret>,
        /// Sets the Google Pay payment data: the JSON from the wallet, which you must encode in
        /// base64.
        google_pay_payment_data: impl Into<Secret>,
        /// Sets the payment data from Click to Pay, with the network of the card.
        click_to_pay_payment_data: ClickToPay,
        /// Sets the schedule of a legacy recurring payment. For new programs, see
        /// [`recurring`](crate::recurring).
        recursive: Recursive,
    }
}

/// An encrypted card, or the token of a saved card.
///
/// ```
/// use tpay_client::transactions::pay::{CardOnFile, CardPayment, PayMethod};
/// use tpay_client::Pay;
///
/// let first = Pay::card(CardPayment::encrypted("the card, encrypted in the browser").save(1));
/// let later = Pay::card(CardPayment::saved("the token from the notification"))
///     .method(PayMethod::Sale)
///     .cof(CardOnFile::Unscheduled);
/// ```
///
/// Source: the provider's API reference, `POST /transactions`. The token of a preauthorization is
/// from the official PHP client.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CardPayment {
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "wire::exposed_some")]
    card: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "wire::exposed_some")]
    token: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "wire::exposed_some")]
    preauthorized_token: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    save: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roc_text: Option<String>,
}

impl CardPayment {
    /// Creates a payment without a card: the payer enters the card on the payment page. Set
    /// [`save`](Self::save) to 1 to save that card.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a payment with a card that the payer's browser encrypted with the public key from
    /// the merchant panel.
    pub fn encrypted(card: impl Into<Secret>) -> Self {
        Self::new().card(card)
    }

    /// Creates a payment with the saved card that `token` identifies.
    pub fn saved(token: impl Into<Secret>) -> Self {
        Self::new().token(token)
    }

    pub(crate) fn validate(&self) -> Result<(), InputError> {
        validate::some_secret("card", self.card.as_ref())?;
        validate::some_secret("token", self.token.as_ref())?;
        validate::some_secret("preauthorized_token", self.preauthorized_token.as_ref())?;
        if self.save.is_some_and(|save| save > 1) {
            return Err(InputError::new("save", "must be 0 or 1"));
        }
        validate::roc_text(self.roc_text.as_deref(), usize::MAX)
    }

    setters! {
        /// Sets the card, encrypted in the payer's browser with the public key from the merchant
        /// panel.
        card: impl Into<Secret>,
        /// Sets the token of a saved card. The API reference allows up to 64 characters, and the
        /// official PHP SDK allows more.
        token: impl Into<Secret>,
        /// Sets the token of a preauthorization.
        preauthorized_token: impl Into<Secret>,
        /// Sets whether the card is saved: 1 saves it, 0 does not. If it is saved, a notification
        /// contains the token of the card.
        save: u32,
        /// Sets your text for the card settlement. It must consist of letters and digits. The API
        /// reference allows up to 12 characters, and the official PHP SDK allows more.
        roc_text: impl Into<String>,
    }
}

/// The token of a card that was saved by EISOP (Elavon).
///
/// See the example on [`Pay`].
///
/// Source: the provider's API reference, `POST /transactions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenPayment {
    #[serde(serialize_with = "wire::exposed")]
    token_value: Secret,
    card_expiry_date: String,
    initial_transaction_id: String,
    card_brand: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    roc_text: Option<String>,
}

impl TokenPayment {
    /// Creates a payment with a token of 12 to 19 characters, the expiry date of the card (`YYMM`),
    /// the id of the first transaction (up to 22 characters) and the brand of the card.
    pub fn new(
        token_value: impl Into<Secret>,
        card_expiry_date: impl Into<String>,
        initial_transaction_id: impl Into<String>,
        card_brand: impl Into<String>,
    ) -> Self {
        Self {
            token_value: token_value.into(),
            card_expiry_date: card_expiry_date.into(),
            initial_transaction_id: initial_transaction_id.into(),
            card_brand: card_brand.into(),
            roc_text: None,
        }
    }

    setters! {
        /// Sets your text for the card settlement. It must consist of letters and digits. The API
        /// reference allows up to 12 characters, and the official PHP SDK allows more.
        roc_text: impl Into<String>,
    }

    fn validate(&self) -> Result<(), InputError> {
        validate::length("token_value", self.token_value.expose(), 12, 19)?;
        validate::card_expiry("card_expiry_date", &self.card_expiry_date)?;
        validate::length("initial_transaction_id", &self.initial_transaction_id, 1, 22)?;
        validate::not_empty("card_brand", &self.card_brand)?;
        validate::roc_text(self.roc_text.as_deref(), usize::MAX)
    }
}

wire_enum! {
    /// The network of a card.
    ///
    /// See the example on [`Pay`].
    ///
    /// Source: the provider's API reference, `POST /transactions`.
    pub enum CardNetwork {
        /// A Visa card.
        Visa = "visa",
        /// A Mastercard card.
        Mastercard = "mastercard",
    }
}

/// The payment data from Click to Pay, with the network of the card.
///
/// See the example on [`Pay`].
///
/// Source: the provider's API reference, `POST /transactions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClickToPay {
    #[serde(serialize_with = "wire::exposed")]
    payment_data: Secret,
    network: CardNetwork,
}

impl ClickToPay {
    /// Creates a value from the payment data that Click to Pay provides and the network of the
    /// card.
    pub fn new(payment_data: impl Into<Secret>, network: CardNetwork) -> Self {
        Self { payment_data: payment_data.into(), network }
    }

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("payment_data", self.payment_data.expose())?;
        validate::known("network", Some(&self.network), CardNetwork::KNOWN)
    }
}

/// The schedule of a legacy recurring payment.
///
/// See the example on [`Pay`].
///
/// Source: the official PHP client; not documented. `recursiveId`, the names of the periods and the
/// unlimited schedule are from the official Android client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recursive {
    period: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<u32>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recursive_id: Option<String>,
}

impl Recursive {
    /// Creates a schedule of `quantity` payments with a period of 1 (day), 2 (week), 3 (month), 4
    /// (quarter) or 5 (year).
    pub fn new(period: u32, quantity: u32) -> Self {
        Self { quantity: Some(quantity), ..Self::unlimited(period) }
    }

    /// Creates a schedule with an unlimited number of payments and a period of 1 (day), 2 (week), 3
    /// (month), 4 (quarter) or 5 (year).
    pub fn unlimited(period: u32) -> Self {
        Self { period, quantity: None, kind: None, expiration_date: None, recursive_id: None }
    }

    setters! {
        /// Sets the type of the schedule. The official PHP client allows only 1. The meaning of
        /// this value is not documented.
        kind: u32,
        /// Sets the date on which the schedule ends, in the format `YYYY-MM-DD`.
        expiration_date: impl Into<String>,
        /// Sets the id of the schedule. The format of the id is not documented.
        recursive_id: impl Into<String>,
    }

    fn validate(&self) -> Result<(), InputError> {
        if !(1..=5).contains(&self.period) {
            return Err(InputError::new("recursive.period", "must be between 1 and 5"));
        }
        validate::date("recursive.expiration_date", self.expiration_date.as_deref())
    }
}
