//! The exact bytes of each endpoint's request (with all options, with none, with reserved
//! characters), and the rejected arguments.
//!
//! A test is named `ENDPOINT_request...`; `cargo xtask endpoints` requires at least one for each
//! endpoint.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use tokenpass_client::accounts::{
    CheckLogin, GetSecondFactor, RegisterAccount, SignSecondFactor, UpdateAccount,
};
use tokenpass_client::addresses::{
    DeleteAddress, GetMyAddress, GetPublicAddress, InstantVerify, ListMyAddresses,
    ListPublicAddresses, RegisterAddress, UpdateAddress, VerifyAddress,
};
use tokenpass_client::api_auth::{ManualClock, Request, Response, TransportError};
use tokenpass_client::balances::{ListProtectedBalances, ListPublicBalances};
use tokenpass_client::chats::{
    CreateChat, GetChat, GetChatPrivileges, GetMessengerPrivileges, JoinChat, ListChats, UpdateChat,
};
use tokenpass_client::credits::{
    CreateCreditAccount, CreateCreditGroup, Entry, GetCreditAccount, GetCreditAccountHistory,
    GetCreditGroup, GetCreditGroupHistory, GiveCredits, ListCreditAccounts, ListCreditGroups,
    TakeCredits, UpdateCreditGroup,
};
use tokenpass_client::lookups::{
    CheckUserExists, GetAddressByUser, GetUserByAddress, GetUserByEmail, GetUsersByAddresses,
};
use tokenpass_client::oauth::{
    ExchangeCode, ExchangeCodeAtApi, GetUser, LogOut, RequestCode, RequestPasswordToken,
    TokenLocation, TokenPath,
};
use tokenpass_client::perks::{GetAsset, GetPerks};
use tokenpass_client::promises::{
    CancelPromise, DeleteSource, GetPromise, ListPromises, ListPromisesByEmail, ListSources,
    PromiseId, RegisterSource, UpdatePromise,
};
use tokenpass_client::tca::{CheckAddress, CheckEmail, CheckUser, FindUsers};
use tokenpass_client::{
    Authorize, Client, ClientBuilder, CreatePromise, Destination, Endpoint, ErrorKind, Rule, Rules,
    Satoshis, Scheme, Scope, UnixTime,
};

const NASTY: &str = "a/b+c d&e=é~*%";
const NASTY_SEGMENT: &str = "a%2Fb%2Bc%20d%26e%3D%C3%A9~%2A%25";
const NASTY_QUERY: &str = "a%2Fb%2Bc+d%26e%3D%C3%A9%7E%2A%25";
const KEY: &str = "x-tokenly-auth-api-token";

fn builder() -> ClientBuilder {
    online().transport(sends_nothing)
}

/// Returns the same builder with the built-in transport.
fn online() -> ClientBuilder {
    Client::builder("I1", "K1")
        .privileged("P1", "S1")
        .oauth_token("T1")
        .clock(ManualClock::at_unix(1_506_000_000))
}

fn sends_nothing(_: Request) -> Result<Response, TransportError> {
    panic!("a request was sent")
}

fn prepared(call: &impl Endpoint) -> Request {
    let request = builder().build().unwrap().signed_request(call).unwrap();
    assert_eq!(request.uri().host(), Some("tokenpass.tokenly.com"));
    assert_eq!(request.uri().scheme_str(), Some("https"));
    let agent = request.headers()["user-agent"].to_str().unwrap();
    assert!(agent.starts_with("tokenpass-client/"), "{agent}");
    request
}

/// Formats method, target, and the body if there is one.
fn shown(request: &Request) -> String {
    let line = format!("{} {}", request.method(), request.uri().path_and_query().unwrap());
    let kind = request.headers().get("content-type").map(|value| value.to_str().unwrap());
    match (kind, str::from_utf8(request.body()).unwrap()) {
        (None, "") => line,
        (Some("application/json"), body) => format!("{line} {body}"),
        (Some("application/x-www-form-urlencoded"), body) => format!("{line} form {body}"),
        other => panic!("{other:?}"),
    }
}

/// Formats a request that must be signed by the application.
fn signed(call: &impl Endpoint) -> String {
    by(call, "I1")
}

fn by(call: &impl Endpoint, id: &str) -> String {
    let request = prepared(call);
    assert_eq!(request.headers()[KEY], id);
    assert_eq!(request.headers()["x-tokenly-auth-nonce"], "1506000000");
    assert_eq!(request.headers()["x-tokenly-auth-signature"].len(), 44);
    shown(&request)
}

/// Formats a request that must not be signed.
fn unsigned(call: &impl Endpoint) -> String {
    let request = prepared(call);
    assert!(!request.headers().contains_key(KEY));
    assert!(!request.headers().contains_key("authorization"));
    shown(&request)
}

/// Returns the argument that an error names. No request is sent.
fn rejected(call: &impl Endpoint) -> String {
    let Err(error) = builder().build().unwrap().send_raw(call) else { panic!("was accepted") };
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Input, 0));
    error.argument().unwrap().to_owned()
}

fn rules() -> Rules {
    "TOKENLY > 1 or LTBCOIN >= 0.5".parse::<Rules>().unwrap().without_promises()
}

const RULES: &str = "TOKENLY=1&LTBCOIN=0.5&op_0=%3E&stackop_1=OR&no_provisional=0";

fn end() -> UnixTime {
    UnixTime::from_seconds(1_893_456_000)
}

fn authorize() -> Authorize {
    Authorize::new("https://app/cb?x=é", [Scope::Tca, Scope::ManageAddress])
        .unwrap()
        .with_state("s 1")
}

const LOGIN: &str = "client_id=I1&redirect_uri=https%3A%2F%2Fapp%2Fcb%3Fx%3D%C3%A9&scope=tca%2Cmanage-address&response_type=code&state=s+1";

#[test]
fn tca_check_user_request() {
    let call = CheckUser::new(NASTY, rules());
    assert_eq!(
        signed(&call),
        format!("GET /api/v1/tca/check/{NASTY_SEGMENT}?{RULES}&oauth_token=T1")
    );
    let one = CheckUser::new("bob", Rule::at_least("tokenly", Satoshis::whole(1)));
    assert_eq!(signed(&one), "GET /api/v1/tca/check/bob?TOKENLY=1&oauth_token=T1");
}

#[test]
fn tca_check_address_request() {
    let call = CheckAddress::new(NASTY, rules());
    assert_eq!(unsigned(&call), format!("GET /api/v1/tca/check-address/{NASTY_SEGMENT}?{RULES}"));
}

#[test]
fn tca_find_users_request() {
    assert_eq!(by(&FindUsers::new(rules()), "P1"), format!("GET /api/v1/tca/users?{RULES}"));
}

#[test]
fn tca_check_email_request() {
    let call = CheckEmail::new("a+b@c.d", rules());
    assert_eq!(by(&call, "P1"), format!("GET /api/v1/tca/checkemail/a%2Bb%40c.d?{RULES}"));
}

#[test]
fn perk_get_request() {
    assert_eq!(unsigned(&GetPerks::new("TOKENLY")), "GET /api/v1/perks/TOKENLY");
    assert_eq!(unsigned(&GetPerks::new(NASTY)), format!("GET /api/v1/perks/{NASTY_SEGMENT}"));
}

#[test]
fn asset_info_request() {
    let call = GetAsset::new("bitcoin", NASTY);
    assert_eq!(signed(&call), format!("GET /api/v1/tca/asset/bitcoin/{NASTY_SEGMENT}"));
}

#[test]
fn source_register_request() {
    let path = "POST /api/v1/tca/provisional/register";
    assert_eq!(signed(&RegisterSource::new("1A")), format!(r#"{path} {{"address":"1A"}}"#));
    let all = RegisterSource::new("1A")
        .proof("IH/+=")
        .assets(["TOKENLY", "é\""])
        .assign_user("bob")
        .assign_user_hash("ff")
        .assign_user_label("l")
        .chain("bitcoin");
    assert_eq!(
        signed(&all),
        format!(
            r#"{path} {{"address":"1A","proof":"IH/+=","assets":["TOKENLY","é\""],"assign_user":"bob","assign_user_hash":"ff","assign_user_label":"l","type":"bitcoin"}}"#
        )
    );
    assert!(all.idempotent());
}

#[test]
fn source_delete_request() {
    let call = DeleteSource::new(NASTY);
    assert_eq!(signed(&call), format!("DELETE /api/v1/tca/provisional/{NASTY_SEGMENT}"));
}

#[test]
fn source_list_request() {
    assert_eq!(signed(&ListSources::new()), "GET /api/v1/tca/provisional");
}

#[test]
fn promise_create_request() {
    let path = "POST /api/v1/tca/provisional/tx";
    let least = CreatePromise::new("1S", Destination::user("bob"), "TOKENLY", Satoshis::whole(1));
    assert_eq!(
        signed(&least),
        format!(
            r#"{path} {{"source":"1S","destination":"user:bob","asset":"TOKENLY","quantity":100000000}}"#
        )
    );
    let all = least
        .clone()
        .expires(end())
        .txid("t")
        .fingerprint("f")
        .reference("a:b")
        .note("é/\"")
        .chain("bitcoin")
        .protocol("counterparty")
        .pseudo(false);
    assert_eq!(
        signed(&all),
        format!(
            r#"{path} {{"source":"1S","destination":"user:bob","asset":"TOKENLY","quantity":100000000,"expiration":1893456000,"txid":"t","fingerprint":"f","ref":"a:b","note":"é/\"","chain":"bitcoin","protocol":"counterparty","pseudo":false}}"#
        )
    );
    assert!(!least.idempotent(), "the server cannot detect a duplicate");
    assert!(!least.clone().txid("").idempotent());
    let long = "x".repeat(256);
    for ignored in [" ", "\t\0", "0", " 0 ", &long] {
        assert!(!least.clone().txid(ignored).idempotent(), "{ignored:?}");
        assert!(!least.clone().fingerprint(ignored).idempotent(), "{ignored:?}");
        // The server searches for a promise that has both.
        let both = least.clone().txid("t").fingerprint(ignored);
        assert!(!both.idempotent(), "{ignored:?}");
    }
    assert!(least.clone().txid("t").fingerprint("").idempotent());
    assert!(least.clone().txid("t").fingerprint("f").idempotent());
    assert!(least.clone().txid("x".repeat(255)).idempotent());
    assert!(least.clone().txid("t").idempotent() && least.fingerprint("f").idempotent());
}

#[test]
fn promise_list_request() {
    assert_eq!(signed(&ListPromises::new()), "GET /api/v1/tca/provisional/tx");
    let to = ListPromises::new().destination(NASTY);
    assert_eq!(signed(&to), format!("GET /api/v1/tca/provisional/tx?destination={NASTY_QUERY}"));
}

#[test]
fn promise_list_by_email_request() {
    let call = ListPromisesByEmail::new("a+b@c.d");
    assert_eq!(signed(&call), "GET /api/v1/tca/provisional/byemail/a%2Bb%40c.d");
}

#[test]
fn promise_get_request() {
    assert_eq!(signed(&GetPromise::new(PromiseId::new(107))), "GET /api/v1/tca/provisional/tx/107");
    assert_eq!(
        signed(&GetPromise::new(NASTY)),
        format!("GET /api/v1/tca/provisional/tx/{NASTY_SEGMENT}")
    );
}

#[test]
fn promise_update_request() {
    let path = "PATCH /api/v1/tca/provisional/tx/107";
    let one = UpdatePromise::new(PromiseId::new(107)).quantity(Satoshis::new(5));
    assert_eq!(signed(&one), format!(r#"{path} {{"quantity":5}}"#));
    let all =
        one.expires(end()).txid("t").fingerprint("f").reference("r").note("n").destination("1D");
    assert_eq!(
        signed(&all),
        format!(
            r#"{path} {{"quantity":5,"expiration":1893456000,"txid":"t","fingerprint":"f","ref":"r","note":"n","destination":"1D"}}"#
        )
    );
    assert!(all.idempotent());
}

#[test]
fn promise_cancel_request() {
    assert_eq!(
        signed(&CancelPromise::new(PromiseId::new(107))),
        "DELETE /api/v1/tca/provisional/tx/107"
    );
}

#[test]
fn address_list_mine_request() {
    let call = ListMyAddresses::new();
    assert_eq!(unsigned(&call), "GET /api/v1/tca/addresses?oauth_token=T1");
    let slow = call.clone().refresh(true);
    assert_eq!(unsigned(&slow), "GET /api/v1/tca/addresses?refresh=1&oauth_token=T1");
    assert!(call.idempotent() && !slow.idempotent());
}

#[test]
fn address_get_mine_request() {
    let call = GetMyAddress::new(NASTY);
    assert_eq!(unsigned(&call), format!("GET /api/v1/tca/address/{NASTY_SEGMENT}?oauth_token=T1"));
}

#[test]
fn address_register_request() {
    let path = "POST /api/v1/tca/address";
    let call = RegisterAddress::new("1A");
    assert_eq!(unsigned(&call), format!(r#"{path} {{"address":"1A","oauth_token":"T1"}}"#));
    let all = call.label("é \"x\"").public(true).active(false).kind("btc");
    assert_eq!(
        unsigned(&all),
        format!(
            r#"{path} {{"address":"1A","label":"é \"x\"","public":true,"active":false,"type":"btc","oauth_token":"T1"}}"#
        )
    );
    assert!(!all.idempotent());
}

#[test]
fn address_verify_request() {
    let call = VerifyAddress::new("1A", " IH/+= \n");
    assert_eq!(
        unsigned(&call),
        r#"POST /api/v1/tca/address/1A {"signature":"IH/+=","oauth_token":"T1"}"#
    );
    let block = "-----BEGIN\nx\nIH/+=\n-----END BITCOIN SIGNATURE-----";
    assert_eq!(unsigned(&VerifyAddress::new("1A", block)), unsigned(&call));
}

#[test]
fn address_update_request() {
    let path = "PATCH /api/v1/tca/address/1A";
    let call = UpdateAddress::new("1A").label("");
    assert_eq!(unsigned(&call), format!(r#"{path} {{"label":"","oauth_token":"T1"}}"#));
    let all = call.public(false).active(true);
    assert_eq!(
        unsigned(&all),
        format!(r#"{path} {{"label":"","public":false,"active":true,"oauth_token":"T1"}}"#)
    );
    assert!(all.idempotent());
}

#[test]
fn address_delete_request() {
    let call = DeleteAddress::new(NASTY);
    assert_eq!(
        unsigned(&call),
        format!("DELETE /api/v1/tca/address/{NASTY_SEGMENT}?oauth_token=T1")
    );
}

#[test]
fn address_instant_verify_request() {
    let call = InstantVerify::new(NASTY, "ab12", "1A", "IH/+=");
    assert_eq!(
        unsigned(&call),
        format!(
            r#"POST /api/v1/instant-verify/{NASTY_SEGMENT} {{"msg":"ab12","address":"1A","sig":"IH/+="}}"#
        )
    );
}

#[test]
fn address_list_public_request() {
    let call = ListPublicAddresses::new(NASTY);
    assert_eq!(signed(&call), format!("GET /api/v1/tca/addresses/{NASTY_SEGMENT}"));
    let slow = call.refresh(true);
    assert_eq!(signed(&slow), format!("GET /api/v1/tca/addresses/{NASTY_SEGMENT}?refresh=1"));
    assert!(!slow.idempotent());
}

#[test]
fn address_get_public_request() {
    let call = GetPublicAddress::new("bob", NASTY);
    assert_eq!(signed(&call), format!("GET /api/v1/tca/addresses/bob/{NASTY_SEGMENT}"));
}

#[test]
fn lookup_user_by_address_request() {
    let call = GetUserByAddress::new(NASTY);
    assert_eq!(signed(&call), format!("GET /api/v1/lookup/address/{NASTY_SEGMENT}"));
}

#[test]
fn lookup_users_by_addresses_request() {
    let call = GetUsersByAddresses::new(["1A", "1B"]);
    assert_eq!(signed(&call), r#"POST /api/v1/lookup/addresses {"address_list":["1A","1B"]}"#);
    assert!(call.idempotent());
}

#[test]
fn lookup_address_by_user_request() {
    let call = GetAddressByUser::new("Ren\u{e9}");
    assert_eq!(signed(&call), "GET /api/v1/lookup/user/Ren%C3%A9");
}

#[test]
fn lookup_user_by_email_request() {
    let call = GetUserByEmail::new("bob+tag@example.com");
    assert_eq!(signed(&call), "GET /api/v1/lookup/email/bob%2Btag%40example.com?client_id=I1");
}

#[test]
fn lookup_user_exists_request() {
    let call = CheckUserExists::new(NASTY);
    assert_eq!(by(&call, "P1"), format!("GET /api/v1/lookup/user/exists/{NASTY_SEGMENT}"));
    let all = CheckUserExists::new("bob").strict(true).id_hash("ff");
    assert_eq!(by(&all, "P1"), "GET /api/v1/lookup/user/exists/bob?strict=1&id_hash=ff");
}

#[test]
fn balance_public_request() {
    let call = ListPublicBalances::new();
    assert_eq!(unsigned(&call), "GET /api/v1/tca/public/balances?oauth_token=T1");
    let slow = call.refresh(true);
    assert_eq!(unsigned(&slow), "GET /api/v1/tca/public/balances?refresh=1&oauth_token=T1");
}

#[test]
fn balance_protected_request() {
    let call = ListProtectedBalances::new();
    assert_eq!(unsigned(&call), "GET /api/v1/tca/protected/balances?oauth_token=T1");
    let slow = call.refresh(true);
    assert_eq!(unsigned(&slow), "GET /api/v1/tca/protected/balances?refresh=1&oauth_token=T1");
    assert!(!slow.idempotent());
}

#[test]
fn messenger_privileges_request() {
    let call = GetMessengerPrivileges::new("TOKENLY");
    assert_eq!(unsigned(&call), "GET /api/v1/tca/messenger/privileges/TOKENLY?oauth_token=T1");
}

#[test]
fn messenger_chats_request() {
    assert_eq!(unsigned(&ListChats::new()), "GET /api/v1/tca/messenger/chats?oauth_token=T1");
}

#[test]
fn messenger_chat_privileges_request() {
    let call = GetChatPrivileges::new(NASTY);
    assert_eq!(
        unsigned(&call),
        format!("GET /api/v1/tca/messenger/chat/{NASTY_SEGMENT}?oauth_token=T1")
    );
}

#[test]
fn messenger_join_request() {
    let call = JoinChat::new("Qi81");
    assert_eq!(unsigned(&call), r#"POST /api/v1/tca/messenger/roster/Qi81 {"oauth_token":"T1"}"#);
    assert!(!call.idempotent());
}

#[test]
fn chat_get_request() {
    assert_eq!(unsigned(&GetChat::new("c-1")), "GET /api/v1/chat/c-1?oauth_token=T1");
}

#[test]
fn chat_create_request() {
    let path = "POST /api/v1/chats";
    let call = CreateChat::new("é").global(true);
    assert_eq!(
        unsigned(&call),
        format!(r#"{path} {{"name":"é","tca_rules":[],"global":true,"oauth_token":"T1"}}"#)
    );
    let all = CreateChat::new("n")
        .token("TOKENLY", "1.5".parse().unwrap())
        .token("LTBCOIN", Satoshis::new(1))
        .active(false);
    assert_eq!(
        unsigned(&all),
        format!(
            r#"{path} {{"name":"n","tca_rules":[{{"token":"TOKENLY","quantity":1.5}},{{"token":"LTBCOIN","quantity":0.00000001}}],"active":false,"oauth_token":"T1"}}"#
        )
    );
}

#[test]
fn chat_update_request() {
    let call = UpdateChat::new("c-1").token("TOKENLY", Satoshis::whole(2)).active(true);
    assert_eq!(
        unsigned(&call),
        r#"POST /api/v1/chat/c-1 {"tca_rules":[{"token":"TOKENLY","quantity":2}],"active":true,"oauth_token":"T1"}"#
    );
    assert_eq!(
        unsigned(&UpdateChat::new("c-1").global(true)),
        r#"POST /api/v1/chat/c-1 {"tca_rules":[],"global":true,"oauth_token":"T1"}"#
    );
}

#[test]
fn credit_group_create_request() {
    let path = "POST /api/v1/credits";
    assert_eq!(signed(&CreateCreditGroup::new("Bob's")), format!(r#"{path} {{"name":"Bob's"}}"#));
    let all = CreateCreditGroup::new("é").allow("I1").allow("I2");
    assert_eq!(signed(&all), format!(r#"{path} {{"name":"é","app_whitelist":["I1","I2"]}}"#));
    assert!(!all.idempotent());
}

#[test]
fn credit_group_update_request() {
    let all = UpdateCreditGroup::new("g").name("N2").allow("I1");
    assert_eq!(signed(&all), r#"PATCH /api/v1/credits/g {"name":"N2","app_whitelist":["I1"]}"#);
    assert_eq!(rejected(&UpdateCreditGroup::new("g")), "update");
}

#[test]
fn credit_group_list_request() {
    assert_eq!(signed(&ListCreditGroups::new()), "GET /api/v1/credits");
}

#[test]
fn credit_group_get_request() {
    assert_eq!(signed(&GetCreditGroup::new(NASTY)), format!("GET /api/v1/credits/{NASTY_SEGMENT}"));
}

#[test]
fn credit_group_history_request() {
    assert_eq!(signed(&GetCreditGroupHistory::new("g")), "GET /api/v1/credits/g/history");
}

#[test]
fn credit_account_list_request() {
    assert_eq!(signed(&ListCreditAccounts::new("g")), "GET /api/v1/credits/g/accounts");
}

#[test]
fn credit_account_create_request() {
    let call = CreateCreditAccount::new("g", "Jané \"x\"");
    assert_eq!(signed(&call), r#"POST /api/v1/credits/g/accounts {"name":"Jané \"x\""}"#);
}

#[test]
fn credit_account_get_request() {
    let call = GetCreditAccount::new("g", NASTY);
    assert_eq!(signed(&call), format!("GET /api/v1/credits/g/accounts/{NASTY_SEGMENT}"));
}

#[test]
fn credit_account_history_request() {
    let call = GetCreditAccountHistory::new("g", NASTY);
    assert_eq!(signed(&call), format!("GET /api/v1/credits/g/accounts/{NASTY_SEGMENT}/history"));
}

#[test]
fn credit_give_request() {
    let entries =
        [Entry::new("bob", 5000), Entry::new("é", 1).reference("a/b").counter_account("bank")];
    let call = GiveCredits::new("g", entries);
    assert_eq!(
        signed(&call),
        r#"POST /api/v1/credits/g/accounts/credit {"accounts":[{"account":"bob","amount":5000},{"account":"é","amount":1,"ref":"a/b","source":"bank"}]}"#
    );
    assert!(!call.idempotent());
}

/// The largest amount that a server books.
const MOST_CREDITS: u64 = 9_223_372_036_854_775_807;

#[test]
fn credit_take_request() {
    let call = TakeCredits::new("g", [Entry::new("bob", MOST_CREDITS).counter_account("bank")]);
    assert_eq!(
        signed(&call),
        r#"POST /api/v1/credits/g/accounts/debit {"accounts":[{"account":"bob","amount":9223372036854775807,"destination":"bank"}]}"#
    );
    assert!(!call.idempotent());
}

#[test]
fn account_register_request() {
    let path = "POST /api/v1/register";
    let call = RegisterAccount::new("leroy", "p \"w\"", "l@example.com");
    assert_eq!(
        unsigned(&call),
        format!(
            r#"{path} {{"username":"leroy","password":"p \"w\"","email":"l@example.com","client_id":"I1"}}"#
        )
    );
    assert_eq!(
        unsigned(&call.clone().name("Leroy")),
        format!(
            r#"{path} {{"username":"leroy","password":"p \"w\"","email":"l@example.com","name":"Leroy","client_id":"I1"}}"#
        )
    );
    assert!(!call.idempotent());
}

#[test]
fn account_login_request() {
    let call = CheckLogin::new("leroy", "pw");
    assert_eq!(
        unsigned(&call),
        r#"POST /api/v1/login {"username":"leroy","password":"pw","client_id":"I1"}"#
    );
}

#[test]
fn account_update_request() {
    let call = UpdateAccount::new("u-1", "T2", "old").name("n");
    assert_eq!(
        unsigned(&call),
        r#"PATCH /api/v1/update {"user_id":"u-1","token":"T2","current_password":"old","name":"n","client_id":"I1"}"#
    );
    assert_eq!(
        unsigned(&call.email("e").password("new")),
        r#"PATCH /api/v1/update {"user_id":"u-1","token":"T2","current_password":"old","name":"n","email":"e","password":"new","client_id":"I1"}"#
    );
}

#[test]
fn second_factor_status_request() {
    let call = GetSecondFactor::new(NASTY);
    assert_eq!(
        unsigned(&call),
        format!("GET /api/v1/tca/check-sign/{NASTY_SEGMENT}?oauth_token=T1")
    );
}

#[test]
fn second_factor_sign_request() {
    assert_eq!(
        unsigned(&SignSecondFactor::new("IH=")),
        r#"POST /api/v1/tca/set-sign {"signature":"IH=","oauth_token":"T1"}"#
    );
}

#[test]
fn oauth_authorize_request() {
    assert_eq!(unsigned(&authorize()), format!("GET /oauth/authorize?{LOGIN}"));
    let url = builder().build().unwrap().authorize_url(&authorize()).unwrap();
    assert_eq!(url, format!("https://tokenpass.tokenly.com/oauth/authorize?{LOGIN}"));
    let client = builder().redirect_uri("https://app/cb").build().unwrap();
    let (one, other) = (client.begin_login([]).unwrap(), client.begin_login([]).unwrap());
    assert_ne!(one.state(), other.state());
    assert_eq!(one.state().expose().len(), 64);
    let error = builder().build().unwrap().begin_login([]).unwrap_err();
    assert_eq!(error.argument(), Some("redirect_uri"));
}

#[test]
fn oauth_authorize_request_of_a_begun_login_has_a_code_challenge() {
    let client = builder().redirect_uri("https://app/cb").build().unwrap();
    let (one, other) = (client.begin_login([]).unwrap(), client.begin_login([]).unwrap());
    assert_ne!(one.code_verifier(), other.code_verifier());
    assert_eq!(one.code_verifier().unwrap().expose().len(), 64);

    // The verifier and challenge of RFC 7636, appendix B.
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
                     &code_challenge_method=S256";
    let login = authorize().with_code_verifier(verifier);
    assert_eq!(unsigned(&login), format!("GET /oauth/authorize?{LOGIN}&{challenge}"));
    let call = ExchangeCode::new("c/1", "https://app/cb").code_verifier(verifier);
    assert!(unsigned(&call).contains(&format!("&code_verifier={verifier}&")));
    assert!(!format!("{login:?} {call:?}").contains(verifier));
    for wrong in ["", "short", &"v".repeat(129), &"v v".repeat(20)] {
        let error = client.authorize_url(&authorize().with_code_verifier(wrong)).unwrap_err();
        assert_eq!(error.argument(), Some("code_verifier"), "{wrong}");
        let call = ExchangeCode::new("c", "https://app/cb").code_verifier(wrong);
        assert_eq!(client.signed_request(&call).unwrap_err().argument(), Some("code_verifier"));
    }
}

#[test]
fn oauth_access_token_request() {
    let call = ExchangeCode::new("c/1", "https://app/cb");
    let form = "form grant_type=authorization_code&code=c%2F1&redirect_uri=https%3A%2F%2Fapp%2Fcb&client_id=I1&client_secret=K1";
    assert_eq!(unsigned(&call), format!("POST /oauth/access-token {form}"));
    assert_eq!(unsigned(&call.path(TokenPath::Token)), format!("POST /oauth/token {form}"));
}

#[test]
fn oauth_api_token_request() {
    let call = ExchangeCodeAtApi::new(
        "c",
        "https://app/cb?x=é",
        [Scope::Tca, Scope::ManageAddress],
        "s 1",
    );
    assert_eq!(
        unsigned(&call),
        format!(
            r#"POST /api/v1/oauth/token?{LOGIN} {{"grant_type":"authorization_code","code":"c","redirect_uri":"https://app/cb?x=é","client_id":"I1","client_secret":"K1"}}"#
        )
    );
}

#[test]
fn oauth_password_token_request() {
    let call = RequestPasswordToken::new("bob", "p&w", [Scope::User, Scope::Tca]);
    assert_eq!(
        unsigned(&call),
        "POST /oauth/token form grant_type=password&username=bob&password=p%26w&scopes=user%2Ctca&scope=user%2Ctca&client_id=I1&client_secret=K1"
    );
}

#[test]
fn oauth_request_code_request() {
    let call = RequestCode::new(authorize(), "bob", "pw");
    let path = format!("POST /api/v1/oauth/request?{LOGIN}");
    assert_eq!(unsigned(&call), format!(r#"{path} {{"username":"bob","password":"pw"}}"#));
    assert_eq!(
        unsigned(&call.grant_access(true)),
        format!(r#"{path} {{"username":"bob","password":"pw","grant_access":1}}"#)
    );
}

#[test]
fn oauth_user_request_has_its_token_in_a_header() {
    let client = builder().build().unwrap();
    let request = client.signed_request(&GetUser::new()).unwrap();
    assert_eq!(shown(&request), "GET /oauth/user");
    assert_eq!(request.headers()["authorization"], "Bearer T1");
    assert!(request.headers()["authorization"].is_sensitive());
}

#[test]
fn oauth_logout_request() {
    assert_eq!(unsigned(&LogOut::new()), "GET /api/v1/oauth/logout?oauth_token=T1");
    assert!(!LogOut::new().idempotent(), "the GET request changes data");
}

#[test]
fn token_location_can_be_the_bearer_header() {
    let client = builder().token_location(TokenLocation::BearerHeader).build().unwrap();
    for request in [
        client.signed_request(&GetUser::new()).unwrap(),
        client.signed_request(&ListMyAddresses::new()).unwrap(),
        client.signed_request(&UpdateAddress::new("1A").label("x")).unwrap(),
        client.signed_request(&CheckUser::new("bob", rules())).unwrap(),
    ] {
        assert_eq!(request.headers()["authorization"], "Bearer T1");
        assert!(request.headers()["authorization"].is_sensitive());
        assert!(!shown(&request).contains("T1"));
    }
}

#[test]
fn client_of_a_user_shares_everything_but_the_token() {
    let client = builder().build().unwrap();
    let other = client.as_user("T2").unwrap();
    let line = |client: &Client| shown(&client.signed_request(&ListMyAddresses::new()).unwrap());
    assert_eq!(line(&client), "GET /api/v1/tca/addresses?oauth_token=T1");
    assert_eq!(line(&other), "GET /api/v1/tca/addresses?oauth_token=T2");
    assert_eq!(
        shown(&other.signed_request(&ListSources::new()).unwrap()),
        "GET /api/v1/tca/provisional"
    );
}

#[test]
fn missing_credentials_are_an_input_error() {
    let client = Client::builder("I1", "K1").transport(sends_nothing).build().unwrap();
    for error in [
        client.list_my_addresses().unwrap_err(),
        client.get_user().unwrap_err(),
        client.check_user("bob", &rules()).unwrap_err(),
        client.find_users(&rules()).unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.argument()), (ErrorKind::Input, Some("credentials")));
    }
}

#[test]
fn third_generation_sends_a_body_with_every_method() {
    let client = builder().scheme(Scheme::BodyOnly).build().unwrap();
    let line = |request: Request| {
        assert_eq!(request.headers()["x-api-key"].to_str().unwrap().len(), 2);
        assert_eq!(request.headers()["x-api-nonce"].len(), 64);
        assert_eq!(request.headers()["x-api-signature"].len(), 64);
        shown(&request)
    };
    assert_eq!(
        line(client.signed_request(&ListSources::new()).unwrap()),
        r#"GET /api/v1/tca/provisional {"oauth_token":null}"#
    );
    assert_eq!(
        line(client.signed_request(&CancelPromise::new(PromiseId::new(1))).unwrap()),
        r#"DELETE /api/v1/tca/provisional/tx/1 {"oauth_token":null}"#
    );
    assert_eq!(
        line(client.signed_request(&ListMyAddresses::new().refresh(true)).unwrap()),
        r#"GET /api/v1/tca/addresses {"refresh":"1","oauth_token":"T1"}"#
    );
    assert_eq!(
        line(client.signed_request(&GetUserByEmail::new("e")).unwrap()),
        r#"GET /api/v1/lookup/email/e {"client_id":"I1","oauth_token":null}"#
    );
    assert_eq!(
        line(client.signed_request(&ExchangeCode::new("c", "r")).unwrap()),
        r#"POST /oauth/access-token {"grant_type":"authorization_code","code":"c","redirect_uri":"r","client_id":"I1","client_secret":"K1"}"#
    );
    let body = api_auth::Body::Json(br#"{"oauth_token":"T3","a":{"oauth_token":1}}"#.to_vec());
    let call = api_auth::RawEndpoint::new(api_auth::Method::POST, "/x").with_body(body);
    assert_eq!(
        line(client.signed_request(&call).unwrap()),
        r#"POST /x {"oauth_token":"T3","a":{"oauth_token":1}}"#
    );
}

#[test]
fn third_generation_sends_null_for_a_token_in_the_header() {
    let client = builder()
        .scheme(Scheme::BodyOnly)
        .token_location(TokenLocation::BearerHeader)
        .build()
        .unwrap();
    for (request, line) in [
        (
            client.signed_request(&ListMyAddresses::new()),
            r#"GET /api/v1/tca/addresses {"oauth_token":null}"#,
        ),
        (
            client.signed_request(&UpdateAddress::new("1A").label("x")),
            r#"PATCH /api/v1/tca/address/1A {"label":"x","oauth_token":null}"#,
        ),
        (
            client.signed_request(&GetChat::new("c-1")),
            r#"GET /api/v1/chat/c-1 {"oauth_token":null}"#,
        ),
    ] {
        let request = request.unwrap();
        assert_eq!(request.headers()["authorization"], "Bearer T1");
        assert_eq!(shown(&request), line);
    }
}

#[cfg(feature = "ureq")]
#[test]
fn body_of_a_get_reaches_the_server() {
    let mut server = mockito::Server::new();
    let seen = server
        .mock("GET", "/api/v1/tca/provisional")
        .match_body(r#"{"oauth_token":null}"#)
        .match_header("content-type", "application/json")
        .with_body(r#"{"result":true,"whitelist":[]}"#)
        .create();
    let client = online()
        .scheme(Scheme::BodyOnly)
        .environment(tokenpass_client::Environment::Custom(server.url()))
        .build()
        .unwrap();
    assert!(client.list_sources().unwrap().whitelist.is_empty());
    seen.assert();
}

#[test]
fn curl_masks_tokens_passwords_and_signatures_by_default() {
    let client = builder().oauth_token("CANARY").build().unwrap();
    for masked in [
        client.curl(&ListMyAddresses::new()),
        client.curl(&GetUser::new()),
        client.curl(&UpdateAddress::new("1A").label("x")),
        client.curl(&RegisterAccount::new("u", "CANARY", "e")),
        client.curl(&RequestPasswordToken::new("u", "CANARY", [])),
        client.curl(&ExchangeCode::new("CANARY", "r")),
        client.curl(&UpdateAccount::new("i", "CANARY", "CANARY").password("CANARY")),
        client.curl(&RequestCode::new(authorize(), "u", "CANARY")),
    ] {
        let masked = masked.unwrap();
        assert!(!masked.contains("CANARY"), "{masked}");
    }
    assert!(client.curl_with_secrets(&GetUser::new()).unwrap().contains("Bearer CANARY"));
}

#[test]
fn debug_shows_no_secret() {
    let printed = format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        RegisterAccount::new("u", "CANARY", "e"),
        CheckLogin::new("u", "CANARY"),
        UpdateAccount::new("i", "CANARY", "CANARY").password("CANARY"),
        RequestPasswordToken::new("u", "CANARY", []),
        ExchangeCode::new("CANARY", "r"),
        RequestCode::new(authorize().with_state("CANARY"), "u", "CANARY"),
        ExchangeCodeAtApi::new("CANARY", "r", [], "CANARY"),
    );
    assert!(!printed.contains("CANARY"), "{printed}");
}

#[test]
fn errors_name_the_invalid_argument() {
    for bad in ["", " ", ".", ".."] {
        assert_eq!(rejected(&CheckUser::new(bad, rules())), "username");
        assert_eq!(rejected(&CheckAddress::new(bad, rules())), "address");
        assert_eq!(rejected(&CheckEmail::new(bad, rules())), "email");
        assert_eq!(rejected(&GetPerks::new(bad)), "token");
        assert_eq!(rejected(&GetAsset::new(bad, "A")), "chain");
        assert_eq!(rejected(&GetAsset::new("bitcoin", bad)), "asset");
        assert_eq!(rejected(&DeleteSource::new(bad)), "address");
        assert_eq!(rejected(&ListPromisesByEmail::new(bad)), "email");
        assert_eq!(rejected(&GetPromise::new(bad)), "id");
        assert_eq!(rejected(&UpdatePromise::new(bad).note("n")), "id");
        assert_eq!(rejected(&CancelPromise::new(bad)), "id");
        assert_eq!(rejected(&GetMyAddress::new(bad)), "address");
        assert_eq!(rejected(&VerifyAddress::new(bad, "s")), "address");
        assert_eq!(rejected(&UpdateAddress::new(bad)), "address");
        assert_eq!(rejected(&DeleteAddress::new(bad)), "address");
        assert_eq!(rejected(&InstantVerify::new(bad, "m", "a", "s")), "username");
        assert_eq!(rejected(&ListPublicAddresses::new(bad)), "username");
        assert_eq!(rejected(&GetPublicAddress::new("u", bad)), "address");
        assert_eq!(rejected(&GetUserByAddress::new(bad)), "address");
        assert_eq!(rejected(&GetAddressByUser::new(bad)), "username");
        assert_eq!(rejected(&GetUserByEmail::new(bad)), "email");
        assert_eq!(rejected(&CheckUserExists::new(bad)), "username");
        assert_eq!(rejected(&GetMessengerPrivileges::new(bad)), "token");
        assert_eq!(rejected(&GetChatPrivileges::new(bad)), "chat_id");
        assert_eq!(rejected(&JoinChat::new(bad)), "chat_id");
        assert_eq!(rejected(&GetChat::new(bad)), "chat_uuid");
        assert_eq!(rejected(&UpdateChat::new(bad)), "chat_uuid");
        assert_eq!(rejected(&GetCreditGroup::new(bad)), "group");
        assert_eq!(rejected(&UpdateCreditGroup::new(bad)), "group");
        assert_eq!(rejected(&GetCreditGroupHistory::new(bad)), "group");
        assert_eq!(rejected(&ListCreditAccounts::new(bad)), "group");
        assert_eq!(rejected(&CreateCreditAccount::new(bad, "n")), "group");
        assert_eq!(rejected(&GetCreditAccount::new("g", bad)), "account");
        assert_eq!(rejected(&GetCreditAccountHistory::new("g", bad)), "account");
        assert_eq!(rejected(&GiveCredits::new(bad, [Entry::new("a", 1)])), "group");
        assert_eq!(rejected(&TakeCredits::new(bad, [Entry::new("a", 1)])), "group");
        assert_eq!(rejected(&GetSecondFactor::new(bad)), "username");
    }
    assert_eq!(rejected(&CheckUser::new("u", Rules::default())), "rules");
    assert_eq!(rejected(&CheckAddress::new("1A", Rules::default())), "rules");
    assert_eq!(rejected(&CheckEmail::new("a@example.com", Rules::default())), "rules");
    assert_eq!(rejected(&FindUsers::new(Rule::some("PARENT.child"))), "asset");
    assert_eq!(rejected(&RegisterSource::new(" ")), "address");
    let promise = |amount| CreatePromise::new("1S", "1D", "A", Satoshis::new(amount));
    assert_eq!(rejected(&promise(0)), "quantity");
    assert_eq!(rejected(&promise(1).expires(UnixTime::from_seconds(0))), "expires");
    assert_eq!(rejected(&CreatePromise::new("", "1D", "A", Satoshis::new(1))), "source");
    for destination in ["", "user:", "email: "] {
        let promise = CreatePromise::new("1S", destination, "A", Satoshis::new(1));
        assert_eq!(rejected(&promise), "destination");
    }
    assert_eq!(rejected(&CreatePromise::new("1S", "1D", "", Satoshis::new(1))), "asset");
    assert_eq!(rejected(&UpdatePromise::new(PromiseId::new(1))), "update");
    assert_eq!(
        rejected(&UpdatePromise::new(PromiseId::new(1)).quantity(Satoshis::new(-1))),
        "quantity"
    );
    assert_eq!(rejected(&RegisterAddress::new("")), "address");
    let long = "é".repeat(256);
    assert_eq!(rejected(&RegisterAddress::new("1A").label(&*long)), "label");
    assert_eq!(rejected(&UpdateAddress::new("1A").label(&*long)), "label");
    assert_eq!(rejected(&UpdateAddress::new("1A")), "update");
    assert_eq!(rejected(&VerifyAddress::new("1A", "")), "signature");
    assert_eq!(rejected(&VerifyAddress::new("1A", "x".repeat(1025))), "signature");
    assert_eq!(rejected(&InstantVerify::new("u", "", "a", "s")), "message");
    assert_eq!(rejected(&InstantVerify::new("u", "m", "", "s")), "address");
    assert_eq!(rejected(&InstantVerify::new("u", "m", "a", "")), "signature");
    assert_eq!(rejected(&GetUsersByAddresses::new([""; 0])), "addresses");
    assert_eq!(rejected(&CreateChat::new("")), "name");
    assert_eq!(rejected(&CreateChat::new("n").token("", Satoshis::new(1))), "token");
    assert_eq!(rejected(&CreateChat::new("n").global(false)), "token");
    assert_eq!(rejected(&UpdateChat::new("c").active(true)), "token");
    assert_eq!(rejected(&UpdateChat::new("c").token("A", Satoshis::new(0))), "amount");
    // The server multiplies by 10^8 in floating point.
    let inexact = Satoshis::new(1_000_000_000_000_001);
    assert_eq!(rejected(&UpdateChat::new("c").token("A", inexact)), "amount");
    assert_eq!(rejected(&CreateChat::new("n").token("A", inexact)), "amount");
    let largest = CreateChat::new("n").token("A", Satoshis::new(1_000_000_000_000_000));
    assert!(unsigned(&largest).contains(r#""quantity":10000000}"#));
    assert_eq!(rejected(&CreateCreditGroup::new(" ")), "name");
    assert_eq!(rejected(&CreateCreditAccount::new("g", "")), "name");
    assert_eq!(rejected(&GiveCredits::new("g", [])), "entries");
    assert_eq!(rejected(&TakeCredits::new("g", [Entry::new("", 1)])), "account");
    // The server books 0 for the first two, and another number for the third.
    for amount in [0, u64::MAX, MOST_CREDITS + 1] {
        let entries = || [Entry::new("a", 1), Entry::new("b", amount)];
        assert_eq!(rejected(&GiveCredits::new("g", entries())), "amount", "{amount}");
        assert_eq!(rejected(&TakeCredits::new("g", entries())), "amount", "{amount}");
    }
    assert_eq!(rejected(&RegisterAccount::new("", "p", "e")), "username");
    assert_eq!(rejected(&RegisterAccount::new("u", "", "e")), "password");
    assert_eq!(rejected(&RegisterAccount::new("u", "p", "")), "email");
    assert_eq!(rejected(&CheckLogin::new(long.as_str(), "p")), "username");
    assert_eq!(rejected(&CheckLogin::new("u", long.as_str())), "password");
    assert_eq!(rejected(&UpdateAccount::new("i", "t", "p")), "update");
    assert_eq!(rejected(&UpdateAccount::new("", "t", "p").name("n")), "user_id");
    assert_eq!(rejected(&UpdateAccount::new("i", "", "p").name("n")), "token");
    assert_eq!(rejected(&UpdateAccount::new("i", "t", "").name("n")), "current_password");
    assert_eq!(rejected(&SignSecondFactor::new("x".repeat(1025))), "signature");
    assert_eq!(rejected(&Authorize::new("", []).unwrap()), "redirect_uri");
    assert_eq!(rejected(&authorize().with_state("")), "state");
    assert_eq!(rejected(&ExchangeCode::new("", "r")), "code");
    assert_eq!(rejected(&ExchangeCodeAtApi::new("c", "", [], "s")), "redirect_uri");
    assert_eq!(rejected(&RequestPasswordToken::new("", "p", [])), "username");
    assert_eq!(rejected(&RequestCode::new(authorize(), "u", "")), "password");
}

#[cfg(feature = "ureq")]
#[test]
fn rejected_get_is_retried_in_the_other_form_only_if_enabled() {
    let mut server = mockito::Server::new();
    let query = mockito::Matcher::Any;
    let body = r#"{"message":"Invalid Authorization Signature","errors":["Invalid Authorization Signature"]}"#;
    let rejections = server
        .mock("GET", "/api/v1/lookup/user/exists/bob")
        .match_query(query)
        .with_status(403)
        .with_body(body)
        .expect(3)
        .create();
    let base = tokenpass_client::Environment::Custom(server.url());
    let call = CheckUserExists::new("bob").strict(true);
    let plain = online().environment(base.clone()).build().unwrap();
    assert_eq!(plain.send(&call).unwrap_err().attempts(), 1);
    let both = online().environment(base).try_other_form(true).build().unwrap();
    let error = both.send(&call).unwrap_err();
    assert_eq!((error.attempts(), error.kind()), (2, ErrorKind::Auth));
    assert_eq!(error.message(), Some("Invalid Authorization Signature"));
    rejections.assert();
}

#[cfg(feature = "ureq")]
#[test]
fn rate_limit_is_retried_after_the_requested_delay_and_reported() {
    let mut server = mockito::Server::new();
    let limited = server
        .mock("GET", "/api/v1/perks/TOKENLY")
        .with_status(429)
        .with_header("retry-after", "7")
        .with_body("Too Many Attempts.")
        .expect(3)
        .create();
    let clock = ManualClock::at_unix(1_506_000_000);
    let client = online()
        .environment(tokenpass_client::Environment::Custom(server.url()))
        .clock(clock.clone())
        .build()
        .unwrap();
    let error = client.get_perks("TOKENLY").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    let wait = std::time::Duration::from_secs(7);
    assert_eq!(error.retry_after(), Some(wait));
    assert_eq!(error.message(), Some("Too Many Attempts."));
    assert_eq!(clock.slept(), [wait; 2]);
    limited.assert();
}
