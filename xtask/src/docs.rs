//! Checks of the documentation of a provider crate, beyond those of lints (each public item has a
//! sentence, each function that can fail has `# Errors`).
//!
//! - The documentation of a request begins with its method and path, as in
//!   `docs/endpoints/PROVIDER.toml`.
//! - The client's method for a request has the request's name.
//! - The documentation of a type of the protocol (requests, responses and their parts) ends with
//!   its source.
//! - The documentation of an amount names its unit.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::providers::Provider;
use crate::{Outcome, shell};

/// Words by which an amount names its unit.
const UNITS: &[&str] = &[
    "in units of",
    "in `currency`",
    "currency, such as",
    "whole tokens",
    "percent",
    "how many",
    "grosze",
];

/// The types that are not part of a protocol.
const OWN: &[&str] = &[
    "Blocks",
    "Client",
    "ClientBuilder",
    "FileError",
    "KeyPairFiles",
    "LoginError",
    "LoginErrorKind",
    "MessageKey",
    "Notifications",
    "OtherNotification",
    "ReadError",
    "Renewal",
    "Session",
];

#[derive(Deserialize)]
struct List {
    endpoint: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    method: String,
    path: String,
}

/// Checks the documentation and lists the gaps.
pub(crate) fn check(provider: &Provider) -> Outcome {
    let list = shell::read(&format!("docs/endpoints/{}.toml", provider.name))?;
    let list: List = toml::from_str(&list).map_err(|error| error.to_string())?;
    let calls: BTreeMap<String, String> = list
        .endpoint
        .into_iter()
        .map(|listed| (listed.id, format!("`{} {}`", listed.method, listed.path)))
        .collect();
    let mut files = Vec::new();
    read_folder(&shell::root().join(provider.folder()).join("src"), &mut files)?;
    // A page for a browser has a method that returns its URL.
    let method = |name: &str| {
        let begins =
            |end: &str| files.iter().any(|text| text.contains(&format!("pub fn {name}{end}")));
        ["(", "<", "_url("].into_iter().any(begins)
    };
    let mut gaps = Vec::new();
    for text in &files {
        for (name, id) in requests(text) {
            let docs = docs_of(text, name);
            let call = calls.get(id).map(String::as_str).unwrap_or_default();
            let checks = [
                ("does not begin with its method and path", docs.starts_with(call)),
                ("has no method of its name", method(&snake(name))),
            ];
            let missing = checks.iter().filter(|(_, there)| !there);
            gaps.extend(missing.map(|(gap, _)| format!("{name} {gap}")));
        }
        gaps.extend(
            without_source(text).map(|name| format!("{name} does not end with its source")),
        );
        gaps.extend(amounts_without_unit(text).map(|line| format!("no unit: {line}")));
    }
    match gaps.is_empty() {
        true => Ok(()),
        false => Err(format!("docs of {}:\n  {}", provider.package(), gaps.join("\n  "))),
    }
}

fn read_folder(folder: &Path, files: &mut Vec<String>) -> Outcome {
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.is_dir() {
            read_folder(&path, files)?;
        } else {
            files.push(fs::read_to_string(&path).map_err(|error| error.to_string())?);
        }
    }
    Ok(())
}

/// Returns the name and id of each request of a file.
fn requests(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("\nimpl Endpoint for ").skip(1).filter_map(|block| {
        let name = block.split(' ').next()?;
        let (_, rest) = block.split_once("const ID: &'static str = \"")?;
        Some((name, rest.split('"').next()?))
    })
}

/// Returns the documentation of a type as one line, with two spaces between paragraphs.
fn docs_of(text: &str, name: &str) -> String {
    types(text).find(|(found, _)| *found == name).map(|(_, docs)| docs).unwrap_or_default()
}

/// Returns the public types of a file with their documentation, including those that a macro
/// defines.
fn types(text: &str) -> impl Iterator<Item = (&str, String)> {
    let mut docs = Vec::new();
    text.lines().map(str::trim).filter_map(move |line| {
        if let Some(more) = line.strip_prefix("///") {
            docs.push(more.trim());
            return None;
        }
        if line.starts_with("#[") {
            return None;
        }
        let said = std::mem::take(&mut docs).join(" ");
        let rest = line.strip_prefix("pub struct ").or(line.strip_prefix("pub enum "))?;
        let name = rest.split(|char: char| !char.is_alphanumeric()).next()?;
        // The `$name` in the definition of a macro is not a name.
        (!name.is_empty()).then_some((name, said))
    })
}

/// Returns the protocol types of a file whose last paragraph does not name their source.
fn without_source(text: &str) -> impl Iterator<Item = &str> {
    let told =
        |docs: &str| docs.rsplit("  ").next().is_some_and(|last| last.starts_with("Source: "));
    types(text).filter(move |(name, docs)| !OWN.contains(name) && !told(docs)).map(|(name, _)| name)
}

/// Returns the fields and setters with an amount whose documentation contains no unit.
fn amounts_without_unit(text: &str) -> impl Iterator<Item = String> {
    let mut docs = String::new();
    text.lines().filter_map(move |line| {
        let line = line.trim();
        if let Some(more) = line.strip_prefix("/// ") {
            docs.push_str(more);
            docs.push(' ');
            return None;
        }
        if line.starts_with("#[") || line.starts_with("///") {
            return None;
        }
        let said = std::mem::take(&mut docs).to_lowercase();
        let is_amount = line.ends_with(": Amount,") || line.ends_with(": Option<Amount>,");
        let documented = !said.is_empty();
        let unit = UNITS.iter().any(|unit| said.contains(unit));
        (is_amount && documented && !unit).then(|| line.to_owned())
    })
}

/// Converts `GetMoon` to `get_moon`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for (at, char) in name.char_indices() {
        if char.is_uppercase() && at > 0 {
            snake.push('_');
        }
        snake.extend(char.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
/// `GET /v1/moon`: its phase.
///
/// Source: the sky.
#[derive(Debug)]
pub struct GetMoon {
    // not shown, so without documentation
    fee: Amount,
}

impl GetMoon {
    setters! {
        /// What it may cost, in units of gold.
        most: Amount,
        /// What it may cost.
        least: Amount,
        /// What it may cost.
        #[serde(default)]
        usual: Option<Amount>,
        /// What it costs, in grosze.
        ///
        /// It may be zero.
        #[serde(default)]
        now: Option<Amount>,
    }
}

impl Endpoint for GetMoon {
    type Output = Option<Moon>;
    const ID: &'static str = \"moon.get\";
}
";

    #[test]
    fn requests_are_found_with_their_docs() {
        assert_eq!(requests(FILE).collect::<Vec<_>>(), [("GetMoon", "moon.get")]);
        assert_eq!(docs_of(FILE, "GetMoon"), "`GET /v1/moon`: its phase.  Source: the sky.");
        assert_eq!(docs_of(FILE, "GetMoo"), "");
    }

    #[test]
    fn type_is_found_wherever_it_is_defined() {
        let text = "\
/// A moon.
#[derive(Debug)]
#[non_exhaustive]
pub struct Moon {
    /// Its name.
    pub name: String,
}

wire_enum! {
    /// Its phase.
    ///
    /// Source: the sky.
    pub enum Phase {
        /// All of it.
        Full = \"full\",
    }
}

macro_rules! id {
    () => {
        pub struct $name(i64);
    };
}

/// Is not shown.
pub(crate) struct Orbit;
";
        let found: Vec<_> = types(text).collect();
        let docs = |text: &str| text.to_owned();
        assert_eq!(
            found,
            [("Moon", docs("A moon.")), ("Phase", docs("Its phase.  Source: the sky."))]
        );
    }

    #[test]
    fn a_type_of_the_wire_without_a_source_is_named() {
        let named = |text| without_source(text).collect::<Vec<_>>();
        assert_eq!(named("/// A moon.\npub struct Moon {}\n"), ["Moon"]);
        assert_eq!(named("pub enum Phase {}\n"), ["Phase"]);
        assert!(named("/// A moon.\n///\n/// Source: the sky.\npub struct Moon {}\n").is_empty());
        assert!(named("/// Makes calls.\npub struct Client {}\n").is_empty());
        // The documentation of the type before is not that of this one.
        let two = "/// A moon.\n///\n/// Source: the sky.\npub struct Moon {}\npub struct Sun {}\n";
        assert_eq!(named(two), ["Sun"]);
        // What comes after the source would hide it.
        let more = "/// Source: the sky.\n///\n/// It is a moon.\npub struct Moon {}\n";
        assert_eq!(named(more), ["Moon"]);
    }

    #[test]
    fn crates_satisfy_the_rules() {
        let mut files = Vec::new();
        for provider in crate::providers::PROVIDERS {
            check(provider).unwrap();
            read_folder(&shell::root().join(provider.folder()).join("src"), &mut files).unwrap();
        }
        let all: Vec<&str> =
            files.iter().flat_map(|text| types(text)).map(|(name, _)| name).collect();
        // An unused exception would apply to a later type.
        for own in OWN {
            assert!(all.contains(own), "there is no {own}");
        }
    }

    #[test]
    fn empty_amount_is_named() {
        assert_eq!(
            amounts_without_unit(FILE).collect::<Vec<_>>(),
            ["least: Amount,", "usual: Option<Amount>,"]
        );
    }

    #[test]
    fn a_method_has_the_name_of_its_request() {
        assert_eq!(snake("GetCaDetails"), "get_ca_details");
    }
}
