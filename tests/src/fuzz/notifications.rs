//! Notifications of Tpay: unsigned ones are rejected, and signed ones are parsed or rejected.

use std::sync::LazyLock;
use std::time::{Duration, UNIX_EPOCH};

use api_auth::jws::{Anchors, Certificate, DetachedJws};
use api_auth::{ErrorKind, ManualClock, Request, Response, TransportError, TransportErrorKind};
use tpay_client::notifications::{NotificationResponse, testing};
use tpay_client::{Client, Notifications};

static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    // A given certificate is not fetched.
    let offline = |_: Request| -> Result<Response, TransportError> {
        Err(TransportError::new(TransportErrorKind::Connect, api_auth::Sent::No, "offline"))
    };
    Client::builder("id", "secret")
        .transport(offline)
        .clock(ManualClock::at_unix(1_760_000_000))
        .build()
        .expect("a client")
});

static NOTIFICATIONS: LazyLock<Notifications> = LazyLock::new(|| {
    let notifications = CLIENT.notifications().expect("notifications").security_code("code");
    let notifications = notifications.accept_any_merchant();
    notifications.anchors(testing::ANCHORS).expect("anchors").certificate(testing::CERTIFICATE)
});

/// A valid signature of an empty body.
static GENUINE: LazyLock<String> =
    LazyLock::new(|| testing::sign(&CLIENT, b"").expect("a signature"));

static ANCHORS: LazyLock<Anchors> =
    LazyLock::new(|| Anchors::from_pem(testing::ANCHORS.as_bytes()).expect("anchors"));

/// Reads a signed body, which must be parsed or rejected for its content. With the signature of
/// another body it must be rejected as not genuine.
pub fn notification(data: &[u8]) {
    let signature = testing::sign(&CLIENT, data).expect("a signature");
    if let Err(error) = NOTIFICATIONS.read(&signature, data) {
        let md5 = error.message() == Some("the md5sum does not match; check the security code");
        assert!(error.kind() == ErrorKind::Decode || md5, "{error}");
        let _ = NotificationResponse::for_error(&error);
    }
    let longer = [data, b" "].concat();
    let forged = NOTIFICATIONS.read(&signature, &longer).expect_err("is not genuine");
    assert_eq!(forged.kind(), ErrorKind::Verify);
}

/// Reads a signature header (the bytes before the first line break) and a body (the bytes after
/// it).
pub fn jws(data: &[u8]) {
    let split = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (signature, body) = data.split_at(split);
    let signature = String::from_utf8_lossy(signature);
    // Only this test has the key, and it signs nothing here.
    let refused = NOTIFICATIONS.read(&signature, body).expect_err("is not genuine");
    assert_eq!(refused.kind(), ErrorKind::Verify);
    if let Ok(jws) = DetachedJws::parse(&signature)
        && let Ok(file) = jws.file_below("https://secure.tpay.com/x509/")
    {
        assert!(jws.x5u().starts_with("https://secure.tpay.com/x509/"));
        assert!(!file.contains(['/', '?', '#', '\\', '@']), "{file}");
    }
    let _ = Anchors::from_pem(data);
    // A response of a certificate service: the signature is valid only with the right certificate.
    let genuine = DetachedJws::parse(&GENUINE).expect("a signature");
    let now = UNIX_EPOCH + Duration::from_secs(1_760_000_000);
    if let Ok(certificate) = Certificate::from_pem(data)
        && genuine.verify(b"", &certificate, &ANCHORS, now).is_ok()
    {
        let text = String::from_utf8_lossy(data);
        assert!(text.contains("-----BEGIN CERTIFICATE-----"), "{text}");
    }
}
