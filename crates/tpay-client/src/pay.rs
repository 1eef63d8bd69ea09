//! Payment methods: BLIK, cards, wallets, channels.

use api_auth::{Amount, InputError, Secret, setters, wire, wire_enum};
use serde::Serialize;

use crate::{Currency, validate};

wire_enum! {
    /// The kind of a payment. Optional in most cases.
    ///
    /// Source: the provider's API reference, `POST /transactions`.
    pub enum PayMethod {
        /// A payment at the payment page, or the first payment by a card.
        PayByLink = "pay_by_link",
        /// A bank transfer.
        Transfer = "transfer",
        /// A charge of a saved card.
        Sale = "sale",
    }
}

wire_enum! {
    /// The initiator of a charge of a saved card.
    ///
    /// Source: the provider's API reference, `POST /transactions`.
    pub enum CardOnFile {
        /// The merchant, without a schedule; the default.
        Unscheduled = "unscheduled",
        /// The payer.
        CardholderInitiated = "cardholder_initiated",
        /// The merchant, by a schedule.
        Recurring = "recurring",
    }
}

/// The id of BLIK among the groups of channels.
pub const BLIK_GROUP: u32 = 150;
/// The id of cards among the groups of channels.
pub const CARD_GROUP: u32 = 103;

/// A payment method with its data.
///
/// ```
/// use tpay_client::{BlikPayment, Pay};
///
/// let by_code = Pay::blik(BlikPayment::code("777123"));
/// let by_bank = Pay::channel(21);
/// ```
///
/// Source: the provider's API reference, `POST /transactions/{transactionId}/pay`; Google Pay,
/// `docs-api.tpay.com`; the old schedule, the official PHP client.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pay {
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_id: Option<u32>,
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
    /// Creates an empty value without a payment method.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a payment by any channel of this group.
    pub fn group(group_id: u32) -> Self {
        Self::new().group_id(group_id)
    }

    /// Creates a payment by this channel.
    pub fn channel(channel_id: u32) -> Self {
        Self::new().channel_id(channel_id)
    }

    /// Creates a payment by BLIK.
    pub fn blik(blik: BlikPayment) -> Self {
        Self::group(BLIK_GROUP).blik_payment_data(blik)
    }

    /// Creates a payment by a card.
    pub fn card(card: CardPayment) -> Self {
        Self::group(CARD_GROUP).card_payment_data(card)
    }

    pub(crate) fn validate(&self) -> Result<(), InputError> {
        if self.group_id.is_some() && self.channel_id.is_some() {
            return Err(InputError::new("pay.channel_id", "must not be given with a group_id"));
        }
        validate::known("pay.method", self.method.as_ref().map(PayMethod::is_known))?;
        validate::known("pay.cof", self.cof.as_ref().map(CardOnFile::is_known))?;
        self.blik_payment_data.as_ref().map_or(Ok(()), BlikPayment::validate)?;
        self.card_payment_data.as_ref().map_or(Ok(()), CardPayment::validate)?;
        self.token_payment_data.as_ref().map_or(Ok(()), TokenPayment::validate)?;
        self.click_to_pay_payment_data.as_ref().map_or(Ok(()), ClickToPay::validate)?;
        self.recursive.as_ref().map_or(Ok(()), Recursive::validate)
    }

    setters! {
        /// Sets the group of channels. Must not be combined with a channel.
        group_id: u32,
        /// Sets the channel: the payer is redirected to that bank directly.
        channel_id: u32,
        /// Sets the kind of payment. Optional in most cases.
        method: impl Into<PayMethod>,
        /// Sets a BLIK code or alias.
        blik_payment_data: BlikPayment,
        /// Sets a card, or the token of a saved card.
        card_payment_data: CardPayment,
        /// Sets a token of another kind of saved card (EISOP).
        token_payment_data: TokenPayment,
        /// Sets the initiator of a charge of a saved card.
        cof: impl Into<CardOnFile>,
        /// Sets the payment data of Apple Pay, in base64.
        apple_pay_payment_data: impl Into<Secret>,
        /// Sets the payment data of Google Pay, in base64.
        google_pay_payment_data: impl Into<Secret>,
        /// Sets the payment data of Click to Pay.
        click_to_pay_payment_data: ClickToPay,
        /// Sets the schedule of an old kind of recurring payment.
        recursive: Recursive,
    }
}

/// A BLIK code or alias.
///
/// Source: the provider's API reference, `POST /transactions`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BlikPayment {
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "wire::exposed_some")]
    blik_token: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aliases: Option<BlikAlias>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refuse_no_pay_id: Option<bool>,
}

impl BlikPayment {
    /// Creates an empty value.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a payment by the six digits that the payer's application shows.
    pub fn code(blik_token: impl Into<Secret>) -> Self {
        Self::new().blik_token(blik_token).kind(0)
    }

    /// Creates a payment by a registered alias, which the payer confirms in the application (UID).
    pub fn alias(alias: BlikAlias) -> Self {
        Self::new().aliases(alias)
    }

    /// Creates a payment by a registered PAYID alias, without the payer.
    pub fn autopayment(alias: BlikAlias) -> Self {
        Self::new().aliases(alias).kind(2)
    }

    pub(crate) fn validate(&self) -> Result<(), InputError> {
        if let Some(code) = self.blik_token.as_ref().map(Secret::expose)
            && (code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return Err(InputError::new("blik_token", "must be six digits"));
        }
        if self.kind.is_some_and(|kind| kind > 2) {
            return Err(InputError::new("type", "must be 0, 1 or 2"));
        }
        self.aliases.as_ref().map_or(Ok(()), BlikAlias::validate)
    }

    setters! {
        /// Sets the six digits that the payer's application shows.
        blik_token: impl Into<Secret>,
        /// Sets the alias for the payment, or the alias to register with it.
        aliases: BlikAlias,
        /// Sets the place of the payment: 0 in the web, 1 at a terminal, 2 without the payer.
        kind: u32,
        /// Sets whether the payment is rejected if the payer's bank does not support recurring
        /// payments.
        refuse_no_pay_id: bool,
    }
}

wire_enum! {
    /// The kind of a BLIK alias.
    ///
    /// Source: the provider's API reference, `POST /transactions`.
    pub enum AliasType {
        /// The payer confirms each payment in the application (OneClick).
        Uid = "UID",
        /// Payments without the payer (autopayments).
        PayId = "PAYID",
    }
}

/// A BLIK alias of a payer. You choose its value.
///
/// ```
/// use tpay_client::{
///     AliasType, Autopayment, AutopaymentModel, BlikAlias, BlikPayment, Pay, grosze,
/// };
///
/// // With the first payment the alias is registered, and later it pays without a code.
/// let alias = BlikAlias::new("user-42", AliasType::Uid).label("The shop");
/// let first = Pay::blik(BlikPayment::code("777123").aliases(alias.clone()));
/// let later = Pay::blik(BlikPayment::alias(alias));
///
/// // One that may be charged without the payer.
/// let terms = Autopayment::new(AutopaymentModel::A)
///     .frequency("1M")
///     .single_limit_amount(grosze(2000));
/// let alias = BlikAlias::new("user-42-monthly", AliasType::PayId)
///     .label("The shop")
///     .autopayment(terms);
/// let each_month = Pay::blik(BlikPayment::autopayment(alias));
/// ```
///
/// Source: the provider's API reference, `POST /transactions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BlikAlias {
    value: String,
    #[serde(rename = "type")]
    kind: AliasType,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recommended_auth_level: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    autopayment: Option<Autopayment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    no_delay: Option<bool>,
}

impl BlikAlias {
    /// Creates an alias with this value and kind.
    pub fn new(value: impl Into<String>, kind: AliasType) -> Self {
        Self {
            value: value.into(),
            kind,
            label: None,
            key: None,
            recommended_auth_level: None,
            autopayment: None,
            no_delay: None,
        }
    }

    setters! {
        /// Sets the label that the payer sees. Required to register the alias.
        label: impl Into<String>,
        /// Sets the application if the alias exists in several: the code of an alternative.
        key: impl Into<String>,
        /// Sets the authorization level, `NOCONFREQ`. Required for autopayments of model O only.
        recommended_auth_level: impl Into<String>,
        /// Sets the terms of autopayments, to register a PAYID alias.
        autopayment: Autopayment,
        /// Sets whether to skip the 72 hours in which the bank tries to inform the payer why an
        /// autopayment was not authorized. For the models A and O.
        no_delay: bool,
    }

    pub(crate) fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("aliases.value", &self.value)?;
        validate::known("aliases.type", Some(self.kind.is_known()))?;
        self.autopayment.as_ref().map_or(Ok(()), Autopayment::validate)
    }
}

wire_enum! {
    /// The model of autopayments.
    ///
    /// Source: the provider's API reference, `POST /transactions`.
    pub enum AutopaymentModel {
        /// Model A.
        A = "A",
        /// Model M.
        M = "M",
        /// Model O.
        O = "O",
    }
}

/// The terms of autopayments that the payer agrees to.
///
/// Source: the provider's API reference, `POST /transactions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Autopayment {
    model: AutopaymentModel,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    single_limit_amount: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_limit_amount: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<Currency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    init_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_date: Option<String>,
}

impl Autopayment {
    /// Creates terms of this model.
    pub fn new(model: AutopaymentModel) -> Self {
        Self {
            model,
            frequency: None,
            single_limit_amount: None,
            total_limit_amount: None,
            currency: None,
            init_date: None,
            expiration_date: None,
        }
    }

    setters! {
        /// Sets the frequency in model A: a number and `D`, `W`, `M` or `Y`, such as `1M`.
        frequency: impl Into<String>,
        /// Sets the maximum of one payment, in units of `currency`.
        single_limit_amount: Amount,
        /// Sets the maximum of all payments together, in units of `currency`.
        total_limit_amount: Amount,
        /// Sets the currency of the limits.
        currency: impl Into<Currency>,
        /// Sets the start, ISO 8601.
        init_date: impl Into<String>,
        /// Sets the end, ISO 8601.
        expiration_date: impl Into<String>,
    }

    fn validate(&self) -> Result<(), InputError> {
        validate::known("autopayment.model", Some(self.model.is_known()))?;
        if let Some(text) = &self.frequency {
            let digits = text.trim_end_matches(['D', 'W', 'M', 'Y']);
            let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            if !number || text.len() != digits.len() + 1 {
                let problem = "must be a number and D, W, M or Y";
                return Err(InputError::new("autopayment.frequency", problem));
            }
        }
        validate::currency(self.currency.as_ref())
    }
}

/// A card, or the token of a saved card.
///
/// ```
/// use tpay_client::{CardOnFile, CardPayment, Pay, PayMethod};
///
/// let first = Pay::card(CardPayment::encrypted("what the browser made").save(1));
/// let later = Pay::card(CardPayment::saved("the token that the notification brought"))
///     .method(PayMethod::Sale)
///     .cof(CardOnFile::Unscheduled);
/// ```
///
/// Source: the provider's API reference, `POST /transactions`; a preauthorised token, the official
/// PHP client.
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
    /// Creates an empty value.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a payment by a card that the payer's browser encrypted with the key from the panel.
    pub fn encrypted(card: impl Into<Secret>) -> Self {
        Self::new().card(card)
    }

    /// Creates a payment by a saved card.
    pub fn saved(token: impl Into<Secret>) -> Self {
        Self::new().token(token)
    }

    pub(crate) fn validate(&self) -> Result<(), InputError> {
        validate::some_length("token", self.token.as_ref().map(Secret::expose), 1, 64)?;
        if self.save.is_some_and(|save| save > 1) {
            return Err(InputError::new("save", "must be 0 or 1"));
        }
        validate::roc_text(self.roc_text.as_deref(), 12)
    }

    setters! {
        /// Sets the card, encrypted in the payer's browser.
        card: impl Into<Secret>,
        /// Sets the token of a saved card, 64 characters at most.
        token: impl Into<Secret>,
        /// Sets the token of a preauthorization.
        preauthorized_token: impl Into<Secret>,
        /// Sets whether to save the card: 1 saves it, and a notification contains its token.
        save: u32,
        /// Sets your own text for the settlement, up to 12 letters and digits.
        roc_text: impl Into<String>,
    }
}

/// A token of a card saved by EISOP (Elavon).
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
    /// Creates a payment by a token of 12 to 19 characters, with the expiry date of the card
    /// `YYMM`, the id of the first transaction (up to 22 characters) and the brand.
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
        /// Sets your own text for the settlement, up to 12 letters and digits.
        roc_text: impl Into<String>,
    }

    fn validate(&self) -> Result<(), InputError> {
        validate::length("token_value", self.token_value.expose(), 12, 19)?;
        validate::month("card_expiry_date", &self.card_expiry_date)?;
        validate::length("initial_transaction_id", &self.initial_transaction_id, 1, 22)?;
        validate::not_empty("card_brand", &self.card_brand)?;
        validate::roc_text(self.roc_text.as_deref(), 12)
    }
}

wire_enum! {
    /// The network of a card.
    ///
    /// Source: the provider's API reference, `POST /transactions`.
    pub enum CardNetwork {
        /// Visa.
        Visa = "visa",
        /// Mastercard.
        Mastercard = "mastercard",
    }
}

/// The payment data of Click to Pay.
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
    /// Creates the payment data, with the network of the card.
    pub fn new(payment_data: impl Into<Secret>, network: CardNetwork) -> Self {
        Self { payment_data: payment_data.into(), network }
    }

    fn validate(&self) -> Result<(), InputError> {
        validate::known("network", Some(self.network.is_known()))
    }
}

/// The schedule of an old kind of recurring payment.
///
/// Source: the official PHP client; no documentation names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recursive {
    period: u32,
    quantity: u32,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_date: Option<String>,
}

impl Recursive {
    /// Creates a schedule with a period of 1 to 5 and this number of payments.
    pub fn new(period: u32, quantity: u32) -> Self {
        Self { period, quantity, kind: None, expiration_date: None }
    }

    setters! {
        /// Sets the type. Defaults to 1.
        kind: u32,
        /// Sets the end.
        expiration_date: impl Into<String>,
    }

    fn validate(&self) -> Result<(), InputError> {
        if !(1..=5).contains(&self.period) {
            return Err(InputError::new("recursive.period", "must be between 1 and 5"));
        }
        Ok(())
    }
}
