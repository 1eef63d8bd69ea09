//! Shared code of the tests that involve several crates.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "for tests only")]

/// The programs of the README are compiled; `tests/project/shown_programs.rs` runs them.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}

/// The programs of the guides are run here or there.
#[cfg(doctest)]
mod guides {
    #[doc = include_str!("../../docs/adding-a-provider.md")]
    mod adding_a_provider {}
    #[doc = include_str!("../../docs/guides/gating-content.md")]
    mod gating_content {}
    #[doc = include_str!("../../docs/guides/migrating.md")]
    mod migrating {}
    #[doc = include_str!("../../docs/guides/payment.md")]
    mod payment {}
    #[doc = include_str!("../../docs/guides/private-pki.md")]
    mod private_pki {}
}

pub mod bank;
pub mod catalogue;
pub mod fuzz;
pub mod programs;
pub mod proxy;
pub mod tls;
pub mod world;

use std::path::PathBuf;

use api_sandbox::{Sandbox, tinycert, tinypass, tokenpass, tpay};
use tinypass_client::{Client, ClientBuilder, Environment};

/// A path for a folder of this process, which is removed on drop.
#[derive(Debug)]
pub struct Folder(pub PathBuf);

impl Folder {
    /// Returns the path `NAME-PID` in the folder for temporary files. It is not created.
    pub fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("{name}-{}", std::process::id())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Returns the builder of a TinyPass client for the sandbox.
pub fn tinypass(sandbox: &Sandbox) -> ClientBuilder {
    let base = sandbox.tinypass().base_url().to_owned();
    Client::builder(tinypass::AID, tinypass::PRIVATE_KEY).environment(Environment::Custom(base))
}

/// Returns the builder of a TinyCert client for the sandbox.
pub fn tinycert(sandbox: &Sandbox) -> tinycert_client::ClientBuilder {
    let base = sandbox.tinycert().base_url().to_owned();
    tinycert_client::Client::builder(tinycert::API_KEY)
        .environment(tinycert_client::Environment::Custom(base))
}

/// Returns the builder of a Tokenpass client for the sandbox, with the keys of the application and
/// its privileged user, and the token of [`tokenpass::USERNAME`].
pub fn tokenpass(sandbox: &Sandbox) -> tokenpass_client::ClientBuilder {
    let base = sandbox.tokenpass().base_url().to_owned();
    tokenpass_client::Client::builder(tokenpass::CLIENT_ID, tokenpass::CLIENT_SECRET)
        .privileged(tokenpass::PRIVILEGED_CLIENT_ID, tokenpass::PRIVILEGED_CLIENT_SECRET)
        .oauth_token(tokenpass::OAUTH_TOKEN)
        .redirect_uri(tokenpass::REDIRECT_URI)
        .environment(tokenpass_client::Environment::Custom(base))
}

/// Returns the builder of a Tpay client for the sandbox.
pub fn tpay(sandbox: &Sandbox) -> tpay_client::ClientBuilder {
    let environment = tpay_client::Environment::custom(sandbox.tpay().base_url());
    tpay_client::Client::builder(tpay::CLIENT_ID, tpay::CLIENT_SECRET).environment(environment)
}
