//! The command of each endpoint.

use api_sandbox::tpay as server;
use test_support::cli::SandboxProgram;
use test_support::programs::{
    Call, WriteBodies, assert_all, assert_columns, assert_questions, walk,
};

use crate::{CREATE, World, file, finish};

/// Endpoints that only `tpay api ID` calls: the client requests its tokens itself, and the other
/// endpoint is an older one of `transactions.cancel`.
const API_ONLY: &[&str] = &["oauth.token", "transactions.cancel_legacy"];

const BODIES: WriteBodies<'_> = WriteBodies {
    endpoints: tpay_client::ENDPOINTS,
    fixed: &["blik.delete_alias"],
    constants: &[
        "currencyCode",
        "schedule.currency",
        "schedule.interval",
        "schedule.intervalType",
        "blikPaymentData.type",
        "pay.blikPaymentData.type",
    ],
};

/// The id of the plan.
const PLAN: &str = "01T0VR00000000000000000007";

/// The command that creates the plan [`PLAN`]. It reads the payment instrument from standard input.
pub(crate) fn create_plan() -> Vec<&'static str> {
    [
        &["recurring", "create", "--id", PLAN, "--description", "Plan", "--amount", "49.90"][..],
        &["--email", "jan@example.com", "--name", "Jan Nowak", "--charges", "12"],
        &["--first-charge", "2030-01-01T10:00:00", "--notify-url", "https://example.com/n"],
        &["--instrument", "test", "--instrument-stdin"],
    ]
    .concat()
}

const CODE: &str = "777123\n";

impl World {
    /// Creates a payment of a marketplace and returns its id.
    fn payment(&self) -> String {
        let fields = ["-o", "csv", "--fields", "transactionId"];
        let made = self.text(&[&BASKET[..], &fields].concat());
        made.lines().nth(1).unwrap().to_owned()
    }

    fn walk(&self, calls: &[Call<'_>]) {
        let run = |arguments: &[&str], input: &str| finish(self.command(arguments), input);
        let seen = || self.sandbox.take_seen().iter().map(|seen| seen.verdict.endpoint).collect();
        walk(calls, BODIES, run, seen);
    }
}

#[test]
fn questions_are_documented() {
    let questions = ["blik pay", "transaction pay", "marketplace pay", "notification verify"];
    assert_questions(&questions, |arguments| World::new().run(arguments));
}

const BASKET: [&str; 10] = [
    "marketplace",
    "create",
    "--input",
    "basket.json",
    "--pos",
    server::MARKETPLACE_POS,
    "--email",
    "jan@example.com",
    "--name",
    "Jan Nowak",
];

#[test]
fn every_endpoint_has_a_command_or_is_for_api_only() {
    let world = World::new();
    let basket = format!(
        r#"{{"description":"Tea","childTransactions":[{{"amount":2000,"description":"Tea","merchant":{{"id":"{}"}},
            "products":[{{"externalId":"tea","quantity":2,"unitPrice":1000}}]}}],
            "transactionCallbacks":[{{"type":1,"value":"https://example.com/ok"}},
            {{"type":2,"value":"https://example.com/err"}}]}}"#,
        server::MARKETPLACE_MERCHANTS[0]
    );
    std::fs::write(world.home.join("basket.json"), basket).unwrap();
    std::fs::write(world.home.join("scan.pdf"), "%PDF-1.7").unwrap();
    let [paid, canceled, pending] = ["a", "b", "c"].map(|name| world.transaction(name));
    finish(world.command(&["blik", "pay", &paid, "--code-stdin"]), CODE);
    let [payment, other] = [world.payment(), world.payment()];
    let child = ["--fields", "childTransactions.0.id", "-o", "csv"];
    let child = world.text(&[&["marketplace", "get", &payment], &child[..]].concat());
    let created = ["--fields", "creationDate", "-o", "csv"];
    let created = world.text(&[&["marketplace", "get", &payment], &created[..]].concat());
    assert!(created.ends_with("Z\n"), "{created}");
    let part = format!("{}=1.50", child.lines().nth(1).unwrap());
    let full = [&CREATE[..], &["-f", "payer.phone=123456789"]].concat();
    let merchant = server::MARKETPLACE_MERCHANTS[0];
    let new = ["--offer-code", "SAND1", "--email", "tour@example.com"];
    let card = format!("{}\n", server::CARD_TOKEN);
    let iban = "PL63105015201000009091194713";
    let read = |words: &'static str| words.split(' ').collect::<Vec<&str>>();
    let calls: Vec<Call<'_>> = vec![
        ("transactions.create", full, ""),
        ("transactions.list", read("transaction list"), ""),
        ("transactions.get", vec!["transaction", "get", &paid], ""),
        ("transactions.pay", vec!["transaction", "pay", &pending, "--group", "150"], ""),
        ("transactions.cancel", vec!["transaction", "cancel", &canceled], ""),
        ("transactions.qr", vec!["transaction", "qr", &pending, "--type", "svg"], ""),
        ("transactions.bank_groups", read("transaction groups"), ""),
        ("transactions.channels", read("transaction channels"), ""),
        ("transactions.refund", vec!["refund", "create", &paid, "--amount", "1.50"], ""),
        ("transactions.list_refunds", vec!["refund", "list", "--transaction", &paid], ""),
        ("refunds.list", read("refund list"), ""),
        ("refunds.create", read("refund card --amount 1.50 --token-stdin"), &card),
        (
            "tokens.create",
            read("card save --notify-url https://example.com/n --name A --email a@b.pl"),
            "",
        ),
        ("tokens.get", read("card get --token-stdin"), &card),
        ("wallet.init_apple_pay", read("card apple-pay example.com https://apple.com/start"), ""),
        ("blik.get_alias", vec!["blik", "alias", "get", server::UID_ALIAS], ""),
        (
            "blik.create_alias",
            read(
                "blik alias create new --description x --label y --type payid --model M --code-stdin",
            ),
            CODE,
        ),
        ("blik.delete_alias", vec!["blik", "alias", "delete", server::UID_ALIAS], ""),
        ("accounts.list", read("account list"), ""),
        ("accounts.get", vec!["account", "get", server::ACCOUNT_ID], ""),
        ("accounts.balance", vec!["account", "balance", server::ACCOUNT_ID], ""),
        ("accounts.create_merchant", [&["account", "create-merchant"][..], &new].concat(), ""),
        (
            "accounts.upload_file",
            vec!["account", "upload-file", server::ACCOUNT_ID, "scan.pdf", "--type", "1"],
            "",
        ),
        ("accounts.categories", read("account options categories"), ""),
        ("accounts.category", read("account options categories 60"), ""),
        ("accounts.legal_forms", read("account options legal-forms"), ""),
        ("accounts.legal_form", read("account options legal-forms 1"), ""),
        ("accounts.documents", read("account options documents"), ""),
        ("accounts.document", read("account options documents 1"), ""),
        ("accounts.mcc", read("account options mcc"), ""),
        ("accounts.pos", read("account options pos --fields list.0.posId"), ""),
        (
            "accounts.create",
            [&["account", "create", "--input", "account.json"][..], &new].concat(),
            "",
        ),
        ("marketplace.create", BASKET.to_vec(), ""),
        ("marketplace.bank_groups", vec!["marketplace", "groups", merchant], ""),
        ("marketplace.pay", vec!["marketplace", "pay", &payment, "--code-stdin"], CODE),
        ("marketplace.get", vec!["marketplace", "get", &payment, "--attempts"], ""),
        ("marketplace.refund", vec!["marketplace", "refund", &payment, "--part", &part], ""),
        ("marketplace.cancel", vec!["marketplace", "cancel", &other], ""),
        (
            "collect.create_bank_account",
            vec!["bank-account", "create", iban, "Jan Kowalski", "Libelta 8"],
            "",
        ),
        ("collect.list_bank_accounts", read("bank-account list"), ""),
        ("recurring.create", create_plan(), "refused\n"),
        ("recurring.list", read("recurring list"), ""),
        ("recurring.get", vec!["recurring", "get", PLAN], ""),
        ("recurring.transactions", vec!["recurring", "charges", PLAN], ""),
        (
            "recurring.update_payment_instrument",
            vec!["recurring", "set-instrument", PLAN, "--instrument", "test", "--instrument-stdin"],
            "accepted\n",
        ),
        ("recurring.cancel", vec!["recurring", "cancel", PLAN], ""),
        ("reports.list", read("report list"), ""),
        ("reports.file", vec!["report", "download", server::REPORT_ID, server::REPORT_FILE_ID], ""),
        ("certificates.signing", read("certificate signing"), ""),
        ("certificates.root", read("certificate root"), ""),
        ("tokens.delete", read("card delete --token-stdin"), &card),
    ];
    let account = r#"{"taxId":"7773061579","phone":{"phoneNumber":"123456789","phoneCountry":"PL"},
        "website":[{"name":"Tour","friendlyName":"Tour","url":"https://example.com"}],
        "address":[{"name":"Main","friendlyName":"Main","street":"Libelta","houseNumber":"8","postalCode":"01-042",
        "city":"Warszawa","country":"PL","isMain":true}],"legalForm":1,"categoryId":60,"merchantApiConsent":true,
        "person":[{"name":"Jan","surname":"Nowak","isContactPerson":true,"isRepresentative":true,
        "contact":[{"contact":"tour@example.com","type":1}]}]}"#;
    std::fs::write(world.home.join("account.json"), account).unwrap();
    world.walk(&calls);
    // The ids of these are results of others.
    let refund = world.text(&["refund", "list", "--limit", "1", "--fields", "refundId"]);
    world.walk(&[("refunds.get", vec!["refund", "get", refund.trim()], "")]);
    let retry = world.run(&["recurring", "retry", PLAN, "--yes"]);
    assert_eq!(retry.status, 8, "a canceled plan has no failed charge: {retry:?}");
    world.text(&["auth", "status"]);
    assert_columns(
        &[
            (read("transaction list"), &[]),
            (read("transaction channels"), &[]),
            (read("transaction groups"), &[]),
            (vec!["refund", "list", "--transaction", &paid], &[]),
            (read("refund list"), &[]),
            (read("account list"), &[]),
            (vec!["marketplace", "groups", merchant], &[]),
            (read("bank-account list"), &[]),
            (read("recurring list"), &[]),
            (vec!["recurring", "charges", PLAN], &[]),
            (read("report list"), &[]),
        ],
        |arguments| world.run(arguments),
    );
    let others = ["refunds.get", "recurring.retry", "oauth.tokeninfo"];
    let called = calls.iter().map(|(endpoint, ..)| *endpoint).chain(others);
    let endpoints = tpay_client::ENDPOINTS.iter().map(|endpoint| endpoint.id());
    assert_all(endpoints, called, API_ONLY);
    let recording = file(&world.home.join("walk.jsonl"));
    let personal = ["jan@example.com", "Jan Nowak", "Jan Kowalski", "777123"];
    for text in crate::SECRETS.iter().chain(&personal) {
        assert!(!recording.contains(text), "{text}");
    }
}

#[test]
fn secrets_are_read_from_the_standard_input_only() {
    let world = World::new();
    world.sandbox.take_seen();
    for arguments in [
        &["card", "get"][..],
        &["card", "delete", "--yes"],
        &["refund", "card", "--amount", "1", "--yes"],
        &["marketplace", "pay", "x"],
        &["blik", "alias", "create", "x", "--description", "y", "--label", "z"],
        &["recurring", "set-instrument", "x", "--yes"],
    ] {
        let run = world.run(arguments);
        assert_eq!(run.status, 2, "{arguments:?}: {run:?}");
        assert!(run.stderr.contains("-stdin"), "{arguments:?}: {run:?}");
    }
    let run = finish(world.command(&["card", "get", "--token-stdin"]), "\n");
    assert!(run.status == 2 && run.stderr.contains("card token is empty"), "{run:?}");
    for (arguments, named) in [
        (&["blik", "pay", "x", "--code-stdin"][..], "--code-stdin: there is a further line after"),
        (&["card", "delete", "--token-stdin", "--yes"], "--token-stdin: there is a further line"),
    ] {
        let run = finish(world.command(arguments), &format!("{CODE}777124\n"));
        assert!(run.status == 2 && run.stderr.contains(named), "{run:?}");
    }
    assert!(world.sandbox.take_seen().is_empty());
}

/// Secrets are neither changed nor shown, except that the line end is removed.
#[test]
fn secrets_with_control_characters_or_outer_spaces_are_rejected() {
    use std::io::Write;
    use std::process::Stdio;

    let world = World::new();
    let id = world.transaction("order-7");
    world.sandbox.take_seen();
    let start = |arguments: &[&str], input: &[u8]| {
        let mut command = world.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), stderr)
    };
    let spaces = "must not begin or end with spaces";
    let control = "must not contain control characters, such as line breaks or tabs";
    for (input, problem) in [
        (&b" 777123\n"[..], spaces),
        (b"777123 \r\n", spaces),
        (b"777123\t\n", control),
        (b"777\x00123\n", control),
        (b"777\x1b[A123\n", control),
        (b"777123\r\r\n", control),
        (b"777\xff123\n", "is not UTF-8"),
    ] {
        for (arguments, option) in [
            (&["blik", "pay", &*id, "--code-stdin"][..], "--code-stdin"),
            (&["card", "get", "--token-stdin"], "--token-stdin"),
            (
                &["recurring", "set-instrument", "x", "--yes", "--instrument-stdin"],
                "--instrument-stdin",
            ),
        ] {
            let (status, stderr) = start(arguments, input);
            let expected = format!("tpay: {option}: {problem}\n");
            assert_eq!((status, stderr), (Some(2), expected), "{arguments:?} {input:?}");
        }
    }
    assert!(world.sandbox.take_seen().is_empty());
    // A mark at the beginning and the line end are no part of the secret.
    let (status, stderr) = start(&["blik", "pay", &id, "--code-stdin"], b"\xef\xbb\xbf777123\r\n");
    assert_eq!(status, Some(0), "{stderr}");
}

#[test]
fn secret_is_read_from_a_standard_input_that_stays_open() {
    use std::io::Write;
    use std::process::Stdio;

    let world = World::new();
    let id = world.transaction("order-7");
    let mut command = world.command(&["blik", "pay", &id, "--code-stdin", "--fields", "status"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(CODE.as_bytes()).unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output().unwrap()));
    let output = receiver.recv_timeout(std::time::Duration::from_secs(60));
    assert!(output.unwrap().status.success());
    drop(stdin);
}

#[test]
fn bodies_of_writes_come_from_files_and_fields() {
    let world = World::new();
    let alias = format!(
        r#"{{"description":"x","pay":{{"blikPaymentData":{{"blikToken":"{}","aliases":{{"value":"new",
            "label":"y"}}}}}}}}"#,
        CODE.trim()
    );
    std::fs::write(world.home.join("alias.json"), alias).unwrap();
    let create = ["blik", "alias", "create", "--input", "alias.json"];
    world.text(&[&create[..], &["-F", "pay.blikPaymentData.aliases.noDelay=true"]].concat());
    assert!(world.text(&["blik", "alias", "get", "new", "-o", "json"]).contains("new"));
    // The type of the file, and the one of the option.
    world.text(&[&create[..], &["other", "--type", "payid", "--model", "M"]].concat());
    world.text(&["blik", "alias", "get", "other", "--type", "payid"]);
    let id = world.transaction("order-7");
    world.text(&["transaction", "pay", &id, "-F", "groupId=150"]);
    world.sandbox.take_seen();
    for (arguments, problem) in [
        (&["blik", "alias", "create", "-f", "description=x"][..], "--code-stdin"),
        (
            &[
                "blik",
                "alias",
                "create",
                "v",
                "--description",
                "x",
                "--label",
                "y",
                "--code-stdin",
                "-f",
                "pay.blikPaymentData.blikToken=1",
            ],
            "--code-stdin and -f pay.blikPaymentData.blikToken set the same member of the body",
        ),
        (&["transaction", "pay", &id], "--channel"),
        (&["refund", "create", &id, "--amount", "1", "-F", "amount=2"], "--amount and -F amount"),
        (&["refund", "create", &id, "--yes", "-F", "amount=null"], "-F amount: must not be null"),
        (&["refund", "create", &id, "--yes", "-F", "amount="], "-F amount: must not be empty"),
        (
            &["bank-account", "create", "-F", "ownerName=x"],
            "missing NUMBER and INFORMATION; pass them as arguments",
        ),
        (
            &["recurring", "create", "-F", "paymentInstrument.value=x"],
            "missing --id, --description",
        ),
        (&["account", "create", "--email", "a", "-f", "email=b"], "--email and -f email set"),
    ] {
        let run = finish(world.command(arguments), CODE);
        assert!(run.status == 2 && run.stderr.contains(problem), "{arguments:?}: {run:?}");
    }
    assert!(world.sandbox.take_seen().is_empty());
    // The question shows the amount of the body.
    let refund = ["refund", "card", "-F", "amount=3.50", "-F", "tokenValue=@token"];
    std::fs::write(world.home.join("token"), server::CARD_TOKEN).unwrap();
    let run = world.run(&refund);
    assert!(run.status == 2 && run.stderr.contains("refund 3.50 to this card"), "{run:?}");
    world.text(&[&refund[..], &["--yes"]].concat());
}

#[test]
fn body_of_a_file_must_be_an_object() {
    let world = World::new();
    world.sandbox.take_seen();
    for text in ["[]", "\"x\"", "null"] {
        std::fs::write(world.home.join("no.json"), text).unwrap();
        for command in
            ["transaction create", "refund create x --yes", "card save", "account create"]
        {
            let command = command.split(' ').chain(["--input", "no.json"]);
            let run = world.run(&command.collect::<Vec<&str>>());
            let problem = "--input no.json: must be a JSON object";
            assert!(run.status == 2 && run.stderr.contains(problem), "{text}: {run:?}");
        }
    }
    assert!(world.sandbox.take_seen().is_empty());
}

#[test]
fn argument_and_body_are_one_way_to_pay() {
    let world = World::new();
    world.sandbox.take_seen();
    for (body, command, problem) in [
        (r#"{"groupId":150}"#, "transaction pay x --channel 3", "--channel and the field groupId"),
        (r#"{"channelId":3}"#, "transaction pay x --group 150", "--group and the field channelId"),
        (
            r#"{"cardPaymentData":{"token":"x"}}"#,
            "marketplace pay x --code-stdin",
            "--code-stdin and the field cardPaymentData",
        ),
        (
            r#"{"applePayPaymentData":"x"}"#,
            "marketplace pay x --code-stdin",
            "--code-stdin and the field applePayPaymentData",
        ),
    ] {
        std::fs::write(world.home.join("pay.json"), body).unwrap();
        let command = command.split(' ').chain(["--input", "pay.json"]);
        let run = finish(world.command(&command.collect::<Vec<&str>>()), CODE);
        assert!(run.status == 2 && run.stderr.contains(problem), "{run:?}");
    }
    let fields = ["transaction", "pay", "x", "--channel", "3", "-F"];
    let run = world.run(&[&fields[..], &["groupId=150"]].concat());
    assert!(run.status == 2 && run.stderr.contains("--channel and the field groupId"), "{run:?}");
    // A member that is null pays nothing, and an argument replaces its own member.
    let curl = world.text(&[&fields[..], &["groupId=null", "--curl"]].concat());
    assert!(curl.contains(r#""channelId":3"#), "{curl}");
    std::fs::write(world.home.join("pay.json"), r#"{"channelId":4}"#).unwrap();
    let curl = ["transaction", "pay", "x", "--channel", "3", "--input", "pay.json", "--curl"];
    let curl = world.text(&curl);
    assert!(curl.contains(r#""channelId":3"#), "{curl}");
    assert!(world.sandbox.take_seen().is_empty());
}

#[test]
fn arguments_and_the_output_are_checked_before_anything_is_asked_or_sent() {
    let world = World::new();
    world.sandbox.take_seen();
    std::fs::create_dir(world.home.join("folder")).unwrap();
    let create =
        ["transaction", "create", "--amount", "1", "--description", "a", "--email", "a@b.pl"];
    let create = [&create[..], &["--name", "A"]].concat();
    let with = |out: &'static str| [&create[..], &["--out", out]].concat();
    for (arguments, status, problem) in [
        (vec!["refund", "create", "01T", "--amount", "0"], 2, "tpay: --amount: must be more than"),
        (vec!["refund", "create", "..", "--amount", "1"], 2, "tpay: TRANSACTION: must not be"),
        (vec!["transaction", "cancel", ".."], 2, "tpay: ID: must not be"),
        (vec!["api", "POST", "/x", "-f", "a=1", "-F", "a=2", "--yes"], 2, "tpay: a: -f and -F set"),
        (
            vec!["api", "POST", "/x", "-f", "a.b=1", "-F", "a=2", "--yes"],
            2,
            "tpay: a: -f and -F set",
        ),
        (with("folder"), 10, "tpay: folder: is a directory"),
        // Without `--yes`.
        (
            vec!["refund", "create", "01T", "--amount", "1", "--out", "folder"],
            10,
            "tpay: folder: is",
        ),
        (vec!["api", "POST", "/x", "-f", "a=1", "--out", "folder"], 10, "tpay: folder: is"),
        (with("none/file"), 10, "tpay: none/file: the folder none does not exist; create it"),
    ] {
        let run = world.run(&arguments);
        assert_eq!(run.status, status, "{arguments:?}: {run:?}");
        assert!(run.stderr.starts_with(problem), "{arguments:?}: {run:?}");
    }
    assert_eq!(world.sandbox.take_seen().len(), 0);
    let run = world.run(&["transaction", "list", "--status", "payed"]);
    assert!(run.stderr.starts_with("tpay transactions.list: --status: `payed` is not"), "{run:?}");
}

#[test]
fn only_values_of_a_json_body_have_types() {
    let world = World::new();
    for (arguments, sent) in [
        (&["api", "GET", "/x", "-F", "q=007"][..], "/x?q=007'"),
        (&["api", "transactions.get", "-F", "transactionId=007"], "/transactions/007'"),
        (&["api", "transactions.cancel", "-F", "transactionId=007"], "/transactions/007/cancel'"),
    ] {
        let text = world.text(&[arguments, &["--curl"]].concat());
        assert!(text.contains(sent), "{text}");
    }
    let run = world.run(&["api", "POST", "/x", "-F", "q=007", "--curl"]);
    assert!(
        run.status == 2 && run.stderr.starts_with("tpay: -F q: the value looks like a number"),
        "{run:?}"
    );
}

/// `-` is the standard input, not a file that `--out` replaces.
#[test]
fn standard_input_is_not_the_file_of_the_output() {
    let world = World::new();
    let post = ["api", "POST", "/x", "--input", "-", "--out", "-", "--dry-run"];
    let run = finish(world.command(&post), "{}");
    assert!(run.status == 0 && run.stderr.contains("dry run: would send"), "{run:?}");
}

#[test]
fn questions_say_that_a_refund_is_full() {
    let world = World::new();
    world.sandbox.take_seen();
    std::fs::write(world.home.join("empty.json"), r#"{"childTransactions":[]}"#).unwrap();
    std::fs::write(world.home.join("null.json"), r#"{"childTransactions":null}"#).unwrap();
    std::fs::write(world.home.join("none.json"), "{}").unwrap();
    std::fs::write(world.home.join("amount.json"), r#"{"amount":null}"#).unwrap();
    let child = r#"{"childTransactions":[{"id":"c","amount":null}]}"#;
    std::fs::write(world.home.join("child.json"), child).unwrap();
    let (all, remaining) =
        ("refund all of payment 01M; add", "refund the remaining amount of transaction 01T; add");
    // A body that does not name an amount or parts is probably a mistake.
    let parts = "the body has no `childTransactions`; use --part, or remove the body to refund all";
    let amount =
        "the body has no `amount`; use --amount, or remove the body to refund the remaining";
    let refunds = [
        (
            "marketplace refund 01M",
            all,
            &[&[][..], &["--input", "empty.json"], &["--input", "null.json"]][..],
        ),
        ("marketplace refund 01M --yes", parts, &[&["-f", "x=y"], &["--input", "none.json"]]),
        ("refund create 01T", remaining, &[&[]]),
        (
            "refund create 01T --yes",
            amount,
            &[&["-f", "x=y"], &["--input", "none.json"], &["-F", "Amount=5"]],
        ),
    ];
    for (command, question, bodies) in refunds {
        for body in bodies {
            let arguments: Vec<&str> = command.split(' ').chain(body.iter().copied()).collect();
            let run = world.run(&arguments);
            assert!(run.status == 2 && run.stderr.contains(question), "{arguments:?}: {run:?}");
        }
    }
    for (arguments, question) in [
        (&["refund", "create", "01T", "-F", "amount=2.50"][..], "refund 2.50 of transaction 01T"),
        (&["refund", "create", "01T", "--amount", "2.50", "-f", "x=y"], "refund 2.50 of transact"),
        (&["refund", "create", "01T", "--amount", "2.50"], "refund 2.50 of transaction 01T"),
        (
            &["marketplace", "refund", "01M", "--part", "a=1.50", "--part", "b=2"],
            "refund 1.50 of part a and 2 of part b of payment 01M; add",
        ),
        (
            &["marketplace", "refund", "01M", "--part", "a=1", "-f", "x=y"],
            r#"refund these parts of payment 01M: [{"id":"a""#,
        ),
        (
            &["refund", "card", "-f", "tokenValue=x", "--input", "null.json"],
            "the body has no `amount`; use --amount",
        ),
        (
            &["refund", "create", "01T", "-f", "amount=2.50", "--yes"],
            "amount: must be a number, not a string",
        ),
        // Without an amount, a refund is full; an amount that is null is a mistake.
        (
            &["refund", "create", "01T", "--input", "amount.json", "--yes"],
            "amount: must not be null",
        ),
        (
            &["marketplace", "refund", "01M", "--input", "child.json", "--yes"],
            "childTransactions.0.amount: must not be null",
        ),
    ] {
        let run = world.run(arguments);
        assert!(run.status == 2 && run.stderr.contains(question), "{arguments:?}: {run:?}");
    }
    assert!(world.sandbox.take_seen().is_empty());
}

#[test]
fn defaults_do_not_replace_members_of_a_file() {
    let world = World::new();
    let plan = format!(
        r#"{{"id":"{PLAN}","description":"Plan","payer":{{"email":"a@example.com","name":"A B"}},
            "schedule":{{"amount":1.50,"firstChargeDate":"2030-01-01T10:00:00","interval":2,
            "intervalType":"days"}},"paymentInstrument":{{"paymentType":"test","value":"accepted"}},
            "callbackUrl":"https://example.com/n"}}"#
    );
    std::fs::write(world.home.join("plan.json"), plan).unwrap();
    let create = ["recurring", "create", "--input", "plan.json", "--curl"];
    let curl = world.text(&create);
    assert!(curl.contains(r#""interval":2,"intervalType":"days""#), "{curl}");
    let curl = world.text(&[&create[..], &["--every", "3", "--unit", "months"]].concat());
    assert!(curl.contains(r#""interval":3,"intervalType":"months""#), "{curl}");
    let run = world.run(&create[..create.len() - 1]);
    let question = "create a plan that charges the payer: {";
    assert!(run.status == 2 && run.stderr.contains(question), "{run:?}");
    assert!(run.stderr.contains(r#""amount":1.50,"#), "{run:?}");
}

#[test]
fn model_of_an_argument_is_not_lost() {
    let world = World::new();
    let plan =
        r#"{"paymentInstrument":{"paymentType":"blikPayid","value":"x","blik":{"model":"A"}}}"#;
    std::fs::write(world.home.join("plan.json"), plan).unwrap();
    for command in [&["recurring", "create"][..], &["recurring", "set-instrument", PLAN]] {
        let model = [command, &["--input", "plan.json", "--curl", "--model", "m"]].concat();
        let curl = world.text(&[&model[..], &["--instrument", "blik-payid"]].concat());
        assert!(curl.contains(r#""blik":{"model":"M"}"#), "{curl}");
        for other in [&[][..], &["--instrument", "card-token"]] {
            let run = world.run(&[&model[..], other].concat());
            let problem = "--model is an option of a BLIK alias; use --instrument blik-payid";
            assert!(run.status == 2 && run.stderr.contains(problem), "{run:?}");
        }
    }
}

#[test]
fn plans_may_come_from_a_file() {
    let world = World::new();
    let plan = format!(
        r#"{{"id":"{PLAN}","description":"Plan","payer":{{"email":"a@example.com","name":"A B"}},
            "schedule":{{"amount":1.50,"currency":"PLN","firstChargeDate":"2030-01-01T10:00:00","interval":1,
            "intervalType":"months"}},"paymentInstrument":{{"paymentType":"test","value":"accepted"}},
            "callbackUrl":"https://example.com/n"}}"#
    );
    std::fs::write(world.home.join("plan.json"), plan).unwrap();
    let create = ["recurring", "create", "--input", "plan.json", "--amount", "2.50", "--yes"];
    world.text(&create);
    let shown = world.text(&["recurring", "get", PLAN, "-o", "json"]);
    assert!(shown.contains("2.5"), "{shown}");
}

#[test]
fn stored_notification_is_sent_again() {
    let world = World::new();
    let key = ["--trust-test-key", "--any-merchant", "--count", "1"];
    let first = world.listen(&[&key[..], &["--save", "saved"]].concat());
    assert_eq!(world.send(&first.url, &["--kind", "token-update"]).status, 0);
    assert_eq!(first.end().status, 0);
    let second = world.listen(&key);
    let replay = ["notification", "replay", "saved/1.body", &second.url];
    assert_eq!(world.run(&[&replay[..], &["--dry-run"]].concat()).status, 0);
    let run = world.run(&replay);
    assert_eq!((run.status, run.stdout.as_str()), (0, "status\t200\nbody\t{\"result\":true}\n"));
    let end = second.end();
    assert!(end.stdout.starts_with("token-update\t"), "{end:?}");
    // Without the signature it is not genuine.
    std::fs::write(world.home.join("none.headers"), "content-type: application/json\n").unwrap();
    let third = world.listen(&key);
    let unsigned = [
        &["notification", "replay", "saved/1.body", &third.url][..],
        &["--headers", "none.headers"],
    ];
    assert_eq!(world.run(&unsigned.concat()).status, 1);
    third.stop();
}

#[test]
fn servers_with_tls_accept_tokens_and_return_their_urls() {
    let (world, server) = (World::new(), SandboxProgram::start(&["tpay", "--tls"]));
    let made = server.encrypted(&world, &CREATE);
    assert!(made.contains(&server.variables["TPAY_BASE_URL"]), "{made}");
}

#[test]
fn payments_are_made_in_one_of_several_ways() {
    let world = World::new();
    let run = world.run(&["transaction", "pay", "01T"]);
    for way in ["--channel", "--group", "-f", "--input", "blikPaymentData"] {
        assert!(run.status == 2 && run.stderr.contains(way), "{way}: {run:?}");
    }
    for null in ["blikPaymentData=null", "groupId=null"] {
        let run = world.run(&["transaction", "pay", "01T", "-F", null, "-f", "method=transfer"]);
        assert!(run.status == 2 && run.stderr.contains("no payment method"), "{null}: {run:?}");
    }
    // An empty string is no way either.
    for empty in ["groupId=", "channelId= "] {
        let run = world.run(&["transaction", "pay", "01T", "-f", empty]);
        assert!(run.status == 2 && run.stderr.contains("no payment method"), "{empty}: {run:?}");
    }
    // A way with a part that is null is one.
    let card = ["-f", "cardPaymentData.card=X", "-F", "cardPaymentData.save=null"];
    let run = world.run(&[&["marketplace", "pay", "01M", "--dry-run"], &card[..]].concat());
    assert!(run.status == 0 && run.stderr.contains("would send"), "{run:?}");
    // A way of the body that is null is none.
    for field in [
        &["-F", "cardPaymentData=null"][..],
        &["-F", "blikPaymentData=null"],
        &["--input", "null.json"],
    ] {
        std::fs::write(world.home.join("null.json"), r#"{"applePayPaymentData":null}"#).unwrap();
        let run = world.run(&[&["marketplace", "pay", "01M"], field].concat());
        let problem = "cannot prompt for the BLIK code";
        assert!(run.status == 2 && run.stderr.contains(problem), "{run:?}");
    }
}

#[test]
fn parts_of_a_refund_are_checked() {
    let world = World::new();
    let refund = ["marketplace", "refund", "01M", "--yes"];
    for (parts, problem) in [
        (&["--part", "01A"][..], "<PART=AMOUNT>': must be a name, an equals sign"),
        (&["--part", "=1"], "<PART=AMOUNT>': must be a name, an equals sign"),
        (&["--part", "01A=1,50"], "must be a decimal number such as 12.34"),
        (&["--part", "01A=1", "--part", "01B=1", "--part", "01A=2"], "--part 01A: is given twice"),
    ] {
        let run = world.run(&[&refund[..], parts].concat());
        assert!(run.status == 2 && run.stderr.contains(problem), "{run:?}");
    }
    assert!(world.sandbox.take_seen().is_empty());
}

#[test]
fn parameters_of_api_are_where_the_library_sends_them() {
    let world = World::new();
    let kind = ["-f", "aliasType=UID", "--curl"];
    for call in [&["blik.delete_alias", "-f", "alias=a"][..], &["delete", "/blik/alias/a"]] {
        let curl = world.text(&[&["api"], call, &kind].concat());
        assert!(curl.contains("/blik/alias/a' "), "{curl}");
        assert!(curl.ends_with("--data-raw '{\"aliasType\":\"UID\"}'\n"), "{curl}");
    }
    for call in [&["blik.get_alias", "-f", "alias=a"][..], &["GET", "/blik/alias/a"]] {
        let curl = world.text(&[&["api"], call, &kind].concat());
        assert!(curl.contains("/blik/alias/a?aliasType=UID'"), "{curl}");
    }
}
