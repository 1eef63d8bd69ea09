//! Sequences of requests, over HTTP, with the test server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_auth::{Delivery, ErrorKind, ManualClock};
use api_sandbox::{Misbehaviour, Sandbox, tpay};
use tpay_client::blik::{BlikAlias, BlikDecision, BlikResult};
use tpay_client::notifications::NotificationResponse;
use tpay_client::refunds::RefundStatus;
use tpay_client::transactions::payments::PaymentErrorCode;
use tpay_client::transactions::{Callbacks, GetTransaction, ListTransactions};
use tpay_client::{
    BlikPayment, Client, CreateTransaction, Currency, ErrorExt, MemoryStore, Notification, Pay,
    Payer, RefundTransaction, TransactionStatus, grosze,
};
use workspace_tests::tpay;

fn sandbox() -> (Sandbox, Client) {
    let sandbox = Sandbox::start().unwrap();
    let client = tpay(&sandbox).build().unwrap();
    (sandbox, client)
}

fn order(amount: i64) -> CreateTransaction {
    let payer = Payer::new("jan.nowak@example.com", "Jan Nowak");
    CreateTransaction::new(grosze(amount), "Order 7 / zażółć", payer)
}

fn made(client: &Client, order: &CreateTransaction) -> String {
    client.create_transaction(order).unwrap().transaction_id.unwrap()
}

fn code(digits: &str) -> Pay {
    Pay::blik(BlikPayment::code(digits))
}

#[test]
fn declined_transaction_can_be_paid_by_another_code() {
    let (_sandbox, client) = sandbox();
    let id = made(&client, &order(1234));
    let error = client.pay_transaction(&id, code("700063")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OperationFailed);
    let declined = error.declined().unwrap();
    assert_eq!(declined.transaction_id.as_deref(), Some(&*id));
    assert_eq!(declined.status, Some(TransactionStatus::Pending));
    let paid = client.pay_transaction(&id, code("777123")).unwrap();
    assert!(paid.is_paid());
    let read = client.get_transaction(&id).unwrap();
    assert_eq!(read.payments.as_ref().unwrap().amount_paid, Some(grosze(1234)));
    assert_eq!(read.currency, Some(Currency::Pln));
    assert_eq!(read.description.as_deref(), Some("Order 7 / zażółć"));
    assert_eq!(read.payments.unwrap().attempts.len(), 2);
}

#[test]
fn an_alias_in_two_banks_is_paid_by_the_key_of_an_alternative() {
    let (_sandbox, client) = sandbox();
    let id = made(&client, &order(500));
    let alias =
        || BlikAlias::new(tpay::AMBIGUOUS_ALIAS, tpay_client::blik::AliasType::Uid).label("Shop");
    let error = client.pay_transaction(&id, Pay::blik(BlikPayment::alias(alias()))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OperationFailed, "{error}");
    let key = error.alternatives()[0].application_code.clone().unwrap();
    let chosen = Pay::blik(BlikPayment::alias(alias().key(key)));
    assert!(client.pay_transaction(&id, chosen).unwrap().is_paid());
}

#[test]
fn money_adds_up_over_partial_refunds() {
    let (_sandbox, client) = sandbox();
    let id = made(&client, &order(1000).pay(code("777123")));
    let refund = |amount: i64| {
        client.refund_transaction(&RefundTransaction::new(&id).amount(grosze(amount)))
    };
    assert_eq!(refund(250).unwrap().refunds_list[0].status, Some(RefundStatus::New));
    assert_eq!(refund(1000).unwrap_err().kind(), ErrorKind::Api, "more than is left");
    refund(750).unwrap();
    let error = client.refund_transaction(&RefundTransaction::new(&id)).unwrap_err();
    assert_eq!(error.code(), Some("already_refunded"));
    let all: Vec<_> = client
        .transaction_refunds(&tpay_client::refunds::ListTransactionRefunds::new(&id))
        .map(|refund| refund.unwrap().amount.unwrap().minor_units(2).unwrap())
        .collect();
    assert_eq!(all.iter().sum::<i64>(), 1000);
    assert!(client.cancel_transaction(&id).is_err(), "what is paid is not cancelled");
}

#[test]
fn payment_notification_is_verified_and_acknowledged() {
    let (sandbox, client) = sandbox();
    let reader = client
        .notifications()
        .unwrap()
        .anchors(client.get_root_certificates().unwrap())
        .unwrap()
        .merchant_id(tpay::MERCHANT_ID)
        .security_code(tpay::SECURITY_CODE);
    // No server listens at the address. The sent notifications are in the outbox.
    let callbacks = Callbacks::new().notification_url("https://shop.example.com/notify");
    let order = order(1234).hidden_description("zamówienie/ą 1").callbacks(callbacks);
    let id = made(&client, &order.pay(code("777123")));
    let outbox = sandbox.tpay().state(|server| server.outbox());
    let sent = outbox.wait_for(1).remove(0);
    let Notification::Payment(payment) =
        reader.read(&sent.signature, sent.body.as_bytes()).unwrap()
    else {
        panic!("{sent:?}")
    };
    assert_eq!(payment.crc, "zamówienie/ą 1");
    assert_eq!((payment.paid, payment.paid_in_full(grosze(1234))), (grosze(1234), true));
    assert_eq!(client.get_transaction(&id).unwrap().title, Some(payment.title.clone()));

    let fetches = sandbox
        .tpay()
        .take_seen()
        .iter()
        .filter(|s| s.request.target.contains("notifications-jws"))
        .count();
    assert_eq!(fetches, 1);
    for _ in 0..3 {
        reader.read(&sent.signature, sent.body.as_bytes()).unwrap();
    }
    let body = sent.body.replace("12.34", "99.99");
    let error = reader.read(&sent.signature, body.as_bytes()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited, "a newer certificate may verify it");
    assert_eq!(NotificationResponse::for_error(&error).status, 503);
    let again = sandbox.tpay().take_seen();
    assert!(again.is_empty(), "junk does not make us fetch again: {}", again.len());
    // With the newest certificate it is known to be forged. So is everything by the compiled-in
    // anchors.
    let anchors = client.get_root_certificates().unwrap();
    let later = client.notifications().unwrap().anchors(anchors).unwrap();
    let strict = client.notifications().unwrap();
    for (reader, body) in [(later, &body), (strict, &sent.body)] {
        let error = reader.read(&sent.signature, body.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Verify);
        assert_eq!(NotificationResponse::for_error(&error).status, 400);
    }
}

#[test]
fn unavailable_certificate_returns_503() {
    let (sandbox, client) = sandbox();
    let client = tpay(&sandbox).retries(0).build().unwrap_or(client);
    let reader = client.notifications().unwrap();
    let body = b"tr_id=TR-1";
    let signature = sandbox.tpay().state(|server| server.sign(body));
    sandbox.tpay().misbehave(Misbehaviour::BadGateway, 1);
    let error = reader.read(&signature, body).unwrap_err();
    assert_eq!(NotificationResponse::for_error(&error).status, 503);
    let soon = reader.read(&signature, body).unwrap_err();
    assert_eq!(soon.kind(), ErrorKind::RateLimited, "not again within seconds");
    assert_eq!(NotificationResponse::for_error(&soon).status, 503);
}

#[test]
fn intermediate_of_the_server_completes_the_chain_to_a_trusted_root() {
    let (sandbox, client) = sandbox();
    // The intermediate first, the root second.
    let served = client.get_root_certificates().unwrap();
    let (intermediate, root) = served.split_at(served.rfind("-----BEGIN").unwrap());
    assert_eq!(intermediate.matches("-----BEGIN").count(), 1);
    let body = b"type=token_update&data[token]=t";
    let signature = sandbox.tpay().state(|server| server.sign(body));
    let reader = client.notifications().unwrap();
    assert!(client.notifications().unwrap().anchors(intermediate).is_err(), "it is not a root");
    sandbox.tpay().take_seen();
    for _ in 0..2 {
        reader.read(&signature, body).unwrap_err();
    }
    let reader = reader.anchors(root).unwrap();
    reader.read(&signature, body).unwrap();
    let seen = sandbox.tpay().take_seen();
    let requested: Vec<_> = seen.iter().map(|seen| seen.request.target.as_str()).collect();
    assert_eq!(requested, ["/x509/notifications-jws.pem", "/x509/tpay-jws-root.pem"]);
}

#[test]
fn every_kind_of_notification_of_the_server_is_read() {
    let (sandbox, client) = sandbox();
    let anchors = client.get_root_certificates().unwrap();
    let reader = client.notifications().unwrap().anchors(anchors).unwrap();
    let reader = reader.merchant_id(tpay::MERCHANT_ID);
    let panel = "https://shop.example.com/panel";
    let card = tpay_client::cards::CreateCardToken::new(panel)
        .payer(tpay_client::cards::CardTokenPayer::new("Jan", "jan@example.com"));
    let saved = client.create_card_token(&card).unwrap().id.unwrap();
    let outbox = sandbox.tpay().state(|server| {
        server.panel_url = Some(panel.to_owned());
        server.notify_test(panel);
        server.add_alias("u1", "UID", "Shop");
        assert!(server.unregister_alias("u1", "UID"));
        let token = server.tokenize(&saved).unwrap();
        assert!(server.update_token(&token));
        server.outbox()
    });
    let mut kinds = Vec::new();
    for sent in outbox.wait_for(4) {
        let notification = reader.read(&sent.signature, sent.body.as_bytes()).unwrap();
        kinds.push(match &notification {
            Notification::Payment(payment) => {
                assert!(payment.is_test());
                "payment"
            }
            Notification::Alias(alias) => {
                assert_eq!(alias.aliases[0].value, "u1");
                "blik_alias"
            }
            Notification::Tokenization(card) => {
                assert_eq!(card.tokenization_id.as_deref(), Some(&*saved));
                "tokenization"
            }
            Notification::TokenUpdate(_) => "token_update",
            other => panic!("{other:?}"),
        });
        assert_eq!(kinds.last(), Some(&sent.kind));
    }
    assert_eq!(kinds.len(), 4);
}

#[test]
fn token_is_fetched_once_until_it_expires_or_is_rejected() {
    let sandbox = Sandbox::start().unwrap();
    let clock = ManualClock::at_unix(1_800_000_000);
    let client = tpay(&sandbox).clock(clock.clone()).build().unwrap();
    let issued = || sandbox.tpay().state(|server| server.tokens_issued);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| client.list_pos().unwrap());
        }
    });
    assert_eq!(issued(), 1);
    clock.advance(Duration::from_secs(7171));
    client.list_pos().unwrap();
    assert_eq!(issued(), 2);
    sandbox.tpay().state(tpay::Tpay::revoke_tokens);
    client.list_pos().unwrap();
    assert_eq!(issued(), 3, "one fresh token after a 401");
}

#[test]
fn clients_with_one_store_share_a_token() {
    let sandbox = Sandbox::start().unwrap();
    let store = MemoryStore::new();
    for _ in 0..3 {
        let client = tpay(&sandbox).token_store(store.clone()).build().unwrap();
        client.list_pos().unwrap();
    }
    assert_eq!(sandbox.tpay().state(|server| server.tokens_issued), 1);
}

#[test]
fn http_basic_needs_no_token() {
    let sandbox = Sandbox::start().unwrap();
    let client = tpay(&sandbox).http_basic().build().unwrap();
    client.list_pos().unwrap();
    assert_eq!(sandbox.tpay().state(|server| server.token_requests), 0);
}

#[test]
fn payment_with_lost_response_is_not_repeated_and_can_be_found() {
    let (sandbox, client) = sandbox();
    client.list_pos().unwrap();
    sandbox.tpay().take_seen();
    for (how, number, delivery) in [
        (Misbehaviour::ResetAfterReading, 1, Delivery::Unknown),
        (Misbehaviour::CutBody, 2, Delivery::Accepted),
    ] {
        sandbox.tpay().misbehave(how, 1);
        let order = order(1234).hidden_description(format!("lost-{number}"));
        let error = client.create_transaction(&order).unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::Transport, delivery));
        assert!(error.outcome_unknown() && !error.nothing_created() && !error.is_retryable());
        let sent = sandbox.tpay().take_seen();
        assert_eq!(sent.iter().filter(|s| s.request.method == "POST").count(), 1);
        let found = client.transactions(&ListTransactions::new()).find(|transaction| {
            let transaction = transaction.as_ref().unwrap();
            transaction.hidden_description == Some(format!("lost-{number}"))
        });
        assert!(found.is_some(), "it can be looked up");
        sandbox.tpay().take_seen();
    }
}

#[test]
fn iterator_returns_each_transaction_once() {
    let (_sandbox, client) = sandbox();
    let mut ids: Vec<String> = (0..7).map(|_| made(&client, &order(100))).collect();
    let search = ListTransactions::new().limit(3);
    let mut found: Vec<String> = client
        .transactions(&search)
        .map(|transaction| transaction.unwrap().transaction_id.unwrap())
        .collect();
    ids.sort();
    found.sort();
    assert_eq!(found, ids);
    assert_eq!(client.transactions(&search).by_page().count(), 3);
}

#[test]
fn concurrent_pages_and_batches_use_one_token() {
    let (sandbox, client) = sandbox();
    let mut ids: Vec<String> = (0..25).map(|_| made(&client, &order(100))).collect();
    let search = ListTransactions::new().limit(3);
    let (_, other) = (client, tpay(&sandbox).build().unwrap());
    sandbox.tpay().take_seen();
    let listed = |pages| -> Vec<String> {
        let items = other.transactions(&search).concurrent(pages);
        items.map(|transaction| transaction.unwrap().transaction_id.unwrap()).collect()
    };
    let found = listed(4);
    assert_eq!(found, listed(1), "in the same order");
    let requests = found.iter().map(GetTransaction::new);
    for (id, (_, transaction)) in found.iter().zip(other.send_all(requests, 8)) {
        assert_eq!(transaction.unwrap().transaction_id.as_ref(), Some(id));
    }
    let refunds = found.iter().take(8).map(RefundTransaction::new);
    let refused = other.send_all(refunds, 8).filter(|(_, result)| result.is_err()).count();
    assert_eq!(refused, 8, "none is paid");
    let seen = sandbox.tpay().take_seen();
    let of = |path: &str| seen.iter().filter(|one| one.request.path().contains(path)).count();
    assert_eq!((of("/oauth/auth"), of("/refunds")), (1, 8));
    ids.sort();
    let mut found = found;
    found.sort();
    assert_eq!(found, ids);
}

#[test]
fn wrong_credentials_are_an_auth_error_and_nothing_was_created() {
    let sandbox = Sandbox::start().unwrap();
    let environment = tpay_client::Environment::custom(sandbox.tpay().base_url());
    let client = Client::builder(tpay::CLIENT_ID, "CANARY")
        .environment(environment)
        .no_proxy()
        .build()
        .unwrap();
    let error = client.create_transaction(&order(1)).unwrap_err();
    assert_eq!((error.kind(), error.endpoint()), (ErrorKind::Auth, "oauth.token"));
    assert_eq!(error.attempts(), 1);
    assert!(error.nothing_created() && !error.outcome_unknown());
    assert!(!format!("{error} {error:?} {client:?}").contains("CANARY"));
}

/// A transport that wraps another one: the tests above must not depend on the built-in transport
/// alone.
#[test]
fn custom_transport_sends_tokens_requests_and_certificates() {
    let sandbox = Sandbox::start().unwrap();
    let count = Arc::new(std::sync::Mutex::new(Vec::new()));
    let notes = count.clone();
    let mut settings = api_auth::Settings::default();
    settings.no_proxy();
    let built_in = settings.built_in_transport().unwrap();
    let client = tpay(&sandbox)
        .transport(move |request: api_auth::Request| {
            notes.lock().unwrap().push(request.uri().path().to_owned());
            api_auth::Transport::send(&built_in, request)
        })
        .build()
        .unwrap();
    client.list_pos().unwrap();
    client.get_signing_certificate().unwrap();
    let paths = ["/oauth/auth", "/accounts/pos", "/x509/notifications-jws.pem"];
    assert_eq!(*count.lock().unwrap(), paths);
}

const WAIT: Duration = Duration::from_secs(120);

/// Returns a client whose clock advances only when the client waits.
fn patient(sandbox: &Sandbox) -> (Client, ManualClock) {
    let clock = ManualClock::at_unix(1_800_000_000);
    (tpay(sandbox).clock(clock.clone()).build().unwrap(), clock)
}

fn take(client: &Client, code: &str) -> BlikResult {
    client.take_blik_payment(&order(1234), BlikPayment::code(code), WAIT).unwrap()
}

#[test]
fn invalid_blik_payment_creates_no_transaction() {
    let (sandbox, client) = sandbox();
    let valid = || BlikPayment::code("777123");
    let with_method = order(1234).pay(Pay::blik(valid()));
    for (order, blik, argument) in [
        (order(1234), BlikPayment::code("12345"), "blik_token"),
        (order(1234), BlikPayment::code("77712x"), "blik_token"),
        (order(1234), BlikPayment::new(), "blik_token"),
        (order(1234), valid().kind(3), "type"),
        (order(0), valid(), "amount"),
        (with_method, valid(), "pay"),
    ] {
        let error = client.take_blik_payment(&order, blik, WAIT).unwrap_err();
        assert_eq!(error.argument(), Some(argument));
    }
    let error = client.pay_by_blik("ta_1", BlikPayment::code("1"), WAIT).unwrap_err();
    assert_eq!(error.argument(), Some("blik_token"));
    assert_eq!(sandbox.tpay().take_seen().len(), 0, "nothing was sent, not even for a token");
    assert_eq!(sandbox.tpay().state(|server| server.transactions.len()), 0);
}

#[test]
fn blik_payment_ends_with_the_decision_of_the_payer() {
    let (sandbox, _) = sandbox();
    let (client, clock) = patient(&sandbox);
    let paid = take(&client, "777123");
    assert!(matches!(paid.decision, BlikDecision::Paid) && paid.transaction.is_paid());

    // Declined at once, with the reason that only the transaction has.
    let declined = take(&client, "700103");
    let BlikDecision::Declined { code, error: Some(error) } = declined.decision else {
        panic!("{declined:?}")
    };
    assert_eq!(code, Some(PaymentErrorCode::InsufficientFunds));
    assert_eq!(error.kind(), ErrorKind::OperationFailed);
    assert!(clock.slept().is_empty(), "no decision had to be waited for");

    // Declined after the request.
    let later = take(&client, "700201");
    let BlikDecision::Declined { code, error: None } = later.decision else { panic!("{later:?}") };
    assert_eq!(code, Some(PaymentErrorCode::RejectedByPayer));
    assert_eq!(clock.slept(), [Duration::from_secs(2)]);

    // The same transaction is paid by another code, and not paid twice.
    let id = later.transaction_id;
    for _ in 0..2 {
        let paid = client.pay_by_blik(&id, BlikPayment::code("777123"), WAIT).unwrap();
        assert!(matches!(paid.decision, BlikDecision::Paid), "{paid:?}");
        assert_eq!(paid.transaction_id, id);
    }
    let pays = |seen: &api_sandbox::Seen| seen.request.target.ends_with(&format!("{id}/pay"));
    assert_eq!(sandbox.tpay().take_seen().iter().filter(|seen| pays(seen)).count(), 2);
    assert_eq!(sandbox.tpay().state(|server| server.transactions.len()), 3);
}

#[test]
fn blik_payment_without_a_decision_ends_at_the_deadline() {
    let (sandbox, _) = sandbox();
    let (client, clock) = patient(&sandbox);
    let waiting = take(&client, "700000");
    assert!(matches!(waiting.decision, BlikDecision::Undecided { error: None }), "{waiting:?}");
    assert_eq!(waiting.transaction.status, Some(TransactionStatus::Pending));
    assert_eq!(clock.slept().iter().sum::<Duration>(), WAIT);

    // An earlier decline of the same transaction is not a decision about the new code.
    let declined = take(&client, "700101");
    let wait = Duration::from_secs(5);
    let again = client.pay_by_blik(&declined.transaction_id, BlikPayment::code("700000"), wait);
    let again = again.unwrap();
    assert!(matches!(again.decision, BlikDecision::Undecided { error: None }), "{again:?}");
    assert_eq!(clock.slept().iter().sum::<Duration>(), WAIT + wait);

    // The status could not be read: the error is in the decision, and the id is not lost.
    sandbox
        .tpay()
        .state(|server| assert!(server.refuse_next("transactions.get", 403, "access_denied")));
    let unread = take(&client, "700000");
    let BlikDecision::Undecided { error: Some(error) } = unread.decision else {
        panic!("{unread:?}")
    };
    assert_eq!((error.kind(), error.endpoint()), (ErrorKind::Auth, "transactions.get"));
    assert!(!unread.transaction_id.is_empty());

    // A temporary failure to read the status does not end the wait.
    let id = made(&client, &order(1234));
    let before = clock.slept().iter().sum::<Duration>();
    // The transaction is read, and then paid. The next reads and their retries fail.
    sandbox.tpay().misbehave(Misbehaviour::Delay(Duration::ZERO), 2);
    sandbox.tpay().misbehave(Misbehaviour::BadGateway, 4);
    let again = client.pay_by_blik(&id, BlikPayment::code("700000"), WAIT).unwrap();
    assert!(matches!(again.decision, BlikDecision::Undecided { error: None }), "{again:?}");
    assert!(clock.slept().iter().sum::<Duration>() - before >= WAIT);
}

#[test]
fn blik_payment_whose_response_is_lost_is_read_and_not_paid_again() {
    let (sandbox, _) = sandbox();
    let (client, _) = patient(&sandbox);
    for lost in [Misbehaviour::ResetAfterReading, Misbehaviour::CutBody, Misbehaviour::EmptyBody] {
        let id = made(&client, &order(1234));
        sandbox.tpay().take_seen();
        // The transaction is read, and then paid.
        sandbox.tpay().misbehave(Misbehaviour::Delay(Duration::ZERO), 1);
        sandbox.tpay().misbehave(lost.clone(), 1);
        let paid = client.pay_by_blik(&id, BlikPayment::code("777123"), WAIT).unwrap();
        assert!(matches!(paid.decision, BlikDecision::Paid), "{lost:?}: {paid:?}");
        let seen = sandbox.tpay().take_seen();
        assert_eq!(seen.iter().filter(|seen| seen.request.method == "POST").count(), 1);
    }
}

#[test]
fn blik_alias_in_two_banks_is_a_choice_and_a_cancelled_transaction_is_closed() {
    let (sandbox, client) = sandbox();
    let kind = tpay_client::blik::AliasType::Uid;
    let alias = BlikAlias::new(tpay::AMBIGUOUS_ALIAS, kind).label("Shop");
    let blik = BlikPayment::alias(alias.clone());
    let choice = client.take_blik_payment(&order(500), blik, WAIT).unwrap();
    let BlikDecision::ChooseApplication(applications) = choice.decision else {
        panic!("{choice:?}")
    };
    let key = applications[0].application_code.clone().unwrap();
    let chosen = BlikPayment::alias(alias.key(key));
    let paid = client.pay_by_blik(&choice.transaction_id, chosen, WAIT).unwrap();
    assert!(matches!(paid.decision, BlikDecision::Paid), "{paid:?}");

    // Cancelled between the two requests of the payment: it is rejected, and not declined.
    let id = made(&client, &order(500));
    client.cancel_transaction(&id).unwrap();
    let pending = client.create_transaction(&order(500)).unwrap();
    let closed_meanwhile = Client::builder(tpay::CLIENT_ID, tpay::CLIENT_SECRET)
        .http_basic()
        .transport(move |request: api_auth::Request| {
            let created = serde_json::json!({
                "result": "success", "transactionId": pending.transaction_id, "status": "pending",
            });
            let (status, body) = match (request.method().as_str(), request.uri().path()) {
                ("POST", "/transactions") => (200, created.to_string()),
                ("POST", _) => (409, r#"{"result":"failed"}"#.to_owned()),
                _ => (200, r#"{"result":"success","status":"canceled"}"#.to_owned()),
            };
            let mut response = api_auth::Response::new(body.into_bytes());
            *response.status_mut() = api_auth::StatusCode::from_u16(status).unwrap();
            Ok(response)
        })
        .build()
        .unwrap();
    let closed = closed_meanwhile.take_blik_payment(&order(500), BlikPayment::code("777123"), WAIT);
    let closed = closed.unwrap();
    assert!(matches!(closed.decision, BlikDecision::Closed), "{closed:?}");
    // A closed transaction is not paid.
    sandbox.tpay().take_seen();
    let closed = client.pay_by_blik(&id, BlikPayment::code("777123"), WAIT).unwrap();
    assert!(matches!(closed.decision, BlikDecision::Closed), "{closed:?}");
    let seen = sandbox.tpay().take_seen();
    assert!(seen.iter().all(|seen| seen.request.method == "GET"), "{seen:?}");
}

/// Pays by BLIK on a server that responds with this status and body to the payment, and then has this
/// transaction.
fn pay_with(status: u16, paid: &'static str, read: &'static str) -> BlikDecision {
    let client = Client::builder("id", "secret").retries(0);
    let client =
        client.clock(ManualClock::at_unix(1)).transport(move |request: api_auth::Request| {
            let (status, body) = match (request.method().as_str(), request.uri().path()) {
                (_, "/oauth/auth") => (200, r#"{"access_token":"t","expires_in":7200}"#),
                ("POST", "/transactions") => {
                    (200, r#"{"result":"success","transactionId":"ta_1","status":"pending"}"#)
                }
                ("POST", _) => (status, paid),
                _ => (200, read),
            };
            let mut response = api_auth::Response::new(body.as_bytes().to_vec());
            *response.status_mut() = api_auth::StatusCode::from_u16(status).unwrap();
            Ok(response)
        });
    let client = client.build().unwrap();
    let wait = Duration::from_secs(4);
    client.take_blik_payment(&order(500), BlikPayment::code("777123"), wait).unwrap().decision
}

/// Pays a transaction again, on a server on which it is `before` at first and `after` then. Each
/// request takes `latency`.
fn pay_again(before: &str, after: &str, latency: Duration) -> (BlikResult, ManualClock) {
    let clock = ManualClock::at_unix(1_800_000_000);
    let reads = Mutex::new(VecDeque::from([before.to_owned()]));
    let (after, passing) = (after.to_owned(), clock.clone());
    let client = Client::builder("id", "secret").http_basic().clock(clock.clone());
    let client = client.transport(move |request: api_auth::Request| {
        passing.advance(latency);
        let body = match request.method().as_str() {
            "POST" => r#"{"result":"success","status":"pending"}"#.to_owned(),
            _ => reads.lock().unwrap().pop_front().unwrap_or_else(|| after.clone()),
        };
        Ok(api_auth::Response::new(body.into_bytes()))
    });
    let client = client.build().unwrap();
    let wait = Duration::from_secs(10);
    (client.pay_by_blik("ta_1", BlikPayment::code("777123"), wait).unwrap(), clock)
}

fn pending_with(attempts: &str, payment: &str) -> String {
    format!(
        r#"{{"result":"success","status":"pending","payments":{{"status":"{payment}","attempts":[{attempts}]}}}}"#
    )
}

#[test]
fn late_decline_of_an_earlier_attempt_is_no_decision_about_the_new_code() {
    let at = |second: u8, code: &str| {
        format!(r#"{{"date":"2026-11-22 01:20:{second}","paymentErrorCode":{code}}}"#)
    };
    let (open, late) = (at(10, "null"), at(10, r#""104""#));
    let undated = |code: &str| format!(r#"{{"paymentErrorCode":{code}}}"#);
    for (before, after) in [
        (open.clone(), late.clone()),
        (format!("{open},{}", at(11, r#""63""#)), format!("{},{late}", at(11, r#""63""#))),
        (undated("null"), undated(r#""104""#)),
        // The status is that of the earlier attempt.
        (open.clone(), open.clone()),
    ] {
        for payment in ["pending", "declined"] {
            let before = pending_with(&before, "pending");
            let after = pending_with(&after, payment);
            let (result, _) = pay_again(&before, &after, Duration::ZERO);
            let is_open = matches!(result.decision, BlikDecision::Undecided { error: None });
            assert!(is_open, "{before} {after}: {result:?}");
        }
    }
    // A payment that was declined before, without an attempt in the transaction, proves nothing.
    for (before, is_open) in [("declined", true), ("pending", false)] {
        let (before, after) = (pending_with("", before), pending_with("", "declined"));
        let (result, _) = pay_again(&before, &after, Duration::ZERO);
        match result.decision {
            BlikDecision::Undecided { error: None } => assert!(is_open, "{before}"),
            BlikDecision::Declined { code: None, error: None } => assert!(!is_open, "{before}"),
            other => panic!("{before}: {other:?}"),
        }
    }
    // The decline of the new attempt is one, even in the same second as the earlier attempt.
    for (before, after) in [
        (open.clone(), format!("{late},{}", at(40, r#""101""#))),
        (open.clone(), format!("{open},{}", at(40, r#""101""#))),
        (late.clone(), format!("{},{late}", at(10, r#""104""#))),
        (undated(r#""63""#), format!("{},{}", undated(r#""63""#), undated(r#""101""#))),
    ] {
        let (before, after) = (pending_with(&before, "pending"), pending_with(&after, "declined"));
        let (result, _) = pay_again(&before, &after, Duration::ZERO);
        let BlikDecision::Declined { code, .. } = result.decision else {
            panic!("{before} {after}: {result:?}")
        };
        let expected = if after.contains("101") { "101" } else { "104" };
        assert!(before.contains("63") || code.unwrap().as_str() == expected);
    }
}

#[test]
fn wait_of_a_blik_payment_includes_its_requests() {
    let pending = pending_with("", "pending");
    // Reading and paying take 6 of 10 seconds, and each later read 3.
    let (result, clock) = pay_again(&pending, &pending, Duration::from_secs(3));
    assert!(matches!(result.decision, BlikDecision::Undecided { error: None }), "{result:?}");
    assert_eq!(clock.slept(), [Duration::from_secs(2)]);
    // If no time is left, the payment is sent, and its status is not requested.
    let (result, clock) = pay_again(&pending, &pending, Duration::from_secs(30));
    assert!(matches!(result.decision, BlikDecision::Undecided { error: None }), "{result:?}");
    assert!(clock.slept().is_empty());
}

#[test]
fn rejected_blik_payment_is_not_a_declined_one() {
    const PENDING: &str = r#"{"result":"success","status":"pending"}"#;
    const CORRECT: &str = r#"{"result":"success","status":"correct"}"#;
    const FAILED: &str = r#"{"result":"failed"}"#;
    const ALTERNATIVES: &str = r#"{"result":"success","status":"pending","payments":{"status":"pending",
        "alternatives":[{"applicationCode":"a","applicationName":"A"}]}}"#;
    const DECLINED: &str =
        r#"{"result":"success","status":"pending","payments":{"status":"declined"}}"#;
    const UNSET: &str = r#"{"result":"success","status":"pending","payments":{"status":"pending",
        "attempts":[{"date":"2026-01-01 10:00:00","paymentErrorCode":""}]}}"#;
    for status in [401, 403, 409, 429] {
        let decision = pay_with(status, FAILED, PENDING);
        assert!(matches!(decision, BlikDecision::Rejected { .. }), "{status} {decision:?}");
        let decision = pay_with(status, FAILED, CORRECT);
        assert!(matches!(decision, BlikDecision::Paid), "{status} {decision:?}");
    }
    let decision = pay_with(400, FAILED, PENDING);
    assert!(matches!(decision, BlikDecision::Declined { .. }), "{decision:?}");
    // The response to the payment is lost, and the transaction has the result.
    let decision = pay_with(502, "", ALTERNATIVES);
    assert!(matches!(decision, BlikDecision::ChooseApplication(_)), "{decision:?}");
    // The status of the only payment shows that it was declined.
    let decision = pay_with(502, "", DECLINED);
    let is_declined = matches!(decision, BlikDecision::Declined { code: None, error: None });
    assert!(is_declined, "{decision:?}");
    for read in [PENDING, UNSET] {
        let decision = pay_with(502, "", read);
        assert!(matches!(decision, BlikDecision::Undecided { error: Some(_) }), "{decision:?}");
    }
    // A response without a status is no decision.
    let decision = pay_with(200, r#"{"result":"success","transactionId":"ta_1"}"#, CORRECT);
    assert!(matches!(decision, BlikDecision::Paid), "{decision:?}");
}

#[test]
fn references_are_unique_ulids_and_find_their_transaction() {
    let (sandbox, client) = sandbox();
    let ids: std::collections::HashSet<String> =
        (0..100).map(|_| client.reference_id().unwrap()).collect();
    assert_eq!(ids.len(), 100);
    let crockford = |digit: char| "0123456789ABCDEFGHJKMNPQRSTVWXYZ".contains(digit);
    assert!(ids.iter().all(|id| id.len() == 26 && id.chars().all(crockford)));
    let random: std::collections::HashSet<char> =
        ids.iter().flat_map(|id| id.chars().skip(10)).collect();
    assert_eq!(random.len(), 32, "each digit occurs among 1600 random ones");
    // They begin with the time of the client's clock.
    let (patient, _) = patient(&sandbox);
    let time = patient.reference_id().unwrap().get(..10).unwrap().to_owned();
    let milliseconds = time.chars().fold(0_u64, |sum, digit| {
        sum * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".find(digit).unwrap() as u64
    });
    assert_eq!(milliseconds, 1_800_000_000_000);

    let reference = client.reference_id().unwrap();
    sandbox.tpay().misbehave(Misbehaviour::Delay(Duration::ZERO), 1);
    sandbox.tpay().misbehave(Misbehaviour::ResetAfterReading, 1);
    let lost = order(1234).hidden_description(&reference);
    assert!(client.create_transaction(&lost).unwrap_err().outcome_unknown());
    made(&client, &order(1234).hidden_description("other"));
    let now = i64::try_from(api_sandbox::SandboxClock::default().unix()).unwrap();
    let since = tpay_client::UnixTime::from_seconds(now - 300);
    let found = client.find_transactions(&reference, &ListTransactions::new().from(since)).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].hidden_description.as_ref(), Some(&reference));
    let created = found[0].date.as_ref().unwrap().creation_time().unwrap();
    assert!((since.seconds()..=now + 300).contains(&created.seconds()), "{created}");
    let none = client.find_transactions("unknown", &ListTransactions::new()).unwrap();
    assert!(none.is_empty());
}
