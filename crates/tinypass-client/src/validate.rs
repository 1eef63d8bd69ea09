//! Validation of arguments before a request is sent, in addition to the rules in `api_auth`.

use api_auth::InputError;
pub(crate) use api_auth::validate::{max_chars, not_empty};

/// Validates a resource id, which must have 1 to 255 characters that are not all whitespace.
pub(crate) fn rid(rid: &str) -> Result<(), InputError> {
    not_empty("rid", rid)?;
    max_chars("rid", rid, 255)
}

/// Validates the optional resource id of a search.
pub(crate) fn some_rid(rid: Option<&str>) -> Result<(), InputError> {
    rid.map_or(Ok(()), self::rid)
}
