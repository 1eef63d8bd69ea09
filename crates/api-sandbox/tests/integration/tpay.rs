//! Tests of the Tpay server.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::string_slice, clippy::print_stdout, reason = "tests")]

mod bodies;
mod rules;

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};

use api_sandbox::tpay::*;
use api_sandbox::{SandboxClock, Server, Verdict};

/// A server and a token for it.
struct Bench {
    server: Server<Tpay>,
    clock: SandboxClock,
    token: String,
}

impl Bench {
    fn new() -> Self {
        // It stands still, however slow this machine is.
        let clock = SandboxClock::at_unix(SandboxClock::default().unix());
        let server = Server::start(0, Tpay::new(clock.clone())).unwrap();
        let mut bench = Self { server, clock, token: String::new() };
        bench.renew();
        bench
    }

    fn renew(&mut self) {
        let (status, response) =
            self.form(&[("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)]);
        assert_eq!(status, 200);
        self.token = response["access_token"].as_str().unwrap().to_owned();
    }

    /// Sends a request over a new connection. Returns the status, head and body of the response.
    fn raw(&self, request: &str) -> (u16, String, Vec<u8>) {
        let address = self.server.base_url().trim_start_matches("http://").to_owned();
        let mut stream = TcpStream::connect(&address).unwrap();
        let request =
            request.replacen("\r\n", &format!("\r\nHost: {address}\r\nConnection: close\r\n"), 1);
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).unwrap();
        let at = response.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let body = response.split_off(at + 4);
        let head = String::from_utf8(response).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head, body)
    }

    fn form(&self, fields: &[(&str, &str)]) -> (u16, Value) {
        let fields: Vec<_> = fields.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
        let body = form(&fields);
        let head = "POST /oauth/auth HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded";
        self.json(&format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    }

    fn json(&self, request: &str) -> (u16, Value) {
        let (status, _, body) = self.raw(request);
        (status, if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() })
    }

    fn send(&self, method: &str, target: &str, body: Option<&Value>) -> (u16, Value) {
        let head = format!("{method} {target} HTTP/1.1\r\nAuthorization: Bearer {}", self.token);
        let request = match body {
            Some(body) => {
                let body = body.to_string();
                let length = body.len();
                format!(
                    "{head}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
                )
            }
            None if ["POST", "PUT"].contains(&method) => {
                format!("{head}\r\nContent-Length: 0\r\n\r\n")
            }
            None => format!("{head}\r\n\r\n"),
        };
        let (status, _, body) = self.raw(&request);
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    fn get(&self, target: &str) -> (u16, Value) {
        self.send("GET", target, None)
    }

    fn post(&self, target: &str, body: &Value) -> (u16, Value) {
        self.send("POST", target, Some(body))
    }

    /// Sends a request. Fails unless the response has status 200.
    fn ok(&self, target: &str, body: &Value) -> Value {
        let (status, response) = self.post(target, body);
        assert_eq!(status, 200, "{target} {body} {response}");
        response
    }

    /// Returns the code and the field of an error.
    fn refused(&self, method: &str, target: &str, body: Option<&Value>) -> (u16, String, String) {
        let (status, response) = self.send(method, target, body);
        assert_eq!(response["result"], "failed", "{method} {target} {body:?} {status} {response}");
        let first = &response["errors"][0];
        for name in ["errorCode", "errorMessage", "fieldName", "devMessage", "docUrl"] {
            assert!(first[name].is_string(), "{name} {response}");
        }
        let text = |name: &str| first[name].as_str().unwrap().to_owned();
        (status, text("errorCode"), text("fieldName"))
    }

    fn create(&self, amount: Value) -> String {
        let mut body = payment();
        body["amount"] = amount;
        self.ok("/transactions", &body)["transactionId"].as_str().unwrap().to_owned()
    }

    fn paid(&self, amount: Value) -> String {
        let id = self.create(amount);
        assert!(self.server.state(|tpay| tpay.pay(&id)));
        id
    }
}

fn payment() -> Value {
    json!({
        "amount": 12.34, "description": "Test",
        "payer": { "email": "jan@example.com", "name": "Jan Nowak" },
    })
}

fn blik(code: &str) -> Value {
    json!({ "groupId": 150, "blikPaymentData": { "blikToken": code, "type": 0 } })
}

fn marketplace() -> Value {
    let child = |merchant: &str, amount: u64| {
        json!({
            "amount": amount, "description": "Part", "merchant": { "id": merchant },
            "products": [{ "externalId": "p", "quantity": "1", "unitPrice": amount }],
        })
    };
    json!({
        "currency": "PLN", "description": "Basket", "languageCode": "PL",
        "pos": { "id": MARKETPLACE_POS },
        "billingAddress": { "email": "jan@example.com", "name": "Jan" },
        "childTransactions": [
            child(MARKETPLACE_MERCHANTS[0], 1000), child(MARKETPLACE_MERCHANTS[1], 234),
        ],
        "transactionCallbacks": [],
    })
}

fn plan(id: &str) -> Value {
    json!({
        "id": id, "description": "Plan", "payer": { "email": "jan@example.com", "name": "Jan" },
        "schedule": {
            "amount": 49.9, "currency": "PLN", "firstChargeDate": "2026-12-01T10:00:00+00:00",
            "interval": 1, "intervalType": "months", "chargeCount": 2,
        },
        "paymentInstrument": { "paymentType": "card_token", "value": CARD_TOKEN },
        "callbackUrl": "https://example.com/rec",
    })
}

const PLAN: &str = "01K1Z6T40ZWKY1XZG9VD5AZ9Q4";

/// Returns a value in the encoding of a form.
fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        byte if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

fn form(fields: &[(&str, String)]) -> String {
    let pair = |(name, value): &(&str, String)| format!("{}={}", escaped(name), escaped(value));
    fields.iter().map(pair).collect::<Vec<_>>().join("&")
}

fn md5sum(parts: &[&str]) -> String {
    use md5::Digest;
    md5::Md5::digest(parts.concat()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the names and values of a form.
fn pairs(body: &str) -> Vec<(String, String)> {
    let plain = |text: &str| {
        let mut bytes = text.replace('+', " ").into_bytes();
        while let Some(at) = bytes.iter().position(|byte| *byte == b'%') {
            let hex = str::from_utf8(&bytes[at + 1..at + 3]).unwrap();
            let byte = u8::from_str_radix(hex, 16).unwrap();
            assert_ne!(byte, b'%', "not in what is tested");
            bytes.splice(at..at + 3, [byte]);
        }
        String::from_utf8(bytes).unwrap()
    };
    let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (plain(name), plain(value)));
    body.split('&').map(|text| pair(text).unwrap()).collect()
}

/// Sets the value at a JSON pointer.
fn put(body: &mut Value, pointer: &str, value: impl Into<Value>) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = value.into();
}

/// Reads a request. Returns its head and body.
fn request(stream: &mut TcpStream) -> (String, String) {
    let mut text = String::new();
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length: usize = header(head, "content-length").unwrap().parse().unwrap();
            if body.len() == length {
                return (head.to_owned(), body.to_owned());
            }
        }
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).unwrap();
        assert_ne!(read, 0, "{text}");
        text.push_str(str::from_utf8(&chunk[..read]).unwrap());
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Starts a server that responds to each notification with the next of these bodies. Returns its
/// URL and the notifications that it receives.
fn callback(responses: &'static [&'static str]) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/notify?shop=1", listener.local_addr().unwrap());
    let handle = std::thread::spawn(move || {
        let response = |response: &&str| {
            let (mut stream, _) = listener.accept().unwrap();
            let (head, body) = request(&mut stream);
            let length = response.len();
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{response}")
                .unwrap();
            assert!(head.starts_with("POST /notify?shop=1 "), "{head}");
            format!("{}\n{body}", header(&head, "x-jws-signature").unwrap())
        };
        responses.iter().map(response).collect()
    });
    (url, handle)
}

#[test]
fn token_request_accepts_every_documented_format() {
    let bench = Bench::new();
    let head = "POST /oauth/auth HTTP/1.1\r\n";
    let pair = STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}"));
    let basic = format!("{head}Authorization: Basic {pair}\r\nContent-Length: 0\r\n\r\n");
    let body = json!({ "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "scope": "read" });
    let body = body.to_string();
    let json = format!(
        "{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let part = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body = part("client_id", CLIENT_ID) + &part("client_secret", CLIENT_SECRET) + "--b--\r\n";
    let multipart = format!(
        "{head}Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    for request in [basic, json, multipart] {
        let (status, response) = bench.json(&request);
        assert_eq!(status, 200, "{response}");
        assert_eq!(response["token_type"], "Bearer");
        assert_eq!(response["expires_in"], 7200);
        assert_eq!(response["client_id"], CLIENT_ID);
        assert_eq!(response["access_token"].as_str().unwrap().len(), 40);
    }
    let good = [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
    let with = |name, value| [good[0], good[1], (name, value)];
    assert_eq!(bench.form(&with("scope", "read write")).0, 200);
    assert_eq!(bench.form(&with("grant_type", "client_credentials")).0, 200);
    assert_eq!(bench.form(&with("grant_type", "password")).0, 400);
    assert_eq!(bench.form(&with("scope", "all")).0, 400);
    assert_eq!(bench.form(&with("typo", "x")).0, 400);
    assert_eq!(bench.form(&with("client_id", CLIENT_ID)).0, 400, "it comes twice");
    assert_eq!(bench.form(&good[..1]).0, 400);
    assert_eq!(bench.form(&[good[0], ("client_secret", "wrong")]).0, 401);
    let wrong = STANDARD.encode("a:b");
    let wrong = format!("{head}Authorization: Basic {wrong}\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(bench.json(&wrong).0, 401);
    let plain = format!("{head}Content-Type: text/plain\r\nContent-Length: 1\r\n\r\nx");
    assert_eq!(bench.json(&plain).1["errors"][0]["errorCode"], "incorrect_content_type");
    let seen = bench.server.seen();
    assert!(seen.iter().all(|seen| seen.verdict.endpoint == Some("oauth.token")));
    assert!(seen.iter().all(|seen| seen.verdict.signed == Some(seen.status == Some(200))));
    bench.server.state(|tpay| {
        assert_eq!(tpay.tokens_issued, 6);
        assert_eq!(tpay.token_requests, 14);
    });
}

#[test]
fn token_expires_and_can_be_revoked() {
    let mut bench = Bench::new();
    let (status, response) = bench.get("/oauth/tokeninfo");
    assert_eq!(status, 200);
    assert_eq!(response["token"]["access_token"], bench.token);
    assert_eq!(response["token"]["scope"], "read");
    bench.clock.advance(Duration::from_secs(7200));
    assert_eq!(bench.refused("GET", "/oauth/tokeninfo", None).0, 401);
    bench.renew();
    assert_eq!(bench.get("/transactions").0, 200);
    bench.server.state(Tpay::revoke_tokens);
    assert_eq!(bench.refused("GET", "/transactions", None).0, 401);
    let seen = bench.server.take_seen().pop().unwrap();
    assert_eq!(seen.verdict, Verdict { endpoint: Some("transactions.list"), signed: Some(false) });
    assert_eq!(bench.json("GET /transactions HTTP/1.1\r\n\r\n").0, 401);
    let pair = STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}"));
    let with =
        |value: &str| format!("GET /transactions HTTP/1.1\r\nAuthorization: {value}\r\n\r\n");
    assert_eq!(bench.json(&with(&format!("Basic {pair}"))).0, 200);
    assert_eq!(bench.json(&with("Basic YTpi")).0, 401);
    assert_eq!(bench.json(&with("Digest x")).0, 401);
}

#[test]
fn every_endpoint_responds() {
    let bench = Bench::new();
    let waiting = bench.create(json!(10));
    let cancelled = bench.create(json!(10));
    let also_cancelled = bench.create(json!(10));
    let paid = bench.paid(json!(12.34));
    let market = bench.ok("/marketplace/v1/transaction", &marketplace());
    let market = market["transactionId"].as_str().unwrap();
    let market_waiting = bench.ok("/marketplace/v1/transaction", &marketplace());
    let market_waiting = market_waiting["transactionId"].as_str().unwrap();
    bench.ok("/recurring", &plan("01K1Z6T40ZWKY1XZG9VD5AZ9Q5"));
    let failed_plan = "/recurring/01K1Z6T40ZWKY1XZG9VD5AZ9Q5";
    assert!(bench.server.state(|tpay| tpay.charge_plan("01K1Z6T40ZWKY1XZG9VD5AZ9Q5", false)));
    let alias = json!({ "description": "Shop", "pay": { "blikPaymentData": {
        "blikToken": "777123", "aliases": { "value": "a b/ó", "type": "UID", "label": "Shop" },
    } } });
    let account = json!({
        "offerCode": "SAND1", "email": "m@example.com", "taxId": "7773061579", "legalForm": 3,
        "categoryId": 62,
    });
    let refund_to_card = json!({ "amount": 1.5, "currencyCode": 985, "tokenValue": CARD_TOKEN });
    let collect = json!({
        "accountNumber": "PL63105015201000009091194713", "ownerName": "Jan",
        "additionalInformation": "Warszawa",
    });
    let instrument = json!({ "paymentInstrument": { "paymentType": "test", "value": "x" } });
    let apple =
        json!({ "domainName": "shop.example.com", "validationUrl": "https://apple.example/" });
    let tokenization = json!({ "callbackUrl": "https://example.com/cb" });
    let post = |target: &str, body: Value| ("POST", target.to_owned(), Some(body));
    let bare = |target: &str| ("POST", target.to_owned(), None);
    let get = |target: &str| ("GET", target.to_owned(), None);
    let t = |id: &str, end: &str| format!("/transactions/{id}{end}");
    let m = |id: &str, end: &str| format!("/marketplace/v1/transaction/{id}{end}");
    let calls = [
        get("/oauth/tokeninfo"),
        post("/transactions", payment()),
        get("/transactions"),
        get(&t(&waiting, "")),
        bare(&t(&cancelled, "/cancel")),
        get(&t(&also_cancelled, "/cancel")),
        post(&t(&waiting, "/qr"), json!({})),
        post(&t(&waiting, "/pay"), blik("777123")),
        post(&t(&paid, "/refunds"), json!({ "amount": 1.5 })),
        get(&t(&paid, "/refunds")),
        get("/transactions/bank-groups?onlyOnline=true"),
        get("/transactions/channels"),
        get("/refunds"),
        post("/refunds", refund_to_card),
        post("/tokens", tokenization),
        get(&format!("/tokens/{CARD_TOKEN}")),
        ("DELETE", format!("/tokens/{CARD_TOKEN}"), None),
        post("/blik/alias", alias),
        get("/blik/alias/a%20b%2F%C3%B3?aliasType=UID"),
        ("DELETE", "/blik/alias/a%20b%2F%C3%B3".to_owned(), Some(json!({ "aliasType": "UID" }))),
        post("/wallet/applepay/init", apple),
        get("/accounts"),
        post("/accounts", account),
        post("/v1/accounts/merchant", json!({ "offerCode": "S", "email": "m@example.com" })),
        get(&format!("/accounts/{ACCOUNT_ID}")),
        get(&format!("/accounts/{ACCOUNT_ID}/balance")),
        post(
            "/accounts/files",
            json!({ "file": "JVBERg==", "accountId": ACCOUNT_ID, "documentType": 1 }),
        ),
        get("/accounts/category"),
        get("/accounts/category/60"),
        get("/accounts/legalForm"),
        get("/accounts/legalForm/3"),
        get("/accounts/document"),
        get("/accounts/document/1"),
        get("/accounts/mcc"),
        get("/accounts/pos"),
        post("/marketplace/v1/transaction", marketplace()),
        get(&m(market, "?withPaymentAttempts=true")),
        post(&m(market, "/pay"), json!({ "blikPaymentData": { "blikToken": "777123" } })),
        post(&m(market, "/refund"), json!({ "childTransactions": [] })),
        bare(&m(market_waiting, "/cancel")),
        get(&format!("/marketplace/v1/bank-groups?merchantId[]={}", MARKETPLACE_MERCHANTS[0])),
        get("/collect/bank-accounts"),
        post("/collect/bank-accounts", collect),
        get("/reports?page=1&pageSize=20&sortDirection=ASC"),
        get("/reports/rep_1/files/file_1"),
        post("/recurring", plan(PLAN)),
        get("/recurring"),
        get(&format!("/recurring/{PLAN}")),
        get(&format!("/recurring/{PLAN}/transactions")),
        post(&format!("/recurring/{PLAN}/payment_instrument"), instrument),
        bare(&format!("/recurring/{PLAN}/cancel")),
        bare(&format!("{failed_plan}/retry")),
        get("/x509/notifications-jws.pem"),
        get("/x509/tpay-jws-root.pem"),
    ];
    for (method, target, body) in &calls {
        let (status, response) = bench.send(method, target, body.as_ref());
        assert!([200, 204].contains(&status), "{method} {target} {status} {response}");
    }
    assert_eq!(bench.get(&format!("/tokens/{CARD_TOKEN}")).1["tokenStatus"], "DELETED");
    let refund = bench.server.state(|tpay| tpay.refunds[0].id.clone());
    assert_eq!(bench.get(&format!("/refunds/{refund}")).0, 200);
    let seen: HashSet<&str> =
        bench.server.seen().iter().filter_map(|seen| seen.verdict.endpoint).collect();
    assert_eq!(seen.len(), 56, "{seen:?}");
}

#[test]
fn unknown_paths_and_methods_are_rejected() {
    let bench = Bench::new();
    assert_eq!(bench.refused("GET", "/nothing", None).0, 404);
    assert_eq!(bench.refused("GET", "/transactions/a+b", None).0, 404);
    assert_eq!(bench.refused("PUT", "/transactions", None).0, 405);
    for target in [
        "/transactions/01K1Z6T40ZWKY1XZG9VD5AZ9Q4",
        "/refunds/rf_1",
        "/tokens/x",
        "/accounts/x",
        "/accounts/x/balance",
        "/accounts/category/1",
        "/recurring/x",
        "/recurring/x/transactions",
        "/blik/alias/x?aliasType=UID",
        "/reports/rep_1/files/x",
    ] {
        assert_eq!(bench.refused("GET", target, None).0, 404, "{target}");
    }
}

#[test]
fn host_content_type_and_body_are_required() {
    let bench = Bench::new();
    let id = bench.create(json!(1));
    let head = format!("Authorization: Bearer {}\r\n", bench.token);
    let code = |request: String| {
        let (status, response) = bench.json(&request);
        assert_eq!(status, 400, "{request}");
        response["errors"][0]["errorCode"].as_str().unwrap().to_owned()
    };
    let cancel = format!("POST /transactions/{id}/cancel HTTP/1.1\r\n{head}");
    assert_eq!(bench.raw(&format!("{cancel}\r\n")).0, 411);
    assert_eq!(code(format!("{cancel}Content-Length: 2\r\n\r\n{{}}")), "invalid_request_body");
    let create = format!("POST /transactions HTTP/1.1\r\n{head}");
    assert_eq!(code(format!("{create}Content-Length: 2\r\n\r\n{{}}")), "incorrect_content_type");
    let create = format!("{create}Content-Type: application/json\r\n");
    assert_eq!(code(format!("{create}Content-Length: 1\r\n\r\n{{")), "invalid_request_body");
    assert_eq!(code(format!("{create}Content-Length: 4\r\n\r\nnull")), "invalid_request_body");
    assert_eq!(code(format!("GET /transactions? HTTP/1.1\r\n{head}\r\n")), "invalid_request_body");
    let source = format!("X-Client-Source: {}\r\n", "x".repeat(256));
    assert_eq!(code(format!("GET /transactions HTTP/1.1\r\n{head}{source}\r\n")), "not_valid");
    for (query, expected) in [
        ("typo=1", "unexpected_field"),
        ("page=0", "too_low"),
        ("page=x", "not_natural_int"),
        ("limit=101", "not_valid"),
        ("status=done", "not_valid"),
        ("page=%2B1", "not_natural_int"),
        ("page=01", "not_natural_int"),
        ("from=2026-01-01", "not_valid"),
        ("to=2026-02-30%2000:00:00", "not_valid"),
        ("page=1&page=2", "not_valid"),
        ("page", "not_valid"),
    ] {
        let (status, found, _) = bench.refused("GET", &format!("/transactions?{query}"), None);
        assert_eq!((status, found.as_str()), (400, expected), "{query}");
    }
}

#[test]
fn invalid_members_of_a_payment_are_rejected_by_name() {
    let bench = Bench::new();
    let long = "ą".repeat(129);
    let cases = [
        ("/amount", json!("1"), "not_valid", "amount"),
        ("/amount", json!(0), "too_low", "amount"),
        ("/amount", json!(-1), "too_low", "amount"),
        ("/amount", json!(1.005), "incorrect_precision", "amount"),
        ("/currency", json!("XXX"), "not_valid", "currency"),
        ("/description", json!(1), "not_string", "description"),
        ("/description", json!(""), "not_valid", "description"),
        ("/description", json!(long), "not_valid", "description"),
        ("/descripton", json!("x"), "unexpected_field", "descripton"),
        ("/lang", json!("xx"), "not_valid", "lang"),
        ("/payer", json!(null), "not_array", "payer"),
        ("/payer/email", json!("x"), "not_valid", "payer.email"),
        ("/payer/name", json!("ab"), "not_valid", "payer.name"),
        ("/payer/postalCode", json!("00-001"), "unexpected_field", "payer.postalCode"),
        ("/payer/userAgent", json!("x".repeat(256)), "not_valid", "payer.userAgent"),
        (
            "/callbacks",
            json!({ "notification": { "url": "x" } }),
            "not_valid",
            "callbacks.notification.url",
        ),
        (
            "/collect",
            json!({ "account": "PL1", "receiver": "Jan" }),
            "not_valid",
            "collect.account",
        ),
        (
            "/payee",
            json!({ "name": "a", "url": "b", "address": {
            "street": "s", "houseNumber": "1", "postalCode": "1", "city": "c", "country": "PL",
        } }),
            "is_required",
            "payee.mcc",
        ),
        ("/pay", json!({ "groupId": "150" }), "not_natural_int", "pay.groupId"),
        (
            "/pay",
            json!({ "groupId": 150, "channelId": 64 }),
            "channel_passed_with_group",
            "pay.channelId",
        ),
        ("/pay", json!({ "groupId": 9 }), "bank_group_does_not_exist", "pay.groupId"),
        ("/pay", json!({ "channelId": 9 }), "ts:channel:not_found", "pay.channelId"),
        ("/pay", json!({ "channelId": 83 }), "ts:channel:amount_outside_range", "amount"),
        ("/pay", blik("12345"), "not_valid", "pay.blikPaymentData.blikToken"),
        (
            "/pay",
            json!({ "blikPaymentData": {} }),
            "blik_token_not_present",
            "pay.blikPaymentData.blikToken",
        ),
        (
            "/pay",
            json!({ "blikPaymentData": { "type": 3 } }),
            "not_valid",
            "pay.blikPaymentData.type",
        ),
        (
            "/pay",
            json!({ "blikPaymentData": { "blikToken": "777123", "aliases": {
            "value": "p", "type": "PAYID" } } }),
            "empty_autopayment",
            "pay.blikPaymentData.aliases.autopayment",
        ),
        (
            "/pay",
            json!({ "blikPaymentData": { "blikToken": "777123", "aliases": {
            "value": "p", "type": "UID", "autopayment": { "model": "A" } } } }),
            "wrong_autopayment_alias",
            "pay.blikPaymentData.aliases.type",
        ),
        (
            "/pay",
            json!({ "blikPaymentData": { "blikToken": "777123", "aliases": {
            "value": "p", "type": "PAYID", "autopayment": { "model": "O" } } } }),
            "wrong_model_data_combination",
            "pay.blikPaymentData.aliases.recommendedAuthLevel",
        ),
        (
            "/pay",
            json!({ "blikPaymentData": { "blikToken": "777123", "aliases": {
            "value": "p", "type": "PAYID", "noDelay": true, "autopayment": { "model": "M" } } } }),
            "wrong_model_data_combination",
            "pay.blikPaymentData.aliases.noDelay",
        ),
        (
            "/pay",
            json!({ "blikPaymentData": { "blikToken": "777123", "aliases": {
            "value": "u", "type": "UID" } } }),
            "is_required",
            "pay.blikPaymentData.aliases.label",
        ),
        (
            "/pay",
            json!({ "groupId": 166, "googlePayPaymentData": "bm8gSlNPTg==" }),
            "not_valid",
            "pay.googlePayPaymentData",
        ),
        (
            "/pay",
            json!({ "applePayPaymentData": "{\"version\":\"EC_v1\"}" }),
            "not_valid",
            "pay.applePayPaymentData",
        ),
        (
            "/pay",
            json!({ "cardPaymentData": { "save": "1" } }),
            "incorrect_save_param",
            "pay.cardPaymentData.save",
        ),
        (
            "/pay",
            json!({ "cardPaymentData": { "card": "eA==" } }),
            "encryption_error",
            "pay.cardPaymentData.card",
        ),
        (
            "/pay",
            json!({ "cardPaymentData": { "token": "x" } }),
            "incorrect_token",
            "pay.cardPaymentData.token",
        ),
        (
            "/pay",
            json!({ "tokenPaymentData": { "tokenValue": "1" } }),
            "not_valid",
            "pay.tokenPaymentData.tokenValue",
        ),
        ("/pay", json!({ "cof": "x" }), "not_valid", "pay.cof"),
    ];
    for (pointer, value, code, field) in cases {
        let mut body = payment();
        put(&mut body, pointer, value.clone());
        // A request may have several errors. The expected one must be among them.
        let (status, response) = bench.post("/transactions", &body);
        assert_eq!(status, 400, "{pointer} {value}");
        let errors = response["errors"].as_array().unwrap();
        let found =
            errors.iter().any(|error| error["errorCode"] == code && error["fieldName"] == field);
        assert!(found, "{pointer} {value} {response}");
    }
    assert_eq!(bench.refused("POST", "/transactions", Some(&json!([]))).1, "is_required");
    bench.server.state(|tpay| assert!(tpay.transactions.is_empty()));
}

#[test]
fn responses_have_the_json_format_of_php() {
    let bench = Bench::new();
    let mut body = payment();
    body["description"] = json!("Zażółć 😀");
    body["amount"] = json!(10.0);
    body["payer"]["code"] = json!("61-808");
    let id = bench.ok("/transactions", &body)["transactionId"].clone();
    let request = format!(
        "GET /transactions/{} HTTP/1.1\r\nAuthorization: Bearer {}\r\n\r\n",
        id.as_str().unwrap(),
        bench.token
    );
    let text = String::from_utf8(bench.raw(&request).2).unwrap();
    assert!(text.contains(r#""description":"Za\u017c\u00f3\u0142\u0107 \ud83d\ude00""#), "{text}");
    assert!(text.contains(r#""amount":10,"#), "{text}");
    assert!(text.contains(r#""postalCode":"61-808""#), "{text}");
    let lock = r#""lock":{"amount":null,"amountCollected":null,"status":null,"type":null}"#;
    assert!(text.contains(lock), "{text}");
}

#[test]
fn each_blik_code_has_its_outcome() {
    let bench = Bench::new();
    for (code, outcome) in BLIK_CODES {
        let mut body = payment();
        body["pay"] = blik(code);
        let response = bench.ok("/transactions", &body);
        assert_eq!(response["result"], "success");
        let (id, errors) =
            (response["transactionId"].as_str().unwrap(), &response["payments"]["errors"]);
        let after = bench.get(&format!("/transactions/{id}")).1;
        let attempts = &after["payments"]["attempts"];
        match outcome {
            Outcome::Paid => {
                assert_eq!(response["status"], "correct");
                assert_eq!(response["payments"]["amountPaid"], 12.34);
                assert!(response["transactionPaymentUrl"].is_null());
            }
            Outcome::Refused(code) => {
                assert_eq!(response["status"], "pending");
                assert_eq!(errors[0]["errorCode"], "payment_failed");
                assert_eq!(attempts[0]["paymentErrorCode"], code);
            }
            Outcome::RefusedLater(code) => {
                assert!(errors.is_null());
                assert_eq!(attempts[0]["paymentErrorCode"], code);
            }
            Outcome::Waiting | Outcome::Redirect => {
                assert!(errors.is_null());
                assert_eq!(after["status"], "pending");
                assert_eq!(attempts, &json!([]));
            }
        }
    }
    // After a code was declined, the same transaction can be paid with another code.
    let id = bench.create(json!(5));
    let pay = format!("/transactions/{id}/pay");
    assert_eq!(bench.ok(&pay, &blik("111111"))["status"], "pending");
    assert_eq!(bench.ok(&pay, &blik("777999"))["status"], "correct");
    assert_eq!(bench.refused("POST", &pay, Some(&blik("777999"))).0, 409);
    let waiting = format!("/transactions/{}/pay", bench.create(json!(5)));
    assert_eq!(bench.refused("POST", &waiting, Some(&json!({}))).1, "no_payment_data");
    let (_, code, field) = bench.refused("POST", &waiting, Some(&json!({ "groupId": 9 })));
    assert_eq!((code.as_str(), field.as_str()), ("bank_group_does_not_exist", "groupId"));
}

#[test]
fn aliases_pay_and_ambiguous_alias_returns_alternatives() {
    let bench = Bench::new();
    let with = |alias: Value| {
        let mut body = payment();
        body["pay"] = json!({ "groupId": 150, "blikPaymentData": { "aliases": alias } });
        bench.ok("/transactions", &body)
    };
    assert_eq!(with(json!({ "value": UID_ALIAS, "type": "UID" }))["status"], "correct");
    assert_eq!(with(json!({ "value": PAYID_ALIAS, "type": "PAYID" }))["status"], "correct");
    let unknown = with(json!({ "value": "nobody", "type": "UID" }));
    assert_eq!(unknown["payments"]["errors"][0]["errorCode"], "wrong_alias");
    let two = with(json!({ "value": AMBIGUOUS_ALIAS, "type": "UID" }));
    assert_eq!(two["payments"]["errors"][0]["errorCode"], "ERR82");
    let key = two["payments"]["alternatives"][1]["applicationCode"].clone();
    let one = with(json!({ "value": AMBIGUOUS_ALIAS, "type": "UID", "key": key }));
    assert_eq!(one["status"], "correct");
    // A payment with a code registers the alias in the request.
    let mut body = payment();
    body["pay"] = blik("777123");
    body["pay"]["blikPaymentData"]["aliases"] =
        json!({ "value": "new", "type": "UID", "label": "S" });
    bench.ok("/transactions", &body);
    let (status, alias) = bench.get("/blik/alias/new?aliasType=UID");
    assert_eq!((status, &alias["aliases"][0]["label"]), (200, &json!("S")));
    assert_eq!(alias["requestId"], Value::Null);
    assert_eq!(bench.refused("GET", "/blik/alias/new?aliasType=PAYID", None).0, 404);
    assert_eq!(bench.refused("GET", "/blik/alias/new", None).1, "is_required");
    assert_eq!(bench.refused("GET", "/blik/alias/new?aliasType=X", None).1, "not_valid");
    bench.clock.advance(Duration::from_secs(366 * 86_400));
    let mut bench = bench;
    bench.renew();
    let alias = bench.get("/blik/alias/new?aliasType=UID").1;
    assert_eq!(alias["isActive"], false);
    let typed = |kind: &str| json!({ "aliasType": kind });
    assert_eq!(bench.refused("DELETE", "/blik/alias/new", Some(&typed("X"))).0, 400);
    assert_eq!(bench.send("DELETE", "/blik/alias/new", Some(&typed("UID"))).0, 204);
    assert_eq!(bench.refused("DELETE", "/blik/alias/new", Some(&typed("UID"))).0, 404);
    let refused = json!({ "description": "S", "pay": { "blikPaymentData": {
        "blikToken": "111111", "aliases": { "value": "x", "type": "UID", "label": "S" } } } });
    assert_eq!(bench.refused("POST", "/blik/alias", Some(&refused)).1, "unsupported_blik_token");
    // Without the payer's confirmation, the registration is pending.
    let registration = |code: &str, value: &str, label: &str| {
        let alias = json!({ "value": value, "type": "UID", "label": label });
        json!({ "description": "S", "pay": { "blikPaymentData": {
            "blikToken": code, "aliases": alias } } })
    };
    for label in ["S", "T"] {
        let pending = registration("700000", "y", label);
        assert_eq!(bench.ok("/blik/alias", &pending)["status"], "pending");
    }
    assert_eq!(bench.refused("GET", "/blik/alias/y?aliasType=UID", None).0, 404);
    bench.server.state(|tpay| {
        assert!(!tpay.confirm_alias("y", "PAYID"));
        assert!(tpay.confirm_alias("y", "UID") && !tpay.confirm_alias("y", "UID"));
    });
    let alias = bench.get("/blik/alias/y?aliasType=UID").1;
    assert_eq!((&alias["isActive"], &alias["aliases"][0]["label"]), (&json!(true), &json!("T")));
    // A registration that was confirmed by a code is no longer pending.
    bench.ok("/blik/alias", &registration("700000", "z", "S"));
    bench.ok("/blik/alias", &registration("777123", "z", "T"));
    assert!(!bench.server.state(|tpay| tpay.confirm_alias("z", "UID")));
}

#[test]
fn last_digit_of_the_amount_selects_the_card_outcome() {
    let bench = Bench::new();
    let blob = STANDARD.encode([7; 256]);
    let pay = |amount: f64, card: Value| {
        let mut body = payment();
        body["amount"] = json!(amount);
        body["pay"] = json!({ "groupId": 103, "cardPaymentData": card });
        bench.ok("/transactions", &body)
    };
    assert_eq!(pay(1.01, json!({ "card": blob, "save": 1 }))["status"], "correct");
    let saved = bench.server.state(|tpay| tpay.card_tokens[1].value.clone());
    assert_eq!(pay(1.03, json!({ "token": saved }))["status"], "correct");
    assert_eq!(
        pay(1.05, json!({ "card": blob }))["payments"]["errors"][0]["errorCode"],
        "payment_failed"
    );
    assert_eq!(pay(1.06, json!({ "card": blob }))["status"], "pending");
    let challenged = pay(1.00, json!({ "card": blob }));
    assert_eq!(challenged["result"], "actionRequired");
    assert!(challenged["transactionPaymentUrl"].is_string());
    // Without card data, the payer enters the card on the payment page, as for any other group.
    assert_eq!(pay(1.00, json!({ "save": 1 }))["result"], "success");
    assert_eq!(bench.send("DELETE", &format!("/tokens/{saved}"), None).0, 204);
    assert_eq!(bench.refused("DELETE", &format!("/tokens/{saved}"), None).1, "incorrect_token");
}

#[test]
fn refunds_never_exceed_the_payment() {
    let bench = Bench::new();
    let id = bench.paid(json!(12.34));
    let refunds = format!("/transactions/{id}/refunds");
    let refuse = |body: Value| bench.refused("POST", &refunds, Some(&body));
    assert_eq!(refuse(json!({ "amount": 12.35 })).1, "cannot_create_refund");
    assert_eq!(refuse(json!({ "amount": 1.234 })).1, "incorrect_precision");
    assert_eq!(refuse(json!({ "amount": "1" })).0, 400);
    assert_eq!(refuse(json!({ "value": 1 })).1, "unexpected_field");
    let response = bench.ok(&refunds, &json!({ "amount": 10.1 }));
    assert_eq!(response["status"], "correct");
    assert_eq!(response["refundsList"][0]["amount"], 10.1);
    assert_eq!(response["total"], 1);
    assert_eq!(refuse(json!({ "amount": 10.1 })).1, "cannot_create_refund");
    assert_eq!(refuse(json!({ "amount": 2.25 })).1, "cannot_create_refund");
    let response = bench.ok(&refunds, &json!({}));
    assert_eq!(response["refundsList"][1]["amount"], 2.24);
    // Partial refunds never change the status.
    assert_eq!(response["status"], "correct");
    assert_eq!(refuse(json!({})).1, "already_refunded");
    let whole = bench.paid(json!(3));
    // PHP writes an empty object as an empty list.
    assert_eq!(bench.ok(&format!("/transactions/{whole}/refunds"), &json!([]))["status"], "refund");
    let list = bench.get("/refunds?limit=2").1;
    assert_eq!(
        (list["total"].as_u64(), list["transactions"]["list"].as_array().unwrap().len()),
        (Some(3), 2)
    );
    let refund = list["transactions"]["list"][0]["refundId"].as_str().unwrap().to_owned();
    assert_eq!(refund.len(), 19);
    bench.server.state(Tpay::finish_refunds);
    assert_eq!(bench.get(&format!("/refunds/{refund}")).1["status"], "done");
    assert_eq!(bench.get("/refunds?context=card").1["total"], 0);
    let balance = bench.get(&format!("/accounts/{ACCOUNT_ID}/balance")).1;
    assert_eq!(balance["balance"], 0);
}

#[test]
fn equal_partial_refunds_are_accepted_after_a_minute() {
    let bench = Bench::new();
    let refunds = format!("/transactions/{}/refunds", bench.paid(json!(10)));
    bench.ok(&refunds, &json!({ "amount": 1 }));
    bench.clock.advance(Duration::from_secs(59));
    let (_, code, _) = bench.refused("POST", &refunds, Some(&json!({ "amount": 1 })));
    assert_eq!(code, "cannot_create_refund");
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.ok(&refunds, &json!({ "amount": 1 }))["total"], 2);
    bench.server.state(|tpay| tpay.refund_seconds = 60);
    let (_, code, _) = bench.refused("POST", &refunds, Some(&json!({ "amount": 2 })));
    assert_eq!(code, "refund_period_expired");
}

#[test]
fn only_payments_of_this_api_can_be_refunded() {
    let bench = Bench::new();
    let refuse = |id: &str| {
        bench.refused("POST", &format!("/transactions/{id}/refunds"), Some(&json!({}))).1
    };
    assert_eq!(refuse(&bench.create(json!(1))), "cannot_create_refund");
    let mut body = payment();
    body["collect"] = json!({ "account": "PL63105015201000009091194713", "receiver": "Jan" });
    let collect = bench.ok("/transactions", &body);
    assert_eq!(
        refuse(collect["transactionId"].as_str().unwrap()),
        "cannot_refund_collect_transaction"
    );
    let market = bench.ok("/marketplace/v1/transaction", &marketplace());
    assert_eq!(
        refuse(market["transactionId"].as_str().unwrap()),
        "cannot_refund_marketplace_transaction"
    );
}

#[test]
fn only_a_pending_payment_is_cancelled() {
    let bench = Bench::new();
    let id = bench.create(json!(1));
    let cancel = format!("/transactions/{id}/cancel");
    assert_eq!(bench.send("POST", &cancel, None).0, 200);
    assert_eq!(bench.get(&format!("/transactions/{id}")).1["status"], "canceled");
    assert_eq!(bench.refused("POST", &cancel, None).0, 409);
    assert!(!bench.server.state(|tpay| tpay.pay(&id)));
    let paid = format!("/transactions/{}/cancel", bench.paid(json!(1)));
    assert_eq!(bench.refused("POST", &paid, None).1, "transaction_lock");
    assert_eq!(bench.refused("GET", &paid, None).1, "transaction_lock");
    let locked = bench.create(json!(1));
    bench.server.state(|tpay| tpay.transactions[2].locked = true);
    assert_eq!(bench.refused("POST", &format!("/transactions/{locked}/cancel"), None).0, 409);
}

#[test]
fn lists_have_pages() {
    let bench = Bench::new();
    for _ in 0..5 {
        bench.create(json!(1));
    }
    bench.paid(json!(2));
    let list = bench.get("/transactions?page=2&limit=4").1;
    assert_eq!(list["transactions"].as_array().unwrap().len(), 2);
    assert_eq!((&list["page"], &list["limit"], &list["total"]), (&json!(2), &json!(4), &json!(6)));
    assert_eq!(bench.get("/transactions?status=correct").1["total"], 1);
    assert_eq!(bench.get("/transactions?page=9").1["transactions"], json!([]));
    assert_eq!(bench.get("/transactions?from=2000-01-01+00:00:00").1["total"], 6);
    assert_eq!(bench.get("/transactions?to=2000-01-01%2000%3A00%3A00").1["total"], 0);
    let reports = bench.get("/reports?pageSize=2&sortDirection=DESC").1;
    assert_eq!(reports["reports"][0]["id"], "rep_3");
    assert_eq!(bench.refused("GET", "/reports?limit=2", None).1, "unexpected_field");
}

#[test]
fn settings_cause_the_errors_of_an_account() {
    let bench = Bench::new();
    bench.server.state(|tpay| {
        tpay.unique_crc = true;
        assert!(tpay.refuse_next("collect.list_bank_accounts", 403, "access_denied"));
        assert!(tpay.refuse_next("oauth.token", 500, "internal_server_error"));
        assert!(!tpay.refuse_next("nothing", 403, "access_denied"));
    });
    let mut body = payment();
    body["hiddenDescription"] = json!("order-1");
    bench.ok("/transactions", &body);
    assert_eq!(bench.refused("POST", "/transactions", Some(&body)).1, "crc_not_unique");
    bench.server.state(|tpay| tpay.callbacks_allowed = false);
    let mut body = payment();
    body["callbacks"] = json!({ "payerUrls": { "success": "https://example.com" } });
    assert_eq!(bench.refused("POST", "/transactions", Some(&body)).1, "url_override_is_disabled");
    let (status, code, _) = bench.refused("GET", "/collect/bank-accounts", None);
    assert_eq!((status, code.as_str()), (403, "access_denied"));
    assert_eq!(bench.get("/collect/bank-accounts").0, 200);
    let good = [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
    assert_eq!(bench.form(&good).0, 500);
    assert_eq!(bench.form(&good).0, 200);
}

#[test]
fn qr_image_has_the_requested_type() {
    let bench = Bench::new();
    let qr = format!("/transactions/{}/qr", bench.create(json!(1)));
    for (kind, begin) in [
        ("image/png", &b"\x89PNG"[..]),
        ("image/jpeg", b"\xff\xd8\xff"),
        ("image/svg+xml", b"<svg"),
    ] {
        let body = json!({ "outputType": kind, "size": "XL" }).to_string();
        let (status, head, image) = bench.raw(&format!(
            "POST {qr} HTTP/1.1\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            bench.token,
            body.len()
        ));
        assert_eq!(status, 200);
        assert!(head.contains(&format!("content-type: {kind}")), "{head}");
        assert!(image.starts_with(begin));
    }
    assert_eq!(bench.send("POST", &qr, None).0, 200);
    assert_eq!(bench.refused("POST", &qr, Some(&json!({ "size": "XXL" }))).1, "not_valid");
}

fn verify(signature: &str, body: &str) -> bool {
    let pem = include_str!("../../src/tpay/keys/signing-key-test-only.pem");
    let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap();
    let der: String = include_str!("../../src/tpay/keys/signing.pem")
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let certificate = STANDARD.decode(der).unwrap();
    let public = key.public().as_ref();
    assert!(certificate.windows(public.len()).any(|bytes| bytes == public));
    let (header, rest) = signature.split_once("..").unwrap();
    let input = format!("{header}.{}", URL_SAFE_NO_PAD.encode(body));
    let signature = URL_SAFE_NO_PAD.decode(rest).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);
    public.verify(input.as_bytes(), &signature).is_ok()
}

#[test]
fn payment_notification_has_jws_and_md5sum() {
    let bench = Bench::new();
    let (url, calls) = callback(&["no", "TRUE", "TRUE"]);
    let mut body = payment();
    body["hiddenDescription"] = json!("zamówienie/1");
    body["callbacks"] = json!({ "notification": { "url": url } });
    let response = bench.ok("/transactions", &body);
    let id = response["transactionId"].as_str().unwrap();
    let outbox = bench.server.state(|tpay| {
        assert!(tpay.pay(id));
        tpay.outbox()
    });
    outbox.wait_for(1);
    bench.ok(&format!("/transactions/{id}/refunds"), &json!({}));
    let sent = outbox.wait_for(2);
    assert_eq!(sent.iter().map(|sent| sent.attempts).collect::<Vec<_>>(), [2, 1]);
    assert!(sent.iter().all(|sent| sent.accepted && sent.status == Some(200)));
    let calls = calls.join().unwrap();
    for call in &calls {
        let (signature, body) = call.split_once('\n').unwrap();
        assert!(verify(signature, body));
        assert!(!verify(signature, &body.replace("12.34", "12.35")));
        let header = signature.split('.').next().unwrap();
        let header = String::from_utf8(URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
        assert!(header.contains(r"\/x509\/notifications-jws.pem"), "{header}");
        let header: Value = serde_json::from_str(&header).unwrap();
        let x5u = format!("{}/x509/notifications-jws.pem", bench.server.base_url());
        assert_eq!(header, json!({ "alg": "RS256", "x5u": x5u }));
        let fields = pairs(body);
        let get = |name: &str| {
            fields.iter().find(|field| field.0 == name).map(|field| field.1.as_str()).unwrap()
        };
        assert_eq!(get("tr_id"), response["title"]);
        assert_eq!((get("tr_amount"), get("tr_paid"), get("tr_error")), ("12.34", "12.34", "none"));
        assert_eq!(get("tr_crc"), "zamówienie/1");
        let sum = md5sum(&[MERCHANT_ID, get("tr_id"), "12.34", "zamówienie/1", SECURITY_CODE]);
        assert_eq!(get("md5sum"), sum);
    }
    assert_eq!(calls[0], calls[1]);
    assert!(calls[1].contains("tr_status=TRUE") && calls[2].contains("tr_status=CHARGEBACK"));
    let (_, head, root) = bench.raw("GET /x509/tpay-jws-root.pem HTTP/1.1\r\n\r\n");
    assert!(head.contains("application/x-pem-file"));
    assert_eq!(root, bench.server.state(|tpay| tpay.anchors_pem()).as_bytes());
}

#[test]
fn notifications_are_sent_to_loopback_hosts_only() {
    let bench = Bench::new();
    let mut body = payment();
    body["callbacks"] = json!({ "notification": { "url": "https://shop.example.com/notify" } });
    body["pay"] = blik("777123");
    bench.ok("/transactions", &body);
    let sent = bench.server.state(|tpay| tpay.outbox()).wait_for(1);
    assert_eq!((sent[0].attempts, sent[0].status), (0, None));
    assert!(verify(&sent[0].signature, &sent[0].body));
}

#[test]
fn unexpected_amount_is_reported() {
    let bench = Bench::new();
    let mut body = payment();
    body["callbacks"] = json!({ "notification": { "url": "https://shop.example.com/notify" } });
    for (paid, error) in [(1235, "tr_error=overpay"), (1233, "tr_error=surcharge")] {
        let id = bench.ok("/transactions", &body)["transactionId"].clone();
        let id = id.as_str().unwrap();
        let outbox = bench.server.state(|tpay| {
            assert!(tpay.pay_amount(id, paid));
            tpay.outbox()
        });
        let count = outbox.deliveries().len().max(usize::from(paid == 1233) + 1);
        assert!(outbox.wait_for(count).last().unwrap().body.contains(error));
    }
    let id = bench.ok("/transactions", &body)["transactionId"].clone();
    let outbox = bench.server.state(|tpay| {
        assert!(!tpay.chargeback(id.as_str().unwrap()));
        assert!(tpay.pay(id.as_str().unwrap()));
        assert!(tpay.chargeback(id.as_str().unwrap()));
        tpay.outbox()
    });
    assert!(outbox.wait_for(4)[3].body.contains("tr_status=CHARGEBACK"));
}

#[test]
fn response_to_a_notification_decides_in_two_step_mode() {
    let bench = Bench::new();
    bench.server.state(|tpay| tpay.two_step = true);
    for (responses, status) in [(&["TRUE"], "correct"), (&["FALSE"], "refund")] {
        let (url, calls) = callback(responses);
        let mut body = payment();
        body["callbacks"] = json!({ "notification": { "url": url } });
        let response = bench.ok("/transactions", &body);
        let id = response["transactionId"].as_str().unwrap();
        bench.server.state(|tpay| tpay.delivery_attempts = 1);
        let (outbox, before) = bench.server.state(|tpay| {
            let before = tpay.outbox().deliveries().len();
            assert!(tpay.pay(id));
            assert_eq!(tpay.transactions.last().unwrap().status, "paid");
            (tpay.outbox(), before)
        });
        outbox.wait_for(before + 1);
        assert!(calls.join().unwrap()[0].contains("tr_status=PAID"));
        assert_eq!(bench.get(&format!("/transactions/{id}")).1["status"], status);
    }
}

#[test]
fn payment_page_has_a_button_for_each_decision() {
    let bench = Bench::new();
    let mut body = payment();
    body["callbacks"] = json!({ "payerUrls": {
        "success": "http://127.0.0.1:9/ok", "error": "https://example.com/err",
    } });
    let response = bench.ok("/transactions", &body);
    let url = response["transactionPaymentUrl"].as_str().unwrap();
    let target = url.strip_prefix(bench.server.base_url()).unwrap();
    let open = |target: &str| bench.raw(&format!("GET {target} HTTP/1.1\r\n\r\n"));
    assert_eq!(open("/?title=TR-X&uid=none").0, 404);
    for invalid in ["/?title=%zz", "/?title=\"", "/?title=%ff"] {
        assert_eq!(open(invalid).0, 400, "{invalid}");
    }
    assert_eq!(open(&target.replace("TR-", "XX-")).0, 404);
    // The URL of the shop is not on loopback, so there is no redirect.
    assert_eq!(open(&format!("{target}&decision=decline")).0, 200);
    let (status, _, page) = open(target);
    assert_eq!(status, 200);
    let page = String::from_utf8_lossy(&page).into_owned();
    for part in ["value=\"pay\"", "value=\"decline\"", "Status: pending"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let (status, head, _) = open(&format!("{target}&decision=pay"));
    assert_eq!(status, 302);
    assert!(head.contains("location: http://127.0.0.1:9/ok"));
    assert_eq!(open(&format!("{target}&decision=pay")).0, 409);
    let offers = |target: &str, decision: &str| {
        let page = String::from_utf8(open(target).2).unwrap();
        page.contains(&format!("value=\"{decision}\""))
    };
    assert!(offers(target, "chargeback") && !offers(target, "pay"));
    let id = response["transactionId"].as_str().unwrap();
    let after = bench.get(&format!("/transactions/{id}")).1;
    assert_eq!(after["status"], "correct");
    assert_eq!(after["payments"]["attempts"][0]["paymentErrorCode"], "101");
    assert_eq!(open(&format!("{target}&decision=maybe")).0, 400);
    assert_eq!(open(&format!("{target}&decision=chargeback")).0, 200);
    let charged_back = |tpay: &mut Tpay| tpay.transaction(id).unwrap().status;
    assert_eq!(bench.server.state(charged_back), "refund");
    let mut body = marketplace();
    body["transactionCallbacks"] = json!([
        { "type": 2, "value": "http://127.0.0.1:9/err" }, { "type": 1, "value": "http://127.0.0.1:9/ok" },
    ]);
    let market = bench.ok("/marketplace/v1/transaction", &body);
    let url = market["paymentUrl"].as_str().unwrap();
    let target = url.strip_prefix(bench.server.base_url()).unwrap();
    let (status, head, _) = open(&format!("{target}&decision=decline"));
    assert!(status == 302 && head.contains("location: http://127.0.0.1:9/err\r\n"), "{head}");
    let page = String::from_utf8(open(target).2).unwrap();
    for part in ["12.34 PLN", "Status: pending", "value=\"pay\"", "value=\"decline\""] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let (status, head, _) = open(&format!("{target}&decision=pay"));
    assert!(status == 302 && head.contains("location: http://127.0.0.1:9/ok\r\n"), "{head}");
    assert_eq!(open(&format!("{target}&decision=decline")).0, 409);
    assert!(!offers(target, "chargeback") && !offers(target, "pay"));
    let saving = bench.ok("/tokens", &json!({ "callbackUrl": "https://example.com/cb" }));
    let target = saving["url"].as_str().unwrap().strip_prefix(bench.server.base_url()).unwrap();
    assert_eq!(open(target).0, 200);
    assert_eq!(open(target).0, 404);
    assert_eq!(bench.raw("POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n").0, 405);
    bench.server.state(|tpay| assert_eq!(tpay.marketplace[0].status, "correct"));
}

#[test]
fn only_a_successful_response_to_the_question_settles_a_payment() {
    let bench = Bench::new();
    bench.server.state(|tpay| {
        tpay.two_step = true;
        tpay.delivery_attempts = 1;
    });
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let receiver = std::thread::spawn(move || {
        ["500 X", "200 OK"].map(|status| {
            let (mut stream, _) = listener.accept().unwrap();
            let (_, body) = request(&mut stream);
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 4\r\n\r\nTRUE").unwrap();
            body
        })
    });
    let mut body = payment();
    body["callbacks"] = json!({ "notification": { "url": url } });
    let id = bench.ok("/transactions", &body)["transactionId"].as_str().unwrap().to_owned();
    let status = || bench.get(&format!("/transactions/{id}")).1["status"].clone();
    let outbox = bench.server.state(|tpay| {
        assert!(tpay.pay(&id));
        tpay.outbox()
    });
    outbox.wait_for(1);
    assert_eq!(status(), "paid", "a response with status 500 confirms nothing");
    let refund = format!("/transactions/{id}/refunds");
    assert_eq!(bench.post(&refund, &json!({ "amount": 1 })).0, 200);
    outbox.wait_for(2);
    assert_eq!(status(), "paid", "a response about the refund confirms nothing");
    let [first, second] = receiver.join().unwrap();
    assert!(first.contains("tr_status=PAID") && second.contains("tr_status=CHARGEBACK"));
}

#[test]
fn response_settles_only_the_payment_of_the_question_while_it_waits() {
    let bench = Bench::new();
    bench.server.state(|tpay| {
        tpay.two_step = true;
        tpay.delivery_attempts = 1;
    });
    let (url, calls) = callback(&["no", "TRUE", "TRUE", "TRUE"]);
    let mut body = payment();
    body["callbacks"] = json!({ "notification": { "url": url } });
    let pay = |and: fn(&mut Tpay, &str)| {
        let id = bench.ok("/transactions", &body)["transactionId"].as_str().unwrap().to_owned();
        let (outbox, before) = bench.server.state(|tpay| {
            let before = tpay.outbox().deliveries().len();
            assert!(tpay.pay(&id));
            and(tpay, &id);
            (tpay.outbox(), before)
        });
        outbox.wait_for(before + 1);
        id
    };
    let status = |id: &str| bench.get(&format!("/transactions/{id}")).1["status"].clone();
    let unanswered = pay(|_, _| {});
    let confirmed = pay(|_, _| {});
    assert_eq!((status(&unanswered), status(&confirmed)), (json!("paid"), json!("correct")));
    // The payment is charged back before the server knows the response.
    let charged_back = pay(|tpay, id| assert!(tpay.chargeback(id)));
    bench.server.state(|tpay| tpay.outbox()).wait_for(4);
    assert_eq!((status(&unanswered), status(&charged_back)), (json!("paid"), json!("refund")));
    assert_eq!(calls.join().unwrap().len(), 4);
}

#[test]
fn marketplace_payment_registers_its_alias_and_saves_its_card() {
    let bench = Bench::new();
    let base = "/marketplace/v1/transaction";
    let create = || bench.ok(base, &marketplace())["transactionId"].as_str().unwrap().to_owned();
    let alias = json!({ "value": "market", "type": "UID", "label": "Shop" });
    let blik = |code: &str| json!({ "blikPaymentData": { "blikToken": code, "aliases": alias } });
    let pay = |id: &str, data: &Value| bench.ok(&format!("{base}/{id}/pay"), data);
    let is_known = || bench.get("/blik/alias/market?aliasType=UID").0 == 200;
    let id = create();
    pay(&id, &blik("700103"));
    assert!(!is_known());
    assert_eq!(pay(&id, &blik("777123"))["status"], "correct");
    assert!(is_known());
    let id = create();
    pay(&id, &json!({ "cardPaymentData": { "save": 1 } }));
    let saved = |tpay: &mut Tpay| tpay.card_tokens.len();
    let before = bench.server.state(saved);
    assert!(bench.server.state(|tpay| tpay.pay(&id)));
    assert_eq!(bench.server.state(saved), before + 1);
}

#[test]
fn alias_and_card_of_a_failed_attempt_are_not_saved_by_a_later_payment() {
    let bench = Bench::new();
    let card = json!({ "card": STANDARD.encode([7; 256]), "save": 1 });
    let alias = json!({ "value": "late", "type": "UID", "label": "Shop" });
    let later = json!({ "blikToken": "700201", "aliases": alias });
    let waiting = json!({ "blikToken": "700000", "aliases": alias });
    let cards = || bench.server.state(|tpay| tpay.card_tokens.len());
    let before = cards();
    let pay = |id: &str, path: String, data: &Value, is_refused: bool| {
        bench.ok(&path, data);
        bench.server.state(|tpay| assert!(is_refused || tpay.decline(id, "101")));
        assert!(bench.server.state(|tpay| tpay.pay(id)));
        assert_eq!(cards(), before);
        assert_eq!(bench.get("/blik/alias/late?aliasType=UID").0, 404);
    };
    // A card payment of an amount that ends in 5 is refused.
    for (data, is_refused) in [
        (json!({ "cardPaymentData": card }), true),
        (json!({ "cardPaymentData": { "save": 1 } }), false),
        (json!({ "blikPaymentData": later }), true),
        (json!({ "blikPaymentData": waiting }), false),
    ] {
        let id = bench.create(json!(10.05));
        let mut with_group = data.clone();
        with_group["groupId"] = json!(if data["cardPaymentData"].is_null() { 150 } else { 103 });
        pay(&id, format!("/transactions/{id}/pay"), &with_group, is_refused);
        let mut body = marketplace();
        body["childTransactions"][0]["amount"] = json!(1001);
        let base = "/marketplace/v1/transaction";
        let id = bench.ok(base, &body)["transactionId"].as_str().unwrap().to_owned();
        pay(&id, format!("{base}/{id}/pay"), &data, is_refused);
    }
}

#[test]
fn marketplace_amounts_add_up_in_grosze() {
    let bench = Bench::new();
    let base = "/marketplace/v1/transaction";
    let mut body = marketplace();
    body["transactionCallbacks"] = json!([{ "type": 3, "value": "https://example.com/n" }]);
    let response = bench.ok(base, &body);
    let id = response["transactionId"].as_str().unwrap();
    let refund = |part: Value| {
        bench.post(&format!("{base}/{id}/refund"), &json!({ "childTransactions": part }))
    };
    assert_eq!(refund(json!([])).1["reasons"][0], "nothing was paid");
    let pay = format!("{base}/{id}/pay");
    assert_eq!(bench.refused("POST", &pay, Some(&json!({}))).1, "no_payment_data");
    let code = |code: &str| json!({ "blikPaymentData": { "blikToken": code } });
    let refused = bench.ok(&pay, &code("700103"));
    assert_eq!(refused["payments"]["errors"][0]["errorCode"], "payment_failed");
    let paid = bench.ok(&pay, &code("777123"));
    assert_eq!((&paid["status"], &paid["amount"]), (&json!("correct"), &json!(12.34)));
    let read = bench.get(&format!("{base}/{id}?withPaymentAttempts=1")).1;
    assert_eq!(read["payments"]["attempts"][0]["paymentErrorCode"], "103");
    assert!(read["creationDate"].as_str().unwrap().ends_with(".000000"));
    let child = read["childTransactions"][0]["id"].clone();
    let merchant = MARKETPLACE_MERCHANTS[1];
    assert_eq!(refund(json!([{ "id": child, "amount": 1001 }])).0, 400);
    assert_eq!(refund(json!([{ "amount": 1 }])).0, 400);
    assert_eq!(refund(json!([{ "merchantId": MARKETPLACE_POS, "amount": 1 }])).0, 400);
    let both = json!([{ "id": child, "amount": 999 }, { "merchantId": merchant, "amount": 235 }]);
    assert_eq!(refund(both).0, 400);
    let (status, response) = refund(json!([{ "id": child, "amount": 999 }]));
    assert_eq!((status, &response["amount"]), (200, &json!(999)));
    assert_eq!(refund(json!([])).1["amount"], 235);
    assert_eq!(refund(json!([])).0, 400);
    assert_eq!(bench.get(&format!("{base}/{id}")).1["status"], "correct");
    assert_eq!(bench.send("POST", &format!("{base}/{id}/cancel"), None).0, 409);
    let sent = bench.server.state(|tpay| tpay.outbox()).wait_for(3);
    let first: Value = serde_json::from_str(&sent[0].body).unwrap();
    assert_eq!(first["type"], "marketplace_transaction");
    assert_eq!(first["data"]["transactionPaidAmount"], 12.34);
}

#[test]
fn marketplace_errors_have_their_own_format() {
    let bench = Bench::new();
    let base = "/marketplace/v1/transaction";
    let response = |pointer: &str, value: Value| {
        let mut body = marketplace();
        put(&mut body, pointer, value);
        let (status, response) = bench.post(base, &body);
        assert!((400..500).contains(&status));
        response
    };
    let violations = response("/languageCode", json!("DE"));
    assert!(violations["violations"]["languageCode"].is_string(), "{violations}");
    let violations = response("/childTransactions", json!([]));
    assert!(violations["violations"]["childTransactions"].is_string(), "{violations}");
    let violations = response("/typo", json!(1));
    assert!(violations["violations"]["typo"].is_string(), "{violations}");
    let mut child = marketplace()["childTransactions"][0].clone();
    child["amount"] = json!(10.5);
    let violations = response("/childTransactions", json!([child]));
    assert!(violations["violations"]["childTransactions.0.amount"].is_string(), "{violations}");
    for (kind, value) in [(1, "x"), (2, "ftp://x/"), (3, "m@example.com"), (4, "https://x/n")] {
        let violations =
            response("/transactionCallbacks", json!([{ "type": kind, "value": value }]));
        let field = "transactionCallbacks.0.value";
        assert!(violations["violations"][field].is_string(), "{kind} {violations}");
    }
    child["amount"] = json!(10);
    child["merchant"]["id"] = json!(PLAN);
    let strangers = response("/childTransactions", json!([child]));
    assert_eq!(strangers["unassociatedMerchants"], json!([PLAN]));
    assert!(response("/pos", json!({ "id": PLAN }))["reasons"].is_array());
    let (status, response) = bench.get(&format!("{base}/{PLAN}"));
    assert_eq!((status, response["reasons"].is_array()), (404, true));
    let (status, response) = bench.get(&format!("/marketplace/v1/bank-groups?merchantId[]={PLAN}"));
    assert_eq!((status, &response["unassociatedMerchants"]), (400, &json!([PLAN])));
    let groups =
        bench.get("/marketplace/v1/bank-groups?merchantId%5B0%5D=01SANDB0XMER00000000000001").1;
    assert!(groups["groups"].is_array());
    assert!(bench.get("/transactions/bank-groups").1["groups"]["150"].is_object());
}

#[test]
fn plans_are_charged_retried_and_finished() {
    let bench = Bench::new();
    let create = |pointer: &str, value: Value| {
        let mut body = plan(PLAN);
        put(&mut body, pointer, value);
        bench.refused("POST", "/recurring", Some(&body))
    };
    assert_eq!(create("/id", json!("x")).2, "id");
    assert_eq!(create("/schedule/interval", json!(0)).1, "too_low");
    assert_eq!(create("/payer/userAgent", json!("x")).1, "unexpected_field");
    for date in ["soon", "2026-02-30", "2026-12-01T10:00:00+1", "1.12.2026"] {
        assert_eq!(create("/schedule/firstChargeDate", json!(date)).1, "not_valid", "{date}");
    }
    let long = format!("https://example.com/{}", "x".repeat(236));
    for url in ["example.com/rec", "ftp://example.com/", &long] {
        assert_eq!(create("/callbackUrl", json!(url)).2, "callbackUrl", "{url}");
    }
    let payid = json!({ "paymentType": "blik_payid", "value": PAYID_ALIAS });
    assert_eq!(create("/paymentInstrument", payid).1, "is_required");
    for (blik, name) in [
        (json!({ "model": "O" }), "recommendedAuthLevel"),
        (json!({ "model": "A", "recommendedAuthLevel": "NOCONFREQ" }), "recommendedAuthLevel"),
        (json!({ "model": "M", "noDelay": true }), "noDelay"),
    ] {
        let payid = json!({ "paymentType": "blik_payid", "value": PAYID_ALIAS, "blik": blik });
        let (status, code, field) = create("/paymentInstrument", payid);
        assert_eq!((status, code.as_str()), (400, "wrong_model_data_combination"), "{blik}");
        assert_eq!(field, format!("paymentInstrument.blik.{name}"));
    }
    assert_eq!(create("/paymentInstrument/blik", json!({ "model": "A" })).1, "unexpected_field");
    bench.ok("/recurring", &plan(PLAN));
    assert_eq!(bench.refused("POST", "/recurring", Some(&plan(PLAN))).0, 409);
    let at = format!("/recurring/{PLAN}");
    let retry = format!("{at}/retry");
    assert_eq!(bench.refused("POST", &retry, None).0, 409);
    assert!(bench.server.state(|tpay| tpay.charge_plan(PLAN, false)));
    assert_eq!(bench.send("POST", &retry, None).0, 200);
    assert!(bench.server.state(|tpay| tpay.charge_plan(PLAN, true)));
    assert_eq!(bench.get(&at).1["status"], "finished");
    let charges = bench.get(&format!("{at}/transactions?limit=1")).1;
    assert_eq!((&charges["total"], &charges["list"][0]["amount"]), (&json!(2), &json!(49.9)));
    assert_eq!(bench.refused("POST", &format!("{at}/cancel"), None).0, 409);
    let sent = bench.server.state(|tpay| tpay.outbox()).wait_for(3);
    let body: Value = serde_json::from_str(&sent[1].body).unwrap();
    assert_eq!((&body["recurringId"], &body["iterationAttemptCount"]), (&json!(PLAN), &json!(2)));
}

#[test]
fn tokens_and_aliases_are_notified() {
    let bench = Bench::new();
    let (url, calls) =
        callback(&[r#"{"result":true}"#, r#"{"result":true}"#, "TRUE", "TRUE", "TRUE"]);
    let body = json!({ "callbackUrl": url, "payer": { "name": "Jan", "email": "j@example.com" } });
    let id = bench.ok("/tokens", &body)["id"].as_str().unwrap().to_owned();
    let token = bench.server.state(|tpay| {
        tpay.panel_url = Some(url.clone());
        assert_eq!(tpay.tokenize("none"), None);
        tpay.tokenize(&id).unwrap()
    });
    assert_eq!(token.len(), 64);
    let outbox = bench.server.state(|tpay| {
        assert!(tpay.update_token(&token));
        assert!(tpay.unregister_alias(UID_ALIAS, "UID"));
        tpay.alias_events_as_json = true;
        assert!(!tpay.unregister_alias(PAYID_ALIAS, "UID"));
        assert!(tpay.unregister_alias(PAYID_ALIAS, "PAYID"));
        assert!(!tpay.unregister_alias(PAYID_ALIAS, "PAYID"));
        tpay.notify_test(&url);
        tpay.outbox()
    });
    assert!(outbox.wait_for(5).iter().all(|sent| sent.accepted));
    let calls = calls.join().unwrap();
    let body = |index: usize| calls[index].split_once('\n').unwrap().1.to_owned();
    let first: Value = serde_json::from_str(&body(0)).unwrap();
    assert_eq!((&first["type"], &first["data"]["token"]), (&json!("tokenization"), &json!(token)));
    let second: Value = serde_json::from_str(&body(1)).unwrap();
    assert_eq!(second["type"], "token_update");
    assert!(body(2).contains("event=ALIAS_UNREGISTER&msg_value%5Bvalue%5D=sandbox_uid"));
    let fourth: Value = serde_json::from_str(&body(3)).unwrap();
    assert_eq!(fourth["msg_value"]["type"], "PAYID");
    assert!(body(4).contains("-TST") && body(4).contains("test_mode=1"));
    assert_eq!(bench.get(&format!("/tokens/{token}")).1["cardTail"], "1112");
    let card = json!({ "callbackUrl": url, "card": "eA==" });
    assert_eq!(bench.refused("POST", "/tokens", Some(&card)).1, "encryption_error");
}

#[test]
fn merchants_are_registered_once_with_their_secrets() {
    let bench = Bench::new();
    let mut body = json!({
        "offerCode": "SAND1", "email": "m@example.com", "krs": "123",
        "address": [{ "street": "Jelenia", "country": "PL", "isMain": true }],
        "website": [{ "url": "https://example.com", "name": "Shop" }],
        "contactPerson": [{ "name": "Jan", "phone": "1" }],
    });
    let response = bench.ok("/v1/accounts/merchant", &body);
    assert_eq!(response["krs"], 123);
    assert!(response["apiCredentials"][0]["clientSecret"].is_string());
    assert!(response["website"][0]["posId"].is_string());
    assert_eq!(response["website"][0]["accountId"], response["id"]);
    assert!(response["address"][0]["addressId"].is_string());
    assert_eq!(response["address"][0].get("accountId"), None);
    let id = response["id"].as_str().unwrap();
    let (status, account) = bench.get(&format!("/accounts/{id}"));
    assert_eq!((status, &account["apiCredentials"]), (200, &Value::Null));
    assert_eq!(bench.get("/accounts").1["total"], 2);
    body["contactPerson"] = json!([{ "name": "Jan" }]);
    let refuse = |body: &Value| bench.refused("POST", "/v1/accounts/merchant", Some(body)).1;
    assert_eq!(refuse(&body), "contact_data_missing");
    body["contactPerson"] = json!([]);
    body["address"] = json!([{ "isMain": true }]);
    assert_eq!(refuse(&body), "field_required");
    body["address"] = json!([{ "isMain": true, "country": "Polska" }]);
    assert_eq!(refuse(&body), "country_not_valid");
    body["address"] =
        json!([{ "isMain": true, "country": "PL" }, { "isMain": true, "country": "PL" }]);
    assert_eq!(refuse(&body), "not_valid");
    assert_eq!(bench.refused("POST", "/accounts", Some(&json!({}))).1, "is_required");
    for (kind, currency, is_taken) in [
        (None, None, true),
        (Some(1), Some("PLN"), true),
        (None, Some("EUR"), false),
        (Some(2), Some("EUR"), true),
        (Some(2), None, false),
        (Some(3), Some("GBP"), true),
    ] {
        let mut body = json!({
            "offerCode": "SAND1", "email": "m@example.com", "taxId": "7773061579", "legalForm": 3,
            "categoryId": 62, "bankAccount": {
                "accountNo": "63105015201000009091194713", "bankName": "Bank", "ownerName": "Jan",
                "ownerAddress": "Warszawa",
            },
        });
        if let Some(kind) = kind {
            body["bankAccount"]["accountType"] = json!(kind);
        }
        if let Some(currency) = currency {
            body["bankAccount"]["currency"] = json!(currency);
        }
        let (status, response) = bench.post("/accounts", &body);
        assert_eq!(status, if is_taken { 200 } else { 400 }, "{kind:?} {currency:?} {response}");
    }
    assert_eq!(bench.get("/accounts/mcc").1["list"][0]["code"], "5942");
    assert_eq!(bench.refused("GET", "/accounts/category/x", None).1, "not_natural_int");
}

#[test]
fn card_token_can_be_refunded() {
    let bench = Bench::new();
    let refund = |body: Value| bench.post("/refunds", &body);
    let good = json!({ "amount": 1.5, "currencyCode": 985, "tokenValue": CARD_TOKEN });
    let response = refund(good).1;
    assert_eq!(response["refundContent"]["amount"], 1.5);
    let eisop = json!({ "amount": 2, "currencyCode": 978, "tokenValue": "4111111111111111", "cardExpiryDate": "3012" });
    assert_eq!(refund(eisop).0, 200);
    let bad = json!({ "amount": 2, "currencyCode": 978, "tokenValue": "4111111111111111" });
    assert_eq!(refund(bad).1["errors"][0]["errorCode"], "is_required");
    let bad = json!({ "amount": 2, "currencyCode": 1, "tokenValue": CARD_TOKEN });
    assert_eq!(refund(bad).1["errors"][0]["errorCode"], "not_valid");
    let bad = json!({ "amount": 2, "currencyCode": 985, "tokenValue": "unknown" });
    assert_eq!(refund(bad).1["errors"][0]["errorCode"], "incorrect_token");
    let list = bench.get(&format!("/refunds?context=card&token={CARD_TOKEN}")).1;
    assert_eq!(
        (&list["total"], &list["transactions"]["list"][0]["currency"]),
        (&json!(1), &json!("PLN"))
    );
    let noted = |length| json!({ "amount": 1, "currencyCode": 985, "tokenValue": CARD_TOKEN, "rocText": "x".repeat(length) });
    assert_eq!(refund(noted(255)).0, 200);
    assert_eq!(refund(noted(256)).1["errors"][0]["errorCode"], "not_valid");
    for (query, name) in [
        ("token=x", "token"),
        ("context=transactional&token=x", "token"),
        ("context=card&payerEmail=jan%40example.com", "payerEmail"),
        ("context=card&transactionTitle=TR-SBX-0000001", "transactionTitle"),
    ] {
        let (status, code, field) = bench.refused("GET", &format!("/refunds?{query}"), None);
        assert_eq!((status, code.as_str(), field.as_str()), (400, "unexpected_field", name));
    }
}
