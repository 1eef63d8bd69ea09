//! Handles the endpoints `cert.*`, which list, show, create and reissue certificates, and change
//! their status.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::ask::Ask;
use super::pki::{KeyAndRequest, Subject};
use super::{
    ApiResult, FOREIGN_CERT, ORGANIZATION, Out, PASSPHRASE, Refusal, TinyCert, encrypted, refuse,
};
use crate::date::YEAR;

/// The status of a certificate, as `cert.details` returns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Good,
    Hold,
    Revoked,
    Expired,
    Obsolete,
}

impl Status {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Hold => "hold",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Obsolete => "obsolete",
        }
    }

    fn bit(self) -> i64 {
        match self {
            Self::Expired => 1,
            Self::Good => 2,
            Self::Revoked => 4,
            Self::Hold => 8,
            Self::Obsolete => 0,
        }
    }
}

/// A certificate that a CA of the test account signed, with its key, its signing request and its
/// status.
pub(super) struct Cert {
    pub(super) ca: i64,
    pub(super) subject: Subject,
    sans: Vec<(String, String)>,
    request: Arc<KeyAndRequest>,
    pem: String,
    pub(super) expires: u64,
    status: Status,
}

impl Cert {
    pub(super) fn status(&self, now: u64) -> Status {
        match self.status {
            Status::Good | Status::Hold if now >= self.expires => Status::Expired,
            status => status,
        }
    }

    /// Returns the certificate and its key as a PKCS#12 file, encrypted with the account's
    /// passphrase.
    fn pkcs12(&self) -> Vec<u8> {
        let base64: String = self.pem.lines().filter(|line| !line.starts_with('-')).collect();
        let certificate = STANDARD.decode(base64).unwrap_or_default();
        encrypted::pkcs12(&certificate, &self.request.key_der(), PASSPHRASE)
    }
}

impl TinyCert {
    /// Creates a certificate that the CA with the id `ca` signs, and that expires at `until` (Unix
    /// seconds). `sans` contains the type and the value of each subject alternative name, such as
    /// `("DNS", "www.example.org")`. Returns the id of the certificate.
    ///
    /// # Errors
    /// Returns the reason as a string if there is no such CA, or if a name is not valid in a
    /// certificate.
    pub fn add_cert(
        &mut self,
        ca: i64,
        common_name: &str,
        sans: &[(&str, &str)],
        until: u64,
    ) -> Result<i64, String> {
        let subject = Subject {
            c: "US".to_owned(),
            o: ORGANIZATION.to_owned(),
            cn: common_name.to_owned(),
            ..Subject::default()
        };
        let sans = sans.iter().map(|(kind, value)| ((*kind).into(), (*value).into())).collect();
        self.make_cert(ca, subject, sans, until).map_err(|(_, text)| text)
    }

    fn make_cert(
        &mut self,
        ca: i64,
        subject: Subject,
        sans: Vec<(String, String)>,
        until: u64,
    ) -> Result<i64, Refusal> {
        let request = KeyAndRequest::new(&subject, &sans)
            .or_else(|error| refuse("InputFailure", format!("SANs: {error}")))?;
        self.sign(ca, subject, sans, Arc::new(request), until)
    }

    fn sign(
        &mut self,
        ca: i64,
        subject: Subject,
        sans: Vec<(String, String)>,
        request: Arc<KeyAndRequest>,
        expires: u64,
    ) -> Result<i64, Refusal> {
        let authority =
            &self.cas.get(&ca).ok_or(("NotFound", "ca_id: no such CA".to_owned()))?.authority;
        let (id, now) = (self.last_cert + 1, self.clock.unix());
        let from = now.min(expires).saturating_sub(60);
        let pem = request
            .signed_by(authority, id.unsigned_abs(), from, expires)
            .or_else(|error| refuse("UnknownError", error.to_string()))?;
        self.last_cert = id;
        self.certs
            .insert(id, Cert { ca, subject, sans, request, pem, expires, status: Status::Good });
        Ok(id)
    }

    /// Returns the id and the status, such as `good`, of each certificate with this common name,
    /// oldest first.
    pub fn certs_named(&self, common_name: &str) -> Vec<(i64, &'static str)> {
        let now = self.clock.unix();
        let named = self.certs.iter().filter(|(_, cert)| cert.subject.cn == common_name);
        named.map(|(id, cert)| (*id, cert.status(now).text())).collect()
    }

    /// Returns the PKCS#12 file of the certificate `cert_id`, in DER format. Its passphrase is
    /// [`PASSPHRASE`]. Returns `None` if there is no such certificate.
    pub fn pkcs12(&self, cert_id: i64) -> Option<Vec<u8>> {
        self.certs.get(&cert_id).map(Cert::pkcs12)
    }

    /// Returns the certificate to which the parameter `cert_id` refers, and its id. Returns an
    /// error if the certificate does not exist or belongs to another account.
    fn cert(&self, ask: &Ask) -> Result<(i64, &Cert), Refusal> {
        let id = ask.number("cert_id")?;
        match self.certs.get(&id) {
            _ if id == FOREIGN_CERT => {
                refuse("AccessDenied", "cert_id: the certificate belongs to another account")
            }
            Some(cert) => Ok((id, cert)),
            None => refuse("NotFound", "cert_id: no such certificate"),
        }
    }

    pub(super) fn cert_list(&self, ask: &Ask) -> ApiResult {
        let (ca, _) = self.ca(ask)?;
        let what = ask.number("what")?;
        if !(1..=15).contains(&what) {
            return refuse("InputFailure", "what: must be from 1 to 15");
        }
        let now = self.clock.unix();
        let listed = self
            .certs
            .iter()
            .filter(|(_, cert)| cert.ca == ca && cert.status(now).bit() & what != 0);
        let listed = listed.map(|(id, cert)| {
            let status = cert.status(now).text();
            json!({ "id": id, "name": cert.subject.cn, "status": status, "expires": cert.expires })
        });
        Ok(Out::Json(listed.collect()))
    }

    pub(super) fn cert_details(&self, ask: &Ask) -> ApiResult {
        let (id, cert) = self.cert(ask)?;
        let subject = &cert.subject;
        let sans: Vec<Value> =
            cert.sans.iter().map(|(kind, value)| json!({ kind.as_str(): value })).collect();
        let alt = if sans.is_empty() { Value::Null } else { Value::from(sans) };
        Ok(Out::Json(json!({
            "id": id, "status": cert.status(self.clock.unix()).text(), "C": subject.c,
            "ST": subject.st, "L": subject.l, "O": subject.o, "OU": subject.ou,
            "CN": subject.cn, "Alt": alt,
        })))
    }

    pub(super) fn cert_get(&self, ask: &Ask) -> ApiResult {
        let (_, cert) = self.cert(ask)?;
        let pem = match ask.need("what")? {
            "cert" => cert.pem.clone(),
            "chain" => {
                let ca = self.cas.get(&cert.ca).map_or("", |ca| ca.authority.pem.as_str());
                [cert.pem.as_str(), ca].concat()
            }
            "csr" => cert.request.csr.clone(),
            "key.dec" => cert.request.key_pem(),
            "key.enc" => encrypted::key_pem(&cert.request.key_der(), PASSPHRASE),
            "pkcs12" => {
                return Ok(Out::Json(json!({ "pkcs12": STANDARD.encode(cert.pkcs12()) })));
            }
            _ => {
                let why = "what: must be one of cert, chain, csr, key.dec, key.enc, pkcs12";
                return refuse("InputFailure", why);
            }
        };
        Ok(Out::Json(json!({ "pem": pem })))
    }

    pub(super) fn cert_new(&mut self, ask: &Ask) -> ApiResult {
        let (ca, _) = self.ca(ask)?;
        let mut subject = ask.subject()?;
        subject.cn = ask.need("CN")?.to_owned();
        subject.ou = ask.get("OU").unwrap_or_default().to_owned();
        let sans = ask.sans()?;
        self.count_creation()?;
        let until = self.clock.unix() + YEAR;
        Ok(Out::Json(json!({ "cert_id": self.make_cert(ca, subject, sans, until)? })))
    }

    pub(super) fn cert_reissue(&mut self, ask: &Ask) -> ApiResult {
        let (id, cert) = self.cert(ask)?;
        let now = self.clock.unix();
        let replaced = match cert.status(now) {
            Status::Obsolete => {
                return refuse("NotLatest", "cert_id: the certificate was reissued before");
            }
            Status::Good | Status::Hold => true,
            // Not documented: certificates with these statuses keep them, and can be reissued
            // repeatedly.
            Status::Expired | Status::Revoked => false,
        };
        let (ca, subject, sans) = (cert.ca, cert.subject.clone(), cert.sans.clone());
        let request = cert.request.clone();
        self.count_creation()?;
        let new = self.sign(ca, subject, sans, request, now + YEAR)?;
        if let Some(old) = self.certs.get_mut(&id).filter(|_| replaced) {
            old.status = Status::Obsolete;
        }
        Ok(Out::Json(json!({ "cert_id": new })))
    }

    pub(super) fn cert_status(&mut self, ask: &Ask) -> ApiResult {
        let (id, cert) = self.cert(ask)?;
        let status = match ask.need("status")? {
            "good" => Status::Good,
            "hold" => Status::Hold,
            "revoked" => Status::Revoked,
            _ => return refuse("InputFailure", "status: must be one of good, hold, revoked"),
        };
        if matches!(cert.status(self.clock.unix()), Status::Expired | Status::Obsolete) {
            return refuse("StatusDisallowed", "status: the certificate is expired or obsolete");
        }
        if let Some(cert) = self.certs.get_mut(&id) {
            cert.status = status;
        }
        Ok(Out::Success)
    }
}
