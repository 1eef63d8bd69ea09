//! A server that grants every token and answers every call alike: what goes wrong is told to it.

use api_auth::Error;
use api_sandbox::{Raw, Reply, Server, Service, Verdict};

use crate::catalogue::{AnyClient, Call, Options, Provider};

/// See the module.
#[derive(Debug)]
pub struct World {
    grant: Option<(&'static str, &'static str)>,
    /// How many calls are answered 401 from now on.
    pub refusals: u32,
    /// What the other calls are answered with.
    pub answer: Reply,
}

impl Service for World {
    fn answer(&mut self, request: &Raw) -> (Reply, Verdict) {
        let verdict = Verdict { endpoint: None, signed: None };
        if let Some((path, granted)) = self.grant
            && request.path() == path
        {
            // Whatever goes wrong next begins with a connection of its own.
            let reply = Reply::new(200, "application/json", granted);
            return (reply.with_header("connection", "close"), verdict);
        }
        if self.refusals > 0 {
            self.refusals -= 1;
            return (unauthorized(), verdict);
        }
        (self.answer.clone(), verdict)
    }
}

/// An answer that refuses whoever asks.
pub fn unauthorized() -> Reply {
    Reply::json(401, &serde_json::json!({"error": "Unauthorized"}))
}

/// Starts a world of a provider in which calls are answered with hardly more than that all is well.
pub fn start(provider: &Provider) -> Server<World> {
    let answer = Reply::json(200, &serde_json::json!({"id": 1, "result": "success"}));
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
    options: &Options,
) -> Result<AnyClient, Error> {
    let client = (provider.client)(base, options)?;
    call.signed_request(&client)?;
    Ok(client)
}

/// How many requests the server saw since it was last asked: calls, and requests for a token or
/// session beside them.
pub fn count(provider: &Provider, call: &dyn Call, server: &Server<World>) -> (usize, usize) {
    let is_grant = |path: &str| provider.grant.is_some_and(|(grant, _)| grant == path);
    let seen = server.take_seen();
    let grants = seen.iter().filter(|seen| is_grant(seen.request.path())).count();
    if is_grant(&call.path()) { (grants, 0) } else { (seen.len() - grants, grants) }
}
