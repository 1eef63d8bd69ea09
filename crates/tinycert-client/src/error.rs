//! How TinyCert says no, and answers that nobody documents.

use api_auth::{
    Error, ErrorKind, ExtraFields, Response, ResponseError, json, required, status_error, wire,
    wire_enum,
};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

wire_enum! {
    /// Why the server refuses; see [`ErrorCode::of`]. It says more than the HTTP status.
    ///
    /// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/errors`, which is kept
    /// in part; the codes after `NotFound`, the official PHP client.
    pub enum ErrorCode {
        /// The id belongs to another account, or the login is wrong.
        AccessDenied = "AccessDenied",
        /// The account's data is damaged.
        AccountError = "AccountError",
        /// There is no account with that e-mail address.
        AccountNotFound = "AccountNotFound",
        /// The account could not be loaded; it may work later.
        AccountNotLoaded = "AccountNotLoaded",
        /// The API key is not that of the account.
        ApiKeyMismatch = "ApiKeyMismatch",
        /// A value is wrong; the message names the parameter.
        InputFailure = "InputFailure",
        /// The session is unknown or has expired.
        InvalidToken = "InvalidToken",
        /// Not a POST request.
        MethodDisallowed = "MethodDisallowed",
        /// A parameter is missing; the message names it.
        MissingParameter = "MissingParameter",
        /// There is no CA or certificate with that id.
        NotFound = "NotFound",
        /// The certificate was reissued before: use its successor.
        NotLatest = "NotLatest",
        /// The passphrase is wrong.
        PassphraseFailure = "PassphraseFailure",
        /// CAs or certificates are created too fast.
        RateLimitExceeded = "RateLimitExceeded",
        /// The session was not set up properly.
        SessionError = "SessionError",
        /// The digest does not fit the body.
        SignatureFailure = "SignatureFailure",
        /// A certificate that is expired or obsolete keeps its status.
        StatusDisallowed = "StatusDisallowed",
        /// Anything else.
        UnknownError = "UnknownError",
    }
}

impl ErrorCode {
    /// The code that an error of a call carries, if the server sent one.
    ///
    /// ```
    /// use tinycert_client::{CertId, ErrorCode};
    ///
    /// # use tinycert_client::{Client, Request, Response, StatusCode, TransportError};
    /// # let server = |_: Request| -> Result<_, TransportError> {
    /// #     let mut response = Response::new(br#"{"code":"NotLatest"}"#.to_vec());
    /// #     *response.status_mut() = StatusCode::BAD_REQUEST;
    /// #     Ok(response)
    /// # };
    /// # let session = Client::builder("key").transport(server).build()?.resume("token");
    /// match session.reissue_cert(CertId::new(14236)) {
    ///     Ok(id) => println!("now {id}"),
    ///     Err(error) if ErrorCode::of(&error) == Some(ErrorCode::NotLatest) => println!("was done"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok::<(), tinycert_client::Error>(())
    /// ```
    pub fn of(error: &Error) -> Option<Self> {
        error.code().map(Self::from)
    }

    /// What the caller can do about it; `None` leaves it to the status.
    fn kind(&self) -> Option<ErrorKind> {
        Some(match self {
            Self::AccessDenied
            | Self::AccountNotFound
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

/// `{"code":"...","text":"..."}`
#[derive(Deserialize)]
struct Refusal {
    #[serde(default, deserialize_with = "wire::text")]
    code: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    text: Option<String>,
}

impl Refusal {
    fn code(&self) -> ErrorCode {
        ErrorCode::from(self.code.as_deref().unwrap_or_default())
    }

    fn into_fault(self, response: &Response) -> ResponseError {
        let kind = self.code().kind();
        let mut error =
            kind.map_or_else(|| ResponseError::of_status(response.status()), ResponseError::new);
        if let Some(code) = self.code {
            error = error.with_code(code);
        }
        match self.text {
            Some(text) => error.with_message(text),
            None => error,
        }
    }
}

/// Reads an answer whose status is an error. The code decides, and the status where there is none.
pub(crate) fn read(response: &Response) -> ResponseError {
    match json::<Refusal>(response) {
        Ok(refusal) if refusal.code.is_some() || refusal.text.is_some() => {
            refusal.into_fault(response)
        }
        _ => status_error(response),
    }
}

/// Whether an answer says that the session must be opened anew.
pub(crate) fn session_is_over(response: &Response) -> bool {
    !response.status().is_success()
        && json::<Refusal>(response).is_ok_and(|refusal| {
            matches!(refusal.code(), ErrorCode::InvalidToken | ErrorCode::SessionError)
        })
}

/// Reads a success. A refusal on HTTP 200 is a refusal.
pub(crate) fn answer<T: DeserializeOwned>(response: &Response) -> Result<T, ResponseError> {
    json(response).map_err(|error| refusal_or(error, response))
}

/// Reads the one text that an object is there for.
pub(crate) fn text(response: &Response, name: &str) -> Result<String, ResponseError> {
    let fields: ExtraFields = answer(response)?;
    required(name, fields.text(name).filter(|text| !text.is_empty()))
        .map_err(|missing| refusal_or(missing, response))
}

fn refusal_or(error: ResponseError, response: &Response) -> ResponseError {
    match json::<Refusal>(response) {
        Ok(refusal) if refusal.code().is_known() => refusal.into_fault(response),
        _ => error,
    }
}

/// Reads the success of a call whose body nobody documents: it may be anything, or nothing, but
/// not a refusal, not half an object and not a page of a proxy.
pub(crate) fn done(response: &Response) -> Result<(), ResponseError> {
    match response.body().trim_ascii_start().first() {
        Some(b'{') => {
            let refusal: Refusal = json(response)?;
            if refusal.code().is_known() { Err(refusal.into_fault(response)) } else { Ok(()) }
        }
        Some(b'[') => json::<IgnoredAny>(response).map(drop),
        Some(b'<') => {
            Err(ResponseError::new(ErrorKind::Decode).with_message("a page, not an answer"))
        }
        _ => Ok(()),
    }
}
