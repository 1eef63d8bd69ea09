use std::error::Error as StdError;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::auth::Preparation;
use crate::clock::ManualClock;
use crate::encode::{Encoding, Params};
use crate::error::Delivery;
use crate::error::kind::ErrorKind;
use crate::provider::status_error;
use crate::raw_endpoint::RawEndpoint;
use crate::route::{Route, Segment};
use crate::secret::Secret;
use crate::settings::Settings;
use crate::transport::{Sent, TransportErrorKind};
use http::Method;

static PROVIDER: Provider = Provider {
    name: "test",
    user_agent: "test/0",
    encoding: Encoding::Form,
    retry_statuses: &[429, 503],
    secret_parameters: &[],
    read_error: status_error,
};

const FILES: Server = Server::named("files");
const USER: Credential = Credential::named("user");

/// A signer that adds a word to each request and never requests another attempt.
struct Word(&'static str);

impl Auth for Word {
    fn sign(&self, request: &mut Request, _: &mut Generation, _: SystemTime) -> Result<()> {
        request.headers_mut().insert("x-word", HeaderValue::from_static(self.0));
        Ok(())
    }
}

/// A client, its clock, and the requests that it sent.
struct World {
    client: Client,
    clock: ManualClock,
    arrived: Arc<Mutex<Vec<Request>>>,
}

impl World {
    fn new(respond: impl Fn(&Request) -> http::response::Builder + Send + Sync + 'static) -> Self {
        Self::with_body(b"[1,2]", respond)
    }

    fn with_body(
        body: &'static [u8],
        respond: impl Fn(&Request) -> http::response::Builder + Send + Sync + 'static,
    ) -> Self {
        let (clock, arrived) = (ManualClock::at_unix(1_700_000_000), Arc::default());
        let seen: Arc<Mutex<Vec<Request>>> = Arc::clone(&arrived);
        let mut settings = Settings::default();
        settings.clock(Arc::new(clock.clone()));
        settings.response_limit(5);
        settings.transport(Arc::new(move |request: Request| -> Result<_, TransportError> {
            let response = respond(&request).body(body.to_vec()).unwrap();
            seen.lock().unwrap().push(request);
            Ok(response)
        }));
        let servers =
            [(Server::MAIN, "api", "https://a.example/v1/"), (FILES, "files", "https://f.example")];
        let word: Arc<dyn Auth> = Arc::new(Word("main"));
        let client = settings.build(&PROVIDER, &servers, vec![(Credential::MAIN, word)]).unwrap();
        Self { client, clock, arrived }
    }

    fn words(&self) -> Vec<Option<String>> {
        let arrived = std::mem::take(&mut *self.arrived.lock().unwrap());
        let word = |request: &Request| {
            request.headers().get("x-word").map(|word| word.to_str().unwrap().to_owned())
        };
        arrived.iter().map(word).collect()
    }
}

#[test]
fn headers_of_the_settings_replace_others_and_listed_ones_are_secret() {
    static LISTED: Provider = Provider { secret_parameters: &["ecc_key"], ..PROVIDER };
    let mut settings = Settings::default();
    settings.headers(
        [("ecc-key", "CANARY"), ("x-word", "a"), ("x-word", "b")]
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .to_vec(),
    );
    settings.transport(Arc::new(|request: Request| -> Result<_, TransportError> {
        let words = request.headers().get_all("x-word").iter().count();
        let key = request.headers().get("ecc-key").unwrap().to_str().unwrap();
        Ok(status(400).body(format!("{words}: {key} is invalid").into_bytes()).unwrap())
    }));
    let word: Arc<dyn Auth> = Arc::new(Word("main"));
    let servers = [(Server::MAIN, "api", "https://a.example/v1/")];
    let client = settings.build(&LISTED, &servers, vec![(Credential::MAIN, word)]).unwrap();
    let command = client.curl(&get()).unwrap();
    assert!(command.contains("-H 'ecc-key: ***' -H 'x-word: a' -H 'x-word: b'"), "{command}");
    let error = client.send(&get()).unwrap_err().to_string();
    assert!(error.contains("2: *** is invalid"), "{error}");
}

#[test]
fn secret_headers_of_a_raw_response_are_sensitive() {
    static LISTED: Provider = Provider { secret_parameters: &["ecc_key"], ..PROVIDER };
    let mut settings = Settings::default();
    settings.transport(Arc::new(|_: Request| -> Result<_, TransportError> {
        let response = status(200).header("ecc-key", "k").header("set-cookie", "c");
        Ok(response.header("x-trace", "7").body(Vec::new()).unwrap())
    }));
    let servers = [(Server::MAIN, "api", "https://a.example")];
    let client = settings.build(&LISTED, &servers, Vec::new()).unwrap();
    let response = client.send_raw(&get().with_credential(Credential::NONE)).unwrap();
    let is_sensitive = |name: &str| response.headers().get(name).unwrap().is_sensitive();
    assert_eq!(["ecc-key", "set-cookie", "x-trace"].map(is_sensitive), [true, true, false]);
}

#[test]
fn headers_of_the_settings_are_not_added_to_requests_for_a_token() {
    let sent = Arc::<Mutex<Vec<(String, bool)>>>::default();
    let seen = Arc::clone(&sent);
    let mut settings = Settings::default();
    let header = (HeaderName::from_static("content-type"), HeaderValue::from_static("text/plain"));
    settings.headers(vec![header]);
    settings.transport(Arc::new(move |request: Request| -> Result<_, TransportError> {
        let has_header = request.headers().contains_key("content-type");
        seen.lock().unwrap().push((request.uri().path().to_owned(), has_header));
        Ok(status(200).body(Vec::new()).unwrap())
    }));
    let auth: Arc<dyn Auth> = ShortLived::new(Duration::from_secs(60));
    let servers = [(Server::MAIN, "api", "https://a.example")];
    let client = settings.build(&PROVIDER, &servers, vec![(Credential::MAIN, auth)]).unwrap();
    client.send(&get()).unwrap();
    client.without_headers().send(&get()).unwrap();
    let expected = [("/token", false), ("/things", true), ("/things", false)];
    let expected = expected.map(|(path, has_header)| (path.to_owned(), has_header));
    assert_eq!(*sent.lock().unwrap(), expected);
}

fn status(status: u16) -> http::response::Builder {
    http::Response::builder().status(status)
}

fn get() -> RawEndpoint {
    RawEndpoint::new(Method::GET, "/things")
}

fn post() -> RawEndpoint {
    RawEndpoint::new(Method::POST, "/things")
}

#[test]
fn send_write_of_each_wrapping_transport_is_called_for_writes() {
    #[derive(Default)]
    struct Writes(Mutex<Vec<&'static str>>);

    struct Outer(Arc<dyn Transport>, Arc<Writes>, &'static str);

    impl Transport for Outer {
        fn send(&self, request: Request) -> Result<Response, TransportError> {
            self.0.send(request)
        }

        fn send_write(
            &self,
            request: Request,
            endpoint: &'static str,
        ) -> Result<Response, TransportError> {
            self.1.0.lock().unwrap().extend([self.2, endpoint]);
            self.0.send_write(request, endpoint)
        }
    }

    let writes = Arc::<Writes>::default();
    let mut settings = Settings::default();
    settings.transport(Arc::new(|request: Request| -> Result<_, TransportError> {
        let body = request.method().as_str().to_owned().into_bytes();
        Ok(http::Response::new(body))
    }));
    for name in ["first", "second"] {
        let registered = writes.clone();
        settings.wrap_transport(move |inner| Outer(inner, Arc::clone(&registered), name));
    }
    let servers = [(Server::MAIN, "api", "https://a.example")];
    let client = settings.build(&PROVIDER, &servers, Vec::new()).unwrap();
    for request in
        [get(), post(), post().with_idempotent(true).with_read_only(true), post().with_id("other")]
    {
        let request = request.with_credential(Credential::NONE);
        let method = Endpoint::method(&request).as_str().as_bytes().to_vec();
        assert_eq!(client.send(&request).unwrap(), method);
    }
    let expected = ["second", "raw", "first", "raw", "second", "other", "first", "other"];
    assert_eq!(*writes.0.lock().unwrap(), expected);
}

#[test]
fn temporary_failures_are_retried_twice_with_jitter() {
    let world = World::new(|_| status(503));
    let error = world.client.send(&get()).unwrap_err();
    assert_eq!((error.kind(), error.attempts(), error.endpoint()), (ErrorKind::Api, 3, "raw"));
    assert!(error.is_retryable());
    for _ in 0..20 {
        let _ = world.client.send(&get());
    }
    let waits = world.clock.slept();
    assert_eq!((waits.len(), world.words().len()), (42, 63));
    for (wait, middle) in waits.iter().zip([250, 500].into_iter().cycle()) {
        let middle = Duration::from_millis(middle);
        assert!((middle / 2..middle * 3 / 2).contains(wait), "{wait:?}");
    }
    let different: std::collections::HashSet<_> = waits.iter().collect();
    assert!(different.len() > 20, "clients that fail together do not retry together");
}

/// A signer that never gets a token, and the number of its requests for one.
struct Endless(AtomicU64);

impl Auth for Endless {
    fn is_ready(&self, _: SystemTime) -> bool {
        self.0.fetch_add(1, Ordering::SeqCst);
        false
    }

    fn next_request(&self, _: SystemTime) -> Result<Option<Preparation>> {
        let request = http::Request::post("https://a.example/token").body(Vec::new());
        let (endpoint, request) = ("a.token", request.unwrap());
        Ok(Some(Preparation { endpoint, request, guard: None }))
    }

    fn sign(&self, _: &mut Request, _: &mut Generation, _: SystemTime) -> Result<()> {
        Ok(())
    }
}

#[test]
fn threads_that_wait_for_a_failing_token_server_share_its_error() {
    const THREADS: u64 = 20;
    let auth = Arc::new(Endless(AtomicU64::new(0)));
    let (waiting, fetches) = (auth.clone(), Arc::new(AtomicU64::new(0)));
    let counted = fetches.clone();
    let mut settings = Settings::default();
    settings.clock(Arc::new(ManualClock::at_unix(1_700_000_000)));
    settings.transport(Arc::new(move |_: Request| -> Result<Response, TransportError> {
        // The request times out once every thread waits.
        while waiting.0.load(Ordering::SeqCst) < THREADS {
            std::thread::yield_now();
        }
        counted.fetch_add(1, Ordering::SeqCst);
        Err(TransportError::new(TransportErrorKind::Timeout, Sent::Maybe, "timed out"))
    }));
    let servers = [(Server::MAIN, "api", "https://a.example")];
    let client = settings.build(&PROVIDER, &servers, vec![(Credential::MAIN, auth)]).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let error = client.send(&post()).unwrap_err();
                assert!(error.is_timeout());
                assert_eq!((error.endpoint(), error.attempts()), ("a.token", 3));
                assert_eq!(error.delivery(), Delivery::NotSent);
                assert_eq!(error.to_string(), "test a.token: timed out (after 3 attempts)");
            });
        }
    });
    assert_eq!(fetches.load(Ordering::SeqCst), 3, "one thread made three attempts");
    client.send(&post()).unwrap_err();
    assert_eq!(fetches.load(Ordering::SeqCst), 6, "the next request tries again");
}

/// A signer that runs a step when the client checks it for the first time, and then has a token.
struct Busy {
    step: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    is_ready: std::sync::atomic::AtomicBool,
}

impl Auth for Busy {
    fn is_ready(&self, _: SystemTime) -> bool {
        let step = self.step.lock().unwrap().take();
        if let Some(step) = step {
            step();
        }
        self.is_ready.load(Ordering::SeqCst)
    }

    fn next_request(&self, _: SystemTime) -> Result<Option<Preparation>> {
        self.is_ready.store(true, Ordering::SeqCst);
        Ok(None)
    }

    fn sign(&self, _: &mut Request, _: &mut Generation, _: SystemTime) -> Result<()> {
        Ok(())
    }
}

/// A signer that has no token and cannot build a token request.
struct Broken;

impl Auth for Broken {
    fn next_request(&self, _: SystemTime) -> Result<Option<Preparation>> {
        Err(InputError::new("email", "is invalid").into())
    }

    fn sign(&self, _: &mut Request, _: &mut Generation, _: SystemTime) -> Result<()> {
        Ok(())
    }
}

#[test]
fn prepare_returns_the_error_of_the_credential_only() {
    let world = World::new(|_| status(200));
    let broken = world.client.with_credentials(vec![(USER, Arc::new(Broken))]);
    let error = broken.prepare(USER, "session.open").unwrap_err();
    assert_eq!((error.endpoint(), error.attempts()), ("session.open", 0));
    assert_eq!(error.argument(), Some("email"));
    let error = world.client.prepare(USER, "session.open").unwrap_err();
    assert_eq!(error.argument(), Some("credentials"));
    world.client.prepare(Credential::MAIN, "session.open").unwrap();
    assert!(world.words().is_empty(), "no request was sent");

    // The other user's session fails to open while this one is checked.
    let step = Box::new(move || drop(broken.prepare(USER, "session.open").unwrap_err()));
    let busy = Busy { step: Mutex::new(Some(step)), is_ready: false.into() };
    let user = world.client.with_credentials(vec![(USER, Arc::new(busy))]);
    user.prepare(USER, "session.open").unwrap();
}

#[test]
fn write_that_a_rate_limit_rejected_may_be_sent_later() {
    let world = World::new(|_| status(429));
    let error = world.client.send(&post()).unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::RateLimited, 1));
    assert_eq!((error.delivery(), error.outcome_unknown()), (Delivery::Refused, false));
    assert!(error.is_retryable());
}

#[test]
fn writes_and_permanent_failures_are_not_retried() {
    let world = World::new(|_| status(503));
    let error = world.client.send(&post()).unwrap_err();
    assert!(!error.is_retryable());
    assert_eq!((error.attempts(), world.words().len()), (1, 1));
    let world = World::new(|_| status(404));
    assert_eq!(world.client.send(&get()).unwrap_err().attempts(), 1);
    assert!(!world.client.send(&post()).unwrap_err().is_retryable());
    assert!(world.clock.slept().is_empty());
}

#[test]
fn retry_after_of_the_server_is_respected() {
    let world = World::new(|_| status(429).header(RETRY_AFTER, "7"));
    let error = world.client.send(&get()).unwrap_err();
    let seven = Duration::from_secs(7);
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::RateLimited, Some(seven)));
    assert_eq!(world.clock.slept(), [seven, seven]);
    // The same for a response that cannot be parsed.
    let world = World::with_body(b"x", |_| status(200).header(RETRY_AFTER, "7"));
    let error = world.client.send_as::<Vec<u32>>(&get()).unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Decode, Some(seven)));
    assert_eq!(error.attempts(), 1);
    let world = World::new(|_| status(500));
    assert_eq!(world.client.send(&get()).unwrap_err().retry_after(), None);
}

#[test]
fn unreadable_or_excessive_retry_after_is_not_retried_at_once() {
    let longest = Some(Duration::from_secs(u64::MAX));
    for (value, after) in [
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("99999999999999999999", longest),
        ("Sun, 06 Nov 1994 08:49:37", None),
    ] {
        let world = World::new(move |_| status(503).header(RETRY_AFTER, value));
        let error = world.client.send(&get()).unwrap_err();
        assert_eq!((error.attempts(), error.retry_after()), (1, after), "{value}");
        assert!(error.is_retryable() && world.clock.slept().is_empty(), "{value}");
    }
}

#[test]
fn response_longer_than_the_limit_is_truncated_and_an_error() {
    let exact = World::with_body(b"12345", |_| status(200));
    assert_eq!(exact.client.send(&get()).unwrap(), b"12345");
    let longer = World::with_body(b"123456", |_| status(200));
    let error = longer.client.send(&get()).unwrap_err();
    assert_eq!((error.kind(), error.body()), (ErrorKind::Transport, &b"12345"[..]));
    assert!(error.to_string().contains("limit of 5 bytes"), "{error}");
    assert_eq!(longer.words().len(), 1);
}

#[test]
fn response_is_returned_with_headers_as_bytes_or_as_a_type() {
    let world = World::new(|_| status(201).header("x-id", "7"));
    let response = world.client.send_with_response(&get()).unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["x-id"]),
        (201, &"7".parse().unwrap())
    );
    assert_eq!(response.body(), b"[1,2]");
    assert_eq!(world.client.send_raw(&get()).unwrap().headers()["x-id"], "7");
    assert_eq!(world.client.send_as::<Vec<u32>>(&get()).unwrap(), [1, 2]);
}

#[test]
fn each_request_has_its_server_its_credentials_and_the_headers_of_the_client() {
    let world = World::new(|_| status(200));
    let request = world.client.signed_request(&get().with_server(FILES)).unwrap();
    assert_eq!(request.uri(), "https://f.example/things");
    assert_eq!(request.headers()[ACCEPT], "application/json");
    assert!(request.headers()[USER_AGENT].to_str().unwrap().contains("test/0"));
    assert_eq!(world.client.signed_request(&get()).unwrap().uri(), "https://a.example/v1/things");
    assert_eq!(world.client.base_url(Server::MAIN), Some("https://a.example/v1"));
    assert_eq!(world.client.base_url(FILES), Some("https://f.example"));
    assert_eq!(world.client.base_url(Server::named("other")), None);
    let error = world.client.send(&get().with_server(Server::named("other"))).unwrap_err();
    assert_eq!(error.argument(), Some("environment"));
    assert_eq!(world.client.clock().now(), world.clock.now());

    let user = world.client.with_credentials(vec![(USER, Arc::new(Word("user")))]);
    let other = user.with_credentials(vec![(USER, Arc::new(Word("other")))]);
    for (client, credential, word) in [
        (&world.client, Credential::MAIN, Some("main")),
        (&world.client, Credential::NONE, None),
        (&user, Credential::MAIN, Some("main")),
        (&user, USER, Some("user")),
        (&other, Credential::MAIN, Some("main")),
        (&other, USER, Some("other")),
    ] {
        client.send(&get().with_credential(credential)).unwrap();
        assert_eq!(world.words(), [word.map(str::to_owned)]);
    }
    let error = world.client.send(&get().with_credential(USER)).unwrap_err();
    assert_eq!(error.argument(), Some("credentials"));
    assert!(world.words().is_empty());
}

/// An endpoint with a secret in its path.
#[derive(Debug)]
struct Secretive {
    token: Secret,
}

fn secretive() -> Secretive {
    Secretive { token: "CANARY".into() }
}

impl Endpoint for Secretive {
    type Output = ();
    const ID: &'static str = "secretive";
    const ROUTE: Route<Self> = Route::<Self>::get("/tokens/{token}")
        .secret_argument("token", |endpoint| Segment::from(&endpoint.token));

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.push("a", "b");
    }

    fn parse(&self, _: &Response) -> Result<(), ResponseError> {
        Ok(())
    }
}

/// An endpoint of a user, with an invalid argument.
struct Invalid;

impl Endpoint for Invalid {
    type Output = ();
    const ID: &'static str = "invalid";
    const ROUTE: Route<Self> = Route::<Self>::get("/things").credential(USER);

    fn validate(&self) -> Result<(), InputError> {
        Err(InputError::new("name", "must not be empty"))
    }

    fn parse(&self, _: &Response) -> Result<(), ResponseError> {
        Ok(())
    }
}

#[test]
fn invalid_argument_is_rejected_before_a_token_is_requested() {
    let world = World::new(|_| status(200));
    let endless: Arc<dyn Auth> = Arc::new(Endless(AtomicU64::new(0)));
    let user = world.client.with_credentials(vec![(USER, endless)]);
    for error in [
        user.send(&Invalid).unwrap_err(),
        user.send_raw(&Invalid).unwrap_err(),
        user.send_as::<()>(&Invalid).unwrap_err(),
        user.signed_request(&Invalid).unwrap_err(),
        user.curl(&Invalid).unwrap_err(),
        user.send_all([Invalid], 2).next().unwrap().1.unwrap_err(),
        // A path that cannot be encoded, and a server that the environment does not have.
        user.send(&RawEndpoint::new(Method::GET, "/a b").with_credential(USER)).unwrap_err(),
        user.send(&get().with_credential(USER).with_server(Server::named("x"))).unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::Input, Delivery::NotSent));
        assert_eq!((error.attempts(), error.is_retryable()), (0, false));
    }
    assert!(world.words().is_empty(), "neither a request nor one for a token was sent");
}

#[test]
fn secret_path_is_printed_only_on_request() {
    let world = World::new(|_| status(200));
    let secretive = secretive();
    let masked = world.client.curl(&secretive).unwrap();
    assert!(masked.contains("https://a.example/v1/tokens/***?a=b"), "{masked}");
    assert!(!masked.contains("CANARY"));
    let shown = world.client.curl_with_secrets(&secretive).unwrap();
    assert!(shown.contains("https://a.example/v1/tokens/CANARY?a=b"), "{shown}");
}

#[test]
fn error_of_a_redirect_names_it() {
    let world = World::new(|_| status(302));
    let error = world.client.send(&get()).unwrap_err();
    assert!(error.to_string().contains("redirects"), "{error}");
    let world = World::new(|_| status(400));
    let error = world.client.send(&get()).unwrap_err();
    assert!(!error.to_string().contains("redirects"), "{error}");
    assert_eq!(error.status().unwrap().as_u16(), 400);
}

/// Returns the error of a request with a secret in query, header, body and path.
fn error_with(transport: impl Transport + 'static) -> Error {
    let mut settings = Settings::default();
    settings.clock(Arc::new(ManualClock::at_unix(1)));
    settings.retries(0);
    settings.transport(Arc::new(transport));
    let servers = [(Server::MAIN, "api", "https://a.example")];
    let word: Arc<dyn Auth> = Arc::new(secretive());
    let client = settings.build(&PROVIDER, &servers, vec![(Credential::MAIN, word)]).unwrap();
    client.send(&secretive()).unwrap_err()
}

impl Auth for Secretive {
    fn add_parameters(
        &self,
        unsigned: &mut UnsignedRequest<'_>,
        _: &mut Generation,
        _: SystemTime,
    ) -> Result<()> {
        unsigned.query.push("access_token", "CANARY query");
        Ok(unsigned.add_to_body("secret", Some("CANARY-body"))?)
    }

    fn sign(&self, request: &mut Request, _: &mut Generation, _: SystemTime) -> Result<()> {
        let mut value = HeaderValue::from_static("Word CANARY-header");
        value.set_sensitive(true);
        request.headers_mut().insert("x-word", value);
        Ok(())
    }
}

fn shown(error: &Error) -> String {
    use std::error::Error as _;

    let mut text = format!("{error} {error:?} {:?} {:?}", error.code(), error.details());
    text.push_str(&format!("{:?} {:?}", error.message(), error.request_id()));
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(" {error} {error:?}"));
        source = error.source();
    }
    text
}

fn echo(request: &Request) -> String {
    let body = str::from_utf8(request.body()).unwrap();
    format!("{} {:?} {body}", request.uri(), request.headers()["x-word"].to_str().unwrap())
}

#[test]
fn an_error_shows_no_secret_of_its_request_that_the_response_echoes() {
    let error = error_with(|request: Request| -> Result<_, TransportError> {
        let echo = echo(&request);
        let response = status(404).header("x-request-id", echo.replace('"', "'"));
        Ok(response.body(echo.into_bytes()).unwrap())
    });
    let text = shown(&error);
    assert!(!text.contains("CANARY"), "{text}");
    assert!(text.contains("https://a.example/tokens/***?a=b&access_token=***"), "{text}");
    assert_eq!(error.body_text().matches("CANARY").count(), 4, "the body is unchanged");
    assert!(error.headers().unwrap()["x-request-id"].to_str().unwrap().contains("CANARY"));
}

#[test]
fn an_error_of_a_transport_shows_no_secret_of_its_request() {
    #[derive(Debug)]
    struct Beneath(String, std::io::Error);

    impl fmt::Display for Beneath {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "could not get {}", self.0)
        }
    }

    impl StdError for Beneath {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&self.1)
        }
    }

    let error = error_with(|request: Request| -> Result<Response, TransportError> {
        let echo = echo(&request);
        let io = std::io::Error::other(echo.clone());
        Err(TransportError::new(TransportErrorKind::Protocol, Sent::Maybe, &*echo)
            .with_partial(Response::new(b"CANARY-body".to_vec()))
            .with_source(Beneath("it".to_owned(), io)))
    });
    let text = shown(&error);
    assert!(!text.contains("CANARY"), "{text}");
    assert!(text.contains("could not get it"), "{text}");
    assert_eq!(error.body(), b"CANARY-body");
    // A source without secrets is kept.
    let error = error_with(|_: Request| -> Result<Response, TransportError> {
        let io = std::io::Error::other("broke");
        let error = TransportError::new(TransportErrorKind::Protocol, Sent::Maybe, "broke");
        Err(error.with_source(Beneath("it".to_owned(), io)))
    });
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.is::<Beneath>());
}

#[test]
fn an_error_of_a_token_request_shows_no_secret_of_it() {
    use crate::oauth::bearer::Bearer;
    use crate::oauth::grant::Grant;
    use crate::oauth::token_server::TokenServer;

    for authentication in [
        crate::oauth::ClientAuthentication::Form,
        crate::oauth::ClientAuthentication::Json,
        crate::oauth::ClientAuthentication::Basic,
    ] {
        let server = TokenServer::new("https://a.example/token", "the-id", "CANARY+secret/%");
        let server = server.unwrap().with_authentication(authentication);
        let grant = Grant::Password { username: "user".into(), password: "CANARY pass".into() };
        let auth: Arc<dyn Auth> = Arc::new(Bearer::new(server, grant));
        let mut settings = Settings::default();
        settings.clock(Arc::new(ManualClock::at_unix(1)));
        settings.transport(Arc::new(|request: Request| -> Result<_, TransportError> {
            let header = request.headers().get("authorization").cloned();
            let header = header.map(|value| value.to_str().unwrap().to_owned());
            let body = str::from_utf8(request.body()).unwrap();
            let echo = format!("{body} {header:?} the-id:CANARY+secret/%");
            let json = serde_json::json!({"error": echo, "error_description": echo});
            Ok(status(400).body(json.to_string().into_bytes()).unwrap())
        }));
        let servers = [(Server::MAIN, "api", "https://a.example")];
        let client = settings.build(&PROVIDER, &servers, vec![(Credential::MAIN, auth)]).unwrap();
        let error = client.send(&get()).unwrap_err();
        assert_eq!((error.endpoint(), error.attempts()), ("oauth.token", 1));
        let text = shown(&error);
        assert!(!text.contains("CANARY") && text.contains("the-id"), "{text}");
        let basic = crate::encode::base64(b"the-id:CANARY+secret/%");
        assert!(!text.contains(basic.trim_end_matches('=')), "{text}");
        assert!(error.body_text().contains("CANARY"));
    }
}

/// Returns a client with at most this many requests per second, whose server responds with the status
/// in the path, and its clock.
fn paced(per_second: Option<u32>) -> (Client, ManualClock) {
    let clock = ManualClock::at_unix(1_700_000_000);
    let mut settings = Settings::default();
    settings.clock(Arc::new(clock.clone()));
    if let Some(per_second) = per_second {
        settings.max_requests_per_second(per_second);
    }
    settings.transport(Arc::new(|request: Request| -> Result<_, TransportError> {
        let path = request.uri().path();
        let code = path.strip_prefix("/").unwrap().parse().unwrap_or(200);
        let response = status(code).header(RETRY_AFTER, "7");
        Ok(response.body(Vec::new()).unwrap())
    }));
    let servers = [(Server::MAIN, "api", "https://a.example")];
    let word: Arc<dyn Auth> = Arc::new(Word("main"));
    (settings.build(&PROVIDER, &servers, vec![(Credential::MAIN, word)]).unwrap(), clock)
}

fn responding(code: u16) -> RawEndpoint {
    RawEndpoint::new(Method::GET, format!("/{code}"))
}

#[test]
fn requests_of_all_clones_are_spread_by_the_maximum_rate() {
    let (client, clock) = paced(Some(4));
    let user = client.with_credentials(vec![(USER, Arc::new(Word("user")))]);
    for client in [&client, &user, &client.without_retries(), &client.clone(), &client] {
        client.send(&responding(200)).unwrap();
    }
    assert_eq!(clock.slept(), [Duration::from_millis(250); 4]);
    let (unlimited, clock) = paced(None);
    (0..5).for_each(|_| drop(unlimited.send(&responding(200)).unwrap()));
    assert!(clock.slept().is_empty());
    let mut settings = Settings::default();
    settings.max_requests_per_second(0);
    let error = settings.build(&PROVIDER, &[], vec![]).unwrap_err();
    assert_eq!(error.to_string(), "max_requests_per_second: must be more than 0");
}

#[test]
fn retries_keep_the_maximum_rate() {
    let (client, clock) = paced(Some(1));
    assert_eq!(client.send(&responding(503)).unwrap_err().attempts(), 3);
    assert_eq!(clock.slept(), [Duration::from_secs(7); 2], "`Retry-After` is longer");
    client.send(&responding(200)).unwrap();
    assert_eq!(clock.slept().last(), Some(&Duration::from_secs(1)));
}

#[test]
fn rejected_write_lets_only_its_batch_wait() {
    let write = RawEndpoint::new(Method::POST, "/429");
    let (client, clock) = paced(None);
    assert_eq!(client.send(&write).unwrap_err().kind(), ErrorKind::RateLimited);
    client.send(&responding(200)).unwrap();
    assert!(clock.slept().is_empty());
    let batch = client.interrupted_by(Interrupt::default());
    assert_eq!(batch.send(&write).unwrap_err().kind(), ErrorKind::RateLimited);
    batch.send(&responding(200)).unwrap();
    assert_eq!(clock.slept(), [Duration::from_secs(7)]);
}

#[test]
fn interrupted_request_that_waits_for_its_time_is_not_sent() {
    let (client, _clock) = paced(Some(1));
    let interrupt = Interrupt::default();
    let client = client.interrupted_by(interrupt.clone());
    client.send(&responding(200)).unwrap();
    interrupt.set();
    let error = client.send(&responding(200)).unwrap_err();
    assert_eq!((error.delivery(), error.attempts()), (Delivery::NotSent, 0));
}

/// A clock that only the test advances.
#[derive(Clone)]
struct Held(Arc<(Mutex<(SystemTime, usize)>, std::sync::Condvar)>);

impl Held {
    fn new() -> Self {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        Self(Arc::new((Mutex::new((start, 0)), std::sync::Condvar::new())))
    }

    /// Waits until this many threads sleep.
    fn wait_for(&self, sleeping: usize) {
        let state = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(state, |state| state.1 < sleeping).unwrap());
    }

    fn advance(&self, duration: Duration) {
        self.0.0.lock().unwrap().0 += duration;
        self.0.1.notify_all();
    }
}

impl Clock for Held {
    fn now(&self) -> SystemTime {
        self.0.0.lock().unwrap().0
    }

    fn sleep(&self, duration: Duration) {
        let mut state = self.0.0.lock().unwrap();
        let end = state.0 + duration;
        state.1 += 1;
        self.0.1.notify_all();
        let mut state = self.0.1.wait_while(state, |state| state.0 < end).unwrap();
        state.1 -= 1;
    }
}

/// A clock that never advances.
struct Still;

impl Clock for Still {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    }

    fn sleep(&self, _: Duration) {}
}

#[test]
fn waits_end_at_a_clock_that_stands_still() {
    let mut settings = Settings::default();
    settings.clock(Arc::new(Still));
    settings.max_requests_per_second(5);
    settings.transport(Arc::new(|_: Request| -> Result<_, TransportError> {
        Ok(status(429).header(RETRY_AFTER, "7").body(Vec::new()).unwrap())
    }));
    let servers = [(Server::MAIN, "api", "https://a.example")];
    let client = settings.build(&PROVIDER, &servers, vec![]).unwrap();
    let request = get().with_credential(Credential::NONE);
    for _ in 0..3 {
        assert_eq!(client.send(&request).unwrap_err().attempts(), 3);
    }
}

#[test]
fn all_threads_wait_for_the_retry_after_of_one() {
    let clock = Held::new();
    let sent = Arc::new(Mutex::new(Vec::new()));
    let (notes, time) = (sent.clone(), clock.clone());
    let mut settings = Settings::default();
    settings.clock(Arc::new(clock.clone()));
    settings.transport(Arc::new(move |request: Request| -> Result<_, TransportError> {
        let path = request.uri().path().to_owned();
        let is_first = !notes.lock().unwrap().iter().any(|(known, _)| *known == path);
        notes.lock().unwrap().push((path.clone(), time.now()));
        let response = match path.as_str() {
            "/3" if is_first => status(429).header(RETRY_AFTER, "7"),
            "/0" | "/1" | "/2" => {
                time.wait_for(1); // The thread of the fourth request.
                status(200)
            }
            _ => status(200),
        };
        Ok(response.body(Vec::new()).unwrap())
    }));
    let servers = [(Server::MAIN, "api", "https://a.example")];
    let client = settings.build(&PROVIDER, &servers, vec![]).unwrap();
    let requests = (0..20).map(|number| {
        RawEndpoint::new(Method::GET, format!("/{number}")).with_credential(Credential::NONE)
    });
    let batch = client.send_all(requests, 4);
    let reader = std::thread::spawn(move || batch.filter(|(_, result)| result.is_ok()).count());
    clock.wait_for(4);
    assert_eq!(sent.lock().unwrap().len(), 4, "the others wait, too");
    let start = clock.now();
    clock.advance(Duration::from_secs(7));
    assert_eq!(reader.join().unwrap(), 20);
    let sent = sent.lock().unwrap();
    let later = sent.iter().filter(|(_, at)| *at == start + Duration::from_secs(7));
    assert_eq!((later.count(), sent.len()), (17, 21));
}

#[test]
fn clock_that_stands_still_does_not_prolong_a_pause() {
    struct Still(Mutex<Duration>);

    impl Clock for Still {
        fn now(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH
        }

        fn sleep(&self, duration: Duration) {
            let mut slept = self.0.lock().unwrap();
            *slept += duration;
            assert!(*slept < Duration::from_secs(100), "it waits for ever");
        }
    }

    let mut settings = Settings::default();
    let clock = Arc::new(Still(Mutex::default()));
    settings.clock(clock.clone());
    let is_first = std::sync::atomic::AtomicBool::new(true);
    settings.transport(Arc::new(move |_: Request| -> Result<_, TransportError> {
        let status = if is_first.swap(false, Ordering::Relaxed) { 429 } else { 200 };
        let response = http::Response::builder().status(status).header(RETRY_AFTER, "7");
        Ok(response.body(b"[]".to_vec()).unwrap())
    }));
    let servers = [(Server::MAIN, "api", "https://a.example")];
    let client = settings.build(&PROVIDER, &servers, vec![]).unwrap();
    let read = RawEndpoint::new(Method::GET, "/").with_credential(Credential::NONE);
    assert_eq!(client.send(&read).unwrap(), b"[]");
    // Once before the next attempt and once for the pause.
    assert_eq!(*clock.0.lock().unwrap(), Duration::from_secs(14));
}

/// A clock on which only [`sleep`](Clock::sleep) ends by itself. A sleep that can be interrupted
/// lasts until the interrupt.
#[derive(Clone)]
struct Interruptible(ManualClock);

impl Clock for Interruptible {
    fn now(&self) -> SystemTime {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) {
        self.0.sleep(duration);
    }

    fn sleep_or_interrupt(&self, _: Duration, interrupt: &Interrupt) {
        interrupt.wait(Duration::MAX);
    }
}

#[test]
fn requests_that_are_not_sent_delay_no_other() {
    for (method, stops) in [(Method::GET, true), (Method::GET, false), (Method::POST, false)] {
        let clock = ManualClock::at_unix(1_700_000_000);
        let sent = Arc::new(AtomicU64::new(0));
        let count = sent.clone();
        let mut settings = Settings::default();
        settings.clock(Arc::new(Interruptible(clock.clone())));
        settings.max_requests_per_second(4);
        settings.transport(Arc::new(move |_: Request| -> Result<_, TransportError> {
            count.fetch_add(1, Ordering::SeqCst);
            Ok(status(200).body(Vec::new()).unwrap())
        }));
        let servers = [(Server::MAIN, "api", "https://a.example")];
        let client = settings.build(&PROVIDER, &servers, vec![]).unwrap();
        let request = RawEndpoint::new(method, "/").with_credential(Credential::NONE);
        let (repeated, is_sent) = (request.clone(), sent.clone());
        let requests = (0..).map(move |number| {
            while number > 0 && is_sent.load(Ordering::SeqCst) == 0 {
                std::thread::yield_now();
            }
            repeated.clone()
        });
        let mut batch = client.send_all(requests, 32);
        // One request is sent at once, and the others wait.
        assert!(batch.next().unwrap().1.is_ok());
        if stops {
            batch.stop();
            for (_, result) in batch {
                let error = result.unwrap_err();
                assert_eq!((error.delivery(), error.attempts()), (Delivery::NotSent, 0));
            }
        } else {
            drop(batch);
        }
        client.send(&request).unwrap();
        assert_eq!(clock.slept(), [Duration::from_millis(250)]);
        assert_eq!(sent.load(Ordering::SeqCst), 2);
    }
}

/// The times of requests at the server, at a clock that only the test advances.
#[derive(Clone)]
struct Arrivals {
    clock: Held,
    times: Arc<(Mutex<Vec<Duration>>, std::sync::Condvar)>,
}

impl Arrivals {
    fn new() -> Self {
        Self { clock: Held::new(), times: Arc::default() }
    }

    fn add(&self) {
        let time = self.clock.now().duration_since(Held::new().now()).unwrap();
        self.times.0.lock().unwrap().push(time);
        self.times.1.notify_all();
    }

    fn wait_for(&self, count: usize) {
        let times = self.times.0.lock().unwrap();
        drop(self.times.1.wait_while(times, |times| times.len() < count).unwrap());
    }

    /// Advances the clock slowly until `count` requests have arrived, and returns their times.
    fn all(&self, count: usize, interval: Duration) -> Vec<Duration> {
        for number in 1..count {
            self.wait_for(number);
            self.clock.wait_for(1);
            self.clock.advance(interval - Duration::from_millis(1));
            assert_eq!(self.times.0.lock().unwrap().len(), number, "one request at a time");
            self.clock.advance(Duration::from_millis(1));
        }
        self.wait_for(count);
        self.times.0.lock().unwrap().clone()
    }
}

#[test]
fn all_threads_together_keep_the_maximum_rate() {
    const INTERVAL: Duration = Duration::from_millis(250);
    let arrivals = Arrivals::new();
    let server = arrivals.clone();
    let mut settings = Settings::default();
    settings.clock(Arc::new(arrivals.clock.clone()));
    settings.max_requests_per_second(4);
    settings.transport(Arc::new(move |_: Request| -> Result<_, TransportError> {
        server.add();
        Ok(status(200).body(Vec::new()).unwrap())
    }));
    let servers = [(Server::MAIN, "api", "https://a.example")];
    let client = settings.build(&PROVIDER, &servers, vec![]).unwrap();
    let request = get().with_credential(Credential::NONE);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            let requests = vec![request.clone(); 20];
            let batch = client.send_all(requests, 8);
            scope.spawn(move || assert!(batch.into_iter().all(|(_, result)| result.is_ok())));
        }
        for _ in 0..20 {
            scope.spawn(|| client.send(&request).unwrap());
        }
        let expected: Vec<_> = (0..80).map(|number| INTERVAL * number).collect();
        assert_eq!(arrivals.all(80, INTERVAL), expected);
    });
}

/// A signer whose tokens are valid for a time, and the times at which requests were signed.
struct ShortLived {
    lifetime: Duration,
    expires: Mutex<SystemTime>,
    signed: Mutex<Vec<SystemTime>>,
}

impl ShortLived {
    fn new(lifetime: Duration) -> Arc<Self> {
        let expires = Mutex::new(SystemTime::UNIX_EPOCH);
        Arc::new(Self { lifetime, expires, signed: Mutex::default() })
    }
}

impl Auth for ShortLived {
    fn is_ready(&self, now: SystemTime) -> bool {
        now < *self.expires.lock().unwrap()
    }

    fn next_request(&self, now: SystemTime) -> Result<Option<Preparation>> {
        let request = http::Request::post("https://a.example/token").body(Vec::new()).unwrap();
        let preparation = Preparation { endpoint: "token", request, guard: None };
        Ok((!self.is_ready(now)).then_some(preparation))
    }

    fn handle_response(&self, _: Response, now: SystemTime) -> Result<()> {
        *self.expires.lock().unwrap() = now + self.lifetime;
        Ok(())
    }

    fn sign(&self, _: &mut Request, _: &mut Generation, now: SystemTime) -> Result<()> {
        assert!(self.is_ready(now), "the token has expired");
        self.signed.lock().unwrap().push(now);
        Ok(())
    }
}

#[test]
fn requests_that_waited_for_a_token_keep_the_maximum_rate() {
    const INTERVAL: Duration = Duration::from_millis(500);
    let arrivals = Arrivals::new();
    let server = arrivals.clone();
    let mut settings = Settings::default();
    settings.clock(Arc::new(arrivals.clock.clone()));
    settings.max_requests_per_second(2);
    settings.transport(Arc::new(move |request: Request| -> Result<_, TransportError> {
        if request.uri().path() == "/token" {
            server.clock.advance(Duration::from_secs(4));
        } else {
            server.add();
        }
        Ok(status(200).body(Vec::new()).unwrap())
    }));
    let servers = [(Server::MAIN, "api", "https://a.example")];
    let auth = ShortLived::new(Duration::from_secs(60));
    let credentials: Vec<(Credential, Arc<dyn Auth>)> = vec![(Credential::MAIN, auth.clone())];
    let client = settings.build(&PROVIDER, &servers, credentials).unwrap();
    let batch = client.send_all(vec![post(); 12], 8);
    let reader = std::thread::spawn(move || batch.filter(|(_, result)| result.is_ok()).count());
    let expected: Vec<_> = (8..20).map(|number| INTERVAL * number).collect();
    assert_eq!(arrivals.all(12, INTERVAL), expected);
    assert_eq!(reader.join().unwrap(), 12);
    let start = Held::new().now();
    let signed = auth.signed.lock().unwrap();
    assert!(signed.iter().zip(expected).all(|(signed, sent)| *signed == start + sent));
}

#[test]
fn token_that_expires_while_its_request_waits_is_replaced() {
    let clock = ManualClock::at_unix(1_700_000_000);
    let (start, time) = (clock.now(), clock.clone());
    let sent = Arc::new(Mutex::new(Vec::new()));
    let notes = sent.clone();
    let mut settings = Settings::default();
    settings.clock(Arc::new(clock));
    settings.max_requests_per_second(1);
    settings.transport(Arc::new(move |request: Request| -> Result<_, TransportError> {
        let after = time.now().duration_since(start).unwrap().as_secs();
        notes.lock().unwrap().push((request.uri().path().to_owned(), after));
        Ok(status(200).body(Vec::new()).unwrap())
    }));
    let servers = [(Server::MAIN, "api", "https://a.example")];
    let auth = ShortLived::new(Duration::from_millis(1500));
    let credentials: Vec<(Credential, Arc<dyn Auth>)> = vec![(Credential::MAIN, auth)];
    let client = settings.build(&PROVIDER, &servers, credentials).unwrap();
    for _ in 0..3 {
        client.send(&post()).unwrap();
    }
    let expected = [("/token", 0), ("/things", 0), ("/things", 1), ("/token", 2), ("/things", 2)];
    assert_eq!(*sent.lock().unwrap(), expected.map(|(path, time)| (path.to_owned(), time)));
}

/// A signer whose first token is rejected. A guard is held during each request for a token.
struct Rejected {
    is_ready: AtomicBool,
    held: Arc<AtomicBool>,
}

/// A guard that is held until it is dropped.
struct Guard(Arc<AtomicBool>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl Auth for Rejected {
    fn is_ready(&self, _: SystemTime) -> bool {
        self.is_ready.load(Ordering::SeqCst)
    }

    fn next_request(&self, now: SystemTime) -> Result<Option<Preparation>> {
        if self.is_ready(now) {
            return Ok(None);
        }
        let request = http::Request::post("https://a.example/token").body(Vec::new()).unwrap();
        self.held.store(true, Ordering::SeqCst);
        let guard: Box<dyn Send> = Box::new(Guard(self.held.clone()));
        Ok(Some(Preparation { endpoint: "token", request, guard: Some(guard) }))
    }

    fn handle_response(&self, _: Response, _: SystemTime) -> Result<()> {
        self.is_ready.store(true, Ordering::SeqCst);
        Ok(())
    }

    fn sign(&self, _: &mut Request, _: &mut Generation, _: SystemTime) -> Result<()> {
        Ok(())
    }

    fn invalidate_if_rejected(&self, response: &Response, _: Generation) -> bool {
        let is_rejected = response.status() == StatusCode::UNAUTHORIZED;
        is_rejected && self.is_ready.swap(false, Ordering::SeqCst)
    }
}

/// A clock that fails if a request waits while the guard is held.
struct WithoutGuard(ManualClock, Arc<AtomicBool>);

impl Clock for WithoutGuard {
    fn now(&self) -> SystemTime {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) {
        assert!(!self.1.load(Ordering::SeqCst), "the guard is held");
        self.0.sleep(duration);
    }
}

#[test]
fn requests_after_a_rejected_token_keep_the_maximum_rate_without_a_guard() {
    let clock = ManualClock::at_unix(1_700_000_000);
    let (start, time) = (clock.now(), clock.clone());
    let sent = Arc::new(Mutex::new(Vec::new()));
    let notes = sent.clone();
    let held = Arc::<AtomicBool>::default();
    let mut settings = Settings::default();
    settings.clock(Arc::new(WithoutGuard(clock, held.clone())));
    settings.max_requests_per_second(1);
    settings.transport(Arc::new(move |request: Request| -> Result<_, TransportError> {
        let after = time.now().duration_since(start).unwrap().as_secs();
        let mut notes = notes.lock().unwrap();
        notes.push((request.uri().path().to_owned(), after));
        let code = if notes.len() == 1 { 401 } else { 200 };
        Ok(status(code).body(Vec::new()).unwrap())
    }));
    let servers = [(Server::MAIN, "api", "https://a.example")];
    let auth: Arc<dyn Auth> = Arc::new(Rejected { is_ready: AtomicBool::new(true), held });
    let client = settings.build(&PROVIDER, &servers, vec![(Credential::MAIN, auth)]).unwrap();
    client.send(&post()).unwrap();
    client.send(&post()).unwrap();
    let expected = [("/things", 0), ("/token", 1), ("/things", 1), ("/things", 2)];
    assert_eq!(*sent.lock().unwrap(), expected.map(|(path, time)| (path.to_owned(), time)));
}

#[test]
fn failing_requests_for_a_token_keep_the_maximum_rate() {
    let clock = ManualClock::at_unix(1_700_000_000);
    let mut settings = Settings::default();
    settings.clock(Arc::new(clock.clone()));
    settings.max_requests_per_second(4);
    settings.transport(Arc::new(|_: Request| -> Result<_, TransportError> {
        Err(TransportError::new(TransportErrorKind::Tls, Sent::No, "refused"))
    }));
    let auth = Arc::new(Endless(AtomicU64::new(0)));
    let servers = [(Server::MAIN, "api", "https://a.example")];
    let client = settings.build(&PROVIDER, &servers, vec![(Credential::MAIN, auth)]).unwrap();
    for _ in 0..5 {
        client.send(&post()).unwrap_err();
    }
    assert_eq!(clock.slept(), [Duration::from_millis(250); 4]);
}

#[test]
fn token_that_expires_at_once_does_not_block_a_request() {
    let (client, clock) = paced(Some(1));
    let auth = Arc::new(Endless(AtomicU64::new(0)));
    let client = client.with_credentials(vec![(USER, auth)]);
    client.send(&responding(200).with_credential(USER)).unwrap();
    assert!(clock.slept().len() < 20, "{:?}", clock.slept());
}

/// A signer that interrupts the client while it signs the request with this number.
struct Interrupting {
    interrupt: Interrupt,
    number: u64,
    signed: AtomicU64,
}

impl Auth for Interrupting {
    fn sign(&self, _: &mut Request, _: &mut Generation, _: SystemTime) -> Result<()> {
        if self.signed.fetch_add(1, Ordering::SeqCst) + 1 == self.number {
            self.interrupt.set();
        }
        Ok(())
    }

    fn invalidate_if_rejected(&self, response: &Response, _: Generation) -> bool {
        response.status() == StatusCode::UNAUTHORIZED
    }
}

/// Returns the error of a request that is interrupted while its copy with this number is signed, and
/// the number of copies that were sent. The server responds with `code`.
fn interrupted(method: Method, code: u16, number: u64) -> (Error, usize) {
    let world = World::new(move |_| status(code));
    let interrupt = Interrupt::default();
    let auth = Interrupting { interrupt: interrupt.clone(), number, signed: AtomicU64::new(0) };
    let client = world.client.with_credentials(vec![(USER, Arc::new(auth))]);
    let request = RawEndpoint::new(method, "/things").with_credential(USER);
    let error = client.interrupted_by(interrupt).send(&request).unwrap_err();
    (error, world.words().len())
}

#[test]
fn interrupted_request_is_not_sent_at_any_step() {
    let (error, sent) = interrupted(Method::POST, 200, 1);
    assert_eq!((error.delivery(), error.attempts(), sent), (Delivery::NotSent, 0, 0));
    let kind = error.transport_error().map(TransportError::kind);
    assert_eq!(kind, Some(TransportErrorKind::Canceled));
    let (error, sent) = interrupted(Method::POST, 401, 2);
    assert_eq!((error.delivery(), error.attempts(), sent), (Delivery::NotSent, 1, 1));
    assert!(error.to_string().contains("was not sent"), "{error}");
    // The error of the first attempt is returned, because that attempt was sent.
    let (error, sent) = interrupted(Method::GET, 503, 2);
    assert_eq!((error.kind(), error.attempts(), sent), (ErrorKind::Api, 1, 1));
    assert!(error.is_retryable());
}

#[test]
fn delivery_is_unknown_if_only_later_attempts_were_not_sent_or_rejected() {
    for (first, is_rejected, expected) in [
        (Sent::Maybe, false, Delivery::Unknown),
        (Sent::Maybe, true, Delivery::Unknown),
        (Sent::No, false, Delivery::NotSent),
        (Sent::No, true, Delivery::Refused),
    ] {
        let count = AtomicU64::new(0);
        let mut settings = Settings::default();
        settings.clock(Arc::new(ManualClock::at_unix(1)));
        settings.transport(Arc::new(move |_: Request| -> Result<Response, TransportError> {
            let (kind, sent) = match count.fetch_add(1, Ordering::SeqCst) {
                0 => (TransportErrorKind::Timeout, first),
                _ if is_rejected => return Ok(status(404).body(Vec::new()).unwrap()),
                _ => (TransportErrorKind::Connect, Sent::No),
            };
            Err(TransportError::new(kind, sent, "test"))
        }));
        let servers = [(Server::MAIN, "api", "https://a.example")];
        let client = settings.build(&PROVIDER, &servers, vec![]).unwrap();
        let error = client.send(&get().with_credential(Credential::NONE)).unwrap_err();
        let attempts = if is_rejected { 2 } else { 3 };
        assert_eq!((error.delivery(), error.attempts()), (expected, attempts));
        assert!(error.is_retryable() != is_rejected && !error.outcome_unknown());
    }
}

#[test]
fn interrupted_request_for_a_token_is_not_the_error_of_other_threads() {
    let interrupt = Interrupt::default();
    let is_first = std::sync::atomic::AtomicBool::new(true);
    let stop = interrupt.clone();
    let mut settings = Settings::default();
    settings.clock(Arc::new(ManualClock::at_unix(1_700_000_000)));
    let auth = Arc::new(Endless(AtomicU64::new(0)));
    let waiting = auth.clone();
    settings.transport(Arc::new(move |_: Request| -> Result<_, TransportError> {
        if is_first.swap(false, Ordering::SeqCst) {
            // The other thread waits.
            while waiting.0.load(Ordering::SeqCst) < 2 {
                std::thread::yield_now();
            }
            stop.set();
            return Err(TransportError::new(TransportErrorKind::Timeout, Sent::Maybe, "timed out"));
        }
        Ok(status(200).body(b"[]".to_vec()).unwrap())
    }));
    let servers = [(Server::MAIN, "api", "https://a.example")];
    let client = settings.build(&PROVIDER, &servers, vec![(Credential::MAIN, auth.clone())]);
    let client = client.unwrap();
    let interrupted = client.interrupted_by(interrupt);
    std::thread::scope(|scope| {
        let first = scope.spawn(move || interrupted.send(&post()).unwrap_err());
        while auth.0.load(Ordering::SeqCst) < 1 {
            std::thread::yield_now();
        }
        assert_eq!(client.send(&post()).unwrap(), b"[]");
        assert_eq!(first.join().unwrap().delivery(), Delivery::NotSent);
    });
}
