//! Programs that the tests run.

use std::ffi::OsStr;
use std::process::Command;

/// The prefixes of the variables that clients read.
const PREFIXES: [&str; 4] = ["TINYPASS_", "TINYCERT_", "TOKENPASS_", "TPAY_"];

/// Returns a command without the variables of clients, which a developer may have set.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}
