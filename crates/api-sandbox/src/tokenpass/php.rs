//! JSON values with the semantics of PHP: queries and JSON bodies are parsed, and JSON is written,
//! in the same way as by PHP.

use std::collections::HashMap;
use std::fmt::{self, Write as _};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::date::parse_date_time;

/// A JSON value. The members of an object keep their order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
}

/// The two formats in which the server writes JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// The format of responses: slashes are escaped, and lists are arrays.
    Response,
    /// The format that signatures cover: slashes are not escaped, and lists are objects.
    Signed,
}

impl Value {
    /// Returns the member with this name. In a list, the name of an item is its index, counted from
    /// 0.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(members) => {
                members.iter().find(|(key, _)| key == name).map(|(_, value)| value)
            }
            Self::List(items) => items.get(name.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// Returns the value as JSON, in the given format.
    pub(super) fn json(&self, style: Style) -> String {
        let mut out = String::new();
        self.write(style, &mut out);
        out
    }

    fn write(&self, style: Style, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Int(value) => out.push_str(&value.to_string()),
            Self::Float(value) => out.push_str(&float(*value)),
            Self::Text(text) => quote(text, style, out),
            Self::List(items) if style == Style::Response => {
                for (index, item) in items.iter().enumerate() {
                    out.push(if index == 0 { '[' } else { ',' });
                    item.write(style, out);
                }
                out.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            Self::List(items) => {
                let names = (0..items.len()).map(|index| index.to_string());
                members(names.zip(items), style, out);
            }
            // PHP has one type for lists and maps, and an empty one is a list.
            Self::Map(map) if map.is_empty() && style == Style::Response => out.push_str("[]"),
            Self::Map(map) => {
                members(map.iter().map(|(name, value)| (name.clone(), value)), style, out);
            }
        }
    }

    /// Converts a scalar to a string as PHP does. Returns `None` for null, lists and objects.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Bool(value) => Some(if *value { "1" } else { "" }.to_owned()),
            Self::Int(value) => Some(value.to_string()),
            Self::Float(value) => Some(float(*value)),
            Self::Text(text) => Some(text.clone()),
            Self::Null | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// Converts the value to an integer as PHP does. A fraction is cut. Integers beyond 64 bits are
    /// floats, whose lowest 64 bits are used.
    pub(super) fn integer(&self) -> i64 {
        match self {
            Self::Int(value) => *value,
            Self::Float(value) => low_bits(*value),
            Self::Text(text) => integer(text),
            Self::Null | Self::Bool(_) | Self::List(_) | Self::Map(_) => self.is_truthy().into(),
        }
    }

    /// Returns whether PHP converts the value to `true`. It does so unless the value is zero,
    /// `"0"`, `false`, null or empty.
    pub(super) fn is_truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => value.abs() > 0.0,
            Self::Text(text) => !text.is_empty() && text != "0",
            Self::List(items) => !items.is_empty(),
            Self::Map(members) => !members.is_empty(),
        }
    }

    /// Returns the items of a list, or the values of the members of an object. Returns `None` for
    /// any other value.
    pub(super) fn items(&self) -> Option<Vec<&Self>> {
        match self {
            Self::List(items) => Some(items.iter().collect()),
            Self::Map(members) => Some(members.iter().map(|(_, value)| value).collect()),
            _ => None,
        }
    }

    /// Parses JSON. Returns `None` if it is invalid.
    pub(super) fn parse(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }
}

fn members<'a>(members: impl Iterator<Item = (String, &'a Value)>, style: Style, out: &mut String) {
    out.push('{');
    for (index, (name, value)) in members.enumerate() {
        if index > 0 {
            out.push(',');
        }
        quote(&name, style, out);
        out.push(':');
        value.write(style, out);
    }
    out.push('}');
}

fn quote(text: &str, style: Style, out: &mut String) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '/' if style == Style::Response => out.push_str("\\/"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='\u{7f}' => out.push(char),
            _ => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

/// Formats a float with the fewest digits that identify it. Like PHP, uses an exponent if the
/// absolute value is at least 10^17 or less than 10^-4.
fn float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>().unwrap_or(0) {
        -4..=16 => value.to_string(),
        exponent => {
            let point = if digits.contains('.') { "" } else { ".0" };
            format!("{digits}{point}e{exponent:+}")
        }
    }
}

/// Returns the lowest 64 bits of the integer part of a float. Returns 0 for a float that is not
/// finite.
fn low_bits(value: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a float beyond 128 bits is saturated")]
    let whole = value as i128;
    i64::from_le_bytes(whole.to_le_bytes().first_chunk().copied().unwrap_or_default())
}

/// The characters that PHP ignores before a number.
pub(super) const BLANK: [char; 6] = [' ', '\t', '\n', '\r', '\u{b}', '\u{c}'];

/// Returns the integer part of the decimal number at the beginning of a string, which may have an
/// exponent, as PHP does since version 7.1. Returns 0 if there is none. A number beyond 64 bits is
/// the nearest integer of 64 bits.
pub(super) fn integer(text: &str) -> i64 {
    // A number with more digits is beyond 64 bits.
    const MOST: usize = 20;
    let text = text.trim_start_matches(BLANK);
    let (is_negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let split = |text: &str| {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        let rest = text.get(digits.len()..).unwrap_or_default().to_owned();
        (digits, rest)
    };
    let (whole, rest) = split(text);
    let (decimals, rest) = match rest.strip_prefix('.') {
        Some(rest) => split(rest),
        None => (String::new(), rest),
    };
    let exponent = rest.strip_prefix(['e', 'E']).map_or(0, |exponent| {
        let sign = if exponent.starts_with(['+', '-']) { exponent.get(..1) } else { None };
        let digits = split(exponent.get(sign.map_or(0, str::len)..).unwrap_or_default()).0;
        let value: i64 = if digits.is_empty() { 0 } else { digits.parse().unwrap_or(i64::MAX) };
        if sign == Some("-") { -value } else { value }
    });
    let length = i64::try_from(whole.len()).unwrap_or(i64::MAX).saturating_add(exponent);
    let length = usize::try_from(length).unwrap_or(0);
    let digits = format!("{whole}{decimals}");
    let zeros = digits.bytes().take_while(|byte| *byte == b'0').count();
    let digits = digits.chars().skip(zeros).chain(std::iter::repeat('0'));
    let digits = digits.take(length.saturating_sub(zeros));
    // Only zeros follow an empty number.
    let number = digits
        .take(MOST)
        .fold(0_i128, |number, digit| number * 10 + i128::from(digit.to_digit(10).unwrap_or(0)));
    let number = if is_negative { -number } else { number };
    let bound = if is_negative { i64::MIN } else { i64::MAX };
    i64::try_from(number).unwrap_or(bound)
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        #[expect(clippy::cast_precision_loss, reason = "PHP reads large integers as floats")]
        Ok(i64::try_from(value).map_or(Value::Float(value as f64), Value::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        // A repeated member replaces the value of the first one, whose position stays the same. The
        // positions are found by name, because an object can have many members.
        let mut members = Vec::new();
        let mut positions = HashMap::new();
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            match positions.get(&name).and_then(|position: &usize| members.get_mut(*position)) {
                Some((_, old)) => *old = value,
                None => {
                    positions.insert(name.clone(), members.len());
                    members.push((name, value));
                }
            }
        }
        Ok(Value::Map(members))
    }
}

/// Sets a member of an object. If a member with this name exists, its value is replaced, and its
/// position stays the same.
fn put(members: &mut Vec<(String, Value)>, name: String, value: Value) {
    match members.iter_mut().find(|(known, _)| *known == name) {
        Some((_, old)) => *old = value,
        None => members.push((name, value)),
    }
}

/// Parses a query or form as PHP does. Returns `None` if it is not UTF-8.
pub(super) fn parse_query(query: &str) -> Option<Vec<(String, Value)>> {
    /// The maximum depth of a name such as `a[b][c]`, which is PHP's default. Deeper ones are
    /// ignored.
    const DEEPEST: usize = 64;
    /// The maximum number of parameters, which is PHP's default. Further ones are ignored.
    const MOST: usize = 1000;
    let mut members = Vec::new();
    for part in query.split('&').filter(|part| !part.is_empty()).take(MOST) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let value = Value::Text(decode(value, true)?);
        let name = decode(name, true)?;
        // A name ends at a zero byte.
        let name = name.split('\0').next().unwrap_or_default();
        let (base, keys) = keys(name.trim_start_matches(' '));
        if !base.is_empty() && keys.len() <= DEEPEST {
            nest(&mut members, base, &keys, value);
        }
    }
    Some(members)
}

/// Splits a parameter name into its base and keys: `a.b[c][]` has the base `a_b`, the key `c` and
/// an empty key. A name without a closing bracket has no keys, and its opening brackets become
/// underscores.
fn keys(name: &str) -> (String, Vec<String>) {
    let plain = |text: &str| text.replace(['.', ' ', '['], "_");
    let Some((base, mut rest)) = name.split_once('[').filter(|(base, _)| !base.is_empty()) else {
        return (plain(name), Vec::new());
    };
    if !rest.contains(']') {
        return (plain(name), Vec::new());
    }
    let mut keys = Vec::new();
    while let Some((key, after)) = rest.split_once(']') {
        keys.push(key.to_owned());
        match after.strip_prefix('[') {
            Some(after) => rest = after,
            None => break,
        }
    }
    (plain(base), keys)
}

fn nest(members: &mut Vec<(String, Value)>, name: String, keys: &[String], value: Value) {
    let name = if name.is_empty() {
        let next = members.iter().filter_map(|(key, _)| key.parse::<u64>().ok()).max();
        next.map_or(0, |last| last + 1).to_string()
    } else {
        name
    };
    match keys.split_first() {
        None => put(members, name, value),
        Some((key, keys)) => {
            if !matches!(members.iter().find(|(known, _)| *known == name), Some((_, Value::Map(_))))
            {
                put(members, name.clone(), Value::Map(Vec::new()));
            }
            if let Some((_, Value::Map(inner))) =
                members.iter_mut().find(|(known, _)| *known == name)
            {
                nest(inner, key.clone(), keys, value);
            }
        }
    }
}

/// Decodes the escapes `%XX`, and in a form also `+` for a space. A percent sign without two hex
/// digits remains unchanged. Returns `None` if the result is not UTF-8.
pub(super) fn decode(text: &str, form: bool) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'+', _) if form => out.push(b' '),
            (b'%', [high, low, after @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0);
                out.push(u8::try_from(digit(*high) * 16 + digit(*low)).unwrap_or(0));
                rest = after;
            }
            (byte, _) => out.push(*byte),
        }
    }
    String::from_utf8(out).ok()
}

/// Parses a date and time in UTC into Unix seconds. The time of day is optional, and `T` and `Z`
/// are allowed, as in `2017-09-21T13:20:00Z`. The provider's formats are not documented.
pub(super) fn parse_date(text: &str) -> Option<u64> {
    let text = text.trim().trim_end_matches('Z').replace('T', " ");
    let time = if text.contains(' ') { "" } else { " 00:00:00" };
    parse_date_time(&format!("{text}{time}"))
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<Value>> for Value {
    fn from(value: Vec<Value>) -> Self {
        Self::List(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Creates an object with these members.
pub(super) fn map<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Map(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(query: &str) -> String {
        Value::Map(parse_query(query).unwrap()).json(Style::Signed)
    }

    #[test]
    fn queries_are_parsed_like_php() {
        for (query, json) in [
            ("", "{}"),
            ("a=1&b", r#"{"a":"1","b":""}"#),
            ("&&a=1&", r#"{"a":"1"}"#),
            ("note=two+words&n=two%20words", r#"{"note":"two words","n":"two words"}"#),
            ("A=1&B=2&A=3", r#"{"A":"3","B":"2"}"#),
            ("q=%26%3D%2B%2F%3F%23%22%5C%25%7E%27", r#"{"q":"&=+/?#\"\\%~'"}"#),
            ("name=caf%C3%A9+%F0%9F%98%80", r#"{"name":"caf\u00e9 \ud83d\ude00"}"#),
            ("t[]=x&t%5B%5D=y&m[size]=L", r#"{"t":{"0":"x","1":"y"},"m":{"size":"L"}}"#),
            ("a.b c=1&d[e.f]=2&g[h=3", r#"{"a_b_c":"1","d":{"e.f":"2"},"g_h":"3"}"#),
            ("+x=1&=2", r#"{"x":"1"}"#),
            ("c=%0a%1f%7f", "{\"c\":\"\\n\\u001f\u{7f}\"}"),
            ("q=%zz%4z%z4%4&%41=b", r#"{"q":"%zz%4z%z4%4","A":"b"}"#),
        ] {
            assert_eq!(signed(query), json, "{query}");
        }
        assert!(parse_query("a=%FF").is_none());
    }

    #[test]
    fn plus_is_a_space_in_a_form_only() {
        assert_eq!(decode("a+b%20c%2B", true).unwrap(), "a b c+");
        assert_eq!(decode("a+b%20c%2B", false).unwrap(), "a+b c+");
    }

    #[test]
    fn bodies_are_encoded_with_lists_as_objects() {
        for (body, json) in [
            (r#"{"a":[1,2],"b":[]}"#, r#"{"a":{"0":1,"1":2},"b":{}}"#),
            (r#"{"b":1.0,"a":null,"c":0.5}"#, r#"{"b":1,"a":null,"c":0.5}"#),
            (r#"{"n":92233720368547758080}"#, r#"{"n":9.223372036854776e+19}"#),
            (r#"{"n":0.00000001}"#, r#"{"n":1.0e-8}"#),
            (r#"{"s":"a\/b Café"}"#, r#"{"s":"a/b Caf\u00e9"}"#),
        ] {
            assert_eq!(Value::parse(body.as_bytes()).unwrap().json(Style::Signed), json);
        }
        let response =
            map([("a", "x/é".into()), ("l", vec![Value::Int(1)].into()), ("e", map([]))]);
        assert_eq!(response.json(Style::Response), r#"{"a":"x\/\u00e9","l":[1],"e":[]}"#);
    }

    #[test]
    fn dates_are_read_with_and_without_a_time_of_day() {
        for (text, unix) in [
            ("2017-09-21 13:20:00", Some(1_506_000_000)),
            ("2017-09-21T13:20:00Z", Some(1_506_000_000)),
            (" 1970-01-02 ", Some(86_400)),
            ("1506003600", None),
            ("2026-02-30", None),
        ] {
            assert_eq!(parse_date(text), unix, "{text}");
        }
    }

    #[test]
    fn scalars_become_strings_as_in_php() {
        let text = |json: &str| Value::parse(json.as_bytes()).unwrap().text();
        for (json, expected) in [("true", "1"), ("false", ""), ("-1", "-1"), ("\"a\"", "a")] {
            assert_eq!(text(json), Some(expected.to_owned()), "{json}");
        }
        for json in ["null", "[]", "{}"] {
            assert_eq!(text(json), None, "{json}");
        }
    }

    #[test]
    fn values_are_true_as_in_php() {
        let value = |json: &str| Value::parse(json.as_bytes()).unwrap();
        for json in ["true", "1", "-1", "0.5", "-0.5", "\"a\"", "\"0.0\"", "[0]", r#"{"a":0}"#] {
            assert!(value(json).is_truthy(), "{json}");
        }
        for json in ["null", "false", "0", "0.0", "-0.0", "\"\"", "\"0\"", "[]", "{}"] {
            assert!(!value(json).is_truthy(), "{json}");
        }
    }

    #[test]
    fn lists_and_maps_have_items_with_names() {
        let value = |json: &str| Value::parse(json.as_bytes()).unwrap();
        for json in [r#"["a","b"]"#, r#"{"0":"a","1":"b"}"#] {
            let value = value(json);
            assert_eq!(value.get("1").and_then(Value::text), Some("b".to_owned()), "{json}");
            assert!(value.get("2").is_none() && value.get("x").is_none(), "{json}");
            let items: Vec<_> =
                value.items().unwrap().into_iter().filter_map(Value::text).collect();
            assert_eq!(items, ["a", "b"], "{json}");
        }
        assert!(value("1").get("0").is_none() && value("1").items().is_none());
    }

    #[test]
    fn only_1000_parameters_but_all_members_are_read() {
        let query: String = (0..100_000).map(|number| format!("a{number}=&")).collect();
        let members = parse_query(&query).unwrap();
        assert_eq!((members.len(), members[999].0.as_str()), (1000, "a999"));
        let json: String = (0..100_000).map(|number| format!("\"a{number}\":1,")).collect();
        let value = Value::parse(format!("{{{json}\"a0\":2}}").as_bytes()).unwrap();
        let Value::Map(members) = value else { panic!("{value:?}") };
        assert_eq!(members.len(), 100_000);
        assert_eq!(members[0], ("a0".to_owned(), Value::Int(2)));
    }

    #[test]
    fn deep_names_are_ignored_and_names_end_at_a_zero_byte() {
        let deep = |depth: usize| format!("a{}=1&b=2", "[c]".repeat(depth));
        assert_eq!(parse_query(&deep(64)).unwrap().len(), 2);
        for depth in [65, 1_000_000] {
            let members = parse_query(&deep(depth)).unwrap();
            assert_eq!(members, [("b".to_owned(), Value::from("2"))], "{depth}");
        }
        assert_eq!(parse_query("a%00b=1&%00=2").unwrap(), [("a".to_owned(), Value::from("1"))]);
    }

    #[test]
    fn integers_are_read_as_in_php() {
        for (text, number) in [
            ("", 0),
            ("abc", 0),
            ("0x1A", 0),
            ("5", 5),
            ("-5", -5),
            ("+5", 5),
            (" 5", 5),
            ("5 ", 5),
            ("5.9", 5),
            ("-1.9", -1),
            (".5", 0),
            (".", 0),
            ("e5", 0),
            ("1e", 1),
            ("1e+", 1),
            ("1,000", 1),
            ("1e3", 1_000),
            ("1.25e1", 12),
            ("0.0012e4", 12),
            ("1200e-2", 12),
            ("12e-99999999999999999999", 0),
            ("0e99999999999999999999", 0),
            ("1e99999999999999999999", i64::MAX),
            ("-1e30", i64::MIN),
            ("007", 7),
            ("00000000000000000000000000000012", 12),
            ("9223372036854775807", i64::MAX),
            ("9223372036854775808", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("99999999999999999999999999999999999999999999", i64::MAX),
        ] {
            assert_eq!(integer(text), number, "{text}");
        }
        for (json, number) in [
            ("null", 0),
            ("true", 1),
            ("false", 0),
            ("[]", 0),
            ("[0]", 1),
            ("{\"a\":0}", 1),
            ("1.9", 1),
            ("-1.9", -1),
            ("\"1e3\"", 1_000),
            // The numbers of a 64-bit PHP.
            ("9300000000000000000", -9_146_744_073_709_551_616),
            ("1e19", -8_446_744_073_709_551_616),
        ] {
            assert_eq!(Value::parse(json.as_bytes()).unwrap().integer(), number, "{json}");
        }
    }

    #[test]
    fn control_characters_are_escaped_as_in_php() {
        let text = Value::from("\"\\/\u{8}\u{c}\n\r\t\u{1}\u{7f}");
        let rest = r"\b\f\n\r\t\u0001";
        assert_eq!(text.json(Style::Signed), format!("\"\\\"\\\\/{rest}\u{7f}\""));
        assert_eq!(text.json(Style::Response), format!("\"\\\"\\\\\\/{rest}\u{7f}\""));
    }
}
