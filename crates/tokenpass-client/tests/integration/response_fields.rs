//! Tests that each documented field of each response is parsed into the field with its name.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fmt::Debug;

use test_support::responses::{Call, Responses};
use test_support::{enums, wire_texts};
use tokenpass_client::accounts::{RegisterAccount, SecondFactor, UpdateAccount};
use tokenpass_client::addresses::{InstantVerify, RegisterAddress, UpdateAddress};
use tokenpass_client::api_auth::{Request, Response, StatusCode, TransportError, path_segment};
use tokenpass_client::chats::{CreateChat, UpdateChat};
use tokenpass_client::credits::{CreditAccount, Entry, UpdateCreditGroup};
use tokenpass_client::oauth::{ExchangeCodeAtApi, RequestCode};
use tokenpass_client::promises::{PromiseId, RegisterSource, UpdatePromise};
use tokenpass_client::{Authorize, Client, CreatePromise, Error, Op, Rule, Rules, Satoshis, Scope};

/// Returns a call whose transport responds with a given body.
fn call<T: Debug>(call: impl Fn(&Client) -> Result<T, Error> + 'static) -> Call {
    Box::new(move |body| {
        let body = body.as_bytes().to_vec();
        let transport = move |_: Request| -> Result<Response, TransportError> {
            Ok(Response::new(body.clone()))
        };
        let client = Client::builder("I1", "K1")
            .privileged("P1", "S1")
            .oauth_token("T1")
            .redirect_uri("https://app/cb")
            .transport(transport)
            .retries(0);
        call(&client.build().unwrap())
            .map(|value| format!("{value:#?}"))
            .map_err(|error| format!("{error:?} {error}"))
    })
}

fn rules() -> Rules {
    Rule::some("TOKENLY").into()
}

fn calls() -> Vec<(&'static str, Call)> {
    let tokens = Satoshis::whole(1);
    let promise = move || CreatePromise::new("s", "d", "TOKENLY", tokens);
    let login = || Authorize::new("https://app/cb", [Scope::User]).unwrap();
    let code = move || RequestCode::new(login().with_state("S7ateOfTheLogin"), "bob", "pw");
    let at_api = || ExchangeCodeAtApi::new("c", "r", [Scope::User], "s");
    vec![
        ("oauth.access_token", call(|client| client.exchange_code("c"))),
        ("oauth.api_token", call(move |client| client.exchange_code_at_api(&at_api()))),
        (
            "oauth.password_token",
            call(|client| client.request_password_token("bob", "pw", [Scope::User])),
        ),
        ("oauth.request_code", call(move |client| client.request_code(&code()))),
        ("oauth.user", call(Client::get_user)),
        ("oauth.logout", call(Client::log_out)),
        (
            "account.register",
            call(|client| client.register_account(&RegisterAccount::new("bob", "pw", "b@x"))),
        ),
        ("account.login", call(|client| client.check_login("bob", "pw"))),
        (
            "account.update",
            call(|client| client.update_account(&UpdateAccount::new("u", "t", "pw").name("n"))),
        ),
        ("second_factor.status", call(|client| client.get_second_factor("bob"))),
        ("second_factor.sign", call(|client| client.sign_second_factor("sig"))),
        ("tca.check_user", call(|client| client.check_user("bob", &rules()))),
        ("tca.check_address", call(|client| client.check_address("1A", &rules()))),
        ("tca.check_email", call(|client| client.check_email("b@x", &rules()))),
        ("tca.find_users", call(|client| client.find_users(&rules()))),
        ("perk.get", call(|client| client.get_perks("TOKENLY"))),
        (
            "source.register",
            call(|client| client.register_source(&RegisterSource::new("1A").proof("p"))),
        ),
        ("source.delete", call(|client| client.delete_source("1A"))),
        ("source.list", call(Client::list_sources)),
        ("promise.create", call(move |client| client.create_promise(&promise()))),
        ("promise.get", call(|client| client.get_promise(PromiseId::new(107)))),
        (
            "promise.update",
            call(|client| {
                client.update_promise(&UpdatePromise::new(PromiseId::new(107)).note("n"))
            }),
        ),
        ("promise.list", call(Client::list_promises)),
        ("promise.list_by_email", call(|client| client.list_promises_by_email("b@x"))),
        ("promise.cancel", call(|client| client.cancel_promise(PromiseId::new(107)))),
        ("address.list_mine", call(Client::list_my_addresses)),
        ("address.get_mine", call(|client| client.get_my_address("1A"))),
        ("address.register", call(|client| client.register_address(&RegisterAddress::new("1A")))),
        (
            "address.update",
            call(|client| client.update_address(&UpdateAddress::new("1A").label("l"))),
        ),
        ("address.verify", call(|client| client.verify_address("1A", "sig"))),
        ("address.delete", call(|client| client.delete_address("1A"))),
        (
            "address.instant_verify",
            call(|client| client.instant_verify(&InstantVerify::new("bob", "m", "1A", "sig"))),
        ),
        ("address.list_public", call(|client| client.list_public_addresses("bob"))),
        ("address.get_public", call(|client| client.get_public_address("bob", "1A"))),
        ("lookup.user_by_address", call(|client| client.get_user_by_address("1A"))),
        ("lookup.address_by_user", call(|client| client.get_address_by_user("bob"))),
        ("lookup.user_by_email", call(|client| client.get_user_by_email("b@x"))),
        ("lookup.users_by_addresses", call(|client| client.get_users_by_addresses(["1A"]))),
        ("lookup.user_exists", call(|client| client.check_user_exists("bob"))),
        ("balance.public", call(Client::list_public_balances)),
        ("balance.protected", call(Client::list_protected_balances)),
        ("messenger.privileges", call(|client| client.get_messenger_privileges("TOKENLY"))),
        ("messenger.chats", call(Client::list_chats)),
        ("messenger.chat_privileges", call(|client| client.get_chat_privileges("c"))),
        ("messenger.join", call(|client| client.join_chat("c"))),
        ("chat.get", call(|client| client.get_chat("c"))),
        (
            "chat.create",
            call(move |client| client.create_chat(&CreateChat::new("n").token("TOKENLY", tokens))),
        ),
        (
            "chat.update",
            call(move |client| client.update_chat(&UpdateChat::new("c").token("TOKENLY", tokens))),
        ),
        ("credit_group.create", call(|client| client.create_credit_group("n"))),
        (
            "credit_group.update",
            call(|client| client.update_credit_group(&UpdateCreditGroup::new("g").name("n"))),
        ),
        ("credit_group.get", call(|client| client.get_credit_group("g"))),
        ("credit_group.list", call(Client::list_credit_groups)),
        ("credit_group.history", call(|client| client.get_credit_group_history("g"))),
        ("credit_account.list", call(|client| client.list_credit_accounts("g"))),
        ("credit_account.create", call(|client| client.create_credit_account("g", "n"))),
        ("credit_account.get", call(|client| client.get_credit_account("g", "a"))),
        ("credit_account.history", call(|client| client.get_credit_account_history("g", "a"))),
        ("credit.give", call(|client| client.give_credits("g", [Entry::new("a", 1)]))),
        ("credit.take", call(|client| client.take_credits("g", [Entry::new("a", 1)]))),
    ]
}

/// The fields of an error response.
#[derive(Debug)]
#[expect(dead_code, reason = "the values are printed")]
struct ErrorFields {
    code: Option<String>,
    message: Option<String>,
    details: Vec<String>,
}

/// Returns a call whose transport responds with an error.
fn error(status: u16) -> Call {
    Box::new(move |body| {
        let body = body.as_bytes().to_vec();
        let transport = move |_: Request| -> Result<Response, TransportError> {
            let mut response = Response::new(body.clone());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            Ok(response)
        };
        let client = Client::builder("I1", "K1").transport(transport).retries(0).build().unwrap();
        let error = client.list_sources().unwrap_err();
        let texts = error.details().iter().filter_map(|detail| detail.message.clone());
        let fields = ErrorFields {
            code: error.code().map(str::to_owned),
            message: error.message().map(str::to_owned),
            details: texts.collect(),
        };
        Ok(format!("{fields:#?}"))
    })
}

/// Reads the callback of a login whose parameters are the fields of the JSON.
fn callback(body: &str) -> Result<String, String> {
    let fields: BTreeMap<String, Option<String>> = serde_json::from_str(body).unwrap();
    let params: Vec<String> = fields
        .iter()
        .filter_map(|(name, value)| Some([name, "=", &path_segment(value.as_deref()?)].concat()))
        .collect();
    let login = Authorize::new("https://app/cb", [Scope::User]).unwrap();
    match login.with_state("S7ateOfTheLogin").read_callback(&params.join("&")) {
        Ok(code) => Ok(format!("{code:#?}")),
        Err(error) if error.code().is_empty() && !fields.contains_key("error") => {
            Err(error.to_string())
        }
        Err(error) => {
            let (code, message) = (error.code().to_owned(), error.message().to_owned());
            let fields = ErrorFields { code: Some(code), message: Some(message), details: vec![] };
            Ok(format!("{fields:#?}"))
        }
    }
}

/// Other documents: documented formats that differ from those of servers, errors, the callback of a
/// login, and the dump of an account by the server of 2017. That dump also contains columns of the
/// server's database. They would be unknown fields, so the file does not contain them.
fn others() -> Vec<(&'static str, Call)> {
    vec![
        ("credit_account.list.docs", call(|client| client.list_credit_accounts("g"))),
        ("credit_account.list.dump", call(|client| client.list_credit_accounts("g"))),
        ("balance.public.docs", call(Client::list_public_balances)),
        ("error.validation", error(422)),
        ("error.result", error(400)),
        ("error.oauth", error(400)),
        ("oauth.callback", Box::new(callback)),
        ("oauth.callback.denied", Box::new(callback)),
        ("oauth.callback.scope", Box::new(callback)),
    ]
}

const ALWAYS_TRUE: &str = "always true in a response that is not an error";

const NOT_KEPT: &[(&str, &str, &str)] = &[
    ("promise.create", "result", ALWAYS_TRUE),
    ("promise.get", "result", ALWAYS_TRUE),
    ("promise.update", "result", ALWAYS_TRUE),
    ("promise.list", "result", ALWAYS_TRUE),
    ("promise.list_by_email", "result", ALWAYS_TRUE),
    ("source.list", "result", ALWAYS_TRUE),
    ("lookup.users_by_addresses", "result", "false if no user was found: the map is empty"),
    ("tca.find_users", "count", "the length of the list"),
    ("error.result", "result", "always false in an error"),
];

const PLAIN: &str = "an amount that is a number has none; the other amount in the file has it";
const DETAIL: &str = "a part of the detail of one address";
const OWN: &str = "only the owner sees it";
const OTHER_USER: &str = "the three endpoints that return a user return different fields";
const ROW: &str = "the account occurs once, and not in each entry";
const ONE_TEXT: &str = "only validation errors contain several messages";

const UNDOCUMENTED: &[(&str, &str, &str)] = &[
    ("address.list_mine", "precision", PLAIN),
    ("address.get_mine", "precision", PLAIN),
    ("address.update", "precision", PLAIN),
    ("address.list_public", "precision", PLAIN),
    ("address.get_public", "precision", PLAIN),
    ("address.list_mine", "kind", DETAIL),
    ("address.list_mine", "verify_code", DETAIL),
    ("address.list_public", "kind", DETAIL),
    ("address.list_public", "verify_code", DETAIL),
    ("address.list_public", "active", OWN),
    ("address.list_public", "verified", OWN),
    ("address.list_public", "verify_address", OWN),
    ("address.get_public", "verify_code", OWN),
    ("address.get_public", "verify_address", OWN),
    ("address.register", "balances", "a new address has neither"),
    ("address.register", "verified", "a new address has neither"),
    ("oauth.user", "confirmed_email", OTHER_USER),
    ("account.register", "name", OTHER_USER),
    ("account.register", "email_is_confirmed", OTHER_USER),
    ("account.register", "confirmed_email", OTHER_USER),
    ("account.login", "email_is_confirmed", OTHER_USER),
    ("credit_group.history", "account", "the history of an account has it"),
    ("credit_account.history", "account", ROW),
    ("credit_account.history", "account_uuid", ROW),
    ("credit_account.history", "tokenpass_user", ROW),
    ("credit_account.history", "balance", "the history of a group has it"),
    ("error.validation", "code", "only errors of OAuth have one"),
    ("error.result", "code", "only errors of OAuth have one"),
    ("error.result", "details", ONE_TEXT),
    ("error.oauth", "details", ONE_TEXT),
    ("oauth.callback.denied", "details", ONE_TEXT),
    ("oauth.callback.scope", "details", ONE_TEXT),
];

const REQUIRED: &[(&str, &str)] = &[
    ("oauth.logout", "result"),
    ("account.register", "result"),
    ("account.update", "result"),
    ("second_factor.status", "result"),
    ("second_factor.sign", "result"),
    ("tca.check_user", "result"),
    ("tca.check_address", "result"),
    ("tca.check_email", "result"),
    ("lookup.user_exists", "result"),
    ("source.register", "result"),
    ("source.delete", "result"),
    ("promise.cancel", "result"),
    ("address.list_mine", "result"),
    ("address.get_mine", "result"),
    ("address.register", "result"),
    ("address.update", "result"),
    ("address.verify", "result"),
    ("address.delete", "result"),
    ("address.instant_verify", "result"),
    ("address.list_public", "result"),
    ("address.get_public", "result"),
    ("lookup.user_by_address", "result"),
    ("lookup.address_by_user", "result"),
    ("lookup.user_by_email", "result"),
    ("balance.public.docs", "result"),
    ("oauth.access_token", "access_token"),
    ("oauth.api_token", "access_token"),
    ("oauth.password_token", "access_token"),
    ("oauth.request_code", "code"),
    ("oauth.user", "id"),
    ("account.login", "id"),
    ("messenger.join", "success"),
    ("promise.create", "tx"),
    ("promise.get", "tx"),
    ("promise.update", "tx"),
    ("credit_group.create", "credit_group"),
    ("credit_group.update", "credit_group"),
    ("credit_group.get", "credit_group"),
    ("credit_account.create", "account"),
    ("credit_account.get", "account"),
    ("credit.give", "transactions"),
    ("tca.find_users", "results"),
    ("lookup.users_by_addresses", "users"),
    ("source.list", "whitelist"),
    ("promise.list", "list"),
    ("promise.list_by_email", "list"),
    ("credit_group.list", "list"),
    ("credit_group.history", "transactions"),
    ("credit_account.list", "accounts"),
    ("credit_account.list.docs", "list"),
    ("credit_account.list.dump", "accounts"),
    ("credit_account.history", "transactions"),
    ("credit.take", "transactions"),
    ("oauth.callback", "code"),
    ("oauth.callback", "state"),
    ("oauth.callback.denied", "error"),
    ("oauth.callback.scope", "error"),
];

#[test]
fn each_documented_field_is_read_into_the_field_of_its_name() {
    Responses {
        provider: "tokenpass",
        sources: &[],
        folder: env!("CARGO_MANIFEST_DIR"),
        calls: calls(),
        others: others(),
        no_fields: &[
            ("oauth.authorize", "the response is a page or a redirect"),
            ("asset.info", "the response is not documented and is returned unchanged"),
        ],
        renamed: &[
            ("LTBCOIN", "value"),
            ("TOKENLY", "value"),
            ("balanceSat", "satoshis"),
            ("error", "code"),
            ("error", "message"),
            ("error_description", "message"),
            ("errors", "details"),
            ("expiration", "expires"),
            ("ref", "reference"),
            ("type", "chain"),
            ("type", "kind"),
        ],
        converted: &[("active", "0", "false"), ("pseudo", "0", "false"), ("public", "0", "false")],
        derived: &[],
        not_kept: NOT_KEPT,
        undocumented: UNDOCUMENTED,
        required: REQUIRED,
    }
    .check();
}

#[test]
fn enums_have_exactly_the_documented_strings() {
    let texts = wire_texts! {
        Op: ">=", ">", "=", "==", "!=", "!", "<", "<=";
        Scope: "user", "email", "tca", "private-address", "private-balances", "manage-address",
            "chats", "manage-chats";
        SecondFactor: "signed", "unsigned";
    };
    enums::check(env!("CARGO_MANIFEST_DIR"), &texts);
}

/// The only model that is deserialized and serialized by different code.
#[test]
fn stored_credit_account_has_the_names_of_the_response() {
    let text = include_str!("responses/credit_account.get.json");
    let response: serde_json::Value = serde_json::from_str(text).unwrap();
    let account = response["account"].to_string();
    let account: CreditAccount = api_auth::json_slice(account.as_bytes()).unwrap();
    let stored = serde_json::to_value(&account).unwrap();
    let names = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(names(&stored), names(&response["account"]));
    assert_eq!(serde_json::from_value::<CreditAccount>(stored).unwrap(), account);
}
