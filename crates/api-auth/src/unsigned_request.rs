//! Requests whose parameters are not encoded yet.

use std::borrow::Cow;
use std::fmt;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::uri::{self, PathAndQuery};
use http::{Method, Uri};

use crate::body::{Body, FORM, form};
use crate::encode::{Encoding, Params};
use crate::endpoint::{Call, Endpoint};
use crate::error::input::InputError;
use crate::message::Request;

/// A request whose parameters are not encoded yet. An [`Auth`](crate::Auth) can add parameters to
/// it.
///
/// ```
/// use api_auth::{Body, Method, RawEndpoint, UnsignedRequest};
///
/// let body = Body::Json(br#"{"city":"Oslo"}"#.to_vec());
/// let endpoint = RawEndpoint::new(Method::POST, "/weather").with_body(body);
/// let mut request = UnsignedRequest::of(&endpoint)?;
/// request.add_to_body("key", Some("k1"))?;
/// assert!(matches!(request.body, Body::Json(text) if text == br#"{"city":"Oslo","key":"k1"}"#));
/// # Ok::<(), api_auth::InputError>(())
/// ```
#[non_exhaustive]
pub struct UnsignedRequest<'a> {
    /// The HTTP method of the request.
    pub method: Method,
    /// The percent-encoded path, which is appended to the base URL of the server.
    pub path: Cow<'a, str>,
    /// The query parameters, unencoded, in the order in which they are sent.
    pub query: Params<'a>,
    /// The body. The parameters of a form are unencoded.
    pub body: Body<'a>,
}

impl fmt::Debug for UnsignedRequest<'_> {
    /// Shows the path and the body only by size, and parameters only by name, because they may
    /// contain secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsignedRequest")
            .field("method", &self.method)
            .field("path", &format_args!("{} bytes", self.path.len()))
            .field("query", &self.query)
            .field("body", &self.body)
            .finish()
    }
}

impl<'a> UnsignedRequest<'a> {
    /// Validates `endpoint` and creates its request.
    ///
    /// # Errors
    /// Returns an error that names the invalid argument.
    pub fn of(endpoint: &'a impl Endpoint) -> Result<Self, InputError> {
        Call::validate(endpoint)?;
        Self::of_checked(endpoint)
    }

    /// Creates the request of a call whose arguments have already been validated.
    pub(crate) fn of_checked(call: &'a dyn Call) -> Result<Self, InputError> {
        let mut query = Params::new();
        call.query(&mut query);
        Ok(Self { method: call.method(), path: call.path(), query, body: call.body()? })
    }

    /// Adds a parameter, such as one for authentication, at the end of the body. `Some` is written
    /// as a string and `None` as JSON's null. If there is no body, a JSON body is created.
    ///
    /// # Errors
    /// Returns an error if the body is neither a form nor a JSON object, or for `None` in a form.
    pub fn add_to_body(&mut self, name: &str, value: Option<&str>) -> Result<(), InputError> {
        if let (Body::Form(params), Some(value)) = (&mut self.body, value) {
            params.push(name.to_owned(), value.to_owned());
            return Ok(());
        }
        let reject = || InputError::new("body", "must be a JSON object or a form");
        let mut bytes = match std::mem::take(&mut self.body) {
            Body::None => b"{}".to_vec(),
            Body::Json(bytes) => bytes,
            _ => return Err(reject()),
        };
        let Some(inside) = bytes.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")) else {
            return Err(reject());
        };
        let comma = if inside.trim_ascii().is_empty() { "" } else { "," };
        bytes.truncate(bytes.len() - 1);
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let value = value.map_or_else(|| "null".to_owned(), text);
        bytes.extend_from_slice([comma, &text(name), ":", &value, "}"].concat().as_bytes());
        self.body = Body::Json(bytes);
        Ok(())
    }

    /// Encodes the request. [`Auth::sign`](crate::Auth::sign) gets exactly these bytes.
    ///
    /// `base` consists of a scheme, a host and an optional path without a trailing slash.
    ///
    /// # Errors
    /// Returns an error if `base` is not a URL, the path does not begin with `/` or contains `?` or
    /// `#`, or the request target is longer than HTTP libraries allow.
    pub fn encode(self, base: &str, encoding: Encoding) -> Result<Request, InputError> {
        let base = Uri::try_from(base).map_err(|error| {
            InputError::new("base_url", format!("is not a valid URI ({error})"))
        })?;
        self.encode_below(&base, encoding)
    }

    /// Encodes the request for a parsed base URL: the path of the request is appended to that of
    /// `base`. The scheme and host of `base` are reused, not parsed again.
    pub(crate) fn encode_below(
        self,
        base: &Uri,
        encoding: Encoding,
    ) -> Result<Request, InputError> {
        if !self.path.starts_with('/') || self.path.bytes().any(|byte| matches!(byte, b'?' | b'#'))
        {
            return Err(InputError::new("path", "must begin with / and contain neither ? nor #"));
        }
        let below = base.path().trim_end_matches('/');
        let question_mark = if self.query.is_empty() { "" } else { "?" };
        // The exact length, so that the URI can take over the buffer without a copy.
        let length = below.len() + self.path.len() + question_mark.len();
        let mut target = Vec::with_capacity(length + encoding.length(&self.query));
        for part in [below, &self.path, question_mark] {
            target.extend_from_slice(part.as_bytes());
        }
        encoding.write(&self.query, &mut target);
        let no_uri = |error: http::Error| {
            InputError::new("path and query", format!("are not a valid URI ({error})"))
        };
        let mut parts = uri::Parts::default();
        parts.scheme = base.scheme().cloned();
        parts.authority = base.authority().cloned();
        parts.path_and_query =
            Some(PathAndQuery::try_from(target).map_err(|error| no_uri(error.into()))?);
        let uri = Uri::from_parts(parts).map_err(|error| no_uri(error.into()))?;
        let (content_type, bytes) = match self.body {
            Body::None => (None, Vec::new()),
            Body::Form(params) => (Some(HeaderValue::from_static(FORM)), form(&params, encoding)),
            Body::Json(bytes) => (Some(HeaderValue::from_static("application/json")), bytes),
            Body::Bytes { content_type, bytes } => {
                (Some(HeaderValue::from_static(content_type)), bytes)
            }
        };
        let mut request = Request::new(bytes);
        *request.method_mut() = self.method;
        *request.uri_mut() = uri;
        if let Some(value) = content_type {
            request.headers_mut().insert(CONTENT_TYPE, value);
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests;
