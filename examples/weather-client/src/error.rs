//! Error responses of the service: `{"error":"text"}`.

use api_auth::{Response, ResponseError, json, status_error};
use serde::Deserialize;

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// Parses an error response. The status determines the kind, and the body only adds its message.
pub(crate) fn read(response: &Response) -> ResponseError {
    match json::<Refusal>(response) {
        Ok(refusal) => ResponseError::of_status(response.status()).with_message(refusal.error),
        Err(_) => status_error(response),
    }
}
