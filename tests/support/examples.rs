//! What holds for every example of every provider, as a person runs it who has never seen it.
//!
//! Each provider crate includes this file in its `tests/examples.rs` and gives it, for each example,
//! arguments that are right. The rules:
//!
//! 1. `--help` is no error, and tells usage, exit statuses and variables;
//! 2. an option that is not there is named, and the exit status is 2;
//! 3. a variable that is missing is named, and nothing is printed but that;
//! 4. keys that the server refuses are an error that names its status, and shows none of them;
//! 5. a server that is not there is an error that says so.

use std::path::PathBuf;
use std::process::{Command, Output};

use api_sandbox::Sandbox;

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";

/// An example, with arguments that are right.
pub(crate) struct Example {
    pub(crate) name: &'static str,
    pub(crate) arguments: &'static [&'static str],
}

/// The variables of a provider by what they are.
pub(crate) struct Variables {
    /// What they begin with.
    pub(crate) prefix: &'static str,
    /// The secret that signs.
    pub(crate) secret: &'static str,
    /// Where the server is.
    pub(crate) base_url: &'static str,
    /// What the server answers to a wrong secret.
    pub(crate) refusal: &'static str,
}

impl Example {
    /// Looks at all rules: of an example that calls the server and ends.
    pub(crate) fn holds(&self, variables: &Variables) {
        self.starts_well(variables);
        let sandbox = Sandbox::start().unwrap();
        self.names_a_refusal(&sandbox, variables);
        self.names_a_server_that_is_not_there(&sandbox, variables);
    }

    /// Looks at the rules before the first call: of one that listens, or calls everything.
    pub(crate) fn starts_well(&self, variables: &Variables) {
        let sandbox = Sandbox::start().unwrap();
        self.explains_itself(&sandbox);
        self.names_a_wrong_option(&sandbox);
        self.names_a_missing_variable(&sandbox, variables);
    }

    /// The program that cargo built beside this test, where a sandbox's variables are set.
    fn command(&self, sandbox: &Sandbox) -> Command {
        let test = std::env::current_exe().unwrap();
        let folder = test.parent().and_then(|deps| deps.parent()).unwrap().join("examples");
        let program: PathBuf =
            folder.join(self.name).with_extension(std::env::consts::EXE_EXTENSION);
        let mut command = Command::new(program);
        command.envs(sandbox.environment());
        command
    }

    /// Runs it to its end; its exit status and what it printed to both streams.
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
                assert!(help.contains(part), "{} --help tells no {part:?}: {help}", self.name);
            }
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
