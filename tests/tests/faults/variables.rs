//! Values of environment variables, in the variables of every crate: each is read, or is an error that
//! names the variable and does not show the value.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::Command;

use api_auth::Env;

/// The provider whose client the child process creates.
const PROVIDER: &str = "TEST_PROVIDER";

/// Variables with which a client can be created. The base URL of TinyCert has a closed port.
const VALID: &[(&str, &[(&str, &str)])] = &[
    ("tinypass", &[("TINYPASS_AID", "A"), ("TINYPASS_PRIVATE_KEY", "CANARY-key")]),
    (
        "tinycert",
        &[
            ("TINYCERT_API_KEY", "CANARY-key"),
            ("TINYCERT_EMAIL", "a@example.com"),
            ("TINYCERT_PASSPHRASE", "CANARY-passphrase"),
            ("TINYCERT_BASE_URL", "http://127.0.0.1:1"),
        ],
    ),
    ("tokenpass", &[("TOKENPASS_CLIENT_ID", "id"), ("TOKENPASS_CLIENT_SECRET", "CANARY-secret")]),
    (
        "tpay",
        &[
            ("TPAY_CLIENT_ID", "id"),
            ("TPAY_CLIENT_SECRET", "CANARY-secret"),
            ("TPAY_TOKEN_CACHE", "off"),
        ],
    ),
];

/// Every variable of the crates, with a valid value. `{home}` is a folder that does not exist.
const VARIABLES: &[(&str, &str, &str)] = &[
    ("tinypass", "TINYPASS_AID", "A"),
    ("tinypass", "TINYPASS_PRIVATE_KEY", "CANARY-key"),
    ("tinypass", "TINYPASS_ENVIRONMENT", "sandbox"),
    ("tinypass", "TINYPASS_SANDBOX", "1"),
    ("tinypass", "TINYPASS_BASE_URL", "https://canary.test"),
    ("tinycert", "TINYCERT_API_KEY", "CANARY-key"),
    ("tinycert", "TINYCERT_EMAIL", "CANARY@example.com"),
    ("tinycert", "TINYCERT_PASSPHRASE", "CANARY-passphrase"),
    ("tinycert", "TINYCERT_ENVIRONMENT", "production"),
    ("tinycert", "TINYCERT_BASE_URL", "http://127.0.0.1:1"),
    ("tokenpass", "TOKENPASS_CLIENT_ID", "CANARY"),
    ("tokenpass", "TOKENPASS_CLIENT_SECRET", "CANARY-secret"),
    ("tokenpass", "TOKENPASS_OAUTH_TOKEN", "CANARY-token"),
    ("tokenpass", "TOKENPASS_REDIRECT_URI", "https://canary.test/back"),
    ("tokenpass", "TOKENPASS_SCHEME", "body-only"),
    ("tokenpass", "TOKENPASS_ENVIRONMENT", "staging"),
    ("tokenpass", "TOKENPASS_BASE_URL", "https://canary.test"),
    ("tokenpass", "TOKENPASS_PROVIDER_HOST", "https://canary.test"),
    ("tpay", "TPAY_CLIENT_ID", "CANARY"),
    ("tpay", "TPAY_CLIENT_SECRET", "CANARY-secret"),
    ("tpay", "TPAY_ENVIRONMENT", "sandbox"),
    ("tpay", "TPAY_BASE_URL", "https://canary.test"),
    ("tpay", "TPAY_TOKEN_CACHE", "{home}/cache"),
];

/// Creates the client of the variables, and prints the result.
#[test]
fn child() {
    let Some(provider) = Env::PROCESS.get(PROVIDER).unwrap() else { return };
    let result = match provider.as_str() {
        "tinypass" => tinypass_client::Client::from_env().map(|client| {
            let request = client.signed_request(&tinypass_client::user::GetUser::new("u"));
            let request = request.unwrap();
            format!("{} {:?}", request.uri(), request.headers()["authorization"].to_str())
        }),
        // The session is not opened: the port is closed.
        "tinycert" => match tinycert_client::Session::from_env() {
            Err(error) if error.argument().is_none() => Ok(String::new()),
            result => result.map(|_| String::new()),
        },
        "tokenpass" => tokenpass_client::Client::from_env().map(|client| {
            let endpoint = tokenpass_client::perks::GetPerks::new("TOKENLY");
            client.signed_request(&endpoint).unwrap().uri().to_string()
        }),
        _ => {
            tpay_client::Client::from_env().map(|client| client.environment().base_url().to_owned())
        }
    };
    match result {
        Ok(client) => println!("outcome: read {client}"),
        Err(error) => {
            println!(
                "outcome: {} | {error} | {error:?}",
                error.argument().unwrap_or("no argument")
            );
        }
    }
}

/// Returns a home folder that does not exist.
fn home() -> PathBuf {
    std::env::temp_dir().join(format!("missing-home-{}", std::process::id()))
}

/// Returns a command that runs [`child`] with the valid variables of a provider.
fn command(provider: &str) -> Command {
    let valid = VALID.iter().find(|(name, _)| *name == provider).unwrap().1;
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "variables::child", "--nocapture", "--test-threads=1"])
        .env_clear()
        .env("HOME", home())
        .env(PROVIDER, provider)
        .envs(valid.iter().copied());
    command
}

/// Runs the command and returns the line of [`child`].
fn outcome(mut command: Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let result = text.lines().find_map(|line| line.split_once("outcome: "));
    let errors = String::from_utf8_lossy(&output.stderr);
    result.unwrap_or_else(|| panic!("{command:?}: {text}{errors}")).1.to_owned()
}

/// Runs [`child`] with the valid variables of a provider and this one.
fn run(provider: &str, variable: &str, value: &[u8]) -> String {
    let mut command = command(provider);
    command.env(variable, OsStr::from_bytes(value));
    outcome(command)
}

/// Returns the message for these variables, without the one that is removed.
pub(super) fn message_of(
    provider: &str,
    variables: &[(&str, &str)],
    removed: Option<&str>,
) -> String {
    let mut command = command(provider);
    command.envs(variables.iter().copied());
    if let Some(name) = removed {
        command.env_remove(name);
    }
    let outcome = outcome(command);
    let mut parts = outcome.split(" | ");
    parts.nth(1).unwrap_or_else(|| panic!("{variables:?}: {outcome}")).to_owned()
}

/// Returns the message for this value of a variable, or for a missing variable.
pub(super) fn message(provider: &str, variable: &str, value: Option<&str>) -> String {
    match value {
        Some(value) => message_of(provider, &[(variable, value)], None),
        None => message_of(provider, &[], Some(variable)),
    }
}

fn assert_rejected(provider: &str, variable: &str, value: &[u8]) {
    let shown = value.escape_ascii();
    let result = run(provider, variable, value);
    let names_it =
        result.starts_with(&format!("{variable} | ")) && result.contains(&format!("{variable}: "));
    assert!(names_it, "{variable}={shown}: {result}");
    assert!(!result.contains("CANARY"), "{variable}={shown}: {result}");
}

#[test]
fn every_variable_is_read_or_rejected_by_name() {
    let mut rows = 0;
    for (provider, variable, valid) in VARIABLES {
        let valid = valid.replace("{home}", home().to_str().unwrap());
        let read = run(provider, variable, valid.as_bytes());
        assert!(read.starts_with("read "), "{variable}: {read}");
        for end in ["\n", "\r\n", "\n\n"] {
            let value = [&*valid, end].concat();
            assert_eq!(run(provider, variable, value.as_bytes()), read, "{variable} {value:?}");
            rows += 1;
        }
        for value in [
            &b""[..],
            b" ",
            b"\r\n",
            "\u{feff}CANARY".as_bytes(),
            "\u{a0}CANARY".as_bytes(),
            b"CAN\nARY",
            b"CANARY\tCANARY",
            b"CANARY\x1b[31m",
            b"CANARY\xff",
        ] {
            assert_rejected(provider, variable, value);
            rows += 1;
        }
    }
    assert_eq!(rows, 276);
    assert!(!home().exists(), "neither the home nor a folder in it is created");
}

#[test]
fn switches_urls_and_paths_are_parsed_or_rejected_by_name() {
    const LIVE: &str = "read https://api.tpay.com";
    const TEST: &str = "read https://openapi.sandbox.tpay.com";
    const TINYPASS: &str = "read https://api.tinypass.com/";
    for (provider, variable, value, expected) in [
        ("tpay", "TPAY_ENVIRONMENT", "production", LIVE),
        ("tpay", "TPAY_ENVIRONMENT", "Production", LIVE),
        ("tpay", "TPAY_ENVIRONMENT", "sandbox", TEST),
        ("tpay", "TPAY_ENVIRONMENT", " SANDBOX ", TEST),
        ("tpay", "TPAY_TOKEN_CACHE", "OFF", LIVE),
        ("tpay", "TPAY_TOKEN_CACHE", " off ", LIVE),
        ("tpay", "TPAY_TOKEN_CACHE", "/nonexistent/folder", LIVE),
        ("tpay", "TPAY_BASE_URL", "http://127.0.0.1:1", "read http://127.0.0.1:1"),
        ("tpay", "TPAY_BASE_URL", "https://[::1]:8443/base", "read https://[::1]:8443/base"),
        ("tinypass", "TINYPASS_SANDBOX", "0", TINYPASS),
        ("tinypass", "TINYPASS_SANDBOX", "False", TINYPASS),
        ("tinypass", "TINYPASS_SANDBOX", " TRUE", "read https://sandbox.tinypass.com/"),
        ("tinypass", "TINYPASS_BASE_URL", "http://127.0.0.1:1", "read http://127.0.0.1:1/"),
        ("tokenpass", "TOKENPASS_SCHEME", "Signed-Query", "read https://"),
        ("tokenpass", "TOKENPASS_SCHEME", "empty-query ", "read https://"),
        ("tokenpass", "TOKENPASS_BASE_URL", "http://127.0.0.1:1", "read http://127.0.0.1:1"),
        ("tokenpass", "TOKENPASS_PROVIDER_HOST", "http://127.0.0.1:1", "read http://127.0.0.1:1"),
        // Spaces at the ends of a secret may belong to it.
        ("tpay", "TPAY_CLIENT_SECRET", " two words ", LIVE),
        ("tokenpass", "TOKENPASS_CLIENT_SECRET", "zażółć", "read https://"),
    ] {
        let result = run(provider, variable, value.as_bytes());
        assert!(result.starts_with(expected), "{variable}={value:?}: {result}");
    }
    for (provider, variable, value) in [
        ("tpay", "TPAY_ENVIRONMENT", "test"),
        ("tpay", "TPAY_ENVIRONMENT", "1"),
        ("tpay", "TPAY_ENVIRONMENT", "sand box"),
        ("tpay", "TPAY_TOKEN_CACHE", "false"),
        ("tpay", "TPAY_TOKEN_CACHE", "0"),
        ("tpay", "TPAY_TOKEN_CACHE", "none"),
        ("tpay", "TPAY_TOKEN_CACHE", "~/.cache/CANARY"),
        ("tpay", "TPAY_TOKEN_CACHE", "CANARY/cache"),
        ("tpay", "TPAY_BASE_URL", "CANARY"),
        ("tpay", "TPAY_BASE_URL", "ftp://example.com"),
        ("tpay", "TPAY_BASE_URL", "http://example.com"),
        ("tpay", "TPAY_BASE_URL", "https://"),
        ("tpay", "TPAY_BASE_URL", "https://u:CANARY@example.com"),
        ("tpay", "TPAY_BASE_URL", "https://example.com?CANARY"),
        ("tpay", "TPAY_BASE_URL", "https://example.com:99999"),
        ("tinypass", "TINYPASS_SANDBOX", "yes"),
        ("tinypass", "TINYPASS_SANDBOX", "2"),
        ("tinypass", "TINYPASS_AID", "a:b"),
        ("tinypass", "TINYPASS_BASE_URL", "https://u:CANARY@example.com"),
        ("tinypass", "TINYPASS_BASE_URL", "http://example.com"),
        ("tinycert", "TINYCERT_BASE_URL", "http://example.com"),
        ("tinycert", "TINYCERT_BASE_URL", "localhost:1"),
        ("tokenpass", "TOKENPASS_SCHEME", "default"),
        ("tokenpass", "TOKENPASS_BASE_URL", "example.com"),
        ("tokenpass", "TOKENPASS_PROVIDER_HOST", "//example.com"),
    ] {
        assert_rejected(provider, variable, value.as_bytes());
    }
    // If only one of two variables is set, the error names the other one.
    let result = run("tokenpass", "TOKENPASS_PRIVILEGED_CLIENT_ID", b"id");
    assert!(result.starts_with("TOKENPASS_PRIVILEGED_CLIENT_SECRET | "), "{result}");
}
