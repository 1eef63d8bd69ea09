//! What Tpay sends to a shop: read only after its signature was verified.

mod events;
mod form;
pub mod testing;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use api_auth::http::HeaderMap;
use api_auth::jws::{Anchors, Certificate, DetachedJws, JwsError};
use api_auth::{
    Credential, Error, ErrorKind, Fault, InputError, Method, RawEndpoint, Result, Secret, md5,
};

use crate::certificates::{SECURE, pem};
use crate::{Client, Environment};

pub use events::{
    AliasEventKind, AliasNotification, MarketplaceNotification, Notification, NotificationReply,
    NotificationStatus, OtherNotification, PaymentNotification, RecurringNotification,
    TokenUpdateNotification, TokenizationNotification,
};

/// The header that carries the signature.
const HEADER: &str = "x-jws-signature";
/// The folder of certificates, and the one that signs today.
const FOLDER: &str = "/x509/";
const USUAL: &str = "notifications-jws.pem";
/// How long a certificate is used that was fetched.
const KEPT: Duration = Duration::from_secs(3600);
/// How often a certificate is fetched at most: junk that claims to be a notification must not
/// make this machine hammer another one.
const PAUSE: Duration = Duration::from_secs(10);

const PRODUCTION: &[u8] = include_bytes!("notifications/anchors/production.pem");
const SANDBOX: &[u8] = include_bytes!("notifications/anchors/sandbox.pem");

/// Reads notifications, and refuses what is not genuine. Made by
/// [`Client::notifications`](crate::Client::notifications); one serves all threads.
///
/// The signature is verified strictly: a detached RS256 JWS over the raw body, whose certificate
/// lies at the environment's own host, and leads by a full chain to the compiled-in root (or one
/// of yours), all valid at the client's time. Certificates are fetched through the client's
/// transport and kept for an hour.
///
/// ```
/// use tpay_client::{Client, Notification, grosze, testing};
///
/// let tpay = Client::builder("id", "secret")
/// #   .transport(|_| Ok(Default::default()))
///     .build()?;
/// // In production: tpay.notifications()?.security_code("the code of the panel")
/// let notifications = tpay
///     .notifications()?
///     .security_code("code")
///     .anchors(testing::ANCHORS)?
///     .certificate(testing::CERTIFICATE);
///
/// let body = testing::payment("TR-BRA-KGZK0X", grosze(1234), "order-7", "code");
/// let signature = testing::sign(&tpay, body.as_bytes())?;
/// let Notification::Payment(payment) = notifications.read(&signature, body.as_bytes())? else {
///     unreachable!()
/// };
/// assert!(payment.is_paid() && payment.paid == Some(grosze(1234)));
/// assert_eq!(payment.crc, "order-7");
/// # Ok::<(), tpay_client::Error>(())
/// ```
#[derive(Debug)]
pub struct Notifications {
    client: Client,
    folder: String,
    anchors: Anchors,
    security_code: Option<Secret>,
    given: Option<Result<Certificate, JwsError>>,
    /// The usual certificate, and the last one of another name.
    slots: [Mutex<Slot>; 2],
}

/// A certificate that was fetched.
#[derive(Debug, Default)]
struct Slot {
    name: String,
    certificate: Option<Result<Certificate, JwsError>>,
    fetched: Option<SystemTime>,
    asked: Option<SystemTime>,
}

impl Client {
    /// A reader of the notifications of this client's environment. It trusts the compiled-in
    /// certificates: those of the sandbox for the sandbox, those of production for all else.
    ///
    /// # Errors
    /// When the compiled-in certificates cannot be used.
    pub fn notifications(&self) -> Result<Notifications, InputError> {
        let anchors = match self.environment() {
            Environment::Sandbox => SANDBOX,
            _ => PRODUCTION,
        };
        let base = self.environment().certificates_url().trim_end_matches('/');
        Ok(Notifications {
            client: self.clone(),
            folder: [base, FOLDER].concat(),
            anchors: Anchors::from_pem(anchors)?,
            security_code: None,
            given: None,
            slots: Default::default(),
        })
    }
}

impl Notifications {
    /// Verifies the `md5sum` of payments with the security code of the panel, too. An empty code
    /// (none is set in the panel) proves nothing and verifies nothing.
    #[must_use]
    pub fn security_code(mut self, code: impl Into<Secret>) -> Self {
        self.security_code = Some(code.into()).filter(|code| !code.is_empty());
        self
    }

    /// Trusts these certificates (PEM: roots, and intermediates below them) instead of the
    /// compiled-in ones.
    ///
    /// # Errors
    /// A text that holds no root certificate.
    pub fn anchors(mut self, pem: impl AsRef<[u8]>) -> Result<Self, InputError> {
        self.anchors = Anchors::from_pem(pem.as_ref())?;
        Ok(self)
    }

    /// Uses this signing certificate (PEM), and fetches none. It must lead to an anchor all the
    /// same.
    #[must_use]
    pub fn certificate(mut self, pem: impl Into<String>) -> Self {
        self.given = Some(Certificate::from_pem(pem.into().as_bytes()));
        self
    }

    /// Takes signatures whose certificate lies below this URL, such as
    /// `https://secure.tpay.com`, for a client whose calls go through a host of its own.
    #[must_use]
    pub fn certificates_at(mut self, base_url: &str) -> Self {
        self.folder = [base_url.trim_end_matches('/'), FOLDER].concat();
        self
    }

    /// Verifies and reads a notification by its headers and its body, byte for byte as received.
    ///
    /// # Errors
    /// As [`read`](Notifications::read); a signature header that is missing or comes twice is
    /// [`ErrorKind::Verify`].
    pub fn read_request(&self, headers: &HeaderMap, body: &[u8]) -> Result<Notification> {
        let mut values = headers.get_all(HEADER).iter();
        match (values.next().map(|value| value.to_str()), values.next()) {
            (Some(Ok(signature)), None) => self.read(signature, body),
            (None, _) => Err(refusal(JwsError::Missing)),
            _ => Err(refusal(JwsError::Malformed)),
        }
    }

    /// Verifies and reads a notification: the value of its header `X-JWS-Signature`, and its body
    /// byte for byte as received, before any decoding.
    ///
    /// # Errors
    /// [`ErrorKind::Verify`] for what is not genuine, [`ErrorKind::Decode`] for what cannot be
    /// read though it is, and any other kind when the certificate could not be fetched.
    /// [`NotificationReply::to_error`] tells what to answer.
    pub fn read(&self, signature: &str, body: &[u8]) -> Result<Notification> {
        self.verify(signature, body)?;
        let notification = events::read(body)?;
        if let (Notification::Payment(payment), Some(code)) = (&notification, &self.security_code)
            && !payment.md5sum_holds(code)
        {
            let fault = Fault::new(ErrorKind::Verify).with_message("the md5sum does not match");
            return Err(fault.into());
        }
        Ok(notification)
    }

    /// Verifies a signature over a body, and reads nothing.
    ///
    /// # Errors
    /// As [`read`](Notifications::read).
    pub fn verify(&self, signature: &str, body: &[u8]) -> Result<()> {
        let jws = DetachedJws::parse(signature.trim()).map_err(refusal)?;
        let name = jws.file_below(&self.folder).map_err(refusal)?;
        let now = self.now();
        let holds = |certificate: &Result<Certificate, JwsError>| {
            jws.verify(body, certificate.as_ref().map_err(|why| *why)?, &self.anchors, now)
        };
        if let Some(given) = &self.given {
            return holds(given).map_err(refusal);
        }
        let (certificate, was_kept) = self.certificate_of(name, KEPT)?;
        match holds(&certificate) {
            // The certificate may have been replaced within the hour.
            Err(why) if was_kept => match self.certificate_of(name, PAUSE) {
                Ok((fresh, false)) => holds(&fresh).map_err(refusal),
                _ => Err(refusal(why)),
            },
            result => result.map_err(refusal),
        }
    }

    /// The certificate of that name, and whether it was kept from before: not longer than `kept`.
    fn certificate_of(
        &self,
        name: &str,
        kept: Duration,
    ) -> Result<(Result<Certificate, JwsError>, bool)> {
        let [usual, other] = &self.slots;
        let slot = if name == USUAL { usual } else { other };
        // One thread fetches, the others wait.
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        let within = |time: Option<SystemTime>, span: Duration| {
            // A clock that was set back must not keep a certificate for ever.
            let distance = |time| now.duration_since(time).unwrap_or_else(|error| error.duration());
            time.map(distance).is_some_and(|age| age < span)
        };
        if slot.name == name
            && within(slot.fetched, kept)
            && let Some(certificate) = &slot.certificate
        {
            return Ok((certificate.clone(), true));
        }
        if within(slot.asked, PAUSE) {
            let fault = Fault::new(ErrorKind::RateLimited)
                .with_message("the certificate was asked for a moment ago");
            return Err(fault.into());
        }
        let fetched = self.fetch(name);
        // Counted from the end: whoever waited for a fetch that took long and failed must not
        // begin another one.
        slot.asked = Some(self.now());
        let fetched = Certificate::from_pem(fetched?.as_bytes());
        name.clone_into(&mut slot.name);
        slot.certificate = Some(fetched.clone());
        slot.fetched = slot.asked;
        Ok((fetched, false))
    }

    fn now(&self) -> SystemTime {
        self.client.core().clock().now()
    }

    fn fetch(&self, name: &str) -> Result<String> {
        if name == USUAL {
            return self.client.get_signing_certificate();
        }
        let call = RawEndpoint::new(Method::GET, [FOLDER, name].concat())
            .with_site(SECURE)
            .with_credential(Credential::NONE);
        let response = self.client.execute_raw(&call)?;
        pem(&response).map_err(|fault| Error::from_fault(fault, response))
    }
}

fn refusal(why: JwsError) -> Error {
    Fault::new(ErrorKind::Verify).with_message(why.to_string()).into()
}

/// The `md5sum` of a payment notification, of its values as they are sent. For tests, and for
/// whoever receives notifications by other means.
///
/// ```
/// use tpay_client::payment_md5sum;
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
    tr_crc: &str,
    security_code: &Secret,
) -> String {
    md5::hex(&[id, tr_id, tr_amount, tr_crc, security_code.expose()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Endpoint, GetSigningCertificate, Response};

    #[test]
    fn each_environment_trusts_its_own_authority() {
        let trusted = |environment| {
            let nobody = |_| Ok(Response::default());
            let builder = Client::builder("id", "s").transport(nobody).environment(environment);
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
    fn the_usual_certificate_is_the_one_of_the_endpoint() {
        assert_eq!(GetSigningCertificate::new().path(), [FOLDER, USUAL].concat());
    }
}
