//! Running cargo, and printing.

use std::fmt;
use std::io::{self, Write};
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
    remove_package_variables(&mut command);
    command
}

/// Removes the variables that describe this package from the environment of a command.
///
/// `cargo run` sets them for this program. Build scripts, such as that of `ring`, watch some of
/// them, so they would run again each time the caller of cargo changes.
pub(crate) fn remove_package_variables(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
}

/// Writes to standard output. Ends the program without a message if the output is a closed pipe,
/// as in `cargo xtask endpoints | head`; with one if writing fails for another reason.
pub(crate) fn print(text: fmt::Arguments<'_>) {
    if let Err(error) = io::stdout().write_fmt(text) {
        if error.kind() != io::ErrorKind::BrokenPipe {
            eprintln!("xtask: standard output: {error}");
        }
        std::process::exit(1);
    }
}

/// Writes to standard error. An error, such as that of a closed pipe, is ignored: the task goes on.
pub(crate) fn print_error(text: fmt::Arguments<'_>) {
    let _ = io::stderr().write_fmt(text);
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
    use super::{cargo, quoted};

    #[test]
    fn cargo_gets_no_variables_of_this_package() {
        let command = cargo(&[]);
        let removed: Vec<_> =
            command.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        // `cargo test` sets them for this test.
        for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_PKG_VERSION_PRE"] {
            assert!(removed.contains(&name.as_ref()), "{name} is passed on");
        }
    }

    #[test]
    fn a_shell_reads_words_whole() {
        assert_eq!(quoted("http://127.0.0.1:80/a,b"), "http://127.0.0.1:80/a,b");
        assert_eq!(quoted("My Passphrase & more"), "'My Passphrase & more'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("*.example.com"), "'*.example.com'");
        assert_eq!(quoted(""), "''");
    }
}
