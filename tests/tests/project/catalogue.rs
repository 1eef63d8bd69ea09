//! The catalogue holds every call that is in scope, once.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;

use workspace_tests::catalogue::{Options, PROVIDERS};
use workspace_tests::world;

#[path = "../../../xtask/src/providers.rs"]
#[allow(dead_code, unreachable_pub, reason = "the rows of the tasks; only the scopes are read")]
pub(crate) mod rows;

/// The ids of a provider's list that are in scope.
pub(crate) fn listed(path: &Path, scope: &[&str]) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let value = |entry: &str, key: &str| {
        let line = entry.lines().find(|line| line.split(" =").next() == Some(key)).unwrap();
        line.split('"').nth(1).unwrap().to_owned()
    };
    let entries = text.split("[[endpoint]]").skip(1);
    let in_scope =
        |entry: &&str| scope.is_empty() || scope.contains(&value(entry, "source").as_str());
    entries.filter(in_scope).map(|entry| value(entry, "id")).collect()
}

#[test]
fn every_listed_endpoint_is_in_the_catalogue_once() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/endpoints");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let provider = PROVIDERS.iter().find(|provider| provider.name == name);
        let provider = provider.unwrap_or_else(|| panic!("{name} is not in the catalogue"));
        let row = rows::PROVIDERS.iter().find(|row| row.name == name);
        let scope = row.map_or(&[][..], |row| row.scope);
        let mut ids: Vec<String> =
            (provider.calls)().iter().map(|call| call.id().to_owned()).collect();
        let mut listed = listed(&path, scope);
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
        let client = (provider.client)(server.base_url(), &Options::default()).unwrap();
        for call in (provider.calls)() {
            let request = call.signed_request(&client);
            assert!(request.is_ok(), "{} {}: {request:?}", provider.name, call.id());
        }
    }
}
