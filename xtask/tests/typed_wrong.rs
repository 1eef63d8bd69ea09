//! What who types a task wrongly is told.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::process::{Command, Output};

/// Exit status, standard output, standard error.
fn xtask(words: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } =
        Command::new(env!("CARGO_BIN_EXE_xtask")).args(words).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn help_is_no_error() {
    for words in [
        &["help"][..],
        &["--help"],
        &["-h"],
        &["endpoints", "-h"],
        &["environments", "--help"],
        &["bench", "--help"],
    ] {
        let (status, printed, error) = xtask(words);
        assert_eq!((status, error.as_str()), (Some(0), ""), "{words:?}");
        assert!(printed.starts_with("usage: cargo xtask TASK"), "{printed}");
    }
}

#[test]
fn errors_precede_the_summary() {
    for (words, first) in [
        (&[][..], "xtask: missing argument: TASK"),
        (&["tset"], "xtask: unknown task: \"tset\""),
        (&["--quick"], "xtask: invalid option '--quick'"),
        (&["test", "-p"], "xtask: unexpected argument: \"-p\""),
        (&["demo", "tpay"], "xtask: unexpected argument: \"tpay\""),
        (&["endpoints", "--wirte"], "xtask: unexpected argument: only --write is allowed"),
        (&["check", "--fast"], "xtask: unknown option: [\"--fast\"]"),
    ] {
        let (status, printed, error) = xtask(words);
        assert_eq!((status, printed.as_str()), (Some(1), ""), "{words:?}");
        assert_eq!(error.lines().next(), Some(first), "{words:?}");
        assert!(error.contains("usage: cargo xtask TASK"), "{error}");
    }
}

#[test]
fn endpoints_and_check_need_no_argument() {
    for task in ["endpoints", "check"] {
        // Cargo rejects the variable, so that the task ends before it builds anything.
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        let output = command.arg(task).env("CARGO_TERM_COLOR", "none").output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{task}: {error}");
        assert!(!error.contains("usage: cargo xtask TASK"), "{task}: {error}");
    }
}

#[test]
fn release_check_needs_no_further_argument() {
    let (_, _, error) = xtask(&["check", "--release"]);
    assert!(error.is_empty() || error.starts_with("xtask: to do:\n"), "{error}");
}

#[test]
fn closed_pipes_end_tasks_quietly() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let Output { status, stderr, .. } = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("help")
        .stdout(writer)
        .stderr(std::process::Stdio::piped())
        .output()
        .unwrap();
    assert_eq!((status.code(), String::from_utf8(stderr).unwrap().as_str()), (Some(1), ""));
}
