//! The program `api-sandbox`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::print_stderr, reason = "tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_api-sandbox"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn output(arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = program(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// A program that is stopped when it goes out of scope.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
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
fn port_in_use_is_named() {
    // The servers take four ports in a row, so a port that is taken stops them.
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
    let folder = std::env::temp_dir().join(format!("api-sandbox-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("variables");
    let file_name = file.to_str().unwrap();
    let script =
        r#"url=$TPAY_BASE_URL; unset TPAY_BASE_URL; . "$0"; test "$TPAY_BASE_URL" = "$url""#;
    let status = program(&["run", "tpay", "--env-file", file_name, "--"])
        .args(["sh", "-c", script, file_name])
        .status();
    assert_eq!(status.unwrap().code(), Some(0));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.lines().all(|line| line.starts_with("TPAY_")), "{text}");
    std::fs::remove_dir_all(&folder).unwrap();
}
