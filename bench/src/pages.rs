//! Lists and batches with concurrent requests, compared with requests one after another and with
//! async code.

use std::num::NonZero;
use std::time::Instant;

use futures_util::{StreamExt as _, stream};
use serde::Deserialize;
use tpay_client::transactions::{GetTransaction, ListTransactions};
use tpay_client::{Client, Environment};

use crate::count::count;
use crate::report::{Limit, Row, Section, duration};
use crate::rounds::{Contender, Ratio, Spread, race};
use crate::samples::{PAGES, PER_PAGE};
use crate::server::Server;

const ONE: &str = "one at a time";
const EIGHT: &str = "8 at a time";
const ASYNC: &str = "reqwest, async, `buffered(8)`";

/// The latency of each response, in milliseconds.
const LATENCY: u64 = 50;
/// The rounds with latency, each of about 30 s. Disturbances are small compared with the latency.
const SLOW_ROUNDS: usize = 1;
const QUICK_ROUNDS: usize = 21;

fn client(server: &Server) -> Client {
    Client::builder("id", "secret")
        .environment(Environment::custom(server.url(false)))
        .http_basic()
        .max_connections(32)
        .build()
        .unwrap()
}

/// Reads the whole list.
fn read(client: &Client, at_a_time: usize) {
    let list = ListTransactions::new().limit(PER_PAGE as u32);
    let items = client.transactions(&list).concurrent(at_a_time);
    let mut ids = 0;
    for item in items {
        ids += usize::from(item.unwrap().transaction_id.is_some());
    }
    assert_eq!(ids, PAGES * PER_PAGE);
}

/// Fetches as many transactions by id as the list has pages.
fn fetch(client: &Client, at_a_time: usize) {
    let requests = (0..PAGES).map(|number| GetTransaction::new(format!("ta_{number}")));
    let found = client.send_all(requests, at_a_time).filter(|(_, result)| result.is_ok());
    assert_eq!(found.count(), PAGES);
}

/// The parts of a page that async code reads by hand.
#[derive(Deserialize)]
struct PlainPage {
    transactions: Vec<PlainTransaction>,
}

/// As many fields as the record has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "it is decoded, not read")]
struct PlainTransaction {
    transaction_id: Option<String>,
    title: Option<String>,
    pos_id: Option<String>,
    status: Option<String>,
    date: Option<PlainDate>,
    amount: Option<f64>,
    currency: Option<String>,
    description: Option<String>,
    hidden_description: Option<String>,
    payer: Option<PlainPayer>,
    lang: Option<String>,
    transaction_payment_url: Option<String>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "it is decoded, not read")]
struct PlainDate {
    creation: Option<String>,
    realization: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "it is decoded, not read")]
struct PlainPayer {
    payer_id: Option<String>,
    email: Option<String>,
    name: Option<String>,
    phone: Option<String>,
}

/// Reads the list by async code, which knows the number of pages.
struct AsyncReader {
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    url: String,
}

impl AsyncReader {
    fn new(server: &Server) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { runtime, client, url: server.url(false) }
    }

    fn read(&self) {
        let page = |number: usize| async move {
            let url = format!("{}/transactions?page={number}&limit={PER_PAGE}", self.url);
            let request = self.client.get(url).basic_auth("id", Some("secret"));
            let body = request.send().await.unwrap().bytes().await.unwrap();
            serde_json::from_slice::<PlainPage>(&body).unwrap()
        };
        let ids = self.runtime.block_on(async {
            let mut pages = stream::iter(1..=PAGES).map(page).buffered(8);
            let mut ids = 0;
            while let Some(page) = pages.next().await {
                let found = page.transactions.iter().filter(|one| one.transaction_id.is_some());
                ids += found.count();
            }
            ids
        });
        assert_eq!(ids, PAGES * PER_PAGE);
    }
}

fn timed(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_nanos() as f64
}

/// Times with latency, round by round.
struct Slow {
    one: Vec<f64>,
    eight: Vec<f64>,
    many: Vec<f64>,
}

impl Slow {
    fn measure(work: impl Fn(usize)) -> Self {
        let mut slow = Self { one: Vec::new(), eight: Vec::new(), many: Vec::new() };
        work(32); // Connections.
        for _ in 0..SLOW_ROUNDS {
            slow.one.push(timed(|| work(1)));
            slow.eight.push(timed(|| work(8)));
            slow.many.push(timed(|| work(32)));
        }
        slow
    }

    /// The times of several at a time, as multiples of the best that is possible: the time of one,
    /// divided by their number.
    fn rows(&self, what: &str) -> [Row; 2] {
        // 7.2 times and 26 times as fast as one at a time.
        let rows = [(8.0, &self.eight, 8.0 / 7.2), (32.0, &self.many, 32.0 / 26.0)];
        rows.map(|(number, times, bound): (f64, _, f64)| {
            let best: Vec<f64> = self.one.iter().map(|time| time / number).collect();
            let median = |times: &[f64]| Spread::of(times.to_vec()).median;
            let faster = median(&self.one) / median(times);
            let figure = format!(
                "{what}, {LATENCY} ms latency, {number} at a time ({faster:.1} x as fast as one)"
            );
            let baseline = format!("1/{number} of the time of one");
            let bound = (bound * 100.0).floor() / 100.0;
            Row::multiple(&figure, Ratio::of(&best, times), &baseline, Limit::at(bound))
        })
    }
}

/// Several at a time against one at a time, without latency.
fn quick(what: &str, records: usize, work: &dyn Fn(usize)) -> (Row, String) {
    let mut contenders = [Contender::new(ONE, |_| work(1)), Contender::new(EIGHT, |_| work(8))];
    let race = race(&mut contenders, QUICK_ROUNDS, 1);
    let figure = format!("{what}, no latency, 8 at a time: time");
    let row = Row::ratio(&figure, &race, EIGHT, ONE, Limit::at(1.0));
    let table = [ONE, EIGHT].map(|name| {
        let time = race.spread(name).median;
        let rate = records as f64 * 1e9 / time;
        format!("| {what}, {name} | {} | {rate:.0} |\n", duration(time))
    });
    (row, table.concat())
}

const TABLE: &str = "| no latency | time | records per second |\n|---|---|---|\n";

/// Returns the peak memory while the list is read.
fn memory(client: &Client) -> Row {
    let peak = |at_a_time: usize| {
        let ((), counts) = count(|| read(client, at_a_time));
        counts.peak
    };
    read(client, 8); // Connections.
    let list = ListTransactions::new().limit(PER_PAGE as u32);
    let (page, counts) = count(|| client.list_transactions(&list).unwrap());
    assert_eq!(page.transactions.len(), PER_PAGE);
    drop(page);
    let baseline = peak(1) + 8 * counts.peak;
    // The threads differ from run to run in how many decode at a time.
    let most = (0..5).map(|_| peak(8)).max().unwrap_or_default();
    Row::count(
        "list, 8 at a time: most memory, percent of one at a time and 8 pages",
        most * 100 / baseline,
        Limit::at(120.0),
        format!("{} KiB", baseline / 1024),
    )
}

/// Pages of a list.
pub fn pages() -> Section {
    let mut server = Server::start();
    let client = client(&server);
    let list = |at_a_time| read(&client, at_a_time);
    let rival = AsyncReader::new(&server);

    server.delay(0);
    let what = format!("list of {PAGES} pages");
    let (row, table) = quick(&what, PAGES * PER_PAGE, &list);
    let mut rows = vec![row];
    let mut contenders =
        [Contender::new(ASYNC, |_| rival.read()), Contender::new(EIGHT, |_| list(8))];
    let race = race(&mut contenders, QUICK_ROUNDS, 1);
    let figure = format!("{what}, no latency, 8 at a time: time");
    rows.push(Row::told_ratio(&figure, race.ratio(EIGHT, ASYNC), ASYNC));
    rows.push(memory(&client));

    server.delay(LATENCY);
    let slow = Slow::measure(list);
    rows.extend(slow.rows(&what));
    rival.read();
    let theirs: Vec<f64> = (0..SLOW_ROUNDS).map(|_| timed(|| rival.read())).collect();
    let figure = format!("{what}, {LATENCY} ms latency, 8 at a time: time");
    rows.push(Row::multiple(&figure, Ratio::of(&theirs, &slow.eight), ASYNC, Limit::at(1.1)));

    server.counts();
    list(8);
    let counted = server.counts();
    rows.push(Row::count(
        "requests for the list, 8 at a time",
        counted.requests,
        Limit::at(PAGES as f64),
        format!("{PAGES} pages"),
    ));
    rows.push(Row::count(
        "new connections for it, after others",
        counted.connections,
        Limit::at(0.0),
        "0",
    ));
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let table = format!("{TABLE}{table}\nThe server has the same {cores} cores.\n");
    Section { title: "Pages", name: "pages", rows, table: Some(table), ..Section::default() }
}

/// Requests to one endpoint.
pub fn batch() -> Section {
    let mut server = Server::start();
    let client = client(&server);
    let batch = |at_a_time| fetch(&client, at_a_time);
    server.delay(0);
    let what = format!("{PAGES} requests by `send_all`");
    let (row, table) = quick(&what, PAGES, &batch);
    let mut rows = vec![row];
    server.delay(LATENCY);
    rows.extend(Slow::measure(batch).rows(&what));
    server.counts();
    batch(32);
    let counted = server.counts();
    rows.push(Row::count(
        "requests that were sent, 32 at a time",
        counted.requests,
        Limit::at(PAGES as f64),
        PAGES.to_string(),
    ));
    rows.push(Row::count(
        "new connections for them, after others",
        counted.connections,
        Limit::at(0.0),
        "0",
    ));
    Section {
        title: "Batches",
        name: "batch",
        rows,
        table: Some(format!("{TABLE}{table}")),
        ..Section::default()
    }
}
