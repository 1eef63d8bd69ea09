//! Requests that servers send to callback URLs, for example to deliver notifications. Only loopback
//! addresses are supported.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST_RESPONSE: usize = 64 * 1024;

/// A callback URL: a loopback address with a port, and a request target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Callback {
    pub(crate) address: SocketAddr,
    pub(crate) target: String,
}

impl Callback {
    /// Parses a callback URL. Returns `None` unless the URL has the scheme `http` and a loopback
    /// address.
    pub(crate) fn new(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("http://")?;
        let (host, target) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at_checked(at)?,
            None => (rest, "/"),
        };
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        let address = match host.parse::<SocketAddr>() {
            Ok(address) => address,
            Err(_) => {
                let (name, port) = host.rsplit_once(':').unwrap_or((host, "80"));
                let ip = match name {
                    "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
                    name => name.trim_matches(['[', ']']).parse().ok()?,
                };
                SocketAddr::new(ip, port.parse().ok()?)
            }
        };
        address.ip().is_loopback().then_some(Self { address, target })
    }

    /// Sends `request`, which is a complete HTTP request, over a new connection. Returns the status
    /// code and the body of the response.
    pub(crate) fn send(&self, request: &str) -> io::Result<(u16, String)> {
        let bad = || io::Error::from(io::ErrorKind::InvalidData);
        let mut stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(request.as_bytes())?;
        let mut bytes = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            let read = stream.read(&mut chunk)?;
            bytes.extend(chunk.iter().take(read));
            if bytes.len() > LONGEST_RESPONSE {
                return Err(bad());
            }
            let mut headers = [httparse::EMPTY_HEADER; 64];
            let mut response = httparse::Response::new(&mut headers);
            if let httparse::Status::Complete(head) = response.parse(&bytes).map_err(|_| bad())? {
                let header = |name: &str| {
                    let found = response.headers.iter().find(|h| h.name.eq_ignore_ascii_case(name));
                    found.and_then(|header| str::from_utf8(header.value).ok())
                };
                let body = bytes.get(head..).unwrap_or_default();
                let whole = match header("transfer-encoding") {
                    Some(_) => {
                        crate::chunked::decode(body).map_err(|_| bad())?.map(|(body, _)| body)
                    }
                    None => match header("content-length").and_then(|length| length.parse().ok()) {
                        Some(length) => body.get(..length).map(<[u8]>::to_vec),
                        None => (read == 0).then(|| body.to_vec()),
                    },
                };
                if let Some(body) = whole {
                    let text = String::from_utf8_lossy(&body).into_owned();
                    return Ok((response.code.unwrap_or_default(), text));
                }
            }
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_called_back() {
        for good in ["http://127.0.0.1:80/x", "http://localhost:81", "http://[::1]:82/?a=b"] {
            assert!(Callback::new(good).is_some(), "{good}");
        }
        assert_eq!(Callback::new("http://127.0.0.1:9?a=b").unwrap().target, "/?a=b");
        for bad in [
            "https://127.0.0.1/",
            "http://example.com/",
            "http://127.0.0.1.evil.example/",
            "http://10.0.0.1/",
            "ftp://127.0.0.1/",
        ] {
            assert!(Callback::new(bad).is_none(), "{bad}");
        }
    }

    /// Sends a request to a server that responds with these bytes and closes the connection.
    fn response(bytes: Vec<u8>) -> io::Result<(u16, String)> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(&bytes);
        });
        let found = Callback::new(&url).unwrap().send("GET / HTTP/1.1\r\n\r\n");
        server.join().unwrap();
        found
    }

    #[test]
    fn responses_are_read_to_their_end() {
        for (text, body) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nTRUE!", "TRUE"),
            ("HTTP/1.1 200 OK\r\n\r\nTRUE", "TRUE"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nTRUE\r\n0\r\n\r\n", "TRUE"),
        ] {
            assert_eq!(response(text.into()).unwrap(), (200, body.to_owned()), "{text}");
        }
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nTRUE",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nTRUE\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            "HTTP/1.1 200",
            "",
        ] {
            assert!(response(text.into()).is_err(), "{text}");
        }
        let head = "HTTP/1.1 200 OK\r\n\r\n";
        let longest = format!("{head}{}", "x".repeat(LONGEST_RESPONSE - head.len()));
        assert!(response(longest.into()).is_ok());
        let long = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(LONGEST_RESPONSE));
        assert!(response(long.into()).is_err());
    }
}
