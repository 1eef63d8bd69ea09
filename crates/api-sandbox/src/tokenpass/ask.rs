//! Parsing and validating the parameters and the caller of a request.

use super::auth::{Generation, is_json};
use super::is_api;
use super::php::{Value, map, parse_query};
use super::response::{html, json};
use crate::{Raw, Response};

/// What was asked for, and by whom.
pub(super) struct Ask<'a> {
    pub(super) request: &'a Raw,
    /// The values in the path, decoded.
    values: Vec<String>,
    /// The members of the body and then those of the query.
    pub(super) input: Vec<(String, Value)>,
    /// The calling application's id, or a privileged user's API token.
    pub(super) client: String,
    /// The id of the token's user.
    pub(super) user: String,
    /// The token.
    pub(super) token: String,
    /// The token's scopes.
    pub(super) scopes: Vec<String>,
}

impl<'a> Ask<'a> {
    pub(super) fn read(
        request: &'a Raw,
        generation: Generation,
        values: Vec<String>,
    ) -> Result<Self, Response> {
        // Chosen: in the generation whose signature does not cover the query it is not read.
        let is_signed = generation != Generation::XApi || !is_api(request);
        let query = request.query().filter(|_| is_signed).unwrap_or_default();
        // Chosen: what is not UTF-8 is an error of the framework.
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

    /// The value at this place in the path, from 0.
    pub(super) fn value(&self, index: usize) -> &str {
        self.values.get(index).map(String::as_str).unwrap_or_default()
    }

    /// A parameter, unless it is null.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        let found = self.input.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        found.filter(|value| **value != Value::Null)
    }

    /// A parameter as text, unless it is null or empty.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(Value::text).filter(|text| !text.is_empty())
    }

    pub(super) fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| held == scope)
    }

    /// Checks parameters as the framework does; what is wrong with them is said all at once.
    pub(super) fn validate(&self) -> Validation<'_> {
        Validation { ask: self, errors: Vec::new() }
    }
}

/// What is wrong with the parameters so far.
pub(super) struct Validation<'a> {
    ask: &'a Ask<'a>,
    errors: Vec<String>,
}

impl Validation<'_> {
    /// A text that must be there.
    pub(super) fn required(mut self, name: &str) -> Self {
        if self.ask.text(name).is_none() {
            self.errors.push(format!("The {} field is required.", words(name)));
        }
        self
    }

    /// A text that may be this long.
    pub(super) fn at_most(mut self, name: &str, most: usize) -> Self {
        if self.ask.text(name).is_some_and(|text| text.chars().count() > most) {
            self.errors
                .push(format!("The {} may not be greater than {most} characters.", words(name)));
        }
        self
    }

    /// True, false, 0 or 1, if it is there.
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

    /// One of these, if it is there.
    pub(super) fn one_of(mut self, name: &str, known: &[&str]) -> Self {
        if self.ask.text(name).is_some_and(|text| !known.contains(&text.as_str())) {
            self.errors.push(format!("The selected {} is invalid.", words(name)));
        }
        self
    }

    /// Says this of a parameter that is there and is wrong.
    pub(super) fn unless(mut self, ok: bool, text: &str) -> Self {
        if !ok {
            self.errors.push(text.to_owned());
        }
        self
    }

    pub(super) fn done(self) -> Result<(), Response> {
        self.refuse("The request was not processed successfully. ")
    }

    /// As [`done`](Self::done), without the first sentence.
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

/// A parameter's name as the framework says it.
fn words(name: &str) -> String {
    name.replace('_', " ")
}
