use std::collections::HashSet;
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

/// The ids of the entries, empty for an entry without one, and whether there is a next page.
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
    settings.build(&PROVIDER, &[(Server::MAIN, "base_url", "https://h.example")], vec![]).unwrap()
}

fn page(ids: &[&str], more: bool) -> Option<Page> {
    Some((ids.iter().map(|id| (*id).to_owned()).collect(), more))
}

#[test]
fn every_entry_is_returned_once() {
    let client = client(|number| match number {
        0 => page(&["a", "", "b"], true),
        1 => page(&["b", "c", ""], true), // The list has shifted by one.
        2 => page(&[], true),             // No entries, but the server promises more.
        3 => page(&["d"], false),
        _ => None,
    });
    let items: Result<Vec<_>> = Items::new(client.clone(), List { page: 0 }).collect();
    assert_eq!(items.unwrap(), ["a", "", "b", "c", "", "d"]);
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
        let mut items: Vec<Result<String>> = Items::new(client, List { page: 0 }).collect();
        let error = items.pop().unwrap().unwrap_err();
        prop_assert_eq!(error.kind(), ErrorKind::Incomplete);
        prop_assert!(error.to_string().contains("keeps returning the same"), "{}", error);
        let items: Vec<String> = items.into_iter().map(Result::unwrap).collect();
        let different: HashSet<&String> = items.iter().collect();
        prop_assert_eq!(different.len(), items.len(), "each once");
        // The iterator continues until two pages in a row have no new entry.
        let mut known = HashSet::new();
        let mut news = texts
            .iter()
            .cycle()
            .map(|ids| ids.iter().filter(|id| known.insert((*id).clone())).count() > 0);
        let mut pages = 2;
        let mut before = news.next().unwrap();
        for page_is_new in news {
            if !before && !page_is_new {
                break;
            }
            before = page_is_new;
            pages += 1;
        }
        prop_assert_eq!(*requests.lock().unwrap(), pages);
    }
}
