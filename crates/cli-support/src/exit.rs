//! Exit statuses, and the failure of a command.

use std::fmt;
use std::io;

use api_auth::{
    Delivery, Error, ErrorKind, InputError, StatusCode, TransportError, TransportErrorKind,
};

use crate::json::Json;
use crate::output::printable;

/// The description of the exit statuses, for the help and the manual page.
pub const EXIT_STATUSES: &str = "\
Exit status:
    0  success, or the answer is yes
    1  the answer is no: failed check, declined payment, message not genuine
    2  invalid arguments; nothing was changed
    3  credentials are missing or were rejected
    4  not found
    5  no response, or a failure of the server; safe to repeat
    6  a write may have been carried out: check before you repeat it
    7  too many requests
    8  the server rejected the request
    9  the response was not understood
   10  a local failure: a file, the disk, a hook, the configuration
   11  several operations, of which at least one failed
128+N  terminated by signal N: 129 (HUP), 130 (INT, Ctrl-C), 131 (QUIT), 143 (TERM)";

/// An exit status of a program. Each status has the same meaning in all programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exit {
    /// The command succeeded, or the result of a check is yes.
    Done = 0,
    /// The result is no: a check failed, a payment was declined, or a message is not genuine.
    No = 1,
    /// The arguments are invalid, or a value that was read for one of them from standard input, a
    /// prompt or a file. Nothing was sent, unless only the response showed that a field of `--fields`
    /// does not exist.
    Usage = 2,
    /// Credentials are missing or were rejected.
    Credentials = 3,
    /// The requested record does not exist.
    NotFound = 4,
    /// There was no response, or the server failed. The command can be repeated.
    Unavailable = 5,
    /// A write request may have been carried out. Its outcome is unknown.
    Unknown = 6,
    /// The server rejected the request because there were too many requests.
    RateLimited = 7,
    /// The server rejected the request for a reason that no other status describes.
    Rejected = 8,
    /// The response could not be parsed.
    NotUnderstood = 9,
    /// A local failure, such as an unreadable file, a full disk or an invalid configuration: a
    /// setting of an environment file, a profile or the environment that cannot be used.
    Local = 10,
    /// Some operations of a command succeeded and some failed, or all failed with different exit
    /// statuses.
    Partial = 11,
    /// The program was terminated by a signal. Shells and [`Failure::json`] report 128 plus the
    /// number of the signal, such as 130 for Ctrl-C.
    Interrupted = 130,
}

impl Exit {
    /// Returns the exit status of a command with `count` operations. `failed` contains the exit
    /// status of each failed operation. The result is [`Exit::Done`] if none failed, their common
    /// status if all `count` operations failed with the same one, and otherwise [`Exit::Partial`].
    pub fn of_all(count: usize, failed: impl IntoIterator<Item = Self>) -> Self {
        let mut failed = failed.into_iter();
        let Some(first) = failed.next() else { return Self::Done };
        let (number, is_same) = failed
            .fold((1, true), |(number, is_same), exit| (number + 1, is_same && exit == first));
        if is_same && number >= count { first } else { Self::Partial }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::No => "no",
            Self::Usage => "usage",
            Self::Credentials => "credentials",
            Self::NotFound => "not_found",
            Self::Unavailable => "unavailable",
            Self::Unknown => "outcome_unknown",
            Self::RateLimited => "rate_limited",
            Self::Rejected => "rejected",
            Self::NotUnderstood => "not_understood",
            Self::Local => "local",
            Self::Partial => "partial",
            Self::Interrupted => "interrupted",
        }
    }

    fn hint(self) -> Option<&'static str> {
        match self {
            Self::Credentials => {
                Some("run `{program} auth status` to see which credentials are used")
            }
            Self::Unknown => {
                Some("the change may have been made: check before you repeat the command")
            }
            Self::NotUnderstood => {
                Some("run it again with --record FILE, and attach the file to a bug report")
            }
            _ => None,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The failure of a command: its exit status, a message for the user, and often a hint.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
    endpoint: Option<String>,
    http_status: Option<u16>,
    request_id: Option<String>,
    retryable: bool,
    hint: Option<String>,
    /// The name that the library gives to the invalid argument, such as `amount`. `None` if no
    /// argument is invalid, or if the message already names what the user typed.
    argument: Option<Box<str>>,
    /// The number of the signal, if one terminated the program.
    signal: u8,
}

impl Failure {
    /// Creates a failure with a message for the user.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            endpoint: None,
            http_status: None,
            request_id: None,
            retryable: exit == Exit::Unavailable || exit == Exit::RateLimited,
            hint: exit.hint().map(str::to_owned),
            argument: None,
            signal: 0,
        }
    }

    /// Creates the failure for a lookup that found no record.
    pub(crate) fn not_found(program: &str, endpoint: &str) -> Self {
        Self {
            endpoint: Some(endpoint.to_owned()),
            http_status: Some(404),
            ..Self::new(Exit::NotFound, format!("{program} {endpoint}: no such record"))
        }
    }

    /// Creates the failure that is reported if a signal terminates the program before it has shown
    /// the response to a write request.
    pub(crate) fn interrupted(program: &str, endpoint: &str, signal: u8) -> Self {
        let problem = "terminated by a signal before the response was shown";
        let mut failure = Self::new(Exit::Interrupted, format!("{program} {endpoint}: {problem}"));
        failure.endpoint = Some(endpoint.to_owned());
        failure.signal = signal;
        failure.hint = Exit::Unknown.hint().map(str::to_owned);
        failure
    }

    /// Creates the failure for a request that was not sent because of a signal.
    pub(crate) fn unsent() -> Self {
        Self::new(Exit::Unavailable, "not sent, because the program was terminated by a signal")
    }

    /// Converts the error of a request of a batch. A batch is canceled only by a signal.
    pub(crate) fn of_batch(error: Error) -> Self {
        let kind = error.transport_error().map(TransportError::kind);
        match error.delivery() {
            Delivery::NotSent if kind == Some(TransportErrorKind::Canceled) => Self::unsent(),
            _ => error.into(),
        }
    }

    /// Creates the failure of an operation on a local file.
    pub fn file(path: &std::path::Path, error: &io::Error) -> Self {
        Self::new(Exit::Local, format!("{}: {error}", path.display()))
    }

    /// Creates the failure for a local file that could not be created. If its folder does not
    /// exist, the message says so.
    pub(crate) fn new_file(path: &std::path::Path, error: &io::Error) -> Self {
        match path.parent() {
            Some(folder)
                if error.kind() == io::ErrorKind::NotFound
                    && !folder.as_os_str().is_empty()
                    && !folder.exists() =>
            {
                let (path, folder) = (path.display(), folder.display());
                let problem = format!("{path}: the folder {folder} does not exist; create it");
                Self::new(Exit::Local, problem)
            }
            _ => Self::file(path, error),
        }
    }

    /// Creates the failure for an error that occurred while writing to standard output.
    pub fn output(error: &io::Error) -> Self {
        Self::new(Exit::Local, format!("standard output: {error}"))
    }

    /// Adds a prefix to the message, such as the name of the file that the failure concerns.
    #[must_use]
    pub fn about(self, what: &str) -> Self {
        Self { message: format!("{what}: {}", self.message), ..self }
    }

    /// Replaces the message and the hint with the results of `change`.
    #[must_use]
    pub(crate) fn map_texts(self, change: impl Fn(&str) -> String) -> Self {
        let hint = self.hint.as_deref().map(&change);
        Self { message: change(&self.message), hint, ..self }
    }

    /// Sets the hint, an instruction for the user. `{program}` in the hint stands for the name of
    /// the program.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Replaces the library's name of an argument at the beginning of the message, such as
    /// `amount`, with the name that the user knows, such as `--amount`.
    #[must_use]
    pub fn with_argument(mut self, argument: &str, name: &str) -> Self {
        self.rename(argument, name);
        self
    }

    /// Does the same as [`with_argument`](Self::with_argument) for a value from a variable or a
    /// profile. Also changes the exit status [`Exit::Usage`] to [`Exit::Local`], because the
    /// configuration is invalid, not the command line.
    #[must_use]
    pub(crate) fn with_setting(mut self, argument: &str, name: &str) -> Self {
        if self.rename(argument, name) && self.exit == Exit::Usage {
            self.exit = Exit::Local;
        }
        self
    }

    /// Replaces the name of an argument at the beginning of the message. Returns whether the
    /// message begins with that name.
    fn rename(&mut self, argument: &str, name: &str) -> bool {
        // The message of an invalid request begins with the name of the endpoint.
        let endpoint = self.endpoint.as_deref().map(|endpoint| format!("{endpoint}: "));
        let found =
            endpoint.and_then(|endpoint| Some(self.message.find(&endpoint)? + endpoint.len()));
        let (before, rest) = self.message.split_at_checked(found.unwrap_or(0)).unwrap_or_default();
        let problem = rest.strip_prefix(argument);
        let Some(problem) = problem.filter(|rest| rest.starts_with([':', ','])) else {
            return false;
        };
        self.message = format!("{before}{name}{problem}");
        self.argument = None;
        true
    }

    /// Returns the name that the library gives to the invalid argument, such as `amount`. Returns
    /// `None` if no argument is invalid, or if the message already names what the user typed.
    pub(crate) fn argument(&self) -> Option<&str> {
        self.argument.as_deref()
    }

    /// Returns the endpoint whose server rejected the credentials, if the hint does not contain a
    /// reason yet. A response with status 403 rejects them only if its message contains one of
    /// `texts`; otherwise, they are valid but do not suffice.
    pub(crate) fn rejected_endpoint(&self, texts: &[&str]) -> Option<&str> {
        let is_rejected = self.exit == Exit::Credentials
            && match self.http_status {
                Some(403) => texts.iter().any(|text| self.message.contains(text)),
                status => status.is_some(),
            };
        self.endpoint.as_deref().filter(|_| is_rejected && self.hint.as_deref() == self.exit.hint())
    }

    /// Replaces `{program}` in the hint with the name of the program.
    #[must_use]
    pub(crate) fn with_program(mut self, program: &str) -> Self {
        self.hint = self.hint.map(|hint| hint.replace("{program}", program));
        self
    }

    /// If a request failed because an optional credential was not set, replaces the library's message
    /// with that of `problem_and_hint` for its variable. `credentials` contains the name of each of
    /// these credentials and its variables.
    #[must_use]
    pub(crate) fn with_variable_of(
        mut self,
        credentials: &[(&str, &[&'static str])],
        problem_and_hint: impl FnOnce(&'static str) -> [String; 2],
    ) -> Self {
        let found = credentials.iter().find_map(|(name, variables)| {
            let problem = format!(
                "credentials: the endpoint needs the `{name}` credentials, which were not set"
            );
            Some((self.message.find(&problem)?, *variables.first()?))
        });
        if let Some((start, variable)) = found.filter(|_| self.exit == Exit::Credentials) {
            let [problem, hint] = problem_and_hint(variable);
            self.message.truncate(start);
            self.message.push_str(&problem);
            self.hint = Some(hint);
        }
        self
    }

    /// Adds a command to the hint if a write may have been carried out. `lookups` contains the ids
    /// of endpoints, each with the command that shows whether a write to it was carried out.
    #[must_use]
    pub(crate) fn with_lookup_of(self, lookups: &[(&str, &str)]) -> Self {
        let endpoint = self.endpoint.as_deref();
        let lookup = lookups.iter().find(|(id, _)| Some(*id) == endpoint);
        match (lookup, Exit::Unknown.hint()) {
            (Some((_, command)), Some(hint)) if self.hint.as_deref() == Some(hint) => {
                self.with_hint(format!("{hint}, such as with `{{program}} {command}`"))
            }
            _ => self,
        }
    }

    /// Converts the failure of a write whose entries the server carries out one after another. If
    /// the server rejected an entry, those before it remain, so the exit status becomes
    /// [`Exit::Unknown`].
    #[must_use]
    pub(crate) fn of_entries(self) -> Self {
        match self.exit {
            Exit::Rejected => Self {
                exit: Exit::Unknown,
                hint: Exit::Unknown.hint().map(str::to_owned),
                message: format!(
                    "{}; the entries before it may have been carried out",
                    self.message
                ),
                ..self
            },
            _ => self,
        }
    }

    /// Converts a failure to show the response to a write request. The request has already been
    /// carried out and must not be repeated, so the exit status becomes [`Exit::Unknown`].
    #[must_use]
    pub fn after_write(self, endpoint: &str, status: StatusCode) -> Self {
        Self {
            endpoint: Some(endpoint.to_owned()).filter(|name| !name.is_empty()),
            http_status: Some(status.as_u16()),
            ..Self::new(
                Exit::Unknown,
                format!(
                    "the request was carried out, but its response cannot be shown: {}",
                    self.message
                ),
            )
        }
    }

    /// Returns the text for a row of the output: the message, with the hint if a write may have been
    /// carried out, because its row would otherwise look like that of a failed one.
    pub fn cell(&self) -> String {
        match (self.exit, &self.hint) {
            (Exit::Unknown, Some(hint)) => format!("{}; {hint}", self.message),
            _ => self.message.clone(),
        }
    }

    /// Returns the message without the hint.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the exit status with which the program ends.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Returns whether the failure comes from a request.
    pub fn is_of_client(&self) -> bool {
        self.endpoint.is_some()
    }

    /// Returns the failure as one JSON object, which is printed with the formats `json` and
    /// `jsonl`.
    pub fn json(&self) -> Json {
        let text = |text: &str| Json::Text(text.to_owned());
        let other = |text: String| Json::Other(text);
        let null = || Json::Other("null".to_owned());
        let optional = |value: Option<&str>| value.map_or_else(null, text);
        let exit = match self.exit {
            Exit::Interrupted => 128 + self.signal,
            exit => exit as u8,
        };
        let members = [
            ("kind", text(self.exit.kind())),
            ("exit", other(exit.to_string())),
            ("endpoint", optional(self.endpoint.as_deref())),
            ("http_status", self.http_status.map_or_else(null, |status| other(status.to_string()))),
            ("request_id", optional(self.request_id.as_deref())),
            ("retryable", other(self.retryable.to_string())),
            ("message", text(&self.message)),
            ("hint", optional(self.hint.as_deref())),
        ];
        Json::Object(members.map(|(name, value)| (name.to_owned(), value)).into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.message))?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {}", printable(hint)),
            None => Ok(()),
        }
    }
}

/// Converts the error of a client. No other code maps errors to exit statuses.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = error.status().map(|status| status.as_u16());
        let exit = match (error.kind(), status) {
            (ErrorKind::Input, _) if error.argument() == Some("credentials") => Exit::Credentials,
            // The file of the recording, or a variable such as `HTTPS_PROXY`, cannot be used.
            (ErrorKind::Input, _) if error.argument().is_some_and(is_local) => Exit::Local,
            (ErrorKind::Auth, _) | (ErrorKind::Api, Some(401)) => Exit::Credentials,
            (ErrorKind::OperationFailed | ErrorKind::Verify, _) => Exit::No,
            (ErrorKind::RateLimited, _) => Exit::RateLimited,
            (ErrorKind::Input, _) => Exit::Usage,
            _ if error.outcome_unknown() => Exit::Unknown,
            (ErrorKind::Transport, _) => Exit::Unavailable,
            // The pages of a list contradict each other.
            (ErrorKind::Decode | ErrorKind::Incomplete, _) => Exit::NotUnderstood,
            (_, Some(404)) => Exit::NotFound,
            (_, Some(500..)) => Exit::Unavailable,
            _ => Exit::Rejected,
        };
        let endpoint = error.endpoint();
        let failure = Self::new(exit, error.to_string());
        let failure = match error.spaced_credential() {
            Some(name) => failure.with_hint(format!(
                "{name} begins or ends with whitespace, which may have been copied by mistake"
            )),
            None => failure,
        };
        Self {
            endpoint: Some(endpoint).filter(|name| !name.is_empty()).map(str::to_owned),
            http_status: status,
            request_id: error.request_id().map(str::to_owned),
            retryable: error.is_retryable() || exit == Exit::Unavailable,
            argument: error.argument().map(Box::from),
            ..failure
        }
    }
}

/// Returns whether an invalid argument is a local setting: `record` (the path of a recording) or a
/// proxy variable, such as `HTTPS_PROXY`.
fn is_local(argument: &str) -> bool {
    argument == "record" || argument.to_ascii_lowercase().ends_with("_proxy")
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        Error::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_one_object_of_json() {
        let failure = Failure::from(InputError::new("amount", "must be positive"));
        let json = failure.json();
        assert_eq!(json.get("exit").unwrap().cell(), "2");
        assert_eq!(json.get("kind").unwrap().cell(), "usage");
        assert!(json.get("message").unwrap().cell().contains("amount: must be positive"));
    }

    #[test]
    fn failure_of_a_setting_is_one_of_the_configuration() {
        let failure = || Failure::from(InputError::new("client_id", "must not be empty"));
        let named = failure().with_setting("client_id", "TPAY_CLIENT_ID");
        let problem = "TPAY_CLIENT_ID: must not be empty";
        assert_eq!((named.exit(), named.message()), (Exit::Local, problem));
        assert_eq!(named.argument(), None);
        // The argument is that of a line of a file, not the setting.
        let other = failure().about("users: line 2").with_setting("client_id", "TPAY_CLIENT_ID");
        let problem = "users: line 2: client_id: must not be empty";
        assert_eq!((other.exit(), other.message()), (Exit::Usage, problem));
    }

    #[test]
    fn hint_is_that_of_the_status() {
        let failure = Failure::new(Exit::Unknown, "no response");
        let hint = "the change may have been made: check before you repeat the command";
        assert_eq!(failure.to_string(), format!("no response\nhint: {hint}"));
        assert_eq!(failure.json().get("hint").unwrap().cell(), hint);
        assert_eq!(Failure::new(Exit::Rejected, "no").to_string(), "no");
    }

    #[test]
    fn several_failures_have_one_status() {
        let of = |count, failed: &[Exit]| Exit::of_all(count, failed.iter().copied());
        assert_eq!(of(2, &[]), Exit::Done);
        assert_eq!(of(2, &[Exit::Local, Exit::Local]), Exit::Local);
        assert_eq!(of(2, &[Exit::Local]), Exit::Partial);
        assert_eq!(of(2, &[Exit::Local, Exit::Unavailable]), Exit::Partial);
    }

    #[test]
    fn only_a_canceled_request_of_a_batch_is_unsent_because_of_a_signal() {
        use api_auth::Sent;

        for (kind, sent, is_unsent) in [
            (TransportErrorKind::Canceled, Sent::No, true),
            (TransportErrorKind::Canceled, Sent::Maybe, false),
            (TransportErrorKind::Connect, Sent::No, false),
            (TransportErrorKind::Refused, Sent::No, false),
        ] {
            let failure = Failure::of_batch(TransportError::new(kind, sent, "problem").into());
            let found = failure.message() == Failure::unsent().message();
            assert_eq!(found, is_unsent, "{kind:?} {sent:?}: {failure}");
            assert!(is_unsent || failure.message().contains("problem"), "{failure}");
        }
    }

    #[test]
    fn every_status_is_in_the_help() {
        for exit in 0..=11 {
            assert!(EXIT_STATUSES.contains(&format!("\n   {exit:>2}  ")), "{exit}");
        }
    }

    #[test]
    fn control_characters_are_not_printed() {
        let failure = Failure::new(Exit::Rejected, "a\u{1b}[31mb\nc");
        assert_eq!(failure.to_string(), r"a\u{1b}[31mb\nc");
        let failure = Failure::new(Exit::Rejected, "a\u{202e}b");
        assert_eq!(failure.to_string(), r"a\u{202e}b");
    }
}
