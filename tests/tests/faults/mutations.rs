//! The documented response of each endpoint with one value changed, in the ways in which servers
//! change them: it is read as before, or the error names the field. No value is silently wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;

use api_auth::{Error, ErrorKind, Response};
use serde_json::{Value, json};
use workspace_tests::catalogue::{Call, PROVIDERS};

/// Replaced in the text of a response.
const MARK: &str = "@@MARK@@";

/// Names of fields whose values decide whether a response is an error.
const DECISIVE: &[&str] = &["result", "success", "error", "errors", "code", "status", "exists"];

/// The deepest nesting that `serde_json` reads into a tree is 128.
const DEEP: usize = 200;

type Read = Result<String, Error>;

fn read(call: &dyn Call, text: &[u8]) -> Read {
    call.parse(&Response::new(text.to_vec())).map_err(Error::from)
}

fn read_value(call: &dyn Call, value: &Value) -> Read {
    read(call, value.to_string().as_bytes())
}

/// Collects the JSON pointers of all values below `value`.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                pointers(entry, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                pointers(member, &format!("{at}/{name}"), found);
            }
        }
        _ => {}
    }
}

/// Returns whether an error names a field of the path.
fn names(error: &Error, pointer: &str) -> bool {
    let text = error.to_string();
    let mut names = pointer.split('/').filter(|name| name.parse::<usize>().is_err());
    let last = pointer.rsplit('/').find(|name| name.parse::<usize>().is_err()).unwrap_or_default();
    let is_named = |name: &str| match name.len() {
        0 => false,
        1 => text.contains(&format!("{name}: ")),
        _ => text.contains(name),
    };
    let is_decisive =
        DECISIVE.contains(&last) || names.clone().any(|name| DECISIVE.contains(&name));
    is_decisive || error.kind() == ErrorKind::Decode && (last.is_empty() || names.any(is_named))
}

fn with(value: &Value, pointer: &str, new: Value) -> Value {
    let mut value = value.clone();
    *value.pointer_mut(pointer).unwrap() = new;
    value
}

fn without(value: &Value, pointer: &str) -> Option<Value> {
    let (parent, name) = pointer.rsplit_once('/')?;
    let mut value = value.clone();
    match value.pointer_mut(parent)? {
        Value::Object(members) => members.remove(name).map(drop)?,
        Value::Array(entries) => drop(entries.remove(name.parse().ok()?)),
        _ => return None,
    }
    Some(value)
}

/// The checks of one endpoint.
struct Check<'a> {
    call: &'a dyn Call,
    value: Value,
    place: String,
    failures: Vec<String>,
    count: usize,
}

impl Check<'_> {
    /// The response is read as `expected`, or the error names the field.
    fn same(&mut self, what: &str, pointer: &str, expected: &Read, found: &Read) {
        self.count += 1;
        let (is_right, shown) = match (expected, found) {
            (Ok(expected), Ok(found)) => (expected == found, "read differently".to_owned()),
            (Ok(_), Err(error)) => (names(error, pointer), error.to_string()),
            (Err(_), _) => (true, String::new()),
        };
        if !is_right {
            self.failures.push(format!("{} {pointer}: {what}: {shown}", self.place));
        }
    }

    /// The response is read, or the error names the field.
    fn read_or_named(&mut self, what: &str, pointer: &str, found: &Read) {
        self.count += 1;
        if let Err(error) = found
            && !names(error, pointer)
        {
            self.failures.push(format!("{} {pointer}: {what}: {error}", self.place));
        }
    }

    fn run(&mut self) {
        let plain = read_value(self.call, &self.value);
        if let Err(error) = &plain {
            // A declined payment, or a code for another request.
            assert_ne!(error.kind(), ErrorKind::Decode, "{}: {error}", self.place);
            return;
        }
        let marked = [&b"\xef\xbb\xbf"[..], self.value.to_string().as_bytes()].concat();
        let found = read(self.call, &marked);
        self.same("byte order mark", "", &plain, &found);
        if found.is_err() && plain.is_ok() {
            self.failures.push(format!("{}: byte order mark", self.place));
        }
        let mut all = Vec::new();
        pointers(&self.value, "", &mut all);
        for pointer in all {
            self.value_at(&pointer, &plain);
        }
    }

    fn value_at(&mut self, pointer: &str, plain: &Read) {
        let old = self.value.pointer(pointer).unwrap().clone();
        let whole = self.value.clone();
        let changed = |new: Value| with(&whole, pointer, new);
        let replaced = |by: &[u8], quoted: bool| -> Vec<u8> {
            let text = changed(MARK.into()).to_string();
            let mark = if quoted { MARK.to_owned() } else { format!("\"{MARK}\"") };
            let (before, after) = text.split_once(&mark).unwrap();
            [before.as_bytes(), by, after.as_bytes()].concat()
        };
        let call = self.call;
        match &old {
            Value::String(text) => {
                let as_replacement = read_value(call, &changed(format!("{text} \u{fffd}").into()));
                for bad in [&br" \ud83d"[..], b" \xff", br" \udc00"] {
                    let bad = [text.replace(['"', '\\'], "").as_bytes(), bad].concat();
                    let found = read(call, &replaced(&bad, true));
                    if !text.contains(['"', '\\', '\n', '\r']) {
                        self.same("invalid text", pointer, &as_replacement, &found);
                    }
                }
                let digits = "61109010140000071219812874";
                let as_text = read_value(call, &changed(digits.into()));
                let as_number = read(call, &replaced(digits.as_bytes(), false));
                self.same("long number", pointer, &as_text, &as_number);
                let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
                if is_plain && !text.is_empty() && !text.starts_with('0') {
                    let found = read(call, &replaced(text.as_bytes(), false));
                    self.same("text as number", pointer, plain, &found);
                }
            }
            Value::Number(number) => {
                let found = read_value(call, &changed(number.to_string().into()));
                self.same("number as text", pointer, plain, &found);
                let found = read(call, &replaced(b"1e400", false));
                self.read_or_named("large number", pointer, &found);
            }
            Value::Array(entries) => {
                let members = entries.iter().enumerate();
                let object: serde_json::Map<_, _> =
                    members.map(|(index, entry)| (index.to_string(), entry.clone())).collect();
                if !entries.is_empty() {
                    let found = read_value(call, &changed(object.into()));
                    self.same("list as object", pointer, plain, &found);
                }
                let empty = read_value(call, &changed(json!([])));
                for other in [json!(false), json!("")] {
                    let found = read_value(call, &changed(other.clone()));
                    self.same(&format!("{other} for a list"), pointer, &empty, &found);
                }
            }
            Value::Object(_) => {
                let deep = ["[".repeat(DEEP), "]".repeat(DEEP)].concat();
                for unknown in [
                    "1e400",
                    r#""\ud800""#,
                    &deep,
                    r#"{"a":[{"b":null}]}"#,
                    "99999999999999999999999999",
                ] {
                    let mut value = old.clone();
                    value.as_object_mut().unwrap().insert("zz_unknown".to_owned(), MARK.into());
                    let text = with(&self.value, pointer, value).to_string();
                    let text = text.replace(&format!("\"{MARK}\""), unknown);
                    let found = read(call, text.as_bytes());
                    self.count += 1;
                    // In a map the error names the key.
                    if let Err(error) = found
                        && !error.to_string().contains("zz_unknown")
                    {
                        let shown: String = unknown.chars().take(20).collect();
                        let place = format!("{} {pointer}", self.place);
                        self.failures.push(format!("{place}: unknown field {shown}: {error}"));
                    }
                }
            }
            Value::Bool(_) | Value::Null => {}
        }
        let others = [json!(null), json!(""), json!(false), json!([]), json!({}), json!([[1]])];
        for other in others {
            let found = read_value(call, &changed(other.clone()));
            self.read_or_named(&other.to_string(), pointer, &found);
        }
        if let Some(value) = without(&self.value, pointer) {
            let found = read_value(call, &value);
            self.read_or_named("absent", pointer, &found);
        }
    }
}

#[test]
fn mutated_responses_are_parsed_or_the_error_names_the_field() {
    let (mut failures, mut count, mut endpoints) = (Vec::new(), 0, 0);
    for provider in PROVIDERS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("../crates/{}-client/tests/integration/responses", provider.name));
        for call in (provider.calls)() {
            let Ok(text) = fs::read_to_string(folder.join(format!("{}.json", call.id()))) else {
                continue;
            };
            let Ok(value) = serde_json::from_str(&text) else { continue };
            let place = format!("{} {}", provider.name, call.id());
            let mut check = Check { call: &*call, value, place, failures: Vec::new(), count: 0 };
            check.run();
            count += check.count;
            endpoints += 1;
            failures.append(&mut check.failures);
        }
    }
    println!("{endpoints} endpoints, {count} changes");
    assert!(endpoints > 100 && count > 10_000, "{endpoints} endpoints, {count} changes");
    let shown = failures.iter().take(400).cloned().collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} failures:\n{shown}", failures.len());
}
