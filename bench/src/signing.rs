//! Building and signing one whole request, for each scheme: by hand into a buffer that is used
//! again (`limit`), by the typed client up to an `http::Request`, and the way it is often written
//! (`naive`).

use std::borrow::Cow;
use std::io::Write as _;
use std::sync::Arc;
use std::time::SystemTime;

use api_auth::hmac::form_digest::{Dialect, FormDigest, FormSession};
use api_auth::hmac::nonce_headers::{NonceHeaders, Variant};
use api_auth::http;
use api_auth::oauth::{Bearer, Grant, TokenServer};
use api_auth::{
    Auth, Body, Client, Credential, Encoding, Endpoint, Fault, InputError, Method, Params,
    Provider, Request, Response, Secret, Settings, Site, TransportError, status_fault,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;
use tinypass_client::GetAccess;

use crate::report::{Limit, Row, Section, contenders};
use crate::rounds::{Contender, Race, race};
use crate::samples::{AID, KEY, TOKEN_REPLY, USER_AGENT};

const LIMIT: &str = "limit";
const OURS: &str = "ours";
const NAIVE: &str = "naive";

/// How many inputs turn by turn.
const INPUTS: u64 = 64;

type Mac256 = Hmac<Sha256>;

fn keyed(key: &str) -> Mac256 {
    Mac256::new_from_slice(key.as_bytes()).unwrap()
}

fn mac(key: &Mac256, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = key.clone();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

fn fresh_mac(message: &str) -> [u8; 32] {
    let mut mac = keyed(KEY);
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().into()
}

/// Percent-encodes by table, with `*` bare or not.
fn encode(text: &str, star: bool, out: &mut Vec<u8>) {
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

fn hex(bytes: &[u8; 32]) -> [u8; 64] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }
    text
}

/// The parts of a request that all three must agree on.
#[derive(Debug, PartialEq)]
struct Same {
    line: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

impl Same {
    fn of_text(bytes: &[u8]) -> Self {
        let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let text = str::from_utf8(&bytes[..head]).unwrap();
        let (line, headers) = text.split_once("\r\n").unwrap();
        let by_library = ["host:", "content-length:"];
        let mut headers: Vec<String> = headers.lines().map(str::to_owned).collect();
        headers.retain(|header| !by_library.iter().any(|name| header.starts_with(name)));
        headers.sort();
        let line = line.strip_suffix(" HTTP/1.1").unwrap().to_owned();
        Self { line, headers, body: bytes[head + 4..].to_vec() }
    }

    fn of_request(request: &Request) -> Self {
        let line = format!("{} {}", request.method(), request.uri().path_and_query().unwrap());
        let text =
            |(name, value): (_, &http::HeaderValue)| format!("{name}: {}", value.to_str().unwrap());
        let mut headers: Vec<String> = request.headers().iter().map(text).collect();
        headers.sort();
        Self { line, headers, body: request.body().clone() }
    }
}

/// A request as hand-written code makes one, for a library to send.
fn request(method: &str, url: String, headers: &[(&str, &str)], body: String) -> Request {
    let mut builder = http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(body.into_bytes()).unwrap()
}

/// The three ways of a scheme. `limit` gives the length of what it wrote.
struct Scheme {
    title: &'static str,
    limit: Box<dyn FnMut(u64, &mut Vec<u8>)>,
    ours: Box<dyn FnMut(u64) -> Request>,
    naive: Box<dyn FnMut(u64) -> Request>,
    /// Bounds: time as a multiple of `limit`, and allocations.
    time: Limit,
    allocations: Limit,
    against_naive: Limit,
}

impl Scheme {
    fn race(self, rounds: usize) -> Race {
        let Self { mut limit, mut ours, mut naive, .. } = self;
        let mut buffer = Vec::with_capacity(4096);
        agree(&mut limit, &mut ours, &mut naive);
        let mut contenders = [
            Contender::new(LIMIT, move |number| {
                buffer.clear();
                limit(number, &mut buffer);
                buffer.len()
            }),
            Contender::new(OURS, ours),
            Contender::new(NAIVE, naive),
        ];
        race(&mut contenders, rounds, 200)
    }
}

/// All three make the same request. A nonce is the time in seconds, which may change in between.
fn agree(
    limit: &mut dyn FnMut(u64, &mut Vec<u8>),
    ours: &mut dyn FnMut(u64) -> Request,
    naive: &mut dyn FnMut(u64) -> Request,
) {
    for number in 0..INPUTS {
        let mut once = || {
            let mut bytes = Vec::new();
            limit(number, &mut bytes);
            [
                Same::of_text(&bytes),
                Same::of_request(&ours(number)),
                Same::of_request(&naive(number)),
            ]
        };
        let mut made = once();
        if made[0] != made[1] || made[0] != made[2] {
            made = once();
        }
        assert_eq!(made[0], made[1]);
        assert_eq!(made[0], made[2]);
    }
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

/// `GET`, two parameters, one of them not ASCII.
fn request_line() -> Scheme {
    let inputs: Vec<(String, String)> = (0..INPUTS)
        .map(|number| ("Été complet".to_owned(), format!("user+{number}@example.org")))
        .collect();
    let input = move |number: u64| inputs[(number % INPUTS) as usize].clone();
    let inputs: Vec<_> = (0..INPUTS).map(&input).collect();
    let at = |number: u64| (number % INPUTS) as usize;
    let key = keyed(KEY);
    let (mine, theirs) = (inputs.clone(), inputs.clone());
    let calls: Vec<GetAccess> =
        inputs.iter().map(|(rid, user)| GetAccess::new(rid, user)).collect();
    let client = tinypass_client::Client::builder(AID, KEY).build().unwrap();
    Scheme {
        title: "TinyPass: header over the request line",
        limit: Box::new(move |number, out| {
            let (rid, user) = &mine[at(number)];
            out.extend_from_slice(b"GET /r2/access?rid=");
            encode(rid, true, out);
            out.extend_from_slice(b"&user_ref=");
            encode(user, true, out);
            let signature = mac(&key, &[out]);
            let mut text = [0; 43];
            URL_SAFE_NO_PAD.encode_slice(signature, &mut text).unwrap();
            out.extend_from_slice(
                b" HTTP/1.1\r\nhost: api.tinypass.com\r\naccept: application/json\r\nuser-agent: ",
            );
            out.extend_from_slice(USER_AGENT.as_bytes());
            out.extend_from_slice(b"\r\nauthorization: ");
            out.extend_from_slice(AID.as_bytes());
            out.push(b':');
            out.extend_from_slice(&text);
            out.extend_from_slice(b"\r\n\r\n");
        }),
        ours: Box::new(move |number| client.prepare(&calls[at(number)]).unwrap()),
        naive: Box::new(move |number| {
            let (rid, user) = &theirs[at(number)];
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("rid", rid)
                .append_pair("user_ref", user)
                .finish();
            let target = format!("/r2/access?{query}");
            let signature = URL_SAFE_NO_PAD.encode(fresh_mac(&format!("GET {target}")));
            let headers = [
                ("accept", "application/json"),
                ("user-agent", USER_AGENT),
                ("authorization", &format!("{AID}:{signature}")),
            ];
            request("GET", format!("https://api.tinypass.com{target}"), &headers, String::new())
        }),
        time: Limit::above(2.0, 3.3),
        allocations: Limit::above(5.0, 5.0),
        against_naive: Limit::above(0.5, 0.8),
    }
}

/// The client of a scheme whose provider is made here: nothing is sent but for a token.
fn client(provider: &'static Provider, base: &str, auth: impl Auth + 'static) -> Client {
    let mut settings = Settings::default();
    settings.transport(Arc::new(|_: Request| -> Result<Response, TransportError> {
        Ok(Response::new(TOKEN_REPLY.as_bytes().to_vec()))
    }));
    let auth: Arc<dyn Auth> = Arc::new(auth);
    let sites = [(Site::MAIN, "base_url", base)];
    settings.build(provider, &sites, vec![(Credential::MAIN, auth)]).unwrap()
}

const fn provider(encoding: Encoding) -> Provider {
    Provider {
        name: "bench",
        user_agent: "bench/0",
        encoding,
        retry_statuses: &[],
        fault: status_fault,
    }
}

/// A call that is built and never answered.
macro_rules! posts {
    ($type:ty, $path:literal, |$self:ident| $body:expr) => {
        impl Endpoint for $type {
            type Output = ();
            const ID: &'static str = "bench.post";

            fn method(&self) -> Method {
                Method::POST
            }

            fn path(&self) -> Cow<'_, str> {
                $path.into()
            }

            fn body(&self) -> Result<Body<'_>, InputError> {
                let $self = self;
                $body
            }

            fn parse(&self, _: &Response) -> Result<(), Fault> {
                Ok(())
            }
        }
    };
}

/// A certificate order: ten parameters, and the session's token.
struct Certificate(Vec<(&'static str, String)>);

posts!(Certificate, "/api/v1/cert/new", |it| {
    let mut params = Params::new();
    for (name, value) in &it.0 {
        params.push(*name, value);
    }
    Ok(Body::Form(params))
});

fn form_digest() -> Scheme {
    const SESSION: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
    static PROVIDER: Provider = provider(Encoding::Php);
    static DIALECT: Dialect = Dialect {
        digest: "digest",
        token: "token",
        secrets: &[],
        expired: |_| false,
        fault: status_fault,
    };
    let inputs: Vec<Vec<(&'static str, String)>> = (0..INPUTS)
        .map(|number| {
            vec![
                ("C", "PL".to_owned()),
                ("CN", format!("*.host{number}.example.com")),
                ("L", "Łódź".to_owned()),
                ("O", "Example & Sons".to_owned()),
                ("OU", "Web services".to_owned()),
                ("SANs[0][DNS]", format!("host{number}.example.com")),
                ("SANs[1][DNS]", "www.example.com".to_owned()),
                ("ST", "Łódzkie".to_owned()),
                ("ca_id", "561".to_owned()),
                ("lifetime", "31536000".to_owned()),
            ]
        })
        .collect();
    let at = |number: u64| (number % INPUTS) as usize;
    let (mine, theirs) = (inputs.clone(), inputs.clone());
    let calls: Vec<Certificate> = inputs.into_iter().map(Certificate).collect();
    let signer = FormDigest::new(("api_key", &Secret::new(KEY)), &DIALECT).unwrap();
    let session = FormSession::new(signer, Some(Secret::new(SESSION)), None);
    let client = client(&PROVIDER, "https://www.tinycert.org", session);
    let key = keyed(KEY);
    let head = |length: usize, out: &mut Vec<u8>| {
        write!(
            out,
            "POST /api/v1/cert/new HTTP/1.1\r\nhost: www.tinycert.org\r\naccept: application/json\
             \r\nuser-agent: bench/0\r\ncontent-type: application/x-www-form-urlencoded\
             \r\ncontent-length: {length}\r\n\r\n"
        )
        .unwrap();
    };
    let mut body = Vec::with_capacity(4096);
    Scheme {
        title: "TinyCert: digest of a sorted form, 11 parameters",
        limit: Box::new(move |number, out| {
            body.clear();
            for (name, value) in &mine[at(number)] {
                encode(name, false, &mut body);
                body.push(b'=');
                encode(value, false, &mut body);
                body.push(b'&');
            }
            body.extend_from_slice(b"token=");
            body.extend_from_slice(SESSION.as_bytes());
            let digest = hex(&mac(&key, &[&body]));
            body.extend_from_slice(b"&digest=");
            body.extend_from_slice(&digest);
            head(body.len(), out);
            out.extend_from_slice(&body);
        }),
        ours: Box::new(move |number| client.prepare(&calls[at(number)]).unwrap()),
        naive: Box::new(move |number| {
            let mut params = theirs[at(number)].clone();
            params.push(("token", SESSION.to_owned()));
            params.sort_by_key(|(name, _)| *name);
            let one = |text: &str| {
                form_urlencoded::byte_serialize(text.as_bytes())
                    .collect::<String>()
                    .replace('*', "%2A")
            };
            let pairs: Vec<String> = params
                .iter()
                .map(|(name, value)| format!("{}={}", one(name), one(value)))
                .collect();
            let canonical = pairs.join("&");
            let digest: String =
                fresh_mac(&canonical).iter().map(|byte| format!("{byte:02x}")).collect();
            let headers = [
                ("accept", "application/json"),
                ("user-agent", "bench/0"),
                ("content-type", "application/x-www-form-urlencoded"),
            ];
            let url = "https://www.tinycert.org/api/v1/cert/new".to_owned();
            request("POST", url, &headers, format!("{canonical}&digest={digest}"))
        }),
        time: Limit::above(1.2, 3.3),
        allocations: Limit::above(3.0, 10.0),
        against_naive: Limit::above(0.5, 0.6),
    }
}

/// A promise of tokens, as a JSON body.
#[derive(Clone, Serialize)]
struct Promise {
    source: String,
    destination: String,
    asset: String,
    quantity: u64,
    reference: String,
    note: String,
}

posts!(Promise, "/api/v1/tca/provisional/tx", |it| Body::json(it));

impl Promise {
    fn write(&self, out: &mut Vec<u8>) {
        let Self { source, destination, asset, quantity, reference, note } = self;
        out.extend_from_slice(b"{\"source\":");
        quote(source, out);
        out.extend_from_slice(b",\"destination\":");
        quote(destination, out);
        out.extend_from_slice(b",\"asset\":");
        quote(asset, out);
        write!(out, ",\"quantity\":{quantity},\"reference\":").unwrap();
        quote(reference, out);
        out.extend_from_slice(b",\"note\":");
        quote(note, out);
        out.push(b'}');
    }

    fn inputs() -> Vec<Self> {
        let one = |number| Self {
            source: "1MySourceAddressXXXXXXXXXXXXXXXXX".to_owned(),
            destination: "1TheDestinationAddressXXXXXXXXXXX".to_owned(),
            asset: "TOKENLY".to_owned(),
            quantity: 1_000_000 + number,
            reference: format!("order-{number}"),
            note: "Grüße aus Łódź, \"merci\"".to_owned(),
        };
        (0..INPUTS).map(one).collect()
    }
}

/// A JSON text.
fn quote(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            0..b' ' => write!(out, "\\u{byte:04x}").unwrap(),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

fn nonce_headers() -> Scheme {
    const URL: &str = "https://tokenpass.tokenly.com/api/v1/tca/provisional/tx";
    const ID: &str = "TApiTokenXXXXXXX";
    static PROVIDER: Provider = provider(Encoding::Php);
    let at = |number: u64| (number % INPUTS) as usize;
    let inputs = Promise::inputs();
    let (mine, theirs) = (inputs.clone(), inputs.clone());
    let id = ("api_token", ID.to_owned());
    let auth =
        NonceHeaders::new("Tokenly", Variant::SignedQuery, id, ("api_secret", &Secret::new(KEY)));
    let client = client(&PROVIDER, "https://tokenpass.tokenly.com", auth.unwrap());
    let key = keyed(KEY);
    let mut body = Vec::with_capacity(4096);
    Scheme {
        title: "Tokenpass: nonce headers over a JSON body",
        limit: Box::new(move |number, out| {
            body.clear();
            mine[at(number)].write(&mut body);
            let mut nonce = [0; 10];
            write!(&mut nonce[..], "{}", seconds()).unwrap();
            let parts: [&[u8]; 9] =
                [b"POST", b"\n", URL.as_bytes(), b"\n", &body, b"\n", ID.as_bytes(), b"\n", &nonce];
            let mut signature = [0; 44];
            STANDARD.encode_slice(mac(&key, &parts), &mut signature).unwrap();
            write!(
                out,
                "POST /api/v1/tca/provisional/tx HTTP/1.1\r\nhost: tokenpass.tokenly.com\
                 \r\naccept: application/json\r\nuser-agent: bench/0\
                 \r\ncontent-type: application/json\r\ncontent-length: {}\
                 \r\nx-tokenly-auth-api-token: {ID}\r\nx-tokenly-auth-nonce: ",
                body.len()
            )
            .unwrap();
            out.extend_from_slice(&nonce);
            out.extend_from_slice(b"\r\nx-tokenly-auth-signature: ");
            out.extend_from_slice(&signature);
            out.extend_from_slice(b"\r\n\r\n");
            out.extend_from_slice(&body);
        }),
        ours: Box::new(move |number| client.prepare(&inputs[at(number)]).unwrap()),
        naive: Box::new(move |number| {
            let value = serde_json::to_value(&theirs[at(number)]).unwrap();
            // A map of `Value` is sorted by name, so the order is given by hand.
            let names = ["source", "destination", "asset", "quantity", "reference", "note"];
            let members: Vec<String> =
                names.iter().map(|name| format!("\"{name}\":{}", value[*name])).collect();
            let body = format!("{{{}}}", members.join(","));
            let nonce = seconds().to_string();
            let message = ["POST", URL, &body, ID, &nonce].join("\n");
            let signature = STANDARD.encode(fresh_mac(&message));
            let headers = [
                ("accept", "application/json"),
                ("user-agent", "bench/0"),
                ("content-type", "application/json"),
                ("x-tokenly-auth-api-token", ID),
                ("x-tokenly-auth-nonce", &nonce),
                ("x-tokenly-auth-signature", &signature),
            ];
            request("POST", URL.to_owned(), &headers, body)
        }),
        time: Limit::above(1.5, 2.6),
        allocations: Limit::above(7.0, 8.0),
        against_naive: Limit::above(0.5, 0.7),
    }
}

/// A payment, as a JSON body.
#[derive(Clone, Serialize)]
struct Payment(Promise);

posts!(Payment, "/transactions", |it| Body::json(&it.0));

fn bearer() -> Scheme {
    const TOKEN: &str = "0123456789abcdef0123456789abcdef";
    static PROVIDER: Provider = provider(Encoding::Php);
    let at = |number: u64| (number % INPUTS) as usize;
    let inputs = Promise::inputs();
    let (mine, theirs) = (inputs.clone(), inputs.clone());
    let calls: Vec<Payment> = inputs.into_iter().map(Payment).collect();
    let server = TokenServer::new("https://api.tpay.com/oauth/auth", "id", "secret").unwrap();
    let auth = Bearer::new(server, Grant::ClientCredentials);
    let client = client(&PROVIDER, "https://api.tpay.com", auth);
    let mut body = Vec::with_capacity(4096);
    Scheme {
        title: "Tpay: bearer token, JSON body",
        limit: Box::new(move |number, out| {
            body.clear();
            mine[at(number)].write(&mut body);
            write!(
                out,
                "POST /transactions HTTP/1.1\r\nhost: api.tpay.com\r\naccept: application/json\
                 \r\nuser-agent: bench/0\r\ncontent-type: application/json\r\ncontent-length: {}\
                 \r\nauthorization: Bearer {TOKEN}\r\n\r\n",
                body.len()
            )
            .unwrap();
            out.extend_from_slice(&body);
        }),
        ours: Box::new(move |number| client.prepare(&calls[at(number)]).unwrap()),
        naive: Box::new(move |number| {
            let body = serde_json::to_string(&theirs[at(number)]).unwrap();
            let headers = [
                ("accept", "application/json"),
                ("user-agent", "bench/0"),
                ("content-type", "application/json"),
                ("authorization", &format!("Bearer {TOKEN}")),
            ];
            request("POST", "https://api.tpay.com/transactions".to_owned(), &headers, body)
        }),
        time: Limit::above(1.6, 3.5),
        allocations: Limit::above(4.0, 7.0),
        against_naive: Limit::above(0.5, 0.9),
    }
}

pub fn section() -> Section {
    let (mut rows, mut table) = (Vec::new(), String::new());
    for scheme in [request_line(), form_digest(), nonce_headers(), bearer()] {
        let Scheme { title, time, allocations, against_naive, .. } = scheme;
        let race = scheme.race(401);
        let figure = |what: &str| format!("{title}: {what}");
        rows.push(Row::ratio(&figure("time"), &race, OURS, LIMIT, time));
        rows.push(Row::ratio(&figure("time against naive"), &race, OURS, NAIVE, against_naive));
        let counted = race.counts(OURS).allocations;
        let floor = format!("naive: {}", race.counts(NAIVE).allocations);
        rows.push(Row::count(&figure("allocations"), counted, allocations, floor));
        table += &format!("{title}:\n\n{}\n", contenders(&race, LIMIT));
    }
    Section { title: "Build and sign one request", name: "sign", rows, table: Some(table) }
}
