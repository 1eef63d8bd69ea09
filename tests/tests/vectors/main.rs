//! Every test vector from the providers' own clients, stage by stage. Each one is a test.
//!
//! The vectors are `PROVIDER.json` files of `tests/vectors`, or of the folder that the variable
//! `API_VECTORS_DIR` names. A vector goes through the public typed call where one can express it,
//! and through the signing scheme otherwise. A kind or an operation that no code handles fails. A
//! vector of [`LEFT_OUT`] is reported as ignored, with its reason.
//!
//! ```sh
//! cargo test -p workspace-tests test_vectors
//! API_VECTORS_DIR=/path/to/vectors cargo test -p workspace-tests test_vectors
//! cargo test -p workspace-tests test_vectors::tpay::http_request
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod tinycert;
mod tinypass;
mod tokenpass;
mod tpay;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use serde_json::Value;
use serde_json::value::RawValue;

/// Vectors that are not run: provider, name, and why no client should do what the vector says.
const LEFT_OUT: &[(&str, &str, &str)] = &[];

/// Runs one vector of a kind; `false` if no code handles the kind.
#[derive(Clone, Copy)]
enum Run {
    /// From its value.
    Value(fn(kind: &str, vector: &Value) -> bool),
    /// From its value and its text, where the order of an object's members is significant.
    Text(fn(kind: &str, vector: &Value, text: &str) -> bool),
}

/// The code for each provider, by the name of its file.
const PROVIDERS: &[(&str, Run)] = &[
    ("tinypass", Run::Value(tinypass::run)),
    ("tinycert", Run::Text(tinycert::run)),
    ("tokenpass", Run::Text(tokenpass::run)),
    ("tpay", Run::Value(tpay::run)),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    match trials(&folder()) {
        Ok(trials) => libtest_mimic::run(&arguments, trials).exit_code(),
        Err(error) => {
            // A program that reports has no captured output to print to.
            let _ = std::io::Write::write_fmt(
                &mut std::io::stderr(),
                format_args!("test_vectors: {error}\n"),
            );
            ExitCode::FAILURE
        }
    }
}

/// The folder of the vectors; a relative one is relative to the project's root.
#[expect(clippy::disallowed_methods, reason = "the folder may be another one")]
fn folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.join(std::env::var_os("API_VECTORS_DIR").unwrap_or("tests/vectors".into()))
}

/// One test for each vector of each file in `folder`.
fn trials(folder: &Path) -> Result<Vec<Trial>, String> {
    let in_folder = |error: &dyn std::fmt::Display| format!("{}: {error}", folder.display());
    let mut trials = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| in_folder(&error))? {
        let path = entry.map_err(|error| in_folder(&error))?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            trials.extend(trials_of_file(&path)?);
        }
    }
    if trials.is_empty() {
        return Err(in_folder(&"no vectors"));
    }
    trials.sort_by(|a, b| a.name().cmp(b.name()));
    Ok(trials)
}

fn trials_of_file(path: &Path) -> Result<Vec<Trial>, String> {
    let in_file = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = std::fs::read(path).map_err(|error| in_file(&error))?;
    let mut file: Value = serde_json::from_slice(&text).map_err(|error| in_file(&error))?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let provider = file["provider"].as_str().unwrap_or(&stem).to_owned();
    let run = PROVIDERS.iter().find(|(name, _)| *name == provider).map(|(_, run)| *run);
    let run = run.ok_or_else(|| in_file(&format_args!("no code runs vectors of {provider:?}")))?;
    let pem = file["pem"].take();
    insert_pem(&mut file["vectors"], &pem);
    let Value::Array(vectors) = file["vectors"].take() else {
        return Err(in_file(&"has no list `vectors`"));
    };
    let texts: Texts = serde_json::from_slice(&text).map_err(|error| in_file(&error))?;
    let texts = texts.vectors.into_iter().map(|text| text.get().to_owned());
    let trial = |(index, (vector, text)): (usize, (Value, String))| {
        let kind = vector["kind"].as_str().unwrap_or("request").to_owned();
        let name = match vector["name"].as_str() {
            Some(name) => name.to_owned(),
            None => format!("vector_{index}"),
        };
        let left_out = LEFT_OUT.iter().find(|row| (row.0, row.1) == (&*provider, &*name));
        let title = format!("test_vectors::{provider}::{kind}::{name}");
        let trial = Trial::test(title, move || {
            let is_handled = match run {
                Run::Value(run) => run(&kind, &vector),
                Run::Text(run) => run(&kind, &vector, &text),
            };
            if is_handled { Ok(()) } else { Err(format!("no code handles {kind:?}").into()) }
        });
        match left_out {
            Some((.., reason)) => {
                trial.with_kind(format!("left out: {reason}")).with_ignored_flag(true)
            }
            None => trial,
        }
    };
    Ok(vectors.into_iter().zip(texts).enumerate().map(trial).collect())
}

/// The text of each vector of a file.
#[derive(serde::Deserialize)]
struct Texts {
    vectors: Vec<Box<RawValue>>,
}

/// Puts a certificate in the place of each `@name` of it.
fn insert_pem(value: &mut Value, pem: &Value) {
    match value {
        Value::String(text) => {
            let name = text.strip_prefix('@').unwrap_or_default();
            if let Some(certificate) = pem.get(name) {
                *value = certificate.clone();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| insert_pem(item, pem)),
        Value::Object(map) => map.values_mut().for_each(|item| insert_pem(item, pem)),
        _ => {}
    }
}

/// Compares a stage; a failure names the vector, the stage and the first byte that differs.
pub(crate) fn stage(name: &str, stage: &str, actual: &str, expected: &str) {
    if actual != expected {
        let same = actual.bytes().zip(expected.bytes()).take_while(|(a, b)| a == b).count();
        panic!(
            "{name}: {stage} differs at byte {same}\n  expected {expected:?}\n  actual   {actual:?}"
        );
    }
}

/// The text at a JSON pointer.
pub(crate) fn text<'a>(vector: &'a Value, pointer: &str) -> &'a str {
    let value = vector.pointer(pointer).and_then(Value::as_str);
    value.unwrap_or_else(|| panic!("no text at {pointer} in {vector}"))
}
