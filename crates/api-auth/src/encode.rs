//! Ordered parameters and their encoder.
//!
//! Parameters are encoded only once, by [`Encoding::write`], so the signed bytes are identical to
//! the bytes that are sent. Each provider uses one [`Encoding`].

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode_byte, utf8_percent_encode};

use crate::error::input::InputError;

/// Named parameters in the order in which they were added. A name may occur several times.
///
/// ```
/// use api_auth::{Encoding, Params};
///
/// let mut params = Params::new();
/// params.push("rid", "Été complet").push_some("user_ref", Some("a+b@c")).push_bool("refund", true);
/// params.push_some("tag", None::<&str>);
/// assert_eq!(Encoding::Form.text(&params), "rid=%C3%89t%C3%A9+complet&user_ref=a%2Bb%40c&refund=true");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Params<'a> {
    /// Creates an empty list, without an allocation.
    pub fn new() -> Self {
        Self(Vec::new())
    }

    /// Parses a query string or form body. A name without `=` has an empty value.
    ///
    /// # Errors
    /// Returns an error if a name or value is not UTF-8.
    ///
    /// ```
    /// let params = api_auth::Params::decode("code=a%2Fb&state=x+y&flag")?;
    /// assert_eq!(params.get("code"), Some("a/b"));
    /// assert_eq!(params.get("state"), Some("x y"));
    /// assert_eq!(params.get("flag"), Some(""));
    /// # Ok::<(), api_auth::InputError>(())
    /// ```
    pub fn decode(text: &str) -> Result<Params<'static>, InputError> {
        let mut params = Params::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            params.push(decode(name)?, decode(value)?);
        }
        Ok(params)
    }

    /// Adds a parameter. An empty value is written as `name=`.
    pub fn push(
        &mut self,
        name: impl Into<Cow<'a, str>>,
        value: impl Into<Cow<'a, str>>,
    ) -> &mut Self {
        self.push_pair((name.into(), value.into()));
        self
    }

    fn push_pair(&mut self, pair: (Cow<'a, str>, Cow<'a, str>)) {
        if self.0.capacity() == 0 {
            self.0.reserve_exact(12);
        }
        self.0.push(pair);
    }

    /// Adds a parameter before all others.
    pub fn push_first(
        &mut self,
        name: impl Into<Cow<'a, str>>,
        value: impl Into<Cow<'a, str>>,
    ) -> &mut Self {
        self.0.insert(0, (name.into(), value.into()));
        self
    }

    /// Adds a parameter if `value` is not `None`.
    pub fn push_some(
        &mut self,
        name: impl Into<Cow<'a, str>>,
        value: Option<impl Into<Cow<'a, str>>>,
    ) -> &mut Self {
        match value {
            Some(value) => self.push(name, value),
            None => self,
        }
    }

    /// Adds a parameter whose value is a number, or any other value that implements `Display`.
    pub fn push_number(&mut self, name: impl Into<Cow<'a, str>>, value: impl Display) -> &mut Self {
        self.push(name, value.to_string())
    }

    /// Adds a parameter with the value `true` or `false`.
    pub fn push_bool(&mut self, name: impl Into<Cow<'a, str>>, value: bool) -> &mut Self {
        self.push(name, if value { "true" } else { "false" })
    }

    /// Returns an iterator over the unencoded names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Returns the value of the first parameter with this name, or `None` if there is none.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Returns whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of parameters.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Sorts the parameters by the bytes of their top-level names (the top-level name of
    /// `SANs[0][DNS]` is `SANs`). Parameters with the same top-level name keep their order. Upper
    /// case comes before lower case.
    #[inline]
    pub fn sort_by_top_level_name(&mut self) {
        fn top(name: &str) -> &str {
            name.split_once('[').map_or(name, |(top, _)| top)
        }
        // An insertion sort, for few parameters that are nearly sorted. The sort of the standard
        // library is for thousands, and is compiled anew for each type.
        for end in 1..self.0.len() {
            let Some(sorted) = self.0.get_mut(..=end) else { return };
            let Some(((last, _), before)) = sorted.split_last() else { return };
            let last = top(last);
            let index = before.iter().rposition(|(name, _)| top(name) <= last);
            let index = index.map_or(0, |found| found + 1);
            if let Some(rest) = sorted.get_mut(index..) {
                rest.rotate_right(1);
            }
        }
    }
}

impl fmt::Debug for Params<'_> {
    /// Formats only the names, because a value may be a passphrase or a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

fn decode(text: &str) -> Result<String, InputError> {
    percent_decode(&text.replace('+', " ")).ok_or_else(|| InputError::new("query", "is not UTF-8"))
}

/// The encoding of names and values in a query string or a form body.
///
/// Both variants write a space as `+` and every other reserved byte of the UTF-8 text as `%XX` with
/// upper-case hex digits. They differ only in the encoding of `*`, which is enough to invalidate a
/// signature.
///
/// See the example in [`Params`](crate::Params).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// The form encoding of the WHATWG, which Ruby, Java and browsers use. `A-Z a-z 0-9 * - . _`
    /// are not encoded.
    Form,
    /// The encoding of PHP's `http_build_query` (RFC 1738). `A-Z a-z 0-9 - . _` are not encoded, so
    /// `*` is `%2A`.
    Php,
}

const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Encoding {
    /// Appends the encoded parameters to `out` as `name=value&name=value`, in the order of
    /// `params`.
    pub fn write(self, params: &Params<'_>, out: &mut Vec<u8>) {
        for (index, (name, value)) in params.iter().enumerate() {
            if index > 0 {
                out.push(b'&');
            }
            self.write_text(name, out);
            out.push(b'=');
            self.write_text(value, out);
        }
    }

    /// Returns the encoded parameters as a string.
    pub fn text(self, params: &Params<'_>) -> String {
        let mut out = Vec::with_capacity(self.length(params));
        self.write(params, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    /// Encodes one name or value as ASCII bytes and appends them to `out`.
    pub fn write_text(self, text: &str, out: &mut Vec<u8>) {
        for byte in text.bytes() {
            match byte {
                _ if self.is_bare(byte) => out.push(byte),
                b' ' => out.push(b'+'),
                _ => out.extend_from_slice(percent_encode_byte(byte).as_bytes()),
            }
        }
    }

    fn is_bare(self, byte: u8) -> bool {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => true,
            b'*' => self == Self::Form,
            _ => false,
        }
    }

    /// Returns the number of bytes that [`write`](Encoding::write) appends.
    pub(crate) fn length(self, params: &Params<'_>) -> usize {
        let escaped = |byte: &u8| *byte != b' ' && !self.is_bare(*byte);
        let text =
            |text: &str| text.len() + 2 * text.as_bytes().iter().filter(|b| escaped(b)).count();
        let pairs: usize = params.iter().map(|(name, value)| text(name) + 1 + text(value)).sum();
        pairs + params.len().saturating_sub(1)
    }
}

/// Decodes the names and values of a form, in order. Bytes that are not UTF-8 become U+FFFD.
///
/// ```
/// let pairs = api_auth::decode_form(b"tr_crc=zam%C3%B3wienie%2F1+a&empty=");
/// assert_eq!(pairs, [("tr_crc".into(), "zamówienie/1 a".into()), ("empty".into(), String::new())]);
/// ```
pub fn decode_form(text: &[u8]) -> Vec<(String, String)> {
    let text_of = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let pairs = decode_form_bytes(text).into_iter();
    pairs.map(|(name, value)| (text_of(name), text_of(value))).collect()
}

/// Decodes a form like [`decode_form`], but returns names and values as bytes, for forms in an
/// encoding other than UTF-8.
///
/// ```
/// assert_eq!(api_auth::decode_form_bytes(b"a=%F3+b"), [(b"a".to_vec(), b"\xf3 b".to_vec())]);
/// ```
pub fn decode_form_bytes(text: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let pairs = text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    let mut decoded = Vec::with_capacity(16);
    decoded.extend(pairs.map(|pair| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let name = halves.next().unwrap_or_default();
        (decode_bytes(name), decode_bytes(halves.next().unwrap_or_default()))
    }));
    decoded
}

/// Decodes the percent-encoding and the `+` in a name or a value of a form.
#[inline(never)]
fn decode_bytes(text: &[u8]) -> Vec<u8> {
    let mut spaced = text.to_vec();
    if !text.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return spaced;
    }
    for byte in &mut spaced {
        if *byte == b'+' {
            *byte = b' ';
        }
    }
    match Cow::from(percent_encoding::percent_decode(&spaced)) {
        Cow::Owned(decoded) => decoded,
        Cow::Borrowed(_) => spaced,
    }
}

/// Percent-encodes one segment of a path. `A-Z a-z 0-9 - . _ ~` are not encoded, a space is `%20`,
/// and `/` is `%2F`, so a value never becomes two segments.
///
/// ```
/// assert_eq!(api_auth::path_segment("a b/ą"), "a%20b%2F%C4%85");
/// ```
pub fn path_segment(value: &str) -> Cow<'_, str> {
    utf8_percent_encode(value, SEGMENT).into()
}

/// Writes `value` into `buffer` and returns the written string, or an empty string if it does not
/// fit.
pub(crate) fn written(value: impl Display, buffer: &mut [u8]) -> &str {
    let mut rest = &mut *buffer;
    let fits = write!(rest, "{value}").is_ok();
    let unused = rest.len();
    let length = if fits { buffer.len() - unused } else { 0 };
    str::from_utf8(buffer.get(..length).unwrap_or_default()).unwrap_or_default()
}

/// Decodes a percent-encoded string. A `+` stays unchanged. Returns `None` if the decoded bytes are
/// not UTF-8.
///
/// ```
/// assert_eq!(api_auth::percent_decode("%7Bjax%7Da+b").as_deref(), Some("{jax}a+b"));
/// ```
pub fn percent_decode(text: &str) -> Option<String> {
    percent_encoding::percent_decode_str(text).decode_utf8().ok().map(Cow::into_owned)
}

/// Returns a URL with `***` in place of its user name and password, and of those of each URL in its
/// path, query and fragment. The scheme can be missing, as in a URL that is rejected.
///
/// For any other text, use [`without_user_infos`].
///
/// ```
/// use api_auth::without_user_info;
///
/// assert_eq!(without_user_info("https://user:password@h/a@b"), "https://***@h/a@b");
/// assert_eq!(without_user_info("user:password@h"), "***@h");
/// assert_eq!(without_user_info("https://h/a@b"), "https://h/a@b");
/// ```
pub fn without_user_info(url: &str) -> Cow<'_, str> {
    let has_scheme = url.split_once("://").is_some_and(|(scheme, _)| {
        scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    });
    match if has_scheme { None } else { user_info(url) } {
        Some(info) => {
            let rest = url.get(info.len()..).unwrap_or_default();
            ["***", &without_user_infos(rest)].concat().into()
        }
        None => without_user_infos(url),
    }
}

/// Returns a text with `***` in place of the user name and password of each URL in it. A URL is
/// recognized by its `://`.
///
/// ```
/// use api_auth::without_user_infos;
///
/// assert_eq!(without_user_infos("to http://u:p@h or http://k"), "to http://***@h or http://k");
/// assert_eq!(without_user_infos("to ann@example.com"), "to ann@example.com");
/// ```
pub fn without_user_infos(text: &str) -> Cow<'_, str> {
    let infos = user_infos(text);
    let mut shown = String::new();
    let mut rest = text;
    for info in &infos {
        let found = format!("://{info}@");
        let Some((before, after)) = rest.split_once(&found) else { continue };
        shown.extend([before, "://***@"]);
        rest = after;
    }
    if infos.is_empty() { text.into() } else { [&shown, rest].concat().into() }
}

/// Returns the user name and password of each URL in a text, such as `user:password`. URLs without
/// them are omitted.
///
/// ```
/// use api_auth::user_infos;
///
/// assert_eq!(user_infos("http://u:p@h/a@b, http://k"), ["u:p"]);
/// ```
pub fn user_infos(text: &str) -> Vec<&str> {
    let mut infos = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("://") {
        rest = after;
        let end = |from: usize| {
            let end = after.get(from..).and_then(|text| text.find(char::is_whitespace));
            end.map_or(after.len(), |end| from + end)
        };
        let mut url = after.get(..end(0)).unwrap_or_default();
        let authority = authority(url);
        // Whitespace in a password makes a URL invalid, but is a part of the secret.
        if !authority.contains('@')
            && !is_host(authority)
            && let Some(at) = after.find('@')
        {
            url = after.get(..end(at)).unwrap_or_default();
        }
        if let Some(info) = user_info(url) {
            infos.push(info);
            rest = after.get(info.len()..).unwrap_or_default();
        }
    }
    infos
}

/// Returns the user name and password in the part of a URL after `://`, or `None` if it contains
/// none.
fn user_info(url: &str) -> Option<&str> {
    let authority = authority(url);
    // A password with such a character as `/` makes a URL invalid, but is a secret as well.
    let is_valid = authority.contains('@') || is_host(authority);
    let (info, _) = if is_valid { authority } else { url }.rsplit_once('@')?;
    Some(info)
}

fn authority(url: &str) -> &str {
    url.split(['/', '?', '#', '\\']).next().unwrap_or_default()
}

/// Returns whether a text can be a host with an optional port, so that it contains no password.
fn is_host(text: &str) -> bool {
    let name = text.rsplit(']').next().unwrap_or_default();
    let port = name.split_once(':').map_or("", |(_, port)| port);
    let is_name = |char: char| !char.is_whitespace() && !char.is_control() && char != '"';
    text.chars().all(is_name) && (port.is_empty() || port.parse::<u16>().is_ok())
}

/// Encodes bytes in base64 with the standard alphabet and padding.
///
/// ```
/// assert_eq!(api_auth::base64(b"a?>"), "YT8+");
/// assert_eq!(api_auth::from_base64("YT8+").as_deref(), Some(&b"a?>"[..]));
/// ```
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Decodes base64 with the standard alphabet and padding. Returns `None` for any other string.
///
/// See the example in [`base64`](crate::base64()).
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Encodes 32 bytes as 64 lower-case hex digits.
pub(crate) fn hex(bytes: &[u8; 32]) -> [u8; 64] {
    // The only hex encoder of these crates: 15 lines fewer to audit than a crate, and no
    // allocation.
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn user_information_is_found_in_each_url_of_a_text() {
        for (text, expected) in [
            ("http://u:p@h http://v@k", &["u:p", "v"][..]),
            ("http://u:p@q@h/x@y", &["u:p@q"]),
            ("http://u:p/q@h", &["u:p/q"]),
            ("http://u:p q@h and a@b", &["u:p q"]),
            ("http://h:80/@u http://h/@u http://h?@u http://[::1]:80/@u http://[::1]/@u", &[]),
            ("http://h, a@b", &[]),
            ("http://h", &[]),
            ("a@b", &[]),
            ("://", &[]),
            ("http://@h", &[""]),
        ] {
            assert_eq!(user_infos(text), expected, "{text}");
        }
        let text = "u:p@h http://u:p@h/\u{142} http://u:p@h";
        let expected = "u:p@h http://***@h/\u{142} http://***@h";
        assert_eq!(without_user_infos(text), expected);
        assert_eq!(without_user_infos("to u:p@h"), "to u:p@h");
    }

    #[test]
    fn user_information_of_a_url_without_a_scheme_is_removed() {
        for (url, expected) in [
            ("u:p@h", "***@h"),
            ("u:p@h/?a=http://v:q@k", "***@h/?a=http://***@k"),
            ("u:p@h/?a=http://k", "***@h/?a=http://k"),
            ("https://u:p@h/?a=http://v:q@k", "https://***@h/?a=http://***@k"),
            ("h:80/@u", "h:80/@u"),
            ("h", "h"),
        ] {
            assert_eq!(without_user_info(url), expected, "{url}");
        }
    }

    const ASCII_PUNCTUATION: &str = "!\"#$%&'()*+,/:;<=>?@[\\]^_`{|}~-.";

    fn written(encoding: Encoding, text: &str) -> String {
        let mut out = Vec::new();
        encoding.write_text(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn form(text: &str) -> String {
        written(Encoding::Form, text)
    }

    #[test]
    fn form_keeps_the_star_and_escapes_the_tilde() {
        assert_eq!(
            form(ASCII_PUNCTUATION),
            "%21%22%23%24%25%26%27%28%29*%2B%2C%2F%3A%3B%3C%3D%3E%3F%40%5B%5C%5D%5E_%60%7B%7C%7D%7E-."
        );
    }

    #[test]
    fn php_escapes_the_star_too() {
        assert_eq!(written(Encoding::Php, "~*!'()-_. x"), "%7E%2A%21%27%28%29-_.+x");
    }

    #[test]
    fn space_is_plus_in_a_query_and_never_plus_in_a_path() {
        assert_eq!(form(" a  b "), "+a++b+");
        assert_eq!(path_segment(" a  b "), "%20a%20%20b%20");
        assert_eq!(path_segment("a+b"), "a%2Bb");
    }

    #[test]
    fn line_ends_and_nul_are_escaped() {
        assert_eq!(form("a\r\n\0b"), "a%0D%0A%00b");
    }

    #[test]
    fn top_level_names_are_sorted_and_nested_names_keep_their_order() {
        let mut params = Params::new();
        params.push("token", "t").push("SANs[10][DNS]", "k").push("SANs[9][DNS]", "j");
        params.push("C", "US").push("ca_id", "1").push("CN", "x");
        params.sort_by_top_level_name();
        let names: Vec<&str> = params.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["C", "CN", "SANs[10][DNS]", "SANs[9][DNS]", "ca_id", "token"]);
    }

    #[test]
    fn push_first_adds_before_all_others() {
        let mut params = Params::new();
        params.push("b", "2").push_first("a", "1").push("c", "3");
        assert_eq!(Encoding::Form.text(&params), "a=1&b=2&c=3");
    }

    #[test]
    fn numbers_and_booleans_are_strings_and_the_first_capacity_is_twelve() {
        let mut params = Params::new();
        assert_eq!(params.0.capacity(), 0);
        params.push_number("n", -12).push_bool("yes", true).push_bool("no", false);
        assert_eq!(params.0.capacity(), 12);
        assert_eq!(Encoding::Form.text(&params), "n=-12&yes=true&no=false");
    }

    #[test]
    fn form_is_decoded_in_order_and_invalid_utf_8_is_replaced() {
        let decoded = |text: &[u8]| decode_form(text);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            decoded(b"tr_crc=zam%C3%B3wienie%2F1+a&&empty=&flag&a=b=c"),
            [
                pair("tr_crc", "zamówienie/1 a"),
                pair("empty", ""),
                pair("flag", ""),
                pair("a", "b=c"),
            ]
        );
        assert_eq!(decoded(b"x=%FF"), [pair("x", "\u{fffd}")]);
        assert_eq!(decoded(b""), []);
    }

    #[test]
    fn base64_has_the_standard_alphabet_and_its_padding() {
        assert_eq!((base64(b"a?>"), base64(b"a")), ("YT8+".to_owned(), "YQ==".to_owned()));
        assert_eq!(from_base64("YQ==").as_deref(), Some(&b"a"[..]));
        for other in ["YQ", "YT8-", "YT8+\n"] {
            assert_eq!(from_base64(other), None, "{other:?}");
        }
    }

    #[test]
    fn debug_shows_names_and_no_values() {
        let mut params = Params::new();
        params.push("passphrase", "CANARY");
        assert_eq!(format!("{params:?}"), "[\"passphrase\"]");
    }

    /// Decodes one form-encoded value, without the tables of the encoder.
    fn bytes_of(text: &str) -> Vec<u8> {
        let mut bytes = text.bytes();
        let mut out = Vec::new();
        while let Some(byte) = bytes.next() {
            out.push(match byte {
                b'+' => b' ',
                b'%' => {
                    let hex: String = bytes.by_ref().take(2).map(char::from).collect();
                    assert_eq!(hex, hex.to_uppercase(), "hex digits are upper case");
                    u8::from_str_radix(&hex, 16).unwrap()
                }
                other => other,
            });
        }
        out
    }

    proptest! {
        #[test]
        fn any_text_round_trips_in_both_encodings(text in ".*") {
            for encoding in [Encoding::Form, Encoding::Php] {
                let out = written(encoding, &text);
                prop_assert!(out.is_ascii() && !out.contains([' ', '&', '=', '#', '?']));
                prop_assert_eq!(bytes_of(&out), text.as_bytes());
                let mut params = Params::new();
                params.push(&text, &text).push("b", &text);
                prop_assert_eq!(encoding.length(&params), encoding.text(&params).len());
                let read = Params::decode(&[&out, "=", &out].concat()).unwrap();
                prop_assert!(text.is_empty() || read.get(&text) == Some(&text));
            }
        }

        #[test]
        fn any_text_is_one_path_segment(text in ".*") {
            let segment = path_segment(&text);
            prop_assert!(segment.is_ascii() && !segment.contains(['/', '?', '#', '+', ' ']));
            prop_assert_eq!(bytes_of(&segment), text.as_bytes());
        }
    }
}
