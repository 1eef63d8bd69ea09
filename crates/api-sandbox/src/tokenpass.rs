//! A test server for the Tokenpass API, with users, addresses, rules, promises, chats and credits
//! in memory.
//!
//! The server accepts requests on which the provider's documentation, its published server code and
//! its official clients agree. Where nothing is documented, it has rules of its own; their comments
//! contain "not documented".
//!
//! # Logging in without a browser
//!
//! `GET /oauth/authorize` returns a page as if the user [`USERNAME`] were logged in. The page has
//! two links, which add `sandbox_consent=grant` or `sandbox_consent=deny` to the same URL. Like the
//! buttons of the real page, each link leads to a redirect to the callback URL. After the user has
//! consented once, the server redirects immediately, without the page. A test that uses a callback
//! URL other than [`REDIRECT_URI`] must first add it to [`Client::callbacks`].
//!
//! # Proving ownership
//!
//! The ownership of an address is proved with a Bitcoin signature, which the server verifies. To
//! create such a signature in a test, use the [`Key`] that [`source_key`], [`unverified_key`] or
//! [`Key::named`] returns.

mod accounts;
mod addresses;
mod ask;
mod auth;
mod balances;
mod bitcoin;
mod chats;
mod console;
mod credits;
mod entities;
mod lookups;
mod oauth;
mod php;
mod promises;
mod response;
mod routes;
pub mod tca;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use accounts::User;
pub use addresses::Address;
pub use auth::Generation;
pub use bitcoin::{Key, verifies};
pub use chats::Chat;
pub use credits::{CreditAccount, CreditEntry, CreditGroup};
pub use oauth::{Client, Token};
pub use promises::{Promise, Source};

use crate::date::{DAY, date_time};
use crate::routes::{Found, find, template_of};
use crate::server::Verdict;
use crate::{ConsolePage, Raw, Response, SandboxClock, Service};
use ask::Ask;
use response::{ApiResult, html, message};
use routes::{Access, ROUTES, Route};

/// The client id of a privileged application; see [`Client::is_privileged`].
pub const CLIENT_ID: &str = "ISANDBOXCLIENT000000000000000001";
/// The client secret of the application [`CLIENT_ID`].
pub const CLIENT_SECRET: &str = "KSANDBOXSECRET00000000000000000000000001";
/// A registered callback URL of the application [`CLIENT_ID`].
pub const REDIRECT_URI: &str = "http://127.0.0.1:8000/oauth_callback";
/// The client id of an application without privileges.
pub const OTHER_CLIENT_ID: &str = "ISANDBOXCLIENT000000000000000002";
/// The client secret of the application [`OTHER_CLIENT_ID`].
pub const OTHER_CLIENT_SECRET: &str = "KSANDBOXSECRET00000000000000000000000002";
/// The API token of the privileged user [`USERNAME`], which is used in place of a client id.
pub const PRIVILEGED_CLIENT_ID: &str = "ISANDBOXUSERTOKEN000000000000001";
/// The API secret of the privileged user [`USERNAME`], which is used in place of a client secret.
pub const PRIVILEGED_CLIENT_SECRET: &str = "KSANDBOXUSERSECRET0000000000000000000001";
/// The name of a privileged user who has addresses, balances and OAuth tokens.
pub const USERNAME: &str = "cryptonaut";
/// The id of the user [`USERNAME`].
pub const USER_ID: &str = "00000001-1111-4111-8111-111111111111";
/// The password of every user in the initial state.
pub const PASSWORD: &str = "Correct-Horse-1";
/// The confirmed e-mail address of [`USERNAME`].
pub const EMAIL: &str = "cryptonaut@example.org";
/// The name of a second user, who has one public address.
pub const OTHER_USERNAME: &str = "bob";
/// The id of the user [`OTHER_USERNAME`].
pub const OTHER_USER_ID: &str = "00000002-1111-4111-8111-111111111111";
/// The unconfirmed e-mail address of [`OTHER_USERNAME`].
pub const OTHER_EMAIL: &str = "bob@example.org";
/// An OAuth token of [`USERNAME`] with every scope in [`SCOPES`].
pub const OAUTH_TOKEN: &str = "SandboxTokenAllScopes0000000000000000001";
/// An OAuth token of [`USERNAME`] with only the scopes `user` and `tca`.
pub const LIMITED_TOKEN: &str = "SandboxTokenUserTca000000000000000000001";
/// An expired OAuth token of [`USERNAME`].
pub const EXPIRED_TOKEN: &str = "SandboxTokenExpired000000000000000000001";
/// A public address of [`USERNAME`], which holds 10 TOKENLY and 5000 LTBCOIN.
pub const PUBLIC_ADDRESS: &str = "1AAAA1111xxxxxxxxxxxxxxxxxxy43CZ9j";
/// A private address of [`USERNAME`], which holds 5 TOKENLY and 1 SECRETCOIN.
pub const PRIVATE_ADDRESS: &str = "1AAAA2222xxxxxxxxxxxxxxxxxxy4pQ3tU";
/// The public address of [`OTHER_USERNAME`], which holds 1 TOKENLY.
pub const OTHER_ADDRESS: &str = "1AAAA3333xxxxxxxxxxxxxxxxxxxsTtS6v";
/// An inactive address of [`USERNAME`]. Its balances are not counted.
pub const INACTIVE_ADDRESS: &str = "1AAAA4444xxxxxxxxxxxxxxxxxxxxjbqeD";
/// The address whose key [`source_key`] returns. It holds 1000 TOKENLY and 1000 LTBCOIN, and
/// [`CLIENT_ID`] is allowed to make promises from it.
pub const SOURCE_ADDRESS: &str = "1L6bpeDGYtkG2BeoJHqQ2pFU5QbH7wp7yG";
/// The private key of [`SOURCE_ADDRESS`], in wallet import format. It is not a secret.
pub const SOURCE_WIF: &str = "KyRduzoL8UP6Ds6xKHChV3rQzU9S5rvvRT6hsZ7wmKU9SVniUdDC";
/// The address whose key [`unverified_key`] returns. [`USERNAME`] has registered it, but has not
/// verified it.
pub const UNVERIFIED_ADDRESS: &str = "1Dg4FyHQWSniJSXQHj1zNWJoJjjoW8FsxW";
/// The private key of [`UNVERIFIED_ADDRESS`], in wallet import format. It is not a secret.
pub const UNVERIFIED_WIF: &str = "L2JdaRQ4jqATvGhBYf7y3gDMBdttnThtpPprjCJXz65RCZFukkf6";
/// The id of a chat that belongs to [`USERNAME`] and requires 10 TOKENLY.
pub const CHAT_ID: &str = "c0000000-0000-4000-8000-000000000001";

/// Returns the private key of [`SOURCE_ADDRESS`], with which tests sign messages.
pub fn source_key() -> Key {
    Key::named("source")
}

/// Returns the private key of [`UNVERIFIED_ADDRESS`], with which tests sign messages.
pub fn unverified_key() -> Key {
    Key::named("unverified")
}

/// The names of all scopes of OAuth tokens.
pub const SCOPES: [&str; 8] = [
    "user",
    "email",
    "tca",
    "private-address",
    "private-balances",
    "manage-address",
    "chats",
    "manage-chats",
];

/// The number of satoshis in one token.
const TOKEN: i64 = 100_000_000;

/// The balances of an address or a user, in satoshis, by the name of the asset.
pub type Balances = BTreeMap<String, i64>;

/// The state and settings of the Tokenpass server.
pub struct Tokenpass {
    clock: SandboxClock,
    /// The version of the signature headers that the server accepts. Defaults to
    /// [`Generation::Query`].
    pub generation: Generation,
    /// Whether the header `Authorization: Bearer` is also accepted for paths below `/api/v1`. The
    /// provider's published server code of 2017 ignores it there.
    pub bearer: bool,
    /// The maximum number of requests per minute to each endpoint below `/api/v1`. `None` means
    /// unlimited.
    pub rate_limit: Option<u64>,
    /// Whether OAuth errors are HTML pages with status 500, as in the provider's published server
    /// code of 2017. Otherwise, they are JSON, as in the code of 2016.
    pub html_oauth_errors: bool,
    /// Whether `account.update` exists, as in the provider's published server code of 2016.
    /// Otherwise, the response has status 404, as in the code of 2017.
    pub routes_account_update: bool,
    /// The lifetime of a new OAuth token, in seconds. Defaults to 30 days.
    pub token_life: u64,
    /// Whether balances in responses have a precision (8 decimal places), as the provider's plug-in
    /// of 2022 expects. The balances of addresses are then objects with `value` and `precision`.
    pub quantity_objects: bool,
    /// Whether `credit_account.list` returns dumps of internal objects instead of accounts, as in
    /// the provider's published server code of 2017.
    pub dumps_accounts: bool,
    /// Whether the service that provides blockchain balances is down. Requests that depend on this
    /// service then fail with status 500.
    pub chain_is_down: bool,
    /// The registered users.
    pub users: Vec<User>,
    /// The registered applications.
    pub clients: Vec<Client>,
    /// The OAuth tokens of all users.
    pub tokens: Vec<Token>,
    /// The balances on the blockchain, by address, in satoshis.
    pub chain: BTreeMap<String, Balances>,
    /// The addresses of all users.
    pub addresses: Vec<Address>,
    /// The addresses from which applications are allowed to make promises.
    pub sources: Vec<Source>,
    /// The promises, oldest first.
    pub promises: Vec<Promise>,
    /// The credit groups of all applications.
    pub credit_groups: Vec<CreditGroup>,
    /// The accounts of the credit groups.
    pub credit_accounts: Vec<CreditAccount>,
    /// All entries of the credit ledger, oldest first.
    pub credit_entries: Vec<CreditEntry>,
    /// The chats of all users.
    pub chats: Vec<Chat>,
    /// The address of the issuer of each asset. The issuer is allowed to send messages to the
    /// holders of the asset.
    pub issuers: BTreeMap<String, String>,
    /// The assets that users have disabled, as pairs of a user id and an asset. The balances of
    /// such an asset are not counted for the user.
    pub disabled: BTreeSet<(String, String)>,
    /// The recipients of the e-mails that ask users to confirm an e-mail address, oldest first. No
    /// e-mail is actually sent.
    pub mails: Vec<String>,
    codes: Vec<oauth::Code>,
    hits: BTreeMap<&'static str, (u64, u64)>,
    nonces: BTreeSet<String>,
    ids: u64,
}

impl Tokenpass {
    /// Creates the server in its initial state, which the examples use. The constants in this
    /// module describe this state.
    pub fn new(clock: SandboxClock) -> Self {
        let now = clock.unix();
        let mut server = Self {
            clock,
            generation: Generation::Query,
            bearer: false,
            rate_limit: None,
            html_oauth_errors: false,
            routes_account_update: true,
            token_life: 30 * DAY,
            quantity_objects: false,
            dumps_accounts: false,
            chain_is_down: false,
            users: accounts::first_users(),
            clients: oauth::first_clients(),
            tokens: oauth::first_tokens(now),
            chain: BTreeMap::new(),
            addresses: addresses::first_addresses(),
            sources: vec![Source {
                client_id: CLIENT_ID.to_owned(),
                address: SOURCE_ADDRESS.to_owned(),
                assets: None,
            }],
            promises: Vec::new(),
            credit_groups: Vec::new(),
            credit_accounts: Vec::new(),
            credit_entries: Vec::new(),
            chats: vec![Chat {
                id: CHAT_ID.to_owned(),
                name: "Tokenly chat".to_owned(),
                active: true,
                global: false,
                rules: vec![("TOKENLY".to_owned(), 10 * TOKEN)],
                owner: USER_ID.to_owned(),
                roster: Vec::new(),
            }],
            issuers: BTreeMap::from([("TOKENLY".to_owned(), PUBLIC_ADDRESS.to_owned())]),
            disabled: BTreeSet::new(),
            mails: Vec::new(),
            codes: Vec::new(),
            hits: BTreeMap::new(),
            nonces: BTreeSet::new(),
            ids: 0,
        };
        server.hold(PUBLIC_ADDRESS, "TOKENLY", 10 * TOKEN);
        server.hold(PUBLIC_ADDRESS, "LTBCOIN", 5_000 * TOKEN);
        server.hold(PRIVATE_ADDRESS, "TOKENLY", 5 * TOKEN);
        server.hold(PRIVATE_ADDRESS, "SECRETCOIN", TOKEN);
        server.hold(OTHER_ADDRESS, "TOKENLY", TOKEN);
        server.hold(SOURCE_ADDRESS, "TOKENLY", 1_000 * TOKEN);
        server.hold(SOURCE_ADDRESS, "LTBCOIN", 1_000 * TOKEN);
        server
    }

    /// Sets the balance of `asset` at `address` on the blockchain, in satoshis.
    pub fn hold(&mut self, address: &str, asset: &str, satoshis: i64) {
        let balances = self.chain.entry(address.to_owned()).or_default();
        balances.insert(asset.to_owned(), satoshis);
    }

    /// Returns the current time in the format of responses: `YYYY-MM-DD HH:MM:SS` in UTC.
    fn date(&self) -> String {
        date_time(self.clock.unix())
    }

    fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    fn uuid(&mut self) -> String {
        format!("5a4db0c5-0000-4000-8000-{:012x}", self.next_id())
    }

    /// Validates the credentials for an endpoint, and sets the caller in `ask`. Returns whether the
    /// credentials are valid (`None` if the endpoint requires none), and the error response if the
    /// request is rejected. A request with an invalid client id or secret in its parameters is not
    /// rejected here, because the endpoints that require them have their own error formats.
    fn admit(&mut self, access: Access, ask: &mut Ask<'_>) -> (Option<bool>, Result<(), Response>) {
        match access {
            Access::Open => (None, Ok(())),
            Access::ClientId => {
                let id = ask.text("client_id").unwrap_or_default();
                (Some(self.clients.iter().any(|client| client.id == id)), Ok(()))
            }
            Access::ClientSecret => (Some(self.client_of(ask).is_some()), Ok(())),
            Access::Bearer => {
                let user = self.bearer_user(ask);
                (Some(user.is_ok()), user.map(|user| ask.user = user))
            }
            Access::Application | Access::Privileged => {
                let key = self.verify(ask.request, access == Access::Privileged);
                let key = key.map(|key| ask.client = key).map_err(|why| message(403, why));
                (Some(key.is_ok()), key)
            }
            Access::Token(scope) => {
                let extra = !auth::has_headers(ask.request, self.generation)
                    || self.verify(ask.request, false).is_ok();
                let held = self.token_user(ask, scope).map_err(|why| message(403, why));
                // The real server ignores signatures here, so an invalid one is only recorded.
                (Some(held.is_ok() && extra), held)
            }
        }
    }

    /// Verifies the signature of a request. Returns the client id of the application that signed it
    /// or, if `privileged` is true, the API token of the user.
    fn verify(&mut self, request: &Raw, privileged: bool) -> Result<String, &'static str> {
        let (users, clients) = (&self.users, &self.clients);
        let signed = auth::verify(request, self.generation, self.clock.unix(), |key| {
            if privileged {
                let mut pairs = users.iter().filter_map(|user| user.api_key.as_ref());
                pairs.find(|(token, _)| token == key).map(|(_, secret)| secret.clone())
            } else {
                clients.iter().find(|client| client.id == key).map(|client| client.secret.clone())
            }
        })?;
        // Not documented: the nonce in an `X-API-*` header, which must be unique, is accepted only
        // once.
        if self.generation == Generation::XApi && !self.nonces.insert(signed.nonce) {
            return Err("Invalid nonce parameter");
        }
        Ok(signed.key)
    }

    /// Counts a request to an endpoint. Returns the headers with the limit and the number of
    /// remaining requests, or the response with status 429 if the limit is exceeded.
    fn throttle(&mut self, id: &'static str) -> Result<Vec<(&'static str, u64)>, Response> {
        let Some(limit) = self.rate_limit else { return Ok(Vec::new()) };
        let now = self.clock.unix();
        let (since, hits) = self.hits.entry(id).or_insert((now, 0));
        // Not documented: a minute begins with the first request in it.
        if now >= *since + 60 {
            (*since, *hits) = (now, 0);
        }
        if *hits >= limit {
            let reset = *since + 60;
            return Err(Response::new(429, "text/plain; charset=UTF-8", "Too Many Attempts.")
                .with_header("retry-after", reset - now)
                .with_header("x-ratelimit-limit", limit)
                .with_header("x-ratelimit-remaining", 0)
                .with_header("x-ratelimit-reset", reset));
        }
        *hits += 1;
        Ok(vec![("x-ratelimit-limit", limit), ("x-ratelimit-remaining", limit - *hits)])
    }

    fn call(&mut self, id: &str, ask: &Ask<'_>) -> ApiResult {
        match id {
            "oauth.authorize" => self.oauth_authorize(ask),
            "oauth.access_token" => self.oauth_access_token(ask),
            "oauth.password_token" => self.oauth_password_token(ask),
            "oauth.user" => self.oauth_user(ask),
            "oauth.request_code" => self.oauth_request_code(ask),
            "oauth.api_token" => self.oauth_api_token(ask),
            "oauth.logout" => self.oauth_logout(ask),
            "account.register" => self.account_register(ask),
            "account.login" => self.account_login(ask),
            "account.update" => self.account_update(ask),
            "second_factor.status" => self.second_factor_status(ask),
            "second_factor.sign" => self.second_factor_sign(ask),
            "tca.check_user" => self.tca_check_user(ask),
            "tca.check_address" => self.tca_check_address(ask),
            "tca.check_email" => self.tca_check_email(ask),
            "tca.find_users" => self.tca_find_users(ask),
            "perk.get" => self.perk_get(ask),
            "asset.info" => Self::asset_info(ask),
            "source.register" => self.source_register(ask),
            "source.delete" => self.source_delete(ask),
            "source.list" => self.source_list(ask),
            "promise.create" => self.promise_create(ask),
            "promise.list" => self.promise_list(ask),
            "promise.list_by_email" => self.promise_list_by_email(ask),
            "promise.get" => self.promise_get(ask),
            "promise.update" => self.promise_update(ask),
            "promise.cancel" => self.promise_cancel(ask),
            "address.list_mine" => self.address_list_mine(ask),
            "address.list_public" => self.address_list_public(ask),
            "address.get_public" => self.address_get_public(ask),
            "address.register" => self.address_register(ask),
            "address.get_mine" => self.address_get_mine(ask),
            "address.verify" => self.address_verify(ask),
            "address.update" => self.address_update(ask),
            "address.delete" => self.address_delete(ask),
            "address.instant_verify" => self.address_instant_verify(ask),
            "lookup.user_by_address" => self.lookup_user_by_address(ask),
            "lookup.users_by_addresses" => self.lookup_users_by_addresses(ask),
            "lookup.address_by_user" => self.lookup_address_by_user(ask),
            "lookup.user_exists" => self.lookup_user_exists(ask),
            "lookup.user_by_email" => self.lookup_user_by_email(ask),
            "balance.public" => self.balance_public(ask),
            "balance.protected" => self.balance_protected(ask),
            "messenger.privileges" => self.messenger_privileges(ask),
            "messenger.chats" => self.messenger_chats(ask),
            "messenger.chat_privileges" => self.messenger_chat_privileges(ask),
            "messenger.join" => self.messenger_join(ask),
            "chat.create" => self.chat_create(ask),
            "chat.get" => self.chat_get(ask),
            "chat.update" => self.chat_update(ask),
            "credit_group.create" => self.credit_group_create(ask),
            "credit_group.list" => self.credit_group_list(ask),
            "credit_group.get" => self.credit_group_get(ask),
            "credit_group.update" => self.credit_group_update(ask),
            "credit_group.history" => self.credit_group_history(ask),
            "credit_account.list" => self.credit_account_list(ask),
            "credit_account.create" => self.credit_account_create(ask),
            "credit_account.get" => self.credit_account_get(ask),
            "credit_account.history" => self.credit_account_history(ask),
            "credit.give" => self.credit_give(ask),
            "credit.take" => self.credit_take(ask),
            _ => Err(html(404)),
        }
    }

    /// Handles a request to a known endpoint. Returns the response, and whether the credentials are
    /// valid.
    fn serve(
        &mut self,
        request: &Raw,
        route: &Route,
        values: Vec<String>,
    ) -> (Response, Option<bool>) {
        let mut ask = match Ask::read(request, self.generation, values) {
            Ok(ask) => ask,
            Err(refusal) => return (refusal, None),
        };
        let (signed, admitted) = self.admit(route.wants, &mut ask);
        let response = admitted.and_then(|()| self.call(route.id, &ask));
        (response.unwrap_or_else(|refusal| refusal), signed)
    }
}

impl Service for Tokenpass {
    fn console(&self) -> ConsolePage {
        self.console_page()
    }

    fn has_action(&self, action: &str) -> bool {
        console::ACTIONS.contains(&action)
    }

    fn press(&mut self, action: &str, subject: &str) -> bool {
        self.press_button(action, subject)
    }

    fn path_template(&self, path: &str) -> Option<&'static str> {
        template_of(&ROUTES, path)
    }

    fn respond(&mut self, request: &Raw) -> (Response, Verdict) {
        let nothing = Verdict { endpoint: None, signed: None };
        if is_api(request) && request.method == "OPTIONS" {
            return (Response::new(200, "text/html; charset=UTF-8", ""), nothing);
        }
        self.expire_promises();
        let unrouted = if self.routes_account_update { "" } else { "account.update" };
        let routed = ROUTES.iter().filter(|route| route.id != unrouted);
        let found = find(routed, &request.method, request.path(), |part| php::decode(part, false));
        let (route, values) = match found {
            Found::Here(route, values) => (route, values),
            Found::OtherMethod(_) => return (html(405), nothing),
            Found::Nothing => return (html(404), nothing),
        };
        let endpoint = Some(route.id);
        let limits = if is_api(request) { self.throttle(route.id) } else { Ok(Vec::new()) };
        let limits = match limits {
            Ok(limits) => limits,
            Err(refusal) => return (refusal, Verdict { endpoint, signed: None }),
        };
        let (mut response, signed) = self.serve(request, route, values);
        for (name, value) in limits {
            response = response.with_header(name, value);
        }
        (response, Verdict { endpoint, signed })
    }

    /// Returns the message of an error response, or `None` if the response reports no error. Some
    /// endpoints report errors with status 200.
    fn rejection(&self, response: &Response) -> Option<String> {
        let body: serde_json::Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let text = |name: &str| body.get(name).and_then(serde_json::Value::as_str);
        let explained = text("message").or(text("error_description"));
        let code = text("error").filter(|_| explained.is_some());
        match explained.or(text("error")) {
            Some(message) if response.status >= 400 || text("error").is_some() => {
                Some(match code {
                    Some(code) => format!("{code}: {message}"),
                    None => message.to_owned(),
                })
            }
            _ => (response.status >= 400)
                .then(|| format!("an error page with status {}", response.status)),
        }
    }
}

/// Returns whether the path of the request begins with `/api/v1/`. The paths of the login page and
/// of some OAuth endpoints begin with `/oauth/` instead.
fn is_api(request: &Raw) -> bool {
    request.path().starts_with("/api/v1/")
}

impl fmt::Debug for Tokenpass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokenpass")
            .field("users", &self.users.len())
            .field("promises", &self.promises.len())
            .finish_non_exhaustive()
    }
}
