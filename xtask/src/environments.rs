//! `cargo xtask environments`: runs the test programs in environments that differ from a
//! developer's: proxies, folders, users, languages, no network.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde::Deserialize;

use crate::{Outcome, shell};

/// The time after which a program is killed, in tenths of a second.
const DEADLINE: u32 = 9_000;

/// An environment.
struct Environment {
    name: &'static str,
    /// Prepares the run of a test program. The error is the reason why this machine has no such
    /// environment.
    prepare: fn(&mut Run) -> Result<(), String>,
}

/// One run of a test program.
struct Run {
    /// Commands before the program, such as `unshare --net`.
    before: Vec<OsString>,
    /// Arguments of the program.
    arguments: Vec<OsString>,
    /// Variables to set or, without a value, to remove.
    variables: Vec<(OsString, Option<OsString>)>,
    /// A user and group other than those of this process.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no user ids"))]
    user: Option<u32>,
    /// An existing folder for this environment.
    folder: PathBuf,
    /// The folder for temporary files. The program must not leave any in it.
    temporary: Option<PathBuf>,
}

impl Run {
    fn new(folder: &Path) -> Self {
        Self {
            before: Vec::new(),
            arguments: Vec::new(),
            variables: Vec::new(),
            user: None,
            folder: folder.to_path_buf(),
            temporary: None,
        }
    }

    fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.push((name.into(), Some(value.into())));
    }

    fn remove(&mut self, name: &str) {
        self.variables.push((name.into(), None));
    }

    /// Creates a folder in that of the environment.
    fn create(&self, name: &str) -> Result<PathBuf, String> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(folder)
    }

    /// Sets the folder for temporary files.
    fn temporary(&mut self, folder: &Path) {
        for name in ["TMPDIR", "TEMP", "TMP"] {
            self.set(name, folder);
        }
        self.temporary = Some(folder.to_path_buf());
    }
}

/// Variables with the folders of a user, which stores and examples read.
const HOMES: &[&str] =
    &["HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "LOCALAPPDATA", "USERPROFILE"];

/// Variables that CI services set.
const CI: &[&str] = &["CI", "CONTINUOUS_INTEGRATION", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD"];

const ENVIRONMENTS: &[Environment] = &[
    Environment { name: "unchanged", prepare: |_| Ok(()) },
    Environment {
        name: "proxies",
        prepare: |run| {
            for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
                run.set(name, "http://127.0.0.1:9");
                run.set(&name.to_lowercase(), "http://127.0.0.1:9");
            }
            for name in ["NO_PROXY", "no_proxy"] {
                run.remove(name);
            }
            Ok(())
        },
    },
    Environment {
        name: "folder-with-space-and-letters",
        prepare: |run| {
            let folder = run.create("temporary files, żółć 目'")?;
            run.temporary(&folder);
            Ok(())
        },
    },
    Environment {
        name: "long-path",
        prepare: |run| {
            let folder =
                run.create(&format!("{}/", "a-folder-with-a-long-name".repeat(4)).repeat(4))?;
            run.temporary(&folder);
            Ok(())
        },
    },
    Environment {
        name: "time-zone",
        prepare: |run| {
            run.set("TZ", "Pacific/Kiritimati");
            Ok(())
        },
    },
    Environment {
        name: "language",
        prepare: |run| {
            for name in ["LANG", "LC_ALL", "LANGUAGE"] {
                run.set(name, "tr_TR.UTF-8");
            }
            Ok(())
        },
    },
    Environment {
        name: "no-home",
        prepare: |run| {
            HOMES.iter().for_each(|name| run.remove(name));
            Ok(())
        },
    },
    Environment {
        name: "read-only-home",
        prepare: |run| {
            let folder = run.create("home")?;
            let mut permissions =
                fs::metadata(&folder).map_err(|error| error.to_string())?.permissions();
            permissions.set_readonly(true);
            fs::set_permissions(&folder, permissions).map_err(|error| error.to_string())?;
            // Root writes to each folder, except to those of the system.
            let home = if is_writable(&folder) { PathBuf::from("/proc") } else { folder };
            if is_writable(&home) || !home.is_dir() {
                return Err("this user can write to every folder".to_owned());
            }
            HOMES.iter().for_each(|name| run.set(name, &home));
            Ok(())
        },
    },
    Environment {
        name: "other-user",
        prepare: |run| {
            let folder = run.create("home of another user")?;
            become_other_user(run, &folder)?;
            run.temporary(&folder);
            // Programs keep files in the home folder.
            run.temporary = None;
            HOMES.iter().for_each(|name| run.set(name, &folder));
            Ok(())
        },
    },
    Environment {
        name: "no-network",
        prepare: |run| {
            let shell = "ip link set lo up && exec \"$0\" \"$@\"";
            let mut before = vec!["unshare", "--net"];
            let works = |before: &[&str]| {
                let command = [before, &["sh", "-c", shell, "true"]].concat();
                quiet(&command)
            };
            if !works(&before) {
                before.push("--map-root-user");
            }
            if !works(&before) {
                return Err(
                    "`unshare --net` and `ip` are not permitted or not installed".to_owned()
                );
            }
            before.extend(["sh", "-c", shell]);
            run.before = before.into_iter().map(OsString::from).collect();
            Ok(())
        },
    },
    Environment {
        name: "one-thread",
        prepare: |run| {
            run.arguments.push("--test-threads=1".into());
            Ok(())
        },
    },
    Environment {
        name: "many-threads",
        prepare: |run| {
            run.arguments.push("--test-threads=64".into());
            Ok(())
        },
    },
    Environment {
        name: "ci-unset",
        prepare: |run| {
            CI.iter().for_each(|name| run.remove(name));
            Ok(())
        },
    },
    Environment {
        name: "ci-set",
        prepare: |run| {
            CI.iter().for_each(|name| run.set(name, "true"));
            run.set("CARGO_TERM_COLOR", "always");
            run.set("RUST_BACKTRACE", "full");
            run.set("RUST_LOG", "trace");
            run.set("TERM", "dumb");
            Ok(())
        },
    },
    Environment {
        name: "variables-of-the-clients",
        prepare: |run| {
            for provider in ["TINYPASS", "TINYCERT", "TOKENPASS", "TPAY"] {
                run.set(&format!("{provider}_BASE_URL"), "http://127.0.0.1:9");
                run.set(&format!("{provider}_ENVIRONMENT"), "elsewhere");
            }
            for name in ["TINYCERT_API_KEY", "TPAY_CLIENT_ID", "TOKENPASS_CLIENT_ID"] {
                run.set(name, "of a developer");
            }
            run.set("TPAY_TOKEN_CACHE", "/proc");
            Ok(())
        },
    },
    Environment {
        name: "open-umask",
        prepare: |run| {
            if !quiet(&["sh", "-c", "umask 000"]) {
                return Err("there is no `sh`".to_owned());
            }
            let words = ["sh", "-c", "umask 000; exec \"$0\" \"$@\""];
            run.before = words.into_iter().map(OsString::from).collect();
            Ok(())
        },
    },
];

/// Returns whether a file can be created in a folder.
fn is_writable(folder: &Path) -> bool {
    let file = folder.join(format!("xtask-{}", std::process::id()));
    let is_written = fs::write(&file, "").is_ok();
    let _ = fs::remove_file(file);
    is_written
}

/// Returns whether a command succeeds.
fn quiet(words: &[&str]) -> bool {
    let Some((program, arguments)) = words.split_first() else { return false };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The user `nobody` on most systems.
#[cfg(unix)]
const NOBODY: u32 = 65_534;

#[cfg(unix)]
fn become_other_user(run: &mut Run, folder: &Path) -> Result<(), String> {
    use std::os::unix::fs::chown;
    use std::os::unix::process::CommandExt;

    chown(folder, Some(NOBODY), Some(NOBODY)).map_err(|_| "only root can change the user")?;
    let program = env::current_exe().map_err(|error| error.to_string())?;
    // Linux appends this to the path if the build has replaced the program.
    let program = program.to_string_lossy();
    let program = program.strip_suffix(" (deleted)").unwrap_or(&program);
    let mut help = Command::new(program);
    help.arg("--help").stdout(Stdio::null()).uid(NOBODY).gid(NOBODY).current_dir(folder);
    if !help.status().is_ok_and(|status| status.success()) {
        return Err("another user cannot read the folder of the project".to_owned());
    }
    run.user = Some(NOBODY);
    Ok(())
}

#[cfg(not(unix))]
fn become_other_user(_: &mut Run, _: &Path) -> Result<(), String> {
    Err("only on Unix".to_owned())
}

/// A message of cargo.
#[derive(Deserialize)]
struct Message {
    reason: String,
    executable: Option<PathBuf>,
    manifest_path: Option<PathBuf>,
    target: Option<Target>,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// A test program.
struct Program {
    name: String,
    path: PathBuf,
    /// The folder of its package, in which cargo runs it.
    folder: PathBuf,
}

/// Runs all environments, or those that are named, and prints a table.
pub(crate) fn run(names: &[String]) -> Outcome {
    let known = |name: &&String| !ENVIRONMENTS.iter().any(|environment| environment.name == **name);
    if let Some(unknown) = names.iter().find(known) {
        let all: Vec<&str> = ENVIRONMENTS.iter().map(|environment| environment.name).collect();
        return Err(format!("no environment {unknown:?}; there are {}", all.join(", ")));
    }
    let programs = programs()?;
    let folder = env::temp_dir().join(format!("xtask-environments-{}", std::process::id()));
    let mut rows = Vec::new();
    let mut failures = Vec::new();
    for environment in ENVIRONMENTS {
        if !names.is_empty() && !names.iter().any(|name| name == environment.name) {
            continue;
        }
        println!("\n== {}", environment.name);
        let result = in_environment(environment, &programs, &folder.join(environment.name));
        rows.push(match result {
            Ok(Figures { tests, failed }) => {
                let count = failed.len();
                failures
                    .extend(failed.into_iter().map(|name| format!("{}: {name}", environment.name)));
                format!("{:32} {:>8} {tests:>6} {count:>7}", environment.name, programs.len())
            }
            Err(why) => format!("{:32} skipped: {why}", environment.name),
        });
    }
    remove(&folder);
    println!("\n{:32} {:>8} {:>6} {:>7}", "environment", "programs", "tests", "failed");
    rows.iter().for_each(|row| println!("{row}"));
    match failures.is_empty() {
        true => Ok(()),
        false => Err(format!("failed:\n  {}", failures.join("\n  "))),
    }
}

/// Removes a folder, including read-only folders in it.
fn remove(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let home = entry.path().join("home");
        if let Ok(metadata) = fs::metadata(&home) {
            let mut permissions = metadata.permissions();
            #[allow(clippy::permissions_set_readonly_false, reason = "it is removed next")]
            permissions.set_readonly(false);
            let _ = fs::set_permissions(&home, permissions);
        }
    }
    let _ = fs::remove_dir_all(folder);
}

/// Builds the test programs, and the examples that they run.
fn programs() -> Result<Vec<Program>, String> {
    let build = ["test", "--workspace", "--locked", "--no-run"];
    shell::run(&build)?;
    let text = shell::output(&[&build[..], &["--quiet", "--message-format", "json"]].concat())?;
    listed(&text)
}

/// Returns the test programs in the output of cargo.
fn listed(text: &str) -> Result<Vec<Program>, String> {
    let mut programs = Vec::new();
    for line in text.lines() {
        let message: Message = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let is_test = message.profile.is_some_and(|profile| profile.test);
        let (Some(path), Some(manifest), true) =
            (message.executable, message.manifest_path, is_test)
        else {
            continue;
        };
        if message.reason == "compiler-artifact" {
            let folder = manifest.parent().unwrap_or(Path::new("")).to_path_buf();
            let package = folder.file_name().unwrap_or_default().to_string_lossy();
            let target = message.target.map(|target| target.name).unwrap_or_default();
            let name = format!("{package} {target}");
            programs.push(Program { name, path, folder });
        }
    }
    if programs.is_empty() { Err("cargo named no test program".to_owned()) } else { Ok(programs) }
}

/// The result of an environment.
struct Figures {
    tests: usize,
    /// Failed tests, and programs that ended without the name of a failed test.
    failed: Vec<String>,
}

fn in_environment(
    environment: &Environment,
    programs: &[Program],
    folder: &Path,
) -> Result<Figures, String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut figures = Figures { tests: 0, failed: Vec::new() };
    for program in programs {
        let mut run = Run::new(folder);
        (environment.prepare)(&mut run)?;
        let (text, is_good) = execute(program, &run, &folder.join("output"))
            .unwrap_or_else(|error| (error.to_string(), false));
        let (tests, failed) = results(&text);
        figures.tests += tests;
        let named = !failed.is_empty();
        figures.failed.extend(failed.into_iter().map(|test| format!("{}: {test}", program.name)));
        if !is_good {
            println!("{}", program.name);
            // The results of its tests are not results of this program.
            text.lines().for_each(|line| println!("  {line}"));
        }
        if !is_good && !named {
            figures.failed.push(format!("{} did not succeed", program.name));
        }
        let left = run.temporary.as_deref().map(left_files).unwrap_or_default();
        figures.failed.extend(left.iter().map(|file| format!("{} left {file}", program.name)));
    }
    println!("{} tests, {} failed", figures.tests, figures.failed.len());
    Ok(figures)
}

/// Removes the files and folders in a folder. Returns the names of those that a child process of a
/// test does not remove within a second.
#[expect(clippy::disallowed_methods, reason = "waits for processes, not for a result")]
fn left_files(folder: &Path) -> Vec<String> {
    let names = || {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    };
    let mut left: Vec<String> = names();
    for _ in 0..10 {
        if left.is_empty() {
            return left;
        }
        std::thread::sleep(Duration::from_millis(100));
        left = names();
    }
    remove(folder);
    let _ = fs::create_dir_all(folder);
    left
}

/// Runs a program. Returns its output, and whether it succeeded.
fn execute(program: &Program, run: &Run, output: &Path) -> io::Result<(String, bool)> {
    let mut words = run.before.iter().map(OsString::as_os_str).chain([program.path.as_os_str()]);
    let mut command = Command::new(words.next().unwrap_or_default());
    // A file has no size limit, and this process does not wait for children that keep it open.
    let file = fs::File::create(output)?;
    command
        .args(words)
        .args(&run.arguments)
        .current_dir(&program.folder)
        .env("CARGO_MANIFEST_DIR", &program.folder)
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file);
    for (name, value) in &run.variables {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    #[cfg(unix)]
    if let Some(user) = run.user {
        use std::os::unix::process::CommandExt;
        command.uid(user).gid(user);
    }
    let is_good = ended_well(&mut command.spawn()?)?;
    let text = String::from_utf8_lossy(&fs::read(output)?).into_owned();
    Ok((text, is_good))
}

/// Waits for a program until the deadline.
#[expect(clippy::disallowed_methods, reason = "waits for a process, not for a result")]
fn ended_well(child: &mut Child) -> io::Result<bool> {
    for _ in 0..DEADLINE {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    child.kill()?;
    child.wait()?;
    Ok(false)
}

/// Returns the number of tests in the output of a program, and the names of those that failed.
fn results(text: &str) -> (usize, Vec<String>) {
    let tests = |line: &str| {
        let rest = line.strip_prefix("running ")?;
        rest.split(' ').next()?.parse::<usize>().ok()
    };
    let count = text.lines().filter_map(tests).sum();
    let names = text.lines().filter_map(|line| {
        let rest = line.strip_prefix("test ")?;
        rest.strip_suffix(" ... FAILED").or(rest.strip_suffix("... FAILED")).map(str::trim)
    });
    (count, names.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copy::{self, Copy};

    #[test]
    fn results_are_counted_and_failures_are_named() {
        let text = "\nrunning 3 tests\ntest a::b ... ok\ntest c ... FAILED\ntest d ... ignored\n\n\
            failures:\n\n---- c stdout ----\n\ntest result: FAILED. 1 passed; 1 failed\n";
        assert_eq!(results(text), (3, vec!["c".to_owned()]));
        assert_eq!(results("running out of memory"), (0, Vec::new()));
    }

    #[test]
    fn test_programs_are_those_that_cargo_names() {
        let artifact = |test: bool, executable: &str| {
            format!(
                r#"{{"reason": "compiler-artifact", "manifest_path": "/p/tests/Cargo.toml", "target": {{"name": "faults"}},
                "profile": {{"test": {test}}}, "executable": {executable}}}"#
            )
            .replace('\n', "")
        };
        let text = [
            artifact(true, "\"/p/target/debug/deps/faults-1\""),
            artifact(false, "\"/p/target/debug/examples/issue\""),
            artifact(true, "null"),
            r#"{"reason": "build-finished", "success": true}"#.to_owned(),
        ];
        let programs = listed(&text.join("\n")).unwrap();
        assert_eq!(programs.len(), 1);
        assert_eq!(programs[0].name, "tests faults");
        assert_eq!(programs[0].path, Path::new("/p/target/debug/deps/faults-1"));
        assert_eq!(programs[0].folder, Path::new("/p/tests"));
        assert!(listed("").is_err());
    }

    #[test]
    fn unknown_environment_is_rejected() {
        let error = run(&["winter".to_owned()]).unwrap_err();
        assert!(error.contains("\"winter\"") && error.contains("no-network"), "{error}");
    }

    /// Returns the run that an environment prepares in a folder.
    fn prepared(name: &str, folder: &Path) -> Result<Run, String> {
        let mut run = Run::new(folder);
        let environment = ENVIRONMENTS.iter().find(|environment| environment.name == name).unwrap();
        (environment.prepare)(&mut run)?;
        Ok(run)
    }

    /// Returns the value of a variable: none if it is unchanged, `Some(None)` if it is removed.
    fn variable<'a>(run: &'a Run, name: &str) -> Option<Option<&'a Path>> {
        let (_, value) = run.variables.iter().rfind(|(set, _)| set == name)?;
        Some(value.as_deref().map(Path::new))
    }

    #[test]
    fn variables_are_set_or_removed() {
        let project = Copy::empty();
        let run = prepared("proxies", &project.path("")).unwrap();
        for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
            assert_eq!(variable(&run, name), Some(Some(Path::new("http://127.0.0.1:9"))));
        }
        assert_eq!(variable(&run, "NO_PROXY"), Some(None));
        assert_eq!(variable(&run, "PATH"), None);
        let run = prepared("no-home", &project.path("")).unwrap();
        for name in HOMES {
            assert_eq!(variable(&run, name), Some(None));
        }
    }

    #[test]
    fn folders_for_temporary_files_exist_in_that_of_the_environment() {
        let project = Copy::empty();
        for name in ["folder-with-space-and-letters", "long-path"] {
            let run = prepared(name, &project.path(name)).unwrap();
            for variable_name in ["TMPDIR", "TEMP", "TMP"] {
                let folder = variable(&run, variable_name).unwrap().unwrap();
                assert!(
                    folder.starts_with(project.path(name)) && is_writable(folder),
                    "{folder:?}"
                );
            }
        }
    }

    #[test]
    fn files_that_a_program_leaves_are_named_and_removed() {
        let project = Copy::empty();
        project.write("temporary/folder/file", "");
        assert_eq!(left_files(&project.path("temporary")), ["folder"]);
        assert_eq!(left_files(&project.path("temporary")), [""; 0]);
        assert!(project.path("temporary").is_dir());
    }

    #[test]
    fn folder_is_writable_if_a_file_can_be_created() {
        let project = Copy::empty();
        assert!(is_writable(&project.path("")));
        assert!(!is_writable(&project.path("no-folder")));
        // The file is removed.
        assert_eq!(fs::read_dir(project.path("")).unwrap().count(), 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn home_is_a_folder_in_which_no_file_can_be_created() {
        let project = Copy::empty();
        let run = prepared("read-only-home", &project.path("")).unwrap();
        for name in HOMES {
            let home = variable(&run, name).unwrap().unwrap();
            assert!(home.is_dir(), "{home:?}");
            fs::write(home.join("file"), "").unwrap_err();
        }
        project.write("later/file", "");
        remove(&project.path(""));
        assert!(!project.path("").exists());
    }

    #[cfg(unix)]
    #[test]
    fn other_user_is_set_if_this_one_may_change_it() {
        use std::os::unix::process::CommandExt;

        let project = Copy::empty();
        let prepared = prepared("other-user", &project.path(""));
        let mut program = Command::new(env::current_exe().unwrap());
        program.arg("--help").stdout(Stdio::null()).uid(NOBODY).gid(NOBODY);
        let works = program.status().is_ok_and(|status| status.success());
        match prepared {
            Ok(run) => {
                assert!(works, "the other user cannot run this program");
                assert_eq!(run.user, Some(NOBODY));
                assert!(variable(&run, "TMPDIR").unwrap().unwrap().is_dir());
            }
            Err(why) => assert!(!works && why.contains("user"), "{why}"),
        }
    }

    #[cfg(unix)]
    #[test]
    fn command_succeeds_if_its_status_is_zero() {
        assert!(quiet(&["sh", "-c", "exit 0"]));
        assert!(!quiet(&["sh", "-c", "exit 1"]));
        assert!(!quiet(&["no-such-program"]));
        assert!(!quiet(&[]));
    }

    #[cfg(unix)]
    #[test]
    fn commands_before_a_program_run_it() {
        let project = Copy::empty();
        for (name, check) in [("open-umask", "test $(umask) -eq 0"), ("no-network", "true")] {
            match prepared(name, &project.path("")) {
                Ok(run) => {
                    let before = run.before.iter().map(|word| word.to_str().unwrap());
                    let words: Vec<&str> = before.chain(["sh", "-c", check]).collect();
                    assert!(quiet(&words), "{words:?}");
                    assert!(!run.before.is_empty(), "{name}");
                }
                // It is not permitted in a container.
                Err(why) => {
                    let words = ["unshare", "--net", "sh", "-c", "ip link set lo up"];
                    assert!(name == "no-network" && !quiet(&words), "{name}: {why}");
                }
            }
        }
    }

    /// A program that `sh` runs, with this text.
    #[cfg(unix)]
    fn script(project: &Copy, name: &str, text: &str) -> Program {
        project.write(name, text);
        Program { name: name.to_owned(), path: project.path(name), folder: project.path("") }
    }

    #[cfg(unix)]
    const SHELL: Environment = Environment {
        name: "shell",
        prepare: |run| {
            run.before = vec!["sh".into()];
            run.arguments = vec!["argument".into()];
            run.set("SET_BY_TEST", "set");
            run.remove("HOME");
            Ok(())
        },
    };

    #[cfg(unix)]
    #[test]
    fn tests_of_all_programs_are_counted_and_failures_are_named() {
        let project = Copy::empty();
        let programs = [
            script(&project, "good", "echo running 3 tests"),
            script(&project, "bad", "echo running 2 tests\necho test a::b ... FAILED\nexit 101"),
            script(&project, "aborted", "echo running 1 test >&2\nexit 134"),
            script(
                &project,
                "told",
                "echo \"test $1 ... FAILED\"\necho \"test $SET_BY_TEST ... FAILED\"\n\
                 echo \"test ${HOME-none} ... FAILED\"\n\
                 if test \"$CARGO_MANIFEST_DIR\" -ef .; then exit; fi",
            ),
        ];
        let figures = in_environment(&SHELL, &programs, &project.path("environment")).unwrap();
        assert_eq!(figures.tests, 6);
        assert_eq!(
            figures.failed,
            ["bad: a::b", "aborted did not succeed", "told: argument", "told: set", "told: none",]
        );
        let cannot = Environment { name: "cannot", prepare: |_| Err("why".to_owned()) };
        let result = in_environment(&cannot, &programs, &project.path("environment"));
        assert_eq!(result.err(), Some("why".to_owned()));
    }

    #[cfg(unix)]
    #[test]
    fn output_of_programs_that_fail_is_printed() {
        let print = || {
            let project = Copy::empty();
            let programs = [
                script(&project, "good", "echo running 3 tests"),
                script(&project, "bad", "echo running 2 tests\nexit 101"),
            ];
            in_environment(&SHELL, &programs, &project.path("environment")).unwrap();
        };
        let name = "environments::tests::output_of_programs_that_fail_is_printed";
        let Some(text) = copy::printed(name, print) else { return };
        assert!(text.contains("bad\n  running 2 tests\n5 tests, 1 failed\n"), "{text}");
        assert!(!text.contains("running 3 tests"), "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn only_named_environments_are_used() {
        let _project = Copy::empty();
        copy::replace_cargo(|arguments| {
            let artifact = r#"{"reason": "compiler-artifact", "manifest_path": "/Cargo.toml",
                "target": {"name": "a"}, "profile": {"test": true}, "executable": "false"}"#;
            let is_list = arguments.contains("--message-format json");
            Ok(if is_list { artifact.replace('\n', "") } else { String::new() })
        });
        let names = ["time-zone".to_owned(), "language".to_owned()];
        assert_eq!(
            run(&names).unwrap_err(),
            "failed:\n  time-zone:  a did not succeed\n  language:  a did not succeed"
        );
        let folder = env::temp_dir().join(format!("xtask-environments-{}", std::process::id()));
        assert!(!folder.exists());
    }
}
