//! Detached JSON Web Signatures (RS256) of a raw body, with a header that contains the URL of the
//! certificate. Verification is strict and covers the full chain to the given anchors. Signing is
//! for tests.
//!
//! ```text
//! signature header = base64url(header) ".." base64url(signature)       no padding
//! signing input    = header segment as received "." base64url(body as received)
//! ```
//!
//! ```no_run
//! use std::time::SystemTime;
//! use api_auth::jws::{Anchors, Certificate, DetachedJws};
//!
//! # fn example(signature: &str, body: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! let anchors = Anchors::from_pem(&std::fs::read("roots.pem")?)?;
//! let certificate = Certificate::from_pem(&std::fs::read("signer.pem")?)?;
//! let signature = DetachedJws::parse(signature)?;
//! signature.verify(body, &certificate, &anchors, SystemTime::now())?;
//! # Ok(())
//! # }
//! ```

mod key_usage;

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{
    CertificateDer, PrivatePkcs8KeyDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime,
};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath, anchor_from_trusted_cert};

use crate::error::input::InputError;

/// The reason why a signature is rejected.
///
/// See the example in the module [`jws`](crate::jws).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwsError {
    /// The signature is missing.
    Missing,
    /// The signature does not consist of three base64url segments with an empty second segment.
    Malformed,
    /// The header is not a JSON object with the required members, contains a member twice, or
    /// contains `crit`.
    Header,
    /// The header names an algorithm other than RS256.
    Algorithm,
    /// The certificate URL in the header (`x5u`) is not allowed.
    Address,
    /// The certificate has expired, or is not valid yet.
    Time,
    /// The certificate cannot be parsed, is not valid for signatures, or has no chain to an anchor.
    Chain,
    /// The signature does not match the body and the key of the certificate.
    Signature,
}

impl fmt::Display for JwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "the signature is missing",
            Self::Malformed => "the signature is not a detached JWS",
            Self::Header => "the header of the signature cannot be parsed",
            Self::Algorithm => "the algorithm of the signature is not RS256",
            Self::Address => "the certificate URL (`x5u`) of the signature is not allowed",
            Self::Time => "the certificate of the signature is not valid at this time",
            Self::Chain => "the certificate of the signature is not trusted",
            Self::Signature => "the signature does not match",
        })
    }
}

impl std::error::Error for JwsError {}

/// The maximum length of the file name of a certificate, as in common file systems.
const LONGEST_NAME: usize = 255;

/// A parsed signature that is not verified yet.
///
/// See the example in the module [`jws`](crate::jws).
#[derive(Debug, Clone)]
pub struct DetachedJws<'a> {
    header_segment: &'a str,
    signature: Vec<u8>,
    x5u: String,
}

impl<'a> DetachedJws<'a> {
    /// Parses the value of a signature header, which has the form `HEADER..SIGNATURE`.
    ///
    /// # Errors
    /// Returns an error for the first violation of the format.
    pub fn parse(text: &'a str) -> Result<Self, JwsError> {
        if text.is_empty() {
            return Err(JwsError::Missing);
        }
        let mut segments = text.split('.');
        let (Some(header_segment), Some(""), Some(signature), None) =
            (segments.next(), segments.next(), segments.next(), segments.next())
        else {
            return Err(JwsError::Malformed);
        };
        let decode = |segment: &str| match URL_SAFE_NO_PAD.decode(segment) {
            Ok(bytes) if !bytes.is_empty() => Ok(bytes),
            _ => Err(JwsError::Malformed),
        };
        let (header, signature) = (decode(header_segment)?, decode(signature)?);
        if crate::json::has_reserved_name(&header) {
            return Err(JwsError::Header);
        }
        let Header(header) = serde_json::from_slice(&header).map_err(|_| JwsError::Header)?;
        if header.contains_key("crit") {
            return Err(JwsError::Header);
        }
        match header.get("alg") {
            Some(Value::String(alg)) if alg == "RS256" => {}
            Some(_) => return Err(JwsError::Algorithm),
            None => return Err(JwsError::Header),
        }
        let Some(Value::String(x5u)) = header.get("x5u") else { return Err(JwsError::Header) };
        Ok(Self { header_segment, signature, x5u: x5u.clone() })
    }

    /// Returns the URL of the certificate from the header. The header is not verified yet and may
    /// contain any URL, so validate the URL before you fetch the certificate.
    pub fn x5u(&self) -> &str {
        &self.x5u
    }

    /// Returns the file name of the certificate, if its URL is directly below `folder` (a URL that
    /// ends with a slash). The name must have at most 255 characters: ASCII letters, digits, `.`,
    /// `_` and `-`.
    ///
    /// # Errors
    /// Returns [`JwsError::Address`] for any other URL.
    pub fn file_below(&self, folder: &str) -> Result<&str, JwsError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        self.x5u
            .strip_prefix(folder)
            .filter(|name| name.len() <= LONGEST_NAME && name.bytes().all(plain))
            .filter(|name| !matches!(*name, "" | "." | ".."))
            .ok_or(JwsError::Address)
    }

    /// Verifies that `certificate` has a chain to one of `anchors` at `now`, and that `body` is
    /// signed with its key.
    ///
    /// The extension `keyUsage` is optional. If it is present, it must contain `digitalSignature`
    /// or `contentCommitment` in the certificate, and `keyCertSign` in intermediates (RFC 5280). If
    /// the certificate lists extended key usages, one of them must be TLS server or client
    /// authentication.
    ///
    /// # Errors
    /// Returns an error for the first check that fails.
    pub fn verify(
        &self,
        body: &[u8],
        certificate: &Certificate,
        anchors: &Anchors,
        now: SystemTime,
    ) -> Result<(), JwsError> {
        let Certificate { leaf, intermediates } = certificate;
        if !key_usage::may_sign_messages(leaf) {
            return Err(JwsError::Chain);
        }
        let certificate = EndEntityCert::try_from(leaf).map_err(|_| JwsError::Chain)?;
        anchors.hold(&certificate, intermediates, now)?;
        let encoded = base64::encoded_len(body.len(), false).unwrap_or_default();
        let mut input = String::with_capacity(self.header_segment.len() + 1 + encoded);
        input.push_str(self.header_segment);
        input.push('.');
        URL_SAFE_NO_PAD.encode_string(body, &mut input);
        certificate
            .verify_signature(
                webpki::ring::RSA_PKCS1_2048_8192_SHA256,
                input.as_bytes(),
                &self.signature,
            )
            .map_err(|_| JwsError::Signature)
    }
}

/// The certificate of the signer, and the intermediates that were served with it. The intermediates
/// are not trusted. They are only used to find a chain to an anchor.
///
/// See the example in the module [`jws`](crate::jws).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    leaf: CertificateDer<'static>,
    intermediates: Vec<CertificateDer<'static>>,
}

/// The maximum number of intermediates that are read from a signer's PEM file.
const MOST_INTERMEDIATES: usize = 8;

impl Certificate {
    /// Parses certificates in PEM format: the certificate of the signer, followed by optional
    /// intermediates. At most 8 intermediates are used.
    ///
    /// # Errors
    /// Returns [`JwsError::Chain`] if the first certificate cannot be parsed.
    pub fn from_pem(pem: &[u8]) -> Result<Self, JwsError> {
        let mut certificates = CertificateDer::pem_slice_iter(pem);
        let leaf = certificates.next().ok_or(JwsError::Chain)?;
        let leaf = leaf.map_err(|_| JwsError::Chain)?.into_owned();
        EndEntityCert::try_from(&leaf).map_err(|_| JwsError::Chain)?;
        let intermediates = certificates
            .map_while(|certificate| certificate.ok().map(CertificateDer::into_owned))
            .take(MOST_INTERMEDIATES)
            .collect();
        Ok(Self { leaf, intermediates })
    }

    /// Returns this signer's certificate with all certificates of `other` as additional, untrusted
    /// intermediates.
    #[must_use]
    pub fn with_intermediates(&self, other: &Self) -> Self {
        let more = std::iter::once(&other.leaf).chain(&other.intermediates);
        let intermediates = self.intermediates.iter().chain(more).cloned().collect();
        Self { leaf: self.leaf.clone(), intermediates }
    }
}

/// The members of a header, each of which occurs once. If a member occurred twice, a parser that
/// uses the first one and a parser that uses the last one would verify different signatures.
struct Header(Map<String, Value>);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Header, A::Error> {
                let mut map = Map::new();
                while let Some((name, value)) = members.next_entry()? {
                    if map.insert(name, value).is_some() {
                        return Err(A::Error::custom("a member occurs twice"));
                    }
                }
                Ok(Header(map))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// Trust anchors, and intermediates between them and a signer's certificate.
///
/// See the example in the module [`jws`](crate::jws).
#[derive(Debug, Clone)]
pub struct Anchors {
    roots: Vec<TrustAnchor<'static>>,
    intermediates: Vec<CertificateDer<'static>>,
}

/// The beginning of each section of a PEM file, whatever its type.
const BEGIN: &[u8] = b"-----BEGIN ";

/// The algorithms that are allowed for the signatures of the certificates in a chain.
const CHAIN_ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    webpki::ring::RSA_PKCS1_2048_8192_SHA256,
    webpki::ring::RSA_PKCS1_2048_8192_SHA384,
    webpki::ring::RSA_PKCS1_2048_8192_SHA512,
    webpki::ring::ECDSA_P256_SHA256,
    webpki::ring::ECDSA_P384_SHA384,
];

impl Anchors {
    /// Parses certificates in PEM format. Self-signed certificates become trust anchors; all others
    /// become intermediates.
    ///
    /// # Errors
    /// Returns an error if a section is not a `CERTIFICATE`, a certificate cannot be parsed, or
    /// none of them is self-signed.
    pub fn from_pem(pem: &[u8]) -> Result<Self, InputError> {
        let reject = |problem| InputError::new("anchors", problem);
        let mut anchors = Self { roots: Vec::new(), intermediates: Vec::new() };
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate =
                certificate.map_err(|_| reject("must be certificates in PEM format"))?.into_owned();
            let parsed = EndEntityCert::try_from(&certificate)
                .map_err(|_| reject("contains an invalid certificate"))?;
            if parsed.issuer() == parsed.subject() {
                let root = anchor_from_trusted_cert(&certificate)
                    .map_err(|_| reject("contains a root certificate that cannot be used"))?;
                anchors.roots.push(root.to_owned());
            } else {
                anchors.intermediates.push(certificate);
            }
        }
        let count = anchors.roots.len() + anchors.intermediates.len();
        let begins = pem.windows(BEGIN.len()).filter(|window| *window == BEGIN).count();
        if count != begins {
            return Err(reject(
                "contains a section that is not a certificate: each must begin with \
                 -----BEGIN CERTIFICATE-----",
            ));
        }
        if anchors.roots.is_empty() {
            return Err(reject("must contain a root certificate in PEM format"));
        }
        Ok(anchors)
    }

    /// Verifies that there is a chain from the leaf to a root, and that all its certificates are
    /// valid at `now`.
    fn hold(
        &self,
        leaf: &EndEntityCert<'_>,
        served: &[CertificateDer<'static>],
        now: SystemTime,
    ) -> Result<(), JwsError> {
        let intermediates: Vec<_> = self.intermediates.iter().chain(served).cloned().collect();
        let now = UnixTime::since_unix_epoch(now.duration_since(UNIX_EPOCH).unwrap_or_default());
        let may_issue = |path: &VerifiedPath<'_>| {
            let mut issuers = path.intermediate_certificates();
            match issuers.all(|issuer| key_usage::may_sign_certificates(&issuer.der())) {
                true => Ok(()),
                false => Err(webpki::Error::UnknownIssuer),
            }
        };
        // The certificate has one purpose. If it lists extended key usages, one of these is
        // required.
        let usages = [KeyUsage::server_auth(), KeyUsage::client_auth()];
        let mut reason = JwsError::Chain;
        for usage in usages {
            let path = leaf.verify_for_usage(
                CHAIN_ALGORITHMS,
                &self.roots,
                &intermediates,
                now,
                usage,
                None,
                Some(&may_issue),
            );
            match path {
                Ok(_) => return Ok(()),
                Err(webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. }) => {
                    reason = JwsError::Time;
                }
                Err(_) => {}
            }
        }
        Err(reason)
    }
}

/// Returns a detached JWS over `body`, as a sender would create it, for tests of a receiver. `key`
/// is an RSA key in PKCS #8 PEM format, and `x5u` is the URL of its certificate.
///
/// See the example in the module [`jws`](crate::jws).
///
/// # Errors
/// Returns an error if `key` is not an RSA key in this format.
pub fn sign(key: &[u8], x5u: &str, body: &[u8]) -> Result<String, InputError> {
    let reject = |_| InputError::new("key", "is not an RSA key in PKCS #8 PEM format");
    let key = PrivatePkcs8KeyDer::from_pem_slice(key).map_err(|_| reject(()))?;
    let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).map_err(|_| reject(()))?;
    let header = serde_json::json!({ "alg": "RS256", "x5u": x5u }).to_string();
    let header = URL_SAFE_NO_PAD.encode(header);
    let input = [&header, ".", &URL_SAFE_NO_PAD.encode(body)].concat();
    let mut signature = vec![0; key.public_key().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input.as_bytes(), &mut signature)
        .map_err(|_| reject(()))?;
    Ok([&header, "..", &URL_SAFE_NO_PAD.encode(signature)].concat())
}
