//! The catalogue holds every call that is in scope, once.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;

use workspace_tests::catalogue::{Knobs, PROVIDERS};
use workspace_tests::world;

#[path = "../../../xtask/src/providers.rs"]
#[allow(dead_code, unreachable_pub, reason = "the rows of the tasks; only the scopes are read")]
mod rows;

/// An endpoint of a provider's list.
struct Listed {
    id: String,
    path: String,
}

/// The endpoints of a provider's list that are in scope.
fn listed(path: &Path, scope: &[&str]) -> Vec<Listed> {
    let text = std::fs::read_to_string(path).unwrap();
    let value = |entry: &str, key: &str| {
        let line = entry.lines().find(|line| line.split(" =").next() == Some(key)).unwrap();
        line.split('"').nth(1).unwrap().to_owned()
    };
    let entries = text.split("[[endpoint]]").skip(1);
    let in_scope =
        |entry: &&str| scope.is_empty() || scope.contains(&value(entry, "source").as_str());
    entries
        .filter(in_scope)
        .map(|entry| Listed { id: value(entry, "id"), path: value(entry, "path") })
        .collect()
}

/// The scope of a provider's list; empty for all.
fn scope(provider: &str) -> &'static [&'static str] {
    rows::PROVIDERS.iter().find(|row| row.name == provider).map_or(&[][..], |row| row.scope)
}

#[test]
fn every_listed_endpoint_is_in_the_catalogue_once() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/endpoints");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let provider = PROVIDERS.iter().find(|provider| provider.name == name);
        let provider = provider.unwrap_or_else(|| panic!("{name} is not in the catalogue"));
        let mut ids: Vec<String> =
            (provider.calls)().iter().map(|call| call.id().to_owned()).collect();
        let mut listed: Vec<String> =
            listed(&path, scope(name)).into_iter().map(|endpoint| endpoint.id).collect();
        assert!(!listed.is_empty(), "{name}");
        ids.sort();
        listed.sort();
        assert_eq!(ids, listed, "{name}");
    }
}

#[test]
fn every_call_has_valid_arguments() {
    for provider in PROVIDERS {
        let server = world::start(provider);
        let client = (provider.client)(server.base_url(), &Knobs::default()).unwrap();
        for call in (provider.calls)() {
            let request = call.prepare(&client);
            assert!(request.is_ok(), "{} {}: {request:?}", provider.name, call.id());
        }
    }
}

#[test]
fn every_listed_endpoint_can_be_called_by_a_vector() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    for provider in PROVIDERS {
        let name = provider.name;
        // The code that makes the typed calls, where it is a file of its own.
        let files = [format!("{name}/operations.rs"), format!("{name}.rs")];
        let files = files.map(|file| folder.join("tests/vectors").join(file));
        let file = files.iter().find(|file| file.exists());
        let file = file.unwrap_or_else(|| panic!("{name}: no code runs its vectors"));
        let code = std::fs::read_to_string(file).unwrap();
        let list = folder.join(format!("../docs/endpoints/{name}.toml"));
        for Listed { id, path } in listed(&list, scope(name)) {
            // TinyCert's vectors name the path below the prefix.
            let path = path.strip_prefix("/api/v1").unwrap_or(&path).to_owned();
            let is_called =
                [id.clone(), path].iter().any(|text| code.contains(&format!("{text:?}")));
            assert!(is_called, "{}: no vector can call {id}", file.display());
        }
    }
}
