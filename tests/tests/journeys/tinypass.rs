//! Sequences of requests to the TinyPass server of the sandbox, and its strictness.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use api_auth::{Clock, ErrorKind, Secret};
use api_sandbox::tinypass::{
    AID, DOWNLOAD_RID, DownloadPaths, ListShape, PRIVATE_KEY, RID, SUBSCRIPTION_RID, UID, USER_REF,
};
use api_sandbox::{Sandbox, SandboxClock};
use tinypass_client::download::DownloadPath;
use tinypass_client::{
    Client, Environment, GetDownloadUrl, GrantAccess, RevokeAccess, SearchAccess,
    SearchSubscriptions, UnixTime, authorization,
};
use workspace_tests::tinypass;

fn start() -> (Sandbox, Client) {
    let sandbox = Sandbox::start().unwrap();
    let client = tinypass(&sandbox).build().unwrap();
    (sandbox, client)
}

fn now(sandbox: &Sandbox) -> i64 {
    sandbox.clock().unix().try_into().unwrap()
}

#[test]
fn access_is_granted_expires_and_is_revoked() {
    let (sandbox, client) = start();
    let end = UnixTime::from_seconds(now(&sandbox) + 3600);
    let grant = GrantAccess::new(RID, "eve@example.org").user_ref("eve").expires(end);
    let granted = client.grant_access(&grant).unwrap().access.unwrap();
    assert_eq!(granted.expires, Some(end));
    let access = client.get_access(RID, "eve").unwrap().unwrap();
    assert_eq!(access, granted);
    assert!(access.is_active(api_auth::SystemClock.now()));
    // By TinyPass's uid as well.
    let uid = granted.uid.unwrap();
    assert_eq!(client.get_access(RID, &uid).unwrap().unwrap().id, granted.id);
    assert_eq!(client.get_user(&uid).unwrap().unwrap().email.as_deref(), Some("eve@example.org"));

    sandbox.clock().advance(Duration::from_secs(3600));
    let search = SearchAccess::new().user_ref("eve");
    assert!(client.search_access(&search).unwrap().data.is_empty(), "it has ended");
    let ended = client.search_access(&search.show_expired(true)).unwrap();
    assert_eq!(ended.data.len(), 1);

    client.revoke_access(&RevokeAccess::new(RID, "eve")).unwrap();
    assert_eq!(client.get_access(RID, "eve").unwrap(), None);
    let error = client.revoke_access(&RevokeAccess::new(RID, "eve")).unwrap_err();
    assert_eq!(
        (error.status().unwrap().as_u16(), error.message()),
        (404, Some("Access not found"))
    );
}

#[test]
fn grant_sends_an_email_unless_suppressed() {
    let (sandbox, client) = start();
    let grant = GrantAccess::new(RID, "eve@example.org");
    client.grant_access(&grant.clone().suppress_email(true)).unwrap();
    assert_eq!(sandbox.tinypass().state(|server| server.mails.len()), 0);
    client.grant_access(&grant).unwrap();
    assert_eq!(sandbox.tinypass().state(|server| server.mails.clone()), ["eve@example.org"]);
}

#[test]
fn paid_access_is_refunded_and_a_refund_of_unpaid_access_is_an_error() {
    let (sandbox, client) = start();
    client.revoke_access(&RevokeAccess::new(RID, USER_REF).refund(true)).unwrap();
    assert_eq!(sandbox.tinypass().state(|server| server.refunds.len()), 1);
    client.grant_access(&GrantAccess::new(RID, "eve@example.org").user_ref("eve")).unwrap();
    let error = client.revoke_access(&RevokeAccess::new(RID, "eve").refund(true)).unwrap_err();
    assert_eq!((error.status().unwrap().as_u16(), error.kind()), (402, ErrorKind::Api));
    assert_eq!(error.message(), Some("refund: nothing was paid"));
}

#[test]
fn grant_of_a_missing_resource_is_an_error() {
    let (_sandbox, client) = start();
    let error = client.grant_access(&GrantAccess::new("no such", "eve@example.org")).unwrap_err();
    assert_eq!(error.message(), Some("rid: no such resource"));
}

#[test]
fn iterator_returns_each_record_once_over_one_connection() {
    let (sandbox, client) = start();
    sandbox.tinypass().state(|server| {
        for number in 0..2500 {
            let user = format!("reader-{number}");
            server.add_access(RID, &user, &format!("{user}@example.org"), 0, None);
        }
    });
    let all = SearchAccess::new().rid(RID).show_expired(true);
    let found = client.accesses(&all).map(|access| access.unwrap().id.unwrap());
    let mut ids: Vec<String> = found.collect();
    assert_eq!(ids.len(), 2502);
    ids.dedup();
    assert_eq!(ids.len(), 2502);
    assert_eq!(sandbox.tinypass().seen().len(), 3, "1000 records a request");
    assert_eq!(sandbox.tinypass().connections(), 1);
}

#[test]
fn subscriptions_are_found_and_cancelled() {
    let (sandbox, client) = start();
    for shape in [ListShape::Data, ListShape::Bare] {
        sandbox.tinypass().state(|server| server.list_shape = shape);
        let search = SearchSubscriptions::new().user_ref(USER_REF);
        let found = client.search_subscriptions(&search).unwrap();
        assert_eq!(found.first().unwrap().rid().as_deref(), Some(SUBSCRIPTION_RID));
    }
    let receipt = client.cancel_subscription(SUBSCRIPTION_RID, USER_REF).unwrap();
    assert_eq!(receipt.extra.text("status").as_deref(), Some("cancelled"));
    let none = SearchSubscriptions::new().user_ref("nobody");
    assert!(client.search_subscriptions(&none).unwrap().is_empty());
}

#[test]
fn downloads_are_found_with_either_spelling() {
    for paths in [DownloadPaths::Documented, DownloadPaths::Sdk, DownloadPaths::Both] {
        let (sandbox, client) = start();
        sandbox.tinypass().state(|server| server.download_paths = paths);
        assert!(client.get_download(DOWNLOAD_RID).unwrap().is_some(), "{paths:?}");
        let ask = GetDownloadUrl::for_lifetime(DOWNLOAD_RID, Duration::from_secs(60));
        let link = client.get_download_url(&ask).unwrap().url;
        assert!(fetch(&link).starts_with("HTTP/1.1 200"), "{paths:?}");
        sandbox.clock().advance(Duration::from_secs(60));
        assert!(fetch(&link).starts_with("HTTP/1.1 404"), "the link has expired");

        assert_eq!(client.get_download("nothing").unwrap(), None);
        let ask = GetDownloadUrl::for_lifetime("nothing", Duration::from_secs(60));
        let error = client.get_download_url(&ask).unwrap_err();
        assert_eq!(error.status().unwrap().as_u16(), 404, "{paths:?}");
    }
}

#[test]
fn only_the_selected_spelling_is_requested() {
    let (sandbox, _) = start();
    let client = tinypass(&sandbox).download_path(DownloadPath::Sdk).build().unwrap();
    client.get_download("nothing").unwrap();
    let seen = sandbox.tinypass().seen();
    let targets: Vec<&str> = seen.iter().map(|seen| seen.request.target.as_str()).collect();
    assert_eq!(targets, ["/r2/download?rid=nothing"]);
}

/// Sends bytes as they are to a server and reads its response to the end.
fn exchange(address: &str, bytes: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

fn fetch(url: &str) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    exchange(host, &format!("GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"))
}

/// The status and message for a request line with this Authorization header.
fn verdict(sandbox: &Sandbox, method: &str, target: &str, header: &str, body: &str) -> String {
    let host = sandbox.tinypass().base_url().strip_prefix("http://").unwrap();
    let length =
        if method == "GET" { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let response = exchange(
        host,
        &format!(
            "{method} {target} HTTP/1.1\r\nhost: {host}\r\n{header}{length}connection: close\r\n\r\n{body}"
        ),
    );
    let status = response.split(' ').nth(1).unwrap();
    let message = response.rsplit("\"message\":\"").next().unwrap().split('"').next().unwrap();
    format!("{status} {message}")
}

fn signed(method: &str, target: &str) -> String {
    let value = authorization(AID, &Secret::new(PRIVATE_KEY), method, target).unwrap();
    format!("Authorization: {value}\r\n")
}

#[test]
fn signature_must_match_the_raw_request_line() {
    let (sandbox, _client) = start();
    let target = "/r2/access?rid=premium+content&user_ref=%C3%A9";
    let ask = |header: &str| verdict(&sandbox, "GET", target, header, "");
    assert_eq!(ask(&signed("GET", target)), "404 Access not found");
    assert_eq!(ask(""), "401 the Authorization header is missing");
    assert_eq!(
        ask("Authorization: nonsense\r\n"),
        "401 the Authorization header must be AID:SIGNATURE"
    );
    for other in [
        "/r2/access?rid=premium content&user_ref=é",
        "/r2/access",
        "/r2/access?user_ref=%C3%A9&rid=premium+content",
    ] {
        assert_eq!(
            ask(&signed("GET", other)),
            "401 the signature does not match the request line",
            "{other}"
        );
    }
    assert_eq!(ask(&signed("POST", target)), "401 the signature does not match the request line");
    // A client for Node.js pads its signatures.
    let padded = |padding: &str| signed("GET", target).replace("\r\n", &format!("{padding}\r\n"));
    assert_eq!(ask(&padded("=")), "404 Access not found");
    assert_eq!(ask(&padded("==")), "401 the signature must be base64url");
    let doubled = signed("GET", target).repeat(2);
    assert_eq!(ask(&doubled), "401 the Authorization header is missing");
    let unknown = signed("GET", target).replace(AID, "OTHER");
    assert_eq!(ask(&unknown), "401 the application id is unknown");
}

#[test]
fn invalid_parameters_are_rejected() {
    let (sandbox, _client) = start();
    for (method, target, expected) in [
        ("GET", "/r2/access?rid=r", "400 user_ref: required parameter is missing"),
        ("GET", "/r2/access?rid=&user_ref=u", "400 rid: required parameter is missing"),
        ("GET", "/r2/access?rid=a&rid=b&user_ref=u", "400 rid: the parameter is repeated"),
        (
            "GET",
            "/r2/access?rid=a~b&user_ref=u",
            "400 rid: a reserved character is not percent-encoded",
        ),
        (
            "GET",
            "/r2/access?rid=a%20b&user_ref=u",
            "400 rid: an unreserved character or a space is percent-encoded",
        ),
        (
            "GET",
            "/r2/access?rid=%c3%a9&user_ref=u",
            "400 rid: a percent sign must precede two upper-case hex digits",
        ),
        ("GET", "/r2/access/search?&", "400 a parameter has no ="),
        ("GET", "/r2/access/search?pagesize=0", "400 pagesize: must be from 1 to 1000"),
        ("GET", "/r2/access/search?pagesize=1001", "400 pagesize: must be from 1 to 1000"),
        (
            "GET",
            "/r2/access/search?show_expired=yes",
            "400 show_expired: must be true, false, 1 or 0",
        ),
        ("GET", "/r2/access/search?page=-1", "400 page: must be a decimal integer"),
        (
            "GET",
            "/r2/downloads/url?rid=ebook-1",
            "400 lifetime, expiration: exactly one of them is required",
        ),
        (
            "GET",
            "/r2/downloads/url?rid=ebook-1&lifetime=1&expiration=2",
            "400 lifetime, expiration: exactly one of them is required",
        ),
        ("POST", "/r2/access/grant?rid=r", "400 email: required parameter is missing"),
        ("POST", "/r2/access?rid=r&user_ref=u", "402 POST /r2/access: method not supported"),
        ("GET", "/r2/access/grant?rid=r&email=e", "402 GET /r2/access/grant: method not supported"),
        ("GET", "/r2/user/nobody", "404 User not found"),
    ] {
        let found = verdict(&sandbox, method, target, &signed(method, target), "");
        assert_eq!(found, expected, "{method} {target}");
    }
    let target = "/r2/access/revoke";
    let body = verdict(&sandbox, "POST", target, &signed("POST", target), "rid=r&user_ref=u");
    assert_eq!(body, "400 the body must be empty: parameters are in the query");
    assert!(sandbox.tinypass().seen().iter().all(|seen| seen.verdict.signed == Some(true)));
}

#[test]
fn wrong_base_url_is_an_error_not_a_missing_record() {
    let (sandbox, _client) = start();
    let base = format!("{}/wrong", sandbox.tinypass().base_url());
    let client = tinypass(&sandbox).environment(Environment::custom(base)).build().unwrap();
    let errors = [
        client.get_access(RID, USER_REF).unwrap_err(),
        client.get_user(UID).unwrap_err(),
        client.get_download(DOWNLOAD_RID).unwrap_err(),
        client.accesses(&SearchAccess::new()).next().unwrap().unwrap_err(),
        client.search_subscriptions(&SearchSubscriptions::new()).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(
            (error.status().unwrap().as_u16(), &*error.body_text()),
            (404, "no such endpoint")
        );
    }
}

#[test]
fn clones_of_the_sandbox_clock_share_the_time() {
    let clock = SandboxClock::default();
    let other = clock.clone();
    let before = other.unix();
    clock.advance(Duration::from_secs(1000));
    assert!(other.unix() >= before + 1000);
}
