//! The commands `tinycert cert inspect` and `tinycert cert needs-renewal`, which read certificates
//! from files.

use std::path::Path;
use std::time::Duration;

use cli_support::api_auth::UnixTime;
use cli_support::args::read_bytes;
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Json};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::provider::{TinyCert, now};
use crate::x509::Certificate;

impl Certificate {
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

/// Parses the certificates in a PEM text. Other blocks are skipped.
///
/// # Errors
/// Returns a message if a block is invalid, or if there is no certificate.
pub(crate) fn certificates(text: &[u8]) -> Result<Vec<Certificate>, String> {
    let mut found = Vec::new();
    for (index, block) in CertificateDer::pem_slice_iter(text).enumerate() {
        let block = block.map_err(|error| format!("malformed PEM text: {error}"))?;
        let invalid = |_| format!("certificate {} is not valid DER", index + 1);
        found.push(Certificate::parse(&block).map_err(invalid)?);
    }
    if found.is_empty() { Err("no certificate in PEM format".to_owned()) } else { Ok(found) }
}

fn read(path: &Path) -> Result<Vec<Certificate>, Failure> {
    let text = read_bytes("FILE", path)?;
    certificates(&text)
        .map_err(|problem| Failure::new(Exit::Local, format!("{}: {problem}", path.display())))
}

const COLUMNS: &[Column] =
    &[("subject", "subject"), ("names", "names"), ("issuer", "issuer"), ("expires", "expires")];

pub(crate) fn inspect(context: &Context<TinyCert>, path: &Path) -> Result<Exit, Failure> {
    context.output.check_fields(COLUMNS, &["serial", "not_before", "key"])?;
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

/// Returns whether a certificate that expires at `expires` must be renewed, that is, whether it
/// expires no later than `within` after `now`.
pub(crate) fn is_due(expires: UnixTime, within: Duration, now: UnixTime) -> bool {
    let within = i64::try_from(within.as_secs()).unwrap_or(i64::MAX);
    expires.seconds() <= now.seconds().saturating_add(within)
}
