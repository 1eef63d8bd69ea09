//! Exact amounts of money.

use std::fmt::{self, Display};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::encode::written;
use crate::error::input::InputError;
use crate::scalar::{self, Scalar};

/// An exact decimal number for money, in the main unit of a currency, such as 12.34 for 12 euros
/// and 34 cents. The currency itself is not part of it. An amount is deserialized from a JSON
/// number or string without a conversion to binary floating point.
///
/// An amount consists of an integer and a number of decimal places. `4.9` and `4.90` are equal.
/// With the feature `rust_decimal-1`, it can be converted to and from `rust_decimal::Decimal`. The
/// conversion is exact or returns an error.
///
/// ```
/// use api_auth::Amount;
///
/// let amount: Amount = "4.99".parse()?;
/// assert_eq!(amount.minor_units(2), Some(499));
/// assert_eq!(Amount::from_minor_units(123_400, 2).to_string(), "1234.00");
/// assert_eq!("0.1".parse::<Amount>()?, Amount::from_minor_units(10, 2));
/// # Ok::<(), api_auth::InputError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Amount {
    pub(crate) digits: i64,
    pub(crate) decimals: u8,
}

impl Amount {
    pub(crate) const MOST_DECIMALS: u8 = 18;

    /// Creates an amount from `units` of the smallest unit of a currency. `decimals` is the number
    /// of decimal places of the currency: 2 if the smallest unit is a cent or a grosz. A number
    /// greater than 18 is treated as 18.
    pub const fn from_minor_units(units: i64, decimals: u8) -> Self {
        let decimals = if decimals > Self::MOST_DECIMALS { Self::MOST_DECIMALS } else { decimals };
        Self { digits: units, decimals }
    }

    /// Returns the amount in the smallest unit of a currency. `decimals` is the number of decimal
    /// places of the currency: 2 if the smallest unit is a cent or a grosz. Returns `None` if the
    /// amount is not a multiple of that unit, or is too large.
    pub fn minor_units(self, decimals: u8) -> Option<i64> {
        match decimals.checked_sub(self.decimals) {
            Some(more) => self.digits.checked_mul(10i64.checked_pow(u32::from(more))?),
            None => {
                let divisor = 10i64.checked_pow(u32::from(self.decimals - decimals))?;
                (self.digits % divisor == 0).then_some(self.digits / divisor)
            }
        }
    }

    /// Returns the amount rounded to this number of decimal places. Halves are rounded away from
    /// zero. An amount with fewer decimal places is unchanged.
    ///
    /// Only this function and [`parse_rounded`](Self::parse_rounded) round amounts. A server that
    /// calculates with binary fractions may send `29.949999999999999`, which is not 29.95, so round
    /// such an amount before you compare it.
    ///
    /// ```
    /// use api_auth::Amount;
    ///
    /// let received: Amount = "29.949999999999999".parse()?;
    /// assert_eq!(received.rounded(2).to_string(), "29.95");
    /// assert_eq!("-0.125".parse::<Amount>()?.rounded(2).to_string(), "-0.13");
    /// # Ok::<(), api_auth::InputError>(())
    /// ```
    #[must_use]
    pub fn rounded(self, decimals: u8) -> Self {
        // At most 18 decimal places are dropped, so neither the power nor the sums overflow.
        match self.decimals.checked_sub(decimals) {
            None | Some(0) => self,
            Some(dropped) => {
                let unit = 10i64.saturating_pow(dropped.into());
                let (whole, rest) = (self.digits / unit, self.digits % unit);
                let is_up = rest.unsigned_abs() >= unit.unsigned_abs() / 2;
                let digits = whole + if is_up { self.digits.signum() } else { 0 };
                Self { digits, decimals }
            }
        }
    }

    /// Parses a decimal number, however many decimal places it has, and rounds it like
    /// [`rounded`](Self::rounded). Use this function for numbers that may have more than 18 decimal
    /// places, the maximum for an `Amount`.
    ///
    /// ```
    /// use api_auth::Amount;
    ///
    /// let text = "67.2000000000000028421709430404007434844970703125";
    /// assert!(text.parse::<Amount>().is_err());
    /// assert_eq!(Amount::parse_rounded(text, 2)?.to_string(), "67.20");
    /// # Ok::<(), api_auth::InputError>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the text is not a decimal number, or if the number does not fit into an
    /// `Amount`.
    pub fn parse_rounded(text: &str, decimals: u8) -> Result<Self, InputError> {
        let text = text.trim();
        let plain = |text: &str| {
            let (whole, part) = text.split_once('.')?;
            let (kept, dropped) =
                part.split_at_checked(decimals.min(Self::MOST_DECIMALS).into())?;
            // The first dropped digit decides.
            let is_up = dropped.bytes().next()? >= b'5';
            let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
            let zero = if whole.trim_start_matches('-').is_empty() { "0" } else { "" };
            let amount = parse_amount(&[whole, zero, ".", kept].concat()).filter(|_| is_number)?;
            let unit = if whole.starts_with('-') { -1 } else { 1 };
            let digits = amount.digits.checked_add(if is_up { unit } else { 0 })?;
            Some(Self { digits, ..amount })
        };
        match parse_received(text) {
            Some(amount) => Ok(amount.rounded(decimals)),
            None => plain(text).map_or_else(|| text.parse(), Ok),
        }
    }

    fn normal(self) -> (i64, u8) {
        let (mut digits, mut decimals) = (self.digits, self.decimals);
        while decimals > 0 && digits % 10 == 0 {
            digits /= 10;
            decimals -= 1;
        }
        (digits, decimals)
    }
}

impl PartialEq for Amount {
    fn eq(&self, other: &Self) -> bool {
        self.normal() == other.normal()
    }
}

impl Ord for Amount {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // An amount of 63 bits times 10^18 (60 bits) fits into 127 bits.
        let decimals = self.decimals.max(other.decimals);
        let scaled = |amount: &Self| {
            i128::from(amount.digits) * 10i128.pow(u32::from(decimals - amount.decimals))
        };
        scaled(self).cmp(&scaled(other))
    }
}

impl PartialOrd for Amount {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl std::hash::Hash for Amount {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.normal().hash(state);
    }
}

impl Eq for Amount {}

/// Formats the amount with all its decimal places. A precision, as in `{:.2}`, is the minimum
/// number of decimal places. The amount is never rounded.
impl Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.digits < 0 { "-" } else { "" };
        let digits = self.digits.unsigned_abs();
        let unit = 10u64.saturating_pow(self.decimals.into());
        let decimals = usize::from(self.decimals);
        let zeros = f.precision().unwrap_or_default().saturating_sub(decimals);
        match (digits / unit, digits % unit) {
            (whole, _) if decimals == 0 && zeros == 0 => write!(f, "{sign}{whole}"),
            (whole, _) if decimals == 0 => write!(f, "{sign}{whole}.{:0<zeros$}", ""),
            (whole, part) => write!(f, "{sign}{whole}.{part:0decimals$}{:0<zeros$}", ""),
        }
    }
}

impl std::str::FromStr for Amount {
    type Err = InputError;

    /// Parses a decimal number, such as `12`, `12.34`, `-0.5`, `.50` or, with an exponent, `1.2e3`.
    /// Surrounding whitespace is ignored.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_amount(text.trim()).ok_or_else(|| {
            InputError::new(
                "amount",
                "must be a decimal number such as 12.34, without commas, spaces or a currency, and with at most 18 digits",
            )
        })
    }
}

/// Parses a decimal number. Returns `None` if the text is not a number, or if the number does not
/// fit into an `Amount`.
pub(crate) fn parse_amount(text: &str) -> Option<Amount> {
    let (sign, number) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (mut digits, mut exponent) = (0i64, 0i32);
    // The position of the decimal point, and the number of bytes before the exponent.
    let (mut point, mut length) = (None, number.len());
    for (at, byte) in number.bytes().enumerate() {
        match byte {
            b'0'..=b'9' => {
                // With its sign, since the smallest number has no positive counterpart.
                let digit = sign * i64::from(byte - b'0');
                digits = digits.checked_mul(10)?.checked_add(digit)?;
            }
            b'.' if point.is_none() => point = Some(at),
            b'e' | b'E' => {
                exponent = number.get(at + 1..)?.parse().ok()?;
                length = at;
                break;
            }
            _ => return None,
        }
    }
    let part = point.map_or(0, |point| length - point - 1);
    if length == usize::from(point.is_some()) {
        return None;
    }
    let mut decimals = i32::try_from(part).ok()?.checked_sub(exponent)?;
    while decimals > i32::from(Amount::MOST_DECIMALS) && digits % 10 == 0 && digits != 0 {
        digits /= 10;
        decimals -= 1;
    }
    if decimals < 0 {
        digits = digits.checked_mul(10i64.checked_pow(decimals.unsigned_abs())?)?;
        decimals = 0;
    }
    let decimals = u8::try_from(decimals).ok().filter(|d| *d <= Amount::MOST_DECIMALS)?;
    Some(Amount { digits, decimals })
}

/// Parses a decimal number from a response. It may have more trailing zeros than an `Amount` can
/// represent.
pub(crate) fn parse_received(text: &str) -> Option<Amount> {
    parse_amount(text).or_else(|| {
        let digits = text.split(['e', 'E']).next()?;
        if digits.bytes().all(|byte| b"-0.".contains(&byte)) && looks_like_number(text) {
            return Some(Amount { digits: 0, decimals: 0 });
        }
        let is_plain = digits.len() == text.len() && digits.contains('.');
        is_plain.then(|| digits.trim_end_matches('0')).and_then(parse_amount)
    })
}

/// Returns whether a string is a decimal number, of any size.
pub(crate) fn looks_like_number(text: &str) -> bool {
    fn unsigned(text: &str) -> &str {
        text.strip_prefix(['-', '+']).unwrap_or(text)
    }
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) =
        unsigned(text).split_once(['e', 'E']).unwrap_or((unsigned(text), "0"));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_empty = whole.is_empty() && part.is_empty() || unsigned(exponent).is_empty();
    !is_empty && [whole, part, unsigned(exponent)].into_iter().all(are_digits)
}

impl Serialize for Amount {
    /// Serializes the amount as a JSON number with exactly the digits that [`Display`] writes.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // At most a sign, 20 digits and a point.
        let mut buffer = [0; 24];
        let number: &RawValue = serde_json::from_slice(written(self, &mut buffer).as_bytes())
            .map_err(serde::ser::Error::custom)?;
        number.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    /// Deserializes a JSON number, or a string that contains a number, without losing digits.
    /// Returns an error for any other value and for a number with too many digits.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match scalar::exact_text(deserializer)?.as_deref().map(str::trim) {
            None | Some("") => Err(scalar::empty_value(&"an amount")),
            Some(text) => parse_received(text).ok_or_else(|| {
                D::Error::custom(if looks_like_number(text) {
                    "the amount has too many digits"
                } else {
                    "expected an amount, such as 12.34"
                })
            }),
        }
    }
}

/// Deserializes a whole number from a JSON number or string. Returns `None` for null, `false` and
/// an empty string.
///
/// See the example in the module [`wire`](crate::wire).
///
/// # Errors
/// Returns an error for any other value.
pub fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let text = match Scalar::read(deserializer)? {
        // PHP sends `false` for a missing value.
        Scalar::Null | Scalar::Boolean(false) => return Ok(None),
        Scalar::Boolean(true) => return Err(D::Error::custom("expected a whole number")),
        Scalar::Integer(number) => return Ok(Some(number)),
        Scalar::Text(text) => text,
    };
    match text.trim() {
        "" => Ok(None),
        // Some servers send whole numbers as `1399568000.0`.
        text => parse_amount(text)
            .and_then(|number| number.minor_units(0))
            .map(Some)
            .ok_or_else(|| D::Error::custom("expected a whole number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn precision_of_amounts_adds_decimals_and_never_rounds() {
        for (text, printed) in [
            ("1.5", "1.50"),
            ("3", "3.00"),
            ("-0.5", "-0.50"),
            ("12.34", "12.34"),
            ("0.125", "0.125"),
        ] {
            let amount: Amount = text.parse().unwrap();
            assert_eq!(format!("{amount:.2}"), printed);
            assert_eq!(amount.to_string(), text);
        }
    }

    #[test]
    fn rounding_is_half_away_from_zero() {
        for (text, decimals, rounded) in [
            ("29.949999999999999", 2, "29.95"),
            ("1.005", 2, "1.01"),
            ("1.0049", 2, "1.00"),
            ("-1.005", 2, "-1.01"),
            ("-1.004", 2, "-1.00"),
            ("0.5", 0, "1"),
            ("0.499999999999999999", 0, "0"),
            ("-0.5", 0, "-1"),
            ("1.5", 2, "1.5"),
            ("9223372036854775807", 0, "9223372036854775807"),
            ("9.223372036854775807", 17, "9.22337203685477581"),
            ("-9.223372036854775808", 0, "-9"),
        ] {
            let amount: Amount = text.parse().unwrap();
            assert_eq!(amount.rounded(decimals).to_string(), rounded, "{text}");
            assert_eq!(
                Amount::parse_rounded(text, decimals).unwrap().to_string(),
                rounded,
                "{text}"
            );
        }
        for (text, decimals, rounded) in [
            ("67.2000000000000028421709430404007434844970703125", 2, "67.20"),
            ("-0.12500000000000000000000000000001", 2, "-0.13"),
            ("0.1249999999999999999999999999999999", 2, "0.12"),
            ("0.99999999999999999999999999999", 2, "1.00"),
            ("  1.50000000000000000000000000000 ", 1, "1.5"),
            ("0.1000000000000000055511151231257827", 18, "0.100000000000000006"),
            ("-0.1000000000000000055511151231257827", 255, "-0.100000000000000006"),
            ("92233720368547758.0649999999999999999", 2, "92233720368547758.06"),
            ("-9223372036854775807.5000000000000000001", 0, "-9223372036854775808"),
            (".5000000000000000000001", 0, "1"),
            ("-.0049999999999999999999", 2, "0.00"),
        ] {
            assert!(text.parse::<Amount>().is_err(), "{text}");
            assert_eq!(
                Amount::parse_rounded(text, decimals).unwrap().to_string(),
                rounded,
                "{text}"
            );
        }
        for bad in [
            "",
            ".",
            "1,00",
            "1.0000000000000000000000x",
            "99999999999999999999.1",
            "1.2.3",
            "1.00000000000000000000000000000000e5",
            "x.00000000000000000000000000",
            "- 1",
            "1e99",
            "1.-0000000000000000000000000000",
            "0.000000000000000000000000000-1",
            "9223372036854775807.5000000000000000001",
            "--.5000000000000000000001",
        ] {
            assert!(Amount::parse_rounded(bad, 2).is_err(), "{bad}");
        }
    }

    #[test]
    fn amounts_are_ordered_exactly() {
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        assert!(amount("0.10") < amount("0.11") && amount("-1") < amount("0.0001"));
        assert!(amount("92233720368547758.07") > amount("92233720368547758.06"));
        assert!(amount("9223372036854775807") > amount("0.000000000000000001"));
        assert_eq!(amount("4.9").cmp(&amount("4.90")), std::cmp::Ordering::Equal);
    }

    #[test]
    fn smallest_amount_round_trips_as_text() {
        for decimals in [0, 2, 8, 18] {
            let amount = Amount::from_minor_units(i64::MIN, decimals);
            assert_eq!(amount.to_string().parse::<Amount>().unwrap(), amount);
        }
        assert!("-9223372036854775809".parse::<Amount>().is_err());
    }

    #[test]
    fn amounts_that_do_not_fit_are_rejected_and_not_rounded() {
        for bad in
            ["", "-", ".", "1.2.3", "1,5", "9223372036854775808", "1e19", "1e-99", "--1", "+1"]
        {
            assert!(bad.parse::<Amount>().is_err(), "{bad}");
        }
        assert_eq!("1.005".parse::<Amount>().unwrap().minor_units(2), None);
        assert_eq!("1.50".parse::<Amount>().unwrap().minor_units(1), Some(15));
        // Only zeros that do not fit are dropped.
        for (text, shown) in [
            ("100e-20", "0.000000000000000001"),
            ("10e-18", "0.000000000000000010"),
            ("0.0100000000000000000", "0.010000000000000000"),
        ] {
            assert_eq!(text.parse::<Amount>().unwrap().to_string(), shown);
        }
        assert_eq!(
            "92233720368547758.07".parse::<Amount>().unwrap().minor_units(2),
            Some(i64::MAX)
        );
    }

    proptest! {
        #[test]
        fn what_looks_like_a_number_is_what_a_float_is_parsed_from(text in "[-+]?[0-9]{0,3}[.]?[0-9]{0,3}([eE][-+]?[0-9]{0,2})?[-+.e]?") {
            prop_assert_eq!(looks_like_number(&text), text.parse::<f64>().is_ok(), "{}", text);
        }

        #[test]
        fn every_amount_round_trips_as_text(units: i64, decimals in 0u8..=18) {
            let amount = Amount::from_minor_units(units, decimals);
            let text = amount.to_string();
            prop_assert_eq!(text.parse::<Amount>().unwrap().minor_units(decimals), Some(units));
            let json = serde_json::to_string(&amount).unwrap();
            prop_assert_eq!(serde_json::from_str::<Amount>(&json).unwrap(), amount);
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = text.parse::<Amount>();
            let _ = Amount::parse_rounded(&text, 2);
            let _ = looks_like_number(&text);
        }
    }
}
