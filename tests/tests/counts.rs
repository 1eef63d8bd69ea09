//! Allocations of a request: the exact figures of `docs/performance.md`.

#![allow(clippy::unwrap_used, reason = "tests")]

use api_auth::{Request, Response, TransportError};
use tinycert_client::{CaId, CreateCert, San};
use tinypass_client::SearchAccess;
use tinypass_client::access::GetAccess;
use tokenpass_client::{CreatePromise, Satoshis};
use tpay_client::{CreateTransaction, Payer, grosze};

const KEY: &str = "jNq3vT0aB7xKc5mYpR8wZ2dLhE6uFsG1iOoQyX4t";

/// The allocations of a warm `work`.
fn allocations<T>(mut work: impl FnMut() -> T) -> u64 {
    drop(work());
    allocation_counter::measure(|| drop(work())).count_total
}

#[test]
fn a_request_line_is_signed_in_five_allocations() {
    let client = tinypass_client::Client::builder("AIDAIDAID0", KEY).no_proxy().build().unwrap();
    let call = GetAccess::new("Été complet", "user+7@example.org");
    assert_eq!(allocations(|| client.signed_request(&call).unwrap()), 5);
}

#[test]
fn a_form_with_a_digest_is_signed_in_nine_allocations() {
    let client = tinycert_client::Client::builder(KEY).no_proxy().build().unwrap();
    let session = client.resume("0a1b2c3d4e5f60718293a4b5c6d7e8f9");
    let call = CreateCert::new(CaId::new(561), "PL", "Example & Sons", "*.example.com")
        .organizational_unit("Web services")
        .locality("Łódź")
        .state("Łódzkie")
        .san(San::Dns("example.com".to_owned()))
        .san(San::Dns("www.example.com".to_owned()));
    assert_eq!(allocations(|| session.signed_request(&call).unwrap()), 9);
    drop(session.into_token()); // The session is not closed.
}

#[test]
fn nonce_headers_are_signed_in_seven_allocations() {
    let client =
        tokenpass_client::Client::builder("TApiTokenXXXXXXX", KEY).no_proxy().build().unwrap();
    let call = CreatePromise::new("1Source", "1Destination", "TOKENLY", Satoshis::new(1_000_000))
        .reference("order-7")
        .note("Grüße aus Łódź, \"merci\"");
    assert_eq!(allocations(|| client.signed_request(&call).unwrap()), 7);
}

#[test]
fn a_bearer_token_is_put_on_in_four_allocations() {
    let token = |_: Request| -> Result<Response, TransportError> {
        Ok(Response::new(br#"{"access_token":"0123456789abcdef","expires_in":7200}"#.to_vec()))
    };
    let client = tpay_client::Client::builder("id", "secret").transport(token).build().unwrap();
    let payer = Payer::new("jan@example.com", "Jan Nowak");
    let call = CreateTransaction::new(grosze(1234), "Grüße", payer).hidden_description("order-7");
    assert_eq!(allocations(|| client.signed_request(&call).unwrap()), 4);
}

/// The copy of a request, which is used to remove its secrets from an error, needs no allocation.
#[test]
fn request_makes_no_further_allocations() {
    let empty = |_: Request| -> Result<Response, TransportError> { Ok(Response::new(Vec::new())) };
    let client = tinypass_client::Client::builder("AIDAIDAID0", KEY).transport(empty);
    let client = client.build().unwrap();
    let call = GetAccess::new("Été complet", "user+7@example.org");
    let built = allocations(|| client.signed_request(&call).unwrap());
    assert_eq!(allocations(|| client.send_raw(&call).unwrap()), built);

    let client = tokenpass_client::Client::builder("TApiTokenXXXXXXX", KEY).transport(empty);
    let client = client.build().unwrap();
    let call = CreatePromise::new("1Source", "1Destination", "TOKENLY", Satoshis::new(1_000_000));
    let built = allocations(|| client.signed_request(&call).unwrap());
    assert_eq!(allocations(|| client.send_raw(&call).unwrap()), built);
}

/// A record needs one allocation for each string, and none for an amount.
#[test]
fn list_needs_ten_allocations_per_record() {
    let record = r#"{"id":"1","aid":"A","rid":"r","uid":"u","amount":4.99,"currency":"USD",
        "created":1,"expires":2,"user_ref":"x","user_email":"ann@example.org","tags":["n","s"]}"#;
    let list = |records: usize| format!(r#"{{"data":[{}]}}"#, vec![record; records].join(","));
    let read = |records: usize| {
        let response = Response::new(list(records).into_bytes());
        let call = SearchAccess::new();
        allocations(|| api_auth::Endpoint::parse(&call, &response).unwrap())
    };
    // The difference of two lists, so that the list itself does not count.
    assert_eq!(read(128) - read(64), 64 * 10 + 1);
}

/// The peak memory for a malicious body of the largest accepted size, as a multiple of its size.
#[test]
fn malicious_bodies_need_at_most_eight_times_their_size() {
    const SIZE: usize = 8 << 20;
    let fill = |head: &str, unit: &str, tail: &str| {
        let text = unit.repeat((SIZE - head.len() - tail.len()) / unit.len());
        [head, &text, tail].concat()
    };
    for body in [
        fill(r#"{"transactions":["#, "{},", "{}]}"),
        fill(r#"{"transactions":{"#, "\"1\":{},", "\"1\":{}}}"),
        fill(r#"{"transactions":["#, r#"{"payments":{}},"#, "{}]}"),
        fill(r#"{"transactions":["#, r#"{"payments":{"errors":{}}},"#, "{}]}"),
        fill(r#"{"transactions":["#, r#"{"payer":[]},"#, "{}]}"),
        fill(r#"{"transactions":["#, r#"{"x":0},"#, "{}]}"),
        fill(r#"{"x":["#, "0,", "0]}"),
        fill("{", r#""x":0,"#, r#""y":0}"#),
        fill(r#"{"x":"#, "[", ""),
        fill(r#"{"requestId":""#, "\\ud83d", "\"}"),
        fill(r#"{"requestId":"#, "1", "}"),
    ] {
        let response = Response::new(body.into_bytes());
        let read =
            || api_auth::json::<tpay_client::transactions::TransactionPage>(&response).is_ok();
        let most = allocation_counter::measure(|| _ = read()).bytes_max;
        let start = String::from_utf8_lossy(&response.body()[..40]);
        let times = most.div_ceil(SIZE as u64);
        assert!(times <= 8, "{start}: {times} times the body");
    }
}
