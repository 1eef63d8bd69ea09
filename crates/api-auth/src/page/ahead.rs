//! Requesting the pages of a numbered list ahead of the reader.

use crate::client::Client;
use crate::clock::Interrupt;
use crate::endpoint::{NumberedPages, Paged};
use crate::error::{Delivery, Result};
use crate::window::Window;

/// A source of pages that requests some of them ahead of the reader.
pub(super) trait Ahead<E: Paged>: Send + Sync {
    /// Returns the page of `request`. Returns `None` after [`stop`](Ahead::stop) if the page was
    /// not requested.
    fn fetch(&mut self, request: &E) -> Option<Result<E::Output>>;

    /// Stops requesting pages.
    fn stop(&mut self);
}

/// A window of pages. The first page is requested alone, because its total determines the number of
/// pages. If the server reports no total, fewer pages beyond the end are requested than the window
/// has.
pub(super) struct PageWindow<E: NumberedPages> {
    client: Client,
    window: Window<E, Result<E::Output>>,
    most: usize,
    /// The numbers of the next page to request and of the last page that may exist. `None` before
    /// the first page.
    open: Option<(u32, u32)>,
    stopped: bool,
}

impl<E> PageWindow<E>
where
    E: NumberedPages + Send + 'static,
    E::Output: Send + 'static,
{
    /// Creates a window of at most `most` pages.
    pub(super) fn new(client: &Client, most: usize) -> Self {
        let interrupt = Interrupt::default();
        let interrupted = client.interrupted_by(interrupt.clone());
        let send = move |request: &E| interrupted.send_without_panic(request);
        let window = Window::new(most, interrupt, send);
        Self { client: client.clone(), window, most, open: None, stopped: false }
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
            // Without a total, or beyond it, each page may have a successor.
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
    fn fetch(&mut self, request: &E) -> Option<Result<E::Output>> {
        let number = request.page_number();
        self.fill(number, request);
        let page = loop {
            match self.window.take() {
                Some((taken, page)) if taken.page_number() == number => break page,
                Some(_) => {} // The numbers of the list have gaps.
                None if self.stopped => return None,
                None => break self.client.send(request),
            }
        };
        match &page {
            Ok(page) => self.open_after(number, request, page),
            // The request was interrupted before it was sent.
            Err(error) if self.stopped && error.delivery() == Delivery::NotSent => return None,
            Err(_) => {}
        }
        Some(page)
    }

    fn stop(&mut self) {
        self.stopped = true;
        self.window.stop();
    }
}
