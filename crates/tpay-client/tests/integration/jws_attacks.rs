//! Forged signatures of notifications: each is rejected with its own reason, causes at most one
//! fetch, from the allowed host only, and does not affect the genuine notification that follows.

#![cfg(all(feature = "notifications", feature = "ureq"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use api_auth::jws::DetachedJws;
use api_auth::{Clock, HmacKey, ManualClock, Request, Response, Secret, SystemClock};
use api_sandbox::{Misbehaviour, Raw, Server, Service, Verdict};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SigningKey, date_time_ymd,
};
use tpay_client::api_auth::StatusCode;
use tpay_client::api_auth::http::HeaderMap;
use tpay_client::notifications::{NotificationResponse, testing};
use tpay_client::{Client, Environment, ErrorKind, Notifications};

/// 2027-01-15.
const NOW: u64 = 1_800_000_000;
const FOLDER: &str = "https://secure.tpay.com/x509/";
const USUAL: &str = "https://secure.tpay.com/x509/notifications-jws.pem";
const AUTHORITIES: &str = "https://secure.tpay.com/x509/tpay-jws-root.pem";
const BODY: &[u8] = b"id=1010&tr_id=TR-1&tr_amount=1.00&tr_paid=1.00&tr_status=TRUE";

/// The key of the signer.
const KEY: &str = include_str!("jws/key.pem");
const OTHER_KEY: &str = include_str!("../../src/notifications/testing/key.pem");

const MISSING: &str = "the signature is missing";
const MALFORMED: &str = "the signature is not a detached JWS";
const HEADER: &str = "the header of the signature cannot be parsed";
const ALGORITHM: &str = "the algorithm of the signature is not RS256";
const ADDRESS: &str = "the certificate URL (`x5u`) of the signature is not allowed";
const TIME: &str = "the certificate of the signature is not valid at this time";
const CHAIN: &str = "the certificate of the signature is not trusted";
const SIGNATURE: &str = "the signature does not match";

fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Returns the header that Tpay sends, with this certificate URL.
fn header(x5u: &str) -> String {
    format!(r#"{{"alg":"RS256","x5u":"{x5u}"}}"#)
}

/// Returns a signature with the signer's key and any header.
fn signed(header: &str, body: &[u8]) -> String {
    let header = base64url(header);
    let input = format!("{header}.{}", base64url(body));
    let key = KeyPair::from_pem(KEY).unwrap();
    format!("{header}..{}", base64url(key.sign(input.as_bytes()).unwrap()))
}

type Issuer = CertifiedIssuer<'static, KeyPair>;

/// A chain of certificates like Tpay's: a root, an intermediate and the signer's certificate.
struct Pki {
    root: Issuer,
    intermediate: Issuer,
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2040, 1, 1);
    params
}

fn authority(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

fn signer() -> CertificateParams {
    let mut params = params("signer");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params
}

impl Pki {
    fn new() -> Self {
        Self::with_intermediate(authority("intermediate"))
    }

    fn with_intermediate(intermediate: CertificateParams) -> Self {
        let root =
            CertifiedIssuer::self_signed(authority("root"), KeyPair::generate().unwrap()).unwrap();
        let intermediate =
            CertifiedIssuer::signed_by(intermediate, KeyPair::generate().unwrap(), &root).unwrap();
        Self { root, intermediate }
    }

    fn anchors(&self) -> String {
        self.intermediate.pem() + &self.root.pem()
    }

    /// Returns a certificate for the signer's key.
    fn certificate(&self, params: &CertificateParams) -> String {
        params.signed_by(&KeyPair::from_pem(KEY).unwrap(), &self.intermediate).unwrap().pem()
    }
}

/// A reader whose certificate host is a function, and the fetched files.
struct Shop {
    reader: Notifications,
    clock: ManualClock,
    served: Arc<Mutex<Vec<u8>>>,
    fetched: Arc<Mutex<Vec<String>>>,
}

impl Shop {
    fn new(anchors: &str) -> Self {
        let served = Arc::new(Mutex::new(Vec::new()));
        let fetched = Arc::new(Mutex::new(Vec::new()));
        let (pem, notes) = (served.clone(), fetched.clone());
        let clock = ManualClock::at_unix(NOW);
        let client = Client::builder("id", "secret")
            .clock(clock.clone())
            .transport(move |request: Request| -> Result<Response, _> {
                notes.lock().unwrap().push(request.uri().to_string());
                Ok(Response::new(pem.lock().unwrap().clone()))
            })
            .build()
            .unwrap();
        let reader = client.notifications().unwrap().merchant_id("1010").anchors(anchors).unwrap();
        Self { reader, clock, served, fetched }
    }

    fn serves(&self, pem: impl AsRef<[u8]>) {
        *self.served.lock().unwrap() = pem.as_ref().to_vec();
    }

    /// Returns the files that were fetched since the last call.
    fn fetched(&self) -> Vec<String> {
        std::mem::take(&mut self.fetched.lock().unwrap())
    }

    /// Reads a message that must be rejected as not genuine, and returns the reason.
    fn rejects(&self, signature: &str) -> String {
        let error = self.reader.read(signature, BODY).expect_err(signature);
        assert_eq!(error.kind(), ErrorKind::Verify, "{error}");
        assert_eq!(NotificationResponse::for_error(&error).status, 400);
        error.message().unwrap().to_owned()
    }

    /// Like `rejects`, after the pause. During the pause the newest certificate is not known.
    fn rejects_later(&self, signature: &str) -> String {
        self.clock.advance(Duration::from_secs(10));
        self.rejects(signature)
    }

    /// Serves a certificate that must be rejected although the signature is valid, and returns the
    /// reason.
    fn rejects_certificate(&self, pem: impl AsRef<[u8]>) -> String {
        self.serves(pem);
        self.rejects_later(&signed(&header(USUAL), BODY))
    }
}

impl Shop {
    /// Serves a file that is not a certificate: this is a failure of the service, so the sender
    /// must retry.
    fn cannot_read_certificate(&self, pem: impl AsRef<[u8]>) {
        self.clock.advance(Duration::from_secs(10));
        self.serves(pem);
        let error = self.reader.read(&signed(&header(USUAL), BODY), BODY).unwrap_err();
        assert_eq!(NotificationResponse::for_error(&error).status, 503, "{error}");
    }
}

/// Returns a shop whose certificate host serves the valid certificate.
fn shop() -> (Pki, Shop) {
    let pki = Pki::new();
    let shop = Shop::new(&pki.anchors());
    shop.serves(pki.certificate(&signer()));
    (pki, shop)
}

#[test]
fn valid_message_is_accepted() {
    let (_, shop) = shop();
    shop.reader.read(&signed(&header(USUAL), BODY), BODY).unwrap();
    // Tpay's own header has escaped slashes. Its other members are ignored.
    let escaped = header(USUAL).replace('/', r"\/");
    shop.reader.read(&signed(&escaped, BODY), BODY).unwrap();
    let more = r#"{"typ":"JOSE","alg":"RS256","kid":null,"x5u":"URL"}"#.replace("URL", USUAL);
    shop.reader.read(&signed(&more, BODY), BODY).unwrap();
    assert_eq!(shop.fetched(), [USUAL]);
    assert_eq!(DetachedJws::parse(&signed(&escaped, BODY)).unwrap().x5u(), USUAL);
}

#[test]
fn url_outside_the_certificate_folder_is_rejected_and_never_fetched() {
    let (_, shop) = shop();
    let addresses = [
        // The host.
        "https://evil.example/x509/notifications-jws.pem",
        "https://secure.tpay.com.evil.example/x509/notifications-jws.pem",
        "https://evilsecure.tpay.com/x509/notifications-jws.pem",
        "https://evil-secure.tpay.com/x509/notifications-jws.pem",
        "https://tpay.com/x509/notifications-jws.pem",
        "https://secure.sandbox.tpay.com/x509/notifications-jws.pem",
        "https://secure.tpay.com./x509/notifications-jws.pem",
        "https://secure.tpay.com,evil.example/x509/notifications-jws.pem",
        "https://secure.tpay.com%2eevil.example/x509/notifications-jws.pem",
        "https://secure.tpay.com%00.evil.example/x509/notifications-jws.pem",
        "https://secure.tpay.com\\u0000.evil.example/x509/notifications-jws.pem",
        "https://secure.tpay.com\\\\@evil.example/x509/notifications-jws.pem",
        "https://secure.tpay.com\\\\.evil.example/x509/notifications-jws.pem",
        "https://secure.tpay.com\\t/x509/notifications-jws.pem",
        "https://SECURE.TPAY.COM/x509/notifications-jws.pem",
        "https://ѕecure.tpay.com/x509/notifications-jws.pem",
        "https://secure。tpay。com/x509/notifications-jws.pem",
        "https://xn--ecure-ebd.tpay.com/x509/notifications-jws.pem",
        "https://127.0.0.1/x509/notifications-jws.pem",
        "https://[::1]/x509/notifications-jws.pem",
        "https://169.254.169.254/x509/notifications-jws.pem",
        "https:///x509/notifications-jws.pem",
        // User names and ports.
        "https://user@secure.tpay.com/x509/notifications-jws.pem",
        "https://secure.tpay.com@evil.example/x509/notifications-jws.pem",
        "https://secure.tpay.com:x@evil.example/x509/notifications-jws.pem",
        "https://secure.tpay.com:443/x509/notifications-jws.pem",
        "https://secure.tpay.com:8443/x509/notifications-jws.pem",
        "https://secure.tpay.com:/x509/notifications-jws.pem",
        // The scheme.
        "http://secure.tpay.com/x509/notifications-jws.pem",
        "HTTPS://secure.tpay.com/x509/notifications-jws.pem",
        "ftp://secure.tpay.com/x509/notifications-jws.pem",
        "file:///x509/notifications-jws.pem",
        "data:application/x-pem-file,x",
        "//secure.tpay.com/x509/notifications-jws.pem",
        "/x509/notifications-jws.pem",
        "notifications-jws.pem",
        " https://secure.tpay.com/x509/notifications-jws.pem",
        // The path.
        "https://secure.tpay.com/notifications-jws.pem",
        "https://secure.tpay.com/X509/notifications-jws.pem",
        "https://secure.tpay.com/x509",
        "https://secure.tpay.com/x509/",
        "https://secure.tpay.com/x509/.",
        "https://secure.tpay.com/x509/..",
        "https://secure.tpay.com/x509/../upload/evil.pem",
        "https://secure.tpay.com/x509/%2e%2e/upload/evil.pem",
        "https://secure.tpay.com/x509/..\\\\upload\\\\evil.pem",
        "https://secure.tpay.com/x509/a/b.pem",
        "https://secure.tpay.com/x509//evil.pem",
        "https://secure.tpay.com/x509/a%2fb.pem",
        "https://secure.tpay.com//x509/notifications-jws.pem",
        "https://secure.tpay.com\\\\x509\\\\notifications-jws.pem",
        // Query, fragment and other characters after the path.
        "https://secure.tpay.com/x509/notifications-jws.pem?next=https://evil.example",
        "https://secure.tpay.com/x509/notifications-jws.pem#evil",
        "https://secure.tpay.com/x509/notifications-jws.pem;a=b",
        "https://secure.tpay.com/x509/notifications-jws.pem\\r\\nHost: evil.example",
        "https://secure.tpay.com/x509/notifications-jws.pem ",
        "https://secure.tpay.com?/x509/notifications-jws.pem",
        "https://secure.tpay.com#/x509/notifications-jws.pem",
        "",
    ];
    for address in addresses {
        assert_eq!(shop.rejects(&signed(&header(address), BODY)), ADDRESS, "{address}");
    }
    // Of any length, and below the allowed folder.
    for start in ["https://evil.example/", FOLDER] {
        for length in [256, 70_000, 4_000_000] {
            let address = [start, &"a".repeat(length)].concat();
            assert_eq!(shop.rejects(&signed(&header(&address), BODY)), ADDRESS, "{length}");
        }
    }
    assert!(shop.fetched().is_empty(), "no file is fetched");
    shop.reader.read(&signed(&header(USUAL), BODY), BODY).unwrap();
}

#[test]
fn other_algorithms_are_rejected_for_any_signature() {
    let (pki, shop) = shop();
    let certificate = pki.certificate(&signer());
    for algorithm in
        ["none", "None", "NONE", "HS256", "rs256", "Rs256", "RS512", "PS256", "ES256", "RS256 ", ""]
    {
        let header = header(USUAL).replace("RS256", algorithm);
        assert_eq!(shop.rejects(&signed(&header, BODY)), ALGORITHM, "{algorithm}");
        // Keyed with public values, or without a key.
        let segment = base64url(&header);
        let key = HmacKey::new("key", &Secret::new(&*certificate)).unwrap();
        let hmac = key.sign(&[segment.as_bytes(), b".", base64url(BODY).as_bytes()]);
        let keyed = format!("{segment}..{}", base64url(hmac.as_bytes()));
        assert_eq!(shop.rejects(&keyed), ALGORITHM, "{algorithm}");
        assert_eq!(shop.rejects(&format!("{segment}..")), MALFORMED, "{algorithm}");
    }
    for algorithm in ["null", "256", "[\"RS256\"]", "{}", "true"] {
        let header = header(USUAL).replace("\"RS256\"", algorithm);
        assert_eq!(shop.rejects(&signed(&header, BODY)), ALGORITHM, "{algorithm}");
    }
    assert!(shop.fetched().is_empty());
}

#[test]
fn ambiguous_header_is_rejected() {
    let (_, shop) = shop();
    for header in [
        // Ambiguous: two values of one member.
        r#"{"alg":"none","alg":"RS256","x5u":"URL"}"#,
        r#"{"alg":"RS256","alg":"RS256","x5u":"URL"}"#,
        r#"{"alg":"RS256","x5u":"https://evil.example/","x5u":"URL"}"#,
        r#"{"alg":"RS256","x5u":"URL","\u0078\u0035u":"https://evil.example/"}"#,
        r#"{"alg":"RS256","x5u":"URL","kid":"a","kid":"b"}"#,
        // `crit` lists an extension that is not supported.
        r#"{"alg":"RS256","x5u":"URL","crit":["b64"],"b64":false}"#,
        r#"{"alg":"RS256","x5u":"URL","crit":[]}"#,
        r#"{"alg":"RS256","x5u":"URL","crit":null}"#,
        // A missing member, or not a header at all.
        r#"{"alg":"RS256"}"#,
        r#"{"x5u":"URL"}"#,
        r#"{"ALG":"RS256","x5u":"URL"}"#,
        r#"{"alg":"RS256","X5U":"URL"}"#,
        r#"{"alg":"RS256","x5u":["URL"]}"#,
        r#"{"alg":"RS256","x5u":null}"#,
        r#"{"alg":"RS256","x5u":{"url":"URL"}}"#,
        r#"{"alg":"RS256","x5u":{"$serde_json::private::RawValue":"\"URL\""}}"#,
        r#"{"alg":{"\u0024serde_json::private::RawValue":"\"RS256\""},"x5u":"URL"}"#,
        r#"[["alg","RS256"],["x5u","URL"]]"#,
        r#""RS256""#,
        "{}",
        r#"{"alg":"RS256","x5u":"URL"} {}"#,
        r#"{"alg":"RS256","x5u":"URL""#,
        r#"{'alg':'RS256','x5u':'URL'}"#,
        "\u{feff}{\"alg\":\"RS256\",\"x5u\":\"URL\"}",
        "alg: RS256",
    ] {
        let header = header.replace("URL", USUAL);
        assert_eq!(shop.rejects(&signed(&header, BODY)), HEADER, "{header}");
    }
    let nested = format!(r#"{{"alg":"RS256","x5u":"{USUAL}","a":{}}}"#, "[".repeat(100_000));
    assert_eq!(shop.rejects(&signed(&nested, BODY)), HEADER);
    let not_utf8 = [br#"{"alg":"RS256","x5u":""#, &b"\xff\xfe"[..], br#""}"#].concat();
    let not_utf8 = format!("{}..AAAA", base64url(not_utf8));
    assert_eq!(shop.rejects(&not_utf8), HEADER);
    assert!(shop.fetched().is_empty());
}

#[test]
fn key_in_the_header_is_not_used() {
    let pki = Pki::new();
    let shop = Shop::new(&pki.anchors());
    shop.serves(testing::CERTIFICATE);
    let own = STANDARD.encode(KeyPair::from_pem(KEY).unwrap().serialize_der());
    let header = format!(
        r#"{{"alg":"RS256","x5u":"{USUAL}","x5c":["{own}"],"jwk":{{"kty":"RSA"}},"jku":"https://evil.example/"}}"#
    );
    assert_eq!(shop.rejects(&signed(&header, BODY)), CHAIN);
    assert_eq!(shop.fetched(), [USUAL, AUTHORITIES]);
}

#[test]
fn segments_other_than_header_empty_and_signature_are_rejected() {
    let (_, shop) = shop();
    let good = signed(&header(USUAL), BODY);
    let (head, signature) = good.split_once("..").unwrap();
    let payload = base64url(BODY);
    assert_eq!(shop.rejects(""), MISSING);
    assert_eq!(shop.rejects(" \t"), MISSING);
    for wrong in [
        head.to_owned(),
        format!("{head}."),
        format!("{head}.."),
        format!("..{signature}"),
        format!(".{signature}"),
        "..".to_owned(),
        "...".to_owned(),
        format!("{head}.{signature}"),
        // With the payload, even the right one.
        format!("{head}.{payload}.{signature}"),
        format!("{head}.e30.{signature}"),
        format!("{head}. .{signature}"),
        // More than three segments.
        format!("{good}."),
        format!(".{good}"),
        format!("{head}...{signature}"),
        format!("{good}.{signature}"),
        format!("{head}..{signature}.{head}..{signature}"),
        // As a list, as JSON, and in quotes.
        format!("{good},{good}"),
        format!("\"{good}\""),
        format!("Bearer {good}"),
        format!(r#"{{"protected":"{head}","signature":"{signature}"}}"#),
    ] {
        assert_eq!(shop.rejects(&wrong), MALFORMED, "{wrong}");
    }
    assert!(shop.fetched().is_empty());
    shop.reader.read(&good, BODY).unwrap();
}

#[test]
fn each_segment_has_one_valid_encoding() {
    let (_, shop) = shop();
    let good = signed(&header(USUAL), BODY);
    let (head, signature) = good.split_once("..").unwrap();
    // 256 bytes end with a letter that has four spare bits. Each value of these bits decodes to the
    // same bytes.
    let last = signature.chars().last().unwrap();
    let cut = signature.strip_suffix(last).unwrap();
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
        if letter == last {
            continue;
        }
        let rejected = shop.rejects_later(&format!("{head}..{cut}{letter}"));
        // The letters without spare bits decode to other bytes.
        let expected = if "AQgw".contains(letter) { SIGNATURE } else { MALFORMED };
        assert_eq!(rejected, expected, "{letter}");
    }
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert!(STANDARD.encode(&bytes).contains(['+', '/']), "the alphabets differ");
    for wrong in [
        format!("{head}..{signature}=="),
        format!("{head}..{signature}="),
        format!("{head}=..{signature}"),
        format!("{head}..{}", URL_SAFE.encode(&bytes)),
        format!("{head}..{}", STANDARD.encode(&bytes)),
        format!("{head}..{signature}AAA"),
        format!("{head} ..{signature}"),
        format!("{head}..\n{signature}"),
        format!("{head}..{cut}\r\n {last}"),
        format!("{head}..{cut}%41"),
        format!("{head}..{cut}\0{last}"),
        format!("{head}..{cut}ą"),
    ] {
        assert_eq!(shop.rejects(&wrong), MALFORMED, "{wrong}");
    }
}

#[test]
fn signature_is_valid_for_its_own_header_body_and_length_only() {
    let (_, shop) = shop();
    let good = signed(&header(USUAL), BODY);
    let (head, signature) = good.split_once("..").unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    for wrong in [
        signed(&header(USUAL), b"tr_id=TR-2"),
        signed(&header(USUAL), b""),
        format!("{}..{signature}", base64url(header(USUAL) + " ")),
        format!("{head}..{}", base64url([0; 256])),
        format!("{head}..{}", base64url([0xff; 256])),
        format!("{head}..{}", base64url(&bytes[..255])),
        format!("{head}..{}", base64url([&bytes[..], &[0]].concat())),
        format!("{head}..{}", base64url([&[0], &bytes[..]].concat())),
        format!("{head}..AA"),
        format!("{head}..{}", base64url(vec![7; 1_000_000])),
        // Signed over the body instead of its base64, as with `b64: false`.
        {
            let key = KeyPair::from_pem(KEY).unwrap();
            let input = [head.as_bytes(), b".", BODY].concat();
            format!("{head}..{}", base64url(key.sign(&input).unwrap()))
        },
        testing::sign_with(OTHER_KEY, USUAL, BODY).unwrap(),
    ] {
        assert_eq!(shop.rejects_later(&wrong), SIGNATURE);
        assert_eq!(shop.fetched(), [USUAL]);
        // A newer certificate may verify it, so it is not rejected as a forgery during the pause.
        let error = shop.reader.read(&wrong, BODY).unwrap_err();
        assert_eq!(NotificationResponse::for_error(&error).status, 503, "{error}");
        assert!(error.to_string().contains(SIGNATURE), "{error}");
        shop.reader.read(&good, BODY).unwrap();
        assert!(
            shop.fetched().is_empty(),
            "an invalid message causes no second fetch within seconds"
        );
    }
}

#[test]
fn http_header_must_occur_once_and_be_ascii() {
    let (_, shop) = shop();
    let good = signed(&header(USUAL), BODY);
    let reason = |values: &[&[u8]]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("x-jws-signature", value[..].try_into().unwrap());
        }
        shop.reader.read_request(&headers, BODY).map_err(|error| error.message().map(str::to_owned))
    };
    assert!(reason(&[good.as_bytes()]).is_ok());
    assert_eq!(reason(&[]).unwrap_err().unwrap(), MISSING);
    assert_eq!(reason(&[b""]).unwrap_err().unwrap(), MISSING);
    for values in [
        &[good.as_bytes(), good.as_bytes()][..],
        &[b"", good.as_bytes()],
        &[good.as_bytes(), b"junk"],
        &[b"\xff\xfe"],
    ] {
        assert_eq!(reason(values).unwrap_err().unwrap(), MALFORMED);
    }
}

#[test]
fn expired_or_future_certificate_anywhere_in_the_chain_is_rejected() {
    for (what, from, to) in [("expired", 2020, 2021), ("not valid yet", 2030, 2040)] {
        let (from, to) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
        let (pki, shop) = shop();
        let mut leaf = signer();
        (leaf.not_before, leaf.not_after) = (from, to);
        assert_eq!(shop.rejects_certificate(pki.certificate(&leaf)), TIME, "{what}");

        let mut intermediate = authority("intermediate");
        (intermediate.not_before, intermediate.not_after) = (from, to);
        let pki = Pki::with_intermediate(intermediate);
        let shop = Shop::new(&pki.anchors());
        assert_eq!(shop.rejects_certificate(pki.certificate(&signer())), TIME, "{what}");
        // Also if the certificate has only one of the two purposes.
        for purpose in [ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth] {
            let mut leaf = signer();
            leaf.extended_key_usages = vec![purpose];
            assert_eq!(shop.rejects_certificate(pki.certificate(&leaf)), TIME, "{what}");
        }
    }
}

#[test]
fn chain_to_anything_but_the_anchors_is_rejected() {
    let (pki, shop) = shop();
    let other = Pki::new();
    // With the same names, from another root.
    assert_eq!(shop.rejects_certificate(other.certificate(&signer())), CHAIN);
    // With the intermediate and root of another chain: only the first certificate is the signer's,
    // and the others are not trusted.
    let brought = other.certificate(&signer()) + &other.anchors();
    assert_eq!(shop.rejects_certificate(brought), CHAIN);
    let brought = other.anchors() + &pki.certificate(&signer());
    assert_eq!(shop.rejects_certificate(brought), CHAIN);
    // Self-signed.
    let key = KeyPair::from_pem(KEY).unwrap();
    let alone = signer().self_signed(&key).unwrap();
    assert_eq!(shop.rejects_certificate(alone.pem()), CHAIN);
    let alone = authority("root").self_signed(&key).unwrap();
    assert_eq!(shop.rejects_certificate(alone.pem()), CHAIN);
    // Issued by a certificate of the chain that must not issue certificates.
    let leaf = CertifiedIssuer::signed_by(signer(), KeyPair::from_pem(KEY).unwrap(), &pki.root);
    let below = signer().signed_by(&key, &leaf.unwrap()).unwrap();
    assert_eq!(shop.rejects_certificate(below.pem()), CHAIN);
    // Files that are not certificates.
    let pem = pki.certificate(&signer());
    let cut = pem.replacen("MII", "MIJ", 1);
    let key_instead = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let html = "<html>-----END CERTIFICATE-----</html>";
    for unreadable in [&*cut, key_instead, html] {
        shop.cannot_read_certificate(unreadable);
    }
    // None of the files is cached.
    shop.clock.advance(Duration::from_secs(10));
    shop.serves(pem);
    shop.reader.read(&signed(&header(USUAL), BODY), BODY).unwrap();
}

#[test]
fn certificate_for_another_purpose_is_rejected() {
    let (pki, shop) = shop();
    let with = |usages: &[KeyUsagePurpose], purposes: &[ExtendedKeyUsagePurpose]| {
        let mut leaf = params("signer");
        leaf.key_usages = usages.to_vec();
        leaf.extended_key_usages = purposes.to_vec();
        pki.certificate(&leaf)
    };
    use ExtendedKeyUsagePurpose as For;
    use KeyUsagePurpose as Usage;
    for pem in [
        with(&[Usage::DigitalSignature], &[For::CodeSigning]),
        with(&[Usage::DigitalSignature], &[For::OcspSigning, For::TimeStamping]),
        with(&[Usage::DigitalSignature], &[For::EmailProtection]),
        // Keys for other purposes than signatures of messages.
        with(&[Usage::KeyEncipherment], &[]),
        with(&[Usage::KeyAgreement, Usage::DataEncipherment], &[For::ServerAuth]),
        with(&[Usage::KeyCertSign, Usage::CrlSign], &[]),
    ] {
        assert_eq!(shop.rejects_certificate(pem), CHAIN);
    }
    // A CA certificate must not sign messages.
    let key = || KeyPair::from_pem(KEY).unwrap();
    let mut both = authority("signer");
    both.key_usages.push(Usage::DigitalSignature);
    assert_eq!(shop.rejects_certificate(pki.certificate(&both)), CHAIN);
    // This includes the intermediate and the root of the anchors.
    let root = CertifiedIssuer::self_signed(authority("root"), key()).unwrap();
    let intermediate = CertifiedIssuer::signed_by(authority("between"), key(), &root).unwrap();
    let own = Shop::new(&(intermediate.pem() + &root.pem()));
    assert_eq!(own.rejects_certificate(root.pem()), CHAIN);
    assert_eq!(own.rejects_certificate(intermediate.pem()), CHAIN);
    // An intermediate whose key must not sign certificates.
    let mut no_issuer = authority("between");
    no_issuer.key_usages = vec![Usage::DigitalSignature, Usage::CrlSign];
    let no_issuer = CertifiedIssuer::signed_by(no_issuer, key(), &root).unwrap();
    let own = Shop::new(&(no_issuer.pem() + &root.pem()));
    let below = signer().signed_by(&key(), &no_issuer).unwrap();
    assert_eq!(own.rejects_certificate(below.pem()), CHAIN);

    for pem in [
        with(&[], &[]),
        with(&[Usage::DigitalSignature], &[]),
        with(&[Usage::ContentCommitment], &[]),
        with(&[Usage::DigitalSignature, Usage::KeyEncipherment], &[For::ServerAuth]),
        with(&[], &[For::ClientAuth]),
    ] {
        shop.clock.advance(Duration::from_secs(3600));
        shop.serves(pem);
        shop.reader.read(&signed(&header(USUAL), BODY), BODY).unwrap();
    }
}

#[test]
fn weak_keys_weak_digests_and_old_certificates_are_rejected() {
    const ROOT: &str = include_str!("jws/root.pem");
    const WEAK_ISSUER: &str = include_str!("jws/weak_issuer.pem");
    let shop = Shop::new(&[WEAK_ISSUER, ROOT].concat());
    shop.cannot_read_certificate(include_str!("jws/v1.pem"));
    assert_eq!(shop.rejects_certificate(include_str!("jws/sha1.pem")), CHAIN);
    assert_eq!(shop.rejects_certificate(include_str!("jws/below_weak.pem")), CHAIN);
    shop.clock.advance(Duration::from_secs(10));
    shop.serves(include_str!("jws/weak.pem"));
    assert_eq!(shop.rejects(include_str!("jws/weak.jws")), SIGNATURE);

    shop.clock.advance(Duration::from_secs(10));
    shop.serves(include_str!("jws/good.pem"));
    shop.reader.read(&signed(&header(USUAL), BODY), BODY).unwrap();
}

#[test]
fn key_that_is_not_rsa_is_rejected() {
    let (pki, shop) = shop();
    let key = KeyPair::generate().unwrap();
    let pem = signer().signed_by(&key, &pki.intermediate).unwrap().pem();
    assert_eq!(shop.rejects_certificate(pem), SIGNATURE);
}

#[test]
fn signatures_of_one_environment_are_rejected_in_the_other() {
    // Like Tpay's: two intermediates below one root.
    let root =
        CertifiedIssuer::self_signed(authority("root"), KeyPair::generate().unwrap()).unwrap();
    let below = |name: &str| {
        CertifiedIssuer::signed_by(authority(name), KeyPair::generate().unwrap(), &root).unwrap()
    };
    let (production, sandbox) = (below("production"), below("sandbox"));
    let shop = Shop::new(&(production.pem() + &root.pem()));
    let issued_by = |issuer: &Issuer| {
        signer().signed_by(&KeyPair::from_pem(KEY).unwrap(), issuer).unwrap().pem()
    };
    assert_eq!(shop.rejects_certificate(issued_by(&sandbox)), CHAIN);
    // If the other intermediate is available, the signature is accepted, because only the root is
    // trusted. But the host of this environment would have to serve that intermediate, and a
    // message of the other environment must not name this host.
    shop.clock.advance(Duration::from_secs(10));
    shop.serves(issued_by(&sandbox) + &sandbox.pem());
    shop.reader.read(&signed(&header(USUAL), BODY), BODY).unwrap();
    shop.clock.advance(Duration::from_secs(10));
    shop.serves(issued_by(&production));
    shop.reader.read(&signed(&header(USUAL), BODY), BODY).unwrap();

    // Its certificate URL is not allowed either.
    for (environment, other) in [
        (Environment::Production, "https://secure.sandbox.tpay.com"),
        (Environment::Sandbox, "https://secure.tpay.com"),
    ] {
        let client =
            Client::builder("id", "secret").environment(environment).no_proxy().build().unwrap();
        let reader =
            client.notifications().unwrap().merchant_id("1010").certificate(issued_by(&production));
        let signature = signed(&header(&format!("{other}/x509/notifications-jws.pem")), BODY);
        let error = reader.verify(&signature, BODY).unwrap_err();
        assert_eq!(error.message(), Some(ADDRESS), "{other}");
    }
}

/// A certificate service over real connections.
struct Certificates(String);

impl Service for Certificates {
    fn respond(&mut self, _: &Raw) -> (api_sandbox::Response, Verdict) {
        let verdict = Verdict { endpoint: None, signed: None };
        (api_sandbox::Response::new(200, "application/x-pem-file", self.0.as_bytes()), verdict)
    }
}

#[test]
fn failing_certificate_service_costs_at_most_the_timeout() {
    const DEADLINE: Duration = Duration::from_secs(1);
    const FOR_EVER: Duration = Duration::from_secs(120);
    let pki = Pki::new();
    let elsewhere =
        Server::start(0, Certificates(pki.certificate(&signer()))).expect("a free port");
    let html =
        |status| api_sandbox::Response::new(status, "text/html", "<html>certificates</html>");
    let moved = |status| {
        html(status).with_header("location", format!("{}/x509/evil.pem", elsewhere.base_url()))
    };
    let faults = [
        ("sends no response", Misbehaviour::StallInHeaders(FOR_EVER)),
        ("stops in the middle of the body", Misbehaviour::StallInBody(FOR_EVER)),
        ("sends byte by byte", Misbehaviour::Trickle(Duration::from_millis(300))),
        ("sends an endless body", Misbehaviour::Endless),
        ("closes the connection in the middle of the body", Misbehaviour::CutBody),
        ("closes the connection before reading", Misbehaviour::ResetBeforeReading),
        ("closes the connection after reading", Misbehaviour::ResetAfterReading),
        ("responds with 502", Misbehaviour::BadGateway),
        ("responds with 429", Misbehaviour::TooManyRequests(Some(3600))),
        ("sends an empty body", Misbehaviour::EmptyBody),
        ("sends HTML", Misbehaviour::Response(html(200))),
        ("has no such file", Misbehaviour::Response(html(404))),
        ("redirects with 301", Misbehaviour::Response(moved(301))),
        ("redirects with 302", Misbehaviour::Response(moved(302))),
        ("redirects with 303", Misbehaviour::Response(moved(303))),
        ("redirects with 307", Misbehaviour::Response(moved(307))),
    ];
    for (what, fault) in faults {
        let server = Server::start(0, Certificates(pki.certificate(&signer()))).unwrap();
        let clock = ManualClock::at_unix(NOW);
        let client = Client::builder("id", "secret")
            .environment(Environment::custom(server.base_url()))
            .clock(clock.clone())
            .timeout(DEADLINE)
            .retries(1)
            .no_proxy()
            .build()
            .unwrap();
        let reader =
            client.notifications().unwrap().merchant_id("1010").anchors(pki.anchors()).unwrap();
        let x5u = format!("{}/x509/notifications-jws.pem", server.base_url());
        let signature = signed(&header(&x5u), BODY);

        server.misbehave(fault, 10);
        let begin = SystemClock.now();
        let error = reader.read(&signature, BODY).expect_err(what);
        let elapsed = SystemClock.now().duration_since(begin).unwrap_or_default();
        assert!(elapsed < Duration::from_secs(20), "{what}: took {elapsed:?}");
        assert_ne!(error.kind(), ErrorKind::Verify, "{what}: nothing is known of the notification");
        assert_eq!(error.endpoint(), "certificates.signing", "{what}: {error}");
        // A retry of the sender is accepted.
        assert_eq!(NotificationResponse::for_error(&error).status, 503, "{what}: {error}");
        assert!(server.take_seen().len() <= 2, "{what}");
        let soon = reader.read(&signature, BODY).unwrap_err();
        assert_eq!(soon.kind(), ErrorKind::RateLimited, "{what}: {soon}");
        assert!(server.take_seen().is_empty(), "{what}: not again within seconds");
        server.behave();
        clock.advance(Duration::from_secs(10));
        reader.read(&signature, BODY).unwrap_or_else(|error| panic!("{what}: {error:?}"));
    }
    assert_eq!(elsewhere.connections(), 0, "no certificate is taken from another host");
}

#[test]
fn cached_certificate_verifies_while_the_service_fails() {
    let (pki, shop) = shop();
    let good = signed(&header(USUAL), BODY);
    shop.reader.read(&good, BODY).unwrap();
    shop.serves("<html>");
    shop.clock.advance(Duration::from_secs(3599));
    // An invalid message causes a fetch. The fetched file is not a certificate and replaces none.
    let invalid_message = signed(&header(USUAL), b"tr_id=TR-2");
    let error = shop.reader.read(&invalid_message, BODY).unwrap_err();
    assert_eq!(NotificationResponse::for_error(&error).status, 503, "{error}");
    shop.reader.read(&good, BODY).unwrap();
    // A certificate without a chain to an anchor does not replace one either.
    shop.clock.advance(Duration::from_secs(11));
    shop.serves(Pki::new().certificate(&signer()));
    shop.reader.read(&good, BODY).unwrap();
    assert_eq!(shop.rejects_later(&invalid_message), CHAIN, "why the newest does not verify");
    shop.reader.read(&good, BODY).unwrap();
    shop.serves(pki.certificate(&signer()));
    shop.clock.advance(Duration::from_secs(10));
    shop.reader.read(&good, BODY).unwrap();
}

/// A clock that counts the reads of each thread.
#[derive(Clone)]
struct CountingClock {
    clock: ManualClock,
    reads: Arc<Mutex<HashMap<ThreadId, usize>>>,
}

impl Clock for CountingClock {
    fn now(&self) -> SystemTime {
        let now = self.clock.now();
        *self.reads.lock().unwrap().entry(std::thread::current().id()).or_default() += 1;
        now
    }

    fn sleep(&self, _: Duration) {}
}

#[test]
fn message_that_waited_for_a_failed_fetch_does_not_start_another() {
    const THREADS: usize = 20;
    let clock = CountingClock { clock: ManualClock::at_unix(NOW), reads: Arc::default() };
    let fetches = Arc::new(Mutex::new(0));
    let (time, count) = (clock.clone(), fetches.clone());
    let client = Client::builder("id", "secret")
        .clock(clock)
        .retries(0)
        .transport(move |_: Request| -> Result<Response, _> {
            *count.lock().unwrap() += 1;
            // Each thread reads the clock for its message and before it requests a fetch. A thread
            // that arrives later may start another fetch.
            while time.reads.lock().unwrap().values().filter(|reads| **reads >= 2).count() < THREADS
            {
                std::thread::yield_now();
            }
            time.clock.advance(Duration::from_secs(30));
            let mut response = Response::new(Vec::new());
            *response.status_mut() = StatusCode::GATEWAY_TIMEOUT;
            Ok(response)
        })
        .build()
        .unwrap();
    let reader = client.notifications().unwrap().merchant_id("1010");
    let signature = signed(&header(USUAL), BODY);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| reader.read(&signature, BODY).unwrap_err());
        }
    });
    assert_eq!(*fetches.lock().unwrap(), 1);
}

/// A clock that can be set back.
#[derive(Clone)]
struct Wound(Arc<AtomicU64>);

impl Clock for Wound {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, _: Duration) {}
}

#[test]
fn certificates_expire_after_the_clock_is_set_back() {
    let pki = Pki::new();
    let clock = Wound(Arc::new(AtomicU64::new(NOW + 86_400)));
    let fetches = Arc::new(AtomicU64::new(0));
    let (count, pem) = (fetches.clone(), pki.certificate(&signer()));
    let client = Client::builder("id", "secret")
        .clock(clock.clone())
        .transport(move |_: Request| -> Result<Response, _> {
            count.fetch_add(1, Ordering::SeqCst);
            Ok(Response::new(pem.clone().into_bytes()))
        })
        .build()
        .unwrap();
    let reader =
        client.notifications().unwrap().merchant_id("1010").anchors(pki.anchors()).unwrap();
    let good = signed(&header(USUAL), BODY);
    // The threads read the clock at slightly different times, so a step back of one second is
    // ignored. A day is not.
    for (now, fetched) in [(NOW + 86_400, 1), (NOW + 86_399, 1), (NOW, 2)] {
        clock.0.store(now, Ordering::SeqCst);
        reader.read(&good, BODY).unwrap();
        assert_eq!(fetches.load(Ordering::SeqCst), fetched, "{now}");
    }
}
