//! The command `doctor`: sends read-only requests and compares the responses with the types of the
//! library.

use std::any::Any;
use std::fmt;
use std::io::Write;
use std::time::Instant;

use api_auth::Endpoint;
use serde::Serialize;

use crate::auth::Settings;
use crate::context::{Context, Provider};
use crate::exit::{Exit, Failure};
use crate::json::Json;
use crate::output::Column;
use crate::request::{AnyCall, Erased};

/// The report of the command `doctor`. Its functions send requests and collect the results.
pub struct Doctor<'a, P: Provider> {
    context: &'a Context<P>,
    rows: Vec<Row>,
    with_values: bool,
}

/// The columns of the report.
const COLUMNS: &[Column] = &[
    ("endpoint", "endpoint"),
    ("status", "status"),
    ("ms", "milliseconds"),
    ("result", "result"),
    ("unknown fields", "unknown_fields"),
];

/// A row of the report: the result of one request.
#[derive(Debug)]
struct Row {
    endpoint: &'static str,
    exit: Exit,
    status: Option<u16>,
    milliseconds: u128,
    result: String,
    unknown: Vec<String>,
}

impl<P: Provider> fmt::Debug for Doctor<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doctor").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl<'a, P: Provider> Doctor<'a, P> {
    /// Creates an empty report.
    ///
    /// # Errors
    /// Returns an error if `--fields` names a field that the report does not have.
    pub fn new(context: &'a Context<P>) -> Result<Self, Failure> {
        context.output.check_fields(COLUMNS, &[])?;
        Ok(Self { context, rows: Vec::new(), with_values: false })
    }

    /// Sets whether the report contains the values of unknown fields.
    #[must_use]
    pub fn with_values(mut self, with_values: bool) -> Self {
        self.with_values = with_values;
        self
    }

    /// Returns the settings of the client.
    ///
    /// # Errors
    /// Returns an error if the source of the settings cannot be read, or if it lacks required
    /// credentials.
    pub fn settings(&self) -> Result<Settings, Failure> {
        self.context.settings()
    }

    /// Sends a request and returns the JSON of its response, or `None` if the request fails or the
    /// response is not JSON. Fields that the type of the response does not cover are reported by
    /// name and type, and with `--values` also by value.
    ///
    /// # Errors
    /// Returns an error if no client can be created, or if the first request shows that the
    /// credentials are invalid, because further requests would fail as well. Other failures become
    /// rows of the report.
    pub fn call<E>(&mut self, request: E) -> Result<Option<Json>, Failure>
    where
        E: Endpoint<Output: Serialize + Send + 'static> + Send + 'static,
    {
        self.measure(&request, &|value| {
            let value = value.downcast_ref::<E::Output>()?;
            serde_json::to_string(value).ok()
        })
    }

    /// Sends a request whose response is not JSON, such as a certificate.
    ///
    /// # Errors
    /// Returns the same errors as [`call`](Self::call).
    pub fn call_plain<E>(&mut self, request: E) -> Result<(), Failure>
    where
        E: Endpoint<Output: Send + 'static> + Send + 'static,
    {
        self.measure(&request, &|_| None).map(drop)
    }

    /// Sends a request and adds a row to the report. `serialized` returns the JSON of the parsed
    /// response, which is searched for unknown fields, or `None` if it cannot be searched.
    #[expect(clippy::disallowed_methods, reason = "the program measures the time of a call")]
    fn measure(
        &mut self,
        request: &Erased,
        serialized: &dyn Fn(&(dyn Any + Send)) -> Option<String>,
    ) -> Result<Option<Json>, Failure> {
        let client = self.context.client()?;
        let call = AnyCall::new(request);
        let (endpoint, started) = (call.id(), Instant::now());
        let result = P::send(client, &call);
        let milliseconds = started.elapsed().as_millis();
        let (row, json) = match result {
            Ok(reply) => {
                let json = Json::parse(&reply.body).ok();
                let mut unknown = Vec::new();
                if json.is_some()
                    && let Some(value) = serialized(&*reply.value)
                    && let Ok(value) = Json::parse(&value)
                {
                    unknown_fields(&value, "", self.with_values, &mut unknown);
                }
                let result = "decoded".to_owned();
                let (exit, status) = (Exit::Done, Some(reply.status.as_u16()));
                (Row { endpoint, exit, status, milliseconds, result, unknown }, json)
            }
            Err(error) => {
                let status = error.status().map(|status| status.as_u16());
                let result = error.to_string();
                let failure = Failure::from(error);
                if failure.exit() == Exit::Credentials && self.rows.is_empty() {
                    return Err(failure);
                }
                let (exit, unknown) = (failure.exit(), Vec::new());
                (Row { endpoint, exit, status, milliseconds, result, unknown }, None)
            }
        };
        self.rows.push(row);
        Ok(json)
    }

    /// Writes the report. Returns the exit status 9 if a response could not be parsed. Otherwise,
    /// returns 0 if no request failed, the common status if all requests failed with the same one,
    /// or 11.
    ///
    /// # Errors
    /// Returns an error if the report cannot be written.
    pub fn end(self) -> Result<Exit, Failure> {
        // Values may be personal data.
        let output = match self.with_values {
            true => &self.context.output.private(),
            false => &self.context.output,
        };
        let mut list = output.list(COLUMNS)?;
        let is_json = self.context.output.format() != crate::output::Format::Table;
        for row in &self.rows {
            let number = |number: String| Json::Other(number);
            let unknown = row.unknown.iter().cloned().map(Json::Text).collect();
            let status = row.status.map_or("null".to_owned(), |status| status.to_string());
            let unknown = match is_json {
                true => Json::List(unknown),
                false => Json::Text(row.unknown.join(", ")),
            };
            let members = [
                ("endpoint", Json::Text(row.endpoint.to_owned())),
                ("status", number(status)),
                ("milliseconds", number(row.milliseconds.to_string())),
                ("result", Json::Text(row.result.clone())),
                ("unknown_fields", unknown),
            ];
            list.push(&Json::Object(members.map(|(name, value)| (name.to_owned(), value)).into()))?;
        }
        list.end()?;
        let fails = |exit: Exit| self.rows.iter().filter(|row| row.exit == exit).count();
        let all = self.rows.len();
        let not_understood = fails(Exit::NotUnderstood);
        if not_understood > 0 {
            let text = format!("{not_understood} of {all} responses were not understood");
            let _ = writeln!(std::io::stderr(), "{text}; record them with --record FILE");
            return Ok(Exit::NotUnderstood);
        }
        let failed = self.rows.iter().map(|row| row.exit).filter(|exit| *exit != Exit::Done);
        Ok(Exit::of_all(all, failed))
    }
}

/// Collects the names and types of the unknown fields in a value at the path `at`. The library
/// keeps such fields in `$extra`.
fn unknown_fields(value: &Json, at: &str, with_values: bool, found: &mut Vec<String>) {
    let join = |name: &str| match at {
        "" => name.to_owned(),
        at => [at, ".", name].concat(),
    };
    match value {
        Json::Object(members) => {
            for (name, value) in members {
                match value {
                    Json::Object(extra) if name == "$extra" => {
                        for (name, value) in extra {
                            let mut field = format!("{}: {}", join(name), type_of(value));
                            if with_values {
                                let shown = value.clone().masked_as(name);
                                field.push_str(&format!(" = {shown}"));
                            }
                            if !found.contains(&field) {
                                found.push(field);
                            }
                        }
                    }
                    value => unknown_fields(value, &join(name), with_values, found),
                }
            }
        }
        Json::List(entries) => {
            let of = |entry| unknown_fields(entry, &join("[]"), with_values, found);
            entries.iter().for_each(of);
        }
        Json::Text(_) | Json::Other(_) => {}
    }
}

fn type_of(value: &Json) -> &'static str {
    match value {
        Json::Object(_) => "object",
        Json::List(_) => "list",
        Json::Text(_) => "string",
        Json::Other(text) => match text.as_str() {
            "true" | "false" => "boolean",
            "null" => "null",
            _ => "number",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_are_named_with_their_types() {
        let text = r#"{"a":[{"$extra":{"new":1,"other":"CANARY"}},{"$extra":{"new":2}}],
            "b":{"c":{"$extra":{"deep":[true]}}},"$extra":{"top":null,"flag":true,"o":{}}}"#;
        let mut found = Vec::new();
        unknown_fields(&Json::parse(text).unwrap(), "", false, &mut found);
        assert_eq!(
            found,
            [
                "a.[].new: number",
                "a.[].other: string",
                "b.c.deep: list",
                "top: null",
                "flag: boolean",
                "o: object"
            ]
        );
        let mut found = Vec::new();
        let text = r#"{"a":{"$extra":{"new":[1.50,"x"]}}}"#;
        unknown_fields(&Json::parse(text).unwrap(), "", true, &mut found);
        assert_eq!(found, ["a.new: list = [1.50,\"x\"]"]);
        let mut found = Vec::new();
        let text = r#"{"$extra":{"api_key":"CANARY","new":{"secretToken":"CANARY","a":1}}}"#;
        unknown_fields(&Json::parse(text).unwrap(), "", true, &mut found);
        let new = r#"new: object = {"secretToken":"***","a":1}"#;
        assert_eq!(found, [r#"api_key: string = "***""#, new]);
    }
}
