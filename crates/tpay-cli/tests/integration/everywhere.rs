//! What holds for all programs: the page of commands, completions, terminals, closed streams.

use api_sandbox::Misbehaviour;
use test_support::cli;

use crate::World;

test_support::program_rules! {
    name: "tpay", read: &["transaction", "list"], write: &["transaction", "cancel", "x"],
    heading: "STATUS", endpoints: tpay_client::ENDPOINTS,
    world: world(), server: |world| world.sandbox.tpay(),
}

/// Returns a world with one transaction.
fn world() -> cli::World {
    let world = World::new();
    world.transaction("order-7");
    world.0
}

#[cfg(unix)]
#[test]
fn terminal_gets_local_times_and_prompts() {
    let world = world();
    check(&world, |program| {
        let Some(list) = program.assert_terminal("STATUS") else { return };
        // The time is local, with its offset.
        assert!(list.contains(" +00:00") || list.contains(" -") || list.contains(" +"), "{list}");
        assert!(!list.contains("Z "), "{list}");
        let token = format!("{}\n", api_sandbox::tpay::CARD_TOKEN);
        let card = program.on_terminal(&["card", "get"], &token).unwrap();
        assert_eq!(card.status, 0, "{card:?}");
        assert!(card.stdout.contains("card token: "), "{card:?}");
        // The code is not echoed, whichever command asks for it.
        for pay in [&["blik", "pay", "x"][..], &["marketplace", "pay", "x"]] {
            let pay = program.on_terminal(&[pay, &["--dry-run"]].concat(), "777123\n").unwrap();
            assert_eq!(pay.status, 0, "{pay:?}");
            assert!(pay.stdout.contains("BLIK code: \r\n"), "{pay:?}");
        }
        let pay = program.on_terminal(&["blik", "pay", "x"], "777\n").unwrap();
        assert!(pay.status == 2 && pay.stdout.contains(" code: must be six digits"), "{pay:?}");
        let pay = ["blik", "pay", "x", "--dry-run"];
        let pay = program.on_terminal(&pay, "777123 \n").unwrap();
        let problem = "BLIK code: must not begin or end with spaces";
        assert!(pay.status == 2 && pay.stdout.contains(problem), "{pay:?}");
        let profile = world.home.join(".config/tpay/profiles.toml");
        for (input, problem) in [
            (" id\nsecret\n", "client_id: must not begin or end with spaces"),
            ("i\u{1b}d\nsecret\n", "client_id: must not contain control characters"),
            ("id\nsecret\n \n", "environment: must not begin or end with spaces"),
        ] {
            let login = program.on_terminal(&["auth", "login"], input).unwrap();
            assert!(login.status == 2 && login.stdout.contains(problem), "{login:?}");
            assert!(!profile.exists());
        }
        let all = ["transaction", "list", "--all", "-o", "json", "--out", "list.json"];
        assert_eq!(program.on_terminal(&all, "").unwrap().status, 0);
    });
}

#[cfg(unix)]
#[test]
fn terminal_gets_neither_images_nor_control_characters() {
    let world = World::new();
    let id = world.transaction("a\u{202e}b");
    check(&world, |program| {
        for format in ["csv", "json"] {
            let fields = ["--fields", "hiddenDescription", "-o", format];
            let list = [&["transaction", "list"][..], &fields].concat();
            let Some(run) = program.on_terminal(&list, "") else { return };
            assert!(run.status == 0 && run.stdout.contains("202e"), "{run:?}");
            assert!(!run.stdout.contains('\u{202e}'), "{run:?}");
        }
        let run = program.on_terminal(&["transaction", "qr", &id], "").unwrap();
        assert!(run.status == 2 && run.stdout.contains("use --out FILE"), "{run:?}");
        assert_eq!(
            program.on_terminal(&["transaction", "qr", &id, "--type", "svg"], "").unwrap().status,
            0
        );
    });
}

#[cfg(unix)]
#[test]
fn interrupted_payment_is_reported() {
    use std::io::Write;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};
    use std::time::Duration;

    let world = World::new();
    let id = world.transaction("order-7");
    let server = world.sandbox.tpay();
    let path = format!("/transactions/{id}/pay");
    server.misbehave_at(&path, Misbehaviour::StallInHeaders(Duration::from_secs(60)), 1);
    let mut command = world.command(&["blik", "pay", &id, "--code-stdin", "-o", "json"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"777123\n").unwrap();
    let is_payment = |seen: &api_sandbox::Seen| seen.verdict.endpoint == Some("transactions.pay");
    cli::wait_until(&mut child, || server.take_seen().iter().any(is_payment));
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(15), "{output:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    let report = r#"{"kind":"interrupted","exit":143,"endpoint":"transactions.pay""#;
    assert_eq!(text.matches(report).count(), 1, "{text}");
    assert_eq!(text.matches("check before you repeat").count(), 1, "{text}");
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
