//! Prints the balances and addresses of a user as tables.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

#[macro_use]
mod output;

use std::process::ExitCode;
use std::time::Duration;

use lexopt::prelude::*;
use tokenpass_client::addresses::ListMyAddresses;
use tokenpass_client::balances::{Balance, ListProtectedBalances, ListPublicBalances};
use tokenpass_client::{ClientBuilder, Result};

const HELP: &str = "\
Prints the balances of the logged-in user, one line per asset, and the addresses, one line per
address.

usage: balances [--public] [--refresh]

  --public   print only public addresses and their balances
  --refresh  make the server query the blockchain first, which can take minutes

exit status: 0 success, 1 an error, 2 invalid arguments

environment: TOKENPASS_CLIENT_ID, TOKENPASS_CLIENT_SECRET, TOKENPASS_OAUTH_TOKEN,
             and optionally TOKENPASS_BASE_URL
";

fn main() -> ExitCode {
    let (mut public, mut refresh) = (false, false);
    let mut parser = lexopt::Parser::from_env();
    loop {
        match parser.next() {
            Ok(None) => break,
            Ok(Some(Short('h') | Long("help"))) => {
                output::print(format_args!("{HELP}"));
                return ExitCode::SUCCESS;
            }
            Ok(Some(Long("public"))) => public = true,
            Ok(Some(Long("refresh"))) => refresh = true,
            Ok(Some(other)) => {
                eprintln!("balances: {}", other.unexpected());
                return ExitCode::from(2);
            }
            Err(error) => {
                eprintln!("balances: {error}");
                return ExitCode::from(2);
            }
        }
    }
    match show(public, refresh) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("balances: {error}");
            ExitCode::FAILURE
        }
    }
}

fn show(public: bool, refresh: bool) -> Result<()> {
    let deadline = Duration::from_secs(if refresh { 300 } else { 30 });
    let tokenpass = ClientBuilder::from_env()?.timeout(deadline).build()?;
    let balances = match public {
        true => tokenpass.send(&ListPublicBalances::new().refresh(refresh))?,
        false => tokenpass.send(&ListProtectedBalances::new().refresh(refresh))?,
    };
    println!("{:24} {:>20}", "asset", "amount");
    for Balance { asset, satoshis, .. } in &balances {
        println!(
            "{:24} {:>20}",
            asset.as_deref().unwrap_or("?"),
            satoshis.map(|amount| amount.to_string()).unwrap_or_default()
        );
    }
    println!("\n{:36} {:10} {:8} label", "address", "state", "seen by");
    // With --refresh, the request above has updated the cached balances.
    for address in tokenpass.send(&ListMyAddresses::new())? {
        if public && address.public == Some(false) {
            continue;
        }
        let state = match (address.verified, address.active) {
            (Some(false), _) => "unverified",
            (_, Some(false)) => "inactive",
            _ => "counts",
        };
        let seen_by = if address.public == Some(true) { "all" } else { "user" };
        let label = address.label_text().unwrap_or_default();
        let text = address.address.as_deref().unwrap_or("?");
        println!("{text:36} {state:10} {seen_by:8} {label}");
    }
    Ok(())
}
