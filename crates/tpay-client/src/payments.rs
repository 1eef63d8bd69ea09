//! What became of paying a transaction.

use api_auth::{Amount, Detail, Fields, wire, wire_enum};
use serde::{Deserialize, Serialize};

use crate::TransactionDate;

wire_enum! {
    /// Where a payment of a transaction stands.
    ///
    /// Source: the provider's API reference, `POST /transactions`.
    pub enum PaymentStatus {
        /// It is not decided yet.
        Pending = "pending",
        /// It was made.
        Correct = "correct",
        /// It was refused.
        Declined = "declined",
    }
}

/// What became of paying a transaction.
///
/// Source: the provider's API reference, `POST /transactions` and
/// `GET /transactions/{transactionId}`; `groupId`, `alternatives` and a list of errors instead of
/// one, the official Android client. No documentation names `payIdEligible`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Payments {
    /// Where the payment stands.
    #[serde(default)]
    pub status: Option<PaymentStatus>,
    /// How it was paid.
    #[serde(default, deserialize_with = "wire::text")]
    pub method: Option<String>,
    /// What was paid, in units of the transaction's currency.
    #[serde(default, deserialize_with = "wire::amount")]
    pub amount_paid: Option<Amount>,
    /// When it was paid.
    #[serde(default, deserialize_with = "wire::object")]
    pub date: Option<TransactionDate>,
    /// Why it was refused.
    #[serde(default, deserialize_with = "wire::one_or_more")]
    pub errors: Vec<PaymentError>,
    /// The applications among which the payer must choose.
    #[serde(default, deserialize_with = "wire::list")]
    pub alternatives: Vec<Alternative>,
    /// The tries so far; only when a transaction is read.
    #[serde(default, deserialize_with = "wire::list")]
    pub attempts: Vec<Attempt>,
    /// Whether a BLIK PAYID can be registered.
    #[serde(default, deserialize_with = "wire::boolean")]
    pub pay_id_eligible: Option<bool>,
    /// The group of channels that it was paid by.
    #[serde(default, deserialize_with = "wire::text")]
    pub group_id: Option<String>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// Why a payment was refused.
///
/// Source: the provider's API reference, `POST /transactions`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PaymentError {
    /// The code, such as `payment_failed`.
    #[serde(default, deserialize_with = "wire::text")]
    pub error_code: Option<String>,
    /// The text, in the payer's language.
    #[serde(default, deserialize_with = "wire::text")]
    pub error_message: Option<String>,
    /// The field that it is about.
    #[serde(default, deserialize_with = "wire::text")]
    pub field_name: Option<String>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

impl PaymentError {
    pub(crate) fn detail(&self) -> Detail {
        Detail::new(self.field_name.clone(), self.error_code.clone(), self.error_message.clone())
    }
}

/// One of several banking applications in which a BLIK alias exists.
///
/// Source: the official Android client; no documentation names it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Alternative {
    /// What the payer knows it by.
    #[serde(default, deserialize_with = "wire::text")]
    pub application_name: Option<String>,
    /// What to pay again with, as the `key` of the alias.
    #[serde(default, deserialize_with = "wire::text")]
    pub application_code: Option<String>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// One try to pay.
///
/// Source: the provider's API reference, `GET /transactions/{transactionId}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Attempt {
    /// When, in local time.
    #[serde(default, deserialize_with = "wire::text")]
    pub date: Option<String>,
    /// Why it failed; absent if it did not.
    #[serde(default)]
    pub payment_error_code: Option<PaymentErrorCode>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

wire_enum! {
    /// Why a try to pay failed.
    ///
    /// Source: the provider's API reference, `GET /transactions/{transactionId}`.
    pub enum PaymentErrorCode {
        /// The BLIK code is wrong or too old.
        WrongBlikCode = "63",
        /// Nobody says why.
        Unclassified = "100",
        /// The payer said no.
        RejectedByPayer = "101",
        /// The bank said no.
        RejectedByIssuer = "102",
        /// The account does not hold enough.
        InsufficientFunds = "103",
        /// The bank or the payer did not answer in time.
        Timeout = "104",
        /// The PAYID alias must be dealt with first.
        AliasNeeded = "105",
        /// It is more than the payer's limit.
        LimitExceeded = "106",
        /// Refused for security.
        Security = "107",
    }
}

/// Money of a transaction that is held back.
///
/// Source: the provider's API reference, `GET /transactions/{transactionId}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Lock {
    /// What holds it: `Balance`, `Chargeback` or `Transaction`.
    #[serde(rename = "type", default, deserialize_with = "wire::text")]
    pub kind: Option<String>,
    /// `Active`, `Removed` or `Executed`.
    #[serde(default, deserialize_with = "wire::text")]
    pub status: Option<String>,
    /// How much is held, in units of the transaction's currency.
    #[serde(default, deserialize_with = "wire::amount")]
    pub amount: Option<Amount>,
    /// How much of it was taken, in units of the transaction's currency.
    #[serde(default, deserialize_with = "wire::amount")]
    pub amount_collected: Option<Amount>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}
