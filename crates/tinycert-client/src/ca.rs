//! Certificate authorities (CAs): list, create and delete them, and get their certificates.
//!
//! A CA signs the certificates of the module [`cert`](crate::cert). The methods belong to
//! [`Session`]. [`Session::get_or_create_ca`] finds a CA by name.
//!
//! ```no_run
//! use tinycert_client::{CreateCa, Session};
//!
//! let session = Session::from_env()?;
//! let ca_id = session.get_or_create_ca(&CreateCa::new("US", "ACME, Inc."))?;
//! println!("{}", session.get_ca(ca_id)?); // the certificate in PEM format
//! for ca in session.list_cas()? {
//!     println!("{} {}", ca.id, ca.name.unwrap_or_default());
//! }
//! # Ok::<(), tinycert_client::Error>(())
//! ```

use api_auth::{
    Body, Endpoint, ExtraFields, InputError, Params, Response, ResponseError, Result, Route, route,
    setters, wire_enum,
};
use serde::{Deserialize, Serialize};

use crate::id::id;
use crate::session::Session;
use crate::{error, validate};

id! {
    /// The id of a CA, such as 561.
    ///
    /// See the example in the module [`ca`](crate::ca).
    ///
    /// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/ca/new`.
    pub struct CaId;
}

/// A CA in the list that [`Session::list_cas`] returns.
///
/// See the example in the module [`ca`](crate::ca).
///
/// Source: the official PHP client. The provider's documentation of this request is not available.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CaItem {
    /// The id of the CA, such as 561.
    pub id: CaId,
    /// The organization (O), such as `ACME, Inc.`. This is not the common name. Several CAs can
    /// have the same organization.
    pub name: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// The subject and the hash algorithm of a CA.
///
/// See the example in the module [`ca`](crate::ca).
///
/// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/ca/details`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CaDetails {
    /// The id of the CA, such as 561.
    pub id: CaId,
    /// The country (C) as two letters (ISO 3166-1), such as `NL`.
    #[serde(rename = "C")]
    pub country: Option<String>,
    /// The state or province (ST), such as `Limburg`. `None` or empty if it is not set.
    #[serde(rename = "ST")]
    pub state: Option<String>,
    /// The city (L), such as `Maastricht`. `None` or empty if it is not set.
    #[serde(rename = "L")]
    pub locality: Option<String>,
    /// The organization (O), such as `ACME, Inc.`.
    #[serde(rename = "O")]
    pub organization: Option<String>,
    /// The organizational unit (OU), which the server sets.
    #[serde(rename = "OU")]
    pub organizational_unit: Option<String>,
    /// The common name (CN): the organization followed by ` CA`, such as `ACME, Inc. CA`.
    #[serde(rename = "CN")]
    pub common_name: Option<String>,
    /// The e-mail address (E) that the account had when the CA was created.
    #[serde(rename = "E")]
    pub email: Option<String>,
    /// The hash algorithm with which the CA signs certificates, such as SHA-256.
    #[serde(default)]
    pub hash_alg: Option<HashAlg>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

wire_enum! {
    /// The hash algorithm of a CA's signatures, in [`CaDetails`].
    ///
    /// See the example in the module [`ca`](crate::ca).
    ///
    /// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/ca/details`.
    pub enum HashAlg {
        /// SHA-1. Current software does not trust SHA-1 signatures.
        Sha1 = "SHA1",
        /// SHA-256, the default for new CAs.
        Sha256 = "SHA256",
    }
}

/// The hash algorithm for the signatures of a new CA.
///
/// See the example in the module [`ca`](crate::ca).
///
/// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/ca/new`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum HashMethod {
    /// `sha1`: SHA-1. The server still supports it, but current software does not trust SHA-1
    /// signatures.
    Sha1,
    /// `sha256`: SHA-256, the default.
    #[default]
    Sha256,
}

impl HashMethod {
    /// Returns the value as it is sent to the server, such as `sha256`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }
}

fn ca_form(ca_id: CaId) -> Body<'static> {
    let mut params = Params::new();
    params.push_number("ca_id", ca_id);
    Body::Form(params)
}

/// `POST /api/v1/ca/list`: lists all CAs of the account.
///
/// See the example in the module [`ca`](crate::ca).
///
/// Source: the official PHP client. The provider's documentation of this request is not available.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListCas {}

impl ListCas {
    /// Creates a request for a list of all CAs.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Endpoint for ListCas {
    type Output = Vec<CaItem>;
    const ID: &'static str = "ca.list";
    const ROUTE: Route<Self> = route!(POST "/api/v1/ca/list").read_only();

    fn parse(&self, response: &Response) -> Result<Vec<CaItem>, ResponseError> {
        error::success(response)
    }
}

/// `POST /api/v1/ca/details`: returns the subject and the hash algorithm of a CA.
///
/// See the example in the module [`ca`](crate::ca).
///
/// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/ca/details`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetCaDetails {
    ca_id: CaId,
}

impl GetCaDetails {
    /// Creates a request for the subject and the hash algorithm of the CA `ca_id`.
    pub fn new(ca_id: CaId) -> Self {
        Self { ca_id }
    }
}

impl Endpoint for GetCaDetails {
    type Output = CaDetails;
    const ID: &'static str = "ca.details";
    const ROUTE: Route<Self> = route!(POST "/api/v1/ca/details").read_only();

    fn body(&self) -> Result<Body<'_>, InputError> {
        Ok(ca_form(self.ca_id))
    }

    fn parse(&self, response: &Response) -> Result<CaDetails, ResponseError> {
        error::success(response)
    }
}

/// `POST /api/v1/ca/get`: returns the certificate of a CA in PEM format.
///
/// See the example in the module [`ca`](crate::ca).
///
/// Source: the official PHP client. The provider's documentation of this request is not available.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetCa {
    ca_id: CaId,
}

impl GetCa {
    /// Creates a request for the certificate of the CA `ca_id`.
    pub fn new(ca_id: CaId) -> Self {
        Self { ca_id }
    }
}

impl Endpoint for GetCa {
    type Output = String;
    const ID: &'static str = "ca.get";
    const ROUTE: Route<Self> = route!(POST "/api/v1/ca/get").read_only();

    fn body(&self) -> Result<Body<'_>, InputError> {
        let mut params = Params::new();
        params.push_number("ca_id", self.ca_id).push("what", "cert");
        Ok(Body::Form(params))
    }

    fn parse(&self, response: &Response) -> Result<String, ResponseError> {
        error::string(response, "pem")
    }
}

/// `POST /api/v1/ca/delete`: deletes a CA and all of its certificates.
///
/// See the example in the module [`ca`](crate::ca).
///
/// Source: the official PHP client. The provider's documentation of this request is not available.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeleteCa {
    ca_id: CaId,
}

impl DeleteCa {
    /// Creates a request to delete the CA `ca_id` and all of its certificates.
    pub fn new(ca_id: CaId) -> Self {
        Self { ca_id }
    }
}

impl Endpoint for DeleteCa {
    type Output = ();
    const ID: &'static str = "ca.delete";
    const ROUTE: Route<Self> = route!(POST "/api/v1/ca/delete");

    fn body(&self) -> Result<Body<'_>, InputError> {
        Ok(ca_form(self.ca_id))
    }

    fn parse(&self, response: &Response) -> Result<(), ResponseError> {
        error::acknowledgement(response)
    }
}

/// `POST /api/v1/ca/new`: creates a CA and returns its id.
///
/// ```
/// use tinycert_client::CreateCa;
///
/// let new = CreateCa::new("US", "ACME, Inc.").state("Illinois").locality("Chicago");
/// ```
///
/// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/ca/new`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateCa {
    country: String,
    organization: String,
    locality: Option<String>,
    state: Option<String>,
    hash_method: HashMethod,
}

impl CreateCa {
    /// Creates a request for a new CA with this country (two capital letters) and organization (at
    /// most 64 characters). The common name of the CA is the organization followed by ` CA`. The
    /// hash algorithm defaults to SHA-256.
    pub fn new(country: impl Into<String>, organization: impl Into<String>) -> Self {
        Self {
            country: country.into(),
            organization: organization.into(),
            locality: None,
            state: None,
            hash_method: HashMethod::default(),
        }
    }

    setters! {
        /// Sets the city (L), such as `Chicago`. It must not exceed 128 characters.
        locality: impl Into<String>,
        /// Sets the state or province (ST), such as `Illinois`. It must not exceed 128 characters.
        state: impl Into<String>,
    }

    /// Sets the hash algorithm of the CA's signatures. Defaults to [`HashMethod::Sha256`].
    #[must_use]
    pub fn hash_method(mut self, method: HashMethod) -> Self {
        self.hash_method = method;
        self
    }

    /// Returns the organization, which is the name of the CA in the list of CAs.
    pub(crate) fn name(&self) -> &str {
        &self.organization
    }
}

impl Endpoint for CreateCa {
    type Output = CaId;
    const ID: &'static str = "ca.new";
    const ROUTE: Route<Self> = route!(POST "/api/v1/ca/new");

    fn validate(&self) -> Result<(), InputError> {
        validate::country(&self.country)?;
        validate::name("organization", &self.organization)?;
        validate::optional_names(None, self.locality.as_deref(), self.state.as_deref())
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        let mut params = Params::new();
        params
            .push("C", &self.country)
            .push_some("L", self.locality.as_deref())
            .push("O", &self.organization)
            .push_some("ST", self.state.as_deref())
            .push("hash_method", self.hash_method.as_str());
        Ok(Body::Form(params))
    }

    fn parse(&self, response: &Response) -> Result<CaId, ResponseError> {
        #[derive(Deserialize)]
        struct Created {
            ca_id: CaId,
        }
        error::success::<Created>(response).map(|created| created.ca_id)
    }
}

/// # Certificate authorities
///
/// The requests and responses are in the module [`ca`](crate::ca).
impl Session {
    /// Returns all CAs of the account.
    ///
    /// See the example in the module [`ca`](crate::ca).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_cas(&self) -> Result<Vec<CaItem>> {
        self.send(&ListCas::new())
    }

    /// Returns the subject and the hash algorithm of a CA.
    ///
    /// See the example in the module [`ca`](crate::ca).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_ca_details(&self, ca_id: CaId) -> Result<CaDetails> {
        self.send(&GetCaDetails::new(ca_id))
    }

    /// Returns the certificate of a CA in PEM format.
    ///
    /// See the example in the module [`ca`](crate::ca).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_ca(&self, ca_id: CaId) -> Result<String> {
        self.send(&GetCa::new(ca_id))
    }

    /// Deletes a CA **and all of its certificates**.
    ///
    /// See the example in the module [`ca`](crate::ca).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn delete_ca(&self, ca_id: CaId) -> Result<()> {
        self.send(&DeleteCa::new(ca_id))
    }

    /// Creates a CA and returns its id. A request whose outcome is unknown is not retried; see also
    /// [`get_or_create_ca`](Session::get_or_create_ca).
    ///
    /// See the example in the module [`ca`](crate::ca).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_ca(&self, request: &CreateCa) -> Result<CaId> {
        self.send(request)
    }
}
