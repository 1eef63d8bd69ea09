//! Receives webhooks, verifies them and prints them.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;

use lexopt::prelude::*;
use tinypass_client::blocks::Blocks;

const HELP: &str = "\
Receives TinyPass webhooks on plain http, verifies each and prints a line for it. Put a
server that speaks TLS in front of it.

usage: webhook_server [options]

  --listen ADDRESS   where to listen (default 127.0.0.1:8080; port 0 takes a free one)
  --count N          end after N webhooks that were accepted

exit status: 0 ended after --count, 1 an error, 2 wrong arguments

environment: TINYPASS_AID, TINYPASS_PRIVATE_KEY
";

struct Arguments {
    listen: String,
    count: Option<u64>,
}

fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    let mut arguments = Arguments { listen: "127.0.0.1:8080".to_owned(), count: None };
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
            print!("{HELP}");
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
    let listener = TcpListener::bind(&arguments.listen)?;
    println!("listening on http://{}/", listener.local_addr()?);
    let mut accepted = 0;
    for stream in listener.incoming() {
        match answer(&blocks, stream?) {
            Ok(true) => accepted += 1,
            Ok(false) => {}
            Err(error) => eprintln!("webhook_server: {error}"),
        }
        if arguments.count.is_some_and(|count| accepted >= count) {
            break;
        }
    }
    Ok(())
}

/// Reads one request and answers it; whether it was a webhook that holds.
fn answer(blocks: &Blocks, stream: TcpStream) -> Result<bool, std::io::Error> {
    let mut lines = BufReader::new(&stream).lines();
    let request_line = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    // The rest of the head is not needed, but must be read before the answer.
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let target = request_line.split(' ').nth(1).unwrap_or_default();
    let (status, accepted) = match blocks.read_webhook_target(target) {
        Ok(webhook) => {
            let text = |value: &Option<String>| value.clone().unwrap_or("-".to_owned());
            let event = webhook.event.as_ref().map_or("-", |event| event.as_str());
            println!(
                "{} ({event}) rid {} uid {} access {}",
                webhook.kind,
                text(&webhook.rid),
                text(&webhook.uid),
                text(&webhook.access_id)
            );
            ("200 OK", true)
        }
        Err(why) => {
            eprintln!("refused a request: {why}");
            ("400 Bad Request", false)
        }
    };
    write!(&stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")?;
    Ok(accepted)
}
