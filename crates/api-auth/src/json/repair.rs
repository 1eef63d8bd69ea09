//! Repairs texts that are not valid JSON, and finds objects with the name that `serde_json`
//! reserves.

/// Returns the text without a byte order mark at its beginning.
pub(super) fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// Replaces invalid UTF-8 and the escapes of lone surrogates with U+FFFD. Returns `None` if the
/// text contains neither.
#[cold]
pub(super) fn repaired(body: &[u8]) -> Option<String> {
    let valid = match std::str::from_utf8(body) {
        Ok(text) if !text.contains("\\ud") && !text.contains("\\uD") => return None,
        valid => valid.is_ok(),
    };
    // The exact size, since the text may be large: U+FFFD has three bytes.
    let invalid = body.utf8_chunks().filter(|chunk| !chunk.invalid().is_empty()).count();
    let mut text = Vec::with_capacity(body.len() + 2 * invalid);
    for chunk in body.utf8_chunks() {
        text.extend_from_slice(chunk.valid().as_bytes());
        if !chunk.invalid().is_empty() {
            text.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    let unit = |text: &[u8], at: usize| -> Option<u32> {
        let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let (mut at, mut changed) = (0, !valid);
    while let Some(skip) = text.get(at..).and_then(|rest| rest.iter().position(|b| *b == b'\\')) {
        at += skip;
        at += match (unit(&text, at), unit(&text, at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                if let Some(digits) = text.get_mut(at + 2..at + 6) {
                    digits.copy_from_slice(b"fffd");
                    changed = true;
                }
                6
            }
            // A backslash and the character that it escapes.
            _ => 2,
        };
    }
    // It consists of valid parts.
    if changed { String::from_utf8(text).ok() } else { None }
}

/// The name by which `serde_json` marks raw JSON for its own types. It parses an object with a
/// member of this name as the JSON in the member's value:
/// `{"$serde_json::private::RawValue":"99"}` would be 99.
pub(super) const RESERVED: &str = "$serde_json::private::RawValue";

/// Returns whether an object, at any depth, has a member with the name that `serde_json` reserves.
pub(crate) fn has_reserved_name(json: &[u8]) -> bool {
    may_have_reserved_name(json) && any_reserved_name(json)
}

/// Returns whether the text contains the reserved name, or an escape that may be part of it.
fn may_have_reserved_name(json: &[u8]) -> bool {
    let is_found = |at| {
        let found = json.get(at..).unwrap_or_default();
        // From "$" (0x24) to "z" (0x7a).
        let is_escape = matches!(found, [b'\\', b'u', b'0', b'0', b'2'..=b'7', ..]);
        is_escape || found.starts_with(RESERVED.as_bytes())
    };
    // In chunks, so that the compiler compares many bytes at once.
    let (chunks, rest) = json.as_chunks::<64>();
    let mut suspects = chunks.iter().enumerate().filter(|(_, chunk)| has_start(*chunk));
    suspects.any(|(index, _)| (index * 64..index * 64 + 64).any(is_found))
        || has_start(rest) && (json.len() - rest.len()..json.len()).any(is_found)
}

/// Returns whether `bytes` contain a `$` or a backslash.
fn has_start(bytes: &[u8]) -> bool {
    bytes.iter().fold(0, |found, byte| found | u8::from(*byte == b'$') | u8::from(*byte == b'\\'))
        != 0
}

/// Returns whether the reserved name is among the strings that are followed by a colon.
#[cold]
fn any_reserved_name(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(start) = rest.iter().position(|byte| *byte == b'"') {
        let string = rest.get(start..).unwrap_or_default();
        let (mut end, mut is_escaped) = (1, false);
        while let Some(byte) = string.get(end).filter(|byte| is_escaped || **byte != b'"') {
            is_escaped = !is_escaped && *byte == b'\\';
            end += 1;
        }
        let (string, after) = string.split_at_checked(end + 1).unwrap_or((string, b""));
        rest = after;
        // If it is escaped, the name has at most six bytes for each of its characters.
        let fits = (RESERVED.len()..=6 * RESERVED.len() + 2).contains(&string.len());
        if fits
            && after.trim_ascii_start().starts_with(b":")
            && serde_json::from_slice::<String>(string).is_ok_and(|name| name == RESERVED)
        {
            return true;
        }
    }
    false
}
