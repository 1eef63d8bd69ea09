//! The visitors that are passed to `serde_json`: conversions between strings, numbers and empty
//! values.

use std::fmt;

use serde::de::{
    self, Deserializer, EnumAccess, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor,
};

use crate::json::Pass;
use crate::json::access::{Entries, Items, Nothing, NumberedItems, Variants};
use crate::json::error::{Error, Forms, Kind, unexpected};
use crate::json::members::Members;

// The value that a type requests; `OPEN` is any scalar. Types from `LIST` on reject scalars.
pub(super) const ANY: u8 = 0;
pub(super) const TEXT: u8 = 1;
pub(super) const INTEGER: u8 = 2;
pub(super) const BOOLEAN: u8 = 3;
pub(super) const FLOAT: u8 = 4;
pub(super) const OPEN: u8 = 5;
pub(super) const LIST: u8 = 6;
pub(super) const MAP: u8 = 7;
pub(super) const STRUCT: u8 = 8;

/// A visitor that converts values leniently for a type that requests `MODE`, such as [`INTEGER`].
/// Its conditions on `MODE` are constants (`if const`), so that code for other modes is not compiled
/// for a type.
pub(super) struct Wrap<'p, V, const MODE: u8> {
    pub(super) visitor: V,
    pub(super) pass: &'p Pass,
    /// The names of the fields of a struct. Empty for any other type.
    pub(super) fields: &'static [&'static str],
}

/// Returns whether a JSON value is a number, judging by its first character.
pub(super) fn is_number(text: &str) -> bool {
    text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

impl<'de, V: Visitor<'de>, const MODE: u8> Wrap<'_, V, MODE> {
    /// Visits an empty list or, in any mode other than [`LIST`], an empty map.
    #[inline]
    fn nothing(self) -> Result<V::Value, Error> {
        if const { MODE == LIST } {
            self.visitor.visit_seq(Nothing)
        } else {
            self.visitor.visit_map(Nothing)
        }
    }

    /// Parses a string that was sent in place of another scalar, a list or a map.
    fn parse(self, text: &str) -> Result<V::Value, Error> {
        let trimmed = text.trim();
        match MODE {
            LIST | MAP if text.is_empty() => return self.nothing(),
            BOOLEAN if matches!(trimmed, "1" | "true") => return self.visitor.visit_bool(true),
            BOOLEAN if matches!(trimmed, "0" | "false") => return self.visitor.visit_bool(false),
            FLOAT => {
                if let Ok(number) = trimmed.parse::<f64>()
                    && number.is_finite()
                {
                    return self.visitor.visit_f64(number);
                }
            }
            INTEGER => {
                if let Some(number) = integer(trimmed) {
                    return match (i64::try_from(number), u64::try_from(number)) {
                        (Ok(number), _) => self.visitor.visit_i64(number),
                        (_, Ok(number)) => self.visitor.visit_u64(number),
                        _ => self.visitor.visit_i128(number),
                    };
                }
                if let Ok(number) = trimmed.parse() {
                    return self.visitor.visit_u128(number);
                }
            }
            _ => {}
        }
        self.visitor.visit_str(if trimmed.is_empty() { "" } else { text })
    }
}

/// Parses a whole number, such as `12`, `12.00` or `1.2e1`. Returns `None` if the number is not
/// whole, or does not fit into 128 bits.
pub(super) fn integer(text: &str) -> Option<i128> {
    // `+5` is not a JSON number.
    if text.starts_with('+') {
        return None;
    }
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let part = part.trim_end_matches('0');
    let shift = exponent.checked_sub(i32::try_from(part.len()).ok()?)?;
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(part) || whole.is_empty() && part.is_empty() {
        return None;
    }
    let digits: i128 = [whole, part].concat().parse().ok()?;
    match 10i128.checked_pow(shift.unsigned_abs()) {
        _ if digits == 0 => Some(0),
        Some(unit) if shift >= 0 => digits.checked_mul(unit),
        Some(unit) => (digits % unit == 0).then_some(digits / unit),
        None => None,
    }
}

/// Returns whether a JSON number is a whole number that fits into 128 bits.
pub(super) fn is_integer(text: &str) -> bool {
    integer(text).is_some() || text.parse::<u128>().is_ok()
}

/// Returns a float as a whole number, if it represents that number exactly.
fn exact_integer(number: f64) -> Option<i64> {
    /// The smallest whole number that a float cannot distinguish from the next one: 2^53.
    const INEXACT: f64 = 9_007_199_254_740_992.0;
    let is_exact = number.fract() == 0.0 && number.abs() < INEXACT;
    if is_exact { format!("{number:.0}").parse().ok() } else { None }
}

/// Returns the error for a list that was sent in place of another value.
#[cold]
#[inline(never)]
fn reject_list<E: de::Error>(pass: &Pass, is_empty: bool, expected: &dyn de::Expected) -> E {
    let kind = if is_empty { Kind::Empty(Forms::LIST) } else { Kind::Plain };
    pass.lower(Error::new(kind, unexpected("sequence", &expected.to_string())))
}

/// Returns the error for a scalar that was sent in place of a list, map or struct. This function is
/// compiled once instead of once per type.
#[cold]
#[inline(never)]
fn mismatch<E: de::Error>(pass: &Pass, found: Unexpected<'_>, expected: &dyn de::Expected) -> E {
    pass.lower(de::Error::invalid_type(found, expected))
}

macro_rules! forward {
    ($($method:ident($type:ty);)*) => { $(
        #[inline]
        fn $method<E: de::Error>(self, value: $type) -> Result<V::Value, E> {
            let pass = self.pass;
            pass.lowered(self.visitor.$method(value))
        }
    )* };
}

impl<'de, V: Visitor<'de>, const MODE: u8> Visitor<'de> for Wrap<'_, V, MODE> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    forward! {
        visit_i128(i128);
        visit_u128(u128);
        visit_char(char);
        visit_bytes(&[u8]);
        visit_borrowed_bytes(&'de [u8]);
        visit_byte_buf(Vec<u8>);
    }

    #[inline]
    fn visit_bool<E: de::Error>(self, value: bool) -> Result<V::Value, E> {
        let pass = self.pass;
        if const { MODE == STRUCT } || (const { MODE >= LIST } && (value || pass.is_empty_response))
        {
            return Err(mismatch(pass, Unexpected::Bool(value), &self.visitor));
        }
        let value = match MODE {
            TEXT => self.visitor.visit_borrowed_str(if value { "true" } else { "false" }),
            LIST | MAP => self.nothing(),
            _ => self.visitor.visit_bool(value),
        };
        pass.lowered(value)
    }

    #[inline]
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<V::Value, E> {
        let pass = self.pass;
        if const { MODE >= LIST } {
            return Err(mismatch(pass, Unexpected::Unsigned(value), &self.visitor));
        }
        let value = match MODE {
            TEXT => self.visitor.visit_string(value.to_string()),
            BOOLEAN if value < 2 => self.visitor.visit_bool(value == 1),
            _ => self.visitor.visit_u64(value),
        };
        pass.lowered(value)
    }

    #[inline]
    fn visit_i64<E: de::Error>(self, value: i64) -> Result<V::Value, E> {
        let pass = self.pass;
        if const { MODE >= LIST } {
            return Err(mismatch(pass, Unexpected::Signed(value), &self.visitor));
        }
        let value = match MODE {
            TEXT => self.visitor.visit_string(value.to_string()),
            _ => self.visitor.visit_i64(value),
        };
        pass.lowered(value)
    }

    #[inline]
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<V::Value, E> {
        let pass = self.pass;
        if const { MODE >= LIST } {
            return Err(mismatch(pass, Unexpected::Float(value), &self.visitor));
        }
        let value = match MODE {
            TEXT | OPEN => Err(Error::new(
                Kind::Exact,
                "the number cannot be represented without losing digits",
            )),
            INTEGER => match exact_integer(value) {
                Some(whole) => self.visitor.visit_i64(whole),
                None if value.fract() == 0.0 => {
                    Err(Error::new(Kind::Exact, "the number is too large"))
                }
                None => self.visitor.visit_f64(value),
            },
            _ => self.visitor.visit_f64(value),
        };
        pass.lowered(value)
    }

    #[inline]
    fn visit_str<E: de::Error>(self, value: &str) -> Result<V::Value, E> {
        let pass = self.pass;
        if const { MODE == STRUCT }
            || (const { MODE >= LIST } && (!value.is_empty() || pass.is_empty_response))
        {
            return Err(mismatch(pass, Unexpected::Str(value), &self.visitor));
        }
        let value = match MODE {
            TEXT | ANY | OPEN => self.visitor.visit_str(value),
            _ => self.parse(value),
        };
        pass.lowered(value)
    }

    #[inline]
    fn visit_borrowed_str<E: de::Error>(self, value: &'de str) -> Result<V::Value, E> {
        let pass = self.pass;
        match MODE {
            TEXT | ANY | OPEN => {
                let text = self.visitor.visit_borrowed_str(value);
                pass.lowered(text)
            }
            _ => self.visit_str(value),
        }
    }

    #[inline]
    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        let pass = self.pass;
        if const { MODE == STRUCT } || (const { MODE >= LIST } && pass.is_empty_response) {
            return Err(mismatch(pass, Unexpected::Unit, &self.visitor));
        }
        let value = match MODE {
            LIST | MAP => self.nothing(),
            _ => self.visitor.visit_unit(),
        };
        pass.lowered(value)
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<V::Value, A::Error> {
        let pass = self.pass;
        if const { MODE == LIST || MODE == ANY } {
            let list = self.visitor.visit_seq(Items::new(items, pass));
            return pass.lowered(list);
        }
        if const { MODE < LIST } {
            return Err(reject_list(pass, false, &self.visitor));
        }
        let is_empty = items.next_element::<IgnoredAny>()?.is_none();
        if const { MODE == MAP } && is_empty {
            return pass.lowered(self.nothing());
        }
        Err(reject_list(pass, is_empty, &self.visitor))
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        let pass = self.pass;
        let value = match MODE {
            LIST if pass.is_empty_response => {
                return Err(mismatch(pass, Unexpected::Map, &self.visitor));
            }
            LIST => self.visitor.visit_seq(NumberedItems::new(entries, pass)),
            STRUCT => {
                let owner = std::any::type_name::<V::Value>();
                let size = size_of::<V::Value>();
                pass.lowered(pass.charge(size))?;
                let read = self.visitor.visit_map(Members::new(entries, pass, owner, self.fields));
                pass.charged.set(size);
                read
            }
            _ => self.visitor.visit_map(Entries::new(entries, pass)),
        };
        pass.lowered(value)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let pass = self.pass;
        let value = self.visitor.visit_newtype_struct(super::Lenient::<_>::new(inner, pass));
        pass.lowered(value)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        let pass = self.pass;
        let value = self.visitor.visit_enum(Variants::new(variant, pass));
        pass.lowered(value)
    }
}
