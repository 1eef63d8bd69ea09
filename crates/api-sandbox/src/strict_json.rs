//! A JSON parser that accepts no repeated names, and paths of members.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Parses JSON. A repeated name in an object is an error of the category `Data`, whose message
/// begins with the path of the member; all other errors have other categories.
pub(crate) fn parse(bytes: &[u8]) -> serde_json::Result<Value> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Unique(String::new()).deserialize(&mut deserializer)?;
    deserializer.end().map(|()| value)
}

/// Returns the path of a member of the object at `at`, such as `tpay.transactions`.
pub(crate) fn member(at: &str, name: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '-';
    match name {
        name if name.is_empty() || !name.chars().all(is_plain) => format!("{at}[{name:?}]"),
        name if at.is_empty() => name.to_owned(),
        name => format!("{at}.{name}"),
    }
}

/// Returns the path of an item of the array at `at`, such as `tpay.transactions[2]`.
pub(crate) fn item(at: &str, index: usize) -> String {
    format!("{at}[{index}]")
}

/// Deserializes the JSON value with this path. Unlike [`Value`], it accepts no repeated members.
struct Unique(String);

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = items.next_element_seed(Self(item(&self.0, list.len())))? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let at = member(&self.0, &name);
            if object.contains_key(&name) {
                return Err(A::Error::custom(format_args!("{at} is given twice")));
            }
            let value = members.next_value_seed(Self(at))?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::error::Category;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_of_value_is_parsed() {
        let text = r#"{"a":[1,-2,1.5,true,null,"x"],"b":{"a":{}}}"#;
        assert_eq!(
            parse(text.as_bytes()).unwrap(),
            json!({ "a": [1, -2, 1.5, true, null, "x"], "b": { "a": {} } })
        );
    }

    #[test]
    fn repeated_names_are_rejected_at_every_depth() {
        for (text, path) in [
            (r#"{"a":1,"a":1}"#, "a"),
            (r#"[{"b":{"a":1,"b":2,"a":null}}]"#, "[0].b.a"),
            (r#"{"SANs[0][DNS]":1,"SANs[0][DNS]":2}"#, r#"["SANs[0][DNS]"]"#),
        ] {
            let error = parse(text.as_bytes()).unwrap_err();
            assert_eq!(error.classify(), Category::Data, "{text}");
            let message = error.to_string();
            assert!(message.starts_with(&format!("{path} is given twice at line 1")), "{message}");
        }
        for text in ["", "{", "{} x", r#"{"a":1,}"#, "\u{feff}{}", "[\"\u{1}\"]"] {
            assert_ne!(parse(text.as_bytes()).unwrap_err().classify(), Category::Data, "{text}");
        }
        assert_ne!(parse(b"\"\xff\"").unwrap_err().classify(), Category::Data);
    }
}
