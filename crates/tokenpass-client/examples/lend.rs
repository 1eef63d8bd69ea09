//! Lends an amount of a token for a number of hours, and cancels promises.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

#[macro_use]
mod output;

use std::process::ExitCode;
use std::time::Duration;

use lexopt::prelude::*;
use tokenpass_client::api_auth::{Clock, SystemClock};
use tokenpass_client::promises::RegisterSource;
use tokenpass_client::proof::MessageKey;
use tokenpass_client::{
    Client, CreatePromise, Destination, Promise, Result, Satoshis, Secret, UnixTime,
};

const HELP: &str = "\
Lends (promises) an amount of a token without moving it.

usage: lend [options] SOURCE DESTINATION ASSET AMOUNT
       lend --list
       lend --cancel ID

  SOURCE       a whitelisted address that holds the token
  DESTINATION  an address, user:NAME or email:ADDRESS
  AMOUNT       in whole tokens, such as 1.5
  --hours N    the duration in hours (default 24)
  --note TEXT  a note
  --wif-stdin  whitelist SOURCE first: its key is read from standard input and signs the proof
               of ownership locally

exit status: 0 success, 1 an error (the message says if the outcome is unknown), 2 invalid
             arguments

environment: TOKENPASS_CLIENT_ID, TOKENPASS_CLIENT_SECRET, and optionally TOKENPASS_BASE_URL
";

enum Task {
    Help,
    List,
    Cancel(String),
    Lend { promise: [String; 4], hours: u64, note: Option<String>, wif_stdin: bool },
}

fn task() -> Result<Task, lexopt::Error> {
    let (mut values, mut hours, mut note, mut wif_stdin) = (Vec::new(), 24, None, false);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Task::Help),
            Long("list") => return Ok(Task::List),
            Long("cancel") => return Ok(Task::Cancel(parser.value()?.string()?)),
            Long("hours") => hours = parser.value()?.parse()?,
            Long("note") => note = Some(parser.value()?.string()?),
            Long("wif-stdin") => wif_stdin = true,
            Value(value) => values.push(value.string()?),
            other => return Err(other.unexpected()),
        }
    }
    let promise = <[String; 4]>::try_from(values).map_err(|_| {
        "missing argument: SOURCE, DESTINATION, ASSET and AMOUNT are required".to_owned()
    })?;
    Ok(Task::Lend { promise, hours, note, wif_stdin })
}

fn main() -> ExitCode {
    let result = match task() {
        Ok(Task::Help) => {
            output::print(format_args!("{HELP}"));
            return ExitCode::SUCCESS;
        }
        Ok(task) => execute(task),
        Err(error) => {
            eprintln!("lend: {error}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lend: {error}");
            if error.outcome_unknown() {
                eprintln!(
                    "lend: the outcome is unknown: check whether `lend --list` prints a new promise \
                     before you repeat the command"
                );
            }
            ExitCode::FAILURE
        }
    }
}

fn execute(task: Task) -> Result<()> {
    let tokenpass = Client::from_env()?;
    match task {
        Task::Help => {}
        Task::List => tokenpass.list_promises()?.iter().for_each(print_promise),
        Task::Cancel(id) => {
            tokenpass.cancel_promise(&id)?;
            println!("promise {id} is cancelled");
        }
        Task::Lend { promise: [source, destination, asset, amount], hours, note, wif_stdin } => {
            if wif_stdin {
                whitelist(&tokenpass, &source)?;
            }
            let amount: Satoshis = amount.parse()?;
            let end = SystemClock.now() + Duration::from_secs(hours.saturating_mul(3600));
            // The server expects the same notation: `user:NAME` and `email:ADDRESS`.
            let mut promise =
                CreatePromise::new(source, Destination::from(destination), asset, amount)
                    .expires(UnixTime::from(end));
            if let Some(note) = note {
                promise = promise.note(note);
            }
            print_promise(&tokenpass.create_promise(&promise)?);
        }
    }
    Ok(())
}

/// Reads the private key of the source address from standard input, proves the ownership of the
/// address, and adds it to the whitelist.
fn whitelist(tokenpass: &Client, source: &str) -> Result<()> {
    let mut wif = String::new();
    std::io::stdin().read_line(&mut wif).map_err(|_| {
        tokenpass_client::InputError::new("wif", "cannot be read from standard input")
    })?;
    let key = MessageKey::from_wif(Secret::new(wif))?;
    let proof = key.sign(&tokenpass.source_proof_message(source))?;
    tokenpass.register_source(&RegisterSource::new(source).proof(proof))?;
    println!("{source} is whitelisted");
    Ok(())
}

fn print_promise(promise: &Promise) {
    println!(
        "{}: {} {} to {} until {}",
        promise.promise_id.map_or("?".to_owned(), String::from),
        promise.quantity.unwrap_or_default(),
        promise.asset.as_deref().unwrap_or("?"),
        promise.destination.as_deref().unwrap_or("?"),
        promise.expires.map_or("cancelled".to_owned(), |end| end.to_string()),
    );
}
