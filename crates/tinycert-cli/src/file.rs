//! Certificates in files: `tinycert cert inspect` and `needs-renewal`.

use std::fs;
use std::io::{self, Read};
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use cli_support::api_auth::UnixTime;
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Json};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;
use x509_parser::public_key::PublicKey;

use crate::provider::{TinyCert, now};

/// What this program uses of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    /// The serial number in hexadecimal digits.
    pub(crate) serial: String,
    /// The alternative names, such as `DNS:example.com`.
    pub(crate) names: Vec<String>,
    pub(crate) not_before: UnixTime,
    pub(crate) expires: UnixTime,
    pub(crate) key: String,
}

impl Certificate {
    fn of(certificate: &X509Certificate<'_>) -> Self {
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.iter().flat_map(|names| names.value.general_names.iter());
        let validity = certificate.validity();
        Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial: certificate.raw_serial().iter().map(|byte| format!("{byte:02x}")).collect(),
            names: names.map(name).collect(),
            not_before: UnixTime::from_seconds(validity.not_before.timestamp()),
            expires: UnixTime::from_seconds(validity.not_after.timestamp()),
            key: match certificate.public_key().parsed() {
                Ok(PublicKey::RSA(key)) => format!("RSA {}", key.key_size()),
                Ok(PublicKey::EC(key)) => format!("EC {}", key.key_size()),
                _ => "other".to_owned(),
            },
        }
    }

    fn json(&self) -> Json {
        let text = |text: &str| Json::Text(text.to_owned());
        let members = [
            ("subject", text(&self.subject)),
            ("names", Json::List(self.names.iter().map(|name| text(name)).collect())),
            ("issuer", text(&self.issuer)),
            ("serial", text(&self.serial)),
            ("not_before", Json::Text(self.not_before.to_string())),
            ("expires", Json::Text(self.expires.to_string())),
            ("key", text(&self.key)),
        ];
        Json::Object(members.map(|(name, value)| (name.to_owned(), value)).into())
    }
}

/// Returns a name with its kind, as other tools print it.
fn name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(host) => format!("DNS:{host}"),
        GeneralName::RFC822Name(address) => format!("email:{address}"),
        GeneralName::URI(uri) => format!("URI:{uri}"),
        GeneralName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let address = four.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
            address.map_or_else(|_| "IP:invalid".to_owned(), |address| format!("IP:{address}"))
        }
        _ => "other".to_owned(),
    }
}

/// Returns the certificates of a text in PEM format. Other blocks are skipped.
///
/// # Errors
/// Returns the problem if a block is invalid, or if there is no certificate.
pub(crate) fn certificates(text: &[u8]) -> Result<Vec<Certificate>, String> {
    let mut found = Vec::new();
    for (index, block) in Pem::iter_from_buffer(text).enumerate() {
        let invalid = |what: &str| format!("PEM block {}: {what}", index + 1);
        let block = block.map_err(|_| invalid("malformed"))?;
        if block.label == "CERTIFICATE" {
            let certificate = block.parse_x509().map_err(|_| invalid("not a certificate"))?;
            found.push(Certificate::of(&certificate));
        }
    }
    if found.is_empty() { Err("no certificate in PEM format".to_owned()) } else { Ok(found) }
}

fn read(path: &Path) -> Result<Vec<Certificate>, Failure> {
    let text = if path == Path::new("-") {
        let mut text = Vec::new();
        io::stdin().read_to_end(&mut text).map(|_| text)
    } else {
        fs::read(path)
    };
    let text = text.map_err(|error| Failure::file(path, &error))?;
    certificates(&text)
        .map_err(|problem| Failure::new(Exit::Local, format!("{}: {problem}", path.display())))
}

const COLUMNS: &[Column] =
    &[("subject", "subject"), ("names", "names"), ("issuer", "issuer"), ("expires", "expires")];

pub(crate) fn inspect(context: &Context<TinyCert>, path: &Path) -> Result<Exit, Failure> {
    let certificates = read(path)?;
    let mut list = context.output.list(COLUMNS)?;
    certificates.iter().try_for_each(|certificate| list.push(&certificate.json()))?;
    list.end()?;
    Ok(Exit::Done)
}

pub(crate) fn needs_renewal(
    context: &Context<TinyCert>,
    path: &Path,
    within: Duration,
) -> Result<Exit, Failure> {
    let certificates = read(path)?;
    let Some(first) = certificates.first() else { return Ok(Exit::No) };
    let is_due = is_due(first.expires, within, UnixTime::from(now()?));
    context.note(&format!("{} expires at {}", path.display(), first.expires));
    Ok(if is_due { Exit::Done } else { Exit::No })
}

/// Returns whether a certificate expires within this time.
pub(crate) fn is_due(expires: UnixTime, within: Duration, now: UnixTime) -> bool {
    let within = i64::try_from(within.as_secs()).unwrap_or(i64::MAX);
    expires.seconds() <= now.seconds().saturating_add(within)
}
