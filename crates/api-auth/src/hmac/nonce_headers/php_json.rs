//! PHP's JSON of a query or form.

use crate::encode::Params;
use crate::error::input::InputError;

/// Converts an encoded query or form to the JSON of PHP's `json_encode`: an object of strings, with
/// `\uXXXX` for all characters that are not ASCII, and plain slashes.
///
/// A name that occurs twice keeps its position and has the last value. `a[]` and `a[k]` are nested
/// objects.
///
/// # Errors
/// Returns an error for text that is not UTF-8, and for names that the server would parse as other
/// ones: with a dot or a space (they become `_`), with brackets that do not match, or empty.
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
        let (base, keys) = keys_of(name).ok_or_else(|| {
            InputError::new(
                name.to_owned(),
                "would be parsed by the server as another parameter name",
            )
        })?;
        insert(&mut root, base, &keys, value.to_owned());
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
        keys.push(key);
        rest = after;
    }
    Some((base, keys))
}

enum Node {
    Text(String),
    Map(Vec<(String, Node)>),
}

#[inline]
fn insert(map: &mut Vec<(String, Node)>, name: &str, keys: &[&str], value: String) {
    let name = if name.is_empty() {
        let used = map.iter().filter_map(|(name, _)| name.parse::<u64>().ok()).max();
        used.map_or(0, |last| last.saturating_add(1)).to_string()
    } else {
        name.to_owned()
    };
    let index = map.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
        map.push((name, Node::Text(String::new())));
        map.len() - 1
    });
    let Some((_, node)) = map.get_mut(index) else { return };
    match keys.split_first() {
        None => *node = Node::Text(value),
        Some((first, rest)) => {
            if let Node::Text(_) = node {
                *node = Node::Map(Vec::new());
            }
            if let Node::Map(inner) = node {
                insert(inner, first, rest, value);
            }
        }
    }
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
