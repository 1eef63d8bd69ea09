//! Handles the endpoints `session.*`, which open and close sessions, and validates session tokens.

use serde_json::json;

use super::ask::Ask;
use super::{
    ApiResult, DAMAGED_EMAIL, EMAIL, Out, PASSPHRASE, Refusal, TinyCert, UNLOADABLE_EMAIL, refuse,
};
use crate::digest::sha256_hex;

impl TinyCert {
    /// Closes all sessions, so that requests with their tokens fail with `InvalidToken`.
    pub fn forget_sessions(&mut self) {
        self.sessions.clear();
    }

    /// Returns the number of open sessions, without those that have expired.
    pub fn open_sessions(&self) -> usize {
        let now = self.clock.unix();
        self.sessions
            .values()
            .filter(|last| now < last.saturating_add(self.session_seconds))
            .count()
    }

    /// Validates the token of a request, and extends the lifetime of its session.
    pub(super) fn session(&mut self, ask: &Ask) -> Result<(), Refusal> {
        let token = ask.need("token")?;
        let now = self.clock.unix();
        match self.sessions.get_mut(token) {
            Some(last) if now < last.saturating_add(self.session_seconds) => {
                *last = now;
                Ok(())
            }
            _ => refuse("InvalidToken", "token: the session is unknown or expired"),
        }
    }

    pub(super) fn session_connect(&mut self, ask: &Ask) -> ApiResult {
        let email = ask.need("email")?;
        let passphrase = ask.need("passphrase")?;
        match email {
            EMAIL if passphrase == PASSPHRASE => {}
            EMAIL => return refuse("PassphraseFailure", "passphrase: wrong passphrase"),
            DAMAGED_EMAIL => {
                return refuse("AccountError", "email: the data of the account is damaged");
            }
            UNLOADABLE_EMAIL => {
                return refuse("AccountNotLoaded", "email: the account cannot be loaded");
            }
            _ => return refuse("AccountNotFound", "email: no such account"),
        }
        self.connects += 1;
        let token = sha256_hex(format!("session {}", self.connects));
        self.sessions.insert(token.clone(), self.clock.unix());
        Ok(Out::Json(json!({ "token": token })))
    }

    pub(super) fn session_disconnect(&mut self, ask: &Ask) -> ApiResult {
        self.sessions.remove(ask.need("token")?);
        Ok(Out::Success)
    }
}
