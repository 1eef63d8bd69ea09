//! Additional root certificates. ureq can only replace its roots, so they are added to those of
//! Mozilla as certificates.
//!
//! A program with rustls already contains Mozilla's roots as trust anchors: subjects, keys and name
//! constraints, without the rest of the certificates. ureq does not accept these, so each is
//! converted to a certificate with nothing else in it, from which rustls creates the same anchor.

use rustls_pki_types::CertificateDer;
#[cfg(feature = "rustls")]
use rustls_pki_types::TrustAnchor;
use rustls_pki_types::pem::PemObject;
use ureq::tls::{Certificate, RootCerts};

use crate::error::input::InputError;

const ARGUMENT: &str = "extra_root_certificates";

/// Returns the compiled-in roots and the certificates of these PEM texts.
pub(super) fn with_extra(pems: &[Vec<u8>]) -> Result<RootCerts, InputError> {
    let mut all = compiled_in();
    for pem in pems {
        let Bundle { certificates, unusable, .. } = Bundle::parse(pem)?;
        if unusable > 0 {
            log::warn!(
                "{ARGUMENT}: {unusable} of {} certificates cannot be used and are skipped",
                certificates.len() + unusable
            );
        }
        all.extend(certificates.iter().map(|der| Certificate::from_der(der).to_owned()));
    }
    Ok(RootCerts::from(all))
}

/// Returns Mozilla's roots, as certificates with only a subject, a key and name constraints.
#[cfg(feature = "rustls")]
fn compiled_in() -> Vec<Certificate<'static>> {
    let roots = webpki_roots::TLS_SERVER_ROOTS.iter();
    roots.map(|root| Certificate::from_der(&certificate_of(root)).to_owned()).collect()
}

/// Returns Mozilla's roots, as complete certificates.
#[cfg(not(feature = "rustls"))]
fn compiled_in() -> Vec<Certificate<'static>> {
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
    roots.map(|root| Certificate::from_der(root)).collect()
}

/// Returns a certificate with the subject, the key and the name constraints of a trust anchor. The
/// other elements are placeholders: rustls does not need them, because it does not verify root
/// certificates. Other libraries reject this certificate, because its issuer, validity and
/// signature are empty.
///
/// Source: RFC 5280, section 4.1.
#[cfg(feature = "rustls")]
fn certificate_of(anchor: &TrustAnchor<'_>) -> Vec<u8> {
    const SEQUENCE: u8 = 0x30;
    const VERSION_3_AND_SERIAL_NUMBER: &[u8] = &[0xa0, 3, 0x02, 1, 2, 0x02, 1, 1];
    const EMPTY: &[u8] = &[SEQUENCE, 0];
    const EMPTY_BIT_STRING: &[u8] = &[0x03, 1, 0];
    const OCTET_STRING: u8 = 0x04;
    const EXTENSIONS: u8 = 0xa3;
    /// The object identifier of the extension `nameConstraints`, 2.5.29.30, in DER.
    const NAME_CONSTRAINTS: &[u8] = &[0x06, 3, 0x55, 0x1d, 0x1e];

    let extensions = anchor.name_constraints.as_ref().map(|constraints| {
        let value = element(OCTET_STRING, &[&element(SEQUENCE, &[constraints])]);
        let extension = element(SEQUENCE, &[NAME_CONSTRAINTS, &value]);
        element(EXTENSIONS, &[&element(SEQUENCE, &[&extension])])
    });
    let (algorithm, issuer, validity) = (EMPTY, EMPTY, EMPTY);
    let signed = [
        VERSION_3_AND_SERIAL_NUMBER,
        algorithm,
        issuer,
        validity,
        &element(SEQUENCE, &[&anchor.subject]),
        &element(SEQUENCE, &[&anchor.subject_public_key_info]),
        &extensions.unwrap_or_default(),
    ];
    element(SEQUENCE, &[&element(SEQUENCE, &signed), algorithm, EMPTY_BIT_STRING])
}

/// Returns the DER encoding of an element with this tag. Its content is the concatenation of
/// `parts`, which must not be longer than 65,535 bytes.
#[cfg(feature = "rustls")]
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let [.., high, low] = content.len().to_be_bytes();
    match (high, low) {
        (0, 0..0x80) => [&[tag, low], &*content].concat(),
        (0, _) => [&[tag, 0x81, low], &*content].concat(),
        _ => [&[tag, 0x82, high, low], &*content].concat(),
    }
}

/// The certificates of a PEM text.
#[derive(Debug, Default)]
struct Bundle {
    certificates: Vec<CertificateDer<'static>>,
    /// The number of certificates that cannot be used.
    unusable: usize,
    /// The number of unusable certificates that contain OpenSSL's trust settings.
    with_trust_settings: usize,
}

impl Bundle {
    /// Parses a PEM text. Returns an error if it contains no certificate that can be used.
    fn parse(pem: &[u8]) -> Result<Self, InputError> {
        // Comments may have any encoding.
        let text = String::from_utf8_lossy(pem);
        let mut bundle = Self::default();
        let mut sections = String::with_capacity(text.len());
        for line in text.trim_start_matches('\u{feff}').lines() {
            // A name of early versions of OpenSSL for the same content.
            sections.push_str(&line.replace("X509 CERTIFICATE-----", "CERTIFICATE-----"));
            sections.push('\n');
            // The certificate is followed by settings that may restrict or revoke the trust in it.
            // Neither TLS library applies them, so it must not be trusted.
            if line.starts_with("-----BEGIN TRUSTED CERTIFICATE-----") {
                bundle.with_trust_settings += 1;
            }
        }
        bundle.unusable = bundle.with_trust_settings;
        for certificate in CertificateDer::pem_slice_iter(sections.as_bytes()) {
            match certificate {
                Ok(certificate) if is_usable(&certificate) => bundle.certificates.push(certificate),
                _ => bundle.unusable += 1,
            }
        }
        if !bundle.certificates.is_empty() {
            return Ok(bundle);
        }
        Err(InputError::new(
            ARGUMENT,
            match (bundle.unusable, bundle.with_trust_settings) {
                (0, _) => "must contain a certificate in PEM format".to_owned(),
                (all, trusted) if all == trusted => {
                    "contains only certificates with trust settings (TRUSTED CERTIFICATE), which \
                     are not supported; convert them with `openssl x509 -in FILE -out FILE`"
                        .to_owned()
                }
                (1, _) => "contains an invalid certificate and no valid one".to_owned(),
                (all, _) => format!("contains {all} invalid certificates and no valid one"),
            },
        ))
    }
}

/// Returns whether the TLS library can use this certificate as a root.
#[cfg(feature = "rustls")]
fn is_usable(certificate: &CertificateDer<'_>) -> bool {
    rustls::RootCertStore::empty().add(certificate.clone()).is_ok()
}

/// Returns whether the TLS library can use this certificate as a root.
#[cfg(not(feature = "rustls"))]
fn is_usable(certificate: &CertificateDer<'_>) -> bool {
    native_tls::Certificate::from_der(certificate).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> String {
        let key = rcgen::KeyPair::generate().unwrap();
        rcgen::CertificateParams::new(vec![]).unwrap().self_signed(&key).unwrap().pem()
    }

    /// Returns the number of usable and of unusable certificates, or the error.
    fn counts(pem: impl AsRef<[u8]>) -> Result<(usize, usize), String> {
        Bundle::parse(pem.as_ref())
            .map(|bundle| (bundle.certificates.len(), bundle.unusable))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn extra_roots_are_added_to_the_compiled_in_roots() {
        let compiled_in = compiled_in().len();
        assert!(compiled_in > 100);
        let pems = [root().into_bytes(), [root(), root()].concat().into_bytes()];
        let RootCerts::Specific(all) = with_extra(&pems).unwrap() else { panic!() };
        assert_eq!(all.len(), compiled_in + 3);
        assert!(all.iter().all(|root| is_usable(&CertificateDer::from(root.der()))));
    }

    #[test]
    #[cfg(feature = "rustls")]
    fn compiled_in_roots_are_exactly_those_without_extra_roots() {
        let mut store = rustls::RootCertStore::empty();
        for root in compiled_in() {
            store.add(CertificateDer::from(root.der().to_vec())).unwrap();
        }
        assert_eq!(store.roots, webpki_roots::TLS_SERVER_ROOTS);
        let is_constrained = |root: &TrustAnchor<'_>| root.name_constraints.is_some();
        assert!(store.roots.iter().any(is_constrained));
    }

    #[test]
    fn an_unusable_certificate_is_skipped_and_counted() {
        let invalid = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let not_base64 = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
        let truncated = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        let good = root();
        assert_eq!(counts([invalid, not_base64, &good, truncated].concat()), Ok((1, 3)));
        assert_eq!(
            counts(invalid).unwrap_err(),
            "extra_root_certificates: contains an invalid certificate and no valid one"
        );
        assert_eq!(
            counts([invalid, not_base64].concat()).unwrap_err(),
            "extra_root_certificates: contains 2 invalid certificates and no valid one"
        );
    }

    #[test]
    fn text_without_certificates_is_an_error() {
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        for text in ["", "hello", key] {
            assert_eq!(
                counts(text).unwrap_err(),
                "extra_root_certificates: must contain a certificate in PEM format"
            );
        }
    }

    #[test]
    fn byte_order_mark_comments_and_line_ends_are_accepted() {
        let good = root();
        assert_eq!(counts(format!("\u{feff}{good}")), Ok((1, 0)));
        assert_eq!(counts(good.replace("\r\n", "\n").replace('\n', "\r\n")), Ok((1, 0)));
        assert_eq!(counts([b"# Soci\xe9t\xe9\n", good.as_bytes()].concat()), Ok((1, 0)));
        assert_eq!(counts(good.replace("CERTIFICATE", "X509 CERTIFICATE")), Ok((1, 0)));
    }

    #[test]
    fn certificates_with_trust_settings_are_not_trusted() {
        let good = root();
        let trusted = good.replace("CERTIFICATE", "TRUSTED CERTIFICATE");
        assert_eq!(counts([&*trusted, &*good].concat()), Ok((1, 1)));
        let error = counts(trusted).unwrap_err();
        assert!(error.contains("`openssl x509 -in FILE -out FILE`"), "{error}");
    }
}
