//! `cargo xtask check --features`: every combination of features of every crate.
//!
//! Each combination is compiled, with warnings as errors. The tests run with none, with each one
//! alone, with the default ones, and with all: code behind a feature is tested where it is alone
//! and where it has company, in an hour and not in a day.

use std::collections::{BTreeMap, BTreeSet};

use crate::providers::published;
use crate::{Outcome, shell};

/// Features that are on together, with all that they bring.
type Set = BTreeSet<String>;

/// Warnings are errors, in a folder of its own, so that other builds are not made anew.
const STRICT: [(&str, &str); 2] =
    [("RUSTFLAGS", "-D warnings"), ("CARGO_TARGET_DIR", "target/features")];

/// Checks these crates, or all that are published.
pub(crate) fn run(packages: &[&str]) -> Outcome {
    let all = published();
    if let Some(unknown) =
        packages.iter().find(|package| !all.iter().any(|known| known == *package))
    {
        return Err(format!("no crate {unknown:?}; there are {}", all.join(", ")));
    }
    has_platform_tls()?;
    let chosen = |package: &&String| packages.is_empty() || packages.contains(&package.as_str());
    for package in all.iter().filter(chosen) {
        let features = features(package)?;
        let combinations = combinations(&features);
        println!("\n{package}: {} combinations compile", combinations.len());
        for set in &combinations {
            shell::run_with(&STRICT, &cargo("check", package, set))?;
        }
        let tested = tested(&features);
        println!("\n{package}: tests run with {} combinations", tested.len());
        for set in &tested {
            shell::run_with(&STRICT, &cargo("test", package, set))?;
        }
    }
    println!("\nevery combination compiles; tests ran with none, each alone, the default, all");
    Ok(())
}

/// The feature `native-tls` needs the headers of OpenSSL on Linux.
fn has_platform_tls() -> Outcome {
    let only = Set::from(["native-tls".to_owned()]);
    shell::run_with(&STRICT, &cargo("check", "api-auth", &only)).map_err(|error| {
        format!("{error}\nIf OpenSSL's headers are missing: apt-get install libssl-dev pkg-config")
    })
}

fn cargo(task: &str, package: &str, features: &Set) -> Vec<String> {
    let mut words = ["--quiet", "--locked", "--package", package, "--no-default-features"].to_vec();
    words.insert(0, task);
    let list = features.iter().map(String::as_str).collect::<Vec<_>>().join(",");
    if !list.is_empty() {
        words.extend(["--features", &list]);
    }
    words.into_iter().map(str::to_owned).collect()
}

/// Each feature of a crate with the ones of the same crate that it brings; `default` among them.
fn features(package: &str) -> Result<BTreeMap<String, Set>, String> {
    let path = format!("crates/{package}/Cargo.toml");
    let manifest: toml::Table =
        toml::from_str(&shell::read(&path)?).map_err(|error| format!("{path}: {error}"))?;
    let table = manifest.get("features").and_then(toml::Value::as_table);
    let table = table.cloned().unwrap_or_default();
    let brings = |list: &toml::Value| -> Set {
        let names = list.as_array().into_iter().flatten().filter_map(toml::Value::as_str);
        names.filter(|name| table.contains_key(*name)).map(str::to_owned).collect()
    };
    Ok(table.iter().map(|(name, list)| (name.clone(), brings(list))).collect())
}

/// With all that they bring.
fn closed(features: &BTreeMap<String, Set>, mut set: Set) -> Set {
    loop {
        let more: Set =
            set.iter().filter_map(|name| features.get(name)).flatten().cloned().collect();
        if more.is_subset(&set) {
            set.remove("default");
            return set;
        }
        set.extend(more);
    }
}

/// Every set of features that can be on; sets that bring the same ones are one.
fn combinations(features: &BTreeMap<String, Set>) -> BTreeSet<Set> {
    let mut sets = BTreeSet::from([Set::new()]);
    for name in features.keys() {
        let with = |set: &Set| {
            let mut set = set.clone();
            set.insert(name.clone());
            closed(features, set)
        };
        let more: Vec<Set> = sets.iter().map(with).collect();
        sets.extend(more);
    }
    sets
}

/// None, each one alone, the default ones, all.
fn tested(features: &BTreeMap<String, Set>) -> BTreeSet<Set> {
    let alone = features.keys().map(|name| closed(features, Set::from([name.clone()])));
    let all = closed(features, features.keys().cloned().collect());
    alone.chain([Set::new(), all]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> Set {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn some() -> BTreeMap<String, Set> {
        [
            ("default", set(&["rustls"])),
            ("ureq", set(&[])),
            ("rustls", set(&["ureq"])),
            ("jiff", set(&[])),
        ]
        .map(|(name, brings)| (name.to_owned(), brings))
        .into()
    }

    #[test]
    fn each_set_that_can_be_on_comes_once() {
        let expected = [
            set(&[]),
            set(&["ureq"]),
            set(&["rustls", "ureq"]),
            set(&["jiff"]),
            set(&["jiff", "ureq"]),
            set(&["jiff", "rustls", "ureq"]),
        ];
        assert_eq!(combinations(&some()), BTreeSet::from(expected));
    }

    #[test]
    fn tests_run_with_none_each_alone_and_all() {
        let expected = [
            set(&[]),
            set(&["ureq"]),
            set(&["rustls", "ureq"]),
            set(&["jiff"]),
            set(&["jiff", "rustls", "ureq"]),
        ];
        assert_eq!(tested(&some()), BTreeSet::from(expected));
    }
}
