//! The examples as run by a user: help, exit statuses and error messages. `cargo xtask endpoints`
//! runs `tinycert_tour`.

#![cfg(feature = "ureq")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use test_support::examples::{Example, Variables};

const VARIABLES: Variables = Variables {
    prefix: "TINYCERT_",
    secret: "TINYCERT_API_KEY",
    base_url: "TINYCERT_BASE_URL",
    refusal: "403",
};

#[test]
fn examples_print_help_and_errors_that_name_the_cause() {
    for (name, arguments) in [
        ("issue", &["--ca", "Sandbox, Inc.", "example.com"][..]),
        ("list", &[][..]),
        ("renew", &[][..]),
    ] {
        Example { name, arguments }.holds(&VARIABLES);
    }
}
