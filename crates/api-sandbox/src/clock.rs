//! The clock of the servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// The clock of the servers: the system time or a fixed time, which a test may advance. Clones
/// share it.
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
    fixed: Option<u64>,
    added: Arc<AtomicU64>,
}

impl SandboxClock {
    /// Creates a clock that shows this time, in Unix seconds, until it is advanced.
    pub fn at_unix(seconds: u64) -> Self {
        Self { fixed: Some(seconds), ..Self::default() }
    }

    /// Returns the time in Unix seconds.
    #[expect(clippy::disallowed_methods, reason = "this is the room where the clock is read")]
    pub fn unix(&self) -> u64 {
        let real = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let from = self.fixed.unwrap_or_else(|| real().as_secs());
        from + self.added.load(Ordering::Relaxed)
    }

    /// Moves the clock forward, in whole seconds.
    pub fn advance(&self, by: Duration) {
        self.added.fetch_add(by.as_secs(), Ordering::Relaxed);
    }
}

/// Waits, for servers that are told to be slow.
#[expect(clippy::disallowed_methods, reason = "this is the room where waiting is done")]
pub(crate) fn wait(duration: Duration) {
    std::thread::sleep(duration);
}
