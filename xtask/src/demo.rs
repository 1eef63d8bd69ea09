//! `cargo xtask demo`: every example as a process of its own against the sandbox, with what each
//! call sent and what the server thought of it.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use api_sandbox::{Sandbox, Seen};

use crate::providers::{Example, PROVIDERS, Provider};
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

pub(crate) fn run() -> Outcome {
    println!("What follows a $ can be typed where the variables of `cargo xtask sandbox` are set.");
    let mut rows = Vec::new();
    build()?;
    for provider in PROVIDERS {
        let sandbox = start()?;
        let listener = provider.listener.as_ref().map(|listener| {
            let running = Running::start(provider, &listener.example, &sandbox)?;
            (listener.subscribe)(&sandbox, &running.url)?;
            Ok::<_, String>(running)
        });
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
    match rows.iter().filter(|row| !row.good).count() {
        0 => Ok(()),
        bad => Err(format!("{bad} examples did not end as expected")),
    }
}

/// A sandbox of a provider's own, so that its examples find the state that they expect.
pub(crate) fn start() -> Result<Sandbox, String> {
    Sandbox::start().map_err(|error| format!("the sandbox does not start: {error}"))
}

/// Builds the examples first, so that no compile time is in what they print: those of the whole
/// workspace, with the features of `cargo xtask test`, so that nothing is built twice.
pub(crate) fn build() -> Outcome {
    shell::run(&["build", "--locked", "--workspace", "--examples"])
}

/// The command that runs an example.
fn command(example: &Example, sandbox: &Sandbox, listener: &str) -> Result<Command, String> {
    // Cargo built it below the folder of this program.
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let folder = program.parent().map(|folder| folder.join("examples")).unwrap_or_default();
    let program = folder.join(example.name).with_extension(std::env::consts::EXE_EXTENSION);
    let mut command = Command::new(program);
    command.args(arguments(example, listener)).envs(sandbox.environment());
    Ok(command)
}

/// The features that a provider's examples need, as arguments of cargo.
fn features(provider: &Provider) -> Vec<&'static str> {
    match provider.features {
        "" => Vec::new(),
        features => vec!["--features", features],
    }
}

/// The arguments of an example, with the listener's address.
fn arguments(example: &Example, listener: &str) -> Vec<String> {
    example.arguments.iter().map(|text| text.replace("{listener}", listener)).collect()
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

/// The example as a person types it, where the variables of a sandbox are set.
fn typed(provider: &Provider, example: &Example, listener: &str) -> String {
    let mut words = vec!["cargo", "run", "-p"];
    let package = provider.package();
    words.push(&package);
    words.extend(features(provider));
    words.extend(["--example", example.name, "--"]);
    let arguments = arguments(example, listener);
    words.extend(arguments.iter().map(String::as_str));
    let words: Vec<_> = words.into_iter().map(shell::quoted).collect();
    words.join(" ").trim_end_matches(" --").to_owned()
}

/// The example in a line of the table.
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
    let judged = |held| seen.iter().filter(|seen| seen.verdict.signed == Some(held)).count();
    let (accepted, refused) = (judged(true), judged(false));
    let good = output.status.code() == Some(example.status) && refused == 0;
    let status = shown(output.status);
    Ok(Row { what, status, requests: seen.len(), accepted, refused, good })
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
    fn start(provider: &Provider, example: &Example, sandbox: &Sandbox) -> Result<Self, String> {
        let what = short(provider, example);
        let failed = |why: String| format!("{what}: {why}");
        println!("\n$ {} &", typed(provider, example, ""));
        let mut child = command(example, sandbox, "")?
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
        Ok(Self { url, child, lines, expected: example.status, what })
    }

    /// Waits until it ends by itself, and no longer than it can take.
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
        println!("\n$ {}: its output", self.what);
        for line in self.lines.map_while(Result::ok) {
            println!("  {line}");
        }
        let good = status.and_then(|status| status.code()) == Some(self.expected);
        let status = status.map_or("did not end".to_owned(), shown);
        Ok(Row { what: self.what, status, requests: 0, accepted: 0, refused: 0, good })
    }
}

#[expect(clippy::disallowed_methods, reason = "waits for a process, not for a result")]
fn pause() {
    std::thread::sleep(Duration::from_millis(100));
}

/// A request as a line: what was asked, and the server's verdict. Values stay out of it.
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
    let status = seen.status.map_or("no answer".to_owned(), |status| status.to_string());
    let verdict = match seen.verdict.signed {
        Some(true) => "credentials accepted",
        Some(false) => "CREDENTIALS REFUSED",
        None => "no credentials needed",
    };
    let id = seen.verdict.endpoint.unwrap_or("-");
    format!(
        "{id}: {:?}{query}, {} bytes of body: {status}, {verdict}",
        seen.request,
        seen.request.body.len()
    )
}
