//! A request's parameters, read and refused.

use super::Refusal;
use super::routes::Route;
use crate::Raw;
use crate::query::{Pairs, decode_form, whole};

/// A request, read.
pub(super) struct Ask<'a> {
    pub(super) request: &'a Raw,
    /// The values in the path, decoded.
    values: Vec<String>,
    pairs: Pairs,
}

impl<'a> Ask<'a> {
    pub(super) fn read(
        request: &'a Raw,
        route: &Route,
        values: Vec<String>,
    ) -> Result<Self, Refusal> {
        if !request.body.is_empty() {
            return Err((400, "Parameters belong into the query"));
        }
        if request.method == "POST" && request.header("content-length") != Some("0") {
            return Err((400, "A POST without parameters in its body has Content-Length: 0"));
        }
        if request.target.ends_with('?') {
            return Err((400, "A bare question mark"));
        }
        let query = request.query().unwrap_or_default();
        let pairs = decode_form(query, b"*").map_err(|why| (400, why))?;
        if pairs.repeated().is_some() {
            return Err((400, "A parameter comes twice"));
        }
        // Chosen: a parameter that the call does not have is a mistake.
        if pairs.unknown(|name| route.wants.contains(&name)).is_some() {
            return Err((400, "The call has no such parameter"));
        }
        Ok(Self { request, values, pairs })
    }

    /// The value at this place in the path, from 0.
    pub(super) fn value(&self, index: usize) -> &str {
        self.values.get(index).map(String::as_str).unwrap_or_default()
    }

    /// A parameter, if it is there.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.get(name)
    }

    /// Whether a parameter is this value, or is not there.
    pub(super) fn fits(&self, name: &str, value: &str) -> bool {
        self.get(name).is_none_or(|wanted| wanted == value)
    }

    /// A parameter that must be there.
    pub(super) fn need(&self, name: &'static str) -> Result<&str, Refusal> {
        self.get(name).filter(|value| !value.is_empty()).ok_or((
            400,
            match name {
                "rid" => "rid is required",
                "user_ref" => "user_ref is required",
                _ => "email is required",
            },
        ))
    }

    /// `true` or `false`, which is meant where it is not there.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err((400, "A flag must be true or false")),
        }
    }

    /// A whole number, if it is there.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        self.get(name).map(|text| whole(text).ok_or((400, "Not a number"))).transpose()
    }
}
