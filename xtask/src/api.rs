//! `cargo xtask api`: lists the public API of each crate in `docs/api/CRATE.txt`, so that reviews
//! show breaking changes. `cargo xtask check` compares, and rejects foreign types in the public
//! API.
//!
//! It parses the source as text. This is sufficient: the lint `unreachable_pub` ensures that every
//! `pub` item is reachable, and rustfmt that the format is uniform.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::providers::published;
use crate::{Outcome, shell};

/// The crates whose types may be in public signatures, besides std and the crates of this project.
const ALLOWED: &[&str] = &["http", "serde"];

/// Writes the lists.
pub(crate) fn run() -> Outcome {
    for package in published() {
        let path = list_path(&package);
        fs::create_dir_all(shell::root().join("docs/api")).map_err(|error| error.to_string())?;
        fs::write(shell::root().join(&path), list(&package)?)
            .map_err(|error| format!("{path}: {error}"))?;
        println!("{path}");
    }
    Ok(())
}

/// Compares the lists with the source.
pub(crate) fn check() -> Outcome {
    for package in published() {
        let (path, now) = (list_path(&package), list(&package)?);
        let then = shell::read(&path).unwrap_or_default().replace("\r\n", "\n");
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
        let (old, new) = (lines(&then), lines(&now));
        for gone in old.difference(&new) {
            println!("{package}: - {gone}");
        }
        for come in new.difference(&old) {
            println!("{package}: + {come}");
        }
        if then != now {
            return Err(format!(
                "{path} does not list the public items of {package}: run `cargo xtask api`"
            ));
        }
        println!("{package}: {} public lines, as in {path}", now.lines().count());
    }
    Ok(())
}

fn list_path(package: &str) -> String {
    format!("docs/api/{package}.txt")
}

/// Returns the sorted public lines of a crate.
fn list(package: &str) -> Result<String, String> {
    let folder = format!("crates/{package}");
    let manifest: toml::Table = toml::from_str(&shell::read(&format!("{folder}/Cargo.toml"))?)
        .map_err(|error| error.to_string())?;
    let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
    let foreign: Vec<String> = dependencies
        .into_iter()
        .flat_map(|table| table.keys())
        .map(|name| name.replace('-', "_"))
        // The name of `ureq_lib` in api-auth.
        .chain(["ureq".to_owned()])
        .filter(|name| !ALLOWED.contains(&name.as_str()) && name != "api_auth")
        .collect();
    let mut lines = Vec::new();
    read_folder(&shell::root().join(folder).join("src"), &foreign, &mut lines)?;
    // Implementations count if the type is one that is shown.
    let shown: BTreeSet<String> = lines.iter().filter_map(|line| declared(line)).collect();
    lines.retain(|line| !line.starts_with("impl") || words(line).any(|word| shown.contains(word)));
    lines.sort();
    Ok(lines.iter().flat_map(|line| [line, "\n"]).collect())
}

/// Returns the name of the type that a line declares.
fn declared(line: &str) -> Option<String> {
    let kinds = ["pub struct ", "pub enum ", "pub trait ", "pub type "];
    let rest = kinds.iter().find_map(|kind| line.strip_prefix(kind))?;
    words(rest).next().map(str::to_owned)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char| !is_word(char)).filter(|word| !word.is_empty())
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

fn read_folder(folder: &Path, foreign: &[String], lines: &mut Vec<String>) -> Outcome {
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.is_dir() {
            read_folder(&path, foreign, lines)?;
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
            let mut reader = Reader { text: &plain(&text), lines: Vec::new(), imports: Vec::new() };
            reader.items("");
            no_foreign_types(&path, &reader, foreign)?;
            lines.append(&mut reader.lines);
        }
    }
    Ok(())
}

/// Checks that no public item uses a foreign type, by a path or by an import.
fn no_foreign_types(path: &Path, reader: &Reader<'_>, foreign: &[String]) -> Outcome {
    // In the crate's root a module hides a library of the same name.
    let hidden =
        |name: &str| path.ends_with("lib.rs") && path.with_file_name(format!("{name}.rs")).exists();
    let is_foreign = |name: &str| foreign.iter().any(|krate| krate == name) && !hidden(name);
    let imported: BTreeSet<&str> = reader
        .imports
        .iter()
        .filter(|import| words(import).next().is_some_and(is_foreign))
        .flat_map(|import| words(import).skip(1))
        .filter(|word| word.starts_with(char::is_uppercase))
        .collect();
    for line in reader.lines.iter().filter(|line| line.contains("pub ")) {
        let starts_path = |krate: &&String| {
            let found = |(at, _): (usize, &str)| {
                let before = line.get(..at).unwrap_or_default();
                !before.ends_with("crate::") && !before.ends_with(is_word)
            };
            line.match_indices(&format!("{krate}::")).any(found)
        };
        let by_path = foreign.iter().find(starts_path).map(String::as_str);
        let by_path = by_path.filter(|name| !hidden(name));
        let by_import = words(line).find(|word| imported.contains(word));
        if let Some(name) = by_path.or(by_import) {
            return Err(format!("{}: {name} is a foreign type in: {line}", path.display()));
        }
    }
    Ok(())
}

/// Returns the code without comments, attributes, string contents, and tests (which are last).
fn plain(text: &str) -> String {
    let text = shell::without_tests(text);
    let mut plain = String::new();
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("#[macro_export]") {
            plain.push_str("pub ");
            "#[macro_export]".len()
        } else if rest.starts_with("#[") || rest.starts_with("#![") {
            balanced(rest, '[', ']')
        } else if rest.starts_with("r#\"") {
            rest.find("\"#").map_or(rest.len(), |end| end + 2)
        } else if char == '"' {
            quoted(rest)
        } else if let Some(length) = quoted_char(rest) {
            length
        } else {
            plain.push(char);
            char.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    plain
}

/// Returns the length of a string literal.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, char) in text.char_indices().skip(1) {
        match char {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// Returns the length of a character literal, or 0 for a lifetime.
fn quoted_char(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('\'')?;
    let first = inside.chars().next()?;
    let from = if first == '\\' { 2 } else { first.len_utf8() };
    let end = from + inside.get(from..)?.find('\'')?;
    (first == '\\' || end == from).then_some(end + 2)
}

/// Returns the length up to the bracket that closes the first one. Brackets in string literals are
/// skipped.
fn balanced(text: &str, open: char, close: char) -> usize {
    let (mut depth, mut until) = (0_usize, 0);
    for (at, char) in text.char_indices() {
        if at < until {
            continue;
        }
        if char == '"' {
            until = at + quoted(text.get(at..).unwrap_or_default());
        } else if char == open {
            depth += 1;
        } else if char == close {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at + 1;
            }
        }
    }
    text.len()
}

struct Reader<'a> {
    text: &'a str,
    lines: Vec<String>,
    imports: Vec<String>,
}

impl Reader<'_> {
    /// Reads items up to the end. `of` is the type or trait that contains them, or empty.
    fn items(&mut self, of: &str) {
        while let Some((head, body)) = self.next_item() {
            let public = head.starts_with("pub ") || of.starts_with("pub trait ");
            let shown = |text: &str| match of {
                "" => text.to_owned(),
                of => format!("{of}: {text}"),
            };
            let private = head.strip_prefix("pub ").unwrap_or(&head);
            if let Some(import) = private.strip_prefix("use ") {
                self.imports.push(import.trim_start_matches("::").to_owned());
            }
            if head.starts_with("impl") && head.contains(" for ") {
                self.lines.push(head);
            } else if head.starts_with("impl") {
                self.inside(&body, &head);
            } else if head.ends_with('!') && !private.starts_with("macro_rules!") {
                if body.contains("pub ") {
                    self.inside(&body, of);
                } else if of.starts_with("impl") {
                    self.lines.push(shown(&format!("{head} {{ {} }}", one_line(&body))));
                }
            } else if head.starts_with("api_auth::") {
                self.lines.push(shown(&head));
            } else if public {
                let is_value = head.starts_with("pub const ") && !head.starts_with("pub const fn");
                let value = if is_value { head.find(" =") } else { None };
                let head = head.get(..value.unwrap_or(head.len())).unwrap_or_default();
                // The fields of a tuple are private unless they are `pub`.
                let tuple = head.starts_with("pub struct ").then(|| head.split_once('(')).flatten();
                let (head, body) = match tuple {
                    Some((name, fields)) => (name, fields.trim_end_matches(')').to_owned()),
                    None => (head, body),
                };
                self.lines.push(shown(head));
                if head.starts_with("pub enum ") {
                    self.members(&body, head, |_| true);
                } else if head.starts_with("pub struct ") {
                    self.members(&body, head, |member| member.starts_with("pub "));
                } else if head.starts_with("pub trait ") || head.starts_with("pub mod ") {
                    self.inside(&body, head);
                }
            }
        }
    }

    fn inside(&mut self, body: &str, of: &str) {
        let mut reader = Reader { text: body, lines: Vec::new(), imports: Vec::new() };
        reader.items(of);
        self.lines.append(&mut reader.lines);
        self.imports.append(&mut reader.imports);
    }

    /// Reads the fields of a struct or the variants of an enum.
    fn members(&mut self, body: &str, of: &str, shown: impl Fn(&str) -> bool) {
        let (mut depth, mut start) = (0_i32, 0);
        let body = body.replace("->", "~>");
        for (at, char) in body.char_indices().chain([(body.len(), ',')]) {
            match char {
                '>' if body.get(..at).is_some_and(|text| text.ends_with('~')) => {}
                '(' | '[' | '{' | '<' => depth += 1,
                ')' | ']' | '}' | '>' => depth -= 1,
                ',' if depth == 0 => {
                    let member = one_line(body.get(start..at).unwrap_or_default());
                    let member = member.split(" =").next().unwrap_or_default();
                    if !member.is_empty() && shown(member) {
                        self.lines.push(format!("{of}: {}", member.replace("~>", "->")));
                    }
                    start = at + 1;
                }
                _ => {}
            }
        }
    }

    /// Returns the next item up to its `;` or its body, and the body without its braces.
    fn next_item(&mut self) -> Option<(String, String)> {
        let mut depth = 0_i32;
        let text = self.text;
        for (at, char) in text.char_indices() {
            let head = text.get(..at).unwrap_or_default();
            match char {
                '(' | '[' => depth += 1,
                ')' | ']' => depth -= 1,
                ';' if depth == 0 => {
                    self.text = text.get(at + 1..).unwrap_or_default();
                    return Some((one_line(head), String::new()));
                }
                '{' if depth == 0 && !one_line(head).contains("use ") => {
                    let rest = text.get(at..).unwrap_or_default();
                    let length = balanced(rest, '{', '}');
                    self.text = rest.get(length..).unwrap_or_default();
                    let body = rest.get(1..length.saturating_sub(1)).unwrap_or_default();
                    return Some((one_line(head), body.to_owned()));
                }
                _ => {}
            }
        }
        None
    }
}

/// Returns the text with whitespace as single spaces, and without commas before closing brackets.
fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace("( ", "(").replace(", )", ")").replace(" )", ")").replace(", }", " }")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copy::Copy;

    #[test]
    fn public_items_are_listed() {
        let text = r#"
//! A file. pub fn not_this() {}
use serde_json::Value;
pub use a::{B, c::D};

/// A doc with "quotes" and '{'.
#[derive(Debug)]
pub struct Shown<'a> {
    /// A field.
    pub name: Option<&'a str>,
    pub call: fn(u8) -> u8,
    secret: Value,
}
pub struct Id(u64);
wire_enum! {
    pub enum Sky {
        Clear = "clear",
    }
}
impl Shown<'_> {
    pub const MOST: u32 = 7;
    pub fn get(
        &self,
        char: char,
    ) -> bool {
        char == '{' || self.name == Some("pub fn inner() {")
    }
    fn hidden(&self) {}
    pub(crate) fn inside(&self) {}
}
impl Clone for Id {
    fn clone(&self) -> Self {}
}
pub trait Door {
    fn open(&self) -> u8 { 1 }
}
#[cfg(test)]
mod tests { pub fn not_this() {} }
"#;
        let plain = plain(text);
        let mut reader = Reader { text: &plain, lines: Vec::new(), imports: Vec::new() };
        reader.items("");
        let expected = [
            "pub use a::{B, c::D}",
            "pub struct Shown<'a>",
            "pub struct Shown<'a>: pub name: Option<&'a str>",
            "pub struct Shown<'a>: pub call: fn(u8) -> u8",
            "pub struct Id",
            "pub enum Sky",
            "pub enum Sky: Clear",
            "impl Shown<'_>: pub const MOST: u32",
            "impl Shown<'_>: pub fn get(&self, char: char) -> bool",
            "impl Clone for Id",
            "pub trait Door",
            "pub trait Door: fn open(&self) -> u8",
        ];
        assert_eq!(reader.lines, expected);
        assert_eq!(reader.imports[0], "serde_json::Value");
    }

    /// Returns the lines of the items of a text.
    fn lines(text: &str) -> Vec<String> {
        let plain = plain(text);
        let mut reader = Reader { text: &plain, lines: Vec::new(), imports: Vec::new() };
        reader.items("");
        reader.lines
    }

    #[test]
    fn brackets_signs_and_macros_in_items_are_read() {
        for (text, expected) in [
            (
                "pub fn a(of: [u8; 2]) -> [u8; 3] { [0; 3] }",
                &["pub fn a(of: [u8; 2]) -> [u8; 3]"][..],
            ),
            (
                "pub fn a() -> impl Iterator<Item = u8> {}",
                &["pub fn a() -> impl Iterator<Item = u8>"],
            ),
            (
                "pub const fn a() -> impl Iterator<Item = u8> {}",
                &["pub const fn a() -> impl Iterator<Item = u8>"],
            ),
            (
                "pub const A: [u8; 2] = [1, 2];\npub fn b() {}",
                &["pub const A: [u8; 2]", "pub fn b()"],
            ),
            ("pub static A: u8 = 1;", &["pub static A: u8 = 1"]),
            ("pub struct A;\nstruct B;\npub struct C {}", &["pub struct A", "pub struct C"]),
            ("pub struct A<T>(pub T, u8);", &["pub struct A<T>", "pub struct A<T>: pub T"]),
            (
                "pub struct A {\n    pub b: BTreeMap<u8, (u8, [u8; 2])>,\n    pub c: fn(u8, u8) -> u8,\n    \
                 pub d: u8\n}",
                &[
                    "pub struct A",
                    "pub struct A: pub b: BTreeMap<u8, (u8, [u8; 2])>",
                    "pub struct A: pub c: fn(u8, u8) -> u8",
                    "pub struct A: pub d: u8",
                ],
            ),
            (
                "pub enum A {\n    B(u8, u8),\n    C { d: u8, e: u8 },\n    F = 3,\n}",
                &[
                    "pub enum A",
                    "pub enum A: B(u8, u8)",
                    "pub enum A: C { d: u8, e: u8 }",
                    "pub enum A: F",
                ],
            ),
            (
                "pub mod a {\n    pub fn b() {}\n    fn c() {}\n}",
                &["pub mod a", "pub mod a: pub fn b()"],
            ),
            ("pub fn a(b: impl for<'c> Fn(&'c u8)) {}", &["pub fn a(b: impl for<'c> Fn(&'c u8))"]),
            ("mod a {\n    pub fn b() {}\n}", &[]),
            ("private! {\n    fn a() {}\n}", &[]),
            (
                "impl A {\n    setters! {\n        b: u8,\n    }\n}",
                &["impl A: setters! { b: u8, }"],
            ),
            (
                "#[macro_export]\nmacro_rules! a { () => { pub fn b() {} }; }",
                &["pub macro_rules! a"],
            ),
            ("macro_rules! a { () => { pub fn b() {} }; }", &[]),
            ("#![deny(missing_docs)]\npub fn a() {}", &["pub fn a()"]),
        ] {
            assert_eq!(lines(text), expected, "{text}");
        }
    }

    #[test]
    fn strings_and_characters_end_where_they_do_in_rust() {
        for (text, length) in [
            (r#""a" b""#, 3),
            (r#""a\"b" c""#, 6),
            (r#""\\" c""#, 4),
            (r#""\n" c""#, 4),
            (r#""\n\"" c""#, 6),
            (r#""open"#, 5),
        ] {
            assert_eq!(quoted(text), length, "{text}");
        }
        for (text, length) in [
            ("'{' b'", Some(3)),
            ("'é'", Some(4)),
            (r"'\'' b'", Some(4)),
            (r"'\\' b'", Some(4)),
            (r"'\u{7f}' b'", Some(8)),
            ("'a str, 'b", None),
            ("'a, 'b", None),
            ("'", None),
            ("a'b'", None),
        ] {
            assert_eq!(quoted_char(text), length, "{text}");
        }
        for (text, length) in [
            ("[a] b]", 3),
            ("[[a] b] c]", 7),
            (r#"["]" a] b]"#, 7),
            (r#"["\"]"] b"#, 7),
            ("[open", 5),
        ] {
            assert_eq!(balanced(text, '[', ']'), length, "{text}");
        }
        let code = "a(r#\"pub \"b\" {\"#, \"pub {\", '\"', 1) // pub {\n#[c(\"]\")]\n#![d]\ne";
        assert_eq!(plain(code), "a(, , , 1) \n\n\ne");
    }

    const MANIFEST: &str = "[package]\nname = \"p\"\n\n[dependencies]\napi-auth = \"1\"\nhttp = \"1\"\n\
        log-lines = \"1\"\nserde = \"1\"\n";

    #[test]
    fn list_has_the_public_items_of_each_file_and_the_impls_of_shown_types() {
        let project = Copy::empty();
        project.write("crates/p/Cargo.toml", MANIFEST);
        project.write(
            "crates/p/src/lib.rs",
            "pub struct A_1;\nstruct Hidden;\npub type B = u8;\n\
             impl Clone for A_1 {}\nimpl Clone for Hidden {}\nimpl Clone for Vec<B> {}\n\
             impl A_1 {\n    pub fn get(&self) -> http::Method {}\n}\n\
             pub fn serde() -> serde::Value {}\npub fn secret() -> api_auth::Secret {}\n",
        );
        project.write("crates/p/src/c/d.rs", "pub trait D {}\npub enum E {}\n");
        project.write("crates/p/src/tests.rs", "pub fn of_tests() {}\n");
        project.write("crates/p/src/notes.txt", "pub fn of_notes() {}\n");
        assert_eq!(
            list("p").unwrap(),
            "impl A_1: pub fn get(&self) -> http::Method\n\
             impl Clone for A_1\n\
             impl Clone for Vec<B>\n\
             pub enum E\n\
             pub fn secret() -> api_auth::Secret\n\
             pub fn serde() -> serde::Value\n\
             pub struct A_1\n\
             pub trait D\n\
             pub type B = u8\n"
        );
        assert!(list("q").unwrap_err().contains("crates/q/Cargo.toml"));
    }

    #[test]
    fn foreign_types_are_those_of_dependencies_but_not_of_modules_with_their_names() {
        let project = Copy::empty();
        project.write("crates/p/Cargo.toml", MANIFEST);
        project.write("crates/p/src/ureq.rs", "");
        for (file, code, foreign) in [
            ("a.rs", "pub use log_lines::Level;\n", Some("log_lines")),
            ("a.rs", "pub use ::log_lines::Level;\n", Some("log_lines")),
            ("a.rs", "pub fn level() -> log_lines::Level {}\n", Some("log_lines")),
            ("a.rs", "pub fn agent() -> ureq::Agent {}\n", Some("ureq")),
            ("a.rs", "use log_lines::Level;\npub fn show(level: &Level) {}\n", Some("Level")),
            (
                "a.rs",
                "use log_lines::{self, Level};\npub fn show(level: &Level) {}\n",
                Some("Level"),
            ),
            ("a.rs", "use log_lines::Level;\nfn show(level: &Level) {}\n", None),
            ("a.rs", "use serde::Level;\npub fn show(level: &Level) {}\n", None),
            ("a.rs", "use log_lines::show;\npub fn show() {}\n", None),
            ("a.rs", "pub fn level() -> crate::log_lines::Level {}\n", None),
            ("a.rs", "pub fn level() -> my_log_lines::Level {}\n", None),
            ("lib.rs", "pub use log_lines::Level;\n", Some("log_lines")),
            ("lib.rs", "pub use ureq::Agent;\n", None),
            ("lib.rs", "use ureq::Agent;\npub fn agent() -> Agent {}\n", None),
        ] {
            project.write(&format!("crates/p/src/{file}"), code);
            let found = list("p").err().unwrap_or_default();
            match foreign {
                Some(name) => assert!(
                    found.contains(&format!("{file}: {name} is a foreign type")),
                    "{code}: {found}"
                ),
                None => assert_eq!(found, "", "{code}"),
            }
            project.remove(&format!("crates/p/src/{file}"));
        }
    }

    #[test]
    fn lists_are_compared_with_the_source() {
        let project = Copy::empty();
        for package in published() {
            project.write(&format!("crates/{package}/Cargo.toml"), "[package]\nname = \"p\"\n");
            project.write(&format!("crates/{package}/src/lib.rs"), "pub struct Moon;\n");
        }
        assert!(check().unwrap_err().starts_with("docs/api/api-auth.txt "));
        run().unwrap();
        check().unwrap();
        assert_eq!(shell::read("docs/api/tpay-client.txt").unwrap(), "pub struct Moon\n");
        project.write("docs/api/tpay-client.txt", "pub struct Moon\r\n");
        check().unwrap();
        for changed in ["pub struct Moon;\npub struct Sun;\n", "", "pub struct Sun;\n"] {
            project.write("crates/tpay-client/src/lib.rs", changed);
            assert!(check().unwrap_err().starts_with("docs/api/tpay-client.txt "), "{changed}");
        }
    }
}
