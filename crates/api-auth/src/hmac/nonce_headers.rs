//! The nonce-header scheme: three headers with a signature of the method, URL, parameters, id and
//! time.
//!
//! ```text
//! message   = METHOD LF URL LF PARAMS LF ID LF NONCE         no LF at the end
//! URL       = scheme://host[:port]/path                      no query; default ports left out
//! PARAMS    = PHP's JSON of the decoded query (GET, DELETE with a query) or of the decoded form,
//!             else the bytes of the JSON body, or {} without a body
//! NONCE     = Unix seconds
//! signature = base64(HMAC-SHA256(key, message)) with "="
//! headers   = X-NAMESPACE-Auth-Api-Token, X-NAMESPACE-Auth-Nonce, X-NAMESPACE-Auth-Signature
//! ```
//!
//! For every GET, servers from 2021 or later verify `{}` instead of the query
//! ([`Variant::EmptyQuery`]). A third version of the scheme signs only the body and requires a JSON
//! body with every method ([`Variant::BodyOnly`]). That body is written in the format of PHP's
//! `json_encode`, so that a server that encodes the parsed body again verifies the same bytes.
//!
//! ```text
//! message   = NONCE BODY                                     nothing between the two
//! signature = hex(HMAC-SHA256(key, message))
//! headers   = X-API-Key, X-API-Nonce, X-API-Signature
//! ```
//!
//! ```
//! use api_auth::hmac::nonce_headers::{Variant, message, params, signature};
//! use api_auth::{HmacKey, Method, Secret};
//!
//! let params = params(Variant::SignedQuery, &Method::GET, "limit=10", "", b"")?;
//! assert_eq!(&*params, br#"{"limit":"10"}"#);
//!
//! let (url, id, nonce) = ("https://api.example.com/v1/users", "id", "1700000000");
//! let text = message(&Method::GET, url, &params, id, nonce);
//! let key = HmacKey::new("key", &Secret::new("k1"))?;
//! let signature = signature(&key, &Method::GET, url, &params, id, nonce);
//! assert!(key.verify(&[&text], signature.as_bytes()));
//! # Ok::<(), api_auth::InputError>(())
//! ```

pub(crate) mod php_json;

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, StatusCode, Uri};

use crate::auth::{Auth, Generation};
use crate::body::Body;
use crate::encode::written;
use crate::error::Error;
use crate::error::input::InputError;
use crate::hmac::{HmacKey, Signature};
use crate::message::{Request, Response};
use crate::models::UnixTime;
use crate::secret::Secret;
use crate::unsigned_request::UnsignedRequest;
use crate::validate;

pub use self::php_json::{php_json, php_json_body};

/// The version of the scheme that a server verifies.
///
/// See the example in the module [`nonce_headers`](crate::hmac::nonce_headers).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Variant {
    /// For GET, the decoded query is signed as JSON. Servers from 2016 to 2021 verify this.
    #[default]
    SignedQuery,
    /// For every GET, `{}` is signed, whatever the query. Servers have verified this since April
    /// 2021.
    EmptyQuery,
    /// The nonce and the body are signed, and the signature is sent in `X-API-*` headers. The
    /// parameters of the query are moved into a JSON body, which is written in PHP's format (see
    /// [`php_json_body`]). Servers from 2022 or later verify this.
    BodyOnly,
}

/// Returns the part of the signed message that represents the query or the body.
///
/// See the example in the module [`nonce_headers`](crate::hmac::nonce_headers).
///
/// # Errors
/// Returns an error for parameter names that the server would parse differently, for values that
/// are not UTF-8, and for bodies that are neither JSON nor a form.
#[inline]
pub fn params<'a>(
    variant: Variant,
    method: &Method,
    query: &str,
    content_type: &str,
    body: &'a [u8],
) -> Result<Cow<'a, [u8]>, InputError> {
    let empty = || Ok(Cow::Borrowed(&b"{}"[..]));
    let json = |encoded: &str| php_json(encoded).map(|text| Cow::Owned(text.into_bytes()));
    if *method == Method::GET {
        return if variant == Variant::EmptyQuery { empty() } else { json(query) };
    }
    if *method == Method::DELETE && !query.is_empty() {
        return json(query);
    }
    if body.is_empty() {
        empty()
    } else if content_type.contains("/json") {
        Ok(Cow::Borrowed(body))
    } else if content_type.starts_with(crate::body::FORM) {
        json(str::from_utf8(body).map_err(|_| InputError::new("body", "is not UTF-8"))?)
    } else {
        Err(InputError::new("body", "can be signed only if it is JSON or a form"))
    }
}

/// Returns the URL as it is signed: without the query and a default port, and with the scheme and
/// host in lower case. The path is the same as in the request line.
///
/// ```
/// use api_auth::hmac::nonce_headers::signed_url;
///
/// let uri = "HTTPS://Example.com:443/a%2fb/?q=1".parse()?;
/// assert_eq!(signed_url(&uri), "https://example.com/a%2fb/");
/// # Ok::<(), api_auth::http::uri::InvalidUri>(())
/// ```
#[inline]
pub fn signed_url(uri: &Uri) -> String {
    let mut url = origin(uri);
    url.push_str(uri.path());
    url
}

/// Returns the scheme, host and port as they are signed, that is, in lower case and without a
/// default port.
#[inline]
fn origin(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or("https");
    let mut text = String::with_capacity(128);
    text.extend([scheme, "://", uri.host().unwrap_or_default()]);
    text.make_ascii_lowercase();
    match (uri.port_u16(), scheme) {
        (None, _) | (Some(80), "http") | (Some(443), "https") => {}
        (Some(port), _) => text.extend([":", &port.to_string()]),
    }
    text
}

/// Returns the whole message that is signed, for diagnosis. [`signature`] signs the same bytes
/// without creating the message.
///
/// See the example in the module [`nonce_headers`](crate::hmac::nonce_headers).
#[inline]
pub fn message(method: &Method, url: &str, params: &[u8], id: &str, nonce: &str) -> Vec<u8> {
    [method.as_str().as_bytes(), url.as_bytes(), params, id.as_bytes(), nonce.as_bytes()]
        .join(&b'\n')
}

/// Returns the signature of the message, which consists of the arguments after `key` on separate
/// lines.
///
/// See the example in the module [`nonce_headers`](crate::hmac::nonce_headers).
#[inline]
pub fn signature(
    key: &HmacKey,
    method: &Method,
    url: &str,
    params: &[u8],
    id: &str,
    nonce: &str,
) -> Signature {
    key.sign(&[
        method.as_str().as_bytes(),
        b"\n",
        url.as_bytes(),
        b"\n",
        params,
        b"\n",
        id.as_bytes(),
        b"\n",
        nonce.as_bytes(),
    ])
}

/// Returns the signature for [`Variant::BodyOnly`], which covers the nonce and the body.
///
/// See the example in the module [`nonce_headers`](crate::hmac::nonce_headers).
#[inline]
pub fn body_signature(key: &HmacKey, nonce: &str, body: &[u8]) -> Signature {
    key.sign(&[nonce.as_bytes(), body])
}

/// An [`Auth`] that signs requests with the nonce-header scheme, using an id and a key.
///
/// See the example in the module [`nonce_headers`](crate::hmac::nonce_headers).
#[derive(Debug, Clone)]
pub struct NonceHeaders {
    names: Names,
    id: String,
    id_value: HeaderValue,
    key: HmacKey,
    spaced: Option<&'static str>,
    variant: Variant,
    /// Whether a GET with a rejected signature is sent once more, signed as `EmptyQuery` instead of
    /// `SignedQuery`, or the reverse.
    try_other_form: bool,
    /// Whether requests are currently signed with the alternative to `variant`: `EmptyQuery` for
    /// `SignedQuery`, and the reverse. Clones share this value.
    swapped: Arc<AtomicBool>,
    origin: Option<String>,
    announced: bool,
}

#[derive(Debug, Clone)]
struct Names {
    id: HeaderName,
    nonce: HeaderName,
    signature: HeaderName,
    /// `None` if the URL is not signed.
    signed_url: Option<HeaderName>,
}

impl Names {
    #[inline]
    fn new(namespace: &str) -> Option<Self> {
        let name = |last: &str| {
            let text = format!("x-{namespace}-auth-{last}").to_ascii_lowercase();
            HeaderName::try_from(text).ok()
        };
        Some(Self {
            id: name("api-token")?,
            nonce: name("nonce")?,
            signature: name("signature")?,
            signed_url: Some(name("signed-url")?),
        })
    }

    #[inline]
    fn body_only() -> Self {
        Self {
            id: HeaderName::from_static("x-api-key"),
            nonce: HeaderName::from_static("x-api-nonce"),
            signature: HeaderName::from_static("x-api-signature"),
            signed_url: None,
        }
    }
}

/// Marks a GET that is signed according to the configured variant, and can be signed again with the
/// alternative if the server rejects its signature.
const AS_CONFIGURED: Generation = Generation::new(1);
/// Marks a GET that is signed with the alternative to the configured variant: `EmptyQuery` for
/// `SignedQuery`, and the reverse.
const SWAPPED: Generation = Generation::new(2);

impl NonceHeaders {
    /// Creates a signer from an id and a key, each with the name that errors use for it. The names
    /// of the headers contain `namespace`: for `Tokenly`, one of them is `X-Tokenly-Auth-Nonce`.
    /// With [`Variant::BodyOnly`], the names are fixed, and `namespace` is not used.
    ///
    /// # Errors
    /// Returns an error if `namespace` is not valid in a header name, if the id is empty or
    /// contains characters other than visible ASCII, or if the key is empty or contains control
    /// characters.
    #[inline]
    pub fn new(
        namespace: &str,
        variant: Variant,
        (id_name, id): (&'static str, String),
        (key_name, key): (&'static str, &Secret),
    ) -> Result<Self, InputError> {
        let names = match variant {
            Variant::BodyOnly => Some(Names::body_only()),
            Variant::SignedQuery | Variant::EmptyQuery => Names::new(namespace),
        };
        let names =
            names.ok_or_else(|| InputError::new("namespace", "is not valid in a header name"))?;
        if id.is_empty() {
            return Err(InputError::new(id_name, "must not be empty"));
        }
        let id_value = HeaderValue::try_from(&id)
            .ok()
            .filter(|_| id.bytes().all(|byte| byte.is_ascii_graphic()))
            .ok_or_else(|| {
                InputError::new(id_name, "must contain only visible ASCII characters")
            })?;
        validate::no_control(key_name, key.expose())?;
        Ok(Self {
            names,
            id,
            id_value,
            key: HmacKey::new(key_name, key)?,
            spaced: key.has_outer_space().then_some(key_name),
            variant,
            try_other_form: false,
            swapped: Arc::default(),
            origin: None,
            announced: false,
        })
    }

    /// Sets whether a GET with a query whose signature is rejected is sent once more, signed as
    /// [`Variant::EmptyQuery`] instead of [`Variant::SignedQuery`], or the reverse. Later requests
    /// are then signed with the same variant as the second request, until that is rejected.
    #[must_use]
    #[inline]
    pub fn try_other_form(mut self, yes: bool) -> Self {
        self.try_other_form = yes;
        self
    }

    /// Sets the URL whose scheme, host and port are signed instead of those of the request, for
    /// servers behind a proxy that forwards requests under a different host name. The signed path
    /// is still that of the request.
    ///
    /// # Errors
    /// Returns an error if `url` is not an `http` or `https` URL, or contains more than a scheme, a
    /// host and a port.
    #[inline]
    pub fn signed_as(mut self, argument: &'static str, url: &str) -> Result<Self, InputError> {
        let uri = Uri::try_from(url).ok();
        let uri = uri.filter(|uri| {
            let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
            let web = matches!(uri.scheme_str(), Some("http" | "https"));
            bare && web && uri.authority().is_some_and(|host| !host.as_str().contains('@'))
        });
        let uri = uri.ok_or_else(|| InputError::new(argument, "must be scheme and host only"))?;
        self.origin = Some(origin(&uri));
        Ok(self)
    }

    /// Sends the signed URL in the header `X-NAMESPACE-Auth-Signed-Url`, except with
    /// [`Variant::BodyOnly`]. Servers that do not support this header reject the request.
    #[must_use]
    #[inline]
    pub fn announce_signed_url(mut self) -> Self {
        self.announced = true;
        self
    }

    /// Returns the variant that requests are currently signed with. It can differ from the
    /// configured one if [`try_other_form`](NonceHeaders::try_other_form) is set.
    #[inline]
    pub fn variant(&self) -> Variant {
        match (self.variant, self.swapped.load(Ordering::Relaxed)) {
            (Variant::SignedQuery, true) => Variant::EmptyQuery,
            (Variant::EmptyQuery, true) => Variant::SignedQuery,
            (variant, _) => variant,
        }
    }

    #[inline]
    fn sign_body(&self, request: &mut Request) -> Result<(), Error> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if kind.is_some_and(|kind| kind.contains("/json")) {
            *request.body_mut() = php_json_body(request.body())?.into_bytes();
        }
        let nonce = Secret::unguessable()?;
        let signature = body_signature(&self.key, nonce.expose(), request.body());
        self.insert(request, header_value(nonce.expose())?, &signature.hex(), None)
    }

    #[inline]
    fn insert(
        &self,
        request: &mut Request,
        nonce: HeaderValue,
        signature: &str,
        url: Option<&str>,
    ) -> Result<(), Error> {
        let mut signature = header_value(signature)?;
        signature.set_sensitive(true);
        let url = url.map(header_value).transpose()?;
        let headers = request.headers_mut();
        headers.insert(self.names.id.clone(), self.id_value.clone());
        headers.insert(self.names.nonce.clone(), nonce);
        headers.insert(self.names.signature.clone(), signature);
        if let (Some(name), Some(url)) = (&self.names.signed_url, url) {
            headers.insert(name.clone(), url);
        }
        Ok(())
    }
}

#[inline]
fn header_value(text: &str) -> Result<HeaderValue, InputError> {
    HeaderValue::try_from(text)
        .map_err(|_| InputError::new("signature", "cannot be sent in a header"))
}

/// Moves the parameters of the query and of a form into a JSON body, as strings.
///
/// # Errors
/// Returns an error if the body is neither a form nor a JSON object.
#[inline]
fn move_parameters_into_json_body(unsigned: &mut UnsignedRequest<'_>) -> Result<(), InputError> {
    match std::mem::take(&mut unsigned.body) {
        Body::Form(params) => {
            for (name, value) in params.iter() {
                unsigned.add_to_body(name, Some(value))?;
            }
        }
        body => unsigned.body = body,
    }
    for (name, value) in std::mem::take(&mut unsigned.query).iter() {
        unsigned.add_to_body(name, Some(value))?;
    }
    if matches!(unsigned.body, Body::None) {
        unsigned.body = Body::Json(b"{}".to_vec());
    }
    Ok(())
}

impl Auth for NonceHeaders {
    /// For [`Variant::BodyOnly`], moves the parameters of the query and of a form into a JSON body.
    #[inline]
    fn add_parameters(
        &self,
        unsigned: &mut UnsignedRequest<'_>,
        _: &mut Generation,
        _: SystemTime,
    ) -> Result<(), Error> {
        if self.variant == Variant::BodyOnly {
            move_parameters_into_json_body(unsigned)?;
        }
        Ok(())
    }

    #[inline]
    fn sign(
        &self,
        request: &mut Request,
        generation: &mut Generation,
        now: SystemTime,
    ) -> Result<(), Error> {
        let variant = self.variant();
        if variant == Variant::BodyOnly {
            return self.sign_body(request);
        }
        let uri = request.uri();
        let url = match &self.origin {
            Some(origin) => [origin.as_str(), uri.path()].concat(),
            None => signed_url(uri),
        };
        let content_type = request.headers().get(CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let query = uri.query().unwrap_or_default();
        let params = params(variant, request.method(), query, content_type, request.body())?;
        let mut buffer = [0; 20];
        let nonce = written(UnixTime::from(now).seconds(), &mut buffer);
        let signature = signature(&self.key, request.method(), &url, &params, &self.id, nonce);
        let two_forms = request.method() == Method::GET && !query.is_empty();
        drop(params);
        let announced = self.announced.then_some(url.as_str());
        self.insert(request, header_value(nonce)?, &signature.base64(), announced)?;
        if self.try_other_form && two_forms {
            *generation = if variant == self.variant { AS_CONFIGURED } else { SWAPPED };
        }
        Ok(())
    }

    #[inline]
    fn invalidate_if_rejected(&self, response: &Response, generation: Generation) -> bool {
        const TEXT: &[u8] = b"Invalid Authorization Signature";
        if !matches!(generation, AS_CONFIGURED | SWAPPED)
            || response.status() != StatusCode::FORBIDDEN
            || !response.body().windows(TEXT.len()).any(|part| part == TEXT)
        {
            return false;
        }
        // Another thread may have changed the value since this request was signed.
        let (from, to) = (generation == SWAPPED, generation == AS_CONFIGURED);
        let _ = self.swapped.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed);
        true
    }

    #[inline]
    fn spaced_credential(&self) -> Option<&'static str> {
        self.spaced
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::{Encoding, Params};
    use crate::raw_endpoint::RawEndpoint;
    use proptest::prelude::*;
    use std::time::Duration;

    const ID: &str = "IExampleClient00000000000000000A1";
    const SECRET: &str = "KExampleSecret000000000000000000000000Z9";
    const TOKEN: &str = "ExampleOauthToken00000000000000000000001";

    fn auth(variant: Variant) -> NonceHeaders {
        let key = Secret::new(SECRET);
        NonceHeaders::new("Tokenly", variant, ("id", ID.to_owned()), ("secret", &key)).unwrap()
    }

    fn request(method: &str, target: &str, body: &str) -> Request {
        let url = if target.starts_with('/') {
            format!("https://tokenpass.tokenly.com{target}")
        } else {
            target.to_owned()
        };
        let builder = http::Request::builder().method(method).uri(url);
        builder.header("content-type", "application/json").body(body.as_bytes().to_vec()).unwrap()
    }

    fn signed(auth: &NonceHeaders, mut request: Request) -> Request {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_506_000_000);
        auth.sign(&mut request, &mut Generation::default(), now).unwrap();
        request
    }

    fn sign(variant: Variant, method: &str, target: &str, body: &str) -> String {
        let request = signed(&auth(variant), request(method, target, body));
        assert_eq!(request.headers()["x-tokenly-auth-api-token"], ID);
        assert_eq!(request.headers()["x-tokenly-auth-nonce"], "1506000000");
        let signature = &request.headers()["x-tokenly-auth-signature"];
        assert!(signature.is_sensitive());
        signature.to_str().unwrap().to_owned()
    }

    #[test]
    fn each_stage_has_its_known_answer() {
        let query = format!("TOKENLY=1&LTBCOIN=100000&stackop_1=OR&oauth_token={TOKEN}");
        let uri: Uri = format!("https://tokenpass.tokenly.com/api/v1/tca/check/cryptonaut?{query}")
            .parse()
            .unwrap();
        let params =
            params(Variant::SignedQuery, &Method::GET, &query, "", b"").unwrap().into_owned();
        let json = format!(
            r#"{{"TOKENLY":"1","LTBCOIN":"100000","stackop_1":"OR","oauth_token":"{TOKEN}"}}"#
        );
        assert_eq!(str::from_utf8(&params).unwrap(), json);
        let url = signed_url(&uri);
        let text = message(&Method::GET, &url, &params, ID, "1506000000");
        assert_eq!(
            str::from_utf8(&text).unwrap(),
            format!(
                "GET\nhttps://tokenpass.tokenly.com/api/v1/tca/check/cryptonaut\n{json}\n{ID}\n1506000000"
            )
        );
        let key = HmacKey::new("secret", &Secret::new(SECRET)).unwrap();
        let expected = "Pua9ZcBE+CI56vBMjZyXEA645j196gur9lWWxSeoWKU=";
        assert_eq!(&*key.sign(&[&text]).base64(), expected);
        let parts = signature(&key, &Method::GET, &url, &params, ID, "1506000000");
        assert_eq!(&*parts.base64(), expected);
    }

    #[test]
    fn query_and_form_become_the_members_of_a_json_body() {
        let moved = |body: Body<'static>, value| {
            let call = RawEndpoint::new(Method::POST, "/x").param("q", "1 é").with_body(body);
            let mut unsigned = UnsignedRequest::of(&call).unwrap();
            unsigned.add_to_body("t\"", value)?;
            move_parameters_into_json_body(&mut unsigned)?;
            assert!(unsigned.query.is_empty());
            let request = unsigned.encode("https://api.example.com", Encoding::Form).unwrap();
            assert_eq!(request.headers()["content-type"], "application/json");
            Ok::<_, InputError>(String::from_utf8(request.into_body()).unwrap())
        };
        assert_eq!(moved(Body::None, None).unwrap(), r#"{"t\"":null,"q":"1 é"}"#);
        let json = |text: &str| Body::Json(text.as_bytes().to_vec());
        assert_eq!(
            moved(json(r#"{"a":[]}"#), Some("v")).unwrap(),
            r#"{"a":[],"t\"":"v","q":"1 é"}"#
        );
        let mut form = Params::new();
        form.push("f", "2");
        assert_eq!(moved(Body::Form(form), Some("v")).unwrap(), r#"{"f":"2","t\"":"v","q":"1 é"}"#);
        for bad in ["[]", "1", "", "{"] {
            assert_eq!(moved(json(bad), Some("v")).unwrap_err().argument(), "body", "{bad}");
        }
    }

    #[test]
    fn decoded_query_is_signed() {
        let get = |target| sign(Variant::SignedQuery, "GET", target, "");
        for (target, signature) in [
            (
                "/api/v1/tca/check/cryptonaut?LTBCOIN=10000&LTBSTAFF=1&op_0=%3E&stackop_1=OR",
                "l2UgMbyEn790E6Gf1nnnoYC5AJ4ClRYBN7+/Pq2pdrI=",
            ),
            (
                "/api/v1/tca/addresses/cryptonaut?refresh=",
                "58z+Rcd73FNZX8iXt4ML+X4+LYfUhMuT2sXFuXMYJls=",
            ),
            (
                "/api/v1/lookup/user/bob?note=two+words",
                "TQwrtk0denKmnFBZa4E8a8NlJzG/b0N72kDUNQiJ9IE=",
            ),
            (
                "/api/v1/lookup/user/bob?note=two%20words",
                "TQwrtk0denKmnFBZa4E8a8NlJzG/b0N72kDUNQiJ9IE=",
            ),
            (
                "/api/v1/lookup/user/bob?name=caf%C3%A9+%E2%82%BF+%F0%9F%98%80",
                "sb7yM3Kb5m7wNiHGKc6PBaKOT6iIr/K0y7kHSrHsuao=",
            ),
            ("/api/v1/lookup/user/Ren%C3%A9", "ICB7m3NCR+peIPJDMUxIfJ4hXYcMuGP2+WpM1V0qnl8="),
            (
                "/api/v1/lookup/user/bob?q=%26%3D%2B%2F%3F%23%22%5C%25%7E%27",
                "rksDc/p+1QKVlYkxLZ5NvVfqwk3iH2qxgNXh/Wj160A=",
            ),
            ("/api/v1/tca/check/bob?A=1&B=2&A=3", "HBAI3FMbd8MpsHkvyfnxVR3XAt6noK/fxOlPzBdHgQE="),
            (
                "/api/v1/tca/users?TOKENLY=1&tags%5B%5D=red&tags%5B%5D=blue&meta%5Bsize%5D=L",
                "0rNvLQVQJAkTvIo0wkXRNKS+wukvfeywmrl3QjO3uBE=",
            ),
            (
                "http://127.0.0.1:8321/api/v1/credits",
                "lkHtt8j1cBHl0nHo0jZHGXa4pPBqRM8cVNly9MPX6Uk=",
            ),
        ] {
            assert_eq!(get(target), signature, "{target}");
        }
    }

    #[test]
    fn newer_form_signs_an_empty_object_on_get_only() {
        let get = |target| sign(Variant::EmptyQuery, "GET", target, "");
        let rules = format!(
            "/api/v1/tca/check/cryptonaut?TOKENLY=1&LTBCOIN=100000&stackop_1=OR&oauth_token={TOKEN}"
        );
        assert_eq!(get(&rules), "+gxIYA8sZZmDGW7dYO5/lnvE6zdxuetjunMDYE7T86A=");
        assert_eq!(
            get("/api/v1/tca/addresses/cryptonaut?refresh="),
            "P/IlVL2/n4zreXN75OveOq9473Ye9GXotOiF1x5ubS0="
        );
        let target =
            format!("/api/v1/tca/address/1CPM4nnf9sjD7aU46gQki8moNdxwwkfjbf?oauth_token={TOKEN}");
        for variant in [Variant::SignedQuery, Variant::EmptyQuery] {
            assert_eq!(
                sign(variant, "DELETE", &target, ""),
                "SHhYIpVV85wBuOPeVbguy/AYFaGRcE6uBCnsMbaj44U="
            );
        }
    }

    #[test]
    fn json_body_is_signed_as_the_sent_bytes() {
        let body = r#"{"name":"Café ₿ 😀 a/b"}"#;
        assert_eq!(
            sign(Variant::SignedQuery, "POST", "/api/v1/credits", body),
            "K7lJQ1Nn0uUY1b/0g4KXQQebSW0Nm3/bBY4EUrRFMcc="
        );
        assert_eq!(
            sign(
                Variant::SignedQuery,
                "DELETE",
                "/api/v1/tca/provisional/1CPM4nnf9sjD7aU46gQki8moNdxwwkfjbf",
                ""
            ),
            "K1YWEJcpadhhx6/TNp3F8wrEfEafJPNTfC4Jjy3wH8I="
        );
    }

    #[test]
    fn only_the_body_variant_moves_the_query_into_the_body() {
        let call = RawEndpoint::new(Method::POST, "/things").param("a", "1");
        for (variant, query, body) in [
            (Variant::SignedQuery, Some("a=1"), ""),
            (Variant::EmptyQuery, Some("a=1"), ""),
            (Variant::BodyOnly, None, r#"{"a":"1"}"#),
        ] {
            let mut unsigned = UnsignedRequest::of(&call).unwrap();
            auth(variant)
                .add_parameters(&mut unsigned, &mut Generation::default(), SystemTime::UNIX_EPOCH)
                .unwrap();
            let request = unsigned.encode("https://h.example", Encoding::Form).unwrap();
            assert_eq!(request.uri().query(), query, "{variant:?}");
            assert_eq!(request.body(), body.as_bytes(), "{variant:?}");
        }
    }

    #[test]
    fn query_is_signed_only_for_get_and_delete() {
        let of = |method, query, body: &'static str| {
            let kind = "application/json";
            let params = params(Variant::SignedQuery, &method, query, kind, body.as_bytes());
            String::from_utf8(params.unwrap().into_owned()).unwrap()
        };
        assert_eq!(of(Method::GET, "a=1", "[2]"), r#"{"a":"1"}"#);
        assert_eq!(of(Method::DELETE, "a=1", "[2]"), r#"{"a":"1"}"#);
        assert_eq!(of(Method::DELETE, "", "[2]"), "[2]");
        assert_eq!(of(Method::POST, "a=1", "[2]"), "[2]");
        assert_eq!(of(Method::POST, "a=1", ""), "{}");
    }

    #[test]
    fn form_is_signed_as_json_and_other_bodies_are_rejected() {
        let of = |kind: &str, body: &'static str| {
            params(Variant::SignedQuery, &Method::POST, "", kind, body.as_bytes())
                .map(|params| String::from_utf8(params.into_owned()).unwrap())
        };
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        assert_eq!(of(form, "a=1+2").unwrap(), r#"{"a":"1 2"}"#);
        assert_eq!(of("application/json; charset=utf-8", "[1, 2]").unwrap(), "[1, 2]");
        assert_eq!(of("text/plain", "").unwrap(), "{}");
        assert_eq!(of("text/plain", "x").unwrap_err().argument(), "body");
    }

    #[test]
    fn ports_are_signed_unless_they_are_the_default() {
        for (url, signed) in [
            ("https://h:443/a", "https://h/a"),
            ("http://h:80", "http://h/"),
            ("http://h:443/a", "http://h:443/a"),
            ("https://H.Example:8443/A/", "https://h.example:8443/A/"),
            ("http://[::1]:81/", "http://[::1]:81/"),
        ] {
            assert_eq!(signed_url(&url.parse().unwrap()), signed, "{url}");
        }
    }

    #[test]
    fn names_that_php_changes_are_rejected() {
        for bad in [
            "a.b=1",
            "a+b=1",
            "=1",
            "a%5Bb=1",
            "%5Ba%5D=1",
            "a%5Bb%5Dc=1",
            "a%5D=1",
            "a%3Db=1",
            "a%26b=1",
        ] {
            assert!(php_json(bad).is_err(), "{bad}");
        }
        assert_eq!(php_json("a%5Bx.y+z%5D=1").unwrap(), r#"{"a":{"x.y z":"1"}}"#);
        assert_eq!(php_json("a=%FF").unwrap_err().argument(), "query");
        assert_eq!(
            php_json("a=1&a%5B%5D=2&a%5B7%5D=3&a%5B%5D=4").unwrap(),
            r#"{"a":{"0":"2","7":"3","8":"4"}}"#
        );
        assert_eq!(
            php_json("a%5B01%5D=1&a%5B%2B7%5D=2&a%5B-0%5D=3&a%5B%5D=4&a%5B%5D=5").unwrap(),
            r#"{"a":{"01":"1","+7":"2","-0":"3","0":"4","1":"5"}}"#
        );
        assert_eq!(
            php_json("a%5B-5%5D=1&a%5B3%5D=2&a%5B%5D=3").unwrap(),
            r#"{"a":{"-5":"1","3":"2","4":"3"}}"#
        );
        assert_eq!(
            php_json("a%5B9223372036854775806%5D=1&a%5B%5D=2").unwrap(),
            r#"{"a":{"9223372036854775806":"1","9223372036854775807":"2"}}"#
        );
        // The numbers beyond 64 bits are strings.
        for number in ["9223372036854775808", "-9223372036854775809", "1e3", "99999999999999999999"]
        {
            let json = php_json(&format!("a%5B{number}%5D=1&a%5B%5D=2")).unwrap();
            assert_eq!(json, format!(r#"{{"a":{{"{number}":"1","0":"2"}}}}"#));
        }
        let deep = |depth: usize| format!("a{}=1", "%5Bb%5D".repeat(depth));
        assert!(php_json(&deep(64)).is_ok());
        for (bad, name) in [
            ("a%5B9223372036854775807%5D=1&a%5B%5D=2", "a[]"),
            ("a%5B-5%5D=1&a%5B%5D=2", "a[]"),
            ("a%5B-5%5D=1&a%5B%5D%5Bk%5D=2", "a[][k]"),
            ("a%5Bx%00y%5D=1", "a[x\0y]"),
            ("a%5B%00%5D=1", "a[\0]"),
            ("a%5B+%5D=1", "a[ ]"),
            ("a%5B%09%5D=1", "a[\t]"),
        ] {
            assert_eq!(php_json(bad).unwrap_err().argument(), name, "{bad}");
        }
        assert!(php_json(&deep(65)).is_err());
        assert!(php_json(&deep(1_000_000)).is_err());
        assert_eq!(
            php_json("a=%01%08%0C%0A%0D%09%7F%3C%E2%80%A8").unwrap(),
            "{\"a\":\"\\u0001\\b\\f\\n\\r\\t\u{7f}<\\u2028\"}"
        );
    }

    #[test]
    fn another_origin_can_be_signed_and_announced() {
        let auth = auth(Variant::SignedQuery)
            .signed_as("signed_base_url", "https://tokenpass.tokenly.com/")
            .unwrap();
        let local = request("GET", "http://127.0.0.1:8080/api/v1/tca/provisional", "");
        let sent = signed(&auth, local.clone());
        assert_eq!(
            sent.headers()["x-tokenly-auth-signature"],
            "fWod8MXBCKwkeG8jhVZJMlS/Ky8laReMCMMlYzlH9i8="
        );
        assert!(!sent.headers().contains_key("x-tokenly-auth-signed-url"));
        let sent = signed(&auth.clone().announce_signed_url(), local);
        assert_eq!(
            sent.headers()["x-tokenly-auth-signed-url"],
            "https://tokenpass.tokenly.com/api/v1/tca/provisional"
        );
        for bad in ["", "tokenpass", "https://h/path", "https://h?x", "ftp://h", "https://u@h"] {
            assert!(auth.clone().signed_as("signed_base_url", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn body_variant_signs_nonce_and_body() {
        let key = HmacKey::new("secret", &Secret::new("KSIMSECRET000000000000000000000000000001"))
            .unwrap();
        let body = br#"{"TOKENLY":"1","LTBCOIN":"100000","stackop_1":"OR","oauth_token":"TOKENALLSCOPES0000000000000000000000001"}"#;
        assert_eq!(
            &*body_signature(
                &key,
                "e8fee9ab3ab9e32b4f89cd0e25325a73a228115648b23b2a8b0823b93c25c885",
                body
            )
            .hex(),
            "a7333330e9eed9f53fee9ce81ff39a0f1caaaf94e1719b80288b4ec84a78f08c"
        );
        let auth = auth(Variant::BodyOnly);
        let nonces: Vec<String> = (0..2)
            .map(|_| {
                let sent = signed(&auth, request("GET", "/a", "{}"));
                assert_eq!(sent.headers()["x-api-key"], ID);
                assert_eq!(sent.headers()["x-api-signature"].len(), 64);
                sent.headers()["x-api-nonce"].to_str().unwrap().to_owned()
            })
            .collect();
        assert_ne!(nonces[0], nonces[1]);
        assert_eq!(nonces[0].len(), 64);
    }

    #[test]
    fn rejected_get_is_retried_in_the_other_form_which_later_requests_use() {
        let rejection = |text: &str| {
            let body = format!(r#"{{"message":"{text}"}}"#).into_bytes();
            http::Response::builder().status(403).body(body).unwrap()
        };
        let signed = |auth: &NonceHeaders, mut request: Request| {
            let mut generation = Generation::default();
            auth.sign(&mut request, &mut generation, SystemTime::UNIX_EPOCH).unwrap();
            generation
        };
        let rejected = |auth: &NonceHeaders, sent: Generation, text: &str| {
            auth.invalidate_if_rejected(&rejection(text), sent)
        };
        let wrong = "Invalid Authorization Signature";
        let auth = auth(Variant::SignedQuery).try_other_form(true);
        let first = signed(&auth, request("GET", "/a?b=1", ""));
        let second = signed(&auth, request("GET", "/a?b=1", ""));
        assert!(!rejected(&auth, first, "Invalid API Token"));
        assert!(rejected(&auth, first, wrong));
        assert_eq!(auth.variant(), Variant::EmptyQuery);
        // A request that was signed before the change does not change it back.
        assert!(rejected(&auth, second, wrong));
        assert_eq!(auth.variant(), Variant::EmptyQuery);
        assert_eq!(auth.variant(), Variant::EmptyQuery);
        for (method, target) in [("GET", "/a"), ("DELETE", "/a?b=1"), ("POST", "/a?b=1")] {
            let sent = signed(&auth, request(method, target, ""));
            assert!(!rejected(&auth, sent, wrong), "{method} {target}");
        }
        let plain = super::tests::auth(Variant::SignedQuery);
        let sent = signed(&plain, request("GET", "/a?b=1", ""));
        assert!(!rejected(&plain, sent, wrong));
    }

    #[test]
    fn errors_name_the_invalid_argument() {
        let new = |namespace: &str, id: &str, key: &str| {
            let key = Secret::new(key);
            NonceHeaders::new(
                namespace,
                Variant::SignedQuery,
                ("id", id.to_owned()),
                ("secret", &key),
            )
            .map(|auth| format!("{auth:?}"))
            .map_err(|error| error.argument().to_owned())
        };
        assert_eq!(new("a b", "i", "k"), Err("namespace".to_owned()));
        for id in ["", "a b", "a\n", "é"] {
            assert_eq!(new("Tokenly", id, "k"), Err("id".to_owned()));
        }
        assert_eq!(new("Tokenly", "i", ""), Err("secret".to_owned()));
        assert!(!new("Tokenly", "i", "CANARY").unwrap().contains("CANARY"));
    }

    #[test]
    fn body_of_the_third_generation_is_sent_and_signed_in_the_form_of_php() {
        let auth = auth(Variant::BodyOnly);
        let body = "{ \"n\u{e9}/\":[ {\"a\":1.50,\"b\":-0.0}, [], {} ],\"x\":1,\"y\":\"\u{1f600}\u{7f}\\u0001\\n\\/\",\"x\":null }";
        let sent = signed(&auth, request("POST", "/a", body));
        let body = str::from_utf8(sent.body()).unwrap();
        assert_eq!(
            body,
            "{\"n\\u00e9\\/\":[{\"a\":1.5,\"b\":-0},[],{}],\"x\":null,\"y\":\"\\ud83d\\ude00\u{7f}\\u0001\\n\\/\"}"
        );
        let nonce = sent.headers()["x-api-nonce"].to_str().unwrap();
        let key = HmacKey::new("secret", &Secret::new(SECRET)).unwrap();
        let signature = body_signature(&key, nonce, body.as_bytes());
        assert_eq!(sent.headers()["x-api-signature"], &*signature.hex());
        // The other generations sign and send the bytes as they are.
        let plain = "{ \"a\": \"/\" }";
        let sent = signed(&super::tests::auth(Variant::SignedQuery), request("POST", "/a", plain));
        assert_eq!(sent.body(), plain.as_bytes());
        let deep = |depth: usize| [b"[".repeat(depth), b"]".repeat(depth)].concat();
        assert!(php_json_body(&deep(128)).is_ok());
        let siblings = format!("[{}{{}}]", "[],{},".repeat(200));
        let brackets = format!(r#"["\"{}"]"#, "[{".repeat(200));
        for shallow in [siblings, brackets] {
            assert_eq!(php_json_body(shallow.as_bytes()).unwrap(), shallow);
        }
        for bad in [deep(129), deep(100_000), b"{".to_vec(), b"\"\xff\"".to_vec()] {
            assert_eq!(php_json_body(&bad).unwrap_err().argument(), "body");
        }
    }

    #[test]
    fn decimals_have_the_form_of_php() {
        for (number, php) in [
            ("1.0", "1"),
            ("1.50", "1.5"),
            ("0.0", "0"),
            ("0.50", "0.5"),
            ("0.00010", "0.0001"),
            ("0.0001", "0.0001"),
            ("0.00001", "1.0e-5"),
            ("0.00000001", "1.0e-8"),
            ("0.00001234", "1.234e-5"),
            ("9999999.99999999", "9999999.99999999"),
            ("1e2", "100"),
            ("1E+16", "10000000000000000"),
            ("1E+17", "1.0e+17"),
            ("123456789012345e3", "1.23456789012345e+17"),
            ("1e25", "1.0e+25"),
            ("-12.5e-1", "-1.25"),
            ("7", "7"),
            ("12345678901234567890123", "12345678901234567890123"),
            ("0.1234567890123456789", "0.1234567890123456789"),
            ("1234567890123456.50", "1234567890123456.50"),
            ("1e400", "1e400"),
            ("1e-400", "1e-400"),
        ] {
            assert_eq!(php_json_body(number.as_bytes()).unwrap(), php, "{number}");
        }
    }

    proptest! {
        #[test]
        fn bodies_in_the_form_of_php_have_the_same_value(
            pairs in proptest::collection::btree_map(".*", (".*", any::<i64>()), 0..4)
        ) {
            let json = serde_json::to_string(&pairs).unwrap();
            let php = php_json_body(json.as_bytes()).unwrap();
            prop_assert!(php.is_ascii());
            let values: std::collections::BTreeMap<String, (String, i64)> =
                serde_json::from_str(&php).unwrap();
            prop_assert_eq!(&values, &pairs);
            prop_assert_eq!(php_json_body(php.as_bytes()).unwrap(), php);
        }

        #[test]
        fn plain_parameters_round_trip_as_json(
            pairs in proptest::collection::vec(("[A-Za-z0-9_\\-]{1,8}", ".*"), 0..5)
        ) {
            for encoding in [Encoding::Form, Encoding::Php] {
                let mut params = Params::new();
                for (name, value) in &pairs {
                    params.push(name, value);
                }
                let json = php_json(&encoding.text(&params)).unwrap();
                prop_assert!(json.is_ascii());
                let read: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&json).unwrap();
                let mut last = serde_json::Map::new();
                for (name, value) in &pairs {
                    last.insert(name.clone(), value.clone().into());
                }
                prop_assert_eq!(read, last);
            }
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = php_json(&text);
        }
    }
}
