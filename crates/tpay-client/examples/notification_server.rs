//! Receives notifications: verifies, prints and answers them. No framework.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

use std::collections::HashSet;
use std::env::VarError;
use std::error::Error;
use std::process::ExitCode;

use callback_listener::{Listener, Request, Response, printable};
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
    let security_code = match std::env::var("TPAY_SECURITY_CODE") {
        Ok(code) if code.trim().is_empty() => {
            return Err("TPAY_SECURITY_CODE: must not be empty".into());
        }
        Ok(code) => Some(code.trim_end_matches(['\r', '\n']).to_owned()),
        Err(VarError::NotPresent) => None,
        Err(VarError::NotUnicode(_)) => return Err("TPAY_SECURITY_CODE: is not UTF-8".into()),
    };
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
    match &arguments.merchant_id {
        None => return Err("missing option '--merchant-id'".into()),
        Some(id) if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) => {
            return Err("--merchant-id: must be the number that the panel shows".into());
        }
        Some(_) => {}
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
    let listener = Listener::bind(arguments.listen.as_deref().unwrap_or("127.0.0.1:8080"))?;
    println!("listening on http://{}/", listener.local_addr()?);
    if arguments.count == Some(0) {
        return Ok(());
    }
    // A shop stores these in its database, with a unique index.
    let mut done = HashSet::new();
    let mut accepted = 0;
    // A certificate may have to be fetched, so each connection verifies its own notification.
    let verify = move |request: Request| read(&notifications, &request);
    listener.serve_prepared(None, verify, |notification| {
        let response = match notification {
            Ok(notification) => {
                // Deliveries repeat until they are acknowledged: each event with a key is processed
                // once. Two events without a key may look the same, so each delivery is processed.
                if notification.key().is_none_or(|key| done.insert(key.to_owned())) {
                    print(&notification);
                    accepted += 1;
                }
                response(notification.accept())
            }
            Err(response) => response,
        };
        (response, arguments.count.is_some_and(|count| accepted >= count).then_some(()))
    })?;
    Ok(())
}

/// Returns the notification of a request, or the response that rejects it.
fn read(notifications: &Notifications, request: &Request) -> Result<Notification, Response> {
    if request.method != "POST" {
        return Err(Response::text(405, ""));
    }
    // Two signatures are ambiguous.
    let signature = request.header("x-jws-signature").map_err(|why| Response::text(400, why))?;
    notifications.read(signature.unwrap_or_default(), &request.body).map_err(|error| {
        eprintln!("notification_server: {}", printable(&error.to_string()));
        response(NotificationReply::to_error(&error))
    })
}

fn response(reply: NotificationReply) -> Response {
    let NotificationReply { status, content_type, body } = reply;
    Response { status, content_type: content_type.into(), body: body.into() }
}

fn print(notification: &Notification) {
    let key = notification.key().unwrap_or("without a key");
    let text = match notification {
        Notification::Payment(payment) => {
            let test = if payment.is_test() { "test " } else { "" };
            let (status, paid, crc) = (&payment.status, payment.paid, &payment.crc);
            format!("{test}payment {key}: status {status}, {paid} paid, crc {crc:?}")
        }
        other => format!("{key}: {other:?}"),
    };
    println!("{}", printable(&text));
}
