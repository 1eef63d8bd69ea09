//! Endpoints that a client crate does not list.

use std::borrow::Cow;
use std::fmt;

use http::Method;

use crate::body::Body;
use crate::encode::Params;
use crate::endpoint::Endpoint;
use crate::error::input::InputError;
use crate::error::response::ResponseError;
use crate::message::Response;
use crate::route::{Credential, Route, Server};

/// An endpoint that a client crate does not list, because it is new, undocumented or internal. Its
/// requests are signed, encoded, retried and classified like all others. Its response body is
/// returned as bytes.
///
/// ```
/// use api_auth::{Endpoint, Method, RawEndpoint};
///
/// let call = RawEndpoint::new(Method::GET, "/r2/access/count").param("rid", "r1");
/// assert!(call.idempotent());
/// ```
#[derive(Clone)]
pub struct RawEndpoint {
    id: &'static str,
    method: Method,
    path: String,
    query: Params<'static>,
    body: Body<'static>,
    credential: Credential,
    server: Server,
    idempotent: bool,
    read_only: bool,
}

impl RawEndpoint {
    /// Creates a request for `path`, which is sent unchanged and must therefore be percent-encoded
    /// (see [`path_segment`](crate::path_segment)).
    #[inline]
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        let read_only = matches!(method, Method::GET | Method::HEAD);
        Self {
            id: Self::ID,
            idempotent: read_only,
            read_only,
            method,
            path: path.into(),
            query: Params::new(),
            body: Body::None,
            credential: Credential::MAIN,
            server: Server::MAIN,
        }
    }

    /// Sets the name of the endpoint for errors and recordings. Defaults to `raw`.
    ///
    /// ```
    /// use api_auth::{Endpoint, Method, RawEndpoint};
    ///
    /// let call = RawEndpoint::new(Method::GET, "/r2/access/count").with_id("access.count");
    /// assert_eq!(call.id(), "access.count");
    /// ```
    #[must_use]
    #[inline]
    pub fn with_id(mut self, id: &'static str) -> Self {
        self.id = id;
        self
    }

    /// Adds a query parameter. Pass the name and the value unencoded.
    #[must_use]
    #[inline]
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push(name.into(), value.into());
        self
    }

    /// Sets the request body. Defaults to [`Body::None`].
    #[must_use]
    #[inline]
    pub fn with_body(mut self, body: Body<'static>) -> Self {
        self.body = body;
        self
    }

    /// Sets the credential that the request is signed with. With [`Credential::NONE`], it is not
    /// signed. Defaults to [`Credential::MAIN`].
    #[must_use]
    #[inline]
    pub fn with_credential(mut self, credential: Credential) -> Self {
        self.credential = credential;
        self
    }

    /// Sets the server that the request is sent to. Defaults to [`Server::MAIN`].
    #[must_use]
    #[inline]
    pub fn with_server(mut self, server: Server) -> Self {
        self.server = server;
        self
    }

    /// Sets whether the request is idempotent, that is, safe to retry. Defaults to `true` for GET
    /// and HEAD.
    #[must_use]
    #[inline]
    pub fn with_idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = idempotent;
        self
    }

    /// Sets whether the request changes nothing on the server. A request that is not idempotent
    /// never counts as read-only. Defaults to `true` for GET and HEAD.
    #[must_use]
    #[inline]
    pub fn with_read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }
}

impl fmt::Debug for RawEndpoint {
    /// Shows the path and the body only by size, and parameters only by name, because they may
    /// contain secrets.
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawEndpoint")
            .field("id", &self.id)
            .field("method", &self.method)
            .field("path", &format_args!("{} bytes", self.path.len()))
            .field("query", &self.query)
            .field("body", &self.body)
            .field("credential", &self.credential)
            .field("server", &self.server)
            .field("idempotent", &self.idempotent)
            .field("read_only", &self.read_only)
            .finish()
    }
}

impl Endpoint for RawEndpoint {
    type Output = Vec<u8>;
    const ID: &'static str = "raw";
    /// A placeholder. The properties of each instance, such as its method and path, are used
    /// instead of those of this route.
    const ROUTE: Route<Self> = Route::<Self>::get("/").path(|endpoint| (&endpoint.path).into());

    #[inline]
    fn id(&self) -> &'static str {
        self.id
    }

    #[inline]
    fn method(&self) -> Method {
        self.method.clone()
    }

    #[inline]
    fn path(&self) -> Cow<'_, str> {
        (&self.path).into()
    }

    #[inline]
    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.clone_from(&self.query);
    }

    #[inline]
    fn body(&self) -> Result<Body<'_>, InputError> {
        Ok(self.body.clone())
    }

    #[inline]
    fn credential(&self) -> Credential {
        self.credential
    }

    #[inline]
    fn server(&self) -> Server {
        self.server
    }

    #[inline]
    fn idempotent(&self) -> bool {
        self.idempotent
    }

    #[inline]
    fn read_only(&self) -> bool {
        self.read_only && self.idempotent
    }

    #[inline]
    fn parse(&self, response: &Response) -> Result<Vec<u8>, ResponseError> {
        Ok(response.body().clone())
    }
}
