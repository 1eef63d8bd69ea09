//! `cargo xtask sandbox`: runs the test servers until it is stopped.

use api_sandbox::Sandbox;
use lexopt::prelude::*;

use crate::{Outcome, shell};

pub(crate) const HELP: &str = "\
usage: cargo xtask sandbox [--port PORT] [--quiet]

Starts the TinyPass, TinyCert, Tokenpass and Tpay test servers on 127.0.0.1 and prints the
environment variables that connect clients to them. Runs until it is stopped (Ctrl-C).

  --port PORT   listens on PORT (TinyPass), PORT+1 (TinyCert), PORT+2 (Tokenpass) and
                PORT+3 (Tpay); default: any free ports
  --quiet       does not log requests
  --help        prints this text

Each request is logged to standard error: provider, method, path, endpoint, whether the
credentials are valid, status, and the reason of a rejection. The log contains no query, no
header, no body, and no path segment that may be an id or a token.
";

/// The options of the task.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    port: u16,
    quiet: bool,
}

pub(crate) fn run(parser: &mut lexopt::Parser) -> Outcome {
    let options = options(parser).map_err(|why| format!("sandbox: {why}\n\n{HELP}"))?;
    let sandbox = Sandbox::start_at(options.port).map_err(|error| error.to_string())?;
    if !options.quiet {
        sandbox
            .log_to(|provider, line| shell::print_error(format_args!("{provider:<9}  {line}\n")));
    }
    for (name, value) in sandbox.environment() {
        println!("export {name}={}", shell::quoted(&value));
    }
    eprintln!("The servers run until this program is stopped (Ctrl-C).");
    loop {
        std::thread::park();
    }
}

fn options(parser: &mut lexopt::Parser) -> Result<Options, String> {
    let mut options = Options::default();
    while let Some(arg) = parser.next().map_err(|error| error.to_string())? {
        match arg {
            Long("port") => {
                let port = parser.value().map_err(|error| error.to_string())?;
                let port = port.to_string_lossy();
                options.port = match port.parse() {
                    Ok(number @ 1..=65_532) => number,
                    _ => return Err(format!("--port: {port:?} is not a port from 1 to 65532")),
                };
            }
            Long("quiet") => options.quiet = true,
            other => return Err(other.unexpected().to_string()),
        }
    }
    Ok(options)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Options, String> {
        options(&mut lexopt::Parser::from_args(args))
    }

    #[test]
    fn options_are_read() {
        assert_eq!(parsed(&[]), Ok(Options { port: 0, quiet: false }));
        assert_eq!(parsed(&["--port", "4000"]), Ok(Options { port: 4000, quiet: false }));
        assert_eq!(parsed(&["--quiet", "--port=65532"]), Ok(Options { port: 65_532, quiet: true }));
    }

    #[test]
    fn wrong_options_are_rejected_by_name() {
        for (args, named) in [
            (&["--port", "0"][..], "\"0\" is not a port"),
            (&["--port", "65533"], "\"65533\" is not a port"),
            (&["--port", "x"], "\"x\" is not a port"),
            (&["--port"], "--port"),
            (&["--verbose"], "--verbose"),
            (&["4000"], "4000"),
            (&["--quiet=yes"], "--quiet"),
        ] {
            let why = parsed(args).unwrap_err();
            assert!(why.contains(named), "{args:?}: {why}");
        }
    }
}
