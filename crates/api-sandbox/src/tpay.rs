//! A test server for the Tpay Open API, with payments, refunds, BLIK aliases, the marketplace and
//! all other resources in memory. Amounts in its state are in grosze. Notifications are signed.
//!
//! The server accepts only the requests in the provider's documentation and those of its official
//! clients. Undocumented fields are rejected, so that misspelt ones are noticed. Where nothing is
//! documented, the server has rules of its own; their comments contain "not documented".
//!
//! # Paying a transaction
//!
//! | goal | action |
//! |---|---|
//! | to pay in a test | call [`Tpay::pay`], [`Tpay::pay_amount`] or [`Tpay::decline`] in [`Server::state`](crate::Server::state) |
//! | to pay from another process | open the `transactionPaymentUrl` of the transaction, which is a page with buttons, or send a GET request to it with `&decision=pay`, `&decision=decline` or `&decision=chargeback` added |
//! | to pay with a BLIK code | use a code from [`BLIK_CODES`] |
//! | to confirm the registration of a BLIK alias that is pending | call [`Tpay::confirm_alias`] |
//! | to save a card | call [`Tpay::tokenize`], or send a GET request to the `url` of the tokenization |
//! | to pay with a card | select an outcome by the last digit of the amount; see [`CARD_OUTCOMES`] |
//!
//! # Notifications
//!
//! Notifications about BLIK aliases and updated card tokens are sent to [`Tpay::panel_url`], and
//! all others to the callback URL in the request, but only if the URL begins with `http://` and has
//! a loopback address. A notification that is not acknowledged is sent again, at most
//! [`Tpay::delivery_attempts`] times in total. The certificate URL in the signature (`x5u`) is
//! [`Tpay::base_url`] followed by `/x509/notifications-jws.pem`, or [`Tpay::x5u`] if that is set.
//! Configure the client to accept certificates from this host. [`Tpay::anchors_pem`] returns the
//! trust anchors, which are also served at `/x509/tpay-jws-root.pem`. The security code for
//! `md5sum` is [`SECURITY_CODE`]. [`Tpay::outbox`] returns the notifications and the responses to
//! them.
//!
//! ```
//! # use api_sandbox::Sandbox;
//! let sandbox = Sandbox::start()?;
//! let outbox = sandbox.tpay().state(|tpay| {
//!     tpay.notify_test("https://shop.example.com/notify"); // signed, but not sent to another host
//!     tpay.outbox()
//! });
//! let sent = outbox.wait_for(1); // outside `state`, which blocks the server
//! assert!(sent[0].body.contains("tr_status=TRUE"));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Other settings for tests
//!
//! [`Tpay::refuse_next`] produces errors that depend on the account. [`Tpay::revoke_tokens`]
//! revokes access tokens, and [`SandboxClock::advance`] makes them expire. The fields of [`Tpay`]
//! are the settings and the records of the server.

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

/// The client id that the server accepts.
pub const CLIENT_ID: &str = "01SANDB0X00000000000000000-01SANDB0X00000000000000001";
/// The client secret that belongs to [`CLIENT_ID`].
pub const CLIENT_SECRET: &str = "sandbox-client-secret-0000000000000000000000000000000000000000";
/// The security code for the `md5sum` of payment notifications.
pub const SECURITY_CODE: &str = "sandbox-security-code";
/// The merchant id in notifications.
pub const MERCHANT_ID: &str = "1010";
/// The id of the merchant's point of sale.
pub const POS_ID: &str = "ps_Sandbox000000001";
/// The id of the partner's merchant account in the initial state.
pub const ACCOUNT_ID: &str = "01SANDB0XACC00000000000000";
/// A card token that exists in the initial state and can be charged.
pub const CARD_TOKEN: &str = "5c87eb70c0e5060fb17da028c16011a840db2b83sandbox00000000000000001";
/// A BLIK alias of type UID that is registered with one bank.
pub const UID_ALIAS: &str = "sandbox_uid";
/// A BLIK alias of type UID that is registered with two banks. A payment must select one of them
/// with `aliases.key`.
pub const AMBIGUOUS_ALIAS: &str = "sandbox_uid_in_two_banks";
/// A BLIK alias of type PAYID, for payments without confirmation by the payer.
pub const PAYID_ALIAS: &str = "sandbox_payid";
/// The id of the marketplace's point of sale.
pub const MARKETPLACE_POS: &str = "01SANDB0XP0S00000000000000";
/// The ids of the merchants that belong to the marketplace.
pub const MARKETPLACE_MERCHANTS: [&str; 2] =
    ["01SANDB0XMER00000000000001", "01SANDB0XMER00000000000002"];
/// The id of the first report in the list of reports.
pub const REPORT_ID: &str = "rep_1";
/// The id of a file that belongs to the report [`REPORT_ID`].
pub const REPORT_FILE_ID: &str = "file_1";

/// The outcome of an attempt to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The payment succeeds immediately.
    Paid,
    /// The payment is pending until [`Tpay::pay`] is called. [`Tpay::decline`] adds a failed
    /// attempt. The registration of an alias is pending until [`Tpay::confirm_alias`] is called.
    Waiting,
    /// The payment is rejected immediately. The response has status 200 and contains
    /// `payments.errors`. An attempt with this error code is added to the transaction.
    Refused(&'static str),
    /// The payment is rejected later. The response contains no error, but an attempt with this
    /// error code is added to the transaction afterwards.
    RefusedLater(&'static str),
    /// The payer must open the payment page. The `result` in the response is `actionRequired` if a
    /// card requires 3-D Secure, and `success` otherwise.
    Redirect,
}

/// BLIK codes and their outcomes. With any other code that begins with 777, the payment succeeds.
/// All remaining codes are rejected as wrong (error 63). The rule for 777 is the provider's; the
/// others exist only on this server.
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

/// The last digit of an amount in grosze, and the outcome of a card payment of this amount. If the
/// amount ends in any other digit, a payment with a saved card succeeds, and a payment with a new
/// card redirects the payer to a 3-D Secure page.
pub const CARD_OUTCOMES: [(u64, Outcome); 4] = [
    (1, Outcome::Paid),
    (3, Outcome::Paid),
    (5, Outcome::Refused("101")),
    (6, Outcome::Refused("102")),
];

/// The state and settings of the Tpay server.
pub struct Tpay {
    clock: SandboxClock,
    /// The base URL in the links that the server returns, such as `http://127.0.0.1:8083`. If it is
    /// empty, it is set from the `Host` header of the first request.
    pub base_url: String,
    /// The lifetime of a new access token, in seconds. Defaults to 7200.
    pub token_seconds: u64,
    /// The number of access tokens that have been issued so far.
    pub tokens_issued: usize,
    /// The number of requests for an access token so far, including rejected ones.
    pub token_requests: usize,
    /// Whether each `hiddenDescription` must be unique. If so, a request that repeats one fails
    /// with `crc_not_unique`.
    pub unique_crc: bool,
    /// Whether the merchant must confirm payments. If so, the status of a payment is `paid` until
    /// the response to its notification is `TRUE`, which changes the status to `correct`, or
    /// `FALSE`, which refunds the payment.
    pub two_step: bool,
    /// Whether a request is allowed to replace the callback URLs that are set in the merchant
    /// panel. If not, the request fails with `url_override_is_disabled`.
    pub callbacks_allowed: bool,
    /// The number of seconds for which a payment can be refunded. Later requests fail with
    /// `refund_period_expired`. Defaults to one year; the provider's period is not documented.
    pub refund_seconds: u64,
    /// The number of seconds after a refund during which an equal refund of the same payment fails
    /// with `cannot_create_refund`.
    pub equal_refund_seconds: u64,
    /// The maximum number of attempts to deliver a notification, without pauses between them.
    /// Defaults to three; the provider's number is not documented.
    pub delivery_attempts: u32,
    /// The URL for notifications about BLIK aliases and updated card tokens, which the merchant
    /// sets in the merchant panel. `None` means that no such notifications are sent.
    pub panel_url: Option<String>,
    /// Whether notifications about BLIK aliases are JSON instead of forms. The provider's sources
    /// disagree about the format.
    pub alias_events_as_json: bool,
    /// The certificate URL in the signatures of notifications (`x5u`). `None` means the URL of the
    /// certificate on this server.
    pub x5u: Option<String>,
    /// The payments, oldest first.
    pub transactions: Vec<Transaction>,
    /// The refunds of all payments, and those to card tokens, oldest first.
    pub refunds: Vec<Refund>,
    /// The tokens of saved cards, including deleted ones.
    pub card_tokens: Vec<CardToken>,
    /// The BLIK aliases, including removed ones.
    pub aliases: Vec<Alias>,
    /// The value, type and label of each alias whose registration the payer must confirm.
    waiting_aliases: Vec<(String, String, String)>,
    /// The payments on the marketplace, oldest first.
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

/// The successful result of handling a request.
enum Out {
    /// A JSON object to which `result` and `requestId` are added.
    Wrapped(Value),
    /// A JSON object that is sent unchanged.
    Bare(Value),
    /// An empty response with status 204.
    Empty,
    /// A body with this content type and these bytes.
    Bytes(&'static str, Vec<u8>),
}

type ApiResult = Result<Out, Refusal>;

impl Tpay {
    /// Creates the server in its initial state, which the examples use. The constants in this
    /// module describe this state.
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
            waiting_aliases: Vec::new(),
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

    /// Returns the trust anchors for the signatures of notifications, in PEM format: the
    /// intermediate certificate, followed by the root certificate.
    pub fn anchors_pem(&self) -> &'static str {
        notify::ANCHORS_PEM
    }

    /// Returns the certificate of the key that signs notifications, in PEM format.
    pub fn signing_pem(&self) -> &'static str {
        notify::SIGNING_PEM
    }

    /// Returns the outbox, which contains the notifications whose delivery has ended. Call
    /// [`Outbox::wait_for`] outside [`Server::state`](crate::Server::state), which blocks the
    /// server.
    pub fn outbox(&self) -> Outbox {
        self.post.outbox()
    }

    /// Returns the value of the header `X-JWS-Signature` for a notification with this body.
    pub fn sign(&self, body: &[u8]) -> String {
        self.post.sign(&self.x5u_url(), body)
    }

    /// Makes the next request to an endpoint, such as `transactions.create`, fail with this status
    /// and error code. Use it for errors that depend on the account, such as `access_denied`.
    /// Returns whether the endpoint exists.
    pub fn refuse_next(&mut self, endpoint: &str, status: u16, error_code: &str) -> bool {
        let route = ROUTES.iter().find(|route| route.id == endpoint);
        if let Some(route) = route {
            let refusal = (status, error_code.to_owned());
            self.refusals.entry(route.id).or_default().push_back(refusal);
        }
        route.is_some()
    }

    /// Returns the error that [`refuse_next`](Self::refuse_next) set for the endpoint `id`, if any,
    /// and removes it.
    fn told(&mut self, id: &str) -> Result<(), Refusal> {
        match self.refusals.get_mut(id).and_then(VecDeque::pop_front) {
            Some((status, code)) => {
                Err(Refusal::of(status, &code, "", "rejected because the test requested it"))
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

    /// Returns a new id, which consists of the prefix, such as `rf_`, and 16 digits.
    fn prefixed_id(&mut self, prefix: &str) -> String {
        format!("{prefix}{:016}", self.next_id())
    }

    /// Returns a new title for a payment, in the format `TR-XXX-XXXXXXX`. The payer sees the title.
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
