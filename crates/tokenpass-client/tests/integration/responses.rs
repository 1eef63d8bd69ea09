//! The result of each endpoint for the responses that a server may send, over real HTTP.
//!
//! A test is named `ENDPOINT_response...`; `cargo xtask endpoints` requires at least one for each
//! endpoint.

#![cfg(feature = "ureq")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::time::Duration;

use test_support::decoding::{Case, Outcome, shown, with_response};
use tokenpass_client::accounts::{RegisterAccount, SecondFactor, UpdateAccount};
use tokenpass_client::addresses::{InstantVerify, RegisterAddress, UpdateAddress, Verification};
use tokenpass_client::chats::{CreateChat, UpdateChat};
use tokenpass_client::credits::{Entry, UpdateCreditGroup};
use tokenpass_client::oauth::{ExchangeCode, ExchangeCodeAtApi, LoginErrorKind, RequestCode};
use tokenpass_client::promises::{PromiseId, RegisterSource, UpdatePromise};
use tokenpass_client::{
    Authorize, Balances, Client, CreatePromise, Environment, Error, ErrorExt, ErrorKind,
    RawEndpoint, Rules, Satoshis, Scope, html,
};

const TX: &str = r#"{"source":"1CPM4nnf9sjD7aU46gQki8moNdxwwkfjbf","destination":"1AAAA3333xxxxxxxxxxxxxxxxxxxsTtS6v","asset":"TOKENLY","quantity":100000000,"fingerprint":null,"txid":null,"ref":"a:b","expiration":1795314514,"created_at":"2026-11-22 01:28:34","updated_at":"2026-11-22 01:28:34","pseudo":0,"note":"caf&eacute; &lt;b&gt;","promise_id":107}"#;
const ADDRESSES: &str = r#"{"result":[{"address":"1AAAA1111xxxxxxxxxxxxxxxxxxy43CZ9j","balances":{"TOKENLY":1000000000,"LTBCOIN":500000000000},"public":true,"label":"Main &amp; public","active":true,"verified":true},{"address":"1AAAA4444xxxxxxxxxxxxxxxxxxxxjbqeD","balances":false,"public":true,"label":"Inactive","active":false,"verified":true},{"address":"1AAAA5555xxxxxxxxxxxxxxxxxxxwEhYkL","balances":false,"public":true,"label":"Unverified","verify_address":"1PayToVerify000104","active":true,"verified":false}]}"#;
const ADDRESS: &str = r#"{"result":{"type":"btc","address":"14eRVGNPQChSmSmNLH6RPjdwsNPc7rH2Z7","label":"x","public":1,"active":1,"verified":false,"balances":false,"verify_code":"TOKENPASS zebra quick 9","verify_address":"1PayToVerify000108"}}"#;
const OWNER: &str = r#"{"result":{"username":"bob","address":"1AAAA3333xxxxxxxxxxxxxxxxxxxsTtS6v","email":"bob@example.com"}}"#;
const BALANCES: &str = r#"[{"asset":"TOKENLY","name":"TOKENLY","balance":10,"balanceSat":"1000000000"},{"asset":"SOUP","name":"SOUP","balance":1.0e-8,"balanceSat":"1"}]"#;
const CHAT: &str = r#"{"id":"fbaf5840-9eff-4a0c-9b92-614f8a992b53","name":"n","active":true,"global":false,"tokens":{"TOKENLY":1.5}}"#;
const GROUP: &str = r#"{"credit_group":{"name":"Bob's","uuid":"077578b3-2611-4514-ad9a-8fb4eb728f4d","active":true,"app_whitelist":["ISIMCLIENT00000000000000000000001"],"created_at":"2026-11-22 01:28:34","updated_at":"2026-11-22 01:28:34"}}"#;
const ACCOUNT: &str = r#"{"account":{"name":"00000002-1111-4111-8111-111111111111","uuid":"068f6e21-9f52-4049-8e93-1d36f07855ca","balance":3500,"tokenpass_user":{"uuid":"00000002-1111-4111-8111-111111111111","slug":"bob","username":"bob"},"created_at":"2026-11-22 01:28:34","updated_at":"2026-11-22 01:28:34"}}"#;
const ACCOUNTS: &str = r#"{"balance":0,"count":2,"accounts":[{"name":"_","uuid":"ecfe050c-b930-48d1-bd76-8bbb43028210","balance":-3500,"tokenpass_user":false,"created_at":"2026-11-22 01:28:34","updated_at":"2026-11-22 01:28:34"},{"name":"n","uuid":"068f6e21-9f52-4049-8e93-1d36f07855ca","balance":"3500","tokenpass_user":{"uuid":"00000002-1111-4111-8111-111111111111","slug":"bob","username":"bob"},"created_at":"2026-11-22 01:28:34","updated_at":"2026-11-22 01:28:34"}]}"#;
const GROUP_HISTORY: &str = r#"{"balance":"0","count":2,"transactions":[{"credit_group":"077578b3-2611-4514-ad9a-8fb4eb728f4d","account":"_","tokenpass_user":false,"account_uuid":"ecfe050c-b930-48d1-bd76-8bbb43028210","tx_uuid":"8f1e5724-697b-482a-a570-d5089ca9f2ce","amount":"1500","created_at":"2026-11-22 01:28:34","updated_at":"2026-11-22 01:28:34","ref":null},{"credit_group":"077578b3-2611-4514-ad9a-8fb4eb728f4d","account":"n","tokenpass_user":"bob","account_uuid":"068f6e21-9f52-4049-8e93-1d36f07855ca","tx_uuid":"c92c9742-f088-4f68-99d9-a61db375bc6d","amount":-1500,"created_at":"2026-11-22 01:28:34","updated_at":"2026-11-22 01:28:34","ref":"a"}]}"#;
const ACCOUNT_HISTORY: &str = r#"{"account":{"name":"n","uuid":"068f6e21-9f52-4049-8e93-1d36f07855ca","balance":"3500","tokenpass_user":{"uuid":"00000002-1111-4111-8111-111111111111","slug":"bob","username":"bob"},"created_at":"2026-11-22 01:28:34","updated_at":"2026-11-22 01:28:34"},"count":1,"transactions":[{"credit_group":"077578b3-2611-4514-ad9a-8fb4eb728f4d","tx_uuid":"c92c9742-f088-4f68-99d9-a61db375bc6d","amount":"-1500","created_at":"2026-11-22 01:28:34","updated_at":"2026-11-22 01:28:34","ref":null}]}"#;
const BOOKINGS: &str = r#"{"transactions":[{"credit":{"uuid":"8648324a-e704-414d-9354-fc97622466b3","app_credit_group_uuid":"077578b3-2611-4514-ad9a-8fb4eb728f4d","account_uuid":"068f6e21-9f52-4049-8e93-1d36f07855ca","account_name":"n","amount":5000,"ref":null,"created_at":"2026-11-22 01:28:34","updated_at":"2026-11-22 01:28:34"},"debit":{"uuid":"ee567924-5fa5-47c8-ab79-e2260806aef2","app_credit_group_uuid":"077578b3-2611-4514-ad9a-8fb4eb728f4d","account_uuid":"ecfe050c-b930-48d1-bd76-8bbb43028210","account_name":"_","amount":-5000,"ref":null,"created_at":"2026-11-22 01:28:34","updated_at":"2026-11-22 01:28:34"}}]}"#;
const USER: &str = r#"{"id":"00000002-1111-4111-8111-111111111111","name":"Bob \u00c9lan","username":"bob","email":"bob@example.com","email_is_confirmed":true,"ecc_key":"0000000000000000000000000000000000000000000000000000000000000002"}"#;
const TOKEN: &str = r#"{"access_token":"PlVyoBmvp6xy92WNqw5Wv7uQGkDeTdGjjmOnhkAG","token_type":"Bearer","expires_in":2592000}"#;
const DONE: &str = r#"{"result":true}"#;
const HTML: &str = "<html><body>Whoops</body></html>";

fn client(base: &str) -> Client {
    Client::builder("I1", "K1")
        .privileged("P1", "S1")
        .oauth_token("T1")
        .redirect_uri("https://app/cb")
        .environment(Environment::custom(base))
        .retries(0)
        .build()
        .unwrap()
}

fn rules<T: std::fmt::Debug>(
    method: &str,
    documented: &str,
    call: impl Fn(&Client) -> Result<T, Error>,
) {
    rules_with(method, documented, &[], call);
}

/// Applies the rules of a response that requires these fields. A `{}` from a proxy must not be a
/// success.
fn rules_with<T: std::fmt::Debug>(
    method: &str,
    documented: &str,
    needed: &[&str],
    call: impl Fn(&Client) -> Result<T, Error>,
) {
    let call = |base: &str| -> Outcome { shown(call(&client(base))) };
    // Actions are acknowledged by `result` or `success`; an error names the first.
    let missing = needed.first().map(|name| if *name == "success" { "result" } else { name });
    Case { method, documented, any_body: false, missing, call: &call }.holds(needed);
}

/// Returns the result of a call for one response.
fn one<T>(
    method: &str,
    status: usize,
    body: &str,
    call: impl Fn(&Client) -> Result<T, Error>,
) -> Result<T, Error> {
    with_response(method, status, None, body, |base| call(&client(base)))
}

/// Applies the rules of a check: the result is true, false or an error.
fn check_rules(call: impl Fn(&Client) -> Result<bool, Error>) {
    let read = |status, body: &str| one("GET", status, body, &call);
    for yes in [DONE, r#"{"result":1}"#, r#" {"result":"1","new":{}}"#] {
        assert!(read(200, yes).unwrap(), "{yes}");
    }
    for no in [r#"{"result":false}"#, r#"{"result":0}"#] {
        assert!(!read(200, no).unwrap(), "{no}");
    }
    for bad in ["{}", r#"{"result":null}"#, r#"{"result":"maybe"}"#, "", "true", "{", HTML] {
        let error = read(200, bad).unwrap_err();
        assert_eq!((error.kind(), &*error.body_text()), (ErrorKind::Decode, bad));
    }
    let rejection = r#"{"result":false,"error":"Invalid address"}"#;
    for status in [200, 400] {
        let error = read(status, rejection).unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Api, Some("Invalid address")));
    }
    for problem in ["true", "1", r#""0""#, r#"["x"]"#, r#"{"code":1}"#, r#"{"message":"Wrong"}"#] {
        let error = read(200, &format!(r#"{{"result":true,"error":{problem}}}"#)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Api, "{problem}");
        let message = if problem.contains("Wrong") { "Wrong" } else { error.message().unwrap() };
        assert!(!message.is_empty() && error.message() == Some(message), "{problem}: {error}");
    }
    for empty in ["null", "false", r#""""#, "0", "-0", "0.0", "[]", "{}"] {
        let body = format!(r#"{{"result":true,"error":{empty}}}"#);
        assert!(read(200, &body).unwrap(), "{empty}");
    }
    let error = read(403, r#"{"message":"Invalid API Token","errors":["Invalid API Token"]}"#);
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Auth);
    let error = read(502, HTML).unwrap_err();
    assert_eq!((error.status().unwrap().as_u16(), &*error.body_text()), (502, HTML));
    assert_eq!(read(401, "who").unwrap_err().kind(), ErrorKind::Auth);
}

/// Applies the rules of a response with a token: without a token it is an error.
fn token_rules(call: impl Fn(&Client) -> Result<tokenpass_client::UserToken, Error>) {
    let read = |status, body: &str| one("POST", status, body, &call);
    let token = read(200, TOKEN).unwrap();
    assert_eq!(token.access_token.expose(), "PlVyoBmvp6xy92WNqw5Wv7uQGkDeTdGjjmOnhkAG");
    assert_eq!(token.token_type.as_deref(), Some("Bearer"));
    assert_eq!(token.expires_in, Some(Duration::from_secs(2_592_000)));
    assert!(!format!("{token:?}").contains("PlVy"));
    let least = read(200, r#"{"access_token":"t","expires_in":"60","new":1}"#).unwrap();
    assert_eq!((least.token_type, least.expires_in), (None, Some(Duration::from_secs(60))));
    for bad in ["{}", r#"{"access_token":null}"#, r#"{"access_token":""}"#, "", "{", HTML] {
        let error = read(200, bad).unwrap_err();
        assert_eq!((error.kind(), &*error.body_text()), (ErrorKind::Decode, bad));
    }
    let rejection =
        r#"{"error":"invalid_client","error_description":"Client authentication failed."}"#;
    let error = read(401, rejection).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Auth, Some("invalid_client")));
    assert_eq!(error.message(), Some("Client authentication failed."));
    let error = read(200, r#"{"error":"Failed getting access token"}"#).unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::Api, Some("Failed getting access token"))
    );
    let error = read(500, HTML).unwrap_err();
    assert_eq!((error.kind(), &*error.body_text()), (ErrorKind::Auth, HTML));
    assert!(error.message().unwrap().contains("code"), "{error}");
    let error = read(500, r#"{"message":"Unable to process this request"}"#).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api);
    let error = read(502, HTML).unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Api, 502));
}

fn stack() -> Rules {
    "TOKENLY >= 1".parse().unwrap()
}

#[test]
fn tca_check_user_response_is_true_false_or_an_error() {
    check_rules(|client| client.check_user("bob", &stack()));
    let missing = r#"{"result":false,"error":"Username not found"}"#;
    let error = one("GET", 404, missing, |client| client.check_user("bob", &stack()));
    assert_eq!(error.unwrap_err().message(), Some("Username not found"));
}

#[test]
fn tca_check_address_response_is_true_false_or_an_error() {
    check_rules(|client| client.check_address("1A", &stack()));
}

#[test]
fn tca_check_email_response_is_true_false_or_an_error() {
    check_rules(|client| client.check_email("a@b.c", &stack()));
}

#[test]
fn tca_find_users_response_follows_the_rules() {
    let found = r#"{"count":1,"results":[{"id":"00000002-1111-4111-8111-111111111111","username":"bob","channel":"DcrJWp2TiGJdAUi8rXzW2RkmDnwQ3D9VJsuTkr8EdSBV"}]}"#;
    rules_with("GET", found, &["results"], |client| client.find_users(&stack()));
    let users = one("GET", 200, found, |client| client.find_users(&stack())).unwrap();
    assert_eq!(users[0].username.as_deref(), Some("bob"));
    assert_eq!(users[0].id.as_deref(), Some("00000002-1111-4111-8111-111111111111"));
    assert!(users[0].channel.is_some() && users[0].extra.is_empty());
}

#[test]
fn perk_get_response_follows_the_rules() {
    let body = r#"{"token":"TOKENLY","chatCount":3}"#;
    rules("GET", body, |client| client.get_perks("TOKENLY"));
    let perks = one("GET", 200, body, |client| client.get_perks("TOKENLY")).unwrap();
    assert_eq!((perks.token.as_deref(), perks.chat_count), (Some("TOKENLY"), Some(3)));
    let rejection = r#"{"message":"The request was not processed successfully. Invalid token name","errors":["Invalid token name"]}"#;
    let error = one("GET", 422, rejection, |client| client.get_perks("x")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api);
    assert_eq!(error.details()[0].message.as_deref(), Some("Invalid token name"));
}

#[test]
fn asset_info_response_follows_the_rules() {
    let body = r#"{"result":{"asset":"TOKENLY","chain":"bitcoin"}}"#;
    rules("GET", body, |client| client.get_asset("bitcoin", "TOKENLY"));
    let asset = one("GET", 200, body, |client| client.get_asset("bitcoin", "TOKENLY")).unwrap();
    assert_eq!(asset.json("result").unwrap(), r#"{"asset":"TOKENLY","chain":"bitcoin"}"#);
}

#[test]
fn source_register_response_follows_the_rules() {
    let source = RegisterSource::new("1A");
    rules_with("POST", DONE, &["result"], |client| client.register_source(&source));
    // An error may occur together with `"result":true`.
    let rejection = r#"{"result":true,"error":"Incorrect assign_user_hash parameter"}"#;
    for status in [200, 400] {
        let error = one("POST", status, rejection, |client| client.register_source(&source));
        assert_eq!(error.unwrap_err().message(), Some("Incorrect assign_user_hash parameter"));
    }
    let error = one("POST", 200, r#"{"result":false}"#, |client| client.register_source(&source));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Api);
}

#[test]
fn source_delete_response_follows_the_rules() {
    rules_with("DELETE", DONE, &["result"], |client| client.delete_source("1A"));
}

#[test]
fn source_list_response_follows_the_rules() {
    let body = r#"{"proof_suffix":"_7ba6","whitelist":{"1A":{"address":"1A","assets":null},"1B":{"address":"1B","assets":["TOKENLY"]},"1C":{"address":"1C","assets":{"0":"A","2":"B"},"type":"bitcoin"}},"result":true}"#;
    rules_with("GET", body, &["whitelist"], Client::list_sources);
    let sources = one("GET", 200, body, Client::list_sources).unwrap();
    assert_eq!(sources.proof_suffix.as_deref(), Some("_7ba6"));
    let assets: Vec<_> = sources.whitelist.iter().map(|source| source.assets.clone()).collect();
    let list = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(assets, [None, list(&["TOKENLY"]), list(&["A", "B"])]);
    assert_eq!(sources.whitelist[2].chain.as_deref(), Some("bitcoin"));
    assert!(sources.extra.is_empty() && sources.whitelist[2].extra.is_empty());
    let empty = one("GET", 200, r#"{"result":true,"whitelist":[]}"#, Client::list_sources);
    assert!(empty.unwrap().whitelist.is_empty());
}

#[test]
fn promise_create_response_follows_the_rules() {
    let call = CreatePromise::new("1S", "1D", "TOKENLY", Satoshis::whole(1));
    let body = format!(r#"{{"result":true,"tx":{TX}}}"#);
    rules_with("POST", &body, &["tx"], |client| client.create_promise(&call));
    let promise = one("POST", 200, &body, |client| client.create_promise(&call)).unwrap();
    assert_eq!(promise.promise_id, Some(PromiseId::new(107)));
    assert_eq!(promise.quantity, Some(Satoshis::whole(1)));
    assert_eq!(promise.expires.unwrap().seconds(), 1_795_314_514);
    assert_eq!(promise.pseudo, Some(false));
    assert_eq!(promise.reference.as_deref(), Some("a:b"));
    assert_eq!(html::decode(promise.note.as_deref().unwrap()), "café <b>");
    assert_eq!(promise.txid, None);
    assert!(promise.extra.is_empty());
    let again = serde_json::from_str(&serde_json::to_string(&promise).unwrap()).unwrap();
    assert_eq!(promise, again);
}

#[test]
fn promise_list_response_follows_the_rules() {
    let body = format!(r#"{{"result":true,"list":[{TX},{TX}]}}"#);
    rules_with("GET", &body, &["list"], Client::list_promises);
    assert_eq!(one("GET", 200, &body, Client::list_promises).unwrap().len(), 2);
}

#[test]
fn promise_list_by_email_response_follows_the_rules() {
    let body = format!(r#"{{"result":true,"list":[{TX}]}}"#);
    rules_with("GET", &body, &["list"], |client| client.list_promises_by_email("a@b.c"));
    let none = one("GET", 200, r#"{"result":true,"list":[]}"#, |client| {
        client.list_promises_by_email("a@b.c")
    });
    assert!(none.unwrap().is_empty());
}

#[test]
fn promise_get_response_follows_the_rules() {
    rules_with("GET", &format!(r#"{{"tx":{TX},"result":true}}"#), &["tx"], |client| {
        client.get_promise(PromiseId::new(107))
    });
}

#[test]
fn look_up_without_a_match_returns_none_and_a_404_page_is_an_error() {
    let none = r#"{"result":false,"error":"Provisional tx not found"}"#;
    assert_eq!(
        one("GET", 404, none, |client| client.get_promise(PromiseId::new(1))).unwrap(),
        None
    );
    assert_eq!(one("GET", 404, none, |client| client.get_my_address("1A")).unwrap(), None);
    assert_eq!(one("GET", 404, none, |client| client.get_public_address("u", "a")).unwrap(), None);
    assert_eq!(one("GET", 404, none, |client| client.get_user_by_address("1A")).unwrap(), None);
    assert_eq!(one("GET", 404, none, |client| client.get_address_by_user("u")).unwrap(), None);
    assert_eq!(one("GET", 404, none, |client| client.get_user_by_email("e")).unwrap(), None);
    assert_eq!(one("GET", 404, none, |client| client.get_chat("c")).unwrap(), None);
    assert_eq!(one("GET", 404, none, |client| client.get_credit_group("g")).unwrap(), None);
    assert_eq!(one("GET", 404, none, |client| client.get_credit_account("g", "a")).unwrap(), None);
    for page in [HTML, "", "{}"] {
        let error =
            one("GET", 404, page, |client| client.get_promise(PromiseId::new(1))).unwrap_err();
        assert_eq!(error.status().unwrap().as_u16(), 404, "{page}");
    }
}

#[test]
fn missing_group_or_user_is_an_error_and_a_missing_account_or_address_is_none() {
    let account = |status, body| one("GET", status, body, |c| c.get_credit_account("g", "a"));
    let none = r#"{"error":"App Credit account not found"}"#;
    assert_eq!(account(404, none).unwrap(), None);
    let error = account(404, r#"{"error":"App Credit Group not found"}"#).unwrap_err();
    assert_eq!(error.message(), Some("App Credit Group not found"));
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Api, 404));
    let address = |status, body| one("GET", status, body, |c| c.get_public_address("u", "a"));
    let none = r#"{"result":false,"error":"Address details not found"}"#;
    assert_eq!(address(404, none).unwrap(), None);
    let error = address(404, r#"{"result":false,"error":"Username not found"}"#).unwrap_err();
    assert_eq!(error.message(), Some("Username not found"));
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Api, 404));
}

#[test]
fn promise_update_response_follows_the_rules() {
    let update = UpdatePromise::new(PromiseId::new(107)).note("n");
    let body = format!(r#"{{"tx":{TX},"result":true}}"#);
    rules_with("PATCH", &body, &["tx"], |client| client.update_promise(&update));
}

#[test]
fn promise_cancel_response_follows_the_rules() {
    rules_with("DELETE", DONE, &["result"], |client| client.cancel_promise(PromiseId::new(107)));
}

#[test]
fn address_list_mine_response_follows_the_rules() {
    rules_with("GET", ADDRESSES, &["result"], Client::list_my_addresses);
    let addresses = one("GET", 200, ADDRESSES, Client::list_my_addresses).unwrap();
    let [main, inactive, unverified] = &addresses[..] else { panic!("three came") };
    assert_eq!(main.balances.as_ref().unwrap().get("LTBCOIN"), Satoshis::whole(5000));
    assert_eq!(main.label_text().as_deref(), Some("Main & public"));
    assert_eq!((inactive.active, &inactive.balances), (Some(false), &None));
    assert_eq!(unverified.verify_address.as_deref(), Some("1PayToVerify000104"));
    let sum = Balances::from_addresses(&addresses);
    assert_eq!(sum.get("TOKENLY"), Satoshis::whole(10));
    assert!(stack().evaluate(&sum));
}

#[test]
fn address_list_mine_response_of_2022_has_quantities() {
    let body = r#"{"result":[{"address":"1A","balances":{"TOKENLY":{"value":"100000000","precision":8},"0xAB:7":{"value":2,"precision":0}}},{"address":"1B","balances":[]}]}"#;
    let addresses = one("GET", 200, body, Client::list_my_addresses).unwrap();
    let balances = addresses[0].balances.as_ref().unwrap();
    assert_eq!(balances.get("TOKENLY"), Satoshis::whole(1));
    assert_eq!(balances.quantity("0xAB:7").unwrap().precision, Some(0));
    assert!(addresses[1].balances.as_ref().unwrap().is_empty());
}

#[test]
fn address_get_mine_response_follows_the_rules() {
    rules_with("GET", ADDRESS, &["result"], |client| client.get_my_address("1A"));
    let address = one("GET", 200, ADDRESS, |client| client.get_my_address("1A")).unwrap().unwrap();
    assert_eq!(address.kind.as_deref(), Some("btc"));
    assert_eq!(
        (address.public, address.active, address.verified),
        (Some(true), Some(true), Some(false))
    );
    assert_eq!(address.verify_code.as_deref(), Some("TOKENPASS zebra quick 9"));
}

#[test]
fn address_register_response_follows_the_rules() {
    rules_with("POST", ADDRESS, &["result"], |client| {
        client.register_address(&RegisterAddress::new("1A"))
    });
    let invalid = r#"{"message":"The request was not processed successfully. The address must be a valid address.","errors":["The address must be a valid address."]}"#;
    let error =
        one("POST", 422, invalid, |client| client.register_address(&RegisterAddress::new("1A")))
            .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api);
    assert_eq!(error.details()[0].message.as_deref(), Some("The address must be a valid address."));
}

#[test]
fn address_verify_response_follows_the_rules() {
    let call = |client: &Client| client.verify_address("1A", "IH=");
    rules_with("POST", DONE, &["result"], call);
    assert_eq!(one("POST", 200, DONE, call).unwrap(), Verification::Verified);
    let before = r#"{"error":"Address already verified","result":true}"#;
    assert_eq!(one("POST", 400, before, call).unwrap(), Verification::AlreadyVerified);
    let wrong = r#"{"error":"Invalid verification signature!","result":false}"#;
    let error = one("POST", 400, wrong, call).unwrap_err();
    assert_eq!(error.message(), Some("Invalid verification signature!"));
    let error = one("POST", 400, HTML, call).unwrap_err();
    assert_eq!(error.body_text(), HTML);
}

#[test]
fn address_update_response_follows_the_rules() {
    rules_with("PATCH", ADDRESS, &["result"], |client| {
        client.update_address(&UpdateAddress::new("1A").label("x"))
    });
}

#[test]
fn address_delete_response_follows_the_rules() {
    rules_with("DELETE", DONE, &["result"], |client| client.delete_address("1A"));
}

#[test]
fn address_instant_verify_response_follows_the_rules() {
    let proof = InstantVerify::new("u", "m", "a", "s");
    rules_with("POST", DONE, &["result"], |client| client.instant_verify(&proof));
}

#[test]
fn address_list_public_response_follows_the_rules() {
    rules_with("GET", ADDRESSES, &["result"], |client| client.list_public_addresses("bob"));
}

#[test]
fn address_get_public_response_follows_the_rules() {
    rules_with("GET", ADDRESS, &["result"], |client| client.get_public_address("bob", "1A"));
}

#[test]
fn lookup_user_by_address_response_follows_the_rules() {
    rules_with("GET", OWNER, &["result"], |client| client.get_user_by_address("1A"));
    let owner = one("GET", 200, OWNER, |client| client.get_user_by_address("1A")).unwrap().unwrap();
    assert_eq!(owner.username.as_deref(), Some("bob"));
    assert_eq!(owner.address.as_deref(), Some("1AAAA3333xxxxxxxxxxxxxxxxxxxsTtS6v"));
    assert_eq!(owner.email.as_deref(), Some("bob@example.com"));
}

#[test]
fn lookup_users_by_addresses_response_follows_the_rules() {
    let body = r#"{"result":true,"users":{"1A":{"username":"bob","address":"1A","email":"b@example.com"}}}"#;
    let call = |client: &Client| client.get_users_by_addresses(["1A"]);
    let error = one("POST", 200, HTML, call).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(one("POST", 200, body, call).unwrap()["1A"].username.as_deref(), Some("bob"));
    for none in [r#"{"result":false,"users":[]}"#, r#"{"result":false}"#] {
        assert!(one("POST", 200, none, call).unwrap().is_empty());
    }
    for missing in ["{}", r#"{"result":true}"#, r#"{"result":true,"users":null}"#] {
        assert_eq!(one("POST", 200, missing, call).unwrap_err().kind(), ErrorKind::Decode);
    }
    rules_with("POST", body, &["users"], call);
}

#[test]
fn lookup_address_by_user_response_follows_the_rules() {
    rules_with("GET", OWNER, &["result"], |client| client.get_address_by_user("bob"));
}

#[test]
fn lookup_user_by_email_response_follows_the_rules() {
    rules_with("GET", OWNER, &["result"], |client| client.get_user_by_email("bob@example.com"));
}

#[test]
fn lookup_user_exists_response_is_true_false_or_an_error() {
    check_rules(|client| client.check_user_exists("bob"));
}

#[test]
fn balance_public_response_follows_the_rules() {
    rules("GET", BALANCES, Client::list_public_balances);
    let balances = one("GET", 200, BALANCES, Client::list_public_balances).unwrap();
    assert_eq!(balances[0].balance.unwrap().to_string(), "10");
    assert_eq!(balances[1].balance.unwrap().minor_units(8), Some(1));
    assert_eq!(balances[1].satoshis, Some(Satoshis::new(1)));
    let held: Balances = balances.iter().collect();
    assert_eq!(held.get("TOKENLY"), Satoshis::whole(10));
    let partial = r#"[{"asset":"A","balance":1.5},{"asset":"B","balance":"2","precision":0},
        {"asset":"C","balanceSat":"3","precision":0},{"asset":"D","balance":4,"balanceSat":"4","precision":0},
        {"asset":"E"},{"asset":"F","balance":0.123456789},{"asset":"G","balanceSat":"7","precision":"8"}]"#;
    let list = one("GET", 200, partial, Client::list_public_balances).unwrap();
    let partial: Balances = list.iter().collect();
    let held = ["A", "B", "C", "D", "G"].map(|asset| partial.get(asset).get());
    assert_eq!(held, [150_000_000, 200_000_000, 300_000_000, 400_000_000, 7]);
    for unknown in ["E = 0", "E <= 5", "F = 0", "F"] {
        let rules: Rules = unknown.parse().unwrap();
        assert!(!rules.evaluate(&partial), "{unknown}");
    }
    let named = r#"[{"name":"A","balance":5},{"asset":"","name":"B","balance":5},{"asset":"C","name":"A","balance":1}]"#;
    let list = one("GET", 200, named, Client::list_public_balances).unwrap();
    let named: Balances = list.iter().collect();
    assert_eq!(["A", "B", "C"].map(|asset| named.get(asset)), [0, 0, 1].map(Satoshis::whole));
    let documented = format!(r#"{{"result":{BALANCES}}}"#);
    assert_eq!(one("GET", 200, &documented, Client::list_public_balances).unwrap(), balances);
}

#[test]
fn balance_protected_response_follows_the_rules() {
    rules("GET", BALANCES, Client::list_protected_balances);
}

#[test]
fn messenger_privileges_response_follows_the_rules() {
    let body = r#"{"token":"TOKENLY","canMessage":true}"#;
    rules("GET", body, |client| client.get_messenger_privileges("TOKENLY"));
    let privileges = one("GET", 200, body, |client| client.get_messenger_privileges("TOKENLY"));
    assert_eq!(privileges.unwrap().can_message, Some(true));
}

#[test]
fn messenger_chats_response_follows_the_rules() {
    rules("GET", &format!("[{CHAT}]"), Client::list_chats);
}

#[test]
fn messenger_chat_privileges_response_follows_the_rules() {
    let body = r#"{"authorized":true,"isGlobal":false,"tokenAuthorization":[{"asset":"TOKENLY","amount":1000000000}]}"#;
    rules("GET", body, |client| client.get_chat_privileges("Qi81"));
    let privileges = one("GET", 200, body, |client| client.get_chat_privileges("Qi81")).unwrap();
    assert_eq!((privileges.authorized, privileges.is_global), (Some(true), Some(false)));
    assert_eq!(privileges.token_authorization[0].amount, Some(Satoshis::whole(10)));
}

#[test]
fn messenger_join_response_follows_the_rules() {
    rules_with("POST", r#"{"success":true}"#, &["success"], |client| client.join_chat("Qi81"));
    let error = one("POST", 200, r#"{"success":false}"#, |client| client.join_chat("Qi81"));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Api);
}

#[test]
fn action_is_confirmed_by_known_values_only() {
    let read = |body: &str| one("DELETE", 200, body, |client| client.delete_source("1A"));
    for done in ["true", "1", "\"true\"", "\"success\"", "\"Success\"", "\"ok\"", "\"Signed\""] {
        read(&format!(r#"{{"result":{done}}}"#)).unwrap();
        read(&format!(r#"{{"success":{done}}}"#)).unwrap();
    }
    for failed in ["false", "0", "\"false\"", "\"0\""] {
        let error = read(&format!(r#"{{"result":{failed}}}"#)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Api, "{failed}");
    }
    for unknown in ["\"failed\"", "\"error\"", "\"unsigned\"", "\"\"", "-1"] {
        for member in ["result", "success"] {
            let error = read(&format!(r#"{{"{member}":{unknown}}}"#)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{unknown}");
            let shown = unknown.trim_matches('"');
            let message = format!("{shown:?} is not one of true, 1, success, ok, signed");
            assert_eq!(error.message(), Some(&*format!("{member}: {message}")));
        }
    }
}

#[test]
fn chat_get_response_follows_the_rules() {
    rules("GET", CHAT, |client| client.get_chat("c"));
    let chat = one("GET", 200, CHAT, |client| client.get_chat("c")).unwrap().unwrap();
    assert_eq!(chat.tokens["TOKENLY"].to_string(), "1.5");
    assert_eq!((chat.active, chat.global), (Some(true), Some(false)));
    let empty = one("GET", 200, r#"{"name":"n","tokens":[]}"#, |client| client.get_chat("c"));
    assert!(empty.unwrap().unwrap().tokens.is_empty());
    // A requirement is never lost because its amount cannot be parsed.
    for bad in [r#""1,5""#, r#""1 TOKENLY""#, "true", "1e400"] {
        let chat = CHAT.replace("1.5", bad);
        let error = one("GET", 200, &chat, |client| client.get_chat("c")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{bad}");
        assert!(error.to_string().contains("tokens.TOKENLY: "), "{bad}: {error}");
    }
}

#[test]
fn chat_create_response_follows_the_rules() {
    rules("POST", CHAT, |client| client.create_chat(&CreateChat::new("n").global(true)));
}

#[test]
fn chat_update_response_follows_the_rules() {
    rules("POST", CHAT, |client| client.update_chat(&UpdateChat::new("c").global(true)));
}

#[test]
fn credit_group_create_response_follows_the_rules() {
    rules_with("POST", GROUP, &["credit_group"], |client| client.create_credit_group("Bob's"));
    let rejection = r#"{"error":"App Credit Group name required"}"#;
    let error = one("POST", 400, rejection, |client| client.create_credit_group("x")).unwrap_err();
    assert_eq!(error.message(), Some("App Credit Group name required"));
}

#[test]
fn credit_group_update_response_follows_the_rules() {
    let update = UpdateCreditGroup::new("g").name("n");
    rules_with("PATCH", GROUP, &["credit_group"], |client| client.update_credit_group(&update));
}

#[test]
fn credit_group_list_response_follows_the_rules() {
    let body = GROUP.replace("credit_group\":{", "list\":[{").replace("}}", "}]}");
    rules_with("GET", &body, &["list"], Client::list_credit_groups);
    assert_eq!(one("GET", 200, &body, Client::list_credit_groups).unwrap().len(), 1);
}

#[test]
fn credit_group_get_response_follows_the_rules() {
    rules_with("GET", GROUP, &["credit_group"], |client| client.get_credit_group("g"));
    let joined = GROUP.replace("00001\"]", "00001, I2\"]");
    let group = one("GET", 200, &joined, |client| client.get_credit_group("g")).unwrap().unwrap();
    let clients: Vec<&str> = group.clients().collect();
    assert_eq!(clients, ["ISIMCLIENT00000000000000000000001", "I2"]);
    let empty = r#"{"credit_group":{"app_whitelist":[""]}}"#;
    let group = one("GET", 200, empty, |client| client.get_credit_group("g")).unwrap().unwrap();
    assert_eq!(group.clients().count(), 0);
}

#[test]
fn credit_group_history_response_follows_the_rules() {
    rules_with("GET", GROUP_HISTORY, &["transactions"], |client| {
        client.get_credit_group_history("g")
    });
    let history = one("GET", 200, GROUP_HISTORY, |client| client.get_credit_group_history("g"));
    let history = history.unwrap();
    assert_eq!((history.balance, history.count), (Some(0), Some(2)));
    let amounts: Vec<_> = history.transactions.iter().map(|row| row.amount.unwrap()).collect();
    assert_eq!(amounts, [1500, -1500]);
    assert_eq!(history.transactions[0].tokenpass_user, None);
    assert_eq!(history.transactions[1].tokenpass_user.as_deref(), Some("bob"));
}

#[test]
fn credit_account_list_response_follows_the_rules() {
    rules_with("GET", ACCOUNTS, &["accounts"], |client| client.list_credit_accounts("g"));
    let accounts = one("GET", 200, ACCOUNTS, |client| client.list_credit_accounts("g")).unwrap();
    assert_eq!(accounts.accounts[0].balance, Some(-3500));
    assert_eq!(accounts.accounts[0].tokenpass_user, None);
    let documented = ACCOUNTS.replace("\"accounts\"", "\"list\"");
    let list = one("GET", 200, &documented, |client| client.list_credit_accounts("g")).unwrap();
    assert_eq!(list, accounts);
}

#[test]
fn credit_account_list_response_of_2017_is_a_dump() {
    let dump = r#"{"balance":0,"count":1,"accounts":[{"\u0000*\u0000table":"app_credit_accounts","\u0000*\u0000attributes":{"id":1,"app_credit_group_id":2,"uuid":"u-1","name":"bob","created_at":"2017-01-01 00:00:00","updated_at":"2017-01-01 00:00:00","balance":"7","tokenpass_user":false},"exists":true}]}"#;
    let accounts = one("GET", 200, dump, |client| client.list_credit_accounts("g")).unwrap();
    let account = &accounts.accounts[0];
    assert_eq!((account.uuid.as_deref(), account.name.as_deref()), (Some("u-1"), Some("bob")));
    assert_eq!(account.balance, Some(7));
    assert_eq!(account.extra.text("id").as_deref(), Some("1"));
    // An account with fields of its own is not a dump.
    let both = dump.replace(r#""exists":true"#, r#""uuid":"u-2""#);
    let accounts = one("GET", 200, &both, |client| client.list_credit_accounts("g")).unwrap();
    assert_eq!(accounts.accounts[0].uuid.as_deref(), Some("u-2"));
}

#[test]
fn credit_account_create_response_follows_the_rules() {
    rules_with("POST", ACCOUNT, &["account"], |client| client.create_credit_account("g", "n"));
}

#[test]
fn credit_account_get_response_follows_the_rules() {
    rules_with("GET", ACCOUNT, &["account"], |client| client.get_credit_account("g", "n"));
    let account = one("GET", 200, ACCOUNT, |client| client.get_credit_account("g", "n"));
    let account = account.unwrap().unwrap();
    assert_eq!(account.balance, Some(3500));
    assert_eq!(account.tokenpass_user.as_ref().unwrap().slug.as_deref(), Some("bob"));
    assert!(account.extra.is_empty());
}

#[test]
fn credit_account_history_response_follows_the_rules() {
    rules_with("GET", ACCOUNT_HISTORY, &["transactions"], |client| {
        client.get_credit_account_history("g", "n")
    });
    let history =
        one("GET", 200, ACCOUNT_HISTORY, |client| client.get_credit_account_history("g", "n"));
    assert_eq!(history.unwrap().account.unwrap().balance, Some(3500));
}

#[test]
fn credit_give_response_follows_the_rules() {
    let call = |client: &Client| client.give_credits("g", [Entry::new("n", 5000)]);
    rules_with("POST", BOOKINGS, &["transactions"], call);
    let booking = &one("POST", 200, BOOKINGS, call).unwrap()[0];
    let amount =
        |entry: &Option<tokenpass_client::credits::BookedEntry>| entry.as_ref().unwrap().amount;
    assert_eq!((amount(&booking.credit), amount(&booking.debit)), (Some(5000), Some(-5000)));
}

#[test]
fn credit_take_response_follows_the_rules() {
    rules_with("POST", BOOKINGS, &["transactions"], |client| {
        client.take_credits("g", [Entry::new("n", 5000)])
    });
}

#[test]
fn account_register_response_follows_the_rules() {
    let account = RegisterAccount::new("u", "p", "e");
    let body = r#"{"result":{"id":"7ad4ab38-0b10-4e71-9f27-0ef6c73c798c","username":"leroy","email":"l@example.com","ecc_key":"0000000000000000000000000000000000000000000000000000000000000005"}}"#;
    rules_with("POST", body, &["result"], |client| client.register_account(&account));
    let user = one("POST", 200, body, |client| client.register_account(&account)).unwrap();
    assert!(user.ecc_key.as_ref().unwrap().expose().ends_with("05"));
    assert!(!format!("{user:?}").contains("00000005"));
    assert!(!serde_json::to_string(&user).unwrap().contains("ecc_key"));
    let taken = r#"{"result":false,"error":"Username already taken"}"#;
    let error = one("POST", 200, taken, |client| client.register_account(&account)).unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Api, Some("Username already taken")));
}

#[test]
fn account_login_response_follows_the_rules() {
    let body = r#"{"id":"00000002-1111-4111-8111-111111111111","name":"Bob \u00c9lan","username":"bob","email":"bob@example.com","confirmed_email":"bob@example.com","ecc_key":"02"}"#;
    rules_with("POST", body, &["id"], |client| client.check_login("bob", "pw"));
    let user = one("POST", 200, body, |client| client.check_login("bob", "pw")).unwrap();
    assert_eq!(user.name.as_deref(), Some("Bob Élan"));
    assert_eq!(user.confirmed_email.as_deref(), Some("bob@example.com"));
}

#[test]
fn account_update_response_follows_the_rules() {
    let update = UpdateAccount::new("i", "t", "p").name("n");
    rules_with("PATCH", r#"{"result":"success"}"#, &["result"], |client| {
        client.update_account(&update)
    });
    let rejection = r#"{"error":"Invalid password"}"#;
    let error = one("PATCH", 200, rejection, |client| client.update_account(&update)).unwrap_err();
    assert_eq!(error.message(), Some("Invalid password"));
}

#[test]
fn second_factor_status_response_follows_the_rules() {
    let call = |client: &Client| client.get_second_factor("bob");
    rules_with("GET", r#"{"result":"unsigned"}"#, &["result"], call);
    assert_eq!(one("GET", 200, r#"{"result":"signed"}"#, call).unwrap(), SecondFactor::Signed);
    let other = one("GET", 200, r#"{"result":"asleep"}"#, call).unwrap();
    assert_eq!((other.as_str(), other.is_known()), ("asleep", false));
}

#[test]
fn second_factor_sign_response_follows_the_rules() {
    rules_with("POST", r#"{"result":"Signed"}"#, &["result"], |client| {
        client.sign_second_factor("IH=")
    });
    let rejection = r#"{"error":"Signature invalid"}"#;
    let error = one("POST", 400, rejection, |client| client.sign_second_factor("IH="));
    assert_eq!(error.unwrap_err().message(), Some("Signature invalid"));
}

#[test]
fn oauth_authorize_response_is_a_redirect_or_a_page() {
    let login = Authorize::new("https://app/cb", [Scope::User]).unwrap();
    let mut server = mockito::Server::new();
    let to = "https://app/cb?code=c1&state=s";
    let any = mockito::Matcher::Any;
    server.mock("GET", any).with_status(302).with_header("location", to).create();
    let sent = client(&server.url()).send(&login).unwrap();
    assert_eq!(sent.as_deref(), Some(to));
    assert_eq!(one("GET", 200, HTML, |client| client.send(&login)).unwrap(), None);
    let error = one("GET", 400, HTML, |client| client.send(&login)).unwrap_err();
    assert_eq!(error.body_text(), HTML);
}

#[test]
fn oauth_authorize_response_of_the_user_is_read() {
    let login = Authorize::new("https://app/cb", [Scope::User]).unwrap().with_state("s 1");
    let read = |query: &str| login.read_callback(&format!("https://app/cb?{query}"));
    assert_eq!(read("code=c%2F1&state=s+1").unwrap().expose(), "c/1");
    assert_eq!(login.read_callback("code=c&state=s%201#x").unwrap().expose(), "c");
    let kind = |query: &str| read(query).unwrap_err().kind();
    let denied = "error=access_denied&error_description=The+user+said%0Ano";
    assert_eq!(kind(denied), LoginErrorKind::Denied);
    assert_eq!(read(denied).unwrap_err().to_string(), "access_denied: The user said no");
    let scope = read("error=invalid_scope&message=bad").unwrap_err();
    assert_eq!(
        (scope.kind(), scope.code(), scope.message()),
        (LoginErrorKind::Rejected, "invalid_scope", "bad")
    );
    for other in ["code=c", "code=c&state=", "code=c&state=s", "code=c&state=s+1x"] {
        assert_eq!(kind(other), LoginErrorKind::StateMismatch, "{other}");
    }
    for none in ["state=s+1", "code=&state=s+1"] {
        assert_eq!(kind(none), LoginErrorKind::NoCode, "{none}");
    }
    assert_eq!(kind("code=%FF&state=s+1"), LoginErrorKind::NoCode);
}

#[test]
fn oauth_authorize_response_with_an_error_belongs_to_the_login_with_its_state() {
    let login = Authorize::new("https://app/cb", [Scope::User]).unwrap().with_state("s 1");
    let error = |query: &str| login.read_callback(&format!("/cb?{query}")).unwrap_err();
    for (query, kind) in [
        ("error=access_denied&state=s+1", LoginErrorKind::Denied),
        ("state=s%201&error=invalid_scope#x", LoginErrorKind::Rejected),
        ("state=s+1", LoginErrorKind::NoCode),
        ("code=&state=s+1", LoginErrorKind::NoCode),
    ] {
        assert_eq!((error(query).kind(), error(query).state_matches()), (kind, true), "{query}");
    }
    for (query, kind) in [
        ("error=access_denied", LoginErrorKind::Denied),
        ("error=access_denied&state=", LoginErrorKind::Denied),
        ("error=access_denied&state=s+2", LoginErrorKind::Denied),
        ("error=server_error#state=s+1", LoginErrorKind::Rejected),
        ("code=c&state=s+2", LoginErrorKind::StateMismatch),
        ("code=c", LoginErrorKind::StateMismatch),
        ("code=%FF&state=s+1", LoginErrorKind::NoCode),
    ] {
        assert_eq!((error(query).kind(), error(query).state_matches()), (kind, false), "{query}");
    }
    // A login without a state accepts no callback.
    let without = login.clone().with_state("").read_callback("/cb?error=x&state=").unwrap_err();
    assert!(!without.state_matches());
}

#[test]
fn oauth_access_token_response_contains_a_token() {
    token_rules(|client| client.exchange_code("c"));
    token_rules(|client| client.send(&ExchangeCode::new("c", "r")));
}

#[test]
fn oauth_api_token_response_contains_a_token() {
    let exchange = ExchangeCodeAtApi::new("c", "r", [Scope::User], "s");
    token_rules(|client| client.exchange_code_at_api(&exchange));
}

#[test]
fn oauth_password_token_response_contains_a_token() {
    token_rules(|client| client.request_password_token("bob", "pw", [Scope::User]));
}

#[test]
fn oauth_request_code_response_contains_a_code_of_the_same_state() {
    let login = Authorize::new("https://app/cb", [Scope::User]).unwrap().with_state("x");
    let request = RequestCode::new(login, "bob", "pw");
    let call = |client: &Client| client.request_code(&request);
    let read = |body: &str| one("POST", 200, body, call);
    assert_eq!(read(r#"{"code":"RHd","state":"x"}"#).unwrap().expose(), "RHd");
    assert_eq!(read(r#"{"code":"RHd","state":"y"}"#).unwrap_err().kind(), ErrorKind::Verify);
    for bad in ["{}", r#"{"code":null,"state":"x"}"#, "", HTML] {
        assert_eq!(read(bad).unwrap_err().kind(), ErrorKind::Decode, "{bad}");
    }
    let error = read(r#"{"error":"Invalid credentials"}"#).unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Api, Some("Invalid credentials")));
}

#[test]
fn oauth_user_response_follows_the_rules() {
    rules_with("GET", USER, &["id"], Client::get_user);
    let user = one("GET", 200, USER, Client::get_user).unwrap();
    assert_eq!(user.id.as_deref(), Some("00000002-1111-4111-8111-111111111111"));
    assert_eq!(user.name.as_deref(), Some("Bob Élan"));
    assert_eq!(user.email_is_confirmed, Some(true));
    assert!(!format!("{user:?}").contains("00000000000002"));
    let rejection = r#"{"error":"access_denied","error_description":"The resource owner or authorization server denied the request."}"#;
    let error = one("GET", 401, rejection, Client::get_user).unwrap_err();
    assert!(error.needs_login());
}

#[test]
fn oauth_logout_response_follows_the_rules() {
    rules_with("GET", DONE, &["result"], Client::log_out);
}

#[test]
fn expired_token_needs_a_login_and_a_missing_scope_does_not() {
    let error_with = |text: &str| {
        let body = format!(r#"{{"message":"{text}","errors":["{text}"]}}"#);
        one("GET", 403, &body, Client::list_my_addresses).unwrap_err()
    };
    let expired = error_with("This access token has expired");
    assert_eq!((expired.kind(), expired.needs_login()), (ErrorKind::Auth, true));
    assert!(!error_with("One or more scopes are not authorized").needs_login());
    assert!(!error_with("Invalid Authorization Signature").needs_login());
}

#[test]
fn redirects_are_never_followed() {
    let mut server = mockito::Server::new();
    let never = server.mock("GET", "/elsewhere").expect(0).create();
    let to = format!("{}/elsewhere", server.url());
    server
        .mock("GET", mockito::Matcher::Regex("api".to_owned()))
        .with_status(302)
        .with_header("location", &to)
        .create();
    let error = client(&server.url()).list_sources().unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 302);
    never.assert();
}

#[test]
fn raw_endpoint_calls_an_unlisted_endpoint() {
    let call =
        RawEndpoint::new(tokenpass_client::api_auth::Method::GET, "/api/v1/new").param("a", "b");
    assert_eq!(one("GET", 200, "17", |client| client.send(&call)).unwrap(), b"17");
    let user = call.with_credential(tokenpass_client::credentials::USER);
    let mut server = mockito::Server::new();
    server.mock("GET", "/api/v1/new?a=b&oauth_token=T1").with_body("17").create();
    let number: u32 = client(&server.url()).send_as(&user).unwrap();
    assert_eq!(number, 17);
}
