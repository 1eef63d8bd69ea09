//! The program `tinypass`, run against a sandbox in this process.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod cases;
mod endpoints;
mod everywhere;
#[cfg(target_os = "linux")]
mod mistakes;

use api_sandbox::{Misbehaviour, Raw, Response, Server, Service, Verdict, tinypass as server};
use serde_json::{Value, json};
use test_support::cli::{Program, World};

const PROGRAM: Program = Program {
    path: env!("CARGO_BIN_EXE_tinypass"),
    prefix: "TINYPASS_",
    secrets: &[server::PRIVATE_KEY],
};

fn world() -> World {
    World::new(PROGRAM)
}

const GET: [&str; 4] = ["access", "get", server::RID, server::USER_REF];
const GRANT: [&str; 4] = ["access", "grant", server::RID, "ann@example.com"];

#[test]
fn each_failure_has_its_exit_status() {
    let world = world();
    for (arguments, expected) in [
        (&GET[..], 0),
        (&["access", "get", server::RID, "stranger"], 1),
        (&["access", "get"], 2),
        (&["access", "revoke", server::RID, server::USER_REF], 2),
        (&["subscription", "cancel", server::RID, server::USER_REF, "--no-input"], 2),
        (&["download", "url", server::RID, "--lifetime", "0s"], 2),
        (&["access", "list", "--profile", "none"], 3),
        (&["user", "get", "nobody"], 4),
        (&["access", "list", "--out", "no-folder/file"], 10),
    ] {
        let run = world.run(arguments);
        assert_eq!(run.status, expected, "{arguments:?}: {run:?}");
    }
    let mut command = world.command(&GET);
    command.env("TINYPASS_PRIVATE_KEY", "wrong-key");
    assert_eq!(world.finish(command, "").status, 3);
    let mut command = world.command(&GET);
    command.env_remove("TINYPASS_AID");
    assert_eq!(world.finish(command, "").status, 3);
    for arguments in [&["block", "seal"][..], &["cookie", "check", "r"], &["access", "list"]] {
        let mut command = world.command(arguments);
        command.env("TINYPASS_AID", "a;b\u{e9}").env("TINYPASS_BASE_URL", "x");
        let run = world.finish(command, "x");
        assert!(run.status == 10 && run.stderr.starts_with("tinypass: TINYPASS_"), "{run:?}");
    }
}

#[test]
fn lost_response_is_5_for_reads_and_6_for_writes() {
    let world = world();
    for (how, arguments, expected) in [
        (Misbehaviour::ResetAfterReading, &GET[..], 5),
        (Misbehaviour::BadGateway, &GET, 5),
        (Misbehaviour::ResetAfterReading, &GRANT, 6),
        (Misbehaviour::TooManyRequests(Some(3600)), &GRANT, 7),
        (Misbehaviour::EmptyBody, &GET, 9),
    ] {
        world.sandbox.tinypass().misbehave(how.clone(), 1);
        let run = world.run(&[arguments, &["--retries", "0"]].concat());
        world.sandbox.tinypass().behave();
        assert_eq!(run.status, expected, "{how:?} {arguments:?}: {run:?}");
    }
    assert_eq!(world.run(&[&GRANT[..], &["--user", "ann"]].concat()).status, 0);
    let refund = ["access", "revoke", server::RID, "ann", "--refund", "--yes"];
    let run = world.run(&refund);
    assert_eq!(run.status, 8, "nothing was paid: {run:?}");
}

#[test]
fn lists_are_the_json_of_the_server() {
    let world = world();
    let run = world.run(&["access", "list", "--all", "-o", "json"]);
    assert_eq!(run.status, 0, "{run:?}");
    let list: Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(list.as_array().unwrap().iter().any(|entry| entry["user_ref"] == server::USER_REF));
    let run = world.run(&["access", "list", "--limit", "1", "-o", "jsonl"]);
    assert_eq!(run.stdout.lines().count(), 1);
    assert!(run.stderr.contains("shown"), "{run:?}");
    let run = world.run(&["subscription", "list", "-o", "json"]);
    let list: Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(!list.as_array().unwrap().is_empty(), "{run:?}");
}

/// A server that returns the same page for each number.
struct Repeated;

impl Service for Repeated {
    fn respond(&mut self, _: &Raw) -> (Response, Verdict) {
        let entry = |id: u32| json!({"id": format!("a{id}"), "rid": "r"});
        let entries: Vec<Value> = (0..1000).map(entry).collect();
        let body = json!({"code": 0, "ts": 1, "data": entries});
        (Response::json(200, &body), Verdict { endpoint: None, signed: None })
    }
}

#[test]
fn list_of_a_server_that_repeats_a_page_is_9_and_stays_unclosed() {
    let world = world();
    let repeated = Server::start(0, Repeated).unwrap();
    let list = ["access", "list", "--all", "-o", "json", "--base-url", repeated.base_url()];
    let run = world.run(&list);
    assert_eq!(run.status, 9, "{run:?}");
    assert!(run.stderr.contains("the server keeps returning the same entries"), "{}", run.stderr);
    assert_eq!(run.stdout.matches("\"rid\"").count(), 1000);
    assert!(!run.stdout.trim_end().ends_with(']'));
}

#[test]
fn checks_have_fields() {
    let world = world();
    let get = [&GET[..], &["--fields", "rid,user_ref"]].concat();
    let run = world.run(&[&get[..], &["-o", "csv"]].concat());
    let rid = server::RID;
    let csv = format!("rid,user_ref\n{rid},{}\n", server::USER_REF);
    assert_eq!((run.status, run.stdout), (0, csv));
    let run = world.run(&["access", "get", rid, "stranger", "--fields", "rid", "-o", "json"]);
    assert_eq!((run.status, run.stdout.as_str(), run.stderr.as_str()), (1, "", "no access\n"));
    let run = world.run(&[&GET[..], &["--fields", "nosuch"]].concat());
    assert!(run.status == 2 && run.stderr.contains("unknown field `nosuch`"), "{run:?}");
}

#[test]
fn every_read_is_called_by_the_doctor() {
    let world = world();
    let run = world.run(&["doctor", "-o", "jsonl"]);
    assert_eq!(run.status, 0, "{run:?}");
    for endpoint in ["access.search", "access.get", "user.get", "subscription.search"] {
        assert!(run.stdout.contains(&format!("\"endpoint\":\"{endpoint}\"")), "{run:?}");
    }
}

#[test]
fn profile_is_stored_and_used() {
    let world = world();
    let login = world.command(&["auth", "login", "--env-file", "-"]);
    assert_eq!(world.finish(login, &world.env_file()).status, 0);
    let run = world.finish(world.bare(&["auth", "status"]), "");
    assert!(run.status == 0 && run.stdout.contains("profile `default`"), "{run:?}");
}

#[test]
fn option_replaces_all_settings_of_the_server_in_a_profile() {
    let world = world();
    let base = world.sandbox.tinypass().base_url();
    let keys =
        format!("TINYPASS_AID={}\nTINYPASS_PRIVATE_KEY={}\n", server::AID, server::PRIVATE_KEY);
    let file = format!("{keys}TINYPASS_ENVIRONMENT=sandbox\nTINYPASS_SANDBOX=1\n");
    let login = ["auth", "login", "--env-file", "-"];
    for (option, value) in [("--base-url", base), ("--environment", "production")] {
        let login = world.bare(&[&login[..], &[option, value]].concat());
        assert_eq!(world.finish(login, &file).status, 0);
        // A setting that contradicts another one is an error.
        let run = world.finish(world.bare(&["access", "list", "--curl"]), "");
        assert_eq!(run.status, 0, "{option}: {run:?}");
        let url = if option == "--base-url" { base } else { "https://api.tinypass.com" };
        assert!(run.stdout.contains(&format!("'{url}/")), "{option}: {run:?}");
    }
    if cfg!(unix) {
        let login = world.bare(&[&login[..], &["--base-url", base]].concat());
        assert_eq!(world.finish(login, &file).status, 0);
        let file = world.home.join(".config/tinypass/profiles.toml");
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.contains(base) && !text.contains("sandbox ="), "{text}");
    } else {
        eprintln!("skipped: the folder of profiles is another one");
    }
}

#[cfg(unix)]
#[test]
fn readme_is_a_walk_that_works() {
    world().walk(include_str!("../../README.md"), 15);
}

#[test]
fn body_that_is_not_json_is_not_a_success() {
    let world = world();
    let file = world.home.join("grants.csv");
    std::fs::write(&file, format!("rid,email\n{},ann@example.com\n", server::RID)).unwrap();
    let grants = ["access", "grant", "--file", "grants.csv", "--yes", "-o", "json"];
    let revoke = ["access", "revoke", server::RID, server::USER_REF, "--yes", "-o", "json"];
    let access = r#""access":{"access_id":"a","granted":true}"#;
    for (start, members, expected) in [("\u{feff}", r#""x":"y""#, 0), ("", r#""x":"\ud800""#, 9)] {
        let body = format!(r#"{start}{{"code":0,"ts":1,{members},{access}}}"#);
        let length = body.len();
        let response = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        for arguments in [&revoke[..], &grants] {
            let how = Misbehaviour::Bytes(response.clone().into_bytes());
            world.sandbox.tinypass().misbehave(how, 1);
            let run = world.run(arguments);
            world.sandbox.tinypass().behave();
            assert_eq!(run.status, expected, "{arguments:?}: {run:?}");
            assert!(!run.stdout.contains("success"), "{run:?}");
            assert!(expected != 0 || run.stdout.contains(r#""ts":1"#), "{run:?}");
        }
    }
}

#[test]
fn row_of_an_uncertain_write_says_so() {
    let world = world();
    let line = format!("{},ann@example.com\n", server::RID);
    let lines = format!("rid,email\n{}none,bob@example.com\n", line.repeat(2));
    std::fs::write(world.home.join("grants.csv"), lines).unwrap();
    let grants = ["access", "grant", "--file", "grants.csv", "--yes", "--retries", "0"];
    world.sandbox.tinypass().misbehave(Misbehaviour::ResetAfterReading, 1);
    let run = world.run(&grants);
    let mut rows = run.stdout.lines();
    let hint = "; the change may have been made: check before you repeat the command, \
                such as with `tinypass access get RID USER`";
    assert!(run.status == 11 && rows.next().unwrap().ends_with(hint), "{run:?}");
    assert!(rows.all(|row| !row.contains(hint)), "{run:?}");
    world.sandbox.tinypass().misbehave(Misbehaviour::ResetAfterReading, 1);
    let run = world.run(&[&grants[..], &["-o", "csv"]].concat());
    assert!(run.stdout.contains(r#"""kind"":""outcome_unknown"""#), "{run:?}");
}

#[cfg(unix)]
#[test]
fn interrupted_batch_writes_its_results() {
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};
    use std::time::Duration;

    let world = world();
    let line = format!("{},ann@example.com\n", server::RID);
    let lines = format!("rid,email\n{}", line.repeat(5));
    std::fs::write(world.home.join("grants.csv"), lines).unwrap();
    let server = world.sandbox.tinypass();
    for (jobs, done, stalled) in [("1", 2, 1), ("3", 0, 3)] {
        for options in [&[][..], &["-o", "csv", "--out", "results.csv"]] {
            server.misbehave(Misbehaviour::Delay(Duration::ZERO), done);
            server.misbehave(Misbehaviour::StallInHeaders(Duration::from_secs(60)), stalled);
            let grants = ["access", "grant", "--file", "grants.csv", "--yes", "--jobs", jobs];
            let mut command = world.command(&[&grants[..], options].concat());
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            let mut arrived = 0;
            test_support::cli::wait_until(&mut child, || {
                arrived += server.take_seen().len();
                arrived >= done + stalled
            });
            let pid = child.id().to_string();
            assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
            let output = child.wait_with_output().unwrap();
            server.behave();
            assert_eq!(output.status.signal(), Some(15), "{output:?}");
            let mut text = String::from_utf8(output.stdout).unwrap();
            if !options.is_empty() {
                text = std::fs::read_to_string(world.home.join("results.csv")).unwrap();
            }
            let count = |found: &str| text.lines().filter(|row| row.contains(found)).count();
            let unsent = count("not sent, because the program was terminated by a signal");
            assert_eq!(unsent, 5 - done - stalled, "{text}");
            // The rows show the outcome of each write.
            let message = String::from_utf8(output.stderr).unwrap();
            assert!(!message.contains("before the response was shown"), "{message}");
            assert_eq!(count("the change may have been made"), stalled, "{text}");
        }
    }
}

#[cfg(unix)]
#[test]
fn interrupted_batch_does_not_wait_for_its_rate() {
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};

    let world = world();
    let line = format!("{},ann@example.com\n", server::RID);
    std::fs::write(world.home.join("grants.csv"), format!("rid,email\n{}", line.repeat(60)))
        .unwrap();
    let grants = ["access", "grant", "--file", "grants.csv", "--yes", "--max-rate", "1/s"];
    for jobs in ["1", "3"] {
        let mut command = world.command(&[&grants[..], &["--jobs", jobs]].concat());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let server = world.sandbox.tinypass();
        test_support::cli::wait_until(&mut child, || !server.take_seen().is_empty());
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.signal(), Some(15), "{output:?}");
        let rows = String::from_utf8(output.stdout).unwrap();
        assert_eq!(rows.lines().count(), 60, "{rows}");
        let unsent = "not sent, because the program was terminated by a signal";
        assert_eq!(rows.lines().filter(|row| row.ends_with(unsent)).count(), 59, "{rows}");
    }
}

#[cfg(unix)]
#[test]
fn signal_ends_a_write_although_its_message_cannot_be_printed() {
    use std::io::{ErrorKind, Write};
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};
    use std::time::Duration;

    let world = world();
    let server = world.sandbox.tinypass();
    server.misbehave(Misbehaviour::StallInHeaders(Duration::from_secs(60)), 1);
    let (_reader, mut full) = UnixStream::pair().unwrap();
    full.set_nonblocking(true).unwrap();
    let error = loop {
        if let Err(error) = full.write(&[b' '; 4096]) {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    full.set_nonblocking(false).unwrap();
    let mut command = world.command(&[&GRANT[..], &["--yes"]].concat());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(OwnedFd::from(full));
    let mut child = command.spawn().unwrap();
    test_support::cli::wait_until(&mut child, || !server.take_seen().is_empty());
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().signal(), Some(15));
}

#[cfg(unix)]
#[test]
fn limit_of_file_sizes_loses_no_response() {
    let world = world();
    let program = env!("CARGO_BIN_EXE_tinypass");
    let grant = format!(
        "ulimit -f 0; exec '{program}' access grant {} ann@example.com --yes --out granted",
        server::RID
    );
    let mut command = std::process::Command::new("sh");
    world.prepare(&mut command);
    command.args(["-c", &grant]).current_dir(&world.home);
    let run = world.finish(command, "");
    assert!(run.status == 6 && run.stderr.contains("granted: "), "{run:?}");
    assert!(run.stderr.contains("the response is {"), "{run:?}");
    assert_eq!(test_support::programs::files_in(&world.home).len(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn full_disk_stops_no_writes() {
    let world = world();
    let file = world.home.join("grants.csv");
    let line = format!("{},ann@example.com\n", server::RID);
    std::fs::write(&file, format!("rid,email\n{}", line.repeat(3))).unwrap();
    world.sandbox.take_seen();
    let arguments = ["access", "grant", "--file", "grants.csv", "--yes", "-o", "jsonl"];
    let run = world.run(&[&arguments[..], &["--out", "/dev/full"]].concat());
    assert_eq!(world.sandbox.take_seen().len(), 3);
    assert!(run.status == 10 && run.stderr.contains("all 3 requests were sent"), "{run:?}");
}

#[test]
fn expiry_is_a_time_that_exists() {
    let world = world();
    let file = world.home.join("grants.csv");
    let grant = |lines: &str| {
        std::fs::write(&file, lines).unwrap();
        world.run(&["access", "grant", "--file", "grants.csv", "--yes", "--dry-run"])
    };
    for (expires, problem) in [
        ("9999-12-31", None),
        ("2999-01-01 10:00:00", None),
        ("2999-01-01T10:00:00.5Z", None),
        ("2999-01-01T00:00:00-23:59", None),
        ("2999-01-01T00:00:00+24:00", Some("is not a time or a date")),
        ("2999-01-01T00:00:00+25:00", Some("is not a time or a date")),
        ("2999-01-01T00:00:00+2500", Some("is not a time or a date")),
        ("2999-01-01T00:00:60Z", Some("is not a time or a date")),
        ("2999-01-01 00:00:60", Some("is not a time or a date")),
        ("29990101T000060Z", Some("is not a time or a date, such as 30d or 2027-01-31")),
        ("253402300800", Some("is not a time or a date")),
        ("99999999999d", Some("the duration is too long")),
        ("3000000d", Some("the duration is too long")),
    ] {
        let run = grant(&format!("rid,email,expires\n{},a@b.c,{expires}\n", server::RID));
        assert_eq!(run.status, if problem.is_some() { 2 } else { 0 }, "{expires}: {run:?}");
        let shown = run.stderr.contains("line 2") && run.stderr.contains(problem.unwrap_or(""));
        assert!(problem.is_none() || shown, "{expires}: {run:?}");
        // The option takes the same values as the column.
        let option = ["access", "grant", server::RID, "a@b.c", "--dry-run", "--expires", expires];
        let run = world.run(&option);
        assert_eq!(run.status, if problem.is_some() { 2 } else { 0 }, "{expires}: {run:?}");
        assert!(run.stderr.contains(problem.unwrap_or("dry run: would send")), "{run:?}");
    }
    for option in ["--expires=2020-01-01", "--expires=2999-01-01 --expires-after=30d"] {
        let one = ["access", "grant", server::RID, "a@b.c", "--yes"];
        let words: Vec<&str> = one.into_iter().chain(option.split(' ')).collect();
        assert_eq!(world.run(&words).status, 2, "{option}");
    }
    let one = ["access", "grant", server::RID, "a@b.c", "--no-email", "-o", "json"];
    let text = world.run(&[&one[..], &["--expires", "2999-01-01"]].concat()).stdout;
    assert!(text.contains("\"expires\":32472144000"), "{text}");
    // Blank lines are counted.
    for (lines, problem) in [
        ("rid,email\nr1,a@b.c\n\n,\n", "line 4: rid is missing"),
        ("\n\nrid,email\r\n\r\nr1,a@b.c\r\n\r\n\r\nr1,\r\n", "line 8: email is missing"),
        ("rid,email\n\nr1\n", "line 3 has 1 fields instead of 2"),
    ] {
        let run = grant(lines);
        assert!(run.status == 2 && run.stderr.contains(problem), "{lines:?}: {run:?}");
    }
}

#[test]
fn addresses_without_an_at_sign_are_rejected_before_anything_is_sent() {
    let world = world();
    let lines = format!("rid,email\n{0},a@b.c\n{0},ab.c\n", server::RID);
    std::fs::write(world.home.join("grants.csv"), lines).unwrap();
    let run = world.run(&["access", "grant", "--file", "grants.csv", "--yes"]);
    let problem = "line 3: email: \"ab.c\" must contain @";
    assert!(run.status == 2 && run.stderr.contains(problem), "{run:?}");
    let run = world.run(&["access", "grant", server::RID, "ab.c"]);
    assert!(run.status == 2 && run.stderr.contains("must contain @"), "{run:?}");
    assert_eq!(world.sandbox.take_seen().len(), 0);
}

#[test]
fn grants_of_a_file_are_named_by_dry_run_and_shown_by_their_ids() {
    let world = world();
    let lines = format!("rid,email\n{0},a@b.c\n{0},d@e.f\n", server::RID);
    std::fs::write(world.home.join("grants.csv"), lines).unwrap();
    let grants = ["access", "grant", "--file", "grants.csv", "--yes"];
    let run = world.run(&[&grants[..], &["--dry-run"]].concat());
    let named = |email: &str| format!("(access.grant): rid {}, email {email}\n", server::RID);
    assert!(run.stderr.contains(&named("a@b.c")), "{run:?}");
    assert!(run.stderr.contains(&named("d@e.f")), "{run:?}");
    let run = world.run(&grants);
    assert!(run.status == 0 && !run.stdout.contains('{'), "{run:?}");
    let result = run.stdout.lines().next().unwrap().split('\t').nth(2).unwrap();
    assert!(!result.is_empty(), "{run:?}");
    let run = world.run(&[&grants[..], &["-o", "csv"]].concat());
    assert!(run.stdout.contains('{'), "{run:?}");
}

#[test]
fn fields_of_errors_are_in_tables() {
    let world = world();
    let file = world.home.join("grants.csv");
    std::fs::write(&file, "rid,email\nnone,ann@example.com\n").unwrap();
    let arguments = ["access", "grant", "--file", "grants.csv", "--yes"];
    let run = world.run(&[&arguments[..], &["--fields", "email,error.exit"]].concat());
    assert!(run.stdout.starts_with("ann@example.com\t") && run.stdout.len() > 17, "{run:?}");
    // The fields of this list are known before a request is sent.
    world.sandbox.take_seen();
    let run = world.run(&[&arguments[..], &["--fields", "errors,other"]].concat());
    let problem = "--fields: `errors` is not one of rid, email, result, error";
    assert!(run.status == 2 && run.stderr.contains(problem), "{run:?}");
    assert_eq!(world.sandbox.take_seen().len(), 0);
    let run = world.run(&["access", "list", "--fields", "none"]);
    assert!(run.status == 2 && run.stderr.contains("the fields are: "), "{run:?}");
    // A response to a write is not lost.
    let run = world.run(&[&GRANT[..], &["--fields", "none"]].concat());
    assert!(run.status == 0 && run.stderr.contains("the fields are: "), "{run:?}");
    let whole = world.run(&GRANT).stdout;
    let names = |text: &str| -> Vec<String> {
        text.lines().filter_map(|line| Some(line.split_once('\t')?.0.to_owned())).collect()
    };
    assert!(!whole.is_empty());
    assert_eq!(names(&run.stdout), names(&whole));
    let run = world.run(&[&GRANT[..], &["--fields", "none", "-q", "-o", "json"]].concat());
    assert!(run.status == 0 && run.stdout.contains(r#""user_email""#), "{run:?}");
}

#[test]
fn parameters_of_api_are_in_the_query() {
    let world = world();
    let (rid, user) = (format!("rid={}", server::RID), "user_ref=ann b");
    let email = "email=ann@example.com";
    let grant = json!({"rid": server::RID, "email": "other@example.com", "user_ref": "ann b"});
    std::fs::write(world.home.join("grant.json"), grant.to_string()).unwrap();
    let calls = [
        &["access.grant", "-f", &rid, "-f", email, "-f", user][..],
        &["POST", "/r2/access/grant", "-f", &rid, "-f", email, "-f", user],
        &["post", "/r2/access/grant", "--input", "grant.json", "-f", email],
        &["access.revoke", "-f", &rid, "-f", user, "-F", "refund=false"],
        &["POST", "/r2/no/such/endpoint", "-f", &rid, "-F", "page=1"],
    ];
    let expected = [&["email", "rid", "user_ref"][..]; 3].into_iter();
    let expected = expected.chain([&["refund", "rid", "user_ref"][..], &["page", "rid"]]);
    for (call, expected) in calls.into_iter().zip(expected) {
        world.sandbox.take_seen();
        let run = world.run(&[&["api"], call, &["--yes"]].concat());
        assert_eq!(run.status == 0, !call.contains(&"/r2/no/such/endpoint"), "{call:?}: {run:?}");
        let seen = world.sandbox.take_seen();
        let request = &seen[0].request;
        assert!(request.body.is_empty(), "{call:?}");
        let (_, query) = request.target.split_once('?').unwrap();
        let mut names: Vec<&str> =
            query.split('&').map(|pair| pair.split('=').next().unwrap()).collect();
        names.sort_unstable();
        assert_eq!(names, expected, "{call:?}");
        assert!(!query.contains("other%40"), "a field replaces a member of the file: {query}");
    }
    world.sandbox.take_seen();
    for (field, problem) in [
        ("page=-1", "page: `-1` must be a whole number"),
        ("pagesize=0", "pagesize: `0` must be a whole number of at least 1"),
        ("pagesize=many", "pagesize: `many` must be"),
    ] {
        let path = format!("/r2/access/search?a=b&{field}");
        for call in [
            &["access.search", "-f", field][..],
            &["GET", "/r2/access/search", "-f", field],
            &["GET", &path],
            &["GET", &path, "--paginate"],
        ] {
            let run = world.run(&[&["api"], call, &["--curl"]].concat());
            assert!(run.status == 2 && run.stderr.contains(problem), "{call:?}: {run:?}");
        }
    }
    assert!(world.sandbox.take_seen().is_empty());
}

#[test]
fn environment_of_a_setting_selects_the_server() {
    let world = world();
    let host = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = world.command(&[&["access", "list", "--curl"], arguments].concat());
        command.env_remove("TINYPASS_BASE_URL").envs(variables.iter().copied());
        let run = world.finish(command, "");
        assert_eq!(run.status, 0, "{variables:?}: {run:?}");
        run.stdout.split('\'').nth(1).unwrap().split("/r2").next().unwrap().to_owned()
    };
    let [sandbox, production] = ["https://sandbox.tinypass.com", "https://api.tinypass.com"];
    let (name, flag) = ("TINYPASS_ENVIRONMENT", "TINYPASS_SANDBOX");
    assert_eq!(host(&[(name, "sandbox")], &[]), sandbox);
    assert_eq!(host(&[(name, "sandbox"), (flag, "1")], &[]), sandbox);
    assert_eq!(host(&[(flag, "true")], &[]), sandbox);
    assert_eq!(host(&[(name, "production"), (flag, "0")], &[]), production);
    assert_eq!(host(&[(name, "sandbox")], &["--environment", "production"]), production);
    assert_eq!(host(&[(name, "production")], &["--environment", "sandbox"]), sandbox);
    let url = ("TINYPASS_BASE_URL", "http://127.0.0.1:1");
    assert_eq!(host(&[(name, "sandbox"), url], &[]), url.1);
    let keys = format!("aid = \"{}\"\nprivate_key = \"{}\"\n", server::AID, server::PRIVATE_KEY);
    let folder = world.home.join(".config/tinypass");
    std::fs::create_dir_all(&folder).unwrap();
    let profile = |name: &str, more: &str| format!("[profiles.{name}]\n{keys}{more}\n");
    let profiles = [
        profile("a", "environment = \"sandbox\""),
        profile("b", "environment = \"staging\""),
        profile("c", "environment = \"production\"\nsandbox = \"1\""),
    ];
    let file = folder.join("profiles.toml");
    std::fs::write(&file, profiles.concat()).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    if cfg!(unix) {
        assert_eq!(host(&[], &["--profile", "a"]), sandbox);
        assert_eq!(host(&[], &["--profile", "c", "--environment", "sandbox"]), sandbox);
        for (name, problem) in [
            ("b", "profile `b`: environment: must be production or sandbox, not `staging`"),
            ("c", "profile `c`: sandbox: contradicts environment; set only one of the two"),
        ] {
            let run = world.run(&["access", "list", "--profile", name]);
            assert!(run.status == 10 && run.stderr.contains(problem), "{run:?}");
        }
    } else {
        eprintln!("skipped: the folder of profiles is another one");
    }
    let other = [("TINYPASS_ENV", "production"), ("TINYPASS_URL", "http://127.0.0.1:2")];
    assert_eq!(host(&other, &["--environment", "sandbox"]), sandbox);
    assert_eq!(host(&other, &["--base-url", url.1]), url.1);
    let mut command = world.command(&["access", "list"]);
    let run = {
        command.env(name, "production").env(flag, "1");
        world.finish(command, "")
    };
    let problem = "TINYPASS_SANDBOX: contradicts TINYPASS_ENVIRONMENT; set only one of the two";
    assert!(run.status == 10 && run.stderr.contains(problem), "{run:?}");
    assert!(world.sandbox.take_seen().is_empty());
}
