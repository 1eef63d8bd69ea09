//! The catalogue contains every supported endpoint once.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::path::Path;

use api_auth::EndpointInfo;
use workspace_tests::catalogue::{Options, PROVIDERS};
use workspace_tests::world;

#[path = "../../../xtask/src/providers.rs"]
#[allow(dead_code, unreachable_pub, reason = "the rows of the tasks; only the scopes are read")]
pub(crate) mod rows;

/// The entries of a provider's list.
fn entries(path: &Path) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(path).unwrap();
    let pair = |line: &str| {
        let (name, value) = line.split_once(" = ")?;
        Some((name.to_owned(), value.trim_matches('"').to_owned()))
    };
    text.split("[[endpoint]]")
        .skip(1)
        .map(|entry| entry.lines().filter_map(pair).collect())
        .collect()
}

/// The ids of a provider's list that are in scope.
pub(crate) fn listed(path: &Path, scope: &[&str]) -> Vec<String> {
    let mut entries = entries(path);
    entries.retain(|entry| scope.is_empty() || scope.contains(&&*entry["source"]));
    entries.into_iter().map(|entry| entry["id"].clone()).collect()
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

/// The names of the credentials that sign an endpoint, by `auth` of the list.
const CREDENTIALS: &[(&str, &str, &[&str])] = &[
    ("tinypass", "hmac", &["main"]),
    ("tinycert", "hmac", &["API key"]),
    ("tinycert", "hmac+token", &["main"]),
    ("tokenpass", "hmac", &["main", "main with client_id"]),
    ("tokenpass", "hmac_user", &["privileged"]),
    // The documentation of `tca.check_user` also requires a signature.
    ("tokenpass", "oauth_token", &["user", "user, signed"]),
    ("tokenpass", "bearer", &["user, by access_token"]),
    ("tokenpass", "client_id", &["client_id", "client_id in the query"]),
    ("tokenpass", "browser", &["client_id in the query"]),
    ("tokenpass", "client_secret", &["client_secret", "client_secret, client_id in the query"]),
    ("tokenpass", "none", &["none"]),
    ("tpay", "bearer", &["main"]),
    ("tpay", "client_credentials", &["none"]),
    ("tpay", "none", &["none"]),
];

#[test]
fn every_route_is_as_listed() {
    for provider in PROVIDERS {
        let path = format!("../docs/endpoints/{}.toml", provider.name);
        let entries = entries(&Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
        for call in (provider.calls)() {
            let id = call.id();
            let entry = entries.iter().find(|entry| entry["id"] == id).unwrap();
            assert_eq!(call.method().as_str(), entry["method"], "{id}");
            assert_eq!(call.template(), entry["path"], "{id}");
            let row =
                CREDENTIALS.iter().find(|row| (row.0, row.1) == (provider.name, &*entry["auth"]));
            let (.., names) = row.unwrap_or_else(|| panic!("{id}: auth {}", entry["auth"]));
            assert!(
                names.contains(&call.credential()),
                "{id}: {} {}",
                entry["auth"],
                call.credential()
            );
        }
    }
}

/// The constant `ENDPOINTS` of each provider's crate.
const TABLES: &[(&str, &[EndpointInfo])] = &[
    ("tinypass", tinypass_client::ENDPOINTS),
    ("tinycert", tinycert_client::ENDPOINTS),
    ("tokenpass", tokenpass_client::ENDPOINTS),
    ("tpay", tpay_client::ENDPOINTS),
];

#[test]
fn tables_of_endpoints_are_complete_and_in_the_order_of_the_lists() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/endpoints");
    for provider in PROVIDERS {
        let (_, table) = TABLES.iter().find(|(name, _)| *name == provider.name).unwrap();
        let row = rows::PROVIDERS.iter().find(|row| row.name == provider.name).unwrap();
        let ids: Vec<&str> = table.iter().map(EndpointInfo::id).collect();
        let listed = listed(&folder.join(format!("{}.toml", provider.name)), row.scope);
        assert_eq!(ids, listed, "`ENDPOINTS` and docs/endpoints/{}.toml", provider.name);
        for call in (provider.calls)() {
            let endpoint = table.iter().find(|endpoint| endpoint.id() == call.id()).unwrap();
            assert_eq!(*endpoint.method(), call.method(), "{}", call.id());
            assert_eq!(endpoint.template(), call.template());
            assert_eq!(endpoint.credential().name(), call.credential(), "{}", call.id());
            if let Some(is_idempotent) = endpoint.is_idempotent() {
                assert_eq!(is_idempotent, call.idempotent(), "{}", call.id());
            }
        }
    }
}

#[test]
fn parameters_are_where_the_tables_of_endpoints_have_them() {
    let mut counts = [0, 0];
    for provider in PROVIDERS {
        let (_, table) = TABLES.iter().find(|(name, _)| *name == provider.name).unwrap();
        for call in (provider.calls)() {
            let endpoint = table.iter().find(|endpoint| endpoint.id() == call.id()).unwrap();
            let [query, mut body] = call.parameters().unwrap();
            // `oauth.api_token` sends one of its parameters in both.
            body.retain(|name| !query.contains(name));
            for (names, is_in_query) in [(&query, true), (&body, false)] {
                for name in names {
                    assert_eq!(endpoint.is_in_query(name), is_in_query, "{} {name}", call.id());
                }
            }
            if call.method() == "POST" {
                counts = [counts[0] + query.len(), counts[1] + body.len()];
            }
        }
    }
    assert!(counts[0] >= 10 && counts[1] >= 50, "{counts:?}");
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
