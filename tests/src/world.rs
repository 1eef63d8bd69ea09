//! A server that grants every token and answers every call alike: what goes wrong is told to it.

use api_auth::Error;
use api_sandbox::{Raw, Reply, Server, Service, Verdict};

use crate::catalogue::{AnyClient, Call, Knobs, Provider};

/// See the module.
#[derive(Debug)]
pub struct World {
    grant: fn(&Raw) -> Option<Reply>,
    /// How many calls are answered 401 from now on.
    pub refusals: u32,
    /// What the other calls are answered with.
    pub answer: Reply,
}

impl Service for World {
    fn answer(&mut self, request: &Raw) -> (Reply, Verdict) {
        let verdict = Verdict { endpoint: None, signed: None };
        if let Some(granted) = (self.grant)(request) {
            // Whatever goes wrong next begins with a connection of its own.
            return (granted.with_header("connection", "close"), verdict);
        }
        if self.refusals > 0 {
            self.refusals -= 1;
            let reply = Reply::json(401, &serde_json::json!({"error": "Unauthorized"}));
            return (reply, verdict);
        }
        (self.answer.clone(), verdict)
    }
}

/// Starts a world of a provider in which calls are answered with an empty JSON object.
pub fn start(provider: &Provider) -> Server<World> {
    let answer = Reply::json(200, &serde_json::json!({}));
    Server::start(0, World { grant: provider.grant, refusals: 0, answer }).expect("a free port")
}

/// A client that has its token or session, so that the next request is the call's.
///
/// # Errors
/// When it gets none.
pub fn ready(
    provider: &Provider,
    call: &dyn Call,
    base: &str,
    knobs: &Knobs,
) -> Result<AnyClient, Error> {
    let client = (provider.client)(base, knobs)?;
    call.prepare(&client)?;
    Ok(client)
}

/// How many of these requests were calls, and how many asked for a token or session.
pub fn count(provider: &Provider, server: &Server<World>) -> (usize, usize) {
    let seen = server.take_seen();
    let grants = seen.iter().filter(|seen| (provider.grant)(&seen.request).is_some()).count();
    (seen.len() - grants, grants)
}
