//! Iterators over paginated lists.

mod ahead;
mod progress;

use std::fmt;

use crate::client::Client;
use crate::endpoint::{Extent, NumberedPages, Paged};
use crate::error::kind::ErrorKind;
use crate::error::response::ResponseError;
use crate::error::{Error, Result};
use crate::page::ahead::{Ahead, Overlap, PageWindow, Received};
use crate::page::progress::{Progress, Step};

/// An iterator over the pages of a list. Each page is requested when the iterator is advanced.
///
/// It ends after the last page or an error. After an error, [`request`](Pages::request) returns the
/// request that failed, so that the program can continue from there later. The pages are returned
/// as the server sends them. If the list changes while it is read, an entry may be on two pages or
/// on none. [`Items`] detects such changes. A panic of the transport is returned as an error of kind
/// [`ErrorKind::Transport`].
///
/// See the example in [`Paged`](crate::Paged).
#[must_use = "nothing is sent until the iterator is advanced"]
pub struct Pages<E: Paged> {
    client: Client,
    first: E,
    position: Position<E>,
    /// The source of pages that are requested concurrently, if there is one.
    ahead: Option<Box<dyn Ahead<E>>>,
    stopped: bool,
    ended: bool,
}

/// The page that is requested next.
enum Position<E> {
    First,
    Further(E),
    End,
}

/// A page, its position in the list, the request for the next page, and the pages before it that were
/// requested at the same time.
struct Fetched<E: Paged> {
    page: E::Output,
    extent: Extent,
    next: Option<E>,
    overlap: Option<Overlap>,
}

impl<E: Paged> Pages<E> {
    /// Creates an iterator whose first request is `first`.
    pub fn new(client: Client, first: E) -> Self {
        let position = Position::First;
        Self { client, first, position, ahead: None, stopped: false, ended: false }
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
        self.stopped = true;
        if let Some(ahead) = &mut self.ahead {
            ahead.stop();
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
            None if self.stopped => None,
            None => Some(Received::alone(self.client.send_without_panic(request))),
        };
        let fetched = page.map(|Received { page, overlap }| {
            let page = page?;
            let (extent, next) = (request.extent(&page), request.next(&page));
            Ok(Fetched { page, extent, next, overlap })
        });
        if matches!(fetched, Some(Err(_))) {
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

    /// Continues with the last `pages` pages of the list, the last of which was fetched.
    fn confirm(&mut self, pages: u32) {
        let back = pages.saturating_sub(1);
        if let (Some(ahead), Position::Further(request)) = (&mut self.ahead, &self.position) {
            self.position = Position::Further(ahead.confirm(request, back));
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
/// the request that failed, or the request for the first page if the list must be read again. A
/// panic of the transport is returned as an error of kind [`ErrorKind::Transport`].
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
/// - Two consecutive pages contain no new entry, because the server repeats a page; or 100 such
///   pages, even if the total grows.
///
/// [`request`](Items::request) then returns the request for the first page, or for the repeated
/// page. If a request fails, or the iterator is stopped, after one of these changes was detected,
/// the list must be read again, too: the error of the request says so, or an error of kind
/// [`ErrorKind::Incomplete`] is returned.
///
/// If the server reports no total, added entries can look like a change of the order or like a
/// repeated page, so that the iterator ends with an error although the list only grew. This happens
/// if more entries than a page has are added between two requests or, with
/// [`concurrent`](Items::concurrent), while pages are requested at the same time or read again.
///
/// Two kinds of change cannot be detected: the removal of at most as many entries as are added
/// between two requests, and a change of the order after entries were added. If the server reports
/// no total, removed entries cannot be detected either. An entry is returned twice if at least
/// 32,768 entries are added between two requests.
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
    /// happened four times, the rest of the list is read page by page. The ids of the entries of up
    /// to `2 * (pages + 1)` pages are kept to recognize duplicates, or of 65,536 entries if these
    /// are more.
    ///
    /// If the server reports no total, pages that lack entries are noticed when a moved entry occurs
    /// again on a later page. The last page is therefore read again after all others, or the last
    /// two if the page size is not known. Entries that are added to a list without a total while
    /// its pages are requested at the same time can cause others to be missing without an error in
    /// two cases, in which the plain iterator returns all entries:
    ///
    /// - A page fails or the iterator is stopped before one of the moved entries occurs again, and
    ///   the program continues from [`request`](Items::request).
    /// - The entries have no ids.
    pub fn concurrent(mut self, pages: usize) -> Self
    where
        E: NumberedPages + Send + 'static,
        E::Output: Send + 'static,
    {
        self.pages = self.pages.concurrent(pages);
        self.progress.set_window(pages);
        self
    }

    /// Converts this iterator into an iterator over the pages.
    pub fn by_page(mut self) -> Pages<E> {
        if self.progress.is_confirming() {
            self.pages.advance(None);
        }
        self.pages
    }

    /// Returns the request for the next page, or the request that failed. Returns the request for
    /// the first page if entries may be missing from the pages that were read. Returns `None` at the
    /// end of the list.
    ///
    /// An iterator that continues with this request does not know the entries that this one
    /// returned, and does not notice changes before its first request. If pages are being read
    /// again because the list changed, or to confirm its end, it returns their entries again.
    ///
    /// While the entries of a page are returned, the next page is the one after it. An iterator that
    /// starts with its request therefore skips the rest of the current page. To end early, call
    /// [`stop`](Items::stop) and read on to the end.
    pub fn request(&self) -> Option<&E> {
        self.pages.request()
    }

    /// Ends the iterator after the entries of the pages that have already been requested. Waits
    /// between the attempts of these requests are interrupted, and no further page is requested.
    /// [`request`](Items::request) then returns the request for the page to continue with. If
    /// entries may be missing from the pages that were read, the last item is an error of kind
    /// [`ErrorKind::Incomplete`].
    pub fn stop(&mut self) {
        self.pages.stop();
    }

    /// Ends the iterator if there are no more pages. Returns an error if entries may be missing.
    fn end(&mut self) -> Option<Result<E::Item>> {
        if self.pages.ended {
            return None;
        }
        self.pages.end();
        let problem = match self.pages.position {
            Position::End => self.progress.finish(),
            Position::First | Position::Further(_) => self.progress.take_problem(),
        };
        let problem = problem?;
        self.pages.position = Position::First;
        self.incomplete(problem)
    }

    /// Ends the iterator with the error of a request. If entries may be missing, the error says so,
    /// and the list must be read again from the first page.
    fn fail(&mut self, error: Error) -> Error {
        let Some(problem) = self.progress.take_problem() else { return error };
        self.pages.position = Position::First;
        error.with_list_problem(problem)
    }

    /// Ends the iterator with an error of kind [`ErrorKind::Incomplete`].
    fn incomplete(&mut self, problem: String) -> Option<Result<E::Item>> {
        let id = self.request().map_or(E::ID, E::id);
        self.pages.end();
        let error = ResponseError::new(ErrorKind::Incomplete).with_message(problem);
        let error = self.pages.client.error_of_list(id, error);
        Some(Err(self.fail(error)))
    }
}

impl<E: Paged> Iterator for Items<E> {
    type Item = Result<E::Item>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.ready.next() {
                return Some(Ok(item));
            }
            let Some(fetched) = self.pages.fetch() else { return self.end() };
            let Fetched { page, extent, next, overlap } = match fetched {
                Ok(fetched) => fetched,
                Err(error) => return Some(Err(self.fail(error))),
            };
            let mut items = E::items(page);
            if let Step::Reread(back) = self.progress.check(extent, &items, E::item_id, overlap) {
                self.pages.reread(back);
                continue;
            }
            let count = items.len();
            if let Err(problem) = self.progress.add(extent, &mut items, E::item_id, overlap) {
                return self.incomplete(problem);
            }
            let unconfirmed = match (&next, overlap) {
                (None, Some(overlap)) => self.progress.confirm(extent, count, overlap),
                _ => 0,
            };
            match unconfirmed {
                0 => self.pages.advance(next),
                pages => self.pages.confirm(pages),
            }
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
mod order_tests;
#[cfg(test)]
mod test_list;
#[cfg(test)]
mod tests;
