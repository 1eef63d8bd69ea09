//! The constants of a provider.

use http::StatusCode;

use crate::encode::Encoding;
use crate::error::response::ResponseError;
use crate::message::Response;

/// Constants that all clients of a provider share.
///
/// See the example in [`Client`](crate::Client).
#[derive(Debug)]
pub struct Provider {
    /// The name of the provider in errors and logs, such as `tpay`.
    pub name: &'static str,
    /// The crate's part of the User-Agent, such as `tinypass-client/0.1.0`.
    pub user_agent: &'static str,
    /// The encoding of parameters in queries and forms.
    pub encoding: Encoding,
    /// The statuses after which an idempotent request is retried, such as 429 and 503.
    pub retry_statuses: &'static [u16],
    /// The names of parameters, JSON members and headers of requests that contain secrets, in
    /// addition to those whose name identifies a secret. Their values are masked in printed
    /// commands and recordings and redacted in errors, whatever credential the request is signed
    /// with.
    pub secret_parameters: &'static [&'static str],
    /// The function that parses an error response, such as [`status_error`].
    pub read_error: fn(&Response) -> ResponseError,
}

/// Returns an error with the status and the beginning of the body of a response. For a redirect,
/// the message says instead that redirects are never followed. This is the usual
/// [`Provider::read_error`] for providers whose error responses have no format of their own.
///
/// See the example in [`Client`](crate::Client).
pub fn status_error(response: &Response) -> ResponseError {
    match response.status() {
        status if status.is_redirection() => ResponseError::of_status(StatusCode::FOUND)
            .with_message(
                "the server sent a redirect, and redirects are never followed; check the base URL",
            ),
        status => ResponseError::of_status(status).with_text_of(response),
    }
}
