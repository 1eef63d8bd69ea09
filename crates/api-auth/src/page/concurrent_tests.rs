//! Lists whose pages are requested concurrently.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, SystemTime};

use proptest::collection::vec;
use proptest::prelude::*;

use super::changes_tests::{checked, grow, reorder, shrink};
use super::test_list::{
    Change, Changing, LIMIT, Numbered, Page, Sized, build, client, page_of, response, settings,
};
use super::*;
use crate::clock::{Clock, Interrupt};
use crate::encode::Params;
use crate::endpoint::Endpoint;
use crate::message::Response;
use crate::route;
use crate::route::{Credential, Route};

/// Returns the page of a list with this many entries.
fn page(number: u32, length: u32, reports_total: bool) -> Page {
    let start = (number - 1) * 10;
    let entries = start.min(length)..(start + 10).min(length);
    (entries.map(|entry| entry.to_string()).collect(), reports_total.then_some(length.into()))
}

fn entries(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|entry| entry.to_string()).collect()
}

fn status(status: u16) -> Response {
    http::Response::builder().status(status).body(Vec::new()).unwrap()
}

/// Counts the requests that are in flight, and holds them until it is opened.
#[derive(Default)]
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Default)]
struct GateState {
    is_open: bool,
    in_flight: usize,
    arrived: Vec<u32>,
}

impl Gate {
    fn pass(&self, number: u32) {
        let mut state = self.state.lock().unwrap();
        state.in_flight += 1;
        state.arrived.push(number);
        self.changed.notify_all();
        let mut state = self.changed.wait_while(state, |state| !state.is_open).unwrap();
        state.in_flight -= 1;
    }

    fn open(&self) {
        self.state.lock().unwrap().is_open = true;
        self.changed.notify_all();
    }

    /// Waits until this many requests are in flight.
    fn wait_for(&self, in_flight: usize) {
        let state = self.state.lock().unwrap();
        drop(self.changed.wait_while(state, |state| state.in_flight < in_flight).unwrap());
    }

    fn arrived(&self) -> Vec<u32> {
        self.state.lock().unwrap().arrived.clone()
    }
}

/// Returns a client whose requests wait for the gate, except that for the first page.
fn gated(length: u32, reports_total: bool) -> (Client, Arc<Gate>) {
    let gate = Arc::<Gate>::default();
    let at = gate.clone();
    let client = client(move |number| {
        if number > 1 {
            at.pass(number);
        }
        page(number, length, reports_total)
    });
    (client, gate)
}

#[test]
fn entries_are_those_of_the_plain_iterator_in_the_same_order() {
    for reports_total in [true, false] {
        for length in [0, 1, 9, 10, 11, 20, 95, 100, 101] {
            for pages in [0, 1, 2, 3, 8, 200] {
                let requests = Arc::new(AtomicUsize::new(0));
                let count = requests.clone();
                let client = client(move |number| {
                    count.fetch_add(1, SeqCst);
                    page(number, length, reports_total)
                });
                let items = Items::new(client, Numbered::FIRST).concurrent(pages);
                let read: Vec<String> = items.map(Result::unwrap).collect();
                assert_eq!(read, entries(0..length), "{reports_total} {length} {pages}");
                let plain = match length {
                    _ if reports_total && length != 10 => length.div_ceil(10).max(1),
                    _ => length / 10 + 1,
                };
                let plain = usize::try_from(plain).unwrap();
                let sent = requests.load(SeqCst);
                // Without a total, the last page is read again.
                let most = match pages {
                    _ if reports_total && length != 10 => plain,
                    0 | 1 => plain,
                    _ => plain + pages,
                };
                assert!((plain..=most).contains(&sent), "{sent}: {length} {pages}");
            }
        }
    }
}

#[test]
fn pages_are_those_of_the_plain_iterator() {
    let client = client(|number| page(number, 35, true));
    let pages = Pages::new(client.clone(), Numbered::FIRST).concurrent(3);
    let pages: Vec<Page> = pages.map(Result::unwrap).collect();
    assert_eq!(pages, [1, 2, 3, 4].map(|number| page(number, 35, true)));
    let items = Items::new(client, Numbered { page: 2 }).concurrent(3).by_page();
    assert_eq!(items.map(Result::unwrap).count(), 3);
}

#[test]
fn as_many_pages_as_given_are_requested_at_a_time() {
    let (client, gate) = gated(200, true);
    let mut items = Items::new(client, Numbered::FIRST).concurrent(8);
    assert_eq!(items.by_ref().take(10).count(), 10);
    assert_eq!(gate.arrived(), [0; 0], "nothing ahead of the reader before it goes on");
    let (at, next) = (gate.clone(), std::thread::spawn(move || (items.next().unwrap(), items)));
    at.wait_for(8);
    gate.open();
    let (item, items) = next.join().unwrap();
    assert_eq!(item.unwrap(), "10");
    let mut first: Vec<u32> = gate.arrived().into_iter().take(8).collect();
    first.sort_unstable();
    assert_eq!(first, [2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(items.map(Result::unwrap).collect::<Vec<_>>(), entries(11..200));
}

#[test]
fn only_the_first_page_of_a_list_from_0_is_requested_alone() {
    let gate = Arc::<Gate>::default();
    let at = gate.clone();
    let client = client(move |number| {
        if number > 0 {
            at.pass(number);
        }
        page(number + 1, 200, true)
    });
    let mut items = Items::new(client, Sized::<LIMIT, true, 0>::FIRST).concurrent(8);
    assert_eq!(items.by_ref().take(10).count(), 10);
    let rest = std::thread::spawn(move || items.map(Result::unwrap).collect::<Vec<_>>());
    gate.wait_for(8);
    gate.open();
    assert_eq!(rest.join().unwrap(), entries(10..200));
}

#[test]
fn number_of_concurrent_pages_is_limited() {
    let (client, gate) = gated(5000, true);
    let mut items = Items::new(client, Numbered::FIRST).concurrent(usize::MAX);
    assert_eq!(items.by_ref().take(10).count(), 10);
    let (at, next) = (gate.clone(), std::thread::spawn(move || (items.next(), items)));
    at.wait_for(256);
    gate.open();
    let (item, items) = next.join().unwrap();
    assert!(item.unwrap().is_ok());
    assert_eq!(gate.arrived().len(), 256);
    assert_eq!(items.count(), 4989);
}

#[test]
fn fewer_pages_than_given_are_requested_behind_the_end_without_a_total() {
    for length in [15, 20, 95] {
        let numbers = Arc::new(Mutex::new(Vec::new()));
        let seen = numbers.clone();
        let client = client(move |number| {
            seen.lock().unwrap().push(number);
            page(number, length, false)
        });
        let items = Items::new(client, Numbered::FIRST).concurrent(4);
        assert_eq!(items.map(Result::unwrap).collect::<Vec<_>>(), entries(0..length));
        let last = length / 10 + 1;
        assert!(*numbers.lock().unwrap().iter().max().unwrap() < last + 4);
    }
}

#[test]
fn error_is_at_the_position_of_its_page_and_the_list_can_be_continued() {
    for reports_total in [true, false] {
        for pages in [1, 2, 8] {
            let fails = Arc::new(AtomicUsize::new(5));
            let failing = fails.clone();
            let settings = settings(move |request| {
                let number = page_of(&request);
                let fails = usize::try_from(number).unwrap() == failing.load(SeqCst);
                Ok(if fails { status(404) } else { response(&page(number, 95, reports_total)) })
            });
            let client = build(settings);
            let mut items = Items::new(client.clone(), Numbered::FIRST).concurrent(pages);
            let read: Vec<String> = items.by_ref().take(40).map(Result::unwrap).collect();
            assert_eq!(read, entries(0..40));
            assert_eq!(items.next().unwrap().unwrap_err().kind(), ErrorKind::Api);
            assert!(items.next().is_none());
            let failed = items.request().unwrap().clone();
            assert_eq!(failed, Numbered { page: 5 });
            fails.store(0, SeqCst);
            let rest = Items::new(client, failed).concurrent(pages);
            assert_eq!(rest.map(Result::unwrap).collect::<Vec<_>>(), entries(40..95));
        }
    }
}

#[test]
fn panic_of_the_transport_is_an_error_at_its_position() {
    let client = client(|number| {
        assert_ne!(number, 4, "CANARY");
        page(number, 95, true)
    });
    let mut items = Items::new(client, Numbered::FIRST).concurrent(3);
    assert_eq!(items.by_ref().take(30).filter(Result::is_ok).count(), 30);
    let error = items.next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "test numbered: the thread that sent the request panicked");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 1));
    assert!(items.next().is_none());
    assert_eq!(items.request(), Some(&Numbered { page: 4 }));
}

#[test]
fn dropped_iterator_does_not_wait_and_its_threads_end_after_the_current_request() {
    let gate = Arc::<Gate>::default();
    let at = gate.clone();
    let client = client(move |number| {
        if number > 2 {
            at.pass(number);
        }
        page(number, 1000, true)
    });
    let mut items = Items::new(client, Numbered::FIRST).concurrent(4);
    assert_eq!(items.by_ref().take(11).count(), 11);
    gate.wait_for(3);
    drop(items);
    let arrived = gate.arrived().len();
    assert_eq!(arrived, 3, "pages 3 to 5 are still in flight");
    gate.open();
    let weak = Arc::downgrade(&gate);
    drop(gate);
    while weak.strong_count() > 0 {
        std::thread::yield_now();
    }
}

#[test]
fn stopped_iterator_returns_the_pages_in_flight_and_can_be_continued() {
    let (client, gate) = gated(1000, true);
    let mut items = Items::new(client.clone(), Numbered::FIRST).concurrent(4);
    assert_eq!(items.by_ref().take(10).count(), 10);
    let (at, next) = (gate.clone(), std::thread::spawn(move || (items.next().unwrap(), items)));
    at.wait_for(4);
    gate.open();
    let (item, mut items) = next.join().unwrap();
    assert_eq!(item.unwrap(), "10");
    items.stop();
    let mut read = entries(0..11);
    read.extend(items.by_ref().map(Result::unwrap));
    assert_eq!(read, entries(0..50), "pages 2 to 5");
    assert_eq!(items.request(), Some(&Numbered { page: 6 }));
    assert!(items.next().is_none());
    let rest = Items::new(client, Numbered { page: 6 }).concurrent(4);
    assert_eq!(rest.map(Result::unwrap).collect::<Vec<_>>(), entries(50..1000));
}

/// A clock at which waits last until they are interrupted.
#[derive(Clone, Default)]
struct Endless {
    waiting: Arc<(Mutex<usize>, Condvar)>,
}

impl Endless {
    fn wait_for(&self, waiting: usize) {
        let (count, changed) = &*self.waiting;
        drop(changed.wait_while(count.lock().unwrap(), |count| *count < waiting).unwrap());
    }
}

impl Clock for Endless {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    }

    fn sleep(&self, _: Duration) {
        panic!("only the threads of the iterator wait");
    }

    fn sleep_or_interrupt(&self, _: Duration, interrupt: &Interrupt) {
        *self.waiting.0.lock().unwrap() += 1;
        self.waiting.1.notify_all();
        interrupt.wait(Duration::from_secs(3600));
    }
}

/// Returns a client of a server that is not available from page 3 on.
fn unavailable(clock: &Endless) -> Client {
    let mut settings = settings(|request| {
        let number = page_of(&request);
        Ok(if number < 3 { response(&page(number, 1000, true)) } else { status(503) })
    });
    settings.clock(Arc::new(clock.clone()));
    build(settings)
}

#[test]
fn waits_between_attempts_end_when_the_iterator_is_stopped_or_dropped() {
    let clock = Endless::default();
    let mut items = Items::new(unavailable(&clock), Numbered::FIRST).concurrent(3);
    assert_eq!(items.by_ref().take(11).filter(Result::is_ok).count(), 11);
    clock.wait_for(2);
    items.stop();
    assert_eq!(items.by_ref().take(9).filter(Result::is_ok).count(), 9);
    let error = items.next().unwrap().unwrap_err();
    assert_eq!((error.attempts(), error.is_retryable()), (1, true));
    assert_eq!(items.request(), Some(&Numbered { page: 3 }));

    let clock = Endless::default();
    let client = unavailable(&clock);
    let mut items = Items::new(client, Numbered::FIRST).concurrent(3);
    assert_eq!(items.by_ref().take(11).filter(Result::is_ok).count(), 11);
    clock.wait_for(2);
    let waiting = Arc::downgrade(&clock.waiting);
    drop((items, clock));
    while waiting.strong_count() > 0 {
        std::thread::yield_now();
    }
}

/// A list whose pages count how many of them exist.
#[derive(Debug, Clone)]
struct Counted {
    list: Numbered,
    alive: Arc<(AtomicUsize, AtomicUsize)>,
}

#[derive(Debug)]
struct CountedPage(Page, Arc<(AtomicUsize, AtomicUsize)>);

impl Drop for CountedPage {
    fn drop(&mut self) {
        self.1.0.fetch_sub(1, SeqCst);
    }
}

impl Endpoint for Counted {
    type Output = CountedPage;
    const ID: &'static str = "counted";
    const ROUTE: Route<Self> = route!(GET "/counted").credential(Credential::NONE);

    fn query(&self, query: &mut Params<'_>) {
        query.push("page", self.list.page.to_string());
    }

    fn parse(&self, response: &Response) -> Result<CountedPage, ResponseError> {
        let page = self.list.parse(response)?;
        let (alive, most) = &*self.alive;
        most.fetch_max(alive.fetch_add(1, SeqCst) + 1, SeqCst);
        Ok(CountedPage(page, self.alive.clone()))
    }
}

impl Paged for Counted {
    type Item = String;

    fn next(&self, page: &CountedPage) -> Option<Self> {
        Some(Self { list: self.list.next(&page.0)?, alive: self.alive.clone() })
    }

    fn items(page: CountedPage) -> Vec<String> {
        page.0.0.clone()
    }

    fn item_id(item: &String) -> Option<&str> {
        Some(item)
    }

    fn extent(&self, page: &CountedPage) -> Extent {
        self.list.extent(&page.0)
    }
}

impl NumberedPages for Counted {
    fn page_number(&self) -> u32 {
        self.list.page
    }

    fn with_page_number(&self, page: u32) -> Self {
        Self { list: Numbered { page }, alive: self.alive.clone() }
    }
}

#[test]
fn no_more_pages_than_given_are_in_memory() {
    for reports_total in [true, false] {
        let alive = Arc::<(AtomicUsize, AtomicUsize)>::default();
        let client = client(move |number| page(number, 2000, reports_total));
        let first = Counted { list: Numbered::FIRST, alive: alive.clone() };
        let pages = Pages::new(client, first).concurrent(8);
        let mut count = 0;
        for page in pages {
            // A slow reader: the threads have time to get ahead.
            for _ in 0..20 {
                std::thread::yield_now();
            }
            count += page.unwrap().0.0.len();
        }
        assert_eq!(count, 2000);
        assert!(alive.1.load(SeqCst) <= 8, "{alive:?}");
    }
}

fn ahead(client: Client) -> Items<Numbered> {
    Items::new(client, Numbered::FIRST).concurrent(4)
}

/// A changing list whose server creates four pages that are requested at the same time in any order.
struct Shuffled {
    list: Arc<Mutex<Changing>>,
    order: Vec<u8>,
    blocks: HashSet<u32>,
    created: HashMap<u32, Page>,
    sent: HashSet<u32>,
    /// The last page by the lowest total that was sent: pages after it may not be requested.
    last: u32,
}

impl Shuffled {
    fn page(&mut self, number: u32) -> Page {
        if !self.sent.insert(number) {
            // It is read again, so pages that were created earlier were discarded.
            self.created.clear();
        }
        // The first page is requested alone.
        let block = (number + 2) / 4;
        if number > 1 && self.blocks.insert(block) {
            let end = (4 * block + 2).min(self.last + 1).max(number + 1);
            let mut pages: Vec<u32> = (number..end).collect();
            pages.sort_by_key(|page| self.order[*page as usize % self.order.len()]);
            for page in pages {
                let created = self.create(page);
                self.created.insert(page, created);
            }
        }
        self.created.remove(&number).unwrap_or_else(|| self.create(number))
    }

    fn create(&mut self, number: u32) -> Page {
        let page = self.list.lock().unwrap().page(number);
        if let Some(total) = page.1 {
            self.last = self.last.min(u32::try_from(total).unwrap().div_ceil(10));
        }
        page
    }
}

/// Returns the entries that are missing, the entries that occur twice, and the error if there is one.
fn read_shuffled(
    length: u32,
    changes: Vec<Change>,
    order: Vec<u8>,
    reports_total: bool,
) -> (Vec<u32>, usize, Option<String>) {
    let list = Changing::new(length, changes, reports_total);
    let (blocks, created, sent) = Default::default();
    let last = 1000;
    let server = Mutex::new(Shuffled { list: list.clone(), order, blocks, created, sent, last });
    let items = ahead(client(move |number| server.lock().unwrap().page(number)));
    let (mut read, mut message) = (Vec::new(), None);
    for item in items {
        match item {
            Ok(item) => read.push(item.parse::<u32>().unwrap()),
            Err(error) => message = Some(error.to_string()),
        }
    }
    let different: HashSet<u32> = read.iter().copied().collect();
    let list = list.lock().unwrap();
    let missing = list.always().iter().filter(|entry| !different.contains(entry));
    (missing.copied().collect(), read.len() - different.len(), message)
}

#[test]
fn pages_that_the_server_creates_in_another_order_lose_no_entry() {
    // The fourth page is created first, then entries are added before it.
    let grow = |by| vec![Change::Grow { at: 0, by }];
    for (reports_total, by) in [(true, 5), (true, 25), (false, 5)] {
        let order = vec![4, 5, 3, 1, 2];
        let result =
            read_shuffled(60, [vec![Change::None], grow(by)].concat(), order, reports_total);
        assert_eq!(result, (vec![], 0, None), "{reports_total} {by}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn list_that_grows_and_shrinks_is_read_completely_or_with_an_error(
        length in 0u32..120,
        changes in vec(prop_oneof![grow(), shrink()], 0..20),
    ) {
        checked(length, changes, ahead)?;
    }

    #[test]
    fn order_in_which_pages_of_a_growing_list_are_created_does_not_matter(
        length in 0u32..120,
        changes in vec(grow(), 0..20),
        order in vec(any::<u8>(), 40),
    ) {
        prop_assert_eq!(read_shuffled(length, changes, order, true), (vec![], 0, None));
    }

    #[test]
    fn pages_created_in_another_order_lose_no_entry_without_an_error(
        length in 0u32..120,
        changes in vec(prop_oneof![grow(), shrink()], 0..20),
        order in vec(any::<u8>(), 40),
    ) {
        let (missing, duplicates, message) = read_shuffled(length, changes, order, true);
        prop_assert_eq!(duplicates, 0);
        prop_assert!(missing.is_empty() || message.is_some(), "without an error: {:?}", missing);
    }

    #[test]
    fn list_that_is_reordered_is_read_completely_or_with_an_error(
        length in 0u32..120,
        changes in vec(prop_oneof![reorder(), shrink()], 0..20),
    ) {
        checked(length, changes, ahead)?;
    }

    #[test]
    fn list_that_does_not_change_is_read_like_by_the_plain_iterator(
        length in 0u32..200,
        pages in 0usize..12,
        reports_total: bool,
        fails in 0u32..40,
    ) {
        let read = |pages| {
            let settings = settings(move |request| {
                let number = page_of(&request);
                let page = page(number, length, reports_total);
                Ok(if number == fails { status(404) } else { response(&page) })
            });
            let mut items = Items::new(build(settings), Numbered::FIRST).concurrent(pages);
            let read: Vec<_> =
                items.by_ref().map(|item| item.map_err(|error| error.to_string())).collect();
            (read, items.request().cloned())
        };
        let (concurrent, plain) = (read(pages), read(1));
        prop_assert_eq!(concurrent, plain);
    }
}

#[test]
fn iterators_can_be_sent_to_another_thread() {
    fn is_send<T: Send + Sync>() {}
    is_send::<Items<Numbered>>();
    is_send::<Pages<Numbered>>();
}

/// Threads that cannot be started, in a process of its own.
mod without_threads {
    use std::process::Command;

    use super::*;
    use crate::variables::process_variable;

    const CHILD: &str = "page::concurrent_tests::without_threads::child";
    const IS_CHILD: &str = "API_AUTH_TEST_WITHOUT_THREADS";

    #[test]
    fn child() {
        if process_variable(IS_CHILD).is_none() {
            return;
        }
        let reader = std::thread::current().id();
        let client = client(move |number| {
            assert_eq!(std::thread::current().id(), reader);
            page(number, 95, true)
        });
        let items = Items::new(client, Numbered::FIRST).concurrent(8);
        println!("entries: {}", items.map(Result::unwrap).count());
    }

    #[test]
    fn list_is_read_without_them() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", CHILD, "--nocapture", "--test-threads=1"])
            .env(IS_CHILD, "1")
            // No thread can be started with a stack of this size.
            .env("RUST_MIN_STACK", (1_u64 << 46).to_string())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("entries: 95"), "{text}{}", String::from_utf8_lossy(&output.stderr));
    }
}
