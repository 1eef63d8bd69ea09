//! Error responses of the TinyCert API: the codes ([`ErrorCode`]), and the trait [`ErrorExt`],
//! whose method returns the code of an error. See the example on [`ErrorExt::error_code`].

use api_auth::{
    Error, ErrorKind, ExtraFields, Response, ResponseError, json, json_start, required,
    status_error, wire_enum,
};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

wire_enum! {
    /// The code in an error response; see [`ErrorExt::error_code`]. It is more specific than the
    /// HTTP status.
    ///
    /// See the example on [`ErrorExt::error_code`].
    ///
    /// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/errors`, which is only
    /// partly available. The codes after `NotFound` are from the official PHP client.
    pub enum ErrorCode {
        /// The id belongs to another account ([`ErrorKind::Api`]). From `session.connect`, this
        /// code means that the login is invalid ([`ErrorKind::Auth`]).
        AccessDenied = "AccessDenied",
        /// The account's data is damaged.
        AccountError = "AccountError",
        /// There is no account with this e-mail address.
        AccountNotFound = "AccountNotFound",
        /// The account could not be loaded. A later request may succeed.
        AccountNotLoaded = "AccountNotLoaded",
        /// The API key does not belong to the account.
        ApiKeyMismatch = "ApiKeyMismatch",
        /// A value is invalid. The message names the parameter.
        InputFailure = "InputFailure",
        /// The session is unknown or has expired.
        InvalidToken = "InvalidToken",
        /// The request is not a POST request.
        MethodDisallowed = "MethodDisallowed",
        /// A parameter is missing. The message names the parameter.
        MissingParameter = "MissingParameter",
        /// There is no CA or certificate with this id.
        NotFound = "NotFound",
        /// The certificate has already been reissued. Use its successor.
        NotLatest = "NotLatest",
        /// The passphrase is wrong.
        PassphraseFailure = "PassphraseFailure",
        /// Too many CAs or certificates were created in a short time.
        RateLimitExceeded = "RateLimitExceeded",
        /// The session was not opened correctly.
        SessionError = "SessionError",
        /// The digest does not match the body.
        SignatureFailure = "SignatureFailure",
        /// The request would change the status of an expired or obsolete certificate, which the
        /// server does not allow.
        StatusDisallowed = "StatusDisallowed",
        /// The server failed for an unknown reason.
        UnknownError = "UnknownError",
    }
}

/// Adds the error codes of TinyCert to [`Error`]. The trait is sealed: it cannot be implemented by
/// other types.
///
/// See the example on [`ErrorExt::error_code`].
pub trait ErrorExt: sealed::Sealed {
    /// Returns the error code that the server sent, or `None` if it sent none.
    ///
    /// ```
    /// use tinycert_client::{CertId, ErrorCode, ErrorExt};
    ///
    /// # use tinycert_client::Client;
    /// # use tinycert_client::api_auth::{Request, Response, StatusCode, TransportError};
    /// # let server = |_: Request| -> Result<_, TransportError> {
    /// #     let mut response = Response::new(br#"{"code":"NotLatest"}"#.to_vec());
    /// #     *response.status_mut() = StatusCode::BAD_REQUEST;
    /// #     Ok(response)
    /// # };
    /// # let session = Client::builder("key").transport(server).build()?.resume("token");
    /// match session.reissue_cert(CertId::new(14236)) {
    ///     Ok(id) => println!("now {id}"),
    ///     Err(error) if error.error_code() == Some(ErrorCode::NotLatest) => {
    ///         println!("has already been renewed");
    ///     }
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok::<(), tinycert_client::Error>(())
    /// ```
    fn error_code(&self) -> Option<ErrorCode>;
}

impl ErrorExt for Error {
    fn error_code(&self) -> Option<ErrorCode> {
        self.code().map(ErrorCode::from)
    }
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for api_auth::Error {}
}

impl ErrorCode {
    /// Returns the kind of error that the code determines, or `None` if the kind depends on the
    /// HTTP status.
    fn kind(&self) -> Option<ErrorKind> {
        Some(match self {
            Self::AccountNotFound
            | Self::ApiKeyMismatch
            | Self::InvalidToken
            | Self::PassphraseFailure
            | Self::SessionError
            | Self::SignatureFailure => ErrorKind::Auth,
            Self::RateLimitExceeded => ErrorKind::RateLimited,
            Self::Unknown(_) => return None,
            _ => ErrorKind::Api,
        })
    }
}

/// The body of an error response: `{"code":"...","text":"..."}`.
#[derive(Deserialize)]
struct ErrorBody {
    code: Option<String>,
    text: Option<String>,
}

impl ErrorBody {
    fn code(&self) -> ErrorCode {
        ErrorCode::from(self.code.as_deref().unwrap_or_default())
    }

    fn into_error(self, response: &Response) -> ResponseError {
        match self.code().kind() {
            Some(kind) => self.into_error_of(kind),
            None => self.with(ResponseError::of_status(response.status())),
        }
    }

    fn into_error_of(self, kind: ErrorKind) -> ResponseError {
        self.with(ResponseError::new(kind))
    }

    fn with(self, mut error: ResponseError) -> ResponseError {
        if let Some(code) = self.code {
            error = error.with_code(code);
        }
        match self.text {
            Some(text) => error.with_message(text),
            None => error,
        }
    }
}

/// Parses a response whose status indicates an error. The kind of the error depends on the code in
/// the body, or on the status if the code is missing or unknown.
pub(crate) fn read(response: &Response) -> ResponseError {
    match json::<ErrorBody>(response) {
        Ok(body) if body.code.is_some() || body.text.is_some() => body.into_error(response),
        _ => status_error(response),
    }
}

/// Parses the error response to the request that opens a session.
pub(crate) fn read_login(response: &Response) -> ResponseError {
    invalid_login(response).unwrap_or_else(|| read(response))
}

/// Returns an error if the response to the request that opens a session contains the code
/// `AccessDenied`. Only in this response does the code mean that the login is invalid.
pub(crate) fn invalid_login(response: &Response) -> Option<ResponseError> {
    let body = json::<ErrorBody>(response).ok()?;
    (body.code() == ErrorCode::AccessDenied).then(|| body.into_error_of(ErrorKind::Auth))
}

/// Returns whether an error means that the server no longer knows the session.
pub(crate) fn is_session_gone(error: &Error) -> bool {
    matches!(error.error_code(), Some(ErrorCode::InvalidToken | ErrorCode::SessionError))
}

/// Returns whether a response means that the session must be reopened. This depends on the code in
/// the body, not on the status, because an error object can also have status 200.
pub(crate) fn session_expired(response: &Response) -> bool {
    json_start(response) == Some(b'{')
        && json::<ErrorBody>(response).is_ok_and(|body| {
            matches!(body.code(), ErrorCode::InvalidToken | ErrorCode::SessionError)
        })
}

/// Parses a successful response. Returns an error if a response with status 200 contains an error
/// object.
pub(crate) fn success<T: DeserializeOwned>(response: &Response) -> Result<T, ResponseError> {
    json(response).map_err(|error| reported_or(error, response))
}

/// Parses the field `name` of a response, which must be a non-empty string. Other fields are
/// ignored.
pub(crate) fn string(response: &Response, name: &str) -> Result<String, ResponseError> {
    let fields: ExtraFields = success(response)?;
    required(name, fields.text(name).filter(|text| !text.is_empty()))
        .map_err(|missing| reported_or(missing, response))
}

/// Returns the error that the response reports, or `error` if it reports none.
fn reported_or(error: ResponseError, response: &Response) -> ResponseError {
    match json::<ErrorBody>(response) {
        Ok(body) if body.code().is_known() => body.into_error(response),
        _ => error,
    }
}

/// Parses a successful response whose body is not documented. The body may be empty or have any
/// content, except an error object, incomplete JSON, or an HTML page from a proxy.
pub(crate) fn acknowledgement(response: &Response) -> Result<(), ResponseError> {
    match json_start(response) {
        Some(b'{') => {
            let body: ErrorBody = json(response)?;
            if body.code().is_known() { Err(body.into_error(response)) } else { Ok(()) }
        }
        Some(b'[') => json::<IgnoredAny>(response).map(drop),
        Some(b'<') => Err(ResponseError::new(ErrorKind::Decode)
            .with_message("expected an API response, got an HTML page")),
        _ => Ok(()),
    }
}
