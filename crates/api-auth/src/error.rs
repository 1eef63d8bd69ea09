//! The error type of all client crates. It is opaque, has a size of eight bytes, and contains all
//! parts of the response.

pub(crate) mod input;
pub(crate) mod kind;
pub(crate) mod response;

use std::any::Any;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt::{self, Display, Write};
use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode};

use crate::error::input::InputError;
use crate::error::kind::ErrorKind;
use crate::error::response::{Detail, ResponseError};
use crate::message::Response;
use crate::redact::RequestSecrets;
use crate::transport::{Sent, TransportError};

/// A result whose error type is [`Error`] by default.
///
/// See the example in [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug)]
enum Cause {
    Input(InputError),
    Transport(TransportError),
    ResponseError(ResponseError),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(error) => error.fmt(f),
            Self::Transport(error) => error.fmt(f),
            Self::ResponseError(error) => error.fmt(f),
        }
    }
}

/// The error of a request, with the status, headers and body of the response.
///
/// `Display` formats one line, which says what failed, where, and after how many attempts. `Debug`
/// adds a hint on a second line, so that an error that `main` returns is readable. `{:#?}` lists
/// the parts of the error except the headers and the body. None of these formats shows a secret of
/// the request.
///
/// ```
/// # fn show(error: api_auth::Error) {
/// eprintln!("{error}"); // tinypass access.grant: 404 Not Found: no such resource
/// if let Some(status) = error.status() {
///     eprintln!("{status}: {}", error.body_text());
/// }
/// # }
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    cause: Cause,
    provider: &'static str,
    endpoint: &'static str,
    attempts: u32,
    response: Option<Response>,
    /// The request id from the response headers, in which `***` replaces secrets of the request.
    /// `None` if the id is absent or contains no secrets.
    redacted_id: Option<String>,
    retry_after: Option<Duration>,
    retryable: bool,
    delivery: Delivery,
    idempotent: bool,
    spaced_credential: Option<&'static str>,
    /// Why entries may be missing from the part of a list that was read before this error.
    list_problem: Option<String>,
}

/// The delivery status of a request that ended with an error: whether the request was sent, and
/// whether the server accepted it.
///
/// See the example in [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// The request was certainly not sent, and no earlier attempt can have been carried out.
    NotSent,
    /// The server received the request and rejected it, so the request was not carried out. No
    /// earlier attempt can have been carried out.
    Refused,
    /// The server received the request and accepted it, but its response is incomplete, could not
    /// be parsed, or reports that the operation failed.
    Accepted,
    /// The request may have arrived, and may have been carried out.
    Unknown,
}

impl Delivery {
    /// Returns the delivery status of a request to which the server responded with this error.
    fn of_response(error: &ResponseError, status: StatusCode) -> Self {
        match error.kind {
            _ if status.is_client_error() => Self::Refused,
            _ if !status.is_success() => Self::Unknown,
            ErrorKind::Decode | ErrorKind::OperationFailed => Self::Accepted,
            _ => Self::Refused,
        }
    }

    /// Returns the delivery status of a request without a complete response.
    fn of_transport(error: &TransportError) -> Self {
        match (error.sent(), error.partial().map(Response::status)) {
            (Sent::No, _) => Self::NotSent,
            (Sent::Maybe, Some(status)) if status.is_client_error() => Self::Refused,
            (Sent::Maybe, Some(status)) if status.is_success() => Self::Accepted,
            (Sent::Maybe, _) => Self::Unknown,
        }
    }
}

impl Error {
    fn new(cause: Cause, delivery: Delivery) -> Self {
        Self(Box::new(Inner {
            cause,
            provider: "",
            endpoint: "",
            attempts: 0,
            response: None,
            redacted_id: None,
            retry_after: None,
            retryable: false,
            delivery,
            idempotent: true,
            spaced_credential: None,
            list_problem: None,
        }))
    }

    /// Creates an error from a response and the error that the provider's crate parsed from it.
    pub fn from_response(error: ResponseError, response: Response) -> Self {
        let delivery = Delivery::of_response(&error, response.status());
        let mut error = Self::new(Cause::ResponseError(error), delivery);
        error.0.response = Some(response);
        error
    }

    /// Returns a copy of the error, for a thread that waited for the same token. The copy of a
    /// transport error has no source.
    pub(crate) fn duplicate(&self) -> Self {
        let inner = &*self.0;
        let cause = match &inner.cause {
            Cause::Input(error) => Cause::Input(error.clone()),
            Cause::Transport(error) => Cause::Transport(error.duplicate()),
            Cause::ResponseError(error) => Cause::ResponseError(error.clone()),
        };
        let (response, redacted_id) = (inner.response.clone(), inner.redacted_id.clone());
        let list_problem = inner.list_problem.clone();
        Self(Box::new(Inner { cause, response, redacted_id, list_problem, ..*inner }))
    }

    pub(crate) fn in_call(
        mut self,
        provider: &'static str,
        endpoint: &'static str,
        attempts: u32,
    ) -> Self {
        // The error of a token request keeps the name of the token endpoint.
        if self.0.endpoint.is_empty() {
            self.0.provider = provider;
            self.0.endpoint = endpoint;
            self.0.attempts = attempts;
        }
        self
    }

    pub(crate) fn with_retry_after(mut self, after: Option<Duration>) -> Self {
        self.0.retry_after = after;
        self
    }

    /// Marks the request as not sent, because the token or session that it needs could not be
    /// obtained.
    pub(crate) fn not_sent(mut self) -> Self {
        self.0.delivery = Delivery::NotSent;
        self
    }

    /// Changes the statuses "not sent" and "rejected" to "unknown", because an earlier attempt may
    /// have been carried out.
    pub(crate) fn after_an_unknown_outcome(mut self) -> Self {
        if matches!(self.0.delivery, Delivery::NotSent | Delivery::Refused) {
            self.0.delivery = Delivery::Unknown;
        }
        self
    }

    /// Sets whether the request is idempotent, that is, safe to retry.
    pub(crate) fn with_idempotent(mut self, idempotent: bool) -> Self {
        self.0.idempotent = idempotent;
        self
    }

    /// Sets the name of a credential that begins or ends with whitespace, if authentication failed.
    pub(crate) fn with_spaced_credential(
        mut self,
        name: impl FnOnce() -> Option<&'static str>,
    ) -> Self {
        if self.kind() == ErrorKind::Auth && self.0.spaced_credential.is_none() {
            self.0.spaced_credential = name();
        }
        self
    }

    /// Adds why entries may be missing from the part of a list that was read before this error.
    pub(crate) fn with_list_problem(mut self, problem: String) -> Self {
        self.0.list_problem = Some(problem);
        self
    }

    pub(crate) fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// Replaces the secrets of the request with `***` in all texts from the server and the
    /// transport. The headers and the body of the response stay unchanged.
    pub(crate) fn redacted(mut self, secrets: &RequestSecrets) -> Self {
        let id = self.0.redacted_id.as_deref().or(self.headers().and_then(request_id));
        if let Some(redacted) = id.and_then(|id| secrets.redacted(id)) {
            self.0.redacted_id = Some(redacted);
        }
        match &mut self.0.cause {
            Cause::Input(_) => {}
            Cause::Transport(error) => error.redact(secrets),
            Cause::ResponseError(error) => error.redact(secrets),
        }
        self
    }

    fn response_error(&self) -> Option<&ResponseError> {
        match &self.0.cause {
            Cause::ResponseError(error) => Some(error),
            _ => None,
        }
    }

    fn response(&self) -> Option<&Response> {
        match &self.0.cause {
            Cause::Transport(error) => error.partial(),
            _ => self.0.response.as_ref(),
        }
    }

    /// Returns the kind of the error.
    pub fn kind(&self) -> ErrorKind {
        match &self.0.cause {
            Cause::Input(_) => ErrorKind::Input,
            Cause::Transport(_) => ErrorKind::Transport,
            Cause::ResponseError(error) => error.kind,
        }
    }

    /// Returns the HTTP status, or `None` if none was received.
    pub fn status(&self) -> Option<StatusCode> {
        self.response().map(Response::status)
    }

    /// Returns the headers of the response, or `None` if none were received.
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.response().map(Response::headers)
    }

    /// Returns the unchanged body of the response, or as much of it as was received. It is empty if
    /// no response was received.
    pub fn body(&self) -> &[u8] {
        self.response().map(|response| response.body().as_slice()).unwrap_or_default()
    }

    /// Returns the body of the response as a string. Bytes that are not UTF-8 become U+FFFD.
    pub fn body_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.body())
    }

    /// Returns the provider's error code. If the response has none, returns the code of the first
    /// of the [`details`](Error::details). Secrets of the request are replaced with `***`.
    pub fn code(&self) -> Option<&str> {
        let error = self.response_error()?;
        error.code.as_deref().or_else(|| error.details.first()?.code.as_deref())
    }

    /// Returns the provider's message. If the response has none, returns the message of the first
    /// of the [`details`](Error::details). Secrets of the request are replaced with `***`. Only
    /// [`body`](Error::body) and [`headers`](Error::headers) are unchanged.
    pub fn message(&self) -> Option<&str> {
        let error = self.response_error()?;
        error.message.as_deref().or_else(|| error.details.first()?.message.as_deref())
    }

    /// Returns the provider's list of errors, usually one for each invalid field. It is empty if
    /// the response contains no such list. Secrets of the request are replaced with `***`.
    pub fn details(&self) -> &[Detail] {
        self.response_error().map(|error| error.details.as_slice()).unwrap_or_default()
    }

    /// Returns the payload that the provider's crate added to the error, such as a declined
    /// payment. Returns `None` if the error has no payload of this type.
    ///
    /// ```
    /// use api_auth::{Error, ErrorKind, ResponseError};
    ///
    /// let declined = ResponseError::new(ErrorKind::OperationFailed).with_payload(42_u32);
    /// let error = Error::from(declined);
    /// assert_eq!(error.payload::<u32>(), Some(&42));
    /// assert_eq!(error.payload::<String>(), None);
    /// ```
    pub fn payload<T: Any>(&self) -> Option<&T> {
        self.response_error()?.payload.as_ref()?.downcast_ref()
    }

    /// Returns the id that the provider assigned to the request, from the body of the response or
    /// from its `x-request-id` header. Secrets of the request are replaced with `***`.
    pub fn request_id(&self) -> Option<&str> {
        self.response_error()
            .and_then(|error| error.request_id.as_deref())
            .or(self.0.redacted_id.as_deref())
            .or_else(|| request_id(self.headers()?))
    }

    /// Returns the time to wait before you send another request, from the `Retry-After` header of
    /// the response. Returns `None` if the server sent no valid `Retry-After`.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns the name of the invalid argument, or `None` for an error of any other kind.
    pub fn argument(&self) -> Option<&str> {
        match &self.0.cause {
            Cause::Input(error) => Some(error.argument()),
            _ => None,
        }
    }

    /// Returns the byte offset of the error in the argument, for arguments that have a syntax of
    /// their own, such as rules. Returns `None` for all other errors.
    pub fn position(&self) -> Option<usize> {
        match &self.0.cause {
            Cause::Input(error) => error.position(),
            _ => None,
        }
    }

    /// Returns whether the request timed out.
    pub fn is_timeout(&self) -> bool {
        matches!(&self.0.cause, Cause::Transport(error) if error.is_timeout())
    }

    /// Returns whether the same request can succeed later, because it failed for a temporary reason
    /// and is safe to retry. The client itself does not retry it any more, for example because the
    /// attempts are exhausted, or because `Retry-After` is longer than the client waits. Also
    /// `true` for a write that the server rejected with status 429 and did not carry out.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Returns the delivery status of the request: not sent, rejected, accepted or unknown.
    ///
    /// The server rejected the request if the status is 4xx, or if the response is an error with
    /// status 2xx, unless an earlier attempt may have been carried out. It accepted the request if a 2xx response cannot be read, or if the operation
    /// failed ([`ErrorKind::OperationFailed`]).
    pub fn delivery(&self) -> Delivery {
        self.0.delivery
    }

    /// Returns whether a write may have been carried out although there is no usable response. This
    /// is the case if the response was lost, could not be read despite its success status, or has
    /// status 3xx or 5xx. Check whether the change was made before you repeat the request. Always
    /// `false` for idempotent requests.
    pub fn outcome_unknown(&self) -> bool {
        let unread = match self.delivery() {
            Delivery::Unknown => true,
            Delivery::Accepted => self.kind() != ErrorKind::OperationFailed,
            Delivery::NotSent | Delivery::Refused => false,
        };
        unread && !self.0.idempotent
    }

    /// Returns the name of the argument or environment variable whose value is a credential that
    /// begins or ends with whitespace. The whitespace may have been copied by mistake. Returns
    /// `None` if there is no such credential, or if authentication did not fail.
    pub fn spaced_credential(&self) -> Option<&'static str> {
        self.0.spaced_credential
    }

    /// Returns advice on what to do about the error, or `None` if there is no general advice.
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match (self.kind(), self.spaced_credential()) {
            _ if self.outcome_unknown() => {
                "the request may have been carried out: check its outcome before you repeat it"
            }
            (ErrorKind::Auth, Some(name)) => {
                return Some(Cow::Owned(format!(
                    "{name} begins or ends with whitespace, which may have been copied by mistake"
                )));
            }
            (ErrorKind::RateLimited, _) if self.0.retry_after.is_some() => {
                let seconds = self.0.retry_after.unwrap_or_default().as_secs();
                return Some(Cow::Owned(format!(
                    "wait {seconds} s before you send another request"
                )));
            }
            (ErrorKind::Auth, _) if self.message().is_some_and(|text| text.contains("nonce")) => {
                "check that the clock of this machine is correct"
            }
            (ErrorKind::Decode, _) if self.response().is_some() => {
                "the response does not match the provider's documentation; `Error::body` returns the response body"
            }
            (kind, _) => Self::hint_of(kind, self.0.retryable)?,
        };
        Some(Cow::Borrowed(hint))
    }

    fn hint_of(kind: ErrorKind, is_retryable: bool) -> Option<&'static str> {
        Some(match kind {
            ErrorKind::Transport if is_retryable => "it is safe to send this request again later",
            ErrorKind::Auth => {
                "check that the credentials are correct, have not expired, have the required permissions, and are for this environment"
            }
            ErrorKind::RateLimited => "wait before you send another request",
            ErrorKind::Decode => {
                "the notification does not match the provider's documentation: do not acknowledge it, and report it with its body"
            }
            ErrorKind::Incomplete => "entries may be missing: read the list again",
            ErrorKind::Verify => {
                "do not act on the notification: it is not genuine, is for another merchant, or cannot be verified"
            }
            ErrorKind::Input
            | ErrorKind::Transport
            | ErrorKind::Api
            | ErrorKind::OperationFailed => {
                return None;
            }
        })
    }

    /// Returns the provider's name, such as `tpay`. It is empty for errors outside a request.
    pub fn provider(&self) -> &'static str {
        self.0.provider
    }

    /// Returns the error of the transport if the kind is [`ErrorKind::Transport`], and `None`
    /// otherwise.
    pub fn transport_error(&self) -> Option<&TransportError> {
        match &self.0.cause {
            Cause::Transport(error) => Some(error),
            Cause::Input(_) | Cause::ResponseError(_) => None,
        }
    }

    /// Returns the endpoint's id, such as `access.grant`. It is empty for errors outside a request.
    /// If the required token or session could not be obtained, this is the id of the endpoint that
    /// issues it, such as `oauth.token`.
    pub fn endpoint(&self) -> &'static str {
        self.0.endpoint
    }

    /// Returns how many times the request to this [`endpoint`](Error::endpoint) was sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }
}

/// Returns the request id from the `x-request-id` header, for logs and errors.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    headers.get(HeaderName::from_static("x-request-id"))?.to_str().ok()
}

/// Returns whether a character of a server's message is displayed. Control characters, such as line
/// breaks, and characters that are invisible or change the text direction are not.
fn is_shown(char: char) -> bool {
    const LINES_AND_DIRECTIONS: [std::ops::RangeInclusive<char>; 5] = [
        '\u{61c}'..='\u{61c}',
        '\u{200b}'..='\u{200f}',
        '\u{2028}'..='\u{202e}',
        '\u{2060}'..='\u{206f}',
        '\u{feff}'..='\u{feff}',
    ];
    !char.is_control() && !LINES_AND_DIRECTIONS.iter().any(|range| range.contains(&char))
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.endpoint.is_empty() {
            write!(f, "{} {}: ", self.0.provider, self.0.endpoint)?;
        }
        if let (Some(status), Cause::ResponseError(_)) = (self.status(), &self.0.cause)
            && !status.is_success()
        {
            write!(f, "{status}: ")?;
        }
        // The server's message is displayed on one line.
        for char in self.0.cause.to_string().chars() {
            f.write_char(if is_shown(char) { char } else { ' ' })?;
        }
        if self.0.attempts > 1 {
            write!(f, " (after {} attempts)", self.0.attempts)?;
        }
        if let Some(id) = self.request_id() {
            write!(f, " (request {})", id.escape_default())?;
        }
        match &self.0.list_problem {
            Some(problem) => write!(f, "; {problem}: read the list again from its first page"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    /// Never shows the headers or the body, which may contain tokens and keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return match self.hint() {
                Some(hint) => write!(f, "{self}\n  {hint}"),
                None => write!(f, "{self}"),
            };
        }
        f.debug_struct("Error")
            .field("kind", &self.kind())
            .field("text", &format_args!("{self}"))
            .field("argument", &self.argument())
            .field("position", &self.position())
            .field("status", &self.status())
            .field("code", &self.code())
            .field("details", &self.details())
            .field("attempts", &self.0.attempts)
            .field("retry_after", &self.0.retry_after)
            .field("delivery", &self.delivery())
            .field("outcome_unknown", &self.outcome_unknown())
            .field("is_retryable", &self.0.retryable)
            .field("spaced_credential", &self.0.spaced_credential)
            .field("body_length", &self.body().len())
            .finish()
    }
}

impl StdError for Error {
    /// Returns the source of the transport error, not the transport error itself, whose text is
    /// already part of `Display`.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.cause {
            Cause::Transport(error) => error.source(),
            Cause::Input(_) | Cause::ResponseError(_) => None,
        }
    }
}

impl From<InputError> for Error {
    fn from(error: InputError) -> Self {
        Self::new(Cause::Input(error), Delivery::NotSent)
    }
}

impl From<ResponseError> for Error {
    /// Creates an error that does not belong to a request, such as one for a notification that is
    /// not genuine.
    fn from(error: ResponseError) -> Self {
        Self::new(Cause::ResponseError(error), Delivery::Unknown)
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        let delivery = Delivery::of_transport(&error);
        Self::new(Cause::Transport(error), delivery)
    }
}

#[cfg(test)]
mod tests;
