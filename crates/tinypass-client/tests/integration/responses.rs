//! Tests of the result of each endpoint for the responses that a server may send, over real HTTP.
//!
//! Tests are named `ENDPOINT_response...`. `cargo xtask endpoints` checks that there is one for
//! each endpoint.

#![cfg(feature = "ureq")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::time::Duration;

use test_support::decoding::{Case, Outcome, shown, with_response};
use tinypass_client::api_auth::Method;
use tinypass_client::{
    Access, Client, Environment, Error, ErrorKind, GetDownloadUrl, GrantAccess, RawEndpoint,
    RevokeAccess, SearchAccess, SearchSubscriptions, UnixTime,
};

const ACCESS: &str = r#"{"id":"1VShIZzLeIod","aid":"AIDAIDAID0","rid":"premium-content","uid":"kjkxrNWUyD","amount":4.99,"currency":"USD","created":1399568000,"expires":1402160000,"user_ref":"user_42","user_email":"ann@example.org","tags":["music"]}"#;
const DOWNLOAD: &str = r#"{"id":"DLebook0001x","description":"..","title":"An e-book","rid":"ebook-1","image":null,"price":"$4.99 USD","modified_date":1399913600,"created_date":1399222400,"published_date":1399308800}"#;
const USER: &str =
    r#"{"uid":"kjkxrNWUyD","email":"ann@example.org","first_name":"Ann","last_name":null}"#;

fn client(base: &str) -> Client {
    Client::builder("AIDAIDAID0", "key")
        .environment(Environment::custom(base))
        .retries(0)
        .build()
        .unwrap()
}

/// Checks the rules for a response in which any field, but not all of them, may be absent. If all
/// are absent, the error names `missing`.
fn rules<T: std::fmt::Debug>(
    method: &str,
    documented: &str,
    missing: &str,
    call: impl Fn(&Client) -> Result<T, Error>,
) {
    let call = |base: &str| -> Outcome { shown(call(&client(base))) };
    // A page has no fields except its records.
    let required: &[&str] = if missing == "data" { &["data"] } else { &[] };
    let missing = Some(missing);
    Case { method, documented, any_body: false, missing, call: &call }.holds(required);
}

/// Checks that a response with any one of the documented fields is read.
fn one_field_is_enough<T: std::fmt::Debug>(
    documented: &str,
    call: impl Fn(&Client) -> Result<Option<T>, Error>,
) {
    let fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(documented).unwrap();
    for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_null()) {
        let body = serde_json::json!({ name: value }).to_string();
        assert!(one("GET", 200, &body, &call).unwrap().is_some(), "{body}");
    }
}

/// Checks the rules for a response that is not documented and may be empty or have any content.
fn acknowledgement_rules<T: std::fmt::Debug>(call: impl Fn(&Client) -> Result<T, Error>) {
    let call = |base: &str| -> Outcome { shown(call(&client(base))) };
    let documented = r#"{"ok":true}"#;
    Case { method: "POST", documented, any_body: true, missing: None, call: &call }.holds(&[]);
}

/// Returns the result of a method for one response.
fn one<T>(
    method: &str,
    status: usize,
    body: &str,
    call: impl Fn(&Client) -> Result<T, Error>,
) -> Result<T, Error> {
    with_response(method, status, None, body, |base| call(&client(base)))
}

#[test]
fn access_get_response_follows_the_rules() {
    rules("GET", ACCESS, "id", |client| client.get_access("r", "u"));
    one_field_is_enough(ACCESS, |client| client.get_access("r", "u"));
}

#[test]
fn access_get_response_is_read_field_by_field() {
    let access = one("GET", 200, ACCESS, |client| client.get_access("r", "u")).unwrap().unwrap();
    assert_eq!(access.id.as_deref(), Some("1VShIZzLeIod"));
    assert_eq!(access.aid.as_deref(), Some("AIDAIDAID0"));
    assert_eq!(access.rid.as_deref(), Some("premium-content"));
    assert_eq!(access.uid.as_deref(), Some("kjkxrNWUyD"));
    assert_eq!(access.amount.unwrap().minor_units(2), Some(499));
    assert_eq!(access.currency.as_deref(), Some("USD"));
    assert_eq!(access.created.unwrap().seconds(), 1_399_568_000);
    assert_eq!(access.expires.unwrap().seconds(), 1_402_160_000);
    assert_eq!(access.user_ref.as_deref(), Some("user_42"));
    assert_eq!(access.user_email.as_deref(), Some("ann@example.org"));
    assert_eq!(access.tags, ["music"]);
    assert!(access.extra.is_empty());
    let again = serde_json::from_str(&serde_json::to_string(&access).unwrap()).unwrap();
    assert_eq!(access, again);
}

/// Bodies of 404 responses that may be from the API.
const NOT_FOUND: [&str; 4] = [
    r#"{"error":{"message":"Access not found"}}"#,
    r#"{"error":{"code":404,"message":"Not found"},"more":1}"#,
    "",
    " \n",
];

/// Bodies of 404 responses of other servers: an HTML page, plain text, and the JSON of some
/// frameworks.
const OF_OTHER_SERVERS: [&str; 8] = [
    "<html><body>404 Not Found</body></html>",
    "404 page not found\n",
    "{}",
    "[]",
    "null",
    r#"{"message":"no Route matched with those values"}"#,
    r#"{"status":404,"error":"Not Found","path":"/r2/access"}"#,
    r#"{"error":{}}"#,
];

/// Checks that `call` finds nothing if the API responds with 404, and returns an error for any
/// other 404.
fn only_a_404_of_the_api_is_empty<T: std::fmt::Debug>(
    call: impl Fn(&Client) -> Result<T, Error>,
    is_empty: impl Fn(&T) -> bool,
) {
    for body in NOT_FOUND {
        assert!(is_empty(&one("GET", 404, body, &call).unwrap()), "{body}");
    }
    for body in OF_OTHER_SERVERS {
        let error = one("GET", 404, body, &call).unwrap_err();
        assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Api, 404));
        assert_eq!(error.body_text(), body);
    }
}

#[test]
fn response_404_of_another_server_is_an_error() {
    only_a_404_of_the_api_is_empty(|client| client.get_access("r", "u"), Option::is_none);
    only_a_404_of_the_api_is_empty(|client| client.get_user("u"), Option::is_none);
    only_a_404_of_the_api_is_empty(|client| client.get_download("r"), Option::is_none);
    let search = |client: &Client| client.search_access(&SearchAccess::new());
    only_a_404_of_the_api_is_empty(search, |page| page.data.is_empty());
    let all =
        |client: &Client| client.accesses(&SearchAccess::new()).collect::<Result<Vec<_>, _>>();
    only_a_404_of_the_api_is_empty(all, Vec::is_empty);
    let search = |client: &Client| client.search_subscriptions(&SearchSubscriptions::new());
    only_a_404_of_the_api_is_empty(search, Vec::is_empty);
}

#[test]
fn access_get_response_without_an_expiry_never_expires() {
    for end in ["", r#""expires":null,"#, r#""expires":0,"#, r#""expires":"0","#] {
        let body = format!(r#"{{{end}"tags":"one","new":{{"kept":1}}}}"#);
        let access = one("GET", 200, &body, |client| client.get_access("r", "u")).unwrap().unwrap();
        assert_eq!(access.expires, None, "{body}");
        assert!(access.is_active(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40)));
        assert_eq!(access.tags, ["one"]);
        assert_eq!(access.extra.json("new").unwrap(), r#"{"kept":1}"#);
    }
}

#[test]
fn response_without_documented_fields_grants_no_access() {
    for body in ["{}", r#"{"expires":null}"#, r#"{"status":"ok"}"#] {
        let error = one("GET", 200, body, |client| client.get_access("r", "u")).unwrap_err();
        assert_eq!(
            (error.kind(), error.message()),
            (ErrorKind::Decode, Some("id: missing from the response"))
        );
        assert_eq!(error.body_text(), body);
    }
}

#[test]
fn search_without_results_has_an_empty_list() {
    let search = |client: &Client| client.search_access(&SearchAccess::new());
    let subscriptions = |client: &Client| client.search_subscriptions(&SearchSubscriptions::new());
    for body in [r#"{"data":[]}"#, "[]"] {
        assert!(one("GET", 200, body, search).unwrap().data.is_empty(), "{body}");
        assert!(one("GET", 200, body, subscriptions).unwrap().is_empty(), "{body}");
    }
    for body in ["{}", r#"{"total":0}"#, r#"{"data":null}"#] {
        let error = one("GET", 200, body, search).unwrap_err();
        assert_eq!(
            (error.kind(), error.message()),
            (ErrorKind::Decode, Some("data: missing from the response"))
        );
        assert!(one("GET", 200, body, subscriptions).is_err(), "{body}");
    }
}

#[test]
fn access_grant_response_without_a_record_is_an_acknowledgement() {
    let past = UnixTime::from_seconds(1_000_000_000);
    let unlimited = GrantAccess::new("r", "e@example.org");
    let expired = unlimited.clone().expires(past);
    for body in ["", " ", "true", "[]", r#"{"success":true}"#, r#"{"success":true,"expires":null}"#]
    {
        for grant in [&unlimited, &expired] {
            let granted = one("POST", 200, body, |client| client.grant_access(grant)).unwrap();
            assert_eq!(granted.access, None, "{body}");
            assert_eq!(granted.acknowledgement.body, body.trim(), "{body}");
        }
    }
    for body in ["<html>", "done", r#"{"success":"#] {
        let error = one("POST", 200, body, |client| client.grant_access(&expired)).unwrap_err();
        assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Decode, true), "{body}");
    }
    let error = one("POST", 200, "{}", |client| client.grant_access(&expired)).unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::Decode, Some("id: missing from the response"))
    );
    let body = r#"{"error":{"message":"no"}}"#;
    let error = one("POST", 200, body, |client| client.grant_access(&expired)).unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Api, Some("no")));
}

#[test]
fn access_grant_response_with_a_record_has_the_requested_expiry() {
    let past = UnixTime::from_seconds(1_000_000_000);
    let now = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let unlimited = GrantAccess::new("r", "e@example.org");
    let record = r#"{"success":true,"rid":"r"}"#;
    for (grant, expires, is_active) in
        [(&unlimited, None, true), (&unlimited.clone().expires(past), Some(past), false)]
    {
        let granted = one("POST", 200, record, |client| client.grant_access(grant)).unwrap();
        let access = granted.access.unwrap();
        assert_eq!((access.expires, access.is_active(now)), (expires, is_active));
        assert_eq!(granted.acknowledgement.body, "");
    }
}

#[test]
fn access_is_active_until_the_second_of_its_expiry() {
    let access: Access = serde_json::from_str(r#"{"expires":1402160000}"#).unwrap();
    for (now, is_active) in [(1_402_159_999, true), (1_402_160_000, false), (1_402_160_001, false)]
    {
        let now = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(now);
        assert_eq!(access.is_active(now), is_active);
    }
}

#[test]
fn access_without_a_documented_field_is_not_active() {
    let access: Access = serde_json::from_str(r#"{"success":true}"#).unwrap();
    assert!(!access.is_active(std::time::SystemTime::UNIX_EPOCH));
}

#[test]
fn error_object_on_200_is_an_error() {
    let body = r#"{"error":{"message":"Application disabled","code":7}}"#;
    let error = one("GET", 200, body, |client| client.get_access("r", "u")).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Api, Some("7")));
    assert_eq!(error.message(), Some("Application disabled"));
    let error =
        one("GET", 200, body, |client| client.search_subscriptions(&SearchSubscriptions::new()));
    assert!(error.is_err());
}

#[test]
fn each_documented_status_has_its_kind() {
    for (status, kind) in [
        (400, ErrorKind::Api),
        (401, ErrorKind::Auth),
        (402, ErrorKind::Api),
        (404, ErrorKind::Api),
        (429, ErrorKind::RateLimited),
        (500, ErrorKind::Api),
    ] {
        let body = r#"{"error":{"message":"why"}}"#;
        let revoke = RevokeAccess::new("r", "u");
        let error = one("POST", status, body, |client| client.revoke_access(&revoke)).unwrap_err();
        assert_eq!((error.kind(), error.message()), (kind, Some("why")), "{status}");
        assert_eq!(error.endpoint(), "access.revoke");
    }
}

#[test]
fn access_search_response_follows_the_rules() {
    let page = format!(r#"{{"data":[{ACCESS},{ACCESS}]}}"#);
    let call = |client: &Client| client.search_access(&SearchAccess::new());
    rules("GET", &page, "data", call);
}

#[test]
fn access_search_response_may_be_a_bare_list_or_404() {
    let search = |client: &Client| client.search_access(&SearchAccess::new());
    let page = one("GET", 200, &format!(" [{ACCESS}]"), search).unwrap();
    assert_eq!(page.data.len(), 1);
    assert!(one("GET", 404, "", search).unwrap().data.is_empty());
    let page = one("GET", 200, r#"{"data":[],"total":0}"#, search).unwrap();
    assert_eq!(page.extra.text("total").as_deref(), Some("0"));
}

#[test]
fn access_grant_response_follows_the_rules() {
    let grant = GrantAccess::new("r", "e@example.org");
    let call = |base: &str| -> Outcome {
        client(base).grant_access(&grant).map(|granted| format!("{granted:?}"))
    };
    let case = Case {
        method: "POST",
        documented: ACCESS,
        any_body: true,
        missing: Some("id"),
        call: &call,
    };
    case.holds(&[]);
}

#[test]
fn access_revoke_response_follows_the_rules() {
    let revoke = RevokeAccess::new("r", "u");
    acknowledgement_rules(|client| client.revoke_access(&revoke));
}

#[test]
fn access_revoke_response_may_be_any_json_and_is_returned() {
    let revoke = RevokeAccess::new("r", "u");
    for body in ["true", "\"done\"", "[]", "{\"a\":1}"] {
        let acknowledgement =
            one("POST", 200, body, |client| client.revoke_access(&revoke)).unwrap();
        assert_eq!(acknowledgement.body, body);
    }
}

#[test]
fn subscription_search_response_follows_the_rules() {
    let list = r#"[{"id":"S1","rid":"monthly-pass","user_ref":"user_42","renews":1402160000}]"#;
    let search = SearchSubscriptions::new();
    rules("GET", list, "data", |client| client.search_subscriptions(&search));
}

#[test]
fn subscription_search_response_contains_all_fields() {
    let search = |client: &Client| client.search_subscriptions(&SearchSubscriptions::new());
    let wrapped = r#"{"data":[{"id":7,"rid":"m","user_ref":"u","plan":{"period":"monthly"}}]}"#;
    let found = one("GET", 200, wrapped, search).unwrap();
    assert_eq!(found[0].id().as_deref(), Some("7"));
    assert_eq!(found[0].rid().as_deref(), Some("m"));
    assert_eq!(found[0].user_ref().as_deref(), Some("u"));
    assert_eq!(found[0].extra.json("plan").unwrap(), r#"{"period":"monthly"}"#);
    assert!(one("GET", 404, "", search).unwrap().is_empty());
}

#[test]
fn subscription_cancel_response_follows_the_rules() {
    acknowledgement_rules(|client| client.cancel_subscription("r", "u"));
}

#[test]
fn download_url_response_must_contain_the_link() {
    let request = GetDownloadUrl::for_lifetime("r", Duration::from_secs(60));
    let call = |client: &Client| client.get_download_url(&request);
    let link = one("GET", 200, r#"{"url":"https://h/d/1","valid":60}"#, call).unwrap();
    assert_eq!(link.url, "https://h/d/1");
    assert_eq!(link.extra.text("valid").as_deref(), Some("60"));
    for body in ["\"https://h/d/1\"", "https://h/d/1\n"] {
        assert_eq!(one("GET", 200, body, call).unwrap().url, "https://h/d/1");
    }
    for body in ["", "{", "{}", r#"{"url":null}"#, "<html>", "[1]"] {
        let error = one("GET", 200, body, call).unwrap_err();
        assert_eq!((error.kind(), &*error.body_text()), (ErrorKind::Decode, body));
    }
    let error = one("GET", 502, "<html>bad</html>", call).unwrap_err();
    assert_eq!((error.status().unwrap().as_u16(), &*error.body_text()), (502, "<html>bad</html>"));
    let error = one("GET", 401, "", call).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
}

#[test]
fn download_url_response_404_requests_the_other_spelling() {
    let mut server = mockito::Server::new();
    let query = mockito::Matcher::Any;
    server.mock("GET", "/r2/downloads/url").match_query(query.clone()).with_status(404).create();
    let other = server
        .mock("GET", "/r2/download/url")
        .match_query(query)
        .with_body(r#"{"url":"u"}"#)
        .create();
    let request = GetDownloadUrl::for_lifetime("r", Duration::from_secs(60));
    assert_eq!(client(&server.url()).get_download_url(&request).unwrap().url, "u");
    other.assert();
}

#[test]
fn download_get_response_follows_the_rules() {
    rules("GET", DOWNLOAD, "id", |client| client.get_download("r"));
    one_field_is_enough(DOWNLOAD, |client| client.get_download("r"));
}

#[test]
fn download_get_response_404_of_both_spellings_is_none() {
    let mut server = mockito::Server::new();
    let both = server.mock("GET", mockito::Matcher::Any).with_status(404).expect(2).create();
    assert_eq!(client(&server.url()).get_download("r").unwrap(), None);
    both.assert();
}

#[test]
fn download_response_of_the_second_spelling_is_returned() {
    const OWN: &str = r#"{"error":{"message":"no such file"}}"#;
    const PAGE: &str = "<html>404</html>";
    // For both spellings, the status and body of the response. For both methods, the status and
    // body of the error.
    for (first, second, of_details, of_link) in [
        ((404, ""), (503, "down"), Some((503, "down")), (503, "down")),
        ((404, OWN), (503, "down"), Some((503, "down")), (503, "down")),
        ((404, PAGE), (401, "no"), Some((401, "no")), (401, "no")),
        ((404, OWN), (404, PAGE), None, (404, OWN)),
        ((404, PAGE), (404, OWN), None, (404, OWN)),
        ((404, PAGE), (404, PAGE), Some((404, PAGE)), (404, PAGE)),
        ((503, "down"), (200, "{}"), Some((503, "down")), (503, "down")),
    ] {
        let mut server = mockito::Server::new();
        for (paths, (status, body)) in [
            (["/r2/downloads/url", "/r2/download/"], first),
            (["/r2/download/url", "/r2/download"], second),
        ] {
            for path in paths {
                let query = mockito::Matcher::Any;
                let mock = server.mock("GET", path).match_query(query);
                mock.with_status(status).with_body(body).create();
            }
        }
        let client = client(&server.url());
        let seen =
            |error: &Error| (error.status().unwrap().as_u16(), error.body_text().into_owned());
        let expected = |(status, body): (u16, &str)| (status, body.to_owned());
        match client.get_download("r") {
            Ok(found) => assert_eq!((found, of_details), (None, None)),
            Err(error) => assert_eq!(seen(&error), expected(of_details.unwrap())),
        }
        let request = GetDownloadUrl::for_lifetime("r", Duration::from_secs(60));
        let error = client.get_download_url(&request).unwrap_err();
        assert_eq!(seen(&error), expected(of_link), "{first:?} {second:?}");
    }
}

#[test]
fn user_get_response_follows_the_rules() {
    rules("GET", USER, "uid", |client| client.get_user("kjkxrNWUyD"));
    one_field_is_enough(USER, |client| client.get_user("kjkxrNWUyD"));
}

#[test]
fn user_get_response_404_is_none() {
    assert_eq!(one("GET", 404, "", |client| client.get_user("x")).unwrap(), None);
}

#[test]
fn raw_request_returns_the_body() {
    let request = RawEndpoint::new(Method::GET, "/r2/access/count").param("rid", "r");
    let body = one("GET", 200, "17", |client| client.send(&request)).unwrap();
    assert_eq!(body, b"17");
    let count: u32 = one("GET", 200, "17", |client| client.send_as(&request)).unwrap();
    assert_eq!(count, 17);
    let response = one("GET", 203, "17", |client| client.send_with_response(&request)).unwrap();
    assert_eq!(response.status().as_u16(), 203);
}

#[test]
fn response_above_the_limit_is_an_error() {
    let mut server = mockito::Server::new();
    server.mock("GET", mockito::Matcher::Any).with_body(vec![b' '; 5000]).create();
    let client = Client::builder("A", "key")
        .environment(Environment::Custom(server.url()))
        .response_limit(4999)
        .retries(0)
        .build()
        .unwrap();
    let error = client.get_user("u").unwrap_err();
    assert_eq!((error.kind(), error.body().len()), (ErrorKind::Transport, 4999));
    assert!(error.to_string().contains("4999 bytes"), "{error}");
}
