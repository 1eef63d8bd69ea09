//! Notifications: what is believed, what is refused, and when a certificate is fetched.

#![cfg(feature = "notifications")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tpay_client::http::HeaderMap;
use tpay_client::*;

const NOW: u64 = 1_795_305_600;

/// What the host of certificates serves, and what it was asked for.
#[derive(Default)]
struct Host {
    pem: Option<&'static str>,
    asked: Vec<String>,
}

fn client(host: &Arc<Mutex<Host>>, clock: &ManualClock) -> Client {
    let host = host.clone();
    Client::builder("id", "secret")
        .clock(clock.clone())
        .retries(0)
        .transport(move |request: Request| -> Result<Response, TransportError> {
            let mut host = host.lock().unwrap();
            host.asked.push(request.uri().to_string());
            let mut response = Response::new(host.pem.unwrap_or_default().as_bytes().to_vec());
            if host.pem.is_none() {
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            }
            Ok(response)
        })
        .build()
        .unwrap()
}

fn setup(pem: Option<&'static str>) -> (Client, Notifications, Arc<Mutex<Host>>, ManualClock) {
    let host = Arc::new(Mutex::new(Host { pem, asked: Vec::new() }));
    let clock = ManualClock::at_unix(NOW);
    let client = client(&host, &clock);
    let reader = client.notifications().unwrap().anchors(testing::ANCHORS).unwrap();
    (client, reader, host, clock)
}

fn asked(host: &Arc<Mutex<Host>>) -> usize {
    host.lock().unwrap().asked.len()
}

fn body() -> Vec<u8> {
    testing::payment("TR-BRA-KGZK0X", grosze(1234), "zamówienie/ą 1", "code").into_bytes()
}

#[test]
fn a_certificate_is_fetched_once_an_hour() {
    let (client, reader, host, clock) = setup(Some(testing::CERTIFICATE));
    let signature = testing::sign(&client, &body()).unwrap();
    for _ in 0..3 {
        reader.read(&signature, &body()).unwrap();
    }
    assert_eq!(asked(&host), 1);
    assert_eq!(host.lock().unwrap().asked[0], "https://secure.tpay.com/x509/notifications-jws.pem");
    clock.advance(Duration::from_secs(3599));
    reader.read(&signature, &body()).unwrap();
    assert_eq!(asked(&host), 1);
    clock.advance(Duration::from_secs(1));
    reader.read(&signature, &body()).unwrap();
    assert_eq!(asked(&host), 2);
}

#[test]
fn a_certificate_that_was_replaced_is_fetched_again_but_not_for_every_junk() {
    // The root signs nothing, but is a certificate with another key.
    let (client, reader, host, clock) = setup(Some(testing::ANCHORS));
    let signature = testing::sign(&client, &body()).unwrap();
    assert_eq!(reader.read(&signature, &body()).unwrap_err().kind(), ErrorKind::Verify);
    assert_eq!(asked(&host), 1);
    host.lock().unwrap().pem = Some(testing::CERTIFICATE);
    for _ in 0..5 {
        assert!(reader.read(&signature, &body()).is_err());
    }
    assert_eq!(asked(&host), 1, "not again within ten seconds");
    clock.advance(Duration::from_secs(10));
    reader.read(&signature, &body()).unwrap();
    assert_eq!(asked(&host), 2);
    clock.advance(Duration::from_secs(60));
    for _ in 0..5 {
        assert!(reader.read(&signature, b"junk").is_err());
    }
    assert_eq!(asked(&host), 3, "junk makes one more fetch and not five");
    reader.read(&signature, &body()).unwrap();
    assert_eq!(asked(&host), 3);
}

#[test]
fn junk_with_other_names_does_not_displace_the_usual_certificate() {
    let (client, reader, host, _) = setup(Some(testing::CERTIFICATE));
    let usual = testing::sign(&client, &body()).unwrap();
    reader.read(&usual, &body()).unwrap();
    for name in ["a.pem", "b.pem", "c.pem"] {
        let x5u = format!("https://secure.tpay.com/x509/{name}");
        let key = include_str!("../src/notifications/testing/key.pem");
        let signature = testing::sign_with(key, &x5u, &body()).unwrap();
        let _ = reader.read(&signature, &body());
    }
    assert_eq!(asked(&host), 2, "one other name within ten seconds");
    reader.read(&usual, &body()).unwrap();
    assert_eq!(asked(&host), 2);
}

#[test]
fn without_a_certificate_the_sender_is_asked_to_come_again() {
    let (client, reader, host, clock) = setup(None);
    let signature = testing::sign(&client, &body()).unwrap();
    for _ in 0..3 {
        let error = reader.read(&signature, &body()).unwrap_err();
        assert_eq!(NotificationReply::to_error(&error).status, 503, "{error}");
    }
    assert_eq!(asked(&host), 1);
    clock.advance(Duration::from_secs(10));
    host.lock().unwrap().pem = Some(testing::CERTIFICATE);
    reader.read(&signature, &body()).unwrap();
}

#[test]
fn one_flipped_bit_anywhere_is_refused() {
    let (client, reader, _, _) = setup(None);
    let reader = reader.certificate(testing::CERTIFICATE);
    let body = body();
    let signature = testing::sign(&client, &body).unwrap();
    reader.verify(&signature, &body).unwrap();
    for at in 0..body.len() {
        let mut changed = body.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(reader.verify(&signature, &changed).is_err(), "byte {at} of the body");
    }
    for at in 0..signature.len() {
        let mut changed = signature.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        let error = reader.verify(&changed, &body).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Verify, "byte {at} of the signature");
    }
    for cut in 0..signature.len() {
        assert!(reader.verify(signature.get(..cut).unwrap(), &body).is_err(), "{cut}");
    }
}

#[test]
fn a_certificate_is_not_valid_before_or_after_its_dates() {
    for (now, valid) in [(1_672_531_199, false), (1_672_531_200, true), (2_619_302_401, false)] {
        let host = Arc::new(Mutex::new(Host::default()));
        let client = client(&host, &ManualClock::at_unix(now));
        let reader = client.notifications().unwrap().anchors(testing::ANCHORS).unwrap();
        let reader = reader.certificate(testing::CERTIFICATE);
        let signature = testing::sign(&client, &body()).unwrap();
        assert_eq!(reader.verify(&signature, &body()).is_ok(), valid, "{now}");
    }
}

#[test]
fn only_the_exact_place_of_the_environment_is_allowed() {
    let (_, reader, host, _) = setup(Some(testing::CERTIFICATE));
    let key = include_str!("../src/notifications/testing/key.pem");
    for x5u in [
        "https://secure.sandbox.tpay.com/x509/notifications-jws.pem",
        "https://secure.tpay.com.evil.example/x509/notifications-jws.pem",
        "https://secure.tpay.com@evil.example/x509/notifications-jws.pem",
        "https://evil.example/https://secure.tpay.com/x509/notifications-jws.pem",
        "http://secure.tpay.com/x509/notifications-jws.pem",
        "https://secure.tpay.com:444/x509/notifications-jws.pem",
        "https://secure.tpay.com/x509/../notifications-jws.pem",
        "https://secure.tpay.com/x509/a/b.pem",
        "https://secure.tpay.com/x509/a%2fb.pem",
        "https://secure.tpay.com/x509/a.pem?x=1",
        "https://secure.tpay.com/x509/a.pem#x",
        "https://secure.tpay.com/x509/..",
        "https://secure.tpay.com/x509/",
        "https://secure.tpay.com/notifications-jws.pem",
        "",
    ] {
        let signature = testing::sign_with(key, x5u, &body()).unwrap();
        let error = reader.read(&signature, &body()).unwrap_err();
        assert!(error.to_string().contains("not allowed"), "{x5u}: {error}");
        assert_eq!(NotificationReply::to_error(&error).status, 400);
    }
    assert_eq!(asked(&host), 0, "nothing of it is fetched");
}

#[test]
fn the_header_must_be_there_once() {
    let (client, reader, _, _) = setup(Some(testing::CERTIFICATE));
    let body = body();
    let signature = testing::sign(&client, &body).unwrap();
    let mut headers = HeaderMap::new();
    let missing = reader.read_request(&headers, &body).unwrap_err();
    assert!(missing.to_string().contains("missing"), "{missing}");
    headers.append("X-JWS-Signature", signature.parse().unwrap());
    reader.read_request(&headers, &body).unwrap();
    headers.append("x-jws-signature", signature.parse().unwrap());
    assert_eq!(reader.read_request(&headers, &body).unwrap_err().kind(), ErrorKind::Verify);
}

#[test]
fn the_md5sum_counts_only_with_a_code() {
    let (client, reader, _, _) = setup(Some(testing::CERTIFICATE));
    let signature = testing::sign(&client, &body()).unwrap();
    let reader = reader.security_code("");
    reader.read(&signature, &body()).unwrap();
    let reader = reader.security_code("another code");
    let error = reader.read(&signature, &body()).unwrap_err();
    assert!(error.to_string().contains("md5sum"), "{error}");
    reader.security_code("code").read(&signature, &body()).unwrap();
}

fn read(body: &str) -> Notification {
    let (client, reader, _, _) = setup(Some(testing::CERTIFICATE));
    let signature = testing::sign(&client, body.as_bytes()).unwrap();
    reader.read(&signature, body.as_bytes()).unwrap_or_else(|error| panic!("{body}: {error}"))
}

#[test]
fn each_kind_has_its_reply_and_its_key() {
    let json = r#"{"result":true}"#;
    for (body, reply, key) in [
        (
            "id=1&tr_id=TR-1&tr_status=PAID&tr_date=2026-11-22+01%3A20%3A18&new=kept",
            "TRUE",
            "TR-1:paid:2026-11-22 01:20:18",
        ),
        (
            "id=1&event=ALIAS_REGISTER&msg_value%5Bvalue%5D=u%2F1&msg_value%5Btype%5D=UID",
            "TRUE",
            "alias:ALIAS_REGISTER:UID:u/1:",
        ),
        (
            r#" {"id":1010,"event":"ALIAS_UNREGISTER","msg_value":{"value":"u/1","type":"UID"}}"#,
            "TRUE",
            "alias:ALIAS_UNREGISTER:UID:u/1:",
        ),
        (
            r#"{"type":"tokenization","data":{"tokenizationId":"TO-1","token":"CANARY"}}"#,
            json,
            "tokenization:TO-1",
        ),
        (
            r#"{"type":"tokenization_eisop","data":{"tokenizationId":"TO-2"}}"#,
            json,
            "tokenization:TO-2",
        ),
        (
            r#"{"type":"marketplace_transaction","data":{"transactionId":"M","transactionStatus":"correct","transactionDate":"d","transactionAmount":12.34}}"#,
            json,
            "marketplace:M:correct:d",
        ),
        (
            r#"{"recurringId":"R","transactionId":"T","iterationCount":2,"iterationAttemptCount":"1","status":"correct"}"#,
            "TRUE",
            "recurring:R:T:2:1:correct",
        ),
    ] {
        let notification = read(body);
        assert_eq!(notification.accept().body, reply, "{body}");
        assert_eq!(notification.accept().status, 200);
        assert_eq!(notification.key(), key, "{body}");
        assert_eq!(read(body).key(), key, "the same for a repeated delivery");
        assert!(!format!("{notification:?}").contains("CANARY"));
    }
    let update = read(r#"{"type":"token_update","data":{"token":"CANARY"}}"#);
    assert!(update.key().starts_with("token_update:") && !update.key().contains("CANARY"));
    assert_eq!(update.accept().body, json);
    let later = read(r#"{"type":"something_new","data":{}}"#);
    assert!(matches!(&later, Notification::Other(other) if other.kind.is_some()));
    assert_eq!(later.accept().body, json);
    let form = read("a=b");
    assert!(matches!(&form, Notification::Other(other) if other.kind.is_none()));
    assert_eq!(form.accept().body, "TRUE", "a form is answered as forms are");
}

#[test]
fn a_payment_is_read_field_by_field() {
    let body = "id=1010&tr_id=TR-3HFD-TST24X&tr_date=2026&tr_crc=&tr_amount=5&tr_paid=4.50&tr_desc=d\
                &tr_status=chargeback&tr_error=surcharge&tr_email=a%40x&tr_currency=EUR&tr_channel=64\
                &card_token=CANARY&token_expiry_date=1228&card_tail=0016&card_brand=visa\
                &tokenPaymentData_tokenValue=CANARY&wallet=w&md5sum=0";
    let Notification::Payment(payment) = read(body) else { panic!("no payment") };
    assert_eq!((payment.amount, payment.paid), (Some(grosze(500)), Some(grosze(450))));
    assert!(payment.paid < payment.amount && !payment.is_paid() && payment.test_mode);
    assert_eq!(payment.status, NotificationStatus::Chargeback);
    assert_eq!(payment.currency, Some(Currency::Eur));
    assert_eq!(payment.card_token.as_ref().unwrap().expose(), "CANARY");
    assert_eq!(payment.token_value.as_ref().unwrap().expose(), "CANARY");
    assert_eq!(payment.fields["wallet"], "w");
    assert!(!format!("{payment:?} {payment:#?}").contains("CANARY"));
    assert!(!payment.md5sum_holds(&"code".into()));
}

#[test]
fn a_payment_is_a_test_by_its_mode_or_by_the_title_of_the_test_button() {
    for (title, mode, test) in [
        ("TR-BRA-KGZK0X", "0", false),
        ("TR-BRA-KGZK0X", "1", true),
        ("TR-3HFD-TST24X", "0", true),
        ("TR-3HFD-TST24X", "1", true),
        ("XX-3HFD-TST24X", "0", false),
        ("TR-3HFD-TST2AX", "0", false),
        ("TR-3HFD-TST24", "0", false),
        ("TR-TST24X-3HFD", "0", false),
    ] {
        let body = format!("tr_id={title}&tr_status=TRUE&test_mode={mode}");
        let Notification::Payment(payment) = read(&body) else { panic!("no payment") };
        assert_eq!(payment.test_mode, test, "{title} {mode}");
    }
}

#[test]
fn only_what_was_made_is_paid() {
    for (status, paid) in
        [("TRUE", true), ("true", true), ("PAID", true), ("CHARGEBACK", false), ("FALSE", false)]
    {
        let body = format!("tr_id=TR-1&tr_status={status}");
        let Notification::Payment(payment) = read(&body) else { panic!("no payment") };
        assert_eq!(payment.is_paid(), paid, "{status}");
    }
    let Notification::Payment(payment) = read("tr_id=TR-1") else { panic!("no payment") };
    assert!(!payment.is_paid());
}

#[test]
fn a_client_of_a_proxy_takes_the_addresses_of_tpay_and_fetches_through_the_proxy() {
    let host = Arc::new(Mutex::new(Host { pem: Some(testing::CERTIFICATE), asked: Vec::new() }));
    let asked = host.clone();
    let client = Client::builder("id", "secret")
        .environment(Environment::custom("https://proxy.example/tpay"))
        .clock(ManualClock::at_unix(NOW))
        .transport(move |request: Request| -> Result<Response, TransportError> {
            let mut host = asked.lock().unwrap();
            host.asked.push(request.uri().to_string());
            Ok(Response::new(host.pem.unwrap().as_bytes().to_vec()))
        })
        .build()
        .unwrap();
    let key = include_str!("../src/notifications/testing/key.pem");
    let reader = || client.notifications().unwrap().anchors(testing::ANCHORS).unwrap();
    for name in ["notifications-jws.pem", "next.pem"] {
        let x5u = format!("https://secure.tpay.com/x509/{name}");
        let signature = testing::sign_with(key, &x5u, &body()).unwrap();
        let refused = reader().verify(&signature, &body()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Verify, "not its own address");
        let led = reader().certificates_at("https://secure.tpay.com/");
        led.verify(&signature, &body()).unwrap();
        let asked = std::mem::take(&mut host.lock().unwrap().asked);
        assert_eq!(asked, [format!("https://proxy.example/tpay/x509/{name}")]);
    }
}

#[test]
fn json_that_cannot_be_read_is_a_decode_error_and_no_panic() {
    let (client, reader, _, _) = setup(Some(testing::CERTIFICATE));
    for body in ["{", r#"{"type":"tokenization"}"#, r#"{"type":"token_update","data":[1]}"#] {
        let signature = testing::sign(&client, body.as_bytes()).unwrap();
        let error = reader.read(&signature, body.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        assert_eq!(NotificationReply::to_error(&error).status, 400);
    }
    for body in [&b""[..], b"\xff\xfe", b"%%%", b"&&==&", b"tr_id"] {
        let signature = testing::sign(&client, body).unwrap();
        let _ = reader.read(&signature, body);
    }
}

#[test]
fn anchors_without_a_root_are_refused() {
    let (_, reader, _, _) = setup(None);
    let leaf = testing::CERTIFICATE;
    let error = reader.anchors(leaf).unwrap_err();
    assert!(error.to_string().contains("no root"), "{error}");
    let (_, reader, _, _) = setup(None);
    assert_eq!(reader.anchors("nonsense").unwrap_err().argument(), "trust anchors");
}

#[test]
fn the_compiled_in_anchors_are_those_of_the_environment() {
    for environment in [Environment::Production, Environment::Sandbox] {
        let client = Client::builder("id", "s")
            .environment(environment)
            .transport(|_: Request| -> Result<Response, TransportError> { panic!("was sent") })
            .build()
            .unwrap();
        client.notifications().unwrap();
    }
}
