//! Running cargo, and printing.

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use api_sandbox::Sandbox;

use crate::Outcome;

/// The folder of the workspace. In tests, the copy that a test breaks.
pub(crate) fn root() -> PathBuf {
    #[cfg(test)]
    if let Some(root) = crate::copy::root() {
        return root;
    }
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Reads a file of the workspace.
pub(crate) fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}"))
}

/// The code of a source file without its tests, a module at the end of the file. The declaration
/// `mod tests;` hides none of the code that follows it.
pub(crate) fn without_tests(text: &str) -> &str {
    let begin = "#[cfg(test)]\nmod ";
    let is_body = |at: &usize| {
        let line = text.get(at + begin.len()..).and_then(|rest| rest.lines().next());
        line.is_some_and(|line| line.contains('{'))
    };
    let end = text.match_indices(begin).map(|(at, _)| at).find(is_body);
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
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

/// The prefixes of the variables that clients read.
const CLIENTS: [&str; 4] = ["TINYPASS_", "TINYCERT_", "TOKENPASS_", "TPAY_"];

/// Sets the variables of a sandbox, and removes those of clients that a developer may have set.
pub(crate) fn set_sandbox(command: &mut Command, sandbox: &Sandbox) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if CLIENTS.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command.envs(sandbox.environment());
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
    #[cfg(test)]
    if let Some(result) = crate::copy::cargo(&shown) {
        return result.map(drop);
    }
    println!("\n== cargo {shown}");
    let status = command.status().map_err(|error| format!("cargo {shown}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("cargo {shown}: {status}")) }
}

/// Runs cargo silently. Returns its standard output.
pub(crate) fn output(arguments: &[&str]) -> Result<String, String> {
    output_of(&mut cargo(arguments))
}

/// Runs a cargo command silently. Returns its standard output.
pub(crate) fn output_of(command: &mut Command) -> Result<String, String> {
    let arguments: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
    let shown = arguments.join(" ");
    #[cfg(test)]
    if let Some(result) = crate::copy::cargo(&shown) {
        return result;
    }
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| format!("cargo {shown}: {error}"))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo {shown}: {}\n{why}", output.status));
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
    use super::{cargo, quoted, without_tests};

    #[test]
    fn test_modules_end_the_code() {
        let code = "fn a() {}\n\n#[cfg(test)]\nmod tests;\n\nfn b() {}\n";
        assert_eq!(without_tests(code), code);
        let tests = format!("{code}#[cfg(test)]\nmod more {{ fn c() {{}} }}\n");
        assert_eq!(without_tests(&tests), code);
    }

    #[test]
    fn cargo_gets_no_variables_of_this_package() {
        let command = cargo(&[]);
        let passed_on = |name: &str| {
            !command.get_envs().any(|(removed, value)| removed == name && value.is_none())
        };
        // `cargo test` sets them for this test; a test program that is run by itself has none.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                assert!(!passed_on(&name), "{name} is passed on");
            } else {
                assert!(passed_on(&name), "{name} is removed");
            }
        }
    }

    #[test]
    fn shell_reads_quoted_words() {
        assert_eq!(quoted("http://127.0.0.1:80/a,b"), "http://127.0.0.1:80/a,b");
        assert_eq!(quoted("My Passphrase & more"), "'My Passphrase & more'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("*.example.com"), "'*.example.com'");
        assert_eq!(quoted(""), "''");
    }
}
