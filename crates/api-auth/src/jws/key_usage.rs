//! The extension `keyUsage` of certificates, which `webpki` does not verify.

use crate::der::der_element;

/// The object identifier of `keyUsage`, 2.5.29.15, in DER.
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];

const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// The tag of the extensions of a certificate, `[3]`.
const EXTENSIONS: u8 = 0xa3;

/// The bit `digitalSignature` in the first byte of `keyUsage`.
const DIGITAL_SIGNATURE: u8 = 0x80;
/// The bit `contentCommitment` in the first byte of `keyUsage`.
const CONTENT_COMMITMENT: u8 = 0x40;
/// The bit `keyCertSign` in the first byte of `keyUsage`.
const KEY_CERT_SIGN: u8 = 0x04;

/// Returns whether the key of a certificate (DER) may sign messages: the extension is absent, or
/// contains `digitalSignature` or `contentCommitment` (RFC 5280, section 4.2.1.3). Returns `false`
/// for anything but a certificate.
pub(super) fn may_sign_messages(certificate: &[u8]) -> bool {
    allows(certificate, DIGITAL_SIGNATURE | CONTENT_COMMITMENT)
}

/// Returns whether the key of a certificate may sign certificates: the extension is absent or
/// contains `keyCertSign`. Returns `false` for anything but a certificate.
pub(super) fn may_sign_certificates(certificate: &[u8]) -> bool {
    allows(certificate, KEY_CERT_SIGN)
}

fn allows(certificate: &[u8], any_of: u8) -> bool {
    match key_usage(certificate) {
        Some(Some(bits)) => bits & any_of != 0,
        Some(None) => true,
        None => false,
    }
}

/// Returns the first byte of the key usage bits, or `Some(None)` if the certificate does not
/// contain the extension. Returns `None` if the bytes are not a certificate.
fn key_usage(certificate: &[u8]) -> Option<Option<u8>> {
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (mut fields, _) = element(certificate, SEQUENCE)?;
    while let Some((tag, content, rest)) = der_element(fields) {
        if tag != EXTENSIONS {
            fields = rest;
            continue;
        }
        let (mut extensions, _) = element(content, SEQUENCE)?;
        while !extensions.is_empty() {
            let (extension, others) = element(extensions, SEQUENCE)?;
            extensions = others;
            let (name, value) = element(extension, OBJECT_IDENTIFIER)?;
            if name == KEY_USAGE {
                // An optional boolean, "critical", precedes the value.
                let value = match der_element(value)? {
                    (OCTET_STRING, value, _) => value,
                    (_, _, rest) => element(rest, OCTET_STRING)?.0,
                };
                let (bits, _) = element(value, BIT_STRING)?;
                // The number of unused bits, then the bits. Without bits, nothing is allowed.
                return Some(Some(bits.get(1).copied().unwrap_or_default()));
            }
        }
        return Some(None);
    }
    fields.is_empty().then_some(None)
}

/// Returns the content of the first element, and the bytes after it. Returns `None` if the element
/// is incomplete or has a different tag.
fn element(der: &[u8], expected: u8) -> Option<(&[u8], &[u8])> {
    let (tag, content, rest) = der_element(der)?;
    (tag == expected).then_some((content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An element of a tag and up to 127 bytes.
    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    }

    /// A certificate with these extensions and nothing else.
    fn certificate(extensions: &[Vec<u8>]) -> Vec<u8> {
        let extensions = der(EXTENSIONS, &der(SEQUENCE, &extensions.concat()));
        der(SEQUENCE, &der(SEQUENCE, &[der(0x02, &[1]), extensions].concat()))
    }

    fn extension(name: &[u8], is_critical: bool, value: &[u8]) -> Vec<u8> {
        let critical: &[u8] = if is_critical { &[0x01, 1, 0xff] } else { &[] };
        let parts = [der(OBJECT_IDENTIFIER, name), critical.to_vec(), der(OCTET_STRING, value)];
        der(SEQUENCE, &parts.concat())
    }

    #[test]
    fn bits_are_those_of_the_extension() {
        let constraints = extension(&[0x55, 0x1d, 0x13], true, &der(SEQUENCE, &[]));
        for (bits, messages, certificates) in [
            (&[7, 0x80][..], true, false),
            (&[6, 0x40], true, false),
            (&[2, 0x04], false, true),
            (&[2, 0x84], true, true),
            (&[5, 0x20], false, false),
            (&[7, 0x00, 0x80], false, false),
            (&[0], false, false),
            (&[], false, false),
        ] {
            for is_critical in [true, false] {
                let usage = extension(KEY_USAGE, is_critical, &der(BIT_STRING, bits));
                let der = certificate(&[constraints.clone(), usage]);
                assert_eq!(may_sign_messages(&der), messages, "{bits:?}");
                assert_eq!(may_sign_certificates(&der), certificates, "{bits:?}");
            }
        }
        let without = certificate(&[constraints]);
        assert!(may_sign_messages(&without) && may_sign_certificates(&without));
        let no_extensions = der(SEQUENCE, &der(SEQUENCE, &der(0x02, &[1])));
        assert!(may_sign_messages(&no_extensions));
    }

    #[test]
    fn bytes_that_are_not_a_certificate_allow_nothing() {
        let whole = certificate(&[extension(KEY_USAGE, true, &der(BIT_STRING, &[7, 0x80]))]);
        assert!(may_sign_messages(&whole));
        for length in 0..whole.len() {
            assert!(!may_sign_messages(&whole[..length]), "{length}");
        }
        for broken in [&[0x30, 0x80][..], &[0x30, 0x84, 0, 0, 0, 0], &[0x30, 0x81], &[0x31, 0]] {
            assert!(!may_sign_messages(broken) && !may_sign_certificates(broken), "{broken:?}");
        }
        let no_bits = certificate(&[extension(KEY_USAGE, true, &der(OCTET_STRING, &[7, 0x80]))]);
        assert!(!may_sign_messages(&no_bits));
    }
}
