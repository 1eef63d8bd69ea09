//! A strict JSON parser, and access to the fields of JSON values without panics.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Parses JSON. A repeated name in an object is an error, because it is probably a mistake in the
/// client. The provider's PHP code uses the last value.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, String> {
    let parsed: Result<Strict, _> = serde_json::from_slice(bytes);
    parsed.map(|Strict(value)| value).map_err(|error| match error.to_string() {
        text if text.starts_with(REPEATED) => {
            text.split_once(" at line").map_or(&*text, |(text, _)| text).to_owned()
        }
        _ => "the body is not JSON".to_owned(),
    })
}

const REPEATED: &str = "the name ";

/// A JSON value without repeated names.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
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
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format_args!("{REPEATED}{name:?} is repeated")));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

/// Access to the fields of a JSON value. A missing field is null.
pub(super) trait Members {
    /// Returns the field with this name. Returns null if there is none.
    fn at(&self, name: &str) -> &Value;

    /// Sets the value at a JSON pointer, such as `/payments/errors`. Has no effect if the object
    /// that should contain the value is missing.
    fn put(&mut self, pointer: &str, value: impl Into<Value>);

    /// Returns the string at a JSON pointer. Returns `None` if there is no string.
    fn text(&self, pointer: &str) -> Option<String>;

    /// Returns the items of a list. Returns an empty slice for any other value.
    fn items(&self) -> &[Value];
}

impl Members for Value {
    fn at(&self, name: &str) -> &Value {
        self.get(name).unwrap_or(&Value::Null)
    }

    fn put(&mut self, pointer: &str, value: impl Into<Value>) {
        let Some((parent, name)) = pointer.rsplit_once('/') else { return };
        if let Some(object) = self.pointer_mut(parent).and_then(Value::as_object_mut) {
            object.insert(name.to_owned(), value.into());
        }
    }

    fn text(&self, pointer: &str) -> Option<String> {
        self.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
    }

    fn items(&self) -> &[Value] {
        self.as_array().map(Vec::as_slice).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_of_value_is_parsed() {
        let text = r#"{"a":[1,-2,1.5,true,null,"x"],"b":{"a":{}}}"#;
        assert_eq!(
            parse(text.as_bytes()),
            Ok(json!({ "a": [1, -2, 1.5, true, null, "x"], "b": { "a": {} } }))
        );
    }

    #[test]
    fn repeated_names_are_rejected_at_every_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"b":2,"a":null}}]"#] {
            assert_eq!(
                parse(text.as_bytes()),
                Err("the name \"a\" is repeated".to_owned()),
                "{text}"
            );
        }
        for text in ["", "{", "{} x", r#"{"a":1,}"#, "\u{feff}{}"] {
            assert_eq!(parse(text.as_bytes()), Err("the body is not JSON".to_owned()), "{text}");
        }
    }
}
