//! The time that the servers go by.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// The machine's time plus what a test adds. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct SandboxClock(Arc<AtomicU64>);

impl SandboxClock {
    /// Seconds since 1970-01-01 00:00 UTC.
    #[expect(clippy::disallowed_methods, reason = "this is the room where the clock is read")]
    pub fn unix(&self) -> u64 {
        let real = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        real.as_secs() + self.0.load(Ordering::Relaxed)
    }

    /// Moves the servers' time forward, in whole seconds.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_secs(), Ordering::Relaxed);
    }
}

/// Waits, for servers that are told to be slow.
#[expect(clippy::disallowed_methods, reason = "this is the room where waiting is done")]
pub(crate) fn wait(duration: Duration) {
    std::thread::sleep(duration);
}
