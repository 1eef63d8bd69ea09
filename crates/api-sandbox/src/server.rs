//! A listener with a thread a connection, what it saw, and how it is told to misbehave.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io::{self, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::SockRef;

use crate::clock::wait;
use crate::{Misbehaviour, Raw, Reply};

/// What a provider's server does with a request. It holds its own state.
pub trait Service: Send + 'static {
    /// Answers, and says in [`Verdict`] what it thought of the request.
    fn answer(&mut self, request: &Raw) -> (Reply, Verdict);
}

/// What a server thought of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The id of the endpoint, `access.grant`; `None` if there is none at that path.
    pub endpoint: Option<&'static str>,
    /// Whether the request's signature or token held; `None` where none is needed.
    pub signed: Option<bool>,
}

/// One request that a server saw.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The request, byte for byte.
    pub request: Raw,
    /// The status that it was answered with; `None` if it got no answer.
    pub status: Option<u16>,
    /// What the server thought of it.
    pub verdict: Verdict,
    /// Which connection it came over, counted from 1.
    pub connection: usize,
}

/// A running server. Dropping it stops it.
pub struct Server<S> {
    shared: Arc<Shared<S>>,
    address: SocketAddr,
    base_url: String,
    accepting: Option<JoinHandle<()>>,
}

struct Shared<S> {
    service: Mutex<S>,
    seen: Mutex<Vec<Seen>>,
    misbehaviours: Mutex<VecDeque<Misbehaviour>>,
    open: Mutex<HashMap<usize, TcpStream>>,
    connections: AtomicUsize,
    stopping: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Service> Server<S> {
    /// Listens on this port of 127.0.0.1, or on a free one for 0.
    ///
    /// # Errors
    /// When the port cannot be had.
    pub fn start(port: u16, service: S) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            service: Mutex::new(service),
            seen: Mutex::default(),
            misbehaviours: Mutex::default(),
            open: Mutex::default(),
            connections: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
        });
        let accepting = {
            let shared = shared.clone();
            thread::spawn(move || {
                for stream in listener.incoming() {
                    if shared.stopping.load(Ordering::SeqCst) {
                        return;
                    }
                    let Ok(stream) = stream else { continue };
                    let shared = shared.clone();
                    thread::spawn(move || shared.serve(stream));
                }
            })
        };
        let base_url = format!("http://{address}");
        Ok(Self { shared, address, base_url, accepting: Some(accepting) })
    }

    /// `http://127.0.0.1:PORT`, without a slash at its end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Every request so far, in the order in which they were read to their end.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.seen).clone()
    }

    /// Forgets the requests so far and gives them out.
    pub fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut lock(&self.shared.seen))
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Lets the next `times` requests (or connections, for those that fail before a request is
    /// read) go wrong. May be called again: what was asked first comes first.
    pub fn misbehave(&self, how: Misbehaviour, times: usize) {
        let mut queue = lock(&self.shared.misbehaviours);
        queue.extend(std::iter::repeat_n(how, times));
    }

    /// Forgets what [`misbehave`](Server::misbehave) was asked for.
    pub fn behave(&self) {
        lock(&self.shared.misbehaviours).clear();
    }

    /// Looks at or changes the server's state.
    pub fn state<T>(&self, act: impl FnOnce(&mut S) -> T) -> T {
        act(&mut lock(&self.shared.service))
    }
}

impl<S: Service> Shared<S> {
    fn serve(&self, mut stream: TcpStream) {
        let connection = self.connections.fetch_add(1, Ordering::SeqCst) + 1;
        let _ = stream.set_nodelay(true);
        if let Ok(stream) = stream.try_clone() {
            lock(&self.open).insert(connection, stream);
        }
        let mut first = lock(&self.misbehaviours);
        if matches!(first.front(), Some(Misbehaviour::ResetBeforeReading)) {
            first.pop_front();
            drop(first);
            reset_on_close(&stream);
        } else {
            drop(first);
            self.converse(&mut stream, connection);
        }
        lock(&self.open).remove(&connection);
    }

    fn converse(&self, stream: &mut TcpStream, connection: usize) {
        while let Ok(Some(request)) = Raw::read(stream) {
            if self.stopping.load(Ordering::SeqCst) {
                return;
            }
            let how = lock(&self.misbehaviours).pop_front();
            match self.exchange(stream, connection, request, how) {
                Ok(true) => {}
                Ok(false) | Err(_) => return,
            }
        }
    }

    /// One request and its answer; whether the connection lives on.
    fn exchange(
        &self,
        stream: &mut TcpStream,
        connection: usize,
        request: Raw,
        how: Option<Misbehaviour>,
    ) -> io::Result<bool> {
        let nothing = Verdict { endpoint: None, signed: None };
        let instead = match &how {
            Some(Misbehaviour::TooManyRequests(after)) => {
                let reply = Reply::new(429, "text/plain", "Too Many Attempts.");
                Some(match after {
                    Some(seconds) => reply.with_header("retry-after", seconds),
                    None => reply,
                })
            }
            Some(Misbehaviour::BadGateway) => Some(Reply::new(
                502,
                "text/html",
                "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
            )),
            Some(Misbehaviour::Answer(reply)) => Some(reply.clone()),
            Some(Misbehaviour::Bytes(_) | Misbehaviour::Endless) => Some(Reply::new(0, "", "")),
            _ => None,
        };
        let closes = request.header("connection").is_some_and(|v| v.eq_ignore_ascii_case("close"));
        let (mut reply, verdict) = match instead {
            Some(reply) => (reply, nothing),
            None => lock(&self.service).answer(&request),
        };
        if matches!(how, Some(Misbehaviour::EmptyBody)) {
            reply = Reply { status: 200, headers: Vec::new(), body: Vec::new() };
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
        let head_only = request.method == "HEAD";
        let status = (!silent).then_some(reply.status);
        // Noted before the answer leaves, so that whoever has the answer finds the note.
        lock(&self.seen).push(Seen { request, status, verdict, connection });
        match how {
            Some(Misbehaviour::ResetAfterReading | Misbehaviour::ResetBeforeReading) => {
                reset_on_close(stream);
                return Ok(false);
            }
            Some(Misbehaviour::StallInHeaders(time)) => {
                stream.write_all(b"HTTP/1.1 200 ")?;
                wait(time);
                return Ok(false);
            }
            Some(Misbehaviour::CutBody) => {
                let (head, body) = reply.bytes(Some(reply.body.len().max(1) + 1));
                stream.write_all(&head)?;
                stream.write_all(body.get(..body.len() / 2).unwrap_or_default())?;
                return Ok(false);
            }
            Some(Misbehaviour::StallInBody(time)) => {
                let (head, body) = reply.bytes(Some(reply.body.len().max(1) + 1));
                stream.write_all(&head)?;
                stream.write_all(body.get(..body.len() / 2).unwrap_or_default())?;
                wait(time);
                return Ok(false);
            }
            Some(Misbehaviour::Bytes(bytes)) => {
                stream.write_all(&bytes)?;
                return Ok(false);
            }
            Some(Misbehaviour::Endless) => {
                stream.write_all(b"HTTP/1.1 200 Sandbox\r\ncontent-length: 10000000000\r\n\r\n")?;
                loop {
                    stream.write_all(&[b' '; 65536])?;
                }
            }
            Some(Misbehaviour::Delay(time)) => wait(time),
            Some(Misbehaviour::Trickle(pause)) => {
                let (head, body) = reply.bytes(None);
                for byte in head.iter().chain(body) {
                    wait(pause);
                    stream.write_all(&[*byte])?;
                }
                return Ok(false);
            }
            _ => {}
        }
        if head_only {
            reply.body.clear();
        }
        reply.write(stream)?;
        Ok(!closes)
    }
}

/// Lets the closing of the connection reach the peer as a reset and not as an end.
fn reset_on_close(stream: &TcpStream) {
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

impl<S> Drop for Server<S> {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Wakes the listener, which then sees that it is to stop.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
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
