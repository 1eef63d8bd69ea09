//! Many processes at once: shared tokens, and requests that are not duplicated.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use api_sandbox::{Misbehaviour, Sandbox, tokenpass};
use test_support::ports::ClosedPort;
use workspace_tests::Folder;
use workspace_tests::programs::command;

/// An example, which is a program of this package too.
fn program(name: &str) -> &'static str {
    match name {
        "login" => env!("CARGO_BIN_EXE_login"),
        "pay_by_link" => env!("CARGO_BIN_EXE_pay_by_link"),
        "tinycert_tour" => env!("CARGO_BIN_EXE_tinycert_tour"),
        "tinypass_tour" => env!("CARGO_BIN_EXE_tinypass_tour"),
        "tokenpass_tour" => env!("CARGO_BIN_EXE_tokenpass_tour"),
        "tpay_tour" => env!("CARGO_BIN_EXE_tpay_tour"),
        _ => panic!("{name} is no program of this package"),
    }
}

fn pay_by_link(sandbox: &Sandbox, cache: &Folder) -> Command {
    let mut command = command(program("pay_by_link"));
    command
        .args(["12.34", "Order 7", "jan@example.com", "Jan Nowak"])
        .envs(sandbox.environment())
        .env("TPAY_TOKEN_CACHE", &cache.0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[test]
fn fifty_processes_with_one_token_cache_make_one_token_request() {
    let sandbox = Sandbox::start().unwrap();
    let cache = Folder::new("tpay-tokens");
    let mut command = pay_by_link(&sandbox, &cache);
    let started: Vec<_> = (0..50).map(|_| command.spawn().unwrap()).collect();
    for process in started {
        let output = process.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("pay at http://"), "{errors}");
    }
    let (tokens, transactions) =
        sandbox.tpay().state(|server| (server.token_requests, server.transactions.len()));
    assert_eq!((tokens, transactions), (1, 50));
}

#[test]
fn a_token_of_the_cache_that_was_revoked_costs_one_fetch() {
    let sandbox = Sandbox::start().unwrap();
    let cache = Folder::new("tpay-revoked");
    let mut command = pay_by_link(&sandbox, &cache);
    assert!(command.status().unwrap().success());
    sandbox.tpay().state(api_sandbox::tpay::Tpay::revoke_tokens);
    assert!(command.status().unwrap().success());
    assert!(command.status().unwrap().success());
    assert_eq!(sandbox.tpay().state(|server| server.token_requests), 2);
}

#[test]
fn reset_connection_is_an_unknown_outcome_and_sent_once() {
    let sandbox = Sandbox::start().unwrap();
    let cache = Folder::new("tpay-reset");
    let mut command = pay_by_link(&sandbox, &cache);
    assert!(command.status().unwrap().success());
    sandbox.tpay().misbehave(Misbehaviour::ResetAfterReading, 1);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("the outcome is unknown"), "{errors}");
    assert_eq!(sandbox.tpay().state(|server| server.transactions.len()), 2);
}

/// Returns the head and the body of the response to a browser.
fn get(url: &str) -> (String, String) {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// Returns the `Location` of a response.
fn location(head: &str) -> &str {
    let header = |line: &'_ str| line.to_ascii_lowercase().starts_with("location: ");
    head.lines().find(|line| header(line)).and_then(|line| line.get("location: ".len()..)).unwrap()
}

/// Starts a login that listens on a free port, and returns the URL to open.
fn login(sandbox: &Sandbox) -> (Child, String) {
    let port = ClosedPort::for_a_program();
    login_at(sandbox, &format!("{}/oauth_callback", port.url()))
}

fn login_at(sandbox: &Sandbox, callback: &str) -> (Child, String) {
    sandbox.tokenpass().state(|server| {
        for client in &mut server.clients {
            client.callbacks.push(callback.to_owned());
        }
    });
    let mut child = command(program("login"))
        .envs(sandbox.environment())
        .env("TOKENPASS_REDIRECT_URI", callback)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("open ").expect("an address to open").to_owned();
    // The arguments of a running program, which every user of the machine can read.
    if let Ok(arguments) = std::fs::read_to_string(format!("/proc/{}/cmdline", child.id())) {
        assert!(secrets(sandbox).iter().all(|secret| !arguments.contains(secret.as_str())));
    }
    // The remaining output is read when the process ends.
    assert!(stdout.buffer().is_empty());
    child.stdout = Some(stdout.into_inner());
    (child, url)
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn user_who_consents_is_logged_in() {
    let sandbox = Sandbox::start().unwrap();
    let (child, url) = login(&sandbox);
    let (_, page) = get(&url);
    assert!(page.contains("Grant access"), "{page}");
    let (head, _) = get(&format!("{url}&sandbox_consent=grant"));
    let back = location(&head);
    let (origin, _) = back.split_once("/oauth_callback").unwrap();
    let (icon, _) = get(&format!("{origin}/favicon.ico"));
    assert!(icon.starts_with("HTTP/1.1 404"), "browsers ask for more than was meant: {icon}");
    let (_, thanks) = get(back);
    assert!(thanks.starts_with("Thank you"), "{thanks}");
    let output = child.wait_with_output().unwrap();
    let (out, errors) = texts(&output);
    assert!(output.status.success(), "{errors}");
    assert!(out.contains(&format!("{} (", tokenpass::USERNAME)), "{out}");
    assert!(out.contains("the token expires in 720 hours"), "{out}");
    assert!(!out.contains(tokenpass::CLIENT_SECRET) && !out.contains("oauth_token"), "{out}");
}

#[test]
fn only_the_state_of_the_login_ends_the_wait() {
    let sandbox = Sandbox::start().unwrap();
    let (child, url) = login(&sandbox);
    let (head, _) = get(&format!("{url}&sandbox_consent=grant"));
    let back = location(&head).to_owned();
    let (callback, _) = back.split_once('?').unwrap();
    let authority = callback.split('/').nth(2).unwrap();
    // Connections that send nothing, close, or use TLS.
    let idle: Vec<TcpStream> = (0..5).map(|_| TcpStream::connect(authority).unwrap()).collect();
    drop(TcpStream::connect(authority).unwrap());
    TcpStream::connect(authority).unwrap().write_all(b"\x16\x03\x01\x02\x00\x01").unwrap();
    for (target, expected) in [
        (format!("{callback}?code=c&state=0"), "StateMismatch"),
        (format!("{callback}?code=c"), "StateMismatch"),
        (format!("{callback}?error=access_denied"), "Denied"),
        (format!("{callback}?error=access_denied&state=0"), ""),
        (callback.to_owned(), "StateMismatch"),
    ] {
        let (_, page) = get(&target);
        assert!(page.contains(expected) && page.contains("still waiting"), "{target}: {page}");
    }
    // Other methods, and pages of other sites whose name points to this machine.
    let path = back.split_once(authority).unwrap().1;
    for (method, host, status) in
        [("HEAD", authority, "405"), ("OPTIONS", authority, "405"), ("GET", "evil.example", "400")]
    {
        let mut stream = TcpStream::connect(authority).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nhost: {host}\r\n\r\n").unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert!(
            response.starts_with(&format!("HTTP/1.1 {status} ")),
            "{method} {host}: {response}"
        );
    }
    assert_eq!(exchanged_codes(&sandbox), 0);
    let (_, thanks) = get(&back);
    assert!(thanks.starts_with("Thank you"), "{thanks}");
    let output = child.wait_with_output().unwrap();
    let (_, errors) = texts(&output);
    assert!(output.status.success(), "{errors}");
    assert!(errors.contains("without the state of this login was ignored: Denied"), "{errors}");
    assert_eq!(exchanged_codes(&sandbox), 1);
    drop(idle);
}

#[test]
fn callbacks_have_the_host_that_browsers_send() {
    let sandbox = Sandbox::start().unwrap();
    let reserved = ClosedPort::for_a_program();
    let port = reserved.number();
    // Browsers leave the user and zeros before the port out of the header.
    let (child, url) = login_at(&sandbox, &format!("http://user@127.0.0.1:0{port}/oauth_callback"));
    let (head, _) = get(&format!("{url}&sandbox_consent=grant"));
    let (_, query) = location(&head).split_once('?').unwrap();
    let (_, thanks) = get(&format!("http://127.0.0.1:{port}/oauth_callback?{query}"));
    assert!(thanks.starts_with("Thank you"), "{thanks}");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{:?}", texts(&output));
}

#[test]
fn user_who_denies_is_not_logged_in() {
    let sandbox = Sandbox::start().unwrap();
    let (child, url) = login(&sandbox);
    let (head, _) = get(&format!("{url}&sandbox_consent=grant"));
    let back = location(&head).to_owned();
    let (callback, query) = back.split_once('?').unwrap();
    let state = query.split('&').find(|member| member.starts_with("state=")).unwrap();
    let (_, page) = get(&format!("{callback}?error=access_denied&{state}"));
    assert!(page.contains("Denied"), "{page}");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{:?}", texts(&output));
    assert_eq!(exchanged_codes(&sandbox), 0);
}

#[test]
fn login_times_out_and_listens_on_loopback_only() {
    let sandbox = Sandbox::start().unwrap();
    for (uri, expected) in [
        ("http://127.0.0.1:0/back", "timed out after 0 s waiting for the OAuth callback"),
        ("https://app.example.com/back", "TOKENPASS_REDIRECT_URI"),
        ("http://0.0.0.0:8000/back", "TOKENPASS_REDIRECT_URI"),
        ("https://127.0.0.1:8000/back", "TOKENPASS_REDIRECT_URI"),
    ] {
        let output = command(program("login"))
            .args(["--timeout", "0"])
            .envs(sandbox.environment())
            .env("TOKENPASS_REDIRECT_URI", uri)
            .output()
            .unwrap();
        let (_, errors) = texts(&output);
        assert!(output.status.code() == Some(1) && errors.contains(expected), "{uri}: {errors}");
    }
}

/// Returns the number of codes that were exchanged for tokens.
fn exchanged_codes(sandbox: &Sandbox) -> usize {
    let seen = sandbox.tokenpass().take_seen();
    seen.iter().filter(|seen| seen.request.path() == "/oauth/access-token").count()
}

/// Returns the values of the environment that are secrets.
fn secrets(sandbox: &Sandbox) -> Vec<String> {
    let words = ["KEY", "SECRET", "TOKEN", "PASSPHRASE", "SECURITY_CODE"];
    let is_secret = |name: &str| words.iter().any(|word| name.contains(word));
    sandbox
        .environment()
        .into_iter()
        .filter(|(name, value)| is_secret(name) && value != "off")
        .map(|(_, value)| value)
        .collect()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Runs an example with all folders for files in this folder, and with all log messages.
fn run_in(folder: &Folder, sandbox: &Sandbox, mut command: Command) -> String {
    std::fs::create_dir_all(&folder.0).unwrap();
    for place in
        ["HOME", "TMPDIR", "TEMP", "TMP", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA"]
    {
        command.env(place, &folder.0);
    }
    let output = command
        .current_dir(&folder.0)
        .envs(sandbox.environment())
        .env_remove("TPAY_TOKEN_CACHE")
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "full")
        .output()
        .unwrap();
    let (out, errors) = texts(&output);
    assert!(output.status.success(), "{errors}");
    out + &errors
}

#[test]
fn no_example_prints_a_secret_or_leaves_one_in_a_file() {
    for provider in ["tinypass", "tinycert", "tokenpass", "tpay"] {
        let sandbox = Sandbox::start().unwrap();
        let secrets = secrets(&sandbox);
        assert!(secrets.len() >= 7, "{}", secrets.len());
        let folder = Folder::new(&format!("{provider}-traces"));
        let tour = command(program(&format!("{provider}_tour")));
        let printed = run_in(&folder, &sandbox, tour);
        assert!(printed.lines().count() > 5, "{printed}");
        let mut left = Vec::new();
        files(&folder.0, &mut left);
        let texts = left
            .iter()
            .map(|path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned());
        for text in texts.chain([printed]) {
            for secret in &secrets {
                assert!(!text.contains(secret.as_str()), "{provider}: {text}");
            }
        }
        // The one kind of file that there is: the token store of Tpay's clients.
        let (tokens, others): (Vec<_>, Vec<_>) = left
            .into_iter()
            .partition(|path| path.extension().is_some_and(|end| end == "json" || end == "lock"));
        assert!(others.is_empty(), "{provider}: {others:?}");
        assert_eq!(tokens.is_empty(), provider != "tpay", "{tokens:?}");
    }
}

/// The stored token is in its file only.
#[test]
fn a_token_is_in_the_store_and_in_no_other_file() {
    let sandbox = Sandbox::start().unwrap();
    let folder = Folder::new("tpay-token-traces");
    let mut command = command(program("pay_by_link"));
    command.args(["12.34", "Order 7", "jan@example.com", "Jan Nowak"]);
    let printed = run_in(&folder, &sandbox, command);
    let authorizations = sandbox.tpay().take_seen();
    let token = authorizations
        .iter()
        .find_map(|seen| seen.request.header("authorization")?.strip_prefix("Bearer "))
        .unwrap();
    assert!(!printed.contains(token), "{printed}");
    let mut left = Vec::new();
    files(&folder.0, &mut left);
    let mut holding = left
        .iter()
        .filter(|path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).contains(token));
    let file = holding.next().expect("it is kept");
    assert_eq!(holding.count(), 0);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(file), mode(file.parent().unwrap())), (0o600, 0o700));
    }
    assert_eq!(file.extension().unwrap(), "json");
}

#[test]
fn the_printing_of_the_examples_is_the_same_in_all_crates() {
    // Each published crate has its own copy, so that its examples compile without this workspace.
    let read = |provider: &str| {
        let path = format!("../crates/{provider}-client/examples/output/mod.rs");
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
    };
    for provider in ["tinypass", "tinycert", "tokenpass"] {
        assert_eq!(read(provider), read("tpay"), "{provider}");
    }
}
