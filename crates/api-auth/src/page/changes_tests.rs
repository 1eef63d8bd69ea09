//! Lists that change while they are read.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use proptest::collection::vec;
use proptest::prelude::*;

use super::test_list::{Change, Changing, Numbered, Page, client};
use super::*;

fn items(page: impl Fn(u32) -> Page + Send + Sync + 'static) -> Items<Numbered> {
    Items::new(client(page), Numbered::FIRST)
}

fn entries(range: std::ops::Range<u64>) -> Vec<String> {
    range.map(|entry| entry.to_string()).collect()
}

/// Returns the entries of page `number` of a list with this many.
fn page(number: u32, length: u64) -> Vec<String> {
    let start = u64::from(number - 1) * 10;
    entries(start.min(length)..(start + 10).min(length))
}

/// Returns the entries, and the message of the error after them.
fn read(items: Items<Numbered>) -> (Vec<String>, Option<String>) {
    let (mut read, mut message) = (Vec::new(), None);
    for item in items {
        assert_eq!(message, None, "the error is the last");
        match item {
            Ok(item) => read.push(item),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Incomplete);
                message = Some(error.to_string());
            }
        }
    }
    (read, message)
}

#[test]
fn page_of_added_entries_is_no_end() {
    let list = Changing::new(30, vec![Change::Grow { at: 0, by: 10 }], true);
    let (read, message) = read(items(move |number| list.lock().unwrap().page(number)));
    assert_eq!((read, message), (entries(0..30), None));
}

#[test]
fn wrong_total_beside_full_pages_is_no_end() {
    for total in [0, 3, 10] {
        for length in [0, 10, 25, 30] {
            let (read, message) = read(items(move |number| (page(number, length), Some(total))));
            let expected = (entries(0..length), None);
            if length > 0 || total == 0 {
                assert_eq!((read, message), expected, "total {total}");
            }
        }
    }
    // A total that counts the page only.
    let (read, message) = read(items(|number| {
        let entries = page(number, 23);
        let total = entries.len().try_into().unwrap();
        (entries, Some(total))
    }));
    assert_eq!((read, message), (entries(0..23), None));
}

#[test]
fn full_page_at_the_end_of_the_total_ends_the_list_without_another_request() {
    let numbers = Arc::new(Mutex::new(Vec::new()));
    let seen = numbers.clone();
    let items = items(move |number| {
        seen.lock().unwrap().push(number);
        (page(number, 20), Some(20))
    });
    assert_eq!(read(items), (entries(0..20), None));
    assert_eq!(*numbers.lock().unwrap(), [1, 2]);
}

#[test]
fn repeated_page_ends_with_an_error_and_its_request() {
    for total in [None, Some(100), Some(0)] {
        let mut items = items(move |_| (entries(0..10), total));
        let (mut count, mut errors) = (0, Vec::new());
        for item in items.by_ref() {
            match item {
                Ok(_) => count += 1,
                Err(error) => errors.push(error.to_string()),
            }
        }
        let expected = "test numbered: the server keeps returning the same entries: 2 pages in a row had no new one";
        assert_eq!((count, errors), (10, vec![expected.to_owned()]));
        assert_eq!(items.request(), Some(&Numbered { page: 3 }));
        assert!(items.next().is_none());
    }
}

#[test]
fn fewer_entries_than_the_total_are_an_error_and_the_list_must_be_read_again() {
    let mut items = items(|number| (page(number, 14), Some(30)));
    assert_eq!(items.by_ref().take(14).filter(Result::is_ok).count(), 14);
    let error = items.next().unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "test numbered: entries may be missing from the list, because the server reported 30 entries \
         and sent 14"
    );
    assert_eq!(items.request(), Some(&Numbered::FIRST));
    assert!(items.next().is_none());
}

#[test]
fn list_that_is_continued_at_a_page_adds_up() {
    let client = client(|number| (page(number, 25), Some(25)));
    let items = Items::new(client, Numbered { page: 2 });
    assert_eq!(read(items), (entries(10..25), None));
}

#[test]
fn removed_entries_are_an_error_after_the_entries_that_are_left() {
    let list = Changing::new(30, vec![Change::Shrink { at: 0, by: 5 }], true);
    let (read, message) = read(items(move |number| list.lock().unwrap().page(number)));
    assert_eq!(read.len(), 25);
    assert!(message.unwrap().ends_with("it shrank from 30 to 25 entries while it was read"));
}

#[test]
fn swapped_entries_are_an_error() {
    let list = Changing::new(30, vec![Change::Swap { one: 0, other: 100 }], true);
    let (found, message) = read(items(move |number| list.lock().unwrap().page(number)));
    assert_eq!(found.len(), 29);
    assert!(message.unwrap().contains("its order changed"));
    let list = Changing::new(30, vec![Change::Swap { one: 0, other: 100 }], false);
    let (_, message) = read(items(move |number| list.lock().unwrap().page(number)));
    assert!(message.unwrap().contains("its order changed"));
}

#[test]
fn stopped_iterator_returns_the_request_to_continue_with() {
    let mut items = items(|number| (page(number, 30), Some(30)));
    assert_eq!(items.by_ref().take(3).count(), 3);
    items.stop();
    assert_eq!(items.by_ref().map(Result::unwrap).count(), 7, "the rest of the page");
    assert_eq!(items.request(), Some(&Numbered { page: 2 }));
}

pub(super) fn grow() -> impl Strategy<Value = Change> {
    (any::<u8>(), 0u8..35).prop_map(|(at, by)| Change::Grow { at, by })
}

pub(super) fn shrink() -> impl Strategy<Value = Change> {
    (any::<u8>(), 1u8..35).prop_map(|(at, by)| Change::Shrink { at, by })
}

pub(super) fn reorder() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<u8>(), any::<u8>()).prop_map(|(one, other)| Change::Swap { one, other }),
        (1u8..35).prop_map(|by| Change::Rotate { by }),
        Just(Change::None),
    ]
}

/// Reads the list and checks that each entry is returned once. Returns the error if there is one.
pub(super) fn checked(
    length: u32,
    changes: Vec<Change>,
    read_list: impl FnOnce(Client) -> Items<Numbered>,
) -> Result<Option<String>, TestCaseError> {
    let list = Changing::new(length, changes, true);
    let shown = list.clone();
    let (read, message) = read(read_list(client(move |number| shown.lock().unwrap().page(number))));
    let different: HashSet<&String> = read.iter().collect();
    prop_assert_eq!(different.len(), read.len(), "each once");
    if message.is_none() {
        let list = list.lock().unwrap();
        let missing: Vec<&u32> =
            list.always().iter().filter(|entry| !different.contains(&entry.to_string())).collect();
        prop_assert!(missing.is_empty(), "without an error: {:?}", missing);
    }
    Ok(message)
}

fn one_by_one(client: Client) -> Items<Numbered> {
    Items::new(client, Numbered::FIRST)
}

proptest! {
    #[test]
    fn list_that_grows_is_read_completely(length in 0u32..80, changes in vec(grow(), 0..20)) {
        prop_assert_eq!(checked(length, changes, one_by_one)?, None);
    }

    #[test]
    fn list_that_grows_and_shrinks_is_read_completely_or_with_an_error(
        length in 0u32..80,
        changes in vec(prop_oneof![grow(), shrink()], 0..20),
    ) {
        checked(length, changes, one_by_one)?;
    }

    #[test]
    fn list_that_is_reordered_is_read_completely_or_with_an_error(
        length in 0u32..80,
        changes in vec(prop_oneof![reorder(), shrink()], 0..20),
    ) {
        checked(length, changes, one_by_one)?;
    }
}
