//! Secrets in TinyCert's bodies (passphrase, token, digest, private keys). All output is searched
//! for them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::error::Error as _;

use api_auth::ManualClock;
use api_sandbox::tinycert::{API_KEY, EMAIL, EXPIRING, PASSPHRASE};
use api_sandbox::{Misbehaviour, Response, Sandbox};
use tinycert_client::ca::ListCas;
use tinycert_client::cert::{KeyForm, StatusMask};
use tinycert_client::session::Connect;
use tinycert_client::{CertPart, CreateCa, Error};
use workspace_tests::tinycert;

use crate::logger;

fn all_of(error: &Error) -> String {
    let source = error.source().map(|source| format!("{source} {source:?}"));
    format!("{error} {error:?} {error:#?} {source:?}")
}

#[test]
fn no_body_reaches_logs_debug_display_or_errors() {
    logger::capture(logger::everything);
    let sandbox = Sandbox::start().unwrap();
    let server = sandbox.tinycert();
    let builder = tinycert(&sandbox).clock(ManualClock::at_unix(sandbox.clock().unix()));
    let client = builder.clone().build().unwrap();
    let session = client.connect(EMAIL, PASSPHRASE).unwrap();
    let token = session.token().unwrap();
    let connect = Connect::new(EMAIL, PASSPHRASE);
    let mut shown = vec![format!("{builder:?} {client:#?} {session:#?} {token:?} {connect:?}")];

    let ca = session.list_cas().unwrap().first().unwrap().id;
    let certs = session.list_certs(ca, StatusMask::ALL).unwrap();
    let cert = certs.iter().find(|cert| cert.name.as_deref() == Some(EXPIRING)).unwrap().id;
    let key = session.get_key(cert, KeyForm::Decrypted).unwrap();
    let file = session.get_pkcs12(cert).unwrap();
    shown.push(format!("{key:?} {key:#?} {file:?} {file:#?}"));
    shown.push(session.curl(&ListCas::new()).unwrap());
    shown.push(client.curl(&connect).unwrap());

    shown.push(all_of(&client.connect(EMAIL, "CANARY-wrong").unwrap_err()));
    shown.push(all_of(&client.resume("CANARY-token").list_cas().unwrap_err()));
    // Responses with secrets that cannot be parsed.
    for body in [
        r#"{"pem":["CANARY"],"token":{"a":"CANARY"},"pkcs12":7}"#,
        r#"{"pkcs12":"CANARY*","pem":null,"token":true,"ca_id":"CANARY"}"#,
        r#"["CANARY"]"#,
        r#""CANARY"#,
    ] {
        let response = Response::new(200, "application/json", body);
        server.misbehave(Misbehaviour::Response(response), 5);
        let errors = [
            session.get_key(cert, KeyForm::Decrypted).err(),
            session.get_pkcs12(cert).err(),
            session.get_cert(cert, CertPart::Chain).err(),
            session.create_ca(&CreateCa::new("US", "O")).err(),
            client.connect(EMAIL, PASSPHRASE).err(),
        ];
        shown.extend(errors.iter().flatten().map(all_of));
    }
    for (how, times) in [
        (Misbehaviour::BadGateway, 3),
        (Misbehaviour::ResetAfterReading, 3),
        (Misbehaviour::CutBody, 3),
        (Misbehaviour::EmptyBody, 1),
    ] {
        server.misbehave(how, times);
        shown.push(all_of(&session.get_key(cert, KeyForm::Decrypted).unwrap_err()));
        server.state(|server| server.forget_sessions());
    }
    session.list_cas().unwrap();
    let fresh = session.token().unwrap();
    assert_ne!(fresh, token, "the session was opened again");
    session.disconnect().unwrap();

    let mut lines = logger::lines();
    // At trace level ureq prints the bytes that come and go; `docs/security.md` warns of it.
    lines.retain(|line| !line.starts_with("TRACE ureq"));
    let ours: Vec<&String> = lines.iter().filter(|line| line.contains(" api_auth")).collect();
    assert!(ours.len() > 10, "the client logs its attempts: {}", ours.len());
    let key_line = key.expose().lines().nth(1).unwrap();
    let secrets =
        [API_KEY, PASSPHRASE, "My+Sandbox", token.expose(), fresh.expose(), key_line, "CANARY"];
    for text in shown.iter().chain(&lines).chain(&logger::lines_of_others()) {
        for secret in secrets {
            assert!(!text.contains(secret), "a secret was shown: {text}");
        }
    }
    for line in ours {
        assert!(!line.contains('=') && !line.contains("digest"), "a body was logged: {line}");
    }
}
