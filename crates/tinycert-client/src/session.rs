//! A session. Its methods are in the modules of their endpoints.

use std::fmt;
use std::sync::Arc;

use api_auth::hmac::form_digest::FormSession;
use api_auth::{Clock, Env, InputError, Result, Secret};

use crate::{Client, Disconnect};

/// An open session. All threads can share one session.
///
/// Dropping a session sends one request that closes it and ignores errors. Call
/// [`disconnect`](Session::disconnect) to get the error, or [`into_token`](Session::into_token) to
/// leave the session open. A session that was resumed, or is in a [token
/// store](crate::ClientBuilder::token_store), stays open when it is dropped.
pub struct Session {
    pub(crate) core: api_auth::Client,
    auth: Arc<FormSession>,
    ends_on_drop: bool,
}

impl Session {
    pub(crate) fn new(core: api_auth::Client, auth: Arc<FormSession>, ends_on_drop: bool) -> Self {
        Self { core, auth, ends_on_drop }
    }

    /// Opens a session from the environment variables `TINYCERT_EMAIL` and `TINYCERT_PASSPHRASE`
    /// and those of [`Client::from_env`].
    ///
    /// # Errors
    /// Returns an error that names the variable if one is missing or invalid, and the errors of
    /// [`Client::connect`].
    pub fn from_env() -> Result<Self> {
        let client = Client::from_env()?;
        let (email, passphrase) = login(Env::PROCESS)?;
        client.connect(email, passphrase)
    }

    /// Closes the session. If the server does not know the session any more, an error is returned
    /// and the session is not reopened.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn disconnect(mut self) -> Result<()> {
        self.ends_on_drop = false;
        self.end()
    }

    fn end(&self) -> Result<()> {
        self.auth.close();
        // There is no token after a failed attempt to reopen the session.
        if self.auth.token().is_none() { Ok(()) } else { self.send(&Disconnect::new()) }
    }

    /// Returns the token, for [`Client::resume`](crate::Client::resume) in another process. Returns
    /// `None` if the server rejected the token and the session is not reopened yet. The token
    /// cannot open a session, but it is as sensitive as the credentials until the session expires.
    pub fn token(&self) -> Option<Secret> {
        self.auth.token()
    }

    /// Returns the token and leaves the session open; see
    /// [`Client::resume`](crate::Client::resume).
    pub fn into_token(mut self) -> Option<Secret> {
        self.ends_on_drop = false;
        self.auth.token()
    }

    /// Returns the clock of the session.
    pub fn clock(&self) -> &dyn Clock {
        self.core.clock()
    }

    api_auth::client_methods!();
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.ends_on_drop {
            let _ = self.end();
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("core", &self.core).finish_non_exhaustive()
    }
}

/// Reads the e-mail address and passphrase from their two variables.
fn login(variables: Env<'_>) -> Result<(String, Secret), InputError> {
    let email = variables.need("TINYCERT_EMAIL")?;
    Ok((email, Secret::new(variables.need("TINYCERT_PASSPHRASE")?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_is_named() {
        let missing = |given: &str| login(Env::given(&[(given, "x")])).unwrap_err();
        assert_eq!(missing("TINYCERT_PASSPHRASE").argument(), "TINYCERT_EMAIL");
        assert_eq!(missing("TINYCERT_EMAIL").argument(), "TINYCERT_PASSPHRASE");
    }
}
