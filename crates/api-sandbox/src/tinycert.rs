//! A test server for the TinyCert API, with sessions, CAs and signed certificates in memory.
//!
//! The server accepts only requests in the form in which the official clients send them. Where
//! nothing is documented, it has rules of its own; their comments contain "not documented".
//!
//! Certificates, signing requests, keys (P-256), encrypted keys and PKCS#12 files are real: OpenSSL
//! can read them. Encrypted keys and PKCS#12 files are protected with the passphrase
//! [`PASSPHRASE`].
//!
//! The response to a path that ends in `.xml` is XML. Only two facts about this format are
//! documented: each certificate in a list is a `cert` element, and each name of a certificate is a
//! separate element.

mod ask;
mod auth;
mod cas;
mod certs;
mod console;
mod encrypted;
mod pki;
mod routes;
mod sessions;
mod xml;

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde_json::{Value, json};

use crate::date::DAY;
use crate::routes::{Found, find};
use crate::server::Verdict;
use crate::{ConsolePage, Raw, Response, SandboxClock, Service};
use ask::Ask;
use cas::Ca;
use certs::Cert;
use pki::Subject;
use routes::{ROUTES, Route};

/// The API key of the test account.
pub const API_KEY: &str = "SandboxTinyCertApiKey";
/// The e-mail address of the test account.
pub const EMAIL: &str = "account@example.org";
/// The passphrase of the test account, which also protects its encrypted keys.
pub const PASSPHRASE: &str = "My Sandbox Passphrase & more";
/// The e-mail address of an account whose data is damaged. A login fails with `AccountError`.
pub const DAMAGED_EMAIL: &str = "damaged@example.org";
/// The e-mail address of an account that cannot be loaded. A login fails with `AccountNotLoaded`.
pub const UNLOADABLE_EMAIL: &str = "unloadable@example.org";
/// The organization in the subject of the CA that exists when the server starts.
pub const ORGANIZATION: &str = "Sandbox, Inc.";
/// The common name of a certificate that exists when the server starts, and expires ten days later.
pub const EXPIRING: &str = "soon.example.org";
/// The id of a CA that belongs to another account. Requests for it fail with `AccessDenied`.
pub const FOREIGN_CA: i64 = 7;
/// The id of a certificate that belongs to another account. Requests for it fail with
/// `AccessDenied`.
pub const FOREIGN_CERT: i64 = 8;
/// All error codes of the API, each with its HTTP status. Statuses that are not documented are
/// assumptions.
pub const CODES: [(&str, u16); 17] = [
    ("AccessDenied", 403),
    ("AccountError", 500),
    ("AccountNotFound", 404),
    ("AccountNotLoaded", 500),
    ("ApiKeyMismatch", 403),
    ("InputFailure", 400),
    ("InvalidToken", 403),
    ("MethodDisallowed", 400),
    ("MissingParameter", 400),
    ("NotFound", 404),
    ("NotLatest", 400),
    ("PassphraseFailure", 403),
    ("RateLimitExceeded", 429),
    ("SessionError", 403),
    ("SignatureFailure", 403),
    ("StatusDisallowed", 400),
    ("UnknownError", 500),
];

/// The body of a successful response without data. It is not documented, so a test can select it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuccessBody {
    /// The object `{}`.
    Object,
    /// The list `[]`.
    List,
    /// The value `true`.
    True,
    /// The object `{"success":true}`.
    Success,
    /// The value `null`.
    Null,
    /// An empty body.
    Empty,
}

impl SuccessBody {
    /// All variants, for tests that try each of them.
    pub const ALL: [Self; 6] =
        [Self::Object, Self::List, Self::True, Self::Success, Self::Null, Self::Empty];

    fn text(self) -> &'static str {
        match self {
            Self::Object => "{}",
            Self::List => "[]",
            Self::True => "true",
            Self::Success => r#"{"success":true}"#,
            Self::Null => "null",
            Self::Empty => "",
        }
    }
}

/// The state and settings of the TinyCert server.
pub struct TinyCert {
    clock: SandboxClock,
    /// The number of seconds for which a session remains valid after its last request. Defaults to
    /// 1800; the provider's value is not documented.
    pub session_seconds: u64,
    /// The body of successful JSON responses without data. Defaults to `{}`.
    pub success_body: SuccessBody,
    /// The number of CAs and certificates that can still be created before requests fail with
    /// `RateLimitExceeded`. `None` means unlimited.
    pub creations_left: Option<u32>,
    /// The error codes with which the next requests are rejected, in order. Each is used once.
    pub refuse_with: Vec<&'static str>,
    /// The number of sessions that have been opened since the server was created.
    pub connects: u64,
    sessions: HashMap<String, u64>,
    cas: BTreeMap<i64, Ca>,
    certs: BTreeMap<i64, Cert>,
    last_ca: i64,
    last_cert: i64,
}

/// The code of an error response, such as `NotFound`, and its text.
type Refusal = (&'static str, String);

/// The successful result of handling a request.
enum Out {
    /// Data, which is sent as JSON or XML.
    Json(Value),
    /// A successful response without data.
    Success,
}

type ApiResult = Result<Out, Refusal>;

fn refuse<T>(code: &'static str, text: impl Into<String>) -> Result<T, Refusal> {
    Err((code, text.into()))
}

impl TinyCert {
    /// Creates the server in its initial state, which the examples use: a CA, a certificate that is
    /// valid for one year, and one that expires in ten days.
    pub fn new(clock: SandboxClock) -> Self {
        let mut server = Self {
            clock,
            session_seconds: 1800,
            success_body: SuccessBody::Object,
            creations_left: None,
            refuse_with: Vec::new(),
            connects: 0,
            sessions: HashMap::new(),
            cas: BTreeMap::new(),
            certs: BTreeMap::new(),
            last_ca: 560,
            last_cert: 14_235,
        };
        let subject =
            Subject { c: "US".to_owned(), o: ORGANIZATION.to_owned(), ..Subject::default() };
        if let Ok(ca) = server.add_ca(subject, "SHA256") {
            let now = server.clock.unix();
            for (name, days) in [("www.example.org", 365), (EXPIRING, 10)] {
                let until = now + days * DAY;
                let _ = server.add_cert(ca, name, &[("DNS", name)], until);
            }
        }
        server
    }

    fn count_creation(&mut self) -> Result<(), Refusal> {
        match &mut self.creations_left {
            Some(0) => refuse("RateLimitExceeded", "too many CAs or certificates were created"),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn call(&mut self, route: &Route, ask: &Ask) -> ApiResult {
        if route.id == "session.connect" {
            return self.session_connect(ask);
        }
        self.session(ask)?;
        match route.id {
            "session.disconnect" => self.session_disconnect(ask),
            "ca.list" => self.ca_list(ask),
            "ca.details" => self.ca_details(ask),
            "ca.get" => self.ca_get(ask),
            "ca.delete" => self.ca_delete(ask),
            "ca.new" => self.ca_new(ask),
            "cert.list" => self.cert_list(ask),
            "cert.details" => self.cert_details(ask),
            "cert.get" => self.cert_get(ask),
            "cert.new" => self.cert_new(ask),
            "cert.reissue" => self.cert_reissue(ask),
            "cert.status" => self.cert_status(ask),
            _ => refuse("UnknownError", "no such endpoint"),
        }
    }

    /// Handles a request to a known endpoint. Returns the result, and whether the digest of the
    /// request and its session token or login are valid.
    fn serve(&mut self, request: &Raw, route: &Route) -> (ApiResult, bool) {
        if request.query().is_some() {
            return (refuse("InputFailure", "the query must be empty"), false);
        }
        let pairs = match auth::verify(request) {
            Ok(pairs) => pairs,
            Err(why) if why == auth::MISMATCH && route.id == "session.connect" => {
                return (refuse("ApiKeyMismatch", why), false);
            }
            Err(why) => return (refuse("SignatureFailure", why), false),
        };
        if !self.refuse_with.is_empty() {
            return (
                refuse(self.refuse_with.remove(0), "rejected because the test requested it"),
                true,
            );
        }
        let response = Ask::read(pairs, route).and_then(|ask| self.call(route, &ask));
        const OF_LOGIN: [&str; 5] = [
            "InvalidToken",
            "PassphraseFailure",
            "AccountNotFound",
            "AccountError",
            "AccountNotLoaded",
        ];
        let held = !matches!(&response, Err((code, _)) if OF_LOGIN.contains(code));
        (response, held)
    }

    fn response(&self, response: ApiResult, format: Format) -> Response {
        match (response, format) {
            (Ok(Out::Json(value)), _) => format.response(200, &value),
            (Ok(Out::Success), Format::Json) => {
                Response::new(200, "application/json", self.success_body.text())
            }
            (Ok(Out::Success), Format::Xml(_)) => format.response(200, &json!({})),
            (Err((code, text)), _) => {
                let known = CODES.iter().find(|(known, _)| *known == code);
                let status = known.map_or(500, |(_, status)| *status);
                format.response(status, &json!({ "code": code, "text": text }))
            }
        }
    }
}

/// The format of a response: JSON, or XML for a path that ends in `.xml`.
#[derive(Debug, Clone, Copy)]
enum Format {
    Json,
    /// XML, in which each record of a list is an element with this name.
    Xml(&'static str),
}

impl Format {
    fn response(self, status: u16, value: &Value) -> Response {
        match self {
            // PHP escapes slashes in JSON.
            Self::Json => {
                Response::new(status, "application/json", value.to_string().replace('/', "\\/"))
            }
            Self::Xml(record) => {
                Response::new(status, "application/xml", xml::document(value, record))
            }
        }
    }
}

impl Service for TinyCert {
    fn console(&self) -> ConsolePage {
        self.console_page()
    }

    fn has_action(&self, action: &str) -> bool {
        console::ACTIONS.contains(&action)
    }

    fn press(&mut self, action: &str, subject: &str) -> bool {
        self.press_button(action, subject)
    }

    fn respond(&mut self, request: &Raw) -> (Response, Verdict) {
        let path = request.path();
        let (path, is_xml) = match path.strip_suffix(".xml") {
            Some(path) => (path, true),
            None => (path.strip_suffix(".json").unwrap_or(path), false),
        };
        // No path has a placeholder.
        let found = find(&ROUTES, &request.method, path, |_| None);
        let (route, (response, signed)) = match found {
            Found::Nothing => {
                let page = "<html><body><h1>Not Found</h1></body></html>";
                let verdict = Verdict { endpoint: None, signed: None };
                return (Response::new(404, "text/html", page), verdict);
            }
            Found::OtherMethod(route) => {
                (route, (refuse("MethodDisallowed", "the method must be POST"), false))
            }
            Found::Here(route, _) => (route, self.serve(request, route)),
        };
        let verdict = Verdict { endpoint: Some(route.id), signed: Some(signed) };
        let format = match route.id {
            _ if !is_xml => Format::Json,
            "ca.list" => Format::Xml("ca"),
            _ => Format::Xml("cert"),
        };
        (self.response(response, format), verdict)
    }

    /// Returns the code and the text of an error response, such as `NotFound: ca_id: no such CA`,
    /// or its whole body if one of them is missing. Returns `None` for a status below 400.
    fn rejection(&self, response: &Response) -> Option<String> {
        if response.status < 400 {
            return None;
        }
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        Some(match (text("code"), text("text")) {
            (Some(code), Some(text)) => format!("{code}: {text}"),
            _ => String::from_utf8_lossy(&response.body).into_owned(),
        })
    }
}

impl fmt::Debug for TinyCert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TinyCert")
            .field("cas", &self.cas.len())
            .field("certs", &self.certs.len())
            .finish_non_exhaustive()
    }
}
