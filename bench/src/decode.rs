//! Decoding responses: time, allocations and memory, compared with a plain derived struct.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use api_auth::{Endpoint, Request, Response, TransportError};
use tinypass_client::access::AccessPage;
use tinypass_client::{Client, SearchAccess};

use crate::count::count;
use crate::report::{Limit, Row, Section, contenders};
use crate::rounds::{Contender, race};
use crate::samples::{AID, KEY, PlainList, UNKNOWN, list, list_with};

const PLAIN: &str = "plain derived struct";
/// The same type without the lenient layer: it has exact amounts and times, and drops unknown
/// members.
const SAME: &str = "the same type by serde_json";
const OURS: &str = "SearchAccess::parse";
const VALUE: &str = "serde_json::Value";

pub fn section() -> Section {
    let body = list(1000);
    let response = Response::new(body.clone().into_bytes());
    let search = SearchAccess::new();
    let parse = || -> AccessPage { search.parse(&response).unwrap() };
    assert_eq!(parse().data.len(), 1000);
    let mut ways = [
        Contender::new(PLAIN, |_| serde_json::from_slice::<PlainList>(body.as_bytes()).unwrap()),
        Contender::new(SAME, |_| same(&body)),
        Contender::new(OURS, |_| parse()),
        Contender::new(VALUE, |_| {
            serde_json::from_slice::<serde_json::Value>(body.as_bytes()).unwrap()
        }),
    ];
    let race = race(&mut ways, 41, 4);
    let plain = race.counts(PLAIN).allocations;
    let mut rows = vec![
        Row::ratio("list of 1000 records: time", &race, OURS, SAME, Limit::above(1.05, 1.08)),
        Row::ratio("list of 1000 records: time", &race, OURS, PLAIN, Limit::above(1.08, 1.2)),
        Row::count(
            "list of 1000 records: allocations",
            race.counts(OURS).allocations,
            Limit::at(plain as f64),
            format!("{PLAIN}: {plain}"),
        ),
    ];
    rows.extend(with_unknown_members());
    rows.push(peak(&body));
    rows.push(hostile());
    rows.extend(paging());
    let table = Some(contenders(&race, PLAIN));
    Section { title: "Decoding responses", name: "decode", rows, table, ..Section::default() }
}

/// The time for records with unknown members, which the clients keep and the others skip.
fn with_unknown_members() -> [Row; 2] {
    let body = list_with(1000, UNKNOWN);
    let response = Response::new(body.clone().into_bytes());
    let search = SearchAccess::new();
    let mut ways = [
        Contender::new(PLAIN, |_| serde_json::from_slice::<PlainList>(body.as_bytes()).unwrap()),
        Contender::new(SAME, |_| same(&body)),
        Contender::new(OURS, |_| -> AccessPage { search.parse(&response).unwrap() }),
    ];
    let race = race(&mut ways, 41, 4);
    let figure = "list of 1000 records with unknown members: time";
    [
        Row::ratio(figure, &race, OURS, SAME, Limit::above(1.15, 1.2)),
        Row::ratio(figure, &race, OURS, PLAIN, Limit::above(1.2, 1.4)),
    ]
}

fn same(body: &str) -> AccessPage {
    serde_json::from_slice(body.as_bytes()).unwrap()
}

/// The peak memory for a malicious body, as a multiple of the body.
fn hostile() -> Row {
    const SIZE: usize = 8 << 20;
    let most = |unit: &str| {
        let body = format!(r#"{{"data":[{}{{}}]}}"#, unit.repeat(SIZE / unit.len()));
        let response = Response::new(body.into_bytes());
        let (_, counts) = count(|| SearchAccess::new().parse(&response).is_ok());
        counts.peak * 10 / SIZE
    };
    let units = ["{},", r#"{"x":0},"#, r#"{"tags":["",""]},"#, r#"{"amount":""},"#];
    let tenths = units.into_iter().map(most).max().unwrap_or_default();
    Row::count(
        "most memory while decoding a hostile body of 8 MiB, tenths of the body",
        tenths,
        Limit::at(80.0),
        "-",
    )
}

fn client(send: impl Fn(Request) -> Vec<u8> + Send + Sync + 'static) -> Client {
    let send = move |request: Request| -> Result<Response, TransportError> {
        Ok(Response::new(send(request)))
    };
    Client::builder(AID, KEY).transport(send).build().unwrap()
}

/// The peak memory during a call, as a multiple of the body and the value.
fn peak(body: &str) -> Row {
    let held = count(|| serde_json::from_slice::<PlainList>(body.as_bytes()).unwrap());
    // A growing vector has its old and its new buffer at the same time, in any decoder.
    let baseline = body.len() + held.1.peak;
    let copy = body.to_owned();
    let client = client(move |_| copy.clone().into_bytes());
    client.search_access(&SearchAccess::new()).unwrap();
    let (page, counts) = count(|| client.search_access(&SearchAccess::new()).unwrap());
    assert_eq!(page.data.len(), 1000);
    let percent = counts.peak * 100 / baseline;
    Row::count(
        "most memory while decoding, percent of body + plain struct",
        percent,
        Limit::at(110.0),
        format!("{} KiB", baseline / 1024),
    )
}

/// A million records, in pages of 1000, from a server in the same thread.
fn paging() -> Vec<Row> {
    const PAGES: usize = 1000;
    let in_flight = Arc::new(AtomicUsize::new(0));
    let (flying, sent) = (in_flight.clone(), AtomicUsize::new(0));
    let client = client(move |request| {
        assert_eq!(flying.fetch_add(1, SeqCst), 0, "one request at a time");
        sent.fetch_add(1, SeqCst);
        let query = request.uri().query().unwrap();
        let page = query.split('&').find_map(|pair| pair.strip_prefix("page=")).unwrap();
        let page: usize = page.parse().unwrap();
        let records = if page < PAGES { 1000 } else { 0 };
        let one = |index| format!(r#"{{"id":"id{:010}"}}"#, page * 1000 + index);
        let records: Vec<String> = (0..records).map(one).collect();
        flying.fetch_sub(1, SeqCst);
        format!(r#"{{"data":[{}]}}"#, records.join(",")).into_bytes()
    });
    let peak_of = |items: usize| {
        let read = Cell::new(0);
        let all = || {
            let items = client.accesses(&SearchAccess::new()).take(items);
            items.for_each(|item| read.set(read.get() + usize::from(item.is_ok())));
        };
        let ((), counts) = count(all);
        assert_eq!(read.get(), items);
        counts.peak
    };
    // Most of it are the ids of the last records, 65 536 at most.
    let (some, all) = (peak_of(200_000) / 1024, peak_of(1_000_000) / 1024);
    vec![
        Row::count(
            "paging 1,000,000 records: most memory, percent of paging 200,000",
            (all * 100).div_ceil(some),
            Limit::at(105.0),
            format!("{some} KiB"),
        ),
        Row::told("paging 1,000,000 records: most requests in flight", "1", "1"),
    ]
}
