//! Each exit status, by the failure that causes it.

#[cfg(target_os = "linux")]
use std::process::Stdio;

use api_sandbox::Misbehaviour;
use serde_json::Value;
use test_support::cli::SandboxProgram;

use crate::{CREATE, World, finish};

fn status(world: &World, arguments: &[&str], expected: i32) -> String {
    let run = world.run(arguments);
    assert_eq!(run.status, expected, "{arguments:?}: {run:?}");
    run.stderr
}

#[test]
fn done_is_0() {
    let world = World::new();
    status(&world, &CREATE, 0);
    status(&world, &["transaction", "list"], 0);
    status(&world, &["--help"], 0);
    status(&world, &["help", "exit-status"], 0);
}

#[test]
fn declined_payment_is_1() {
    let world = World::new();
    let id = world.transaction("order-7");
    let run = finish(world.command(&["blik", "pay", &id, "--code-stdin"]), "700063\n");
    assert_eq!(run.status, 1, "{run:?}");
    assert!(run.stderr.contains("declined") && !run.stderr.contains("700063"), "{run:?}");
    let run = finish(world.command(&["blik", "pay", &id, "--code-stdin"]), "777123\n");
    assert_eq!(run.status, 0, "{run:?}");
    assert!(run.stdout.contains("correct") && run.stderr.contains(&id), "{run:?}");
}

#[test]
fn status_of_a_blik_payment_is_that_of_the_decision() {
    let world = World::new();
    let id = world.transaction("order-7");
    let pay = |options: &[&str], code: &str| {
        let arguments = [&["blik", "pay", &id, "--code-stdin", "--wait", "1ms"], options].concat();
        finish(world.command(&arguments), code)
    };
    // The file of the output and the code are checked before anything is sent.
    world.sandbox.take_seen();
    for (options, code, status) in
        [(&["--out", "no-folder/file"][..], "777123\n", 10), (&[], "", 2)]
    {
        let run = pay(options, code);
        assert_eq!(run.status, status, "{run:?}");
        assert_eq!(run.stderr.contains("BLIK code is empty"), code.is_empty(), "{run:?}");
        assert!(!run.stderr.contains("waiting for the payer"), "{run:?}");
        assert!(world.sandbox.take_seen().is_empty());
    }
    for (code, status) in [("700063\n", 1), ("700000\n", 6)] {
        let run = pay(&["--fields", "nosuch"], code);
        assert!(run.stderr.contains("unknown field `nosuch`"), "{run:?}");
        assert_eq!(run.status, status, "{run:?}");
    }
    // A payment whose response is lost names the cause.
    world.sandbox.tpay().state(|server| {
        assert!(server.refuse_next("transactions.pay", 502, "internal_server_error"));
    });
    let run = pay(&[], "700000\n");
    assert_eq!(run.status, 6, "{run:?}");
    let cause = format!("transaction {id}: undecided: tpay transactions.pay: 502 Bad Gateway");
    assert!(run.stderr.contains(&cause), "{run:?}");
}

/// An output that cannot be written does not look like a payment that was not made.
#[cfg(target_os = "linux")]
#[test]
fn status_of_a_blik_payment_is_kept_with_a_full_disk() {
    let world = World::new();
    let id = world.transaction("order-7");
    for (code, status) in [("700063\n", 1), ("777123\n", 0)] {
        let pay = ["blik", "pay", &id, "--code-stdin", "--out", "/dev/full", "--quiet"];
        let run = finish(world.command(&pay), code);
        assert!(run.stderr.contains(&format!("tpay: transaction {id} cannot be shown: /dev/full")));
        assert_eq!(run.status, status, "{run:?}");
    }
}

#[test]
fn invalid_arguments_are_2_and_nothing_is_sent() {
    let world = World::new();
    let id = world.transaction("order-7");
    world.sandbox.take_seen();
    for arguments in [
        &["nonsense"][..],
        &["transaction", "create"],
        &["transaction", "list", "--since", "yesterday"],
        &["transaction", "list", "--since", "99999999d"],
        &["transaction", "create", "-F", "amount=5", "-F", "description=x"],
        &["transaction", "list", "--status", "payed"],
        &["transaction", "get", ".."],
        &["transaction", "get", ""],
        &["refund", "create", &id],
        &["transaction", "cancel", &id, "--no-input"],
        &["blik", "pay", &id],
        &["api", "transactions.get"],
        &["api", "no.endpoint"],
        &["api", "GET", "no-slash"],
        &["api", "transactions.cancel_legacy", "-f", "transactionId=x"],
        &["transaction", "get", &id, "--environment", "staging"],
    ] {
        status(&world, arguments, 2);
    }
    assert!(world.sandbox.take_seen().is_empty());
}

#[test]
fn missing_and_rejected_credentials_are_3() {
    let world = World::new();
    let run = finish(world.bare(&["transaction", "list"]), "");
    assert_eq!(run.status, 3, "{run:?}");
    assert!(run.stderr.contains("TPAY_CLIENT_ID is not set"), "{run:?}");
    let run = finish(world.bare(&["blik", "pay", "01ABC", "--code-stdin"]), "777123\n");
    assert_eq!(run.status, 3, "{run:?}");
    assert!(!run.stderr.contains("waiting"), "{run:?}");
    for arguments in [&["transaction", "list"][..], &CREATE, &["doctor"], &["auth", "status"]] {
        let mut command = world.command(arguments);
        command.env("TPAY_CLIENT_SECRET", "wrong");
        let run = finish(command, "");
        assert_eq!(run.status, 3, "{arguments:?}: {run:?}");
    }
    let run = world.run(&["transaction", "list", "--profile", "none"]);
    assert_eq!(run.status, 3, "{run:?}");
}

#[test]
fn missing_record_is_4() {
    let world = World::new();
    status(&world, &["transaction", "get", "01M8M451EG9999999999999999"], 4);
    status(&world, &["api", "transactions.get", "-f", "transactionId=none"], 4);
    status(&world, &["auth", "logout", "none"], 4);
}

#[test]
fn lost_response_is_5_for_reads_and_6_for_writes() {
    let world = World::new();
    let id = world.transaction("order-7");
    // The first request is the one for the token, which is safe to repeat.
    for (how, arguments, expected) in [
        (Misbehaviour::ResetAfterReading, &["transaction", "list"][..], 5),
        (Misbehaviour::BadGateway, &["transaction", "list"], 5),
        (Misbehaviour::ResetAfterReading, &CREATE, 6),
        (Misbehaviour::BadGateway, &["refund", "create", &id, "--yes"], 6),
        (Misbehaviour::EmptyBody, &CREATE, 6),
        (Misbehaviour::EmptyBody, &["transaction", "list"], 9),
        (Misbehaviour::TooManyRequests(Some(3600)), &CREATE, 7),
    ] {
        let cache = world.home.join("tokens");
        let run = |arguments: &[&str]| {
            let mut command = world.command(arguments);
            command.env("TPAY_TOKEN_CACHE", &cache).arg("--retries").arg("0");
            finish(command, "")
        };
        assert_eq!(run(&["auth", "status"]).status, 0);
        world.sandbox.tpay().misbehave(how.clone(), 1);
        let result = run(arguments);
        world.sandbox.tpay().behave();
        assert_eq!(result.status, expected, "{how:?} {arguments:?}: {result:?}");
    }
    // Without a token, nothing was created.
    world.sandbox.tpay().misbehave(Misbehaviour::ResetAfterReading, 9);
    status(&world, &[&CREATE[..], &["--retries", "0"]].concat(), 5);
}

/// The program `api-sandbox` handles the write and closes the connection.
#[test]
fn write_whose_outcome_is_unknown_is_6_with_the_program_api_sandbox() {
    let world = World::new();
    let server =
        SandboxProgram::start(&["tpay", "--misbehave", "reset-after-reading@/transactions"]);
    let run = |arguments: &[&str]| {
        let mut command = world.bare(arguments);
        command.envs(&server.variables);
        finish(command, "")
    };
    let lost = run(&[&CREATE[..], &["-o", "json"]].concat());
    assert_eq!((lost.status, lost.stdout.as_str()), (6, ""), "{lost:?}");
    let error: Value = serde_json::from_str(&lost.stderr).unwrap();
    assert_eq!((&error["kind"], &error["exit"]), (&"outcome_unknown".into(), &6.into()));
    assert_eq!(
        (&error["endpoint"], &error["retryable"]),
        (&"transactions.create".into(), &false.into())
    );
    let hint = "the change may have been made: check before you repeat the command, such as with \
                `tpay transaction list [--hidden-description TEXT]`";
    assert_eq!(error["hint"], hint);
    // It was carried out once.
    let list = run(&["transaction", "list", "-o", "csv", "--fields", "description"]);
    assert_eq!((list.status, list.stdout.as_str()), (0, "description\nOrder 7\n"), "{list:?}");
}

#[test]
fn file_without_content_is_9_and_says_so() {
    let world = World::new();
    let files: [(&str, &[&str]); 3] = [
        ("/x509", &["certificate", "root"]),
        ("/transactions", &["transaction", "qr", "x", "--type", "svg"]),
        ("/reports", &["report", "download", "rep_1", "file_1", "--out", "report"]),
    ];
    for (path, arguments) in files {
        world.sandbox.tpay().misbehave_at(path, Misbehaviour::EmptyBody, 1);
        let message = status(&world, arguments, 9);
        assert!(message.contains(": the response body is empty"), "{message}");
    }
    assert!(!world.home.join("report").exists());
}

#[test]
fn rejected_request_is_8() {
    let world = World::new();
    let id = world.transaction("order-7");
    let error = status(&world, &["refund", "create", &id, "--yes"], 8);
    assert!(error.contains("transactions.refund: "), "{error}");
}

#[test]
fn local_failures_are_10() {
    let world = World::new();
    status(&world, &["transaction", "list", "--out", "no-folder/file"], 10);
    status(&world, &["api", "POST", "/x", "--input", "no-file", "--yes"], 10);
    status(&world, &["transaction", "list", "--env-file", "no-file"], 10);
}

#[test]
fn hint_about_a_missing_permission_does_not_blame_the_credentials() {
    let world = World::new();
    let tpay = world.sandbox.tpay();
    tpay.state(|server| assert!(server.refuse_next("transactions.list", 403, "access_denied")));
    let run = world.run(&["transaction", "list"]);
    assert!(run.status == 3 && run.stderr.contains("hint: run `tpay auth status`"), "{run:?}");
}

#[test]
fn errors_are_json_with_json_output() {
    let world = World::new();
    let error = status(&world, &["transaction", "get", "none", "-o", "json"], 4);
    let json: Value = serde_json::from_str(&error).unwrap();
    assert_eq!(json["kind"], "not_found");
    assert_eq!(json["exit"], 4);
    assert_eq!(json["http_status"], 404);
    assert_eq!(json["endpoint"], "transactions.get");
    assert!(json["request_id"].is_string() && json["message"].is_string(), "{json}");
}

#[cfg(unix)]
#[test]
fn closed_pipe_is_no_error() {
    let world = World::new();
    let script = format!("{} api --list | head -1", env!("CARGO_BIN_EXE_tpay"));
    let mut command = std::process::Command::new("bash");
    command.args(["-c", &format!("set -o pipefail; {script}")]).current_dir(&world.home);
    // The shell warns of a language that is not installed.
    command.env("LC_ALL", "C");
    let run = finish(command, "");
    assert_eq!(run.status, 0, "{run:?}");
    assert_eq!(run.stderr, "");
}

/// A full disk behind the standard output does not look like a request that was not sent.
#[cfg(target_os = "linux")]
#[test]
fn write_whose_response_cannot_be_shown_is_6() {
    let world = World::new();
    let id = world.transaction("order-7");
    let cancel = ["transaction", "cancel", &id, "--yes", "-o", "json"];
    let field = format!("transactionId={}", world.transaction("order-8"));
    let api = ["api", "transactions.cancel", "-f", &field, "--yes", "-o", "json"];
    for arguments in [&CREATE[..], &cancel, &api] {
        world.sandbox.take_seen();
        let mut command = world.command(arguments);
        command.stdin(Stdio::null()).stdout(std::fs::File::create("/dev/full").unwrap());
        let output = command.stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(world.sandbox.take_seen().len(), 2, "{arguments:?}: {message}");
        assert_eq!(output.status.code(), Some(6), "{arguments:?}: {message}");
        assert!(message.contains("its response cannot be shown: standard output: "), "{message}");
        // A file that cannot be created is found before anything is sent.
        let run = world.run(&[arguments, &["--out", "no-folder/file"]].concat());
        assert_eq!((run.status, world.sandbox.take_seen().len()), (10, 0), "{run:?}");
    }
}
