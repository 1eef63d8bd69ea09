//! The catalogue holds every call that is in scope, once.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;

use workspace_tests::catalogue::PROVIDERS;

#[path = "../../xtask/src/providers.rs"]
#[allow(dead_code, unreachable_pub, reason = "the rows of the tasks; only the scopes are read")]
mod rows;

/// The ids of a provider's list that are in scope.
fn listed(name: &str, scope: &[&str]) -> Vec<String> {
    let path = format!("docs/endpoints/{name}.toml");
    let text = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    let text = std::fs::read_to_string(text).unwrap();
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
    for row in rows::PROVIDERS {
        let provider = PROVIDERS.iter().find(|provider| provider.name == row.name);
        let provider = provider.unwrap_or_else(|| panic!("{} is not in the catalogue", row.name));
        let mut ids: Vec<String> =
            (provider.calls)().iter().map(|call| call.id().to_owned()).collect();
        let mut listed = listed(row.name, row.scope);
        assert!(!listed.is_empty(), "{}", row.name);
        ids.sort();
        listed.sort();
        assert_eq!(ids, listed, "{}", row.name);
    }
    assert_eq!(PROVIDERS.len(), rows::PROVIDERS.len());
}
