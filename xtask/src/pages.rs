//! What holds for files that are no code: READMEs of one shape, workflows of few words, and what a
//! release needs. Part of `cargo xtask check`.

use std::fs;

use crate::providers::{PROVIDERS, published};
use crate::{Outcome, shell};

/// Lines of a workflow that make a machine ready; all others are `cargo xtask ...`.
const SET_UP: &[&str] = &[
    "git config --global core.autocrlf false",
    "rustup toolchain install ",
    "sudo apt-get ",
    "cargo install --locked cargo-deny",
];

pub(crate) fn run() -> Outcome {
    front_pages()?;
    whole_programs()?;
    workflows()
}

/// Pages that people read as they are, beside the READMEs of the published crates.
const PAGES: &[&str] = &[
    "README.md",
    "docs/adding-a-provider.md",
    "docs/guides/gating-content.md",
    "docs/guides/migrating.md",
    "docs/guides/payment.md",
    "docs/guides/private-pki.md",
    "examples/callback-listener/README.md",
    "examples/redis-store/README.md",
    "examples/weather-client/README.md",
];

/// What is shown can be pasted into a `main.rs`.
fn whole_programs() -> Outcome {
    let readmes = published().into_iter().map(|package| format!("crates/{package}/README.md"));
    let mut programs = 0;
    for path in PAGES.iter().map(|&path| path.to_owned()).chain(readmes) {
        let text = shell::read(&path)?.replace("\r\n", "\n");
        programs += count_programs(&text).map_err(|why| format!("{path}: {why}"))?;
    }
    println!("pages: {programs} programs, each of them whole");
    Ok(())
}

/// How many programs a page shows; each has its `main` and no line that rustdoc alone would hide.
fn count_programs(page: &str) -> Result<usize, String> {
    let mut programs = 0;
    for block in page.split("\n```rust").skip(1) {
        let (program, _) = block.split_once("\n```").ok_or("a program without an end")?;
        if let Some(line) = program.lines().find(|line| line.starts_with("# ")) {
            return Err(format!("a line that only rustdoc hides: {line}"));
        }
        if !program.contains("\nfn main()") {
            return Err(format!("a program without `main`:{program}"));
        }
        programs += 1;
    }
    Ok(programs)
}

/// Whoever knows one README finds everything in the others.
fn front_pages() -> Outcome {
    let mut shape: Option<Vec<String>> = None;
    for path in PROVIDERS.iter().map(|provider| format!("{}/README.md", provider.folder())) {
        let text = shell::read(&path)?;
        let headings: Vec<String> =
            text.lines().filter(|line| line.starts_with("## ")).map(str::to_owned).collect();
        if text.contains("```ignore") || text.contains("```text,") {
            return Err(format!("{path}: a program that is not compiled"));
        }
        if *shape.get_or_insert(headings.clone()) != headings {
            return Err(format!("{path}: its headings are not those of the others: {headings:?}"));
        }
    }
    println!("READMEs: {} headings, the same in all", shape.unwrap_or_default().len());
    Ok(())
}

fn workflows() -> Outcome {
    let folder = shell::root().join(".github/workflows");
    let mut steps = 0;
    for entry in fs::read_dir(&folder).map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
        steps += check_workflow(&text).map_err(|why| format!("{}: {why}", path.display()))?;
    }
    println!("workflows: {steps} steps that test, all of them `cargo xtask ...`");
    Ok(())
}

/// How many steps of a workflow test something.
fn check_workflow(text: &str) -> Result<usize, String> {
    for part in ["name:", "on:", "permissions:", "jobs:"] {
        if !text.lines().any(|line| line.starts_with(part)) {
            return Err(format!("has no {part}"));
        }
    }
    let mut steps = 0;
    for line in text.lines().map(str::trim) {
        if line.contains('\t') {
            return Err(format!("a tab in: {line}"));
        }
        let Some(command) = line.trim_start_matches("- ").strip_prefix("run:") else { continue };
        let command = command.trim();
        if command.starts_with("cargo xtask ") {
            steps += 1;
        } else if !SET_UP.iter().any(|allowed| command.starts_with(allowed)) {
            return Err(format!("tests by something else than `cargo xtask`: {command}"));
        }
    }
    Ok(steps)
}

/// What READMEs say only as long as nothing was released.
const UNRELEASED: &str = "until its first release";

/// What is still to be done before `cargo publish`: `cargo xtask check --release`.
pub(crate) fn release() -> Outcome {
    let mut missing = Vec::new();
    for package in published() {
        let path = format!("crates/{package}/Cargo.toml");
        let manifest: toml::Table =
            toml::from_str(&shell::read(&path)?).map_err(|error| format!("{path}: {error}"))?;
        let metadata = manifest.get("package").and_then(toml::Value::as_table);
        if !metadata.is_some_and(|table| table.contains_key("repository")) {
            missing.push(format!("{path}: `repository` is not set"));
        }
        let path = format!("crates/{package}/CHANGELOG.md");
        if shell::read(&path)?.contains("(not released)") {
            missing.push(format!("{path}: has no date"));
        }
        let path = format!("crates/{package}/README.md");
        if shell::read(&path)?.contains(UNRELEASED) {
            missing.push(format!("{path}: says what holds {UNRELEASED}"));
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(format!("to do:\n  {}", missing.join("\n  "))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "name: CI\non:\n  push:\npermissions:\n  contents: read\njobs:\n  a:\n    \
        steps:\n      - uses: actions/checkout@v4\n      - run: cargo xtask test\n";

    #[test]
    fn a_step_that_tests_is_a_task() {
        assert_eq!(check_workflow(GOOD), Ok(1));
        let other = GOOD.replace("cargo xtask test", "cargo test");
        assert!(check_workflow(&other).unwrap_err().contains("cargo test"));
        let many = GOOD.replace("cargo xtask test", "|\n          cargo test");
        assert!(check_workflow(&many).is_err());
        assert!(check_workflow(&GOOD.replace("permissions:", "p:")).is_err());
    }

    #[test]
    fn a_program_is_shown_whole() {
        let page = |program: &str| format!("text\n\n```rust,no_run\n{program}```\n");
        let whole = "use a::B;\n\nfn main() {}\n";
        assert_eq!(count_programs(&page(whole).repeat(2)), Ok(2));
        let part = page("let a = 1;\n");
        assert!(count_programs(&part).unwrap_err().contains("let a = 1;"));
        let hidden = page("fn main() {\n# let a = 1;\n}\n");
        assert!(count_programs(&hidden).unwrap_err().contains("# let a"));
    }

    #[test]
    fn all_pages_hold_the_rule() {
        whole_programs().unwrap();
    }

    #[test]
    fn the_workflows_of_the_project_hold_the_rule() {
        workflows().unwrap();
    }
}
