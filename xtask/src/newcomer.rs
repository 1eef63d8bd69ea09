//! What somebody does who finds one crate: a new program, one dependency, the first program of the
//! README to the letter. Part of `cargo xtask check`.

use std::fs;

use crate::providers::{PROVIDERS, Provider};
use crate::{Outcome, demo, shell};

pub(crate) fn run() -> Outcome {
    for provider in PROVIDERS {
        let package = provider.package();
        let printed = first_program(provider).map_err(|why| format!("{package}: {why}"))?;
        println!("{package}: the first program of its README, alone in a new crate: {printed}");
    }
    Ok(())
}

/// Runs it against a sandbox; what it printed last.
fn first_program(provider: &Provider) -> Result<String, String> {
    let readme = shell::read(&format!("{}/README.md", provider.folder()))?.replace("\r\n", "\n");
    let (_, rest) = readme.split_once("```rust").ok_or("the README shows no program")?;
    let (_, rest) = rest.split_once('\n').ok_or("the README shows no program")?;
    let (program, _) = rest.split_once("```").ok_or("the program does not end")?;

    let package = provider.package();
    let all = shell::root().join("target/newcomer");
    let folder = all.join(&package);
    let crate_folder = shell::root().join(provider.folder());
    let manifest = format!(
        "[package]\nname = \"newcomer\"\nedition = \"2024\"\n\n[dependencies]\n\
         {package} = {{ path = '{}' }}\n\n[workspace]\n",
        crate_folder.display()
    );
    let write = |name: &str, text: &str| {
        fs::write(folder.join(name), text).map_err(|error| format!("{name}: {error}"))
    };
    fs::create_dir_all(folder.join("src")).map_err(|error| error.to_string())?;
    write("Cargo.toml", &manifest)?;
    // The versions that everything else here was tested with.
    write("Cargo.lock", &shell::read("Cargo.lock")?)?;
    write("src/main.rs", program)?;

    let sandbox = demo::start()?;
    let output = shell::cargo(&["run", "--quiet"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", all.join("target"))
        .envs(sandbox.environment())
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(printed.lines().last().unwrap_or("it printed nothing, and ended well").to_owned())
}
