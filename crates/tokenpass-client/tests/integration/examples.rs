//! The examples as a person runs them: help, exit statuses, and errors that help.
//!
//! `tokenpass_tour` is not among them: `cargo xtask endpoints` runs it.

#![cfg(feature = "ureq")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use test_support::examples::{Example, Variables};

const VARIABLES: Variables = Variables {
    prefix: "TOKENPASS_",
    secret: "TOKENPASS_CLIENT_SECRET",
    base_url: "TOKENPASS_BASE_URL",
    refusal: "403",
};

#[test]
fn the_examples_explain_themselves_and_what_is_wrong() {
    Example { name: "credits", arguments: &["accounts", "demo"] }.holds(&VARIABLES);
    // Whom the server does not know sees a page there, and no status that says no.
    Example { name: "login", arguments: &["--no-browser"] }.starts_well(&VARIABLES);
    // On behalf of a user the token counts.
    let variables = Variables { secret: "TOKENPASS_OAUTH_TOKEN", ..VARIABLES };
    for (name, arguments) in [("balances", &[][..]), ("gate", &["cryptonaut", "TOKENLY >= 1"])] {
        Example { name, arguments }.holds(&variables);
    }
}

#[cfg(feature = "sign-message")]
#[test]
fn lending_explains_itself_and_what_is_wrong() {
    Example { name: "lend", arguments: &["--list"] }.holds(&VARIABLES);
}
