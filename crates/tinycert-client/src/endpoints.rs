//! The table of all endpoints.

use api_auth::EndpointInfo;

use crate::ca::{CreateCa, DeleteCa, GetCa, GetCaDetails, ListCas};
use crate::cert::{CreateCert, GetCert, GetCertDetails, ListCerts, ReissueCert, SetCertStatus};
use crate::session::{Connect, Disconnect};

/// All endpoints of this crate, in the order of the table in the README.
///
/// ```
/// let listed = tinycert_client::ENDPOINTS.iter().find(|endpoint| endpoint.id() == "session.connect");
/// assert_eq!(listed.unwrap().template(), "/api/v1/connect");
/// ```
pub const ENDPOINTS: &[EndpointInfo] = &[
    EndpointInfo::of::<Connect>(),
    EndpointInfo::of::<Disconnect>(),
    EndpointInfo::of::<ListCas>(),
    EndpointInfo::of::<GetCaDetails>(),
    EndpointInfo::of::<GetCa>(),
    EndpointInfo::of::<DeleteCa>(),
    EndpointInfo::of::<CreateCa>(),
    EndpointInfo::of::<ListCerts>(),
    EndpointInfo::of::<GetCertDetails>(),
    EndpointInfo::of::<GetCert>(),
    EndpointInfo::of::<ReissueCert>(),
    EndpointInfo::of::<SetCertStatus>(),
    EndpointInfo::of::<CreateCert>(),
];
