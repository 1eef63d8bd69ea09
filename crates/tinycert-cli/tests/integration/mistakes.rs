//! Typical mistakes of users of the program, with the exit status and the message of each:
//! `tests/snapshots/mistakes/tinycert.md`. `UPDATE_SNAPSHOTS=1` writes the file.

use test_support::mistakes::Mistakes;

use crate::world;

const COMMAND: &str = "cargo test -p tinycert-cli --test integration mistakes";

#[test]
fn messages_are_those_of_the_table() {
    let world = world();
    let mut table = Mistakes::new("tinycert", COMMAND);
    table.hide(world.home.display().to_string());
    table.section("Arguments");
    let arguments: &[&[&str]] = &[
        &["nonsense"],
        &["cert", "show"],
        &["cert", "show", "x"],
        &["cert", "show", "0"],
        &["cert", "show", "9999"],
        &["cert", "create", "a.example"],
        &["cert", "create", "10.0.0.256", "--ca", "561"],
        &["cert", "revoke", "14236"],
        &["ca", "show", "no such CA"],
        &["ca", "create", "ACME, Inc.", "--country", "us"],
        &["ca", "delete", "561"],
        &["ca", "list", "--environment", "sandbox"],
        &["ca", "list", "--profile", "none"],
        &["ca", "list", "--out", "no-folder/file"],
        &["cert", "needs-renewal", "no-file"],
        &["cert", "needs-renewal", "no-file", "--within", "soon"],
        &["renew", "--dir", "no-folder"],
    ];
    for arguments in arguments {
        table.command(&world, arguments, &[]);
    }
    table.section("Environment variables");
    for variable in [
        ("TINYCERT_API_KEY", "other-key"),
        ("TINYCERT_PASSPHRASE", "other words"),
        ("TINYCERT_EMAIL", "nobody@example.org"),
        ("TINYCERT_BASE_URL", "http://127.0.0.1:1"),
        ("TINYCERT_BASE_URL", "http://www.tinycert.org"),
    ] {
        table.command(&world, &["ca", "list", "--retries", "0"], &[variable]);
    }
    table.check(21);
}
