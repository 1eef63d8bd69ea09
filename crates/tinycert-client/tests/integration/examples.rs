//! The examples as a person runs them: help, exit statuses, and errors that help.
//!
//! `tinycert_tour` is not among them: `cargo xtask endpoints` runs it.

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
fn the_examples_explain_themselves_and_what_is_wrong() {
    for (name, arguments) in [
        ("issue", &["--ca", "Sandbox, Inc.", "example.com"][..]),
        ("list", &[][..]),
        ("renew", &[][..]),
    ] {
        Example { name, arguments }.holds(&VARIABLES);
    }
}
