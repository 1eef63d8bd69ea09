use super::*;
use crate::client::Client;
use crate::clock::ManualClock;
use crate::encode::Encoding;
use crate::provider::{Provider, status_error};
use crate::raw_endpoint::RawEndpoint;
use crate::route::{Credential, Server};
use crate::secret::Secret;
use crate::settings::Settings;
use crate::store::file::FileStore;
use crate::store::memory::MemoryStore;
use crate::store::stuck::{BusyStore, EndlessStore, StuckStore};
use crate::transport::TransportError;
use http::Method;
use std::time::UNIX_EPOCH;

const PROVIDER: Provider = Provider {
    name: "test",
    user_agent: "test/0",
    encoding: Encoding::Form,
    retry_statuses: &[429, 502, 503, 504],
    secret_parameters: &[],
    read_error: status_error,
};

fn server() -> TokenServer {
    TokenServer::new("https://h.example/token", "id", "s&cret").unwrap()
}

/// A token server and an API in one: the requests that it received, and its responses.
#[derive(Default)]
struct World {
    /// The bodies of the token requests.
    fetched: Vec<String>,
    /// The tokens of the requests to the API.
    used: Vec<String>,
    /// Tokens that are rejected from now on.
    revoked: Vec<String>,
    /// The JSON of a token response after the token, instead of a lifetime of 7200 s.
    rest: Option<&'static str>,
    /// The status of responses to refresh tokens.
    refresh_status: u16,
    /// The status of all responses to requests for a token.
    refusal: Option<u16>,
    /// The number of requests for a token that fail before others succeed.
    failures: u32,
}

type Shared = Arc<Mutex<World>>;

fn respond(world: &Shared, request: &Request) -> Response {
    let mut world = world.lock().unwrap();
    let response = |status, text: String| {
        http::Response::builder().status(status).body(text.into_bytes()).unwrap()
    };
    if request.uri().path() == "/token" {
        let body = String::from_utf8(request.body().clone()).unwrap();
        let rejected = world.refresh_status >= 400 && body.contains("refresh_token");
        world.fetched.push(body);
        if let Some(status) = world.refusal {
            return response(status, String::new());
        }
        if world.failures > 0 {
            world.failures -= 1;
            return response(503, String::new());
        }
        if rejected {
            return response(world.refresh_status, r#"{"error":"invalid_grant"}"#.to_owned());
        }
        let rest = world.rest.unwrap_or(r#","expires_in":7200"#);
        return response(200, format!(r#"{{"access_token":"t{}"{rest}}}"#, world.fetched.len()));
    }
    let token = request.headers()[AUTHORIZATION].to_str().unwrap();
    let token = token.strip_prefix("Bearer ").unwrap().to_owned();
    world.used.push(token.clone());
    response(if world.revoked.contains(&token) { 401 } else { 200 }, String::new())
}

fn client_of(bearer: Bearer, world: &Shared, clock: &ManualClock) -> Client {
    static TEST: Provider = PROVIDER;
    let world = world.clone();
    let mut settings = Settings::default();
    settings.clock(Arc::new(clock.clone()));
    settings.transport(Arc::new(move |request: Request| -> Result<_, TransportError> {
        Ok(respond(&world, &request))
    }));
    let credentials: Vec<(_, Arc<dyn Auth>)> = vec![(Credential::MAIN, Arc::new(bearer))];
    settings.build(&TEST, &[(Server::MAIN, "base_url", "https://h.example")], credentials).unwrap()
}

fn clock() -> ManualClock {
    ManualClock::at_unix(1_700_000_000)
}

fn bearer() -> Bearer {
    Bearer::new(server(), Grant::ClientCredentials)
}

/// Returns a store that always returns this token.
fn stuck(token: &AccessToken) -> StuckStore {
    StuckStore::verified(&server().key(&Grant::ClientCredentials), "s&cret", token)
}

fn call(client: &Client) -> Result<Vec<u8>, Error> {
    client.send(&RawEndpoint::new(Method::POST, "/call"))
}

fn used(world: &Shared) -> Vec<String> {
    world.lock().unwrap().used.clone()
}

fn fetches(world: &Shared) -> usize {
    world.lock().unwrap().fetched.len()
}

#[test]
fn token_is_used_until_its_margin() {
    let (world, clock) = (Shared::default(), clock());
    let client = client_of(bearer(), &world, &clock);
    call(&client).unwrap();
    clock.advance(Duration::from_secs(7169));
    call(&client).unwrap();
    clock.advance(Duration::from_secs(1));
    call(&client).unwrap();
    assert_eq!(used(&world), ["t1", "t1", "t2"]);
}

#[test]
fn many_threads_fetch_one_token() {
    let (world, clock) = (Shared::default(), clock());
    let client = client_of(bearer(), &world, &clock);
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| call(&client).unwrap());
        }
    });
    assert_eq!((fetches(&world), used(&world).len()), (1, 32));
}

/// A folder that is removed on drop.
struct Temporary(std::path::PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn many_clients_with_one_store_fetch_one_token() {
    let (world, clock) = (Shared::default(), clock());
    let folder =
        Temporary(std::env::temp_dir().join(format!("api-auth-bearer-{}", std::process::id())));
    let stores: [Arc<dyn TokenStore>; 2] =
        [Arc::new(MemoryStore::new()), Arc::new(FileStore::new(&folder.0))];
    for (number, store) in stores.into_iter().enumerate() {
        std::thread::scope(|scope| {
            for _ in 0..16 {
                let client = client_of(bearer().with_store(store.clone()), &world, &clock);
                scope.spawn(move || call(&client).unwrap());
            }
        });
        assert_eq!(fetches(&world), number + 1);
    }
}

#[test]
fn rejected_token_is_replaced_and_the_request_sent_once_more() {
    let (world, clock) = (Shared::default(), clock());
    let client = client_of(bearer(), &world, &clock);
    call(&client).unwrap();
    world.lock().unwrap().revoked = vec!["t1".to_owned()];
    call(&client).unwrap();
    assert_eq!(used(&world), ["t1", "t1", "t2"]);
    world.lock().unwrap().revoked.extend(["t2".to_owned(), "t3".to_owned()]);
    let error = call(&client).unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Auth, 2));
    assert_eq!((fetches(&world), used(&world).len()), (3, 5));
    call(&client).unwrap();
    assert_eq!(fetches(&world), 4, "the next request has a new one");
}

#[test]
fn late_401_for_an_old_token_keeps_the_new_one() {
    let now = UNIX_EPOCH;
    let auth = bearer();
    let fetch = |text: &str| {
        assert!(auth.next_request(now).unwrap().is_some());
        auth.handle_response(Response::new(text.as_bytes().to_vec()), now).unwrap();
    };
    let send = || {
        let (mut request, mut generation) = (Request::default(), Generation::default());
        auth.sign(&mut request, &mut generation, now).unwrap();
        (request.headers()[AUTHORIZATION].to_str().unwrap().to_owned(), generation)
    };
    let mut rejection = Response::default();
    *rejection.status_mut() = StatusCode::UNAUTHORIZED;
    fetch(r#"{"access_token":"a"}"#);
    let ((_, early), (_, late)) = (send(), send());
    assert!(auth.invalidate_if_rejected(&rejection, early));
    fetch(r#"{"access_token":"b"}"#);
    assert!(
        auth.invalidate_if_rejected(&rejection, late),
        "the request may be sent again, with the newer token"
    );
    assert!(auth.next_request(now).unwrap().is_none());
    let (header, generation) = send();
    assert_eq!(header, "Bearer b");
    assert!(!auth.invalidate_if_rejected(&Response::default(), generation));
}

#[test]
fn rejected_token_is_removed_from_the_store_and_a_newer_one_is_kept() {
    let (world, clock) = (Shared::default(), clock());
    let store = Arc::new(MemoryStore::new());
    let [one, other] =
        [0, 1].map(|_| client_of(bearer().with_store(store.clone()), &world, &clock));
    call(&one).unwrap();
    call(&other).unwrap();
    assert_eq!(fetches(&world), 1);
    world.lock().unwrap().revoked = vec!["t1".to_owned()];
    call(&one).unwrap();
    call(&other).unwrap();
    assert_eq!(fetches(&world), 2, "the other client takes the new token from the store");
    assert_eq!(used(&world), ["t1", "t1", "t1", "t2", "t1", "t2"]);
}

#[test]
fn lock_that_was_not_acquired_is_not_retried_within_one_request() {
    let (world, clock, store) = (Shared::default(), clock(), Arc::new(BusyStore::default()));
    let client = client_of(bearer().with_store(store.clone()), &world, &clock);
    // A failed request for a token, a token that is rejected, and one that is accepted.
    world.lock().unwrap().failures = 1;
    world.lock().unwrap().revoked = vec!["t2".to_owned()];
    call(&client).unwrap();
    assert_eq!((fetches(&world), store.locks()), (3, 1));
    assert_eq!(used(&world), ["t2", "t3"]);
    clock.advance(Duration::from_secs(7200));
    call(&client).unwrap();
    assert_eq!((fetches(&world), store.locks()), (4, 2), "a later request tries it again");
}

#[test]
fn token_that_was_stored_before_a_lock_timed_out_is_used() {
    let (world, clock, store) = (Shared::default(), clock(), Arc::new(BusyStore::default()));
    let other = client_of(bearer().with_store(store.clone()), &world, &clock);
    let client = client_of(bearer().with_store(store.clone()), &world, &clock);
    store.meanwhile(move || call(&other).map(drop).unwrap());
    call(&client).unwrap();
    assert_eq!(used(&world), ["t1", "t1"]);
}

#[test]
fn lock_that_is_acquired_at_once_costs_no_further_read_of_the_store() {
    let (world, clock, store) = (Shared::default(), clock(), Arc::new(BusyStore::with_lock()));
    let client = client_of(bearer().with_store(store.clone()), &world, &clock);
    call(&client).unwrap();
    assert_eq!((fetches(&world), store.locks()), (1, 1));
    assert_eq!(store.loads(), 3, "by the request, before the lock, and with the lock");
}

#[test]
fn waiting_for_a_lock_counts_for_the_freshness_of_tokens() {
    let world = Shared::default();
    let at = |seconds: u64| UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds);
    // Stored while the client waits for 300 s. The first token expires meanwhile, the other one
    // is issued after the wait began.
    let expired = AccessToken::new("s", at(0)).with_lifetime(Duration::from_secs(200));
    let fresh = AccessToken::new("s", at(290)).with_lifetime(Duration::from_secs(200));
    for (stored, sent) in [(expired, "t1"), (fresh, "s")] {
        let (clock, store) = (clock(), Arc::new(BusyStore::with_lock()));
        let bearer = bearer().with_store(store.clone());
        let writer =
            VerifiedStore::new(store.clone(), &[&Secret::new("s&cret")], SecretOrigin::Generated);
        let (key, time) = (bearer.key.clone(), clock.clone());
        store.meanwhile(move || {
            writer.save(&key, &stored);
            time.advance(Duration::from_secs(300));
        });
        call(&client_of(bearer, &world, &clock)).unwrap();
        assert_eq!(used(&world).last().unwrap(), sent);
    }
}

#[test]
fn store_that_keeps_a_rejected_token_costs_one_token_request() {
    let (world, clock) = (Shared::default(), clock());
    world.lock().unwrap().revoked = vec!["old".to_owned()];
    let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let client = client_of(
        bearer().with_store(Arc::new(stuck(&AccessToken::new("old", now)))),
        &world,
        &clock,
    );
    call(&client).unwrap();
    call(&client).unwrap();
    assert_eq!(used(&world), ["old", "t1", "t1"]);
}

#[test]
fn renewal_after_rejected_tokens_of_a_store_comes_from_the_server() {
    let (world, clock) = (Shared::default(), clock());
    let stored = (1..9).map(|number| format!("stored {number}"));
    world.lock().unwrap().revoked = stored.collect();
    let store = Arc::new(EndlessStore::new("s&cret"));
    let client = client_of(bearer().with_store(store), &world, &clock);
    call(&client).unwrap();
    call(&client).unwrap();
    let used = used(&world);
    let stored = usize::try_from(MOST_REPLACEMENTS).unwrap() + 1;
    assert_eq!(
        (&used[stored..], fetches(&world)),
        (&["t1".into(), "t1".into()][..], 1),
        "{used:?}"
    );
    assert_eq!(fetches(&world), 1);
}

#[test]
fn wrong_client_secret_or_password_never_uses_a_stored_token() {
    let (world, clock, store) = (Shared::default(), clock(), Arc::new(MemoryStore::new()));
    let of = |secret: &str, grant: Grant| {
        let server = TokenServer::new("https://h.example/token", "id", secret).unwrap();
        let bearer = Bearer::new(server, grant).with_store(store.clone());
        client_of(bearer, &world, &clock)
    };
    call(&of("right", Grant::ClientCredentials)).unwrap();
    call(&of("right", Grant::ClientCredentials)).unwrap();
    assert_eq!(fetches(&world), 1);
    call(&of("wrong", Grant::ClientCredentials)).unwrap();
    assert_eq!(fetches(&world), 2, "the server decides about the wrong secret");

    let password =
        |text: &str| Grant::Password { username: "ann".to_owned(), password: text.into() };
    call(&of("right", password("right"))).unwrap();
    call(&of("right", password("right"))).unwrap();
    assert_eq!(fetches(&world), 3);
    call(&of("right", password("wrong"))).unwrap();
    assert_eq!(fetches(&world), 4, "the server decides about the wrong password");
}

#[test]
fn stored_token_is_used_only_with_the_same_grant_and_the_same_refresh_token() {
    let (world, clock, store) = (Shared::default(), clock(), Arc::new(MemoryStore::new()));
    let of = |grant: Grant| {
        client_of(Bearer::new(server(), grant).with_store(store.clone()), &world, &clock)
    };
    let refresh = |token: &str| Grant::Refresh(token.into());
    let unnamed = || Grant::Password { username: String::new(), password: "p".into() };
    call(&of(refresh("Ann"))).unwrap();
    let others = [refresh("garbage"), refresh("Bob"), Grant::ClientCredentials, unnamed()];
    for (number, grant) in others.into_iter().enumerate() {
        call(&of(grant.clone())).unwrap();
        assert_eq!(fetches(&world), number + 2, "{grant:?}");
    }
    for (grant, token) in
        [(refresh("Ann"), "t1"), (refresh("Bob"), "t3"), (Grant::ClientCredentials, "t4")]
    {
        call(&of(grant)).unwrap();
        assert_eq!(used(&world).last().unwrap(), token, "each is stored separately");
    }
    assert_eq!(fetches(&world), 5);
}

#[test]
fn refresh_grant_continues_with_the_stored_refresh_token() {
    let (world, clock, store) = (Shared::default(), clock(), Arc::new(MemoryStore::new()));
    let of = || {
        let bearer = Bearer::new(server(), Grant::Refresh("r0".into()));
        client_of(bearer.with_store(store.clone()), &world, &clock)
    };
    world.lock().unwrap().rest = Some(r#","expires_in":100,"refresh_token":"r1""#);
    call(&of()).unwrap();
    clock.advance(Duration::from_secs(100));
    call(&of()).unwrap();
    let fetched = world.lock().unwrap().fetched.clone();
    assert!(fetched[0].contains("refresh_token=r0"), "{fetched:?}");
    assert!(fetched[1].contains("refresh_token=r1"), "{fetched:?}");
}

#[test]
fn authorization_code_with_a_store_is_an_error_and_stores_nothing() {
    let (world, clock, store) = (Shared::default(), clock(), MemoryStore::new());
    let grant = || Grant::AuthorizationCode {
        code: "c1".into(),
        redirect_uri: "https://shop/back".to_owned(),
        verifier: None,
    };
    let stored = Bearer::new(server(), grant()).with_store(Arc::new(store.clone()));
    let error = call(&client_of(stored, &world, &clock)).unwrap_err();
    assert_eq!((error.kind(), error.argument()), (ErrorKind::Input, Some("token store")));
    assert_eq!(fetches(&world), 0);
    call(&client_of(Bearer::new(server(), grant()), &world, &clock)).unwrap();
    assert_eq!(fetches(&world), 1);
    assert_eq!(store.load(&server().key(&grant())), None);
}

#[test]
fn tokens_of_different_scopes_are_stored_apart() {
    let (world, clock, store) = (Shared::default(), clock(), Arc::new(MemoryStore::new()));
    let of = |scope: &str| {
        let bearer = Bearer::new(server().with_scope(scope), Grant::ClientCredentials);
        client_of(bearer.with_store(store.clone()), &world, &clock)
    };
    for scope in ["read", "write", "read", "write"] {
        call(&of(scope)).unwrap();
    }
    assert_eq!(used(&world), ["t1", "t2", "t1", "t2"]);
}

#[test]
fn maximum_stored_time_never_panics() {
    let now = UNIX_EPOCH + Duration::from_secs(2000);
    for received in [i64::MAX, i64::MAX - 1, 0] {
        let text = format!(r#"{{"version":1,"token":"b","received":{received}}}"#);
        let Some(stored) = AccessToken::from_text(&text) else { continue };
        let auth = bearer().with_store(Arc::new(stuck(&stored)));
        auth.state().hold(held("a", 1000), TokenOrigin::Server);
        assert!(auth.invalidate_if_rejected(&response_with(401), Generation::new(1)));
        assert!(!auth.has_token(now));
    }
}

#[test]
fn refresh_token_is_used_kept_and_discarded() {
    let (world, clock) = (Shared::default(), clock());
    let client = client_of(bearer().with_store(Arc::new(MemoryStore::new())), &world, &clock);
    world.lock().unwrap().rest = Some(r#","expires_in":100,"refresh_token":"r1""#);
    call(&client).unwrap();
    for _ in 0..2 {
        world.lock().unwrap().rest = Some(r#","expires_in":100"#);
        clock.advance(Duration::from_secs(100));
        call(&client).unwrap();
    }
    world.lock().unwrap().refresh_status = 400;
    clock.advance(Duration::from_secs(100));
    call(&client).unwrap();
    let fetched = world.lock().unwrap().fetched.clone();
    let kinds: Vec<_> = fetched.iter().map(|body| body.contains("refresh_token=r1")).collect();
    assert_eq!(kinds, [false, true, true, true, false]);
    assert_eq!(used(&world), ["t1", "t2", "t3", "t5"]);
}

#[test]
fn token_with_zero_lifetime_is_used_once() {
    let (world, clock) = (Shared::default(), clock());
    world.lock().unwrap().rest = Some(r#","expires_in":0"#);
    let client = client_of(bearer(), &world, &clock);
    call(&client).unwrap();
    call(&client).unwrap();
    assert_eq!(used(&world), ["t1", "t2"]);
    world.lock().unwrap().rest = Some("");
    let client = client_of(bearer().with_default_lifetime(Duration::from_secs(60)), &world, &clock);
    call(&client).unwrap();
    clock.advance(Duration::from_secs(54));
    call(&client).unwrap();
    assert_eq!(used(&world), ["t1", "t2", "t3", "t4"]);
}

/// Returns a token that was received at a given second and has a refresh token.
fn held(value: &str, second: u64) -> AccessToken {
    AccessToken::new(value, UNIX_EPOCH + Duration::from_secs(second)).with_refresh("r1")
}

fn response_with(status: u16) -> Response {
    http::Response::builder().status(status).body(Vec::new()).unwrap()
}

#[test]
fn only_a_rejected_refresh_token_is_discarded() {
    let now = UNIX_EPOCH + Duration::from_secs(2000);
    for (status, given_up) in [(400, true), (401, true), (403, false), (503, false)] {
        let auth = bearer();
        auth.state().hold(held("t", 1000).with_lifetime(Duration::ZERO), TokenOrigin::Store);
        assert!(body_of(&auth, now).contains("refresh_token=r1"));
        assert_eq!(auth.handle_response(response_with(status), now).is_ok(), given_up, "{status}");
        assert_eq!(!body_of(&auth, now).contains("refresh_token=r1"), given_up, "{status}");
    }
    // The error of a rejected grant is returned, even if there was a token before.
    let auth = bearer();
    auth.state()
        .hold(AccessToken::new("t", UNIX_EPOCH).with_lifetime(Duration::ZERO), TokenOrigin::Store);
    assert!(!body_of(&auth, now).contains("refresh_token"));
    for status in [400, 401] {
        let error = auth.handle_response(response_with(status), now).unwrap_err();
        assert_eq!(error.status().unwrap().as_u16(), status);
    }
}

/// Returns the body of the prepared request for a token.
fn body_of(auth: &Bearer, now: SystemTime) -> String {
    let preparation = auth.next_request(now).unwrap().unwrap();
    String::from_utf8(preparation.request.into_body()).unwrap()
}

#[test]
fn older_token_of_the_store_does_not_replace_a_rejected_one() {
    let now = UNIX_EPOCH + Duration::from_secs(2000);
    // A store has times in whole seconds, so a token of the same second may be newer.
    for (received, taken) in [(999, false), (1000, true), (1001, true)] {
        let stored = AccessToken::new("b", UNIX_EPOCH + Duration::from_secs(received));
        let auth = bearer().with_store(Arc::new(stuck(&stored)));
        auth.state().hold(held("a", 1000), TokenOrigin::Server);
        assert!(auth.invalidate_if_rejected(&response_with(401), Generation::new(1)));
        assert_eq!(auth.has_token(now), taken, "{received}");
    }
}

#[test]
fn token_of_another_thread_is_not_replaced_by_an_older_one_of_the_store() {
    let now = UNIX_EPOCH + Duration::from_secs(2000);
    for is_rejected in [false, true] {
        let store = Arc::new(stuck(&AccessToken::new("old", now)));
        let auth = Arc::new(bearer().with_store(store.clone()));
        let other = auth.clone();
        store.meanwhile(move || {
            let response = Response::new(br#"{"access_token":"fresh"}"#.to_vec());
            other.handle_response(response, now).unwrap();
            if is_rejected {
                assert!(other.invalidate_if_rejected(&response_with(401), Generation::new(1)));
            }
        });
        assert_eq!(auth.has_token(now), !is_rejected);
        let mut request = Request::default();
        auth.sign(&mut request, &mut Generation::default(), now).unwrap();
        assert_eq!(request.headers()[AUTHORIZATION], "Bearer fresh");
    }
}

#[test]
fn token_that_is_invalid_in_a_header_is_a_decode_error() {
    let response = Response::new(br#"{"access_token":"a\nb"}"#.to_vec());
    let error = bearer().handle_response(response, UNIX_EPOCH).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[test]
fn debug_shows_no_secret() {
    let server = TokenServer::new("https://h/t", "id", "CANARY").unwrap();
    let grant = Grant::Password { username: "u".to_owned(), password: "CANARY".into() };
    let request = server.request(&grant).unwrap();
    let auth = Bearer::new(server, grant);
    auth.handle_response(Response::new(br#"{"access_token":"CANARY"}"#.to_vec()), UNIX_EPOCH)
        .unwrap();
    let printed = format!("{auth:?} {auth:#?} {:?}", request.headers());
    assert!(printed.contains("https://h/t") && !printed.contains("CANARY"));
}

#[test]
fn spaced_credential_is_named_until_the_server_issued_a_token() {
    let (world, clock) = (Shared::default(), clock());
    let spaced = TokenServer::new("https://h.example/token", "id", "s&cret ").unwrap();
    let client = client_of(Bearer::new(spaced, Grant::ClientCredentials), &world, &clock);
    world.lock().unwrap().refusal = Some(401);
    let error = call(&client).unwrap_err();
    assert_eq!((error.kind(), error.endpoint()), (ErrorKind::Auth, "oauth.token"));
    assert_eq!(error.spaced_credential(), Some("client_secret"));
    assert!(!format!("{error:?} {error:#?}").contains("s&cret"));
    world.lock().unwrap().refusal = None;
    call(&client).unwrap();
    world.lock().unwrap().revoked = ["t2", "t3"].map(str::to_owned).to_vec();
    let error = call(&client).unwrap_err();
    assert_eq!((error.kind(), error.spaced_credential()), (ErrorKind::Auth, None));
}
