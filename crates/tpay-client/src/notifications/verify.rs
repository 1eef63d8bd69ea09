//! Verification of signatures: which certificates are tried, and when they are fetched.

use std::sync::Arc;
use std::time::SystemTime;

use api_auth::jws::{Certificate, DetachedJws, JwsError};
use api_auth::{
    Credential, Endpoint, Error, ErrorKind, InputError, Method, RawEndpoint, ResponseError,
};
use api_auth::{Response, Result};

use super::cache::{Claim, Fetch};
use super::{AUTHORITIES, FOLDER, Notifications, SIGNING, invalid_signature};
use crate::certificates::SECURE;
use crate::certificates::{GetRootCertificates, GetSigningCertificate};

/// The body of a notification and its signature, which has not been verified yet.
struct Message<'a> {
    jws: DetachedJws<'a>,
    body: &'a [u8],
    now: SystemTime,
}

impl Notifications {
    /// Verifies the signature of a body without parsing the body.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Verify`] if the signature is invalid, and another kind if the
    /// certificate could not be fetched or a setting is invalid.
    pub fn verify(&self, signature: &str, body: &[u8]) -> Result<()> {
        let jws = DetachedJws::parse(signature.trim()).map_err(invalid_signature)?;
        let name = jws.file_below(&self.folder).map_err(invalid_signature)?.to_owned();
        let message = Message { jws, body, now: self.now() };
        match &self.given {
            Some(Ok(given)) => return self.verify_by(&message, given).map_err(invalid_signature),
            Some(Err(_)) => {
                let problem = "is not a certificate in PEM format";
                return Err(InputError::new("certificate", problem).into());
            }
            None => {}
        }
        // Cached certificates are tried first, so that a message that one of them verifies does not
        // wait for a fetch.
        if self.verify_by_any(&message, &name, &self.cache.fresh(&name, message.now)).is_ok() {
            return Ok(());
        }
        let verify_cached = || self.verify_by_any(&message, &name, &self.cache.all(&name));
        let mut result = self.with_newest(&name, &verify_cached)?;
        if result.is_err_and(is_about_chain) && name != AUTHORITIES {
            result = self.with_newest(AUTHORITIES, &verify_cached)?;
        }
        result.map_err(invalid_signature)
    }

    /// Fetches the newest file with this name, if a fetch is allowed now, and then verifies a
    /// message with `verify_cached`. The inner result is that of the verification.
    ///
    /// # Errors
    /// Returns an error if the message cannot be verified and the newest file is not known, because
    /// the file could not be fetched or must not be fetched yet.
    fn with_newest(
        &self,
        name: &str,
        verify_cached: &dyn Fn() -> Result<(), JwsError>,
    ) -> Result<Result<(), JwsError>> {
        let newest = match self.cache.claim(name, self.now()) {
            Claim::Fetch(fetch) => self.fetch(name, fetch).map(|()| true),
            // Certificates whose TTL has passed still verify messages during the fetch.
            Claim::Running(_) if verify_cached().is_ok() => return Ok(Ok(())),
            Claim::Running(running) => Ok(running.wait()),
            Claim::Paused => Ok(false),
        };
        match (verify_cached(), newest) {
            (Ok(()), _) => Ok(Ok(())),
            (Err(_), Err(error)) => Err(error),
            (Err(why), Ok(false)) => Err(paused(why)),
            (Err(why), Ok(true)) => Ok(Err(why)),
        }
    }

    /// Verifies a message with each of the certificates of a name, the newest first, until one
    /// succeeds. If none succeeds, returns the error of the newest certificate.
    fn verify_by_any(
        &self,
        message: &Message<'_>,
        name: &str,
        certificates: &[Arc<Certificate>],
    ) -> Result<(), JwsError> {
        let mut newest = None;
        for certificate in certificates {
            match self.verify_by(message, certificate) {
                Ok(()) => {
                    self.cache.verified(name, certificate);
                    return Ok(());
                }
                Err(why) => newest = newest.or(Some(why)),
            }
        }
        Err(newest.unwrap_or(JwsError::Chain))
    }

    /// Verifies a message with a certificate, alone or with the fetched intermediates. The
    /// intermediates are not trust anchors: the chain must end at a trust anchor.
    fn verify_by(&self, message: &Message<'_>, certificate: &Certificate) -> Result<(), JwsError> {
        let verify = |certificate: &Certificate| {
            message.jws.verify(message.body, certificate, &self.anchors, message.now)
        };
        let alone = verify(certificate);
        if !alone.is_err_and(is_about_chain) {
            return alone;
        }
        for authorities in self.cache.all(AUTHORITIES) {
            let result = verify(&certificate.with_intermediates(&authorities));
            if result.is_ok() {
                self.cache.verified(AUTHORITIES, &authorities);
            }
            if !result.is_err_and(is_about_chain) {
                return result;
            }
        }
        alone
    }

    fn now(&self) -> SystemTime {
        self.core.clock().now()
    }

    fn fetch(&self, name: &str, fetch: Fetch<'_>) -> Result<()> {
        match self.get(name) {
            Ok(certificate) => {
                fetch.end(Some(certificate), self.now());
                Ok(())
            }
            Err(error) => {
                fetch.end(None, self.now());
                Err(error)
            }
        }
    }

    /// Requests the file with this name, without retries, and parses the certificates in it.
    fn get(&self, name: &str) -> Result<Certificate> {
        let response = match name {
            SIGNING => self.text(&GetSigningCertificate::new()),
            AUTHORITIES => self.text(&GetRootCertificates::new()),
            _ => {
                let call = RawEndpoint::new(Method::GET, [FOLDER, name].concat())
                    .with_server(SECURE)
                    .with_credential(Credential::NONE);
                self.core.send_raw(&call)
            }
        }?;
        // A certificate that cannot be parsed is an error of the server. The message may be
        // genuine.
        Certificate::from_pem(response.body()).map_err(|_| {
            let problem = "the signing certificate of notifications cannot be parsed";
            Error::from_response(
                ResponseError::new(ErrorKind::Decode).with_message(problem),
                response,
            )
        })
    }

    fn text(&self, endpoint: &impl Endpoint<Output = String>) -> Result<Response> {
        Ok(self.core.send_with_response(endpoint)?.map(String::into_bytes))
    }
}

/// Returns whether the message could be valid with a different intermediate certificate.
fn is_about_chain(why: JwsError) -> bool {
    matches!(why, JwsError::Chain | JwsError::Time)
}

/// Creates the error for a message that a newer certificate could verify.
fn paused(why: JwsError) -> Error {
    let message = format!(
        "the certificate may have been replaced, but the new one cannot be fetched yet: {why}"
    );
    ResponseError::new(ErrorKind::RateLimited).with_message(message).into()
}
