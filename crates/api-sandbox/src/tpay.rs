//! The Tpay Open API server: payments, refunds, aliases, marketplace and all other resources in
//! memory. Amounts are whole grosze, and notifications are signed.
//!
//! It accepts only requests of the provider's documentation and official clients. Undocumented
//! members are rejected, so that a misspelt one is noticed. Rules that no source documents are
//! marked "chosen".
//!
//! # How payers pay
//!
//! | method | action |
//! |---|---|
//! | in a test | [`Tpay::pay`], [`Tpay::pay_amount`], [`Tpay::decline`] through [`Server::state`](crate::Server::state) |
//! | from another process | open the transaction's `transactionPaymentUrl`, a page with buttons; or GET it with `&decision=pay`, `&decision=decline` or `&decision=chargeback` added |
//! | BLIK code | [`BLIK_CODES`] |
//! | saving a card | [`Tpay::tokenize`], or GET the `url` of the tokenization |
//! | card | the last digit of the amount, see [`CARD_OUTCOMES`] |
//!
//! # Notifications
//!
//! Notifications are sent to the URL in the request if it is plain HTTP on loopback. They are
//! repeated, at most [`Tpay::delivery_attempts`] times, until the response is the expected one. The
//! `x5u` of their signature is [`Tpay::base_url`] + `/x509/notifications-jws.pem`, or [`Tpay::x5u`]
//! if set. Configure the client to accept certificates of this host. Its trust anchor is
//! [`Tpay::anchors_pem`], also served at `/x509/tpay-jws-root.pem`; the security code of `md5sum`
//! is [`SECURITY_CODE`]. [`Tpay::outbox`] contains the notifications and the responses to them.
//!
//! ```
//! # use api_sandbox::Sandbox;
//! let sandbox = Sandbox::start()?;
//! let outbox = sandbox.tpay().state(|tpay| {
//!     tpay.notify_test("https://shop.example.com/notify"); // signed, but not sent to another host
//!     tpay.outbox()
//! });
//! let sent = outbox.wait_for(1); // not inside `state`: a callback may call the server
//! assert!(sent[0].body.contains("tr_status=TRUE"));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Other settings for tests
//!
//! [`Tpay::refuse_next`] causes errors that depend on an account. [`Tpay::revoke_tokens`] revokes
//! tokens, and [`SandboxClock::advance`] makes them expire. The fields of [`Tpay`] are its settings
//! and its records.

mod accounts;
mod ask;
mod auth;
mod blik;
mod channels;
mod check;
mod collect;
mod console;
mod json;
mod marketplace;
mod notify;
mod oauth;
mod pay;
mod payer;
mod recurring;
mod refunds;
mod reports;
mod routes;
mod service;
mod text;
mod tokens;
mod transactions;

use std::collections::{HashMap, VecDeque};
use std::fmt;

use serde_json::Value;

pub use blik::Alias;
pub use marketplace::{Child, MarketplaceTransaction};
pub use notify::{Delivery, Outbox};
pub use recurring::{Charge, Plan};
pub use refunds::Refund;
pub use tokens::CardToken;
pub use transactions::{Attempt, Transaction};

use crate::SandboxClock;
use crate::date::YEAR;
use ask::{Ask, Page};
use check::Refusal;
use routes::ROUTES;

/// The client id of the account.
pub const CLIENT_ID: &str = "01SANDB0X00000000000000000-01SANDB0X00000000000000001";
/// The secret of that client.
pub const CLIENT_SECRET: &str = "sandbox-client-secret-0000000000000000000000000000000000000000";
/// The security code of the `md5sum` of payment notifications.
pub const SECURITY_CODE: &str = "sandbox-security-code";
/// The merchant id of notifications.
pub const MERCHANT_ID: &str = "1010";
/// The point of sale.
pub const POS_ID: &str = "ps_Sandbox000000001";
/// The partner's account of the initial state.
pub const ACCOUNT_ID: &str = "01SANDB0XACC00000000000000";
/// A card token of the initial state that can be charged.
pub const CARD_TOKEN: &str = "5c87eb70c0e5060fb17da028c16011a840db2b83sandbox00000000000000001";
/// A BLIK alias of type UID that exists in one bank.
pub const UID_ALIAS: &str = "sandbox_uid";
/// A BLIK alias of type UID that exists in two banks: `aliases.key` must choose.
pub const AMBIGUOUS_ALIAS: &str = "sandbox_uid_in_two_banks";
/// A BLIK alias of type PAYID, for payments without the payer.
pub const PAYID_ALIAS: &str = "sandbox_payid";
/// The marketplace's point of sale.
pub const MARKETPLACE_POS: &str = "01SANDB0XP0S00000000000000";
/// Merchants that belong to the marketplace.
pub const MARKETPLACE_MERCHANTS: [&str; 2] =
    ["01SANDB0XMER00000000000001", "01SANDB0XMER00000000000002"];
/// A report that exists.
pub const REPORT_ID: &str = "rep_1";
/// The file of that report.
pub const REPORT_FILE_ID: &str = "file_1";

/// The outcome of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Paid at once.
    Paid,
    /// Pending until [`Tpay::pay`] or [`Tpay::decline`] is called.
    Waiting,
    /// Rejected at once: HTTP 200 with `payments.errors`, and an attempt with this code.
    Refused(&'static str),
    /// Rejected later: the response has no error; reading the transaction shows an attempt with
    /// this code.
    RefusedLater(&'static str),
    /// The payer must open the payment page (`actionRequired`).
    Redirect,
}

/// BLIK codes and their outcomes. Any other code that begins with 777 is paid; all others are
/// rejected as wrong codes (63). Only the rule for 777 is the provider's; the others are chosen.
pub const BLIK_CODES: [(&str, Outcome); 12] = [
    ("777123", Outcome::Paid),
    ("700000", Outcome::Waiting),
    ("700063", Outcome::Refused("63")),
    ("700100", Outcome::Refused("100")),
    ("700101", Outcome::Refused("101")),
    ("700102", Outcome::Refused("102")),
    ("700103", Outcome::Refused("103")),
    ("700104", Outcome::Refused("104")),
    ("700105", Outcome::Refused("105")),
    ("700106", Outcome::Refused("106")),
    ("700107", Outcome::Refused("107")),
    ("700201", Outcome::RefusedLater("101")),
];

/// The last digit of the amount of a card payment in grosze, and the outcome; any other digit
/// leads to the page of 3-D Secure.
pub const CARD_OUTCOMES: [(u64, Outcome); 4] = [
    (1, Outcome::Paid),
    (3, Outcome::Paid),
    (5, Outcome::Refused("101")),
    (6, Outcome::Refused("102")),
];

/// The server's state.
pub struct Tpay {
    clock: SandboxClock,
    /// The base URL, `http://127.0.0.1:PORT`; if empty, it is set from the `Host` of the first
    /// request.
    pub base_url: String,
    /// The lifetime of a token, in seconds.
    pub token_seconds: u64,
    /// The number of issued tokens.
    pub tokens_issued: usize,
    /// The number of token requests, rejected ones included.
    pub token_requests: usize,
    /// Whether `hiddenDescription` may be used only once (`crc_not_unique`).
    pub unique_crc: bool,
    /// Whether the merchant confirms payments: a payment is `paid` until the response to its
    /// notification
    /// is `TRUE` (then `correct`) or `FALSE` (then refunded).
    pub two_step: bool,
    /// Whether a request may replace the callbacks of the panel (`url_override_is_disabled`).
    pub callbacks_allowed: bool,
    /// The period for refunds, in seconds (`refund_period_expired`). Chosen.
    pub refund_seconds: u64,
    /// The period in which an equal refund is rejected, in seconds (`cannot_create_refund`).
    pub equal_refund_seconds: u64,
    /// The number of attempts to deliver a notification. Chosen: without
    /// pauses.
    pub delivery_attempts: u32,
    /// The URL for BLIK alias events, as set in the panel.
    pub panel_url: Option<String>,
    /// Whether BLIK alias events are JSON instead of forms. The sources disagree.
    pub alias_events_as_json: bool,
    /// The `x5u` of signatures; `None` means the URL of this server.
    pub x5u: Option<String>,
    /// The payments, oldest first.
    pub transactions: Vec<Transaction>,
    /// Refunds of all payments and to card tokens, oldest first.
    pub refunds: Vec<Refund>,
    /// The card tokens.
    pub card_tokens: Vec<CardToken>,
    /// The BLIK aliases.
    pub aliases: Vec<Alias>,
    /// The marketplace's payments, oldest first.
    pub marketplace: Vec<MarketplaceTransaction>,
    /// The recurring plans, oldest first.
    pub plans: Vec<Plan>,
    tokens: Vec<auth::Token>,
    tokenizations: Vec<tokens::Tokenization>,
    accounts: Vec<Value>,
    bank_accounts: Vec<Value>,
    refusals: HashMap<&'static str, VecDeque<(u16, String)>>,
    post: notify::Post,
    settled: usize,
    ids: u64,
}

/// The result of a handler.
enum Out {
    /// A JSON object to which `result` and `requestId` are added.
    Wrapped(Value),
    /// A JSON object that is sent unchanged.
    Bare(Value),
    /// 204.
    Empty,
    /// Bytes of that type.
    Bytes(&'static str, Vec<u8>),
}

type ApiResult = Result<Out, Refusal>;

impl Tpay {
    /// Creates the initial state, which the examples use.
    pub fn new(clock: SandboxClock) -> Self {
        let mut server = Self {
            clock,
            base_url: String::new(),
            token_seconds: 7200,
            tokens_issued: 0,
            token_requests: 0,
            unique_crc: false,
            two_step: false,
            callbacks_allowed: true,
            refund_seconds: YEAR,
            equal_refund_seconds: 60,
            delivery_attempts: 3,
            panel_url: None,
            alias_events_as_json: false,
            x5u: None,
            transactions: Vec::new(),
            refunds: Vec::new(),
            card_tokens: Vec::new(),
            aliases: Vec::new(),
            marketplace: Vec::new(),
            plans: Vec::new(),
            tokens: Vec::new(),
            tokenizations: Vec::new(),
            accounts: Vec::new(),
            bank_accounts: Vec::new(),
            refusals: HashMap::new(),
            post: notify::Post::new(),
            settled: 0,
            ids: 0,
        };
        server.card_tokens.push(CardToken::new(CARD_TOKEN));
        server.add_alias(UID_ALIAS, "UID", "Sandbox shop");
        server.add_alias(AMBIGUOUS_ALIAS, "UID", "Sandbox shop");
        server.add_alias(PAYID_ALIAS, "PAYID", "Sandbox shop");
        server.accounts.push(accounts::first_account());
        server
    }

    /// Returns the trust anchors of the notifications as PEM:
    /// intermediate first, root second.
    pub fn anchors_pem(&self) -> &'static str {
        notify::ANCHORS_PEM
    }

    /// Returns the certificate of the signing key, as PEM.
    pub fn signing_pem(&self) -> &'static str {
        notify::SIGNING_PEM
    }

    /// Returns the sent notifications. Move it out of [`Server::state`](crate::Server::state)
    /// before waiting on it.
    pub fn outbox(&self) -> Outbox {
        self.post.outbox()
    }

    /// Returns the `X-JWS-Signature` of a body.
    pub fn sign(&self, body: &[u8]) -> String {
        self.post.sign(&self.x5u_url(), body)
    }

    /// Rejects the next request of an endpoint with an error, for errors
    /// that depend on the account, such as `access_denied`.
    /// Returns whether the endpoint exists.
    pub fn refuse_next(&mut self, endpoint: &str, status: u16, error_code: &str) -> bool {
        let route = ROUTES.iter().find(|route| route.id == endpoint);
        if let Some(route) = route {
            let refusal = (status, error_code.to_owned());
            self.refusals.entry(route.id).or_default().push_back(refusal);
        }
        route.is_some()
    }

    /// Returns the error that [`refuse_next`](Self::refuse_next) set.
    fn told(&mut self, id: &str) -> Result<(), Refusal> {
        match self.refusals.get_mut(id).and_then(VecDeque::pop_front) {
            Some((status, code)) => {
                Err(Refusal::of(status, &code, "", "rejected because the test asked for it"))
            }
            None => Ok(()),
        }
    }

    fn x5u_url(&self) -> String {
        let own = || format!("{}/x509/notifications-jws.pem", self.base_url);
        self.x5u.clone().unwrap_or_else(own)
    }

    fn notify(&self, message: notify::Message, url: &str) {
        self.post.send(message, url, &self.x5u_url(), self.delivery_attempts);
    }

    fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    fn ulid(&mut self) -> String {
        let number = self.next_id();
        text::ulid(self.clock.unix(), number)
    }

    /// `rf_` or the like and 16 characters.
    fn prefixed_id(&mut self, prefix: &str) -> String {
        format!("{prefix}{:016}", self.next_id())
    }

    /// A payer-visible title, `TR-XXX-XXXXXXX`.
    fn title(&mut self) -> String {
        format!("TR-SBX-{:07}", self.next_id())
    }
}

impl fmt::Debug for Tpay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tpay")
            .field("transactions", &self.transactions.len())
            .field("token_requests", &self.token_requests)
            .finish_non_exhaustive()
    }
}
