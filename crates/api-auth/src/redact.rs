//! Removes the secrets of a request from the messages of its error, from log lines and from
//! recordings.
//!
//! A server may echo what it received, such as a URL with a token or a form with a password. The
//! messages of an error must not show these secrets. The body of the response stays unchanged, in
//! [`Error::body`](crate::Error::body).
//!
//! A secret is replaced wherever it occurs, literally or percent-encoded, with JSON escapes or HTML
//! entities. A secret of up to three characters, such as a CVC, would match by chance, so it is
//! replaced only as a separate word.

use std::io::Write;

use percent_encoding::percent_decode;
use serde_json::value::RawValue;
use zeroize::{Zeroize, Zeroizing};

use crate::encode::{decode_form_bytes, from_base64, user_infos};
use crate::message::Request;
use crate::raw_members::RawMembers;
use crate::secret_names::{is_masked_header, is_secret, scope};

const MASK: &[u8] = b"***";
/// The byte order mark in UTF-8.
const ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// The minimum length, in characters, of secrets that are replaced even within a word.
const SHORT: usize = 4;
/// The suffix of a text that [`ResponseError::with_text_of`](crate::ResponseError::with_text_of)
/// truncated.
const ELLIPSIS: &str = "…";
/// The maximum size in bytes of a request that is copied without an allocation. For each call of an
/// endpoint, a buffer of this size is filled with zeros.
const INLINE: usize = 1024;
/// The maximum nesting depth of JSON at which secrets are recognized by name. All strings at deeper
/// levels count as secrets.
const MAX_DEPTH: usize = 128;

/// A copy of the parts of a request that may contain secrets. A request of usual size is copied
/// without an allocation. The copy is read only for an error, a log line or a recording.
pub(crate) struct RequestCopy {
    inline: [u8; INLINE],
    spilled: Vec<u8>,
    /// The ends of the path and query, of the secret headers, and of the body.
    ends: [usize; 3],
}

impl RequestCopy {
    pub(crate) const fn new() -> Self {
        Self { inline: [0; INLINE], spilled: Vec::new(), ends: [0; 3] }
    }

    /// Replaces the content with a copy of `request`. Headers whose names are `listed` are secrets,
    /// too.
    pub(crate) fn set(&mut self, request: &Request, listed: &[&str]) {
        self.wipe();
        let target = request.uri().path_and_query().map_or("", |target| target.as_str());
        let headers = request.headers();
        // Enough for all headers, so that the secret ones are determined only once.
        let room = headers.iter().map(|(_, value)| value.len() + 1).sum::<usize>();
        let room = target.len() + room + request.body().len();
        let buffer = match self.inline.get_mut(..room) {
            Some(inline) => inline,
            None => {
                self.spilled.resize(room, 0);
                &mut *self.spilled
            }
        };
        let mut rest = buffer;
        let _ = rest.write_all(target.as_bytes());
        for (name, value) in headers {
            if value.is_sensitive() || is_masked_header(name.as_str(), listed) {
                let _ = rest.write_all(value.as_bytes());
                let _ = rest.write_all(b"\n");
            }
        }
        let after_headers = room - rest.len();
        let _ = rest.write_all(request.body());
        self.ends = [target.len(), after_headers, room - rest.len()];
    }

    /// Returns the secrets of the request. These are the values of sensitive headers, the values of
    /// query, form and JSON parameters whose name is `listed` or identifies a secret, and the
    /// segments of `path` that differ in `shown_path`.
    pub(crate) fn secrets(&self, listed: &[&str], path: &str, shown_path: &str) -> RequestSecrets {
        let [target, headers, end] = self.ends;
        let bytes = if self.spilled.is_empty() { &self.inline[..] } else { &*self.spilled };
        let part = |start, end| bytes.get(start..end).unwrap_or_default();
        let mut secrets = RequestSecrets(Vec::new());
        for value in part(target, headers).split(|byte| *byte == b'\n') {
            secrets.add_header(value);
        }
        let mut target = part(0, target).splitn(2, |byte| *byte == b'?');
        if let (_, Some(query)) = (target.next(), target.next()) {
            secrets.add_form(query, listed);
        }
        // All formats are tried, whatever the content type is.
        let body = part(headers, end);
        let text = str::from_utf8(body.strip_prefix(ORDER_MARK).unwrap_or(body)).ok();
        if !text.is_some_and(|text| secrets.add_json(text, "", false, listed)) {
            secrets.add_form(body, listed);
        }
        if path != shown_path {
            let mut shown = shown_path.split('/');
            for segment in path.split('/') {
                if shown.next() != Some(segment) {
                    secrets.add(&percent_decode(segment.as_bytes()).collect::<Vec<_>>());
                }
            }
        }
        secrets
    }

    fn wipe(&mut self) {
        let [.., end] = self.ends;
        if let Some(used) = self.inline.get_mut(..end) {
            used.zeroize();
        }
        self.spilled.zeroize();
    }
}

impl Drop for RequestCopy {
    fn drop(&mut self) {
        self.wipe();
    }
}

/// The decoded secrets of a request, the longest first.
pub(crate) struct RequestSecrets(Vec<Zeroizing<Vec<u8>>>);

impl RequestSecrets {
    fn add(&mut self, secret: &[u8]) {
        let secret = Zeroizing::new(one_space(secret));
        if !secret.is_empty() && !self.0.contains(&secret) {
            let at = self.0.partition_point(|other| other.len() >= secret.len());
            self.0.insert(at, secret);
        }
    }

    /// Adds the value of a header, the part of the value after its scheme (`Bearer`) or id
    /// (`id:signature`), the password of `Basic`, and all words of at least 16 bytes.
    fn add_header(&mut self, value: &[u8]) {
        const LONG: usize = 16;
        let after = |separator: u8| {
            let at = value.iter().position(|byte| *byte == separator)?;
            value.get(at + 1..)
        };
        self.add(value);
        match (after(b' '), after(b':')) {
            (Some(credentials), _) => {
                self.add(credentials);
                let text = str::from_utf8(credentials).unwrap_or_default();
                if value.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic"))
                    && let Some(pair) = from_base64(text.trim()).map(Zeroizing::new)
                    && let Some(colon) = pair.iter().position(|byte| *byte == b':')
                {
                    self.add(pair.get(colon + 1..).unwrap_or_default());
                }
            }
            (None, Some(signature)) => self.add(signature),
            (None, None) => {}
        }
        for word in value.split(|byte| b" ,;=\":".contains(byte)) {
            if word.len() >= LONG {
                self.add(word);
            }
        }
    }

    fn add_form(&mut self, form: &[u8], listed: &[&str]) {
        for (name, value) in decode_form_bytes(form) {
            let value = Zeroizing::new(value);
            let name = String::from_utf8_lossy(&name);
            let secret = is_secret("", &name, listed);
            if secret {
                self.add(&value);
            }
            if let Ok(text) = str::from_utf8(&value) {
                self.add_text(text, &scope("", &name), secret, listed);
            }
        }
    }

    /// Adds the secrets of a value that is JSON, a form, or a URL with a query or a password. If
    /// `secret` is true, all values in the JSON are secrets.
    fn add_text(&mut self, text: &str, parent: &str, secret: bool, listed: &[&str]) {
        let is_nested = text.trim_start().starts_with(['{', '[', '"']);
        if is_nested && self.add_json(text, parent, secret, listed) {
            return;
        }
        for info in user_infos(text) {
            if let Some((_, password)) = info.split_once(':') {
                self.add(info.as_bytes());
                // A shorter one would match unrelated words, such as the number 1.
                if password.len() >= SHORT {
                    self.add(password.as_bytes());
                }
            }
        }
        for part in text.split(['?', '#']).filter(|part| part.contains('=')) {
            for (name, value) in decode_form_bytes(part.as_bytes()) {
                let value = Zeroizing::new(value);
                if is_secret("", &String::from_utf8_lossy(&name), listed) {
                    self.add(&value);
                }
            }
        }
    }

    /// Adds the secrets of a JSON text. Returns `false` if it is not JSON.
    fn add_json(&mut self, text: &str, parent: &str, secret: bool, listed: &[&str]) -> bool {
        let value = serde_json::from_str::<&RawValue>(text);
        if let Ok(value) = value {
            self.add_value(value.get(), parent, secret, listed, MAX_DEPTH);
        }
        value.is_ok()
    }

    /// Adds the secrets of a JSON value. If lists and objects are nested more than `depth` levels
    /// deep, adds all their strings.
    fn add_value(&mut self, json: &str, parent: &str, secret: bool, listed: &[&str], depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return self.add_strings(json) };
        match json.as_bytes().first() {
            Some(b'{') => {
                let Some(RawMembers(members)) = RawMembers::parse(json) else {
                    return self.add_strings(json);
                };
                for (name, value) in members {
                    let secret = secret || is_secret(parent, &name, listed);
                    self.add_value(value.get(), &scope(parent, &name), secret, listed, depth);
                }
            }
            Some(b'[') => {
                let values = serde_json::from_str::<Vec<&RawValue>>(json);
                for value in values.unwrap_or_default() {
                    self.add_value(value.get(), parent, secret, listed, depth);
                }
            }
            Some(b'"') => match serde_json::from_str::<String>(json).map(Zeroizing::new) {
                Ok(text) => {
                    if secret {
                        self.add(text.as_bytes());
                    }
                    self.add_text(&text, parent, secret, listed);
                }
                Err(_) => self.add_strings(json),
            },
            Some(b'-' | b'0'..=b'9') if secret => self.add(json.as_bytes()),
            _ => {}
        }
    }

    /// Adds all strings of a JSON text that cannot be searched, because it is nested too deeply or
    /// has a lone surrogate in a name.
    fn add_strings(&mut self, json: &str) {
        let mut start = None;
        let mut is_escaped = false;
        for (at, byte) in json.bytes().enumerate() {
            match (start, byte) {
                _ if is_escaped => is_escaped = false,
                (Some(_), b'\\') => is_escaped = true,
                (Some(from), b'"') => {
                    self.add(json.get(from..at).unwrap_or_default().as_bytes());
                    start = None;
                }
                (None, b'"') => start = Some(at + 1),
                _ => {}
            }
        }
    }

    /// Returns `text` with `***` in place of each secret, or `None` if it contains none.
    pub(crate) fn redacted(&self, text: &str) -> Option<String> {
        let bytes = text.as_bytes();
        let mut redacted = Vec::new();
        let (mut copied, mut at) = (0, 0);
        while at < bytes.len() {
            match self.0.iter().find_map(|secret| occurrence(secret, text, at)) {
                Some(end) => {
                    redacted.extend_from_slice(bytes.get(copied..at).unwrap_or_default());
                    redacted.extend_from_slice(MASK);
                    (copied, at) = (end, end);
                }
                None => at += 1,
            }
        }
        if copied == 0 {
            return None;
        }
        redacted.extend_from_slice(bytes.get(copied..).unwrap_or_default());
        Some(String::from_utf8_lossy(&redacted).into_owned())
    }
}

/// Trims a text and replaces each sequence of whitespace with one space.
fn one_space(text: &[u8]) -> Vec<u8> {
    let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(&b' ')
}

/// Returns the position after `secret` if it begins at `start` in `text`, literally or encoded.
/// If `text` is truncated, the first characters of the secret before the ellipsis are enough.
/// Returns `None` for a short secret that is not a separate word.
fn occurrence(secret: &[u8], text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let length = bytes.len() - if text.ends_with(ELLIPSIS) { ELLIPSIS.len() } else { 0 };
    let is_cut = length < bytes.len();
    // Pairs of the number of matching bytes of the secret and the position after them in the text.
    // Escapes can be ambiguous, so there may be several.
    let text_at = |at| bytes.get(at..length).unwrap_or_default();
    if steps(secret, text_at(start)).iter().all(|(taken, _)| *taken == 0) {
        return None;
    }
    let mut open = vec![(0, start)];
    let mut seen = Vec::new();
    let mut end = None;
    while let Some((found, at)) = open.pop() {
        let rest = text_at(at);
        if found == secret.len() {
            end = end.max(Some(at));
            continue;
        }
        if is_cut && found >= SHORT && is_cut_escape(rest) {
            end = end.max(Some(length));
        }
        let matches = steps(secret.get(found..).unwrap_or_default(), rest);
        let matches = matches.iter().filter(|(taken, _)| *taken > 0);
        let is_fork = matches.clone().count() > 1;
        for (taken, width) in matches {
            let next = (found + taken, at + width);
            if !is_fork {
                open.push(next);
            } else if !seen.contains(&next) {
                seen.push(next);
                open.push(next);
            }
        }
    }
    let is_short = String::from_utf8_lossy(secret).chars().count() < SHORT;
    end.filter(|end| !is_short || is_word(bytes, start, *end))
}

/// Compares the first character of `text` with the beginning of `secret`, for each possible
/// encoding of the character. Each pair contains the number of bytes of `secret` that match (0 if
/// none do), and the number of bytes of the encoded character in `text`.
fn steps(secret: &[u8], text: &[u8]) -> [(usize, usize); 3] {
    let (Some(wanted), Some(first)) = (secret.first(), text.first()) else { return [(0, 0); 3] };
    let is =
        |byte: u8| usize::from(byte == *wanted || (*wanted == b' ' && byte.is_ascii_whitespace()));
    let is_encoded = |byte: u8| is(byte).max(if byte == b'+' { is(b' ') } else { 0 });
    let spaces = || text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let literal = (is(*first), if *wanted == b' ' { spaces().max(1) } else { 1 });
    let escaped = match first {
        b'+' => (is(b' '), 1),
        b'%' => hex_byte(text.get(1..3)).map_or((0, 0), |byte| (is_encoded(byte), 3)),
        b'\\' => match text.get(1) {
            Some(b'n' | b'r' | b't') => (is(b' '), 2),
            Some(b'u') => {
                unicode_escape(text).map_or((0, 0), |(char, width)| (prefix(secret, char), width))
            }
            Some(byte) => (is(*byte), 2),
            None => (0, 0),
        },
        b'&' => entity(text).map_or((0, 0), |(char, width)| (prefix(secret, char), width)),
        _ => (0, 0),
    };
    // Double percent-encoding, as of a form within a URL, or an escaped backslash of another
    // escape.
    let doubled = match text {
        [b'%', b'2', b'5', rest @ ..] => {
            hex_byte(rest.get(..2)).map_or((0, 0), |byte| (is_encoded(byte), 5))
        }
        [b'\\', b'\\', b'/' | b'"', ..] => (is(text.get(2).copied().unwrap_or_default()), 3),
        _ => (0, 0),
    };
    [literal, escaped, doubled]
}

/// Returns whether a text is empty or the beginning of an escape.
fn is_cut_escape(text: &[u8]) -> bool {
    text.len() < 6 && matches!(text.first(), None | Some(b'%' | b'\\' | b'&'))
}

/// Returns the length of `char` in UTF-8, or 0 if `secret` does not begin with it.
fn prefix(secret: &[u8], char: char) -> usize {
    let mut buffer = [0; 4];
    let encoded = char.encode_utf8(&mut buffer).as_bytes();
    let is_space = char.is_ascii_whitespace() && secret.first() == Some(&b' ');
    if secret.starts_with(encoded) || is_space { encoded.len() } else { 0 }
}

/// Parses two hexadecimal digits.
fn hex_byte(digits: Option<&[u8]>) -> Option<u8> {
    hex(digits).and_then(|byte| u8::try_from(byte).ok())
}

/// Parses hexadecimal digits. Returns `None` if the number does not fit into 32 bits.
fn hex(digits: Option<&[u8]>) -> Option<u32> {
    let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

/// Decodes the JSON escape at the start of `text`, such as `\u0041`, or two escapes that form a
/// surrogate pair. Returns the character and the length of the escaped text in bytes.
fn unicode_escape(text: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let escape = text.get(at..at + 6)?;
        let is_escape = escape.starts_with(b"\\u");
        hex(escape.get(2..)).and_then(|unit| u16::try_from(unit).ok()).filter(|_| is_escape)
    };
    let first = unit(0)?;
    let units: &[u16] = &[first, unit(6).unwrap_or_default()];
    match char::decode_utf16(units.iter().copied()).next()? {
        Ok(char) => Some((char, char.len_utf16() * 6)),
        Err(_) => None,
    }
}

/// Decodes an entity such as `&amp;` or `&#38;`, and returns the character and the length of its
/// escape.
fn entity(text: &[u8]) -> Option<(char, usize)> {
    const LONGEST: usize = 10;
    let end = text.iter().take(LONGEST).position(|byte| *byte == b';')?;
    let char = match text.get(1..end)? {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(hex(Some(digits))?)?,
        [b'#', digits @ ..] => char::from_u32(str::from_utf8(digits).ok()?.parse().ok()?)?,
        _ => return None,
    };
    Some((char, end + 1))
}

/// Returns whether there is no letter or digit next to the bytes from `start` to `end`. The end of
/// an escape does not count as a letter or digit.
fn is_word(text: &[u8], start: usize, end: usize) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
    let before = text.get(..start).unwrap_or_default();
    let tail = |length: usize| before.len().checked_sub(length).and_then(|at| before.get(at..));
    let after_escape = tail(3)
        .is_some_and(|tail| tail.starts_with(b"%") && hex(tail.get(1..)).is_some())
        || tail(6).is_some_and(|tail| tail.starts_with(b"\\u") && hex(tail.get(2..)).is_some())
        || tail(2).is_some_and(|tail| matches!(tail, [b'\\', b'n' | b'r' | b't']));
    (after_escape || !before.last().is_some_and(is_part)) && !text.get(end).is_some_and(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::HeaderValue;
    use proptest::prelude::*;

    fn secrets(request: &Request, listed: &[&str]) -> RequestSecrets {
        let mut copy = RequestCopy::new();
        copy.set(request, listed);
        copy.secrets(listed, "", "")
    }

    fn of(values: &[&str]) -> RequestSecrets {
        let mut secrets = RequestSecrets(Vec::new());
        for value in values {
            secrets.add(value.as_bytes());
        }
        secrets
    }

    fn redacted(secret: &str, text: &str) -> String {
        of(&[secret]).redacted(text).unwrap_or_else(|| text.to_owned())
    }

    fn request(content_type: &str, body: &str) -> Request {
        let mut bearer = HeaderValue::from_static("Bearer CANARY-header");
        bearer.set_sensitive(true);
        http::Request::post("https://h/p?id=7&oauth_token=CANARY%2Fquery")
            .header("authorization", bearer)
            .header("accept", "application/json")
            .header("content-type", content_type)
            .body(body.as_bytes().to_vec())
            .unwrap()
    }

    #[test]
    fn secrets_of_headers_that_are_not_marked_are_found_by_their_names() {
        for name in ["x-api-key", "cookie", "Proxy-Authorization", "token"] {
            let request = http::Request::get("https://h/").header(name, "CANARY");
            let request = request.body(Vec::new()).unwrap();
            let shown = secrets(&request, &[]).redacted("wrong CANARY");
            assert_eq!(shown.as_deref(), Some("wrong ***"), "{name}");
        }
    }

    #[test]
    fn secrets_of_headers_query_form_and_json_are_found() {
        let form = "a=1&passphrase=CANARY%2Bform&user%5Bpassword%5D=CANARY+nested&extra=CANARY-x";
        let json = r#"{"id":1,"token":["CANARY-list"],"card":{"number":4111111111111111},"deep":[{"clientSecret":{"a":"CANARY-deep"}}],"extra":"CANARY-x"}"#;
        let always = ["CANARY-header", "CANARY/query"];
        for (kind, body, own) in [
            (
                "application/x-www-form-urlencoded",
                form,
                &["CANARY+form", "CANARY nested", "CANARY-x"][..],
            ),
            (
                "application/json",
                json,
                &["CANARY-list", "4111111111111111", "CANARY-deep", "CANARY-x"],
            ),
        ] {
            let secrets = secrets(&request(kind, body), &["extra"]);
            for secret in always.iter().chain(own) {
                let text = format!("said: {secret}.");
                assert_eq!(secrets.redacted(&text).as_deref(), Some("said: ***."), "{kind}");
            }
            assert_eq!(secrets.redacted("id 7, 1 and application/json"), None);
        }
    }

    #[test]
    fn secrets_in_json_forms_and_urls_within_values_are_found() {
        let json = serde_json::json!({
            "payload": r#"{"user":{"password":"CANARY-json"},"id":"id-3"}"#,
            "card": r#"{"number":"CANARY-card"}"#,
            "twice": serde_json::json!({"a": r#"{"token":"CANARY-twice"}"#}).to_string(),
            "credentials": r#"{"a":"CANARY-inner"}"#,
            "form": "a=id-1&client_secret=CANARY%2Bform",
            "url": "https://h/p?a=id-2&access_token=CANARY-url#id_token=CANARY-fragment",
        })
        .to_string();
        let form =
            "data=%7B%22password%22%3A%22CANARY-json%22%7D&card={\"number\":\"CANARY-card\"}";
        const FORM: &str = "application/x-www-form-urlencoded";
        let all = ["json", "card", "twice", "inner", "url", "fragment"];
        for (kind, body, own) in [
            ("application/json", &*json, &all[..]),
            (FORM, &json, &all),
            (FORM, form, &all[..2]),
            ("text/plain", form, &all[..2]),
            (FORM, "\u{feff}{\"password\":\"CANARY-json\"}", &all[..1]),
        ] {
            let secrets = secrets(&request(kind, body), &[]);
            for secret in own {
                let text = format!("said CANARY-{secret}.");
                assert_eq!(secrets.redacted(&text).as_deref(), Some("said ***."), "{kind} {body}");
            }
            assert_eq!(secrets.redacted("id-1 id-2 id-3"), None);
        }
        let secrets = secrets(&request("application/json", &json), &[]);
        assert_eq!(secrets.redacted("CANARY+form").as_deref(), Some("***"));
    }

    #[test]
    fn signatures_and_passwords_of_authorization_headers_are_found_and_ids_are_kept() {
        let with = |value: &'static str| {
            let request = http::Request::get("https://h/").header("authorization", value);
            secrets(&request.body(Vec::new()).unwrap(), &[])
        };
        let text = "AIDAIDAID0 signed with phFlMhuuxpvOTFDT67ijgc8j";
        let secrets = with("AIDAIDAID0:phFlMhuuxpvOTFDT67ijgc8j");
        assert_eq!(secrets.redacted(text).as_deref(), Some("AIDAIDAID0 signed with ***"));
        // id:s3cr3t
        let secrets = with("Basic aWQ6czNjcjN0");
        assert_eq!(secrets.redacted("id:s3cr3t").as_deref(), Some("id:***"));
        assert_eq!(secrets.redacted("aWQ6czNjcjN0").as_deref(), Some("***"));
        let secrets = with("AIDAIDAID0:s3cr3t");
        assert_eq!(
            secrets.redacted("AIDAIDAID0 and s3cr3t").as_deref(),
            Some("AIDAIDAID0 and ***")
        );
        let secrets = with("OAuth key=\"k\", signature=\"0123456789abcdefXYZ\"");
        assert_eq!(secrets.redacted("no 0123456789abcdefXYZ").as_deref(), Some("no ***"));
    }

    #[test]
    fn passwords_of_urls_are_secrets() {
        for url in ["https://ann:CANARY@h/n", "to https://h, https://ann:CANARY@h"] {
            let json = format!(r#"{{"url":"{url}"}}"#);
            let secrets = secrets(&request("application/json", &json), &[]);
            let text = "no ann:CANARY@h, CANARY or ann";
            assert_eq!(secrets.redacted(text).as_deref(), Some("no ***@h, *** or ann"));
        }
        let short = secrets(&request("application/json", r#"{"url":"http://u:1@h"}"#), &[]);
        let redacted = short.redacted("status 1, http://u:1@h");
        assert_eq!(redacted.as_deref(), Some("status 1, http://***@h"));
        let url = r#"{"url":"https://ann@h","email":"ann@h"}"#;
        assert_eq!(secrets(&request("application/json", url), &[]).redacted("no ann@h"), None);
    }

    #[test]
    fn segments_of_a_path_that_are_not_shown_are_secrets() {
        let mut copy = RequestCopy::new();
        copy.set(
            &http::Request::get("https://h/v1/tokens/CANARY%2F1/x").body(vec![]).unwrap(),
            &[],
        );
        let secrets = copy.secrets(&[], "/tokens/CANARY%2F1/x", "/tokens/***/x");
        for text in
            ["GET /tokens/CANARY%2F1/x", "GET /tokens/CANARY%2f1/x", "GET /tokens/CANARY/1/x"]
        {
            assert_eq!(secrets.redacted(text).as_deref(), Some("GET /tokens/***/x"));
        }
        assert!(copy.secrets(&[], "/tokens/1", "/tokens/1").0.is_empty());
    }

    #[test]
    fn a_secret_is_found_in_every_encoding_of_a_text() {
        let secret = "p&ss/w\u{f6}rd+\"1<2>' x";
        for encoded in [
            secret,
            "p%26ss%2Fw%C3%B6rd%2B%221%3C2%3E%27%20x",
            "p%26ss%2fw%c3%b6rd%2b%221%3c2%3e%27+x",
            r#"p&ss\/w\u00f6rd+\"1<2>' x"#,
            r"p\u0026ss\/w\u00F6rd\u002b\u00221\u003c2\u003e\u0027\u0020x",
            "p&amp;ss/w\u{f6}rd+&quot;1&lt;2&gt;&#39; x",
            "p&#38;ss&#x2F;w&#xf6;rd+&#34;1<2>&apos;\n \tx",
        ] {
            assert_eq!(redacted(secret, &format!("a {encoded} b")), "a *** b", "{encoded}");
        }
        assert_eq!(redacted("ab\u{1f511}c", r"xab\ud83d\udd11cy"), "x***y");
        assert_eq!(redacted("a b/c", "a%2520b%252Fc a%2Bb%252fc a%252Bb/c"), "*** *** ***");
        assert_eq!(redacted("100%25!", "100%25! and 100%2525!"), "*** and ***");
        assert_eq!(redacted("%a/b", "%2525a/b"), "***");
        assert_eq!(redacted("ab/\"cd", r#"ab\\/\\"cd"#), "***");
        assert_eq!(redacted("ab cd", r"ab\u0009cd"), "***");
        for text in ["abxcd", r"ab\u0078cd"] {
            assert_eq!(redacted("ab cd", text), text);
        }
        for text in ["ab cd", r"ab\u0009cd"] {
            assert_eq!(redacted("abxcd", text), text);
        }
        assert_eq!(redacted(r"C:\new", r"C:\new and C:\\new"), "*** and ***");
        assert_eq!(redacted("  two  words\n", "say two words"), "say ***");
        // Incomplete and stray escapes do not match.
        for text in ["sec%", "sec%7", r"sec\u00", r"sec\ud83d", "sec&", "sec&#xfffffff;", "sec&amp"]
        {
            assert_eq!(redacted("secret", text), text);
        }
    }

    #[test]
    fn every_occurrence_is_replaced_and_the_longest_secret_first() {
        let secrets = of(&["Bearer abcdef", "abcdef", "abcd"]);
        let text = "Bearer abcdef, abcdef, abcdabcd \u{17c}";
        assert_eq!(secrets.redacted(text).unwrap(), "***, ***, ****** \u{17c}");
        assert_eq!(secrets.redacted("Bearer abc"), None);
        assert_eq!(secrets.redacted(""), None);
    }

    #[test]
    fn a_short_secret_is_replaced_only_as_a_word() {
        for (secret, text, expected) in [
            ("a", "a bad day, a!", "*** bad day, ***!"),
            ("123", "cvc 123, not 1234 or 0123", "cvc ***, not 1234 or 0123"),
            (
                "123",
                "cvc=123&x \"123\" %20123 \\n123 \\u0020123",
                "cvc=***&x \"***\" %20*** \\n*** \\u0020***",
            ),
            ("\u{17c}", "\u{17c}\u{f3}\u{142}w \u{17c}", "\u{17c}\u{f3}\u{142}w ***"),
            ("123", "no 0000000123", "no 0000000123"),
            ("123", r"%zz123 \uzzzz123", r"%zz123 \uzzzz123"),
            ("1234", "no1234x", "no***x"),
        ] {
            assert_eq!(redacted(secret, text), expected);
        }
        assert_eq!(of(&["", " "]).redacted("a text"), None);
    }

    #[test]
    fn a_secret_that_a_cut_text_ends_in_is_replaced() {
        let secret = "CANARY/0123456789";
        for text in ["url CANARY/0123\u{2026}", "url CANARY\u{2026}", "url CANARY%2\u{2026}"] {
            assert_eq!(redacted(secret, text), "url ***\u{2026}", "{text}");
        }
        assert_eq!(redacted(secret, "url CAN\u{2026}"), "url CAN\u{2026}");
        for text in ["url CANARY", "url CANARYxy\u{2026}", "url CANARY%41abc\u{2026}"] {
            assert_eq!(redacted(secret, text), text);
        }
    }

    #[test]
    fn secrets_of_repeated_names_and_numbers_of_any_size_are_found() {
        let json = r#"{"pin":"CANARY-1","pin":12345678901234567890123,"a":"\ud800"}"#;
        let secrets = secrets(&request("application/json", json), &[]);
        for secret in ["CANARY-1", "12345678901234567890123"] {
            assert_eq!(secrets.redacted(secret).as_deref(), Some("***"));
        }
    }

    #[test]
    fn deep_nesting_of_a_request_does_not_overflow_the_stack() {
        let nested = |depth: usize, text: &str| {
            ["[".repeat(depth), text.to_owned(), "]".repeat(depth)].concat()
        };
        let inner = nested(60, r#"{"token":"CANARY"}"#);
        let deep = nested(200_000, r#"{"token":"CANARY"}"#);
        let surrogate = r#"{"\ud800":1,"token":"CANARY"}"#.to_owned();
        for body in [inner, deep, surrogate, r#"{"token":"CANARY\ud800"}"#.to_owned()] {
            let secrets = secrets(&request("application/json", &body), &[]);
            let shown = secrets.redacted(r"CANARY CANARY\ud800").unwrap();
            assert!(shown.starts_with("***") || shown.ends_with("***"), "{shown}");
        }
    }

    #[test]
    fn strings_in_deep_nesting_are_secrets() {
        let inner = r#"{"a\\":"CANARY\"x","b":"CANARY-y"}"#;
        let body = ["[".repeat(200), inner.to_owned(), "]".repeat(200)].concat();
        let secrets = secrets(&request("application/json", &body), &[]);
        assert_eq!(secrets.redacted(r#"CANARY\"x CANARY-y."#).as_deref(), Some("*** ***."));
    }

    #[test]
    fn ambiguous_escapes_are_searched_once_at_each_position() {
        // Each backslash of the text is a literal one or the beginning of an escaped one.
        let secret = ["\\".repeat(40), "x".to_owned()].concat();
        let text = "\\".repeat(80);
        assert_eq!(redacted(&secret, &text), text);
    }

    #[test]
    fn large_requests_are_copied_completely() {
        for size in [0, 1, INLINE - 40, INLINE, 100_000] {
            let body = format!(r#"{{"pad":"{}","token":"CANARY-end"}}"#, "x".repeat(size));
            let request = request("application/json", &body);
            let secrets = secrets(&request, &[]);
            assert_eq!(secrets.redacted("CANARY-end CANARY-header").as_deref(), Some("*** ***"));
        }
    }

    #[test]
    fn body_is_copied_completely_if_all_headers_are_secret() {
        let request = http::Request::post("https://h/").header("cookie", "a").header("token", "b");
        let secrets = secrets(&request.body(b"token=CANARY".to_vec()).unwrap(), &[]);
        assert_eq!(secrets.redacted("no CANARY").as_deref(), Some("no ***"));
    }

    #[test]
    fn copy_contains_only_the_last_request() {
        let mut copy = RequestCopy::new();
        copy.set(
            &request("application/json", &format!("{{\"token\":\"{}\"}}", "old".repeat(5000))),
            &[],
        );
        copy.set(&http::Request::get("https://h/p?token=newer").body(Vec::new()).unwrap(), &[]);
        let secrets = copy.secrets(&[], "", "");
        assert_eq!(secrets.redacted("newer oldoldold").as_deref(), Some("*** oldoldold"));
        copy.set(&http::Request::get("https://h/").body(Vec::new()).unwrap(), &[]);
        assert!(copy.inline.iter().all(|byte| matches!(byte, 0 | b'/')));
    }

    proptest! {
        #[test]
        fn no_echo_of_a_secret_remains(
            secret in "\\PC{4,40}",
            before in ".{0,20}",
            after in ".{0,20}",
        ) {
            let secret = String::from_utf8(one_space(secret.as_bytes())).unwrap();
            prop_assume!(secret.chars().count() >= SHORT && secret != "***");
            prop_assume!(!format!("{before}{after}***").contains(&secret));
            let json = serde_json::to_string(&secret).unwrap();
            let json = json.strip_prefix('"').unwrap().strip_suffix('"').unwrap().to_owned();
            let percent = percent_encoding::utf8_percent_encode(&secret, percent_encoding::NON_ALPHANUMERIC).to_string();
            for echo in [secret.clone(), json, percent] {
                let text = format!("{before}{echo}{after}");
                let redacted = of(&[&secret]).redacted(&text);
                prop_assert!(redacted.is_some(), "{text}");
                prop_assert!(!redacted.as_deref().unwrap_or_default().contains(&echo));
            }
        }

        #[test]
        fn no_text_panics(secret in ".{0,12}", text in ".*", listed in ".{0,8}") {
            let _ = of(&[&secret]).redacted(&text);
            let body = Request::new(text.into_bytes());
            let _ = secrets(&body, &[&listed]).redacted(&secret);
        }
    }
}
