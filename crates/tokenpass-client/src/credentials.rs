//! Constants that select the credentials of a request, for a [`RawEndpoint`](crate::RawEndpoint) or
//! an endpoint of your own. For a signature with the application's client id and secret, use
//! [`Credential::MAIN`].
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
/// The user's token, at the location that [`token_location`](crate::ClientBuilder::token_location)
/// sets.
///
/// See the example in the module [`credentials`](crate::credentials).
pub const USER: Credential = Credential::named("user");
/// The user's token, as with [`USER`], and a signature with the application's client id and secret.
///
/// See the example in the module [`credentials`](crate::credentials).
pub const SIGNED_USER: Credential = Credential::named("user, signed");
/// The user's token in the header `Authorization: Bearer`, even if other requests contain it in a
/// parameter. Used for `/oauth/user`.
///
/// See the example in the module [`credentials`](crate::credentials).
pub const ACCESS_TOKEN: Credential = Credential::named("user, by access_token");
/// The application's client id in the body, as `client_id`.
///
/// See the example in the module [`credentials`](crate::credentials).
pub const CLIENT_ID: Credential = Credential::named("client_id");
/// The application's client id in the query, as `client_id`.
///
/// See the example in the module [`credentials`](crate::credentials).
pub const QUERY_ID: Credential = Credential::named("client_id in the query");
/// The application's client id and secret in the body, as `client_id` and `client_secret`.
///
/// See the example in the module [`credentials`](crate::credentials).
pub const CLIENT_SECRET: Credential = Credential::named("client_secret");
/// The application's client id and secret in the body, as `client_id` and `client_secret`, and the
/// client id in the query as well.
///
/// See the example in the module [`credentials`](crate::credentials).
pub const CLIENT_SECRET_AND_QUERY_ID: Credential =
    Credential::named("client_secret, client_id in the query");
