//! Typical mistakes of users of the program, with the exit status and the message of each:
//! `tests/snapshots/mistakes/tokenpass.md`. `UPDATE_SNAPSHOTS=1` writes the file.

use test_support::mistakes::Mistakes;

use crate::world;

const COMMAND: &str = "cargo test -p tokenpass-cli --test integration mistakes";

#[test]
fn messages_are_those_of_the_table() {
    let world = world();
    let mut table = Mistakes::new("tokenpass", COMMAND);
    table.hide(world.home.display().to_string());
    table.section("Arguments");
    let arguments: &[&[&str]] = &[
        &["nonsense"],
        &["check"],
        &["check", "bob", "TOKENLY => 1"],
        &["check", "bob", "TOKENLY >= one"],
        &["check", "bob", "A and (B or C)"],
        &["promise", "cancel", "1"],
        &["promise", "create", "a", "b", "TOKENLY", "0,5"],
        &["promise", "create", "a", "b", "TOKENLY", "0.5", "-F", "asset=SOUP"],
        &["promise", "create", "-F", "asset=SOUP"],
        &["rule", "explain", "TOKENLY => 1"],
        &["credit", "give", "g", "bob", "0"],
        &["chat", "create", "n", "--token", "SOUP"],
        &["chat", "get", ""],
        &["promise", "update", "1"],
        &["promise", "get", "99"],
        &["user", "lookup", "1nobody"],
        &["whoami", "--environment", "sandbox"],
        &["whoami", "--profile", "none"],
        &["balance", "list", "--out", "no-folder/file"],
    ];
    for arguments in arguments {
        table.command(&world, arguments, &[]);
    }
    table.section("Environment variables");
    for variable in [
        ("TOKENPASS_CLIENT_SECRET", "KwrongSecret0000000000000000000000000000"),
        ("TOKENPASS_SCHEME", "hmac"),
        ("TOKENPASS_OAUTH_TOKEN", ""),
        ("TOKENPASS_BASE_URL", "http://127.0.0.1:1"),
    ] {
        table.command(&world, &["promise", "list", "--retries", "0"], &[variable]);
    }
    let token = ("TOKENPASS_OAUTH_TOKEN", "a-token-of-yesterday");
    table.command(&world, &["address", "list", "--retries", "0"], &[token]);
    table.check(14);
}
