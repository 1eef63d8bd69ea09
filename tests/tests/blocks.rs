//! Encrypted blocks end to end: cookies, their states, webhooks from the sandbox to a callback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::time::{Duration, SystemTime};

use api_sandbox::Sandbox;
use api_sandbox::tinypass::{AID, PRIVATE_KEY, RID};
use tinypass_client::blocks::{
    AccessState, BlockError, Blocks, ReadError, Token, TokenCookie, WebhookEvent, WebhookType,
};
use tinypass_client::{GrantAccess, RevokeAccess, UnixTime};
use workspace_tests::tinypass;

fn blocks() -> Blocks {
    Blocks::new(AID, PRIVATE_KEY).unwrap()
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn token(json: &str) -> Token {
    serde_json::from_str(json).unwrap()
}

#[test]
fn a_token_gives_the_state_of_the_official_clients() {
    let now = at(1000);
    let ip = |text: &str| Some(text.parse().unwrap());
    for (json, client_ip, expected) in [
        (r#"{"rid":"r"}"#, None, AccessState::Granted),
        (r#"{"rid":"r","ex":0}"#, None, AccessState::Granted),
        (r#"{"rid":"r","ex":1001}"#, None, AccessState::Granted),
        (r#"{"rid":"r","ex":1000}"#, None, AccessState::Expired),
        (r#"{"rid":"r","ex":2000,"eex":900}"#, None, AccessState::Expired),
        (r#"{"rid":"r","ex":900,"eex":2000}"#, None, AccessState::Granted),
        (r#"{"rid":"r","ex":1400000000000}"#, None, AccessState::Granted),
        (r#"{"rid":"r","ips":["1.2.3.4"]}"#, ip("1.2.3.4"), AccessState::Granted),
        (r#"{"rid":"r","ips":["4030201"]}"#, ip("1.2.3.4"), AccessState::Granted),
        (r#"{"rid":"r","ips":["4030201"]}"#, ip("4.3.2.1"), AccessState::IpMismatch),
        (r#"{"rid":"r","ips":["4030201"]}"#, None, AccessState::Granted),
        (r#"{"rid":"r","mt":20,"mtet":1000}"#, None, AccessState::MeteredInTrial),
        (r#"{"rid":"r","mt":20,"mtet":999,"mlet":1000}"#, None, AccessState::InLockout),
        (r#"{"rid":"r","mt":20,"mtet":999,"mlet":999}"#, None, AccessState::TrialDead),
        (r#"{"rid":"r","mt":10,"mtma":5,"mtaa":5}"#, None, AccessState::MeteredInTrial),
        (r#"{"rid":"r","mt":10,"mtma":5,"mtaa":6,"mlet":2000}"#, None, AccessState::InLockout),
        (r#"{"rid":"r","mt":10,"mtma":5,"mtaa":6}"#, None, AccessState::TrialDead),
    ] {
        assert_eq!(token(json).access(now, client_ip), expected, "{json}");
    }
    let cookie = TokenCookie::new([Token::new("r")]);
    assert_eq!(cookie.access("other", now, None), AccessState::RidNotFound);
    assert_eq!(TokenCookie::default().access("r", now, None), AccessState::NoTokens);
}

#[test]
fn a_newer_token_replaces_the_one_of_its_rid_and_twenty_stay() {
    let mut cookie = TokenCookie::new((0..25).map(|number| Token::new(format!("r{number}"))));
    assert_eq!(cookie.tokens().len(), 20);
    assert_eq!(cookie.tokens().first().unwrap().rid, "r5");
    cookie.merge([Token::new("r5").expiration(UnixTime::from_seconds(9))]);
    assert_eq!(cookie.tokens().len(), 20);
    assert_eq!(cookie.tokens().last().unwrap().ex, Some(9));
    assert_eq!(cookie.access("r5", at(10), None), AccessState::Expired);
}

#[test]
fn a_cookie_is_read_as_it_was_written_also_percent_encoded_and_concatenated() {
    let blocks = blocks();
    let cookie = TokenCookie::new([Token::new("r 1").uid("u").id("i"), Token::new("2")]);
    let value = blocks.seal_cookie(&cookie);
    assert_eq!(blocks.read_cookie(&value).unwrap(), cookie);
    let encoded = value.replace('{', "%7B").replace('}', "%7D").replace('~', "%7E");
    assert_eq!(blocks.read_cookie(&encoded).unwrap(), cookie);
    let twice = format!("{value}{}", blocks.seal_cookie(&TokenCookie::new([Token::new("3")])));
    let rids =
        |cookie: TokenCookie| cookie.tokens().iter().map(|t| t.rid.clone()).collect::<Vec<_>>();
    assert_eq!(rids(blocks.read_cookie(&twice).unwrap()), ["r 1", "2", "3"]);
    // The first version of the format was an object; it is passed over.
    let old = format!("{{jax}}{}", blocks.seal(r#"{"tokens":[{"rid":"old"}]}"#));
    assert_eq!(blocks.read_cookie(&old).unwrap(), TokenCookie::default());
    assert_eq!(blocks.read_cookie("").unwrap(), TokenCookie::default());
}

#[test]
fn a_cookie_that_anybody_can_have_written_is_refused() {
    let blocks = blocks();
    let cookie = TokenCookie::new([Token::new("r")]);
    let open = Blocks::write_open_cookie(&cookie);
    assert_eq!(blocks.read_cookie(&open), Err(ReadError::Unsigned));
    assert_eq!(blocks.read_unsigned_cookie(&open).unwrap(), cookie);
    let sealed = blocks.seal_cookie(&cookie);
    let other = Blocks::new(AID, "another key").unwrap().seal_cookie(&cookie);
    let mismatch = Err(ReadError::Block(BlockError::SignatureMismatch));
    assert_eq!(blocks.read_cookie(&other), mismatch);
    assert_eq!(blocks.read_unsigned_cookie(&other), mismatch, "sealed stays sealed");
    let bare = sealed.split("~~~").next().unwrap();
    let missing = Err(ReadError::Block(BlockError::SignatureMissing));
    assert_eq!(blocks.read_cookie(bare), missing);
    // A signed message does not vouch for what is put beside it.
    assert_eq!(blocks.read_cookie(&format!("{sealed}{open}")), Err(ReadError::Unsigned));
    for form in ["hello", "{jax", "{xyz}abc", "[]", "{j~x}abc", "%ff"] {
        assert_eq!(blocks.read_cookie(form), Err(ReadError::Form), "{form}");
    }
}

#[test]
fn an_error_tells_nothing_of_the_content() {
    let blocks = blocks();
    for text in [r#"[{"rid":{"CANARY":1}}]"#, r#"["CANARY"]"#, "CANARY", "[{\"ex\":\"CANARY\"}]"] {
        let error = blocks.read_cookie(&format!("{{jax}}{}", blocks.seal(text))).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
    }
}

#[test]
fn a_webhook_of_another_application_or_without_its_data_is_refused() {
    let blocks = blocks();
    let other = blocks.seal(r#"{"type":"access_granted","aid":"OTHER"}"#);
    assert_eq!(blocks.read_webhook(&other), Err(ReadError::OtherApplication));
    let data = blocks.seal(r#"{"type":"brand_new","expires":0,"extra":[1]}"#);
    let webhook = blocks.read_webhook_target(&format!("/hook?a=b&data={data}")).unwrap();
    assert_eq!((webhook.version, webhook.kind.as_str()), (1, "brand_new"));
    assert_eq!((webhook.expires, webhook.fields.json("extra").as_deref()), (None, Some("[1]")));
    for target in ["/hook".to_owned(), "/hook?data=".to_owned() + &data + "&data=" + &data] {
        assert_eq!(blocks.read_webhook_target(&target), Err(ReadError::Form));
    }
    assert!(blocks.read_webhook("").is_err());
}

#[test]
fn the_sandbox_tells_a_callback_of_grants_and_revocations() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let sandbox = Sandbox::start().unwrap();
    sandbox.tinypass().state(|server| server.webhooks.subscribe(&url)).unwrap();
    let client = tinypass(&sandbox).build().unwrap();
    let end = UnixTime::from_seconds(2_000_000_000);
    let grant = GrantAccess::new(RID, "eve@example.org").user_ref("eve").expiration(end);
    let access = client.grant_access(&grant).unwrap();
    client.revoke_access(&RevokeAccess::new(RID, "eve")).unwrap();

    let mut received = Vec::new();
    for _ in 0..2 {
        let (stream, _) = listener.accept().unwrap();
        let line = BufReader::new(&stream).lines().next().unwrap().unwrap();
        let target = line.split(' ').nth(1).unwrap();
        received.push(blocks().read_webhook_target(target).unwrap());
        write!(&stream, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    }
    let [granted, revoked] = received.try_into().unwrap();
    assert_eq!(granted.kind, WebhookType::AccessGranted);
    assert_eq!(granted.event, Some(WebhookEvent::FreeAccessGranted));
    assert_eq!((granted.access_id, granted.uid), (access.id, access.uid));
    assert_eq!((granted.rid.as_deref(), granted.expires), (Some(RID), Some(end)));
    assert_eq!((revoked.kind, revoked.version), (WebhookType::AccessRevoked, 2));
}

#[test]
fn webhooks_go_nowhere_but_to_this_machine() {
    let sandbox = Sandbox::start().unwrap();
    for url in ["https://127.0.0.1:1/", "http://192.0.2.1:80/", "http://example.com/", "nonsense"] {
        let refused = sandbox.tinypass().state(|server| server.webhooks.subscribe(url));
        assert!(refused.is_err(), "{url}");
    }
}
