#![doc = include_str!("../README.md")]
//!
//! # Overview
//!
//! | item | purpose |
//! |---|---|
//! | [`Sandbox`] | all servers, with their base URLs and environment variables |
//! | [`Server`], [`Misbehaviour`] | one server: its base URL, its recorded requests, and simulated failures |
//! | [`Tls`] | a CA for servers that use HTTPS |
//! | [`Seen`], [`Verdict`], [`LogEntry`] | a recorded request, with its endpoint and the validity of its credentials |
//! | [`Service`], [`Raw`], [`Response`] | a custom server behind the same listener |
//! | [`ConsolePage`], [`Table`], [`Row`], [`Button`] | the console page of a custom server |
//! | [`tinypass`] | state and rules of the TinyPass server |
//! | [`tinycert`] | state and rules of the TinyCert server |
//! | [`tokenpass`] | state and rules of the Tokenpass server |
//! | [`tpay`] | state and rules of the Tpay server |
//! | [`SandboxClock`] | the clock that all servers share |

mod accept;
mod callback;
mod chunked;
mod clock;
mod console;
mod date;
mod digest;
mod http;
mod misbehaviour;
mod query;
mod routes;
mod server;
mod strict_json;
pub mod tinycert;
pub mod tinypass;
mod tls;
pub mod tokenpass;
pub mod tpay;

use std::io;

pub use clock::SandboxClock;
pub use console::{Button, ConsolePage, Row, Table};
pub use http::{Raw, Response};
pub use misbehaviour::Misbehaviour;
pub use server::{LogEntry, Seen, Server, Service, Verdict};
pub use tinycert::TinyCert;
pub use tinypass::TinyPass;
pub use tls::Tls;
pub use tokenpass::Tokenpass;
pub use tpay::Tpay;

/// The four test servers, each on its own port of 127.0.0.1.
#[derive(Debug)]
pub struct Sandbox {
    clock: SandboxClock,
    tinypass: Server<TinyPass>,
    tinycert: Server<TinyCert>,
    tokenpass: Server<Tokenpass>,
    tpay: Server<Tpay>,
}

impl Sandbox {
    /// Starts all servers on free ports, with the initial state that the examples of the client
    /// crates expect.
    ///
    /// # Errors
    /// Returns an error if a server cannot listen on a port, for example because none is free.
    pub fn start() -> io::Result<Self> {
        Self::start_at(0)
    }

    /// Starts TinyPass, TinyCert, Tokenpass and Tpay on four consecutive ports, of which `port` is
    /// the first. If `port` is 0, any free ports are used.
    ///
    /// # Errors
    /// Returns an error if a server cannot listen on its port, or if `port` is above 65532.
    pub fn start_at(port: u16) -> io::Result<Self> {
        Self::start_with_clock(port, SandboxClock::default())
    }

    /// Starts the servers like [`start_at`](Self::start_at), but with this clock instead of the
    /// system clock.
    ///
    /// # Errors
    /// Returns the same errors as [`start_at`](Self::start_at).
    pub fn start_with_clock(port: u16, clock: SandboxClock) -> io::Result<Self> {
        let at = |offset: u16| match port {
            0 => Ok(0),
            port => port.checked_add(offset).ok_or_else(|| {
                let why = format!("port {port}: the four servers need ports up to 65535");
                io::Error::new(io::ErrorKind::InvalidInput, why)
            }),
        };
        at(3)?;
        let tinypass = start(at(0)?, TinyPass::new(clock.clone()))?;
        let tinycert = start(at(1)?, TinyCert::new(clock.clone()))?;
        let tokenpass = start(at(2)?, Tokenpass::new(clock.clone()))?;
        let tpay = start(at(3)?, Tpay::new(clock.clone()))?;
        tpay.state(|server| server.base_url = tpay.base_url().to_owned());
        Ok(Self { clock, tinypass, tinycert, tokenpass, tpay })
    }

    /// Treats all requests from now on as if a TLS proxy had forwarded them; see
    /// [`Server::assume_https`].
    pub fn assume_https(&self) {
        self.tinypass.assume_https();
        self.tinycert.assume_https();
        self.tokenpass.assume_https();
        self.tpay.assume_https();
    }

    /// Calls `log` for each [`LogEntry`] from now on, with the provider's name, such as `tpay`, and
    /// the entry. See [`Server::log_to`].
    pub fn log_to(&self, log: impl Fn(&str, LogEntry<'_>) + Send + Sync + 'static) {
        let log = std::sync::Arc::new(log);
        let of = |provider: &'static str| {
            let log = log.clone();
            move |entry: LogEntry<'_>| log(provider, entry)
        };
        self.tinypass.log_to(of("tinypass"));
        self.tinycert.log_to(of("tinycert"));
        self.tokenpass.log_to(of("tokenpass"));
        self.tpay.log_to(of("tpay"));
    }

    /// Returns the TinyPass server.
    pub fn tinypass(&self) -> &Server<TinyPass> {
        &self.tinypass
    }

    /// Returns the TinyCert server.
    pub fn tinycert(&self) -> &Server<TinyCert> {
        &self.tinycert
    }

    /// Returns the Tokenpass server.
    pub fn tokenpass(&self) -> &Server<Tokenpass> {
        &self.tokenpass
    }

    /// Returns the Tpay server.
    pub fn tpay(&self) -> &Server<Tpay> {
        &self.tpay
    }

    /// Returns the clock that all servers share. A test can advance it.
    pub fn clock(&self) -> &SandboxClock {
        &self.clock
    }

    /// Returns the names and values of the environment variables with which the clients, their
    /// examples and their programs connect to these servers.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("TINYPASS_AID", tinypass::AID.to_owned()),
            ("TINYPASS_PRIVATE_KEY", tinypass::PRIVATE_KEY.to_owned()),
            ("TINYPASS_BASE_URL", self.tinypass.base_url().to_owned()),
            ("TINYCERT_API_KEY", tinycert::API_KEY.to_owned()),
            ("TINYCERT_EMAIL", tinycert::EMAIL.to_owned()),
            ("TINYCERT_PASSPHRASE", tinycert::PASSPHRASE.to_owned()),
            ("TINYCERT_BASE_URL", self.tinycert.base_url().to_owned()),
            ("TOKENPASS_CLIENT_ID", tokenpass::CLIENT_ID.to_owned()),
            ("TOKENPASS_CLIENT_SECRET", tokenpass::CLIENT_SECRET.to_owned()),
            ("TOKENPASS_PROVIDER_HOST", self.tokenpass.base_url().to_owned()),
            ("TOKENPASS_BASE_URL", self.tokenpass.base_url().to_owned()),
            ("TOKENPASS_OAUTH_TOKEN", tokenpass::OAUTH_TOKEN.to_owned()),
            ("TOKENPASS_PRIVILEGED_CLIENT_ID", tokenpass::PRIVILEGED_CLIENT_ID.to_owned()),
            ("TOKENPASS_PRIVILEGED_CLIENT_SECRET", tokenpass::PRIVILEGED_CLIENT_SECRET.to_owned()),
            ("TOKENPASS_REDIRECT_URI", tokenpass::REDIRECT_URI.to_owned()),
            ("TPAY_CLIENT_ID", tpay::CLIENT_ID.to_owned()),
            ("TPAY_CLIENT_SECRET", tpay::CLIENT_SECRET.to_owned()),
            ("TPAY_BASE_URL", self.tpay.base_url().to_owned()),
            ("TPAY_TOKEN_CACHE", "off".to_owned()),
            ("TPAY_MERCHANT_ID", tpay::MERCHANT_ID.to_owned()),
            ("TPAY_SECURITY_CODE", tpay::SECURITY_CODE.to_owned()),
        ]
    }

    /// Returns the name of each provider, such as `tpay`, and the base URL of its server.
    pub fn base_urls(&self) -> [(&'static str, &str); 4] {
        [
            ("tinypass", self.tinypass.base_url()),
            ("tinycert", self.tinycert.base_url()),
            ("tokenpass", self.tokenpass.base_url()),
            ("tpay", self.tpay.base_url()),
        ]
    }

    /// Makes the next `times` requests to each server fail in the given way; see
    /// [`Server::misbehave`].
    pub fn misbehave(&self, how: &Misbehaviour, times: usize) {
        self.tinypass.misbehave(how.clone(), times);
        self.tinycert.misbehave(how.clone(), times);
        self.tokenpass.misbehave(how.clone(), times);
        self.tpay.misbehave(how.clone(), times);
    }

    /// For each server, makes the next `times` requests whose path begins with `path` fail in the
    /// given way; see [`Server::misbehave_at`].
    pub fn misbehave_at(&self, path: &str, how: &Misbehaviour, times: usize) {
        self.tinypass.misbehave_at(path, how.clone(), times);
        self.tinycert.misbehave_at(path, how.clone(), times);
        self.tokenpass.misbehave_at(path, how.clone(), times);
        self.tpay.misbehave_at(path, how.clone(), times);
    }

    /// Limits the record of each server to what its console page shows; see
    /// [`Server::limit_record`].
    pub fn limit_record(&self) {
        self.tinypass.limit_record();
        self.tinycert.limit_record();
        self.tokenpass.limit_record();
        self.tpay.limit_record();
    }

    /// Returns all requests received so far, grouped by server, and clears the records.
    pub fn take_seen(&self) -> Vec<Seen> {
        let tinypass = self.tinypass.take_seen();
        let tinycert = self.tinycert.take_seen();
        let tokenpass = self.tokenpass.take_seen();
        [tinypass, tinycert, tokenpass, self.tpay.take_seen()].concat()
    }
}

/// Starts a server on `port` of 127.0.0.1. The message of an error contains the port.
fn start<S: Service>(port: u16, service: S) -> io::Result<Server<S>> {
    Server::start(port, service).map_err(|error| {
        io::Error::new(error.kind(), format!("cannot listen on 127.0.0.1:{port}: {error}"))
    })
}
