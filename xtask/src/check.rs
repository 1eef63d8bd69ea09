//! `cargo xtask check`: each crate alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::providers::{PROVIDERS, Provider, published};
use crate::{Outcome, api, docs, newcomer, pages, shell};

/// Licences that may be linked into a user's program; an expression needs one of each `AND`.
const LICENCES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "ISC",
    "BSD-3-Clause",
    "Unicode-3.0",
    "CDLA-Permissive-2.0",
    "Zlib",
    "0BSD",
    "Unlicense",
    "CC0-1.0",
];

/// Crates that only api-auth may name: cryptography and HTTP.
const HELD_BY_API_AUTH: &[&str] =
    &["hmac", "sha2", "ureq", "ring", "rustls", "webpki", "base64", "getrandom"];

/// What a provider crate's code may not do itself.
const NOT_IN_A_PROVIDER: &[&str] = &[
    "hmac::Hmac",
    "sha2::",
    "ureq::",
    "ring::",
    "webpki::",
    "SystemTime::now",
    "Instant::now",
    "thread::sleep",
    "std::env",
    "TcpStream",
    "println!",
    "eprintln!",
];

pub(crate) fn run() -> Outcome {
    let names = published();
    for provider in PROVIDERS {
        tree(provider)?;
        source(provider)?;
        docs::check(provider)?;
    }
    api::check()?;
    pages::run()?;
    licences(&names)?;
    signing_needs_no_tls()?;
    unversioned_is_fenced()?;
    for name in &names {
        build(name, &["--no-default-features"])?;
    }
    for provider in PROVIDERS {
        let package = provider.package();
        build(&package, &["--no-default-features", "--features", "ureq"])?;
        build(
            &package,
            &["--features", "platform-verifier,gzip,socks-proxy,extra-roots,ureq-3,jiff-1"],
        )?;
    }
    for provider in PROVIDERS {
        // Only this crate is selected, so only its own features are on.
        let alone = ["test", "--quiet", "--locked", "--package", &provider.package()];
        shell::run(&alone)?;
        if !provider.features.is_empty() {
            shell::run(&[&alone[..], &["--features", provider.features]].concat())?;
        }
    }
    newcomer::run()?;
    packages(&names)
}

fn build(package: &str, features: &[&str]) -> Outcome {
    let base = ["check", "--quiet", "--locked", "--package", package];
    shell::run(&[&base[..], features].concat())
}

/// The crates that a package brings into a program, `name version`.
fn crates_of(package: &str, more: &[&str]) -> Result<BTreeSet<String>, String> {
    let base = ["tree", "--locked", "--package", package, "--edges", "normal", "--prefix", "none"];
    let format = ["--no-dedupe", "--format", "{p}"];
    let text = shell::output(&[&base[..], &format, more].concat())?;
    let words = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    Ok(text.lines().filter(|line| !line.is_empty()).map(words).collect())
}

fn tree(provider: &Provider) -> Outcome {
    let package = provider.package();
    let crates = crates_of(&package, &[])?;
    println!("{package}: {} crates, itself included (at most {})", crates.len(), provider.ceiling);
    if crates.len() > provider.ceiling {
        return Err(format!("{package} brings too many crates: {crates:?}"));
    }
    let name = |krate: &String| krate.split(' ').next().unwrap_or_default().to_owned();
    let mut versions = BTreeMap::<String, usize>::new();
    for krate in &crates {
        *versions.entry(name(krate)).or_default() += 1;
    }
    if let Some((name, _)) = versions.iter().find(|(_, count)| **count > 1) {
        return Err(format!("{package} brings two versions of {name}"));
    }
    let others = PROVIDERS.iter().map(Provider::package).filter(|other| *other != package);
    match others.into_iter().find(|other| versions.contains_key(other)) {
        Some(other) => Err(format!("{package} brings {other}")),
        None => Ok(()),
    }
}

/// Provider crates hold no cryptography, no HTTP and no clock, and read no environment.
fn source(provider: &Provider) -> Outcome {
    let manifest: toml::Table =
        toml::from_str(&shell::read(&format!("{}/Cargo.toml", provider.folder()))?)
            .map_err(|error| error.to_string())?;
    let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
    for name in dependencies.into_iter().flatten().map(|(name, _)| name) {
        if HELD_BY_API_AUTH.contains(&name.as_str()) {
            return Err(format!("{} depends on {name} itself", provider.package()));
        }
    }
    let folder = shell::root().join(provider.folder()).join("src");
    scan(&folder, &mut |path, line| {
        let code = line.trim_start();
        let whole = |word: &&&str| {
            code.match_indices(**word).any(|(at, _)| {
                let before = code.get(..at).and_then(|text| text.chars().next_back());
                !before.is_some_and(|char| char.is_alphanumeric() || char == '_')
            })
        };
        let found = NOT_IN_A_PROVIDER.iter().find(whole);
        match found {
            Some(word) if !code.starts_with("//") => Err(format!("{}: {word}", path.display())),
            _ => Ok(()),
        }
    })
}

fn scan(folder: &Path, look: &mut impl FnMut(&Path, &str) -> Outcome) -> Outcome {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.is_dir() {
            scan(&path, look)?;
            continue;
        }
        if path.file_name().is_some_and(|name| name == "tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
        // The tests of a file come last in it.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        code.lines().try_for_each(|line| look(&path, line))?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
}

/// Every crate that a published one brings may be linked into anybody's program.
fn licences(names: &[String]) -> Outcome {
    let metadata = shell::output(&["metadata", "--locked", "--format-version", "1"])?;
    let metadata: Metadata = serde_json::from_str(&metadata).map_err(|error| error.to_string())?;
    let mut brought = BTreeSet::new();
    for name in names {
        brought.extend(crates_of(name, &[])?);
    }
    let mut seen = BTreeSet::new();
    for package in &metadata.packages {
        if !brought.contains(&format!("{} v{}", package.name, package.version)) {
            continue;
        }
        let licence = package.license.as_deref().unwrap_or("none");
        if !allowed(licence) {
            return Err(format!("{} {}: licence {licence}", package.name, package.version));
        }
        seen.insert(licence.replace('/', " OR "));
    }
    println!("licences: {}", seen.into_iter().collect::<Vec<_>>().join("; "));
    Ok(())
}

/// Whether an SPDX expression without nested brackets leaves a licence that is allowed.
fn allowed(expression: &str) -> bool {
    let known = |name: &str| LICENCES.contains(&name.trim_matches(['(', ')', ' ']));
    expression.replace('/', " OR ").split(" AND ").all(|part| part.split(" OR ").any(known))
}

/// Without its transport, api-auth is a signing library.
fn signing_needs_no_tls() -> Outcome {
    let crates = crates_of("api-auth", &["--no-default-features"])?;
    println!("api-auth without its transport: {} crates, itself included", crates.len());
    let http = |krate: &&String| {
        ["ureq", "rustls", "ring"].iter().any(|name| krate.starts_with(&format!("{name} ")))
    };
    match crates.iter().find(http) {
        Some(krate) => Err(format!("api-auth without features brings {krate}")),
        None => Ok(()),
    }
}

/// Only the feature `dns-cache` uses the module of ureq that may change in any minor version, and the
/// transport works without it.
fn unversioned_is_fenced() -> Outcome {
    let source = shell::root().join("crates/api-auth/src");
    scan(&source, &mut |path, line| {
        let fenced = path.starts_with(source.join("transport/ureq/dns_cache"))
            || path.ends_with("transport/ureq/dns_cache.rs");
        match line.contains("ureq::unversioned") {
            true if !fenced => Err(format!("{}: uses ureq::unversioned", path.display())),
            _ => Ok(()),
        }
    })?;
    let features = "rustls,extra-roots,socks-proxy,ureq-3";
    let plain = ["--no-default-features", "--features", features, "transport::"];
    shell::run(
        &[&["test", "--quiet", "--locked", "--package", "api-auth", "--lib"], &plain[..]].concat(),
    )
}

/// All published crates are packed, and built from what was packed.
///
/// Each time in a folder of its own: cargo keeps the unpacked sources of a folder's packages by
/// their versions, and would build those of the last time.
fn packages(names: &[String]) -> Outcome {
    let folder = shell::root().join(format!("target/packages-{}", std::process::id()));
    let folder_name = folder.to_string_lossy().into_owned();
    let mut arguments = vec!["package", "--quiet", "--locked", "--allow-dirty"];
    arguments.extend(["--target-dir", &folder_name]);
    for name in names {
        arguments.extend(["--package", name]);
    }
    let outcome = shell::run(&arguments);
    let _ = fs::remove_dir_all(&folder);
    outcome
}
