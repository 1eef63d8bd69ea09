//! The kinds of notifications. [`Notification`](crate::Notification) has one variant per kind.
//!
//! ```
//! use tpay_client::Notification;
//!
//! fn describe(notification: &Notification) -> String {
//!     match notification {
//!         Notification::Payment(payment) => format!("{} paid {}", payment.crc, payment.paid),
//!         Notification::Alias(event) => format!("alias event {}", event.event),
//!         Notification::Tokenization(card) => format!("saved a card {:?}", card.card_brand),
//!         other => format!("{other:?}"),
//!     }
//! }
//! ```

use std::fmt;

use api_auth::{Amount, ExtraFields, ResponseError, Secret, wire_enum};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::NotificationResponse;
use super::members::{Members, invalid_body, missing};
use crate::blik::AliasType;
use crate::cards::CardExpiry;
use crate::{UnixTime, local_time};

pub use super::hidden_description::HiddenDescription;
pub use super::payment::{NotificationStatus, PaymentNotification};

/// The documented statuses of a marketplace payment.
const MARKETPLACE_STATUSES: &[&str] = &["pending", "correct", "refund", "canceled"];

wire_enum! {
    /// The type of an alias event.
    ///
    /// See the example in the module [`notifications::events`](crate::notifications::events).
    ///
    /// Source: the provider's documentation, `docs-api.tpay.com`, webhooks.
    pub enum AliasEventKind {
        /// The alias was registered.
        Register = "ALIAS_REGISTER",
        /// The alias was removed.
        Unregister = "ALIAS_UNREGISTER",
        /// The alias was changed.
        Update = "ALIAS_UPDATE",
        /// The alias has expired.
        Expired = "ALIAS_EXPIRED",
    }
}

/// A notification that BLIK aliases were registered, changed or removed, or have expired.
///
/// See the example in the module [`notifications::events`](crate::notifications::events).
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks (forms), and the official
/// PHP client (forms and JSON).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AliasNotification {
    /// The id of the merchant (`id`), digits only. Empty if the notification does not contain it.
    pub merchant_id: String,
    /// The type of the event, such as `ALIAS_REGISTER`.
    pub event: AliasEventKind,
    /// The aliases to which the event applies, at least one. The provider's examples contain
    /// exactly one.
    pub aliases: Vec<NotifiedAlias>,
}

/// One alias of an [`AliasNotification`].
///
/// See the example in the module [`notifications::events`](crate::notifications::events).
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotifiedAlias {
    /// The value of the alias, such as `user-42`.
    pub value: String,
    /// The type of the alias, such as `UID`.
    pub kind: Option<AliasType>,
    /// The expiry date in Polish local time, such as `2028-12-10 09:27:59` or `2028-12-10`.
    pub expiration_date: Option<String>,
}

impl AliasNotification {
    pub(super) fn read(mut members: Members) -> Result<Self, ResponseError> {
        let event = AliasEventKind::from(&*members.require("event")?);
        if !event.is_known() {
            return Err(invalid_body("event: unknown"));
        }
        let aliases = NotifiedAlias::read_all(&members)?;
        members.validate_exact(&["id"])?;
        let merchant_id = members.take("id").unwrap_or_default();
        Ok(Self { merchant_id, event, aliases })
    }
}

impl NotifiedAlias {
    /// Returns [`expiration_date`](Self::expiration_date) as Unix time. A date without a time is
    /// interpreted as midnight. Returns `None` if the field is absent or is not a valid time; see
    /// [`LocalTime::unix_time`](crate::common::LocalTime::unix_time).
    pub fn expiration_time(&self) -> Option<UnixTime> {
        local_time::unix_time(self.expiration_date.as_deref())
    }

    /// Reads the aliases from `msg_value`, which is one object, a list of objects, or the numbered
    /// objects of a form.
    fn read_all(members: &Members) -> Result<Vec<Self>, ResponseError> {
        let read = |value: &Value| {
            let object = value.as_object().ok_or_else(Self::missing)?;
            Self::read(members, object)
        };
        let aliases: Vec<_> = match members.get("msg_value") {
            Some(Value::Object(one)) if one.contains_key("value") => {
                if one.iter().any(|(name, value)| is_alias(name, value)) {
                    return Err(invalid_body("msg_value: both an alias and a list of aliases"));
                }
                vec![Self::read(members, one)?]
            }
            Some(Value::Object(numbered)) => {
                numbered.values().map(read).collect::<Result<_, _>>()?
            }
            Some(Value::Array(list)) => list.iter().map(read).collect::<Result<_, _>>()?,
            _ => Vec::new(),
        };
        if aliases.is_empty() { Err(Self::missing()) } else { Ok(aliases) }
    }

    fn read(members: &Members, object: &Map<String, Value>) -> Result<Self, ResponseError> {
        members.validate_exact_in("msg_value", object, &["value", "type", "expirationDate"])?;
        let text = |name: &str| match object.get(name)? {
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        Ok(Self {
            value: text("value").ok_or_else(Self::missing)?,
            kind: text("type").map(|text| AliasType::from(&*text)),
            expiration_date: text("expirationDate"),
        })
    }

    fn missing() -> ResponseError {
        missing("msg_value.value")
    }
}

/// Returns whether this member of an alias object contains another alias, so that `msg_value` would
/// be both an alias and a list of aliases.
fn is_alias(name: &str, value: &Value) -> bool {
    let is_numbered = name.bytes().all(|byte| byte.is_ascii_digit());
    let has_value = |value: &Value| value.get("value").is_some();
    match value {
        Value::Object(_) => is_numbered || has_value(value),
        Value::Array(list) => is_numbered || list.iter().any(has_value),
        _ => false,
    }
}

/// A notification that a card was saved with [`CreateCardToken`](crate::cards::CreateCardToken).
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TokenizationNotification {
    /// The id from the response to [`CreateCardToken`](crate::cards::CreateCardToken).
    pub tokenization_id: Option<String>,
    /// The token of the card, with up to 64 characters.
    #[serde(skip_serializing)]
    pub token: Option<Secret>,
    /// The brand of the card, such as `Visa`.
    pub card_brand: Option<String>,
    /// The last digits of the card number, such as `1111`.
    pub card_tail: Option<String>,
    /// The expiry date of the token in the format `MMYY`, such as `0625` for June 2025.
    pub token_expiry_date: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
    #[serde(skip)]
    pub(super) body_hash: String,
}

impl TokenizationNotification {
    /// Returns the expiry date of the card. Returns `None` if
    /// [`token_expiry_date`](Self::token_expiry_date) is absent or is not a valid date.
    pub fn card_expiry(&self) -> Option<CardExpiry> {
        CardExpiry::from_mmyy(self.token_expiry_date.as_deref()?)
    }
}

/// A notification that the token of a saved card has changed, for example its status.
/// [`Client::get_card_token`](crate::Client::get_card_token) returns the current status.
///
/// See the example in the module [`notifications::events`](crate::notifications::events).
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TokenUpdateNotification {
    /// The token that has changed.
    #[serde(skip_serializing)]
    pub token: Option<Secret>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// A notification about a marketplace payment. The unit of the amounts is not documented: compare
/// them with your records.
///
/// See the example in the module [`notifications::events`](crate::notifications::events).
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MarketplaceNotification {
    /// The id of the transaction, a ULID such as `01G5EDNEPPNWBJAX8AR5QAMGVA`.
    pub transaction_id: Option<String>,
    /// The title that the payer sees, in the format `TR-XXX-XXXXXXX`.
    pub transaction_title: Option<String>,
    /// The amount due, as the server sent it. It is not documented whether the amount is in the
    /// transaction's currency (12.34) or in grosze (1234).
    pub transaction_amount: Option<Amount>,
    /// The paid amount, as the server sent it. It is not documented whether the amount is in the
    /// transaction's currency (12.34) or in grosze (1234).
    pub transaction_paid_amount: Option<Amount>,
    /// The status: `pending`, `correct`, `refund` or `canceled`.
    pub transaction_status: Option<String>,
    /// The reference that you set, such as an order number.
    pub transaction_hidden_description: Option<HiddenDescription>,
    /// The payer's e-mail address, such as `jan.nowak@example.com`.
    pub payer_email: Option<String>,
    /// The time of the transaction in Polish local time, such as `2026-11-22 01:20:18`.
    pub transaction_date: Option<String>,
    /// The description that the payer saw, such as `Order 7`.
    pub transaction_description: Option<String>,
    /// The time in Polish local time at which the payment was posted, such as
    /// `2026-11-23 01:20:18`.
    pub transaction_booking_date: Option<String>,
    /// The token of the card, if the card was saved.
    #[serde(skip_serializing)]
    pub card_token: Option<Secret>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
    #[serde(skip)]
    pub(super) body_hash: String,
}

impl MarketplaceNotification {
    /// Returns [`transaction_date`](Self::transaction_date), the time of the transaction, as Unix
    /// time. Returns `None` if the field is absent or is not a valid time; see
    /// [`LocalTime::unix_time`](crate::common::LocalTime::unix_time).
    pub fn time(&self) -> Option<UnixTime> {
        local_time::unix_time(self.transaction_date.as_deref())
    }

    /// Returns [`transaction_booking_date`](Self::transaction_booking_date), the time at which the
    /// payment was posted, as Unix time. Returns `None` if the field is absent or is not a valid
    /// time; see [`LocalTime::unix_time`](crate::common::LocalTime::unix_time).
    pub fn booking_time(&self) -> Option<UnixTime> {
        local_time::unix_time(self.transaction_booking_date.as_deref())
    }

    pub(super) fn read(members: &Members) -> Result<Self, ResponseError> {
        let mut payment: Self = members.data(&[
            "transactionId",
            "transactionTitle",
            "transactionStatus",
            "transactionDate",
            "cardToken",
        ])?;
        payment.transaction_hidden_description =
            members.hidden_description_in_data("transactionHiddenDescription")?;
        required("transactionId", is_set(&payment.transaction_id))?;
        let status = payment.transaction_status.as_deref().unwrap_or_default();
        required("transactionStatus", !status.is_empty())?;
        if !MARKETPLACE_STATUSES.contains(&status) {
            let allowed = MARKETPLACE_STATUSES.join(", ");
            return Err(invalid_body(&format!("transactionStatus: not one of {allowed}")));
        }
        payment.transaction_amount = Some(members.require_amount_in_data("transactionAmount")?);
        payment.transaction_paid_amount =
            Some(members.require_amount_in_data("transactionPaidAmount")?);
        Ok(payment)
    }
}

/// A notification about a charge of a plan of recurring payments. Experimental: the format is
/// documented for the provider's sandbox only.
///
/// See the example in the module [`notifications::events`](crate::notifications::events).
///
/// Source: the provider's documentation, `docs.sandbox.tpay.com`, recurring payments, and a branch
/// of the official PHP client. It is not certain that the body is JSON.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RecurringNotification {
    /// The id of the plan, a ULID such as `01KHXNTSWXP42CYFTF5TM3FJJX`.
    pub recurring_id: Option<String>,
    /// The id of the charge's transaction, such as `TR-1234-ABC`.
    pub transaction_id: Option<String>,
    /// The reference that you set, such as an order number.
    pub hidden_description: Option<HiddenDescription>,
    /// The number of the charge, counted from 1.
    pub iteration_count: Option<i64>,
    /// The number of the attempt to make this charge, counted from 1.
    pub iteration_attempt_count: Option<i64>,
    /// The status of the charge, such as `failed`.
    pub status: Option<String>,
    /// The date of the next charge, such as `2026-12-10 09:27:59`.
    pub next_charge_date: Option<String>,
    /// The reason why the charge failed, such as `insufficient funds`.
    pub reason: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
    #[serde(skip)]
    pub(super) body_hash: String,
}

impl RecurringNotification {
    pub(super) fn read(members: &Members) -> Result<Self, ResponseError> {
        members.validate_exact(&["recurringId", "transactionId", "status"])?;
        let hidden_description = members.hidden_description("hiddenDescription")?;
        let mut charge: Self = members.all()?;
        charge.hidden_description = Some(hidden_description).filter(|text| !text.is_empty());
        required("status", is_set(&charge.status))?;
        Ok(charge)
    }

    /// Returns the response `TRUE`, which an unofficial client sends instead of the response of
    /// [`accept`](crate::Notification::accept). Send it if Tpay repeats the notification although
    /// you have sent the other response.
    pub fn accept_as_text(&self) -> NotificationResponse {
        NotificationResponse::TRUE
    }

    /// Returns whether two notifications with the same body always report the same event. This
    /// holds if they contain the id of a transaction, or the numbers of a charge and its attempt.
    pub(super) fn is_unique(&self) -> bool {
        let is_numbered = self.iteration_count.is_some() && self.iteration_attempt_count.is_some();
        is_numbered || is_set(&self.transaction_id)
    }
}

/// A genuine notification of an unknown kind, or one whose body cannot be parsed, for example
/// because it is neither a form nor JSON, or contains a name twice.
/// [`read`](crate::Notifications::read) returns it as the payload of an error. There is no response
/// that acknowledges it.
///
/// See the example in the module [`notifications::events`](crate::notifications::events).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtherNotification {
    /// The `type` or `event` of the notification, if it contains one.
    pub kind: Option<String>,
    /// The unchanged body, which can contain secrets.
    pub body: Vec<u8>,
}

impl fmt::Debug for OtherNotification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtherNotification")
            .field("kind", &self.kind)
            .field("body_length", &self.body.len())
            .finish()
    }
}

/// Returns whether a string is present and not empty.
pub(super) fn is_set(text: &Option<String>) -> bool {
    text.as_ref().is_some_and(|text| !text.is_empty())
}

pub(super) fn required(name: &str, is_set: bool) -> Result<(), ResponseError> {
    if is_set { Ok(()) } else { Err(missing(name)) }
}
