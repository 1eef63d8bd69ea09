//! Typical mistakes of users of the program, with the exit status and the message of each:
//! `tests/snapshots/mistakes/tpay.md`. `UPDATE_SNAPSHOTS=1` writes the file.

use test_support::mistakes::Mistakes;

use crate::World;

const COMMAND: &str = "cargo test -p tpay-cli --test integration mistakes";

#[test]
fn messages_are_those_of_the_table() {
    let world = World::new();
    let mut table = Mistakes::new("tpay", COMMAND);
    table.hide(world.home.display().to_string());
    table.section("Arguments");
    let arguments: &[&[&str]] = &[
        &["nonsense"],
        &["transaction", "create"],
        &[
            "transaction",
            "create",
            "--amount",
            "12,34",
            "--description",
            "a",
            "--email",
            "a@b.pl",
            "--name",
            "A",
        ],
        &["transaction", "pay", "01ABC", "--group", "blik"],
        &["refund", "create", "01ABC", "--amount", "1.50", "-F", "amount=2"],
        &["transaction", "list", "--ca-certificate", "no-file"],
        &["transaction", "list", "--since", "yesterday"],
        &["transaction", "list", "--status", "payed"],
        &["transaction", "list", "--output", "xml"],
        &["transaction", "get", ".."],
        &["transaction", "get", "none"],
        &["refund", "create", "01ABC"],
        &["refund", "create", "01ABC", "--amount", "1.50"],
        &["blik", "pay", "01ABC"],
        &["transaction", "list", "--environment", "staging"],
        &["transaction", "list", "--profile", "none"],
        &["transaction", "list", "--env-file", "no-file"],
        &["transaction", "list", "--out", "no-folder/file"],
        &["transaction", "list", "--timeout", "soon"],
        &["transaction", "list", "--timeout", "-5s"],
        &["transaction", "list", "--since", "1d", "--until", "2d"],
        &["transaction", "list", "--out", "list.json", "--record", "list.json"],
        &["transaction", "create", "-F", "amount=7,50"],
        &["transaction", "create", "-F", "amount=null"],
        &["transaction", "pay", "01ABC", "-F", "groupId=null"],
        &["api", "no.endpoint"],
        &["api", "transactions.get"],
        &["api", "GET", "no-slash"],
        &["notification", "send", "ftp://localhost", "--kind", "payment"],
    ];
    for arguments in arguments {
        table.command(&world, arguments, &[]);
    }
    table.section("Environment variables");
    for variable in [
        ("TPAY_CLIENT_SECRET", "other-secret"),
        ("TPAY_CLIENT_SECRET", ""),
        ("TPAY_ENVIRONMENT", "test"),
        ("TPAY_BASE_URL", "http://127.0.0.1:1"),
        ("TPAY_BASE_URL", "api.tpay.com"),
        ("TPAY_TOKEN_CACHE", "relative"),
    ] {
        table.command(&world, &["transaction", "list", "--retries", "0"], &[variable]);
    }
    table.check(25);
}
