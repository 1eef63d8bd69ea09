//! Error responses of providers.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt::{self, Display};
use std::sync::Arc;

use http::StatusCode;

use crate::error::kind::ErrorKind;
use crate::message::Response;
use crate::redact::RequestSecrets;

/// One entry of a list of errors. Providers send such a list if several fields are invalid.
///
/// See the example in [`ResponseError`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Detail {
    /// The name of the invalid field. `None` if the error is not about a single field.
    pub field: Option<String>,
    /// The provider's code for this error. `None` if the response contains none.
    pub code: Option<String>,
    /// The provider's message about this error. `None` if the response contains none.
    pub message: Option<String>,
}

impl Detail {
    /// Creates an entry from its field, code and message.
    pub fn new(field: Option<String>, code: Option<String>, message: Option<String>) -> Self {
        Self { field, code, message }
    }
}

/// The error of a response: the provider reported an error, or the response cannot be parsed.
///
/// The client adds the status, headers and body, and creates an [`Error`](crate::Error).
///
/// ```
/// use api_auth::{Detail, ErrorKind, ResponseError};
///
/// let error = ResponseError::new(ErrorKind::Api)
///     .with_code("invalid_city")
///     .with_message("no such city")
///     .with_detail(Detail::new(Some("city".to_owned()), None, Some("unknown".to_owned())));
/// assert_eq!(error.to_string(), "invalid_city: no such city");
/// ```
#[derive(Debug, Clone)]
pub struct ResponseError {
    pub(crate) kind: ErrorKind,
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) details: Vec<Detail>,
    pub(crate) request_id: Option<String>,
    pub(super) payload: Option<Arc<dyn Any + Send + Sync>>,
}

impl ResponseError {
    /// Creates an error of the given kind, without a code, a message or details.
    pub fn new(kind: ErrorKind) -> Self {
        Self {
            kind,
            code: None,
            message: None,
            details: Vec::new(),
            request_id: None,
            payload: None,
        }
    }

    /// Creates an error whose kind depends on the HTTP status: [`ErrorKind::Auth`] for 401 and 403,
    /// [`ErrorKind::RateLimited`] for 429, and [`ErrorKind::Api`] for any other status.
    pub fn of_status(status: StatusCode) -> Self {
        Self::new(match status.as_u16() {
            401 | 403 => ErrorKind::Auth,
            429 => ErrorKind::RateLimited,
            _ => ErrorKind::Api,
        })
    }

    /// Sets the message to the first 200 characters of the body, for responses without a known
    /// format, such as an HTML page from a proxy. If the body is empty, or has a content encoding
    /// that was not decoded, the message says so.
    #[must_use]
    pub fn with_text_of(self, response: &Response) -> Self {
        const SHOWN: usize = 200;
        if let Some(encoding) = undecoded(response) {
            return self.with_message(encoding);
        }
        let text = String::from_utf8_lossy(response.body());
        // The same whitespace as in redaction, so that a secret with whitespace in it is found.
        let mut words = text.split_ascii_whitespace();
        let mut line = words.next().unwrap_or_default().to_owned();
        let mut length = line.chars().count();
        while length <= SHOWN
            && let Some(word) = words.next()
        {
            line.push(' ');
            line.push_str(word);
            length += 1 + word.chars().count();
        }
        if line.is_empty() {
            return self.with_message("the response body is empty");
        }
        if length > SHOWN {
            line = line.chars().take(SHOWN).chain(['…']).collect();
        }
        self.with_message(line)
    }

    /// Adds the provider's error code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Adds the provider's message.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Adds one entry of a list of errors.
    #[must_use]
    pub fn with_detail(mut self, detail: Detail) -> Self {
        self.details.push(detail);
        self
    }

    /// Adds a payload: further data from the response, such as a declined payment, whose type the
    /// client crate defines. See [`Error::payload`](crate::Error::payload).
    #[must_use]
    pub fn with_payload(mut self, payload: impl Any + Send + Sync) -> Self {
        self.payload = Some(Arc::new(payload));
        self
    }

    /// Adds the id that the provider assigned to the request, for support cases.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    pub(super) fn redact(&mut self, secrets: &RequestSecrets) {
        let details = self
            .details
            .iter_mut()
            .flat_map(|detail| [&mut detail.field, &mut detail.code, &mut detail.message]);
        let texts = [&mut self.code, &mut self.message, &mut self.request_id];
        for text in texts.into_iter().chain(details).flatten() {
            if let Some(redacted) = secrets.redacted(text) {
                *text = redacted;
            }
        }
    }
}

impl Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Returns the text unless it is blank.
        fn not_blank(text: Option<&String>) -> Option<&str> {
            text.map(String::as_str).filter(|text| !text.trim().is_empty())
        }

        let first = self.details.first();
        let message = not_blank(self.message.as_ref());
        let code = not_blank(self.code.as_ref())
            .or(first.and_then(|detail| not_blank(detail.code.as_ref())));
        let text = message.or(first.and_then(|detail| not_blank(detail.message.as_ref())));
        let field = first.and_then(|detail| not_blank(detail.field.as_ref()));
        match (code, text) {
            (Some(code), Some(text)) if message.is_none() && field.is_some() => {
                write!(f, "{code}: {}: {text}", field.unwrap_or_default())
            }
            (Some(code), Some(text)) => write!(f, "{code}: {text}"),
            (Some(text), None) | (None, Some(text)) => f.write_str(text),
            (None, None) => f.write_str("no reason given"),
        }
    }
}

impl StdError for ResponseError {}

/// Returns a message about the content encoding of a response whose body has not been decoded.
/// Returns `None` for any other response.
pub(crate) fn undecoded(response: &Response) -> Option<String> {
    let encoding = response.headers().get(http::header::CONTENT_ENCODING)?;
    let name = String::from_utf8_lossy(encoding.as_bytes()).trim().to_owned();
    // A transport may have decoded the body and left the header.
    let is_text = std::str::from_utf8(response.body()).is_ok_and(|text| {
        text.chars().all(|char| !char.is_control() || char.is_ascii_whitespace())
    });
    (!is_text).then(|| format!("the body has the content encoding `{name}`, which is not decoded"))
}

/// Returns a required field of a response, or an error if the field is absent. This prevents an
/// empty object `{}` from a proxy or a broken server from being treated as a success.
///
/// ```
/// use api_auth::required;
///
/// assert_eq!(required("id", Some(7)).unwrap(), 7);
/// let error = required("id", None::<u32>).unwrap_err();
/// assert_eq!(error.to_string(), "id: missing from the response");
/// ```
///
/// # Errors
/// Returns an error of kind [`ErrorKind::Decode`] that names the missing field.
pub fn required<T>(name: &str, part: Option<T>) -> Result<T, ResponseError> {
    part.ok_or_else(|| {
        ResponseError::new(ErrorKind::Decode)
            .with_message(format!("{name}: missing from the response"))
    })
}
