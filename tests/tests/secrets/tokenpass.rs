//! Canaries as the key pairs, tokens, passwords and codes of Tokenpass. All output is searched for
//! them.
//!
//! The level is debug: at trace level the HTTP library prints complete URLs, and the provider
//! requires a user's token in the URLs of GET and DELETE. The docs of `TokenLocation` say so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::error::Error as _;

use api_sandbox::{Misbehaviour, Sandbox};
use tokenpass_client::accounts::{RegisterAccount, UpdateAccount};
use tokenpass_client::api_auth::ManualClock;
use tokenpass_client::oauth::{RequestCode, TokenLocation};
use tokenpass_client::tca::CheckUser;
use tokenpass_client::{Authorize, Client, Environment, Error, Rule, Scheme, UserToken};

use crate::logger;

const CANARY: &str = "CANARY-0123456789";

/// Calls that carry each kind of secret; the sandbox knows none of them.
fn errors(client: &Client) -> Vec<Error> {
    let login = Authorize::new(CANARY, []).unwrap().with_state(CANARY);
    let update = UpdateAccount::new("i", CANARY, CANARY).password(CANARY);
    let results = [
        client.list_my_addresses().err(),
        client.get_user().err(),
        client.log_out().err(),
        client.list_sources().err(),
        client.check_user("u", &Rule::some("SOUP").into()).err(),
        client.check_user_exists("u").err(),
        client.exchange_code(CANARY).err(),
        client.request_password_token("u", CANARY, []).err(),
        client.request_code(&RequestCode::new(login, "u", CANARY)).err(),
        client.register_account(&RegisterAccount::new("", CANARY, "e")).err(),
        client.check_login("u", CANARY).err(),
        client.update_account(&update).err(),
    ];
    results.into_iter().flatten().collect()
}

#[test]
fn no_secret_reaches_logs_debug_display_or_errors() {
    logger::capture(logger::debug);
    let sandbox = Sandbox::start().unwrap();
    let base = sandbox.tokenpass().base_url().to_owned();
    let mut shown = Vec::new();
    for (scheme, place) in [
        (Scheme::SignedQuery, TokenLocation::Parameter),
        (Scheme::EmptyQuery, TokenLocation::BearerHeader),
        (Scheme::BodyOnly, TokenLocation::Parameter),
    ] {
        let builder = Client::builder("I", CANARY)
            .privileged("P", CANARY)
            .oauth_token(CANARY)
            .redirect_uri("https://app/cb")
            .scheme(scheme)
            .token_location(place)
            .retries(1)
            .clock(ManualClock::at_unix(1_506_000_000))
            .environment(Environment::Custom(base.clone()));
        let client = builder.clone().build().unwrap();
        shown.push(format!("{builder:?} {builder:#?} {client:?} {client:#?}"));
        for how in [None, Some(Misbehaviour::BadGateway), Some(Misbehaviour::ResetAfterReading)] {
            if let Some(how) = how {
                sandbox.tokenpass().misbehave(how, 24);
            }
            let errors = errors(&client);
            assert!(errors.len() > 8, "nearly all of them fail: {}", errors.len());
            for error in errors {
                let source = error.source().map(|source| format!("{source} {source:?}"));
                shown.push(format!("{error} {error:?} {error:#?} {source:?}"));
            }
        }
        let check = CheckUser::new("u", Rule::some("SOUP"));
        shown.push(client.curl(&check).unwrap());
        let update = UpdateAccount::new("i", CANARY, CANARY).password(CANARY);
        shown.push(format!("{update:?} {}", client.curl(&update).unwrap()));
    }
    let mut token: Option<UserToken> = None;
    let answering = Client::builder("I", "K")
        .redirect_uri("r")
        .transport(|_: tokenpass_client::api_auth::Request| {
            let body = format!(r#"{{"access_token":"{CANARY}"}}"#);
            Ok(tokenpass_client::api_auth::Response::new(body.into_bytes()))
        })
        .build()
        .unwrap();
    token.replace(answering.exchange_code("c").unwrap());
    assert_eq!(token.as_ref().unwrap().access_token.expose(), CANARY);
    shown.push(format!("{token:?} {token:#?}"));

    let lines = logger::lines();
    let ours: Vec<&String> = lines.iter().filter(|line| line.contains(" api_auth")).collect();
    assert!(ours.len() > 50, "the client logs its attempts: {}", ours.len());
    for line in ours {
        assert!(!line.contains('?') && !line.contains("token="), "a query was logged: {line}");
    }
    for text in shown.iter().chain(&lines).chain(&logger::lines_of_others()) {
        assert!(!text.contains("CANARY"), "a secret was shown: {text}");
    }
}
