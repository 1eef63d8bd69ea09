//! Parses requests strictly: ambiguous requests are rejected.

use std::io::{self, Read, Write};

/// A complete request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method, such as `GET`.
    pub method: String,
    /// The path and the query, unchanged from the request line.
    pub target: String,
    /// The body, without its transfer encoding.
    pub body: Vec<u8>,
    headers: Vec<(String, String)>,
}

impl Request {
    /// Returns the path, which is the target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Returns the names and values of all headers, in the order in which they were sent.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// Returns the value of a header, or `None` if it is missing.
    ///
    /// # Errors
    /// Returns an error if the header is repeated.
    pub fn header(&self, name: &str) -> Result<Option<&str>, &'static str> {
        one(&self.headers, name)
    }
}

/// The reason why a request could not be read.
pub(crate) enum Rejected {
    /// The client sent nothing or closed the connection, so no response is written.
    Gone,
    /// The request is rejected with this status and text.
    With(u16, &'static str),
}

fn bad(text: &'static str) -> Rejected {
    Rejected::With(400, text)
}

fn one<'a>(headers: &'a [(String, String)], name: &str) -> Result<Option<&'a str>, &'static str> {
    let mut found = headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
    let first = found.next().map(|(_, value)| value.as_str());
    match found.next() {
        Some(_) => Err("A header occurs more than once."),
        None => Ok(first),
    }
}

/// A stream, and the bytes that were received from it but have not been parsed yet.
struct Input<'a, S> {
    stream: &'a mut S,
    bytes: Vec<u8>,
}

impl<S: Read> Input<'_, S> {
    fn more(&mut self) -> Result<(), Rejected> {
        let mut chunk = [0; 4096];
        let length = loop {
            match self.stream.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        match length {
            Ok(0) => Err(Rejected::Gone),
            Ok(length) => {
                self.bytes.extend_from_slice(chunk.get(..length).unwrap_or_default());
                Ok(())
            }
            Err(error)
                if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) =>
            {
                Err(Rejected::With(408, "The request took too long."))
            }
            Err(_) => Err(Rejected::Gone),
        }
    }

    /// Returns the next line without its CRLF, and subtracts the length of the line from `longest`,
    /// the number of bytes that are still allowed. If the line is longer, the request is rejected
    /// with `status`.
    fn line(&mut self, longest: &mut usize, status: u16) -> Result<String, Rejected> {
        let mut searched = 0;
        loop {
            let unsearched = self.bytes.get(searched..).unwrap_or_default();
            if let Some(length) = unsearched.iter().position(|byte| *byte == b'\n') {
                let length = searched + length;
                *longest = longest
                    .checked_sub(length + 1)
                    .ok_or(Rejected::With(status, "The head of the request is too long."))?;
                let line: Vec<u8> = self.bytes.drain(..=length).collect();
                let line = line.strip_suffix(b"\r\n").ok_or(bad("A line break has no CR."))?;
                let control = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
                if line.iter().any(control) {
                    return Err(bad("A line has control characters."));
                }
                return Ok(String::from_utf8_lossy(line).into_owned());
            }
            if self.bytes.len() > *longest {
                return Err(Rejected::With(status, "The head of the request is too long."));
            }
            searched = self.bytes.len();
            self.more()?;
        }
    }

    fn take(&mut self, length: usize) -> Result<Vec<u8>, Rejected> {
        while self.bytes.len() < length {
            self.more()?;
        }
        Ok(self.bytes.drain(..length).collect())
    }
}

/// Reads one request. `longest_head` and `longest_body` are the maximum sizes of its head and its
/// body, in bytes.
pub(crate) fn read<S: Read + Write>(
    stream: &mut S,
    longest_head: usize,
    longest_body: usize,
) -> Result<Request, Rejected> {
    let mut input = Input { stream, bytes: Vec::new() };
    match input.more() {
        // Browsers open connections that they may not need.
        Err(_) => return Err(Rejected::Gone),
        // A TLS connection begins with a byte with which no method begins. Its client waits for a
        // response.
        Ok(()) if !input.bytes.first().is_some_and(|byte| matches!(byte, b'\r' | b'A'..=b'Z')) => {
            return Err(bad("This is not plain HTTP."));
        }
        Ok(()) => {}
    }
    let mut left = longest_head;
    let mut line = input.line(&mut left, 431)?;
    if line.is_empty() {
        line = input.line(&mut left, 431)?;
    }
    let (method, target, version) = request_line(&line)?;
    let headers = headers(&mut input, &mut left)?;
    let header = |name| one(&headers, name).map_err(bad);
    if version == "HTTP/1.1" && header("host")?.is_none() {
        return Err(bad("The header Host is missing."));
    }
    let length = match header("content-length")? {
        Some(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            // A number that is too large is treated as the maximum length.
            Some(text.parse::<usize>().unwrap_or(usize::MAX))
        }
        Some(_) => return Err(bad("The header Content-Length is not a number.")),
        None => None,
    };
    let coding = header("transfer-encoding")?;
    let too_long = Rejected::With(413, "The body of the request is too long.");
    if coding.is_some() && (length.is_some() || version == "HTTP/1.0") {
        return Err(bad("The length of the body is ambiguous."));
    }
    if length.is_some_and(|length| length > longest_body) {
        return Err(too_long);
    }
    if let Some(text) = header("expect")? {
        if !text.eq_ignore_ascii_case("100-continue") {
            return Err(Rejected::With(417, "This expectation is not known."));
        }
        if input.bytes.is_empty() && (coding.is_some() || length.is_some_and(|length| length > 0)) {
            let _ = input.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
    }
    let body = match (length, coding) {
        (Some(length), _) => input.take(length)?,
        (None, Some(coding)) if coding.eq_ignore_ascii_case("chunked") => {
            chunks(&mut input, longest_body, &mut left)?
        }
        (None, Some(_)) => return Err(Rejected::With(501, "This encoding is not known.")),
        (None, None) if matches!(method.as_str(), "POST" | "PUT" | "PATCH") => {
            return Err(Rejected::With(411, "The header Content-Length is missing."));
        }
        (None, None) => Vec::new(),
    };
    Ok(Request { method, target, body, headers })
}

fn request_line(line: &str) -> Result<(String, String, String), Rejected> {
    let mut words = line.split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(bad("The request line must have three parts."));
    };
    if !version.starts_with("HTTP/") {
        return Err(bad("The request line has no version."));
    }
    if !matches!(version, "HTTP/1.1" | "HTTP/1.0") {
        return Err(Rejected::With(505, "Only HTTP/1.0 and HTTP/1.1 are supported."));
    }
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(bad("The method is invalid."));
    }
    if !target.starts_with('/') || !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(bad("The target is not a path."));
    }
    Ok((method.to_owned(), target.to_owned(), version.to_owned()))
}

fn headers<S: Read>(
    input: &mut Input<'_, S>,
    left: &mut usize,
) -> Result<Vec<(String, String)>, Rejected> {
    let mut headers = Vec::new();
    loop {
        let line = input.line(left, 431)?;
        if line.is_empty() {
            return Ok(headers);
        }
        let (name, value) = line.split_once(':').ok_or(bad("A header has no colon."))?;
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) {
            return Err(bad("The name of a header is invalid."));
        }
        headers.push((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()));
    }
}

fn chunks<S: Read>(
    input: &mut Input<'_, S>,
    longest: usize,
    left: &mut usize,
) -> Result<Vec<u8>, Rejected> {
    let mut body = Vec::new();
    loop {
        // The lines of the chunks count towards the limit for the head, which each chunk raises a
        // little.
        let mut line_left = 256;
        let line = input.line(&mut line_left, 400)?;
        let size = line.split(';').next().unwrap_or_default().trim_end_matches([' ', '\t']);
        let digits = !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !digits {
            return Err(bad("The size of a chunk is not a number."));
        }
        let size = usize::from_str_radix(size, 16).unwrap_or(usize::MAX);
        if size == 0 {
            // Trailers are ignored.
            headers(input, left)?;
            return Ok(body);
        }
        if size > longest.saturating_sub(body.len()) {
            return Err(Rejected::With(413, "The body of the request is too long."));
        }
        body.extend(input.take(size)?);
        if !input.line(&mut line_left, 400)?.is_empty() {
            return Err(bad("A chunk is longer than its size."));
        }
    }
}
