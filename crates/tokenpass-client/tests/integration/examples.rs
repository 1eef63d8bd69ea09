//! The examples as run by a user: help, exit statuses, and error messages.
//!
//! `tokenpass_tour` is not included: `cargo xtask endpoints` runs it.

#![cfg(feature = "ureq")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::process::Command;

use test_support::examples::{Example, Variables, program};

const VARIABLES: Variables = Variables {
    prefix: "TOKENPASS_",
    secret: "TOKENPASS_CLIENT_SECRET",
    base_url: "TOKENPASS_BASE_URL",
    refusal: "403",
};

#[test]
fn examples_print_help_and_name_errors() {
    Example { name: "credits", arguments: &["accounts", "demo"] }.holds(&VARIABLES);
    // The server responds to an unknown client with a page and without an error status.
    Example { name: "login", arguments: &["--no-browser"] }.starts_well(&VARIABLES);
    // These examples authenticate with the user's token.
    let variables = Variables { secret: "TOKENPASS_OAUTH_TOKEN", ..VARIABLES };
    for (name, arguments) in [("balances", &[][..]), ("gate", &["cryptonaut", "TOKENLY >= 1"])] {
        Example { name, arguments }.holds(&variables);
    }
}

#[test]
fn gate_rejects_options_that_cannot_be_combined() {
    for arguments in [
        &["--local", "--without-promises", "bob", "TOKENLY"][..],
        &["--local", "bob", "TOKENLY without promises"],
        &["--local", "--address", "1A", "TOKENLY"],
    ] {
        let output = Command::new(program("gate")).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("cannot be combined"), "{arguments:?}: {error}");
    }
}

#[cfg(feature = "sign-message")]
#[test]
fn lend_prints_help_and_names_errors() {
    Example { name: "lend", arguments: &["--list"] }.holds(&VARIABLES);
}
