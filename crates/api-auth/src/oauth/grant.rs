//! Grants, and the authentication of clients.

use crate::secret::Secret;

/// The method by which a client authenticates to a token server.
///
/// See the example in the module [`oauth`](crate::oauth).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientAuthentication {
    /// `client_id` and `client_secret` as parameters of a form body.
    #[default]
    Form,
    /// `client_id` and `client_secret` as members of a JSON object.
    Json,
    /// `Authorization: Basic`, with the other parameters in a form body.
    Basic,
}

/// The grant that a token is requested with.
///
/// See the example in the module [`oauth`](crate::oauth).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Grant {
    /// The id and secret of the client.
    ClientCredentials,
    /// An authorization code, which the server passes to the client when it redirects the user
    /// back.
    AuthorizationCode {
        /// The authorization code. It can be used once.
        code: Secret,
        /// The redirect URI, exactly as in the authorization request.
        redirect_uri: String,
        /// The code verifier of the authorization request, if it used PKCE.
        verifier: Option<Secret>,
    },
    /// The name and password of a user.
    Password {
        /// The user's name.
        username: String,
        /// The user's password.
        password: Secret,
    },
    /// The refresh token from the last token response.
    Refresh(Secret),
}
