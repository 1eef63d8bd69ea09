//! An error contains its response: status, headers and the bytes of the body. The error for a
//! response that cannot be parsed names the field.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;

use api_auth::{Error, ErrorKind};
use api_sandbox::{Misbehaviour, Response};
use workspace_tests::catalogue::{Call, Options, PROVIDERS, Provider};
use workspace_tests::world;

/// A number that is larger than the number of requests of any call.
const ALWAYS: usize = 10;

/// Statuses and bodies of error responses: formats of the providers and others.
fn refusals() -> Vec<(u16, &'static str, &'static [u8])> {
    vec![
        (400, "application/json", br#"{"code":2,"message":"no","errors":[{"errorCode":"x"}]}"#),
        (400, "application/json", br#"{"error":"no","errors":"no list","message":["no text"]}"#),
        (402, "application/json", b"{"),
        (403, "text/plain", b""),
        (404, "text/html", b"<html>nothing here</html>"),
        (409, "application/octet-stream", b"\xff\xfe\x00\n\r"),
        (418, "text/plain", "Zażółć".as_bytes()),
        (422, "application/json", br#"{"errors":{"field":["is wrong",1,null]}}"#),
        (429, "application/json", br#"{"message":"Too Many Attempts."}"#),
        (500, "application/json", br#"{"result":"failed","requestId":7,"errors":[]}"#),
        (501, "application/json", b"null"),
        (503, "text/html", b"<html>maintenance</html>"),
        (599, "application/json", b"[[[[]]]]"),
    ]
}

/// Sends the request to a server that always sends this response, and returns the result.
fn answered(provider: &Provider, call: &dyn Call, response: &Response) -> Result<String, Error> {
    let server = world::start(provider);
    let client = world::ready(provider, call, server.base_url(), &Options::default()).unwrap();
    server.misbehave(Misbehaviour::Response(response.clone()), ALWAYS);
    let result = call.send(&client);
    server.behave();
    result
}

fn keeps_all(error: &Error, response: &Response, place: &str) {
    assert_eq!(error.status().unwrap().as_u16(), response.status, "{place}");
    assert_eq!(error.body(), response.body, "{place}");
    for (name, value) in &response.headers {
        assert_eq!(error.headers().unwrap()[name], value, "{place}");
    }
}

#[test]
fn error_keeps_status_headers_and_body() {
    let mut refused = 0;
    for provider in PROVIDERS {
        for call in (provider.calls)() {
            for (status, content_type, body) in refusals() {
                let place = format!("{} {}: {status}", provider.name, call.id());
                let response =
                    Response::new(status, content_type, body).with_header("x-canary", "kept");
                match answered(provider, &*call, &response) {
                    Ok(_) => assert!(call.accepts(status.try_into().unwrap()), "{place}"),
                    Err(error) => {
                        keeps_all(&error, &response, &place);
                        assert_eq!(error.endpoint(), call.id());
                        assert!(error.to_string().contains(call.id()), "{place}");
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(refused > 1000, "{refused}");
}

#[test]
fn response_that_cannot_be_parsed_is_kept() {
    let bodies: [&[u8]; 9] = [
        b"",
        b"<html>",
        b"{",
        b"12",
        b"\"text\"",
        b"[[]]",
        b"{\"id\":",
        b"\xff",
        br#"{"result":false,"error":"no"}"#,
    ];
    for provider in PROVIDERS {
        let mut unread = BTreeSet::new();
        for call in (provider.calls)() {
            for body in bodies {
                let response =
                    Response::new(200, "application/json", body).with_header("x-canary", "k");
                if let Err(error) = answered(provider, &*call, &response) {
                    let place = format!("{} {}: {body:?}", provider.name, call.id());
                    assert_ne!(error.kind(), ErrorKind::Transport, "{place}");
                    keeps_all(&error, &response, &place);
                    unread.insert(call.id());
                }
            }
        }
        // Pages and files are returned unchanged.
        assert!(unread.len() + 2 >= (provider.calls)().len(), "{}: {unread:?}", provider.name);
    }
}

/// Returns the names of the fields in a `Debug` string, in both notations of the protocols.
fn fields(debug: &str) -> BTreeSet<String> {
    let names = debug.split(": ").filter_map(|part| part.rsplit([' ', '{', '(', '[']).next());
    let plain = |name: &&str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let mut found = BTreeSet::new();
    for name in names.filter(plain) {
        let mut words = name.split('_');
        let mut camel = words.next().unwrap_or_default().to_owned();
        for word in words {
            let mut chars = word.chars();
            camel.extend(chars.next().map(|first| first.to_ascii_uppercase()));
            camel.push_str(chars.as_str());
        }
        found.extend([name.to_owned(), camel]);
    }
    found
}

/// Objects around responses. `@` is the response itself.
const FRAMES: &[&str] = &[
    "@",
    "[@]",
    r#"{"result":@}"#,
    r#"{"result":[@]}"#,
    r#"{"tx":@}"#,
    r#"{"list":[@]}"#,
    r#"{"results":[@]}"#,
    r#"{"credit_group":@}"#,
    r#"{"account":@}"#,
    r#"{"accounts":[@]}"#,
    r#"{"transactions":[@]}"#,
    r#"{"users":{"a":@}}"#,
    r#"{"data":[@]}"#,
];

/// Required members of some responses.
const NEEDED: &[&str] = &[
    "",
    r#""id":1"#,
    r#""uid":1"#,
    r#""ca_id":1"#,
    r#""cert_id":1"#,
    r#""id":1,"status":"good""#,
    r#""access_token":"t""#,
    r#""token":"t""#,
    r#""url":"u""#,
    r#""code":"c""#,
    r#""pem":"p""#,
    r#""result":"success""#,
    r#""whitelist":[]"#,
    r#""accounts":[]"#,
    r#""transactions":[]"#,
];

/// Fields of responses that are a single value.
const ALONE: &[&str] = &[
    "result",
    "success",
    "token",
    "url",
    "pem",
    "pkcs12",
    "code",
    "ca_id",
    "data",
    "cert_id",
    "transactions",
];

/// Endpoints whose response has no parsed field: pages, files, PEM, and responses of which nothing
/// is documented.
const WITHOUT_FIELDS: &[&str] = &[
    "access.revoke",
    "subscription.cancel",
    "oauth.authorize",
    "asset.info",
    "transactions.cancel",
    "transactions.cancel_legacy",
    "transactions.qr",
    "tokens.delete",
    "blik.delete_alias",
    "recurring.cancel",
    "recurring.retry",
    "recurring.update_payment_instrument",
    "marketplace.cancel",
    "reports.file",
    "accounts.upload_file",
    "certificates.signing",
    "certificates.root",
];

/// Endpoints that accept an empty object: writes and reads without a documented response, and reads
/// of a map, a page or a file.
const MAYBE_EMPTY: &[&str] = &[
    "access.revoke",
    "subscription.cancel",
    "session.disconnect",
    "ca.delete",
    "cert.status",
    "oauth.authorize",
    "messenger.privileges",
    "perk.get",
    "asset.info",
    "messenger.chat_privileges",
    "recurring.list",
    "recurring.get",
    "recurring.transactions",
    "reports.list",
    "reports.file",
    "accounts.get",
    "accounts.balance",
];

#[test]
fn empty_object_is_an_error_unless_no_response_is_documented() {
    let mut taken = Vec::new();
    for provider in PROVIDERS {
        for call in (provider.calls)() {
            match call.parse(&api_auth::Response::new(b"{}".to_vec())) {
                Ok(_) => taken.push(call.id()),
                Err(fault) if !call.idempotent() => {
                    assert!(fault.to_string().contains("missing"), "{}: {fault}", call.id());
                }
                Err(_) => {}
            }
        }
    }
    assert_eq!(taken, MAYBE_EMPTY);
}

#[test]
fn field_with_a_wrong_type_is_named() {
    let mut named = 0;
    let mut nameless = Vec::new();
    for provider in PROVIDERS {
        for call in (provider.calls)() {
            let parse = |body: String| call.parse(&api_auth::Response::new(body.into_bytes()));
            let mut of_call = BTreeSet::new();
            for (frame, needed) in
                FRAMES.iter().flat_map(|frame| NEEDED.iter().map(move |needed| (frame, needed)))
            {
                let parse_in_frame = |members: &[&str]| {
                    let members: Vec<&str> =
                        members.iter().copied().filter(|member| !member.is_empty()).collect();
                    parse(frame.replace('@', &format!("{{{}}}", members.join(","))))
                };
                let mut names = match parse_in_frame(&[needed]) {
                    Ok(read) => fields(&read),
                    Err(_) if *frame == "@" => BTreeSet::new(),
                    Err(_) => continue,
                };
                if *frame == "@" {
                    names.extend(ALONE.iter().map(|name| (*name).to_owned()));
                }
                for name in names {
                    // No field has an object and another type.
                    let wrong = format!(r#""{name}":{{"inside":[true]}}"#);
                    let Err(fault) = parse_in_frame(&[needed, &wrong]) else { continue };
                    let text = fault.to_string();
                    let path = text.split(": ").next().unwrap();
                    let is_named = path.split(['.', '[', ']']).any(|part| part == name)
                        || text.contains(&format!("`{name}`"));
                    if is_named {
                        of_call.insert(name);
                    } else {
                        assert!(
                            ALONE.contains(&&*name) || needed.contains(&name),
                            "{} {name}: {text}",
                            call.id()
                        );
                    }
                }
            }
            named += of_call.len();
            if of_call.is_empty() {
                nameless.push(call.id());
            }
        }
    }
    assert_eq!(nameless, WITHOUT_FIELDS);
    assert!(named > 600, "{named}");
}
