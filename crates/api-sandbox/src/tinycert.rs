//! The TinyCert server: sessions, CAs and certificates in memory, really signed.
//!
//! It accepts what the official PHP client sends, and nothing else. Where no source tells what the
//! real server does, the rule here is marked "chosen".
//!
//! Two payloads are no real cryptography: `key.enc` and `pkcs12` of `cert/get` are fixed, clearly
//! marked bytes in the right wrapping. Everything else is real: requests, keys (P-256) and
//! certificates.

mod pki;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::query::decode_form;
use crate::server::Verdict;
use crate::{Raw, Reply, SandboxClock, Service};
use pki::{Authority, KeyAndRequest, Subject};

/// The API key of the account.
pub const API_KEY: &str = "SandboxTinyCertApiKey";
/// The account's e-mail address.
pub const EMAIL: &str = "account@example.org";
/// The account's passphrase.
pub const PASSPHRASE: &str = "My Sandbox Passphrase & more";
/// The address of an account whose data is damaged (`AccountError`).
pub const DAMAGED_EMAIL: &str = "damaged@example.org";
/// The address of an account that cannot be loaded (`AccountNotLoaded`).
pub const UNLOADABLE_EMAIL: &str = "unloadable@example.org";
/// The organization of a CA that exists.
pub const ORGANIZATION: &str = "Sandbox, Inc.";
/// The common name of a certificate of that CA which ends in ten days.
pub const EXPIRING: &str = "soon.example.org";
/// The id of a CA of another account (`AccessDenied`).
pub const FOREIGN_CA: i64 = 7;
/// The id of a certificate of another account (`AccessDenied`).
pub const FOREIGN_CERT: i64 = 8;
/// The bytes that stand for a PKCS#12 file: a DER sequence with a text in it.
pub const PKCS12: &[u8] = b"\x30\x18\x0c\x16no PKCS#12 but a dummy";

const DAY: u64 = 86_400;
const YEAR: u64 = 365 * DAY;

/// The body of a success that has nothing to tell; no source documents it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuccessBody {
    /// `{}`
    Object,
    /// `[]`
    List,
    /// `true`
    True,
    /// `{"success":true}`
    Success,
    /// `null`
    Null,
    /// Nothing at all.
    Empty,
}

impl SuccessBody {
    /// All of them.
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

struct Ca {
    subject: Subject,
    hash: &'static str,
    authority: Authority,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Good,
    Hold,
    Revoked,
    Expired,
    Obsolete,
}

impl Status {
    fn text(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Hold => "hold",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Obsolete => "obsolete",
        }
    }

    fn bit(self) -> u64 {
        match self {
            Self::Expired => 1,
            Self::Good => 2,
            Self::Revoked => 4,
            Self::Hold => 8,
            Self::Obsolete => 0,
        }
    }
}

struct Cert {
    ca: i64,
    subject: Subject,
    sans: Vec<(String, String)>,
    request: Arc<KeyAndRequest>,
    pem: String,
    expires: u64,
    status: Status,
}

impl Cert {
    fn status(&self, now: u64) -> Status {
        match self.status {
            Status::Good | Status::Hold if now >= self.expires => Status::Expired,
            status => status,
        }
    }
}

/// The server's state.
pub struct TinyCert {
    clock: SandboxClock,
    /// Chosen: a session is over so many seconds after its last call.
    pub session_seconds: u64,
    /// The body of a success that has nothing to tell.
    pub success_body: SuccessBody,
    /// How many CAs and certificates may still be made before `RateLimitExceeded`.
    pub creations_left: Option<u32>,
    /// The next calls are refused with these codes, whatever they ask; oldest first.
    pub refuse_with: Vec<&'static str>,
    /// How many sessions were opened so far.
    pub connects: u64,
    sessions: HashMap<String, u64>,
    cas: BTreeMap<i64, Ca>,
    certs: BTreeMap<i64, Cert>,
    last_ca: i64,
    last_cert: i64,
}

/// An error code and a text for people.
type Refusal = (&'static str, String);
type Answer = Result<Value, Refusal>;

fn refuse<T>(code: &'static str, text: impl Into<String>) -> Result<T, Refusal> {
    Err((code, text.into()))
}

/// Every code that the server can answer, with its status. Those whose status no source tells have
/// the likely one.
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

impl TinyCert {
    /// The state that the examples expect: one CA with a certificate for a year and one that ends
    /// in ten days.
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

    fn add_ca(&mut self, mut subject: Subject, hash: &'static str) -> Result<i64, Refusal> {
        subject.cn = format!("{} CA", subject.o);
        subject.ou = "Secure Digital Certificate Signing".to_owned();
        subject.e = EMAIL.to_owned();
        let now = self.clock.unix();
        // Chosen: ten years, and SHA-256 even where SHA-1 was asked for, which rcgen cannot do.
        let authority = Authority::new(&subject, now.saturating_sub(60), now + 10 * YEAR)
            .or_else(|error| refuse("InputFailure", error.to_string()))?;
        self.last_ca += 1;
        self.cas.insert(self.last_ca, Ca { subject, hash, authority });
        Ok(self.last_ca)
    }

    /// Makes a certificate that ends at `until`; its id. For tests that need a certain end.
    ///
    /// # Errors
    /// A CA that does not exist, or names that cannot be in a certificate; the text says which.
    pub fn add_cert(
        &mut self,
        ca: i64,
        common_name: &str,
        sans: &[(&str, &str)],
        until: u64,
    ) -> Result<i64, String> {
        let subject = Subject {
            c: "US".to_owned(),
            o: ORGANIZATION.to_owned(),
            cn: common_name.to_owned(),
            ..Subject::default()
        };
        let sans = sans.iter().map(|(kind, value)| ((*kind).into(), (*value).into())).collect();
        self.make_cert(ca, subject, sans, until).map_err(|(_, text)| text)
    }

    fn make_cert(
        &mut self,
        ca: i64,
        subject: Subject,
        sans: Vec<(String, String)>,
        until: u64,
    ) -> Result<i64, Refusal> {
        let request = KeyAndRequest::new(&subject, &sans)
            .or_else(|error| refuse("InputFailure", format!("SANs: {error}")))?;
        self.sign(ca, subject, sans, Arc::new(request), until)
    }

    fn sign(
        &mut self,
        ca: i64,
        subject: Subject,
        sans: Vec<(String, String)>,
        request: Arc<KeyAndRequest>,
        expires: u64,
    ) -> Result<i64, Refusal> {
        let authority = &self.cas.get(&ca).ok_or(("NotFound", "No such CA.".to_owned()))?.authority;
        let (id, now) = (self.last_cert + 1, self.clock.unix());
        let from = now.min(expires).saturating_sub(60);
        let pem = request
            .signed_by(authority, id.unsigned_abs(), from, expires)
            .or_else(|error| refuse("UnknownError", error.to_string()))?;
        self.last_cert = id;
        self.certs
            .insert(id, Cert { ca, subject, sans, request, pem, expires, status: Status::Good });
        Ok(id)
    }

    /// Ends all sessions at once.
    pub fn forget_sessions(&mut self) {
        self.sessions.clear();
    }

    /// How many sessions are open.
    pub fn open_sessions(&self) -> usize {
        let now = self.clock.unix();
        self.sessions.values().filter(|last| now < **last + self.session_seconds).count()
    }

    /// The ids of all certificates with that common name, with their status, oldest first.
    pub fn certs_named(&self, common_name: &str) -> Vec<(i64, &'static str)> {
        let now = self.clock.unix();
        let named = self.certs.iter().filter(|(_, cert)| cert.subject.cn == common_name);
        named.map(|(id, cert)| (*id, cert.status(now).text())).collect()
    }

    /// The parameters of a body whose digest fits. They must be written and ordered as PHP's
    /// `ksort` and `http_build_query` do, since the real server may rebuild the text.
    fn verify(request: &Raw) -> Result<Vec<(String, String)>, &'static str> {
        let form = request.header("content-type").is_some_and(|value| {
            value.split(';').next().unwrap_or_default().trim()
                == "application/x-www-form-urlencoded"
        });
        if !form {
            return Err("the content type is not that of a form");
        }
        let body = str::from_utf8(&request.body).map_err(|_| "the body is not ASCII")?;
        let (text, digest) = body.rsplit_once("&digest=").ok_or("digest is not the last")?;
        let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if digest.len() != 64 || !digest.bytes().all(lower_hex) {
            return Err("digest is not 64 lower-case hex digits");
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(API_KEY.as_bytes()).map_err(|_| "no key")?;
        mac.update(text.as_bytes());
        let own: String =
            mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        if own != digest {
            return Err("digest does not fit");
        }
        let pairs = decode_form(text, b"")?;
        let top = |name: &str| name.split('[').next().unwrap_or_default().to_owned();
        if !pairs.is_sorted_by_key(|(name, _)| top(name)) {
            return Err("parameters are not sorted");
        }
        Ok(pairs)
    }

    fn connect(&mut self, ask: &Ask) -> Answer {
        let email = ask.need("email")?;
        let passphrase = ask.need("passphrase")?;
        match email {
            EMAIL if passphrase == PASSPHRASE => {}
            EMAIL => return refuse("PassphraseFailure", "Wrong passphrase."),
            DAMAGED_EMAIL => return refuse("AccountError", "Account data corrupt."),
            UNLOADABLE_EMAIL => return refuse("AccountNotLoaded", "Account could not be loaded."),
            _ => return refuse("AccountNotFound", "No such account."),
        }
        self.connects += 1;
        let seed = Sha256::digest(format!("session {}", self.connects));
        let token: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
        self.sessions.insert(token.clone(), self.clock.unix());
        Ok(json!({ "token": token }))
    }

    /// Whether the token is that of an open session, whose time then begins anew.
    fn session(&mut self, ask: &Ask) -> Result<(), Refusal> {
        let token = ask.need("token")?;
        let now = self.clock.unix();
        match self.sessions.get_mut(token) {
            Some(last) if now < *last + self.session_seconds => {
                *last = now;
                Ok(())
            }
            _ => refuse("InvalidToken", "Session unknown or expired."),
        }
    }

    fn ca(&self, ask: &Ask) -> Result<(i64, &Ca), Refusal> {
        let id = ask.number("ca_id")?;
        match self.cas.get(&id) {
            _ if id == FOREIGN_CA => refuse("AccessDenied", "Not your CA."),
            Some(ca) => Ok((id, ca)),
            None => refuse("NotFound", "No such CA."),
        }
    }

    fn cert(&self, ask: &Ask) -> Result<(i64, &Cert), Refusal> {
        let id = ask.number("cert_id")?;
        match self.certs.get(&id) {
            _ if id == FOREIGN_CERT => refuse("AccessDenied", "Not your certificate."),
            Some(cert) => Ok((id, cert)),
            None => refuse("NotFound", "No such certificate."),
        }
    }

    fn count_creation(&mut self) -> Result<(), Refusal> {
        match &mut self.creations_left {
            Some(0) => refuse("RateLimitExceeded", "Too many."),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn ca_details(&self, ask: &Ask) -> Answer {
        let (id, Ca { subject, hash, .. }) = self.ca(ask)?;
        Ok(json!({
            "id": id, "C": subject.c, "ST": subject.st, "L": subject.l, "O": subject.o,
            "OU": subject.ou, "CN": subject.cn, "E": subject.e, "hash_alg": hash,
        }))
    }

    fn ca_get(&self, ask: &Ask) -> Answer {
        let (_, ca) = self.ca(ask)?;
        match ask.need("what")? {
            "cert" => Ok(json!({ "pem": ca.authority.pem })),
            _ => refuse("InputFailure", "what"),
        }
    }

    fn ca_delete(&mut self, ask: &Ask) -> Result<(), Refusal> {
        let (id, _) = self.ca(ask)?;
        self.cas.remove(&id);
        self.certs.retain(|_, cert| cert.ca != id);
        Ok(())
    }

    fn ca_new(&mut self, ask: &Ask) -> Answer {
        let subject = ask.subject()?;
        let hash = match ask.need("hash_method")? {
            "sha1" => "SHA1",
            "sha256" => "SHA256",
            _ => return refuse("InputFailure", "hash_method"),
        };
        self.count_creation()?;
        Ok(json!({ "ca_id": self.add_ca(subject, hash)? }))
    }

    fn cert_list(&self, ask: &Ask) -> Answer {
        let (ca, _) = self.ca(ask)?;
        let what = ask.number("what")?.unsigned_abs();
        if !(1..=15).contains(&what) {
            return refuse("InputFailure", "what");
        }
        let now = self.clock.unix();
        let listed = self
            .certs
            .iter()
            .filter(|(_, cert)| cert.ca == ca && cert.status(now).bit() & what != 0);
        Ok(listed
            .map(|(id, cert)| {
                let status = cert.status(now).text();
                json!({ "id": id, "name": cert.subject.cn, "status": status, "expires": cert.expires })
            })
            .collect())
    }

    fn cert_details(&self, ask: &Ask) -> Answer {
        let (id, cert) = self.cert(ask)?;
        let subject = &cert.subject;
        let sans: Vec<Value> =
            cert.sans.iter().map(|(kind, value)| json!({ kind.as_str(): value })).collect();
        let alt = if sans.is_empty() { Value::Null } else { Value::from(sans) };
        Ok(json!({
            "id": id, "status": cert.status(self.clock.unix()).text(), "C": subject.c,
            "ST": subject.st, "L": subject.l, "O": subject.o, "OU": subject.ou,
            "CN": subject.cn, "Alt": alt,
        }))
    }

    fn cert_get(&self, ask: &Ask) -> Answer {
        let (_, cert) = self.cert(ask)?;
        let pem = match ask.need("what")? {
            "cert" => cert.pem.clone(),
            "chain" => {
                let ca = self.cas.get(&cert.ca).map_or("", |ca| ca.authority.pem.as_str());
                [cert.pem.as_str(), ca].concat()
            }
            "csr" => cert.request.csr.clone(),
            "key.dec" => cert.request.key_pem(),
            "key.enc" => {
                let dummy = STANDARD.encode("no encrypted key but a dummy");
                let label = "ENCRYPTED PRIVATE KEY";
                format!("-----BEGIN {label}-----\n{dummy}\n-----END {label}-----\n")
            }
            "pkcs12" => return Ok(json!({ "pkcs12": STANDARD.encode(PKCS12) })),
            _ => return refuse("InputFailure", "what"),
        };
        Ok(json!({ "pem": pem }))
    }

    fn cert_new(&mut self, ask: &Ask) -> Answer {
        let (ca, _) = self.ca(ask)?;
        let mut subject = ask.subject()?;
        subject.cn = ask.need("CN")?.to_owned();
        subject.ou = ask.get("OU").unwrap_or_default().to_owned();
        let sans = ask.sans()?;
        self.count_creation()?;
        let until = self.clock.unix() + YEAR;
        Ok(json!({ "cert_id": self.make_cert(ca, subject, sans, until)? }))
    }

    fn cert_reissue(&mut self, ask: &Ask) -> Answer {
        let (id, cert) = self.cert(ask)?;
        let now = self.clock.unix();
        let replaced = match cert.status(now) {
            Status::Obsolete => return refuse("NotLatest", "It was reissued before."),
            Status::Good | Status::Hold => true,
            // Chosen: these keep their status and can be reissued, even again.
            Status::Expired | Status::Revoked => false,
        };
        let (ca, subject, sans) = (cert.ca, cert.subject.clone(), cert.sans.clone());
        let request = cert.request.clone();
        self.count_creation()?;
        let new = self.sign(ca, subject, sans, request, now + YEAR)?;
        if let Some(old) = self.certs.get_mut(&id).filter(|_| replaced) {
            old.status = Status::Obsolete;
        }
        Ok(json!({ "cert_id": new }))
    }

    fn cert_status(&mut self, ask: &Ask) -> Result<(), Refusal> {
        let (id, cert) = self.cert(ask)?;
        let status = match ask.need("status")? {
            "good" => Status::Good,
            "hold" => Status::Hold,
            "revoked" => Status::Revoked,
            _ => return refuse("InputFailure", "status"),
        };
        if matches!(cert.status(self.clock.unix()), Status::Expired | Status::Obsolete) {
            return refuse("StatusDisallowed", "It is expired or obsolete.");
        }
        if let Some(cert) = self.certs.get_mut(&id) {
            cert.status = status;
        }
        Ok(())
    }

    fn call(&mut self, id: &str, names: &[&str], ask: &Ask) -> Result<Option<Value>, Refusal> {
        ask.holds_only(names)?;
        if id == "session.connect" {
            return self.connect(ask).map(Some);
        }
        self.session(ask)?;
        let value = match id {
            "session.disconnect" => {
                self.sessions.remove(ask.need("token")?);
                return Ok(None);
            }
            "ca.list" => {
                let all = self.cas.iter();
                all.map(|(id, ca)| json!({ "id": id, "name": ca.subject.o })).collect()
            }
            "ca.details" => self.ca_details(ask)?,
            "ca.get" => self.ca_get(ask)?,
            "ca.delete" => return self.ca_delete(ask).map(|()| None),
            "ca.new" => self.ca_new(ask)?,
            "cert.list" => self.cert_list(ask)?,
            "cert.details" => self.cert_details(ask)?,
            "cert.get" => self.cert_get(ask)?,
            "cert.new" => self.cert_new(ask)?,
            "cert.reissue" => self.cert_reissue(ask)?,
            _ => return self.cert_status(ask).map(|()| None),
        };
        Ok(Some(value))
    }
}

/// The endpoint at a path, and its parameters besides the token.
fn route(path: &str) -> Option<(&'static str, &'static [&'static str])> {
    let path = path.strip_prefix("/api/v1/")?;
    Some(match path.strip_suffix(".json").unwrap_or(path) {
        "connect" => ("session.connect", &["email", "passphrase"]),
        "disconnect" => ("session.disconnect", &["token"]),
        "ca/list" => ("ca.list", &["token"]),
        "ca/details" => ("ca.details", &["ca_id", "token"]),
        "ca/get" => ("ca.get", &["ca_id", "token", "what"]),
        "ca/delete" => ("ca.delete", &["ca_id", "token"]),
        "ca/new" => ("ca.new", &["C", "L", "O", "ST", "hash_method", "token"]),
        "cert/list" => ("cert.list", &["ca_id", "token", "what"]),
        "cert/details" => ("cert.details", &["cert_id", "token"]),
        "cert/get" => ("cert.get", &["cert_id", "token", "what"]),
        "cert/reissue" => ("cert.reissue", &["cert_id", "token"]),
        "cert/status" => ("cert.status", &["cert_id", "status", "token"]),
        "cert/new" => ("cert.new", &["C", "CN", "L", "O", "OU", "SANs", "ST", "ca_id", "token"]),
        _ => return None,
    })
}

/// The parameters of a request.
struct Ask(Vec<(String, String)>);

impl Ask {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn need(&self, name: &str) -> Result<&str, Refusal> {
        match self.get(name) {
            Some(value) if !value.is_empty() => Ok(value),
            _ => refuse("MissingParameter", name),
        }
    }

    fn number(&self, name: &str) -> Result<i64, Refusal> {
        let text = self.need(name)?;
        match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => Ok(number),
            _ => refuse("InputFailure", name),
        }
    }

    /// Chosen: a parameter that the call does not have, or that comes twice, is a mistake.
    fn holds_only(&self, names: &[&str]) -> Result<(), Refusal> {
        for (index, (name, _)) in self.0.iter().enumerate() {
            let known = names.iter().any(|known| match name.strip_prefix(known) {
                Some(rest) => rest.is_empty() || (*known == "SANs" && rest.starts_with('[')),
                None => false,
            });
            if !known || self.0.iter().skip(index + 1).any(|(other, _)| other == name) {
                return refuse("InputFailure", name.as_str());
            }
        }
        Ok(())
    }

    fn subject(&self) -> Result<Subject, Refusal> {
        let c = self.need("C")?;
        if c.len() != 2 || !c.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return refuse("InputFailure", "C");
        }
        let optional = |name| self.get(name).unwrap_or_default().to_owned();
        Ok(Subject {
            c: c.to_owned(),
            o: self.need("O")?.to_owned(),
            l: optional("L"),
            st: optional("ST"),
            ..Subject::default()
        })
    }

    /// `SANs[0][DNS]=...`, counted from 0 without a gap.
    fn sans(&self) -> Result<Vec<(String, String)>, Refusal> {
        let mut sans = Vec::new();
        for (name, value) in self.0.iter().filter(|(name, _)| name.starts_with("SANs")) {
            let prefix = format!("SANs[{}][", sans.len());
            let kind = name.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(']'));
            match kind {
                Some(kind @ ("DNS" | "IP" | "email" | "URI")) if !value.is_empty() => {
                    sans.push((kind.to_owned(), value.clone()));
                }
                _ => return refuse("InputFailure", "SANs"),
            }
        }
        Ok(sans)
    }
}

fn error((code, text): Refusal) -> Reply {
    let status = CODES.iter().find(|(known, _)| *known == code).map_or(500, |(_, status)| *status);
    reply(status, &json!({ "code": code, "text": text }))
}

/// JSON as PHP writes it, with escaped slashes.
fn reply(status: u16, value: &Value) -> Reply {
    Reply::new(status, "application/json", value.to_string().replace('/', "\\/"))
}

impl Service for TinyCert {
    fn answer(&mut self, request: &Raw) -> (Reply, Verdict) {
        let Some((id, names)) = route(request.path()) else {
            let page = "<html><body><h1>Not Found</h1></body></html>";
            let verdict = Verdict { endpoint: None, signed: None };
            return (Reply::new(404, "text/html", page), verdict);
        };
        let verdict = |signed| Verdict { endpoint: Some(id), signed: Some(signed) };
        let refused = |code, text: &str| (error((code, text.to_owned())), verdict(false));
        if request.method != "POST" {
            return refused("MethodDisallowed", "Use POST.");
        }
        if request.query().is_some() {
            return refused("InputFailure", "Query strings are not used.");
        }
        let pairs = match Self::verify(request) {
            Ok(pairs) => pairs,
            Err("digest does not fit") if id == "session.connect" => {
                return refused("ApiKeyMismatch", "Signed with another API key.");
            }
            Err(why) => return refused("SignatureFailure", why),
        };
        if !self.refuse_with.is_empty() {
            return (error((self.refuse_with.remove(0), "As told.".to_owned())), verdict(true));
        }
        match self.call(id, names, &Ask(pairs)) {
            Ok(Some(value)) => (reply(200, &value), verdict(true)),
            Ok(None) => {
                let body = self.success_body.text();
                (Reply::new(200, "application/json", body), verdict(true))
            }
            Err(refusal) => {
                let of_login = matches!(
                    refusal.0,
                    "InvalidToken" | "PassphraseFailure" | "AccountNotFound" | "AccountError"
                );
                (error(refusal), verdict(!of_login))
            }
        }
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
