//! The command `tpay notification listen`: receives, verifies, prints and forwards notifications.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::net::ToSocketAddrs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use callback_listener::{Listener, Request, Response, printable};
use clap::Args;
use cli_support::api_auth::Transport;
use cli_support::api_auth::http::{self, Uri};
use cli_support::args::{http_url, positive, positive_duration};
use cli_support::files::check_writable;
use cli_support::output::{Column, Format, List};
use cli_support::{Context, Exit, Failure, Json};
use tpay_client::notifications::NotificationResponse;
use tpay_client::{Error, Notification, Notifications};

use crate::notification::kinds::{Kind, shown};
use crate::notification::{Trust, send};
use crate::provider::Tpay;

/// Headers that are not forwarded: those that concern the connection, and `Accept-Encoding`,
/// because the sender does not receive the `Content-Encoding` of the response.
pub(crate) const HOP_BY_HOP: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// The columns of printed notifications.
pub(crate) const COLUMNS: &[Column] = &[("kind", "kind"), ("key", "key"), ("content", "content")];

#[derive(Debug, Args)]
pub(crate) struct Listen {
    /// Address to listen on; port 0 picks a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    bind: String,
    /// Forward genuine notifications to this URL, to which the path and the query of the request
    /// are added, and return its response to the sender
    #[arg(long, value_name = "URL", value_parser = http_url)]
    pub(super) forward_to: Option<Uri>,
    /// Print, store and forward only this kind; others are only acknowledged
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Store the headers and the body of each genuine notification in this folder, in files with
    /// consecutive numbers
    #[arg(long, value_name = "FOLDER")]
    save: Option<PathBuf>,
    /// Stop when this number of genuine notifications has been acknowledged, with --forward-to by
    /// the application; with --kind, only those are counted
    #[arg(long, value_name = "N", value_parser = positive::<usize>)]
    count: Option<usize>,
    /// Stop after this time
    #[arg(long = "for", value_name = "TIME", value_parser = positive_duration)]
    time: Option<Duration>,
    #[command(flatten)]
    trust: Trust,
}

/// A genuine notification, with the request that contained it.
struct Genuine {
    request: Request,
    notification: Notification,
}

/// The response to a received request. It is either ready, or that of the application, to which the
/// notification must first be forwarded. The number of notifications that are still to be
/// acknowledged is given if the response may acknowledge one that counts.
enum Reply {
    Ready(Response, Option<Arc<AtomicUsize>>),
    Forward(Forward, Arc<AtomicUsize>),
}

impl Reply {
    /// Returns the response, and a function to call when it was written, which returns whether it is
    /// the last one. If the application determines the response, first forwards the notification to
    /// it.
    fn response(self) -> (Response, impl FnOnce() -> bool) {
        let (response, left) = match self {
            Self::Ready(response, left) => (response, left),
            Self::Forward(forward, left) => {
                let (response, is_accepted) = forward.send();
                (response, is_accepted.then_some(left))
            }
        };
        (response, move || left.is_some_and(|left| is_last(&left)))
    }
}

impl Listen {
    pub(crate) fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        if context.global.curl || context.global.dry_run {
            let problem = "--curl and --dry-run cannot be used with a command that listens";
            return Err(Failure::new(Exit::Usage, problem));
        }
        context.output.check_fields(COLUMNS, &[])?;
        // The content of notifications is personal data.
        let output = context.output.private();
        output.check_stream()?;
        let reader = self.trust.reader(context)?;
        let application = match &self.forward_to {
            Some(url) => Some((send::transport(context, url)?, url)),
            None => None,
        };
        let mut folder = self.save.clone().map(Folder::open).transpose()?;
        let failed = |error: std::io::Error| {
            let exit = match error.kind() {
                ErrorKind::InvalidInput | ErrorKind::AddrNotAvailable => Exit::Usage,
                _ => Exit::Local,
            };
            Failure::new(exit, format!("--bind {}: {error}", self.bind))
        };
        // A host that cannot be resolved is an invalid argument, too.
        let unresolved = |error: io::Error| {
            let problem = format!("{error}; must be ADDRESS:PORT, such as 127.0.0.1:8787");
            failed(io::Error::new(ErrorKind::InvalidInput, problem))
        };
        let addresses: Vec<_> = self.bind.to_socket_addrs().map_err(unresolved)?.collect();
        let listener = Listener::bind(addresses.as_slice()).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let mut list = output.stream(COLUMNS)?;
        context.note(&format!("listening on http://{address}/"));
        let is_hinted = self.trust.anchors.is_none();
        let verify = move |request: Request| genuine(&reader, request, is_hinted);
        // The number of notifications that are still to be acknowledged.
        let left = Arc::new(AtomicUsize::new(self.count.unwrap_or_default()));
        // Notifications are printed and stored one after another, and forwarded concurrently.
        let mut handle = |genuine: Genuine| -> Result<(Reply, bool), Failure> {
            let Genuine { request, notification } = genuine;
            let accepted = response(notification.accept());
            if self.kind.is_some() && Kind::of(&notification) != self.kind {
                return Ok((Reply::Ready(accepted, None), false));
            }
            print(context, &mut list, &shown(&notification, &request.body))?;
            if context.output.is_closed() {
                // A notification that was not printed must not be acknowledged.
                return Ok((Reply::Ready(Response::text(503, "try again later"), None), true));
            }
            if let Some(folder) = &mut folder {
                folder.save(&request)?;
            }
            let left = Arc::clone(&left);
            let Some((transport, url)) = &application else {
                return Ok((Reply::Ready(accepted, Some(left)), false));
            };
            let (transport, url) = (Arc::clone(transport), (*url).clone());
            let forward = Forward { transport, url, request, is_quiet: context.global.quiet };
            Ok((Reply::Forward(forward, left), false))
        };
        let longest = send::timeout(context);
        let ended = listener.serve_staged(self.time, longest, verify, |result| {
            let (reply, end) = match result.map(&mut handle) {
                Ok(Ok((reply, is_last))) => (reply, is_last.then_some(Ok(()))),
                Ok(Err(failure)) => {
                    (Reply::Ready(Response::text(503, "try again later"), None), Some(Err(failure)))
                }
                Err((error, response)) => {
                    context.note(&printable(&error));
                    (Reply::Ready(response, None), None)
                }
            };
            (move || reply.response(), end)
        });
        ended.map_err(failed)?.unwrap_or(Ok(()))?;
        match list.end() {
            // No notification had any of the requested fields.
            Err(failure) if failure.exit() == Exit::Usage => context.note(failure.message()),
            ended => ended?,
        }
        Ok(Exit::Done)
    }
}

/// Prints a notification as a line of text for the format `table`, otherwise as an entry of the
/// list.
fn print(context: &Context<Tpay>, list: &mut List, json: &Json) -> Result<(), Failure> {
    match context.output.format() {
        Format::Table if context.global.fields.is_empty() => list.line(&line(json)),
        _ => list.push(json),
    }
}

/// Returns the kind and up to 8 values of a notification on one line, separated by tabs. Secrets
/// and e-mail addresses are omitted.
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

/// Verifies the notification in a request. The error contains a message for the user and the
/// response to the sender. `is_hinted` is whether the message can name
/// `--anchors`.
fn genuine(
    reader: &Notifications,
    request: Request,
    is_hinted: bool,
) -> Result<Genuine, (String, Response)> {
    if request.method != "POST" {
        return Err((format!("rejected: {} request", request.method), Response::text(405, "")));
    }
    let signature = match request.header("x-jws-signature") {
        Ok(signature) => signature.unwrap_or_default().to_owned(),
        Err(problem) => return Err((problem.to_owned(), Response::text(400, problem))),
    };
    let rejected = |error: Error| {
        let response = response(NotificationResponse::for_error(&error));
        match super::hint(&error.to_string()).filter(|_| is_hinted) {
            Some(hint) => (format!("rejected: {error}; {hint}"), response),
            None => (format!("rejected: {error}"), response),
        }
    };
    let notification = reader.read(&signature, &request.body).map_err(rejected)?;
    Ok(Genuine { request, notification })
}

fn response(response: NotificationResponse) -> Response {
    let NotificationResponse { status, content_type, body } = response;
    Response { status, content_type: content_type.into(), body: body.into() }
}

/// Counts an acknowledged notification, and returns whether it is the last one. `left` is 0 if their
/// number is not limited.
fn is_last(left: &AtomicUsize) -> bool {
    let before = |left: usize| left.checked_sub(1);
    left.fetch_update(Ordering::AcqRel, Ordering::Acquire, before) == Ok(1)
}

/// A request to forward to the application.
struct Forward {
    transport: Arc<dyn Transport>,
    url: Uri,
    request: Request,
    is_quiet: bool,
}

impl Forward {
    /// Sends the request to the application. Returns its response, and whether it acknowledges the
    /// notification. Returns the status 503 if there is no response.
    fn send(self) -> (Response, bool) {
        let (result, response, is_accepted) = match self.exchange() {
            Ok((response, is_accepted)) => (response.status.to_string(), response, is_accepted),
            Err(problem) => {
                (problem, Response::text(503, "the application is not available"), false)
            }
        };
        if !self.is_quiet {
            let text = printable(&format!("{}: {result}", self.url));
            // A closed standard error must not end the command.
            let _ = writeln!(io::stderr(), "{text}");
        }
        (response, is_accepted)
    }

    /// Returns the response of the application, and whether it acknowledges the notification.
    fn exchange(&self) -> Result<(Response, bool), String> {
        let url = target(&self.url, &self.request.target).map_err(|error| error.to_string())?;
        let mut forwarded = http::Request::builder().method(self.request.method.as_str()).uri(url);
        for (name, value) in self.request.headers() {
            if !HOP_BY_HOP.contains(&name.to_ascii_lowercase().as_str()) {
                forwarded = forwarded.header(name, value);
            }
        }
        let forwarded = forwarded.body(self.request.body.clone());
        let forwarded = forwarded.map_err(|error| error.to_string())?;
        let response = self.transport.send(forwarded).map_err(|error| error.to_string())?;
        let content_type = response.headers().get("content-type");
        let content_type = content_type.map(|value| value.as_bytes().to_vec()).unwrap_or_default();
        let status = response.status().as_u16();
        let is_accepted = send::is_accepted(&response, &self.request.body);
        Ok((Response { status, content_type, body: response.into_body() }, is_accepted))
    }
}

/// Returns the URL to which a request is forwarded: the URL of the application, to which the path
/// and the query of the request are appended.
fn target(url: &Uri, target: &str) -> Result<Uri, http::Error> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = match (url.path(), path) {
        ("" | "/", path) => path.to_owned(),
        (own, "/") => own.to_owned(),
        (own, path) => [own.trim_end_matches('/'), path].concat(),
    };
    let queries = [url.query().unwrap_or_default(), query];
    let queries: Vec<&str> = queries.into_iter().filter(|query| !query.is_empty()).collect();
    let mark = if queries.is_empty() { "" } else { "?" };
    let mut parts = url.clone().into_parts();
    parts.path_and_query = Some([&path, mark, &queries.join("&")].concat().parse()?);
    Ok(Uri::from_parts(parts)?)
}

/// A folder that stores notifications for `verify` and `replay`, in files `N.headers` and `N.body`.
struct Folder {
    path: PathBuf,
    next: u64,
}

impl Folder {
    /// Opens a folder, and creates it if it does not exist. Numbering continues after the highest
    /// number in it.
    fn open(path: PathBuf) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::file(&path, &error);
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).and_then(|()| check_writable(&path)).map_err(failed)?;
        let mut highest = 0;
        for entry in fs::read_dir(&path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let name = name.to_str().unwrap_or_default();
            let number = name.strip_suffix(".body").or_else(|| name.strip_suffix(".headers"));
            let number: Option<u32> = number.and_then(|number| number.parse().ok());
            highest = highest.max(number.unwrap_or(0));
        }
        Ok(Self { next: u64::from(highest) + 1, path })
    }

    /// Stores a notification under the next free number. Never replaces a file.
    fn save(&mut self, request: &Request) -> Result<(), Failure> {
        let headers: String =
            request.headers().iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        loop {
            let [head, body] =
                ["headers", "body"].map(|end| self.path.join(format!("{}.{end}", self.next)));
            self.next += 1;
            let stored = store(&head, headers.as_bytes()).map_err(|error| (&head, error));
            let stored = stored.and_then(|()| {
                store(&body, &request.body).map_err(|error| {
                    let _ = fs::remove_file(&head);
                    (&body, error)
                })
            });
            match stored {
                // Another program has used this number, so the next one is tried.
                Err((_, error)) if error.kind() == io::ErrorKind::AlreadyExists => {}
                stored => return stored.map_err(|(path, error)| Failure::file(path, &error)),
            }
        }
    }
}

/// Creates a file with this content. On Unix, only its owner can read it.
fn store(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let stored = file.write_all(bytes).and_then(|()| file.sync_all());
    if stored.is_err() {
        let _ = fs::remove_file(path);
    }
    stored
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_parameters_are_joined() {
        for (url, request, expected) in [
            ("http://app", "/", "http://app/"),
            ("http://app/", "/my/path?order=7", "http://app/my/path?order=7"),
            ("http://app?shop=1", "/my/path?order=7", "http://app/my/path?shop=1&order=7"),
            ("http://app:8000/notify", "/", "http://app:8000/notify"),
            ("http://app/notify/", "/?a=b", "http://app/notify/?a=b"),
            ("http://app/notify?shop=1", "/my/path/", "http://app/notify/my/path/?shop=1"),
            ("https://[::1]:8/n/", "//x%2f?a=b?c", "https://[::1]:8/n//x%2f?a=b?c"),
        ] {
            assert_eq!(
                target(&url.parse().unwrap(), request).unwrap(),
                expected,
                "{url} {request}"
            );
        }
    }
}
