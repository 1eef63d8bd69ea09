//! The program `tpay`, run against a sandbox in this process.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod commands;
mod credentials;
mod doctor;
mod endpoints;
mod everywhere;
mod exit;
mod notifications;
mod options;
#[cfg(unix)]
mod readme;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use api_sandbox::{Sandbox, tpay as server};
use serde_json::Value;

/// Secrets that no output may contain.
const SECRETS: [&str; 3] = [server::CLIENT_SECRET, server::SECURITY_CODE, server::CARD_TOKEN];

/// A sandbox, and a home folder for the program.
struct World {
    sandbox: Sandbox,
    home: PathBuf,
}

/// The end of a run.
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
        let home = std::env::temp_dir().join(format!("tpay-cli-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&home);
        std::fs::create_dir_all(&home).unwrap();
        Self { sandbox: Sandbox::start().unwrap(), home }
    }

    /// Returns the command without credentials.
    fn bare(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tpay"));
        command.args(arguments).env_clear().current_dir(&self.home);
        command.env("HOME", &self.home).env("XDG_CACHE_HOME", self.home.join("cache"));
        // Windows needs it to open sockets.
        #[expect(clippy::disallowed_methods, reason = "it is passed on")]
        command.envs(std::env::var_os("SystemRoot").map(|folder| ("SystemRoot", folder)));
        command
    }

    /// Returns the command with the credentials of the sandbox in its environment.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare(arguments);
        let variables = self.sandbox.environment();
        command.envs(variables.into_iter().filter(|(name, _)| name.starts_with("TPAY_")));
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        finish(self.command(arguments), "")
    }

    /// Runs a command that must succeed, and returns its output.
    fn text(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!(run.status, 0, "{arguments:?}: {run:?}");
        run.stdout
    }

    /// Creates a transaction and returns its id.
    fn transaction(&self, hidden: &str) -> String {
        let json =
            self.text(&[&CREATE[..], &["--hidden-description", hidden, "-o", "json"]].concat());
        let json: Value = serde_json::from_str(&json).unwrap();
        json["transactionId"].as_str().unwrap().to_owned()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.home);
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
fn finish(mut command: Command, input: &str) -> Run {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that does not read its input closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let run = Run {
        status: output.status.code().unwrap_or(-1),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    };
    for secret in SECRETS {
        assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret), "{run:?}");
    }
    run
}

fn file(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}
