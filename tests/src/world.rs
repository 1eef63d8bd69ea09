//! A server that grants every token and answers every call alike: what goes wrong is told to it.

use api_auth::Error;
use api_sandbox::{Raw, Response, Server, Service, Verdict};

use crate::catalogue::{AnyClient, Call, Options, Provider};

/// See the module.
#[derive(Debug)]
pub struct World {
    grant: Option<(&'static str, &'static str)>,
    /// How many calls are answered 401 from now on.
    pub refusals: u32,
    /// What the other calls are answered with.
    pub response: Response,
}

impl Service for World {
    fn respond(&mut self, request: &Raw) -> (Response, Verdict) {
        let verdict = Verdict { endpoint: None, signed: None };
        if let Some((path, granted)) = self.grant
            && request.path() == path
        {
            // Whatever goes wrong next begins with a connection of its own.
            let response = Response::new(200, "application/json", granted);
            return (response.with_header("connection", "close"), verdict);
        }
        if self.refusals > 0 {
            self.refusals -= 1;
            return (unauthorized(), verdict);
        }
        (self.response.clone(), verdict)
    }
}

/// A response that refuses whoever asks.
pub fn unauthorized() -> Response {
    Response::json(401, &serde_json::json!({"error": "Unauthorized"}))
}

/// Starts a world of a provider in which calls are answered with hardly more than that all is well.
pub fn start(provider: &Provider) -> Server<World> {
    let response = Response::json(200, &serde_json::json!({"id": 1, "result": "success"}));
    Server::start(0, World { grant: provider.grant, refusals: 0, response }).expect("a free port")
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
