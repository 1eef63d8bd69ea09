//! A server that grants every token and sends a configurable response to every other request.

use api_auth::Error;
use api_sandbox::{Raw, Response, Server, Service, Verdict};

use crate::catalogue::{AnyClient, Call, Options, Provider};

/// The state of the server; see the module.
#[derive(Debug)]
pub struct World {
    grant: Option<(&'static str, &'static str)>,
    /// The number of following requests with status 401.
    pub refusals: u32,
    /// The response to all other requests.
    pub response: Response,
}

impl Service for World {
    fn respond(&mut self, request: &Raw) -> (Response, Verdict) {
        let verdict = Verdict { endpoint: None, signed: None };
        if let Some((path, granted)) = self.grant
            && request.path() == path
        {
            // The next request uses a new connection.
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

/// Returns a response with status 401.
pub fn unauthorized() -> Response {
    Response::json(401, &serde_json::json!({"error": "Unauthorized"}))
}

/// Starts a server of a provider with a minimal success as response.
pub fn start(provider: &Provider) -> Server<World> {
    start_at(0, provider)
}

/// Starts a server like [`start`] on this port.
pub fn start_at(port: u16, provider: &Provider) -> Server<World> {
    let response = Response::json(200, &serde_json::json!({"id": 1, "result": "success"}));
    Server::start(port, World { grant: provider.grant, refusals: 0, response })
        .expect("a free port")
}

/// Returns a client with a token or session, so that the next request is that of the endpoint.
///
/// # Errors
/// Returns an error if no token or session can be requested.
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

/// Returns the number of requests since the last call of this function: requests to the endpoint,
/// and those for a token or session.
pub fn count(provider: &Provider, call: &dyn Call, server: &Server<World>) -> (usize, usize) {
    let is_grant = |path: &str| provider.grant.is_some_and(|(grant, _)| grant == path);
    let seen = server.take_seen();
    let grants = seen.iter().filter(|seen| is_grant(seen.request.path())).count();
    if is_grant(&call.path()) { (grants, 0) } else { (seen.len() - grants, grants) }
}
