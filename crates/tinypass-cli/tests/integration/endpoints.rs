//! The command of each endpoint, files of grants, and cookies.

use api_sandbox::tinypass as server;
use serde_json::Value;
use test_support::cli::SandboxProgram;
use test_support::programs::{
    Call, WriteBodies, assert_all, assert_columns, assert_questions, walk,
};
use tinypass_client::UnixTime;
use tinypass_client::blocks::{Blocks, Token, TokenCookie};

use crate::{GET, GRANT, PROGRAM, world};

/// The arguments of all writes are in the query.
const BODIES: WriteBodies<'_> =
    WriteBodies { endpoints: tinypass_client::ENDPOINTS, fixed: &[], constants: &[] };

#[test]
fn every_endpoint_has_a_command() {
    let world = world();
    let calls: Vec<Call<'_>> = vec![
        ("access.get", GET.to_vec(), ""),
        ("access.search", vec!["access", "list", "--user", server::USER_REF], ""),
        ("access.grant", [&GRANT[..], &["--user", "ann", "--message", "Hello"]].concat(), ""),
        ("download.url", vec!["download", "url", server::DOWNLOAD_RID], ""),
        ("download.get", vec!["download", "get", server::DOWNLOAD_RID], ""),
        ("user.get", vec!["user", "get", server::UID], ""),
        ("subscription.search", vec!["subscription", "list"], ""),
        (
            "subscription.cancel",
            vec!["subscription", "cancel", server::SUBSCRIPTION_RID, server::USER_REF],
            "",
        ),
        ("access.revoke", vec!["access", "revoke", server::RID, "ann"], ""),
    ];
    let run = |arguments: &[&str], input: &str| world.finish(world.command(arguments), input);
    let seen = || world.sandbox.take_seen().iter().map(|seen| seen.verdict.endpoint).collect();
    walk(&calls, BODIES, run, seen);
    assert_columns(
        &[(vec!["access", "list"], &[]), (vec!["subscription", "list"], &[])],
        |arguments| world.run(arguments),
    );
    let called = calls.iter().map(|(endpoint, ..)| *endpoint);
    assert_all(tinypass_client::ENDPOINTS.iter().map(|endpoint| endpoint.id()), called, &[]);
    let recording = std::fs::read_to_string(world.home.join("walk.jsonl")).unwrap();
    for text in [server::PRIVATE_KEY, "ann@example.com"] {
        assert!(!recording.contains(text), "{text}");
    }
}

#[test]
fn questions_are_documented() {
    let questions = ["access get", "block open", "cookie check"];
    assert_questions(&questions, |arguments| world().run(arguments));
}

#[test]
fn access_is_granted_for_each_line_of_a_file() {
    let world = world();
    let rid = server::RID;
    let file = format!(
        "email,rid,user,expires\nann@example.com,{rid},ann,30d\n\"bob@example.com\",{rid},bob,2030-01-01\n\
         eve@example.com,no-resource,eve,\n"
    );
    std::fs::write(world.home.join("grants.csv"), file).unwrap();
    let grant = ["access", "grant", "--file", "grants.csv", "--no-email"];
    let run = world.run(&grant);
    assert_eq!(run.status, 2, "it is not confirmed: {run:?}");
    let run = world.run(&[&grant[..], &["--dry-run"]].concat());
    assert_eq!((run.status, run.stderr.matches("would send POST").count()), (0, 3), "{run:?}");
    world.sandbox.take_seen();
    let run = world.run(&[&grant[..], &["--yes", "-o", "json", "--jobs", "2"]].concat());
    assert_eq!(run.status, 11, "{run:?}");
    assert_eq!(world.sandbox.take_seen().len(), 3);
    let list: Vec<Value> = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&list[0]["email"], &list[0]["error"]), (&"ann@example.com".into(), &Value::Null));
    assert!(list[2]["result"].is_null() && list[2]["error"]["exit"].is_number(), "{run:?}");
    for user in ["ann", "bob"] {
        assert_eq!(world.run(&["access", "get", rid, user]).status, 0);
    }
    for (text, problem) in [
        ("rid,mail\n", "column \"mail\" is not one of rid, email"),
        ("rid,email\nr,\n", "line 2: email is missing"),
        ("rid,email,expires\nr,a@example.com,soon\n", "line 2: expires: \"soon\""),
        ("rid,email,expires\nr,a@b,2020-01-01\n", "line 2: expires: \"2020-01-01\" is in the past"),
        ("rid,email,expires\nr,a@b,2020-01-01T00:00:00Z\n", "Z\" is in the past"),
        ("rid,email\n", "no lines"),
        ("rid,email,rid\nr,a@example.com,s\n", "line 1: the column rid occurs twice"),
        ("rid,email\n\"r,a@example.com\nr,b@example.com\n", "line 2, column 1: the quote is not"),
        ("email,rid\na,\"r\nb,\"s\n", "line 3, column 4: a field must end after its closing"),
        ("rid,email,message\nr,a,\"b\" \"c\"\n", "line 2, column 9: a field must end after"),
        ("email,rid\na,\"r\" \"1\nb,s\"\n", "line 2, column 7: a field must end after its"),
        ("email,rid\na, \"r\"\n", "line 2, column 4: a field that contains a quote"),
        ("rid,email\nr,a\0b\n", "line 2: email: must not contain control characters"),
        ("rid,email\nr,a@b\ns,\"b\nc\"\n", "line 3: email: must not contain control characters"),
        ("rid,email,message\nr,a,\"b\u{1b}\"\n", "line 2: message: must not contain control"),
        ("rid,email,message\nr,a@b,\"b\nc\"\n\" \",b,\n", "line 4: rid is missing"),
    ] {
        std::fs::write(world.home.join("grants.csv"), text).unwrap();
        let run = world.run(&[&grant[..], &["--yes"]].concat());
        assert!(run.status == 2 && run.stderr.contains(problem), "{text:?}: {run:?}");
    }
    std::fs::write(world.home.join("grants.csv"), b"rid,email\nr,\xe4@example.com\n").unwrap();
    let run = world.run(&[&grant[..], &["--yes"]].concat());
    let problem = "grants.csv: line 2, column 3: is not UTF-8";
    assert!(run.status == 2 && run.stderr.contains(problem), "{run:?}");
    let run = world.run(&[&grant[..], &["--yes", "--out", "grants.csv"]].concat());
    let problem = "--out: must not be the same file as --file (grants.csv)";
    assert!(run.status == 2 && run.stderr.contains(problem), "{run:?}");
    assert!(
        world.sandbox.take_seen().iter().all(|seen| seen.verdict.endpoint != Some("access.grant"))
    );
}

#[cfg(unix)]
#[test]
fn writes_finish_after_a_closed_pipe() {
    let world = world();
    let lines: String =
        (0..50).map(|number| format!("{},u{number}@example.com\n", server::RID)).collect();
    std::fs::write(world.home.join("grants.csv"), format!("rid,email\n{lines}")).unwrap();
    let program = env!("CARGO_BIN_EXE_tinypass");
    let grant = format!("{program} access grant --file grants.csv --yes -o jsonl | head -n 1");
    let mut command = std::process::Command::new("bash");
    world.prepare(&mut command);
    command.args(["-c", &format!("set -o pipefail; {grant}")]).env("PATH", "/usr/bin:/bin");
    world.sandbox.take_seen();
    let run = PROGRAM.finish(command, "");
    assert_eq!((run.status, run.stdout.lines().count()), (0, 1), "{run:?}");
    assert_eq!(run.stderr, "");
    assert_eq!(world.sandbox.take_seen().len(), 50);
}

#[test]
fn cookies_are_checked() {
    let world = world();
    let blocks = Blocks::new(server::AID, server::PRIVATE_KEY).unwrap();
    let future = UnixTime::from_seconds(4_000_000_000);
    let token = Token::new("r1").expires_at(future);
    let old = Token::new("r2").expires_at(UnixTime::from_seconds(1_000_000_000));
    let cookie = blocks.seal_cookie(&TokenCookie::new([token, old]));
    let check = |arguments: &[&str], input: &str| {
        let run =
            PROGRAM.finish(world.command(&[&["cookie", "check"][..], arguments].concat()), input);
        (run.status, run.stdout + &run.stderr)
    };
    assert_eq!(check(&["r1"], &cookie), (0, "granted\n".to_owned()));
    let line = format!("{}={cookie}\n", blocks.cookie_name());
    let csv = check(&["r1", "--ip", "1.2.3.4", "-o", "csv", "--fields", "state,expires"], &line);
    assert_eq!(csv, (0, "state,expires\ngranted,2096-10-02T07:06:40Z\n".to_owned()));
    assert_eq!(check(&["r2"], &cookie), (1, "expired\n".to_owned()));
    assert_eq!(check(&["r3"], &cookie), (1, "no token for the resource\n".to_owned()));
    let (status, text) = check(&["r1"], "forged");
    assert!(status == 1 && text.contains("the cookie is not valid"), "{text}");
}

#[test]
fn blocks_of_cookies_are_opened() {
    let world = world();
    let blocks = Blocks::new(server::AID, server::PRIVATE_KEY).unwrap();
    let block = blocks.seal("hello");
    let open = |input: &str| PROGRAM.finish(world.command(&["block", "open"]), input);
    for prefix in ["", "{jax}", "%7Bjax%7D", "%7bjax%7d"] {
        let run = open(&format!("{prefix}{block}\n"));
        assert!(run.status == 0 && run.stdout == "hello\n", "{prefix}: {run:?}");
    }
    for prefix in ["{jox}", "%7Bjox%7D"] {
        let run = open(&format!("{prefix}{block}"));
        assert!(run.status == 1 && run.stderr.contains("which is not signed"), "{run:?}");
    }
    assert_eq!(open(&format!("{{jzx}}{block}")).status, 1);
}

#[test]
fn times_of_downloads_are_utc() {
    let world = world();
    let get = |format: &str| world.text(&["download", "get", server::DOWNLOAD_RID, "-o", format]);
    let (table, csv, json) = (get("table"), get("csv"), get("json"));
    for (name, time) in [("created", "04"), ("modified", "12"), ("published", "05")] {
        let time = format!("2014-05-{time}T16:53:20Z");
        assert!(table.contains(&format!("{name}_date\t{time}\n")), "{table}");
        assert!(csv.contains(&time), "{csv}");
        assert!(json.contains(&format!("\"{name}_date\":1399")), "{json}");
    }
}

#[test]
fn fields_of_known_results_are_checked_before_any_output() {
    let world = world();
    world.sandbox.take_seen();
    for (arguments, known) in [
        (&["cookie", "check", "r1"][..], "rid, state, code, expires"),
        (&["block", "seal"], "block"),
        (&["block", "open"], "text"),
        (&["download", "url", server::DOWNLOAD_RID], "url"),
    ] {
        let run = world.run(&[arguments, &["--fields", "nosuch"]].concat());
        let problem = format!("--fields: `nosuch` is not one of {known}\n");
        assert!(run.status == 2 && run.stderr.ends_with(&problem), "{run:?}");
        assert_eq!(run.stdout, "");
    }
    assert!(world.sandbox.take_seen().is_empty());
}

#[test]
fn servers_with_tls_accept_signatures_and_return_their_urls() {
    let (world, server) = (world(), SandboxProgram::start(&["tinypass", "--tls"]));
    let url = server.encrypted(&world, &["download", "url", server::DOWNLOAD_RID]);
    assert!(url.contains(&server.variables["TINYPASS_BASE_URL"]), "{url}");
}
