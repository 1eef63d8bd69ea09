//! Tests that each documented field of each response is parsed into the field with the
//! corresponding name.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fmt::Debug;

use test_support::enums::{self, Texts};
use test_support::responses::{Call, Responses};
use test_support::wire_texts;
use tinycert_client::api_auth::{Request, Response, StatusCode, TransportError};
use tinycert_client::ca::{HashAlg, HashMethod};
use tinycert_client::cert::{KeyForm, StatusMask};
use tinycert_client::{
    CaId, CertId, CertPart, CertStatus, Client, CreateCa, CreateCert, Error, ErrorCode, ErrorExt,
    San, Secret, Session,
};

const CA: CaId = CaId::new(561);
const CERT: CertId = CertId::new(14236);

/// Returns a client whose transport returns one response.
fn client(status: StatusCode, body: &str) -> Client {
    let body = body.as_bytes().to_vec();
    let transport = move |_: Request| -> Result<Response, TransportError> {
        let mut response = Response::new(body.clone());
        *response.status_mut() = status;
        Ok(response)
    };
    Client::builder("key").transport(transport).retries(0).build().unwrap()
}

/// Returns a method of a session of such a client.
fn call<T: Debug>(call: impl Fn(&Session) -> Result<T, Error> + 'static) -> Call {
    Box::new(move |body| {
        let session = client(StatusCode::OK, body).resume("token");
        call(&session)
            .map(|value| format!("{value:#?}"))
            .map_err(|error| format!("{error:?} {error}"))
    })
}

/// Returns the string of a secret, which `Debug` redacts.
fn exposed(secret: Secret) -> String {
    secret.expose().to_owned()
}

fn connect(body: &str) -> Result<String, String> {
    let session = client(StatusCode::OK, body).connect("ann@example.org", "passphrase");
    let token = session.map_err(|error| format!("{error:?} {error}"))?.into_token().unwrap();
    Ok(format!("{:#?}", exposed(token)))
}

fn error(body: &str) -> Result<String, String> {
    #[derive(Debug)]
    #[expect(dead_code, reason = "the fields are printed")]
    struct Shown {
        code: Option<ErrorCode>,
        text: Option<String>,
    }
    let session = client(StatusCode::BAD_REQUEST, body).resume("token");
    let error = session.reissue_cert(CERT).unwrap_err();
    let text = error.message().map(str::to_owned);
    Ok(format!("{:#?}", Shown { code: error.error_code(), text }))
}

#[test]
fn each_documented_field_is_read_into_the_field_of_its_name() {
    const ANY_BODY: &str = "the reference documents no field, and the body is ignored";
    Responses {
        provider: "tinycert",
        sources: &[],
        folder: env!("CARGO_MANIFEST_DIR"),
        calls: vec![
            ("session.connect", Box::new(connect)),
            ("ca.list", call(Session::list_cas)),
            ("ca.details", call(|session| session.get_ca_details(CA))),
            ("ca.get", call(|session| session.get_ca(CA))),
            ("ca.new", call(|session| session.create_ca(&CreateCa::new("NL", "ACME, Inc.")))),
            ("cert.list", call(|session| session.list_certs(CA, StatusMask::ALL))),
            ("cert.details", call(|session| session.get_cert_details(CERT))),
            ("cert.get", call(|session| session.get_cert(CERT, CertPart::Chain))),
            ("cert.get", call(|session| session.get_key(CERT, KeyForm::Encrypted).map(exposed))),
            ("cert.reissue", call(|session| session.reissue_cert(CERT))),
            (
                "cert.new",
                call(|session| {
                    session.create_cert(&CreateCert::new(CA, "US", "ACME", "example.com"))
                }),
            ),
        ],
        others: vec![
            (
                "cert.get.pkcs12",
                call(|session| {
                    let file = session.get_pkcs12(CERT)?;
                    Ok(file.expose().escape_ascii().to_string())
                }),
            ),
            ("error", Box::new(error)),
        ],
        no_fields: &[
            ("session.disconnect", ANY_BODY),
            ("ca.delete", ANY_BODY),
            ("cert.status", ANY_BODY),
        ],
        renamed: &[
            ("C", "country"),
            ("ST", "state"),
            ("L", "locality"),
            ("O", "organization"),
            ("OU", "organizational_unit"),
            ("CN", "common_name"),
            ("E", "email"),
            ("DNS", "sans"),
            ("IP", "sans"),
            ("email", "sans"),
            ("URI", "sans"),
        ],
        converted: &[("pkcs12", "UEtDUzEyIGZpbGUgb25l", "PKCS12 file one")],
        derived: &[],
        not_kept: &[],
        undocumented: &[],
        required: &[
            ("session.connect", "token"),
            ("ca.list", "id"),
            ("ca.details", "id"),
            ("ca.get", "pem"),
            ("ca.new", "ca_id"),
            ("cert.list", "id"),
            ("cert.details", "id"),
            ("cert.get", "pem"),
            ("cert.reissue", "cert_id"),
            ("cert.new", "cert_id"),
            ("cert.get.pkcs12", "pkcs12"),
        ],
    }
    .check();
}

#[test]
fn enums_know_exactly_the_documented_strings() {
    let mut texts = wire_texts! {
        HashAlg: "SHA1", "SHA256";
        CertStatus: "good", "hold", "expired", "revoked", "obsolete";
        ErrorCode: "AccessDenied", "AccountError", "AccountNotFound", "AccountNotLoaded",
            "ApiKeyMismatch", "InputFailure", "InvalidToken", "MethodDisallowed",
            "MissingParameter", "NotFound", "NotLatest", "PassphraseFailure",
            "RateLimitExceeded", "SessionError", "SignatureFailure", "StatusDisallowed",
            "UnknownError";
    };
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let parts = [CertPart::Cert, CertPart::Chain, CertPart::Csr].map(CertPart::as_str);
    let forms = [KeyForm::Decrypted, KeyForm::Encrypted].map(KeyForm::as_str);
    let methods = [HashMethod::Sha1, HashMethod::Sha256].map(HashMethod::as_str);
    texts.extend([
        Texts { name: "CertPart", known: owned(&parts), documented: &["cert", "chain", "csr"] },
        Texts { name: "KeyForm", known: owned(&forms), documented: &["key.dec", "key.enc"] },
        Texts { name: "HashMethod", known: owned(&methods), documented: &["sha1", "sha256"] },
    ]);
    enums::check(env!("CARGO_MANIFEST_DIR"), &texts);
}

/// The table of all strings cannot detect that two fields are mixed up.
#[test]
fn each_string_belongs_to_the_value_of_its_name() {
    let plain = |name: String| name.to_lowercase().replace('"', "");
    fn all<T: Debug>(known: &[T], text: impl Fn(&T) -> String) -> Vec<(String, String)> {
        known.iter().map(|value| (format!("{value:?}"), text(value))).collect()
    }
    let mut values = all(HashAlg::KNOWN, HashAlg::to_string);
    values.extend(all(CertStatus::KNOWN, CertStatus::to_string));
    values.extend(all(ErrorCode::KNOWN, ErrorCode::to_string));
    let methods = [HashMethod::Sha1, HashMethod::Sha256];
    values.extend(all(&methods, |method| method.as_str().to_owned()));
    let parts = [CertPart::Cert, CertPart::Chain, CertPart::Csr];
    values.extend(all(&parts, |part| part.as_str().to_owned()));
    for (name, text) in values {
        assert_eq!(plain(name), plain(text));
    }
    assert_eq!(KeyForm::Decrypted.as_str(), "key.dec");
    assert_eq!(KeyForm::Encrypted.as_str(), "key.enc");
    let masks = [StatusMask::EXPIRED, StatusMask::GOOD, StatusMask::REVOKED, StatusMask::HOLD];
    assert_eq!(masks.map(StatusMask::bits), [1, 2, 4, 8]);
    assert_eq!(StatusMask::ALL.bits(), 15);
}

#[test]
fn each_type_of_name_is_read_and_written_with_its_documented_string() {
    let names = [
        (r#"{"DNS":"a.example"}"#, San::Dns("a.example".to_owned())),
        (r#"{"IP":"10.0.0.1"}"#, San::Ip([10, 0, 0, 1].into())),
        (r#"{"email":"a@example"}"#, San::Email("a@example".to_owned())),
        (r#"{"URI":"urn:a"}"#, San::Uri("urn:a".to_owned())),
    ];
    for (text, name) in names {
        let body = format!(r#"{{"id":1,"Alt":[{text}]}}"#);
        let details = client(StatusCode::OK, &body).resume("token").get_cert_details(CERT);
        assert_eq!(details.unwrap().sans, std::slice::from_ref(&name), "{text}");
        assert_eq!(serde_json::to_string(&name).unwrap(), text);
        assert_eq!(text, format!(r#"{{"{}":"{}"}}"#, name.kind(), name.value()));
    }
}
