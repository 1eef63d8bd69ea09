//! The program `tokenpass`, run against a sandbox in this process.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod endpoints;
mod everywhere;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use api_sandbox::{Misbehaviour, Sandbox, tokenpass as server};
use serde_json::Value;

/// Secrets that no output may contain.
const SECRETS: [&str; 3] =
    [server::CLIENT_SECRET, server::OAUTH_TOKEN, server::PRIVILEGED_CLIENT_SECRET];

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
        let name = format!("tokenpass-cli-{}-{number}", std::process::id());
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
        command.envs(variables.into_iter().filter(|(name, _)| name.starts_with("TOKENPASS_")));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tokenpass"));
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

/// Runs a command with this input. Its output must not contain a secret.
fn finish(mut command: Command, input: &str) -> Run {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that does not read its input closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    for secret in SECRETS {
        assert!(!stdout.contains(secret) && !stderr.contains(secret), "{stdout}{stderr}");
    }
    Run { status: output.status.code().unwrap_or(-1), stdout, stderr }
}

const RULES: &str = "TOKENLY >= 1 and LTBCOIN > 4000";
const CHECK: [&str; 3] = ["check", "cryptonaut", RULES];

#[test]
fn each_failure_has_its_exit_status() {
    let world = World::new();
    for (arguments, expected) in [
        (&CHECK[..], 0),
        (&["check", "bob", "TOKENLY >= 600"], 1),
        (&["check", "bob", "not & a rule"], 2),
        (&["promise", "cancel", "1"], 2),
        (&["whoami", "--environment", "sandbox"], 2),
        (&["whoami", "--profile", "none"], 3),
        (&["promise", "get", "99"], 4),
        (&["user", "lookup", "1nobody"], 4),
        (&["address", "verify", server::UNVERIFIED_ADDRESS, "bm8="], 8),
        (&["balance", "list", "--out", "no-folder/file"], 10),
    ] {
        let run = world.run(arguments);
        assert_eq!(run.status, expected, "{arguments:?}: {run:?}");
    }
    for arguments in [&["promise", "list"][..], &["auth", "status"], &["doctor"]] {
        let mut command = world.command(arguments);
        command.env("TOKENPASS_CLIENT_SECRET", "KwrongSecret0000000000000000000000000000");
        assert_eq!(finish(command, "").status, 3, "{arguments:?}");
    }
    let mut command = world.command(&CHECK);
    command.env_remove("TOKENPASS_CLIENT_ID");
    let run = finish(command, "");
    assert_eq!(run.status, 3);
    assert!(run.stderr.contains("TOKENPASS_CLIENT_ID is missing"), "{run:?}");
}

#[test]
fn lost_response_is_5_for_reads_and_6_for_writes() {
    let world = World::new();
    let write = ["api", "promise.create", "--yes", "-f", "source=1nobody"];
    for (how, arguments, expected) in [
        (Misbehaviour::ResetAfterReading, &CHECK[..], 5),
        (Misbehaviour::BadGateway, &CHECK, 5),
        (Misbehaviour::TooManyRequests(Some(3600)), &CHECK, 7),
        (Misbehaviour::EmptyBody, &CHECK, 9),
        (Misbehaviour::ResetAfterReading, &["promise", "cancel", "1", "--yes"], 6),
        (Misbehaviour::ResetAfterReading, &write, 6),
    ] {
        world.sandbox.tokenpass().misbehave(how.clone(), 1);
        let run = world.run(&[arguments, &["--retries", "0"]].concat());
        world.sandbox.tokenpass().behave();
        assert_eq!(run.status, expected, "{how:?} {arguments:?}: {run:?}");
    }
}

#[test]
fn lists_are_the_json_of_the_server() {
    let world = World::new();
    let run = world.run(&["balance", "list", "-o", "json"]);
    let list: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(list[0]["asset"], "LTBCOIN");
    assert!(list[0]["balance"].is_number(), "{run:?}");
    for (arguments, expected) in [
        (&["balance", "list", "--private"][..], "SECRETCOIN"),
        (&["user", "find", "TOKENLY >= 1"], "cryptonaut"),
        (&["source", "list"], server::SOURCE_ADDRESS),
        (&["address", "list"], "true"),
        (&["address", "list", "--user", "cryptonaut"], "true"),
    ] {
        let run = world.run(arguments);
        assert!(run.status == 0 && run.stdout.contains(expected), "{arguments:?}: {run:?}");
    }
}

#[test]
fn every_read_of_the_doctor_is_decoded() {
    let world = World::new();
    let run = world.run(&["doctor", "-o", "jsonl"]);
    assert_eq!(run.status, 0, "{run:?}");
    assert_eq!(run.stdout.lines().count(), 8, "{run:?}");
    let mut command = world.command(&["doctor", "-o", "jsonl"]);
    command.env_remove("TOKENPASS_OAUTH_TOKEN");
    assert_eq!(finish(command, "").stdout.lines().count(), 3, "without a user's token");
}

#[test]
fn profile_is_stored_and_used() {
    let world = World::new();
    let variables = world.sandbox.environment();
    let variables = variables.iter().filter(|(name, _)| name.starts_with("TOKENPASS_"));
    let file: String = variables.map(|(name, value)| format!("{name}={value}\n")).collect();
    let login = world.command(&["auth", "login", "--env-file", "-"]);
    assert_eq!(finish(login, &file).status, 0);
    let mut command = world.command(&["auth", "status"]);
    for name in ["TOKENPASS_CLIENT_ID", "TOKENPASS_CLIENT_SECRET", "TOKENPASS_BASE_URL"] {
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
    let output = test_support::console::check(page, env!("CARGO_BIN_EXE_tokenpass"), shell, 12);
    assert!(SECRETS.iter().all(|secret| !output.contains(secret)));
}
