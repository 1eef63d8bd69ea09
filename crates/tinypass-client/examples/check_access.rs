//! Checks whether a user has access to a resource. The exit status is the result, so that scripts
//! and cron jobs can use it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

#[macro_use]
mod output;

use std::process::ExitCode;

use lexopt::prelude::*;
use tinypass_client::Client;
use tinypass_client::api_auth::{Clock, SystemClock};

const HELP: &str = "\
Checks whether a user has access to a resource now.

usage: check_access [--quiet] RID USER_REF

  RID        the resource
  USER_REF   your reference for the user, or TinyPass's uid
  --quiet    print nothing

exit status: 0 access, 1 no access or expired, 2 an error

environment: TINYPASS_AID, TINYPASS_PRIVATE_KEY,
             and optionally TINYPASS_BASE_URL or TINYPASS_SANDBOX=1
";

struct Arguments {
    quiet: bool,
    rid: String,
    user_ref: String,
}

fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    let (mut quiet, mut values) = (false, Vec::new());
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Short('q') | Long("quiet") => quiet = true,
            Value(value) => values.push(value.string()?),
            other => return Err(other.unexpected()),
        }
    }
    let [rid, user_ref] = <[String; 2]>::try_from(values)
        .map_err(|_| "missing argument: RID and USER_REF are required".to_owned())?;
    Ok(Some(Arguments { quiet, rid, user_ref }))
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            output::print(format_args!("{HELP}"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("check_access: {error}");
            return ExitCode::from(2);
        }
    };
    match has_access(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("check_access: {error}");
            ExitCode::from(2)
        }
    }
}

fn has_access(arguments: &Arguments) -> Result<bool, tinypass_client::Error> {
    let tinypass = Client::from_env()?;
    let access = tinypass.get_access(&arguments.rid, &arguments.user_ref)?;
    let active = access.as_ref().is_some_and(|access| access.is_active(SystemClock.now()));
    if !arguments.quiet {
        let until = match access.map(|access| access.expires) {
            None => "no access record".to_owned(),
            Some(None) => "access that does not expire".to_owned(),
            Some(Some(end)) if active => format!("access until {end}"),
            Some(Some(end)) => format!("access expired at {end}"),
        };
        println!("{} {}: {until}", arguments.rid, arguments.user_ref);
    }
    Ok(active)
}
