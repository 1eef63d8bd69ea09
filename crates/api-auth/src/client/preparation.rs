//! Requests for the token or session that a client must have before it can send other requests.

use std::cell::Cell;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use crate::auth::Auth;
use crate::client::{Client, Failure, status_outcome};
use crate::error::Result;
use crate::pace::Turn;
use crate::redact::RequestCopy;
use crate::route::Credential;

/// The maximum number of requests in one attempt to obtain a token or session. For example, two are
/// needed if the server rejects a refresh token and the original grant is then used.
const MOST_PREPARATIONS: u32 = 3;
/// After a wait of more than this duration for the lock of a token store, the client checks again
/// whether there is a valid token before it requests one.
const SHORT_WAIT: Duration = Duration::from_secs(1);

impl Client {
    /// Requests a token or session if `auth` needs one. One thread requests it while the others
    /// wait. First, `check` validates the request that is to be signed. Returns the current time,
    /// with which that request is then signed, and whether a token or session was requested. In that
    /// case, the request must wait again, because `turn` does not allow it to be sent any more.
    pub(super) fn make_ready(
        &self,
        credential: Credential,
        auth: Option<&dyn Auth>,
        turn: &mut Turn,
        check: impl FnOnce() -> Result<()>,
    ) -> Result<(SystemTime, bool)> {
        let clock = &self.0.parts.clock;
        let now = clock.now();
        let preparing = self.0.preparing.iter().find(|(name, _)| *name == credential);
        let (Some(auth), Some((_, preparing))) = (auth, preparing) else { return Ok((now, false)) };
        let seen = preparing.finished.load(Ordering::Acquire);
        if auth.is_ready(now) {
            return Ok((now, false));
        }
        check()?;
        self.0.parts.pace.give_back(turn);
        let mut last = preparing.last_failure.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((number, error)) = &*last
            && *number > seen
        {
            return Err(error.duplicate());
        }
        let result = self.fetch(auth);
        if result.is_err() && self.is_interrupted() {
            // The other threads, which may not be interrupted, request the token themselves.
            return result.map(|now| (now, true));
        }
        let number = preparing.finished.fetch_add(1, Ordering::AcqRel) + 1;
        *last = result.as_ref().err().map(|error| (number, error.duplicate()));
        result.map(|now| (now, true))
    }

    fn fetch(&self, auth: &dyn Auth) -> Result<SystemTime> {
        let clock = &self.0.parts.clock;
        let mut attempts = 0;
        let mut copy = RequestCopy::new();
        let endpoint = Cell::new("");
        let wait = |duration| self.wait(duration);
        self.with_retries(&endpoint, true, wait, || {
            let mut turn = Turn::first();
            let mut has_waited = false;
            let mut count = 0;
            while count < MOST_PREPARATIONS {
                if count == 0 {
                    self.check_interrupt()?;
                }
                let started = clock.now();
                let Some(preparation) = auth.next_request(started)? else {
                    if auth.is_ready(clock.now()) {
                        break; // Another thread requested it.
                    }
                    count += 1;
                    continue; // The token of another client expired during the wait.
                };
                if !has_waited && self.0.parts.pace.may_wait() {
                    has_waited = true;
                    // The guard is not held during the wait, so that other clients can use the
                    // store. After it, the request is built again, with the current time.
                    drop(preparation);
                    self.keep_pace(&mut turn)?;
                    continue;
                }
                // After a long wait for another client, its token may not have been valid yet at
                // the time before the wait.
                let now = clock.now();
                let waited_long =
                    now.duration_since(started).is_ok_and(|waited| waited > SHORT_WAIT);
                if preparation.guard.is_some() && waited_long && auth.is_ready(now) {
                    break;
                }
                self.check_interrupt().inspect_err(|_| self.0.parts.pace.give_back(&mut turn))?;
                (has_waited, count) = (false, count + 1);
                attempts += 1;
                endpoint.set(preparation.endpoint);
                let mut request = preparation.request;
                self.add_headers(&mut request, "application/json");
                let listed = self.0.parts.provider.secret_parameters;
                copy.set(&request, listed);
                // An authorization code is a secret in each request for a token.
                let secrets = || copy.secrets(&[listed, &["code"]].concat(), "", "");
                let response = self.transmit(endpoint.get(), attempts, request, false, &secrets)?;
                let after = self.retry_after(&response);
                let outcome = status_outcome(&response, after);
                auth.handle_response(response, clock.now()).map_err(|error| Failure {
                    error: error.redacted(&secrets()).with_retry_after(after),
                    outcome: Some(outcome),
                })?;
            }
            // The request for which the token is needed does not have to wait for another turn.
            self.0.parts.pace.give_back(&mut turn);
            Ok(clock.now())
        })
        .map_err(|error| {
            self.named(endpoint.get(), error, attempts)
                .with_spaced_credential(|| auth.spaced_credential())
        })
    }
}
