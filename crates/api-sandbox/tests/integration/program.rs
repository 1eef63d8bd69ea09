//! Tests of the program `api-sandbox`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::print_stderr, reason = "tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

#[cfg(unix)]
use test_support::cli::{wait_until, within_limit};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_api-sandbox"));
    command.args(arguments).stdin(Stdio::null()).env_remove("SHELL");
    command
}

fn output(arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = program(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// A running program. It is stopped on drop.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder that is removed on drop.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("api-sandbox-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// Returns the path of a file.
    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// Waits for a complete line in a file.
    #[cfg(unix)]
    fn line(&self, name: &str) -> String {
        let mut text = String::new();
        let is_complete = within_limit(|| {
            text = std::fs::read_to_string(self.0.join(name)).unwrap_or_default();
            text.ends_with('\n')
        });
        assert!(is_complete, "{name}: {text:?}");
        text.trim_end_matches('\n').to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

#[test]
fn variables_are_printed_and_requests_are_logged() {
    let arguments = ["tpay", "--port", "0", "--log", "json", "--misbehave", "bad-gateway"];
    let mut command = program(&arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    let stdout = BufReader::new(running.0.stdout.take().unwrap());
    let line = stdout.lines().map(Result::unwrap).find(|line| line.contains("TPAY_BASE_URL"));
    let address = line.unwrap().replace("export TPAY_BASE_URL=http://", "");
    assert!(get(&address, "/transactions").starts_with("HTTP/1.1 502 "));
    assert!(get(&address, "/transactions").starts_with("HTTP/1.1 401 "));
    let stderr = BufReader::new(running.0.stderr.take().unwrap());
    let entries: Vec<serde_json::Value> = stderr
        .lines()
        .map(Result::unwrap)
        .filter(|line| line.starts_with('{'))
        .take(2)
        .map(|line| serde_json::from_str(&line).unwrap())
        .collect();
    let [first, second] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!((&first["status"], &first["reason"]), (&502.into(), &"misbehaviour".into()));
    assert_eq!(second["provider"], "tpay");
    assert_eq!(second["endpoint"], "transactions.list");
    assert_eq!(second["credentials"], "invalid");
}

#[test]
fn variables_are_printed_for_the_shell_of_the_user() {
    for (shell, begin) in [("/usr/bin/fish", "set -gx "), ("/bin/zsh", "export ")] {
        let mut command = program(&["tpay", "--port", "0"]);
        command.env("SHELL", shell).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut running = Running(command.spawn().unwrap());
        let mut line = String::new();
        BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with(begin), "{shell}: {line}");
    }
}

#[test]
fn command_gets_the_variables_and_its_exit_status_is_returned() {
    if cfg!(not(unix)) {
        eprintln!("skipped: the command is a script for sh");
        return;
    }
    let script = r#"test -n "$TINYPASS_BASE_URL" && test -z "$TPAY_BASE_URL" && exit 7"#;
    let status = program(&["run", "tinypass", "--", "sh", "-c", script])
        .env("TPAY_BASE_URL", "https://api.tpay.com")
        .status();
    assert_eq!(status.unwrap().code(), Some(7));
    assert_eq!(output(&["run", "--", "sh", "-c", "kill -9 $$"]).0, 128 + 9);
    let (status, _, error) = output(&["run", "--", "/no/such/program"]);
    assert_eq!(status, 10);
    assert!(error.starts_with("api-sandbox: /no/such/program: "), "{error}");
}

#[cfg(unix)]
mod signals {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    /// Returns names and numbers of the signals that end the program. A signal that this process
    /// ignores, as under `nohup`, is ignored by the program, too.
    fn signals() -> impl Iterator<Item = (&'static str, i32)> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:\t"));
        let ignored = ignored.map_or(0, |mask| u64::from_str_radix(mask, 16).unwrap());
        // The numbers of USR1 and USR2 depend on the system.
        let user = if cfg!(target_os = "linux") { [10, 12] } else { [30, 31] };
        let all = [
            ("HUP", 1),
            ("INT", 2),
            ("QUIT", 3),
            ("ALRM", 14),
            ("TERM", 15),
            ("USR1", user[0]),
            ("USR2", user[1]),
        ];
        all.into_iter().filter(move |(_, number)| ignored >> (number - 1) & 1 == 0)
    }

    fn kill(signal: &str, id: &str) -> bool {
        let mut kill = Command::new("sh");
        kill.args(["-c", &format!("kill -{signal} {id} 2>/dev/null")]);
        kill.status().unwrap().success()
    }

    /// Starts a script of `sh` by `api-sandbox run`. Processes that the test does not end are killed.
    fn run(script: &str, folder: &Folder) -> Running {
        run_with(&[], script, folder)
    }

    fn run_with(options: &[&str], script: &str, folder: &Folder) -> Running {
        let mut command = program(&[&["run"], options, &["--", "sh", "-c", script]].concat());
        command.current_dir(&folder.0).stdout(Stdio::null()).stderr(Stdio::null());
        Running(command.spawn().unwrap())
    }

    /// Returns whether a process ends. The first process of the system waits for it.
    fn ends(folder: &Folder, file: &str) -> bool {
        let id = folder.line(file);
        let is_running = || {
            let state = std::fs::read_to_string(format!("/proc/{id}/stat"));
            kill("0", &id) && !state.is_ok_and(|state| state.contains(") Z "))
        };
        let ends = (0..1000).any(|_| !is_running());
        if !ends {
            kill("KILL", &id);
        }
        ends
    }

    #[test]
    fn signal_ends_the_command_with_its_children() {
        for (name, number) in signals() {
            let folder = Folder::new(name);
            // The shell lets a child in the background ignore SIGINT.
            let script = "trap 'echo > cleaned; exit' HUP INT QUIT ALRM TERM USR1 USR2; \
                          echo $$ > child; \
                          sh -c 'echo $$ > grandchild; exec sleep 600' & wait";
            let mut running = run(script, &folder);
            let started = [folder.line("child"), folder.line("grandchild")];
            assert!(started.iter().all(|id| kill("0", id)));
            assert!(kill(name, &running.0.id().to_string()));
            assert_eq!(running.0.wait().unwrap().signal(), Some(number), "{name}");
            for file in ["child", "grandchild"] {
                assert!(ends(&folder, file), "{name}: {file}");
            }
            assert!(folder.0.join("cleaned").exists(), "{name}: the command may clean up");
        }
    }

    #[test]
    fn children_may_clean_up_after_the_command_has_ended() {
        let folder = Folder::new("children");
        let script = "mkfifo go; sh -c 'trap \"echo > trapped; read line < go; echo > cleaned; exit\" \
                      TERM; echo $$ > grandchild; while :; do read line < go; done' & \
                      trap exit TERM; echo $$ > child; wait";
        let mut running = run(script, &folder);
        let child = folder.line("child");
        folder.line("grandchild");
        assert!(kill("TERM", &running.0.id().to_string()));
        wait_until(&mut running.0, || !kill("0", &child));
        wait_until(&mut running.0, || folder.0.join("trapped").exists());
        assert!(running.0.try_wait().unwrap().is_none());
        std::fs::write(folder.0.join("go"), "\n").unwrap();
        assert_eq!(running.0.wait().unwrap().signal(), Some(15));
        assert!(folder.0.join("cleaned").exists());
    }

    #[test]
    fn second_signal_kills_a_command_that_ignores_the_first() {
        let folder = Folder::new("ignored");
        // A trap does not run before the foreground command has ended, but it interrupts `wait`.
        let script =
            "trap 'echo > ignored' TERM; echo $$ > child; while :; do sleep 600 & wait; done";
        let mut running = run(script, &folder);
        folder.line("child");
        let id = running.0.id().to_string();
        assert!(kill("TERM", &id));
        folder.line("ignored");
        assert!(running.0.try_wait().unwrap().is_none());
        assert!(kill("TERM", &id));
        assert_eq!(running.0.wait().unwrap().signal(), Some(15));
        assert!(ends(&folder, "child"));
    }

    /// Waits until the program has told its second process the id of the command, which has started.
    /// After that, the program waits for signals from its other thread. Only Linux shows that.
    fn wait_for_message(id: u32) {
        let place = format!("/proc/{id}/wchan");
        let _ = (0..100_000).any(|_| {
            std::thread::yield_now();
            std::fs::read_to_string(&place).is_ok_and(|place| place.contains("futex"))
        });
    }

    #[test]
    fn killed_program_leaves_no_command_and_no_file() {
        let folder = Folder::new("killed");
        let script = "trap 'echo > cleaned; exit' TERM; echo \"$SSL_CERT_FILE\" > certificate; \
                      sh -c 'echo $$ > grandchild; exec sleep 600' & echo $$ > child; wait";
        let mut running = run_with(&["tpay", "--tls"], script, &folder);
        let certificate = folder.line("certificate");
        let started = [folder.line("child"), folder.line("grandchild")];
        assert!(started.iter().all(|id| kill("0", id)));
        assert!(std::path::Path::new(&certificate).exists());
        wait_for_message(running.0.id());
        running.0.kill().unwrap();
        running.0.wait().unwrap();
        for file in ["child", "grandchild"] {
            assert!(ends(&folder, file), "{file}");
        }
        assert!(folder.0.join("cleaned").exists(), "the command may clean up");
        let is_removed = |_| {
            std::thread::yield_now();
            !std::path::Path::new(&certificate).exists()
        };
        assert!((0..1_000_000).any(is_removed), "{certificate}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn stopped_command_receives_a_signal() {
        let folder = Folder::new("stopped");
        let script = "trap 'echo > cleaned; exit' TERM; echo $$ > child; kill -STOP $$; sleep 600";
        let mut running = run(script, &folder);
        let state = format!("/proc/{}/stat", folder.line("child"));
        wait_until(&mut running.0, || std::fs::read_to_string(&state).unwrap().contains(") T "));
        assert!(kill("TERM", &running.0.id().to_string()));
        assert_eq!(running.0.wait().unwrap().signal(), Some(15));
        assert!(folder.0.join("cleaned").exists());
    }

    /// Runs a script of `sh` in a new terminal, with `PROGRAM` in the environment. Returns `None` if
    /// the program `script` is not installed.
    #[cfg(target_os = "linux")]
    fn in_terminal(script: &str, folder: &Folder) -> Option<Output> {
        let mut terminal = Command::new("script");
        terminal.args(["-qec", script, "/dev/null"]).stdin(Stdio::null()).current_dir(&folder.0);
        terminal.env("PROGRAM", env!("CARGO_BIN_EXE_api-sandbox")).env("SHELL", "/bin/sh");
        let output = terminal.output().ok();
        if output.is_none() {
            eprintln!("skipped: script of util-linux is not installed");
        }
        output
    }

    /// A command in the background of a terminal would be stopped if it read from it.
    #[cfg(target_os = "linux")]
    #[test]
    fn command_that_reads_from_a_terminal_is_in_its_foreground() {
        // The fields after the name: state, parent, group, session, terminal, foreground group.
        let script = r#"read -r stat < /proc/$$/stat; set -- ${stat##*) }; test "$3" = "$6""#;
        let folder = Folder::new("foreground");
        if let Some(output) =
            in_terminal(&format!(r#""$PROGRAM" run -- sh -c '{script}'"#), &folder)
        {
            assert!(output.status.success(), "{output:?}");
        }
    }

    /// A program that was started in a terminal, but with another standard input, such as a test
    /// runner, sends the signal to `api-sandbox` only.
    #[cfg(target_os = "linux")]
    #[test]
    fn signal_is_passed_on_in_a_terminal_with_another_input() {
        let tried = signals().filter(|(name, _)| matches!(*name, "TERM" | "INT"));
        for (name, number) in tried {
            let folder = Folder::new(&format!("input-{name}"));
            std::fs::write(
                folder.file("command"),
                format!(
                    "trap 'echo > cleaned; exit' {name}; echo $$ > child; \
                     sh -c 'echo $$ > grandchild; exec sleep 600' & wait"
                ),
            )
            .unwrap();
            let script = format!(
                "(until test -s child && test -s grandchild; do sleep 0.01; done; \
                 kill -{name} $(cat program)) & \
                 sh -c 'echo $$ > program; exec \"$PROGRAM\" run -- sh command' < /dev/null"
            );
            let Some(output) = in_terminal(&script, &folder) else { return };
            assert_eq!(output.status.code(), Some(128 + number), "{output:?}");
            for file in ["child", "grandchild"] {
                assert!(ends(&folder, file), "{name}: {file}");
            }
            assert!(folder.0.join("cleaned").exists(), "{name}: the command may clean up");
        }
    }

    #[test]
    fn ignored_signal_is_not_handled() {
        let folder = Folder::new("nohup");
        let mut command = Command::new("sh");
        let script = "trap '' HUP; exec \"$0\" run -- sh -c 'echo $$ > child; read line; exit 7'";
        command.args(["-c", script, env!("CARGO_BIN_EXE_api-sandbox")]).current_dir(&folder.0);
        command.stdin(Stdio::piped()).stderr(Stdio::null());
        let mut running = Running(command.spawn().unwrap());
        folder.line("child");
        assert!(kill("HUP", &running.0.id().to_string()));
        drop(running.0.stdin.take());
        assert_eq!(running.0.wait().unwrap().code(), Some(7));
    }

    #[test]
    fn lack_of_file_descriptors_is_logged_and_not_final() {
        let script = r#"ulimit -n 40 && exec "$0" "$@""#;
        let program = env!("CARGO_BIN_EXE_api-sandbox");
        let mut command = Command::new("sh");
        command.args(["-c", script, program, "tpay", "--port", "0", "--env", "dotenv"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = Running(command.spawn().unwrap());
        let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
        let address = lines.find_map(|line| {
            line.unwrap().strip_prefix("TPAY_BASE_URL=http://").map(str::to_owned)
        });
        let address = address.unwrap();
        let mut log = BufReader::new(running.0.stderr.take().unwrap()).lines();
        let mut exhaust = || {
            let open: Vec<_> = (0..60).map(|_| TcpStream::connect(&address).unwrap()).collect();
            let is_logged = log.any(|line| line.unwrap().contains("connection not served"));
            assert!(is_logged);
            open
        };
        drop(exhaust());
        assert!(get(&address, "/transactions").starts_with("HTTP/1.1 401 "));
        let _open = exhaust();
        assert!(kill("TERM", &running.0.id().to_string()));
        assert_eq!(running.0.wait().unwrap().signal(), Some(15));
    }

    /// Returns the two ends of a pipe whose buffer is full.
    fn full_pipe() -> (std::os::unix::net::UnixStream, Stdio) {
        let (reader, mut writer) = std::os::unix::net::UnixStream::pair().unwrap();
        writer.set_nonblocking(true).unwrap();
        while writer.write(b"x").is_ok() {}
        writer.set_nonblocking(false).unwrap();
        (reader, Stdio::from(std::os::fd::OwnedFd::from(writer)))
    }

    #[test]
    fn signal_ends_the_program_while_its_output_is_not_read() {
        for (name, number) in signals() {
            for is_stdout in [true, false] {
                let folder = Folder::new(&format!("unread-{name}"));
                let (_reader, full) = full_pipe();
                let mut command = program(&["tpay", "--port", "0", "--tls"]);
                command.env("TMPDIR", &folder.0);
                match is_stdout {
                    true => command.stdout(full).stderr(Stdio::null()),
                    false => command.stdout(Stdio::null()).stderr(full),
                };
                let mut running = Running(command.spawn().unwrap());
                let files = || std::fs::read_dir(&folder.0).unwrap().count();
                // Signals are handled before the file is created.
                wait_until(&mut running.0, || files() > 0);
                assert!(kill(name, &running.0.id().to_string()));
                let mut status = None;
                within_limit(|| {
                    status = running.0.try_wait().unwrap();
                    status.is_some()
                });
                let signal = status.map(|status| status.signal());
                assert_eq!(signal, Some(Some(number)), "{name} {is_stdout}");
                assert_eq!(files(), 0, "{name} {is_stdout}");
            }
        }
    }

    #[test]
    fn requests_are_answered_while_the_log_is_not_read() {
        const REQUESTS: usize = 1500;
        let (reader, full) = full_pipe();
        let mut command = program(&["tpay", "--port", "0", "--env", "dotenv"]);
        let mut running = Running(command.stdout(Stdio::piped()).stderr(full).spawn().unwrap());
        let stdout = BufReader::new(running.0.stdout.take().unwrap());
        let line = stdout.lines().map(Result::unwrap).find(|line| line.contains("TPAY_BASE_URL"));
        let address = line.unwrap().replace("TPAY_BASE_URL=http://", "");
        let request = || {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
            let request = "GET /transactions HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
            stream.write_all(request.as_bytes()).unwrap();
            let mut response = String::new();
            stream.read_to_string(&mut response).unwrap();
            assert!(response.starts_with("HTTP/1.1 401 "), "{response}");
        };
        (0..REQUESTS).for_each(|_| request());
        // The lines that do not fit are counted in one message, and those after it are logged.
        let mut log = BufReader::new(reader).lines().map(Result::unwrap);
        let is_message = |line: &String| line.contains(" lines of the log were dropped");
        let lines: Vec<String> = log.by_ref().take_while(|line| !is_message(line)).collect();
        let logged = lines.iter().filter(|line| line.contains("GET /transactions")).count();
        assert!(logged > 100 && logged < REQUESTS, "{logged}");
        request();
        let next = log.next().unwrap();
        assert!(next.contains("GET /transactions") && !is_message(&next), "{next}");
        assert!(kill("TERM", &running.0.id().to_string()));
        assert_eq!(running.0.wait().unwrap().signal(), Some(15));
    }

    #[test]
    fn limit_of_file_sizes_is_an_error_like_a_full_disk() {
        let folder = Folder::new("limit");
        let limited = |blocks: u8, arguments: &str| {
            let mut command = Command::new("sh");
            let script = format!("ulimit -f {blocks}; exec \"$0\" {arguments}");
            command.args(["-c", &script, env!("CARGO_BIN_EXE_api-sandbox")]);
            command.current_dir(&folder.0).env("TMPDIR", &folder.0).stdin(Stdio::null());
            command
        };
        for (arguments, named) in [
            ("run tpay --tls -- true", "--tls: "),
            ("run tpay --env-file variables -- true", "--env-file variables: "),
            ("--help > help", "standard output: "),
        ] {
            let output = limited(0, arguments).output().unwrap();
            let error = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(10), "{arguments}: {error}");
            assert!(error.starts_with(&format!("api-sandbox: {named}")), "{error}");
            let _ = std::fs::remove_file(folder.0.join("help"));
            assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 0, "{arguments}");
        }
        // A log that cannot be written does not end the servers.
        let mut command = limited(1, "tpay --port 0 --env dotenv 2> log");
        let mut running = Running(command.stdout(Stdio::piped()).spawn().unwrap());
        let stdout = BufReader::new(running.0.stdout.take().unwrap());
        let line = stdout.lines().map(Result::unwrap).find(|line| line.contains("TPAY_BASE_URL"));
        let address = line.unwrap().replace("TPAY_BASE_URL=http://", "");
        for _ in 0..50 {
            assert!(get(&address, "/transactions").starts_with("HTTP/1.1 401 "));
        }
        assert!(kill("TERM", &running.0.id().to_string()));
        assert_eq!(running.0.wait().unwrap().signal(), Some(15));
    }

    #[test]
    fn signal_ends_the_servers_and_removes_their_certificate() {
        for (name, number) in signals() {
            let (mut running, values) = start(&["tpay", "--tls"], &["SSL_CERT_FILE"]);
            let certificate = std::path::Path::new(&values[0]);
            assert!(certificate.exists());
            assert!(kill(name, &running.0.id().to_string()));
            assert_eq!(running.0.wait().unwrap().signal(), Some(number), "{name}");
            assert!(!certificate.exists(), "{name}");
        }
    }
}

#[test]
fn help_and_errors_have_their_exit_statuses() {
    let (status, help, error) = output(&["--help"]);
    assert_eq!((status, error.as_str()), (0, ""));
    assert!(help.contains("api-sandbox run [OPTIONS] [PROVIDER...] -- COMMAND"), "{help}");
    assert_eq!(output(&["--version"]).1, concat!("api-sandbox ", env!("CARGO_PKG_VERSION"), "\n"));
    let (status, printed, error) = output(&["--prot", "1"]);
    assert_eq!((status, printed.as_str()), (2, ""));
    assert_eq!(error, "api-sandbox: invalid option '--prot'; see api-sandbox --help\n");
}

#[test]
fn closed_standard_output_is_no_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = program(&["--help"]).stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[cfg(target_os = "linux")]
#[test]
fn full_disk_is_an_error() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = program(&["--help"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(10));
    assert!(error.starts_with("api-sandbox: standard output: "), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn variables_that_cannot_be_printed_are_an_error() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let (reader, closed) = std::io::pipe().unwrap();
    drop(reader);
    for stdout in [Stdio::from(full), Stdio::from(closed)] {
        let mut command = program(&["--port", "0"]);
        let output = command.stdout(stdout).stderr(Stdio::piped()).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(10));
        assert!(error.starts_with("api-sandbox: standard output: "), "{error}");
    }
}

/// The errors contain the option, even if the failure occurs after the servers have started.
#[cfg(unix)]
#[test]
fn files_and_addresses_that_cannot_be_used_are_named() {
    let folder = Folder::new("unusable");
    let file = folder.file("file");
    std::fs::write(&file, "").unwrap();
    let [missing, below] = [folder.file("none/file"), folder.file("file/")];
    let folder = folder.0.to_str().unwrap();
    for (option, value) in [
        ("--env-file", folder),
        ("--env-file", "/"),
        ("--env-file", &missing),
        ("--env-file", &below),
        ("--seed", folder),
        ("--seed", &missing),
        // An address for documentation (RFC 5737), which no machine has.
        ("--bind", "192.0.2.1"),
    ] {
        let (status, printed, error) = output(&["run", option, value, "--", "echo", "started"]);
        assert_eq!((status, printed.as_str()), (10, ""), "{option} {value}: {error}");
        let begin = format!("api-sandbox: {option} {value}: ");
        assert!(error.starts_with(&begin), "{error}");
    }
    // Ports above this number are rejected, because the servers need four.
    let listeners = (0..50).map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let port = |listener: &std::net::TcpListener| listener.local_addr().unwrap().port();
    let taken = listeners.into_iter().find(|listener| port(listener) <= 65_532).unwrap();
    let port = port(&taken).to_string();
    for options in [&["--port", &port][..], &["--tls", "--port", &port]] {
        let arguments = [&["run"], options, &["--", "echo", "started"]].concat();
        let (status, printed, error) = output(&arguments);
        assert_eq!((status, printed.as_str()), (10, ""), "{options:?}: {error}");
        assert!(error.contains(&format!("cannot listen on 127.0.0.1:{port}: ")), "{error}");
        assert!(error.contains("; --port 0 selects free ports"), "{error}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn path_of_the_certificate_can_be_read_from_the_variables() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = Folder::new("temporary");
    let script = r#"file=$SSL_CERT_FILE; unset SSL_CERT_FILE; . ./variables;
                    test "$SSL_CERT_FILE" = "$file" && test -f "$file""#;
    for (name, is_valid) in [
        (&b"a b$(x)\"\\"[..], true),
        (b"\xff", false),
        (b"line\nbreak", false),
        (b"none/none", false),
    ] {
        let temporary = folder.0.join(OsStr::from_bytes(name));
        if name != b"none/none" {
            std::fs::create_dir(&temporary).unwrap();
        }
        let arguments = ["run", "tpay", "--tls", "--env-file", "variables", "--"];
        let mut command = program(&arguments);
        command.args(["sh", "-c", script]).current_dir(&folder.0).env("TMPDIR", &temporary);
        let output = command.output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        let status = if is_valid { 0 } else { 10 };
        assert_eq!(output.status.code(), Some(status), "{name:?}: {error}");
        let begin = "api-sandbox: --tls: the folder for temporary files, TMPDIR=";
        assert!(is_valid || error.starts_with(begin), "{name:?}: {error}");
        if temporary.exists() {
            assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0, "{name:?}");
        }
    }
}

/// The option is not for users: with a wrong file, it would remove that.
#[cfg(unix)]
#[test]
fn clean_up_removes_only_certificates() {
    let folder = Folder::new("clean-up");
    for (name, is_removed) in [
        ("api-sandbox-0123456789abcdef.pem", true),
        ("api-sandbox-0123456789abcde.pem", false),
        ("shop.pem", false),
    ] {
        let file = folder.file(name);
        std::fs::write(&file, "").unwrap();
        assert_eq!(output(&["--clean-up", &file]).0, 0);
        assert_eq!(!std::path::Path::new(&file).exists(), is_removed, "{name}");
    }
}

#[test]
fn certificate_is_removed_after_the_command() {
    if cfg!(not(unix)) {
        eprintln!("skipped: the command is a script for sh");
        return;
    }
    let script = r#"test -f "$SSL_CERT_FILE" && echo "$SSL_CERT_FILE""#;
    let (status, printed, error) = output(&["run", "tpay", "--tls", "--", "sh", "-c", script]);
    assert_eq!((status, error.as_str()), (0, ""));
    assert!(!std::path::Path::new(printed.trim_end()).exists(), "{printed}");
}

#[test]
fn port_in_use_is_named() {
    // The servers need four consecutive ports, so they do not start if one of them is taken.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().min(65_532);
    let (status, printed, error) = output(&["--port", &port.to_string()]);
    assert_eq!((status, printed.as_str()), (10, ""));
    assert!(error.contains(&format!("cannot listen on 127.0.0.1:{port}")), "{error}");
    assert!(error.contains("--port 0"), "{error}");
}

#[test]
fn variables_are_written_to_a_file() {
    if cfg!(not(unix)) {
        eprintln!("skipped: the command is a script for sh");
        return;
    }
    let folder = Folder::new("variables");
    let file = folder.file("variables");
    let script =
        r#"url=$TPAY_BASE_URL; unset TPAY_BASE_URL; . "$0"; test "$TPAY_BASE_URL" = "$url""#;
    let status = program(&["run", "tpay", "--env-file", &file, "--"])
        .args(["sh", "-c", script, &file])
        .status();
    assert_eq!(status.unwrap().code(), Some(0));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.lines().all(|line| line.starts_with("TPAY_")), "{text}");
}

#[cfg(unix)]
#[test]
fn seed_is_another_file_than_the_variables_and_ends() {
    let folder = Folder::new("same");
    let [seed, link] = ["seed", "link"].map(|name| folder.file(name));
    std::fs::write(&seed, "{}").unwrap();
    std::os::unix::fs::symlink(&seed, &link).unwrap();
    for file in [&seed, &link] {
        let (status, _, error) =
            output(&["run", "--seed", &seed, "--env-file", file, "--", "true"]);
        let problem = "--env-file: must not be the same file as --seed";
        assert!(status == 2 && error.contains(problem), "{status} {error}");
        assert_eq!(std::fs::read_to_string(&seed).unwrap(), "{}");
    }
    let (status, _, error) = output(&["run", "--seed", "/dev/zero", "--", "true"]);
    assert!(status == 10 && error.contains("is larger than 64 MiB"), "{status} {error}");
}

#[cfg(unix)]
#[test]
fn pipes_are_read_and_written() {
    use std::os::unix::process::ExitStatusExt;

    let folder = Folder::new("pipes");
    let pipe = folder.file("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let start = |option| {
        let mut command = program(&["run", "tpay", option, &pipe, "--", "true"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        Running(command.spawn().unwrap())
    };
    let message = |running: &mut Running| {
        let mut line = String::new();
        BufReader::new(running.0.stderr.take().unwrap()).read_line(&mut line).unwrap();
        line
    };
    let mut running = start("--seed");
    let expected = format!("--seed {pipe}: waiting for a program that writes to this named pipe\n");
    assert_eq!(message(&mut running), expected);
    std::fs::write(&pipe, "{}").unwrap();
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
    let mut running = start("--env-file");
    let expected = format!("--env-file {pipe}: waiting for a program that reads this named pipe\n");
    assert_eq!(message(&mut running), expected);
    assert!(std::fs::read_to_string(&pipe).unwrap().contains("TPAY_CLIENT_ID="));
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
    // There is no message if the other end is open. A pipe that is opened for both waits for no
    // other program.
    let both = || std::fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    let writer = || std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
    if cfg!(target_os = "linux") {
        let (both_ends, mut first) = (both(), writer());
        first.write_all(b"{}").unwrap();
        drop(both_ends);
        let mut running = start("--seed");
        // Opening the pipe again waits until the program has opened it.
        drop((writer(), first));
        assert_eq!(message(&mut running), "");
        assert_eq!(running.0.wait().unwrap().code(), Some(0));
    }
    let (mut reader, mut text) = (both(), [0; 4096]);
    let mut running = start("--env-file");
    assert_eq!(message(&mut running), "");
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
    let length = reader.read(&mut text).unwrap();
    drop(reader);
    assert!(String::from_utf8_lossy(&text[..length]).contains("TPAY_CLIENT_ID="));
    // A signal ends the program while it waits.
    for option in ["--seed", "--env-file"] {
        let mut running = start(option);
        assert!(message(&mut running).contains("waiting for a program"), "{option}");
        let id = running.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert_eq!(running.0.wait().unwrap().signal(), Some(15), "{option}");
    }
    // A pipe of the shell, such as that of `--seed <(command)`.
    let mut command = program(&["run", "--seed", "/dev/stdin", "--", "true"]);
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"{}").unwrap();
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
}

/// The variables contain secrets.
#[cfg(unix)]
#[test]
fn file_with_variables_is_private_and_replaced_atomically() {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    let folder = Folder::new("private");
    let file = folder.file("variables");
    let abandoned = folder.file(".variables.0123456789abcdef");
    fs::write(&abandoned, "").unwrap();
    let write = |file: &str| {
        let (status, _, error) = output(&["run", "tpay", "--env-file", file, "--", "true"]);
        assert_eq!((status, error.as_str()), (0, ""), "{file}");
    };
    let mode = || fs::metadata(&file).unwrap().mode() & 0o777;
    write(&file);
    assert_eq!(mode(), 0o600);
    // A second name of the old file shows whether it was changed in place.
    fs::write(&file, "old").unwrap();
    fs::hard_link(&file, folder.file("old")).unwrap();
    for (before, after) in [(0o644, 0o600), (0o400, 0o400)] {
        fs::set_permissions(&file, Permissions::from_mode(before)).unwrap();
        write(&file);
        assert_eq!(mode(), after, "{before:o}");
    }
    assert_eq!(fs::read_to_string(folder.file("old")).unwrap(), "old");
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    symlink("variables", folder.file("link")).unwrap();
    fs::write(&file, "old").unwrap();
    write(&folder.file("link"));
    assert!(fs::symlink_metadata(folder.file("link")).unwrap().is_symlink());
    assert!(fs::read_to_string(&file).unwrap().starts_with("TPAY_"));
    // The target of a link is written in place.
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    write(&folder.file("link"));
    assert_eq!(mode(), 0o600);
    write("/dev/null");
    let names = fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.collect();
    names.sort();
    assert_eq!(names, ["link", "old", "variables"]);
}

/// Such a file cannot be replaced: there can be no draft, or the file is a mount point.
#[cfg(unix)]
#[test]
fn file_with_variables_is_written_in_place_if_it_cannot_be_replaced() {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let folder = Folder::new("in-place");
    let name = "x".repeat(255);
    let file = folder.file(&name);
    let check = |mut command: Command| {
        let old = "a longer text than that of the variables; ".repeat(100);
        fs::write(&file, old).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        let output = command.current_dir(&folder.0).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.lines().all(|line| line.starts_with("TPAY_")), "{text}");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
    };
    check(program(&["run", "tpay", "--env-file", &name, "--", "true"]));
    let run = r#""$PROGRAM" run tpay --env-file mounted/file -- true"#;
    let mounts = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-ec", script]);
        command.env("PROGRAM", env!("CARGO_BIN_EXE_api-sandbox")).env("FILE", &name);
        command
    };
    let mount = r#"mount -t tmpfs none /mnt; mkdir /mnt/mounted; : > /mnt/mounted/file;
                   mount --bind "$FILE" /mnt/mounted/file; cd /mnt; "#;
    let read_only = format!("{mount}mount -o remount,ro /mnt; ");
    for mount in [mount, &read_only] {
        if !mounts(mount).current_dir(&folder.0).status().is_ok_and(|status| status.success()) {
            eprintln!("skipped: a user cannot mount files");
            return;
        }
        check(mounts(&format!("{mount}{run}")));
    }
}

#[cfg(unix)]
#[test]
fn file_with_variables_keeps_its_owner() {
    use std::os::unix::fs::{MetadataExt, chown};

    let folder = Folder::new("owner");
    let file = folder.file("variables");
    std::fs::write(&file, "old").unwrap();
    if let Err(error) = chown(&file, Some(12_345), Some(54_321)) {
        eprintln!("skipped: only root can change the owner: {error}");
        return;
    }
    let (status, _, error) = output(&["run", "tpay", "--env-file", &file, "--", "true"]);
    assert_eq!((status, error.as_str()), (0, ""));
    let found = std::fs::metadata(&file).unwrap();
    assert_eq!((found.uid(), found.gid(), found.mode() & 0o777), (12_345, 54_321, 0o600));
}

/// A full disk must not destroy the existing file.
#[cfg(target_os = "linux")]
#[test]
fn file_with_variables_is_kept_if_the_disk_is_full() {
    let script = r#"mount -t tmpfs -o size=16k none /mnt; cd /mnt; echo old > file; chmod 640 file
                    cat /dev/zero > rest 2>/dev/null || true
                    status=0; "$PROGRAM" run tpay --env-file file -- echo started || status=$?
                    echo "$status $(cat file) $(stat -c %a file) $(ls -A | tr '\n' ' ')""#;
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-ec", script]);
    command.env("PROGRAM", env!("CARGO_BIN_EXE_api-sandbox"));
    let Ok(output) = command.output() else {
        eprintln!("skipped: unshare is not installed");
        return;
    };
    let error = String::from_utf8(output.stderr).unwrap();
    if !output.status.success() {
        eprintln!("skipped: a user cannot mount files: {error}");
        return;
    }
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "10 old 640 file rest \n");
    assert!(error.starts_with("api-sandbox: --env-file file: No space left"), "{error}");
}

#[test]
fn root_certificate_is_set_for_each_program() {
    if cfg!(not(unix)) {
        eprintln!("skipped: the command is a script for sh");
        return;
    }
    let names =
        ["TINYPASS", "TINYCERT", "TOKENPASS", "TPAY"].map(|of| format!("{of}_CA_CERTIFICATE"));
    let folder = Folder::new("certificates");
    let file = folder.file("variables");
    let script = "for of in TINYPASS TINYCERT TOKENPASS TPAY; do \
                  eval \"echo \\${of}_CA_CERTIFICATE=\\$${of}_CA_CERTIFICATE\"; done; cat \"$SSL_CERT_FILE\"";
    for (providers, set) in
        [(&["tpay"][..], &names[3..]), (&["tinycert", "tinypass"], &names[..2]), (&[], &names)]
    {
        let arguments =
            [&["run"], providers, &["--tls", "--env-file", &file, "--", "sh", "-c", script]];
        let mut command = program(&arguments.concat());
        command.envs(names.iter().map(|name| (name, "of a developer")));
        let output = command.output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let variables = std::fs::read_to_string(&file).unwrap();
        let line = |text: &str, name: &str| {
            let value = text
                .lines()
                .find_map(|line| line.strip_prefix(&format!("{name}=")))
                .map(str::to_owned);
            value.unwrap_or_default()
        };
        let certificate = line(&variables, "SSL_CERT_FILE");
        assert!(certificate.ends_with(".pem") && printed.contains("-----BEGIN"), "{printed}");
        for name in &names {
            let expected = if set.contains(name) { certificate.as_str() } else { "" };
            assert_eq!(line(&printed, name), expected, "{providers:?} {name}");
            assert_eq!(line(&variables, name), expected, "{providers:?} {name}");
        }
    }
}

#[cfg(unix)]
#[test]
fn certificates_of_killed_programs_are_removed() {
    let folder = Folder::new("abandoned");
    let start = |name: &str| folder.file(&format!("api-sandbox-{name}.pem"));
    let (abandoned, other) = (start("0123456789abcdef"), start("my"));
    for file in [&abandoned, &other] {
        std::fs::write(file, "").unwrap();
    }
    // It removes the abandoned file of the second program, but not that of a running one.
    let script =
        r#"cp "$SSL_CERT_FILE" copy; : > "$0"; "$1" run tpay --tls -- cat "$SSL_CERT_FILE""#;
    let output = program(&["run", "tpay", "--tls", "--", "sh", "-c", script])
        .args([&abandoned, env!("CARGO_BIN_EXE_api-sandbox")])
        .current_dir(&folder.0)
        .env("TMPDIR", &folder.0)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stdout, std::fs::read(folder.file("copy")).unwrap());
    assert!(!std::path::Path::new(&abandoned).exists());
    assert!(std::path::Path::new(&other).exists());
}

/// Starts the program. Returns the printed values of these variables.
fn start(arguments: &[&str], names: &[&str]) -> (Running, Vec<String>) {
    let mut command = program(&[arguments, &["--port", "0", "--env", "dotenv"]].concat());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut found = vec![String::new(); names.len()];
    while found.iter().any(String::is_empty) {
        let line = lines.next().unwrap_or_else(|| {
            let mut why = String::new();
            running.0.stderr.take().unwrap().read_to_string(&mut why).unwrap();
            panic!("{why}")
        });
        let (name, value) = line.split_once('=').unwrap();
        if let Some(index) = names.iter().position(|known| *known == name) {
            found[index] = value.to_owned();
        }
    }
    (running, found)
}

#[test]
fn servers_have_the_records_of_a_file() {
    use api_sandbox::tinypass;

    let folder = Folder::new("seed");
    let file = folder.file("records");
    let records = r#"{"tinypass":{"accesses":[{"rid":"r7","user_ref":"eve","email":"eve@example.org"}]},
        "tinycert":{"certificates":[{"common_name":"a.example.org","dns_names":["b.example.org"],"expires":4000000000}]},
        "tokenpass":{"balances":[{"address":"1AAAA1111xxxxxxxxxxxxxxxxxxy43CZ9j","asset":"SOUP","satoshis":5},
            {"address":"1AAAA1111xxxxxxxxxxxxxxxxxxy43CZ9j","asset":"SOUP.Kettle#7","satoshis":1}]},
        "tpay":{"transactions":[{"amount":7.5,"description":"Seeded order","payer":{"email":"a@example.com","name":"A Payer"},"paid":true}]}}"#;
    std::fs::write(&file, records).unwrap();
    let names = ["TINYPASS_BASE_URL", "TPAY_BASE_URL", "TINYCERT_BASE_URL", "TOKENPASS_BASE_URL"];
    let (_running, urls) = start(&["--seed", &file], &names);
    let page = |url: &str| {
        let host = url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        write!(stream, "GET /_sandbox HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    };
    assert!(page(&urls[0]).contains("eve@example.org"), "the AID is {}", tinypass::AID);
    let tpay = page(&urls[1]);
    assert!(tpay.contains("Seeded order") || tpay.contains("7.50"), "{tpay}");
    assert!(!tpay.contains(">pending<"), "{tpay}");
    assert!(page(&urls[2]).contains("a.example.org"));
    let tokenpass = urls[3].strip_prefix("http://").unwrap();
    let check = "/api/v1/tca/check-address/1AAAA1111xxxxxxxxxxxxxxxxxxy43CZ9j";
    assert!(get(tokenpass, &format!("{check}?SOUP=0.00000005")).contains(r#""result":true"#));
    assert!(get(tokenpass, &format!("{check}?SOUP=0.00000006")).contains(r#""result":false"#));
}

#[test]
fn invalid_records_are_named() {
    let folder = Folder::new("seed-errors");
    let file = folder.file("records");
    let access = r#""rid":"r","user_ref":"u","email":"a@example.org""#;
    let certificate = r#""common_name":"a.example.org","expires":4000000000"#;
    let balance = r#""address":"1AAAA1111xxxxxxxxxxxxxxxxxxy43CZ9j","asset":"SOUP""#;
    let payment =
        r#""amount":1,"description":"d","payer":{"email":"a@example.com","name":"A Payer"}"#;
    let accesses =
        |member: &str| format!(r#"{{"tinypass":{{"accesses":[{{{access}{member}}}]}}}}"#);
    let certificates =
        |member: &str| format!(r#"{{"tinycert":{{"certificates":[{{{certificate}{member}}}]}}}}"#);
    let balances =
        |member: &str| format!(r#"{{"tokenpass":{{"balances":[{{{balance}{member}}}]}}}}"#);
    // The first record is valid.
    let payments = |member: &str| {
        format!(r#"{{"tpay":{{"transactions":[{{{payment}}},{{{payment}{member}}}]}}}}"#)
    };
    for (text, problem) in [
        (String::new(), "EOF while parsing a value at line 1"),
        ("{} {}".to_owned(), "trailing characters"),
        ("[]".to_owned(), "must be a JSON object"),
        (r#"{"paypal":{}}"#.to_owned(), "paypal is not one of tinypass, tinycert, tokenpass, tpay"),
        (r#"{"tpay":[]}"#.to_owned(), "tpay: must be an object"),
        (r#"{"tpay":{"orders":[]}}"#.to_owned(), "tpay.orders is not tpay.transactions"),
        (r#"{"tpay":{"a.b\n":[]}}"#.to_owned(), r#"tpay["a.b\n"] is not tpay.transactions"#),
        (r#"{"tpay":{"transactions":{}}}"#.to_owned(), "tpay.transactions: must be an array"),
        (r#"{"tpay":{"transactions":[7]}}"#.to_owned(), "tpay.transactions[0]: must be an object"),
        // The last member would replace the first one.
        (r#"{"tpay":{},"tpay":{}}"#.to_owned(), "tpay is given twice at line 1"),
        (accesses(r#","rid":"s""#), "tinypass.accesses[0].rid is given twice"),
        (
            payments(r#","payer":{"name":"a","name":"a"}"#),
            "tpay.transactions[1].payer is given twice",
        ),
        (
            payments(r#","callbacks":{"payerUrls":{"success":1,"success":2}}"#),
            "tpay.transactions[1].callbacks.payerUrls.success is given twice",
        ),
        (
            accesses(r#","expire":1"#),
            "tinypass.accesses[0].expire is not one of tinypass.accesses[0].rid, tinypass.accesses[0].user_ref",
        ),
        (
            r#"{"tinypass":{"accesses":[{"rid":"r"}]}}"#.to_owned(),
            "tinypass.accesses[0].user_ref: must be a string that is not empty",
        ),
        (
            r#"{"tinypass":{"accesses":[{"rid":""}]}}"#.to_owned(),
            "tinypass.accesses[0].rid: must be a string that is not empty",
        ),
        (
            r#"{"tinypass":{"accesses":[{"rid":"r","user_ref":"u","email":"ann"}]}}"#.to_owned(),
            "tinypass.accesses[0].email: must be an e-mail address",
        ),
        (
            accesses(r#","expires":"2030-01-01""#),
            "tinypass.accesses[0].expires: must be a time in Unix seconds from 0 to 253402300799",
        ),
        (accesses(r#","expires":null"#), "tinypass.accesses[0].expires: must be a time"),
        (accesses(r#","expires":253402300800"#), "tinypass.accesses[0].expires: must be a time"),
        (accesses(r#","cents":-1"#), "tinypass.accesses[0].cents: must be an integer from 0 to"),
        (accesses(r#","cents":1.5"#), "tinypass.accesses[0].cents: must be an integer from 0 to"),
        (certificates(r#","ca":7"#), "tinycert.certificates[0].ca: must be 561, the only CA"),
        (certificates(r#","ca":"561""#), "tinycert.certificates[0].ca: must be 561, the only CA"),
        (
            r#"{"tinycert":{"certificates":[{"common_name":"a.example.org"}]}}"#.to_owned(),
            "tinycert.certificates[0].expires: must be a time in Unix seconds",
        ),
        (
            certificates(r#","dns_names":"a""#),
            "tinycert.certificates[0].dns_names: must be an array",
        ),
        (
            certificates(r#","dns_names":["a.example.org",5]"#),
            "tinycert.certificates[0].dns_names[1]: must be a DNS name",
        ),
        (
            certificates(r#","dns_names":["*."]"#),
            "tinycert.certificates[0].dns_names[0]: must be a DNS",
        ),
        (balances(""), "tokenpass.balances[0].satoshis: must be an integer"),
        (
            balances(r#","satoshis":-1"#),
            "tokenpass.balances[0].satoshis: must be an integer from 0",
        ),
        (balances(r#","satoshi":1"#), "tokenpass.balances[0].satoshi is not one of"),
        (
            r#"{"tokenpass":{"balances":[{"address":"1"}]}}"#.to_owned(),
            "tokenpass.balances[0].address: must be an address of 26 to 35 letters and digits",
        ),
        (
            format!(
                r#"{{"tokenpass":{{"balances":[{{{balance},"satoshis":1}},{{{balance},"satoshis":2}}]}}}}"#
            ),
            "tokenpass.balances[1]: the balance of this address and asset is given twice",
        ),
        (
            balances(r#","satoshis":1"#).replace("SOUP", "soup"),
            "tokenpass.balances[0].asset: must be the name of an asset, in upper case",
        ),
        (
            r#"{"tpay":{"transactions":[{"amount":1}]}}"#.to_owned(),
            "tpay.transactions[0].description: required field is missing; tpay.transactions[0].payer: ",
        ),
        (payments(r#","paid":"yes""#), "tpay.transactions[1].paid: must be true or false"),
        (payments(r#","paid":null"#), "tpay.transactions[1].paid: must be true or false"),
        (
            payments(r#","amout":2"#),
            "tpay.transactions[1].amout: unexpected field; the fields are amount, currency, ",
        ),
        (payments(r#","amout":2"#), ", paid\n"),
        (
            payments("").replace("\"amount\":1", "\"amount\":\"7.50\""),
            "tpay.transactions[0].amount: must be a JSON number",
        ),
        (
            payments("").replace("A Payer", "A"),
            "tpay.transactions[0].payer.name: must have 3 to 255 characters",
        ),
    ] {
        std::fs::write(&file, &text).unwrap();
        let (status, printed, error) = output(&["run", "--seed", &file, "--", "echo", "started"]);
        assert_eq!((status, printed.as_str()), (10, ""), "{text}: {error}");
        assert!(error.starts_with(&format!("api-sandbox: --seed {file}: ")), "{text}: {error}");
        assert!(error.contains(problem), "{text}: {problem}: {error}");
    }
    std::fs::write(&file, b"{\"tpay\":\xff}").unwrap();
    let (status, _, error) = output(&["run", "--seed", &file, "--", "true"]);
    assert!(status == 10 && error.contains("invalid utf-8"), "{status} {error}");
}

/// Connects to a server whose certificate is signed by the CA in `file`.
fn encrypted(host: &str, file: &str) -> rustls::StreamOwned<rustls::ClientConnection, TcpStream> {
    encrypted_as("127.0.0.1", host, file)
}

/// Connects to `host`, whose certificate must contain `name`.
fn encrypted_as(
    name: &str,
    host: &str,
    file: &str,
) -> rustls::StreamOwned<rustls::ClientConnection, TcpStream> {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, ServerName};
    use std::sync::Arc;

    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    rustls::StreamOwned::new(session, stream)
}

#[test]
fn encrypted_connections_end_after_errors_of_each_side() {
    let arguments = ["tpay", "--tls", "--misbehave", "reset-after-reading"];
    let (_running, values) = start(&arguments, &["TPAY_BASE_URL", "SSL_CERT_FILE"]);
    let host = values[0].strip_prefix("https://").unwrap();
    let mut stream = encrypted(host, &values[1]);
    write!(stream, "GET /transactions HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    let error = stream.read(&mut [0; 100]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "the failure is passed on");
    let mut stream = encrypted(host, &values[1]);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).unwrap();
    }
    stream.sock.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let end = stream.sock.read_to_end(&mut Vec::new());
    let is_over = |kind| matches!(kind, std::io::ErrorKind::ConnectionReset);
    assert!(end.as_ref().is_ok() || end.as_ref().is_err_and(|e| is_over(e.kind())), "{end:?}");
    std::fs::remove_file(&values[1]).unwrap();
}

#[test]
fn servers_speak_https() {
    let (_running, values) = start(&["tpay", "--tls"], &["TPAY_BASE_URL", "SSL_CERT_FILE"]);
    let host = values[0].strip_prefix("https://").unwrap();
    let mut stream = encrypted(host, &values[1]);
    for _ in 0..2 {
        write!(stream, "GET /transactions HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\"failed\"}") {
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"HTTP/1.1 401 "), "{}", String::from_utf8_lossy(&head));
    }
    std::fs::remove_file(&values[1]).unwrap();
}

#[test]
fn certificates_are_verified_by_openssl() {
    let (_running, values) = start(&["tpay", "--tls"], &["TPAY_BASE_URL", "SSL_CERT_FILE"]);
    let host = values[0].strip_prefix("https://").unwrap();
    let arguments = ["s_client", "-connect", host, "-CAfile", &values[1], "-verify_return_error"];
    let output = Command::new("openssl").args(arguments).stdin(Stdio::null()).output();
    std::fs::remove_file(&values[1]).unwrap();
    match output {
        Ok(output) => assert!(output.status.success(), "{output:?}"),
        Err(_) => eprintln!("skipped: openssl is not installed"),
    }
}

#[cfg(target_os = "linux")]
/// A server of `--bind ::` is also reached at the loopback addresses.
#[test]
fn certificate_contains_all_loopback_names() {
    let (_running, values) = start(&["tpay", "--tls"], &["TPAY_BASE_URL", "SSL_CERT_FILE"]);
    let host = values[0].strip_prefix("https://").unwrap();
    for name in ["localhost", "127.0.0.1", "::1"] {
        let mut stream = encrypted_as(name, host, &values[1]);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).unwrap();
        }
    }
    std::fs::remove_file(&values[1]).unwrap();
}

#[test]
fn servers_listen_at_another_address() {
    let arguments = ["tpay", "--bind", "127.0.0.2", "--misbehave", "reset-after-reading"];
    let (_running, values) = start(&arguments, &["TPAY_BASE_URL"]);
    let host = values[0].strip_prefix("http://").unwrap();
    assert!(host.starts_with("127.0.0.2:"), "{host}");
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    write!(stream, "GET /transactions HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    let error = stream.read(&mut [0; 100]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "the failure is passed on");
    assert!(get(host, "/transactions").starts_with("HTTP/1.1 401 "));
}

/// Returns the memory in use of a process, in KiB.
#[cfg(target_os = "linux")]
fn memory(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn bodies_of_requests_do_not_stay_in_memory() {
    let (running, values) = start(&["tpay", "--log", "off"], &["TPAY_BASE_URL"]);
    let host = values[0].strip_prefix("http://").unwrap();
    let before = memory(running.0.id());
    let body = vec![b'x'; 1024 * 1024];
    let head =
        "POST /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 1048576\r\n\r\n";
    for _ in 0..64 {
        let mut stream = TcpStream::connect(host).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert!(response.starts_with("HTTP/1.1 404 "), "{response}");
    }
    let after = memory(running.0.id());
    assert!(after < before + 32 * 1024, "{before} KiB before, {after} KiB after");
}

#[cfg(target_os = "linux")]
trait ReadWrite: Read + Write {}
#[cfg(target_os = "linux")]
impl<T: Read + Write> ReadWrite for T {}

#[cfg(target_os = "linux")]
#[test]
fn console_is_only_at_the_printed_address() {
    for options in [&["--bind", "127.0.0.2"][..], &["--bind", "::1"], &["--tls"]] {
        if options.contains(&"::1") && std::net::TcpListener::bind("[::1]:0").is_err() {
            eprintln!("skipped: there is no IPv6");
            continue;
        }
        let arguments = [&["tpay"], options].concat();
        let names = ["TPAY_BASE_URL", "SSL_CERT_FILE"];
        let names = if options == ["--tls"] { &names[..] } else { &names[..1] };
        let (mut running, values) = start(&arguments, names);
        let mut lines = BufReader::new(running.0.stderr.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        let console = line.split_once("http://").unwrap().1.strip_suffix("/_sandbox").unwrap();
        let get = |stream: &mut dyn ReadWrite| {
            let head = "GET /_sandbox HTTP/1.1\r\nConnection: close";
            write!(stream, "{head}\r\nHost: {console}\r\n\r\n").unwrap();
            let mut response = String::new();
            stream.read_to_string(&mut response).unwrap();
            response
        };
        let response = get(&mut TcpStream::connect(console).unwrap());
        assert!(response.starts_with("HTTP/1.1 200 "), "{options:?}: {response}");
        // The value is in quotes if it contains the brackets of an IPv6 address.
        let response = match values[0].trim_matches('\'').split_once("://").unwrap() {
            ("https", host) => get(&mut encrypted(host, &values[1])),
            (_, host) => get(&mut TcpStream::connect(host).unwrap()),
        };
        assert!(response.starts_with("HTTP/1.1 403 "), "{options:?}: {response}");
    }
}

#[test]
fn every_failure_is_in_the_help_and_the_console() {
    let help = output(&["--help"]).1;
    for (name, label, _) in api_sandbox::Misbehaviour::NAMED {
        assert!(help.contains(&format!("  {name} ")) && help.contains(label), "{name}: {help}");
    }
}
