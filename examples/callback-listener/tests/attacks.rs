//! Malicious requests to a listener, over real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of tests, and deadlines of sockets"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use callback_listener::{Limits, Listener, Response, printable};

/// Starts a listener that responds with the body of each request, and stops after a request for
/// `/end`. The thread returns the requests.
fn start(limits: Limits) -> (SocketAddr, JoinHandle<Vec<String>>) {
    let listener = Listener::bind("127.0.0.1:0").unwrap().limits(limits);
    let address = listener.local_addr().unwrap();
    let thread = thread::spawn(move || {
        let mut seen = Vec::new();
        listener
            .serve(None, |request| {
                let body = String::from_utf8_lossy(&request.body).into_owned();
                seen.push(format!("{} {} {body}", request.method, request.target));
                (Response::text(200, body), (request.path() == "/end").then_some(()))
            })
            .unwrap()
            .unwrap();
        seen
    });
    (address, thread)
}

/// Sends bytes and reads until the connection is closed.
fn exchange(address: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    // The listener may close the connection before it has read everything.
    let _ = stream.write_all(bytes.as_ref());
    let mut response = Vec::new();
    let _ = stream.read_to_end(&mut response);
    String::from_utf8_lossy(&response).into_owned()
}

fn end(address: SocketAddr, thread: JoinHandle<Vec<String>>) -> Vec<String> {
    let response = exchange(address, "GET /end HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    let mut seen = thread.join().unwrap();
    assert_eq!(seen.pop().unwrap(), "GET /end ");
    seen
}

#[test]
fn malformed_requests_are_rejected_before_the_handler() {
    let (address, thread) = start(Limits::default());
    let host = "host: x\r\n";
    let long = "a".repeat(20_000);
    let rows: Vec<(String, &str)> = vec![
        (format!("GET /\r\n{host}\r\n"), "400"),
        (format!("GET  / HTTP/1.1\r\n{host}\r\n"), "400"),
        (format!("GET / HTTP/1.1 x\r\n{host}\r\n"), "400"),
        (format!("GET http://x/ HTTP/1.1\r\n{host}\r\n"), "400"),
        (format!("GET /\u{e9} HTTP/1.1\r\n{host}\r\n"), "400"),
        (format!("get / HTTP/1.1\r\n{host}\r\n"), "400"),
        (format!("GET / HTTP/2.0\r\n{host}\r\n"), "505"),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "400"),
        (format!("GET / HTTP/1.1\r\n{host}{host}\r\n"), "400"),
        (format!("GET / HTTP/1.1\n{host}\n"), "400"),
        (format!("GET / HTTP/1.1\r\n{host}a\r\n\r\n"), "400"),
        (format!("GET / HTTP/1.1\r\n{host}a : b\r\n\r\n"), "400"),
        (format!("GET / HTTP/1.1\r\n{host}a: b\r\n folded\r\n\r\n"), "400"),
        (format!("GET / HTTP/1.1\r\n{host}a: b\0c\r\n\r\n"), "400"),
        (format!("GET / HTTP/1.1\r\n{host}a: b\rc\r\n\r\n"), "400"),
        (format!("GET /{long} HTTP/1.1\r\n{host}\r\n"), "431"),
        (format!("GET / HTTP/1.1\r\n{host}a: {long}\r\n\r\n"), "431"),
        (format!("GET /{long}"), "431"),
        (format!("POST / HTTP/1.1\r\n{host}\r\n"), "411"),
        (
            format!("POST / HTTP/1.1\r\n{host}content-length: 1\r\ncontent-length: 1\r\n\r\na"),
            "400",
        ),
        (format!("POST / HTTP/1.1\r\n{host}content-length: 1, 1\r\n\r\na"), "400"),
        (format!("POST / HTTP/1.1\r\n{host}content-length: +1\r\n\r\na"), "400"),
        (format!("POST / HTTP/1.1\r\n{host}content-length: -1\r\n\r\na"), "400"),
        (format!("POST / HTTP/1.1\r\n{host}content-length:\r\n\r\n"), "400"),
        (format!("POST / HTTP/1.1\r\n{host}content-length: 1048577\r\n\r\n"), "413"),
        (format!("POST / HTTP/1.1\r\n{host}content-length: {}\r\n\r\n", "9".repeat(40)), "413"),
        (
            format!(
                "POST / HTTP/1.1\r\n{host}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
            ),
            "400",
        ),
        (format!("POST / HTTP/1.0\r\n{host}transfer-encoding: chunked\r\n\r\n0\r\n\r\n"), "400"),
        (format!("POST / HTTP/1.1\r\n{host}transfer-encoding: gzip, chunked\r\n\r\n"), "501"),
        (format!("POST / HTTP/1.1\r\n{host}transfer-encoding: chunked\r\n\r\nx\r\n"), "400"),
        (format!("POST / HTTP/1.1\r\n{host}transfer-encoding: chunked\r\n\r\n2\r\nabc\r\n"), "400"),
        (format!("POST / HTTP/1.1\r\n{host}transfer-encoding: chunked\r\n\r\n100001\r\n"), "413"),
        (
            format!(
                "POST / HTTP/1.1\r\n{host}transfer-encoding: chunked\r\n\r\n{}\r\n",
                "f".repeat(30)
            ),
            "413",
        ),
        (format!("POST / HTTP/1.1\r\n{host}expect: tea\r\ncontent-length: 0\r\n\r\n"), "417"),
        ("\u{16}\u{3}\u{1}\u{2}".to_owned(), "400"),
    ];
    for (request, status) in rows {
        let response = exchange(address, &request);
        let shown: String = request.chars().take(120).collect();
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{shown:?}: {response}");
        assert!(response.contains("connection: close\r\n"), "{shown:?}: {response}");
    }
    assert_eq!(end(address, thread), Vec::<String>::new());
}

#[test]
fn bodies_are_read_unchanged() {
    let (address, thread) = start(Limits::default());
    let chunked = "POST /c HTTP/1.1\r\nhost: x\r\nTransfer-Encoding: Chunked\r\n\r\n\
                   3;note=1\r\nabc\r\n0A\r\n0123456789\r\n0\r\ntrailer: 1\r\n\r\n";
    for (request, body) in [
        ("POST /l HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabcdef", "abc"),
        ("POST /o HTTP/1.0\r\ncontent-length: 2\r\n\r\nab", "ab"),
        ("\r\nGET /g HTTP/1.1\r\nhost: x\r\n\r\n", ""),
        (chunked, "abc0123456789"),
    ] {
        let response = exchange(address, request);
        assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
        assert!(response.ends_with(&format!("\r\n\r\n{body}")), "{response}");
    }
    let response = exchange(address, "HEAD /h HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(response.ends_with("\r\n\r\n"), "{response}");

    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(
            b"POST /e HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n",
        )
        .unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"ok").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.ends_with("\r\n\r\nok"), "{response}");

    let expected =
        ["POST /l abc", "POST /o ab", "GET /g ", "POST /c abc0123456789", "HEAD /h ", "POST /e ok"];
    assert_eq!(end(address, thread), expected);
}

#[test]
fn idle_slow_and_closed_connections_do_not_block_others() {
    let (address, thread) = start(Limits::default());
    let open = || TcpStream::connect(address).unwrap();
    let idle: Vec<TcpStream> = (0..20).map(|_| open()).collect();
    let slow: Vec<TcpStream> = (0..20)
        .map(|_| {
            let mut stream = open();
            stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\na").unwrap();
            stream
        })
        .collect();
    drop(open());
    // While they are all open, a complete request gets a response.
    assert_eq!(end(address, thread), Vec::<String>::new());
    drop((idle, slow));
}

#[test]
fn every_response_is_written_before_the_listener_ends() {
    for _ in 0..50 {
        let listener = Listener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let request = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
        let senders: Vec<_> = (0..8)
            .map(|_| {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.write_all(request.as_bytes()).unwrap();
                stream
            })
            .collect();
        let mut handled = 0;
        let body = "x".repeat(20_000);
        listener
            .serve(None, |_| {
                handled += 1;
                (Response::text(200, body.as_str()), (handled == 8).then_some(()))
            })
            .unwrap();
        // The program could end now.
        for stream in senders {
            stream.set_nonblocking(true).unwrap();
            let mut response = Vec::new();
            let _ = (&stream).read_to_end(&mut response);
            assert!(response.ends_with(body.as_bytes()), "{} bytes", response.len());
        }
    }
}

#[test]
fn slow_checks_of_one_connection_do_not_block_another() {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let check = move |request: callback_listener::Request| {
        if request.path() == "/slow" {
            let _ = wait.lock().unwrap().recv();
        }
        request.target
    };
    let thread = thread::spawn(move || {
        let mut seen = Vec::new();
        listener
            .serve_prepared(None, check, |target| {
                seen.push(target);
                (Response::text(200, ""), (seen.len() == 2).then_some(()))
            })
            .unwrap();
        seen
    });
    let mut slow = TcpStream::connect(address).unwrap();
    slow.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let response = exchange(address, "GET /fast HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    release.send(()).unwrap();
    assert_eq!(thread.join().unwrap(), ["/fast", "/slow"]);
}

#[test]
fn slow_responses_of_one_connection_do_not_block_another() {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let mut wait = Some(wait);
    let thread = thread::spawn(move || {
        let mut seen = Vec::new();
        let handle = |request: callback_listener::Request| {
            seen.push(request.path().to_owned());
            let wait = if request.path() == "/slow" { wait.take() } else { None };
            let finish = move || {
                wait.map(|wait| wait.recv());
                let body = vec![0xff, 0xfe, 0, b'T'];
                let content_type = Vec::new();
                (callback_listener::Response { status: 200, content_type, body }, || false)
            };
            (finish, (seen.len() == 2).then_some(()))
        };
        listener.serve_staged(None, Duration::from_secs(60), |request| request, handle).unwrap();
        seen
    });
    let mut slow = TcpStream::connect(address).unwrap();
    slow.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let response = exchange(address, "GET /fast HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    release.send(()).unwrap();
    let mut response = Vec::new();
    slow.read_to_end(&mut response).unwrap();
    assert!(response.ends_with(b"\r\n\r\n\xff\xfe\0T"), "{response:?}");
    assert!(!String::from_utf8_lossy(&response).contains("\ncontent-type:"), "{response:?}");
    assert_eq!(thread.join().unwrap().len(), 2);
}

#[test]
fn listener_stops_after_the_response_that_is_the_last_one() {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = thread::spawn(move || {
        let handle = |request: callback_listener::Request| {
            let is_last = request.path() == "/last";
            (move || (callback_listener::Response::text(200, "x"), move || is_last), None::<()>)
        };
        listener.serve_staged(None, Duration::from_secs(60), |request| request, handle).unwrap()
    });
    for path in ["/first", "/second", "/last"] {
        let response = exchange(address, format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"));
        assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    }
    assert_eq!(thread.join().unwrap(), None);
}

#[test]
fn slow_connection_is_closed_at_the_deadline() {
    let (address, thread) = start(Limits { time: Duration::from_millis(300), ..Limits::default() });
    assert_eq!(exchange(address, ""), "", "an idle connection is closed without a word");
    let response = exchange(address, "GET / HTTP/1.1\r\n");
    assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
    // The deadline applies to the complete request: further bytes do not extend it.
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: ").unwrap();
    let mut sender = stream.try_clone().unwrap();
    let drip = thread::spawn(move || while sender.write_all(b"x").is_ok() {});
    let mut response = String::new();
    let _ = stream.read_to_string(&mut response);
    let status = response.get(..13).unwrap_or_default();
    assert!(["HTTP/1.1 408 ", "HTTP/1.1 431 ", ""].contains(&status), "{response}");
    drop(stream);
    drip.join().unwrap();
    assert_eq!(end(address, thread), Vec::<String>::new());
}

#[test]
fn connections_above_the_limit_get_503() {
    let (address, thread) = start(Limits { connections: 1, ..Limits::default() });
    let mut first = TcpStream::connect(address).unwrap();
    first.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n").unwrap();
    // The second connection is counted after the first, which was accepted before.
    let mut response = String::new();
    TcpStream::connect(address).unwrap().read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    first.write_all(b"ok").unwrap();
    response.clear();
    first.read_to_string(&mut response).unwrap();
    assert!(response.ends_with("ok"), "{response}");
    drop(first);
    loop {
        // The connection is released shortly after the response.
        let response = exchange(address, "GET /end HTTP/1.1\r\nhost: x\r\n\r\n");
        if response.starts_with("HTTP/1.1 200 ") {
            break;
        }
    }
    assert_eq!(thread.join().unwrap(), ["POST / ok", "GET /end "]);
}

#[test]
fn listener_times_out_without_a_request() {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let result = listener.serve(Some(Duration::ZERO), |_| (Response::text(200, ""), Some(())));
    assert_eq!(result.unwrap(), None);
    // Soon after that, no connections are accepted.
    while TcpStream::connect(address).is_ok() {}
}

#[test]
fn requests_that_wait_do_not_extend_the_time() {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (flood, end) = (std::sync::Arc::new(AtomicBool::new(true)), Duration::from_millis(300));
    let senders: Vec<_> = (0..8)
        .map(|_| {
            let flood = flood.clone();
            thread::spawn(move || {
                while flood.load(Ordering::Relaxed) {
                    if let Ok(mut stream) = TcpStream::connect(address) {
                        let _ = stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n");
                        let _ = stream.read(&mut [0; 64]);
                    }
                }
            })
        })
        .collect();
    let prepared = std::sync::Arc::new(AtomicUsize::new(0));
    let counted = prepared.clone();
    let prepare = move |_| counted.fetch_add(1, Ordering::SeqCst);
    let (begin, mut handled, mut late) = (Instant::now(), 0, 0);
    let result = listener.serve_prepared(Some(end), prepare, |_| {
        handled += 1;
        // The next request is waiting before this one is done.
        while prepared.load(Ordering::SeqCst) < handled + 4 {
            thread::yield_now();
        }
        late += usize::from(begin.elapsed() > end);
        (Response::text(200, ""), (late == 3).then_some(()))
    });
    flood.store(false, Ordering::Relaxed);
    assert_eq!((result.unwrap(), late < 2), (None, true));
    senders.into_iter().for_each(|sender| sender.join().unwrap());
}

#[test]
fn repeated_header_has_no_value() {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = thread::spawn(move || {
        let handle = |request: &callback_listener::Request| {
            let twice = request.header("Twice").is_err();
            let once = request.header("ONCE").map(|value| value.map(str::to_owned));
            (Response::text(200, ""), Some((twice, once, request.header("none").is_ok())))
        };
        listener.serve(None, handle).unwrap().unwrap()
    });
    exchange(address, "GET / HTTP/1.1\r\nhost: x\r\ntwice: a\r\nTWICE: a\r\nonce:  b \r\n\r\n");
    assert_eq!(thread.join().unwrap(), (true, Ok(Some("b".to_owned())), true));
}

#[test]
fn control_characters_are_escaped() {
    assert_eq!(
        printable("zażółć \u{1b}[2J\r\n\u{202e}x\u{9b}"),
        "zażółć \\u{1b}[2J\\r\\n\\u{202e}x\\u{9b}"
    );
}
