//! The commands for CAs, certificates and any endpoint.

use api_sandbox::tinycert as server;
use cli_json::{json, lines};

use test_support::cli::SandboxProgram;
use test_support::programs::{Call, WriteBodies, assert_all, walk};

use crate::{PROGRAM, world};

/// Parsing of output.
mod cli_json {
    use serde_json::Value;

    pub(super) fn json(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    pub(super) fn lines(text: &str) -> Vec<Value> {
        text.lines().map(json).collect()
    }
}

const CANARY: &str = "PRIVATE KEY";

#[test]
fn certificate_is_created_shown_suspended_revoked_and_reinstated() {
    let world = world();
    let made = world.text(&[
        "cert",
        "create",
        "a.example",
        "*.a.example",
        "IP:192.0.2.7",
        "--ca",
        "Sandbox, Inc.",
        "--unit",
        "IT",
        "-o",
        "json",
    ]);
    let id = json(&made)["cert_id"].to_string();
    let shown = json(&world.text(&["cert", "show", &id, "-o", "json"]));
    assert_eq!(
        (&shown["CN"], &shown["O"], &shown["OU"]),
        (&"a.example".into(), &server::ORGANIZATION.into(), &"IT".into())
    );
    assert_eq!(shown["Alt"][2]["IP"], "192.0.2.7");
    for (arguments, expected) in [
        (&["cert", "hold", &id][..], "hold"),
        (&["cert", "reinstate", &id], "good"),
        (&["cert", "revoke", &id, "--yes"], "revoked"),
        (&["cert", "reinstate", &id], "good"),
    ] {
        // The server responds with an empty object.
        assert_eq!(world.text(arguments), "");
        let status = world.text(&["cert", "show", &id, "--fields", "status"]);
        assert_eq!(status, format!("status\t{expected}\n"));
    }
    let list = lines(&world.text(&["cert", "list", "--status", "good,hold", "-o", "jsonl"]));
    assert!(list.iter().any(|cert| cert["id"] == json(&id)), "{list:?}");
    assert_eq!(world.text(&["cert", "list", "--ca", "561", "--status", "revoked"]), "");
    let run = world.run(&["cert", "list", "--limit", "1"]);
    assert!(run.stdout.lines().count() == 1 && run.stderr.contains("1 of 3 shown"), "{run:?}");
}

#[test]
fn ca_is_created_once_with_if_missing_and_deleted() {
    let world = world();
    let create = ["ca", "create", "ACME, Inc.", "--country", "PL", "--if-missing", "-o", "json"];
    let first = json(&world.text(&create))["ca_id"].to_string();
    assert_eq!(json(&world.text(&create))["ca_id"].to_string(), first);
    let shown = json(&world.text(&["ca", "show", "ACME, Inc. CA", "-o", "json"]));
    assert_eq!((&shown["C"], &shown["hash_alg"]), (&"PL".into(), &"SHA256".into()));
    let pem = world.text(&["ca", "download", &first]);
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\n"), "{pem}");
    world.text(&["ca", "delete", &first, "--yes"]);
    assert_eq!(world.run(&["ca", "show", &first]).status, 4);
}

#[test]
fn parts_are_downloaded_and_keys_have_a_private_file() {
    let world = world();
    for (part, begins) in [
        ("cert", "-----BEGIN CERTIFICATE-----"),
        ("chain", "-----BEGIN CERTIFICATE-----"),
        ("csr", "-----BEGIN CERTIFICATE REQUEST-----"),
        ("key", "-----BEGIN PRIVATE KEY-----"),
        ("encrypted-key", "-----BEGIN ENCRYPTED PRIVATE KEY-----"),
    ] {
        let text = world.text(&["cert", "download", "14236", "--part", part]);
        assert!(text.starts_with(begins) && text.ends_with("-----\n"), "{part}: {text}");
        let response =
            json(&world.text(&["cert", "download", "14236", "--part", part, "-o", "json"]));
        assert!(response["pem"].as_str().unwrap().starts_with(begins));
    }
    for (part, file) in [("key", "a.key"), ("pkcs12", "a.pfx")] {
        world.text(&["cert", "download", "14236", "--part", part, "--out", file]);
        let path = world.home.join(file);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{part}");
        }
        assert!(path.metadata().unwrap().len() > 100);
    }
    // A PKCS#12 file is a DER sequence.
    assert_eq!(std::fs::read(world.home.join("a.pfx")).unwrap()[0], 0x30);
}

#[test]
fn file_is_inspected_and_its_expiry_checked() {
    let world = world();
    let path = world.home.join("chain.pem");
    let soon = world.sandbox.tinycert().state(|server| server.certs_named(server::EXPIRING)[0].0);
    std::fs::write(&path, world.text(&["cert", "download", &soon.to_string()])).unwrap();
    let list = lines(&world.text(&["cert", "inspect", "chain.pem", "-o", "jsonl"]));
    assert_eq!(list.len(), 2);
    assert_eq!(list[0]["names"][0], format!("DNS:{}", server::EXPIRING));
    assert!(list[0]["subject"].as_str().unwrap().contains(server::EXPIRING), "{list:?}");
    assert_eq!((&list[0]["key"], &list[0]["issuer"]), (&"EC P-256".into(), &list[1]["subject"]));
    assert_eq!(list[0]["serial"], format!("{soon:04x}"));
    for (within, expected) in [("30d", 0), ("11d", 0), ("9d", 1), ("0s", 1)] {
        let run = world.run(&["cert", "needs-renewal", "chain.pem", "--within", within]);
        assert_eq!(run.status, expected, "{within}: {run:?}");
    }
    // These commands need no credentials.
    let run = world.finish(world.bare(&["cert", "needs-renewal", "chain.pem"]), "");
    assert_eq!(run.status, 0, "{run:?}");
    std::fs::write(&path, "no certificate").unwrap();
    assert_eq!(world.run(&["cert", "needs-renewal", "chain.pem"]).status, 10);
    std::fs::write(&path, "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n")
        .unwrap();
    let run = world.run(&["cert", "inspect", "chain.pem"]);
    assert!(run.status == 10 && run.stderr.contains("certificate 1 is not valid DER"), "{run:?}");
}

#[test]
fn requests_of_a_session_have_no_headers_of_the_user() {
    let world = world();
    world.sandbox.take_seen();
    world.text(&["api", "ca.list", "-H", "X-Trace: 7"]);
    let seen = world.sandbox.take_seen();
    let sent = seen
        .iter()
        .map(|seen| (seen.verdict.endpoint, seen.request.header("x-trace").is_some()))
        .collect::<Vec<_>>();
    let expected = [("session.connect", false), ("ca.list", true), ("session.disconnect", false)];
    assert_eq!(sent, expected.map(|(id, has_header)| (Some(id), has_header)));
}

#[test]
fn dry_run_sends_reads_only() {
    let world = world();
    world.sandbox.take_seen();
    for (arguments, shown) in [
        (&["ca", "create", "ACME, Inc."][..], "ca.new"),
        (&["ca", "create", "ACME, Inc.", "--if-missing"], "ca.new"),
        (&["ca", "delete", "561"], "ca.delete"),
        (&["cert", "create", "a.example", "--ca", "Sandbox, Inc."], "cert.new"),
        (&["cert", "reissue", "14236"], "cert.reissue"),
        (&["cert", "revoke", "14236"], "cert.status"),
        (&["api", "cert.status", "-f", "cert_id=14236", "-f", "status=hold"], "cert.status"),
    ] {
        let run = world.run(&[arguments, &["--dry-run"]].concat());
        assert_eq!((run.status, run.stdout.as_str()), (0, ""), "{arguments:?}: {run:?}");
        assert!(run.stderr.contains(&format!("({shown})")), "{run:?}");
    }
    // Reads are sent, although each request of TinyCert is a POST.
    assert!(world.text(&["ca", "list", "--dry-run"]).contains("Sandbox, Inc."));
    assert!(world.text(&["api", "ca.list", "--dry-run"]).contains("Sandbox, Inc."));
    let seen = world.sandbox.take_seen();
    let called: Vec<&str> = seen.iter().filter_map(|seen| seen.verdict.endpoint).collect();
    let reads = ["session.connect", "session.disconnect", "ca.list", "ca.details"];
    assert!(called.iter().all(|id| reads.contains(id)), "{called:?}");
}

#[test]
fn curl_shows_the_request_and_sends_nothing() {
    let world = world();
    world.sandbox.take_seen();
    for arguments in [
        &["ca", "list"][..],
        &["cert", "show", "14236"],
        &["cert", "reissue", "14236"],
        &["cert", "revoke", "14236"],
        &["cert", "download", "14236", "--part", "key"],
        &["api", "ca.list"],
        &["api", "session.connect", "-f", "email=a@b", "-f", "passphrase=CANARY", "--yes"],
    ] {
        let text = world.text(&[arguments, &["--curl"]].concat());
        assert!(text.starts_with("curl -X POST 'http://127.0.0.1:"), "{text}");
        assert!(text.contains("digest=***"), "{text}");
        assert!(!text.contains("CANARY") && !text.contains("no-session"), "{text}");
    }
    // The values of a form have no types.
    let create = ["cert", "create", "a.example", "--ca", "561", "--country", "US"];
    let create = [&create[..], &["--organization", "E", "-F", "ST=007"]].concat();
    for (arguments, sent) in
        [(&["api", "cert.get", "-F", "cert_id=007"][..], "cert_id=007"), (&create[..], "ST=007")]
    {
        let text = world.text(&[arguments, &["--curl"]].concat());
        assert!(text.contains(sent), "{text}");
    }
    let text = world.text(&["cert", "show", "14236", "--curl"]);
    assert!(text.contains("cert_id=14236") && text.contains("token=***"), "{text}");
    assert!(world.sandbox.take_seen().is_empty());
}

#[test]
fn any_endpoint_can_be_called() {
    let world = world();
    let details = world.text(&["api", "ca.details", "-f", "ca_id=561", "-o", "json"]);
    assert_eq!(json(&details)["O"], server::ORGANIZATION);
    let body = world.home.join("body.json");
    std::fs::write(&body, r#"{"ca_id": 1, "what": 2}"#).unwrap();
    let list = world.text(&["api", "cert.list", "--input", "body.json", "-F", "ca_id=561"]);
    assert!(json(&list).as_array().unwrap().len() == 2, "{list}");
    let list = ["api", "ca.list", "-o", "json", "--fields"];
    assert!(world.text(&[&list[..], &["id"]].concat()).starts_with("[\n{\"id\":561}"));
    let run = world.run(&[&list[..], &["none"]].concat());
    assert!(run.status == 2 && run.stderr.contains("the fields are: id, name"), "{run:?}");
    let list = world.text(&["api", "POST", "/api/v1/ca/list", "--yes"]);
    assert_eq!(json(&list)[0]["name"], server::ORGANIZATION);
    // It is not a write, although its method is POST.
    assert_eq!(world.text(&["api", "POST", "/api/v1/ca/list"]), list);
    let file = world.home.join("passphrase");
    std::fs::write(&file, server::PASSPHRASE).unwrap();
    let email = format!("email={}", server::EMAIL);
    let connect = ["api", "session.connect", "-f", &email, "-F", "passphrase=@passphrase", "--yes"];
    assert!(json(&world.text(&connect))["token"].is_string());
    // Each run closes its session; that of the last command is its result.
    assert_eq!(world.sandbox.tinycert().state(|server| server.open_sessions()), 1);
}

#[test]
fn every_read_is_called_by_the_doctor() {
    let world = world();
    let run = world.run(&["doctor", "-o", "jsonl"]);
    assert_eq!(run.status, 0, "{run:?}");
    assert!(!run.stdout.contains(CANARY));
    for endpoint in ["ca.list", "ca.details", "ca.get", "cert.list", "cert.details", "cert.get"] {
        assert!(run.stdout.contains(&format!("\"endpoint\":\"{endpoint}\"")), "{run:?}");
    }
}

#[test]
fn profile_is_stored_and_used() {
    let world = world();
    let login = world.bare(&["auth", "login", "--env-file", "-"]);
    assert_eq!(world.finish(login, &world.env_file()).status, 0);
    let run = world.finish(world.bare(&["auth", "status"]), "");
    assert!(run.status == 0 && run.stdout.contains("profile `default`"), "{run:?}");
}

#[test]
fn recording_and_messages_contain_no_secret() {
    let world = world();
    let arguments = ["cert", "download", "14236", "--part", "key", "--out", "key.pem"];
    let run = world.run(&[&arguments[..], &["-v", "--record", "session.jsonl"]].concat());
    assert_eq!(run.status, 0, "{run:?}");
    assert!(run.stderr.contains("cert.get: attempt 1, status 200"), "{run:?}");
    assert!(!run.stderr.contains(CANARY) && run.stdout.is_empty(), "{run:?}");
    let recording = std::fs::read_to_string(world.home.join("session.jsonl")).unwrap();
    assert_eq!(recording.matches("\"endpoint\":").count(), 3, "connect, get and disconnect");
    PROGRAM.check_secrets(&[&recording]);
    assert!(!recording.contains(server::EMAIL), "{recording}");
    let key = std::fs::read_to_string(world.home.join("key.pem")).unwrap();
    assert!(key.contains(CANARY) && !recording.contains(key.lines().nth(1).unwrap()));
}

#[test]
fn completions_and_manual_pages_are_written() {
    let world = world();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(world.text(&["completions", shell]).contains("needs-renewal"), "{shell}");
    }
    assert!(world.text(&["man"]).contains("Exit status:"));
    world.text(&["man", "--dir", "pages"]);
    assert!(world.home.join("pages/tinycert-renew.1").exists());
}

/// Endpoints that only `tinycert api ID` calls: each command opens and closes its session itself.
const API_ONLY: &[&str] = &["session.connect", "session.disconnect"];

const BODIES: WriteBodies<'_> = WriteBodies {
    endpoints: tinycert_client::ENDPOINTS,
    fixed: &["ca.delete", "cert.status", "cert.reissue"],
    constants: &["ca.new C", "hash_method"],
};

#[test]
fn every_endpoint_has_a_command() {
    let world = world();
    let subject = ["--country", "US", "--organization", "ACME, Inc."];
    let create = ["cert", "create", "a.example", "--ca", "562"];
    let empty = ["--country", "US", "--organization", "O", "--unit", "", "--state", "", "--curl"];
    let curl = world.text(&[&create[..], &empty].concat());
    assert!(!curl.contains("OU=") && !curl.contains("ST="), "{curl}");
    let calls: Vec<Call<'_>> = vec![
        ("ca.list", vec!["ca", "list"], ""),
        ("ca.new", vec!["ca", "create", "ACME, Inc."], ""),
        ("ca.details", vec!["ca", "show", "562"], ""),
        ("ca.get", vec!["ca", "download", "562"], ""),
        ("cert.new", [&create[..], &subject].concat(), ""),
        ("cert.list", vec!["cert", "list", "--ca", "562"], ""),
        ("cert.details", vec!["cert", "show", "14238"], ""),
        ("cert.get", vec!["cert", "download", "14238", "--part", "csr"], ""),
        ("cert.get", vec!["cert", "download", "14238", "--part", "encrypted-key"], ""),
        ("cert.status", vec!["cert", "revoke", "14238"], ""),
        ("cert.status", vec!["cert", "hold", "14238"], ""),
        ("cert.status", vec!["cert", "reinstate", "14238"], ""),
        ("cert.reissue", vec!["cert", "reissue", "14238"], ""),
        ("ca.delete", vec!["ca", "delete", "562"], ""),
    ];
    let run = |arguments: &[&str], input: &str| world.finish(world.command(arguments), input);
    let seen = || world.sandbox.take_seen().iter().map(|seen| seen.verdict.endpoint).collect();
    walk(&calls, BODIES, run, seen);
    let endpoints = tinycert_client::ENDPOINTS.iter().map(|endpoint| endpoint.id());
    assert_all(endpoints, calls.iter().map(|(endpoint, ..)| *endpoint), API_ONLY);
    PROGRAM.check_secrets(&[&std::fs::read_to_string(world.home.join("walk.jsonl")).unwrap()]);
}

#[test]
fn servers_with_tls_accept_digests() {
    let (world, server) = (world(), SandboxProgram::start(&["tinycert", "--tls"]));
    let cas = server.encrypted(&world, &["ca", "list"]);
    assert!(cas.contains("561"), "{cas}");
}

#[test]
fn certificates_have_names() {
    let world = world();
    let subject = r#"{"ca_id":561,"C":"US","O":"Example","CN":"a.example"}"#;
    std::fs::write(world.home.join("subject.json"), subject).unwrap();
    world.sandbox.take_seen();
    let fields = ["cert", "create", "--ca", "561", "-f", "CN=a.example", "-f", "C=US", "-f", "O=E"];
    for arguments in [
        &fields[..],
        &["cert", "create", "--input", "subject.json"],
        &["cert", "create", "--ca", "Example", "-f", "CN=a.example"],
        &["issue", "--dir", "pki", "--input", "subject.json"],
    ] {
        let run = world.run(arguments);
        assert_eq!(run.status, 2, "{run:?}");
        assert!(run.stderr.contains("no names") && run.stderr.contains("SANs[0][DNS]"), "{run:?}");
    }
    assert!(world.sandbox.take_seen().is_empty());
    world.text(&[&fields[..], &["-f", "SANs[0][DNS]=a.example"]].concat());
}

#[test]
fn fields_of_the_session_are_rejected() {
    let world = world();
    let names = ["cert", "create", "a.example", "--ca", "561", "--country", "US"];
    let create = [&names[..], &["--organization", "E"]].concat();
    for (arguments, named) in [
        (&[&create[..], &["-f", "token=x"]].concat(), "token: the program sets this field from"),
        (&[&create[..], &["-f", "digest=x"]].concat(), "from TINYCERT_API_KEY"),
        (
            &["api", "session.connect", "-f", "email=e", "-f", "digest=x"].to_vec(),
            "digest: the program sets this field from TINYCERT_API_KEY",
        ),
    ] {
        let run = world.run(arguments);
        assert!(run.status == 2 && run.stderr.contains(named), "{run:?}");
    }
    assert!(world.sandbox.take_seen().is_empty());
}

#[test]
fn ids_that_are_not_positive_are_2_and_nothing_is_sent() {
    let world = world();
    world.sandbox.take_seen();
    let commands: &[&[&str]] = &[
        &["ca", "show"],
        &["ca", "download"],
        &["ca", "delete", "--yes"],
        &["cert", "list", "--ca"],
        &["cert", "create", "a.example", "--ca"],
        &["cert", "create", "a.example", "--country", "US", "--organization", "A", "--ca"],
        &["issue", "a.example", "--dir", "pki", "--ca"],
        &["adopt", "14236", "--dir", "pki", "--ca"],
        &["cert", "show"],
        &["cert", "reissue"],
        &["cert", "revoke", "--yes"],
        &["cert", "hold"],
        &["cert", "reinstate"],
        &["cert", "download"],
        &["adopt", "--dir", "pki", "--ca", "561"],
    ];
    for command in commands {
        for (id, problem) in [
            ("-5", "must be a whole number of at least 1, such as"),
            ("0", "must be a whole number of at least 1, such as"),
            ("-0", "must be a whole number of at least 1, such as"),
            ("99999999999999999999", "is too large"),
        ] {
            let ca = format!("--ca={id}");
            let arguments = match command.split_last() {
                Some((&"--ca", rest)) => [rest, &[&*ca]].concat(),
                _ => [command, &["--", id][..]].concat(),
            };
            let run = world.run(&arguments);
            assert!(run.status == 2 && run.stderr.contains(problem), "{arguments:?}: {run:?}");
        }
    }
    std::fs::write(world.home.join("id.json"), r#"{"cert_id":-5}"#).unwrap();
    for (arguments, problem) in [
        (&["ca.details", "-f", "ca_id=-5"][..], "ca_id: `-5` must be a whole number of at least 1"),
        (&["ca.delete", "-F", "ca_id=0"], "ca_id: `0` must be a whole number of at least 1"),
        (&["cert.get", "-f", "cert_id=x", "-f", "what=key.enc"], "cert_id: `x` must be a whole"),
        (&["cert.details", "--input", "id.json"], "cert_id: `-5` must be a whole number"),
        (&["post", "/api/v1/ca/details", "-F", "ca_id=x"], "ca_id: `x` must be a whole number"),
        (&["POST", "/api/v1/cert/reissue", "-f", "cert_id="], "cert_id: `` must be a whole number"),
    ] {
        let run = world.run(&[&["api"], arguments, &["--yes"]].concat());
        assert!(run.status == 2 && run.stderr.contains(problem), "{arguments:?}: {run:?}");
    }
    assert!(world.sandbox.take_seen().is_empty());
    // A name can begin with a digit or a sign.
    for name in ["7 Seas", "-x", "+"] {
        let run = world.run(&["ca", "show", "--", name]);
        assert!(run.status == 4 && run.stderr.contains("no CA has the name"), "{run:?}");
    }
}
