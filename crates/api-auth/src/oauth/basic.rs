//! HTTP Basic authentication.

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderValue};
use zeroize::Zeroizing;

use crate::auth::{Auth, Generation};
use crate::error::Error;
use crate::error::input::InputError;
use crate::message::Request;
use crate::secret::Secret;
use crate::validate::{self, has_outer_space};

/// Returns the value of the header `Authorization` for HTTP Basic authentication, marked as
/// sensitive.
///
/// See the example in the module [`oauth`](crate::oauth).
///
/// # Errors
/// Returns an error if the id is empty or contains a colon, if the secret is empty, or if one of
/// them contains control characters.
#[inline]
pub fn basic(client_id: &str, client_secret: &Secret) -> Result<HeaderValue, InputError> {
    validate_client(client_id, client_secret)?;
    if client_id.contains(':') {
        return Err(InputError::new("client_id", "must not contain a colon"));
    }
    let pair = Zeroizing::new([client_id, ":", client_secret.expose()].concat());
    let text = Zeroizing::new(["Basic ", &STANDARD.encode(pair.as_bytes())].concat());
    sensitive(&text).ok_or_else(|| InputError::new("client_id", "cannot be sent in a header"))
}

/// Validates a client's id and secret: neither is empty or contains control characters.
#[inline]
pub(super) fn validate_client(client_id: &str, client_secret: &Secret) -> Result<(), InputError> {
    if client_id.is_empty() {
        return Err(InputError::new("client_id", "must not be empty"));
    }
    if client_secret.is_empty() {
        return Err(InputError::new("client_secret", "must not be empty"));
    }
    validate::no_control("client_id", client_id)?;
    validate::no_control("client_secret", client_secret.expose())
}

/// Returns a header value that is marked as sensitive. Returns `None` if `text` is not valid in a
/// header.
#[inline]
pub(super) fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// An [`Auth`] that adds the header `Authorization: Basic` to requests, for servers that accept it
/// instead of a token.
///
/// See the example in the module [`oauth`](crate::oauth).
#[derive(Debug, Clone)]
pub struct Basic {
    header: HeaderValue,
    id_has_outer_space: bool,
    secret_has_outer_space: bool,
    names: ClientNames,
}

/// The names of the client's id and secret in errors.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClientNames {
    pub(super) client_id: &'static str,
    pub(super) client_secret: &'static str,
}

impl Default for ClientNames {
    #[inline]
    fn default() -> Self {
        Self { client_id: "client_id", client_secret: "client_secret" }
    }
}

impl ClientNames {
    /// Returns the name of the value that begins or ends with whitespace: the client's id if `id`
    /// is `true`, otherwise its secret if `secret` is `true`. Returns `None` if both are `false`.
    #[inline]
    pub(super) fn spaced(self, id: bool, secret: bool) -> Option<&'static str> {
        match (id, secret) {
            (true, _) => Some(self.client_id),
            (false, true) => Some(self.client_secret),
            (false, false) => None,
        }
    }
}

impl Basic {
    /// Creates a signer from the client's id and secret.
    ///
    /// # Errors
    /// Returns the errors of [`basic`].
    #[inline]
    pub fn new(client_id: &str, client_secret: &Secret) -> Result<Self, InputError> {
        Ok(Self {
            header: basic(client_id, client_secret)?,
            id_has_outer_space: has_outer_space(client_id),
            secret_has_outer_space: client_secret.has_outer_space(),
            names: ClientNames::default(),
        })
    }

    /// Sets the names by which [`spaced_credential`](Auth::spaced_credential) refers to the
    /// client's id and secret, such as those of environment variables. Defaults to `client_id` and
    /// `client_secret`. Requests do not contain these names.
    #[must_use]
    #[inline]
    pub fn with_names(mut self, client_id: &'static str, client_secret: &'static str) -> Self {
        self.names = ClientNames { client_id, client_secret };
        self
    }
}

impl Auth for Basic {
    #[inline]
    fn sign(&self, request: &mut Request, _: &mut Generation, _: SystemTime) -> Result<(), Error> {
        request.headers_mut().insert(AUTHORIZATION, self.header.clone());
        Ok(())
    }

    #[inline]
    fn spaced_credential(&self) -> Option<&'static str> {
        self.names.spaced(self.id_has_outer_space, self.secret_has_outer_space)
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn credential_with_outer_space_is_named() {
        let named = |id: &str, secret: &str| {
            let auth = Basic::new(id, &secret.into()).unwrap();
            (auth.spaced_credential(), auth.with_names("ID", "SECRET").spaced_credential())
        };
        assert_eq!(named("id", "s e"), (None, None));
        assert_eq!(named("id", "s "), (Some("client_secret"), Some("SECRET")));
        assert_eq!(named(" id", "s"), (Some("client_id"), Some("ID")));
    }

    #[test]
    fn client_that_is_empty_or_has_control_characters_is_rejected() {
        for (id, secret, argument) in [
            ("", "s", "client_id"),
            ("a:b", "s", "client_id"),
            ("a\n", "s", "client_id"),
            ("a", "", "client_secret"),
            ("a", "s\n", "client_secret"),
        ] {
            let secret = secret.into();
            assert_eq!(basic(id, &secret).unwrap_err().argument(), argument, "{id:?}");
            assert_eq!(Basic::new(id, &secret).unwrap_err().argument(), argument, "{id:?}");
        }
    }

    #[test]
    fn http_basic_signs_every_request() {
        let mut request = Request::default();
        let auth = Basic::new("id", &"s&cret".into()).unwrap();
        auth.sign(&mut request, &mut Generation::default(), UNIX_EPOCH).unwrap();
        assert_eq!(request.headers()[AUTHORIZATION], "Basic aWQ6cyZjcmV0");
        assert!(request.headers()[AUTHORIZATION].is_sensitive());
    }
}
