//! Methods that renew and issue certificates, and write them to files.
//!
//! These methods of [`Session`] send several requests, and handle requests with an unknown outcome:
//! [`Session::renew`] and [`Session::issue_cert`] create exactly one certificate, even if a
//! response is lost. [`Session::renew_to_files`] and [`Session::issue_to_files`] also write the
//! files of a TLS server; see the module [`files`](crate::files).
//!
//! ```no_run
//! use tinycert_client::{KeyPairFiles, Session};
//!
//! let session = Session::from_env()?;
//! let ca = session.find_ca("ACME, Inc.")?.ok_or("there is no CA with this name")?;
//! for cert in session.expiring_certs(ca.id, 30)? {
//!     let files = KeyPairFiles::for_name("/etc/ssl/acme", &cert.name.unwrap_or_default());
//!     session.renew_to_files(ca.id, cert.id, &files)?;
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::BTreeSet;

use api_auth::{Error, InputError, Result, UnixTime};

use crate::ca::{CaId, CaItem, CreateCa};
use crate::cert::{CertId, CertItem, CertPart, CertStatus, CreateCert, KeyForm, StatusMask};
use crate::error::{ErrorCode, ErrorExt};
use crate::files::{FileError, KeyPairFiles, Prepared};
use crate::session::Session;

const DAY: i64 = 86_400;
/// The validity period of a new certificate, in seconds.
const YEAR: i64 = 365 * DAY;

/// The result of a renewal: the successor of a certificate.
///
/// See the example in the module [`renewal`](crate::renewal).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Renewal {
    /// The id of the certificate to use from now on.
    pub cert_id: CertId,
    /// Whether this call created the certificate. If not, the old certificate had already been
    /// renewed.
    pub is_new: bool,
}

/// # Finding, issuing and renewing
///
/// These methods send several requests; see the module [`renewal`](crate::renewal).
impl Session {
    /// Returns the CA whose organization is `name`. If there is none, returns the CA whose common
    /// name (the organization followed by ` CA`) is `name`. Returns `None` if there is neither.
    ///
    /// See the example in the module [`renewal`](crate::renewal).
    ///
    /// # Errors
    /// Returns an error if several CAs have this name: in this case, use the id. For other errors,
    /// see [`ErrorKind`](crate::ErrorKind).
    pub fn find_ca(&self, name: &str) -> Result<Option<CaItem>> {
        let cas = self.list_cas()?;
        match only(&cas, name)? {
            Some(ca) => Ok(Some(ca)),
            None => name.strip_suffix(" CA").map_or(Ok(None), |name| only(&cas, name)),
        }
    }

    /// Returns the id of the CA with this organization. Creates the CA if there is none. The other
    /// fields of `request` are used only for a new CA.
    ///
    /// If the outcome of the creation is unknown, the CA is looked up in the list of CAs.
    ///
    /// See the example in the module [`renewal`](crate::renewal).
    ///
    /// # Errors
    /// See [`find_ca`](Session::find_ca). An error with an unknown outcome means that the CA was
    /// not in the list, or that the list could not be read. A later call will find the CA if it was
    /// created.
    pub fn get_or_create_ca(&self, request: &CreateCa) -> Result<CaId> {
        if let Some(ca) = only(&self.list_cas()?, request.name())? {
            return Ok(ca.id);
        }
        match self.create_ca(request) {
            // If the lookup fails, the first error is returned, because it shows that the CA may
            // exist.
            Err(error) if error.outcome_unknown() => match self.list_cas() {
                Ok(cas) => only(&cas, request.name())?.map(|ca| ca.id).ok_or(error),
                Err(_) => Err(error),
            },
            result => result,
        }
    }

    /// Returns the id of a certificate with the subject and names of `request`. Creates the
    /// certificate unless such a certificate was created within about the last 24 hours. Therefore,
    /// the call can be repeated after an error, even by another process.
    ///
    /// The lookup accepts only a certificate with the status good that expires at least 364 days
    /// from now, so it was created or renewed within the last day. To create another certificate
    /// within that time, call [`create_cert`](Session::create_cert). If the outcome of the creation
    /// is unknown, the list is searched for a certificate that was not in the list before.
    ///
    /// See the example in the module [`renewal`](crate::renewal).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). An error with an unknown outcome means that the
    /// certificate was not in the list, or that the list could not be read. If the request timed
    /// out, the server may still be processing it: wait before you repeat the call.
    pub fn issue_cert(&self, request: &CreateCert) -> Result<CertId> {
        let list = || self.list_certs(request.ca(), StatusMask::GOOD);
        let before = list()?;
        let known: BTreeSet<CertId> = before.iter().map(|cert| cert.id).collect();
        if let Some(cert_id) = self.recently_issued(request, before)? {
            return Ok(cert_id);
        }
        match self.create_cert(request) {
            // If the lookup fails, the first error is returned, because it shows that the
            // certificate may exist.
            Err(error) if error.outcome_unknown() => {
                let is_new = |cert: &CertItem| !known.contains(&cert.id);
                let found = list().and_then(|after| self.issued(request, after, is_new));
                found.ok().flatten().ok_or(error)
            }
            result => result,
        }
    }

    /// Returns the id of the certificate that [`issue_cert`](Session::issue_cert) would return
    /// without creating one, or `None` if it would create one. Only reads.
    ///
    /// See the example in the module [`renewal`](crate::renewal).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn find_issued(&self, request: &CreateCert) -> Result<Option<CertId>> {
        self.recently_issued(request, self.list_certs(request.ca(), StatusMask::GOOD)?)
    }

    fn recently_issued(
        &self,
        request: &CreateCert,
        certs: Vec<CertItem>,
    ) -> Result<Option<CertId>> {
        let expires_after = UnixTime::from(self.clock().now()).seconds().saturating_add(YEAR - DAY);
        self.issued(request, certs, |cert| {
            cert.expires.is_some_and(|end| end.seconds() >= expires_after)
        })
    }

    /// Returns the id of the latest certificate in `certs` that has the status good and the subject
    /// and names of the request, and that `is_candidate` accepts.
    fn issued(
        &self,
        request: &CreateCert,
        mut certs: Vec<CertItem>,
        is_candidate: impl Fn(&CertItem) -> bool,
    ) -> Result<Option<CertId>> {
        certs.retain(|cert| {
            is_good(cert)
                && cert.name.as_deref().is_some_and(|name| request.is_named(name))
                && is_candidate(cert)
        });
        certs.sort_by_key(|cert| (cert.expires, cert.id));
        for cert in certs.into_iter().rev() {
            if request.describes(&self.get_cert_details(cert.id)?) {
                return Ok(Some(cert.id));
            }
        }
        Ok(None)
    }

    /// Returns the certificates of a CA that are due for renewal, sorted by expiry, from the
    /// earliest to the latest. A certificate with the status good is due if it expires within
    /// `days` days. An expired certificate is due if no certificate with the same name is good, on
    /// hold or revoked.
    ///
    /// See the example in the module [`renewal`](crate::renewal).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn expiring_certs(&self, ca_id: CaId, days: u32) -> Result<Vec<CertItem>> {
        let certs = self.list_certs(ca_id, StatusMask::ALL)?;
        let end =
            UnixTime::from(self.clock().now()).seconds().saturating_add(i64::from(days) * DAY);
        let has_expired = |cert: &CertItem| cert.status == Some(CertStatus::Expired);
        let replaced: BTreeSet<String> = certs
            .iter()
            .filter(|cert| !has_expired(cert))
            .filter_map(|cert| cert.name.clone())
            .collect();
        let mut expiring: Vec<CertItem> = certs
            .into_iter()
            .filter(|cert| {
                let expires_soon = cert.expires.is_some_and(|expires| expires.seconds() <= end);
                let is_replaced = cert.name.as_ref().is_some_and(|name| replaced.contains(name));
                (is_good(cert) && expires_soon) || (has_expired(cert) && !is_replaced)
            })
            .collect();
        expiring.sort_by_key(|cert| (cert.expires, cert.id));
        Ok(expiring)
    }

    /// Renews a certificate: reissues it, unless it already has a successor.
    ///
    /// The operation is idempotent and creates exactly one successor: a certificate with the status
    /// good, the same name, the same certificate signing request (and therefore the same key) and a
    /// later expiry. If the outcome of the reissue is unknown, the successor is looked up in the
    /// CA's list of certificates. If it is not listed, the reissue is requested once more, except
    /// after a timeout, because the server may still be processing the first request.
    ///
    /// See the example in the module [`renewal`](crate::renewal).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn renew(&self, ca_id: CaId, cert_id: CertId) -> Result<Renewal> {
        if let Some(cert_id) = self.successor(ca_id, cert_id)? {
            return Ok(Renewal { cert_id, is_new: false });
        }
        let error = match self.reissue_cert(cert_id) {
            Ok(cert_id) => return Ok(Renewal { cert_id, is_new: true }),
            Err(error) if may_be_reissued(&error) => error,
            Err(error) => return Err(error),
        };
        let found = |cert_id| Renewal { cert_id, is_new: true };
        match self.successor(ca_id, cert_id) {
            Ok(Some(cert_id)) => return Ok(found(cert_id)),
            Ok(None) => {}
            Err(look_up) => return Err(first_unknown(error, look_up)),
        }
        if !error.outcome_unknown() || error.is_timeout() {
            return Err(error);
        }
        match self.reissue_cert(cert_id) {
            Err(error) if may_be_reissued(&error) => match self.successor(ca_id, cert_id) {
                Ok(successor) => successor.map(found).ok_or(error),
                Err(look_up) => Err(first_unknown(error, look_up)),
            },
            result => result.map(found),
        }
    }

    /// Renews a certificate like [`renew`](Session::renew), and writes its chain and key to
    /// `files`. Before the first request, this method checks that the files can be written.
    ///
    /// If an error is returned after the reissue, call the method again with the same id to write
    /// the files.
    ///
    /// See the example in the module [`renewal`](crate::renewal).
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn renew_to_files(
        &self,
        ca_id: CaId,
        cert_id: CertId,
        files: &KeyPairFiles,
    ) -> Result<Renewal, FileError> {
        let prepared = files.prepare()?;
        let renewal = self.renew(ca_id, cert_id)?;
        self.save(renewal.cert_id, prepared)?;
        Ok(renewal)
    }

    /// Creates a certificate like [`issue_cert`](Session::issue_cert), and writes its chain and key
    /// to `files`. Before the first request, this method checks that the files can be written.
    ///
    /// If an error is returned after the certificate was created, call the method again to write
    /// the files: for about a day, it finds the certificate. Later, find its id with
    /// [`list_certs`](Session::list_certs) and call [`save_to_files`](Session::save_to_files).
    ///
    /// See the example in the module [`renewal`](crate::renewal).
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn issue_to_files(
        &self,
        request: &CreateCert,
        files: &KeyPairFiles,
    ) -> Result<CertId, FileError> {
        let prepared = files.prepare()?;
        let cert_id = self.issue_cert(request)?;
        self.save(cert_id, prepared)?;
        Ok(cert_id)
    }

    /// Writes the chain and the key of a certificate to `files`. Before the first request, this
    /// method checks that the files can be written.
    ///
    /// See the example in the module [`renewal`](crate::renewal).
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn save_to_files(&self, cert_id: CertId, files: &KeyPairFiles) -> Result<(), FileError> {
        self.save(cert_id, files.prepare()?)
    }

    fn save(&self, cert_id: CertId, prepared: Prepared) -> Result<(), FileError> {
        let chain = self.get_cert(cert_id, CertPart::Chain)?;
        let key = self.get_key(cert_id, KeyForm::Decrypted)?;
        prepared.write(&chain, &key)
    }

    /// Returns the id of the successor of a certificate, or `None` if there is none. The successor
    /// is the latest certificate with the status `good`, the same name, the same CSR and a later
    /// expiry. The expiry of an obsolete certificate is unknown, so it is not compared.
    fn successor(&self, ca_id: CaId, cert_id: CertId) -> Result<Option<CertId>> {
        let certs = self.list_certs(ca_id, StatusMask::ALL)?;
        // The list never contains obsolete certificates.
        let (name, end) = match certs.iter().find(|cert| cert.id == cert_id) {
            Some(cert) => (cert.name.clone(), (cert.expires, cert.id)),
            None => (self.get_cert_details(cert_id)?.common_name, (None, cert_id)),
        };
        let mut later: Vec<&CertItem> = certs
            .iter()
            .filter(|cert| is_good(cert) && cert.name == name && (cert.expires, cert.id) > end)
            .collect();
        if later.is_empty() {
            return Ok(None);
        }
        later.sort_by_key(|cert| (cert.expires, cert.id));
        let csr = self.get_cert(cert_id, CertPart::Csr)?;
        for cert in later.into_iter().rev() {
            if self.get_cert(cert.id, CertPart::Csr)?.trim() == csr.trim() {
                return Ok(Some(cert.id));
            }
        }
        Ok(None)
    }
}

/// Returns the only CA with this organization, or `None` if there is none. Returns an error if
/// there are several.
fn only(cas: &[CaItem], name: &str) -> Result<Option<CaItem>> {
    let found: Vec<_> = cas.iter().filter(|ca| ca.name.as_deref() == Some(name)).collect();
    if let [_, _, ..] = &*found {
        let ids: Vec<_> = found.iter().map(|ca| ca.id.to_string()).collect();
        let ids = ids.join(", ");
        let problem = format!("belongs to several CAs; use the id of one of them: {ids}");
        return Err(InputError::new("name", problem).into());
    }
    Ok(found.first().map(|ca| (*ca).clone()))
}

fn is_good(cert: &CertItem) -> bool {
    cert.status == Some(CertStatus::Good)
}

/// Returns the error of a reissue if its outcome is unknown, because the error of the lookup does
/// not show this. Otherwise, returns the error of the lookup.
fn first_unknown(reissue: Error, look_up: Error) -> Error {
    if reissue.outcome_unknown() { reissue } else { look_up }
}

/// Returns whether the certificate may have been reissued by this request or an earlier one,
/// although this request failed.
fn may_be_reissued(error: &Error) -> bool {
    error.outcome_unknown() || error.error_code() == Some(ErrorCode::NotLatest)
}
