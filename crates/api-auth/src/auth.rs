//! The trait for the authentication of requests. Its implementations send nothing and read no
//! clock.

use std::time::SystemTime;

use crate::error::Error;
use crate::message::{Request, Response};
use crate::unsigned_request::UnsignedRequest;

/// Authenticates requests. All threads of a client share one instance.
///
/// For each request to an endpoint, the client calls these methods in this order:
///
/// 1. [`next_request`](Auth::next_request) until it returns `None`, and
///    [`handle_response`](Auth::handle_response) with the response to each of its requests;
/// 2. [`add_parameters`](Auth::add_parameters) with the unsigned request;
/// 3. [`sign`](Auth::sign) with the encoded request;
/// 4. [`invalidate_if_rejected`](Auth::invalidate_if_rejected) with the response.
///
/// Authenticating a request means adding a signature to it, or, for bearer tokens and HTTP Basic, a
/// header that contains the credential. The documentation calls both signing.
///
/// The current time is always an argument, so implementations do not read a clock.
///
/// ```
/// use std::time::SystemTime;
/// use api_auth::http::HeaderValue;
/// use api_auth::{Auth, Error, Generation, Request};
///
/// /// Sends a key in a header.
/// struct ApiKey(HeaderValue);
///
/// impl Auth for ApiKey {
///     fn sign(&self, request: &mut Request, _: &mut Generation, _: SystemTime) -> Result<(), Error> {
///         request.headers_mut().insert("x-api-key", self.0.clone());
///         Ok(())
///     }
/// }
///
/// let auth = ApiKey(HeaderValue::from_static("k1"));
/// assert!(auth.is_ready(SystemTime::UNIX_EPOCH), "it needs no token");
/// ```
pub trait Auth: Send + Sync {
    /// Returns whether requests can be signed at `now` without a call to
    /// [`next_request`](Auth::next_request).
    ///
    /// This method must not wait for another request, but it can load a token from a store. The
    /// client also calls it while the guard of a [`Preparation`] is held, so an implementation
    /// whose `next_request` takes a lock must override it.
    fn is_ready(&self, now: SystemTime) -> bool {
        matches!(self.next_request(now), Ok(None))
    }

    /// Returns the request for the token or session that is needed before requests can be signed,
    /// or `None` if none is needed.
    ///
    /// The client calls this method from only one thread at a time, except through the default
    /// implementation of [`is_ready`](Auth::is_ready). The method can wait for a lock, so the
    /// client reads its clock again afterwards.
    ///
    /// # Errors
    /// Returns an error if the request cannot be built.
    fn next_request(&self, now: SystemTime) -> Result<Option<Preparation>, Error> {
        let _ = now;
        Ok(None)
    }

    /// Stores the token or session from the response to the request that
    /// [`next_request`](Auth::next_request) returned.
    ///
    /// # Errors
    /// Returns an error if the response is an error response or cannot be parsed.
    fn handle_response(&self, response: Response, now: SystemTime) -> Result<(), Error> {
        let _ = (response, now);
        Ok(())
    }

    /// Adds parameters for the authentication, such as a session token, before the parameters of
    /// the request are sorted and encoded.
    ///
    /// # Errors
    /// Returns an error if the parameters cannot be added to the request.
    fn add_parameters(
        &self,
        unsigned: &mut UnsignedRequest<'_>,
        generation: &mut Generation,
        now: SystemTime,
    ) -> Result<(), Error> {
        let _ = (unsigned, generation, now);
        Ok(())
    }

    /// Authenticates the encoded request: adds a signature, or, for bearer tokens and HTTP Basic, a
    /// header that contains the credential. An implementation adds headers or appends to the body,
    /// and changes nothing else.
    ///
    /// # Errors
    /// Returns an error, and leaves the request unchanged, if it cannot be authenticated.
    fn sign(
        &self,
        request: &mut Request,
        generation: &mut Generation,
        now: SystemTime,
    ) -> Result<(), Error>;

    /// Removes the token or session if the server rejected it with `response`, and returns whether
    /// the request should be sent once more with a new token or session.
    ///
    /// `generation` identifies the token of the rejected request, as set by
    /// [`add_parameters`](Auth::add_parameters) or [`sign`](Auth::sign).
    fn invalidate_if_rejected(&self, response: &Response, generation: Generation) -> bool {
        let _ = (response, generation);
        false
    }

    /// Returns the name of a credential whose value begins or ends with whitespace. Returns `None`
    /// if there is no such credential, or if the server has accepted the credentials. Errors of
    /// kind [`Auth`](crate::ErrorKind::Auth) contain this name; see [`Error::spaced_credential`].
    fn spaced_credential(&self) -> Option<&'static str> {
        None
    }
}

/// Identifies the token that a request was signed with, so that a late rejection of an old token
/// does not remove a new one.
///
/// See the example in [`Auth`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Generation {
    /// A number that identifies the token. The implementation of [`Auth`] assigns it.
    pub number: u64,
    /// Whether the token is from the server or from a store.
    pub origin: TokenOrigin,
}

impl Generation {
    /// Creates a generation with this number and the origin [`TokenOrigin::Server`].
    pub const fn new(number: u64) -> Self {
        Self { number, origin: TokenOrigin::Server }
    }

    /// Sets the origin of the token.
    #[must_use]
    pub const fn with_origin(mut self, origin: TokenOrigin) -> Self {
        self.origin = origin;
        self
    }
}

/// The maximum number of consecutive times that a rejected token is replaced with a token from a
/// store, where another client may have stored a newer one. After that, a token is requested from
/// the server, so that requests succeed even if the store keeps returning rejected tokens.
///
/// See the example in [`Auth`].
pub const MOST_REPLACEMENTS: u32 = 3;

/// The origin of the token that a request was signed with.
///
/// See the example in [`Auth`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TokenOrigin {
    /// The token is from the server, or the request has no token.
    #[default]
    Server,
    /// The token is from a store and may be outdated. If the server rejects it, the request is sent
    /// again with a different token from the store, at most [`MOST_REPLACEMENTS`] times, or with a
    /// token from the server.
    Store,
}

/// A request for a token or session. The client sends it before the request to the endpoint, and
/// holds its guard, such as an inter-process lock, until the response has been handled.
///
/// See the example in [`Auth`].
#[non_exhaustive]
pub struct Preparation {
    /// The id of the endpoint, such as `oauth.token`, for errors and logs.
    pub endpoint: &'static str,
    /// The request, complete except for the headers `accept` and `user-agent`, which the client
    /// adds.
    pub request: Request,
    /// A guard, such as an inter-process lock, that is held until the response has been handled.
    /// `None` if other clients may send such a request at the same time.
    pub guard: Option<Box<dyn Send>>,
}

impl Preparation {
    /// Creates a preparation without a guard.
    pub const fn new(endpoint: &'static str, request: Request) -> Self {
        Self { endpoint, request, guard: None }
    }

    /// Sets the guard, such as the lock of a token store.
    #[must_use]
    pub fn with_guard(mut self, guard: Option<Box<dyn Send>>) -> Self {
        self.guard = guard;
        self
    }
}

impl std::fmt::Debug for Preparation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Preparation").field("guarded", &self.guard.is_some()).finish()
    }
}

/// An [`Auth`] that signs nothing, for routes that need no credentials.
///
/// See the example in [`Client`](crate::Client).
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAuth;

impl Auth for NoAuth {
    fn sign(&self, _: &mut Request, _: &mut Generation, _: SystemTime) -> Result<(), Error> {
        Ok(())
    }
}
