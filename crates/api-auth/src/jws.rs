//! Detached JSON Web Signatures (RS256) over a raw body, whose certificate lies at a URL: verified
//! strictly, with the full chain to given anchors. Signing is here for tests.
//!
//! ```text
//! signature header = base64url(header) ".." base64url(signature)       no padding
//! signing input    = header segment as received "." base64url(body as received)
//! ```

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
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use crate::InputError;

/// Why a signature does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwsError {
    /// There is no signature.
    #[error("the signature is missing")]
    Missing,
    /// It is not three segments of base64url with an empty one in the middle.
    #[error("the signature is not a detached JWS")]
    Malformed,
    /// Its header is no JSON object with the members that are required, names one twice, or has
    /// `crit`.
    #[error("the header of the signature cannot be read")]
    Header,
    /// Its header names another algorithm than RS256.
    #[error("the algorithm of the signature is not RS256")]
    Algorithm,
    /// Its certificate lies where it must not.
    #[error("the certificate of the signature is at an address that is not allowed")]
    Address,
    /// The certificate has expired, or is not valid yet.
    #[error("the certificate of the signature is not valid at this time")]
    Time,
    /// The certificate cannot be read, is not for signatures, or no chain leads from it to an
    /// anchor.
    #[error("the certificate of the signature is not trusted")]
    Chain,
    /// The signature is not that of these bytes by that certificate.
    #[error("the signature does not match")]
    Signature,
}

/// The longest name of a certificate's file, as file systems have it.
const LONGEST_NAME: usize = 255;

/// A signature that was taken apart; nothing of it is verified yet.
#[derive(Debug, Clone)]
pub struct DetachedJws<'a> {
    header_segment: &'a str,
    signature: Vec<u8>,
    x5u: String,
}

impl<'a> DetachedJws<'a> {
    /// Takes the text of a signature header apart.
    ///
    /// # Errors
    /// The first thing that is wrong with its form.
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
        crate::decode::validate_names(&header).map_err(|_| JwsError::Header)?;
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

    /// Where its certificate lies, as the message says. Anybody can write anything there: compare
    /// it before fetching.
    pub fn x5u(&self) -> &str {
        &self.x5u
    }

    /// The name of the file, if the certificate lies directly below `folder` (a URL that ends
    /// with a slash) under a plain name of at most 255 letters.
    ///
    /// # Errors
    /// [`JwsError::Address`] for any other place.
    pub fn file_below(&self, folder: &str) -> Result<&str, JwsError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        self.x5u
            .strip_prefix(folder)
            .filter(|name| name.len() <= LONGEST_NAME && name.bytes().all(plain))
            .filter(|name| !matches!(*name, "" | "." | ".."))
            .ok_or(JwsError::Address)
    }

    /// Verifies that `certificate` leads to one of `anchors` at `now`, and that its key signed
    /// `body`.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn verify(
        &self,
        body: &[u8],
        certificate: &Certificate,
        anchors: &Anchors,
        now: SystemTime,
    ) -> Result<(), JwsError> {
        let Certificate { leaf, intermediates } = certificate;
        let certificate = EndEntityCert::try_from(leaf).map_err(|_| JwsError::Chain)?;
        anchors.hold(&certificate, intermediates, now)?;
        let input = [self.header_segment, ".", &URL_SAFE_NO_PAD.encode(body)].concat();
        certificate
            .verify_signature(
                webpki::ring::RSA_PKCS1_2048_8192_SHA256,
                input.as_bytes(),
                &self.signature,
            )
            .map_err(|_| JwsError::Signature)
    }
}

/// The certificate of the signer, and the intermediates that were served beside it. These are not
/// trusted: they only help to find a chain to an anchor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    leaf: CertificateDer<'static>,
    intermediates: Vec<CertificateDer<'static>>,
}

/// The most certificates that are read beside a signer's.
const MOST_INTERMEDIATES: usize = 8;

impl Certificate {
    /// Reads a PEM text: the signer's certificate first, then intermediates if there are any.
    ///
    /// # Errors
    /// [`JwsError::Chain`] when the first certificate cannot be read.
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

    /// Returns this signer's certificate with all certificates of `other` as further intermediates.
    /// They are not trusted either.
    #[must_use]
    pub fn with_intermediates(&self, other: &Self) -> Self {
        let more = std::iter::once(&other.leaf).chain(&other.intermediates);
        let intermediates = self.intermediates.iter().chain(more).cloned().collect();
        Self { leaf: self.leaf.clone(), intermediates }
    }
}

/// The members of a header, each once: whoever reads the first of two and whoever reads the last
/// must not see two different signatures.
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
                        return Err(A::Error::custom("a member comes twice"));
                    }
                }
                Ok(Header(map))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// Certificates that are trusted, and those between them and a leaf.
#[derive(Debug, Clone)]
pub struct Anchors {
    roots: Vec<TrustAnchor<'static>>,
    intermediates: Vec<CertificateDer<'static>>,
}

/// How each section of a PEM text begins, whatever it holds.
const BEGIN: &[u8] = b"-----BEGIN ";

/// With which algorithms the certificates of a chain may be signed.
const CHAIN_ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    webpki::ring::RSA_PKCS1_2048_8192_SHA256,
    webpki::ring::RSA_PKCS1_2048_8192_SHA384,
    webpki::ring::RSA_PKCS1_2048_8192_SHA512,
    webpki::ring::ECDSA_P256_SHA256,
    webpki::ring::ECDSA_P384_SHA384,
];

impl Anchors {
    /// Reads certificates in PEM form: those that issued themselves are trusted, the others are
    /// links of a chain.
    ///
    /// # Errors
    /// Returns an error if a section of the text is not a `CERTIFICATE`, a certificate cannot be
    /// read, or none of them is a root.
    pub fn from_pem(pem: &[u8]) -> Result<Self, InputError> {
        let refuse = |problem| InputError::new("trust anchors", problem);
        let mut anchors = Self { roots: Vec::new(), intermediates: Vec::new() };
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|_| refuse("are not in PEM form"))?.into_owned();
            let parsed = EndEntityCert::try_from(&certificate)
                .map_err(|_| refuse("hold what is no certificate"))?;
            if parsed.issuer() == parsed.subject() {
                let root = anchor_from_trusted_cert(&certificate)
                    .map_err(|_| refuse("hold a root certificate that cannot be used"))?;
                anchors.roots.push(root.to_owned());
            } else {
                anchors.intermediates.push(certificate);
            }
        }
        let count = anchors.roots.len() + anchors.intermediates.len();
        let begins = pem.windows(BEGIN.len()).filter(|window| *window == BEGIN).count();
        if count != begins {
            return Err(refuse(
                "hold a section that cannot be read as a certificate: each must begin with \
                 -----BEGIN CERTIFICATE-----",
            ));
        }
        if anchors.roots.is_empty() {
            return Err(refuse("hold no root certificate"));
        }
        Ok(anchors)
    }

    /// Whether a chain leads from the leaf to a root, all valid at `now`.
    fn hold(
        &self,
        leaf: &EndEntityCert<'_>,
        served: &[CertificateDer<'static>],
        now: SystemTime,
    ) -> Result<(), JwsError> {
        let intermediates: Vec<_> = self.intermediates.iter().chain(served).cloned().collect();
        let now = UnixTime::since_unix_epoch(now.duration_since(UNIX_EPOCH).unwrap_or_default());
        // The certificate is for this one purpose: if it names purposes at all, any will do.
        let usages = [KeyUsage::server_auth(), KeyUsage::client_auth()];
        let mut outcome = Err(JwsError::Chain);
        for usage in usages {
            let path = leaf.verify_for_usage(
                CHAIN_ALGORITHMS,
                &self.roots,
                &intermediates,
                now,
                usage,
                None,
                None,
            );
            outcome = path.map(drop).map_err(|error| match error {
                webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. } => {
                    JwsError::Time
                }
                _ => JwsError::Chain,
            });
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }
}

/// Signs `body` as a sender would, for tests of a receiver: `key` is an RSA key in PKCS #8 PEM
/// form, and `x5u` is where its certificate lies.
///
/// # Errors
/// A key that is none.
pub fn sign(key: &[u8], x5u: &str, body: &[u8]) -> Result<String, InputError> {
    let refuse = |_| InputError::new("key", "is no RSA key in PKCS #8 PEM form");
    let key = PrivatePkcs8KeyDer::from_pem_slice(key).map_err(|_| refuse(()))?;
    let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).map_err(|_| refuse(()))?;
    let header = serde_json::json!({ "alg": "RS256", "x5u": x5u }).to_string();
    let header = URL_SAFE_NO_PAD.encode(header);
    let input = [&header, ".", &URL_SAFE_NO_PAD.encode(body)].concat();
    let mut signature = vec![0; key.public_key().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input.as_bytes(), &mut signature)
        .map_err(|_| refuse(()))?;
    Ok([&header, "..", &URL_SAFE_NO_PAD.encode(signature)].concat())
}
