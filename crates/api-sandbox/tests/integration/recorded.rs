//! Tests that replay requests of the official clients, byte for byte.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::string_slice, clippy::print_stdout, reason = "tests")]

use std::io::{Read, Write};
use std::net::TcpStream;

use api_sandbox::{Sandbox, Seen};
use serde_json::Value;

/// One recorded request.
struct Recorded<'a> {
    name: &'a str,
    status: u16,
    text: &'a str,
}

fn recordings(file: &str) -> Vec<Recorded<'_>> {
    let parts = file.split("\n=== ").skip(1);
    let all: Vec<_> = parts
        .map(|part| {
            let (title, text) = part.split_once('\n').unwrap();
            let (name, status) = title.split_once(" -> ").unwrap();
            Recorded { name, status: status.parse().unwrap(), text }
        })
        .collect();
    assert_eq!(all.len(), file.matches("\n=== ").count());
    all
}

/// Sends a recorded request. Returns the status and body of the response.
fn replay(base_url: &str, recorded: &Recorded<'_>, values: &[(String, String)]) -> (u16, Vec<u8>) {
    let host = base_url.strip_prefix("http://").unwrap();
    let mut text = recorded.text.replace("{host}", &format!("{host}\nConnection: close"));
    for (name, value) in values {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    let (head, body) = text.split_once("\n\n").unwrap();
    // A text file ends with a line feed, which is not part of the request unless the body is
    // chunked.
    let body = if head.contains("chunked") {
        body.trim_end().to_owned() + "\n\n"
    } else {
        body.trim_end().to_owned()
    };
    let request = format!("{head}\n\n{body}").replace('\n', "\r\n");
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    let interim = b"HTTP/1.1 100 Continue\r\n\r\n";
    let response = response.strip_prefix(interim).unwrap_or(&response);
    let end = response.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let status = str::from_utf8(&response[9..12]).unwrap().parse().unwrap();
    (status, response[end + 4..].to_vec())
}

/// Replays the requests in a file. `note` is called with the name and JSON of each response and the
/// values of the placeholders.
fn replay_all(
    base_url: &str,
    file: &str,
    mut note: impl FnMut(&str, &Value, &mut Vec<(String, String)>),
) {
    let mut values = Vec::new();
    for recorded in recordings(file) {
        let (status, body) = replay(base_url, &recorded, &values);
        let text = String::from_utf8_lossy(&body);
        assert_eq!(status, recorded.status, "{}: {text}", recorded.name);
        note(recorded.name, &serde_json::from_slice(&body).unwrap_or_default(), &mut values);
    }
}

fn rejected(seen: &[Seen]) -> Vec<&str> {
    let rejected = seen.iter().filter(|seen| seen.verdict.signed != Some(true));
    rejected.map(|seen| seen.verdict.endpoint.unwrap_or_default()).collect()
}

#[test]
fn the_php_sdk_of_tpay_is_served() {
    let sandbox = Sandbox::start().unwrap();
    let file = include_str!("recorded/tpay_php_sdk.txt");
    let base_url = sandbox.tpay().base_url();
    replay_all(base_url, file, |name, json, values| {
        let text = |member: &str| json[member].as_str().unwrap().to_owned();
        match name {
            "authorize" => values.push(("token".to_owned(), text("access_token"))),
            "create" => values.push(("transaction 1".to_owned(), text("transactionId"))),
            "create 2" => values.push(("transaction 2".to_owned(), text("transactionId"))),
            "create token payment" | "create apple pay" => assert_eq!(json["status"], "correct"),
            "refund all" => assert_eq!(json["refundsList"][1]["amount"], 10.84),
            _ => {}
        }
    });
    let seen = sandbox.tpay().take_seen();
    assert_eq!((seen.len(), rejected(&seen)), (53, Vec::new()));
    sandbox.tpay().state(|tpay| {
        let cancelled = tpay.transactions.iter().filter(|found| found.status == "canceled");
        assert_eq!(cancelled.count(), 1);
        // `save` is a boolean here. The card is saved after the 3-D Secure page.
        let saving = tpay.transactions[4].id.clone();
        let before = tpay.card_tokens.len();
        assert!(tpay.pay(&saving));
        assert_eq!(tpay.card_tokens.len(), before + 1);
        let other = tpay.transactions[5].id.clone();
        assert!(tpay.pay(&other));
        assert_eq!(tpay.card_tokens.len(), before + 1);
    });
}

#[test]
fn the_php_client_of_tinycert_is_served() {
    let sandbox = Sandbox::start().unwrap();
    let file = include_str!("recorded/tinycert_php_client.txt");
    replay_all(sandbox.tinycert().base_url(), file, |_, _, _| {});
    let seen = sandbox.tinycert().take_seen();
    assert_eq!((seen.len(), rejected(&seen)), (23, Vec::new()));
    // Two of the 23 requests of this client are rejected because of their parameters.
    let reasons: Vec<_> = seen.iter().filter_map(|seen| seen.reason.as_deref()).collect();
    let expected = [
        "NotLatest: cert_id: the certificate was reissued before",
        "MissingParameter: token: required parameter is missing",
    ];
    assert_eq!(reasons, expected);
}

#[test]
fn the_php_sdk_of_tinypass_is_served() {
    let sandbox = Sandbox::start().unwrap();
    let file = include_str!("recorded/tinypass_php_sdk.txt");
    replay_all(sandbox.tinypass().base_url(), file, |name, json, _| match name {
        "search expired" => assert_eq!(json["data"].as_array().unwrap().len(), 2),
        "search current" => assert_eq!(json["data"].as_array().unwrap().len(), 1),
        _ => {}
    });
    let seen = sandbox.tinypass().take_seen();
    assert_eq!((seen.len(), rejected(&seen)), (16, Vec::new()));
    sandbox.tinypass().state(|tinypass| {
        assert_eq!(tinypass.mails, ["bob@example.org"], "`suppress_email` is 1, then 0");
        assert_eq!(tinypass.refunds.len(), 1, "`refund` is 0, then 1");
    });
}

#[test]
fn the_ruby_gem_of_tinypass_is_served() {
    let sandbox = Sandbox::start().unwrap();
    let file = include_str!("recorded/tinypass_ruby_gem.txt");
    replay_all(sandbox.tinypass().base_url(), file, |_, _, _| {});
    let seen = sandbox.tinypass().take_seen();
    // The POST requests of this client have no Authorization header.
    assert_eq!(rejected(&seen), ["subscription.cancel", "access.revoke"]);
    assert!(seen.iter().any(|seen| seen.request.target.ends_with('?')));
}
