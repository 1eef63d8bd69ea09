//! Notifications that Tpay sends to a shop, such as results of payments, saved cards and alias
//! events.
//!
//! [`Client::notifications`] returns a [`Notifications`] reader, whose documentation contains an
//! example. A notification is parsed only after its signature is verified. The kinds of
//! notifications are in [`events`], and [`testing`] signs notifications for your tests.

mod cache;
pub mod events;
mod hidden_description;
mod members;
mod notification;
mod payment;
pub mod testing;
mod verify;

use api_auth::http::HeaderMap;
use api_auth::jws::{Anchors, Certificate, JwsError};
use api_auth::{Error, ErrorKind, InputError, ResponseError, Result, Secret, md5};

use crate::{Client, Environment};
use cache::Cache;

pub use notification::{Notification, NotificationResponse};

/// The name of the HTTP header that contains the signature of a notification.
const HEADER: &str = "x-jws-signature";
/// The folder that contains the certificates, on the certificate host of the environment.
const FOLDER: &str = "/x509/";
/// The name of the file that contains the certificate of the key that currently signs
/// notifications.
const SIGNING: &str = "notifications-jws.pem";
/// The name of the file that contains the intermediate and the root certificate in the chain of the
/// signing certificate.
const AUTHORITIES: &str = "tpay-jws-root.pem";

const PRODUCTION: &[u8] = include_bytes!("notifications/anchors/production.pem");
const SANDBOX: &[u8] = include_bytes!("notifications/anchors/sandbox.pem");

/// A reader that verifies and parses notifications. Create it with
/// [`Client::notifications`](crate::Client::notifications). All threads can share one reader.
///
/// The signature is verified strictly: it must be a detached RS256 JWS over the raw body. The
/// certificate must be on the host of the environment and have a complete chain to the compiled-in
/// trust anchor (or one of yours), and all certificates must be valid at the time of the client's
/// clock. If the chain lacks an intermediate, the file `tpay-jws-root.pem` of the same host is used
/// to complete it. The certificates in this file are not trust anchors.
///
/// Certificates are fetched with the client's transport, without retries, and cached for an hour.
/// If no cached certificate verifies a message, the certificate is fetched again, at most once
/// every ten seconds. In between, such a message is rejected with [`ErrorKind::RateLimited`],
/// because a newer certificate could verify it when the sender sends it again.
///
/// Senders can choose the file name of the certificate. Therefore, unusual names whose certificates
/// have never verified a message share a budget of requests: 16, and one more every ten seconds. If
/// messages require more requests than that, the requests to be sent are selected at random. The
/// messages without a request are rejected with [`ErrorKind::RateLimited`].
///
/// The certificate belongs to Tpay and not to the merchant, so a genuine notification can be
/// intended for a different merchant. Payments and alias events are therefore rejected unless
/// [`merchant_id`](Notifications::merchant_id) or
/// [`accept_any_merchant`](Notifications::accept_any_merchant) is called. The other kinds of
/// notifications (saved cards, marketplace payments, charges of a plan) contain no merchant id:
/// compare their ids with your records.
///
/// ```
/// use tpay_client::notifications::testing;
/// use tpay_client::{Client, Notification, grosze};
///
/// let tpay = Client::builder("id", "secret")
/// #   .transport(|_| Ok(Default::default()))
///     .build()?;
/// // Production code does not need the two lines about certificates.
/// let notifications = tpay
///     .notifications()?
///     .merchant_id("1010")
///     .security_code("code")
///     .anchors(testing::ANCHORS)?
///     .certificate(testing::CERTIFICATE);
///
/// let body = testing::payment("TR-BRA-KGZK0X", grosze(1234), "order-7", "code");
/// let signature = testing::sign(&tpay, body.as_bytes())?;
/// let Notification::Payment(payment) = notifications.read(&signature, body.as_bytes())? else {
///     unreachable!()
/// };
/// // A test notification from the panel is genuine as well, but never paid in full.
/// assert!(payment.paid_in_full(grosze(1234)) && !payment.is_test());
/// assert_eq!(payment.crc, "order-7");
/// # Ok::<(), tpay_client::Error>(())
/// ```
#[derive(Debug)]
pub struct Notifications {
    /// A client that sends each request only once. The cache decides when a certificate is
    /// requested again.
    core: api_auth::Client,
    folder: String,
    anchors: Anchors,
    /// The merchant whose payments and alias events are accepted. If the given merchant id is not a
    /// number, this value is an error, and all notifications are rejected.
    merchant: Result<Merchant, InputError>,
    security_code: Option<Secret>,
    given: Option<Result<Certificate, JwsError>>,
    cache: Cache,
}

/// The merchant whose payments and alias events are accepted.
#[derive(Debug)]
enum Merchant {
    /// No merchant is set: payments and alias events are rejected.
    Unset,
    Id(String),
    Any,
}

/// # Notifications
///
/// See the module [`notifications`](crate::notifications) and the example on
/// [`Notifications`](crate::Notifications).
impl Client {
    /// Returns a notification reader for this client's environment. The compiled-in trust anchors
    /// of the sandbox are used for the sandbox, and those of production for all other environments.
    ///
    /// See the example on [`Notifications`](crate::Notifications).
    ///
    /// # Errors
    /// Returns an error if the compiled-in certificates cannot be used.
    pub fn notifications(&self) -> Result<Notifications, InputError> {
        let anchors = match self.environment() {
            Environment::Sandbox => SANDBOX,
            _ => PRODUCTION,
        };
        let base = self.environment().certificates_url().trim_end_matches('/');
        Ok(Notifications {
            core: self.core().without_retries(),
            folder: [base, FOLDER].concat(),
            anchors: Anchors::from_pem(anchors)?,
            merchant: Ok(Merchant::Unset),
            security_code: None,
            given: None,
            cache: Cache::new(&[SIGNING, AUTHORITIES]),
        })
    }
}

impl Notifications {
    /// Rejects payments and alias events of other merchants. `id` is the number that the merchant
    /// panel shows and that notifications contain as `id`. Payments and alias events are always
    /// rejected if neither this method nor
    /// [`accept_any_merchant`](Notifications::accept_any_merchant) is called.
    ///
    /// If `id` is empty or contains characters other than digits, [`read`](Notifications::read)
    /// returns an [`InputError`] for every notification and fetches no certificate.
    #[must_use]
    pub fn merchant_id(mut self, id: impl Into<String>) -> Self {
        let id = id.into();
        let is_number = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        let problem = "must be the merchant id from the Tpay panel (digits only)";
        self.merchant = is_number
            .then_some(Merchant::Id(id))
            .ok_or_else(|| InputError::new("merchant_id", problem));
        self
    }

    /// Accepts the notifications of every merchant. This is intended for partners. Compare the
    /// [`merchant_id`](events::PaymentNotification::merchant_id) of each payment yourself: the
    /// certificate is the same for all merchants, so every merchant can trigger a genuine
    /// notification with your order number.
    #[must_use]
    pub fn accept_any_merchant(mut self) -> Self {
        self.merchant = Ok(Merchant::Any);
        self
    }

    /// Sets the security code from the merchant panel. The `md5sum` of payments is then verified in
    /// addition to the signature. An empty code, for an account that has none, disables this check.
    #[must_use]
    pub fn security_code(mut self, code: impl Into<Secret>) -> Self {
        self.security_code = Some(code.into()).filter(|code| !code.is_empty());
        self
    }

    /// Sets the trust anchors (root certificates and their intermediates, in PEM format), which
    /// replace the compiled-in ones.
    ///
    /// # Errors
    /// Returns an error if `pem` contains no root certificate.
    pub fn anchors(mut self, pem: impl AsRef<[u8]>) -> Result<Self, InputError> {
        self.anchors = Anchors::from_pem(pem.as_ref())?;
        Ok(self)
    }

    /// Sets the signing certificate (PEM), so that no certificate is fetched. Like a fetched
    /// certificate, it must have a chain to a trust anchor. If `pem` is not a certificate, every
    /// notification is rejected with an [`InputError`].
    #[must_use]
    pub fn certificate(mut self, pem: impl Into<String>) -> Self {
        self.given = Some(Certificate::from_pem(pem.into().as_bytes()));
        self
    }

    /// Sets the base URL, such as `https://secure.tpay.com`, under which the certificates of
    /// signatures must be, in the folder `/x509/`. Signatures with certificates at any other URL
    /// are rejected. By default, this is the certificate host of the client's environment. Use this
    /// method for a client that sends its requests to a different host.
    #[must_use]
    pub fn certificates_at(mut self, base_url: &str) -> Self {
        self.folder = [base_url.trim_end_matches('/'), FOLDER].concat();
        self
    }

    /// Verifies and parses a notification from its headers and its body. Pass the body byte for
    /// byte as it was received.
    ///
    /// # Errors
    /// Returns the same errors as [`read`](Notifications::read), and [`ErrorKind::Verify`] if the
    /// signature header is missing or repeated.
    pub fn read_request(&self, headers: &HeaderMap, body: &[u8]) -> Result<Notification> {
        self.merchant.as_ref().map_err(Clone::clone)?;
        let mut values = headers.get_all(HEADER).iter();
        match (values.next().map(|value| value.to_str()), values.next()) {
            (Some(Ok(signature)), None) => self.read(signature, body),
            (None, _) => Err(invalid_signature(JwsError::Missing)),
            _ => Err(invalid_signature(JwsError::Malformed)),
        }
    }

    /// Verifies and parses a notification from the value of its header `X-JWS-Signature` and its
    /// body. Pass the body byte for byte as it was received, before any decoding.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Verify`] if the notification is not genuine, [`ErrorKind::Decode`] if
    /// it is genuine but cannot be parsed, and another kind if the certificate could not be fetched
    /// or a setting is invalid. [`ErrorKind::RateLimited`] means that there could be a newer
    /// certificate, which cannot be fetched yet. [`NotificationResponse::for_error`] returns the
    /// response to send.
    pub fn read(&self, signature: &str, body: &[u8]) -> Result<Notification> {
        let merchant = self.merchant.as_ref().map_err(Clone::clone)?;
        self.verify(signature, body)?;
        let notification = notification::read(body)?;
        merchant.validate(&notification)?;
        if let (Notification::Payment(payment), Some(code)) = (&notification, &self.security_code)
            && !payment.is_md5sum_valid(code)
        {
            return Err(not_genuine("the md5sum does not match; check the security code"));
        }
        Ok(notification)
    }
}

impl Merchant {
    fn validate(&self, notification: &Notification) -> Result<()> {
        let id = match notification {
            Notification::Payment(payment) => &payment.merchant_id,
            Notification::Alias(alias) => &alias.merchant_id,
            _ => return Ok(()),
        };
        match self {
            Self::Any => Ok(()),
            Self::Id(own) if own == id => Ok(()),
            Self::Id(_) => Err(not_genuine("the notification is for another merchant")),
            Self::Unset => Err(InputError::new(
                "merchant_id",
                "must be set; call Notifications::merchant_id or accept_any_merchant",
            )
            .into()),
        }
    }
}

fn not_genuine(problem: &str) -> Error {
    ResponseError::new(ErrorKind::Verify).with_message(problem).into()
}

fn invalid_signature(why: JwsError) -> Error {
    not_genuine(&why.to_string())
}

/// Returns the `md5sum` of a payment notification, computed from the values of its members as they
/// are sent. Use it in tests, and in programs that verify notifications without [`Notifications`].
/// `tr_crc`, your reference for the order, is passed as bytes, because it can have any encoding.
///
/// ```
/// use tpay_client::notifications::payment_md5sum;
///
/// let code = "demo".into();
/// assert_eq!(
///     payment_md5sum("1010", "TR-BRA-KGZK0X", "12.34", "order-123", &code),
///     "f045cc3b93d68eca9f86ccc16679e4c3"
/// );
/// ```
pub fn payment_md5sum(
    id: &str,
    tr_id: &str,
    tr_amount: &str,
    tr_crc: impl AsRef<[u8]>,
    security_code: &Secret,
) -> String {
    let [id, tr_id, tr_amount, code] =
        [id, tr_id, tr_amount, security_code.expose()].map(str::as_bytes);
    md5::hex(&[id, tr_id, tr_amount, tr_crc.as_ref(), code])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Endpoint;
    use crate::api_auth::Response;
    use crate::certificates::{GetRootCertificates, GetSigningCertificate};

    #[test]
    fn each_environment_trusts_its_own_root() {
        let trusted = |environment| {
            let offline = |_| Ok(Response::default());
            let builder = Client::builder("id", "s").transport(offline).environment(environment);
            let client = builder.build().unwrap();
            format!("{:?}", client.notifications().unwrap().anchors)
        };
        let compiled_in = |pem| format!("{:?}", Anchors::from_pem(pem).unwrap());
        assert_eq!(trusted(Environment::Production), compiled_in(PRODUCTION));
        assert_eq!(trusted(Environment::Sandbox), compiled_in(SANDBOX));
        assert_eq!(trusted(Environment::custom("https://proxy.example")), compiled_in(PRODUCTION));
        assert_ne!(compiled_in(PRODUCTION), compiled_in(SANDBOX));
    }

    #[test]
    fn usual_certificates_are_those_of_the_endpoints() {
        assert_eq!(GetSigningCertificate::new().path(), [FOLDER, SIGNING].concat());
        assert_eq!(GetRootCertificates::new().path(), [FOLDER, AUTHORITIES].concat());
    }
}
