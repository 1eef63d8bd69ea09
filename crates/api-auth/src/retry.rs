//! Pure functions that decide whether a failed attempt is followed by another one, and that parse
//! `Retry-After`.

use std::time::{Duration, SystemTime};

use http::StatusCode;

use crate::transport::{Sent, TransportErrorKind};

/// The rules for retries: their number, their delays, and the statuses after which a request is
/// retried.
///
/// See the example in [`decide`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The maximum number of retries after the first attempt.
    pub retries: u32,
    /// The average delay before the first retry. It doubles with each further retry.
    pub base: Duration,
    /// The maximum delay. If `Retry-After` is longer, the error is returned with
    /// [`Error::retry_after`](crate::Error::retry_after) instead.
    pub longest: Duration,
    /// The statuses that indicate a temporary failure, after which a request is retried.
    pub statuses: &'static [u16],
}

impl Default for RetryPolicy {
    /// Returns the default policy: two retries for 429, 502, 503 and 504, after about 0.25 s and
    /// 0.5 s, with a maximum delay of 30 s.
    fn default() -> Self {
        Self {
            retries: 2,
            base: Duration::from_millis(250),
            longest: Duration::from_secs(30),
            statuses: &[429, 502, 503, 504],
        }
    }
}

/// The attempt that failed, as an argument of [`decide`].
///
/// See the example in [`decide`].
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    /// The number of the attempt, counted from 1.
    pub number: u32,
    /// Whether the request is idempotent, that is, safe to retry.
    pub idempotent: bool,
}

/// The failure of an attempt, as an argument of [`decide`].
///
/// See the example in [`decide`].
#[derive(Debug, Clone, Copy)]
pub enum Outcome {
    /// The server sent an error response.
    Status {
        /// The status of the response.
        status: StatusCode,
        /// The delay from the `Retry-After` header. `None` if the header is absent, and
        /// `Duration::MAX` if it cannot be parsed, so that the request is not retried too early.
        retry_after: Option<Duration>,
    },
    /// There is no complete response.
    Transport {
        /// Whether the request may have arrived.
        sent: Sent,
        /// The kind of the failure.
        kind: TransportErrorKind,
    },
}

/// The result of [`decide`]: whether a request is retried, and after which delay.
///
/// See the example in [`decide`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The request is not retried, for this reason. The error is returned.
    Stop(Reason),
    /// The request is retried after this delay.
    Wait(Duration),
}

/// The reason why a request is not retried.
///
/// See the example in [`decide`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// A retry would have the same result.
    Final,
    /// The request is not idempotent and may have been carried out.
    NotIdempotent,
    /// The maximum number of retries has been reached.
    Exhausted,
    /// `Retry-After` is longer than the policy allows.
    TooLong,
}

/// Decides whether and when to retry. `jitter` is a random number between 0 and 1. It varies the
/// delay, so that many clients do not retry at the same time.
///
/// A request that may have arrived is retried only if it is idempotent, regardless of the failure.
///
/// ```
/// use api_auth::{Attempt, Decision, Outcome, Reason, RetryPolicy, StatusCode, decide};
///
/// let policy = RetryPolicy::default();
/// let status = StatusCode::SERVICE_UNAVAILABLE;
/// let outcome = Outcome::Status { status, retry_after: None };
///
/// let read = Attempt { number: 1, idempotent: true };
/// assert_eq!(decide(&policy, read, outcome, 0.5), Decision::Wait(policy.base));
/// let write = Attempt { number: 1, idempotent: false };
/// assert_eq!(decide(&policy, write, outcome, 0.5), Decision::Stop(Reason::NotIdempotent));
/// ```
pub fn decide(policy: &RetryPolicy, attempt: Attempt, outcome: Outcome, jitter: f64) -> Decision {
    let (is_temporary, is_unsent, requested) = match outcome {
        Outcome::Status { status, retry_after } => {
            (policy.statuses.contains(&status.as_u16()), false, retry_after)
        }
        Outcome::Transport { sent, kind } => {
            let is_temporary = !matches!(
                kind,
                TransportErrorKind::Tls
                    | TransportErrorKind::TooLarge
                    | TransportErrorKind::Refused
                    | TransportErrorKind::Canceled
            );
            (is_temporary, sent == Sent::No, None)
        }
    };
    if !is_temporary {
        return Decision::Stop(Reason::Final);
    }
    if !attempt.idempotent && !is_unsent {
        return Decision::Stop(Reason::NotIdempotent);
    }
    if attempt.number > policy.retries {
        return Decision::Stop(Reason::Exhausted);
    }
    match requested {
        Some(requested) if requested > policy.longest => Decision::Stop(Reason::TooLong),
        Some(requested) => Decision::Wait(requested),
        None => {
            let doubled = policy.base.saturating_mul(1 << attempt.number.saturating_sub(1).min(20));
            let spread = 0.5 + if jitter.is_nan() { 0.5 } else { jitter.clamp(0.0, 1.0) };
            let wait = doubled.min(policy.longest).as_secs_f64() * spread;
            let wait = Duration::try_from_secs_f64(wait).unwrap_or(policy.longest);
            Decision::Wait(wait.min(policy.longest))
        }
    }
}

/// Parses a `Retry-After` header: seconds, or a date in one of the three formats of HTTP (RFC 9110,
/// section 5.6.7), relative to `now`. A number of seconds that is too large counts as `u64::MAX`.
/// Returns `None` for any other value.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_770);
/// let after = api_auth::retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now);
/// assert_eq!(after, Some(Duration::from_secs(7)));
/// ```
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(u64::MAX));
    }
    let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(http_date(value)?))?;
    Some(at.duration_since(now).unwrap_or_default())
}

/// Returns the seconds since 1970 of a date in one of the formats of HTTP. The client crates parse
/// no other dates, so this function makes a dependency unnecessary.
///
/// | format | example |
/// |---|---|
/// | IMF-fixdate | `Sun, 06 Nov 1994 08:49:37 GMT` |
/// | RFC 850 | `Sunday, 06-Nov-94 08:49:37 GMT` |
/// | asctime | `Sun Nov  6 08:49:37 1994` |
fn http_date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let ([day, month_name, year, time], is_short) = match text.split_once(", ") {
        Some((_weekday, rest)) => {
            let (date, time) = rest.strip_suffix(" GMT")?.rsplit_once(' ')?;
            let has_hyphens = date.contains('-');
            let mut parts = date.splitn(3, if has_hyphens { '-' } else { ' ' });
            let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
            ([day, month, year, time], has_hyphens && year.len() == 2)
        }
        None => {
            let mut words = text.split_ascii_whitespace().skip(1);
            let (month, day) = (words.next()?, words.next()?);
            let (time, year) = (words.next()?, words.next().filter(|_| words.next().is_none())?);
            ([day, month, year, time], false)
        }
    };
    let day: u64 = number(day).filter(|day| (1..=31).contains(day))?;
    let month = MONTHS.iter().position(|name| *name == month_name)?;
    let year = match number(year)? {
        // The years of RFC 850 have two digits.
        short @ 0..70 if is_short => 2000 + short,
        short @ 70..100 if is_short => 1900 + short,
        long => Some(long).filter(|year| (1970..=9999).contains(year))?,
    };
    let mut clock = time.splitn(3, ':').map(number);
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Years start in March, so that the leap day is the last day of a year.
    let month = u64::try_from(month).ok()? + 1;
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
    Some((days - 719_468) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Parses a number without a sign.
fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|_| !text.starts_with('+'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UNSENT: Outcome =
        Outcome::Transport { sent: Sent::No, kind: TransportErrorKind::Connect };
    const LOST: Outcome =
        Outcome::Transport { sent: Sent::Maybe, kind: TransportErrorKind::Interrupted };

    fn status(code: u16, retry_after: Option<u64>) -> Outcome {
        Outcome::Status {
            status: StatusCode::from_u16(code).unwrap(),
            retry_after: retry_after.map(Duration::from_secs),
        }
    }

    fn first(idempotent: bool, outcome: Outcome) -> Decision {
        decide(&RetryPolicy::default(), Attempt { number: 1, idempotent }, outcome, 0.5)
    }

    const QUARTER: Decision = Decision::Wait(Duration::from_millis(250));

    #[test]
    fn extreme_values_do_not_panic() {
        let policy = RetryPolicy {
            base: Duration::MAX,
            longest: Duration::MAX,
            retries: u32::MAX,
            ..RetryPolicy::default()
        };
        for jitter in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1.0] {
            for number in [0, 1, u32::MAX] {
                let decision =
                    decide(&policy, Attempt { number, idempotent: true }, UNSENT, jitter);
                assert!(matches!(decision, Decision::Wait(_)), "{jitter} {number} {decision:?}");
            }
        }
    }

    #[test]
    fn table_of_decisions() {
        use Reason::{Final, NotIdempotent, TooLong};
        for (idempotent, outcome, expected) in [
            (true, status(503, None), QUARTER),
            (true, status(429, Some(7)), Decision::Wait(Duration::from_secs(7))),
            (true, status(429, Some(30)), Decision::Wait(Duration::from_secs(30))),
            (true, status(429, Some(31)), Decision::Stop(TooLong)),
            (true, status(404, None), Decision::Stop(Final)),
            (true, status(500, None), Decision::Stop(Final)),
            (false, status(503, None), Decision::Stop(NotIdempotent)),
            (false, status(429, Some(1)), Decision::Stop(NotIdempotent)),
            (false, UNSENT, QUARTER),
            (false, LOST, Decision::Stop(NotIdempotent)),
            (true, LOST, QUARTER),
        ] {
            assert_eq!(first(idempotent, outcome), expected, "{idempotent} {outcome:?}");
        }
    }

    #[test]
    fn a_certificate_that_is_not_trusted_is_final() {
        let outcome = Outcome::Transport { sent: Sent::No, kind: TransportErrorKind::Tls };
        assert_eq!(first(true, outcome), Decision::Stop(Reason::Final));
    }

    #[test]
    fn delays_double_up_to_the_maximum() {
        let policy = RetryPolicy { retries: 40, ..RetryPolicy::default() };
        let wait = |number, jitter| match decide(
            &policy,
            Attempt { number, idempotent: true },
            LOST,
            jitter,
        ) {
            Decision::Wait(wait) => wait,
            Decision::Stop(reason) => panic!("{reason:?}"),
        };
        assert_eq!(wait(2, 0.5), Duration::from_millis(500));
        assert_eq!(wait(3, 0.0), Duration::from_millis(500));
        assert_eq!(wait(40, 1.0), policy.longest);
    }

    #[test]
    fn retry_after_is_parsed_as_seconds_or_as_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(951_782_400); // 2000-02-29
        assert_eq!(retry_after(" 120 ", now), Some(Duration::from_secs(120)));
        let after = |text| retry_after(text, now).map(|wait| wait.as_secs());
        assert_eq!(after("Wed, 01 Mar 2000 00:00:01 GMT"), Some(86_401));
        assert_eq!(after("Mon, 01 Jan 1990 00:00:00 GMT"), Some(0));
        for bad in [
            "",
            "soon",
            "-1",
            "1.5",
            "Sun, 06 Xxx 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994",
            "Sun, 99 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 0001 08:49:37 GMT",
        ] {
            assert_eq!(retry_after(bad, now), None, "{bad:?}");
        }
    }

    #[test]
    fn retry_after_accepts_all_date_formats_of_http() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_770);
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun, 06-Nov-1994 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun Nov 06 08:49:37 1994",
        ] {
            assert_eq!(retry_after(text, now), Some(Duration::from_secs(7)), "{text}");
        }
        assert_eq!(http_date("Tuesday, 01-Jan-69 00:00:00 GMT"), Some(3_124_224_000));
        assert_eq!(http_date("Thursday, 01-Jan-70 00:00:00 GMT"), Some(0));
        for bad in [
            "Sunday, 06-Nov-94 08:49:37",
            "Sunday, 06-Nov-194 08:49:37 GMT",
            "Sunday, 06-Nov-94-1 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT GMT",
            "Sun Nov  6 08:49:37 1994 GMT",
            "Sun Nov  6 08:49:37",
            "Sun Nov  6 08:49:37 94",
            "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(retry_after(bad, now), None, "{bad:?}");
        }
    }

    #[test]
    fn number_of_seconds_that_is_too_large_is_the_longest_delay() {
        for digits in ["18446744073709551615", "18446744073709551616", "99999999999999999999"] {
            let after = retry_after(digits, SystemTime::UNIX_EPOCH);
            assert_eq!(after, Some(Duration::from_secs(u64::MAX)), "{digits}");
        }
    }

    #[test]
    fn last_attempt_is_the_one_after_all_retries() {
        let policy = RetryPolicy { retries: 2, ..RetryPolicy::default() };
        let waits = |number| {
            decide(&policy, Attempt { number, idempotent: true }, LOST, 0.5)
                != Decision::Stop(Reason::Exhausted)
        };
        assert_eq!([waits(1), waits(2), waits(3)], [true, true, false]);
    }

    #[test]
    fn dates_of_all_months_and_of_leap_years_are_parsed() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sat, 28 Feb 1970 23:59:59 GMT", 5_097_599),
            ("Sun, 01 Mar 1970 00:00:00 GMT", 5_097_600),
            ("Fri, 31 Dec 1999 23:59:59 GMT", 946_684_799),
            ("Fri, 31 Dec 1999 23:59:60 GMT", 946_684_800),
            ("Mon, 31 Jan 2000 01:02:03 GMT", 949_280_523),
            ("Tue, 29 Feb 2000 00:00:00 GMT", 951_782_400),
            ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
            ("Sun, 30 Apr 2023 00:00:00 GMT", 1_682_812_800),
            ("Fri, 31 May 2024 00:00:00 GMT", 1_717_113_600),
            ("Sun, 30 Jun 2024 12:00:00 GMT", 1_719_748_800),
            ("Thu, 04 Jul 2024 00:00:00 GMT", 1_720_051_200),
            ("Fri, 09 Aug 2024 00:00:00 GMT", 1_723_161_600),
            ("Tue, 10 Sep 2024 00:00:00 GMT", 1_725_926_400),
            ("Fri, 11 Oct 2024 00:00:00 GMT", 1_728_604_800),
            ("Tue, 12 Nov 2024 13:14:15 GMT", 1_731_417_255),
            ("Sun, 28 Feb 2100 00:00:00 GMT", 4_107_456_000),
            ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400),
            ("Tue, 29 Feb 2400 00:00:00 GMT", 13_574_563_200),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        ] {
            assert_eq!(http_date(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn invalid_times_and_dates_are_rejected() {
        for time in ["24:00:00", "00:60:00", "00:00:61", "23:59", "23", "", "a:b:c", "-1:00:00"] {
            assert_eq!(http_date(&format!("Sun, 06 Nov 1994 {time} GMT")), None, "{time:?}");
        }
        for text in ["Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 1994 08:49:37", "Sun"] {
            assert_eq!(http_date(text), None, "{text}");
        }
        for day in ["00", "32", "x"] {
            assert_eq!(http_date(&format!("Sun, {day} Nov 1994 08:49:37 GMT")), None, "{day}");
        }
        for year in ["1969", "10000"] {
            assert_eq!(http_date(&format!("Sun, 06 Nov {year} 08:49:37 GMT")), None, "{year}");
        }
    }

    proptest! {
        #[test]
        fn never_more_attempts_or_longer_delays_than_allowed(
            retries in 0u32..9, number in 1u32..99, idempotent: bool,
            code in 100u16..600, requested in proptest::option::of(0u64..1_000_000),
            jitter in -9f64..9.0,
        ) {
            let policy = RetryPolicy { retries, ..RetryPolicy::default() };
            let attempt = Attempt { number, idempotent };
            for outcome in [status(code, requested), UNSENT, LOST] {
                if let Decision::Wait(wait) = decide(&policy, attempt, outcome, jitter) {
                    prop_assert!(number <= retries && wait <= policy.longest);
                    let unsent = matches!(outcome, Outcome::Transport { sent: Sent::No, .. });
                    prop_assert!(idempotent || unsent);
                }
            }
        }

        #[test]
        fn no_header_panics(text in ".*") {
            let _ = retry_after(&text, SystemTime::UNIX_EPOCH);
        }
    }
}
