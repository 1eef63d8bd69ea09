//! The pace of a client: a maximum rate of requests, and pauses after responses with status 429.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// Limits the rate of a client's requests, and delays them after a response with status 429. All
/// threads share one instance.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// The minimum time between two requests. `None` if the rate is not limited.
    interval: Option<Duration>,
    /// Whether there may be a pause. If it is `false`, a client without a maximum rate does not
    /// need the lock.
    may_pause: AtomicBool,
    times: Mutex<Times>,
}

#[derive(Debug, Default)]
struct Times {
    /// The earliest time at which the maximum rate allows the next request.
    next: Option<SystemTime>,
    /// The end of the last pause that a response with status 429 caused.
    paused_until: Option<SystemTime>,
    /// The time that the clock returned last.
    last: Option<SystemTime>,
}

impl Times {
    /// If the clock was set back, moves the other times back by the same duration.
    fn follow(&mut self, now: SystemTime) {
        if let Some(last) = self.last.replace(now)
            && let Ok(back) = last.duration_since(now)
        {
            for time in [&mut self.next, &mut self.paused_until].into_iter().flatten() {
                *time = time.checked_sub(back).unwrap_or(now);
            }
        }
    }
}

impl Pace {
    /// Creates a pace with at most this number of requests per second, or without a limit for
    /// `None`.
    pub(crate) fn new(per_second: Option<u32>) -> Self {
        let interval = per_second.and_then(|rate| Duration::from_secs(1).checked_div(rate));
        Self { interval, ..Self::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves the earliest free slot for a request. Returns the duration of the wait and the time
    /// at which it ends, or `None` if the request can be sent immediately. Slots are evenly spaced.
    pub(crate) fn reserve(&self, now: impl Fn() -> SystemTime) -> Option<(Duration, SystemTime)> {
        if self.interval.is_none() && !self.may_pause.load(Ordering::Acquire) {
            return None;
        }
        let mut times = self.lock();
        let now = now();
        times.follow(now);
        let start = now.max(times.paused_until.unwrap_or(now));
        let start = match self.interval {
            Some(interval) => {
                let start = start.max(times.next.unwrap_or(start));
                times.next = start.checked_add(interval);
                start
            }
            None => {
                if start == now {
                    times.paused_until = None;
                    self.may_pause.store(false, Ordering::Release);
                }
                start
            }
        };
        let wait = start.duration_since(now).ok().filter(|wait| !wait.is_zero())?;
        Some((wait, start))
    }

    /// Delays all requests until `duration` has passed since `now`.
    pub(crate) fn pause(&self, now: SystemTime, duration: Duration) {
        let mut times = self.lock();
        times.follow(now);
        let end = now.checked_add(duration);
        times.paused_until = times.paused_until.max(end);
        self.may_pause.store(true, Ordering::Release);
    }

    /// Returns whether there is a pause at `time`, for example because it began while a request
    /// waited. The clock is not read, because the clock of a test does not always advance.
    pub(crate) fn is_paused_at(&self, time: SystemTime) -> bool {
        self.may_pause.load(Ordering::Acquire)
            && self.lock().paused_until.is_some_and(|end| end > time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000) + ms(milliseconds)
    }

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn wait(pace: &Pace, milliseconds: u64) -> Duration {
        let slot = pace.reserve(|| at(milliseconds));
        slot.map_or(Duration::ZERO, |(wait, time)| {
            assert_eq!(time, at(milliseconds) + wait);
            wait
        })
    }

    #[test]
    fn requests_are_spread_evenly() {
        let pace = Pace::new(Some(4));
        let waits = [0, 0, 100, 2000, 2100].map(|now| wait(&pace, now));
        assert_eq!(waits, [0, 250, 400, 0, 150].map(ms));
    }

    #[test]
    fn pause_holds_for_all_requests() {
        for rate in [None, Some(10)] {
            let pace = Pace::new(rate);
            assert_eq!(wait(&pace, 0), ms(0));
            pace.pause(at(0), ms(7000));
            pace.pause(at(0), ms(3000));
            assert_eq!(wait(&pace, 1000), ms(6000), "the longer pause");
            let spread = if rate.is_some() { 100 } else { 0 };
            assert_eq!(wait(&pace, 1000), ms(6000 + spread));
            assert!(pace.is_paused_at(at(6999)) && !pace.is_paused_at(at(7000)));
            assert_eq!(wait(&pace, 8000), ms(0));
        }
    }

    #[test]
    fn clock_that_is_set_back_does_not_prolong_the_wait() {
        let pace = Pace::new(Some(1));
        assert_eq!(wait(&pace, 100_000), ms(0));
        assert_eq!(wait(&pace, 10_000), ms(1000));
        pace.pause(at(10_000), ms(5000));
        assert_eq!(wait(&pace, 1000), ms(5000));
    }

    #[test]
    fn clock_is_not_read_without_limits_and_pauses() {
        let pace = Pace::new(None);
        assert_eq!(pace.reserve(|| panic!("read")), None);
        assert!(!pace.is_paused_at(at(0)));
    }
}
