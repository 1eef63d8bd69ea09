//! Requests pages of a numbered list before the iterator needs them.

use crate::client::Client;
use crate::clock::Interrupt;
use crate::endpoint::{NumberedPages, Paged};
use crate::error::{Delivery, Result};
use crate::window::{MOST_THREADS, Window};

/// The maximum number of times that pages are read again because the list changed. The last time,
/// the rest of the list is read page by page as well.
const MOST_REREADS: u32 = 4;

/// A page that was received, or the error of its request.
pub(super) struct Received<T> {
    pub(super) page: Result<T>,
    /// `None` if the page was not requested ahead.
    pub(super) overlap: Option<Overlap>,
}

/// The pages before a page that was requested ahead. The server may have created the pages that
/// were requested at the same time in any order, so some are read again if this page shows that the
/// list changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Overlap {
    /// The number of pages to read again. The first one is the last page that was received before
    /// this page was requested.
    pub(super) back: u32,
    /// The number of pages before this one of which each but the first may have been requested at
    /// the same time as the previous one.
    pub(super) most_back: u32,
    /// Whether the iterator was stopped, so that no page is read again.
    pub(super) is_stopped: bool,
}

impl<T> Received<T> {
    /// Returns a page that was not requested ahead.
    pub(super) fn alone(page: Result<T>) -> Self {
        Self { page, overlap: None }
    }
}

/// A source of pages that requests some pages before the iterator needs them.
pub(super) trait Ahead<E: Paged>: Send + Sync {
    /// Returns the page of `request`, in a list that is read from `first` on. Returns `None` after
    /// [`stop`](Ahead::stop) if the page was not requested.
    fn fetch(&mut self, first: &E, request: &E) -> Option<Received<E::Output>>;

    /// Discards the page of `request` and all pages after it. Returns the request for the page that
    /// is `back` pages before that of `request`. The pages up to that of `request` are then read
    /// one after the other.
    fn reread(&mut self, request: &E, back: u32) -> E;

    /// Does the same as [`reread`](Ahead::reread) for a list that is not known to have changed.
    fn confirm(&mut self, request: &E, back: u32) -> E;

    /// Stops requesting pages. Each request in flight ends after its current attempt.
    fn stop(&mut self);
}

/// The pages that are requested at the same time, up to a maximum number. The first page is
/// requested alone, because its total determines the number of pages. If the server reports no
/// total, pages beyond the end of the list are requested as well, but fewer than that maximum.
pub(super) struct PageWindow<E: NumberedPages> {
    client: Client,
    window: Window<E, Result<E::Output>>,
    most: usize,
    /// The maximum number of threads. It is `most`, except in some tests.
    most_threads: usize,
    /// The numbers of the next page to request and of the last page that may exist. `None` before
    /// the first page.
    open: Option<(u32, u32)>,
    /// Pages up to this number, if there is one, are requested one after another, each after the
    /// previous one was received. Later pages are requested in advance.
    in_turn: Option<u32>,
    rereads: u32,
    stopped: bool,
}

impl<E> PageWindow<E>
where
    E: NumberedPages + Send + 'static,
    E::Output: Send + 'static,
{
    /// Creates a window of at most `most` pages.
    pub(super) fn new(client: &Client, most: usize) -> Self {
        Self::with_threads(client, most, most)
    }

    /// Creates a window of at most `most` pages, which are requested by this number of threads. The
    /// reader requests them itself if the number is 0.
    pub(super) fn with_threads(client: &Client, most: usize, threads: usize) -> Self {
        let (most, most_threads) = (most.min(MOST_THREADS), threads.min(MOST_THREADS));
        Self {
            client: client.clone(),
            window: Self::window(client, most_threads),
            most,
            most_threads,
            open: None,
            in_turn: None,
            rereads: 0,
            stopped: false,
        }
    }

    fn window(client: &Client, most_threads: usize) -> Window<E, Result<E::Output>> {
        let interrupt = Interrupt::default();
        let interrupted = client.interrupted_by(interrupt.clone());
        Window::new(most_threads, interrupt, move |request: &E| {
            interrupted.send_without_panic(request)
        })
    }

    /// Requests the page `number` and those after it until the window is full.
    fn fill(&mut self, number: u32, request: &E) {
        while !self.stopped
            && self.window.len() < self.most
            && let Some((next, last)) = self.open
            && next.max(number) <= last
        {
            let next = next.max(number);
            self.window.push(request.with_page_number(next));
            self.open = next.checked_add(1).map(|next| (next, last));
        }
    }

    /// Updates the range of pages that may still be requested, from the response for page `number`.
    fn open_after(&mut self, number: u32, request: &E, page: &E::Output) {
        self.open = request.next(page).map(|next| {
            // Without a total, or beyond the total, each page may have a successor.
            let after = request.extent(page).pages_after().unwrap_or(u64::MAX);
            let last = number.saturating_add(u32::try_from(after).unwrap_or(u32::MAX));
            let requested = self.open.map_or(0, |(next, _)| next);
            (requested.max(next.page_number()), last)
        });
    }
}

impl<E> Ahead<E> for PageWindow<E>
where
    E: NumberedPages + Send + 'static,
    E::Output: Send + 'static,
{
    fn fetch(&mut self, first: &E, request: &E) -> Option<Received<E::Output>> {
        let number = request.page_number();
        if self.in_turn.is_some_and(|last| number <= last) {
            return (!self.stopped)
                .then(|| Received::alone(self.client.send_without_panic(request)));
        }
        self.fill(number, request);
        let received = loop {
            match self.window.take() {
                Some((taken, page)) if taken.page_number() == number => {
                    let window = u32::try_from(self.most).unwrap_or(u32::MAX);
                    let begin = first.page_number().max(self.in_turn.unwrap_or(0));
                    let most_back = number.saturating_sub(begin);
                    let (back, is_stopped) = (window.min(most_back), self.stopped);
                    let overlap = Some(Overlap { back, most_back, is_stopped });
                    break Received { page, overlap };
                }
                Some(_) => {} // The numbers of the list have gaps.
                None if self.stopped => return None,
                None => {
                    self.in_turn = Some(number);
                    break Received::alone(self.client.send_without_panic(request));
                }
            }
        };
        match &received.page {
            Ok(page) => self.open_after(number, request, page),
            // The request was interrupted before it was sent.
            Err(error) if self.stopped && error.delivery() == Delivery::NotSent => return None,
            Err(_) => {}
        }
        Some(received)
    }

    fn reread(&mut self, request: &E, back: u32) -> E {
        self.rereads += 1;
        let first = self.confirm(request, back);
        if self.rereads == MOST_REREADS {
            self.in_turn = Some(u32::MAX);
        }
        first
    }

    fn confirm(&mut self, request: &E, back: u32) -> E {
        let number = request.page_number();
        self.in_turn = self.in_turn.max(Some(number));
        self.window = Self::window(&self.client, self.most_threads);
        self.open = None;
        request.with_page_number(number.saturating_sub(back))
    }

    fn stop(&mut self) {
        self.stopped = true;
        self.window.stop();
    }
}
