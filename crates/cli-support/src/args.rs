//! The global options, and parsers of option values.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use api_auth::Body;
use api_auth::http::Uri;
use clap::{ArgAction, Args, ColorChoice};

use crate::exit::{Exit, Failure};
use crate::json::Json;
use crate::output::Format;
use crate::request::Erased;

/// The options that all commands accept.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of all commands")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Global {
    /// Output format
    #[arg(short = 'o', long = "output", global = true, value_enum, default_value = "table")]
    pub format: Format,
    /// Fields to show, such as `id,name`
    #[arg(long, global = true, value_name = "PATHS", value_delimiter = ',')]
    pub fields: Vec<String>,
    /// Write the output to this file, which is replaced atomically
    #[arg(long, global = true, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Read the credentials from this file of NAME=value lines (`-` is standard input)
    #[arg(long, global = true, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
    /// Use this profile (see `auth login`)
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// Environment of the provider, such as `production` or `sandbox`
    #[arg(long, global = true, value_name = "NAME")]
    pub environment: Option<String>,
    /// Base URL of the API, for a test server or a proxy
    #[arg(long, global = true, value_name = "URL")]
    pub base_url: Option<String>,
    /// Timeout of each request, such as `10s`
    #[arg(long, global = true, value_name = "TIME", value_parser = positive_duration)]
    pub timeout: Option<Duration>,
    /// Maximum number of retries of a request; `0` for none
    #[arg(long, global = true, value_name = "N")]
    pub retries: Option<u32>,
    /// Maximum rate of requests, such as `5/s` or `60/m`
    #[arg(long, global = true, value_name = "RATE", value_parser = rate)]
    pub max_rate: Option<u32>,
    /// Number of concurrent requests, for paged lists and for commands that read a file
    #[arg(long, global = true, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: u16,
    /// Print one line for each attempt; `-vv` also prints requests and responses without secrets
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// When to use colours; `auto` uses them on a terminal unless `NO_COLOR` is set
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    /// Print only errors, no other messages
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Do not ask for confirmation
    #[arg(short, long, global = true)]
    pub yes: bool,
    /// Never prompt; a missing confirmation is an error
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Print the request as a redacted curl command and send nothing
    #[arg(long, global = true)]
    pub curl: bool,
    /// Send only read requests, and print the write that would be sent; the result of a read is
    /// also written to --out, and its exchange to --record
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Append each exchange to this file, without secrets or personal data
    #[arg(long, global = true, value_name = "FILE")]
    pub record: Option<PathBuf>,
}

/// The options that limit the number of entries of a list.
#[derive(Debug, Clone, Args)]
pub struct Limits {
    /// Maximum number of entries
    #[arg(long, value_name = "N", default_value_t = 30, conflicts_with = "all", value_parser = count)]
    pub limit: usize,
    /// Show all entries
    #[arg(long)]
    pub all: bool,
}

impl Limits {
    /// All entries.
    pub const NONE: Self = Self { limit: 0, all: true };

    /// Returns the maximum number of entries to show, which is `usize::MAX` with `--all`.
    pub fn most(&self) -> usize {
        if self.all { usize::MAX } else { self.limit }
    }

    /// Returns the number of entries to request per page. `most` is the maximum of the server.
    pub fn page_size(&self, most: u32) -> u32 {
        u32::try_from(self.most()).unwrap_or(most).clamp(1, most)
    }
}

/// The ids of the options of [`Input`]. Each of them can replace an option that is required
/// otherwise.
pub const BODY_OPTIONS: [&str; 3] = ["input", "body_raw_field", "body_field"];

/// A request body from a file and from fields.
#[derive(Debug, Clone, Default, Args)]
pub struct Input {
    /// Read the JSON body from this file (`-` is standard input); options replace its fields
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// Set a field of the body to a string: `name=value`, `parent.name=value` or
    /// `list.0.name=value`
    #[arg(id = "body_raw_field", short = 'f', long = "raw-field", value_name = "NAME=VALUE", value_parser = pair)]
    pub raw_fields: Vec<(String, String)>,
    /// Set a field of the body to a typed value (number, true, false or null); `@FILE` inserts the
    /// text of a file
    #[arg(id = "body_field", short = 'F', long = "field", value_name = "NAME=VALUE", value_parser = pair)]
    pub fields: Vec<(String, String)>,
}

impl Input {
    /// Returns whether an option for the body is given.
    pub fn is_given(&self) -> bool {
        self.input.is_some() || !self.fields.is_empty() || !self.raw_fields.is_empty()
    }

    /// Returns the body: the JSON of the file, in which first `flags`, then the fields are set.
    /// `flags` are the paths of members, each with the value of an option.
    ///
    /// # Errors
    /// Returns an error if a file cannot be read or is not JSON.
    pub fn body(&self, flags: &[(&str, Option<Json>)]) -> Result<Json, Failure> {
        let mut body = Json::Object(Vec::new());
        if let Some(path) = &self.input {
            let text = read(path)?;
            body = Json::parse(&text).map_err(|error| {
                Failure::new(Exit::Usage, format!("--input {}: {error}", path.display()))
            })?;
        }
        for (path, value) in flags {
            if let Some(value) = value {
                set(&mut body, path, value.clone())?;
            }
        }
        self.set_fields(&mut body)?;
        Ok(body)
    }

    /// Returns the body for a typed request: the JSON of the file, in which first the members of
    /// the request's own body, then the fields are set. Returns `None` if neither a file nor a
    /// field is given.
    ///
    /// # Errors
    /// Returns an error if a file cannot be read or is not JSON, or if an argument is invalid.
    pub fn body_of(&self, request: &Erased) -> Result<Option<Json>, Failure> {
        if !self.is_given() {
            return Ok(None);
        }
        let mut body = Self { input: self.input.clone(), ..Self::default() }.body(&[])?;
        body.merge(json_body(request)?);
        self.set_fields(&mut body)?;
        Ok(Some(body))
    }

    /// Returns the whole body of a request that has no type: see [`body`](Self::body). `required`
    /// are the paths of members that must be given, each with its option. If there is a file, the
    /// server validates it, so members may be missing.
    ///
    /// # Errors
    /// Returns the errors of [`body`](Self::body), and an error if a member is missing.
    pub fn whole_body(
        &self,
        flags: &[(&str, Option<Json>)],
        required: &[(&str, &str)],
    ) -> Result<Json, Failure> {
        let body = self.body(flags)?;
        let missing = required.iter().filter(|(path, _)| body.get(path).is_none());
        let missing: Vec<&str> = missing.map(|(_, flag)| *flag).collect();
        if self.input.is_some() || missing.is_empty() {
            return Ok(body);
        }
        let problem = format!("missing {}; use it, or -F, or --input FILE", missing.join(", "));
        Err(Failure::new(Exit::Usage, problem))
    }

    fn set_fields(&self, body: &mut Json) -> Result<(), Failure> {
        for (path, value) in &self.raw_fields {
            set(body, path, Json::Text(value.clone()))?;
        }
        for (path, value) in &self.fields {
            set(body, path, field(value)?)?;
        }
        Ok(())
    }
}

/// Sets the value at a path of a body, such as `payer.email`.
///
/// # Errors
/// Returns an error that names the path; see [`Json::set`].
pub fn set(body: &mut Json, path: &str, value: Json) -> Result<(), Failure> {
    body.set(path, value).map_err(|problem| Failure::new(Exit::Usage, problem))
}

/// Returns the value of an option as a JSON string.
pub fn text(value: Option<&String>) -> Option<Json> {
    value.cloned().map(Json::Text)
}

/// Returns the body of a typed request as JSON, so that members can be added. The parameters of a
/// form become string members.
///
/// # Errors
/// Returns an error if an argument is invalid, or if the body is neither JSON nor a form.
pub fn json_body(request: &Erased) -> Result<Json, Failure> {
    let not_json =
        || Failure::new(Exit::Usage, "the body of this request is neither JSON nor a form");
    match request.body()? {
        Body::Json(body) => Json::parse(&String::from_utf8_lossy(&body)).map_err(|_| not_json()),
        Body::Form(params) => {
            let member =
                |(name, value): (&str, &str)| (name.to_owned(), Json::Text(value.to_owned()));
            Ok(Json::Object(params.iter().map(member).collect()))
        }
        _ => Err(not_json()),
    }
}

/// Returns the value of a field: the content of the file for `@FILE`, otherwise a typed value.
///
/// # Errors
/// Returns an error if the file cannot be read.
pub fn field(value: &str) -> Result<Json, Failure> {
    match value.strip_prefix('@') {
        Some(path) => Ok(Json::Text(read(Path::new(path))?)),
        None => Ok(Json::typed(value)),
    }
}

/// The name under which `--env-file -` reserves the standard input.
pub(crate) const ENV_FILE: &str = "--env-file -";

/// The option that has reserved the standard input.
static STDIN: Mutex<Option<String>> = Mutex::new(None);

/// Reserves the standard input for an option. The same option may read several lines.
///
/// # Errors
/// Returns [`Exit::Usage`] if another option reads the standard input.
pub fn claim_stdin(option: &str) -> Result<(), Failure> {
    let mut owner = STDIN.lock().unwrap_or_else(PoisonError::into_inner);
    claim(&mut owner, option)
}

fn claim(owner: &mut Option<String>, option: &str) -> Result<(), Failure> {
    match owner {
        Some(owner) if owner != option || option == "-" => {
            let problem = format!(
                "{option}: only one option can read the standard input, which {owner} reads"
            );
            Err(Failure::new(Exit::Usage, problem))
        }
        _ => {
            *owner = Some(option.to_owned());
            Ok(())
        }
    }
}

/// Reads a text file, or the standard input for `-`.
///
/// # Errors
/// Returns an error that names the file. Returns [`Exit::Usage`] if another option reads the
/// standard input.
pub fn read(path: &Path) -> Result<String, Failure> {
    if path == Path::new("-") {
        claim_stdin("-")?;
    }
    read_claimed(path)
}

/// Reads a text file, or the standard input for `-`. The caller has reserved the standard input.
pub(crate) fn read_claimed(path: &Path) -> Result<String, Failure> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    text.map_err(|error| Failure::file(path, &error))
}

/// Parses `NAME=VALUE`.
///
/// # Errors
/// Returns an error if there is no `=`, or if the name is empty.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("must be NAME=VALUE".to_owned()),
    }
}

/// Parses a positive integer.
///
/// # Errors
/// Returns an error for any other string.
pub fn count(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "must be a positive integer, such as 30".to_owned())
}

/// Parses a duration such as `500ms`, `30s`, `2m`, `12h` or `7d`.
///
/// # Errors
/// Returns an error for any other string.
pub fn duration(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, u64); 5] =
        [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
    let digits = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits).unwrap_or((text, ""));
    let number: Option<u64> = number.parse().ok();
    let unit = UNITS.iter().find(|(name, _)| *name == unit);
    number
        .zip(unit)
        .and_then(|(number, (_, factor))| number.checked_mul(*factor))
        .map(Duration::from_millis)
        .ok_or_else(|| "must be a number followed by ms, s, m, h or d, such as 30s".to_owned())
}

/// Parses a URL of an HTTP server.
///
/// # Errors
/// Returns an error if the text is not a URL, or if its scheme is neither `http` nor `https`.
pub fn http_url(text: &str) -> Result<Uri, String> {
    let url: Uri = text.parse().map_err(|_| "must be a URL".to_owned())?;
    match url.scheme_str() {
        Some("http" | "https") if url.host().is_some_and(|host| !host.is_empty()) => Ok(url),
        _ => Err("must begin with http:// or https://, followed by a host".to_owned()),
    }
}

/// Parses a duration like [`duration`], and rejects zero.
///
/// # Errors
/// Returns an error for any other string.
pub fn positive_duration(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time.is_zero() { Err("must be more than 0".to_owned()) } else { Ok(time) }
}

/// Parses a rate such as `5/s` or `120/m`. Returns the number of requests per second.
///
/// # Errors
/// Returns an error for any other string, and for a rate that is not an integer per second.
pub fn rate(text: &str) -> Result<u32, String> {
    let (number, unit) = text.split_once('/').unwrap_or((text, ""));
    let number: u32 = number.parse().unwrap_or(0);
    let per_second = match unit {
        "s" => Some(number),
        "m" if number.is_multiple_of(60) => Some(number / 60),
        _ => None,
    };
    per_second.filter(|rate| *rate > 0).ok_or_else(|| {
        "must be a number followed by /s, or a multiple of 60 followed by /m, such as 5/s"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("7d"), Ok(Duration::from_secs(604_800)));
        for text in ["", "5", "s", "-1s", "1w", "99999999999999999999d", "9999999999999999999d"] {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn numbers_and_durations_may_have_to_be_positive() {
        assert_eq!(positive_duration("1ms"), Ok(Duration::from_millis(1)));
        assert_eq!(positive_duration("0d"), Err("must be more than 0".to_owned()));
        assert_eq!(count("1"), Ok(1));
        for text in ["0", "-1", "", "x", "99999999999999999999"] {
            assert!(count(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn rates_are_requests_in_a_second() {
        assert_eq!((rate("5/s"), rate("120/m")), (Ok(5), Ok(2)));
        for text in ["", "5", "0/s", "-1/s", "1.5/s", "50/m", "5/h", "/s"] {
            assert!(rate(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn bodies_are_merged_in_order() {
        let path = std::env::temp_dir().join(format!("body-{}", std::process::id()));
        std::fs::write(&path, r#"{"a":1,"b":{"c":2}}"#).unwrap();
        let fields = vec![("b.d".to_owned(), "1.50".to_owned()), ("e".to_owned(), "x".to_owned())];
        let raw_fields = vec![("f".to_owned(), "7".to_owned())];
        let input = Input { input: Some(path.clone()), fields, raw_fields };
        let flags = [("a", Some(Json::typed("7"))), ("g", None)];
        let body = input.body(&flags).unwrap();
        assert_eq!(body.to_string(), r#"{"a":7,"b":{"c":2,"d":1.50},"f":"7","e":"x"}"#);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(input.body(&[]).unwrap_err().exit(), Exit::Local);
    }

    #[test]
    fn standard_input_has_one_reader() {
        let mut owner = None;
        claim(&mut owner, "--password-stdin").unwrap();
        claim(&mut owner, "--password-stdin").unwrap();
        let failure = claim(&mut owner, "-").unwrap_err();
        let problem =
            "-: only one option can read the standard input, which --password-stdin reads";
        assert_eq!((failure.exit(), failure.message()), (Exit::Usage, problem));
        let mut owner = None;
        claim(&mut owner, "-").unwrap();
        assert!(claim(&mut owner, "-").is_err());
    }

    #[test]
    fn page_sizes_follow_the_limit() {
        let limits = |limit, all| Limits { limit, all };
        assert_eq!(limits(30, false).page_size(100), 30);
        assert_eq!(limits(500, false).page_size(100), 100);
        assert_eq!(limits(30, true).page_size(100), 100);
    }
}
