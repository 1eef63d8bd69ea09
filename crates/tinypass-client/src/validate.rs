//! What is refused before it is sent, besides what holds for every provider.

use api_auth::InputError;
pub(crate) use api_auth::validate::{max_chars, not_empty};

/// A rid is what the publisher chose: 1 to 255 characters that are not all white space.
pub(crate) fn rid(rid: &str) -> Result<(), InputError> {
    not_empty("rid", rid)?;
    max_chars("rid", rid, 255)
}

/// The rid of a search, which may be left out.
pub(crate) fn some_rid(rid: Option<&str>) -> Result<(), InputError> {
    rid.map_or(Ok(()), self::rid)
}
