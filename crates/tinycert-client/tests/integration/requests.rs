//! Tests of the exact bytes of each endpoint's request (with all options, without options, and with
//! reserved characters), and of rejected arguments.
//!
//! Tests are named `ENDPOINT_request...`. `cargo xtask endpoints` checks that there is one for each
//! endpoint.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use tinycert_client::api_auth::{Body, Method, Params, Request, Response, TransportError};
use tinycert_client::ca::{DeleteCa, GetCa, GetCaDetails, HashMethod, ListCas};
use tinycert_client::cert::{
    GetCert, GetCertDetails, GetKey, GetPkcs12, KeyForm, ListCerts, ReissueCert, SetCertStatus,
    StatusMask,
};
use tinycert_client::session::{API_KEY, Connect, Disconnect};
use tinycert_client::{
    CaId, CertId, CertPart, CertStatus, Client, CreateCa, CreateCert, Endpoint, ErrorKind,
    RawEndpoint, San, Session,
};

const RESERVED: &str = "a/b+c d&e=é~*%'(\"";
const RESERVED_ENCODED: &str = "a%2Fb%2Bc+d%26e%3D%C3%A9%7E%2A%25%27%28%22";
const CA: CaId = CaId::new(561);
const CERT: CertId = CertId::new(14236);

fn client() -> Client {
    Client::builder("ThisIsMySuperSecretAPIKey")
        .transport(|_: Request| -> Result<Response, TransportError> {
            panic!("a request was sent")
        })
        .build()
        .unwrap()
}

fn session() -> Session {
    client().resume("t0k3n")
}

/// Returns the path and body of a signed request, without the digest. Headers, method and host are
/// the same for all requests.
fn line(request: &Request) -> String {
    assert_eq!(request.uri().host(), Some("www.tinycert.org"));
    assert_eq!(request.uri().scheme_str(), Some("https"));
    assert_eq!((request.method(), request.uri().query()), (&Method::POST, None));
    let mut names: Vec<&str> = request.headers().keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "content-type", "user-agent"]);
    assert_eq!(request.headers()["accept"], "application/json");
    assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
    let agent = request.headers()["user-agent"].to_str().unwrap();
    assert!(agent.starts_with("tinycert-client/"), "{agent}");
    let body = str::from_utf8(request.body()).unwrap();
    let (body, digest) = body.rsplit_once("&digest=").unwrap();
    assert_eq!(digest.len(), 64);
    format!("{} {body}", request.uri().path().strip_prefix("/api/v1").unwrap())
}

/// Returns the path and body of a request in a session; see [`line`].
fn call(call: &impl Endpoint) -> String {
    line(&session().signed_request(call).unwrap())
}

/// Returns the argument that is rejected. No request is sent.
fn invalid_argument(call: &impl Endpoint) -> String {
    let Err(error) = session().send_raw(call) else { panic!("the argument was accepted") };
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Input, 0));
    error.argument().unwrap().to_owned()
}

fn create_cert() -> CreateCert {
    CreateCert::new(CA, "US", "ACME, Inc.", "example.com")
}

#[test]
fn session_connect_request() {
    let line = |email: &str, passphrase: &str| {
        line(&client().signed_request(&Connect::new(email, passphrase)).unwrap())
    };
    assert_eq!(line("a@example.com", ""), "/connect email=a%40example.com&passphrase=");
    let expected = format!("/connect email={RESERVED_ENCODED}&passphrase={RESERVED_ENCODED}");
    assert_eq!(line(RESERVED, RESERVED), expected);
}

#[test]
fn session_connect_request_has_no_token_even_within_a_session() {
    let request = session().signed_request(&Connect::new("a", "p")).unwrap();
    assert_eq!(line(&request), "/connect email=a&passphrase=p");
}

#[test]
fn session_disconnect_request() {
    assert_eq!(call(&Disconnect::new()), "/disconnect token=t0k3n");
}

#[test]
fn ca_list_request() {
    assert_eq!(call(&ListCas::new()), "/ca/list token=t0k3n");
}

#[test]
fn ca_details_request() {
    assert_eq!(call(&GetCaDetails::new(CA)), "/ca/details ca_id=561&token=t0k3n");
}

#[test]
fn ca_get_request() {
    assert_eq!(call(&GetCa::new(CA)), "/ca/get ca_id=561&token=t0k3n&what=cert");
}

#[test]
fn ca_delete_request() {
    assert_eq!(call(&DeleteCa::new(CA)), "/ca/delete ca_id=561&token=t0k3n");
}

#[test]
fn ca_new_request() {
    let least = CreateCa::new("US", "ACME, Inc.");
    assert_eq!(call(&least), "/ca/new C=US&O=ACME%2C+Inc.&hash_method=sha256&token=t0k3n");
    let all =
        CreateCa::new("US", RESERVED).locality(RESERVED).state("").hash_method(HashMethod::Sha1);
    let expected = format!(
        "/ca/new C=US&L={RESERVED_ENCODED}&O={RESERVED_ENCODED}&ST=&hash_method=sha1&token=t0k3n"
    );
    assert_eq!(call(&all), expected);
}

#[test]
fn cert_list_request() {
    for (mask, number) in [
        (StatusMask::EXPIRED, 1),
        (StatusMask::GOOD, 2),
        (StatusMask::REVOKED, 4),
        (StatusMask::HOLD, 8),
        (StatusMask::GOOD | StatusMask::REVOKED | StatusMask::HOLD, 14),
        (StatusMask::ALL, 15),
    ] {
        let expected = format!("/cert/list ca_id=561&token=t0k3n&what={number}");
        assert_eq!(call(&ListCerts::new(CA, mask)), expected);
    }
    assert_eq!((StatusMask::from_bits(0), StatusMask::from_bits(16)), (None, None));
}

#[test]
fn cert_details_request() {
    assert_eq!(call(&GetCertDetails::new(CERT)), "/cert/details cert_id=14236&token=t0k3n");
}

#[test]
fn cert_get_request() {
    let expected = |what| format!("/cert/get cert_id=14236&token=t0k3n&what={what}");
    assert_eq!(call(&GetCert::new(CERT, CertPart::Cert)), expected("cert"));
    assert_eq!(call(&GetCert::new(CERT, CertPart::Chain)), expected("chain"));
    assert_eq!(call(&GetCert::new(CERT, CertPart::Csr)), expected("csr"));
    assert_eq!(call(&GetKey::new(CERT, KeyForm::Decrypted)), expected("key.dec"));
    assert_eq!(call(&GetKey::new(CERT, KeyForm::Encrypted)), expected("key.enc"));
    assert_eq!(call(&GetPkcs12::new(CERT)), expected("pkcs12"));
}

#[test]
fn cert_reissue_request() {
    assert_eq!(call(&ReissueCert::new(CERT)), "/cert/reissue cert_id=14236&token=t0k3n");
}

#[test]
fn cert_status_request() {
    for status in [CertStatus::Good, CertStatus::Hold, CertStatus::Revoked] {
        let expected = format!("/cert/status cert_id=14236&status={status}&token=t0k3n");
        assert_eq!(call(&SetCertStatus::new(CERT, status)), expected);
    }
}

#[test]
fn cert_new_request() {
    let expected = "/cert/new C=US&CN=example.com&O=ACME%2C+Inc.&ca_id=561&token=t0k3n";
    assert_eq!(call(&create_cert()), expected);
    assert_eq!(call(&create_cert().sans([])), expected, "without names, there is no parameter");
    let all = CreateCert::new(CA, "US", RESERVED, "*.example.com")
        .organizational_unit("")
        .locality(RESERVED)
        .state("Île ~")
        .san(San::Dns("*.example.com".to_owned()))
        .san(San::Ip("::1".parse().unwrap()))
        .san(San::Email("demo+x@example.com".to_owned()))
        .san(San::Uri("https://example.com/~u/?a=1".to_owned()));
    let expected = format!(
        "/cert/new C=US&CN=%2A.example.com&L={RESERVED_ENCODED}&O={RESERVED_ENCODED}&OU=&\
         SANs%5B0%5D%5BDNS%5D=%2A.example.com&SANs%5B1%5D%5BIP%5D=%3A%3A1&\
         SANs%5B2%5D%5Bemail%5D=demo%2Bx%40example.com&\
         SANs%5B3%5D%5BURI%5D=https%3A%2F%2Fexample.com%2F%7Eu%2F%3Fa%3D1&\
         ST=%C3%8Ele+%7E&ca_id=561&token=t0k3n"
    );
    assert_eq!(call(&all), expected);
}

#[test]
fn cert_new_request_numbers_names_in_order() {
    let names = (0..11).map(|number| San::Dns(format!("h{number}.example.com")));
    let line = call(&create_cert().sans(names));
    let positions: Vec<usize> =
        (0..11).map(|number| line.find(&format!("SANs%5B{number}%5D")).unwrap()).collect();
    assert!(positions.is_sorted(), "10 is after 9 and not after 1: {line}");
}

#[test]
fn error_of_an_invalid_argument_names_it() {
    for country in ["", "U", "USA", "us", "U1", "ÄÖ"] {
        assert_eq!(invalid_argument(&CreateCa::new(country, "O")), "country");
        assert_eq!(invalid_argument(&CreateCert::new(CA, country, "O", "cn")), "country");
    }
    for empty in ["", " ", "\t"] {
        assert_eq!(invalid_argument(&CreateCa::new("US", empty)), "organization");
        assert_eq!(invalid_argument(&CreateCert::new(CA, "US", empty, "cn")), "organization");
        assert_eq!(invalid_argument(&CreateCert::new(CA, "US", "O", empty)), "common_name");
        assert_eq!(invalid_argument(&Connect::new(empty, "p")), "email");
    }
    let long = "x".repeat(65);
    for odd in ["a.pl\n", "a\tb", "a\0", " a.pl", "a.pl ", "\u{feff}a.pl", "a.pl\u{a0}", &long] {
        assert_eq!(invalid_argument(&CreateCa::new("US", odd)), "organization", "{odd:?}");
        assert_eq!(invalid_argument(&CreateCert::new(CA, "US", odd, "cn")), "organization");
        assert_eq!(invalid_argument(&CreateCert::new(CA, "US", "O", odd)), "common_name");
    }
    let longest = "é".repeat(64);
    CreateCert::new(CA, "US", &longest, &longest).validate().unwrap();
    let long = "x".repeat(129);
    for odd in ["a\nb", &long] {
        assert_eq!(invalid_argument(&create_cert().locality(odd)), "locality");
        assert_eq!(invalid_argument(&create_cert().state(odd)), "state");
        assert_eq!(
            invalid_argument(&create_cert().organizational_unit(odd)),
            "organizational_unit"
        );
        assert_eq!(invalid_argument(&CreateCa::new("US", "O").locality(odd)), "locality");
        assert_eq!(invalid_argument(&CreateCa::new("US", "O").state(odd)), "state");
    }
    for status in [CertStatus::Expired, CertStatus::Obsolete, CertStatus::from("asleep")] {
        assert_eq!(invalid_argument(&SetCertStatus::new(CERT, status)), "status");
    }
    let valid = San::Dns("example.com".to_owned());
    for invalid in [
        San::Dns("bücher.example".to_owned()),
        San::Dns(String::new()),
        San::Email("nobody".to_owned()),
        San::Uri("/path".to_owned()),
    ] {
        let argument = invalid_argument(&create_cert().san(valid.clone()).san(invalid));
        assert_eq!(argument, "sans[1]");
    }
}

#[test]
fn request_without_a_session_is_an_error() {
    let error = client().send_raw(&ListCas::new()).unwrap_err();
    assert_eq!((error.kind(), error.argument()), (ErrorKind::Input, Some("credentials")));
}

#[test]
fn raw_request_is_signed() {
    let raw = RawEndpoint::new(Method::POST, "/api/v1/cert/count");
    assert_eq!(call(&raw), "/cert/count token=t0k3n");
    let mut params = Params::new();
    params.push("what", "x").push("Z", "*");
    let raw = raw.with_body(Body::Form(params));
    assert_eq!(call(&raw), "/cert/count Z=%2A&token=t0k3n&what=x");
    let request = client().signed_request(&raw.with_credential(API_KEY)).unwrap();
    assert_eq!(line(&request), "/cert/count Z=%2A&what=x");
}

#[test]
fn curl_masks_passphrase_token_and_digest_by_default() {
    let connect = Connect::new("a@b", "CANARY");
    let masked = client().curl(&connect).unwrap();
    let expected = "--data-raw 'email=a%40b&passphrase=***&digest=***'";
    assert!(masked.ends_with(expected), "{masked}");
    assert!(client().curl_with_secrets(&connect).unwrap().contains("passphrase=CANARY&"));
    let masked = session().curl(&ListCas::new()).unwrap();
    assert!(masked.ends_with("--data-raw 'token=***&digest=***'"), "{masked}");
}
