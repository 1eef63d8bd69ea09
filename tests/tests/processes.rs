//! Many processes at once: what they share, and what they do not do twice.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::PathBuf;
use std::process::{Command, Stdio};

use api_sandbox::{Misbehaviour, Sandbox};

/// Builds an example and tells where it is.
fn example(package: &str, name: &str) -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", package, "--example", name])
        .status()
        .unwrap();
    assert!(built.success());
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(|deps| deps.parent()).unwrap().join("examples");
    folder.join(name).with_extension(std::env::consts::EXE_EXTENSION)
}

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("{name}-{}", std::process::id())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn pay_by_link(sandbox: &Sandbox, cache: &Folder) -> Command {
    let mut command = Command::new(example("tpay-client", "pay_by_link"));
    command
        .args(["12.34", "Order 7", "jan@example.com", "Jan Nowak"])
        .envs(sandbox.environment())
        .env("TPAY_TOKEN_CACHE", &cache.0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[test]
fn fifty_processes_with_one_token_cache_make_one_token_request() {
    let sandbox = Sandbox::start().unwrap();
    let cache = Folder::new("tpay-tokens");
    let mut command = pay_by_link(&sandbox, &cache);
    let started: Vec<_> = (0..50).map(|_| command.spawn().unwrap()).collect();
    for process in started {
        let output = process.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("pay at http://"), "{errors}");
    }
    let (tokens, transactions) =
        sandbox.tpay().state(|server| (server.token_requests, server.transactions.len()));
    assert_eq!((tokens, transactions), (1, 50));
}

#[test]
fn a_token_of_the_cache_that_was_revoked_costs_one_fetch() {
    let sandbox = Sandbox::start().unwrap();
    let cache = Folder::new("tpay-revoked");
    let mut command = pay_by_link(&sandbox, &cache);
    assert!(command.status().unwrap().success());
    sandbox.tpay().state(api_sandbox::tpay::Tpay::revoke_tokens);
    assert!(command.status().unwrap().success());
    assert!(command.status().unwrap().success());
    assert_eq!(sandbox.tpay().state(|server| server.token_requests), 2);
}

#[test]
fn a_process_whose_connection_is_reset_says_that_nobody_knows_and_sends_once() {
    let sandbox = Sandbox::start().unwrap();
    let cache = Folder::new("tpay-reset");
    let mut command = pay_by_link(&sandbox, &cache);
    assert!(command.status().unwrap().success());
    sandbox.tpay().misbehave(Misbehaviour::ResetAfterReading, 1);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("may have been made"), "{errors}");
    assert_eq!(sandbox.tpay().state(|server| server.transactions.len()), 2);
}
