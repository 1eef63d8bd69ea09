//! Calls with an OAuth token: how often one is fetched, by threads and by processes, and what a
//! process costs that finds one in the store.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use api_auth::oauth::{Bearer, Grant, TokenServer};
use api_auth::{
    Auth, Client, Credential, Encoding, Endpoint, Fault, FileStore, Method, NoAuth, Params,
    Provider, Response, Settings, Site, json, status_fault,
};

use crate::programs::used;
use crate::report::{Limit, Row, Section};
use crate::rounds::Spread;
use crate::samples::PlainAccess;
use crate::server::Server;

static PROVIDER: Provider = Provider {
    name: "bench",
    user_agent: "bench/0",
    encoding: Encoding::Form,
    retry_statuses: &[],
    fault: status_fault,
};

/// A GET of one record.
struct Ask(u64);

impl Endpoint for Ask {
    type Output = PlainAccess;
    const ID: &'static str = "bench.ask";

    fn method(&self) -> Method {
        Method::GET
    }

    fn path(&self) -> Cow<'_, str> {
        "/r2/access".into()
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.push_number("number", self.0);
    }

    fn parse(&self, response: &Response) -> Result<PlainAccess, Fault> {
        json(response)
    }
}

fn client(url: &str, auth: impl Auth + 'static) -> Client {
    let auth: Arc<dyn Auth> = Arc::new(auth);
    let sites = [(Site::MAIN, "base_url", url)];
    Settings::default().build(&PROVIDER, &sites, vec![(Credential::MAIN, auth)]).unwrap()
}

fn bearer(url: &str) -> Bearer {
    let server = TokenServer::new(&format!("{url}/token"), "id", "secret").unwrap();
    Bearer::new(server, Grant::ClientCredentials)
}

const NO_TOKEN: &str = "-";

/// One call, as a process of its own; `folder` is where the token is kept.
pub fn ask(url: &str, folder: &str) {
    let client = match folder {
        NO_TOKEN => client(url, NoAuth),
        folder => client(url, bearer(url).with_store(Arc::new(FileStore::new(folder)))),
    };
    assert!(client.send(&Ask(1)).unwrap().id.is_some());
}

pub fn section() -> Section {
    let mut server = Server::start();
    let url = server.url(false);
    server.counts();

    let alone = client(&url, bearer(&url));
    (0..100).for_each(|number| drop(alone.send(&Ask(number)).unwrap()));
    let one_thread = server.counts();

    let shared = client(&url, bearer(&url));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..100).for_each(|number| drop(shared.send(&Ask(number)).unwrap())));
        }
    });
    let eight_threads = server.counts();

    let folder = std::env::temp_dir().join(format!("bench-tokens-{}", std::process::id()));
    let folder = folder.to_str().unwrap();
    let program = std::env::current_exe().unwrap();
    let run = |folder: &str| used(&program, &["ask", &url, folder]);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..13).for_each(|_| _ = run(folder)));
        }
    });
    let processes = server.counts();
    assert_eq!(processes.requests, 8 * 13 + processes.token_requests);

    let walls = |folder: &str| run(folder).wall;
    let rounds = (0..101).map(|round| match round % 2 {
        0 => (walls(NO_TOKEN), walls(folder)),
        _ => {
            let stored = walls(folder);
            (walls(NO_TOKEN), stored)
        }
    });
    let rounds: Vec<(f64, f64)> = rounds.collect();
    let second_runs = server.counts();
    let _ = std::fs::remove_dir_all(Path::new(folder));
    let floor = Spread::of(rounds.iter().map(|(none, _)| *none).collect());
    let ratio = Spread::of(rounds.iter().map(|(none, stored)| stored / none).collect());

    let one = Limit::at(1.0);
    let rows = vec![
        Row::count("connections for a token and 100 calls", one_thread.connections, one, "1"),
        Row::count("token requests for 100 calls", one_thread.token_requests, one, "1"),
        Row::count("token requests of 8 threads", eight_threads.token_requests, one, "1"),
        Row::count(
            "token requests of 104 processes, 8 at once, with one file store",
            processes.token_requests,
            one,
            "1",
        ),
        Row::count(
            "token requests of 101 further processes",
            second_runs.token_requests,
            Limit::at(0.0),
            "0",
        ),
        Row::multiple(
            "one-shot with a stored token, plain HTTP, wall",
            ratio,
            ("the same without OAuth", floor),
            Limit::above(1.1, 1.2),
        ),
    ];
    Section { title: "OAuth tokens", name: "tokens", rows, table: None }
}
