//! A server that issues numbered tokens and records its clients, and clients of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_auth::{
    Error, ErrorKind, ManualClock, Request, Response, StatusCode, TokenStore, TransportError,
};
use api_sandbox::{Raw, Service, Verdict};
use tpay_client::channels::ListChannels;
use tpay_client::{Client, Environment};

/// The lifetime of a token.
pub const LIFE: Duration = Duration::from_secs(7200);

/// A server that grants numbered tokens and accepts requests with the last one.
#[derive(Debug, Default)]
pub struct Bank {
    /// The clients that requested tokens, in order.
    pub granted: Vec<String>,
    /// The client and the token of each request.
    pub calls: Vec<(String, String)>,
    /// Whether the last token is revoked.
    pub revoked: bool,
    /// The number of requests after which a token is rejected.
    pub most_calls: Option<usize>,
    /// The number of requests with the last token.
    last_calls: usize,
    /// The clients whose token was replaced while it was valid.
    pub lost: Vec<String>,
    /// The number of rejections by client and token.
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

    /// Returns the number of the last token.
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

/// Returns a client of the server at this address, with the process id in its User-Agent.
pub fn client_at(base: &str, clock: ManualClock, store: impl TokenStore + 'static) -> Client {
    Client::builder("id", "secret")
        .environment(Environment::custom(base))
        .application(format!("process-{}", std::process::id()))
        .clock(clock)
        .token_store(store)
        .build()
        .unwrap()
}

/// Returns a client of a server in this process.
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
            // Other threads run during a request.
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

/// Sends a request.
///
/// # Errors
/// Returns the error of the client.
pub fn call(client: &Client) -> Result<(), Error> {
    client.list_channels(&ListChannels::new()).map(drop)
}

/// Repeats a request whose token was rejected, and whose new token was used up by other threads.
/// All other errors are failures.
pub fn call_on_a_busy_day(client: &Client) {
    while let Err(error) = call(client) {
        assert_eq!(error.kind(), ErrorKind::Auth, "{error}");
    }
}
