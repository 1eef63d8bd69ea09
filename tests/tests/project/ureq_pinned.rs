//! ureq's minor is pinned, because `api-auth`'s feature `tuned` uses its `unversioned` module. This
//! fails when the minor changes, and says what to look at.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;

/// The minor whose `unversioned` module was looked at.
const LOOKED_AT: &str = "3.5.";

const WHAT_TO_DO: &str = "the `unversioned` module of ureq may change in any minor. Read ureq's \
    changelog, compare what crates/api-auth/src/transport/ureq/tuned.rs and the files below it use, \
    run `cargo xtask bench syscalls`, and then write the new minor here, in Cargo.toml and in \
    bench/Cargo.toml. If the module is gone, leave `tuned` out of the default features.";

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
fn the_manifest_takes_no_other_minor() {
    let manifest = read("Cargo.toml");
    let pinned = format!("ureq = {{ version = \"~{LOOKED_AT}");
    assert!(manifest.lines().any(|line| line.starts_with(&pinned)), "{WHAT_TO_DO}");
}
