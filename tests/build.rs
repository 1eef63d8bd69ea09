//! Turns the programs of the READMEs and guides that call a server (the code blocks with `no_run`)
//! into functions. `tests/tests/project/shown_programs.rs` runs each of them, unchanged, as a
//! process of its own against the sandbox.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The pages with such programs, relative to the folder of the workspace.
const PAGES: [&str; 10] = [
    "README.md",
    "crates/tinypass-client/README.md",
    "crates/tinycert-client/README.md",
    "crates/tokenpass-client/README.md",
    "crates/tpay-client/README.md",
    "docs/guides/gating-content.md",
    "docs/guides/migrating.md",
    "docs/guides/payment.md",
    "docs/guides/private-pki.md",
    "docs/guides/recording.md",
];

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script its folders so")]
fn main() {
    let folder = env::var("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let (mut list, mut modules) = (String::new(), String::new());
    for page in PAGES {
        let path = folder.join("..").join(page);
        println!("cargo::rerun-if-changed={}", path.display());
        for (number, program) in programs(&path).iter().enumerate() {
            let module = format!("program_{}", list.lines().count());
            let _ = writeln!(list, "    ({page:?}, {}, {module}::run),", number + 1);
            let run =
                "pub(super) fn run() -> Result<(), String> { main().map_err(|e| e.to_string()) }";
            let _ = writeln!(modules, "mod {module} {{\n{program}\n{run}\n}}\n");
        }
    }
    let text = format!("const PROGRAMS: &[(&str, usize, Run)] = &[\n{list}];\n\n{modules}");
    let out = env::var("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    if let Err(error) = fs::write(out.join("shown_programs.rs"), text) {
        println!("cargo::error={error}");
    }
}

/// Returns the `no_run` blocks of a page.
fn programs(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    let mut programs = Vec::new();
    let mut program: Option<String> = None;
    for line in text.lines() {
        match &mut program {
            Some(code) if line == "```" => {
                programs.push(std::mem::take(code));
                program = None;
            }
            Some(code) => {
                code.push_str(line);
                code.push('\n');
            }
            None if line.starts_with("```") && line.contains("no_run") => {
                program = Some(String::new());
            }
            None => {}
        }
    }
    programs
}
