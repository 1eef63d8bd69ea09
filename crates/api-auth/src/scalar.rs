//! Deserializers of strings, numbers and booleans, each of which a response may contain in place of
//! another.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Error as _, Expected, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::json::{DIGITS, EMPTY_VALUE, SCALAR};

/// A JSON value that is neither an array nor an object.
pub(crate) enum Scalar<'de> {
    Null,
    Boolean(bool),
    Integer(i64),
    /// A string, or the digits of a number.
    Text(Cow<'de, str>),
}

/// A visitor that reads a scalar, from `api_auth::json` or any other deserializer.
struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a number")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, other: D) -> Result<Self::Value, D::Error> {
        other.deserialize_any(self)
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
        Ok(match i64::try_from(value) {
            Ok(value) => Scalar::Integer(value),
            Err(_) => Scalar::Text(Cow::Owned(value.to_string())),
        })
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Integer(value))
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
    #[inline]
    pub(crate) fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(SCALAR, ScalarVisitor)
    }

    #[inline]
    fn into_text(self) -> Option<Cow<'de, str>> {
        match self {
            Self::Null => None,
            Self::Boolean(value) => Some(Cow::Borrowed(if value { "true" } else { "false" })),
            Self::Integer(number) => Some(Cow::Owned(number.to_string())),
            Self::Text(text) => Some(text),
        }
    }
}

/// A visitor that reads a scalar in which each number is a string of its digits, from
/// `api_auth::json` or from `serde_json`.
struct DigitsVisitor;

impl<'de> Visitor<'de> for DigitsVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ScalarVisitor.expecting(f)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, other: D) -> Result<Self::Value, D::Error> {
        let raw = Box::<RawValue>::deserialize(other)?;
        if raw.get().starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return self.visit_str(raw.get());
        }
        let scalar = serde_json::Deserializer::from_str(raw.get()).deserialize_any(ScalarVisitor);
        match scalar.map_err(D::Error::custom)? {
            Scalar::Text(text) => self.visit_str(&text),
            Scalar::Integer(number) => self.visit_string(number.to_string()),
            Scalar::Boolean(value) => self.visit_bool(value),
            Scalar::Null => self.visit_unit(),
        }
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Boolean(value))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Null)
    }
}

/// Creates the error for a required value that is null, `false` or an empty string. An `Option` of
/// the type is `None` for such a value.
///
/// See the example in the module [`wire`](crate::wire).
pub fn empty_value<E: de::Error>(expected: &dyn Expected) -> E {
    E::invalid_type(Unexpected::Other(EMPTY_VALUE), expected)
}

/// Reads a string, or the digits of a number. Returns `None` for null and `false`.
pub(crate) fn exact_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Cow<'de, str>>, D::Error> {
    match deserializer.deserialize_newtype_struct(DIGITS, DigitsVisitor)? {
        Scalar::Boolean(false) => Ok(None),
        scalar => Ok(scalar.into_text()),
    }
}

/// Deserializes a string from a JSON string, number or boolean. Returns `None` for null.
///
/// See the example in the module [`wire`](crate::wire).
///
/// # Errors
/// Returns an error if the value is an array or an object.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    borrowed_text(deserializer).map(|text| text.map(Cow::into_owned))
}

/// Deserializes like [`text`], and borrows from the input if possible. Use it for values that are
/// compared and not stored.
///
/// See the example in the module [`wire`](crate::wire).
///
/// # Errors
/// Returns an error if the value is an array or an object.
pub fn borrowed_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Cow<'de, str>>, D::Error> {
    Ok(Scalar::read(deserializer)?.into_text())
}
