//! Lists that come in pages, as iterators.

use std::collections::HashSet;

use crate::{Client, Paged, Result};

/// How many ids a set holds of those that are remembered to leave out entries that come twice. It
/// bounds the memory of an export of any length; a list would have to shift by this many entries to
/// show one again.
const GENERATION: usize = 32_768;

/// The pages of a list, one request each, asked for when the iterator is advanced.
///
/// It ends after the last page, or after an error; [`request`](Pages::request) then tells where,
/// so that an export can go on later.
#[must_use = "nothing is sent until the iterator is advanced"]
#[derive(Debug, Clone)]
pub struct Pages<E> {
    client: Client,
    request: Option<E>,
    failed: bool,
}

impl<E: Paged> Pages<E> {
    /// The pages from `first` on.
    pub fn new(client: Client, first: E) -> Self {
        Self { client, request: Some(first), failed: false }
    }

    /// The request of the page that comes next, or that failed; `None` at the end.
    pub fn request(&self) -> Option<&E> {
        self.request.as_ref()
    }
}

impl<E: Paged> Iterator for Pages<E> {
    type Item = Result<E::Output>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let page = self.client.send(self.request.as_ref()?);
        match &page {
            Ok(page) => self.request = self.request.as_ref().and_then(|request| request.next(page)),
            Err(_) => self.failed = true,
        }
        Some(page)
    }
}

/// The entries of a list, page after page, each once.
///
/// After an error it ends. A server that keeps sending the same page is noticed and ends it, too.
#[must_use = "nothing is sent until the iterator is advanced"]
#[derive(Debug)]
pub struct Items<E: Paged> {
    pages: Pages<E>,
    ready: std::vec::IntoIter<E::Item>,
    seen: Seen,
}

impl<E: Paged> Items<E> {
    /// The entries from the page `first` on.
    pub fn new(client: Client, first: E) -> Self {
        let seen = Seen::default();
        Self { pages: Pages::new(client, first), ready: Vec::new().into_iter(), seen }
    }

    /// Page by page instead.
    pub fn by_page(self) -> Pages<E> {
        self.pages
    }

    /// The request of the page that comes next, or that failed; `None` at the end.
    pub fn request(&self) -> Option<&E> {
        self.pages.request()
    }
}

impl<E: Paged> Iterator for Items<E> {
    type Item = Result<E::Item>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.ready.next() {
                return Some(Ok(item));
            }
            let mut items = match self.pages.next()? {
                Ok(page) => E::items(page),
                Err(error) => return Some(Err(error)),
            };
            let came = items.len();
            items.retain(|item| E::item_id(item).is_none_or(|id| self.seen.is_new(id)));
            if came > 0 && items.is_empty() {
                // Nothing new on a whole page: the server repeats itself.
                self.pages.request = None;
            }
            self.ready = items.into_iter();
        }
    }
}

/// The ids of the last entries: at least one generation of them, and two at most. Whole
/// generations are forgotten, so that no set ever grows from taking single ids out of it.
#[derive(Debug, Default)]
struct Seen {
    young: HashSet<Box<str>>,
    old: HashSet<Box<str>>,
}

impl Seen {
    fn is_new(&mut self, id: &str) -> bool {
        if self.old.contains(id) || self.young.contains(id) {
            return false;
        }
        if self.young.len() == GENERATION {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.insert(id.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut seen = Seen::default();
        let mut capacity = 0;
        for id in 0..10 * GENERATION {
            assert!(seen.is_new(&id.to_string()));
            assert!(seen.young.len() <= GENERATION && seen.old.len() <= GENERATION);
            if id == 2 * GENERATION {
                capacity = seen.young.capacity() + seen.old.capacity();
            }
        }
        assert_eq!(seen.young.capacity() + seen.old.capacity(), capacity, "no set grows");
        for id in 8 * GENERATION..10 * GENERATION {
            assert!(!seen.is_new(&id.to_string()), "{id}");
        }
        assert!(seen.is_new("0"), "the oldest is forgotten");
    }
}
