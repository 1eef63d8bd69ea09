//! A parser for the fields that this program needs from a certificate in DER format. Source: RFC
//! 5280.

use std::net::IpAddr;

use cli_support::api_auth::UnixTime;
use yasna::models::{ObjectIdentifier, TaggedDerValue};
use yasna::tags::{TAG_BMPSTRING, TAG_GENERALIZEDTIME, TAG_UTCTIME};
use yasna::{ASN1Error, ASN1ErrorKind, ASN1Result, BERReader, BERReaderSeq, Tag, parse_der};

/// The fields of a certificate that this program shows, such as its subject, names and expiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    /// The serial number, in hexadecimal digits.
    pub(crate) serial: String,
    /// The alternative names, such as `DNS:example.com`.
    pub(crate) names: Vec<String>,
    pub(crate) not_before: UnixTime,
    pub(crate) expires: UnixTime,
    /// The algorithm of the key with its size or curve, such as `EC P-256`.
    pub(crate) key: String,
}

fn invalid<T>() -> ASN1Result<T> {
    Err(ASN1Error::new(ASN1ErrorKind::Invalid))
}

impl Certificate {
    /// Parses a certificate. Its signature is not verified.
    ///
    /// # Errors
    /// Returns an error if the bytes are not a certificate.
    pub(crate) fn parse(der: &[u8]) -> ASN1Result<Self> {
        parse_der(der, |reader| {
            reader.read_sequence(|reader| {
                let certificate = reader.next().read_sequence(Self::signed)?;
                let _algorithm = reader.next().read_der()?;
                let _signature = reader.next().read_bitvec_bytes()?;
                Ok(certificate)
            })
        })
    }

    /// Parses the signed part of a certificate (`TBSCertificate`).
    fn signed(reader: &mut BERReaderSeq<'_, '_>) -> ASN1Result<Self> {
        let _version = reader.read_optional(|reader| {
            reader.read_tagged(Tag::context(0), |reader| reader.read_i8())
        })?;
        let (serial, _) = reader.next().read_bigint_bytes()?;
        let _algorithm = reader.next().read_der()?;
        let issuer = name(reader.next())?;
        let (not_before, expires) = reader
            .next()
            .read_sequence(|reader| Ok((time(reader.next())?, time(reader.next())?)))?;
        let subject = name(reader.next())?;
        let key = reader.next().read_sequence(key)?;
        for number in [1, 2] {
            let id = Tag::context(number);
            reader.read_optional(|reader| {
                reader.read_tagged_implicit(id, |reader| reader.read_bitvec_bytes())
            })?;
        }
        let names = reader.read_optional(|reader| reader.read_tagged(Tag::context(3), names))?;
        Ok(Self {
            subject,
            issuer,
            serial: serial.iter().map(|byte| format!("{byte:02x}")).collect(),
            names: names.unwrap_or_default(),
            not_before,
            expires,
            key,
        })
    }
}

/// The object identifiers of the attributes of a distinguished name, with their usual
/// abbreviations.
const ATTRIBUTES: &[(&[u64], &str)] = &[
    (&[2, 5, 4, 3], "CN"),
    (&[2, 5, 4, 6], "C"),
    (&[2, 5, 4, 7], "L"),
    (&[2, 5, 4, 8], "ST"),
    (&[2, 5, 4, 10], "O"),
    (&[2, 5, 4, 11], "OU"),
    (&[1, 2, 840, 113_549, 1, 9, 1], "emailAddress"),
];

/// Returns the name of an object identifier in `table`, or its dotted form, such as `2.5.4.3`, if
/// the table does not contain it.
fn named(oid: &ObjectIdentifier, table: &[(&[u64], &str)]) -> String {
    let found = table.iter().find(|(numbers, _)| *numbers == oid.components().as_slice());
    found.map_or_else(|| oid.to_string(), |(_, name)| (*name).to_owned())
}

/// Parses a distinguished name. Returns it in the form `C=US, O=ACME\, Inc.`.
fn name(reader: BERReader<'_, '_>) -> ASN1Result<String> {
    let mut parts = Vec::new();
    reader.read_sequence_of(|reader| {
        reader.read_set_of(|reader| {
            reader.read_sequence(|reader| {
                let attribute = named(&reader.next().read_oid()?, ATTRIBUTES);
                let value = text(&reader.next().read_tagged_der()?);
                parts.push(format!("{attribute}={value}"));
                Ok(())
            })
        })
    })?;
    Ok(parts.join(", "))
}

/// Returns the text of an ASN.1 string of any type, for a distinguished name. Characters that
/// separate the parts of the name are escaped with a backslash.
fn text(value: &TaggedDerValue) -> String {
    let bytes = value.value();
    let text = match value.tag() {
        TAG_BMPSTRING => {
            let units = bytes
                .chunks_exact(2)
                .map(|unit| unit.iter().fold(0, |unit, byte| unit << 8 | u16::from(*byte)));
            String::from_utf16_lossy(&units.collect::<Vec<u16>>())
        }
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    let mut escaped = String::new();
    for char in text.chars() {
        if matches!(char, ',' | '+' | '=' | '"' | '\\' | '<' | '>' | ';') {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    escaped
}

/// Parses a time in the form `YYMMDDHHMMSSZ`, for the years 1950 to 2049, or `YYYYMMDDHHMMSSZ`.
fn time(reader: BERReader<'_, '_>) -> ASN1Result<UnixTime> {
    let value = reader.read_tagged_der()?;
    let Ok(text) = str::from_utf8(value.value()) else { return invalid() };
    let digits = text.strip_suffix('Z').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    let digits = match (digits, value.tag()) {
        (Some(digits), TAG_UTCTIME) if digits.len() == 12 => {
            [if digits < "5" { "20" } else { "19" }, digits].concat()
        }
        (Some(digits), TAG_GENERALIZEDTIME) if digits.len() == 14 => digits.to_owned(),
        _ => return invalid(),
    };
    let number = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse().ok());
    let part = |from, to| number(from, to).unwrap_or(0);
    let (year, month, day): (i64, i64, i64) = (part(0, 4), part(4, 6), part(6, 8));
    let (hour, minute, second): (i64, i64, i64) = (part(8, 10), part(10, 12), part(12, 14));
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return invalid();
    }
    if hour > 23 || minute > 59 || second > 59 {
        return invalid();
    }
    // Years start in March, so that the leap day is the last day of a year.
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = days + (153 * month + 2) / 5 + day - 719_469;
    Ok(UnixTime::from_seconds(((days * 24 + hour) * 60 + minute) * 60 + second))
}

/// The object identifiers of key algorithms, with their names.
const KEYS: &[(&[u64], &str)] = &[
    (&[1, 2, 840, 113_549, 1, 1, 1], "RSA"),
    (&[1, 2, 840, 10_045, 2, 1], "EC"),
    (&[1, 3, 101, 112], "Ed25519"),
    (&[1, 3, 101, 113], "Ed448"),
];
/// The object identifiers of the curves of EC keys, with their names.
const CURVES: &[(&[u64], &str)] = &[
    (&[1, 2, 840, 10_045, 3, 1, 7], "P-256"),
    (&[1, 3, 132, 0, 34], "P-384"),
    (&[1, 3, 132, 0, 35], "P-521"),
];

/// Parses a public key. Returns its algorithm with its size or curve, such as `RSA 2048`.
fn key(reader: &mut BERReaderSeq<'_, '_>) -> ASN1Result<String> {
    let (algorithm, parameters) = reader.next().read_sequence(|reader| {
        let algorithm = named(&reader.next().read_oid()?, KEYS);
        Ok((algorithm, reader.read_optional(|reader| reader.read_der())?))
    })?;
    let (bits, _) = reader.next().read_bitvec_bytes()?;
    match (algorithm.as_str(), parameters) {
        ("RSA", _) => {
            let modulus = parse_der(&bits, |reader| {
                reader.read_sequence(|reader| {
                    let (modulus, _) = reader.next().read_bigint_bytes()?;
                    let _exponent = reader.next().read_bigint_bytes()?;
                    Ok(modulus)
                })
            })?;
            let digits = modulus.iter().position(|byte| *byte != 0).unwrap_or(modulus.len());
            let size = 8 * (modulus.len() - digits);
            let zeros = modulus.get(digits).map_or(0, |byte| byte.leading_zeros() as usize);
            Ok(format!("RSA {}", size - zeros))
        }
        ("EC", Some(parameters)) => {
            let curve = parse_der(&parameters, |reader| reader.read_oid())?;
            Ok(format!("EC {}", named(&curve, CURVES)))
        }
        _ => Ok(algorithm),
    }
}

/// The object identifier of the extension with the alternative names, `id-ce-subjectAltName`.
const ALTERNATIVE_NAMES: &[u64] = &[2, 5, 29, 17];

/// Parses the extensions of a certificate and returns its alternative names.
fn names(reader: BERReader<'_, '_>) -> ASN1Result<Vec<String>> {
    let mut names = Vec::new();
    reader.read_sequence_of(|reader| {
        reader.read_sequence(|reader| {
            let id = reader.next().read_oid()?;
            let _is_critical = reader.read_optional(|reader| reader.read_bool())?;
            let content = reader.next().read_bytes()?;
            if id.components().as_slice() == ALTERNATIVE_NAMES {
                parse_der(&content, |reader| {
                    reader.read_sequence_of(|reader| {
                        names.push(alternative_name(&reader.read_tagged_der()?));
                        Ok(())
                    })
                })?;
            }
            Ok(())
        })
    })?;
    Ok(names)
}

/// Parses an alternative name. Returns its type and value in the form that other tools use, such as
/// `DNS:example.com`.
fn alternative_name(value: &TaggedDerValue) -> String {
    let text = String::from_utf8_lossy(value.value());
    match value.tag().tag_number {
        1 => format!("email:{text}"),
        2 => format!("DNS:{text}"),
        6 => format!("URI:{text}"),
        7 => {
            let four = <[u8; 4]>::try_from(value.value()).map(IpAddr::from);
            let address = four.or_else(|_| <[u8; 16]>::try_from(value.value()).map(IpAddr::from));
            address.map_or_else(|_| "IP:invalid".to_owned(), |address| format!("IP:{address}"))
        }
        _ => "other".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, SanType, date_time_ymd,
    };
    use x509_parser::prelude::{FromDer, X509Certificate};

    use super::*;

    fn made(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let mut params = CertificateParams::default();
        change(&mut params);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn certificate_is_read_as_another_parser_reads_it() {
        let der = made(|params| {
            params.distinguished_name.push(DnType::CountryName, "PL");
            params.distinguished_name.push(DnType::OrganizationName, "Zażółć");
            params.distinguished_name.push(DnType::CommonName, "a.example");
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            params.subject_alt_names = vec![
                SanType::DnsName("*.a.example".try_into().unwrap()),
                SanType::Rfc822Name("a@example.com".try_into().unwrap()),
                SanType::URI("urn:app:7".try_into().unwrap()),
                SanType::IpAddress("192.0.2.7".parse().unwrap()),
                SanType::IpAddress("2001:db8::1".parse().unwrap()),
            ];
        });
        let ours = Certificate::parse(&der).unwrap();
        let (_, other) = X509Certificate::from_der(&der).unwrap();
        assert_eq!(ours.subject, other.subject().to_string());
        assert!(ours.subject.contains("C=PL, O=Zażółć"), "{}", ours.subject);
        assert_eq!(ours.issuer, other.issuer().to_string());
        assert_eq!(ours.serial, other.raw_serial_as_string().replace(':', ""));
        let names = ["DNS:*.a.example", "email:a@example.com", "URI:urn:app:7", "IP:192.0.2.7"];
        assert_eq!(ours.names.get(..4).unwrap(), names);
        assert_eq!(ours.names.get(4).unwrap(), "IP:2001:db8::1");
        assert_eq!(ours.key, "EC P-256");
    }

    #[test]
    fn size_of_an_rsa_key_is_read() {
        let text = include_bytes!("../../api-sandbox/src/tpay/keys/signing.pem");
        let (_, block) = x509_parser::pem::parse_x509_pem(text).unwrap();
        let ours = Certificate::parse(&block.contents).unwrap();
        let other = block.parse_x509().unwrap();
        assert_eq!(ours.key, "RSA 2048");
        assert_eq!(ours.expires.seconds(), other.validity().not_after.timestamp());
    }

    #[test]
    fn times_of_all_years_are_read() {
        for year in [1950, 1970, 1999, 2000, 2001, 2049, 2050, 2100, 2400, 9999] {
            for (month, day) in [(1, 1), (2, 28), (3, 1), (12, 31)] {
                let der = made(|params| {
                    params.not_before = date_time_ymd(year, month, day);
                    params.not_after = date_time_ymd(year, month, day);
                });
                let (_, other) = X509Certificate::from_der(&der).unwrap();
                let expected = other.validity().not_after.timestamp();
                let expires = Certificate::parse(&der).unwrap().expires;
                assert_eq!(expires.seconds(), expected, "{year}-{month}-{day}");
            }
        }
    }

    #[test]
    fn incomplete_certificate_is_an_error() {
        let der = made(|_| ());
        for length in 0..der.len() {
            assert!(Certificate::parse(der.get(..length).unwrap()).is_err(), "{length}");
        }
        assert!(Certificate::parse(&[&der[..], b"0"].concat()).is_err());
        // Any changed byte gives an error or a certificate, and no panic.
        for index in 0..der.len() {
            for value in [0, 1, 0x30, 0x7f, 0x80, 0x84, 0xff] {
                let mut changed = der.clone();
                *changed.get_mut(index).unwrap() = value;
                let _ = Certificate::parse(&changed);
            }
        }
    }

    #[test]
    fn separators_in_a_name_are_escaped() {
        let der = made(|params| {
            params.distinguished_name.push(DnType::OrganizationName, "ACME, Inc.");
        });
        assert!(Certificate::parse(&der).unwrap().subject.contains(r"O=ACME\, Inc."));
    }
}
