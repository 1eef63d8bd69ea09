//! The additional fields of a response.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::json::{EXTRA_FIELDS_SIZE, from_slice, is_empty_value};
use crate::models::amount;
use crate::raw_members::{Name, RawMembers};
use crate::scalar;

/// The fields of a JSON object that the type of the object does not define, or all fields if none
/// of them are documented.
///
/// The fields are stored as JSON text and parsed when they are read. If the last field of a struct
/// has this type and the name `$extra`, [`json`](crate::json()) stores the unknown fields of the
/// object in it. The struct is serialized with that name, and `serde_json` can deserialize it
/// again.
///
/// ```
/// use api_auth::{ExtraFields, Response};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Access {
///     rid: Option<String>,
///     #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
///     extra: ExtraFields,
/// }
///
/// let response = Response::new(br#"{"rid":"r1","renewals":3,"plan":{"period":"monthly"}}"#.to_vec());
/// let access: Access = api_auth::json(&response).unwrap();
/// assert_eq!(access.extra.text("renewals").as_deref(), Some("3"));
/// assert_eq!(access.extra.json("plan").as_deref(), Some(r#"{"period":"monthly"}"#));
/// assert_eq!(access.extra.integer("renewals"), Some(3));
/// assert_eq!(access.extra.read::<u8>("renewals"), Some(3));
///
/// let stored = serde_json::to_string(&access)?;
/// assert_eq!(stored, r#"{"rid":"r1","$extra":{"plan":{"period":"monthly"},"renewals":3}}"#);
/// let access: Access = serde_json::from_str(&stored)?;
/// assert_eq!(access.extra.integer("renewals"), Some(3));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct ExtraFields(
    /// The text of a JSON object, or an empty string if there are no fields.
    Box<str>,
);

const _: () = assert!(size_of::<ExtraFields>() == EXTRA_FIELDS_SIZE);

impl fmt::Debug for ExtraFields {
    /// Formats only the names, because a value may be a secret, whatever its name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

impl PartialEq for ExtraFields {
    /// Compares the values of fields with the same name. Whitespace, the order of fields, and
    /// escapes in strings are ignored.
    fn eq(&self, other: &Self) -> bool {
        if self.0 == other.0 {
            return true;
        }
        let (mine, others) = (self.entries(), other.entries());
        mine.len() == others.len()
            && mine.iter().zip(&others).all(|((name, value), (other_name, other))| {
                name == other_name && is_same(value.get(), other.get())
            })
    }
}

/// Returns whether two JSON texts have the same value.
fn is_same(one: &str, other: &str) -> bool {
    let value = serde_json::from_str::<Value>;
    one == other
        || match (value(one), value(other)) {
            (Ok(one), Ok(other)) => one == other,
            _ => compact(one) == compact(other),
        }
}

impl ExtraFields {
    /// Returns the names of the fields, sorted.
    pub fn names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.entries().into_iter().map(|(name, _)| name)
    }

    /// Returns `true` if there are no fields.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether the field `name` exists, even if it is null.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Returns the field `name` as a string, if it is a string, a number or a boolean. A number has
    /// the digits that the server sent. Returns `None` if the field is absent, null, a list or an
    /// object.
    pub fn text(&self, name: &str) -> Option<String> {
        #[derive(Deserialize)]
        #[serde(transparent)]
        struct Text(#[serde(deserialize_with = "scalar::text")] Option<String>);
        self.parse::<Text>(name)?.0
    }

    /// Returns the field `name` as a whole number. A string of digits is accepted. Returns `None`
    /// if the field is absent or has any other value.
    pub fn integer(&self, name: &str) -> Option<i64> {
        #[derive(Deserialize)]
        #[serde(transparent)]
        struct Integer(#[serde(deserialize_with = "amount::integer")] Option<i64>);
        self.parse::<Integer>(name)?.0
    }

    /// Removes the field `name` and returns it like [`read`](Self::read). Returns `None`, and keeps
    /// the field, if it has a different type.
    pub fn take<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = self.read(name)?;
        self.remove(name);
        Some(value)
    }

    /// Removes the field `name`, whatever its type.
    pub fn remove(&mut self, name: &str) {
        if !self.contains(name) {
            return;
        }
        let mut entries = self.entries();
        entries.retain(|(other, _)| other != name);
        let text = match entries.is_empty() {
            true => String::new(),
            false => serde_json::to_string(&Object(entries)).unwrap_or_default(),
        };
        self.0 = text.into();
    }

    /// Returns the field `name`, of any type, as JSON without whitespace between its parts. Returns
    /// `None` if the field is absent.
    pub fn json(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| compact(value.get()))
    }

    /// Returns the field `name` as the given type. Returns `None` if it is absent or has a
    /// different type. Strings and numbers are not converted.
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    /// Parses the field `name` as the given type, with the same conversions as
    /// [`json`](crate::json()). Returns `None` if the field is absent or cannot be parsed.
    pub fn parse<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        from_slice(self.get(name)?.get().as_bytes()).ok()
    }

    /// Returns the value of the last field with this name, or `None` if there is none.
    fn get(&self, name: &str) -> Option<&RawValue> {
        if self.0.is_empty() {
            return None;
        }
        serde_json::Deserializer::from_str(&self.0).deserialize_map(Find(name)).ok()?
    }

    /// Returns the last field of each name, sorted by name.
    fn entries(&self) -> Vec<(Cow<'_, str>, &RawValue)> {
        let members = RawMembers::parse(&self.0).map(|members| members.0);
        let mut entries = members.unwrap_or_default();
        // Of fields of the same name, the last one comes first and stays.
        entries.reverse();
        entries.sort_by(|(name, _), (other, _)| name.cmp(other));
        entries.dedup_by(|(name, _), (first, _)| name == first);
        entries
    }
}

/// A visitor that returns the value of the last member with this name in an object.
struct Find<'a>(&'a str);

impl<'de> Visitor<'de> for Find<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(Name(name)) = members.next_key()? {
            if name == self.0 {
                found = Some(members.next_value()?);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Removes all whitespace outside strings from a JSON text.
fn compact(json: &str) -> String {
    let (mut in_string, mut is_escaped) = (false, false);
    let is_kept = |c: &char| {
        if in_string {
            in_string = is_escaped || *c != '"';
            is_escaped = !is_escaped && *c == '\\';
            return true;
        }
        in_string = *c == '"';
        !c.is_ascii_whitespace()
    };
    json.chars().filter(is_kept).collect()
}

impl Serialize for ExtraFields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Object(self.entries()).serialize(serializer)
    }
}

/// A JSON object with these members, for serialization.
struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de> Deserialize<'de> for ExtraFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        #[expect(clippy::serde_api_misuse, reason = "a string of the input is not an object")]
        impl<'de> Visitor<'de> for Object {
            type Value = ExtraFields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            /// Stores the unknown members of an object, which `api_auth::json` passes as JSON text.
            fn visit_string<E>(self, text: String) -> Result<ExtraFields, E> {
                Ok(ExtraFields(text.into()))
            }

            /// Returns no fields, for null and for an object without unknown members.
            fn visit_none<E>(self) -> Result<ExtraFields, E> {
                Ok(ExtraFields::default())
            }

            /// Stores the text of an object that is itself the value of the field. Returns an error
            /// for any other value.
            fn visit_some<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<ExtraFields, D::Error> {
                let text: Box<str> = Box::<RawValue>::deserialize(deserializer)?.into();
                let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
                match inner.map(str::trim) {
                    Some("") => Ok(ExtraFields::default()),
                    Some(_) => Ok(ExtraFields(text)),
                    None if is_empty_value(&text) => Err(scalar::empty_value(&self)),
                    None => Err(D::Error::custom("expected an object")),
                }
            }
        }

        // Not required: a field that is absent is read like `None`.
        deserializer.deserialize_option(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_unknown_fields_shows_names_only() {
        let text = r#"{"id":"CANARY","apiKey":"CANARY","of":[{"cvv":123,"n":1}]}"#;
        let mut fields: ExtraFields = serde_json::from_str(text).unwrap();
        assert_eq!(format!("{fields:?}"), r#"{"apiKey", "id", "of"}"#);
        assert_eq!(fields.text("apiKey").as_deref(), Some("CANARY"));
        assert_eq!(fields.take::<u8>("id"), None);
        assert_eq!(fields.take::<String>("id").as_deref(), Some("CANARY"));
        assert!(!fields.contains("id") && fields.contains("of"));
    }

    fn fields(json: &str) -> ExtraFields {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn numbers_keep_their_digits() {
        let fields = fields(r#"{"a":12.50,"b":61109010140000071219812874,"c":1e400,"d":"1.0"}"#);
        assert_eq!(fields.text("a").as_deref(), Some("12.50"));
        assert_eq!(fields.json("b").as_deref(), Some("61109010140000071219812874"));
        assert_eq!(fields.text("c").as_deref(), Some("1e400"));
        assert_eq!((fields.integer("d"), fields.integer("c")), (Some(1), None));
    }

    #[test]
    fn read_is_strict_and_parse_is_lenient() {
        let fields = fields(r#"{"a":1,"b":"1","c":{"0":"x"},"d":"\ud83d"}"#);
        assert_eq!((fields.read::<String>("a"), fields.read::<i64>("b")), (None, None));
        assert_eq!(fields.parse::<String>("a").as_deref(), Some("1"));
        assert_eq!(fields.parse::<i64>("b"), Some(1));
        assert_eq!(fields.parse::<Vec<String>>("c"), Some(vec!["x".to_owned()]));
        assert_eq!(fields.text("d").as_deref(), Some("\u{fffd}"));
    }

    #[test]
    fn last_field_of_a_name_is_the_field() {
        let mut fields = fields(r#"{"a":1,"b" : [ 1, "x y\"" ] ,"a":2,"\u0061":3}"#);
        assert_eq!(fields.integer("a"), Some(3));
        assert_eq!(fields.names().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(fields.json("b").as_deref(), Some(r#"[1,"x y\""]"#));
        assert_eq!(serde_json::to_string(&fields).unwrap(), r#"{"a":3,"b":[ 1, "x y\"" ]}"#);
        fields.remove("a");
        fields.remove("c");
        assert_eq!(fields.names().collect::<Vec<_>>(), ["b"]);
        assert_eq!(fields.take::<(u8, String)>("b").unwrap().1, "x y\"");
        assert!(fields.is_empty());
    }

    #[test]
    fn fields_are_compared_by_value() {
        let broken = fields(r#"{"a":["\ud83d", "x\" y\\", 1]}"#);
        assert_eq!(broken, fields(r#"{"a":[ "\ud83d","x\" y\\" , 1 ]}"#));
        assert_ne!(broken, fields(r#"{"a":["\ud83d", "x\"  y\\", 1]}"#));
        let one = fields(r#"{"a":1,"b":{"c":[1,2.50],"d":"ą"}}"#);
        assert_eq!(one, fields(r#"{ "b":{"d":"\u0105", "c":[1, 2.5]},"a":1 }"#));
        assert_ne!(one, fields(r#"{"a":1,"b":{"c":[1,2.51],"d":"ą"}}"#));
        assert_ne!(one, fields(r#"{"a":1}"#));
        assert_eq!(fields(r#"{"a":1e400}"#), fields(r#"{"a" : 1e400}"#));
        assert_eq!(fields("{ }"), ExtraFields::default());
    }

    #[test]
    fn values_that_are_not_objects_are_rejected() {
        for text in
            ["[1]", "1", "\"a\"", "true", "\"false\"", "[false]", "[\"\"]", "[[]]", "\"[]\""]
        {
            let error = serde_json::from_str::<ExtraFields>(text).unwrap_err().to_string();
            assert!(error.starts_with("expected an object"), "{text}: {error}");
        }
        for text in ["[]", "\"\"", "[ ]", "false"] {
            let error = serde_json::from_str::<ExtraFields>(text).unwrap_err().to_string();
            assert!(error.starts_with("invalid type: "), "{text}: {error}");
        }
        assert_eq!(serde_json::from_str::<ExtraFields>("null").unwrap(), ExtraFields::default());
    }
}
