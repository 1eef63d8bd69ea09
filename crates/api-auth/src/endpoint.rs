//! Endpoints as data: the request, and how its response is parsed.

use std::borrow::Cow;
use std::fmt;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::uri::{self, PathAndQuery};
use http::{Method, StatusCode, Uri};
use serde::Serialize;

use crate::{Encoding, InputError, Params, Request, Response, ResponseError, Route};

/// An endpoint of a provider. The fields of the implementing type are the arguments.
///
/// [`send`](crate::Client::send), signing, retries and pagination are generic over it. A
/// [`RawEndpoint`] calls endpoints that a crate does not list.
pub trait Endpoint: Sized {
    /// The value of a successful response.
    type Output;

    /// The name of the endpoint in tables, logs and errors, such as `access.grant`.
    const ID: &'static str;

    /// Method, path, credential, server, idempotency and accepted statuses.
    const ROUTE: Route<Self>;

    /// Adds the query parameters, in the order in which they are sent.
    fn query<'a>(&'a self, params: &mut Params<'a>) {
        let _ = params;
    }

    /// Returns the body. Defaults to none.
    ///
    /// # Errors
    /// Returns an error if the arguments cannot be encoded.
    fn body(&self) -> Result<Body<'_>, InputError> {
        Ok(Body::None)
    }

    /// Rejects invalid arguments before anything is sent. The arguments of the path are validated
    /// by the [`ROUTE`](Endpoint::ROUTE).
    ///
    /// # Errors
    /// Returns an error that names the first invalid argument.
    fn validate(&self) -> Result<(), InputError> {
        Ok(())
    }

    /// Parses a response whose status the [`ROUTE`](Endpoint::ROUTE) accepts. Other responses are
    /// errors. A failure that is reported with a status of success is an error here.
    ///
    /// # Errors
    /// Returns the error of the response, or one that names the field that cannot be parsed.
    fn parse(&self, response: &Response) -> Result<Self::Output, ResponseError>;

    /// Returns the HTTP method. Only [`RawEndpoint`] overrides it.
    fn method(&self) -> Method {
        const { &Self::ROUTE }.method().clone()
    }

    /// Returns the percent-encoded path below the base URL of the server. Only [`RawEndpoint`]
    /// overrides it.
    fn path(&self) -> Cow<'_, str> {
        const { &Self::ROUTE }.path_of(self, false)
    }

    /// Returns the path as it may be printed, with `***` for secret arguments.
    fn shown_path(&self) -> Cow<'_, str> {
        const { &Self::ROUTE }.path_of(self, true)
    }

    /// Returns the credential that signs the request. Only [`RawEndpoint`] overrides it.
    fn credential(&self) -> Credential {
        const { &Self::ROUTE }.credential_name()
    }

    /// Returns the server of the environment. Only [`RawEndpoint`] overrides it.
    fn server(&self) -> Server {
        const { &Self::ROUTE }.server_name()
    }

    /// Returns whether the request may be sent again after a lost response. Only [`RawEndpoint`]
    /// overrides it.
    fn idempotent(&self) -> bool {
        const { &Self::ROUTE }.is_idempotent_for(self)
    }
}

/// An [`Endpoint`] without the type of its response, for use as a trait object: the request loop is
/// compiled once, and not for each endpoint.
pub(crate) trait Call {
    fn id(&self) -> &'static str;
    fn method(&self) -> Method;
    fn path(&self) -> Cow<'_, str>;
    fn shown_path(&self) -> Cow<'_, str>;
    fn query<'a>(&'a self, params: &mut Params<'a>);
    fn body(&self) -> Result<Body<'_>, InputError>;
    fn validate(&self) -> Result<(), InputError>;
    fn credential(&self) -> Credential;
    fn server(&self) -> Server;
    fn accept(&self) -> &'static str;
    fn idempotent(&self) -> bool;
    fn accepts(&self, status: StatusCode) -> bool;
}

impl<E: Endpoint> Call for E {
    fn id(&self) -> &'static str {
        const { E::ROUTE.complete() };
        E::ID
    }

    fn method(&self) -> Method {
        Endpoint::method(self)
    }

    fn path(&self) -> Cow<'_, str> {
        Endpoint::path(self)
    }

    fn shown_path(&self) -> Cow<'_, str> {
        Endpoint::shown_path(self)
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        Endpoint::query(self, params);
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Endpoint::body(self)
    }

    fn validate(&self) -> Result<(), InputError> {
        const { &E::ROUTE }.validate(self)?;
        Endpoint::validate(self)
    }

    fn credential(&self) -> Credential {
        Endpoint::credential(self)
    }

    fn server(&self) -> Server {
        Endpoint::server(self)
    }

    fn accept(&self) -> &'static str {
        const { &E::ROUTE }.accept_header()
    }

    fn idempotent(&self) -> bool {
        Endpoint::idempotent(self)
    }

    fn accepts(&self, status: StatusCode) -> bool {
        const { &E::ROUTE }.accepts(status)
    }
}

/// An endpoint whose response is one page of a list.
pub trait Paged: Endpoint + Sized {
    /// The type of the entries.
    type Item;

    /// Returns the request for the page after `page`, or `None` if `page` is the last one.
    fn next(&self, page: &Self::Output) -> Option<Self>;

    /// Returns the entries of a page.
    fn items(page: Self::Output) -> Vec<Self::Item>;

    /// Returns the id of an entry. Entries whose id occurred before are skipped, because a list
    /// that grows while it is read shifts. Entries without an id are never skipped.
    fn item_id(item: &Self::Item) -> Option<&str>;
}

/// The name of one of a client's credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Credential(&'static str);

impl Credential {
    /// The credentials that the client was created with.
    pub const MAIN: Self = Self("main");
    /// No credentials: the request is not signed.
    pub const NONE: Self = Self("none");

    /// Creates the name of another credential of a provider.
    pub const fn named(name: &'static str) -> Self {
        Self(name)
    }

    /// Returns the name.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// The name of one of an environment's hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Server(&'static str);

impl Server {
    /// The host of the API.
    pub const MAIN: Self = Self("main");

    /// Creates the name of another host of a provider.
    pub const fn named(name: &'static str) -> Self {
        Self(name)
    }

    /// Returns the name.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// The body of a request.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Body<'a> {
    /// No body.
    #[default]
    None,
    /// `application/x-www-form-urlencoded`, written with the provider's [`Encoding`].
    Form(Params<'a>),
    /// `application/json`, sent unchanged.
    Json(Vec<u8>),
    /// A body with any other content type.
    Bytes {
        /// The `content-type` header.
        content_type: &'static str,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

impl fmt::Debug for Body<'_> {
    /// Formats names of parameters and numbers of bytes. A value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Form(params) => f.debug_tuple("Form").field(params).finish(),
            Self::Json(bytes) => write!(f, "Json({} bytes)", bytes.len()),
            Self::Bytes { content_type, bytes } => {
                write!(f, "Bytes({content_type}, {} bytes)", bytes.len())
            }
        }
    }
}

impl Body<'_> {
    /// Serializes `value` as a JSON body.
    ///
    /// # Errors
    /// Returns an error if `value` cannot be serialized as JSON.
    pub fn json(value: &impl Serialize) -> Result<Self, InputError> {
        let mut text = Vec::with_capacity(512);
        match serde_json::to_writer(&mut text, value) {
            Ok(()) => Ok(Self::Json(text)),
            Err(error) => Err(InputError::new("body", format!("has no JSON form ({error})"))),
        }
    }
}

/// A request whose parameters are not encoded yet. An [`Auth`](crate::Auth) may add parameters to
/// it.
#[non_exhaustive]
pub struct UnsignedRequest<'a> {
    /// The HTTP method.
    pub method: Method,
    /// The percent-encoded path below the base URL of the server.
    pub path: Cow<'a, str>,
    /// The query.
    pub query: Params<'a>,
    /// The body.
    pub body: Body<'a>,
}

impl fmt::Debug for UnsignedRequest<'_> {
    /// Formats names of parameters and numbers of bytes. The path may contain a secret, too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsignedRequest")
            .field("method", &self.method)
            .field("path", &format_args!("{} bytes", self.path.len()))
            .field("query", &self.query)
            .field("body", &self.body)
            .finish()
    }
}

impl<'a> UnsignedRequest<'a> {
    /// Validates `endpoint` and creates its request.
    ///
    /// # Errors
    /// Returns an error that names the invalid argument.
    pub fn of(endpoint: &'a impl Endpoint) -> Result<Self, InputError> {
        Call::validate(endpoint)?;
        Self::of_checked(endpoint)
    }

    /// Creates the request of a call whose arguments are validated already.
    pub(crate) fn of_checked(call: &'a dyn Call) -> Result<Self, InputError> {
        let mut query = Params::new();
        call.query(&mut query);
        Ok(Self { method: call.method(), path: call.path(), query, body: call.body()? })
    }

    /// Adds a member at the end of the body, for authentication parameters in the body. `Some` is
    /// written as a string and `None` as JSON's null. If there is no body, a JSON body is created.
    ///
    /// # Errors
    /// Returns an error if the body is neither a form nor a JSON object, or for `None` in a form.
    pub fn add_to_body(&mut self, name: &str, value: Option<&str>) -> Result<(), InputError> {
        if let (Body::Form(params), Some(value)) = (&mut self.body, value) {
            params.push(name.to_owned(), value.to_owned());
            return Ok(());
        }
        let refuse = || InputError::new("body", "must be a JSON object or a form");
        let mut bytes = match std::mem::take(&mut self.body) {
            Body::None => b"{}".to_vec(),
            Body::Json(bytes) => bytes,
            _ => return Err(refuse()),
        };
        let Some(inside) = bytes.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")) else {
            return Err(refuse());
        };
        let comma = if inside.trim_ascii().is_empty() { "" } else { "," };
        bytes.truncate(bytes.len() - 1);
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let value = value.map_or_else(|| "null".to_owned(), text);
        bytes.extend_from_slice([comma, &text(name), ":", &value, "}"].concat().as_bytes());
        self.body = Body::Json(bytes);
        Ok(())
    }

    /// Moves the parameters of the query and of a form into a JSON body, as strings. For schemes
    /// that only have JSON bodies.
    ///
    /// # Errors
    /// Returns an error if the body is neither a form nor a JSON object.
    pub fn move_into_json_body(&mut self) -> Result<(), InputError> {
        match std::mem::take(&mut self.body) {
            Body::Form(params) => {
                for (name, value) in params.iter() {
                    self.add_to_body(name, Some(value))?;
                }
            }
            body => self.body = body,
        }
        for (name, value) in std::mem::take(&mut self.query).iter() {
            self.add_to_body(name, Some(value))?;
        }
        if matches!(self.body, Body::None) {
            self.body = Body::Json(b"{}".to_vec());
        }
        Ok(())
    }

    /// Encodes the request, once. The result is signed and sent.
    ///
    /// `base` is scheme, host and an optional path without a slash at its end.
    ///
    /// # Errors
    /// Returns an error if `base` is not a URL, the path does not begin with `/` or contains `?` or
    /// `#`, or the request target is longer than HTTP libraries allow.
    pub fn encode(self, base: &str, encoding: Encoding) -> Result<Request, InputError> {
        let base = Uri::try_from(base)
            .map_err(|error| InputError::new("base_url", format!("is no URI ({error})")))?;
        self.encode_below(&base, encoding)
    }

    /// Encodes the request below a parsed base URL, whose scheme and host are shared.
    pub(crate) fn encode_below(
        self,
        base: &Uri,
        encoding: Encoding,
    ) -> Result<Request, InputError> {
        if !self.path.starts_with('/') || self.path.bytes().any(|byte| matches!(byte, b'?' | b'#'))
        {
            return Err(InputError::new("path", "must begin with / and hold neither ? nor #"));
        }
        let below = base.path().trim_end_matches('/');
        let question_mark = if self.query.is_empty() { "" } else { "?" };
        // The exact length, so that the URI takes the buffer without a copy.
        let length = below.len() + self.path.len() + question_mark.len();
        let mut target = Vec::with_capacity(length + encoding.length(&self.query));
        for part in [below, &self.path, question_mark] {
            target.extend_from_slice(part.as_bytes());
        }
        encoding.write(&self.query, &mut target);
        let no_uri = |error: http::Error| {
            InputError::new("path and query", format!("make no URI ({error})"))
        };
        let mut parts = uri::Parts::default();
        parts.scheme = base.scheme().cloned();
        parts.authority = base.authority().cloned();
        parts.path_and_query =
            Some(PathAndQuery::try_from(target).map_err(|error| no_uri(error.into()))?);
        let uri = Uri::from_parts(parts).map_err(|error| no_uri(error.into()))?;
        let (content_type, bytes) = match self.body {
            Body::None => (None, Vec::new()),
            Body::Form(params) => (Some(HeaderValue::from_static(FORM)), form(&params, encoding)),
            Body::Json(bytes) => (Some(HeaderValue::from_static("application/json")), bytes),
            Body::Bytes { content_type, bytes } => {
                (Some(HeaderValue::from_static(content_type)), bytes)
            }
        };
        let mut request = Request::new(bytes);
        *request.method_mut() = self.method;
        *request.uri_mut() = uri;
        if let Some(value) = content_type {
            request.headers_mut().insert(CONTENT_TYPE, value);
        }
        Ok(request)
    }
}

/// The content type of forms.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// Returns whether the body of a request is a form.
#[inline]
pub(crate) fn is_form(request: &Request) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(FORM.as_bytes()))
}

/// Encodes a form, with spare capacity for escapes and for what an auth appends.
fn form(params: &Params<'_>, encoding: Encoding) -> Vec<u8> {
    const SIGNATURE: usize = 128;
    let length: usize = params.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    let mut text = Vec::with_capacity(length + length / 2 + SIGNATURE);
    encoding.write(params, &mut text);
    text
}

/// An endpoint that the crate does not list: new, undocumented or internal. Its requests are
/// signed, encoded, retried and classified like all others. Its response body is returned as bytes.
///
/// ```
/// use api_auth::{Endpoint, Method, RawEndpoint};
///
/// let call = RawEndpoint::new(Method::GET, "/r2/access/count").param("rid", "r1");
/// assert!(call.idempotent());
/// ```
#[derive(Clone)]
pub struct RawEndpoint {
    method: Method,
    path: String,
    query: Params<'static>,
    body: Body<'static>,
    credential: Credential,
    server: Server,
    idempotent: bool,
}

impl RawEndpoint {
    /// Creates a request for `path`, which is sent unchanged and must therefore be percent-encoded
    /// (see [`path_segment`](crate::path_segment)).
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            idempotent: matches!(method, Method::GET | Method::HEAD),
            method,
            path: path.into(),
            query: Params::new(),
            body: Body::None,
            credential: Credential::MAIN,
            server: Server::MAIN,
        }
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push(name.into(), value.into());
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn with_body(mut self, body: Body<'static>) -> Self {
        self.body = body;
        self
    }

    /// Sets another of the client's credentials, or [`Credential::NONE`].
    #[must_use]
    pub fn with_credential(mut self, credential: Credential) -> Self {
        self.credential = credential;
        self
    }

    /// Sets another of the environment's hosts.
    #[must_use]
    pub fn with_server(mut self, server: Server) -> Self {
        self.server = server;
        self
    }

    /// Sets whether the request is idempotent, that is, safe to retry.
    #[must_use]
    pub fn with_idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = idempotent;
        self
    }
}

impl fmt::Debug for RawEndpoint {
    /// Formats names of parameters and numbers of bytes. The path may contain a secret, too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawEndpoint")
            .field("method", &self.method)
            .field("path", &format_args!("{} bytes", self.path.len()))
            .field("query", &self.query)
            .field("body", &self.body)
            .field("credential", &self.credential)
            .field("server", &self.server)
            .field("idempotent", &self.idempotent)
            .finish()
    }
}

impl Endpoint for RawEndpoint {
    type Output = Vec<u8>;
    const ID: &'static str = "raw";
    /// The method, path, credential, server and idempotency of the value override those of this
    /// route.
    const ROUTE: Route<Self> = Route::<Self>::get("/").path(|endpoint| (&endpoint.path).into());

    fn method(&self) -> Method {
        self.method.clone()
    }

    fn path(&self) -> Cow<'_, str> {
        (&self.path).into()
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.clone_from(&self.query);
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Ok(self.body.clone())
    }

    fn credential(&self) -> Credential {
        self.credential
    }

    fn server(&self) -> Server {
        self.server
    }

    fn idempotent(&self) -> bool {
        self.idempotent
    }

    fn parse(&self, response: &Response) -> Result<Vec<u8>, ResponseError> {
        Ok(response.body().clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct GetRefund {
        refund_id: String,
    }

    impl Endpoint for GetRefund {
        type Output = ();
        const ID: &'static str = "refunds.get";
        const ROUTE: Route<Self> = crate::route!(GET "/refunds/{refundId}", refund_id);

        fn parse(&self, _: &Response) -> Result<(), ResponseError> {
            Ok(())
        }
    }

    #[test]
    fn arguments_of_the_path_are_validated_before_a_request_is_built() {
        for bad in ["", " ", "..", "."] {
            let call = GetRefund { refund_id: bad.to_owned() };
            let error = UnsignedRequest::of(&call).unwrap_err();
            assert_eq!(error.argument(), "refund_id", "{bad:?}");
        }
        let call = GetRefund { refund_id: "rf/1".to_owned() };
        assert_eq!(UnsignedRequest::of(&call).unwrap().path, "/refunds/rf%2F1");
    }

    const BASE: &str = "https://api.example.com/base";

    fn encode(call: &RawEndpoint) -> Result<Request, InputError> {
        UnsignedRequest::of(call)?.encode(BASE, Encoding::Form)
    }

    #[test]
    fn without_parameters_there_is_no_question_mark() {
        let request = encode(&RawEndpoint::new(Method::GET, "/r2/download/")).unwrap();
        assert_eq!(request.uri(), "https://api.example.com/base/r2/download/");
        assert!(request.headers().is_empty());
    }

    #[test]
    fn form_and_json_bodies_carry_their_content_type() {
        let mut form = Params::new();
        form.push("a b", "*~");
        let call = RawEndpoint::new(Method::POST, "/x").with_body(Body::Form(form));
        let request = encode(&call).unwrap();
        assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
        assert_eq!(request.body(), b"a+b=*%7E");

        let call = RawEndpoint::new(Method::POST, "/x").with_body(Body::json(&["ą/"]).unwrap());
        let request = encode(&call).unwrap();
        assert_eq!(request.headers()["content-type"], "application/json");
        assert_eq!(request.body(), "[\"ą/\"]".as_bytes());
    }

    #[test]
    fn debug_shows_names_and_lengths_and_no_values() {
        let mut form = Params::new();
        form.push("password", "CANARY");
        for (body, shown) in [
            (Body::None, "None"),
            (Body::Form(form), r#"Form(["password"])"#),
            (Body::Json(b"{\"a\":\"CANARY\"}".to_vec()), "Json(14 bytes)"),
            (
                Body::Bytes { content_type: "text/plain", bytes: b"CANARY".to_vec() },
                "Bytes(text/plain, 6 bytes)",
            ),
        ] {
            assert_eq!(format!("{body:?}"), shown);
            let call = RawEndpoint::new(Method::POST, "/t/CANARY").param("token", "CANARY");
            let call = call.with_body(body);
            let unsigned = UnsignedRequest::of(&call).unwrap();
            for text in [format!("{call:?}"), format!("{unsigned:?}")] {
                assert!(text.contains("path: 9 bytes") && text.contains(r#"["token"]"#), "{text}");
                // Also not as a list of byte values.
                assert!(text.contains(shown), "{text}");
                assert!(!text.contains("CANARY") && !text.contains("67, 65"), "{text}");
            }
        }
    }

    #[test]
    fn members_are_added_at_the_end_of_a_body() {
        let dressed = |body: Body<'static>, value| {
            let call = RawEndpoint::new(Method::POST, "/x").param("q", "1 é").with_body(body);
            let mut unsigned = UnsignedRequest::of(&call).unwrap();
            unsigned.add_to_body("t\"", value)?;
            unsigned.move_into_json_body()?;
            assert!(unsigned.query.is_empty());
            let request = unsigned.encode(BASE, Encoding::Form).unwrap();
            assert_eq!(request.headers()["content-type"], "application/json");
            Ok::<_, InputError>(String::from_utf8(request.into_body()).unwrap())
        };
        assert_eq!(dressed(Body::None, None).unwrap(), r#"{"t\"":null,"q":"1 é"}"#);
        let json = |text: &str| Body::Json(text.as_bytes().to_vec());
        assert_eq!(
            dressed(json(r#"{"a":[]}"#), Some("v")).unwrap(),
            r#"{"a":[],"t\"":"v","q":"1 é"}"#
        );
        let mut form = Params::new();
        form.push("f", "2");
        assert_eq!(
            dressed(Body::Form(form), Some("v")).unwrap(),
            r#"{"f":"2","t\"":"v","q":"1 é"}"#
        );
        for bad in ["[]", "1", "", "{"] {
            assert_eq!(dressed(json(bad), Some("v")).unwrap_err().argument(), "body", "{bad}");
        }
    }

    #[test]
    fn a_path_that_is_none_is_refused_by_name() {
        for bad in ["", "r2", "/a?b=c", "/a#b", "/a b", "/a\nb", "@evil.example/"] {
            let error = encode(&RawEndpoint::new(Method::GET, bad)).unwrap_err();
            assert!(error.argument().starts_with("path"), "{bad:?}: {error}");
        }
    }

    #[test]
    fn a_target_beyond_what_http_allows_is_an_error_and_no_panic() {
        let call = RawEndpoint::new(Method::GET, "/x").param("q", "x".repeat(70_000));
        assert_eq!(encode(&call).unwrap_err().argument(), "path and query");
    }
}
