//! Checks the imports between the modules of `api-auth`: each item is imported from the module that
//! defines it, and no module imports itself through others. The files of `json` count as one module:
//! a deserializer and the visitors that it calls need each other for nested values.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::{Outcome, check, shell};

/// The modules that each module imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// Checks the modules of `api-auth` without their tests.
pub(crate) fn check() -> Outcome {
    let source = shell::root().join("crates/api-auth/src");
    let mut files = BTreeMap::<String, String>::new();
    check::scan(&source, &mut |path, line| {
        let code = line.split("//").next().unwrap_or_default();
        files.entry(module(&source, path)).or_default().extend([code, "\n"]);
        Ok(())
    })?;
    // The root re-exports items for users of the crate.
    files.remove("lib");
    let imports = imports(&files)?;
    match cycle(&imports) {
        Some(cycle) => Err(format!("api-auth has circular imports: {}", cycle.join(" -> "))),
        None => Ok(()),
    }
}

/// Returns the name of the module in a file, such as `oauth::bearer`.
fn module(source: &Path, path: &Path) -> String {
    let path = path.strip_prefix(source).unwrap_or(path).with_extension("");
    if path.starts_with("json") {
        return "json".to_owned();
    }
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("::")
}

/// Reads the paths that begin with `crate::`.
fn imports(files: &BTreeMap<String, String>) -> Result<Imports, String> {
    let mut imports = Imports::new();
    for (name, code) in files {
        let imported = imports.entry(name.clone()).or_default();
        if code.lines().any(|line| line.starts_with("use super::")) {
            return Err(format!("api-auth: {name} has `use super::`; write `use crate::`"));
        }
        let code = code.replace("use self::", &format!("use crate::{name}::"));
        for (at, _) in code.match_indices("crate::") {
            let (before, after) = code.split_at(at);
            if before.ends_with('$') {
                continue; // A path in a macro of the public API.
            }
            let after = after.trim_start_matches("crate::");
            let is_path = |char: char| char.is_alphanumeric() || matches!(char, '_' | ':');
            let path = after.split(|char| !is_path(char)).next().unwrap_or_default();
            let ends = path.match_indices("::").map(|(end, _)| end).chain([path.len()]);
            let prefixes = ends.filter_map(|end| path.get(..end));
            match prefixes.filter(|prefix| files.contains_key(*prefix)).last() {
                Some(other) if other != name => _ = imported.insert(other.to_owned()),
                Some(_) => {}
                None => {
                    return Err(format!("api-auth: {name} imports `crate::{path}` from no module"));
                }
            }
        }
    }
    Ok(imports)
}

/// Returns the modules of a cycle. The first one is repeated at the end.
fn cycle(imports: &Imports) -> Option<Vec<String>> {
    let mut rest = imports.clone();
    // Removes modules that import no other, until none is left or each one imports another.
    while let Some(done) = rest.iter().find(|(_, others)| others.is_empty()) {
        let done = done.0.clone();
        rest.remove(&done);
        rest.values_mut().for_each(|others| _ = others.remove(&done));
    }
    let mut path = vec![rest.keys().next()?.clone()];
    loop {
        let next = rest.get(path.last()?)?.first()?.clone();
        if let Some(start) = path.iter().position(|name| *name == next) {
            path.push(next);
            return path.get(start..).map(<[String]>::to_vec);
        }
        path.push(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &[(&str, &str)]) -> BTreeMap<String, String> {
        files.iter().map(|(name, code)| ((*name).to_owned(), (*code).to_owned())).collect()
    }

    #[test]
    fn cycles_are_found() {
        let line = [("a", "use crate::b::B;"), ("b", "use crate::b::c::{C, D};"), ("b::c", "")];
        assert_eq!(cycle(&imports(&files(&line)).unwrap()), None);
        let round = [("a", "use crate::b::B;"), ("b", "x: crate::c::C"), ("c", "use crate::b::B;")];
        assert_eq!(cycle(&imports(&files(&round)).unwrap()).unwrap(), ["b", "c", "b"]);
    }

    #[test]
    fn imports_from_the_root_or_the_parent_are_errors() {
        for code in ["use crate::B;", "use crate::{B, C};", "use super::B;"] {
            assert!(imports(&files(&[("a", code)])).is_err(), "{code}");
        }
        assert!(imports(&files(&[("a", "$crate::B")])).is_ok());
    }

    #[test]
    fn api_auth_has_no_circular_imports() {
        assert_eq!(check(), Ok(()));
    }
}
