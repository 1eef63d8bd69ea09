//! Offer policies: discounts, purchase limits and meters.

use api_auth::InputError;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::validate;

/// A policy of an offer: a discount, a purchase limit, or a meter.
///
/// An amount is a price such as `10.00`. A discount is a percentage such as `25%` or a price such
/// as `.10`. A period is a whole number and a unit, such as `1 week`. The units are `ms`, `s`,
/// `mi`, `h`, `d`, `w`, `mo` and `y`. All of them except `ms` can also be written in full, such as
/// `week` or `weeks`. The unit `m` is rejected, because the two official clients interpret it
/// differently. Amounts, discounts and periods are sent unchanged.
///
/// ```
/// use tinypass_client::blocks::{Offer, Policy, PriceOption};
///
/// let offer = Offer::new("premium-content", "Everything", PriceOption::new("4.99", "1 month"))
///     .policy(Policy::spend_discount("10.00", "1 week", "25%"))
///     .policy(Policy::purchase_discount(["article-17", "article-18"], "25%"));
/// ```
///
/// Source: the official PHP client 2.0.8 and Ruby gem 0.0.1. It is not known whether the server
/// still accepts meters: their code in the PHP client is commented out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    SpendDiscount { amount: String, period: String, discount: String },
    PurchaseDiscount { rids: Vec<String>, discount: String },
    SpendLimit { amount: String, period: String, details_url: Option<String> },
    TimeReminder { trial: String, lockout: String },
    ViewReminder { views: u32, lockout: String },
    StrictMeter { trial: String, lockout: String },
}

/// The value of `mt` for a reminder, a meter that can count views.
const REMINDER: u8 = 10;
/// The value of `mt` for a strict meter, whose trial is limited by time only.
const STRICT: u8 = 20;

impl Policy {
    /// Creates a discount for users who spent at least `amount` within `period` (type `d1`).
    pub fn spend_discount(
        amount: impl Into<String>,
        period: impl Into<String>,
        discount: impl Into<String>,
    ) -> Self {
        Self(Kind::SpendDiscount {
            amount: amount.into(),
            period: period.into(),
            discount: discount.into(),
        })
    }

    /// Creates a discount for users who bought one of these resources (type `d2`).
    pub fn purchase_discount<S: Into<String>>(
        rids: impl IntoIterator<Item = S>,
        discount: impl Into<String>,
    ) -> Self {
        let rids = rids.into_iter().map(Into::into).collect();
        Self(Kind::PurchaseDiscount { rids, discount: discount.into() })
    }

    /// Creates a limit: a user can spend at most `amount` within `period` (type `r1`).
    /// `details_url` is the URL of a page that explains the limit.
    pub fn spend_limit(
        amount: impl Into<String>,
        period: impl Into<String>,
        details_url: Option<&str>,
    ) -> Self {
        Self(Kind::SpendLimit {
            amount: amount.into(),
            period: period.into(),
            details_url: details_url.map(str::to_owned),
        })
    }

    /// Creates a reminder meter with free access for the period `trial`, followed by the period
    /// `lockout` without access (type `rm1`). The trial starts when the request is created.
    pub fn time_reminder(trial: impl Into<String>, lockout: impl Into<String>) -> Self {
        Self(Kind::TimeReminder { trial: trial.into(), lockout: lockout.into() })
    }

    /// Creates a reminder meter with `views` free views, followed by the period `lockout` without
    /// access (type `rm2`).
    pub fn view_reminder(views: u32, lockout: impl Into<String>) -> Self {
        Self(Kind::ViewReminder { views, lockout: lockout.into() })
    }

    /// Creates a strict meter with free access for the period `trial`, followed by the period
    /// `lockout` without access (type `sm1`).
    pub fn strict_meter(trial: impl Into<String>, lockout: impl Into<String>) -> Self {
        Self(Kind::StrictMeter { trial: trial.into(), lockout: lockout.into() })
    }

    pub(super) fn validate(&self) -> Result<(), InputError> {
        let price = |text: &str| validate::not_empty("amount", text);
        let discount = |text: &str| validate::not_empty("discount", text);
        match &self.0 {
            Kind::SpendDiscount { amount, period, discount: text } => {
                price(amount)?;
                milliseconds("period", period)?;
                discount(text)
            }
            Kind::PurchaseDiscount { rids, discount: text } => {
                if rids.is_empty() {
                    return Err(InputError::new("rids", "must not be empty"));
                }
                rids.iter().try_for_each(|rid| validate::rid(rid))?;
                discount(text)
            }
            Kind::SpendLimit { amount, period, .. } => {
                price(amount)?;
                milliseconds("period", period).map(drop)
            }
            Kind::TimeReminder { trial, lockout } | Kind::StrictMeter { trial, lockout } => {
                milliseconds("trial", trial)?;
                milliseconds("lockout", lockout).map(drop)
            }
            Kind::ViewReminder { lockout, .. } => milliseconds("lockout", lockout).map(drop),
        }
    }
}

/// A policy as it is serialized in a request. `now` is the time of the request in Unix seconds.
pub(super) struct PolicyText<'a> {
    pub(super) policy: &'a Policy,
    pub(super) now: i64,
}

impl Serialize for PolicyText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match &self.policy.0 {
            Kind::SpendDiscount { amount, period, discount } => {
                map.serialize_entry("type", "d1")?;
                map.serialize_entry("amount", amount)?;
                map.serialize_entry("withinPeriod", period)?;
                map.serialize_entry("discount", discount)?;
            }
            Kind::PurchaseDiscount { rids, discount } => {
                map.serialize_entry("type", "d2")?;
                map.serialize_entry("rids", rids)?;
                map.serialize_entry("discount", discount)?;
            }
            Kind::SpendLimit { amount, period, details_url } => {
                map.serialize_entry("type", "r1")?;
                map.serialize_entry("amount", amount)?;
                map.serialize_entry("withinPeriod", period)?;
                if let Some(url) = details_url {
                    map.serialize_entry("linkWithDetails", url)?;
                }
            }
            Kind::TimeReminder { trial, lockout } => {
                // `validate` has already accepted both periods.
                let after = |start: i64, period: &str| {
                    let length = milliseconds("period", period).unwrap_or_default() / 1000;
                    start.saturating_add(i64::try_from(length).unwrap_or(i64::MAX))
                };
                let trial_end = after(self.now, trial);
                map.serialize_entry("mtap", trial)?;
                map.serialize_entry("mlp", lockout)?;
                map.serialize_entry("mt", &REMINDER)?;
                map.serialize_entry("type", "rm1")?;
                map.serialize_entry("mtet", &trial_end)?;
                map.serialize_entry("mlet", &after(trial_end, lockout))?;
            }
            Kind::ViewReminder { views, lockout } => {
                map.serialize_entry("mlp", lockout)?;
                map.serialize_entry("type", "rm2")?;
                map.serialize_entry("mt", &REMINDER)?;
                map.serialize_entry("mtma", views)?;
                map.serialize_entry("mtaa", &0)?;
            }
            Kind::StrictMeter { trial, lockout } => {
                map.serialize_entry("mtap", trial)?;
                map.serialize_entry("mlp", lockout)?;
                map.serialize_entry("mt", &STRICT)?;
                map.serialize_entry("type", "sm1")?;
            }
        }
        map.end()
    }
}

/// Converts a period to milliseconds. A month has 30 days, and a year 365. Only spellings that both
/// official clients interpret in the same way are accepted.
fn milliseconds(argument: &'static str, period: &str) -> Result<u64, InputError> {
    const SECOND: u64 = 1000;
    const DAY: u64 = 86_400 * SECOND;
    let digits = period.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = period.split_at_checked(digits).unwrap_or_default();
    let factor = match unit.trim_start_matches(' ') {
        "ms" => 1,
        "s" | "second" | "seconds" => SECOND,
        "mi" | "minute" | "minutes" => 60 * SECOND,
        "h" | "hour" | "hours" => 3600 * SECOND,
        "d" | "day" | "days" => DAY,
        "w" | "week" | "weeks" => 7 * DAY,
        "mo" | "month" | "months" => 30 * DAY,
        "y" | "year" | "years" => 365 * DAY,
        _ => 0,
    };
    let length = number.parse().ok().and_then(|number: u64| number.checked_mul(factor));
    length.filter(|length| *length > 0).ok_or_else(|| {
        let problem =
            "must be a whole number and a unit, such as 90 s, 5 minutes, 24 h, 1 week, 1 month";
        InputError::new(argument, problem)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_those_of_both_official_clients() {
        for (text, expected) in [
            ("10 s", 10_000),
            ("2 mi", 120_000),
            ("2minutes", 120_000),
            ("24h", 86_400_000),
            ("1 day", 86_400_000),
            ("5 weeks", 3_024_000_000),
            ("1 mo", 2_592_000_000),
            ("1 month", 2_592_000_000),
            ("1 months", 2_592_000_000),
            ("1y", 31_536_000_000),
            ("1  ms", 1),
        ] {
            assert_eq!(milliseconds("period", text), Ok(expected), "{text}");
        }
        for text in [
            "",
            " ",
            "1",
            "day",
            "1 D",
            "2 m",
            "1 mx",
            "1 mm",
            "1.5 day",
            "-5 s",
            "+5 s",
            "0 s",
            " 1 s",
            "1 s ",
            "1 day 3 h",
            "1\ts",
            "1\u{a0}s",
            "99999999999999999999 s",
            "999999999999999999 y",
        ] {
            let error = milliseconds("lockout", text).unwrap_err();
            assert_eq!(error.argument(), "lockout", "{text}");
        }
    }

    #[test]
    fn invalid_policies_name_the_argument() {
        for (policy, argument) in [
            (Policy::spend_discount("", "1 week", "5%"), "amount"),
            (Policy::spend_discount("1", "1 m", "5%"), "period"),
            (Policy::spend_discount("1", "1 week", " "), "discount"),
            (Policy::purchase_discount([""; 0], "5%"), "rids"),
            (Policy::purchase_discount(["r", ""], "5%"), "rid"),
            (Policy::purchase_discount(["r"], ""), "discount"),
            (Policy::spend_limit("", "1 week", None), "amount"),
            (Policy::spend_limit("1", "week", None), "period"),
            (Policy::time_reminder("week", "1 week"), "trial"),
            (Policy::strict_meter("1 week", "week"), "lockout"),
            (Policy::view_reminder(3, "week"), "lockout"),
        ] {
            assert_eq!(policy.validate().unwrap_err().argument(), argument, "{policy:?}");
        }
    }
}
