//! The HTTP transport trait and the contract that its implementations must fulfil.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

pub use crate::message::{Request, Response};
use crate::redact::RequestSecrets;

#[cfg(feature = "ureq")]
pub(crate) mod ureq;

/// An HTTP transport, which sends a request and returns its response. Closures implement this
/// trait.
///
/// # Contract
/// Every transport must fulfil this contract. The conformance tests of the project check it for the
/// built-in transport.
///
/// 1. Any status is `Ok`, including 3xx, 4xx and 5xx.
/// 2. Redirects are never followed: a signed request must not be replayed at another URL.
/// 3. URI, headers and body are sent unchanged, byte for byte. Headers may be added, such as `host`
///    and `content-length`.
/// 4. The body is read to its end, up to a size limit. A larger body is an error.
/// 5. A timeout applies to the whole exchange.
/// 6. An error has [`Sent::No`] only if the request was certainly not sent. If in doubt, it has
///    [`Sent::Maybe`].
/// 7. GET, HEAD and DELETE with an empty body are sent without a body. Other methods with an empty
///    body are sent with `content-length: 0`.
/// 8. A request is sent at most once.
/// 9. A transport that wraps another one passes [`send_write`](Transport::send_write) on to it. The
///    default implementation would call `send` instead.
///
/// ```
/// use api_auth::{Request, Response, Transport, TransportError};
///
/// let transport = |request: Request| -> Result<Response, TransportError> {
///     assert_eq!(request.uri().path(), "/r2/access");
///     Ok(Response::new(br#"{"id":"1VShIZzLeIod"}"#.to_vec()))
/// };
/// let response = transport.send(http::Request::get("/r2/access").body(Vec::new()).unwrap());
/// assert!(response.unwrap().status().is_success());
/// ```
pub trait Transport: Send + Sync {
    /// Sends `request` once and returns its response.
    ///
    /// # Errors
    /// Returns an error if no complete response was received.
    fn send(&self, request: Request) -> Result<Response, TransportError>;

    /// Sends `request`, which may change data on the server, to the endpoint with the id
    /// `endpoint`. The default implementation calls [`send`](Self::send).
    ///
    /// # Errors
    /// Returns an error if no complete response was received.
    fn send_write(
        &self,
        request: Request,
        endpoint: &'static str,
    ) -> Result<Response, TransportError> {
        let _ = endpoint;
        self.send(request)
    }
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

    fn send_write(
        &self,
        request: Request,
        endpoint: &'static str,
    ) -> Result<Response, TransportError> {
        (**self).send_write(request, endpoint)
    }
}

/// Whether a request may have reached the server.
///
/// See the example in [`TransportError::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sent {
    /// The request was certainly not sent, so it is safe to retry.
    No,
    /// The request may have arrived and may have been carried out.
    Maybe,
}

/// The reason why there is no complete response.
///
/// See the example in [`TransportError::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The host name has no address.
    Resolve,
    /// The connection to the host or the proxy failed.
    Connect,
    /// The TLS handshake failed, or the server's certificate is not trusted.
    Tls,
    /// The request timed out.
    Timeout,
    /// The connection was closed or reset before the end of the response.
    Interrupted,
    /// The response is larger than the size limit.
    TooLarge,
    /// The response is not valid HTTP.
    Protocol,
    /// The request cannot be sent, for example because of plain http to a host that requires TLS,
    /// or because the proxy cannot be used or rejects the connection. Unlike
    /// [`Delivery::Refused`](crate::Delivery::Refused), the server received nothing.
    Refused,
    /// The request was canceled, for example because its iterator was stopped.
    Canceled,
}

/// The error of a request without a complete response. It is part of [`Error`](crate::Error), and
/// the error type of a [`Transport`].
///
/// See the example in [`TransportError::new`].
pub struct TransportError {
    kind: TransportErrorKind,
    sent: Sent,
    text: String,
    partial: Option<Box<Response>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl TransportError {
    /// Creates an error with a human-readable message, which must not contain secrets.
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

    /// Creates the error for a response that is larger than `limit` bytes.
    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(
            TransportErrorKind::TooLarge,
            Sent::Maybe,
            format!("the response is larger than the limit of {limit} bytes"),
        )
    }

    /// Adds the underlying error, which `source` then returns.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds the received part of the response: the status, the headers and the beginning of the
    /// body.
    #[must_use]
    pub fn with_partial(mut self, partial: Response) -> Self {
        self.partial = Some(Box::new(partial));
        self
    }

    /// Replaces the secrets of the request with `***` in the message. If the source of the error
    /// shows a secret, the source is replaced with an error that contains only its redacted text.
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

    /// Returns a copy of the error without its source, which cannot be cloned.
    pub(crate) fn duplicate(&self) -> Self {
        let (text, partial) = (self.text.clone(), self.partial.clone());
        Self { kind: self.kind, sent: self.sent, text, partial, source: None }
    }

    /// Returns the kind of the error.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Returns whether the request may have reached the server.
    pub fn sent(&self) -> Sent {
        self.sent
    }

    /// Returns whether the request timed out.
    pub fn is_timeout(&self) -> bool {
        self.kind == TransportErrorKind::Timeout
    }

    /// Returns the received part of the response, if its status and headers were received.
    pub fn partial(&self) -> Option<&Response> {
        self.partial.as_deref()
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl fmt::Debug for TransportError {
    /// Formats the status and the length of the received part of the response, but neither its
    /// headers nor its body.
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
