//! The JSON that PHP's `json_encode` writes for a query, a form or a JSON body.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::encode::Params;
use crate::error::input::InputError;
use crate::raw_members::RawMembers;

/// Converts an encoded query or form to the JSON of PHP's `json_encode`: an object of strings, with
/// `\uXXXX` for all characters that are not ASCII, and with unescaped slashes.
///
/// A name that occurs twice keeps its position and has the last value. `a[]` and `a[k]` become
/// members of a nested object. The key of `a[]` is one more than the largest integer key of that
/// object, or 0. As in PHP, `01` and `+1` are not integers.
///
/// # Errors
/// Returns an error for text that is not UTF-8, and for names that the server would parse
/// differently, such as an empty name, or a name with a dot or a space (which become `_`), with a
/// zero byte or with unmatched brackets. Also returns an error for names that PHP ignores (more
/// than 64 pairs of brackets, or `a[]` after the largest integer), and for `a[]` after negative
/// keys only, because the key then depends on PHP's version.
///
/// ```
/// use api_auth::hmac::nonce_headers::php_json;
///
/// assert_eq!(php_json("a=1&b=%C3%A9+/&a=2").unwrap(), r#"{"a":"2","b":"\u00e9 /"}"#);
/// assert_eq!(php_json("a.b=1").unwrap_err().argument(), "a.b");
/// ```
#[inline]
pub fn php_json(encoded: &str) -> Result<String, InputError> {
    let mut root = Vec::new();
    for (name, value) in Params::decode(encoded)?.iter() {
        let inserted =
            keys_of(name).and_then(|(base, keys)| insert(&mut root, base, &keys, value.to_owned()));
        inserted.ok_or_else(|| {
            InputError::new(
                name.to_owned(),
                "would be parsed by the server as a different parameter name",
            )
        })?;
    }
    let mut out = String::with_capacity(encoded.len() + 16);
    write_map(&root, &mut out);
    Ok(out)
}

/// Splits `a[b][]` into `a` and its keys. Returns `None` if PHP would parse the name differently.
#[inline]
fn keys_of(name: &str) -> Option<(&str, Vec<&str>)> {
    let end = name.find('[').unwrap_or(name.len());
    let (base, mut rest) = name.split_at_checked(end)?;
    if base.is_empty() || base.contains(['.', ' ', ']', '=', '&', '\0']) {
        return None;
    }
    let mut keys = Vec::new();
    while !rest.is_empty() {
        let (key, after) = rest.strip_prefix('[')?.split_once(']')?;
        // PHP ends the name at a zero byte, and reads `[ ]` as `[]`.
        let blank = matches!(key, " " | "\t" | "\n" | "\u{b}" | "\u{c}" | "\r");
        if blank || key.contains('\0') || keys.len() == MAX_DEPTH {
            return None;
        }
        keys.push(key);
        rest = after;
    }
    Some((base, keys))
}

/// The maximum number of bracket pairs in a name that PHP accepts (`max_input_nesting_level`).
const MAX_DEPTH: usize = 64;

/// Returns the integer that PHP stores for this key, and `None` for a key that stays a string, such
/// as `01`, `+1` and `-0`.
#[inline]
fn integer_key(key: &str) -> Option<i64> {
    let digits = key.strip_prefix('-').unwrap_or(key);
    let canonical = match digits.as_bytes() {
        [b'0'] => digits.len() == key.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    key.parse().ok().filter(|_| canonical)
}

/// Returns the key that PHP gives to a new entry `[]` of a map with these keys. Returns `None` if
/// PHP adds no entry. Also returns `None` if all integer keys are negative, because the new key
/// then depends on the version of PHP (before PHP 8.3, it is 0).
#[inline]
fn next_key(map: &[(String, Node)]) -> Option<i64> {
    match map.iter().filter_map(|(name, _)| integer_key(name)).max() {
        None => Some(0),
        Some(..0) => None,
        Some(largest) => largest.checked_add(1),
    }
}

enum Node {
    Text(String),
    Map(Vec<(String, Node)>),
}

#[inline]
fn insert(map: &mut Vec<(String, Node)>, name: &str, keys: &[&str], value: String) -> Option<()> {
    let name = if name.is_empty() { next_key(map)?.to_string() } else { name.to_owned() };
    let index = map.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
        map.push((name, Node::Text(String::new())));
        map.len() - 1
    });
    let (_, node) = map.get_mut(index)?;
    match keys.split_first() {
        None => *node = Node::Text(value),
        Some((first, rest)) => {
            if let Node::Text(_) = node {
                *node = Node::Map(Vec::new());
            }
            if let Node::Map(inner) = node {
                insert(inner, first, rest, value)?;
            }
        }
    }
    Some(())
}

#[inline]
fn write_map(map: &[(String, Node)], out: &mut String) {
    out.push('{');
    for (index, (name, node)) in map.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_text(name, out);
        out.push(':');
        match node {
            Node::Text(text) => write_text(text, out),
            Node::Map(inner) => write_map(inner, out),
        }
    }
    out.push('}');
}

#[inline]
fn write_text(text: &str, out: &mut String) {
    write_escaped(text, "/", out);
}

/// Writes a JSON string, replacing each `/` with `slash`.
#[inline]
fn write_escaped(text: &str, slash: &str, out: &mut String) {
    out.push('"');
    for char in text.chars() {
        match char {
            '/' => out.push_str(slash),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='\u{7f}' => out.push(char),
            _ => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}

/// The maximum nesting depth of a JSON body. PHP itself encodes up to 512 levels.
const MAX_JSON_DEPTH: usize = 128;

/// Encodes a JSON text as PHP's `json_encode` does without flags: no spaces, `\/`, `\uXXXX` for all
/// characters that are not ASCII, the last value of a repeated name at its first position, and
/// numbers with a fraction in the format of `serialize_precision = -1`. Empty objects stay objects,
/// and numbers of more than 15 digits stay unchanged.
///
/// # Errors
/// Returns an error if `json` is not JSON in UTF-8, or if it is nested more than 128 levels deep.
///
/// ```
/// use api_auth::hmac::nonce_headers::php_json_body;
///
/// let body = php_json_body(r#"{"a": "é/", "n": 0.00000001, "a": 2}"#.as_bytes())?;
/// assert_eq!(body, r#"{"a":2,"n":1.0e-8}"#);
/// # Ok::<(), api_auth::InputError>(())
/// ```
#[inline]
pub fn php_json_body(json: &[u8]) -> Result<String, InputError> {
    let invalid = || InputError::new("body", "is not JSON, or is nested too deeply");
    let value: &RawValue = serde_json::from_slice(json).map_err(|_| invalid())?;
    if depth_of(json) > MAX_JSON_DEPTH {
        return Err(invalid());
    }
    let mut out = String::with_capacity(json.len() + 16);
    write_value(value, &mut out).ok_or_else(invalid)?;
    Ok(out)
}

/// Returns the nesting depth of valid JSON, such as 2 for `[[1]]`.
#[inline]
fn depth_of(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => loop {
                match bytes.next() {
                    Some(b'\\') => drop(bytes.next()),
                    Some(b'"') | None => break,
                    Some(_) => {}
                }
            },
            _ => {}
        }
    }
    deepest
}

/// Writes a JSON value in the format of PHP's `json_encode`. Returns `None` if it contains an
/// invalid string.
#[inline]
fn write_value(value: &RawValue, out: &mut String) -> Option<()> {
    let text = value.get();
    match text.as_bytes().first()? {
        b'"' => write_escaped(&serde_json::from_str::<String>(text).ok()?, "\\/", out),
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            out.push('[');
            for (index, item) in items.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(item, out)?;
            }
            out.push(']');
        }
        b'{' => {
            let RawMembers(members) = RawMembers::parse(text)?;
            let mut last: Vec<(Cow<'_, str>, &RawValue)> = Vec::with_capacity(members.len());
            for (name, value) in members {
                match last.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, known)) => *known = value,
                    None => last.push((name, value)),
                }
            }
            out.push('{');
            for (index, (name, value)) in last.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_escaped(&name, "\\/", out);
                out.push(':');
                write_value(value, out)?;
            }
            out.push('}');
        }
        _ => match decimal(text) {
            Some(decimal) => out.push_str(&decimal),
            None => out.push_str(text),
        },
    }
    Some(())
}

/// Returns PHP's notation of a number with a decimal point or an exponent. Returns `None` for
/// integers, for `true`, `false` and `null`, and for numbers of more than 15 digits, whose notation
/// depends on how they are rounded.
#[inline]
fn decimal(text: &str) -> Option<String> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    if mantissa.len() == text.len() && !text.contains('.') {
        return None;
    }
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => ("-", mantissa),
        None => ("", mantissa),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = [whole, part].concat();
    let digits = all.trim_start_matches('0');
    // The number of digits before the decimal point: 0 for 0.12, and 2 for 12.0.
    let zeros = i32::try_from(all.len() - digits.len()).ok()?;
    let point = i32::try_from(whole.len()).ok()? - zeros;
    let point = point.checked_add(exponent.parse::<i16>().ok()?.into())?;
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() {
        return Some(format!("{sign}0"));
    }
    if digits.len() > 15 || !(-300..300).contains(&point) {
        return None;
    }
    let count = i32::try_from(digits.len()).ok()?;
    let repeat = |zeros: i32| "0".repeat(usize::try_from(zeros).unwrap_or_default());
    Some(match point {
        ..-3 | 18.. => {
            let (first, rest) = digits.split_at_checked(1)?;
            let rest = if rest.is_empty() { "0" } else { rest };
            format!("{sign}{first}.{rest}e{:+}", point - 1)
        }
        ..=0 => format!("{sign}0.{}{digits}", repeat(-point)),
        _ if point >= count => format!("{sign}{digits}{}", repeat(point - count)),
        _ => {
            let (whole, part) = digits.split_at_checked(usize::try_from(point).ok()?)?;
            format!("{sign}{whole}.{part}")
        }
    })
}
