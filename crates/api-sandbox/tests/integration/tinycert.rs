//! Tests of the TinyCert server, with requests that the tests sign themselves.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::string_slice, clippy::print_stdout, reason = "tests")]

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use api_sandbox::tinycert::{self as tc, SuccessBody, TinyCert};
use api_sandbox::{Raw, SandboxClock, Service, Verdict};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

const FORM: &str = "application/x-www-form-urlencoded";

/// A server and an open session.
struct Bench {
    server: TinyCert,
    clock: SandboxClock,
    token: String,
}

impl Bench {
    fn new() -> Self {
        // It stands still, however slow this machine is.
        let clock = SandboxClock::at_unix(SandboxClock::default().unix());
        let mut bench = Self { server: TinyCert::new(clock.clone()), clock, token: String::new() };
        bench.connect();
        bench
    }

    fn connect(&mut self) {
        let (status, response) = self.ask("connect", &login(tc::EMAIL, tc::PASSPHRASE));
        assert_eq!(status, 200, "{response}");
        self.token = response["token"].as_str().unwrap().to_owned();
    }

    fn send(
        &mut self,
        method: &str,
        target: &str,
        kind: &str,
        body: &str,
    ) -> (u16, String, Verdict) {
        let headers = vec![("content-type".to_owned(), kind.into())];
        let (method, target) = (method.to_owned(), target.to_owned());
        let request = Raw { method, target, headers, body: body.into() };
        let (response, verdict) = self.server.respond(&request);
        (response.status, String::from_utf8(response.body).unwrap(), verdict)
    }

    /// Signs and sends a request. `params` must be encoded and sorted.
    fn ask(&mut self, path: &str, params: &str) -> (u16, Value) {
        let target = format!("/api/v1/{path}");
        let (status, text, _) = self.send("POST", &target, FORM, &signed(tc::API_KEY, params));
        (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}")))
    }

    /// Sends a request with the token of the session between the parameters `before` and `after`.
    fn call(&mut self, path: &str, before: &str, after: &str) -> (u16, Value) {
        let token = format!("token={}", self.token);
        let parts = [before, &token, after];
        let params: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        self.ask(path, &params.join("&"))
    }

    fn good(&mut self, path: &str, before: &str, after: &str) -> Value {
        let (status, response) = self.call(path, before, after);
        assert_eq!(status, 200, "{path} {before} {after}: {response}");
        response
    }

    /// Returns the status, code and text of a rejected request.
    fn refusal(&mut self, path: &str, before: &str, after: &str) -> (u16, String, String) {
        refusal(self.call(path, before, after))
    }
}

fn refusal((status, response): (u16, Value)) -> (u16, String, String) {
    let text = |name: &str| {
        response[name].as_str().unwrap_or_else(|| panic!("no refusal: {response}")).to_owned()
    };
    (status, text("code"), text("text"))
}

/// Returns the status, the code and the parameter that the text names. Checks that the text
/// contains a reason.
fn named((status, code, text): (u16, String, String)) -> (u16, String, String) {
    let (name, reason) = text.split_once(": ").unwrap_or_else(|| panic!("no parameter: {text}"));
    assert!(reason.len() > 3, "no reason: {text}");
    (status, code, name.to_owned())
}

fn input_failure(name: &str) -> (u16, String, String) {
    (400, "InputFailure".to_owned(), name.to_owned())
}

fn signed(key: &str, params: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    let mac = mac.chain_update(params).finalize().into_bytes();
    let digest: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{params}&digest={digest}")
}

fn login(email: &str, passphrase: &str) -> String {
    let passphrase = passphrase.replace('&', "%26").replace(' ', "+");
    format!("email={}&passphrase={passphrase}", email.replace('@', "%40"))
}

const NEW_CERT: &str = "C=US&CN=a.example.com&O=ACME";

#[test]
fn every_endpoint_returns_its_documented_response() {
    let mut bench = Bench::new();
    let ca = bench.good("ca/new", "C=US&O=ACME&hash_method=sha1", "")["ca_id"].clone();
    let ca = format!("ca_id={ca}");
    assert_eq!(bench.good("ca/list", "", "").as_array().unwrap().len(), 2);
    let details = bench.good("ca/details", &ca, "");
    assert_eq!((&details["CN"], &details["hash_alg"]), (&json!("ACME CA"), &json!("SHA1")));
    assert_eq!(details["OU"], "Secure Digital Certificate Signing");
    assert!(bench.good("ca/get", &ca, "what=cert")["pem"].is_string());
    let sans = "SANs%5B0%5D%5BDNS%5D=a.example.com";
    let cert = bench.good("cert/new", &format!("{NEW_CERT}&{sans}&{ca}"), "")["cert_id"].clone();
    let cert = format!("cert_id={cert}");
    let listed = bench.good("cert/list", &ca, "what=15");
    assert_eq!(
        (&listed[0]["name"], &listed[0]["status"]),
        (&json!("a.example.com"), &json!("good"))
    );
    assert_eq!(bench.good("cert/details", &cert, "")["Alt"], json!([{ "DNS": "a.example.com" }]));
    for what in ["cert", "chain", "csr", "key.dec", "key.enc"] {
        assert!(bench.good("cert/get", &cert, &format!("what={what}"))["pem"].is_string());
    }
    assert!(bench.good("cert/get", &cert, "what=pkcs12")["pkcs12"].is_string());
    assert_eq!(bench.good("cert/status", &format!("{cert}&status=hold"), ""), json!({}));
    assert!(bench.good("cert/reissue", &cert, "")["cert_id"].is_i64());
    assert_eq!(bench.refusal("cert/reissue", &cert, "").1, "NotLatest");
    assert_eq!(bench.good("ca/delete", &ca, ""), json!({}));
    assert_eq!(bench.refusal("cert/details", &cert, "").1, "NotFound");
    bench.server.success_body = SuccessBody::Success;
    assert_eq!(bench.good("disconnect", "", ""), json!({ "success": true }));
    assert_eq!(bench.refusal("ca/list", "", "").1, "InvalidToken");
}

#[test]
fn method_content_type_and_body_are_fixed() {
    let mut bench = Bench::new();
    let body = signed(tc::API_KEY, &format!("token={}", bench.token));
    let list = "/api/v1/ca/list";
    let (status, _, verdict) = bench.send("POST", list, FORM, &body);
    assert_eq!((status, verdict.signed), (200, Some(true)));
    assert_eq!(bench.send("POST", &format!("{list}.json"), FORM, &body).0, 200);
    for (method, target, kind, status, code) in [
        ("GET", list, FORM, 400, "MethodDisallowed"),
        ("POST", "/api/v1/ca/list?a=b", FORM, 400, "InputFailure"),
        ("POST", list, "text/plain", 403, "SignatureFailure"),
        ("POST", list, "", 403, "SignatureFailure"),
    ] {
        let (found, text, verdict) = bench.send(method, target, kind, &body);
        assert_eq!((found, verdict.signed), (status, Some(false)), "{text}");
        assert_eq!(verdict.endpoint, Some("ca.list"));
        assert!(text.contains(code), "{text}");
    }
    for target in ["/api/v1//ca/list", "/api/v1/ca/list.txt", "/api/v2/ca/list", "/ca/list"] {
        let (status, _, verdict) = bench.send("POST", target, FORM, &body);
        assert_eq!((status, verdict.endpoint), (404, None), "{target}");
    }
}

#[test]
fn only_the_signed_bytes_are_accepted() {
    let mut bench = Bench::new();
    let token = bench.token.clone();
    let good = signed(tc::API_KEY, &format!("ca_id=561&token={token}"));
    let upper = good.rsplit_once('=').unwrap().1.to_uppercase();
    for body in [
        signed("another key", &format!("ca_id=561&token={token}")),
        good.replace("561", "562"),
        good.replace('&', "&&"),
        format!("ca_id=561&token={token}"),
        format!("ca_id=561&token={token}&digest={upper}"),
        format!("{good}&what=cert"),
        // The body is signed, but not sorted as in PHP.
        signed(tc::API_KEY, &format!("token={token}&ca_id=561")),
        signed(tc::API_KEY, &format!("C=%7e&token={token}")),
        signed(tc::API_KEY, &format!("C=~&token={token}")),
        signed(tc::API_KEY, &format!("C=a%20b&token={token}")),
        signed(tc::API_KEY, &format!("SANs[0][DNS]=a&token={token}")),
    ] {
        let (status, text, verdict) = bench.send("POST", "/api/v1/ca/details", FORM, &body);
        assert_eq!((status, verdict.signed), (403, Some(false)), "{body}: {text}");
        assert!(text.contains("SignatureFailure"), "{text}");
    }
}

#[test]
fn an_asterisk_is_accepted_in_either_form() {
    let mut bench = Bench::new();
    for name in ["*.example.com", "%2A.example.com"] {
        let san = format!("SANs%5B0%5D%5BDNS%5D={name}");
        let before = format!("C=US&CN={name}&O=ACME&{san}&ca_id=561");
        assert!(bench.good("cert/new", &before, "")["cert_id"].is_i64(), "{name}");
    }
    assert_eq!(bench.server.certs_named("*.example.com").len(), 2);
}

#[test]
fn xml_paths_return_xml() {
    let mut bench = Bench::new();
    let token = bench.token.clone();
    let mut send = |path: &str, params: &str| {
        let body = signed(tc::API_KEY, &format!("{params}token={token}"));
        let (status, text, verdict) =
            bench.send("POST", &format!("/api/v1/{path}.xml"), FORM, &body);
        assert!(text.starts_with("<?xml "), "{text}");
        (status, text, verdict.endpoint)
    };
    let (status, text, endpoint) = send("ca/list", "");
    assert_eq!((status, endpoint), (200, Some("ca.list")));
    assert!(text.contains("<ca><id>561</id><name>Sandbox, Inc.</name></ca>"), "{text}");
    let (status, text, _) = send("ca/details", "ca_id=999&");
    assert!(
        status == 404 && text.contains("<code>NotFound</code><text>ca_id: no such CA</text>"),
        "{text}"
    );
    let (status, text, _) = send("cert/details", "cert_id=14237&");
    assert!(status == 200 && text.contains("<Alt><DNS>soon.example.org</DNS></Alt>"), "{text}");
    let (status, text, _) = send("disconnect", "");
    assert!(status == 200 && text.contains("<response></response>"), "{text}");
}

/// Runs openssl with these arguments and the passphrase in its environment. Returns whether it
/// succeeded, and its output. Returns `None` and prints a message if openssl is not installed.
fn openssl(arguments: &[&str], input: &[u8], passphrase: &str) -> Option<(bool, String)> {
    let mut command = Command::new("openssl");
    command.args(arguments).env("PASSPHRASE", passphrase);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            println!("skipped: openssl cannot be started: {error}");
            return None;
        }
    };
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    Some((output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned()))
}

#[test]
fn openssl_opens_the_encrypted_key_and_the_pkcs12_file() {
    let mut bench = Bench::new();
    let mut get = |what: &str| bench.good("cert/get", "cert_id=14236", &format!("what={what}"));
    let text = |json: Value| json["pem"].as_str().unwrap().to_owned();
    let (key, encrypted) = (text(get("key.dec")), text(get("key.enc")));
    let certificate = text(get("cert"));
    let file = get("pkcs12")["pkcs12"].as_str().unwrap().to_owned();
    let file = STANDARD.decode(file).unwrap();
    assert_eq!(bench.server.pkcs12(14_236).unwrap(), file);
    assert_eq!(bench.server.pkcs12(1), None);
    let pkey = ["pkey", "-passin", "env:PASSPHRASE"];
    let Some((ok, out)) = openssl(&pkey, encrypted.as_bytes(), tc::PASSPHRASE) else { return };
    assert!(ok);
    let lines = |pem: &str| pem.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&out), lines(&key));
    assert!(!openssl(&pkey, encrypted.as_bytes(), "wrong").unwrap().0);
    let pkcs12 = ["pkcs12", "-nodes", "-passin", "env:PASSPHRASE"];
    assert!(encrypted.lines().all(|line| line.len() <= 64), "{encrypted}");
    let (ok, out) = openssl(&pkcs12, &file, tc::PASSPHRASE).unwrap();
    assert!(ok && out.contains(&certificate) && out.contains(&key), "{out}");
    assert!(!openssl(&pkcs12, &file, "wrong").unwrap().0);
    // Empty fields of a subject are omitted. The others have the types of RFC 5280.
    let (_, out) = openssl(&["asn1parse"], certificate.as_bytes(), "").unwrap();
    assert!(out.contains("PRINTABLESTRING   :US") && !out.contains(":localityName"), "{out}");
    let ca = text(bench.good("ca/get", "ca_id=561", "what=cert"));
    let (_, out) = openssl(&["asn1parse"], ca.as_bytes(), "").unwrap();
    assert!(out.contains("IA5STRING         :account@example.org"), "{out}");
}

#[test]
fn every_digit_of_a_digest_is_compared() {
    let mut bench = Bench::new();
    let good = signed(tc::API_KEY, &format!("token={}", bench.token));
    let start = good.len() - 64;
    let mut send = |body: &str| {
        let (status, text, verdict) = bench.send("POST", "/api/v1/ca/list", FORM, body);
        (status, text, verdict.signed)
    };
    for at in start..good.len() {
        let mut other = good.clone().into_bytes();
        other[at] = if other[at] == b'0' { b'1' } else { b'0' };
        let (status, text, signed) = send(str::from_utf8(&other).unwrap());
        assert_eq!((status, signed), (403, Some(false)), "{at}");
        assert!(text.contains("digest: does not match the body and the API key"), "{text}");
    }
    let upper = good[..start].to_owned() + &good[start..].to_uppercase();
    for other in [&good[..good.len() - 1], &good[..start + 16], &format!("{good}0"), &upper] {
        let (status, text, signed) = send(other);
        assert_eq!((status, signed), (403, Some(false)), "{other}");
        assert!(text.contains("digest: must be 64 lower-case hex digits"), "{text}");
    }
    for (body, why) in [
        (signed(tc::API_KEY, "token=a&b=c"), "the parameters must be sorted by name"),
        (
            signed(tc::API_KEY, "token=%7e"),
            "token: a percent sign must precede two upper-case hex digits",
        ),
        ("token=a".to_owned(), "digest: must be the last parameter"),
        (format!("{good}&what=cert"), "digest: must be 64 lower-case hex digits"),
        ("token=é&digest=".to_owned(), "digest: must be 64 lower-case hex digits"),
    ] {
        assert!(send(&body).1.contains(why), "{body}");
    }
}

#[test]
fn every_error_code_can_be_requested() {
    let mut bench = Bench::new();
    for (code, status) in tc::CODES {
        bench.server.refuse_with.push(code);
        let (found, text, _) = bench.refusal("ca/list", "", "");
        assert_eq!((found, text.as_str()), (status, code));
    }
    bench.good("ca/list", "", "");
    let cert = bench.good("cert/new", &format!("{NEW_CERT}&ca_id=561"), "")["cert_id"].clone();
    assert_eq!(bench.good("cert/details", &format!("cert_id={cert}"), "")["Alt"], Value::Null);
}

#[test]
fn rejected_logins_have_specific_codes() {
    let mut bench = Bench::new();
    for (email, passphrase, code) in [
        (tc::EMAIL, "wrong", "PassphraseFailure"),
        (tc::EMAIL, "", "MissingParameter"),
        ("", tc::PASSPHRASE, "MissingParameter"),
        ("nobody@example.org", tc::PASSPHRASE, "AccountNotFound"),
        (tc::DAMAGED_EMAIL, tc::PASSPHRASE, "AccountError"),
        (tc::UNLOADABLE_EMAIL, tc::PASSPHRASE, "AccountNotLoaded"),
    ] {
        let body = signed(tc::API_KEY, &login(email, passphrase));
        let (_, text, verdict) = bench.send("POST", "/api/v1/connect", FORM, &body);
        assert!(text.contains(&format!("\"code\":\"{code}\"")), "{email}: {text}");
        // A missing parameter is not an invalid login.
        assert_eq!(verdict.signed, Some(code == "MissingParameter"), "{email}: {text}");
    }
    let body = signed("another key", &login(tc::EMAIL, tc::PASSPHRASE));
    let (status, text, _) = bench.send("POST", "/api/v1/connect", FORM, &body);
    assert!(status == 403 && text.contains("ApiKeyMismatch"), "{text}");
    // A request that opens a session must not contain a token.
    let held = format!("{}&token={}", login(tc::EMAIL, tc::PASSPHRASE), bench.token);
    assert_eq!(named(refusal(bench.ask("connect", &held))), input_failure("token"));
}

#[test]
fn session_expires_without_requests() {
    let mut bench = Bench::new();
    bench.clock.advance(Duration::from_secs(1799));
    bench.good("ca/list", "", "");
    bench.clock.advance(Duration::from_secs(1799));
    bench.good("ca/list", "", "");
    assert_eq!(bench.server.open_sessions(), 1);
    bench.clock.advance(Duration::from_secs(1800));
    assert_eq!(bench.refusal("ca/list", "", "").1, "InvalidToken");
    bench.connect();
    bench.server.forget_sessions();
    assert_eq!(bench.refusal("ca/list", "", "").0, 403);
}

#[test]
fn unknown_repeated_and_empty_parameters_are_rejected() {
    let mut bench = Bench::new();
    for (path, before, after, name) in [
        ("ca/list", "ca_id=561", "", "ca_id"),
        ("ca/details", "ca_id=561&ca_id=561", "", "ca_id"),
        ("ca/new", "C=US&CN=x&O=x&hash_method=sha1", "", "CN"),
        ("ca/new", "C=US&O=x&SANs%5B0%5D%5BDNS%5D=a&hash_method=sha1", "", "SANs[0][DNS]"),
        ("ca/new", "C=US&O=x&hash_method=md5", "", "hash_method"),
        ("ca/new", "C=us&O=x&hash_method=sha1", "", "C"),
        ("ca/new", "C=USA&O=x&hash_method=sha1", "", "C"),
        ("ca/get", "ca_id=561", "what=chain", "what"),
        ("cert/get", "cert_id=14236", "what=key", "what"),
        ("cert/status", "cert_id=14236&status=expired", "", "status"),
        ("cert/status", "cert_id=14236&status=obsolete", "", "status"),
        ("cert/new", "C=us&CN=a&O=x&ca_id=561", "", "C"),
    ] {
        let refused = named(bench.refusal(path, before, after));
        assert_eq!(refused, input_failure(name), "{path} {before}");
    }
    for (path, before, name) in [
        ("ca/details", "", "ca_id"),
        ("ca/details", "ca_id=", "ca_id"),
        ("ca/new", "C=US&O=&hash_method=sha1", "O"),
        ("ca/new", "C=US&O=x", "hash_method"),
        ("cert/new", "C=US&O=x&ca_id=561", "CN"),
        ("cert/list", "ca_id=561", "what"),
        ("ca/get", "ca_id=561", "what"),
        ("ca/get", "", "ca_id"),
        ("ca/delete", "", "ca_id"),
        ("ca/new", "O=x&hash_method=sha1", "C"),
        ("cert/list", "", "ca_id"),
        ("cert/details", "", "cert_id"),
        ("cert/get", "", "cert_id"),
        ("cert/get", "cert_id=14236", "what"),
        ("cert/reissue", "", "cert_id"),
        ("cert/status", "status=good", "cert_id"),
        ("cert/status", "cert_id=14236", "status"),
        ("cert/new", "C=US&CN=a&O=x", "ca_id"),
        ("cert/new", "C=US&CN=a&ca_id=561", "O"),
        ("cert/new", "CN=a&O=x&ca_id=561", "C"),
    ] {
        let missing = (400, "MissingParameter".to_owned(), name.to_owned());
        assert_eq!(named(bench.refusal(path, before, "")), missing, "{path} {before}");
    }
}

#[test]
fn a_number_is_plain_decimal() {
    let mut bench = Bench::new();
    for text in ["-14", "%2B14", "014", "14.0", "0", "16"] {
        let refused = bench.refusal("cert/list", "ca_id=561", &format!("what={text}"));
        assert_eq!(named(refused), input_failure("what"), "{text}");
    }
    for text in ["-561", "%2B561", "0561", "x"] {
        let refused = bench.refusal("ca/details", &format!("ca_id={text}"), "");
        assert_eq!(named(refused), input_failure("ca_id"), "{text}");
    }
    assert_eq!(bench.good("cert/list", "ca_id=561", "what=14").as_array().unwrap().len(), 2);
}

#[test]
fn unknown_and_foreign_ids_have_different_codes() {
    let mut bench = Bench::new();
    let (ca, cert) = (tc::FOREIGN_CA, tc::FOREIGN_CERT);
    for (path, before, status, code) in [
        ("ca/details", "ca_id=999".to_owned(), 404, "NotFound"),
        ("ca/details", format!("ca_id={ca}"), 403, "AccessDenied"),
        ("cert/details", "cert_id=999".to_owned(), 404, "NotFound"),
        ("cert/details", format!("cert_id={cert}"), 403, "AccessDenied"),
    ] {
        let (found, name, _) = bench.refusal(path, &before, "");
        assert_eq!((found, name.as_str()), (status, code), "{before}");
    }
}

#[test]
fn names_are_numbered_from_0_and_match_their_type() {
    let mut bench = Bench::new();
    let san = |name: &str, value: &str| {
        format!("{}={value}", name.replace('[', "%5B").replace(']', "%5D"))
    };
    let mut new =
        |sans: String| bench.call("cert/new", &format!("{NEW_CERT}&{sans}&ca_id=561"), "");
    for (name, value) in [
        ("SANs", ""),
        ("SANs[]", "a"),
        ("SANs[1][DNS]", "a.example.com"),
        ("SANs[0][dns]", "a.example.com"),
        ("SANs[0][Name]", "a.example.com"),
        ("SANs[0]", "a.example.com"),
        ("SANs[0][DNS]", ""),
        ("SANs[0][DNS]", "%252A.example.com"),
        ("SANs[0][DNS]", "a+b.example.com"),
        ("SANs[0][DNS]", "a.%2A.example.com"),
        ("SANs[0][DNS]", "%2A."),
        ("SANs[0][IP]", "127.0.0"),
        ("SANs[0][IP]", "a.example.com"),
        ("SANs[0][email]", "example.com"),
        ("SANs[0][email]", "%40example.com"),
        ("SANs[0][URI]", "example.com"),
        ("SANs[0][URI]", "https%3Aa+b"),
        ("SANs[0][URI]", "%3Aa"),
        ("SANs[0][URI]", "https%3A"),
        ("SANs[0][URI]", "a_b%3Ac"),
    ] {
        let refused = named(refusal(new(san(name, value))));
        assert_eq!(refused, input_failure("SANs"), "{name}={value}");
    }
    let sans: Vec<String> = [
        ("SANs[0][DNS]", "%2A.example.com"),
        ("SANs[1][DNS]", "localhost"),
        ("SANs[2][IP]", "%3A%3A1"),
        ("SANs[3][email]", "demo%2Bx%40example.com"),
        ("SANs[4][URI]", "https%3A%2F%2Fexample.com%2F%7Eu%2F%3Fa%3D1"),
    ]
    .map(|(name, value)| san(name, value))
    .into();
    let (status, response) = new(sans.join("&"));
    assert_eq!(status, 200, "{response}");
    let id = response["cert_id"].as_i64().unwrap();
    let alt = &bench.good("cert/details", &format!("cert_id={id}"), "")["Alt"];
    assert_eq!(alt[0], json!({ "DNS": "*.example.com" }));
    assert_eq!(alt.as_array().unwrap().len(), 5);
}

#[test]
fn status_can_be_set_to_three_values() {
    let mut bench = Bench::new();
    let id = bench.server.certs_named(tc::EXPIRING)[0].0;
    let mut set =
        |status: &str| bench.call("cert/status", &format!("cert_id={id}&status={status}"), "");
    for status in ["hold", "hold", "revoked", "good"] {
        assert_eq!(set(status).0, 200, "{status}");
    }
    bench.clock.advance(Duration::from_secs(10 * 86_400));
    bench.connect();
    let expired = bench.refusal("cert/status", &format!("cert_id={id}&status=good"), "");
    assert_eq!(expired.1, "StatusDisallowed");
    assert_eq!(bench.server.certs_named(tc::EXPIRING), [(id, "expired")]);
}

#[test]
fn too_many_creations_are_rejected() {
    let mut bench = Bench::new();
    bench.server.creations_left = Some(1);
    bench.good("cert/new", &format!("{NEW_CERT}&ca_id=561"), "");
    for (path, before) in [
        ("cert/new", format!("{NEW_CERT}&ca_id=561")),
        ("ca/new", "C=US&O=x&hash_method=sha256".to_owned()),
        ("cert/reissue", "cert_id=14236".to_owned()),
    ] {
        let (status, code, _) = bench.refusal(path, &before, "");
        assert_eq!((status, code.as_str()), (429, "RateLimitExceeded"), "{path}");
    }
    assert_eq!(bench.server.certs_named("a.example.com").len(), 1);
}

#[test]
fn button_ends_all_sessions() {
    let mut bench = Bench::new();
    bench.connect();
    assert!(!bench.server.press("session", ""));
    assert_eq!(bench.server.open_sessions(), 2);
    assert!(bench.server.press("sessions", ""));
    assert_eq!(bench.server.open_sessions(), 0);
    assert_eq!(bench.refusal("ca/list", "", "").1, "InvalidToken");
}

#[test]
fn a_session_expires_at_its_second() {
    let mut bench = Bench::new();
    bench.server.session_seconds = 60;
    bench.clock.advance(Duration::from_secs(59));
    assert_eq!(bench.server.open_sessions(), 1);
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.server.open_sessions(), 0);
    assert_eq!(bench.refusal("ca/list", "", "").1, "InvalidToken");
}

#[test]
fn certificate_of_the_initial_state_has_a_complete_subject() {
    let mut bench = Bench::new();
    let id = bench.server.certs_named(tc::EXPIRING)[0].0;
    let details = bench.good("cert/details", &format!("cert_id={id}"), "");
    assert_eq!(
        (&details["C"], &details["O"], &details["CN"]),
        (&json!("US"), &json!(tc::ORGANIZATION), &json!(tc::EXPIRING))
    );
}
