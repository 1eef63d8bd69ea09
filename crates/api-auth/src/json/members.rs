//! Parses objects into structs: collects unknown members, compares the names of members, and adds
//! the names to the paths of errors.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor,
};
use serde_json::value::RawValue;

use crate::json::Pass;
use crate::json::access::Seed;
use crate::json::error::{Error, Kind, Step};
use crate::json::lenient::Lenient;

/// The size of `ExtraFields` in bytes, by which a field of this type is recognized.
pub(crate) const EXTRA_FIELDS_SIZE: usize = size_of::<Box<str>>();

/// The minimum size in bytes of a struct whose memory is not counted twice if it is inside another
/// value; see `Pass::refund`.
const SMALLEST_STRUCT: usize = 64;

/// The name of the field that collects unknown members, which must be the last field of its struct.
/// The members are passed to `visit_string` as one JSON object.
pub(super) const EXTRA: &str = "$extra";

/// A name that no field has. It is passed in place of the name of a member that is treated as
/// unknown.
const UNKNOWN: &str = "$unknown";

/// The access to the members of an object that is parsed into a struct.
pub(super) struct Members<'p, 'de, A> {
    inner: A,
    pass: &'p Pass,
    owner: Owner<'p>,
    is_done: bool,
    name: Name<'de>,
    /// The unknown members, as the text of a JSON object without its closing brace.
    extra: String,
}

/// The struct type that an object is parsed into.
pub(super) struct Owner<'p> {
    pass: &'p Pass,
    type_name: &'static str,
    /// The names of the fields, including their aliases.
    fields: &'static [&'static str],
    /// Whether the type collects unknown members, in a field that is named `$extra`.
    keeps: bool,
    /// The field (as a hash) and the name of each previous member, in a pass that compares names.
    seen: Vec<(u64, String)>,
}

impl Owner<'_> {
    /// Returns whether a member is treated as unknown although a field has its name.
    #[inline]
    fn hides(&self, name: &str) -> bool {
        (self.keeps && name == EXTRA) || (self.pass.tracks_names && self.has_other(name))
    }

    /// Returns whether the field of this name already has a value under its other name.
    #[cold]
    fn has_other(&self, name: &str) -> bool {
        let is_seen = |name: &str| self.seen.iter().any(|(_, seen)| seen == name);
        self.pass.aliases.iter().any(|(owner, [one, other])| {
            *owner == self.type_name
                && (one == name && is_seen(other) || other == name && is_seen(one))
        })
    }

    /// Records the field of a member. Returns an error if a previous member set the same field
    /// under another name.
    #[cold]
    fn track<F>(&mut self, name: &str, field: &F) -> Result<(), Error> {
        if !self.fields.contains(&name) || self.hides(name) {
            return Ok(());
        }
        // Fields are variants of an enum that `derive` makes.
        let mut hasher = DefaultHasher::new();
        std::mem::discriminant(field).hash(&mut hasher);
        let field = hasher.finish();
        match self.seen.iter().find(|(seen, other)| *seen == field && other != name) {
            Some((_, other)) => {
                let names = [other.clone(), name.to_owned()];
                Err(Error::new(
                    Kind::Alias(self.type_name, names),
                    "the object has the same field under two names",
                ))
            }
            None => {
                self.seen.push((field, name.to_owned()));
                Ok(())
            }
        }
    }
}

impl<'p, 'de, A: MapAccess<'de>> Members<'p, 'de, A> {
    #[inline]
    pub(super) fn new(
        inner: A,
        pass: &'p Pass,
        type_name: &'static str,
        fields: &'static [&'static str],
    ) -> Self {
        let keeps = fields.last() == Some(&EXTRA);
        Self {
            inner,
            pass,
            owner: Owner { pass, type_name, fields, keeps, seen: Vec::new() },
            is_done: false,
            name: Name::default(),
            extra: String::new(),
        }
    }

    /// Adds the name of the last member to the path of an error.
    #[cold]
    fn here(&self, error: A::Error) -> Error {
        self.pass.raise(error).at(Step::Member(self.name.as_str().to_owned()))
    }

    /// Skips the value of a member that the type ignores, and stores its text.
    #[inline(never)]
    fn ignored<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let before = self.extra.len();
        if before == 0 {
            self.extra = self.pass.scratch.take();
        }
        self.extra.push(if before == 0 { '{' } else { ',' });
        if self.name.owned.is_empty() {
            // Without escapes.
            self.extra.push('"');
            self.extra.push_str(self.name.borrowed);
            self.extra.push('"');
        } else {
            let name = serde_json::to_string(&self.name.owned).map_err(Error::foreign)?;
            self.extra.push_str(&name);
        }
        self.extra.push(':');
        let start = self.extra.len();
        let seed = Keep { inner: Seed { seed, pass: self.pass }, text: &mut self.extra };
        let value = self.inner.next_value_seed(seed).map_err(|error| self.here(error))?;
        if self.name.as_str() == EXTRA {
            self.merge(before, start);
        } else if self.extra.len() == start {
            self.extra.truncate(before);
        }
        Ok(value)
    }

    /// Replaces the member `$extra`, whose value is an object that starts at `start`, with the
    /// members of this object. Serialized models contain their unknown members in it. `before` is
    /// the length of the text before the member.
    #[cold]
    fn merge(&mut self, before: usize, start: usize) {
        let object = self.extra.get(start..).unwrap_or_default();
        let Some(inner) = object.strip_prefix('{').and_then(|text| text.strip_suffix('}')) else {
            return;
        };
        let inner = inner.trim().to_owned();
        if inner.is_empty() {
            self.extra.truncate(before);
        } else {
            self.extra.truncate(before + 1);
            self.extra.push_str(&inner);
        }
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<'_, 'de, A> {
    type Error = Error;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        if self.is_done {
            return Ok(None);
        }
        let found = self.inner.next_key_seed(NameSeed(&mut self.name));
        let found = self.pass.raised(found)?;
        if found.is_none() {
            self.is_done = true;
            if self.extra.is_empty() {
                return Ok(None);
            }
            self.extra.push('}');
            return seed.deserialize(BorrowedStrDeserializer::new(EXTRA)).map(Some);
        }
        let field = self.name.deserialize(seed, &self.owner)?;
        if self.pass.tracks_names {
            self.owner.track(self.name.as_str(), &field)?;
        }
        Ok(Some(field))
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        if const { size_of::<S::Value>() == EXTRA_FIELDS_SIZE } && self.is_done {
            // A copy takes exactly its size.
            let value = seed.deserialize(Kept(self.extra.clone()));
            self.extra.clear();
            self.pass.scratch.set(std::mem::take(&mut self.extra));
            return value;
        }
        if const { size_of::<S::Value>() == 0 } && self.owner.keeps {
            return self.ignored(seed);
        }
        let seed = Seed { seed, pass: self.pass };
        let value = self.inner.next_value_seed(seed).map_err(|error| self.here(error))?;
        if const { size_of::<S::Value>() >= SMALLEST_STRUCT } {
            self.pass.refund(size_of::<S::Value>());
        }
        Ok(value)
    }
}

/// The name of the current member: borrowed from the text, or owned if it contains escapes.
#[derive(Default)]
pub(super) struct Name<'de> {
    borrowed: &'de str,
    owned: String,
}

impl<'de> Name<'de> {
    #[inline]
    fn borrow(&mut self, name: &'de str) {
        self.borrowed = name;
        if !self.owned.is_empty() {
            self.owned.clear();
        }
    }

    #[cold]
    fn copy(&mut self, name: &str) {
        self.borrowed = "";
        name.clone_into(&mut self.owned);
    }

    pub(super) fn as_str(&self) -> &str {
        if self.owned.is_empty() { self.borrowed } else { &self.owned }
    }

    /// Passes the name to `seed`, which returns the field with this name. If the member is to be
    /// treated as unknown, passes a name that no field has.
    #[inline]
    fn deserialize<S: DeserializeSeed<'de>>(
        &self,
        seed: S,
        owner: &Owner<'_>,
    ) -> Result<S::Value, Error> {
        if owner.hides(self.as_str()) {
            seed.deserialize(BorrowedStrDeserializer::new(UNKNOWN))
        } else if self.owned.is_empty() {
            seed.deserialize(BorrowedStrDeserializer::new(self.borrowed))
        } else {
            seed.deserialize(self.owned.as_str().into_deserializer())
        }
    }
}

/// A seed, deserializer or visitor that passes a name on to `inner` and records it in `name`.
pub(super) struct Named<'k, 'de, T> {
    pub(super) inner: T,
    pub(super) name: &'k mut Name<'de>,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Named<'_, 'de, S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Named { inner, name: self.name })
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Named<'_, 'de, D> {
    type Error = D::Error;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, inner: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_str(Named { inner, name: self.name })
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Named<'_, 'de, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    #[inline]
    fn visit_borrowed_str<E: de::Error>(self, name: &'de str) -> Result<V::Value, E> {
        self.name.borrow(name);
        self.inner.visit_borrowed_str(name)
    }

    #[cold]
    fn visit_str<E: de::Error>(self, name: &str) -> Result<V::Value, E> {
        self.name.copy(name);
        self.inner.visit_str(name)
    }
}

/// A seed that stores the name of a member.
struct NameSeed<'k, 'de>(&'k mut Name<'de>);

impl<'de> DeserializeSeed<'de> for NameSeed<'_, 'de> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for NameSeed<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    #[inline]
    fn visit_borrowed_str<E: de::Error>(self, name: &'de str) -> Result<(), E> {
        self.0.borrow(name);
        Ok(())
    }

    #[cold]
    fn visit_str<E: de::Error>(self, name: &str) -> Result<(), E> {
        self.0.copy(name);
        Ok(())
    }
}

/// A seed or deserializer for the value of a member that the type ignores. The text of the value is
/// appended to `text`.
struct Keep<'k, T> {
    inner: T,
    text: &'k mut String,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Keep<'_, Seed<'_, S>> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        let pass = self.inner.pass;
        let keep = Keep { inner: Lenient::<_>::new(deserializer, pass), text: self.text };
        pass.lowered(self.inner.seed.deserialize(keep))
    }
}

impl<'de, D: Deserializer<'de, Error = Error>> Deserializer<'de> for Keep<'_, D> {
    type Error = Error;

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text.push_str(<&'de RawValue>::deserialize(self.inner)?.get());
        visitor.visit_unit()
    }

    // Known fields of types without a size.

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.inner.deserialize_any(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.inner.deserialize_seq(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.inner.deserialize_struct(name, fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.inner.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.inner.deserialize_newtype_struct(name, visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct tuple tuple_struct map identifier
    }
}

/// A deserializer that passes the unknown members of an object to its field `$extra`, as a string.
struct Kept(String);

impl<'de> Deserializer<'de> for Kept {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.0)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
