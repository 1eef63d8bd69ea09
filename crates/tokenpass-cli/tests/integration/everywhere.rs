//! What holds for all programs: the page of commands, completions, terminals, closed streams.

use test_support::cli::World;
use test_support::programs::Program;

use crate::world;

fn check(world: &World, check: impl FnOnce(&Program<'_>)) {
    check(&Program {
        name: "tokenpass",
        read: &["balance", "list"],
        write: &["promise", "cancel", "1"],
        command: &|arguments| world.command(arguments),
    });
}

#[test]
fn commands_are_those_of_the_snapshot() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/integration/commands.txt");
    check(&world(), |program| program.assert_tree(path));
}

#[test]
fn api_builds_a_request_for_each_endpoint() {
    let endpoints = || tokenpass_client::ENDPOINTS.iter();
    check(&world(), |program| {
        program.assert_api(endpoints().map(|e| (e.id(), e.method().as_str(), e.template())));
    });
}

#[test]
fn completions_are_parsed_by_their_shells() {
    check(&world(), |program| program.assert_completions());
}

#[cfg(unix)]
#[test]
fn streams_may_be_closed_and_the_home_missing() {
    check(&world(), |program| program.assert_bare_environment());
}

#[cfg(unix)]
#[test]
fn terminal_gets_columns_and_questions() {
    let world = world();
    check(&world, |program| {
        program.assert_terminal("BALANCE");
    });
}

#[cfg(unix)]
#[test]
fn interrupted_read_ends() {
    let world = world();
    let server = world.sandbox.tokenpass();
    let stall = api_sandbox::Misbehaviour::StallInHeaders(std::time::Duration::from_secs(60));
    check(&world, |program| {
        let stall = || server.misbehave(stall, 9);
        program.assert_interruptible(stall, || !server.seen().is_empty());
    });
}
