//! Who signs a call: a state machine that does no I/O of its own.

use std::time::SystemTime;

use crate::{Draft, Error, Request, Response};

/// Puts credentials on requests. One value serves all threads of a client.
///
/// The client calls, in this order: [`prepare`](Auth::prepare) until it gives nothing (and
/// [`absorb`](Auth::absorb) with the answer), [`dress`](Auth::dress) on the draft,
/// [`sign`](Auth::sign) on the finished request, and [`rejected`](Auth::rejected) on the answer.
/// The time is always an argument.
pub trait Auth: Send + Sync {
    /// A request that must be answered before calls can be signed (a token, a session), finished
    /// by the auth itself; `None` when ready. The client lets one thread at a time through.
    ///
    /// # Errors
    /// When the request cannot be made.
    fn prepare(&self, now: SystemTime) -> Result<Option<Preparation>, Error> {
        let _ = now;
        Ok(None)
    }

    /// Takes the answer to the prepared request.
    ///
    /// # Errors
    /// When the answer is a refusal or cannot be read.
    fn absorb(&self, response: Response, now: SystemTime) -> Result<(), Error> {
        let _ = (response, now);
        Ok(())
    }

    /// Adds parameters that are encoded (and sorted) with the rest, such as a session token.
    ///
    /// # Errors
    /// When there is nothing to add them to.
    fn dress(&self, draft: &mut Draft<'_>, now: SystemTime) -> Result<(), Error> {
        let _ = (draft, now);
        Ok(())
    }

    /// Reads the finished request and signs it: may add headers or append to the body, and
    /// changes nothing else. On an error the request is as it was. What it puts into the
    /// request's extensions is found in those of the answer by [`rejected`](Auth::rejected).
    ///
    /// # Errors
    /// When the request cannot be signed.
    fn sign(&self, request: &mut Request, now: SystemTime) -> Result<(), Error>;

    /// Whether `response` says that the token or session is no longer good. The auth forgets it
    /// then, and `true` means that one more try with a fresh one makes sense.
    /// [`sign`](Auth::sign) may note in the request's extensions which token it used, so that the
    /// late refusal of an old one is told from that of a fresh one.
    fn rejected(&self, response: &Response) -> bool {
        let _ = response;
        false
    }

    /// Parameters of query or form body that are secrets; they are masked in printed commands.
    fn secret_parameters(&self) -> &'static [&'static str] {
        &[]
    }
}

/// A request to send before the call itself, and a guard (an inter-process lock, for example)
/// that is dropped when its answer was absorbed or did not come.
pub struct Preparation {
    /// The finished request; it is sent as it is.
    pub request: Request,
    /// Held as long as the exchange takes.
    pub guard: Option<Box<dyn Send>>,
}

impl std::fmt::Debug for Preparation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Preparation").field("guarded", &self.guard.is_some()).finish()
    }
}

/// Signs nothing: for routes that need no credentials.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAuth;

impl Auth for NoAuth {
    fn sign(&self, _request: &mut Request, _now: SystemTime) -> Result<(), Error> {
        Ok(())
    }
}
