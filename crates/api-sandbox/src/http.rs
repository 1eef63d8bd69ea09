//! Reads HTTP/1 requests from a connection, and writes responses to it.

use std::fmt;
use std::io::{self, Read, Write};

use crate::chunked;
use crate::query::whole;

/// The maximum size of a request body, in bytes.
const MOST: usize = 1024 * 1024;
/// The maximum size of a request head, in bytes.
const MOST_OF_HEAD: usize = 64 * 1024;

/// The header in which a proxy passes on the scheme that the client used, such as `https`.
const FORWARDED_PROTO: &str = "X-Forwarded-Proto";

/// The reason why no request could be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The connection failed, or it ended in the middle of a request.
    Connection,
    /// The request is malformed, too large or not supported. Contains the status code of the
    /// response, such as 400, and the reason, which is sent as the response body.
    Rejected(u16, &'static str),
}

impl From<io::Error> for ReadError {
    fn from(_: io::Error) -> Self {
        Self::Connection
    }
}

/// The method that delimits a request body: a length in bytes, or the chunked transfer coding.
enum Framing {
    Length(usize),
    Chunked,
}

/// A request as it arrived, except that a chunked body is decoded and that
/// [`Server::assume_https`](crate::Server::assume_https) sets a header.
#[derive(Clone)]
pub struct Raw {
    /// The method, such as `GET`.
    pub method: String,
    /// The request target as it arrived: the path and the query, such as `/transactions?page=2`.
    pub target: String,
    /// The names and values of the headers, in the order and spelling in which they arrived.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body. Empty if the request has none.
    pub body: Vec<u8>,
}

impl Raw {
    /// Returns the value of the header `name`. Names are case-insensitive. Returns `None` if the
    /// header is missing or repeated, or if its value is not UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name));
        match (found.next(), found.next()) {
            (Some((_, value)), None) => str::from_utf8(value).ok(),
            _ => None,
        }
    }

    /// Returns the base URL that the client used, such as `https://127.0.0.1:8443`. The scheme is
    /// `https` if a TLS proxy set the header `X-Forwarded-Proto` to `https`; otherwise, it is
    /// `http`. The host is the value of the header `Host` in lower case, without the default port
    /// of the scheme.
    pub(crate) fn base_url(&self) -> String {
        let (scheme, port) = match self.header(FORWARDED_PROTO) {
            Some("https") => ("https", ":443"),
            _ => ("http", ":80"),
        };
        let host = self.header("host").unwrap_or_default().to_lowercase();
        let host = host.strip_suffix(port).unwrap_or(&host);
        format!("{scheme}://{host}")
    }

    /// Sets the header `X-Forwarded-Proto` to `https`, as a TLS proxy does.
    pub(crate) fn set_https(&mut self) {
        self.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(FORWARDED_PROTO));
        self.headers.push((FORWARDED_PROTO.to_owned(), b"https".to_vec()));
    }

    /// Returns whether the request contains the header `Connection: close`.
    pub(crate) fn closes(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// Returns the number of headers with this name. Names are case-insensitive.
    pub(crate) fn names(&self, name: &str) -> usize {
        self.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name)).count()
    }

    /// Returns the path: the target before its first `?`.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Returns the query: the target after its first `?`. Returns `None` if there is no `?`.
    pub fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// Returns whether the request declares a body that is empty: `Content-Length: 0`, or a chunked
    /// body without content.
    pub(crate) fn has_empty_body(&self) -> bool {
        let announced = self.header("content-length") == Some("0")
            || self.header("transfer-encoding").is_some();
        announced && self.body.is_empty()
    }

    /// Reads one request. Returns `None` if the connection ended before the head of the request was
    /// complete.
    pub(crate) fn read(stream: &mut (impl Read + Write)) -> Result<Option<Self>, ReadError> {
        let mut bytes = Vec::new();
        let (mut request, version) = loop {
            if let Some(parsed) = Self::head(&mut bytes)? {
                break parsed;
            }
            if bytes.len() > MOST_OF_HEAD {
                return Err(ReadError::Rejected(431, "the request head exceeds 64 KiB"));
            }
            if !more(stream, &mut bytes)? {
                return Ok(None);
            }
        };
        let framing = request.framing(version)?;
        if request.names("expect") > 0 {
            if request.header("expect").is_none_or(|v| !v.eq_ignore_ascii_case("100-continue")) {
                return Err(ReadError::Rejected(417, "Expect must be 100-continue"));
            }
            if bytes.is_empty() && !matches!(framing, Framing::Length(0)) {
                stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            }
        }
        let taken = match framing {
            Framing::Length(length) => {
                while bytes.len() < length {
                    if !more(stream, &mut bytes)? {
                        return Err(ReadError::Connection);
                    }
                }
                length
            }
            Framing::Chunked => loop {
                let decoded = chunked::decode(&bytes)
                    .map_err(|_| ReadError::Rejected(400, "the chunked body is malformed"))?;
                if bytes.len() > 2 * MOST || decoded.as_ref().is_some_and(|(b, _)| b.len() > MOST) {
                    return Err(ReadError::Rejected(413, "the body exceeds 1 MiB"));
                }
                if let Some((body, taken)) = decoded {
                    request.body = body;
                    break taken;
                }
                if !more(stream, &mut bytes)? {
                    return Err(ReadError::Connection);
                }
            },
        };
        if bytes.len() > taken {
            let why = "bytes follow the request: its length is wrong, or requests are pipelined";
            return Err(ReadError::Rejected(400, why));
        }
        if matches!(framing, Framing::Length(_)) {
            request.body = bytes;
        }
        Ok(Some(request))
    }

    /// Parses the head of a request and removes it from `bytes`. Returns the request without its
    /// body, and the minor version of HTTP, such as 1 for HTTP/1.1. Returns `None` if the head is
    /// not complete yet or exceeds 64 KiB.
    fn head(bytes: &mut Vec<u8>) -> Result<Option<(Self, u8)>, ReadError> {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut parsed = httparse::Request::new(&mut headers);
        let length = match parsed.parse(bytes) {
            Ok(httparse::Status::Complete(length)) if length > MOST_OF_HEAD => return Ok(None),
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(httparse::Error::TooManyHeaders) => {
                return Err(ReadError::Rejected(431, "the request has more than 64 headers"));
            }
            Err(_) => {
                return Err(ReadError::Rejected(400, "the request line or a header is malformed"));
            }
        };
        let headers = parsed.headers.iter();
        let request = Self {
            method: parsed.method.unwrap_or_default().to_owned(),
            target: parsed.path.unwrap_or_default().to_owned(),
            headers: headers.map(|h| (h.name.to_owned(), h.value.to_vec())).collect(),
            body: Vec::new(),
        };
        let version = parsed.version.unwrap_or_default();
        bytes.drain(..length);
        Ok(Some((request, version)))
    }

    /// Determines how the body is delimited (RFC 9112, section 6). `version` is the minor version
    /// of HTTP. Rejects requests with a repeated Host header, and HTTP/1.1 requests without one.
    fn framing(&self, version: u8) -> Result<Framing, ReadError> {
        let reject = |status, why| Err(ReadError::Rejected(status, why));
        let hosts = self.names("host");
        if hosts > 1 || (hosts == 0 && version == 1) {
            return reject(400, "a request must have exactly one Host header");
        }
        let has_length = self.names("content-length") > 0;
        if self.names("transfer-encoding") > 0 {
            let coding = self.header("transfer-encoding").unwrap_or_default();
            return match coding.eq_ignore_ascii_case("chunked") {
                _ if has_length => {
                    reject(400, "Content-Length and Transfer-Encoding must not both be set")
                }
                _ if version == 0 => reject(400, "HTTP/1.0 does not support Transfer-Encoding"),
                true => Ok(Framing::Chunked),
                false => reject(501, "the only supported Transfer-Encoding is chunked"),
            };
        }
        if !has_length {
            return match self.method.as_str() {
                "POST" | "PUT" | "PATCH" => reject(411, "Content-Length is missing"),
                _ => Ok(Framing::Length(0)),
            };
        }
        let Some(length) = self.header("content-length").and_then(whole) else {
            return reject(400, "Content-Length must be one decimal number");
        };
        match usize::try_from(length) {
            Ok(length) if length <= MOST => Ok(Framing::Length(length)),
            _ => reject(413, "the body exceeds 1 MiB"),
        }
    }
}

/// Reads more bytes and appends them to `bytes`. Returns `false` at the end of the stream.
fn more(stream: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<bool> {
    let mut chunk = [0; 8192];
    let read = stream.read(&mut chunk)?;
    bytes.extend(chunk.iter().take(read));
    Ok(read > 0)
}

impl fmt::Debug for Raw {
    /// Shows only the method and the path, because the query, headers and body can contain
    /// credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path())
    }
}

/// An HTTP response, which a [`Service`](crate::Service) returns for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code, such as 200.
    pub status: u16,
    /// The names and values of the headers, without `content-length`, which the server adds.
    pub headers: Vec<(String, String)>,
    /// The bytes of the body.
    pub body: Vec<u8>,
}

impl Response {
    /// Creates a response with this status code and with `value` as its JSON body.
    pub fn json(status: u16, value: &impl serde::Serialize) -> Self {
        // A value that cannot be serialized becomes an empty body.
        let body = serde_json::to_vec(value).unwrap_or_default();
        Self::new(status, "application/json; charset=utf-8", body)
    }

    /// Creates a response with the given status code, content type and body.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: body.into() }
    }

    /// Adds a header, even if the response already has a header with this name.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    /// Returns the encoded head, and the body. The value of `content-length` is `announced` or, if
    /// that is `None`, the length of the body.
    pub(crate) fn bytes(&self, announced: Option<usize>) -> (Vec<u8>, &[u8]) {
        let length = announced.unwrap_or(self.body.len());
        let mut head = format!("HTTP/1.1 {} Sandbox\r\ncontent-length: {length}\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        (head.into_bytes(), &self.body)
    }

    /// Writes the response. The response to a HEAD request has no body, but the same headers,
    /// including the length of the body.
    pub(crate) fn write(&self, stream: &mut impl Write, is_head: bool) -> io::Result<()> {
        let (mut bytes, body) = self.bytes(None);
        if !is_head {
            bytes.extend_from_slice(body);
        }
        stream.write_all(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection on which these pieces arrive.
    struct Pieces {
        arriving: Vec<Vec<u8>>,
        sent: Vec<u8>,
    }

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some(first) = self.arriving.first_mut() else { return Ok(0) };
            let count = first.len().min(buffer.len());
            for (to, from) in buffer.iter_mut().zip(first.drain(..count)) {
                *to = from;
            }
            if first.is_empty() {
                self.arriving.remove(0);
            }
            Ok(count)
        }
    }

    impl Write for Pieces {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.sent.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Reads a request. Returns the result, and what was sent before.
    fn read(pieces: &[String]) -> (Result<Option<Raw>, ReadError>, Vec<u8>) {
        let arriving = pieces.iter().map(|piece| piece.clone().into_bytes()).collect();
        let mut stream = Pieces { arriving, sent: Vec::new() };
        (Raw::read(&mut stream), stream.sent)
    }

    #[test]
    fn head_is_limited_however_it_arrives() {
        let begin = "GET / HTTP/1.1\r\nHost: x\r\nX-Long: ";
        let rest = |length: usize| "x".repeat(length - begin.len());
        for first in [0, 1, 8_000] {
            let pieces = [rest(begin.len() + first), rest(2 * MOST_OF_HEAD)];
            let pieces = [format!("{begin}{}", pieces[0]), pieces[1].clone()];
            assert!(matches!(read(&pieces).0, Err(ReadError::Rejected(431, _))), "{first}");
        }
        // The connection ends before it is known whether the head is too long.
        assert!(matches!(read(&[format!("{begin}{}", rest(MOST_OF_HEAD))]).0, Ok(None)));
        let longest = format!("{begin}{}\r\n\r\n", rest(MOST_OF_HEAD - 4));
        assert!(matches!(read(&[longest]).0, Ok(Some(_))));
    }

    #[test]
    fn body_is_asked_for_if_none_of_it_has_arrived() {
        let head = |length: usize| {
            format!(
                "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
            )
        };
        for (pieces, is_asked) in [
            (vec![head(2), "ab".to_owned()], true),
            (vec![format!("{}a", head(2)), "b".to_owned()], false),
            (vec![head(0)], false),
        ] {
            let (request, sent) = read(&pieces);
            assert!(matches!(request, Ok(Some(_))), "{pieces:?}");
            assert_eq!(sent.starts_with(b"HTTP/1.1 100 "), is_asked, "{pieces:?}");
        }
    }

    #[test]
    fn chunked_body_may_have_1_mib_of_content_and_as_much_of_framing() {
        let head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        let body = |content: usize, length: usize| {
            let body = format!("{content:x}\r\n{}\r\n0\r\nX: ", "x".repeat(content));
            let trailer = "x".repeat(length - body.len() - 4);
            [head.to_owned(), format!("{body}{trailer}\r\n\r\n")]
        };
        let (request, _) = read(&body(MOST, 2 * MOST));
        assert!(request.is_ok_and(|request| request.is_some_and(|one| one.body.len() == MOST)));
        for (content, length) in [(MOST + 1, MOST + 100), (1, 2 * MOST + 1)] {
            let (request, _) = read(&body(content, length));
            assert!(matches!(request, Err(ReadError::Rejected(413, _))), "{content}, {length}");
        }
    }
}
