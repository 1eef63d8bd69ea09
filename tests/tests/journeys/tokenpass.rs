//! Journeys against the Tokenpass server of the sandbox, and a comparison of the local evaluation
//! of rules with the server's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use api_auth::{Clock, Delivery, ErrorKind, Secret};
use api_sandbox::tokenpass::{
    CHAT_ID, CLIENT_ID, EMAIL, EXPIRED_TOKEN, Generation, Key, LIMITED_TOKEN, OTHER_ADDRESS,
    OTHER_USERNAME, PASSWORD, PUBLIC_ADDRESS, REDIRECT_URI, SOURCE_ADDRESS, SOURCE_WIF, Tokenpass,
    UNVERIFIED_ADDRESS, UNVERIFIED_WIF, USER_ID, USERNAME, tca,
};
use api_sandbox::{Misbehaviour, Sandbox, SandboxClock};
use proptest::prelude::*;
use tokenpass_client::accounts::RegisterAccount;
use tokenpass_client::addresses::{
    InstantVerify, ListMyAddresses, RegisterAddress, UpdateAddress, Verification,
};
use tokenpass_client::api_auth::Method;
use tokenpass_client::chats::chat_id;
use tokenpass_client::credits::{CreateCreditGroup, Entry};
use tokenpass_client::oauth::{LoginErrorKind, RequestCode, TokenLocation, TokenPath};
use tokenpass_client::promises::RegisterSource;
use tokenpass_client::proof::{MessageKey, verify_message};
use tokenpass_client::tca::CheckAddress;
use tokenpass_client::{
    Authorize, Balances, Client, ClientBuilder, CreatePromise, Destination, ErrorExt, Op,
    RawEndpoint, Rule, Rules, Satoshis, Scheme, Scope, UnixTime, credentials,
};
use workspace_tests::tokenpass;

/// The sandbox's time as a client's clock, so that both move together.
struct Together(SandboxClock);

impl Clock for Together {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.0.unix())
    }

    fn sleep(&self, duration: Duration) {
        self.0.advance(duration);
    }
}

fn builder(sandbox: &Sandbox) -> ClientBuilder {
    tokenpass(sandbox).clock(Together(sandbox.clock().clone()))
}

fn start() -> (Sandbox, Client) {
    let sandbox = Sandbox::start().unwrap();
    let client = builder(&sandbox).build().unwrap();
    (sandbox, client)
}

fn set(sandbox: &Sandbox, change: impl FnOnce(&mut Tokenpass)) {
    sandbox.tokenpass().state(change);
}

fn rules(text: &str) -> Rules {
    text.parse().unwrap()
}

#[test]
fn promise_grants_access_until_it_expires() {
    let (sandbox, client) = start();
    let six = rules("TOKENLY >= 6");
    assert!(!client.check_user(OTHER_USERNAME, &six).unwrap());
    let end = i64::try_from(sandbox.clock().unix()).unwrap() + 7200;
    let to = Destination::user(OTHER_USERNAME);
    let promise = CreatePromise::new(SOURCE_ADDRESS, to, "TOKENLY", Satoshis::whole(5))
        .expires(UnixTime::from_seconds(end))
        .reference("order:7:x")
        .note("é & <b>");
    let lent = client.create_promise(&promise).unwrap();
    assert_eq!(lent.destination.as_deref(), Some(OTHER_ADDRESS));
    assert_eq!(lent.expires, Some(UnixTime::from_seconds(end)));
    assert_eq!(tokenpass_client::html::decode(lent.note.as_deref().unwrap()), "é & <b>");
    assert!(client.check_user(OTHER_USERNAME, &six).unwrap());
    assert!(!client.check_user(OTHER_USERNAME, &six.clone().without_promises()).unwrap());
    assert!(!client.check_address(OTHER_ADDRESS, &six).unwrap(), "the chain knows no promises");
    let id = lent.promise_id.unwrap();
    assert_eq!(client.get_promise(id).unwrap().unwrap().quantity, Some(Satoshis::whole(5)));
    assert_eq!(client.list_promises().unwrap().len(), 1);

    sandbox.clock().advance(Duration::from_secs(7201));
    assert!(!client.check_user(OTHER_USERNAME, &six).unwrap(), "it has ended");
    assert_eq!(client.get_promise(id).unwrap(), None);
}

#[test]
fn a_source_is_proven_by_a_real_signature() {
    let (_sandbox, client) = start();
    let key = MessageKey::from_wif(SOURCE_WIF).unwrap();
    assert_eq!(key.address(), SOURCE_ADDRESS);
    client.delete_source(SOURCE_ADDRESS).unwrap();
    assert!(client.list_sources().unwrap().whitelist.is_empty());
    let source = RegisterSource::new(SOURCE_ADDRESS).assets(["TOKENLY"]);
    let wrong = key.sign("something else").unwrap();
    let error = client.register_source(&source.clone().proof(wrong)).unwrap_err();
    assert_eq!(error.message(), Some("Proof signature invalid"));
    let proof = key.sign(&client.source_proof_message(SOURCE_ADDRESS)).unwrap();
    client.register_source(&source.proof(proof)).unwrap();
    let sources = client.list_sources().unwrap();
    assert_eq!(sources.proof_suffix.unwrap(), tokenpass_client::proof::proof_suffix(CLIENT_ID));
    assert_eq!(sources.whitelist[0].assets.as_deref(), Some(&["TOKENLY".to_owned()][..]));
    let soup = CreatePromise::new(SOURCE_ADDRESS, OTHER_ADDRESS, "LTBCOIN", Satoshis::new(1));
    let error = client.create_promise(&soup).unwrap_err();
    assert!(error.message().unwrap().starts_with("Asset not allowed"), "{error}");
}

#[test]
fn an_address_is_registered_verified_and_counts() {
    let (sandbox, client) = start();
    let key = MessageKey::from_wif(UNVERIFIED_WIF).unwrap();
    set(&sandbox, |state| state.hold(UNVERIFIED_ADDRESS, "SOUP", 7));
    assert!(!client.check_user(USERNAME, &rules("SOUP")).unwrap());
    client.delete_address(UNVERIFIED_ADDRESS).unwrap();
    assert_eq!(client.get_my_address(UNVERIFIED_ADDRESS).unwrap(), None);
    let new = RegisterAddress::new(key.address()).label("Jané & co").public(true);
    let first = client.register_address(&new).unwrap();
    assert_eq!((first.public, first.active), (Some(true), Some(true)));
    // Each response has a new code, which invalidates the previous one.
    let code = client.get_my_address(key.address()).unwrap().unwrap().verify_code.unwrap();
    let old = key.sign(&first.verify_code.unwrap()).unwrap();
    let error = client.verify_address(key.address(), old).unwrap_err();
    assert_eq!(error.message(), Some("Invalid verification signature!"));
    let signature = key.sign(&code).unwrap();
    let verify = || client.verify_address(key.address(), &signature).unwrap();
    assert_eq!(verify(), Verification::Verified);
    assert_eq!(verify(), Verification::AlreadyVerified);
    assert!(client.check_user(USERNAME, &rules("SOUP")).unwrap());
    let update = UpdateAddress::new(key.address()).label("ä").active(false);
    let detail = client.update_address(&update).unwrap();
    assert_eq!(detail.label_text().as_deref(), Some("ä"));
    assert!(!client.check_user(USERNAME, &rules("SOUP")).unwrap(), "it is not active");
    let held = Balances::from_addresses(&client.list_my_addresses().unwrap());
    assert_eq!((held.get("SOUP").get(), held.get("TOKENLY")), (0, Satoshis::whole(15)));
}

#[test]
fn an_address_is_verified_in_one_call() {
    let (sandbox, client) = start();
    let key = Key::named("new");
    let message = sandbox.tokenpass().state(|state| state.new_instant_message(USERNAME)).unwrap();
    let url = format!("{}/api/v1/instant-verify/{USERNAME}?msg={message}", "https://h");
    let message = tokenpass_client::proof::instant_verify_message(&url).unwrap();
    let proof = |signature: &str| InstantVerify::new(USERNAME, &message, key.address(), signature);
    let error = client.instant_verify(&proof(&key.sign("x"))).unwrap_err();
    assert_eq!(error.message(), Some("signature invalid"));
    client.instant_verify(&proof(&key.sign(&message))).unwrap();
    assert_eq!(client.get_my_address(key.address()).unwrap().unwrap().verified, Some(true));
}

#[test]
fn signatures_of_client_and_sandbox_are_compatible() {
    let key = Key::named("both");
    let own = MessageKey::from_wif(key.wif()).unwrap();
    assert_eq!(own.address(), key.address());
    for message in ["", "TOKENPASS zebra quick 9", "é\n".repeat(200).as_str()] {
        assert_eq!(verify_message(&key.address(), message, &key.sign(message)), Ok(true));
        let signature = own.sign(message).unwrap();
        assert!(api_sandbox::tokenpass::verifies(&key.address(), message, &signature));
        assert!(!api_sandbox::tokenpass::verifies(&key.address(), "other", &signature));
    }
}

#[test]
fn the_ledger_of_credits_is_always_in_balance() {
    let (sandbox, client) = start();
    let group = client.create_credit_group("Bob's").unwrap().uuid.unwrap();
    client.create_credit_account(&group, "Jané").unwrap();
    client.create_credit_account(&group, USER_ID).unwrap();
    let balanced = || sandbox.tokenpass().state(|state| state.ledger_balances());
    let given = client
        .give_credits(&group, [Entry::new("Jané", 500), Entry::new(USER_ID, 70).reference("a/b é")])
        .unwrap();
    assert_eq!(given.len(), 2);
    assert_eq!(given[1].credit.as_ref().unwrap().reference.as_deref(), Some("a/b é"));
    client.take_credits(&group, [Entry::new("Jané", 800).counter_account(USER_ID)]).unwrap();
    assert!(balanced());
    let balance =
        |name: &str| client.get_credit_account(&group, name).unwrap().unwrap().balance.unwrap();
    assert_eq!((balance("Jané"), balance(USER_ID), balance("_")), (-300, 870, -570));
    let tied = client.get_credit_account(&group, USER_ID).unwrap().unwrap();
    assert_eq!(tied.tokenpass_user.unwrap().username.as_deref(), Some(USERNAME));

    // Not all or nothing: what comes before the wrong entry stays.
    let entries = [Entry::new("Jané", 1), Entry::new("nobody", 1), Entry::new("Jané", 1)];
    let error = client.give_credits(&group, entries).unwrap_err();
    assert!(error.message().unwrap().contains("nobody"), "{error}");
    assert_eq!(balance("Jané"), -299);
    assert!(balanced());
    let history = client.get_credit_group_history(&group).unwrap();
    assert_eq!(history.transactions.iter().filter_map(|row| row.amount).sum::<i64>(), 0);
    assert_eq!(history.balance, Some(0));

    let plain = client.list_credit_accounts(&group).unwrap();
    set(&sandbox, |state| state.dumps_accounts = true);
    let dumped = client.list_credit_accounts(&group).unwrap();
    let facts = |list: &tokenpass_client::credits::CreditAccounts| -> Vec<_> {
        list.accounts.iter().map(|a| (a.name.clone(), a.balance, a.uuid.clone())).collect()
    };
    assert_eq!(facts(&plain), facts(&dumped));

    // No such account is not the same as no such group.
    assert_eq!(client.get_credit_account(&group, "nobody").unwrap(), None);
    let nowhere = "00000000-0000-4000-8000-000000000000";
    let error = client.get_credit_account(nowhere, "Jané").unwrap_err();
    assert_eq!(error.message(), Some("App Credit Group not found"));

    // A group whose whitelist lacks the application cannot be used by it.
    let other = client.send(&CreateCreditGroup::new("other")).unwrap().uuid.unwrap();
    let error = client.get_credit_group_history(&other).unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Auth, 403));
}

#[test]
fn each_generation_is_accepted_only_by_its_server() {
    let (sandbox, _) = start();
    let check = |client: &Client| client.check_user_exists(USERNAME);
    let generations = [
        (Generation::Query, Scheme::SignedQuery),
        (Generation::EmptyObject, Scheme::EmptyQuery),
        (Generation::XApi, Scheme::BodyOnly),
    ];
    for (generation, right) in generations {
        set(&sandbox, |state| state.generation = generation);
        for (_, scheme) in generations {
            let client = builder(&sandbox).scheme(scheme).build().unwrap();
            // With a query, since without one the first two agree.
            let strict = tokenpass_client::lookups::CheckUserExists::new(USERNAME).strict(true);
            let result = client.send(&strict);
            if scheme == right {
                assert!(result.unwrap(), "{generation:?}");
                assert!(check(&client).unwrap());
                assert!(client.check_user(USERNAME, &rules("TOKENLY > 5 and LTBCOIN")).unwrap());
                assert_eq!(client.find_users(&rules("TOKENLY >= 15")).unwrap().len(), 1);
                assert!(client.get_user_by_email(EMAIL).unwrap().is_some());
                assert!(!client.list_my_addresses().unwrap().is_empty());
                let label = UpdateAddress::new(PUBLIC_ADDRESS).label("Café / 1");
                client.update_address(&label).unwrap();
                client.delete_source("1nobody").unwrap_err();
            } else {
                let error = result.unwrap_err();
                assert_eq!((error.kind(), error.attempts()), (ErrorKind::Auth, 1));
            }
        }
    }
}

#[test]
fn other_form_is_tried_once_and_cached() {
    let (sandbox, _) = start();
    set(&sandbox, |state| state.generation = Generation::EmptyObject);
    let client = builder(&sandbox).try_other_form(true).build().unwrap();
    let strict = tokenpass_client::lookups::CheckUserExists::new(USERNAME).strict(true);
    sandbox.take_seen();
    assert!(client.send(&strict).unwrap());
    assert_eq!(sandbox.take_seen().len(), 2);
    assert!(client.send(&strict).unwrap());
    assert_eq!(sandbox.take_seen().len(), 1, "what worked is remembered");
}

#[test]
fn wrong_clock_is_reported() {
    let (sandbox, _) = start();
    let client = tokenpass(&sandbox).build().unwrap();
    sandbox.clock().advance(Duration::from_secs(400));
    let error = client.list_sources().unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Auth, Some("Invalid nonce parameter")));
    assert!(!error.needs_login());
}

#[test]
fn a_user_logs_in_with_the_browser() {
    let (sandbox, client) = start();
    let login = client.begin_login([Scope::User, Scope::Tca, Scope::ManageAddress]).unwrap();
    assert_eq!(client.send(&login).unwrap(), None, "a page for the user");
    let response = |consent: &str| {
        let request = client.signed_request(&login).unwrap();
        let params = api_auth::Params::decode(request.uri().query().unwrap()).unwrap();
        let call = RawEndpoint::new(Method::GET, "/oauth/authorize")
            .with_credential(tokenpass_client::api_auth::Credential::NONE);
        let call = params.iter().fold(call, |call, (name, value)| call.param(name, value));
        let error = client.send_raw(&call.param("sandbox_consent", consent)).unwrap_err();
        error.headers().unwrap()["location"].to_str().unwrap().to_owned()
    };
    let denied = login.read_callback(&response("deny")).unwrap_err();
    assert_eq!(denied.kind(), LoginErrorKind::Denied);
    let back = response("grant");
    assert!(back.starts_with(REDIRECT_URI), "{back}");
    let other = client.begin_login([Scope::User]).unwrap();
    assert_eq!(other.read_callback(&back).unwrap_err().kind(), LoginErrorKind::StateMismatch);
    let code = login.read_callback(&back).unwrap();
    sandbox.tokenpass().take_seen();
    let token = client.finish_login(&login, code.clone()).unwrap();
    let seen = sandbox.tokenpass().take_seen();
    let form = str::from_utf8(&seen.first().unwrap().request.body).unwrap();
    let verifier = login.code_verifier().unwrap().expose();
    assert!(form.contains(&format!("&code_verifier={verifier}")), "{form}");
    assert_eq!(token.expires_in, Some(Duration::from_secs(30 * 86_400)));
    let user = client.as_user(token.access_token).unwrap();
    let profile = user.get_user().unwrap();
    assert_eq!(profile.id.as_deref(), Some(USER_ID));
    assert_eq!(profile.email_is_confirmed, Some(true));
    assert!(!user.list_my_addresses().unwrap().is_empty());

    // A code works once; errors come as JSON, or as the pages of 2017.
    let error = client.exchange_code(code.clone()).unwrap_err();
    assert_eq!((error.code(), error.status().unwrap().as_u16()), (Some("invalid_request"), 400));
    set(&sandbox, |state| state.html_oauth_errors = true);
    let error = client.exchange_code(code).unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Auth, 500));
    set(&sandbox, |state| state.html_oauth_errors = false);

    // The next time the server sends the user back at once.
    let again = client.begin_login([Scope::User]).unwrap();
    let back = client.send(&again).unwrap().unwrap();
    let newer = builder(&sandbox).token_path(TokenPath::Token).build().unwrap();
    newer.exchange_code(again.read_callback(&back).unwrap()).unwrap();

    user.log_out().unwrap();
    assert!(user.list_my_addresses().unwrap_err().needs_login());
    assert!(user.get_user().unwrap_err().needs_login());
}

#[test]
fn a_user_logs_in_by_password() {
    let (_sandbox, client) = start();
    let token =
        client.request_password_token(USERNAME, PASSWORD, [Scope::User, Scope::Tca]).unwrap();
    let user = client.as_user(token.access_token).unwrap();
    assert_eq!(user.get_user().unwrap().username.as_deref(), Some(USERNAME));
    let error = client.request_password_token(USERNAME, "wrong", [Scope::User]).unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 401);
    let login = Authorize::new(REDIRECT_URI, [Scope::User]).unwrap();
    let wrong = RequestCode::new(login.clone(), USERNAME, "wrong");
    let error = client.request_code(&wrong).unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Api, 200));
    let code = RequestCode::new(login, USERNAME, PASSWORD).grant_access(true);
    client.exchange_code(client.request_code(&code).unwrap()).unwrap();
}

#[test]
fn account_is_created_once() {
    let (sandbox, client) = start();
    let account = RegisterAccount::new("leroy", "Sup3r$3K4et", "leroy@example.org");
    let user = client.register_account(&account).unwrap();
    assert!(user.id.is_some() && user.ecc_key.is_some());
    let error = client.register_account(&account).unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Api, Some("Username already taken")));
    assert_eq!(error.status().unwrap().as_u16(), 200);
    assert_eq!(client.check_login("leroy", "Sup3r$3K4et").unwrap().id, user.id);
    assert!(client.check_login("leroy", "wrong").is_err());
    assert!(sandbox.tokenpass().state(|s| s.mails.contains(&"leroy@example.org".to_owned())));
}

#[test]
fn tokens_scopes_and_locations_are_distinguished() {
    let (sandbox, client) = start();
    let expired = client.as_user(EXPIRED_TOKEN).unwrap().list_my_addresses().unwrap_err();
    assert_eq!(expired.message(), Some("This access token has expired"));
    assert!(expired.needs_login());
    let limited = client.as_user(LIMITED_TOKEN).unwrap();
    let error = limited.list_protected_balances().unwrap_err();
    assert_eq!(error.message(), Some("One or more scopes are not authorized"));
    assert!(!error.needs_login());
    // By the header the server of 2017 finds no token, except at /oauth/user.
    let header = builder(&sandbox).token_location(TokenLocation::BearerHeader).build().unwrap();
    assert!(header.list_my_addresses().unwrap_err().needs_login());
    assert_eq!(header.get_user().unwrap().username.as_deref(), Some(USERNAME));
    set(&sandbox, |state| state.bearer = true);
    assert!(!header.list_my_addresses().unwrap().is_empty());
}

#[test]
fn writes_that_may_have_arrived_are_never_repeated() {
    let (sandbox, client) = start();
    let group = client.create_credit_group("g").unwrap().uuid.unwrap();
    client.create_credit_account(&group, "a").unwrap();
    let lend = CreatePromise::new(SOURCE_ADDRESS, OTHER_ADDRESS, "TOKENLY", Satoshis::new(1));
    for how in [Misbehaviour::ResetAfterReading, Misbehaviour::CutBody, Misbehaviour::BadGateway] {
        let once = |what: &str, call: &dyn Fn() -> tokenpass_client::Error| {
            sandbox.take_seen();
            sandbox.tokenpass().misbehave(how.clone(), 1);
            let error = call();
            assert_eq!(error.attempts(), 1, "{what} {how:?}: {error:?}");
            assert_ne!(error.delivery(), Delivery::NotSent);
        };
        once("give", &|| client.give_credits(&group, [Entry::new("a", 1)]).unwrap_err());
        once("take", &|| client.take_credits(&group, [Entry::new("a", 1)]).unwrap_err());
        once("promise", &|| client.create_promise(&lend).unwrap_err());
        once("log out", &|| client.log_out().unwrap_err());
        let account = RegisterAccount::new("x", "Sup3r$3K4et", "x@example.org");
        once("register", &|| client.register_account(&account).unwrap_err());
        once("refresh", &|| client.send(&ListMyAddresses::new().refresh(true)).unwrap_err());
        // A read is.
        sandbox.tokenpass().misbehave(how.clone(), 1);
        client.list_sources().unwrap();
    }
}

/// The number of promises that the server has.
fn promises(sandbox: &Sandbox) -> usize {
    sandbox.tokenpass().state(|state| state.promises.len())
}

#[test]
fn promise_whose_response_was_lost_is_returned_by_the_retry() {
    let to_user = || Destination::user(OTHER_USERNAME);
    let lend =
        |to: Destination| CreatePromise::new(SOURCE_ADDRESS, to, "TOKENLY", Satoshis::new(7));
    let requests = [
        lend(OTHER_ADDRESS.into()).txid("12ab"),
        lend(to_user()).fingerprint("f/é 1"),
        lend(to_user()).txid("t").fingerprint("f").reference("a:b:c").note("<n>"),
        lend(Destination::email("new@example.org")).txid(".."),
    ];
    for request in requests {
        for how in [Misbehaviour::ResetAfterReading, Misbehaviour::CutBody] {
            let (sandbox, client) = start();
            sandbox.tokenpass().misbehave(how, 1);
            let lent = client.create_promise(&request).unwrap();
            assert_eq!(promises(&sandbox), 1, "{request:?}");
            let known = client.list_promises().unwrap();
            assert_eq!((&lent, known.len()), (&known[0], 1), "{request:?}");
            assert!(lent.promise_id.is_some() && lent.quantity == Some(Satoshis::new(7)));
            // After a restart.
            assert_eq!(client.find_promise(&request).unwrap(), Some(lent), "{request:?}");
            // Without a lost response, the same request is a mistake.
            let error = client.create_promise(&request).unwrap_err();
            assert_eq!((error.status().unwrap().as_u16(), error.attempts()), (400, 1));
            assert!(error.body_text().contains("already exists"), "{error}");
        }
    }
    let (_sandbox, client) = start();
    let request = lend(to_user()).txid("t");
    assert_eq!(client.find_promise(&request).unwrap(), None);
    for unnamed in [lend(to_user()), lend(to_user()).txid(" "), lend(to_user()).fingerprint("0")] {
        assert_eq!(client.find_promise(&unnamed).unwrap_err().argument(), Some("txid"));
    }
}

#[test]
fn promise_of_another_request_is_never_returned_by_a_retry() {
    let (sandbox, client) = start();
    let lend = |amount| {
        CreatePromise::new(SOURCE_ADDRESS, OTHER_ADDRESS, "TOKENLY", Satoshis::new(amount))
            .txid("t")
    };
    let conflicts = || {
        sandbox.tokenpass().misbehave(Misbehaviour::ResetAfterReading, 1);
        let error = client.create_promise(&lend(7)).unwrap_err();
        assert_eq!((error.status().unwrap().as_u16(), error.attempts()), (400, 2), "{error:?}");
        assert!(error.body_text().contains("already exists"), "the response is kept: {error}");
        assert_eq!(promises(&sandbox), 1);
    };
    client.create_promise(&lend(8)).unwrap();
    conflicts();
    // That of another application.
    set(&sandbox, |state| {
        for promise in &mut state.promises {
            promise.quantity = 7;
            promise.client_id = "other".to_owned();
        }
    });
    conflicts();
}

#[test]
fn expired_token_with_html_error_needs_a_login() {
    let (sandbox, client) = start();
    set(&sandbox, |state| state.html_oauth_errors = true);
    for (token, text) in [
        (EXPIRED_TOKEN, "This access token has expired"),
        ("unknown", "This access token was not found"),
    ] {
        let error = client.as_user(token).unwrap().get_user().unwrap_err();
        assert!(error.needs_login() && error.message() == Some(text), "{error:?}");
        assert_eq!(error.endpoint(), "second_factor.status");
    }
    // A page for another reason is an error of the server.
    let page = api_sandbox::Response::new(500, "text/html", "<html>Whoops</html>");
    for location in [TokenLocation::Parameter, TokenLocation::BearerHeader] {
        let client = builder(&sandbox).token_location(location).build().unwrap();
        sandbox.tokenpass().misbehave(Misbehaviour::Response(page.clone()), 1);
        let error = client.get_user().unwrap_err();
        assert!(!error.needs_login(), "{error:?}");
        assert_eq!((error.kind(), error.endpoint()), (ErrorKind::Api, "oauth.user"));
    }
    // Any other error is returned without another request.
    for (status, content_type, body) in
        [(500, "application/json", r#"{"message":"down"}"#), (404, "text/html", "<html>no</html>")]
    {
        let response = api_sandbox::Response::new(status, content_type, body);
        sandbox.tokenpass().misbehave(Misbehaviour::Response(response), 1);
        sandbox.take_seen();
        let error = client.get_user().unwrap_err();
        assert_eq!((error.status().unwrap().as_u16(), &*error.body_text()), (status, body));
        assert_eq!(sandbox.take_seen().len(), 1, "{status}");
    }
}

#[test]
fn a_rate_limit_is_waited_for() {
    let (sandbox, client) = start();
    set(&sandbox, |state| state.rate_limit = Some(2));
    for _ in 0..2 {
        client.get_perks("TOKENLY").unwrap();
    }
    let patient = client.get_perks("TOKENLY");
    match patient {
        // The window was longer than the client waits: the error says how long.
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::RateLimited);
            assert!(error.retry_after().is_some());
        }
        Ok(perks) => assert_eq!(perks.token.as_deref(), Some("TOKENLY")),
    }
}

#[test]
fn balances_of_2022_are_objects() {
    let (sandbox, client) = start();
    let before = Balances::from_addresses(&client.list_my_addresses().unwrap());
    set(&sandbox, |state| state.quantity_objects = true);
    let after = Balances::from_addresses(&client.list_my_addresses().unwrap());
    assert_eq!(after.quantity("TOKENLY").unwrap().precision, Some(8));
    for (asset, quantity) in before.iter() {
        assert_eq!(after.get(asset), quantity.value);
    }
}

#[test]
fn chats_are_opened_by_tokens() {
    let (_sandbox, client) = start();
    let short = chat_id(CHAT_ID).unwrap();
    let privileges = client.get_chat_privileges(&short).unwrap();
    assert_eq!(privileges.authorized, Some(true));
    assert_eq!(privileges.token_authorization[0].amount, Some(Satoshis::whole(10)));
    client.join_chat(&short).unwrap();
    assert_eq!(client.get_chat("00000000-0000-4000-8000-000000000000").unwrap(), None);
    let chat = tokenpass_client::chats::CreateChat::new("é").token("SOUP", "0.5".parse().unwrap());
    let chat = client.create_chat(&chat).unwrap();
    let own = chat_id(chat.id.as_deref().unwrap()).unwrap();
    assert_eq!(client.get_chat_privileges(&own).unwrap().authorized, Some(false));
    assert_eq!(client.join_chat(&own).unwrap_err().status().unwrap().as_u16(), 403);
}

#[test]
fn custom_endpoint_selects_credentials_by_name() {
    let (_sandbox, client) = start();
    let call =
        RawEndpoint::new(Method::GET, "/api/v1/tca/addresses").with_credential(credentials::USER);
    assert!(client.send(&call).unwrap().starts_with(b"{\"result\":["));
}

#[test]
fn no_token_or_key_is_shown_by_errors() {
    let (sandbox, _) = start();
    let client = builder(&sandbox).oauth_token("CANARY").privileged("P", "CANARY").build().unwrap();
    for error in [
        client.list_my_addresses().unwrap_err(),
        client.get_user().unwrap_err(),
        client.check_user(USERNAME, &rules("SOUP")).unwrap_err(),
        client.check_user_exists(USERNAME).unwrap_err(),
        client.request_password_token("u", "CANARY", []).unwrap_err(),
        client.exchange_code(Secret::new("CANARY")).unwrap_err(),
        client.check_login("u", "CANARY").unwrap_err(),
    ] {
        assert!(!format!("{error} {error:?} {error:#?}").contains("CANARY"), "{error:?}");
    }
}

fn any_rules() -> impl Strategy<Value = Rules> {
    let op = proptest::sample::select(Op::KNOWN);
    // Few assets and amounts, so that stacks meet balances.
    let amount = prop_oneof![
        0i64..5,
        Just(100_000_000),
        Just(150_000_000),
        0i64..=1_000_000_000_000_000,
        0i64..=i64::MAX
    ];
    let rule = ("[A-C]", op, amount)
        .prop_map(|(asset, op, amount)| Rule::new(asset.repeat(4), op, Satoshis::new(amount)));
    let stack = proptest::collection::vec((rule, any::<bool>()), 1..7);
    stack.prop_map(|stack| {
        stack.into_iter().fold(Rules::default(), |rules, (rule, or)| match or {
            true => rules.or(rule),
            false => rules.and(rule),
        })
    })
}

fn any_balances() -> impl Strategy<Value = BTreeMap<String, i64>> {
    let amount = prop_oneof![-2i64..5, Just(100_000_000), Just(150_000_000), any::<i64>()];
    proptest::collection::btree_map("[A-D]".prop_map(|asset| asset.repeat(4)), amount, 0..4)
}

fn balances(map: &BTreeMap<String, i64>) -> Balances {
    map.iter().map(|(asset, amount)| (asset.as_str(), Satoshis::new(*amount))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_local_evaluator_agrees_with_the_servers(rules in any_rules(), held in any_balances()) {
        let client = Client::builder("I", "K").no_proxy().build().unwrap();
        let prepared = client.signed_request(&CheckAddress::new("1A", rules.clone()));
        let is_inexact = rules.iter().any(|(rule, _)| rule.amount() > Satoshis::whole(10_000_000));
        prop_assert_eq!(prepared.is_err(), is_inexact, "only what the server cannot compare is rejected");
        let Ok(request) = prepared else { return Ok(()) };
        let query = request.uri().query().unwrap();
        prop_assert_eq!(rules.evaluate(&balances(&held)), tca::evaluate(query, &held), "{}", query);
    }

    #[test]
    fn the_local_reader_of_queries_agrees_with_the_servers(
        members in proptest::collection::vec(
            (
                "(AAAA|aaaa|BBBB|bbBB|op|op_[0-3]|stackop_[0-3]|stackOp_1|client_id|no_provisional|A[^\\[]A|oauth_token)",
                "([0-3]|0\\.[0-9]{1,10}|[0-9]e[0-9]|5,000|or|OR|AND|>=|>|<|<=|=|==|!=|!|=>|)",
            ),
            0..7,
        ),
        held in any_balances(),
    ) {
        let mut params = api_auth::Params::new();
        for (name, value) in &members {
            params.push(name, value);
        }
        let query = api_auth::Encoding::Php.text(&params);
        let rules = Rules::from_query(&query).unwrap();
        prop_assert_eq!(rules.evaluate(&balances(&held)), tca::evaluate(&query, &held), "{}", query);
        let server = tca::Stack::from_query(&query).unwrap();
        prop_assert_eq!(rules.counts_promises(), server.with_promises, "{}", query);
    }
}
