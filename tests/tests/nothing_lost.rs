//! Whatever a server answers, an error of any call keeps it: status, headers, the body's bytes. An
//! answer that cannot be read is told by its place.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;

use api_auth::{Error, ErrorKind, Response};
use api_sandbox::{Misbehaviour, Reply};
use workspace_tests::catalogue::{Call, Knobs, PROVIDERS, Provider};
use workspace_tests::world;

/// More than any call sends requests.
const ALWAYS: usize = 10;

/// Statuses and bodies of refusals: forms of the providers and forms of nobody.
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

/// Asks for one answer, however often it is asked for; the result.
fn answered(provider: &Provider, call: &dyn Call, reply: &Reply) -> Result<String, Error> {
    let server = world::start(provider);
    let client = world::ready(provider, call, server.base_url(), &Knobs::default()).unwrap();
    server.misbehave(Misbehaviour::Answer(reply.clone()), ALWAYS);
    let result = call.send(&client);
    server.behave();
    result
}

fn keeps_all(error: &Error, reply: &Reply, place: &str) {
    assert_eq!(error.status().unwrap().as_u16(), reply.status, "{place}");
    assert_eq!(error.body(), reply.body, "{place}");
    for (name, value) in &reply.headers {
        assert_eq!(error.headers().unwrap()[name], value, "{place}");
    }
}

#[test]
fn a_refusal_keeps_status_headers_and_every_byte_of_the_body() {
    let mut refused = 0;
    for provider in PROVIDERS {
        for call in (provider.calls)() {
            for (status, content_type, body) in refusals() {
                let place = format!("{} {}: {status}", provider.name, call.id());
                let reply = Reply::new(status, content_type, body).with_header("x-canary", "kept");
                match answered(provider, &*call, &reply) {
                    Ok(_) => assert!(call.accepts(status.try_into().unwrap()), "{place}"),
                    Err(error) => {
                        keeps_all(&error, &reply, &place);
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
fn an_answer_that_cannot_be_read_is_kept_too() {
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
                let reply = Reply::new(200, "application/json", body).with_header("x-canary", "k");
                if let Err(error) = answered(provider, &*call, &reply) {
                    let place = format!("{} {}: {body:?}", provider.name, call.id());
                    assert_ne!(error.kind(), ErrorKind::Transport, "{place}");
                    keeps_all(&error, &reply, &place);
                    unread.insert(call.id());
                }
            }
        }
        // Pages for people and files are what they are.
        assert!(unread.len() + 2 >= (provider.calls)().len(), "{}: {unread:?}", provider.name);
    }
}

/// The names of the fields that a `Debug` text shows, in the two spellings of the wire.
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

#[test]
fn a_field_of_the_wrong_type_is_named() {
    let mut named = 0;
    for provider in PROVIDERS {
        for call in (provider.calls)() {
            let parse = |body: String| call.parse(&Response::new(body.into_bytes()));
            let Ok(read) = parse("{}".to_owned()) else { continue };
            for field in fields(&read) {
                // No field is both an object of this and anything else.
                let Err(fault) = parse(format!(r#"{{"{field}":{{"inside":[true]}}}}"#)) else {
                    continue;
                };
                let text = fault.to_string();
                assert!(text.starts_with(&field), "{} {field}: {text}", call.id());
                named += 1;
            }
        }
    }
    assert!(named > 300, "{named}");
}
