//! Tests with proxies on loopback, for all features of the transport.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use crate::clock::SystemClock;
use crate::error::input::InputError;
use crate::network::ProxyChoice;
use crate::proxy::Proxies;
use crate::settings::Settings;
use crate::transport::ureq::UreqTransport;
use crate::transport::{Sent, Transport, TransportError, TransportErrorKind};

/// Serves each connection with `handle`, and returns the address.
fn serve(handle: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    serve_on(TcpListener::bind("127.0.0.1:0").unwrap(), handle)
}

fn serve_on(listener: TcpListener, handle: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let address = listener.local_addr().unwrap().to_string();
    let handle = Arc::new(handle);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let handle = handle.clone();
            thread::spawn(move || handle(stream.unwrap()));
        }
    });
    address
}

/// Returns the first line of a request, or `None` at the end of the connection.
fn request_line(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    Some(String::from_utf8(head).unwrap().lines().next().unwrap().to_owned())
}

/// Responds to all requests of a connection.
fn respond(stream: &mut TcpStream, seen: &Mutex<Vec<String>>) {
    while let Some(line) = request_line(stream) {
        seen.lock().unwrap().push(line);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
    }
}

/// Creates a transport with these variables, which allows plain http to `x.test`.
fn transport(variables: &[(&str, &str)]) -> Result<UreqTransport, InputError> {
    let variables: HashMap<&str, &str> = variables.iter().copied().collect();
    let lookup = |name: &str| variables.get(name).map(Into::into);
    let mut settings = Settings::default();
    settings.allow_plain_http_to("x.test".to_owned());
    let proxies = Proxies::new(&ProxyChoice::Environment, &lookup)?;
    UreqTransport::new(&settings.network, proxies, Arc::new(SystemClock))
}

fn send(transport: &UreqTransport, url: &str) -> Result<Vec<u8>, TransportError> {
    let request = http::Request::get(url).body(Vec::new()).unwrap();
    transport.send(request).map(http::Response::into_body)
}

#[test]
fn each_request_has_the_proxy_of_its_host() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (by_proxy, by_host) = (seen.clone(), seen.clone());
    let proxy = serve(move |mut stream| {
        let line = request_line(&mut stream).unwrap();
        by_proxy.lock().unwrap().push(line);
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        respond(&mut stream, &by_proxy);
    });
    let host = serve(move |mut stream| respond(&mut stream, &by_host));
    let transport = transport(&[("http_proxy", &proxy)]).unwrap();
    let local = format!("http://{host}/local");
    for url in [&*local, "http://x.test/1", &*local, "http://x.test/2", "http://x.test:81/3"] {
        assert_eq!(send(&transport, url).unwrap(), b"{}");
    }
    let expected = [
        "GET /local HTTP/1.1",
        "CONNECT x.test:80 HTTP/1.1",
        "GET /1 HTTP/1.1",
        "GET /local HTTP/1.1",
        "GET /2 HTTP/1.1",
        "CONNECT x.test:81 HTTP/1.1",
        "GET /3 HTTP/1.1",
    ];
    assert_eq!(*seen.lock().unwrap(), expected, "connections are used again, each for its host");
    let debug = format!("{transport:?}");
    assert!(debug.contains(&format!("HTTP {proxy}")), "{debug}");
}

#[test]
fn a_host_without_a_readable_proxy_is_not_connected() {
    let error = InputError::new("ALL_PROXY", "is not UTF-8");
    let mut settings = Settings::default();
    settings.allow_plain_http_to("x.test".to_owned());
    let proxies = Proxies::Unreadable(error);
    let transport = UreqTransport::new(&settings.network, proxies, Arc::new(SystemClock)).unwrap();
    let error = send(&transport, "http://x.test/").unwrap_err();
    assert_eq!((error.kind(), error.sent()), (TransportErrorKind::Refused, Sent::No));
    assert_eq!(error.to_string(), "ALL_PROXY: is not UTF-8");
}

#[test]
fn a_proxy_may_have_an_ipv6_address() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        return eprintln!("skipped: this machine has no IPv6");
    };
    let seen = Mutex::new(Vec::new());
    let proxy = serve_on(listener, move |mut stream| {
        request_line(&mut stream).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        respond(&mut stream, &seen);
    });
    let transport = transport(&[("http_proxy", &proxy)]).unwrap();
    assert_eq!(send(&transport, "http://x.test/").unwrap(), b"{}");
}

#[test]
fn a_proxy_that_ends_the_connection_sent_nothing() {
    let proxy = serve(|mut stream| drop(request_line(&mut stream)));
    let transport = transport(&[("http_proxy", &proxy)]).unwrap();
    let error = send(&transport, "http://x.test/").unwrap_err();
    assert_eq!((error.kind(), error.sent()), (TransportErrorKind::Connect, Sent::No), "{error}");
}

#[cfg(feature = "socks-proxy")]
mod socks {
    use super::*;

    /// Starts a SOCKS5 server that requires `user` and `password`, records the hosts, and responds
    /// in their place. `result` is its response code to the request for a connection.
    fn server(result: u8) -> (String, Arc<Mutex<Vec<String>>>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let by_server = seen.clone();
        let read = |stream: &mut TcpStream, count: u8| {
            let mut bytes = vec![0; count.into()];
            stream.read_exact(&mut bytes).unwrap();
            bytes
        };
        let address = serve(move |mut stream| {
            let greeting = read(&mut stream, 2);
            let methods = read(&mut stream, greeting[1]);
            if !methods.contains(&2) {
                return stream.write_all(&[5, 0xff]).unwrap();
            }
            stream.write_all(&[5, 2]).unwrap();
            let length = read(&mut stream, 2)[1];
            let user = read(&mut stream, length);
            let length = read(&mut stream, 1)[0];
            let password = read(&mut stream, length);
            let is_known = user == b"user" && password == b"p@ss";
            stream.write_all(&[1, u8::from(!is_known)]).unwrap();
            if !is_known {
                return;
            }
            let request = read(&mut stream, 4);
            assert_eq!(request, [5, 1, 0, 3], "the host is sent by its name");
            let length = read(&mut stream, 1)[0];
            let host = String::from_utf8(read(&mut stream, length)).unwrap();
            let port = read(&mut stream, 2);
            let port = u16::from_be_bytes([port[0], port[1]]);
            by_server.lock().unwrap().push(format!("{host}:{port}"));
            stream.write_all(&[5, result, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
            if result == 0 {
                respond(&mut stream, &by_server);
            }
        });
        (address, seen)
    }

    #[test]
    fn a_socks_proxy_is_connected_with_its_password() {
        let (address, seen) = server(0);
        let transport =
            transport(&[("all_proxy", &format!("socks5h://user:p%40ss@{address}"))]).unwrap();
        assert_eq!(send(&transport, "http://x.test/a").unwrap(), b"{}");
        assert_eq!(*seen.lock().unwrap(), ["x.test:80", "GET /a HTTP/1.1"]);
        let debug = format!("{transport:?}");
        assert!(debug.contains("SOCKS5h") && !debug.contains("p@ss"), "{debug}");
    }

    #[test]
    fn a_socks_proxy_that_rejects_the_password_or_the_host_is_final() {
        for (result, user, kind, text) in [
            (0, "", TransportErrorKind::Refused, "no acceptable auth methods"),
            (0, "user:wrong@", TransportErrorKind::Refused, "password authentication failed"),
            (2, "user:p%40ss@", TransportErrorKind::Refused, "connection not allowed by ruleset"),
            (5, "user:p%40ss@", TransportErrorKind::Connect, "connection refused"),
        ] {
            let (address, _) = server(result);
            let proxy = format!("socks5h://{user}{address}");
            let transport = transport(&[("all_proxy", &proxy)]).unwrap();
            let error = send(&transport, "http://x.test/").unwrap_err();
            assert_eq!((error.kind(), error.sent()), (kind, Sent::No), "{error}");
            let destination = format!("x.test:80 via proxy {address}");
            let text = format!("the SOCKS proxy did not connect: {text} ({destination})");
            assert_eq!(error.to_string(), text);
        }
    }

    #[cfg(all(feature = "extra-roots", feature = "rustls"))]
    #[test]
    fn with_extra_roots_a_socks_proxy_is_connected_too() {
        let (address, seen) = server(5);
        let mut settings = Settings::default();
        let key = rcgen::KeyPair::generate().unwrap();
        let root = rcgen::CertificateParams::new(vec![]).unwrap().self_signed(&key).unwrap();
        settings.extra_roots(root.pem().into_bytes());
        settings.proxy(format!("socks5h://user:p%40ss@{address}").into());
        let transport = settings.built_in_transport().unwrap();
        let request = http::Request::get("https://x.test/").body(Vec::new()).unwrap();
        let error = transport.send(request).unwrap_err();
        assert_eq!((error.kind(), error.sent()), (TransportErrorKind::Connect, Sent::No));
        assert_eq!(*seen.lock().unwrap(), ["x.test:443"]);
    }
}

/// Reads the head and the body of a request, which has two bytes.
fn read_request(stream: &mut TcpStream) {
    request_line(stream).unwrap();
    stream.read_exact(&mut [0; 2]).unwrap();
}

#[test]
fn connection_that_was_closed_is_not_used_again() {
    for is_proxy in [false, true] {
        let (closed, is_closed) = mpsc::channel();
        let server = serve(move |mut stream| {
            if is_proxy {
                request_line(&mut stream).unwrap();
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            }
            read_request(&mut stream);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
            drop(stream);
            closed.send(()).unwrap();
        });
        let (variables, url) = match is_proxy {
            true => (vec![("http_proxy", &*server)], "http://x.test/".to_owned()),
            false => (Vec::new(), format!("http://{server}/")),
        };
        let transport = transport(&variables).unwrap();
        for _ in 0..3 {
            let request = http::Request::post(&url).body(b"{}".to_vec()).unwrap();
            assert_eq!(transport.send(request).unwrap().body(), b"{}");
            is_closed.recv().unwrap();
        }
    }
}
