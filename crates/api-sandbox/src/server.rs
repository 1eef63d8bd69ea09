//! The HTTP listener that all servers use. It starts one thread per connection, records the
//! requests, and simulates the failures that a test has requested.

use std::collections::{HashMap, VecDeque};
use std::fmt::{self, Write as _};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::{Domain, SockRef, Type};

use crate::clock::{self, wait};
use crate::console::{self, Asked, Console, Order};
use crate::http::ReadError;
use crate::{ConsolePage, Misbehaviour, Raw, Response, Tls, accept};

/// The rules and the state of a server. [`Server`] listens on a port and passes each request to
/// [`respond`](Self::respond).
pub trait Service: Send + 'static {
    /// Handles a request. Returns the response, and a [`Verdict`] with the endpoint and the
    /// validity of the credentials.
    fn respond(&mut self, request: &Raw) -> (Response, Verdict);

    /// Returns the reason that a response gives for rejecting a request. It is used for
    /// [`Seen::reason`] and the log. Returns `None` if the response does not reject the request. By
    /// default, the reason is the first 200 characters of the body of any response whose status is
    /// 400 or higher.
    fn rejection(&self, response: &Response) -> Option<String> {
        (response.status >= 400)
            .then(|| String::from_utf8_lossy(&response.body).chars().take(200).collect())
    }

    /// Returns the path of the endpoint at this path, with `{}` for each segment that is an argument,
    /// such as an id. The log and the console do not show these segments. By default, there is no
    /// such path.
    fn path_template(&self, path: &str) -> Option<&'static str> {
        let _ = path;
        None
    }

    /// Returns the content of the console page at `/_sandbox`, except for the list of requests,
    /// which every page has. The content is empty by default.
    fn console(&self) -> ConsolePage {
        ConsolePage::default()
    }

    /// Returns whether [`press`](Self::press) knows an action. If it does not, the console responds
    /// with 400 instead of calling `press`. The default implementation accepts all names, so that
    /// `press` decides.
    fn has_action(&self, action: &str) -> bool {
        let _ = action;
        true
    }

    /// Performs the action of a [`Button`](crate::Button) on the console page. Returns whether the
    /// action was possible. The default implementation supports no actions.
    fn press(&mut self, action: &str, subject: &str) -> bool {
        let _ = (action, subject);
        false
    }
}

/// The endpoint of a request, and whether its credentials are valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The id of the endpoint, such as `access.grant`. `None` if no endpoint matches the request.
    pub endpoint: Option<&'static str>,
    /// Whether the signature or token is valid. `None` if it was not checked, usually because the
    /// endpoint requires no credentials.
    pub signed: Option<bool>,
}

/// A request that a server received. `Display` formats a line for a log. It omits the query, the
/// headers and the body, and replaces path segments that could be ids or tokens with `{}`.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The request, with its headers and body.
    pub request: Raw,
    /// The status code of the response. `None` if a simulated failure prevented the response. With
    /// [`Misbehaviour::EmptyBody`], it is 200 even if the request was rejected.
    pub status: Option<u16>,
    /// The endpoint, and whether the credentials are valid.
    pub verdict: Verdict,
    /// The reason why the server rejected the request, or `misbehaviour` if the request was not
    /// handled because of a simulated failure. `None` if the request was accepted.
    pub reason: Option<String>,
    /// The number of the connection on which the request arrived. The server counts its connections
    /// from 1.
    pub connection: usize,
    /// The path of the endpoint, with `{}` for each argument.
    template: Option<&'static str>,
}

impl Seen {
    /// Returns the path as it appears in the log: segments that are arguments, or that could be ids
    /// or tokens, are replaced with `{}`.
    pub(crate) fn shown_path(&self) -> String {
        let mut template = self.template.unwrap_or_default().split('/');
        let segments = self.request.path().split('/').map(|segment| match template.next() {
            Some("{}") => "{}",
            _ => shown_segment(segment),
        });
        segments.collect::<Vec<_>>().join("/")
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.request.method, self.shown_path())?;
        write!(f, "  {}", self.verdict.endpoint.unwrap_or("no endpoint"))?;
        f.write_str(match self.verdict.signed {
            Some(true) => "  credentials valid",
            Some(false) => "  credentials invalid",
            None => "  credentials not checked",
        })?;
        match self.status {
            Some(status) => write!(f, "  {status}")?,
            None => f.write_str("  no response")?,
        }
        match &self.reason {
            // A reason may repeat line breaks and control characters of a request, but a log entry
            // is one line, and must not control the terminal.
            Some(reason) => {
                let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
                f.write_str("  ")?;
                reason.chars().try_for_each(|char| match char.is_control() {
                    true => write!(f, "{}", char.escape_default()),
                    false => f.write_char(char),
                })
            }
            None => Ok(()),
        }
    }
}

/// Returns a path segment as it appears in the log. Returns `{}` for a possible id or token, which
/// is a segment of more than 24 bytes, or one of more than 4 bytes that contains a digit or a
/// percent sign. Returns any other segment unchanged.
fn shown_segment(segment: &str) -> &str {
    let has_digit = segment.bytes().any(|byte| byte.is_ascii_digit() || byte == b'%');
    if segment.len() > 24 || (segment.len() > 4 && has_digit) { "{}" } else { segment }
}

/// An entry in the log of a server: a request, malformed HTTP, or a connection that is not served.
/// `Display` formats it as a line without credentials. [`json`](LogEntry::json) returns the same
/// content as a JSON object.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum LogEntry<'a> {
    /// A request, with its endpoint, the validity of its credentials and the status of the
    /// response.
    Request(&'a Seen),
    /// Bytes that are not a valid HTTP request. The server responds with `status`, and with
    /// `reason` as the body.
    Malformed {
        /// The status code of the response, such as 400.
        status: u16,
        /// The reason why the bytes are not a valid request.
        reason: &'a str,
    },
    /// A connection that is closed or has to wait, because the process or the machine has no
    /// resources left, such as file descriptors or threads. If this occurs several times in a row,
    /// there is one entry.
    NotServed {
        /// The error of the operating system, such as `Too many open files (os error 24)`.
        reason: &'a str,
    },
}

impl LogEntry<'_> {
    /// Returns the entry as a JSON object on one line. For a request, the member `credentials` is
    /// `valid` or `invalid`, or null if the credentials were not checked. `status` is null if no
    /// response was sent.
    ///
    /// ```
    /// use api_sandbox::LogEntry;
    ///
    /// let entry = LogEntry::Malformed { status: 400, reason: "no Host" };
    /// assert_eq!(entry.json(), r#"{"malformed":true,"reason":"no Host","status":400}"#);
    /// ```
    pub fn json(&self) -> String {
        match self {
            Self::Request(seen) => serde_json::json!({
                "method": seen.request.method,
                "path": seen.shown_path(),
                "endpoint": seen.verdict.endpoint,
                "credentials": seen.verdict.signed.map(|valid| if valid { "valid" } else { "invalid" }),
                "status": seen.status,
                "reason": seen.reason,
            }),
            Self::Malformed { status, reason } => {
                serde_json::json!({ "malformed": true, "status": status, "reason": reason })
            }
            Self::NotServed { reason } => {
                serde_json::json!({ "not_served": true, "reason": reason })
            }
        }
        .to_string()
    }
}

impl fmt::Display for LogEntry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(seen) => seen.fmt(f),
            Self::Malformed { status, reason } => write!(f, "malformed HTTP  {status}  {reason}"),
            Self::NotServed { reason } => write!(f, "connection not served  {reason}"),
        }
    }
}

/// The time after which a connection is closed on which the client does not send or read anything.
const IDLE: Duration = Duration::from_secs(300);
/// The maximum time for the connection that ends the thread of a listener.
const WAKE_TIMEOUT: Duration = Duration::from_secs(1);

/// The number of open connections that are served even if there is little memory.
const FEW: usize = 4;

/// A function that is called with each log entry.
type Log = Arc<dyn Fn(LogEntry<'_>) + Send + Sync>;

/// A running server, which stops when this value is dropped.
pub struct Server<S> {
    shared: Arc<Shared<S>>,
    address: SocketAddr,
    base_url: String,
    listeners: Mutex<Vec<Listener>>,
}

/// An address on which a server listens.
struct Listener {
    address: SocketAddr,
    /// The socket that wakes the thread up. It is created in advance, because there may be no free
    /// file descriptor when the server is dropped.
    waker: socket2::Socket,
    /// The thread that accepts connections.
    accepting: JoinHandle<()>,
}

/// The differences between the connections of several listeners.
#[derive(Clone)]
struct Kind {
    /// Whether the console is available.
    has_console: bool,
    /// The certificate of the server. `None` for plain HTTP.
    tls: Option<Tls>,
}

struct Shared<S> {
    service: Mutex<S>,
    record: Mutex<Record>,
    log: Mutex<Option<Log>>,
    misbehaviours: Mutex<Failures>,
    open: Mutex<HashMap<usize, Arc<TcpStream>>>,
    connections: AtomicUsize,
    stopping: AtomicBool,
    /// Whether requests are treated as if a TLS proxy had forwarded them; see
    /// [`Server::assume_https`].
    is_https: AtomicBool,
    console: Console,
}

/// The requests that a server has received.
#[derive(Default)]
struct Record {
    seen: VecDeque<Seen>,
    /// The number of earlier requests that are not in `seen` any more.
    removed: usize,
    /// Whether only what the console shows is recorded; see [`Server::limit_record`].
    is_limited: bool,
}

impl Record {
    fn add(&mut self, mut seen: Seen) {
        if self.is_limited {
            let path = seen.request.path().to_owned();
            let method = std::mem::take(&mut seen.request.method);
            seen.request = Raw { method, target: path, headers: Vec::new(), body: Vec::new() };
            while self.seen.len() >= console::SHOWN {
                self.seen.pop_front();
                self.removed = self.removed.saturating_add(1);
            }
        }
        self.seen.push_back(seen);
    }
}

/// The failures to simulate, in order. Each occurs on the next requests whose path begins with the
/// given string, as often as the number says.
#[derive(Default)]
struct Failures(VecDeque<(Misbehaviour, String, usize)>);

impl Failures {
    fn add(&mut self, how: Misbehaviour, path: &str, times: usize) {
        if times > 0 {
            self.0.push_back((how, path.to_owned(), times));
        }
    }

    /// Returns the number of requests that are still to fail.
    fn count(&self) -> usize {
        self.0.iter().fold(0, |count, (_, _, times)| count.saturating_add(*times))
    }

    /// Removes and returns the next failure for a request to `path`.
    fn next(&mut self, path: &str) -> Option<Misbehaviour> {
        self.take(self.0.iter().position(|(_, begin, _)| path.starts_with(begin.as_str()))?)
    }

    /// Removes the next failure, and returns `true`, if it occurs before a request is read.
    fn next_is_before_reading(&mut self) -> bool {
        matches!(self.0.front(), Some((Misbehaviour::ResetBeforeReading, ..)))
            && self.take(0).is_some()
    }

    fn take(&mut self, index: usize) -> Option<Misbehaviour> {
        let (how, _, times) = self.0.get_mut(index)?;
        *times -= 1;
        let (how, is_last) = (how.clone(), *times == 0);
        if is_last {
            self.0.remove(index);
        }
        Some(how)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Service> Server<S> {
    /// Starts a server on `port` of 127.0.0.1. If `port` is 0, any free port is used.
    ///
    /// # Errors
    /// Returns an error if the server cannot listen on the port.
    pub fn start(port: u16, service: S) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            service: Mutex::new(service),
            record: Mutex::default(),
            log: Mutex::default(),
            misbehaviours: Mutex::default(),
            open: Mutex::default(),
            connections: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            is_https: AtomicBool::new(false),
            console: Console::new(address.port()),
        });
        let base_url = format!("http://{address}");
        let server = Self { shared, address, base_url, listeners: Mutex::default() };
        server.accept(listener, Kind { has_console: true, tls: None })?;
        Ok(server)
    }

    /// Starts a thread that accepts the connections of a listener.
    fn accept(&self, listener: TcpListener, kind: Kind) -> io::Result<()> {
        let address = listener.local_addr()?;
        let waker = socket2::Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        let shared = self.shared.clone();
        let accepting = thread::Builder::new().spawn(move || {
            accept::each(
                || listener.accept(),
                |(stream, _)| {
                    // A few connections are always served, because the memory of threads that have
                    // ended is reserved for later threads, and is not available to this check.
                    if lock(&shared.open).len() > FEW {
                        accept::check_memory()?;
                    }
                    let connection = Connection::new(&shared, stream, kind.clone());
                    thread::Builder::new().spawn(move || connection.serve()).map(drop)
                },
                || shared.stopping.load(Ordering::SeqCst),
                |error| {
                    let reason = error.to_string();
                    shared.write_log(LogEntry::NotServed { reason: &reason });
                },
                accept::pause,
            );
        })?;
        lock(&self.listeners).push(Listener { address, waker, accepting });
        Ok(())
    }

    /// Listens also on `address`, and returns the base URL for this address. If it contains no
    /// specific IP address, such as 0.0.0.0, the base URL contains 127.0.0.1. If `tls` is not
    /// `None`, the server uses HTTPS on this address. URLs in responses, and the URLs for which
    /// signatures are verified, then begin with `https`.
    ///
    /// The console is not available on this address, because other machines may have access to it.
    ///
    /// ```
    /// # use std::net::{Ipv4Addr, SocketAddr};
    /// # use api_sandbox::{Sandbox, Tls};
    /// let sandbox = Sandbox::start()?;
    /// let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    /// let tls = Tls::new(address.ip())?;
    /// let base_url = sandbox.tpay().listen(address, Some(&tls))?;
    /// assert!(base_url.starts_with("https://127.0.0.1:"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the server cannot listen on `address`.
    pub fn listen(&self, address: SocketAddr, tls: Option<&Tls>) -> io::Result<String> {
        let listener = TcpListener::bind(address)?;
        let mut shown = listener.local_addr()?;
        if shown.ip().is_unspecified() {
            shown.set_ip(self.address.ip());
        }
        let scheme = if tls.is_some() { "https" } else { "http" };
        self.accept(listener, Kind { has_console: false, tls: tls.cloned() })?;
        Ok(format!("{scheme}://{shown}"))
    }

    /// Returns the base URL, `http://127.0.0.1:PORT` without a trailing slash.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Treats all requests from now on as if a TLS proxy had forwarded them: sets their header
    /// `X-Forwarded-Proto` to `https`, also in the requests that [`seen`](Self::seen) returns. URLs
    /// in responses, and the URLs for which signatures are verified, then begin with `https`.
    ///
    /// ```
    /// # use api_sandbox::Sandbox;
    /// let sandbox = Sandbox::start()?;
    /// sandbox.tokenpass().assume_https();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn assume_https(&self) {
        self.shared.is_https.store(true, Ordering::SeqCst);
    }

    /// Returns all requests received so far, in order of arrival. Malformed HTTP and requests to
    /// the console are not included.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.record).seen.iter().cloned().collect()
    }

    /// Returns all requests received so far, and clears the record, so that the next call returns
    /// only later requests.
    pub fn take_seen(&self) -> Vec<Seen> {
        let mut record = lock(&self.shared.record);
        record.removed = 0;
        std::mem::take(&mut record.seen).into()
    }

    /// Limits the record from now on to the requests that the console page shows, which are the
    /// last 100, and to the path of each, without the query, headers and body. By default, the
    /// server records all requests, so that the record grows until [`take_seen`](Self::take_seen)
    /// is called.
    ///
    /// ```
    /// # use api_sandbox::Sandbox;
    /// let sandbox = Sandbox::start()?;
    /// sandbox.tpay().limit_record();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn limit_record(&self) {
        lock(&self.shared.record).is_limited = true;
    }

    /// Calls `log`, instead of any previous function, for each [`LogEntry`] from now on: requests,
    /// malformed HTTP, and connections that are not served. A formatted entry for a request
    /// contains the method, path, endpoint and status, whether the credentials are valid, and the
    /// reason for a rejection, but no credentials. The other entries contain only the status, if
    /// any, and the reason.
    ///
    /// ```
    /// # use api_sandbox::Sandbox;
    /// let sandbox = Sandbox::start()?;
    /// sandbox.tpay().log_to(|entry| eprintln!("tpay {entry}"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn log_to(&self, log: impl Fn(LogEntry<'_>) + Send + Sync + 'static) {
        *lock(&self.shared.log) = Some(Arc::new(log));
    }

    /// Returns the number of connections accepted so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Makes the next `times` requests fail in the given way. If failures from previous calls are
    /// still pending, they occur first. [`Misbehaviour::ResetBeforeReading`] also affects new
    /// connections on which no request is sent, because it occurs before a request is read.
    pub fn misbehave(&self, how: Misbehaviour, times: usize) {
        self.misbehave_at("", how, times);
    }

    /// Makes the next `times` requests whose path begins with `path` fail in the given way.
    /// Requests to other paths, such as those for a token, are not affected.
    /// [`Misbehaviour::ResetBeforeReading`] ignores `path`, because it occurs before a request is
    /// read.
    ///
    /// ```
    /// # use api_sandbox::{Misbehaviour, Sandbox};
    /// let sandbox = Sandbox::start()?;
    /// // The transaction is created, but the client receives no response.
    /// sandbox.tpay().misbehave_at("/transactions", Misbehaviour::ResetAfterReading, 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn misbehave_at(&self, path: &str, how: Misbehaviour, times: usize) {
        let path = if matches!(how, Misbehaviour::ResetBeforeReading) { "" } else { path };
        lock(&self.shared.misbehaviours).add(how, path, times);
    }

    /// Cancels all failures that were requested with [`misbehave`](Server::misbehave) or
    /// [`misbehave_at`](Server::misbehave_at) and have not occurred yet.
    pub fn behave(&self) {
        lock(&self.shared.misbehaviours).0.clear();
    }

    /// Calls `act` with the state of the server, to read or change it, and returns the result of
    /// `act`. The server handles no requests while `act` runs.
    pub fn state<T>(&self, act: impl FnOnce(&mut S) -> T) -> T {
        act(&mut lock(&self.shared.service))
    }
}

/// The socket of an accepted connection.
#[derive(Clone)]
pub(crate) struct Socket(Arc<TcpStream>);

/// Repeats a call that a signal interrupts. A socket with a timeout returns such an error even if
/// the handler of the signal was installed to restart calls.
fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        uninterrupted(|| (&*self.0).read(buffer))
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        uninterrupted(|| (&*self.0).write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self.0).flush()
    }
}

/// A stream of requests and responses: a socket, or a TLS session on it.
pub(crate) trait Stream: Read + Write {
    /// Ends the responses normally, rather than by a reset.
    fn end(&mut self) -> io::Result<()>;
}

impl Stream for Socket {
    fn end(&mut self) -> io::Result<()> {
        self.0.shutdown(Shutdown::Write)
    }
}

/// An accepted connection. It is closed on drop, also if the thread that serves it panics or cannot
/// be started.
struct Connection<S> {
    shared: Arc<Shared<S>>,
    number: usize,
    socket: Socket,
    kind: Kind,
}

impl<S: Service> Connection<S> {
    /// Counts the connection, and sets its timeouts.
    fn new(shared: &Arc<Shared<S>>, stream: TcpStream, kind: Kind) -> Self {
        let number = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
        let _ = stream.set_nodelay(true);
        let _ = stream.set_read_timeout(Some(IDLE));
        let _ = stream.set_write_timeout(Some(IDLE));
        let stream = Arc::new(stream);
        lock(&shared.open).insert(number, stream.clone());
        Self { shared: shared.clone(), number, socket: Socket(stream), kind }
    }

    fn serve(&self) {
        match &self.kind.tls {
            None => self.serve_on(self.socket.clone()),
            Some(tls) => {
                if let Ok(session) = tls.session(self.socket.clone()) {
                    self.serve_on(session);
                }
            }
        }
    }

    fn serve_on(&self, mut stream: impl Stream) {
        let is_reset = lock(&self.shared.misbehaviours).next_is_before_reading();
        let ending = match is_reset {
            true => {
                // Waits until the client is connected, because a reset while it connects is a
                // different failure.
                let _ = stream.read(&mut [0]);
                Ending::Reset
            }
            false => self.converse(&mut stream),
        };
        match ending {
            Ending::Normal => {
                let _ = stream.end();
            }
            // Closing the connection resets it.
            Ending::Reset => {
                let _ = SockRef::from(&*self.socket.0).set_linger(Some(Duration::ZERO));
            }
        }
    }

    /// Handles requests until the connection must be closed. Returns how to close it.
    fn converse(&self, stream: &mut impl Stream) -> Ending {
        let shared = &self.shared;
        loop {
            let mut request = match Raw::read(stream) {
                Ok(Some(request)) => request,
                Err(ReadError::Rejected(status, why)) => {
                    self.reject(stream, status, why);
                    return Ending::Normal;
                }
                Ok(None) | Err(ReadError::Connection) => return Ending::Normal,
            };
            if shared.stopping.load(Ordering::SeqCst) {
                return Ending::Normal;
            }
            if request.path() == console::PATH || request.path().starts_with("/_sandbox/") {
                let response = match self.kind.has_console {
                    true => shared.console(&request),
                    false => console::rejected(403, "the console is not available at this address"),
                };
                match response.write(stream, request.method == "HEAD") {
                    Ok(()) if !request.closes() => continue,
                    _ => return Ending::Normal,
                }
            }
            if self.kind.tls.is_some() || shared.is_https.load(Ordering::SeqCst) {
                request.set_https();
            }
            let how = lock(&shared.misbehaviours).next(request.path());
            // On a connection that was open already, the request is discarded.
            if matches!(how, Some(Misbehaviour::ResetBeforeReading)) {
                return Ending::Reset;
            }
            match shared.exchange(stream, self.number, request, how) {
                Ok(None) => {}
                Ok(Some(ending)) => return ending,
                Err(_) => return Ending::Normal,
            }
        }
    }

    /// Logs malformed HTTP, responds with `status` and with `why` as the body, and ends the
    /// responses.
    fn reject(&self, stream: &mut impl Stream, status: u16, why: &str) {
        self.shared.write_log(LogEntry::Malformed { status, reason: why });
        let response = Response::new(status, "text/plain", why).with_header("connection", "close");
        if response.write(stream, false).is_err() || stream.end().is_err() {
            return;
        }
        // If unread bytes remained, closing would reset the connection, and the response would be
        // lost.
        let _ = self.socket.0.set_read_timeout(Some(Duration::from_secs(5)));
        let _ = io::copy(&mut self.socket.clone().take(64 * 1024 * 1024), &mut io::sink());
    }
}

impl<S> Drop for Connection<S> {
    fn drop(&mut self) {
        lock(&self.shared.open).remove(&self.number);
    }
}

/// How a connection is closed.
enum Ending {
    Normal,
    Reset,
}

impl<S: Service> Shared<S> {
    /// Performs the action of a request to the console, if any, and returns the response. Requests
    /// to the console are not recorded.
    fn console(&self, request: &Raw) -> Response {
        let order = match self.console.read(request) {
            Err(rejected) => return rejected,
            Ok(Asked::Requests) => {
                let record = lock(&self.record);
                return console::requests(&record.seen, record.removed);
            }
            Ok(Asked::Page) => {
                let shown = lock(&self.service).console();
                return self.console.page(&shown, lock(&self.misbehaviours).count());
            }
            Ok(Asked::Order(order)) => order,
        };
        match order {
            Order::Misbehave(how, times) => {
                lock(&self.misbehaviours).add(how, "", times);
            }
            Order::Behave => lock(&self.misbehaviours).0.clear(),
            Order::Advance(by) => match lock(&self.service).console().clock {
                Some(clock) if clock::LAST - clock.unix() < by.as_secs() => {
                    let why = format!("the clock can only show a time {}", clock::RANGE);
                    return console::rejected(409, &why);
                }
                Some(clock) => clock.advance(by),
                None => return console::rejected(400, "the server has no clock"),
            },
            Order::Press(action, subject) => {
                let mut service = lock(&self.service);
                if !service.has_action(&action) {
                    return console::rejected(400, "this page has no such button");
                }
                if !service.press(&action, &subject) {
                    return console::rejected(409, "that is not possible now");
                }
            }
        }
        console::done()
    }

    fn write_log(&self, entry: LogEntry<'_>) {
        let log = lock(&self.log).clone();
        if let Some(log) = log {
            log(entry);
        }
    }

    /// Handles one request, and simulates the failure `how`, if any. Returns `None` if the
    /// connection stays open, and otherwise how to close it.
    fn exchange(
        &self,
        stream: &mut impl Stream,
        connection: usize,
        request: Raw,
        how: Option<Misbehaviour>,
    ) -> io::Result<Option<Ending>> {
        let no_verdict = Verdict { endpoint: None, signed: None };
        let instead = match &how {
            Some(Misbehaviour::TooManyRequests(after)) => {
                let response = Response::new(429, "text/plain", "Too Many Attempts.");
                Some(match after {
                    Some(seconds) => response.with_header("retry-after", seconds),
                    None => response,
                })
            }
            Some(Misbehaviour::BadGateway) => Some(Response::new(
                502,
                "text/html",
                "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
            )),
            Some(Misbehaviour::Response(response)) => Some(response.clone()),
            Some(Misbehaviour::Bytes(_) | Misbehaviour::Endless) => Some(Response::new(0, "", "")),
            _ => None,
        };
        let (closes, is_head) = (request.closes(), request.method == "HEAD");
        let mut reason = instead.is_some().then(|| "misbehaviour".to_owned());
        let mut service = lock(&self.service);
        let template = service.path_template(request.path());
        let (mut response, verdict) = match instead {
            Some(response) => (response, no_verdict),
            None => {
                let (response, verdict) = service.respond(&request);
                reason = service.rejection(&response);
                (response, verdict)
            }
        };
        drop(service);
        if matches!(how, Some(Misbehaviour::EmptyBody)) {
            response = Response { status: 200, headers: Vec::new(), body: Vec::new() };
        }
        let silent = matches!(
            how,
            Some(
                Misbehaviour::ResetAfterReading
                    | Misbehaviour::StallInHeaders(_)
                    | Misbehaviour::Bytes(_)
                    | Misbehaviour::Endless
            )
        );
        let status = (!silent).then_some(response.status);
        // The request is recorded before the response is sent, so that a client that has received
        // the response finds the record.
        let seen = Seen { request, status, verdict, reason, connection, template };
        self.write_log(LogEntry::Request(&seen));
        lock(&self.record).add(seen);
        match how {
            Some(Misbehaviour::ResetAfterReading) => return Ok(Some(Ending::Reset)),
            Some(Misbehaviour::StallInHeaders(time)) => {
                stream.write_all(b"HTTP/1.1 200 ")?;
                wait(time);
                return Ok(Some(Ending::Normal));
            }
            Some(Misbehaviour::CutBody) => {
                let (head, body) = response.bytes(Some(response.body.len().max(1) + 1));
                stream.write_all(&head)?;
                stream.write_all(body.get(..body.len() / 2).unwrap_or_default())?;
                return Ok(Some(Ending::Normal));
            }
            Some(Misbehaviour::StallInBody(time)) => {
                let (head, body) = response.bytes(Some(response.body.len().max(1) + 1));
                stream.write_all(&head)?;
                stream.write_all(body.get(..body.len() / 2).unwrap_or_default())?;
                wait(time);
                return Ok(Some(Ending::Normal));
            }
            Some(Misbehaviour::Bytes(bytes)) => {
                stream.write_all(&bytes)?;
                return Ok(Some(Ending::Normal));
            }
            Some(Misbehaviour::Endless) => {
                stream.write_all(b"HTTP/1.1 200 Sandbox\r\ncontent-length: 10000000000\r\n\r\n")?;
                loop {
                    stream.write_all(&[b' '; 65536])?;
                }
            }
            Some(Misbehaviour::Delay(time)) => wait(time),
            Some(Misbehaviour::Trickle(pause)) => {
                let (head, body) = response.bytes(None);
                for byte in head.iter().chain(body) {
                    wait(pause);
                    stream.write_all(&[*byte])?;
                }
                return Ok(Some(Ending::Normal));
            }
            _ => {}
        }
        response.write(stream, is_head)?;
        Ok(closes.then_some(Ending::Normal))
    }
}

/// Returns an address with which this machine can connect to a listener on `address`.
fn wake_address(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

impl<S> Drop for Server<S> {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        for Listener { address, waker, accepting } in lock(&self.listeners).drain(..) {
            // The thread stops after the next connection.
            if waker.connect_timeout(&wake_address(address).into(), WAKE_TIMEOUT).is_ok() {
                let _ = accepting.join();
            }
        }
        for (_, stream) in lock(&self.shared.open).drain() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl<S> fmt::Debug for Server<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interrupted_call_is_repeated() {
        let mut errors = 2;
        let read = uninterrupted(|| {
            errors -= 1;
            if errors < 0 { Ok(errors) } else { Err(io::Error::from(io::ErrorKind::Interrupted)) }
        });
        assert_eq!(read.unwrap(), -1);
    }

    #[test]
    fn any_number_of_failures_is_counted() {
        let mut failures = Failures::default();
        failures.add(Misbehaviour::CutBody, "/a", 2);
        failures.add(Misbehaviour::EmptyBody, "", 0);
        failures.add(Misbehaviour::BadGateway, "", usize::MAX);
        assert_eq!(failures.count(), usize::MAX);
        assert!(!failures.next_is_before_reading());
        let next = |failures: &mut Failures, path| format!("{:?}", failures.next(path));
        for (path, expected) in [
            ("/b", "Some(BadGateway)"),
            ("/a/1", "Some(CutBody)"),
            ("/a/2", "Some(CutBody)"),
            ("/a/3", "Some(BadGateway)"),
        ] {
            assert_eq!(next(&mut failures, path), expected, "{path}");
        }
        assert_eq!(failures.count(), usize::MAX - 2);
        let mut failures = Failures::default();
        failures.add(Misbehaviour::ResetBeforeReading, "", 1);
        assert!(failures.next_is_before_reading() && !failures.next_is_before_reading());
        assert_eq!(next(&mut failures, "/"), "None");
    }

    #[test]
    fn idle_connections_end() {
        let server =
            Server::start(0, crate::TinyPass::new(crate::SandboxClock::default())).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let kind = Kind { has_console: false, tls: None };
        let (accepted, _) = listener.accept().unwrap();
        let connection = Connection::new(&server.shared, accepted, kind);
        assert_eq!(connection.socket.0.read_timeout().unwrap(), Some(IDLE));
        assert_eq!(connection.socket.0.write_timeout().unwrap(), Some(IDLE));
        drop((connection, client));
        assert!(lock(&server.shared.open).is_empty());
    }

    #[test]
    fn reason_in_the_log_cannot_control_a_terminal() {
        let request = Raw {
            method: "GET".to_owned(),
            target: "/a".to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        let seen = Seen {
            request,
            status: Some(400),
            verdict: Verdict { endpoint: None, signed: None },
            reason: Some("ó\u{1b}[2J:\r\nno\u{9b}m".to_owned()),
            connection: 1,
            template: None,
        };
        let line = seen.to_string();
        assert!(line.ends_with(r"  400  ó\u{1b}[2J: no\u{9b}m"), "{line}");
    }

    #[test]
    fn segments_that_could_be_secret_are_not_shown() {
        for shown in ["", "transactions", "v1", "1234", "x509"] {
            assert_eq!(shown_segment(shown), shown);
        }
        for hidden in ["12345", "a1b2c", "a%20b", &"a".repeat(25)] {
            assert_eq!(shown_segment(hidden), "{}", "{hidden}");
        }
        assert_eq!(shown_segment(&"a".repeat(24)), "a".repeat(24));
    }
}
