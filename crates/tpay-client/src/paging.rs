//! Pagination of lists by page number.

use api_auth::{Extent, InputError, Params};

/// The page of a list that a request selects: its number, and the number of entries per page. The
/// server's defaults apply to values that are `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Paging {
    pub(crate) page: Option<u32>,
    pub(crate) limit: Option<u32>,
}

impl Paging {
    /// The maximum page size, which iterators over all pages use by default.
    pub(crate) const MAX_LIMIT: u32 = 100;

    pub(crate) fn validate(self) -> Result<(), InputError> {
        validate_page(self.page)?;
        match self.limit {
            Some(limit) if !(1..=Self::MAX_LIMIT).contains(&limit) => {
                Err(InputError::new("limit", "must be between 1 and 100"))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn push(self, params: &mut Params<'_>) {
        params
            .push_some("page", self.page.map(|page| page.to_string()))
            .push_some("limit", self.limit.map(|limit| limit.to_string()));
    }

    /// Returns the number of this page. Defaults to 1.
    pub(crate) fn number(self) -> u32 {
        self.page.unwrap_or(1)
    }

    /// Returns the position of this page in its list. `server_limit` and `total` are the page size
    /// and the total number of entries in the response.
    pub(crate) fn extent(self, server_limit: Option<i64>, total: Option<i64>) -> Extent {
        extent(self.number(), self.limit.unwrap_or(35), server_limit, total)
    }
}

/// Defines setters for the page number and the page size of a request. The request must have a
/// field `paging` of the type [`Paging`].
macro_rules! page_setters {
    () => {
        /// Sets the number of the page, counted from 1. Defaults to 1.
        #[must_use]
        pub fn page(mut self, page: u32) -> Self {
            self.paging.page = Some(page);
            self
        }

        /// Sets the number of entries per page, from 1 to 100. The server's default is 35.
        #[must_use]
        pub fn limit(mut self, limit: u32) -> Self {
            self.paging.limit = Some(limit);
            self
        }

        /// Sets the page size to the maximum, 100, if no page size is set.
        pub(crate) fn full_pages(mut self) -> Self {
            self.paging.limit.get_or_insert(Paging::MAX_LIMIT);
            self
        }
    };
}
pub(crate) use page_setters;

/// Validates that the number of a page, if present, is at least 1.
pub(crate) fn validate_page(page: Option<u32>) -> Result<(), InputError> {
    if page == Some(0) {
        return Err(InputError::new("page", "must be at least 1"));
    }
    Ok(())
}

/// Returns the position of a page in its list. `page` is the number of the page, counted from 1.
/// The page size in the response (`server_limit`) takes precedence over the requested one
/// (`limit`).
pub(crate) fn extent(
    page: u32,
    limit: u32,
    server_limit: Option<i64>,
    total: Option<i64>,
) -> Extent {
    let server_limit = server_limit.and_then(|limit| u32::try_from(limit).ok());
    let limit = server_limit.filter(|limit| *limit > 0).unwrap_or(limit);
    let total = total.and_then(|total| u64::try_from(total).ok());
    Extent::of_page(page.saturating_sub(1), limit).with_total(total)
}

/// Returns whether there is a page after the page at `extent`, which has `count` entries.
///
/// If the response does not contain the page size, the server may use smaller pages than requested,
/// so a page with few entries need not be the last one. In this case, a page is known to be the
/// last one only if it is empty or contains as many entries as the total.
pub(crate) fn has_more(extent: Extent, server_limit: Option<i64>, count: usize) -> bool {
    let is_size_known = server_limit.is_some_and(|limit| limit > 0);
    let is_whole = extent.total().is_some_and(|total| u64::try_from(count) == Ok(total));
    extent.promises_more(count) || !is_size_known && count > 0 && !is_whole
}

/// Defines the methods `next` and `extent` of `Paged` for a request with a field `paging` of the
/// type [`Paging`]. Its responses must have the fields `limit` and `total`. `$count` returns the
/// number of entries on a page.
macro_rules! paged_by_number {
    ($output:ty, $count:expr) => {
        fn next(&self, page: &$output) -> Option<Self> {
            let count: fn(&$output) -> usize = $count;
            let more = crate::paging::has_more(self.extent(page), page.limit, count(page));
            Some(self.clone().page(self.paging.number().checked_add(1).filter(|_| more)?))
        }

        fn extent(&self, page: &$output) -> Extent {
            self.paging.extent(page.limit, page.total)
        }
    };
}
pub(crate) use paged_by_number;

/// Implements `NumberedPages` for a request with a field `paging` of the type [`Paging`].
macro_rules! numbered_pages {
    ($list:ty) => {
        impl api_auth::NumberedPages for $list {
            fn page_number(&self) -> u32 {
                self.paging.number()
            }

            fn with_page_number(&self, number: u32) -> Self {
                self.clone().page(number)
            }
        }
    };
}
pub(crate) use numbered_pages;

#[cfg(test)]
mod tests {
    use super::{extent, has_more};

    #[test]
    fn last_page_is_known_by_the_total_or_an_empty_page() {
        let more = |page, limit, count, server_limit, total| {
            has_more(extent(page, limit, server_limit, total), server_limit, count)
        };
        assert!(more(1, 100, 100, Some(100), Some(101)));
        assert!(!more(2, 100, 1, Some(100), Some(101)));
        assert!(!more(2, 100, 0, None, Some(1_000_000)));
        assert!(!more(2, 100, 100, Some(100), Some(200)));
        assert!(more(2, 100, 100, Some(100), None));
        assert!(!more(2, 100, 99, Some(100), None));
        assert!(more(1, 100, 35, Some(35), Some(36)), "the server's limit is used");
        assert!(more(1, 35, 35, Some(0), Some(i64::MAX)));
        assert!(!more(1, 35, 34, Some(0), Some(34)), "a limit of 0 is ignored");
        for total in [None, Some(250)] {
            assert!(more(3, 100, 20, None, total), "the server may use pages of 20 entries");
            assert!(!more(3, 100, 0, None, total));
        }
        for wrong in [-1, 0, 10, 35] {
            assert!(more(1, 35, 35, None, Some(wrong)), "a full page beside the total {wrong}");
        }
    }
}
