//! Form-encoded text, decoded as strictly as a server can that rebuilds what was signed.

/// Why a text is refused.
pub(crate) type Refusal = &'static str;

/// Decodes `a=b&c=d` into pairs. Refused is whatever a form encoder with the bare characters
/// `A-Z a-z 0-9 - . _` and `extra` would not have written.
pub(crate) fn decode_form(text: &str, extra: &[u8]) -> Result<Vec<(String, String)>, Refusal> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    text.split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=').ok_or("a parameter has no '='")?;
            Ok((decode(name, true, extra)?, decode(value, true, extra)?))
        })
        .collect()
}

/// Decodes one value; a space is `+` in a form and `%20` in a path.
pub(crate) fn decode(text: &str, form: bool, extra: &[u8]) -> Result<String, Refusal> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' if form => b' ',
            b'%' => {
                let (high, low) = (bytes.next(), bytes.next());
                let value = hex(high)? << 4 | hex(low)?;
                if bare(value, extra) || (form && value == b' ') {
                    return Err("a character is escaped that must not be");
                }
                value
            }
            byte if bare(byte, extra) => byte,
            _ => return Err("a character must be escaped"),
        });
    }
    String::from_utf8(out).map_err(|_| "not UTF-8")
}

fn bare(byte: u8, extra: &[u8]) -> bool {
    byte.is_ascii_alphanumeric() || b"-._".contains(&byte) || extra.contains(&byte)
}

fn hex(digit: Option<u8>) -> Result<u8, Refusal> {
    match digit {
        Some(digit @ b'0'..=b'9') => Ok(digit - b'0'),
        Some(digit @ b'A'..=b'F') => Ok(digit - b'A' + 10),
        _ => Err("hex digits must be two and in upper case"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_documented_encoder_writes_is_read() {
        let pairs = decode_form("rid=%C3%89t%C3%A9+complet&x=*%7E", b"*").unwrap();
        assert_eq!(pairs, [("rid".into(), "Été complet".into()), ("x".into(), "*~".into())]);
        for bad in ["a", "a=%2a", "a=%2A", "a=~", "a=%20", "a=b c", "a=%4", "a=%FF", "a=%61", "a=@"]
        {
            assert!(decode_form(bad, b"*").is_err(), "{bad}");
        }
    }

    #[test]
    fn a_plus_in_a_path_is_refused() {
        assert_eq!(decode("a%20b%2Fc~", false, b"~").unwrap(), "a b/c~");
        assert!(decode("a+b", false, b"~").is_err());
    }
}
