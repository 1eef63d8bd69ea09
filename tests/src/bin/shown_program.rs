//! A program of a README or guide, by its page and number: `shown_program README.md 1`. Without
//! arguments it tells which ones there are.

#![allow(clippy::all, clippy::print_stdout, clippy::print_stderr, reason = "as they are shown")]
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "programs of users may")]

use std::process::ExitCode;

type Run = fn() -> Result<(), String>;

include!(concat!(env!("OUT_DIR"), "/shown_programs.rs"));

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [page, number] = arguments.as_slice() else {
        for (page, number, _) in PROGRAMS {
            println!("{page} {number}");
        }
        return ExitCode::SUCCESS;
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
