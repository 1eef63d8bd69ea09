//! The code that runs vectors has an operation for each endpoint.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::catalogue::{listed, rows};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The Rust files of a folder, at any depth, or one file.
fn sources(path: &Path) -> String {
    if path.is_dir() {
        let entries = std::fs::read_dir(path).unwrap();
        return entries.map(|entry| sources(&entry.unwrap().path())).collect();
    }
    if path.extension().is_some_and(|extension| extension == "rs") {
        return std::fs::read_to_string(path).unwrap();
    }
    String::new()
}

/// The types of a crate's endpoints, by id.
fn types(crate_text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut types = BTreeMap::<String, BTreeSet<String>>::new();
    for block in crate_text.split(" Endpoint for ").skip(1) {
        let name = block.split([' ', '<']).next().unwrap_or_default();
        let body = block.split_once("\n}").map_or(block, |(body, _)| body);
        let id = body
            .split_once("const ID: &'static str = \"")
            .and_then(|(_, rest)| rest.split('"').next());
        if let Some(id) = id {
            types.entry(id.to_owned()).or_default().insert(name.to_owned());
        }
    }
    types
}

/// Whether the code makes a value of the type: `Type::new`.
fn makes(code: &str, name: &str) -> bool {
    let call = format!("{name}::");
    let is_path = |char: char| char.is_alphanumeric() || "_:".contains(char);
    code.split(|char| !is_path(char)).any(|path| path.starts_with(&call))
}

#[test]
fn each_endpoint_has_an_operation_in_the_code_of_vectors() {
    let mut differences = Vec::new();
    for row in rows::PROVIDERS {
        let name = row.name;
        let folder = root().join("tests/tests/vectors");
        let code = [folder.join(format!("{name}.rs")), folder.join(name)];
        let code: String =
            code.iter().filter(|path| path.exists()).map(|path| sources(path)).collect();
        let types = types(&sources(&root().join(format!("crates/{name}-client/src"))));
        let list = root().join(format!("docs/endpoints/{name}.toml"));
        for id in listed(&list, row.scope) {
            let Some(types) = types.get(&id) else {
                differences.push(format!("{name}: {id}: no type has this id"));
                continue;
            };
            let missing = types.iter().filter(|endpoint| !makes(&code, endpoint));
            differences.extend(
                missing.map(|endpoint| format!("{name}: {id}: no operation for {endpoint}")),
            );
        }
    }
    assert!(differences.is_empty(), "{}\n", differences.join("\n"));
}
