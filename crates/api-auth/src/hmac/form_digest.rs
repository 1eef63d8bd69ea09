//! The form-digest scheme: a sorted form body with its own digest at the end.
//!
//! ```text
//! canonical = the parameters, sorted by the bytes of their top-level names, as PHP's
//!             http_build_query writes them (RFC 1738: space is "+", "*" and "~" are escaped)
//! digest    = lower-case hex of HMAC-SHA256(key, canonical)
//! body      = canonical + "&digest=" + digest
//! ```
//!
//! `TinyCert` uses this scheme, with the token of a session as an additional parameter. The session
//! itself is implemented in `tinycert-client`.
//!
//! The digest covers neither method nor path nor time. An attacker who sees a body can send it
//! again, to any path with the same parameters, until the token in it expires. A body is therefore
//! as secret as a credential.

use std::time::SystemTime;

use crate::auth::{Auth, Generation};
use crate::body::Body;
use crate::encode::{Encoding, Params};
use crate::error::Error;
use crate::error::input::InputError;
use crate::hmac::{HmacKey, Signature};
use crate::message::Request;
use crate::secret::Secret;
use crate::unsigned_request::UnsignedRequest;
use crate::validate;

/// The encoding of the parameters. A [`Provider`](crate::Provider) that uses this scheme must have
/// the same [`encoding`](crate::Provider::encoding).
///
/// See the example in [`canonical`].
pub const ENCODING: Encoding = Encoding::Php;

/// Returns the canonical string that is signed: the sorted and encoded parameters.
///
/// ```
/// use api_auth::Params;
/// use api_auth::hmac::form_digest::canonical;
///
/// let mut params = Params::new();
/// params.push("what", "cert").push("CN", "*.example.com").push("ca_id", "561");
/// assert_eq!(canonical(params), "CN=%2A.example.com&ca_id=561&what=cert");
/// ```
#[inline]
pub fn canonical(mut params: Params<'_>) -> String {
    params.sort_by_top_level_name();
    ENCODING.text(&params)
}

/// Returns the digest of a canonical string, which is its HMAC-SHA256.
///
/// See the example in [`canonical`].
#[inline]
pub fn digest(key: &HmacKey, canonical: &[u8]) -> Signature {
    key.sign(&[canonical])
}

/// Appends the digest to a canonical string as the parameter `name`. This completes the body. If
/// there are no other parameters, the body begins with `&`.
///
/// See the example in [`canonical`].
#[inline]
pub fn append(canonical: &mut Vec<u8>, name: &str, digest: &Signature) {
    canonical.push(b'&');
    canonical.extend_from_slice(name.as_bytes());
    canonical.push(b'=');
    canonical.extend_from_slice(digest.hex().as_bytes());
}

/// Returns the form body of a request, so that parameters such as a session token can be added
/// before the form is sorted. A request without a body gets a form without parameters.
///
/// See the example in [`canonical`].
///
/// # Errors
/// Returns an error if the body is not a form.
#[inline]
pub fn form<'request, 'a>(
    unsigned: &'request mut UnsignedRequest<'a>,
) -> Result<&'request mut Params<'a>, InputError> {
    if matches!(unsigned.body, Body::None) {
        unsigned.body = Body::Form(Params::new());
    }
    match &mut unsigned.body {
        Body::Form(params) => Ok(params),
        _ => Err(InputError::new("body", "must be a form, to be signed")),
    }
}

/// An [`Auth`] that signs form bodies with the form-digest scheme.
///
/// See the example in [`canonical`].
#[derive(Debug, Clone)]
pub struct FormDigest {
    key: HmacKey,
    /// The name of the parameter that contains the digest.
    parameter: &'static str,
    spaced: Option<&'static str>,
}

impl FormDigest {
    /// Creates a signer from a key and the name that errors use for it. The digest is appended as
    /// the parameter `parameter`.
    ///
    /// # Errors
    /// Returns an error if the key is empty or contains control characters.
    #[inline]
    pub fn new(
        (name, key): (&'static str, &Secret),
        parameter: &'static str,
    ) -> Result<Self, InputError> {
        validate::no_control(name, key.expose())?;
        let spaced = key.has_outer_space().then_some(name);
        Ok(Self { key: HmacKey::new(name, key)?, parameter, spaced })
    }
}

impl Auth for FormDigest {
    /// Sorts the form of the request. A request without a body gets a form without parameters.
    #[inline]
    fn add_parameters(
        &self,
        unsigned: &mut UnsignedRequest<'_>,
        _: &mut Generation,
        _: SystemTime,
    ) -> Result<(), Error> {
        form(unsigned)?.sort_by_top_level_name();
        Ok(())
    }

    #[inline]
    fn sign(&self, request: &mut Request, _: &mut Generation, _: SystemTime) -> Result<(), Error> {
        let body = request.body_mut();
        let digest = digest(&self.key, body);
        append(body, self.parameter, &digest);
        Ok(())
    }

    #[inline]
    fn spaced_credential(&self) -> Option<&'static str> {
        self.spaced
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "ThisIsMySuperSecretAPIKey";
    const TOKEN: &str = "d7dd6880c206216a9ed74f92ca8edaef88728bbb2c8b23020c624de9a7d08d6f";

    fn params<'a>(pairs: &[(&'a str, &'a str)]) -> Params<'a> {
        let mut params = Params::new();
        for (name, value) in pairs {
            params.push(*name, *value);
        }
        params
    }

    fn key() -> HmacKey {
        HmacKey::new("api_key", &Secret::new(KEY)).unwrap()
    }

    fn signer() -> FormDigest {
        FormDigest::new(("api_key", &Secret::new(KEY)), "digest").unwrap()
    }

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    #[test]
    fn each_stage_matches_the_test_vector() {
        let text = canonical(params(&[
            ("token", TOKEN),
            ("ca_id", "123"),
            ("CN", "example.com"),
            ("OU", "IT Department"),
            ("O", "ACME, Inc."),
            ("L", "Chicago"),
            ("ST", "Illinois"),
            ("C", "US"),
            ("SANs[0][DNS]", "www.example.com"),
            ("SANs[1][DNS]", "example.com"),
        ]));
        let expected = "C=US&CN=example.com&L=Chicago&O=ACME%2C+Inc.&OU=IT+Department&SANs%5B0%5D%5BDNS%5D=www.example.com&SANs%5B1%5D%5BDNS%5D=example.com&ST=Illinois&ca_id=123&token=d7dd6880c206216a9ed74f92ca8edaef88728bbb2c8b23020c624de9a7d08d6f";
        assert_eq!(text, expected);
        let digest = digest(&key(), text.as_bytes());
        let hex = "16b436bd8779dadf0327a97eac54b631e02c4643cbf52ccc1358431691f74b21";
        assert_eq!(&*digest.hex(), hex);
        let mut body = text.into_bytes();
        append(&mut body, "digest", &digest);
        assert_eq!(String::from_utf8(body).unwrap(), format!("{expected}&digest={hex}"));
    }

    #[test]
    fn star_and_tilde_are_escaped_and_an_empty_value_stays() {
        let text = canonical(params(&[("passphrase", "~*!'()-_."), ("email", "")]));
        assert_eq!(text, "email=&passphrase=%7E%2A%21%27%28%29-_.");
    }

    #[test]
    fn a_body_without_parameters_begins_with_an_ampersand() {
        let mut body = canonical(Params::new()).into_bytes();
        let digest = digest(&key(), &body);
        append(&mut body, "digest", &digest);
        assert_eq!(
            String::from_utf8(body).unwrap(),
            "&digest=5423d06440201a23ba43cfc0b9e6837eea20c5631733dcb6eaa6117188133e0b"
        );
    }

    #[test]
    fn request_is_sorted_and_signed() {
        let signer = signer();
        let mut unsigned = UnsignedRequest {
            method: http::Method::POST,
            path: "/x".into(),
            query: Params::new(),
            body: Body::Form(params(&[("z", "1"), ("A", "2")])),
        };
        form(&mut unsigned).unwrap().push("token", TOKEN);
        signer.add_parameters(&mut unsigned, &mut Generation::default(), NOW).unwrap();
        let mut request = unsigned.encode("https://h.example", ENCODING).unwrap();
        signer.sign(&mut request, &mut Generation::default(), NOW).unwrap();
        let body = String::from_utf8(request.into_body()).unwrap();
        let (text, hex) = body.split_once("&digest=").unwrap();
        assert_eq!(text, format!("A=2&token={TOKEN}&z=1"));
        assert_eq!(hex, &*digest(&key(), text.as_bytes()).hex());
    }

    #[test]
    fn body_must_be_a_form_or_absent() {
        let unsigned = |body| UnsignedRequest {
            method: http::Method::POST,
            path: "/x".into(),
            query: Params::new(),
            body,
        };
        let mut json = unsigned(Body::Json(b"{}".to_vec()));
        let error =
            signer().add_parameters(&mut json, &mut Generation::default(), NOW).unwrap_err();
        assert_eq!(error.argument(), Some("body"));
        let mut empty = unsigned(Body::None);
        form(&mut empty).unwrap().push("token", "t");
        assert_eq!(empty.encode("https://h.example", ENCODING).unwrap().body(), b"token=t");
    }

    #[test]
    fn body_is_signed_as_it_is() {
        let mut request = Request::new(b"a=1".to_vec());
        signer().sign(&mut request, &mut Generation::default(), NOW).unwrap();
        let digest = digest(&key(), b"a=1");
        assert_eq!(request.body(), format!("a=1&digest={}", &*digest.hex()).as_bytes());
    }

    /// Computes the scheme a second time, without the lookup tables of the encoder: one byte at a
    /// time, with insertion sort, and HMAC by its definition from two plain hashes.
    fn slow(pairs: &[(String, String)]) -> String {
        use sha2::{Digest, Sha256};

        fn write(text: &str) -> String {
            let mut out = String::new();
            for byte in text.bytes() {
                match byte {
                    b' ' => out.push('+'),
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                        out.push(char::from(byte));
                    }
                    _ => out.push_str(&format!("%{byte:02X}")),
                }
            }
            out
        }
        let mut sorted: Vec<&(String, String)> = Vec::new();
        for pair in pairs {
            let top = |pair: &(String, String)| pair.0.split('[').next().unwrap().to_owned();
            let after =
                sorted.iter().position(|other| top(other).as_bytes() > top(pair).as_bytes());
            sorted.insert(after.unwrap_or(sorted.len()), pair);
        }
        let written: Vec<String> = sorted
            .iter()
            .map(|(name, value)| format!("{}={}", write(name), write(value)))
            .collect();
        let text = written.join("&");
        let pad = |with: u8| {
            let mut block = [with; 64];
            for (byte, key) in block.iter_mut().zip(KEY.bytes()) {
                *byte ^= key;
            }
            block
        };
        let inner = Sha256::new().chain_update(pad(0x36)).chain_update(&text).finalize();
        let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
        let hex: String = outer.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{text}&digest={hex}")
    }

    proptest! {
        #[test]
        fn any_parameters_give_the_body_of_the_slow_reference(
            pairs in proptest::collection::vec(("[A-Za-z_]{1,3}(\\[[0-9]{1,2}\\](\\[[a-z]{1,2}\\])?)?", ".*"), 0..12)
        ) {
            let mut body = canonical(params(
                &pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect::<Vec<_>>(),
            )).into_bytes();
            let digest = digest(&key(), &body);
            append(&mut body, "digest", &digest);
            prop_assert_eq!(String::from_utf8(body).unwrap(), slow(&pairs));
        }
    }
}
