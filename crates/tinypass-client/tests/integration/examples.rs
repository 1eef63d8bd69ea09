//! The examples as run by a user: arguments, exit statuses and error messages. `cargo xtask
//! endpoints` runs `tinypass_tour`.

#![cfg(feature = "ureq")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::process::{Command, Output};

use api_sandbox::{Misbehaviour, Sandbox, tinypass};
use test_support::examples::{Example, Variables, program};

const VARIABLES: Variables = Variables {
    prefix: "TINYPASS_",
    secret: "TINYPASS_PRIVATE_KEY",
    base_url: "TINYPASS_BASE_URL",
    refusal: "401",
};

/// Returns a command for an example, without the variables of this process that the client reads.
fn example(name: &str) -> Command {
    let mut command = Command::new(program(name));
    for name in ["TINYPASS_AID", "TINYPASS_PRIVATE_KEY", "TINYPASS_BASE_URL", "TINYPASS_SANDBOX"] {
        command.env_remove(name);
    }
    command
}

fn run(sandbox: &Sandbox, name: &str, arguments: &[&str]) -> Output {
    example(name).args(arguments).envs(sandbox.environment()).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

#[test]
fn exit_status_of_check_access_is_the_access() {
    let sandbox = Sandbox::start().unwrap();
    let status = |arguments: &[&str]| {
        let output = run(&sandbox, "check_access", arguments);
        (output.status.code().unwrap(), text(&output.stdout).to_owned())
    };
    let (code, line) = status(&[tinypass::RID, tinypass::USER_REF]);
    assert!(code == 0 && line.contains("access until"), "{line}");
    let (code, line) = status(&[tinypass::DOWNLOAD_RID, tinypass::USER_REF]);
    assert!(code == 0 && line.contains("does not expire"), "{line}");
    let (code, line) = status(&[tinypass::RID, "former_reader"]);
    assert!(code == 1 && line.contains("access expired"), "{line}");
    let (code, line) = status(&[tinypass::RID, "a stranger"]);
    assert!(code == 1 && line.contains("no access record"), "{line}");
    assert_eq!(status(&["--quiet", tinypass::RID, "a stranger"]), (1, String::new()));
}

#[test]
fn check_access_prints_errors_that_name_the_cause() {
    let sandbox = Sandbox::start().unwrap();
    for (arguments, expected) in [
        (&["only-a-rid"][..], "RID and USER_REF are required"),
        (&["--nonsense"], "nonsense"),
        (&[" ", "u"], "rid: must not be empty"),
    ] {
        let output = run(&sandbox, "check_access", arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
    let output = example("check_access").args(["r", "u"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("TINYPASS_AID"), "{}", text(&output.stderr));

    let mut wrong_key = example("check_access");
    wrong_key.args(["r", "u"]).envs(sandbox.environment()).env("TINYPASS_PRIVATE_KEY", "CANARY");
    let output = wrong_key.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("401"), "{}", text(&output.stderr));
    assert!(!text(&output.stderr).contains("CANARY"));
}

#[test]
fn examples_print_help_and_errors_that_name_the_cause() {
    for (name, arguments) in
        [("check_access", &["premium-content", "user_42"][..]), ("export_accesses", &[])]
    {
        Example { name, arguments }.holds(&VARIABLES);
    }
}

#[cfg(feature = "blocks")]
#[test]
fn webhook_server_prints_help() {
    // The server sends no requests, so it reads no base URL.
    let variables = Variables { base_url: "TINYPASS_AID", ..VARIABLES };
    Example { name: "webhook_server", arguments: &[] }.starts_well(&variables);
}

#[test]
fn proxy_variables_do_not_apply_to_loopback_hosts() {
    let sandbox = Sandbox::start().unwrap();
    let mut command = example("check_access");
    command.args([tinypass::RID, tinypass::USER_REF]).envs(sandbox.environment());
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"]
    {
        command.env(name, "http://127.0.0.1:9");
    }
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn export_is_a_csv_of_all_pages_with_quoted_fields() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.tinypass().state(|server| {
        for number in 0..7 {
            let user = format!("reader \"{number}\", the\nlast");
            server.add_access(tinypass::RID, &user, &format!("r{number}@example.org"), 0, None);
        }
    });
    let output = run(&sandbox, "export_accesses", &["--page-size", "3", "--rid", tinypass::RID]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let mut table = csv::Reader::from_reader(&output.stdout[..]);
    assert_eq!(table.headers().unwrap().iter().next(), Some("id"));
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 9);
    assert_eq!(rows.last().unwrap().get(3), Some("reader \"6\", the\nlast"));
    assert!(text(&output.stderr).contains("9 records"));
}

#[test]
fn failed_export_is_an_error_and_leaves_complete_lines() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.tinypass().misbehave(Misbehaviour::EmptyBody, 1);
    let output = run(&sandbox, "export_accesses", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("body is empty"), "{}", text(&output.stderr));
    assert!(text(&output.stdout).ends_with('\n') || output.stdout.is_empty());
}
