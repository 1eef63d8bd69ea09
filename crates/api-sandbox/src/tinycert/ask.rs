//! A request's parameters, read and refused.

use std::net::IpAddr;

use super::pki::Subject;
use super::routes::Route;
use super::{Refusal, refuse};
use crate::query::{Pairs, whole};

/// Whether a name of that kind can be in a certificate. Chosen: what its value must look like.
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

/// A request, read.
pub(super) struct Ask(Pairs);

impl Ask {
    /// Chosen: a parameter that the call does not have, or that comes twice, is a mistake.
    pub(super) fn read(pairs: Pairs, route: &Route) -> Result<Self, Refusal> {
        let is_known = |name: &str| {
            let is_san = name.starts_with("SANs[") && route.wants.contains(&"SANs");
            is_san || route.wants.contains(&name)
        };
        match pairs.unknown(is_known).or_else(|| pairs.repeated()) {
            Some(name) => refuse("InputFailure", name),
            None => Ok(Self(pairs)),
        }
    }

    /// A parameter, if it is there.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)
    }

    /// A parameter that must be there; what is empty is as good as absent.
    pub(super) fn need(&self, name: &str) -> Result<&str, Refusal> {
        match self.get(name) {
            Some(value) if !value.is_empty() => Ok(value),
            _ => refuse("MissingParameter", name),
        }
    }

    /// A whole number that must be there.
    pub(super) fn number(&self, name: &str) -> Result<i64, Refusal> {
        let number = whole(self.need(name)?).and_then(|number| i64::try_from(number).ok());
        number.map_or_else(|| refuse("InputFailure", name), Ok)
    }

    /// What a CA and a certificate tell of their owner.
    pub(super) fn subject(&self) -> Result<Subject, Refusal> {
        let c = self.need("C")?;
        if c.len() != 2 || !c.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return refuse("InputFailure", "C");
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

    /// `SANs[0][DNS]=...`, counted from 0 without a gap.
    pub(super) fn sans(&self) -> Result<Vec<(String, String)>, Refusal> {
        let mut sans = Vec::new();
        for (name, value) in self.0.iter().filter(|(name, _)| name.starts_with("SANs")) {
            let prefix = format!("SANs[{}][", sans.len());
            let kind = name.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(']'));
            match kind {
                Some(kind) if is_san(kind, value) => {
                    sans.push((kind.to_owned(), value.to_owned()));
                }
                _ => return refuse("InputFailure", "SANs"),
            }
        }
        Ok(sans)
    }
}
