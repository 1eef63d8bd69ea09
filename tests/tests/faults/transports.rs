//! The contract of `Transport`, tested with every transport: the built-in one, a custom agent, and
//! a closure around either.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use api_auth::{
    Request, Response, Sent, Settings, Transport, TransportError, TransportErrorKind, http,
};
use api_sandbox::{Misbehaviour, Raw, Server, Service, Verdict};
use test_support::ports::ClosedPort;

const LIMIT: usize = 100_000;
/// A time that is longer than any test, so that a request ends by its timeout.
const FOR_EVER: Duration = Duration::from_secs(600);

/// Responds as the path requests: `/status/404`, `/size/10`, and "ok" for all other paths.
struct Asked;

impl Service for Asked {
    fn respond(&mut self, request: &Raw) -> (api_sandbox::Response, Verdict) {
        let last = || request.path().rsplit('/').next().unwrap().parse::<u32>().unwrap();
        let response = if request.target.starts_with("/status/") {
            api_sandbox::Response::new(last().try_into().unwrap(), "text/plain", "body")
                .with_header("location", "http://127.0.0.1:1/elsewhere")
        } else if request.target.starts_with("/size/") {
            api_sandbox::Response::new(200, "text/plain", vec![b'x'; last() as usize])
        } else {
            api_sandbox::Response::new(200, "text/plain", "ok")
        };
        (response, Verdict { endpoint: None, signed: None })
    }
}

fn server() -> Server<Asked> {
    Server::start(0, Asked).unwrap()
}

fn settings(timeout: Duration) -> Settings {
    let mut settings = Settings::default();
    settings.timeout(timeout);
    settings.response_limit(LIMIT);
    settings.no_proxy();
    settings
}

/// Every transport with this deadline, by name.
fn transports(timeout: Duration) -> Vec<(&'static str, Arc<dyn Transport>)> {
    let built_in = settings(timeout).built_in_transport().unwrap();
    let agent = |timeout| {
        let config = api_auth::ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .proxy(None)
            .build();
        api_auth::ureq::Agent::new_with_config(config)
    };
    let inner = agent(timeout);
    let closure =
        move |request: Request| -> Result<Response, TransportError> { inner.send(request) };
    vec![
        ("built-in", built_in),
        ("own agent", Arc::new(agent(timeout))),
        ("closure", Arc::new(closure)),
    ]
}

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);

fn get(url: &str) -> Request {
    http::Request::get(url).body(Vec::new()).unwrap()
}

#[test]
fn any_status_is_ok_and_redirects_are_not_followed() {
    for (name, transport) in transports(LONG) {
        let server = server();
        for status in [200, 201, 299, 301, 302, 303, 307, 308, 400, 401, 404, 429, 500, 503] {
            let response = transport.send(get(&format!("{}/status/{status}", server.base_url())));
            let response = response.unwrap_or_else(|error| panic!("{name} {status}: {error}"));
            assert_eq!(
                (response.status().as_u16(), &response.body()[..]),
                (status, &b"body"[..]),
                "{name}"
            );
            assert_eq!(response.headers()["location"], "http://127.0.0.1:1/elsewhere", "{name}");
        }
        assert_eq!(server.seen().len(), 14, "{name}: each was sent once");
    }
}

#[test]
fn target_headers_and_body_leave_byte_for_byte() {
    let target = "/a//b/.?x=%c3%A9+*~'()!;:@,$&&=&%20#"; // the fragment is not sent
    let body: Vec<u8> = (0..=255).collect();
    for (name, transport) in transports(LONG) {
        let server = server();
        let request = http::Request::put(format!("{}{target}", server.base_url()))
            .header("X-Case", "a  b\u{e9}".as_bytes())
            .header("content-type", "application/octet-stream")
            .body(body.clone())
            .unwrap();
        transport.send(request).unwrap();
        let seen = server.seen().pop().unwrap().request;
        assert_eq!(
            (seen.method.as_str(), seen.target.as_str()),
            ("PUT", target.trim_end_matches('#'))
        );
        assert_eq!(seen.header("x-case").unwrap().as_bytes(), "a  b\u{e9}".as_bytes(), "{name}");
        assert_eq!(seen.body, body, "{name}");
    }
}

#[test]
fn an_empty_body_is_announced_for_writes_and_not_at_all_for_reads() {
    for (name, transport) in transports(LONG) {
        let server = server();
        for method in ["GET", "HEAD", "DELETE", "POST", "PUT", "PATCH"] {
            let request = http::Request::builder()
                .method(method)
                .uri(server.base_url())
                .body(vec![])
                .unwrap();
            transport.send(request).unwrap();
            let seen = server.take_seen().pop().unwrap().request;
            let expected = (!["GET", "HEAD", "DELETE"].contains(&method)).then_some("0");
            assert_eq!(seen.header("content-length"), expected, "{name} {method}");
            assert_eq!(seen.header("transfer-encoding"), None, "{name} {method}");
        }
        for method in ["GET", "DELETE"] {
            let request = http::Request::builder().method(method).uri(server.base_url());
            transport.send(request.body(b"{}".to_vec()).unwrap()).unwrap();
            assert_eq!(server.take_seen().pop().unwrap().request.body, b"{}", "{name} {method}");
        }
    }
}

#[test]
fn body_above_the_limit_keeps_the_received_part() {
    let (_, transport) = transports(LONG).swap_remove(0);
    let server = server();
    let url = |size: usize| get(&format!("{}/size/{size}", server.base_url()));
    assert_eq!(transport.send(url(LIMIT)).unwrap().body().len(), LIMIT);
    let error = transport.send(url(LIMIT + 1)).unwrap_err();
    assert_eq!((error.kind(), error.sent()), (TransportErrorKind::TooLarge, Sent::Maybe));
    let partial = error.partial().unwrap();
    assert_eq!((partial.status().as_u16(), partial.body().len()), (200, LIMIT));
    // The announced length is not allocated.
    let huge = b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\nabc".to_vec();
    server.misbehave(Misbehaviour::Bytes(huge), 1);
    let error = transport.send(url(1)).unwrap_err();
    assert_eq!(error.partial().unwrap().body(), b"abc");
}

#[test]
fn timeout_limits_slow_servers() {
    for how in [
        Misbehaviour::Delay(FOR_EVER),
        Misbehaviour::StallInHeaders(FOR_EVER),
        Misbehaviour::StallInBody(FOR_EVER),
        Misbehaviour::Trickle(Duration::from_millis(100)),
    ] {
        for (name, transport) in transports(SHORT) {
            let server = server();
            server.misbehave(how.clone(), 1);
            let error = transport.send(get(server.base_url())).unwrap_err();
            assert!(error.is_timeout(), "{name} {how:?}: {error}");
            assert_eq!(error.sent(), Sent::Maybe, "{name} {how:?}");
        }
    }
}

#[test]
fn requests_not_sent_are_distinguished_from_those_that_may_have_arrived() {
    for (name, transport) in transports(LONG) {
        let closed = ClosedPort::reserve();
        let error = transport.send(get(&closed.url())).unwrap_err();
        assert_eq!((error.kind(), error.sent()), (TransportErrorKind::Connect, Sent::No), "{name}");

        for how in [Misbehaviour::ResetBeforeReading, Misbehaviour::ResetAfterReading] {
            let server = server();
            server.misbehave(how.clone(), 1);
            let request = http::Request::post(server.base_url()).body(b"pay".to_vec()).unwrap();
            let error = transport.send(request).unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::Interrupted, "{name} {how:?}: {error}");
            assert_eq!(error.sent(), Sent::Maybe, "{name} {how:?}");
            assert_eq!(server.connections(), 1, "{name} {how:?}: nothing is sent twice");
        }
    }
}

#[test]
fn unknown_host_is_certainly_not_sent() {
    let (_, transport) = transports(LONG).swap_remove(0);
    // Longer than a label may be, so there is no DNS request.
    let mut settings = settings(LONG);
    let host = "x".repeat(64);
    settings.allow_plain_http_to(host.clone());
    let named = settings.built_in_transport().unwrap();
    let error = named.send(get(&format!("http://{host}/"))).unwrap_err();
    assert_eq!((error.kind(), error.sent()), (TransportErrorKind::Resolve, Sent::No), "{error}");
    let error = transport.send(get(&format!("http://{host}/"))).unwrap_err();
    assert_eq!((error.kind(), error.sent()), (TransportErrorKind::Refused, Sent::No), "{error}");
}

#[test]
fn truncated_or_invalid_http_is_an_error() {
    for (name, transport) in transports(LONG) {
        for bytes in [
            &b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"[..],
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nabc",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
            b"HTTP/1.1 200",
            b"\0\xff\xfe hello\r\n\r\n",
            b"",
        ] {
            let server = server();
            server.misbehave(Misbehaviour::Bytes(bytes.to_vec()), 1);
            let error = transport.send(get(server.base_url()));
            let error = error.expect_err(&String::from_utf8_lossy(bytes));
            assert_eq!(error.sent(), Sent::Maybe, "{name}");
            assert!(error.partial().is_none_or(|partial| partial.status().as_u16() == 200));
        }
    }
}

#[test]
fn a_connection_is_used_again() {
    for (name, transport) in transports(LONG) {
        let server = server();
        for _ in 0..20 {
            transport.send(get(server.base_url())).unwrap();
        }
        assert_eq!(server.connections(), 1, "{name}");
    }
}
