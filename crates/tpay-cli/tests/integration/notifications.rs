//! `tpay notification`: the program, an application in another process, and the sandbox.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::thread::JoinHandle;
use std::time::Duration;

use callback_listener::{Listener, Response};
use serde_json::Value;
use test_support::cli::{SandboxProgram, closed_output};
#[cfg(unix)]
use test_support::cli::{as_other_user, next_line};
use tpay_client::Client;
use tpay_client::notifications::testing;

use crate::{CREATE, Run, World, file, finish};

const TEST_KEY: [&str; 2] = ["--trust-test-key", "--any-merchant"];
const LISTEN: [&str; 6] = ["notification", "listen", "--bind", "127.0.0.1:0", "--for", "60s"];
const TIME: Option<Duration> = Some(Duration::from_secs(60));

/// A process that listens.
pub(crate) struct Listening {
    pub(crate) child: Child,
    pub(crate) url: String,
    messages: JoinHandle<String>,
}

impl World {
    pub(crate) fn listen(&self, arguments: &[&str]) -> Listening {
        Listening::start(self.command(&[&LISTEN, arguments].concat()))
    }

    /// Listens without credentials, for notifications of production.
    fn listen_bare(&self, arguments: &[&str]) -> Listening {
        Listening::start(self.bare(&[&LISTEN, arguments].concat()))
    }

    pub(crate) fn send(&self, url: &str, arguments: &[&str]) -> Run {
        self.run(&[&["notification", "send", url], arguments].concat())
    }
}

/// The application has a certificate that its own CA issued.
#[test]
fn notifications_are_sent_to_an_application_with_its_own_ca() {
    let world = World::new();
    let server = SandboxProgram::start(&["tpay", "--tls"]);
    let url = format!("{}/notify", server.variables["TPAY_BASE_URL"]);
    let send = ["notification", "send", &url, "--kind", "payment"];
    let untrusted = finish(world.bare(&send), "");
    assert!(untrusted.status == 5 && untrusted.stderr.contains("certificate"), "{untrusted:?}");
    let ca = &server.variables["SSL_CERT_FILE"];
    let run = finish(world.bare(&[&send[..], &["--ca-certificate", ca]].concat()), "");
    assert!(run.status == 1 && run.stdout.starts_with("status\t404"), "{run:?}");
    let run = finish(world.bare(&[&send[..], &["--ca-certificate", "none"]].concat()), "");
    assert!(run.status == 10 && run.stderr.contains("--ca-certificate none: "), "{run:?}");
}

impl Listening {
    fn start(command: Command) -> Self {
        Self::start_with(command, Stdio::piped())
    }

    fn start_with(mut command: Command, stdout: Stdio) -> Self {
        command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ");
        let url = url.unwrap_or_else(|| panic!("{line}")).to_owned();
        let messages = std::thread::spawn(move || std::io::read_to_string(stderr).unwrap());
        Listening { child, url, messages }
    }

    /// Posts a notification of production to this path and returns the bytes of the response.
    fn post(&self, path: &str) -> Vec<u8> {
        self.post_with(path, b"")
    }

    /// Posts like [`post`](Self::post), with these lines among the headers.
    fn post_with(&self, path: &str, headers: &[u8]) -> Vec<u8> {
        let body = r#"{"type":"token_update","data":{"token":"t"}}"#;
        let client = Client::builder("id", "secret").build().unwrap();
        let signature = testing::sign(&client, body.as_bytes()).unwrap();
        let address = self.url.trim_start_matches("http://").trim_end_matches('/');
        let mut stream = TcpStream::connect(address).unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n\
             accept-encoding: gzip\r\nx-jws-signature: {signature}\r\n",
            body.len()
        );
        let request = [head.as_bytes(), headers, b"\r\n", body.as_bytes()].concat();
        stream.write_all(&request).unwrap();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).unwrap();
        response
    }

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

/// An application in this process, which responds with these statuses and bodies to requests, and
/// returns the body of the last one.
fn application(responses: &'static [(u16, &'static str)]) -> (String, JoinHandle<Vec<u8>>) {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/notify?x=1", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let mut responses = responses.iter().copied().peekable();
        let request = listener.serve(TIME, |request| {
            assert_eq!(request.target, "/notify?x=1");
            assert!(request.header("x-jws-signature").unwrap().is_some());
            let (status, body) = responses.next().unwrap();
            let is_last = responses.peek().is_none();
            (Response::text(status, body), is_last.then(|| request.body.clone()))
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
    let responses = &[(500, "database is down"), (200, "no"), (200, "TRUE"), (200, "TRUE")];
    let (url, application) = application(responses);
    let arguments = [&TEST_KEY[..], &["--forward-to", &url, "--count", "2"]].concat();
    let listener = world.listen(&arguments);
    let set = ["--set", "tr_crc=order-99", "--set", "md5sum=0", "--set", "tr_crcc=1"];
    let run =
        world.run(&[&["notification", "send", &listener.url][..], &set, &["--curl"]].concat());
    let note =
        "--set tr_crcc: notifications of this kind usually have no such value; it is added\n";
    assert_eq!((run.status, &*run.stderr), (0, note), "{run:?}");
    let run = world.send(&listener.url, &["--set", "tr_crc=order-99"]);
    assert_eq!(run.status, 1, "{run:?}");
    assert!(run.stdout.contains("500") && run.stdout.contains("database is down"), "{run:?}");
    // Only acknowledged notifications are counted.
    for (body, status) in [("no", 1), ("TRUE", 0), ("TRUE", 0)] {
        let run = world.send(&listener.url, &["--set", "tr_crc=order-99"]);
        assert_eq!((run.status, &*run.stdout), (status, &*format!("status\t200\nbody\t{body}\n")));
    }
    let body = String::from_utf8(application.join().unwrap()).unwrap();
    assert!(body.contains("tr_crc=order-99&") && body.contains("&md5sum="), "{body}");
    let run = listener.end();
    assert_eq!((run.status, run.stdout.lines().count()), (0, 4), "{run:?}");
}

#[test]
fn response_for_another_kind_acknowledges_nothing() {
    const RESULT: &str = r#"{"result":true}"#;
    let world = World::new();
    let calls = [
        ("payment", RESULT, 1),
        ("alias", RESULT, 1),
        ("tokenization", "TRUE", 1),
        ("token-update", "TRUE", 1),
        ("marketplace", "TRUE", 1),
        ("recurring", "TRUE", 0),
        ("recurring", RESULT, 0),
    ];
    let responses: Vec<_> = calls.iter().map(|(_, body, _)| (200, *body)).collect();
    let (url, application) = application(responses.leak());
    let to = ["--forward-to", &url, "--count", "2"];
    let listener = world.listen(&[&TEST_KEY[..], &to].concat());
    for (kind, body, status) in calls {
        let run = world.send(&listener.url, &["--kind", kind]);
        assert_eq!(run.status, status, "{kind} {body}: {run:?}");
        assert!(run.stdout.contains(body), "{kind}: {run:?}");
    }
    application.join().unwrap();
    let run = listener.end();
    assert_eq!((run.status, run.stdout.lines().count()), (0, calls.len()), "{run:?}");
}

#[test]
fn tampered_notifications_are_not_forwarded() {
    let world = World::new();
    let to = ["--forward-to", "http://127.0.0.1:9/", "--count", "1"];
    let mut listener = world.listen(&[&TEST_KEY[..], &to].concat());
    for tamper in ["body", "signature"] {
        let run = world.send(&listener.url, &["--tamper", tamper]);
        assert_eq!(run.status, 0, "{run:?}");
        assert!(run.stdout.contains("status\t400\n"), "{run:?}");
    }
    // An application that is not available is temporary for the sender.
    let run = world.send(&listener.url, &[]);
    assert!(run.status == 1 && run.stdout.contains("status\t503\n"), "{run:?}");
    // It was not acknowledged, so the program still listens.
    listener.child.kill().unwrap();
    let run = listener.end();
    assert_eq!(run.stdout.lines().count(), 1, "{run:?}");
    assert_eq!(run.stderr.matches("rejected: ").count(), 2, "{run:?}");
    assert_eq!(run.stderr.matches("use --anchors FILE").count(), 2, "{run:?}");
}

#[test]
fn application_that_accepts_a_tampered_notification_is_1() {
    let world = World::new();
    let (url, application) = application(&[(200, "TRUE")]);
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
    let run = world.run(&[&verify[..], &trust, &["--fields", "nosuch,other"]].concat());
    let problem = "--fields: `nosuch` is not one of kind, key, content";
    assert!(run.status == 2 && run.stderr.contains(problem) && run.stdout.is_empty(), "{run:?}");
    let run = world.run(&[&verify[..], &trust, &["--fields", "kind,nosuch"]].concat());
    assert!(run.status == 0 && run.stderr.contains("unknown field `nosuch`; "), "{run:?}");
    // By the compiled-in certificates of production it is not genuine.
    let run = world.run(&verify);
    assert!(run.status == 1 && run.stderr.contains("use --anchors FILE with"), "{run:?}");
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

#[test]
fn unusable_address_is_an_invalid_option() {
    let world = World::new();
    let used = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = used.local_addr().unwrap().to_string();
    const OTHER: &str = "192.0.2.1:8080";
    // A system may allow listening on addresses that it does not have.
    let other = if std::net::TcpListener::bind(OTHER).is_ok() { "x" } else { OTHER };
    for (address, status) in
        [("x", 2), ("127.0.0.1", 2), ("127.0.0.1:x", 2), (other, 2), (&*port, 10)]
    {
        let listen = ["notification", "listen", "--bind", address, "--for", "1s"];
        let run = world.run(&[&listen[..], &TEST_KEY].concat());
        let named = format!("--bind {address}: ");
        assert!(run.status == status && run.stderr.contains(&named), "{address}: {run:?}");
        let is_form_named = run.stderr.contains("must be ADDRESS:PORT");
        assert_eq!(is_form_named, address != port && address != OTHER, "{run:?}");
    }
}

/// The sender repeats a notification that was not read.
#[test]
fn notification_is_not_acknowledged_when_the_output_is_closed() {
    let world = World::new();
    let command = world.command(&[&LISTEN[..], &TEST_KEY].concat());
    let listener = Listening::start_with(command, closed_output());
    let run = world.send(&listener.url, &[]);
    assert!(run.status == 1 && run.stdout.contains("status\t503\n"), "{run:?}");
    let run = listener.end();
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
}

#[test]
fn path_query_and_bytes_are_forwarded_unchanged() {
    let world = World::new();
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/notify/?shop=1", listener.local_addr().unwrap());
    let application = std::thread::spawn(move || {
        let mut target = None;
        let ended = listener.serve(TIME, |request| {
            assert_eq!(request.header("accept-encoding"), Ok(None));
            if target.is_some() {
                return (Response::text(200, r#"{"result":true}"#), Some(()));
            }
            target = Some(request.target.clone());
            let (content_type, body) = (b"text/x; v=\xe9".to_vec(), b"\xff\xfe\0T".to_vec());
            (Response { status: 200, content_type, body }, None)
        });
        ended.unwrap().unwrap();
        target.unwrap()
    });
    let to = ["--forward-to", &url, "--count", "1"];
    let listener = world.listen_bare(&[&TEST_KEY[..], &to].concat());
    let response = listener.post("/my/path?order=7");
    // Only this response acknowledges the notification.
    assert!(listener.post("/").ends_with(b"\r\n\r\n{\"result\":true}"));
    assert_eq!(application.join().unwrap(), "/notify/my/path?shop=1&order=7");
    assert!(response.ends_with(b"\r\n\r\n\xff\xfe\0T"), "{response:?}");
    let content_type = b"\r\ncontent-type: text/x; v=\xe9\r\n";
    assert!(response.windows(content_type.len()).any(|part| part == content_type), "{response:?}");
    assert_eq!(listener.end().status, 0);
}

#[test]
fn slow_application_does_not_delay_other_notifications() {
    let world = World::new();
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    // The application responds when it has both requests.
    let both = Barrier::new(2);
    let application = std::thread::spawn(move || {
        let mut left = 2;
        let prepare = move |_| {
            both.wait();
        };
        listener.serve_prepared(TIME, prepare, |()| {
            left -= 1;
            (Response::text(200, r#"{"result":true}"#), (left == 0).then_some(()))
        })
    });
    let to = ["--forward-to", &url, "--count", "2", "--timeout", "20s"];
    let listener = world.listen_bare(&[&TEST_KEY[..], &to].concat());
    std::thread::scope(|scope| {
        for post in [(); 2].map(|()| scope.spawn(|| listener.post("/"))) {
            let response = String::from_utf8(post.join().unwrap()).unwrap();
            assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
        }
    });
    assert_eq!(application.join().unwrap().unwrap(), Some(()));
    let run = listener.end();
    assert_eq!((run.status, run.stdout.lines().count()), (0, 2), "{run:?}");
}

#[test]
fn output_of_the_listener_has_all_formats_and_fields() {
    let world = World::new();
    let lines = |format, fields, out| {
        let output = ["--count", "2", "-o", format, "--fields", fields];
        let out = if out { &["--out", "received"][..] } else { &[] };
        let listener = world.listen(&[&TEST_KEY[..], &output, out].concat());
        for kind in ["alias", "token-update"] {
            assert_eq!(world.send(&listener.url, &["--kind", kind]).status, 0);
        }
        let run = listener.end();
        assert_eq!(run.status, 0, "{run:?}");
        if out.is_empty() { run.stdout } else { file(&world.home.join("received")) }
    };
    let csv = "kind,content.event\nalias,ALIAS_REGISTER\ntoken-update,\n";
    assert_eq!(lines("csv", "kind,content.event", false), csv);
    assert_eq!(lines("csv", "kind,content.event", true), csv);
    let json = "[\n{\"kind\":\"alias\"},\n{\"kind\":\"token-update\"}\n]\n";
    assert_eq!(lines("json", "kind", true), json);
    assert_eq!(lines("table", "content.id,kind", true), "1010\talias\n\ttoken-update\n");
    // No notification has this field, which is no reason to fail after they were accepted.
    assert_eq!(lines("jsonl", "content.x", false), "{\"content.x\":null}\n".repeat(2));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let file = std::fs::metadata(world.home.join("received")).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn only_notifications_of_the_kind_are_counted() {
    let world = World::new();
    let count = ["--kind", "alias", "--count", "1"];
    let listener = world.listen(&[&TEST_KEY[..], &count].concat());
    for kind in ["payment", "alias"] {
        assert_eq!(world.send(&listener.url, &["--kind", kind]).status, 0, "{kind}");
    }
    let run = listener.end();
    assert_eq!((run.status, run.stdout.lines().count()), (0, 1), "{run:?}");
    assert!(run.stdout.starts_with("alias\t"), "{run:?}");
}

#[test]
fn missing_merchant_id_is_that_of_the_source() {
    let world = World::new();
    let file = world.env_file();
    let others = file.lines().filter(|line| !line.contains("TPAY_MERCHANT_ID"));
    let file = others.map(|line| format!("{line}\n")).collect::<String>();
    let login = ["auth", "login", "--profile", "inter", "--env-file", "-"];
    assert_eq!(world.finish(world.bare(&login), &file).status, 0);
    // If the id were found, the program would listen for a moment.
    let listen = ["notification", "listen", "--bind", "127.0.0.1:0", "--for", "1s"];
    let mut command = world.bare(&[&listen[..], &["--profile", "inter"]].concat());
    command.env("TPAY_MERCHANT_ID", "1010");
    let run = world.finish(command, "");
    let problem = "--any-merchant, or set merchant_id of the profile `inter`\n";
    assert!(run.status == 2 && run.stderr.ends_with(problem), "{run:?}");
    let command = world.bare(&[&listen[..], &["--env-file", "-"]].concat());
    let run = world.finish(command, &file);
    let problem = "--any-merchant, or set TPAY_MERCHANT_ID of the file -\n";
    assert!(run.status == 2 && run.stderr.ends_with(problem), "{run:?}");
}

#[test]
fn invalid_options_of_notifications_are_2() {
    let world = World::new();
    std::fs::write(world.home.join("n.body"), "tr_id=TR-1").unwrap();
    std::fs::write(world.home.join("n.headers"), "x-jws-signature: a..b\n").unwrap();
    for (options, message) in [
        (["--count", "0"], "must be a whole number of at least 1"),
        (["--forward-to", "nonsense"], "must begin with http:// or https://"),
        (["--fields", "nosuch"], "`nosuch` is not one of kind, key, content"),
        (["--record", "r"], "--record: exchanges with your application are not recorded"),
    ] {
        let run = world.run(&[&LISTEN[..], &TEST_KEY, &options].concat());
        assert!(run.status == 2 && run.stderr.contains(message), "{options:?}: {run:?}");
    }
    let url = "http://127.0.0.1:9/";
    for command in [&["send", url][..], &["replay", "n.body", url]] {
        let run = world.run(&[&["notification"], command, &["--record", "r"]].concat());
        assert!(run.status == 2 && run.stderr.contains("--record"), "{run:?}");
    }
    assert!(!world.home.join("r").exists());
    for text in ["a: b\n\nx-jws-signature a..b\n", "a: b\n\na: \0\n"] {
        std::fs::write(world.home.join("n.headers"), text).unwrap();
        let run = world.run(&["notification", "replay", "n.body", url, "--dry-run"]);
        let problem = "n.headers: line 3 is not `Name: value`";
        assert!(run.status == 2 && run.stderr.contains(problem), "{run:?}");
    }
    for file in ["n.body", "n.headers"] {
        let verify = ["notification", "verify", "n.body", "--headers", "n.headers"];
        std::fs::write(world.home.join("n.headers"), "x-jws-signature: a..b\n").unwrap();
        let run = world.run(&[&verify[..], &["--record", file]].concat());
        assert!(
            run.status == 2 && run.stderr.contains("--record: must not be the same file"),
            "{run:?}"
        );
        assert!(!std::fs::read(world.home.join(file)).unwrap().starts_with(b"{"));
    }
    // An invalid variable is an error of the configuration.
    for (option, status) in [(Some("x"), 2), (None, 10)] {
        let listen = ["notification", "listen", "--bind", "127.0.0.1:0", "--for", "1s"];
        let option = option.map(|id| ["--merchant-id", id]);
        let mut command =
            world.command(&[&listen[..], option.as_ref().map_or(&[], |o| o)].concat());
        command.env("TPAY_MERCHANT_ID", "y");
        let run = finish(command, "");
        let named = if option.is_some() { "--merchant-id: must" } else { "TPAY_MERCHANT_ID: must" };
        assert!(run.status == status && run.stderr.contains(named), "{run:?}");
    }
}

#[test]
fn user_and_password_of_a_url_are_not_printed() {
    let world = World::new();
    for arguments in [
        &["notification", "send", "ftp://ann:CANARY@localhost"][..],
        &["notification", "send", "http://ann:CAN ARY@localhost"],
        &["notification", "listen", "--forward-to=http://ann:CANARY/@localhost:x/"],
        &["transaction", "list", "http://ann:CANARY@localhost"],
        &["transaction", "list", "--base-url", "http://ann:CANARY@localhost"],
        &["transaction", "list", "--limit", "http://ann:CANARY@localhost"],
        &["transaction", "list", "--out", "http://ann:CANARY@localhost"],
        &["api", "http://ann:CANARY@localhost"],
    ] {
        for more in [&[][..], &["-o", "json"], &["--color", "always"]] {
            let run = world.run(&[arguments, more].concat());
            assert!(matches!(run.status, 2 | 10), "{arguments:?}: {run:?}");
            assert!(!run.stderr.contains("CAN") && !run.stderr.contains("ann"), "{run:?}");
        }
    }
    let run = world.run(&["notification", "send", "ftp://ann:CANARY@localhost"]);
    assert!(run.stderr.contains("'ftp://***@localhost' for '<URL>'"), "{run:?}");
}

#[test]
fn invalid_url_of_an_application_is_2() {
    let world = World::new();
    let invalid = [":99999", ":x", ":-1", ":65616", ":0", ":+80", ":"];
    let port = "the port must be a number from 1 to 65535";
    let urls = invalid.map(|port| format!("http://127.0.0.1{port}/"));
    let user = "must not contain a user name or password";
    let urls = urls.iter().map(|url| (url.as_str(), port));
    let urls =
        urls.chain([("http://user:CANARY@127.0.0.1:1/", user), ("http://CANARY@a:x/", user)]);
    std::fs::write(world.home.join("1.body"), "").unwrap();
    for (url, problem) in urls {
        for (name, arguments) in [
            ("URL", &["send", url][..]),
            ("URL", &["send", url, "--dry-run"]),
            ("URL", &["replay", "1.body", url]),
            ("--forward-to", &["listen", "--bind", "127.0.0.1:0", "--forward-to", url]),
        ] {
            let run = world.run(&[&["notification"], arguments].concat());
            let expected = format!("tpay: {name}: {problem}\n");
            assert_eq!((run.status, run.stderr), (2, expected), "{arguments:?}");
        }
    }
}

#[test]
fn stored_notifications_are_private_and_never_replaced() {
    let world = World::new();
    let save = |crc: &str| {
        let save = ["--count", "1", "--save", "saved"];
        let listener = world.listen(&[&TEST_KEY[..], &save].concat());
        let run = world.send(&listener.url, &["--set", &format!("tr_crc={crc}")]);
        assert_eq!((run.status, listener.end().status), (0, 0), "{run:?}");
    };
    save("first");
    save("second");
    // The body of an incomplete one is not replaced either.
    std::fs::write(world.home.join("saved/7.body"), "x").unwrap();
    save("third");
    let saved = |name: &str| file(&world.home.join("saved").join(name));
    assert!(saved("1.body").contains("first") && saved("2.body").contains("second"));
    assert!(saved("8.body").contains("third") && saved("8.headers").contains("x-jws-signature"));
    assert_eq!(saved("7.body"), "x");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for (name, mode) in [("", 0o700), ("1.body", 0o600), ("2.headers", 0o600)] {
            let file = std::fs::metadata(world.home.join("saved").join(name)).unwrap();
            assert_eq!(file.permissions().mode() & 0o777, mode, "{name}");
        }
    }
}

/// Root can write to any folder, so a root's program runs as another user.
#[cfg(unix)]
#[test]
fn folder_of_notifications_must_be_writable_before_the_program_listens() {
    use std::os::unix::fs::PermissionsExt;

    let world = World::new();
    let saved = world.home.join("saved");
    std::fs::create_dir(&saved).unwrap();
    std::fs::set_permissions(&saved, PermissionsExt::from_mode(0o555)).unwrap();
    // With an address that cannot be used, a program that does not check the folder ends as well.
    let listen = ["notification", "listen", "--bind", "192.0.2.1:1", "--save", "saved"];
    let mut command = world.command(&[&listen[..], &TEST_KEY].concat());
    if !as_other_user(&mut command) {
        return;
    }
    let run = finish(command, "");
    assert!(run.status == 10 && run.stderr.contains("saved: Permission denied"), "{run:?}");
}

#[cfg(unix)]
#[test]
fn output_of_a_listener_waits_for_the_reader_of_a_pipe() {
    let world = World::new();
    let pipe = world.home.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let listen = [&LISTEN[..], &TEST_KEY, &["--count", "1", "--out", "pipe"]].concat();
    let mut command = world.command(&listen);
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let (line, stderr) = next_line(&mut child, stderr);
    assert_eq!(line, "--out pipe: waiting for a program that reads this named pipe");
    let mut reader = std::fs::File::open(&pipe).unwrap();
    let (line, _stderr) = next_line(&mut child, stderr);
    let url = line.strip_prefix("listening on ").unwrap();
    assert_eq!(world.send(url, &[]).status, 0);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("payment\t"), "{text}");
    assert!(child.wait().unwrap().success());
}

/// The server of a network provider adds such headers.
#[test]
fn stored_headers_that_are_not_ascii_are_verified_and_sent_again() {
    let world = World::new();
    let save = |folder| [&TEST_KEY[..], &["--count", "1", "--save", folder]].concat();
    let listener = world.listen_bare(&save("saved"));
    let headers = [b"cf-ipcity: \xc5\x81\xc3\xb3d\xc5\xba\r\n".as_slice(), b"x-name: Jos\xe9\r\n"];
    let response = listener.post_with("/", &headers.concat());
    assert!(response.starts_with(b"HTTP/1.1 200 "), "{response:?}");
    assert_eq!(listener.end().status, 0);
    let headers = |folder: &str| file(&world.home.join(folder).join("1.headers"));
    let saved = "cf-ipcity: Łódź\nx-name: Jos\u{fffd}\n";
    assert!(headers("saved").contains(saved), "{}", headers("saved"));
    let verify = ["notification", "verify", "saved/1.body", "--headers", "saved/1.headers"];
    let run = finish(world.bare(&[&verify[..], &TEST_KEY].concat()), "");
    assert_eq!(run.status, 0, "{run:?}");
    let again = world.listen_bare(&save("again"));
    let replay = ["notification", "replay", "saved/1.body", &again.url];
    let run = finish(world.bare(&replay), "");
    assert_eq!((run.status, again.end().status), (0, 0), "{run:?}");
    assert!(headers("again").contains(saved), "{}", headers("again"));
}

/// The URL of an application in a private network, such as that of containers.
#[cfg(target_os = "linux")]
#[test]
fn plain_http_of_an_application_is_allowed() {
    let world = World::new();
    let (url, application) = application(&[(200, "TRUE")]);
    // This is an address of this machine that is not a loopback address.
    let url = url.replace("127.0.0.1", "0.0.0.0");
    let run = world.send(&url, &[]);
    assert_eq!(run.status, 0, "{run:?}");
    application.join().unwrap();
}

#[test]
fn commands_with_public_keys_need_no_credentials() {
    let world = World::new();
    let save = ["--count", "1", "--save", "saved"];
    let listener = world.listen_bare(&[&TEST_KEY[..], &save].concat());
    let run = finish(world.bare(&["notification", "send", &listener.url]), "");
    assert_eq!((run.status, listener.end().status), (0, 0), "{run:?}");
    let verify = ["notification", "verify", "saved/1.body", "--headers", "saved/1.headers"];
    let run = finish(world.bare(&[&verify[..], &TEST_KEY].concat()), "");
    assert!(run.status == 0 && run.stdout.starts_with("kind\tpayment\n"), "{run:?}");
    for name in ["root", "signing"] {
        let base = world.variables().find(|(name, _)| *name == "TPAY_BASE_URL").unwrap().1;
        let run = finish(world.bare(&["certificate", name, "--base-url", &base]), "");
        assert!(run.status == 0 && run.stdout.contains("BEGIN CERTIFICATE"), "{run:?}");
    }
}

#[test]
fn unknown_field_does_not_hide_that_a_tampered_notification_is_accepted() {
    let world = World::new();
    let (url, application) = application(&[(200, "TRUE")]);
    let run = world.send(&url, &["--tamper", "body", "--fields", "nosuch"]);
    assert!(run.status == 1 && run.stderr.contains("unknown field `nosuch`"), "{run:?}");
    application.join().unwrap();
    // The output is checked before a notification is sent.
    let run = world.send("http://127.0.0.1:9/", &["--out", "no-folder/file"]);
    assert_eq!(run.status, 10, "{run:?}");
}
