//! Results of payments: status, errors, attempts, and held amounts of a transaction.
//!
//! These types are parts of a [`Transaction`](crate::Transaction). A declined payment is an error;
//! see [`ErrorExt`](crate::ErrorExt).
//!
//! ```no_run
//! let tpay = tpay_client::Client::from_env()?;
//! let transaction = tpay.get_transaction("01K5BK4HEPB0WBCGT51FMTYSYJ")?;
//! for attempt in transaction.payments.into_iter().flat_map(|payments| payments.attempts) {
//!     println!("{:?} {:?}", attempt.date, attempt.payment_error_code);
//! }
//! # Ok::<(), tpay_client::Error>(())
//! ```

use api_auth::{Amount, Detail, ExtraFields, wire, wire_enum};
use serde::{Deserialize, Serialize};

use crate::transactions::{PayerDetails, TransactionDate};
use crate::{UnixTime, local_time};

wire_enum! {
    /// The status of the payment for a transaction.
    ///
    /// See the example in the module [`transactions::payments`](crate::transactions::payments).
    ///
    /// Source: the provider's API reference, `POST /transactions`.
    pub enum PaymentStatus {
        /// The result is not known yet.
        Pending = "pending",
        /// The payment succeeded.
        Correct = "correct",
        /// The payment was declined.
        Declined = "declined",
    }
}

/// The result of the payment for a transaction.
///
/// See the example in the module [`transactions::payments`](crate::transactions::payments).
///
/// Source: the provider's API reference, `POST /transactions` and
/// `GET /transactions/{transactionId}`. `groupId`, `alternatives`, `bankDataPayer`, `extra` and a
/// list of errors instead of one error are from the official Android client. `payIdEligible` is not
/// documented.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Payments {
    /// The status of the payment, such as `correct`.
    #[serde(default)]
    pub status: Option<PaymentStatus>,
    /// The payment method, such as `pay_by_link`.
    pub method: Option<String>,
    /// The paid amount in the transaction's currency, such as 12.34.
    pub amount_paid: Option<Amount>,
    /// The date of the payment. Its field `realization` is the time at which the payment was
    /// posted.
    pub date: Option<TransactionDate>,
    /// The reasons why the payment was declined.
    #[serde(default, deserialize_with = "wire::one_or_more")]
    pub errors: Vec<PaymentError>,
    /// The banking applications from which the payer must choose, if the BLIK alias exists in
    /// several of them. Otherwise, the list is empty.
    #[serde(default)]
    pub alternatives: Vec<Alternative>,
    /// The payment attempts so far. The list is empty unless the transaction was requested by its
    /// id.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    /// Whether a BLIK PAYID alias, for autopayments, can be registered.
    pub pay_id_eligible: Option<bool>,
    /// The id of the group of channels, a number as a string, such as `150` for BLIK.
    pub group_id: Option<String>,
    /// The payer's data, as provided by the bank.
    #[serde(default, deserialize_with = "wire::if_valid")]
    pub bank_data_payer: Option<PayerDetails>,
    /// The acquirer's response to the payment: a code and its description.
    #[serde(default, deserialize_with = "wire::if_valid")]
    #[serde(rename = "extra")]
    pub extra_data: Option<PaymentExtra>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// The acquirer's response to a payment: a code and its description.
///
/// See the example in the module [`transactions::payments`](crate::transactions::payments).
///
/// Source: the official Android client; not documented for payments.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PaymentExtra {
    /// The response code, as the acquirer returned it.
    pub response_code: Option<String>,
    /// The description of the response code, such as `Approved`.
    pub response_description: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// A reason why a payment was declined.
///
/// See the example in the module [`transactions::payments`](crate::transactions::payments).
///
/// Source: the provider's API reference, `POST /transactions`. `devMessage` is from the official
/// iOS client.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PaymentError {
    /// The error code, such as `payment_failed`.
    pub error_code: Option<String>,
    /// The error message, in the payer's language.
    pub error_message: Option<String>,
    /// The name of the invalid field, such as `pay.blikPaymentData.blikToken`.
    pub field_name: Option<String>,
    /// The error message for developers, such as `Value is shorter than 3`.
    pub dev_message: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl PaymentError {
    pub(crate) fn detail(&self) -> Detail {
        let message = self.error_message.as_ref().filter(|message| !message.is_empty());
        let message = message.or(self.dev_message.as_ref());
        Detail::new(self.field_name.clone(), self.error_code.clone(), message.cloned())
    }
}

/// One of several banking applications in which a BLIK alias exists.
///
/// See the example in the module [`transactions::payments`](crate::transactions::payments).
///
/// Source: the official Android client; not documented.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Alternative {
    /// The name of the application, to be shown to the payer.
    pub application_name: Option<String>,
    /// The code of the application. Pass it to [`BlikAlias::key`](crate::blik::BlikAlias::key) for
    /// the next payment.
    pub application_code: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// An attempt to pay for a transaction.
///
/// See the example in the module [`transactions::payments`](crate::transactions::payments).
///
/// Source: the provider's API reference, `GET /transactions/{transactionId}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Attempt {
    /// The time of the attempt in Polish local time, such as `2026-11-22 01:20:18`.
    pub date: Option<String>,
    /// The reason why the attempt failed. Absent if the attempt did not fail.
    #[serde(default)]
    pub payment_error_code: Option<PaymentErrorCode>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl Attempt {
    /// Returns [`date`](Self::date), the time of the attempt, as Unix time. Returns `None` if the
    /// field is absent or is not a valid time; see
    /// [`LocalTime::unix_time`](crate::common::LocalTime::unix_time).
    pub fn time(&self) -> Option<UnixTime> {
        local_time::unix_time(self.date.as_deref())
    }
}

wire_enum! {
    /// The reason why a payment attempt failed.
    ///
    /// See the example in the module [`transactions::payments`](crate::transactions::payments).
    ///
    /// Source: the provider's API reference, `GET /transactions/{transactionId}`.
    pub enum PaymentErrorCode {
        /// The BLIK code is invalid or has expired.
        WrongBlikCode = "63",
        /// The reason is not classified.
        Unclassified = "100",
        /// The payer rejected the payment.
        RejectedByPayer = "101",
        /// The bank rejected the payment.
        RejectedByIssuer = "102",
        /// The payer has insufficient funds.
        InsufficientFunds = "103",
        /// The bank or the payer did not respond in time.
        Timeout = "104",
        /// The PAYID alias must be registered or confirmed first.
        AliasNeeded = "105",
        /// The payment exceeds a limit of the payer.
        LimitExceeded = "106",
        /// The payment was rejected for security reasons.
        Security = "107",
    }
}

/// The part of a transaction's amount that is on hold.
///
/// See the example in the module [`transactions::payments`](crate::transactions::payments).
///
/// Source: the provider's API reference, `GET /transactions/{transactionId}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Lock {
    /// The reason for the hold: `Balance`, `Chargeback` or `Transaction`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The status of the hold: `Active`, `Removed` or `Executed`.
    pub status: Option<String>,
    /// The held amount in the transaction's currency, such as 12.34.
    pub amount: Option<Amount>,
    /// The part of the held amount that has been collected, in the transaction's currency, such as
    /// 12.34.
    pub amount_collected: Option<Amount>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

#[cfg(test)]
mod tests {
    use super::{PaymentError, Payments};

    #[test]
    fn rare_objects_of_another_form_do_not_lose_the_payment() {
        for other in ["null", "[]", "\"\"", "\"text\"", "7", "[{}]", "{\"responseCode\":{}}"] {
            let json = format!(r#"{{"status":"correct","bankDataPayer":{other},"extra":{other}}}"#);
            let payments: Payments = serde_json::from_str(&json).unwrap();
            assert_eq!(payments.extra_data, None, "{other}");
            assert!(payments.extra.is_empty() && payments.status.is_some(), "{other}");
        }
        let json = r#"{"bankDataPayer":{"email":"a@b","new":1}}"#;
        let payer = serde_json::from_str::<Payments>(json).unwrap().bank_data_payer.unwrap();
        assert_eq!((payer.email.as_deref(), payer.extra.integer("new")), (Some("a@b"), Some(1)));
    }

    #[test]
    fn message_for_developers_replaces_an_empty_message() {
        let detail = |json| serde_json::from_str::<PaymentError>(json).unwrap().detail().message;
        let both = r#"{"errorMessage":"Refused","devMessage":"ERR82"}"#;
        assert_eq!(detail(both).as_deref(), Some("Refused"));
        let empty = r#"{"errorMessage":"","devMessage":"ERR82"}"#;
        assert_eq!(detail(empty).as_deref(), Some("ERR82"));
        assert_eq!(detail(r#"{"devMessage":"ERR82"}"#).as_deref(), Some("ERR82"));
    }
}
