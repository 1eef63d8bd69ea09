//! `tpay notification`: the program, an application in another process, and the sandbox.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::thread::JoinHandle;

use callback_listener::{Listener, Response};
use serde_json::Value;

use crate::{CREATE, Run, World, file, finish};

const TEST_KEY: [&str; 2] = ["--trust-test-key", "--any-merchant"];

/// A process that listens.
pub(crate) struct Listening {
    pub(crate) child: Child,
    pub(crate) url: String,
    messages: JoinHandle<String>,
}

impl World {
    pub(crate) fn listen(&self, arguments: &[&str]) -> Listening {
        let bind = ["notification", "listen", "--bind", "127.0.0.1:0", "--for", "60s"];
        let mut command = self.command(&[&bind, arguments].concat());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ");
        let url = url.unwrap_or_else(|| panic!("{line}")).to_owned();
        let messages = std::thread::spawn(move || std::io::read_to_string(stderr).unwrap());
        Listening { child, url, messages }
    }

    pub(crate) fn send(&self, url: &str, arguments: &[&str]) -> Run {
        self.run(&[&["notification", "send", url], arguments].concat())
    }
}

impl Listening {
    /// Kills the process.
    pub(crate) fn stop(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for the end of the process.
    pub(crate) fn end(self) -> Run {
        let output = self.child.wait_with_output().unwrap();
        Run {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: self.messages.join().unwrap(),
        }
    }
}

/// An application in this process, which responds with this to one request.
fn application(status: u16, body: &'static str) -> (String, JoinHandle<Vec<u8>>) {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/notify?x=1", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let time = Some(std::time::Duration::from_secs(60));
        let request = listener.serve(time, |request| {
            assert_eq!(request.target, "/notify?x=1");
            assert!(request.header("x-jws-signature").unwrap().is_some());
            (Response::text(status, body), Some(request.body.clone()))
        });
        request.unwrap().unwrap()
    });
    (url, thread)
}

#[test]
fn each_kind_is_sent_verified_forwarded_and_accepted() {
    let world = World::new();
    let kinds = ["payment", "tokenization", "token-update", "marketplace", "alias", "recurring"];
    // The application verifies, too.
    let count = kinds.len().to_string();
    let application = world.listen(&[&TEST_KEY[..], &["--count", &count]].concat());
    let to = ["--forward-to", &application.url, "--count", &count, "-o", "jsonl"];
    let listener = world.listen(&[&TEST_KEY[..], &to].concat());
    for kind in kinds {
        let run = world.send(&listener.url, &["--kind", kind]);
        assert_eq!(run.status, 0, "{kind}: {run:?}");
        let is_text = matches!(kind, "payment" | "alias");
        let body = if is_text { "TRUE" } else { "{\"result\":true}" };
        assert_eq!(run.stdout, format!("status\t200\nbody\t{body}\n"), "{kind}");
    }
    let (listener, application) = (listener.end(), application.end());
    assert_eq!((listener.status, application.status), (0, 0), "{listener:?} {application:?}");
    let lines: Vec<Value> =
        listener.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let received: Vec<&str> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(received, kinds);
    assert_eq!(lines[0]["content"]["tr_amount"], "12.34");
    assert_eq!(application.stdout.lines().count(), kinds.len());
    assert!(!application.stdout.contains("jan.nowak@example.com"), "{application:?}");
}

#[test]
fn response_of_the_application_is_returned_to_the_sender() {
    let world = World::new();
    let (url, application) = application(500, "database is down");
    let arguments = [&TEST_KEY[..], &["--forward-to", &url, "--count", "1"]].concat();
    let listener = world.listen(&arguments);
    let run = world.send(&listener.url, &["--set", "tr_crc=order-99"]);
    assert_eq!(run.status, 1, "{run:?}");
    assert!(run.stdout.contains("500") && run.stdout.contains("database is down"), "{run:?}");
    let body = String::from_utf8(application.join().unwrap()).unwrap();
    assert!(body.contains("tr_crc=order-99&") && body.contains("&md5sum="), "{body}");
    assert_eq!(listener.end().status, 0);
}

#[test]
fn tampered_notifications_are_not_forwarded() {
    let world = World::new();
    let to = ["--forward-to", "http://127.0.0.1:9/", "--count", "1"];
    let listener = world.listen(&[&TEST_KEY[..], &to].concat());
    for tamper in ["body", "signature"] {
        let run = world.send(&listener.url, &["--tamper", tamper]);
        assert_eq!(run.status, 0, "{run:?}");
        assert!(run.stdout.contains("status\t400\n"), "{run:?}");
    }
    // An application that is not available is temporary for the sender.
    let run = world.send(&listener.url, &[]);
    assert!(run.status == 1 && run.stdout.contains("status\t503\n"), "{run:?}");
    let run = listener.end();
    assert_eq!(run.stdout.lines().count(), 1, "{run:?}");
    assert_eq!(run.stderr.matches("rejected: ").count(), 2, "{run:?}");
}

#[test]
fn application_that_accepts_a_tampered_notification_is_1() {
    let world = World::new();
    let (url, application) = application(200, "TRUE");
    let run = world.send(&url, &["--tamper", "body"]);
    assert_eq!(run.status, 1, "{run:?}");
    assert!(run.stderr.contains("accepted a notification that is not genuine"), "{run:?}");
    application.join().unwrap();
}

#[test]
fn notification_of_the_sandbox_is_received_stored_and_verified() {
    let world = World::new();
    world.text(&["certificate", "root", "--out", "root.pem"]);
    let trust = ["--anchors", "root.pem"];
    let listener = world.listen(&[&trust[..], &["--count", "1", "--save", "saved"]].concat());
    let create = [&CREATE[..], &["--notify-url", &listener.url, "--fields", "transactionId"]];
    let made = world.text(&[&create.concat()[..], &["-o", "csv"]].concat());
    let id = made.lines().nth(1).unwrap();
    finish(world.command(&["blik", "pay", id, "--code-stdin"]), "777123\n");
    let run = listener.end();
    assert_eq!(run.status, 0, "{run:?}");
    assert!(run.stdout.starts_with("payment\tid=1010\ttr_id=TR-"), "{run:?}");

    let verify = ["notification", "verify", "saved/1.body", "--headers", "saved/1.headers"];
    let shown = world.text(&[&verify[..], &trust].concat());
    assert!(shown.starts_with("kind\tpayment\n"), "{shown}");
    // By the compiled-in certificates of production it is not genuine.
    assert_eq!(world.run(&verify).status, 1);
    let other = [&verify[..], &trust, &["--merchant-id", "2020"]].concat();
    assert_eq!(world.run(&other).status, 1);
    let body = file(&world.home.join("saved/1.body"));
    std::fs::write(world.home.join("saved/1.body"), body + " ").unwrap();
    assert_eq!(world.run(&[&verify[..], &trust].concat()).status, 1);
}

#[test]
fn test_root_is_the_root_of_the_test_key() {
    let world = World::new();
    world.text(&["notification", "test-root", "--out", "root.pem"]);
    assert!(file(&world.home.join("root.pem")).contains("BEGIN CERTIFICATE"));
}

#[test]
fn nothing_is_sent_by_curl_and_dry_run() {
    let world = World::new();
    std::fs::write(world.home.join("n.body"), "tr_id=TR-1").unwrap();
    std::fs::write(world.home.join("n.headers"), "x-jws-signature: a..b\nhost: shop\n").unwrap();
    // Nothing listens on this port.
    let url = "http://127.0.0.1:9/";
    for arguments in
        [&["notification", "send", url][..], &["notification", "replay", "n.body", url]]
    {
        let run = world.run(&[arguments, &["--curl"]].concat());
        assert!(run.status == 0 && run.stdout.starts_with("curl "), "{run:?}");
        assert!(run.stdout.contains("x-jws-signature") && run.stdout.contains(url), "{run:?}");
        assert!(!run.stdout.contains("shop"), "{run:?}");
        let run = world.run(&[arguments, &["--dry-run"]].concat());
        assert!(run.status == 0 && run.stderr.contains("dry run: would send"), "{run:?}");
    }
    for option in ["--curl", "--dry-run"] {
        let listen = ["notification", "listen", "--bind", "127.0.0.1:0", option];
        let run = world.run(&[&listen[..], &TEST_KEY].concat());
        assert!(run.status == 2 && run.stderr.contains("a command that listens"), "{run:?}");
    }
}

/// A notification that nobody has read is sent again.
#[test]
fn notification_is_not_acknowledged_when_the_output_is_closed() {
    let world = World::new();
    let mut listener = world.listen(&TEST_KEY);
    drop(listener.child.stdout.take());
    let run = world.send(&listener.url, &[]);
    assert!(run.status == 1 && run.stdout.contains("status\t503\n"), "{run:?}");
    let run = listener.end();
    assert!(run.status == 10 && run.stderr.contains("the standard output was closed"), "{run:?}");
}
