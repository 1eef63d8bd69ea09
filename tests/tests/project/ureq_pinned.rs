//! The feature `dns-cache` of `api-auth` pins ureq's minor version, because it uses its module
//! `unversioned`. These tests fail if the minor version changes, and say what to compare.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;

/// The minor version for which the use of the module `unversioned` was reviewed.
const LOOKED_AT: &str = "3.5.";

const WHAT_TO_DO: &str = "the module `unversioned` of ureq may change in any minor version. Read \
    ureq's changelog, compare what crates/api-auth/src/transport/ureq/dns_cache.rs and the files \
    below it use, run `cargo xtask bench syscalls`, and then write the new minor version here, in \
    Cargo.toml, in bench/Cargo.toml, and in the descriptions of the feature. If the module is \
    removed, remove `dns-cache` from the default features.";

fn read(file: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(root.join(file)).unwrap()
}

#[test]
fn the_locked_ureq_has_the_minor_that_was_looked_at() {
    for file in ["Cargo.lock", "bench/Cargo.lock"] {
        let lock = read(file);
        let ureq = lock.split("[[package]]").find(|package| package.contains("name = \"ureq\""));
        let version = ureq.unwrap().lines().find_map(|line| line.strip_prefix("version = \""));
        let version = version.unwrap().trim_end_matches('"');
        assert!(version.starts_with(LOOKED_AT), "{file}: ureq is {version}: {WHAT_TO_DO}");
    }
}

#[test]
fn only_the_pinned_entry_of_the_manifest_accepts_no_other_minor() {
    let manifest = read("Cargo.toml");
    let has = |start: &str| manifest.lines().any(|line| line.starts_with(start));
    let pinned = format!("ureq_lib = {{ package = \"ureq\", version = \"~{LOOKED_AT}");
    assert!(has(&pinned), "{WHAT_TO_DO}");
    assert!(has("ureq-lib = { package = \"ureq\", version = \"3."));
    // The pinned entry is enabled by one feature only.
    let manifest = read("crates/api-auth/Cargo.toml");
    let enabling = manifest.lines().filter(|line| line.contains("\"dep:ureq_lib\""));
    assert_eq!(enabling.collect::<Vec<_>>(), ["dns-cache = [\"ureq\", \"dep:ureq_lib\"]"]);
}
