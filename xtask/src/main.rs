//! The project's own tasks, `cargo xtask TASK`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports")]

/// Prints a line like the macro of `std`, but a closed pipe ends the program without a panic.
macro_rules! println {
    ($($text:tt)*) => { crate::shell::print(format_args!("{}\n", format_args!($($text)*))) };
}

mod api;
mod bench;
mod check;
#[cfg(test)]
mod copy;
mod demo;
mod docs;
mod endpoints;
mod environments;
mod modules;
mod newcomer;
mod pages;
mod providers;
mod shell;
mod test;

use std::process::ExitCode;

use lexopt::prelude::*;

const HELP: &str = "\
usage: cargo xtask TASK

  test        checks formatting and lints, runs all tests, builds the docs
  demo        runs every example against the sandbox and prints the requests
  endpoints   checks that every endpoint has a method, tests, docs and a call in the tour;
              --write writes the tables of the READMEs
  environments
              runs the tests in unusual environments: proxies, folders, users, no network;
              names of environments may follow
  api         writes the listings of the public API to docs/api
  check       checks each crate alone: dependencies, docs, licences, features, API, packages;
              --release lists what is missing for a release
  bench       measures the cost of requests and writes docs/performance.md;
              --check fails if a bound is exceeded
";

/// Returns whether the help lists a task.
fn is_task(name: &str) -> bool {
    let listed =
        |line: &str| line.strip_prefix("  ").and_then(|line| line.split(' ').next()) == Some(name);
    !name.is_empty() && HELP.lines().any(listed)
}

/// The result of a task. The error is a message.
type Outcome = Result<(), String>;

/// Returns the unchanged arguments after the task.
fn words(parser: &mut lexopt::Parser) -> Result<Vec<String>, String> {
    let words = parser.raw_args().map_err(|error| error.to_string())?;
    words
        .map(|word| word.into_string().map_err(|word| format!("{}: not UTF-8", word.display())))
        .collect()
}

/// Rejects arguments of a task without arguments, instead of ignoring them.
fn alone(parser: &mut lexopt::Parser) -> Outcome {
    match words(parser)?.first() {
        Some(word) => Err(format!("unexpected argument: {word:?}\n\n{HELP}")),
        None => Ok(()),
    }
}

fn help() -> Outcome {
    shell::print(format_args!("{HELP}"));
    Ok(())
}

fn main() -> ExitCode {
    let is_help = |word: std::ffi::OsString| word == "--help" || word == "-h";
    let mut parser = lexopt::Parser::from_env();
    let mut rest = std::env::args_os().skip(2);
    let outcome = match parser.next() {
        // Every task has a help text. `bench` would read further words itself.
        Ok(Some(_)) if rest.any(is_help) => help(),
        Ok(Some(Value(task))) => match task.to_string_lossy().as_ref() {
            "test" => alone(&mut parser).and_then(|()| test::run()),
            "api" => alone(&mut parser).and_then(|()| api::run()),
            "demo" => alone(&mut parser).and_then(|()| demo::run()),
            "endpoints" => words(&mut parser).and_then(|words| match words.as_slice() {
                [] => endpoints::run(false),
                [only] if only == "--write" => endpoints::run(true),
                _ => Err(format!("unexpected argument: only --write is allowed\n\n{HELP}")),
            }),
            "environments" => words(&mut parser).and_then(|words| environments::run(&words)),
            "check" => words(&mut parser).and_then(|words| {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                match words.as_slice() {
                    [] => check::run(),
                    ["--release"] => pages::release(),
                    _ => Err(format!("unknown option: {words:?}\n\n{HELP}")),
                }
            }),
            "bench" => words(&mut parser).and_then(|words| bench::run(&words)),
            "help" => help(),
            other => Err(format!("unknown task: {other:?}\n\n{HELP}")),
        },
        Ok(Some(Short('h') | Long("help"))) => help(),
        Ok(Some(other)) => Err(format!("{}\n\n{HELP}", other.unexpected())),
        Ok(None) => Err(format!("missing argument: TASK\n\n{HELP}")),
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
