//! The certificates that verify notifications. The notification reader fetches them itself, so most
//! programs do not need these endpoints.
//!
//! ```no_run
//! let pem = tpay_client::Client::from_env()?.get_signing_certificate()?;
//! assert!(pem.contains("BEGIN CERTIFICATE"));
//! # Ok::<(), tpay_client::Error>(())
//! ```

use api_auth::{
    Credential, Endpoint, ErrorKind, Response, ResponseError, Result, Route, Server, route,
};

use crate::Client;

/// The host that serves the certificates and the payment page.
pub(crate) const SECURE: Server = Server::named("certificates");

/// `GET /x509/notifications-jws.pem`: returns the certificate (PEM) of the key that signs
/// notifications. The provider replaces the certificate from time to time.
///
/// See the example in the module [`certificates`](crate::certificates).
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetSigningCertificate {}

impl GetSigningCertificate {
    /// Creates a request to the certificate host of the client's environment.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Endpoint for GetSigningCertificate {
    type Output = String;
    const ID: &'static str = "certificates.signing";
    const ROUTE: Route<Self> = route!(GET "/x509/notifications-jws.pem")
        .credential(Credential::NONE)
        .server(SECURE)
        .accept("*/*");

    fn parse(&self, response: &Response) -> Result<String, ResponseError> {
        pem(response)
    }
}

/// `GET /x509/tpay-jws-root.pem`: returns the intermediate and the root certificate (PEM) in the
/// chain of the signing certificate.
///
/// This crate contains both certificates. Verify a certificate from this endpoint by other means
/// before you trust it.
///
/// See the example in the module [`certificates`](crate::certificates).
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetRootCertificates {}

impl GetRootCertificates {
    /// Creates a request to the certificate host of the client's environment.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Endpoint for GetRootCertificates {
    type Output = String;
    const ID: &'static str = "certificates.root";
    const ROUTE: Route<Self> = route!(GET "/x509/tpay-jws-root.pem")
        .credential(Credential::NONE)
        .server(SECURE)
        .accept("*/*");

    fn parse(&self, response: &Response) -> Result<String, ResponseError> {
        pem(response)
    }
}

/// Returns the body as a string. Returns an error if it does not contain a certificate in PEM
/// format.
fn pem(response: &Response) -> Result<String, ResponseError> {
    let problem = match str::from_utf8(response.body()) {
        Ok("") => "the response body is empty",
        Ok(text) if text.contains("-----END CERTIFICATE-----") => return Ok(text.to_owned()),
        _ => "the response is not a certificate",
    };
    Err(ResponseError::new(ErrorKind::Decode).with_message(problem))
}

/// # Certificates
///
/// See the module [`certificates`](crate::certificates), which contains an example.
impl Client {
    /// Returns the certificate (PEM) of the key that signs notifications.
    ///
    /// See the example in the module [`certificates`](crate::certificates).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_signing_certificate(&self) -> Result<String> {
        self.send(&GetSigningCertificate::new())
    }

    /// Returns the intermediate and the root certificate (PEM) in the chain of the signing
    /// certificate. This crate contains both.
    ///
    /// See the example in the module [`certificates`](crate::certificates).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_root_certificates(&self) -> Result<String> {
        self.send(&GetRootCertificates::new())
    }
}
