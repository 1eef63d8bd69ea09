//! Validates arguments before a request is sent, in addition to the rules in `api_auth`.

use api_auth::InputError;
pub(crate) use api_auth::validate::{has_outer_space, max_chars, no_control, not_empty};

/// Validates a country code, which consists of two capital letters (ISO 3166-1).
pub(crate) fn country(country: &str) -> Result<(), InputError> {
    if country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(());
    }
    Err(InputError::new("country", "must be two capital letters, such as US"))
}

/// The maximum length of a common name, organization or organizational unit in characters. Source:
/// RFC 5280, appendix A.1.
const NAME: usize = 64;
/// The maximum length of a city or state in characters. Source: RFC 5280, appendix A.1.
const PLACE: usize = 128;

/// Validates a required name in a subject. The name must not begin or end with whitespace, because
/// it is later compared with names in lists.
pub(crate) fn name(argument: &'static str, name: &str) -> Result<(), InputError> {
    not_empty(argument, name)?;
    no_control(argument, name)?;
    if name.trim() != name {
        return Err(InputError::new(argument, "must not begin or end with whitespace"));
    }
    max_chars(argument, name, NAME)
}

/// Validates the organizational unit, city and state of a subject.
pub(crate) fn optional_names(
    organizational_unit: Option<&str>,
    locality: Option<&str>,
    state: Option<&str>,
) -> Result<(), InputError> {
    for (argument, value, most) in [
        ("organizational_unit", organizational_unit, NAME),
        ("locality", locality, PLACE),
        ("state", state, PLACE),
    ] {
        let Some(value) = value else { continue };
        no_control(argument, value)?;
        max_chars(argument, value, most)?;
    }
    Ok(())
}
