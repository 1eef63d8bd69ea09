//! `cargo xtask bench`: measures the cost of the clients, with the package `bench/`, which is
//! outside the workspace.

use std::process::Command;

use crate::{Outcome, shell};

/// Builds the package and runs it. A run of all sections writes `docs/performance.md`.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let folder = shell::root().join("bench");
    let manifest = folder.join("Cargo.toml").display().to_string();
    let target = folder.join("target").display().to_string();
    shell::run(&["build", "--release", "--manifest-path", &manifest, "--target-dir", &target])?;
    let mut bench = Command::new(folder.join("target/release/bench"));
    bench.args(arguments);
    shell::remove_package_variables(&mut bench);
    if arguments.iter().all(|argument| argument == "--check") {
        let page = shell::root().join("docs/performance.md");
        bench.arg(format!("--write={}", page.display()));
    }
    let status = bench.status().map_err(|error| format!("bench: {error}"))?;
    if status.success() { Ok(()) } else { Err("a bound is exceeded".to_owned()) }
}
