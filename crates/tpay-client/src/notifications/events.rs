//! The kinds of notifications.

use std::fmt;

use api_auth::hmac::sha256_hex;
use api_auth::{Amount, Error, ErrorKind, Fault, Fields, Secret, md5, wire, wire_enum};
use serde::{Deserialize, Serialize};

use super::members::{Members, not_understood};
use crate::{AliasType, Currency};

/// A notification that is genuine and of a known kind. Each kind is read as a form and as JSON.
///
/// Deliveries repeat until the right reply comes: keep [`key`](Notification::key), process each key
/// once, then reply with [`accept`](Notification::accept). A genuine notification of an unknown kind
/// is an error with an [`OtherNotification`] as its [`payload`](Error::payload), so that it is
/// never acknowledged unread.
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks; recurring charges,
/// `docs.sandbox.tpay.com`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Notification {
    /// A payment was made or charged back.
    Payment(Box<PaymentNotification>),
    /// A BLIK alias was registered, changed or removed, or has expired.
    Alias(AliasNotification),
    /// A card was saved. It names no merchant.
    Tokenization(TokenizationNotification),
    /// The status of the token of a saved card was changed. It names no merchant.
    TokenUpdate(TokenUpdateNotification),
    /// A payment of a marketplace. It names no merchant.
    Marketplace(MarketplaceNotification),
    /// A charge of a plan. It names no merchant.
    Recurring(RecurringNotification),
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
    /// Returns the reply that acknowledges the notification. Send it when everything was done: the
    /// sender repeats the notification until exactly this comes.
    pub fn accept(&self) -> NotificationReply {
        match self {
            Self::Payment(_) | Self::Alias(_) | Self::Recurring(_) => NotificationReply::TRUE,
            Self::Tokenization(_) | Self::TokenUpdate(_) | Self::Marketplace(_) => {
                NotificationReply::RESULT
            }
        }
    }

    /// Returns the SHA-256 of the verified body as 64 hex digits: the same for repeated deliveries
    /// and different for everything else. It is fit for a column with a unique index, and holds no
    /// secret.
    pub fn key(&self) -> &str {
        match self {
            Self::Payment(payment) => &payment.body_hash,
            Self::Alias(alias) => &alias.body_hash,
            Self::Tokenization(saved) => &saved.body_hash,
            Self::TokenUpdate(update) => &update.body_hash,
            Self::Marketplace(payment) => &payment.body_hash,
            Self::Recurring(charge) => &charge.body_hash,
        }
    }

    fn with_body_hash(mut self, body_hash: String) -> Self {
        match &mut self {
            Self::Payment(payment) => payment.body_hash = body_hash,
            Self::Alias(alias) => alias.body_hash = body_hash,
            Self::Tokenization(saved) => saved.body_hash = body_hash,
            Self::TokenUpdate(update) => update.body_hash = body_hash,
            Self::Marketplace(payment) => payment.body_hash = body_hash,
            Self::Recurring(charge) => charge.body_hash = body_hash,
        }
        self
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
    /// The amount due (`tr_amount`), in units of the transaction's currency.
    pub amount: Amount,
    /// The amount that was really paid (`tr_paid`), in units of the transaction's currency: compare
    /// it with what you expect, by [`paid_in_full`](Self::paid_in_full).
    pub paid: Amount,
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
    /// The wallet that paid (`wallet`).
    pub wallet: Option<String>,
    /// `1` for a payment by Masterpass (`masterpass`).
    pub masterpass: Option<String>,
    /// The token of the card, if it was saved (`card_token`).
    pub card_token: Option<Secret>,
    /// The expiry date of that token, `MMYY` (`token_expiry_date`).
    pub token_expiry_date: Option<String>,
    /// The last digits of that card (`card_tail`).
    pub card_tail: Option<String>,
    /// The brand of that card (`card_brand`).
    pub card_brand: Option<String>,
    /// The token of the card, if it was saved by EISOP (`tokenPaymentData_tokenValue`).
    pub token_value: Option<Secret>,
    /// The id of the first transaction by that EISOP token
    /// (`tokenPaymentData_initialTransactionId`).
    pub initial_transaction_id: Option<String>,
    /// The expiry date of the card of that EISOP token, `MMYY`
    /// (`tokenPaymentData_cardExpiryDate`). Requests want it as `YYMM`.
    pub eisop_card_expiry_date: Option<String>,
    /// The brand of the card of that EISOP token (`tokenPaymentData_cardBrand`).
    pub eisop_card_brand: Option<String>,
    /// The last digits of the card of that EISOP token (`tokenPaymentData_cardTail`).
    pub eisop_card_tail: Option<String>,
    /// Fields that this type does not cover.
    pub fields: Fields,
    /// The values that the md5sum covers, byte for byte, and the sum.
    covered: [Vec<u8>; 4],
    md5sum: String,
    body_hash: String,
}

impl PaymentNotification {
    /// Returns whether the payer has paid something. Tests of the panel
    /// ([`is_test`](Self::is_test)) and payments of a part are paid, too: decide by
    /// [`paid_in_full`](Self::paid_in_full).
    pub fn is_paid(&self) -> bool {
        matches!(self.status, NotificationStatus::True | NotificationStatus::Paid)
    }

    /// Returns whether at least `expected` was paid, in units of the transaction's currency. Compare
    /// [`currency`](Self::currency) as well if your account has more than one.
    ///
    /// ```
    /// # use tpay_client::{Client, Notification, grosze, testing};
    /// # let tpay = Client::builder("id", "secret").transport(|_| Ok(Default::default())).build()?;
    /// # let reader = tpay.notifications()?.merchant_id("1010");
    /// # let reader = reader.anchors(testing::ANCHORS)?.certificate(testing::CERTIFICATE);
    /// # let body = testing::payment("TR-BRA-KGZK0X", grosze(1234), "order-7", "code");
    /// # let signature = testing::sign(&tpay, body.as_bytes())?;
    /// # let Notification::Payment(payment) = reader.read(&signature, body.as_bytes())? else { unreachable!() };
    /// assert!(payment.paid_in_full(grosze(1234)) && !payment.paid_in_full(grosze(1235)));
    /// # Ok::<(), tpay_client::Error>(())
    /// ```
    pub fn paid_in_full(&self, expected: Amount) -> bool {
        self.is_paid() && self.paid >= expected
    }

    /// Returns whether this is a test and no payment: test mode, or the panel's test button.
    pub fn is_test(&self) -> bool {
        self.test_mode
    }

    /// Returns whether the md5sum is right for this security code, compared in constant time.
    pub fn md5sum_holds(&self, security_code: &Secret) -> bool {
        let [id, title, amount, crc] = &self.covered;
        let parts = [id, title, amount, crc, security_code.expose().as_bytes()];
        md5::matches(&parts, &self.md5sum)
    }

    fn read(mut members: Members) -> Result<Self, Fault> {
        let covered = ["id", "tr_id", "tr_amount", "tr_crc"].map(|name| members.covered(name));
        let title = members.require("tr_id")?;
        let is_test_title = |title: &str| {
            title.starts_with("TR-")
                && title.rsplit('-').next().is_some_and(|last| {
                    let number = last.strip_prefix("TST").and_then(|rest| rest.strip_suffix('X'));
                    number.is_some_and(|number| {
                        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
                    })
                })
        };
        let status = members.require("tr_status")?;
        let status = NotificationStatus::from(&*status.to_ascii_lowercase());
        if !status.is_known() {
            return Err(not_understood("tr_status: not one of TRUE, PAID, CHARGEBACK"));
        }
        let mut text = |name: &str| members.take(name).unwrap_or_default();
        Ok(Self {
            date: text("tr_date"),
            crc: text("tr_crc"),
            description: text("tr_desc"),
            error: text("tr_error"),
            email: text("tr_email"),
            md5sum: text("md5sum"),
            merchant_id: members.require("id")?,
            amount: members.require_amount("tr_amount")?,
            paid: members.require_amount("tr_paid")?,
            status,
            test_mode: members.take("test_mode").as_deref() == Some("1") || is_test_title(&title),
            title,
            currency: members.take("tr_currency").map(|text| Currency::from(&*text)),
            channel: members.take("tr_channel"),
            wallet: members.take("wallet"),
            masterpass: members.take("masterpass"),
            card_token: members.take("card_token").map(Secret::from),
            token_expiry_date: members.take("token_expiry_date"),
            card_tail: members.take("card_tail"),
            card_brand: members.take("card_brand"),
            token_value: members.take("tokenPaymentData_tokenValue").map(Secret::from),
            initial_transaction_id: members.take("tokenPaymentData_initialTransactionId"),
            eisop_card_expiry_date: members.take("tokenPaymentData_cardExpiryDate"),
            eisop_card_brand: members.take("tokenPaymentData_cardBrand"),
            eisop_card_tail: members.take("tokenPaymentData_cardTail"),
            fields: members.fields,
            covered,
            body_hash: String::new(),
        })
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

/// BLIK aliases were registered, changed or removed, or have expired.
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks, and the official PHP client,
/// which read forms and JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AliasNotification {
    /// The merchant (`id`). Empty if the notification names none.
    pub merchant_id: String,
    /// What happened.
    pub event: AliasEventKind,
    /// The aliases, at least one. The provider's examples have exactly one.
    pub aliases: Vec<NotifiedAlias>,
    body_hash: String,
}

/// One alias of an [`AliasNotification`].
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotifiedAlias {
    /// The value of the alias.
    pub value: String,
    /// Its kind.
    pub kind: Option<AliasType>,
    /// The expiry date in Polish time, `2028-12-10 09:27:59` or `2028-12-10`.
    pub expiration_date: Option<String>,
}

impl AliasNotification {
    fn read(mut members: Members) -> Result<Self, Fault> {
        let event = AliasEventKind::from(&*members.require("event")?);
        if !event.is_known() {
            return Err(not_understood("event: unknown"));
        }
        // One object, a list of them, or a list as a form has it: an object by number.
        let one = members.fields.read::<Fields>("msg_value");
        let list = members.fields.read::<Vec<Fields>>("msg_value").or_else(|| {
            let numbered = one.as_ref().filter(|one| !one.contains("value"))?;
            numbered.names().map(|name| numbered.read(name)).collect()
        });
        let aliases = list.or_else(|| Some(vec![one?])).unwrap_or_default();
        let aliases: Option<Vec<_>> = aliases.iter().map(NotifiedAlias::read).collect();
        let aliases = aliases.filter(|aliases| !aliases.is_empty());
        let aliases = aliases.ok_or_else(|| not_understood("msg_value.value: missing"))?;
        let merchant_id = members.take("id").unwrap_or_default();
        Ok(Self { merchant_id, event, aliases, body_hash: String::new() })
    }
}

impl NotifiedAlias {
    fn read(fields: &Fields) -> Option<Self> {
        let text = |name: &str| fields.text(name).filter(|text| !text.is_empty());
        Some(Self {
            value: text("value")?,
            kind: text("type").map(|text| AliasType::from(&*text)),
            expiration_date: text("expirationDate"),
        })
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
    #[serde(skip)]
    body_hash: String,
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
    #[serde(skip)]
    body_hash: String,
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
    #[serde(skip)]
    body_hash: String,
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
    #[serde(skip)]
    body_hash: String,
}

/// A genuine notification of a kind that this version does not know: the payload of the error that
/// [`read`](crate::Notifications::read) returns for it. There is no reply that acknowledges it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtherNotification {
    /// Its `type` or `event`, if it has one.
    pub kind: Option<String>,
    /// Its body, which may hold secrets.
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

/// Reads a body whose signature holds. The kinds are told apart in the order of the official client.
pub(super) fn read(body: &[u8]) -> Result<Notification, Fault> {
    let members = Members::read(body)?;
    let text = |name: &str| members.fields.text(name).filter(|text| !text.is_empty());
    let unknown = |kind: Option<String>| {
        let problem = match &kind {
            Some(_) => "a notification of an unknown type",
            None => "not a known kind of notification",
        };
        let other = OtherNotification { kind, body: body.to_vec() };
        Err(not_understood(problem).with_payload(other))
    };
    let notification = if members.fields.contains("tr_id") {
        Notification::Payment(Box::new(PaymentNotification::read(members)?))
    } else if let Some(kind) = text("type") {
        match kind.as_str() {
            "tokenization" | "tokenization_eisop" => {
                let saved: TokenizationNotification = members.data()?;
                required("token", saved.token.is_some())?;
                Notification::Tokenization(saved)
            }
            "token_update" => {
                let update: TokenUpdateNotification = members.data()?;
                required("token", update.token.is_some())?;
                Notification::TokenUpdate(update)
            }
            "marketplace_transaction" => {
                let payment: MarketplaceNotification = members.data()?;
                required("transactionId", payment.transaction_id.is_some())?;
                required("transactionStatus", payment.transaction_status.is_some())?;
                Notification::Marketplace(payment)
            }
            _ => return unknown(Some(kind)),
        }
    } else if let Some(event) = text("event") {
        if !AliasEventKind::from(&*event).is_known() {
            return unknown(Some(event));
        }
        Notification::Alias(AliasNotification::read(members)?)
    } else if text("recurringId").is_some() {
        let charge: RecurringNotification = members.all()?;
        required("status", charge.status.is_some())?;
        Notification::Recurring(charge)
    } else {
        return unknown(None);
    };
    Ok(notification.with_body_hash(sha256_hex(body)))
}

fn required(name: &str, is_there: bool) -> Result<(), Fault> {
    if is_there { Ok(()) } else { Err(not_understood(&format!("{name}: missing"))) }
}
