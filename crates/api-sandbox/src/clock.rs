//! The clock that all servers share.

use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use crate::date::parse_date_time;

/// The first second of the year 10000, in Unix seconds.
const YEAR_10000: u64 = 253_402_300_800;

/// The clock that all servers share. It shows the system time, a fixed time, or a time that runs
/// from a given start. Tests can advance the clock. All clones of a clock show the same time.
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
        from.saturating_add(self.added.load(Ordering::Relaxed))
    }

    /// Moves the clock and its clones forward by `by`. Fractions of a second are ignored.
    pub fn advance(&self, by: Duration) {
        self.added.fetch_add(by.as_secs(), Ordering::Relaxed);
    }
}

/// Parses the time at which a running clock starts: Unix seconds, a date and time in UTC
/// (`2026-11-29T12:00:00Z` or `2026-11-29 12:00:00`), or a date, which means midnight UTC. The year
/// must be before 10000.
impl FromStr for SandboxClock {
    type Err = io::Error;

    fn from_str(text: &str) -> io::Result<Self> {
        let seconds = text.parse().ok().or_else(|| {
            let date_time = text.strip_suffix('Z').unwrap_or(text).replacen('T', " ", 1);
            let is_date = !date_time.contains(' ');
            parse_date_time(&if is_date { date_time + " 00:00:00" } else { date_time })
        });
        // The dates of the providers have years of four digits.
        let seconds = seconds.filter(|seconds| *seconds < YEAR_10000);
        seconds.map(Self::starting_at_unix).ok_or_else(|| {
            let why = "is not a time before the year 10000; use Unix seconds or a time in UTC such \
                       as 2026-11-29T12:00:00Z";
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
        assert!("9999-12-31".parse::<SandboxClock>().is_ok());
        for bad in ["10000-01-01", "253402300800", "18446744073709551615"] {
            assert!(bad.parse::<SandboxClock>().is_err(), "{bad}");
        }
        for bad in ["", "noon", "2026-02-30", "2026-11-29T12:00", "-5", "2026-11-29T12:00:00+02:00"]
        {
            assert!(bad.parse::<SandboxClock>().is_err(), "{bad}");
        }
    }

    #[test]
    fn running_clock_shows_the_time_since_its_start() {
        let system = SandboxClock::default().unix() - 50;
        let base = Base::Started { first: 1_000, system };
        let clock = SandboxClock { base, ..SandboxClock::default() };
        assert!((1_050..1_650).contains(&clock.unix()), "{}", clock.unix());
    }
}
