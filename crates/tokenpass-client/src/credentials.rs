//! The credentials of requests, for a [`RawEndpoint`](crate::RawEndpoint) or an endpoint of your
//! own. The application's key pair is [`Credential::MAIN`].

use api_auth::Credential;

/// The application's key pair, and `client_id` in the query.
pub const MAIN_WITH_ID: Credential = Credential::named("main with client_id");
/// The privileged key pair: a second key pair that belongs to a privileged user.
pub const PRIVILEGED: Credential = Credential::named("privileged");
/// The user's token.
pub const USER: Credential = Credential::named("user");
/// The user's token, and a signature by the application's key pair.
pub const SIGNED_USER: Credential = Credential::named("user, signed");
/// The user's token in the header `Authorization: Bearer`, as required by `/oauth/user`.
pub const ACCESS_TOKEN: Credential = Credential::named("user, by access_token");
/// `client_id` in the body.
pub const CLIENT_ID: Credential = Credential::named("client_id");
/// `client_id` in the query.
pub const QUERY_ID: Credential = Credential::named("client_id in the query");
/// `client_id` and `client_secret` in the body.
pub const CLIENT_SECRET: Credential = Credential::named("client_secret");
/// `client_id` and `client_secret` in the body, and `client_id` in the query.
pub const CLIENT_SECRET_AND_QUERY_ID: Credential =
    Credential::named("client_secret, client_id in the query");
