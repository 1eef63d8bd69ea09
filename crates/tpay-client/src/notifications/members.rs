//! Parses the body of a notification, which is a form or JSON, into its members.

use std::borrow::Cow;
use std::fmt;

use api_auth::{Amount, ErrorKind, ExtraFields, Response, ResponseError, decode_form_bytes};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::map::Entry;
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use super::hidden_description::HiddenDescription;

/// The name of the member by which a payment is recognized.
const TITLE: &str = "tr_id";
/// The maximum nesting depth of names in a form, such as `a[b][c]`. Deeper names are not split.
const MAX_FORM_DEPTH: usize = 8;
/// The maximum number of nested values in JSON, including the body itself and the innermost value.
const MAX_JSON_DEPTH: usize = 100;
/// The name by which `serde_json` marks raw JSON for its own types. An object with this name would
/// be parsed as the JSON in its value.
const RESERVED: &str = "$serde_json::private::RawValue";

pub(super) struct Members {
    /// The members, without empty strings.
    object: Map<String, Value>,
    /// The values of a form that are not UTF-8. Each entry contains the name of the value, split at
    /// its brackets (`a[b]` becomes `a` and `b`), and the bytes of the value.
    not_utf8: Vec<(Vec<String>, Vec<u8>)>,
    /// Whether there is a member `tr_id`, empty or not.
    pub(super) has_title: bool,
    /// Whether the body contained invalid UTF-8 or lone surrogates, which were replaced with
    /// U+FFFD.
    is_repaired: bool,
}

impl Members {
    /// Parses a body: JSON if it begins with a brace, a form otherwise. Leading and trailing
    /// whitespace is skipped. A repeated name is an error, because one parser could use the first
    /// value and another the last.
    pub(super) fn read(body: &[u8]) -> Result<Self, ResponseError> {
        let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
        if text.starts_with(b"{") {
            return Self::read_json(text);
        }
        if !is_form(text) {
            return Err(invalid_body("the body is neither a form nor JSON"));
        }
        let mut object = Map::new();
        let mut not_utf8 = Vec::new();
        for (name, value) in decode_form_bytes(text) {
            let (name, nested) = path(lossy(name));
            if name == RESERVED || nested.iter().any(|part| part == RESERVED) {
                return Err(reserved());
            }
            let text = String::from_utf8(value).unwrap_or_else(|error| {
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let path = std::iter::once(name.clone()).chain(nested.iter().cloned()).collect();
                not_utf8.push((path, error.into_bytes()));
                text
            });
            if !insert(&mut object, name, &nested, text) {
                return Err(invalid_body("the form repeats a name"));
            }
        }
        let has_title = object.contains_key(TITLE);
        remove_empty(&mut object);
        let is_repaired = !not_utf8.is_empty();
        Ok(Self { object, not_utf8, has_title, is_repaired })
    }

    /// Parses a JSON body. Its strings can contain lone surrogates and bytes that are not UTF-8,
    /// and its numbers can have any size.
    fn read_json(body: &[u8]) -> Result<Self, ResponseError> {
        let lossy = String::from_utf8_lossy(body);
        let text = without_lone_surrogates(&lossy);
        let is_repaired = matches!(lossy, Cow::Owned(_)) || matches!(text, Cow::Owned(_));
        match value(serde_json::from_str(&text).map_err(not_json)?, MAX_JSON_DEPTH)? {
            Value::Object(object) => {
                let Entries(entries) = serde_json::from_str(&text).map_err(not_json)?;
                let has_title = entries.iter().any(|(name, _)| name == TITLE);
                Ok(Self { object, not_utf8: Vec::new(), has_title, is_repaired })
            }
            _ => Err(invalid_body("the body is not an object")),
        }
    }

    /// Returns the value of the member `name`, or `None` if the member is absent.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.object.get(name)
    }

    /// Returns the value of the member `name`, a string, number or boolean, as a string. Returns
    /// `None` if the member is absent, null, a list or an object.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        text(self.get(name)?)
    }

    /// Returns the remaining members, which were not removed with [`take`](Self::take) or a similar
    /// method.
    pub(super) fn into_extra(self) -> Result<ExtraFields, ResponseError> {
        if self.object.is_empty() {
            return Ok(ExtraFields::default());
        }
        let extra = serde_json::from_value(Value::Object(self.object));
        extra.map_err(|_| invalid_body("the body cannot be read"))
    }

    /// Returns the exact bytes of the member `name`, whose value the merchant chose. A form can use
    /// any encoding, but JSON must be UTF-8. The result is empty if the member is absent.
    pub(super) fn hidden_description(
        &self,
        name: &str,
    ) -> Result<HiddenDescription, ResponseError> {
        if let Some(bytes) = self.not_utf8(&[name]) {
            return Ok(bytes.to_vec().into());
        }
        self.validate_exact(&[name])?;
        Ok(self.text(name).unwrap_or_default().into())
    }

    /// Returns the exact bytes of the member `name` of `data`, whose value the merchant chose.
    /// Returns `None` if the member is absent, null or empty.
    pub(super) fn hidden_description_in_data(
        &self,
        name: &str,
    ) -> Result<Option<HiddenDescription>, ResponseError> {
        if let Some(bytes) = self.not_utf8(&["data", name]) {
            return Ok(Some(bytes.to_vec().into()));
        }
        let Some(Value::Object(data)) = self.get("data") else { return Ok(None) };
        self.validate_exact_in("data", data, &[name])?;
        let text = data.get(name).and_then(text).filter(|text| !text.is_empty());
        Ok(text.map(HiddenDescription::from))
    }

    /// Returns the bytes of the form value at this path of names. Returns `None` if the value is
    /// UTF-8 or absent.
    fn not_utf8(&self, path: &[&str]) -> Option<&[u8]> {
        self.not_utf8.iter().find(|(known, _)| known == path).map(|(_, bytes)| &**bytes)
    }

    /// Returns an error if one of these members is not exact: it contained invalid UTF-8, or it is
    /// a boolean, a list or an object. The members identify something, such as a transaction, so
    /// two different values must never be parsed as the same string. In all other members, such as
    /// a payer's name, invalid bytes become U+FFFD.
    pub(super) fn validate_exact(&self, names: &[&str]) -> Result<(), ResponseError> {
        names.iter().try_for_each(|name| match self.get(name) {
            Some(value) => self.validate_value(&|| (*name).to_owned(), value),
            None => Ok(()),
        })
    }

    /// Validates members of `object` as [`validate_exact`](Self::validate_exact) does. `parent` is
    /// the name of the member that contains `object`, for errors.
    pub(super) fn validate_exact_in(
        &self,
        parent: &str,
        object: &Map<String, Value>,
        names: &[&str],
    ) -> Result<(), ResponseError> {
        names.iter().try_for_each(|name| match object.get(*name) {
            Some(value) => self.validate_value(&|| format!("{parent}.{name}"), value),
            None => Ok(()),
        })
    }

    fn validate_value(
        &self,
        name: &dyn Fn() -> String,
        value: &Value,
    ) -> Result<(), ResponseError> {
        if self.is_repaired && value.to_string().contains(char::REPLACEMENT_CHARACTER) {
            return Err(invalid_body(&format!("{}: not UTF-8", name())));
        }
        match value {
            Value::Object(_) | Value::Array(_) | Value::Bool(_) => {
                Err(invalid_body(&format!("{}: not a string", name())))
            }
            Value::Null | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }

    /// Removes the member `test_mode`. Returns whether its value marks a test: a value other than
    /// null, an empty string, zero or `false`.
    pub(super) fn take_test_mode(&mut self) -> bool {
        let value = self.object.remove("test_mode").filter(|value| !value.is_null());
        value.is_some_and(|value| {
            let text = text(&value).unwrap_or_else(|| value.to_string());
            // A number that is 0 can have decimal places.
            let is_zero = value.as_f64() == Some(0.0);
            !(is_zero || text.is_empty() || text == "0" || text.eq_ignore_ascii_case("false"))
        })
    }

    /// Removes the member `name` and returns its value as a string. Returns `None` if the member is
    /// absent, null, empty, a list or an object.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let text = match self.object.remove(name)? {
            Value::String(text) => Some(text),
            value => text(&value),
        };
        text.filter(|text| !text.is_empty())
    }

    /// Removes the member `name` and returns its value as a string. Returns an error in the cases
    /// in which [`take`](Self::take) returns `None`.
    pub(super) fn require(&mut self, name: &str) -> Result<String, ResponseError> {
        self.take(name).ok_or_else(|| missing(name))
    }

    /// Removes the member `name` and returns its value as an amount, such as 12.34. Returns an
    /// error if the member is absent or is not an amount.
    pub(super) fn require_amount(&mut self, name: &str) -> Result<Amount, ResponseError> {
        let text = self.require(name)?;
        text.trim().parse().map_err(|_| invalid_body(&format!("{name}: not an amount")))
    }

    /// Returns the bytes of a member as the md5sum covers them: the decoded bytes of a form value,
    /// unchanged. An amount that is a JSON number is formatted with two decimal places.
    pub(super) fn covered(&self, name: &str) -> Vec<u8> {
        if let Some(bytes) = self.not_utf8(&[name]) {
            return bytes.to_vec();
        }
        let text = self.text(name).unwrap_or_default();
        let is_number = self.get(name).is_some_and(Value::is_number);
        let amount = (is_number && name == "tr_amount").then(|| text.parse::<Amount>().ok());
        let units = amount.flatten().and_then(|amount| amount.minor_units(2));
        units.map_or(text, |units| Amount::from_minor_units(units, 2).to_string()).into_bytes()
    }

    /// Parses the member `data` as a `T`. Returns an error if `data` is absent, or if
    /// [`validate_exact_in`](Self::validate_exact_in) rejects one of its members whose names are in
    /// `exact`.
    pub(super) fn data<T: DeserializeOwned>(&self, exact: &[&str]) -> Result<T, ResponseError> {
        let data = self.get("data").ok_or_else(|| missing("data"))?;
        if let Value::Object(data) = data {
            self.validate_exact_in("data", data, exact)?;
        }
        api_auth::json(&Response::new(data.to_string().into_bytes()))
    }

    /// Returns the amount in the member `name` of `data`, such as 12.34. Returns an error if the
    /// member is absent or is not an amount.
    pub(super) fn require_amount_in_data(&self, name: &str) -> Result<Amount, ResponseError> {
        let value = self.get("data").and_then(|data| data.get(name));
        let text = value.and_then(text).filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| missing(name))?;
        text.trim().parse().map_err(|_| invalid_body(&format!("{name}: not an amount")))
    }

    /// Converts the object that contains all members to a `T`.
    pub(super) fn all<T: DeserializeOwned>(&self) -> Result<T, ResponseError> {
        let json = serde_json::to_vec(&self.object).unwrap_or_default();
        api_auth::json(&Response::new(json))
    }
}

/// Returns a string, number or boolean as a string. Returns `None` for any other value.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Creates the error for a genuine notification that cannot be parsed. Such a notification must not
/// be acknowledged.
pub(super) fn invalid_body(problem: &str) -> ResponseError {
    ResponseError::new(ErrorKind::Decode).with_message(problem)
}

/// Returns the error for a member that is absent or empty.
pub(super) fn missing(name: &str) -> ResponseError {
    invalid_body(&format!("{name}: missing from the notification"))
}

/// Converts bytes to a string. Each invalid sequence of bytes becomes U+FFFD.
fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Removes empty strings, and objects that contain nothing else.
fn remove_empty(object: &mut Map<String, Value>) {
    object.retain(|_, value| match value {
        Value::Object(nested) => {
            remove_empty(nested);
            !nested.is_empty()
        }
        Value::String(text) => !text.is_empty(),
        _ => true,
    });
}

/// Splits the name of a form value: `a[b][c]` into `a` and the nested names `b` and `c`. A name in
/// another format, or with more than [`MAX_FORM_DEPTH`] parts, is returned unchanged.
fn path(name: String) -> (String, Vec<String>) {
    let nested = || -> Option<(String, Vec<String>)> {
        let (first, rest) = name.split_once('[')?;
        let parts: Vec<&str> = rest.strip_suffix(']')?.split("][").collect();
        let is_plain = |part: &str| !part.contains(['[', ']']);
        let is_path =
            !first.is_empty() && is_plain(first) && parts.iter().all(|part| is_plain(part));
        (is_path && parts.len() < MAX_FORM_DEPTH)
            .then(|| (first.to_owned(), parts.into_iter().map(str::to_owned).collect()))
    };
    nested().unwrap_or((name, Vec::new()))
}

/// Inserts a form value at a path of names. Returns `false` if there is already a value at this
/// path.
fn insert(object: &mut Map<String, Value>, name: String, nested: &[String], text: String) -> bool {
    match (nested, object.entry(name)) {
        ([], Entry::Occupied(_)) => false,
        ([], Entry::Vacant(entry)) => {
            entry.insert(Value::String(text));
            true
        }
        ([next, rest @ ..], entry) => match entry.or_insert_with(|| Value::Object(Map::new())) {
            Value::Object(within) => insert(within, next.clone(), rest, text),
            _ => false,
        },
    }
}

/// Returns whether a body can be a URL-encoded form: it consists only of characters that such a
/// form can contain. Any other body must not be parsed as a form, because the result would differ
/// from what the sender meant.
fn is_form(text: &[u8]) -> bool {
    let is_plain = |byte: u8| {
        let is_excluded =
            matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}');
        byte.is_ascii_graphic() && !is_excluded
    };
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return true,
            [b'%', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                rest
            }
            [b'%', ..] => return false,
            [byte, rest @ ..] if is_plain(*byte) => rest,
            _ => return false,
        };
    }
}

fn reserved() -> ResponseError {
    invalid_body("the body has a reserved name")
}

/// Replaces each escape of a lone surrogate, such as `\ud800`, with `\ufffd`, because `serde_json`
/// rejects lone surrogates.
fn without_lone_surrogates(text: &str) -> Cow<'_, str> {
    let code = |at: usize| {
        let digits = text.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u32::from_str_radix(digits, 16).ok()
    };
    let mut repaired = String::new();
    let (mut copied, mut from) = (0, 0);
    while let Some(at) = text.get(from..).and_then(|rest| rest.find('\\')).map(|at| from + at) {
        from = match (code(at), code(at + 6)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => at + 12,
            (Some(0xd800..0xe000), _) => {
                repaired.push_str(text.get(copied..at).unwrap_or_default());
                repaired.push_str("\\ufffd");
                copied = at + 6;
                copied
            }
            // A backslash and the character that it escapes.
            _ => at + 2,
        };
    }
    if copied == 0 {
        return text.into();
    }
    repaired.push_str(text.get(copied..).unwrap_or_default());
    repaired.into()
}

/// Converts a JSON value. Returns an error if more than `levels` values are nested, or if an object
/// repeats a name or contains the reserved one. Members with an empty string are omitted. A number
/// that cannot be represented exactly becomes a string with the same digits.
fn value(raw: &RawValue, levels: usize) -> Result<Value, ResponseError> {
    let Some(below) = levels.checked_sub(1) else {
        return Err(invalid_body("the body is nested too deeply"));
    };
    let text = raw.get();
    Ok(match text.as_bytes().first() {
        Some(b'{') => {
            let Entries(entries) = serde_json::from_str(text).map_err(not_json)?;
            let mut object = Map::new();
            for (name, raw) in entries {
                if name == RESERVED {
                    return Err(reserved());
                }
                if object.insert(name, value(raw, below)?).is_some() {
                    return Err(invalid_body("the object repeats a name"));
                }
            }
            // As in a form, an empty string is an absent value.
            object.retain(|_, value| value != "");
            Value::Object(object)
        }
        Some(b'[') => {
            let list: Vec<&RawValue> = serde_json::from_str(text).map_err(not_json)?;
            Value::Array(list.iter().map(|raw| value(raw, below)).collect::<Result<_, _>>()?)
        }
        Some(b'-' | b'0'..=b'9') => {
            let amount = |text: &str| text.parse::<Amount>().ok();
            match serde_json::from_str::<Number>(text) {
                Ok(number)
                    if amount(text).is_some() && amount(&number.to_string()) == amount(text) =>
                {
                    Value::Number(number)
                }
                _ => Value::String(text.to_owned()),
            }
        }
        _ => serde_json::from_str(text).map_err(not_json)?,
    })
}

fn not_json(_: serde_json::Error) -> ResponseError {
    invalid_body("the body is not JSON")
}

/// The members of a JSON object in the order in which they occur, including members with a repeated
/// name.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_with_pairs_of_brackets_is_a_path() {
        for (name, first, within) in [
            ("a[b]", "a", &["b"][..]),
            ("a[b][c]", "a", &["b", "c"]),
            ("a[]", "a", &[""]),
            ("a", "a", &[]),
            ("[a]", "[a]", &[]),
            ("a]b[c]", "a]b[c]", &[]),
            ("a[b[c]", "a[b[c]", &[]),
            ("a[b]c", "a[b]c", &[]),
            ("a[b", "a[b", &[]),
        ] {
            let within = within.iter().map(|part| (*part).to_owned()).collect();
            assert_eq!(path(name.to_owned()), (first.to_owned(), within), "{name}");
        }
    }

    #[test]
    fn depth_of_a_path_is_limited() {
        let name = |depth: usize| format!("a{}", "[b]".repeat(depth));
        assert_eq!(path(name(MAX_FORM_DEPTH - 1)).1.len(), MAX_FORM_DEPTH - 1);
        assert_eq!(path(name(MAX_FORM_DEPTH)), (name(MAX_FORM_DEPTH), Vec::new()));
    }
}
