//! Calls with an OAuth token, by the client of Tpay: token requests of threads and processes, and
//! the cost of a process with a stored token.

use std::path::PathBuf;

use tpay_client::{Client, Environment};

use crate::programs::{self, certificate_files, in_turns, used, wall};
use crate::report::{Limit, Row, Section};
use crate::server::Server;

const WITHOUT: &str = "the same without OAuth";

fn client(url: &str) -> Client {
    Client::builder("id", "secret").environment(Environment::custom(url)).build().unwrap()
}

fn hundred_calls(client: &Client) {
    for number in 0..100 {
        let transaction = client.get_transaction(format!("ta_{number}")).unwrap();
        assert!(transaction.transaction_id.is_some());
    }
}

/// A new folder, removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("bench-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        Self(folder)
    }

    fn text(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn section() -> Section {
    let mut server = Server::start();
    let plain = server.url(false);
    server.counts();

    hundred_calls(&client(&plain));
    let one_thread = server.counts();

    let shared = client(&plain);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| hundred_calls(&shared));
        }
    });
    let eight_threads = server.counts();

    let one = Limit::at(1.0);
    let mut rows = vec![
        Row::count("connections for a token and 100 calls", one_thread.connections, one, "1"),
        Row::count("token requests for 100 calls", one_thread.token_requests, one, "1"),
        Row::count("token requests of 8 threads", eight_threads.token_requests, one, "1"),
    ];
    rows.extend(processes(&mut server));
    Section { title: "OAuth tokens", name: "tokens", rows, ..Section::default() }
}

/// Programs that make one call over HTTPS and exit.
fn processes(server: &mut Server) -> Vec<Row> {
    let program = programs::built(programs::TPAY);
    let (ca, url) = (programs::ca_file(server), server.url(true));
    let stored = Folder::new("tokens");
    let without: [&str; 2] = [&url, ca.to_str().unwrap()];
    let with = [without[0], without[1], stored.text()];

    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..13).for_each(|_| _ = used(&program, &with)));
        }
    });
    let many = server.counts();
    assert_eq!(many.requests, 8 * 13 + many.token_requests);

    let fresh = Folder::new("first-run");
    let first_and_second = [without[0], without[1], fresh.text()];
    used(&program, &first_and_second);
    let first = server.counts();
    used(&program, &first_and_second);
    let second = server.counts();

    let rounds = in_turns(101, || used(&program, &without), || used(&program, &with));
    let further = server.counts();
    let one = Limit::at(1.0);
    let rows = vec![
        Row::count(
            "token requests of 104 processes, 8 at once, with one file store",
            many.token_requests,
            one,
            "1",
        ),
        Row::count(
            "token requests of 101 further processes",
            further.token_requests,
            Limit::at(0.0),
            "0",
        ),
        Row::count(
            "requests of a program's second run",
            second.requests,
            Limit::at((first.requests - 1) as f64),
            format!("its first run: {}", first.requests),
        ),
        programs::row(
            "one-shot over HTTPS with a stored token: wall",
            &rounds,
            wall,
            WITHOUT,
            Limit::above(1.1, 1.2),
        ),
        certificate_files(
            "the same: files of the system's certificate store opened",
            &program,
            &with,
        ),
    ];
    let _ = std::fs::remove_file(ca);
    rows
}
