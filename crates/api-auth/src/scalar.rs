//! Deserializers of strings, numbers and booleans, each of which a response may contain in place of
//! another.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Error as _, Expected, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::json::{EMPTY_VALUE, SCALAR};

/// A scalar of the input.
pub(crate) enum Scalar<'de> {
    Null,
    Boolean(bool),
    /// A string, or the digits of a number.
    Text(Cow<'de, str>),
}

/// Reads a scalar. `api_auth::json` hands over the digits of a number. Any other deserializer reads
/// the value itself: as JSON if `EXACT`, so that no digit is lost.
struct ScalarVisitor<const EXACT: bool>;

impl<'de, const EXACT: bool> Visitor<'de> for ScalarVisitor<EXACT> {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a number")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        if !EXACT {
            return deserializer.deserialize_any(self);
        }
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        match raw.get() {
            text if text.starts_with(['"', 't', 'f', 'n', '[', '{']) => {
                let visitor = ScalarVisitor::<false>;
                let text = serde_json::Deserializer::from_str(text).deserialize_any(visitor);
                text.map(Scalar::into_owned).map_err(D::Error::custom)
            }
            number => Ok(Scalar::Text(Cow::Owned(number.to_owned()))),
        }
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(value.to_string())))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(value.to_string())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(value.to_string())))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Boolean(value))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Null)
    }
}

impl<'de> Scalar<'de> {
    pub(crate) fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(SCALAR, ScalarVisitor::<false>)
    }

    fn into_owned<'a>(self) -> Scalar<'a> {
        match self {
            Self::Null => Scalar::Null,
            Self::Boolean(value) => Scalar::Boolean(value),
            Self::Text(text) => Scalar::Text(Cow::Owned(text.into_owned())),
        }
    }

    fn into_text(self) -> Option<Cow<'de, str>> {
        match self {
            Self::Null => None,
            Self::Boolean(value) => Some(Cow::Borrowed(if value { "true" } else { "false" })),
            Self::Text(text) => Some(text),
        }
    }
}

/// Creates the error of a required value that is null, `false` or an empty string. An `Option` of
/// the type is `None` then.
pub fn empty_value<E: de::Error>(expected: &dyn Expected) -> E {
    E::invalid_type(Unexpected::Other(EMPTY_VALUE), expected)
}

/// Reads a string, or the digits of a number. Returns `None` for null and `false`.
pub(crate) fn exact_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Cow<'de, str>>, D::Error> {
    match deserializer.deserialize_newtype_struct(SCALAR, ScalarVisitor::<true>)? {
        Scalar::Boolean(false) => Ok(None),
        scalar => Ok(scalar.into_text()),
    }
}

/// Deserializes a string from a JSON string, number or boolean. Returns `None` for null.
///
/// # Errors
/// Returns an error if the value is an array or an object.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    borrowed_text(deserializer).map(|text| text.map(Cow::into_owned))
}

/// Deserializes like [`text`], and borrows from the input if possible: for values that are compared
/// and not stored.
///
/// # Errors
/// Returns an error if the value is an array or an object.
pub fn borrowed_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Cow<'de, str>>, D::Error> {
    Ok(Scalar::read(deserializer)?.into_text())
}
