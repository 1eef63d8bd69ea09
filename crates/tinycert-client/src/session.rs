//! Sessions: open and close them, and send requests in them.
//!
//! [`Client::connect`] opens a session and [`Session::disconnect`] closes it. All other requests
//! are sent in a session. The methods of [`Session`] are documented in the modules
//! [`ca`](crate::ca), [`cert`](crate::cert) and [`renewal`](crate::renewal).
//!
//! ```no_run
//! use tinycert_client::Client;
//!
//! let client = Client::from_env()?;
//! let session = client.connect("account@example.com", "My Secret Passphrase")?;
//! println!("{} CAs", session.list_cas()?.len());
//! session.disconnect()?;
//! # Ok::<(), tinycert_client::Error>(())
//! ```

mod auth;
mod connect;

use std::fmt;
use std::sync::Arc;

use api_auth::{Clock, Env, InputError, Result, Secret};

use crate::{Client, error};

pub(crate) use auth::SessionAuth;
pub use connect::{API_KEY, Connect, Disconnect};

/// An open session. All threads can share one session.
///
/// When this value is dropped, one request is sent to close the session, and errors are ignored.
/// Call [`disconnect`](Session::disconnect) to get the error, or
/// [`into_token`](Session::into_token) to leave the session open. A session that was resumed, or is
/// in a [token store](crate::ClientBuilder::token_store), remains open when it is dropped.
///
/// See the example in the module [`session`](crate::session).
pub struct Session {
    pub(crate) core: api_auth::Client,
    auth: Arc<SessionAuth>,
    closes_on_drop: bool,
}

/// # Opening and closing
///
/// A session is opened by [`Client::connect`] or by [`Session::from_env`].
impl Session {
    pub(crate) fn new(
        core: api_auth::Client,
        auth: Arc<SessionAuth>,
        closes_on_drop: bool,
    ) -> Self {
        Self { core, auth, closes_on_drop }
    }

    /// Opens a session with the values of the environment variables `TINYCERT_EMAIL` and
    /// `TINYCERT_PASSPHRASE`, and of the variables that [`Client::from_env`] reads.
    ///
    /// See the example in the module [`session`](crate::session).
    ///
    /// # Errors
    /// Returns an error that names the first variable that is missing or invalid, or an error of
    /// [`Client::connect`].
    pub fn from_env() -> Result<Self> {
        let client = Client::from_env()?;
        client.open(connect(Env::PROCESS)?)
    }

    /// Closes the session. This succeeds even if the server no longer knows the session, which is
    /// then not reopened.
    ///
    /// See the example in the module [`session`](crate::session).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn disconnect(mut self) -> Result<()> {
        self.closes_on_drop = false;
        self.close()
    }

    fn close(&self) -> Result<()> {
        self.auth.close();
        // After a failed attempt to reopen the session, there is no token.
        if self.auth.token().is_none() {
            return Ok(());
        }
        match self.core.without_headers().send(&Disconnect::new()) {
            Err(error) if error::is_session_gone(&error) => Ok(()),
            result => result,
        }
    }

    /// Returns the token of the session, for [`Client::resume`] in another process. Returns `None`
    /// if the server rejected the token and the session has not been reopened yet. The token cannot
    /// open a new session, but it is as sensitive as the credentials until the session expires.
    ///
    /// See the example in the module [`session`](crate::session).
    pub fn token(&self) -> Option<Secret> {
        self.auth.token()
    }

    /// Returns the token and leaves the session open; see [`Client::resume`]. Returns `None` if the
    /// server rejected the token and the session has not been reopened yet.
    ///
    /// See the example in the module [`session`](crate::session).
    pub fn into_token(mut self) -> Option<Secret> {
        self.closes_on_drop = false;
        self.auth.token()
    }

    /// Returns the clock of the session, which is that of its client.
    ///
    /// See the example in the module [`session`](crate::session).
    pub fn clock(&self) -> &dyn Clock {
        self.core.clock()
    }
}

/// # Requests to any endpoint
///
/// These methods send any request, such as a [`RawEndpoint`](crate::RawEndpoint), or return a
/// request without sending it. Most other methods of this type call one endpoint each.
impl Session {
    // `send`, `send_raw`, `curl`, ...: see `api-auth/src/client/methods.rs`
    api_auth::client_methods!();
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.closes_on_drop {
            let _ = self.close();
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("core", &self.core).finish_non_exhaustive()
    }
}

/// Reads the e-mail address and the passphrase from the environment variables `TINYCERT_EMAIL` and
/// `TINYCERT_PASSPHRASE`.
fn connect(variables: Env<'_>) -> Result<Connect, InputError> {
    const EMAIL: &str = "TINYCERT_EMAIL";
    const PASSPHRASE: &str = "TINYCERT_PASSPHRASE";
    let email = variables.need(EMAIL)?;
    let passphrase = Secret::new(variables.need(PASSPHRASE)?);
    Ok(Connect::new(email, passphrase).with_names(EMAIL, PASSPHRASE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_names_a_missing_variable() {
        let missing = |given: &str| connect(Env::given(&[(given, "x")])).unwrap_err();
        assert_eq!(missing("TINYCERT_PASSPHRASE").argument(), "TINYCERT_EMAIL");
        assert_eq!(missing("TINYCERT_EMAIL").argument(), "TINYCERT_PASSPHRASE");
    }
}
