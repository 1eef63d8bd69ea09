//! Tests which notifications are accepted and rejected, and when a certificate is fetched.

#![cfg(feature = "notifications")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tpay_client::api_auth::http::HeaderMap;
use tpay_client::api_auth::{ManualClock, Params, Request, Response, StatusCode, TransportError};
use tpay_client::blik::*;
use tpay_client::cards::CardExpiry;
use tpay_client::notifications::events::*;
use tpay_client::notifications::*;
use tpay_client::*;

const NOW: u64 = 1_795_305_600;

/// The files that the certificate host serves, and the requests that it received.
#[derive(Default)]
struct Host {
    pem: Option<&'static str>,
    requested: Vec<String>,
}

fn client(host: &Arc<Mutex<Host>>, clock: &ManualClock) -> Client {
    let host = host.clone();
    Client::builder("id", "secret")
        .clock(clock.clone())
        .retries(0)
        .transport(move |request: Request| -> Result<Response, TransportError> {
            let mut host = host.lock().unwrap();
            host.requested.push(request.uri().to_string());
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
    let host = Arc::new(Mutex::new(Host { pem, requested: Vec::new() }));
    let clock = ManualClock::at_unix(NOW);
    let client = client(&host, &clock);
    let reader = client.notifications().unwrap().anchors(testing::ANCHORS).unwrap();
    (client, reader.merchant_id("1010"), host, clock)
}

fn requested(host: &Arc<Mutex<Host>>) -> usize {
    host.lock().unwrap().requested.len()
}

fn body() -> Vec<u8> {
    testing::payment("TR-BRA-KGZK0X", grosze(1234), "zamówienie/ą 1", "code").into_bytes()
}

#[test]
fn certificate_is_fetched_once_an_hour() {
    let (client, reader, host, clock) = setup(Some(testing::CERTIFICATE));
    let signature = testing::sign(&client, &body()).unwrap();
    for _ in 0..3 {
        reader.read(&signature, &body()).unwrap();
    }
    assert_eq!(requested(&host), 1);
    assert_eq!(
        host.lock().unwrap().requested[0],
        "https://secure.tpay.com/x509/notifications-jws.pem"
    );
    clock.advance(Duration::from_secs(3599));
    reader.read(&signature, &body()).unwrap();
    assert_eq!(requested(&host), 1);
    clock.advance(Duration::from_secs(1));
    reader.read(&signature, &body()).unwrap();
    assert_eq!(requested(&host), 2);
}

#[test]
fn replaced_certificate_is_fetched_again_but_not_for_every_invalid_message() {
    // The root does not sign notifications, but is a certificate with another key.
    let (client, reader, host, clock) = setup(Some(testing::ANCHORS));
    let requested = |host: &Arc<Mutex<Host>>| {
        let host = host.lock().unwrap();
        host.requested.iter().filter(|url| url.ends_with("/notifications-jws.pem")).count()
    };
    let signature = testing::sign(&client, &body()).unwrap();
    assert_eq!(reader.read(&signature, &body()).unwrap_err().kind(), ErrorKind::Verify);
    assert_eq!(requested(&host), 1);
    host.lock().unwrap().pem = Some(testing::CERTIFICATE);
    for _ in 0..5 {
        assert!(reader.read(&signature, &body()).is_err());
    }
    assert_eq!(requested(&host), 1, "not again within ten seconds");
    clock.advance(Duration::from_secs(10));
    reader.read(&signature, &body()).unwrap();
    assert_eq!(requested(&host), 2);
    clock.advance(Duration::from_secs(60));
    for _ in 0..5 {
        assert!(reader.read(&signature, b"junk").is_err());
    }
    assert_eq!(requested(&host), 3, "five invalid messages cause one fetch");
    reader.read(&signature, &body()).unwrap();
    assert_eq!(requested(&host), 3);
}

#[test]
fn invalid_messages_of_other_names_do_not_evict_the_usual_certificate() {
    let (client, reader, host, _) = setup(Some(testing::CERTIFICATE));
    let usual = testing::sign(&client, &body()).unwrap();
    reader.read(&usual, &body()).unwrap();
    for name in ["a.pem", "b.pem", "c.pem"] {
        let x5u = format!("https://secure.tpay.com/x509/{name}");
        let key = include_str!("../../src/notifications/testing/key.pem");
        let signature = testing::sign_with(key, &x5u, &body()).unwrap();
        let _ = reader.read(&signature, &body());
    }
    assert_eq!(requested(&host), 4, "each name is fetched once");
    reader.read(&usual, &body()).unwrap();
    assert_eq!(requested(&host), 4);
}

#[test]
fn without_a_certificate_the_sender_gets_a_503() {
    let (client, reader, host, clock) = setup(None);
    let signature = testing::sign(&client, &body()).unwrap();
    // Within the pause, no request is sent.
    for endpoint in ["certificates.signing", "", ""] {
        let error = reader.read(&signature, &body()).unwrap_err();
        assert_eq!(NotificationResponse::for_error(&error).status, 503, "{error}");
        assert_eq!(error.endpoint(), endpoint);
    }
    assert_eq!(requested(&host), 1);
    clock.advance(Duration::from_secs(10));
    host.lock().unwrap().pem = Some(testing::CERTIFICATE);
    reader.read(&signature, &body()).unwrap();
}

#[test]
fn one_flipped_bit_anywhere_is_rejected() {
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
fn certificate_is_not_valid_before_or_after_its_dates() {
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
fn only_the_exact_certificate_url_of_the_environment_is_accepted() {
    let (_, reader, host, _) = setup(Some(testing::CERTIFICATE));
    let key = include_str!("../../src/notifications/testing/key.pem");
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
        assert_eq!(NotificationResponse::for_error(&error).status, 400);
    }
    assert_eq!(requested(&host), 0, "no certificate is fetched");
}

#[test]
fn signature_header_must_occur_once() {
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
fn md5sum_is_verified_only_with_a_code() {
    let (client, reader, _, _) = setup(Some(testing::CERTIFICATE));
    let signature = testing::sign(&client, &body()).unwrap();
    let reader = reader.security_code("");
    reader.read(&signature, &body()).unwrap();
    let reader = reader.security_code("another code");
    let error = reader.read(&signature, &body()).unwrap_err();
    assert!(error.to_string().contains("md5sum"), "{error}");
    reader.security_code("code").read(&signature, &body()).unwrap();
}

/// Reads a genuine body and returns the result.
fn try_read(body: impl AsRef<[u8]>) -> Result<Notification, Error> {
    let (client, reader, _, _) = setup(Some(testing::CERTIFICATE));
    let signature = testing::sign(&client, body.as_ref()).unwrap();
    reader.read(&signature, body.as_ref())
}

fn read(body: &str) -> Notification {
    try_read(body).unwrap_or_else(|error| panic!("{body}: {error}"))
}

/// Returns the members of a payment, with the given changes.
fn payment(changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut members: Vec<(String, String)> = [
        ("id", "1010"),
        ("tr_id", "TR-BRA-KGZK0X"),
        ("tr_date", "2026-11-22 01:20:18"),
        ("tr_crc", "order-7"),
        ("tr_amount", "12.34"),
        ("tr_paid", "12.34"),
        ("tr_desc", "Test"),
        ("tr_status", "TRUE"),
        ("tr_error", "none"),
        ("tr_email", "a@example.com"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    for (name, value) in changes {
        members.retain(|(known, _)| known != name);
        members.push(((*name).to_owned(), (*value).to_owned()));
    }
    members
}

fn form(members: &[(String, String)]) -> String {
    let mut params = Params::new();
    for (name, value) in members {
        params.push(name.as_str(), value.as_str());
    }
    api_auth::Encoding::Form.text(&params)
}

/// Returns a body of each kind in both encodings, with the response that acknowledges it.
fn kinds() -> Vec<(&'static str, [String; 2], &'static str)> {
    let token = "a".repeat(64);
    let json = |text: &str| text.replace("TOKEN", &token);
    let payment = payment(&[]);
    let object: serde_json::Map<_, _> =
        payment.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let result = r#"{"result":true}"#;
    vec![
        ("payment", [form(&payment), serde_json::Value::from(object).to_string()], "TRUE"),
        (
            "tokenization",
            [
                json("type=tokenization&data%5BtokenizationId%5D=TO-1&data%5Btoken%5D=TOKEN&data%5BcardBrand%5D=Visa&data[cardTail]=1111&data%5BtokenExpiryDate%5D=0625"),
                json(r#"{"type":"tokenization","data":{"tokenizationId":"TO-1","token":"TOKEN","cardBrand":"Visa","cardTail":"1111","tokenExpiryDate":"0625"}}"#),
            ],
            result,
        ),
        (
            "tokenization by EISOP",
            [
                json("type=tokenization_eisop&data%5BtokenizationId%5D=TO-2&data%5Btoken%5D=TOKEN&data%5BtokenExpiryDate%5D=0625"),
                json(r#"{"type":"tokenization_eisop","data":{"tokenizationId":"TO-2","token":"TOKEN","tokenExpiryDate":"0625"}}"#),
            ],
            result,
        ),
        (
            "token update",
            [
                json("type=token_update&data%5Btoken%5D=TOKEN"),
                json(r#"{"type":"token_update","data":{"token":"TOKEN"}}"#),
            ],
            result,
        ),
        (
            "marketplace",
            [
                "type=marketplace_transaction&data%5BtransactionId%5D=M&data%5BtransactionAmount%5D=1234.56&data%5BtransactionPaidAmount%5D=1234.56&data%5BtransactionDate%5D=2026&data%5BtransactionStatus%5D=correct".to_owned(),
                r#"{"type":"marketplace_transaction","data":{"transactionId":"M","transactionAmount":"1234.56","transactionPaidAmount":1234.56,"transactionDate":"2026","transactionStatus":"correct"}}"#.to_owned(),
            ],
            result,
        ),
        (
            "alias",
            [
                "id=1010&event=ALIAS_REGISTER&msg_value%5Bvalue%5D=u%2F1&msg_value%5Btype%5D=UID&msg_value%5BexpirationDate%5D=2028-01-01".to_owned(),
                r#"{"id":1010,"event":"ALIAS_REGISTER","msg_value":{"value":"u/1","type":"UID","expirationDate":"2028-01-01"}}"#.to_owned(),
            ],
            "TRUE",
        ),
        (
            "recurring",
            [
                "recurringId=01KHXNTSWXP42CYFTF5TM3FJJY&transactionId=TR-1&iterationCount=2&iterationAttemptCount=1&status=active&reason=".to_owned(),
                r#"{"recurringId":"01KHXNTSWXP42CYFTF5TM3FJJY","transactionId":"TR-1","iterationCount":"2","iterationAttemptCount":1,"status":"active","reason":null}"#.to_owned(),
            ],
            result,
        ),
    ]
}

#[test]
fn every_kind_is_read_alike_as_a_form_and_as_json() {
    for (kind, bodies, reply) in kinds() {
        let [form, json] = bodies.clone().map(|body| read(&body));
        for notification in [&form, &json] {
            assert_eq!(notification.accept().body, reply, "{kind}");
            assert_eq!(notification.accept().status, 200, "{kind}");
            assert!(!format!("{notification:?}").contains("aaaa"), "{kind}");
        }
        match (form.key(), json.key()) {
            (Some(form), Some(json)) => assert_ne!(form, json, "{kind}: the bodies differ"),
            keys => assert!(keys == (None, None) && ["alias", "token update"].contains(&kind)),
        }
        // Except for the key, the two are the same.
        let debug = |notification: &Notification| {
            format!("{notification:?}").replace(notification.key().unwrap_or_default(), "")
        };
        assert_eq!(debug(&form), debug(&json), "{kind}");
        match (form, json) {
            (Notification::Payment(form), Notification::Payment(json)) => {
                assert_eq!((form.amount, &form.email), (json.amount, &json.email));
                assert_eq!(form.amount, grosze(1234));
                assert_eq!((&form.crc, &json.crc), (&"order-7".into(), &"order-7".into()));
            }
            (Notification::Tokenization(form), Notification::Tokenization(json)) => {
                assert_eq!(form.token, json.token);
                assert_eq!(form.token_expiry_date.as_deref(), Some("0625"));
            }
            (Notification::TokenUpdate(form), Notification::TokenUpdate(json)) => {
                assert_eq!((form.token.is_some(), &form.token), (true, &json.token));
            }
            (Notification::Marketplace(form), Notification::Marketplace(json)) => {
                assert_eq!(form.transaction_amount, json.transaction_amount);
                assert_eq!(form.transaction_amount, Some(grosze(123_456)));
                assert_eq!(json.transaction_paid_amount, Some(grosze(123_456)));
            }
            (Notification::Alias(form), Notification::Alias(json)) => {
                assert_eq!(form.aliases, json.aliases);
                assert_eq!((&*form.aliases[0].value, form.aliases.len()), ("u/1", 1));
            }
            (Notification::Recurring(form), Notification::Recurring(json)) => {
                assert_eq!((form.iteration_count, form.reason), (Some(2), None));
                assert_eq!(json.iteration_attempt_count, Some(1));
            }
            (form, json) => panic!("{kind}: {form:?} and {json:?}"),
        }
    }
}

/// Every kind, encoding, merchant and environment, unchanged and tampered with.
#[test]
fn notifications_are_accepted_only_unchanged_and_for_their_merchant_and_environment() {
    let binds = |kind: &str| matches!(kind, "payment" | "alias");
    for (kind, bodies, _) in kinds() {
        for (encoding, body) in ["form", "json"].into_iter().zip(bodies) {
            for environment in [Environment::Production, Environment::Sandbox] {
                let case = format!("{kind} {encoding} {environment:?}");
                let client = Client::builder("id", "secret")
                    .environment(environment.clone())
                    .clock(ManualClock::at_unix(NOW))
                    .transport(|_: Request| Ok(Response::default()))
                    .build()
                    .unwrap();
                let reader = || {
                    let reader = client.notifications().unwrap().certificate(testing::CERTIFICATE);
                    reader.anchors(testing::ANCHORS).unwrap()
                };
                let signature = testing::sign(&client, body.as_bytes()).unwrap();
                let read =
                    |reader: Notifications, body: &str| reader.read(&signature, body.as_bytes());
                assert!(read(reader().merchant_id("1010"), &body).is_ok(), "{case}");
                assert!(read(reader().accept_any_merchant(), &body).is_ok(), "{case}");

                let other = read(reader().merchant_id("6666"), &body);
                let unset = read(reader(), &body);
                if binds(kind) {
                    let (other, unset) = (other.unwrap_err(), unset.unwrap_err());
                    assert!(other.to_string().contains("another merchant"), "{case}: {other}");
                    assert_eq!(NotificationResponse::for_error(&other).status, 400, "{case}");
                    assert_eq!(unset.argument(), Some("merchant_id"), "{case}");
                    assert_eq!(NotificationResponse::for_error(&unset).status, 503, "{case}");
                } else {
                    assert!(other.is_ok() && unset.is_ok(), "{case}: names no merchant");
                }

                for tampered in [body.replace('a', "b"), format!("{body} "), format!("{body}&id=1")]
                {
                    let error = read(reader().accept_any_merchant(), &tampered).unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Verify, "{case}");
                }
                let x5u = match environment {
                    Environment::Production => "https://secure.sandbox.tpay.com",
                    _ => "https://secure.tpay.com",
                };
                let key = include_str!("../../src/notifications/testing/key.pem");
                let x5u = format!("{x5u}/x509/notifications-jws.pem");
                let foreign = testing::sign_with(key, &x5u, body.as_bytes()).unwrap();
                let error = reader().accept_any_merchant().read(&foreign, body.as_bytes());
                assert_eq!(error.unwrap_err().kind(), ErrorKind::Verify, "{case}");
            }
        }
    }
}

#[test]
fn unknown_notifications_are_never_acknowledged() {
    let without = |name: &str| {
        let members = payment(&[]);
        form(&members.into_iter().filter(|(known, _)| known != name).collect::<Vec<_>>())
    };
    for (body, kind) in [
        ("hello".to_owned(), None),
        (String::new(), None),
        ("a=b".to_owned(), None),
        (
            "--boundary\r\ncontent-disposition: form-data; name=\"tr_id\"\r\n\r\nTR-1".to_owned(),
            None,
        ),
        ("{}".to_owned(), None),
        (r#"{"type":"something_new","data":{}}"#.to_owned(), Some("something_new")),
        ("type=something_new&data[token]=CANARY".to_owned(), Some("something_new")),
        (
            r#"{"event":"ALIAS_RENAMED","msg_value":{"value":"u"}}"#.to_owned(),
            Some("ALIAS_RENAMED"),
        ),
        ("event=alias_register&msg_value[value]=u".to_owned(), Some("alias_register")),
    ] {
        let error = try_read(&body).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        assert_eq!(NotificationResponse::for_error(&error).status, 400, "{body}");
        let message = error.message().unwrap_or_default();
        for member in ["type", "event"] {
            let named = message.contains(&format!("an unknown `{member}`"));
            let expected = kind.is_some() && body.replace("{\"", "").starts_with(member);
            assert_eq!(named, expected, "{body}: {message}");
        }
        let other = error.payload::<OtherNotification>().unwrap();
        assert_eq!((other.kind.as_deref(), &other.body[..]), (kind, body.as_bytes()));
        assert!(!format!("{other:?} {error} {error:?}").contains("CANARY"));
    }
    // Bodies of a known kind that lack a required member.
    for body in [
        without("id"),
        without("tr_amount"),
        without("tr_paid"),
        without("tr_status"),
        form(&payment(&[("tr_paid", "1,00")])),
        form(&payment(&[("tr_amount", "")])),
        form(&payment(&[("tr_status", "FALSE")])),
        form(&payment(&[("tr_status", "TRUE PAID")])),
        "tr_id".to_owned(),
        "{\"tr_id\":null}".to_owned(),
        "type=tokenization".to_owned(),
        "type=tokenization&data[tokenizationId]=TO-1".to_owned(),
        r#"{"type":"tokenization","data":null}"#.to_owned(),
        r#"{"type":"token_update","data":{"token":""}}"#.to_owned(),
        r#"{"type":"token_update","data":[1]}"#.to_owned(),
        "type=marketplace_transaction&data[transactionId]=M".to_owned(),
        "id=1010&event=ALIAS_REGISTER".to_owned(),
        "id=1010&event=ALIAS_REGISTER&msg_value=u".to_owned(),
        "id=1010&event=ALIAS_REGISTER&msg_value[value]=".to_owned(),
        r#"{"id":1010,"event":"ALIAS_REGISTER","msg_value":[]}"#.to_owned(),
        r#"{"id":1010,"event":"ALIAS_REGISTER","msg_value":[{"type":"UID"}]}"#.to_owned(),
        r#"{"recurringId":"R"}"#.to_owned(),
        "{".to_owned(),
    ] {
        let error = try_read(&body).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        assert_eq!(NotificationResponse::for_error(&error).status, 400, "{body}");
    }
    for body in [&b"\xff\xfe"[..], b"%%%", b"&&==&", b"a[[]=1&[b]=2&c[d]]=3"] {
        assert!(try_read(body).is_err());
    }
}

#[test]
fn marketplace_payments_need_a_documented_status_and_both_amounts() {
    let body = |change: &str| {
        let members = [
            ("transactionId", r#""M""#),
            ("transactionStatus", r#""correct""#),
            ("transactionAmount", r#""12.34""#),
            ("transactionPaidAmount", "12.34"),
        ];
        let (changed, value) = change.split_once('=').unwrap();
        let members = members.map(|(name, known)| {
            let value = if name == changed { value } else { known };
            if value.is_empty() { String::new() } else { format!(r#""{name}":{value},"#) }
        });
        let members = members.concat();
        format!(r#"{{"type":"marketplace_transaction","data":{{{members}"n":1}}}}"#)
    };
    for status in ["pending", "correct", "refund", "canceled"] {
        let Notification::Marketplace(payment) =
            read(&body(&format!("transactionStatus=\"{status}\"")))
        else {
            panic!("{status}")
        };
        assert_eq!(payment.transaction_status.as_deref(), Some(status));
        assert_eq!(payment.transaction_amount, Some(grosze(1234)));
        assert_eq!(payment.transaction_paid_amount, Some(grosze(1234)));
    }
    for change in [
        "transactionStatus=\"banana\"",
        "transactionStatus=\"Correct\"",
        "transactionStatus=\"\"",
        "transactionStatus=false",
        "transactionStatus=[\"correct\"]",
        "transactionStatus=",
        "transactionAmount=",
        "transactionAmount=null",
        "transactionAmount=\"\"",
        "transactionAmount=\"12,34\"",
        "transactionAmount=true",
        "transactionAmount={\"$serde_json::private::RawValue\":\"1\"}",
        "transactionPaidAmount=",
        "transactionPaidAmount=\"x\"",
        "transactionPaidAmount=1e400",
        "transactionId=true",
        "transactionId=[\"M\"]",
        "transactionId=\"\"",
        "transactionId=",
    ] {
        let error = try_read(body(change)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{change}: {error}");
        assert_eq!(NotificationResponse::for_error(&error).status, 400, "{change}");
    }
}

#[test]
fn ids_that_are_neither_strings_nor_numbers_are_rejected() {
    for body in [
        r#"{"type":"tokenization","data":{"tokenizationId":true,"token":"t"}}"#,
        r#"{"type":"tokenization","data":{"tokenizationId":"1","token":true}}"#,
        r#"{"type":"token_update","data":{"token":false}}"#,
        r#"{"type":"token_update","data":{"token":["t"]}}"#,
        r#"{"recurringId":true,"transactionId":"T","status":"active"}"#,
        r#"{"recurringId":"R","transactionId":false,"status":"active"}"#,
        r#"{"recurringId":"R","transactionId":"T","status":false}"#,
        r#"{"recurringId":"R","transactionId":"T","status":""}"#,
        r#"{"id":1010,"tr_id":true,"tr_amount":1,"tr_paid":1,"tr_status":"TRUE"}"#,
        r#"{"id":1010,"tr_id":"T","tr_amount":1,"tr_paid":1,"tr_status":"TRUE","tr_crc":true}"#,
        r#"{"id":1010,"tr_id":"T","tr_amount":1,"tr_paid":1,"tr_status":"TRUE","tr_currency":["EUR"]}"#,
        r#"{"id":1010,"event":"ALIAS_REGISTER","msg_value":{"value":true}}"#,
        r#"{"id":1010,"event":"ALIAS_REGISTER","msg_value":{"value":["a","b"]}}"#,
        r#"{"id":[1010],"event":"ALIAS_REGISTER","msg_value":{"value":"a"}}"#,
        // Members that determine the kind.
        r#"{"type":["new_kind"],"event":"ALIAS_REGISTER","id":1010,"msg_value":{"value":"a"}}"#,
        r#"{"type":{"a":1},"recurringId":"R","transactionId":"T","status":"active"}"#,
        r#"{"type":false,"recurringId":"R","transactionId":"T","status":"active"}"#,
        r#"{"event":["ALIAS_REGISTER"],"recurringId":"R","transactionId":"T","status":"active"}"#,
        "type[a]=1&recurringId=R&transactionId=T&status=active",
    ] {
        let error = try_read(body).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}: {error}");
        assert_eq!(NotificationResponse::for_error(&error).status, 400, "{body}");
    }
    read(r#"{"type":null,"event":"ALIAS_REGISTER","id":1010,"msg_value":{"value":"a"}}"#);
}

#[test]
fn alias_beside_a_list_of_aliases_is_rejected() {
    for body in [
        "id=1010&event=ALIAS_REGISTER&msg_value[value]=a&msg_value[1][value]=b",
        "id=1010&event=ALIAS_REGISTER&msg_value[value]=a&msg_value[x][value]=b",
        "id=1010&event=ALIAS_REGISTER&msg_value[value]=a&msg_value[1][type]=UID",
        r#"{"id":1010,"event":"ALIAS_REGISTER","msg_value":{"value":"a","1":{"value":"b"}}}"#,
        r#"{"id":1010,"event":"ALIAS_REGISTER","msg_value":{"value":"a","more":[{"value":"b"}]}}"#,
        r#"{"id":1010,"event":"ALIAS_REGISTER","msg_value":{"0":{"value":"a"},"type":"UID"}}"#,
        r#"{"id":1010,"event":"ALIAS_REGISTER","msg_value":[{"value":"a"},{"type":"UID"}]}"#,
        r#"{"id":1010,"event":"ALIAS_REGISTER","msg_value":[{"value":"a"},"b"]}"#,
    ] {
        let error = try_read(body).unwrap_err();
        assert!(error.to_string().contains("msg_value"), "{body}: {error}");
        assert_eq!(NotificationResponse::for_error(&error).status, 400, "{body}");
    }
    let new =
        r#"{"id":1010,"event":"ALIAS_UPDATE","msg_value":{"value":"a","new":{"b":1},"list":[]}}"#;
    let Notification::Alias(alias) = read(new) else { panic!("{new}") };
    assert_eq!((&*alias.aliases[0].value, alias.aliases.len()), ("a", 1));
}

/// Returns a payment as JSON, with another member.
fn json_payment(member: &[u8]) -> Vec<u8> {
    let start = br#"{"id":1010,"tr_id":"TR-1","tr_amount":1,"tr_paid":1,"tr_status":"TRUE","#;
    [start, member, b"}"].concat()
}

#[test]
fn json_payment_with_invalid_strings_that_identify_nothing_is_accepted() {
    for member in [
        &br#""tr_desc":"caf\ud83d""#[..],
        br#""tr_desc":"caf\udc00\ud83d\u0041""#,
        br#""tr_desc":"caf\ud83d\ude00\ud83d""#,
        br#""tr_desc":"\n\"caf\ud83d""#,
        b"\"tr_desc\":\"caf\xe9\"",
        b"\"tr_desc\":\"caf\\\"\xe9\\\\\"",
        b"\"tr_email\":\"\xff\",\"n\xfe\":[\"\xff\"]",
        br#""new":1e400"#,
        br#""new":-1E+400,"newer":123456789012345678901234567890"#,
        br#""new":{"tr_id":"\ud800","token":[1e999,"\udfff"]}"#,
        br#""token":"\ud800","value":"\ud800","\ud800":1"#,
        b"\"data.token\":\"\xff\"",
    ] {
        let body = json_payment(member);
        let shown = String::from_utf8_lossy(&body).into_owned();
        let Notification::Payment(payment) =
            try_read(&body).unwrap_or_else(|error| panic!("{shown}: {error}"))
        else {
            panic!("{shown}")
        };
        assert!(payment.paid_in_full(grosze(100)), "{shown}");
        assert_eq!(payment.description.contains('\u{fffd}'), shown.contains("caf"), "{shown}");
    }
    let Notification::Payment(payment) =
        try_read(json_payment(br#""tr_desc":"\ud83d\ude00\n\"\u0105\/","new":1e400"#)).unwrap()
    else {
        panic!("no payment")
    };
    assert_eq!(payment.description, "😀\n\"ą/");
    assert_eq!(payment.extra.text("new").as_deref(), Some("1e400"));
}

#[test]
fn strings_of_json_that_are_not_utf_8_are_rejected_where_they_identify_something() {
    for body in [
        json_payment(br#""tr_crc":"a\ud83d""#),
        json_payment(b"\"tr_crc\":\"zam\xf3w\""),
        json_payment(br#""card_token":"\udc00""#),
        br#"{"id":"1010","tr_id":"TR-1\ud800","tr_amount":1,"tr_paid":1,"tr_status":"TRUE"}"#
            .to_vec(),
        br#"{"type":"token_update","data":{"token":"tok\ud83d"}}"#.to_vec(),
        b"{\"type\":\"tokenization\",\"data\":{\"tokenizationId\":\"1\",\"token\":\"tok\xff\"}}"
            .to_vec(),
        br#"{"recurringId":"R\ud83d","transactionId":"T","status":"active"}"#.to_vec(),
        br#"{"recurringId":"R","transactionId":"T\udc00","status":"active"}"#.to_vec(),
        br#"{"id":"1010","event":"ALIAS_UPDATE","msg_value":{"value":"u\ud83d"}}"#.to_vec(),
        b"{\"id\":\"1010\",\"event\":\"ALIAS_UPDATE\",\"msg_value\":[{\"value\":\"u\xff\"}]}"
            .to_vec(),
    ] {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let error = try_read(&body).unwrap_err();
        assert!(error.to_string().contains("not UTF-8"), "{shown}: {error}");
        assert_eq!(NotificationResponse::for_error(&error).status, 400, "{shown}");
    }
}

#[test]
fn numbers_of_json_identify_by_all_their_digits() {
    let title = |number: &str| {
        let body = format!(
            r#"{{"id":1010,"tr_id":{number},"tr_amount":1,"tr_paid":1,"tr_status":"TRUE"}}"#
        );
        let Notification::Payment(payment) = read(&body) else { panic!("{number}") };
        payment.title
    };
    for number in
        ["7", "18446744073709551615", "123456789012345678901234567890", "0.12345678901234567891"]
    {
        assert_eq!(title(number), number);
    }
}

#[test]
fn body_that_is_not_exactly_json_is_rejected() {
    let valid = json_payment(br#""new":[[],{},null,true,-0.5e-3,"\u0000"]"#);
    assert!(try_read(&valid).is_ok());
    assert!(try_read([b" \r\n", &valid[..], b"\t"].concat()).is_ok());
    for member in [
        &br#""a":"#[..],
        b"\"a\":1,",
        b"\"a\"",
        b"a:1",
        b"\"a\":01",
        b"\"a\":+1",
        b"\"a\":.5",
        b"\"a\":1.",
        b"\"a\":1e",
        b"\"a\":NaN",
        b"\"a\":tru",
        b"\"a\":nul l",
        b"\"a\":[1,]",
        b"\"a\":[,1]",
        b"\"a\":[1 2]",
        b"\"a\":{\"b\":1,}",
        b"\"a\":{1:1}",
        b"\"a\":\"\\x\"",
        b"\"a\":\"\\u12\"",
        b"\"a\":\"\n\"",
        b"\"a\":\"b",
        b"\"a\":'b'",
        b"\"a\":\xff",
        b"\"a\":1\"b\":2",
        b"\"a\" \"b\"",
        b"\"a\":1}",
        b"\"a\":\xc2\xa01",
        b"\"a\":1/**/",
    ] {
        let body = json_payment(member);
        let error = try_read(&body).unwrap_err();
        let shown = String::from_utf8_lossy(&body).into_owned();
        assert_eq!(error.kind(), ErrorKind::Decode, "{shown}");
        assert_eq!(error.payload::<OtherNotification>().unwrap().body, body, "{shown}");
    }
    let lists = |depth: usize| format!(r#""a":{}{}"#, "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| r#""a":{"#.repeat(depth) + &"}".repeat(depth);
    for deep in [&lists as &dyn Fn(usize) -> String, &objects] {
        assert!(try_read(json_payment(deep(99).as_bytes())).is_ok());
        for depth in [100, 1_000, 100_000] {
            assert!(try_read(json_payment(deep(depth).as_bytes())).is_err(), "{depth}");
        }
    }
}

#[test]
fn object_with_a_reserved_name_is_not_read_as_the_json_in_its_value() {
    for body in [
        json_payment(br#""new":{"$serde_json::private::RawValue":"99"}"#),
        json_payment(br#""new":[{"a":{"\u0024serde_json::private::RawValue":"99"}}]"#),
        json_payment(br#""$serde_json::private::RawValue":"99""#),
        br#"{"id":1010,"tr_id":"T","tr_amount":1,"tr_paid":{"$serde_json::private::RawValue":"99"},"tr_status":"TRUE"}"#.to_vec(),
        br#"{"$serde_json::private::RawValue":"{\"type\":\"token_update\",\"data\":{\"token\":\"t\"}}"}"#.to_vec(),
        br#"{"type":"token_update","data":{"token":{"$serde_json::private::RawValue":"\"t\""}}}"#.to_vec(),
        b"id=1010&tr_id=T&tr_amount=1&tr_paid[$serde_json::private::RawValue]=99&tr_status=TRUE".to_vec(),
        b"id=1010&tr_id=T&tr_amount=1&tr_paid[%24serde_json::private::RawValue]=99&tr_status=TRUE".to_vec(),
    ] {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let error = try_read(&body).unwrap_err();
        assert!(error.to_string().contains("reserved name"), "{shown}: {error}");
        assert_eq!(NotificationResponse::for_error(&error).status, 400, "{shown}");
    }
}

#[test]
fn alias_events_are_read_from_one_object_or_a_list() {
    for body in [
        r#"{"id":"1010","event":"ALIAS_EXPIRED","msg_value":[{"value":"u1","type":"UID"},{"value":"u2","type":"PAYID"}]}"#,
        "id=1010&event=ALIAS_EXPIRED&msg_value[0][value]=u1&msg_value[0][type]=UID&msg_value[1][value]=u2&msg_value[1][type]=PAYID",
    ] {
        let Notification::Alias(alias) = read(body) else { panic!("{body}") };
        let read: Vec<_> = alias.aliases.iter().map(|a| (&*a.value, a.kind.clone())).collect();
        assert_eq!(read, [("u1", Some(AliasType::Uid)), ("u2", Some(AliasType::PayId))], "{body}");
        assert_eq!(alias.event, AliasEventKind::Expired);
    }
    let number = r#"{"id":"1010","event":"ALIAS_EXPIRED","msg_value":[{"value":12345678901234567890123,"type":"UID"}]}"#;
    let Notification::Alias(alias) = read(number) else { panic!("{number}") };
    assert_eq!(alias.aliases[0].value, "12345678901234567890123");
    let numbers = r#"{"id":"1010","event":"ALIAS_EXPIRED","msg_value":{"value":42,"type":7,"expirationDate":2028}}"#;
    let Notification::Alias(alias) = read(numbers) else { panic!("{numbers}") };
    let one = &alias.aliases[0];
    assert_eq!((&*one.value, one.expiration_date.as_deref()), ("42", Some("2028")));
    assert_eq!(one.kind, Some(AliasType::from("7")));
}

/// A marketplace payment.
const MARKETPLACE: &str = "type=marketplace_transaction&data[transactionId]=M&data[transactionStatus]=correct&data[transactionAmount]=1.00&data[transactionPaidAmount]=1.00&data[transactionDate]=2026-11-22";

#[test]
fn keys_are_equal_for_repeated_deliveries_of_one_event_only() {
    let charge = "recurringId=R&transactionId=TR-1&iterationCount=1&status=active";
    let bodies = [
        form(&payment(&[])),
        // Two partial refunds of one transaction within a second.
        form(&payment(&[("tr_status", "CHARGEBACK"), ("tr_paid", "20.00")])),
        form(&payment(&[("tr_status", "CHARGEBACK"), ("tr_paid", "30.00")])),
        // Another merchant's payment.
        form(&payment(&[("id", "1011")])),
        form(&payment(&[("tr_date", "")])),
        "type=tokenization&data[tokenizationId]=TO-1&data[token]=t".to_owned(),
        MARKETPLACE.to_owned(),
        format!("{charge}&iterationAttemptCount=1"),
        format!("{charge}&iterationAttemptCount=2"),
        "recurringId=R&transactionId=&iterationCount=1&iterationAttemptCount=1&status=failed"
            .into(),
        charge.to_owned(),
    ];
    let (client, _, _, _) = setup(None);
    let reader = client.notifications().unwrap().anchors(testing::ANCHORS).unwrap();
    let reader = reader.certificate(testing::CERTIFICATE).accept_any_merchant();
    let key = |body: &str| {
        let signature = testing::sign(&client, body.as_bytes()).unwrap();
        reader.read(&signature, body.as_bytes()).unwrap().key().map(str::to_owned)
    };
    let keys: std::collections::HashSet<String> =
        bodies.iter().map(|body| key(body).unwrap()).collect();
    assert_eq!(keys.len(), bodies.len());
    for body in &bodies {
        let key = key(body).unwrap();
        assert!(keys.contains(&key), "the same for a repeated delivery");
        assert!(key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}

#[test]
fn events_whose_bodies_may_be_equal_have_no_key() {
    for body in [
        // Two updates of one token, and two removals of one alias, have the same body.
        format!("type=token_update&data[token]={}", "a".repeat(64)),
        format!(r#"{{"type":"token_update","data":{{"token":"{}","n":1}}}}"#, "a".repeat(64)),
        "id=1010&event=ALIAS_UNREGISTER&msg_value[value]=u".to_owned(),
        "id=1010&event=ALIAS_REGISTER&msg_value[value]=u&msg_value[expirationDate]=2027".to_owned(),
        // Without the member that makes it unique.
        form(&payment(&[("tr_status", "CHARGEBACK"), ("tr_date", "")])),
        "type=tokenization&data[token]=t".to_owned(),
        r#"{"type":"tokenization","data":{"tokenizationId":"","token":"t"}}"#.to_owned(),
        MARKETPLACE.replace("&data[transactionDate]=2026-11-22", ""),
        r#"{"type":"marketplace_transaction","data":{"transactionId":"M","transactionStatus":"refund","transactionAmount":1,"transactionPaidAmount":1,"transactionDate":""}}"#.to_owned(),
        "recurringId=R&transactionId=&iterationCount=1&status=failed".to_owned(),
    ] {
        assert_eq!(read(&body).key(), None, "{body}");
    }
}

#[test]
fn payment_is_read_field_by_field() {
    let body = "id=1010&tr_id=TR-3HFD-TST24X&tr_date=2026&tr_crc=&tr_amount=5&tr_paid=4.50&tr_desc=d\
                &tr_status=chargeback&tr_error=surcharge&tr_email=a%40x&tr_currency=EUR&tr_channel=64\
                &card_token=CANARY&token_expiry_date=1228&card_tail=0016&card_brand=visa\
                &tokenPaymentData_tokenValue=CANARY&tokenPaymentData_initialTransactionId=i\
                &tokenPaymentData_cardExpiryDate=1227&tokenPaymentData_cardBrand=mc\
                &tokenPaymentData_cardTail=0017&wallet=w&masterpass=1&new=n&empty=&md5sum=0";
    let Notification::Payment(payment) = read(body) else { panic!("no payment") };
    assert_eq!((payment.amount, payment.paid), (grosze(500), grosze(450)));
    assert!(payment.paid < payment.amount && !payment.is_paid() && payment.is_test());
    assert_eq!(payment.status, NotificationStatus::Chargeback);
    assert_eq!(payment.currency, Some(Currency::Eur));
    assert_eq!(payment.card_token.as_ref().unwrap().expose(), "CANARY");
    assert_eq!(payment.token_value.as_ref().unwrap().expose(), "CANARY");
    for (field, expected) in [
        (&payment.token_expiry_date, "1228"),
        (&payment.card_tail, "0016"),
        (&payment.card_brand, "visa"),
        (&payment.channel, "64"),
        (&payment.wallet, "w"),
        (&payment.masterpass, "1"),
        (&payment.initial_transaction_id, "i"),
        (&payment.eisop_card_expiry_date, "1227"),
        (&payment.eisop_card_brand, "mc"),
        (&payment.eisop_card_tail, "0017"),
    ] {
        assert_eq!(field.as_deref(), Some(expected));
    }
    assert_eq!(payment.card_expiry(), CardExpiry::new(12, 2028).ok());
    assert_eq!(payment.eisop_card_expiry().unwrap().yymm(), "2712");
    assert!(payment.is_masterpass());
    assert_eq!(payment.time(), None, "2026 is not a time");
    assert_eq!(payment.extra.names().collect::<Vec<_>>(), ["new"]);
    assert!(!format!("{payment:?} {payment:#?}").contains("CANARY"));
    assert!(!payment.is_md5sum_valid(&"code".into()));
}

#[test]
fn dates_of_cards_and_payments_are_typed_only_if_they_are_dates() {
    let Notification::Payment(payment) = read(&form(&payment(&[
        ("tr_date", "2026-11-22 01:20:18"),
        ("token_expiry_date", "1328"),
        ("tokenPaymentData_cardExpiryDate", "12/28"),
    ]))) else {
        panic!("no payment")
    };
    // 00:20:18 UTC: Polish time is an hour ahead in winter.
    assert_eq!(payment.time().map(UnixTime::seconds), Some(1_795_306_818));
    assert_eq!((payment.card_expiry(), payment.is_masterpass()), (None, false));
    assert_eq!(payment.eisop_card_expiry(), CardExpiry::new(12, 2028).ok());
    let body = r#"{"type":"tokenization","data":{"tokenizationId":"t","token":"T","tokenExpiryDate":"0625"}}"#;
    let Notification::Tokenization(saved) = read(body) else { panic!("no card") };
    assert_eq!(saved.card_expiry(), CardExpiry::new(6, 2025).ok());

    let seconds = |time: Option<UnixTime>| time.map(UnixTime::seconds);
    let body = "type=marketplace_transaction&data[transactionId]=M&data[transactionStatus]=correct\
                &data[transactionAmount]=1&data[transactionPaidAmount]=1\
                &data[transactionDate]=2026-07-01+02:00:00&data[transactionBookingDate]=soon";
    let Notification::Marketplace(payment) = read(body) else { panic!("no payment") };
    assert_eq!(seconds(payment.time()), Some(1_782_864_000));
    assert_eq!(payment.booking_time(), None);
    let booked = body.replace("soon", "2026-12-01+01:00:00");
    let Notification::Marketplace(payment) = read(&booked) else { panic!("no payment") };
    assert_eq!(seconds(payment.booking_time()), Some(1_796_083_200));
    let body =
        "id=1010&event=ALIAS_REGISTER&msg_value[value]=u&msg_value[expirationDate]=2026-12-01";
    let Notification::Alias(alias) = read(body) else { panic!("no alias") };
    assert_eq!(seconds(alias.aliases[0].expiration_time()), Some(1_796_079_600));
}

#[test]
fn payment_is_a_test_by_its_mode_or_by_the_title_of_the_test_button() {
    for (title, mode, test) in [
        ("TR-BRA-KGZK0X", "0", false),
        ("TR-BRA-KGZK0X", "", false),
        ("TR-BRA-KGZK0X", "false", false),
        ("TR-BRA-KGZK0X", "False", false),
        ("TR-BRA-KGZK0X", "1", true),
        ("TR-BRA-KGZK0X", "2", true),
        ("TR-BRA-KGZK0X", "01", true),
        ("TR-BRA-KGZK0X", "true", true),
        ("TR-BRA-KGZK0X", " 0", true),
        ("TR-BRA-KGZK0X", "no", true),
        ("TR-3HFD-TST24X", "0", true),
        ("TR-3HFD-TST24X\n", "0", true),
        ("tr-3hfd-tst24x", "0", true),
        ("TR-3HFD-TST24X", "1", true),
        ("XX-3HFD-TST24X", "0", false),
        ("TR-3HFD-TST2AX", "0", false),
        ("TR-3HFD-TSTX", "0", false),
        ("TR-3HFD-TST24", "0", false),
        ("TR-TST24X-3HFD", "0", false),
    ] {
        let body = form(&payment(&[("tr_id", title), ("test_mode", mode)]));
        let Notification::Payment(payment) = read(&body) else { panic!("no payment") };
        assert_eq!((payment.test_mode, payment.is_test()), (test, test), "{title} {mode}");
        assert!(payment.is_paid());
        assert_eq!(payment.paid_in_full(grosze(1234)), !test, "{title} {mode}: nothing was paid");
    }
    for (mode, test) in [
        ("0", false),
        ("null", false),
        ("false", false),
        (r#""0""#, false),
        ("1", true),
        ("0.0", false),
        ("0.5", true),
        ("true", true),
        ("[]", true),
        (r#"{"0":0}"#, true),
    ] {
        let body = format!(
            r#"{{"id":1010,"tr_id":"TR-1","tr_amount":1,"tr_paid":1,"tr_status":"TRUE","test_mode":{mode}}}"#
        );
        let Notification::Payment(payment) = read(&body) else { panic!("no payment") };
        assert_eq!((payment.is_test(), payment.extra.is_empty()), (test, true), "{mode}");
    }
    let Notification::Payment(payment) = read(&(form(&payment(&[])) + "&test_mode[0]=0")) else {
        panic!("no payment")
    };
    assert!(payment.is_test());
}

#[test]
fn is_paid_requires_a_payment_and_paid_in_full_the_whole_amount() {
    for (status, amount, paid, in_full) in [
        ("TRUE", "12.34", true, true),
        ("true", "12.34", true, true),
        ("PAID", "12.34", true, true),
        ("TRUE", "12.35", true, true),
        ("TRUE", "12.33", true, false),
        ("TRUE", "0.01", true, false),
        ("CHARGEBACK", "12.34", false, false),
    ] {
        let body = form(&payment(&[("tr_status", status), ("tr_paid", amount)]));
        let Notification::Payment(payment) = read(&body) else { panic!("no payment") };
        assert_eq!(payment.is_paid(), paid, "{status}");
        assert_eq!(payment.paid_in_full(grosze(1234)), in_full, "{status} {amount}");
    }
}

#[test]
fn md5sum_covers_values_as_sent_and_json_numbers() {
    let code = Secret::new("demo");
    let sum = |crc: &str, amount: &str| api_auth::md5::hex(&["1010", "TR-1", amount, crc, "demo"]);
    let polish = format!(
        "id=1010&tr_id=TR-1&tr_crc=zam%C3%B3w&tr_amount=5&tr_paid=5.00&tr_status=TRUE&md5sum={}",
        sum("zamów", "5")
    );
    let json = format!(
        r#"{{"id":1010,"tr_id":"TR-1","tr_crc":"c","tr_amount":5.5,"tr_paid":5.5,"tr_status":"TRUE","md5sum":"{}"}}"#,
        sum("c", "5.50")
    );
    for body in [polish, json] {
        let Notification::Payment(payment) = read(&body) else { panic!("no payment") };
        assert!(payment.is_md5sum_valid(&code), "{body}");
        assert!(!payment.is_md5sum_valid(&"other".into()), "{body}");
    }
}

/// Each of these values may be text of the merchant in a legacy encoding.
#[test]
fn hidden_descriptions_that_are_not_utf_8_are_verified_and_compared_by_their_bytes() {
    let code = Secret::new("demo");
    let read_crc = |escaped: &str, bytes: &[u8]| {
        let parts = [&b"1010"[..], b"TR-1", b"5.00", bytes, b"demo"];
        let body = format!(
            "id=1010&tr_id=TR-1&tr_crc={escaped}&tr_amount=5.00&tr_paid=5.00&tr_status=TRUE&md5sum={}",
            api_auth::md5::hex(&parts)
        );
        let (client, reader, _, _) = setup(Some(testing::CERTIFICATE));
        let signature = testing::sign(&client, body.as_bytes()).unwrap();
        let reader = reader.security_code("demo");
        let Ok(Notification::Payment(payment)) = reader.read(&signature, body.as_bytes()) else {
            panic!("{body}")
        };
        assert!(payment.is_md5sum_valid(&code) && payment.paid_in_full(grosze(500)), "{body}");
        assert_eq!(payment.crc.as_bytes(), bytes, "{body}");
        payment.crc
    };
    let latin = read_crc("zam%F3w", b"zam\xf3w");
    assert_eq!(latin.to_string(), "zam\u{fffd}w");
    assert_eq!(format!("{latin:?}"), r#""zam\xF3w""#);
    assert_eq!(latin.as_str(), None);
    // A string that is displayed in the same way is not equal to the description.
    assert!(latin != "zam\u{fffd}w" && latin != "zamów" && latin != *"zam\u{fffd}w");
    let displayed: String = latin.to_string();
    assert!(latin != displayed);
    assert_ne!(latin, read_crc("zam%F4w", b"zam\xf4w"));
    assert_ne!(latin, read_crc("zam%EF%BF%BDw", "zam\u{fffd}w".as_bytes()));
    let utf8 = read_crc("zam%C3%B3w", "zamów".as_bytes());
    let own = String::from("zamów");
    assert!(utf8 == "zamów" && utf8 == own && utf8 == *"zamów" && utf8.as_str() == Some("zamów"));

    // An invalid checksum over such bytes is rejected, and so is a checksum over the displayed
    // text.
    let wrong = notifications::payment_md5sum("1010", "TR-1", "5.00", "zam\u{fffd}w", &code);
    let body = format!(
        "id=1010&tr_id=TR-1&tr_crc=zam%F3w&tr_amount=5.00&tr_paid=5.00&tr_status=TRUE&md5sum={wrong}"
    );
    let Notification::Payment(payment) = read(&body) else { panic!("{body}") };
    assert!(!payment.is_md5sum_valid(&code));

    let charge = "recurringId=R&transactionId=TR-1&status=active&hiddenDescription=a%FF";
    let Notification::Recurring(charge) = read(charge) else { panic!("{charge}") };
    assert_eq!(charge.hidden_description, Some(b"a\xff".to_vec().into()));
    let payment = "type=marketplace_transaction&data[transactionId]=M&data[transactionStatus]=correct\
                   &data[transactionAmount]=1&data[transactionPaidAmount]=1\
                   &data[transactionHiddenDescription]=a%FF";
    let Notification::Marketplace(payment) = read(payment) else { panic!("{payment}") };
    assert_eq!(payment.transaction_hidden_description, Some(b"a\xff".to_vec().into()));
    let plain = format!("{MARKETPLACE}&data[transactionHiddenDescription]=");
    for (text, description) in [("", None), ("order-7", Some("order-7".into()))] {
        let Notification::Marketplace(payment) = read(&[&plain, text].concat()) else {
            panic!("{text}")
        };
        assert_eq!(payment.transaction_hidden_description, description);
    }
}

#[test]
fn empty_values_are_absent_in_both_encodings() {
    for body in [
        "recurringId=R&transactionId=&status=active&reason=&hiddenDescription=&new=",
        r#"{"recurringId":"R","transactionId":"","status":"active","reason":"","hiddenDescription":"","new":""}"#,
    ] {
        let Notification::Recurring(charge) = read(body) else { panic!("{body}") };
        assert_eq!((&charge.transaction_id, &charge.reason), (&None, &None), "{body}");
        assert_eq!((&charge.hidden_description, charge.extra.is_empty()), (&None, true), "{body}");
    }
    for body in [
        "type=tokenization&data[token]=t&data[tokenizationId]=&data[cardBrand]=",
        r#"{"type":"tokenization","data":{"token":"t","tokenizationId":"","cardBrand":""}}"#,
    ] {
        let Notification::Tokenization(saved) = read(body) else { panic!("{body}") };
        assert_eq!((saved.tokenization_id, saved.card_brand), (None, None), "{body}");
    }
    // A body with an empty title is a payment for the official client, and of no other kind here.
    for body in [
        "tr_id=&type=token_update&data[token]=t",
        r#"{"tr_id":"","type":"token_update","data":{"token":"t"}}"#,
        r#"{"tr_id":null,"type":"token_update","data":{"token":"t"}}"#,
    ] {
        let error = try_read(body).unwrap_err();
        assert_eq!(error.message(), Some("tr_id: missing from the notification"), "{body}");
    }
}

#[test]
fn values_that_are_not_utf_8_are_rejected_only_where_they_identify_something() {
    let token = "a".repeat(63);
    for body in [
        form(&payment(&[])).replace("TR-BRA-KGZK0X", "TR-%FF"),
        form(&payment(&[])) + "&card_token=%FF",
        form(&payment(&[])) + "&tokenPaymentData_tokenValue=%FF",
        "id=1010&event=ALIAS_UPDATE&msg_value[value]=u%FF".to_owned(),
        "id=1010&event=ALIAS_UPDATE&msg_value[0][value]=u%FF".to_owned(),
        format!("type=token_update&data[token]={token}%FF"),
        "recurringId=%FF&transactionId=TR-1&status=active".to_owned(),
    ] {
        let error = try_read(&body).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        assert!(error.to_string().contains("not UTF-8"), "{body}: {error}");
        assert_eq!(NotificationResponse::for_error(&error).status, 400, "{body}");
    }
    // A payment is accepted although a description or a name has a legacy encoding.
    for name in ["tr_desc", "tr_email", "tr_name"] {
        let body = form(&payment(&[])).replace(&format!("{name}="), "old=");
        let body = format!("{body}&{name}=%A3ukasz+%AFak");
        let Notification::Payment(payment) = read(&body) else { panic!("{body}") };
        assert!(payment.paid_in_full(grosze(1234)));
    }
}

#[test]
fn repeated_name_is_rejected_in_forms_and_in_json() {
    let json = |member: &str| {
        format!(
            r#"{{"id":1010,"tr_id":"TR-1","tr_amount":1,"tr_paid":1,"tr_status":"TRUE",{member}}}"#
        )
    };
    let alias = "id=1010&event=ALIAS_UPDATE&msg_value[value]=u1";
    assert!(try_read(json(r#""a":[{"b":1},{"b":1}],"b":{"id":1}"#)).is_ok());
    for body in [
        form(&payment(&[])) + "&id=1010",
        form(&payment(&[])) + "&id=",
        form(&payment(&[])) + "&i%64=1011",
        form(&payment(&[])) + "&tr_paid=99.00",
        form(&payment(&[])) + "&tr_crc[0]=order-8",
        form(&payment(&[])) + "&new=1&new=1",
        form(&payment(&[])) + "&new[]=1&new[]=2",
        format!("{alias}&msg_value[value]=u2"),
        format!("{alias}&msg_value%5Bvalue%5D=u2"),
        format!("{alias}&msg_value=u2"),
        format!("msg_value=&{alias}"),
        "id=1010&event=ALIAS_UPDATE&msg_value[][value]=u1&msg_value[][value]=u2".to_owned(),
        json(r#""tr_paid":2"#),
        json(r#""tr_\u0070aid":2"#),
        json(r#""new":[{"a":{"b":1,"b":1}}]"#),
        r#"{"type":"token_update","data":{"token":"a"},"data":{"token":"b"}}"#.to_owned(),
        r#"{"type":"token_update","data":{"token":"a","token":"b"}}"#.to_owned(),
    ] {
        let error = try_read(&body).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        assert!(error.to_string().contains("repeats a name"), "{body}: {error}");
        let other = error.payload::<OtherNotification>().unwrap();
        assert_eq!((&other.kind, &*other.body), (&None, body.as_bytes()));
    }
}

#[test]
fn body_that_is_neither_a_form_nor_json_is_rejected() {
    let members = "id=1010&tr_id=TR-1&tr_amount=1.00&tr_paid=1.00&tr_status=TRUE";
    assert!(try_read(members).is_ok());
    for body in [
        format!("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n&{members}&\r\n--b--"),
        format!("{members}\r\n&tr_crc=a"),
        format!("{members}&tr_crc=a b"),
        format!("{members}&tr_crc=\"a\""),
        format!("{members}&tr_crc=a\0"),
        format!("{members}&tr_crc=ł"),
        format!("{members}&tr_crc=<a>"),
        format!("{members}&tr_crc=%"),
        format!("{members}&tr_crc=%a"),
        format!("{members}&tr_crc=%zz"),
        format!("{members}&tr_crc=%4z"),
        format!("{members}&tr_crc=%z4"),
        format!("[{{\"id\":1}}]&{members}"),
        format!("<xml>&{members}"),
    ] {
        let error = try_read(&body).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        assert_eq!(NotificationResponse::for_error(&error).status, 400, "{body}");
        assert_eq!(error.payload::<OtherNotification>().unwrap().body, body.as_bytes());
    }
}

#[test]
fn form_may_have_unescaped_characters_and_white_space_at_its_ends() {
    let members = "id=1010&tr_id=TR-1&tr_amount=1.00&tr_paid=1.00&tr_status=TRUE";
    for (body, crc) in [
        (format!("{members}&tr_crc=a&x=%C5%82&y[b*-._~]="), "a"),
        (format!("{members}&tr_crc=[*-._~!$'(),:;@/?]"), "[*-._~!$'(),:;@/?]"),
        (format!("{members}&tr_crc=a'b\r\n"), "a'b"),
        (format!("\r\n\t {members}&tr_crc=a\n"), "a"),
        (format!("{members}&tr_crc=a+%0D%0A\r\n"), "a \r\n"),
    ] {
        let Notification::Payment(payment) = try_read(&body).unwrap() else { panic!("{body}") };
        assert_eq!(payment.crc, crc, "{body}");
    }
}

#[test]
fn order_number_that_is_not_a_string_is_rejected() {
    for (member, is_read) in [("null", true), ("7", true), ("[\"7\"]", false), ("{}", false)] {
        let body = format!(
            r#"{{"id":1010,"tr_id":"TR-1","tr_amount":1,"tr_paid":1,"tr_status":"TRUE","tr_crc":{member}}}"#
        );
        assert_eq!(try_read(&body).is_ok(), is_read, "{body}");
    }
    let body = form(&payment(&[("tr_crc[a]", "order-7")])).replace("tr_crc=order-7&", "");
    assert!(try_read(&body).unwrap_err().to_string().contains("tr_crc"), "{body}");
}

#[test]
fn merchant_id_that_is_not_a_number_is_an_error_and_accepts_nothing() {
    let alias = "event=ALIAS_UPDATE&msg_value[value]=u";
    for (id, body) in [
        ("", alias.to_owned()),
        ("", format!("id=&{alias}")),
        ("", form(&payment(&[]))),
        ("", "type=token_update&data[token]=t".to_owned()),
        (" 1010", form(&payment(&[("id", " 1010")]))),
        ("1010a", form(&payment(&[("id", "1010a")]))),
        ("-1", form(&payment(&[("id", "-1")]))),
        ("١", form(&payment(&[("id", "١")]))),
    ] {
        let (client, reader, host, _) = setup(Some(testing::CERTIFICATE));
        let signature = testing::sign(&client, body.as_bytes()).unwrap();
        let reader = reader.merchant_id(id);
        for result in [
            reader.read(&signature, body.as_bytes()),
            reader.read(&signature, b"forged"),
            reader.read("", body.as_bytes()),
            reader.read_request(&HeaderMap::new(), body.as_bytes()),
        ] {
            let error = result.unwrap_err();
            assert_eq!(error.argument(), Some("merchant_id"), "{id:?} {body}: {error}");
            assert_eq!(NotificationResponse::for_error(&error).status, 503, "{id:?} {body}");
        }
        assert_eq!(requested(&host), 0, "{id:?} {body}");
    }
}

#[test]
fn charge_of_a_plan_is_acknowledged_with_either_response() {
    let body = "recurringId=R&transactionId=TR-1&status=active";
    let notification = read(body);
    let reply = notification.accept();
    assert_eq!((reply.content_type, reply.body), ("application/json", r#"{"result":true}"#));
    let Notification::Recurring(charge) = notification else { panic!("{body}") };
    let reply = charge.accept_as_text();
    assert_eq!((reply.status, reply.content_type, reply.body), (200, "text/plain", "TRUE"));
}

/// Returns a reader whose certificates are served by `serve`.
fn reader_of(
    serve: impl Fn(&Request) -> Response + Send + Sync + 'static,
) -> (Client, Notifications, ManualClock) {
    let clock = ManualClock::at_unix(NOW);
    let client = Client::builder("id", "secret")
        .clock(clock.clone())
        .retries(0)
        .transport(move |request: Request| -> Result<Response, TransportError> {
            Ok(serve(&request))
        })
        .build()
        .unwrap();
    let reader = client.notifications().unwrap().anchors(testing::ANCHORS).unwrap();
    (client, reader.merchant_id("1010"), clock)
}

fn named(name: &str) -> String {
    let key = include_str!("../../src/notifications/testing/key.pem");
    testing::sign_with(key, &format!("https://secure.tpay.com/x509/{name}"), &body()).unwrap()
}

#[test]
fn invalid_messages_of_other_names_never_block_a_valid_certificate_of_an_unusual_name() {
    let (_, reader, clock) = reader_of(|request: &Request| {
        let genuine = request.uri().path() == "/x509/next.pem";
        Response::new(if genuine { testing::CERTIFICATE } else { testing::ANCHORS }.into())
    });
    for round in 0..10 {
        assert!(reader.read(&named(&format!("junk-{round}.pem")), &body()).is_err());
        reader.read(&named("next.pem"), &body()).unwrap();
        clock.advance(Duration::from_secs(10));
    }
    // A name that verified a message is kept, no matter how many other names follow.
    for number in 0..1000 {
        assert!(reader.read(&named(&format!("flood-{number}.pem")), &body()).is_err());
    }
    reader.read(&named("next.pem"), &body()).unwrap();
}

#[test]
fn invalid_messages_of_many_names_cause_a_bounded_number_of_fetches() {
    let fetches = Arc::new(Mutex::new(Vec::new()));
    let counted = fetches.clone();
    let (_, reader, clock) = reader_of(move |request: &Request| {
        counted.lock().unwrap().push(request.uri().path().to_owned());
        Response::new(testing::ANCHORS.into())
    });
    let fetched = |name: &str| {
        let fetches = fetches.lock().unwrap();
        fetches.iter().filter(|path| path.contains(name)).count()
    };
    for number in 0..1000 {
        assert!(reader.read(&named(&format!("flood-{number}.pem")), &body()).is_err());
    }
    let first = fetched("flood");
    assert!(first <= 16, "{first} fetches");
    assert_eq!(fetched("tpay-jws-root.pem"), 1);
    clock.advance(Duration::from_secs(10));
    assert!(reader.read(&named("later.pem"), &body()).is_err());
    assert_eq!(fetched("later"), 1, "another name is admitted after the pause");
    assert_eq!(fetches.lock().unwrap().len(), first + 3, "the intermediates are fetched again");
}

#[test]
fn genuine_notification_does_not_wait_for_a_fetch_of_an_invalid_message() {
    let (began, release) = (Arc::new(Mutex::new(false)), Arc::new(Mutex::new(())));
    let (seen, hold) = (began.clone(), release.clone());
    let first = std::sync::atomic::AtomicBool::new(true);
    let (client, reader, clock) = reader_of(move |_: &Request| {
        if !first.swap(false, std::sync::atomic::Ordering::SeqCst) {
            *seen.lock().unwrap() = true;
            // The fetch hangs until the genuine notification was read.
            drop(hold.lock().unwrap());
        }
        Response::new(testing::CERTIFICATE.into())
    });
    let signature = testing::sign(&client, &body()).unwrap();
    reader.read(&signature, &body()).unwrap();
    clock.advance(Duration::from_secs(11));
    let held = release.lock().unwrap();
    std::thread::scope(|scope| {
        let invalid_message = scope.spawn(|| reader.read(&signature, b"junk").unwrap_err());
        while !*began.lock().unwrap() {
            std::thread::yield_now();
        }
        reader.read(&signature, &body()).unwrap();
        drop(held);
        assert_eq!(invalid_message.join().unwrap().kind(), ErrorKind::Verify);
    });
}

#[test]
fn previous_certificate_still_verifies_messages_in_transit() {
    let served = Arc::new(Mutex::new(testing::CERTIFICATE));
    let serve = served.clone();
    let (client, reader, clock) =
        reader_of(move |_: &Request| Response::new(serve.lock().unwrap().as_bytes().to_vec()));
    let signature = testing::sign(&client, &body()).unwrap();
    reader.read(&signature, &body()).unwrap();
    *served.lock().unwrap() = testing::ANCHORS; // another certificate
    clock.advance(Duration::from_secs(3600));
    for _ in 0..2 {
        reader.read(&signature, &body()).unwrap();
    }
}

#[test]
fn certificate_that_cannot_be_parsed_is_a_503_and_not_a_verify_error() {
    for served in ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "<html>", ""] {
        let (client, reader, _) =
            reader_of(move |_: &Request| Response::new(served.as_bytes().to_vec()));
        let signature = testing::sign(&client, &body()).unwrap();
        let error = reader.read(&signature, &body()).unwrap_err();
        assert_eq!(NotificationResponse::for_error(&error).status, 503, "{served:?}: {error}");
    }
    let (client, reader, _) = reader_of(|_: &Request| Response::default());
    let signature = testing::sign(&client, &body()).unwrap();
    let error = reader.certificate("no certificate").read(&signature, &body()).unwrap_err();
    assert_eq!(error.argument(), Some("certificate"));
    assert_eq!(NotificationResponse::for_error(&error).status, 503);
}

#[test]
fn anchors_that_cannot_all_be_read_are_rejected() {
    let (_, _, _, _) = setup(None);
    let (glued, cut) = (
        testing::ANCHORS.trim_end().to_owned() + testing::ANCHORS,
        testing::ANCHORS.to_owned() + "-----BEGIN CERTIFICATE-----\nAAAA",
    );
    // Sections that OpenSSL writes or reads, and that this reader does not accept as certificates.
    let sections = ["TRUSTED CERTIFICATE", "X509 CERTIFICATE", "PKCS7", "X509 CRL", "PRIVATE KEY"];
    let other = |label: &str| {
        let section = testing::ANCHORS.replace("CERTIFICATE", label);
        [testing::ANCHORS.to_owned() + &section, section + testing::ANCHORS]
    };
    for bad in sections.into_iter().flat_map(other).chain([glued, cut]) {
        let (_, reader, _, _) = setup(None);
        assert_eq!(reader.anchors(&bad).unwrap_err().argument(), "anchors", "{bad}");
    }
}

#[test]
fn client_with_a_proxy_host_accepts_urls_of_tpay_and_fetches_through_the_proxy() {
    let host =
        Arc::new(Mutex::new(Host { pem: Some(testing::CERTIFICATE), requested: Vec::new() }));
    let requested = host.clone();
    let client = Client::builder("id", "secret")
        .environment(Environment::custom("https://proxy.example/tpay"))
        .clock(ManualClock::at_unix(NOW))
        .transport(move |request: Request| -> Result<Response, TransportError> {
            let mut host = requested.lock().unwrap();
            host.requested.push(request.uri().to_string());
            Ok(Response::new(host.pem.unwrap().as_bytes().to_vec()))
        })
        .build()
        .unwrap();
    let key = include_str!("../../src/notifications/testing/key.pem");
    let reader = || client.notifications().unwrap().anchors(testing::ANCHORS).unwrap();
    for name in ["notifications-jws.pem", "next.pem"] {
        let x5u = format!("https://secure.tpay.com/x509/{name}");
        let signature = testing::sign_with(key, &x5u, &body()).unwrap();
        let rejected = reader().verify(&signature, &body()).unwrap_err();
        assert_eq!(rejected.kind(), ErrorKind::Verify, "its own URL is not accepted");
        let led = reader().certificates_at("https://secure.tpay.com/");
        led.verify(&signature, &body()).unwrap();
        let requested = std::mem::take(&mut host.lock().unwrap().requested);
        assert_eq!(requested, [format!("https://proxy.example/tpay/x509/{name}")]);
    }
}

#[test]
fn anchors_without_a_root_are_rejected() {
    let (_, reader, _, _) = setup(None);
    let leaf = testing::CERTIFICATE;
    let error = reader.anchors(leaf).unwrap_err();
    assert!(error.to_string().contains("must contain a root certificate"), "{error}");
    let (_, reader, _, _) = setup(None);
    assert_eq!(reader.anchors("nonsense").unwrap_err().argument(), "anchors");
}

#[test]
fn compiled_in_anchors_are_those_of_the_environment() {
    for environment in [Environment::Production, Environment::Sandbox] {
        let client = Client::builder("id", "s")
            .environment(environment)
            .transport(|_: Request| -> Result<Response, TransportError> { panic!("was sent") })
            .build()
            .unwrap();
        client.notifications().unwrap();
    }
}
