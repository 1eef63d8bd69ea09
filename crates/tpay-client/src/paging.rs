//! Where a list ends.

/// The number of the next page, if there is one.
///
/// The pages are counted from 1. A page without entries is the last one, whatever the total says;
/// without a total, a page that is not full is.
pub(crate) fn next(
    page: Option<u32>,
    limit: Option<u32>,
    came: usize,
    told_limit: Option<i64>,
    total: Option<i64>,
) -> Option<u32> {
    let page = page.unwrap_or(1);
    let told = told_limit.filter(|limit| *limit > 0).and_then(|limit| u32::try_from(limit).ok());
    let limit = told.or(limit).unwrap_or(35);
    let more = match total {
        _ if came == 0 => false,
        Some(total) => i64::from(page).saturating_mul(i64::from(limit)) < total,
        None => u32::try_from(came).is_ok_and(|came| came >= limit),
    };
    page.checked_add(1).filter(|_| more)
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn the_total_tells_the_end_and_so_does_an_empty_page() {
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
    }
}
