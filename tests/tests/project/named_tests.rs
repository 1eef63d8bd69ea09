//! The files and tests that the pages of the project name: each exists, and each row of a table that has a
//! column for tests names one.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Headings of a column with the tests of what a row promises.
const TEST_COLUMNS: [&str; 3] = ["test", "tested in", "shown by"];
/// Folders without files of the project.
const SKIPPED: [&str; 4] = ["target", ".git", "corpus", "snapshots"];
/// The number of words from which a name in backquotes is that of a function: `a_b_c_d`.
const WORDS_OF_A_TEST: usize = 4;
/// The same for the beginning of a name: `a_b_...`.
const WORDS_OF_A_BEGINNING: usize = 2;

/// The Rust files of the project by their paths from its root, and the names of all functions.
#[derive(Default)]
struct Project {
    files: Vec<String>,
    functions: BTreeSet<String>,
    pages: Vec<(String, String)>,
}

impl Project {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
        let mut project = Self::default();
        project.read_folder(&root, &root);
        project
    }

    fn read_folder(&mut self, root: &Path, folder: &Path) {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let from_root = path.strip_prefix(root).unwrap();
            let from_root = from_root.to_str().unwrap().replace(std::path::MAIN_SEPARATOR, "/");
            if path.is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    self.read_folder(root, &path);
                }
            } else if name.ends_with(".rs") {
                let text = fs::read_to_string(&path).unwrap();
                self.functions.extend(functions(&text).map(str::to_owned));
                self.files.push(from_root);
            } else if name.ends_with(".md") {
                let text = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
                self.pages.push((from_root, text));
            }
        }
    }

    fn has_file(&self, name: &str) -> bool {
        let name = name.trim_start_matches("../");
        self.files.iter().any(|file| file == name || file.ends_with(&format!("/{name}")))
    }

    fn has_function(&self, name: &str) -> bool {
        match name.strip_suffix("...") {
            Some(start) => self.functions.iter().any(|function| function.starts_with(start)),
            None => self.functions.contains(name),
        }
    }

    /// Returns whether a text in backquotes names a file or function that exists. Returns `None` if it
    /// is neither.
    fn exists(&self, text: &str) -> Option<bool> {
        let is_word = |char: char| char.is_ascii_alphanumeric() || "_./{},-".contains(char);
        if text.ends_with(".rs") && text.chars().all(is_word) && !text.contains("PROVIDER") {
            return Some(alternatives(text).iter().all(|file| self.has_file(file)));
        }
        let name = text.trim_end_matches("...");
        let is_name =
            |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_';
        let words = name.split('_').filter(|word| !word.is_empty()).count();
        let least = if text == name { WORDS_OF_A_TEST } else { WORDS_OF_A_BEGINNING };
        let is_function = name.chars().all(is_name) && words >= least;
        is_function.then(|| self.has_function(text))
    }

    /// Returns what a page names and the project does not have, and the rows that name no test.
    fn gaps(&self, page: &str) -> Vec<String> {
        let prose = without_programs(page);
        let missing = quoted(&prose).filter(|text| self.exists(text) == Some(false));
        let missing: Vec<String> = missing.map(|text| format!("`{text}` does not exist")).collect();
        let rows = rows_with_tests(&prose);
        let bare = rows.into_iter().filter(|(_, tests)| !self.names_a_test(tests));
        missing.into_iter().chain(bare.map(|(row, _)| format!("no test: {row}"))).collect()
    }

    /// Returns whether the last column of a row names a file, a test, a command, a job or another
    /// part of the page.
    fn names_a_test(&self, tests: &str) -> bool {
        let is_command = |text: &str| text.starts_with("cargo ");
        let named = quoted(tests).any(|text| self.exists(text) == Some(true) || is_command(text));
        let elsewhere = ["the same", "the job", "](", "next section"];
        named || elsewhere.iter().any(|text| tests.contains(text)) || {
            // A folder of tests, or a short name of a test.
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
            quoted(tests).any(|text| self.functions.contains(text) || root.join(text).is_dir())
        }
    }
}

/// Returns the names after `fn` in a text.
fn functions(text: &str) -> impl Iterator<Item = &str> {
    let is_name = |char: char| char.is_alphanumeric() || char == '_';
    text.split("fn ")
        .skip(1)
        .map(move |rest| rest.split(|char| !is_name(char)).next().unwrap_or_default())
}

/// Returns the files of `a/{b,c}.rs`.
fn alternatives(text: &str) -> Vec<String> {
    let parts = text.split_once('{').and_then(|(before, rest)| {
        let (names, after) = rest.split_once('}')?;
        Some(names.split(',').map(|name| [before, name, after].concat()).collect())
    });
    parts.unwrap_or_else(|| vec![text.to_owned()])
}

fn without_programs(page: &str) -> String {
    page.split("```").step_by(2).collect()
}

/// Returns the texts in backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Returns the first and last column of each row of the tables whose last column is for tests.
fn rows_with_tests(page: &str) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    let mut has_tests = false;
    let lines: Vec<&str> = page.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        if line.starts_with("|--") {
            continue;
        }
        let Some(row) = line.strip_prefix("| ").and_then(|row| row.strip_suffix(" |")) else {
            has_tests = false;
            continue;
        };
        let columns: Vec<&str> = row.split(" | ").collect();
        let (first, last) = (*columns.first().unwrap(), *columns.last().unwrap());
        if lines.get(at + 1).is_some_and(|next| next.starts_with("|--")) {
            has_tests = TEST_COLUMNS.contains(&last);
        } else if has_tests {
            rows.push((first.to_owned(), last.to_owned()));
        }
    }
    rows
}

#[test]
fn pages_name_files_and_tests_that_exist() {
    let project = Project::read();
    let mut gaps = Vec::new();
    let (mut names, mut rows) = (0, 0);
    for (path, page) in &project.pages {
        gaps.extend(project.gaps(page).into_iter().map(|gap| format!("{path}: {gap}")));
        let prose = without_programs(page);
        names += quoted(&prose).filter(|text| project.exists(text).is_some()).count();
        rows += rows_with_tests(&prose).len();
    }
    assert!(gaps.is_empty(), "{}", gaps.join("\n"));
    // The pages are read, and so are their tables.
    assert!(names > 150 && rows > 90, "{names} names, {rows} rows");
}

#[test]
fn missing_files_tests_and_rows_without_a_test_are_named() {
    let project = Project {
        files: vec!["crates/api-auth/src/retry.rs".to_owned(), "tests/tests/a/b.rs".to_owned()],
        functions: ["a_lost_write_is_not_retried".to_owned()].into(),
        pages: Vec::new(),
    };
    let gaps = |page: &str| project.gaps(page);
    let head = "| promise | test |\n|---|---|\n";
    for test in ["`retry.rs`", "`tests/a/{b}.rs`", "`a_lost_write_is_...`", "`cargo xtask check`"] {
        assert_eq!(gaps(&format!("{head}| p | {test} |\n")), [""; 0], "{test}");
    }
    assert_eq!(gaps("`gone.rs`"), ["`gone.rs` does not exist"]);
    assert_eq!(gaps("`a/{b,c}.rs`"), ["`a/{b,c}.rs` does not exist"]);
    assert_eq!(gaps("`try.rs`"), ["`try.rs` does not exist"]);
    assert_eq!(gaps("`a_lost_write_is`"), ["`a_lost_write_is` does not exist"]);
    assert_eq!(gaps("`a_write_is_gone_...`"), ["`a_write_is_gone_...` does not exist"]);
    assert_eq!(gaps("```\n`gone.rs`\n```\n`retry_after` `a.b`"), [""; 0]);
    assert_eq!(gaps(&format!("{head}| p | unit tests |\n")), ["no test: p"]);
    assert_eq!(gaps("| promise | reason |\n|---|---|\n| p | q |\n"), [""; 0]);
}
