//! The program `tokenpass`, run against a sandbox in this process.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod cases;
mod endpoints;
mod everywhere;
#[cfg(target_os = "linux")]
mod mistakes;

use api_sandbox::{Misbehaviour, tokenpass as server};
use serde_json::Value;
use test_support::cli::{Program, World};

const PROGRAM: Program = Program {
    path: env!("CARGO_BIN_EXE_tokenpass"),
    prefix: "TOKENPASS_",
    secrets: &[server::CLIENT_SECRET, server::OAUTH_TOKEN, server::PRIVILEGED_CLIENT_SECRET],
};

fn world() -> World {
    World::new(PROGRAM)
}

const RULES: &str = "TOKENLY >= 1 and LTBCOIN > 4000";
const CHECK: [&str; 3] = ["check", "cryptonaut", RULES];

#[test]
fn each_failure_has_its_exit_status() {
    let world = world();
    for (arguments, expected) in [
        (&CHECK[..], 0),
        (&["check", "bob", "TOKENLY >= 600"], 1),
        (&["check", "bob", "not & a rule"], 2),
        (&["promise", "cancel", "1"], 2),
        (&["whoami", "--environment", "sandbox"], 2),
        (&["whoami", "--profile", "none"], 3),
        (&["promise", "get", "99"], 4),
        (&["user", "lookup", "1nobody"], 4),
        (&["address", "verify", server::UNVERIFIED_ADDRESS, "bm8="], 8),
        (&["balance", "list", "--out", "no-folder/file"], 10),
    ] {
        let run = world.run(arguments);
        assert_eq!(run.status, expected, "{arguments:?}: {run:?}");
    }
    for arguments in [&["promise", "list"][..], &["auth", "status"], &["doctor"]] {
        let mut command = world.command(arguments);
        command.env("TOKENPASS_CLIENT_SECRET", "KwrongSecret0000000000000000000000000000");
        assert_eq!(world.finish(command, "").status, 3, "{arguments:?}");
    }
    let mut command = world.command(&CHECK);
    command.env_remove("TOKENPASS_CLIENT_ID");
    let run = world.finish(command, "");
    assert_eq!(run.status, 3);
    assert!(run.stderr.contains("TOKENPASS_CLIENT_ID is not set"), "{run:?}");
}

#[test]
fn hint_names_what_was_rejected() {
    let world = world();
    let token = |token| ("TOKENPASS_OAUTH_TOKEN", token);
    let privileged = ("TOKENPASS_PRIVILEGED_CLIENT_SECRET", "KwrongSecret000");
    let all = "correct TOKENPASS_CLIENT_ID, TOKENPASS_CLIENT_SECRET or TOKENPASS_OAUTH_TOKEN, or";
    let both =
        "correct TOKENPASS_PRIVILEGED_CLIENT_ID or TOKENPASS_PRIVILEGED_CLIENT_SECRET, or use";
    let neutral = "hint: run `tokenpass auth status`";
    let body_only = ("TOKENPASS_SCHEME", "body-only");
    for (arguments, variables, expected) in [
        (&CHECK[..], &[token(server::EXPIRED_TOKEN)][..], all),
        (&["chat", "list"], &[token(server::EXPIRED_TOKEN)], "correct TOKENPASS_OAUTH_TOKEN, or"),
        (&["chat", "list"], &[token(server::EXPIRED_TOKEN), body_only], all),
        // The credentials are valid, but do not suffice.
        (&["chat", "list"], &[token(server::LIMITED_TOKEN)], neutral),
        (&["user", "exists", "bob"], &[privileged], both),
        (&["api", "promise.list", "--credential", "privileged"], &[privileged], both),
    ] {
        let mut command = world.command(arguments);
        command.envs(variables.iter().copied());
        let run = world.finish(command, "");
        assert!(run.status == 3 && run.stderr.contains(expected), "{arguments:?}: {run:?}");
    }
}

#[test]
fn hint_for_a_missing_credential_is_that_of_its_source() {
    let world = world();
    let file = world.env_file();
    let is_main = |line: &&str| !line.contains("OAUTH_TOKEN") && !line.contains("PRIVILEGED");
    let file = file.lines().filter(is_main).map(|line| format!("{line}\n")).collect::<String>();
    let login = ["auth", "login", "--profile", "app", "--env-file", "-"];
    assert_eq!(world.finish(world.bare(&login), &file).status, 0);
    let of_profile = |key: &str| {
        format!("set {key} of the profile `app` with `tokenpass auth login --profile app`\n")
    };
    let web = "`tokenpass auth login --web --scope SCOPE --profile app`";
    for (arguments, unset, hint) in [
        (
            &["whoami", "--profile", "app"][..],
            "oauth_token is not set (credentials were read from the profile `app`)",
            format!("log a user in with {web}, or {}", of_profile("oauth_token")),
        ),
        (
            &["user", "exists", "bob", "--profile", "app"],
            "privileged_client_id is not set (credentials were read from the profile `app`)",
            of_profile("privileged_client_id"),
        ),
        (
            &["user", "exists", "bob", "--env-file", "-"],
            "TOKENPASS_PRIVILEGED_CLIENT_ID is not set (credentials were read from the file -)",
            "set TOKENPASS_PRIVILEGED_CLIENT_ID of the file -, or use --profile NAME".to_owned(),
        ),
    ] {
        let run = world.finish(world.bare(arguments), &file);
        assert!(run.status == 3 && run.stderr.contains(unset), "{run:?}");
        assert!(run.stderr.contains(&format!("\nhint: {hint}")), "{run:?}");
        assert!(!run.stderr.contains("needs the"), "{run:?}");
    }
    std::fs::write(world.home.join("users"), "bob\n").unwrap();
    let check = ["check", "--file", "users", "BTC", "--profile", "app"];
    let run = world.finish(world.bare(&check), "");
    assert!(run.status == 3 && run.stdout.contains("oauth_token is not set"), "{run:?}");
}

#[test]
fn status_checks_all_credentials() {
    let world = world();
    let secret = "TOKENPASS_PRIVILEGED_CLIENT_SECRET";
    let fields = ["username=cryptonaut", "password=Correct-Horse-1", "scope=user"];
    let fields = fields.iter().flat_map(|field| ["-f", field]);
    let token = ["api", "oauth.password_token", "-f", "grant_type=password", "-o", "csv"];
    let token = token.into_iter().chain(fields).chain(["--yes", "--fields", "access_token"]);
    let token = world.run(&token.collect::<Vec<_>>()).stdout;
    let token = token.lines().last().unwrap();
    for (name, value, rejected) in [
        ("TOKENPASS_OAUTH_TOKEN", "SandboxTokenOfNobody", Some("TOKENPASS_OAUTH_TOKEN: ")),
        ("TOKENPASS_OAUTH_TOKEN", server::EXPIRED_TOKEN, Some("TOKENPASS_OAUTH_TOKEN: ")),
        ("TOKENPASS_OAUTH_TOKEN", token, None),
        (secret, "KwrongSecret000", Some("TOKENPASS_PRIVILEGED_CLIENT_ID: ")),
    ] {
        let mut command = world.command(&["auth", "status"]);
        command.env(name, value);
        let run = world.finish(command, "");
        let shown = match rejected {
            Some(reason) => format!("accepted\tfalse\nreason\t{reason}tokenpass "),
            None => "accepted\ttrue\n".to_owned(),
        };
        let status = if rejected.is_some() { 3 } else { 0 };
        assert!(run.status == status && run.stdout.contains(&shown), "{name}={value}: {run:?}");
    }
}

#[test]
fn empty_settings_have_a_hint() {
    let world = world();
    for name in ["TOKENPASS_OAUTH_TOKEN", "TOKENPASS_SCHEME", "TOKENPASS_PROVIDER_HOST"] {
        let variables = world.variables().filter(|(known, _)| *known != name);
        let file: String = variables.map(|(name, value)| format!("{name}={value}\n")).collect();
        let file = file.replace("TOKENPASS_BASE_URL", "OTHER") + name + "=\n";
        let list = ["promise", "list", "-o", "json"];
        let mut command = world.command(&list);
        command.env(name, " ");
        for (command, input, what) in [
            (command, "", "unset the variable"),
            (world.bare(&[&list[..], &["--env-file", "-"]].concat()), &file, "remove the setting"),
        ] {
            let run = world.finish(command, input);
            let hint = format!("\"hint\":\"set a value, or {what}\"");
            assert!(run.status == 10 && run.stderr.contains(&hint), "{name}: {run:?}");
            assert!(run.stderr.contains(&format!("{name}: must")), "{run:?}");
        }
    }
    let mut command = world.command(&["promise", "list"]);
    command.env("TOKENPASS_PRIVILEGED_CLIENT_ID", "p");
    command.env_remove("TOKENPASS_PRIVILEGED_CLIENT_SECRET");
    let run = world.finish(command, "");
    let expected = "TOKENPASS_PRIVILEGED_CLIENT_SECRET: must be set, because \
                    TOKENPASS_PRIVILEGED_CLIENT_ID is set";
    assert!(run.status == 10 && run.stderr.contains(expected), "{run:?}");
    assert!(!run.stderr.contains("remove the setting"), "{run:?}");
}

#[test]
fn messages_about_a_profile_name_its_keys() {
    let world = world();
    let file = "TOKENPASS_CLIENT_ID=i\nTOKENPASS_CLIENT_SECRET=s\n";
    let login = ["auth", "login", "--env-file", "-"];
    let run = world.finish(world.bare(&login), file);
    assert_eq!(run.status, 0, "{run:?}");
    if !cfg!(unix) {
        return eprintln!("skipped: the folder of profiles is another one");
    }
    let file = world.home.join(".config/tokenpass/profiles.toml");
    let stored = std::fs::read_to_string(&file).unwrap();
    let set = |text: &str| std::fs::write(&file, text).unwrap();
    for (text, status, problem) in [
        (
            stored.clone() + "privileged_client_id = \"p\"\n",
            10,
            "profile `default`: privileged_client_secret: must be set, because \
             privileged_client_id is set",
        ),
        (
            stored.replace("client_secret =", "scheme ="),
            3,
            "client_secret is not set (credentials were read from the profile `default`)",
        ),
    ] {
        set(&text);
        let run = world.finish(world.bare(&["promise", "list"]), "");
        assert!(run.status == status && run.stderr.contains(problem), "{run:?}");
        assert!(!run.stderr.contains("TOKENPASS_"), "{run:?}");
    }
}

#[test]
fn lost_response_is_5_for_reads_and_6_for_writes() {
    let world = world();
    let write = ["api", "promise.create", "--yes", "-f", "source=1nobody"];
    for (how, arguments, expected) in [
        (Misbehaviour::ResetAfterReading, &CHECK[..], 5),
        (Misbehaviour::BadGateway, &CHECK, 5),
        (Misbehaviour::TooManyRequests(Some(3600)), &CHECK, 7),
        (Misbehaviour::EmptyBody, &CHECK, 9),
        (Misbehaviour::ResetAfterReading, &["promise", "cancel", "1", "--yes"], 6),
        (Misbehaviour::ResetAfterReading, &write, 6),
    ] {
        world.sandbox.tokenpass().misbehave(how.clone(), 1);
        let run = world.run(&[arguments, &["--retries", "0"]].concat());
        world.sandbox.tokenpass().behave();
        assert_eq!(run.status, expected, "{how:?} {arguments:?}: {run:?}");
    }
}

#[test]
fn rejected_entry_leaves_the_outcome_unknown() {
    let world = world();
    let group = world.run(&[
        "credit",
        "group",
        "create",
        "g",
        "-o",
        "csv",
        "--fields",
        "credit_group.uuid",
    ]);
    let group = group.stdout.lines().nth(1).unwrap();
    assert_eq!(world.run(&["credit", "account", "create", group, "bob"]).status, 0);
    let parameter = format!("group_uuid={group}");
    let raw = ["api", "credit.give", "-f", &parameter, "--input", "-", "--yes"];
    let path = format!("/api/v1/credits/{group}/accounts/credit");
    let by_path = ["api", "POST", &path, "--input", "-", "--yes"];
    let given = ["credit", "give", group, "--input", "-", "--yes"];
    let taken = ["credit", "take", group, "--input", "-", "--yes"];
    let (bob, nosuch) = (r#"{"account":"bob","amount":5}"#, r#"{"account":"nosuch","amount":5}"#);
    let hint = "check before you repeat the command, such as with `tokenpass credit group history";
    for arguments in [&raw[..], &[&raw[..], &["-i"]].concat(), &by_path, &given, &taken] {
        let run = |entries: &str| {
            world.finish(world.command(arguments), &format!(r#"{{"accounts":[{entries}]}}"#))
        };
        let several = run(&format!("{bob},{nosuch}"));
        assert!(several.status == 6 && several.stderr.contains(hint), "{arguments:?}: {several:?}");
        assert!(several.stderr.contains("Invalid account"), "{several:?}");
        let first = run(&format!("{nosuch},{bob}"));
        assert!(first.status == 8 && !first.stderr.contains("hint"), "{arguments:?}: {first:?}");
        let one = run(nosuch);
        assert!(one.status == 8 && !one.stderr.contains("hint"), "{arguments:?}: {one:?}");
    }
}

#[test]
fn messages_name_the_typed_arguments() {
    let world = world();
    for (arguments, named) in [
        (&["chat", "create", "c"][..], "--token: must be given at least once"),
        (&["user", "login", "u", "--password-stdin"], "--password-stdin: must not be longer than"),
    ] {
        let run = world.finish(world.command(arguments), &"x".repeat(256));
        assert!(run.status == 2 && run.stderr.contains(named), "{arguments:?}: {run:?}");
    }
}

#[test]
fn write_with_a_replaced_body_is_sent_once() {
    let world = world();
    let create = ["promise", "create", server::SOURCE_ADDRESS, "1nobody", "TOKENLY", "0.5"];
    let named = [&create[..], &["--txid", "t"]].concat();
    // The server searches for no promise with the fingerprint `0`.
    let replaced = [&named[..], &["-f", "fingerprint=0"]].concat();
    // The route of an update is idempotent whatever the body is.
    let update = vec!["promise", "update", "1", "-f", "note=n"];
    for (arguments, status, sent) in [(named, 5, 2), (replaced, 6, 1), (update, 5, 2)] {
        world.sandbox.take_seen();
        world.sandbox.tokenpass().misbehave(Misbehaviour::ResetAfterReading, 9);
        let run = world.run(&[&arguments[..], &["--retries", "1", "--yes"]].concat());
        world.sandbox.tokenpass().behave();
        assert_eq!(run.status, status, "{arguments:?}: {run:?}");
        assert_eq!(world.sandbox.take_seen().len(), sent, "{arguments:?}");
    }
}

#[test]
fn lists_are_the_json_of_the_server() {
    let world = world();
    let run = world.run(&["balance", "list", "-o", "json"]);
    let list: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(list[0]["asset"], "LTBCOIN");
    assert!(list[0]["balance"].is_number(), "{run:?}");
    for (arguments, expected) in [
        (&["balance", "list", "--private"][..], "SECRETCOIN"),
        (&["user", "find", "TOKENLY >= 1"], "cryptonaut"),
        (&["source", "list"], server::SOURCE_ADDRESS),
        (&["address", "list"], "true"),
        (&["address", "list", "--user", "cryptonaut"], "true"),
    ] {
        let run = world.run(arguments);
        assert!(run.status == 0 && run.stdout.contains(expected), "{arguments:?}: {run:?}");
    }
}

#[test]
fn every_read_of_the_doctor_is_decoded() {
    let world = world();
    let run = world.run(&["doctor", "-o", "jsonl"]);
    assert_eq!(run.status, 0, "{run:?}");
    assert_eq!(run.stdout.lines().count(), 8, "{run:?}");
    let mut command = world.command(&["doctor", "-o", "jsonl"]);
    command.env_remove("TOKENPASS_OAUTH_TOKEN");
    assert_eq!(world.finish(command, "").stdout.lines().count(), 3, "without a user's token");
}

#[test]
fn profile_is_stored_and_used() {
    let world = world();
    let variables = world.sandbox.environment();
    let variables = variables.iter().filter(|(name, _)| name.starts_with("TOKENPASS_"));
    let file: String = variables.map(|(name, value)| format!("{name}={value}\n")).collect();
    let login = world.command(&["auth", "login", "--env-file", "-"]);
    assert_eq!(world.finish(login, &file).status, 0);
    let mut command = world.command(&["auth", "status"]);
    for (name, _) in world.variables() {
        command.env_remove(name);
    }
    let run = world.finish(command, "");
    assert!(run.status == 0 && run.stdout.contains("profile `default`"), "{run:?}");
}

#[cfg(unix)]
#[test]
fn readme_is_a_walk_that_works() {
    world().walk(include_str!("../../README.md"), 12);
}
