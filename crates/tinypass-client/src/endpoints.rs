//! The table of all endpoints.

use api_auth::EndpointInfo;

use crate::access::{GetAccess, GrantAccess, RevokeAccess, SearchAccess};
use crate::download::{GetDownload, GetDownloadUrl};
use crate::subscription::{CancelSubscription, SearchSubscriptions};
use crate::user::GetUser;

/// All endpoints of this crate, in the order of the table in the README.
///
/// ```
/// let listed = tinypass_client::ENDPOINTS.iter().find(|endpoint| endpoint.id() == "user.get");
/// assert_eq!(listed.unwrap().template(), "/r2/user/{uid}");
/// ```
pub const ENDPOINTS: &[EndpointInfo] = &[
    EndpointInfo::of::<GetAccess>(),
    EndpointInfo::of::<SearchAccess>(),
    EndpointInfo::of::<GrantAccess>(),
    EndpointInfo::of::<RevokeAccess>(),
    EndpointInfo::of::<SearchSubscriptions>(),
    EndpointInfo::of::<CancelSubscription>(),
    EndpointInfo::of::<GetDownloadUrl>(),
    EndpointInfo::of::<GetDownload>(),
    EndpointInfo::of::<GetUser>(),
];
