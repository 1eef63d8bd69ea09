//! The first page of each provider crate's documentation: a table of contents with every method, and
//! few names.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

const CRATES: [&str; 4] = ["tpay-client", "tokenpass-client", "tinycert-client", "tinypass-client"];
/// The names of a crate's root beside its modules.
const MOST_NAMES: usize = 30;

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates").join(name).join("src")
}

/// Returns the source files of a folder without those of tests.
fn files(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts.extend(files(&path));
        } else if path.file_name().is_some_and(|name| name != "tests.rs") {
            texts.push(fs::read_to_string(&path).unwrap().replace("\r\n", "\n"));
        }
    }
    texts
}

/// Returns the public methods of the impl blocks of a type.
fn methods(text: &str, of: &str) -> Vec<String> {
    let start = format!("\nimpl {of} {{\n");
    let blocks = text.split(&*start).skip(1);
    let blocks = blocks.map(|rest| rest.split("\n}\n").next().unwrap_or_default());
    let lines = blocks.flat_map(str::lines);
    let starts = ["    pub fn ", "    pub const fn "];
    let names = lines.filter_map(|line| starts.iter().find_map(|start| line.strip_prefix(start)));
    let is_name = |char: char| char.is_alphanumeric() || char == '_';
    names.map(|name| name.chars().take_while(|char| is_name(*char)).collect()).collect()
}

#[test]
fn contents_list_every_method() {
    let mut count = 0;
    for name in CRATES {
        let page = fs::read_to_string(source(name).join("lib.rs")).unwrap();
        let contents = page.split("# Contents").nth(1).unwrap();
        for of in ["Client", "Session"] {
            for method in files(&source(name)).iter().flat_map(|text| methods(text, of)) {
                let link = format!("[`{method}`]({of}::{method})");
                let is_listed = contents.contains(&link)
                    // Links to what a feature has would break without it.
                    || contents.contains(&format!("| `{method}` |"));
                assert!(is_listed, "{name}: {link} is missing in the contents");
                count += 1;
            }
        }
    }
    assert!(count > 120, "only {count} methods were found");
}

#[test]
fn roots_export_few_names() {
    for name in CRATES {
        let page = fs::read_to_string(source(name).join("lib.rs")).unwrap();
        let exports = page.split("pub use ").skip(1).filter_map(|rest| rest.split(';').next());
        let names = exports.flat_map(|export| {
            let list = export.split_once('{').map_or(export, |(_, list)| list);
            list.trim_end_matches('}').split(',').map(str::trim).filter(|name| !name.is_empty())
        });
        let count = names.count();
        assert!((10..=MOST_NAMES).contains(&count), "{name}: {count} names");
    }
}
