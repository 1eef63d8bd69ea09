use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use api_auth::http::header::CONTENT_TYPE;
use api_auth::http::{self, Method};
use api_auth::{ErrorKind, MemoryStore, RawEndpoint, SecretOrigin, TokenStore};

use super::*;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn session(token: Option<&str>, with_passphrase: bool) -> SessionAuth {
    let key = Secret::new("ThisIsMySuperSecretAPIKey");
    let signer = FormDigest::new(("api_key", &key), "digest").unwrap();
    let connect = Connect::new("a@b", "~*!'()-_.");
    let connect = with_passphrase.then_some(connect);
    SessionAuth::new(signer, "https://h.example", token.map(Secret::new), connect)
}

fn response(status: u16, body: &str) -> Response {
    http::Response::builder().status(status).body(body.as_bytes().to_vec()).unwrap()
}

/// Returns a response that rejects the token.
fn rejection() -> Response {
    response(403, r#"{"code":"InvalidToken","text":"expired"}"#)
}

/// Handles the response to the request that opens a session.
fn open(session: &SessionAuth, token: &str) {
    session.handle_response(response(200, &format!(r#"{{"token":"{token}"}}"#)), NOW).unwrap();
}

/// Returns the generation of a request that is signed now.
fn generation_of(session: &SessionAuth) -> Generation {
    let endpoint = RawEndpoint::new(Method::POST, "/x");
    let mut generation = Generation::default();
    let mut unsigned = UnsignedRequest::of(&endpoint).unwrap();
    session.add_parameters(&mut unsigned, &mut generation, NOW).unwrap();
    generation
}

fn verified(store: impl TokenStore + 'static) -> VerifiedStore {
    VerifiedStore::new(Arc::new(store), &[&Secret::new("s")], SecretOrigin::Generated)
}

/// Returns a token as a [`VerifiedStore`] stores it.
fn stored(key: &TokenKey, token: &str) -> AccessToken {
    let store = MemoryStore::new();
    verified(store.clone()).save(key, &AccessToken::new(token, NOW));
    store.load(key).unwrap()
}

/// A store that ignores all changes, and whose lock is never acquired. The function `F` returns the
/// stored token.
struct FixedStore<F> {
    load: F,
    locks: AtomicU64,
}

impl<F: Fn() -> Option<AccessToken> + Send + Sync> FixedStore<F> {
    fn new(load: F) -> Self {
        Self { load, locks: AtomicU64::new(0) }
    }
}

impl<F: Fn() -> Option<AccessToken> + Send + Sync> TokenStore for FixedStore<F> {
    fn load(&self, _: &TokenKey) -> Option<AccessToken> {
        (self.load)()
    }

    fn save(&self, _: &TokenKey, _: &AccessToken) {}

    fn forget(&self, _: &TokenKey, _: &AccessToken) {}

    fn lock(&self, _: &TokenKey) -> Option<Box<dyn Send>> {
        self.locks.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[test]
fn request_contains_the_token_and_is_sorted_and_signed() {
    let session = session(Some("t0k3n"), false);
    let mut params = api_auth::Params::new();
    params.push("z", "1").push("A", "2");
    let endpoint = RawEndpoint::new(Method::POST, "/x").with_body(api_auth::Body::Form(params));
    let mut unsigned = UnsignedRequest::of(&endpoint).unwrap();
    session.add_parameters(&mut unsigned, &mut Generation::default(), NOW).unwrap();
    let mut request = unsigned.encode("https://h.example", ENCODING).unwrap();
    session.sign(&mut request, &mut Generation::default(), NOW).unwrap();
    let body = String::from_utf8(request.into_body()).unwrap();
    let (text, digest) = body.split_once("&digest=").unwrap();
    assert_eq!(text, "A=2&token=t0k3n&z=1");
    let mut expected = api_auth::Request::new(text.as_bytes().to_vec());
    session.signer.sign(&mut expected, &mut Generation::default(), NOW).unwrap();
    assert!(expected.into_body().ends_with(digest.as_bytes()) && digest.len() == 64);
}

#[test]
fn request_without_a_body_gets_a_form_and_json_is_an_error() {
    let session = session(Some("t"), false);
    let empty = RawEndpoint::new(Method::POST, "/x");
    let mut unsigned = UnsignedRequest::of(&empty).unwrap();
    session.add_parameters(&mut unsigned, &mut Generation::default(), NOW).unwrap();
    assert_eq!(unsigned.encode("https://h.example", ENCODING).unwrap().body(), b"token=t");
    let json = empty.with_body(api_auth::Body::Json(b"{}".to_vec()));
    let mut unsigned = UnsignedRequest::of(&json).unwrap();
    let error = session.add_parameters(&mut unsigned, &mut Generation::default(), NOW).unwrap_err();
    assert_eq!(error.argument(), Some("body"));
}

#[test]
fn session_without_a_token_is_opened_first() {
    let session = session(None, true);
    let preparation = session.next_request(NOW).unwrap().unwrap();
    assert_eq!(preparation.endpoint, "session.connect");
    let request = preparation.request;
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.uri().to_string(), "https://h.example/api/v1/connect");
    assert_eq!(request.headers().len(), 1);
    assert_eq!(request.headers()[CONTENT_TYPE], "application/x-www-form-urlencoded");
    let body = String::from_utf8(request.into_body()).unwrap();
    assert!(body.starts_with("email=a%40b&passphrase=%7E%2A%21%27%28%29-_.&digest="), "{body}");
    open(&session, "T1");
    assert_eq!(session.token(), Some(Secret::new("T1")));
    assert!(session.next_request(NOW).unwrap().is_none());
}

#[test]
fn response_without_a_token_is_an_error() {
    for (status, body) in [
        (200, "{}"),
        (200, ""),
        (200, r#"{"token":null}"#),
        (200, r#"{"token":""}"#),
        (403, r#"{"token":"t"}"#),
    ] {
        let session = session(None, true);
        assert!(session.handle_response(response(status, body), NOW).is_err(), "{status} {body}");
        assert_eq!(session.token(), None);
    }
}

#[test]
fn error_object_with_status_200_opens_no_session() {
    let session = session(None, true);
    let body = r#"{"code":"PassphraseFailure","text":"wrong passphrase"}"#;
    let error = session.handle_response(response(200, body), NOW).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Auth, Some("PassphraseFailure")));
}

#[test]
fn rejected_token_is_removed_only_if_it_can_be_replaced() {
    let reopened = session(Some("T"), true);
    let generation = Generation::default();
    assert!(!reopened.invalidate_if_rejected(&response(404, ""), generation));
    assert!(reopened.invalidate_if_rejected(&rejection(), generation));
    assert_eq!(reopened.token(), None);
    let closed = session(Some("T"), true);
    closed.close();
    let without_passphrase = session(Some("T"), true);
    without_passphrase.forget_passphrase();
    for session in [closed, without_passphrase, session(Some("T"), false)] {
        assert!(!session.invalidate_if_rejected(&rejection(), generation));
        assert!(session.token().is_some());
    }
    assert_eq!(session(None, false).next_request(NOW).unwrap_err().argument(), Some("session"));
}

#[test]
fn code_of_an_expired_session_is_detected_with_any_status() {
    for (status, body, expired) in [
        (200, r#"{"code":"InvalidToken","text":"expired"}"#, true),
        (200, " {\"text\":\"no session\",\"code\":\"SessionError\"}", true),
        (403, r#"{"code":"SessionError"}"#, true),
        (200, r#"{"code":"AccessDenied"}"#, false),
        (200, r#"{"text":"InvalidToken"}"#, false),
        (200, r#"[{"code":"InvalidToken"}]"#, false),
        (200, r#"["InvalidToken","expired"]"#, false),
        (403, r#"["InvalidToken","expired"]"#, false),
        (200, &format!(r#"{{"text":"{}","code":"InvalidToken"}}"#, "x".repeat(5000)), true),
        (403, r#"{"code":"AccessDenied"}"#, false),
    ] {
        let session = session(Some("T"), true);
        let rejected =
            session.invalidate_if_rejected(&response(status, body), Generation::default());
        assert_eq!((rejected, session.token().is_none()), (expired, expired), "{status} {body}");
    }
}

#[test]
fn late_rejection_of_an_old_token_does_not_remove_the_new_one() {
    let session = session(Some("old"), true);
    let old = generation_of(&session);
    assert!(session.invalidate_if_rejected(&rejection(), old));
    open(&session, "new");
    assert!(session.invalidate_if_rejected(&rejection(), old), "the request is sent once more");
    assert_eq!(session.token(), Some(Secret::new("new")));
    assert!(session.invalidate_if_rejected(&rejection(), generation_of(&session)));
    assert_eq!(session.token(), None);
}

#[test]
fn store_shares_the_token_until_it_is_rejected_or_the_session_is_closed() {
    let store = MemoryStore::new();
    let key = TokenKey::new(&["https://h.example", "a@b"]);
    let create = || session(None, true).with_store(key.clone(), verified(store.clone()));
    let in_store = || store.load(&key).map(|token| token.value().expose().to_owned());
    let first = create();
    assert!(first.next_request(NOW).unwrap().is_some());
    open(&first, "T1");
    assert_eq!(in_store().as_deref(), Some("T1"));

    let second = create();
    assert!(second.next_request(NOW).unwrap().is_none(), "it uses the session of the first");
    assert!(second.invalidate_if_rejected(&rejection(), generation_of(&second)));
    assert_eq!(in_store(), None);
    assert!(second.next_request(NOW).unwrap().is_some());
    open(&second, "T2");
    assert!(first.invalidate_if_rejected(&rejection(), generation_of(&first)));
    assert_eq!(in_store().as_deref(), Some("T2"), "the token of the second one is kept");
    assert!(first.next_request(NOW).unwrap().is_none());
    assert_eq!(first.token(), Some(Secret::new("T2")));
    first.close();
    assert_eq!((in_store(), first.token()), (None, Some(Secret::new("T2"))));
}

#[test]
fn rejected_token_of_a_store_that_ignores_changes_is_used_once() {
    let key = TokenKey::new(&["k"]);
    let old = stored(&key, "old");
    let store = FixedStore::new(move || Some(old.clone()));
    let session = session(None, true).with_store(key, verified(store));
    assert!(session.next_request(NOW).unwrap().is_none());
    assert_eq!(session.token(), Some("old".into()));
    assert!(session.invalidate_if_rejected(&rejection(), generation_of(&session)));
    assert!(session.next_request(NOW).unwrap().is_some(), "a session is opened");
    open(&session, "new");
    assert!(session.next_request(NOW).unwrap().is_none());
    assert_eq!(session.token(), Some("new".into()));
}

#[test]
fn session_after_rejected_ones_of_a_store_comes_from_the_server() {
    let key = TokenKey::new(&["k"]);
    let (number, of) = (AtomicU64::new(0), key.clone());
    let next = move || Some(stored(&of, &number.fetch_add(1, Ordering::Relaxed).to_string()));
    let session = session(None, true).with_store(key, verified(FixedStore::new(next)));
    for _ in 0..=MOST_REPLACEMENTS {
        assert!(session.next_request(NOW).unwrap().is_none(), "the store has another token");
        assert!(session.invalidate_if_rejected(&rejection(), generation_of(&session)));
    }
    assert!(session.next_request(NOW).unwrap().is_some(), "the server opens the next session");
}

#[test]
fn lock_that_was_not_acquired_is_retried_only_after_a_successful_request() {
    let store = Arc::new(FixedStore::new(|| None));
    let session = session(None, true).with_store(TokenKey::new(&["k"]), verified(store.clone()));
    let locks = || store.locks.load(Ordering::Relaxed);
    let reopen = |token: &str| {
        assert!(session.next_request(NOW).unwrap().is_some());
        open(&session, token);
    };
    assert!(session.next_request(NOW).unwrap().is_some());
    reopen("a");
    assert!(session.invalidate_if_rejected(&rejection(), generation_of(&session)));
    reopen("b");
    assert!(!session.invalidate_if_rejected(&response(404, ""), generation_of(&session)));
    assert_eq!(locks(), 1);
    assert!(!session.invalidate_if_rejected(&response(200, ""), generation_of(&session)));
    assert!(session.invalidate_if_rejected(&rejection(), generation_of(&session)));
    reopen("c");
    assert_eq!(locks(), 2);
}

#[test]
fn session_that_another_thread_opened_is_not_replaced_by_an_older_one_of_the_store() {
    for is_rejected_too in [false, true] {
        let key = TokenKey::new(&["k"]);
        let old = stored(&key, "old");
        let meanwhile = Arc::new(Mutex::new(None::<Box<dyn FnOnce() + Send>>));
        let step = meanwhile.clone();
        let load = move || {
            let step = step.lock().unwrap().take();
            if let Some(step) = step {
                step();
            }
            Some(old.clone())
        };
        let session = session(None, true).with_store(key, verified(FixedStore::new(load)));
        let session = Arc::new(session);
        let other = session.clone();
        *meanwhile.lock().unwrap() = Some(Box::new(move || {
            open(&other, "new");
            if is_rejected_too {
                assert!(other.invalidate_if_rejected(&rejection(), generation_of(&other)));
            }
        }));
        assert_eq!(session.has_token(), !is_rejected_too);
        assert_eq!(session.state().token, Some("new".into()));
    }
}

#[test]
fn debug_shows_no_secret() {
    let session = session(Some("CANARY"), true);
    let shown = format!("{session:?} {:?}", session.state().connect);
    assert!(!shown.contains("CANARY") && !shown.contains("~*"), "{shown}");
}
