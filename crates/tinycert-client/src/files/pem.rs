//! Validates a chain and its private key before they replace the old files.
//!
//! PEM and DER are parsed strictly: a server would not start with an incomplete file, an encrypted
//! key, or a key that belongs to another certificate.

use std::io;
use std::path::Path;

use api_auth::{Secret, SecretBytes, der_element};

use super::FileError;

/// Checks that the chain consists only of certificates, and that there is exactly one key, which is
/// not encrypted and belongs to the first certificate.
pub(super) fn check_pair(
    (chain_path, chain): (&Path, &str),
    (key_path, key): (&Path, &Secret),
) -> Result<(), FileError> {
    let certificate =
        first_certificate(chain).map_err(|problem| error(chain_path, "chain", &problem))?;
    check_key(&certificate, key.expose())
        .map_err(|problem| error(key_path, "private key", &problem))
}

fn error(path: &Path, what: &str, problem: &str) -> FileError {
    let problem =
        format!("the server sent an invalid {what}: {problem}; the file was not replaced");
    invalid_file(path, problem)
}

/// Checks that the first private key of `key` belongs to the first certificate of `chain`. Other
/// blocks are skipped, because servers skip them, and a combined file contains both.
pub(super) fn check_match(
    (chain_path, chain): (&Path, &str),
    (key_path, key): (&Path, &Secret),
) -> Result<(), FileError> {
    let certificate = blocks(chain).and_then(|blocks| {
        let mut blocks = blocks.into_iter();
        let found = blocks.find(|block| block.label == "CERTIFICATE");
        let certificate = found.ok_or("contains no certificate")?;
        match PublicKey::of_certificate(certificate.content.expose()) {
            Some(_) => Ok(certificate),
            None => Err("contains an invalid certificate".to_owned()),
        }
    });
    let certificate = certificate.map_err(|problem| invalid_file(chain_path, problem))?;
    let matched = blocks(key.expose()).and_then(|blocks| {
        let is_key = |block: &&Block<'_>| block.label.ends_with("PRIVATE KEY");
        let key = blocks.iter().find(is_key).ok_or("contains no private key")?;
        check_block(&certificate.content, key)
    });
    matched.map_err(|problem| invalid_file(key_path, problem))
}

fn invalid_file(path: &Path, problem: String) -> FileError {
    FileError::at(path, io::Error::new(io::ErrorKind::InvalidData, problem))
}

/// A block of a PEM file: its label, such as `CERTIFICATE`, and its decoded content.
struct Block<'a> {
    label: &'a str,
    content: SecretBytes,
}

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";
/// The maximum length of a label in bytes.
const LONGEST: usize = 64;

/// Parses all blocks of a PEM file. Text between the blocks is allowed, unless it contains `-----`.
fn blocks(text: &str) -> Result<Vec<Block<'_>>, String> {
    let mut blocks = Vec::new();
    let mut rest = text;
    loop {
        let number = blocks.len() + 1;
        let Some((before, block)) = rest.split_once(BEGIN) else {
            return if rest.contains(DASHES) {
                Err(format!("malformed text after {} PEM blocks", blocks.len()))
            } else {
                Ok(blocks)
            };
        };
        let is_line = before.is_empty() || before.ends_with('\n');
        if !is_line || before.contains(DASHES) {
            return Err(format!("malformed text before PEM block {number}"));
        }
        let (first, body) = block.split_once('\n').unwrap_or((block, ""));
        let label = first.trim_end().strip_suffix(DASHES);
        // The label is included in error messages.
        let is_label = |byte: u8| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b' ');
        let label = label.filter(|label| label.len() <= LONGEST && label.bytes().all(is_label));
        let Some(label) = label else {
            return Err(format!("PEM block {number} has a malformed first line"));
        };
        let end = format!("-----END {label}-----");
        let Some((content, after)) = body.split_once(&*end) else {
            return Err(format!("PEM block {number} ({label}) is incomplete"));
        };
        // The last line must not contain any other characters.
        let (same_line, after) = after.split_once('\n').unwrap_or((after, ""));
        if !same_line.trim_end().is_empty() || !content.ends_with('\n') {
            return Err(format!("PEM block {number} ({label}) has a malformed last line"));
        }
        let content = SecretBytes::from_base64(content).filter(|der| !der.expose().is_empty());
        let Some(content) = content else {
            return Err(format!("PEM block {number} ({label}) is not base64, or is encrypted"));
        };
        blocks.push(Block { label, content });
        rest = after;
    }
}

/// Returns the DER encoding of the first certificate of a chain. Returns an error if the chain is
/// empty or contains anything other than certificates.
fn first_certificate(chain: &str) -> Result<SecretBytes, String> {
    let blocks = blocks(chain)?;
    for (index, block) in blocks.iter().enumerate() {
        let number = index + 1;
        if block.label != "CERTIFICATE" {
            return Err(format!("PEM block {number} ({}) is not a certificate", block.label));
        }
        if PublicKey::of_certificate(block.content.expose()).is_none() {
            return Err(format!("PEM block {number} is not a valid certificate"));
        }
    }
    let first = blocks.into_iter().next();
    first.map(|block| block.content).ok_or_else(|| "no PEM block".to_owned())
}

fn check_key(certificate: &SecretBytes, text: &str) -> Result<(), String> {
    let blocks = blocks(text)?;
    // OpenSSL writes the parameters of an EC key before the key.
    let mut keys = blocks.iter().filter(|block| block.label != "EC PARAMETERS");
    let key = match (keys.next(), keys.next()) {
        (Some(key), None) => key,
        (None, _) => return Err("no private key".to_owned()),
        _ => return Err("expected one private key, found several PEM blocks".to_owned()),
    };
    check_block(certificate, key)
}

/// Checks that the private key in a PEM block belongs to a certificate.
fn check_block(certificate: &SecretBytes, key: &Block<'_>) -> Result<(), String> {
    let der = key.content.expose();
    let key = match key.label {
        "PRIVATE KEY" => PublicKey::of_pkcs8(der),
        "RSA PRIVATE KEY" => PublicKey::of_rsa(der),
        "EC PRIVATE KEY" => PublicKey::of_ec(der, None),
        "ENCRYPTED PRIVATE KEY" => return Err("it is encrypted".to_owned()),
        label => return Err(format!("expected a private key, found {label}")),
    };
    let key = key.ok_or("not a valid private key")?;
    let public = PublicKey::of_certificate(certificate.expose());
    let public = public.ok_or("its certificate is not valid")?;
    if !key.can_be(&public) {
        return Err("it does not belong to the certificate".to_owned());
    }
    Ok(())
}

/// The parts of a public key that are compared.
struct PublicKey<'a> {
    /// The object identifier of the algorithm.
    algorithm: &'a [u8],
    /// The object identifier of the curve of an EC key.
    curve: Option<&'a [u8]>,
    /// The modulus and exponent of an RSA key, or the public point of an EC key. Not every private
    /// key contains the public point.
    value: Option<[&'a [u8]; 2]>,
}

/// The object identifier `rsaEncryption`, 1.2.840.113549.1.1.1.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// The object identifier `id-RSASSA-PSS`, 1.2.840.113549.1.1.10.
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
/// The object identifier `id-ecPublicKey`, 1.2.840.10045.2.1.
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

impl<'a> PublicKey<'a> {
    /// Returns the public key in a certificate, or `None` if the certificate is invalid. Source:
    /// RFC 5280, section 4.1.
    fn of_certificate(der: &'a [u8]) -> Option<Self> {
        let mut certificate = Der::whole(der)?;
        let mut signed = Der(certificate.next(SEQUENCE)?);
        let _version = signed.optional(CONTEXT_0)?;
        let _serial = signed.next(INTEGER)?;
        for _ in ["signature algorithm", "issuer", "validity", "subject"] {
            signed.next(SEQUENCE)?;
        }
        let mut key = Der(signed.next(SEQUENCE)?);
        let (algorithm, curve) = algorithm(&mut key)?;
        let bits = whole_bytes(key.next(BIT_STRING)?)?;
        let value = if [RSA, RSA_PSS].contains(&algorithm) {
            let mut numbers = Der::whole(bits)?;
            [numbers.next(INTEGER)?, numbers.next(INTEGER)?]
        } else {
            [bits, &[]]
        };
        // The signature algorithm and the signature follow.
        certificate.next(SEQUENCE)?;
        certificate.next(BIT_STRING)?;
        certificate.0.is_empty().then_some(Self { algorithm, curve, value: Some(value) })
    }

    /// Returns the public key that belongs to a private key in PKCS#8 format, or `None` if the
    /// private key is invalid. Source: RFC 5958, section 2.
    fn of_pkcs8(der: &'a [u8]) -> Option<Self> {
        let mut key = Der::whole(der)?;
        let _version = key.next(INTEGER)?;
        let (algorithm, curve) = algorithm(&mut key)?;
        let inner = key.next(OCTET_STRING)?;
        let _attributes = key.optional(CONTEXT_0)?;
        let public = match key.optional(PRIMITIVE_1)? {
            Some(bits) => Some([whole_bytes(bits)?, &[][..]]),
            None => None,
        };
        if !key.0.is_empty() {
            return None;
        }
        let inner = match algorithm {
            RSA | RSA_PSS => Self { algorithm, ..Self::of_rsa(inner)? },
            EC => Self::of_ec(inner, curve)?,
            _ => Self { algorithm, curve, value: public },
        };
        Some(Self { value: inner.value.or(public), ..inner })
    }

    /// Returns the public key that belongs to an RSA private key, or `None` if the private key is
    /// invalid. Source: RFC 8017, appendix A.1.2.
    fn of_rsa(der: &'a [u8]) -> Option<Self> {
        let mut key = Der::whole(der)?;
        let _version = key.next(INTEGER)?;
        let value = Some([key.next(INTEGER)?, key.next(INTEGER)?]);
        for _ in ["private exponent", "p", "q", "d mod p-1", "d mod q-1", "coefficient"] {
            key.next(INTEGER)?;
        }
        Some(Self { algorithm: RSA, curve: None, value })
    }

    /// Returns the public key that belongs to an EC private key, or `None` if the private key is
    /// invalid. Source: RFC 5915, section 3.
    fn of_ec(der: &'a [u8], curve: Option<&'a [u8]>) -> Option<Self> {
        let mut key = Der::whole(der)?;
        let _version = key.next(INTEGER)?;
        let _private = key.next(OCTET_STRING)?;
        let own_curve = match key.optional(CONTEXT_0)? {
            Some(parameters) => Der(parameters).optional(OBJECT_IDENTIFIER)?,
            None => None,
        };
        let value = match key.optional(CONTEXT_1)? {
            Some(public) => Some([whole_bytes(Der(public).next(BIT_STRING)?)?, &[][..]]),
            None => None,
        };
        Some(Self { algorithm: EC, curve: curve.or(own_curve), value })
    }

    /// Returns whether the two keys can be the same. Parts that are missing in one of the keys are
    /// not compared.
    fn can_be(&self, other: &Self) -> bool {
        fn is_same<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
            one.is_none() || other.is_none() || one == other
        }
        self.algorithm == other.algorithm
            && is_same(self.curve, other.curve)
            && is_same(self.value, other.value)
    }
}

/// Parses an algorithm identifier. Returns the object identifiers of the algorithm and, if it has
/// one, of its curve.
fn algorithm<'a>(from: &mut Der<'a>) -> Option<(&'a [u8], Option<&'a [u8]>)> {
    let mut algorithm = Der(from.next(SEQUENCE)?);
    Some((algorithm.next(OBJECT_IDENTIFIER)?, algorithm.optional(OBJECT_IDENTIFIER)?))
}

/// Returns the content of a bit string, or `None` if it does not consist of whole bytes.
fn whole_bytes(bits: &[u8]) -> Option<&[u8]> {
    bits.strip_prefix(&[0])
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const PRIMITIVE_1: u8 = 0x81;
const CONTEXT_0: u8 = 0xa0;
const CONTEXT_1: u8 = 0xa1;

/// The remaining values of a DER encoding.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// Returns the values in a sequence, or `None` if the sequence does not span the whole
    /// encoding.
    fn whole(text: &'a [u8]) -> Option<Self> {
        let mut outer = Self(text);
        let inner = outer.next(SEQUENCE)?;
        outer.0.is_empty().then_some(Self(inner))
    }

    /// Returns the content of the next value, or `None` if it is malformed or has a different tag.
    fn next(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (found, content, rest) = der_element(self.0)?;
        if found != tag {
            return None;
        }
        self.0 = rest;
        Some(content)
    }

    /// Returns the content of the next value if it has this tag. The outer `None` means that the
    /// value is malformed, and the inner one that it has a different tag.
    #[expect(clippy::option_option, reason = "absent and malformed differ")]
    fn optional(&mut self, tag: u8) -> Option<Option<&'a [u8]>> {
        if self.0.first() == Some(&tag) { self.next(tag).map(Some) } else { Some(None) }
    }
}
