//! Runs a program of a README or guide, given by its page and number: `shown_program README.md 1`.
//! `--list` lists all programs.

#![allow(clippy::all, clippy::print_stdout, clippy::print_stderr, reason = "as they are shown")]
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "programs of users may")]

use std::process::ExitCode;

const HELP: &str = "\
This program belongs to the tests: `shown_program PAGE NUMBER` runs a program of a page, `--list`
lists all programs. Other commands:

  cargo xtask            the tasks of the project
  cargo run -p api-sandbox
                         the test servers, for the examples
  cargo run -p tinypass-client --example check_access -- --help
                         an example; `cargo run -p PACKAGE --example` names those of a package
";

type Run = fn() -> Result<(), String>;

include!(concat!(env!("OUT_DIR"), "/shown_programs.rs"));

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (page, number) = match arguments.as_slice() {
        [page, number] => (page, number),
        [list] if list == "--list" => {
            for (page, number, _) in PROGRAMS {
                println!("{page} {number}");
            }
            return ExitCode::SUCCESS;
        }
        // `cargo run` without arguments ends here, too.
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    let chosen = PROGRAMS.iter().find(|(p, n, _)| p == page && n.to_string() == *number);
    match chosen.map(|(_, _, run)| run()) {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        None => ExitCode::from(2),
    }
}
