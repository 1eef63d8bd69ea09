//! One call of each client, and the same by hand, three ways: written into a buffer that is used
//! again (`limit`), built as an `http::Request` with care (`hand`), and the way it is often written
//! (`naive`). The hand-written code does what the scheme requires: it signs the same bytes with a
//! key that is prepared once, reads the clock for a nonce, and checks the expiry of a token.

pub mod tinycert;
pub mod tinypass;
pub mod tokenpass;
pub mod tpay;

use std::time::SystemTime;

use api_auth::http::{self, HeaderValue, header};
use api_auth::{Request, Response, TransportError};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::report::Limit;
use crate::samples::KEY;

/// How many inputs turn by turn.
pub const INPUTS: u64 = 64;

/// The input of a call.
pub fn at(number: u64) -> usize {
    (number % INPUTS) as usize
}

/// The base URL and host of the server.
#[derive(Debug, Clone)]
pub struct Place {
    /// `http://localhost:1234`
    pub base: String,
    /// `localhost:1234`
    pub host: String,
}

impl Place {
    pub fn new(base: &str) -> Self {
        let host = base.split_once("://").unwrap().1.to_owned();
        Self { base: base.to_owned(), host }
    }
}

/// The transport of a client, if it is not the default.
pub type Wire = Option<fn(Request) -> Result<Response, TransportError>>;

pub type Write = Box<dyn FnMut(u64, &mut Vec<u8>) + Send>;
pub type Build = Box<dyn FnMut(u64) -> Request + Send>;
pub type Call = Box<dyn FnMut(u64) -> String + Send>;

pub struct Scheme {
    pub title: &'static str,
    /// Writes the whole request.
    pub limit: Write,
    pub hand: Build,
    pub naive: Build,
    /// The public typed client, up to the signed request.
    pub ours: Build,
    /// The public typed method; gives the id in the response.
    pub call: Call,
    /// The id in the response, read by a plain derived struct.
    pub decode: fn(&[u8]) -> String,
    pub reach: Reach,
}

/// Aims and bounds.
pub struct Reach {
    /// To build and sign, as a multiple of `naive`.
    pub against_naive: Limit,
    pub allocations: Limit,
    /// Allocations of a warm call more than those of bare ureq.
    pub warm_allocations: Limit,
}

pub type Mac256 = Hmac<Sha256>;

pub fn keyed(key: &str) -> Mac256 {
    Mac256::new_from_slice(key.as_bytes()).unwrap()
}

pub fn mac(key: &Mac256, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = key.clone();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

pub fn fresh_mac(message: &str) -> [u8; 32] {
    let mut mac = keyed(KEY);
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().into()
}

/// Percent-encodes by table, with `*` bare or not.
pub fn encode(text: &str, star: bool, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => out.push(byte),
            b'*' if star => out.push(byte),
            b' ' => out.push(b'+'),
            _ => out.extend([b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]),
        }
    }
}

pub fn hex(bytes: &[u8; 32]) -> [u8; 64] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }
    text
}

pub fn seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

pub fn put(out: &mut Vec<u8>, parts: &[&[u8]]) {
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

/// Builds a request like naive code.
pub fn request(method: &str, url: String, headers: &[(&str, &str)], body: String) -> Request {
    let mut builder = http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(body.into_bytes()).unwrap()
}

/// Builds a POST like careful code. The URI is parsed once.
pub fn post(uri: &http::Uri, agent: &'static str, content: &'static str, body: Vec<u8>) -> Request {
    let mut request = Request::new(body);
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = uri.clone();
    let headers = request.headers_mut();
    headers.reserve(8);
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(agent));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content));
    request
}
