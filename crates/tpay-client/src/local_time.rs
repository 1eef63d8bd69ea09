//! Dates and times in Polish local time, which the provider uses in requests and responses.

use std::fmt;
use std::time::SystemTime;

use api_auth::UnixTime;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// A date and time in Polish local time (Europe/Warsaw), in the provider's format:
/// `YYYY-MM-DD HH:MM:SS`.
///
/// A string is stored and sent unchanged. A [`UnixTime`] or a [`SystemTime`] is converted to Polish
/// local time, and with the feature `jiff-1`, so is a `jiff::Timestamp` via [`UnixTime`]. The
/// conversion applies the European Union's rule for summer time, so it is exact for times since
/// 1996.
///
/// ```
/// use std::time::Duration;
/// use tpay_client::UnixTime;
/// use tpay_client::common::LocalTime;
/// use tpay_client::transactions::ListTransactions;
///
/// let noon = UnixTime::from_seconds(1_795_258_800); // 2026-11-21 11:00:00 UTC
/// let local = LocalTime::from(noon);
/// assert_eq!(local.as_str(), "2026-11-21 12:00:00");
/// assert_eq!(local.unix_time(), Some(noon));
///
/// # let now = std::time::UNIX_EPOCH + Duration::from_secs(1_795_258_800);
/// let last_week = ListTransactions::new().from(now - Duration::from_secs(7 * 24 * 3600));
/// ```
///
/// Source: an example in the provider's documentation. In it, the creation time of a transaction in
/// summer is two hours ahead of the UTC time in the ULID of the transaction. The time zone itself
/// is not documented.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LocalTime(String);

impl LocalTime {
    /// Returns the string that is sent, such as `2026-11-21 12:00:00`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Converts the date and time to Unix time. Fractions of a second are dropped. A date without a
    /// time is interpreted as midnight.
    ///
    /// Returns `None` if the string is not a date, or if the time is skipped in spring, when the
    /// clocks go forward. For a time that occurs twice in autumn, returns the first occurrence.
    pub fn unix_time(&self) -> Option<UnixTime> {
        let local = parse(self.0.trim())?;
        let is_offset = |offset: &i64| utc_offset(local - offset) == *offset;
        let offset = [2 * HOUR, HOUR].into_iter().find(is_offset)?;
        Some(UnixTime::from_seconds(local - offset))
    }
}

/// Converts a date and time in a response to Unix time. Returns `None` if the string is absent or
/// [`LocalTime::unix_time`] cannot convert it.
pub(crate) fn unix_time(text: Option<&str>) -> Option<UnixTime> {
    LocalTime::from(text?).unix_time()
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for LocalTime {
    /// Stores the string unchanged.
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for LocalTime {
    /// Stores the string unchanged.
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&String> for LocalTime {
    /// Stores the string unchanged.
    fn from(text: &String) -> Self {
        Self(text.clone())
    }
}

impl From<UnixTime> for LocalTime {
    fn from(time: UnixTime) -> Self {
        let unix = time.seconds();
        let local = unix.saturating_add(utc_offset(unix));
        let (year, month, day) = date_of(local.div_euclid(DAY));
        let second = local.rem_euclid(DAY);
        let (hour, minute, second) = (second / HOUR, second / 60 % 60, second % 60);
        Self(format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"))
    }
}

impl From<SystemTime> for LocalTime {
    /// Converts the time to Polish local time. Fractions of a second are dropped.
    fn from(time: SystemTime) -> Self {
        UnixTime::from(time).into()
    }
}

/// Returns the number of seconds by which Polish time is ahead of UTC: two hours from the last
/// Sunday of March to the last Sunday of October (both at 01:00 UTC), and one hour otherwise.
fn utc_offset(unix: i64) -> i64 {
    let (year, ..) = date_of(unix.div_euclid(DAY));
    // Both months have 31 days, and 1970-01-04 was a Sunday.
    let last_sunday = |month| {
        let last = days_until(year, month, 31);
        (last - (last + 4).rem_euclid(7)) * DAY + HOUR
    };
    let is_summer = unix >= last_sunday(3) && unix < last_sunday(10);
    if is_summer { 2 * HOUR } else { HOUR }
}

/// Returns the number of days from 1970-01-01 to a date. The calculation uses years that begin in
/// March, so that the leap day is the last day of a year.
fn days_until(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let from_march = (month + 9) % 12;
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leap_days + day_of_year - 719_468
}

/// Returns the year, month and day of the date that is `days` days after 1970-01-01.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(719_468);
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    (era * 400 + year + i64::from(month <= 2), month, day)
}

/// Parses a date, with or without a time. Returns the number of seconds since 1970-01-01 00:00
/// local time, or `None` if the string is not a date or the date does not exist.
fn parse(text: &str) -> Option<i64> {
    let (date, time) = match text.split_once([' ', 'T']) {
        Some((date, time)) => (date, time),
        None => (text, "00:00:00"),
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let is_time = hour < 24 && minute < 60 && second < 60 && is_number(fraction);
    let days = days_until(year, month, day);
    // A day or month that does not exist would result in a different date.
    let is_date = (1..=12).contains(&month) && date_of(days) == (year, month, day);
    (is_date && is_time).then_some(days * DAY + hour * HOUR + minute * 60 + second)
}

/// Parses the three numbers of a date or a time, each with the given number of digits.
fn numbers(text: &str, separator: char, digits: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let mut next = |digits| {
        let part = parts.next().filter(|part| part.len() == digits && is_number(part))?;
        part.parse::<i64>().ok()
    };
    let [first, second, third] = digits;
    let numbers = [next(first)?, next(second)?, next(third)?];
    parts.next().is_none().then_some(numbers)
}

/// Returns whether a date, with or without a time, exists in the calendar.
pub(crate) fn is_date(text: &str) -> bool {
    parse(text).is_some()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(unix: i64) -> String {
        LocalTime::from(UnixTime::from_seconds(unix)).to_string()
    }

    fn unix(text: &str) -> Option<i64> {
        LocalTime::from(text).unix_time().map(UnixTime::seconds)
    }

    #[test]
    fn times_convert_to_polish_time_and_back() {
        for (seconds, text) in [
            (0, "1970-01-01 01:00:00"),
            // The sample of the documentation: the ULID has 19:39:46 UTC.
            (1_717_529_986, "2024-06-04 21:39:46"),
            (1_774_745_999, "2026-03-29 01:59:59"),
            (1_774_746_000, "2026-03-29 03:00:00"),
            (1_792_889_999, "2026-10-25 02:59:59"),
            (1_798_759_800, "2027-01-01 00:30:00"),
            (951_778_800, "2000-02-29 00:00:00"),
            (951_865_200, "2000-03-01 00:00:00"),
            (4_107_538_800, "2100-03-01 00:00:00"),
            (253_402_297_199, "9999-12-31 23:59:59"),
        ] {
            assert_eq!(local(seconds), text);
            assert_eq!(unix(text), Some(seconds), "{text}");
        }
        assert_eq!(LocalTime::from(SystemTime::UNIX_EPOCH).as_str(), "1970-01-01 01:00:00");
    }

    #[test]
    fn skipped_time_is_none_and_repeated_time_is_the_first() {
        assert_eq!(unix("2026-03-29 02:30:00"), None);
        assert_eq!(local(1_792_890_000), "2026-10-25 02:00:00");
        assert_eq!(local(1_792_890_000 - HOUR), "2026-10-25 02:00:00");
        assert_eq!(unix("2026-10-25 02:00:00"), Some(1_792_890_000 - HOUR));
    }

    #[test]
    fn all_formats_of_the_provider_are_parsed() {
        let midnight = unix("2026-11-22 00:00:00");
        assert!(midnight.is_some());
        for same in ["2026-11-22", "2026-11-22 00:00:00.000000", " 2026-11-22T00:00:00 "] {
            assert_eq!(unix(same), midnight, "{same}");
        }
        for other in [
            "",
            "0000-00-00 00:00:00",
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-11-31 00:00:00",
            "2026-11-22 24:00:00",
            "2026-11-22 00:60:00",
            "2026-11-22 00:00:60",
            "2026-11-22 00:00:00.",
            "2026-11-22 00:00:00.x",
            "2026-11-22 00:00",
            "2026-11-22T00:00:00Z",
            "2026-11-22T00:00:00+01:00",
            "26-11-22",
            "+026-11-22",
            "1795305600",
            "2026-11-22-01",
        ] {
            assert_eq!(unix(other), None, "{other:?}");
        }
    }

    #[test]
    fn extreme_times_do_not_panic() {
        for seconds in [i64::MIN, i64::MIN + DAY, -1, i64::MAX - DAY, i64::MAX] {
            assert!(!local(seconds).is_empty());
        }
        assert_eq!(local(-1), "1970-01-01 00:59:59");
    }
}
