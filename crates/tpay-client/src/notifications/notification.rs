//! The kinds of notifications, and the responses to them.

use api_auth::hmac::sha256_hex;
use api_auth::{Error, ErrorKind, ResponseError};

use super::events::{
    AliasEventKind, AliasNotification, MarketplaceNotification, OtherNotification,
    PaymentNotification, RecurringNotification, TokenUpdateNotification, TokenizationNotification,
    is_set, required,
};
use super::members::{Members, invalid_body};

/// A genuine notification of a known kind. Each kind can be sent as a form or as JSON.
///
/// Tpay repeats a delivery until it is acknowledged. Store the [`key`](Notification::key), process
/// each key once, then respond with [`accept`](Notification::accept). Process deliveries without a
/// key idempotently. A genuine notification of an unknown kind is returned as an error with an
/// [`OtherNotification`] as its [`payload`](Error::payload), so that it is never acknowledged
/// without being processed.
///
/// See the example on [`Notifications`](crate::Notifications).
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks. Recurring charges are from
/// `docs.sandbox.tpay.com`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Notification {
    /// A payment was made or charged back.
    Payment(Box<PaymentNotification>),
    /// A BLIK alias was registered, changed or removed, or has expired.
    Alias(AliasNotification),
    /// A card was saved. The notification contains no merchant id.
    Tokenization(TokenizationNotification),
    /// The status of the token of a saved card was changed. The notification contains no merchant
    /// id.
    TokenUpdate(TokenUpdateNotification),
    /// The status of a marketplace payment was reported. The notification contains no merchant id.
    Marketplace(MarketplaceNotification),
    /// A charge of a plan of recurring payments was made or failed. The notification contains no
    /// merchant id.
    Recurring(RecurringNotification),
}

/// The HTTP response to send for a notification.
///
/// See the example on [`Notifications`](crate::Notifications).
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks. `FALSE` is from
/// `support.tpay.com`, two-step confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotificationResponse {
    /// The HTTP status, such as 200.
    pub status: u16,
    /// The value of the `content-type` header, such as `text/plain`.
    pub content_type: &'static str,
    /// The body, such as `TRUE`. Send it without any additional characters.
    pub body: &'static str,
}

impl NotificationResponse {
    pub(super) const TRUE: Self = Self { status: 200, content_type: "text/plain", body: "TRUE" };
    pub(super) const RESULT: Self =
        Self { status: 200, content_type: "application/json", body: r#"{"result":true}"# };

    /// The response that rejects a payment in two-step mode. Tpay then refunds the payer. Never
    /// send this response to a notification whose signature is invalid.
    pub const REFUND_PAYER: Self = Self { status: 200, content_type: "text/plain", body: "FALSE" };

    /// Returns the response for a notification that could not be read. The status is 400 if the
    /// notification is not genuine or cannot be parsed, and 503 for all other errors, so that Tpay
    /// sends the notification again.
    pub fn for_error(error: &Error) -> Self {
        let (status, body) = match error.kind() {
            ErrorKind::Verify => (400, "not genuine"),
            ErrorKind::Decode if error.status().is_none() => (400, "not understood"),
            _ => (503, "try again later"),
        };
        Self { status, content_type: "text/plain", body }
    }
}

impl Notification {
    /// Returns the response that acknowledges the notification. Send it after you have processed
    /// the notification. Tpay repeats the notification until it receives exactly this response.
    ///
    /// Existing clients disagree about the response to a [`Recurring`](Self::Recurring)
    /// notification. This method returns the response of the official client, and
    /// [`RecurringNotification::accept_as_text`] returns that of an unofficial one.
    pub fn accept(&self) -> NotificationResponse {
        match self {
            Self::Payment(_) | Self::Alias(_) => NotificationResponse::TRUE,
            Self::Tokenization(_)
            | Self::TokenUpdate(_)
            | Self::Marketplace(_)
            | Self::Recurring(_) => NotificationResponse::RESULT,
        }
    }

    /// Returns the SHA-256 hash of the verified body as 64 hex digits. The hash is the same for
    /// repeated deliveries of one event, and different for different events. It contains no secret
    /// and can be stored in a column with a unique index.
    ///
    /// Returns `None` if two different events can have the same body: always for
    /// [`TokenUpdate`](Self::TokenUpdate) and [`Alias`](Self::Alias), and for other kinds if the
    /// date or id is missing. Process these deliveries idempotently: for a token update, request
    /// its status with [`Client::get_card_token`](crate::Client::get_card_token); for an alias,
    /// store its new state.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Payment(payment) => payment.is_unique().then_some(&*payment.body_hash),
            Self::Tokenization(saved) => {
                is_set(&saved.tokenization_id).then_some(&*saved.body_hash)
            }
            Self::Marketplace(payment) => {
                let is_unique =
                    is_set(&payment.transaction_id) && is_set(&payment.transaction_date);
                is_unique.then_some(&*payment.body_hash)
            }
            Self::Recurring(charge) => charge.is_unique().then_some(&*charge.body_hash),
            Self::TokenUpdate(_) | Self::Alias(_) => None,
        }
    }

    fn with_body_hash(mut self, body_hash: String) -> Self {
        match &mut self {
            Self::Payment(payment) => payment.body_hash = body_hash,
            Self::Tokenization(saved) => saved.body_hash = body_hash,
            Self::TokenUpdate(_) | Self::Alias(_) => {}
            Self::Marketplace(payment) => payment.body_hash = body_hash,
            Self::Recurring(charge) => charge.body_hash = body_hash,
        }
        self
    }
}

/// Parses a body whose signature is valid. The members that determine the kind are checked in the
/// same order as in the official client.
pub(super) fn read(body: &[u8]) -> Result<Notification, ResponseError> {
    let other = |kind| OtherNotification { kind, body: body.to_vec() };
    let members = Members::read(body).map_err(|error| error.with_payload(other(None)))?;
    let text = |name: &str| members.text(name).filter(|text| !text.is_empty());
    let unknown = |problem, kind| Err(invalid_body(problem).with_payload(other(kind)));
    let is_payment = members.has_title;
    if !is_payment {
        members
            .validate_exact(&["type", "event"])
            .map_err(|error| error.with_payload(other(None)))?;
    }
    let notification = if is_payment {
        Notification::Payment(Box::new(PaymentNotification::read(members)?))
    } else if let Some(kind) = text("type") {
        match kind.as_str() {
            "tokenization" | "tokenization_eisop" => {
                let saved: TokenizationNotification = members.data(&["tokenizationId", "token"])?;
                required("token", saved.token.is_some())?;
                Notification::Tokenization(saved)
            }
            "token_update" => {
                let update: TokenUpdateNotification = members.data(&["token"])?;
                required("token", update.token.is_some())?;
                Notification::TokenUpdate(update)
            }
            "marketplace_transaction" => {
                Notification::Marketplace(MarketplaceNotification::read(&members)?)
            }
            _ => {
                let problem = "the notification has an unknown `type`";
                return unknown(problem, Some(kind));
            }
        }
    } else if let Some(event) = text("event") {
        if !AliasEventKind::from(&*event).is_known() {
            let problem = "the notification has an unknown `event`";
            return unknown(problem, Some(event));
        }
        Notification::Alias(AliasNotification::read(members)?)
    } else if text("recurringId").is_some() {
        Notification::Recurring(RecurringNotification::read(&members)?)
    } else {
        return unknown("the kind of the notification is unknown", None);
    };
    Ok(notification.with_body_hash(sha256_hex(body)))
}
