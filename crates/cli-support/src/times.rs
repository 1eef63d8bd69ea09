//! Formats times in tables and CSV: in local time for a table on a terminal, otherwise in UTC.

use std::time::{Duration, SystemTime};

use api_auth::{Clock, SystemClock};
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

use crate::exit::{Exit, Failure};

/// The last second of the year 9999, in Unix seconds. Later times cannot be formatted.
const LAST: Duration = Duration::from_secs(253_402_300_799);

/// Returns the time `duration` from now.
///
/// # Errors
/// Returns an error if the time is after the year 9999.
pub fn after(duration: Duration) -> Result<SystemTime, Failure> {
    let time = SystemClock.now().checked_add(duration);
    let is_valid = |time: &SystemTime| {
        time.duration_since(SystemTime::UNIX_EPOCH).is_ok_and(|since| since <= LAST)
    };
    time.filter(is_valid).ok_or_else(|| Failure::new(Exit::Usage, "the duration is too long"))
}

/// The times in the responses of a provider: where they are, and how they are parsed.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// The paths of members that are times, such as `date.create`.
    pub paths: &'static [&'static str],
    /// The parser of a time. It returns Unix seconds, or `None` if the string is not a time.
    pub read: fn(&str) -> Option<i64>,
}

impl Times {
    /// The value for a provider whose responses contain no times.
    pub const NONE: Self = Self { paths: &[], read: |_| None };

    /// Converts a cell that contains a time to local time if `is_local` is set, otherwise to UTC.
    /// Any other cell is returned unchanged. `path` is the path of the value, or several paths
    /// separated by `|`.
    pub(crate) fn cell(&self, path: &str, cell: String, is_local: bool) -> String {
        if !path.split('|').any(|path| self.paths.contains(&path)) {
            return cell;
        }
        let time = (self.read)(&cell).and_then(|seconds| Timestamp::from_second(seconds).ok());
        match time {
            Some(time) if is_local => local(time),
            Some(time) => time.to_string(),
            None => cell,
        }
    }
}

/// Formats a time in the system's time zone, with its offset, such as `2026-11-30 02:15:00 +01:00`.
fn local(time: Timestamp) -> String {
    let offset = TimeZone::system().to_offset(time);
    let date = offset.to_datetime(time).to_string().replace('T', " ");
    let sign = if offset.is_negative() { '-' } else { '+' };
    let minutes = offset.seconds().unsigned_abs() / 60;
    format!("{date} {sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Parses a time and returns its Unix seconds. The text can be Unix seconds, a time in RFC 3339
/// format, or `YYYY-MM-DD HH:MM:SS` in UTC. Returns `None` for any other text, and for zero and
/// negative numbers, which mean that there is no time.
pub fn utc(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<i64>() {
        return (seconds > 0).then_some(seconds);
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_second());
    }
    // The offset would be ignored.
    if text.get(10..)?.contains(['+', '-']) {
        return None;
    }
    let time: civil::DateTime = text.parse().ok()?;
    // A `Timestamp` ends on 9999-12-30.
    Some(time.duration_since(civil::date(1970, 1, 1).at(0, 0, 0, 0)).as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for text in ["1795314514", "2026-11-22 02:28:34", "2026-11-22T02:28:34Z"] {
            assert_eq!(utc(text), Some(1_795_314_514), "{text}");
        }
        assert_eq!(utc("9999-12-31 00:00:00"), Some(253_402_214_400));
        for text in ["", "0", "-1", "never", "12:00", "9999-12-31T12:00:00+02:00"] {
            assert_eq!(utc(text), None, "{text}");
        }
    }

    #[test]
    fn durations_end_with_the_year_9999() {
        assert!(after(Duration::from_secs(7000 * 365 * 86400)).is_ok());
        for days in [3_000_000, 99_999_999_999] {
            let error = after(Duration::from_secs(days * 86400)).unwrap_err();
            assert_eq!(error.message(), "the duration is too long");
        }
    }

    #[test]
    fn only_times_are_changed() {
        let times = Times { paths: &["date.create"], read: utc };
        let cell = |path, text: &str| times.cell(path, text.to_owned(), false);
        assert_eq!(cell("date.create", "2026-11-22 02:28:34"), "2026-11-22T02:28:34Z");
        assert_eq!(cell("date.create", "soon"), "soon");
        assert_eq!(cell("id", "1795314514"), "1795314514");
        let local = times.cell("date.create", "1795314514".to_owned(), true);
        assert!(local.starts_with("2026-11-2") && local.len() == 26, "{local}");
    }
}
