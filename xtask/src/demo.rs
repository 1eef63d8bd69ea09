//! `cargo xtask demo`: runs every example as a process against the sandbox, and prints each request
//! with the verdict of the server.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead, BufReader, Lines};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use api_sandbox::{Sandbox, Seen};

use crate::providers::{Example, LISTEN, Listener, PROVIDERS, Provider};
use crate::{Outcome, shell};

/// A line of the table at the end.
struct Row {
    what: String,
    status: String,
    requests: usize,
    accepted: usize,
    refused: usize,
    good: bool,
}

impl Row {
    /// The row of an example that has ended.
    fn of(what: String, example: &Example, status: ExitStatus, seen: &[Seen]) -> Self {
        let judged = |held| seen.iter().filter(|seen| seen.verdict.signed == Some(held)).count();
        let (accepted, refused) = (judged(true), judged(false));
        let good = status.code() == Some(example.status) && refused == 0;
        Self { what, status: shown(status), requests: seen.len(), accepted, refused, good }
    }
}

/// The name of the folder in which the examples run.
pub(crate) const DEMO: &str = "demo";

/// A folder in which examples run. It belongs to the user who runs them, which may not be the case
/// for the project's folder. It is removed when this value is dropped.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    /// Returns the path of the folder with this name.
    fn path(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()))
    }

    pub(crate) fn new(name: &str) -> Result<Self, String> {
        let path = Self::path(name);
        let created = fs::create_dir_all(&path);
        created.map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn run() -> Outcome {
    let _folder = Folder::new(DEMO)?;
    println!(
        "To run a command after a $ yourself, set the variables that `cargo run -p api-sandbox` prints. A"
    );
    println!("comment names the example that must be run before, with the same sandbox.");
    let mut rows = Vec::new();
    build()?;
    for provider in PROVIDERS {
        let sandbox = start()?;
        let listener = provider.listener.as_ref();
        let listener = listener.map(|listener| Running::start(provider, listener, &sandbox));
        let listener = listener.transpose()?;
        let url = listener.as_ref().map_or("", |running| &running.url);
        for example in provider.examples {
            rows.push(show(provider, example, &sandbox, url)?);
        }
        rows.extend(listener.map(Running::end).transpose()?);
    }
    let width = rows.iter().map(|row| row.what.len()).max().unwrap_or(0);
    println!("\n{:width$}  exit  requests  signatures accepted  refused", "example");
    for row in &rows {
        let Row { what, status, requests, accepted, refused, good } = row;
        let mark = if *good { "" } else { "  <- not as expected" };
        println!("{what:width$}  {status:>4}  {requests:>8}  {accepted:>19}  {refused:>7}{mark}");
    }
    outcome(&rows)
}

fn outcome(rows: &[Row]) -> Outcome {
    match rows.iter().filter(|row| !row.good).count() {
        0 => Ok(()),
        bad => Err(format!("{bad} examples did not end as expected")),
    }
}

/// Starts a sandbox for one provider, so that its examples find the state that they expect.
pub(crate) fn start() -> Result<Sandbox, String> {
    Sandbox::start().map_err(|error| format!("the sandbox does not start: {error}"))
}

/// Builds the examples first, so that their output contains no messages of cargo: It builds those
/// of the whole workspace, with the features of `cargo xtask test`, so that nothing is built twice.
pub(crate) fn build() -> Outcome {
    shell::run(&["build", "--locked", "--workspace", "--examples"])
}

/// Returns the command that runs an example.
fn command(example: &Example, sandbox: &Sandbox, listener: &str) -> Result<Command, String> {
    // Cargo built it below the folder of this program.
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let examples = program.parent().map(|folder| folder.join("examples")).unwrap_or_default();
    let program = examples.join(example.name).with_extension(std::env::consts::EXE_EXTENSION);
    let mut command = Command::new(program);
    command.args(arguments(example, listener)).current_dir(Folder::path(DEMO));
    shell::set_sandbox(&mut command, sandbox);
    Ok(command)
}

/// Returns the features that a provider's examples need, as arguments of cargo.
fn features(provider: &Provider) -> Vec<&'static str> {
    match provider.features {
        "" => Vec::new(),
        features => vec!["--features", features],
    }
}

/// Returns the arguments of an example. `listener` is the URL of the listener, or the address on
/// which it listens.
fn arguments(example: &Example, listener: &str) -> Vec<String> {
    let replaced = |text: &&str| match *text {
        LISTEN if !listener.is_empty() => listener.to_owned(),
        text => text.replace("{listener}", listener),
    };
    example.arguments.iter().map(replaced).collect()
}

/// Runs one example to its end.
pub(crate) fn execute(
    example: &Example,
    sandbox: &Sandbox,
    listener: &str,
) -> Result<Output, String> {
    command(example, sandbox, listener)?
        .output()
        .map_err(|error| format!("{}: {error}", example.name))
}

/// Returns the command line of an example, for a shell with the variables of a sandbox.
fn typed(provider: &Provider, example: &Example, listener: &str) -> String {
    let mut words = vec!["cargo", "run", "-p"];
    let package = provider.package();
    words.push(&package);
    words.extend(features(provider));
    words.extend(["--example", example.name, "--"]);
    let arguments = arguments(example, listener);
    words.extend(arguments.iter().map(String::as_str));
    let words: Vec<_> = words.into_iter().map(shell::quoted).collect();
    let command = words.join(" ").trim_end_matches(" --").to_owned();
    match example.after {
        "" => command,
        name => format!("{command}   # after {name}"),
    }
}

/// Returns the name of the example for a line of the table.
fn short(provider: &Provider, example: &Example) -> String {
    let arguments = example.arguments.iter().map(|text| shell::quoted(text));
    let words = [provider.package(), example.name.to_owned()].into_iter().chain(arguments);
    words.collect::<Vec<_>>().join(" ")
}

fn show(
    provider: &Provider,
    example: &Example,
    sandbox: &Sandbox,
    listener: &str,
) -> Result<Row, String> {
    let what = short(provider, example);
    println!("\n$ {}", typed(provider, example, listener));
    let output = execute(example, sandbox, listener)?;
    print_lines("  ", &output.stdout);
    print_lines("! ", &output.stderr);
    let seen = sandbox.take_seen();
    for request in &seen {
        println!("  -> {}", describe(request));
    }
    Ok(Row::of(what, example, output.status, &seen))
}

fn print_lines(mark: &str, bytes: &[u8]) {
    for line in String::from_utf8_lossy(bytes).lines() {
        println!("{mark}{line}");
    }
}

fn shown(status: ExitStatus) -> String {
    status.code().map_or("killed".to_owned(), |code| code.to_string())
}

/// An example that listens while others run.
struct Running {
    what: String,
    url: String,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    expected: i32,
}

impl Running {
    fn start(provider: &Provider, listener: &Listener, sandbox: &Sandbox) -> Result<Self, String> {
        let example = &listener.example;
        let what = short(provider, example);
        let failed = |why: String| format!("{what}: {why}");
        let address = free_address().map_err(|error| failed(error.to_string()))?;
        match listener.subscribe {
            None => println!("\n$ {} &", typed(provider, example, &address)),
            Some(_) => println!("\nstarted, and subscribed at the sandbox by the demo: {what}"),
        }
        let mut child = command(example, sandbox, &address)?
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let stdout = child.stdout.take().ok_or_else(|| failed("has no output".to_owned()))?;
        let mut lines = BufReader::new(stdout).lines();
        let first = lines.next().and_then(Result::ok).unwrap_or_default();
        println!("  {first}");
        let url = first
            .strip_prefix("listening on ")
            .ok_or_else(|| failed("did not say where it listens".to_owned()))?
            .to_owned();
        if let Some(subscribe) = listener.subscribe {
            subscribe(sandbox, &url)?;
        }
        Ok(Self { url, child, lines, expected: example.status, what })
    }

    /// Waits for the end of the process, with a timeout.
    fn end(mut self) -> Result<Row, String> {
        let mut status = None;
        for _ in 0..100 {
            status = self.child.try_wait().map_err(|error| error.to_string())?;
            if status.is_some() {
                break;
            }
            pause();
        }
        if status.is_none() {
            let _ = self.child.kill();
        }
        println!("\noutput of {}", self.what);
        for line in self.lines.map_while(Result::ok) {
            println!("  {line}");
        }
        let good = status.and_then(|status| status.code()) == Some(self.expected);
        let status = status.map_or("did not end".to_owned(), shown);
        Ok(Row { what: self.what, status, requests: 0, accepted: 0, refused: 0, good })
    }
}

/// Returns a free address of this machine.
fn free_address() -> io::Result<String> {
    let listener = TcpListener::bind(LISTEN)?;
    Ok(listener.local_addr()?.to_string())
}

#[expect(clippy::disallowed_methods, reason = "waits for a process, not for a result")]
fn pause() {
    std::thread::sleep(Duration::from_millis(100));
}

/// Formats a request as a line: endpoint and verdict, without values.
fn describe(seen: &Seen) -> String {
    let names: BTreeSet<&str> = seen
        .request
        .query()
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split('=').next().filter(|name| !name.is_empty()))
        .collect();
    let names: Vec<&str> = names.into_iter().collect();
    let query = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
    let status = seen.status.map_or("no response".to_owned(), |status| status.to_string());
    let verdict = match seen.verdict.signed {
        Some(true) => "credentials accepted",
        Some(false) => "CREDENTIALS REFUSED",
        None => "credentials not checked",
    };
    let id = seen.verdict.endpoint.unwrap_or("-");
    format!(
        "{id}: {:?}{query}, {} bytes of body: {status}, {verdict}",
        seen.request,
        seen.request.body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copy;

    /// Returns the words of a printed command, as a shell splits it.
    fn typed_of(provider: &str, example: &str) -> String {
        let provider = PROVIDERS.iter().find(|row| row.name == provider).unwrap();
        let mut all =
            provider.examples.iter().chain(provider.listener.iter().map(|row| &row.example));
        let example = all.rfind(|row| row.name == example).unwrap();
        let address =
            if example.arguments.contains(&LISTEN) { "127.0.0.1:81" } else { "http://a/" };
        typed(provider, example, address)
    }

    #[test]
    fn printed_commands_are_complete() {
        assert_eq!(
            typed_of("tokenpass", "login"),
            "cargo run -p tokenpass-client --features sign-message --example login -- --no-browser   \
             # after tokenpass_tour"
        );
        assert_eq!(typed_of("tinycert", "list"), "cargo run -p tinycert-client --example list");
        assert_eq!(
            typed_of("tpay", "notification_server"),
            "cargo run -p tpay-client --features notifications --example notification_server -- \
             --listen 127.0.0.1:81 --merchant-id 1010 --count 1 --anchors-of-server"
        );
        assert!(
            typed_of("tpay", "pay_by_link").ends_with(" 'Order 7' jan@example.com 'Jan Nowak'")
        );
    }

    #[test]
    fn required_examples_run_first() {
        for provider in PROVIDERS {
            for (number, example) in provider.examples.iter().enumerate() {
                let mut before = provider.examples.iter().take(number);
                let is_met =
                    example.after.is_empty() || before.any(|row| row.name == example.after);
                assert!(is_met, "{}: {} is not before", example.name, example.after);
            }
        }
    }

    fn example_of(provider: &str, name: &str) -> (&'static Provider, &'static Example) {
        let provider = PROVIDERS.iter().find(|row| row.name == provider).unwrap();
        (provider, provider.examples.iter().find(|row| row.name == name).unwrap())
    }

    #[test]
    fn rows_name_the_crate_the_example_and_its_arguments() {
        let (provider, example) = example_of("tpay", "pay_by_link");
        assert_eq!(
            short(provider, example),
            "tpay-client pay_by_link 12.34 'Order 7' jan@example.com 'Jan Nowak'"
        );
    }

    #[test]
    fn example_is_good_if_its_status_is_expected_and_no_signature_is_refused() {
        let sandbox = start().unwrap();
        let host = sandbox.tokenpass().base_url().replace("http://", "");
        // The first one needs credentials.
        for target in ["/api/v1/tca/addresses", "/api/v1/tca/check-address/a?b=1", "/"] {
            copy::get(&host, target);
        }
        let mut seen = sandbox.take_seen();
        let (_, succeeds) = example_of("tinycert", "list");
        let row = |seen: &[Seen], status| Row::of("a".to_owned(), succeeds, status, seen);
        let refused = row(&seen, ExitStatus::default());
        assert_eq!((refused.requests, refused.accepted, refused.refused), (3, 0, 1));
        assert!(!refused.good);
        seen[0].verdict.signed = Some(true);
        let good = row(&seen, ExitStatus::default());
        assert_eq!((good.requests, good.accepted, good.refused), (3, 1, 0));
        assert_eq!((good.good, good.status.as_str()), (true, "0"));
        let failed = row(&seen, copy::failure().status);
        assert_eq!((failed.good, failed.status.as_str()), (false, "101"));
        assert_eq!(outcome(&[]), Ok(()));
        assert_eq!(outcome(&[row(&seen, ExitStatus::default())]), Ok(()));
        assert_eq!(
            outcome(&[failed, good, refused]),
            Err("2 examples did not end as expected".to_owned())
        );
    }

    #[cfg(unix)]
    #[test]
    fn example_that_a_signal_ends_has_no_status() {
        use std::os::unix::process::ExitStatusExt;

        assert_eq!(shown(ExitStatus::from_raw(9)), "killed");
    }

    #[test]
    fn requests_are_described_without_the_values_of_their_queries() {
        let sandbox = start().unwrap();
        let host = sandbox.tokenpass().base_url().replace("http://", "");
        for target in [
            "/api/v1/tca/check-address/1KFHE7?TOKENLY=1&SOUP=2&TOKENLY=3",
            "/api/v1/tca/addresses",
            "/moon?",
        ] {
            copy::get(&host, target);
        }
        let described: Vec<String> = sandbox.take_seen().iter().map(describe).collect();
        assert_eq!(
            described,
            [
                "tca.check_address: GET /api/v1/tca/check-address/1KFHE7 (SOUP, TOKENLY), 0 bytes of \
                 body: 400, credentials not checked",
                "address.list_mine: GET /api/v1/tca/addresses, 0 bytes of body: 403, CREDENTIALS \
                 REFUSED",
                "-: GET /moon, 0 bytes of body: 404, credentials not checked",
            ]
        );
    }

    #[test]
    fn address_of_a_listener_is_replaced_if_it_is_known() {
        let provider = PROVIDERS.iter().find(|row| row.name == "tpay").unwrap();
        let example = &provider.listener.as_ref().unwrap().example;
        for (address, expected) in [("127.0.0.1:81", "127.0.0.1:81"), ("", LISTEN)] {
            let arguments = arguments(example, address);
            assert_eq!(arguments[..2], ["--listen", expected], "{arguments:?}");
        }
    }

    #[test]
    fn printed_lines_have_a_mark() {
        let print = || print_lines("! ", b"a\nb");
        let Some(text) = copy::printed("demo::tests::printed_lines_have_a_mark", print) else {
            return;
        };
        assert!(text.contains("! a\n! b\n"), "{text}");
    }

    #[test]
    fn listeners_listen_on_free_addresses() {
        let address: std::net::SocketAddr = free_address().unwrap().parse().unwrap();
        assert!(address.ip().is_loopback() && address.port() != 0, "{address}");
    }

    #[test]
    fn listener_is_good_if_it_ends_with_the_expected_status() {
        for (expected, good) in [(101, true), (0, false)] {
            let mut child = copy::failing().stdout(Stdio::piped()).spawn().unwrap();
            let lines = BufReader::new(child.stdout.take().unwrap()).lines();
            child.wait().unwrap();
            let (url, what) = (String::new(), "a".to_owned());
            let row = Running { what, url, child, lines, expected }.end().unwrap();
            assert_eq!((row.status.as_str(), row.good), ("101", good));
        }
    }
}
