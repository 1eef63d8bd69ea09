//! The cases of a program, `tests/cmd/*.toml`, run by `trycmd`.
//!
//! `TRYCMD=overwrite` writes the statuses and outputs of the files. `trycmd` ignores an unknown key,
//! does not compare an output that a file does not have, and skips the case of an unknown program, so
//! the files are checked before.

use std::path::{Path, PathBuf};

use toml::{Table, Value};
use trycmd::TestCases;

use crate::cli::{self, Program, World};

/// Runs the cases of a folder, of which there are at least `least`. They run concurrently against the
/// sandbox of `world`, each in an empty folder, or in a copy of the folder `NAME.in`. In outputs,
/// `[URL]` stands for the base URL of the sandbox.
///
/// # Panics
/// Panics if a status or an output differs, or if a file is not a complete case.
pub fn run(world: &World, folder: &Path, least: usize) {
    let cases = load(&world.program, world.environment(), folder, least);
    let (_, url) = world.variables().find(|(name, _)| name.ends_with("_BASE_URL")).unwrap();
    cases.insert_var("[URL]", url).unwrap();
    cases.run();
}

/// Runs the cases of a program that needs no sandbox, like [`run`].
///
/// # Panics
/// Panics if a status or an output differs, or if a file is not a complete case.
pub fn run_alone(program: &Program, folder: &Path, least: usize) {
    let system = cli::system_root().map(|(name, value)| (name, value.into_string().unwrap()));
    load(program, system, folder, least).run();
}

/// Checks and loads the cases of a program, which have these variables.
fn load(
    program: &Program,
    variables: impl IntoIterator<Item = (&'static str, String)>,
    folder: &Path,
    least: usize,
) -> TestCases {
    let files = files(folder);
    assert!(files.len() >= least, "{}: {} cases", folder.display(), files.len());
    let cases = TestCases::new();
    cases.timeout(cli::LIMIT);
    let variables: Vec<_> = variables.into_iter().collect();
    let set: Vec<&str> = variables.iter().map(|(name, _)| *name).collect();
    let path = Path::new(program.path);
    let name = path.file_stem().unwrap().to_str().unwrap();
    cases.register_bin(name, path);
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        if let Err(problem) = check(&text, name, &set) {
            panic!("{}: {problem}", file.display());
        }
        program.check_secrets(&[&text]);
        cases.case(file);
    }
    for (name, value) in variables {
        cases.env(name, value);
    }
    cases
}

/// Returns the files of the cases. A folder `NAME.in` belongs to the case `NAME.toml`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (mut files, others): (Vec<_>, Vec<_>) =
        entries.partition(|path| path.extension().is_some_and(|kind| kind == "toml"));
    for path in others {
        let is_input = path.is_dir() && path.extension().is_some_and(|kind| kind == "in");
        let has_case = path.with_extension("toml").exists();
        assert!(is_input && has_case, "{} belongs to no case", path.display());
    }
    files.sort();
    files
}

/// Checks that a file is a complete case of this program: a comment that says what it shows, exactly
/// the known keys, both outputs, no variables of the environment of the test, and a folder of its own.
/// It cannot set the variables in `set`, because `trycmd` would ignore them.
fn check(text: &str, program: &str, set: &[&str]) -> Result<(), String> {
    if !text.starts_with("# ") {
        return Err("must begin with a comment that says what the case shows".to_owned());
    }
    let table: Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let expected = |path: &str, value: &Value| match path {
        "bin.name" => value.as_str() == Some(program),
        "args" | "stdin" | "stdout" | "stderr" => value.is_str(),
        "env.inherit" => value.as_bool() == Some(false),
        "fs.sandbox" => value.as_bool() == Some(true),
        "status.code" => value.is_integer(),
        _ => {
            let variable = path.strip_prefix("env.add.");
            variable.is_some_and(|name| !set.contains(&name)) && value.is_str()
        }
    };
    let mut values = Vec::new();
    leaves("", &table, &mut values);
    for (path, value) in &values {
        if !expected(path, value) {
            return Err(format!("{path} is unknown or has an unexpected value: {value:?}"));
        }
    }
    let has = |name: &str| values.iter().any(|(path, _)| path == name);
    let keys = ["bin.name", "args", "env.inherit", "fs.sandbox", "status.code", "stdout", "stderr"];
    match keys.iter().find(|key| !has(key)) {
        Some(key) => Err(format!("{key} is missing")),
        None => Ok(()),
    }
}

/// Adds the paths and values of all members that are not tables.
fn leaves<'a>(before: &str, table: &'a Table, found: &mut Vec<(String, &'a Value)>) {
    for (name, value) in table {
        match value {
            Value::Table(inner) => leaves(&format!("{before}{name}."), inner, found),
            value => found.push((format!("{before}{name}"), value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASE: &str = "# Prints the version.\n\
                        bin.name = \"tpay\"\nargs = \"--version\"\nenv.inherit = false\n\
                        fs.sandbox = true\nstatus.code = 0\nstdout = \"\"\nstderr = \"\"\n";

    #[test]
    fn complete_case_is_accepted() {
        assert_eq!(check(CASE, "tpay", &[]), Ok(()));
        for more in ["stdin = \"a\"", "env.add.COLUMNS = \"40\""] {
            assert_eq!(check(&format!("{CASE}{more}\n"), "tpay", &["HOME"]), Ok(()), "{more}");
        }
    }

    #[test]
    fn line_that_is_missing_or_different_is_rejected() {
        for line in CASE.lines() {
            let without = CASE.replacen(&format!("{line}\n"), "", 1);
            assert!(check(&without, "tpay", &[]).is_err(), "without {line}");
        }
        for (line, other) in [
            ("bin.name = \"tpay\"", "bin.name = \"tpey\""),
            ("bin.name = \"tpay\"", "bin = \"ignore\""),
            ("env.inherit = false", "env.inherit = true"),
            ("fs.sandbox = true", "fs.sandbox = false"),
            ("status.code = 0", "status = \"skipped\""),
            ("stdout = ", "stdot = "),
            ("args = \"--version\"", "args = \"--version"),
            ("args = ", "binary = true\nargs = "),
            ("args = ", "env.add.HOME = \"/\"\nargs = "),
        ] {
            assert!(CASE.contains(line), "{line}");
            assert!(check(&CASE.replace(line, other), "tpay", &["HOME"]).is_err(), "{other}");
        }
    }
}
