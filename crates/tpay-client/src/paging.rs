//! Pagination.

use api_auth::{InputError, Params};

/// The page of a list and its size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Paging {
    pub(crate) page: Option<u32>,
    pub(crate) limit: Option<u32>,
}

impl Paging {
    /// The page size if the caller requests the largest one.
    pub(crate) const MAX_LIMIT: u32 = 100;

    pub(crate) fn validate(self) -> Result<(), InputError> {
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

    /// Returns the page after one with this number of entries. Returns `None` after the last page.
    pub(crate) fn next(
        self,
        count: usize,
        server_limit: Option<i64>,
        total: Option<i64>,
    ) -> Option<Self> {
        let page = next(self.page, self.limit, count, server_limit, total)?;
        Some(Self { page: Some(page), ..self })
    }
}

/// Defines the setters of a list whose field `paging` is a [`Paging`].
macro_rules! page_setters {
    () => {
        /// Sets the page, from 1.
        #[must_use]
        pub fn page(mut self, page: u32) -> Self {
            self.paging.page = Some(page);
            self
        }

        /// Sets the page size, 1 to 100. The server's default is 35.
        #[must_use]
        pub fn limit(mut self, limit: u32) -> Self {
            self.paging.limit = Some(limit);
            self
        }

        /// Sets the page size to the maximum if it is not set.
        pub(crate) fn full_pages(mut self) -> Self {
            self.paging.limit.get_or_insert(Paging::MAX_LIMIT);
            self
        }
    };
}
pub(crate) use page_setters;

/// Returns the number of the next page. Returns `None` after the last page.
///
/// Pages are counted from 1. A page without entries is the last one, whatever the total is. Without
/// a total, a page that is not full is the last one.
pub(crate) fn next(
    page: Option<u32>,
    limit: Option<u32>,
    count: usize,
    server_limit: Option<i64>,
    total: Option<i64>,
) -> Option<u32> {
    let page = page.unwrap_or(1);
    let server_limit =
        server_limit.filter(|limit| *limit > 0).and_then(|limit| u32::try_from(limit).ok());
    let limit = server_limit.or(limit).unwrap_or(35);
    let more = match total {
        _ if count == 0 => false,
        Some(total) => i64::from(page).saturating_mul(i64::from(limit)) < total,
        None => u32::try_from(count).is_ok_and(|count| count >= limit),
    };
    page.checked_add(1).filter(|_| more)
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn last_page_is_known_by_the_total_or_an_empty_page() {
        assert_eq!(next(None, Some(100), 100, None, Some(101)), Some(2));
        assert_eq!(next(Some(2), Some(100), 1, None, Some(101)), None);
        assert_eq!(next(Some(2), Some(100), 0, None, Some(1_000_000)), None);
        assert_eq!(next(Some(2), Some(100), 100, None, None), Some(3));
        assert_eq!(next(Some(2), Some(100), 99, None, None), None);
        assert_eq!(next(None, None, 35, None, None), Some(2));
        assert_eq!(next(None, Some(100), 35, Some(35), Some(36)), Some(2), "the server's limit");
        assert_eq!(next(Some(u32::MAX), None, 35, None, None), None);
        let huge = i64::from(u32::MAX);
        assert_eq!(next(Some(u32::MAX), None, 1, Some(huge), Some(i64::MAX)), None);
        assert_eq!(next(None, None, 35, Some(0), Some(i64::MAX)), Some(2));
        assert_eq!(next(None, None, 35, Some(0), Some(35)), None, "a limit of 0 is none");
    }
}
