//! What holds for all programs: the page of commands, completions, terminals, closed streams.

use test_support::programs::Program;

use crate::World;

impl World {
    fn check(&self, check: impl FnOnce(&Program<'_>)) {
        check(&Program {
            name: "tpay",
            read: &["transaction", "list"],
            write: &["transaction", "cancel", "x"],
            command: &|arguments| self.command(arguments),
        });
    }
}

#[test]
fn commands_are_those_of_the_snapshot() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/integration/commands.txt");
    World::new().check(|program| program.assert_tree(path));
}

#[test]
fn api_builds_a_request_for_each_endpoint() {
    let endpoints = || tpay_client::ENDPOINTS.iter();
    World::new().check(|program| {
        program.assert_api(endpoints().map(|e| (e.id(), e.method().as_str(), e.template())));
    });
}

#[test]
fn completions_are_parsed_by_their_shells() {
    World::new().check(|program| program.assert_completions());
}

#[cfg(unix)]
#[test]
fn streams_may_be_closed_and_the_home_missing() {
    let world = World::new();
    world.transaction("order-7");
    world.check(|program| program.assert_bare_environment());
}

#[cfg(unix)]
#[test]
fn terminal_gets_columns_and_questions() {
    let world = World::new();
    world.transaction("order-7");
    world.check(|program| {
        let Some(list) = program.assert_terminal("STATUS") else { return };
        // The time is local, with its offset.
        assert!(list.contains(" +00:00") || list.contains(" -") || list.contains(" +"), "{list}");
        assert!(!list.contains("Z "), "{list}");
        let token = format!("{}\n", api_sandbox::tpay::CARD_TOKEN);
        let card = program.on_terminal(&["card", "get"], &token).unwrap();
        assert_eq!(card.status, 0, "{card:?}");
        assert!(card.stdout.contains("card token: "), "{card:?}");
        let all = ["transaction", "list", "--all", "-o", "json", "--out", "list.json"];
        assert_eq!(program.on_terminal(&all, "").unwrap().status, 0);
    });
}

#[cfg(unix)]
#[test]
fn interrupted_read_ends() {
    let world = World::new();
    let server = world.sandbox.tpay();
    let stall = api_sandbox::Misbehaviour::StallInHeaders(std::time::Duration::from_secs(60));
    world.check(|program| {
        let stall = || server.misbehave(stall, 9);
        program.assert_interruptible(stall, || !server.seen().is_empty());
    });
}

#[cfg(unix)]
#[test]
fn listener_ends_by_sigterm_after_its_output() {
    use std::os::unix::process::ExitStatusExt;

    let world = World::new();
    let listener = world.listen(&["--trust-test-key", "--any-merchant", "-o", "jsonl"]);
    assert_eq!(world.send(&listener.url, &[]).status, 0);
    let pid = listener.child.id().to_string();
    let kill = std::process::Command::new("kill").args(["-TERM", &pid]).status();
    assert!(kill.unwrap().success());
    let output = listener.child.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(15));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("{\"kind\":\"payment\"") && text.ends_with("}\n"), "{text}");
}
