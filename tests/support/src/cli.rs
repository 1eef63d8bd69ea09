//! A command-line program, run against a sandbox in the test's process.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use api_sandbox::{Sandbox, SandboxClock};

use crate::examples::is_current;

/// A command-line program under test.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// The path of the program, `env!("CARGO_BIN_EXE_NAME")`.
    pub path: &'static str,
    /// The prefix of the program's variables, such as `TPAY_`.
    pub prefix: &'static str,
    /// Secrets that no output may contain.
    pub secrets: &'static [&'static str],
}

/// A sandbox, and a home folder for the program, which is also its current folder.
#[derive(Debug)]
pub struct World {
    /// The servers.
    pub sandbox: Sandbox,
    /// The home folder. It is removed on drop.
    pub home: PathBuf,
    pub(crate) program: Program,
}

/// The result of a run.
#[derive(Debug)]
pub struct Run {
    /// The exit status, or -1 after a signal.
    pub status: i32,
    /// The standard output.
    pub stdout: String,
    /// The standard error.
    pub stderr: String,
}

impl Program {
    /// Runs a command with this input.
    ///
    /// # Panics
    /// Panics if the output contains a secret.
    pub fn finish(&self, mut command: Command, input: &str) -> Run {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A program that does not read its input closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        let run = Run { status: output.status.code().unwrap_or(-1), stdout, stderr };
        self.check_secrets(&[&run.stdout, &run.stderr]);
        run
    }

    /// Checks that texts contain no secret.
    ///
    /// # Panics
    /// Panics if a text contains a secret.
    pub fn check_secrets(&self, texts: &[&str]) {
        for secret in self.secrets {
            assert!(texts.iter().all(|text| !text.contains(secret)), "{texts:?}");
        }
    }
}

impl World {
    /// Starts a sandbox and creates a home folder.
    ///
    /// # Panics
    /// Panics if that fails.
    pub fn new(program: Program) -> Self {
        Self::at(program, SandboxClock::default())
    }

    /// Starts a sandbox with this clock, like [`new`](Self::new).
    ///
    /// # Panics
    /// Panics if that fails.
    pub fn at(program: Program, clock: SandboxClock) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let prefix = program.prefix.to_ascii_lowercase();
        let home = std::env::temp_dir().join(format!("{prefix}{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&home);
        std::fs::create_dir_all(&home).unwrap();
        let sandbox = Sandbox::start_with_clock(0, clock).unwrap();
        Self { sandbox, home, program }
    }

    /// Returns the names and values of the program's variables.
    pub fn variables(&self) -> impl Iterator<Item = (&'static str, String)> {
        let prefix = self.program.prefix;
        self.sandbox.environment().into_iter().filter(move |(name, _)| name.starts_with(prefix))
    }

    /// Returns all variables of a program with the credentials of the sandbox.
    #[cfg(feature = "trycmd")]
    pub(crate) fn environment(&self) -> impl Iterator<Item = (&'static str, String)> {
        let system = self.system().map(|(name, value)| (name, value.into_string().unwrap()));
        system.chain(self.variables())
    }

    /// Returns the text of an environment file.
    pub fn env_file(&self) -> String {
        self.variables().map(|(name, value)| format!("export {name}='{value}'\n")).collect()
    }

    /// Sets the home folder and the credentials of the sandbox, and removes all other variables.
    pub fn prepare(&self, command: &mut Command) {
        self.clear(command);
        command.envs(self.variables());
    }

    fn clear(&self, command: &mut Command) {
        command.env_clear().current_dir(&self.home).envs(self.system());
    }

    /// Returns the variables of a program without credentials.
    fn system(&self) -> impl Iterator<Item = (&'static str, OsString)> {
        let cache = self.home.join("cache").into_os_string();
        let home = [("HOME", self.home.clone().into_os_string()), ("XDG_CACHE_HOME", cache)];
        home.into_iter().chain(system_root())
    }

    /// Returns a command of the program without credentials.
    pub fn bare(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.program.path);
        self.clear(&mut command);
        command.args(arguments);
        command
    }

    /// Returns a command of the program with the credentials of the sandbox in its environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare(arguments);
        command.envs(self.variables());
        command
    }

    /// Runs the program.
    ///
    /// # Panics
    /// Panics if the output contains a secret.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.finish(self.command(arguments), "")
    }

    /// Runs the program, which must succeed, and returns its output.
    ///
    /// # Panics
    /// Panics if the exit status is not 0.
    pub fn text(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!(run.status, 0, "{arguments:?}: {run:?}");
        run.stdout
    }

    /// Runs a command with this input; see [`Program::finish`].
    ///
    /// # Panics
    /// Panics if the output contains a secret.
    pub fn finish(&self, command: Command, input: &str) -> Run {
        self.program.finish(command, input)
    }

    /// Runs the commands of the `console` blocks of a README, of which there are at least `least`.
    ///
    /// # Panics
    /// Panics if a status or an output differs.
    #[cfg(unix)]
    pub fn walk(&self, page: &str, least: usize) {
        let mut shell = Command::new("sh");
        self.prepare(&mut shell);
        let output = crate::console::check(page, self.program.path, shell, least);
        self.program.check_secrets(&[&output]);
    }
}

/// Returns the variable that Windows needs to open sockets.
pub(crate) fn system_root() -> Option<(&'static str, OsString)> {
    #[expect(clippy::disallowed_methods, reason = "it is passed on")]
    std::env::var_os("SystemRoot").map(|folder| ("SystemRoot", folder))
}

/// The running program `api-sandbox`. It is stopped on drop.
#[derive(Debug)]
pub struct SandboxProgram {
    /// The variables that it prints.
    pub variables: BTreeMap<String, String>,
    child: Child,
}

impl SandboxProgram {
    /// Starts the program with these arguments, on free ports.
    ///
    /// # Panics
    /// Panics if it cannot be built or started.
    pub fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(sandbox_program());
        command.args(arguments).args(["--port", "0", "--env", "json", "--log", "off"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut object = String::new();
        for line in lines {
            object.push_str(&line);
            if line == "}" {
                break;
            }
        }
        Self { variables: serde_json::from_str(&object).unwrap(), child }
    }

    /// Runs a command of a program with the variables of these servers, which were started with
    /// `--tls`. It must trust their root certificate because of the variables, and succeed, and its
    /// output must not contain a URL of plain HTTP.
    ///
    /// # Panics
    /// Panics if that is not so.
    pub fn encrypted(&self, world: &World, arguments: &[&str]) -> String {
        let mut command = world.bare(arguments);
        command.envs(&self.variables);
        let run = world.finish(command, "");
        assert_eq!(run.status, 0, "{arguments:?}: {run:?}");
        assert!(!run.stdout.contains("http:"), "{arguments:?}: {run:?}");
        run.stdout
    }
}

impl Drop for SandboxProgram {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(file) = self.variables.get("SSL_CERT_FILE") {
            let _ = std::fs::remove_file(file);
        }
    }
}

/// Returns the path of the program `api-sandbox`. `cargo test` builds it for the package
/// `api-sandbox` and for the workspace only, so it is built here if it is missing or older than its
/// sources.
fn sandbox_program() -> PathBuf {
    static BUILD: Mutex<()> = Mutex::new(());
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let program = profile.join("api-sandbox").with_extension(std::env::consts::EXE_EXTENSION);
    let _guard = BUILD.lock().unwrap();
    if !is_current(&program) {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--locked", "--package", "api-sandbox", "--target-dir"]);
        build.arg(profile.parent().unwrap()).current_dir(env!("CARGO_MANIFEST_DIR"));
        assert!(build.status().unwrap().success(), "{build:?}");
    }
    assert!(is_current(&program), "{program:?} is missing: run `cargo build -p api-sandbox`");
    program
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

/// Reads the next line that a program writes to a stream, such as a message that it waits. Returns
/// the line without its line end, and the stream.
///
/// # Panics
/// Panics, after the program was killed, if there is no line within 60 s.
pub fn next_line<R: BufRead + Send + 'static>(child: &mut Child, mut stream: R) -> (String, R) {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        let _ = sender.send((line.trim_end_matches('\n').to_owned(), stream));
    });
    let received = receiver.recv_timeout(std::time::Duration::from_secs(60));
    received.unwrap_or_else(|_| {
        child.kill().unwrap();
        panic!("the program wrote no line within 60 s: {:?}", child.wait());
    })
}

/// Returns a standard output that nothing reads, for a command. The reader of a pipe could also be
/// open in a process that another thread is starting, so this is a socket that is shut down.
#[cfg(unix)]
pub fn closed_output() -> Stdio {
    let (reader, writer) = std::os::unix::net::UnixStream::pair().unwrap();
    reader.shutdown(std::net::Shutdown::Both).unwrap();
    Stdio::from(std::os::fd::OwnedFd::from(writer))
}

/// Returns a standard output that nothing reads, for a command.
#[cfg(not(unix))]
pub fn closed_output() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    Stdio::from(writer)
}
