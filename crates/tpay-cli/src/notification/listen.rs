//! `tpay notification listen`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use callback_listener::{Listener, Request, Response, printable};
use clap::Args;
use cli_support::api_auth::Transport;
use cli_support::api_auth::http::{self, Uri};
use cli_support::args::{duration, http_url};
use cli_support::{Context, Exit, Failure, Json};
use tpay_client::notifications::NotificationResponse;
use tpay_client::{Error, Notification, Notifications};

use crate::notification::kinds::{Kind, shown};
use crate::notification::{Trust, send};
use crate::provider::Tpay;

/// Headers of a connection, which are not forwarded.
pub(crate) const HOP_BY_HOP: &[&str] =
    &["connection", "content-length", "host", "keep-alive", "te", "transfer-encoding", "upgrade"];

#[derive(Debug, Args)]
pub(crate) struct Listen {
    /// Address to listen on; port 0 picks a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    bind: String,
    /// Forward genuine notifications to this URL, and return its response to the sender
    #[arg(long, value_name = "URL", value_parser = http_url)]
    forward_to: Option<Uri>,
    /// Print and forward only this kind; the others are acknowledged
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Store headers and body of each genuine notification in this folder
    #[arg(long, value_name = "FOLDER")]
    save: Option<PathBuf>,
    /// Stop after this number of genuine notifications
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    /// Stop after this time
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    time: Option<Duration>,
    #[command(flatten)]
    trust: Trust,
}

/// A genuine notification and its request.
struct Genuine {
    request: Request,
    notification: Notification,
}

impl Listen {
    pub(crate) fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        if context.global.curl || context.global.dry_run {
            let problem = "--curl and --dry-run cannot be used with a command that listens";
            return Err(Failure::new(Exit::Usage, problem));
        }
        let reader = self.trust.reader(context)?;
        if let Some(folder) = &self.save {
            std::fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))?;
        }
        let failed = |error: std::io::Error| {
            Failure::new(Exit::Local, format!("--bind {}: {error}", self.bind))
        };
        let listener = Listener::bind(self.bind.as_str()).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        context.note(&format!("listening on http://{address}/"));
        let transport = send::transport(context)?;
        let mut received = 0;
        let mut failure = None;
        let verify = move |request: Request| genuine(&reader, request);
        let ended = listener.serve_prepared(self.time, verify, |result| {
            let response = match result {
                Ok(genuine) => {
                    received += 1;
                    match self.handle(context, &*transport, &genuine, received) {
                        Ok(response) => response,
                        Err(error) => {
                            failure = Some(error);
                            Response::text(503, "try again later")
                        }
                    }
                }
                Err((error, response)) => {
                    context.note(&printable(&error));
                    response
                }
            };
            let is_last = self.count.is_some_and(|count| received >= count);
            (response, (is_last || failure.is_some()).then_some(()))
        });
        ended.map_err(failed)?;
        match failure {
            Some(failure) => Err(failure),
            None => Ok(Exit::Done),
        }
    }

    fn handle(
        &self,
        context: &Context<Tpay>,
        transport: &dyn Transport,
        genuine: &Genuine,
        number: usize,
    ) -> Result<Response, Failure> {
        let Genuine { request, notification } = genuine;
        let kind = Kind::of(notification);
        if self.kind.is_some() && kind != self.kind {
            return Ok(response(notification.accept()));
        }
        let json = shown(notification, &request.body);
        let text = match context.output.format() {
            cli_support::output::Format::Table => line(&json),
            _ => json.to_string(),
        };
        context.output.text(&text)?;
        if context.output.is_closed() {
            // A notification that is lost must not be acknowledged.
            return Err(Failure::new(Exit::Local, "the standard output was closed"));
        }
        if let Some(folder) = &self.save {
            save(folder, number, request)?;
        }
        let Some(url) = &self.forward_to else { return Ok(response(notification.accept())) };
        Ok(forward(context, transport, url, request))
    }
}

/// Returns the most important values of a notification on one line, with tabs between them.
fn line(json: &Json) -> String {
    let mut values = vec![json.get("kind").map(Json::cell).unwrap_or_default()];
    if let Some(Json::Object(members)) = json.get("content") {
        let is_shown = |name: &str| {
            !["md5sum", "token", "card_token"].contains(&name) && !name.contains("email")
        };
        let members = members.iter().filter(|(name, _)| is_shown(name)).take(8);
        values.extend(members.map(|(name, value)| match value {
            Json::Object(_) | Json::List(_) => format!("{name}=…"),
            value => format!("{name}={}", value.cell()),
        }));
    }
    values.iter().map(|value| printable(value)).collect::<Vec<_>>().join("\t")
}

/// Verifies a request. The error is a message and the response to the sender.
fn genuine(reader: &Notifications, request: Request) -> Result<Genuine, (String, Response)> {
    if request.method != "POST" {
        return Err((format!("rejected: {} request", request.method), Response::text(405, "")));
    }
    let signature = match request.header("x-jws-signature") {
        Ok(signature) => signature.unwrap_or_default().to_owned(),
        Err(problem) => return Err((problem.to_owned(), Response::text(400, problem))),
    };
    let rejected = |error: Error| {
        (format!("rejected: {error}"), response(NotificationResponse::for_error(&error)))
    };
    let notification = reader.read(&signature, &request.body).map_err(rejected)?;
    Ok(Genuine { request, notification })
}

fn response(response: NotificationResponse) -> Response {
    let NotificationResponse { status, content_type, body } = response;
    Response { status, content_type: content_type.into(), body: body.into() }
}

/// Sends a request to the application, with the path of its URL, and returns the response.
fn forward(
    context: &Context<Tpay>,
    transport: &dyn Transport,
    url: &Uri,
    request: &Request,
) -> Response {
    let mut forwarded = http::Request::builder().method(request.method.as_str()).uri(url);
    for (name, value) in request.headers() {
        if !HOP_BY_HOP.contains(&name.to_ascii_lowercase().as_str()) {
            forwarded = forwarded.header(name, value);
        }
    }
    let unavailable = |problem: String| {
        context.note(&format!("{url}: {problem}"));
        Response::text(503, "the application is not available")
    };
    let forwarded = match forwarded.body(request.body.clone()) {
        Ok(forwarded) => forwarded,
        Err(error) => return unavailable(error.to_string()),
    };
    match transport.send(forwarded) {
        Ok(response) => {
            let content_type = response.headers().get("content-type");
            let content_type = content_type.and_then(|value| value.to_str().ok());
            let status = response.status().as_u16();
            context.note(&format!("{url}: {status}"));
            Response {
                status,
                content_type: content_type.unwrap_or("text/plain").to_owned(),
                body: String::from_utf8_lossy(response.body()).into_owned(),
            }
        }
        Err(error) => unavailable(error.to_string()),
    }
}

/// Stores a notification for `verify`: `N.headers` and `N.body`.
fn save(folder: &Path, number: usize, request: &Request) -> Result<(), Failure> {
    let headers: String =
        request.headers().iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    for (end, bytes) in [("headers", headers.as_bytes()), ("body", request.body.as_slice())] {
        let path = folder.join(format!("{number}.{end}"));
        std::fs::write(&path, bytes).map_err(|error| Failure::file(&path, &error))?;
    }
    Ok(())
}
