//! The members of a notification, which has the same ones as a form and as JSON.

use std::collections::BTreeMap;

use api_auth::{Amount, ErrorKind, Fault, Fields, Response, decode_form_bytes};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The deepest nesting of names in a form, `a[b][c]`. Deeper ones stay flat.
const DEEPEST: usize = 8;

pub(super) struct Members {
    /// The members as JSON. Empty values of a form are absent.
    pub(super) fields: Fields,
    /// The values of a form by their names, byte for byte: a checksum covers them.
    bytes: BTreeMap<String, Vec<u8>>,
}

impl Members {
    /// Reads a body: JSON if it begins with a brace, a form otherwise.
    pub(super) fn read(body: &[u8]) -> Result<Self, Fault> {
        let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        if text.trim_ascii_start().starts_with(b"{") {
            let fields = api_auth::json(&Response::new(text.to_vec()))?;
            return Ok(Self { fields, bytes: BTreeMap::new() });
        }
        let mut object = Map::new();
        let mut bytes = BTreeMap::new();
        for (name, value) in decode_form_bytes(text) {
            let name = String::from_utf8_lossy(&name).into_owned();
            if !value.is_empty() {
                let text = String::from_utf8_lossy(&value).into_owned();
                insert(&mut object, &path(&name), text);
            }
            bytes.insert(name, value);
        }
        let fields = serde_json::from_value(Value::Object(object));
        let fields = fields.map_err(|_| not_understood("the form cannot be read"))?;
        Ok(Self { fields, bytes })
    }

    /// Removes a member and returns it as text. `None` if it is absent, null or empty.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let text = self.fields.text(name);
        self.fields.remove(name);
        text.filter(|text| !text.is_empty())
    }

    /// Like [`take`](Self::take), for a member that must be there.
    pub(super) fn require(&mut self, name: &str) -> Result<String, Fault> {
        self.take(name).ok_or_else(|| not_understood(&format!("{name}: missing")))
    }

    /// Like [`require`](Self::require), for an amount.
    pub(super) fn require_amount(&mut self, name: &str) -> Result<Amount, Fault> {
        let text = self.require(name)?;
        text.trim().parse().map_err(|_| not_understood(&format!("{name}: not an amount")))
    }

    /// The bytes that a checksum covers. An amount that is a JSON number has two decimals there.
    pub(super) fn covered(&self, name: &str) -> Vec<u8> {
        if let Some(bytes) = self.bytes.get(name) {
            return bytes.clone();
        }
        let text = self.fields.text(name).unwrap_or_default();
        let is_number = self.fields.json(name).is_some_and(|json| !json.starts_with('"'));
        let amount = text.parse::<Amount>().ok().filter(|_| is_number && name == "tr_amount");
        let units = amount.and_then(|amount| amount.minor_units(2));
        units.map_or(text, |units| Amount::from_minor_units(units, 2).to_string()).into_bytes()
    }

    /// The member `data`, as a type of its own.
    pub(super) fn data<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        let json = self.fields.json("data").ok_or_else(|| not_understood("data: missing"))?;
        api_auth::json(&Response::new(json.into_bytes()))
    }

    /// All members, as a type of its own.
    pub(super) fn all<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        let json = serde_json::to_vec(&self.fields).unwrap_or_default();
        api_auth::json(&Response::new(json))
    }
}

/// A notification that is genuine and cannot be understood. It must not be acknowledged.
pub(super) fn not_understood(problem: &str) -> Fault {
    Fault::new(ErrorKind::Decode).with_message(problem)
}

/// `a[b][c]` as its parts.
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

fn insert(object: &mut Map<String, Value>, path: &[&str], text: String) {
    match path {
        [] => {}
        [name] => {
            object.insert((*name).to_owned(), Value::String(text));
        }
        [name, rest @ ..] => {
            let nested = object.entry(*name).or_insert_with(|| Value::Object(Map::new()));
            if !nested.is_object() {
                *nested = Value::Object(Map::new());
            }
            if let Value::Object(nested) = nested {
                insert(nested, rest, text);
            }
        }
    }
}
