//! The authorization of a client by a user.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::encode::{Encoding, Params};
use crate::secret::Secret;

/// Returns the URL at which a user authorizes a client: the first step of
/// [`Grant::AuthorizationCode`](crate::oauth::Grant::AuthorizationCode). The server redirects the
/// user back with a `state`, which must be equal to the `state` of this URL.
///
/// ```
/// use api_auth::oauth::authorization_url;
///
/// let url = authorization_url("https://h/authorize", "id", "https://shop/back", "a,b", "x1");
/// assert_eq!(
///     url,
///     "https://h/authorize?response_type=code&client_id=id&redirect_uri=https%3A%2F%2Fshop%2Fback\
///      &scope=a%2Cb&state=x1"
/// );
/// ```
#[inline]
pub fn authorization_url(
    url: &str,
    client_id: &str,
    redirect_uri: &str,
    scope: &str,
    state: &str,
) -> String {
    let mut params = Params::new();
    params
        .push("response_type", "code")
        .push("client_id", client_id)
        .push("redirect_uri", redirect_uri)
        .push_some("scope", Some(scope).filter(|scope| !scope.is_empty()))
        .push("state", state);
    [url, "?", &Encoding::Form.text(&params)].concat()
}

/// Returns the PKCE code challenge (RFC 7636, method `S256`) of a code verifier.
///
/// ```
/// use api_auth::{Secret, oauth::code_challenge};
///
/// let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
/// assert_eq!(code_challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
/// ```
#[inline]
pub fn code_challenge(verifier: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorization_url_contains_the_requested_scope() {
        let url = |scope| authorization_url("https://h/a", "id", "https://s/b?c", scope, "x 1");
        let to = "https%3A%2F%2Fs%2Fb%3Fc";
        let head = format!("https://h/a?response_type=code&client_id=id&redirect_uri={to}");
        assert_eq!(url("a,b"), format!("{head}&scope=a%2Cb&state=x+1"));
        assert_eq!(url(""), format!("{head}&state=x+1"));
    }
}
