//! The program `tpay`, run against a sandbox in this process.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod cases;
mod commands;
mod credentials;
mod doctor;
mod endpoints;
mod everywhere;
mod exit;
#[cfg(target_os = "linux")]
mod mistakes;
mod notifications;
mod options;

use std::ops::Deref;
use std::path::Path;
use std::process::Command;

use api_sandbox::tpay as server;
use serde_json::Value;
use test_support::cli::{self, Program, Run};

/// Secrets that no output may contain.
const SECRETS: [&str; 3] = [server::CLIENT_SECRET, server::SECURITY_CODE, server::CARD_TOKEN];

const PROGRAM: Program =
    Program { path: env!("CARGO_BIN_EXE_tpay"), prefix: "TPAY_", secrets: &SECRETS };

/// A sandbox, and a home folder for the program.
struct World(cli::World);

impl Deref for World {
    type Target = cli::World;

    fn deref(&self) -> &cli::World {
        &self.0
    }
}

impl World {
    fn new() -> Self {
        Self(cli::World::new(PROGRAM))
    }

    /// Creates a transaction and returns its id.
    fn transaction(&self, hidden: &str) -> String {
        let json =
            self.text(&[&CREATE[..], &["--hidden-description", hidden, "-o", "json"]].concat());
        let json: Value = serde_json::from_str(&json).unwrap();
        json["transactionId"].as_str().unwrap().to_owned()
    }
}

const CREATE: [&str; 10] = [
    "transaction",
    "create",
    "--amount",
    "12.34",
    "--description",
    "Order 7",
    "--email",
    "jan@example.com",
    "--name",
    "Jan Nowak",
];

/// Runs a command with this input. Its output must not contain a secret.
fn finish(command: Command, input: &str) -> Run {
    PROGRAM.finish(command, input)
}

fn file(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[cfg(unix)]
#[test]
fn readme_is_a_walk_that_works() {
    World::new().walk(include_str!("../../README.md"), 15);
}
