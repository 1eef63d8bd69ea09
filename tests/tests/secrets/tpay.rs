//! Canaries in all secrets of a Tpay client. All output is searched for them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::error::Error as _;

use api_auth::{Body, Credential, RawEndpoint, Request, Response, TransportError, http};
use api_sandbox::{Misbehaviour, Sandbox};
use tpay_client::api_auth::ManualClock;
use tpay_client::api_auth::oauth::ClientAuthentication;
use tpay_client::oauth::RequestToken;
use tpay_client::transactions::pay::CardPayment;
use tpay_client::transactions::{GetTransaction, ListTransactions, PayTransaction};
use tpay_client::{
    BlikPayment, Client, CreateTransaction, Environment, FileStore, Pay, Payer, grosze,
};
use workspace_tests::Folder;

use crate::logger;

const SECRET: &str = "CANARY-client-secret-0123456789";

#[test]
fn no_secret_reaches_logs_debug_display_errors_or_names_of_files() {
    logger::capture(logger::without_trace_of_ureq);
    let sandbox = Sandbox::start().unwrap();
    let folder = Folder::new("tpay-secrets");
    let builder = Client::builder("id", SECRET)
        .environment(Environment::custom(sandbox.tpay().base_url()))
        .token_store(FileStore::new(&folder.0))
        .clock(ManualClock::at_unix(1_800_000_000));
    let pay = || Pay::card(CardPayment::saved("CANARY")).blik_payment_data(BlikPayment::new());
    let order =
        CreateTransaction::new(grosze(1), "d", Payer::new("a@example.com", "Ann")).pay(pay());
    let mut shown = vec![format!("{builder:?} {builder:#?} {order:?}")];

    let token = r#"{"access_token":"CANARY-token","expires_in":7200}"#;
    for authentication in
        [ClientAuthentication::Form, ClientAuthentication::Json, ClientAuthentication::Basic]
    {
        let client = builder.clone().token_authentication(authentication).build().unwrap();
        shown.push(format!("{client:?} {client:#?}"));
        let mut errors = Vec::new();
        // The server knows neither id nor secret.
        errors.extend(client.get_transaction("T").err());
        errors.extend(client.request_token().err());
        let response = || api_sandbox::Response::new(200, "application/json", token);
        for how in [
            Misbehaviour::BadGateway,
            Misbehaviour::CutBody,
            Misbehaviour::ResetAfterReading,
            Misbehaviour::Response(api_sandbox::Response::new(
                200,
                "application/json",
                r#"{"access_token":["CANARY"]}"#,
            )),
        ] {
            sandbox.tpay().misbehave(how, 3);
            errors.extend(client.get_transaction("T").err());
            errors.extend(client.create_transaction(&order).err());
        }
        sandbox.tpay().take_seen();
        sandbox.tpay().misbehave(Misbehaviour::Response(response()), 1);
        errors.extend(client.get_transaction("T").err());
        sandbox.tpay().misbehave(Misbehaviour::Response(response()), 1);
        let request = client.signed_request(&ListTransactions::new());
        shown.push(format!("{request:?}"));
        sandbox.tpay().misbehave(Misbehaviour::Response(response()), 1);
        shown.push(client.curl(&GetTransaction::new("T")).unwrap());
        assert!(!errors.is_empty());
        for error in errors {
            let source = error.source().map(|source| format!("{source} {source:?}"));
            shown.push(format!("{error} {error:?} {error:#?} {source:?}"));
        }
    }
    shown.push(format!(
        "{:?} {:?}",
        RequestToken::new("id", SECRET),
        PayTransaction::new("T", pay())
    ));
    for file in std::fs::read_dir(&folder.0).unwrap() {
        shown.push(file.unwrap().path().display().to_string());
    }

    let lines = logger::lines();
    let ours = lines.iter().filter(|line| line.contains(" api_auth")).count();
    assert!(ours > 10, "the client logs its attempts: {ours}");
    for attempt in [1, 2, 3].map(|number| format!("tpay oauth.token: attempt {number},")) {
        assert!(lines.iter().any(|line| line.contains(&attempt)), "{attempt}");
    }
    for text in shown.iter().chain(&lines).chain(&logger::lines_of_others()) {
        assert!(!text.contains("CANARY"), "a secret was shown: {text}");
    }
}

#[test]
fn no_secret_of_a_call_is_shown_whatever_credential_it_has() {
    let client = |basic: bool| {
        let transport = |request: Request| -> Result<Response, TransportError> {
            let mut response = Response::new(request.body().clone());
            *response.status_mut() = http::StatusCode::BAD_REQUEST;
            Ok(response)
        };
        let builder = Client::builder("id", SECRET).transport(transport).retries(0);
        if basic { builder.http_basic() } else { builder }.build().unwrap()
    };
    let pay = PayTransaction::new("T", Pay::card(CardPayment::encrypted("CANARY")));
    let raw = RawEndpoint::new(http::Method::POST, "/x")
        .with_credential(Credential::NONE)
        .with_body(Body::json(&serde_json::json!({"card": "CANARY", "value": "CANARY"})).unwrap());
    let basic = client(true);
    let shown = [
        basic.curl(&pay).unwrap(),
        format!("{0} {0:?}", basic.send(&pay).unwrap_err()),
        basic.curl(&raw).unwrap(),
        format!("{0} {0:?}", basic.send(&raw).unwrap_err()),
        client(false).curl(&raw).unwrap(),
        format!("{0} {0:?}", client(false).send(&raw).unwrap_err()),
    ];
    for text in shown {
        assert!(!text.contains("CANARY"), "{text}");
    }
}
