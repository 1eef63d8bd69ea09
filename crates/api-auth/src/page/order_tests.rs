//! Lists that change while their pages are requested at the same time, and created in any order.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use proptest::collection::vec;
use proptest::prelude::*;

use super::changes_tests::{grow, shrink};
use super::test_list::{
    Change, Changing, Page, Sized, WITHOUT_ID, build, client, page_of, response, settings,
};
use super::*;
use crate::message::Response;

/// Returns an iterator that requests `pages` pages at the same time. The reader sends all requests
/// itself, in the order of the pages, so that the order of the responses is that of the server.
fn without_threads<const SIZE: usize, const IS_KNOWN: bool>(
    client: &Client,
    pages: usize,
) -> Items<Sized<SIZE, IS_KNOWN>> {
    let mut items = Items::new(client.clone(), Sized::FIRST);
    items.pages.ahead = Some(Box::new(PageWindow::with_threads(client, pages, 0)));
    items.progress.set_window(pages);
    items
}

/// What an iterator returned.
#[derive(Debug, PartialEq)]
struct Outcome {
    entries: Vec<String>,
    error: Option<String>,
}

impl Outcome {
    fn of<E: Paged<Item = String>>(items: &mut Items<E>) -> Self {
        let (mut entries, mut error) = (Vec::new(), None);
        for item in items {
            assert_eq!(error, None, "the error is the last");
            match item {
                Ok(entry) => entries.push(entry),
                Err(failed) => error = Some(failed.to_string()),
            }
        }
        Self { entries, error }
    }

    fn duplicates(&self) -> usize {
        self.entries.len() - self.entries.iter().collect::<HashSet<_>>().len()
    }

    /// Returns which of these entries are missing.
    fn missing(&self, always: impl IntoIterator<Item = u32>) -> Vec<u32> {
        let entries: HashSet<&str> = self.entries.iter().map(|entry| &**entry).collect();
        always.into_iter().filter(|entry| !entries.contains(&*entry.to_string())).collect()
    }
}

/// A step of a server: the list changes, or a page is created.
enum Step {
    Insert(usize, usize),
    Remove(usize, usize),
    Create(u32),
}

use Step::{Create, Insert, Remove};

/// Returns a client whose server creates pages of `size` entries in this order. The pages that are
/// not in the script are created after it.
fn scripted(length: u32, size: usize, reports_total: bool, script: &[Step]) -> Client {
    let mut list: Vec<String> = (0..length).map(|entry| entry.to_string()).collect();
    let page = move |list: &[String], number: u32| -> Page {
        let start = (usize::try_from(number).unwrap() - 1) * size;
        let entries = list.iter().skip(start).take(size).cloned().collect();
        (entries, reports_total.then(|| list.len().try_into().unwrap()))
    };
    let mut created = HashMap::<u32, VecDeque<Page>>::new();
    let mut added = 0;
    for step in script {
        match *step {
            Insert(at, count) => {
                let new = (added..added + count).map(|number| format!("new {number}"));
                list.splice(at..at, new);
                added += count;
            }
            Remove(at, count) => drop(list.drain(at..at + count)),
            Create(number) => created.entry(number).or_default().push_back(page(&list, number)),
        }
    }
    let created = Mutex::new(created);
    client(move |number| {
        let created = created.lock().unwrap().get_mut(&number).and_then(VecDeque::pop_front);
        created.unwrap_or_else(|| page(&list, number))
    })
}

fn create(pages: impl IntoIterator<Item = u32>) -> Vec<Step> {
    pages.into_iter().map(Create).collect()
}

#[test]
fn removal_that_only_a_discarded_page_shows_is_an_error() {
    let script = [
        create(1..=6),
        vec![Remove(0, 5), Create(7)],
        // Pages 5 to 7 are read again.
        vec![Insert(95, 6)],
        create(5..=9),
        // Pages 8 to 10 are read again, and have entries that were returned after the removal.
        vec![Insert(0, 1), Create(10)],
    ];
    let script: Vec<Step> = script.into_iter().flatten().collect();
    let client = scripted(100, 1, true, &script);
    let mut items = without_threads::<1, true>(&client, 2);
    let outcome = Outcome::of(&mut items);
    assert_eq!(outcome.missing(5..100), [6, 7, 8]);
    let error = outcome.error.unwrap();
    assert!(error.ends_with("no entry was found again"), "{error}");
    assert_eq!(items.request(), Some(&Sized::FIRST));

    let client = scripted(100, 1, true, &script);
    let mut items = without_threads::<1, true>(&client, 2);
    assert!(items.by_ref().take(8).all(|item| item.is_ok()));
    items.stop();
    let error = items.by_ref().last().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete, "{error}");
    assert_eq!(items.request(), Some(&Sized::FIRST));
}

#[test]
fn list_without_ids_that_changes_while_pages_are_requested_is_an_error() {
    // Five entries are added to the first page after the third one was created, and before the
    // second one. As many entries are lost as are returned twice.
    let client = client(|number| {
        let (added, page) = (if matches!(number, 1 | 3) { 0 } else { 5 }, number as usize - 1);
        let entries = (5 - added..5).chain(0..60).skip(page * 10).take(10);
        let entries = entries.map(|entry| format!("{WITHOUT_ID}{entry}")).collect();
        (entries, Some(60 + added))
    });
    let outcome = Outcome::of(&mut without_threads::<10, true>(&client, 4));
    let error = outcome.error.unwrap();
    assert!(error.contains("changed while its pages were requested at the same time"), "{error}");
}

#[test]
fn entries_added_at_the_end_of_a_list_without_a_total_hide_no_others() {
    for (length, last) in [(60, 7), (55, 6), (59, 6), (20, 3)] {
        for pages in [8, 16] {
            let script = [vec![Create(1)], create(3..=last + 8), vec![Insert(10, 5), Create(2)]];
            let script: Vec<Step> = script.into_iter().flatten().collect();
            let known = scripted(length, 10, false, &script);
            let outcome = Outcome::of(&mut without_threads::<10, true>(&known, pages));
            assert_eq!((outcome.missing(0..length), outcome.duplicates()), (vec![], 0));
            assert_eq!(outcome.error, None, "{length} {pages}");
            let unknown = scripted(length, 10, false, &script);
            let outcome = Outcome::of(&mut without_threads::<10, false>(&unknown, pages));
            assert_eq!((outcome.missing(0..length), outcome.duplicates()), (vec![], 0));
            assert_eq!(outcome.error, None, "{length} {pages}");
        }
    }
}

#[test]
fn list_with_pages_of_unknown_size_can_grow() {
    let script: Vec<Step> =
        [create(1..=9), vec![Insert(0, 1)], create(10..=13)].into_iter().flatten().collect();
    for pages in [2, 4, 8] {
        let client = scripted(200, 10, false, &script);
        let outcome = Outcome::of(&mut without_threads::<10, false>(&client, pages));
        assert_eq!((outcome.missing(0..200), outcome.duplicates()), (vec![], 0));
        assert_eq!(outcome.error, None);
    }
}

#[test]
fn entries_of_large_windows_are_returned_once() {
    for (size, pages, last, reports_total) in [(1000, 128, 131, false), (1000, 64, 70, true)] {
        let length = (last - 1) * 1000 + 5;
        let script: Vec<Step> =
            [create(1..last), vec![Insert(0, 1), Create(last)]].into_iter().flatten().collect();
        let client = scripted(length, size, reports_total, &script);
        let outcome = Outcome::of(&mut without_threads::<1000, true>(&client, pages));
        assert_eq!((outcome.missing(0..length), outcome.duplicates()), (vec![], 0));
        assert_eq!(outcome.error, None);
    }
}

#[test]
fn new_entries_before_known_ones_on_a_page_are_no_error() {
    // The list has no total. Three entries are added before the last two of the first page.
    for pages in [1, 4] {
        let client = scripted(30, 10, false, &[Create(1), Insert(8, 3)]);
        let mut items = match pages {
            1 => Items::new(client, Sized::<10, true>::FIRST),
            _ => without_threads(&client, pages),
        };
        let outcome = Outcome::of(&mut items);
        assert_eq!((outcome.missing(0..30), outcome.duplicates()), (vec![], 0));
        assert_eq!(outcome.error, None);
    }
}

#[test]
fn problem_is_not_forgotten_if_a_page_fails_or_the_iterator_is_stopped() {
    let shrinking = |fails: Option<u32>| {
        let first = Mutex::new(true);
        build(settings(move |request| {
            let number = page_of(&request);
            let removed = if std::mem::take(&mut *first.lock().unwrap()) { 0 } else { 5 };
            let start = removed + (number - 1) * 10;
            let entries = (start.min(60)..(start + 10).min(60)).map(|entry| entry.to_string());
            let page: Page = (entries.collect(), Some(u64::from(60 - removed)));
            let failed = http::Response::builder().status(500).body(Vec::new()).unwrap();
            Ok::<Response, _>(if Some(number) == fails { failed } else { response(&page) })
        }))
    };
    let problem = "entries may be missing from the list, because it shrank from 60 to 55 entries";
    for pages in [1, 4] {
        let iterator =
            |client: Client| Items::new(client, Sized::<10, true>::FIRST).concurrent(pages);
        let mut items = iterator(shrinking(Some(4)));
        let error = items.find_map(Result::err).unwrap();
        assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Api, 500));
        assert!(error.to_string().contains(problem), "{error}");
        assert_eq!(items.request(), Some(&Sized::FIRST));
        assert!(items.next().is_none());

        // In the middle of the list, and while the last page is returned.
        for count in [25, 52] {
            let mut items = iterator(shrinking(None));
            assert_eq!(items.by_ref().take(count).filter(Result::is_ok).count(), count);
            items.stop();
            let error = items.by_ref().find_map(Result::err).unwrap();
            assert_eq!(error.kind(), ErrorKind::Incomplete);
            assert!(error.to_string().contains(problem), "{error}");
            assert_eq!(items.request(), Some(&Sized::FIRST));
            assert!(items.next().is_none());
        }
    }
}

#[test]
fn iterator_that_is_stopped_at_the_last_page_reports_missing_entries() {
    for pages in [1, 4] {
        let client = client(|number| {
            let entries = (number * 10..(number * 10 + 10).min(24)).map(|entry| entry.to_string());
            (entries.collect(), Some(20))
        });
        let mut items = Items::new(client, Sized::<10, true>::FIRST).concurrent(pages);
        assert_eq!(items.by_ref().take(12).filter(Result::is_ok).count(), 12);
        items.stop();
        let outcome = Outcome::of(&mut items);
        assert_eq!(outcome.entries.len(), 2);
        assert!(outcome.error.unwrap().ends_with("the server reported 20 entries and sent 14"));
        assert_eq!(items.request(), Some(&Sized::FIRST));
    }
}

#[test]
fn server_that_repeats_a_page_and_increases_its_total_is_an_error() {
    for pages in [1, 8] {
        let requests = Arc::new(Mutex::new(0));
        let count = requests.clone();
        let client = client(move |number| {
            *count.lock().unwrap() += 1;
            ((0..10).map(|entry| entry.to_string()).collect(), Some(u64::from(number) * 10 + 1000))
        });
        let outcome = Outcome::of(&mut without_threads::<10, true>(&client, pages));
        assert_eq!(outcome.entries.len(), 10);
        assert!(outcome.error.unwrap().ends_with("100 pages in a row had no new one"));
        assert!(*requests.lock().unwrap() < 200);
    }
}

#[test]
fn panic_of_the_transport_is_an_error_for_every_page() {
    for (fails, pages) in [(1, 1), (3, 1), (1, 8), (3, 8)] {
        let client = client(move |number| {
            assert_ne!(number, fails, "CANARY");
            ((number * 10..number * 10 + 10).map(|entry| entry.to_string()).collect(), Some(95))
        });
        let mut items = Items::new(client, Sized::<10, true>::FIRST).concurrent(pages);
        let error = items.find_map(Result::err).unwrap();
        assert_eq!(error.kind(), ErrorKind::Transport);
        assert_eq!(items.request(), Some(&Sized { page: fails }));
    }
    // A page that is read again.
    let requests = Mutex::new(HashMap::new());
    let list = Changing::new(40, vec![Change::None, Change::Grow { at: 0, by: 5 }], true);
    let client = client(move |number| {
        let page = list.lock().unwrap().page(number);
        let mut requests = requests.lock().unwrap();
        let count = requests.entry(number).or_insert(0);
        *count += 1;
        let is_again = number == 1 && *count == 2;
        drop(requests);
        assert!(!is_again, "CANARY");
        page
    });
    let mut items = without_threads::<10, true>(&client, 3);
    assert_eq!(items.find_map(Result::err).unwrap().kind(), ErrorKind::Transport);
    assert_eq!(items.request(), Some(&Sized { page: 1 }));
}

/// A server that creates the pages that are requested at the same time in any order. It expects the
/// requests in the order of the pages, and the requests of [`without_threads`].
struct AnyOrder {
    list: Arc<Mutex<Changing>>,
    size: usize,
    pages: u32,
    order: std::iter::Cycle<std::vec::IntoIter<u8>>,
    created: HashMap<u32, Page>,
    /// The page after the last one that was sent.
    next: u32,
    previous: u32,
    /// Pages up to this one are requested one after the other.
    in_turn: u32,
    rereads: u32,
    /// The last page by the lowest total that was sent: pages after it may not be requested.
    last: u32,
}

impl AnyOrder {
    fn page(&mut self, number: u32) -> Page {
        if number < self.next {
            if number != self.previous + 1 {
                self.rereads += 1;
            }
            self.created.clear();
            self.in_turn = self.next - 1;
        }
        // The first page, and the first one after those that are read again, is requested alone.
        let is_in_turn = number <= self.in_turn + 1 || self.rereads >= 4;
        self.previous = number;
        self.next = self.next.max(number + 1);
        while !is_in_turn && !self.created.contains_key(&number) {
            let end = (number + self.pages).min(self.last + 1).max(number + 1);
            let waiting: Vec<u32> =
                (number..end).filter(|page| !self.created.contains_key(page)).collect();
            let index = usize::from(self.order.next().unwrap()) % waiting.len();
            let created = self.create(waiting[index]);
            self.created.insert(waiting[index], created);
        }
        self.created.remove(&number).unwrap_or_else(|| self.create(number))
    }

    fn create(&mut self, number: u32) -> Page {
        let page = self.list.lock().unwrap().page_of(number, self.size);
        if let Some(total) = page.1 {
            let size = u64::try_from(self.size).unwrap();
            self.last = self.last.min(u32::try_from(total.div_ceil(size)).unwrap());
        }
        page
    }
}

/// Reads a list of any size, and returns the outcome and the entries that were always in the list.
fn read<const SIZE: usize, const IS_KNOWN: bool>(
    length: u32,
    pages: usize,
    changes: Vec<Change>,
    order: Vec<u8>,
    reports_total: bool,
) -> (Outcome, Vec<u32>) {
    let list = Changing::new(length, changes, reports_total);
    let server = Mutex::new(AnyOrder {
        list: list.clone(),
        size: SIZE,
        pages: pages.try_into().unwrap(),
        order: order.into_iter().cycle(),
        created: HashMap::new(),
        next: 1,
        previous: 0,
        in_turn: 0,
        rereads: 0,
        last: 100_000,
    });
    let client = client(move |number| server.lock().unwrap().page(number));
    let outcome = Outcome::of(&mut without_threads::<SIZE, IS_KNOWN>(&client, pages));
    let always = list.lock().unwrap().always().to_vec();
    (outcome, always)
}

/// Returns changes with a pause before each.
fn rare(change: impl Strategy<Value = Change>) -> impl Strategy<Value = Vec<Change>> {
    vec((0usize..12, change), 0..6).prop_map(|changes| {
        let with_pauses = changes
            .into_iter()
            .flat_map(|(pause, change)| std::iter::repeat_n(Change::None, pause).chain([change]));
        with_pauses.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn growing_list_with_a_total_is_read_completely(
        length in 0u32..120,
        pages in 2usize..10,
        changes in rare(grow()),
        order in vec(any::<u8>(), 40),
    ) {
        let (outcome, always) = read::<10, true>(length, pages, changes.clone(), order.clone(), true);
        prop_assert_eq!(outcome.duplicates(), 0);
        prop_assert_eq!((outcome.missing(always), outcome.error), (vec![], None));
        let (outcome, always) = read::<3, true>(length, pages, changes, order, true);
        prop_assert_eq!(outcome.duplicates(), 0);
        prop_assert_eq!((outcome.missing(always), outcome.error), (vec![], None));
    }

    #[test]
    fn growing_list_without_a_total_loses_no_entry_without_an_error(
        length in 0u32..120,
        pages in 2usize..10,
        changes in rare(grow()),
        order in vec(any::<u8>(), 40),
    ) {
        let (changes, order) = (|| changes.clone(), || order.clone());
        for (outcome, always) in [
            read::<10, true>(length, pages, changes(), order(), false),
            read::<10, false>(length, pages, changes(), order(), false),
            read::<3, true>(length, pages, changes(), order(), false),
            read::<1, false>(length, pages, changes(), order(), false),
        ] {
            prop_assert_eq!(outcome.duplicates(), 0);
            let missing = outcome.missing(always);
            prop_assert!(missing.is_empty() || outcome.error.is_some(), "{:?}", missing);
        }
    }

    #[test]
    fn list_that_grows_and_shrinks_loses_no_entry_without_an_error(
        length in 0u32..120,
        pages in 2usize..10,
        changes in rare(prop_oneof![grow(), shrink()]),
        order in vec(any::<u8>(), 40),
    ) {
        let (changes, order) = (|| changes.clone(), || order.clone());
        for (outcome, always) in [
            read::<10, true>(length, pages, changes(), order(), true),
            read::<3, true>(length, pages, changes(), order(), true),
            read::<1, true>(length, pages, changes(), order(), true),
        ] {
            prop_assert_eq!(outcome.duplicates(), 0);
            let missing = outcome.missing(always);
            prop_assert!(missing.is_empty() || outcome.error.is_some(), "{:?}", missing);
        }
    }
}
