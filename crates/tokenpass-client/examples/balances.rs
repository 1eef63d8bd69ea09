//! Prints what a user's addresses hold, as a table.

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
Prints what the addresses of the token's user hold: one line an asset, and one an address.

usage: balances [--public] [--refresh]

  --public   only what everybody may see
  --refresh  let the server ask the chain first; that can take minutes

exit status: 0 printed, 1 an error, 2 wrong arguments

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
    // Its balances were just read from the chain, if they had to be.
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
