//! `cargo xtask demo`: every example as a process of its own against the sandbox, with what each
//! call sent and what the server thought of it.

use std::collections::BTreeSet;
use std::process::Output;

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
    let mut rows = Vec::new();
    for provider in PROVIDERS {
        build(provider)?;
        let sandbox = start()?;
        for example in provider.examples {
            rows.push(show(provider, example, &sandbox)?);
        }
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

/// Builds the examples first, so that no time of compiling is in what they print.
pub(crate) fn build(provider: &Provider) -> Outcome {
    shell::run(&["build", "--quiet", "--locked", "--package", &provider.package(), "--examples"])
}

/// Runs one example to its end.
pub(crate) fn execute(
    provider: &Provider,
    example: &Example,
    sandbox: &Sandbox,
) -> Result<Output, String> {
    let package = provider.package();
    let run =
        ["run", "--quiet", "--locked", "--package", &package, "--example", example.name, "--"];
    shell::cargo(&run)
        .args(example.arguments)
        .envs(sandbox.environment())
        .output()
        .map_err(|error| format!("{}: {error}", example.name))
}

fn show(provider: &Provider, example: &Example, sandbox: &Sandbox) -> Result<Row, String> {
    let arguments: Vec<String> = example.arguments.iter().map(|text| quoted(text)).collect();
    let what = format!("{} {} {}", provider.package(), example.name, arguments.join(" "));
    println!("\n$ {what}");
    let output = execute(provider, example, sandbox)?;
    for (mark, bytes) in [("  ", &output.stdout), ("! ", &output.stderr)] {
        for line in String::from_utf8_lossy(bytes).lines() {
            println!("{mark}{line}");
        }
    }
    let seen = sandbox.take_seen();
    for request in &seen {
        println!("  -> {}", describe(request));
    }
    let judged = |held| seen.iter().filter(|seen| seen.verdict.signed == Some(held)).count();
    let (accepted, refused) = (judged(true), judged(false));
    let good = output.status.code() == Some(example.status) && refused == 0;
    let status = output.status.code().map_or("killed".to_owned(), |code| code.to_string());
    Ok(Row { what, status, requests: seen.len(), accepted, refused, good })
}

fn quoted(text: &str) -> String {
    if text.contains(' ') { format!("'{text}'") } else { text.to_owned() }
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
