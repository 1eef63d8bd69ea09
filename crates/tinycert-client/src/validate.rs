//! Validation before a request is sent, in addition to that of all providers.

use api_auth::InputError;
pub(crate) use api_auth::validate::{no_control, not_empty};

/// Validates a country code: two capital letters, ISO 3166-1.
pub(crate) fn country(country: &str) -> Result<(), InputError> {
    if country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(());
    }
    Err(InputError::new("country", "must be two capital letters, such as US"))
}
