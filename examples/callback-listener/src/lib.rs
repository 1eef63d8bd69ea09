//! A small HTTP/1.1 listener for the examples that receive callbacks and notifications.
//!
//! Each connection has a thread and a deadline, so an idle or slow connection does not block the
//! others unless all [`Limits::connections`] are in use. The size of a request is limited. Complete
//! requests are passed one at a time to one handler, which returns the response and decides when to
//! stop. The listener uses plain HTTP: for addresses other than loopback, put a TLS proxy in front
//! of it.

#![allow(clippy::disallowed_methods, reason = "deadlines of sockets need the real clock")]

mod redirect;
mod request;

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

pub use redirect::Redirect;
use request::Rejected;
pub use request::Request;

/// The limits of a listener.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The maximum number of concurrent connections. Further connections get status 503.
    pub connections: usize,
    /// The maximum size of the request line and the headers, in bytes.
    pub head: usize,
    /// The maximum size of the body, in bytes.
    pub body: usize,
    /// The timeout for receiving a complete request.
    pub time: Duration,
}

impl Default for Limits {
    /// Returns the default limits: 64 connections, 16 KiB for the head, 1 MiB for the body, and 10
    /// seconds for a request.
    fn default() -> Self {
        Self { connections: 64, head: 16 * 1024, body: 1024 * 1024, time: Duration::from_secs(10) }
    }
}

/// An HTTP response.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status, such as 200.
    pub status: u16,
    /// The value of `Content-Type`. If it is empty, the header is not sent.
    pub content_type: Vec<u8>,
    /// The body of the response.
    pub body: Vec<u8>,
}

impl Response {
    /// Creates a response with a plain-text body in UTF-8.
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        let content_type = b"text/plain; charset=utf-8".to_vec();
        Self { status, content_type, body: body.into().into_bytes() }
    }
}

/// The function that creates the response to a request, with the function to call when that response
/// was written. Both run on the thread of the connection.
type Finish = Box<dyn FnOnce() -> (Response, Box<dyn FnOnce() -> bool>) + Send>;

/// A prepared request, and the channel for the function that creates its response. The thread of
/// the connection drops the inner sender when it has written the response.
type Waiting<P> = (P, Sender<(Finish, Sender<()>)>);

/// One or more listening sockets. No request is read before one of the `serve` methods is called.
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<TcpListener>,
    limits: Limits,
}

impl Listener {
    /// Listens on an address such as `127.0.0.1:8080`. Port 0 selects a free port.
    ///
    /// # Errors
    /// Returns an error if the address cannot be parsed or is in use.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        Ok(Self { sockets: vec![TcpListener::bind(address)?], limits: Limits::default() })
    }

    /// Listens on the addresses of `localhost`: 127.0.0.1, and `::1` if available.
    ///
    /// # Errors
    /// Returns an error if the port is in use.
    pub fn bind_localhost(port: u16) -> io::Result<Self> {
        let mut listener = Self::bind((Ipv4Addr::LOCALHOST, port))?;
        let port = listener.local_addr()?.port();
        match TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
            Ok(socket) => listener.sockets.push(socket),
            // Otherwise, another program would receive requests for this one.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            Err(_) => {}
        }
        Ok(listener)
    }

    /// Sets the limits for connections and requests. Defaults to [`Limits::default`].
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Returns the address of the first socket.
    ///
    /// # Errors
    /// Returns an error if the operating system cannot determine the address.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match self.sockets.first() {
            Some(socket) => socket.local_addr(),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Passes each complete request to `handle`, which returns the response and optionally a value.
    /// Returns the first such value, or `None` if there was none within `time`.
    ///
    /// # Errors
    /// Returns an error if a socket cannot be used, or no thread can be started.
    pub fn serve<T>(
        self,
        time: Option<Duration>,
        mut handle: impl FnMut(&Request) -> (Response, Option<T>),
    ) -> io::Result<Option<T>> {
        self.serve_prepared(time, |request| request, |request| handle(&request))
    }

    /// Serves requests like [`serve`](Self::serve), for requests whose checks take long: `prepare`
    /// runs on the thread of each connection, and `handle` receives its result.
    ///
    /// # Errors
    /// Returns an error if a socket cannot be used, or no thread can be started.
    pub fn serve_prepared<P: Send + 'static, T>(
        self,
        time: Option<Duration>,
        prepare: impl Fn(Request) -> P + Send + Sync + 'static,
        mut handle: impl FnMut(P) -> (Response, Option<T>),
    ) -> io::Result<Option<T>> {
        self.serve_staged(time, Duration::ZERO, prepare, |prepared| {
            let (response, result) = handle(prepared);
            (move || (response, || false), result)
        })
    }

    /// Serves requests like [`serve_prepared`](Self::serve_prepared), for responses that take long
    /// to create: `handle` returns a function that creates the response on the thread of the
    /// connection, and a function that is called only if the response was written without an error.
    /// If the latter returns `true`, this method returns `None`. `longest` is the maximum time that
    /// creating a response takes. Before this method returns, it waits until pending responses have
    /// been written, for at most `longest` plus [`Limits::time`].
    ///
    /// # Errors
    /// Returns an error if a socket cannot be used, or no thread can be started.
    pub fn serve_staged<P, T, R, W>(
        self,
        time: Option<Duration>,
        longest: Duration,
        prepare: impl Fn(Request) -> P + Send + Sync + 'static,
        mut handle: impl FnMut(P) -> (R, Option<T>),
    ) -> io::Result<Option<T>>
    where
        P: Send + 'static,
        R: FnOnce() -> (Response, W) + Send + 'static,
        W: FnOnce() -> bool + 'static,
    {
        let end = time.and_then(|time| Instant::now().checked_add(time));
        let (requests, received) = mpsc::channel();
        let stop = self.accept(&Arc::new(Connections {
            open: Arc::default(),
            limits: self.limits,
            prepare,
            requests,
        }))?;
        let (unwritten, written) = mpsc::channel();
        let result = loop {
            let next = match end {
                // Requests that are already waiting do not extend the time.
                Some(end) => match end.saturating_duration_since(Instant::now()) {
                    Duration::ZERO => Err(RecvTimeoutError::Timeout),
                    left => received.recv_timeout(left),
                },
                None => received.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            let Ok(Some((prepared, respond))) = next else { break None };
            let (finish, result) = handle(prepared);
            let finish = move || -> (_, Box<dyn FnOnce() -> bool>) {
                let (response, written) = finish();
                (response, Box::new(written))
            };
            let _ = respond.send((Box::new(finish), unwritten.clone()));
            if result.is_some() {
                break result;
            }
        };
        // The program may end after this, so all responses must be written first. Nothing is ever
        // sent on this channel; it is closed when the last connection has dropped its sender.
        drop(unwritten);
        let _: Result<(), _> = written.recv_timeout(self.limits.time.saturating_add(longest));
        drop(stop);
        Ok(result)
    }

    /// Starts a thread for each socket, which accepts connections.
    fn accept<P: Send + 'static>(
        &self,
        connections: &Arc<Connections<P, impl Fn(Request) -> P + Send + Sync + 'static>>,
    ) -> io::Result<Stop> {
        let mut stop = Stop(Arc::default(), Vec::new());
        for socket in &self.sockets {
            let address = socket.local_addr()?;
            let (socket, connections) = (socket.try_clone()?, Arc::clone(connections));
            let stopped = Arc::clone(&stop.0);
            thread::Builder::new().spawn(move || {
                loop {
                    let accepted = socket.accept();
                    if stopped.load(Ordering::Acquire) {
                        return;
                    }
                    match accepted {
                        Ok((stream, _)) => connections.begin(stream),
                        // The client has already closed the connection, or too many files are open.
                        Err(_) => thread::park_timeout(Duration::from_millis(50)),
                    }
                }
            })?;
            stop.1.push(address);
        }
        Ok(stop)
    }
}

/// A guard that, when it is dropped, stops the threads that accept connections.
struct Stop(Arc<AtomicBool>, Vec<SocketAddr>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
        for address in &self.1 {
            let mut address = *address;
            if address.ip().is_unspecified() {
                address.set_ip(match address {
                    SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                    SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
                });
            }
            // A connection wakes the thread that waits for one.
            let _ = TcpStream::connect_timeout(&address, Duration::from_secs(1));
        }
    }
}

/// A counted connection. The count is decreased when this value is dropped.
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The state that the threads of all connections share.
struct Connections<P, F> {
    open: Arc<AtomicUsize>,
    limits: Limits,
    prepare: F,
    /// Receives the requests, and `None` if the listener must stop.
    requests: Sender<Option<Waiting<P>>>,
}

impl<P: Send + 'static, F: Fn(Request) -> P + Send + Sync + 'static> Connections<P, F> {
    /// Starts a thread for a connection, or rejects the connection if there are too many.
    fn begin(self: &Arc<Self>, stream: TcpStream) {
        let before = self.open.fetch_add(1, Ordering::AcqRel);
        let open = Open(Arc::clone(&self.open));
        if before >= self.limits.connections {
            // Unread bytes would reset the connection, so those that have arrived are read.
            let _ = stream.set_nonblocking(true);
            let _ = (&stream).read(&mut [0; 16 * 1024]);
            let _ = write(&stream, &Response::text(503, "Too many connections."), true);
            return;
        }
        let shared = Arc::clone(self);
        // If no thread can be started, the connection is closed.
        let _ = thread::Builder::new().spawn(move || {
            shared.converse(&stream);
            drop(open);
        });
    }

    /// Reads one request and writes its response.
    fn converse(&self, stream: &TcpStream) {
        let end = Instant::now().checked_add(self.limits.time);
        let mut reader = Deadline { stream, end };
        let _ = stream.set_write_timeout(Some(self.limits.time));
        match request::read(&mut reader, self.limits.head, self.limits.body) {
            Ok(request) => self.respond(stream, request),
            Err(Rejected::Gone) => return,
            Err(Rejected::With(status, text)) => {
                let _ = write(stream, &Response::text(status, text), true);
            }
        }
        // Closing with unread bytes would reset the connection and lose the response.
        let _ = stream.shutdown(Shutdown::Write);
        let end = Instant::now().checked_add(Duration::from_secs(1));
        let mut rest = Deadline { stream, end }.take((self.limits.body as u64).saturating_mul(2));
        let _ = io::copy(&mut rest, &mut io::sink());
    }

    fn respond(&self, stream: &TcpStream, request: Request) {
        let has_body = request.method != "HEAD";
        let (respond, response) = mpsc::channel();
        if self.requests.send(Some(((self.prepare)(request), respond))).is_err() {
            return;
        }
        if let Ok((finish, unwritten)) = response.recv() {
            let (response, written) = finish();
            let is_last = write(stream, &response, has_body).is_ok() && written();
            drop(unwritten);
            if is_last {
                let _ = self.requests.send(None);
            }
        }
    }
}

/// A stream whose reads all have the same deadline.
struct Deadline<'a> {
    stream: &'a TcpStream,
    end: Option<Instant>,
}

impl Read for Deadline<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(end) = self.end {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.stream.set_read_timeout(Some(left))?;
        }
        self.stream.read(buffer)
    }
}

impl Write for Deadline<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

fn write(mut stream: &TcpStream, response: &Response, has_body: bool) -> io::Result<()> {
    let Response { status, content_type, body } = response;
    let reason = match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        411 => "Length Required",
        413 => "Content Too Large",
        417 => "Expectation Failed",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "",
    };
    let mut bytes = format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
         x-content-type-options: nosniff\r\nconnection: close\r\n",
        body.len()
    )
    .into_bytes();
    if !content_type.is_empty() {
        bytes.extend([b"content-type: ", content_type.as_slice(), b"\r\n"].concat());
    }
    bytes.extend_from_slice(b"\r\n");
    if has_body {
        bytes.extend_from_slice(body);
    }
    stream.write_all(&bytes)?;
    stream.flush()
}

/// Escapes control characters and characters that change the text direction, so that text from
/// another program is safe to print.
pub fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in text.chars() {
        let turns = matches!(char, '\u{200e}' | '\u{200f}' | '\u{061c}'
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if char.is_control() || turns {
            safe.extend(char.escape_default());
        } else {
            safe.push(char);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_that_cannot_be_written_is_not_counted() {
        for is_closed in [false, true] {
            let socket = TcpListener::bind("127.0.0.1:0").unwrap();
            let mut client = TcpStream::connect(socket.local_addr().unwrap()).unwrap();
            let (stream, _) = socket.accept().unwrap();
            client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
            let request = request::read(&mut &stream, 1024, 1024).unwrap_or_else(|_| panic!());
            if is_closed {
                stream.shutdown(Shutdown::Write).unwrap();
            }
            let (requests, received) = mpsc::channel();
            let (open, limits) = (Arc::default(), Limits::default());
            let connections = Connections { open, limits, prepare: drop, requests };
            let (count, counted) = mpsc::channel();
            let thread = thread::spawn(move || connections.respond(&stream, request));
            let ((), respond) = received.recv().unwrap().unwrap();
            let written = move || count.send(()).is_ok();
            let finish = move || -> (_, Box<dyn FnOnce() -> bool>) {
                (Response::text(200, "x"), Box::new(written))
            };
            let (unwritten, _all_written) = mpsc::channel();
            respond.send((Box::new(finish), unwritten)).unwrap();
            thread.join().unwrap();
            assert_eq!(counted.try_recv().is_ok(), !is_closed);
            // The listener is told to stop only after a response that was counted.
            assert_eq!(received.try_recv().is_ok(), !is_closed);
        }
    }
}
