//! Subject alternative names (SANs): the names for which a certificate is valid.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use api_auth::{ExtraFields, InputError, UnknownText, wire};
use serde::ser::SerializeMap;
use serde::{Deserializer, Serialize, Serializer};

/// A name for which a certificate is valid.
///
/// A string with a prefix such as `DNS:` is parsed as a name of that type. Without a prefix, the
/// type is detected:
///
/// ```
/// use tinycert_client::San;
///
/// assert_eq!("*.example.com".parse::<San>()?, San::Dns("*.example.com".to_owned()));
/// assert_eq!("::1".parse::<San>()?, San::Ip("::1".parse().unwrap()));
/// assert_eq!("URI:urn:app:7".parse::<San>()?.to_string(), "URI:urn:app:7");
/// assert!("exa mple.com".parse::<San>().is_err());
/// # Ok::<(), tinycert_client::InputError>(())
/// ```
///
/// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/cert/new` and
/// `www.tinycert.org/docs/api/v1/cert/details`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum San {
    /// A host name, which can begin with `*.`. A name with letters outside ASCII must be in its
    /// `xn--` form. A name whose last label is a number, such as `10.0.0.256`, is rejected as a
    /// mistyped IP address.
    Dns(String),
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
    /// An e-mail address in ASCII, such as `demo@example.com`.
    Email(String),
    /// An absolute URI in ASCII, such as `https://example.com/app`.
    Uri(String),
    /// A name in a response whose type is not documented, or an invalid IP address.
    #[doc(hidden)]
    Unknown(UnknownText, String),
}

impl San {
    /// Returns the type in the form in which it is sent to the server: `DNS`, `IP`, `email` or
    /// `URI`.
    pub fn kind(&self) -> &str {
        match self {
            Self::Dns(_) => "DNS",
            Self::Ip(_) => "IP",
            Self::Email(_) => "email",
            Self::Uri(_) => "URI",
            Self::Unknown(kind, _) => kind.as_str(),
        }
    }

    /// Returns the name without its type.
    pub fn value(&self) -> Cow<'_, str> {
        match self {
            Self::Ip(address) => address.to_string().into(),
            Self::Dns(text) | Self::Email(text) | Self::Uri(text) | Self::Unknown(_, text) => {
                text.into()
            }
        }
    }

    /// Returns the type and the name in a form in which equal names compare equal: host names,
    /// including those in e-mail addresses, are in lower case, and URIs are unchanged. Source: RFC
    /// 5280, section 7.
    pub(crate) fn key(&self) -> (String, String) {
        let value = self.value();
        let value = match (self, value.rsplit_once('@')) {
            (Self::Uri(_), _) => value.into_owned(),
            (Self::Email(_), Some((local, host))) => format!("{local}@{}", host.to_lowercase()),
            _ => value.to_lowercase(),
        };
        (self.kind().to_owned(), value)
    }

    /// Returns the reason why the name is invalid, or `None` if it is valid.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        match self {
            Self::Dns(name) => dns_problem(name),
            Self::Email(address) => email_problem(address),
            Self::Uri(uri) => uri_problem(uri),
            Self::Ip(_) => None,
            Self::Unknown(..) => Some("must be DNS, IP, email or URI"),
        }
    }

    /// Creates a name from its type and value in a response. If the type is unknown or an IP
    /// address is invalid, the result is `San::Unknown`.
    fn read(kind: &str, value: String) -> Self {
        match (kind, value.parse()) {
            ("DNS", _) => Self::Dns(value),
            ("email", _) => Self::Email(value),
            ("URI", _) => Self::Uri(value),
            ("IP", Ok(address)) => Self::Ip(address),
            _ => Self::Unknown(UnknownText::new(kind), value),
        }
    }
}

fn dns_problem(name: &str) -> Option<&'static str> {
    if !name.is_ascii() {
        return Some("must be ASCII; write an international name in its xn-- form");
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let host = name.strip_prefix("*.").unwrap_or(name);
    if name.len() > 253 || !host.split('.').all(label) {
        return Some("must be a host name such as www.example.com or *.example.com");
    }
    host.rsplit('.')
        .next()
        .is_some_and(is_number)
        .then_some("must be a valid IP address, or a host name whose last label is not a number")
}

/// Returns whether the rules for URLs treat a host name with this last label as an IPv4 address.
/// This is the case for decimal digits, and for `0x` followed by hexadecimal digits.
fn is_number(label: &str) -> bool {
    let hex = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    label.bytes().all(|byte| byte.is_ascii_digit())
        || hex.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn email_problem(address: &str) -> Option<&'static str> {
    let whole = address.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@')
    });
    (!whole || !address.bytes().all(|byte| byte.is_ascii_graphic()))
        .then_some("must be an e-mail address such as ann@example.com, in ASCII characters")
}

fn uri_problem(uri: &str) -> Option<&'static str> {
    let whole = uri.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
            && !rest.is_empty()
    });
    (!whole || !uri.bytes().all(|byte| byte.is_ascii_graphic()))
        .then_some("must be an absolute URI in ASCII")
}

impl FromStr for San {
    type Err = InputError;

    fn from_str(text: &str) -> Result<Self, InputError> {
        let invalid = |problem| Err(InputError::new("SAN", problem));
        let san = match text.split_once(':') {
            Some(("DNS", name)) => Self::Dns(name.to_owned()),
            Some(("email", address)) => Self::Email(address.to_owned()),
            Some(("URI", uri)) => Self::Uri(uri.to_owned()),
            Some(("IP", address)) => match address.parse() {
                Ok(address) => Self::Ip(address),
                Err(_) => return invalid("must be an IPv4 or IPv6 address"),
            },
            _ => match text.parse() {
                Ok(address) => Self::Ip(address),
                Err(_) if text.contains("://") => Self::Uri(text.to_owned()),
                Err(_) if text.contains('@') => Self::Email(text.to_owned()),
                Err(_) => Self::Dns(text.to_owned()),
            },
        };
        san.problem().map_or(Ok(san), invalid)
    }
}

impl fmt::Display for San {
    /// Formats the type and the name with a colon between them, as in `DNS:example.com`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind(), self.value())
    }
}

impl Serialize for San {
    /// Serializes the name as an object with one field, as in responses: `{"DNS":"example.com"}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.kind(), &self.value())?;
        map.end()
    }
}

/// Deserializes the list of names (`Alt`) in a response. `null` becomes an empty list.
pub(crate) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<San>, D::Error> {
    let entries: Vec<ExtraFields> = wire::list(deserializer)?;
    let names = |entry: &ExtraFields| {
        let sans = entry.names().filter_map(|name| Some(San::read(&name, entry.text(&name)?)));
        sans.collect::<Vec<_>>()
    };
    Ok(entries.iter().flat_map(names).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_names_are_errors() {
        for invalid in [
            "",
            "*",
            "*.",
            "a..b",
            ".a",
            "a.",
            "a b",
            "-a.b",
            "a-.b",
            "a.*.b",
            "*a.b",
            "a/b",
            "bücher.example",
            "IP:1.2.3",
            "10.0.0.256",
            "192.168.1",
            "*.10.0.0.1",
            "DNS:10.0.0.1",
            "DNS:1.2.3.4",
            "1",
            "*.1",
            "0x7f.1",
            "a.0x7F",
            "a.0x",
            "10.0.0.01",
            "1.2.3.4\n",
            "a.pl\n",
            "IP:::g",
            "DNS:1.2.3.4:5",
            "email:a",
            "a@",
            "@b",
            "a@b@c",
            "a b@c",
            "é@c",
            "URI:x",
            "URI:/a",
            "URI::a",
            "URI:1a:b",
            "http://a b",
            "http://é",
        ] {
            assert!(invalid.parse::<San>().is_err(), "{invalid:?}");
        }
    }

    #[test]
    fn labels_have_63_characters_and_names_253_at_most() {
        let label = "a".repeat(63);
        let host = |last: usize| [&label, &label, &label, &*"b".repeat(last)].join(".");
        for (name, is_valid) in [
            (label.clone(), true),
            (format!("{label}a"), false),
            (host(61), true),
            (host(62), false),
            (format!("*.{}", host(59)), true),
            (format!("*.{}", host(60)), false),
        ] {
            assert_eq!(name.parse::<San>().is_ok(), is_valid, "{} {name}", name.len());
        }
    }

    #[test]
    fn type_of_a_name_is_its_prefix_or_detected() {
        for (text, shown) in [
            ("localhost", "DNS:localhost"),
            ("_acme.Example.COM", "DNS:_acme.Example.COM"),
            ("xn--bcher-kva.example", "DNS:xn--bcher-kva.example"),
            ("127.0.0.1", "IP:127.0.0.1"),
            ("0:0:0:0:0:0:0:1", "IP:::1"),
            ("demo+x@example.com", "email:demo+x@example.com"),
            ("email:demo@example.com", "email:demo@example.com"),
            ("https://example.com/~u/?a=1&b=[2]#f", "URI:https://example.com/~u/?a=1&b=[2]#f"),
            ("1.example", "DNS:1.example"),
            ("a.b2", "DNS:a.b2"),
            ("a.0xg", "DNS:a.0xg"),
        ] {
            assert_eq!(text.parse::<San>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn names_are_compared_by_type_and_without_the_case_of_hosts() {
        let key = |text: &str| text.parse::<San>().unwrap().key();
        for (one, other) in [
            ("Example.COM", "example.com"),
            ("a@Example.COM", "a@example.com"),
            ("IP:0:0:0:0:0:0:0:1", "IP:::1"),
            ("https://example.com/A", "https://example.com/A"),
        ] {
            assert_eq!(key(one), key(other), "{one} {other}");
        }
        for (one, other) in [
            ("a.example", "b.example"),
            ("A@example.com", "a@example.com"),
            ("a@example.com", "a@example.org"),
            ("https://example.com/A", "https://example.com/a"),
            ("127.0.0.1", "127.0.0.2"),
            ("DNS:localhost", "URI:dns:localhost"),
        ] {
            assert_ne!(key(one), key(other), "{one} {other}");
        }
    }
}
