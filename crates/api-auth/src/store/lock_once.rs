//! Locks of a token store that delay each request at most once.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

/// The lock of a key in a token store, which is acquired before a token is requested. After a
/// failed attempt, the key is not locked again until a request has succeeded, so each request waits
/// for the lock at most once.
///
/// ```
/// use api_auth::LockOnce;
///
/// let lock = LockOnce::default();
/// assert!(lock.acquire(|| None).was_tried);
/// assert!(!lock.acquire(|| None).was_tried, "the last attempt failed");
/// lock.succeeded();
/// assert!(lock.acquire(|| Some(Box::new(()))).guard.is_some());
/// ```
#[derive(Debug, Default)]
pub struct LockOnce {
    is_skipped: AtomicBool,
}

/// The result of [`LockOnce::acquire`]: whether the lock was acquired.
///
/// See the example in [`LockOnce`].
#[derive(Default)]
#[must_use = "the lock is released when it is dropped"]
pub struct LockAttempt {
    /// Whether locking was attempted. Another client may have stored a token in the meantime.
    pub was_tried: bool,
    /// The lock, which is released on drop, or `None` if it was not acquired.
    pub guard: Option<Box<dyn Send>>,
}

impl fmt::Debug for LockAttempt {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockAttempt")
            .field("was_tried", &self.was_tried)
            .field("is_locked", &self.guard.is_some())
            .finish()
    }
}

impl LockOnce {
    /// Calls `lock`, which waits for the lock. Does nothing if the last attempt failed and no
    /// request has succeeded since then.
    #[inline]
    pub fn acquire(&self, lock: impl FnOnce() -> Option<Box<dyn Send>>) -> LockAttempt {
        if self.is_skipped.load(Ordering::Relaxed) {
            return LockAttempt::default();
        }
        let guard = lock();
        self.is_skipped.store(guard.is_none(), Ordering::Relaxed);
        LockAttempt { was_tried: true, guard }
    }

    /// Records that a request succeeded, so that the next attempt waits for the lock again.
    #[inline]
    pub fn succeeded(&self) {
        self.is_skipped.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_lock_is_not_retried_before_a_request_succeeds() {
        let lock = LockOnce::default();
        let attempt = |is_free: bool| {
            let attempt = lock.acquire(|| is_free.then(|| Box::new(()) as Box<dyn Send>));
            (attempt.was_tried, attempt.guard.is_some())
        };
        assert_eq!(attempt(true), (true, true));
        assert_eq!(attempt(false), (true, false));
        assert_eq!(attempt(true), (false, false));
        lock.succeeded();
        assert_eq!(attempt(true), (true, true));
        assert_eq!(attempt(true), (true, true));
    }
}
