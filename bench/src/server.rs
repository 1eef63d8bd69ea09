//! The server, in a process of its own: prebuilt responses, one thread per connection, one write per
//! response. It reads commands, one per line, from its standard input.
//!
//! | line | response |
//! |---|---|
//! | `record` | `ok`; requests are kept, and their signatures checked, from now on |
//! | `recorded` | one JSON line, a list of [`Recorded`]; nothing is kept any more |
//! | `delay MS` | `ok`; each response waits for so many milliseconds from now on |
//! | `records NUMBER` | `ok`; lists have so many records, and their pages are written when they are requested |
//! | `counts` | connections, requests and token requests since the last `counts` |

use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::samples::{
    ACCESS, AID, CLIENT_ID, KEY, MADE, PAGES, PER_PAGE, PROMISE, TOKEN, TOKEN_RESPONSE,
    TRANSACTION, page_of_transactions,
};

/// The path of the token endpoint.
const TOKENS: &str = "/oauth/auth";

/// A received request, and whether its signature is valid, if it has one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    pub text: String,
    pub signed: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    pub connections: usize,
    pub requests: usize,
    pub token_requests: usize,
}

#[derive(Default)]
struct Ledger {
    connections: AtomicUsize,
    requests: AtomicUsize,
    token_requests: AtomicUsize,
    /// Milliseconds before each response.
    delay: AtomicU64,
    /// The records of a list; if none, its pages are prebuilt.
    records: AtomicUsize,
    recording: AtomicBool,
    recorded: Mutex<Vec<Recorded>>,
}

/// Prebuilt responses, by what a target begins with, and the pages of a list.
struct Responses([(&'static str, Vec<u8>); 6], Vec<Vec<u8>>);

impl Responses {
    fn new() -> Self {
        let found = |body: &str| response("200 OK", body);
        let page = |number| found(&page_of_transactions(number, PER_PAGE, PAGES * PER_PAGE));
        let pages = (1..=PAGES).map(page).collect();
        let by_target = [
            ("/r2/access?", found(ACCESS)),
            ("/api/v1/cert/new", found(MADE)),
            ("/api/v1/tca/provisional/tx", found(PROMISE)),
            (TOKENS, found(TOKEN_RESPONSE)),
            ("/transactions", found(TRANSACTION)),
            // Anything else.
            ("", response("404 Not Found", "{}")),
        ];
        Self(by_target, pages)
    }

    /// The response to a target. With `records`, lists have so many.
    fn to(&self, target: &[u8], records: usize) -> Cow<'_, [u8]> {
        let Self(responses, pages) = self;
        if let Some(query) = target.strip_prefix(b"/transactions?") {
            let query = String::from_utf8_lossy(query);
            let number = |name: &str| {
                let value = query.split('&').find_map(|pair| pair.strip_prefix(name));
                value.map(|value| value.parse::<usize>().unwrap())
            };
            let page = number("page=").unwrap_or(1);
            if records > 0 {
                let per_page = number("limit=").unwrap_or(PER_PAGE);
                let body = page_of_transactions(page, per_page, records);
                return response("200 OK", &body).into();
            }
            return pages[page - 1].as_slice().into();
        }
        let found = responses.iter().find(|(begin, _)| target.starts_with(begin.as_bytes()));
        found.map_or(&[][..], |(_, response)| response).into()
    }
}

fn response(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Runs the server until its input ends.
pub fn serve(certificate: &str, key: &str) {
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let tls = Arc::new(
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap(),
    );
    let ledger = Arc::<Ledger>::default();
    let responses = Arc::new(Responses::new());
    let listen = |tls: Option<Arc<ServerConfig>>| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (ledger, responses) = (ledger.clone(), responses.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (ledger, responses, tls) = (ledger.clone(), responses.clone(), tls.clone());
                ledger.connections.fetch_add(1, Relaxed);
                stream.set_nodelay(true).unwrap();
                thread::spawn(move || match tls {
                    Some(tls) => {
                        let session = ServerConnection::new(tls).unwrap();
                        converse(StreamOwned::new(session, stream), &ledger, &responses);
                    }
                    None => converse(stream, &ledger, &responses),
                });
            }
        });
        port
    };
    let (plain, secure) = (listen(None), listen(Some(tls)));
    println!("{plain} {secure}");
    for line in std::io::stdin().lines() {
        match line.unwrap().as_str() {
            "record" => {
                ledger.recording.store(true, Relaxed);
                println!("ok");
            }
            "recorded" => {
                ledger.recording.store(false, Relaxed);
                let recorded = std::mem::take(&mut *ledger.recorded.lock().unwrap());
                println!("{}", serde_json::to_string(&recorded).unwrap());
            }
            "counts" => {
                let counted = Counted {
                    connections: ledger.connections.swap(0, Relaxed),
                    requests: ledger.requests.swap(0, Relaxed),
                    token_requests: ledger.token_requests.swap(0, Relaxed),
                };
                println!("{}", serde_json::to_string(&counted).unwrap());
            }
            other => {
                match other.split_once(' ') {
                    Some(("delay", delay)) => ledger.delay.store(delay.parse().unwrap(), Relaxed),
                    Some(("records", records)) => {
                        ledger.records.store(records.parse().unwrap(), Relaxed);
                    }
                    _ => panic!("no command {other:?}"),
                }
                println!("ok");
            }
        }
    }
}

/// Responds to the requests of a connection, one at a time.
fn converse(mut stream: impl Read + Write, ledger: &Ledger, responses: &Responses) {
    let mut buffer = vec![0; 16 * 1024];
    let mut filled = 0;
    loop {
        match stream.read(&mut buffer[filled..]) {
            Ok(read) if read > 0 => filled += read,
            _ => return,
        }
        let Some(length) = length_of(&buffer[..filled]) else { continue };
        if filled < length {
            continue;
        }
        let request = &buffer[..length];
        let target = request.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        ledger.requests.fetch_add(1, Relaxed);
        if target.starts_with(TOKENS.as_bytes()) {
            ledger.token_requests.fetch_add(1, Relaxed);
        }
        if ledger.recording.load(Relaxed) {
            let text = String::from_utf8_lossy(request).into_owned();
            let signed = signature_holds(&text);
            ledger.recorded.lock().unwrap().push(Recorded { text, signed });
        }
        if let delay @ 1.. = ledger.delay.load(Relaxed) {
            thread::sleep(Duration::from_millis(delay));
        }
        let response = responses.to(target, ledger.records.load(Relaxed));
        if stream.write_all(&response).and_then(|()| stream.flush()).is_err() {
            return;
        }
        filled = 0;
    }
}

/// Returns the length of the request if its head is complete.
fn length_of(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    if bytes.starts_with(b"GET ") {
        return Some(head);
    }
    let text = str::from_utf8(&bytes[..head]).ok()?;
    Some(head + header(text, "content-length").map_or(0, |length| length.parse().unwrap()))
}

pub fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    request
        .lines()
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(':'))
        .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then(|| value.trim()))
}

/// Verifies the signature of a request of any scheme.
fn signature_holds(request: &str) -> Option<bool> {
    let (head, body) = request.split_once("\r\n\r\n")?;
    let (method, target) = head.lines().next()?.strip_suffix(" HTTP/1.1")?.split_once(' ')?;
    let mac = |message: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
        mac.update(message.as_bytes());
        mac.finalize().into_bytes()
    };
    if let Some((form, digest)) = body.split_once("&digest=") {
        let good: String = mac(form).iter().map(|byte| format!("{byte:02x}")).collect();
        return Some(good == digest);
    }
    if let Some(signature) = header(request, "x-tokenly-auth-signature") {
        let (host, id) = (header(request, "host")?, header(request, "x-tokenly-auth-api-token")?);
        let nonce = header(request, "x-tokenly-auth-nonce")?;
        let good = mac(&format!("{method}\nhttp://{host}{target}\n{body}\n{id}\n{nonce}"));
        return Some(id == CLIENT_ID && STANDARD.encode(good) == signature);
    }
    match header(request, "authorization")?.split_once([':', ' '])? {
        ("Bearer", token) => Some(token == TOKEN),
        (AID, signature) => {
            Some(URL_SAFE_NO_PAD.encode(mac(&format!("{method} {target}"))) == signature)
        }
        _ => Some(false),
    }
}

/// The process of the server, and its input and output.
pub struct Server {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    pub plain: u16,
    pub secure: u16,
    /// The CA of the server.
    pub ca_pem: String,
}

impl Server {
    pub fn start() -> Self {
        let (certificate, key, ca_pem) = certificates();
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["serve", &certificate, &key])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = process.stdin.take().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut server = Self { process, input, output, plain: 0, secure: 0, ca_pem };
        let line = server.line();
        let (plain, secure) = line.split_once(' ').unwrap();
        server.plain = plain.parse().unwrap();
        server.secure = secure.parse().unwrap();
        server
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn tell(&mut self, command: &str) -> String {
        writeln!(self.input, "{command}").unwrap();
        self.line()
    }

    /// Lets each response wait for so many milliseconds.
    pub fn delay(&mut self, milliseconds: u64) {
        assert_eq!(self.tell(&format!("delay {milliseconds}")), "ok");
    }

    /// Lets lists have so many records.
    pub fn records(&mut self, number: usize) {
        assert_eq!(self.tell(&format!("records {number}")), "ok");
    }

    /// Returns the counts since the last call.
    pub fn counts(&mut self) -> Counted {
        serde_json::from_str(&self.tell("counts")).unwrap()
    }

    /// The requests that `work` sends.
    pub fn record(&mut self, work: impl FnOnce()) -> Vec<Recorded> {
        self.tell("record");
        work();
        serde_json::from_str(&self.tell("recorded")).unwrap()
    }

    pub fn url(&self, secure: bool) -> String {
        match secure {
            false => format!("http://localhost:{}", self.plain),
            true => format!("https://localhost:{}", self.secure),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A certificate for `localhost`, its key, and the authority that signed it, as PEM.
fn certificates() -> (String, String, String) {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    let mut ca = CertificateParams::new(vec![]).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &ca).unwrap();
    (leaf.pem(), key.serialize_pem(), ca.pem())
}

/// A connection by hand.
pub fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("localhost", port)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}
