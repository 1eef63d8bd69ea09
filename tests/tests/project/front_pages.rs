//! The first page of each provider crate's documentation: a table of tasks, a table of contents
//! with every method, and few names.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

const CRATES: [&str; 4] = ["tpay-client", "tokenpass-client", "tinycert-client", "tinypass-client"];
/// The names of a crate's root beside its modules.
const MOST_NAMES: usize = 30;
/// The numbers of tasks of a page.
const TASKS: RangeInclusive<usize> = 6..=8;

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

/// Returns the targets of the links in a row of a table: `a` for `[text](a)`, and the text of a
/// link that has only a text.
fn targets(row: &str) -> Vec<&str> {
    let links = row.split('[').skip(1);
    let targets = links.filter_map(|link| {
        let (text, rest) = link.split_once(']')?;
        match rest.strip_prefix('(') {
            Some(rest) => rest.split(')').next(),
            None => Some(text.trim_matches('`')),
        }
    });
    targets.collect()
}

/// Returns the names that the root of a crate exports, without those of its modules.
fn exports(page: &str) -> Vec<&str> {
    let exports = page.split("pub use ").skip(1).filter_map(|rest| rest.split(';').next());
    let paths = exports.flat_map(|export| {
        let list = export.split_once('{').map_or(export, |(_, list)| list);
        list.trim_end_matches('}').split(',').map(str::trim).filter(|name| !name.is_empty())
    });
    paths.filter_map(|path| path.rsplit("::").next()).collect()
}

/// Returns the names of the public modules in the root of a crate.
fn modules(page: &str) -> Vec<&str> {
    page.split("pub mod ").skip(1).filter_map(|rest| rest.split(';').next()).collect()
}

#[test]
fn tasks_link_existing_items() {
    for name in CRATES {
        let page = fs::read_to_string(source(name).join("lib.rs")).unwrap().replace("\r\n", "\n");
        let readme = fs::read_to_string(source(name).join("../README.md")).unwrap();
        let headings: Vec<String> = readme
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .map(|heading| heading.to_lowercase().replace(' ', "-"))
            .collect();
        // Roots also export names of `api-auth`.
        let texts = files(&source(name)).concat() + &files(&source("api-auth")).concat();
        let names = [exports(&page), modules(&page)].concat();
        let exists = |target: &str| match (target.strip_prefix('#'), target.split_once("::")) {
            (Some(heading), _) => headings.iter().any(|known| known == heading),
            (None, Some((of, item))) => {
                names.contains(&of)
                    && [format!("fn {item}("), format!("struct {item} ")]
                        .iter()
                        .any(|start| texts.contains(start))
            }
            (None, None) => names.contains(&target),
        };
        let tasks = page.split("# Tasks\n").nth(1).unwrap().split("# Contents\n").next().unwrap();
        // An attribute in one line.
        let tasks = tasks.replace("\n    ", " ");
        let rows: Vec<&str> = tasks
            .lines()
            .filter(|line| line.contains("| ") && !line.contains("| to | use |"))
            // Without the feature, there is nothing to link.
            .filter(|line| !line.starts_with("#![cfg_attr( not("))
            .collect();
        assert!(TASKS.contains(&rows.len()), "{name}: {} tasks", rows.len());
        for row in rows {
            let row = row.trim_start_matches("#![cfg_attr(");
            let targets = targets(row);
            assert!(!targets.is_empty(), "{name}: no link in the row {row}");
            for target in targets {
                assert!(exists(target), "{name}: `{target}` does not exist, in the row {row}");
            }
        }
    }
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
        let count = exports(&page).len();
        assert!((10..=MOST_NAMES).contains(&count), "{name}: {count} names");
    }
}
