//! `cargo xtask sandbox`: the servers, until stopped.

use api_sandbox::Sandbox;

use crate::Outcome;

pub(crate) fn run() -> Outcome {
    let sandbox = Sandbox::start().map_err(|error| error.to_string())?;
    for (name, value) in sandbox.environment() {
        println!("export {name}={}", quoted(&value));
    }
    eprintln!("The servers run until this program is stopped (Ctrl-C).");
    loop {
        std::thread::park();
    }
}

/// A value as a shell reads it, whatever is in it.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_shell_reads_values_whole() {
        assert_eq!(super::quoted("My Passphrase & more"), "'My Passphrase & more'");
        assert_eq!(super::quoted("it's"), r"'it'\''s'");
    }
}
