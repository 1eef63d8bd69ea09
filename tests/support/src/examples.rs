//! Rules for the examples of every provider crate, which are run as a new user would run them.
//!
//! A provider crate gives [`Example`] valid arguments for each of its examples, in
//! `tests/integration/examples.rs`. The rules:
//!
//! 1. `--help` succeeds and prints usage, exit statuses and environment variables;
//! 2. an unknown option is named, and the exit status is 2;
//! 3. a missing environment variable is named, and nothing else is printed;
//! 4. rejected credentials are an error that names the status and shows no secret;
//! 5. a server that cannot be reached is an error that says so;
//! 6. a closed pipe changes neither the work nor the exit status, and is not reported.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use api_sandbox::Sandbox;

use crate::cli::closed_output;

/// No server listens on this port.
const NOWHERE: &str = "http://127.0.0.1:9";

/// The prefixes of the variables that clients read.
const CLIENTS: [&str; 4] = ["TINYPASS_", "TINYCERT_", "TOKENPASS_", "TPAY_"];

/// Returns the path of an example's program, which `cargo test` builds for the packages that it
/// tests.
///
/// # Panics
/// Panics if the program is missing, or older than one of its sources: `cargo test --test NAME`
/// builds no examples.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let program = profile.join("examples").join(name);
    let program = program.with_extension(std::env::consts::EXE_EXTENSION);
    assert!(
        is_current(&program),
        "the example {name} is missing or older than its sources: run `cargo build --workspace \
         --examples --locked`, or test the whole package by `cargo test -p PACKAGE`"
    );
    program
}

/// Returns a command of an example, without the variables of clients that a developer may have set.
pub fn command(name: &str) -> Command {
    let mut command = Command::new(program(name));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if CLIENTS.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}

/// Returns whether a program is newer than each of the sources that cargo lists beside it.
pub(crate) fn is_current(program: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
    let list = fs::read_to_string(program.with_extension("d")).unwrap_or_default();
    let sources = list.split_once(": ").map(|(_, sources)| sources.replace("\\ ", "\0"));
    let (Some(built), Some(sources)) = (modified(program), sources) else { return false };
    let mut sources = sources.split_whitespace().map(|source| source.replace('\0', " "));
    sources.all(|source| modified(Path::new(&source)).is_some_and(|changed| changed <= built))
}

/// An example with valid arguments.
#[derive(Debug)]
pub struct Example {
    /// The name of the example.
    pub name: &'static str,
    /// The arguments.
    pub arguments: &'static [&'static str],
}

/// The environment variables of a provider by their meaning.
#[derive(Debug)]
pub struct Variables {
    /// The prefix of all variables.
    pub prefix: &'static str,
    /// The variable of the secret that signs requests.
    pub secret: &'static str,
    /// The variable of the base URL, or another one that the example reads.
    pub base_url: &'static str,
    /// A part of the error for a wrong secret.
    pub refusal: &'static str,
}

/// A folder that is removed on drop.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Example {
    /// Checks all rules, for an example that calls the server and ends.
    pub fn holds(&self, variables: &Variables) {
        let _folder = Folder(self.folder());
        self.starts_well(variables);
        let sandbox = Sandbox::start().unwrap();
        self.names_a_refusal(&sandbox, variables);
        self.names_a_server_that_is_not_there(&sandbox, variables);
        self.survives_a_closed_pipe();
    }

    /// Checks the rules before the first call, for an example that listens or calls everything.
    pub fn starts_well(&self, variables: &Variables) {
        let _folder = Folder(self.folder());
        let sandbox = Sandbox::start().unwrap();
        self.explains_itself(&sandbox);
        self.explains_itself_to_a_closed_pipe(&sandbox);
        self.names_a_wrong_option(&sandbox);
        self.names_a_missing_variable(&sandbox, variables);
        #[cfg(unix)]
        self.names_a_variable_that_is_not_utf_8(&sandbox, variables);
    }

    /// Returns a command that runs the program with the variables of a sandbox, in a folder of its
    /// own.
    fn command(&self, sandbox: &Sandbox) -> Command {
        let folder = self.folder();
        fs::create_dir_all(&folder).unwrap();
        let mut command = command(self.name);
        command.envs(sandbox.environment()).current_dir(folder);
        command
    }

    fn folder(&self) -> PathBuf {
        let name = format!("example-{}-{}", self.name, std::process::id());
        std::env::temp_dir().join(name)
    }

    /// Runs a command to its end; returns the exit status, stdout and stderr.
    fn ran(&self, command: &mut Command) -> (i32, String, String) {
        let Output { status, stdout, stderr } =
            command.output().unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (status.code().unwrap(), text(stdout), text(stderr))
    }

    fn explains_itself(&self, sandbox: &Sandbox) {
        for option in ["--help", "-h"] {
            let (status, help, error) = self.ran(self.command(sandbox).arg(option));
            assert_eq!((status, error.as_str()), (0, ""), "{}", self.name);
            for part in [&format!("usage: {}", self.name), "exit status: ", "environment: "] {
                assert!(
                    help.contains(part),
                    "{} --help does not contain {part:?}: {help}",
                    self.name
                );
            }
        }
    }

    /// Runs a command whose standard output is closed; returns the exit status and stderr.
    fn ran_into_a_closed_pipe(&self, command: &mut Command) -> (i32, String) {
        let child = command.stdout(closed_output()).stderr(Stdio::piped()).spawn().unwrap();
        let Output { status, stderr, .. } = child.wait_with_output().unwrap();
        (status.code().unwrap(), String::from_utf8(stderr).unwrap())
    }

    fn explains_itself_to_a_closed_pipe(&self, sandbox: &Sandbox) {
        let ended = self.ran_into_a_closed_pipe(self.command(sandbox).arg("--help"));
        assert_eq!(ended, (0, String::new()), "{}", self.name);
    }

    fn survives_a_closed_pipe(&self) {
        let open = Sandbox::start().unwrap();
        let (status, _, error) = self.ran(self.command(&open).args(self.arguments));
        let closed = Sandbox::start().unwrap();
        let ended = self.ran_into_a_closed_pipe(self.command(&closed).args(self.arguments));
        // An export that was not read to its end is not complete.
        let is_export = self.name.starts_with("export_");
        let expected = if is_export { (1, String::new()) } else { (status, error) };
        assert_eq!(ended, expected, "{}", self.name);
        if !is_export {
            assert_eq!(closed.take_seen().len(), open.take_seen().len(), "{}", self.name);
        }
    }

    fn names_a_wrong_option(&self, sandbox: &Sandbox) {
        let (status, printed, error) = self.ran(self.command(sandbox).arg("--nonsense"));
        assert_eq!((status, printed.as_str()), (2, ""), "{}", self.name);
        assert_eq!(error, format!("{}: invalid option '--nonsense'\n", self.name));
    }

    fn names_a_missing_variable(&self, sandbox: &Sandbox, variables: &Variables) {
        let mut command = self.command(sandbox);
        for (name, _) in sandbox.environment() {
            command.env_remove(name);
        }
        let (status, printed, error) = self.ran(command.args(self.arguments));
        assert_eq!((status != 0, printed.as_str()), (true, ""), "{}", self.name);
        let expected = format!("{}: {}", self.name, variables.prefix);
        assert!(error.starts_with(&expected), "{error}");
        assert!(error.contains("must be set in the environment"), "{error}");
    }

    #[cfg(unix)]
    fn names_a_variable_that_is_not_utf_8(&self, sandbox: &Sandbox, variables: &Variables) {
        use std::os::unix::ffi::OsStrExt;

        let value = std::ffi::OsStr::from_bytes(b"http://127.0.0.1:1/\xff");
        let mut command = self.command(sandbox);
        command.args(self.arguments).env(variables.base_url, value);
        let (status, printed, error) = self.ran(&mut command);
        assert_eq!((status != 0, printed.as_str()), (true, ""), "{}", self.name);
        assert_eq!(error, format!("{}: {}: is not UTF-8\n", self.name, variables.base_url));
    }

    fn names_a_refusal(&self, sandbox: &Sandbox, variables: &Variables) {
        let mut command = self.command(sandbox);
        command.args(self.arguments).env(variables.secret, "CANARY");
        let (status, printed, error) = self.ran(&mut command);
        assert_ne!(status, 0, "{}", self.name);
        let told = printed + &error;
        assert!(told.contains(variables.refusal), "{}: {told}", self.name);
        assert!(!told.contains("CANARY"), "{told}");
    }

    fn names_a_server_that_is_not_there(&self, sandbox: &Sandbox, variables: &Variables) {
        let mut command = self.command(sandbox);
        command.args(self.arguments).env(variables.base_url, NOWHERE);
        let (status, printed, error) = self.ran(&mut command);
        assert_ne!(status, 0, "{}", self.name);
        let told = printed + &error;
        assert!(told.contains("connection refused"), "{}: {told}", self.name);
    }
}
