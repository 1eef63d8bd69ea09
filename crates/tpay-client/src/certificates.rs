//! The certificates of notifications.

use api_auth::{
    Credential, Endpoint, ErrorKind, Response, ResponseError, Result, Route, Server, route,
};

use crate::Client;

/// The host that serves certificates and the payment page.
pub(crate) const SECURE: Server = Server::named("certificates");

/// `GET /x509/notifications-jws.pem`: the certificate (PEM) that notifications are signed with. It
/// changes now and then.
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetSigningCertificate {}

impl GetSigningCertificate {
    /// Of the client's environment.
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

/// `GET /x509/tpay-jws-root.pem`: the certificates (PEM) above it: the intermediate and the root.
///
/// This crate has them compiled in. Trust what you find here only after comparing it by other
/// means.
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetRootCertificates {}

impl GetRootCertificates {
    /// Of the client's environment.
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

/// The body as text, if it is a certificate.
fn pem(response: &Response) -> Result<String, ResponseError> {
    match str::from_utf8(response.body()) {
        Ok(text) if text.contains("-----END CERTIFICATE-----") => Ok(text.to_owned()),
        _ => {
            Err(ResponseError::new(ErrorKind::Decode).with_message("the answer is no certificate"))
        }
    }
}

impl Client {
    /// The certificate (PEM) that notifications are signed with.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_signing_certificate(&self) -> Result<String> {
        self.send(&GetSigningCertificate::new())
    }

    /// The certificates (PEM) above it. This crate has them compiled in.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_root_certificates(&self) -> Result<String> {
        self.send(&GetRootCertificates::new())
    }
}
