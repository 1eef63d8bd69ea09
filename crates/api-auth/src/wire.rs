//! Deserializers for fields whose values are encoded in JSON in an unusual way.
//!
//! The functions are for `#[serde(default, deserialize_with = "...")]`. A field that is absent or
//! null becomes `None`, or an empty list or map. A number may be sent as a string, and a string as
//! a number. Most fields need none of these functions, because [`json`](crate::json()) accepts such
//! values for any type.
//!
//! ```
//! use api_auth::{Response, json, serde, wire};
//!
//! #[derive(serde::Deserialize)]
//! struct Station {
//!     #[serde(default, deserialize_with = "wire::texts")]
//!     tags: Vec<String>,
//!     #[serde(default, deserialize_with = "wire::end_time")]
//!     closed: Option<api_auth::UnixTime>,
//! }
//!
//! let response = Response::new(br#"{"tags":"coast","closed":false}"#.to_vec());
//! let station: Station = json(&response)?;
//! assert_eq!(station.tags, ["coast"]);
//! assert_eq!(station.closed, None);
//! # Ok::<(), api_auth::ResponseError>(())
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serializer};
use serde_json::value::RawValue;

use crate::json::{ONE_OR_MORE, from_slice};
use crate::models::UnixTime;
use crate::secret::Secret;

pub use crate::models::amount::integer;
pub use crate::scalar::{borrowed_text, empty_value, text};

/// Deserializes an end time in Unix seconds. Returns `None` (no end) for null, `false`, an empty
/// string and 0.
///
/// See the example in the module [`wire`](crate::wire).
///
/// # Errors
/// Returns an error if the value is not a whole number.
pub fn end_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<UnixTime>, D::Error> {
    Ok(integer(deserializer)?.filter(|seconds| *seconds != 0).map(UnixTime::from_seconds))
}

/// Deserializes a secret from a string, number or boolean. Returns `None` for null and an empty
/// string.
///
/// See the example in the module [`wire`](crate::wire).
///
/// # Errors
/// Returns an error if the value is an array or an object.
pub fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    let text = text(deserializer)?.filter(|text| !text.is_empty());
    Ok(text.map(Secret::from))
}

/// Serializes a secret in a request, because [`Secret`] itself does not implement `Serialize`. Use
/// it with `serialize_with` in request bodies only, never in a model.
///
/// # Errors
/// Returns an error if the serializer fails.
pub fn exposed<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

/// Serializes an optional secret like [`exposed`], and `None` as null.
///
/// See the example in the module [`wire`](crate::wire).
///
/// # Errors
/// Returns an error if the serializer fails.
pub fn exposed_some<S: Serializer>(
    secret: &Option<Secret>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => exposed(secret, serializer),
        None => serializer.serialize_none(),
    }
}

/// Deserializes strings from a list of strings, numbers and booleans, or from a single string or
/// whole number. Null and an empty string become an empty list. Entries that are null are skipped.
///
/// See the example in the module [`wire`](crate::wire).
///
/// # Errors
/// Returns an error if the value is a boolean, a fraction or an object, or if an entry is a list or
/// an object.
pub fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct OneText(Option<String>);

    impl<'de> Deserialize<'de> for OneText {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            text(deserializer).map(Self)
        }
    }

    struct Texts;

    impl<'de> Visitor<'de> for Texts {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string or an array of strings")
        }

        fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
            Ok(if value.is_empty() { Vec::new() } else { vec![value.to_owned()] })
        }

        fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
            Ok(vec![value.to_string()])
        }

        fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
            Ok(vec![value.to_string()])
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut texts = Vec::new();
            while let Some(OneText(text)) = seq.next_element()? {
                texts.extend(text);
            }
            Ok(texts)
        }
    }

    deserializer.deserialize_any(Texts)
}

/// Deserializes a list. Null becomes an empty list.
///
/// See the example in the module [`wire`](crate::wire).
///
/// # Errors
/// Returns an error for any other value, or if an entry cannot be deserialized.
pub fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Deserializes objects from a list or from a single object. Null becomes an empty list.
///
/// See the example in the module [`wire`](crate::wire).
///
/// # Errors
/// Returns an error for any other value, or if an object cannot be deserialized.
pub fn one_or_more<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct OneOrMore<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMore<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array or an object")
        }

        fn visit_some<D: Deserializer<'de>>(self, one: D) -> Result<Vec<T>, D::Error> {
            T::deserialize(one).map(|one| vec![one])
        }

        fn visit_newtype_struct<D: Deserializer<'de>>(self, list: D) -> Result<Vec<T>, D::Error> {
            list.deserialize_any(Several { keyed: false, entry: PhantomData })
        }

        fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Vec<T>, A::Error> {
            Several { keyed: false, entry: PhantomData }.visit_seq(list)
        }
    }

    deserializer.deserialize_newtype_struct(ONE_OR_MORE, OneOrMore(PhantomData))
}

/// Deserializes a value that not all servers send in the expected format. Returns `None` if the
/// value cannot be parsed.
///
/// See the example in the module [`wire`](crate::wire).
///
/// # Errors
/// Returns an error if the input is not JSON.
pub fn if_valid<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(from_slice(raw.get().as_bytes()).ok())
}

/// Deserializes objects from a list, or from a map of ids to objects. The ids are dropped, because
/// the objects contain them. Null becomes an empty list.
///
/// See the example in the module [`wire`](crate::wire).
///
/// # Errors
/// Returns an error for any other value, or if an object cannot be deserialized.
pub fn list_or_map<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(Several { keyed: true, entry: PhantomData })
}

struct Several<T> {
    keyed: bool,
    entry: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Several<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array or an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        if !self.keyed {
            return T::deserialize(MapAccessDeserializer::new(map)).map(|one| vec![one]);
        }
        let mut entries = Vec::new();
        while let Some((_, entry)) = map.next_entry::<serde::de::IgnoredAny, T>()? {
            entries.push(entry);
        }
        Ok(entries)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = seq.next_element()? {
            entries.push(entry);
        }
        Ok(entries)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
}

/// Deserializes a map. Null, and the `[]` that PHP sends for an empty map, become an empty map.
///
/// See the example in the module [`wire`](crate::wire).
///
/// # Errors
/// Returns an error for any other value, such as a list with entries, or if an entry cannot be
/// deserialized.
pub fn map<'de, D, V>(deserializer: D) -> Result<BTreeMap<String, V>, D::Error>
where
    D: Deserializer<'de>,
    V: Deserialize<'de>,
{
    struct Map<V>(PhantomData<V>);

    impl<'de, V: Deserialize<'de>> Visitor<'de> for Map<V> {
        type Value = BTreeMap<String, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries = BTreeMap::new();
            while let Some((key, value)) = map.next_entry()? {
                entries.insert(key, value);
            }
            Ok(entries)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            match seq.next_element::<serde::de::IgnoredAny>()? {
                None => Ok(BTreeMap::new()),
                Some(_) => Err(A::Error::custom("expected an object, found an array")),
            }
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(BTreeMap::new())
        }
    }

    deserializer.deserialize_any(Map(PhantomData))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::models::Amount;
    use proptest::prelude::*;
    use serde::Serialize;

    #[derive(Deserialize, Debug, Default, PartialEq)]
    #[serde(default)]
    struct Model {
        #[serde(deserialize_with = "text")]
        text: Option<String>,
        #[serde(deserialize_with = "integer")]
        integer: Option<i64>,
        #[serde(deserialize_with = "end_time")]
        end: Option<UnixTime>,
        boolean: Option<bool>,
        #[serde(deserialize_with = "texts")]
        texts: Vec<String>,
        amount: Option<Amount>,
        #[serde(deserialize_with = "map")]
        map: BTreeMap<String, u8>,
    }

    fn read(json: &str) -> Model {
        from_slice(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"))
    }

    #[test]
    fn absent_and_null_are_the_same() {
        let nulls = r#"{"text":null,"integer":null,"end":null,"boolean":null,"texts":null,"amount":null,"map":null}"#;
        assert_eq!(read(nulls), read("{}"));
    }

    #[test]
    fn numbers_may_be_strings_and_strings_numbers() {
        let model = read(r#"{"text":42,"integer":" 42 ","boolean":"1","texts":["a",7,null]}"#);
        assert_eq!(model.text.as_deref(), Some("42"));
        assert_eq!(model.integer, Some(42));
        assert_eq!(model.boolean, Some(true));
        assert_eq!(model.texts, ["a", "7"]);
        assert_eq!(read(r#"{"integer":1399568000.0}"#).integer, Some(1_399_568_000));
        assert_eq!(read(r#"{"texts":"one"}"#).texts, ["one"]);
        assert_eq!(read(r#"{"map":[]}"#).map, BTreeMap::new());
        assert_eq!(read(r#"{"map":{"a":1}}"#).map["a"], 1);
    }

    #[test]
    fn secrets_are_serialized_only_on_request() {
        #[derive(Deserialize, Serialize)]
        struct Login {
            #[serde(default, deserialize_with = "secret", serialize_with = "exposed_some")]
            key: Option<Secret>,
        }
        let login = |json: &str| serde_json::from_str::<Login>(json).unwrap();
        assert_eq!(login(r#"{"key":7}"#).key, Some(Secret::new("7")));
        assert!(
            [r#"{"key":null}"#, r#"{"key":""}"#, "{}"].iter().all(|json| login(json).key.is_none())
        );
        assert_eq!(serde_json::to_string(&login(r#"{"key":"k"}"#)).unwrap(), r#"{"key":"k"}"#);
    }

    #[derive(Deserialize, Debug, PartialEq)]
    struct Priced {
        amount: Amount,
    }

    #[derive(Deserialize, Debug, Default, PartialEq)]
    #[serde(default)]
    struct Shapes {
        object: Option<Priced>,
        #[serde(deserialize_with = "one_or_more")]
        errors: Vec<Priced>,
        #[serde(deserialize_with = "list_or_map")]
        groups: Vec<Priced>,
    }

    #[test]
    fn objects_may_be_single_or_in_lists_maps_or_an_empty_list() {
        let read = |json: &str| from_slice::<Shapes>(json.as_bytes()).unwrap();
        let priced = || Priced { amount: Amount::from_minor_units(10, 2) };
        for empty in [
            "{}",
            r#"{"object":null,"errors":null,"groups":null}"#,
            r#"{"object":[],"errors":[],"groups":[]}"#,
            r#"{"object":"","errors":[],"groups":{}}"#,
        ] {
            assert_eq!(read(empty), Shapes::default(), "{empty}");
        }
        let one = Shapes { object: Some(priced()), errors: vec![priced()], groups: vec![priced()] };
        let object = r#"{"amount":0.1}"#;
        for (errors, groups) in [
            (object.to_owned(), format!(r#"{{"150":{object}}}"#)),
            (format!("[{object}]"), format!("[{object}]")),
        ] {
            let text = format!(r#"{{"object":{object},"errors":{errors},"groups":{groups}}}"#);
            assert_eq!(read(&text), one, "{text}");
        }
        assert!(from_slice::<Shapes>(br#"{"object":[1]}"#).is_err());
        assert!(from_slice::<Shapes>(br#"{"object":"x"}"#).is_err());
    }

    #[test]
    fn end_time_of_zero_is_none() {
        assert_eq!(read(r#"{"end":0}"#).end, None);
        assert_eq!(read(r#"{"end":"0"}"#).end, None);
        assert_eq!(read(r#"{"end":false}"#).end, None);
        assert_eq!(read(r#"{"end":1}"#).end, Some(UnixTime::from_seconds(1)));
    }

    #[test]
    fn amounts_are_exact_from_numbers_and_strings() {
        for json in [r#"{"amount":0.1}"#, r#"{"amount":"0.10"}"#, r#"{"amount":1e-1}"#] {
            assert_eq!(read(json).amount.unwrap().minor_units(2), Some(10), "{json}");
        }
        assert_eq!(
            read(r#"{"amount":9007199254740993}"#).amount.unwrap().to_string(),
            "9007199254740993"
        );
        assert_eq!(serde_json::to_string(&Amount::from_minor_units(-5, 2)).unwrap(), "-0.05");
    }

    #[test]
    fn strings_without_escapes_are_borrowed() {
        let read = |json: &'static str| {
            borrowed_text(&mut serde_json::Deserializer::from_slice(json.as_bytes())).unwrap()
        };
        assert!(matches!(read("\"good\""), Some(Cow::Borrowed("good"))));
        assert!(matches!(read("true"), Some(Cow::Borrowed("true"))));
        assert_eq!(read("\"\\u0067ood\"").as_deref(), Some("good"));
        assert_eq!((read("7").as_deref(), read("null")), (Some("7"), None));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            let _ = serde_json::from_str::<Model>(&text);
        }
    }
}
