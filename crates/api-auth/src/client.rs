//! The request loop: build, authenticate, send, classify, retry, parse.
//!
//! `send` and its variants call `send_and_parse`, which calls `exchange`. `send_raw` calls `exchange`
//! itself.
//! `exchange` calls `with_retries`, which calls `try_once` for each attempt:
//!
//! 1. `auth` selects the credential, and `Call::validate` validates the arguments.
//! 2. `wait_to_send` calls `make_ready`, which requests a token or session if one is needed. Before
//!    that, `check` encodes the request and discards the result, so that an invalid request is
//!    rejected first. The request for a token also waits for its turn in `keep_pace`.
//! 3. `wait_to_send` calls `keep_pace`, which waits if requests are too frequent. After a wait,
//!    `make_ready` is called again, because the token may have expired.
//! 4. `build` creates the unsigned request, adds the parameters of the [`Auth`], encodes the
//!    request, adds headers, and signs it.
//! 5. `check_interrupt` ends the attempt with an error if the iterator of the request was stopped.
//! 6. `transmit` sends the request.
//!    If there is no complete response, the attempt ends with an error.
//! 7. [`Auth::invalidate_if_rejected`] examines the response. If the server rejected the token, the
//!    attempt continues with step 2.
//! 8. `Call::accepts` tests the status. `Provider::read_error` parses an error response.
//!
//! After an error, `with_retries` calls [`decide`] and, if the request is retried, waits before the
//! next attempt. After a success, `send_and_parse` parses the response.

mod methods;
mod preparation;

use std::cell::Cell;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use http::StatusCode;
use http::header::{ACCEPT, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use serde::de::DeserializeOwned;

use crate::auth::{Auth, Generation, MOST_REPLACEMENTS, TokenOrigin};
use crate::clock::{Clock, Interrupt};
use crate::curl::{curl_with_secrets, masked_command};
use crate::endpoint::{Call, Endpoint};
use crate::error::input::InputError;
use crate::error::response::ResponseError;
use crate::error::{Delivery, Error, Result, request_id};
use crate::json::json;
use crate::message::{Request, Response};
use crate::network::Base;
use crate::pace::{Pace, Turn};
use crate::provider::Provider;
#[cfg(feature = "record")]
use crate::record::Recorder;
use crate::redact::{RequestCopy, RequestSecrets};
use crate::retry::{Attempt, Decision, Outcome, Reason, RetryPolicy, decide, retry_after};
use crate::route::{Credential, Server};
use crate::secret_names::is_masked_header;
use crate::transport::{Sent, Transport, TransportError, TransportErrorKind};
use crate::unsigned_request::UnsignedRequest;

/// The maximum number of times that the token is checked because a request waited for the rate. A
/// token that is then still not valid long enough is sent although it may have expired.
const MOST_CHECKS: u32 = 3;

/// A client for one provider. The typed client in the provider's crate is based on it.
///
/// Cloning is cheap and shares connections and tokens. All threads can share one client.
///
/// ```
/// use std::sync::Arc;
/// use api_auth::{
///     Client, Credential, Encoding, Method, NoAuth, Provider, RawEndpoint, Request, Response, Server,
///     Settings, TransportError, status_error,
/// };
///
/// static PROVIDER: Provider = Provider {
///     name: "weather",
///     user_agent: "weather-client/0.1.0",
///     encoding: Encoding::Form,
///     retry_statuses: &[429, 503],
///     secret_parameters: &[],
///     read_error: status_error,
/// };
///
/// let mut settings = Settings::default();
/// settings.transport(Arc::new(|request: Request| -> Result<Response, TransportError> {
///     assert_eq!(request.uri(), "https://api.example.com/weather?city=Oslo");
///     Ok(Response::new(br#"{"degrees":7}"#.to_vec()))
/// }));
/// let server = (Server::MAIN, "base_url", "https://api.example.com");
/// let client = settings.build(&PROVIDER, &[server], vec![(Credential::MAIN, Arc::new(NoAuth))])?;
///
/// let request = RawEndpoint::new(Method::GET, "/weather").param("city", "Oslo");
/// assert_eq!(client.send(&request)?, br#"{"degrees":7}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) provider: &'static Provider,
    pub(crate) bases: Vec<(Server, Base)>,
    pub(crate) credentials: Vec<(Credential, Arc<dyn Auth>)>,
    pub(crate) user_agent: HeaderValue,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) retry: RetryPolicy,
    pub(crate) response_limit: usize,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
    #[cfg(feature = "record")]
    pub(crate) recorder: Option<Arc<Recorder>>,
    pub(crate) pace: Arc<Pace>,
    /// The signal that ends waits early, for requests that run on their own threads. `None` if
    /// waits cannot be interrupted.
    pub(crate) interrupt: Option<Interrupt>,
}

struct Inner {
    parts: Parts,
    /// One lock for each credential. It is held while the token or session of the credential is
    /// requested, so that one thread requests it for all threads.
    preparing: Vec<(Credential, Arc<Preparing>)>,
    random: RandomState,
}

/// The state of the requests for the token or session of one credential. If such a request fails,
/// all threads that wait for it return its error. Without this, if the token server does not
/// respond, each of these threads would send a request of its own and wait for the timeout again.
#[derive(Default)]
struct Preparing {
    finished: AtomicU64,
    last_failure: Mutex<Option<(u64, Error)>>,
}

impl Preparing {
    /// Returns a new state for each of the credentials.
    fn of(credentials: &[(Credential, Arc<dyn Auth>)]) -> Vec<(Credential, Arc<Self>)> {
        credentials.iter().map(|(name, _)| (*name, Arc::default())).collect()
    }
}

/// The error of a failed attempt, and the outcome that determines whether the request is retried.
/// Without an outcome, it is not retried.
struct Failure {
    error: Error,
    outcome: Option<Outcome>,
}

/// The response to a request, the number of times the request was sent, and a copy of the request.
struct Exchange {
    response: Response,
    attempts: u32,
    /// A copy of the request as it was last sent. The secrets in it are redacted in errors and
    /// recordings.
    copy: RequestCopy,
}

impl Exchange {
    fn new() -> Self {
        Self { response: Response::default(), attempts: 0, copy: RequestCopy::new() }
    }
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { error: error.into(), outcome: None }
    }
}

impl Client {
    pub(crate) fn from_parts(parts: Parts) -> Self {
        let preparing = Preparing::of(&parts.credentials);
        Self(Arc::new(Inner { parts, preparing, random: RandomState::new() }))
    }

    /// Returns a client with additional or different credentials, such as those of a user. It
    /// shares connections, clock, settings and all other credentials with this client.
    ///
    /// See the example in [`Client`](crate::Client).
    #[must_use]
    pub fn with_credentials(&self, credentials: Vec<(Credential, Arc<dyn Auth>)>) -> Self {
        let mut parts = self.0.parts.clone();
        let mut preparing = self.0.preparing.clone();
        let stays = |name: &Credential| credentials.iter().all(|(new, _)| new != name);
        parts.credentials.retain(|(name, _)| stays(name));
        preparing.retain(|(name, _)| stays(name));
        preparing.extend(Preparing::of(&credentials));
        parts.credentials.extend(credentials);
        Self(Arc::new(Inner { parts, preparing, random: self.0.random.clone() }))
    }

    /// Returns a client that does not retry. It shares connections, credentials and settings with
    /// this client. A request with a rejected token is still sent again with a new token.
    #[must_use]
    pub fn without_retries(&self) -> Self {
        self.with(|parts| parts.retry.retries = 0)
    }

    /// Returns a client that does not add the headers of the settings to requests. It shares
    /// connections, credentials and all other settings with this client.
    #[doc(hidden)]
    #[must_use]
    pub fn without_headers(&self) -> Self {
        self.with(|parts| parts.headers.clear())
    }

    /// Returns a client that sends no request after `interrupt` is set, and whose waits then end.
    pub(crate) fn interrupted_by(&self, interrupt: Interrupt) -> Self {
        let pace = self.0.parts.pace.clone();
        interrupt.when_set(move || pace.wake());
        self.with(|parts| parts.interrupt = Some(interrupt))
    }

    /// Returns a client that shares the state of this one, except for the settings that `change`
    /// modifies.
    fn with(&self, change: impl FnOnce(&mut Parts)) -> Self {
        let mut parts = self.0.parts.clone();
        change(&mut parts);
        let preparing = self.0.preparing.clone();
        Self(Arc::new(Inner { parts, preparing, random: self.0.random.clone() }))
    }

    /// Requests the token or session of a credential in advance, unless there is a valid one.
    /// Without this call, the first request that needs the token or session requests it. An error
    /// that occurs before the token request is sent contains `id` as its endpoint.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn prepare(&self, credential: Credential, id: &'static str) -> Result<()> {
        let auth = self.auth(credential);
        auth.and_then(|auth| {
            self.make_ready(credential, auth, &mut Turn::normal(), || Ok(())).map(drop)
        })
        .map_err(|error| self.named(id, error, 0).with_idempotent(true))
    }

    /// Sends the request and parses its response.
    ///
    /// See the example in [`Client`](crate::Client).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn send<E: Endpoint>(&self, endpoint: &E) -> Result<E::Output> {
        self.send_and_parse(endpoint, &mut Exchange::new(), |response| endpoint.parse(response))
    }

    /// Sends the request like [`send`](Client::send), but returns an error instead of panicking if,
    /// for example, the transport panics.
    pub(crate) fn send_without_panic<E: Endpoint>(&self, endpoint: &E) -> Result<E::Output> {
        without_panic(|| self.send(endpoint)).unwrap_or_else(|| Err(self.panicked(endpoint, E::ID)))
    }

    /// Returns the error for a request during which a panic occurred. The error does not contain
    /// the panic message, because that message could show a part of the request.
    fn panicked(&self, call: &dyn Call, id: &'static str) -> Error {
        let text = "the thread that sent the request panicked";
        let error = TransportError::new(TransportErrorKind::Interrupted, Sent::Maybe, text);
        // The endpoint itself may panic.
        let id = without_panic(|| call.id()).unwrap_or(id);
        let idempotent = without_panic(|| call.safety().0).unwrap_or(false);
        self.named(id, error.into(), 1).with_idempotent(idempotent)
    }

    /// Sends the request, parses its response, and returns the parsed value together with the
    /// status and the headers.
    ///
    /// See the example in [`Client`](crate::Client).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn send_with_response<E: Endpoint>(
        &self,
        endpoint: &E,
    ) -> Result<http::Response<E::Output>> {
        let mut exchange = Exchange::new();
        let value =
            self.send_and_parse(endpoint, &mut exchange, |response| endpoint.parse(response))?;
        // The body is freed here, before the value is used.
        let (parts, _body) = exchange.response.into_parts();
        Ok(http::Response::from_parts(parts, value))
    }

    /// Sends the request and deserializes its JSON response as a `T`.
    ///
    /// See the example in [`Client`](crate::Client).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn send_as<T: DeserializeOwned>(&self, endpoint: &impl Endpoint) -> Result<T> {
        self.send_and_parse(endpoint, &mut Exchange::new(), json)
    }

    /// Sends the request and returns the response, without parsing its body. Returns an error for
    /// the same statuses as [`send`](Client::send). Headers whose values are secrets are marked as
    /// [sensitive](HeaderValue::is_sensitive).
    ///
    /// See the example in [`RawEndpoint`](crate::RawEndpoint).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn send_raw<E: Endpoint>(&self, endpoint: &E) -> Result<Response> {
        let mut exchange = Exchange::new();
        self.exchange(endpoint, &mut exchange)?;
        let listed = self.0.parts.provider.secret_parameters;
        for (name, value) in exchange.response.headers_mut() {
            if is_masked_header(name.as_str(), listed) {
                value.set_sensitive(true);
            }
        }
        Ok(exchange.response)
    }

    /// Builds and signs the request without sending it. If a token or session is needed, it is
    /// requested first.
    ///
    /// # Errors
    /// Returns an error if an argument is invalid, the credentials are missing, or the request for
    /// a token or session fails.
    pub fn signed_request<E: Endpoint>(&self, endpoint: &E) -> Result<Request> {
        self.signed_call(endpoint)
    }

    /// Returns the signed request as a `curl` command in which `***` replaces the secrets; see
    /// [`curl()`](crate::curl()).
    ///
    /// # Errors
    /// Returns an error if an argument is invalid, the credentials are missing, or the request for
    /// a token or session fails.
    pub fn curl<E: Endpoint>(&self, endpoint: &E) -> Result<String> {
        self.masked_curl(endpoint)
    }

    /// Returns the signed request as a `curl` command that works as printed. Do not share it,
    /// because it grants the same access as the credentials.
    ///
    /// # Errors
    /// Returns an error if an argument is invalid, the credentials are missing, or the request for
    /// a token or session fails.
    pub fn curl_with_secrets<E: Endpoint>(&self, endpoint: &E) -> Result<String> {
        self.signed_call(endpoint).map(|request| curl_with_secrets(&request))
    }

    /// Returns the base URL of a server, without a trailing slash. Returns `None` if the
    /// environment has no such server.
    pub fn base_url(&self, server: Server) -> Option<&str> {
        let found = self.0.parts.bases.iter().find(|(name, _)| *name == server);
        found.map(|(_, base)| base.text.as_str())
    }

    /// Returns the error for a list whose requests succeeded, but from which entries may be
    /// missing.
    pub(crate) fn error_of_list(&self, id: &'static str, error: ResponseError) -> Error {
        self.named(id, Error::from(error), 0).with_idempotent(true)
    }

    /// Returns the client's clock, which is the system clock by default.
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.parts.clock
    }

    /// Sends the request and parses its response. This function and its callers are compiled again
    /// for each endpoint, so they contain little code.
    #[inline]
    fn send_and_parse<T>(
        &self,
        call: &dyn Call,
        exchange: &mut Exchange,
        parse: impl FnOnce(&Response) -> Result<T, ResponseError>,
    ) -> Result<T> {
        self.exchange(call, exchange)?;
        parse(&exchange.response).map_err(|error| self.parse_error(call, error, exchange))
    }

    /// Returns the error for a response whose status was accepted, but whose body contains an error
    /// or cannot be parsed.
    #[cold]
    #[inline(never)]
    fn parse_error(&self, call: &dyn Call, error: ResponseError, exchange: &mut Exchange) -> Error {
        let response = std::mem::take(&mut exchange.response);
        let after = self.retry_after(&response);
        let secrets = self.secrets_of(call, &exchange.copy);
        let error = Error::from_response(error, response).redacted(&secrets);
        self.named(call.id(), error, exchange.attempts)
            .with_retry_after(after)
            .with_idempotent(call.safety().0)
            .with_spaced_credential(|| self.spaced_credential(call))
    }

    /// Returns the name of a credential of the request if the value of that credential begins or
    /// ends with whitespace.
    fn spaced_credential(&self, call: &dyn Call) -> Option<&'static str> {
        call.spaced_credential().or_else(|| self.auth(call.credential()).ok()??.spaced_credential())
    }

    /// Returns the secrets in the copy of a request, which errors and recordings must not contain.
    fn secrets_of(&self, call: &dyn Call, copy: &RequestCopy) -> RequestSecrets {
        let listed = self.0.parts.provider.secret_parameters;
        copy.secrets(listed, &call.path(), &call.shown_path())
    }

    fn signed_call(&self, call: &dyn Call) -> Result<Request> {
        let auth = self.auth(call.credential());
        auth.and_then(|auth| {
            call.validate()?;
            let (now, _) = self
                .make_ready(call.credential(), auth, &mut Turn::normal(), || self.check(call))
                .map_err(Error::not_sent)?;
            self.build(call, auth, &mut Generation::default(), now)
        })
        .map_err(|error| self.named(call.id(), error, 0))
    }

    #[inline]
    fn masked_curl(&self, call: &dyn Call) -> Result<String> {
        let request = self.signed_call(call)?;
        let listed = self.0.parts.provider.secret_parameters;
        let path = request.uri().path();
        let shown = Some(call.shown_path()).filter(|shown| *shown != call.path());
        let Some(shown) = shown else { return Ok(masked_command(&request, path, listed)) };
        let base = path.strip_suffix(&*call.path()).unwrap_or_default();
        Ok(masked_command(&request, &[base, &shown].concat(), listed))
    }

    fn exchange(&self, call: &dyn Call, exchange: &mut Exchange) -> Result<()> {
        let Exchange { response, attempts, copy } = exchange;
        let id = Cell::new(call.id());
        let wait = |duration| self.wait(duration);
        self.with_retries(&id, call.safety().0, wait, || self.try_once(call, attempts, copy))
            .map(|received| *response = received)
            .map_err(|error| {
                self.named(call.id(), error, *attempts)
                    .with_idempotent(call.safety().0)
                    .with_spaced_credential(|| self.spaced_credential(call))
            })
    }

    /// Makes one attempt. If the server rejects the token and the token can be replaced, sends the
    /// request again with another token. `attempts` counts it, but the number of retries does not.
    fn try_once(
        &self,
        call: &dyn Call,
        attempts: &mut u32,
        copy: &mut RequestCopy,
    ) -> Result<Response, Failure> {
        let auth = self.auth(call.credential())?;
        call.validate()?;
        let mut turn = Turn::normal();
        let mut renewals = 0;
        loop {
            let now = self.wait_to_send(call, auth, &mut turn)?;
            let mut generation = Generation::default();
            let request = self
                .build(call, auth, &mut generation, now)
                .and_then(|request| self.check_interrupt().map(|()| request))
                .inspect_err(|_| self.0.parts.pace.give_back(&mut turn))?;
            turn.sent();
            *attempts += 1;
            copy.set(&request, self.0.parts.provider.secret_parameters);
            let secrets = || self.secrets_of(call, copy);
            let response =
                self.transmit(call.id(), *attempts, request, !call.safety().1, &secrets)?;
            // A token from a store may be outdated, so it may be replaced several times.
            let most = match generation.origin {
                TokenOrigin::Server => 1,
                TokenOrigin::Store => 1 + MOST_REPLACEMENTS,
            };
            if auth.is_some_and(|auth| auth.invalidate_if_rejected(&response, generation))
                && renewals < most
            {
                renewals += 1;
                continue;
            }
            if call.accepts(response.status()) {
                return Ok(response);
            }
            let after = self.retry_after(&response);
            let outcome = status_outcome(&response, after);
            let error = (self.0.parts.provider.read_error)(&response);
            let error = Error::from_response(error, response).redacted(&secrets());
            let error = error.with_retry_after(after);
            return Err(Failure { error, outcome: Some(outcome) });
        }
    }

    /// Waits until the token or session is ready and the request can be sent. Returns the current
    /// time, with which the request is then signed.
    fn wait_to_send(
        &self,
        call: &dyn Call,
        auth: Option<&dyn Auth>,
        turn: &mut Turn,
    ) -> Result<SystemTime> {
        let make_ready = |turn: &mut Turn| {
            self.make_ready(call.credential(), auth, turn, || self.check(call))
                .map_err(Error::not_sent)
        };
        let (mut now, _) = make_ready(turn)?;
        // A request for a token takes time, so that other requests may be sent before this one.
        for _ in 0..MOST_CHECKS {
            if !self.keep_pace(turn)? {
                return Ok(now);
            }
            // The token may have expired during the wait.
            let (later, requested) = make_ready(turn)?;
            if !requested {
                return Ok(later);
            }
            now = later;
        }
        self.keep_pace(turn)?;
        Ok(self.0.parts.clock.now())
    }

    /// Waits until the maximum rate allows another request, and until a pause after a response with
    /// status 429 has ended. Returns whether it waited, or an error if the wait is interrupted.
    fn keep_pace(&self, turn: &mut Turn) -> Result<bool> {
        let Parts { pace, clock, .. } = &self.0.parts;
        let sleep = |duration| self.wait(duration);
        let waited = pace.wait(turn, || clock.now(), sleep, || self.is_interrupted());
        waited.ok_or_else(stopped)
    }

    fn is_interrupted(&self) -> bool {
        self.0.parts.interrupt.as_ref().is_some_and(Interrupt::is_set)
    }

    /// Returns an error if the client was interrupted, so that the next request is not sent.
    fn check_interrupt(&self) -> Result<()> {
        if self.is_interrupted() { Err(stopped()) } else { Ok(()) }
    }

    /// After a response with status 429, makes all threads wait for as long as this request waits
    /// before its next attempt. If the request is not retried, but belongs to a batch or a
    /// concurrent list, the threads wait for the time in `Retry-After`, unless that exceeds the
    /// longest permitted wait.
    fn pause(&self, outcome: Outcome, decision: Decision) {
        let Outcome::Status { status: StatusCode::TOO_MANY_REQUESTS, retry_after } = outcome else {
            return;
        };
        let parts = &self.0.parts;
        let wait = match decision {
            Decision::Wait(wait) => Some(wait),
            Decision::Stop(_) if parts.interrupt.is_none() => None,
            Decision::Stop(_) => retry_after.filter(|after| *after <= parts.retry.longest),
        };
        if let Some(wait) = wait {
            parts.pace.pause(|| parts.clock.now(), wait);
        }
    }

    /// Sleeps for `duration`, or until the client is interrupted. Returns `false` if it is
    /// interrupted.
    fn wait(&self, duration: Duration) -> bool {
        let clock = &self.0.parts.clock;
        let Some(interrupt) = &self.0.parts.interrupt else {
            clock.sleep(duration);
            return true;
        };
        clock.sleep_or_interrupt(duration, interrupt);
        !interrupt.is_set()
    }

    /// Runs `attempt` until it succeeds, [`decide`] returns [`Decision::Stop`], or `wait_for`
    /// returns `false`. `wait_for` sleeps between two attempts.
    fn with_retries<T>(
        &self,
        id: &Cell<&'static str>,
        idempotent: bool,
        wait_for: impl Fn(Duration) -> bool,
        mut attempt: impl FnMut() -> Result<T, Failure>,
    ) -> Result<T> {
        let mut number = 1;
        let mut last_error = None;
        let mut may_have_arrived = false;
        loop {
            let mut failure = match attempt() {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            if may_have_arrived {
                failure.error = failure.error.after_an_unknown_outcome();
            }
            may_have_arrived |= failure.error.delivery() == Delivery::Unknown;
            let Some(outcome) = failure.outcome else {
                return Err(match last_error {
                    // Only this attempt was not sent.
                    Some(error) if self.is_interrupted() => error,
                    _ => failure.error,
                });
            };
            let attempt = Attempt { number, idempotent };
            let decision = decide(&self.0.parts.retry, attempt, outcome, self.jitter(number));
            self.pause(outcome, decision);
            match decision {
                Decision::Wait(wait) => {
                    log::debug!(
                        "{} {}: retrying in {} ms",
                        self.0.parts.provider.name,
                        id.get(),
                        wait.as_millis()
                    );
                    let error = failure.error.with_retryable(true);
                    if !wait_for(wait) {
                        return Err(error);
                    }
                    last_error = Some(error);
                    number = number.saturating_add(1);
                }
                Decision::Stop(reason) => {
                    let is_retryable = match reason {
                        Reason::Exhausted | Reason::TooLong => true,
                        // The server did not process the request, for example because of a rate
                        // limit.
                        Reason::NotIdempotent => failure.error.delivery() == Delivery::Refused,
                        Reason::Final => false,
                    };
                    return Err(failure.error.with_retryable(is_retryable));
                }
            }
        }
    }

    /// Encodes the request without signing it, so that an invalid request is rejected before a
    /// token is requested.
    fn check(&self, call: &dyn Call) -> Result<()> {
        let base = self.base(call.server())?;
        let unsigned = UnsignedRequest::of_checked(call)?;
        unsigned.encode_below(&base.uri, self.0.parts.provider.encoding)?;
        Ok(())
    }

    fn base(&self, server: Server) -> Result<&Base, InputError> {
        let found = self.0.parts.bases.iter().find(|(name, _)| *name == server);
        found.map(|(_, base)| base).ok_or_else(|| {
            InputError::new("environment", format!("has no `{}` host", server.name()))
        })
    }

    fn build(
        &self,
        call: &dyn Call,
        auth: Option<&dyn Auth>,
        generation: &mut Generation,
        now: SystemTime,
    ) -> Result<Request> {
        let base = self.base(call.server())?;
        let mut unsigned = UnsignedRequest::of_checked(call)?;
        if let Some(auth) = auth {
            auth.add_parameters(&mut unsigned, generation, now)?;
        }
        let mut request = unsigned.encode_below(&base.uri, self.0.parts.provider.encoding)?;
        self.add_headers(&mut request, call.accept());
        if let Some(auth) = auth {
            auth.sign(&mut request, generation, now)?;
        }
        self.replace_headers(&mut request);
        Ok(request)
    }

    /// Adds the headers of the settings. They replace headers of the same names.
    fn replace_headers(&self, request: &mut Request) {
        for (name, _) in &self.0.parts.headers {
            request.headers_mut().remove(name);
        }
        for (name, value) in &self.0.parts.headers {
            request.headers_mut().append(name, value.clone());
        }
    }

    fn add_headers(&self, request: &mut Request, accept: &'static str) {
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        headers.insert(USER_AGENT, self.0.parts.user_agent.clone());
    }

    /// Returns the [`Auth`] of a credential. Returns `None` for [`Credential::NONE`], and an error
    /// if the client has no such credential.
    fn auth(&self, credential: Credential) -> Result<Option<&dyn Auth>> {
        if credential == Credential::NONE {
            return Ok(None);
        }
        let found = self.0.parts.credentials.iter().find(|(name, _)| *name == credential);
        match found {
            Some((_, auth)) => Ok(Some(&**auth)),
            None => Err(InputError::new(
                "credentials",
                format!(
                    "the endpoint needs the `{}` credentials, which were not set",
                    credential.name()
                ),
            )
            .into()),
        }
    }

    /// Sends the request once, limits the size of the response, and logs one line. Apart from the
    /// server's request id, the line contains no header, query or body.
    fn transmit(
        &self,
        id: &'static str,
        attempt: u32,
        request: Request,
        is_write: bool,
        secrets: &dyn Fn() -> RequestSecrets,
    ) -> Result<Response, Failure> {
        let parts = &self.0.parts;
        let name = parts.provider.name;
        #[cfg(feature = "record")]
        let recording = parts.recorder.as_ref().map(|recorder| recorder.begin(&request));
        let begin = parts.clock.now();
        let sent = match is_write {
            true => parts.transport.send_write(request, id),
            false => parts.transport.send(request),
        };
        let result = sent.and_then(|response| self.capped(response));
        let elapsed = parts.clock.now().duration_since(begin).unwrap_or_default().as_millis();
        #[cfg(feature = "record")]
        if let Some(recording) = recording {
            recording.end(id, &result, &secrets());
        }
        match result {
            Ok(response) => {
                if log::log_enabled!(log::Level::Debug) {
                    let id_of_server = request_id(response.headers())
                        .map(|text| secrets().redacted(text).unwrap_or_else(|| text.to_owned()));
                    log::debug!(
                        "{name} {id}: attempt {attempt}, status {} after {elapsed} ms, request id \
                         {}",
                        response.status().as_u16(),
                        id_of_server.as_deref().unwrap_or("-").escape_default(),
                    );
                }
                Ok(response)
            }
            Err(error) => {
                log::debug!(
                    "{name} {id}: attempt {attempt}, {:?} after {elapsed} ms",
                    error.kind()
                );
                let outcome = Outcome::Transport { sent: error.sent(), kind: error.kind() };
                let error = Error::from(error).redacted(&secrets());
                Err(Failure { error, outcome: Some(outcome) })
            }
        }
    }

    fn capped(&self, mut response: Response) -> Result<Response, TransportError> {
        let limit = self.0.parts.response_limit;
        if response.body().len() <= limit {
            return Ok(response);
        }
        response.body_mut().truncate(limit);
        Err(TransportError::too_large(limit).with_partial(response))
    }

    fn retry_after(&self, response: &Response) -> Option<Duration> {
        let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
        retry_after(value, self.0.parts.clock.now())
    }

    fn jitter(&self, number: u32) -> f64 {
        let mut hasher = self.0.random.build_hasher();
        hasher.write_u32(number);
        let now = self.0.parts.clock.now().duration_since(SystemTime::UNIX_EPOCH);
        hasher.write_u128(now.unwrap_or_default().as_nanos());
        f64::from(u16::try_from(hasher.finish() & 0xffff).unwrap_or(0)) / 65_536.0
    }

    fn named(&self, id: &'static str, error: Error, attempts: u32) -> Error {
        error.in_call(self.0.parts.provider.name, id, attempts)
    }
}

/// Returns the error for a request that is not sent because the client was interrupted.
#[cold]
fn stopped() -> Error {
    let text = "the request was not sent: its iterator was stopped";
    TransportError::new(TransportErrorKind::Canceled, Sent::No, text).into()
}

/// Returns the value of `work`, or `None` if it panics. What `work` uses must not be used after a
/// panic.
pub(crate) fn without_panic<T>(work: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(value) => Some(value),
        Err(payload) => {
            // The drop of the payload can panic, too. The payload of that panic is not dropped.
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                std::mem::forget(payload);
            }
            None
        }
    }
}

/// Returns the outcome of an error response. A `Retry-After` that cannot be parsed is treated as an
/// endless delay, so that the request is not retried too early.
fn status_outcome(response: &Response, after: Option<Duration>) -> Outcome {
    let unreadable = response.headers().contains_key(RETRY_AFTER).then_some(Duration::MAX);
    Outcome::Status { status: response.status(), retry_after: after.or(unreadable) }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = &self.0.parts;
        let names: Vec<&str> = parts.credentials.iter().map(|(name, _)| name.name()).collect();
        let bases: Vec<_> = parts.bases.iter().map(|(server, base)| (server, &base.text)).collect();
        f.debug_struct("Client")
            .field("provider", &parts.provider.name)
            .field("bases", &bases)
            .field("credentials", &names)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
