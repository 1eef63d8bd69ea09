//! What is refused before it is sent, besides what holds for every provider.

use api_auth::InputError;
pub(crate) use api_auth::validate::{no_control, not_empty};

/// A country: two capital letters, ISO 3166-1.
pub(crate) fn country(country: &str) -> Result<(), InputError> {
    if country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(());
    }
    Err(InputError::new("country", "must be two capital letters, such as US"))
}
