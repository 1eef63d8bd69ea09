//! Parsing of JSON responses, with errors that name the JSON path.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeOwned, Deserializer, Error, MapAccess, SeqAccess, Visitor,
};

use crate::error::kind::ErrorKind;
use crate::error::response::ResponseError;
use crate::message::Response;

/// Parses the whole body as JSON.
///
/// # Errors
/// Returns a [`ErrorKind::Decode`] error that names the JSON path. It never quotes a value of the
/// response, which may be a token or a key.
///
/// ```
/// let reply = api_auth::Response::new(br#"{"data":[{"uid":"a"},{"uid":true}]}"#.to_vec());
/// #[derive(serde::Deserialize, Debug)]
/// struct User { uid: String }
/// #[derive(serde::Deserialize, Debug)]
/// struct Users { data: Vec<User> }
/// let error = api_auth::json::<Users>(&reply).unwrap_err();
/// assert_eq!(error.to_string(), "data[1].uid: invalid type: boolean, expected a string");
/// ```
pub fn json<T: DeserializeOwned>(response: &Response) -> Result<T, ResponseError> {
    let body = response.body();
    validate_names(body).map_err(|error| unreadable(body, &error))?;
    serde_json::from_slice(body).map_err(|error| unreadable(body, &error))
}

/// The name by which `serde_json` marks raw JSON for its own types. It parses an object with this
/// name as the JSON in its value: `{"$serde_json::private::RawValue":"99"}` would be 99.
const RESERVED: &str = "$serde_json::private::RawValue";

/// Returns an error if an object, at any depth, has a name that `serde_json` reserves.
pub(crate) fn validate_names(json: &[u8]) -> serde_json::Result<()> {
    if may_have_reserved_name(json) {
        serde_json::from_slice::<NoReservedName>(json)?;
    }
    Ok(())
}

/// Returns whether the text contains the reserved name, or a JSON escape of one of its characters.
fn may_have_reserved_name(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'$' | b'\\')) {
        let found = rest.get(at..).unwrap_or_default();
        // From "$" (0x24) to "z" (0x7a).
        let is_escape = matches!(found, [b'\\', b'u', b'0', b'0', b'2'..=b'7', ..]);
        if is_escape || found.starts_with(RESERVED.as_bytes()) {
            return true;
        }
        rest = found.get(1..).unwrap_or_default();
    }
    false
}

/// Any JSON value in which no object has a reserved name.
struct NoReservedName;

impl<'de> Deserialize<'de> for NoReservedName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for NoReservedName {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            if name == RESERVED {
                return Err(A::Error::custom("the object has a reserved name"));
            }
            members.next_value::<Self>()?;
        }
        Ok(self)
    }
}

fn unreadable(body: &[u8], error: &serde_json::Error) -> ResponseError {
    let message = without_value(&error.to_string());
    let message = match path_at(body, offset(body, error.line(), error.column())) {
        _ if body.iter().all(u8::is_ascii_whitespace) => "empty body".to_owned(),
        path if path.is_empty() => message,
        path => format!("{path}: {message}"),
    };
    ResponseError::new(ErrorKind::Decode).with_message(message)
}

/// Removes the position, and the parts that the parser quotes from the input.
fn without_value(text: &str) -> String {
    let text = text.rsplit_once(" at line ").map_or(text, |(text, _)| text);
    let quoting = ["invalid type: ", "invalid value: "].iter().any(|start| text.starts_with(start));
    match text.rsplit_once(", expected ") {
        Some((found, expected)) if quoting => {
            let found = found.find([' ']).and_then(|first| {
                let after = found.get(first + 1..)?;
                let quote = after.find(['`', '"'])?;
                found.get(..first + 1 + quote)
            });
            let found =
                found.map_or_else(|| text.split(", ").next().unwrap_or(text), str::trim_end);
            format!("{found}, expected {expected}")
        }
        _ if text.starts_with("unknown variant `") => "unknown variant".to_owned(),
        _ => text.to_owned(),
    }
}

/// Returns the byte offset of a line and column, both from 1.
fn offset(body: &[u8], line: usize, column: usize) -> usize {
    let start: usize = body
        .split_inclusive(|byte| *byte == b'\n')
        .take(line.saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    start + column
}

enum Step {
    Key(String),
    Index(usize),
}

/// Returns the path of the innermost value that is open at `end`: keys and indices from the root.
///
/// It is called only after the text failed to decode, so it may be simple. For text that is not
/// JSON it returns some path and never panics.
fn path_at(body: &[u8], end: usize) -> String {
    let mut steps: Vec<Step> = Vec::new();
    let mut key: Option<String> = None;
    let mut position = 0;
    while let Some(byte) = body.get(position).filter(|_| position < end) {
        position += 1;
        match byte {
            b'{' => steps.push(Step::Key(String::new())),
            b'[' => steps.push(Step::Index(0)),
            b'}' | b']' if position < end => {
                steps.pop();
            }
            b',' => {
                if let Some(Step::Index(index)) = steps.last_mut() {
                    *index += 1;
                }
            }
            b':' => {
                if let (Some(Step::Key(name)), Some(text)) = (steps.last_mut(), key.take()) {
                    *name = text;
                }
            }
            b'"' => {
                let start = position;
                while let Some(byte) = body.get(position).filter(|byte| **byte != b'"') {
                    position += if *byte == b'\\' { 2 } else { 1 };
                }
                let text = body.get(start..position).unwrap_or_default();
                key = Some(String::from_utf8_lossy(text).into_owned());
                position += 1;
            }
            _ => {}
        }
    }
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Key(name) if name.is_empty() => {}
            Step::Key(name) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&name);
            }
            Step::Index(index) => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Deserialize, Debug)]
    #[expect(dead_code, reason = "only decoded")]
    struct Outer {
        data: Vec<Inner>,
    }

    #[derive(Deserialize, Debug)]
    #[expect(dead_code, reason = "only decoded")]
    struct Inner {
        id: u32,
        name: Option<String>,
    }

    fn error(body: &str) -> String {
        json::<Outer>(&Response::new(body.as_bytes().to_vec())).unwrap_err().to_string()
    }

    #[test]
    fn the_path_of_the_bad_value_is_named() {
        assert_eq!(
            error(r#"{"data":[{"id":1},{"id":2,"name":[]}]}"#),
            "data[1].name: invalid type: sequence, expected a string"
        );
        assert_eq!(
            error("{\"data\":\n [{\"id\":1},\n  {\"id\":\"x\"}]}"),
            "data[1].id: invalid type: string, expected u32"
        );
        assert!(error(r#"{"data":[{"name":"a"}]}"#).starts_with("data[0]"));
        assert_eq!(error("[1]"), "[0]: invalid type: integer, expected a sequence");
    }

    #[test]
    fn no_value_of_the_answer_is_quoted() {
        for body in [
            r#"{"data":[{"id":"CANARY, expected `x`"}]}"#,
            r#"{"data":"CANARY"}"#,
            r#"{"data":[{"id":-77777}]}"#,
        ] {
            let text = error(body);
            assert!(!text.contains("CANARY") && !text.contains("77777"), "{text}");
        }
    }

    #[test]
    fn objects_with_a_reserved_name_are_rejected_at_any_depth() {
        use crate::wire::{Amount, ExtraFields};

        #[derive(Deserialize, Debug)]
        #[expect(dead_code, reason = "only decoded")]
        struct Model {
            #[serde(default, deserialize_with = "crate::wire::amount")]
            amount: Option<Amount>,
            #[serde(flatten)]
            extra: ExtraFields,
        }

        let first = r#"{"$serde_json::private::RawValue":"99"}"#;
        let escaped = r#"{"\u0024serde_json::private::RawValue":"99"}"#;
        let inner = r#"{"$serde_json::private::Raw\u0056alue":"99"}"#;
        for object in [first, escaped, inner] {
            for body in [
                object.to_owned(),
                format!(r#"{{"amount":{object}}}"#),
                format!(r#"{{"amount":1,"paid":{object}}}"#),
                format!(r#"{{"a":[{{"b":{object}}}]}}"#),
            ] {
                let reply = Response::new(body.clone().into_bytes());
                for error in [json::<ExtraFields>(&reply).err(), json::<Model>(&reply).err()]
                    .map(Option::unwrap)
                {
                    assert!(error.to_string().contains("reserved name"), "{body}: {error}");
                }
            }
        }
        let harmless =
            r#"{"amount":1,"a":"$serde_json::private::RawValue","\u0024":"\u0026\u00f3"}"#;
        json::<Model>(&Response::new(harmless.into())).unwrap();
    }

    #[test]
    fn empty_truncated_and_foreign_bodies_say_so() {
        assert_eq!(error(" \n"), "empty body");
        assert!(error(r#"{"data":[{"id":1}"#).contains("EOF"));
        assert!(error("<html>").contains("expected value"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, end in 0usize..200) {
            let _ = path_at(&bytes, end);
            let _ = json::<Outer>(&Response::new(bytes));
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = without_value(&text);
        }
    }
}
