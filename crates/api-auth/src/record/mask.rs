//! Masks secrets and personal data in text, and leaves everything else unchanged.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde::de::IgnoredAny;

use crate::curl::{decoded_value, encoded_value, is_like_json, mask_parameters, mask_text};
use crate::redact::RequestSecrets;
use crate::secret_names::{has_secret_name, is_secret, scope};

/// The replacement for a masked value.
pub(super) const MASK: &str = "***";

/// The names of parameters and JSON members that contain personal data, or secrets that their names
/// do not suggest. They are in lower case, without punctuation.
pub(super) const PERSONAL: &[&str] = &[
    "accountno",
    "accountnumber",
    "bankaccount",
    "bankaccountnumber",
    "billingaddressname",
    "birthdate",
    "city",
    "clientid",
    "contactcontact",
    "countryofbirth",
    "dateofbirth",
    "digest",
    "email",
    "firstname",
    "flatno",
    "flatnumber",
    "fullname",
    "houseno",
    "housenumber",
    "iban",
    "ip",
    "ipaddress",
    "lastname",
    "middlename",
    "nationality",
    "owneraddress",
    "ownername",
    "payeraddress",
    "payername",
    "personname",
    "personserialnumber",
    "pesel",
    "phone",
    "phonenumber",
    "pkcs12",
    "postalcode",
    "postcode",
    "roomnumber",
    "street",
    "surname",
    "taxid",
    "useragent",
    "username",
    "zip",
    "zipcode",
];

/// Members that show that the member `name` in the same text is the name of a person.
const PERSON: &[&str] = &["\"username\"", "\"email\""];

/// Names of members that have at most this number of characters are masked only if they contain an
/// `@`.
const LONGEST_NAME: usize = 15;

/// Names that look like the name of a secret, but are not. A client needs the values to parse a
/// response.
const PLAIN: &[&str] = &["token_type", "tokenType"];

/// The replacement for a number that is a secret.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Numbers {
    /// The number 0, so that the response can still be parsed.
    Zero,
    /// The string `***`, as for all other values.
    Text,
}

/// The names whose values are masked, and the secrets that are masked wherever they occur.
pub(super) struct Mask<'a> {
    pub(super) names: &'a [&'a str],
    pub(super) secrets: &'a [&'a RequestSecrets],
}

/// Returns whether a string begins like a JSON object or array.
pub(super) fn is_json(text: &str) -> bool {
    is_like_json(text)
}

impl Mask<'_> {
    fn is_masked(&self, parent: &str, name: &str) -> bool {
        !PLAIN.contains(&name) && is_secret(parent, name, self.names)
    }

    /// Masks e-mail addresses and the secrets of the request in any text.
    pub(super) fn text(&self, text: &str) -> String {
        let mut text = Cow::Borrowed(text);
        for secrets in self.secrets {
            if let Some(redacted) = secrets.redacted(&text) {
                text = redacted.into();
            }
        }
        let word = |word: &str| {
            let name = word.trim_end();
            let space = word.get(name.len()..).unwrap_or_default();
            if is_email(name) { [MASK, space].concat() } else { word.to_owned() }
        };
        match text.contains('@') {
            true => text.split_inclusive(char::is_whitespace).map(word).collect(),
            false => text.into_owned(),
        }
    }

    /// Masks what [`text`](Self::text) masks, and also secrets in a URL, a form or JSON.
    pub(super) fn value(&self, text: &str, parent: &str) -> String {
        match mask_text(text, parent, self.names) {
            Some(masked) => self.text(&masked),
            None => self.text(text),
        }
    }

    /// Masks the segments of a path that contain an e-mail address or a secret.
    pub(super) fn path(&self, path: &str) -> String {
        let segment = |segment: &str| {
            let decoded = percent_decode_str(segment).decode_utf8_lossy();
            let is_masked = self.text(&decoded) != decoded;
            if is_masked { MASK.to_owned() } else { segment.to_owned() }
        };
        path.split('/').map(segment).collect::<Vec<_>>().join("/")
    }

    /// Masks secrets and personal data in the values of a query or a form.
    pub(super) fn form(&self, text: &str) -> String {
        // In a token request, the code of a login is a secret.
        let is_grant = text.contains("grant_type=");
        let names = [self.names, if is_grant { &["code"] } else { &[] }].concat();
        let pair = |pair: &str| {
            // A parameter without `=` is a value.
            let (start, value) = pair.split_at(pair.find('=').map_or(0, |at| at + 1));
            let value = decoded_value(value);
            let masked = self.text(&value);
            let is_masked = masked != value;
            if is_masked { [start, &encoded_value(&masked)].concat() } else { pair.to_owned() }
        };
        mask_parameters(text, &names).split('&').map(pair).collect::<Vec<_>>().join("&")
    }

    /// Masks a JSON text, even if it is truncated or follows other text. Any other text is masked
    /// as a whole if it contains the name of a secret.
    pub(super) fn body(&self, text: &str, numbers: Numbers) -> String {
        if PERSON.iter().any(|member| text.contains(member)) && !self.names.contains(&"name") {
            let names = [self.names, &["name"]].concat();
            return Mask { names: &names, ..*self }.body(text, numbers);
        }
        if serde_json::from_str::<IgnoredAny>(text).is_ok() {
            return Scanner::new(self, numbers).run(text).0;
        }
        let start = text.find(['{', '[']).unwrap_or(text.len());
        let (before, json) = text.split_at_checked(start).unwrap_or((text, ""));
        let (masked, outside) = Scanner::new(self, numbers).run(json);
        if has_secret_name(before, self.names) || has_secret_name(&outside, self.names) {
            return MASK.to_owned();
        }
        [&self.text(before), &*masked].concat()
    }

    /// Masks secrets in the content of a JSON string. A private key in PEM format is replaced with
    /// a placeholder in the same format.
    fn string(&self, raw: &str, parent: &str) -> String {
        const BEGIN: &str = "-----BEGIN ";
        let text = unescaped(raw);
        if text.contains(BEGIN) && text.contains("PRIVATE KEY-----") {
            let kind = text.split(BEGIN).nth(1).and_then(|rest| rest.split("-----").next());
            let kind = kind.unwrap_or("PRIVATE KEY");
            return escaped(&format!("{BEGIN}{kind}-----\nKioq\n-----END {kind}-----\n"));
        }
        let masked = self.value(&text, parent);
        if masked == text { raw.to_owned() } else { escaped(&masked) }
    }

    /// Masks the name of a member if it is an e-mail address, or a secret of more than 15
    /// characters. A shorter secret may be the same word as the name by chance.
    fn name(&self, raw: &str, name: &str) -> String {
        let is_long = name.chars().count() > LONGEST_NAME || name.contains('@');
        if is_long && self.text(name) == MASK { MASK.to_owned() } else { raw.to_owned() }
    }
}

fn is_email(word: &str) -> bool {
    let word = word.trim_matches(|char: char| !char.is_alphanumeric());
    word.split_once('@').is_some_and(|(_, host)| host.contains('.'))
}

/// Resolves the escapes in the content of a JSON string. Returns invalid or truncated content
/// unchanged.
fn unescaped(raw: &str) -> String {
    serde_json::from_str(&format!("\"{raw}\"")).unwrap_or_else(|_| raw.to_owned())
}

fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let inner = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

/// An object or list that contains the current position of the scanner.
struct Frame {
    is_object: bool,
    /// The scope of the names of its members; see [`scope`](crate::secret_names::scope).
    parent: String,
    /// Whether all values in it are masked.
    is_masked: bool,
    /// The name of the current member. `None` in a list, and before the name of a member.
    name: Option<String>,
}

/// Copies a JSON text and masks values in it. It scans tokens, so that digits, order and whitespace
/// stay unchanged, and accepts invalid JSON.
struct Scanner<'a> {
    mask: &'a Mask<'a>,
    numbers: Numbers,
    frames: Vec<Frame>,
    out: String,
    /// The characters outside strings and numbers, except for braces, brackets and commas.
    outside: String,
}

impl<'a> Scanner<'a> {
    fn new(mask: &'a Mask<'a>, numbers: Numbers) -> Self {
        Self { mask, numbers, frames: Vec::new(), out: String::new(), outside: String::new() }
    }

    /// Returns the masked text, and the characters of `text` that are outside strings and numbers.
    fn run(mut self, text: &str) -> (String, String) {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let length = match first {
                '"' => self.string(rest),
                '-' | '0'..='9' => self.number(rest),
                _ => {
                    self.other(first);
                    first.len_utf8()
                }
            };
            rest = rest.get(length..).unwrap_or_default();
        }
        (self.out, self.outside)
    }

    /// Returns the scope of a value at this position, and whether it is masked.
    fn context(&self) -> (String, bool) {
        let Some(frame) = self.frames.last() else { return (String::new(), false) };
        match &frame.name {
            Some(name) => {
                let is_masked = self.mask.is_masked(&frame.parent, name);
                (scope(&frame.parent, name), is_masked || frame.is_masked)
            }
            None => (frame.parent.clone(), frame.is_masked),
        }
    }

    fn string(&mut self, rest: &str) -> usize {
        let mut is_escaped = false;
        let inner = rest.get(1..).unwrap_or_default();
        let end = inner.find(|char| {
            let is_end = char == '"' && !is_escaped;
            is_escaped = char == '\\' && !is_escaped;
            is_end
        });
        let raw = inner.get(..end.unwrap_or(inner.len())).unwrap_or_default();
        self.out.push('"');
        let (parent, is_masked) = self.context();
        match self.frames.last_mut() {
            Some(frame) if frame.is_object && frame.name.is_none() => {
                let name = unescaped(raw);
                self.out.push_str(&self.mask.name(raw, &name));
                frame.name = Some(name);
            }
            _ if is_masked && !raw.is_empty() => self.out.push_str(MASK),
            _ => {
                let masked = self.mask.string(raw, &parent);
                self.out.push_str(&masked);
            }
        }
        if end.is_some() {
            self.out.push('"');
        }
        1 + raw.len() + usize::from(end.is_some())
    }

    fn number(&mut self, rest: &str) -> usize {
        let is_part = |char: char| char.is_ascii_alphanumeric() || "+-.".contains(char);
        let end = rest.find(|char| !is_part(char)).unwrap_or(rest.len());
        let number = rest.get(..end).unwrap_or_default();
        // A short number would match by chance.
        let is_secret = || number.len() > 3 && self.mask.text(number) != number;
        match (self.context().1 || is_secret(), self.numbers) {
            (false, _) => self.out.push_str(number),
            (true, Numbers::Zero) => self.out.push('0'),
            (true, Numbers::Text) => self.out.push_str("\"***\""),
        }
        end
    }

    fn other(&mut self, char: char) {
        match char {
            '{' | '[' => {
                let (parent, is_masked) = self.context();
                let is_object = char == '{';
                self.frames.push(Frame { is_object, parent, is_masked, name: None });
            }
            '}' | ']' => {
                self.frames.pop();
            }
            ',' => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.name = None;
                }
            }
            _ => self.outside.push(char),
        }
        self.out.push(char);
    }
}
