//! Iterators over paginated lists.

mod ahead;
mod progress;

use std::fmt;

use crate::client::Client;
use crate::endpoint::{Extent, NumberedPages, Paged};
use crate::error::Result;
use crate::error::kind::ErrorKind;
use crate::error::response::ResponseError;
use crate::page::ahead::{Ahead, PageWindow, Received};
use crate::page::progress::Progress;

/// An iterator over the pages of a list. Each page is requested when the iterator is advanced.
///
/// It ends after the last page or an error. After an error, [`request`](Pages::request) returns the
/// request that failed, so that the program can continue from there later. The pages are returned
/// as the server sends them. If the list changes while it is read, an entry may be on two pages or
/// on none. [`Items`] detects such changes.
///
/// See the example in [`Paged`](crate::Paged).
#[must_use = "nothing is sent until the iterator is advanced"]
pub struct Pages<E: Paged> {
    client: Client,
    first: E,
    position: Position<E>,
    /// The source of pages that are requested concurrently, if there is one.
    ahead: Option<Box<dyn Ahead<E>>>,
    ended: bool,
}

/// The page that is requested next.
enum Position<E> {
    First,
    Further(E),
    End,
}

/// A page, its position in the list, the request for the next page, and the number of pages to read
/// again if the list changed.
struct Fetched<E: Paged> {
    page: E::Output,
    extent: Extent,
    next: Option<E>,
    overlapping: Option<u32>,
}

impl<E: Paged> Pages<E> {
    /// Creates an iterator whose first request is `first`.
    pub fn new(client: Client, first: E) -> Self {
        Self { client, first, position: Position::First, ahead: None, ended: false }
    }

    /// Requests up to `pages` pages concurrently (at most 256), each on its own thread; see
    /// [`Items::concurrent`].
    pub fn concurrent(mut self, pages: usize) -> Self
    where
        E: NumberedPages + Send + 'static,
        E::Output: Send + 'static,
    {
        self.ahead = (pages > 1)
            .then(|| -> Box<dyn Ahead<E>> { Box::new(PageWindow::new(&self.client, pages)) });
        self
    }

    /// Returns the request for the next page, or the request that failed. Returns `None` at the end
    /// of the list.
    pub fn request(&self) -> Option<&E> {
        match &self.position {
            Position::First => Some(&self.first),
            Position::Further(request) => Some(request),
            Position::End => None,
        }
    }

    /// Ends the iterator after the pages that have already been requested. Waits between the
    /// attempts of these requests are interrupted, and no further page is requested.
    /// [`request`](Pages::request) then returns the request for the page to continue with.
    pub fn stop(&mut self) {
        match &mut self.ahead {
            Some(ahead) => ahead.stop(),
            None => self.ended = true,
        }
    }

    /// Ends the iterator immediately.
    fn end(&mut self) {
        self.ended = true;
        self.ahead = None;
    }

    /// Requests the next page. The position does not change until [`advance`](Pages::advance) is
    /// called.
    fn fetch(&mut self) -> Option<Result<Fetched<E>>> {
        if self.ended {
            return None;
        }
        let request = match &self.position {
            Position::First => &self.first,
            Position::Further(request) => request,
            Position::End => return None,
        };
        let page = match &mut self.ahead {
            Some(ahead) => ahead.fetch(&self.first, request),
            None => Some(Received::alone(self.client.send(request))),
        };
        let fetched = page.map(|Received { page, overlapping }| {
            let page = page?;
            let (extent, next) = (request.extent(&page), request.next(&page));
            Ok(Fetched { page, extent, next, overlapping })
        });
        if !matches!(fetched, Some(Ok(_))) {
            self.end();
        }
        fetched
    }

    /// Discards the fetched page, and continues with the one that is `back` pages before it.
    fn reread(&mut self, back: u32) {
        if let (Some(ahead), Position::Further(request)) = (&mut self.ahead, &self.position) {
            self.position = Position::Further(ahead.reread(request, back));
        }
    }

    fn advance(&mut self, next: Option<E>) {
        if next.is_none() {
            self.ahead = None;
        }
        self.position = next.map_or(Position::End, Position::Further);
    }
}

impl<E: Paged> Iterator for Pages<E> {
    type Item = Result<E::Output>;

    fn next(&mut self) -> Option<Self::Item> {
        let fetched = self.fetch()?;
        Some(fetched.map(|Fetched { page, next, .. }| {
            self.advance(next);
            page
        }))
    }
}

impl<E: Paged + fmt::Debug> fmt::Debug for Pages<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("client", &self.client)
            .field("request", &self.request())
            .field("is_concurrent", &self.ahead.is_some())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// An iterator over the entries of a list, across all pages. Duplicates are skipped.
///
/// It ends after the last entry or an error. After an error, [`request`](Items::request) returns
/// the request that failed.
///
/// See the example in [`Paged`](crate::Paged).
///
/// # Lists that change while they are read
///
/// Entries that are added move others to later pages, where the moved entries are skipped as
/// duplicates. Every entry that was in the list from the beginning is returned once. After other
/// changes, the iterator returns what it receives, and then an error of kind
/// [`ErrorKind::Incomplete`], because entries may be missing:
///
/// - The total that the server reports has decreased. Entries were removed, so others moved to
///   pages that had already been read.
/// - An entry occurs twice, and added entries do not explain this. The order of the list has
///   changed.
/// - The server sent fewer entries than the total that it reported.
/// - Two consecutive pages contain no new entry, because the server repeats a page.
///
/// [`request`](Items::request) then returns the request for the first page, or for the repeated
/// page.
///
/// Two kinds of change cannot be detected: the removal of as many entries as are added between two
/// requests, and a change of the order after entries were added. If the server reports no total,
/// removed entries cannot be detected either.
#[must_use = "nothing is sent until the iterator is advanced"]
pub struct Items<E: Paged> {
    pages: Pages<E>,
    ready: std::vec::IntoIter<E::Item>,
    progress: Progress,
}

impl<E: Paged> Items<E> {
    /// Creates an iterator that starts with the page that `first` requests.
    pub fn new(client: Client, first: E) -> Self {
        let ready = Vec::new().into_iter();
        Self { pages: Pages::new(client, first), ready, progress: Progress::default() }
    }

    /// Requests up to `pages` pages concurrently (at most 256), each on its own thread. The
    /// iterator still returns the entries in the order of the list, and an error at the position of
    /// the page that failed. If `pages` is 1, no thread is started.
    ///
    /// The first page is requested alone, because its total determines the number of pages. If the
    /// server reports no total, fewer than `pages` pages beyond the end of the list are requested
    /// as well. Up to `pages` pages are kept in memory. Threads are started when they are needed.
    /// If a thread cannot be started, the other threads fetch the pages.
    ///
    /// All threads use the same token. If you use more than 16 threads, set the builder's option
    /// `max_connections` to their number, so that each thread keeps its connection. When the
    /// iterator is dropped, each thread ends after its current request.
    ///
    /// The server may create the pages in any order. If the list changes, the pages that were
    /// requested at the same time are therefore read again, one after the other. After this has
    /// happened four times, the rest of the list is read page by page.
    ///
    /// A panic of the transport is returned as an error of kind [`ErrorKind::Transport`].
    pub fn concurrent(mut self, pages: usize) -> Self
    where
        E: NumberedPages + Send + 'static,
        E::Output: Send + 'static,
    {
        self.pages = self.pages.concurrent(pages);
        self
    }

    /// Converts this iterator into an iterator over the pages.
    pub fn by_page(self) -> Pages<E> {
        self.pages
    }

    /// Returns the request for the next page, or the request that failed. Returns `None` at the end
    /// of the list.
    ///
    /// While the entries of a page are returned, the next page is the one after it. An iterator that
    /// starts with its request therefore skips the rest of the current page. To end early, call
    /// [`stop`](Items::stop) and read on to the end.
    pub fn request(&self) -> Option<&E> {
        self.pages.request()
    }

    /// Ends the iterator after the entries of the pages that have already been requested. Waits
    /// between the attempts of these requests are interrupted, and no further page is requested.
    /// [`request`](Items::request) then returns the request for the page to continue with.
    pub fn stop(&mut self) {
        self.pages.stop();
    }

    /// Ends the iterator with an error of kind [`ErrorKind::Incomplete`].
    fn incomplete<T>(&mut self, problem: String) -> Option<Result<T>> {
        let id = self.request().map_or(E::ID, E::id);
        self.pages.end();
        let error = ResponseError::new(ErrorKind::Incomplete).with_message(problem);
        Some(Err(self.pages.client.error_of_list(id, error)))
    }
}

impl<E: Paged> Iterator for Items<E> {
    type Item = Result<E::Item>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.ready.next() {
                return Some(Ok(item));
            }
            let Some(fetched) = self.pages.fetch() else {
                let at_end = matches!(self.pages.position, Position::End) && !self.pages.ended;
                let problem = if at_end { self.progress.finish() } else { None };
                let problem = problem?;
                self.pages.position = Position::First;
                return self.incomplete(problem);
            };
            let Fetched { page, extent, next, overlapping } = match fetched {
                Ok(fetched) => fetched,
                Err(error) => return Some(Err(error)),
            };
            let mut items = E::items(page);
            if let Some(back) = overlapping
                && self.progress.is_changed(extent, &items, E::item_id)
                && self.progress.reread(extent, back, items.len())
            {
                self.pages.reread(back);
                continue;
            }
            if let Err(problem) = self.progress.add(extent, &mut items, E::item_id) {
                return self.incomplete(problem);
            }
            self.pages.advance(next);
            self.ready = items.into_iter();
        }
    }
}

impl<E: Paged + fmt::Debug> fmt::Debug for Items<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("pages", &self.pages)
            .field("ready", &self.ready.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod changes_tests;
#[cfg(test)]
mod concurrent_tests;
#[cfg(test)]
mod test_list;
#[cfg(test)]
mod tests;
