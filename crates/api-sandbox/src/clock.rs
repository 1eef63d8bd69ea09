//! The clock that all servers share.

use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use crate::date::parse_date_time;
use crate::query::whole;

/// The last time that a clock can show, 9989-12-31T23:59:59Z, in Unix seconds. Dates have years of
/// four digits, and the certificate of a CA is valid for ten years.
pub(crate) const LAST: u64 = 253_086_767_999;

/// The times that a clock can show, for messages.
pub(crate) const RANGE: &str = "from 1970-01-01T00:00:00Z to 9989-12-31T23:59:59Z";

/// The clock that all servers share. It shows the system time, a fixed time, or a time that runs
/// from a given start. Tests can advance the clock. All clones of a clock show the same time. A
/// clock stops at the end of the year 9989, so that the dates in responses have years of four
/// digits.
///
/// ```
/// use std::time::Duration;
/// use api_sandbox::SandboxClock;
///
/// let clock = SandboxClock::at_unix(1_506_000_000);
/// clock.advance(Duration::from_secs(300));
/// assert_eq!(clock.unix(), 1_506_000_300);
/// ```
#[derive(Debug, Clone, Default)]
pub struct SandboxClock {
    base: Base,
    added: Arc<AtomicU64>,
}

/// The time that a clock would show if it had never been advanced.
#[derive(Debug, Clone, Copy, Default)]
enum Base {
    #[default]
    System,
    Fixed(u64),
    /// A running clock, which showed `first` at the system time `system`. Both are in Unix seconds.
    Started {
        first: u64,
        system: u64,
    },
}

impl SandboxClock {
    /// Creates a stopped clock, which shows the given time (in Unix seconds) until it is advanced.
    pub fn at_unix(seconds: u64) -> Self {
        Self { base: Base::Fixed(seconds), ..Self::default() }
    }

    /// Creates a running clock that starts at the given time (in Unix seconds).
    pub fn starting_at_unix(seconds: u64) -> Self {
        let system = Self::default().unix();
        Self { base: Base::Started { first: seconds, system }, ..Self::default() }
    }

    /// Returns the time that the clock shows, in Unix seconds.
    #[expect(clippy::disallowed_methods, reason = "the only place where the clock is read")]
    pub fn unix(&self) -> u64 {
        let real = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let from = match self.base {
            Base::System => real().as_secs(),
            Base::Fixed(seconds) => seconds,
            Base::Started { first, system } => {
                first.saturating_add(real().as_secs().saturating_sub(system))
            }
        };
        from.saturating_add(self.added.load(Ordering::Relaxed)).min(LAST)
    }

    /// Moves the clock and its clones forward by `by`, but not past the end of the year 9989.
    /// Fractions of a second are ignored.
    pub fn advance(&self, by: Duration) {
        let add = |added: u64| Some(added.saturating_add(by.as_secs()));
        // The function always returns a value, so the update succeeds.
        let _ = self.added.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

/// Parses the time at which a running clock starts: Unix seconds, a date and time in UTC
/// (`2026-11-29T12:00:00Z` or `2026-11-29 12:00:00`), or a date, which means midnight UTC. The time
/// must be from 1970-01-01T00:00:00Z to 9989-12-31T23:59:59Z.
impl FromStr for SandboxClock {
    type Err = io::Error;

    fn from_str(text: &str) -> io::Result<Self> {
        let date_time = || match text.strip_suffix('Z') {
            Some(date_time) => {
                let (date, time) = date_time.split_once('T')?;
                parse_date_time(&format!("{date} {time}"))
            }
            None if text.contains(' ') => parse_date_time(text),
            None => parse_date_time(&format!("{text} 00:00:00")),
        };
        let seconds = whole(text).or_else(date_time).filter(|seconds| *seconds <= LAST);
        seconds.map(Self::starting_at_unix).ok_or_else(|| {
            let why = format!(
                "is not a time {RANGE}; use Unix seconds or a time in UTC such as \
                 2026-11-29T12:00:00Z"
            );
            io::Error::new(io::ErrorKind::InvalidInput, why)
        })
    }
}

/// Blocks the thread for `duration`. Servers call it to delay a response.
#[expect(clippy::disallowed_methods, reason = "the only place that waits")]
pub(crate) fn wait(duration: Duration) {
    std::thread::sleep(duration);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_starts_at_a_time_and_runs() {
        let noon = 1_795_953_600;
        for text in ["1795953600", "2026-11-29T12:00:00Z", "2026-11-29 12:00:00"] {
            let clock: SandboxClock = text.parse().unwrap();
            assert!((noon..noon + 600).contains(&clock.unix()), "{text}: {}", clock.unix());
        }
        let midnight = "2026-11-29".parse::<SandboxClock>().unwrap().unix();
        assert!((noon - 43_200..noon - 42_600).contains(&midnight), "{midnight}");
        for (good, seconds) in [
            ("0", 0),
            ("1970-01-01", 0),
            ("9989-12-31", LAST - 86_399),
            ("9989-12-31T23:59:59Z", LAST),
            ("253086767999", LAST),
        ] {
            let clock: SandboxClock = good.parse().unwrap();
            assert!((seconds..=seconds + 600).contains(&clock.unix()), "{good}: {}", clock.unix());
        }
        for bad in [
            "253086768000",
            "9990-01-01",
            "9999-12-31T23:59:59Z",
            "10000-01-01",
            "18446744073709551615",
            "18446744073709551616",
            "1969-12-31T23:59:59Z",
            "0000-01-01",
            "-1",
            "-5",
        ] {
            let error = bad.parse::<SandboxClock>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("is not a time {RANGE}; ")), "{bad}: {error}");
        }
        for bad in [
            "",
            "noon",
            "+5",
            "007",
            "1e9",
            " 5",
            "2026-02-30",
            "2026-11-29T12:00",
            "2026-11-29T12:00:00",
            "2026-11-29 12:00:00Z",
            "2026-11-29Z",
            "2026-11-29T",
            "2026-11-29T12:00:00+02:00",
        ] {
            assert!(bad.parse::<SandboxClock>().is_err(), "{bad}");
        }
    }

    #[test]
    fn clock_stops_at_the_end_of_its_range() {
        let clock = SandboxClock::at_unix(LAST - 1);
        for _ in 0..2 {
            clock.advance(Duration::MAX);
            assert_eq!(clock.unix(), LAST);
        }
        assert_eq!(SandboxClock::at_unix(u64::MAX).unix(), LAST);
        assert_eq!(SandboxClock::starting_at_unix(u64::MAX).unix(), LAST);
    }

    #[test]
    fn running_clock_shows_the_time_since_its_start() {
        let system = SandboxClock::default().unix() - 50;
        let base = Base::Started { first: 1_000, system };
        let clock = SandboxClock { base, ..SandboxClock::default() };
        assert!((1_050..1_650).contains(&clock.unix()), "{}", clock.unix());
    }
}
