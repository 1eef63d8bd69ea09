//! The global options, and parsers of option values.

use std::cell::OnceCell;
use std::fmt::Display;
use std::io::{BufRead, Error, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use api_auth::http::Uri;
use api_auth::validate::no_control;
use api_auth::{Body, InputError};
use clap::{ArgAction, Args, ColorChoice, ValueHint};

use crate::context::Bodies;
use crate::exit::{Exit, Failure};
use crate::files::open_to_read;
use crate::json::{Json, repeated};
use crate::output::{Format, is_same_file};
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
    /// Write the output to this file, which is replaced atomically (`-` is standard output)
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
    /// Also trust the root certificates in this PEM file, such as those of a company proxy
    #[arg(long, global = true, value_name = "FILE")]
    pub ca_certificate: Option<PathBuf>,
    /// Timeout of each request, such as `10s`
    #[arg(long, global = true, value_name = "TIME", value_parser = positive_duration)]
    pub timeout: Option<Duration>,
    /// Maximum number of retries of a request; `0` for none
    #[arg(long, global = true, value_name = "N", value_parser = number::<u32>)]
    pub retries: Option<u32>,
    /// Maximum rate of requests, such as `5/s` or `60/m`
    #[arg(long, global = true, value_name = "RATE", value_parser = rate)]
    pub max_rate: Option<u32>,
    /// Maximum number of concurrent requests, for paged lists and commands that read a file
    #[arg(long, global = true, value_name = "N", default_value_t = 1, value_parser = jobs)]
    pub jobs: u16,
    /// Print one line per request attempt; `-vv` also prints requests and responses without secrets
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
    /// Send only read requests, and print the write request that would be sent; the results of
    /// reads are still written to --out, and their exchanges to --record
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Append each request and response to this file, without secrets and the known
    /// fields of personal data; free text is not masked
    #[arg(long, global = true, value_name = "FILE")]
    pub record: Option<PathBuf>,
}

/// The mark of an argument whose value can be empty, because the provider accepts an empty text:
/// `#[arg(value_hint = CAN_BE_EMPTY)]`. Empty values of all other arguments, and those that are only
/// whitespace, are errors. Shells do not complete the argument.
pub const CAN_BE_EMPTY: ValueHint = ValueHint::Other;

/// The options that limit the number of entries of a list.
#[derive(Debug, Clone, Args)]
pub struct Limits {
    /// Maximum number of entries
    #[arg(long, value_name = "N", default_value_t = 30, conflicts_with = "all",
          value_parser = positive::<usize>)]
    pub limit: usize,
    /// Show all entries
    #[arg(long)]
    pub all: bool,
}

impl Limits {
    /// No limit: all entries are shown.
    pub const NONE: Self = Self { limit: 0, all: true };

    /// Returns the maximum number of entries to show, which is `usize::MAX` with `--all`.
    pub fn most(&self) -> usize {
        if self.all { usize::MAX } else { self.limit }
    }

    /// Returns the number of entries to request per page. `most` is the maximum that the server
    /// accepts.
    pub fn page_size(&self, most: u32) -> u32 {
        u32::try_from(self.most()).unwrap_or(most).clamp(1, most)
    }
}

/// The ids of the options of [`Input`]. If one of these options is given, arguments whose values
/// the body can contain are no longer required.
pub const BODY_OPTIONS: [&str; 3] = ["input", "body_raw_field", "body_field"];

/// The options that supply a request body: a JSON file and single fields.
#[derive(Debug, Clone, Default, Args)]
pub struct Input {
    /// Read the JSON body from this file (`-` is standard input); arguments replace its fields
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
    /// The parsed content of the `--input` file. It is kept because standard input can be read
    /// only once.
    #[arg(skip)]
    file: OnceCell<Json>,
}

/// An argument that sets a member of the body: the path of the member, the name of the argument,
/// such as `--amount` or `ACCOUNT`, and the value. The value is `None` if the argument is not
/// given.
pub type Flag<'a> = (&'a str, &'a str, Option<Json>);

/// An argument that sets a member in the body of a typed request.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    path: &'a str,
    flag: &'a str,
    is_given: bool,
    is_required: bool,
    has_default: bool,
    replaced: Option<&'a str>,
}

impl<'a> Member<'a> {
    /// Creates a member of the body from its path and the name of its argument, such as `--amount`
    /// or `ACCOUNT`. `is_given` is whether the user has given the argument.
    pub fn new(path: &'a str, flag: &'a str, is_given: bool) -> Self {
        Self { path, flag, is_given, is_required: false, has_default: false, replaced: None }
    }

    /// Creates a member that the body must contain. If its argument is not given, the typed request
    /// contains a placeholder, which is not sent.
    pub fn required(path: &'a str, flag: &'a str, is_given: bool) -> Self {
        Self { is_required: true, ..Self::new(path, flag, is_given) }
    }

    /// Creates a member whose default value is sent if no argument, file or field sets it.
    pub fn with_default(path: &'a str, flag: &'a str, is_given: bool) -> Self {
        Self { has_default: true, ..Self::new(path, flag, is_given) }
    }

    /// Makes the argument replace everything that the `--input` file contains at `path`, such as a
    /// list whose only entry the arguments describe. The required members of that entry must then
    /// be given as well.
    #[must_use]
    pub fn replacing(self, path: &'a str) -> Self {
        Self { replaced: Some(path), ..self }
    }
}

impl Input {
    /// Returns whether `--input`, `-f` or `-F` is given.
    pub fn is_given(&self) -> bool {
        self.input.is_some() || !self.fields.is_empty() || !self.raw_fields.is_empty()
    }

    /// Returns the JSON object in the `--input` file, or an empty object if the option is not
    /// given.
    fn file(&self) -> Result<Json, Failure> {
        let Some(path) = &self.input else { return Ok(Json::Object(Vec::new())) };
        if let Some(body) = self.file.get() {
            return Ok(body.clone());
        }
        let failed = |problem: &dyn Display| {
            Failure::new(Exit::Usage, format!("--input {}: {problem}", path.display()))
        };
        let body = input_json(path)?;
        if !matches!(body, Json::Object(_)) {
            return Err(failed(&"must be a JSON object"));
        }
        Ok(self.file.get_or_init(|| body).clone())
    }

    /// Returns whether the `--input` file or a field sets the member at this path to a value other
    /// than `null` or an empty string.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or is not a JSON object.
    pub fn has_value(&self, path: &str) -> Result<bool, Failure> {
        if self.field_of(path).is_none() {
            return Ok(self.file()?.get(path).is_some_and(|value| !value.is_empty()));
        }
        // A part of the member may be null.
        let is_whole = |name: &str| {
            path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let is_null = |(name, value): &(String, String)| is_whole(name) && value == "null";
        let is_empty = |(name, value): &(String, String)| name == path && value.trim().is_empty();
        let mut fields = self.raw_fields.iter().chain(&self.fields);
        Ok(!self.fields.iter().any(is_null) && !fields.any(is_empty))
    }

    /// Checks that neither `-f` nor `-F` sets the member at `path`, which the argument `flag` sets.
    ///
    /// # Errors
    /// Returns an error that names the argument and the field.
    pub fn check_flag(&self, path: &str, flag: &str) -> Result<(), Failure> {
        let Some((option, name)) = self.field_of(path) else { return Ok(()) };
        let problem = format!(
            "{flag} and {option} {name} set the same member of the body; use only one of them"
        );
        Err(Failure::new(Exit::Usage, problem))
    }

    /// Returns the option (`-f` or `-F`) and the name of the first field that sets the member at
    /// `path`, a part of that member, or a member that contains it.
    fn field_of(&self, path: &str) -> Option<(&'static str, &str)> {
        let raw = self.raw_fields.iter().map(|(name, _)| ("-f", name.as_str()));
        let typed = self.fields.iter().map(|(name, _)| ("-F", name.as_str()));
        raw.chain(typed).find(|(_, name)| overlap(path, name))
    }

    /// Returns the request body: the JSON object in the `--input` file, in which first the values
    /// of `flags` and then those of the fields (`-f` and `-F`) are set.
    ///
    /// # Errors
    /// Returns an error if a file cannot be read or is not a JSON object, or if an argument and a
    /// field set the same member.
    pub fn body(&self, flags: &[Flag<'_>]) -> Result<Json, Failure> {
        self.fill(self.file()?, flags, Bodies::Json)
    }

    /// Returns the body to send instead of that of `request`, or `None` if neither a file nor a
    /// field is given. It contains, in this order, the constants and defaults of the request, the
    /// members of the file, the given arguments and the fields. Later values replace earlier ones.
    /// If there is a file, required members can be missing, because the server validates them. In
    /// an entry that arguments replace, they are still required.
    ///
    /// # Errors
    /// Returns the errors of [`body`](Self::body). Also returns an error if a required member is
    /// missing, or if `request` has no member for an argument that is given.
    pub fn body_of<'a>(
        &self,
        request: &Erased,
        members: &[Member<'a>],
    ) -> Result<Option<Json>, Failure> {
        if !self.is_given() {
            return Ok(None);
        }
        let bodies = match request.body()? {
            Body::Form(_) => Bodies::Form,
            _ => Bodies::Json,
        };
        let typed = json_body(request)?;
        let mut body = typed.clone();
        for member in members.iter().filter(|member| member.is_given || !member.has_default) {
            body.remove(member.path);
        }
        let mut file = self.file()?;
        let given = || members.iter().filter(|member| member.is_given);
        let replaced: Vec<&str> = given().filter_map(|member| member.replaced).collect();
        replaced.iter().for_each(|path| file.remove(path));
        body.merge(file);
        let flag = |member: &Member<'a>| {
            let Some(value) = typed.get(member.path) else {
                let problem = format!(
                    "{}: this request has no field {}; set it with -F",
                    member.flag, member.path
                );
                return Err(Failure::new(Exit::Usage, problem));
            };
            Ok((member.path, member.flag, Some(value.clone())))
        };
        let flags: Vec<Flag<'_>> = given().map(flag).collect::<Result<_, _>>()?;
        let body = self.fill(body, &flags, bodies)?;
        // The server validates the members of the file, but not those of the arguments instead.
        let is_checked = |member: &&Member<'_>| {
            let is_replaced = member.replaced.is_some_and(|path| replaced.contains(&path));
            self.input.is_none() || is_replaced || member.is_given
        };
        let checked = members.iter().filter(is_checked);
        let checked = checked.map(|member| (member.path, member.flag, member.is_required));
        self.check_members(&body, checked)?;
        Ok(Some(body))
    }

    /// Returns the body like [`body`](Self::body), and checks that it contains the members at the
    /// paths in `required`. If there is a file, these can be missing, because the server validates
    /// them.
    ///
    /// # Errors
    /// Returns the errors of [`body`](Self::body), and an error if a required member is missing.
    pub fn whole_body(&self, flags: &[Flag<'_>], required: &[&str]) -> Result<Json, Failure> {
        self.whole(flags, required, Bodies::Json)
    }

    /// Returns the body like [`whole_body`](Self::whole_body), for a request whose body is a form.
    /// The members of the body become the parameters of the form.
    ///
    /// # Errors
    /// Returns the errors of [`whole_body`](Self::whole_body).
    pub fn whole_form(&self, flags: &[Flag<'_>], required: &[&str]) -> Result<Json, Failure> {
        self.whole(flags, required, Bodies::Form)
    }

    fn whole(
        &self,
        flags: &[Flag<'_>],
        required: &[&str],
        bodies: Bodies,
    ) -> Result<Json, Failure> {
        let body = self.fill(self.file()?, flags, bodies)?;
        let is_checked = |(.., value): &&Flag<'_>| self.input.is_none() || value.is_some();
        let checked = flags.iter().filter(is_checked);
        let checked = checked.map(|(path, flag, _)| (*path, *flag, required.contains(path)));
        self.check_members(&body, checked)?;
        Ok(body)
    }

    /// Checks that required members are neither missing nor empty, and that amounts and quantities
    /// are positive. Each member is given by its path, the name of its argument, and whether it is
    /// required.
    fn check_members<'a>(
        &self,
        body: &Json,
        members: impl Iterator<Item = (&'a str, &'a str, bool)>,
    ) -> Result<(), Failure> {
        let mut missing = Vec::new();
        for (path, flag, is_required) in members {
            // An amount that is null or empty could mean the whole amount.
            let is_amount = path.ends_with("amount") || path.ends_with("quantity");
            let value = body.get(path).filter(|_| is_required || is_amount);
            let problem = match value {
                Some(value) if value.is_null() => "must not be null",
                Some(value) if value.is_empty() => "must not be empty",
                Some(Json::Other(number)) if is_amount && !is_positive(number) => {
                    "must be more than 0"
                }
                None if is_required => {
                    missing.push(flag);
                    continue;
                }
                _ => continue,
            };
            let problem = match self.field_of(path) {
                Some((option, name)) => format!("{option} {name}: {problem}"),
                None => format!("{flag}: {problem}"),
            };
            return Err(Failure::new(Exit::Usage, problem));
        }
        if missing.is_empty() {
            return Ok(());
        }
        let them = if missing.len() == 1 { "it as an argument" } else { "them as arguments" };
        let missing = listed(&missing, "and");
        let problem =
            format!("missing {missing}; pass {them}, or in the body with -f, -F or --input FILE");
        Err(Failure::new(Exit::Usage, problem))
    }

    /// Sets members of a body: first the values of `flags`, then the fields (`-f` and `-F`).
    /// Returns the body.
    fn fill(&self, mut body: Json, flags: &[Flag<'_>], bodies: Bodies) -> Result<Json, Failure> {
        let fields = self.raw_fields.iter().chain(&self.fields);
        check_repeated(fields.map(|(name, _)| name.as_str()))?;
        for (path, flag, value) in flags {
            if let Some(value) = value {
                self.check_flag(path, flag)?;
                set(&mut body, path, value.clone())?;
            }
        }
        for (path, value) in &self.raw_fields {
            set(&mut body, path, Json::Text(value.clone()))?;
        }
        for (path, value) in &self.fields {
            set(&mut body, path, field(path, value, bodies)?)?;
        }
        Ok(body)
    }
}

/// Returns the names as a list in a sentence, with `word` before the last one, such as
/// `ID, NAME and AMOUNT`.
pub(crate) fn listed(names: &[&str], word: &str) -> String {
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => {
            format!("{} {word} {last}", others.join(", "))
        }
        _ => names.concat(),
    }
}

/// Returns whether a JSON value that is not a string is a number greater than 0.
fn is_positive(value: &str) -> bool {
    let digits = value.split(['e', 'E']).next().unwrap_or_default();
    !digits.starts_with('-') && digits.contains(|digit| matches!(digit, '1'..='9'))
}

/// Returns whether two paths are equal or one is the beginning of the other, such as `payer` and
/// `payer.email`.
fn overlap(path: &str, other: &str) -> bool {
    path.split('.').zip(other.split('.')).all(|(one, other)| one == other)
}

/// Checks that no two of these fields set the same member of a body, and that no field sets a part
/// of a member that another field sets.
///
/// # Errors
/// Returns an error that names the member.
pub(crate) fn check_repeated<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), Failure> {
    match repeated(names, overlap) {
        Some(name) => {
            let problem = format!("{name}: -f and -F set this field of the body more than once");
            Err(Failure::new(Exit::Usage, problem))
        }
        None => Ok(()),
    }
}

/// Reads and parses the JSON file that is given with `--input`.
///
/// # Errors
/// Returns an error if the file cannot be read, is not JSON, or contains a name twice in one
/// object.
pub(crate) fn input_json(path: &Path) -> Result<Json, Failure> {
    let failed = |problem: &dyn Display| {
        Failure::new(Exit::Usage, format!("--input {}: {problem}", path.display()))
    };
    let json = Json::parse(&read("--input", path)?)
        .map_err(|error| failed(&format!("not JSON: {error}")))?;
    match json.repeated() {
        None => Ok(json),
        Some(name) => Err(failed(&format!("`{name}` occurs twice in one object"))),
    }
}

/// Sets the value at a path of a body, such as `payer.email`.
///
/// # Errors
/// Returns an error that names the path; see [`Json::set`].
pub fn set(body: &mut Json, path: &str, value: Json) -> Result<(), Failure> {
    body.set(path, value).map_err(|problem| Failure::new(Exit::Usage, problem))
}

/// Checks that a body does not contain the member at `path`, which cannot be combined with the
/// argument `flag`.
///
/// # Errors
/// Returns an error that names the argument and the member.
pub fn check_excluded(body: Option<&Json>, flag: &str, path: &str) -> Result<(), Failure> {
    match body.and_then(|body| body.get(path)) {
        Some(value) if !value.is_null() => {
            let problem =
                format!("{flag} and the field {path} of the body conflict; use only one of them");
            Err(Failure::new(Exit::Usage, problem))
        }
        _ => Ok(()),
    }
}

/// Returns the value of an option as a JSON string, or `None` if the option is not given.
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

/// Returns the value of the field `name`: for `@FILE`, the text of the file; otherwise, the JSON
/// value that [`Json::typed`] returns. `bodies` is the format in which the value is sent.
/// [`Bodies::Form`] also stands for the path and the query, because none of the three has typed
/// values.
///
/// # Errors
/// Returns an error if the file cannot be read, or if the value is sent as JSON and looks like a
/// number, `true`, `false` or `null`, but is not valid JSON, such as `7,50` or `True`.
pub(crate) fn field(name: &str, value: &str, bodies: Bodies) -> Result<Json, Failure> {
    if let Some(path) = value.strip_prefix('@') {
        return Ok(Json::Text(read(&format!("-F {name}=@"), Path::new(path))?));
    }
    match Json::typed(value) {
        Json::Text(text) if bodies == Bodies::Json && is_mistyped(&text) => {
            // The value may be a secret.
            let problem = format!(
                "-F {name}: the value looks like a number, true, false or null, but is not valid \
                 JSON; write a number like 12.34, and true, false and null in lower case, or use -f \
                 to send the value as a string"
            );
            Err(Failure::new(Exit::Usage, problem))
        }
        value => Ok(value),
    }
}

/// Returns whether a string was probably meant as a number, such as `7,50`, or as `true`, `false`
/// or `null`. Returns `false` for an IP address, which is meant as a string.
fn is_mistyped(text: &str) -> bool {
    let text = text.trim();
    let is_word = ["true", "false", "null"].iter().any(|word| text.eq_ignore_ascii_case(word));
    let digits = text.trim_start_matches(['+', '-', '.', ',']);
    let is_part = |byte: u8| byte.is_ascii_digit() || b".,_' ".contains(&byte);
    let is_number = digits.starts_with(|char: char| char.is_ascii_digit())
        && digits.bytes().all(is_part)
        && digits.matches('.').count() < 3;
    is_word || is_number
}

/// The name under which `--env-file -` reserves standard input.
pub(crate) const ENV_FILE: &str = "--env-file -";

/// The option that has reserved standard input, such as `--input -`, or `None`.
static STDIN: Mutex<Option<String>> = Mutex::new(None);

/// Reserves standard input for an option, so that no other option reads it as well. An option that
/// reads single lines, such as `--password-stdin`, can reserve it repeatedly.
///
/// # Errors
/// Returns a failure with [`Exit::Usage`] if another option has already reserved standard input.
pub fn claim_stdin(option: &str) -> Result<(), Failure> {
    // Standard input may be redirected from a file that another option writes.
    #[cfg(unix)]
    check_read(option, Path::new("/dev/stdin"))?;
    let mut owner = STDIN.lock().unwrap_or_else(PoisonError::into_inner);
    claim(&mut owner, option)
}

fn claim(owner: &mut Option<String>, option: &str) -> Result<(), Failure> {
    match owner {
        Some(owner) if owner != option || option.ends_with('-') => {
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

/// The files that the program writes, each preceded by its option, `--out` or `--record`.
static WRITTEN: OnceLock<Vec<(&'static str, PathBuf)>> = OnceLock::new();

/// Records which files `--out` and `--record` write, so that [`check_read`] can reject a file that
/// is also read. Removes `--out -` and `--out /dev/stdout`, which are standard output: a file to
/// which it is redirected must be neither truncated nor replaced.
///
/// # Errors
/// Returns a failure with [`Exit::Usage`] if both options name the same file, or for `--record -`.
pub(crate) fn claim_written(global: &mut Global) -> Result<(), Failure> {
    const STREAMS: [&str; 4] = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
    let is_stream = |path: &mut PathBuf| STREAMS.iter().any(|name| *path == Path::new(name));
    global.out.take_if(is_stream);
    if global.record.as_mut().is_some_and(is_stream) {
        let problem = "--record: must be the path of a file, not standard output";
        return Err(Failure::new(Exit::Usage, problem));
    }
    if let (Some(out), Some(record)) = (&global.out, &global.record)
        && is_same_file(out, record)
    {
        return Err(same_file("--out", "--record", record));
    }
    let written = [("--out", &global.out), ("--record", &global.record)];
    let written = written.into_iter().filter_map(|(option, file)| Some((option, file.clone()?)));
    let _ = WRITTEN.set(written.collect());
    Ok(())
}

/// Checks that the file at `path`, which the program reads, is not one that `--out` or `--record`
/// writes. `option` is the option or content that the message names, such as `--input`.
///
/// # Errors
/// Returns a failure with [`Exit::Usage`] if `--out` or `--record` writes the same file.
pub fn check_read(option: &str, path: &Path) -> Result<(), Failure> {
    let mut written = WRITTEN.get().into_iter().flatten();
    match written.find(|(_, file)| is_same_file(file, path)) {
        Some((written, _)) => Err(same_file(written, option, path)),
        None => Ok(()),
    }
}

fn same_file(written: &str, option: &str, path: &Path) -> Failure {
    let path = path.display();
    let problem =
        format!("{written}: must not be the same file as {option} ({path}); use another file");
    Failure::new(Exit::Usage, problem)
}

/// Reads a file, or standard input if the path is `-`. `option` is the name of the option or
/// argument whose value is the path.
///
/// # Errors
/// Returns an error that names the file, or that of [`check_read`] or [`claim_stdin`].
pub fn read_bytes(option: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    match path == Path::new("-") {
        true => claim_stdin(&format!("{option} -"))?,
        false => check_read(option, path)?,
    }
    contents(option, path).map_err(|error| Failure::file(path, &error))
}

/// Reads a whole file, or standard input if the path is `-`.
fn contents(option: &str, path: &Path) -> std::io::Result<Vec<u8>> {
    match path == Path::new("-") {
        true => limited(&mut std::io::stdin()),
        false => limited(&mut open_to_read(option, path)?),
    }
}

/// Reads all of `source`.
///
/// # Errors
/// Returns an error if it is larger than 64 MiB, such as the endless device `/dev/zero`.
pub(crate) fn limited(source: &mut dyn Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MOST + 1).read_to_end(&mut bytes)?;
    not_larger(bytes)
}

/// Reads a line, with its line end if it has one.
///
/// # Errors
/// Returns an error if it is larger than 64 MiB.
pub(crate) fn limited_line(source: &mut dyn BufRead) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MOST + 1).read_until(b'\n', &mut bytes)?;
    not_larger(bytes)
}

/// The maximum number of bytes that are read from a file or from standard input.
const MOST: u64 = 64 << 20;

fn not_larger(bytes: Vec<u8>) -> std::io::Result<Vec<u8>> {
    match bytes.len() as u64 <= MOST {
        true => Ok(bytes),
        false => Err(Error::other("is larger than 64 MiB")),
    }
}

/// Reads a text file, or standard input if the path is `-`. For messages, `option` is the
/// option that contains the path, such as `--input`, or a name for the content, such as
/// `the cookie`.
///
/// # Errors
/// Returns an error that names the file. Returns a failure with [`Exit::Usage`] if another option
/// reads standard input, or writes the file.
pub fn read(option: &str, path: &Path) -> Result<String, Failure> {
    if path == Path::new("-") {
        match option.starts_with('-') {
            true if option.ends_with('@') => claim_stdin(&format!("{option}-"))?,
            true => claim_stdin(&format!("{option} -"))?,
            false => claim_stdin(option)?,
        }
    }
    read_claimed(option, path)
}

/// Reads a text file, or standard input if the path is `-`. In the latter case, the caller must
/// already have reserved standard input with [`claim_stdin`].
pub(crate) fn read_claimed(option: &str, path: &Path) -> Result<String, Failure> {
    if path != Path::new("-") {
        check_read(option, path)?;
    }
    let bytes = contents(option, path).map_err(|error| Failure::file(path, &error))?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let valid = String::from_utf8_lossy(error.as_bytes().get(..valid).unwrap_or_default());
        let (line, column) =
            (valid.matches('\n').count() + 1, valid.chars().rev().take_while(|char| *char != '\n'));
        let place = format!("line {line}, column {}", column.count() + 1);
        // The file of the credentials is part of the configuration.
        let exit = if option == "--env-file" { Exit::Local } else { Exit::Usage };
        Failure::new(exit, format!("{}: {place}: is not UTF-8", path.display()))
    })
}

/// Returns a line that the user typed or that was read from standard input, without its line end.
/// `name` is the option or the prompt, for messages, which do not contain the line.
///
/// # Errors
/// Returns a failure with [`Exit::Usage`] if the line is not UTF-8, or contains control characters.
pub(crate) fn typed_line(name: &str, line: std::io::Result<Vec<u8>>) -> Result<String, Failure> {
    let usage = |problem: String| Failure::new(Exit::Usage, problem);
    let not_utf8 = || usage(format!("{name}: is not UTF-8"));
    let line = line.map_err(|error| match error.kind() {
        ErrorKind::InvalidData => not_utf8(),
        _ => Failure::new(Exit::Local, format!("{name}: {error}")),
    })?;
    let line = String::from_utf8(line).map_err(|_| not_utf8())?;
    // Some programs of Windows begin a text with a mark.
    let line = line.strip_prefix('\u{feff}').unwrap_or(&line);
    let line = line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line));
    no_control(name.to_owned(), line).map_err(|error| usage(error.to_string()))?;
    Ok(line.to_owned())
}

/// Parses `NAME=VALUE`, such as `payer.name=Ann`. The value may be empty.
///
/// # Errors
/// Returns an error if there is no `=`, or if the name is empty.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("must be NAME=VALUE".to_owned()),
    }
}

/// Parses `NAME=AMOUNT`, such as `SOUP=1.5`.
///
/// # Errors
/// Returns an error if there is no `=`, if the name is empty, or if the amount is invalid.
pub fn amount_of<T: FromStr<Err = InputError>>(text: &str) -> Result<(String, T), String> {
    let (name, amount) =
        pair(text).map_err(|_| "must be a name, an equals sign and an amount, such as SOUP=1.5")?;
    Ok((name, value(&amount)?))
}

/// Parses a value with the [`FromStr`] implementation of its type. The name of the argument is
/// removed from the message of an error, because the message of `clap` already names the
/// argument and quotes its value.
///
/// # Errors
/// Returns the message of the type's error without the name of the argument.
pub fn value<T: FromStr<Err = InputError>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: InputError| {
        let message = error.to_string();
        let problem = message.strip_prefix(error.argument()).unwrap_or(&message);
        problem.trim_start_matches([':', ',', ' ']).to_owned()
    })
}

/// Parses a whole number.
///
/// # Errors
/// Returns an error for any other string, and for a number that the type cannot represent.
pub fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| match is_whole(text) {
        true => "is too large".to_owned(),
        false => "must be a whole number".to_owned(),
    })
}

/// Parses a whole number that is not zero.
///
/// # Errors
/// Returns an error for any other string, and for a number that the type cannot represent.
pub fn positive<T: FromStr + PartialOrd + From<u8>>(text: &str) -> Result<T, String> {
    let number: Option<T> = text.parse().ok();
    number.filter(|number| *number > T::from(0)).ok_or_else(|| {
        let is_zero = text.bytes().all(|byte| byte == b'0');
        match is_whole(text) && !is_zero {
            true => "is too large".to_owned(),
            false => "must be a whole number of at least 1".to_owned(),
        }
    })
}

fn is_whole(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Parses the value of `--jobs`, a number from 1 to 64.
fn jobs(text: &str) -> Result<u16, String> {
    let number = text.parse().ok().filter(|number| (1..=64).contains(number));
    number.ok_or_else(|| "must be a whole number from 1 to 64".to_owned())
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
        .ok_or_else(|| {
            "must be a whole number followed by ms, s, m, h or d, such as 30s".to_owned()
        })
}

/// Parses a URL of an HTTP server.
///
/// # Errors
/// Returns an error if the text is not a URL, if its scheme is neither `http` nor `https`, or if it
/// contains no host.
pub fn http_url(text: &str) -> Result<Uri, String> {
    let url: Uri = text.parse().map_err(|_| "must be a URL".to_owned())?;
    match url.scheme_str() {
        Some("http" | "https") if url.host().is_some_and(|host| !host.is_empty()) => Ok(url),
        _ => Err("must begin with http:// or https:// and contain a host".to_owned()),
    }
}

/// Parses a duration as [`duration`] does, and rejects zero.
///
/// # Errors
/// Returns an error for zero, and for any string that is not a duration.
pub fn positive_duration(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time.is_zero() { Err("must be more than 0".to_owned()) } else { Ok(time) }
}

/// Parses a rate such as `5/s` or `120/m`. Returns the number of requests per second.
///
/// # Errors
/// Returns an error for any other string, and for a rate that is not a whole number of requests per
/// second.
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
    use api_auth::Endpoint;

    use super::*;
    use crate::test_folder::TestFolder;

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
        assert_eq!(positive::<u64>("1"), Ok(1));
        for text in ["0", "00", "-1", "", "x", "1.5"] {
            let problem = Err("must be a whole number of at least 1".to_owned());
            assert_eq!(positive::<i64>(text), problem, "{text:?}");
        }
        for text in ["99999999999999999999", "70000"] {
            assert_eq!(positive::<u16>(text), Err("is too large".to_owned()));
            assert_eq!(number::<u16>(text), Err("is too large".to_owned()));
        }
        assert_eq!(number::<i64>("-5"), Ok(-5));
        assert_eq!(number::<u32>("-5"), Err("must be a whole number".to_owned()));
    }

    #[test]
    fn problems_of_values_do_not_name_the_argument() {
        struct Parsed;
        impl FromStr for Parsed {
            type Err = InputError;

            fn from_str(text: &str) -> Result<Self, InputError> {
                let error = InputError::new("amount", "must be: a number");
                Err(if text.is_empty() { error } else { error.at_byte(3) })
            }
        }
        assert_eq!(value::<Parsed>("").err().unwrap(), "must be: a number");
        assert_eq!(value::<Parsed>("x").err().unwrap(), "at byte 3: must be: a number");
    }

    #[test]
    fn rates_are_requests_in_a_second() {
        assert_eq!((rate("5/s"), rate("120/m")), (Ok(5), Ok(2)));
        for text in ["", "5", "0/s", "-1/s", "1.5/s", "50/m", "5/h", "/s"] {
            assert!(rate(text).is_err(), "{text:?}");
        }
    }

    /// A file with this text, in a folder of its own.
    fn file(text: &str) -> (TestFolder, PathBuf) {
        let folder = TestFolder::new();
        let path = folder.join("body");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    fn fields(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn bodies_are_merged_in_order() {
        let (_folder, path) = file(r#"{"a":1,"b":{"c":2}}"#);
        let input = || Input {
            input: Some(path.clone()),
            fields: fields(&[("b.d", "1.50"), ("e", "x")]),
            raw_fields: fields(&[("f", "7")]),
            ..Input::default()
        };
        let flags = [("a", "--a", Some(Json::typed("7"))), ("g", "--g", None)];
        let body = input().body(&flags).unwrap();
        assert_eq!(body.to_string(), r#"{"a":7,"b":{"c":2,"d":1.50},"f":"7","e":"x"}"#);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(input().body(&[]).unwrap_err().exit(), Exit::Local);
    }

    #[test]
    fn members_of_a_file_are_not_repeated() {
        for text in [
            r#"{"amount":5,"a":1,"amount":6}"#,
            r#"{"list":[{"amount":5,"amount":5}]}"#,
            r#"{"a":{"b":[0,{"amount":5,"amount":null}]}}"#,
        ] {
            let (_folder, path) = file(text);
            let input = Input { input: Some(path.clone()), ..Input::default() };
            let flags: [Flag<'_>; 1] = [("amount", "--amount", Some(Json::typed("7")))];
            let failure = input.body(&flags).unwrap_err();
            let problem =
                format!("--input {}: `amount` occurs twice in one object", path.display());
            assert_eq!((failure.exit(), failure.message()), (Exit::Usage, &*problem), "{text}");
        }
    }

    #[test]
    fn text_of_a_file_is_utf_8_and_not_endless() {
        let (_folder, path) = file("");
        std::fs::write(&path, b"a\n\xc5\x82b\xff").unwrap();
        for (option, exit) in [("--file", Exit::Usage), ("--env-file", Exit::Local)] {
            let failure = read_claimed(option, &path).unwrap_err();
            let problem = format!("{}: line 2, column 3: is not UTF-8", path.display());
            assert_eq!((failure.exit(), failure.message()), (exit, &*problem));
        }
        let largest = 64 << 20;
        assert_eq!(limited(&mut std::io::repeat(0).take(largest)).unwrap().len(), 64 << 20);
        assert!(limited(&mut std::io::repeat(0).take(largest + 1)).is_err());
        let line = |source: &mut dyn Read| limited_line(&mut std::io::BufReader::new(source));
        assert_eq!(line(&mut std::io::repeat(0).take(largest)).unwrap().len(), 64 << 20);
        let failure = line(&mut std::io::repeat(0)).unwrap_err();
        assert_eq!(failure.to_string(), "is larger than 64 MiB");
        assert_eq!(line(&mut &b"a\nb\n"[..]).unwrap(), b"a\n");
        #[cfg(unix)]
        for failure in [
            read_bytes("FILE", Path::new("/dev/zero")).err(),
            read_claimed("--input", Path::new("/dev/zero")).err(),
        ] {
            assert_eq!(failure.unwrap().message(), "/dev/zero: is larger than 64 MiB");
        }
    }

    #[test]
    fn typed_lines_lose_only_their_line_end() {
        let line = |bytes: &[u8]| typed_line("--code-stdin", Ok(bytes.to_vec()));
        for (bytes, expected) in [
            (&b"7"[..], "7"),
            (b" a b \n", " a b "),
            (b"\xef\xbb\xbf7\r\n", "7"),
            (b"", ""),
            (b"\n", ""),
        ] {
            assert_eq!(line(bytes).unwrap(), expected);
        }
        let problem = |problem: &str| format!("--code-stdin: {problem}");
        let control = problem("must not contain control characters, such as line breaks or tabs");
        let not_utf8 = problem("is not UTF-8");
        for (bytes, expected) in [
            (&b"7\0"[..], &control),
            (b"\x1b7\n", &control),
            (b"7\t\n", &control),
            (b"7\n\n", &control),
            (b"7\r", &control),
            (b"\xff\n", &not_utf8),
        ] {
            let failure = line(bytes).unwrap_err();
            assert_eq!((failure.exit(), failure.message()), (Exit::Usage, &**expected));
        }
        let failure = typed_line("code", Err(ErrorKind::InvalidData.into())).unwrap_err();
        assert_eq!((failure.exit(), failure.message()), (Exit::Usage, "code: is not UTF-8"));
        let failure = typed_line("code", Err(ErrorKind::UnexpectedEof.into())).unwrap_err();
        assert_eq!(failure.exit(), Exit::Local);
    }

    #[test]
    fn body_of_a_file_is_an_object() {
        for text in ["[]", "[{}]", "\"x\"", "null", "7", "true"] {
            let (_folder, path) = file(text);
            let input = Input { input: Some(path.clone()), ..Input::default() };
            let problem = format!("--input {}: must be a JSON object", path.display());
            for failure in [input.body(&[]).err(), input.has_value("x").err()] {
                let failure = failure.unwrap();
                assert_eq!((failure.exit(), failure.message()), (Exit::Usage, &*problem), "{text}");
            }
        }
    }

    #[test]
    fn flag_and_field_of_one_member_are_an_error_that_names_both() {
        let input = Input {
            fields: fields(&[("payer", "x"), ("list.0.id", "1")]),
            raw_fields: fields(&[("amount", "7")]),
            ..Input::default()
        };
        for (path, flag, named) in [
            ("amount", "--amount", "--amount and -f amount set"),
            ("payer.name", "NAME", "NAME and -F payer set"),
            ("list", "--entry", "--entry and -F list.0.id set"),
        ] {
            let failure = input.body(&[(path, flag, Some(Json::typed("1")))]).unwrap_err();
            assert_eq!(failure.exit(), Exit::Usage);
            assert!(failure.message().starts_with(named), "{failure}");
            assert!(input.has_value(path).unwrap());
        }
        // A part that is null is a part.
        let card = |path: &str, value: &str| {
            let raw_fields = fields(&[("card.number", "7")]);
            let input = Input { raw_fields, fields: fields(&[(path, value)]), ..Input::default() };
            ["card", "card.number", path].map(|path| input.has_value(path).unwrap())
        };
        assert_eq!(card("card.save", "null"), [true, true, false]);
        assert_eq!(card("card.numbers", "null"), [true, true, false]);
        assert_eq!(card("card.save", "1"), [true, true, true]);
        for path in ["amounts", "list.1.id", "name"] {
            input.check_flag(path, "--x").unwrap();
            assert!(!input.has_value(path).unwrap(), "{path}");
        }
    }

    #[test]
    fn body_of_a_request_has_its_constants_the_file_the_arguments_and_the_fields() {
        /// A request with a constant, and with one argument in a list.
        struct Book(&'static str);
        impl Endpoint for Book {
            type Output = ();
            const ID: &'static str = "book";
            const ROUTE: api_auth::Route<Self> = api_auth::Route::<Self>::post("/");

            fn body(&self) -> Result<Body<'_>, InputError> {
                let body = r#"{"kind":2,"unit":"day","list":[{"id":"ID","count":5}]}"#;
                Ok(Body::Json(body.replace("ID", self.0).into_bytes()))
            }

            fn parse(&self, _: &api_auth::Response) -> Result<(), api_auth::ResponseError> {
                Ok(())
            }
        }
        let body = |input: &Input, id: bool, count: bool, unit: bool| {
            let members = [
                Member::required("list.0.id", "ID", id),
                Member::new("list.0.count", "--count", count),
                Member::with_default("unit", "--unit", unit),
            ];
            let body = input.body_of(&Book("a"), &members);
            body.map(|body| body.map(|body| body.to_string())).map_err(|failure| {
                assert_eq!(failure.exit(), Exit::Usage);
                failure.message().to_owned()
            })
        };
        let none = Input::default();
        assert_eq!(body(&none, true, true, true), Ok(None));
        let field = Input { fields: fields(&[("x", "1")]), ..Input::default() };
        let whole = r#"{"kind":2,"list":[{"id":"a","count":5}],"unit":"day","x":1}"#;
        assert_eq!(body(&field, true, true, true), Ok(Some(whole.to_owned())));
        let part = r#"{"kind":2,"unit":"day","list":[{"id":"a"}],"x":1}"#;
        assert_eq!(body(&field, true, false, false), Ok(Some(part.to_owned())));
        // An argument is not lost if the request has no such member.
        let lost = [Member::new("list.0.model", "--model", true)];
        let failure = field.body_of(&Book("a"), &lost).unwrap_err();
        let problem = "--model: this request has no field list.0.model; set it with -F";
        assert_eq!((failure.exit(), failure.message()), (Exit::Usage, problem));
        let missing =
            "missing ID; pass it as an argument, or in the body with -f, -F or --input FILE";
        assert_eq!(body(&field, false, true, true), Err(missing.to_owned()));
        let (_folder, path) = file(r#"{"kind":3,"unit":"week","list":[{"id":"b","count":1}]}"#);
        let input = Input { input: Some(path.clone()), ..Input::default() };
        let of_file = r#"{"kind":3,"unit":"week","list":[{"id":"b","count":1}]}"#;
        assert_eq!(body(&input, false, false, false), Ok(Some(of_file.to_owned())));
        let replaced = r#"{"kind":3,"unit":"day","list":[{"id":"b","count":5}]}"#;
        assert_eq!(body(&input, false, true, true), Ok(Some(replaced.to_owned())));
        std::fs::write(&path, "{}").unwrap();
        let empty = Input { input: Some(path), ..Input::default() };
        let constant = r#"{"kind":2,"unit":"day"}"#;
        assert_eq!(body(&empty, false, false, false), Ok(Some(constant.to_owned())));
    }

    #[test]
    fn required_members_are_not_empty_and_amounts_are_positive() {
        let flags = |description: &str| -> [Flag<'static>; 2] {
            let text = Json::Text(description.to_owned());
            [("amount", "--amount", None), ("text", "--description", Some(text))]
        };
        let required = ["amount", "text"];
        for (value, problem) in [
            ("null", "-F amount: must not be null"),
            ("", "-F amount: must not be empty"),
            ("0", "-F amount: must be more than 0"),
            ("0.00e5", "-F amount: must be more than 0"),
            ("-1", "-F amount: must be more than 0"),
            ("true", "-F amount: must be more than 0"),
        ] {
            let input = Input { fields: fields(&[("amount", value)]), ..Input::default() };
            let failure = input.whole_body(&flags("x"), &required).unwrap_err();
            assert_eq!((failure.exit(), failure.message()), (Exit::Usage, problem));
        }
        let input = Input { fields: fields(&[("amount", "0.01")]), ..Input::default() };
        input.whole_body(&flags("x"), &required).unwrap();
        let failure = input.whole_body(&flags(" "), &required).unwrap_err();
        assert_eq!(failure.message(), "--description: must not be empty");
        let raw_fields = fields(&[("password", " ")]);
        let input = Input { raw_fields, fields: fields(&[("a", "null")]), ..Input::default() };
        for path in ["password", "a", "a.b"] {
            assert!(!input.has_value(path).unwrap(), "{path}");
        }
    }

    #[test]
    fn values_that_only_look_like_numbers_are_rejected() {
        for value in ["7,50", "+5", ".5", "5.", "007", "1 000", "1_000", "-1.234,5", "True", "NULL"]
        {
            let failure = field("a", value, Bodies::Json).unwrap_err();
            assert_eq!(failure.exit(), Exit::Usage, "{value}");
            assert!(!failure.message().contains(value), "{failure}");
            // Forms have no types.
            let text = Json::Text(value.to_owned());
            assert_eq!(field("a", value, Bodies::Form).unwrap(), text);
            let input = Input { fields: fields(&[("a", value)]), ..Input::default() };
            let form = input.whole_form(&[], &[]).unwrap();
            assert_eq!(form, Json::Object(vec![("a".to_owned(), text)]));
            assert_eq!(input.whole_body(&[], &[]).unwrap_err().exit(), Exit::Usage);
        }
        for value in ["192.0.2.7", "2026-12-24", "12.34 PLN", "1A", "-", "", "x,5", "truely"] {
            assert_eq!(field("a", value, Bodies::Json).unwrap(), Json::Text(value.to_owned()));
        }
        for value in ["7.50", "-5", "1e3", "true", "null"] {
            assert_eq!(field("a", value, Bodies::Json).unwrap(), Json::Other(value.to_owned()));
        }
    }

    #[test]
    fn standard_input_has_one_reader() {
        let mut owner = None;
        claim(&mut owner, "--password-stdin").unwrap();
        claim(&mut owner, "--password-stdin").unwrap();
        let failure = claim(&mut owner, "--input -").unwrap_err();
        let problem = "--input -: only one option can read the standard input, which \
                       --password-stdin reads";
        assert_eq!((failure.exit(), failure.message()), (Exit::Usage, problem));
        let mut owner = None;
        claim(&mut owner, "-F a=@-").unwrap();
        assert!(claim(&mut owner, "-F a=@-").is_err());
    }

    #[test]
    fn two_fields_of_one_member_are_an_error() {
        for (raw_fields, typed) in [
            (&[("a.b", "1"), ("a.b", "2")][..], &[][..]),
            (&[("a.b", "1")], &[("a.b", "2")]),
            (&[], &[("a.b", "1"), ("c", "x"), ("a.b", "1")]),
        ] {
            let raw_fields = fields(raw_fields);
            let input = Input { raw_fields, fields: fields(typed), ..Input::default() };
            let failure = input.body(&[]).unwrap_err();
            let problem = "a.b: -f and -F set this field of the body more than once";
            assert_eq!((failure.exit(), failure.message()), (Exit::Usage, problem));
        }
        let whole = fields(&[("a", "null")]);
        let input =
            Input { raw_fields: fields(&[("a.b", "1")]), fields: whole, ..Input::default() };
        let failure = input.body(&[]).unwrap_err();
        assert!(failure.message().starts_with("a: -f and -F set"), "{failure}");
        let input = Input { fields: fields(&[("l.0", "1"), ("l.1", "1")]), ..Input::default() };
        assert_eq!(input.body(&[]).unwrap().to_string(), r#"{"l":[1,1]}"#);
    }

    #[test]
    fn page_sizes_follow_the_limit() {
        let limits = |limit, all| Limits { limit, all };
        assert_eq!(limits(30, false).page_size(100), 30);
        assert_eq!(limits(500, false).page_size(100), 100);
        assert_eq!(limits(30, true).page_size(100), 100);
    }
}
