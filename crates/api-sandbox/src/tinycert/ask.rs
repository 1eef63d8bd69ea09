//! Parses and validates the parameters of a request.

use std::net::IpAddr;

use super::pki::Subject;
use super::routes::Route;
use super::{Refusal, refuse};
use crate::query::{Pairs, whole};

/// Returns whether `value` is a valid subject alternative name of the type `kind`, such as `DNS`.
/// The syntax that the provider accepts is not documented.
fn is_san(kind: &str, value: &str) -> bool {
    let of_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    match kind {
        "DNS" => {
            let name = value.strip_prefix("*.").unwrap_or(value);
            !name.is_empty() && name.bytes().all(of_host)
        }
        "IP" => value.parse::<IpAddr>().is_ok(),
        "email" => value.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && !host.is_empty() && !value.contains(char::is_whitespace)
        }),
        "URI" => value.split_once(':').is_some_and(|(scheme, rest)| {
            !rest.is_empty()
                && !scheme.is_empty()
                && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
                && !value.contains(char::is_whitespace)
        }),
        _ => false,
    }
}

/// The parsed parameters of a request.
pub(super) struct Ask(Pairs);

impl Ask {
    /// Validates the names of the parameters. Unknown and repeated parameters are rejected, so that
    /// mistakes are noticed; how the provider handles them is not documented.
    pub(super) fn read(pairs: Pairs, route: &Route) -> Result<Self, Refusal> {
        let is_known = |name: &str| {
            let is_san = name.starts_with("SANs[") && route.wants.contains(&"SANs");
            is_san || route.wants.contains(&name)
        };
        if let Some(name) = pairs.unknown(is_known) {
            return refuse("InputFailure", format!("{name}: the endpoint has no such parameter"));
        }
        match pairs.repeated() {
            Some(name) => refuse("InputFailure", format!("{name}: the parameter is repeated")),
            None => Ok(Self(pairs)),
        }
    }

    /// Returns the value of a parameter. Returns `None` if the parameter is missing.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)
    }

    /// Returns the value of a required parameter. If the value is missing or empty, returns the
    /// error `MissingParameter`.
    pub(super) fn need(&self, name: &str) -> Result<&str, Refusal> {
        match self.get(name) {
            Some(value) if !value.is_empty() => Ok(value),
            _ => refuse("MissingParameter", format!("{name}: required parameter is missing")),
        }
    }

    /// Returns the value of a required parameter, which must be a decimal integer.
    pub(super) fn number(&self, name: &str) -> Result<i64, Refusal> {
        // Not documented: a sign, leading zeros and numbers above 2^63 - 1 are rejected.
        let number = whole(self.need(name)?).and_then(|number| i64::try_from(number).ok());
        number.map_or_else(
            || refuse("InputFailure", format!("{name}: must be a decimal integer")),
            Ok,
        )
    }

    /// Returns the subject that the required parameters `C` and `O`, and the optional parameters
    /// `L` and `ST`, describe.
    pub(super) fn subject(&self) -> Result<Subject, Refusal> {
        let c = self.need("C")?;
        // Not documented: lower-case letters are rejected, and unassigned codes are not.
        if c.len() != 2 || !c.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return refuse("InputFailure", "C: must be two upper-case letters");
        }
        let optional = |name| self.get(name).unwrap_or_default().to_owned();
        Ok(Subject {
            c: c.to_owned(),
            o: self.need("O")?.to_owned(),
            l: optional("L"),
            st: optional("ST"),
            ..Subject::default()
        })
    }

    /// Returns the type and the value of each subject alternative name. The parameters, such as
    /// `SANs[0][DNS]=...`, must be numbered from 0 without gaps. Not documented: the order of their
    /// numbers must be numeric, as in the official PHP client. The official C# client sends number
    /// 10 after number 1.
    pub(super) fn sans(&self) -> Result<Vec<(String, String)>, Refusal> {
        let mut sans = Vec::new();
        for (name, value) in self.0.iter().filter(|(name, _)| name.starts_with("SANs")) {
            let prefix = format!("SANs[{}][", sans.len());
            let kind = name.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(']'));
            let Some(kind) = kind else {
                let why = format!("SANs: expected {prefix}TYPE] in place of {name}");
                return refuse("InputFailure", why);
            };
            if !is_san(kind, value) {
                let why = format!("SANs: {name} must be a valid DNS name, IP, email or URI");
                return refuse("InputFailure", why);
            }
            sans.push((kind.to_owned(), value.to_owned()));
        }
        Ok(sans)
    }
}
