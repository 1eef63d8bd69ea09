//! The kinds of notifications.

use std::collections::BTreeMap;
use std::fmt;

use api_auth::{
    Amount, Error, ErrorKind, Fault, Fields, Response, Secret, TokenKey, md5, wire, wire_enum,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::form::Form;
use crate::{AliasType, Currency};

/// A notification that is genuine.
///
/// Deliveries repeat until the right answer comes: keep [`key`](Notification::key) and do nothing
/// twice, then answer with [`accept`](Notification::accept).
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks; recurring charges,
/// `docs.sandbox.tpay.com`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Notification {
    /// A payment was made or taken back.
    Payment(Box<PaymentNotification>),
    /// A BLIK alias was registered, changed or ended.
    Alias(AliasNotification),
    /// A card was saved.
    Tokenization(TokenizationNotification),
    /// The status of the token of a saved card was changed.
    TokenUpdate(TokenUpdateNotification),
    /// A payment of a marketplace.
    Marketplace(MarketplaceNotification),
    /// A charge of a plan.
    Recurring(RecurringNotification),
    /// A kind that this version does not know.
    Other(OtherNotification),
}

/// What to answer to the sender of a notification.
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks; `FALSE`,
/// `support.tpay.com`, two-step confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotificationReply {
    /// The HTTP status.
    pub status: u16,
    /// The `content-type`.
    pub content_type: &'static str,
    /// The body, exactly.
    pub body: &'static str,
}

impl NotificationReply {
    const TRUE: Self = Self { status: 200, content_type: "text/plain", body: "TRUE" };
    const RESULT: Self =
        Self { status: 200, content_type: "application/json", body: r#"{"result":true}"# };

    /// Refuses a payment in two-step mode on purpose: Tpay then pays the payer back. Never send it
    /// for a signature that does not hold.
    pub const PAY_BACK: Self = Self { status: 200, content_type: "text/plain", body: "FALSE" };

    /// What to answer when a notification could not be read: 400 for what is not genuine, and 503
    /// when the certificate could not be fetched, so that it is sent again.
    pub fn to_error(error: &Error) -> Self {
        let (status, body) = match error.kind() {
            ErrorKind::Verify => (400, "not genuine"),
            ErrorKind::Decode if error.status().is_none() => (400, "not understood"),
            _ => (503, "try again later"),
        };
        Self { status, content_type: "text/plain", body }
    }
}

impl Notification {
    /// What to answer when everything was done: the sender stops only for exactly this.
    pub fn accept(&self) -> NotificationReply {
        match self {
            Self::Payment(_) | Self::Alias(_) | Self::Recurring(_) => NotificationReply::TRUE,
            Self::Tokenization(_) | Self::TokenUpdate(_) | Self::Marketplace(_) => {
                NotificationReply::RESULT
            }
            Self::Other(other) if other.kind.is_some() => NotificationReply::RESULT,
            Self::Other(_) => NotificationReply::TRUE,
        }
    }

    /// What is the same for repeated deliveries of one event, and different for others: for a
    /// column with a unique index. It holds no secret.
    pub fn key(&self) -> String {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        match self {
            Self::Payment(payment) => {
                let status = payment.status.as_str().to_ascii_lowercase();
                [&payment.title, ":", &status, ":", &payment.date].concat()
            }
            Self::Alias(alias) => format!(
                "alias:{}:{}:{}:{}",
                alias.event.as_str(),
                alias.kind.as_ref().map_or("", AliasType::as_str),
                alias.value,
                text(&alias.expiration_date),
            ),
            Self::Tokenization(saved) => format!("tokenization:{}", text(&saved.tokenization_id)),
            Self::TokenUpdate(update) => {
                let token = update.token.as_ref().map(Secret::expose).unwrap_or_default();
                format!("token_update:{}", TokenKey::new(&[token]).as_str())
            }
            Self::Marketplace(payment) => format!(
                "marketplace:{}:{}:{}",
                text(&payment.transaction_id),
                text(&payment.transaction_status),
                text(&payment.transaction_date),
            ),
            Self::Recurring(charge) => format!(
                "recurring:{}:{}:{}:{}:{}",
                text(&charge.recurring_id),
                text(&charge.transaction_id),
                charge.iteration_count.unwrap_or_default(),
                charge.iteration_attempt_count.unwrap_or_default(),
                text(&charge.status),
            ),
            Self::Other(other) => {
                format!("other:{}", TokenKey::new(&[&other.body]).as_str())
            }
        }
    }
}

wire_enum! {
    /// What happened to a payment (`tr_status`). The sender's letters may be of either case.
    ///
    /// Source: the provider's documentation, `docs-api.tpay.com`, webhooks; `paid` and capital
    /// letters were seen on the wire.
    pub enum NotificationStatus {
        /// It was made.
        True = "true",
        /// It was made, and waits for your answer (two-step mode).
        Paid = "paid",
        /// It was taken back.
        Chargeback = "chargeback",
    }
}

/// A payment was made or taken back.
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct PaymentNotification {
    /// The merchant (`id`).
    pub merchant_id: String,
    /// The title of the transaction (`tr_id`). It is not the transaction's id.
    pub title: String,
    /// When, in local time (`tr_date`).
    pub date: String,
    /// Your hidden description of the transaction (`tr_crc`).
    pub crc: String,
    /// What was due (`tr_amount`), in units of the transaction's currency.
    pub amount: Option<Amount>,
    /// What was really paid (`tr_paid`), in units of the transaction's currency: compare it with
    /// what you expect.
    pub paid: Option<Amount>,
    /// What the payer read (`tr_desc`).
    pub description: String,
    /// What happened (`tr_status`).
    pub status: NotificationStatus,
    /// `none`, `overpay` or `surcharge` (`tr_error`).
    pub error: String,
    /// The payer's e-mail address (`tr_email`).
    pub email: String,
    /// Whether it is a test (`test_mode`, or the title of the panel's test button).
    pub test_mode: bool,
    /// The currency (`tr_currency`).
    pub currency: Option<Currency>,
    /// The channel (`tr_channel`).
    pub channel: Option<String>,
    /// The token of the card, if it was saved (`card_token`).
    pub card_token: Option<Secret>,
    /// When that token expires, `MMYY` (`token_expiry_date`).
    pub token_expiry_date: Option<String>,
    /// The last digits of that card (`card_tail`).
    pub card_tail: Option<String>,
    /// The brand of that card (`card_brand`).
    pub card_brand: Option<String>,
    /// The token of the card, if it was saved by EISOP (`tokenPaymentData_tokenValue`).
    pub token_value: Option<Secret>,
    /// What else came, such as the other fields of `tokenPaymentData`.
    pub fields: BTreeMap<String, String>,
    /// The values that the md5sum covers, as they came, and the sum.
    sum: [String; 2],
}

impl PaymentNotification {
    /// Whether the payer has paid.
    pub fn is_paid(&self) -> bool {
        matches!(self.status, NotificationStatus::True | NotificationStatus::Paid)
    }

    /// Whether its md5sum is right by this security code. Compared in constant time.
    pub fn md5sum_holds(&self, security_code: &Secret) -> bool {
        let [amount, sum] = &self.sum;
        let parts = [&self.merchant_id, &self.title, amount, &self.crc, security_code.expose()];
        md5::matches(&parts, sum)
    }

    fn read(mut form: Form) -> Self {
        let title = form.take("tr_id");
        let amount = form.take("tr_amount");
        let is_test = |title: &str| {
            title.starts_with("TR-")
                && title.rsplit('-').next().is_some_and(|last| {
                    let number = last.strip_prefix("TST").and_then(|rest| rest.strip_suffix('X'));
                    number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
                })
        };
        Self {
            merchant_id: form.take("id"),
            date: form.take("tr_date"),
            crc: form.take("tr_crc"),
            paid: form.take("tr_paid").parse().ok(),
            description: form.take("tr_desc"),
            status: NotificationStatus::from(&*form.take("tr_status").to_ascii_lowercase()),
            error: form.take("tr_error"),
            email: form.take("tr_email"),
            test_mode: form.take("test_mode") == "1" || is_test(&title),
            currency: form.optional("tr_currency").map(|text| Currency::from(&*text)),
            channel: form.optional("tr_channel"),
            card_token: form.optional("card_token").map(Secret::from),
            token_expiry_date: form.optional("token_expiry_date"),
            card_tail: form.optional("card_tail"),
            card_brand: form.optional("card_brand"),
            token_value: form.optional("tokenPaymentData_tokenValue").map(Secret::from),
            sum: [amount.clone(), form.take("md5sum")],
            amount: amount.parse().ok(),
            title,
            fields: form.rest(),
        }
    }
}

impl fmt::Debug for PaymentNotification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PaymentNotification")
            .field("title", &self.title)
            .field("date", &self.date)
            .field("crc", &self.crc)
            .field("amount", &self.amount)
            .field("paid", &self.paid)
            .field("status", &self.status)
            .field("test_mode", &self.test_mode)
            .finish_non_exhaustive()
    }
}

wire_enum! {
    /// What happened to a BLIK alias.
    ///
    /// Source: the provider's documentation, `docs-api.tpay.com`, webhooks.
    pub enum AliasEventKind {
        /// It was registered.
        Register = "ALIAS_REGISTER",
        /// It was removed.
        Unregister = "ALIAS_UNREGISTER",
        /// It was changed.
        Update = "ALIAS_UPDATE",
        /// Its time is over.
        Expired = "ALIAS_EXPIRED",
    }
}

/// A BLIK alias was registered, changed or ended.
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks (a form); a plug-in of third
/// parties reads JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AliasNotification {
    /// The merchant.
    pub merchant_id: String,
    /// What happened.
    pub event: AliasEventKind,
    /// The alias.
    pub value: String,
    /// Its kind.
    pub kind: Option<AliasType>,
    /// When its life ends, in local time.
    pub expiration_date: Option<String>,
}

impl AliasNotification {
    fn of_form(mut form: Form) -> Self {
        Self {
            merchant_id: form.take("id"),
            event: AliasEventKind::from(&*form.take("event")),
            value: form.take("msg_value[value]"),
            kind: form.optional("msg_value[type]").map(|text| AliasType::from(&*text)),
            expiration_date: form.optional("msg_value[expirationDate]"),
        }
    }

    fn of_json(event: &str, fields: &Fields) -> Self {
        let alias = fields.read::<Fields>("msg_value").unwrap_or_default();
        Self {
            merchant_id: fields.text("id").unwrap_or_default(),
            event: AliasEventKind::from(event),
            value: alias.text("value").unwrap_or_default(),
            kind: alias.text("type").map(|text| AliasType::from(&*text)),
            expiration_date: alias.text("expirationDate"),
        }
    }
}

/// A card was saved: the answer to [`CreateToken`](crate::CreateToken).
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TokenizationNotification {
    /// The id that the call answered with.
    #[serde(default, deserialize_with = "wire::text")]
    pub tokenization_id: Option<String>,
    /// The token of the card.
    #[serde(default, skip_serializing, deserialize_with = "wire::secret")]
    pub token: Option<Secret>,
    /// The brand of the card.
    #[serde(default, deserialize_with = "wire::text")]
    pub card_brand: Option<String>,
    /// The last digits of the card.
    #[serde(default, deserialize_with = "wire::text")]
    pub card_tail: Option<String>,
    /// When the token expires, `MMYY`.
    #[serde(default, deserialize_with = "wire::text")]
    pub token_expiry_date: Option<String>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// Something about the token of a saved card was changed, such as its status:
/// [`Client::get_token`](crate::Client::get_token) tells what.
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TokenUpdateNotification {
    /// The token.
    #[serde(default, skip_serializing, deserialize_with = "wire::secret")]
    pub token: Option<Secret>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// A payment of a marketplace. No source tells the unit of its amounts: compare before you trust
/// them.
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MarketplaceNotification {
    /// The payment.
    #[serde(default, deserialize_with = "wire::text")]
    pub transaction_id: Option<String>,
    /// The title that the payer sees.
    #[serde(default, deserialize_with = "wire::text")]
    pub transaction_title: Option<String>,
    /// What was due, as it came: in units of the transaction's currency, or in grosze.
    #[serde(default, deserialize_with = "wire::amount")]
    pub transaction_amount: Option<Amount>,
    /// What was paid, as it came: in units of the transaction's currency, or in grosze.
    #[serde(default, deserialize_with = "wire::amount")]
    pub transaction_paid_amount: Option<Amount>,
    /// Where it stands.
    #[serde(default, deserialize_with = "wire::text")]
    pub transaction_status: Option<String>,
    /// Your own text.
    #[serde(default, deserialize_with = "wire::text")]
    pub transaction_hidden_description: Option<String>,
    /// The payer's e-mail address.
    #[serde(default, deserialize_with = "wire::text")]
    pub payer_email: Option<String>,
    /// When, in local time.
    #[serde(default, deserialize_with = "wire::text")]
    pub transaction_date: Option<String>,
    /// What the payer read.
    #[serde(default, deserialize_with = "wire::text")]
    pub transaction_description: Option<String>,
    /// When it was booked, in local time.
    #[serde(default, deserialize_with = "wire::text")]
    pub transaction_booking_date: Option<String>,
    /// The token of the card, if it was saved.
    #[serde(default, skip_serializing, deserialize_with = "wire::secret")]
    pub card_token: Option<Secret>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// A charge of a plan. Experimental.
///
/// Source: the provider's documentation, `docs.sandbox.tpay.com`, recurring payments, and a branch
/// of the official PHP client. That it is JSON is not certain.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RecurringNotification {
    /// The plan.
    #[serde(default, deserialize_with = "wire::text")]
    pub recurring_id: Option<String>,
    /// The transaction of the charge.
    #[serde(default, deserialize_with = "wire::text")]
    pub transaction_id: Option<String>,
    /// Your own text.
    #[serde(default, deserialize_with = "wire::text")]
    pub hidden_description: Option<String>,
    /// Which charge it is.
    #[serde(default, deserialize_with = "wire::integer")]
    pub iteration_count: Option<i64>,
    /// Which try of it.
    #[serde(default, deserialize_with = "wire::integer")]
    pub iteration_attempt_count: Option<i64>,
    /// How it went.
    #[serde(default, deserialize_with = "wire::text")]
    pub status: Option<String>,
    /// When the next charge is made.
    #[serde(default, deserialize_with = "wire::text")]
    pub next_charge_date: Option<String>,
    /// Why it failed.
    #[serde(default, deserialize_with = "wire::text")]
    pub reason: Option<String>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// A notification of a kind that this version does not know. Its signature holds.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct OtherNotification {
    /// Its `type`, if it has one.
    pub kind: Option<String>,
    /// Its body.
    pub body: String,
}

/// Reads a body whose signature holds: JSON if it begins with a brace, a form otherwise.
pub(super) fn read(body: &[u8]) -> Result<Notification, Fault> {
    if !body.trim_ascii_start().starts_with(b"{") {
        let form = Form::read(body);
        if form.has("tr_id") {
            return Ok(Notification::Payment(Box::new(PaymentNotification::read(form))));
        }
        if form.has("event") {
            return Ok(Notification::Alias(AliasNotification::of_form(form)));
        }
        return Ok(other(None, body));
    }
    let response = Response::new(body.to_vec());
    let fields: Fields = api_auth::json(&response)?;
    if let Some(event) = fields.text("event") {
        return Ok(Notification::Alias(AliasNotification::of_json(&event, &fields)));
    }
    if fields.text("recurringId").is_some() {
        return api_auth::json(&response).map(Notification::Recurring);
    }
    let kind = fields.text("type");
    Ok(match kind.as_deref() {
        Some("tokenization" | "tokenization_eisop") => Notification::Tokenization(data(&response)?),
        Some("token_update") => Notification::TokenUpdate(data(&response)?),
        Some("marketplace_transaction") => Notification::Marketplace(data(&response)?),
        _ => other(kind, body),
    })
}

fn data<T: DeserializeOwned>(response: &Response) -> Result<T, Fault> {
    #[derive(Deserialize)]
    struct Wrapped<T> {
        data: T,
    }
    api_auth::json::<Wrapped<T>>(response).map(|wrapped| wrapped.data)
}

fn other(kind: Option<String>, body: &[u8]) -> Notification {
    Notification::Other(OtherNotification {
        kind,
        body: String::from_utf8_lossy(body).into_owned(),
    })
}
