//! Validation of the arguments of a request before it is sent.
//!
//! A value is an error only if neither the provider's API reference nor the official PHP SDK allows
//! it. Required strings must not be empty.
//!
//! It is not documented whether the server counts characters or bytes. Therefore, the maximum
//! length is checked in characters and the minimum length in bytes.

use std::fmt::Display;

use api_auth::validate::max_chars;
pub(crate) use api_auth::validate::{has_outer_space, no_control, not_empty};
use api_auth::{Amount, InputError, Secret};

use crate::cards::CardExpiry;
use crate::common::LocalTime;
use crate::{Currency, local_time, money};

/// Validates that a string has at least `least` bytes and at most `most` characters.
pub(crate) fn length(
    name: &'static str,
    text: &str,
    least: usize,
    most: usize,
) -> Result<(), InputError> {
    if least == 1 {
        not_empty(name, text)?;
    }
    if text.len() < least {
        return Err(InputError::new(name, format!("must not be shorter than {least} characters")));
    }
    max_chars(name, text, most)
}

/// Validates that a string, if present, has at least `least` bytes and at most `most` characters.
pub(crate) fn some_length(
    name: &'static str,
    text: Option<&str>,
    least: usize,
    most: usize,
) -> Result<(), InputError> {
    text.map_or(Ok(()), |text| length(name, text, least, most))
}

/// Validates that a secret, if present, is not empty.
pub(crate) fn some_secret(name: &'static str, secret: Option<&Secret>) -> Result<(), InputError> {
    secret.map_or(Ok(()), |secret| not_empty(name, secret.expose()))
}

/// Validates that an amount is positive and has at most 2 decimal places.
pub(crate) fn amount(name: &'static str, amount: Amount) -> Result<(), InputError> {
    positive(name, amount)?;
    decimals(name, amount)
}

/// Validates that an amount has at most 2 decimal places.
pub(crate) fn decimals(name: &'static str, amount: Amount) -> Result<(), InputError> {
    match amount.minor_units(2) {
        Some(_) => Ok(()),
        None => Err(InputError::new(name, "must have at most 2 decimal places")),
    }
}

/// Validates that an amount is positive.
pub(crate) fn positive(name: &'static str, amount: Amount) -> Result<(), InputError> {
    if amount <= money::grosze(0) {
        return Err(InputError::new(name, "must be more than 0"));
    }
    Ok(())
}

/// Validates that a currency, if present, is a code of three letters, such as `PLN`.
pub(crate) fn currency(currency: Option<&Currency>) -> Result<(), InputError> {
    let good = |text: &str| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    match currency {
        Some(currency) if !good(currency.as_str()) => {
            Err(InputError::new("currency", "must be a code of three letters, such as PLN"))
        }
        _ => Ok(()),
    }
}

/// Validates that a value, if present, is one of the documented values. The error lists all of
/// them.
pub(crate) fn known<T: Display + PartialEq>(
    name: &'static str,
    value: Option<&T>,
    documented: &[T],
) -> Result<(), InputError> {
    let Some(value) = value.filter(|value| !documented.contains(value)) else { return Ok(()) };
    let allowed: Vec<String> = documented.iter().map(T::to_string).collect();
    Err(InputError::new(
        name,
        format!("`{}` is not one of {}", value.to_string().escape_debug(), allowed.join(", ")),
    ))
}

/// Validates the number of a Polish bank account: `PL` followed by 26 digits.
pub(crate) fn account(name: &'static str, text: &str) -> Result<(), InputError> {
    match text.strip_prefix("PL") {
        Some(digits) if digits.len() == 26 && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Ok(())
        }
        _ => Err(InputError::new(name, "must be PL and 26 digits")),
    }
}

/// Validates the expiry date of a card, `YYMM`, such as `2812`.
pub(crate) fn card_expiry(name: &'static str, text: &str) -> Result<(), InputError> {
    if CardExpiry::from_yymm(text).is_some() {
        return Ok(());
    }
    let problem = "must be YYMM with a month from 01 to 12, such as 2812 for December 2028: \
                   CardExpiry converts the MMYY of notifications";
    Err(InputError::new(name, problem))
}

/// Validates that a string, if present, contains a date `YYYY-MM-DD` that exists in the calendar.
pub(crate) fn date(name: &'static str, text: Option<&str>) -> Result<(), InputError> {
    match text {
        Some(text) if first_date(text).is_none() => {
            Err(InputError::new(name, "must contain a date, YYYY-MM-DD"))
        }
        _ => possible_date(name, text),
    }
}

/// Validates that a date `YYYY-MM-DD` in a string exists in the calendar. A string without a date
/// in this format is accepted.
pub(crate) fn possible_date(name: &'static str, text: Option<&str>) -> Result<(), InputError> {
    match text.and_then(first_date) {
        Some(date) if !local_time::is_date(date) => {
            Err(InputError::new(name, "must contain a date that exists, such as 2026-02-28"))
        }
        _ => Ok(()),
    }
}

/// Validates that the dates in the arguments `from` and `to`, if present, exist in the calendar.
pub(crate) fn period(from: Option<&LocalTime>, to: Option<&LocalTime>) -> Result<(), InputError> {
    possible_date("from", from.map(LocalTime::as_str))?;
    possible_date("to", to.map(LocalTime::as_str))
}

/// Returns the first substring that has the format `YYYY-MM-DD`, even if the date does not exist.
fn first_date(text: &str) -> Option<&str> {
    let is_date = |date: &&str| {
        date.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
    };
    (0..text.len()).filter_map(|at| text.get(at..at + 10)).find(is_date)
}

/// Validates the merchant's text for a card settlement: 1 to `most` letters and digits.
pub(crate) fn roc_text(text: Option<&str>, most: usize) -> Result<(), InputError> {
    match text {
        Some(text) if !text.chars().all(char::is_alphanumeric) => {
            Err(InputError::new("roc_text", "may contain only letters and digits"))
        }
        _ => some_length("roc_text", text, 1, most),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transactions::qr::QrSize;

    #[test]
    fn error_of_an_undocumented_value_lists_the_documented_ones() {
        let error = known("size", Some(&QrSize::from("XXL")), QrSize::KNOWN).unwrap_err();
        assert_eq!(error.to_string(), "size: `XXL` is not one of S, M, L, XL");
        assert!(known("size", Some(&QrSize::Large), QrSize::KNOWN).is_ok());
        assert!(known("size", None, QrSize::KNOWN).is_ok());
    }

    #[test]
    fn dates_must_be_in_the_calendar() {
        let both =
            |text| (date("day", Some(text)).is_ok(), possible_date("day", Some(text)).is_ok());
        for text in
            ["2028-02-29", "2026-12-31 23:59:59", "2026-01-01T00:00:00+01:00", " 2026-01-01"]
        {
            assert_eq!(both(text), (true, true), "{text}");
        }
        for text in ["2026-02-29", "2026-13-01", "2026-00-10", "2026-04-31 10:00:00", "2026-01-32T"]
        {
            assert_eq!(both(text), (false, false), "{text}");
        }
        // Other formats are rejected only where the documentation names the format.
        for text in ["", "31-12-2026", "31.12.2026", "20261231", "2026-1-1", "ąąąąą"] {
            assert_eq!(both(text), (false, true), "{text}");
        }
        assert!(date("day", None).is_ok() && possible_date("day", None).is_ok());
    }

    #[test]
    fn card_expiry_must_have_a_month() {
        for text in ["2812", "0101", "9912"] {
            assert!(card_expiry("date", text).is_ok(), "{text}");
        }
        for text in ["1228", "9913", "2800", "12/28", "28/12", "122", "12281", "", "28-2", "ąą"] {
            let error = card_expiry("date", text).unwrap_err().to_string();
            assert!(error.starts_with("date: must be YYMM with a month"), "{text}: {error}");
        }
    }
}
