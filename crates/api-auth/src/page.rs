//! Iterators over paginated lists.

use std::collections::HashSet;

use crate::client::Client;
use crate::endpoint::Paged;
use crate::error::Result;

/// The number of ids in one set of those that are remembered to skip duplicate entries. It bounds
/// the memory of an export of any length. A list would have to shift by this many entries for an
/// entry to be returned twice.
const GENERATION: usize = 32_768;

/// An iterator over the pages of a list. Each page is requested when the iterator is advanced.
///
/// It ends after the last page or an error. [`request`](Pages::request) then returns the failed
/// request, so that an export can continue later.
#[must_use = "nothing is sent until the iterator is advanced"]
#[derive(Debug, Clone)]
pub struct Pages<E> {
    client: Client,
    request: Option<E>,
    failed: bool,
}

impl<E: Paged> Pages<E> {
    /// Creates an iterator that starts with the page `first`.
    pub fn new(client: Client, first: E) -> Self {
        Self { client, request: Some(first), failed: false }
    }

    /// Returns the request for the next page, or the failed request. Returns `None` at the end.
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

/// An iterator over the entries of a list, across all pages. Duplicates are skipped.
///
/// It ends after an error. It also ends if a server sends the same page repeatedly.
#[must_use = "nothing is sent until the iterator is advanced"]
#[derive(Debug)]
pub struct Items<E: Paged> {
    pages: Pages<E>,
    ready: std::vec::IntoIter<E::Item>,
    seen: Seen,
}

impl<E: Paged> Items<E> {
    /// Creates an iterator that starts with the page `first`.
    pub fn new(client: Client, first: E) -> Self {
        let seen = Seen::default();
        Self { pages: Pages::new(client, first), ready: Vec::new().into_iter(), seen }
    }

    /// Returns an iterator over the pages instead.
    pub fn by_page(self) -> Pages<E> {
        self.pages
    }

    /// Returns the request for the next page, or the failed request. Returns `None` at the end.
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
            let received = items.len();
            items.retain(|item| E::item_id(item).is_none_or(|id| self.seen.is_new(id)));
            if received > 0 && items.is_empty() {
                // A page without new entries: the server repeats itself.
                self.pages.request = None;
            }
            self.ready = items.into_iter();
        }
    }
}

/// The last ids: at least one generation of them, and at most two. Whole generations are removed,
/// because removing single ids would let a set grow.
#[derive(Debug, Default)]
struct Seen {
    young: HashSet<Box<str>>,
    old: HashSet<Box<str>>,
}

impl Seen {
    #[inline]
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
    use std::sync::{Arc, Mutex};

    use proptest::prelude::*;

    use super::*;
    use crate::encode::{Encoding, Params};
    use crate::endpoint::Endpoint;
    use crate::error::kind::ErrorKind;
    use crate::error::response::ResponseError;
    use crate::json::json;
    use crate::message::{Request, Response};
    use crate::provider::{Provider, status_error};
    use crate::route;
    use crate::route::{Credential, Route, Server};
    use crate::settings::Settings;
    use crate::transport::TransportError;

    static PROVIDER: Provider = Provider {
        name: "test",
        user_agent: "test/0",
        encoding: Encoding::Form,
        retry_statuses: &[],
        secret_parameters: &[],
        read_error: status_error,
    };

    /// A list that has a next page until the server marks the last page.
    #[derive(Debug, Clone, PartialEq)]
    struct List {
        page: usize,
    }

    /// Entries without an id are empty strings.
    type Page = (Vec<String>, bool);

    impl Endpoint for List {
        type Output = Page;
        const ID: &'static str = "list";
        const ROUTE: Route<Self> = route!(GET "/list").credential(Credential::NONE);

        fn query(&self, query: &mut Params<'_>) {
            query.push("page", self.page.to_string());
        }

        fn parse(&self, response: &Response) -> Result<Page, ResponseError> {
            json(response)
        }
    }

    impl Paged for List {
        type Item = String;

        fn next(&self, page: &Page) -> Option<Self> {
            page.1.then_some(Self { page: self.page + 1 })
        }

        fn items(page: Page) -> Vec<String> {
            page.0
        }

        fn item_id(item: &String) -> Option<&str> {
            Some(item.as_str()).filter(|id| !id.is_empty())
        }
    }

    /// Returns a client of a server that only has these pages.
    fn client(pages: impl Fn(usize) -> Option<Page> + Send + Sync + 'static) -> Client {
        let mut settings = Settings::default();
        settings.transport(Arc::new(move |request: Request| -> Result<_, TransportError> {
            let query = request.uri().query().unwrap();
            let page = pages(query.strip_prefix("page=").unwrap().parse().unwrap());
            let status = if page.is_some() { 200 } else { 404 };
            let body = page.map(|page| serde_json::to_vec(&page).unwrap()).unwrap_or_default();
            Ok(http::Response::builder().status(status).body(body).unwrap())
        }));
        settings
            .build(&PROVIDER, &[(Server::MAIN, "base_url", "https://h.example")], vec![])
            .unwrap()
    }

    fn page(ids: &[&str], more: bool) -> Option<Page> {
        Some((ids.iter().map(|id| (*id).to_owned()).collect(), more))
    }

    #[test]
    fn number_of_remembered_ids_is_bounded() {
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

    #[test]
    fn every_entry_is_returned_once() {
        let client = client(|number| match number {
            0 => page(&["a", "b", ""], true),
            1 => page(&["b", "c", ""], true), // The list has shifted by one.
            2 => page(&[], true),             // Nothing on it, but more is promised.
            3 => page(&["d"], false),
            _ => None,
        });
        let items: Result<Vec<_>> = Items::new(client.clone(), List { page: 0 }).collect();
        assert_eq!(items.unwrap(), ["a", "b", "", "c", "", "d"]);
        let pages: Result<Vec<_>> = Items::new(client, List { page: 2 }).by_page().collect();
        assert_eq!(pages.unwrap(), [page(&[], true).unwrap(), page(&["d"], false).unwrap()]);
    }

    #[test]
    fn iterator_ends_after_an_error_and_returns_the_failed_request() {
        let client = client(|number| if number == 2 { None } else { page(&["x", ""], number < 9) });
        let mut pages = Pages::new(client.clone(), List { page: 0 });
        assert_eq!(pages.request(), Some(&List { page: 0 }));
        assert!(pages.next().unwrap().is_ok() && pages.next().unwrap().is_ok());
        assert_eq!(pages.next().unwrap().unwrap_err().kind(), ErrorKind::Api);
        assert!(pages.next().is_none());
        assert_eq!(pages.request(), Some(&List { page: 2 }));

        let mut items = Items::new(client.clone(), List { page: 1 });
        assert_eq!(items.request(), Some(&List { page: 1 }));
        assert_eq!(items.by_ref().filter(Result::is_ok).count(), 2);
        assert!(items.next().is_none());
        assert_eq!(items.request(), Some(&List { page: 2 }));

        let mut last = Pages::new(client, List { page: 9 });
        assert!(last.next().unwrap().is_ok());
        assert!(last.next().is_none());
        assert_eq!(last.request(), None);
    }

    proptest! {
        /// A server that never marks a page as the last one, with a limited number of entries.
        #[test]
        fn list_ends_if_the_server_repeats_pages(
            script in proptest::collection::vec(proptest::collection::vec(0u8..20, 1..6), 1..9),
        ) {
            let texts: Vec<Vec<String>> = script
                .iter()
                .map(|ids| ids.iter().map(ToString::to_string).collect())
                .collect();
            let requests = Arc::new(Mutex::new(0));
            let (count, shown) = (requests.clone(), texts.clone());
            let client = client(move |number| {
                *count.lock().unwrap() += 1;
                (number < 100).then(|| (shown[number % shown.len()].clone(), true))
            });
            let items: Result<Vec<String>> = Items::new(client, List { page: 0 }).collect();
            let items = items.unwrap();
            let different: HashSet<&String> = items.iter().collect();
            prop_assert_eq!(different.len(), items.len(), "each once");
            // The iterator continues as long as a page has a new entry.
            let mut known = HashSet::new();
            let news = |ids: &&Vec<String>| {
                ids.iter().filter(|id| known.insert((*id).clone())).count() > 0
            };
            let pages = texts.iter().cycle().take_while(news).count();
            prop_assert_eq!(*requests.lock().unwrap(), pages + 1);
        }
    }
}
