//! Prints all certificates of all CAs as a table, with the days until they expire.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

#[macro_use]
mod output;

use std::process::ExitCode;

use lexopt::prelude::*;
use tinycert_client::cert::{CertItem, StatusMask};
use tinycert_client::{Error, Session, UnixTime};

const HELP: &str = "\
Prints the certificates of an account as a table: CA, id, status, days left, common name.

usage: list [options]

  --ca NAME        list only certificates of the CA with this organization or common name
  --status STATUS  list only certificates with the status good, hold, revoked or expired;
                   can be repeated (default: all except expired)

exit status: 0 printed, 1 an error, 2 invalid arguments

environment: TINYCERT_API_KEY, TINYCERT_EMAIL, TINYCERT_PASSPHRASE,
             and optionally TINYCERT_BASE_URL
";

struct Arguments {
    ca: Option<String>,
    what: StatusMask,
}

fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    let (mut ca, mut what) = (None, None::<StatusMask>);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("ca") => ca = Some(parser.value()?.string()?),
            Long("status") => {
                let one = match parser.value()?.string()?.as_str() {
                    "good" => StatusMask::GOOD,
                    "hold" => StatusMask::HOLD,
                    "revoked" => StatusMask::REVOKED,
                    "expired" => StatusMask::EXPIRED,
                    other => {
                        return Err(format!(
                            "--status: {other:?} is not one of good, hold, revoked, expired"
                        )
                        .into());
                    }
                };
                what = Some(what.map_or(one, |what| what | one));
            }
            other => return Err(other.unexpected()),
        }
    }
    let default = StatusMask::GOOD | StatusMask::HOLD | StatusMask::REVOKED;
    Ok(Some(Arguments { ca, what: what.unwrap_or(default) }))
}

fn main() -> ExitCode {
    let result = match arguments() {
        Ok(Some(arguments)) => list(&arguments),
        Ok(None) => {
            output::print(format_args!("{HELP}"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("list: {error}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("list: {error}");
            ExitCode::FAILURE
        }
    }
}

fn list(arguments: &Arguments) -> Result<(), Error> {
    let session = Session::from_env()?;
    let cas = match &arguments.ca {
        Some(name) => session.find_ca(name)?.into_iter().collect(),
        None => session.list_cas()?,
    };
    let now = UnixTime::from(session.clock().now());
    println!("{:24} {:>8} {:8} {:>5} NAME", "CA", "ID", "STATUS", "DAYS");
    for ca in cas {
        let name = ca.name.unwrap_or_default();
        for cert in session.list_certs(ca.id, arguments.what)? {
            println!("{name:24} {}", row(&cert, now));
        }
    }
    session.disconnect()
}

fn row(cert: &CertItem, now: UnixTime) -> String {
    let days = cert.expires.map(|end| (end.seconds() - now.seconds()).div_euclid(86_400));
    format!(
        "{:>8} {:8} {:>5} {}",
        cert.id,
        cert.status.as_ref().map_or("?", |status| status.as_str()),
        days.map_or("?".to_owned(), |days| days.to_string()),
        cert.name.as_deref().unwrap_or("?"),
    )
}
