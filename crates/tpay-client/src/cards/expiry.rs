//! Expiry dates of cards. Notifications and requests use different formats.

use std::fmt;

use api_auth::InputError;

/// The month and the year in which a card expires, from 2000 to 2099.
///
/// Notifications use the format `MMYY`, and requests use `YYMM`. A string such as `0625` is valid
/// in both formats, so the names of the methods contain the format.
///
/// ```
/// use tpay_client::cards::CardExpiry;
/// use tpay_client::transactions::pay::TokenPayment;
///
/// let expiry = CardExpiry::from_mmyy("1228").ok_or("not a date")?;
/// assert_eq!((expiry.month(), expiry.year()), (12, 2028));
/// assert_eq!((expiry.to_string(), expiry.yymm()), ("12/28".to_owned(), "2812".to_owned()));
/// // Requests require `YYMM`.
/// let payment = TokenPayment::new("123456789012", expiry, "INITIAL1", "visa");
/// # Ok::<(), &str>(())
/// ```
///
/// Source: the provider's API reference, `POST /transactions` (`YYMM`), the provider's
/// documentation, `docs-api.tpay.com`, webhooks (`MMYY`), and the tests of the official PHP client
/// (`MM/YY`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CardExpiry {
    year: u16,
    month: u8,
}

impl CardExpiry {
    /// Creates an expiry date from its month, from 1 to 12, and its year, from 2000 to 2099.
    ///
    /// # Errors
    /// Returns an error if the month or the year is out of range.
    pub fn new(month: u8, year: u16) -> Result<Self, InputError> {
        if !(1..=12).contains(&month) {
            return Err(InputError::new("month", "must be between 1 and 12"));
        }
        if !(2000..=2099).contains(&year) {
            return Err(InputError::new("year", "must be between 2000 and 2099"));
        }
        Ok(Self { year, month })
    }

    /// Parses a date in the format of notifications, `MMYY` or `MM/YY`. Returns `None` for any
    /// other string.
    pub fn from_mmyy(text: &str) -> Option<Self> {
        let (month, year) = match text.split_once('/') {
            Some(parts) => parts,
            None => text.split_at_checked(2)?,
        };
        Self::from_parts(month, year)
    }

    /// Parses a date in the format of requests, `YYMM`. Returns `None` for any other string.
    pub fn from_yymm(text: &str) -> Option<Self> {
        let (year, month) = text.split_at_checked(2)?;
        Self::from_parts(month, year)
    }

    fn from_parts(month: &str, year: &str) -> Option<Self> {
        let number = |text: &str| {
            let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u8>().ok().filter(|_| is_number)
        };
        Self::new(number(month)?, 2000 + u16::from(number(year)?)).ok()
    }

    /// Returns the month, from 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// Returns the year, such as 2028.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// Returns the date in the format of requests, `YYMM`.
    pub fn yymm(self) -> String {
        format!("{:02}{:02}", self.year % 100, self.month)
    }
}

impl fmt::Display for CardExpiry {
    /// Formats the date as it is printed on cards: `MM/YY`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}/{:02}", self.month, self.year % 100)
    }
}

impl From<CardExpiry> for String {
    /// Returns the date in the format of requests, `YYMM`.
    fn from(expiry: CardExpiry) -> Self {
        expiry.yymm()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_month_and_year_is_not_guessed() {
        let mmyy = CardExpiry::from_mmyy("0625").unwrap();
        let yymm = CardExpiry::from_yymm("0625").map(|expiry| expiry.month());
        assert_eq!((mmyy.month(), mmyy.year(), yymm), (6, 2025, None));
        assert_eq!(CardExpiry::from_yymm(&mmyy.yymm()), Some(mmyy));
        assert_eq!(CardExpiry::from_mmyy("12/28"), CardExpiry::from_yymm("2812"));
        assert_eq!((mmyy.to_string(), String::from(mmyy)), ("06/25".to_owned(), "2506".to_owned()));
    }

    #[test]
    fn other_strings_are_not_dates() {
        for text in ["", "1", "625", "1325", "0025", "06/2025", "06-25", "0625 ", "ąą", "+6+5"] {
            assert_eq!(CardExpiry::from_mmyy(text), None, "{text:?}");
        }
        for text in ["2513", "2500", "25/06", "ąą", "25 6"] {
            assert_eq!(CardExpiry::from_yymm(text), None, "{text:?}");
        }
        assert!(CardExpiry::new(13, 2025).is_err() && CardExpiry::new(1, 1999).is_err());
    }
}
