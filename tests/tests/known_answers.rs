//! Every known answer of the providers' own clients, stage by stage.
//!
//! The vectors are `PROVIDER.json` files of `tests/vectors`, or of the folder that the variable
//! `API_VECTORS_DIR` names. A vector goes through the public typed call where one can express it,
//! and through the signing scheme otherwise. A kind that no code here handles is a failure unless
//! it is listed with a reason. How many ran of each kind is written to standard error.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod vectors {
    pub(crate) mod tinycert;
    pub(crate) mod tinypass;
    pub(crate) mod tokenpass;
    pub(crate) mod tpay;
}

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Kinds of vectors that no code handles, with the reason: provider, kind, reason.
const LEFT_OUT: &[(&str, &str, &str)] = &[];

/// What a vector ran by.
pub(crate) enum Ran {
    /// This way.
    By(&'static str),
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

/// The folder of the vectors; one that is not absolute is looked for from the project's root.
#[expect(clippy::disallowed_methods, reason = "the folder may be another one")]
fn folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.join(std::env::var_os("API_VECTORS_DIR").unwrap_or("tests/vectors".into()))
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

#[test]
fn every_vector_comes_out_right() {
    let folder = folder();
    let mut counts = BTreeMap::<String, usize>::new();
    let mut listed = BTreeMap::<String, (usize, &'static str)>::new();
    let mut files = 0;
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{folder:?}: {e}"));
    for entry in entries {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        files += 1;
        let provider = path.file_stem().unwrap().to_string_lossy().into_owned();
        let run = match provider.as_str() {
            "tinypass" => vectors::tinypass::run,
            "tinycert" => vectors::tinycert::run,
            "tokenpass" => vectors::tokenpass::run,
            "tpay" => vectors::tpay::run,
            other => panic!("no code runs the vectors of {other}"),
        };
        let mut file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let pem = file["pem"].take();
        insert_pem(&mut file["vectors"], &pem);
        for vector in file["vectors"].as_array().expect("a list of vectors") {
            let kind = vector["kind"].as_str().unwrap_or("request");
            match run(kind, vector) {
                Some(Ran::By(way)) => {
                    *counts.entry(format!("{provider} {kind} by {way}")).or_default() += 1;
                }
                None => {
                    let left_out = LEFT_OUT.iter().find(|row| (row.0, row.1) == (&provider, kind));
                    let name = text(vector, "/name");
                    let (.., reason) =
                        left_out.unwrap_or_else(|| panic!("{name}: no code handles {kind:?}"));
                    listed.entry(format!("{provider} {kind}")).or_insert((0, *reason)).0 += 1;
                }
            }
        }
    }
    assert!(files > 0, "no vectors in {folder:?}");
    assert!(counts.values().sum::<usize>() > 0, "no vector ran");
    // Not by a print macro: a test's own output is shown only when it fails.
    let mut out = std::io::stderr().lock();
    for (what, count) in counts {
        writeln!(out, "known answers: {count:3} {what}").unwrap();
    }
    for (what, (count, reason)) in listed {
        writeln!(out, "known answers: {count:3} {what} left out: {reason}").unwrap();
    }
}
