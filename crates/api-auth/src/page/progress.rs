//! The progress of an iterator over a list: the ids that it returned, and whether the pages are
//! consistent.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::endpoint::Extent;
use crate::page::ahead::Overlap;
use crate::window::MOST_THREADS;

/// The minimum size of each of the two maps of ids that are used to skip duplicate entries. A map is
/// larger if the pages that are requested at the same time have more entries. At least as many ids
/// as one map holds are remembered, so an entry is returned twice only if the list shifts by more
/// entries than that between two requests.
const GENERATION: usize = 32_768;

/// The number of consecutive pages without new entries after which reading ends with an error,
/// unless added entries explain them.
const MOST_REPEATED: u32 = 2;

/// The number of consecutive pages without new entries after which reading ends with an error, even
/// if added entries explain them.
const MOST_WITHOUT_NEW: u32 = 100;

/// The number of pages whose positions are kept. An entry that is found again can be on any page
/// that was requested at the same time, and the pages before that one are then read again, too.
const MOST_STARTS: usize = 2 * MOST_THREADS + 1;

/// The progress of an iterator over the entries of a list.
#[derive(Debug)]
pub(super) struct Progress {
    seen: Seen,
    /// The number of entries before the first page that was read.
    skipped: Option<u64>,
    /// The number of entries that were received, including duplicates.
    received: u64,
    /// The last pages.
    starts: VecDeque<Start>,
    /// The number of pages that are requested at the same time.
    window: usize,
    total: Total,
    /// Whether a page was received without a total that can be the size of the list.
    lacks_total: bool,
    /// Whether an entry without an id was received. Entries that were returned before can then not
    /// be recognized, so no page is read again.
    lacks_id: bool,
    repeated: u32,
    without_new: u32,
    /// Whether a page without new entries shows that the order of the list changed, or that the
    /// server repeats its pages.
    is_repeated_or_reordered: bool,
    /// A page is being read again if it has fewer entries than this before it. 0 if no page has to
    /// be read again.
    reread_until: u64,
    /// The ids of entries that precede all entries that have not been returned. One of them must
    /// still be found in the pages that are read again, which proves that no entry moved to a page
    /// before them. `None` if this does not have to be proven.
    anchors: Option<HashSet<Box<str>>>,
    confirmation: Option<Confirmation>,
    problem: Option<String>,
}

/// The start of a page.
#[derive(Debug, Clone, Copy)]
struct Start {
    /// The number of entries that were received before the page.
    received: u64,
    /// Whether the previous page was received before this one was requested, so that entries that
    /// are added cannot move from the one page to the other and be on none.
    follows: bool,
}

/// The ids on the last pages of a list, which are read again.
#[derive(Debug)]
struct Confirmation {
    pages: VecDeque<Vec<Box<str>>>,
    overlap: Overlap,
}

/// What to do with a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Add the page.
    Add,
    /// Discard the page, and continue with the one that is this many pages before it.
    Reread(u32),
}

/// The total that the server reports.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Total {
    #[default]
    Unknown,
    Known(u64),
    /// The total is not the size of the list, because a page has entries beyond it.
    Wrong,
}

impl Total {
    fn known(self) -> Option<u64> {
        match self {
            Self::Known(total) => Some(total),
            Self::Unknown | Self::Wrong => None,
        }
    }
}

/// The position of an entry when it was last received. Numbers that are too large are stored as
/// `u32::MAX`, so that a position takes eight bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// The number of entries before this one.
    before: u32,
    /// The number of entries from this one to the end of the list, or 0 if the total is not known.
    rest: u32,
}

/// An entry that was received before.
struct Moved {
    now: Place,
    last: Place,
    /// The number of new entries before this one on its page.
    new_before: u32,
}

fn saturated(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Place {
    fn new(before: u64, total: Option<u64>) -> Self {
        let rest = total.map_or(0, |total| total.saturating_sub(before));
        Self { before: saturated(before), rest: saturated(rest) }
    }
}

impl Moved {
    /// Returns whether added entries alone may have moved the entry. If the total is known, this is
    /// possible if neither the number of entries before the entry nor the number of entries after
    /// it decreased. Otherwise, the entry must have moved by the `duplicates` on its page, which
    /// are then the last entries of the previous page, and by the new entries before it on its page.
    fn is_shift(&self, duplicates: u32) -> bool {
        let (now, last) = (self.now, self.last);
        if now.rest == 0 || last.rest == 0 {
            let shift = duplicates.saturating_add(self.new_before);
            return now.before == last.before.saturating_add(shift);
        }
        now.before >= last.before && now.rest >= last.rest
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            seen: Seen::default(),
            skipped: None,
            received: 0,
            starts: VecDeque::new(),
            window: 1,
            total: Total::default(),
            lacks_total: false,
            lacks_id: false,
            repeated: 0,
            without_new: 0,
            is_repeated_or_reordered: false,
            reread_until: 0,
            anchors: None,
            confirmation: None,
            problem: None,
        }
    }
}

impl Progress {
    /// Sets the number of pages that are requested at the same time.
    pub(super) fn set_window(&mut self, pages: usize) {
        self.window = pages.clamp(1, MOST_THREADS);
    }

    /// Returns what to do with a page that was received. If it was requested ahead, `overlap`
    /// describes the pages that were requested at the same time. Records a problem if the page
    /// shows that the list changed, but the pages cannot be read again.
    pub(super) fn check<T>(
        &mut self,
        extent: Extent,
        items: &[T],
        id: impl Fn(&T) -> Option<&str>,
        overlap: Option<Overlap>,
    ) -> Step {
        self.lacks_id |= items.iter().any(|item| id(item).is_none());
        if let Some(overlap) = self.changed_confirmation(items, &id) {
            return self.reread(extent, items, id, overlap);
        }
        let Some(overlap) = overlap else { return Step::Add };
        if !self.is_changed(extent, items, &id) {
            // Without ids, entries that moved from a page before its request to one after it cannot
            // be found by reading pages again.
            if self.lacks_id && overlap.back >= 2 && self.other_total(extent, items.len()).is_some()
            {
                self.report(changed_at_the_same_time);
            }
            return Step::Add;
        }
        if overlap.is_stopped {
            // Added entries only move others to later pages, which are read after these.
            if self.other_total(extent, items.len()).is_none_or(|(last, total)| last >= total) {
                self.report(changed_at_the_same_time);
            }
            return Step::Add;
        }
        self.reread(extent, items, id, overlap)
    }

    /// Returns whether a page shows that the list changed since the previous page was read. Returns
    /// `false` if a problem has already been found, or if an entry has no id, because entries that
    /// were returned before can then not be recognized.
    fn is_changed<T>(&self, extent: Extent, items: &[T], id: impl Fn(&T) -> Option<&str>) -> bool {
        if self.problem.is_some() || self.lacks_id {
            return false;
        }
        self.other_total(extent, items.len()).is_some()
            || items.iter().filter_map(&id).any(|id| self.seen.place(id).is_some())
    }

    /// Returns the last total and that of a page with `count` entries if they differ.
    fn other_total(&self, extent: Extent, count: usize) -> Option<(u64, u64)> {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let total = extent.total().filter(|total| *total >= extent.before().saturating_add(count));
        self.total.known().zip(total).filter(|(last, total)| last != total)
    }

    /// Prepares for reading pages again, up to the page of `extent`. Records a problem if these
    /// pages have more entries than can be recognized as duplicates.
    fn reread<T>(
        &mut self,
        extent: Extent,
        items: &[T],
        id: impl Fn(&T) -> Option<&str>,
        overlap: Overlap,
    ) -> Step {
        let skipped = self.skipped.unwrap_or(0);
        let mut back = usize::try_from(overlap.back).unwrap_or(usize::MAX);
        if self.total.known().is_none() || extent.total().is_none() {
            // An entry is only found again after the pages that lack others if many were added. The
            // pages that lack entries are at most as many pages as are requested at the same time
            // before the page that has this entry.
            let places = items.iter().filter_map(id).filter_map(|id| self.seen.place(id));
            if let Some(first) = places.map(|place| u64::from(place.before)).min() {
                let after = self.starts.iter().rev();
                let after =
                    after.take_while(|start| skipped.saturating_add(start.received) > first);
                back = back.max(after.count().saturating_add(self.window)).min(self.starts.len());
            }
        }
        let index = self.starts.len().checked_sub(back).filter(|_| !self.lacks_id);
        let start = index.and_then(|index| self.starts.get(index)).map(|start| start.received);
        let known = u64::try_from(self.seen.generation()).unwrap_or(u64::MAX);
        let (Some(index), Some(start)) =
            (index, start.filter(|start| self.received.saturating_sub(*start) <= known))
        else {
            self.report(changed_at_the_same_time);
            return Step::Add;
        };
        // No entry moves to a page before the first page of the list. If the page size is not
        // known, this page may not be the first one.
        let is_first = skipped.saturating_add(start) == 0 && extent.before() > 0;
        if !is_first && self.anchors.is_none() {
            let next = self.starts.get(index.saturating_add(1));
            let end = next.map_or(self.received, |start| start.received);
            let ids = self.seen.between(skipped.saturating_add(start), skipped.saturating_add(end));
            self.anchors = Some(ids.into_iter().map(|(_, id)| id.into()).collect());
        }
        self.reread_from(index, start);
        Step::Reread(u32::try_from(back).unwrap_or(u32::MAX))
    }

    /// Sets the position to the page with this index in `starts`.
    fn reread_from(&mut self, index: usize, start: u64) {
        let until = self.skipped.unwrap_or(0).saturating_add(self.received);
        self.reread_until = self.reread_until.max(until);
        self.received = start;
        self.starts.truncate(index);
    }

    /// Prepares for reading the end of the list again, after its last page was added, which had
    /// been requested ahead. Returns the number of pages to read again, or 0 if the entries are
    /// known to be complete.
    ///
    /// Without a total, a page that was created before the previous page may lack entries that were
    /// moved to it from the previous page. If entries were added before the last page was created,
    /// an entry is found again. Otherwise, they change the last page.
    pub(super) fn confirm(&mut self, extent: Extent, count: usize, overlap: Overlap) -> u32 {
        // The previous page was received before this one was requested.
        let is_proven = overlap.most_back < 2;
        let has_total = self.total.known().is_some() && !self.lacks_total;
        if is_proven || has_total || self.lacks_id || self.problem.is_some() {
            return 0;
        }
        let skipped = self.skipped.unwrap_or(0);
        // Added entries change an empty page only if the page before it is full.
        let pages = if count == 0 && extent.before() == 0 { 2 } else { 1 };
        let Some(index) = self.starts.len().checked_sub(pages) else { return 0 };
        let Some(start) = self.starts.get(index).map(|start| start.received) else { return 0 };
        let mut end = self.received;
        let mut expected = VecDeque::new();
        for start in self.starts.range(index..).rev().map(|start| start.received) {
            let ids = self.seen.between(skipped.saturating_add(start), skipped.saturating_add(end));
            expected.push_front(ids.into_iter().map(|(_, id)| id.into()).collect());
            end = start;
        }
        self.reread_from(index, start);
        self.confirmation = Some(Confirmation { pages: expected, overlap });
        u32::try_from(pages).unwrap_or(u32::MAX)
    }

    /// Returns whether the last pages are being read again.
    pub(super) fn is_confirming(&self) -> bool {
        self.confirmation.is_some()
    }

    /// Compares a page with one of the last pages if these are read again. If they differ, returns
    /// the pages to read again.
    fn changed_confirmation<T>(
        &mut self,
        items: &[T],
        id: impl Fn(&T) -> Option<&str>,
    ) -> Option<Overlap> {
        let mut confirmation = self.confirmation.take()?;
        let expected = confirmation.pages.pop_front()?;
        let ids = items.iter().map(id);
        if !ids.eq(expected.iter().map(|id| Some(&**id))) {
            let after = saturated(u64::try_from(confirmation.pages.len()).unwrap_or(u64::MAX));
            let Overlap { back, most_back, is_stopped } = confirmation.overlap;
            let (back, most_back) = (back.saturating_sub(after), most_back.saturating_sub(after));
            return Some(Overlap { back, most_back, is_stopped });
        }
        self.confirmation = Some(confirmation).filter(|rest| !rest.pages.is_empty());
        None
    }

    /// Adds a page, and removes from `items` the entries that were returned before. If the page was
    /// requested ahead, `overlap` describes the pages that were requested at the same time.
    ///
    /// # Errors
    /// Returns a message if the server repeats its pages.
    pub(super) fn add<T>(
        &mut self,
        extent: Extent,
        items: &mut Vec<T>,
        id: impl Fn(&T) -> Option<&str>,
        overlap: Option<Overlap>,
    ) -> Result<(), String> {
        self.seen.reserve(items.len().saturating_mul(self.window.saturating_add(1)));
        let count = u64::try_from(items.len()).unwrap_or(u64::MAX);
        let skipped = *self.skipped.get_or_insert(extent.before());
        if self.starts.len() == MOST_STARTS {
            self.starts.pop_front();
        }
        let follows = overlap.is_none_or(|overlap| overlap.back < 2);
        self.starts.push_back(Start { received: self.received, follows });
        let mut before = skipped.saturating_add(self.received);
        self.received = self.received.saturating_add(count);
        self.add_total(extent, count);

        let is_reread = before < self.reread_until;
        let total = self.total.known();
        let mut moved = Vec::new();
        let mut new = 0_u32;
        let mut is_anchored = false;
        items.retain(|item| {
            let now = Place::new(before, total);
            before = before.saturating_add(1);
            let Some(last) = id(item).and_then(|id| self.seen.move_to(id, now)) else {
                new = new.saturating_add(1);
                return true;
            };
            is_anchored |= self
                .anchors
                .as_ref()
                .zip(id(item))
                .is_some_and(|(anchors, id)| anchors.contains(id));
            moved.push(Moved { now, last, new_before: new });
            false
        });
        if is_anchored {
            self.anchors = None;
        }
        let duplicates = u32::try_from(moved.len()).unwrap_or(u32::MAX);
        // The entry was returned before the pages were read again.
        let reread_until = self.reread_until;
        let is_early = |moved: &Moved| u64::from(moved.last.before) < reread_until;
        let is_shift = moved.iter().all(|moved| match total.is_none() && is_early(moved) {
            true => moved.now.before >= moved.last.before,
            false => moved.is_shift(duplicates),
        });
        if total.is_none() && moved.iter().any(|moved| self.may_hide_others(moved.last)) {
            self.report(changed_at_the_same_time);
        }
        let is_explained = is_shift && (total.is_some() || moved.iter().any(is_early));
        self.is_repeated_or_reordered |= !is_shift;
        if !items.is_empty() {
            self.report_order();
            (self.repeated, self.without_new) = (0, 0);
        } else if !is_reread {
            self.without_new += 1;
            if count > 0 && !is_explained {
                self.repeated += 1;
            }
        }
        if self.repeated == MOST_REPEATED {
            self.is_repeated_or_reordered = false;
            return Err(format!(
                "the server keeps returning the same entries: {MOST_REPEATED} pages in a row had no new one"
            ));
        }
        if self.without_new == MOST_WITHOUT_NEW {
            return Err(format!(
                "the server returns no more entries, but does not end the list: {MOST_WITHOUT_NEW} pages in a row had no new one"
            ));
        }
        Ok(())
    }

    /// Returns whether an entry that was found again on the last page shows that pages may lack
    /// entries. In a list without a total, this is the case if the entry moved by two pages or
    /// more, and some of the pages that were requested at the same time as its previous page were
    /// not read again. If it moved by less, this shows on the first page that was created later.
    fn may_hide_others(&self, last: Place) -> bool {
        let skipped = self.skipped.unwrap_or(0);
        let before = u64::from(last.before);
        let starts = &self.starts;
        let pages =
            starts.partition_point(|start| skipped.saturating_add(start.received) <= before);
        let is_far = starts.len().saturating_sub(pages) >= 2;
        let first = pages.saturating_sub(self.window);
        is_far
            && self.window > 1
            && (pages == 0 || starts.range(first..pages).any(|start| !start.follows))
    }

    /// Stores the total from the response for a page of `count` entries. Records a problem if it is
    /// smaller than the previous total.
    fn add_total(&mut self, extent: Extent, count: u64) {
        let Some(total) = extent.total() else {
            self.lacks_total = true;
            return;
        };
        if count > 0 && total < extent.before().saturating_add(count) {
            self.total = Total::Wrong;
        }
        match self.total {
            Total::Wrong => return,
            Total::Known(last) if total < last => {
                self.report(|| {
                    format!("it shrank from {last} to {total} entries while it was read")
                });
            }
            Total::Known(_) | Total::Unknown => {}
        }
        self.total = Total::Known(total);
    }

    /// Returns a message about the first problem that was found in the list, or `None` if there was
    /// none. This method must be called after the last page.
    pub(super) fn finish(&mut self) -> Option<String> {
        let end = self.skipped.unwrap_or(0).saturating_add(self.received);
        if let Some(total) = self.total.known()
            && end < total
        {
            self.report(|| format!("the server reported {total} entries and sent {end}"));
        }
        self.take_problem()
    }

    /// Returns a message about the first problem that was found in the pages that were read, or
    /// `None` if there was none.
    pub(super) fn take_problem(&mut self) -> Option<String> {
        if self.anchors.take().is_some() {
            self.report(|| "it changed while it was read: no entry was found again".to_owned());
        }
        self.report_order();
        self.problem
            .take()
            .map(|problem| format!("entries may be missing from the list, because {problem}"))
    }

    /// Records that the order of the list changed if a page shows it.
    fn report_order(&mut self) {
        if std::mem::take(&mut self.is_repeated_or_reordered) {
            self.report(|| {
                "its order changed while it was read (some entries occurred twice)".to_owned()
            });
        }
    }

    /// Records a problem, unless one was recorded before.
    fn report(&mut self, problem: impl FnOnce() -> String) {
        self.problem.get_or_insert_with(problem);
    }
}

fn changed_at_the_same_time() -> String {
    "it changed while its pages were requested at the same time".to_owned()
}

/// The most recent ids, in two maps of up to [`GENERATION`] ids, or more if more were reserved. When
/// the younger map is full, all ids of the older one are removed, because a map can grow if single
/// ids are removed from it.
#[derive(Debug, Default)]
struct Seen {
    young: HashMap<Box<str>, Place>,
    old: HashMap<Box<str>, Place>,
    /// The number of ids that was reserved.
    reserved: usize,
}

impl Seen {
    /// Makes each map hold at least this number of ids.
    fn reserve(&mut self, ids: usize) {
        self.reserved = self.reserved.max(ids);
    }

    /// Returns the maximum number of ids in each map. At least as many ids are remembered.
    fn generation(&self) -> usize {
        self.reserved.max(GENERATION)
    }

    fn place(&self, id: &str) -> Option<&Place> {
        self.young.get(id).or_else(|| self.old.get(id))
    }

    /// Returns the ids whose places are in a range, in their order.
    fn between(&self, start: u64, end: u64) -> Vec<(u32, &str)> {
        let range = saturated(start)..saturated(end);
        let all = self.young.iter().chain(&self.old);
        let mut ids: Vec<_> = all
            .filter(|(_, place)| range.contains(&place.before))
            .map(|(id, place)| (place.before, &**id))
            .collect();
        ids.sort_unstable();
        ids
    }

    /// Sets the place of an entry. Returns its previous place, or `None` if the entry is new.
    #[inline]
    fn move_to(&mut self, id: &str, place: Place) -> Option<Place> {
        if let Some(known) = self.old.get_mut(id).or_else(|| self.young.get_mut(id)) {
            return Some(std::mem::replace(known, place));
        }
        if self.young.len() >= self.generation() {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.insert(id.into(), place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_of_remembered_ids_is_bounded() {
        let mut seen = Seen::default();
        let mut is_new = |id: usize| {
            let place = Place::new(0, None);
            let is_new = seen.move_to(&id.to_string(), place).is_none();
            assert!(seen.young.len() <= GENERATION && seen.old.len() <= GENERATION);
            (is_new, seen.young.capacity() + seen.old.capacity())
        };
        let mut capacity = 0;
        for id in 0..10 * GENERATION {
            let (is_new, now) = is_new(id);
            assert!(is_new);
            if id == 2 * GENERATION {
                capacity = now;
            }
            assert!(id <= 2 * GENERATION || now == capacity, "no map grows");
        }
        for id in 8 * GENERATION..10 * GENERATION {
            assert!(!is_new(id).0, "{id}");
        }
        assert!(is_new(0).0, "the oldest is forgotten");
    }
}
