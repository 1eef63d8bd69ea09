//! Secrets on the wire: read into [`Secret`], and written only into requests.

use api_auth::{Secret, wire};
use serde::{Deserializer, Serializer};

pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(wire::text(deserializer)?.map(Secret::from))
}

pub(crate) fn write<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

pub(crate) fn write_some<S: Serializer>(
    secret: &Option<Secret>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => write(secret, serializer),
        None => serializer.serialize_none(),
    }
}
