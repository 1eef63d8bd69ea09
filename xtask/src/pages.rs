//! Checks of files that are not code: uniform READMEs, workflows with minimal permissions, and the
//! requirements of a release. Part of `cargo xtask check`.

use std::fs;

use crate::providers::{PROVIDERS, published};
use crate::{Outcome, shell};

/// Commands of a workflow that prepare a machine.
const SET_UP: &[&str] = &[
    "git config --global core.autocrlf false",
    "git diff --output=",
    "rustup toolchain install ",
    "sudo apt-get ",
    "sed -i '/^ureq_lib = /d;",
    "cargo update",
    "cargo build --locked ",
    "cargo +nightly update -Z direct-minimal-versions",
];

/// Commands of a workflow that test: those of cargo and of well-known tools. The project's own
/// tasks follow `cargo xtask`.
const TESTS: &[&str] = &[
    "target\\debug\\",
    "cargo check ",
    "cargo deny ",
    "cargo hack ",
    "cargo mutants ",
    "cargo public-api ",
    "cargo semver-checks ",
    "cargo test ",
    "cargo tree ",
    "for target in $(cargo +nightly fuzz list); do ",
];

pub(crate) fn run() -> Outcome {
    front_pages()?;
    whole_programs()?;
    workflows()
}

/// Pages with programs, besides the READMEs of the published crates.
const PAGES: &[&str] = &[
    "README.md",
    "docs/adding-a-provider.md",
    "docs/guides/gating-content.md",
    "docs/guides/migrating.md",
    "docs/guides/payment.md",
    "docs/guides/private-pki.md",
    "docs/guides/recording.md",
    "examples/callback-listener/README.md",
    "examples/redis-store/README.md",
    "examples/weather-client/README.md",
];

/// Checks that each shown program can be pasted into a `main.rs`.
fn whole_programs() -> Outcome {
    let readmes = published().into_iter().map(|package| format!("crates/{package}/README.md"));
    let mut programs = 0;
    for path in PAGES.iter().map(|&path| path.to_owned()).chain(readmes) {
        let text = shell::read(&path)?.replace("\r\n", "\n");
        programs += count_programs(&text).map_err(|why| format!("{path}: {why}"))?;
    }
    println!("pages: {programs} complete programs");
    Ok(())
}

/// Returns the number of programs of a page. Each must have a `main` and no line that only rustdoc
/// hides.
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

/// Checks that the READMEs have the same headings.
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
    println!("workflows: {steps} steps that test");
    Ok(())
}

/// Returns the number of steps of a workflow that test something.
///
/// A workflow may only read the repository, leaves no credentials behind, and names actions and
/// tools in one version.
fn check_workflow(text: &str) -> Result<usize, String> {
    for part in ["name:", "on:", "jobs:"] {
        if !text.lines().any(|line| line.starts_with(part)) {
            return Err(format!("has no {part}"));
        }
    }
    if !text.contains("\npermissions:\n  contents: read\n\n") {
        return Err("its permissions are not `contents: read` alone".to_owned());
    }
    if text.matches("permissions:").count() > 1 {
        return Err("a job has permissions of its own".to_owned());
    }
    let checkouts = text.matches("uses: actions/checkout@").count();
    if text.matches("persist-credentials: false").count() != checkouts {
        return Err("a checkout without `persist-credentials: false`".to_owned());
    }
    let mut steps = 0;
    for line in text.lines().map(str::trim) {
        if line.contains('\t') {
            return Err(format!("a tab in: {line}"));
        }
        let step = line.trim_start_matches("- ");
        if let Some(action) = step.strip_prefix("uses:") {
            pinned(action.trim())?;
        } else if let Some(command) = step.strip_prefix("run:") {
            steps += usize::from(tests(command.trim())?);
        }
    }
    Ok(steps)
}

/// An action is named by the hash of a commit, and its version is in a comment.
fn pinned(action: &str) -> Outcome {
    let (name, version) = action.split_once(" # v").unwrap_or((action, ""));
    let hash = name.split_once('@').map_or("", |(_, hash)| hash);
    let is_hash = hash.len() == 40 && hash.chars().all(|char| char.is_ascii_hexdigit());
    match is_hash && !version.is_empty() {
        true => Ok(()),
        false => Err(format!("not the hash of a commit and its version: {action}")),
    }
}

/// Returns whether a command of a workflow tests something, or only prepares the machine.
fn tests(command: &str) -> Result<bool, String> {
    if let Some(task) = command.strip_prefix("cargo xtask ") {
        let task = task.split(' ').next().unwrap_or_default();
        return if crate::is_task(task) { Ok(true) } else { Err(format!("no task {task:?}")) };
    }
    if let Some(tools) = command.strip_prefix("cargo install --locked ") {
        return match tools.split(' ').find(|tool| !tool.contains('@')) {
            Some(tool) => Err(format!("{tool} is installed in no fixed version")),
            None => Ok(false),
        };
    }
    let begins = |list: &[&str]| list.iter().any(|begin| command.starts_with(begin));
    match (begins(TESTS), begins(SET_UP)) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err(format!("a command that workflows do not use: {command}")),
    }
}

/// A note in the READMEs that applies until the first release.
const UNRELEASED: &str = "until its first release";

/// Notes in pages of the project that apply until the first release.
const UNRELEASED_PAGES: &[(&str, &str)] = &[
    ("README.md", "published on crates.io yet"),
    ("SECURITY.md", "published on crates.io yet"),
    ("CHANGELOG.md", "Nothing is released yet"),
];

/// Lists what is missing for `cargo publish`: `cargo xtask check --release`.
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
            missing.push(format!("{path}: has a note that applies {UNRELEASED}"));
        }
    }
    for (path, note) in UNRELEASED_PAGES {
        if shell::read(path)?.contains(note) {
            missing.push(format!("{path}: says \"{note}\""));
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(format!("to do:\n  {}", missing.join("\n  "))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copy::{self, Copy};

    const GOOD: &str = "\
name: CI
on:
  push:

permissions:
  contents: read

jobs:
  a:
    steps:
      - uses: actions/checkout@0123456789abcdef0123456789abcdef01234567 # v7.0.1
        with:
          persist-credentials: false
      - run: cargo install --locked cargo-deny@0.20.2
      - run: cargo xtask test
      - run: cargo deny check
";

    #[test]
    fn workflows_use_known_commands_in_fixed_versions_with_least_permissions() {
        assert_eq!(check_workflow(GOOD), Ok(2));
        for (old, new, named) in [
            ("jobs:", "job:", "has no jobs:"),
            ("  contents: read\n", "  contents: write\n", "permissions"),
            ("  contents: read\n", "  contents: read\n  packages: write\n", "permissions"),
            ("  a:\n", "  a:\n    permissions:\n      contents: write\n", "permissions of its own"),
            ("0123456789abcdef0123456789abcdef01234567 # v7.0.1", "v7", "actions/checkout@v7"),
            (" # v7.0.1", "", "actions/checkout@0123"),
            (
                "@0123456789abcdef0123456789abcdef01234567",
                "@0123456789abcdef",
                "actions/checkout@0123",
            ),
            ("@0123456789abcdef", "@0123456789abcdeg", "actions/checkout@0123"),
            ("persist-credentials: false", "persist-credentials: true", "persist-credentials"),
            ("@0.20.2", "", "cargo-deny is installed in no fixed version"),
            ("cargo xtask test", "cargo xtask tset", "no task \"tset\""),
            ("cargo xtask test", "cargo xtask  test", "no task \"\""),
            ("cargo xtask test", "curl https://example.com", "curl https://example.com"),
            ("cargo xtask test", "|\n          cargo xtask test", "do not use: |"),
            ("cargo deny check", "cargo\tdeny check", "a tab in"),
        ] {
            let broken = GOOD.replace(old, new);
            assert_ne!(broken, GOOD, "{old}");
            let error = check_workflow(&broken).unwrap_err();
            assert!(error.contains(named), "{new}: {error}");
        }
    }

    #[test]
    fn release_needs_a_repository_dates_and_readmes() {
        let copy = Copy::new();
        for package in published() {
            let path = |file: &str| format!("crates/{package}/{file}");
            let set = |text: &str| text.replace("[package]\n", "[package]\nrepository = \"u\"\n");
            copy.edit(&path("Cargo.toml"), |text| {
                if text.contains("\nrepository") { format!("{text}\n") } else { set(text) }
            });
            copy.edit(&path("CHANGELOG.md"), |text| {
                format!("{}\n", text.replace("(not released)", "(2030-01-01)"))
            });
            copy.edit(&path("README.md"), |text| format!("{}\n", text.replace(UNRELEASED, "")));
        }
        for (path, note) in UNRELEASED_PAGES {
            copy.edit(path, |text| format!("{}\n", text.replace(note, "")));
        }
        release().unwrap();
        for (path, note) in UNRELEASED_PAGES {
            copy.edit(path, |text| format!("{text}{note}\n"));
            let error = release().unwrap_err();
            assert!(error.contains(&format!("{path}: says")), "{error}");
            copy.edit(path, |text| text.replace(note, ""));
        }
        for (file, old, new, named) in [
            ("Cargo.toml", "repository", "homepage", "`repository` is not set"),
            ("CHANGELOG.md", "(2030-01-01)", "(not released)", "has no date"),
            ("README.md", "# ", "# until its first release ", "has a note"),
        ] {
            let path = format!("crates/tpay-client/{file}");
            copy.edit(&path, |text| text.replacen(old, new, 1));
            let error = release().unwrap_err();
            assert!(error.contains(&format!("{path}: {named}")), "{error}");
            copy.edit(&path, |text| text.replacen(new, old, 1));
        }
    }

    #[test]
    fn readmes_have_the_same_headings_and_compiled_programs() {
        let project = Copy::empty();
        for provider in PROVIDERS {
            project.write(&format!("{}/README.md", provider.folder()), "# a\n\n## Install\n");
        }
        front_pages().unwrap();
        for (text, named) in [
            ("## Installation\n", "its headings are not those of the others"),
            ("## Install\n## More\n", "its headings are not those of the others"),
            ("## Install\n```ignore\n", "a program that is not compiled"),
            ("## Install\n```text,no_run\n", "a program that is not compiled"),
        ] {
            project.write("crates/tinycert-client/README.md", text);
            let error = front_pages().unwrap_err();
            assert_eq!(error.split(": ").nth(1), Some(named), "{text}");
        }
    }

    #[test]
    fn shown_programs_are_complete() {
        let page = |program: &str| format!("text\n\n```rust,no_run\n{program}```\n");
        let whole = "use a::B;\n\nfn main() {}\n";
        assert_eq!(count_programs(&page(whole).repeat(2)), Ok(2));
        let part = page("let a = 1;\n");
        assert!(count_programs(&part).unwrap_err().contains("let a = 1;"));
        let hidden = page("fn main() {\n# let a = 1;\n}\n");
        assert!(count_programs(&hidden).unwrap_err().contains("# let a"));
    }

    #[test]
    fn programs_and_steps_of_all_files_are_counted() {
        let readmes =
            || published().into_iter().map(|package| format!("crates/{package}/README.md"));
        let print = || {
            let project = Copy::empty();
            for path in PAGES.iter().map(|&path| path.to_owned()).chain(readmes()) {
                project.write(&path, "text\n\n```rust,no_run\nfn main() {}\n```\n");
            }
            for name in ["a", "b"] {
                project.write(&format!(".github/workflows/{name}.yml"), GOOD);
            }
            whole_programs().unwrap();
            workflows().unwrap();
        };
        let name = "pages::tests::programs_and_steps_of_all_files_are_counted";
        let Some(text) = copy::printed(name, print) else { return };
        let programs = PAGES.len() + readmes().count();
        assert!(text.contains(&format!("pages: {programs} complete programs\n")), "{text}");
        assert!(text.contains("workflows: 4 steps that test\n"), "{text}");
    }

    #[test]
    fn all_pages_satisfy_the_rule() {
        whole_programs().unwrap();
    }

    #[test]
    fn workflows_satisfy_the_rule() {
        workflows().unwrap();
    }
}
