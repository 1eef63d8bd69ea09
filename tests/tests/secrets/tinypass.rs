//! Canaries in all secrets. All output is searched for them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::error::Error as _;

use api_auth::ManualClock;
use api_sandbox::{Misbehaviour, Sandbox};
use tinypass_client::access::GetAccess;
use tinypass_client::user::GetUser;
use tinypass_client::{Client, Environment, GrantAccess, SearchAccess, Secret, authorization};
use workspace_tests::proxy::Proxy;

use crate::logger;

const KEY: &str = "CANARY-private-key-0123456789";
const PROXY_PASSWORD: &str = "CANARY-proxy-password";

#[test]
fn no_secret_reaches_logs_debug_display_or_errors() {
    logger::capture(logger::everything);
    let sandbox = Sandbox::start().unwrap();
    let base = sandbox.tinypass().base_url().to_owned();
    let builder = Client::builder("AIDAIDAID0", KEY)
        .environment(Environment::Custom(base))
        .clock(ManualClock::at_unix(1_400_000_000));
    let client = builder.clone().build().unwrap();
    let mut shown = vec![format!("{builder:?} {builder:#?} {client:?} {client:#?}")];
    let through = Client::builder("A", KEY).proxy(format!("http://u:{PROXY_PASSWORD}@127.0.0.1:1"));
    shown.push(format!("{through:?} {:?}", through.clone().build()));
    let bad = Client::builder("A", KEY).proxy(format!("nonsense {PROXY_PASSWORD}")).build();
    shown.push(format!("{bad:?}"));

    for proxy in [Proxy::start(), Proxy::rejecting(407), Proxy::rejecting(502)] {
        let url = format!("http://user:{PROXY_PASSWORD}@{}", proxy.address);
        let client = builder.clone().proxy(url).build().unwrap();
        let error = client.get_access("r", "u").unwrap_err();
        shown.push(format!("{client:?} {error} {error:?} {:?}", error.source()));
        assert!(proxy.seen()[0].contains("Proxy-Authorization: Basic dXNlcjpDQU5BUlkt"));
    }

    // The sandbox knows neither AID nor key, so all of these fail; some fail otherwise.
    for how in [
        None,
        Some(Misbehaviour::BadGateway),
        Some(Misbehaviour::ResetAfterReading),
        Some(Misbehaviour::CutBody),
        Some(Misbehaviour::EmptyBody),
    ] {
        let mut errors = Vec::new();
        if let Some(how) = how {
            sandbox.tinypass().misbehave(how, 9);
        }
        errors.extend(client.get_access("r", "u").err());
        errors.extend(client.grant_access(&GrantAccess::new("r", "e@example.org")).err());
        errors.extend(client.accesses(&SearchAccess::new()).filter_map(Result::err));
        assert!(!errors.is_empty());
        for error in errors {
            let source = error.source().map(|source| format!("{source} {source:?}"));
            shown.push(format!("{error} {error:?} {error:#?} {source:?}"));
        }
    }
    let request = client.signed_request(&GetAccess::new("r", "u")).unwrap();
    let signature = request.headers()["authorization"].to_str().unwrap().to_owned();
    shown.push(format!("{request:?}"));
    shown.push(client.curl(&GetUser::new("u")).unwrap());
    shown.push(format!("{:?}", authorization("a", &Secret::new(""), "GET", "/").unwrap_err()));

    let lines = logger::lines();
    let ours: Vec<&String> = lines.iter().filter(|line| line.contains(" api_auth")).collect();
    assert!(ours.len() > 10, "the client logs its attempts: {}", ours.len());
    for line in ours {
        assert!(!line.contains('?') && !line.contains("rid="), "a query was logged: {line}");
    }
    // `docs/security.md` warns of it: where ureq may log at trace, its lines at debug show the query.
    let of_ureq = lines.iter().filter(|line| line.starts_with("DEBUG ureq::"));
    assert!(of_ureq.clone().any(|line| line.contains("rid=r")), "ureq logs less than it did");
    let signature_only = signature.split(':').nth(1).unwrap();
    for text in shown.iter().chain(&lines).chain(&logger::lines_of_others()) {
        assert!(!text.contains("CANARY"), "a secret was shown: {text}");
        assert!(!text.contains("Q0FOQVJZ") && !text.contains("dXNlcjpDQU5BUlkt"), "{text}");
        assert!(!text.contains(signature_only), "a signature was shown: {text}");
    }
}
