//! The request-line scheme: a header `Authorization: ID:signature` with a signature of
//! `METHOD target`.
//!
//! ```text
//! target    = path [ "?" query ]        the bytes of the request line, percent-encoded
//! message   = METHOD + " " + target     no host, no HTTP version, no body, no line break
//! signature = base64url(HMAC-SHA256(key, message)) without "="
//! header    = Authorization: ID:signature
//! ```
//!
//! `TinyPass` uses this scheme. The message contains neither a nonce nor a time: the same request
//! always has the same signature, so a recorded header can be replayed. Send requests over TLS
//! only.
//!
//! ```
//! use api_auth::hmac::request_line::{header, signature};
//! use api_auth::{HmacKey, Secret};
//!
//! let key = HmacKey::new("private_key", &Secret::new("jNq3vT0aB7xKc5mYpR8wZ2dLhE6uFsG1iOoQyX4t"))?;
//! let target = "/r2/access?rid=premium-content&user_ref=user_42";
//! let value = header("id", &signature(&key, "GET", target));
//! assert_eq!(value, "id:phFlMhuuxpvOTFDT67ijgc8j-_mCUV9N_SjXbLvdOC0");
//! # Ok::<(), api_auth::InputError>(())
//! ```

use std::time::SystemTime;

use http::header::{AUTHORIZATION, HeaderValue};

use crate::auth::{Auth, Generation};
use crate::error::Error;
use crate::error::input::InputError;
use crate::hmac::{HmacKey, Signature};
use crate::message::Request;
use crate::secret::Secret;
use crate::validate;

/// Returns the signed message: the method, a space and the request target.
///
/// See the example in the module [`request_line`](crate::hmac::request_line).
pub fn message(method: &str, target: &str) -> String {
    [method, " ", target].concat()
}

/// Returns the signature of `METHOD target`, without building the message.
///
/// See the example in the module [`request_line`](crate::hmac::request_line).
pub fn signature(key: &HmacKey, method: &str, target: &str) -> Signature {
    key.sign(&[method.as_bytes(), b" ", target.as_bytes()])
}

/// Returns the value of the `Authorization` header, `ID:signature`.
///
/// See the example in the module [`request_line`](crate::hmac::request_line).
pub fn header(id: &str, signature: &Signature) -> String {
    [id, ":", &signature.base64url()].concat()
}

/// An [`Auth`] that signs requests with the request-line scheme, using an id and a key.
///
/// See the example in the module [`request_line`](crate::hmac::request_line).
#[derive(Debug, Clone)]
pub struct RequestLine {
    id: String,
    key: HmacKey,
    spaced: Option<&'static str>,
}

impl RequestLine {
    /// Creates a signer from the application's id and private key, each with the name that errors
    /// use for it.
    ///
    /// # Errors
    /// Returns an error if the id is empty, contains characters other than visible ASCII, or
    /// contains a colon (which would end the id in the header), or if the key is empty or contains
    /// control characters.
    pub fn new(
        (id_name, id): (&'static str, String),
        (key_name, key): (&'static str, &Secret),
    ) -> Result<Self, InputError> {
        if id.is_empty() {
            return Err(InputError::new(id_name, "must not be empty"));
        }
        if !id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':') {
            return Err(InputError::new(
                id_name,
                "must contain only visible ASCII characters other than a colon",
            ));
        }
        validate::no_control(key_name, key.expose())?;
        let spaced = key.has_outer_space().then_some(key_name);
        Ok(Self { id, key: HmacKey::new(key_name, key)?, spaced })
    }

    /// Returns the value of the `Authorization` header for `METHOD target`.
    ///
    /// See the example in the module [`request_line`](crate::hmac::request_line).
    pub fn value(&self, method: &str, target: &str) -> String {
        header(&self.id, &signature(&self.key, method, target))
    }
}

impl Auth for RequestLine {
    fn sign(&self, request: &mut Request, _: &mut Generation, _: SystemTime) -> Result<(), Error> {
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let mut value = HeaderValue::try_from(self.value(request.method().as_str(), target))
            .map_err(|_| InputError::new("id", "cannot be sent in a header"))?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(())
    }

    fn spaced_credential(&self) -> Option<&'static str> {
        self.spaced
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "jNq3vT0aB7xKc5mYpR8wZ2dLhE6uFsG1iOoQyX4t";

    fn auth(id: &str) -> Result<RequestLine, InputError> {
        RequestLine::new(("aid", id.to_owned()), ("private_key", &Secret::new(KEY)))
    }

    #[test]
    fn each_stage_has_its_known_answer() {
        let key = HmacKey::new("private_key", &Secret::new(KEY)).unwrap();
        let target = "/r2/access?rid=premium-content&user_ref=user_42";
        assert_eq!(message("GET", target), "GET /r2/access?rid=premium-content&user_ref=user_42");
        let signature = signature(&key, "GET", target);
        assert_eq!(&*signature.base64url(), "phFlMhuuxpvOTFDT67ijgc8j-_mCUV9N_SjXbLvdOC0");
        assert_eq!(
            header("AIDAIDAID0", &signature),
            "AIDAIDAID0:phFlMhuuxpvOTFDT67ijgc8j-_mCUV9N_SjXbLvdOC0"
        );
    }

    #[test]
    fn header_is_sensitive_and_the_rest_of_the_request_is_unchanged() {
        let mut request = http::Request::post("https://api.tinypass.com/r2/download/?rid=ebook-1")
            .body(Vec::new())
            .unwrap();
        let auth = auth("AIDAIDAID0").unwrap();
        auth.sign(&mut request, &mut Generation::default(), SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(request.uri(), "https://api.tinypass.com/r2/download/?rid=ebook-1");
        assert_eq!(request.headers().len(), 1);
        assert!(request.headers()[AUTHORIZATION].is_sensitive());
    }

    #[test]
    fn key_with_outer_space_is_named_and_signs_as_it_is() {
        let auth = |key: &str| {
            RequestLine::new(("aid", "A".to_owned()), ("KEY", &Secret::new(key))).unwrap()
        };
        assert_eq!(auth("a key").spaced_credential(), None);
        for key in [" key", "key "] {
            let auth = auth(key);
            assert_eq!(auth.spaced_credential(), Some("KEY"));
            let expected = HmacKey::new("key", &Secret::new(key)).unwrap().sign(&[b"m"]);
            assert_eq!(auth.key.sign(&[b"m"]).as_bytes(), expected.as_bytes());
        }
    }

    #[test]
    fn id_that_is_invalid_in_a_header_is_rejected() {
        for bad in ["", "a:b", "a\nb", "a b", "ą"] {
            assert!(auth(bad).unwrap_err().to_string().starts_with("aid: "), "{bad:?}");
        }
    }
}
