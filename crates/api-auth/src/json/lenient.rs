//! The lenient deserializer, which determines the values that each type accepts.

use std::any::type_name;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde_json::de::StrRead;
use serde_json::value::RawValue;

use crate::json::error::{Error, Forms};
use crate::json::repair::RESERVED;
use crate::json::visitor::{ANY, BOOLEAN, FLOAT, INTEGER, LIST, MAP, OPEN, STRUCT, TEXT, Wrap};
use crate::json::{Pass, visitor};

/// The name of the newtype that requests a scalar: a string, an integer, another number as a string
/// of its digits, a boolean or null. A deserializer other than [`Lenient`] passes itself to
/// `visit_newtype_struct`.
pub(crate) const SCALAR: &str = "$api_auth::Scalar";

/// The name of the newtype that requests a scalar in which each number is a string of its digits.
pub(crate) const DIGITS: &str = "$api_auth::Digits";

/// The name of the newtype that requests a list or one entry of it. A single object is passed to
/// `visit_some`, an object whose names are numbers to `visit_seq`, and any other value to
/// `visit_newtype_struct`. A deserializer other than [`Lenient`] always calls
/// `visit_newtype_struct`.
pub(crate) const ONE_OR_MORE: &str = "$api_auth::OneOrMore";

/// A lenient deserializer. If `NAME` is true, it deserializes the name of a member, which is always
/// a string.
pub(super) struct Lenient<'p, D, const NAME: bool = false> {
    inner: D,
    pass: &'p Pass,
}

impl<'p, D, const NAME: bool> Lenient<'p, D, NAME> {
    #[inline]
    pub(super) fn new(inner: D, pass: &'p Pass) -> Self {
        Self { inner, pass }
    }
}

impl<'de, D: Deserializer<'de>, const NAME: bool> Lenient<'_, D, NAME> {
    #[inline]
    fn any<const MODE: u8, V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let pass = self.pass;
        let visitor = Wrap::<V, MODE> { visitor, pass, fields };
        pass.raised(self.inner.deserialize_any(visitor))
    }

    /// Deserializes a string or number. In an exact pass, it is parsed from its original text, so
    /// that a number keeps all its digits.
    #[inline]
    fn scalar<const MODE: u8, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if const { !NAME } && self.pass.exact {
            self.exact::<MODE, V>(visitor)
        } else {
            self.any::<MODE, V>(&[], visitor)
        }
    }

    #[cold]
    #[inline(never)]
    fn exact<const MODE: u8, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let pass = self.pass;
        let raw = pass.raised(<&'de RawValue>::deserialize(self.inner))?;
        let text = raw.get();
        if visitor::is_number(text) {
            if const { MODE == TEXT || MODE == OPEN } {
                return visitor.visit_borrowed_str(text);
            }
            if MODE == INTEGER && !visitor::is_integer(text) {
                return Err(Error::plain("the number is not a whole number, or is out of range"));
            }
            let visitor = Wrap::<V, MODE> { visitor, pass, fields: &[] };
            return pass.raised(visitor.visit_str::<Error>(text));
        }
        pass.reenter(text, |json| Lenient::<_>::new(json, pass).any::<MODE, V>(&[], visitor))
    }

    /// Deserializes a scalar for the newtype [`DIGITS`], with each number as a string of its
    /// digits.
    fn own_text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let pass = self.pass;
        let raw = pass.raised(<&'de RawValue>::deserialize(self.inner))?;
        let text = raw.get();
        match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(plain) if !plain.contains('\\') => visitor.visit_borrowed_str(plain),
            None if visitor::is_number(text) => visitor.visit_borrowed_str(text),
            _ => {
                pass.reenter(text, |json| Lenient::<_>::new(json, pass).any::<ANY, V>(&[], visitor))
            }
        }
    }
}

impl<'de, D: Deserializer<'de>, const NAME: bool> Lenient<'_, D, NAME> {
    /// Deserializes a list or one entry of it for the newtype [`ONE_OR_MORE`].
    #[inline(never)]
    fn one_or_more<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let pass = self.pass;
        let raw = pass.raised(<&'de RawValue>::deserialize(self.inner))?;
        let members = raw.get().strip_prefix('{');
        let is_keyed = members.is_some_and(begins_with_index);
        pass.reenter(raw.get(), |json| match members {
            Some(_) if is_keyed => Lenient::<_>::new(json, pass).deserialize_seq(visitor),
            Some(_) => visitor.visit_some(Lenient::<_>::new(json, pass)),
            None => visitor.visit_newtype_struct(Lenient::<_>::new(json, pass)),
        })
    }
}

/// Returns whether the first name of an object is a number. PHP encodes a list as such an object if
/// an entry was removed.
fn begins_with_index(members: &str) -> bool {
    let name = members.trim_ascii_start().strip_prefix('"').and_then(|rest| rest.split_once('"'));
    name.is_some_and(|(name, _)| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()))
}

impl Pass {
    /// Parses a value from its own text. Each such value has its own nesting limit, but all of them
    /// share the stack, so their number is limited, too.
    fn reenter<'de, T>(
        &self,
        text: &'de str,
        read: impl FnOnce(&mut serde_json::Deserializer<StrRead<'de>>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        /// The maximum number of enclosing values that are parsed from their own text.
        const MOST: u8 = 8;
        let depth = self.depth.get();
        if depth >= MOST {
            return Err(Error::plain("nested too deeply"));
        }
        self.depth.set(depth + 1);
        let value = read(&mut serde_json::Deserializer::from_str(text));
        self.depth.set(depth);
        value
    }
}

macro_rules! by_mode {
    ($($method:ident $how:ident $mode:ident;)*) => { $(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.$how::<$mode, V>(visitor)
        }
    )* };
}

macro_rules! unchanged {
    ($($method:ident($($arg:ident: $type:ty),*);)*) => { $(
        #[inline]
        fn $method<V: Visitor<'de>>(self, $($arg: $type,)* visitor: V) -> Result<V::Value, Error> {
            let pass = self.pass;
            let visitor = Wrap::<V, ANY> { visitor, pass, fields: &[] };
            pass.raised(self.inner.$method($($arg,)* visitor))
        }
    )* };
}

impl<'de, D: Deserializer<'de>, const NAME: bool> Deserializer<'de> for Lenient<'_, D, NAME> {
    type Error = Error;

    by_mode! {
        deserialize_str scalar TEXT;
        deserialize_string scalar TEXT;
        deserialize_i8 scalar INTEGER;
        deserialize_i16 scalar INTEGER;
        deserialize_i32 scalar INTEGER;
        deserialize_i64 scalar INTEGER;
        deserialize_u8 scalar INTEGER;
        deserialize_u16 scalar INTEGER;
        deserialize_u32 scalar INTEGER;
        deserialize_u64 scalar INTEGER;
        deserialize_i128 exact INTEGER;
        deserialize_u128 exact INTEGER;
        deserialize_f32 scalar FLOAT;
        deserialize_f64 scalar FLOAT;
    }

    unchanged! {
        deserialize_char();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_unit();
        deserialize_identifier();
        deserialize_unit_struct(name: &'static str);
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
    }

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.any::<ANY, V>(&[], visitor)
    }

    #[inline]
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let pass = self.pass;
        pass.raised(self.inner.deserialize_ignored_any(visitor))
    }

    #[inline]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.any::<BOOLEAN, V>(&[], visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let pass = self.pass;
        let visitor = Optional { visitor, pass };
        pass.raised(self.inner.deserialize_option(visitor))
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name == RESERVED {
            let pass = self.pass;
            let raw = self.inner.deserialize_newtype_struct(name, visitor);
            return pass.raised(raw);
        }
        if name == SCALAR {
            return self.scalar::<OPEN, V>(visitor);
        }
        if name == DIGITS {
            return self.own_text(visitor);
        }
        if name == ONE_OR_MORE {
            return self.one_or_more(visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.any::<LIST, V>(&[], visitor)
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.any::<MAP, V>(&[], visitor)
    }

    /// Calls `deserialize_struct` of the inner deserializer, because its `deserialize_any` would be
    /// compiled with code for scalars for each type.
    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let pass = self.pass;
        let visitor = Wrap::<V, STRUCT> { visitor, pass, fields };
        let value = self.inner.deserialize_struct(name, fields, visitor);
        pass.raised(value)
    }
}

/// The visitor of an `Option`. After the first pass, it can accept an empty value, such as `""`, as
/// `None`.
struct Optional<'p, V> {
    visitor: V,
    pass: &'p Pass,
}

impl<'de, V: Visitor<'de>> Optional<'_, V> {
    #[cold]
    fn none<E: serde::de::Error>(self) -> Result<V::Value, E> {
        let pass = self.pass;
        pass.lowered(self.visitor.visit_none())
    }

    #[cold]
    #[inline(never)]
    fn careful<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        let pass = self.pass;
        let name = type_name::<V::Value>();
        let Some(forms) = pass.empty_forms(name) else {
            let some = self.visitor.visit_some(Lenient::<_>::new(deserializer, pass));
            return some.map_err(|error| pass.lower(error.learn(name)));
        };
        let text = <&'de RawValue>::deserialize(deserializer)?.get();
        if empty_form(text).is_some_and(|form| forms.contains(form)) {
            return self.none();
        }
        let some =
            pass.reenter(text, |json| self.visitor.visit_some(Lenient::<_>::new(json, pass)));
        some.map_err(|error| pass.lower(error.learn(name)))
    }
}

/// Returns whether a JSON value is an empty value: `""`, `false` or `[]`.
pub(crate) fn is_empty_value(text: &str) -> bool {
    empty_form(text).is_some()
}

/// Returns which of the empty values (`""`, `false` and `[]`) a JSON value is. Returns `None` if it
/// is none of them.
fn empty_form(text: &str) -> Option<Forms> {
    let inner = |first, last| text.strip_prefix(first).and_then(|text| text.strip_suffix(last));
    if text == "false" {
        Some(Forms::FALSE)
    } else if inner('"', '"').is_some_and(|text: &str| text.trim().is_empty()) {
        Some(Forms::TEXT)
    } else if inner('[', ']').is_some_and(|text: &str| text.trim().is_empty()) {
        Some(Forms::LIST)
    } else {
        None
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Optional<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.none()
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.none()
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        let pass = self.pass;
        if pass.careful {
            return self.careful(deserializer);
        }
        let some = self.visitor.visit_some(Lenient::<_>::new(deserializer, pass));
        some.map_err(|error| pass.lower(error.learn(type_name::<V::Value>())))
    }
}
