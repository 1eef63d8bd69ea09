//! `cargo xtask check`: each crate alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::providers::{PROGRAMS, PROVIDERS, Provider, published};
use crate::{Outcome, api, docs, modules, newcomer, pages, shell};

/// Crates that only api-auth may name: cryptography and HTTP.
const HELD_BY_API_AUTH: &[&str] = &[
    "aes",
    "base64",
    "ecb",
    "getrandom",
    "hmac",
    "md-5",
    "ring",
    "rustls",
    "sha2",
    "subtle",
    "ureq",
    "webpki",
];

/// Items that the code of a provider crate must not use.
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

/// Asynchronous runtimes, which the READMEs exclude.
const RUNTIMES: &[&str] = &["async-std", "futures-executor", "smol", "tokio"];

pub(crate) fn run() -> Outcome {
    files()?;
    builds()
}

/// Checks the files of the project.
fn files() -> Outcome {
    for provider in PROVIDERS {
        source(provider)?;
        docs::check(provider)?;
    }
    modules::check()?;
    unversioned_is_fenced()?;
    api::check()?;
    pages::run()
}

/// Checks the crates with cargo.
fn builds() -> Outcome {
    let names = published();
    for provider in PROVIDERS {
        tree(provider)?;
    }
    let programs: Vec<String> = PROGRAMS.iter().map(|&name| name.to_owned()).collect();
    licences(&[&names[..], &programs].concat())?;
    signing_needs_no_tls()?;
    transport_without_dns_cache()?;
    for name in &names {
        build(name, &["--no-default-features"])?;
    }
    for provider in PROVIDERS {
        let package = provider.package();
        build(&package, &["--no-default-features", "--features", "ureq"])?;
        build(
            &package,
            &["--features", "platform-verifier,gzip,socks-proxy,extra-roots,record,ureq-3,jiff-1"],
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

/// Returns the crates that a package adds to a program, as `name version`.
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
    if let Some(runtime) = RUNTIMES.iter().find(|name| versions.contains_key(**name)) {
        return Err(format!("{package} brings {runtime}"));
    }
    let others = PROVIDERS.iter().map(Provider::package).filter(|other| *other != package);
    if let Some(other) = others.into_iter().find(|other| versions.contains_key(other)) {
        return Err(format!("{package} brings {other}"));
    }
    let readme = format!("{}/README.md", provider.folder());
    let figure = format!(" {} crates in ", crates.len());
    match shell::read(&readme)?.contains(&figure) {
        true => Ok(()),
        false => Err(format!("{readme}: does not say that there are{figure}total")),
    }
}

/// Checks that provider crates contain no cryptography, no HTTP and no clock, and read no
/// environment variables.
fn source(provider: &Provider) -> Outcome {
    let manifest: toml::Table =
        toml::from_str(&shell::read(&format!("{}/Cargo.toml", provider.folder()))?)
            .map_err(|error| error.to_string())?;
    let of_targets = manifest.get("target").and_then(toml::Value::as_table).into_iter().flatten();
    let tables = of_targets.filter_map(|(_, target)| target.get("dependencies"));
    let tables = tables.chain(manifest.get("dependencies")).filter_map(toml::Value::as_table);
    for name in tables.flat_map(|table| table.keys()) {
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

pub(crate) fn scan(folder: &Path, look: &mut impl FnMut(&Path, &str) -> Outcome) -> Outcome {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            // The modules of a `tests.rs`.
            if name != "tests" {
                scan(&path, look)?;
            }
            continue;
        }
        if name == "tests.rs" || name.ends_with("_tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
        shell::without_tests(&text).lines().try_for_each(|line| look(&path, line))?;
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

/// The part of `deny.toml` that `cargo deny` and this check share.
#[derive(Deserialize)]
struct Deny {
    licenses: AllowedLicences,
}

#[derive(Deserialize)]
struct AllowedLicences {
    allow: Vec<String>,
}

/// Checks that all dependencies of published crates and programs have a licence that `deny.toml`
/// allows.
fn licences(names: &[String]) -> Outcome {
    let deny: Deny = toml::from_str(&shell::read("deny.toml")?)
        .map_err(|error| format!("deny.toml: {error}"))?;
    let list = deny.licenses.allow;
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
        if !allowed(licence, &list) {
            return Err(format!("{} {}: licence {licence}", package.name, package.version));
        }
        seen.insert(licence.replace('/', " OR "));
    }
    println!("licences: {}", seen.into_iter().collect::<Vec<_>>().join("; "));
    Ok(())
}

/// Returns whether an SPDX expression without nested parentheses offers an allowed licence.
fn allowed(expression: &str, list: &[String]) -> bool {
    let known = |name: &str| list.iter().any(|known| known == name.trim_matches(['(', ')', ' ']));
    expression.replace('/', " OR ").split(" AND ").all(|part| part.split(" OR ").any(known))
}

/// Checks that `api-auth` without its transport is a signing library: no TLS and no HTTP.
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

/// Checks that only the feature `dns-cache` uses the module of ureq that may change in any minor
/// version.
fn unversioned_is_fenced() -> Outcome {
    let source = shell::root().join("crates/api-auth/src");
    scan(&source, &mut |path, line| {
        let fenced = path.starts_with(source.join("transport/ureq/dns_cache"))
            || path.ends_with("transport/ureq/dns_cache.rs");
        match line.contains("ureq::unversioned") {
            true if !fenced => Err(format!("{}: uses ureq::unversioned", path.display())),
            _ => Ok(()),
        }
    })
}

/// Checks that the transport works without the feature `dns-cache`.
fn transport_without_dns_cache() -> Outcome {
    let features = "rustls,extra-roots,socks-proxy,ureq-3";
    let plain = ["--no-default-features", "--features", features, "transport::"];
    shell::run(
        &[&["test", "--quiet", "--locked", "--package", "api-auth", "--lib"], &plain[..]].concat(),
    )
}

/// Packages all published crates, and builds the packages.
///
/// Each run uses a new folder: cargo caches the unpacked sources of a folder's packages by their
/// versions, and would build those of the last run.
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;
    use crate::copy::{self, Copy};

    /// A copy of the project whose lists of public items are those of its source.
    fn copy() -> Copy {
        let copy = Copy::new();
        api::run().unwrap();
        files().unwrap();
        copy
    }

    /// Asserts that the check of files fails and names each of these.
    fn fails(named: &[&str]) {
        let error = files().unwrap_err();
        for part in named {
            assert!(error.contains(part), "{part:?} is not in: {error}");
        }
    }

    const LIB: &str = "crates/tinycert-client/src/lib.rs";

    #[test]
    fn libraries_of_api_auth_are_rejected_in_a_provider() {
        let copy = copy();
        let manifest = "crates/tinycert-client/Cargo.toml";
        for name in HELD_BY_API_AUTH {
            for table in ["[dependencies]", "[target.'cfg(unix)'.dependencies]"] {
                copy.edit(manifest, |text| {
                    text.replace(table, &format!("{table}\n{name} = \"1\""))
                });
                fails(&[&format!("tinycert-client depends on {name}")]);
                copy.restore(manifest);
            }
        }
    }

    #[test]
    fn cryptography_network_clock_and_environment_are_rejected_in_a_provider() {
        let copy = copy();
        for word in NOT_IN_A_PROVIDER {
            copy.append(LIB, &format!("fn forbidden() {{ {word} }}\n"));
            fails(&["lib.rs", word]);
            copy.restore(LIB);
        }
        // A comment may name them.
        copy.append(LIB, &format!("// {}\n", NOT_IN_A_PROVIDER.join(" ")));
        files().unwrap();
    }

    #[test]
    fn code_of_a_provider_is_searched_for_whole_names_outside_of_comments_and_tests() {
        let project = Copy::empty();
        let provider = PROVIDERS.iter().find(|provider| provider.name == "tinycert").unwrap();
        project
            .write("crates/tinycert-client/Cargo.toml", "[package]\nname = \"tinycert-client\"\n");
        for (file, line, is_allowed) in [
            ("lib.rs", "use ring::hmac;", false),
            ("lib.rs", "    a = ::ring::hmac::sign(b)", false),
            ("cert/list.rs", "use ring::hmac;", false),
            ("lib.rs", "use string::String;", true),
            ("lib.rs", "use my_ring::Ring;", true),
            ("lib.rs", "use ring2::Ring;", true),
            ("lib.rs", "    // ring::hmac", true),
            ("lib.rs", "#[cfg(test)]\nmod tests { use ring::hmac; }", true),
            ("tests.rs", "use ring::hmac;", true),
            ("cert/list_tests.rs", "use ring::hmac;", true),
            ("cert/tests/list.rs", "use ring::hmac;", true),
        ] {
            let path = format!("crates/tinycert-client/src/{file}");
            project.write(&path, line);
            let result = source(provider);
            assert_eq!(result.is_ok(), is_allowed, "{file}, {line}: {result:?}");
            project.remove(&path);
        }
    }

    #[test]
    fn incomplete_docs_are_rejected() {
        let copy = copy();
        for (code, gap) in [
            ("/// A moon.\npub struct Moon {}\n", "Moon does not end with its source"),
            (
                "/// A moon.\n///\n/// Source: the sky.\npub struct ListCerts2;\n\n\
                 impl Endpoint for ListCerts2 {\n    const ID: &'static str = \"cert.list\";\n}\n",
                "ListCerts2 does not begin with its method and path",
            ),
            (
                "/// `POST /api/v1/cert/list`.\n///\n/// Source: the sky.\n\
                 pub struct ListCerts2;\n\n\
                 impl Endpoint for ListCerts2 {\n    const ID: &'static str = \"cert.list\";\n}\n",
                "ListCerts2 has no method of its name",
            ),
            (
                "/// A moon.\n///\n/// Source: the sky.\npub struct Moon {\n    /// Its price.\n    \
                 pub price: Amount,\n}\n",
                "no unit: pub price: Amount,",
            ),
        ] {
            copy.append(LIB, code);
            fails(&["docs of tinycert-client", gap]);
            copy.restore(LIB);
        }
    }

    #[test]
    fn unlisted_public_items_are_rejected() {
        let copy = copy();
        copy.append(LIB, "/// A moon.\n///\n/// Source: the sky.\npub struct Moon;\n");
        fails(&["docs/api/tinycert-client.txt", "cargo xtask api"]);
        api::run().unwrap();
        files().unwrap();
        copy.restore(LIB);
        // An item that was removed.
        fails(&["docs/api/tinycert-client.txt", "cargo xtask api"]);
    }

    #[test]
    fn foreign_types_are_rejected_in_public_items() {
        let copy = copy();
        for (code, name) in [
            ("pub use log::Level;\n", "log"),
            ("pub fn level() -> log::Level {}\n", "log"),
            ("use log::Record;\n\npub fn show(record: &Record<'_>) {}\n", "Record"),
        ] {
            copy.append(LIB, code);
            fails(&["lib.rs", &format!("{name} is a foreign type")]);
            copy.restore(LIB);
        }
    }

    #[test]
    fn unstable_part_of_ureq_is_rejected_elsewhere() {
        let copy = copy();
        let client = "crates/api-auth/src/client.rs";
        copy.append(client, "use ureq::unversioned::transport::Connector;\n");
        fails(&["client.rs", "uses ureq::unversioned"]);
    }

    #[test]
    fn only_the_cache_of_addresses_uses_the_unstable_part_of_ureq() {
        let project = Copy::empty();
        for (file, is_allowed) in [
            ("transport/ureq/dns_cache.rs", true),
            ("transport/ureq/dns_cache/resolver.rs", true),
            ("transport/ureq/proxy.rs", false),
            ("dns_cache/resolver.rs", false),
        ] {
            let path = format!("crates/api-auth/src/{file}");
            project.write(&path, "use ureq::unversioned::resolver::Resolver;\n");
            assert_eq!(unversioned_is_fenced().is_ok(), is_allowed, "{file}");
            project.remove(&path);
        }
    }

    #[test]
    fn pages_with_other_headings_are_rejected() {
        let copy = copy();
        let readme = "crates/tpay-client/README.md";
        for (page, more, named) in [
            (readme, "## A heading of its own\n", "its headings are not those of the others"),
            (readme, "```ignore\nfn main() {}\n```\n", "a program that is not compiled"),
            (readme, "```rust\nlet a = 1;\n```\n", "a program without `main`"),
            ("docs/guides/payment.md", "```rust\n# fn main() {}\n```\n", "only rustdoc hides"),
            ("docs/guides/payment.md", "```rust\nfn main() {}\n", "a program without an end"),
        ] {
            copy.append(page, more);
            fails(&[page, named]);
            copy.restore(page);
        }
    }

    #[test]
    fn workflows_that_break_the_rules_are_rejected() {
        let copy = copy();
        copy.append(".github/workflows/ci.yml", "      - run: curl https://example.com | sh\n");
        fails(&["ci.yml", "curl https://example.com"]);
    }

    /// The commands that the replacement of cargo received.
    type Commands = Rc<RefCell<Vec<String>>>;

    /// Replaces cargo. If `broken` returns a result for a command, that is the result of the
    /// command.
    fn replace_cargo(
        broken: impl Fn(usize, &str) -> Option<Result<String, String>> + 'static,
    ) -> Commands {
        let commands = Commands::default();
        let asked = Rc::clone(&commands);
        copy::replace_cargo(move |command| {
            let number = asked.borrow().len();
            asked.borrow_mut().push(command.to_owned());
            broken(number, command).unwrap_or_else(|| Ok(good(command)))
        });
        commands
    }

    /// The output of cargo for a valid project.
    fn good(command: &str) -> String {
        if command.starts_with("tree ") {
            let package = command.split("--package ").nth(1).unwrap().split(' ').next().unwrap();
            if command.contains("--no-default-features") {
                return format!("{package} v0.1.0 (/folder)\nlog v0.4.0\n");
            }
            let provider = PROVIDERS.iter().find(|provider| provider.package() == package);
            let others = provider.map_or(0, |provider| provider.ceiling - 4);
            let others: String = (0..others).map(|number| format!("c{number} v1.0.0\n")).collect();
            format!("{package} v0.1.0 (/folder)\nlog v0.4.0\nring v0.17.0\n{others}")
        } else if command.starts_with("metadata ") {
            metadata("MIT OR Apache-2.0")
        } else {
            String::new()
        }
    }

    fn metadata(licence: &str) -> String {
        format!(
            r#"{{"packages": [
                {{"name": "log", "version": "0.4.0", "license": {licence:?}}},
                {{"name": "not-linked", "version": "1.0.0", "license": "Proprietary"}}
            ]}}"#
        )
    }

    #[test]
    fn every_command_of_the_check_is_run_and_its_failure_is_reported() {
        let _copy = Copy::new();
        let commands = replace_cargo(|_, _| None);
        builds().unwrap();
        let commands = commands.take();
        for package in published() {
            let without =
                format!("check --quiet --locked --package {package} --no-default-features");
            assert!(commands.contains(&without), "{without}");
            assert!(commands.last().unwrap().contains(&format!(" --package {package}")));
        }
        for provider in PROVIDERS {
            let package = provider.package();
            for begin in [
                format!("tree --locked --package {package} "),
                format!(
                    "check --quiet --locked --package {package} --no-default-features --features"
                ),
                format!("check --quiet --locked --package {package} --features platform-verifier"),
                format!("test --quiet --locked --package {package}"),
                format!(
                    "test --quiet --locked --package {package} --features {}",
                    provider.features
                )
                .trim_end_matches(" --features ")
                .to_owned(),
                format!("run -p {package} --example "),
            ] {
                let is_run = commands.iter().any(|command| command.starts_with(&begin));
                assert!(is_run, "no command begins with {begin:?}: {commands:#?}");
            }
        }
        let first_programs =
            commands.iter().filter(|command| command.starts_with("run --quiet ")).count();
        assert_eq!(first_programs, PROVIDERS.len());
        let plain = "test --quiet --locked --package api-auth --lib";
        assert!(commands.iter().any(|command| command.starts_with(plain)), "{commands:#?}");
        assert!(commands.last().unwrap().starts_with("package --quiet --locked "));
        // Each command in turn fails.
        for (failing, command) in commands.iter().enumerate() {
            replace_cargo(move |number, command| {
                (number == failing).then(|| Err(format!("cargo {command}: exit status: 101")))
            });
            let error = builds().unwrap_err();
            assert!(error.contains("exit status: 101"), "{command}: {error}");
        }
    }

    #[test]
    fn crates_that_a_provider_must_not_bring_are_named() {
        let _copy = Copy::new();
        for (tree, named) in [
            ("log v0.4.0\nlog v0.3.0\n".to_owned(), "brings two versions of log"),
            ("tpay-client v0.1.0 (/folder)\n".to_owned(), "brings tpay-client"),
            ("tokio v1.0.0\n".to_owned(), "brings tokio"),
            ("log v0.4.0\n".to_owned(), "README.md: does not say that there are 1 crates in total"),
            (
                (0..45).map(|number| format!("c{number} v1.0.0\n")).collect(),
                "README.md: does not say that there are 45 crates in total",
            ),
            (
                (0..100).map(|number| format!("c{number} v1.0.0\n")).collect(),
                "brings too many crates",
            ),
        ] {
            replace_cargo(move |_, command| {
                command
                    .starts_with("tree --locked --package tinycert-client")
                    .then(|| Ok(tree.clone()))
            });
            let error = builds().unwrap_err();
            assert!(error.contains("tinycert-client") && error.contains(named), "{error}");
        }
    }

    #[test]
    fn licences_are_those_of_deny_toml() {
        let copy = Copy::new();
        let with = |licence: &'static str| {
            replace_cargo(move |_, command| {
                command.starts_with("metadata ").then(|| Ok(metadata(licence)))
            });
            builds()
        };
        for licence in ["MIT", "GPL-3.0 OR MIT", "MIT/Apache-2.0", "(MIT OR Apache-2.0) AND ISC"] {
            with(licence).unwrap();
        }
        for licence in ["GPL-3.0", "MIT AND GPL-3.0"] {
            assert_eq!(with(licence).unwrap_err(), format!("log 0.4.0: licence {licence}"));
        }
        copy.edit("deny.toml", |text| text.replace("\"MIT\",", "\"GPL-3.0\","));
        with("GPL-3.0").unwrap();
        assert_eq!(with("MIT").unwrap_err(), "log 0.4.0: licence MIT");
    }

    #[test]
    fn http_is_rejected_in_a_build_without_features() {
        let _copy = Copy::new();
        for krate in ["ureq v3.5.1", "rustls v0.23.0", "ring v0.17.0"] {
            replace_cargo(move |_, command| {
                let is_signing = command.starts_with("tree --locked --package api-auth")
                    && command.contains("--no-default-features");
                is_signing.then(|| Ok(format!("api-auth v0.1.0\n{krate}\n")))
            });
            let error = builds().unwrap_err();
            assert_eq!(error, format!("api-auth without features brings {krate}"));
        }
    }
}
