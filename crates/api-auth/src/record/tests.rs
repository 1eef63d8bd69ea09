use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::body::Body;
use crate::client::Client;
use crate::encode::{Encoding, Params};
use crate::endpoint::Endpoint;
use crate::error::response::ResponseError;
use crate::json::json;
use crate::provider::{Provider, status_error};
use crate::route::{Credential, Route, Segment, Server};
use crate::secret::Secret;
use crate::settings::Settings;
use crate::transport::Transport;

static PROVIDER: Provider = Provider {
    name: "test",
    user_agent: "test/0",
    encoding: Encoding::Form,
    retry_statuses: &[],
    secret_parameters: &["blikCode"],
    read_error: status_error,
};

struct Pay {
    token: Secret,
    order: &'static str,
    email: &'static str,
    amount: &'static str,
}

impl Endpoint for Pay {
    type Output = serde_json::Value;
    const ID: &'static str = "pay";
    const ROUTE: Route<Self> = Route::<Self>::post("/orders/{token}/pay")
        .secret_argument("token", |pay| Segment::from(&pay.token))
        .credential(Credential::NONE);

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.push("order", self.order);
        params.push("password", "CANARY-query");
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        let (email, amount) = (self.email, self.amount);
        let body = format!(
            r#"{{"amount":{amount},"blikCode":777123,"payer":{{"email":"{email}","name":"CANARY Jan"}}}}"#
        );
        Ok(Body::Json(body.into_bytes()))
    }

    fn parse(&self, response: &Response) -> Result<serde_json::Value, ResponseError> {
        json(response)
    }
}

fn pay() -> Pay {
    let email = "CANARY@example.com";
    Pay { token: "CANARY-path".into(), order: "7", email, amount: "12.340" }
}

/// A file that is removed on drop.
struct TempFile(PathBuf);

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn file() -> (TempFile, PathBuf) {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("recording-{}-{number}.jsonl", std::process::id());
    let path = std::env::temp_dir().join(name);
    let _ = std::fs::remove_file(&path);
    (TempFile(path.clone()), path)
}

fn client(transport: impl Transport + 'static, record: Option<PathBuf>) -> Client {
    let mut settings = Settings::default();
    settings.transport(Arc::new(transport));
    if let Some(file) = record {
        settings.record(file);
    }
    settings.build(&PROVIDER, &[(Server::MAIN, "base_url", "https://h.example")], vec![]).unwrap()
}

fn responds(status: u16, body: &'static str) -> impl Transport {
    move |_: Request| -> Result<Response, TransportError> {
        let response = http::Response::builder()
            .status(status)
            .header("content-type", "application/json")
            .header("x-request-id", "r-1")
            .header("set-cookie", "CANARY");
        Ok(response.body(body.as_bytes().to_vec()).unwrap())
    }
}

const REPLY: &str = r#"{ "id":"1","amount":12.340, "refresh_token":"CANARY","token_type":"Bearer",
 "pin":777123,"echo":"for CANARY-path and CANARY@example.com","code":777123,"list":[1,2],
 "pem":"-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----\n"}"#;

#[test]
fn recording_keeps_all_but_secrets_and_personal_data() {
    let (_file, path) = file();
    client(responds(200, REPLY), Some(path.clone())).send(&pay()).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("CANARY") && !text.contains("777123"), "{text}");
    assert_eq!(text.lines().count(), 2);
    let Line::Exchange(exchange) = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap()
    else {
        panic!("{text}")
    };
    assert_eq!(exchange.endpoint, "pay");
    assert_eq!(exchange.request.method, "POST");
    assert_eq!(exchange.request.target, "/orders/***/pay?order=7&password=***");
    assert_eq!(
        exchange.request.content.body,
        r#"{"amount":12.340,"blikCode":"***","payer":{"email":"***","name":"***"}}"#
    );
    let response = exchange.response.unwrap();
    assert_eq!(response.status, 200);
    assert_eq!(
        response.content.body,
        r#"{ "id":"1","amount":12.340, "refresh_token":"***","token_type":"Bearer",
 "pin":0,"echo":"for *** and ***","code":0,"list":[1,2],
 "pem":"-----BEGIN PRIVATE KEY-----\nKioq\n-----END PRIVATE KEY-----\n"}"#
    );
    let header = |name: &str| {
        let found = response.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(header("x-request-id"), Some("r-1"));
    assert_eq!(header("set-cookie"), Some("***"));
}

#[test]
fn responses_that_cannot_be_parsed_are_recorded() {
    for (body, expected) in [
        (r#"{"a":1,"password":"CANARY"#, r#"{"a":1,"password":"***"#),
        (r#"Warning: x() {"a":[{"token":"CANARY"}]}"#, r#"Warning: x() {"a":[{"token":"***"}]}"#),
        ("<html>502 Bad Gateway</html>", "<html>502 Bad Gateway</html>"),
        ("password: CANARY {}", "***"),
        ("{password: CANARY}", "***"),
        (r#"{"a" "b":"c"}"#, r#"{"a" "b":"c"}"#),
        ("", ""),
    ] {
        let (_file, path) = file();
        let _ = client(responds(200, body), Some(path.clone())).send(&pay());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("CANARY"), "{text}");
        let line = text.lines().nth(1).unwrap();
        let Line::Exchange(exchange) = serde_json::from_str(line).unwrap() else { panic!() };
        assert_eq!(exchange.response.unwrap().content.body, expected);
    }
}

#[test]
fn files_are_private_and_appended_to() {
    let (_file, path) = file();
    for _ in 0..2 {
        client(responds(200, "{}"), Some(path.clone())).send(&pay()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 4);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |mode| std::fs::Permissions::from_mode(mode);
        let permissions = std::fs::metadata(&path).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, mode(0o644)).unwrap();
        let error = Recorder::open(&path, "test", &[]).unwrap_err().to_string();
        assert!(error.starts_with("record: ") && error.contains("chmod 600"), "{error}");
    }
    std::fs::remove_file(&path).unwrap();
    let error = Recorder::open(&path.join("no folder"), "test", &[]).unwrap_err().to_string();
    assert!(error.starts_with("record: cannot open "), "{error}");
}

/// Returns the recording of one call.
fn recorded_text(transport: impl Transport + 'static) -> String {
    let (_file, path) = file();
    let _ = client(transport, Some(path.clone())).send(&pay());
    std::fs::read_to_string(&path).unwrap()
}

#[test]
fn replay_returns_the_recorded_response_to_the_same_request() {
    let replay = Replay::parse(&recorded_text(responds(200, REPLY))).unwrap();
    assert_eq!(replay.remaining(), 1);
    let client = client(replay.clone(), None);
    // Masked values may be others.
    let other = Pay { token: "another".into(), email: "jan@example.org", ..pay() };
    let value = client.send_with_response(&other).unwrap();
    assert_eq!(value.headers()["x-request-id"], "r-1");
    assert_eq!(value.body()["refresh_token"], "***");
    assert_eq!(replay.remaining(), 0);
    let error = client.send(&pay()).unwrap_err().to_string();
    assert!(error.contains("unexpected request after all 1: `POST /orders/"), "{error}");
}

#[test]
fn unexpected_request_is_an_error_that_shows_both() {
    for different in [Pay { order: "8", ..pay() }, Pay { amount: "12.35", ..pay() }] {
        let replay = Replay::parse(&recorded_text(responds(200, "{}"))).unwrap();
        let error = client(replay.clone(), None).send(&different).unwrap_err();
        assert_eq!((error.attempts(), replay.remaining()), (1, 1));
        let text = error.to_string();
        assert!(text.contains("unexpected request: `POST /orders/"), "{text}");
        assert!(text.contains("request 1 of the recording is `POST /orders/***/pay"), "{text}");
        assert!(text.contains(different.order) && text.contains(different.amount), "{text}");
        assert!(!text.contains("CANARY") && !text.contains("777123"), "{text}");
    }
}

#[test]
fn transport_errors_are_replayed() {
    let interrupted = |_: Request| -> Result<Response, TransportError> {
        let error = TransportError::new(
            TransportErrorKind::Interrupted,
            Sent::Maybe,
            "connection reset while sending CANARY-path",
        );
        let partial = http::Response::builder().status(502).body(b"<html>".to_vec()).unwrap();
        Err(error.with_partial(partial))
    };
    let text = recorded_text(interrupted);
    assert!(!text.contains("CANARY"), "{text}");
    let error = client(Replay::parse(&text).unwrap(), None).send(&pay()).unwrap_err();
    assert!(error.outcome_unknown());
    assert_eq!(error.status().map(|status| status.as_u16()), Some(502));
    assert!(error.to_string().contains("connection reset while sending ***"), "{error}");
    for (kind, _) in KINDS {
        let failing = |_: Request| -> Result<Response, TransportError> {
            Err(TransportError::new(*kind, Sent::No, "failed"))
        };
        let replay = Replay::parse(&recorded_text(failing)).unwrap();
        let error = replay.send(signed(&pay())).unwrap_err();
        assert_eq!((error.kind(), error.sent()), (*kind, Sent::No));
    }
}

/// Returns the request that is sent for a payment.
fn signed(pay: &Pay) -> Request {
    client(responds(200, "{}"), None).signed_request(pay).unwrap()
}

#[test]
fn sent_request_must_match_the_recorded_one() {
    let json = "application/json";
    let recorded = |method: &str, target: &str, kind: Option<&str>, body: &str| {
        let request = RecordedRequest {
            method: method.to_owned(),
            target: target.to_owned(),
            content_type: kind.map(str::to_owned),
            content: Content { body: body.to_owned(), omitted_bytes: None },
        };
        let response =
            RecordedResponse { status: 200, headers: vec![], content: Content::default() };
        let endpoint = "e".to_owned();
        Exchange { endpoint, request, response: Some(response), error: None }
    };
    let send = |exchange: Exchange, method: &str, target: &str, kind: Option<&str>, body: &[u8]| {
        let line = serde_json::to_string(&Line::Exchange(Box::new(exchange))).unwrap();
        let mut request =
            http::Request::builder().method(method).uri(format!("https://other.example{target}"));
        if let Some(kind) = kind {
            request = request.header(CONTENT_TYPE, kind);
        }
        Replay::parse(&line).unwrap().send(request.body(body.to_vec()).unwrap())
    };
    for (method, target, is_same) in [
        ("POST", "/a/b?c=1&d=2", true),
        ("POST", "/a/x?c=1&d=2", true),
        ("GET", "/a/b?c=1&d=2", false),
        ("POST", "/x/b?c=1&d=2", false),
        ("POST", "/a/b/c?c=1&d=2", false),
        ("POST", "/a/b?d=2&c=1", false),
        ("POST", "/a/b?c=1", false),
        ("POST", "/a/b", false),
    ] {
        let exchange = recorded("POST", "/a/***?c=1&d=***", None, "");
        let result = send(exchange, method, target, None, b"");
        assert_eq!(result.is_ok(), is_same, "{method} {target}");
    }
    let error = send(recorded("GET", "/a", None, ""), "GET", "/a?", None, b"").unwrap_err();
    let text = "unexpected request: `GET /a?`; request 1 of the recording is `GET /a`";
    assert_eq!(error.to_string(), text);
    for (body, sent, is_same) in [
        (r#"{"a":1,"b":2}"#, r#"{ "b":2, "a":1 }"#, true),
        (r#"{"a":1,"b":2}"#, r#"{"a":1,"c":2}"#, false),
        (r#"{"a":"***","b":"x***"}"#, r#"{"a":[5],"b":"xy"}"#, true),
        (r#"{"a":"***","b":"x***"}"#, r#"{"a":5,"b":"yx"}"#, false),
        (r#"{"a":"b"}"#, r#"{"a":"c"}"#, false),
        (r#"{"a":"b"}"#, r#"{"a":5}"#, false),
        ("1.0", "1.0", true),
        ("1.0", "1.00", false),
    ] {
        let exchange = recorded("POST", "/a", Some(json), body);
        let result = send(exchange, "POST", "/a", Some(json), sent.as_bytes());
        assert_eq!(result.is_ok(), is_same, "{body} {sent}");
    }
    let exchange = recorded("POST", "/a", Some(json), "{}");
    assert!(send(exchange, "POST", "/a", None, b"{}").is_err(), "another content type");
    let pdf = Some("application/pdf");
    for (bytes, sent, is_same) in
        [(12, &b"%PDF\0"[..], true), (0, b"", true), (0, b"%PDF\0", false), (12, b"", false)]
    {
        let mut exchange = recorded("POST", "/a", pdf, "");
        exchange.request.content.omitted_bytes = Some(bytes);
        let result = send(exchange, "POST", "/a", pdf, sent);
        assert_eq!(result.is_ok(), is_same, "{bytes} {sent:?}");
    }
}

#[test]
fn values_are_masked_only_if_they_cannot_match_by_chance() {
    for (token, body, recorded) in [
        ("345", r#"{"a":345}"#, r#"{"a":345}"#),
        ("3456", r#"{"a":3456}"#, r#"{"a":0}"#),
        ("order-of-15-cha", r#"{"order-of-15-cha":1}"#, r#"{"order-of-15-cha":1}"#),
        ("order-of-16-char", r#"{"order-of-16-char":1}"#, r#"{"***":1}"#),
        ("t", r#"{"a":"jan@host jan@h.example"}"#, r#"{"a":"jan@host ***"}"#),
        ("t", r#"{"a":"-----BEGIN CERTIFICATE-----"}"#, r#"{"a":"-----BEGIN CERTIFICATE-----"}"#),
        ("t", r#"{"a":"no PRIVATE KEY-----"}"#, r#"{"a":"no PRIVATE KEY-----"}"#),
    ] {
        let (_file, path) = file();
        let pay = Pay { token: token.into(), ..pay() };
        client(responds(200, body), Some(path.clone())).send(&pay).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let line = text.lines().nth(1).unwrap();
        let Line::Exchange(exchange) = serde_json::from_str(line).unwrap() else { panic!() };
        assert_eq!(exchange.response.unwrap().content.body, recorded);
    }
}

#[test]
fn bodies_that_cannot_be_masked_are_omitted() {
    let pdf = |_: Request| -> Result<Response, TransportError> {
        let response = http::Response::builder().header("content-type", "application/pdf");
        Ok(response.body(b"%PDF CANARY\0".to_vec()).unwrap())
    };
    let text = recorded_text(pdf);
    assert!(text.contains(r#""omitted_bytes":12"#) && !text.contains("CANARY"), "{text}");
    let error = client(Replay::parse(&text).unwrap(), None).send(&pay()).unwrap_err().to_string();
    assert!(error.contains("omits this response body of 12 bytes"), "{error}");
}

#[test]
fn invalid_recordings_are_errors_that_name_the_line() {
    let head = r#"{"recording":1,"provider":"test","masked":[]}"#;
    for (text, problem) in [
        (String::new(), "contains no exchange"),
        (head.to_owned(), "contains no exchange"),
        (format!("{head}\n\nnonsense"), "line 3 is not a recorded exchange"),
        (head.replace('1', "2"), "line 1 has version 2, not 1"),
    ] {
        let error = Replay::parse(&text).unwrap_err().to_string();
        assert!(error.starts_with("recording: ") && error.contains(problem), "{error}");
    }
    assert!(Replay::open("/nonexistent/x").unwrap_err().to_string().contains("cannot read"));
}

#[test]
fn values_of_any_name_that_are_secrets_of_the_request_or_addresses_are_masked() {
    const FORM: &str = "application/x-www-form-urlencoded";
    const JSON: &str = "application/json";
    for (kind, body, expected) in [
        (FORM, "a=1&b=no+CANARY-path%21&CANARY%40x.pl", "a=1&b=no%20***%21&***"),
        (JSON, r#"{"a":"CANARY\u0040example.org","b":"\u0061"}"#, r#"{"a":"***","b":"\u0061"}"#),
        // The masked text must be JSON. A backslash may belong to the secret.
        (JSON, r#"{"a":"C:\\CANARY-path"}"#, r#"{"a":"C:***"}"#),
        (
            JSON,
            r#"{"CANARY@example.com":1,"b":{"canary-key-of-16":{"a":2},"order":3}}"#,
            r#"{"***":1,"b":{"***":{"a":2},"order":3}}"#,
        ),
    ] {
        let transport = move |_: Request| -> Result<Response, TransportError> {
            let response = http::Response::builder()
                .header("content-type", kind)
                .header("location", "https://h.example/?a=1&access_token=CANARY#id_token=CANARY");
            Ok(response.body(body.as_bytes().to_vec()).unwrap())
        };
        let (_file, path) = file();
        let pay = Pay { order: "CANARY@example.org", token: "canary-key-of-16".into(), ..pay() };
        let pay = if body.contains("CANARY-path") { self::pay() } else { pay };
        let _ = client(transport, Some(path.clone())).send(&pay);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.to_lowercase().contains("canary"), "{text}");
        let line = text.lines().nth(1).unwrap();
        let Line::Exchange(exchange) = serde_json::from_str(line).unwrap() else { panic!() };
        let response = exchange.response.unwrap();
        assert_eq!(response.content.body, expected);
        let location = response.headers.iter().find(|(name, _)| name == "location");
        let expected = "https://h.example/?a=1&access_token=***#id_token=***";
        assert_eq!(location.unwrap().1, expected);
        assert!(client(Replay::parse(&text).unwrap(), None).send(&pay).is_ok() || kind == FORM);
    }
}

#[test]
fn personal_data_is_masked_by_its_names() {
    const BODY: &str = r#"{
        "payer":{"name":"CANARY","phone":"CANARY","address":"CANARY","taxId":"CANARY"},
        "billingAddress":{"name":"CANARY","street":"CANARY","houseNo":"CANARY","flatNo":"CANARY"},
        "address":[{"roomNumber":"CANARY","houseNumber":"CANARY","flatNumber":"CANARY","city":"CANARY"}],
        "person":[{"name":"CANARY","surname":"CANARY","pesel":"CANARY","nationality":"CANARY",
            "countryOfBirth":"CANARY","dateOfBirth":"CANARY","serialNumber":"CANARY",
            "contact":[{"contact":"CANARY","type":1}]}],
        "bankAccount":{"accountNo":"CANARY","ownerName":"CANARY","ownerAddress":"CANARY"},
        "name":"a shop","serialNumber":"7"
    }"#;
    let text = recorded_text(responds(200, BODY));
    assert!(!text.contains("CANARY"), "{text}");
    assert!(text.contains("a shop") && text.contains(r#"\"serialNumber\":\"7\""#), "{text}");
    for account in [
        r#"{"id":"1","name":"CANARY","username":"CANARY","email":"CANARY@example.com"}"#,
        r#"{"users":[{"name":"CANARY","username":"CANARY"}]}"#,
    ] {
        let text = recorded_text(responds(200, account));
        assert!(!text.contains("CANARY"), "{text}");
    }
}

#[test]
fn part_of_a_line_that_a_killed_run_left_does_not_damage_the_next_line() {
    let (_file, path) = file();
    let once = || client(responds(200, "{}"), Some(path.clone())).send(&pay()).unwrap();
    once();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.trim_end().trim_end_matches('}')).unwrap();
    once();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 4);
    let error = Replay::parse(&text).unwrap_err().to_string();
    assert!(error.contains("line 2 is not a recorded exchange"), "{error}");
    let whole: Vec<&str> =
        text.lines().enumerate().filter_map(|(n, l)| (n != 1).then_some(l)).collect();
    assert_eq!(Replay::parse(&whole.join("\n")).unwrap().remaining(), 1);
}

#[test]
fn only_recordings_of_this_version_are_appended_to() {
    for (text, is_recording) in [
        ("", true),
        (r#"{"recording":1,"provider":"test","masked":[]}"#, true),
        (r#"{"recor"#, true),
        (r#"{"recording":99,"provider":"test","masked":[]}"#, false),
        ("buy milk\n", false),
        ("\n", false),
    ] {
        let (_file, path) = file();
        drop(open_private(&path).unwrap());
        std::fs::write(&path, text).unwrap();
        let opened = Recorder::open(&path, "test", &[]);
        assert_eq!(opened.is_ok(), is_recording, "{text}");
        if let Err(error) = opened {
            let problem = "it is not a recording of this version; use another file";
            assert!(error.to_string().ends_with(problem), "{error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }
}

/// Such as `/dev/stderr` if standard error is appended to a file.
#[cfg(unix)]
#[test]
fn streams_may_contain_other_text() {
    use std::os::fd::AsRawFd;

    let (_file, path) = file();
    let (mut stream, _) = open_private(&path).unwrap();
    stream.write_all(b"buy milk\n").unwrap();
    let of_stream = format!("/dev/fd/{}", stream.as_raw_fd());
    Recorder::open(of_stream.as_ref(), "test", &[]).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("buy milk\n") && text.contains("{\"recording\":1,"), "{text}");
}

#[test]
fn file_that_cannot_be_read_begins_a_new_line() {
    let (_file, path) = file();
    std::fs::write(&path, "").unwrap();
    let write_only = OpenOptions::new().append(true).open(&path).unwrap();
    assert!(!check_content(&path, &write_only, false).unwrap());
    std::fs::write(&path, "{\"recor").unwrap();
    assert!(check_content(&path, &write_only, false).unwrap());
}

#[cfg(target_os = "linux")]
#[test]
fn line_after_a_failed_one_begins_a_new_line() {
    let (_file, path) = file();
    let recorder = Recorder::open(&path, "test", &[]).unwrap();
    let head = || Line::Head { recording: VERSION, provider: String::new(), masked: vec![] };
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let file = std::mem::replace(&mut recorder.output.lock().unwrap().file, full);
    assert!(recorder.write(&head()).is_err());
    recorder.output.lock().unwrap().file = file;
    recorder.write(&head()).unwrap();
    recorder.write(&head()).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lengths: Vec<bool> = text.lines().map(str::is_empty).collect();
    assert_eq!(lengths, [false, true, false, false]);
}
