//! The command of each endpoint.

use api_sandbox::tokenpass as server;
use serde_json::Value;
use test_support::programs::{
    Call, WriteBodies, assert_all, assert_columns, assert_questions, walk,
};
use tokenpass_client::proof::{MessageKey, source_proof_message, user_hash};

use test_support::cli::{SandboxProgram, World};
use test_support::ports::ClosedPort;

use crate::{PROGRAM, world};

/// Endpoints that only `tokenpass api ID` calls: logins of other kinds than `auth login --web`.
const API_ONLY: &[&str] =
    &["oauth.request_code", "oauth.api_token", "oauth.password_token", "oauth.logout"];

const BODIES: WriteBodies<'_> = WriteBodies {
    endpoints: tokenpass_client::ENDPOINTS,
    fixed: &["messenger.join"],
    // The client adds the credentials, and the program its own id to the list of a new group.
    constants: &["oauth_token", "client_id", "app_whitelist.0"],
};

/// The password of a new user.
const PASSWORD: &str = "Tour-Password-1\n";

fn walk_calls(world: &World, calls: &[Call<'_>]) -> Vec<String> {
    let run = |arguments: &[&str], input: &str| {
        let run = PROGRAM.finish(world.command(arguments), input);
        assert!(!run.stderr.contains(PASSWORD.trim()), "{run:?}");
        run
    };
    let seen = || world.sandbox.take_seen().iter().map(|seen| seen.verdict.endpoint).collect();
    walk(calls, BODIES, run, seen);
    calls.iter().map(|(endpoint, ..)| (*endpoint).to_owned()).collect()
}

/// Runs a command and returns a value of its response.
fn value(world: &World, arguments: &[&str], path: &str) -> String {
    let run = world.run(&[arguments, &["-o", "json", "--yes"]].concat());
    assert_eq!(run.status, 0, "{arguments:?}: {run:?}");
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    let value = json.pointer(path).unwrap_or_else(|| panic!("{path}: {json}"));
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[test]
fn every_endpoint_has_a_command_or_is_for_api_only() {
    let world = world();
    let source_key = MessageKey::from_wif(server::SOURCE_WIF).unwrap();
    let source = source_key.address();
    let proof = source_key.sign(&source_proof_message(&source, server::CLIENT_ID)).unwrap();
    let key = MessageKey::from_wif(server::UNVERIFIED_WIF).unwrap();
    let address = key.address();
    let mine = ["address", "get", &address];
    let code = value(&world, &mine, "/result/verify_code");
    let signature = key.sign(&code).unwrap();
    let instant = user_hash(server::USERNAME);
    let instant_signature = key.sign(&instant).unwrap();
    let factor = key.sign(&format!("TOKENPASS second factor of {}", server::USERNAME)).unwrap();
    let rules = "TOKENLY >= 1";
    let other = server::OTHER_ADDRESS;
    let first = server::PUBLIC_ADDRESS;
    let read = |words: &'static str| words.split(' ').collect::<Vec<&str>>();
    let mut called = walk_calls(
        &world,
        &[
            ("oauth.user", read("whoami"), ""),
            ("tca.check_user", vec!["check", server::USERNAME, rules], ""),
            ("tca.check_address", vec!["check", first, rules, "--address"], ""),
            ("tca.check_email", vec!["check", server::EMAIL, rules, "--email"], ""),
            ("tca.find_users", vec!["user", "find", rules], ""),
            ("lookup.user_by_address", vec!["user", "lookup", first], ""),
            ("lookup.users_by_addresses", vec!["user", "lookup", first, other], ""),
            ("lookup.user_by_email", vec!["user", "lookup", "--email", server::EMAIL], ""),
            ("lookup.address_by_user", vec!["user", "address", server::USERNAME], ""),
            ("lookup.user_exists", vec!["user", "exists", server::USERNAME, "--strict"], ""),
            ("balance.public", read("balance list"), ""),
            ("balance.protected", read("balance list --private"), ""),
            ("perk.get", read("perk get TOKENLY"), ""),
            ("asset.info", read("asset get bitcoin TOKENLY"), ""),
            ("source.register", vec!["source", "register", &source, "--proof", &proof], ""),
            ("source.list", read("source list"), ""),
            ("promise.list", read("promise list"), ""),
            ("promise.list_by_email", vec!["promise", "list", "--email", server::EMAIL], ""),
            ("address.list_mine", read("address list"), ""),
            ("address.list_public", vec!["address", "list", "--user", server::USERNAME], ""),
            ("address.get_public", vec!["address", "get", first, "--user", server::USERNAME], ""),
            ("address.verify", vec!["address", "verify", &address, &signature], ""),
            // Each call of an address that is not verified returns another code.
            ("address.get_mine", mine.to_vec(), ""),
            ("address.update", vec!["address", "update", &address, "--label", "Tour & more"], ""),
            ("second_factor.sign", vec!["second-factor", "sign", &factor], ""),
            ("second_factor.status", vec!["second-factor", "status", server::USERNAME], ""),
            ("address.delete", vec!["address", "delete", &address], ""),
            ("address.register", vec!["address", "register", &address, "--public", "false"], ""),
            ("address.delete", vec!["address", "delete", &address], ""),
            (
                "address.instant_verify",
                vec![
                    "address",
                    "instant-verify",
                    server::USERNAME,
                    &address,
                    &instant,
                    &instant_signature,
                ],
                "",
            ),
            ("messenger.chats", read("chat list"), ""),
            ("messenger.privileges", read("chat privileges --holders TOKENLY"), ""),
            (
                "account.register",
                read("user register tour t@example.org --name Tour --password-stdin"),
                PASSWORD,
            ),
            ("account.login", read("user login tour --password-stdin"), PASSWORD),
            ("credit_group.list", read("credit group list"), ""),
            ("credit_group.create", read("credit group create Tour"), ""),
            ("chat.create", read("chat create Tour --token TOKENLY=1"), ""),
        ],
    );
    let lend = ["promise", "create", &source, "user:cryptonaut", "TOKENLY", "0.00000001"];
    let options = ["--expires-after", "1h", "--ref", "tour", "-F", "note=Lent & canceled"];
    called.extend(walk_calls(&world, &[("promise.create", [&lend[..], &options].concat(), "")]));
    let promise = value(&world, &["promise", "list"], "/0/promise_id");
    let group = value(&world, &["credit", "group", "create", "Own"], "/credit_group/uuid");
    let chat = value(&world, &["chat", "create", "Other", "--token", "TOKENLY=1"], "/id");
    let short = tokenpass_client::chats::chat_id(&chat).unwrap();
    called.extend(walk_calls(
        &world,
        &[
            ("promise.get", vec!["promise", "get", &promise], ""),
            ("promise.update", vec!["promise", "update", &promise, "--note", "Changed"], ""),
            ("promise.cancel", vec!["promise", "cancel", &promise], ""),
            ("source.delete", vec!["source", "delete", &source], ""),
            ("credit_group.get", vec!["credit", "group", "get", &group], ""),
            ("credit_group.update", vec!["credit", "group", "update", &group, "--name", "T2"], ""),
            ("credit_account.create", vec!["credit", "account", "create", &group, "tourist"], ""),
            ("credit.give", vec!["credit", "give", &group, "tourist", "500", "--ref", "x"], ""),
            ("credit.take", vec!["credit", "take", &group, "tourist", "200"], ""),
            ("credit_account.list", vec!["credit", "account", "list", &group], ""),
            ("credit_account.get", vec!["credit", "account", "get", &group, "tourist"], ""),
            ("credit_account.history", vec!["credit", "account", "history", &group, "tourist"], ""),
            ("credit_group.history", vec!["credit", "group", "history", &group], ""),
            ("chat.get", vec!["chat", "get", &chat], ""),
            ("chat.update", vec!["chat", "update", &chat, "--token", "TOKENLY=2"], ""),
            ("messenger.chat_privileges", vec!["chat", "privileges", &short], ""),
            ("messenger.join", vec!["chat", "join", &short], ""),
        ],
    ));
    world.text(&["source", "register", &source, "--proof", &proof]);
    world.text(&[&lend[..], &options, &["--yes"]].concat());
    // Promises are listed by the e-mail address of a person without an account.
    let person = "email:person@example.org";
    let lend_person = ["promise", "create", &source, person, "TOKENLY", "0.00000001"];
    world.text(&[&lend_person[..], &options, &["--yes"]].concat());
    assert_columns(
        &[
            (vec!["user", "find", rules], &[]),
            (vec!["user", "lookup", first, other], &[]),
            (read("balance list"), &[]),
            (read("balance list --private"), &[]),
            (read("source list"), &[("assets", "a source for all assets has no list")]),
            (read("promise list"), &[]),
            (read("promise list --email person@example.org"), &[]),
            (read("address list"), &[]),
            (
                vec!["address", "list", "--user", server::USERNAME],
                &[("verified", "only the own addresses have it")],
            ),
            (read("chat list"), &[]),
            (read("credit group list"), &[]),
            (vec!["credit", "group", "history", &group], &[]),
            (vec!["credit", "account", "list", &group], &[]),
            (
                vec!["credit", "account", "history", &group, "tourist"],
                &[("account", "it is that of the command")],
            ),
        ],
        |arguments| world.run(arguments),
    );
    update_of_an_account(&world);
    // These are called by a login in a browser, and for an account of its own.
    called.extend(["oauth.authorize", "oauth.access_token", "account.update"].map(str::to_owned));
    let endpoints = tokenpass_client::ENDPOINTS.iter().map(|endpoint| endpoint.id());
    assert_all(endpoints, called.iter().map(String::as_str), API_ONLY);
    let recording = std::fs::read_to_string(world.home.join("walk.jsonl")).unwrap();
    for text in PROGRAM.secrets.iter().chain(&["t@example.org", server::EMAIL, PASSWORD.trim()]) {
        assert!(!recording.contains(text), "{text}");
    }
}

/// The token of the account is a new one, so it is in an environment file.
fn update_of_an_account(world: &World) {
    let fields = ["-f", "username=tour", "-f", "password=Tour-Password-1", "-f", "scope=user"];
    let token = ["api", "oauth.password_token", "-f", "grant_type=password"];
    let token = value(world, &[&token[..], &fields].concat(), "/access_token");
    let login = ["user", "login", "tour", "--password-stdin", "-o", "json"];
    let user = PROGRAM.finish(world.command(&login), PASSWORD);
    let user: Value = serde_json::from_str(&user.stdout).unwrap();
    let id = user["id"].as_str().unwrap();
    let update = ["user", "update", id, "--name", "Tour 2", "--password-stdin", "--yes"];
    let mut command = world.command(&update);
    command.env("TOKENPASS_OAUTH_TOKEN", &token);
    world.sandbox.take_seen();
    let run = PROGRAM.finish(command, PASSWORD);
    assert_eq!(run.status, 0, "{run:?}");
    assert!(!run.stdout.contains(&token) && !run.stderr.contains(&token), "{run:?}");
    let seen = world.sandbox.take_seen();
    let expected = ("account.update", seen.last().unwrap().verdict.endpoint);
    assert_eq!(Some(expected.0), expected.1);
    // Standard input has as many lines as there are passwords.
    let (new, more) = (format!("{PASSWORD}Other-1\n"), format!("{PASSWORD}Other-1\nx"));
    for (options, input, status) in
        [(&[][..], &new, 2), (&["--new-password"], &new, 0), (&["--new-password"], &more, 2)]
    {
        let mut command = world.command(&[&update[..], options, &["--curl"]].concat());
        command.env("TOKENPASS_OAUTH_TOKEN", &token);
        let run = PROGRAM.finish(command, input);
        assert_eq!(run.status, status, "{input:?}: {run:?}");
        let problem = "--password-stdin: there is a further line";
        assert_eq!(run.stderr.contains(problem), status == 2, "{run:?}");
    }
}

/// The provider accepts such passwords.
#[test]
fn password_keeps_its_outer_spaces_and_loses_its_line_end() {
    let world = world();
    let finish = |arguments: &[&str], input: &str| PROGRAM.finish(world.command(arguments), input);
    let register = ["user", "register", "ann", "ann@example.org", "--yes"];
    let login = ["user", "login", "ann", "--password-stdin"];
    let with_stdin = [&register[..], &["--password-stdin"]].concat();
    let run = finish(&with_stdin, "  pass phrase 1 \r\n");
    assert_eq!(run.status, 0, "{run:?}");
    for (input, status) in [("  pass phrase 1 ", 0), ("pass phrase 1\n", 8)] {
        let run = finish(&login, input);
        assert_eq!(run.status, status, "{input:?}: {run:?}");
    }
    world.sandbox.take_seen();
    for (input, problem) in [
        ("pass\tphrase\n", "--password-stdin: must not contain control characters"),
        ("pass\0phrase\n", "--password-stdin: must not contain control characters"),
        ("   \n", "password is empty"),
    ] {
        let run = finish(&login, input);
        assert!(run.status == 2 && run.stderr.contains(problem), "{input:?}: {run:?}");
        assert!(!run.stderr.contains("phrase"), "{run:?}");
    }
    assert!(world.sandbox.take_seen().is_empty());
}

#[test]
fn fields_of_explained_rules_are_checked_before_any_output() {
    let explain = ["rule", "explain", "TOKENLY >= 5", "--fields"];
    let run = world().run(&[&explain[..], &["nosuch,other"]].concat());
    let problem = "--fields: `nosuch` is not one of link, asset, op, amount";
    assert!(run.status == 2 && run.stderr.contains(problem), "{run:?}");
    assert_eq!(run.stdout, "");
    // As for the results of servers, some unknown names are only reported.
    let run = world().run(&[&explain[..], &["asset,nosuch"]].concat());
    assert!(run.status == 0 && run.stderr.contains("unknown field `nosuch`; the "), "{run:?}");
    assert_eq!(run.stdout, "TOKENLY\t\n");
}

#[test]
fn unit_of_quantities_is_shown() {
    let world = world();
    let list = world.text(&["promise", "list", "-o", "csv"]);
    assert_eq!(list.lines().next(), Some("id,source,destination,asset,quantity (satoshi),expires"));
    let help = world.text(&["promise", "list", "--help"]);
    assert!(help.contains("100000000 satoshi"), "{help}");
}

#[test]
fn questions_are_documented() {
    assert_questions(&["check", "user exists"], |arguments| world().run(arguments));
    let help = world().text(&["check", "--help"]);
    assert!(help.contains("needs the token of a user") && help.contains("TOKENPASS_OAUTH_TOKEN"));
}

#[test]
fn checks_have_fields() {
    let world = world();
    std::fs::write(world.home.join("users"), "cryptonaut\nbob\n").unwrap();
    let file = ["check", "--file", "users", "TOKENLY >= 5"];
    let (yes, no) = (["check", "cryptonaut", "TOKENLY >= 5"], ["check", "bob", "TOKENLY >= 600"]);
    for (arguments, options, status, expected) in [
        (&yes[..], &["--fields", "result"][..], 0, "result\ttrue\n"),
        (&no, &["--fields", "result"], 1, "result\tfalse\n"),
        (&no, &["--fields", "result", "-o", "csv"], 1, "result\nfalse\n"),
        (&no, &["--fields", "result", "-o", "jsonl"], 1, "{\"result\":false}\n"),
        (&["user", "exists", "nobody"], &["--fields", "result"], 1, "result\tfalse\n"),
        (&file, &["--fields", "result"], 1, "yes\nno\n"),
        (
            &file,
            &["--fields", "who,result", "-o", "csv"],
            1,
            "who,result\ncryptonaut,yes\nbob,no\n",
        ),
    ] {
        let run = world.run(&[arguments, options].concat());
        assert_eq!((run.status, run.stdout.as_str()), (status, expected), "{run:?}");
    }
    let run = world.run(&[&yes[..], &["--fields", "nosuch"]].concat());
    let problem = "unknown field `nosuch`; the fields are: result";
    assert!(run.status == 2 && run.stderr.contains(problem), "{run:?}");
    // The fields of the list for a file are known before a request is sent.
    world.sandbox.take_seen();
    let run = world.run(&[&file[..], &["--fields", "nosuch"]].concat());
    let problem = "--fields: `nosuch` is not one of who, result, error";
    assert!(run.status == 2 && run.stderr.contains(problem), "{run:?}");
    assert!(world.sandbox.take_seen().is_empty());
}

#[test]
fn writes_take_their_body_from_a_file_or_fields() {
    let world = world();
    let body = r#"{"accounts":[{"account":"tourist","amount":7,"ref":"order-7"}]}"#;
    std::fs::write(world.home.join("booking.json"), body).unwrap();
    let group =
        value(&world, &["credit", "group", "create", "-f", "name=Tour"], "/credit_group/uuid");
    world.text(&["credit", "account", "create", &group, "-f", "name=tourist"]);
    let give = ["credit", "give", &group];
    let run = world.run(&[&give[..], &["--input", "booking.json"]].concat());
    let question = r#"give credits to these accounts: [{"account":"tourist","amount":7,"#;
    assert!(run.status == 2 && run.stderr.contains(question), "{run:?}");
    world.text(&[&give[..], &["--input", "booking.json", "--yes"]].concat());
    // Arguments and fields replace members of the file.
    let more = ["tourist", "5", "--input", "booking.json", "-F", "accounts.0.ref=order-8", "--yes"];
    world.text(&[&give[..], &more].concat());
    let history = ["credit", "account", "history", &group, "tourist", "--fields", "amount,ref"];
    let history = world.text(&history);
    assert!(history.contains("7\torder-7") && history.contains("5\torder-8"), "{history}");
    for (arguments, problem) in [
        (&["credit", "give", &group, "-F", "accounts.0.amount=1", "--yes"][..], "missing ACCOUNT;"),
        (
            &["credit", "give", &group, "bob", "1", "-F", "accounts.0.amount=1"],
            "AMOUNT and -F accounts.0.amount set the same member of the body; use only one of them",
        ),
        (&["promise", "create", "-F", "asset=A"], "missing SOURCE, DESTINATION and QUANTITY; pass"),
        (
            &["user", "register", "u", "-f", "email=e", "-f", "password=p", "--password-stdin"],
            "--password-stdin and -f password set the same member",
        ),
        (
            &["second-factor", "sign", "-F", "x=1"],
            "missing SIGNATURE; pass it as an argument, or in the body with -f, -F or --input",
        ),
    ] {
        let run = world.run(arguments);
        assert!(run.status == 2 && run.stderr.contains(problem), "{arguments:?}: {run:?}");
    }
    // The recording is not opened before the file was read.
    let record = ["credit", "group", "create", "--input", "g.json", "--record", "g.json"];
    std::fs::write(world.home.join("g.json"), r#"{"name":"Tour"}"#).unwrap();
    let run = world.run(&record);
    assert!(
        run.status == 2 && run.stderr.contains("--record: must not be the same file"),
        "{run:?}"
    );
    assert_eq!(std::fs::read_to_string(world.home.join("g.json")).unwrap(), r#"{"name":"Tour"}"#);
    // The password of the body is not read from a prompt.
    let register = ["user", "register", "-f", "username=tour", "-f", "email=t@example.org"];
    let file = ["-F", "password=@password"];
    std::fs::write(world.home.join("password"), PASSWORD.trim()).unwrap();
    world.text(&[&register[..], &file, &["--name", ""]].concat());
}

#[test]
fn users_of_a_file_are_checked() {
    let world = world();
    std::fs::write(world.home.join("users"), "# users\ncryptonaut\n\n bob \n").unwrap();
    let check = ["check", "--file", "users", "TOKENLY >= 5", "--jobs", "2"];
    let run = world.run(&check);
    assert_eq!((run.status, run.stdout.as_str()), (1, "cryptonaut\tyes\t\nbob\tno\t\n"), "{run:?}");
    let run = world.run(&[&check[..], &["-o", "csv"]].concat());
    assert_eq!(run.stdout, "who,result,error\ncryptonaut,yes,\nbob,no,\n");
    std::fs::write(world.home.join("users"), "cryptonaut\nnobody\n").unwrap();
    let run = world.run(&[&check[..], &["-o", "json"]].concat());
    assert_eq!(run.status, 11, "{run:?}");
    let list: Vec<Value> = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&list[0]["result"], &list[1]["result"]), (&"yes".into(), &Value::Null));
    assert_eq!(list[1]["error"]["kind"], "not_found", "{run:?}");
    let curl = world.run(&[&check[..], &["--curl"]].concat());
    assert_eq!(curl.stdout.matches("curl -X GET").count(), 2, "{curl:?}");
    world.sandbox.take_seen();
    for text in ["bob\n# c\nann\0\n", "bob\n\nann\rx\n", "bob\n\n..\n"] {
        // The last one is not valid in a path.
        std::fs::write(world.home.join("users"), text).unwrap();
        let run = world.run(&check);
        assert!(run.status == 2 && run.stderr.contains("users: line 3: "), "{text:?}: {run:?}");
    }
    assert!(world.sandbox.take_seen().is_empty());
    for arguments in [
        &["check", "--file", "users", "bob", "TOKENLY"][..],
        &["check", "TOKENLY"],
        &["check", "--file", "-", "TOKENLY"],
    ] {
        assert_eq!(world.run(arguments).status, 2, "{arguments:?}");
    }
}

#[test]
fn missing_token_of_a_user_is_3_and_names_the_variable() {
    let world = world();
    for (arguments, removed) in [
        (&["whoami"][..], "TOKENPASS_OAUTH_TOKEN"),
        (&["balance", "list"], "TOKENPASS_OAUTH_TOKEN"),
        (&["user", "update", "x", "--name", "y", "--password-stdin"], "TOKENPASS_OAUTH_TOKEN"),
        (&["user", "find", "TOKENLY"], "TOKENPASS_PRIVILEGED_CLIENT_ID"),
    ] {
        let mut command = world.command(arguments);
        command.env_remove(removed);
        let run = PROGRAM.finish(command, "");
        assert_eq!(run.status, 3, "{arguments:?}: {run:?}");
        assert!(run.stderr.contains(&format!("hint: set {removed}")), "{run:?}");
    }
}

#[test]
fn user_logs_in_by_a_browser() {
    use std::io::{BufRead, BufReader, Read, Write};

    let world = world();
    let port = ClosedPort::for_a_program();
    let redirect_uri = format!("{}/back", port.url());
    world.sandbox.tokenpass().state(|server| {
        server.clients.iter_mut().for_each(|client| client.callbacks.push(redirect_uri.clone()));
    });
    let get = |url: &str| {
        let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let mut stream = std::net::TcpStream::connect(host).unwrap();
        write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    };
    let login = ["auth", "login", "--web", "--no-browser", "--scope", "user", "--profile", "me"];
    let mut command = world.command(&login);
    command.env("TOKENPASS_REDIRECT_URI", &redirect_uri).env_remove("TOKENPASS_OAUTH_TOKEN");
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("open ").unwrap_or_else(|| panic!("{line}")).to_owned();
    // A callback of another login is ignored.
    assert!(
        get(&format!("{redirect_uri}?code=c&state=other")).contains("does not belong to the login")
    );
    // A callback that reports an error has no state, and does not end the login.
    let page = get(&format!("{url}&sandbox_consent=deny"));
    let location = page.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
    let page = get(location.trim());
    assert!(page.contains("access was denied") && page.contains("is still waiting"), "{page}");
    let page = get(&format!("{redirect_uri}?error=invalid_scope&message=m"));
    assert!(page.contains("the login request is invalid"), "{page}");
    let page = get(&format!("{url}&sandbox_consent=grant"));
    let location = page.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
    assert!(get(location.trim()).contains("You may close this page"));
    let output = child.wait_with_output().unwrap();
    let mut messages = String::new();
    stderr.read_to_string(&mut messages).unwrap();
    assert!(output.status.success(), "{messages}");
    for reported in ["access was denied", "the login request is invalid"] {
        let message =
            format!("the server reports that {reported}; still waiting (Ctrl-C to stop)\n");
        assert!(messages.contains(&message), "{messages}");
    }
    assert!(
        messages.contains("StateMismatch") && messages.contains("stored profile `me`"),
        "{messages}"
    );
    let mut command = world.command(&["whoami", "--profile", "me", "--fields", "username"]);
    command.env_remove("TOKENPASS_OAUTH_TOKEN");
    let run = PROGRAM.finish(command, "");
    assert_eq!((run.status, run.stdout.as_str()), (0, "username\tcryptonaut\n"), "{run:?}");

    for (uri, status) in [("https://example.com/back", 10), ("", 3)] {
        let mut command = world.command(&["auth", "login", "--web", "--no-browser"]);
        command.env("TOKENPASS_REDIRECT_URI", uri);
        if uri.is_empty() {
            command.env_remove("TOKENPASS_REDIRECT_URI");
        }
        assert_eq!(PROGRAM.finish(command, "").status, status, "{uri}");
    }
}

#[test]
fn servers_with_tls_accept_signatures() {
    let (world, server) = (world(), SandboxProgram::start(&["tokenpass", "--tls"]));
    server.encrypted(&world, &["promise", "list"]);
    server.encrypted(&world, &["credit", "group", "create", "Tour"]);
    let group = server.encrypted(&world, &["credit", "group", "list", "--fields", "name"]);
    assert_eq!(group, "Tour\n");
}

#[test]
fn fields_of_credentials_are_rejected() {
    let world = world();
    let (token, id) = ("oauth_token", "client_id");
    let register = ["user", "register", "u", "e@example.org", "-f", "password=p"];
    let file = r#"{"name":"n","oauth_token":"x"}"#;
    std::fs::write(world.home.join("chat.json"), file).unwrap();
    let call = ["api", "chat.create", "--yes", "-f", "name=n", "-f", "oauth_token=x"];
    for (arguments, field, setting) in [
        (
            &["chat", "create", "n", "--token", "A=1", "-f", "oauth_token=x"][..],
            token,
            "OAUTH_TOKEN",
        ),
        (&["chat", "create", "--input", "chat.json"], token, "OAUTH_TOKEN"),
        (&["chat", "update", "c", "--token", "A=1", "-F", "oauth_token=1"], token, "OAUTH_TOKEN"),
        (&["user", "login", "u", "-f", "password=p", "-f", "client_id=x"], id, "CLIENT_ID"),
        (&[&register[..], &["-f", "client_id=x"]].concat(), id, "CLIENT_ID"),
        (&call, token, "OAUTH_TOKEN"),
        (
            &[
                "api",
                "POST",
                "/api/v1/oauth/request?client_id=x",
                "--credential",
                "client_id in the query",
                "--yes",
            ],
            id,
            "CLIENT_ID",
        ),
        (&[&call[..], &["--curl"]].concat(), token, "OAUTH_TOKEN"),
        (&[&call[..], &["--dry-run"]].concat(), token, "OAUTH_TOKEN"),
        (
            &["api", "oauth.access_token", "--yes", "-f", "client_secret=x"],
            "client_secret",
            "CLIENT_SECRET",
        ),
    ] {
        let run = world.run(arguments);
        let problem = format!("{field}: the program sets this field from TOKENPASS_{setting};");
        assert!(run.status == 2 && run.stderr.contains(&problem), "{arguments:?}: {run:?}");
    }
    assert!(world.sandbox.take_seen().is_empty());
}

#[test]
fn messages_name_the_typed_arguments() {
    let world = world();
    let create = ["chat", "create", "n", "--token", "A=0"];
    let half = r#"{"accounts":[{"account":"a","amount":0.5}]}"#;
    std::fs::write(world.home.join("half.json"), half).unwrap();
    for (arguments, named) in [
        (&["check", "..", "A"][..], "WHO: must not be \"."),
        (&["user", "address", ""], "USER: must not be empty"),
        (&["user", "exists", ""], "USER: must not be empty"),
        (&["user", "register", "", "e@example.org", "-f", "password=p"], "USER: must not"),
        (&["user", "lookup", ".."], "ADDRESSES: must not be \"."),
        (&["second-factor", "status", ""], "USER: must not be empty"),
        (&["address", "list", "--user", ""], "--user: must not be empty"),
        (&["address", "get", "a", "--user", ""], "--user: must not be empty"),
        (&["address", "instant-verify", "", "a", "m", "s"], "USER: must not be empty"),
        (&["chat", "get", ""], "CHAT: must not be empty"),
        (&["chat", "update", "", "--active", "true"], "CHAT: must not be empty"),
        (&["chat", "privileges", "--holders", ""], "--holders: must not be empty"),
        (&create, "--token: must be more than 0"),
        (
            &["promise", "create", "1x", "user:", "TOKENLY", "1", "--yes"],
            "DESTINATION: must contain a name after the colon",
        ),
        (&["promise", "create", "1x", "email:", "TOKENLY", "1"], "DESTINATION: must contain"),
        (&["promise", "update", "i", "-F", "quantity=0.5"], "quantity: must be a whole number"),
        (&["promise", "update", "i", "-f", "quantity=1e3"], "quantity: must be a whole number"),
        (&["credit", "give", "g", "--input", "half.json"], "accounts.0.amount: must be a whole"),
        (&["promise", "update", "i", "--destination", ""], "--destination: must not be empty"),
        (&["source", "register", "1x", "--asset", ""], "--asset: must not be empty"),
        (&["user", "update", "i", "--email", ""], "--email: must not be empty"),
        (&["user", "update", "i"], "--name <NAME>|--email <EMAIL>"),
        (&["promise", "update", "i"], "--quantity <QUANTITY>|--destination <ADDRESS>"),
    ] {
        let run = world.run(arguments);
        assert!(run.status == 2 && run.stderr.contains(named), "{arguments:?}: {run:?}");
    }
    for (body, problem) in [
        (r#"{"accounts":{"a":{"account":"a","amount":-5}}}"#, "accounts: must be a list"),
        (r#"{"accounts":5}"#, "accounts: must be a list"),
        (r#"{"accounts":["a"]}"#, "accounts.0: must be an object"),
        (r#"{"accounts":[{"account":"a","amount":1e3}]}"#, "at least 1, without an exponent"),
        (r#"{"accounts":[{"account":"a","amount":-5}]}"#, "accounts.0.amount: must be a whole"),
    ] {
        std::fs::write(world.home.join("shape.json"), body).unwrap();
        for command in [
            &["credit", "give", "g"][..],
            &["credit", "take", "g"],
            &["api", "credit.give", "-f", "group_uuid=g"],
        ] {
            let run = world.run(&[command, &["--input", "shape.json", "--yes"]].concat());
            assert!(run.status == 2 && run.stderr.contains(problem), "{body}: {run:?}");
        }
    }
    // An amount can be a string of digits.
    // A member of another object is no amount.
    let create = ["promise", "create", "s", "d", "A", "0.5", "-F", "meta.quantity=1.5", "--curl"];
    assert!(world.text(&create).contains(r#""meta":{"quantity":1.5}"#));
    for (changes, question) in [
        (&["--quantity", "0.5", "--destination", "1abc"][..], "quantity 0.5, destination 1abc"),
        (&["-f", "note=http://u:CANARY@h/"], r#"{"note":"http://***@h/"}"#),
    ] {
        let run = world.run(&[&["promise", "update", "i"][..], changes].concat());
        let question = format!("change promise i: {question}; add --yes");
        assert!(run.status == 2 && run.stderr.contains(&question), "{run:?}");
    }
    let update = ["promise", "update", "i", "-f", "quantity=100000000", "--curl"];
    assert!(world.text(&update).contains(r#""quantity":"100000000""#));
    assert!(world.sandbox.take_seen().is_empty());
}

#[test]
fn entry_of_arguments_replaces_all_entries_of_the_file() {
    let world = world();
    let body = r#"{"accounts":[{"account":"a","amount":7,"ref":"order-7","source":"b"},
        {"account":"b","amount":8}]}"#;
    std::fs::write(world.home.join("booking.json"), body).unwrap();
    let group =
        value(&world, &["credit", "group", "create", "-f", "name=Tour"], "/credit_group/uuid");
    world.text(&["credit", "account", "create", &group, "tourist"]);
    let give = ["credit", "give", &group, "tourist", "5", "--input", "booking.json", "--yes"];
    world.text(&give);
    let seen = world.sandbox.take_seen();
    let sent: Value = serde_json::from_slice(&seen.last().unwrap().request.body).unwrap();
    let expected = serde_json::json!([{"account": "tourist", "amount": 5}]);
    assert_eq!(sent["accounts"], expected);
    // An incomplete entry is not completed by the file.
    for (arguments, missing) in
        [(&["tourist"][..], "missing AMOUNT;"), (&["--ref", "x"], "missing ACCOUNT and AMOUNT;")]
    {
        let file = ["--input", "booking.json", "--yes"];
        let run = world.run(&[&["credit", "take", &group], arguments, &file].concat());
        assert!(run.status == 2 && run.stderr.contains(missing), "{run:?}");
    }
    assert!(world.sandbox.take_seen().is_empty());
}

#[test]
fn chats_are_updated_with_what_was_given() {
    let world = world();
    let run = world.run(&["chat", "update", "c", "--token", "A=1", "--token", "A=2"]);
    assert!(run.status == 2 && run.stderr.contains("--token A: is given twice"), "{run:?}");
    for (token, problem) in
        [("A", "must be a name, an equals sign"), ("A=1,5", "--token <TOKEN=AMOUNT>': ")]
    {
        let run = world.run(&["chat", "update", "c", "--token", token]);
        assert!(run.status == 2 && run.stderr.contains(problem), "{run:?}");
    }
    std::fs::write(world.home.join("chat.json"), r#"{"active":false}"#).unwrap();
    let run = world.run(&["chat", "update", "c", "--active", "false"]);
    assert!(run.status == 2 && run.stderr.contains("token: must be given"), "{run:?}");
    assert!(world.sandbox.take_seen().is_empty());
    let inputs = [&["--input", "chat.json"][..], &["-F", "active=false"]];
    for options in inputs {
        let run = world.run(&[&["chat", "update", "c"], options].concat());
        let seen = world.sandbox.take_seen();
        let sent: Value = serde_json::from_slice(&seen.last().unwrap().request.body).unwrap();
        assert_eq!((&sent["active"], sent.get("tca_rules")), (&false.into(), None), "{run:?}");
    }
}

#[test]
fn parameters_of_api_are_in_the_query_and_in_the_body() {
    let world = world();
    let request = ["api", "oauth.request_code", "-f", "username=ann", "-f", "grant_access=1"];
    let query = ["-f", "scope=tca", "-f", "redirect_uri=https://example.org", "--curl"];
    let curl = world.text(&[&request[..], &query].concat());
    assert!(curl.contains(r#"--data-raw '{"username":"ann","grant_access":"1"}'"#), "{curl}");
    assert!(curl.contains("&scope=tca&redirect_uri=https%3A%2F%2Fexample.org'"), "{curl}");
    let delete = ["api", "DELETE", "/api/v1/tca/provisional/a", "-f", "x=y", "--curl"];
    assert!(world.text(&delete).contains("/provisional/a?x=y'"));
}
