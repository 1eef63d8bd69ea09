//! Each exit status, by the failure that causes it.

use std::time::Duration;

use api_sandbox::{Misbehaviour, tinycert as server};
use test_support::cli::{Run, World};

use crate::world;

const LIST: [&str; 2] = ["ca", "list"];
const CREATE: [&str; 9] = [
    "cert",
    "create",
    "a.example",
    "--ca",
    "561",
    "--country",
    "US",
    "--organization",
    "ACME, Inc.",
];

#[test]
fn invalid_credentials_of_a_session_are_named() {
    let world = world();
    let file = world.env_file().replace("TINYCERT_PASSPHRASE='", "TINYCERT_PASSPHRASE='a\tb");
    std::fs::write(world.home.join("env"), file).unwrap();
    let run = world.finish(world.bare(&["ca", "list", "--env-file", "env"]), "");
    let named = "file env: TINYCERT_PASSPHRASE: must not contain control characters";
    assert!(run.status == 10 && run.stderr.contains(named), "{run:?}");
    assert!(world.sandbox.take_seen().is_empty());
}

#[test]
fn each_failure_has_its_exit_status() {
    let world = world();
    for (arguments, expected) in [
        (&LIST[..], 0),
        (&["help", "exit-status"], 0),
        (&["cert", "show"], 2),
        (&["cert", "show", "x"], 2),
        (&["cert", "create", "a.example"], 2),
        (&["cert", "create", "10.0.0.256", "--ca", "561"], 2),
        (&["cert", "revoke", "14236"], 2),
        (&["ca", "delete", "561", "--no-input"], 2),
        (&["ca", "list", "--environment", "sandbox"], 2),
        (&["api", "ca.delete", "-f", "ca_id=561"], 2),
        (&["ca", "list", "--profile", "none"], 3),
        (&["ca", "show", "9999"], 4),
        (&["ca", "show", "no such CA"], 4),
        (&["cert", "show", "9999"], 4),
        (&["ca", "show", &server::FOREIGN_CA.to_string()], 8),
        (&["ca", "list", "--out", "no-folder/file"], 10),
        (&["cert", "inspect", "no-file"], 10),
    ] {
        let run = world.run(arguments);
        assert_eq!(run.status, expected, "{arguments:?}: {run:?}");
    }
    for (name, value) in [
        ("TINYCERT_API_KEY", "wrong"),
        ("TINYCERT_PASSPHRASE", "wrong"),
        ("TINYCERT_EMAIL", "nobody@example.org"),
    ] {
        let mut command = world.command(&LIST);
        command.env(name, value);
        assert_eq!(world.finish(command, "").status, 3, "{name}");
        let mut command = world.command(&LIST);
        command.env_remove(name);
        let run = world.finish(command, "");
        assert!(run.status == 3 && run.stderr.contains(name), "{run:?}");
    }
}

#[test]
fn invalid_arguments_are_2_and_nothing_is_sent() {
    let world = world();
    world.sandbox.take_seen();
    for arguments in [
        &["ca", "create", "ACME, Inc.", "--country", "us"][..],
        &["ca", "create", " ", "--if-missing"],
        &["cert", "create", "a.example", "--ca", "561", "--country", "us", "--organization", "a"],
        &["ca", "show", "Sandbox, Inc.", "--curl"],
        &["cert", "list", "--curl"],
        &["cert", "needs-renewal", "x", "--within", "soon"],
    ] {
        let run = world.run(arguments);
        assert_eq!(run.status, 2, "{arguments:?}: {run:?}");
    }
    let create = ["cert", "create", "--ca", "561", "--country", "US", "--organization", "o"];
    let long = "a".repeat(65);
    let host = format!("{}.example", "a".repeat(60));
    for (more, problem) in [
        (&["a.example", "--unit", &long][..], "--unit: must not be longer than 64"),
        (&[&host], "NAME: must not be longer than 64"),
    ] {
        let run = world.run(&[&create[..], more].concat());
        assert!(run.status == 2 && run.stderr.contains(problem), "{run:?}");
    }
    assert!(world.sandbox.take_seen().is_empty());
    for _ in 0..2 {
        world.text(&["ca", "create", "Two, Inc."]);
    }
    for (arguments, named) in [
        (&["ca", "show", "Two, Inc."][..], "`Two, Inc.`"),
        (&["ca", "create", "Two, Inc.", "--if-missing"], "ORGANIZATION"),
    ] {
        let run = world.run(arguments);
        let problem = format!("{named}: belongs to several CAs; use the id of one of them");
        assert!(run.status == 2 && run.stderr.contains(&problem), "{run:?}");
        let list = world.text(&["ca", "list", "-o", "csv"]);
        let ids = list.lines().filter_map(|line| line.strip_suffix(",\"Two, Inc.\""));
        let ids = ids.collect::<Vec<_>>().join(", ");
        assert!(
            ids.contains(", ") && run.stderr.contains(&format!("{problem}: {ids}\n")),
            "{run:?}"
        );
    }
}

/// Makes each request fail from the one with this number on. The first one opens the session.
fn fail_from(world: &World, first: usize, how: Misbehaviour, arguments: &[&str]) -> Run {
    world.sandbox.tinycert().misbehave(Misbehaviour::Delay(Duration::ZERO), first);
    world.sandbox.tinycert().misbehave(how, 99);
    let run = world.run(&[arguments, &["--retries", "0"]].concat());
    world.sandbox.tinycert().behave();
    run
}

#[test]
fn lost_response_is_5_for_reads_and_6_for_writes() {
    let world = world();
    for (how, read, write) in [
        (Misbehaviour::ResetAfterReading, 5, 6),
        (Misbehaviour::BadGateway, 5, 6),
        (Misbehaviour::EmptyBody, 9, 6),
        (Misbehaviour::TooManyRequests(Some(3600)), 7, 7),
    ] {
        for (arguments, expected) in [(&LIST[..], read), (&CREATE, write)] {
            // Without a session, nothing was created.
            let run = fail_from(&world, 0, how.clone(), arguments);
            assert_eq!(run.status, read, "{how:?} {arguments:?}: {run:?}");
            let run = fail_from(&world, 1, how.clone(), arguments);
            assert_eq!(run.status, expected, "{how:?} {arguments:?}: {run:?}");
        }
        // Safe to repeat.
        let run = fail_from(&world, 1, how.clone(), &["cert", "hold", "14236"]);
        assert!([0, read].contains(&run.status), "{how:?}: {run:?}");
    }
}

#[test]
fn rejected_creation_is_7_and_8() {
    let world = world();
    world.sandbox.tinycert().state(|server| server.creations_left = Some(0));
    let run = world.run(&CREATE);
    assert_eq!(run.status, 7, "{run:?}");
    world.sandbox.tinycert().state(|server| server.creations_left = None);
    let id = world.text(&[&CREATE[..], &["--fields", "cert_id"]].concat());
    let id = id.trim().trim_start_matches("cert_id\t");
    world.text(&["cert", "reissue", id]);
    let run = world.run(&["cert", "reissue", id]);
    assert!(run.status == 8 && run.stderr.contains("NotLatest"), "{run:?}");
}
