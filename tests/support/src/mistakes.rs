//! A table of typical mistakes and the messages that a user sees, compared with a file of
//! `tests/snapshots/mistakes`.
//!
//! `UPDATE_SNAPSHOTS=1` writes the file.

use std::fmt::Write as _;
use std::path::Path;

use crate::cli::World;

/// The table of one program, or of the libraries.
#[derive(Debug)]
pub struct Mistakes {
    name: &'static str,
    text: String,
    rows: usize,
    /// Mistakes that did not cause an error.
    accepted: Vec<String>,
    /// Variable parts of messages, such as a folder, and their placeholders.
    replaced: Vec<(String, &'static str)>,
}

impl Mistakes {
    /// Creates the table `NAME.md`, which this command writes.
    pub fn new(name: &'static str, command: &str) -> Self {
        let text = format!(
            "# Mistakes and their messages: {name}\n\n\
             Written by `UPDATE_SNAPSHOTS=1 {command}`. `[..]` stands for text that varies, such as \
             a port, a folder, an id or a time.\n"
        );
        Self { name, text, rows: 0, accepted: Vec::new(), replaced: Vec::new() }
    }

    /// Shows `[..]` instead of this text in messages.
    pub fn hide(&mut self, text: impl Into<String>) {
        self.replaced.push((text.into(), "[..]"));
    }

    /// Begins a section.
    pub fn section(&mut self, title: &str) {
        writeln!(self.text, "\n## {title}").unwrap();
    }

    /// Adds a mistake and its message.
    pub fn row(&mut self, mistake: &str, message: &str) {
        let mut message = hide_numbers(message.trim_end());
        for (text, placeholder) in &self.replaced {
            message = message.replace(text, placeholder);
        }
        self.rows += 1;
        writeln!(self.text, "\n- {mistake}\n\n  ```text").unwrap();
        for line in message.lines() {
            writeln!(self.text, "{}", format!("  {line}").trim_end()).unwrap();
        }
        self.text.push_str("  ```\n");
    }

    /// Adds the error of a mistake, as `main` prints it.
    pub fn error<T>(&mut self, mistake: &str, result: Result<T, impl std::fmt::Debug>) {
        match result {
            Ok(_) => self.accepted.push(mistake.to_owned()),
            Err(error) => self.row(mistake, &format!("{error:?}")),
        }
    }

    /// Adds the error of a mistake, by `Display`.
    pub fn display<T>(&mut self, mistake: &str, result: Result<T, impl std::fmt::Display>) {
        match result {
            Ok(_) => self.accepted.push(mistake.to_owned()),
            Err(error) => self.row(mistake, &error.to_string()),
        }
    }

    /// Runs a program with these arguments, further variables and no input, and adds its exit status
    /// and its standard error.
    ///
    /// # Panics
    /// Panics if the program prints a secret.
    pub fn command(&mut self, world: &World, arguments: &[&str], variables: &[(&str, &str)]) {
        let mut command = world.command(arguments);
        command.envs(variables.iter().copied());
        let run = world.finish(command, "");
        let mut mistake = String::new();
        for (name, value) in variables {
            write!(mistake, "{name}={value:?} ").unwrap();
        }
        let program = self.name;
        write!(mistake, "{program} {}", arguments.join(" ")).unwrap();
        let status = run.status;
        if status == 0 {
            return self.accepted.push(mistake);
        }
        self.row(&format!("`{mistake}`: exit status {status}"), &run.stderr);
    }

    /// Compares the table with its file, which must have at least `least` rows.
    ///
    /// # Panics
    /// Panics with the first line that differs, or if a mistake was no error.
    pub fn check(self, least: usize) {
        assert!(self.rows >= least, "{}: {} rows", self.name, self.rows);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../snapshots/mistakes");
        let path = folder.join(format!("{}.md", self.name));
        if is_update() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &self.text).unwrap();
        }
        assert!(self.accepted.is_empty(), "{}: no error: {:?}", self.name, self.accepted);
        let expected = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
        for (number, (actual, line)) in self.text.lines().zip(expected.lines()).enumerate() {
            assert_eq!(actual, line, "{}.md, line {}", self.name, number + 1);
        }
        assert_eq!(self.text.lines().count(), expected.lines().count(), "{}.md", self.name);
    }
}

#[expect(clippy::disallowed_methods, reason = "the variable requests new files")]
fn is_update() -> bool {
    std::env::var_os("UPDATE_SNAPSHOTS").is_some()
}

/// Replaces ports of loopback addresses and ids of requests with `[..]`.
fn hide_numbers(message: &str) -> String {
    let mut shown = message.to_owned();
    for (before, is_part) in [
        ("127.0.0.1:", char::is_numeric as fn(char) -> bool),
        ("localhost:", char::is_numeric),
        ("verification time ", char::is_numeric),
        (" 978307200 (", char::is_numeric),
        ("(request ", |char| char != ')'),
        ("\"request_id\":\"", |char| char != '"'),
    ] {
        let mut pieces = shown.split(before);
        let mut text = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let rest = piece.trim_start_matches(is_part);
            let hidden = if rest.len() < piece.len() { "[..]" } else { "" };
            text.extend([before, hidden, rest]);
        }
        shown = text;
    }
    shown
}
