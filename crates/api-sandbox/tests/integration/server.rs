//! Tests of the listener of all servers, with raw requests over a socket.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::string_slice, clippy::print_stdout, reason = "tests")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_sandbox::{Misbehaviour, Raw, Response, Sandbox, Server, Service, Verdict, tpay};

/// A service that responds with the request that it received.
struct Echo;

impl Service for Echo {
    fn respond(&mut self, request: &Raw) -> (Response, Verdict) {
        let text = format!("{request:?} {}", String::from_utf8_lossy(&request.body));
        (Response::new(200, "text/plain", text), Verdict { endpoint: Some("echo"), signed: None })
    }
}

/// Sends bytes. Returns the bytes that are received until the connection ends.
fn exchange<S: Service>(server: &Server<S>, bytes: &str) -> String {
    let address = server.base_url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

#[test]
fn exactly_one_request_is_read() {
    let server = Server::start(0, Echo).unwrap();
    let head = "POST /a?b=c HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\n";
    let response = exchange(&server, &format!("{head}hello"));
    assert!(response.starts_with("HTTP/1.1 200 Sandbox\r\n"), "{response}");
    assert!(response.ends_with("\r\n\r\nPOST /a hello"), "{response}");
    let seen = server.take_seen();
    assert_eq!((seen[0].status, seen[0].connection), (Some(200), 1));
    assert_eq!(seen[0].request.query(), Some("b=c"));
    // Bytes after the announced length are not a second request.
    let response = exchange(&server, &format!("{head}hello, world"));
    assert!(
        response.starts_with("HTTP/1.1 400 ") && response.contains("length is wrong"),
        "{response}"
    );
    assert!(server.seen().is_empty());
}

#[test]
fn malformed_requests_are_rejected_with_a_status_and_a_reason() {
    let server = Server::start(0, Echo).unwrap();
    let lines = logged(&server);
    let long = format!("Host: x\r\nX-Long: {}\r\n", "x".repeat(64 * 1024));
    let many = "Host: x\r\n".to_owned() + &"X: y\r\n".repeat(64);
    for (headers, body, status, reason) in [
        ("Content-Length: 0\r\n", "", 400, "exactly one Host"),
        ("Host: x\r\nHost: y\r\nContent-Length: 0\r\n", "", 400, "exactly one Host"),
        ("Host: x\r\n", "", 411, "Content-Length is missing"),
        ("Host: x\r\nContent-Length: +1\r\n", "a", 400, "one decimal number"),
        ("Host: x\r\nContent-Length: 1x\r\n", "a", 400, "one decimal number"),
        ("Host: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n", "", 400, "one decimal number"),
        ("Host: x\r\nContent-Length: 9999999999\r\n", "", 413, "exceeds 1 MiB"),
        ("Host: x\r\nContent-Length: 1048577\r\n", "", 413, "exceeds 1 MiB"),
        ("Host: x\r\nTransfer-Encoding: gzip\r\n", "", 501, "chunked"),
        (
            "Host: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "",
            501,
            "chunked",
        ),
        (
            "Host: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "0\r\n\r\n",
            400,
            "must not both be set",
        ),
        ("Host: x\r\nTransfer-Encoding: chunked\r\n", "5\r\nhelloX", 400, "chunked body"),
        ("Host: x\r\nTransfer-Encoding: chunked\r\n", "zz\r\n", 400, "chunked body"),
        ("Host: x\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nGET", 400, "bytes follow"),
        ("Host: x\r\nExpect: 200-ok\r\nContent-Length: 1\r\n", "a", 417, "100-continue"),
        ("Host x\r\n", "", 400, "malformed"),
        (&many, "", 431, "64 headers"),
        (&long, "", 431, "64 KiB"),
    ] {
        let request = format!("POST / HTTP/1.1\r\n{headers}Connection: close\r\n\r\n{body}");
        let response = exchange(&server, &request);
        let shown = &headers[..headers.len().min(80)];
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{shown} {body}: {response}");
        assert!(
            response.contains("connection: close") && response.contains(reason),
            "{shown}: {response}"
        );
        let line = lines.lock().unwrap().pop().unwrap();
        assert!(line.starts_with("malformed HTTP") && line.contains(reason), "{line}");
    }
    // If the end of the body is not known, its size is limited.
    let head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n";
    let response = exchange(&server, &format!("{head}{}", "x".repeat(2 * 1024 * 1024)));
    assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
    let old = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert!(exchange(&server, old).starts_with("HTTP/1.1 400 "));
    assert!(exchange(&server, "nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
    for method in ["PUT", "PATCH"] {
        let request = format!("{method} / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(exchange(&server, &request).starts_with("HTTP/1.1 411 "), "{method}");
    }
    assert!(server.seen().is_empty());
    // A request without a body needs no length, and an HTTP/1.0 request needs no Host.
    for good in
        ["GET / HTTP/1.0\r\n\r\n", "DELETE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"]
    {
        let request = good.replace("HTTP/1.0\r\n", "HTTP/1.0\r\nConnection: close\r\n");
        assert!(exchange(&server, &request).starts_with("HTTP/1.1 200 "), "{good}");
    }
}

#[test]
fn incomplete_request_has_no_response_and_no_record() {
    let server = Server::start(0, Echo).unwrap();
    for part in [
        "POST / HTTP/1.1\r\nHost: x\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\na",
        "",
    ] {
        let mut stream = TcpStream::connect(&server.base_url()[7..]).unwrap();
        stream.write_all(part.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert_eq!(response, "", "{part}");
    }
    assert!(server.seen().is_empty());
}

#[test]
fn requests_in_a_row_are_not_served_as_one() {
    let server = Server::start(0, Echo).unwrap();
    let one = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let response = exchange(&server, &format!("{one}{one}"));
    assert!(response.starts_with("HTTP/1.1 400 ") && response.contains("pipelined"), "{response}");
    assert!(server.seen().is_empty());
    // Several requests on one connection are accepted if each follows the previous response.
    let mut stream = TcpStream::connect(&server.base_url()[7..]).unwrap();
    for _ in 0..2 {
        stream.write_all(one.as_bytes()).unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        assert_eq!(&head, b"HTTP/1.1 200");
        let mut rest = Vec::new();
        while !rest.ends_with(b"GET / ") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            rest.push(byte[0]);
        }
    }
    assert_eq!((server.seen().len(), server.connections()), (2, 2));
}

#[test]
fn pages_of_the_console_leave_the_connection_open() {
    let server = Server::start(0, Echo).unwrap();
    let one = "GET /_sandbox/requests HTTP/1.1\r\nHost: ";
    let host = &server.base_url()[7..];
    let mut stream = TcpStream::connect(host).unwrap();
    for _ in 0..2 {
        write!(stream, "{one}{host}\r\n\r\n").unwrap();
        let mut page = Vec::new();
        while !page.ends_with(b"</html>") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            page.push(byte[0]);
        }
        assert!(page.starts_with(b"HTTP/1.1 200 "));
    }
    write!(stream, "{one}{host}\r\nConnection: close\r\n\r\n").unwrap();
    assert!(stream.read_to_end(&mut Vec::new()).is_ok());
    assert_eq!(server.connections(), 1);
}

#[test]
fn chunked_bodies_are_read() {
    let server = Server::start(0, Echo).unwrap();
    let head = "POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: Chunked\r\n";
    for (body, expected) in [
        ("5\r\nhello\r\n7;a=b\r\n, world\r\n0\r\n\r\n", "hello, world"),
        ("0\r\n\r\n", ""),
        ("1\r\na\r\n0\r\nX-Trailer: b\r\n\r\n", "a"),
    ] {
        let response = exchange(&server, &format!("{head}\r\n{body}"));
        assert!(response.ends_with(&format!("\r\n\r\nPOST /a {expected}")), "{response}");
    }
    let piece = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
    let response = exchange(&server, &format!("{head}\r\n{}0\r\n\r\n", piece.repeat(33)));
    assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
}

#[test]
fn expect_continue_is_sent_before_the_body() {
    let server = Server::start(0, Echo).unwrap();
    let mut stream = TcpStream::connect(&server.base_url()[7..]).unwrap();
    let head = "POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-Continue\r\n";
    write!(stream, "{head}Transfer-Encoding: chunked\r\n\r\n").unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"0\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
}

/// Returns the list to which the lines of the server's log are added.
fn logged<S: Service>(server: &Server<S>) -> Arc<Mutex<Vec<String>>> {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = lines.clone();
    server.log_to(move |entry| kept.lock().unwrap().push(entry.to_string()));
    lines
}

#[test]
fn the_log_has_a_line_per_request_without_secrets() {
    let sandbox = Sandbox::start().unwrap();
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = lines.clone();
    sandbox.log_to(move |provider, line| kept.lock().unwrap().push(format!("{provider} {line}")));
    sandbox.tpay().misbehave(Misbehaviour::ResetAfterReading, 1);
    let token = tpay::CARD_TOKEN;
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    for (base_url, request, expected) in [
        (
            sandbox.tpay().base_url(),
            format!("GET /tokens/{token} HTTP/1.1\r\nAuthorization: Bearer CANARY\r\n"),
            "tpay GET /tokens/{}  tokens.get  credentials invalid  no response  unauthorized: the access token is unknown",
        ),
        (
            sandbox.tpay().base_url(),
            format!("GET /tokens/{token}?q=CANARY HTTP/1.1\r\nAuthorization: Bearer CANARY\r\n"),
            "tpay GET /tokens/{}  tokens.get  credentials invalid  401  unauthorized: the access token is unknown",
        ),
        (
            sandbox.tpay().base_url(),
            format!("GET /tokenz/{token}/CANARY-1 HTTP/1.1\r\nAuthorization: Bearer CANARY\r\n"),
            "tpay GET /tokenz/{}/{}  no endpoint  credentials invalid  404  not_found: no such path",
        ),
        (
            sandbox.tpay().base_url(),
            "POST /oauth/auth HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n{\"client_secret\":\"CANARY\"}".to_owned(),
            "tpay POST /oauth/auth  oauth.token  credentials invalid  400  is_required: client_id: required field is missing",
        ),
        (
            sandbox.tinypass().base_url(),
            "GET /r2/access?rid=CANARY HTTP/1.1\r\nAuthorization: CANARY:CANARY\r\n".to_owned(),
            "tinypass GET /r2/access  access.get  credentials invalid  401  the application id is unknown",
        ),
        (
            sandbox.tinycert().base_url(),
            format!("POST /api/v1/connect HTTP/1.1\r\n{form}Content-Length: 17\r\n\r\npassphrase=CANARY"),
            "tinycert POST /api/v1/connect  session.connect  credentials invalid  403  SignatureFailure: digest: must be the last parameter",
        ),
        (
            sandbox.tpay().base_url(),
            "GET /letters-only-but-quite-long HTTP/1.1\r\n".to_owned(),
            "tpay GET /{}  no endpoint  credentials invalid  404  not_found: no such path",
        ),
        (
            sandbox.tokenpass().base_url(),
            "POST /api/v1/register HTTP/1.1\r\nContent-Length: 0\r\n\r\n".to_owned(),
            "tokenpass POST /api/v1/register  account.register  credentials invalid  200  Invalid API client ID",
        ),
        (
            sandbox.tokenpass().base_url(),
            "GET /api/v1/tca/public/balances?oauth_token=CANARY HTTP/1.1\r\n".to_owned(),
            "tokenpass GET /api/v1/tca/public/balances  balance.public  credentials invalid  403  This access token was not found",
        ),
        (
            sandbox.tpay().base_url(),
            "PUT /tokens/CANARY HTTP/1.1\r\nContent-Length: 0\r\n".to_owned(),
            "tpay PUT /tokens/{}  tokens.get  credentials invalid  405  method_not_allowed: the path has no such method",
        ),
        (
            sandbox.tokenpass().base_url(),
            "GET /api/v1/lookup/user/exists/ann HTTP/1.1\r\n".to_owned(),
            "tokenpass GET /api/v1/lookup/user/exists/{}  lookup.user_exists  credentials invalid  403  Missing authentication credentials",
        ),
        (
            sandbox.tinypass().base_url(),
            "GET /d/CANARY HTTP/1.1\r\n".to_owned(),
            "tinypass GET /d/{}  no endpoint  credentials not checked  404  no such link",
        ),
        (
            sandbox.tokenpass().base_url(),
            "GET /api/v1/tca/check-address/1AAAA1111xxxxxxxxxxxxxxxxxxy43CZ9j?TOKENLY=1 HTTP/1.1\r\n".to_owned(),
            "tokenpass GET /api/v1/tca/check-address/{}  tca.check_address  credentials not checked  200",
        ),
    ] {
        let (line, rest) = request.split_once("\r\n").unwrap();
        let end = if rest.contains("\r\n\r\n") { "" } else { "\r\n" };
        let mut stream = TcpStream::connect(&base_url[7..]).unwrap();
        write!(stream, "{line}\r\nHost: x\r\nConnection: close\r\n{rest}{end}").unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
        let line = lines.lock().unwrap().pop().unwrap();
        assert_eq!(line, expected);
    }
    assert!(lines.lock().unwrap().is_empty());
    let reasons: Vec<_> = sandbox.take_seen().into_iter().map(|seen| seen.reason).collect();
    assert!(reasons[0].is_some() && reasons.iter().any(Option::is_none), "{reasons:?}");
}

#[test]
fn empty_body_keeps_the_reason_of_a_rejection() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.tpay().misbehave(Misbehaviour::EmptyBody, 1);
    let request = "GET /tokens/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let response = exchange(sandbox.tpay(), request);
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    let seen = sandbox.tpay().take_seen().remove(0);
    assert_eq!((seen.status, seen.verdict.signed), (Some(200), Some(false)));
    assert!(seen.reason.is_some_and(|reason| reason.starts_with("unauthorized: ")));
}

#[test]
fn ports_are_consecutive() {
    let error = Sandbox::start_at(65_533).unwrap_err();
    assert!(error.to_string().contains("65533"), "{error}");
    // Another program may use a port in the meantime, so several ports are tried.
    let sandbox = (0..50).find_map(|_| {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Sandbox::start_at(free).ok().map(|sandbox| (free, sandbox))
    });
    let (port, sandbox) = sandbox.unwrap();
    let expected = |offset: u16| format!("http://127.0.0.1:{}", port + offset);
    assert_eq!(sandbox.tinypass().base_url(), expected(0));
    assert_eq!(sandbox.tinycert().base_url(), expected(1));
    assert_eq!(sandbox.tokenpass().base_url(), expected(2));
    assert_eq!(sandbox.tpay().base_url(), expected(3));
    let error = Sandbox::start_at(port).unwrap_err();
    assert!(error.to_string().contains(&format!("127.0.0.1:{port}")), "{error}");
}

#[test]
fn request_on_an_open_connection_is_reset_and_not_handled() {
    let server = Server::start(0, Echo).unwrap();
    let mut stream = TcpStream::connect(&server.base_url()[7..]).unwrap();
    let request = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
    stream.write_all(request).unwrap();
    assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
    server.misbehave(Misbehaviour::ResetBeforeReading, 1);
    let sent = stream.write_all(request);
    assert!(sent.and_then(|()| stream.read(&mut [0; 1024])).is_err());
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn each_misbehaviour_has_its_effect() {
    let server = Server::start(0, Echo).unwrap();
    let request =
        "POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";
    let exchange = |how: Misbehaviour| {
        server.misbehave(how, 1);
        let mut stream = TcpStream::connect(&server.base_url()[7..]).unwrap();
        let mut response = Vec::new();
        let sent = stream.write_all(request.as_bytes());
        let read = sent.and_then(|()| stream.read_to_end(&mut response));
        let seen = server.take_seen().into_iter().next().map(|seen| seen.status);
        (read.is_ok(), String::from_utf8(response).unwrap(), seen)
    };
    let short = Duration::from_millis(1);
    let (ended, response, seen) = exchange(Misbehaviour::ResetBeforeReading);
    assert_eq!((ended, response.as_str(), seen), (false, "", None));
    let (ended, response, seen) = exchange(Misbehaviour::ResetAfterReading);
    assert_eq!((ended, response.as_str(), seen), (false, "", Some(None)));
    let (ended, response, seen) = exchange(Misbehaviour::EmptyBody);
    assert_eq!((ended, seen), (true, Some(Some(200))));
    assert!(
        response.contains("content-length: 0\r\n") && response.ends_with("\r\n\r\n"),
        "{response}"
    );
    for how in [Misbehaviour::CutBody, Misbehaviour::StallInBody(short)] {
        let (_, response, seen) = exchange(how);
        assert_eq!(seen, Some(Some(200)));
        assert!(
            response.contains("content-length: 14\r\n") && response.ends_with("\r\n\r\nPOST /"),
            "{response}"
        );
    }
    let (_, response, seen) = exchange(Misbehaviour::StallInHeaders(short));
    assert_eq!((response.as_str(), seen), ("HTTP/1.1 200 ", Some(None)));
    for how in [Misbehaviour::Trickle(Duration::ZERO), Misbehaviour::Delay(short)] {
        let (ended, response, seen) = exchange(how);
        assert_eq!((ended, seen), (true, Some(Some(200))));
        assert!(response.ends_with("POST /a hello"), "{response}");
    }
    let (_, response, seen) = exchange(Misbehaviour::Bytes(b"SSH-2.0".to_vec()));
    assert_eq!((response.as_str(), seen), ("SSH-2.0", Some(None)));
    let (_, response, seen) =
        exchange(Misbehaviour::Response(Response::new(500, "text/plain", "no")));
    assert_eq!(seen, Some(Some(500)));
    assert!(response.ends_with("\r\n\r\nno"), "{response}");
    let head = self::exchange(&server, "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(head.ends_with("\r\n\r\n"), "{head}");
    // RFC 9110, section 8.6: the length is that of the response to a GET request.
    assert!(head.contains("\r\ncontent-length: 7\r\n"), "{head}");
}

#[test]
fn misbehaviour_of_a_sandbox_is_that_of_each_server() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.misbehave(&Misbehaviour::BadGateway, 1);
    for (provider, url) in sandbox.base_urls() {
        let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
        write!(stream, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert!(response.starts_with("HTTP/1.1 502 "), "{provider}: {response}");
    }
}

#[test]
fn service_without_a_console_has_an_empty_page_and_no_buttons() {
    let page = Echo.console();
    assert!(page.title.is_empty() && page.buttons.is_empty() && page.tables.is_empty());
    assert!(!Echo.press("pay", "a"));
}

#[test]
fn reason_of_a_rejection_is_the_begin_of_its_body() {
    let reason = |status, body: &str| Echo.rejection(&Response::new(status, "text/plain", body));
    assert_eq!(reason(399, "why"), None);
    assert_eq!(reason(400, "why"), Some("why".to_owned()));
    assert_eq!(reason(500, &"é".repeat(300)), Some("é".repeat(200)));
}

#[test]
fn misbehaviours_keep_their_order() {
    let server = Server::start(0, Echo).unwrap();
    server.misbehave(Misbehaviour::TooManyRequests(Some(7)), 1);
    server.misbehave(Misbehaviour::BadGateway, 2);
    let ask = || exchange(&server, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let first = ask();
    assert!(first.starts_with("HTTP/1.1 429 ") && first.contains("retry-after: 7\r\n"), "{first}");
    assert!(ask().starts_with("HTTP/1.1 502 "));
    server.behave();
    assert!(ask().starts_with("HTTP/1.1 200 "));
    assert_eq!(server.connections(), 3);
}

#[test]
fn request_that_is_not_handled_has_no_endpoint() {
    let server = Server::start(0, Echo).unwrap();
    let unhandled = [
        Misbehaviour::TooManyRequests(None),
        Misbehaviour::BadGateway,
        Misbehaviour::Response(Response::new(200, "text/plain", "no")),
        Misbehaviour::Bytes(b"SSH-2.0".to_vec()),
        Misbehaviour::Endless,
    ];
    let handled = [
        Misbehaviour::ResetAfterReading,
        Misbehaviour::EmptyBody,
        Misbehaviour::CutBody,
        Misbehaviour::Trickle(Duration::ZERO),
    ];
    let all = unhandled.map(|how| (how, false)).into_iter();
    for (how, is_handled) in all.chain(handled.map(|how| (how, true))) {
        let shown = format!("{how:?}");
        server.misbehave(how, 1);
        let mut stream = TcpStream::connect(&server.base_url()[7..]).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let _ = stream.read(&mut [0]);
        let seen = server.take_seen();
        let expected = if is_handled { (Some("echo"), None) } else { (None, Some("misbehaviour")) };
        let found = (seen[0].verdict.endpoint, seen[0].reason.as_deref());
        assert_eq!(found, expected, "{shown}");
    }
}

/// Reads until the connection ends. Fails if it stays open.
fn rest(mut stream: TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    rest
}

#[test]
fn connection_ends_after_a_response_byte_by_byte() {
    let server = Server::start(0, Echo).unwrap();
    server.misbehave(Misbehaviour::Trickle(Duration::ZERO), 1);
    let mut stream = TcpStream::connect(&server.base_url()[7..]).unwrap();
    stream.write_all(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let response = rest(stream);
    assert!(response.ends_with("\r\n\r\nGET /a "), "{response}");
}

#[test]
fn connections_end_when_the_server_is_dropped() {
    let server = Server::start(0, Echo).unwrap();
    let mut stream = TcpStream::connect(&server.base_url()[7..]).unwrap();
    stream.write_all(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
    drop(server);
    let rest = rest(stream);
    assert!(!rest.contains("HTTP/"), "{rest}");
}

/// A service that panics.
struct Panicking;

impl Service for Panicking {
    fn respond(&mut self, _: &Raw) -> (Response, Verdict) {
        panic!("this panic belongs to a test");
    }
}

#[test]
fn connection_ends_if_the_service_panics() {
    let server = Server::start(0, Panicking).unwrap();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(&server.base_url()[7..]).unwrap();
        stream.write_all(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        assert_eq!(rest(stream), "");
    }
}

#[test]
fn server_listens_on_several_addresses_until_it_is_dropped() {
    let server = Server::start(0, Echo).unwrap();
    let any = std::net::Ipv4Addr::UNSPECIFIED;
    let other = server.listen((any, 0).into(), None).unwrap();
    let address = other.strip_prefix("http://127.0.0.1:").unwrap();
    let address = (std::net::Ipv4Addr::LOCALHOST, address.parse().unwrap());
    let stream = TcpStream::connect(address).unwrap();
    (&stream).write_all(b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    assert!(rest(stream).ends_with("\r\n\r\nGET /a "));
    assert_eq!(server.take_seen().len(), 1);
    let open = TcpStream::connect(address).unwrap();
    drop(server);
    assert_eq!(rest(open), "");
    assert!(TcpListener::bind(address).is_ok(), "the port is free");
}

#[test]
fn rejection_reaches_a_client_that_sends_more() {
    let server = Server::start(0, Echo).unwrap();
    let mut stream = TcpStream::connect(&server.base_url()[7..]).unwrap();
    stream.write_all(b"nonsense\r\n\r\n").unwrap();
    stream.write_all(&vec![b'x'; 8 * 1024 * 1024]).unwrap();
    let response = rest(stream);
    assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
}
