//! The options of all commands.

use api_sandbox::{Misbehaviour, Raw, Response, Seen, Server, Service, Verdict};
use serde_json::{Value, json};
use tpay_client::{Client, CreateTransaction, Environment, Payer, grosze};

use crate::{CREATE, World, file, finish};

impl World {
    /// Creates so many transactions.
    fn transactions(&self, count: usize) {
        use api_sandbox::tpay::{CLIENT_ID, CLIENT_SECRET};

        let client = Client::builder(CLIENT_ID, CLIENT_SECRET)
            .environment(Environment::custom(self.sandbox.tpay().base_url()))
            .build()
            .unwrap();
        let order = CreateTransaction::new(grosze(100), "x", Payer::new("a@example.com", "A B"));
        for result in client.send_all(vec![order; count], 4) {
            result.1.unwrap();
        }
    }
}

fn ids(text: &str) -> Vec<String> {
    let list: Vec<Value> = serde_json::from_str(text).unwrap();
    list.iter().map(|entry| entry["transactionId"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn pages_are_requested_at_the_same_time_and_in_order() {
    let world = World::new();
    world.transactions(230);
    world.sandbox.take_seen();
    let list = ["transaction", "list", "-o", "json"];
    let one = world.text(&[&list[..], &["--all"]].concat());
    let many = world.text(&[&list[..], &["--all", "--jobs", "4"]].concat());
    assert_eq!(one, many);
    assert_eq!(ids(&one).len(), 230);
    let run = world.run(&[&list[..], &["--limit", "120", "--jobs", "4"]].concat());
    assert_eq!(ids(&run.stdout), ids(&one)[..120]);
    assert_eq!(run.stderr, "120 of 230 shown\n");
    let all = ["api", "transactions.list", "--paginate", "-f", "limit=50", "-o", "json"];
    assert_eq!(ids(&world.text(&all)), ids(&one));
    let path = ["api", "GET", "/transactions?limit=100&page=2", "--paginate", "-o", "json"];
    assert_eq!(ids(&world.text(&[&path[..], &["--jobs", "2"]].concat())), ids(&one)[100..]);
}

/// A server that returns the same page for each number.
struct Repeated;

impl Service for Repeated {
    fn respond(&mut self, request: &Raw) -> (Response, Verdict) {
        let entry = |id: u8| json!({"transactionId": format!("T{id}"), "status": "correct"});
        let body = match request.path() {
            "/oauth/auth" => json!({"access_token": "t", "expires_in": 7200}),
            _ => {
                let entries: Vec<Value> = (0..100).map(entry).collect();
                json!({"result": "success", "transactions": entries})
            }
        };
        (Response::json(200, &body), Verdict { endpoint: None, signed: None })
    }
}

#[test]
fn list_of_a_server_that_repeats_a_page_is_9_and_stays_unclosed() {
    let world = World::new();
    let server = Server::start(0, Repeated).unwrap();
    let list = ["transaction", "list", "--all", "-o", "json", "--base-url", server.base_url()];
    for jobs in ["1", "4"] {
        let run = world.run(&[&list[..], &["--jobs", jobs]].concat());
        assert_eq!(run.status, 9, "{run:?}");
        assert!(run.stderr.contains("the server keeps returning the same entries"), "{run:?}");
        assert_eq!(run.stdout.matches("transactionId").count(), 100);
        assert!(!run.stdout.trim_end().ends_with(']'), "{run:?}");
    }
}

#[test]
fn list_with_an_error_stays_unclosed() {
    let world = World::new();
    world.transactions(130);
    world.sandbox.tpay().state(|server| server.refuse_next("transactions.list", 409, "conflict"));
    let run = world.run(&["transaction", "list", "--all", "-o", "json"]);
    assert_eq!((run.status, run.stdout.as_str()), (8, ""));
    std::fs::write(world.home.join("list.json"), "before").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("list.json", world.home.join("link.json")).unwrap();
    let outs = if cfg!(unix) { &["list.json", "link.json"][..] } else { &["list.json"] };
    for (arguments, begin) in [(&["-o", "json"][..], "[\n{"), (&["-o", "csv"], "id,title,")] {
        let all = [&["transaction", "list", "--all", "--retries", "0"][..], arguments].concat();
        let second = world.second_page_fails(&all);
        assert_eq!(second.status, 5, "{second:?}");
        assert!(second.stdout.starts_with(begin), "{second:?}");
        assert!(!second.stdout.trim_end().ends_with(']'), "{second:?}");
        for out in outs {
            let to_file = [&all[..], &["--out", out]].concat();
            assert_eq!(world.second_page_fails(&to_file).status, 5);
            assert_eq!(file(&world.home.join("list.json")), "before");
        }
    }
}

impl World {
    /// Runs a command behind a proxy that fails for the second page.
    fn second_page_fails(&self, arguments: &[&str]) -> crate::Run {
        use std::io::{Read, Write};

        let server = self.sandbox.tpay().base_url().replace("http://", "");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, mut head) = (stream.unwrap(), Vec::new());
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
                    head.push(byte[0]);
                }
                let head = String::from_utf8(head).unwrap();
                if head.starts_with("END") {
                    return;
                }
                let length = head.to_ascii_lowercase();
                let length = length.split("content-length: ").nth(1);
                let length =
                    length.map_or(0, |text| text.split("\r\n").next().unwrap().parse().unwrap());
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                if head.contains("page=2") {
                    stream
                        .write_all(
                            b"HTTP/1.1 502 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                        )
                        .unwrap();
                    continue;
                }
                let mut upstream = std::net::TcpStream::connect(&server).unwrap();
                let (line, rest) = head.split_once("\r\n").unwrap();
                write!(upstream, "{line}\r\nconnection: close\r\n{rest}").unwrap();
                upstream.write_all(&body).unwrap();
                let mut response = Vec::new();
                upstream.read_to_end(&mut response).unwrap();
                let response = String::from_utf8(response).unwrap();
                let response = response.replacen("\r\n", "\r\nconnection: close\r\n", 1);
                stream.write_all(response.as_bytes()).unwrap();
            }
        });
        let url = format!("http://{address}");
        let run = self.run(&[arguments, &["--base-url", &url]].concat());
        std::net::TcpStream::connect(address).unwrap().write_all(b"END\r\n\r\n").unwrap();
        thread.join().unwrap();
        run
    }
}

#[test]
fn invalid_options_are_2_and_json_if_asked() {
    let world = World::new();
    for option in [
        &["--jobs", "0"][..],
        &["--jobs", "65"],
        &["--max-rate", "5"],
        &["--max-rate", "0/s"],
        &["--color", "sometimes"],
        &["--timeout", "5"],
    ] {
        let run = world.run(&[&["transaction", "list", "-o", "json"][..], option].concat());
        assert_eq!(run.status, 2, "{option:?}: {run:?}");
        let error: Value = serde_json::from_str(&run.stderr).unwrap();
        assert_eq!((&error["kind"], &error["exit"]), (&"usage".into(), &2.into()));
        assert!(error["message"].as_str().unwrap().contains(option[0]), "{run:?}");
    }
    world.text(&["transaction", "list", "--max-rate", "1000/s", "--jobs", "2"]);
    for arguments in [
        &["api", "transactions.get", "--paginate", "-f", "transactionId=x"][..],
        &["api", "POST", "/transactions", "--paginate"],
        &["api", "transactions.list", "-H", "no colon"],
        &["api", "transactions.list", "-H", "Host: example.com"],
        &["api", "transactions.list", "--paginate", "-f", "page=first"],
        &["api", "--list", "transactions"],
        &["api", "--list", "-f", "id=transactions"],
        &["--fields", "", "transaction", "list", "--fields", "id"],
        &["transaction", "list", "--fields", "id, "],
    ] {
        assert_eq!(world.run(arguments).status, 2, "{arguments:?}");
    }
}

#[test]
fn bodies_are_checked_before_they_are_sent() {
    let world = World::new();
    let create = ["transaction", "create", "--email", "a@example.com", "--name", "A"];
    std::fs::write(world.home.join("three-places.json"), r#"{"amount":1.005}"#).unwrap();
    for (arguments, problem) in [
        (&["--description", "", "--amount", "1"][..], "--description: must not be empty"),
        (&["--description", "", "--amount", "1", "-f", "x=y"], "--description: must not be empty"),
        (&["--description", "x", "-F", "amount=null"], "-F amount: must not be null"),
        (&["--description", "x", "-f", "amount="], "-f amount: must not be empty"),
        (&["--description", "x", "-F", "amount=0"], "-F amount: must be more than 0"),
        (&["--description", "x", "-F", "amount=7,50"], "-F amount: the value looks like a number"),
        (&["--description", "x", "-F", "amount=nan"], "amount: must be a number more than 0"),
        (&["--description", "x", "-F", "amount=1e400"], "amount: must be a number more than 0"),
        (&["--description", "x", "-F", "amount=1.005"], "with at most 2 decimal places"),
        (&["--description", "x", "-f", "amount=1.50"], "amount: must be a number, not a string"),
        (&["--description", "x", "-F", "amount.value=1"], "amount: must be a number more than 0"),
        (
            &["--description", "x", "--amount", "1.005", "-F", "x=y"],
            "--amount: must be a number more than 0, with at most 2 decimal places",
        ),
        (&["--description", "x", "--input", "three-places.json"], "with at most 2 decimal places"),
        (&["--description", "x", "--amount", "1", "--currency", ""], "--currency: must not be"),
        (&["--description", "x", "--amount", "1", "--notify-url="], "--notify-url: must not be"),
        (&["--description", "x", "--amount", "1", "-f", ".=x"], ".: must be names separated"),
        (&["--description", "x", "--amount", "-5"], "--amount: must be more than 0"),
        (&["--description", "x", "--amount", "0"], "--amount: must be more than 0"),
    ] {
        let run = world.run(&[&create[..], arguments].concat());
        assert!(run.status == 2 && run.stderr.contains(problem), "{arguments:?}: {run:?}");
    }
    let parts = r#"{"childTransactions":[{"amount":5},{"amount":2.50}]}"#;
    std::fs::write(world.home.join("parts.json"), parts).unwrap();
    let plan = r#"{"paymentInstrument":{"value":"x"}}"#;
    std::fs::write(world.home.join("plan.json"), plan).unwrap();
    for (arguments, problem) in [
        (&["refund", "create", "t", "-F", "amount=nan"][..], "amount: must be a number more"),
        (&["refund", "card", "-f", "tokenValue=x", "-F", "amount=1.005"], "amount: must be a num"),
        (
            &["marketplace", "create", "--input", "parts.json"],
            "childTransactions.1.amount: must be a whole number of at least 1",
        ),
        (
            &["marketplace", "refund", "m", "--input", "parts.json"],
            "childTransactions.1.amount: must be a whole number of at least 1",
        ),
        (
            &["marketplace", "create", "-F", "childTransactions.0.products.0.unitPrice=0.5"],
            "childTransactions.0.products.0.unitPrice: must be a whole number of at least 1",
        ),
        (
            &["recurring", "create", "-F", "schedule.amount=1.005", "--input", "plan.json"],
            "schedule.amount: must be a number more than 0",
        ),
    ] {
        let run = world.run(arguments);
        assert!(run.status == 2 && run.stderr.contains(problem), "{arguments:?}: {run:?}");
    }
    let limit = "pay.blikPaymentData.aliases.autopayment.singleLimitAmount=-1";
    let run =
        world.run(&[&create[..], &["--description", "x", "--amount", "1", "-F", limit]].concat());
    let problem = "autopayment.singleLimitAmount: must be a number more than 0";
    assert!(run.status == 2 && run.stderr.contains(problem), "{run:?}");
    let file = world.home.join("shape.json");
    for (body, problem) in [
        (r#"{"childTransactions":{"amount":150}}"#, "childTransactions: must be a list"),
        (r#"{"childTransactions":"150"}"#, "childTransactions: must be a list"),
        (r#"{"childTransactions":[[150]]}"#, "childTransactions.0: must be an object"),
        (
            r#"{"childTransactions":[{"amount":150,"products":{"a":{"unitPrice":-1}}}]}"#,
            "childTransactions.0.products: must be a list",
        ),
        (
            r#"{"childTransactions":[{"amount":[150]}]}"#,
            "childTransactions.0.amount: must be a whole number of at least 1",
        ),
        (r#"{"childTransactions":[{"amount":1e2}]}"#, "at least 1, without an exponent"),
        (r#"{"childTransactions":[{"amount":-150}]}"#, "amount: must be a whole number of at"),
        (r#"{"childTransactions":[{"amount":"150"}]}"#, "amount: must be a number, not a string"),
    ] {
        std::fs::write(&file, body).unwrap();
        for command in [
            &["marketplace", "create"][..],
            &["marketplace", "refund", "m"],
            &["api", "marketplace.create"],
            &["api", "POST", "/marketplace/v1/transaction/m/refund"],
        ] {
            let run = world.run(&[command, &["--input", "shape.json", "--yes"]].concat());
            assert!(run.status == 2 && run.stderr.contains(problem), "{body}: {run:?}");
        }
    }
    for (arguments, problem) in [
        (
            &["transactions.create", "-f", "amount=1.50"][..],
            "amount: must be a number, not a string",
        ),
        (&["POST", "/transactions", "-F", "amount=1.505"], "amount: must be a number more than 0"),
        (&["refunds.create", "-F", "amount=1.5e1"], "2 decimal places, without an exponent"),
        (&["recurring.create", "-F", "schedule.0.amount=5"], "schedule: must be an object"),
        (&["recurring.create", "-F", "schedule=5"], "schedule: must be an object"),
        (&["accounts.category", "-f", "categoryId=x"], "categoryId: `x` must be a whole number"),
        (&["GET", "/accounts/category/x%2F1"], "categoryId: `x/1` must be a whole number"),
        (&["GET", "/transactions?limit=0"], "limit: `0` must be a whole number of at least 1"),
    ] {
        let run = world.run(&[&["api"], arguments, &["--yes"]].concat());
        assert!(run.status == 2 && run.stderr.contains(problem), "{arguments:?}: {run:?}");
    }
    for list in ["transaction", "refund"] {
        for [since, until] in [["2026-11-02", "2026-11-01"], ["1d", "2d"], ["2026-11-02", "9000d"]]
        {
            let run = world.run(&[list, "list", "--since", since, "--until", until]);
            let problem = "--since: must not be after --until";
            assert!(run.status == 2 && run.stderr.contains(problem), "{run:?}");
        }
    }
    assert!(world.sandbox.take_seen().is_empty());
}

#[test]
fn messages_name_the_typed_arguments() {
    let world = World::new();
    let alias = ["blik", "alias", "create", "v", "--description", "d", "--label", "l"];
    let plan = ["recurring", "create", "--id", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "--description", "d"];
    let payer = ["--email", "a@example.com", "--name", "A", "--amount", "1", "--first-charge"];
    let plan = [&plan[..], &payer, &["2026-12-24 10:00:00", "--instrument-stdin"]].concat();
    for (arguments, named) in [
        (&["bank-account", "create", "1", "o", "i"][..], "NUMBER: must be PL and 26 digits"),
        (&["card", "apple-pay", "", "u"], "DOMAIN: must not be empty"),
        (&["blik", "alias", "get", ""], "VALUE: must not be empty"),
        (
            &["blik", "alias", "create", "v", "--description", "d", "--label", "", "--code-stdin"],
            "--label: must not be empty",
        ),
        (&["blik", "alias", "delete", ".."], "VALUE: must not be \"."),
        (&[&alias[..], &["--code-stdin"]].concat(), "--code-stdin: must be six digits"),
        (&["blik", "pay", "t", "--code-stdin"], "--code-stdin: must be six digits"),
        (&["marketplace", "pay", "t", "--code-stdin"], "--code-stdin: must be six digits"),
        (&["marketplace", "refund", "t", "--part", "a=0"], "--part: must be more than 0"),
        (
            &["refund", "card", "--amount", "1", "--card-expiry", "13", "--token-stdin"],
            "--card-expiry: must be YYMM",
        ),
        (&[&plan[..], &["--notify-url", ""]].concat(), "--notify-url: must not be empty"),
        (
            &["refund", "card", "--amount", "1", "--currency", "0", "--token-stdin"],
            "--currency: must be more than 0",
        ),
    ] {
        let run = finish(world.command(arguments), "123\n");
        assert!(run.status == 2 && run.stderr.contains(named), "{arguments:?}: {run:?}");
    }
    let run = world.run(&["transaction", "list", "--record", "."]);
    assert!(run.status == 10 && run.stderr.contains("tpay: --record: cannot open"), "{run:?}");
    let run = finish(
        world.command(&["refund", "card", "--amount", "1", "--token-stdin"]),
        &"x".repeat(256),
    );
    let named = "--token-stdin: must not be longer than 255 characters";
    assert!(run.status == 2 && run.stderr.contains(named), "{run:?}");
    for command in ["get", "delete"] {
        let run = finish(world.command(&["card", command, "--token-stdin", "--yes"]), "..\n");
        let named = "--token-stdin: must not be \".";
        assert!(run.status == 2 && run.stderr.contains(named), "{run:?}");
    }
    assert!(world.sandbox.take_seen().is_empty());
}

#[test]
fn request_for_a_token_has_no_headers_of_the_user() {
    let world = World::new();
    world.sandbox.take_seen();
    let run = world.run(&["api", "GET", "/transactions", "-H", "Content-Type: text/plain"]);
    assert_eq!(run.status, 0, "{run:?}");
    let seen = world.sandbox.take_seen();
    let sent = seen.iter().map(|seen| {
        (seen.verdict.endpoint, seen.request.header("content-type") == Some("text/plain"))
    });
    let expected = [(Some("oauth.token"), false), (Some("transactions.list"), true)];
    assert_eq!(sent.collect::<Vec<_>>(), expected);
}

#[test]
fn headers_are_sent_and_shown() {
    let world = World::new();
    world.sandbox.take_seen();
    let api = ["api", "transactions.list", "-H", "X-Trace: it's 7"];
    world.text(&api);
    let seen = world.sandbox.take_seen();
    assert_eq!(seen.last().unwrap().request.header("x-trace"), Some("it's 7"));
    world.text(&[&api[..], &["-H", "X-Trace: 8", "-H", "Accept: */*"]].concat());
    let seen = world.sandbox.take_seen();
    let request = &seen.last().unwrap().request;
    let all =
        |name| request.headers.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name)).count();
    assert_eq!((all("x-trace"), all("accept")), (2, 1));
    let command = world.text(&[&api[..], &["--curl", "-H", "X-Session-Id: CANARY"]].concat());
    assert!(command.contains("x-session-id: ***") && !command.contains("CANARY"), "{command}");
    let command = world.text(&[&api[..], &["--curl", "-H", "X-Api-Key: CANARY"]].concat());
    assert!(command.contains(r"-H 'x-trace: it'\''s 7'"), "{command}");
    assert!(command.contains("x-api-key: ***") && !command.contains("CANARY"), "{command}");
    let referer = "Referer: https://h/?access_token=CANARY";
    let command = world.text(&[&api[..], &["--curl", "-H", referer, "-H", "X-Empty:"]].concat());
    let expected = "-H 'referer: https://h/?access_token=***' -H 'x-empty;'";
    assert!(command.contains(expected) && !command.contains("CANARY"), "{command}");
    // Names of secret parameters, which do not indicate a secret by themselves.
    let listed = ["-H", "Payment-Data: CANARY", "-H", "Session: CANARY", "--curl"];
    for more in [&[][..], &["--paginate"]] {
        let command = world.text(&[&api[..], &listed, more].concat());
        let is_masked = ["payment-data: ***", "session: ***", "x-trace: it"];
        assert!(is_masked.iter().all(|shown| command.contains(shown)), "{command}");
        assert!(!command.contains("CANARY"), "{command}");
    }
}

#[test]
fn colors_are_on_request_only() {
    let world = World::new();
    let get = ["transaction", "get", "none"];
    assert!(!world.run(&get).stderr.contains('\u{1b}'));
    let run = world.run(&[&get[..], &["--color", "always"]].concat());
    assert!(run.stderr.starts_with("\u{1b}[1;31mtpay\u{1b}[0m "), "{run:?}");
    let run = world.run(&["transaction", "--color=always", "get"]);
    assert!(run.status == 2 && run.stderr.contains('\u{1b}'), "{run:?}");
    let run = world.run(&["transaction", "--color=never", "get"]);
    assert!(run.status == 2 && !run.stderr.contains('\u{1b}'), "{run:?}");
}

#[test]
fn exchanges_are_printed_without_secrets() {
    let world = World::new();
    let run = world.run(&[&CREATE[..], &["-vv"]].concat());
    assert_eq!(run.status, 0, "{run:?}");
    for part in
        ["> POST /oauth/auth\n", "> POST /transactions\n", "< 200\n", "attempt 1, status 200"]
    {
        assert!(run.stderr.contains(part), "{part}: {run:?}");
    }
    assert!(
        !run.stderr.contains("jan@example.com") && !run.stderr.contains("Jan Nowak"),
        "{run:?}"
    );
    // With a recording, its lines are also in the file.
    let run = world.run(&["transaction", "list", "-vv", "--record", "session.jsonl"]);
    assert!(run.stderr.contains("> GET /transactions"), "{run:?}");
    assert!(file(&world.home.join("session.jsonl")).contains("transactions.list"));
}

#[test]
fn times_are_utc_without_a_terminal() {
    let world = World::new();
    let id = world.transaction("order-7");
    for format in ["table", "csv"] {
        let fields = ["-o", format, "--fields", "date.creation"];
        let text = world.text(&[&["transaction", "get", &id][..], &fields].concat());
        assert!(text.trim_end().ends_with('Z'), "{text}");
    }
    let list = world.text(&["transaction", "list"]);
    assert!(list.contains("Z\t"), "{list}");
    let json = world.text(&["transaction", "get", &id, "-o", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert!(!json["date"]["creation"].as_str().unwrap().contains('T'), "{json}");
}

#[test]
fn missing_credentials_have_a_hint() {
    let world = World::new();
    let run = finish(world.bare(&["transaction", "list", "-o", "json"]), "");
    let error: Value = serde_json::from_str(&run.stderr).unwrap();
    let hint = error["hint"].as_str().unwrap();
    assert_eq!(hint, "set it, run `tpay auth login`, or use --profile NAME or --env-file FILE");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.ends_with("TPAY_CLIENT_ID is not set (credentials were read from the environment)"),
        "{message}"
    );
}

#[test]
fn pages_of_help_exist() {
    let world = World::new();
    let statuses = world.text(&["help", "exit-status"]);
    assert!(statuses.contains("128+N  terminated by signal N: 129 (HUP), 130 (INT, Ctrl-C)"));
    let commands = world.text(&["help", "commands"]);
    assert!(commands.contains("tpay refund create TRANSACTION\n"), "{commands}");
    assert!(commands.contains("      --amount AMOUNT\n"), "{commands}");
    for page in ["", "exit-status", "commands", "refund", "refund create"] {
        let words: Vec<&str> = ["help"].into_iter().chain(page.split_whitespace()).collect();
        let text = world.text(&words);
        for option in ["--help", "-h"] {
            assert_eq!(world.text(&[&words[..], &[option]].concat()), text, "{page}");
        }
    }
}

#[test]
fn transactions_are_found_by_their_hidden_description() {
    let world = World::new();
    let (first, _, _) =
        (world.transaction("order-7"), world.transaction("order-8"), world.transaction("order-9"));
    let list =
        ["transaction", "list", "--hidden-description", "order-7", "--fields", "transactionId"];
    assert_eq!(world.text(&[&list[..], &["--limit", "1"]].concat()).trim(), first);
    let run = world.run(&["auth", "login", "--wait", "1m"]);
    assert_eq!(run.status, 2, "{run:?}");
}

/// The response contains the new merchant's client secret and passwords.
#[cfg(unix)]
#[test]
fn file_with_secrets_in_a_response_is_private() {
    use std::os::unix::fs::PermissionsExt;

    let world = World::new();
    let create = ["account", "create-merchant", "--offer-code", "SAND1"];
    let create = [&create[..], &["--email", "ann@example.com", "--yes", "-o", "json"]].concat();
    world.text(&[&create[..], &["--out", "merchant.json"]].concat());
    let merchant = world.home.join("merchant.json");
    assert!(file(&merchant).contains("clientSecret"));
    assert_eq!(std::fs::metadata(&merchant).unwrap().permissions().mode() & 0o777, 0o600);
    // The fields leave the secrets out, so that only the file may contain them.
    let other = [&create[..], &["--fields", "none"]].concat();
    let run = world.run(&other);
    assert!(run.status == 0 && run.stderr.contains("unknown field `none`"), "{run:?}");
    assert!(run.stdout.contains(r#""apiCredentials":"***""#), "{run:?}");
    assert!(!run.stdout.contains("clientSecret"), "{run:?}");
    world.text(&[&other[..], &["--out", "merchant.json"]].concat());
    let merchant = file(&merchant);
    assert!(merchant.contains(r#""clientSecret":"#) && !merchant.contains("***"), "{merchant}");
    let run = world.run(&["api", "transactions.list", "--fields", "none", "-o", "json"]);
    assert_eq!((run.status, run.stdout.as_str()), (2, "{\"none\":null}\n"), "{run:?}");
}

/// The response may contain secrets, which must not be written to a file of another user.
#[cfg(unix)]
#[test]
fn link_to_a_file_of_another_user_is_rejected_before_a_write() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    let world = World::new();
    let file = world.home.join("file");
    std::fs::write(&file, "old").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
    symlink("file", world.home.join("link")).unwrap();
    if std::fs::metadata(&file).unwrap().uid() != 0 {
        eprintln!("skipped: only root can run a program as another user");
        return;
    }
    world.sandbox.take_seen();
    let create = ["account", "create-merchant", "--offer-code", "SAND1", "--out", "link"];
    let mut command = world.command(&[&create[..], &["--email", "ann@example.com"]].concat());
    if !test_support::cli::as_other_user(&mut command) {
        return;
    }
    let run = finish(command, "");
    assert!(run.status == 10 && run.stderr.contains("link: Operation not permitted"), "{run:?}");
    assert!(world.sandbox.take_seen().is_empty());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "old");
}

#[cfg(unix)]
#[test]
fn recording_may_be_a_file_that_the_user_can_only_append_to() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

    let world = World::new();
    let file = world.home.join("recording");
    std::fs::write(&file, "").unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o200)).unwrap();
    let list = ["transaction", "list", "--record", "recording"];
    for number in 1..=2 {
        let mut command = world.command(&list);
        if !test_support::cli::as_other_user(&mut command) {
            return;
        }
        if std::fs::metadata(&world.home).unwrap().uid() == 0 {
            chown(&file, Some(65534), None).unwrap();
        }
        let run = finish(command, "");
        assert_eq!(run.status, 0, "{run:?}");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(text.matches("{\"recording\":1,").count(), number, "{text}");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o200)).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn write_waits_for_the_reader_of_a_pipe_before_it_is_sent() {
    use std::io::Read;
    use std::process::Stdio;

    let world = World::new();
    let pipe = world.home.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.is_ok_and(|status| status.success()));
    world.sandbox.take_seen();
    let start = || {
        let mut command = world.command(&[&CREATE[..], &["--out", "pipe"]].concat());
        command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let child = start();
    let path = pipe.clone();
    let reader = std::thread::spawn(move || {
        let (mut file, mut text) = (std::fs::File::open(path).unwrap(), String::new());
        file.read_to_string(&mut text).unwrap();
        text
    });
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(reader.join().unwrap().contains("transactionId"));
    // A reader that ends before the response. The server responds after this closure.
    let child = start();
    world.sandbox.take_seen();
    world.sandbox.tpay().state(|_| drop(std::fs::File::open(&pipe).unwrap()));
    let output = child.wait_with_output().unwrap();
    let problem = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(6), "{problem}");
    assert!(problem.contains("the request was carried out") && problem.contains("pipe: "));
    assert!(!world.sandbox.take_seen().is_empty());
    // A reader gets the whole response, also through a descriptor of the shell.
    for script in [
        r#"cat pipe & "$@" --out pipe && wait"#,
        r#"exec 4<>pipe; "$@" --out pipe && dd bs=65536 count=1 <&4"#,
        r#"("$@" --out /dev/fd/3 3>&1) | cat"#,
    ] {
        let mut shell = std::process::Command::new("sh");
        world.prepare(&mut shell);
        shell.args(["-c", script, "sh", env!("CARGO_BIN_EXE_tpay")]).args(CREATE);
        let run = finish(shell, "");
        assert!(run.status == 0 && run.stdout.contains("transactionId"), "{script}: {run:?}");
    }
}

#[cfg(unix)]
#[test]
fn socket_is_rejected_before_a_write() {
    let world = World::new();
    let socket = world.home.join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(socket).unwrap();
    world.sandbox.take_seen();
    let run = world.run(&[&CREATE[..], &["--out", "socket"]].concat());
    assert!(run.status == 10 && run.stderr.contains("socket: "), "{run:?}");
    assert!(world.sandbox.take_seen().is_empty());
}

#[test]
fn blank_settings_of_files_and_profiles_are_rejected() {
    let world = World::new();
    let variables = world.variables().filter(|(name, _)| *name != "TPAY_SECURITY_CODE");
    let file: String = variables.map(|(name, value)| format!("{name}={value}\n")).collect();
    let listen = ["notification", "listen", "--bind", "127.0.0.1:0", "--for", "1s"];
    for (line, problem) in [
        ("TPAY_SECURITY_CODE=", ": TPAY_SECURITY_CODE: must not be empty"),
        ("TPAY_SECURITY_CODE=\" \"", ": TPAY_SECURITY_CODE: must not be empty"),
        ("TPAY_MERCHANT_ID=", ": TPAY_MERCHANT_ID: must not be empty"),
        ("tpay_security_code=x", ": tpay_security_code is not one of "),
        ("TPAY SECURITY CODE=x", " has a space in the name before `=`"),
    ] {
        let lines = format!("{file}{line}\n").replace("TPAY_MERCHANT_ID=1010\n", "");
        for arguments in [&listen[..], &["auth", "status"]] {
            let command = world.bare(&[arguments, &["--env-file", "-"]].concat());
            let run = world.finish(command, &lines);
            assert_eq!(run.status, 10, "{line}: {run:?}");
            assert!(run.stderr.contains(problem), "{line}: {run:?}");
        }
    }
}

#[test]
fn passwords_of_urls_in_bodies_are_not_shown() {
    let world = World::new();
    let url = "https://ann:CANARY@localhost/n";
    let field = format!("callbacks.notification.url={url}");
    let create = [&CREATE[..], &["--notify-url", url]].concat();
    let by_field = [&CREATE[..], &["-f", &field]].concat();
    let body = format!(r#"{{"callbacks":{{"notification":{{"url":"{url}","x":"y"}}}}}}"#);
    std::fs::write(world.home.join("body.json"), body).unwrap();
    let by_file = [&CREATE[..], &["--input", "body.json"]].concat();
    let query = format!("/transactions?x={url}");
    let header = format!("Referer: {url}");
    let api = ["api", "POST", &query, "-f", "url=ann", "-H", &header, "--yes"];
    for arguments in [&create[..], &by_field, &by_file, &api] {
        for more in
            [&["--curl"][..], &["--dry-run"], &["-vv", "--record", "record", "--fields", "x"]]
        {
            let run = world.run(&[arguments, more].concat());
            let shown = [run.stdout.as_str(), &run.stderr].concat();
            assert!(!shown.contains("CANARY"), "{arguments:?} {more:?}: {run:?}");
            assert!(more != ["--curl"] || shown.contains("***"), "{run:?}");
        }
    }
    let record = std::fs::read_to_string(world.home.join("record")).unwrap();
    assert!(record.contains("https://***@localhost/n") && !record.contains("CANARY"), "{record}");
    // The request is sent unchanged.
    let seen = world.sandbox.take_seen();
    let sent = |seen: &&Seen| String::from_utf8_lossy(&seen.request.body).contains(url);
    assert_eq!(seen.iter().filter(sent).count(), 3);
    // The server rejects the URL, and its message contains it.
    let how = Misbehaviour::Bytes(
        format!(
            "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{url}",
            url.len()
        )
        .into_bytes(),
    );
    world.sandbox.tpay().misbehave_at("/transactions", how, 1);
    let run = world.run(&by_file);
    assert!(run.status == 8 && !run.stderr.contains("CANARY"), "{run:?}");
}

#[test]
fn secrets_of_standard_input_are_limited() {
    let world = World::new();
    let path = world.home.join("endless");
    std::fs::File::create(&path).unwrap().set_len((64 << 20) + 1).unwrap();
    let mut command = world.command(&["blik", "pay", "01ABC", "--code-stdin"]);
    let output = command.stdin(std::fs::File::open(&path).unwrap()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(10), "{stderr}");
    assert!(stderr.contains("--code-stdin: is larger than 64 MiB"), "{stderr}");
}
