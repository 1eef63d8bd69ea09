//! Validation before a request is sent. Only values that the server certainly rejects are errors.
//!
//! The limits are those of the provider's API reference, except where the official PHP SDK accepts
//! more: then they are those of the SDK. Required strings must not be empty.
//!
//! It is not documented whether the server counts characters or bytes. So a string is too long if
//! it has too many characters, and too short if it has too few bytes.

use std::fmt::Display;

use api_auth::validate::max_chars;
pub(crate) use api_auth::validate::{no_control, not_empty};
use api_auth::{Amount, InputError};

use crate::{Currency, money};

/// Validates the length of a string.
pub(crate) fn length(
    name: &'static str,
    text: &str,
    least: usize,
    most: usize,
) -> Result<(), InputError> {
    if text.len() < least {
        return Err(InputError::new(name, format!("must not be shorter than {least} characters")));
    }
    max_chars(name, text, most)
}

/// Validates the length of an optional string.
pub(crate) fn some_length(
    name: &'static str,
    text: Option<&str>,
    least: usize,
    most: usize,
) -> Result<(), InputError> {
    text.map_or(Ok(()), |text| length(name, text, least, most))
}

/// Validates that an amount is positive and in whole grosze.
pub(crate) fn amount(name: &'static str, amount: Amount) -> Result<(), InputError> {
    positive(name, amount)?;
    match amount.minor_units(2) {
        Some(_) => Ok(()),
        None => Err(InputError::new(name, "must have at most 2 decimals")),
    }
}

/// Validates that an amount is positive.
pub(crate) fn positive(name: &'static str, amount: Amount) -> Result<(), InputError> {
    if amount <= money::grosze(0) {
        return Err(InputError::new(name, "must be more than 0"));
    }
    Ok(())
}

/// Validates a currency: three letters.
pub(crate) fn currency(currency: Option<&Currency>) -> Result<(), InputError> {
    let good = |text: &str| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    match currency {
        Some(currency) if !good(currency.as_str()) => {
            Err(InputError::new("currency", "must be three letters"))
        }
        _ => Ok(()),
    }
}

/// Validates that an optional value is one of the documented ones.
pub(crate) fn known<T: Display + PartialEq>(
    name: &'static str,
    value: Option<&T>,
    documented: &[T],
) -> Result<(), InputError> {
    if value.is_none_or(|value| documented.contains(value)) {
        return Ok(());
    }
    let allowed: Vec<String> = documented.iter().map(T::to_string).collect();
    Err(InputError::new(name, format!("must be one of {}", allowed.join(", "))))
}

/// Validates an account number: `PL` and 26 digits.
pub(crate) fn account(name: &'static str, text: &str) -> Result<(), InputError> {
    match text.strip_prefix("PL") {
        Some(digits) if digits.len() == 26 && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Ok(())
        }
        _ => Err(InputError::new(name, "must be PL and 26 digits")),
    }
}

/// Validates a date `YYMM`.
pub(crate) fn month(name: &'static str, text: &str) -> Result<(), InputError> {
    if text.len() != 4 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InputError::new(name, "must be four digits, YYMM"));
    }
    Ok(())
}

/// Validates the text of a card settlement that the merchant chooses.
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
        assert_eq!(error.to_string(), "size: must be one of S, M, L, XL");
        assert!(known("size", Some(&QrSize::Large), QrSize::KNOWN).is_ok());
        assert!(known("size", None, QrSize::KNOWN).is_ok());
    }
}
