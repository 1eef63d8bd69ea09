//! Times in Unix seconds.

use std::fmt::{self, Display};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, Serialize};

use crate::error::input::InputError;
use crate::models::amount::integer;
use crate::scalar::empty_value;

/// A time in seconds since 1970-01-01 00:00 UTC.
///
/// It is displayed in RFC 3339 format, and serialized as a number of seconds. It is created from
/// seconds or from a `SystemTime`. With the feature `jiff-1`, it can be converted to and from
/// `jiff::Timestamp`.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use api_auth::UnixTime;
///
/// let time = UnixTime::from(SystemTime::UNIX_EPOCH + Duration::from_secs(90));
/// assert_eq!(time.seconds(), 90);
/// assert_eq!(time.to_string(), "1970-01-01T00:01:30Z");
/// assert!(time < UnixTime::from_seconds(91));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct UnixTime(i64);

impl UnixTime {
    /// Creates a time from the seconds since 1970-01-01 00:00 UTC.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Returns the seconds since 1970-01-01 00:00 UTC.
    pub const fn seconds(self) -> i64 {
        self.0
    }
}

impl Display for UnixTime {
    /// Formats the time in UTC in RFC 3339 format, such as `2026-12-29T01:10:42Z`. A year before 0
    /// or after 9999 has a sign and more than four digits, as in ISO 8601.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAY: i64 = 86_400;
        /// The number of days in 400 years of the Gregorian calendar.
        const ERA: i64 = 146_097;
        // Years start in March, so that the leap day is the last day of a year.
        let days = self.0.div_euclid(DAY) + 719_468;
        let (era, day) = (days.div_euclid(ERA), days.rem_euclid(ERA));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        let year = era * 400 + year + next;
        let second = self.0.rem_euclid(DAY);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        match year {
            0..=9999 => write!(f, "{year:04}")?,
            year => write!(f, "{year:+06}")?,
        }
        write!(f, "-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl From<SystemTime> for UnixTime {
    /// Converts the time and drops fractions of a second.
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

    /// Converts the time exactly.
    ///
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_displayed_as_in_rfc_3339() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (1_798_506_642, "2026-12-29T01:10:42Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (2_147_483_648, "2038-01-19T03:14:08Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (253_402_300_800, "+10000-01-01T00:00:00Z"),
            (-62_167_219_200, "0000-01-01T00:00:00Z"),
            (-62_167_219_201, "-00001-12-31T23:59:59Z"),
            (i64::MAX, "+292277026596-12-04T15:30:07Z"),
            (i64::MIN, "-292277022657-01-27T08:29:52Z"),
        ] {
            assert_eq!(UnixTime::from_seconds(seconds).to_string(), text);
        }
    }

    #[test]
    fn times_round_trip_through_the_time_of_std() {
        let epoch = SystemTime::UNIX_EPOCH;
        for seconds in [0, 1, 1_399_568_000] {
            let (later, earlier) = (UnixTime(seconds), UnixTime(-seconds));
            let distance = Duration::from_secs(seconds.unsigned_abs());
            assert_eq!(SystemTime::try_from(later).unwrap(), epoch + distance);
            assert_eq!(SystemTime::try_from(earlier).unwrap(), epoch - distance);
            let fraction = distance + Duration::from_millis(500);
            assert_eq!(UnixTime::from(epoch + fraction), later);
            assert_eq!(UnixTime::from(epoch - fraction), earlier);
        }
    }

    #[test]
    fn time_is_serialized_as_seconds() {
        let time = UnixTime::from_seconds(1_798_506_642);
        assert_eq!(serde_json::to_string(&time).unwrap(), "1798506642");
        assert_eq!(serde_json::from_str::<UnixTime>("\"1798506642\"").unwrap(), time);
    }

    /// Every day of 1,200 years follows the one before it in the calendar.
    #[test]
    fn days_follow_each_other() {
        let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let (mut year, mut month, mut day) = (1600, 1, 1);
        let mut seconds = -11_676_096_000;
        while year < 2800 {
            let text = UnixTime::from_seconds(seconds).to_string();
            assert_eq!(text, format!("{year:04}-{month:02}-{day:02}T00:00:00Z"));
            let length = match month {
                2 => 28 + i64::from(is_leap(year)),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > length {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
            seconds += 86_400;
        }
    }
}
