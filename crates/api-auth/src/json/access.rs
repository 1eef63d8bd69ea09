//! Wrappers of serde's access traits, which parse the entries of lists and maps and the content of
//! enums leniently.

use std::fmt;

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use crate::json::Pass;
use crate::json::error::{Error, Step};
use crate::json::lenient::Lenient;
use crate::json::members::{Name, Named};
use crate::json::visitor::{ANY, STRUCT, Wrap};

/// A seed that parses its value leniently.
pub(super) struct Seed<'p, S> {
    pub(super) seed: S,
    pub(super) pass: &'p Pass,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Seed<'_, S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        let pass = self.pass;
        let value = self.seed.deserialize(Lenient::<_>::new(deserializer, pass));
        pass.lowered(value)
    }
}

/// A seed that parses the name of a map entry leniently.
struct NameSeed<'p, S> {
    seed: S,
    pass: &'p Pass,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for NameSeed<'_, S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        let pass = self.pass;
        let value = self.seed.deserialize(Lenient::<_, true>::new(deserializer, pass));
        pass.lowered(value)
    }
}

/// A list or map without entries, in place of a value such as `null` or `""`.
pub(super) struct Nothing;

impl<'de> SeqAccess<'de> for Nothing {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        _: S,
    ) -> Result<Option<S::Value>, Error> {
        Ok(None)
    }
}

impl<'de> MapAccess<'de> for Nothing {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, _: S) -> Result<Option<S::Value>, Error> {
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, _: S) -> Result<S::Value, Error> {
        Err(Error::plain("the map is empty"))
    }
}

/// The access to the entries of a list. The entries are parsed leniently, and their size is
/// subtracted from the memory budget.
pub(super) struct Items<'p, A> {
    inner: A,
    pass: &'p Pass,
    index: usize,
}

impl<'p, A> Items<'p, A> {
    #[inline]
    pub(super) fn new(inner: A, pass: &'p Pass) -> Self {
        Self { inner, pass, index: 0 }
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Items<'_, A> {
    type Error = Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        let (pass, index) = (self.pass, self.index);
        pass.charged.set(0);
        let item = self.inner.next_element_seed(Seed { seed, pass });
        let item = item.map_err(|error| pass.raise(error).at(Step::Index(index)))?;
        self.index += 1;
        if item.is_some() {
            pass.charge_item(index, size_of::<S::Value>())?;
        }
        Ok(item)
    }
}

/// The access to the entries of a list that PHP wrote as an object, such as `{"0":..,"2":..}`,
/// because some of its entries had been removed.
pub(super) struct NumberedItems<'p, A> {
    inner: A,
    pass: &'p Pass,
    index: usize,
}

impl<'p, A> NumberedItems<'p, A> {
    #[inline]
    pub(super) fn new(inner: A, pass: &'p Pass) -> Self {
        Self { inner, pass, index: 0 }
    }
}

/// A seed that accepts only names that are numbers.
struct Digits;

impl<'de> DeserializeSeed<'de> for Digits {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Digits {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<(), E> {
        let is_number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { Ok(()) } else { Err(E::custom("expected an array, found an object")) }
    }
}

impl<'de, A: MapAccess<'de>> SeqAccess<'de> for NumberedItems<'_, A> {
    type Error = Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        let (pass, index) = (self.pass, self.index);
        if pass.raised(self.inner.next_key_seed(Digits))?.is_none() {
            return Ok(None);
        }
        pass.charged.set(0);
        let item = self.inner.next_value_seed(Seed { seed, pass });
        let item = item.map_err(|error| pass.raise(error).at(Step::Index(index)))?;
        self.index += 1;
        pass.charge_item(index, size_of::<S::Value>())?;
        Ok(Some(item))
    }
}

/// The access to the entries of a map. The entries are parsed leniently, and their size is
/// subtracted from the memory budget.
pub(super) struct Entries<'p, 'de, A> {
    inner: A,
    pass: &'p Pass,
    index: usize,
    name: Name<'de>,
}

impl<'p, A> Entries<'p, '_, A> {
    #[inline]
    pub(super) fn new(inner: A, pass: &'p Pass) -> Self {
        Self { inner, pass, index: 0, name: Name::default() }
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Entries<'_, 'de, A> {
    type Error = Error;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        let pass = self.pass;
        let seed = Named { inner: NameSeed { seed, pass }, name: &mut self.name };
        let name = self.inner.next_key_seed(seed);
        pass.raised(name)
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let pass = self.pass;
        pass.charged.set(0);
        let value = self.inner.next_value_seed(Seed { seed, pass });
        let name = &self.name;
        let value =
            value.map_err(|error| pass.raise(error).at(Step::Member(name.as_str().to_owned())))?;
        pass.charge_entry(self.index, size_of::<S::Value>())?;
        self.index += 1;
        Ok(value)
    }
}

/// The access to a variant of an enum. The content of the variant is parsed leniently.
pub(super) struct Variants<'p, A> {
    inner: A,
    pass: &'p Pass,
}

impl<'p, A> Variants<'p, A> {
    pub(super) fn new(inner: A, pass: &'p Pass) -> Self {
        Self { inner, pass }
    }
}

impl<'de, 'p, A: EnumAccess<'de>> EnumAccess<'de> for Variants<'p, A> {
    type Error = Error;
    type Variant = Variants<'p, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), Error> {
        let pass = self.pass;
        let variant = self.inner.variant_seed(Seed { seed, pass });
        let (value, inner) = pass.raised(variant)?;
        Ok((value, Variants { inner, pass }))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Variants<'_, A> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        self.pass.raised(self.inner.unit_variant())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        let pass = self.pass;
        let value = self.inner.newtype_variant_seed(Seed { seed, pass });
        pass.raised(value)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        let pass = self.pass;
        let visitor = Wrap::<V, ANY> { visitor, pass, fields: &[] };
        pass.raised(self.inner.tuple_variant(len, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let pass = self.pass;
        let visitor = Wrap::<V, STRUCT> { visitor, pass, fields };
        pass.raised(self.inner.struct_variant(fields, visitor))
    }
}
