//! Transfers of credits between the accounts of a group.

use api_auth::{
    Body, Endpoint, ExtraFields, InputError, Response, ResponseError, Result, Route, required,
    route, setters, validate,
};
use serde::{Deserialize, Serialize};

use crate::{Client, error};

/// One of the two ledger entries of a transfer.
///
/// See the example in the module [`credits`](crate::credits).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, table of the Credit
/// Transaction Object, whose names differ from those in the example.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BookedEntry {
    /// The id of the entry, a UUID.
    pub uuid: Option<String>,
    /// The id of the group, a UUID.
    pub app_credit_group_uuid: Option<String>,
    /// The id of the account, a UUID.
    pub account_uuid: Option<String>,
    /// The name of the account, such as `bob`, or `_` for the group's own account.
    pub account_name: Option<String>,
    /// The amount in credits. It is negative in the debit entry.
    pub amount: Option<i64>,
    /// The reference that you set, such as an order number.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// The time at which the entry was made, in UTC: `YYYY-MM-DD HH:MM:SS`.
    pub created_at: Option<String>,
    /// The time of the last change, in UTC: `YYYY-MM-DD HH:MM:SS`.
    pub updated_at: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// A transfer of credits: a ledger entry and its counter-entry, whose amounts add up to 0.
///
/// See the example in the module [`credits`](crate::credits).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Give App Credits and Take
/// App Credits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Booking {
    /// The entry of the account that received the credits.
    #[serde(default)]
    pub credit: Option<BookedEntry>,
    /// The entry of the account from which the credits were taken.
    #[serde(default)]
    pub debit: Option<BookedEntry>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

fn bookings(response: &Response) -> Result<Vec<Booking>, ResponseError> {
    #[derive(Deserialize)]
    struct Wrapped {
        transactions: Option<Vec<Booking>>,
    }
    required("transactions", error::success::<Wrapped>(response)?.transactions)
}

/// An amount of credits to give to an account or to take from it.
///
/// ```
/// use tokenpass_client::credits::Entry;
///
/// let entry = Entry::new("bob", 500).reference("order 7").counter_account("bank");
/// ```
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Give App Credits and Take
/// App Credits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    account: String,
    amount: u64,
    reference: Option<String>,
    counter_account: Option<String>,
}

impl Entry {
    /// Creates an entry of `amount` credits for the account with this name or UUID. The amount must
    /// be between 1 and `i64::MAX`, because the server would record any other amount as 0 or as a
    /// different number.
    pub fn new(account: impl Into<String>, amount: u64) -> Self {
        Self { account: account.into(), amount, reference: None, counter_account: None }
    }

    setters! {
        /// Sets your reference, such as an order number.
        reference: impl Into<String>,
        /// Sets the account (name or UUID) from which given credits are taken, or to which taken
        /// credits are given. Defaults to the group's own account, `_`.
        counter_account: impl Into<String>,
    }
}

#[derive(Serialize)]
struct WireEntry<'a> {
    account: &'a str,
    amount: u64,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<&'a str>,
}

fn body_of(entries: &[Entry], given: bool) -> Result<Body<'static>, InputError> {
    #[derive(Serialize)]
    struct Wrapped<'a> {
        accounts: Vec<WireEntry<'a>>,
    }
    let accounts = entries.iter().map(|entry| {
        let counter = entry.counter_account.as_deref();
        WireEntry {
            account: &entry.account,
            amount: entry.amount,
            reference: entry.reference.as_deref(),
            source: counter.filter(|_| given),
            destination: counter.filter(|_| !given),
        }
    });
    Body::json(&Wrapped { accounts: accounts.collect() })
}

fn validate_entries(entries: &[Entry]) -> Result<(), InputError> {
    if entries.is_empty() {
        return Err(InputError::new("entries", "must not be empty"));
    }
    entries.iter().try_for_each(|entry| {
        validate::not_empty("account", &entry.account)?;
        match i64::try_from(entry.amount) {
            Ok(1..) => Ok(()),
            _ => Err(InputError::new("amount", "must be between 1 and 9223372036854775807")),
        }
    })
}

/// `POST /api/v1/credits/{group_uuid}/accounts/credit`: gives credits to accounts of a group.
///
/// The request is never retried if its outcome is unknown. It is not atomic: if the server rejects
/// an entry, the entries before it remain in the ledger, and the response does not list them.
///
/// To find out which entries were made, set a unique [reference](Entry::reference) for each entry
/// and search for it in the history of the group with [`Client::get_credit_group_history`]. Without
/// a reference, read the history before the first request and again after the failure, and compare
/// the ids. If there is no new entry, the server may still be processing the request: wait a minute
/// and look again. Repeat it only if there is still none. A new id can also come from another
/// program's request, so compare the amounts, too.
///
/// See the example in the module [`credits`](crate::credits).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GiveCredits {
    group: String,
    entries: Vec<Entry>,
}

impl GiveCredits {
    /// Creates a request to give credits to accounts of the group with this UUID.
    pub fn new(group: impl Into<String>, entries: impl IntoIterator<Item = Entry>) -> Self {
        Self { group: group.into(), entries: entries.into_iter().collect() }
    }
}

impl Endpoint for GiveCredits {
    type Output = Vec<Booking>;
    const ID: &'static str = "credit.give";
    const ROUTE: Route<Self> = route!(POST "/api/v1/credits/{group_uuid}/accounts/credit", group);

    fn validate(&self) -> Result<(), InputError> {
        validate_entries(&self.entries)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        body_of(&self.entries, true)
    }

    fn parse(&self, response: &Response) -> Result<Vec<Booking>, ResponseError> {
        bookings(response)
    }
}

/// `POST /api/v1/credits/{group_uuid}/accounts/debit`: takes credits from accounts of a group. The
/// balances of the accounts can become negative.
///
/// The request is never retried if its outcome is unknown. It is not atomic: if the server rejects
/// an entry, the entries before it remain in the ledger, and the response does not list them.
///
/// To find out which entries were made, set a unique [reference](Entry::reference) for each entry
/// and search for it in the history of the group with [`Client::get_credit_group_history`]. Without
/// a reference, read the history before the first request and again after the failure, and compare
/// the ids. If there is no new entry, the server may still be processing the request: wait a minute
/// and look again. Repeat it only if there is still none. A new id can also come from another
/// program's request, so compare the amounts, too.
///
/// See the example in the module [`credits`](crate::credits).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeCredits {
    group: String,
    entries: Vec<Entry>,
}

impl TakeCredits {
    /// Creates a request to take credits from accounts of the group with this UUID.
    pub fn new(group: impl Into<String>, entries: impl IntoIterator<Item = Entry>) -> Self {
        Self { group: group.into(), entries: entries.into_iter().collect() }
    }
}

impl Endpoint for TakeCredits {
    type Output = Vec<Booking>;
    const ID: &'static str = "credit.take";
    const ROUTE: Route<Self> = route!(POST "/api/v1/credits/{group_uuid}/accounts/debit", group);

    fn validate(&self) -> Result<(), InputError> {
        validate_entries(&self.entries)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        body_of(&self.entries, false)
    }

    fn parse(&self, response: &Response) -> Result<Vec<Booking>, ResponseError> {
        bookings(response)
    }
}

/// # Transfers of credits
///
/// The request and response types are in the module [`credits`](crate::credits).
impl Client {
    /// Gives credits to accounts of the group with this UUID.
    ///
    /// See the example in the module [`credits`](crate::credits).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). Any error except those of kind `Input` can mean that
    /// some entries were made; [`GiveCredits`] describes how to find out.
    pub fn give_credits(
        &self,
        group: impl Into<String>,
        entries: impl IntoIterator<Item = Entry>,
    ) -> Result<Vec<Booking>> {
        self.send(&GiveCredits::new(group, entries))
    }

    /// Takes credits from accounts of the group with this UUID. Their balances can become negative.
    ///
    /// See the example in the module [`credits`](crate::credits).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). Any error except those of kind `Input` can mean that
    /// some entries were made; [`TakeCredits`] describes how to find out.
    pub fn take_credits(
        &self,
        group: impl Into<String>,
        entries: impl IntoIterator<Item = Entry>,
    ) -> Result<Vec<Booking>> {
        self.send(&TakeCredits::new(group, entries))
    }
}
