//! The listener beneath all servers, asked over a socket.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::io::{Read, Write};
use std::net::TcpStream;

use api_sandbox::{Misbehaviour, Raw, Reply, Server, Service, Verdict};

/// Answers with what it was sent.
struct Echo;

impl Service for Echo {
    fn answer(&mut self, request: &Raw) -> (Reply, Verdict) {
        let text = format!("{request:?} {}", String::from_utf8_lossy(&request.body));
        (Reply::new(200, "text/plain", text), Verdict { endpoint: Some("echo"), signed: None })
    }
}

/// The bytes that come back for these, until the connection ends.
fn exchange(server: &Server<Echo>, bytes: &str) -> String {
    let address = server.base_url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_request_is_read_to_its_end_and_no_further() {
    let server = Server::start(0, Echo).unwrap();
    let head = "POST /a?b=c HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\n";
    let answer = exchange(&server, &format!("{head}hello"));
    assert!(answer.starts_with("HTTP/1.1 200 Sandbox\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nPOST /a hello"), "{answer}");
    let seen = server.take_seen();
    assert_eq!((seen[0].status, seen[0].connection), (Some(200), 1));
    assert_eq!(seen[0].request.query(), Some("b=c"));
    // More than was announced is no second request.
    assert_eq!(exchange(&server, &format!("{head}hello, world")), "");
    assert!(server.seen().is_empty());
}

#[test]
fn what_is_framed_wrongly_is_not_answered() {
    let server = Server::start(0, Echo).unwrap();
    for headers in [
        "",
        "Host: x\r\nHost: y\r\n",
        "Host: x\r\nContent-Length: +1\r\n",
        "Host: x\r\nContent-Length: 1x\r\n",
        "Host: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n",
        "Host: x\r\nTransfer-Encoding: chunked\r\n",
        "Host: x\r\nTransfer-Encoding: a\r\nTransfer-Encoding: b\r\n",
        "Host: x\r\nContent-Length: 9999999999\r\n",
    ] {
        let request = format!("POST / HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
        assert_eq!(exchange(&server, &request), "", "{headers}");
    }
    assert!(server.seen().is_empty());
}

#[test]
fn misbehaviours_come_in_the_order_in_which_they_were_asked_for() {
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
