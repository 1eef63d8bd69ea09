//! Receives, verifies, prints and acknowledges notifications. No web framework is needed.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

#[macro_use]
mod output;

use std::collections::HashSet;
use std::env::VarError;
use std::error::Error;
use std::process::ExitCode;

use callback_listener::{Listener, Request, Response, printable};
use lexopt::prelude::*;
use tpay_client::notifications::NotificationResponse;
use tpay_client::{Client, Notification, Notifications};

const HELP: &str = "\
Receives Tpay's notifications, verifies their signatures, prints and acknowledges them.
Run it behind a server with TLS.

usage: notification_server [options]

  --listen ADDRESS      the address to listen on (default 127.0.0.1:8787; port 0 selects a free one)
  --merchant-id ID      accept payments of this merchant only; required unless
                        TPAY_MERCHANT_ID is set
  --count N             exit after N accepted notifications
  --anchors FILE        trust the certificates in this PEM file instead of the compiled-in ones
  --anchors-of-server   trust the root certificates that the server returns: only for test
                        servers, such as `cargo run -p api-sandbox`

exit status: 0 exited after --count, 1 an error, 2 invalid arguments

environment: TPAY_CLIENT_ID, TPAY_CLIENT_SECRET,
             and optionally TPAY_ENVIRONMENT=sandbox, TPAY_BASE_URL;
             TPAY_MERCHANT_ID;
             TPAY_SECURITY_CODE to verify the md5sum of payments as well
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
    // The security code is a secret, and every user of a machine can see the arguments of a
    // program.
    let security_code = variable("TPAY_SECURITY_CODE")?;
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
        arguments.merchant_id = variable("TPAY_MERCHANT_ID")?;
    }
    if arguments.merchant_id.is_none() {
        return Err("missing option '--merchant-id', or set TPAY_MERCHANT_ID".into());
    }
    Ok(Some(arguments))
}

/// Returns the value of an environment variable without trailing line breaks, or `None` if it is
/// not set. Returns an error if the value is empty or not UTF-8.
fn variable(name: &str) -> Result<Option<String>, lexopt::Error> {
    #[expect(clippy::disallowed_methods, reason = "a script reads its environment")]
    match std::env::var(name) {
        Ok(value) if value.trim().is_empty() => Err(format!("{name}: must not be empty").into()),
        Ok(value) => Ok(Some(value.trim_end_matches(['\r', '\n']).to_owned())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(format!("{name}: is not UTF-8").into()),
    }
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            output::print(format_args!("{HELP}"));
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
    // An invalid merchant id would be reported for every notification. It is reported at the start
    // instead.
    if let Err(error) = notifications.read("", b"")
        && error.argument().is_some()
    {
        return Err(error.into());
    }
    if let Some(file) = &arguments.anchors {
        notifications = notifications.anchors(std::fs::read(file)?)?;
    } else if arguments.anchors_of_server {
        notifications = notifications.anchors(tpay.get_root_certificates()?)?;
    }
    if let Some(code) = &arguments.security_code {
        notifications = notifications.security_code(code.as_str());
    }
    let listener = Listener::bind(arguments.listen.as_deref().unwrap_or("127.0.0.1:8787"))?;
    println!("listening on http://{}/", listener.local_addr()?);
    if arguments.count == Some(0) {
        return Ok(());
    }
    // A shop stores the keys in its database, with a unique index.
    let mut done = HashSet::new();
    let mut accepted = 0;
    // Verification can fetch a certificate, so it runs on the thread of each connection.
    let has_anchors = arguments.anchors.is_some() || arguments.anchors_of_server;
    let verify = move |request: Request| {
        read(&notifications, &request).map_err(|rejected| match rejected {
            Rejected::Request(response) => response,
            Rejected::Notification(error) => {
                let text = printable(&error.to_string());
                eprintln!("notification_server: {text}");
                if text.contains("is not trusted") && !has_anchors {
                    eprintln!("notification_server: for a test server, use --anchors-of-server");
                }
                response(NotificationResponse::for_error(&error))
            }
        })
    };
    listener.serve_prepared(None, verify, |notification| {
        let response = match notification {
            Ok(notification) => {
                // Tpay repeats a delivery until it is acknowledged. An event with a key is
                // processed once. Two events without a key can look the same, so each of their
                // deliveries is processed.
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

/// The reason why a request is not acknowledged.
enum Rejected {
    /// The request cannot be a notification from Tpay. Contains the response to it.
    Request(Response),
    /// The notification is invalid, or cannot be verified at the moment.
    Notification(tpay_client::Error),
}

/// Verifies a request, and returns the notification that it contains.
fn read(notifications: &Notifications, request: &Request) -> Result<Notification, Rejected> {
    if request.method != "POST" {
        return Err(Rejected::Request(Response::text(405, "")));
    }
    // A request with two signatures is ambiguous.
    let signature = request
        .header("x-jws-signature")
        .map_err(|why| Rejected::Request(Response::text(400, why)))?;
    notifications.read(signature.unwrap_or_default(), &request.body).map_err(Rejected::Notification)
}

fn response(response: NotificationResponse) -> Response {
    let NotificationResponse { status, content_type, body } = response;
    Response { status, content_type: content_type.into(), body: body.into() }
}

fn print(notification: &Notification) {
    let key = notification.key().unwrap_or("without a key");
    let text = match notification {
        Notification::Payment(payment) => {
            let test = if payment.is_test() { "test " } else { "" };
            let (status, paid, crc) = (&payment.status, payment.paid, &payment.crc);
            format!("{test}payment {key}: status {status}, {paid:.2} paid, crc {crc:?}")
        }
        other => format!("{key}: {other:?}"),
    };
    // A payment that cannot be printed must not be acknowledged.
    if !output::print(format_args!("{}\n", printable(&text))) {
        std::process::exit(1);
    }
}
