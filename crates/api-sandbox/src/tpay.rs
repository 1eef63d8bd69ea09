//! The Tpay Open API server: payments, refunds, aliases, marketplace and the rest in memory, with
//! money in whole grosze and notifications that are really signed.
//!
//! It accepts what the provider's documentation and its official clients send, and nothing else:
//! members that nobody documents are refused, so that a misspelt one is seen. Where no source
//! tells what the real server does, the rule here is marked "chosen".
//!
//! # How payers pay
//!
//! | way | what to do |
//! |---|---|
//! | in a test | [`Tpay::pay`], [`Tpay::pay_amount`], [`Tpay::decline`] through [`Server::state`](crate::Server::state) |
//! | from another process | GET the transaction's `transactionPaymentUrl`; with `&answer=no` added, the payer declines, with `&answer=chargeback` the bank takes the money back |
//! | BLIK code | [`BLIK_CODES`] |
//! | saving a card | [`Tpay::tokenize`], or GET the `url` of the tokenization |
//! | card | the last digit of the amount, see [`CARD_OUTCOMES`] |
//!
//! # Notifications
//!
//! They go to the address that the request named, only if that is plain HTTP on loopback, and
//! again (at most [`Tpay::delivery_attempts`] times) until they are answered as they must be. The
//! `x5u` of their signature is [`Tpay::base_url`] + `/x509/notifications-jws.pem` unless
//! [`Tpay::x5u`] says otherwise: a client that insists on the provider's host must be told of
//! this one. What it has to trust is [`Tpay::anchors_pem`], also served at
//! `/x509/tpay-jws-root.pem`; the security code of `md5sum` is [`SECURITY_CODE`]. What was sent,
//! and how it was answered, is in [`Tpay::outbox`].
//!
//! ```
//! # use api_sandbox::Sandbox;
//! let sandbox = Sandbox::start()?;
//! let outbox = sandbox.tpay().state(|tpay| {
//!     tpay.notify_test("https://shop.example.com/notify"); // signed, but not sent that far
//!     tpay.outbox()
//! });
//! let sent = outbox.wait_for(1); // not inside `state`: a callback may call the server
//! assert!(sent[0].body.contains("tr_status=TRUE"));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # What else a test can turn
//!
//! Errors that depend on an account come from [`Tpay::refuse_next`]; tokens are made unknown by
//! [`Tpay::revoke_tokens`] and expire by [`SandboxClock::advance`]; the fields of [`Tpay`] are
//! its settings and its books.

mod accounts;
mod ask;
mod auth;
mod blik;
mod channels;
mod check;
mod collect;
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

use crate::date::YEAR;
use crate::query::decode_segment;
use crate::routes::{Found, find};
use crate::server::Verdict;
use crate::{Raw, Reply, SandboxClock, Service};
use ask::{Ask, Page};
use check::Refusal;
use json::Members;
use routes::{Carries, ROUTES, Route};

/// The client id that the server knows.
pub const CLIENT_ID: &str = "01SANDB0X00000000000000000-01SANDB0X00000000000000001";
/// The secret of that client.
pub const CLIENT_SECRET: &str = "sandbox-client-secret-0000000000000000000000000000000000000000";
/// What the `md5sum` of payment notifications is made with.
pub const SECURITY_CODE: &str = "sandbox-security-code";
/// The merchant id of notifications.
pub const MERCHANT_ID: &str = "1010";
/// The point of sale.
pub const POS_ID: &str = "ps_Sandbox000000001";
/// The partner's account that exists from the start.
pub const ACCOUNT_ID: &str = "01SANDB0XACC00000000000000";
/// A card token that exists from the start and can be charged.
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

/// What happens to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Paid at once.
    Paid,
    /// Nothing happens until [`Tpay::pay`] or [`Tpay::decline`].
    Waiting,
    /// Refused at once: HTTP 200 with `payments.errors`, and an attempt with this code.
    Refused(&'static str),
    /// The answer tells nothing; reading the transaction shows an attempt with this code.
    RefusedLater(&'static str),
    /// The payer has to be sent to the payment wall (`actionRequired`).
    Redirect,
}

/// BLIK codes and what they lead to. Any other code that begins with 777 is paid; all others are
/// refused as wrong ones (63). Only the rule for 777 is the provider's; the rest is chosen.
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

/// The last digit of a card payment's amount in grosze and what it leads to; any other digit
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
    /// `http://127.0.0.1:PORT`; taken from the first request's `Host` while it is empty.
    pub base_url: String,
    /// How long a token lives, in seconds.
    pub token_seconds: u64,
    /// How many tokens were given out.
    pub tokens_issued: usize,
    /// How many token requests came, good and bad.
    pub token_requests: usize,
    /// Whether `hiddenDescription` may be used only once (`crc_not_unique`).
    pub unique_crc: bool,
    /// Whether the merchant confirms payments: a payment is `paid` until its notification is
    /// answered with `TRUE` (then `correct`) or `FALSE` (then refunded).
    pub two_step: bool,
    /// Whether a request may name callbacks of its own (`url_override_is_disabled`).
    pub callbacks_allowed: bool,
    /// After this many seconds a payment cannot be refunded (`refund_period_expired`). Chosen.
    pub refund_seconds: u64,
    /// Within this many seconds a second refund of the same amount is `cannot_create_refund`.
    pub equal_refund_seconds: u64,
    /// How often a notification is sent that is not answered as it must be. Chosen: without
    /// pauses.
    pub delivery_attempts: u32,
    /// Where BLIK alias events go, as if set in the panel.
    pub panel_url: Option<String>,
    /// Whether BLIK alias events are JSON; otherwise they are forms. The sources disagree.
    pub alias_events_as_json: bool,
    /// The `x5u` of signatures, if it is not the server's own address.
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

/// What a handler gives back.
enum Out {
    /// A JSON object that gets `result` and `requestId`.
    Wrapped(Value),
    /// A JSON object as it is.
    Bare(Value),
    /// 204.
    Empty,
    /// Bytes of that type.
    Bytes(&'static str, Vec<u8>),
}

type Answer = Result<Out, Refusal>;

impl Tpay {
    /// The state that the examples expect.
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

    /// The certificates that a client has to trust to accept the sandbox's notifications:
    /// intermediate first, root second, as PEM.
    pub fn anchors_pem(&self) -> &'static str {
        notify::ANCHORS_PEM
    }

    /// The certificate of the key that signs, as PEM.
    pub fn signing_pem(&self) -> &'static str {
        notify::SIGNING_PEM
    }

    /// What was sent to callbacks. Take it out of [`Server::state`](crate::Server::state) before
    /// waiting on it.
    pub fn outbox(&self) -> Outbox {
        self.post.outbox()
    }

    /// The `X-JWS-Signature` that the server would send with a body.
    pub fn sign(&self, body: &[u8]) -> String {
        self.post.sign(&self.x5u_url(), body)
    }

    /// Answers the next call of an endpoint with an error, without carrying it out: for errors
    /// that depend on what a sandbox does not have, such as `access_denied` of an account.
    /// Returns whether there is such an endpoint.
    pub fn refuse_next(&mut self, endpoint: &str, status: u16, error_code: &str) -> bool {
        let route = ROUTES.iter().find(|route| route.id == endpoint);
        if let Some(route) = route {
            let refusal = (status, error_code.to_owned());
            self.refusals.entry(route.id).or_default().push_back(refusal);
        }
        route.is_some()
    }

    /// The refusal that [`refuse_next`](Self::refuse_next) was asked for, if it was.
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

    fn call(&mut self, id: &str, ask: &Ask) -> Answer {
        match id {
            "oauth.tokeninfo" => {
                Err(Refusal::of(401, "unauthorized", "", "the Authorization header must be Bearer"))
            }
            "transactions.create" => self.transactions_create(ask),
            "transactions.list" => self.transactions_list(ask),
            "transactions.get" => self.transactions_get(ask),
            "transactions.pay" => self.transactions_pay(ask),
            "transactions.cancel" | "transactions.cancel_legacy" => self.transactions_cancel(ask),
            "transactions.qr" => self.transactions_qr(ask),
            "transactions.refund" => self.transactions_refund(ask),
            "transactions.list_refunds" => self.transactions_list_refunds(ask),
            "transactions.bank_groups" => self.transactions_bank_groups(ask),
            "transactions.channels" => self.transactions_channels(ask),
            "refunds.list" => self.refunds_list(ask),
            "refunds.create" => self.refunds_create(ask),
            "refunds.get" => self.refunds_get(ask),
            "tokens.create" => self.tokens_create(ask),
            "tokens.get" => self.tokens_get(ask),
            "tokens.delete" => self.tokens_delete(ask),
            "blik.create_alias" => self.blik_create_alias(ask),
            "blik.get_alias" => self.blik_get_alias(ask),
            "blik.delete_alias" => self.blik_delete_alias(ask),
            "wallet.init_apple_pay" => self.wallet_init_apple_pay(ask),
            "accounts.list" => self.accounts_list(ask),
            "accounts.create" => self.accounts_create(ask),
            "accounts.create_merchant" => self.accounts_create_merchant(ask),
            "accounts.get" => self.accounts_get(ask),
            "accounts.balance" => self.accounts_balance(ask),
            "accounts.categories"
            | "accounts.legal_forms"
            | "accounts.documents"
            | "accounts.mcc" => accounts::dictionary(id, ask),
            "accounts.category" | "accounts.legal_form" | "accounts.document" => {
                accounts::dictionary_entry(id, ask)
            }
            "accounts.pos" => self.accounts_pos(ask),
            "marketplace.create" => self.marketplace_create(ask),
            "marketplace.get" => self.marketplace_get(ask),
            "marketplace.pay" => self.marketplace_pay(ask),
            "marketplace.refund" => self.marketplace_refund(ask),
            "marketplace.cancel" => self.marketplace_cancel(ask),
            "marketplace.bank_groups" => self.marketplace_bank_groups(ask),
            "collect.list_bank_accounts" => self.collect_list_bank_accounts(ask),
            "collect.create_bank_account" => self.collect_create_bank_account(ask),
            "reports.list" => self.reports_list(ask),
            "reports.file" => self.reports_file(ask),
            "recurring.create" => self.recurring_create(ask),
            "recurring.list" => self.recurring_list(ask),
            "recurring.get" => self.recurring_get(ask),
            "recurring.transactions" => self.recurring_transactions(ask),
            "recurring.cancel" => self.recurring_cancel(ask),
            "recurring.retry" => self.recurring_retry(ask),
            "recurring.update_payment_instrument" => self.recurring_update(ask),
            "certificates.signing" => Ok(Out::Bytes(PEM, notify::SIGNING_PEM.into())),
            "certificates.root" => Ok(Out::Bytes(PEM, notify::ANCHORS_PEM.into())),
            _ => Err(Refusal::unknown("endpoint")),
        }
    }

    /// Carries out a request whose route is known; tells whether its credentials held.
    fn serve(
        &mut self,
        request: &Raw,
        route: &Route,
        values: Vec<String>,
    ) -> (Reply, Option<bool>) {
        if route.wants == Carries::Credentials {
            let answer = self.oauth_token(request);
            let signed = Some(answer.is_ok());
            return (self.reply(answer), signed);
        }
        let is_open = route.id.starts_with("certificates.");
        let token = if is_open { Ok(None) } else { self.authorized(request) };
        let signed = (!is_open).then_some(token.is_ok());
        let answer = token.and_then(|token| {
            self.told(route.id)?;
            let ask = Ask::read(request, route, values)?;
            match (route.id, token) {
                ("oauth.tokeninfo", Some(token)) => self.oauth_tokeninfo(&ask, &token),
                _ => self.call(route.id, &ask),
            }
        });
        // The marketplace says no in words of its own, but for its pay.
        let in_own_words = route.id.starts_with("marketplace.") && route.id != "marketplace.pay";
        let answer = match answer {
            Err(refusal) if in_own_words && signed == Some(true) => Err(refusal.into_violations()),
            answer => answer,
        };
        (self.reply(answer), signed)
    }

    fn reply(&mut self, answer: Answer) -> Reply {
        let request_id = format!("{:020x}", self.next_id());
        let json =
            |status, body: &Value| Reply::new(status, "application/json", text::php_json(body));
        match answer {
            Ok(Out::Wrapped(mut body)) => {
                if let Some(object) = body.as_object_mut() {
                    object.entry("result").or_insert_with(|| "success".into());
                    object.insert("requestId".to_owned(), request_id.into());
                }
                json(200, &body)
            }
            Ok(Out::Bare(body)) => json(200, &body),
            Ok(Out::Empty) => Reply { status: 204, headers: Vec::new(), body: Vec::new() },
            Ok(Out::Bytes(kind, bytes)) => Reply::new(200, kind, bytes),
            Err(refusal) => {
                let (status, body) = refusal.body(&request_id);
                json(status, &body)
            }
        }
    }
}

const PEM: &str = "application/x-pem-file";

impl Service for Tpay {
    fn answer(&mut self, request: &Raw) -> (Reply, Verdict) {
        if let (true, Some(host)) = (self.base_url.is_empty(), request.header("host")) {
            self.base_url = format!("http://{host}");
        }
        self.settle();
        if request.path() == "/" {
            return (self.wall(request), Verdict { endpoint: None, signed: None });
        }
        let found = find(&ROUTES, &request.method, request.path(), decode_segment);
        let (endpoint, refusal) = match found {
            Found::Here(route, values) => {
                let (reply, signed) = self.serve(request, route, values);
                return (reply, Verdict { endpoint: Some(route.id), signed });
            }
            Found::OtherMethod(route) => (
                Some(route.id),
                Refusal::of(405, "method_not_allowed", "", "the path has no such method"),
            ),
            Found::Nothing => (None, Refusal::unknown("path")),
        };
        let signed = Some(self.authorized(request).is_ok());
        (self.reply(Err(refusal)), Verdict { endpoint, signed })
    }

    /// The code and the text of each error; the shapes of the marketplace as they are.
    fn rejection(&self, reply: &Reply) -> Option<String> {
        if reply.status < 400 {
            return None;
        }
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let error = |error: &Value| {
            let text = |name: &str| error.at(name).as_str().unwrap_or_default().to_owned();
            format!("{}: {}", text("errorCode"), text("errorMessage"))
        };
        Some(match body.at("errors").items() {
            [] => String::from_utf8_lossy(&reply.body).into_owned(),
            errors => errors.iter().map(error).collect::<Vec<_>>().join("; "),
        })
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
