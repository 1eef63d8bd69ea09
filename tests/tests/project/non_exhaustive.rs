//! Public enums, and public structs with public fields, are `#[non_exhaustive]`, so that a variant or
//! field can be added in a 0.1.x. docs/releasing.md lists the exceptions.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const CRATES: [&str; 5] =
    ["api-auth", "tinypass-client", "tinycert-client", "tokenpass-client", "tpay-client"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn sources(folder: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(fs::read_to_string(path).unwrap().replace("\r\n", "\n"));
        }
    }
}

/// Returns the names of the public types of a file that others can construct or match in full.
fn exhaustive(text: &str) -> Vec<String> {
    let text = text.split("\n#[cfg(test)]\nmod ").next().unwrap();
    // The lines of attributes and documentation before an item, and the macro around it.
    let (mut before, mut in_wire_enum) = (String::new(), false);
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((line, after)) = rest.split_once('\n') {
        rest = after;
        // The macro adds the attribute.
        in_wire_enum = match line {
            _ if line.ends_with("wire_enum! {") => true,
            "}" => false,
            _ => in_wire_enum,
        };
        let code = line.trim_start();
        let is_enum = code.starts_with("pub enum ");
        let is_open_struct = code.starts_with("pub struct ") && {
            let body = after.split_once("\n}").map_or(after, |(body, _)| body);
            match code.split_once('(') {
                Some((_, fields)) => fields.contains("pub ") && !fields.contains("pub("),
                None if code.ends_with(';') => false,
                None => body.lines().any(|field| field.trim_start().starts_with("pub ")),
            }
        };
        if (is_enum || is_open_struct) && !in_wire_enum && !before.contains("#[non_exhaustive]") {
            let name = code.split([' ', '<', '(', '{']).nth(2).unwrap();
            names.push(name.to_owned());
        }
        match code.is_empty() || code.ends_with(['{', '}', ';']) {
            true => before.clear(),
            false => before += code,
        }
    }
    names
}

/// Returns the exceptions that docs/releasing.md lists: the names in backquotes in the first column
/// of the table below "Exceptions to `#[non_exhaustive]`".
fn exceptions() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("docs/releasing.md")).unwrap().replace("\r\n", "\n");
    let table = text.split_once("### Exceptions to `#[non_exhaustive]`").unwrap().1;
    let rows = table.lines().skip_while(|line| !line.starts_with("|---"));
    let rows = rows.skip(1).take_while(|line| line.starts_with('|'));
    let names = rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2));
    names.map(str::to_owned).collect()
}

#[test]
fn types_that_may_grow_are_non_exhaustive() {
    let mut files = Vec::new();
    for name in CRATES {
        sources(&root().join("crates").join(name).join("src"), &mut files);
    }
    let found: BTreeSet<String> = files.iter().flat_map(|text| exhaustive(text)).collect();
    assert_eq!(found, exceptions(), "left: without `#[non_exhaustive]`; right: docs/releasing.md");
}

#[test]
fn attributes_before_a_type_are_found() {
    let text = "/// A.\n#[non_exhaustive]\npub enum A {\n    X,\n}\n\n/// B.\npub enum B {\n    X,\n}\n\
        pub struct C(u8);\npub struct D(pub u8);\npub struct E {\n    pub(crate) x: u8,\n}\n\
        pub struct F<'a> {\n    pub x: &'a u8,\n}\npub struct G;\nwire_enum! {\n    pub enum H {\n\
        \x20       X = \"x\",\n    }\n}\n#[cfg(test)]\nmod tests {\n    pub enum T {}\n}\n";
    assert_eq!(exhaustive(text), ["B", "D", "F"]);
}
