//! A session. Its methods are beside the calls that they make.

use std::fmt;
use std::sync::Arc;

use api_auth::hmac::form_digest::FormSession;
use api_auth::{Clock, Env, InputError, Result, Secret};

use crate::{Client, Disconnect};

/// An open session. Use it from any number of threads.
///
/// Dropping it disconnects, which takes one call, and whose failure nobody hears of; use
/// [`disconnect`](Session::disconnect) to hear of it, or [`into_token`](Session::into_token) to
/// leave the session open. A session that was resumed, or is kept in a
/// [token store](crate::ClientBuilder::token_store), stays open by itself.
pub struct Session {
    pub(crate) core: api_auth::Client,
    auth: Arc<FormSession>,
    ends_on_drop: bool,
}

impl Session {
    pub(crate) fn new(core: api_auth::Client, auth: Arc<FormSession>, ends_on_drop: bool) -> Self {
        Self { core, auth, ends_on_drop }
    }

    /// Opens a session from the environment: what [`Client::from_env`] reads, `TINYCERT_EMAIL`
    /// and `TINYCERT_PASSPHRASE`.
    ///
    /// # Errors
    /// A variable that is missing or wrong, by name; otherwise as [`Client::connect`].
    pub fn from_env() -> Result<Self> {
        let client = Client::from_env()?;
        let (email, passphrase) = login(Env::PROCESS)?;
        client.connect(email, passphrase)
    }

    /// Closes the session. One that the server does not know any more is not opened again for
    /// this: the error says so.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn disconnect(mut self) -> Result<()> {
        self.ends_on_drop = false;
        self.end()
    }

    fn end(&self) -> Result<()> {
        self.auth.close();
        // There is no token after a failed attempt to open the session again.
        if self.auth.token().is_none() { Ok(()) } else { self.send(&Disconnect::new()) }
    }

    /// The token, which opens nothing but is as good as the credentials while the session lives:
    /// for [`Client::resume`](crate::Client::resume) in another process.
    pub fn token(&self) -> Option<Secret> {
        self.auth.token()
    }

    /// Leaves the session open and gives its token out; see
    /// [`Client::resume`](crate::Client::resume).
    pub fn into_token(mut self) -> Option<Secret> {
        self.ends_on_drop = false;
        self.auth.token()
    }

    /// The clock that the session goes by.
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

/// Who opens the session, from the two variables that say so.
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
