//! Receives notifications: verifies, prints and answers them. One thread, no framework.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

use std::collections::HashSet;
use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use lexopt::prelude::*;
use tpay_client::{Client, Notification, NotificationReply, Notifications};

const HELP: &str = "\
Receives Tpay's notifications, verifies their signatures, prints and answers them.
Put a server that speaks TLS before it.

usage: notification_server [options]

  --listen ADDRESS      where to listen (default 127.0.0.1:8080; port 0 takes a free one)
  --merchant-id ID      accept payments of this merchant only; required
  --count N             end after N notifications that were accepted
  --anchors FILE        trust the certificates of this PEM file, not the compiled-in ones
  --anchors-of-server   trust what the server says it is to be trusted: for test servers only

exit status: 0 ended after --count, 1 an error, 2 wrong arguments

environment: TPAY_CLIENT_ID, TPAY_CLIENT_SECRET,
             and optionally TPAY_ENVIRONMENT=sandbox, TPAY_BASE_URL;
             TPAY_SECURITY_CODE to verify the md5sum of payments, too
";

/// The most bytes of a request, and how long its sender may take.
const LONGEST: u64 = 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Default)]
struct Arguments {
    listen: Option<String>,
    merchant_id: Option<String>,
    count: Option<usize>,
    anchors: Option<String>,
    anchors_of_server: bool,
    security_code: Option<String>,
}

fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    // A secret: every user of a machine sees the arguments of a program.
    #[expect(clippy::disallowed_methods, reason = "a script reads its environment")]
    let security_code = std::env::var("TPAY_SECURITY_CODE").ok();
    let mut arguments = Arguments { security_code, ..Arguments::default() };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("listen") => arguments.listen = Some(parser.value()?.string()?),
            Long("merchant-id") => arguments.merchant_id = Some(parser.value()?.string()?),
            Long("count") => arguments.count = Some(parser.value()?.parse()?),
            Long("anchors") => arguments.anchors = Some(parser.value()?.string()?),
            Long("anchors-of-server") => arguments.anchors_of_server = true,
            other => return Err(other.unexpected()),
        }
    }
    if arguments.merchant_id.is_none() {
        return Err("missing option '--merchant-id'".into());
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
            eprintln!("notification_server: {error}");
            return ExitCode::from(2);
        }
    };
    match serve(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("notification_server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let tpay = Client::from_env()?;
    let merchant_id = arguments.merchant_id.as_deref().unwrap_or_default();
    let mut notifications = tpay.notifications()?.merchant_id(merchant_id);
    if let Some(file) = &arguments.anchors {
        notifications = notifications.anchors(std::fs::read(file)?)?;
    } else if arguments.anchors_of_server {
        notifications = notifications.anchors(tpay.get_root_certificates()?)?;
    }
    if let Some(code) = &arguments.security_code {
        notifications = notifications.security_code(code.as_str());
    }
    let listener = TcpListener::bind(arguments.listen.as_deref().unwrap_or("127.0.0.1:8080"))?;
    println!("listening on http://{}/", listener.local_addr()?);
    // A shop keeps these in its database, with a unique index.
    let mut done = HashSet::new();
    for stream in listener.incoming() {
        let answered = stream.and_then(|stream| answer(&notifications, &stream, &mut done));
        if let Err(error) = answered {
            eprintln!("notification_server: {error}");
        }
        if arguments.count.is_some_and(|count| done.len() >= count) {
            break;
        }
    }
    Ok(())
}

/// Reads one request and answers it.
fn answer(
    notifications: &Notifications,
    stream: &TcpStream,
    done: &mut HashSet<String>,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let (signature, body) = receive(stream)?;
    let reply = match notifications.read(&signature, &body) {
        Ok(notification) => {
            // Deliveries repeat until they are acknowledged: nothing is done twice.
            if done.insert(notification.key().to_owned()) {
                print(&notification);
            }
            notification.accept()
        }
        Err(error) => {
            eprintln!("notification_server: {error}");
            NotificationReply::to_error(&error)
        }
    };
    let NotificationReply { status, content_type, body } = reply;
    let length = body.len();
    write!(
        &*stream,
        "HTTP/1.1 {status} \r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    )
}

/// The signature and the body, byte for byte.
fn receive(stream: &TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream.take(LONGEST));
    let (mut signature, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim_end().is_empty() {
            break;
        }
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("x-jws-signature") => {
                value.trim().clone_into(&mut signature);
            }
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().unwrap_or(0);
            }
            _ => {}
        }
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    Ok((signature, body))
}

fn print(notification: &Notification) {
    let key = notification.key();
    match notification {
        Notification::Payment(payment) => {
            println!("payment {key}: {} paid, crc {:?}", payment.paid, payment.crc);
        }
        other => println!("{key}: {other:?}"),
    }
}
