//! Parses and validates the parameters and the body of a request.

use serde_json::{Value, json};

use super::check::Refusal;
use super::json::parse;
use super::routes::{Carries, Route};
use super::text::{date_time, pairs};
use crate::Raw;
use crate::date::is_date_time;
use crate::query::{Pairs, whole};

/// The parsed parameters and body of a request.
pub(super) struct Ask {
    /// The decoded path segments at the placeholders `{}` of the route, such as the id of a
    /// transaction.
    values: Vec<String>,
    pub(super) query: Pairs,
    pub(super) body: Value,
}

impl Ask {
    pub(super) fn read(request: &Raw, route: &Route, values: Vec<String>) -> Result<Self, Refusal> {
        let source = request.header("x-client-source").unwrap_or_default();
        if source.chars().count() > 255 {
            return Err(Refusal::field(
                "not_valid",
                "X-Client-Source",
                "must have at most 255 characters",
            ));
        }
        if request.target.ends_with('?') {
            return Err(Refusal::field(
                "invalid_request_body",
                "",
                "the query is empty: remove the question mark",
            ));
        }
        let query = pairs(request.query().unwrap_or_default())
            .map_err(|why| Refusal::field("not_valid", "", &why))?;
        if let Some(name) = query.repeated().filter(|name| !name.ends_with("[]")) {
            return Err(Refusal::field("not_valid", name, "the parameter is repeated"));
        }
        let body = match route.wants {
            Carries::MaybeJson if request.has_empty_body() => json!({}),
            Carries::Json | Carries::MaybeJson => Self::json(request)?,
            _ if !request.body.is_empty() => {
                return Err(Refusal::field("invalid_request_body", "", "the endpoint has no body"));
            }
            _ if route.method == "POST" && !request.has_empty_body() => {
                let why = "a POST without a body must have Content-Length: 0 or be chunked";
                return Err(Refusal::field("invalid_request_body", "", why));
            }
            _ => Value::Null,
        };
        Ok(Self { values, query, body })
    }

    pub(super) fn json(request: &Raw) -> Result<Value, Refusal> {
        let kind = request.header("content-type").unwrap_or_default();
        if kind.split(';').next().is_none_or(|kind| kind.trim() != "application/json") {
            let why = "the Content-Type must be application/json";
            return Err(Refusal::field("incorrect_content_type", "", why));
        }
        match parse(&request.body) {
            // PHP does not distinguish an empty object from an empty list.
            Ok(Value::Array(items)) if items.is_empty() => Ok(json!({})),
            Ok(body) => Ok(body),
            Err(why) => Err(Refusal::field("invalid_request_body", "", &why)),
        }
    }

    /// Returns the decoded path segment at the placeholder `{}` with this index, counted from 0.
    /// Returns an empty string if there is no such placeholder.
    pub(super) fn value(&self, index: usize) -> &str {
        self.values.get(index).map(String::as_str).unwrap_or_default()
    }

    /// Returns the value of a query parameter. Returns `None` if the parameter is missing.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.query.get(name)
    }

    /// Returns whether a record with this `value` passes the filter `name`, that is, whether the
    /// query parameter `name` is missing or equals `value`.
    pub(super) fn fits(&self, name: &str, value: &str) -> bool {
        self.get(name).is_none_or(|wanted| wanted == value)
    }

    /// Returns an error if there is a query parameter whose name is not in `names`.
    pub(super) fn only(&self, names: &[&str]) -> Result<(), Refusal> {
        match self.query.unknown(|name| names.contains(&name)) {
            Some(name) => {
                Err(Refusal::field("unexpected_field", name, "the endpoint has no such parameter"))
            }
            None => Ok(()),
        }
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.get(name) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(Refusal::field("not_valid", name, "must be true, false, 1 or 0")),
        }
    }

    pub(super) fn one_of(&self, name: &str, texts: &[&str]) -> Result<Option<&str>, Refusal> {
        match self.get(name) {
            Some(text) if !texts.contains(&text) => {
                let why = format!("must be one of {}", texts.join(", "));
                Err(Refusal::field("not_valid", name, &why))
            }
            found => Ok(found),
        }
    }

    pub(super) fn number(&self, name: &str, default: u64, most: u64) -> Result<u64, Refusal> {
        let Some(text) = self.get(name) else { return Ok(default) };
        match whole(text) {
            Some(0) => Err(Refusal::field("too_low", name, "must be at least 1")),
            Some(number) if number <= most => Ok(number),
            Some(_) => Err(Refusal::field("not_valid", name, &format!("must be at most {most}"))),
            None => Err(Refusal::field("not_natural_int", name, "must be a decimal integer")),
        }
    }

    /// Returns the page that the parameters `page` and `limit` select. They default to 1 and 35.
    pub(super) fn page(&self) -> Result<Page, Refusal> {
        Ok(Page { page: self.number("page", 1, u64::MAX)?, limit: self.number("limit", 35, 100)? })
    }

    /// Returns a filter for times, in Unix seconds, in the period between the optional parameters `from` and `to`,
    /// both inclusive.
    pub(super) fn period(&self) -> Result<impl Fn(u64) -> bool + use<'_>, Refusal> {
        for name in ["from", "to"] {
            if self.get(name).is_some_and(|date| !is_date_time(date)) {
                return Err(Refusal::field(
                    "not_valid",
                    name,
                    "must be a date, YYYY-MM-DD HH:MM:SS",
                ));
            }
        }
        let (from, to) = (self.get("from"), self.get("to"));
        Ok(move |at: u64| {
            if from.is_none() && to.is_none() {
                return true;
            }
            let date = date_time(at);
            from.is_none_or(|from| from <= date.as_str()) && to.is_none_or(|to| date.as_str() <= to)
        })
    }
}

/// The number of a page, counted from 1, and the maximum number of its entries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    pub(super) page: u64,
    pub(super) limit: u64,
}

impl Page {
    /// Returns the entries of this page.
    pub(super) fn cut<T>(self, all: Vec<T>) -> Vec<T> {
        let skip = (self.page - 1).saturating_mul(self.limit);
        let size = |number| usize::try_from(number).unwrap_or(usize::MAX);
        all.into_iter().skip(size(skip)).take(size(self.limit)).collect()
    }

    /// Returns an object with this page of the list `all` in the field `name`, and the fields
    /// `page`, `limit` and `total`. Only the entries of the page are converted to JSON.
    pub(super) fn wrap<T>(
        self,
        name: &str,
        all: impl IntoIterator<Item = T>,
        json: impl FnMut(T) -> Value,
    ) -> Value {
        let all: Vec<T> = all.into_iter().collect();
        let total = all.len();
        let list: Vec<Value> = self.cut(all).into_iter().map(json).collect();
        json!({
            name: list, "page": self.page, "limit": self.limit, "total": total,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_entries_of_a_page_are_converted() {
        let mut converted = Vec::new();
        let page = Page { page: 2, limit: 3 }.wrap("list", 0..10_000, |number| {
            converted.push(number);
            number.into()
        });
        assert_eq!(converted, [3, 4, 5]);
        let expected = json!({ "list": [3, 4, 5], "page": 2, "limit": 3, "total": 10_000 });
        assert_eq!(page, expected);
    }
}
