//! Parses and validates the parameters of a request.

use super::Refusal;
use super::routes::Route;
use crate::Raw;
use crate::query::{Pairs, decode_form, whole};

/// Returns the error for a response with status 400 and the message `why`.
fn bad<T>(why: impl Into<String>) -> Result<T, Refusal> {
    Err((400, why.into()))
}

/// A request and its parsed parameters.
pub(super) struct Ask<'a> {
    pub(super) request: &'a Raw,
    /// The decoded path segments at the placeholders `{}` of the route, such as a uid.
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
            return bad("the body must be empty: parameters are in the query");
        }
        if request.method == "POST" && !request.has_empty_body() {
            return bad("a POST must have Content-Length: 0");
        }
        // The official Ruby client sends an empty query after a question mark if there are no
        // parameters. PHP escapes `*` and Ruby does not.
        let query = request.query().unwrap_or_default();
        let pairs = decode_form(query, b"*").or_else(bad)?;
        if let Some(name) = pairs.repeated() {
            return bad(format!("{name}: the parameter is repeated"));
        }
        // Not documented: unknown parameters are rejected, so that misspelt ones are noticed.
        if let Some(name) = pairs.unknown(|name| route.wants.contains(&name)) {
            return bad(format!("{name}: the endpoint has no such parameter"));
        }
        Ok(Self { request, values, pairs })
    }

    /// Returns the decoded path segment at the placeholder `{}` with this index, counted from 0.
    /// Returns an empty string if there is no such placeholder.
    pub(super) fn value(&self, index: usize) -> &str {
        self.values.get(index).map(String::as_str).unwrap_or_default()
    }

    /// Returns the value of a parameter. Returns `None` if the parameter is missing.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.get(name)
    }

    /// Returns whether a record with this `value` passes the filter `name`, that is, whether the
    /// parameter `name` is missing or equals `value`.
    pub(super) fn fits(&self, name: &str, value: &str) -> bool {
        self.get(name).is_none_or(|wanted| wanted == value)
    }

    /// Returns the value of a required parameter. An empty value counts as missing, which is not
    /// documented.
    pub(super) fn need(&self, name: &'static str) -> Result<&str, Refusal> {
        let found = self.get(name).filter(|value| !value.is_empty());
        found.ok_or_else(|| (400, format!("{name}: required parameter is missing")))
    }

    /// Returns the value of an optional boolean parameter: `true` or `false`, or `1` or `0`, which
    /// the official PHP client sends. A missing parameter counts as `false`.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.get(name) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            // Not documented: any other value is rejected.
            Some(_) => bad(format!("{name}: must be true, false, 1 or 0")),
        }
    }

    /// Returns the value of an optional parameter, which must be a decimal integer. Returns `None`
    /// if the parameter is missing.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match whole(text) {
            Some(number) => Ok(Some(number)),
            // Not documented: a sign, leading zeros and any other value are rejected.
            None => bad(format!("{name}: must be a decimal integer")),
        }
    }
}
