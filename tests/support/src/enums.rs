//! The strings of every enum of a protocol, compared with the documentation.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The strings of an enum.
#[derive(Debug)]
pub struct Texts {
    /// The enum's name.
    pub name: &'static str,
    /// The known strings of the enum.
    pub known: Vec<String>,
    /// The documented strings.
    pub documented: &'static [&'static str],
}

/// Lists enums with their documented strings: `wire_texts! { Status: "paid", "pending"; }`.
#[macro_export]
macro_rules! wire_texts {
    ($( $name:ident: $( $text:literal ),+; )+) => {
        vec![$( $crate::enums::Texts {
            name: stringify!($name),
            known: $name::KNOWN.iter().map(|value| value.as_str().to_owned()).collect(),
            documented: &[$( $text ),+],
        } ),+]
    };
}

/// Checks that the enums have exactly the documented strings, and that each `wire_enum!` of the
/// crate in `folder` is listed.
///
/// # Panics
/// Panics with all differences, if there are any.
pub fn check(folder: &str, texts: &[Texts]) {
    let mut differences = Vec::new();
    for Texts { name, known, documented } in texts {
        let unique: BTreeSet<_> = known.iter().collect();
        if unique.len() < known.len() {
            differences.push(format!("{name}: a text is known twice"));
        }
        for text in documented.iter().filter(|text| !known.iter().any(|known| known == *text)) {
            differences.push(format!("{name}: {text:?} is documented and not known"));
        }
        for text in known.iter().filter(|text| !documented.contains(&text.as_str())) {
            differences.push(format!("{name}: {text:?} is known and not documented"));
        }
    }
    let mut names = Vec::new();
    read(&Path::new(folder).join("src"), &mut names);
    for name in names.iter().filter(|name| !texts.iter().any(|texts| texts.name == **name)) {
        differences.push(format!("{name}: no table has its texts"));
    }
    assert!(differences.is_empty(), "{}\n", differences.join("\n"));
}

/// Adds the names of the enums that `wire_enum!` defines.
fn read(folder: &Path, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, names);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap_or_default();
        for block in text.split("wire_enum! {").skip(1) {
            let name = block.split_once("pub enum ").and_then(|(_, rest)| rest.split(' ').next());
            names.extend(name.map(str::to_owned));
        }
    }
}
