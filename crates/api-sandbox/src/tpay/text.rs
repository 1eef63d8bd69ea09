//! Formats and parses the dates, ids and strings of the API. Dates without a time zone are in
//! Polish time, which is documented only for some fields.

use crate::date::{is_date_time, polish_date_time};
use crate::query::{self, Pairs, Refusal};

/// Formats Unix seconds as `YYYY-MM-DD HH:MM:SS`, in Polish time.
pub(super) fn date_time(unix: u64) -> String {
    polish_date_time(unix)
}

/// Formats Unix seconds as `YYYY-MM-DDTHH:MM:SS+00:00`, in UTC.
pub(super) fn iso_date_time(unix: u64) -> String {
    crate::date::date_time(unix).replace(' ', "T") + "+00:00"
}

/// Returns whether a string has the format `YYYY-MM-DDTHH:MM:SS`, with an optional fraction,
/// followed by `Z` or an offset.
pub(super) fn is_iso_date_time(text: &str) -> bool {
    let Some((local, rest)) = text.split_at_checked(19) else { return false };
    let zone = match rest.strip_prefix('.') {
        Some(rest) => rest.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let is_offset = |zone: &str| {
        zone.len() == 6
            && zone.starts_with(['+', '-'])
            && zone.chars().skip(1).all(|c| c.is_ascii_digit() || c == ':')
    };
    let is_local = local.contains('T') && is_date_time(&local.replace('T', " "));
    is_local && (zone == "Z" || is_offset(zone))
}

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Returns a ULID for the given Unix seconds, with `number` in place of the random bits.
pub(super) fn ulid(unix: u64, number: u64) -> String {
    let digits = |value: u64, count: u32| -> String {
        (0..count)
            .rev()
            .map(|place| {
                let digit = value.checked_shr(place * 5).unwrap_or(0) & 31;
                usize::try_from(digit).ok().and_then(|digit| CROCKFORD.get(digit))
            })
            .map(|byte| byte.copied().map_or('0', char::from))
            .collect()
    };
    digits(unix.saturating_mul(1000), 10) + &digits(number, 16)
}

/// Formats JSON as PHP does: slashes and characters outside ASCII are escaped.
pub(super) fn php_json(value: &serde_json::Value) -> String {
    let mut out = String::new();
    for char in value.to_string().chars() {
        match char {
            '/' => out.push_str("\\/"),
            char if char.is_ascii() => out.push(char),
            char => {
                let mut units = [0; 2];
                for unit in char.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out
}

/// Parses a query or form. A space can be `+` or `%20`. Any other character can be escaped.
/// Brackets, and the characters that RFC 3986 allows in a query, except `&`, `=` and `+`, can also
/// be unescaped.
pub(super) fn pairs(text: &str) -> Result<Pairs, String> {
    query::split(text, unescape)
}

fn unescape(text: &str) -> Result<String, Refusal> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
                let value = digit().zip(digit()).map(|(high, low)| high * 16 + low);
                value
                    .and_then(|value| u8::try_from(value).ok())
                    .ok_or("a percent sign must precede two hex digits")?
            }
            byte if byte.is_ascii_alphanumeric() || b"-._~!$'()*,;:@/?[]".contains(&byte) => byte,
            _ => return Err("a reserved character is not percent-encoded"),
        });
    }
    String::from_utf8(out).map_err(|_| "must be UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_dates_are_written_and_read() {
        assert_eq!(iso_date_time(0), "1970-01-01T00:00:00+00:00");
        for good in
            ["2026-12-01T10:00:00+00:00", "2026-12-01T10:00:00Z", "2026-12-01T10:00:00.000Z"]
        {
            assert!(is_iso_date_time(good), "{good}");
        }
        for bad in ["2026-12-01 10:00:00", "2026-12-01 10:00:00Z", "2026-02-30T10:00:00Z", "2026"] {
            assert!(!is_iso_date_time(bad), "{bad}");
        }
    }

    #[test]
    fn ulid_contains_its_time() {
        assert_eq!(ulid(1_717_529_986, 31), "01HZJC7GYG000000000000000Z");
    }

    #[test]
    fn json_is_ascii_with_escaped_slashes() {
        let value = serde_json::json!({ "a": "ó/😀" });
        assert_eq!(php_json(&value), r#"{"a":"\u00f3\/\ud83d\ude00"}"#);
    }

    #[test]
    fn queries_accept_both_forms_of_a_space() {
        let read = pairs("q=a+b%20c%7e*&e=&a%5B0%5D=x&b[]=y").unwrap();
        let read: Vec<_> = read.iter().collect();
        assert_eq!(read, [("q", "a b c~*"), ("e", ""), ("a[0]", "x"), ("b[]", "y")]);
        for bad in ["a", "a=%zz", "a=b c", "a=%FF", "a=ó", "a=%+1"] {
            assert!(pairs(bad).is_err(), "{bad}");
        }
    }
}
