//! Changes to the text of the file of the profiles that keep its comments and the order of its
//! lines.

use toml::{Table, Value};

/// Returns `text` with the changes that make it contain `table`. If a line that changes has an
/// unusual form, such as a value of several lines, returns the table without comments instead.
pub(crate) fn edited(text: &str, table: &Table) -> String {
    let mut table = table.clone();
    if table.get("profiles").and_then(Value::as_table).is_some_and(Table::is_empty) {
        table.remove("profiles");
    }
    let edited = edit(text, &table);
    match edited.parse::<Table>() {
        Ok(parsed) if parsed == table => edited,
        _ => table.to_string(),
    }
}

/// The lines between two headers such as `[profiles.shop]`.
#[derive(Default)]
struct Section<'a> {
    /// The names in the header. The lines before the first header have none.
    path: Vec<String>,
    header: &'a str,
    lines: Vec<&'a str>,
}

fn edit(text: &str, table: &Table) -> String {
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let text = [text, end].concat();
    let (mut edited, mut section) = (String::new(), Section::default());
    let none = Table::new();
    let profiles = table.get("profiles").and_then(Value::as_table).unwrap_or(&none);
    let mut missing: Vec<&str> = profiles.keys().map(String::as_str).collect();
    let mut add = |section: Section<'_>| {
        let path: Vec<&str> = section.path.iter().map(String::as_str).collect();
        match (path.as_slice(), path.get(1).and_then(|name| profiles.get(*name))) {
            ([], _) => edited.push_str(&with_values(&section, table)),
            (["profiles", name], Some(Value::Table(profile))) => {
                missing.retain(|missing| missing != name);
                edited.push_str(&with_values(&section, profile));
            }
            (["profiles", _, ..], None) => {
                let before: Vec<&str> = edited.split_inclusive('\n').collect();
                let before = split_comments(&before).0.concat();
                edited = before + &split_comments(&section.lines).1.concat();
            }
            _ => edited.push_str(&[section.header, &section.lines.concat()].concat()),
        }
    };
    for line in text.split_inclusive('\n') {
        match path_of(line) {
            Some(path) => {
                let next = Section { path, header: line, lines: Vec::new() };
                add(std::mem::replace(&mut section, next));
            }
            None => section.lines.push(line),
        }
    }
    add(section);
    for name in missing {
        let mut added = Table::new();
        if let Some(profile) = profiles.get(name) {
            added.insert(name.to_owned(), profile.clone());
        }
        let blank = if edited.is_empty() { "" } else { "\n" };
        edited.push_str(&[blank, &entry("profiles", &Value::Table(added))].concat());
    }
    edited
}

/// Returns the lines of a section with the values of `table`, except those that are tables and have
/// no line. New values follow the last value.
fn with_values(section: &Section<'_>, table: &Table) -> String {
    let mut missing: Vec<_> = table.iter().filter(|(_, value)| !value.is_table()).collect();
    let (mut lines, mut end) = (Vec::new(), 0);
    for line in &section.lines {
        let Some((key, value)) = value_of(line) else {
            lines.push((*line).to_owned());
            continue;
        };
        missing.retain(|(missing, _)| **missing != key);
        match table.get(&key) {
            Some(now) if *now == value => lines.push((*line).to_owned()),
            Some(now) => lines.push(entry(&key, now)),
            None => continue,
        }
        end = lines.len();
    }
    let mut new: String = missing.into_iter().map(|(key, value)| entry(key, value)).collect();
    if section.header.is_empty() && end == 0 && !new.is_empty() && !lines.is_empty() {
        // Comments of the next section follow.
        new.push('\n');
    }
    lines.insert(end, new);
    [section.header, &lines.concat()].concat()
}

/// Splits lines before the comments of the next section: those at the end that follow a blank line.
fn split_comments<'a, 'b>(lines: &'b [&'a str]) -> (&'b [&'a str], &'b [&'a str]) {
    let is_comment = |line: &&&str| line.trim_start().starts_with('#');
    let comments = lines.iter().rev().take_while(is_comment).count();
    let (before, comments) = lines.split_at(lines.len() - comments);
    match before.last().is_some_and(|line| line.trim().is_empty()) {
        true => (before, comments),
        false => (lines, &[]),
    }
}

/// Returns the names in a header such as `[profiles.shop]`, or `None` for any other line.
fn path_of(line: &str) -> Option<Vec<String>> {
    let mut table = line.parse::<Table>().ok().filter(|_| line.trim_start().starts_with('['))?;
    let mut path = Vec::new();
    while let Some((name, value)) = table.into_iter().next() {
        path.push(name);
        table = match value {
            Value::Table(table) => table,
            _ => return None,
        };
    }
    Some(path)
}

/// Returns the key and the value in a line, or `None` if it does not contain one whole value.
fn value_of(line: &str) -> Option<(String, Value)> {
    line.parse::<Table>().ok()?.into_iter().next()
}

fn entry(key: &str, value: &Value) -> String {
    let mut table = Table::new();
    table.insert(key.to_owned(), value.clone());
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# My profiles.\n\ndefault = 'a' # the shop\n\n# The shop.\n[profiles.a]\n\
        # From the panel.\nsecret = { command = [\"pass\", \"a\"] } # in pass\nid = 'i'\n\n\
        # The test shop.\n[profiles.\"b c\"] # x\nid = 'j'";

    fn changed(text: &str, change: impl FnOnce(&mut Table)) -> String {
        let mut table: Table = text.parse().unwrap();
        change(&mut table);
        edited(text, &table)
    }

    fn profile<'a>(table: &'a mut Table, name: &str) -> &'a mut Table {
        let profiles = table.entry("profiles").or_insert_with(|| Table::new().into());
        let profile = profiles.as_table_mut().unwrap().entry(name);
        profile.or_insert_with(|| Table::new().into()).as_table_mut().unwrap()
    }

    #[test]
    fn other_lines_stay_the_same() {
        let whole = format!("{TEXT}\n");
        assert_eq!(changed(TEXT, |_| ()), whole);
        let edited = changed(TEXT, |table| {
            let profile = profile(table, "a");
            profile.insert("id".to_owned(), "new".into());
            profile.insert("host".to_owned(), "h".into());
        });
        assert_eq!(edited, whole.replace("id = 'i'\n", "id = \"new\"\nhost = \"h\"\n"));
        let edited = changed(TEXT, |table| {
            profile(table, "a").remove("secret");
            table.remove("default");
        });
        let secret = "secret = { command = [\"pass\", \"a\"] } # in pass\n";
        assert_eq!(edited, whole.replace("default = 'a' # the shop\n", "").replace(secret, ""));
        let edited = changed(TEXT, |table| {
            profile(table, "d").insert("id".to_owned(), "k".into());
            table.insert("default".to_owned(), "d".into());
        });
        let default = whole.replace("default = 'a' # the shop\n", "default = \"d\"\n");
        assert_eq!(edited, format!("{default}\n[profiles.d]\nid = \"k\"\n"));
    }

    #[test]
    fn profiles_are_removed_with_their_comments() {
        let remove = |text: &str, name: &str| {
            changed(text, |table| {
                table.get_mut("profiles").unwrap().as_table_mut().unwrap().remove(name);
            })
        };
        let first = "# My profiles.\n\ndefault = 'a' # the shop\n\n";
        let next = "# The test shop.\n[profiles.\"b c\"] # x\nid = 'j'\n";
        assert_eq!(remove(TEXT, "a"), format!("{first}{next}"));
        assert_eq!(remove(TEXT, "b c"), TEXT.split_once("# The test shop.").unwrap().0);
        assert_eq!(remove("# x\n[profiles.a]\nid = 'CANARY'\n", "a"), "# x\n");
        let text = "[profiles.a]\nsecret = 'CANARY'\n# old = 'CANARY'\n[profiles.a.x]\ny = 1\n\
                    [profiles.b]\n";
        assert_eq!(remove(text, "a"), "[profiles.b]\n");
    }

    #[test]
    fn default_of_a_file_without_one_is_first() {
        let text = "# The shop.\n[profiles.a]\n";
        let edited = changed(text, |table| {
            table.insert("default".to_owned(), "a".into());
        });
        assert_eq!(edited, format!("default = \"a\"\n\n{text}"));
        let edited = changed("", |table| {
            profile(table, "a").insert("id".to_owned(), "i".into());
            table.insert("default".to_owned(), "a".into());
        });
        assert_eq!(edited, "default = \"a\"\n\n[profiles.a]\nid = \"i\"\n");
    }

    #[test]
    fn unusual_forms_are_written_without_comments() {
        for text in [
            "[profiles.a]\nid = [\n'i',\n]\n# x\n",
            "profiles.a.id = 'i' # x\n",
            "[profiles]\na = { id = 'i' } # x\n",
            "[profiles.a]\nid = '''\ni\n[profiles.b]\n''' # x\n",
        ] {
            let edited = changed(text, |table| {
                profile(table, "a").insert("id".to_owned(), "j".into());
            });
            assert_eq!(edited, "[profiles.a]\nid = \"j\"\n");
        }
    }
}
