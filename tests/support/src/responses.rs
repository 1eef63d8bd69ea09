//! Documented responses: each field of each response is read into the field of its name.
//!
//! A provider crate keeps one JSON file for each endpoint in `tests/integration/responses`, named by
//! the endpoint's id, with every documented field filled. [`Responses::check`] makes each call with
//! its file as the response and prints the value by `{:#?}`. The rules:
//!
//! 1. no field is left among the unknown ones, at any depth;
//! 2. no field of the value is empty, or [`Responses::undocumented`] says why;
//! 3. no enum has an unknown value;
//! 4. each value of the JSON is printed as it is in the JSON, or as [`Responses::converted`] says;
//! 5. a change of one value of the JSON changes the field with the same name, or the one that
//!    [`Responses::renamed`] names, and no other field except those in [`Responses::derived`];
//! 6. a field that is absent or null is not an error, except those in [`Responses::required`].
//!
//! All differences are reported, each with the endpoint and the field.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

/// Makes a call whose response has this body, and returns its value printed by `{:#?}`, or the
/// error as text.
pub type Call = Box<dyn Fn(&str) -> Result<String, String>>;

/// The documented responses of a provider.
#[expect(missing_debug_implementations, reason = "it holds closures")]
pub struct Responses {
    /// The provider's name, as in `docs/endpoints`.
    pub provider: &'static str,
    /// The sources of the endpoints that the crate covers; empty for all.
    pub sources: &'static [&'static str],
    /// The folder of the crate.
    pub folder: &'static str,
    /// The endpoints and their calls.
    pub calls: Vec<(&'static str, Call)>,
    /// Other documents, such as webhooks: name of the file, and the code that reads it.
    pub others: Vec<(&'static str, Call)>,
    /// Endpoints whose response has no documented fields: endpoint, reason.
    pub no_fields: &'static [(&'static str, &'static str)],
    /// Fields with another name in Rust: name in the JSON, name in Rust.
    pub renamed: &'static [(&'static str, &'static str)],
    /// Values with another form in Rust: name in the JSON, value in the JSON, printed value.
    pub converted: &'static [(&'static str, &'static str, &'static str)],
    /// Fields whose value also depends on another field of the JSON: name of the file, name in the JSON,
    /// name in Rust, reason.
    pub derived: &'static [(&'static str, &'static str, &'static str, &'static str)],
    /// Fields that are read and not kept: endpoint, name in the JSON, reason.
    pub not_kept: &'static [(&'static str, &'static str, &'static str)],
    /// Fields that the documented response of an endpoint lacks: endpoint, name in Rust, reason.
    pub undocumented: &'static [(&'static str, &'static str, &'static str)],
    /// Fields without which a response is an error: endpoint, name in the JSON. Another value of such
    /// a field may be an error, too, which does not have to name the field (`"result": false`).
    pub required: &'static [(&'static str, &'static str)],
}

impl Responses {
    /// Checks all rules for all endpoints.
    ///
    /// # Panics
    /// Panics with all differences, if there are any.
    pub fn check(&self) {
        let mut differences = self.missing();
        let mut used = BTreeSet::new();
        for (id, call) in self.calls.iter().chain(&self.others) {
            let path = self.file(id);
            match fs::read_to_string(&path) {
                Ok(body) => Check { all: self, id, call, used: &mut used, found: &mut differences }
                    .run(&body),
                Err(error) => differences.push(format!("{id}: {}: {error}", path.display())),
            }
        }
        let tables = [
            (
                "renamed",
                self.renamed.iter().map(|row| format!("renamed {} {}", row.0, row.1)).collect(),
            ),
            (
                "converted",
                self.converted.iter().map(|row| format!("converted {} {}", row.0, row.1)).collect(),
            ),
            (
                "derived",
                self.derived
                    .iter()
                    .map(|row| format!("derived {} {} {}", row.0, row.1, row.2))
                    .collect(),
            ),
            (
                "not_kept",
                self.not_kept.iter().map(|row| format!("not_kept {} {}", row.0, row.1)).collect(),
            ),
            (
                "undocumented",
                self.undocumented
                    .iter()
                    .map(|row| format!("undocumented {} {}", row.0, row.1))
                    .collect(),
            ),
            (
                "required",
                self.required
                    .iter()
                    .map(|row| format!("required {} {}", row.0, row.1))
                    .collect::<Vec<_>>(),
            ),
        ];
        for row in tables.iter().flat_map(|(_, rows)| rows).filter(|row| !used.contains(*row)) {
            differences.push(format!("the row is not needed: {row}"));
        }
        assert!(differences.is_empty(), "{}\n", differences.join("\n"));
    }

    fn file(&self, id: &str) -> std::path::PathBuf {
        Path::new(self.folder).join(format!("tests/integration/responses/{id}.json"))
    }

    /// Returns the endpoints of the list without a call, and the files without an endpoint.
    fn missing(&self) -> Vec<String> {
        let list =
            Path::new(self.folder).join(format!("../../docs/endpoints/{}.toml", self.provider));
        let list = fs::read_to_string(list).unwrap();
        let ids: Vec<&str> = list
            .split("[[endpoint]]")
            .filter_map(|entry| {
                let value = |name: &str| {
                    entry.lines().find_map(|line| {
                        line.strip_prefix(name)?.strip_prefix(" = \"")?.strip_suffix('"')
                    })
                };
                let id = value("id")?;
                let source = value("source").unwrap_or_default();
                (self.sources.is_empty() || self.sources.contains(&source)).then_some(id)
            })
            .collect();
        assert!(!ids.is_empty());
        let mut known: Vec<&str> = self.calls.iter().map(|(id, _)| *id).collect();
        known.extend(self.no_fields.iter().map(|(id, _)| *id));
        let mut differences = Vec::new();
        for id in &ids {
            if !known.contains(id) {
                differences.push(format!("{id}: no call checks its response"));
            }
        }
        differences.extend(
            known.iter().filter(|id| !ids.contains(id)).map(|id| format!("{id}: not an endpoint")),
        );
        known.extend(self.others.iter().map(|(id, _)| *id));
        for entry in fs::read_dir(self.file("x").parent().unwrap()).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if !known.iter().any(|id| format!("{id}.json") == name) {
                differences.push(format!("{name}: no call reads the file"));
            }
        }
        differences
    }
}

struct Check<'a> {
    all: &'a Responses,
    id: &'a str,
    call: &'a Call,
    used: &'a mut BTreeSet<String>,
    found: &'a mut Vec<String>,
}

impl Check<'_> {
    fn report(&mut self, text: &str) {
        let text = format!("{}: {text}", self.id);
        if !self.found.contains(&text) {
            self.found.push(text);
        }
    }

    fn run(&mut self, body: &str) {
        let root: Value = match serde_json::from_str(body) {
            Ok(root) => root,
            Err(error) => return self.report(&format!("the file is not JSON: {error}")),
        };
        let printed = match (self.call)(body) {
            Ok(printed) => printed,
            Err(error) => return self.report(&format!("the response is an error: {error}")),
        };
        self.nothing_unknown_or_empty(&printed);
        let mut places = Vec::new();
        collect(&root, String::new(), "", &mut places);
        for place in &places {
            if place.is_leaf {
                self.value_is_read(&root, place, &printed);
            }
            if !place.in_list {
                self.may_be_absent(&root, place);
            }
        }
    }

    fn nothing_unknown_or_empty(&mut self, printed: &str) {
        let lines: Vec<&str> = printed.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let (name, value) = label(line).unwrap_or_default();
            let value = value.trim_end_matches(',');
            if line.contains("Unknown(") {
                let name = name_at(&lines, index);
                self.report(&format!(
                    "{name}: an unknown value of an enum: {}",
                    lines.get(index + 1).unwrap_or(&"").trim()
                ));
            }
            if name == "extra" && value == "{" {
                let names: Vec<&str> = lines[index + 1..]
                    .iter()
                    .map(|line| line.trim().trim_end_matches(','))
                    .take_while(|line| *line != "}")
                    .collect();
                self.report(&format!("fields that are not read: {}", names.join(", ")));
            }
            let is_empty =
                matches!(value, "None" | "[]" | "\"\"" | "UnknownText(\"\")" | "Unknown");
            if is_empty
                && name != "extra"
                && !self.is_listed("undocumented", self.all.undocumented, name)
            {
                self.report(&format!("{name}: the field is empty: {value}"));
            }
        }
    }

    fn is_listed(&mut self, table: &str, rows: &[(&str, &str, &str)], name: &str) -> bool {
        let listed = rows.iter().any(|row| row.0 == self.id && row.1 == name);
        if listed {
            self.used.insert(format!("{table} {} {name}", self.id));
        }
        listed
    }

    /// Changes or removes one value: the change is seen in the field of its name.
    fn value_is_read(&mut self, root: &Value, place: &Place, printed: &str) {
        let key = &*place.key;
        let value = root.pointer(&place.path).unwrap();
        if value.is_null() {
            return self.report(&format!("{key}: is null in the file"));
        }
        let mut changed = root.clone();
        *changed.pointer_mut(&place.path).unwrap() = another(value);
        match (self.call)(&changed.to_string()) {
            Ok(other) => {
                let changes = self.differences(key, printed, &other);
                for change in &changes {
                    self.name_is_right(key, &change.name);
                    self.value_is_right(key, value, &change.before);
                }
                if !changes.is_empty() {
                    return;
                }
            }
            Err(error) => {
                // A value that is validated has been read: the error names the field, or the field
                // is required.
                if !error.contains(key) && !self.all.required.contains(&(self.id, key)) {
                    self.report(&format!("{key}: another value is an error of no field: {error}"));
                }
                return;
            }
        }
        // All secrets are printed in the same way.
        let Some(without) = without(root, place) else {
            return self.report(&format!("{key}: the value in a list is not read"));
        };
        match (self.call)(&without.to_string()) {
            Ok(other) => {
                let changes = self.differences(key, printed, &other);
                for change in &changes {
                    self.name_is_right(key, &change.name);
                }
                if changes.is_empty() && !self.is_listed("not_kept", self.all.not_kept, key) {
                    self.report(&format!("{key}: the field is not read"));
                }
            }
            Err(error) if error.contains(key) => {}
            // As a form, an object without fields is absent itself.
            Err(_) if self.all.required.contains(&(self.id, key)) => {}
            Err(_) if self.is_listed("not_kept", self.all.not_kept, key) => {}
            Err(error) => {
                self.report(&format!("{key}: without it, an error of no field: {error}"));
            }
        }
    }

    /// Returns all fields that differ after a change of `key`, except those that are derived from
    /// it.
    fn differences(&mut self, key: &str, before: &str, after: &str) -> Vec<Change> {
        let mut changes = differences(before, after);
        changes.retain(|change| {
            let is_derived = self
                .all
                .derived
                .iter()
                .any(|row| (row.0, row.1, row.2) == (self.id, key, change.name.as_str()));
            if is_derived {
                self.used.insert(format!("derived {} {key} {}", self.id, change.name));
            }
            !is_derived
        });
        changes
    }

    fn name_is_right(&mut self, key: &str, name: &str) {
        if name.is_empty() || plain(key) == plain(name) {
            return;
        }
        if self.all.renamed.contains(&(key, name)) {
            self.used.insert(format!("renamed {key} {name}"));
            return;
        }
        self.report(&format!("{key}: is read into the field {name}"));
    }

    fn value_is_right(&mut self, key: &str, value: &Value, printed: &str) {
        let expected = match value {
            Value::String(text) => format!("{text:?}").trim_matches('"').to_owned(),
            other => other.to_string(),
        };
        if printed.contains(&expected) || plain(printed).contains(&plain(&expected)) {
            return;
        }
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let row = self.all.converted.iter().find(|row| row.0 == key && row.1 == text);
        match row {
            Some(row) if printed.contains(row.2) => {
                self.used.insert(format!("converted {} {}", row.0, row.1));
            }
            _ => self.report(&format!("{key}: {text:?} is printed as {}", printed.trim())),
        }
    }

    fn may_be_absent(&mut self, root: &Value, place: &Place) {
        let key = &*place.key;
        let mut null = root.clone();
        *null.pointer_mut(&place.path).unwrap() = Value::Null;
        for body in [without(root, place), Some(null)].into_iter().flatten() {
            let Err(error) = (self.call)(&body.to_string()) else { continue };
            if self.all.required.contains(&(self.id, key)) {
                self.used.insert(format!("required {} {key}", self.id));
                continue;
            }
            self.report(&format!("{key}: absent or null, it is an error: {error}"));
        }
    }
}

/// A value of the JSON.
struct Place {
    /// The JSON pointer of the value.
    path: String,
    /// The name of the field, or of the list that holds it.
    key: String,
    is_leaf: bool,
    in_list: bool,
}

fn collect(value: &Value, path: String, key: &str, places: &mut Vec<Place>) {
    let mut add = |path: &str, key: &str, value: &Value, in_list| {
        let is_leaf = !value.is_object() && !value.is_array();
        places.push(Place { path: path.to_owned(), key: key.to_owned(), is_leaf, in_list });
        collect(value, path.to_owned(), key, places);
    };
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let escaped = name.replace('~', "~0").replace('/', "~1");
                add(&format!("{path}/{escaped}"), name, value, false);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                add(&format!("{path}/{index}"), key, value, true);
            }
        }
        _ => {}
    }
}

/// Returns a different value of the same type.
fn another(value: &Value) -> Value {
    match value {
        Value::Bool(value) => Value::from(!value),
        Value::Number(_) => match value.as_i64() {
            Some(number) => Value::from(number + 1),
            None => serde_json::from_str(&bumped(&value.to_string())).unwrap(),
        },
        Value::String(text) => Value::from(bumped(text)),
        other => other.clone(),
    }
}

/// Returns the text with another last digit, or with one more letter.
fn bumped(text: &str) -> String {
    match text.rfind(|char: char| char.is_ascii_digit()) {
        Some(at) => {
            let digit = if text[at..].starts_with('1') { "2" } else { "1" };
            format!("{}{digit}{}", &text[..at], &text[at + 1..])
        }
        None => format!("{text}x"),
    }
}

fn without(root: &Value, place: &Place) -> Option<Value> {
    let mut root = root.clone();
    let (parent, last) = place.path.rsplit_once('/')?;
    let name = last.replace("~1", "/").replace("~0", "~");
    match root.pointer_mut(parent)? {
        Value::Object(map) => drop(map.remove(&name)?),
        _ => return None,
    }
    Some(root)
}

/// A field that differs.
struct Change {
    /// The name of the field. Empty if the whole value has none.
    name: String,
    /// The first line of the field that differs, as it was.
    before: String,
}

/// Returns all fields that differ. A field that differs itself represents the fields that it
/// contains.
fn differences(before: &str, after: &str) -> Vec<Change> {
    let (before, after) = (fields(before), fields(after));
    let mut changes = Vec::new();
    let mut changed: Vec<&[Part]> = Vec::new();
    let paths: BTreeSet<&Vec<Part>> = before.keys().chain(after.keys()).collect();
    for path in paths {
        let lines = |fields: &'_ Fields| fields.get(path).cloned().unwrap_or_default();
        let (old, new) = (lines(&before), lines(&after));
        if old == new || changed.iter().any(|other| path.starts_with(other)) {
            continue;
        }
        changed.push(path);
        let at = (0..old.len().max(new.len())).find(|at| old.get(*at) != new.get(*at));
        let line = at.and_then(|at| old.get(at)).cloned().unwrap_or_default();
        let name = path.iter().rev().find_map(|part| part.name.clone());
        changes.push(Change { name: name.unwrap_or_default(), before: line });
    }
    changes
}

/// One level of the path of a field: a field, or an entry of a list.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    /// The number of the part among those of its level.
    number: usize,
    name: Option<String>,
}

/// The lines of each field, without those of the fields that it contains, by its path.
type Fields = BTreeMap<Vec<Part>, Vec<String>>;

fn fields(printed: &str) -> Fields {
    let mut fields = Fields::new();
    // The indents and parts from the whole value to the line, and how many parts each level has.
    let mut levels: Vec<(usize, Part)> = Vec::new();
    let mut counts: BTreeMap<Vec<Part>, usize> = BTreeMap::new();
    for line in printed.lines() {
        let indent = line.len() - line.trim_start().len();
        let text = line.trim();
        let is_end = text.starts_with(['}', ']', ')']);
        levels.retain(|level| level.0 < indent || (is_end && level.0 == indent));
        let name = label(line).map(|(name, _)| name).filter(|name| !INNER.contains(name));
        let path = |levels: &[(usize, Part)]| levels.iter().map(|level| level.1.clone()).collect();
        if !is_end && (name.is_some() || text.ends_with(['{', '[', '('])) {
            let above: Vec<Part> = path(&levels);
            let count = counts.entry(above).or_default();
            *count += 1;
            levels.push((indent, Part { number: *count, name: name.map(str::to_owned) }));
        }
        // Values without a name belong to the field that contains them.
        let mut path: Vec<Part> = path(&levels);
        while path.last().is_some_and(|part| part.name.is_none()) {
            path.pop();
        }
        fields.entry(path).or_default().push(text.to_owned());
    }
    fields
}

/// Fields inside printed values, such as amounts. They represent the field that contains the value.
const INNER: [&str; 1] = ["digits"];

/// Returns the name of the field in a line, or of the field that contains it.
fn name_at(lines: &[&str], index: usize) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut depth = usize::MAX;
    for line in lines.iter().take(index + 1).rev() {
        if indent(line) < depth {
            let name = label(line).map(|(name, _)| name).filter(|name| !INNER.contains(name));
            if let Some(name) = name {
                return name.to_owned();
            }
            depth = indent(line);
        }
    }
    String::new()
}

/// Splits `name: value`, where a map's name may be quoted.
fn label(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let (name, value) = match line.strip_prefix('"') {
        Some(rest) => rest.split_once("\": ")?,
        None => line.split_once(": ")?,
    };
    let is_name = |name: &str| name.chars().all(|c| c.is_alphanumeric() || "_-.:".contains(c));
    is_name(name).then_some((name, value))
}

/// Returns a name in lower case and without separators: `amountPaid`, `amount_paid`.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(before: &str, after: &str) -> Vec<String> {
        differences(before, after).into_iter().map(|change| change.name).collect()
    }

    #[derive(Debug, Clone)]
    struct Order {
        id: String,
        status: Option<Status>,
        lines: Vec<Line>,
        note: Option<String>,
    }

    #[derive(Debug, Clone)]
    #[expect(dead_code, reason = "the fields are printed")]
    enum Status {
        Paid,
        Unknown(String),
    }

    #[derive(Debug, Clone)]
    struct Line {
        name: String,
        count: u32,
    }

    fn order() -> Order {
        let line = |count| Line { name: "a".to_owned(), count };
        Order {
            id: "1".to_owned(),
            status: Some(Status::Paid),
            lines: vec![line(1), line(2)],
            note: Some("x".to_owned()),
        }
    }

    fn changed(change: impl Fn(&mut Order)) -> Vec<String> {
        let mut other = order();
        change(&mut other);
        names(&format!("{:#?}", order()), &format!("{other:#?}"))
    }

    #[test]
    fn each_field_that_differs_is_found_once() {
        assert!(changed(|_| {}).is_empty());
        assert_eq!(changed(|order| order.id = "2".to_owned()), ["id"]);
        assert_eq!(changed(|order| order.note = None), ["note"]);
        assert_eq!(changed(|order| order.lines[1].count = 3), ["count"]);
        let unknown = |order: &mut Order| order.status = Some(Status::Unknown("p".to_owned()));
        assert_eq!(changed(unknown), ["status"], "further lines of one field");
        assert_eq!(changed(|order| order.lines.clear()), ["lines"]);
        let both = |order: &mut Order| {
            unknown(order);
            order.lines[0].name = "b".to_owned();
            order.note = None;
        };
        assert_eq!(changed(both), ["status", "name", "note"], "also after inserted lines");
        assert_eq!(names("1", "2"), [""], "a value without fields");
    }

    #[test]
    fn value_that_is_read_into_two_fields_is_reported() {
        let call = |body: &str| {
            let root: Value = serde_json::from_str(body).unwrap();
            Ok(format!("{:#?}", BTreeMap::from([("a", &root["a"]), ("z", &root["a"])])))
        };
        let derived: &[_] = &[("file", "a", "z", "for this test")];
        for (derived, is_reported) in [(&[][..], true), (derived, false)] {
            let all = Responses {
                provider: "",
                sources: &[],
                folder: "",
                calls: Vec::new(),
                others: Vec::new(),
                no_fields: &[],
                renamed: &[],
                converted: &[],
                derived,
                not_kept: &[],
                undocumented: &[],
                required: &[],
            };
            let (mut used, mut found) = (BTreeSet::new(), Vec::new());
            let call: Call = Box::new(call);
            Check { all: &all, id: "file", call: &call, used: &mut used, found: &mut found }
                .run(r#"{"a":"x"}"#);
            let is_found = found.iter().any(|text| text == "file: a: is read into the field z");
            assert_eq!(is_found, is_reported, "{found:?}");
            assert_eq!(used.is_empty(), is_reported, "the row is used");
        }
    }
}
