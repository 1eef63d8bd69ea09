//! Who signs a call: a state machine that does no I/O of its own.

use std::time::SystemTime;

use crate::{Error, Request, Response, UnsignedRequest};

/// Puts credentials on requests. One value serves all threads of a client.
///
/// The client calls, in this order: [`next_request`](Auth::next_request) until it gives nothing (and
/// [`handle_response`](Auth::handle_response) with the answer), [`add_parameters`](Auth::add_parameters) on the draft,
/// [`sign`](Auth::sign) on the finished request, and [`invalidate_if_rejected`](Auth::invalidate_if_rejected) on the answer.
/// The time is always an argument.
pub trait Auth: Send + Sync {
    /// Returns whether calls can be signed at `now` without a request of [`next_request`](Auth::next_request).
    /// Waits for nothing. It is also called while the guard of a [`Preparation`] is held, so an
    /// auth whose `next_request` locks something must implement it.
    fn is_ready(&self, now: SystemTime) -> bool {
        matches!(self.next_request(now), Ok(None))
    }

    /// A request that must be answered before calls can be signed (a token, a session), finished
    /// by the auth itself; `None` when ready. The client lets one thread at a time through. It may
    /// wait for a lock, so the client reads its clock again afterwards.
    ///
    /// # Errors
    /// When the request cannot be made.
    fn next_request(&self, now: SystemTime) -> Result<Option<Preparation>, Error> {
        let _ = now;
        Ok(None)
    }

    /// Takes the answer to the prepared request.
    ///
    /// # Errors
    /// When the answer is a refusal or cannot be read.
    fn handle_response(&self, response: Response, now: SystemTime) -> Result<(), Error> {
        let _ = (response, now);
        Ok(())
    }

    /// Adds parameters that are encoded (and sorted) with the rest, such as a session token.
    ///
    /// # Errors
    /// When there is nothing to add them to.
    fn add_parameters(
        &self,
        draft: &mut UnsignedRequest<'_>,
        note: &mut Generation,
        now: SystemTime,
    ) -> Result<(), Error> {
        let _ = (draft, note, now);
        Ok(())
    }

    /// Reads the finished request and signs it: may add headers or append to the body, and
    /// changes nothing else. On an error the request is as it was.
    ///
    /// # Errors
    /// When the request cannot be signed.
    fn sign(
        &self,
        request: &mut Request,
        note: &mut Generation,
        now: SystemTime,
    ) -> Result<(), Error>;

    /// Whether `response` says that the token or session is no longer good. The auth forgets it
    /// then, and `true` means that one more try with a fresh one makes sense. `note` is what the
    /// auth left when it dressed and signed that request.
    fn invalidate_if_rejected(&self, response: &Response, note: Generation) -> bool {
        let _ = (response, note);
        false
    }
}

/// What an auth notes about a request while it dresses and signs it, such as the number of the
/// token: the late refusal of an old token is told from that of a fresh one by it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Generation {
    /// The number of the token, or whatever else tells requests apart.
    pub number: u64,
    /// Where the token came from.
    pub origin: TokenOrigin,
}

impl Generation {
    /// A note with this number, about a token of the server.
    pub const fn new(number: u64) -> Self {
        Self { number, origin: TokenOrigin::Server }
    }
}

/// How many tokens of a store in a row may replace a rejected one before the next comes from the
/// server. Clients that share a store find what the others fetched; a store that always has
/// another token fails no call.
pub(crate) const MOST_REPLACEMENTS: u32 = 3;

/// The origin of the token that a request was signed with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TokenOrigin {
    /// The server, or there is no token.
    #[default]
    Server,
    /// A token store, which may have an old one: if the server rejects it, a token of the server
    /// is worth one more try.
    Store,
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
    fn sign(&self, _: &mut Request, _: &mut Generation, _: SystemTime) -> Result<(), Error> {
        Ok(())
    }
}
