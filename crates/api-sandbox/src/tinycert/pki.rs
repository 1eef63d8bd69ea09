//! The X.509 certificates of the TinyCert server: those of CAs, and those that the CAs sign.

use std::net::IpAddr;

use rcgen::string::{Ia5String, PrintableString};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, DnValue, Error,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};
use time::OffsetDateTime;

/// The fields of a subject, in the order in which a certificate contains them. Empty fields are
/// omitted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) c: String,
    pub(super) st: String,
    pub(super) l: String,
    pub(super) o: String,
    pub(super) ou: String,
    pub(super) cn: String,
    pub(super) e: String,
}

impl Subject {
    fn name(&self) -> Result<DistinguishedName, Error> {
        // The OID 1.2.840.113549.1.9.1 is emailAddress.
        let email = DnType::from_oid(&[1, 2, 840, 113_549, 1, 9, 1]);
        let mut name = DistinguishedName::new();
        for (kind, value) in [
            (DnType::CountryName, &self.c),
            (DnType::StateOrProvinceName, &self.st),
            (DnType::LocalityName, &self.l),
            (DnType::OrganizationName, &self.o),
            (DnType::OrganizationalUnitName, &self.ou),
            (DnType::CommonName, &self.cn),
            (email.clone(), &self.e),
        ] {
            if value.is_empty() {
                continue;
            }
            let value = if kind == DnType::CountryName {
                DnValue::PrintableString(PrintableString::try_from(value.as_str())?)
            } else if kind == email {
                DnValue::Ia5String(Ia5String::try_from(value.as_str())?)
            } else {
                DnValue::from(value.as_str())
            };
            name.push(kind, value);
        }
        Ok(name)
    }
}

/// Converts Unix seconds. Returns an error for a time after the year 9999, which a certificate
/// cannot contain.
fn time(unix: u64) -> Result<OffsetDateTime, Error> {
    let unix = i64::try_from(unix).map_err(|_| Error::Time)?;
    OffsetDateTime::from_unix_timestamp(unix).map_err(|_| Error::Time)
}

/// The key and the certificate of a CA.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(super) pem: String,
}

impl Authority {
    pub(super) fn new(subject: &Subject, from: u64, until: u64) -> Result<Self, Error> {
        let mut params = CertificateParams::default();
        params.distinguished_name = subject.name()?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = time(from)?;
        params.not_after = time(until)?;
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), pem })
    }
}

/// A key pair, and the certificate signing request (CSR) for it.
pub(super) struct KeyAndRequest {
    key: KeyPair,
    params: CertificateParams,
    pub(super) csr: String,
}

impl KeyAndRequest {
    pub(super) fn new(subject: &Subject, sans: &[(String, String)]) -> Result<Self, Error> {
        let mut params = CertificateParams::default();
        params.distinguished_name = subject.name()?;
        for (kind, value) in sans {
            let text = || Ia5String::try_from(value.as_str());
            params.subject_alt_names.push(match kind.as_str() {
                "DNS" => SanType::DnsName(text()?),
                "email" => SanType::Rfc822Name(text()?),
                "URI" => SanType::URI(text()?),
                _ => {
                    let address: IpAddr =
                        value.parse().map_err(|_| Error::InvalidIpAddressOctetLength(0))?;
                    SanType::IpAddress(address)
                }
            });
        }
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages =
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate()?;
        let csr = params.serialize_request(&key)?.pem()?;
        Ok(Self { key, params, csr })
    }

    /// Returns a certificate for this request in PEM format, signed by `authority`. It is valid
    /// from `from` to `until`, in Unix seconds.
    pub(super) fn signed_by(
        &self,
        authority: &Authority,
        serial: u64,
        from: u64,
        until: u64,
    ) -> Result<String, Error> {
        let mut params = self.params.clone();
        params.serial_number = Some(SerialNumber::from(serial));
        params.use_authority_key_identifier_extension = true;
        params.not_before = time(from)?;
        params.not_after = time(until)?;
        params
            .signed_by(&self.key, &authority.issuer)
            .map(|certificate: Certificate| certificate.pem())
    }

    /// Returns the private key as unencrypted PKCS#8 in DER format.
    pub(super) fn key_der(&self) -> Vec<u8> {
        self.key.serialize_der()
    }

    /// Returns the private key as unencrypted PKCS#8 in PEM format.
    pub(super) fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validity_ends_in_the_year_9999_at_the_latest() {
        let last = 253_402_300_799;
        let subject = Subject { o: "Sandbox, Inc.".to_owned(), ..Subject::default() };
        let authority = Authority::new(&subject, 0, last).unwrap();
        let request = KeyAndRequest::new(&subject, &[]).unwrap();
        assert!(request.signed_by(&authority, 1, 0, last).is_ok());
        for late in [last + 1, u64::MAX] {
            assert!(Authority::new(&subject, 0, late).is_err(), "{late}");
            assert!(request.signed_by(&authority, 1, 0, late).is_err(), "{late}");
        }
    }
}
