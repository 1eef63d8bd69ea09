//! BLIK: payments with a code or an alias, and the aliases of payers.
//!
//! [`Client::take_blik_payment`] covers a payment from the creation of the transaction to the
//! payer's decision.
//!
//! An alias is registered with a payment ([`BlikPayment::aliases`]) or without one
//! ([`CreateBlikAlias`]). Later payments need no code. See the example on [`BlikAlias`].
//!
//! ```no_run
//! use tpay_client::Client;
//! use tpay_client::blik::AliasType;
//!
//! let tpay = Client::from_env()?;
//! for alias in tpay.get_blik_alias("user-42", AliasType::Uid)?.aliases {
//!     println!("{:?} expires at {:?}", alias.label, alias.expires_at);
//! }
//! # Ok::<(), tpay_client::Error>(())
//! ```

mod checkout;

use api_auth::{
    Acknowledgement, Amount, Body, Endpoint, ExtraFields, InputError, Params, Response,
    ResponseError, Result, Route, Secret, route, setters, wire, wire_enum,
};
use serde::{Deserialize, Serialize};

use crate::common::ResultStatus;
use crate::transactions::{Language, TransactionDate};
use crate::{Client, Currency, error, validate};

pub use checkout::{BlikDecision, BlikResult};

/// The BLIK data of a payment: a code, an alias, or a code and the alias to register with the
/// payment.
///
/// See the example in the module [`blik`](crate::blik).
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
    /// Creates a value without a code or an alias. Set at least one of them before you send the
    /// request.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a payment with the six-digit code from the payer's banking application.
    pub fn code(blik_token: impl Into<Secret>) -> Self {
        Self::new().blik_token(blik_token).kind(0)
    }

    /// Creates a payment with a registered UID alias. The payer confirms the payment in the banking
    /// application.
    pub fn alias(alias: BlikAlias) -> Self {
        Self::new().aliases(alias)
    }

    /// Creates a payment with a registered PAYID alias. The payer does not confirm the payment.
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
        if self.blik_token.is_none() && self.aliases.is_none() {
            return Err(InputError::new("blik_token", "must be set unless there is an alias"));
        }
        self.aliases.as_ref().map_or(Ok(()), BlikAlias::validate)
    }

    setters! {
        /// Sets the six-digit code from the payer's banking application.
        blik_token: impl Into<Secret>,
        /// Sets the alias to pay with, or the alias to register with this payment.
        aliases: BlikAlias,
        /// Sets the type of the payment: 0 for a payment on the web, 1 for a payment at a terminal,
        /// or 2 for an autopayment.
        kind: u32,
        /// Sets whether the payment is rejected if the payer's bank does not support recurring
        /// payments.
        refuse_no_pay_id: bool,
    }
}

wire_enum! {
    /// The type of a BLIK alias.
    ///
    /// See the example in the module [`blik`](crate::blik).
    ///
    /// Source: the provider's API reference, `POST /transactions`.
    pub enum AliasType {
        /// The payer confirms each payment in the banking application (OneClick).
        Uid = "UID",
        /// The payer does not confirm payments (autopayments).
        PayId = "PAYID",
    }
}

/// A BLIK alias of a payer. You choose its value, such as a customer number.
///
/// ```
/// use tpay_client::blik::{AliasType, Autopayment, AutopaymentModel, BlikAlias};
/// use tpay_client::{BlikPayment, Pay, grosze};
///
/// // The alias is registered with the first payment. Later payments need no code.
/// let alias = BlikAlias::new("user-42", AliasType::Uid).label("The shop");
/// let first = Pay::blik(BlikPayment::code("777123").aliases(alias.clone()));
/// let later = Pay::blik(BlikPayment::alias(alias));
///
/// // An alias for autopayments.
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
    /// Creates an alias with this type and a value that you choose, such as `user-42`.
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
        /// Sets the label that the payer sees, such as `The shop`. Required to register the alias.
        label: impl Into<String>,
        /// Selects the banking application if the alias is registered in several of them. Pass the
        /// `application_code` of an [`Alternative`](crate::transactions::payments::Alternative).
        key: impl Into<String>,
        /// Sets the recommended authorization level. The only documented value is `NOCONFREQ`. This
        /// setting is required for autopayments of model O and not allowed for other payments.
        recommended_auth_level: impl Into<String>,
        /// Sets the terms of autopayments, which are required to register a PAYID alias.
        autopayment: Autopayment,
        /// Sets whether to skip the period of 72 hours in which the bank tries to inform the payer
        /// why an autopayment was not authorized. This setting is allowed only for the models A and
        /// O.
        no_delay: bool,
    }

    pub(crate) fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("aliases.value", &self.value)?;
        validate::known("aliases.type", Some(&self.kind), AliasType::KNOWN)?;
        self.autopayment.as_ref().map_or(Ok(()), Autopayment::validate)
    }
}

wire_enum! {
    /// The model of autopayments, which determines which settings are allowed.
    ///
    /// See the example in the module [`blik`](crate::blik).
    ///
    /// Source: the provider's API reference, `POST /transactions`.
    pub enum AutopaymentModel {
        /// Model A, which allows a [`frequency`](Autopayment::frequency).
        A = "A",
        /// Model M, which does not allow [`no_delay`](BlikAlias::no_delay).
        M = "M",
        /// Model O, which requires a [`recommended_auth_level`](BlikAlias::recommended_auth_level).
        O = "O",
    }
}

/// The terms of autopayments, to which the payer agrees.
///
/// See the example in the module [`blik`](crate::blik).
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
    /// Creates terms of this model, without limits on the amounts.
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
        /// Sets the frequency of autopayments of model A: a number of days (`D`), weeks (`W`),
        /// months (`M`) or years (`Y`), such as `1M`.
        frequency: impl Into<String>,
        /// Sets the maximum amount of one payment in `currency`, such as 12.34.
        single_limit_amount: Amount,
        /// Sets the maximum amount of all payments together in `currency`, such as 12.34.
        total_limit_amount: Amount,
        /// Sets the currency of the limits, such as `PLN`.
        currency: impl Into<Currency>,
        /// Sets the start time of the autopayments (ISO 8601), such as `2026-12-01T00:00:00+01:00`.
        init_date: impl Into<String>,
        /// Sets the end time of the autopayments (ISO 8601), such as `2027-12-01T00:00:00+01:00`.
        expiration_date: impl Into<String>,
    }

    fn validate(&self) -> Result<(), InputError> {
        validate::known("autopayment.model", Some(&self.model), AutopaymentModel::KNOWN)?;
        if let Some(text) = &self.frequency {
            let digits = text.trim_end_matches(['D', 'W', 'M', 'Y']);
            let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            if !number || text.len() == digits.len() {
                let problem = "must be a number followed by D, W, M or Y, such as 1M";
                return Err(InputError::new("autopayment.frequency", problem));
            }
        }
        for (name, limit) in [
            ("autopayment.single_limit_amount", self.single_limit_amount),
            ("autopayment.total_limit_amount", self.total_limit_amount),
        ] {
            limit.map_or(Ok(()), |limit| validate::amount(name, limit))?;
        }
        validate::possible_date("autopayment.init_date", self.init_date.as_deref())?;
        validate::possible_date("autopayment.expiration_date", self.expiration_date.as_deref())?;
        validate::currency(self.currency.as_ref())
    }
}

/// `POST /blik/alias`: registers a BLIK alias without a payment.
///
/// See the example in the module [`blik`](crate::blik).
///
/// Source: the provider's API reference, `POST /blik/alias`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateBlikAlias {
    description: String,
    blik: BlikPayment,
    lang: Option<Language>,
}

impl CreateBlikAlias {
    /// Creates a request to register an alias. `description` (1 to 105 characters) is shown to the
    /// payer. `blik` contains the payer's code and the alias to register.
    pub fn new(description: impl Into<String>, blik: BlikPayment) -> Self {
        Self { description: description.into(), blik, lang: None }
    }

    setters! {
        /// Sets the language of the description, such as [`Language::Polish`].
        lang: impl Into<Language>,
    }
}

impl Endpoint for CreateBlikAlias {
    type Output = CreatedAlias;
    const ID: &'static str = "blik.create_alias";
    const ROUTE: Route<Self> = route!(POST "/blik/alias");

    fn validate(&self) -> Result<(), InputError> {
        validate::length("description", &self.description, 1, 105)?;
        validate::known("lang", self.lang.as_ref(), Language::KNOWN)?;
        self.blik.validate()
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire<'a> {
            description: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            lang: Option<&'a Language>,
            pay: WirePay<'a>,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct WirePay<'a> {
            blik_payment_data: &'a BlikPayment,
        }
        Body::json(&Wire {
            description: &self.description,
            lang: self.lang.as_ref(),
            pay: WirePay { blik_payment_data: &self.blik },
        })
    }

    fn parse(&self, response: &Response) -> Result<CreatedAlias, ResponseError> {
        error::success(response, &["posId"])
    }
}

/// The response to the registration of a BLIK alias.
///
/// See the example in the module [`blik`](crate::blik).
///
/// Source: the provider's API reference, `POST /blik/alias`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreatedAlias {
    /// The result of the request, such as `success`.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned, 20 hex digits. Tpay's support team asks for it.
    pub request_id: Option<String>,
    /// The id of the point of sale, such as `ps_6UvbBjehvHXA7vfD`.
    pub pos_id: Option<String>,
    /// The status of the registration, such as `pending`.
    pub status: Option<String>,
    /// The date of the registration. Its field `creation` is the time at which the registration was
    /// requested.
    pub date: Option<TransactionDate>,
    /// The description that the payer sees, from the request.
    pub description: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// A BLIK alias, with one entry for each banking application in which it exists.
///
/// See the example in the module [`blik`](crate::blik).
///
/// Source: the provider's API reference, `GET /blik/alias/{alias}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BlikAliases {
    /// Whether the alias can be used for payments.
    pub is_active: Option<bool>,
    /// One entry for each banking application in which the alias exists.
    #[serde(default)]
    pub aliases: Vec<BlikAliasDetails>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// A BLIK alias in one banking application.
///
/// See the example in the module [`blik`](crate::blik).
///
/// Source: the provider's API reference, `GET /blik/alias/{alias}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BlikAliasDetails {
    /// The type of the alias, such as `UID`.
    #[serde(default)]
    pub alias_type: Option<AliasType>,
    /// The value of the alias, such as `user-42`.
    pub alias_value: Option<String>,
    /// Whether the alias can be used for payments.
    pub is_active: Option<bool>,
    /// The time at which the alias expires (ISO 8601), such as `2028-01-01T00:00:00+01:00`.
    pub expires_at: Option<String>,
    /// The history of the alias, such as its registration.
    #[serde(default)]
    pub events: Vec<AliasEvent>,
    /// The label that the payer sees, such as `The shop`.
    pub label: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// An event in the history of a BLIK alias.
///
/// See the example in the module [`blik`](crate::blik).
///
/// Source: the provider's API reference, `GET /blik/alias/{alias}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AliasEvent {
    /// The type of the event, such as `ALIAS_REGISTER`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The time of the event (ISO 8601), such as `2026-01-01T00:00:00+01:00`.
    pub date: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// `GET /blik/alias/{alias}`: returns a BLIK alias.
///
/// See the example in the module [`blik`](crate::blik).
///
/// Source: the provider's API reference, `GET /blik/alias/{alias}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetBlikAlias {
    alias: String,
    alias_type: AliasType,
}

impl GetBlikAlias {
    /// Creates a request for the alias with this value and type.
    pub fn new(alias: impl Into<String>, alias_type: AliasType) -> Self {
        Self { alias: alias.into(), alias_type }
    }
}

impl Endpoint for GetBlikAlias {
    type Output = BlikAliases;
    const ID: &'static str = "blik.get_alias";
    const ROUTE: Route<Self> = route!(GET "/blik/alias/{alias}", alias);

    fn validate(&self) -> Result<(), InputError> {
        validate::known("alias_type", Some(&self.alias_type), AliasType::KNOWN)
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.push("aliasType", self.alias_type.as_str());
    }

    fn parse(&self, response: &Response) -> Result<BlikAliases, ResponseError> {
        error::success(response, &["aliases", "isActive"])
    }
}

/// `DELETE /blik/alias/{alias}`: removes a BLIK alias. The type of the alias is sent in the body.
///
/// See the example in the module [`blik`](crate::blik).
///
/// Source: the provider's API reference, `DELETE /blik/alias/{alias}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeleteBlikAlias {
    #[serde(skip)]
    alias: String,
    alias_type: AliasType,
}

impl DeleteBlikAlias {
    /// Creates a request to remove the alias with this value and type.
    pub fn new(alias: impl Into<String>, alias_type: AliasType) -> Self {
        Self { alias: alias.into(), alias_type }
    }
}

impl Endpoint for DeleteBlikAlias {
    type Output = Acknowledgement;
    const ID: &'static str = "blik.delete_alias";
    const ROUTE: Route<Self> = route!(DELETE "/blik/alias/{alias}", alias).in_query(&[]);

    fn validate(&self) -> Result<(), InputError> {
        validate::known("alias_type", Some(&self.alias_type), AliasType::KNOWN)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<Acknowledgement, ResponseError> {
        error::acknowledgement(response)
    }
}

/// # BLIK aliases
///
/// See the module [`blik`](crate::blik), which contains an example.
impl Client {
    /// Registers a BLIK alias without a payment.
    ///
    /// See the example in the module [`blik`](crate::blik).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_blik_alias(&self, request: &CreateBlikAlias) -> Result<CreatedAlias> {
        self.send(request)
    }

    /// Returns the BLIK alias with this value and type, and the banking applications in which it
    /// exists.
    ///
    /// See the example in the module [`blik`](crate::blik).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_blik_alias(
        &self,
        alias: impl Into<String>,
        alias_type: AliasType,
    ) -> Result<BlikAliases> {
        self.send(&GetBlikAlias::new(alias, alias_type))
    }

    /// Removes the BLIK alias with this value and type.
    ///
    /// See the example in the module [`blik`](crate::blik).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn delete_blik_alias(
        &self,
        alias: impl Into<String>,
        alias_type: AliasType,
    ) -> Result<Acknowledgement> {
        self.send(&DeleteBlikAlias::new(alias, alias_type))
    }
}
