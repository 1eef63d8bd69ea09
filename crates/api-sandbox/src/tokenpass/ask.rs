//! Parses and validates the parameters of a request.

use super::auth::{Generation, is_json};
use super::is_api;
use super::php::{Value, map, parse_query};
use super::response::{html, json};
use crate::{Raw, Response};

/// A request, its parsed parameters, and its caller.
pub(super) struct Ask<'a> {
    pub(super) request: &'a Raw,
    /// The decoded path segments at the placeholders `{}` of the route, such as a user name.
    values: Vec<String>,
    /// The parameters in the body, followed by those in the query that the body does not contain.
    pub(super) input: Vec<(String, Value)>,
    /// The client id of the calling application, or the API token of a privileged user. Empty
    /// unless the endpoint requires a signature.
    pub(super) client: String,
    /// The id of the user to whom the OAuth token belongs. Empty unless the endpoint requires a
    /// token.
    pub(super) user: String,
    /// The OAuth token of the user. Empty unless the endpoint requires
    /// [`Access::Token`](super::routes::Access::Token).
    pub(super) token: String,
    /// The scopes of `token`, such as `tca`. Empty if `token` is empty.
    pub(super) scopes: Vec<String>,
}

impl<'a> Ask<'a> {
    pub(super) fn read(
        request: &'a Raw,
        generation: Generation,
        values: Vec<String>,
    ) -> Result<Self, Response> {
        // Not documented: the query is ignored in the version whose signature does not cover the
        // query.
        let is_signed = generation != Generation::XApi || !is_api(request);
        let query = request.query().filter(|_| is_signed).unwrap_or_default();
        // Not documented: invalid UTF-8 results in the error page of the framework.
        let query = parse_query(query);
        let query = query.ok_or_else(|| html(500))?;
        let mut input = if is_json(request) {
            match Value::parse(&request.body) {
                Some(Value::Map(members)) => members,
                _ => Vec::new(),
            }
        } else if request.method == "GET" {
            Vec::new()
        } else {
            let form = str::from_utf8(&request.body).ok().and_then(parse_query);
            form.ok_or_else(|| html(500))?
        };
        for (name, value) in query {
            if !input.iter().any(|(known, _)| *known == name) {
                input.push((name, value));
            }
        }
        Ok(Self {
            request,
            values,
            input,
            client: String::new(),
            user: String::new(),
            token: String::new(),
            scopes: Vec::new(),
        })
    }

    /// Returns the decoded path segment at the placeholder `{}` with this index, counted from 0.
    /// Returns an empty string if there is no such placeholder.
    pub(super) fn value(&self, index: usize) -> &str {
        self.values.get(index).map(String::as_str).unwrap_or_default()
    }

    /// Returns the value of a parameter. Returns `None` if the parameter is missing or null.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        let found = self.input.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        found.filter(|value| **value != Value::Null)
    }

    /// Returns the value of a parameter as a string. Returns `None` if the parameter is missing,
    /// null or empty.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(Value::text).filter(|text| !text.is_empty())
    }

    pub(super) fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| held == scope)
    }

    /// Begins a validation of the parameters. Like the framework of the real server, it reports all
    /// problems in one response.
    pub(super) fn validate(&self) -> Validation<'_> {
        Validation { ask: self, errors: Vec::new() }
    }
}

/// A validation of parameters, with the problems found so far.
pub(super) struct Validation<'a> {
    ask: &'a Ask<'a>,
    errors: Vec<String>,
}

impl Validation<'_> {
    /// Requires the parameter `name` to be present and not empty.
    pub(super) fn required(mut self, name: &str) -> Self {
        if self.ask.text(name).is_none() {
            self.errors.push(format!("The {} field is required.", words(name)));
        }
        self
    }

    /// Requires the parameter `name`, if present, to have at most `most` characters.
    pub(super) fn at_most(mut self, name: &str, most: usize) -> Self {
        if self.ask.text(name).is_some_and(|text| text.chars().count() > most) {
            self.errors
                .push(format!("The {} may not be greater than {most} characters.", words(name)));
        }
        self
    }

    /// Requires the parameter `name`, if present, to be a boolean in JSON, 0 or 1.
    pub(super) fn boolean(mut self, name: &str) -> Self {
        let ok = match self.ask.get(name) {
            None | Some(Value::Bool(_) | Value::Int(0 | 1)) => true,
            Some(Value::Text(text)) => text == "0" || text == "1",
            _ => false,
        };
        if !ok {
            self.errors.push(format!("The {} field must be true or false.", words(name)));
        }
        self
    }

    /// Requires the parameter `name`, if present, to be one of the strings in `known`.
    pub(super) fn one_of(mut self, name: &str, known: &[&str]) -> Self {
        if self.ask.text(name).is_some_and(|text| !known.contains(&text.as_str())) {
            self.errors.push(format!("The selected {} is invalid.", words(name)));
        }
        self
    }

    /// Adds the problem `text` unless `ok` is true.
    pub(super) fn unless(mut self, ok: bool, text: &str) -> Self {
        if !ok {
            self.errors.push(text.to_owned());
        }
        self
    }

    pub(super) fn done(self) -> Result<(), Response> {
        self.refuse("The request was not processed successfully. ")
    }

    /// Ends the validation like [`done`](Self::done), but leaves out the first sentence of the
    /// message, which says that the request was not processed.
    pub(super) fn done_briefly(self) -> Result<(), Response> {
        self.refuse("")
    }

    fn refuse(self, first: &str) -> Result<(), Response> {
        if self.errors.is_empty() {
            return Ok(());
        }
        let text = format!("{first}{}", self.errors.join(" "));
        let errors = self.errors.into_iter().map(Value::from).collect::<Vec<_>>();
        Err(json(422, &map([("message", text.into()), ("errors", errors.into())])))
    }
}

/// Returns the name of a parameter as the framework of the real server writes it in messages: with
/// spaces instead of underscores, such as `client id`.
fn words(name: &str) -> String {
    name.replace('_', " ")
}
