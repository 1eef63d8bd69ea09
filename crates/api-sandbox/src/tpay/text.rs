//! Dates, ids and texts as the API writes them.

use crate::query::Refusal;

/// `YYYY-MM-DD HH:MM:SS`. Chosen: the sandbox's local time is UTC.
pub(super) fn date_time(unix: u64) -> String {
    let (year, month, day) = civil(unix / 86_400);
    let seconds = unix % 86_400;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// `YYYY-MM-DDTHH:MM:SS+00:00`.
pub(super) fn iso_date_time(unix: u64) -> String {
    date_time(unix).replace(' ', "T") + "+00:00"
}

/// Year, month and day of a count of days since 1970-01-01; counted in spans of 400 years that
/// begin on a first of March.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// Whether a text is `YYYY-MM-DD HH:MM:SS` with parts in their ranges.
pub(super) fn is_date_time(text: &str) -> bool {
    is_dated(text, ' ') && text.len() == 19
}

/// Whether a text is `YYYY-MM-DDTHH:MM:SS` with an optional fraction, and `Z` or an offset.
pub(super) fn is_iso_date_time(text: &str) -> bool {
    let Some(rest) = text.get(19..) else { return false };
    let zone = match rest.strip_prefix('.') {
        Some(rest) => rest.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let is_offset = |zone: &str| {
        zone.len() == 6
            && zone.starts_with(['+', '-'])
            && zone.chars().skip(1).all(|c| c.is_ascii_digit() || c == ':')
    };
    is_dated(text, 'T') && (zone == "Z" || is_offset(zone))
}

fn is_dated(text: &str, between: char) -> bool {
    let part = |from: usize, to: usize, least: u32, most: u32| {
        let part = text.get(from..to).unwrap_or_default();
        part.bytes().all(|byte| byte.is_ascii_digit())
            && part.parse().is_ok_and(|number: u32| (least..=most).contains(&number))
    };
    let signs = [(4, '-'), (7, '-'), (10, between), (13, ':'), (16, ':')];
    part(0, 4, 1, 9999)
        && part(5, 7, 1, 12)
        && part(8, 10, 1, 31)
        && part(11, 13, 0, 23)
        && part(14, 16, 0, 59)
        && part(17, 19, 0, 59)
        && signs.iter().all(|(at, sign)| text.chars().nth(*at) == Some(*sign))
}

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A ULID of that second; the number stands where chance stands elsewhere.
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

/// JSON as PHP writes it: slashes escaped, and nothing but ASCII.
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

/// Reads a query or a form. The provider takes a space as `+` and as `%20` and a byte escaped or
/// not, so only what RFC 3986 keeps out of a query is refused, and bare brackets are let in.
pub(super) fn pairs(text: &str) -> Result<Vec<(String, String)>, Refusal> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    text.split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=').ok_or("a parameter has no '='")?;
            Ok((unescape(name)?, unescape(value)?))
        })
        .collect()
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
                value.and_then(|value| u8::try_from(value).ok()).ok_or("a broken escape")?
            }
            byte if byte.is_ascii_alphanumeric() || b"-._~!$'()*,;:@/?[]".contains(&byte) => byte,
            _ => return Err("a character must be escaped"),
        });
    }
    String::from_utf8(out).map_err(|_| "not UTF-8")
}

/// Writes a form; everything but letters, digits and `-._` is escaped.
pub(super) fn form(fields: &[(&str, String)]) -> String {
    let escape = |text: &str| -> String {
        let mut out = String::new();
        for byte in text.bytes() {
            match byte {
                b' ' => out.push('+'),
                byte if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) => {
                    out.push(char::from(byte));
                }
                byte => out.push_str(&format!("%{byte:02X}")),
            }
        }
        out
    };
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    fields.join("&")
}

/// Bytes in lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_and_read() {
        assert_eq!(date_time(0), "1970-01-01 00:00:00");
        assert_eq!(date_time(951_782_400), "2000-02-29 00:00:00");
        assert_eq!(date_time(1_795_310_418), "2026-11-22 01:20:18");
        assert_eq!(iso_date_time(0), "1970-01-01T00:00:00+00:00");
        assert!(is_date_time("2026-01-31 23:59:59"));
        for bad in
            ["2026-01-31", "2026-13-01 00:00:00", "2026-01-01T00:00:00", "2026-01-01 00:00:0x"]
        {
            assert!(!is_date_time(bad), "{bad}");
        }
        for good in
            ["2026-12-01T10:00:00+00:00", "2026-12-01T10:00:00Z", "2026-12-01T10:00:00.000Z"]
        {
            assert!(is_iso_date_time(good), "{good}");
        }
        assert!(!is_iso_date_time("2026-12-01 10:00:00"));
    }

    #[test]
    fn a_ulid_holds_its_time() {
        assert_eq!(ulid(1_717_529_986, 31), "01HZJC7GYG000000000000000Z");
    }

    #[test]
    fn json_is_ascii_with_escaped_slashes() {
        let value = serde_json::json!({ "a": "ó/😀" });
        assert_eq!(php_json(&value), r#"{"a":"\u00f3\/\ud83d\ude00"}"#);
    }

    #[test]
    fn queries_are_read_with_either_space() {
        let read = pairs("q=a+b%20c%7e*&e=&a%5B0%5D=x&b[]=y").unwrap();
        let read: Vec<_> = read.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(read, [("q", "a b c~*"), ("e", ""), ("a[0]", "x"), ("b[]", "y")]);
        for bad in ["a", "a=%zz", "a=b c", "a=%FF", "a=ó", "a=%+1"] {
            assert!(pairs(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn forms_are_escaped() {
        let fields = [("msg_value[value]", "a b/ó".to_owned())];
        assert_eq!(form(&fields), "msg_value%5Bvalue%5D=a+b%2F%C3%B3");
    }
}
