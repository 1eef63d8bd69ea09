//! The one door to the network, and what must hold for whoever stands in it.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crate::redact::RequestSecrets;

/// A request that is complete: method, full URI, headers, body.
pub type Request = http::Request<Vec<u8>>;

/// An answer that is complete: status, headers, the whole body.
pub type Response = http::Response<Vec<u8>>;

#[cfg(feature = "ureq")]
pub mod ureq;

/// Sends one request and reads one answer. Closures are transports.
///
/// # Contract
/// Every transport that the clients are given must keep this; the project's conformance tests run
/// it against the built-in one.
///
/// 1. Any status is `Ok`, 3xx, 4xx and 5xx included.
/// 2. Redirects are never followed: a signed request must not be replayed at another address.
/// 3. URI, headers and body leave byte for byte as they are; headers may be added, such as `host`
///    and `content-length`.
/// 4. The body is read to its end, up to a cap; what is over the cap is an error.
/// 5. A deadline holds for the whole exchange.
/// 6. An error tells whether the request surely never left ([`Sent::No`]); if in doubt,
///    [`Sent::Maybe`].
/// 7. GET, HEAD and DELETE with an empty body send none; other methods with an empty body send
///    `content-length: 0`.
/// 8. Nothing is sent twice.
///
/// ```
/// use api_auth::{Request, Response, Transport, TransportError};
///
/// let canned = |request: Request| -> Result<Response, TransportError> {
///     assert_eq!(request.uri().path(), "/r2/access");
///     Ok(Response::new(br#"{"id":"1VShIZzLeIod"}"#.to_vec()))
/// };
/// let reply = canned.send(http::Request::get("/r2/access").body(Vec::new()).unwrap());
/// assert!(reply.unwrap().status().is_success());
/// ```
pub trait Transport: Send + Sync {
    /// Sends `request` once and reads the answer.
    ///
    /// # Errors
    /// When no complete answer came.
    fn send(&self, request: Request) -> Result<Response, TransportError>;
}

impl<F> Transport for F
where
    F: Fn(Request) -> Result<Response, TransportError> + Send + Sync,
{
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        self(request)
    }
}

impl Transport for Arc<dyn Transport> {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        (**self).send(request)
    }
}

/// Whether a request may have reached the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sent {
    /// No byte of it left: sending it again does no harm.
    No,
    /// It may have arrived and may have been carried out.
    Maybe,
}

/// Why no complete answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The host's name has no address.
    Resolve,
    /// No connection to the host or the proxy.
    Connect,
    /// The TLS handshake failed, or the server's certificate is not trusted.
    Tls,
    /// A deadline passed.
    Timeout,
    /// The connection broke, or ended before the answer did.
    Interrupted,
    /// The answer is larger than the cap.
    TooLarge,
    /// What came is not HTTP.
    Protocol,
    /// The request cannot be sent like this (plain http to a host that needs TLS, a proxy that cannot
    /// be used or that rejects the connection).
    Refused,
}

/// No complete answer came. Part of [`Error`](crate::Error), and what a [`Transport`] returns.
#[derive(thiserror::Error)]
#[error("{text}")]
pub struct TransportError {
    kind: TransportErrorKind,
    sent: Sent,
    text: String,
    partial: Option<Box<Response>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl TransportError {
    /// An error with a text for people, without secrets in it.
    ///
    /// ```
    /// use api_auth::{Sent, TransportError, TransportErrorKind};
    ///
    /// let error = TransportError::new(TransportErrorKind::Connect, Sent::No, "connection refused");
    /// assert_eq!(error.to_string(), "connection refused");
    /// ```
    pub fn new(kind: TransportErrorKind, sent: Sent, text: impl Into<String>) -> Self {
        Self { kind, sent, text: text.into(), partial: None, source: None }
    }

    /// Adds the error beneath.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds what came of the answer: status, headers, the beginning of the body.
    #[must_use]
    pub fn with_partial(mut self, partial: Response) -> Self {
        self.partial = Some(Box::new(partial));
        self
    }

    /// Removes the secrets of the request. An error beneath that shows one is replaced by its text
    /// without them.
    pub(crate) fn redact(&mut self, secrets: &RequestSecrets) {
        if let Some(text) = secrets.redacted(&self.text) {
            self.text = text;
        }
        let Some(source) = &self.source else { return };
        let mut shown = String::new();
        let mut next: Option<&dyn StdError> = Some(&**source);
        while let Some(error) = next {
            shown.push_str(&format!("{error}\n{error:?}\n"));
            next = error.source();
        }
        if secrets.redacted(&shown).is_some() {
            let text = source.to_string();
            self.source = Some(secrets.redacted(&text).unwrap_or(text).into());
        }
    }

    /// The same error without the error beneath.
    pub(crate) fn duplicate(&self) -> Self {
        let (text, partial) = (self.text.clone(), self.partial.clone());
        Self { kind: self.kind, sent: self.sent, text, partial, source: None }
    }

    /// What went wrong.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the request may have reached the server.
    pub fn sent(&self) -> Sent {
        self.sent
    }

    /// Whether a deadline passed.
    pub fn is_timeout(&self) -> bool {
        self.kind == TransportErrorKind::Timeout
    }

    /// What came of the answer, if its head came.
    pub fn partial(&self) -> Option<&Response> {
        self.partial.as_deref()
    }
}

impl fmt::Debug for TransportError {
    /// Shows status and length of what came of the response, neither its headers nor its body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError")
            .field("kind", &self.kind)
            .field("sent", &self.sent)
            .field("text", &self.text)
            .field("partial_status", &self.partial().map(Response::status))
            .field("partial_length", &self.partial().map(|partial| partial.body().len()))
            .field("source", &self.source)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_neither_headers_nor_body_of_a_partial_response() {
        let partial = http::Response::builder()
            .status(502)
            .header("set-cookie", "CANARY")
            .body(b"CANARY".to_vec())
            .unwrap();
        let error = TransportError::new(TransportErrorKind::Interrupted, Sent::Maybe, "broke")
            .with_partial(partial);
        let text = format!("{error:?} {error:#?}");
        assert!(text.contains("partial_length: Some(6)") && text.contains("502"), "{text}");
        assert!(!text.contains("CANARY") && !text.contains("67, 65"), "{text}");
    }
}
