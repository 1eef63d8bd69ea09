//! The request loop: build, authenticate, send, classify, retry, parse.

use std::cell::Cell;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use http::StatusCode;
use http::header::{ACCEPT, HeaderValue, RETRY_AFTER, USER_AGENT};
use serde::de::DeserializeOwned;

use crate::auth::MOST_REPLACEMENTS;
use crate::curl::command;
use crate::endpoint::Call;
use crate::error::request_id;
use crate::redact::{RequestCopy, RequestSecrets};
use crate::retry::{Attempt, Decision, Outcome, Reason, decide, retry_after};
use crate::settings::Base;
use crate::{
    Auth, Clock, Credential, Encoding, Endpoint, Error, Generation, InputError, Request, Response,
    ResponseError, Result, RetryPolicy, Secrets, Sent, Server, TokenOrigin, Transport,
    TransportError, TransportErrorKind, UnsignedRequest, json,
};

/// The highest number of requests that an auth may need before one request to an endpoint. A
/// rejected refresh token and a new grant are two.
const MOST_PREPARATIONS: u32 = 3;
/// The longest wait for a lock after which the store is not read again.
const SHORT_WAIT: Duration = Duration::from_secs(1);

/// Constants that all clients of a provider share.
#[derive(Debug)]
pub struct Provider {
    /// The name of the provider in errors and logs.
    pub name: &'static str,
    /// The crate's part of the User-Agent, such as `tinypass-client/0.1.0`.
    pub user_agent: &'static str,
    /// The encoding of parameters.
    pub encoding: Encoding,
    /// The statuses after which an idempotent request is retried.
    pub retry_statuses: &'static [u16],
    /// Parameters, JSON members and headers of requests that are secrets, in addition to those with
    /// the name of a secret. They are masked in printed commands and redacted in errors, whatever
    /// credential a request has.
    pub secret_parameters: &'static [&'static str],
    /// Parses an error response.
    pub read_error: fn(&Response) -> ResponseError,
}

/// A client of one provider, on which its typed client is based.
///
/// Cloning is cheap and shares connections and tokens. All threads can share one client.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) provider: &'static Provider,
    pub(crate) bases: Vec<(Server, Base)>,
    pub(crate) credentials: Vec<(Credential, Arc<dyn Auth>)>,
    pub(crate) user_agent: HeaderValue,
    pub(crate) retry: RetryPolicy,
    pub(crate) response_limit: usize,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
}

struct Inner {
    parts: Parts,
    /// Locked while the token or session of a credential is requested, so that one thread requests
    /// it for all.
    preparing: Vec<(Credential, Arc<Preparing>)>,
    random: RandomState,
}

/// The requests for the token or session of one credential. A thread that waits for the request of another one gets
/// the same error. Otherwise a token server that does not respond would cost each thread its own
/// timeouts.
#[derive(Default)]
struct Preparing {
    finished: AtomicU64,
    last_failure: Mutex<Option<(u64, Error)>>,
}

impl Preparing {
    /// Returns a new value for each credential.
    fn of(credentials: &[(Credential, Arc<dyn Auth>)]) -> Vec<(Credential, Arc<Self>)> {
        credentials.iter().map(|(name, _)| (*name, Arc::default())).collect()
    }
}

/// A failed attempt, and the outcome that decides about the next one. Without an outcome there is
/// no retry.
struct Failure {
    error: Error,
    outcome: Option<Outcome>,
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

    /// Returns a client that shares connections, clock and all else with this one, and replaces the
    /// credentials of these names (those of a user, for example).
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

    /// Returns a client that shares connections, credentials and all else with this one, and does
    /// not retry. A request with a rejected token is still sent once more with a new token.
    #[must_use]
    pub fn without_retries(&self) -> Self {
        let mut parts = self.0.parts.clone();
        parts.retry.retries = 0;
        let preparing = self.0.preparing.clone();
        Self(Arc::new(Inner { parts, preparing, random: self.0.random.clone() }))
    }

    /// Requests the token or session of a credential, unless there is one. The first request with
    /// the credential would do it otherwise. An error before the request for it is sent names `id`
    /// as its endpoint.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn prepare(&self, credential: Credential, id: &'static str) -> Result<()> {
        let auth = self.auth(credential);
        auth.and_then(|auth| self.make_ready(credential, auth).map(drop))
            .map_err(|error| self.named(id, error, 0).with_idempotent(true))
    }

    /// Sends the request and parses its response.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn send<E: Endpoint>(&self, endpoint: &E) -> Result<E::Output> {
        self.send_with_response(endpoint).map(http::Response::into_body)
    }

    /// Sends the request, parses its response, and returns the value with status and headers.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn send_with_response<E: Endpoint>(
        &self,
        endpoint: &E,
    ) -> Result<http::Response<E::Output>> {
        self.read(endpoint, |response| endpoint.parse(response))
    }

    /// Sends the request and deserializes the JSON of its response.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn send_as<T: DeserializeOwned>(&self, endpoint: &impl Endpoint) -> Result<T> {
        self.read(endpoint, json).map(http::Response::into_body)
    }

    /// Sends the request and returns the response with its body as bytes. Statuses that are errors
    /// for [`send`](Client::send) are errors here, too.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn send_raw<E: Endpoint>(&self, endpoint: &E) -> Result<Response> {
        self.exchange(endpoint, &mut RequestCopy::new()).map(|(response, _)| response)
    }

    /// Builds and signs the request without sending it. A token or session that it needs is
    /// requested first.
    ///
    /// # Errors
    /// Returns an error if an argument is invalid, the credentials are missing, or the request for
    /// a token or session failed.
    pub fn signed_request<E: Endpoint>(&self, endpoint: &E) -> Result<Request> {
        self.signed_call(endpoint)
    }

    /// Returns the signed request as a `curl` command; see [`curl()`](crate::curl()).
    ///
    /// # Errors
    /// Returns an error if an argument is invalid, the credentials are missing, or the request for
    /// a token or session failed.
    pub fn curl<E: Endpoint>(&self, endpoint: &E, secrets: Secrets) -> Result<String> {
        self.curl_call(endpoint, secrets)
    }

    /// Returns the base URL of a server, without a slash at its end. Returns `None` if the
    /// environment has no such server.
    pub fn base_url(&self, server: Server) -> Option<&str> {
        let found = self.0.parts.bases.iter().find(|(name, _)| *name == server);
        found.map(|(_, base)| base.text.as_str())
    }

    /// Returns the client's clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.parts.clock
    }

    fn read<E: Endpoint, T>(
        &self,
        endpoint: &E,
        parse: impl FnOnce(&Response) -> Result<T, ResponseError>,
    ) -> Result<http::Response<T>> {
        let mut copy = RequestCopy::new();
        let (response, attempts) = self.exchange(endpoint, &mut copy)?;
        match parse(&response) {
            Ok(value) => {
                // The body is freed here, before the value is used.
                let (parts, _body) = response.into_parts();
                Ok(http::Response::from_parts(parts, value))
            }
            Err(error) => Err(self.refused(endpoint, error, response, attempts, &copy)),
        }
    }

    /// The functions from here on are not generic, so that each endpoint adds little compiled code.
    fn refused(
        &self,
        call: &dyn Call,
        error: ResponseError,
        response: Response,
        attempts: u32,
        copy: &RequestCopy,
    ) -> Error {
        let after = self.retry_after(&response);
        let error = Error::from_response(error, response).redacted(&self.secrets_of(call, copy));
        self.named(call.id(), error, attempts)
            .with_retry_after(after)
            .with_idempotent(call.idempotent())
    }

    /// Returns the secrets of the copied request.
    fn secrets_of(&self, call: &dyn Call, copy: &RequestCopy) -> RequestSecrets {
        let listed = self.0.parts.provider.secret_parameters;
        copy.secrets(listed, &call.path(), &call.shown_path())
    }

    fn signed_call(&self, call: &dyn Call) -> Result<Request> {
        let auth = self.auth(call.credential());
        auth.and_then(|auth| {
            call.validate()?;
            let now = self.make_ready(call.credential(), auth).map_err(Error::of_preparation)?;
            self.build(call, auth, &mut Generation::default(), now)
        })
        .map_err(|error| self.named(call.id(), error, 0))
    }

    #[inline]
    fn curl_call(&self, call: &dyn Call, secrets: Secrets) -> Result<String> {
        let request = self.signed_call(call)?;
        let listed = self.0.parts.provider.secret_parameters;
        let path = request.uri().path();
        let shown = match secrets {
            Secrets::Shown => None,
            Secrets::Masked => Some(call.shown_path()).filter(|shown| *shown != call.path()),
        };
        let Some(shown) = shown else { return Ok(command(&request, path, listed, secrets)) };
        let base = path.strip_suffix(&*call.path()).unwrap_or_default();
        Ok(command(&request, &[base, &shown].concat(), listed, secrets))
    }

    fn exchange(&self, call: &dyn Call, copy: &mut RequestCopy) -> Result<(Response, u32)> {
        let mut attempts = 0;
        let id = Cell::new(call.id());
        self.with_retries(&id, call.idempotent(), || self.try_once(call, &mut attempts, copy))
            .map(|response| (response, attempts))
            .map_err(|error| {
                self.named(call.id(), error, attempts).with_idempotent(call.idempotent())
            })
    }

    /// Makes one attempt. The request is sent again if its token was rejected and can be replaced.
    fn try_once(
        &self,
        call: &dyn Call,
        attempts: &mut u32,
        copy: &mut RequestCopy,
    ) -> Result<Response, Failure> {
        let auth = self.auth(call.credential())?;
        call.validate()?;
        let mut renewals = 0;
        loop {
            let now = self.make_ready(call.credential(), auth).map_err(Error::of_preparation)?;
            let mut generation = Generation::default();
            let request = self.build(call, auth, &mut generation, now)?;
            *attempts += 1;
            copy.set(&request);
            let secrets = || self.secrets_of(call, copy);
            let response = self.transmit(call.id(), *attempts, request, &secrets)?;
            // A token of a store may be outdated, so it is replaced more than once.
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
            let outcome = Outcome::Status { status: response.status(), retry_after: after };
            let error = (self.0.parts.provider.read_error)(&response);
            let error = Error::from_response(error, response).redacted(&secrets());
            let error = error.with_retry_after(after);
            return Err(Failure { error, outcome: Some(outcome) });
        }
    }

    /// Runs `attempt` until it succeeds or [`decide`] returns [`Decision::Stop`].
    fn with_retries<T>(
        &self,
        id: &Cell<&'static str>,
        idempotent: bool,
        mut attempt: impl FnMut() -> Result<T, Failure>,
    ) -> Result<T> {
        let mut number = 1;
        loop {
            let failure = match attempt() {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            let Some(outcome) = failure.outcome else {
                return Err(failure.error);
            };
            let attempt = Attempt { number, idempotent };
            match decide(&self.0.parts.retry, attempt, outcome, self.jitter(number)) {
                Decision::Wait(wait) => {
                    log::debug!(
                        "{} {}: trying again in {} ms",
                        self.0.parts.provider.name,
                        id.get(),
                        wait.as_millis()
                    );
                    self.0.parts.clock.sleep(wait);
                    number += 1;
                }
                Decision::Stop(reason) => {
                    let passing = matches!(reason, Reason::Exhausted | Reason::TooLong);
                    return Err(failure.error.with_retryable(passing));
                }
            }
        }
    }

    /// Requests the token or session that `auth` needs. One thread does it, the others wait.
    /// Returns the time at which requests can be signed.
    fn make_ready(&self, credential: Credential, auth: Option<&dyn Auth>) -> Result<SystemTime> {
        let clock = &self.0.parts.clock;
        let now = clock.now();
        let preparing = self.0.preparing.iter().find(|(name, _)| *name == credential);
        let (Some(auth), Some((_, preparing))) = (auth, preparing) else { return Ok(now) };
        let seen = preparing.finished.load(Ordering::Acquire);
        if auth.is_ready(now) {
            return Ok(now);
        }
        let mut last = preparing.last_failure.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((number, error)) = &*last
            && *number > seen
        {
            return Err(error.duplicate());
        }
        let result = self.fetch(auth);
        let number = preparing.finished.fetch_add(1, Ordering::AcqRel) + 1;
        *last = result.as_ref().err().map(|error| (number, error.duplicate()));
        result
    }

    fn fetch(&self, auth: &dyn Auth) -> Result<SystemTime> {
        let clock = &self.0.parts.clock;
        let mut attempts = 0;
        let mut copy = RequestCopy::new();
        let endpoint = Cell::new("");
        self.with_retries(&endpoint, true, || {
            for _ in 0..MOST_PREPARATIONS {
                let asked = clock.now();
                let Some(preparation) = auth.next_request(asked)? else {
                    if auth.is_ready(clock.now()) {
                        break; // Done, or another thread was first.
                    }
                    continue; // What another client fetched expired while this one waited.
                };
                // After a long wait for another client, its token may be one that was not valid yet
                // at the time before the wait.
                let now = clock.now();
                let waited_long = now.duration_since(asked).is_ok_and(|waited| waited > SHORT_WAIT);
                if preparation.guard.is_some() && waited_long && auth.is_ready(now) {
                    break;
                }
                attempts += 1;
                endpoint.set(preparation.endpoint);
                let mut request = preparation.request;
                self.add_headers(&mut request, "application/json");
                copy.set(&request);
                let listed = self.0.parts.provider.secret_parameters;
                // An authorization code is a secret in each request for a token.
                let secrets = || copy.secrets(&[listed, &["code"]].concat(), "", "");
                let response = self.transmit(endpoint.get(), attempts, request, &secrets)?;
                let status = response.status();
                let after = self.retry_after(&response);
                auth.handle_response(response, clock.now()).map_err(|error| Failure {
                    error: error.redacted(&secrets()).with_retry_after(after),
                    outcome: Some(Outcome::Status { status, retry_after: after }),
                })?;
            }
            Ok(clock.now())
        })
        .map_err(|error| self.named(endpoint.get(), error, attempts))
    }

    fn build(
        &self,
        call: &dyn Call,
        auth: Option<&dyn Auth>,
        generation: &mut Generation,
        now: SystemTime,
    ) -> Result<Request> {
        let server = call.server();
        let (_, base) =
            self.0.parts.bases.iter().find(|(name, _)| *name == server).ok_or_else(|| {
                InputError::new("environment", format!("has no `{}` host", server.name()))
            })?;
        let mut unsigned = UnsignedRequest::of_checked(call)?;
        if let Some(auth) = auth {
            auth.add_parameters(&mut unsigned, generation, now)?;
        }
        let mut request = unsigned.encode_below(&base.uri, self.0.parts.provider.encoding)?;
        self.add_headers(&mut request, call.accept());
        if let Some(auth) = auth {
            auth.sign(&mut request, generation, now)?;
        }
        Ok(request)
    }

    fn add_headers(&self, request: &mut Request, accept: &'static str) {
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        headers.insert(USER_AGENT, self.0.parts.user_agent.clone());
    }

    /// Returns the auth of that name, or `None` for [`Credential::NONE`].
    fn auth(&self, credential: Credential) -> Result<Option<&dyn Auth>> {
        if credential == Credential::NONE {
            return Ok(None);
        }
        let found = self.0.parts.credentials.iter().find(|(name, _)| *name == credential);
        match found {
            Some((_, auth)) => Ok(Some(&**auth)),
            None => Err(InputError::new(
                "credentials",
                format!("this call needs the `{}` ones, which were not given", credential.name()),
            )
            .into()),
        }
    }

    /// Sends the request once, applies the size limit and logs one line. The line never contains
    /// headers, query or body.
    fn transmit(
        &self,
        id: &str,
        attempt: u32,
        request: Request,
        secrets: &dyn Fn() -> RequestSecrets,
    ) -> Result<Response, Failure> {
        let parts = &self.0.parts;
        let name = parts.provider.name;
        let begin = parts.clock.now();
        let result = parts.transport.send(request).and_then(|response| self.capped(response));
        let elapsed = parts.clock.now().duration_since(begin).unwrap_or_default().as_millis();
        match result {
            Ok(response) => {
                if log::log_enabled!(log::Level::Debug) {
                    let id_of_server = request_id(response.headers())
                        .map(|text| secrets().redacted(text).unwrap_or_else(|| text.to_owned()));
                    log::debug!(
                        "{name} {id}: attempt {attempt}, status {} after {elapsed} ms, request id \
                         {}",
                        response.status().as_u16(),
                        id_of_server.as_deref().unwrap_or("-").escape_debug(),
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

impl TransportError {
    /// Creates the error for a response that is larger than `limit` bytes.
    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(
            TransportErrorKind::TooLarge,
            Sent::Maybe,
            format!("the reply is larger than the limit of {limit} bytes"),
        )
    }
}

/// Returns the error of a status and the beginning of the body. This is the default of
/// [`Provider::read_error`], for providers whose error responses have no format of their own.
pub fn status_error(response: &Response) -> ResponseError {
    match response.status() {
        status if status.is_redirection() => ResponseError::of_status(StatusCode::FOUND)
            .with_message("the server redirects, which is never followed; check the base URL"),
        status => ResponseError::of_status(status).with_text_of(response),
    }
}

/// Declares the methods that every provider's `Client` has, for a type whose field `core` is a
/// [`Client`](crate::Client). Used inside its `impl` block.
#[macro_export]
macro_rules! client_methods {
    () => {
        /// Sends a request to any endpoint: one of this crate, one of your own, or a
        /// [`RawEndpoint`]($crate::RawEndpoint).
        ///
        /// # Errors
        /// See [`ErrorKind`]($crate::ErrorKind).
        pub fn send<E: $crate::Endpoint>(&self, endpoint: &E) -> $crate::Result<E::Output> {
            self.core.send(endpoint)
        }

        /// Sends a request to any endpoint and returns the value with status and headers.
        ///
        /// # Errors
        /// See [`ErrorKind`]($crate::ErrorKind).
        pub fn send_with_response<E: $crate::Endpoint>(
            &self,
            endpoint: &E,
        ) -> $crate::Result<$crate::http::Response<E::Output>> {
            self.core.send_with_response(endpoint)
        }

        /// Sends a request to any endpoint and returns the body as bytes.
        ///
        /// # Errors
        /// See [`ErrorKind`]($crate::ErrorKind).
        pub fn send_raw<E: $crate::Endpoint>(
            &self,
            endpoint: &E,
        ) -> $crate::Result<$crate::Response> {
            self.core.send_raw(endpoint)
        }

        /// Sends a request to any endpoint and deserializes the JSON of its response.
        ///
        /// # Errors
        /// See [`ErrorKind`]($crate::ErrorKind).
        pub fn send_as<T: $crate::serde::de::DeserializeOwned>(
            &self,
            endpoint: &impl $crate::Endpoint,
        ) -> $crate::Result<T> {
            self.core.send_as(endpoint)
        }

        /// Builds and signs the request without sending it. A token or session that it needs is
        /// requested first.
        ///
        /// # Errors
        /// Returns an error if an argument is invalid, the credentials are missing, or the request
        /// for a token or session failed.
        pub fn signed_request<E: $crate::Endpoint>(
            &self,
            endpoint: &E,
        ) -> $crate::Result<$crate::Request> {
            self.core.signed_request(endpoint)
        }

        /// Returns the signed request as a `curl` command. Secrets are masked unless `secrets` is
        /// [`Secrets::Shown`]($crate::Secrets::Shown).
        ///
        /// # Errors
        /// Returns an error if an argument is invalid, the credentials are missing, or the request
        /// for a token or session failed.
        pub fn curl<E: $crate::Endpoint>(
            &self,
            endpoint: &E,
            secrets: $crate::Secrets,
        ) -> $crate::Result<String> {
            self.core.curl(endpoint, secrets)
        }
    };
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::{
        ErrorKind, ManualClock, Method, Params, RawEndpoint, Route, Secret, Segment, Settings,
    };

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

    /// Signs with a word, and never requests another attempt.
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
        fn new(
            answer: impl Fn(&Request) -> http::response::Builder + Send + Sync + 'static,
        ) -> Self {
            Self::with_body(b"[1,2]", answer)
        }

        fn with_body(
            body: &'static [u8],
            answer: impl Fn(&Request) -> http::response::Builder + Send + Sync + 'static,
        ) -> Self {
            let (clock, arrived) = (ManualClock::at_unix(1_700_000_000), Arc::default());
            let seen: Arc<Mutex<Vec<Request>>> = Arc::clone(&arrived);
            let mut settings = Settings::default();
            settings.clock(Arc::new(clock.clone()));
            settings.response_limit(5);
            settings.transport(Arc::new(move |request: Request| -> Result<_, TransportError> {
                let response = answer(&request).body(body.to_vec()).unwrap();
                seen.lock().unwrap().push(request);
                Ok(response)
            }));
            let servers = [
                (Server::MAIN, "api", "https://a.example/v1/"),
                (FILES, "files", "https://f.example"),
            ];
            let word: Arc<dyn Auth> = Arc::new(Word("main"));
            let client =
                settings.build(&PROVIDER, &servers, vec![(Credential::MAIN, word)]).unwrap();
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
    fn what_passes_is_tried_thrice_with_spread_waits_between() {
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
        assert!(different.len() > 20, "clients that fail together do not come back together");
    }

    /// An auth that never gets a token, with the number of requests for one.
    struct Endless(AtomicU64);

    impl Auth for Endless {
        fn is_ready(&self, _: SystemTime) -> bool {
            self.0.fetch_add(1, Ordering::SeqCst);
            false
        }

        fn next_request(&self, _: SystemTime) -> Result<Option<crate::Preparation>> {
            let request = http::Request::post("https://a.example/token").body(Vec::new());
            let (endpoint, request) = ("a.token", request.unwrap());
            Ok(Some(crate::Preparation { endpoint, request, guard: None }))
        }

        fn sign(&self, _: &mut Request, _: &mut Generation, _: SystemTime) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn threads_that_wait_for_a_failing_token_server_share_its_error() {
        const THREADS: u64 = 20;
        let auth = Arc::new(Endless(AtomicU64::new(0)));
        let (asked, fetches) = (auth.clone(), Arc::new(AtomicU64::new(0)));
        let counted = fetches.clone();
        let mut settings = Settings::default();
        settings.clock(Arc::new(ManualClock::at_unix(1_700_000_000)));
        settings.transport(Arc::new(move |_: Request| -> Result<Response, TransportError> {
            // The deadline passes when every thread waits.
            while asked.0.load(Ordering::SeqCst) < THREADS {
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
                    assert_eq!(error.sent(), Sent::No);
                    assert_eq!(error.to_string(), "test a.token: timed out after 3 attempts");
                });
            }
        });
        assert_eq!(fetches.load(Ordering::SeqCst), 3, "one thread tried, three times");
        client.send(&post()).unwrap_err();
        assert_eq!(fetches.load(Ordering::SeqCst), 6, "the next call tries for itself");
    }

    /// Runs a step when the client checks it for the first time, and then has a token.
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

        fn next_request(&self, _: SystemTime) -> Result<Option<crate::Preparation>> {
            self.is_ready.store(true, Ordering::SeqCst);
            Ok(None)
        }

        fn sign(&self, _: &mut Request, _: &mut Generation, _: SystemTime) -> Result<()> {
            Ok(())
        }
    }

    /// Never has a token, and cannot build the request for one.
    struct Broken;

    impl Auth for Broken {
        fn next_request(&self, _: SystemTime) -> Result<Option<crate::Preparation>> {
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
    fn a_write_is_not_repeated_and_what_is_final_neither() {
        let world = World::new(|_| status(503));
        let error = world.client.send(&post()).unwrap_err();
        assert!(!error.is_retryable());
        assert_eq!((error.attempts(), world.words().len()), (1, 1));
        let world = World::new(|_| status(404));
        assert_eq!(world.client.send(&get()).unwrap_err().attempts(), 1);
        assert!(world.clock.slept().is_empty());
    }

    #[test]
    fn the_wait_that_the_server_asks_for_is_kept() {
        let world = World::new(|_| status(429).header(RETRY_AFTER, "7"));
        let error = world.client.send(&get()).unwrap_err();
        let seven = Duration::from_secs(7);
        assert_eq!((error.kind(), error.retry_after()), (ErrorKind::RateLimited, Some(seven)));
        assert_eq!(world.clock.slept(), [seven, seven]);
        // The same with a response that cannot be parsed.
        let world = World::with_body(b"x", |_| status(200).header(RETRY_AFTER, "7"));
        let error = world.client.send_as::<Vec<u32>>(&get()).unwrap_err();
        assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Decode, Some(seven)));
        assert_eq!(error.attempts(), 1);
        let world = World::new(|_| status(500));
        assert_eq!(world.client.send(&get()).unwrap_err().retry_after(), None);
    }

    #[test]
    fn an_answer_as_long_as_the_limit_is_taken_and_a_longer_one_is_cut() {
        let exact = World::with_body(b"12345", |_| status(200));
        assert_eq!(exact.client.send(&get()).unwrap(), b"12345");
        let longer = World::with_body(b"123456", |_| status(200));
        let error = longer.client.send(&get()).unwrap_err();
        assert_eq!((error.kind(), error.body()), (ErrorKind::Transport, &b"12345"[..]));
        assert!(error.to_string().contains("limit of 5 bytes"), "{error}");
        assert_eq!(longer.words().len(), 1);
    }

    #[test]
    fn an_answer_comes_whole_as_bytes_or_as_a_type() {
        let world = World::new(|_| status(201).header("x-id", "7"));
        let whole = world.client.send_with_response(&get()).unwrap();
        assert_eq!(
            (whole.status().as_u16(), &whole.headers()["x-id"]),
            (201, &"7".parse().unwrap())
        );
        assert_eq!(whole.body(), b"[1,2]");
        assert_eq!(world.client.send_raw(&get()).unwrap().headers()["x-id"], "7");
        assert_eq!(world.client.send_as::<Vec<u32>>(&get()).unwrap(), [1, 2]);
    }

    #[test]
    fn each_call_goes_to_its_site_with_its_credentials_and_the_clients_headers() {
        let world = World::new(|_| status(200));
        let request = world.client.signed_request(&get().with_server(FILES)).unwrap();
        assert_eq!(request.uri(), "https://f.example/things");
        assert_eq!(request.headers()[ACCEPT], "application/json");
        assert!(request.headers()[USER_AGENT].to_str().unwrap().contains("test/0"));
        assert_eq!(
            world.client.signed_request(&get()).unwrap().uri(),
            "https://a.example/v1/things"
        );
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

    #[test]
    fn a_secret_path_is_printed_when_asked_for_only() {
        let world = World::new(|_| status(200));
        let secretive = secretive();
        let masked = world.client.curl(&secretive, Secrets::Masked).unwrap();
        assert!(masked.contains("https://a.example/v1/tokens/***?a=b"), "{masked}");
        assert!(!masked.contains("CANARY"));
        let shown = world.client.curl(&secretive, Secrets::Shown).unwrap();
        assert!(shown.contains("https://a.example/v1/tokens/CANARY?a=b"), "{shown}");
    }

    #[test]
    fn a_redirect_is_named_as_one() {
        let world = World::new(|_| status(302));
        let error = world.client.send(&get()).unwrap_err();
        assert!(error.to_string().contains("redirects"), "{error}");
        let world = World::new(|_| status(400));
        let error = world.client.send(&get()).unwrap_err();
        assert!(!error.to_string().contains("redirects"), "{error}");
        assert_eq!(error.status().unwrap().as_u16(), 400);
    }

    /// Returns the error of a request with a secret in query, header, body and path.
    fn error_with(transport: impl Transport + 'static) -> crate::Error {
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

    fn shown(error: &crate::Error) -> String {
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
        assert_eq!(error.body_text().matches("CANARY").count(), 4, "the body stays as it came");
        assert!(error.headers().unwrap()["x-request-id"].to_str().unwrap().contains("CANARY"));
    }

    #[test]
    fn an_error_of_a_transport_shows_no_secret_of_its_request() {
        #[derive(Debug, thiserror::Error)]
        #[error("could not get {0}")]
        struct Beneath(String, #[source] std::io::Error);

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
        use crate::oauth::{Bearer, Grant, TokenServer};

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
            let client =
                settings.build(&PROVIDER, &servers, vec![(Credential::MAIN, auth)]).unwrap();
            let error = client.send(&get()).unwrap_err();
            assert_eq!((error.endpoint(), error.attempts()), ("oauth.token", 1));
            let text = shown(&error);
            assert!(!text.contains("CANARY") && text.contains("the-id"), "{text}");
            let basic = crate::base64(b"the-id:CANARY+secret/%");
            assert!(!text.contains(basic.trim_end_matches('=')), "{text}");
            assert!(error.body_text().contains("CANARY"));
        }
    }
}
