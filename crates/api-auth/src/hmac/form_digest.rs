//! The form-digest scheme: a sorted form body with its own digest at the end.
//!
//! ```text
//! canonical = the parameters, sorted by the bytes of their top-level names, as PHP's
//!             http_build_query writes them (RFC 1738: space is "+", "*" and "~" are escaped)
//! digest    = lower-case hex of HMAC-SHA256(key, canonical)
//! body      = canonical + "&digest=" + digest
//! ```
//!
//! `TinyCert` uses this scheme, with the token of a session as an additional parameter.
//!
//! The digest covers neither method nor path nor time. An attacker who sees a body can send it
//! again, to any path with the same parameters, until the token in it expires. A body is therefore
//! as secret as a credential.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Uri};

use crate::auth::{Auth, Generation, MOST_REPLACEMENTS, Preparation, TokenOrigin};
use crate::body::{Body, FORM};
use crate::decode::json;
use crate::encode::{Encoding, Params};
use crate::error::Error;
use crate::error::input::InputError;
use crate::error::kind::ErrorKind;
use crate::error::response::ResponseError;
use crate::hmac::{HmacKey, Signature};
use crate::message::{Request, Response};
use crate::secret::Secret;
use crate::store::TokenKey;
use crate::store::lock_once::{Attempt, LockOnce};
use crate::token::AccessToken;
use crate::unsigned_request::UnsignedRequest;
use crate::validate;
use crate::verified_store::VerifiedStore;
use crate::wire::ExtraFields;

/// The encoding of the parameters. A [`Provider`](crate::Provider) of this scheme must have the
/// same.
pub const ENCODING: Encoding = Encoding::Php;

/// Sorts and encodes the parameters. The result is signed.
///
/// ```
/// use api_auth::Params;
/// use api_auth::hmac::form_digest::canonical;
///
/// let mut params = Params::new();
/// params.push("what", "cert").push("CN", "*.example.com").push("ca_id", "561");
/// assert_eq!(canonical(params), "CN=%2A.example.com&ca_id=561&what=cert");
/// ```
pub fn canonical(mut params: Params<'_>) -> String {
    params.sort_by_top_level_name();
    ENCODING.text(&params)
}

/// Returns the digest of a canonical text.
pub fn digest(key: &HmacKey, canonical: &[u8]) -> Signature {
    key.sign(&[canonical])
}

/// Appends the digest to a canonical text as the parameter `name`, which completes the body.
/// Without parameters the body begins with `&`.
pub fn append(canonical: &mut Vec<u8>, name: &str, digest: &Signature) {
    canonical.push(b'&');
    canonical.extend_from_slice(name.as_bytes());
    canonical.push(b'=');
    canonical.extend_from_slice(digest.hex().as_bytes());
}

/// The names of a provider for the parts of the scheme.
#[derive(Debug)]
pub struct Dialect {
    /// The parameter with the digest.
    pub digest: &'static str,
    /// The parameter with the token of a session, and the field of the response that contains it.
    pub token: &'static str,
    /// Returns whether a response means that the session has expired.
    pub expired: fn(&Response) -> bool,
    /// Parses the error response to a request that opens a session.
    pub read_error: fn(&Response) -> ResponseError,
}

/// An [`Auth`] that signs form bodies with a key by this scheme, without a session.
#[derive(Debug, Clone)]
pub struct FormDigest {
    key: HmacKey,
    dialect: &'static Dialect,
}

impl FormDigest {
    /// Creates an auth that signs with `key`. Errors name it `name`.
    ///
    /// # Errors
    /// Returns an error if the key is empty or contains control characters.
    #[inline]
    pub fn new(
        (name, key): (&'static str, &Secret),
        dialect: &'static Dialect,
    ) -> Result<Self, InputError> {
        validate::no_control(name, key.expose())?;
        Ok(Self { key: HmacKey::new(name, key)?, dialect })
    }

    fn append_to(&self, body: &mut Vec<u8>) {
        let digest = digest(&self.key, body);
        append(body, self.dialect.digest, &digest);
    }

    /// Adds the token to the form of the request and sorts the form. A request without a body gets
    /// a form.
    #[inline]
    fn add_parameters_with(
        &self,
        unsigned: &mut UnsignedRequest<'_>,
        token: Option<&Secret>,
    ) -> Result<(), InputError> {
        if matches!(unsigned.body, Body::None) {
            unsigned.body = Body::Form(Params::new());
        }
        let Body::Form(params) = &mut unsigned.body else {
            return Err(InputError::new("body", "must be a form, to be signed"));
        };
        if let Some(token) = token {
            params.push(self.dialect.token, token.expose().to_owned());
        }
        params.sort_by_top_level_name();
        Ok(())
    }
}

impl Auth for FormDigest {
    #[inline]
    fn add_parameters(
        &self,
        unsigned: &mut UnsignedRequest<'_>,
        _: &mut Generation,
        _: SystemTime,
    ) -> Result<(), Error> {
        Ok(self.add_parameters_with(unsigned, None)?)
    }

    fn sign(&self, request: &mut Request, _: &mut Generation, _: SystemTime) -> Result<(), Error> {
        self.append_to(request.body_mut());
        Ok(())
    }
}

/// The request that opens a session.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The id of the endpoint, for errors and logs.
    pub endpoint: &'static str,
    /// The URL.
    pub url: Uri,
    /// The parameters, in any order.
    pub params: Vec<(&'static str, Secret)>,
}

/// An [`Auth`] that signs form bodies within a session.
///
/// If it has an [`Opening`], a token that the server rejects is replaced by a new one, once in each
/// attempt, and more often for tokens of a store. Without one, a rejected token is not replaced.
pub struct FormSession {
    signer: FormDigest,
    state: Mutex<State>,
    store: Option<(TokenKey, VerifiedStore)>,
    lock: LockOnce,
}

struct State {
    token: Option<Secret>,
    /// The origin of the token, and its number, which each new token increases by 1.
    generation: Generation,
    /// The server rejected the token. It is kept for requests that are being signed with it; each
    /// of them can be sent once more.
    refused: bool,
    /// The token replaced one that the server rejected.
    replaces: bool,
    /// The number of tokens in a row that came from the store to replace a rejected one and that
    /// the server rejected, too.
    rejected_replacements: u32,
    opening: Option<Opening>,
}

impl FormSession {
    /// Creates a session with that token. Without a token, the session is opened before the first
    /// request.
    #[inline]
    pub fn new(signer: FormDigest, token: Option<Secret>, opening: Option<Opening>) -> Self {
        let state = State {
            token,
            generation: Generation::default(),
            refused: false,
            replaces: false,
            rejected_replacements: 0,
            opening,
        };
        Self { signer, state: Mutex::new(state), store: None, lock: LockOnce::default() }
    }

    /// Stores the session's token in `store` under `key`, so that other clients and processes can
    /// use the same session.
    #[must_use]
    pub fn with_store(mut self, key: TokenKey, store: VerifiedStore) -> Self {
        self.store = Some((key, store));
        self
    }

    /// Returns the current token, if there is one. It grants the same access as the credentials
    /// until the session expires.
    #[inline]
    pub fn token(&self) -> Option<Secret> {
        let state = self.state();
        state.token.clone().filter(|_| !state.refused)
    }

    /// Removes the [`Opening`], and the token from the store, so that no other client uses the
    /// session. The token itself is kept for the request that ends the session.
    #[inline]
    pub fn close(&self) {
        self.state().opening = None;
        if let Some(token) = self.token() {
            self.drop_from_store(token);
        }
    }

    #[inline]
    fn drop_from_store(&self, token: Secret) {
        if let Some((key, store)) = &self.store {
            store.forget(key, &AccessToken::new(token, SystemTime::UNIX_EPOCH));
        }
    }

    /// Returns whether there is a usable token, in memory or in the store.
    #[inline]
    fn has_token(&self) -> bool {
        let state = self.state();
        if state.is_open() {
            return true;
        }
        let seen = state.generation;
        let trusted = state.rejected_replacements < MOST_REPLACEMENTS;
        drop(state);
        let stored =
            self.store.as_ref().filter(|_| trusted).and_then(|(key, store)| store.load(key));
        let Some(stored) = stored else { return false };
        let mut state = self.state();
        // A store that cannot be written keeps returning the rejected token.
        let is_news = state.token.as_ref() != Some(stored.value());
        // A session that another thread opened meanwhile is newer than the one of the store.
        if state.generation == seen && is_news {
            state.take(stored.value().clone(), TokenOrigin::Store);
        }
        state.is_open()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    #[inline]
    fn is_open(&self) -> bool {
        self.token.is_some() && !self.refused
    }

    fn take(&mut self, token: Secret, origin: TokenOrigin) {
        self.token = Some(token);
        self.generation = Generation { number: self.generation.number + 1, origin };
        self.replaces = self.refused;
        self.refused = false;
        if origin == TokenOrigin::Server {
            self.rejected_replacements = 0;
        }
    }
}

impl Auth for FormSession {
    #[inline]
    fn is_ready(&self, _now: SystemTime) -> bool {
        self.has_token()
    }

    #[inline]
    fn next_request(&self, _now: SystemTime) -> Result<Option<Preparation>, Error> {
        if self.has_token() {
            return Ok(None);
        }
        let acquire =
            |(key, store): &(TokenKey, VerifiedStore)| self.lock.acquire(|| store.lock(key));
        let Attempt { was_tried, guard } = self.store.as_ref().map(acquire).unwrap_or_default();
        if was_tried && self.has_token() {
            return Ok(None); // Another client opened it meanwhile.
        }
        let state = self.state();
        let Some(opening) = &state.opening else {
            return Err(InputError::new("session", "is not open").into());
        };
        let mut params = Params::new();
        for (name, value) in &opening.params {
            params.push(*name, value.expose());
        }
        let mut body = canonical(params).into_bytes();
        self.signer.append_to(&mut body);
        let mut request = Request::new(body);
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = opening.url.clone();
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
        Ok(Some(Preparation { endpoint: opening.endpoint, request, guard }))
    }

    #[inline]
    fn handle_response(&self, response: Response, now: SystemTime) -> Result<(), Error> {
        let dialect = self.signer.dialect;
        if !response.status().is_success() {
            return Err(Error::from_response((dialect.read_error)(&response), response));
        }
        match token_of(&response, dialect.token) {
            Ok(token) => {
                if let Some((key, store)) = &self.store {
                    store.save(key, &AccessToken::new(token.clone(), now));
                }
                self.state().take(token, TokenOrigin::Server);
                Ok(())
            }
            Err(error) => Err(Error::from_response(error, response)),
        }
    }

    #[inline]
    fn add_parameters(
        &self,
        unsigned: &mut UnsignedRequest<'_>,
        generation: &mut Generation,
        _: SystemTime,
    ) -> Result<(), Error> {
        let state = self.state();
        let Some(token) = &state.token else {
            return Err(InputError::new("session", "is not open").into());
        };
        *generation = state.generation;
        Ok(self.signer.add_parameters_with(unsigned, Some(token))?)
    }

    fn sign(&self, request: &mut Request, _: &mut Generation, _: SystemTime) -> Result<(), Error> {
        self.signer.append_to(request.body_mut());
        Ok(())
    }

    #[inline]
    fn invalidate_if_rejected(&self, response: &Response, generation: Generation) -> bool {
        let mut state = self.state();
        if !(self.signer.dialect.expired)(response) {
            state.rejected_replacements = 0;
            if response.status().is_success() {
                self.lock.succeeded();
            }
            return false;
        }
        let can_open = state.opening.is_some();
        if generation != state.generation {
            return can_open; // Another thread has a fresh one already.
        }
        let Some(token) = state.token.clone() else { return can_open };
        state.refused = can_open;
        state.rejected_replacements +=
            u32::from(state.replaces && generation.origin == TokenOrigin::Store);
        drop(state);
        self.drop_from_store(token);
        can_open
    }
}

impl fmt::Debug for FormSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormSession").finish_non_exhaustive()
    }
}

/// Returns the token of the response that opens a session: the field `name` of its object.
#[inline]
fn token_of(response: &Response, name: &str) -> Result<Secret, ResponseError> {
    let fields: ExtraFields = json(response)?;
    match fields.text(name) {
        Some(token) if !token.is_empty() => Ok(Secret::new(token)),
        _ => Err(ResponseError::new(ErrorKind::Decode).with_message(format!("{name}: missing"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::store::TokenStore;
    use crate::store::memory::MemoryStore;
    use crate::store::stuck::{BusyStore, EndlessStore, StuckStore};
    use crate::verified_store::SecretOrigin;
    use proptest::prelude::*;

    const KEY: &str = "ThisIsMySuperSecretAPIKey";
    const TOKEN: &str = "d7dd6880c206216a9ed74f92ca8edaef88728bbb2c8b23020c624de9a7d08d6f";
    static DIALECT: Dialect = Dialect {
        digest: "digest",
        token: "token",
        expired: |response| response.status() == 403,
        read_error: |response| ResponseError::of_status(response.status()),
    };

    fn params<'a>(pairs: &[(&'a str, &'a str)]) -> Params<'a> {
        let mut params = Params::new();
        for (name, value) in pairs {
            params.push(*name, *value);
        }
        params
    }

    fn key() -> HmacKey {
        HmacKey::new("api_key", &Secret::new(KEY)).unwrap()
    }

    fn signer() -> FormDigest {
        FormDigest::new(("api_key", &Secret::new(KEY)), &DIALECT).unwrap()
    }

    fn session(token: Option<&str>, keep: bool) -> FormSession {
        let opening = Opening {
            endpoint: "session.open",
            url: Uri::from_static("https://h.example/connect"),
            params: vec![("passphrase", "~*!'()-_.".into()), ("email", "a@b".into())],
        };
        FormSession::new(signer(), token.map(Secret::new), keep.then_some(opening))
    }

    fn reply(status: u16, body: &str) -> Response {
        http::Response::builder().status(status).body(body.as_bytes().to_vec()).unwrap()
    }

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn shared(store: impl TokenStore + 'static) -> VerifiedStore {
        VerifiedStore::new(Arc::new(store), &[&Secret::new("s")], SecretOrigin::Generated)
    }

    #[test]
    fn each_stage_has_its_known_answer() {
        let text = canonical(params(&[
            ("token", TOKEN),
            ("ca_id", "123"),
            ("CN", "example.com"),
            ("OU", "IT Department"),
            ("O", "ACME, Inc."),
            ("L", "Chicago"),
            ("ST", "Illinois"),
            ("C", "US"),
            ("SANs[0][DNS]", "www.example.com"),
            ("SANs[1][DNS]", "example.com"),
        ]));
        let expected = "C=US&CN=example.com&L=Chicago&O=ACME%2C+Inc.&OU=IT+Department&SANs%5B0%5D%5BDNS%5D=www.example.com&SANs%5B1%5D%5BDNS%5D=example.com&ST=Illinois&ca_id=123&token=d7dd6880c206216a9ed74f92ca8edaef88728bbb2c8b23020c624de9a7d08d6f";
        assert_eq!(text, expected);
        let digest = digest(&key(), text.as_bytes());
        let hex = "16b436bd8779dadf0327a97eac54b631e02c4643cbf52ccc1358431691f74b21";
        assert_eq!(&*digest.hex(), hex);
        let mut body = text.into_bytes();
        append(&mut body, "digest", &digest);
        assert_eq!(String::from_utf8(body).unwrap(), format!("{expected}&digest={hex}"));
    }

    #[test]
    fn star_and_tilde_are_escaped_and_an_empty_value_stays() {
        let text = canonical(params(&[("passphrase", "~*!'()-_."), ("email", "")]));
        assert_eq!(text, "email=&passphrase=%7E%2A%21%27%28%29-_.");
    }

    /// Returns the generation of a request that is signed now.
    fn generation_of(session: &FormSession) -> Generation {
        let call = crate::raw_endpoint::RawEndpoint::new(http::Method::POST, "/x");
        let mut generation = Generation::default();
        session
            .add_parameters(&mut UnsignedRequest::of(&call).unwrap(), &mut generation, NOW)
            .unwrap();
        generation
    }

    #[test]
    fn a_body_without_parameters_begins_with_an_ampersand() {
        let mut body = canonical(Params::new()).into_bytes();
        let digest = digest(&key(), &body);
        append(&mut body, "digest", &digest);
        assert_eq!(
            String::from_utf8(body).unwrap(),
            "&digest=5423d06440201a23ba43cfc0b9e6837eea20c5631733dcb6eaa6117188133e0b"
        );
    }

    #[test]
    fn a_call_is_dressed_sorted_and_signed() {
        let session = session(Some(TOKEN), false);
        let mut unsigned = UnsignedRequest {
            method: http::Method::POST,
            path: "/x".into(),
            query: Params::new(),
            body: Body::Form(params(&[("z", "1"), ("A", "2")])),
        };
        session.add_parameters(&mut unsigned, &mut Generation::default(), NOW).unwrap();
        let mut request = unsigned.encode("https://h.example", ENCODING).unwrap();
        session.sign(&mut request, &mut Generation::default(), NOW).unwrap();
        let body = String::from_utf8(request.into_body()).unwrap();
        let (text, hex) = body.split_once("&digest=").unwrap();
        assert_eq!(text, format!("A=2&token={TOKEN}&z=1"));
        assert_eq!(hex, &*digest(&key(), text.as_bytes()).hex());
    }

    #[test]
    fn a_body_that_is_no_form_is_refused_and_none_becomes_one() {
        let unsigned = |body| UnsignedRequest {
            method: http::Method::POST,
            path: "/x".into(),
            query: Params::new(),
            body,
        };
        let mut json = unsigned(Body::Json(b"{}".to_vec()));
        let error =
            signer().add_parameters(&mut json, &mut Generation::default(), NOW).unwrap_err();
        assert_eq!(error.argument(), Some("body"));
        let mut empty = unsigned(Body::None);
        session(Some("t"), false)
            .add_parameters(&mut empty, &mut Generation::default(), NOW)
            .unwrap();
        assert_eq!(empty.encode("https://h.example", ENCODING).unwrap().body(), b"token=t");
    }

    #[test]
    fn without_a_token_the_session_is_opened_first() {
        let session = session(None, true);
        let request = session.next_request(NOW).unwrap().unwrap().request;
        assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/connect"));
        assert_eq!(request.headers()[CONTENT_TYPE], "application/x-www-form-urlencoded");
        let body = String::from_utf8(request.into_body()).unwrap();
        assert!(body.starts_with("email=a%40b&passphrase=%7E%2A%21%27%28%29-_.&digest="), "{body}");
        session.handle_response(reply(200, r#"{"token":"T1"}"#), NOW).unwrap();
        assert_eq!(session.token(), Some(Secret::new("T1")));
        assert!(session.next_request(NOW).unwrap().is_none());
    }

    #[test]
    fn an_answer_without_a_token_opens_nothing() {
        for (status, body) in [
            (200, "{}"),
            (200, ""),
            (200, r#"{"token":null}"#),
            (200, r#"{"token":""}"#),
            (403, r#"{"token":"t"}"#),
        ] {
            let session = session(None, true);
            assert!(session.handle_response(reply(status, body), NOW).is_err(), "{status} {body}");
            assert_eq!(session.token(), None);
        }
    }

    #[test]
    fn a_rejected_token_is_forgotten_only_if_it_can_be_replaced() {
        let kept = session(Some("T"), true);
        let generation = Generation::default();
        assert!(!kept.invalidate_if_rejected(&reply(404, ""), generation));
        assert!(kept.invalidate_if_rejected(&reply(403, ""), generation));
        assert_eq!(kept.token(), None);
        let forgotten = session(Some("T"), true);
        forgotten.close();
        for session in [forgotten, session(Some("T"), false)] {
            assert!(!session.invalidate_if_rejected(&reply(403, ""), generation));
            assert!(session.token().is_some());
        }
        assert_eq!(session(None, false).next_request(NOW).unwrap_err().argument(), Some("session"));
    }

    #[test]
    fn a_late_refusal_of_an_old_token_leaves_the_fresh_one() {
        let session = session(Some("old"), true);
        let dressed = || generation_of(&session);
        let old = dressed();
        assert!(session.invalidate_if_rejected(&reply(403, ""), old));
        session.handle_response(reply(200, r#"{"token":"fresh"}"#), NOW).unwrap();
        assert!(session.invalidate_if_rejected(&reply(403, ""), old), "one more try makes sense");
        assert_eq!(session.token(), Some(Secret::new("fresh")));
        assert!(session.invalidate_if_rejected(&reply(403, ""), dressed()));
        assert_eq!(session.token(), None);
    }

    #[test]
    fn a_store_gives_the_token_out_keeps_a_fresh_one_and_drops_a_refused_one() {
        let store = MemoryStore::new();
        let key = TokenKey::new(&["https://h.example", "a@b"]);
        let open = || session(None, true).with_store(key.clone(), shared(store.clone()));
        let kept = || store.load(&key).map(|token| token.value().expose().to_owned());
        let first = open();
        assert!(first.next_request(NOW).unwrap().is_some());
        first.handle_response(reply(200, r#"{"token":"T1"}"#), NOW).unwrap();
        assert_eq!(kept().as_deref(), Some("T1"));

        let second = open();
        assert!(second.next_request(NOW).unwrap().is_none(), "it takes the first one's over");
        assert!(second.invalidate_if_rejected(&reply(403, ""), generation_of(&second)));
        assert_eq!(kept(), None);
        assert!(second.next_request(NOW).unwrap().is_some());
        second.handle_response(reply(200, r#"{"token":"T2"}"#), NOW).unwrap();
        assert!(first.invalidate_if_rejected(&reply(403, ""), generation_of(&first)));
        assert_eq!(kept().as_deref(), Some("T2"), "the other one's stays");
        assert!(first.next_request(NOW).unwrap().is_none());
        assert_eq!(first.token(), Some(Secret::new("T2")));
        first.close();
        assert_eq!((kept(), first.token()), (None, Some(Secret::new("T2"))));
    }

    #[test]
    fn a_store_that_keeps_a_refused_token_is_not_believed_twice() {
        let key = TokenKey::new(&["k"]);
        let store = StuckStore::verified(&key, "s", &AccessToken::new("old", NOW));
        let session = session(None, true).with_store(key, shared(store));
        assert!(session.next_request(NOW).unwrap().is_none());
        assert_eq!(session.token(), Some("old".into()));
        assert!(session.invalidate_if_rejected(&reply(403, ""), generation_of(&session)));
        assert!(session.next_request(NOW).unwrap().is_some(), "a session is opened");
        session.handle_response(reply(200, r#"{"token":"new"}"#), NOW).unwrap();
        assert!(session.next_request(NOW).unwrap().is_none());
        assert_eq!(session.token(), Some("new".into()));
    }

    #[test]
    fn session_after_rejected_ones_of_a_store_comes_from_the_server() {
        let key = TokenKey::new(&["k"]);
        let session = session(None, true).with_store(key, shared(EndlessStore::new("s")));
        for _ in 0..=MOST_REPLACEMENTS {
            assert!(session.next_request(NOW).unwrap().is_none(), "the store has another one");
            assert!(session.invalidate_if_rejected(&reply(403, ""), generation_of(&session)));
        }
        assert!(session.next_request(NOW).unwrap().is_some(), "the server opens the next one");
    }

    #[test]
    fn lock_that_was_not_acquired_is_tried_again_only_after_a_successful_call() {
        let store = Arc::new(BusyStore::default());
        let session = session(None, true).with_store(TokenKey::new(&["k"]), shared(store.clone()));
        let open = |token: &str| {
            assert!(session.next_request(NOW).unwrap().is_some());
            session.handle_response(reply(200, &format!(r#"{{"token":"{token}"}}"#)), NOW).unwrap();
        };
        assert!(session.next_request(NOW).unwrap().is_some());
        open("a");
        assert!(session.invalidate_if_rejected(&reply(403, ""), generation_of(&session)));
        open("b");
        assert!(!session.invalidate_if_rejected(&reply(404, ""), generation_of(&session)));
        assert_eq!(store.locks(), 1);
        assert!(!session.invalidate_if_rejected(&reply(200, ""), generation_of(&session)));
        assert!(session.invalidate_if_rejected(&reply(403, ""), generation_of(&session)));
        open("c");
        assert_eq!(store.locks(), 2);
    }

    #[test]
    fn what_another_thread_opened_is_not_replaced_by_what_the_store_said_before() {
        for refused_too in [false, true] {
            let key = TokenKey::new(&["k"]);
            let store = StuckStore::verified(&key, "s", &AccessToken::new("old", NOW));
            let store = Arc::new(store);
            let session = Arc::new(session(None, true).with_store(key, shared(store.clone())));
            let other = session.clone();
            store.meanwhile(move || {
                other.handle_response(reply(200, r#"{"token":"fresh"}"#), NOW).unwrap();
                if refused_too {
                    assert!(other.invalidate_if_rejected(&reply(403, ""), generation_of(&other)));
                }
            });
            assert_eq!(session.has_token(), !refused_too);
            assert_eq!(session.state().token, Some("fresh".into()));
        }
    }

    #[test]
    fn without_a_session_a_body_is_signed_as_it_is() {
        let mut request = Request::new(b"a=1".to_vec());
        signer().sign(&mut request, &mut Generation::default(), NOW).unwrap();
        let digest = digest(&key(), b"a=1");
        assert_eq!(request.body(), format!("a=1&digest={}", &*digest.hex()).as_bytes());
    }

    #[test]
    fn nothing_of_a_session_is_printed() {
        let session = session(Some("CANARY"), true);
        let printed = format!("{session:?} {:?} {:?}", signer(), session.state().opening);
        assert!(!printed.contains("CANARY") && !printed.contains("~*"), "{printed}");
    }

    /// Computes the scheme a second time, without the tables of the encoder: one byte at a time,
    /// with insertion sort, and HMAC by its definition from two plain hashes.
    fn slow(pairs: &[(String, String)]) -> String {
        use sha2::{Digest, Sha256};

        fn write(text: &str) -> String {
            let mut out = String::new();
            for byte in text.bytes() {
                match byte {
                    b' ' => out.push('+'),
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                        out.push(char::from(byte));
                    }
                    _ => out.push_str(&format!("%{byte:02X}")),
                }
            }
            out
        }
        let mut sorted: Vec<&(String, String)> = Vec::new();
        for pair in pairs {
            let top = |pair: &(String, String)| pair.0.split('[').next().unwrap().to_owned();
            let after =
                sorted.iter().position(|other| top(other).as_bytes() > top(pair).as_bytes());
            sorted.insert(after.unwrap_or(sorted.len()), pair);
        }
        let written: Vec<String> = sorted
            .iter()
            .map(|(name, value)| format!("{}={}", write(name), write(value)))
            .collect();
        let text = written.join("&");
        let pad = |with: u8| {
            let mut block = [with; 64];
            for (byte, key) in block.iter_mut().zip(KEY.bytes()) {
                *byte ^= key;
            }
            block
        };
        let inner = Sha256::new().chain_update(pad(0x36)).chain_update(&text).finalize();
        let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
        let hex: String = outer.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{text}&digest={hex}")
    }

    proptest! {
        #[test]
        fn any_parameters_give_the_body_of_the_slow_reference(
            pairs in proptest::collection::vec(("[A-Za-z_]{1,3}(\\[[0-9]{1,2}\\](\\[[a-z]{1,2}\\])?)?", ".*"), 0..12)
        ) {
            let mut body = canonical(params(
                &pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect::<Vec<_>>(),
            )).into_bytes();
            let digest = digest(&key(), &body);
            append(&mut body, "digest", &digest);
            prop_assert_eq!(String::from_utf8(body).unwrap(), slow(&pairs));
        }
    }
}
