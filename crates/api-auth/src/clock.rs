//! The clock of a client: current time and sleeping.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// The clock that a client uses for the current time and for sleeping. The client crates use no
/// other clock.
///
/// See the example in [`ManualClock`](crate::ManualClock).
pub trait Clock: Send + Sync {
    /// Returns the current time.
    fn now(&self) -> SystemTime;
    /// Sleeps for `duration`. A client calls this method before it retries a request, for example.
    fn sleep(&self, duration: Duration);
    /// Sleeps for `duration`, or until `interrupt` is set. The default implementation calls
    /// [`sleep`](Clock::sleep), which does not end early.
    fn sleep_or_interrupt(&self, duration: Duration, interrupt: &Interrupt) {
        if !interrupt.is_set() {
            self.sleep(duration);
        }
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> SystemTime {
        (**self).now()
    }

    fn sleep(&self, duration: Duration) {
        (**self).sleep(duration);
    }

    fn sleep_or_interrupt(&self, duration: Duration, interrupt: &Interrupt) {
        (**self).sleep_or_interrupt(duration, interrupt);
    }
}

/// A signal that wakes waiting threads whose responses are no longer needed. Clones share
/// one signal.
///
/// ```
/// use std::time::Duration;
/// use api_auth::{Clock, Interrupt, SystemClock};
///
/// let interrupt = Interrupt::default();
/// interrupt.set();
/// SystemClock.sleep_or_interrupt(Duration::from_secs(3600), &interrupt); // Returns at once.
/// ```
#[derive(Clone, Default)]
pub struct Interrupt(Arc<(Mutex<Signal>, Condvar)>);

#[derive(Default)]
struct Signal {
    is_set: bool,
    /// The functions that are called when the signal is set.
    when_set: Vec<Box<dyn FnOnce() + Send>>,
}

impl Interrupt {
    fn lock(&self) -> MutexGuard<'_, Signal> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the signal. It cannot be reset.
    pub fn set(&self) {
        let mut signal = self.lock();
        signal.is_set = true;
        let when_set = std::mem::take(&mut signal.when_set);
        drop(signal);
        self.0.1.notify_all();
        when_set.into_iter().for_each(|call| call());
    }

    /// Returns whether the signal is set.
    pub fn is_set(&self) -> bool {
        self.lock().is_set
    }

    /// Waits for the signal, but no longer than `duration`.
    pub fn wait(&self, duration: Duration) {
        let signal = self.lock();
        drop(self.0.1.wait_timeout_while(signal, duration, |signal| !signal.is_set));
    }

    /// Calls `wake` when the signal is set. `wake` must wake the threads that wait for something
    /// else than this signal, so that they test it.
    pub(crate) fn when_set(&self, wake: impl FnOnce() + Send + 'static) {
        let mut signal = self.lock();
        if !signal.is_set {
            signal.when_set.push(Box::new(wake));
        }
    }
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Interrupt").field(&self.is_set()).finish()
    }
}

/// The system clock, which is the default of every client.
///
/// See the example in [`ManualClock`](crate::ManualClock).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the only function that reads the clock")]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    #[expect(clippy::disallowed_methods, reason = "the only function that sleeps")]
    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }

    fn sleep_or_interrupt(&self, duration: Duration, interrupt: &Interrupt) {
        interrupt.wait(duration);
    }
}

/// A clock for tests. Its time changes only when a test advances it, or when a client sleeps.
/// Sleeping returns immediately.
///
/// Clones share one time, so a test can keep one clone and pass another to the client.
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
    /// Creates a clock whose time is `seconds` after 1970-01-01 00:00 UTC.
    pub fn at_unix(seconds: u64) -> Self {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        Self(Arc::new(Mutex::new((time, Vec::new()))))
    }

    /// Advances the time by `duration`.
    pub fn advance(&self, duration: Duration) {
        self.with(|state| state.0 += duration);
    }

    /// Returns the durations of all sleeps, one entry for each call to [`Clock::sleep`].
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
