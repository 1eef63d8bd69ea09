//! The program `tinycert`, run against a sandbox in this process.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod cases;
mod commands;
#[cfg(unix)]
mod cron;
mod everywhere;
mod exit;
#[cfg(target_os = "linux")]
mod mistakes;
mod pairs;

use api_sandbox::tinycert as server;
use test_support::cli::{Program, World};

const PROGRAM: Program = Program {
    path: env!("CARGO_BIN_EXE_tinycert"),
    prefix: "TINYCERT_",
    secrets: &[server::API_KEY, server::PASSPHRASE],
};

fn world() -> World {
    World::new(PROGRAM)
}

#[cfg(unix)]
#[test]
fn readme_is_a_walk_that_works() {
    world().walk(include_str!("../../README.md"), 20);
}
