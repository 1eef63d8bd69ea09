//! `cargo xtask mutants`: changes the code that money and keys depend on in small ways, one at a
//! time, and looks whether a test notices. What no test notices must be explained in
//! `docs/reliability.md`.
//!
//! The tests of the crate itself run first, since they build fast; whatever they did not notice
//! meets the tests of the workspace.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use lexopt::prelude::*;

use crate::{Outcome, shell};

/// Code, and the tests that know it.
struct Area {
    name: &'static str,
    package: &'static str,
    /// Features of the package, for its own tests.
    features: &'static str,
    files: &'static [&'static str],
    /// Which of the package's own tests; none if they say nothing of this code.
    own: &'static [&'static str],
    /// The package of the tests that come after them, and which.
    wide: (&'static str, &'static [&'static str]),
}

const WORKSPACE: &str = "workspace-tests";

const AREAS: &[Area] = &[
    Area {
        name: "signing",
        package: "api-auth",
        features: "blocks,jws,md5",
        files: &[
            "block.rs",
            "encode.rs",
            "hmac.rs",
            "hmac/*.rs",
            "hmac/*/*.rs",
            "md5.rs",
            "secret.rs",
        ],
        own: &["--lib"],
        wide: (WORKSPACE, &["vectors", "journeys", "project"]),
    },
    Area {
        name: "retry",
        package: "api-auth",
        features: "blocks,jws,md5",
        files: &["retry.rs", "client.rs", "client/preparation.rs"],
        own: &["--lib"],
        wide: (WORKSPACE, &["faults", "vectors", "secrets", "project", "journeys"]),
    },
    Area {
        name: "token",
        package: "api-auth",
        features: "blocks,jws,md5",
        files: &["oauth/*.rs", "token.rs", "store.rs", "store/file.rs", "store/memory.rs"],
        own: &["--lib"],
        wide: (WORKSPACE, &["tokens", "project", "vectors", "journeys"]),
    },
    Area {
        name: "page",
        package: "api-auth",
        features: "blocks,jws,md5",
        files: &["page.rs"],
        own: &["--lib"],
        wide: (WORKSPACE, &["journeys"]),
    },
    Area {
        name: "jws",
        package: "api-auth",
        features: "blocks,jws,md5",
        files: &["jws.rs"],
        own: &[],
        wide: ("tpay-client", &["integration"]),
    },
    Area {
        name: "notification",
        package: "tpay-client",
        features: "",
        files: &["notifications.rs", "notifications/*.rs", "certificates.rs", "paging.rs"],
        own: &["--lib", "--test=integration"],
        wide: (WORKSPACE, &["vectors", "journeys", "project"]),
    },
];

/// What no test notices: in the table of `docs/reliability.md` between these.
const EXPLAINED: (&str, &str) = ("<!-- mutants: begin -->\n", "<!-- mutants: end -->");

pub(crate) fn run(parser: &mut lexopt::Parser) -> Outcome {
    let mut areas = Vec::new();
    let mut passed_on = Vec::new();
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        let name = match argument {
            Long("area") => {
                let name = text(parser)?;
                let area = AREAS.iter().find(|area| area.name == name);
                areas.push(area.ok_or_else(|| format!("no area {name:?}: {}", names()))?);
                continue;
            }
            Long("shard") => "--shard",
            Long("jobs") => "--jobs",
            other => return Err(other.unexpected().to_string()),
        };
        passed_on.extend([name.to_owned(), text(parser)?]);
    }
    if areas.is_empty() {
        areas.extend(AREAS);
    }
    shell::output(&["mutants", "--version"]).map_err(|_| {
        "cargo-mutants is not installed; `cargo install --locked cargo-mutants` does it".to_owned()
    })?;
    let explained = explained()?;
    let (mut tried, mut unexplained) = (0, Vec::new());
    for area in areas {
        let result = area.run(&passed_on)?;
        let known = result.survivors.iter().filter(|name| explained.contains(*name)).count();
        println!(
            "\n== {}: {} mutants, {} noticed, {known} explained, {} neither",
            area.name,
            result.tried,
            result.tried - result.survivors.len(),
            result.survivors.len() - known
        );
        tried += result.tried;
        unexplained.extend(result.survivors.into_iter().filter(|name| !explained.contains(name)));
    }
    if unexplained.is_empty() {
        println!("\n{tried} mutants: each is noticed by a test or explained");
        return Ok(());
    }
    Err(format!("no test notices, and no line explains:\n{}", unexplained.join("\n")))
}

fn text(parser: &mut lexopt::Parser) -> Result<String, String> {
    let value = parser.value().map_err(|error| error.to_string())?;
    value.string().map_err(|error| error.to_string())
}

fn names() -> String {
    AREAS.iter().map(|area| area.name).collect::<Vec<_>>().join(", ")
}

/// What came of an area.
struct Figures {
    /// How many mutants could be built.
    tried: usize,
    /// What no test noticed.
    survivors: BTreeSet<String>,
}

impl Area {
    fn run(&self, passed_on: &[String]) -> Result<Figures, String> {
        let folder = shell::root().join("target/mutants").join(self.name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let files = self.files.iter().map(|file| format!("crates/{}/src/{file}", self.package));
        let files: Vec<String> = files.collect();
        let output = folder.display().to_string();
        let mut common = vec!["mutants", "--package", self.package, "--output", &output];
        for file in &files {
            common.extend(["--file", file]);
        }
        common.extend(passed_on.iter().map(String::as_str));

        let mut noticed = 0;
        if !self.own.is_empty() {
            let mut own = common.clone();
            if !self.features.is_empty() {
                own.extend(["--features", self.features]);
            }
            for selection in self.own {
                own.extend(["--cargo-arg", selection]);
            }
            mutants(&own)?;
            let first = Lists::read(&folder)?;
            noticed = first.noticed;
            if first.missed.is_empty() {
                return Ok(Figures { tried: noticed, survivors: first.missed });
            }
        }
        let (package, tests) = self.wide;
        let tests: Vec<String> = tests.iter().map(|test| format!("--test={test}")).collect();
        // cargo-mutants itself tries the tests of the package that it changes only.
        let mut unchanged = vec!["test", "--package", package];
        unchanged.extend(tests.iter().map(String::as_str));
        shell::run(&unchanged)?;
        let mut wide = common;
        wide.extend(["--iterate", "--baseline", "skip", "--timeout", "120"]);
        wide.extend(["--test-package", package]);
        // What follows `--` would not keep it from building all tests and examples.
        for test in &tests {
            wide.extend(["--cargo-arg", test]);
        }
        mutants(&wide)?;
        let second = Lists::read(&folder)?;
        let tried = noticed + second.noticed + second.missed.len();
        Ok(Figures { tried, survivors: second.missed })
    }
}

/// What cargo-mutants wrote down.
struct Lists {
    noticed: usize,
    missed: BTreeSet<String>,
}

impl Lists {
    fn read(folder: &Path) -> Result<Self, String> {
        let lines = |file: &str| {
            let path = folder.join("mutants.out").join(file);
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let noticed = lines("caught.txt")?.lines().count() + lines("timeout.txt")?.lines().count();
        Ok(Self { noticed, missed: lines("missed.txt")?.lines().map(without_place).collect() })
    }
}

/// Runs cargo-mutants. That a mutant was missed or took too long is for the caller to judge.
fn mutants(arguments: &[&str]) -> Outcome {
    println!("\n== cargo {}", arguments.join(" "));
    let mut command = shell::cargo(arguments);
    // Nobody reads the line numbers of a mutant.
    let status = command.env("CARGO_PROFILE_DEV_DEBUG", "0").status();
    match status.map_err(|error| error.to_string())?.code() {
        Some(0 | 2 | 3) => Ok(()),
        _ => Err("cargo mutants failed: do the tests pass without a mutant?".to_owned()),
    }
}

/// `FILE:LINE:COLUMN: change` without line and column, which every edit moves.
fn without_place(mutant: &str) -> String {
    let mut parts = mutant.splitn(4, ':');
    match (parts.next(), parts.nth(2)) {
        (Some(file), Some(change)) => format!("{file}:{change}"),
        _ => mutant.to_owned(),
    }
}

/// The mutants of the table, each in backticks at the beginning of its row.
fn explained() -> Result<BTreeSet<String>, String> {
    let document = shell::read("docs/reliability.md")?;
    let table = document
        .split_once(EXPLAINED.0)
        .and_then(|(_, rest)| rest.split_once(EXPLAINED.1))
        .ok_or("docs/reliability.md: has no table of mutants")?
        .0;
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    // A pipe would end a cell of the table.
    Ok(rows.map(|(mutant, _)| mutant.replace("\\|", "|")).collect())
}
