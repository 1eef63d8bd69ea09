//! Times in Unix seconds.

use std::fmt::{self, Display};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, Serialize};

use crate::error::input::InputError;
use crate::models::amount::integer;
use crate::scalar::empty_value;

/// A time in seconds since 1970-01-01 00:00 UTC.
///
/// With the feature `jiff` it converts to and from `jiff::Timestamp`.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use api_auth::UnixTime;
///
/// let time = UnixTime::from(SystemTime::UNIX_EPOCH + Duration::from_secs(90));
/// assert_eq!(time.seconds(), 90);
/// assert!(time < UnixTime::from_seconds(91));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct UnixTime(i64);

impl UnixTime {
    /// Creates a time from its seconds.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Returns the seconds.
    pub const fn seconds(self) -> i64 {
        self.0
    }
}

impl Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<SystemTime> for UnixTime {
    /// Converts the time without fractions of a second.
    fn from(time: SystemTime) -> Self {
        let whole = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => Self(whole(after)),
            Err(before) => Self(-whole(before.duration())),
        }
    }
}

impl TryFrom<UnixTime> for SystemTime {
    type Error = InputError;

    /// # Errors
    /// Returns an error for a time that the system cannot represent.
    fn try_from(time: UnixTime) -> Result<Self, Self::Error> {
        let distance = Duration::from_secs(time.0.unsigned_abs());
        if time.0 < 0 {
            Self::UNIX_EPOCH.checked_sub(distance)
        } else {
            Self::UNIX_EPOCH.checked_add(distance)
        }
        .ok_or_else(|| InputError::new("time", "is out of range"))
    }
}

impl<'de> Deserialize<'de> for UnixTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        integer(deserializer)?.map(Self).ok_or_else(|| empty_value(&"Unix seconds"))
    }
}
