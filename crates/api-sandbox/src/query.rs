//! Encodes and decodes forms, and decodes path segments. Only one encoding of each character is
//! accepted, except for characters that the caller names: a server that encodes the decoded values
//! again to verify a signature would reject any other encoding.

use std::collections::HashMap;

/// The reason why an encoded string is rejected.
pub(crate) type Refusal = &'static str;

/// The names and values of a query or form, in the order in which they occur.
#[derive(Debug, Default)]
pub(crate) struct Pairs(pub(crate) Vec<(String, String)>);

impl Pairs {
    /// Returns the value of the first parameter with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Returns an iterator over the names and values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the first name that occurs more than once.
    pub(crate) fn repeated(&self) -> Option<&str> {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for (name, _) in self.iter() {
            *counts.entry(name).or_default() += 1;
        }
        self.iter().map(|(name, _)| name).find(|name| counts.get(name).is_some_and(|n| *n > 1))
    }

    /// Returns the name of the first parameter for which `is_known` returns `false`.
    pub(crate) fn unknown(&self, is_known: impl Fn(&str) -> bool) -> Option<&str> {
        self.iter().map(|(name, _)| name).find(|name| !is_known(name))
    }
}

/// Parses a decimal number without a sign or leading zeros.
pub(crate) fn whole(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

/// Encodes names and values as a form. A space becomes `+`. Letters, digits and `-._` are
/// unchanged, and all other bytes are percent-encoded.
pub(crate) fn encode_form<T: AsRef<str>>(pairs: &[(&str, T)]) -> String {
    let pair = |(name, value): &(&str, T)| format!("{}={}", encode(name), encode(value.as_ref()));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            byte if bare(byte, b"") => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Decodes a form, such as `a=b&c=d`, into pairs. Returns an error unless each space is encoded as
/// `+` and exactly the characters `A-Z a-z 0-9 - . _` are unescaped. The characters in `extra` are
/// accepted both escaped and unescaped.
pub(crate) fn decode_form(text: &str, extra: &[u8]) -> Result<Pairs, String> {
    split(text, |part| decode(part, true, extra))
}

/// Splits `a=b&c=d` into pairs, and decodes names and values with the given decoder. An error
/// contains the name of the parameter, but never its value.
pub(crate) fn split(
    text: &str,
    decode: impl Fn(&str) -> Result<String, Refusal>,
) -> Result<Pairs, String> {
    if text.is_empty() {
        return Ok(Pairs::default());
    }
    let pairs = text.split('&').map(|pair| {
        let (name, value) = pair.split_once('=').ok_or("a parameter has no =")?;
        let named = |why: Refusal| format!("{name}: {why}");
        Ok((decode(name).map_err(named)?, decode(value).map_err(named)?))
    });
    pairs.collect::<Result<_, _>>().map(Pairs)
}

/// Decodes a path segment. Returns `None` unless exactly the letters, digits and `-._~` are
/// unescaped.
pub(crate) fn decode_segment(text: &str) -> Option<String> {
    decode(text, false, b"~").ok()
}

/// Decodes a name or value of a form, in which `+` is a space, or, if `form` is `false`, a segment
/// of a path. In a path, the characters in `extra` must not be escaped; in a form, they can be
/// escaped.
fn decode(text: &str, form: bool, extra: &[u8]) -> Result<String, Refusal> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' if form => b' ',
            b'%' => {
                let (high, low) = (bytes.next(), bytes.next());
                let value = hex(high)? << 4 | hex(low)?;
                let is_bare = bare(value, if form { b"" } else { extra });
                if is_bare || (form && value == b' ') {
                    return Err("an unreserved character or a space is percent-encoded");
                }
                value
            }
            byte if bare(byte, extra) => byte,
            _ => return Err("a reserved character is not percent-encoded"),
        });
    }
    String::from_utf8(out).map_err(|_| "must be UTF-8")
}

fn bare(byte: u8, extra: &[u8]) -> bool {
    byte.is_ascii_alphanumeric() || b"-._".contains(&byte) || extra.contains(&byte)
}

fn hex(digit: Option<u8>) -> Result<u8, Refusal> {
    match digit {
        Some(digit @ b'0'..=b'9') => Ok(digit - b'0'),
        Some(digit @ b'A'..=b'F') => Ok(digit - b'A' + 10),
        _ => Err("a percent sign must precede two upper-case hex digits"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_documented_encoding_is_accepted() {
        let pairs = decode_form("rid=%C3%89t%C3%A9+complet&x=*%7E", b"*").unwrap();
        assert_eq!(pairs.0, [("rid".into(), "Été complet".into()), ("x".into(), "*~".into())]);
        assert_eq!(decode_form("x=%2A%7E", b"*").unwrap().0, [("x".into(), "*~".into())]);
        for bad in ["a", "a=%2a", "a=~", "a=%20", "a=b c", "a=%4", "a=%FF", "a=%61", "a=@"] {
            assert!(decode_form(bad, b"*").is_err(), "{bad}");
        }
    }

    #[test]
    fn plus_in_a_path_is_rejected() {
        assert_eq!(decode_segment("a%20b%2Fc~").unwrap(), "a b/c~");
        assert_eq!(decode_segment("a+b"), None);
    }

    #[test]
    fn repeated_and_unknown_names_are_found() {
        let pairs = decode_form("a=1&b=2&c=3&b=4", b"").unwrap();
        assert_eq!((pairs.get("b"), pairs.get("d")), (Some("2"), None));
        assert_eq!(pairs.repeated(), Some("b"));
        assert_eq!(pairs.unknown(|name| name < "c"), Some("c"));
        assert_eq!(decode_form("a=1&b=1", b"").unwrap().repeated(), None);
        let many: String = (0..100_000).map(|number| format!("a{number}=&")).collect();
        assert_eq!(decode_form(&(many + "a99999="), b"").unwrap().repeated(), Some("a99999"));
    }

    #[test]
    fn integer_has_one_notation() {
        assert_eq!((whole("0"), whole("100")), (Some(0), Some(100)));
        for bad in ["", "+1", "-1", "007", "1.0", "1e3", " 1", "18446744073709551616"] {
            assert_eq!(whole(bad), None, "{bad}");
        }
    }

    #[test]
    fn forms_are_escaped() {
        assert_eq!(
            encode_form(&[("msg[value]", "a b/ó"), ("x", "*~")]),
            "msg%5Bvalue%5D=a+b%2F%C3%B3&x=%2A%7E"
        );
    }
}
