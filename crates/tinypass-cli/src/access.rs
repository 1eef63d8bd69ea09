//! The command `tinypass access`: checks, lists, grants and revokes access.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use cli_support::api_auth::validate::no_control;
use cli_support::args::{positive_duration, read};
use cli_support::json::repeated;
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Json, Limits, Line, Run, WithJson, times};
use tinypass_client::access::GetAccess;
use tinypass_client::{GrantAccess, RevokeAccess, SearchAccess, UnixTime};

use crate::provider::{TinyPass, now, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Access {
    /// Show the access of a user to a resource; exit status 1 if the user has none
    Get {
        /// Id of the resource
        rid: String,
        /// Your reference for the user, or the user's uid
        user: String,
    },
    /// List access records
    List(List),
    /// Grant access to a resource
    Grant(Grant),
    /// Revoke the access of a user to a resource
    Revoke {
        /// Id of the resource
        rid: String,
        /// Your reference for the user, or the user's uid
        user: String,
        /// Also refund the price
        #[arg(long)]
        refund: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Show only records of this resource
    #[arg(long)]
    rid: Option<String>,
    /// Show only records of the user with this reference
    #[arg(long)]
    user: Option<String>,
    /// Show only records of the user with this e-mail address
    #[arg(long)]
    email: Option<String>,
    /// Show only records of resources with this tag
    #[arg(long)]
    tag: Option<String>,
    /// Include expired records
    #[arg(long)]
    expired: bool,
    #[command(flatten)]
    limits: Limits,
}

#[derive(Debug, Args)]
pub(crate) struct Grant {
    /// Id of the resource
    #[arg(required_unless_present = "file")]
    rid: Option<String>,
    /// E-mail address of the user
    #[arg(required_unless_present = "file", value_parser = address)]
    email: Option<String>,
    /// Grant access for each line of this CSV file (`-` is standard input). The first line contains
    /// the column names: rid, email, user, expires (a time such as `30d`, or a date) and message
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rid", "email", "user", "expires",
          "expires_after", "message"])]
    file: Option<PathBuf>,
    /// Your reference for the user, with which you can check the access later
    #[arg(long)]
    user: Option<String>,
    /// Time after which the access expires, such as `30d`
    #[arg(long, value_name = "TIME", value_parser = positive_duration)]
    expires_after: Option<Duration>,
    /// Time at which the access expires, such as `2027-01-31`, or after which, such as `30d`
    #[arg(long, value_name = "TIME", value_parser = expiry, conflicts_with = "expires_after")]
    expires: Option<UnixTime>,
    /// Message for the e-mail to the user
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// Send no e-mail
    #[arg(long)]
    no_email: bool,
}

const COLUMNS: &[Column] = &[
    ("id", "id"),
    ("resource", "rid"),
    ("user", "user_ref"),
    ("email", "user_email"),
    ("expires", "expires"),
];

impl Run<TinyPass> for Access {
    fn run(self, context: &Context<TinyPass>) -> Result<Exit, Failure> {
        match self {
            Self::Get { rid, user } => {
                let request = WithJson::new(GetAccess::new(rid, user));
                let Some(reply) = context.send(request)? else { return Ok(Exit::Done) };
                match reply.value {
                    Some(access) if access.is_active(now()) => {
                        context.output.value(&reply.body)?;
                        Ok(Exit::Done)
                    }
                    Some(_) => {
                        context.output.value(&reply.body)?;
                        context.note("access has expired");
                        Ok(Exit::No)
                    }
                    None => {
                        context.note("no access");
                        Ok(Exit::No)
                    }
                }
            }
            Self::List(list) => list.run(context),
            Self::Grant(grant) => grant.run(context),
            Self::Revoke { rid, user, refund } => {
                let what = if refund { "revoke and refund" } else { "revoke" };
                let what = format!("{what} the access of {user} to {rid}");
                let mut request = RevokeAccess::new(rid, user);
                if refund {
                    request = request.refund(true);
                }
                context.show_confirmed(&what, request)
            }
        }
    }
}

impl List {
    fn run(self, context: &Context<TinyPass>) -> Result<Exit, Failure> {
        let mut request = SearchAccess::new().page(0).page_size(self.limits.page_size(1000));
        if let Some(rid) = self.rid {
            request = request.rid(rid);
        }
        if let Some(user) = self.user {
            request = request.user_ref(user);
        }
        if let Some(email) = self.email {
            request = request.email(email);
        }
        if let Some(tag) = self.tag {
            request = request.tag(tag);
        }
        if self.expired {
            request = request.show_expired(true);
        }
        context.list(WithJson::page(request, &["data"]), &self.limits, COLUMNS)
    }
}

impl Grant {
    fn run(self, context: &Context<TinyPass>) -> Result<Exit, Failure> {
        if let Some(file) = &self.file {
            let lines = grants(file, self.no_email)?;
            let what = format!("grant access {} times", lines.len());
            return context.batch_confirmed(&what, lines, |reply| {
                Ok((reply.json()?.unwrap_or_else(|| text("granted")), true))
            });
        }
        let (rid, email) = (self.rid.unwrap_or_default(), self.email.unwrap_or_default());
        let mut request = GrantAccess::new(rid, email);
        if let Some(user) = self.user {
            request = request.user_ref(user);
        }
        if let Some(time) = self.expires_after {
            request = request
                .expires(times::after(time).map_err(|failure| failure.about("--expires-after"))?);
        }
        if let Some(end) = self.expires {
            request = request.expires(end);
        }
        if let Some(message) = self.message {
            request = request.message(message);
        }
        if self.no_email {
            request = request.suppress_email(true);
        }
        context.show(request)
    }
}

/// Checks the quotes in a CSV text: a field with a quote must begin and end with one, and a quote
/// within it must be doubled. Without this check, the parser would accept other quotes, and would
/// add the following lines to a field whose quote is not closed.
///
/// # Errors
/// Returns a message with the line and the column, in characters, of an invalid quote.
fn check_quotes(text: &str) -> Result<(), String> {
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum In {
        Start,
        Plain,
        Quoted,
        Closed,
        AfterClosed,
    }
    let at = |(line, column): (usize, usize)| format!("line {line}, column {column}");
    let (mut place, mut opened, mut state) = ((1, 0), (1, 0), In::Start);
    for char in text.chars() {
        place.1 += 1;
        state = match (state, char) {
            (In::Quoted, '"') => In::Closed,
            (In::Quoted, _) | (In::Closed, '"') => In::Quoted,
            (_, ',' | '\n' | '\r') => In::Start,
            (In::Start, '"') => {
                opened = place;
                In::Quoted
            }
            (In::Closed | In::AfterClosed, ' ' | '\t') => In::AfterClosed,
            (In::Closed | In::AfterClosed, _) => {
                return Err(format!("{}: a field must end after its closing quote", at(place)));
            }
            (In::Plain, '"') => {
                let problem = "a field that contains a quote must begin and end with one, and a \
                               quote in it must be doubled";
                return Err(format!("{}: {problem}", at(place)));
            }
            _ => In::Plain,
        };
        if char == '\n' {
            place = (place.0 + 1, 0);
        }
    }
    match state {
        In::Quoted => Err(format!("{}: the quote is not closed", at(opened))),
        _ => Ok(()),
    }
}

/// Checks that an e-mail address contains `@`. The server rejects any other one.
fn address(text: &str) -> Result<String, String> {
    match text.contains('@') {
        true => Ok(text.to_owned()),
        false => Err("must contain @".to_owned()),
    }
}

/// Reads the CSV file of `access grant --file`. Every line needs a resource id and an e-mail
/// address.
fn grants(file: &Path, no_email: bool) -> Result<Vec<Line<GrantAccess>>, Failure> {
    const COLUMNS: [&str; 5] = ["rid", "email", "user", "expires", "message"];
    let text = read("--file", file)?;
    let failed =
        |problem: String| Failure::new(Exit::Usage, format!("{}: {problem}", file.display()));
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    check_quotes(text).map_err(failed)?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let names: Vec<String> = match reader.headers() {
        Ok(names) => names.iter().map(str::to_owned).collect(),
        Err(error) => return Err(failed(error.to_string())),
    };
    if let Some(name) = names.iter().find(|name| !COLUMNS.contains(&name.as_str())) {
        let columns = COLUMNS.join(", ");
        return Err(failed(format!("line 1: column {name:?} is not one of {columns}")));
    }
    if let Some(name) = repeated(names.iter().map(String::as_str), str::eq) {
        return Err(failed(format!("line 1: the column {name} occurs twice")));
    }
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| match (error.kind(), error.position()) {
            (csv::ErrorKind::UnequalLengths { expected_len, len, .. }, at) => {
                let line = line_of(text, at);
                failed(format!("line {line} has {len} fields instead of {expected_len}"))
            }
            _ => failed(error.to_string()),
        })?;
        let line = line_of(text, record.position());
        let place = format!("{}: line {line}", file.display());
        let value = |column: &str| {
            let index = names.iter().position(|name| name == column)?;
            record.get(index).filter(|value| !value.is_empty())
        };
        let need = |column: &str| {
            value(column).ok_or_else(|| failed(format!("line {line}: {column} is missing")))
        };
        for (name, field) in names.iter().zip(&record) {
            // A message can have several lines.
            let field = match name.as_str() {
                "message" => field.replace(['\r', '\n', '\t'], " "),
                _ => field.to_owned(),
            };
            let checked = no_control(name.clone(), &field);
            checked.map_err(|error| failed(format!("line {line}: {error}")))?;
        }
        let (rid, email) = (need("rid")?, need("email")?);
        address(email)
            .map_err(|problem| failed(format!("line {line}: email: {email:?} {problem}")))?;
        let mut request = GrantAccess::new(rid, email);
        if let Some(user) = value("user") {
            request = request.user_ref(user);
        }
        if let Some(expires) = value("expires") {
            let wrong = |why: String| failed(format!("line {line}: expires: {expires:?} {why}"));
            request = request.expires(expiry(expires).map_err(wrong)?);
        }
        if let Some(message) = value("message") {
            request = request.message(message);
        }
        if no_email {
            request = request.suppress_email(true);
        }
        let labels = vec![("rid", rid.to_owned()), ("email", email.to_owned())];
        lines.push((place, labels, request));
    }
    if lines.is_empty() {
        return Err(failed("no lines".to_owned()));
    }
    Ok(lines)
}

/// Returns the number of the line on which a record begins. The position that the parser returns is
/// before the blank lines that precede the record.
fn line_of(text: &str, position: Option<&csv::Position>) -> usize {
    let start = position.and_then(|at| usize::try_from(at.byte()).ok()).unwrap_or(0);
    let (before, rest) = text.split_at_checked(start).unwrap_or_default();
    let blank = rest.len() - rest.trim_start_matches(['\r', '\n']).len();
    let blank = rest.get(..blank).unwrap_or_default();
    1 + before.matches('\n').count() + blank.matches('\n').count()
}

/// Parses the time at which an access expires: a duration from now, a date, or a time in RFC 3339
/// format.
fn expiry(text: &str) -> Result<UnixTime, String> {
    if let Ok(time) = positive_duration(text) {
        let end = times::after(time).map(UnixTime::from);
        return end.map_err(|failure| format!("is invalid: {}", failure.message()));
    }
    match seconds(text).map(UnixTime::from_seconds) {
        Some(end) if end > UnixTime::from(now()) => Ok(end),
        Some(_) => Err("is in the past".to_owned()),
        None => Err("is not a time or a date, such as 30d or 2027-01-31".to_owned()),
    }
}

/// Parses a date, such as `2026-11-30`, which begins at 00:00:00 UTC, or a time in RFC 3339 format.
/// Returns its Unix seconds. Returns `None` for a leap second, and for an offset of 24 hours or
/// more.
fn seconds(text: &str) -> Option<i64> {
    if text.len() == 10 {
        return times::utc(&format!("{text} 00:00:00"));
    }
    let (time, offset) = text.split_at_checked(19)?;
    let matches = |(byte, form): (u8, u8)| match form {
        b'0' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b't' | b' '),
        form => byte == form,
    };
    let is_time = time.bytes().zip(*b"0000-00-00T00:00:00").all(matches) && !time.ends_with("60");
    let offset = offset.trim_start_matches(|char: char| char == '.' || char.is_ascii_digit());
    let is_offset = match offset.as_bytes() {
        [] | [b'Z' | b'z'] => true,
        [b'+' | b'-', tens, ones, b':', _, _] => (tens, ones) < (&b'2', &b'4'),
        _ => false,
    };
    (is_time && is_offset).then(|| times::utc(text)).flatten()
}

/// Writes `value` unchanged if the output is a table without `--fields`. Otherwise, writes it as
/// the member `name` of an object.
pub(crate) fn single(
    context: &Context<TinyPass>,
    name: &str,
    value: &str,
) -> Result<Exit, Failure> {
    let json = Json::Object(vec![(name.to_owned(), text(value))]);
    match context.output.is_plain() {
        true => context.output.text(value)?,
        false => context.output.value(&json.to_string())?,
    }
    Ok(Exit::Done)
}
