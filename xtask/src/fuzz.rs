//! `cargo xtask fuzz --seconds N`: every fuzz target for that long, on a nightly toolchain.

use std::fs;
use std::process::Command;

use lexopt::prelude::*;

use crate::{Outcome, shell};

/// Coverage for libFuzzer, as `cargo fuzz` asks for it, and the address sanitizer.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    --cfg fuzzing -Zsanitizer=address -Ccodegen-units=1";

pub(crate) fn run(parser: &mut lexopt::Parser) -> Outcome {
    let mut seconds = 60_u32;
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            Long("seconds") => {
                let value = parser.value().map_err(|error| error.to_string())?;
                seconds = value.parse().map_err(|error: lexopt::Error| error.to_string())?;
            }
            other => return Err(other.unexpected().to_string()),
        }
    }
    let folder = shell::root().join("fuzz");
    let host = host()?;
    // A target must be named, so that build scripts are built without the sanitizer.
    let mut build = nightly("cargo");
    build.args(["build", "--release", "--target", &host, "--target-dir", "target"]);
    build.env("RUSTFLAGS", FLAGS);
    execute(build.current_dir(&folder), "the fuzz targets")?;
    for target in targets()? {
        println!("\n== {target}, {seconds} s");
        let work = folder.join("target/corpus").join(&target);
        fs::create_dir_all(&work).map_err(|error| error.to_string())?;
        let mut command =
            Command::new(folder.join("target").join(&host).join("release").join(&target));
        command
            .arg(format!("-max_total_time={seconds}"))
            .args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1", "-verbosity=0"])
            .arg("-max_len=8192")
            .arg(format!("-artifact_prefix={}/target/{target}-", folder.display()))
            .arg(work)
            .arg(shell::root().join("tests/corpus").join(&target));
        execute(&mut command, &target)?;
    }
    Ok(())
}

/// The names of the targets, sorted.
fn targets() -> Result<Vec<String>, String> {
    let entries = fs::read_dir(shell::root().join("fuzz/fuzz_targets"));
    let mut names = Vec::new();
    for entry in entries.map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

fn nightly(program: &str) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", program]);
    command
}

/// The triple of this machine.
fn host() -> Result<String, String> {
    let output = nightly("rustc").arg("-vV").output();
    let output = output.map_err(|error| format!("rustup, by which nightly is called: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned).ok_or_else(|| "fuzzing needs `rustup toolchain install nightly`".into())
}

fn execute(command: &mut Command, what: &str) -> Outcome {
    let status = command.status().map_err(|error| format!("{what}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{what}: {status}")) }
}
