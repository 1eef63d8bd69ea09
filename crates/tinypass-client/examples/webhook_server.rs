//! Receives webhooks, verifies them and prints them.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

#[macro_use]
mod output;

use std::error::Error;
use std::process::ExitCode;

use callback_listener::{Listener, Request, Response, printable};
use lexopt::prelude::*;
use tinypass_client::blocks::Blocks;

const HELP: &str = "\
Receives TinyPass webhooks over plain HTTP, verifies them and prints one line for each.
Run the program behind a TLS proxy.

usage: webhook_server [options]

  --listen ADDRESS   address to listen on (default 127.0.0.1:8787; port 0 selects a free port)
  --count N          exit after N accepted webhooks

exit status: 0 exited after --count, 1 an error, 2 invalid arguments

environment: TINYPASS_AID, TINYPASS_PRIVATE_KEY
";

struct Arguments {
    listen: String,
    count: Option<u64>,
}

fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    let mut arguments = Arguments { listen: "127.0.0.1:8787".to_owned(), count: None };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("listen") => arguments.listen = parser.value()?.string()?,
            Long("count") => arguments.count = Some(parser.value()?.parse()?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(arguments))
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            output::print(format_args!("{HELP}"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("webhook_server: {error}");
            return ExitCode::from(2);
        }
    };
    match serve(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("webhook_server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let blocks = Blocks::from_env()?;
    let listener = Listener::bind(&*arguments.listen)?;
    println!("listening on http://{}/", listener.local_addr()?);
    if arguments.count == Some(0) {
        return Ok(());
    }
    let mut accepted = 0;
    listener.serve(None, |request| {
        let (response, is_accepted) = respond(&blocks, request);
        accepted += u64::from(is_accepted);
        (response, arguments.count.is_some_and(|count| accepted >= count).then_some(()))
    })?;
    Ok(())
}

/// Returns the response to a request, and whether the request is a valid webhook.
fn respond(blocks: &Blocks, request: &Request) -> (Response, bool) {
    if !matches!(request.method.as_str(), "GET" | "POST") {
        return (Response::text(405, ""), false);
    }
    match blocks.read_webhook_target(&request.target) {
        Ok(webhook) => {
            let text = |value: &Option<String>| printable(value.as_deref().unwrap_or("-"));
            let event = webhook.event.as_ref().map_or("-", |event| event.as_str());
            let line = format!(
                "{} ({}) rid {} uid {} access {}\n",
                printable(&webhook.kind.to_string()),
                printable(event),
                text(&webhook.rid),
                text(&webhook.uid),
                text(&webhook.access_id)
            );
            // A webhook that cannot be printed must not be acknowledged.
            if !output::print(format_args!("{line}")) {
                std::process::exit(1);
            }
            (Response::text(200, ""), true)
        }
        Err(error) => {
            eprintln!("rejected a request: {}", printable(&error.to_string()));
            (Response::text(400, ""), false)
        }
    }
}
