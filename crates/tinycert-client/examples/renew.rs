//! Renews all certificates that expire soon and replaces their files, for example in a cron job.
//! Without `--execute`, the program only lists these certificates.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

#[macro_use]
mod output;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::prelude::*;
use tinycert_client::{CaId, CertId, KeyPairFiles, Session, UnixTime};

const HELP: &str = "\
Renews certificates that expire soon, with the same key, and writes for each certificate
  NAME.chain.pem  the certificate, followed by that of its CA, for servers
  NAME.key.pem    the private key, readable only by its owner
Files are replaced atomically. Before the first renewal, the program checks that they can be
written.
On Unix, both files become symbolic links into the hidden folder .NAME.key.pem.versions next to
them: copy that folder as well, or follow the links (cp -L, tar -h).

usage: renew [options]

  --execute     renew the certificates instead of only listing them
  --days N      select certificates that expire within N days (default 30), and expired
                ones if there is no valid certificate with the same name
  --ca NAME     select only certificates of the CA with this organization or common name
  --cert ID     select only this certificate, regardless of its expiry; if it has already
                been renewed, write the files of its successor (requires --ca)
  --out FOLDER  the folder for the files (default: the current folder); created with --execute

exit status: 0 no renewal failed, 1 at least one failed, 2 invalid arguments

environment: TINYCERT_API_KEY, TINYCERT_EMAIL, TINYCERT_PASSPHRASE,
             and optionally TINYCERT_BASE_URL
";

struct Arguments {
    execute: bool,
    days: u32,
    ca: Option<String>,
    cert: Option<CertId>,
    out: PathBuf,
}

fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    let mut arguments =
        Arguments { execute: false, days: 30, ca: None, cert: None, out: PathBuf::from(".") };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("execute") => arguments.execute = true,
            Long("days") => arguments.days = parser.value()?.parse()?,
            Long("ca") => arguments.ca = Some(parser.value()?.string()?),
            Long("cert") => arguments.cert = Some(parser.value()?.parse()?),
            Long("out") => arguments.out = parser.value()?.into(),
            other => return Err(other.unexpected()),
        }
    }
    if arguments.cert.is_some() && arguments.ca.is_none() {
        return Err("--cert requires --ca".into());
    }
    Ok(Some(arguments))
}

fn main() -> ExitCode {
    let result = match arguments() {
        Ok(Some(arguments)) => renew_all(&arguments),
        Ok(None) => {
            output::print(format_args!("{HELP}"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("renew: {error}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failed) => {
            eprintln!("renew: {failed} could not be renewed; run it again");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("renew: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A certificate that must be renewed.
struct Due {
    ca_id: CaId,
    cert_id: CertId,
    name: String,
    days: Option<i64>,
}

/// Renews the certificates that are due. Returns the number of failures.
fn renew_all(arguments: &Arguments) -> Result<u32, Box<dyn Error>> {
    let session = Session::from_env()?;
    if arguments.execute {
        let out = &arguments.out;
        let folder = |error| format!("{}: cannot create the folder: {error}", out.display());
        std::fs::create_dir_all(out).map_err(folder)?;
    }
    let mut failed = 0;
    for due in due(&session, arguments)? {
        let Due { cert_id, name, days, .. } = &due;
        let left = days.map_or("selected by --cert".to_owned(), |days| format!("{days} days left"));
        if !arguments.execute {
            println!("would renew {cert_id} {name} ({left})");
            continue;
        }
        match session.renew_to_files(
            due.ca_id,
            *cert_id,
            &KeyPairFiles::for_name(&arguments.out, name),
        ) {
            Ok(renewal) if renewal.is_new => {
                println!("renewed {cert_id} {name} ({left}): now {}", renewal.cert_id);
            }
            Ok(renewal) => println!("{cert_id} {name} was already renewed: {}", renewal.cert_id),
            Err(error) => {
                println!("failed {cert_id} {name}: {error}; retry with --cert {cert_id}");
                failed += 1;
            }
        }
    }
    session.disconnect()?;
    Ok(failed)
}

fn due(session: &Session, arguments: &Arguments) -> Result<Vec<Due>, Box<dyn Error>> {
    let cas = match &arguments.ca {
        Some(name) => {
            vec![session.find_ca(name)?.ok_or_else(|| format!("there is no CA {name:?}"))?]
        }
        None => session.list_cas()?,
    };
    let now = UnixTime::from(session.clock().now()).seconds();
    let mut due = Vec::new();
    for ca in cas {
        if let Some(cert_id) = arguments.cert {
            let name = session.get_cert_details(cert_id)?.common_name.unwrap_or_default();
            due.push(Due { ca_id: ca.id, cert_id, name, days: None });
            continue;
        }
        for cert in session.expiring_certs(ca.id, arguments.days)? {
            due.push(Due {
                ca_id: ca.id,
                cert_id: cert.id,
                name: cert.name.unwrap_or_default(),
                days: cert.expires.map(|end| (end.seconds() - now).div_euclid(86_400)),
            });
        }
    }
    Ok(due)
}
