//! A command-line program, run against a sandbox in the test's process.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api_sandbox::{Sandbox, SandboxClock};

use crate::examples::is_current;

/// The maximum time that a test waits for a program.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

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
    let received = receiver.recv_timeout(LIMIT);
    received.unwrap_or_else(|_| {
        child.kill().unwrap();
        panic!("the program wrote no line within 60 s: {:?}", child.wait());
    })
}

/// Waits until `is_ready` returns `true` while a program runs.
///
/// # Panics
/// Panics if the program ends before, or, after it was killed, if this takes more than 60 s.
pub fn wait_until(child: &mut Child, mut is_ready: impl FnMut() -> bool) {
    let mut ended = None;
    let is_in_time = within_limit(|| {
        ended = child.try_wait().unwrap();
        if is_ready() {
            ended = None;
            return true;
        }
        ended.is_some()
    });
    assert!(ended.is_none(), "the program ended: {ended:?}");
    if !is_in_time {
        child.kill().unwrap();
        panic!("the program was not ready within 60 s: {:?}", child.wait());
    }
}

/// Waits until `is_ready` returns `true`. Returns `false` if this takes more than 60 s.
pub fn within_limit(mut is_ready: impl FnMut() -> bool) -> bool {
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    // It ends before `stop` is dropped only if the time is over.
    let limit = std::thread::spawn(move || stopped.recv_timeout(LIMIT).is_ok());
    let mut is_in_time = is_ready();
    while !is_in_time && !limit.is_finished() {
        std::thread::yield_now();
        is_in_time = is_ready();
    }
    drop(stop);
    is_in_time
}

/// An attribute of a file or folder, such as `i` (immutable). It is removed on drop, so a failed
/// test leaves no file that cannot be removed.
#[cfg(unix)]
#[derive(Debug)]
pub struct Attribute {
    letter: char,
    path: PathBuf,
}

#[cfg(unix)]
impl Attribute {
    /// Sets an attribute. Returns `None`, with a message, if this user cannot set it, or if the
    /// file system does not support it.
    pub fn set(letter: char, path: &Path) -> Option<Self> {
        let attribute = Self { letter, path: path.to_owned() };
        if attribute.change('+') {
            return Some(attribute);
        }
        eprintln!("skipped: this user cannot set the attribute {letter} of a file");
        // There is nothing to remove.
        std::mem::forget(attribute);
        None
    }

    fn change(&self, sign: char) -> bool {
        let change = format!("{sign}{}", self.letter);
        let output = Command::new("chattr").arg(change).arg(&self.path).output();
        output.is_ok_and(|output| output.status.success())
    }
}

#[cfg(unix)]
impl Drop for Attribute {
    fn drop(&mut self) {
        assert!(self.change('-') || std::thread::panicking(), "{self:?} was not removed");
    }
}

/// Makes a command run as another user if the tests are run by root, who can write to any file.
/// Returns `false`, with a message, if that user cannot run the program in its folder.
#[cfg(unix)]
#[must_use]
pub fn as_other_user(command: &mut Command) -> bool {
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::process::CommandExt;

    const NOBODY: u32 = 65534;
    let folder = command.get_current_dir().unwrap_or(Path::new(".")).to_owned();
    if std::fs::metadata(&folder).unwrap().uid() != 0 {
        return true;
    }
    // Without access to the program or to the folder, it cannot be started.
    let mut version = Command::new(command.get_program());
    let started = version.arg("--version").current_dir(folder).uid(NOBODY).output();
    command.uid(NOBODY);
    if started.is_err() {
        eprintln!("skipped: another user cannot run the program in its folder");
    }
    started.is_ok()
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

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).stdin(Stdio::null());
        shell
    }

    #[test]
    fn program_that_ends_is_not_waited_for() {
        let mut child = shell("exit 3").spawn().unwrap();
        let wait = std::panic::AssertUnwindSafe(|| wait_until(&mut child, || false));
        let panic = std::panic::catch_unwind(wait).unwrap_err();
        let message = panic.downcast::<String>().unwrap();
        assert!(message.contains("the program ended: Some(ExitStatus"), "{message}");
        // It may end as soon as it is ready.
        wait_until(&mut child, || true);
    }

    #[test]
    fn user_who_cannot_start_a_program_is_noticed() {
        let folder = std::env::temp_dir().join(format!("as-other-user-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let is_root = std::os::unix::fs::MetadataExt::uid(&folder.metadata().unwrap()) == 0;
        let start = |mode| {
            std::fs::set_permissions(&folder, PermissionsExt::from_mode(mode)).unwrap();
            let mut command = shell("test ! -w .");
            as_other_user(command.current_dir(&folder)).then_some(command)
        };
        assert_eq!(start(0o700).is_none(), is_root);
        // The folder of temporary files may be closed to that user, too.
        if let Some(mut command) = start(0o755).filter(|_| is_root) {
            assert!(command.status().unwrap().success());
        }
        std::fs::remove_dir(&folder).unwrap();
    }
}
