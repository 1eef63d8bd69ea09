//! Issues a certificate, and writes its chain, its key and the certificate of its CA to files.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

#[macro_use]
mod output;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::prelude::*;
use tinycert_client::{CreateCa, CreateCert, KeyPairFiles, San, Session};

const HELP: &str = "\
Issues a certificate that is valid for a year, and writes three files:
  NAME.chain.pem  the certificate, followed by that of its CA, for servers
  NAME.key.pem    the private key, readable only by its owner
  NAME.ca.pem     the certificate of the CA, for clients that trust it

usage: issue [options] --ca NAME CN [SAN...]

  CN                   the common name, which is also added as the first alternative name
  SAN                  alternative names: a host, an IP address, an e-mail address or a URI,
                       optionally with the type: DNS:..., IP:..., email:..., URI:...
  --ca NAME            the organization or common name of the CA
  --create-ca          create the CA if there is none with this organization
  --country CC         the country code of two capital letters (default US)
  --organization NAME  the organization of the certificate (default: that of the CA)
  --out FOLDER         the folder for the files (default: the current folder)

exit status: 0 issued, 1 an error, 2 invalid arguments

environment: TINYCERT_API_KEY, TINYCERT_EMAIL, TINYCERT_PASSPHRASE,
             and optionally TINYCERT_BASE_URL
";

struct Arguments {
    ca: String,
    create_ca: bool,
    country: String,
    organization: Option<String>,
    out: PathBuf,
    common_name: String,
    sans: Vec<San>,
}

fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    let (mut ca, mut create_ca, mut country) = (None, false, "US".to_owned());
    let (mut organization, mut out, mut names) = (None, PathBuf::from("."), Vec::new());
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("ca") => ca = Some(parser.value()?.string()?),
            Long("create-ca") => create_ca = true,
            Long("country") => country = parser.value()?.string()?,
            Long("organization") => organization = Some(parser.value()?.string()?),
            Long("out") => out = parser.value()?.into(),
            Value(name) => names.push(name.string()?),
            other => return Err(other.unexpected()),
        }
    }
    let ca = ca.ok_or("missing option '--ca'")?;
    let common_name = names.first().ok_or("missing argument: CN is required")?.clone();
    let sans: Result<Vec<San>, _> = names.iter().map(|name| name.parse()).collect();
    let sans = sans.map_err(|error| error.to_string())?;
    Ok(Some(Arguments { ca, create_ca, country, organization, out, common_name, sans }))
}

fn main() -> ExitCode {
    let result = match arguments() {
        Ok(Some(arguments)) => issue(arguments),
        Ok(None) => {
            output::print(format_args!("{HELP}"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("issue: {error}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("issue: {error}");
            ExitCode::FAILURE
        }
    }
}

fn issue(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let Arguments { ca, create_ca, country, organization, out, common_name, sans } = arguments;
    let session = Session::from_env()?;
    let ca_id = if create_ca {
        session.get_or_create_ca(&CreateCa::new(&country, &ca))?
    } else {
        let missing = || format!("there is no CA {ca:?}; use --create-ca to create it");
        session.find_ca(&ca)?.ok_or_else(missing)?.id
    };
    let folder = |error| format!("{}: cannot create the folder: {error}", out.display());
    std::fs::create_dir_all(&out).map_err(folder)?;
    let stem = file_stem(&common_name);
    let files = KeyPairFiles::for_name(&out, &common_name);
    let organization = match organization {
        Some(organization) => organization,
        None => session.get_ca_details(ca_id)?.organization.unwrap_or(ca),
    };
    let request = CreateCert::new(ca_id, country, organization, &common_name).sans(sans);
    let cert_id = session.issue_to_files(&request, &files)?;
    println!("certificate {cert_id} for {common_name}");
    let ca_file = out.join(format!("{stem}.ca.pem"));
    std::fs::write(&ca_file, session.get_ca(ca_id)?)?;
    for file in [files.chain(), files.key(), &ca_file] {
        println!("wrote {}", file.display());
    }
    session.disconnect()?;
    Ok(())
}

/// Returns the common part of a certificate's file names. The `*` of a wildcard becomes `_`.
fn file_stem(common_name: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_.@".contains(char);
    common_name.chars().map(|char| if plain(char) { char } else { '_' }).collect()
}
