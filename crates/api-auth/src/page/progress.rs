//! The progress of an iterator over a list: the ids that it returned, and whether the pages are
//! consistent.

use std::collections::HashMap;

use crate::endpoint::Extent;

/// The maximum number of ids in each of the two maps that are used to skip duplicate entries. It
/// limits the memory use, however many entries are read. An entry is returned twice only if the
/// list shifts by at least this number of entries.
const GENERATION: usize = 32_768;

/// The number of consecutive pages without new entries after which reading ends with an error,
/// unless added entries explain them.
const MOST_REPEATED: u32 = 2;

/// The progress of an iterator over the entries of a list.
#[derive(Debug, Default)]
pub(super) struct Progress {
    seen: Seen,
    /// The number of entries before the first page that was read.
    skipped: Option<u64>,
    /// The number of entries that were received, including duplicates.
    received: u64,
    total: Total,
    repeated: u32,
    /// A page is being read again if it has fewer entries than this before it. 0 if no page has to
    /// be read again.
    reread_until: u64,
    /// Whether an entry that was returned before must still be found in the pages that are read
    /// again.
    needs_anchor: bool,
    problem: Option<String>,
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

impl Place {
    fn new(before: u64, total: Option<u64>) -> Self {
        let number = |number| u32::try_from(number).unwrap_or(u32::MAX);
        let rest = total.map_or(0, |total| total.saturating_sub(before));
        Self { before: number(before), rest: number(rest) }
    }

    /// Returns whether added entries alone may have moved an entry from `last` to this place. If
    /// the total is known, this is possible if neither the number of entries before the entry nor
    /// the number of entries after it decreased. Otherwise, the entry must have moved by
    /// `duplicates`, the number of duplicates on its page, which are then the last entries of the
    /// previous page.
    fn is_shifted_from(self, last: Self, duplicates: u32) -> bool {
        if self.rest == 0 || last.rest == 0 {
            return self.before == last.before.saturating_add(duplicates);
        }
        self.before >= last.before && self.rest >= last.rest
    }
}

impl Progress {
    /// Returns whether a page shows that the list changed since the previous page was read. Returns
    /// `false` if a problem has already been found, or if an entry has no id, because entries that
    /// were returned before can then not be recognized.
    pub(super) fn is_changed<T>(
        &self,
        extent: Extent,
        items: &[T],
        id: impl Fn(&T) -> Option<&str>,
    ) -> bool {
        if self.problem.is_some() || items.iter().any(|item| id(item).is_none()) {
            return false;
        }
        let count = u64::try_from(items.len()).unwrap_or(u64::MAX);
        let total = extent.total().filter(|total| *total >= extent.before().saturating_add(count));
        let is_other_total =
            self.total.known().zip(total).is_some_and(|(last, total)| last != total);
        is_other_total || items.iter().filter_map(&id).any(|id| self.seen.contains(id))
    }

    /// Prepares for reading pages again, starting `back` pages before the page of `extent`. Each
    /// page has `count` entries. Returns `false`, and records a problem, if these pages have more
    /// entries than can be recognized as duplicates.
    pub(super) fn reread(&mut self, extent: Extent, back: u32, count: usize) -> bool {
        let entries = usize::try_from(back).unwrap_or(usize::MAX).saturating_mul(count);
        if entries > GENERATION {
            self.report(|| "it changed while its pages were requested at the same time".to_owned());
            return false;
        }
        let start = extent.before_earlier(back);
        let skipped = self.skipped.unwrap_or(0);
        self.received = start.saturating_sub(skipped);
        self.reread_until = self.reread_until.max(extent.before());
        // If no entry moved to a place before its last one, no entry moved to a page before `start`.
        self.needs_anchor = start > skipped;
        true
    }

    /// Adds a page, and removes from `items` the entries that were returned before.
    ///
    /// # Errors
    /// Returns a message if the server repeats its pages.
    pub(super) fn add<T>(
        &mut self,
        extent: Extent,
        items: &mut Vec<T>,
        id: impl Fn(&T) -> Option<&str>,
    ) -> Result<(), String> {
        let count = u64::try_from(items.len()).unwrap_or(u64::MAX);
        let skipped = *self.skipped.get_or_insert(extent.before());
        let mut before = skipped.saturating_add(self.received);
        self.received = self.received.saturating_add(count);
        self.add_total(extent, count);

        let is_reread = before < self.reread_until;
        let total = self.total.known();
        let mut moved = Vec::new();
        items.retain(|item| {
            let place = Place::new(before, total);
            before = before.saturating_add(1);
            let last = id(item).and_then(|id| self.seen.move_to(id, place));
            moved.extend(last.map(|last| (place, last)));
            last.is_none()
        });
        let duplicates = u32::try_from(moved.len()).unwrap_or(u32::MAX);
        let is_shift = moved.iter().all(|(now, last)| match is_reread && total.is_none() {
            true => now.before >= last.before,
            false => now.is_shifted_from(*last, duplicates),
        });
        self.needs_anchor &= moved.is_empty();
        if !is_shift {
            self.report(|| {
                "its order changed while it was read (some entries occurred twice)".to_owned()
            });
        }
        if !items.is_empty() {
            self.repeated = 0;
        } else if count > 0 && !is_reread && !(is_shift && total.is_some()) {
            self.repeated += 1;
        }
        if self.repeated == MOST_REPEATED {
            return Err(format!(
                "the server keeps returning the same entries: {MOST_REPEATED} pages in a row had no new one"
            ));
        }
        Ok(())
    }

    /// Stores the total from the response for a page of `count` entries. Records a problem if it is
    /// smaller than the previous total.
    fn add_total(&mut self, extent: Extent, count: u64) {
        let Some(total) = extent.total() else { return };
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
        if self.needs_anchor {
            self.report(|| "it changed while it was read: no entry was found again".to_owned());
        }
        self.problem
            .take()
            .map(|problem| format!("entries may be missing from the list, because {problem}"))
    }

    /// Records a problem, unless one was recorded before.
    fn report(&mut self, problem: impl FnOnce() -> String) {
        self.problem.get_or_insert_with(problem);
    }
}

/// The most recent ids, in two maps of up to [`GENERATION`] ids. When the younger map is full, all
/// ids of the older one are removed, because a map can grow if single ids are removed from it.
#[derive(Debug, Default)]
struct Seen {
    young: HashMap<Box<str>, Place>,
    old: HashMap<Box<str>, Place>,
}

impl Seen {
    fn contains(&self, id: &str) -> bool {
        self.young.contains_key(id) || self.old.contains_key(id)
    }

    /// Sets the place of an entry. Returns its previous place, or `None` if the entry is new.
    #[inline]
    fn move_to(&mut self, id: &str, place: Place) -> Option<Place> {
        if let Some(known) = self.old.get_mut(id).or_else(|| self.young.get_mut(id)) {
            return Some(std::mem::replace(known, place));
        }
        if self.young.len() == GENERATION {
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
