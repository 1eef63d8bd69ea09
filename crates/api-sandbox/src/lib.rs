#![doc = include_str!("../README.md")]
//!
//! # What is where
//!
//! | part | for |
//! |---|---|
//! | [`Sandbox`] | all servers, with their base URLs and keys |
//! | [`Server`], [`Misbehaviour`] | one server: its address, what it saw, how it is told to misbehave |
//! | [`Seen`], [`Verdict`] | a request that a server saw, and what it thought of it |
//! | [`Service`], [`Raw`], [`Reply`] | a server of your own behind the same listener |
//! | [`tinypass`] | the TinyPass server's state and rules |
//! | [`tinycert`] | the TinyCert server's state and rules |
//! | [`tokenpass`] | the Tokenpass server's state and rules |
//! | [`tpay`] | the Tpay server's state and rules |
//! | [`SandboxClock`] | the time that the servers go by |

mod callback;
mod clock;
mod date;
mod digest;
mod http;
mod misbehaviour;
mod query;
mod routes;
mod server;
pub mod tinycert;
pub mod tinypass;
pub mod tokenpass;
pub mod tpay;

use std::io;

pub use clock::SandboxClock;
pub use http::{Raw, Reply};
pub use misbehaviour::Misbehaviour;
pub use server::{Seen, Server, Service, Verdict};
pub use tinycert::TinyCert;
pub use tinypass::TinyPass;
pub use tokenpass::Tokenpass;
pub use tpay::Tpay;

/// All servers, each on a port of its own of 127.0.0.1.
#[derive(Debug)]
pub struct Sandbox {
    clock: SandboxClock,
    tinypass: Server<TinyPass>,
    tinycert: Server<TinyCert>,
    tokenpass: Server<Tokenpass>,
    tpay: Server<Tpay>,
}

impl Sandbox {
    /// Starts every server on a free port, with the state that the examples expect.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start() -> io::Result<Self> {
        let clock = SandboxClock::default();
        let tinypass = Server::start(0, TinyPass::new(clock.clone()))?;
        let tinycert = Server::start(0, TinyCert::new(clock.clone()))?;
        let tokenpass = Server::start(0, Tokenpass::new(clock.clone()))?;
        let tpay = Server::start(0, Tpay::new(clock.clone()))?;
        tpay.state(|server| server.base_url = tpay.base_url().to_owned());
        Ok(Self { clock, tinypass, tinycert, tokenpass, tpay })
    }

    /// The TinyPass server.
    pub fn tinypass(&self) -> &Server<TinyPass> {
        &self.tinypass
    }

    /// The TinyCert server.
    pub fn tinycert(&self) -> &Server<TinyCert> {
        &self.tinycert
    }

    /// The Tokenpass server.
    pub fn tokenpass(&self) -> &Server<Tokenpass> {
        &self.tokenpass
    }

    /// The Tpay server.
    pub fn tpay(&self) -> &Server<Tpay> {
        &self.tpay
    }

    /// The time that all servers go by; a test may move it.
    pub fn clock(&self) -> &SandboxClock {
        &self.clock
    }

    /// What the clients' `from_env` read: names and values that lead them here.
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

    /// Forgets the requests that any server saw so far and gives them out.
    pub fn take_seen(&self) -> Vec<Seen> {
        let tinypass = self.tinypass.take_seen();
        let tinycert = self.tinycert.take_seen();
        let tokenpass = self.tokenpass.take_seen();
        [tinypass, tinycert, tokenpass, self.tpay.take_seen()].concat()
    }
}
