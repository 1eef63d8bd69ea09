//! The project's own tasks, `cargo xtask TASK`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports")]

mod api;
mod bench;
mod check;
mod demo;
mod docs;
mod endpoints;
mod fuzz;
mod mutants;
mod providers;
mod sandbox;
mod shell;
mod test;

use std::process::ExitCode;

use lexopt::prelude::*;

const HELP: &str = "\
usage: cargo xtask TASK

  test        what a change needs to be trusted: formatting, lints, all tests, docs
  demo        runs every example against the sandbox and shows what each call sent
  sandbox     starts the servers and prints the variables that lead clients to them
  endpoints   checks that every listed endpoint is implemented, tested, documented, called
  fuzz        runs every fuzz target for --seconds N (60), on a nightly toolchain
  mutants     changes the code in small ways and looks whether a test notices; --area NAME,
              --shard K/N, --jobs N
  api         writes what each crate shows to docs/api
  check       checks each crate alone: tree, docs, licences, features, API, packaging
  bench       measures what the clients cost and writes docs/performance.md; --check holds bounds
";

/// What a task ends with: why it failed, for people.
type Outcome = Result<(), String>;

/// What follows the task, as it is.
fn words(parser: &mut lexopt::Parser) -> Result<Vec<String>, String> {
    let words = parser.raw_args().map_err(|error| error.to_string())?;
    words
        .map(|word| word.into_string().map_err(|word| format!("{}: not UTF-8", word.display())))
        .collect()
}

fn main() -> ExitCode {
    let mut parser = lexopt::Parser::from_env();
    let outcome = match parser.next() {
        Ok(Some(Value(task))) => match task.to_string_lossy().as_ref() {
            "test" => test::run(),
            "api" => api::run(),
            "demo" => demo::run(),
            "sandbox" => sandbox::run(),
            "endpoints" => endpoints::run(),
            "fuzz" => fuzz::run(&mut parser),
            "mutants" => mutants::run(&mut parser),
            "check" => check::run(),
            "bench" => words(&mut parser).and_then(|words| bench::run(&words)),
            other => Err(format!("no task {other:?}\n\n{HELP}")),
        },
        Ok(Some(Short('h') | Long("help"))) => {
            print!("{HELP}");
            Ok(())
        }
        Ok(_) => Err(HELP.to_owned()),
        Err(error) => Err(error.to_string()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}
