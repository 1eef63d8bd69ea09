//! Commands and formats of the output.

use serde_json::Value;

use crate::{CREATE, World, file, finish};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn lists_have_four_formats_and_a_limit() {
    let world = World::new();
    let ids: Vec<String> = (0..3).map(|number| world.transaction(&format!("o-{number}"))).collect();
    let run = world.run(&["transaction", "list", "--limit", "2"]);
    assert_eq!(run.stdout.lines().count(), 2);
    assert_eq!(run.stderr, "2 of 3 shown\n");
    assert!(run.stdout.contains("\tpending\t12.34\tPLN\t"), "{run:?}");
    let list = world.text(&["transaction", "list", "--all", "-o", "json"]);
    let list = json(&list);
    assert_eq!(list.as_array().unwrap().len(), 3);
    assert!(ids.iter().all(|id| list.to_string().contains(id)));
    let lines =
        world.text(&["transaction", "list", "-o", "jsonl", "--fields", "hiddenDescription"]);
    assert_eq!(lines.matches("{\"hiddenDescription\":\"o-").count(), 3, "{lines}");
    let csv = world.text(&["transaction", "list", "-o", "csv", "--fields", "transactionId,amount"]);
    assert!(csv.starts_with("transactionId,amount\n") && csv.contains(",12.34\n"), "{csv}");
    assert_eq!(world.text(&["refund", "list", "-o", "json"]), "[]\n");
}

#[test]
fn amounts_of_the_server_are_not_changed() {
    let world = World::new();
    let arguments = [&CREATE[..2], &["--amount", "10.10"], &CREATE[4..]].concat();
    let text = world.text(&[&arguments[..], &["-o", "jsonl", "--fields", "amount"]].concat());
    assert!(text == "{\"amount\":10.1}\n" || text == "{\"amount\":10.10}\n", "{text}");
}

#[test]
fn refunds_are_created_and_listed() {
    let world = World::new();
    let id = world.transaction("order-7");
    finish(world.command(&["blik", "pay", &id, "--code-stdin"]), "777123\n");
    world.text(&["refund", "create", &id, "--amount", "1.50", "--yes"]);
    let list = world.text(&["refund", "list", "--transaction", &id, "-o", "json"]);
    let refund = json(&list)[0]["refundId"].as_str().unwrap().to_owned();
    assert!(world.text(&["refund", "list"]).contains(&refund));
    let shown = world.text(&["refund", "get", &refund, "--fields", "amount", "-o", "csv"]);
    assert!(shown.starts_with("amount\n1.5"), "{shown}");
}

#[test]
fn blik_payment_says_that_a_transaction_was_already_paid_or_closed() {
    let world = World::new();
    let pay = |id: &str| finish(world.command(&["blik", "pay", id, "--code-stdin"]), "777123\n");
    let [paid, closed] = ["a", "b"].map(|name| world.transaction(name));
    let first = pay(&paid);
    assert!(first.status == 0 && first.stderr.ends_with(": paid\n"), "{first:?}");
    world.text(&["transaction", "cancel", &closed, "--yes"]);
    for (id, decision, status) in [(paid, "paid", 0), (closed, "closed", 1)] {
        let run = pay(&id);
        let message = format!("transaction {id}: was already {decision}; no payment was sent\n");
        assert!(run.status == status && run.stderr.ends_with(&message), "{run:?}");
    }
}

#[test]
fn bodies_come_from_files_flags_and_fields() {
    let world = World::new();
    let order = r#"{"amount":1.00,"description":"Order 8","payer":{"email":"a@example.com","name":"Jan Nowak"}}"#;
    std::fs::write(world.home.join("order.json"), order).unwrap();
    let create = ["transaction", "create", "--input", "order.json", "--amount", "2.50"];
    let fields = ["-F", "hiddenDescription=h-1", "-F", "payer.city=Poznan", "-o", "json"];
    let made = json(&world.text(&[&create[..], &fields].concat()));
    assert_eq!(made["description"], "Order 8");
    assert_eq!(made["hiddenDescription"], "h-1");
    assert_eq!(made["payer"]["city"], "Poznan");
    assert_eq!(made["amount"].to_string(), "2.5");
    let fields = ["amount=5", "description=x", "payer.email=a@example.com", "payer.name=Jan N"];
    let fields = fields.iter().flat_map(|field| ["-F", field]);
    let create: Vec<&str> =
        ["transaction", "create", "-o", "json"].into_iter().chain(fields).collect();
    assert_eq!(json(&world.text(&create))["payer"]["name"], "Jan N");
    let mut command = world.command(&["transaction", "create", "--input", "-", "-o", "json"]);
    command.arg("-q");
    assert_eq!(json(&finish(command, order).stdout)["amount"].to_string(), "1");
    std::fs::write(world.home.join("order.txt"), "amount 5").unwrap();
    let run = world.run(&["transaction", "create", "--input", "order.txt"]);
    let problem = "--input order.txt: not JSON: expected value at line 1 column 1";
    assert!(run.status == 2 && run.stderr.contains(problem), "{run:?}");
}

#[test]
fn curl_and_dry_run_send_nothing() {
    let world = World::new();
    let id = world.transaction("order-7");
    world.sandbox.take_seen();
    let command = world.text(&["refund", "create", &id, "--curl"]);
    assert!(command.starts_with("curl -X POST ") && command.contains("authorization: ***"));
    let run = world.run(&["refund", "create", &id, "--dry-run"]);
    assert_eq!((run.status, run.stdout.as_str()), (0, ""));
    let said =
        format!("dry run: would send POST /transactions/{id}/refunds (transactions.refund)\n");
    assert_eq!(run.stderr, said);
    assert!(world.sandbox.take_seen().is_empty());
    world.text(&["transaction", "get", &id, "--dry-run"]);
    assert!(!world.sandbox.take_seen().is_empty(), "reads are sent");
}

#[test]
fn api_calls_any_endpoint() {
    let world = World::new();
    let id = world.transaction("order-7");
    let by_id = world.text(&["api", "transactions.get", "-f", &format!("transactionId={id}")]);
    assert_eq!(json(&by_id)["transactionId"], id);
    let path = format!("/transactions/{id}");
    let included = world.text(&["api", "GET", &path, "-i"]);
    assert!(included.starts_with("200 OK\n") && included.contains("content-type: "), "{included}");
    let listed = world.text(&["api", "transactions.list", "-f", "limit=1"]);
    assert_eq!(json(&listed)["limit"], 1);
    let fields = ["-f", "description=x", "-F", "amount=3.10", "-f", "payer.email=a@example.com"];
    let create =
        [&["api", "transactions.create", "--yes", "-f", "payer.name=Jan Nowak"], &fields[..]];
    assert_eq!(json(&world.text(&create.concat()))["amount"].to_string(), "3.1");
    let list = world.text(&["api", "--list"]);
    assert_eq!(list.lines().count(), tpay_client::ENDPOINTS.len());
    for (id, method) in [("transactions.refund", "POST"), ("reports.file", "GET")] {
        assert!(list.contains(&format!("{id}\t{method}\t/")), "{id}");
    }
}

#[test]
fn out_replaces_a_file_and_images_are_bytes() {
    let world = World::new();
    let id = world.transaction("order-7");
    let path = world.home.join("qr.png");
    std::fs::write(&path, "before").unwrap();
    world.text(&["transaction", "qr", &id, "--out", "qr.png"]);
    assert!(std::fs::read(&path).unwrap().starts_with(b"\x89PNG"));
    world.text(&["report", "download", "rep_1", "file_1", "--out", "report"]);
    assert!(!file(&world.home.join("report")).is_empty());
}

#[test]
fn attempts_are_printed_and_recorded_without_secrets() {
    let world = World::new();
    let arguments = [&CREATE[..], &["-v", "--record", "session.jsonl"]].concat();
    let run = world.run(&arguments);
    assert_eq!(run.status, 0, "{run:?}");
    assert!(run.stderr.contains("tpay transactions.create: attempt 1, status 200"), "{run:?}");
    let recording = file(&world.home.join("session.jsonl"));
    assert_eq!(recording.lines().count(), 3, "the head, the token and the transaction");
    for secret in crate::SECRETS {
        assert!(!recording.contains(secret));
    }
    assert!(!recording.contains("jan@example.com") && !recording.contains("Jan Nowak"));
    let replay = tpay_client::api_auth::Replay::parse(&recording).unwrap();
    assert_eq!(replay.remaining(), 2);
}

#[test]
fn completions_and_manual_pages_are_written() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = world.text(&["completions", shell]);
        assert!(script.contains("transaction"), "{shell}");
    }
    #[cfg(unix)]
    {
        let script = world.text(&["completions", "bash"]);
        std::fs::write(world.home.join("tpay.bash"), script).unwrap();
        let mut bash = std::process::Command::new("bash");
        bash.args(["-n", "tpay.bash"]).current_dir(&world.home);
        assert_eq!(finish(bash, "").status, 0);
    }
    assert!(world.text(&["man"]).contains("Exit status:"));
    world.text(&["man", "--dir", "man"]);
    for page in ["tpay.1", "tpay-refund-create.1"] {
        assert!(world.home.join("man").join(page).is_file(), "{page}");
    }
}
