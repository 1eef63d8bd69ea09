//! The program `tinypass`, run against a sandbox in this process.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod endpoints;
mod everywhere;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use api_sandbox::{Misbehaviour, Sandbox, tinypass as server};
use serde_json::Value;

/// A sandbox, and a home folder for the program.
struct World {
    sandbox: Sandbox,
    home: PathBuf,
}

#[derive(Debug)]
struct Run {
    status: i32,
    stdout: String,
    stderr: String,
}

impl World {
    fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("tinypass-cli-{}-{number}", std::process::id());
        let home = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&home);
        std::fs::create_dir_all(&home).unwrap();
        Self { sandbox: Sandbox::start().unwrap(), home }
    }

    /// Gives a command the home folder and the credentials of the sandbox, and nothing else.
    fn prepare(&self, command: &mut Command) {
        command.env_clear().current_dir(&self.home).env("HOME", &self.home);
        // Windows needs it to open sockets.
        #[expect(clippy::disallowed_methods, reason = "it is passed on")]
        command.envs(std::env::var_os("SystemRoot").map(|folder| ("SystemRoot", folder)));
        let variables = self.sandbox.environment();
        command.envs(variables.into_iter().filter(|(name, _)| name.starts_with("TINYPASS_")));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tinypass"));
        self.prepare(&mut command);
        command.args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        finish(self.command(arguments), "")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

/// Runs a command with this input. Its output must not contain the private key.
fn finish(mut command: Command, input: &str) -> Run {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that does not read its input closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert!(!stdout.contains(server::PRIVATE_KEY) && !stderr.contains(server::PRIVATE_KEY));
    Run { status: output.status.code().unwrap_or(-1), stdout, stderr }
}

const GET: [&str; 4] = ["access", "get", server::RID, server::USER_REF];
const GRANT: [&str; 4] = ["access", "grant", server::RID, "ann@example.com"];

#[test]
fn each_failure_has_its_exit_status() {
    let world = World::new();
    for (arguments, expected) in [
        (&GET[..], 0),
        (&["access", "get", server::RID, "stranger"], 1),
        (&["access", "get"], 2),
        (&["access", "revoke", server::RID, server::USER_REF], 2),
        (&["subscription", "cancel", server::RID, server::USER_REF, "--no-input"], 2),
        (&["download", "url", server::RID, "--lifetime", "0s"], 2),
        (&["access", "list", "--profile", "none"], 3),
        (&["user", "get", "nobody"], 4),
        (&["access", "list", "--out", "no-folder/file"], 10),
    ] {
        let run = world.run(arguments);
        assert_eq!(run.status, expected, "{arguments:?}: {run:?}");
    }
    let mut command = world.command(&GET);
    command.env("TINYPASS_PRIVATE_KEY", "wrong-key");
    assert_eq!(finish(command, "").status, 3);
    let mut command = world.command(&GET);
    command.env_remove("TINYPASS_AID");
    assert_eq!(finish(command, "").status, 3);
}

#[test]
fn lost_response_is_5_for_reads_and_6_for_writes() {
    let world = World::new();
    for (how, arguments, expected) in [
        (Misbehaviour::ResetAfterReading, &GET[..], 5),
        (Misbehaviour::BadGateway, &GET, 5),
        (Misbehaviour::ResetAfterReading, &GRANT, 6),
        (Misbehaviour::TooManyRequests(Some(3600)), &GRANT, 7),
        (Misbehaviour::EmptyBody, &GET, 9),
    ] {
        world.sandbox.tinypass().misbehave(how.clone(), 1);
        let run = world.run(&[arguments, &["--retries", "0"]].concat());
        world.sandbox.tinypass().behave();
        assert_eq!(run.status, expected, "{how:?} {arguments:?}: {run:?}");
    }
    assert_eq!(world.run(&[&GRANT[..], &["--user", "ann"]].concat()).status, 0);
    let refund = ["access", "revoke", server::RID, "ann", "--refund", "--yes"];
    let run = world.run(&refund);
    assert_eq!(run.status, 8, "nothing was paid: {run:?}");
}

#[test]
fn lists_are_the_json_of_the_server() {
    let world = World::new();
    let run = world.run(&["access", "list", "--all", "-o", "json"]);
    assert_eq!(run.status, 0, "{run:?}");
    let list: Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(list.as_array().unwrap().iter().any(|entry| entry["user_ref"] == server::USER_REF));
    let run = world.run(&["access", "list", "--limit", "1", "-o", "jsonl"]);
    assert_eq!(run.stdout.lines().count(), 1);
    assert!(run.stderr.contains("shown"), "{run:?}");
    let run = world.run(&["subscription", "list", "-o", "json"]);
    let list: Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(!list.as_array().unwrap().is_empty(), "{run:?}");
}

#[test]
fn every_read_is_called_by_the_doctor() {
    let world = World::new();
    let run = world.run(&["doctor", "-o", "jsonl"]);
    assert_eq!(run.status, 0, "{run:?}");
    for endpoint in ["access.search", "access.get", "user.get", "subscription.search"] {
        assert!(run.stdout.contains(&format!("\"endpoint\":\"{endpoint}\"")), "{run:?}");
    }
}

#[test]
fn profile_is_stored_and_used() {
    let world = World::new();
    let variables = world.sandbox.environment();
    let variables = variables.iter().filter(|(name, _)| name.starts_with("TINYPASS_"));
    let file: String = variables.map(|(name, value)| format!("{name}={value}\n")).collect();
    let login = world.command(&["auth", "login", "--env-file", "-"]);
    assert_eq!(finish(login, &file).status, 0);
    let mut command = world.command(&["auth", "status"]);
    for name in ["TINYPASS_AID", "TINYPASS_PRIVATE_KEY", "TINYPASS_BASE_URL"] {
        command.env_remove(name);
    }
    let run = finish(command, "");
    assert!(run.status == 0 && run.stdout.contains("profile `default`"), "{run:?}");
}

#[cfg(unix)]
#[test]
fn readme_is_a_walk_that_works() {
    let world = World::new();
    let mut shell = Command::new("sh");
    world.prepare(&mut shell);
    let page = include_str!("../../README.md");
    let output = test_support::console::check(page, env!("CARGO_BIN_EXE_tinypass"), shell, 15);
    assert!(!output.contains(server::PRIVATE_KEY));
}
