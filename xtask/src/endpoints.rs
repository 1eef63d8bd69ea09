//! `cargo xtask endpoints`: each endpoint of `docs/endpoints/*.toml` has its struct, its method of
//! the client, its request test, its reply test, its rows in the docs, and is really called by the
//! tour. A gap is a failure.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::demo;
use crate::providers::{Example, PROVIDERS, Provider};
use crate::{Outcome, shell};

#[derive(Deserialize)]
struct List {
    endpoint: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    method: String,
    path: String,
    source: String,
}

/// What the tour left at the server: the ids that it answered well.
type Called = BTreeSet<String>;

pub(crate) fn run() -> Outcome {
    let mut gaps = Vec::new();
    for provider in PROVIDERS {
        gaps.extend(check(provider)?);
    }
    if gaps.is_empty() { Ok(()) } else { Err(format!("gaps:\n  {}", gaps.join("\n  "))) }
}

fn check(provider: &Provider) -> Result<Vec<String>, String> {
    let list: List =
        toml::from_str(&shell::read(&format!("docs/endpoints/{}.toml", provider.name))?)
            .map_err(|error| format!("docs/endpoints/{}.toml: {error}", provider.name))?;
    let in_scope = |listed: &&Listed| {
        provider.scope.is_empty() || provider.scope.contains(&listed.source.as_str())
    };
    let folder = provider.folder();
    let source = Source::read(&shell::root().join(&folder).join("src"))?;
    let requests = shell::read(&format!("{folder}/tests/requests.rs"))?;
    let replies = shell::read(&format!("{folder}/tests/replies.rs"))?;
    let readme = shell::read(&format!("{folder}/README.md"))?;
    let page = shell::read(&format!("docs/providers/{}.md", provider.name))?;
    let called = tour(provider)?;

    let mut gaps = Vec::new();
    let mut complete = 0;
    let scope: Vec<&Listed> = list.endpoint.iter().filter(in_scope).collect();
    println!("\n{} ({} endpoints)", provider.package(), scope.len());
    println!("{:32} {:7} {:44} {:28} method of the client", "id", "method", "path", "struct");
    for Listed { id, method, path, .. } in &scope {
        let structure = source.structs.get(id.as_str());
        let function = structure.and_then(|name| source.method_with(name));
        let test = id.replace('.', "_");
        let quoted = format!("`{id}`");
        let checks = [
            ("no struct has its ID", structure.is_some()),
            ("no method of the client makes it", function.is_some()),
            ("no test ..._request", requests.contains(&format!("fn {test}_request"))),
            ("no test ..._reply", replies.contains(&format!("fn {test}_reply"))),
            ("no row in the crate's README", readme.contains(&quoted)),
            ("no row in the provider's page", page.contains(&quoted)),
            ("the tour did not call it", called.contains(id.as_str())),
        ];
        let missing: Vec<&str> =
            checks.iter().filter(|(_, there)| !there).map(|(gap, _)| *gap).collect();
        let (structure, function) =
            (structure.map_or("-", String::as_str), function.unwrap_or("-"));
        println!("{id:32} {method:7} {path:44} {structure:28} {function}");
        complete += usize::from(missing.is_empty());
        gaps.extend(missing.iter().map(|gap| format!("{} {id}: {gap}", provider.name)));
    }
    println!("{complete} of {}", scope.len());
    for id in source.structs.keys() {
        if !list.endpoint.iter().any(|listed| listed.id == *id) {
            gaps.push(format!("{} {id}: not in the list of endpoints", provider.name));
        }
    }
    Ok(gaps)
}

/// Runs the provider's tour against a sandbox.
fn tour(provider: &Provider) -> Result<Called, String> {
    demo::build(provider)?;
    let sandbox = demo::start()?;
    let tour = Example { name: "tour", arguments: &[], status: 0 };
    let output = demo::execute(provider, &tour, &sandbox, "")?;
    if !output.status.success() {
        let lines = String::from_utf8_lossy(&output.stdout);
        return Err(format!("the tour of {} failed:\n{lines}", provider.package()));
    }
    let well = |status: Option<u16>| status.is_some_and(|status| status < 400);
    Ok(sandbox
        .take_seen()
        .into_iter()
        .filter(|seen| well(seen.status) && seen.verdict.signed != Some(false))
        .filter_map(|seen| seen.verdict.endpoint.map(str::to_owned))
        .collect())
}

/// What a crate's source declares.
struct Source {
    /// The struct of each endpoint id.
    structs: BTreeMap<String, String>,
    /// The public functions of each `impl Client` and `impl Session`, with signature and body.
    functions: Vec<(String, String)>,
}

impl Source {
    fn read(folder: &Path) -> Result<Self, String> {
        let mut source = Self { structs: BTreeMap::new(), functions: Vec::new() };
        source.read_folder(folder)?;
        Ok(source)
    }

    fn read_folder(&mut self, folder: &Path) -> Outcome {
        let entries = fs::read_dir(folder).map_err(|error| format!("{folder:?}: {error}"))?;
        for entry in entries {
            let path = entry.map_err(|error| error.to_string())?.path();
            if path.is_dir() {
                self.read_folder(&path)?;
                continue;
            }
            let text = fs::read_to_string(&path).map_err(|error| format!("{path:?}: {error}"))?;
            self.read_structs(&text);
            let clients = ["\nimpl Client {", "\nimpl Session {"];
            for (start, _) in clients.iter().flat_map(|start| text.match_indices(start)) {
                let block = text.get(start..).unwrap_or_default();
                self.read_functions(block.split("\n}").next().unwrap_or_default());
            }
        }
        Ok(())
    }

    /// `impl Endpoint for NAME ... const ID: &'static str = "ID"`.
    fn read_structs(&mut self, text: &str) {
        for block in text.split("Endpoint for ").skip(1) {
            let name = block.split([' ', '<', '{']).next().unwrap_or_default();
            let id = block
                .split_once("const ID: &'static str = \"")
                .and_then(|(_, rest)| rest.split('"').next());
            if let Some(id) = id {
                self.structs.insert(id.to_owned(), name.to_owned());
            }
        }
    }

    fn read_functions(&mut self, block: &str) {
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        let code: String = block.lines().filter(is_code).flat_map(|line| [line, "\n"]).collect();
        for function in code.split("pub fn ").skip(1) {
            let name = function.split(['(', '<']).next().unwrap_or_default();
            self.functions.push((name.to_owned(), function.to_owned()));
        }
    }

    /// The first function that names the struct.
    fn method_with(&self, structure: &str) -> Option<&str> {
        let named = |text: &str| {
            text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == structure)
        };
        self.functions.iter().find(|(_, text)| named(text)).map(|(name, _)| name.as_str())
    }
}
