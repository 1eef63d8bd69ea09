//! What the documentation of a provider crate must say, beyond what lints hold (each public item
//! has a sentence, each function that can fail has `# Errors`).
//!
//! - A request begins with its method and path, as `docs/endpoints/PROVIDER.toml` has them, and
//!   names its source.
//! - The client's method for it has the request's name.
//! - An amount names its unit.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::providers::Provider;
use crate::{Outcome, shell};

/// Words by which an amount names its unit.
const UNITS: &[&str] = &["in units of", "whole tokens", "percent", "how many", "grosze"];

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

/// Names what is missing.
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
    // What is a page for a browser has a method that gives its URL.
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
                ("names no source", docs.contains("Source: ")),
                ("has no method of its name", method(&snake(name))),
            ];
            let missing = checks.iter().filter(|(_, there)| !there);
            gaps.extend(missing.map(|(gap, _)| format!("{name} {gap}")));
        }
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

/// Name and id of each request of a file.
fn requests(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("\nimpl Endpoint for ").skip(1).filter_map(|block| {
        let name = block.split(' ').next()?;
        let (_, rest) = block.split_once("const ID: &'static str = \"")?;
        Some((name, rest.split('"').next()?))
    })
}

/// The documentation of a struct, one line.
fn docs_of(text: &str, name: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|line| {
        let rest = line.strip_prefix("pub struct ").and_then(|rest| rest.strip_prefix(name));
        rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    });
    let above = lines.iter().take(at.unwrap_or_default()).rev();
    let mut docs: Vec<&str> = above
        .skip_while(|line| line.starts_with("#["))
        .map_while(|line| line.strip_prefix("///"))
        .map(str::trim)
        .collect();
    docs.reverse();
    docs.join(" ")
}

/// The fields and setters of a file that hold an amount whose documentation does not tell of what.
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

/// `GetMoon` as `get_moon`.
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
    fn an_amount_of_nothing_is_named() {
        assert_eq!(amounts_without_unit(FILE).collect::<Vec<_>>(), ["least: Amount,"]);
    }

    #[test]
    fn a_method_has_the_name_of_its_request() {
        assert_eq!(snake("GetCaDetails"), "get_ca_details");
    }
}
