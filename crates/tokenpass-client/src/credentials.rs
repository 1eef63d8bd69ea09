//! The credentials of requests, for a [`RawEndpoint`](crate::RawEndpoint) or an endpoint of your
//! own. For a signature with the application's client id and secret, use [`Credential::MAIN`].
//!
//! ```no_run
//! use tokenpass_client::api_auth::Method;
//! use tokenpass_client::{Client, RawEndpoint, credentials};
//!
//! let request = RawEndpoint::new(Method::GET, "/api/v1/tca/addresses")
//!     .with_credential(credentials::USER)
//!     .with_idempotent(true);
//! let body = Client::from_env()?.send(&request)?;
//! # Ok::<(), tokenpass_client::Error>(())
//! ```

use api_auth::Credential;

/// A signature with the application's client id and secret, and `client_id` in the query.
///
/// See the example in the module [`credentials`](crate::credentials).
pub const MAIN_WITH_ID: Credential = Credential::named("main with client_id");
/// A signature with the privileged credentials: the API token and API secret of a privileged user.
///
/// See the example in the module [`credentials`](crate::credentials).
pub const PRIVILEGED: Credential = Credential::named("privileged");
/// The user's token.
///
/// See the example in the module [`credentials`](crate::credentials).
pub const USER: Credential = Credential::named("user");
/// The user's token, and a signature with the application's client id and secret.
///
/// See the example in the module [`credentials`](crate::credentials).
pub const SIGNED_USER: Credential = Credential::named("user, signed");
/// The user's token in the header `Authorization: Bearer`, as required by `/oauth/user`.
///
/// See the example in the module [`credentials`](crate::credentials).
pub const ACCESS_TOKEN: Credential = Credential::named("user, by access_token");
/// `client_id` in the body.
///
/// See the example in the module [`credentials`](crate::credentials).
pub const CLIENT_ID: Credential = Credential::named("client_id");
/// `client_id` in the query.
///
/// See the example in the module [`credentials`](crate::credentials).
pub const QUERY_ID: Credential = Credential::named("client_id in the query");
/// `client_id` and `client_secret` in the body.
///
/// See the example in the module [`credentials`](crate::credentials).
pub const CLIENT_SECRET: Credential = Credential::named("client_secret");
/// `client_id` and `client_secret` in the body, and `client_id` in the query.
///
/// See the example in the module [`credentials`](crate::credentials).
pub const CLIENT_SECRET_AND_QUERY_ID: Credential =
    Credential::named("client_secret, client_id in the query");
