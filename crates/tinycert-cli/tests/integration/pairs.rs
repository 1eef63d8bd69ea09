//! `issue`, `adopt`, `renew` and `status`: the pairs of a folder.

#[cfg(unix)]
use std::path::Path;
use std::time::Duration;

#[cfg(unix)]
use api_sandbox::Misbehaviour;
use api_sandbox::{SandboxClock, tinycert as server};
use serde_json::Value;
#[cfg(target_os = "linux")]
use test_support::cli::Attribute;
#[cfg(unix)]
use test_support::cli::wait_until;
use test_support::cli::{Run, World};
#[cfg(unix)]
use test_support::ports::ClosedPort;
#[cfg(unix)]
use test_support::programs::files_in;
use test_support::programs::{assert_columns, assert_questions};

use crate::PROGRAM;

/// 2026-11-29 12:00 UTC.
pub(crate) const NOW: u64 = 1_795_953_600;
const DAY: u64 = 86_400;

/// A sandbox with a fixed clock.
fn world() -> World {
    World::at(PROGRAM, SandboxClock::at_unix(NOW))
}

/// Runs the program at the time of the sandbox.
pub(crate) fn run(world: &World, arguments: &[&str]) -> Run {
    let mut command = world.command(arguments);
    command.env("TINYCERT_TEST_CLOCK", world.sandbox.clock().unix().to_string());
    // The hooks use programs of the system.
    command.env("PATH", "/usr/bin:/bin");
    world.finish(command, "")
}

fn good(world: &World, arguments: &[&str]) -> String {
    let run = run(world, arguments);
    assert_eq!(run.status, 0, "{arguments:?}: {run:?}");
    run.stdout
}

fn issue(world: &World, more: &[&str]) -> Value {
    let arguments = ["issue", "a.example", "b.a.example", "--ca", "561", "--dir", "pki"];
    let text = good(world, &[&arguments, more, &["-o", "json"]].concat());
    serde_json::from_str(&text).unwrap()
}

fn renew(world: &World, more: &[&str]) -> (Run, Vec<Value>) {
    let run = run(world, &[&["renew", "--dir", "pki", "-o", "json"], more].concat());
    let rows = serde_json::from_str(&run.stdout).unwrap_or_default();
    (run, rows)
}

fn results(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["result"].as_str().unwrap()).collect()
}

fn record(world: &World) -> Value {
    serde_json::from_slice(&std::fs::read(world.home.join("pki/a.example.json")).unwrap()).unwrap()
}

fn advance(world: &World, days: u64) {
    world.sandbox.clock().advance(Duration::from_secs(days * DAY));
}

/// Returns the serial number of a chain, which the sandbox makes of the certificate's id.
fn serial_on_disk(world: &World, chain: &str) -> i64 {
    let list = good(world, &["cert", "inspect", chain, "-o", "json"]);
    let list: Value = serde_json::from_str(&list).unwrap();
    i64::from_str_radix(list[0]["serial"].as_str().unwrap(), 16).unwrap()
}

#[test]
fn created_folder_is_reported_once() {
    let world = world();
    let issue = ["issue", "a.example", "--ca", "561", "--dir", "new/deep/er"];
    let run = world.run(&issue);
    assert_eq!((run.status, &*run.stderr), (0, "created the folder new/deep/er\n"), "{run:?}");
    let run = world.run(&issue);
    assert!(run.status == 0 && !run.stderr.contains("created the folder"), "{run:?}");
}

#[test]
fn certificate_is_issued_with_the_body_of_a_file_and_fields() {
    let world = world();
    let body = r#"{"CN":"c.example","SANs[0][DNS]":"c.example","SANs[1][IP]":"192.0.2.7","OU":"IT",
        "ca_id":561}"#;
    std::fs::write(world.home.join("body.json"), body).unwrap();
    let issue = ["issue", "--input", "body.json", "--dir", "pki", "-o", "json"];
    let made: Value = serde_json::from_str(&good(&world, &issue)).unwrap();
    assert_eq!((&made["name"], &made["written"]), (&"c.example".into(), &true.into()));
    let shown = |id: &Value| -> Value {
        let show = ["cert", "show", &id.to_string(), "-o", "json"];
        serde_json::from_str(&good(&world, &show)).unwrap()
    };
    let cert = shown(&made["cert_id"]);
    assert_eq!((&cert["OU"], &cert["O"]), (&"IT".into(), &server::ORGANIZATION.into()));
    assert_eq!(
        (&cert["Alt"][0]["DNS"], &cert["Alt"][1]["IP"]),
        (&"c.example".into(), &"192.0.2.7".into())
    );
    let again: Value = serde_json::from_str(&good(&world, &issue)).unwrap();
    assert_eq!((&again["cert_id"], &again["written"]), (&made["cert_id"], &false.into()));
    // Arguments replace members of the file, and fields are added.
    let more = ["d.example", "--ca", "Sandbox, Inc.", "-F", "L=Gdynia"];
    let other = good(&world, &[&issue[..], &more].concat());
    let other: Value = serde_json::from_str(&other).unwrap();
    let cert = shown(&other["cert_id"]);
    assert_eq!((&cert["CN"], &cert["L"]), (&"d.example".into(), &"Gdynia".into()));
    for (arguments, problem) in [
        (&["a.example", "--ca", "561", "-F", "CN=b"][..], "NAME and -F CN set the same member"),
        (
            &["--ca", "561", "-f", "ca_id=562", "-f", "CN=b"],
            "--ca and -f ca_id set the same member",
        ),
        (
            &["-f", "ca_id=561"],
            "missing NAME; pass it as an argument, or in the body with -f, -F or --input FILE",
        ),
        (&["-f", "CN=b"], "missing --ca; pass it, or the field ca_id"),
        (&["-f", "CN=b", "-f", "ca_id=x"], "ca_id: must be a whole number of at least 1"),
        (
            &["a.example", "--ca", "561", "-f", "days=9"],
            "days: unknown member; expected C, CN, L, O, OU, ST",
        ),
        (&["--ca", "561", "-f", "CN=b", "-f", "SANs[1][IP]=x"], "SANs[1][IP]: must be an IP"),
        (
            &["a.example", "--ca", "561", "-f", "SANs[1][DNS]=b.example"],
            "NAME and -f SANs[1][DNS] set the same member",
        ),
        (&["a.example", "--ca", "561", "-F", "SANs.0.IP=x"], "NAME and -F SANs.0.IP set the same"),
    ] {
        let run = run(&world, &[&["issue", "--dir", "pki"][..], arguments].concat());
        assert!(run.status == 2 && run.stderr.contains(problem), "{arguments:?}: {run:?}");
    }
}

#[test]
fn body_of_a_file_must_be_an_object() {
    let world = world();
    for text in ["[]", "\"x\"", "null"] {
        std::fs::write(world.home.join("no.json"), text).unwrap();
        for command in
            [&["ca", "create", "ACME"][..], &["cert", "create", "a.example", "--ca", "561"]]
        {
            let run = run(&world, &[command, &["--input", "no.json"]].concat());
            let problem = "--input no.json: must be a JSON object";
            assert!(run.status == 2 && run.stderr.contains(problem), "{text}: {run:?}");
        }
    }
}

#[test]
fn names_of_arguments_replace_all_names_of_the_file() {
    let world = world();
    let body = r#"{"CN":"a.example","SANs[0][DNS]":"a.example","SANs[1][DNS]":"b.example",
        "ca_id":561}"#;
    std::fs::write(world.home.join("body.json"), body).unwrap();
    let input = ["--input", "body.json", "-o", "json"];
    let create = |names: &[&str]| {
        let made = good(&world, &[&["cert", "create"], &input[..], names].concat());
        serde_json::from_str::<Value>(&made).unwrap()["cert_id"].clone()
    };
    let issue = [&["issue", "c.example", "--dir", "pki"], &input[..]].concat();
    let issued: Value = serde_json::from_str(&good(&world, &issue)).unwrap();
    for (id, names) in [
        (create(&[]), r#"[{"DNS":"a.example"},{"DNS":"b.example"}]"#),
        (create(&["c.example"]), r#"[{"DNS":"c.example"}]"#),
        (create(&["192.0.2.7"]), r#"[{"IP":"192.0.2.7"}]"#),
        (issued["cert_id"].clone(), r#"[{"DNS":"c.example"}]"#),
    ] {
        let cert = good(&world, &["cert", "show", &id.to_string(), "-o", "json"]);
        let cert: Value = serde_json::from_str(&cert).unwrap();
        assert_eq!(cert["Alt"].to_string(), names);
    }
}

#[test]
fn pair_is_issued_once_and_renewed_before_it_expires() {
    let world = world();
    let first = issue(&world, &[]);
    let id = first["cert_id"].as_i64().unwrap();
    assert_eq!(
        (&first["written"], &first["expires"]),
        (&true.into(), &"2027-11-29T12:00:00Z".into())
    );
    assert_eq!(serial_on_disk(&world, "pki/a.example.chain.pem"), id);
    // It is not issued again.
    advance(&world, 100);
    let again = issue(&world, &[]);
    assert_eq!((&again["cert_id"], &again["written"]), (&id.into(), &false.into()));
    // Without something due, nothing is sent, and no credentials are needed.
    world.sandbox.take_seen();
    assert_eq!(results(&renew(&world, &[]).1), ["not due"]);
    assert!(world.sandbox.take_seen().is_empty());
    advance(&world, 240);
    let (_, rows) = renew(&world, &[]);
    assert_eq!(results(&rows), ["renewed"]);
    let new = rows[0]["cert_id"].as_i64().unwrap();
    assert_eq!(serial_on_disk(&world, "pki/a.example.chain.pem"), new);
    assert_eq!(
        (&record(&world)["cert_id"], &record(&world)["pending_cert_id"]),
        (&new.into(), &Value::Null)
    );
    let named = world.sandbox.tinycert().state(|server| server.certs_named("a.example"));
    assert_eq!(named, [(id, "obsolete"), (new, "good")]);
    // The next year, and one in which the machine was off until the certificate expired.
    for days in [340, 400] {
        advance(&world, days);
        assert_eq!(results(&renew(&world, &[]).1), ["renewed"], "{days}");
        assert_eq!(results(&renew(&world, &[]).1), ["not due"], "{days}");
    }
    assert_eq!(world.sandbox.tinycert().state(|server| server.certs_named("a.example")).len(), 4);
    assert_eq!(world.sandbox.tinycert().state(|server| server.open_sessions()), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_hides_no_failure_of_the_work() {
    let world = world();
    let of = |command: &[&str], hook: &str, more: &[&str]| {
        let hook = ["--dir", "pki", "--deploy-hook", hook];
        run(&world, &[command, &hook, more].concat())
    };
    let issue = |hook: &str, more: &[&str]| of(&["issue", "a.example", "--ca", "561"], hook, more);
    let renew = |hook: &str, more: &[&str]| of(&["renew"], hook, more);
    let created = || world.sandbox.tinycert().state(|server| server.certs_named("a.example").len());
    // The file of the output is checked before the first change.
    let early = issue("touch hooked", &["--out", "no-folder/file"]);
    assert_eq!((early.status, created(), world.home.join("pki").exists()), (10, 0, false));
    let failed = issue("exit 3", &["--fields", "nosuch"]);
    assert_eq!((failed.status, created()), (10, 1), "{failed:?}");
    let both = ["unknown field `nosuch`", "deploy hook failed"];
    assert!(both.iter().all(|text| failed.stderr.contains(text)), "{failed:?}");
    // The fields of the list of pairs are known.
    let early = renew("touch hooked", &["--fields", "nosuch,other"]);
    let problem = "--fields: `nosuch` is not one of name, cert_id, expires";
    assert!(early.status == 2 && early.stderr.contains(problem), "{early:?}");
    assert!(!world.home.join("hooked").exists());
    let failed = renew("exit 3", &["--out", "/dev/full"]);
    assert_eq!(failed.status, 10, "{failed:?}");
    let both = ["the list of pairs cannot be shown", "deploy hook failed"];
    assert!(both.iter().all(|text| failed.stderr.contains(text)), "{failed:?}");
    let early = renew("touch hooked", &["--out", "no-folder/file"]);
    assert_eq!((early.status, world.home.join("hooked").exists()), (10, false), "{early:?}");
    // The status is that of the work.
    let done = renew("touch hooked", &["--out", "/dev/full"]);
    assert_eq!((done.status, world.home.join("hooked").exists()), (0, true), "{done:?}");
    let done = issue("true", &["--fields", "nosuch"]);
    assert_eq!(done.status, 0, "{done:?}");
    let id = world.sandbox.tinycert().state(|server| server.certs_named("a.example")[0].0);
    let done = run(&world, &["cert", "revoke", &id.to_string(), "--yes", "--fields", "nosuch"]);
    assert_eq!(done.status, 0, "{done:?}");
}

#[test]
fn folder_is_checked_before_a_request_is_sent() {
    let world = world();
    std::fs::write(world.home.join("file"), "").unwrap();
    world.sandbox.take_seen();
    // The name of a CA is looked up.
    for arguments in
        [&["issue", "a.example"][..], &["adopt", "7"], &["issue", "a.example", "--dry-run"]]
    {
        for dir in ["file", "file/folder"] {
            let failed = run(&world, &[arguments, &["--ca", "Some CA", "--dir", dir]].concat());
            assert!(failed.status == 10 && failed.stderr.contains("file"), "{failed:?}");
        }
    }
    assert!(world.sandbox.take_seen().is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn record_that_cannot_be_replaced_is_rejected_before_a_write_is_sent() {
    let world = world();
    issue(&world, &[]);
    advance(&world, 340);
    let record = world.home.join("pki/a.example.json");
    let Some(attribute) = Attribute::set('i', &record) else { return };
    let names = ["a.example", "b.a.example"];
    let issued = run(&world, &[&["issue"], &names[..], &["--ca", "561", "--dir", "pki"]].concat());
    world.sandbox.take_seen();
    let (renewed, _) = renew(&world, &[]);
    drop(attribute);
    assert!(world.sandbox.take_seen().is_empty());
    for failed in [issued, renewed] {
        let problem = "a.example.json: is immutable or append-only";
        assert!(failed.status == 10 && failed.stderr.contains(problem), "{failed:?}");
    }
    let named = world.sandbox.tinycert().state(|server| server.certs_named("a.example"));
    assert_eq!(named.len(), 1);
}

#[test]
fn fields_of_local_files_are_checked_before_any_output() {
    let world = world();
    issue(&world, &[]);
    for (arguments, known) in [
        (
            &["status", "--dir", "pki"][..],
            "name, cert_id, expires, days_left, deployed, state, ca_id",
        ),
        (
            &["cert", "inspect", "pki/a.example.chain.pem"],
            "subject, names, issuer, expires, serial",
        ),
    ] {
        let failed = run(&world, &[arguments, &["--fields", "nosuch"]].concat());
        let problem = format!("--fields: `nosuch` is not one of {known}");
        assert!(failed.status == 2 && failed.stderr.contains(&problem), "{failed:?}");
        assert_eq!(failed.stdout, "");
        let all = good(&world, &[arguments, &["-o", "jsonl"]].concat());
        let all: Value = serde_json::from_str(all.lines().next().unwrap()).unwrap();
        let names: Vec<&str> = all.as_object().unwrap().keys().map(String::as_str).collect();
        good(&world, &[arguments, &["--fields", &names.join(",")]].concat());
    }
}

#[test]
fn columns_of_lists_have_values() {
    let world = world();
    issue(&world, &[]);
    let read = |words: &'static str| words.split(' ').collect::<Vec<&str>>();
    assert_columns(
        &[
            (read("ca list"), &[]),
            (read("cert list --ca 561"), &[]),
            (read("cert inspect pki/a.example.chain.pem"), &[]),
            (read("renew --dir pki"), &[]),
            (read("status --dir pki"), &[("deployed", "there is no hook")]),
        ],
        |arguments| run(&world, arguments),
    );
    assert_questions(&["cert needs-renewal"], |arguments| world.run(arguments));
}

#[test]
fn other_names_and_a_revoked_certificate_are_issued_anew() {
    let world = world();
    let first = issue(&world, &[]);
    let added = issue(&world, &["c.a.example"]);
    assert!(added["cert_id"] != first["cert_id"] && added["written"] == true, "{added}");
    let id_of_added = added["cert_id"].to_string();
    good(&world, &["cert", "revoke", &id_of_added, "--yes"]);
    advance(&world, 340);
    // The successor would have the key that is lost.
    let (run, rows) = renew(&world, &[]);
    assert_eq!(run.status, 8, "{run:?}");
    assert!(rows[0]["error"].as_str().unwrap().contains("is revoked; issue a new one"), "{rows:?}");
    assert_eq!(serial_on_disk(&world, "pki/a.example.chain.pem").to_string(), id_of_added);
    let new = issue(&world, &["c.a.example"]);
    assert_eq!(new["written"], true);
    assert!(new["cert_id"] != added["cert_id"] && new["cert_id"] != first["cert_id"], "{new}");
}

#[test]
fn certificate_is_adopted_with_its_names() {
    let world = world();
    let soon = world.sandbox.tinycert().state(|server| server.certs_named(server::EXPIRING)[0].0);
    let adopt = |id: &str, more: &[&str]| {
        let arguments = ["adopt", id, "--ca", server::ORGANIZATION, "--dir", "pki", "-o", "json"];
        run(&world, &[&arguments, more].concat())
    };
    assert_eq!(adopt("99", &[]).status, 4);
    let adopted = adopt(&soon.to_string(), &["--combined"]);
    assert_eq!(adopted.status, 0, "{adopted:?}");
    let file = format!("pki/{}.pem", server::EXPIRING);
    assert_eq!(serial_on_disk(&world, &file), soon);
    let (_, rows) = renew(&world, &[]);
    assert_eq!(results(&rows), ["renewed"]);
    assert_ne!(serial_on_disk(&world, &file), soon);
    assert_eq!(adopt(&soon.to_string(), &[]).status, 4, "it is obsolete");
    let status = good(&world, &["status", "--dir", "pki", "-o", "json"]);
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status[0]["names"][0], format!("DNS:{}", server::EXPIRING));
    for suffix in ["pem", "json"] {
        let written = format!("pki/{}.{suffix}", server::EXPIRING);
        for command in ["status", "renew"] {
            let run = world.run(&[command, "--dir", "pki", "--out", &written]);
            assert!(run.status == 2 && run.stderr.contains("the same file as --dir"), "{run:?}");
        }
    }
    let key = ["--out", "pki/new.example.key.pem"];
    let issue = ["issue", "new.example", "--ca", server::ORGANIZATION, "--dir", "pki"];
    let run = world.run(&[&issue[..], &key].concat());
    assert!(run.status == 2 && run.stderr.contains("the same file as --dir"), "{run:?}");
    assert_eq!((&status[0]["days_left"], &status[0]["deployed"]), (&365.into(), &Value::Null));
}

#[test]
fn adopted_pair_that_is_valid_is_not_written_again() {
    let world = world();
    let id = issue(&world, &[])["cert_id"].to_string();
    let adopt = |more: &[&str]| {
        let arguments = ["adopt", &id, "--ca", "561", "--dir", "other", "-o", "json"];
        let text = good(&world, &[&arguments, more].concat());
        serde_json::from_str::<Value>(&text).unwrap()["written"].clone()
    };
    assert_eq!([adopt(&[]), adopt(&[])], [true, false]);
    std::fs::remove_file(world.home.join("other/a.example.key.pem")).unwrap();
    assert_eq!(adopt(&[]), true);
    // Within 30 days of its expiry, it is written again.
    advance(&world, 340);
    assert_eq!(adopt(&[]), true);
}

/// Runs the program at `days` days after [`NOW`], whatever the time of the sandbox is.
fn run_at(world: &World, days: u64, arguments: &[&str]) -> Run {
    let mut command = world.command(arguments);
    command.env("TINYCERT_TEST_CLOCK", (NOW + days * DAY).to_string());
    command.env("PATH", "/usr/bin:/bin");
    world.finish(command, "")
}

#[cfg(unix)]
#[test]
fn certificate_that_has_expired_or_expires_before_the_one_on_disk_is_not_written() {
    let world = world();
    // The server signs for 365 days, so its new certificates expire before this one.
    let add = |name: &str| {
        world
            .sandbox
            .tinycert()
            .state(|server| server.add_cert(561, name, &[("DNS", name)], NOW + 385 * DAY).unwrap())
    };
    let old = add("a.example");
    good(&world, &["adopt", &old.to_string(), "--ca", "561", "--dir", "pki"]);
    let files =
        ["a.example.chain.pem", "a.example.key.pem"].map(|name| world.home.join("pki").join(name));
    let contents = || files.clone().map(|path| std::fs::read(path).unwrap());
    let before = contents();
    let created =
        |name: &str| world.sandbox.tinycert().state(|server| server.certs_named(name)).len();
    let renew = ["renew", "--dir", "pki", "-o", "json", "--deploy-hook", "echo x >> log"];
    for (days, problem, most) in [
        (
            360,
            "expires at 2027-11-29T12:00:00Z, before the certificate on disk, which expires at \
             2027-12-19T12:00:00Z and was kept",
            2,
        ),
        // Each further run may create one certificate, because the server's clock may be right now.
        (
            380,
            "expired at 2027-11-29T12:00:00Z (now: 2027-12-14T12:00:00Z); the certificate on \
             disk, which expires at 2027-12-19T12:00:00Z, was kept",
            3,
        ),
    ] {
        let run = run_at(&world, days, &renew);
        assert!(run.status == 9 && run.stderr.contains(problem), "{days}: {run:?}");
        let rows: Vec<Value> = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!((results(&rows), &rows[0]["renewed"]), (vec!["failed"], &false.into()));
        assert_eq!(contents(), before, "{days}");
        assert!(created("a.example") <= most, "{days}: {}", created("a.example"));
    }
    // The valid pair is deployed, once.
    assert_eq!(std::fs::read_to_string(world.home.join("log")).unwrap(), "x\n");
    // A new certificate of the same names has expired, too; it has another key.
    let issue = ["issue", "a.example", "--ca", "561", "--dir", "pki"];
    let run = run_at(&world, 360, &issue);
    assert!(run.status == 9 && run.stderr.contains("before the certificate on disk"), "{run:?}");
    let run = run_at(&world, 380, &issue);
    assert!(run.status == 9 && run.stderr.contains("expired at"), "{run:?}");
    let other = ["issue", "b.example", "--ca", "561", "--dir", "pki"];
    let run = run_at(&world, 380, &other);
    let problem = "expired at 2027-11-29T12:00:00Z (now: 2027-12-14T12:00:00Z) and was not";
    assert!(run.status == 9 && run.stderr.contains(problem), "{run:?}");
    assert!(!world.home.join("pki/b.example.key.pem").exists());
    assert_eq!(contents(), before);
    // Once the server's clock is right, the next run repairs both.
    advance(&world, 380);
    let (run, rows) = self::renew(&world, &[]);
    assert_eq!((run.status, results(&rows)), (0, vec!["renewed"; 2]), "{run:?}");
    let expires = |row: &Value| row["expires"].as_str().unwrap().to_owned();
    assert!(rows.iter().all(|row| expires(row) == "2028-12-13T12:00:00Z"), "{rows:?}");
    assert_eq!(results(&self::renew(&world, &[]).1), ["not due"; 2]);
}

#[test]
fn revoked_certificate_is_replaced_by_one_that_expires_earlier() {
    let world = world();
    let old = world.sandbox.tinycert().state(|server| {
        server.add_cert(561, "a.example", &[("DNS", "a.example")], NOW + 385 * DAY).unwrap()
    });
    good(&world, &["adopt", &old.to_string(), "--ca", "561", "--dir", "pki"]);
    good(&world, &["cert", "revoke", &old.to_string(), "--yes"]);
    let issue = ["issue", "a.example", "--ca", "561", "--dir", "pki", "--fields", "written"];
    let run = run_at(&world, 360, &issue);
    assert_eq!((run.status, &*run.stdout), (0, "written\ttrue\n"), "{run:?}");
    assert_ne!(serial_on_disk(&world, "pki/a.example.chain.pem"), old);
}

#[test]
fn renewal_with_a_clock_that_was_wrong_is_completed_without_another_certificate() {
    let world = world();
    issue(&world, &[]);
    let created = || world.sandbox.tinycert().state(|server| server.certs_named("a.example")).len();
    advance(&world, 10);
    let run = run_at(&world, 4000, &["renew", "--dir", "pki"]);
    assert!(run.status == 9 && run.stderr.contains("check the clock of this machine"), "{run:?}");
    assert_eq!((created(), serial_on_disk(&world, "pki/a.example.chain.pem")), (2, 14238));
    let (run, rows) = renew(&world, &[]);
    assert_eq!((run.status, results(&rows), created()), (0, vec!["renewed"], 2), "{run:?}");
}

#[test]
fn expired_certificate_is_not_adopted() {
    let world = world();
    let old = issue(&world, &[])["cert_id"].to_string();
    advance(&world, 366);
    let run = run(&world, &["adopt", &old, "--ca", "561", "--dir", "other"]);
    assert!(run.status == 9 && run.stderr.contains("expired at"), "{run:?}");
    assert!(!world.home.join("other/a.example.json").exists());
}

#[test]
fn other_pairs_and_files_of_the_folder_are_kept() {
    let world = world();
    issue(&world, &[]);
    let other = world.home.join("pki/b.example.json");
    std::fs::write(&other, "{}").unwrap();
    // Other users must not be able to write a record, whatever the umask is.
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&other, mode).unwrap();
    }
    assert_eq!(results(&renew(&world, &[]).1), ["not due"]);
    let arguments = ["issue", "b.example", "--ca", "561", "--dir", "pki"];
    let before = world.sandbox.tinycert().state(|server| server.certs_named("b.example"));
    let refused = run(&world, &arguments);
    assert!(refused.status == 10 && refused.stderr.contains("not a record"), "{refused:?}");
    // A record that cannot be read does not stop the others.
    for (text, problem) in [
        ("{", "EOF"),
        (r#"{"tinycert":2}"#, "later version"),
        (r#"{"tinycert":1}"#, "missing field"),
    ] {
        std::fs::write(&other, text).unwrap();
        let (run, rows) = renew(&world, &[]);
        assert_eq!((run.status, rows.len()), (11, 1), "{run:?}");
        assert!(run.stderr.contains(problem) && run.stderr.contains("b.example.json"), "{run:?}");
        assert_eq!(world.run(&["status", "--dir", "pki"]).status, 11);
    }
    // `*.a` and `_.a` have the same files.
    good(&world, &["issue", "*.c.example", "--ca", "561", "--dir", "pki"]);
    let refused = run(&world, &["issue", "_.c.example", "--ca", "561", "--dir", "pki"]);
    assert!(refused.status == 2 && refused.stderr.contains("`*.c.example`"), "{refused:?}");
    assert_eq!(world.sandbox.tinycert().state(|server| server.certs_named("b.example")), before);
}

#[test]
fn files_that_are_not_recorded_are_kept() {
    let world = world();
    let pki = world.home.join("pki");
    std::fs::create_dir(&pki).unwrap();
    let issued =
        good(&world, &["issue", "a.example", "--ca", "561", "--dir", "other", "-o", "json"]);
    let issued: Value = serde_json::from_str(&issued).unwrap();
    let id = issued["cert_id"].to_string();
    let before = world.sandbox.tinycert().state(|server| server.certs_named("a.example"));
    for (file, more) in [
        ("a.example.pem", &["--combined"][..]),
        ("a.example.key.pem", &[]),
        ("a.example.chain.pem", &[]),
    ] {
        let path = pki.join(file);
        std::fs::write(&path, "other").unwrap();
        let issue = [&["issue", "a.example", "--ca", "561", "--dir", "pki"], more].concat();
        let adopt = [&["adopt", &id, "--ca", "561", "--dir", "pki"], more].concat();
        for arguments in [&issue, &adopt] {
            let problem = format!("{file}: exists and is not recorded");
            for option in [&[][..], &["--dry-run"]] {
                let refused = run(&world, &[arguments, option].concat());
                assert!(refused.status == 2 && refused.stderr.contains(&problem), "{refused:?}");
            }
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "other");
        std::fs::remove_file(&path).unwrap();
    }
    std::fs::write(pki.join(format!("{}.key.pem", server::EXPIRING)), "other").unwrap();
    for option in [&[][..], &["--dry-run"]] {
        let renew = ["renew", "--dir", "pki", "--all-in-account"];
        let refused = run(&world, &[&renew, option].concat());
        let problem = ".key.pem: exists and is not recorded";
        assert!(refused.status == 2 && refused.stderr.contains(problem), "{refused:?}");
    }
    assert_eq!(world.sandbox.tinycert().state(|server| server.certs_named("a.example")), before);
    good(&world, &["issue", "a.example", "--ca", "561", "--dir", "pki"]);
}

#[test]
fn names_that_differ_only_in_case_are_rejected() {
    let world = world();
    issue(&world, &[]);
    let id = |name: &str| world.sandbox.tinycert().state(|server| server.certs_named(name)).len();
    let run = run(&world, &["issue", "A.Example", "--ca", "561", "--dir", "pki"]);
    assert!(run.status == 2 && run.stderr.contains("a.example.json only in case"), "{run:?}");
    assert_eq!((id("a.example"), id("A.Example")), (1, 0));
}

#[test]
fn folder_without_pairs_is_an_error_or_has_a_message() {
    let world = world();
    world.sandbox.take_seen();
    std::fs::create_dir(world.home.join("empty")).unwrap();
    std::fs::write(world.home.join("file"), "").unwrap();
    for command in ["renew", "status"] {
        for dir in ["missing", "file"] {
            for option in ["-v", "--dry-run"] {
                let run = run(&world, &[command, "--dir", dir, option]);
                let named = run.stderr.starts_with(&format!("tinycert: {dir}: "));
                assert!(run.status == 10 && named, "{command} {dir:?}: {run:?}");
            }
        }
        let run = run(&world, &[command, "--dir", "empty"]);
        assert!(run.status == 0 && run.stderr.starts_with("empty: no pairs"), "{run:?}");
    }
    assert!(world.sandbox.take_seen().is_empty());
}

#[test]
fn unreadable_pair_does_not_stop_the_others() {
    let world = world();
    issue(&world, &[]);
    good(&world, &["issue", "b.example", "--ca", "561", "--dir", "pki"]);
    let chain = world.home.join("pki/a.example.chain.pem");
    std::fs::remove_file(&chain).unwrap();
    std::fs::create_dir(&chain).unwrap();
    advance(&world, 340);
    let (run, rows) = renew(&world, &[]);
    assert_eq!((run.status, results(&rows)), (11, vec!["failed", "renewed"]), "{run:?}");
    assert!(run.stderr.contains("a.example.chain.pem"), "{run:?}");
    let named = world.sandbox.tinycert().state(|server| server.certs_named("b.example"));
    assert_eq!(named.len(), 2);
}

#[test]
fn removed_files_and_files_of_others_are_written_again() {
    let world = world();
    let id = issue(&world, &[])["cert_id"].as_i64().unwrap();
    std::fs::remove_file(world.home.join("pki/a.example.key.pem")).unwrap();
    assert_eq!(results(&renew(&world, &[]).1), ["restored"]);
    assert_eq!(serial_on_disk(&world, "pki/a.example.chain.pem"), id);
    assert_eq!(world.sandbox.tinycert().state(|server| server.certs_named("a.example")).len(), 1);
    // A pair that another program wrote is renewed all the same.
    let soon = world.sandbox.tinycert().state(|server| server.certs_named(server::EXPIRING)[0].0);
    let soon = soon.to_string();
    for (part, file) in [("chain", "a.example.chain.pem"), ("key", "a.example.key.pem")] {
        let text = good(&world, &["cert", "download", &soon, "--part", part]);
        let path = world.home.join("pki").join(file);
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let (_, rows) = renew(&world, &[]);
    assert_eq!(results(&rows), ["renewed"]);
    let new = serial_on_disk(&world, "pki/a.example.chain.pem");
    assert_eq!(rows[0]["cert_id"], new);
    assert_ne!(new, id);
}

#[cfg(unix)]
#[test]
fn damaged_pair_is_reported_not_deployed_and_written_again() {
    let world = world();
    let id = issue(&world, &["--deploy-hook", "echo x >> log"])["cert_id"].as_i64().unwrap();
    let other = ["issue", "b.example", "--ca", "561", "--dir", "other"];
    good(&world, &other);
    let path = |name: &str| world.home.join("pki").join(format!("a.example.{name}.pem"));
    let read = |name: &str| std::fs::read(path(name)).unwrap();
    let (chain, key) = (read("chain"), read("key"));
    let of_other = |name: &str| {
        std::fs::read(world.home.join("other").join(format!("b.example.{name}.pem"))).unwrap()
    };
    let state = || {
        let status = run(&world, &["status", "--dir", "pki", "-o", "json"]);
        let rows: Value = serde_json::from_str(&status.stdout).unwrap();
        (rows[0]["state"].as_str().unwrap().to_owned(), rows[0]["days_left"].clone(), status.stderr)
    };
    assert_eq!(state(), ("valid".to_owned(), 365.into(), String::new()));
    let (other_chain, other_key) = (of_other("chain"), of_other("key"));
    let port = ClosedPort::reserve();
    let closed = format!("https://127.0.0.1:{}", port.number());
    let mut hooks = 1;
    for (new_chain, new_key, problem) in [
        (&chain, &Vec::new(), "key.pem: contains no private key"),
        (&chain, &chain, "key.pem: contains no private key"),
        (&chain, &vec![0xff; 9], "key.pem: contains no private key"),
        (&chain, &other_key, "key.pem: it does not belong to the certificate"),
        (&other_chain, &key, "key.pem: it does not belong to the certificate"),
        (&Vec::new(), &key, "chain.pem: contains no certificate"),
        (&other_chain, &other_key, "chain.pem: has the certificate with the serial number"),
    ] {
        std::fs::write(path("chain"), new_chain).unwrap();
        std::fs::write(path("key"), new_key).unwrap();
        let (name, days_left, error) = state();
        assert_eq!((&*name, days_left), ("damaged", Value::Null), "{problem}");
        let message = "a.example: the pair is damaged: pki/a.example.";
        assert!(error.starts_with(message) && error.contains(problem), "{problem}: {error}");
        // The damaged pair is not deployed, even if it cannot be written again.
        let failed = run(
            &world,
            &[
                "renew",
                "--dir",
                "pki",
                "--deploy-hook",
                "echo x >> log",
                "--base-url",
                &closed,
                "--retries",
                "0",
            ],
        );
        assert!(failed.status == 5 && failed.stderr.contains(problem), "{failed:?}");
        let dry = run(&world, &["renew", "--dir", "pki", "--dry-run"]);
        assert!(dry.stderr.contains("would restore") && dry.stderr.contains(problem), "{dry:?}");
        assert_eq!((read("chain"), read("key")), (new_chain.clone(), new_key.clone()));
        let (run, rows) = renew(&world, &["--deploy-hook", "echo x >> log"]);
        // Servers may have loaded the damaged files, so the hook is run again.
        assert_eq!(results(&rows), ["restored and deployed"], "{problem}: {run:?}");
        assert_eq!((&rows[0]["renewed"], &rows[0]["deployed"]), (&false.into(), &true.into()));
        assert!(run.stderr.contains(problem), "{problem}: {run:?}");
        assert_eq!((read("chain"), read("key")), (chain.clone(), key.clone()), "{problem}");
        hooks += 1;
        assert_eq!(std::fs::read_to_string(world.home.join("log")).unwrap(), "x\n".repeat(hooks));
        assert_eq!(results(&renew(&world, &[]).1), ["not due"]);
    }
    assert_eq!(world.sandbox.tinycert().state(|server| server.certs_named("a.example")).len(), 1);
    // `adopt` writes the same certificate again, and `issue` takes over the latest one.
    std::fs::write(path("key"), "").unwrap();
    let adopt = ["adopt", &id.to_string(), "--ca", "561", "--dir", "pki", "-o", "json"];
    assert!(good(&world, &adopt).contains("\"written\":true"));
    assert_eq!(read("key"), key);
    std::fs::write(path("key"), "").unwrap();
    let issued = run(&world, &["issue", "a.example", "b.a.example", "--ca", "561", "--dir", "pki"]);
    assert!(issued.stderr.contains("a.example: the pair is damaged: "), "{issued:?}");
    assert_eq!(read("key"), key);
    // A pair that was damaged for a long time gets a new certificate.
    std::fs::write(path("key"), "").unwrap();
    advance(&world, 340);
    let (run, rows) = renew(&world, &[]);
    assert_eq!(results(&rows), ["renewed"], "{run:?}");
    assert_ne!(serial_on_disk(&world, "pki/a.example.chain.pem"), id);
    std::fs::remove_file(path("key")).unwrap();
    assert_eq!(state().0, "missing");
    assert_eq!(results(&renew(&world, &[]).1), ["restored"]);
    advance(&world, 366);
    assert_eq!(state().0, "expired");
}

#[test]
fn damaged_pair_gets_the_recorded_certificate_if_its_successor_is_rejected() {
    let world = world();
    // The server signs for 365 days, so its new certificates expire before this one.
    let old = world.sandbox.tinycert().state(|server| {
        server.add_cert(561, "a.example", &[("DNS", "a.example")], NOW + 385 * DAY).unwrap()
    });
    good(&world, &["adopt", &old.to_string(), "--ca", "561", "--dir", "pki"]);
    let key = world.home.join("pki/a.example.key.pem");
    let before = std::fs::read(&key).unwrap();
    let renew = ["renew", "--dir", "pki", "-o", "json", "--deploy-hook", "echo x >> log"];
    for runs in 1..=2 {
        std::fs::write(&key, "").unwrap();
        let run = run_at(&world, 380, &renew);
        assert!(run.status == 9 && run.stderr.contains("expired at"), "{run:?}");
        assert!(run.stderr.contains(&format!("certificate {old} was written again")), "{run:?}");
        let rows: Vec<Value> = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!((results(&rows), &rows[0]["renewed"]), (vec!["failed"], &false.into()));
        assert_eq!(std::fs::read(&key).unwrap(), before);
        assert_eq!(serial_on_disk(&world, "pki/a.example.chain.pem"), old);
        assert_eq!(std::fs::read_to_string(world.home.join("log")).unwrap(), "x\n".repeat(runs));
    }
    // The recorded certificate has expired, too.
    std::fs::write(&key, "").unwrap();
    let run = run_at(&world, 390, &renew);
    assert!(run.status == 9 && !run.stderr.contains("was written again"), "{run:?}");
    assert_eq!(std::fs::read(&key).unwrap(), b"");
    advance(&world, 380);
    assert_eq!(results(&self::renew(&world, &[]).1), ["renewed"]);
}

#[test]
fn pending_certificate_that_cannot_be_used_is_dropped() {
    for state in ["unknown", "revoke", "hold"] {
        let world = world();
        let old = issue(&world, &[])["cert_id"].as_i64().unwrap();
        advance(&world, 340);
        let pending = match state {
            "unknown" => 99_999,
            state => {
                let other = ["issue", "a.example", "b.a.example", "--ca", "561", "--dir", "other"];
                let other = good(&world, &[&other[..], &["-o", "json"]].concat());
                let other: Value = serde_json::from_str(&other).unwrap();
                let id = other["cert_id"].as_i64().unwrap();
                good(&world, &["cert", state, &id.to_string(), "--yes"]);
                id
            }
        };
        let mut changed = record(&world);
        changed["pending_cert_id"] = pending.into();
        std::fs::write(world.home.join("pki/a.example.json"), changed.to_string()).unwrap();
        let (run, rows) = renew(&world, &[]);
        assert_eq!((run.status, results(&rows)), (0, vec!["renewed"]), "{state}: {run:?}");
        let new = serial_on_disk(&world, "pki/a.example.chain.pem");
        assert!(new != old && new != pending, "{state}: {new}");
        assert_eq!(record(&world)["pending_cert_id"], Value::Null, "{state}");
        assert_eq!(results(&renew(&world, &[]).1), ["not due"], "{state}");
    }
}

#[test]
fn certificate_without_the_recorded_names_is_not_written() {
    let world = world();
    issue(&world, &[]);
    let other = good(&world, &["issue", "b.example", "--ca", "561", "--dir", "pki", "-o", "json"]);
    let other: Value = serde_json::from_str(&other).unwrap();
    let path = world.home.join("pki/a.example.json");
    let mut changed = record(&world);
    changed["pending_cert_id"] = other["cert_id"].clone();
    std::fs::write(&path, changed.to_string()).unwrap();
    let before = std::fs::read(world.home.join("pki/a.example.chain.pem")).unwrap();
    let (run, rows) = renew(&world, &[]);
    assert_eq!((run.status, results(&rows)), (11, vec!["failed", "not due"]), "{run:?}");
    let problem =
        "lacks DNS:a.example, a recorded name, and was not written; run `issue` or `adopt`";
    assert!(run.stderr.contains(problem), "{run:?}");
    assert_eq!(std::fs::read(world.home.join("pki/a.example.chain.pem")).unwrap(), before);
    assert_eq!(issue(&world, &[])["written"], true);
    assert_eq!(results(&renew(&world, &[]).1), ["not due"; 2]);
    // The files of a certificate with other names, and a record that does not name it.
    let mut changed = record(&world);
    (changed["names"], changed["serial"]) = (serde_json::json!(["DNS:c.example"]), Value::Null);
    std::fs::write(&path, changed.to_string()).unwrap();
    let status = good(&world, &["status", "--dir", "pki", "--fields", "name,state"]);
    assert_eq!(status, "a.example\tdamaged\nb.example\tvalid\n");
}

#[test]
fn dry_run_writes_and_sends_nothing() {
    let world = world();
    let arguments = ["issue", "a.example", "--ca", "561", "--dir", "pki", "--dry-run"];
    let dry = run(&world, &arguments);
    assert!(dry.status == 0 && dry.stderr.contains("(cert.new)"), "{dry:?}");
    assert!(!world.home.join("pki").exists());
    let dry = run(&world, &["adopt", "14236", "--ca", "561", "--dir", "pki", "--dry-run"]);
    assert!(dry.status == 0 && dry.stderr.contains("would write and record"), "{dry:?}");
    issue(&world, &[]);
    let dry = run(
        &world,
        &["issue", "a.example", "b.a.example", "--ca", "561", "--dir", "pki", "--dry-run"],
    );
    assert!(dry.status == 0 && dry.stderr.contains("is issued and valid"), "{dry:?}");
    assert!(!dry.stderr.contains("cert.new"), "{dry:?}");
    let id = record(&world)["cert_id"].to_string();
    let dry = run(&world, &["adopt", &id, "--ca", "561", "--dir", "pki", "--dry-run"]);
    assert!(dry.status == 0 && dry.stderr.contains("is adopted and valid"), "{dry:?}");
    for option in [&[][..], &["--dry-run"]] {
        let combined = ["issue", "a.example", "--ca", "561", "--dir", "pki", "--combined"];
        let run = run(&world, &[&combined, option].concat());
        assert!(run.status == 2 && run.stderr.contains("setting of --combined"), "{run:?}");
    }
    advance(&world, 340);
    world.sandbox.take_seen();
    let before = record(&world);
    let (dry, _) = renew(&world, &["--dry-run", "--deploy-hook", "touch ran"]);
    assert!(dry.stderr.contains("would renew certificate"), "{dry:?}");
    assert!(dry.stderr.contains("would run the deploy hook for a.example"), "{dry:?}");
    assert!(world.sandbox.take_seen().is_empty() && record(&world) == before);
    assert!(!world.home.join("ran").exists());
    let curl = run(&world, &["renew", "--dir", "pki", "--curl"]);
    assert_eq!(curl.status, 2, "{curl:?}");
}

#[test]
fn certificate_that_issue_takes_over_is_named_by_the_run_and_the_dry_run() {
    let world = world();
    let create = |more: &[&str]| {
        let create = ["cert", "create", "t.example", "--ca", "561", "-o", "json"];
        let made = good(&world, &[&create[..], more].concat());
        serde_json::from_str::<Value>(&made).unwrap()["cert_id"].to_string()
    };
    let issue = |dir: &str, more: &[&str]| {
        let issue = ["issue", "t.example", "--ca", "561", "--dir", dir];
        run(&world, &[&issue[..], more].concat())
    };
    let first = create(&["--unit", "IT"]);
    let latest = create(&["--unit", "IT"]);
    let other = create(&["b.example"]);
    for (dir, more, expected) in [
        ("a", &["--unit", "it"][..], Some(&latest)),
        ("b", &["B.example"], Some(&other)),
        ("c", &["--unit", "other"], None),
        ("d", &["c.example"], None),
    ] {
        let dry = issue(dir, &[more, &["--dry-run"]].concat());
        std::fs::create_dir(world.home.join(dir)).unwrap();
        let done = issue(dir, &[more, &["--fields", "cert_id"]].concat());
        assert_eq!((dry.status, done.status), (0, 0), "{dry:?} {done:?}");
        let text = dry.stderr;
        match expected {
            Some(id) => {
                let would = format!("dry run: would take over certificate {id} and its key\n");
                assert_eq!(text, would);
                let did = format!("t.example: took over certificate {id} and its key");
                assert!(done.stderr.starts_with(&did), "{done:?}");
                assert_eq!(done.stdout, format!("cert_id\t{id}\n"));
            }
            None => {
                assert!(text.contains("(cert.new)"), "{text}");
                assert!(done.stderr.is_empty(), "{done:?}");
                assert!(![&first, &latest, &other].iter().any(|id| done.stdout.contains(*id)));
            }
        }
    }
    // A certificate that was revoked, or was created more than a day ago, is not taken over.
    good(&world, &["cert", "revoke", &latest, "--yes"]);
    let dry = issue("e", &["--unit", "IT", "--dry-run"]);
    assert!(dry.stderr.contains(&format!("take over certificate {first} ")), "{dry:?}");
    advance(&world, 2);
    let dry = issue("e", &["--unit", "IT", "--dry-run"]);
    assert!(dry.stderr.contains("(cert.new)"), "{dry:?}");
    std::fs::create_dir(world.home.join("e")).unwrap();
    let done = issue("e", &["--unit", "IT", "--fields", "cert_id"]);
    assert!(done.status == 0 && done.stderr.is_empty(), "{done:?}");
}

#[test]
fn account_is_renewed_only_on_request() {
    let world = world();
    issue(&world, &[]);
    assert_eq!(results(&renew(&world, &[]).1), ["not due"]);
    let (all, rows) = renew(&world, &["--all-in-account"]);
    assert_eq!(all.status, 0, "{all:?}");
    let names: Vec<&str> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a.example", server::EXPIRING]);
    assert_eq!(results(&rows), ["not due", "renewed"]);
    // From now on it is recorded.
    assert_eq!(results(&renew(&world, &[]).1), ["not due", "not due"]);
}

#[test]
fn pairs_of_the_account_with_the_same_files_are_reported() {
    let world = world();
    good(&world, &["ca", "create", "ACME", "--country", "US"]);
    std::fs::create_dir(world.home.join("pki")).unwrap();
    world.sandbox.tinycert().state(|server| {
        let soon = NOW + 10 * DAY;
        for (ca, name) in [(561, "w.example"), (562, "w.example"), (561, "*.x.example")] {
            server.add_cert(ca, name, &[("DNS", name)], soon).unwrap();
        }
        server.add_cert(562, "_.x.example", &[("DNS", "x.example")], soon).unwrap();
    });
    let (run, rows) = renew(&world, &["--all-in-account"]);
    assert_eq!(run.status, 11, "{run:?}");
    let mut names: Vec<&str> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["*.x.example", server::EXPIRING, "w.example"]);
    assert_eq!(results(&rows), ["renewed"; 3]);
    assert!(
        run.stderr.contains("w.example: the recorded pair belongs to a CA other than 562"),
        "{run:?}"
    );
    let same = "_.x.example: its file names are already used by `*.x.example`";
    assert!(run.stderr.contains(same), "{run:?}");
}

#[test]
fn failure_of_the_account_does_not_stop_recorded_pairs() {
    let world = world();
    issue(&world, &[]);
    let mut command = world.command(&["renew", "--dir", "pki", "--all-in-account", "-o", "json"]);
    command.env("TINYCERT_TEST_CLOCK", NOW.to_string());
    command.env("TINYCERT_PASSPHRASE", "wrong");
    let run = world.finish(command, "");
    let rows: Vec<Value> = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.status, results(&rows)), (11, vec!["not due"]), "{run:?}");
    // A certificate that expired long ago is not issued again.
    advance(&world, 20);
    let (run, rows) = renew(&world, &["--all-in-account"]);
    assert_eq!((run.status, results(&rows)), (0, vec!["not due"]), "{run:?}");
}

#[test]
fn rejected_credentials_are_sent_once() {
    let world = world();
    issue(&world, &[]);
    good(&world, &["issue", "b.example", "--ca", "561", "--dir", "pki"]);
    advance(&world, 340);
    world.sandbox.take_seen();
    let mut command = world.command(&["renew", "--dir", "pki"]);
    command.env("TINYCERT_TEST_CLOCK", world.sandbox.clock().unix().to_string());
    command.env("TINYCERT_PASSPHRASE", "wrong");
    let run = world.finish(command, "");
    assert_eq!(run.status, 3, "{run:?}");
    assert!(run.stderr.contains("a.example: ") && run.stderr.contains("b.example: "), "{run:?}");
    assert_eq!(world.sandbox.take_seen().len(), 1);
}

#[test]
fn invalid_options_of_files_are_2_and_nothing_is_issued() {
    let world = world();
    let arguments = ["issue", "a.example", "--ca", "561", "--dir", "pki"];
    for more in [
        &["--mode", "0644"][..],
        &["--mode", "rw"],
        &["--mode", "+640"],
        &["--mode", "0270"],
        &["--group", "no such group"],
        &["--hook-timeout", "soon"],
        &["--hook-timeout", "0s"],
        &["--deploy-hook", ""],
        &["--deploy-hook", " "],
    ] {
        let run = run(&world, &[&arguments, more].concat());
        assert_eq!(run.status, 2, "{more:?}: {run:?}");
    }
    assert_eq!(run(&world, &["renew", "--dir", "pki", "--within", "365d"]).status, 2);
    assert_eq!(run(&world, &["renew", "--dir", "pki"]).status, 10, "there is no folder");
    assert!(world.sandbox.tinycert().state(|server| server.certs_named("a.example")).is_empty());
}

#[cfg(unix)]
/// Returns the names in a folder that begin with a dot, except the lock and folders of versions.
pub(crate) fn left(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let is_left = |name: &String| {
        name.starts_with('.') && name != ".tinycert.lock" && !name.ends_with(".versions")
    };
    names.filter(is_left).collect()
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::process::Stdio;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn mode_and_group_of_the_key_and_access_of_the_record_are_kept() {
        let world = world();
        let pki = world.home.join("pki");
        let (key, record) = (pki.join("a.example.key.pem"), pki.join("a.example.json"));
        issue(&world, &[]);
        assert_eq!(mode(&key), 0o600);
        // Root can use any group.
        let is_root = std::fs::metadata(&key).unwrap().uid() == 0;
        let group = if is_root { 1234 } else { std::fs::metadata(&key).unwrap().gid() };
        issue(&world, &["--mode", "0640", "--group", &group.to_string()]);
        std::fs::set_permissions(&record, std::fs::Permissions::from_mode(0o640)).unwrap();
        if is_root {
            std::os::unix::fs::chown(&record, None, Some(1234)).unwrap();
        } else {
            println!("skipped: the group of the record: only root can change it");
        }
        advance(&world, 340);
        assert_eq!(results(&renew(&world, &[]).1), ["renewed"]);
        for path in [&key, &record] {
            assert_eq!(mode(path), 0o640, "{path:?}");
            assert_eq!(std::fs::metadata(path).unwrap().gid(), group, "{path:?}");
        }
        assert!(left(&pki).is_empty());
    }

    /// A group to which no user of the tests belongs.
    const FOREIGN: &str = "4242";

    /// Returns a command of the program for a user without special rights, to whom the home folder
    /// then belongs. If the tests are run by root, this is another user. Returns `None` if that
    /// user cannot run the program.
    #[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
    fn as_user(world: &World, arguments: &[&str]) -> Option<std::process::Command> {
        use std::os::unix::process::CommandExt;

        let lower = |mut command: std::process::Command| {
            if rustix::process::geteuid().is_root() {
                command.uid(65534).gid(65534);
            }
            command
        };
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&world.home, Some(65534), Some(65534)).unwrap();
        }
        if lower(world.command(&["--version"])).output().is_err() {
            println!("skipped: another user cannot run the program");
            return None;
        }
        let mut command = lower(world.command(arguments));
        command.env("TINYCERT_TEST_CLOCK", world.sandbox.clock().unix().to_string());
        Some(command)
    }

    #[test]
    fn group_that_cannot_be_set_is_rejected_before_the_certificate_is_created() {
        let world = world();
        let run = |arguments: &[&str]| {
            as_user(&world, arguments).map(|command| world.finish(command, ""))
        };
        let created = || world.sandbox.tinycert().state(|server| server.certs_named("a.example"));
        let issue = ["issue", "a.example", "--ca", "561", "--dir", "pki"];
        let adopt = ["adopt", "14236", "--ca", "561", "--dir", "pki"];
        for command in [&issue[..], &adopt] {
            for combined in [&[][..], &["--combined"]] {
                for option in [&[][..], &["--dry-run"]] {
                    // The folder is created, about which a note is printed without `-q`.
                    let group = ["--group", FOREIGN, "-q"];
                    let Some(run) = run(&[command, combined, option, &group].concat()) else {
                        return;
                    };
                    let problem =
                        "tinycert: --group: `4242`: the current user is not in this group";
                    assert!(run.status == 2 && run.stderr.starts_with(problem), "{run:?}");
                }
            }
        }
        assert_eq!(files_in(&world.home.join("pki")), [world.home.join("pki/.tinycert.lock")]);
        assert!(created().is_empty());
        let Some(done) = run(&issue) else { return };
        assert_eq!(done.status, 0, "{done:?}");
        // A group that another user recorded.
        let mut changed = record(&world);
        changed["group"] = FOREIGN.into();
        let path = world.home.join("pki/a.example.json");
        std::fs::write(path, changed.to_string()).unwrap();
        for option in [&[][..], &["--dry-run"]] {
            let Some(run) = run(&[&issue[..], &["b.example"], option].concat()) else { return };
            let problem = "tinycert: pki/a.example.json: group: `4242`: the current user is not in";
            assert!(run.status == 10 && run.stderr.starts_with(problem), "{run:?}");
        }
        assert_eq!(created().len(), 1);
        // The system interprets this number as "no change".
        let none = run(&[&issue[..], &["--group", "4294967295"]].concat());
        assert!(none.is_some_and(|run| run.status == 2), "the number is no group");
    }

    #[test]
    fn folder_that_cannot_be_written_is_reported_by_the_dry_run_too() {
        let world = world();
        let home = &world.home;
        let set = |name: &str, mode| {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(home.join(name), mode).unwrap();
        };
        for folder in ["ro", "used", "locked", "linked"] {
            std::fs::create_dir(home.join(folder)).unwrap();
        }
        for file in ["file", "used/.tinycert.lock", "locked/.tinycert.lock"] {
            std::fs::write(home.join(file), "").unwrap();
        }
        std::os::unix::fs::symlink("missing", home.join("link")).unwrap();
        std::os::unix::fs::symlink("missing", home.join("linked/.tinycert.lock")).unwrap();
        if rustix::process::geteuid().is_root() {
            for path in ["locked", "linked", "used", "used/.tinycert.lock"] {
                std::os::unix::fs::chown(home.join(path), Some(65534), Some(65534)).unwrap();
            }
        }
        set("locked/.tinycert.lock", 0o444);
        set("ro", 0o555);
        set("used", 0o555);
        world.sandbox.take_seen();
        for (dir, problem) in [
            ("ro", "ro: Permission denied"),
            ("ro/new", "ro/new: "),
            ("ro/new/new", "ro/new/new: "),
            ("used", "used: Permission denied"),
            ("locked", "locked/.tinycert.lock: Permission denied"),
            ("linked", "linked/.tinycert.lock: not a regular file; remove it"),
            ("file", "file: not a folder"),
            ("file/new", "file/new: Not a directory"),
            ("link", "link: "),
            ("link/new", "link"),
        ] {
            for command in [
                &["issue", "a.example", "--ca", "561", "--dir", dir][..],
                &["adopt", "14236", "--ca", "561", "--dir", dir],
                &["renew", "--dir", dir],
            ] {
                let run = |option: &[&str]| {
                    let command = as_user(&world, &[command, option].concat())?;
                    Some(world.finish(command, ""))
                };
                let (Some(done), Some(dry)) = (run(&[]), run(&["--dry-run"])) else { return };
                let is_named = done.stderr.starts_with(&format!("tinycert: {problem}"));
                assert!(done.status == 10 && is_named, "{command:?}: {done:?}");
                assert_eq!((dry.status, dry.stderr), (10, done.stderr), "{command:?}");
            }
        }
        let seen = world.sandbox.take_seen();
        assert!(seen.iter().all(|seen| !seen.request.target.contains("cert/new")), "{seen:?}");
        // The folder of the file to which a link leads.
        let issue = ["issue", "b.example", "--ca", "561", "--dir", "pki", "--combined"];
        let Some(command) = as_user(&world, &issue) else { return };
        assert_eq!(world.finish(command, "").status, 0);
        let file = home.join("pki/b.example.pem");
        std::fs::rename(&file, home.join("linked/b.pem")).unwrap();
        std::os::unix::fs::symlink("../linked/b.pem", &file).unwrap();
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::lchown(&file, Some(65534), Some(65534)).unwrap();
        }
        set("linked", 0o555);
        let renew = |option: &[&str]| {
            let command = as_user(&world, &[&["renew", "--dir", "pki"], option].concat())?;
            Some(world.finish(command, ""))
        };
        let (Some(done), Some(dry)) = (renew(&[]), renew(&["--dry-run"])) else { return };
        assert!(done.status == 10 && done.stderr.contains("/linked: Permission"), "{done:?}");
        assert_eq!((dry.status, dry.stderr), (10, done.stderr));
        // A folder that can be created is not created.
        let issue = ["issue", "a.example", "--ca", "561", "--dir", "new/new", "--dry-run"];
        let Some(command) = as_user(&world, &issue) else { return };
        let dry = world.finish(command, "");
        assert!(dry.status == 0 && !home.join("new").exists(), "{dry:?}");
    }

    #[test]
    fn root_writes_nothing_to_a_folder_of_another_user() {
        if !rustix::process::geteuid().is_root() {
            println!("skipped: only root can run the program as two users");
            return;
        }
        for combined in [&[][..], &["--combined"]] {
            let world = world();
            let as_owner = |arguments: &[&str]| {
                let command = as_user(&world, arguments)?;
                let run = world.finish(command, "");
                assert_eq!(run.status, 0, "{arguments:?}: {run:?}");
                Some(run)
            };
            let issue = ["issue", "a.example", "--ca", "561", "--dir", "new/pki"];
            if as_owner(&[&issue[..], combined].concat()).is_none() {
                return;
            }
            // A folder of root, to which a link of the other user leads.
            let own = world.home.join("own");
            std::fs::create_dir(&own).unwrap();
            let link = world.home.join("link");
            std::os::unix::fs::symlink(&own, &link).unwrap();
            std::os::unix::fs::lchown(&link, Some(65534), Some(65534)).unwrap();
            advance(&world, 340);
            let before = files_in(&world.home);
            for dir in ["new/pki", "new/pki/missing/folder", "link", "link/missing"] {
                for command in [
                    &[&["issue", "b.example", "--ca", "561", "--dir", dir], combined].concat()[..],
                    &[&["adopt", "14236", "--ca", "561", "--dir", dir], combined].concat(),
                    &["renew", "--dir", dir, "--deploy-hook", "echo x >> log"],
                ] {
                    if command[0] == "renew" && dir.contains("missing") {
                        continue;
                    }
                    for option in [&[][..], &["--dry-run"]] {
                        let run = run(&world, &[command, option].concat());
                        let problem =
                            "belongs to the user 65534, who could replace what is written";
                        assert!(run.stderr.contains(problem), "{command:?} {option:?}: {run:?}");
                        assert_eq!(run.status, 10, "{command:?} {option:?}: {run:?}");
                    }
                }
            }
            assert_eq!(files_in(&world.home), before);
            let created = |name| world.sandbox.tinycert().state(|server| server.certs_named(name));
            assert!(created("b.example").is_empty());
            // It can be read, and its owner can write to it.
            let status = ["status", "--dir", "new/pki", "-o", "json"];
            assert!(good(&world, &status).contains("a.example"));
            let renewed = as_owner(&["renew", "--dir", "new/pki", "-o", "json"]).unwrap();
            assert!(renewed.stdout.contains("\"result\":\"renewed\""), "{renewed:?}");
        }
    }

    #[test]
    fn record_of_another_user_is_rejected() {
        let world = world();
        issue(&world, &[]);
        let record = world.home.join("pki/a.example.json");
        std::fs::set_permissions(&record, std::fs::Permissions::from_mode(0o666)).unwrap();
        let (run, _) = renew(&world, &[]);
        assert!(run.status == 10 && run.stderr.contains("chmod o-w"), "{run:?}");
        std::fs::set_permissions(&record, std::fs::Permissions::from_mode(0o644)).unwrap();
        if std::os::unix::fs::chown(&record, Some(1234), None).is_err() {
            println!("skipped: a record of another user: only root can create one");
            return;
        }
        let (run, _) = renew(&world, &[]);
        assert!(run.status == 10 && run.stderr.contains("belongs to another user"), "{run:?}");
    }

    #[test]
    fn link_of_another_user_is_not_followed() {
        use std::os::unix::fs::{PermissionsExt, lchown, symlink};

        let world = world();
        let (pki, target) = (world.home.join("pki"), world.home.join("target"));
        std::fs::create_dir(&pki).unwrap();
        // With an open umask, a folder of another user would be rejected for its mode.
        for folder in [&world.home, &pki] {
            std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).unwrap();
        }
        std::fs::write(&target, "before").unwrap();
        let key = pki.join("a.example.key.pem");
        symlink(&target, &key).unwrap();
        if lchown(&key, Some(1234), None).is_err() {
            println!("skipped: a link of another user: only root can create one");
            return;
        }
        let issued = ["issue", "a.example", "--ca", "561", "--dir", "pki"];
        for more in [&[][..], &["--combined"]] {
            let run = run(&world, &[&issued[..], more].concat());
            assert!(run.status == 10 && run.stderr.contains("is not followed"), "{run:?}");
            let _ = std::fs::rename(&key, pki.join("a.example.pem"));
        }
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "before");
        assert!(
            world.sandbox.tinycert().state(|server| server.certs_named("a.example")).is_empty()
        );
        // The links of the library may have any owner.
        std::fs::remove_file(pki.join("a.example.pem")).unwrap();
        good(&world, &issued);
        for name in ["a.example.key.pem", "a.example.chain.pem"] {
            lchown(pki.join(name), Some(1234), None).unwrap();
        }
        advance(&world, 340);
        assert_eq!(results(&renew(&world, &[]).1), ["renewed"]);
        // A link of a recorded pair that is replaced later.
        std::fs::remove_file(&key).unwrap();
        symlink(&target, &key).unwrap();
        lchown(&key, Some(1234), None).unwrap();
        let (run, _) = renew(&world, &[]);
        assert!(run.status == 10 && run.stderr.contains("is not followed"), "{run:?}");
    }

    #[test]
    fn files_of_root_are_not_changed_for_the_owner_of_a_folder() {
        use std::os::unix::fs::{chown, lchown, symlink};

        if !rustix::process::geteuid().is_root() {
            println!("skipped: files of root in a folder of another user: only root has both");
            return;
        }
        let world = world();
        good(&world, &["issue", "victim.example", "--ca", "561", "--dir", "rootkeys"]);
        let victim = |name: &str| {
            std::fs::canonicalize(world.home.join(format!("rootkeys/victim.example.{name}.pem")))
                .unwrap()
        };
        let (secret, chain) = (victim("key"), victim("chain"));
        let access = || {
            let found = std::fs::metadata(&secret).unwrap();
            (found.uid(), found.gid(), found.mode() & 0o777)
        };
        let before = (access(), std::fs::read(&secret).unwrap());
        assert_eq!(before.0, (0, 0, 0o600));
        let pki = world.home.join("pki");
        let key = pki.join("a.key.pem");
        let version = pki.join(".a.key.pem.versions/v-0");
        let record = serde_json::json!({
            "tinycert": 1, "name": "a", "ca_id": 561, "cert_id": 1, "pending_cert_id": null,
            "names": [], "combined": false, "mode": "0640", "group": "65534", "serial": null,
            "deployed_serial": null,
        });
        let link_versions = || {
            std::fs::create_dir(version.parent().unwrap()).unwrap();
            symlink("v-0", version.with_file_name("current")).unwrap();
            symlink(".a.key.pem.versions/current/key.pem", &key).unwrap();
        };
        let set_up: [(&str, &str, &dyn Fn()); 6] = [
            ("link", "a symbolic link of another user is not followed", &|| {
                symlink(&secret, &key).unwrap();
            }),
            ("link in a version", ".versions: belongs to another user", &|| {
                link_versions();
                std::fs::create_dir(&version).unwrap();
                symlink(&secret, version.join("key.pem")).unwrap();
            }),
            ("link to a version", ".versions: belongs to another user", &|| {
                link_versions();
                symlink(secret.parent().unwrap(), &version).unwrap();
            }),
            ("link to a folder", ".versions: a symbolic link in its place is not", &|| {
                let versions = secret.parent().unwrap().parent().unwrap();
                symlink(versions, version.parent().unwrap()).unwrap();
                symlink(".a.key.pem.versions/current/key.pem", &key).unwrap();
            }),
            ("hard link", "has several names (hard links)", &|| {
                std::fs::hard_link(&secret, &key).unwrap();
            }),
            ("file of root", "a file of another user in a shared folder is not replaced", &|| {
                std::fs::rename(&secret, &key).unwrap();
                symlink(&key, &secret).unwrap();
            }),
        ];
        let (other, root) = (Some(65534), Some(0));
        for ((name, problem, plant), is_of_root) in
            set_up.into_iter().flat_map(|set_up| [(set_up, false), (set_up, true)])
        {
            std::fs::create_dir(&pki).unwrap();
            plant();
            std::fs::copy(&chain, pki.join("a.chain.pem")).unwrap();
            let mut folders = vec![pki.clone()];
            while let Some(folder) = folders.pop() {
                std::os::unix::fs::chown(&folder, other, other).unwrap();
                std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
                for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
                    let found = std::fs::symlink_metadata(entry.path()).unwrap();
                    if found.is_dir() {
                        folders.push(entry.path());
                    } else if found.is_symlink() {
                        lchown(entry.path(), other, other).unwrap();
                    } else if found.ino() != std::fs::metadata(&secret).unwrap().ino() {
                        chown(entry.path(), other, other).unwrap();
                    }
                }
            }
            std::fs::write(pki.join("a.json"), record.to_string()).unwrap();
            let problem = match is_of_root {
                // A folder of root in which all users can create files.
                true => {
                    chown(&pki, root, root).unwrap();
                    std::fs::set_permissions(&pki, PermissionsExt::from_mode(0o1777)).unwrap();
                    problem
                }
                false => "belongs to the user 65534",
            };
            let run = run(&world, &["renew", "--dir", "pki", "--deploy-hook", "echo x >> log"]);
            assert_eq!((access(), std::fs::read(&secret).unwrap()), before, "{name}: {run:?}");
            assert_eq!(run.status, 10, "{name}: {run:?}");
            assert!(run.stderr.contains(problem), "{name}: {run:?}");
            assert!(!world.home.join("log").exists(), "{name}");
            if name == "file of root" {
                std::fs::rename(&key, &secret).unwrap();
            }
            std::fs::remove_dir_all(&pki).unwrap();
        }
    }

    #[test]
    fn own_link_is_followed_to_set_the_mode() {
        use std::os::unix::fs::symlink;

        let world = world();
        issue(&world, &["--combined", "--mode", "0600"]);
        let (file, moved) = (world.home.join("pki/a.example.pem"), world.home.join("moved.pem"));
        std::fs::rename(&file, &moved).unwrap();
        symlink("../moved.pem", &file).unwrap();
        std::fs::set_permissions(&moved, PermissionsExt::from_mode(0o640)).unwrap();
        assert_eq!(results(&renew(&world, &[]).1), ["not due"]);
        assert_eq!(mode(&moved), 0o600);
    }

    #[test]
    fn hook_runs_until_it_succeeds_once_for_the_pair_on_disk() {
        let world = world();
        let log = || std::fs::read_to_string(world.home.join("log")).unwrap_or_default();
        let hook = "echo \"$TINYCERT_NAME|$TINYCERT_NAMES|$TINYCERT_CERT|$TINYCERT_KEY|\
                    $TINYCERT_CERT_ID|${TINYCERT_PASSPHRASE-none}|${TINYCERT_API_KEY-none}\" >> log; \
                    echo shown; test -e ready";
        let hook = ["--deploy-hook", hook];
        // It fails: the files stay, and the next run tries again.
        let arguments = ["issue", "a.example", "b.a.example", "--ca", "561", "--dir", "pki"];
        let failed = run(&world, &[&arguments[..], &hook].concat());
        assert_eq!(failed.status, 10, "{failed:?}");
        assert!(
            failed.stderr.contains("a.example: deploy hook failed (exit status: 1)"),
            "{failed:?}"
        );
        assert!(
            failed.stderr.contains("shown\n") && !failed.stdout.contains("shown"),
            "{failed:?}"
        );
        let id = record(&world)["cert_id"].to_string();
        let pki = world.home.canonicalize().unwrap().join("pki");
        let [chain, key] = ["a.example.chain.pem", "a.example.key.pem"].map(|name| pki.join(name));
        assert!(chain.exists() && key.exists());
        let (chain, key) = (chain.display(), key.display());
        let line = format!("a.example|a.example b.a.example|{chain}|{key}|{id}|none|none\n");
        assert_eq!(log(), line);
        let (failed, rows) = renew(&world, &hook);
        assert_eq!((failed.status, results(&rows)), (10, vec!["failed"]), "{failed:?}");
        assert_eq!(log(), line.repeat(2));
        // Without the option, there is nothing to run.
        assert_eq!(results(&renew(&world, &[]).1), ["not due"]);
        std::fs::write(world.home.join("ready"), "").unwrap();
        assert_eq!(results(&renew(&world, &hook).1), ["deployed"]);
        assert_eq!(results(&renew(&world, &hook).1), ["not due"]);
        issue(&world, &hook);
        assert_eq!(log(), line.repeat(3));
        advance(&world, 340);
        assert_eq!(results(&renew(&world, &hook).1), ["renewed and deployed"]);
        assert_eq!(results(&renew(&world, &hook).1), ["not due"]);
        assert_eq!(log().lines().count(), 4);
    }

    #[test]
    fn row_shows_a_renewal_whose_hook_failed() {
        let world = world();
        issue(&world, &[]);
        advance(&world, 340);
        let (failed, rows) = renew(&world, &["--deploy-hook", "exit 3"]);
        assert_eq!(
            (failed.status, results(&rows)),
            (10, vec!["renewed, hook failed"]),
            "{failed:?}"
        );
        assert_eq!((&rows[0]["renewed"], &rows[0]["deployed"]), (&true.into(), &false.into()));
        assert!(rows[0]["error"].as_str().unwrap().contains("deploy hook failed"), "{rows:?}");
        // The certificate was renewed by the previous run.
        let (failed, rows) = renew(&world, &["--deploy-hook", "exit 3"]);
        assert_eq!((failed.status, results(&rows)), (10, vec!["failed"]), "{failed:?}");
        let (_, rows) = renew(&world, &["--deploy-hook", "true"]);
        assert_eq!(results(&rows), ["deployed"]);
        // The renewal fails, so the row does not name the hook.
        issue(&world, &[]);
        advance(&world, 340);
        world.sandbox.tinycert().state(|server| server.creations_left = Some(0));
        let mut changed = record(&world);
        changed["deployed_serial"] = Value::Null;
        std::fs::write(world.home.join("pki/a.example.json"), changed.to_string()).unwrap();
        let (_, rows) = renew(&world, &["--deploy-hook", "exit 3", "--retries", "0"]);
        assert_eq!(results(&rows), ["failed"]);
    }

    #[test]
    fn earlier_pair_is_deployed_although_it_cannot_be_renewed() {
        let world = world();
        issue(&world, &[]);
        advance(&world, 340);
        world.sandbox.tinycert().state(|server| server.creations_left = Some(0));
        let (run, rows) = renew(&world, &["--deploy-hook", "touch ran", "--retries", "0"]);
        assert_eq!((run.status, results(&rows)), (7, vec!["failed"]), "{run:?}");
        assert!(world.home.join("ran").exists() && rows[0]["deployed"] == true);
        let server = world.sandbox.tinycert();
        server.misbehave_at("/api/v1/cert/reissue", Misbehaviour::ResetAfterReading, 9);
        let (run, rows) = renew(&world, &["--retries", "0"]);
        server.behave();
        assert_eq!((run.status, results(&rows)), (6, vec!["outcome unknown"]), "{run:?}");
        let error = rows[0]["error"].as_str().unwrap();
        assert!(error.contains("; the change may have been made"), "{error}");
        // An expired pair is not deployed.
        advance(&world, 30);
        std::fs::remove_file(world.home.join("ran")).unwrap();
        let mut changed = record(&world);
        changed["deployed_serial"] = Value::Null;
        std::fs::write(world.home.join("pki/a.example.json"), changed.to_string()).unwrap();
        let (run, _) = renew(&world, &["--deploy-hook", "touch ran", "--retries", "0"]);
        assert!(run.status == 7 && !world.home.join("ran").exists(), "{run:?}");
    }

    #[test]
    fn hook_does_not_run_if_the_group_of_the_key_cannot_be_set() {
        let world = world();
        issue(&world, &[]);
        let path = world.home.join("pki/a.example.json");
        let mut changed = record(&world);
        changed["group"] = "no such group".into();
        std::fs::write(&path, changed.to_string()).unwrap();
        advance(&world, 340);
        let hook = ["--deploy-hook", "touch ran"];
        let (run, rows) = renew(&world, &hook);
        assert_eq!((run.status, results(&rows)), (2, vec!["failed"]), "{run:?}");
        assert_eq!((&rows[0]["renewed"], &rows[0]["deployed"]), (&true.into(), &false.into()));
        assert!(!world.home.join("ran").exists());
        let mut changed = record(&world);
        assert_eq!(changed["deployed_serial"], Value::Null);
        changed["group"] = Value::Null;
        std::fs::write(&path, changed.to_string()).unwrap();
        assert_eq!(results(&renew(&world, &hook).1), ["deployed"]);
    }

    #[test]
    fn record_with_invalid_values_or_a_group_that_can_write_it_is_rejected() {
        let world = world();
        issue(&world, &[]);
        let (folder, path) = (world.home.join("pki"), world.home.join("pki/a.example.json"));
        let set = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        let valid = record(&world);
        for invalid in ["0644", "x", "+640"] {
            let mut changed = valid.clone();
            changed["mode"] = invalid.into();
            std::fs::write(&path, changed.to_string()).unwrap();
            let (run, _) = renew(&world, &[]);
            assert!(run.status == 10 && run.stderr.contains("mode: must be"), "{run:?}");
        }
        for (name, id) in [("ca_id", -5), ("cert_id", 0), ("pending_cert_id", 0)] {
            let mut changed = valid.clone();
            changed[name] = id.into();
            std::fs::write(&path, changed.to_string()).unwrap();
            let problem = format!("a.example.json: {name}: must be a whole number of at least 1");
            let (run, _) = renew(&world, &[]);
            assert!(run.status == 10 && run.stderr.contains(&problem), "{run:?}");
        }
        std::fs::write(&path, valid.to_string()).unwrap();
        set(&folder, 0o755);
        set(&path, 0o664);
        let (run, _) = renew(&world, &[]);
        assert!(run.status == 10 && run.stderr.contains("chmod g-w"), "{run:?}");
        // The group can replace each file of the folder.
        set(&folder, 0o775);
        assert_eq!(results(&renew(&world, &[]).1), ["not due"]);
    }

    #[test]
    fn key_that_the_user_must_not_read_is_shown_as_unchecked() {
        let world = world();
        issue(&world, &[]);
        let key = world.home.join("pki/a.example.key.pem");
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o000)).unwrap();
        std::fs::set_permissions(world.home.join("pki"), PermissionsExt::from_mode(0o755)).unwrap();
        let status = ["status", "--dir", "pki", "--fields", "state,days_left"];
        let Some(command) = as_user(&world, &status) else { return };
        let run = world.finish(command, "");
        assert_eq!((run.status, &*run.stdout), (0, "unchecked\t365\n"), "{run:?}");
    }

    #[test]
    fn devices_pipes_and_large_records_in_the_folder_are_not_read() {
        let world = world();
        issue(&world, &[]);
        let pki = world.home.join("pki");
        // A JSON file that is too large for a record belongs to another program.
        let large = format!(r#"{{"tinycert":1,"more":"{}"}}"#, "x".repeat(1 << 20));
        std::fs::write(pki.join("b.example.json"), &large).unwrap();
        assert_eq!(results(&renew(&world, &[]).1), ["not due"]);
        assert_eq!(world.run(&["status", "--dir", "pki"]).status, 0);
        let made = std::process::Command::new("mkfifo").arg(pki.join("pipe")).status();
        assert!(made.unwrap().success());
        for file in ["a.example.chain.pem", "a.example.key.pem"] {
            for (target, problem) in [
                ("/dev/zero", "not a regular file; remove it"),
                ("pipe", "not a regular file; remove it"),
            ] {
                let link = pki.join(file);
                let kept = std::fs::read_link(&link).unwrap();
                std::fs::remove_file(&link).unwrap();
                std::os::unix::fs::symlink(target, &link).unwrap();
                let run = world.run(&["status", "--dir", "pki"]);
                let named = run.stderr.contains(&format!("{file}: {problem}"));
                assert!(run.status == 10 && named, "{file} {target}: {run:?}");
                let (run, rows) = renew(&world, &[]);
                assert_eq!((run.status, results(&rows)), (10, vec!["failed"]), "{target}: {run:?}");
                std::fs::remove_file(&link).unwrap();
                std::os::unix::fs::symlink(kept, &link).unwrap();
            }
        }
        assert_eq!(results(&renew(&world, &[]).1), ["not due"]);
    }

    #[test]
    fn files_that_are_too_large_are_damaged_and_written_again() {
        for (more, files) in [
            (&[][..], &["a.example.chain.pem", "a.example.key.pem"][..]),
            (&["--combined"], &["a.example.pem"]),
        ] {
            let world = world();
            issue(&world, more);
            for file in files {
                let path = world.home.join("pki").join(file);
                let before = std::fs::read(&path).unwrap();
                let opened = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
                opened.set_len(3 << 20).unwrap();
                let status = run(&world, &["status", "--dir", "pki", "--fields", "state"]);
                let problem = format!("{file}: is larger than 1 MiB");
                assert_eq!((status.status, &*status.stdout), (0, "damaged\n"), "{status:?}");
                assert!(status.stderr.contains(&problem), "{status:?}");
                let (run, rows) = renew(&world, &[]);
                assert_eq!((run.status, results(&rows)), (0, vec!["restored"]), "{run:?}");
                assert!(run.stderr.contains(&problem), "{run:?}");
                assert_eq!(std::fs::read(&path).unwrap(), before, "{file}");
                assert_eq!(results(&renew(&world, &[]).1), ["not due"]);
            }
        }
    }

    #[test]
    fn pipe_with_the_name_of_a_record_is_not_waited_for() {
        let world = world();
        issue(&world, &[]);
        let pipe = world.home.join("pki/b.example.json");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        // Only files with the name of a draft are removed.
        let folder = world.home.join("pki/.c.example.json.tmp");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(world.home.join("pki/.d.example.json.tmp"), "").unwrap();
        let (run, rows) = renew(&world, &[]);
        assert_eq!((run.status, results(&rows)), (11, vec!["not due"]), "{run:?}");
        assert!(run.stderr.contains("b.example.json: not a regular file"), "{run:?}");
        assert!(folder.exists() && left(&folder.with_file_name("")) == [".c.example.json.tmp"]);
    }

    /// Returns whether the process whose id is in a file ends.
    fn is_killed(world: &World, file: &str) -> bool {
        (0..1000).any(|_| !is_running(world, file))
    }

    /// Returns whether the process whose id is in a file is running.
    fn is_running(world: &World, file: &str) -> bool {
        let id = std::fs::read_to_string(world.home.join(file)).unwrap();
        let found = std::process::Command::new("sh")
            .args(["-c", &format!("kill -0 {} 2>/dev/null", id.trim())])
            .status()
            .unwrap();
        // A zombie whose parent has ended is waited for by the first process.
        let state = std::fs::read_to_string(format!("/proc/{}/stat", id.trim()));
        let is_zombie = state.is_ok_and(|state| state.contains(") Z "));
        found.success() && !is_zombie
    }

    #[test]
    fn hook_is_killed_with_its_children_after_the_timeout() {
        let world = world();
        // The grandchild keeps the output open; it would end long after the test.
        let hook = "sh -c 'echo $$ > grandchild; exec sleep 600' & echo $! > child; wait";
        let arguments =
            ["issue", "a.example", "--ca", "561", "--dir", "pki", "--deploy-hook", hook];
        let run = run(&world, &[&arguments[..], &["--hook-timeout", "500ms"]].concat());
        assert_eq!(run.status, 10, "{run:?}");
        assert!(run.stderr.contains("was killed after 0.5 s"), "{run:?}");
        for file in ["child", "grandchild"] {
            assert!(is_killed(&world, file), "{file}");
        }
        assert_eq!(record(&world)["deployed_serial"], Value::Null);
    }

    #[test]
    fn hook_that_leaves_a_process_running_succeeds_at_once() {
        let world = world();
        let hook = "sleep 600 & echo $! > left";
        let mut command = world.command(&[
            "issue",
            "a.example",
            "--ca",
            "561",
            "--dir",
            "pki",
            "--deploy-hook",
            hook,
        ]);
        command.env("PATH", "/usr/bin:/bin").stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.status().unwrap();
        let id = std::fs::read_to_string(world.home.join("left")).unwrap();
        let kill = format!("kill {}", id.trim());
        let killed = std::process::Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(
            status.success() && killed.success(),
            "a process that the hook started keeps running"
        );
    }

    #[test]
    fn second_run_waits_for_the_first() {
        let world = world();
        issue(&world, &[]);
        // The hook of the first run waits until the test opens the pipe.
        let made = std::process::Command::new("mkfifo").arg(world.home.join("pipe")).status();
        assert!(made.unwrap().success());
        let start = |hook: &str, more: &[&str]| {
            let arguments = ["renew", "--dir", "pki", "--deploy-hook", hook];
            let mut command = world.command(&[&arguments[..], more].concat());
            command.env("TINYCERT_TEST_CLOCK", NOW.to_string()).env("PATH", "/usr/bin:/bin");
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let first = start("echo started > pipe; cat pipe > /dev/null; echo 1 >> log", &[]);
        let pipe = world.home.join("pipe");
        assert_eq!(std::fs::read_to_string(&pipe).unwrap(), "started\n");
        let late = start("echo 0 >> log", &["--lock-timeout", "10ms"]).wait_with_output().unwrap();
        let error = String::from_utf8(late.stderr).unwrap();
        assert!(late.status.code() == Some(10) && error.contains(".tinycert.lock"), "{error}");
        let second = start("echo 2 >> log", &[]);
        std::fs::write(&pipe, "go on\n").unwrap();
        for child in [first, second] {
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{output:?}");
        }
        // The second run finds that the hook succeeded.
        assert_eq!(std::fs::read_to_string(world.home.join("log")).unwrap(), "1\n");
    }

    #[test]
    fn irregular_files_of_a_pair_are_named() {
        let world = world();
        issue(&world, &[]);
        advance(&world, 340);
        let draft = world.home.join("pki/.a.example.json.tmp");
        for is_folder in [true, false] {
            match is_folder {
                true => std::fs::create_dir(&draft).unwrap(),
                false => {
                    let made = std::process::Command::new("mkfifo").arg(&draft).status();
                    assert!(made.unwrap().success());
                }
            }
            let (run, _) = renew(&world, &[]);
            let named = "pki/.a.example.json.tmp: not a regular file; remove it";
            assert!(run.status == 10 && run.stderr.contains(named), "{run:?}");
            match is_folder {
                true => std::fs::remove_dir(&draft).unwrap(),
                false => std::fs::remove_file(&draft).unwrap(),
            }
        }
        let versions = world.home.join("pki/.a.example.key.pem.versions");
        std::fs::remove_dir_all(&versions).unwrap();
        std::fs::write(&versions, "").unwrap();
        let named = "pki/.a.example.key.pem.versions: not a folder; remove it";
        for command in ["status", "renew"] {
            let mut command = self::command(&world, &[command, "--dir", "pki"]);
            let output = command.stderr(Stdio::piped()).output().unwrap();
            let error = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.code() == Some(10) && error.contains(named), "{error}");
        }
        std::fs::remove_file(&versions).unwrap();
        assert_eq!(renew(&world, &[]).0.status, 0);
    }

    /// Sends SIGTERM to a program after `is_ready`, and checks that it ends by it. Returns what it
    /// has written to standard error.
    fn terminate(mut child: std::process::Child, is_ready: impl Fn() -> bool) -> String {
        use std::os::unix::process::ExitStatusExt;

        wait_until(&mut child, is_ready);
        let kill = std::process::Command::new("kill").arg(child.id().to_string()).status();
        assert!(kill.unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.signal(), Some(15));
        String::from_utf8(output.stderr).unwrap()
    }

    /// Starts a command of the program that is not waited for.
    fn start(world: &World, arguments: &[&str]) -> std::process::Child {
        command(world, arguments).spawn().unwrap()
    }

    fn command(world: &World, arguments: &[&str]) -> std::process::Command {
        let mut command = world.command(arguments);
        command.env("TINYCERT_TEST_CLOCK", world.sandbox.clock().unix().to_string());
        command.env("PATH", "/usr/bin:/bin");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    #[test]
    fn terminated_run_leaves_no_drafts_and_no_locks() {
        let world = world();
        issue(&world, &[]);
        good(&world, &["issue", "b.example", "--ca", "561", "--dir", "pki", "--combined"]);
        advance(&world, 340);
        // Each request of a run is the one during which it is terminated.
        let mut stopped = 0;
        for first in 0..20 {
            world.sandbox.take_seen();
            let server = world.sandbox.tinycert();
            let stall = Misbehaviour::StallInHeaders(Duration::from_secs(60));
            server.misbehave(Misbehaviour::Delay(Duration::ZERO), first);
            server.misbehave(stall, 1);
            let mut child = start(&world, &["renew", "--dir", "pki"]);
            let mut is_done = false;
            while world.sandbox.tinycert().seen().len() <= first && !is_done {
                is_done = child.try_wait().unwrap().is_some();
            }
            world.sandbox.tinycert().behave();
            if is_done {
                break;
            }
            terminate(child, || true);
            stopped += 1;
            assert_eq!(left(&world.home.join("pki")), Vec::<String>::new(), "{first}");
            let files = files_in(&world.home.join("pki"));
            let mut versions = files.iter().filter(|file| file.ends_with("key.pem"));
            assert!(versions.by_ref().count() <= 2, "{first}: {files:?}");
            assert!(files.iter().all(|file| !file.to_string_lossy().contains("/next-")));
        }
        assert!(stopped > 5, "{stopped}");
        assert_eq!(results(&renew(&world, &[]).1), ["not due", "not due"]);
    }

    #[test]
    fn signal_is_reported_once_for_all_pairs() {
        // The failure of a single pair is that of the command, which is not printed.
        for (options, count) in [(&[][..], 1), (&["--all-in-account"], 0)] {
            let world = world();
            issue(&world, &[]);
            for name in ["b.example", "c.example", "d.example"] {
                good(&world, &["issue", name, "--ca", "561", "--dir", "pki"]);
            }
            if !options.is_empty() {
                // The certificates of the account are not recorded.
                std::fs::remove_dir_all(world.home.join("pki")).unwrap();
                std::fs::create_dir(world.home.join("pki")).unwrap();
            }
            advance(&world, 340);
            let server = world.sandbox.tinycert();
            server.take_seen();
            let stall = Misbehaviour::StallInHeaders(Duration::from_secs(60));
            server.misbehave_at("/api/v1/cert/details", stall, 1);
            let mut command = command(&world, &[&["renew", "--dir", "pki"], options].concat());
            let child = command.stderr(Stdio::piped()).spawn().unwrap();
            let is_stalled = || server.seen().iter().any(|seen| seen.status.is_none());
            let text = terminate(child, is_stalled);
            let found = text.matches("terminated by a signal").count();
            assert_eq!(found, count, "{options:?}: {text}");
        }
    }

    #[test]
    fn write_that_a_signal_interrupts_is_reported_once() {
        let hint = "the change may have been made: check before you repeat the command";
        let message = "tinycert cert.reissue: terminated by a signal before the response was shown";
        let renew = &["renew", "--dir", "pki"][..];
        let new = &["issue", "new.example", "--ca", "561", "--dir", "pki"][..];
        for (count, path, arguments, reports) in [
            (1, "connect", renew, 0),
            (1, "cert/details", renew, 0),
            (1, "cert/reissue", renew, 1),
            (2, "cert/reissue", renew, 1),
            // The response was received, but not shown.
            (1, "cert/get", renew, 1),
            (2, "cert/get", renew, 1),
            (1, "cert/new", new, 1),
            (1, "cert/get", new, 1),
            (1, "connect", &["ca", "list"], 0),
        ] {
            for format in ["table", "json"] {
                let world = world();
                issue(&world, &[]);
                if count > 1 {
                    good(&world, &["issue", "b.example", "--ca", "561", "--dir", "pki"]);
                }
                advance(&world, 340);
                let server = world.sandbox.tinycert();
                server.take_seen();
                let stall = Misbehaviour::StallInHeaders(Duration::from_secs(60));
                server.misbehave_at(&format!("/api/v1/{path}"), stall, 1);
                let mut command = command(&world, &[arguments, &["-o", format]].concat());
                let child = command.stderr(Stdio::piped()).spawn().unwrap();
                let is_stalled = || server.seen().iter().any(|seen| seen.status.is_none());
                let text = terminate(child, is_stalled);
                assert_eq!(text.matches(hint).count(), reports, "{path} {format}: {text}");
                if (path, format) == ("cert/reissue", "table") && count == 1 {
                    assert!(text.contains(message), "{text}");
                }
                if format == "json" && (count, path) != (2, "cert/reissue") {
                    assert_eq!(text.matches("\"exit\":143").count(), reports, "{path}: {text}");
                }
            }
        }
    }

    #[test]
    fn failure_is_shown_before_the_session_is_closed() {
        for format in ["table", "json"] {
            let world = world();
            let server = world.sandbox.tinycert();
            let stall = Misbehaviour::StallInHeaders(Duration::from_secs(60));
            server.misbehave_at("/api/v1/disconnect", stall, 1);
            let arguments = ["api", "ca.details", "-f", "ca_id=999", "-o", format];
            let child = command(&world, &arguments).stderr(Stdio::piped()).spawn().unwrap();
            let is_stalled = || server.seen().iter().any(|seen| seen.status.is_none());
            let text = terminate(child, is_stalled);
            assert_eq!(text.matches("tinycert ca.details: ").count(), 1, "{format}: {text}");
            assert!(!text.contains("terminated by a signal"), "{format}: {text}");
        }
    }

    #[test]
    fn terminated_run_kills_its_hook_with_its_children() {
        let world = world();
        let hook = "sh -c 'echo $$ > grandchild; exec sleep 600' & echo $! > child; wait";
        let arguments = ["issue", "a.example", "--ca", "561", "--dir", "pki"];
        let child = start(&world, &[&arguments[..], &["--deploy-hook", hook]].concat());
        let is_written = |file: &str| {
            std::fs::read_to_string(world.home.join(file)).is_ok_and(|id| id.ends_with('\n'))
        };
        terminate(child, || is_written("child") && is_written("grandchild"));
        for file in ["child", "grandchild"] {
            assert!(is_killed(&world, file), "{file}");
        }
        assert_eq!(record(&world)["deployed_serial"], Value::Null);
        let (run, rows) = renew(&world, &["--deploy-hook", "true"]);
        assert_eq!((run.status, results(&rows)), (0, vec!["deployed"]));
    }
}

#[test]
fn time_of_the_test_clock_has_limits() {
    let world = world();
    for value in ["-1", "253402300800", "9223372036854775807", "9223372036854775808"] {
        let mut command = world.command(&["issue", "a.example", "--ca", "561", "--dir", "pki"]);
        command.env("TINYCERT_TEST_CLOCK", value);
        let run = world.finish(command, "");
        let named = "tinycert: TINYCERT_TEST_CLOCK: must be a number of seconds from 0 to";
        assert!(run.status == 10 && run.stderr.starts_with(named), "{value}: {run:?}");
    }
}
