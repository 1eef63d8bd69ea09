//! Tests of the result of each endpoint for the responses that a server may send, over real HTTP.
//!
//! Tests are named `ENDPOINT_response...`. `cargo xtask endpoints` checks that there is one for
//! each endpoint.

#![cfg(feature = "ureq")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use test_support::decoding::{Case, Outcome, shown, with_response};
use tinycert_client::api_auth::SecretBytes;
use tinycert_client::ca::HashAlg;
use tinycert_client::cert::{KeyForm, StatusMask};
use tinycert_client::session::{Connect, Disconnect};
use tinycert_client::{
    CaId, CertId, CertPart, CertStatus, Client, CreateCa, CreateCert, Environment, Error,
    ErrorCode, ErrorExt, ErrorKind, San, Session,
};

const CA: CaId = CaId::new(561);
const CERT: CertId = CertId::new(14236);
const CA_DETAILS: &str = r#"{"id":561,"C":"NL","ST":"Limburg","L":"Maastricht","O":"ACME, Inc.","OU":"Secure Digital Certificate Signing","CN":"ACME, Inc. CA","E":"webmaster@example.com","hash_alg":"SHA256"}"#;
const CERTS: &str = r#"[{"id":14236,"name":"example.com","status":"good","expires":1770000000}]"#;
const CERT_DETAILS: &str = r#"{"id":14236,"status":"good","C":"US","ST":"Illinois","L":"Chicago","O":"ACME, Inc.","OU":"IT Department","CN":"example.com","Alt":[{"DNS":"www.example.com"},{"IP":"::1"}]}"#;
const PEM: &str =
    r#"{"pem":"-----BEGIN CERTIFICATE-----\nMIIB+zCC\/aa==\n-----END CERTIFICATE-----\n"}"#;

fn client(base: &str) -> Client {
    Client::builder("key").environment(Environment::custom(base)).retries(0).build().unwrap()
}

fn case<'a>(documented: &'a str, any_body: bool, call: &'a dyn Fn(&str) -> Outcome) -> Case<'a> {
    Case { method: "POST", documented, any_body, missing: None, call }
}

/// Checks the rules for the response of a method of a session. A response without one of the
/// `required` fields is an error.
fn rules<T: std::fmt::Debug>(
    documented: &str,
    required: &[&str],
    call: impl Fn(&Session) -> Result<T, Error>,
) {
    let call = |base: &str| shown(call(&client(base).resume("t")));
    case(documented, false, &call).holds(required);
}

/// Checks the rules for an endpoint whose response body is not documented, with several bodies.
fn any_body_rules(call: impl Fn(&Session) -> Result<(), Error>) {
    for documented in ["{}", r#"{"success":true}"#] {
        let call = |base: &str| shown(call(&client(base).resume("t")));
        case(documented, true, &call).holds(&[]);
    }
    for body in ["{}", "[]", "true", "null", "", " ", r#"{"success":true}"#, "OK", "\"done\"", "1"]
    {
        one(200, body, &call).unwrap_or_else(|error| panic!("{body:?}: {error:?}"));
    }
    let error = one(200, r#"{"code":"NotFound","text":"No such CA."}"#, &call).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Api, Some("NotFound")));
    for body in ["<html>please log in</html>", "[1", r#"{"success":"#] {
        let error = one(200, body, &call).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
    }
}

/// Returns the result of a method for one response.
fn one<T>(
    status: usize,
    body: &str,
    call: impl Fn(&Session) -> Result<T, Error>,
) -> Result<T, Error> {
    with_response("POST", status, None, body, |base| call(&client(base).resume("t")))
}

#[test]
fn session_connect_response_follows_the_rules() {
    let call = |base: &str| {
        let session = client(base).connect("a@b", "p").inspect_err(|error| {
            assert_eq!(error.endpoint(), "session.connect");
        })?;
        let token = session.into_token().unwrap();
        assert!(!token.is_empty());
        Ok(format!("{token:?}"))
    };
    case(r#"{"token":"d7dd"}"#, false, &call).holds(&["token"]);
}

#[test]
fn session_connect_response_is_the_token() {
    let connect = |session: &Session| session.send(&Connect::new("a@b", "p"));
    assert_eq!(one(200, r#"{"token":"d7dd"}"#, connect).unwrap().expose(), "d7dd");
    for body in [r#"{"token":""}"#, r#"{"token":[]}"#, "[]", "true"] {
        assert_eq!(one(200, body, connect).unwrap_err().kind(), ErrorKind::Decode, "{body}");
    }
}

#[test]
fn session_connect_response_that_denies_access_is_an_auth_error() {
    use ErrorKind::{Api, Auth, RateLimited};
    for (code, kind) in [
        ("AccessDenied", Auth),
        ("AccountNotFound", Auth),
        ("InputFailure", Api),
        ("RateLimitExceeded", RateLimited),
    ] {
        for status in [200, 400, 403] {
            let body = format!(r#"{{"code":"{code}","text":"why"}}"#);
            let error = with_response("POST", status, None, &body, |base| {
                client(base).connect("a@b", "p").err().unwrap()
            });
            assert_eq!((error.kind(), error.code()), (kind, Some(code)), "{status}");
        }
    }
}

#[test]
fn session_disconnect_response_may_have_any_content() {
    any_body_rules(|session| session.send(&Disconnect::new()));
}

#[test]
fn ca_list_response_follows_the_rules() {
    rules(r#"[{"id":561,"name":"ACME, Inc."}]"#, &["id"], Session::list_cas);
}

#[test]
fn ca_list_response_is_read_field_by_field() {
    let body = r#"[{"id":"561","name":"\u00dcml\u00e4ut \/ Co","new":1},{"id":562}]"#;
    let cas = one(200, body, Session::list_cas).unwrap();
    assert_eq!((cas[0].id, cas[0].name.as_deref()), (CA, Some("Ümläut / Co")));
    assert_eq!(cas[0].extra.text("new").as_deref(), Some("1"));
    assert_eq!((cas[1].id.number(), &cas[1].name), (562, &None));
    assert_eq!(one(200, "[]", Session::list_cas).unwrap(), []);
}

#[test]
fn ca_details_response_follows_the_rules() {
    rules(CA_DETAILS, &["id"], |session| session.get_ca_details(CA));
}

#[test]
fn ca_details_response_is_read_field_by_field() {
    let ca = one(200, CA_DETAILS, |session| session.get_ca_details(CA)).unwrap();
    assert_eq!(ca.id, CA);
    assert_eq!(ca.country.as_deref(), Some("NL"));
    assert_eq!(ca.state.as_deref(), Some("Limburg"));
    assert_eq!(ca.locality.as_deref(), Some("Maastricht"));
    assert_eq!(ca.organization.as_deref(), Some("ACME, Inc."));
    assert_eq!(ca.organizational_unit.as_deref(), Some("Secure Digital Certificate Signing"));
    assert_eq!(ca.common_name.as_deref(), Some("ACME, Inc. CA"));
    assert_eq!(ca.email.as_deref(), Some("webmaster@example.com"));
    assert_eq!(ca.hash_alg, Some(HashAlg::Sha256));
    assert!(ca.extra.is_empty());
    let again = serde_json::from_str(&serde_json::to_string(&ca).unwrap()).unwrap();
    assert_eq!(ca, again);
    let body = r#"{"id":561,"hash_alg":"SHA3"}"#;
    let ca = one(200, body, |session| session.get_ca_details(CA)).unwrap();
    assert_eq!(ca.hash_alg.unwrap().as_str(), "SHA3");
}

#[test]
fn ca_get_response_follows_the_rules() {
    rules(PEM, &["pem"], |session| session.get_ca(CA));
}

#[test]
fn ca_delete_response_may_have_any_content() {
    any_body_rules(|session| session.delete_ca(CA));
}

#[test]
fn ca_new_response_follows_the_rules() {
    let new = CreateCa::new("US", "ACME, Inc.");
    rules(r#"{"ca_id":562}"#, &["ca_id"], |session| session.create_ca(&new));
}

#[test]
fn cert_list_response_follows_the_rules() {
    rules(CERTS, &["id"], |session| session.list_certs(CA, StatusMask::ALL));
}

#[test]
fn cert_list_response_is_read_field_by_field() {
    let list = |session: &Session| session.list_certs(CA, StatusMask::ALL);
    let certs = one(200, CERTS, list).unwrap();
    assert_eq!((certs[0].id, certs[0].name.as_deref()), (CERT, Some("example.com")));
    assert_eq!(certs[0].status, Some(CertStatus::Good));
    assert_eq!(certs[0].expires.unwrap().seconds(), 1_770_000_000);
    assert_eq!(one(200, "[]", list).unwrap(), []);
    let late = r#"[{"id":1,"status":"asleep","expires":"4102444800"}]"#;
    let certs = one(200, late, list).unwrap();
    assert_eq!(certs[0].expires.unwrap().seconds(), 4_102_444_800, "after 2038");
    assert_eq!(certs[0].status.as_ref().unwrap().as_str(), "asleep");
}

#[test]
fn cert_details_response_follows_the_rules() {
    rules(CERT_DETAILS, &["id"], |session| session.get_cert_details(CERT));
}

#[test]
fn cert_details_response_is_read_field_by_field() {
    let details = |session: &Session| session.get_cert_details(CERT);
    let cert = one(200, CERT_DETAILS, details).unwrap();
    assert_eq!((cert.id, cert.status), (CERT, Some(CertStatus::Good)));
    assert_eq!(cert.country.as_deref(), Some("US"));
    assert_eq!(cert.state.as_deref(), Some("Illinois"));
    assert_eq!(cert.locality.as_deref(), Some("Chicago"));
    assert_eq!(cert.organization.as_deref(), Some("ACME, Inc."));
    assert_eq!(cert.organizational_unit.as_deref(), Some("IT Department"));
    assert_eq!(cert.common_name.as_deref(), Some("example.com"));
    let names = [San::Dns("www.example.com".to_owned()), San::Ip("::1".parse().unwrap())];
    assert_eq!(cert.sans, names);
}

#[test]
fn cert_details_response_has_names_of_all_types() {
    let details = |session: &Session| session.get_cert_details(CERT);
    for alt in ["", r#","Alt":null"#, r#","Alt":[]"#] {
        let cert = one(200, &format!(r#"{{"id":1{alt}}}"#), details).unwrap();
        assert_eq!(cert.sans, [], "{alt}");
    }
    let body =
        r#"{"id":1,"Alt":[{"email":"a@b"},{"URI":"urn:x"},{"IP":"1.2.3.0/24"},{"RID":"1.2"},{}]}"#;
    let cert = one(200, body, details).unwrap();
    let shown: Vec<String> = cert.sans.iter().map(San::to_string).collect();
    assert_eq!(shown, ["email:a@b", "URI:urn:x", "IP:1.2.3.0/24", "RID:1.2"]);
    let again = serde_json::from_str(&serde_json::to_string(&cert).unwrap()).unwrap();
    assert_eq!(cert, again);
}

#[test]
fn cert_get_response_follows_the_rules() {
    for part in [CertPart::Cert, CertPart::Chain, CertPart::Csr] {
        rules(PEM, &["pem"], |session| session.get_cert(CERT, part));
    }
    for form in [KeyForm::Decrypted, KeyForm::Encrypted] {
        rules(PEM, &["pem"], |session| session.get_key(CERT, form));
    }
}

#[test]
fn cert_get_response_with_a_key_is_a_secret() {
    for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
        let body =
            format!(r#"{{"pem":"-----BEGIN {label}-----\nCANARY\n-----END {label}-----\n"}}"#);
        let key = one(200, &body, |session| session.get_key(CERT, KeyForm::Decrypted)).unwrap();
        assert!(key.expose().starts_with(&format!("-----BEGIN {label}-----\n")));
        assert!(!format!("{key:?}").contains("CANARY"));
    }
}

#[test]
fn cert_get_response_with_pkcs12_is_decoded() {
    let get = |session: &Session| session.get_pkcs12(CERT);
    let file = one(200, r#"{"pkcs12":"MIIBAAEC\/+7\/gA=="}"#, get).unwrap();
    assert_eq!(file, SecretBytes::new(*b"\x30\x82\x01\x00\x01\x02\xff\xee\xff\x80"));
    for body in [r#"{"pkcs12":"MIIB*"}"#, r#"{"pkcs12":""}"#, r#"{"pem":"x"}"#, "{}", "", "<html>"]
    {
        let error = one(200, body, get).unwrap_err();
        assert_eq!((error.kind(), &*error.body_text()), (ErrorKind::Decode, body));
    }
}

#[test]
fn cert_reissue_response_follows_the_rules() {
    rules(r#"{"cert_id":14237}"#, &["cert_id"], |session| session.reissue_cert(CERT));
}

#[test]
fn cert_status_response_may_have_any_content() {
    any_body_rules(|session| session.set_cert_status(CERT, CertStatus::Hold));
}

#[test]
fn cert_new_response_follows_the_rules() {
    let new = CreateCert::new(CA, "US", "ACME, Inc.", "example.com");
    rules(r#"{"cert_id":14238}"#, &["cert_id"], |session| session.create_cert(&new));
}

#[test]
fn kind_of_an_error_depends_on_the_code_and_not_on_the_status() {
    use ErrorKind::{Api, Auth, RateLimited};
    let kinds = [
        ("AccessDenied", Api),
        ("AccountError", Api),
        ("AccountNotFound", Auth),
        ("AccountNotLoaded", Api),
        ("ApiKeyMismatch", Auth),
        ("InputFailure", Api),
        ("InvalidToken", Auth),
        ("MethodDisallowed", Api),
        ("MissingParameter", Api),
        ("NotFound", Api),
        ("NotLatest", Api),
        ("PassphraseFailure", Auth),
        ("RateLimitExceeded", RateLimited),
        ("SessionError", Auth),
        ("SignatureFailure", Auth),
        ("StatusDisallowed", Api),
        ("UnknownError", Api),
    ];
    assert_eq!(kinds.len(), ErrorCode::KNOWN.len());
    for (code, kind) in kinds {
        for status in [400, 403, 404, 429, 500, 200] {
            let body = format!(r#"{{"code":"{code}","text":"why"}}"#);
            let error = one(status, &body, |session| session.reissue_cert(CERT)).unwrap_err();
            assert_eq!((error.kind(), error.code()), (kind, Some(code)), "{status}");
            assert_eq!(error.message(), Some("why"));
            assert!(error.error_code().unwrap().is_known());
            assert_eq!((error.endpoint(), error.attempts()), ("cert.reissue", 1));
        }
    }
}

#[test]
fn kind_of_an_error_with_an_unknown_code_depends_on_the_status() {
    let body = r#"{"code":"BrandNew","text":"why"}"#;
    for (status, kind) in
        [(400, ErrorKind::Api), (403, ErrorKind::Auth), (429, ErrorKind::RateLimited)]
    {
        let error = one(status, body, Session::list_cas).unwrap_err();
        assert_eq!((error.kind(), error.code()), (kind, Some("BrandNew")), "{status}");
        assert_eq!(error.error_code().unwrap().as_str(), "BrandNew");
    }
}

#[test]
fn message_of_an_error_is_its_text_or_the_body() {
    for (body, message) in [
        (r#"{"text":"why"}"#, "why"),
        (r#"{"code":"NotFound","text":"why"}"#, "why"),
        (r#"{"error":"why"}"#, r#"{"error":"why"}"#),
        ("why", "why"),
    ] {
        let error = one(404, body, Session::list_cas).unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Api, Some(message)), "{body}");
    }
}
