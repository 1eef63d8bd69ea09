//! Dates and times in UTC and in Polish time, in the format `YYYY-MM-DD HH:MM:SS`.

/// The number of seconds in a day.
pub(crate) const DAY: u64 = 86_400;
/// The number of seconds in a year of 365 days.
pub(crate) const YEAR: u64 = 365 * DAY;

/// The number of seconds from 0000-03-01 to 1970-01-01. The calculations use years that begin in
/// March, so that a leap day is the last day of its year.
const BEFORE_1970: u64 = 719_468 * DAY;

/// Formats Unix seconds as `YYYY-MM-DD HH:MM:SS`, in UTC.
pub(crate) fn date_time(unix: u64) -> String {
    text(unix.saturating_add(BEFORE_1970))
}

/// Parses a date and time in UTC, in the format of [`date_time`], into Unix seconds. Returns `None`
/// for any other format, for dates that do not exist, and for times before 1970.
pub(crate) fn parse_date_time(text: &str) -> Option<u64> {
    seconds(text)?.checked_sub(BEFORE_1970)
}

/// Formats Unix seconds as `YYYY-MM-DD HH:MM:SS` in Polish time (Europe/Warsaw).
pub(crate) fn polish_date_time(unix: u64) -> String {
    date_time(unix.saturating_add(if is_polish_summer(unix) { 7_200 } else { 3_600 }))
}

/// Returns whether Poland has summer time, which is two hours ahead of UTC. Follows the rule of the
/// European Union since 1996, also for the years after 2037: summer time lasts from the last Sunday
/// of March to the last Sunday of October, and the clocks change at 01:00 UTC. The earlier rules
/// since 1970 are those of the tz database.
fn is_polish_summer(unix: u64) -> bool {
    let utc = date_time(unix);
    let year: u64 = utc.split('-').next().and_then(|year| year.parse().ok()).unwrap_or_default();
    let hour = if year < 1988 { "00" } else { "01" };
    // Returns the last Sunday on or before a date. 1970-01-01 was a Thursday, the fourth day after a
    // Sunday.
    let sunday = |date: &str| {
        let last = parse_date_time(&format!("{year}-{date} {hour}:00:00")).unwrap_or_default();
        last.saturating_sub((last / DAY + 4) % 7 * DAY)
    };
    let begin = match year {
        ..1977 => return false,
        1977..1981 => sunday("04-07"),
        _ => sunday("03-31"),
    };
    let end = match year {
        1978 => sunday("10-01"),
        ..1996 => sunday("09-30"),
        _ => sunday("10-31"),
    };
    (begin..end).contains(&unix)
}

/// Returns whether a string has the format of [`date_time`] and contains an existing date. Unlike
/// [`parse_date_time`], this function accepts years before 1970.
pub(crate) fn is_date_time(text: &str) -> bool {
    seconds(text).is_some()
}

/// Formats seconds since 0000-03-01 as `YYYY-MM-DD HH:MM:SS`.
fn text(seconds: u64) -> String {
    let (days, second) = (seconds / DAY, seconds % DAY);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day + 2) / 153;
    let (month, day) =
        (if shifted < 10 { shifted + 3 } else { shifted - 9 }, day - (153 * shifted + 2) / 5 + 1);
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// Parses a date and time, in the format of [`text`], into seconds since 0000-03-01. Returns `None`
/// for any other format, and for dates that do not exist.
fn seconds(date_time: &str) -> Option<u64> {
    let (day, time) = date_time.split_once(' ')?;
    let [year, month, day] = numbers(day, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    if !(1..=9999).contains(&year) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * shifted + 2) / 5 + day - 1;
    let seconds = days * DAY + hour * 3_600 + minute * 60 + second;
    // A date or time of day that does not exist has the seconds of another one.
    Some(seconds).filter(|seconds| text(*seconds) == date_time)
}

/// Parses the three numbers of a date or a time of day, such as `2026-11-29`. Returns `None` if
/// there are more or fewer than three parts, or if a part is not a number up to 65535.
fn numbers(text: &str, separator: char) -> Option<[u64; 3]> {
    let number = |part: &str| part.parse::<u16>().ok().map(u64::from);
    text.split(separator).map(number).collect::<Option<Vec<u64>>>()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_round_trip() {
        for (unix, text) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_400, "2000-02-29 00:00:00"),
            (1_506_000_000, "2017-09-21 13:20:00"),
            (1_795_310_418, "2026-11-22 01:20:18"),
            (253_402_300_799, "9999-12-31 23:59:59"),
        ] {
            assert_eq!(date_time(unix), text);
            assert_eq!(parse_date_time(text), Some(unix));
        }
    }

    #[test]
    fn polish_time_has_summer_time() {
        for (utc, polish) in [
            ("2024-06-04 19:39:46", "2024-06-04 21:39:46"),
            ("2026-01-01 12:00:00", "2026-01-01 13:00:00"),
            ("2026-03-29 00:59:59", "2026-03-29 01:59:59"),
            ("2026-03-29 01:00:00", "2026-03-29 03:00:00"),
            ("2026-10-25 00:59:59", "2026-10-25 02:59:59"),
            ("2026-10-25 01:00:00", "2026-10-25 02:00:00"),
            ("2024-03-31 01:00:00", "2024-03-31 03:00:00"),
            ("2021-10-31 01:00:00", "2021-10-31 02:00:00"),
            ("2026-12-31 23:30:00", "2027-01-01 00:30:00"),
            ("1970-01-01 00:00:00", "1970-01-01 01:00:00"),
            ("1976-07-01 12:00:00", "1976-07-01 13:00:00"),
            ("1977-04-02 23:59:59", "1977-04-03 00:59:59"),
            ("1977-04-03 00:00:00", "1977-04-03 02:00:00"),
            ("1978-09-30 23:59:59", "1978-10-01 01:59:59"),
            ("1978-10-01 00:00:00", "1978-10-01 01:00:00"),
            ("1980-04-06 00:00:00", "1980-04-06 02:00:00"),
            ("1987-03-29 00:00:00", "1987-03-29 02:00:00"),
            ("1988-03-27 00:59:59", "1988-03-27 01:59:59"),
            ("1988-03-27 01:00:00", "1988-03-27 03:00:00"),
            ("1995-09-24 00:59:59", "1995-09-24 02:59:59"),
            ("1995-09-24 01:00:00", "1995-09-24 02:00:00"),
            ("1996-10-27 00:59:59", "1996-10-27 02:59:59"),
            ("9989-12-31 23:59:59", "9990-01-01 00:59:59"),
        ] {
            assert_eq!(polish_date_time(parse_date_time(utc).unwrap()), polish, "{utc}");
        }
    }

    #[test]
    fn dates_can_pass_the_year_9999() {
        assert_eq!(polish_date_time(253_402_300_800), "10000-01-01 01:00:00");
        assert!(polish_date_time(u64::MAX).contains("-"));
    }

    #[test]
    fn dates_of_any_year_are_valid() {
        for text in ["1969-12-31 23:59:59", "1904-02-29 12:00:00", "0001-01-01 00:00:00"] {
            assert!(is_date_time(text), "{text}");
            assert_eq!(parse_date_time(text), None, "{text}");
        }
        assert!(!is_date_time("1900-02-29 00:00:00"));
    }

    #[test]
    fn invalid_dates_are_rejected() {
        for bad in [
            "",
            "1506003600",
            "2026-01-31",
            "2026-13-01 00:00:00",
            "2026-02-30 00:00:00",
            "2026-01-01T00:00:00",
            "2026-00-01 00:00:00",
            "2026-01-00 00:00:00",
            "2026-01-32 00:00:00",
            "2026-01-01 24:00:00",
            "2026-01-01 00:60:00",
            "2026-01-01 00:00:60",
            "2026-65535-65535 65535:65535:65535",
            "0000-01-01 00:00:00",
            "0000-03-00 00:00:00",
            "10000-01-01 00:00:00",
            "18446744073709551615-01-01 00:00:00",
            "2026-01-01 00:00:0x",
            "2026-1-1 0:0:0",
            "+2026-01-01 00:00:00",
        ] {
            assert_eq!(parse_date_time(bad), None, "{bad}");
            assert!(!is_date_time(bad), "{bad}");
        }
    }
}
