//! How the time and the memory of an export grow with the number of concurrent requests, and with
//! the number of records.

use std::time::Instant;

use tpay_client::transactions::ListTransactions;
use tpay_client::{Client, Environment};

use crate::chart::{self, Axis, Chart, Line, Scale};
use crate::count::count;
use crate::report::{Row, Section};
use crate::rounds::Spread;
use crate::server::Server;

/// The largest page that Tpay sends.
const PER_PAGE: usize = 100;
/// The latency of each response, in milliseconds.
const LATENCY: u64 = 50;
/// The list that is read with latency.
const PAGES: usize = 200;
const WORKERS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];
const RECORDS: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// The number of concurrent requests of the exports that vary the number of records.
const AT_A_TIME: usize = 8;

/// What an export took.
#[derive(Debug, Clone, Copy)]
struct Export {
    records: usize,
    seconds: f64,
    peak: usize,
}

impl Export {
    /// Reads the whole list once.
    fn once(client: &Client, records: usize, at_a_time: usize) -> Self {
        let begin = Instant::now();
        let (read, counts) = count(|| {
            let list = ListTransactions::new().limit(PER_PAGE as u32);
            let items = client.transactions(&list).concurrent(at_a_time);
            items.filter(|item| item.as_ref().unwrap().transaction_id.is_some()).count()
        });
        assert_eq!(read, records);
        Self { records, seconds: begin.elapsed().as_secs_f64(), peak: counts.peak }
    }

    /// The median time and the most memory of several.
    fn of(client: &Client, records: usize, at_a_time: usize, times: usize) -> Self {
        let all: Vec<Self> = (0..times).map(|_| Self::once(client, records, at_a_time)).collect();
        let seconds = Spread::of(all.iter().map(|one| one.seconds).collect()).median;
        let peak = all.iter().map(|one| one.peak).max().unwrap_or_default();
        Self { records, seconds, peak }
    }

    fn rate(&self) -> f64 {
        self.records as f64 / self.seconds
    }
}

fn client(server: &Server) -> Client {
    Client::builder("id", "secret")
        .environment(Environment::custom(server.url(false)))
        .http_basic()
        .max_connections(64)
        .build()
        .unwrap()
}

/// A number with commas between the thousands.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Seconds with two digits that count.
fn seconds(value: f64) -> String {
    match value {
        long if long >= 9.95 => format!("{long:.0}"),
        middle if middle >= 0.995 => format!("{middle:.1}"),
        short if short >= 0.0995 => format!("{short:.2}"),
        short => format!("{short:.3}"),
    }
}

const SECONDS: Axis = Axis { label: "time in seconds", scale: Scale::Log, text: seconds };
const COUNT: Axis = Axis { label: "records", scale: Scale::Log, text: grouped };

fn by_workers(client: &Client) -> (Chart, Vec<Row>) {
    Export::once(client, PAGES * PER_PAGE, 64); // Connections.
    let export = |workers| {
        let times = if workers < 8 { 1 } else { 3 };
        (workers, Export::of(client, PAGES * PER_PAGE, workers, times))
    };
    let exports = WORKERS.map(export);
    let one = exports[0].1.seconds;
    let mut table = "| requests at a time | time | times as fast as one | records per second |\n\
                     |---|---|---|---|\n"
        .to_owned();
    for (workers, export) in exports {
        table += &format!(
            "| {workers} | {} s | {:.1} | {} |\n",
            seconds(export.seconds),
            one / export.seconds,
            grouped(export.rate()),
        );
    }
    let title =
        format!("Export of {PAGES} pages, {LATENCY} ms latency: time by requests at a time");
    let amount = |workers: usize| workers as f64;
    let lines = [
        Line {
            name: "measured".to_owned(),
            points: exports.map(|(workers, export)| (amount(workers), export.seconds)).to_vec(),
            dashed: false,
        },
        Line {
            name: "time of one, divided".to_owned(),
            points: WORKERS.map(|workers| (amount(workers), one / amount(workers))).to_vec(),
            dashed: true,
        },
    ];
    let x = Axis { label: "requests at a time", ..COUNT };
    let svg = chart::lines(
        &title,
        "The time of an export falls as more requests are sent at a time. The dashed line is the \
         time of one request at a time, divided by their number.",
        x,
        SECONDS,
        &lines,
    );
    let rate = |index: usize| {
        let (workers, export) = &exports[index];
        let figure =
            format!("export, {LATENCY} ms latency, {workers} at a time: records per second");
        Row::told(&figure, grouped(export.rate()), "-")
    };
    let rows = vec![rate(0), rate(3), rate(5)];
    (Chart { file: "export-by-requests", title, svg, table }, rows)
}

fn by_records(server: &mut Server, client: &Client) -> ([Chart; 2], Vec<Row>) {
    let exports = RECORDS.map(|records| {
        server.records(records);
        Export::of(client, records, AT_A_TIME, if records < 100_000 { 3 } else { 1 })
    });
    let heading = "| records | time | records per second | peak memory |\n|---|---|---|---|\n";
    let mut table = heading.to_owned();
    for export in exports {
        table += &format!(
            "| {} | {} s | {} | {} KiB |\n",
            grouped(export.records as f64),
            seconds(export.seconds),
            grouped(export.rate()),
            grouped(export.peak as f64 / 1024.0),
        );
    }
    let line = |value: fn(&Export) -> f64| {
        let point = |export: &Export| (export.records as f64, value(export));
        let points = exports.iter().map(point).collect();
        [Line { name: "measured".to_owned(), points, dashed: false }]
    };
    let title = format!("Export without latency, {AT_A_TIME} requests at a time: time by records");
    let time = chart::lines(
        &title,
        "The time of an export grows with the number of records.",
        COUNT,
        SECONDS,
        &line(|export| export.seconds),
    );
    let time = Chart { file: "export-by-records", title, svg: time, table };
    let title =
        format!("Export without latency, {AT_A_TIME} requests at a time: peak memory by records");
    let memory = chart::lines(
        &title,
        "The peak memory of an export: pages in flight, and the ids of the last records, which are \
         limited in number.",
        COUNT,
        Axis { label: "peak memory in KiB", scale: Scale::Linear, text: grouped },
        &line(|export| export.peak as f64 / 1024.0),
    );
    let [.., some, all] = &exports;
    let rows = vec![
        Row::told(
            "export, no latency, 8 at a time, 1,000,000 records: records per second",
            grouped(all.rate()),
            "-",
        ),
        Row::told(
            "export of 1,000,000 records: peak memory, percent of 100,000",
            (all.peak * 100 / some.peak.max(1)).to_string(),
            format!("{} KiB", grouped(some.peak as f64 / 1024.0)),
        ),
    ];
    let mut below = "| records | peak memory |\n|---|---|\n".to_owned();
    for export in exports {
        let (records, peak) = (grouped(export.records as f64), export.peak as f64 / 1024.0);
        below += &format!("| {records} | {} KiB |\n", grouped(peak));
    }
    let memory = Chart { file: "export-memory", title, svg: memory, table: below };
    ([time, memory], rows)
}

pub fn section() -> Section {
    let mut server = Server::start();
    let client = client(&server);
    server.records(PAGES * PER_PAGE);
    server.delay(LATENCY);
    let (workers, mut rows) = by_workers(&client);
    server.delay(0);
    let ([time, memory], more) = by_records(&mut server, &client);
    rows.extend(more);
    let charts = vec![workers, time, memory];
    Section { title: "Exports: how they grow", name: "growth", rows, charts, ..Section::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(["1", "999", "1,000", "1,234,567"], [1.0, 999.0, 1e3, 1_234_567.0].map(grouped));
        assert_eq!(["0.012", "0.31", "1.0", "10"], [0.012, 0.312, 0.999, 10.4].map(seconds));
    }
}
