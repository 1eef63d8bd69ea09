//! Where the time comes from, and how waiting is done.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// The time and the waiting of a client. Nothing else in these crates reads a clock or sleeps.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> SystemTime;
    /// Waits for `duration` (between two tries of a call).
    fn sleep(&self, duration: Duration);
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> SystemTime {
        (**self).now()
    }

    fn sleep(&self, duration: Duration) {
        (**self).sleep(duration);
    }
}

/// The machine's own clock: the default of every client.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the room where the clock is read")]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the room where waiting is done")]
    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// A clock that stands still until a test moves it. Sleeping moves it and takes no time.
///
/// Clones share one time, so a test keeps one half and gives the other to the client.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use api_auth::{Clock, ManualClock};
///
/// let clock = ManualClock::at_unix(1_400_000_000);
/// clock.sleep(Duration::from_secs(2));
/// clock.advance(Duration::from_secs(3));
/// assert_eq!(clock.now(), SystemTime::UNIX_EPOCH + Duration::from_secs(1_400_000_005));
/// assert_eq!(clock.slept(), [Duration::from_secs(2)]);
/// ```
#[derive(Clone)]
pub struct ManualClock(Arc<Mutex<(SystemTime, Vec<Duration>)>>);

impl ManualClock {
    /// A clock that shows this many seconds since 1970-01-01 00:00 UTC.
    pub fn at_unix(seconds: u64) -> Self {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        Self(Arc::new(Mutex::new((time, Vec::new()))))
    }

    /// Moves the time forward.
    pub fn advance(&self, duration: Duration) {
        self.with(|state| state.0 += duration);
    }

    /// How long was slept, one entry a call of [`Clock::sleep`].
    pub fn slept(&self) -> Vec<Duration> {
        self.with(|state| state.1.clone())
    }

    fn with<T>(&self, act: impl FnOnce(&mut (SystemTime, Vec<Duration>)) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        self.with(|state| state.0)
    }

    fn sleep(&self, duration: Duration) {
        self.with(|state| {
            state.0 += duration;
            state.1.push(duration);
        });
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ManualClock").field(&self.now()).finish()
    }
}
