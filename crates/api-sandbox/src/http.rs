//! One request off a socket, byte for byte, and one answer onto it.

use std::fmt;
use std::io::{self, Read, Write};

use crate::query::whole;

/// More than this before the body, or of body, is refused.
const MOST: usize = 1024 * 1024;

/// A request as it arrived.
#[derive(Clone)]
pub struct Raw {
    /// The method of the request line.
    pub method: String,
    /// The request target, byte for byte.
    pub target: String,
    /// Names as they were written, and values.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Raw {
    /// The only header of that name, in whatever case; `None` if it is missing or comes twice.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name));
        match (found.next(), found.next()) {
            (Some((_, value)), None) => str::from_utf8(value).ok(),
            _ => None,
        }
    }

    /// How often a header of that name is there.
    fn names(&self, name: &str) -> usize {
        self.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name)).count()
    }

    /// The target before its first `?`.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The target after its first `?`, if it has one.
    pub fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// Reads one request; `None` when the connection ended before one began.
    pub(crate) fn read(stream: &mut impl Read) -> io::Result<Option<Self>> {
        let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let mut bytes = Vec::new();
        let mut chunk = [0; 8192];
        loop {
            let mut headers = [httparse::EMPTY_HEADER; 64];
            let mut parsed = httparse::Request::new(&mut headers);
            match parsed.parse(&bytes).map_err(|error| bad(&error.to_string()))? {
                httparse::Status::Complete(head) => {
                    let needs_host = parsed.version == Some(1);
                    let mut request = Self {
                        method: parsed.method.unwrap_or_default().to_owned(),
                        target: parsed.path.unwrap_or_default().to_owned(),
                        headers: parsed
                            .headers
                            .iter()
                            .map(|header| (header.name.to_owned(), header.value.to_vec()))
                            .collect(),
                        body: bytes.split_off(head),
                    };
                    if needs_host && request.header("host").is_none() {
                        return Err(bad("a request has one Host"));
                    }
                    if request.names("transfer-encoding") > 0 {
                        return Err(bad("chunked requests are not read"));
                    }
                    let length = match request.header("content-length") {
                        Some(length) => whole(length).and_then(|most| usize::try_from(most).ok()),
                        None if request.names("content-length") > 0 => None,
                        None => Some(0),
                    };
                    let length = length.ok_or_else(|| bad("content-length"))?;
                    if length > MOST {
                        return Err(bad("the body is too long"));
                    }
                    while request.body.len() < length {
                        let read = stream.read(&mut chunk)?;
                        if read == 0 {
                            return Err(io::ErrorKind::UnexpectedEof.into());
                        }
                        request.body.extend(chunk.iter().take(read));
                    }
                    if request.body.len() > length {
                        return Err(bad("more than one request at once"));
                    }
                    return Ok(Some(request));
                }
                httparse::Status::Partial if bytes.len() > MOST => {
                    return Err(bad("the head is too long"));
                }
                httparse::Status::Partial => {}
            }
            match stream.read(&mut chunk)? {
                0 if bytes.is_empty() => return Ok(None),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => bytes.extend(chunk.iter().take(read)),
            }
        }
    }
}

impl fmt::Debug for Raw {
    /// The target and the headers hold credentials, so only method and path are shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path())
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Headers besides `content-length`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// A JSON answer.
    pub fn json(status: u16, value: &impl serde::Serialize) -> Self {
        // What cannot be written as JSON is an empty body.
        let body = serde_json::to_vec(value).unwrap_or_default();
        Self::new(status, "application/json; charset=utf-8", body)
    }

    /// An answer of any type.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: body.into() }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    /// The bytes of head and body; `announced` replaces the true length of the body.
    pub(crate) fn bytes(&self, announced: Option<usize>) -> (Vec<u8>, &[u8]) {
        let length = announced.unwrap_or(self.body.len());
        let mut head = format!("HTTP/1.1 {} Sandbox\r\ncontent-length: {length}\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        (head.into_bytes(), &self.body)
    }

    pub(crate) fn write(&self, stream: &mut impl Write) -> io::Result<()> {
        let (mut bytes, body) = self.bytes(None);
        bytes.extend_from_slice(body);
        stream.write_all(&bytes)
    }
}
