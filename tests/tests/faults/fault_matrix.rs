//! Every call against every fault: what the caller gets, what is kept of the response, and what the
//! server saw. The table is compared with `docs/reliability.md`; `UPDATE_DOCS=1` rewrites it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api_auth::{Clock, Delivery, Error, ErrorKind, StatusCode, SystemClock};
use api_sandbox::{Misbehaviour, Response, Server};
use test_support::ports::ClosedPort;
use workspace_tests::catalogue::{Call, Options, PROVIDERS, Provider};
use workspace_tests::world::{self, World};

/// The timeouts for stalls. The second one is used if the machine is so busy that the response did
/// not begin within the first one.
const DEADLINES: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(15)];
/// A time that is longer than any test.
const FOR_EVER: Duration = Duration::from_secs(120);
/// A number that is larger than the number of requests of any call.
const ALWAYS: usize = 20;
const RESPONSE_LIMIT: usize = 1024 * 1024;
/// The part of a response that is kept if there was none.
const NOTHING: &str = "nothing";

/// The fault after the client has its token or session.
enum How {
    /// The port is closed.
    Gone,
    /// Each request fails in this way.
    Each(Misbehaviour),
    /// Each request ends by the timeout.
    Stalls(Misbehaviour),
    /// Each request gets this response, which must be kept completely.
    Responses(Response),
    /// This number of requests gets status 401; tokens and sessions are granted.
    Refuses(u32),
}

fn faults(elsewhere: &str) -> Vec<(&'static str, How)> {
    let json = |body: &[u8]| How::Responses(Response::new(200, "application/json", body));
    let bytes = |text: &str| How::Each(Misbehaviour::Bytes(text.as_bytes().to_vec()));
    let too_many = |after: Option<u32>| {
        let response = Response::new(429, "text/plain", "Too Many Attempts.");
        How::Responses(match after {
            Some(seconds) => response.with_header("retry-after", seconds),
            None => response,
        })
    };
    let moved = |status| {
        let response = Response::new(status, "text/html", "<html>moved</html>");
        How::Responses(response.with_header("location", elsewhere))
    };
    let html = Response::new(502, "text/html", "<html><h1>502 Bad Gateway</h1></html>");
    vec![
        ("connection refused", How::Gone),
        ("reset before the request is read", How::Each(Misbehaviour::ResetBeforeReading)),
        ("reset after the request is read", How::Each(Misbehaviour::ResetAfterReading)),
        ("stall in the headers", How::Stalls(Misbehaviour::StallInHeaders(FOR_EVER))),
        ("stall in the body", How::Stalls(Misbehaviour::StallInBody(FOR_EVER))),
        ("body cut short", How::Each(Misbehaviour::CutBody)),
        ("content length too large", bytes("HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n{}")),
        (
            "content length too small",
            bytes("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{\"success\":true}"),
        ),
        (
            "two content lengths",
            bytes("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 9\r\n\r\n{}"),
        ),
        (
            "content length that is not a number",
            bytes("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{}"),
        ),
        (
            "chunked garbage",
            bytes("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n"),
        ),
        ("not HTTP", bytes("SSH-2.0-OpenSSH_9.6\r\n\r\n")),
        ("10 GB announced and sent", How::Each(Misbehaviour::Endless)),
        ("502 with a page of HTML", How::Responses(html)),
        ("200 without a body", json(b"")),
        ("200 with an empty object", json(b"{}")),
        ("200 with JSON of another type", json(b"[[1],\"a\"]")),
        ("200 with deeply nested JSON", json("[".repeat(100_000).as_bytes())),
        ("200 with deeply nested objects", json("{\"data\":".repeat(50_000).as_bytes())),
        ("200 with invalid UTF-8", json(b"{\"id\":\"\xff\xfe\"}")),
        ("429", too_many(None)),
        ("429, Retry-After 7 s", too_many(Some(7))),
        ("429, Retry-After 1 h", too_many(Some(3600))),
        ("301 to another host", moved(301)),
        ("302 to another host", moved(302)),
        ("303 to another host", moved(303)),
        ("307 to another host", moved(307)),
        ("308 to another host", moved(308)),
        ("401 once", How::Refuses(1)),
        ("401 always", How::Refuses(u32::MAX)),
    ]
}

/// The result of a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Outcome {
    result: String,
    kept: &'static str,
    requests: usize,
    grants: usize,
}

/// Returns the outcome of one call with one fault.
fn outcome(provider: &Provider, call: &dyn Call, name: &str, how: &How) -> Outcome {
    let How::Stalls(stall) = how else {
        return outcome_within(FOR_EVER, provider, call, name, how);
    };
    let [soon, late] = DEADLINES;
    let outcome = outcome_within(soon, provider, call, name, how);
    let expected = if call.idempotent() { 3 } else { 1 };
    let is_partial = matches!(stall, Misbehaviour::StallInBody(_));
    if outcome.requests < expected || (is_partial && outcome.kept == NOTHING) {
        return outcome_within(late, provider, call, name, how);
    }
    outcome
}

fn outcome_within(
    timeout: Duration,
    provider: &Provider,
    call: &dyn Call,
    name: &str,
    how: &How,
) -> Outcome {
    let place = || format!("{} {} against {name}", provider.name, call.id());
    let options = Options { timeout, response_limit: RESPONSE_LIMIT, ..Options::default() };
    // When the server has stopped, its port must not be given to another one.
    let mut port = ClosedPort::for_a_program();
    let server = world::start_at(port.number(), provider);
    let client = world::ready(provider, call, server.base_url(), &options)
        .unwrap_or_else(|error| panic!("{}: not ready: {error:?}", place()));
    server.take_seen();
    let server = match how {
        How::Gone => {
            drop(server);
            port = port.after_the_program().unwrap();
            None
        }
        How::Each(how) | How::Stalls(how) => {
            server.misbehave(how.clone(), ALWAYS);
            Some(server)
        }
        How::Responses(response) => {
            server.misbehave(Misbehaviour::Response(response.clone()), ALWAYS);
            Some(server)
        }
        How::Refuses(times) if provider.grant.is_some_and(|(path, _)| path == call.path()) => {
            let times = usize::try_from(*times).unwrap().min(ALWAYS);
            server.misbehave(Misbehaviour::Response(world::unauthorized()), times);
            Some(server)
        }
        How::Refuses(times) => {
            server.state(|world| world.refusals = *times);
            Some(server)
        }
    };
    let begin = SystemClock.now();
    let result = call.send(&client);
    let elapsed = SystemClock.now().duration_since(begin).unwrap_or_default();
    let count = |server: &Server<World>| world::count(provider, call, server);
    let (requests, grants) = server.as_ref().map_or((0, 0), count);
    // A dropped session is closed on its own server.
    drop(client);
    drop((server, port));
    let outcome = describe(result.as_ref(), requests, grants);

    // Assertions for every row.
    assert!(elapsed < Duration::from_secs(60), "{}: took {elapsed:?}", place());
    let sendings = match (call.idempotent(), how) {
        (true, _) => 3,
        (false, How::Refuses(_)) => 2, // Nothing was carried out.
        (false, _) => 1,
    };
    assert!(requests <= sendings, "{}: sent {requests} times", place());
    if let Err(error) = &result {
        assert!(error.body().len() <= RESPONSE_LIMIT, "{}", place());
        assert!(!error.to_string().contains('\n'), "{}", place());
        if let How::Responses(response) = how {
            assert_eq!(error.status().unwrap().as_u16(), response.status, "{}", place());
            assert_eq!(error.body(), response.body, "{}", place());
            for (header, value) in &response.headers {
                assert_eq!(error.headers().unwrap()[header], value, "{}", place());
            }
        }
        if !call.idempotent() && requests > 0 {
            assert_ne!(error.delivery(), Delivery::NotSent, "{}", place());
            // Only after a rate limit is it certain that a write was not carried out.
            let is_limited = error.status() == Some(StatusCode::TOO_MANY_REQUESTS)
                && error.delivery() == Delivery::Refused;
            assert_eq!(error.is_retryable(), is_limited, "{}", place());
        }
    }
    outcome
}

fn describe(result: Result<&String, &Error>, requests: usize, grants: usize) -> Outcome {
    let Err(error) = result else {
        return Outcome { result: "success".to_owned(), kept: "", requests, grants };
    };
    let transport = error.transport_error();
    let kind = match transport {
        Some(transport) => format!("{:?}: {:?}", error.kind(), transport.kind()),
        None => format!("{:?}", error.kind()),
    };
    let retryable = if error.is_retryable() { ", retryable" } else { "" };
    let kept = match (error.status(), error.kind()) {
        (None, _) => NOTHING,
        (Some(_), ErrorKind::Transport) => "status, headers, received part of the body",
        (Some(_), _) => "all",
    };
    Outcome { result: format!("{kind}{retryable}"), kept, requests, grants }
}

/// Runs `work` for each index below `count` on so many threads.
fn in_parallel(threads: usize, count: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(count) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        return;
                    }
                    work(index);
                }
            });
        }
    });
}

#[test]
fn the_table_of_faults_is_the_documented_one() {
    let elsewhere = world::start(&PROVIDERS[0]);
    let faults = faults(&format!("{}/stolen", elsewhere.base_url()));
    let calls: Vec<(&Provider, Box<dyn Call>)> = PROVIDERS
        .iter()
        .flat_map(|provider| (provider.calls)().into_iter().map(move |call| (provider, call)))
        .collect();
    let outcomes = Mutex::new(BTreeMap::new());
    let cells: Vec<(usize, usize)> = (0..faults.len())
        .flat_map(|fault| (0..calls.len()).map(move |call| (fault, call)))
        .collect();
    let run = |(fault, call): (usize, usize)| {
        let ((name, how), (provider, call_type)) = (&faults[fault], &calls[call]);
        let outcome = outcome(provider, &**call_type, name, how);
        outcomes.lock().unwrap().insert((fault, call), outcome);
    };
    // Stalls need no processor time, so many of them run at once.
    let (stalling, rest): (Vec<_>, Vec<_>) =
        cells.into_iter().partition(|(fault, _)| matches!(faults[*fault].1, How::Stalls(_)));
    for (threads, cells) in [(160, stalling), (8, rest)] {
        in_parallel(threads, cells.len(), |index| run(cells[index]));
    }
    assert_eq!(elsewhere.connections(), 0, "nothing goes to the host of a redirect");

    let outcomes = outcomes.into_inner().unwrap();
    let table = table(&faults, &calls, &outcomes);
    compare_with_document("fault matrix", &table);
}

/// Returns the table, in which endpoints with the same result share a row.
fn table(
    faults: &[(&'static str, How)],
    calls: &[(&Provider, Box<dyn Call>)],
    outcomes: &BTreeMap<(usize, usize), Outcome>,
) -> String {
    let mut text = format!(
        "{} endpoints, {} faults, {} cells. *Requests* is the number of requests that arrived, \
         *token requests* that of the requests for a token or session besides them.\n",
        calls.len(),
        faults.len(),
        outcomes.len()
    );
    for provider in PROVIDERS {
        text.push_str(&format!("\n### {}\n\n", provider.name));
        text.push_str(
            "| fault | of | outcome | kept of the response | requests | token requests |\n",
        );
        text.push_str("|---|---|---|---|---|---|\n");
        for (fault, (name, _)) in faults.iter().enumerate() {
            for idempotent in [true, false] {
                let group = if idempotent { "idempotent" } else { "writes" };
                let members: Vec<usize> = (0..calls.len())
                    .filter(|call| calls[*call].0.name == provider.name)
                    .filter(|call| calls[*call].1.idempotent() == idempotent)
                    .collect();
                let mut alike: BTreeMap<&Outcome, Vec<&str>> = BTreeMap::new();
                for call in members {
                    alike.entry(&outcomes[&(fault, call)]).or_default().push(calls[call].1.id());
                }
                let all_alike = alike.len() == 1;
                let mut sorted: Vec<_> = alike.into_iter().collect();
                sorted.sort_by_key(|(_, ids)| std::cmp::Reverse(ids.len()));
                for (place, (outcome, ids)) in sorted.into_iter().enumerate() {
                    let of = match place {
                        0 if all_alike => format!("{group} ({})", ids.len()),
                        0 => format!("other {group} ({})", ids.len()),
                        _ => ids.join(", "),
                    };
                    let Outcome { result, kept, requests, grants } = outcome;
                    text.push_str(&format!(
                        "| {name} | {of} | {result} | {kept} | {requests} | {grants} |\n"
                    ));
                }
            }
        }
    }
    text
}

/// Compares the text between the markers of this name, or rewrites it.
fn compare_with_document(name: &str, table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reliability.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->"));
    let (before, rest) = text.split_once(&begin).unwrap();
    let (kept, after) = rest.split_once(&end).unwrap();
    #[expect(clippy::disallowed_methods, reason = "a switch for developers")]
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, [before, &begin, table, &end, after].concat()).unwrap();
        return;
    }
    for (expected, found) in kept.lines().zip(table.lines()) {
        assert_eq!(found, expected, "docs/reliability.md says something else; see UPDATE_DOCS");
    }
    assert_eq!(table.lines().count(), kept.lines().count(), "lines of docs/reliability.md");
}
