//! Tests of bad networks, extreme settings and exhausted resources, on loopback.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use super::*;
use crate::settings::Settings;

/// Serves each connection with `handle`, and returns the port.
fn serve(handle: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            handle(stream.unwrap());
        }
    });
    port
}

/// Reads the head of a request. Returns `false` at the end of the connection.
fn read_head(stream: &mut TcpStream) -> bool {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if !matches!(stream.read(&mut byte), Ok(1)) {
            return false;
        }
        head.extend(byte);
    }
    true
}

/// Starts a server that sends `response` to each request without a body.
fn responding(response: Vec<u8>) -> u16 {
    serve(move |mut stream| while read_head(&mut stream) && stream.write_all(&response).is_ok() {})
}

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.no_proxy();
    settings
}

fn get(settings: &Settings, url: &str) -> Result<Response, TransportError> {
    let request = http::Request::get(url).body(Vec::new()).unwrap();
    settings.built_in_transport().unwrap().send(request)
}

/// Returns the three digits of a status.
fn code(status: &str) -> &str {
    status.split_once(' ').unwrap().0
}

fn with_head(size: usize) -> Vec<u8> {
    let mut response = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n".to_vec();
    for number in 0.. {
        let left = size.saturating_sub(response.len() + 4);
        if left < 40 {
            break;
        }
        response.extend(format!("x-{number:04}: ").bytes());
        response.resize(response.len() + (left - 10).min(4096), b'v');
        response.extend(b"\r\n");
    }
    response.extend(b"\r\n{}");
    response
}

#[test]
fn response_heads_of_up_to_64_kib_are_read() {
    for size in [1_000, 16_384, 16_400, 30_000, 65_000] {
        let port = responding(with_head(size));
        let transport = settings().built_in_transport().unwrap();
        for _ in 0..2 {
            let url = format!("http://127.0.0.1:{port}/");
            let request = http::Request::get(url).body(Vec::new()).unwrap();
            let response = transport.send(request).unwrap();
            assert_eq!(response.body(), b"{}", "{size}");
        }
    }
}

#[test]
fn larger_response_head_is_too_large_and_not_interrupted() {
    for size in [70_000, 200_000] {
        let port = responding(with_head(size));
        let error = get(&settings(), &format!("http://127.0.0.1:{port}/")).unwrap_err();
        assert_eq!((error.kind(), error.sent()), (TransportErrorKind::TooLarge, Sent::Maybe));
        assert!(error.to_string().contains("headers"), "{error}");
    }
}

#[cfg(feature = "dns-cache")]
#[test]
fn large_response_head_of_a_proxy_is_read_up_to_64_kib() {
    let large = with_head(40_000);
    let large = large[..large.len() - 2].to_vec().replace_length();
    let port = responding(large);
    let mut settings = settings();
    settings.proxy(format!("http://127.0.0.1:{port}").into());
    settings.allow_plain_http_to("x.test".to_owned());
    // The proxy responds to the request in the tunnel with another such head.
    let response = get(&settings, "http://x.test/").unwrap();
    assert_eq!(response.status(), 200);

    let port = responding(with_head(90_000));
    settings.proxy(format!("http://127.0.0.1:{port}").into());
    let error = get(&settings, "http://x.test/").unwrap_err();
    assert_eq!((error.kind(), error.sent()), (TransportErrorKind::TooLarge, Sent::No), "{error}");
}

#[cfg(feature = "dns-cache")]
trait ReplaceLength {
    fn replace_length(self) -> Vec<u8>;
}

#[cfg(feature = "dns-cache")]
impl ReplaceLength for Vec<u8> {
    /// Returns a response without a body.
    fn replace_length(self) -> Vec<u8> {
        String::from_utf8(self).unwrap().replace("content-length: 2", "content-length: 0").into()
    }
}

/// A server that responds before it has read the body.
#[cfg(all(feature = "dns-cache", unix))]
#[test]
fn response_is_read_although_the_request_could_not_be_written() {
    for status in ["413 Content Too Large", "401 Unauthorized"] {
        let port = serve(move |mut stream| {
            assert!(read_head(&mut stream));
            let response = format!("HTTP/1.1 {status}\r\ncontent-length: 4\r\n\r\nlate");
            stream.write_all(response.as_bytes()).unwrap();
        });
        let request = http::Request::post(format!("http://127.0.0.1:{port}/"));
        let request = request.body(vec![b'x'; 6 << 20]).unwrap();
        let response = settings().built_in_transport().unwrap().send(request).unwrap();
        assert_eq!((response.status().as_str(), &**response.body()), (code(status), &b"late"[..]));
    }
    // Without a response the error is that of the write.
    let port = serve(|mut stream| assert!(read_head(&mut stream)));
    let request = http::Request::post(format!("http://127.0.0.1:{port}/"));
    let request = request.body(vec![b'x'; 6 << 20]).unwrap();
    let error = settings().built_in_transport().unwrap().send(request).unwrap_err();
    assert_eq!((error.kind(), error.sent()), (TransportErrorKind::Interrupted, Sent::Maybe));
}

#[cfg(all(feature = "dns-cache", any(feature = "rustls", feature = "native-tls")))]
#[test]
fn connection_that_ends_within_the_tls_handshake_sent_nothing() {
    let ways: [fn(TcpStream); 3] = [
        drop,
        |mut stream| drop(stream.read(&mut [0; 1])),
        |mut stream| {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        },
    ];
    for way in ways {
        let port = serve(way);
        let request = http::Request::post(format!("https://127.0.0.1:{port}/"));
        let request = request.body(b"x".to_vec()).unwrap();
        let error = settings().built_in_transport().unwrap().send(request).unwrap_err();
        assert_eq!(error.sent(), Sent::No, "{:?} {error}", error.kind());
        let kinds = [TransportErrorKind::Connect, TransportErrorKind::Tls];
        assert!(kinds.contains(&error.kind()), "{:?} {error}", error.kind());
    }
}

#[test]
fn timeout_errors_contain_the_timeout() {
    let port = serve(|mut stream| while read_head(&mut stream) {});
    let url = format!("http://127.0.0.1:{port}/");
    let mut settings = settings();
    settings.timeout(Duration::from_millis(150));
    let error = get(&settings, &url).unwrap_err();
    let text = format!("timed out after 150 ms waiting for the response (127.0.0.1:{port})");
    assert_eq!((error.to_string(), error.sent()), (text, Sent::Maybe));
    assert_eq!(
        explain_timeout(Some(Duration::from_secs(30)), false),
        "timed out after 30 s waiting for the response"
    );
    assert_eq!(
        explain_timeout(Some(Duration::from_secs(10)), true),
        "timed out after 10 s while connecting"
    );
    assert_eq!(explain_timeout(None, true), "timed out while connecting");
}

#[test]
fn extreme_settings_never_panic() {
    let port = responding(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_vec());
    let stalled = serve(|mut stream| while read_head(&mut stream) {});
    let (nano, day) = (Duration::from_nanos(1), Duration::from_secs(86_400));
    let long = [day, 365 * day, Duration::from_secs(u64::MAX), Duration::MAX];
    let host = format!("localhost:{port}");
    for timeout in long {
        for connect_timeout in long {
            let mut settings = settings();
            settings.timeout(timeout);
            settings.connect_timeout(connect_timeout);
            for host in [&*host, &host.replace("localhost", "127.0.0.1")] {
                let response = get(&settings, &format!("http://{host}/")).unwrap();
                assert_eq!(response.body(), b"{}", "{timeout:?} {connect_timeout:?}");
            }
        }
    }
    for (timeout, connect_timeout) in [(nano, Duration::MAX), (nano, nano), (nano * 1000, day)] {
        let mut settings = settings();
        settings.timeout(timeout);
        settings.connect_timeout(connect_timeout);
        let error = get(&settings, &format!("http://127.0.0.1:{stalled}/")).unwrap_err();
        assert!(error.is_timeout(), "{timeout:?} {connect_timeout:?}: {error}");
    }
    for (limit, fits) in [(0, false), (1, false), (2, true), (usize::MAX, true)] {
        let mut settings = settings();
        settings.response_limit(limit);
        let result = get(&settings, &format!("http://{host}/"));
        match result {
            Ok(response) => assert!(fits && response.body() == b"{}", "{limit}"),
            Err(error) => {
                assert!(!fits && error.kind() == TransportErrorKind::TooLarge, "{limit} {error}");
            }
        }
    }
    let long = "x".repeat(100_000);
    for url in [
        format!("http://{long}:1/"),
        format!("http://{long}.test/"),
        format!("socks5://{long}:{long}@127.0.0.1:1"),
        format!("http://{long}:{long}@127.0.0.1:1"),
    ] {
        let mut settings = settings();
        settings.proxy(url.into());
        if let Ok(transport) = settings.built_in_transport() {
            let request = http::Request::get("https://x.test/").body(Vec::new()).unwrap();
            assert_eq!(transport.send(request).unwrap_err().sent(), Sent::No);
        }
    }
    for host in ["", "\0", "*", "[::1]", &long] {
        let mut settings = settings();
        settings.allow_plain_http_to(host.to_owned());
        assert!(get(&settings, &format!("http://127.0.0.1:{port}/")).is_ok());
    }
}

/// A head that does not fit into the output buffer of 16 KiB.
#[test]
fn long_request_heads_are_sent_or_not_sent() {
    let port = responding(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_vec());
    for length in [8_000, 16_000, 20_000, 60_000] {
        let long = "x".repeat(length);
        let url = format!("http://127.0.0.1:{port}/?{long}");
        let in_query = http::Request::get(url).body(Vec::new()).unwrap();
        let in_header = http::Request::get(format!("http://127.0.0.1:{port}/"));
        let in_header = in_header.header("x-long", &long).body(Vec::new()).unwrap();
        for request in [in_query, in_header] {
            match settings().built_in_transport().unwrap().send(request) {
                Ok(response) => assert_eq!(response.body(), b"{}"),
                Err(error) => {
                    let kind = (error.kind(), error.sent());
                    assert_eq!(kind, (TransportErrorKind::Refused, Sent::No), "{length} {error}");
                    assert!(length > 15_000, "{length} {error}");
                }
            }
        }
    }
}

#[cfg(feature = "gzip")]
mod gzip {
    use super::*;

    fn compressed(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn response(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
        [format!("HTTP/1.1 {status}\r\n{headers}\r\n").as_bytes(), body].concat()
    }

    fn received(response: Vec<u8>) -> Result<Response, TransportError> {
        get(&settings(), &format!("http://127.0.0.1:{}/", responding(response)))
    }

    #[test]
    fn empty_bodies_are_not_decompressed() {
        for (status, headers, body) in [
            ("204 No Content", "", ""),
            ("304 Not Modified", "", ""),
            ("200 OK", "content-length: 0\r\n", ""),
            ("500 Internal Server Error", "content-length: 0\r\n", ""),
            ("200 OK", "transfer-encoding: chunked\r\n", "0\r\n\r\n"),
        ] {
            for name in ["gzip", "GZIP", "x-gzip"] {
                let headers = format!("content-encoding: {name}\r\n{headers}");
                let response = received(response(status, &headers, body.as_bytes())).unwrap();
                assert_eq!((response.status().as_str(), response.body().len()), (code(status), 0));
            }
        }
    }

    #[test]
    fn all_names_of_gzip_are_decompressed() {
        let body = compressed(b"{\"a\":1}");
        for name in ["gzip", "GZIP", "x-gzip", "X-GZip", "Gzip "] {
            let headers = format!("content-encoding: {name}\r\ncontent-length: {}\r\n", body.len());
            let response = received(response("200 OK", &headers, &body)).unwrap();
            assert_eq!(response.body(), b"{\"a\":1}", "{name}");
            assert!(response.headers().get("content-encoding").is_none(), "{name}");
        }
    }

    #[test]
    fn damaged_or_large_gzip_is_an_error_with_the_status() {
        for name in ["gzip", "x-gzip"] {
            let headers = format!("content-encoding: {name}\r\ncontent-length: 22\r\n");
            let error =
                received(response("200 OK", &headers, b"this is not compressed")).unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::Protocol, "{error}");
            assert_eq!(error.partial().unwrap().status(), 200);
            let bomb = compressed(&vec![b' '; 9 << 20]);
            let headers = format!("content-encoding: {name}\r\ncontent-length: {}\r\n", bomb.len());
            let error = received(response("200 OK", &headers, &bomb)).unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::TooLarge, "{error}");
        }
    }
}

/// Sends this number of concurrent requests, twice, and returns the number of connections.
fn connections_of(requests: usize, settings: &Settings) -> usize {
    let connections = Arc::new(AtomicUsize::new(0));
    // The server responds when all requests of a round have arrived.
    let round = Arc::new(Barrier::new(requests));
    let count = connections.clone();
    let port = serve(move |mut stream| {
        count.fetch_add(1, SeqCst);
        let round = round.clone();
        thread::spawn(move || {
            while read_head(&mut stream) {
                round.wait();
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
            }
        });
    });
    let transport = settings.built_in_transport().unwrap();
    for _ in 0..2 {
        thread::scope(|scope| {
            for _ in 0..requests {
                scope.spawn(|| {
                    let url = format!("http://127.0.0.1:{port}/");
                    let request = http::Request::get(url).body(Vec::new()).unwrap();
                    assert_eq!(transport.send(request).unwrap().body(), b"{}");
                });
            }
        });
    }
    connections.load(SeqCst)
}

#[test]
fn as_many_connections_as_set_are_kept() {
    assert_eq!(connections_of(16, &settings()), 16);
    assert!(connections_of(24, &settings()) > 24, "more than the default");
    let mut settings = settings();
    settings.max_connections(24);
    assert_eq!(connections_of(24, &settings), 24);
    settings.max_connections(0);
    let Err(error) = settings.built_in_transport() else { panic!("accepted") };
    assert_eq!(error.to_string(), "max_connections: must be more than 0");
}

/// Exhausted resources, in a process of its own.
#[cfg(unix)]
mod exhausted {
    use std::process::Command;

    use super::*;
    use crate::variables::process_variable;

    /// The URL that the child process requests.
    const URL: &str = "API_AUTH_TEST_URL";
    /// Set if the child process opens all files that it can.
    const OPEN_FILES: &str = "API_AUTH_TEST_OPEN_FILES";
    const CHILD: &str = "transport::ureq::network_tests::exhausted::child";

    #[test]
    fn child() {
        let Some(url) = process_variable(URL) else { return };
        let transport = settings().built_in_transport().unwrap();
        let request = http::Request::post(url.to_str().unwrap()).body(b"x".to_vec()).unwrap();
        let opened = process_variable(OPEN_FILES).is_some();
        let files = std::iter::repeat_with(|| std::fs::File::open("/dev/null"));
        let files: Vec<_> = files.take_while(|file| opened && file.is_ok()).collect();
        let result = transport.send(request);
        drop(files);
        let printed = match &result {
            Ok(response) => format!("ok {}", response.status()),
            Err(error) => format!("{:?} {:?} {error}", error.kind(), error.sent()),
        };
        println!("result: {printed}");
    }

    /// Runs [`child`] by a shell, after `limits`, and returns its result.
    fn run(limits: &str, url: &str) -> String {
        let program = std::env::current_exe().unwrap();
        let output = Command::new("/bin/sh")
            .args(["-c", &format!("{limits}; exec \"$0\" \"$@\"")])
            .arg(program)
            .args(["--exact", CHILD, "--nocapture", "--test-threads=1"])
            .env(URL, url)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let result = text.lines().find_map(|line| line.split_once("result: "));
        let errors = String::from_utf8_lossy(&output.stderr);
        result.unwrap_or_else(|| panic!("{text}{errors}")).1.to_owned()
    }

    fn server() -> String {
        let port = serve(|mut stream| {
            if read_head(&mut stream) {
                let _ = stream.read(&mut [0; 1]);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
            }
        });
        format!("http://localhost:{port}/")
    }

    #[test]
    fn request_without_further_threads_is_an_error_and_not_sent() {
        let url = server();
        assert_eq!(run("true", &url), "ok 200 OK");
        // No thread can be started with a stack of this size.
        let limit = format!("RUST_MIN_STACK={}; export RUST_MIN_STACK", 1_u64 << 46);
        let result = run(&limit, &url);
        assert!(result.starts_with("Resolve No ") && result.contains("thread"), "{result}");
        // An address needs no lookup.
        if cfg!(feature = "dns-cache") {
            assert_eq!(run(&limit, &url.replace("localhost", "127.0.0.1")), "ok 200 OK");
        }
    }

    #[test]
    fn request_without_further_files_is_an_error_and_not_sent() {
        for url in [server(), server().replace("localhost", "127.0.0.1")] {
            let result = run(&format!("ulimit -n 64; export {OPEN_FILES}=1"), &url);
            let is_known = result.starts_with("Connect No ") || result.starts_with("Resolve No ");
            assert!(is_known, "{result}");
        }
    }

    #[test]
    fn request_with_little_memory_is_sent() {
        let result = run("ulimit -v 400000", &server());
        assert_eq!(result, "ok 200 OK");
    }
}

#[test]
fn panic_of_the_http_library_is_an_error() {
    let error = panicked(&"CANARY");
    assert_eq!((error.kind(), error.sent()), (TransportErrorKind::Interrupted, Sent::Maybe));
    assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
    let error = panicked(&"failed to spawn thread: Os { code: 11 }".to_owned());
    assert_eq!((error.kind(), error.sent()), (TransportErrorKind::Resolve, Sent::No));
}
