//! The error of each endpoint for each documented error response: kind, code, message, and what the
//! caller can do. One table for each provider, in `tests/snapshots/errors`.
//!
//! `UPDATE_SNAPSHOTS=1` writes the tables. Review the difference before you commit it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use api_auth::{Error, Request, Response, TransportError, http};
use workspace_tests::catalogue::{Call, Options, PROVIDERS, Provider};

/// A documented error response: title, status, content type, another header, and body.
struct Documented {
    title: &'static str,
    status: u16,
    content_type: &'static str,
    header: Option<(&'static str, &'static str)>,
    body: &'static str,
}

const fn json(title: &'static str, status: u16, body: &'static str) -> Documented {
    Documented { title, status, content_type: "application/json", header: None, body }
}

const fn text(title: &'static str, status: u16, body: &'static str) -> Documented {
    Documented { content_type: "text/html", ..json(title, status, body) }
}

impl Documented {
    const fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    fn response(&self) -> Response {
        let mut builder = http::Response::builder()
            .status(self.status)
            .header("content-type", self.content_type)
            .header("x-request-id", "req-7");
        if let Some((name, value)) = self.header {
            builder = builder.header(name, value);
        }
        builder.body(self.body.as_bytes().to_vec()).unwrap()
    }
}

/// Responses of any server or gateway, for all providers.
const ANY: &[Documented] = &[
    text("HTML page from a gateway", 502, "<html><h1>502 Bad Gateway</h1></html>"),
    text("empty body", 500, ""),
    text("too many requests", 429, "Too Many Attempts.").with_header("retry-after", "7"),
    text("redirect", 302, "").with_header("location", "https://elsewhere.example/"),
    json("truncated error", 400, "{\"error\":"),
    json("truncated success response", 200, "{\"id\":"),
];

/// Source: the provider's documentation, section on errors.
const TINYPASS: &[Documented] = &[
    json("missing parameter", 400, r#"{"error":{"message":"rid is required"}}"#),
    json("authorization failed", 401, r#"{"error":{"message":"Invalid signature"}}"#),
    json("application error", 402, r#"{"error":{"message":"Unsupported method"}}"#),
    json("not found", 404, r#"{"error":{"message":"Access not found"}}"#),
    json("server error", 500, r#"{"error":{"message":"Internal error"}}"#),
    json("error without a message", 400, r#"{"error":{}}"#),
    json("error in a successful response", 200, r#"{"error":{"message":"rid is required"}}"#),
];

/// Source: the provider's documentation, section on errors, and its official PHP client.
const TINYCERT: &[Documented] = &[
    json("AccessDenied", 403, r#"{"code":"AccessDenied","text":"Not your CA."}"#),
    json("AccountError", 500, r#"{"code":"AccountError","text":"Account data corrupt."}"#),
    json("AccountNotFound", 404, r#"{"code":"AccountNotFound","text":"No such account."}"#),
    json("AccountNotLoaded", 500, r#"{"code":"AccountNotLoaded","text":"Not loaded."}"#),
    json("ApiKeyMismatch", 403, r#"{"code":"ApiKeyMismatch","text":"Wrong API key."}"#),
    json("InputFailure", 400, r#"{"code":"InputFailure","text":"Invalid ca_id."}"#),
    json("InvalidToken", 403, r#"{"code":"InvalidToken","text":"Session expired."}"#),
    json("MethodDisallowed", 400, r#"{"code":"MethodDisallowed","text":"Use POST."}"#),
    json("MissingParameter", 400, r#"{"code":"MissingParameter","text":"ca_id missing."}"#),
    json("NotFound", 404, r#"{"code":"NotFound","text":"No such CA."}"#),
    json("NotLatest", 400, r#"{"code":"NotLatest","text":"Reissued already."}"#),
    json("PassphraseFailure", 403, r#"{"code":"PassphraseFailure","text":"Wrong."}"#),
    json("RateLimitExceeded", 429, r#"{"code":"RateLimitExceeded","text":"Too fast."}"#),
    json("SessionError", 403, r#"{"code":"SessionError","text":"Not initialised."}"#),
    json("SignatureFailure", 403, r#"{"code":"SignatureFailure","text":"Digest."}"#),
    json("StatusDisallowed", 400, r#"{"code":"StatusDisallowed","text":"Not allowed."}"#),
    json("UnknownError", 500, r#"{"code":"UnknownError","text":"Unknown."}"#),
    json("unknown code", 400, r#"{"code":"BrandNew","text":"New."}"#),
];

/// Source: the server's own source, and the provider's documentation of OAuth.
const TOKENPASS: &[Documented] = &[
    json(
        "authentication headers absent",
        403,
        r#"{"message":"Missing authentication credentials","errors":["Missing authentication credentials"]}"#,
    ),
    json(
        "unknown client id",
        403,
        r#"{"message":"Invalid API Token","errors":["Invalid API Token"]}"#,
    ),
    json(
        "wrong signature",
        403,
        r#"{"message":"Invalid Authorization Signature","errors":["Invalid Authorization Signature"]}"#,
    ),
    json(
        "wrong clock",
        403,
        r#"{"message":"Invalid nonce parameter","errors":["Invalid nonce parameter"]}"#,
    ),
    json(
        "user token expired",
        403,
        r#"{"message":"This access token has expired","errors":["This access token has expired"]}"#,
    ),
    json(
        "scope missing",
        403,
        r#"{"message":"One or more scopes are not authorized","errors":["One or more scopes are not authorized"]}"#,
    ),
    json(
        "validation",
        422,
        r#"{"message":"The request was not processed successfully. The address field is required.","errors":["The address field is required."]}"#,
    ),
    json("result false with an error", 400, r#"{"result":false,"error":"Invalid address"}"#),
    json("`error` without other members", 400, r#"{"error":"Credit group not found"}"#),
    json("not found", 404, r#"{"result":false,"error":"User not found"}"#),
    json(
        "OAuth: invalid request",
        400,
        r#"{"error":"invalid_request","error_description":"The request is missing a required parameter."}"#,
    ),
    json(
        "OAuth: wrong client",
        401,
        r#"{"error":"invalid_client","error_description":"Client authentication failed."}"#,
    ),
    json(
        "OAuth: token rejected",
        401,
        r#"{"error":"access_denied","error_description":"The resource owner or authorization server denied the request."}"#,
    ),
    json(
        "uncaught exception",
        500,
        r#"{"message":"Unable to process this request","errors":["Unexpected error"]}"#,
    ),
    json("error in a successful response", 200, r#"{"error":"Credit group not found"}"#),
    json("empty error", 400, r#"{"error":""}"#),
];

/// Source: the provider's API reference and list of error codes.
const TPAY: &[Documented] = &[
    json(
        "validation of a field",
        400,
        r#"{"result":"failed","requestId":"33e0","errors":[{"errorCode":"not_valid","errorMessage":"This value is not valid","fieldName":"payer.email","devMessage":"e-mail","docUrl":"https://docs-api.tpay.com"}]}"#,
    ),
    json(
        "two fields",
        400,
        r#"{"result":"failed","requestId":"33e0","errors":[{"errorCode":"is_required","errorMessage":"Required","fieldName":"amount"},{"errorCode":"too_low","errorMessage":"Too low","fieldName":null}]}"#,
    ),
    json(
        "token rejected",
        401,
        r#"{"result":"failed","requestId":"33e0","errors":[{"errorCode":"access_denied","errorMessage":"Unauthorized","fieldName":""}]}"#,
    ),
    json(
        "feature not allowed",
        403,
        r#"{"result":"failed","requestId":"33e0","errors":[{"errorCode":"access_denied","errorMessage":"Access denied","fieldName":""}]}"#,
    ),
    json(
        "unknown id",
        404,
        r#"{"result":"failed","requestId":"33e0","errors":[{"errorCode":"transaction_does_not_exist","errorMessage":"Transaction does not exist","fieldName":""}]}"#,
    ),
    json(
        "conflict",
        409,
        r#"{"result":"failed","requestId":"33e0","errors":[{"errorCode":"transaction_lock","errorMessage":"Locked","fieldName":""}]}"#,
    ),
    json(
        "server error",
        500,
        r#"{"result":"failed","requestId":"33e0","errors":[{"errorCode":"internal_server_error","errorMessage":"","fieldName":""}]}"#,
    ),
    json("`failed` in a successful response", 200, r#"{"result":"failed","requestId":"33e0"}"#),
    json(
        "declined payment in a successful response",
        200,
        r#"{"result":"success","requestId":"33e0","transactionId":"01K5","status":"pending","payments":{"status":"pending","errors":[{"errorCode":"payment_failed","errorMessage":"Refused","fieldName":null}]}}"#,
    ),
    json("marketplace: violations", 400, r#"{"violations":{"currency":"not supported"}}"#),
    json(
        "marketplace: reasons",
        400,
        r#"{"reasons":["merchant not associated"],"unassociatedMerchants":["01JA"]}"#,
    ),
    json(
        "OAuth: wrong client",
        401,
        r#"{"error":"invalid_client","error_description":"Client authentication failed"}"#,
    ),
];

fn documented(provider: &str) -> &'static [Documented] {
    match provider {
        "tinypass" => TINYPASS,
        "tinycert" => TINYCERT,
        "tokenpass" => TOKENPASS,
        "tpay" => TPAY,
        other => panic!("no documented errors of {other}"),
    }
}

/// Returns the result of a request in one line.
fn outcome(result: &Result<String, Error>) -> String {
    let error = match result {
        Ok(value) => {
            let value: String = value.chars().take(60).collect();
            return format!("success: {}", value.split([' ', '(', '{']).next().unwrap());
        }
        Err(error) => error,
    };
    let mut line = format!("{:?}", error.kind());
    write!(line, ", code {}", error.code().unwrap_or("-")).unwrap();
    match error.message() {
        Some(message) => write!(line, ", message {message:?}").unwrap(),
        None => line.push_str(", message -"),
    }
    for detail in error.details() {
        match (detail.field.as_deref(), detail.code.as_deref()) {
            (None, None) => line.push_str(", detail without field or code"),
            (field, code) => {
                let (field, code) = (field.unwrap_or("-"), code.unwrap_or("-"));
                write!(line, ", detail {field}={code}").unwrap();
            }
        }
    }
    let yes = |value: bool| if value { "yes" } else { "no" };
    write!(line, ", delivery {:?}", error.delivery()).unwrap();
    write!(line, ", retryable {}", yes(error.is_retryable())).unwrap();
    write!(line, ", outcome unknown {}", yes(error.outcome_unknown())).unwrap();
    if let Some(after) = error.retry_after() {
        write!(line, ", retry after {} s", after.as_secs()).unwrap();
    }
    write!(line, ", attempts {}", error.attempts()).unwrap();
    if error.request_id().is_none() {
        line.push_str(", no request id");
    }
    line
}

/// Sends the request with a valid token or session to a transport that returns `response`.
fn send(provider: &Provider, call: &dyn Call, response: &Documented) -> Result<String, Error> {
    let grant = provider.grant;
    let (response, path) = (response.response(), call.path());
    // A session is opened before the call, even before the call that opens one.
    let opens_session = AtomicBool::new(provider.name == "tinycert");
    let transport = move |request: Request| -> Result<Response, TransportError> {
        let opens_session = opens_session.swap(false, Ordering::Relaxed);
        Ok(match grant {
            Some((granting, granted))
                if opens_session || request.uri().path() == granting && path != granting =>
            {
                Response::new(granted.as_bytes().to_vec())
            }
            _ => response.clone(),
        })
    };
    let options = Options { transport: Some(Arc::new(transport)), ..Options::default() };
    let client = (provider.client)("http://127.0.0.1:9", &options).unwrap();
    call.send(&client)
}

fn table(provider: &Provider) -> String {
    let calls = (provider.calls)();
    let mut text = format!(
        "# Errors of {}\n\n\
         How each endpoint handles each documented error response, and other failures, such as an \
         HTML page from a gateway. Each line shows the `ErrorKind` and the values of the `Error`, or\n\
         `success:` and the type that is returned. `-` means that the value is absent;\n\
         `detail FIELD=CODE` is an entry of `Error::details`, and `detail without field or code` an entry that has neither.\n\
         Written by `UPDATE_SNAPSHOTS=1 cargo test -p workspace-tests --test faults error_tables`.\n",
        provider.name
    );
    for response in documented(provider.name).iter().chain(ANY) {
        write!(text, "\n## {} {}\n\n", response.status, response.title).unwrap();
        writeln!(text, "`{}`\n", response.body).unwrap();
        let mut rows = BTreeMap::<String, Vec<&str>>::new();
        for call in &calls {
            let line = outcome(&send(provider, &**call, response));
            rows.entry(line).or_default().push(call.id());
        }
        for (line, ids) in rows {
            let ids =
                if ids.len() == calls.len() { "every endpoint".to_owned() } else { ids.join(" ") };
            writeln!(text, "- {line}\n  - {ids}").unwrap();
        }
    }
    text
}

#[expect(clippy::disallowed_methods, reason = "rewriting the tables is asked for by a variable")]
fn is_update() -> bool {
    std::env::var_os("UPDATE_SNAPSHOTS").is_some()
}

fn check(name: &str) {
    let provider = PROVIDERS.iter().find(|provider| provider.name == name).unwrap();
    let actual = table(provider);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("snapshots/errors/{name}.md"));
    if is_update() {
        std::fs::write(&path, actual).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    let section = |text: &str, at: usize| {
        let before = text.lines().take(at + 1);
        before.filter(|line| line.starts_with("## ")).last().unwrap_or_default().to_owned()
    };
    for (at, (actual_line, line)) in actual.lines().zip(expected.lines()).enumerate() {
        assert_eq!(actual_line, line, "{name}, {}", section(&actual, at));
    }
    assert_eq!(actual.lines().count(), expected.lines().count(), "{name}: number of lines");
}

#[test]
fn tinypass_errors_are_those_of_the_table() {
    check("tinypass");
}

#[test]
fn tinycert_errors_are_those_of_the_table() {
    check("tinycert");
}

#[test]
fn tokenpass_errors_are_those_of_the_table() {
    check("tokenpass");
}

#[test]
fn tpay_errors_are_those_of_the_table() {
    check("tpay");
}
