//! Rules that all command-line programs follow.

use std::process::{Command, Output, Stdio};

use api_auth::EndpointInfo;
use serde_json::Value;

#[cfg(unix)]
use crate::cli::{Attribute, as_other_user, next_line, wait_until};
use crate::cli::{Run, SandboxProgram};

/// The id of an endpoint, the arguments of the command that calls it, and the input of the command.
pub type Call<'a> = (&'a str, Vec<&'a str>, &'a str);

/// The bodies of the writes of a program.
#[derive(Debug, Clone, Copy)]
pub struct WriteBodies<'a> {
    /// The endpoints of the provider.
    pub endpoints: &'a [EndpointInfo],
    /// The ids of writes whose body is the id and the status of a record, or has only what the client
    /// adds, so that their commands have no `--input`.
    pub fixed: &'a [&'a str],
    /// The paths of members that no argument of the calls sets, or the ids of endpoints with such
    /// paths.
    pub constants: &'a [&'a str],
}

/// Returns the members of the body in a curl command, each with its path.
fn members(curl: &str) -> Vec<(String, String)> {
    fn add(path: &str, value: &Value, members: &mut Vec<(String, String)>) {
        let at = |name: &str| [path, name].join(if path.is_empty() { "" } else { "." });
        match value {
            Value::Object(object) => {
                object.iter().for_each(|(name, value)| add(&at(name), value, members));
            }
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(index, value)| {
                    add(&at(&index.to_string()), value, members);
                });
            }
            value => members.push((path.to_owned(), value.to_string())),
        }
    }
    let Some((_, data)) = curl.split_once("--data-raw '") else { return Vec::new() };
    let data = data.trim_end().trim_end_matches('\'').replace("'\\''", "'");
    let mut found = Vec::new();
    match serde_json::from_str(&data) {
        Ok(json) => add("", &json, &mut found),
        Err(_) => {
            let pair = |pair: (&str, &str)| (decoded(pair.0), pair.1.to_owned());
            found.extend(data.split('&').filter_map(|param| param.split_once('=')).map(pair));
        }
    }
    // These are added to each form, and times differ.
    found.retain(|(name, value)| {
        let is_time = value.parse::<u64>().is_ok_and(|number| number > 1_000_000_000);
        !is_time && !matches!(name.as_str(), "token" | "digest")
    });
    found
}

/// Returns the name of a form field, such as `SANs[0][DNS]`.
fn decoded(name: &str) -> String {
    name.replace("%5B", "[").replace("%5D", "]")
}

impl WriteBodies<'_> {
    /// Checks that the command of a write with a body has `--input` and fields: a further field is
    /// added to the body, and a field that an argument sets is an error that names both. `curl` is the
    /// command that `--curl` prints.
    fn check(
        &self,
        (endpoint, arguments, input): &Call<'_>,
        curl: &str,
        run: impl Fn(&[&str], &str) -> Run,
    ) {
        let info = self.endpoints.iter().find(|info| info.id() == *endpoint).unwrap();
        let is_write = info.is_read_only() == Some(false);
        if !is_write || !curl.contains("--data-raw") || self.fixed.contains(endpoint) {
            return;
        }
        let help = run(&[arguments, &["--help"][..]].concat(), "");
        for option in ["--input <FILE>", "-f, --raw-field", "-F, --field"] {
            assert!(help.stdout.contains(option), "{endpoint} {arguments:?}: no {option}");
        }
        let more = run(&[arguments, &["-f", "furtherField=x", "--curl"][..]].concat(), input);
        assert_eq!(more.status, 0, "{endpoint} -f: {more:?}");
        let mut expected = members(curl);
        expected.push(("furtherField".to_owned(), "\"x\"".to_owned()));
        let mut actual = members(&more.stdout);
        for members in [&mut expected, &mut actual] {
            members.iter_mut().for_each(|(_, value)| *value = value.replace('"', ""));
            members.sort();
        }
        assert_eq!(actual, expected, "{endpoint} {arguments:?}");
        if arguments.iter().any(|word| ["--input", "-f", "-F"].contains(word)) {
            return;
        }
        for (path, _) in members(curl) {
            let field = format!("{path}=x");
            let both = run(&[arguments, &["-f", &field, "--curl"][..]].concat(), input);
            let is_error = both.status == 2
                && both.stderr.contains(&format!(" and -f {path} set the same member of the body"));
            let of_endpoint = format!("{endpoint} {path}");
            let mut constants = self.constants.iter();
            let is_constant = constants.any(|name| *name == path || *name == of_endpoint);
            assert!(is_error != is_constant, "{endpoint} {arguments:?} {path}: {both:?}");
        }
    }
}

/// Runs each command: first with `--curl`, which must print a command and send nothing, then with
/// `-vv` and a recording, which must call the endpoint. `run` gets the arguments and the input, and
/// checks that no output contains a secret. `seen` returns and clears the endpoints that were called.
/// The commands of writes take their body from `--input` and fields, too.
///
/// # Panics
/// Panics if a command fails, calls another endpoint, or sends something with `--curl`.
pub fn walk(
    calls: &[Call<'_>],
    bodies: WriteBodies<'_>,
    run: impl Fn(&[&str], &str) -> Run,
    seen: impl Fn() -> Vec<Option<&'static str>>,
) {
    for call in calls {
        let (endpoint, arguments, input) = call;
        seen();
        let ended = run(&[arguments, &["--curl"][..]].concat(), input);
        assert_eq!(ended.status, 0, "{endpoint} --curl: {ended:?}");
        assert!(ended.stdout.starts_with("curl "), "{endpoint} --curl: {ended:?}");
        bodies.check(call, &ended.stdout, &run);
        assert_eq!(seen(), [], "{endpoint} --curl sends nothing");
        let options = ["--yes", "-vv", "--record", "walk.jsonl"];
        let ended = run(&[arguments, &options[..]].concat(), input);
        assert_eq!(ended.status, 0, "{endpoint} {arguments:?}: {ended:?}");
        let called = seen();
        assert!(called.contains(&Some(endpoint)), "{endpoint} {arguments:?}: {called:?}");
    }
}

/// Checks that each endpoint is called by a command or is for `api` only, and not both.
///
/// # Panics
/// Panics if an endpoint is missing, or is in both lists.
pub fn assert_all<'a>(
    endpoints: impl Iterator<Item = &'a str>,
    called: impl Iterator<Item = &'a str>,
    api_only: &[&str],
) {
    let called: Vec<&str> = called.collect();
    let endpoints: Vec<&str> = endpoints.collect();
    for endpoint in &endpoints {
        let is_called = called.contains(endpoint);
        assert_ne!(is_called, api_only.contains(endpoint), "{endpoint} has a command: {is_called}");
    }
    for endpoint in called.iter().chain(api_only) {
        assert!(endpoints.contains(endpoint), "{endpoint} is not an endpoint");
    }
}

/// A list: the arguments of its command, and the columns that may be empty, each with the reason.
pub type List<'a> = (Vec<&'a str>, &'a [(&'a str, &'a str)]);

/// Checks that each list has an entry and that no column is empty in every row, unless it is named
/// with a reason.
///
/// # Panics
/// Panics if a list or a column is empty.
pub fn assert_columns(lists: &[List<'_>], run: impl Fn(&[&str]) -> Run) {
    let mut problems = Vec::new();
    for (arguments, reasons) in lists {
        let csv = run(&[arguments, &["-o", "csv"][..]].concat());
        let rows = run(arguments);
        assert_eq!((csv.status, rows.status), (0, 0), "{arguments:?}: {csv:?} {rows:?}");
        if rows.stdout.is_empty() {
            problems.push(format!("{arguments:?}: there is no entry"));
            continue;
        }
        let columns = csv.stdout.lines().next().unwrap().split(',');
        for (number, column) in columns.enumerate() {
            let is_filled =
                |row: &str| row.split('\t').nth(number).is_some_and(|cell| !cell.is_empty());
            let is_empty = !rows.stdout.lines().any(is_filled);
            let is_expected = reasons.iter().any(|(name, _)| *name == column);
            if is_empty != is_expected {
                problems.push(format!("{arguments:?}: {column}: {rows:?}"));
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

/// Checks that the help of commands that ask a question names the exit status of `no`.
///
/// # Panics
/// Panics if it does not.
pub fn assert_questions(commands: &[&str], run: impl Fn(&[&str]) -> Run) {
    for command in commands {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let help = run(&words).stdout;
        let lines: Vec<&str> = help.lines().map(str::trim).collect();
        let about = lines.join(" ");
        let about = about.split("Usage:").next().unwrap();
        assert!(about.contains("xit status 1 if"), "{command}: {help}");
    }
}

/// Compares a text with a snapshot. With `UPDATE_SNAPSHOTS=1`, the snapshot is written.
///
/// # Panics
/// Panics if they differ.
pub fn assert_snapshot(path: &str, text: &str) {
    #[expect(clippy::disallowed_methods, reason = "it is an option of the test")]
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some_and(|value| value == "1") {
        std::fs::write(path, text).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    let mut lines = expected.lines().zip(text.lines()).enumerate();
    let different = lines.find(|(_, (expected, line))| expected != line);
    assert!(
        expected == text,
        "{path} differs ({different:?}); UPDATE_SNAPSHOTS=1 writes it, read the difference"
    );
}

/// A command-line program under test.
pub struct Program<'a> {
    /// The name of the program.
    pub name: &'a str,
    /// Arguments of a read that writes a list.
    pub read: &'a [&'a str],
    /// Arguments of a write that is confirmed first, without `--yes`.
    pub write: &'a [&'a str],
    /// Returns the program with these arguments, and with credentials in its environment.
    pub command: &'a dyn Fn(&[&str]) -> Command,
}

impl std::fmt::Debug for Program<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Defines the tests of the rules of all programs. `world` returns a new world whose `read` lists at
/// least one entry, `server` the provider's server in a world, and `heading` is one of the list.
///
/// ```text
/// test_support::program_rules! {
///     name: "tpay", read: &["transaction", "list"], write: &["transaction", "cancel", "x"],
///     heading: "STATUS", endpoints: tpay_client::ENDPOINTS,
///     world: world(), server: |world| world.sandbox.tpay(),
/// }
/// ```
#[macro_export]
macro_rules! program_rules {
    (
        name: $name:expr, read: $read:expr, write: $write:expr,
        heading: $heading:expr, endpoints: $endpoints:expr,
        world: $world:expr, server: |$of:ident| $server:expr $(,)?
    ) => {
        fn check(world: &$crate::cli::World, check: impl FnOnce(&$crate::programs::Program<'_>)) {
            check(&$crate::programs::Program {
                name: $name,
                read: $read,
                write: $write,
                command: &|arguments| world.command(arguments),
            });
        }

        #[test]
        fn commands_are_those_of_the_snapshot() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/integration/commands.txt");
            check(&$world, |program| program.assert_tree(path));
        }

        #[test]
        fn api_builds_a_request_for_each_endpoint() {
            let endpoints = $endpoints.iter();
            let endpoints = endpoints.map(|e| (e.id(), e.method().as_str(), e.template()));
            check(&$world, |program| program.assert_api(endpoints));
        }

        #[test]
        fn api_names_the_methods_and_a_similar_endpoint() {
            let world = $world;
            let ids: Vec<&str> = $endpoints.iter().map(|endpoint| endpoint.id()).collect();
            let $of = &world;
            $server.take_seen();
            check(&world, |program| program.assert_api_words(&ids));
            assert!($server.take_seen().is_empty(), "a request was sent");
        }

        #[test]
        fn environment_is_that_of_a_setting_or_an_error() {
            let world = $world;
            let $of = &world;
            $server.take_seen();
            check(&world, |program| program.assert_environments(&world.home, &world.env_file()));
            assert!($server.take_seen().is_empty(), "a request was sent");
        }

        #[test]
        fn completions_are_parsed_by_their_shells() {
            check(&$world, |program| program.assert_completions());
        }

        #[cfg(unix)]
        #[test]
        fn manual_pages_are_replaced_atomically() {
            let world = $world;
            check(&world, |program| program.assert_pages(&world.home.join("pages")));
        }

        #[cfg(unix)]
        #[test]
        fn streams_may_be_closed_and_the_home_missing() {
            check(&$world, |program| program.assert_bare_environment());
        }

        #[cfg(unix)]
        #[test]
        fn one_source_supplies_all_settings() {
            let world = $world;
            std::fs::write(world.home.join("env"), world.env_file()).unwrap();
            let (variable, _) = world.variables().next().unwrap();
            check(&world, |program| program.assert_profiles(&world.home, variable));
        }

        #[test]
        fn changes_of_profiles_are_not_lost() {
            let world = $world;
            std::fs::write(world.home.join("env"), world.env_file()).unwrap();
            check(&world, |program| program.assert_profile_changes(&world.home));
        }

        #[test]
        fn rejected_credentials_are_shown_with_their_source() {
            let world = $world;
            let variables: Vec<_> = world.variables().collect();
            check(&world, |program| program.assert_status(&variables));
        }

        #[test]
        fn requests_of_api_have_names_and_masked_headers() {
            let world = $world;
            let ids: Vec<&str> = $endpoints.iter().map(|endpoint| endpoint.id()).collect();
            check(&world, |program| program.assert_api_names(&world.home, &ids));
        }

        #[test]
        fn numbers_and_durations_of_zero_are_rejected() {
            check(&$world, |program| program.assert_positive());
        }

        #[test]
        fn lists_have_limits() {
            check(&$world, |program| program.assert_limits());
        }

        #[test]
        fn fields_and_suggestions_have_no_duplicates() {
            check(&$world, |program| program.assert_no_duplicates());
        }

        #[test]
        fn standard_input_has_one_reader() {
            let world = $world;
            check(&world, |program| program.assert_one_reader(&world.env_file()));
        }

        #[cfg(unix)]
        #[test]
        fn files_that_are_read_are_not_written() {
            let world = $world;
            std::fs::write(world.home.join("env"), world.env_file()).unwrap();
            check(&world, |program| program.assert_separate_files(&world.home));
        }

        #[cfg(unix)]
        #[test]
        fn failures_of_servers_and_files_have_their_exit_status() {
            let world = $world;
            check(&world, |program| program.assert_statuses(&world.home));
        }

        #[cfg(unix)]
        #[test]
        fn files_of_outputs_are_checked_before_a_request_is_sent() {
            let $of = &$world;
            let server = $server;
            check($of, |program| {
                program.assert_checked_files(&$of.home, || server.take_seen().len());
            });
        }

        #[cfg(unix)]
        #[test]
        fn waiting_for_a_named_pipe_is_shown_and_ends_by_a_signal() {
            let $of = &$world;
            let server = $server;
            check($of, |program| {
                let seen = || server.take_seen().len();
                program.assert_named_pipes(&$of.home, &$of.env_file(), seen);
            });
        }

        #[test]
        fn fields_of_local_results_are_checked_first() {
            check(&$world, |program| program.assert_local_fields());
        }

        #[cfg(unix)]
        #[test]
        fn settings_with_control_characters_are_rejected() {
            let world = $world;
            check(&world, |program| program.assert_characters(&world.home, &world.env_file()));
        }

        #[test]
        fn read_whose_response_has_no_body_says_so() {
            let $of = &$world;
            let server = $server;
            check($of, |program| {
                program.assert_empty_body(|path| {
                    server.misbehave_at(path, $crate::api_sandbox::Misbehaviour::EmptyBody, 9);
                });
            });
        }

        #[test]
        fn root_certificates_are_those_of_the_option_the_source_or_the_environment() {
            let world = $world;
            check(&world, |program| program.assert_root_certificates(&world.home));
        }

        #[cfg(unix)]
        #[test]
        fn profile_stores_the_environment_and_the_base_url() {
            let world = $world;
            std::fs::write(world.home.join("env"), world.env_file()).unwrap();
            check(&world, |program| program.assert_connections(&world.home));
        }

        #[cfg(unix)]
        #[test]
        fn terminal_gets_columns_and_questions() {
            check(&$world, |program| drop(program.assert_terminal($heading)));
        }

        #[cfg(unix)]
        #[test]
        fn prompts_describe_optional_settings() {
            check(&$world, |program| program.assert_prompts());
        }

        #[cfg(unix)]
        #[test]
        fn interrupted_requests_end() {
            let $of = &$world;
            let server = $server;
            let stall = std::time::Duration::from_secs(60);
            let stall = $crate::api_sandbox::Misbehaviour::StallInHeaders(stall);
            check($of, |program| {
                let stall = |path: &str| server.misbehave_at(path, stall.clone(), 27);
                program.assert_interruptible(&$of.home, stall, || {
                    let mut seen = server.take_seen();
                    // TinyCert's last request of a command closes the session.
                    seen.retain(|seen| !seen.request.path().ends_with("/disconnect"));
                    seen.last().map(|seen| (seen.request.path().to_owned(), seen.status.is_none()))
                });
            });
        }
    };
}

fn ended(output: Output) -> Run {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let status = output.status.code().unwrap_or(-1);
    Run { status, stdout: text(output.stdout), stderr: text(output.stderr) }
}

impl Program<'_> {
    fn run(&self, arguments: &[&str]) -> Run {
        ended((self.command)(arguments).stdin(Stdio::null()).output().unwrap())
    }

    /// Compares the page of all commands with a snapshot.
    ///
    /// # Panics
    /// Panics if they differ.
    pub fn assert_tree(&self, path: &str) {
        let run = self.run(&["help", "commands"]);
        assert_eq!(run.status, 0, "{run:?}");
        assert_snapshot(path, &run.stdout);
    }

    /// Checks that `api` builds a request for each endpoint: id, method and template.
    ///
    /// # Panics
    /// Panics if a request cannot be built or differs.
    pub fn assert_api<'e>(&self, endpoints: impl Iterator<Item = (&'e str, &'e str, &'e str)>) {
        for (id, method, template) in endpoints {
            /// The placeholders whose values are numbers.
            const NUMBERS: [&str; 3] = ["categoryId", "legalFormId", "documentTypeId"];
            let names = template.split('{').skip(1).filter_map(|part| part.split('}').next());
            let names: Vec<&str> = names.collect();
            let is_number = names.iter().any(|name| NUMBERS.contains(name));
            let [value, shown] = if is_number { ["7", "/7"] } else { ["a b", "a%20b"] };
            let fields: Vec<String> =
                names.iter().map(|name| format!("-f{name}={value}")).collect();
            let mut arguments = vec!["api", id, "--curl", "-f", "text=1.50", "-F", "number=1.50"];
            arguments.extend(fields.iter().map(String::as_str));
            let run = self.run(&arguments);
            assert_eq!(run.status, 0, "{id}: {run:?}");
            assert!(run.stdout.starts_with(&format!("curl -X {method} ")), "{id}: {run:?}");
            let path = run.stdout.split(['?', ' ']).find(|word| word.starts_with("'http")).unwrap();
            assert_eq!(path.matches(shown).count(), fields.len(), "{id}: {run:?}");
            let missing = self.run(&["api", id, "--curl"]);
            assert_eq!(missing.status, if fields.is_empty() { 0 } else { 2 }, "{id}: {missing:?}");
        }
    }

    /// Checks that `auth status` shows the source of rejected credentials, and the reason.
    ///
    /// # Panics
    /// Panics if it does not.
    pub fn assert_status(&self, variables: &[(&str, String)]) {
        let ends = ["_PRIVATE_KEY", "_API_KEY", "_CLIENT_SECRET"];
        let is_secret = |name: &str| ends.iter().any(|end| name.ends_with(end));
        let (name, value) = variables.iter().find(|(name, _)| is_secret(name)).unwrap();
        let (rest, last) = value.split_at(value.len() - 1);
        let wrong = format!("{rest}{}", if last == "x" { "y" } else { "x" });
        for (format, shown) in [("json", "\"accepted\":false"), ("table", "accepted\tfalse")] {
            let mut command = (self.command)(&["auth", "status", "-o", format]);
            let run = ended(command.env(name, &wrong).stdin(Stdio::null()).output().unwrap());
            assert_eq!((run.status, run.stderr.as_str()), (3, ""), "{run:?}");
            for text in ["source", "environment", shown, "reason"] {
                assert!(run.stdout.contains(text), "{text}: {run:?}");
            }
            assert!(!run.stdout.contains(&wrong), "{run:?}");
        }
        let run = self.run(&["auth", "status"]);
        assert_eq!((run.status, run.stdout.as_str()), (0, "source\tenvironment\naccepted\ttrue\n"));
    }

    /// Checks that errors and recordings of `api` have the id, or the method and the path, and that
    /// no output contains the value of a header with the name of a secret.
    ///
    /// # Panics
    /// Panics if they do not.
    pub fn assert_api_names(&self, home: &std::path::Path, ids: &[&str]) {
        let lists = ["transactions.list", "balance.public", "ca.list", "access.search"];
        let id = lists.into_iter().find(|id| ids.contains(id)).unwrap();
        let run = self.run(&["api", id, "--record", "named", "-q"]);
        assert_eq!(run.status, 0, "{run:?}");
        let unknown = self.run(&["api", "GET", "/no/such/path", "--record", "named"]);
        assert!(unknown.status != 0, "{unknown:?}");
        assert!(unknown.stderr.contains(" GET /no/such/path: "), "{unknown:?}");
        let recording = std::fs::read_to_string(home.join("named")).unwrap();
        for name in [id, "GET /no/such/path"] {
            assert!(recording.contains(&format!("\"endpoint\":\"{name}\"")), "{name}: {recording}");
        }
        assert!(!recording.contains("\"endpoint\":\"raw\""), "{recording}");
        for header in ["X-Login-Pin: CANARY", "X-Api-Key: CANARY", "X-Credential: CANARY"] {
            for more in [&["--curl"][..], &["--dry-run", "-vv"]] {
                let run =
                    self.run(&[&["api", id, "-H", header, "-H", "X-Trace: 7"], more].concat());
                assert!(
                    !run.stdout.contains("CANARY") && !run.stderr.contains("CANARY"),
                    "{run:?}"
                );
                assert!(more != ["--curl"] || run.stdout.contains("x-trace: 7"), "{run:?}");
            }
        }
        for (header, problem) in [
            ("Authorization: CANARY", "--header: authorization cannot be set: the program sets it"),
            ("X-Pin: CANARY\u{7f}", "--header: the value of x-pin is invalid"),
            ("CANARY", "--header: must be `NAME: VALUE`"),
        ] {
            let run = self.run(&["api", id, "-H", header]);
            assert!(run.status == 2 && run.stderr.contains(problem), "{run:?}");
            assert!(!run.stderr.contains("CANARY"), "{run:?}");
        }
        #[cfg(unix)]
        if !run.stdout.ends_with('\n')
            && let Some(shown) = self.on_terminal(&["api", id, "-q"], "")
        {
            assert!(
                shown.stdout.ends_with("}\r\n") || shown.stdout.ends_with("]\r\n"),
                "{shown:?}"
            );
        }
    }

    /// Checks that `api` accepts methods in any case, and that errors name the methods, or the id of
    /// a similar endpoint.
    ///
    /// # Panics
    /// Panics if they do not.
    pub fn assert_api_words(&self, ids: &[&str]) {
        let (id, path) = (ids[0], "/no/such/path");
        let other_case = id.to_ascii_uppercase();
        let similar = format!("the id of a similar endpoint is `{id}`; run `{} api", self.name);
        let methods = "use GET, HEAD, POST, PUT, PATCH or DELETE";
        for (words, problem) in [
            (&["FOO.BAR"][..], "unknown endpoint `FOO.BAR`"),
            (&["GETT"], "unknown endpoint `GETT`"),
            (&["get"], "missing path after the method get; pass a path that begins with `/`"),
            (&[&other_case], &similar),
            (&[&other_case, path], &similar),
            (&[&other_case, path], methods),
            (&["GETT", path], &format!("`GETT` is not a method; {methods}")),
            (&["FOO.BAR", path], methods),
            (&[id, path], "is the id of an endpoint, which takes no path"),
            (&["GET", "no/such/path"], "expected a method and a path that begins with `/`"),
        ] {
            for more in [&["--yes"][..], &["--curl"]] {
                let run = self.run(&[&["api"], words, more].concat());
                assert!(run.status == 2 && run.stderr.contains(problem), "{words:?}: {run:?}");
            }
        }
        for method in ["get", "Post", "PATCH", "delete"] {
            let run = self.run(&["api", method, path, "--curl"]);
            let curl = format!("curl -X {} ", method.to_ascii_uppercase());
            assert!(run.stdout.starts_with(&curl), "{run:?}");
        }
    }

    /// Checks that the environment of the provider can be set in each source of settings, and that
    /// an unknown one, a misspelt variable and the name of another variable are errors. `home` is the
    /// home folder, and `env_file` the text of a file with the credentials.
    ///
    /// # Panics
    /// Panics if the program behaves differently.
    pub fn assert_environments(&self, home: &std::path::Path, env_file: &str) {
        let prefix = self.name.to_ascii_uppercase();
        let variable = format!("{prefix}_ENVIRONMENT");
        let curl = [self.read, &["--curl"]].concat();
        for (name, value, problem) in [
            ("ENVIRONMENT", "nowhere", format!("{variable}: must be production")),
            ("ENVIRONMENT", "", format!("{variable}: must not be empty")),
            ("ENVIROMENT", "sandbox", format!("set {variable} instead")),
            ("ENV", "sandbox", format!("set {variable} instead")),
            ("STAGING", "1", format!("set {variable} instead")),
            ("BASEURL", "http://127.0.0.1:1", format!("set {prefix}_BASE_URL instead")),
            ("API_URL", "http://127.0.0.1:1", format!("set {prefix}_BASE_URL instead")),
        ] {
            let name = format!("{prefix}_{name}");
            let mut command = (self.command)(&curl);
            let run = ended(command.env(&name, value).stdin(Stdio::null()).output().unwrap());
            assert!(run.status == 10 && run.stderr.contains(&problem), "{name}: {run:?}");
            std::fs::write(home.join("file"), format!("{env_file}{name}={value}\n")).unwrap();
            let run = self.run(&[&curl[..], &["--env-file", "file"]].concat());
            assert!(run.status == 10 && run.stderr.contains(&name), "{name}: {run:?}");
        }
        let mut command = (self.command)(&curl);
        command.env(&variable, "production").env(format!("{prefix}_NAME"), "of another program");
        let run = ended(command.stdin(Stdio::null()).output().unwrap());
        assert_eq!(run.status, 0, "{run:?}");
        std::fs::write(home.join("file"), format!("{env_file}{variable}=production\n")).unwrap();
        let run = self.run(&[&curl[..], &["--env-file", "file"]].concat());
        assert_eq!(run.status, 0, "{run:?}");
    }

    /// Checks that options of all commands are not zero, where that has no meaning.
    ///
    /// # Panics
    /// Panics if one is accepted.
    pub fn assert_positive(&self) {
        for option in [
            ["--timeout", "0s"],
            ["--timeout", "0ms"],
            ["--jobs", "0"],
            ["--max-rate", "0/s"],
            ["--max-rate", "0/m"],
            ["--timeout", "-5s"],
            ["--jobs", "-1"],
            ["--retries", "-1"],
        ] {
            let run = self.run(&[self.read, &option].concat());
            let problem = format!("invalid value '{}' for '{} <", option[1], option[0]);
            assert!(run.status == 2 && run.stderr.contains(&problem), "{option:?}: {run:?}");
        }
        let run = self.run(&["auth", "login", "--web", "--wait", "0s"]);
        assert!(run.status == 2 && run.stderr.contains("--wait"), "{run:?}");
    }

    /// Checks that each command that shows a list has a limit, and that the limit holds.
    ///
    /// # Panics
    /// Panics if a command has no limit.
    pub fn assert_limits(&self) {
        let page = self.run(&["help", "commands"]).stdout;
        let begin = format!("\n{} ", self.name);
        let commands = page.split(&begin).skip(1);
        let lists = commands.filter(|command| {
            let name = command.lines().next().unwrap_or_default();
            !name.starts_with("auth ")
                && name.split(' ').any(|word| matches!(word, "list" | "history"))
        });
        for command in lists {
            let has = |option: &str| command.lines().any(|line| line.trim() == option);
            assert!(has("--limit N") && has("--all"), "{command}");
        }
        for (option, most) in [(&["--limit", "1"][..], 1), (&["--all"], usize::MAX)] {
            let run = self.run(&[self.read, option, &["-o", "jsonl"]].concat());
            assert_eq!(run.status, 0, "{run:?}");
            let count = run.stdout.lines().count();
            assert!((1..=most).contains(&count), "{option:?}: {run:?}");
        }
    }

    /// Checks that a field that is given twice is written once, and that suggestions are names of
    /// commands and no hidden aliases.
    ///
    /// # Panics
    /// Panics if the program behaves differently.
    pub fn assert_no_duplicates(&self) {
        let list = self.run(&[self.read, &["-o", "jsonl"]].concat()).stdout;
        let field = list.split('"').nth(1).unwrap();
        let fields = format!("{field}, {field}");
        let run = self.run(&[self.read, &["-o", "jsonl", "--fields", &fields]].concat());
        let member = format!("\"{field}\":");
        assert_eq!(run.stdout.lines().next().unwrap().matches(&member).count(), 1, "{run:?}");
        assert!(run.status == 0 && run.stderr.is_empty(), "{run:?}");
        let (noun, rest) = self.read.split_first().unwrap();
        let misspelt = format!("{noun}x");
        let run = self.run(&[&[&*misspelt], rest].concat());
        assert!(run.status == 2 && run.stderr.contains(&format!("'{noun}'")), "{run:?}");
        assert!(!run.stderr.contains(&format!("'{noun}s'")), "{run:?}");
        assert!(!run.stderr.contains(&format!("'{noun}es'")), "{run:?}");
        let twice = [&["--timeout", "9s"], self.read, &["-o", "json", "--timeout=9s"]].concat();
        let run = self.run(&twice);
        let is_named = run.stderr.contains("--timeout: is given twice");
        assert!(run.status == 2 && is_named && run.stderr.starts_with('{'), "{run:?}");
    }

    /// Checks that two options cannot read the standard input, which is `env_file`.
    ///
    /// # Panics
    /// Panics if the program accepts them.
    pub fn assert_one_reader(&self, env_file: &str) {
        use std::io::Write;

        let options = ["api", "POST", "/x", "--yes", "--env-file", "-", "--input", "-"];
        let mut command = (self.command)(&options);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A program that does not read its input closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(env_file.as_bytes());
        let run = ended(child.wait_with_output().unwrap());
        let problem =
            "--input -: only one option can read the standard input, which --env-file - reads";
        assert!(run.status == 2 && run.stderr.contains(problem), "{run:?}");
    }

    /// Checks that no option writes a file that another one reads or writes, whatever its path.
    /// `home` is the home folder, which has the credentials in a file `env`.
    ///
    /// # Panics
    /// Panics if a file is changed.
    #[cfg(unix)]
    pub fn assert_separate_files(&self, home: &std::path::Path) {
        use std::os::unix::fs::symlink;

        symlink("env", home.join("link")).unwrap();
        symlink("new", home.join("dangling")).unwrap();
        std::fs::hard_link(home.join("env"), home.join("hard")).unwrap();
        std::fs::create_dir(home.join("folder")).unwrap();
        std::fs::write(home.join("body.json"), "{}").unwrap();
        let content = |name: &str| std::fs::read_to_string(home.join(name)).ok();
        let before = ["env", "body.json", "new"].map(content);
        let stdout = self.run(self.read).stdout;
        for stream in ["-", "/dev/stdout"] {
            let run = self.run(&[self.read, &["--out", stream]].concat());
            assert!(run.status == 0 && run.stdout == stdout, "{stream}: {run:?}");
            let run = self.run(&[self.read, &["--record", stream]].concat());
            let problem = "--record: must be the path";
            assert!(run.status == 2 && run.stderr.contains(problem), "{stream}: {run:?}");
        }
        assert_eq!(content("-"), None);
        let write = ["api", "POST", "/x", "--yes", "--out", "body.json"];
        for (arguments, options, written, read) in [
            (self.read, ["--record", "new", "--out", "new"], "--out", "--record (new)"),
            (self.read, ["--record", "new", "--out", "folder/../new"], "--out", "--record (new)"),
            (self.read, ["--record", "dangling", "--out", "new"], "--out", "--record (dangling)"),
            (self.read, ["--env-file", "env", "--out", "env"], "--out", "--env-file (env)"),
            (self.read, ["--env-file", "env", "--out", "link"], "--out", "--env-file (env)"),
            (self.read, ["--env-file", "hard", "--record", "env"], "--record", "--env-file (hard)"),
            (
                self.read,
                ["--ca-certificate", "link", "--out", "env"],
                "--out",
                "--ca-certificate (link)",
            ),
            (&write, ["--input", "body.json", "-q", "-v"], "--out", "--input (body.json)"),
            (&write, ["-F", "a=@body.json", "-q", "-v"], "--out", "-F a=@ (body.json)"),
        ] {
            let run = self.run(&[arguments, &options].concat());
            let problem =
                format!("{written}: must not be the same file as {read}; use another file");
            assert!(run.status == 2 && run.stderr.contains(&problem), "{options:?}: {run:?}");
            assert_eq!(["env", "body.json", "new"].map(content), before, "{options:?}");
        }
        let from_file = [self.read, &["--env-file", "-", "--out", "env"]].concat();
        let run = in_shell(&(self.command)(&from_file), |words| format!("{words} <env"));
        assert!(run.status == 2 && run.stderr.contains("--env-file - (/dev/stdin)"), "{run:?}");
        // The profiles are not read here.
        let folder = home.join(".config").join(self.name);
        std::fs::create_dir_all(&folder).unwrap();
        let profiles = folder.join("profiles.toml");
        for option in ["--out", "--record"] {
            let options = ["--env-file", "env", option, profiles.to_str().unwrap()];
            let run = self.run(&[self.read, &options].concat());
            let problem = format!("{option}: must not be the same file as the profiles");
            assert!(run.status == 2 && run.stderr.contains(&problem), "{run:?}");
        }
        assert_eq!(["env", "body.json", "new"].map(content), before);
    }

    /// Checks the exit statuses of a server that does not respond, of a recording that cannot be
    /// written, and of pages that cannot be written. `home` is the home folder.
    ///
    /// # Panics
    /// Panics if a status differs.
    #[cfg(unix)]
    pub fn assert_statuses(&self, home: &std::path::Path) {
        let doctor = ["doctor", "--base-url", "http://127.0.0.1:1", "--retries", "0"];
        let run = self.run(&doctor);
        assert_eq!(run.status, 5, "{run:?}");
        // The fields of the report are known before a request is sent.
        let run = self.run(&[&doctor[..], &["--fields", "errors,results"]].concat());
        assert!(
            run.status == 2 && run.stderr.contains("`errors` is not one of endpoint"),
            "{run:?}"
        );
        let run = self.run(&[&doctor[..], &["--fields", "result,errors"]].concat());
        assert!(run.status == 5 && run.stderr.contains("unknown field `errors`; "), "{run:?}");
        std::fs::write(home.join("readable"), "").unwrap();
        for file in ["no-folder/recording", "readable"] {
            let run = self.run(&[self.read, &["--record", file]].concat());
            assert!(run.status == 10 && run.stderr.contains("record"), "{file}: {run:?}");
        }
        if !std::path::Path::new("/dev/full").exists() {
            return;
        }
        for page in
            [&["--help"][..], &["--version"], &["help", "exit-status"], &["help", "commands"]]
        {
            let run = in_shell(&(self.command)(page), |words| format!("{words} >/dev/full"));
            assert!(run.status == 10 && run.stderr.contains("standard output"), "{page:?} {run:?}");
        }
    }

    /// Checks that a file of `--out` or `--record` that cannot be written is an error before a
    /// request is sent. `home` is the home folder, and `seen` returns the number of requests since
    /// the last call.
    ///
    /// # Panics
    /// Panics if a request is sent, or if the exit status is not 10.
    #[cfg(unix)]
    pub fn assert_checked_files(&self, home: &std::path::Path, seen: impl Fn() -> usize) {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

        let write = [self.write, &["--yes"]].concat();
        let is_root = std::fs::metadata(home).unwrap().uid() == 0;
        let check = |options: [&str; 2], problem: &str, change: &dyn Fn(&mut Command) -> bool| {
            for arguments in [self.read, &write] {
                seen();
                let mut command = (self.command)(&[arguments, &options].concat());
                if !change(&mut command) {
                    return;
                }
                let run = ended(command.stdin(Stdio::null()).output().unwrap());
                assert_eq!((run.status, seen()), (10, 0), "{arguments:?} {options:?}: {run:?}");
                assert!(run.stdout.is_empty(), "{options:?}: {run:?}");
                assert!(run.stderr.contains(problem), "{options:?}: {run:?}");
            }
        };
        let as_is = |_: &mut Command| true;
        let folder = |name: &str, mode: u32| {
            std::fs::create_dir(home.join(name)).unwrap();
            std::fs::set_permissions(home.join(name), PermissionsExt::from_mode(mode)).unwrap();
        };
        let _listener = std::os::unix::net::UnixListener::bind(home.join("socket")).unwrap();
        symlink("none/file", home.join("dangling")).unwrap();
        folder("folder", 0o755);
        for file in ["socket", "dangling", "none/file", "folder", "folder/", "socket/file"] {
            // The target of a link is named.
            check(["--out", file], if file == "dangling" { "none/file: " } else { file }, &as_is);
            check(["--record", file], file, &as_is);
        }
        folder("unwritable", 0o555);
        let problem = "unwritable/file: Permission denied";
        check(["--out", "unwritable/file"], problem, &as_other_user);
        check(["--record", "unwritable/file"], problem, &as_other_user);
        match is_root {
            true => {
                folder("sticky", 0o1777);
                let file = home.join("sticky/file");
                std::fs::write(&file, "old").unwrap();
                std::fs::set_permissions(&file, PermissionsExt::from_mode(0o666)).unwrap();
                let problem = "sticky/file: belongs to another user";
                check(["--out", "sticky/file"], problem, &as_other_user);
                assert_eq!(std::fs::read_to_string(&file).unwrap(), "old");
            }
            false => eprintln!("skipped: only root can create a file of another user"),
        }
        let problem = ": is immutable or append-only, or in such a folder";
        std::fs::write(home.join("fixed"), "old").unwrap();
        if let Some(_attribute) = Attribute::set('i', &home.join("fixed")) {
            check(["--out", "fixed"], problem, &as_is);
        }
        folder("append", 0o755);
        std::fs::write(home.join("append/old"), "old").unwrap();
        if let Some(_attribute) = Attribute::set('a', &home.join("append")) {
            check(["--out", "append/old"], problem, &as_is);
            check(["--out", "append/new"], problem, &as_is);
            assert_eq!(files_in(&home.join("append")), [home.join("append/old")]);
        }
        // Without a terminal, `/dev/tty` exists but cannot be opened.
        for arguments in [self.read, &write] {
            let program = (self.command)(&[arguments, &["--out", "/dev/tty"]].concat());
            let mut command = Command::new("setsid");
            command.arg("--wait").arg(program.get_program()).args(program.get_args());
            copy_environment(&program, &mut command);
            seen();
            let Ok(output) = command.stdin(Stdio::null()).output() else {
                eprintln!("skipped: setsid is not installed");
                break;
            };
            let run = ended(output);
            assert_eq!((run.status, seen()), (10, 0), "/dev/tty {arguments:?}: {run:?}");
        }
        // A single file that is mounted, as in a container, can be written but not replaced.
        std::fs::write(home.join("mounted"), "").unwrap();
        std::fs::write(home.join("source"), "").unwrap();
        let run_mounted = |program: &Command| {
            let script = "mount --bind source mounted && exec \"$@\"";
            let mut command = Command::new("unshare");
            command.args(["--mount", "sh", "-c", script, "sh"]);
            command.arg(program.get_program()).args(program.get_args());
            copy_environment(program, &mut command);
            command.stdin(Stdio::null()).output()
        };
        let is_possible = run_mounted(Command::new("true").current_dir(home));
        if !is_possible.is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: this user cannot mount a file");
            return;
        }
        let program = (self.command)(&[self.read, &["-o", "jsonl", "--out", "mounted"]].concat());
        let run = ended(run_mounted(&program).unwrap());
        assert_eq!(run.status, 0, "{run:?}");
        assert!(std::fs::read_to_string(home.join("source")).unwrap().starts_with('{'));
    }

    /// Checks that the program prints that it waits for another program that opens a named pipe,
    /// before a request is sent, and that a signal ends it. `home` is the home folder, `env_file` the text
    /// of an environment file, and `seen` returns the number of requests since the last call.
    ///
    /// # Panics
    /// Panics if the program behaves differently.
    #[cfg(unix)]
    pub fn assert_named_pipes(
        &self,
        home: &std::path::Path,
        env_file: &str,
        seen: impl Fn() -> usize,
    ) {
        use std::io::{BufReader, Read};
        use std::os::unix::process::ExitStatusExt;

        let pipe = home.join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        // Starts the program, and returns it after its message.
        let start = |arguments: &[&str], act: &str| {
            let mut command = (self.command)(arguments);
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            let stderr = BufReader::new(child.stderr.take().unwrap());
            let (line, stderr) = next_line(&mut child, stderr);
            let option = arguments[arguments.len() - 2..].join(" ");
            let expected = format!("{option}: waiting for a program that {act} this named pipe");
            assert_eq!(line, expected, "{arguments:?}");
            (child, stderr)
        };
        let read = |option| [self.read, &[option, "pipe"]].concat();
        let local = ["api", "--list", "--out", "pipe"];
        let mut waiting =
            vec![(read("--out"), "reads"), (read("--record"), "reads"), (local.to_vec(), "reads")];
        if cfg!(target_os = "linux") {
            let write = ["api", "POST", "/x", "--yes", "--input", "pipe"];
            let field = ["api", "POST", "/x", "--yes", "-F", "a=@pipe"];
            let words = [&read("--env-file")[..], &write, &field];
            waiting.extend(words.map(|words| (words.to_vec(), "writes to")));
        }
        seen();
        for (arguments, act) in &waiting {
            // A shell reports SIGINT as 130. Programs in the background of a script ignore it.
            for (signal, number) in [("-INT", 2), ("-TERM", 15)] {
                if is_ignored(number) {
                    continue;
                }
                let (mut child, _stderr) = start(arguments, act);
                let kill = Command::new("kill").args([signal, &child.id().to_string()]).status();
                assert!(kill.unwrap().success());
                assert_eq!(child.wait().unwrap().signal(), Some(number), "{arguments:?}");
            }
        }
        assert_eq!(seen(), 0, "nothing is sent before the pipe is open");
        for option in ["--out", "--record"] {
            let (mut child, mut stderr) = start(&read(option), "reads");
            let text = std::fs::read_to_string(&pipe).unwrap();
            let mut rest = String::new();
            stderr.read_to_string(&mut rest).unwrap();
            assert!(child.wait().unwrap().success() && !text.is_empty(), "{option}: {rest}");
        }
        if cfg!(target_os = "linux") {
            let (mut child, mut stderr) = start(&read("--env-file"), "writes to");
            std::fs::write(&pipe, env_file).unwrap();
            let mut rest = String::new();
            stderr.read_to_string(&mut rest).unwrap();
            assert!(child.wait().unwrap().success(), "{rest}");
        }
        // If the other end is already open, as with a descriptor of a shell, there is no message.
        let mut both = std::fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
        for option in ["--out", "--record"] {
            let run = self.run(&read(option));
            assert!(run.status == 0 && !run.stderr.contains("waiting"), "{option}: {run:?}");
            assert!(both.read(&mut [0; 1 << 16]).unwrap() > 0);
        }
        drop(both);
        let quiet = (self.command)(&[&read("--out")[..], &["-q"]].concat());
        let run = in_shell(&quiet, |words| format!("cat pipe >copy & {words} && wait"));
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{run:?}");
        assert!(!std::fs::read_to_string(home.join("copy")).unwrap().is_empty());
    }

    /// Checks that unknown fields of results whose fields are known are an error before any output.
    ///
    /// # Panics
    /// Panics if the program behaves differently.
    pub fn assert_local_fields(&self) {
        for (arguments, known) in [
            (&["api", "--list"][..], "id, method, path, credential"),
            (&["auth", "list"], "profile, default"),
            (&["auth", "status"], "source, accepted, reason"),
            (&["doctor"], "endpoint, "),
        ] {
            let run = self.run(&[arguments, &["--fields", "nosuch"]].concat());
            let problem = format!("--fields: `nosuch` is not one of {known}");
            assert!(run.status == 2 && run.stderr.contains(&problem), "{arguments:?}: {run:?}");
            assert_eq!(run.stdout, "", "{arguments:?}");
        }
        // A message reports unknown names if others are known.
        let run = self.run(&["api", "--list", "--fields", "nosuch, id"]);
        assert!(run.status == 0 && run.stderr.contains("unknown field `nosuch`; "), "{run:?}");
        assert!(!run.stdout.is_empty());
    }

    /// Checks that a setting with a control character is an error that does not contain its value.
    /// `home` is the home folder, and `env_file` the text of an environment file.
    ///
    /// # Panics
    /// Panics if the program accepts it.
    #[cfg(unix)]
    pub fn assert_characters(&self, home: &std::path::Path, env_file: &str) {
        let profiles = home.join(".config").join(self.name).join("profiles.toml");
        std::fs::write(home.join("env"), env_file).unwrap();
        assert_eq!(self.run(&["auth", "login", "--env-file", "env"]).status, 0);
        let stored = std::fs::read_to_string(&profiles).unwrap();
        for line in env_file.lines() {
            let (name, value) = line.trim_start_matches("export ").split_once('=').unwrap();
            let value = value.trim_matches('\'');
            for char in ["\0", "\u{1b}", "\u{7f}", "\t"] {
                let invalid = format!("{name}='{value}{char}CANARY'");
                std::fs::write(home.join("env"), env_file.replace(line, &invalid)).unwrap();
                for arguments in [self.read, &["auth", "login"]] {
                    let run = self.run(&[arguments, &["--env-file", "env"]].concat());
                    let problem = format!("{name}: must not contain control characters");
                    assert!(run.status == 10 && run.stderr.contains(&problem), "{name}: {run:?}");
                    assert!(!run.stderr.contains("CANARY"), "{run:?}");
                }
            }
            let invalid = stored.replace(&format!("\"{value}\""), &format!("\"{value}\\u001b\""));
            assert_ne!(invalid, stored, "{name}");
            std::fs::write(&profiles, &invalid).unwrap();
            let run = self.run(&[self.read, &["--profile", "default"]].concat());
            let problem = "must not contain control characters";
            assert!(run.status == 10 && run.stderr.contains(problem), "{name}: {run:?}");
            assert!(run.stderr.contains("profile `default`: "), "{name}: {run:?}");
        }
    }

    /// Checks that a response to a read without a body is an error that says so. `empty` makes the
    /// server return no body for requests to a path.
    ///
    /// # Panics
    /// Panics if the program behaves differently.
    pub fn assert_empty_body(&self, empty: impl FnOnce(&str)) {
        let curl = self.run(&[self.read, &["--curl"]].concat()).stdout;
        let url = curl.split('\'').nth(1).unwrap();
        let path = url.splitn(4, '/').nth(3).unwrap().split('?').next().unwrap();
        empty(&format!("/{path}"));
        for format in ["table", "json"] {
            let run = self.run(&[self.read, &["-o", format, "--retries", "0"]].concat());
            assert_eq!((run.status, run.stdout.as_str()), (9, ""), "{run:?}");
            assert!(run.stderr.contains(": the response body is empty"), "{run:?}");
        }
    }

    /// Checks that `--ca-certificate`, a setting of the source of the credentials, or else the
    /// environment names the file with additional root certificates, and that a file that cannot be
    /// used is named with its setting. `home` is the home folder.
    ///
    /// # Panics
    /// Panics if the program behaves differently.
    pub fn assert_root_certificates(&self, home: &std::path::Path) {
        let prefix = format!("{}_", self.name.to_ascii_uppercase());
        let variable = format!("{prefix}CA_CERTIFICATE");
        let server = SandboxProgram::start(&[self.name, "--tls"]);
        let ca = &server.variables["SSL_CERT_FILE"];
        std::fs::copy(ca, home.join("ca.pem")).unwrap();
        let is_own = |name: &str| name.starts_with(&prefix) && *name != variable;
        let of_server = || server.variables.iter().filter(move |(name, _)| is_own(name));
        let env_file: String =
            of_server().map(|(name, value)| format!("{name}={value}\n")).collect();
        std::fs::write(home.join("tls.env"), &env_file).unwrap();
        let wrong = format!("{env_file}{variable}=no-file\n");
        std::fs::write(home.join("wrong.env"), wrong).unwrap();
        // `value` is that of the variable.
        let run = |options: &[&str], value: Option<&str>| {
            let mut command = (self.command)(&[self.read, &["--retries", "0"], options].concat());
            // All credentials are in the environment, or none.
            let names: Vec<_> = command.get_envs().map(|(name, _)| name.to_owned()).collect();
            let has_other_source =
                options.contains(&"--env-file") || options.contains(&"--profile");
            for name in names.iter().filter(|name| name.to_string_lossy().starts_with(&prefix)) {
                command.env_remove(name);
            }
            if !has_other_source && !options.contains(&"-q") {
                command.envs(of_server());
            }
            command.envs(value.map(|value| (&variable, value)));
            ended(command.stdin(Stdio::null()).output().unwrap())
        };
        // The variables of the server include that of the certificate.
        assert_eq!(&server.variables[&variable], ca);
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        std::fs::write(home.join("broken.pem"), broken).unwrap();
        let certificates = std::fs::read_to_string(ca).unwrap() + broken;
        std::fs::write(home.join("half.pem"), certificates).unwrap();
        for (options, value, name) in [
            (&["--ca-certificate", "half.pem"][..], None, "--ca-certificate".to_owned()),
            (&[], Some("half.pem"), variable.clone()),
        ] {
            let run = run(options, value);
            let warning = "half.pem: 1 of 2 certificates cannot be used and are skipped\n";
            assert_eq!((run.status, run.stderr.as_str()), (0, &*format!("{name} {warning}")));
        }
        let untrusted = run(&[], None);
        assert!(untrusted.status == 5 && untrusted.stderr.contains("certificate"), "{untrusted:?}");
        for (options, value) in [
            (&["--ca-certificate", "ca.pem"][..], None),
            (&["--ca-certificate", "ca.pem"], Some("no-file")),
            (&[], Some("ca.pem")),
            (&["--env-file", "tls.env"], Some("ca.pem")),
            (&["--env-file", "wrong.env", "--ca-certificate", "ca.pem"], None),
        ] {
            let run = run(options, value);
            assert_eq!(run.status, 0, "{options:?} {value:?}: {run:?}");
        }
        let login = |options: &[&str]| {
            self.run(&[&["auth", "login", "--env-file", "tls.env", "--profile"], options].concat())
        };
        assert_eq!(login(&["plain"]).status, 0);
        let stored = login(&["tls", "--ca-certificate", "ca.pem"]);
        assert_eq!(stored.status, 0, "{stored:?}");
        assert_eq!(run(&["--profile", "tls"], None).status, 0);
        // A profile is used in other folders than that of the login.
        std::fs::write(home.join("ca.env"), format!("{env_file}{variable}=ca.pem\n")).unwrap();
        let login_ca = ["auth", "login", "--env-file", "ca.env", "--profile", "file"];
        let stored = self.run(&login_ca);
        assert_eq!(stored.status, 0, "{stored:?}");
        let other = std::env::temp_dir();
        let mut command = (self.command)(&[self.read, &["--profile", "file"]].concat());
        let elsewhere = ended(command.current_dir(other).stdin(Stdio::null()).output().unwrap());
        assert_eq!(elsewhere.status, 0, "{elsewhere:?}");
        assert_eq!(run(&["--profile", "plain"], None).status, 5);
        assert_eq!(run(&["--profile", "plain"], Some("ca.pem")).status, 0);
        // Only credentials of the environment are used instead of the default profile.
        let default = run(&["-q"], Some("ca.pem"));
        assert_eq!(default.status, 0, "{default:?}");
        // A profile with an empty name of the file.
        assert_eq!(login(&["empty"]).status, 0);
        let profiles = home.join(".config").join(self.name).join("profiles.toml");
        let table = std::fs::read_to_string(&profiles).unwrap();
        let section = "[profiles.empty]\n";
        assert!(table.contains(section), "{table}");
        let table = table.replace(section, &format!("{section}ca_certificate = \"\"\n"));
        std::fs::write(&profiles, table).unwrap();
        for (options, value, exit, problem) in [
            (
                &["--ca-certificate", "no-file"][..],
                None,
                10,
                "--ca-certificate no-file: ".to_owned(),
            ),
            (
                &["--ca-certificate", "tls.env"],
                None,
                2,
                "--ca-certificate tls.env: must contain a certificate in PEM format".to_owned(),
            ),
            (
                &["--ca-certificate", "broken.pem"],
                None,
                2,
                "--ca-certificate broken.pem: contains an invalid certificate".to_owned(),
            ),
            (
                &["--profile", "empty"],
                Some("ca.pem"),
                10,
                "profile `empty`: ca_certificate: must not be empty".to_owned(),
            ),
            (&[], Some("no-file"), 10, format!("{variable} no-file: ")),
            (
                &["--profile", "plain"],
                Some("tls.env"),
                10,
                format!("{variable} tls.env: must contain a certificate in PEM format"),
            ),
            (
                &["--env-file", "wrong.env"],
                Some("ca.pem"),
                10,
                format!("file wrong.env: {variable} no-file: "),
            ),
            (&[], Some(""), 10, format!("{variable}: must not be empty")),
        ] {
            let run = run(options, value);
            assert_eq!(run.status, exit, "{options:?} {value:?}: {run:?}");
            let message = format!("{}: {problem}", self.name);
            assert!(run.stderr.starts_with(&message), "{message}: {run:?}");
        }
        let invalid = login(&["tls", "--ca-certificate", "tls.env"]);
        assert!(
            invalid.status == 2 && invalid.stderr.contains("tls.env: must contain"),
            "{invalid:?}"
        );
    }

    /// Checks that manual pages in a folder are replaced atomically and keep their mode, and that
    /// temporary files of a killed run are removed.
    ///
    /// # Panics
    /// Panics if a page is written in place, or if other files are in the folder.
    #[cfg(unix)]
    pub fn assert_pages(&self, folder: &std::path::Path) {
        use std::fs::{Permissions, set_permissions};
        use std::os::unix::fs::PermissionsExt;

        let write = || {
            let run = self.run(&["man", "--dir", folder.to_str().unwrap()]);
            assert_eq!(run.status, 0, "{run:?}");
            let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
            let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
            names.sort();
            names
        };
        let names = write();
        let prefix = |name: &String| name.starts_with(self.name) && name.ends_with(".1");
        assert!(names.len() > 10 && names.iter().all(prefix), "{names:?}");
        assert!(!names.iter().any(|name| name.ends_with("-help.1")), "{names:?}");
        let page = folder.join(format!("{}.1", self.name));
        let content = std::fs::read(&page).unwrap();
        // Another name of the file shows whether it is written in place.
        let old = folder.with_extension("old");
        std::fs::write(&page, "old").unwrap();
        std::fs::hard_link(&page, &old).unwrap();
        set_permissions(&page, Permissions::from_mode(0o640)).unwrap();
        std::fs::write(folder.join(format!(".{}.1.0123456789abcdef", self.name)), "old").unwrap();
        assert_eq!(write(), names);
        assert_eq!(std::fs::read(&page).unwrap(), content);
        assert_eq!(std::fs::read_to_string(&old).unwrap(), "old");
        assert_eq!(page.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    }

    /// Checks that a login stores the environment and the base URL of the options, and that the
    /// profiles are named if none is the default. `home` is the home folder, which has the
    /// credentials in a file `env`.
    ///
    /// # Panics
    /// Panics if the program behaves differently.
    #[cfg(unix)]
    pub fn assert_connections(&self, home: &std::path::Path) {
        let file = home.join(".config").join(self.name).join("profiles.toml");
        let login = |profile: &str, options: &[&str]| {
            let login = ["auth", "login", "--env-file", "env", "--profile", profile];
            self.run(&[&login, options].concat())
        };
        for options in [
            &["--environment", "nonsense"][..],
            &["--environment", "nonsense", "--base-url", "http://127.0.0.1:1"],
            &["--base-url", "nonsense"],
        ] {
            let run = login("a", options);
            assert!(run.status == 2 && !file.exists(), "{options:?}: {run:?}");
            let typed = options.first().unwrap();
            let named = format!("{}: {typed}: ", self.name);
            assert!(run.stderr.starts_with(&named), "{options:?}: {run:?}");
        }
        let url_of = |profile: &str| {
            let run = self.run(&[self.read, &["--profile", profile, "--curl"]].concat());
            assert_eq!(run.status, 0, "{run:?}");
            run.stdout
        };
        assert_eq!(login("a", &["--base-url", "http://127.0.0.1:1"]).status, 0);
        assert!(url_of("a").contains("http://127.0.0.1:1/"), "{}", url_of("a"));
        // The message about an invalid value names the key of the profile.
        let valid = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, valid.replace("http://127.0.0.1:1", "http://x.example")).unwrap();
        let invalid = self.run(&[self.read, &["--profile", "a"]].concat());
        let named = format!("{}: profile `a`: base_url: must begin", self.name);
        assert!(invalid.status == 10 && invalid.stderr.starts_with(&named), "{invalid:?}");
        std::fs::write(&file, valid).unwrap();
        // So does the message about a variable. Its exit status is the same.
        let variable = format!("{}_BASE_URL", self.name.to_ascii_uppercase());
        for value in ["nonsense", "http://x.example"] {
            let mut command = (self.command)(self.read);
            let run = ended(command.env(&variable, value).stdin(Stdio::null()).output().unwrap());
            let named = format!("{}: {variable}: ", self.name);
            assert!(run.status == 10 && run.stderr.starts_with(&named), "{value}: {run:?}");
        }
        #[cfg(target_os = "linux")]
        {
            use std::os::unix::ffi::OsStrExt;

            let mut command = (self.command)(self.read);
            command.env(&variable, std::ffi::OsStr::from_bytes(b"http://127.0.0.1:1/\xff"));
            let run = ended(command.stdin(Stdio::null()).output().unwrap());
            assert!(run.status == 10 && run.stderr.contains(&variable), "{run:?}");
        }
        assert_eq!(login("b", &["--environment", "production"]).status, 0);
        // The base URL of the file is that of the sandbox.
        assert!(!url_of("b").contains("127.0.0.1"), "{}", url_of("b"));
        assert_eq!(login("a", &[]).status, 0);
        assert!(url_of("a").contains("127.0.0.1"), "{}", url_of("a"));
        // The first profile is the default.
        assert_eq!(self.run(&["auth", "logout", "a"]).status, 0);
        let mut command = (self.command)(self.read);
        let names: Vec<_> = command.get_envs().map(|(name, _)| name.to_owned()).collect();
        let prefix = format!("{}_", self.name.to_ascii_uppercase());
        let names = names.iter().filter(|name| name.to_string_lossy().starts_with(&prefix));
        names.for_each(|name| {
            command.env_remove(name);
        });
        let run = ended(command.arg("--curl").stdin(Stdio::null()).output().unwrap());
        assert!(run.status == 3 && run.stderr.contains("the profiles are: b"), "{run:?}");
        let run = self.run(&["auth", "default", "a"]);
        assert!(run.status == 4 && run.stderr.contains("the profiles are: b"), "{run:?}");
        assert_eq!(self.run(&["auth", "default", "b"]).status, 0);
        let run = ended(command.stdin(Stdio::null()).output().unwrap());
        assert_eq!(run.status, 0, "{run:?}");
    }

    /// Checks that each shell that is installed accepts its completion script.
    ///
    /// # Panics
    /// Panics if a shell rejects its script.
    pub fn assert_completions(&self) {
        let shells = [
            ("bash", "bash", &["-n"][..]),
            ("zsh", "zsh", &["-n"]),
            ("fish", "fish", &["--no-execute"]),
            ("elvish", "elvish", &["-compileonly"]),
            ("powershell", "pwsh", &["-NoProfile", "-NonInteractive", "-File"]),
        ];
        for (number, (name, shell, arguments)) in shells.into_iter().enumerate() {
            let run = self.run(&["completions", name]);
            assert!(run.status == 0 && run.stdout.contains(self.name), "{name}: {run:?}");
            let file = format!("{}-{}-{number}.ps1", self.name, std::process::id());
            let file = std::env::temp_dir().join(file);
            std::fs::write(&file, &run.stdout).unwrap();
            let parsed = Command::new(shell).args(arguments).arg(&file).output();
            std::fs::remove_file(&file).unwrap();
            match parsed {
                Ok(output) => assert!(output.status.success(), "{name}: {output:?}"),
                Err(_) => eprintln!("skipped: {shell} is not installed"),
            }
        }
    }

    /// Checks that the program works without a home folder, and with closed streams.
    ///
    /// # Panics
    /// Panics if it fails.
    #[cfg(unix)]
    pub fn assert_bare_environment(&self) {
        let mut command = (self.command)(self.read);
        command.env_remove("HOME").env_remove("XDG_CACHE_HOME");
        let run = ended(command.stdin(Stdio::null()).output().unwrap());
        assert_eq!(run.status, 0, "no home: {run:?}");
        let mut command = (self.command)(&["auth", "list"]);
        command.env("HOME", "/nonexistent/home");
        let run = ended(command.stdin(Stdio::null()).output().unwrap());
        assert_eq!((run.status, run.stdout.as_str()), (0, ""), "no folder: {run:?}");
        for (closed, arguments, expected) in [
            ("<&-", self.read, 0),
            (">&-", self.read, 0),
            ("2>&-", self.read, 0),
            ("<&- >&- 2>&-", self.read, 0),
            // Without a terminal, a write is not confirmed.
            ("<&- 2>&-", self.write, 2),
        ] {
            let program = (self.command)(arguments);
            let run = in_shell(&program, |words| format!("{words} {closed}"));
            assert_eq!(run.status, expected, "{closed} {arguments:?}: {run:?}");
        }
        // The closed standard output is not that of the command.
        let out = [self.read, &["-o", "jsonl", "--out", "closed.jsonl"]].concat();
        let program = (self.command)(&out);
        let run = in_shell(&program, |words| format!("{words} >&- && cat closed.jsonl"));
        assert!(run.status == 0 && run.stdout.starts_with('{'), "{run:?}");
        // A full disk is a failure.
        if std::path::Path::new("/dev/full").exists() {
            let run = in_shell(&(self.command)(self.read), |words| format!("{words} >/dev/full"));
            assert_eq!(run.status, 10, "{run:?}");
        }
    }

    /// Checks that the default profile is used only if no variable of the program is set, that
    /// `--dry-run` writes no file, that options without an effect are rejected, and that a profile
    /// with an unknown key is rejected. `home` is the
    /// home folder, which has the credentials in a file `env`, and `variable` one of their names.
    ///
    /// # Panics
    /// Panics if the program behaves differently.
    #[cfg(unix)]
    pub fn assert_profiles(&self, home: &std::path::Path, variable: &str) {
        let file = home.join(".config").join(self.name).join("profiles.toml");
        let login = ["auth", "login", "--env-file", "env"];
        for arguments in [&login[..], &["man", "--dir", "pages"]] {
            let run = self.run(&[arguments, &["--dry-run"]].concat());
            assert!(run.status == 0 && run.stderr.contains("dry run: would"), "{run:?}");
        }
        assert!(!file.exists() && !home.join("pages").exists());
        assert_eq!(self.run(&login).status, 0);
        let stored = std::fs::read_to_string(&file).unwrap();
        let mut command = (self.command)(self.read);
        let names: Vec<_> = command.get_envs().map(|(name, _)| name.to_owned()).collect();
        let names =
            names.iter().filter(|name| name.to_string_lossy().starts_with(prefix(variable)));
        names.for_each(|name| {
            command.env_remove(name);
        });
        let run = ended(command.stdin(Stdio::null()).output().unwrap());
        assert_eq!(run.status, 0, "default profile: {run:?}");
        // The command of a value can prompt on the terminal although the standard input is a file.
        let url = stored.lines().find_map(|line| line.strip_prefix("base_url = ")).unwrap();
        let script = format!(
            "read -r stat < /proc/$$/stat; set -- ${{stat##*) }}; test $3 = $6 && echo {}",
            url.trim_matches('"')
        );
        let value = format!("base_url = {{ command = [\"sh\", \"-c\", \"{script}\"] }}");
        let with_command = stored.replace(&format!("base_url = {url}"), &value);
        std::fs::write(&file, with_command).unwrap();
        let line = format!("{} < /dev/null", words(&command));
        if std::path::Path::new("/proc/self/stat").exists()
            && let Some(run) = Self::line_on_terminal(&command, &line, "")
        {
            assert_eq!(run.status, 0, "{run:?}");
        }
        std::fs::write(&file, &stored).unwrap();
        let run = ended(command.env(variable, "x").output().unwrap());
        let reason =
            format!("credentials were read from the environment, because {variable} is set");
        assert!(run.status == 3 && run.stderr.contains(&reason), "{run:?}");
        let run = self.run(&["auth", "logout", "--dry-run"]);
        assert!(run.status == 0 && run.stderr.contains("dry run: would"), "{run:?}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), stored);
        let run = self.run(&["auth", "logout", "--profile", "none"]);
        assert!(run.status == 4 && run.stderr.contains("no profile `none`"), "{run:?}");
        for (arguments, option) in [
            (&["auth", "list", "--profile", "default"][..], "--profile"),
            (&["auth", "default", "default", "--profile", "default"], "--profile"),
            (&["auth", "logout", "default", "--profile", "default"], "--profile"),
            (&[&login[..], &["--profile", "x", "--curl"]].concat(), "--curl"),
            (&["auth", "default", "default", "--curl"], "--curl"),
            (&["auth", "logout", "--curl"], "--curl"),
            (&["auth", "login", "--web", "--dry-run"], "--dry-run"),
        ] {
            let run = self.run(arguments);
            let problem = format!("{option} cannot be used");
            assert!(run.status == 2 && run.stderr.contains(&problem), "{arguments:?}: {run:?}");
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), stored);
        std::fs::write(&file, stored + "typo = \"x\"\n").unwrap();
        let run = ended(command.env_remove(variable).output().unwrap());
        assert!(run.status == 10 && run.stderr.contains("typo is not one of"), "{run:?}");
    }

    /// Checks the program on a terminal: aligned columns with headings, and a question before a write.
    /// Returns the output of the read, or `None` if there is no `script` of util-linux.
    ///
    /// # Panics
    /// Panics if the program behaves as without a terminal.
    #[cfg(unix)]
    pub fn assert_terminal(&self, heading: &str) -> Option<String> {
        let read = self.on_terminal(self.read, "")?;
        assert!(read.stdout.contains(heading), "{read:?}");
        assert!(read.stdout.contains("\u{1b}[1m"), "headings are bold: {read:?}");
        assert!(!read.stdout.contains('\t'), "{read:?}");
        let plain = self.on_terminal(&[self.read, &["--color", "never"]].concat(), "")?;
        assert!(!plain.stdout.contains("\u{1b}[1m"), "{plain:?}");
        let answered = self.on_terminal(self.write, "n\n")?;
        assert!(answered.stdout.contains("? [y/N] "), "{answered:?}");
        assert!(answered.stdout.contains("nothing was sent"), "{answered:?}");
        assert_eq!(answered.status, 2, "{answered:?}");
        let silent = self.on_terminal(&[self.write, &["--no-input"]].concat(), "")?;
        assert!(silent.status == 2 && silent.stdout.contains("add --yes"), "{silent:?}");
        Some(read.stdout)
    }

    /// Checks that processes that change the profiles at the same time lose no change, and that a
    /// login changes only the settings that it is given. `home` contains the file `env`.
    ///
    /// # Panics
    /// Panics if a change is lost.
    pub fn assert_profile_changes(&self, home: &std::path::Path) {
        let names: Vec<String> = (0..8).map(|number| format!("p{number}")).collect();
        let list = || self.run(&["auth", "list", "--fields", "profile"]).stdout;
        let all = |arguments: &[&str]| {
            let start = |name| {
                let mut command = (self.command)(&[arguments, &["--profile", name, "-q"]].concat());
                command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
            };
            let children: Vec<_> = names.iter().map(|name| start(name)).collect();
            for mut child in children {
                assert!(child.wait().unwrap().success(), "{arguments:?}");
            }
        };
        all(&["auth", "login", "--env-file", "env"]);
        assert_eq!(list().lines().collect::<Vec<_>>(), names);
        all(&["auth", "logout"]);
        assert_eq!(list(), "");
        let env = std::fs::read_to_string(home.join("env")).unwrap();
        let credentials: Vec<&str> = env
            .lines()
            .filter(|line| !line.contains("_URL=") && !line.contains("_HOST="))
            .collect();
        std::fs::write(home.join("credentials"), credentials.join("\n")).unwrap();
        let login = ["auth", "login", "--profile", "p", "--env-file", "credentials"];
        let url = ["--base-url", "http://127.0.0.1:1"];
        let run = self.run(&[&login[..], &url].concat());
        assert!(run.status == 0 && !run.stderr.contains("keeps"), "{run:?}");
        let run = self.run(&login);
        let hint = format!("run `{} auth logout p` first", self.name);
        let kept = format!("\nthe profile keeps its base_url; to remove it, {hint}\n");
        assert!(run.status == 0 && run.stderr.ends_with(&kept), "{run:?}");
        let curl = |options: &[&str]| {
            self.run(&[self.read, &["--profile", "p", "--curl"], options].concat()).stdout
        };
        assert!(curl(&[]).contains("http://127.0.0.1:1/"), "{}", curl(&[]));
        let production = ["--environment", "production"];
        let run = self.run(&[&login[..], &production].concat());
        assert!(run.status == 0 && !run.stderr.contains("keeps"), "{run:?}");
        assert_eq!(curl(&[]), curl(&production));
        // Without --profile, the default profile is changed and removed.
        let run = self.run(&["auth", "login", "--env-file", "env"]);
        assert!(run.status == 0 && run.stderr.contains("stored profile `p` in"), "{run:?}");
        assert_eq!(list(), "p\n");
        assert_ne!(curl(&[]), curl(&production));
        let run = self.run(&["auth", "logout"]);
        assert!(run.status == 0 && run.stderr.contains("removed profile `p` from"), "{run:?}");
        let run = self.run(&["auth", "login", "--env-file", "env"]);
        assert!(run.stderr.contains("stored profile `default` in"), "{run:?}");
    }

    /// Runs the program on a terminal. Both of its outputs are the standard output of the result.
    #[cfg(unix)]
    pub fn on_terminal(&self, arguments: &[&str], input: &str) -> Option<Run> {
        let program = (self.command)(arguments);
        Self::line_on_terminal(&program, &words(&program), input)
    }

    /// Runs a line of a shell with the environment of a command on a terminal.
    #[cfg(unix)]
    fn line_on_terminal(program: &Command, line: &str, input: &str) -> Option<Run> {
        use std::io::Write;

        let mut child = Self::start_on_terminal(program, line)?;
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Some(ended(child.wait_with_output().unwrap()))
    }

    /// Starts a line of a shell with the environment of a command on a terminal. Returns `None` if
    /// the program for this is not installed.
    #[cfg(unix)]
    fn start_on_terminal(program: &Command, line: &str) -> Option<std::process::Child> {
        let version = Command::new("script").arg("--version").output();
        let is_installed = version
            .is_ok_and(|version| String::from_utf8_lossy(&version.stdout).contains("util-linux"));
        if !is_installed {
            eprintln!("skipped: script of util-linux is not installed");
            return None;
        }
        let mut command = Command::new("script");
        command.args(["-qec", line, "/dev/null"]);
        copy_environment(program, &mut command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Some(command.spawn().unwrap())
    }

    /// Runs the program on a terminal, and enters an empty line at each prompt, which ends with `: `.
    /// Lines that are entered before the prompt for a secret could be lost.
    #[cfg(unix)]
    fn prompted(&self, arguments: &[&str]) -> Option<String> {
        use std::io::{Read, Write};

        let program = (self.command)(arguments);
        let mut child = Self::start_on_terminal(&program, &words(&program))?;
        let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (mut shown, mut part) = (Vec::new(), [0; 1024]);
        while let Ok(length @ 1..) = output.read(&mut part) {
            shown.extend_from_slice(&part[..length]);
            if shown.ends_with(b": ") {
                // The program may have ended.
                let _ = input.write_all(b"\n");
            }
        }
        child.wait().unwrap();
        Some(String::from_utf8(shown).unwrap())
    }

    /// Checks that the prompts of `auth login` describe each optional setting, and that the end of
    /// the input at a prompt is an error.
    ///
    /// # Panics
    /// Panics if they do not.
    #[cfg(unix)]
    pub fn assert_prompts(&self) {
        let Some(shown) = self.prompted(&["auth", "login"]) else { return };
        for setting in ["base_url (optional: base URL of", "ca_certificate (optional: PEM file"] {
            assert!(shown.contains(setting), "{shown}");
        }
        assert!(!shown.contains("(optional)") && !shown.contains("(optional: )"), "{shown}");
        assert!(shown.starts_with("settings of the profile `default`:"), "{shown}");
        let ended = self.on_terminal(&["auth", "login"], "\u{4}").unwrap();
        let (key, _) = ended.stdout.lines().nth(1).unwrap().split_once(':').unwrap();
        let problem = format!(" {key}: unexpected end of file");
        assert!(ended.status == 10 && ended.stdout.contains(&problem), "{ended:?}");
        // Settings that an option supplies are not prompted for.
        let options = ["--base-url", "http://127.0.0.1:1", "--ca-certificate", "ca.pem"];
        let shown = self.prompted(&[&["auth", "login"], &options[..]].concat()).unwrap();
        for setting in ["environment (", "base_url (", "provider_host (", "ca_certificate ("] {
            assert!(!shown.contains(setting), "{shown}");
        }
    }

    /// Checks that a program that gets a signal ends at once by this signal, as shells expect it,
    /// and leaves no file in `home` but the recording, which has whole lines. If the request is a
    /// write, the program reports once that it may have been carried out. `stall` makes the server
    /// stop within its next responses to a path. `last_seen` returns the path of the last request
    /// that has arrived since its last call, and whether it has no response.
    ///
    /// # Panics
    /// Panics if the program ends in another way, or leaves a file.
    #[cfg(unix)]
    pub fn assert_interruptible(
        &self,
        home: &std::path::Path,
        stall: impl Fn(&str),
        last_seen: impl Fn() -> Option<(String, bool)>,
    ) {
        use std::os::unix::process::ExitStatusExt;

        // The first run stores what all runs share, such as a token.
        assert_eq!(self.run(self.read).status, 0);
        let read = last_seen().unwrap().0;
        self.run(&[self.write, &["--yes"]].concat());
        let write = last_seen().unwrap().0;
        assert_ne!(read, write);
        let before = files_in(home);
        [read, write].iter().for_each(|path| stall(path));
        let is_waiting = || last_seen().is_some_and(|(_, is_waiting)| is_waiting);
        // A shell reports SIGINT as 130. Programs that a script starts in the background ignore it.
        let signals = [("-HUP", 1), ("-INT", 2), ("-TERM", 15)];
        let interrupted = |arguments: &[&str], signal: &str| {
            let mut command = (self.command)(arguments);
            command.env("TMPDIR", home);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            wait_until(&mut child, &is_waiting);
            let status = Command::new("kill").args([signal, &child.id().to_string()]).status();
            assert!(status.unwrap().success());
            let output = child.wait_with_output().unwrap();
            (output.status.signal(), String::from_utf8(output.stderr).unwrap())
        };
        for (signal, number) in signals.into_iter().filter(|(_, number)| !is_ignored(*number)) {
            // The programs handle SIGHUP only where they can read whether it is ignored.
            let is_handled = number != 1 || cfg!(target_os = "linux");
            let exit = 128 + number;
            let json = format!(r#"{{"kind":"interrupted","exit":{exit},"endpoint":""#);
            for (options, begin) in [(&[][..], self.name), (&["-o", "json"], &json)] {
                let arguments = [self.write, &["--yes"], options].concat();
                let (ended_by, message) = interrupted(&arguments, signal);
                assert_eq!(ended_by, Some(number), "{message}");
                let hint = "the change may have been made: check before you repeat the command";
                let is_reported = message.starts_with(begin) && message.contains(hint);
                assert!(is_reported || !is_handled, "{message}");
                assert!(message.matches(hint).count() <= 1, "{message}");
                assert_eq!(files_in(home), before, "{signal}");
            }
            let options = ["-vv", "--out", "list", "--record", "recording"];
            let (ended_by, message) = interrupted(&[self.read, &options].concat(), signal);
            assert_eq!(ended_by, Some(number));
            assert!(!message.contains("may have been made"), "{message}");
            let recording = home.join("recording");
            let text = std::fs::read_to_string(&recording).unwrap();
            assert!(text.is_empty() || text.ends_with('\n'), "{text:?}");
            std::fs::remove_file(&recording).unwrap();
            assert_eq!(files_in(home), before, "{signal}");
        }
    }
}

/// Returns the names of the files in a folder and its folders.
///
/// # Panics
/// Panics if a folder cannot be read.
pub fn files_in(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() && !path.is_symlink() {
            true => files.extend(files_in(&path)),
            false => files.push(path),
        }
    }
    files.sort();
    files
}

/// Returns the prefix of the variables of a program, such as `TPAY_`.
#[cfg(unix)]
fn prefix(variable: &str) -> &str {
    variable.find('_').and_then(|end| variable.get(..=end)).unwrap()
}

/// Returns whether this process, and so its children, ignores a signal.
#[cfg(unix)]
pub fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.unwrap_or_default() >> (signal - 1) & 1 != 0
}

/// Returns the program and its arguments as words of a shell.
#[cfg(unix)]
fn words(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let quoted =
        |word: &std::ffi::OsStr| format!("'{}'", word.to_str().unwrap().replace('\'', "'\\''"));
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

/// Copies the environment and the folder of one command to another.
#[cfg(unix)]
fn copy_environment(from: &Command, to: &mut Command) {
    to.env_clear().env("PATH", "/usr/bin:/bin").env("SHELL", "/bin/sh");
    let set = from.get_envs().filter_map(|(name, value)| Some((name, value?)));
    to.envs(set);
    if let Some(folder) = from.get_current_dir() {
        to.current_dir(folder);
    }
}

/// Runs a program in a shell. `line` returns the command line for the words of the program.
#[cfg(unix)]
fn in_shell(program: &Command, line: impl FnOnce(&str) -> String) -> Run {
    let mut shell = Command::new("sh");
    shell.args(["-c", &line(&words(program))]);
    copy_environment(program, &mut shell);
    ended(shell.output().unwrap())
}
