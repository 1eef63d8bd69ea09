//! The certificates that verify notifications: which ones are used, and when they are fetched.

#![cfg(feature = "notifications")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use tpay_client::api_auth::{ManualClock, Request, Response, StatusCode, TransportError};
use tpay_client::notifications::{NotificationResponse, testing};
use tpay_client::{Client, Error, ErrorKind, Notification, Notifications};

const NOW: u64 = 1_800_000_000;
const USUAL: &str = "notifications-jws.pem";
const AUTHORITIES: &str = "tpay-jws-root.pem";
const BODY: &[u8] = b"id=1010&tr_id=TR-1&tr_amount=1.00&tr_paid=1.00&tr_status=TRUE";
const KEYS: [&str; 2] =
    [include_str!("jws/key.pem"), include_str!("../../src/notifications/testing/key.pem")];

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn params(name: &str, usage: KeyUsagePurpose) -> CertificateParams {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2040, 1, 1);
    params.key_usages = vec![usage];
    params
}

fn authority(name: &str) -> CertificateParams {
    let mut params = params(name, KeyUsagePurpose::KeyCertSign);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn root() -> Issuer {
    CertifiedIssuer::self_signed(authority("root"), KeyPair::generate().unwrap()).unwrap()
}

fn intermediate(name: &str, root: &Issuer) -> Issuer {
    CertifiedIssuer::signed_by(authority(name), KeyPair::generate().unwrap(), root).unwrap()
}

/// Returns a certificate for the key with this number.
fn leaf(key: usize, issuer: &Issuer) -> String {
    let params = params("signer", KeyUsagePurpose::DigitalSignature);
    params.signed_by(&KeyPair::from_pem(KEYS[key]).unwrap(), issuer).unwrap().pem()
}

/// Returns a signature by the key with this number. `name` is the file name of its certificate.
fn signed(key: usize, name: &str) -> String {
    testing::sign_with(KEYS[key], &format!("https://secure.tpay.com/x509/{name}"), BODY).unwrap()
}

/// The files that the certificate host serves, and the requests that it received.
#[derive(Default)]
struct Host {
    state: Mutex<State>,
    released: Condvar,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, String>,
    requests: Vec<String>,
    /// Whether requests hang.
    hangs: bool,
}

impl Host {
    fn serve(&self, name: &str, pem: impl Into<String>) {
        self.state.lock().unwrap().files.insert(name.to_owned(), pem.into());
    }

    fn remove(&self, name: &str) {
        self.state.lock().unwrap().files.remove(name);
    }

    /// Returns the names of the files that were requested since the last call.
    fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }

    fn hang(&self, hangs: bool) {
        self.state.lock().unwrap().hangs = hangs;
        self.released.notify_all();
    }

    fn is_requested(&self) -> bool {
        !self.state.lock().unwrap().requests.is_empty()
    }

    fn respond(&self, request: &Request) -> Response {
        let mut state = self.state.lock().unwrap();
        let name = request.uri().path().trim_start_matches("/x509/").to_owned();
        state.requests.push(name.clone());
        while state.hangs {
            state = self.released.wait(state).unwrap();
        }
        match state.files.get(&name) {
            Some(pem) => Response::new(pem.clone().into_bytes()),
            None => {
                let mut response = Response::default();
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                response
            }
        }
    }
}

struct Shop {
    reader: Notifications,
    host: Arc<Host>,
    clock: ManualClock,
}

impl Shop {
    fn new(anchors: &str) -> Self {
        let (host, clock) = (Arc::new(Host::default()), ManualClock::at_unix(NOW));
        let server = host.clone();
        let client = Client::builder("id", "secret")
            .clock(clock.clone())
            .transport(move |request: Request| -> Result<Response, TransportError> {
                Ok(server.respond(&request))
            })
            .build()
            .unwrap();
        let reader = client.notifications().unwrap().merchant_id("1010").anchors(anchors).unwrap();
        Self { reader, host, clock }
    }

    fn read(&self, key: usize, name: &str) -> Result<Notification, Error> {
        self.reader.read(&signed(key, name), BODY)
    }

    /// Sends a message that no certificate verifies.
    fn invalid_message(&self, name: &str) -> u16 {
        let error = self.reader.read(&signed(0, name), b"junk").unwrap_err();
        NotificationResponse::for_error(&error).status
    }

    fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

#[test]
fn usual_certificate_is_fetched_despite_invalid_messages_of_other_names() {
    let root = root();
    let shop = Shop::new(&root.pem());
    shop.host.serve(USUAL, leaf(0, &root));
    let mut requests = 0;
    for round in 0..20 {
        for number in 0..20 {
            assert_eq!(shop.invalid_message(&format!("junk-{round}-{number}.pem")), 503);
        }
        requests += shop.host.requests().len();
        shop.wait(1);
    }
    assert!(requests <= 2 * 16, "{requests} requests in 20 s");
    shop.read(0, USUAL).unwrap();
    assert_eq!(shop.host.requests(), [USUAL]);
}

#[test]
fn unverified_usual_certificate_is_not_evicted_by_invalid_messages_of_other_names() {
    let root = root();
    let shop = Shop::new(&root.pem());
    shop.host.serve(USUAL, leaf(0, &root));
    assert_eq!(shop.invalid_message(USUAL), 400);
    for number in 0..40 {
        shop.invalid_message(&format!("junk-{number}.pem"));
        shop.wait(1);
    }
    shop.host.requests();
    shop.read(0, USUAL).unwrap();
    assert!(shop.host.requests().is_empty());
}

#[test]
fn certificate_of_an_unusual_name_is_fetched_after_the_pause_of_an_older_name() {
    let root = root();
    let shop = Shop::new(&root.pem());
    shop.host.serve("next.pem", leaf(0, &root));
    for number in 0..40 {
        shop.invalid_message(&format!("junk-{number}.pem"));
    }
    let error = shop.read(0, "next.pem").unwrap_err();
    assert_eq!(NotificationResponse::for_error(&error).status, 503, "{error}");
    shop.wait(10);
    shop.read(0, "next.pem").unwrap();
}

/// A constant flow of invalid messages with new names, then a genuine message with an unusual name.
#[test]
fn certificate_of_an_unusual_name_is_fetched_despite_invalid_messages_of_new_names() {
    let root = root();
    let shop = Shop::new(&root.pem());
    shop.host.serve("next.pem", leaf(0, &root));
    let invalid_message = |second: u64| {
        for number in 0..2 {
            assert_eq!(shop.invalid_message(&format!("junk-{second}-{number}.pem")), 503);
        }
    };
    // The invalid messages use the whole budget first.
    for second in 0..20 {
        invalid_message(second);
        shop.wait(1);
    }
    // Each attempt has a chance of about 1 in 30. The probability that all fail is less than 1 in
    // 10^13.
    let signature = signed(0, "next.pem");
    let is_read = (20..1000).any(|second| {
        invalid_message(second);
        let is_read = shop.reader.read(&signature, BODY).is_ok();
        shop.wait(1);
        is_read
    });
    assert!(is_read, "at least one attempt gets a fetch");
    // The name has now verified a message, so it needs no budget.
    for second in 1000..1040 {
        invalid_message(second);
        shop.reader.read(&signature, BODY).unwrap();
        shop.wait(1);
    }
}

#[test]
fn invalid_messages_of_new_names_cause_a_bounded_number_of_requests_per_minute() {
    let root = root();
    let shop = Shop::new(&root.pem());
    for second in 0..200 {
        for number in 0..3 {
            shop.invalid_message(&format!("junk-{second}-{number}.pem"));
        }
        shop.wait(1);
    }
    let requests = shop.host.requests().len();
    assert!((16..=16 + 20).contains(&requests), "{requests} requests in 200 s");
    // The same with few names that are repeated.
    shop.wait(200);
    for second in 0..200 {
        shop.invalid_message(&format!("junk-{}.pem", second % 16));
        shop.wait(1);
    }
    let requests = shop.host.requests().len();
    assert!((16..=16 + 20).contains(&requests), "{requests} requests in 200 s");
}

#[test]
fn budget_of_fetches_is_saved_up_in_parts_of_seconds() {
    let root = root();
    let shop = Shop::new(&root.pem());
    for number in 0..17 {
        shop.invalid_message(&format!("junk-{number}.pem"));
    }
    assert_eq!(shop.host.requests().len(), 16);
    for number in 17..27 {
        shop.clock.advance(Duration::from_millis(900));
        shop.invalid_message(&format!("junk-{number}.pem"));
    }
    assert!(shop.host.requests().is_empty());
    shop.wait(11);
    shop.invalid_message("later.pem");
    assert_eq!(shop.host.requests(), ["later.pem"]);
}

#[test]
fn new_intermediate_is_taken_from_the_file_of_the_root() {
    let root = root();
    let (old, new) = (intermediate("old", &root), intermediate("new", &root));
    let shop = Shop::new(&(old.pem() + &root.pem()));
    shop.host.serve(USUAL, leaf(0, &old));
    shop.host.serve(AUTHORITIES, old.pem() + &root.pem());
    shop.read(0, USUAL).unwrap();
    assert_eq!(shop.host.requests(), [USUAL], "a known intermediate is not fetched");

    shop.host.serve(USUAL, leaf(1, &new));
    shop.host.serve(AUTHORITIES, new.pem() + &root.pem());
    shop.wait(10);
    shop.read(1, USUAL).unwrap();
    assert_eq!(shop.host.requests(), [USUAL, AUTHORITIES]);
    shop.wait(3600);
    shop.read(1, USUAL).unwrap();
    assert_eq!(shop.host.requests(), [USUAL]);
    // Messages that the old intermediate verified are still verified.
    shop.read(0, USUAL).unwrap();
    // A fetched intermediate is also used for certificates with other names.
    shop.host.serve("next.pem", leaf(0, &new));
    shop.read(0, "next.pem").unwrap();
}

#[test]
fn expired_intermediate_is_replaced_by_the_file_of_the_root() {
    let root = root();
    let key = || KeyPair::from_pem(KEYS[1]).unwrap();
    let mut expired = authority("intermediate");
    expired.not_after = date_time_ymd(2021, 1, 1);
    let expired = CertifiedIssuer::signed_by(expired, key(), &root).unwrap();
    let renewed = CertifiedIssuer::signed_by(authority("intermediate"), key(), &root).unwrap();
    let shop = Shop::new(&(expired.pem() + &root.pem()));
    shop.host.serve(USUAL, leaf(0, &renewed));
    shop.host.serve(AUTHORITIES, renewed.pem() + &root.pem());
    shop.read(0, USUAL).unwrap();
}

#[test]
fn certificates_of_the_file_of_the_root_are_never_trusted() {
    let (own, other) = (root(), root());
    let below = intermediate("intermediate", &other);
    let shop = Shop::new(&own.pem());
    shop.host.serve(AUTHORITIES, below.pem() + &other.pem());
    for issuer in [&below, &other] {
        shop.host.serve(USUAL, leaf(0, issuer));
        let error = shop.read(0, USUAL).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Verify, "{error}");
        assert_eq!(shop.host.requests(), [USUAL, AUTHORITIES]);
        shop.wait(10);
    }
    // The file itself is not accepted as the certificate of a signer either.
    let error = shop.read(0, AUTHORITIES).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Verify, "{error}");
    assert_eq!(shop.host.requests(), [AUTHORITIES]);
}

#[test]
fn intermediates_that_cannot_be_fetched_are_a_503_and_requested_once_per_pause() {
    let root = root();
    let new = intermediate("new", &root);
    let shop = Shop::new(&root.pem());
    shop.host.serve(USUAL, leaf(0, &new));
    for endpoint in ["certificates.root", "", "", "", ""] {
        let error = shop.read(0, USUAL).unwrap_err();
        assert_eq!(NotificationResponse::for_error(&error).status, 503, "{error}");
        assert_eq!(error.endpoint(), endpoint);
    }
    assert_eq!(shop.host.requests(), [USUAL, AUTHORITIES], "without retries");
    shop.host.serve(AUTHORITIES, "<html>");
    shop.wait(10);
    let error = shop.read(0, USUAL).unwrap_err();
    assert_eq!(NotificationResponse::for_error(&error).status, 503, "{error}");
    shop.host.serve(AUTHORITIES, new.pem() + &root.pem());
    shop.wait(10);
    shop.read(0, USUAL).unwrap();
}

#[test]
fn certificate_is_requested_once_per_pause_with_the_default_retries() {
    let shop = Shop::new(&root().pem());
    for name in [USUAL, "next.pem"] {
        for _ in 0..3 {
            let error = shop.read(0, name).unwrap_err();
            assert_eq!(NotificationResponse::for_error(&error).status, 503, "{error}");
        }
        assert_eq!(shop.host.requests(), [name]);
    }
}

#[test]
fn rotation_within_the_pause_is_a_503_and_not_a_verify_error() {
    let root = root();
    let shop = Shop::new(&root.pem());
    shop.host.serve(USUAL, leaf(0, &root));
    shop.read(0, USUAL).unwrap();
    shop.host.serve(USUAL, leaf(1, &root));
    let error = shop.read(1, USUAL).unwrap_err();
    assert_eq!(NotificationResponse::for_error(&error).status, 503, "{error}");
    shop.wait(10);
    // The request fails, so the newest certificate is not known during the next pause either.
    shop.host.remove(USUAL);
    for _ in 0..2 {
        let error = shop.read(1, USUAL).unwrap_err();
        assert_eq!(NotificationResponse::for_error(&error).status, 503, "{error}");
    }
    shop.host.serve(USUAL, leaf(1, &root));
    shop.wait(10);
    shop.read(1, USUAL).unwrap();
    assert_eq!(shop.invalid_message(USUAL), 503);
    shop.wait(10);
    assert_eq!(shop.invalid_message(USUAL), 400);
}

#[test]
fn unverified_certificates_never_evict_verified_ones() {
    let (own, other) = (root(), root());
    let shop = Shop::new(&own.pem());
    shop.host.serve(AUTHORITIES, own.pem());
    for key in [0, 1] {
        shop.host.serve(USUAL, leaf(key, &own));
        shop.read(key, USUAL).unwrap();
        shop.wait(10);
    }
    for _ in 0..5 {
        shop.host.serve(USUAL, leaf(0, &other));
        assert_eq!(shop.invalid_message(USUAL), 400);
        shop.wait(10);
    }
    for key in [0, 1] {
        shop.read(key, USUAL).unwrap();
    }
    // The newest certificate is used as soon as it verifies a message, and the oldest one is
    // dropped.
    let third = intermediate("third", &own);
    shop.host.serve(USUAL, leaf(0, &third) + &third.pem());
    assert_eq!(shop.invalid_message(USUAL), 400);
    shop.read(0, USUAL).unwrap();
}

#[test]
fn expired_cache_verifies_during_a_fetch_that_hangs() {
    let root = root();
    let shop = Shop::new(&root.pem());
    shop.host.serve(USUAL, leaf(0, &root));
    shop.read(0, USUAL).unwrap();
    shop.host.requests();
    shop.wait(3600);
    shop.host.hang(true);
    std::thread::scope(|scope| {
        let fetching = scope.spawn(|| shop.read(0, USUAL).map(drop));
        while !shop.host.is_requested() {
            std::thread::yield_now();
        }
        for _ in 0..3 {
            shop.read(0, USUAL).unwrap();
        }
        shop.host.hang(false);
        fetching.join().unwrap().unwrap();
    });
    assert_eq!(shop.host.requests(), [USUAL]);
}

#[test]
fn message_that_waits_for_a_fetch_is_verified_by_its_certificate() {
    let root = root();
    let shop = Shop::new(&root.pem());
    shop.host.serve(USUAL, leaf(0, &root));
    shop.host.hang(true);
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..4).map(|_| scope.spawn(|| shop.read(0, USUAL).map(drop))).collect();
        while !shop.host.is_requested() {
            std::thread::yield_now();
        }
        shop.host.hang(false);
        for thread in threads {
            thread.join().unwrap().unwrap();
        }
    });
    assert_eq!(shop.host.requests(), [USUAL]);
}
