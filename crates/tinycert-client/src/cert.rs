//! Certificates: list, create, get, reissue and revoke them.
//!
//! A certificate belongs to a CA (see the module [`ca`](crate::ca)) and is valid for one year. The
//! methods belong to [`Session`]. The module [`renewal`](crate::renewal) contains methods that
//! can safely be repeated after an error, and methods that write files.
//!
//! ```no_run
//! use tinycert_client::cert::StatusMask;
//! use tinycert_client::{CaId, CertPart, Session};
//!
//! let session = Session::from_env()?;
//! for cert in session.list_certs(CaId::new(561), StatusMask::GOOD)? {
//!     println!("{} {:?}", cert.id, cert.expires);
//!     println!("{}", session.get_cert(cert.id, CertPart::Chain)?);
//! }
//! # Ok::<(), tinycert_client::Error>(())
//! ```

mod san;

use std::collections::BTreeSet;
use std::fmt;
use std::ops::BitOr;

use api_auth::{
    Body, Endpoint, ErrorKind, ExtraFields, InputError, Params, Response, ResponseError, Result,
    Route, Secret, SecretBytes, UnixTime, route, setters, wire_enum,
};
use serde::{Deserialize, Serialize};

use crate::ca::CaId;
use crate::id::id;
use crate::session::Session;
use crate::{error, validate};

pub use san::San;

id! {
    /// The id of a certificate, such as 14236. Reissuing a certificate creates a successor with a
    /// new id.
    ///
    /// See the example in the module [`cert`](crate::cert).
    ///
    /// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/cert/new` and
    /// `www.tinycert.org/docs/api/v1/cert/reissue`.
    pub struct CertId;
}

wire_enum! {
    /// The status of a certificate.
    ///
    /// See the example in the module [`cert`](crate::cert).
    ///
    /// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/cert/details` and
    /// `www.tinycert.org/docs/api/v1/cert/status`.
    pub enum CertStatus {
        /// The certificate is valid.
        Good = "good",
        /// The certificate is suspended. It can be reinstated.
        Hold = "hold",
        /// The certificate has expired.
        Expired = "expired",
        /// The certificate is revoked. It can be reinstated.
        Revoked = "revoked",
        /// The certificate was reissued and replaced by its successor. Lists never contain such a
        /// certificate.
        Obsolete = "obsolete",
    }
}

/// A set of statuses that selects the certificates in a list.
///
/// ```
/// use tinycert_client::cert::StatusMask;
///
/// let mask = StatusMask::GOOD | StatusMask::EXPIRED;
/// assert_eq!(mask.bits(), 3);
/// assert!(mask.contains(StatusMask::GOOD) && !mask.contains(StatusMask::HOLD));
/// assert_eq!(format!("{mask:?}"), "StatusMask(expired | good)");
/// ```
///
/// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/cert/list`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StatusMask(u8);

impl StatusMask {
    /// Expired certificates.
    pub const EXPIRED: Self = Self(1);
    /// Valid certificates.
    pub const GOOD: Self = Self(2);
    /// Revoked certificates.
    pub const REVOKED: Self = Self(4);
    /// Suspended certificates.
    pub const HOLD: Self = Self(8);
    /// Certificates with any of the four statuses.
    pub const ALL: Self = Self(15);

    const NAMES: [(Self, &'static str); 4] = [
        (Self::EXPIRED, "expired"),
        (Self::GOOD, "good"),
        (Self::REVOKED, "revoked"),
        (Self::HOLD, "hold"),
    ];

    /// Returns the set with these bits. Returns `None` if no bit is set, or if a bit is set that is
    /// not in [`ALL`](Self::ALL).
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits == 0 || bits > Self::ALL.0 { None } else { Some(Self(bits)) }
    }

    /// Returns the bits as they are sent to the server: the sum of 1 (expired), 2 (good), 4
    /// (revoked) and 8 (hold).
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Returns whether the set contains all statuses of `other`.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for StatusMask {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for StatusMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Self::NAMES.iter().filter(|(one, _)| self.contains(*one));
        let names: Vec<&str> = names.map(|(_, name)| *name).collect();
        write!(f, "StatusMask({})", names.join(" | "))
    }
}

/// A certificate in the list that [`Session::list_certs`] returns.
///
/// See the example in the module [`cert`](crate::cert).
///
/// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/cert/list`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CertItem {
    /// The id of the certificate, such as 14236.
    pub id: CertId,
    /// The common name (CN), such as `example.com`.
    pub name: Option<String>,
    /// The status of the certificate. It is never [`Obsolete`](CertStatus::Obsolete), because lists
    /// do not contain obsolete certificates.
    #[serde(default)]
    pub status: Option<CertStatus>,
    /// The time at which the certificate expires, in Unix seconds.
    pub expires: Option<UnixTime>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// The subject, status and names of a certificate. The expiry is not included: only the list of
/// certificates contains it; see [`CertItem::expires`].
///
/// See the example in the module [`cert`](crate::cert).
///
/// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/cert/details`. The
/// official PHP client is the source for a null in `Alt` if there are no names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CertDetails {
    /// The id of the certificate, such as 14236.
    pub id: CertId,
    /// The status of the certificate, such as good or revoked.
    #[serde(default)]
    pub status: Option<CertStatus>,
    /// The country (C) as two letters (ISO 3166-1), such as `US`.
    #[serde(rename = "C")]
    pub country: Option<String>,
    /// The state or province (ST), such as `Illinois`. `None` or empty if it is not set.
    #[serde(rename = "ST")]
    pub state: Option<String>,
    /// The city (L), such as `Chicago`. `None` or empty if it is not set.
    #[serde(rename = "L")]
    pub locality: Option<String>,
    /// The organization (O), such as `ACME, Inc.`.
    #[serde(rename = "O")]
    pub organization: Option<String>,
    /// The organizational unit (OU), such as `IT Department`. `None` or empty if it is not set.
    #[serde(rename = "OU")]
    pub organizational_unit: Option<String>,
    /// The common name (CN), such as `example.com`.
    #[serde(rename = "CN")]
    pub common_name: Option<String>,
    /// The names for which the certificate is valid: its subject alternative names (`Alt` in the
    /// response). Empty if there are none.
    #[serde(rename = "Alt", default, deserialize_with = "san::list")]
    pub sans: Vec<San>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

fn cert_form(cert_id: CertId) -> Body<'static> {
    let mut params = Params::new();
    params.push_number("cert_id", cert_id);
    Body::Form(params)
}

/// `POST /api/v1/cert/list`: lists those certificates of a CA that have one of the given statuses.
///
/// ```
/// use tinycert_client::CaId;
/// use tinycert_client::cert::{ListCerts, StatusMask};
///
/// let request = ListCerts::new(CaId::new(561), StatusMask::GOOD | StatusMask::HOLD);
/// ```
///
/// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/cert/list`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListCerts {
    ca_id: CaId,
    what: StatusMask,
}

impl ListCerts {
    /// Creates a request for those certificates of the CA `ca_id` that have one of the statuses in
    /// `what`.
    pub fn new(ca_id: CaId, what: StatusMask) -> Self {
        Self { ca_id, what }
    }
}

impl Endpoint for ListCerts {
    type Output = Vec<CertItem>;
    const ID: &'static str = "cert.list";
    const ROUTE: Route<Self> = route!(POST "/api/v1/cert/list").read_only();

    fn body(&self) -> Result<Body<'_>, InputError> {
        let mut params = Params::new();
        params.push_number("ca_id", self.ca_id).push_number("what", self.what.bits());
        Ok(Body::Form(params))
    }

    fn parse(&self, response: &Response) -> Result<Vec<CertItem>, ResponseError> {
        error::success(response)
    }
}

/// `POST /api/v1/cert/details`: returns the subject, status and names of a certificate.
///
/// See the example in the module [`cert`](crate::cert).
///
/// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/cert/details`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetCertDetails {
    cert_id: CertId,
}

impl GetCertDetails {
    /// Creates a request for the subject, status and names of the certificate `cert_id`.
    pub fn new(cert_id: CertId) -> Self {
        Self { cert_id }
    }
}

impl Endpoint for GetCertDetails {
    type Output = CertDetails;
    const ID: &'static str = "cert.details";
    const ROUTE: Route<Self> = route!(POST "/api/v1/cert/details").read_only();

    fn body(&self) -> Result<Body<'_>, InputError> {
        Ok(cert_form(self.cert_id))
    }

    fn parse(&self, response: &Response) -> Result<CertDetails, ResponseError> {
        error::success(response)
    }
}

/// What [`GetCert`] returns in PEM format: a certificate, its chain, or its certificate signing
/// request. None of these is secret.
///
/// See the example in the module [`cert`](crate::cert).
///
/// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/cert/get`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CertPart {
    /// The certificate without that of its CA.
    Cert,
    /// The certificate followed by that of its CA, as required by TLS servers.
    Chain,
    /// The certificate signing request (CSR) from which the certificate was created.
    Csr,
}

impl CertPart {
    /// Returns the value as it is sent to the server, such as `chain`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cert => "cert",
            Self::Chain => "chain",
            Self::Csr => "csr",
        }
    }
}

/// The form in which a private key is requested: encrypted or not.
///
/// See the example in the module [`cert`](crate::cert).
///
/// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/cert/get`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyForm {
    /// The key is not encrypted.
    Decrypted,
    /// The key is encrypted with the account's passphrase.
    Encrypted,
}

impl KeyForm {
    /// Returns the value as it is sent to the server, such as `key.enc`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decrypted => "key.dec",
            Self::Encrypted => "key.enc",
        }
    }
}

fn get_form<'a>(cert_id: CertId, what: &'a str) -> Body<'a> {
    let mut params = Params::new();
    params.push_number("cert_id", cert_id).push("what", what);
    Body::Form(params)
}

/// `POST /api/v1/cert/get`: returns the private key of a certificate in PEM format.
///
/// See the example in the module [`cert`](crate::cert).
///
/// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/cert/get`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetKey {
    cert_id: CertId,
    form: KeyForm,
}

impl GetKey {
    /// Creates a request for the private key of the certificate `cert_id` in the given form.
    pub fn new(cert_id: CertId, form: KeyForm) -> Self {
        Self { cert_id, form }
    }
}

impl Endpoint for GetKey {
    type Output = Secret;
    const ID: &'static str = "cert.get";
    const ROUTE: Route<Self> = route!(POST "/api/v1/cert/get").read_only();

    fn body(&self) -> Result<Body<'_>, InputError> {
        Ok(get_form(self.cert_id, self.form.as_str()))
    }

    fn parse(&self, response: &Response) -> Result<Secret, ResponseError> {
        error::string(response, "pem").map(Secret::new)
    }
}

/// `POST /api/v1/cert/get`: returns the certificate and the private key in one PKCS#12 file.
///
/// See the example in the module [`cert`](crate::cert).
///
/// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/cert/get`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetPkcs12 {
    cert_id: CertId,
}

impl GetPkcs12 {
    /// Creates a request for the PKCS#12 file of the certificate `cert_id`. The file is encrypted
    /// with the account's passphrase.
    pub fn new(cert_id: CertId) -> Self {
        Self { cert_id }
    }
}

impl Endpoint for GetPkcs12 {
    type Output = SecretBytes;
    const ID: &'static str = "cert.get";
    const ROUTE: Route<Self> = route!(POST "/api/v1/cert/get").read_only();

    fn body(&self) -> Result<Body<'_>, InputError> {
        Ok(get_form(self.cert_id, "pkcs12"))
    }

    fn parse(&self, response: &Response) -> Result<SecretBytes, ResponseError> {
        let text = Secret::new(error::string(response, "pkcs12")?);
        SecretBytes::from_base64(text.expose()).ok_or_else(|| {
            ResponseError::new(ErrorKind::Decode).with_message("pkcs12: invalid base64")
        })
    }
}

/// `POST /api/v1/cert/get`: returns a certificate, its chain or its certificate signing request in
/// PEM format.
///
/// See the example in the module [`cert`](crate::cert).
///
/// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/cert/get`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetCert {
    cert_id: CertId,
    what: CertPart,
}

impl GetCert {
    /// Creates a request for a part of the certificate `cert_id`: `what` selects the certificate
    /// itself, its chain or its certificate signing request.
    pub fn new(cert_id: CertId, what: CertPart) -> Self {
        Self { cert_id, what }
    }
}

impl Endpoint for GetCert {
    type Output = String;
    const ID: &'static str = "cert.get";
    const ROUTE: Route<Self> = route!(POST "/api/v1/cert/get").read_only();

    fn body(&self) -> Result<Body<'_>, InputError> {
        Ok(get_form(self.cert_id, self.what.as_str()))
    }

    fn parse(&self, response: &Response) -> Result<String, ResponseError> {
        error::string(response, "pem")
    }
}

#[derive(Deserialize)]
struct Created {
    cert_id: CertId,
}

/// `POST /api/v1/cert/reissue`: renews a certificate for one year from now, with the same key, and
/// returns the id of the new certificate.
///
/// See the example in the module [`cert`](crate::cert).
///
/// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/cert/reissue`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReissueCert {
    cert_id: CertId,
}

impl ReissueCert {
    /// Creates a request to renew the certificate `cert_id`.
    pub fn new(cert_id: CertId) -> Self {
        Self { cert_id }
    }
}

impl Endpoint for ReissueCert {
    type Output = CertId;
    const ID: &'static str = "cert.reissue";
    const ROUTE: Route<Self> = route!(POST "/api/v1/cert/reissue");

    fn body(&self) -> Result<Body<'_>, InputError> {
        Ok(cert_form(self.cert_id))
    }

    fn parse(&self, response: &Response) -> Result<CertId, ResponseError> {
        error::success::<Created>(response).map(|created| created.cert_id)
    }
}

/// `POST /api/v1/cert/status`: suspends, revokes or reinstates a certificate.
///
/// See the example in the module [`cert`](crate::cert).
///
/// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/cert/status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetCertStatus {
    cert_id: CertId,
    status: CertStatus,
}

impl SetCertStatus {
    /// Creates a request to set the status of the certificate `cert_id`. `status` must be good,
    /// hold or revoked.
    pub fn new(cert_id: CertId, status: CertStatus) -> Self {
        Self { cert_id, status }
    }
}

impl Endpoint for SetCertStatus {
    type Output = ();
    const ID: &'static str = "cert.status";
    const ROUTE: Route<Self> = route!(POST "/api/v1/cert/status").idempotent();

    fn validate(&self) -> Result<(), InputError> {
        match self.status {
            CertStatus::Good | CertStatus::Hold | CertStatus::Revoked => Ok(()),
            _ => {
                let status = self.status.as_str().escape_debug();
                let problem = format!("`{status}` is not one of good, hold, revoked");
                Err(InputError::new("status", problem))
            }
        }
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        let mut params = Params::new();
        params.push_number("cert_id", self.cert_id).push("status", self.status.as_str());
        Ok(Body::Form(params))
    }

    fn parse(&self, response: &Response) -> Result<(), ResponseError> {
        error::acknowledgement(response)
    }
}

/// `POST /api/v1/cert/new`: creates a key pair and a certificate that is valid for one year.
///
/// ```
/// use tinycert_client::{CaId, CreateCert, San};
///
/// let new = CreateCert::new(CaId::new(561), "US", "ACME, Inc.", "example.com")
///     .organizational_unit("IT Department")
///     .san(San::Dns("example.com".to_owned()))
///     .san(San::Dns("*.example.com".to_owned()));
/// ```
///
/// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/cert/new`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateCert {
    ca_id: CaId,
    country: String,
    organization: String,
    common_name: String,
    organizational_unit: Option<String>,
    locality: Option<String>,
    state: Option<String>,
    sans: Vec<San>,
}

impl CreateCert {
    /// Creates a request for a new certificate from the CA `ca_id` with this country (two capital
    /// letters), organization and common name. The organization and the common name must have at
    /// most 64 characters.
    ///
    /// Current software ignores the common name and checks only the [`San`]s. If the common name is
    /// a host name, add it as a [`San`], too.
    pub fn new(
        ca_id: CaId,
        country: impl Into<String>,
        organization: impl Into<String>,
        common_name: impl Into<String>,
    ) -> Self {
        Self {
            ca_id,
            country: country.into(),
            organization: organization.into(),
            common_name: common_name.into(),
            organizational_unit: None,
            locality: None,
            state: None,
            sans: Vec::new(),
        }
    }

    setters! {
        /// Sets the organizational unit (OU), such as `IT Department`. It must not exceed 64
        /// characters.
        organizational_unit: impl Into<String>,
        /// Sets the city (L), such as `Chicago`. It must not exceed 128 characters.
        locality: impl Into<String>,
        /// Sets the state or province (ST), such as `Illinois`. It must not exceed 128 characters.
        state: impl Into<String>,
    }

    /// Adds a name for which the certificate is valid.
    #[must_use]
    pub fn san(mut self, san: San) -> Self {
        self.sans.push(san);
        self
    }

    /// Adds several names for which the certificate is valid.
    #[must_use]
    pub fn sans(mut self, sans: impl IntoIterator<Item = San>) -> Self {
        self.sans.extend(sans);
        self
    }

    pub(crate) fn ca(&self) -> CaId {
        self.ca_id
    }

    /// Returns whether `common_name` is the common name of this request. Ignores case as well as
    /// leading and trailing whitespace.
    pub(crate) fn is_named(&self, common_name: &str) -> bool {
        is_same_name(&self.common_name, common_name)
    }

    /// Returns whether a certificate has the subject and the names of this request. Case is ignored
    /// in the subject and in host names. The common name may also be an additional name of the
    /// certificate, because the server might add it.
    pub(crate) fn describes(&self, cert: &CertDetails) -> bool {
        let is = |expected: Option<&str>, found: &Option<String>| {
            is_same_name(expected.unwrap_or_default(), found.as_deref().unwrap_or_default())
        };
        let expected: BTreeSet<_> = self.sans.iter().map(San::key).collect();
        let mut found: BTreeSet<_> = cert.sans.iter().map(San::key).collect();
        let common_name = San::Dns(self.common_name.clone()).key();
        if !expected.contains(&common_name) {
            found.remove(&common_name);
        }
        is(Some(&self.country), &cert.country)
            && is(Some(&self.organization), &cert.organization)
            && is(Some(&self.common_name), &cert.common_name)
            && is(self.organizational_unit.as_deref(), &cert.organizational_unit)
            && is(self.locality.as_deref(), &cert.locality)
            && is(self.state.as_deref(), &cert.state)
            && expected == found
    }
}

/// Returns whether two names in subjects are the same. Ignores case as well as leading and trailing
/// whitespace.
fn is_same_name(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

impl Endpoint for CreateCert {
    type Output = CertId;
    const ID: &'static str = "cert.new";
    const ROUTE: Route<Self> = route!(POST "/api/v1/cert/new");

    fn validate(&self) -> Result<(), InputError> {
        validate::country(&self.country)?;
        validate::name("organization", &self.organization)?;
        validate::name("common_name", &self.common_name)?;
        validate::optional_names(
            self.organizational_unit.as_deref(),
            self.locality.as_deref(),
            self.state.as_deref(),
        )?;
        let problems = self.sans.iter().enumerate();
        match problems.filter_map(|(index, san)| Some((index, san.problem()?))).next() {
            Some((index, problem)) => Err(InputError::new(format!("sans[{index}]"), problem)),
            None => Ok(()),
        }
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        let mut params = Params::new();
        params
            .push("C", &self.country)
            .push("CN", &self.common_name)
            .push_some("L", self.locality.as_deref())
            .push("O", &self.organization)
            .push_some("OU", self.organizational_unit.as_deref());
        for (index, san) in self.sans.iter().enumerate() {
            params.push(format!("SANs[{index}][{}]", san.kind()), san.value());
        }
        params.push_some("ST", self.state.as_deref()).push_number("ca_id", self.ca_id);
        Ok(Body::Form(params))
    }

    fn parse(&self, response: &Response) -> Result<CertId, ResponseError> {
        error::success::<Created>(response).map(|created| created.cert_id)
    }
}

/// # Certificates
///
/// The requests and responses are in the module [`cert`](crate::cert).
impl Session {
    /// Returns the certificates of a CA that have one of the statuses in `what`. Obsolete
    /// certificates are never listed.
    ///
    /// See the example in the module [`cert`](crate::cert).
    ///
    /// # Errors
    /// See [`ErrorKind`].
    pub fn list_certs(&self, ca_id: CaId, what: StatusMask) -> Result<Vec<CertItem>> {
        self.send(&ListCerts::new(ca_id, what))
    }

    /// Returns the subject, status and names of a certificate.
    ///
    /// See the example in the module [`cert`](crate::cert).
    ///
    /// # Errors
    /// See [`ErrorKind`].
    pub fn get_cert_details(&self, cert_id: CertId) -> Result<CertDetails> {
        self.send(&GetCertDetails::new(cert_id))
    }

    /// Returns a certificate, its chain or its certificate signing request in PEM format.
    ///
    /// See the example in the module [`cert`](crate::cert).
    ///
    /// # Errors
    /// See [`ErrorKind`].
    pub fn get_cert(&self, cert_id: CertId, what: CertPart) -> Result<String> {
        self.send(&GetCert::new(cert_id, what))
    }

    /// Returns the private key of a certificate in PEM format.
    ///
    /// See the example in the module [`cert`](crate::cert).
    ///
    /// # Errors
    /// See [`ErrorKind`].
    pub fn get_key(&self, cert_id: CertId, form: KeyForm) -> Result<Secret> {
        self.send(&GetKey::new(cert_id, form))
    }

    /// Returns the certificate and the private key in one PKCS#12 file (`.pfx`), which is encrypted
    /// with the account's passphrase.
    ///
    /// See the example in the module [`cert`](crate::cert).
    ///
    /// # Errors
    /// See [`ErrorKind`].
    pub fn get_pkcs12(&self, cert_id: CertId) -> Result<SecretBytes> {
        self.send(&GetPkcs12::new(cert_id))
    }

    /// Creates a key pair and a certificate that is valid for one year. Returns the id of the
    /// certificate. A request whose outcome is unknown is not retried; see also
    /// [`issue_cert`](Session::issue_cert).
    ///
    /// See the example in the module [`cert`](crate::cert).
    ///
    /// # Errors
    /// See [`ErrorKind`].
    pub fn create_cert(&self, request: &CreateCert) -> Result<CertId> {
        self.send(request)
    }

    /// Renews a certificate for one year from now, with the same key. Returns the id of the new
    /// certificate. A request whose outcome is unknown is not retried; see also
    /// [`renew`](Session::renew).
    ///
    /// See the example in the module [`cert`](crate::cert).
    ///
    /// # Errors
    /// See [`ErrorKind`].
    pub fn reissue_cert(&self, cert_id: CertId) -> Result<CertId> {
        self.send(&ReissueCert::new(cert_id))
    }

    /// Sets the status of a certificate to good, hold or revoked. The current status must be one of
    /// these three. Setting a status that the certificate already has succeeds.
    ///
    /// See the example in the module [`cert`](crate::cert).
    ///
    /// # Errors
    /// See [`ErrorKind`].
    pub fn set_cert_status(&self, cert_id: CertId, status: CertStatus) -> Result<()> {
        self.send(&SetCertStatus::new(cert_id, status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn union_of_masks_has_the_statuses_of_both() {
        for (one, other, bits) in [
            (StatusMask::GOOD, StatusMask::HOLD, 10),
            (StatusMask::GOOD, StatusMask::GOOD, 2),
            (StatusMask::ALL, StatusMask::EXPIRED, 15),
        ] {
            assert_eq!((one | other).bits(), bits, "{one:?} {other:?}");
        }
    }

    fn request() -> CreateCert {
        CreateCert::new(CaId::new(1), "US", "ACME, Inc.", "a.example")
            .organizational_unit("IT")
            .san(San::Dns("b.example".into()))
    }

    /// A certificate that matches the request, but whose names and subject have another case.
    const CERT: &str = r#"{"id": 7, "C": "us", "O": "Acme, Inc.", "OU": "it", "CN": "A.example",
        "Alt": [{"DNS": "a.example"}, {"DNS": "B.example"}]}"#;

    #[test]
    fn certificate_with_the_subject_and_names_of_a_request_is_described_by_it() {
        let cert = |old: &str, new: &str| -> CertDetails {
            assert!(CERT.contains(old), "{old}");
            api_auth::json_slice(CERT.replace(old, new).as_bytes()).unwrap()
        };
        assert!(request().describes(&cert("us", "US")));
        // The server may or may not add the common name to the names.
        assert!(request().describes(&cert(r#"{"DNS": "a.example"}, "#, "")));
        for (old, new) in [
            ("us", "PL"),
            ("Acme, Inc.", "Acme"),
            (r#""OU": "it", "#, ""),
            (r#""CN": "A.example""#, r#""CN": "c.example""#),
            (r#", {"DNS": "B.example"}"#, ""),
            ("B.example", "c.example"),
            (r#""B.example"}"#, r#""B.example"}, {"DNS": "c.example"}"#),
        ] {
            assert!(!request().describes(&cert(old, new)), "{old} {new}");
        }
        assert!(request().is_named("A.EXAMPLE") && !request().is_named("b.example"));
    }
}
