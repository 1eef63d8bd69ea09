//! A session: one short method an endpoint.

use std::fmt;
use std::sync::Arc;

use api_auth::hmac::form_digest::FormSession;
use api_auth::{Clock, Result, Secret, SecretBytes};

use crate::{
    CaDetails, CaId, CaItem, CertDetails, CertId, CertItem, CertPart, CertStatus, DeleteCa,
    Disconnect, GetCa, GetCaDetails, GetCert, GetCertDetails, GetKey, GetPkcs12, KeyForm, ListCas,
    ListCerts, NewCa, NewCert, ReissueCert, SetCertStatus, StatusMask,
};

/// An open session. Use it from any number of threads.
///
/// Dropping it disconnects, which takes one call, and whose failure nobody hears of; use
/// [`disconnect`](Session::disconnect) to hear of it, or [`into_token`](Session::into_token) to
/// leave the session open. A session that was resumed, or is kept in a
/// [token store](crate::Builder::token_store), stays open by itself.
pub struct Session {
    pub(crate) core: api_auth::Client,
    auth: Arc<FormSession>,
    ends_on_drop: bool,
}

impl Session {
    pub(crate) fn new(core: api_auth::Client, auth: Arc<FormSession>, ends_on_drop: bool) -> Self {
        Self { core, auth, ends_on_drop }
    }

    /// All CAs of the account.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_cas(&self) -> Result<Vec<CaItem>> {
        self.send(&ListCas)
    }

    /// Subject and hash of a CA.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn ca_details(&self, ca_id: CaId) -> Result<CaDetails> {
        self.send(&GetCaDetails::new(ca_id))
    }

    /// The certificate of a CA, as PEM text.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_ca(&self, ca_id: CaId) -> Result<String> {
        self.send(&GetCa::new(ca_id))
    }

    /// Deletes a CA **and all of its certificates**.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn delete_ca(&self, ca_id: CaId) -> Result<()> {
        self.send(&DeleteCa::new(ca_id))
    }

    /// Makes a CA. It is never repeated after a lost answer; see also
    /// [`get_or_create_ca`](Session::get_or_create_ca).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn new_ca(&self, new: &NewCa) -> Result<CaId> {
        self.send(new)
    }

    /// The certificates of a CA that have a status of the set; obsolete ones are never listed.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_certs(&self, ca_id: CaId, what: StatusMask) -> Result<Vec<CertItem>> {
        self.send(&ListCerts::new(ca_id, what))
    }

    /// Subject, status and names of a certificate.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn cert_details(&self, cert_id: CertId) -> Result<CertDetails> {
        self.send(&GetCertDetails::new(cert_id))
    }

    /// A certificate, its chain or its request, as PEM text.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_cert(&self, cert_id: CertId, what: CertPart) -> Result<String> {
        self.send(&GetCert::new(cert_id, what))
    }

    /// The private key of a certificate, as PEM text.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_key(&self, cert_id: CertId, form: KeyForm) -> Result<Secret> {
        self.send(&GetKey::new(cert_id, form))
    }

    /// Certificate and private key in one PKCS#12 file (`.pfx`), which the account's passphrase
    /// opens.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_pkcs12(&self, cert_id: CertId) -> Result<SecretBytes> {
        self.send(&GetPkcs12::new(cert_id))
    }

    /// Makes a key pair and a certificate for a year. It is never repeated after a lost answer;
    /// see also [`issue_cert`](Session::issue_cert).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn new_cert(&self, new: &NewCert) -> Result<CertId> {
        self.send(new)
    }

    /// Renews a certificate for a year from now, with the same key, under a new id. It is never
    /// repeated after a lost answer; see also [`renew`](Session::renew).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn reissue_cert(&self, cert_id: CertId) -> Result<CertId> {
        self.send(&ReissueCert::new(cert_id))
    }

    /// Makes a certificate good, hold or revoked, from any of the three. Setting the status that
    /// it has is a success.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn set_cert_status(&self, cert_id: CertId, status: CertStatus) -> Result<()> {
        self.send(&SetCertStatus::new(cert_id, status))
    }

    /// Closes the session. One that the server does not know any more is not opened again for
    /// this: the error says so.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn disconnect(mut self) -> Result<()> {
        self.ends_on_drop = false;
        self.end()
    }

    fn end(&self) -> Result<()> {
        self.auth.close();
        // There is no token after a failed attempt to open the session again.
        if self.auth.token().is_none() { Ok(()) } else { self.send(&Disconnect) }
    }

    /// The token, which opens nothing but is as good as the credentials while the session lives:
    /// for [`Client::resume`](crate::Client::resume) in another process.
    pub fn token(&self) -> Option<Secret> {
        self.auth.token()
    }

    /// Leaves the session open and gives its token out; see
    /// [`Client::resume`](crate::Client::resume).
    pub fn into_token(mut self) -> Option<Secret> {
        self.ends_on_drop = false;
        self.auth.token()
    }

    /// The clock that the session goes by.
    pub fn clock(&self) -> &dyn Clock {
        self.core.clock()
    }

    api_auth::client_verbs!();
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.ends_on_drop {
            let _ = self.end();
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("core", &self.core).finish_non_exhaustive()
    }
}
