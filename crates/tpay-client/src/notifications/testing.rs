//! Test support for shops: a key with its certificate, a root that is not trusted by default, and
//! signed notifications.
//!
//! The private key is public. Never use [`ANCHORS`] outside tests.

use api_auth::{Amount, InputError, Params, Secret, jws};

use crate::Client;
use crate::notifications::notification::read;
use crate::notifications::{Notification, NotificationResponse, payment_md5sum};

/// The root certificate that issued [`CERTIFICATE`], for
/// [`Notifications::anchors`](crate::Notifications::anchors).
///
/// See the example on [`Notifications`](crate::Notifications).
pub const ANCHORS: &str = include_str!("testing/anchors.pem");
/// The certificate of the key that [`sign`] uses, for
/// [`Notifications::certificate`](crate::Notifications::certificate).
///
/// See the example on [`Notifications`](crate::Notifications).
pub const CERTIFICATE: &str = include_str!("testing/certificate.pem");
const KEY: &str = include_str!("testing/key.pem");

/// Signs a body with the built-in test key. Returns the value of the header `X-JWS-Signature`,
/// which contains the certificate URL of the environment of `client`.
///
/// See the example on [`Notifications`](crate::Notifications).
///
/// # Errors
/// Returns an error if the built-in key cannot be used, which is not expected.
pub fn sign(client: &Client, body: &[u8]) -> Result<String, InputError> {
    let base = client.environment().certificates_url().trim_end_matches('/');
    sign_with(KEY, &[base, "/x509/notifications-jws.pem"].concat(), body)
}

/// Signs a body with your own RSA key in PKCS #8 PEM format. Returns the value of the header
/// `X-JWS-Signature`, which contains `x5u`, the URL of the key's certificate.
///
/// See the example on [`Notifications`](crate::Notifications).
///
/// # Errors
/// Returns an error if `key` is not an RSA key in this format.
pub fn sign_with(key: impl AsRef<[u8]>, x5u: &str, body: &[u8]) -> Result<String, InputError> {
    jws::sign(key.as_ref(), x5u, body)
}

/// Returns the responses that acknowledge a notification with this body, which is not verified. If
/// its kind is unknown, returns those of all kinds.
///
/// ```
/// use tpay_client::notifications::testing::acknowledgements;
///
/// let body = br#"{"type":"token_update","data":{"token":"t"}}"#;
/// let bodies = acknowledgements(body).into_iter().map(|response| response.body);
/// assert_eq!(bodies.collect::<Vec<_>>(), [r#"{"result":true}"#]);
/// ```
pub fn acknowledgements(body: &[u8]) -> Vec<NotificationResponse> {
    match read(body) {
        Ok(Notification::Recurring(charge)) => {
            vec![Notification::Recurring(charge.clone()).accept(), charge.accept_as_text()]
        }
        Ok(notification) => vec![notification.accept()],
        Err(_) => vec![NotificationResponse::TRUE, NotificationResponse::RESULT],
    }
}

/// Returns the body of a notification that a payment to the merchant `1010` was made. `amount`,
/// such as 12.34, is both the amount due and the paid amount. `title` is sent as `tr_id`, and `crc`
/// as `tr_crc`. The body contains an md5sum that is valid for `security_code`.
///
/// See the example on [`Notifications`](crate::Notifications).
pub fn payment(title: &str, amount: Amount, crc: &str, security_code: impl Into<Secret>) -> String {
    let amount = amount.to_string();
    let md5sum = payment_md5sum("1010", title, &amount, crc, &security_code.into());
    let mut form = Params::new();
    form.push("id", "1010")
        .push("tr_id", title)
        .push("tr_date", "2026-11-22 01:20:18")
        .push("tr_crc", crc)
        .push("tr_amount", amount.as_str())
        .push("tr_paid", amount.as_str())
        .push("tr_desc", "Test transaction")
        .push("tr_status", "TRUE")
        .push("tr_error", "none")
        .push("tr_email", "jan.nowak@example.com")
        .push("test_mode", "0")
        .push("md5sum", md5sum);
    api_auth::Encoding::Form.text(&form)
}
