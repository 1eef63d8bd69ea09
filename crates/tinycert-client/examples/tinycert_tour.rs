//! Calls every endpoint and prints one line for each: creates a CA, issues a certificate for two
//! names, verifies it against the CA, renews and revokes it, and deletes the CA.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

#[macro_use]
mod output;

use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use lexopt::prelude::*;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tinycert_client::ca::{DeleteCa, GetCa, GetCaDetails, ListCas};
use tinycert_client::cert::{
    GetCert, GetCertDetails, GetKey, GetPkcs12, KeyForm, ListCerts, ReissueCert, SetCertStatus,
    StatusMask,
};
use tinycert_client::session::{Connect, Disconnect};
use tinycert_client::{
    CaId, CertPart, CertStatus, CreateCa, CreateCert, Endpoint, Error, San, Session,
};

const HELP: &str = "\
Calls every endpoint of the API and prints a line for each:
`ok cert.new 12 ms`, or `fail cert.new 12 ms` with the error.

The program creates a CA with one certificate, and deletes both at the end.

usage: tinycert_tour

exit status: 0 all endpoints succeeded, 1 at least one failed, 2 invalid arguments

environment: TINYCERT_API_KEY, TINYCERT_EMAIL, TINYCERT_PASSPHRASE,
             and optionally TINYCERT_BASE_URL
";

const NAMES: [&str; 2] = ["a.example.com", "b.example.com"];

fn main() -> ExitCode {
    match lexopt::Parser::from_env().next() {
        Ok(None) => {}
        Ok(Some(Short('h') | Long("help"))) => {
            output::print(format_args!("{HELP}"));
            return ExitCode::SUCCESS;
        }
        Ok(Some(other)) => {
            eprintln!("tinycert_tour: {}", other.unexpected());
            return ExitCode::from(2);
        }
        Err(error) => {
            eprintln!("tinycert_tour: {error}");
            return ExitCode::from(2);
        }
    }
    let mut report = Report::default();
    if let Err(error) = tour(&mut report) {
        eprintln!("tinycert_tour: {error}");
        return ExitCode::FAILURE;
    }
    match report.failed {
        0 => ExitCode::SUCCESS,
        failed => {
            eprintln!("tinycert_tour: {failed} endpoints failed");
            ExitCode::FAILURE
        }
    }
}

/// Calls all endpoints. Ends early if a call fails and later calls require its result.
fn tour(report: &mut Report) -> Result<(), Error> {
    let session = report.line::<Connect, _>(Session::from_env)?;
    let organization = format!("Tour {} & Söhne", std::process::id());
    let create_ca = CreateCa::new("DE", &organization).locality("Köln").state("NRW");
    let ca = report.line::<CreateCa, _>(|| session.create_ca(&create_ca))?;
    let result = tour_of_a_ca(report, &session, ca);
    // The CA is deleted even after an error.
    let _ = report.line::<DeleteCa, _>(|| session.delete_ca(ca));
    let _ = report.line::<Disconnect, _>(|| session.disconnect());
    result
}

fn tour_of_a_ca(report: &mut Report, session: &Session, ca: CaId) -> Result<(), Error> {
    report.line::<ListCas, _>(|| session.list_cas())?;
    let details = report.line::<GetCaDetails, _>(|| session.get_ca_details(ca))?;
    let organization = details.organization.unwrap_or_default();
    let ca_pem = report.line::<GetCa, _>(|| session.get_ca(ca))?;
    let request = CreateCert::new(ca, "DE", organization, NAMES[0])
        .sans(NAMES.map(|name| San::Dns(name.to_owned())));
    let cert = report.line::<CreateCert, _>(|| session.create_cert(&request))?;
    report.line::<GetCertDetails, _>(|| session.get_cert_details(cert))?;
    let chain = report.line::<GetCert, _>(|| session.get_cert(cert, CertPart::Chain))?;
    report.verify(&chain, &ca_pem, session.clock().now());
    report.line::<GetKey, _>(|| session.get_key(cert, KeyForm::Decrypted))?;
    report.line::<GetPkcs12, _>(|| session.get_pkcs12(cert))?;

    let renewed = report.line::<ReissueCert, _>(|| session.reissue_cert(cert))?;
    let chain = report.line::<GetCert, _>(|| session.get_cert(renewed, CertPart::Chain))?;
    report.verify(&chain, &ca_pem, session.clock().now());
    for status in [CertStatus::Hold, CertStatus::Good, CertStatus::Revoked] {
        report.line::<SetCertStatus, _>(|| session.set_cert_status(renewed, status))?;
    }
    report.line::<ListCerts, _>(|| session.list_certs(ca, StatusMask::ALL))?;
    Ok(())
}

#[derive(Default)]
struct Report {
    failed: u32,
}

impl Report {
    /// Calls an endpoint and prints the result as one line.
    #[expect(clippy::disallowed_methods, reason = "measures time for the printed line only")]
    fn line<E: Endpoint, T>(
        &mut self,
        call: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let begin = Instant::now();
        let result = call();
        let elapsed = begin.elapsed().as_millis();
        match &result {
            Ok(_) => println!("ok {} {elapsed} ms", E::ID),
            Err(error) => {
                println!("fail {} {elapsed} ms: {error}", E::ID);
                self.failed += 1;
            }
        }
        result
    }

    /// Verifies a chain for both names against the CA and prints the result as one line.
    fn verify(&mut self, chain: &str, ca: &str, now: SystemTime) {
        match NAMES.iter().try_for_each(|name| verify(chain, ca, name, now)) {
            Ok(()) => println!("ok the chain is valid for {}", NAMES.join(" and ")),
            Err(error) => {
                println!("fail the chain: {error}");
                self.failed += 1;
            }
        }
    }
}

/// Verifies a chain for the host `name` against the root certificate `ca`, as TLS clients do.
fn verify(
    chain: &str,
    ca: &str,
    name: &str,
    now: SystemTime,
) -> Result<(), Box<dyn std::error::Error>> {
    let ca = CertificateDer::from_pem_slice(ca.as_bytes())?;
    let leaf = CertificateDer::from_pem_slice(chain.as_bytes())?;
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let leaf = webpki::EndEntityCert::try_from(&leaf)?;
    leaf.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &[webpki::anchor_from_trusted_cert(&ca)?],
        &[],
        UnixTime::since_unix_epoch(now),
        webpki::KeyUsage::server_auth(),
        None,
        None,
    )?;
    leaf.verify_is_valid_for_subject_name(&ServerName::try_from(name)?)?;
    Ok(())
}
