//! PHP's JSON of a query or form.

use crate::encode::Params;
use crate::error::input::InputError;

/// Converts an encoded query or form to the JSON of PHP's `json_encode`: an object of strings, with
/// `\uXXXX` for all characters that are not ASCII, and plain slashes.
///
/// A name that occurs twice keeps its position and has the last value. `a[]` and `a[k]` are nested
/// objects. The key of `a[]` is one more than the largest key that PHP reads as an integer: `01` and
/// `+1` are not.
///
/// # Errors
/// Returns an error for text that is not UTF-8, and for names that the server would parse as other
/// ones: with a dot or a space (they become `_`), with brackets that do not match, with a zero byte,
/// or empty. Also for names that PHP ignores, with more than 64 pairs of brackets or an `a[]` after
/// the largest integer, and for an `a[]` after negative keys only, whose key depends on PHP's
/// version.
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
                "would be parsed by the server as another parameter name",
            )
        })?;
    }
    let mut out = String::with_capacity(encoded.len() + 16);
    write_map(&root, &mut out);
    Ok(out)
}

/// Splits `a[b][]` into `a` and its keys. Returns `None` if PHP would parse another name.
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

/// The number of pairs of brackets that PHP accepts in a name (`max_input_nesting_level`).
const MAX_DEPTH: usize = 64;

/// Returns the integer that PHP stores for this key, and `None` for a key that stays a string, such
/// as `01`, `+1` and `-0`.
fn integer_key(key: &str) -> Option<i64> {
    let digits = key.strip_prefix('-').unwrap_or(key);
    let canonical = match digits.as_bytes() {
        [b'0'] => digits.len() == key.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    key.parse().ok().filter(|_| canonical)
}

/// Returns the key of `[]` in a map with these keys. Returns `None` if PHP adds no entry, or if the
/// key depends on the version of PHP: after negative keys only, it is 0 before PHP 8.3.
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
    out.push('"');
    for char in text.chars() {
        match char {
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
