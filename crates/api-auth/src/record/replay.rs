//! A transport that returns recorded responses.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use http::header::{HeaderName, HeaderValue};
use serde_json::Value;

use crate::encode::decode_form;
use crate::error::input::InputError;
use crate::message::{Request, Response};
use crate::record::mask::{MASK, Mask, PERSONAL, is_json};
use crate::record::{
    Content, Exchange, KINDS, Line, RecordedError, RecordedRequest, RecordedResponse, VERSION,
    recorded_request,
};
use crate::transport::{Sent, Transport, TransportError, TransportErrorKind};

/// A transport that returns the responses of a recording, in the recorded order, and sends nothing.
///
/// Each request must have the method, path, query, content type and body of the next recorded
/// request. Masked values (`***`) match any value. Hosts and other headers are not compared. For a
/// request that does not match, the transport returns an error that shows both requests. Such a
/// request is not retried. Clones share the position in the recording.
///
/// ```no_run
/// use api_auth::{Replay, Settings};
///
/// let replay = Replay::open("payment.jsonl")?;
/// let mut settings = Settings::default();
/// settings.transport(std::sync::Arc::new(replay.clone()));
/// // … build a client and use it, then:
/// assert_eq!(replay.remaining(), 0);
/// # Ok::<(), api_auth::InputError>(())
/// ```
#[derive(Clone)]
pub struct Replay(Arc<Recorded>);

struct Recorded {
    exchanges: Vec<Exchange>,
    /// The names whose values are masked in the recording.
    masked: Vec<String>,
    next: Mutex<usize>,
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay")
            .field("exchanges", &self.0.exchanges.len())
            .field("remaining", &self.remaining())
            .finish()
    }
}

impl Replay {
    /// Reads a recording that the option `record` of a client's builder created.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or contains no exchange, or if a line is
    /// invalid. The error names the first such line.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, InputError> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(|error| {
            InputError::new("recording", format!("cannot read {} ({error})", path.display()))
        })?;
        Self::parse(&text)
    }

    /// Parses the text of a recording.
    ///
    /// # Errors
    /// Returns an error that names the first invalid line, or an error if there is no exchange.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        let (mut exchanges, mut masked) = (Vec::new(), Vec::new());
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        for (number, line) in lines {
            let at = number + 1;
            match serde_json::from_str(line) {
                Ok(Line::Exchange(exchange)) => exchanges.push(*exchange),
                Ok(Line::Head { recording: VERSION, masked: names, .. }) => masked.extend(names),
                Ok(Line::Head { recording, .. }) => {
                    let problem = format!("line {at} has version {recording}, not {VERSION}");
                    return Err(InputError::new("recording", problem));
                }
                Err(error) => {
                    let problem = format!("line {at} is not a recorded exchange ({error})");
                    return Err(InputError::new("recording", problem));
                }
            }
        }
        if exchanges.is_empty() {
            return Err(InputError::new("recording", "contains no exchange"));
        }
        Ok(Self(Arc::new(Recorded { exchanges, masked, next: Mutex::new(0) })))
    }

    /// Returns the number of recorded requests that have not been sent yet.
    pub fn remaining(&self) -> usize {
        let next = *self.0.next.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.exchanges.len().saturating_sub(next)
    }
}

impl Transport for Replay {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        let mut next = self.0.next.lock().unwrap_or_else(PoisonError::into_inner);
        let names: Vec<&str> =
            self.0.masked.iter().map(String::as_str).chain(PERSONAL.iter().copied()).collect();
        let shown = recorded_request(&request, &Mask { names: &names, secrets: &[] });
        let Some(exchange) = self.0.exchanges.get(*next) else {
            let all = self.0.exchanges.len();
            return Err(refused(format!("unexpected request after all {all}: {shown}")));
        };
        if !is_same(&exchange.request, &shown) {
            let number = *next + 1;
            let expected = &exchange.request;
            return Err(refused(format!(
                "unexpected request: {shown}; request {number} of the recording is {expected}"
            )));
        }
        *next += 1;
        drop(next);
        match (&exchange.response, &exchange.error) {
            (Some(recorded), _) => response(recorded),
            (None, Some(error)) => Err(transport_error(error)),
            (None, None) => Err(refused("the recording has no response to this request".into())),
        }
    }
}

impl fmt::Display for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{} {}`", self.method, self.target)?;
        match &self.content {
            Content { omitted_bytes: Some(bytes), .. } => write!(f, " with {bytes} bytes"),
            Content { body, .. } if !body.is_empty() => write!(f, " with body `{body}`"),
            Content { .. } => Ok(()),
        }
    }
}

fn refused(text: String) -> TransportError {
    TransportError::new(TransportErrorKind::Refused, Sent::No, text)
}

fn response(recorded: &RecordedResponse) -> Result<Response, TransportError> {
    if let Some(bytes) = recorded.content.omitted_bytes {
        let problem = format!("the recording omits this response body of {bytes} bytes");
        return Err(refused(problem));
    }
    let mut response = http::Response::new(recorded.content.body.clone().into_bytes());
    let invalid = |part: &str| refused(format!("the recording has an invalid {part}"));
    *response.status_mut() = recorded.status.try_into().map_err(|_| invalid("status"))?;
    for (name, value) in &recorded.headers {
        let name = HeaderName::try_from(name).map_err(|_| invalid("header"))?;
        let value = HeaderValue::try_from(value).map_err(|_| invalid("header"))?;
        response.headers_mut().append(name, value);
    }
    Ok(response)
}

fn transport_error(recorded: &RecordedError) -> TransportError {
    let kind = KINDS.iter().find(|(_, name)| *name == recorded.kind);
    let kind = kind.map_or(TransportErrorKind::Protocol, |(kind, _)| *kind);
    let sent = if recorded.maybe_sent { Sent::Maybe } else { Sent::No };
    let error = TransportError::new(kind, sent, recorded.message.clone());
    match recorded.partial.as_ref().and_then(|partial| response(partial).ok()) {
        Some(partial) => error.with_partial(partial),
        None => error,
    }
}

/// Returns whether a request matches the recorded one.
fn is_same(recorded: &RecordedRequest, sent: &RecordedRequest) -> bool {
    let split = |target: &str| match target.split_once('?') {
        Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
        None => (target.to_owned(), None),
    };
    let ((path, query), (sent_path, sent_query)) = (split(&recorded.target), split(&sent.target));
    let segments = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    recorded.method == sent.method
        && are_same(&segments(&path), &segments(&sent_path), |one, other| fits(one, other))
        && query.is_some() == sent_query.is_some()
        && is_same_form(&query.unwrap_or_default(), &sent_query.unwrap_or_default())
        && recorded.content_type == sent.content_type
        && is_same_body(&recorded.content, &sent.content)
}

fn is_same_body(recorded: &Content, sent: &Content) -> bool {
    if let (Some(bytes), Some(sent)) = (recorded.omitted_bytes, sent.omitted_bytes) {
        return (bytes == 0) == (sent == 0);
    }
    let value = |text: &str| serde_json::from_str::<Value>(text);
    match (value(&recorded.body), value(&sent.body)) {
        (Ok(one), Ok(other)) if is_json(&recorded.body) => is_same_json(&one, &other),
        _ => is_same_form(&recorded.body, &sent.body),
    }
}

fn is_same_form(recorded: &str, sent: &str) -> bool {
    let decoded = |text: &str| decode_form(text.as_bytes());
    are_same(&decoded(recorded), &decoded(sent), |(name, value), (other, sent)| {
        name == other && fits(value, sent)
    })
}

fn is_same_json(recorded: &Value, sent: &Value) -> bool {
    match (recorded, sent) {
        (Value::String(pattern), _) if pattern == MASK => true,
        (Value::String(pattern), Value::String(sent)) => fits(pattern, sent),
        (Value::Array(one), Value::Array(other)) => are_same(one, other, is_same_json),
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| {
                    other.get(name).is_some_and(|sent| is_same_json(value, sent))
                })
        }
        (one, other) => one == other,
    }
}

fn are_same<A, B>(one: &[A], other: &[B], is_same: impl Fn(&A, &B) -> bool) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
}

/// Returns whether a string matches the recorded one, in which `***` matches any text.
fn fits(recorded: &str, sent: &str) -> bool {
    let mut parts = recorded.split(MASK);
    let Some(mut rest) = parts.next().and_then(|first| sent.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}
