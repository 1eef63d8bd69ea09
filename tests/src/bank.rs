//! A server whose tokens are numbered, which knows who asked for one, and clients of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_auth::{
    Error, ErrorKind, ManualClock, Request, Response, StatusCode, TokenStore, TransportError,
};
use api_sandbox::{Raw, Service, Verdict};
use tpay_client::channels::ListChannels;
use tpay_client::{Client, Environment};

/// How long a token lives.
pub const LIFE: Duration = Duration::from_secs(7200);

/// Grants tokens that are numbered, and answers whoever comes with the last one.
#[derive(Debug, Default)]
pub struct Bank {
    /// Who asked for a token, in this order.
    pub granted: Vec<String>,
    /// Who called, with which token.
    pub calls: Vec<(String, String)>,
    /// Whether the last token is refused.
    pub revoked: bool,
    /// After how many calls a token is refused.
    pub most_calls: Option<usize>,
    /// How many calls were made with the last token.
    last_calls: usize,
    /// Who asked for a token in whose place another was asked for while it was good.
    pub lost: Vec<String>,
    /// Who was refused with which token, and how often.
    pub refusals: BTreeMap<(String, String), usize>,
}

impl Bank {
    fn serve(&mut self, path: &str, who: &str, authorization: &str) -> (StatusCode, String) {
        if path == "/oauth/auth" {
            if !self.revoked {
                self.lost.extend(self.granted.last().cloned());
            }
            self.granted.push(who.to_owned());
            (self.revoked, self.last_calls) = (false, 0);
            let life = LIFE.as_secs();
            let token = format!(r#"{{"access_token":"t{}","expires_in":{life}}}"#, self.last());
            return (StatusCode::OK, token);
        }
        let token = authorization.strip_prefix("Bearer ").unwrap().to_owned();
        let known = !self.revoked && token == format!("t{}", self.last());
        self.last_calls += usize::from(known);
        self.revoked |= self.most_calls.is_some_and(|most| self.last_calls >= most);
        if !known {
            *self.refusals.entry((who.to_owned(), token.clone())).or_default() += 1;
        }
        self.calls.push((who.to_owned(), token));
        let status = if known { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        (status, r#"{"channels":[]}"#.to_owned())
    }

    /// The number of the token that was granted last.
    pub fn last(&self) -> usize {
        self.granted.len()
    }
}

impl Service for Bank {
    fn respond(&mut self, request: &Raw) -> (api_sandbox::Response, Verdict) {
        let who = request.header("user-agent").unwrap().split(' ').next().unwrap();
        let authorization = request.header("authorization").unwrap_or_default();
        let (status, body) = self.serve(request.path(), who, authorization);
        let response = api_sandbox::Response::new(status.as_u16(), "application/json", body);
        (response, Verdict { endpoint: None, signed: None })
    }
}

/// A client of the bank at that address, of which the bank learns what process it is in.
pub fn client_at(base: &str, clock: ManualClock, store: impl TokenStore + 'static) -> Client {
    Client::builder("id", "secret")
        .environment(Environment::custom(base))
        .application(format!("process-{}", std::process::id()))
        .clock(clock)
        .token_store(store)
        .build()
        .unwrap()
}

/// A client of a bank in this process.
pub fn client_of(
    bank: &Arc<Mutex<Bank>>,
    clock: &ManualClock,
    store: impl TokenStore + 'static,
) -> Client {
    let bank = bank.clone();
    Client::builder("id", "secret")
        .environment(Environment::custom("http://127.0.0.1:1"))
        .clock(clock.clone())
        .token_store(store)
        .transport(move |request: Request| -> Result<Response, TransportError> {
            // Others get their turn while a request is under way.
            std::thread::yield_now();
            let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
            let authorization = header("authorization").unwrap_or_default();
            let (status, body) =
                bank.lock().unwrap().serve(request.uri().path(), "here", authorization);
            let mut response = Response::new(body.into_bytes());
            *response.status_mut() = status;
            Ok(response)
        })
        .build()
        .unwrap()
}

/// Makes a call.
///
/// # Errors
/// What the client makes of it.
pub fn call(client: &Client) -> Result<(), Error> {
    client.list_channels(&ListChannels::new()).map(drop)
}

/// A call whose token is refused, and the fresh one as well, since others used that up while this
/// thread slept, is made again. Nothing else may go wrong.
pub fn call_on_a_busy_day(client: &Client) {
    while let Err(error) = call(client) {
        assert_eq!(error.kind(), ErrorKind::Auth, "{error}");
    }
}
