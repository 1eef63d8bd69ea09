//! The kinds of notifications: their names, bodies for tests, and their JSON for the output.

use clap::ValueEnum;
use cli_support::api_auth::{Params, decode_form};
use cli_support::args::set;
use cli_support::{Exit, Failure, Json};
use tpay_client::notifications::payment_md5sum;
use tpay_client::{Notification, Secret};

/// The kind of a notification, as a value of `--kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Payment,
    Tokenization,
    TokenUpdate,
    Marketplace,
    Alias,
    Recurring,
}

impl Kind {
    pub(crate) fn of(notification: &Notification) -> Option<Self> {
        Some(match notification {
            Notification::Payment(_) => Self::Payment,
            Notification::Tokenization(_) => Self::Tokenization,
            Notification::TokenUpdate(_) => Self::TokenUpdate,
            Notification::Marketplace(_) => Self::Marketplace,
            Notification::Alias(_) => Self::Alias,
            Notification::Recurring(_) => Self::Recurring,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Tokenization => "tokenization",
            Self::TokenUpdate => "token-update",
            Self::Marketplace => "marketplace",
            Self::Alias => "alias",
            Self::Recurring => "recurring",
        }
    }

    /// Returns the members of an example notification, based on the provider's documentation, as
    /// JSON.
    fn example(self) -> &'static str {
        match self {
            Self::Payment => {
                r#"{"id":"1010","tr_id":"TR-BRA-KGZK0X","tr_date":"2026-11-22 01:20:18","tr_crc":"order-123","tr_amount":"12.34","tr_paid":"12.34","tr_desc":"Test transaction","tr_status":"TRUE","tr_error":"none","tr_email":"jan.nowak@example.com","test_mode":"0"}"#
            }
            Self::Tokenization => {
                r#"{"type":"tokenization","data":{"tokenizationId":"TO-123","token":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb1","cardBrand":"Visa","cardTail":"1111","tokenExpiryDate":"0630"}}"#
            }
            Self::TokenUpdate => {
                r#"{"type":"token_update","data":{"token":"ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc1"}}"#
            }
            Self::Marketplace => {
                r#"{"type":"marketplace_transaction","data":{"transactionId":"01G5EDNEPPNWBJAX8AR5QAMGVA","transactionTitle":"TR-BRA-KGZK0X","transactionAmount":"1234.56","transactionPaidAmount":"1234.56","transactionStatus":"correct","transactionHiddenDescription":"order-7","payerEmail":"jan.nowak@example.com","transactionDate":"2026-11-22 01:20:18","transactionDescription":"Two books","transactionBookingDate":"2026-11-23 01:20:18"}}"#
            }
            Self::Alias => {
                r#"{"id":"1010","event":"ALIAS_REGISTER","msg_value":{"value":"user_unique_alias_123","type":"UID","expirationDate":"2028-12-10 09:27:59"}}"#
            }
            Self::Recurring => {
                r#"{"recurringId":"01KHXNTSWXP42CYFTF5TM3FJJX","transactionId":"TR-1234-ABC","hiddenDescription":"ORDER-123","iterationCount":"3","iterationAttemptCount":"2","status":"failed","nextChargeDate":"2026-12-10 09:27:59","reason":"insufficient funds"}"#
            }
        }
    }

    /// Returns whether a test notification of this kind has a value at `path`.
    pub(crate) fn has(self, path: &str) -> bool {
        (self == Self::Payment && path == "md5sum")
            || Json::parse(self.example()).is_ok_and(|json| json.get(path).is_some())
    }

    /// Returns the body of a test notification and its content type. `members` replace those of the
    /// example. A payment is a form with the md5sum of its values; all others are JSON.
    pub(crate) fn body(
        self,
        members: &[(String, String)],
        code: &Secret,
    ) -> Result<(Vec<u8>, &'static str), Failure> {
        let mut json = Json::parse(self.example())
            .map_err(|error| Failure::new(Exit::Local, error.to_string()))?;
        for (path, value) in members {
            set(&mut json, path, Json::Text(value.clone()))?;
        }
        if self != Self::Payment {
            return Ok((json.to_string().into_bytes(), "application/json"));
        }
        let value = |name: &str| json.get(name).map(Json::cell).unwrap_or_default();
        if members.iter().all(|(name, _)| name != "md5sum") {
            let (id, title) = (value("id"), value("tr_id"));
            let (amount, crc) = (value("tr_amount"), value("tr_crc"));
            let md5sum = payment_md5sum(&id, &title, &amount, &crc, code);
            set(&mut json, "md5sum", Json::Text(md5sum))?;
        }
        let mut form = Params::new();
        if let Json::Object(members) = json {
            for (name, value) in members {
                form.push(name, value.cell());
            }
        }
        let text = cli_support::api_auth::Encoding::Form.text(&form);
        Ok((text.into_bytes(), "application/x-www-form-urlencoded"))
    }
}

/// Returns a verified notification as JSON: its kind, the key by which repeated deliveries are
/// recognized, and its content.
pub(crate) fn shown(notification: &Notification, body: &[u8]) -> Json {
    let kind = Kind::of(notification).map_or("other", Kind::name);
    let null = || Json::Other("null".to_owned());
    let key = notification.key().map_or_else(null, |key| Json::Text(key.to_owned()));
    let text = String::from_utf8_lossy(body);
    let content = match Json::parse(&text) {
        Ok(json @ Json::Object(_)) => json,
        _ => Json::Object(
            decode_form(body).into_iter().map(|(name, value)| (name, Json::Text(value))).collect(),
        ),
    };
    let members = [("kind", Json::Text(kind.to_owned())), ("key", key), ("content", content)];
    Json::Object(members.map(|(name, value)| (name.to_owned(), value)).into())
}
