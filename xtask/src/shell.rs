//! Running cargo.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::Outcome;

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A file of the workspace, as text.
pub(crate) fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}"))
}

/// A cargo command in the workspace's folder.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    command.args(arguments).current_dir(root());
    command
}

/// Runs cargo and lets it print.
pub(crate) fn run(arguments: &[&str]) -> Outcome {
    run_command(cargo(arguments), arguments)
}

/// Runs cargo with variables set.
pub(crate) fn run_with(variables: &[(&str, &str)], arguments: &[impl AsRef<str>]) -> Outcome {
    let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
    let mut command = cargo(&arguments);
    command.envs(variables.iter().copied());
    run_command(command, &arguments)
}

fn run_command(mut command: Command, arguments: &[&str]) -> Outcome {
    let shown = arguments.join(" ");
    println!("\n== cargo {shown}");
    let status = command.status().map_err(|error| format!("cargo {shown}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("cargo {shown}: {status}")) }
}

/// Runs cargo silently; what it wrote to standard output.
pub(crate) fn output(arguments: &[&str]) -> Result<String, String> {
    let output = cargo(arguments)
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| format!("cargo {}: {error}", arguments.join(" ")))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo {}: {why}", arguments.join(" ")));
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}

/// A word as a shell reads it, whatever is in it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_./:@,=+".contains(char);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_shell_reads_words_whole() {
        assert_eq!(quoted("http://127.0.0.1:80/a,b"), "http://127.0.0.1:80/a,b");
        assert_eq!(quoted("My Passphrase & more"), "'My Passphrase & more'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("*.example.com"), "'*.example.com'");
        assert_eq!(quoted(""), "''");
    }
}
