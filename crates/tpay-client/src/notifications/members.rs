//! The members of a notification, which are the same in a form and in JSON.

use std::collections::BTreeSet;
use std::fmt;

use api_auth::{Amount, ErrorKind, ExtraFields, Response, ResponseError, decode_form_bytes};
use serde::de::{
    Deserialize, DeserializeOwned, Deserializer, Error, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Value};

/// The deepest nesting of names in a form, `a[b][c]`. Deeper ones stay flat.
const DEEPEST: usize = 8;

/// The members that identify something: two values must never be read as the same text, so each
/// must be UTF-8. In all others, such as a payer's name, other bytes become U+FFFD.
const IDENTITIES: &[&str] = &[
    "card_token",
    "cardToken",
    "event",
    "hiddenDescription",
    "id",
    "iterationAttemptCount",
    "iterationCount",
    "recurringId",
    "token",
    "tokenizationId",
    "tokenPaymentData_initialTransactionId",
    "tokenPaymentData_tokenValue",
    "tr_crc",
    "tr_currency",
    "tr_date",
    "tr_id",
    "transactionDate",
    "transactionHiddenDescription",
    "transactionId",
    "transactionStatus",
    "transactionTitle",
    "type",
    "value",
];

pub(super) struct Members {
    /// The members as JSON. Empty values of a form are absent.
    pub(super) extra: ExtraFields,
}

impl Members {
    /// Reads a body: JSON if it begins with a brace, a form otherwise. White space at the ends is
    /// skipped. A name must not be repeated: readers that take the first and readers that take the
    /// last must see the same notification.
    pub(super) fn read(body: &[u8]) -> Result<Self, ResponseError> {
        let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
        if text.starts_with(b"{") {
            let response = Response::new(text.to_vec());
            api_auth::json::<Unique>(&response)?;
            return Ok(Self { extra: api_auth::json(&response)? });
        }
        if !is_form(text) {
            return Err(not_understood("the body is neither a form nor JSON"));
        }
        let (mut object, mut all) = (Map::new(), Map::new());
        for (name, value) in decode_form_bytes(text) {
            let name = String::from_utf8_lossy(&name);
            let path = path(&name);
            if !insert(&mut all, &path, String::new()) {
                return Err(not_understood("the form repeats a name"));
            }
            let identity =
                path.last().and_then(|last| IDENTITIES.iter().find(|name| *name == last));
            let text = match (String::from_utf8(value), identity) {
                (Ok(text), _) => text,
                (Err(_), Some(name)) => return Err(not_understood(&format!("{name}: not UTF-8"))),
                (Err(error), None) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
            };
            if !text.is_empty() {
                insert(&mut object, &path, text);
            }
        }
        let fields = serde_json::from_value(Value::Object(object));
        let fields = fields.map_err(|_| not_understood("the form cannot be read"))?;
        Ok(Self { extra: fields })
    }

    /// Removes a member that identifies something and returns it as a string. Returns `None` if it
    /// is absent, null or empty; a list or an object is an error.
    pub(super) fn take_exact(&mut self, name: &str) -> Result<Option<String>, ResponseError> {
        let is_text = self.extra.text(name).is_some();
        if !is_text && self.extra.json(name).is_some_and(|json| json != "null") {
            return Err(not_understood(&format!("{name}: not a text")));
        }
        Ok(self.take(name))
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

    /// Parses the member `data`.
    pub(super) fn data<T: DeserializeOwned>(&self) -> Result<T, ResponseError> {
        let json = self.extra.json("data").ok_or_else(|| not_understood("data: missing"))?;
        api_auth::json(&Response::new(json.into_bytes()))
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

/// Any JSON value in which no object has a name twice.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unique {
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
        let mut names = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("the object repeats a name"));
            }
            members.next_value::<Self>()?;
        }
        Ok(self)
    }
}
