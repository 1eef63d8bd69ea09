//! Credits of an application, such as loyalty points: groups, their accounts, and a double-entry
//! ledger.
//!
//! ```no_run
//! use tokenpass_client::Client;
//! use tokenpass_client::credits::Entry;
//!
//! let tokenpass = Client::from_env()?;
//! let group = tokenpass.create_credit_group("Points")?.uuid.unwrap_or_default();
//! tokenpass.create_credit_account(&group, "bob")?;
//! tokenpass.give_credits(&group, [Entry::new("bob", 500).reference("welcome")])?;
//! # Ok::<(), tokenpass_client::Error>(())
//! ```

mod accounts;
mod bookings;
mod groups;

use api_auth::{ExtraFields, Response, ResponseError, required};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::balances::text_or_false;
use crate::error;

pub use accounts::{
    CreateCreditAccount, CreditAccount, CreditAccounts, CreditUser, GetCreditAccount,
    GetCreditAccountHistory, ListCreditAccounts,
};
pub use bookings::{BookedEntry, Booking, Entry, GiveCredits, TakeCredits};
pub use groups::{
    CreateCreditGroup, CreditGroup, GetCreditGroup, GetCreditGroupHistory, ListCreditGroups,
    UpdateCreditGroup,
};

/// An entry of a credit ledger: an amount that was given to an account or taken from it.
///
/// See the example in the module [`credits`](crate::credits).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, example of the Credit
/// Transaction Object.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CreditTransaction {
    /// The id of the group, a UUID.
    pub credit_group: Option<String>,
    /// The name of the account. Absent in the history of one account.
    pub account: Option<String>,
    /// The name of the user to whom the account belongs. `None` if it belongs to no user, and in
    /// the history of one account.
    #[serde(default, deserialize_with = "text_or_false")]
    pub tokenpass_user: Option<String>,
    /// The id of the account, a UUID. Absent in the history of one account.
    pub account_uuid: Option<String>,
    /// The id of the entry, a UUID.
    pub tx_uuid: Option<String>,
    /// The amount in credits. It is negative if credits were taken.
    pub amount: Option<i64>,
    /// The time at which the entry was made, in UTC: `YYYY-MM-DD HH:MM:SS`.
    pub created_at: Option<String>,
    /// The time of the last change, in UTC: `YYYY-MM-DD HH:MM:SS`.
    pub updated_at: Option<String>,
    /// The reference that you set, such as an order number.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// The ledger of a group or of an account, with the newest entry first.
///
/// See the example in the module [`credits`](crate::credits).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Credit Group History and
/// Credit Account History.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CreditHistory {
    /// The sum of all entries of the group, in credits. It is 0 in a consistent ledger. Absent in
    /// the history of one account.
    pub balance: Option<i64>,
    /// The account to which the entries belong. Only set in the history of one account.
    #[serde(default)]
    pub account: Option<CreditAccount>,
    /// The number of entries.
    pub count: Option<i64>,
    /// The entries, newest first.
    #[serde(default)]
    pub transactions: Vec<CreditTransaction>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// Parses a ledger. Returns an error if the response contains no list of entries, so that a program
/// does not give credits again because the ledger seems to be empty.
fn history(response: &Response) -> Result<CreditHistory, ResponseError> {
    #[derive(Deserialize)]
    struct Required {
        transactions: Option<IgnoredAny>,
    }
    required("transactions", error::success::<Required>(response)?.transactions)?;
    error::success(response)
}
