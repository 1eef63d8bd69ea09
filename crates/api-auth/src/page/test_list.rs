//! A numbered list and its server, which changes the list between requests.

use std::sync::{Arc, Mutex};

use crate::client::Client;
use crate::encode::{Encoding, Params};
use crate::endpoint::{Endpoint, Extent, NumberedPages, Paged};
use crate::error::Result;
use crate::error::response::ResponseError;
use crate::json::json;
use crate::message::{Request, Response};
use crate::provider::{Provider, status_error};
use crate::route;
use crate::route::{Credential, Route, Server};
use crate::settings::Settings;
use crate::transport::TransportError;

pub(super) static PROVIDER: Provider = Provider {
    name: "test",
    user_agent: "test/0",
    encoding: Encoding::Form,
    retry_statuses: &[429, 503],
    secret_parameters: &[],
    read_error: status_error,
};

/// The beginning of entries that have no id.
pub(super) const WITHOUT_ID: &str = "without id ";

/// The number of entries of a full page.
pub(super) const LIMIT: usize = 10;

/// A request for a page of a list with `SIZE` entries on a full page. The number of the first page
/// is `START`. The client does not know the page size if `IS_KNOWN` is false.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sized<const SIZE: usize, const IS_KNOWN: bool, const START: u32 = 1> {
    pub(super) page: u32,
}

/// A request for a page of [`LIMIT`] entries.
pub(super) type Numbered = Sized<LIMIT, true>;

impl<const SIZE: usize, const IS_KNOWN: bool, const START: u32> Sized<SIZE, IS_KNOWN, START> {
    pub(super) const FIRST: Self = Self { page: START };
}

/// The entries of a page, and the total if the server reports one.
pub(super) type Page = (Vec<String>, Option<u64>);

impl<const SIZE: usize, const IS_KNOWN: bool, const START: u32> Endpoint
    for Sized<SIZE, IS_KNOWN, START>
{
    type Output = Page;
    const ID: &'static str = "numbered";
    const ROUTE: Route<Self> = route!(GET "/numbered").credential(Credential::NONE);

    fn query(&self, query: &mut Params<'_>) {
        query.push("page", self.page.to_string());
    }

    fn parse(&self, response: &Response) -> Result<Page, ResponseError> {
        json(response)
    }
}

impl<const SIZE: usize, const IS_KNOWN: bool, const START: u32> Paged
    for Sized<SIZE, IS_KNOWN, START>
{
    type Item = String;

    fn next(&self, page: &Page) -> Option<Self> {
        let more = self.extent(page).promises_more(page.0.len());
        more.then_some(Self { page: self.page + 1 })
    }

    fn items(page: Page) -> Vec<String> {
        page.0
    }

    fn item_id(item: &String) -> Option<&str> {
        (!item.starts_with(WITHOUT_ID)).then_some(item)
    }

    fn extent(&self, page: &Page) -> Extent {
        let size = if IS_KNOWN { u32::try_from(SIZE).unwrap() } else { 0 };
        Extent::of_page(self.page - START, size).with_total(page.1)
    }
}

impl<const SIZE: usize, const IS_KNOWN: bool, const START: u32> NumberedPages
    for Sized<SIZE, IS_KNOWN, START>
{
    fn page_number(&self) -> u32 {
        self.page
    }

    fn with_page_number(&self, page: u32) -> Self {
        Self { page }
    }
}

/// Returns the number of the requested page.
pub(super) fn page_of(request: &Request) -> u32 {
    request.uri().query().unwrap().strip_prefix("page=").unwrap().parse().unwrap()
}

/// Returns the server's response with this page.
pub(super) fn response(page: &Page) -> Response {
    Response::new(serde_json::to_vec(page).unwrap())
}

/// Returns settings with a transport that calls `send`.
pub(super) fn settings(
    send: impl Fn(Request) -> Result<Response, TransportError> + Send + Sync + 'static,
) -> Settings {
    let mut settings = Settings::default();
    settings.transport(Arc::new(send));
    settings
}

/// Returns a client with these settings.
pub(super) fn build(settings: Settings) -> Client {
    settings.build(&PROVIDER, &[(Server::MAIN, "base_url", "https://h.example")], vec![]).unwrap()
}

/// Returns a client for a server that creates each page with the function `page`.
pub(super) fn client(page: impl Fn(u32) -> Page + Send + Sync + 'static) -> Client {
    build(settings(move |request| Ok(response(&page(page_of(&request))))))
}

/// A change of the list. Positions are fractions of its length, in units of 1/256.
#[derive(Debug, Clone)]
pub(super) enum Change {
    None,
    Grow { at: u8, by: u8 },
    Shrink { at: u8, by: u8 },
    Swap { one: u8, other: u8 },
    Rotate { by: u8 },
}

/// A list that changes between requests.
#[derive(Debug)]
pub(super) struct Changing {
    list: Vec<u32>,
    /// The original entries that have not been removed.
    always: Vec<u32>,
    added: u32,
    changes: std::vec::IntoIter<Change>,
    reports_total: bool,
    is_first: bool,
}

impl Changing {
    pub(super) fn new(length: u32, changes: Vec<Change>, reports_total: bool) -> Arc<Mutex<Self>> {
        let list: Vec<u32> = (0..length).collect();
        Arc::new(Mutex::new(Self {
            always: list.clone(),
            list,
            added: length,
            changes: changes.into_iter(),
            reports_total,
            is_first: true,
        }))
    }

    /// Applies the next change, except before the first request, and returns a page.
    pub(super) fn page(&mut self, number: u32) -> Page {
        self.page_of(number, LIMIT)
    }

    /// Does the same as [`page`](Changing::page) with this number of entries on a full page.
    pub(super) fn page_of(&mut self, number: u32, size: usize) -> Page {
        if !std::mem::replace(&mut self.is_first, false)
            && let Some(change) = self.changes.next()
        {
            self.apply(&change);
        }
        let start = (usize::try_from(number).unwrap() - 1) * size;
        let entries = self.list.iter().skip(start).take(size).map(ToString::to_string).collect();
        (entries, self.reports_total.then(|| u64::try_from(self.list.len()).unwrap()))
    }

    fn apply(&mut self, change: &Change) {
        let length = self.list.len();
        let position = |part: u8| usize::from(part) * length / 256;
        match *change {
            Change::None => {}
            Change::Grow { at, by } => {
                let end = self.added + u32::from(by);
                let at = position(at);
                self.list.splice(at..at, self.added..end);
                self.added = end;
            }
            Change::Shrink { at, by } => {
                let at = position(at);
                self.list.drain(at..(at + usize::from(by)).min(length));
                self.always.retain(|entry| self.list.contains(entry));
            }
            Change::Swap { one, other } if length > 0 => {
                self.list.swap(position(one), position(other));
            }
            Change::Rotate { by } if length > 0 => self.list.rotate_right(usize::from(by) % length),
            Change::Swap { .. } | Change::Rotate { .. } => {}
        }
    }

    /// Returns the original entries that have never been removed from the list.
    pub(super) fn always(&self) -> &[u32] {
        &self.always
    }
}
