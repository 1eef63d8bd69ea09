//! The members of a notification, which are the same in a form and in JSON.

use std::collections::BTreeSet;
use std::fmt;

use api_auth::{Amount, ErrorKind, ExtraFields, Response, ResponseError, decode_form_bytes};
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, Visitor};
use serde_json::{Map, Number, Value};

/// The deepest nesting of names in a form, `a[b][c]`. Deeper ones stay flat.
const DEEPEST: usize = 8;
/// The deepest nesting of lists and objects in JSON.
const DEEPEST_JSON: usize = 100;
/// The name by which `serde_json` marks raw JSON for its own types. An object that has it would be
/// read as the JSON in its value.
const RESERVED: &str = "$serde_json::private::RawValue";

pub(super) struct Members {
    /// The members as JSON. Empty values of a form are absent.
    pub(super) extra: ExtraFields,
    /// The paths of the strings that are not UTF-8, in which U+FFFD stands for other bytes.
    inexact: BTreeSet<Vec<String>>,
}

impl Members {
    /// Reads a body: JSON if it begins with a brace, a form otherwise. White space at the ends is
    /// skipped. A name must not be repeated: readers that take the first and readers that take the
    /// last must see the same notification.
    pub(super) fn read(body: &[u8]) -> Result<Self, ResponseError> {
        let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
        if text.starts_with(b"{") {
            return Json::read(text);
        }
        if !is_form(text) {
            return Err(not_understood("the body is neither a form nor JSON"));
        }
        let (mut object, mut all) = (Map::new(), Map::new());
        let mut inexact = BTreeSet::new();
        for (name, value) in decode_form_bytes(text) {
            let name = String::from_utf8_lossy(&name);
            let path = path(&name);
            if path.contains(&RESERVED) {
                return Err(reserved());
            }
            if !insert(&mut all, &path, String::new()) {
                return Err(not_understood("the form repeats a name"));
            }
            let text = lossy(value, || {
                inexact.insert(path.iter().map(|part| (*part).to_owned()).collect());
            });
            if !text.is_empty() {
                insert(&mut object, &path, text);
            }
        }
        Self::new(object, inexact)
    }

    fn new(
        object: Map<String, Value>,
        inexact: BTreeSet<Vec<String>>,
    ) -> Result<Self, ResponseError> {
        let fields = serde_json::from_value(Value::Object(object));
        let extra = fields.map_err(|_| not_understood("the body cannot be read"))?;
        Ok(Self { extra, inexact })
    }

    /// Returns an error if one of these members identifies something inexactly: it is neither a
    /// string nor a number, null nor absent, or it is not UTF-8. Two values must never be read as
    /// the same string. In all other members, such as a payer's name, invalid bytes become U+FFFD.
    pub(super) fn validate_exact(&self, names: &[&str]) -> Result<(), ResponseError> {
        names.iter().try_for_each(|name| match self.extra.json(name) {
            Some(json) => self.validate_value(&[name], &json),
            None => Ok(()),
        })
    }

    /// Like [`validate_exact`](Self::validate_exact), for members of the object at `path`.
    pub(super) fn validate_exact_in(
        &self,
        path: &[&str],
        object: &Map<String, Value>,
        names: &[&str],
    ) -> Result<(), ResponseError> {
        names.iter().try_for_each(|name| match object.get(*name) {
            Some(value) => self.validate_value(&[path, &[name]].concat(), &value.to_string()),
            None => Ok(()),
        })
    }

    fn validate_value(&self, path: &[&str], json: &str) -> Result<(), ResponseError> {
        if self.inexact.iter().any(|inexact| inexact == path) {
            return Err(not_understood(&format!("{}: not UTF-8", path.join("."))));
        }
        if json.starts_with(['{', '[', 't', 'f']) {
            return Err(not_understood(&format!("{}: not a string", path.join("."))));
        }
        Ok(())
    }

    /// Removes `test_mode` and returns whether it marks a test: anything but absent, null, empty,
    /// `0` or `false`.
    pub(super) fn take_test_mode(&mut self) -> bool {
        const NAME: &str = "test_mode";
        let json = self.extra.json(NAME).filter(|json| json != "null");
        let text = json.map(|json| self.extra.text(NAME).unwrap_or(json));
        self.extra.remove(NAME);
        text.is_some_and(|text| {
            !(text.is_empty() || text == "0" || text.eq_ignore_ascii_case("false"))
        })
    }

    /// Removes a member and returns it as a string. Returns `None` if it is absent, null or empty.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let text = self.extra.text(name);
        self.extra.remove(name);
        text.filter(|text| !text.is_empty())
    }

    /// Like [`take`](Self::take), for a required member.
    pub(super) fn require(&mut self, name: &str) -> Result<String, ResponseError> {
        self.take(name).ok_or_else(|| not_understood(&format!("{name}: missing")))
    }

    /// Like [`require`](Self::require), for an amount.
    pub(super) fn require_amount(&mut self, name: &str) -> Result<Amount, ResponseError> {
        let text = self.require(name)?;
        text.trim().parse().map_err(|_| not_understood(&format!("{name}: not an amount")))
    }

    /// Returns the string that a checksum covers. An amount that is a JSON number has two decimals
    /// there.
    pub(super) fn covered(&self, name: &str) -> String {
        let text = self.extra.text(name).unwrap_or_default();
        let is_number = self.extra.json(name).is_some_and(|json| !json.starts_with('"'));
        let amount = text.parse::<Amount>().ok().filter(|_| is_number && name == "tr_amount");
        let units = amount.and_then(|amount| amount.minor_units(2));
        units.map_or(text, |units| Amount::from_minor_units(units, 2).to_string())
    }

    /// Parses the member `data`. The members of these names must be exact.
    pub(super) fn data<T: DeserializeOwned>(&self, exact: &[&str]) -> Result<T, ResponseError> {
        let json = self.extra.json("data").ok_or_else(|| not_understood("data: missing"))?;
        if let Some(data) = self.extra.read::<Map<String, Value>>("data") {
            self.validate_exact_in(&["data"], &data, exact)?;
        }
        api_auth::json(&Response::new(json.into_bytes()))
    }

    /// The amount of this name in `data`, which must be there.
    pub(super) fn require_amount_in_data(&self, name: &str) -> Result<Amount, ResponseError> {
        let data = self.extra.read::<ExtraFields>("data").unwrap_or_default();
        let text = data.text(name).filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| not_understood(&format!("{name}: missing")))?;
        text.trim().parse().map_err(|_| not_understood(&format!("{name}: not an amount")))
    }

    /// Parses all members.
    pub(super) fn all<T: DeserializeOwned>(&self) -> Result<T, ResponseError> {
        let json = serde_json::to_vec(&self.extra).unwrap_or_default();
        api_auth::json(&Response::new(json))
    }
}

/// Creates the error for a genuine notification that cannot be parsed. It must not be acknowledged.
pub(super) fn not_understood(problem: &str) -> ResponseError {
    ResponseError::new(ErrorKind::Decode).with_message(problem)
}

/// Returns the parts of `a[b][c]`.
fn path(name: &str) -> Vec<&str> {
    let flat = || vec![name];
    let Some((first, rest)) = name.split_once('[') else { return flat() };
    let Some(rest) = rest.strip_suffix(']') else { return flat() };
    let parts: Vec<&str> = std::iter::once(first).chain(rest.split("][")).collect();
    let is_plain = |part: &&str| !part.contains(['[', ']']);
    if first.is_empty() || parts.len() > DEEPEST || !parts.iter().all(is_plain) {
        return flat();
    }
    parts
}

/// Inserts a value, and returns whether its name was not taken.
fn insert(object: &mut Map<String, Value>, path: &[&str], text: String) -> bool {
    match path {
        [] => false,
        [name] if object.contains_key(*name) => false,
        [name] => {
            object.insert((*name).to_owned(), Value::String(text));
            true
        }
        [name, rest @ ..] => {
            match object.entry(*name).or_insert_with(|| Value::Object(Map::new())) {
                Value::Object(nested) => insert(nested, rest, text),
                _ => false,
            }
        }
    }
}

/// Returns whether a body can be an urlencoded form. Other bodies would be parsed as something that
/// the sender did not mean.
fn is_form(text: &[u8]) -> bool {
    let mut escapes = text.split(|byte| *byte == b'%').skip(1);
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(byte);
    text.iter().all(is_plain)
        && escapes.all(|rest| {
            matches!(rest, [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
        })
}

fn reserved() -> ResponseError {
    not_understood("the body has a reserved name")
}

/// Reads bytes as a string with U+FFFD for what is not UTF-8, and reports whether there is any.
fn lossy(bytes: Vec<u8>, is_inexact: impl FnOnce()) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        is_inexact();
        String::from_utf8_lossy(error.as_bytes()).into_owned()
    })
}

/// Reads JSON whose strings may have lone surrogates and bytes that are not UTF-8, and whose
/// numbers may be of any size. Each object must have a name once.
struct Json<'a> {
    rest: &'a [u8],
    /// The names and indices of the values that are being read.
    path: Vec<String>,
    inexact: BTreeSet<Vec<String>>,
}

impl Json<'_> {
    fn read(text: &[u8]) -> Result<Members, ResponseError> {
        let mut json = Json { rest: text, path: Vec::new(), inexact: BTreeSet::new() };
        let value = json.value()?;
        match (value, json.next()) {
            (Value::Object(object), None) => Members::new(object, json.inexact),
            _ => Err(not_json()),
        }
    }

    /// Skips white space and returns the next byte without consuming it.
    fn next(&mut self) -> Option<u8> {
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        let start = self.rest.iter().position(|byte| !is_space(byte));
        self.rest = start.and_then(|start| self.rest.get(start..)).unwrap_or_default();
        self.rest.first().copied()
    }

    /// Consumes this byte if it is the next one.
    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.next() == Some(byte);
        if is_next {
            self.split(1);
        }
        is_next
    }

    fn expect(&mut self, byte: u8) -> Result<(), ResponseError> {
        if self.take(byte) { Ok(()) } else { Err(not_json()) }
    }

    /// Consumes and returns the next `length` bytes.
    fn split(&mut self, length: usize) -> &[u8] {
        let (bytes, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, &[]));
        self.rest = rest;
        bytes
    }

    fn value(&mut self) -> Result<Value, ResponseError> {
        if self.path.len() > DEEPEST_JSON {
            return Err(not_understood("the body is nested too deeply"));
        }
        match self.next() {
            Some(b'{') => self.object(),
            Some(b'[') => self.list(),
            Some(b'"') => {
                let bytes = self.string()?;
                let text = lossy(bytes, || {
                    self.inexact.insert(self.path.clone());
                });
                Ok(Value::String(text))
            }
            _ => self.scalar(),
        }
    }

    fn object(&mut self) -> Result<Value, ResponseError> {
        let mut object = Map::new();
        self.expect(b'{')?;
        if self.take(b'}') {
            return Ok(Value::Object(object));
        }
        loop {
            if self.next() != Some(b'"') {
                return Err(not_json());
            }
            let name = lossy(self.string()?, || {});
            if name == RESERVED {
                return Err(reserved());
            }
            if object.contains_key(&name) {
                return Err(not_understood("the object repeats a name"));
            }
            self.expect(b':')?;
            self.path.push(name);
            let value = self.value()?;
            object.insert(self.path.pop().unwrap_or_default(), value);
            if !self.take(b',') {
                break;
            }
        }
        self.expect(b'}')?;
        Ok(Value::Object(object))
    }

    fn list(&mut self) -> Result<Value, ResponseError> {
        let mut list = Vec::new();
        self.expect(b'[')?;
        if self.take(b']') {
            return Ok(Value::Array(list));
        }
        loop {
            self.path.push(list.len().to_string());
            list.push(self.value()?);
            self.path.pop();
            if !self.take(b',') {
                break;
            }
        }
        self.expect(b']')?;
        Ok(Value::Array(list))
    }

    /// Consumes a string and decodes its escapes. A lone surrogate becomes bytes that are not
    /// UTF-8.
    fn string(&mut self) -> Result<Vec<u8>, ResponseError> {
        let mut is_escaped = true; // The first byte is the opening quote.
        let end = self.rest.iter().position(|byte| {
            let is_end = *byte == b'"' && !is_escaped;
            is_escaped = *byte == b'\\' && !is_escaped;
            is_end
        });
        let text = self.split(end.ok_or_else(not_json)?.saturating_add(1));
        if text.iter().any(|byte| *byte < b' ') {
            return Err(not_json());
        }
        let mut decoder = serde_json::Deserializer::from_slice(text);
        decoder.deserialize_bytes(Bytes).map_err(|_| not_json())
    }

    /// Consumes null, a boolean or a number. A number that is not kept exactly becomes a string of
    /// its digits.
    fn scalar(&mut self) -> Result<Value, ResponseError> {
        let is_end = |byte: &u8| b",:]}[{\" \t\n\r".contains(byte);
        let end = self.rest.iter().position(is_end).unwrap_or(self.rest.len());
        let text = self.split(end);
        serde_json::from_slice::<IgnoredAny>(text).map_err(|_| not_json())?;
        let text = std::str::from_utf8(text).map_err(|_| not_json())?;
        let amount = |text: &str| text.parse::<Amount>().ok();
        Ok(match text {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => match serde_json::from_str::<Number>(text) {
                Ok(number)
                    if amount(text).is_some() && amount(&number.to_string()) == amount(text) =>
                {
                    Value::Number(number)
                }
                _ => Value::String(text.to_owned()),
            },
        })
    }
}

fn not_json() -> ResponseError {
    not_understood("the body is not JSON")
}

/// Reads a JSON string without a check of its encoding.
struct Bytes;

impl Visitor<'_> for Bytes {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(bytes.to_vec())
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.as_bytes().to_vec())
    }
}
