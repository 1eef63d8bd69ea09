//! The errors of failed requests, and the number of requests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use api_auth::{Delivery, ErrorKind, ManualClock};
use api_sandbox::{Misbehaviour, Response, Sandbox, tinypass};
use test_support::ports::ClosedPort;
use tinypass_client::{Client, Environment, Error, GrantAccess};
use workspace_tests::tinypass;

const FOR_EVER: Duration = Duration::from_secs(600);

fn client(sandbox: &Sandbox) -> (Client, ManualClock) {
    let clock = ManualClock::at_unix(1_400_000_000);
    let client =
        tinypass(sandbox).clock(clock.clone()).timeout(Duration::from_millis(400)).build().unwrap();
    (client, clock)
}

fn read(client: &Client) -> Result<(), Error> {
    client.get_access(tinypass::RID, tinypass::USER_REF).map(|access| {
        assert!(access.is_some());
    })
}

fn write(client: &Client) -> Result<(), Error> {
    client.grant_access(&GrantAccess::new(tinypass::RID, "new@example.org")).map(drop)
}

/// Returns every temporary failure, and the kind of its error if it persists.
fn passing() -> Vec<(Misbehaviour, ErrorKind)> {
    vec![
        (Misbehaviour::ResetBeforeReading, ErrorKind::Transport),
        (Misbehaviour::ResetAfterReading, ErrorKind::Transport),
        (Misbehaviour::CutBody, ErrorKind::Transport),
        (Misbehaviour::Delay(FOR_EVER), ErrorKind::Transport),
        (Misbehaviour::StallInHeaders(FOR_EVER), ErrorKind::Transport),
        (Misbehaviour::StallInBody(FOR_EVER), ErrorKind::Transport),
        (Misbehaviour::TooManyRequests(None), ErrorKind::RateLimited),
        (Misbehaviour::TooManyRequests(Some(3)), ErrorKind::RateLimited),
        (Misbehaviour::BadGateway, ErrorKind::Api),
    ]
}

#[test]
fn idempotent_request_is_sent_up_to_three_times() {
    for (how, kind) in passing() {
        let sandbox = Sandbox::start().unwrap();
        let (client, clock) = client(&sandbox);
        sandbox.tinypass().misbehave(how.clone(), 2);
        read(&client).unwrap_or_else(|error| panic!("{how:?}: {error:?}"));
        assert_eq!(clock.slept().len(), 2, "{how:?}");

        sandbox.tinypass().misbehave(how.clone(), 3);
        let error = read(&client).unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (kind, 3), "{how:?}: {error:?}");
        assert!(error.is_retryable(), "{how:?}");
    }
}

#[test]
fn write_that_may_have_arrived_is_sent_once() {
    for (how, kind) in passing() {
        let sandbox = Sandbox::start().unwrap();
        let (client, clock) = client(&sandbox);
        sandbox.tinypass().misbehave(how.clone(), 1);
        let error = write(&client).unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (kind, 1), "{how:?}: {error:?}");
        // Only after a rate limit is it certain that the write was not carried out.
        let is_refused = error.delivery() == Delivery::Refused;
        assert_eq!(is_refused, kind == ErrorKind::RateLimited, "{how:?}");
        assert_eq!(error.is_retryable(), is_refused, "{how:?}");
        assert_ne!(error.delivery(), Delivery::NotSent, "{how:?}");
        assert!(clock.slept().is_empty(), "{how:?}");
        assert!(sandbox.tinypass().seen().len() <= 1, "{how:?}");
        assert!(sandbox.tinypass().state(|server| server.mails.len()) <= 1, "{how:?}");
    }
}

#[test]
fn write_that_was_certainly_not_sent_is_retried() {
    let closed = ClosedPort::reserve();
    let clock = ManualClock::at_unix(1);
    let client = Client::builder("A", "k")
        .environment(Environment::Custom(closed.url()))
        .clock(clock.clone())
        .build()
        .unwrap();
    let error = write(&client).unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 3));
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.is_retryable());
    assert_eq!(clock.slept().len(), 2);
}

#[test]
fn retry_after_is_obeyed_up_to_a_cap() {
    let sandbox = Sandbox::start().unwrap();
    let (client, clock) = client(&sandbox);
    sandbox.tinypass().misbehave(Misbehaviour::TooManyRequests(Some(7)), 1);
    read(&client).unwrap();
    assert_eq!(clock.slept(), [Duration::from_secs(7)]);

    sandbox.tinypass().misbehave(Misbehaviour::TooManyRequests(Some(3600)), 1);
    let error = read(&client).unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!((error.attempts(), clock.slept().len()), (1, 1));
}

#[test]
fn permanent_errors_are_not_retried() {
    let sandbox = Sandbox::start().unwrap();
    let (client, clock) = client(&sandbox);
    for (status, kind) in [
        (400, ErrorKind::Api),
        (401, ErrorKind::Auth),
        (402, ErrorKind::Api),
        (403, ErrorKind::Auth),
    ] {
        let response = Response::new(status, "text/plain", "no");
        sandbox.tinypass().misbehave(Misbehaviour::Response(response), 1);
        let error = read(&client).unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (kind, 1));
        assert_eq!((error.message(), error.is_retryable()), (Some("no"), false));
    }
    assert!(clock.slept().is_empty());
}

#[test]
fn redirect_is_an_error_and_is_not_followed() {
    let (sandbox, other) = (Sandbox::start().unwrap(), Sandbox::start().unwrap());
    let (client, _) = client(&sandbox);
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/r2/access", other.tinypass().base_url());
        let response =
            Response::new(status, "text/html", "moved").with_header("location", location);
        sandbox.tinypass().misbehave(Misbehaviour::Response(response), 1);
        let error = read(&client).unwrap_err();
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert!(error.to_string().contains("redirect"), "{error}");
    }
    assert_eq!(other.tinypass().connections(), 0);
}

#[test]
fn wrong_key_is_an_auth_error_with_the_servers_message() {
    let sandbox = Sandbox::start().unwrap();
    let base = sandbox.tinypass().base_url().to_owned();
    let wrong = |aid: &str, key: &str| {
        let environment = Environment::Custom(base.clone());
        let client = Client::builder(aid, key).environment(environment).build().unwrap();
        let error = read(&client).unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Auth, 1));
        error.message().unwrap().to_owned()
    };
    assert_eq!(wrong(tinypass::AID, "wrong"), "the signature does not match the request line");
    assert_eq!(wrong("OTHER", tinypass::PRIVATE_KEY), "the application id is unknown");
}

#[test]
fn no_bytes_of_a_response_panic() {
    let sandbox = Sandbox::start().unwrap();
    let (client, _) = client(&sandbox);
    let deep = "[".repeat(100_000);
    for body in [
        &b""[..],
        b"null",
        b"[]",
        b"{",
        b"\"",
        b"\xff\xfe",
        b"{\"a\":\xff}",
        b"1e999",
        b"{\"id\":{}}",
        b"{\"expires\":\"soon\"}",
        b"{\"amount\":1e-999}",
        deep.as_bytes(),
    ] {
        let response = Response::new(200, "application/json", body);
        sandbox.tinypass().misbehave(Misbehaviour::Response(response), 1);
        let result = client.get_access("r", "u");
        if let Err(error) = result {
            assert_eq!((error.kind(), error.body()), (ErrorKind::Decode, body), "{error:?}");
        }
    }
}

#[test]
fn nothing_is_lost_if_a_server_always_fails() {
    let sandbox = Sandbox::start().unwrap();
    let (client, _) = client(&sandbox);
    sandbox.tinypass().misbehave(Misbehaviour::BadGateway, 3);
    let error = read(&client).unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 502);
    assert_eq!(error.headers().unwrap()["content-type"], "text/html");
    assert!(error.body_text().contains("502 Bad Gateway"));
    sandbox.tinypass().misbehave(Misbehaviour::CutBody, 3);
    let error = read(&client).unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 200);
    assert!(error.body_text().starts_with('{'), "what came of the body is kept");
}
