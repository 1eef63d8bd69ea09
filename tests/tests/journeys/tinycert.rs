//! Complete tasks against the strict TinyCert server: sessions, issuing, renewing, files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_auth::hmac::form_digest;
use api_auth::{
    Body, Credential, Delivery, HmacKey, ManualClock, Method, Params, Request, Response, Sent,
    Transport, TransportError, TransportErrorKind,
};
use api_sandbox::tinycert::{
    API_KEY, CODES, DAMAGED_EMAIL, EMAIL, EXPIRING, FOREIGN_CA, FOREIGN_CERT, ORGANIZATION,
    PASSPHRASE, SuccessBody, UNLOADABLE_EMAIL,
};
use api_sandbox::{Misbehaviour, Sandbox, Seen};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use test_support::ports::ClosedPort;
use tinycert_client::ca::{GetCaDetails, HashMethod};
use tinycert_client::cert::{KeyForm, StatusMask};
use tinycert_client::files::FileError;
use tinycert_client::{
    CaId, CertId, CertPart, CertStatus, Client, CreateCa, CreateCert, Error, ErrorCode, ErrorExt,
    ErrorKind, FileStore, KeyPairFiles, MemoryStore, RawEndpoint, San, Session,
};
use workspace_tests::tinycert;

const DAY: Duration = Duration::from_secs(86_400);
const WELL: Misbehaviour = Misbehaviour::Delay(Duration::ZERO);

fn client(sandbox: &Sandbox) -> Client {
    tinycert(sandbox).clock(ManualClock::at_unix(sandbox.clock().unix())).build().unwrap()
}

fn connect(sandbox: &Sandbox) -> Session {
    client(sandbox).connect(EMAIL, PASSPHRASE).unwrap()
}

/// The CA that is there from the beginning.
fn first_ca(session: &Session) -> CaId {
    session.list_cas().unwrap()[0].id
}

fn named(session: &Session, ca: CaId, name: &str) -> CertId {
    let certs = session.list_certs(ca, StatusMask::ALL).unwrap();
    certs.into_iter().find(|cert| cert.name.as_deref() == Some(name)).expect("listed").id
}

fn dns(name: &str) -> San {
    San::Dns(name.to_owned())
}

fn create_cert(ca: CaId, name: &str) -> CreateCert {
    CreateCert::new(ca, "US", "ACME, Inc.", name).san(dns(name))
}

/// The endpoints that were called, in order.
fn called(seen: &[Seen]) -> Vec<&'static str> {
    seen.iter().map(|seen| seen.verdict.endpoint.unwrap_or("?")).collect()
}

fn code<T>(result: Result<T, Error>) -> String {
    let Err(error) = result else { panic!("was accepted") };
    error.code().unwrap_or_else(|| panic!("{error:?}")).to_owned()
}

/// A folder of a test's own, which is empty. It is removed at the end.
struct Folder(PathBuf);

impl std::ops::Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn folder(name: &str) -> Folder {
    let path = std::env::temp_dir().join(format!("tinycert-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    // The permissions of a key differ in a folder that is writable by others.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o755);
    builder.create(&path).unwrap();
    Folder(path)
}

fn certificates(pem: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem.as_bytes()).map(Result::unwrap).collect()
}

/// Verifies a chain against the CA for a host name, as a browser does.
fn verify(chain: &str, ca: &str, name: &str, unix: u64) -> Result<(), webpki::Error> {
    let (chain, ca) = (certificates(chain), certificates(ca));
    assert_eq!((chain.len(), ca.len()), (2, 1), "leaf and CA");
    assert_eq!(chain[1], ca[0]);
    let anchor = webpki::anchor_from_trusted_cert(&ca[0]).unwrap();
    let leaf = webpki::EndEntityCert::try_from(&chain[0]).unwrap();
    leaf.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &[anchor],
        &[],
        UnixTime::since_unix_epoch(Duration::from_secs(unix)),
        webpki::KeyUsage::server_auth(),
        None,
        None,
    )?;
    leaf.verify_is_valid_for_subject_name(&ServerName::try_from(name).unwrap())
}

/// A TLS handshake in memory between a server with chain and key and a client that trusts the CA.
fn handshake(chain: &str, key: &str, ca: &str, name: &str) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificates(ca).remove(0)).unwrap();
    let server = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            certificates(chain),
            PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
        )
        .unwrap();
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut server = rustls::ServerConnection::new(Arc::new(server)).unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = rustls::ClientConnection::new(Arc::new(client), name).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        server.read_tls(&mut bytes.as_slice()).unwrap();
        server.process_new_packets().unwrap();
        let mut bytes = Vec::new();
        server.write_tls(&mut bytes).unwrap();
        client.read_tls(&mut bytes.as_slice()).unwrap();
        client.process_new_packets().unwrap();
    }
}

#[test]
fn certificate_is_issued_renewed_and_revoked() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let new = CreateCa::new("DE", "Grüße & Co").locality("Köln").state("NRW");
    let ca = session.get_or_create_ca(&new).unwrap();
    assert_eq!(session.get_or_create_ca(&new).unwrap(), ca, "it is made once");
    let details = session.get_ca_details(ca).unwrap();
    assert_eq!(details.common_name.as_deref(), Some("Grüße & Co CA"));
    assert_eq!(session.find_ca("Grüße & Co").unwrap().unwrap().id, ca);
    assert_eq!(session.find_ca("Grüße & Co CA").unwrap().unwrap().id, ca);
    assert_eq!(session.find_ca("nobody").unwrap(), None);

    let names = ["a.example.com", "b.example.com"];
    let cert = session
        .create_cert(&CreateCert::new(ca, "DE", "Grüße & Co", names[0]).sans(names.map(dns)))
        .unwrap();
    let ca_pem = session.get_ca(ca).unwrap();
    let chain = session.get_cert(cert, CertPart::Chain).unwrap();
    let now = sandbox.clock().unix();
    for name in names {
        verify(&chain, &ca_pem, name, now).unwrap();
    }
    assert!(verify(&chain, &ca_pem, "c.example.com", now).is_err());
    let key = session.get_key(cert, KeyForm::Decrypted).unwrap();
    handshake(&chain, key.expose(), &ca_pem, names[1]);

    let renewed = session.reissue_cert(cert).unwrap();
    assert_eq!(session.get_cert_details(cert).unwrap().status, Some(CertStatus::Obsolete));
    let chain = session.get_cert(renewed, CertPart::Chain).unwrap();
    verify(&chain, &ca_pem, names[0], now).unwrap();
    assert_eq!(session.get_key(renewed, KeyForm::Decrypted).unwrap(), key, "the key stays");
    handshake(&chain, key.expose(), &ca_pem, names[0]);

    session.set_cert_status(renewed, CertStatus::Revoked).unwrap();
    assert_eq!(session.get_cert_details(renewed).unwrap().status, Some(CertStatus::Revoked));
    session.disconnect().unwrap();
    assert!(sandbox.tinycert().seen().iter().all(|seen| seen.verdict.signed == Some(true)));
}

#[test]
fn openssl_accepts_chain_key_and_request() {
    let run = |arguments: &[&str]| std::process::Command::new("openssl").args(arguments).output();
    if !run(&["version"]).is_ok_and(|output| output.stdout.starts_with(b"OpenSSL ")) {
        return; // Not installed, or LibreSSL, which has other options; rustls has its own test.
    }
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let ca = first_ca(&session);
    let cert = session.create_cert(&create_cert(ca, "*.example.com")).unwrap();
    let folder = folder("openssl");
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let ca_file = file("ca.pem", &session.get_ca(ca).unwrap());
    let leaf = file("cert.pem", &session.get_cert(cert, CertPart::Cert).unwrap());
    let csr = file("csr.pem", &session.get_cert(cert, CertPart::Csr).unwrap());
    let key = file("key.pem", session.get_key(cert, KeyForm::Decrypted).unwrap().expose());
    for arguments in [
        &[
            "verify",
            "-x509_strict",
            "-CAfile",
            &ca_file,
            "-verify_hostname",
            "a.example.com",
            &leaf,
        ][..],
        &["req", "-verify", "-noout", "-in", &csr],
        &["pkey", "-check", "-noout", "-in", &key],
    ] {
        let output = run(arguments).unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {text}");
    }
}

#[test]
fn wildcards_tildes_spaces_unicode_and_eleven_names_are_signed_correctly() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let ca = first_ca(&session);
    let mut names: Vec<San> =
        (0..11).map(|number| dns(&format!("h{number}.example.com"))).collect();
    names.extend(
        ["*.example.com", "127.0.0.1", "::1", "demo+x@example.com"]
            .map(|text| text.parse().unwrap()),
    );
    names.push("https://example.com/~u/?a=1&b=[2]#f".parse().unwrap());
    let new = CreateCert::new(ca, "DE", "~ R&D * (密码) 🔑", "*.example.com")
        .organizational_unit("")
        .locality("Köln am Rhein")
        .state("a+b=c%20")
        .sans(names.clone());
    let cert = session.create_cert(&new).unwrap();
    let details = session.get_cert_details(cert).unwrap();
    assert_eq!(details.sans, names, "in order, 10 after 9");
    assert_eq!(details.organization.as_deref(), Some("~ R&D * (密码) 🔑"));
    assert_eq!(details.state.as_deref(), Some("a+b=c%20"));
    let chain = session.get_cert(cert, CertPart::Chain).unwrap();
    let (ca_pem, now) = (session.get_ca(ca).unwrap(), sandbox.clock().unix());
    for name in ["h10.example.com", "any.example.com", "127.0.0.1", "::1"] {
        verify(&chain, &ca_pem, name, now).unwrap();
    }
    let without = session.create_cert(&CreateCert::new(ca, "US", "O", "bare")).unwrap();
    assert_eq!(session.get_cert_details(without).unwrap().sans, [], "Alt is null then");
}

#[test]
fn status_changes_and_reissues_follow_the_rules() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let ca = first_ca(&session);
    let request = create_cert(ca, "rules.example.com");
    assert_eq!(session.find_issued(&request).unwrap(), None);
    let cert = session.create_cert(&request).unwrap();
    assert_eq!(session.find_issued(&request).unwrap(), Some(cert));
    let listed = |mask| {
        let certs = session.list_certs(ca, mask).unwrap();
        certs.into_iter().find(|other| other.id == cert).map(|other| other.status.unwrap())
    };
    for (status, mask) in [
        (CertStatus::Hold, StatusMask::HOLD),
        (CertStatus::Hold, StatusMask::HOLD),
        (CertStatus::Revoked, StatusMask::REVOKED),
        (CertStatus::Good, StatusMask::GOOD),
        (CertStatus::Hold, StatusMask::HOLD),
    ] {
        session.set_cert_status(cert, status.clone()).unwrap();
        assert_eq!(listed(mask), Some(status.clone()));
        let others = StatusMask::from_bits(15 - mask.bits()).unwrap();
        assert_eq!(listed(others), None, "{status}");
    }
    let next = session.reissue_cert(cert).unwrap();
    assert_eq!(listed(StatusMask::ALL), None, "obsolete ones are not listed");
    assert_eq!(code(session.reissue_cert(cert)), "NotLatest");
    assert_eq!(code(session.set_cert_status(cert, CertStatus::Good)), "StatusDisallowed");
    session.set_cert_status(next, CertStatus::Revoked).unwrap();
    session.delete_ca(ca).unwrap();
    assert_eq!(code(session.get_cert_details(next)), "NotFound", "certificates go with their CA");
    assert_eq!(session.list_cas().unwrap(), []);
}

#[test]
fn each_body_of_an_undocumented_success_is_a_success() {
    for body in SuccessBody::ALL {
        let sandbox = Sandbox::start().unwrap();
        sandbox.tinycert().state(|server| server.success_body = body);
        let session = connect(&sandbox);
        let ca = session.create_ca(&CreateCa::new("US", "O")).unwrap();
        let cert = session.create_cert(&create_cert(ca, "x")).unwrap();
        session.set_cert_status(cert, CertStatus::Hold).unwrap();
        session.delete_ca(ca).unwrap();
        session.disconnect().unwrap();
    }
}

#[test]
fn each_error_code_is_parsed() {
    let sandbox = Sandbox::start().unwrap();
    let server = sandbox.tinycert();
    let wrong_key = Client::builder("wrong")
        .environment(tinycert_client::Environment::Custom(server.base_url().to_owned()))
        .build()
        .unwrap();
    let client = client(&sandbox);
    let session = connect(&sandbox);
    let ca = first_ca(&session);
    let expiring = named(&session, ca, EXPIRING);
    let raw = |method: Method, path: &str, names: &[(&'static str, &'static str)]| {
        let mut params = Params::new();
        for (name, value) in names {
            params.push(*name, *value);
        }
        let raw = RawEndpoint::new(method, path).with_body(Body::Form(params));
        code(session.send(&raw))
    };
    let mut codes = vec![
        code(client.connect("nobody@example.org", PASSPHRASE)),
        code(client.connect(DAMAGED_EMAIL, PASSPHRASE)),
        code(client.connect(UNLOADABLE_EMAIL, PASSPHRASE)),
        code(client.connect(EMAIL, "wrong")),
        code(wrong_key.connect(EMAIL, PASSPHRASE)),
        code(wrong_key.resume("t").list_cas()),
        code(client.resume("unknown").list_cas()),
        code(session.get_ca_details(CaId::new(FOREIGN_CA))),
        code(session.get_cert_details(CertId::new(FOREIGN_CERT))),
        code(session.get_ca_details(CaId::new(1))),
        raw(Method::PUT, "/api/v1/ca/list", &[]),
        raw(Method::POST, "/api/v1/ca/details", &[]),
        raw(Method::POST, "/api/v1/ca/get", &[("ca_id", "561"), ("what", "key")]),
    ];
    session.reissue_cert(expiring).unwrap();
    codes.push(code(session.reissue_cert(expiring)));
    codes.push(code(session.set_cert_status(expiring, CertStatus::Hold)));
    server.state(|server| server.creations_left = Some(0));
    let limited = session.create_ca(&CreateCa::new("US", "O")).unwrap_err();
    assert_eq!((limited.kind(), limited.attempts()), (ErrorKind::RateLimited, 1));
    codes.push(limited.code().unwrap().to_owned());
    let session = client.resume(session.into_token().unwrap());
    for told in ["SessionError", "UnknownError"] {
        server.state(|server| server.refuse_with.push(told));
        codes.push(code(session.create_cert(&create_cert(ca, "x"))));
    }
    let codes: BTreeSet<&str> = codes.iter().map(String::as_str).collect();
    let all: BTreeSet<&str> = CODES.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, all);
    assert!(ErrorCode::KNOWN.iter().all(|code| all.contains(code.as_str())));
}

#[test]
fn request_that_was_changed_after_signing_is_rejected() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let request = session.signed_request(&GetCaDetails::new(CaId::new(561))).unwrap();
    let body = String::from_utf8(request.body().clone()).unwrap();
    let send = |body: &str| {
        let bytes = body.as_bytes().to_vec();
        let content_type = "application/x-www-form-urlencoded";
        let raw = RawEndpoint::new(Method::POST, "/api/v1/ca/details")
            .with_body(Body::Bytes { content_type, bytes })
            .with_credential(Credential::NONE);
        session.send(&raw)
    };
    send(&body).unwrap();
    for broken in [
        body.replace("561", "562"),
        body.replace("digest", "digesT"),
        format!("{body}&x=1"),
        format!("{body}0"),
        body.to_uppercase(),
        body.replace('_', "%5F"),
        String::new(),
    ] {
        assert_eq!(code(send(&broken)), "SignatureFailure", "{broken}");
    }
    // The signature is valid, but the encoding is not that of the provider's own client.
    let token = session.token().unwrap();
    let token = token.expose();
    let key = HmacKey::new("key", &api_auth::Secret::new(API_KEY)).unwrap();
    for text in [
        format!("token={token}&ca_id=561"),
        format!("ca_id=561&token={token}&x=~"),
        format!("ca_id=561&token={token}&x=%20"),
        format!("ca_id=561&token={token}&x=%c3%a9"),
    ] {
        let mut body = text.clone().into_bytes();
        form_digest::append(&mut body, "digest", &form_digest::digest(&key, text.as_bytes()));
        let body = String::from_utf8(body).unwrap();
        assert_eq!(code(send(&body)), "SignatureFailure", "{text}");
    }
}

#[test]
fn expired_session_is_reopened_once() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let first = session.token().unwrap();
    sandbox.clock().advance(Duration::from_secs(1801));
    sandbox.tinycert().take_seen();
    assert_eq!(session.list_cas().unwrap().len(), 1);
    assert_ne!(session.token().unwrap(), first);
    let seen = sandbox.tinycert().take_seen();
    assert_eq!(called(&seen), ["ca.list", "session.connect", "ca.list"]);
    session.disconnect().unwrap();
}

#[test]
fn write_in_an_expired_session_is_executed_once() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let ca = first_ca(&session);
    sandbox.tinycert().state(|server| server.forget_sessions());
    session.create_cert(&create_cert(ca, "once.example.com")).unwrap();
    let made = sandbox.tinycert().state(|server| server.certs_named("once.example.com"));
    assert_eq!(made.len(), 1);
}

#[test]
fn session_that_is_rejected_again_is_an_error() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    sandbox.tinycert().state(|server| server.refuse_with = vec!["InvalidToken"; 1]);
    session.list_cas().unwrap();
    // The new session is rejected, too.
    sandbox.tinycert().take_seen();
    sandbox.tinycert().state(|server| server.session_seconds = 0);
    assert_eq!(code(session.list_cas()), "InvalidToken");
    let seen = sandbox.tinycert().take_seen();
    assert_eq!(called(&seen), ["ca.list", "session.connect", "ca.list"]);
}

#[test]
fn error_of_reopening_a_session_names_the_endpoint() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let refusals = vec!["InvalidToken", "AccountNotFound"];
    sandbox.tinycert().state(|server| server.refuse_with = refusals);
    let error = session.list_cas().unwrap_err();
    assert_eq!((error.endpoint(), error.attempts()), ("session.connect", 1));
    assert_eq!(error.error_code(), Some(ErrorCode::AccountNotFound));
    assert!(error.to_string().starts_with("tinycert session.connect: "), "{error}");
}

#[test]
fn error_of_opening_a_session_names_the_endpoint() {
    let sandbox = Sandbox::start().unwrap();
    let client = client(&sandbox);
    let error = client.connect(" ", PASSPHRASE).unwrap_err();
    assert_eq!((error.kind(), error.argument()), (ErrorKind::Input, Some("email")));
    assert_eq!((error.endpoint(), error.attempts()), ("session.connect", 0));
    sandbox.tinycert().misbehave(Misbehaviour::ResetAfterReading, 3);
    let error = client.connect(EMAIL, PASSPHRASE).unwrap_err();
    assert_eq!((error.endpoint(), error.attempts()), ("session.connect", 3));
    assert_eq!((error.delivery(), error.outcome_unknown()), (Delivery::Unknown, false));
    assert!(error.is_retryable());
    let error = client.resume_or_connect("t", "", PASSPHRASE).unwrap_err();
    assert_eq!(error.argument(), Some("email"));
}

#[test]
fn session_is_reopened_after_a_session_error() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    sandbox.tinycert().state(|server| server.refuse_with = vec!["SessionError"]);
    session.list_cas().unwrap();
    assert_eq!(sandbox.tinycert().state(|server| server.connects), 2);
}

#[test]
fn threads_reopen_an_expired_session_once() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    for round in 1..=20 {
        sandbox.tinycert().state(|server| server.forget_sessions());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| session.list_cas().unwrap());
            }
        });
        assert_eq!(sandbox.tinycert().state(|server| server.connects), 1 + round);
    }
}

#[test]
fn expired_session_without_the_passphrase_is_an_error() {
    let sandbox = Sandbox::start().unwrap();
    let client = tinycert(&sandbox).forget_passphrase().build().unwrap();
    let session = client.connect(EMAIL, PASSPHRASE).unwrap();
    session.list_cas().unwrap();
    sandbox.clock().advance(Duration::from_secs(1801));
    for _ in 0..2 {
        let error = session.list_cas().unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Auth, 1));
        assert_eq!(error.error_code(), Some(ErrorCode::InvalidToken));
    }
}

#[test]
fn session_that_the_server_has_ended_is_disconnected_and_not_reopened() {
    let sandbox = Sandbox::start().unwrap();
    for code in [None, Some("InvalidToken"), Some("SessionError")] {
        let session = connect(&sandbox);
        sandbox.tinycert().state(|server| match code {
            None => server.forget_sessions(),
            Some(code) => server.refuse_with = vec![code],
        });
        sandbox.tinycert().take_seen();
        session.disconnect().unwrap();
        assert_eq!(called(&sandbox.tinycert().take_seen()), ["session.disconnect"]);
    }
    let session = connect(&sandbox);
    sandbox.tinycert().state(|server| server.refuse_with = vec!["UnknownError"]);
    assert_eq!(code(session.disconnect()), "UnknownError");
}

#[test]
fn id_of_another_account_is_not_about_the_credentials() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    for error in [
        session.get_ca_details(CaId::new(FOREIGN_CA)).unwrap_err(),
        session.get_cert_details(CertId::new(FOREIGN_CERT)).unwrap_err(),
    ] {
        assert_eq!(error.error_code(), Some(ErrorCode::AccessDenied));
        assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Api, 403));
        assert!(!error.is_retryable());
    }
    sandbox.tinycert().state(|server| server.refuse_with = vec!["AccessDenied"]);
    let error = client(&sandbox).connect(EMAIL, PASSPHRASE).unwrap_err();
    assert_eq!(
        (error.kind(), error.error_code()),
        (ErrorKind::Auth, Some(ErrorCode::AccessDenied))
    );
}

#[test]
fn creation_that_a_rate_limit_rejected_may_be_repeated() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let ca = first_ca(&session);
    let old = named(&session, ca, EXPIRING);
    sandbox.tinycert().state(|server| server.creations_left = Some(0));
    for error in [
        session.create_ca(&CreateCa::new("US", "O")).unwrap_err(),
        session.create_cert(&create_cert(ca, "limited.example.com")).unwrap_err(),
        session.issue_cert(&create_cert(ca, "limited.example.com")).unwrap_err(),
        session.reissue_cert(old).unwrap_err(),
        session.renew(ca, old).unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::RateLimited, Delivery::Refused));
        assert_eq!((error.attempts(), error.outcome_unknown()), (1, false), "not sent again");
        assert!(error.is_retryable(), "{error:?}");
    }
}

#[test]
fn drop_closes_the_session_and_ignores_errors() {
    let sandbox = Sandbox::start().unwrap();
    let open = || sandbox.tinycert().state(|server| server.open_sessions());
    let session = connect(&sandbox);
    assert_eq!(open(), 1);
    drop(session);
    assert_eq!(open(), 0);
    let session = connect(&sandbox);
    sandbox.tinycert().misbehave(Misbehaviour::BadGateway, 1);
    drop(session);
    let session = connect(&sandbox);
    let (_, port) = sandbox.tinycert().base_url().rsplit_once(':').unwrap();
    let port = port.parse().unwrap();
    drop(sandbox);
    match ClosedPort::at(port) {
        Ok(_closed) => drop(session),
        // Another server has the port.
        Err(_) => std::mem::forget(session),
    }
}

#[test]
fn session_is_resumed_by_its_token() {
    let sandbox = Sandbox::start().unwrap();
    let token = connect(&sandbox).into_token().unwrap();
    let connects = || sandbox.tinycert().state(|server| server.connects);
    let client = client(&sandbox);
    let session = client.resume(token.clone());
    assert_eq!(session.list_cas().unwrap().len(), 1);
    drop(session);
    assert_eq!(sandbox.tinycert().state(|server| server.open_sessions()), 1, "it stays open");
    assert_eq!(connects(), 1);
    sandbox.tinycert().state(|server| server.forget_sessions());
    let session = client.resume_or_connect(token, EMAIL, PASSPHRASE).unwrap();
    assert_eq!(session.list_cas().unwrap().len(), 1);
    assert_eq!(connects(), 2);
    session.disconnect().unwrap();
}

#[test]
fn token_store_shares_a_session_between_clients() {
    let sandbox = Sandbox::start().unwrap();
    let folder = folder("store");
    let store = FileStore::new(&*folder);
    let client = || tinycert(&sandbox).token_store(store.clone()).build().unwrap();
    let connects = || sandbox.tinycert().state(|server| server.connects);
    let wrong = client().connect(EMAIL, "wrong");
    assert_eq!(code(wrong), "PassphraseFailure");
    for _ in 0..3 {
        let session = client().connect(EMAIL, PASSPHRASE).unwrap();
        assert_eq!(session.list_cas().unwrap().len(), 1);
    }
    assert_eq!(connects(), 1);
    sandbox.clock().advance(Duration::from_secs(1801));
    for _ in 0..3 {
        let session = client().connect(EMAIL, PASSPHRASE).unwrap();
        assert_eq!(session.list_cas().unwrap().len(), 1);
    }
    assert_eq!(connects(), 2);
    client().connect(EMAIL, PASSPHRASE).unwrap().disconnect().unwrap();
    assert_eq!(sandbox.tinycert().state(|server| server.open_sessions()), 0);
    client().connect(EMAIL, PASSPHRASE).unwrap();
    assert_eq!(connects(), 3);
}

#[test]
fn clients_with_one_store_that_start_together_open_one_session() {
    let sandbox = Sandbox::start().unwrap();
    let folder = folder("together");
    for round in 1..=2 {
        let start = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    // Each has its own store, like a program of its own.
                    let store = FileStore::new(&*folder);
                    let client = tinycert(&sandbox).token_store(store).build().unwrap();
                    start.wait();
                    client.connect(EMAIL, PASSPHRASE).unwrap().list_cas().unwrap();
                });
            }
        });
        assert_eq!(sandbox.tinycert().state(|server| server.connects), round);
        sandbox.clock().advance(Duration::from_secs(1801));
    }
}

#[test]
fn expired_session_without_the_passphrase_is_removed_from_the_store() {
    let sandbox = Sandbox::start().unwrap();
    let store = MemoryStore::new();
    let builder = || tinycert(&sandbox).token_store(store.clone()).forget_passphrase();
    let connect = || builder().build().unwrap().connect(EMAIL, PASSPHRASE).unwrap();
    connect().list_cas().unwrap();
    sandbox.tinycert().state(|server| server.forget_sessions());
    assert_eq!(code(connect().list_cas()), "InvalidToken");
    connect().list_cas().unwrap();
}

#[test]
fn reissue_with_a_lost_response_creates_one_certificate() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let ca = first_ca(&session);
    let old = named(&session, ca, EXPIRING);
    sandbox.tinycert().take_seen();
    sandbox.tinycert().misbehave(WELL, 1);
    sandbox.tinycert().misbehave(Misbehaviour::ResetAfterReading, 1);
    let folder = folder("lost");
    let files = KeyPairFiles::new(folder.join("chain.pem"), folder.join("key.pem"));
    let renewal = session.renew_to_files(ca, old, &files).unwrap();
    let seen = sandbox.tinycert().take_seen();
    let reissues: Vec<_> =
        seen.iter().filter(|seen| seen.verdict.endpoint == Some("cert.reissue")).collect();
    assert_eq!(reissues.len(), 1, "it was sent once: {:?}", called(&seen));
    assert_eq!(reissues[0].status, None, "and got no answer");
    assert!(renewal.is_new);
    let expected = [(old.number(), "obsolete"), (renewal.cert_id.number(), "good")];
    assert_eq!(sandbox.tinycert().state(|server| server.certs_named(EXPIRING)), expected);
    let chain = std::fs::read_to_string(files.chain()).unwrap();
    assert_eq!(chain, session.get_cert(renewal.cert_id, CertPart::Chain).unwrap());
}

#[test]
fn reissue_of_an_expired_certificate_with_a_lost_response_creates_one() {
    // The server lets an expired certificate be reissued again and again, so only looking helps.
    for how in [Misbehaviour::ResetAfterReading, Misbehaviour::CutBody, Misbehaviour::EmptyBody] {
        let sandbox = Sandbox::start().unwrap();
        sandbox.clock().advance(11 * DAY);
        let session = connect(&sandbox);
        let ca = first_ca(&session);
        let old = named(&session, ca, EXPIRING);
        sandbox.tinycert().misbehave(WELL, 1);
        sandbox.tinycert().misbehave(how.clone(), 1);
        let renewal = session.renew(ca, old).unwrap();
        let expected = [(old.number(), "expired"), (renewal.cert_id.number(), "good")];
        let named = || sandbox.tinycert().state(|server| server.certs_named(EXPIRING));
        assert_eq!(named(), expected, "{how:?}");
        let again = session.renew(ca, old).unwrap();
        assert_eq!((again.cert_id, again.is_new), (renewal.cert_id, false), "{how:?}");
        assert_eq!(named(), expected, "{how:?}");
    }
}

#[test]
fn reissue_that_did_not_reach_the_server_is_sent_again() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let ca = first_ca(&session);
    let old = named(&session, ca, EXPIRING);
    sandbox.tinycert().misbehave(WELL, 1);
    sandbox.tinycert().misbehave(Misbehaviour::BadGateway, 1);
    let renewal = session.renew(ca, old).unwrap();
    let expected = [(old.number(), "obsolete"), (renewal.cert_id.number(), "good")];
    assert_eq!(sandbox.tinycert().state(|server| server.certs_named(EXPIRING)), expected);
    let again = session.renew(ca, old).unwrap();
    assert_eq!((again.cert_id, again.is_new), (renewal.cert_id, false));
}

#[test]
fn reissue_is_not_sent_again_after_a_timeout() {
    let sandbox = Sandbox::start().unwrap();
    let mut settings = api_auth::Settings::default();
    settings.no_proxy();
    let inner = settings.built_in_transport().unwrap();
    let reissues = Arc::new(AtomicUsize::new(0));
    let counted = reissues.clone();
    let lossy = move |request: Request| -> Result<Response, TransportError> {
        if request.uri().path() == "/api/v1/cert/reissue" {
            counted.fetch_add(1, Ordering::SeqCst);
            let kind = TransportErrorKind::Timeout;
            return Err(TransportError::new(kind, Sent::Maybe, "the deadline passed"));
        }
        inner.send(request)
    };
    let client = tinycert(&sandbox).transport(lossy).build().unwrap();
    let session = client.connect(EMAIL, PASSPHRASE).unwrap();
    let ca = first_ca(&session);
    let error = session.renew(ca, named(&session, ca, EXPIRING)).unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert_eq!(reissues.load(Ordering::SeqCst), 1);
}

#[test]
fn rejected_reissue_is_not_sent_again() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let ca = first_ca(&session);
    let old = named(&session, ca, EXPIRING);
    sandbox.tinycert().state(|server| server.creations_left = Some(0));
    sandbox.tinycert().take_seen();
    let error = session.renew(ca, old).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(called(&sandbox.tinycert().take_seen()), ["cert.list", "cert.reissue"]);
}

#[test]
fn reissue_that_was_sent_again_is_looked_up_unless_it_was_rejected() {
    let limited = Misbehaviour::TooManyRequests(None);
    for (second, is_renewed) in [
        (Misbehaviour::ResetAfterReading, true),
        (Misbehaviour::BadGateway, false),
        (limited, false),
    ] {
        let sandbox = Sandbox::start().unwrap();
        let session = connect(&sandbox);
        let ca = first_ca(&session);
        let old = named(&session, ca, EXPIRING);
        let path = "/api/v1/cert/reissue";
        sandbox.tinycert().misbehave_at(path, Misbehaviour::BadGateway, 1);
        sandbox.tinycert().misbehave_at(path, second.clone(), 1);
        sandbox.tinycert().take_seen();
        let renewal = session.renew(ca, old);
        let called = called(&sandbox.tinycert().take_seen());
        // A request that the server did not handle has no endpoint.
        let is_reissue = |name: &&&str| ["?", "cert.reissue"].contains(*name);
        assert_eq!(called.iter().filter(is_reissue).count(), 2, "{called:?}");
        match &renewal {
            Ok(renewal) => {
                let expected = [(old.number(), "obsolete"), (renewal.cert_id.number(), "good")];
                let named = sandbox.tinycert().state(|server| server.certs_named(EXPIRING));
                assert!(renewal.is_new && named == expected, "{named:?}");
            }
            Err(error) => assert_eq!(error.endpoint(), "cert.reissue"),
        }
        assert_eq!(renewal.is_ok(), is_renewed, "{second:?}");
        let is_rejected = renewal.is_err_and(|error| error.kind() == ErrorKind::RateLimited);
        assert_eq!(called.last().is_some_and(|name| is_reissue(&name)), is_rejected, "{called:?}");
    }
}

#[test]
fn rejected_creation_is_not_looked_up() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let ca = first_ca(&session);
    sandbox.tinycert().state(|server| server.creations_left = Some(0));
    sandbox.tinycert().take_seen();
    session.get_or_create_ca(&CreateCa::new("US", "Rejected, Inc.")).unwrap_err();
    assert_eq!(called(&sandbox.tinycert().take_seen()), ["ca.list", "ca.new"]);
    session.issue_cert(&create_cert(ca, "rejected.example.com")).unwrap_err();
    assert_eq!(called(&sandbox.tinycert().take_seen()), ["cert.list", "cert.new"]);
}

#[test]
fn certificate_of_the_same_name_with_another_key_is_not_a_successor() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let ca = first_ca(&session);
    let old = named(&session, ca, EXPIRING);
    let other = session.create_cert(&create_cert(ca, EXPIRING)).unwrap();
    let renewal = session.renew(ca, old).unwrap();
    assert!(renewal.is_new && renewal.cert_id != other);
}

#[test]
fn ca_and_certificate_with_lost_responses_are_created_once() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    sandbox.tinycert().misbehave(WELL, 1);
    sandbox.tinycert().misbehave(Misbehaviour::ResetAfterReading, 1);
    let ca = session.get_or_create_ca(&CreateCa::new("US", "Lost, Inc.")).unwrap();
    assert_eq!(session.list_cas().unwrap().len(), 2);

    sandbox.tinycert().misbehave(WELL, 1);
    sandbox.tinycert().misbehave(Misbehaviour::CutBody, 1);
    let cert = session.issue_cert(&create_cert(ca, "lost.example.com")).unwrap();
    let made = sandbox.tinycert().state(|server| server.certs_named("lost.example.com"));
    assert_eq!(made, [(cert.number(), "good")]);

    sandbox.tinycert().misbehave(WELL, 1);
    sandbox.tinycert().misbehave(Misbehaviour::BadGateway, 1);
    let error = session.issue_cert(&create_cert(ca, "never.example.com")).unwrap_err();
    assert_eq!((error.status().unwrap().as_u16(), error.delivery()), (502, Delivery::Unknown));
    assert_eq!(sandbox.tinycert().state(|server| server.certs_named("never.example.com")), []);
}

/// The response of a path that is lost: the server gets the request.
type Lost = Arc<Mutex<Option<(&'static str, TransportErrorKind)>>>;

/// A client that loses the response of one path, if one is set, and of all later requests.
fn lossy(sandbox: &Sandbox) -> (Session, Lost) {
    let mut settings = api_auth::Settings::default();
    settings.no_proxy();
    let inner = settings.built_in_transport().unwrap();
    let lost = Lost::default();
    let lose = lost.clone();
    let is_down = AtomicBool::new(false);
    let transport = move |request: Request| -> Result<Response, TransportError> {
        let path = request.uri().path().to_owned();
        let lost = *lose.lock().unwrap();
        let Some((lost_path, kind)) = lost else {
            is_down.store(false, Ordering::SeqCst);
            return inner.send(request);
        };
        if is_down.load(Ordering::SeqCst) {
            return Err(TransportError::new(TransportErrorKind::Connect, Sent::No, "it is down"));
        }
        let result = inner.send(request);
        if path == lost_path {
            is_down.store(true, Ordering::SeqCst);
            return Err(TransportError::new(kind, Sent::Maybe, "the response is lost"));
        }
        result
    };
    let clock = ManualClock::at_unix(sandbox.clock().unix());
    let client = tinycert(sandbox).clock(clock).transport(transport).build().unwrap();
    (client.connect(EMAIL, PASSPHRASE).unwrap(), lost)
}

#[test]
fn first_error_is_kept_and_a_later_call_finds_what_was_created() {
    for kind in [TransportErrorKind::Timeout, TransportErrorKind::Interrupted] {
        let sandbox = Sandbox::start().unwrap();
        let (session, lost) = lossy(&sandbox);
        let check = |error: Error, endpoint: &str| {
            assert_eq!((error.endpoint(), error.outcome_unknown()), (endpoint, true), "{error:?}");
            assert!(!error.is_retryable());
            assert_eq!(error.is_timeout(), kind == TransportErrorKind::Timeout);
        };
        let lose = |path| *lost.lock().unwrap() = Some((path, kind));
        let recover = || *lost.lock().unwrap() = None;

        let new = CreateCa::new("US", "Lost, Inc.");
        lose("/api/v1/ca/new");
        check(session.get_or_create_ca(&new).unwrap_err(), "ca.new");
        recover();
        let ca = session.get_or_create_ca(&new).unwrap();
        assert_eq!(session.list_cas().unwrap().len(), 2, "it was created once");

        let name = "lost.example.com";
        let created = || sandbox.tinycert().state(|server| server.certs_named(name));
        lose("/api/v1/cert/new");
        check(session.issue_cert(&create_cert(ca, name)).unwrap_err(), "cert.new");
        assert_eq!(created().len(), 1);
        recover();
        // Another process finds it, too.
        for session in [&session, &connect(&sandbox)] {
            let cert = session.issue_cert(&create_cert(ca, name)).unwrap();
            assert_eq!(created(), [(cert.number(), "good")]);
        }

        let old = named(&session, first_ca(&session), EXPIRING);
        lose("/api/v1/cert/reissue");
        check(session.renew(first_ca(&session), old).unwrap_err(), "cert.reissue");
        recover();
        let renewal = session.renew(first_ca(&session), old).unwrap();
        assert!(!renewal.is_new);
        let renewed = sandbox.tinycert().state(|server| server.certs_named(EXPIRING));
        assert_eq!(renewed, [(old.number(), "obsolete"), (renewal.cert_id.number(), "good")]);
    }
}

#[test]
fn certificate_with_a_lost_response_is_found_whatever_the_clock_is() {
    let sandbox = Sandbox::start().unwrap();
    // In this time of the client, the new certificate does not look new.
    let clock = ManualClock::at_unix(sandbox.clock().unix() + 30 * 86_400);
    let session = tinycert(&sandbox).clock(clock).build().unwrap();
    let session = session.connect(EMAIL, PASSPHRASE).unwrap();
    let ca = first_ca(&session);
    sandbox.tinycert().misbehave(WELL, 1);
    sandbox.tinycert().misbehave(Misbehaviour::ResetAfterReading, 1);
    let cert = session.issue_cert(&create_cert(ca, "clock.example.com")).unwrap();
    let created = sandbox.tinycert().state(|server| server.certs_named("clock.example.com"));
    assert_eq!(created, [(cert.number(), "good")]);
}

#[test]
fn certificate_is_issued_again_only_if_it_is_another_one_or_older() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let ca = first_ca(&session);
    let name = "again.example.com";
    let new = create_cert(ca, name).organizational_unit("IT").san(San::Ip("::1".parse().unwrap()));
    let first = session.issue_cert(&new).unwrap();
    assert_eq!(session.issue_cert(&new).unwrap(), first);
    let shouted = CreateCert::new(ca, "US", "ACME, INC.", "Again.Example.com")
        .organizational_unit("IT")
        .sans([San::Ip("::1".parse().unwrap()), dns("AGAIN.example.com")]);
    assert_eq!(session.issue_cert(&shouted).unwrap(), first, "the same subject and names");
    let mut known = BTreeSet::from([first]);
    for other in [
        new.clone().san(dns("b.example.com")),
        create_cert(ca, name).organizational_unit("IT"),
        create_cert(ca, name).san(San::Ip("::1".parse().unwrap())),
        new.clone().locality("Köln"),
        new.clone().state("NRW"),
        CreateCert::new(ca, "DE", "ACME, Inc.", name)
            .organizational_unit("IT")
            .sans([dns(name), San::Ip("::1".parse().unwrap())]),
        create_cert(ca, "c.example.com"),
        new.clone().san(San::Uri("spiffe://example.com/A".into())),
        new.clone().san(San::Uri("spiffe://example.com/a".into())),
        new.clone().san(San::Email("Ann@example.com".into())),
        new.clone().san(San::Email("ann@example.com".into())),
    ] {
        let cert = session.issue_cert(&other).unwrap();
        assert!(known.insert(cert), "{other:?}");
        assert_eq!(session.issue_cert(&other).unwrap(), cert);
    }
    assert!(known.insert(session.create_cert(&new).unwrap()), "it always creates one");
    let latest = *known.last().unwrap();
    assert_eq!(session.issue_cert(&new).unwrap(), latest);
    // A revoked certificate is not used, nor is one on hold.
    session.set_cert_status(latest, CertStatus::Revoked).unwrap();
    session.set_cert_status(first, CertStatus::Hold).unwrap();
    let second = session.issue_cert(&new).unwrap();
    assert!(known.insert(second));
    sandbox.clock().advance(DAY + Duration::from_secs(60));
    let later = connect(&sandbox);
    assert!(known.insert(later.issue_cert(&new).unwrap()), "the other one is a day old");
}

#[test]
fn second_issue_writes_the_files_of_the_same_certificate_after_an_error() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let ca = first_ca(&session);
    let folder = folder("issue-again");
    let files = KeyPairFiles::new(folder.join("chain.pem"), folder.join("key.pem"));
    let new = create_cert(ca, "twice.example.com");
    // The list and the creation work, then the chain is lost.
    sandbox.tinycert().misbehave(WELL, 2);
    sandbox.tinycert().misbehave(Misbehaviour::EmptyBody, 1);
    session.issue_to_files(&new, &files).unwrap_err();
    assert_eq!(listed(&folder), [""; 0]);
    let cert = session.issue_to_files(&new, &files).unwrap();
    let created = sandbox.tinycert().state(|server| server.certs_named("twice.example.com"));
    assert_eq!(created, [(cert.number(), "good")]);
    assert_eq!(without_versions(&folder), ["chain.pem", "key.pem"]);
}

#[test]
fn name_of_several_cas_is_an_error() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let new = CreateCa::new("US", ORGANIZATION).hash_method(HashMethod::Sha1);
    session.create_ca(&new).unwrap();
    for name in [ORGANIZATION, &format!("{ORGANIZATION} CA")] {
        assert_eq!(session.find_ca(name).unwrap_err().argument(), Some("name"));
    }
    assert_eq!(session.get_or_create_ca(&new).unwrap_err().argument(), Some("name"));
}

#[test]
fn expiring_and_expired_certificates_are_found() {
    let sandbox = Sandbox::start().unwrap();
    let now = sandbox.clock().unix();
    let session = connect(&sandbox);
    let ca = first_ca(&session);
    sandbox.tinycert().state(|server| {
        for (name, until) in [
            ("ended.example.org", now - 1),
            ("replaced.example.org", now - 1),
            ("replaced.example.org", now + 86_400 * 300),
            ("last.example.org", now + 86_400 * 30),
            ("held.example.org", now + 3_600),
            ("suspended.example.org", now - 1),
            ("suspended.example.org", now + 86_400 * 300),
        ] {
            server.add_cert(ca.number(), name, &[], until).unwrap();
        }
    });
    let held = named(&session, ca, "held.example.org");
    session.set_cert_status(held, CertStatus::Hold).unwrap();
    let suspended = sandbox.tinycert().state(|server| server.certs_named("suspended.example.org"));
    session.set_cert_status(CertId::new(suspended[1].0), CertStatus::Hold).unwrap();
    let names = |days| -> Vec<String> {
        let found = session.expiring_certs(ca, days).unwrap();
        found.into_iter().map(|cert| cert.name.unwrap()).collect()
    };
    assert_eq!(names(0), ["ended.example.org"]);
    assert_eq!(names(10), ["ended.example.org", EXPIRING]);
    assert_eq!(names(30), ["ended.example.org", EXPIRING, "last.example.org"]);
}

#[test]
fn pkcs12_file_is_decoded() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let cert = named(&session, first_ca(&session), EXPIRING);
    let file = sandbox.tinycert().state(|server| server.pkcs12(cert.number())).unwrap();
    assert_eq!(session.get_pkcs12(cert).unwrap().expose(), file);
    let key = session.get_key(cert, KeyForm::Encrypted).unwrap();
    assert!(key.expose().starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
}

/// Returns the names of the entries of a folder.
fn listed(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Returns the names of the entries of a folder, without the folder to which the links of a pair
/// point.
fn without_versions(folder: &Path) -> Vec<String> {
    listed(folder).into_iter().filter(|name| !name.ends_with(".versions")).collect()
}

#[test]
fn no_certificate_is_created_if_the_files_cannot_be_written() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let ca = first_ca(&session);
    let folder = folder("issued");
    let count = || session.list_certs(ca, StatusMask::ALL).unwrap().len();
    let new = create_cert(ca, "issued.example.com");
    let before = count();
    for files in [
        KeyPairFiles::new(folder.join("missing/chain.pem"), folder.join("key.pem")),
        KeyPairFiles::new(folder.join("chain.pem"), &*folder),
        KeyPairFiles::new(folder.join("x.pem"), folder.join("./x.pem")),
        KeyPairFiles::combined(&*folder),
    ] {
        session.issue_to_files(&new, &files).unwrap_err();
    }
    assert_eq!(count(), before);
    let files = KeyPairFiles::combined(folder.join("both.pem"));
    let cert = session.issue_to_files(&new, &files).unwrap();
    assert_eq!(count(), before + 1);
    let both = std::fs::read_to_string(files.key()).unwrap();
    let key = session.get_key(cert, KeyForm::Decrypted).unwrap();
    handshake(&both, key.expose(), &session.get_ca(ca).unwrap(), "issued.example.com");
    assert_eq!(listed(&folder), ["both.pem"]);
}

#[test]
fn files_are_replaced_atomically_and_the_key_is_private() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let ca = first_ca(&session);
    let folder = folder("replaced");
    let files = KeyPairFiles::new(folder.join("chain.pem"), folder.join("key.pem"));
    std::fs::write(files.chain(), "old chain").unwrap();
    std::fs::write(files.key(), "old key").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let everyone = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(files.key(), everyone).unwrap();
    }
    let renewal = session.renew_to_files(ca, named(&session, ca, EXPIRING), &files).unwrap();
    assert_eq!(without_versions(&folder), ["chain.pem", "key.pem"], "nothing else is left");
    let chain = std::fs::read_to_string(files.chain()).unwrap();
    let key = std::fs::read_to_string(files.key()).unwrap();
    assert_eq!(key, session.get_key(renewal.cert_id, KeyForm::Decrypted).unwrap().expose());
    handshake(&chain, &key, &session.get_ca(ca).unwrap(), EXPIRING);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(files.key()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640, "{mode:o}");
    }
}

#[cfg(unix)]
#[test]
fn symbolic_link_is_followed_and_kept() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let (folder, elsewhere) = (folder("link"), folder("link-target"));
    std::fs::write(elsewhere.join("real.pem"), "old").unwrap();
    let link = folder.join("key.pem");
    std::os::unix::fs::symlink(elsewhere.join("real.pem"), &link).unwrap();
    let files = KeyPairFiles::new(folder.join("chain.pem"), &link);
    session.save_to_files(named(&session, first_ca(&session), EXPIRING), &files).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(std::fs::read_to_string(elsewhere.join("real.pem")).unwrap().contains("PRIVATE KEY"));
    assert_eq!(listed(&elsewhere), ["real.pem"]);
}

#[test]
fn nothing_is_reissued_if_the_files_cannot_be_written() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let ca = first_ca(&session);
    let old = named(&session, ca, EXPIRING);
    let folder = folder("unwritable");
    sandbox.tinycert().take_seen();
    let files = KeyPairFiles::new(folder.join("chain.pem"), folder.join("missing/key.pem"));
    let error = session.renew_to_files(ca, old, &files).unwrap_err();
    assert!(matches!(&error, FileError::File { path, .. } if path.ends_with("missing/key.pem")));
    assert_eq!(called(&sandbox.tinycert().take_seen()), [""; 0], "nothing was asked");
    assert_eq!(listed(&folder), [""; 0], "nothing is left");
}

#[test]
fn same_file_for_chain_and_key_is_an_error() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let folder = folder("one");
    let file = folder.join("both.pem");
    let files = KeyPairFiles::new(&file, &file);
    let error = session.save_to_files(CertId::new(1), &files).unwrap_err();
    assert!(matches!(error, FileError::Call(error) if error.argument() == Some("files")));
}

#[test]
fn second_call_writes_the_files_after_an_error() {
    let sandbox = Sandbox::start().unwrap();
    let session = connect(&sandbox);
    let ca = first_ca(&session);
    let old = named(&session, ca, EXPIRING);
    let folder = folder("again");
    let files = KeyPairFiles::new(folder.join("chain.pem"), folder.join("key.pem"));
    std::fs::write(files.chain(), "old chain").unwrap();
    sandbox.tinycert().misbehave(WELL, 2);
    sandbox.tinycert().misbehave(Misbehaviour::EmptyBody, 1);
    let error = session.renew_to_files(ca, old, &files).unwrap_err();
    assert!(matches!(error, FileError::Call(error) if error.kind() == ErrorKind::Decode));
    assert_eq!(std::fs::read_to_string(files.chain()).unwrap(), "old chain");
    assert_eq!(listed(&folder), ["chain.pem"]);
    let renewal = session.renew_to_files(ca, old, &files).unwrap();
    assert!(!renewal.is_new, "it was renewed the first time");
    assert_eq!(without_versions(&folder), ["chain.pem", "key.pem"]);
}

#[test]
fn api_key_is_never_sent() {
    let sandbox = Sandbox::start().unwrap();
    connect(&sandbox).disconnect().unwrap();
    for seen in sandbox.tinycert().seen() {
        let body = String::from_utf8(seen.request.body).unwrap();
        assert!(!body.contains(API_KEY) && !seen.request.target.contains(API_KEY));
        let headers = seen.request.headers;
        assert!(headers.iter().all(|(_, value)| !String::from_utf8_lossy(value).contains(API_KEY)));
    }
}
