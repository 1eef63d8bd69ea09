//! Typical mistakes of users of the program, with the exit status and the message of each:
//! `tests/snapshots/mistakes/tinypass.md`. `UPDATE_SNAPSHOTS=1` writes the file.

use test_support::mistakes::Mistakes;

use crate::world;

const COMMAND: &str = "cargo test -p tinypass-cli --test integration mistakes";

#[test]
fn messages_are_those_of_the_table() {
    let world = world();
    let mut table = Mistakes::new("tinypass", COMMAND);
    table.hide(world.home.display().to_string());
    table.section("Arguments");
    let arguments: &[&[&str]] = &[
        &["nonsense"],
        &["access", "get"],
        &["access", "grant", "no-resource", "ann@example.com"],
        &["access", "grant", "premium-content", "ann@example.com", "--expires-after", "soon"],
        &["access", "revoke", "premium-content", "user_42"],
        &["access", "get", "premium-content", "stranger"],
        &["download", "url", "premium-content", "--lifetime", "0s"],
        &["user", "get", "nobody"],
        &["access", "list", "--profile", "none"],
        &["access", "list", "--out", "no-folder/file"],
        &["access", "list", "--limit", "many"],
    ];
    for arguments in arguments {
        table.command(&world, arguments, &[]);
    }
    table.section("Environment variables");
    for variable in [
        ("TINYPASS_PRIVATE_KEY", "other-key"),
        ("TINYPASS_SANDBOX", "yes"),
        ("TINYPASS_BASE_URL", "http://127.0.0.1:1"),
    ] {
        table.command(&world, &["access", "list", "--retries", "0"], &[variable]);
    }
    table.check(14);
}
