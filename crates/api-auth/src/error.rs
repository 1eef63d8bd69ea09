//! The error type of all client crates: opaque, eight bytes, with all parts of the response.

use std::any::Any;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt::{self, Display};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};

use crate::redact::RequestSecrets;
use crate::{Response, Sent, TransportError};

/// The result of a request.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kind of an error, by what the caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An invalid argument or setting; nothing was sent. See [`Error::argument`].
    Input,
    /// No complete response. See [`Error::delivery`] before repeating a write.
    Transport,
    /// The provider rejected the credentials.
    Auth,
    /// The provider rejected the request. See [`Error::code`] and [`Error::message`].
    Api,
    /// The request succeeded, and the payment was declined. See [`Error::payload`].
    Declined,
    /// Too many requests. See [`Error::retry_after`].
    RateLimited,
    /// The response differs from the documentation. See [`Error::body`].
    Decode,
    /// The signature or certificate of a received message is not valid. Do not trust the message.
    Verify,
}

/// An invalid argument that is rejected before anything is sent.
///
/// ```
/// let error = api_auth::InputError::new("rid", "must not be empty");
/// assert_eq!(error.to_string(), "rid: must not be empty");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputError {
    argument: Cow<'static, str>,
    problem: Cow<'static, str>,
    position: Option<usize>,
}

impl InputError {
    /// Creates an error for `argument`, the name that the caller knows. `problem` continues the
    /// message after a colon. Neither may contain the invalid value: it may be a secret.
    pub fn new(
        argument: impl Into<Cow<'static, str>>,
        problem: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { argument: argument.into(), problem: problem.into(), position: None }
    }

    /// Sets the position of the error in the argument, in bytes from 0.
    ///
    /// ```
    /// let error = api_auth::InputError::new("rules", "expected an amount").at_byte(10);
    /// assert_eq!(error.to_string(), "rules: expected an amount, at byte 10");
    /// ```
    #[must_use]
    pub fn at_byte(mut self, position: usize) -> Self {
        self.position = Some(position);
        self
    }

    /// Returns the name of the argument.
    pub fn argument(&self) -> &str {
        &self.argument
    }

    /// Returns the position of the error in the argument, in bytes from 0. Returns `None` if the
    /// error is about the argument as a whole.
    pub fn position(&self) -> Option<usize> {
        self.position
    }
}

impl Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.argument, self.problem)?;
        match self.position {
            Some(position) => write!(f, ", at byte {position}"),
            None => Ok(()),
        }
    }
}

impl StdError for InputError {}

/// One entry of a list of errors, as providers send them for several fields at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Detail {
    /// The field that the error is about.
    pub field: Option<String>,
    /// The provider's code.
    pub code: Option<String>,
    /// The provider's message.
    pub message: Option<String>,
}

impl Detail {
    /// Creates an entry from its three parts.
    pub fn new(field: Option<String>, code: Option<String>, message: Option<String>) -> Self {
        Self { field, code, message }
    }
}

/// An error response of a provider, as parsed by the provider's crate.
///
/// The client adds status, headers and body and creates an [`Error`].
#[derive(Debug, Clone)]
pub struct ResponseError {
    pub(crate) kind: ErrorKind,
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) details: Vec<Detail>,
    pub(crate) request_id: Option<String>,
    payload: Option<Arc<dyn Any + Send + Sync>>,
}

impl ResponseError {
    /// Creates an error of that kind without further details.
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

    /// Creates the error of an HTTP status: 401 and 403 are [`ErrorKind::Auth`], 429 is
    /// [`ErrorKind::RateLimited`], all others are [`ErrorKind::Api`].
    pub fn of_status(status: StatusCode) -> Self {
        Self::new(match status.as_u16() {
            401 | 403 => ErrorKind::Auth,
            429 => ErrorKind::RateLimited,
            _ => ErrorKind::Api,
        })
    }

    /// Sets the message to the beginning of the body, for responses in no known format (an HTML
    /// page of a proxy, plain text, an empty body).
    #[must_use]
    pub fn with_text_of(self, response: &Response) -> Self {
        const SHOWN: usize = 200;
        let text = String::from_utf8_lossy(response.body());
        // The same white space as in redaction, so that a secret with white space in it is found.
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
            return self.with_message("empty body");
        }
        if length > SHOWN {
            line = line.chars().take(SHOWN).chain(['…']).collect();
        }
        self.with_message(line)
    }

    /// Adds the provider's code.
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

    /// Adds what the response contains in addition to the error, as a type of the provider's crate;
    /// see [`Error::payload`].
    #[must_use]
    pub fn with_payload(mut self, payload: impl Any + Send + Sync) -> Self {
        self.payload = Some(Arc::new(payload));
        self
    }

    /// Adds the provider's id of the request, for support cases.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    fn redact(&mut self, secrets: &RequestSecrets) {
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
        /// Returns a text that is not blank.
        fn said(text: Option<&String>) -> Option<&str> {
            text.map(String::as_str).filter(|text| !text.trim().is_empty())
        }

        let first = self.details.first();
        let message = said(self.message.as_ref());
        let code = said(self.code.as_ref()).or(first.and_then(|detail| said(detail.code.as_ref())));
        let text = message.or(first.and_then(|detail| said(detail.message.as_ref())));
        let field = first.and_then(|detail| said(detail.field.as_ref()));
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

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error(transparent)]
    Input(InputError),
    #[error(transparent)]
    Transport(TransportError),
    #[error(transparent)]
    ResponseError(ResponseError),
}

/// The error of a request, with status, headers and body of the response.
///
/// Display is one line: what failed, where, and after how many attempts. Debug adds a hint on a
/// second line, so that an error that `main` returns is readable; `{:#?}` shows all parts but
/// headers and body. None of them shows a secret of the request.
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
    reply: Option<Response>,
    /// The request id of the headers without the secrets that it contained.
    redacted_id: Option<String>,
    retry_after: Option<Duration>,
    retryable: bool,
    unsent: bool,
    idempotent: bool,
}

/// The known effect of a request that ended with an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// The request was certainly not sent.
    NotSent,
    /// The server received and rejected the request: nothing was carried out.
    Refused,
    /// The server received the request and accepted it, but its response could not be used.
    Accepted,
    /// The request may have arrived, and may have been carried out.
    Unknown,
}

impl Error {
    fn from_cause(cause: Cause) -> Self {
        Self(Box::new(Inner {
            cause,
            provider: "",
            endpoint: "",
            attempts: 0,
            reply: None,
            redacted_id: None,
            retry_after: None,
            retryable: false,
            unsent: false,
            idempotent: true,
        }))
    }

    /// Creates the error of a response.
    pub fn from_response(error: ResponseError, reply: Response) -> Self {
        let mut error = Self::from_cause(Cause::ResponseError(error));
        error.0.reply = Some(reply);
        error
    }

    /// Returns the same error for another caller, without the source of a transport error.
    pub(crate) fn duplicate(&self) -> Self {
        let inner = &*self.0;
        let cause = match &inner.cause {
            Cause::Input(error) => Cause::Input(error.clone()),
            Cause::Transport(error) => Cause::Transport(error.duplicate()),
            Cause::ResponseError(error) => Cause::ResponseError(error.clone()),
        };
        let (reply, redacted_id) = (inner.reply.clone(), inner.redacted_id.clone());
        Self(Box::new(Inner { cause, reply, redacted_id, ..*inner }))
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
    pub(crate) fn of_preparation(mut self) -> Self {
        self.0.unsent = true;
        self
    }

    /// Sets whether the request is idempotent, that is, safe to retry.
    pub(crate) fn with_idempotent(mut self, idempotent: bool) -> Self {
        self.0.idempotent = idempotent;
        self
    }

    pub(crate) fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// Removes the secrets of the request from all texts of the server and of the transport.
    /// Headers and body of the response stay unchanged.
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

    fn reply(&self) -> Option<&Response> {
        match &self.0.cause {
            Cause::Transport(error) => error.partial(),
            _ => self.0.reply.as_ref(),
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

    /// Returns the HTTP status. Returns `None` if no response, not even its beginning, was
    /// received.
    pub fn status(&self) -> Option<StatusCode> {
        self.reply().map(Response::status)
    }

    /// Returns the headers of the response. Returns `None` if none was received.
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.reply().map(Response::headers)
    }

    /// Returns the unchanged body of the response, or as much of it as was received. It is empty if
    /// no response was received.
    pub fn body(&self) -> &[u8] {
        self.reply().map(|reply| reply.body().as_slice()).unwrap_or_default()
    }

    /// Returns the body of the response as a string. Bytes that are not UTF-8 become U+FFFD.
    pub fn body_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.body())
    }

    /// Returns the provider's error code, or that of the first of its [`details`](Error::details).
    /// Secrets of the request are replaced by `***`.
    pub fn code(&self) -> Option<&str> {
        let error = self.response_error()?;
        error.code.as_deref().or_else(|| error.details.first()?.code.as_deref())
    }

    /// Returns the provider's message, or that of the first of its [`details`](Error::details).
    /// Secrets of the request are replaced by `***`, here and in all other texts of an error;
    /// [`body_text`](Error::body_text) returns the unchanged text of the server.
    pub fn message(&self) -> Option<&str> {
        let error = self.response_error()?;
        error.message.as_deref().or_else(|| error.details.first()?.message.as_deref())
    }

    /// Returns the provider's list of errors, one entry for each field. It is empty if the provider
    /// sends none. Secrets of the request are replaced by `***`.
    pub fn details(&self) -> &[Detail] {
        self.response_error().map(|error| error.details.as_slice()).unwrap_or_default()
    }

    /// Returns what the response contains in addition to the error, if the provider's crate added a
    /// payload of this type.
    ///
    /// ```
    /// use api_auth::{Error, ErrorKind, ResponseError};
    ///
    /// let error = Error::from(ResponseError::new(ErrorKind::Declined).with_payload(42_u32));
    /// assert_eq!(error.payload::<u32>(), Some(&42));
    /// assert_eq!(error.payload::<String>(), None);
    /// ```
    pub fn payload<T: Any>(&self) -> Option<&T> {
        self.response_error()?.payload.as_ref()?.downcast_ref()
    }

    /// Returns the provider's id of the request, from its body or the `x-request-id` header.
    /// Secrets of the request are replaced by `***`.
    pub fn request_id(&self) -> Option<&str> {
        self.response_error()
            .and_then(|error| error.request_id.as_deref())
            .or(self.0.redacted_id.as_deref())
            .or_else(|| request_id(self.headers()?))
    }

    /// Returns how long to wait before the next request, as requested by the server
    /// (`Retry-After`).
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns the name of the invalid argument.
    pub fn argument(&self) -> Option<&str> {
        match &self.0.cause {
            Cause::Input(error) => Some(error.argument()),
            _ => None,
        }
    }

    /// Returns the position of the error in the argument, in bytes from 0, for arguments with a
    /// syntax of their own such as rules.
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

    /// Returns whether the same request may be sent again later: it failed for a temporary reason,
    /// and is safe to retry. The client itself does not retry it any more: its attempts are
    /// exhausted, or `Retry-After` is longer than it waits.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Returns whether the request may have reached the server. [`Sent::Maybe`] for a write means
    /// that its outcome is unknown: look it up before repeating the request.
    pub fn sent(&self) -> Sent {
        match &self.0.cause {
            _ if self.0.unsent => Sent::No,
            Cause::Input(_) => Sent::No,
            Cause::Transport(error) => error.sent(),
            Cause::ResponseError(_) => Sent::Maybe,
        }
    }

    /// Returns what is known about the request: not sent, rejected, accepted or unknown.
    ///
    /// The server rejected the request if the status is 4xx, or if the response is an error with
    /// status 2xx. It accepted the request if a 2xx response cannot be read, or if only the payment
    /// was declined.
    pub fn delivery(&self) -> Delivery {
        if self.sent() == Sent::No {
            return Delivery::NotSent;
        }
        let Some(status) = self.status() else {
            return Delivery::Unknown;
        };
        match &self.0.cause {
            _ if status.is_client_error() => Delivery::Refused,
            Cause::ResponseError(error) if status.is_success() => match error.kind {
                ErrorKind::Decode | ErrorKind::Declined => Delivery::Accepted,
                _ => Delivery::Refused,
            },
            Cause::Transport(_) if status.is_success() => Delivery::Accepted,
            _ => Delivery::Unknown,
        }
    }

    /// Returns whether a write may have been carried out although there is no usable response: the
    /// response was lost, or was accepted and could not be read. Look the record up before
    /// repeating the request. Always `false` for idempotent requests.
    pub fn outcome_unknown(&self) -> bool {
        let unread = match self.delivery() {
            Delivery::Unknown => true,
            Delivery::Accepted => self.kind() != ErrorKind::Declined,
            Delivery::NotSent | Delivery::Refused => false,
        };
        unread && !self.0.idempotent
    }

    /// Returns what to do about the error, if there is general advice.
    fn hint(&self) -> Option<&'static str> {
        Some(match self.kind() {
            _ if self.outcome_unknown() => {
                "the request may have been carried out: look it up before you repeat it"
            }
            ErrorKind::Transport if self.0.retryable => "the same call may succeed later",
            ErrorKind::Auth => "check the credentials, their permissions and the environment",
            ErrorKind::RateLimited => "wait before the next call; `retry_after()` may say how long",
            ErrorKind::Decode => "the response is not as documented; `body()` has it",
            ErrorKind::Verify => "do not trust the message",
            ErrorKind::Input | ErrorKind::Transport | ErrorKind::Api | ErrorKind::Declined => {
                return None;
            }
        })
    }

    /// Returns the provider's name, such as `tpay`. It is empty for errors outside a request.
    pub fn provider(&self) -> &'static str {
        self.0.provider
    }

    /// Returns the error of the transport, for kind [`ErrorKind::Transport`].
    pub fn transport_error(&self) -> Option<&TransportError> {
        match &self.0.cause {
            Cause::Transport(error) => Some(error),
            Cause::Input(_) | Cause::ResponseError(_) => None,
        }
    }

    /// Returns the endpoint's id, such as `access.grant`. It is empty for errors outside a request.
    /// If the request for a token or session failed, this is the id of its endpoint, such as
    /// `oauth.token`: the request itself was not sent.
    pub fn endpoint(&self) -> &'static str {
        self.0.endpoint
    }

    /// Returns how many times the request to this [`endpoint`](Error::endpoint) was sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }
}

/// Returns the request id of a common header, for logs and errors.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-request-id")?.to_str().ok()
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
        // One line, whatever the text of the server contains.
        for char in self.0.cause.to_string().chars() {
            write!(f, "{}", if char.is_control() { ' ' } else { char })?;
        }
        if self.0.attempts > 1 {
            write!(f, " after {} attempts", self.0.attempts)?;
        }
        match self.request_id() {
            Some(id) => write!(f, " (request {})", id.escape_debug()),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    /// Never formats headers and body, which may contain tokens and keys.
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
            .field("body_length", &self.body().len())
            .finish()
    }
}

impl StdError for Error {
    /// Returns the source of the transport error. What Display shows is not repeated.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.cause {
            Cause::Transport(error) => error.source(),
            Cause::Input(_) | Cause::ResponseError(_) => None,
        }
    }
}

impl From<InputError> for Error {
    fn from(error: InputError) -> Self {
        Self::from_cause(Cause::Input(error))
    }
}

impl From<ResponseError> for Error {
    /// Creates an error outside a request, such as for a notification that is not genuine.
    fn from(error: ResponseError) -> Self {
        Self::from_cause(Cause::ResponseError(error))
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        Self::from_cause(Cause::Transport(error))
    }
}

#[cfg(test)]
mod tests;
