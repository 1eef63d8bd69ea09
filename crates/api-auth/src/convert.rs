//! Conversions to and from types of other crates, each behind a feature that is named after the
//! crate and its major version.

use crate::error::input::InputError;
#[cfg(feature = "rust_decimal-1")]
use crate::models::Amount;
#[cfg(feature = "jiff-1")]
use crate::models::UnixTime;

#[cfg(feature = "jiff-1")]
impl TryFrom<UnixTime> for jiff::Timestamp {
    type Error = InputError;

    /// Converts the time exactly.
    ///
    /// # Errors
    /// Returns an error for a time that `jiff` cannot represent, such as one before the year -9999
    /// or after the year 9999.
    fn try_from(time: UnixTime) -> Result<Self, InputError> {
        Self::from_second(time.seconds())
            .map_err(|_| InputError::new("time", "is out of the range of years of jiff"))
    }
}

#[cfg(feature = "jiff-1")]
impl From<jiff::Timestamp> for UnixTime {
    /// Converts the time and drops fractions of a second.
    fn from(time: jiff::Timestamp) -> Self {
        Self::from_seconds(time.as_second())
    }
}

#[cfg(feature = "rust_decimal-1")]
impl From<Amount> for rust_decimal::Decimal {
    /// Converts the amount exactly, with the same number of decimal places.
    fn from(amount: Amount) -> Self {
        Self::new(amount.digits, u32::from(amount.decimals))
    }
}

#[cfg(feature = "rust_decimal-1")]
impl TryFrom<rust_decimal::Decimal> for Amount {
    type Error = InputError;

    /// Converts the number exactly. Trailing zeros are dropped only if the number would not fit
    /// otherwise.
    ///
    /// # Errors
    /// Returns an error for a number with more than 18 decimal places or with too many digits. An
    /// `Amount` can represent all numbers of 18 digits, and most numbers of 19 digits.
    fn try_from(number: rust_decimal::Decimal) -> Result<Self, InputError> {
        let exact = |number: rust_decimal::Decimal| {
            let decimals = u8::try_from(number.scale()).ok();
            let decimals = decimals.filter(|decimals| *decimals <= Amount::MOST_DECIMALS)?;
            let digits = i64::try_from(number.mantissa()).ok()?;
            Some(Self::from_minor_units(digits, decimals))
        };
        exact(number).or_else(|| exact(number.normalize())).ok_or_else(|| {
            let fine = number.normalize().scale() > u32::from(Amount::MOST_DECIMALS);
            let problem =
                if fine { "has more than 18 decimal places" } else { "has too many digits" };
            InputError::new("amount", problem)
        })
    }
}

#[cfg(all(test, feature = "jiff-1"))]
mod jiff_tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn times_round_trip_through_jiff() {
        for seconds in [0, 1, -1, 1_399_568_000, -377_705_023_201] {
            let time = UnixTime::from_seconds(seconds);
            assert_eq!(UnixTime::from(Timestamp::try_from(time).unwrap()), time);
        }
        let time: Timestamp = "2014-05-08T16:53:20Z".parse().unwrap();
        assert_eq!(UnixTime::from(time).seconds(), 1_399_568_000);
    }

    #[test]
    fn fractions_are_dropped_as_from_the_time_of_std() {
        for nanoseconds in [1_999_999_999, -1_999_999_999] {
            let time = Timestamp::from_nanosecond(nanoseconds).unwrap();
            let std = std::time::SystemTime::try_from(time).unwrap();
            assert_eq!(UnixTime::from(time), UnixTime::from(std));
        }
    }

    #[test]
    fn time_out_of_the_range_of_jiff_is_rejected_by_name() {
        for seconds in [i64::MAX, i64::MIN, 253_402_300_800] {
            let error = Timestamp::try_from(UnixTime::from_seconds(seconds)).unwrap_err();
            assert_eq!(error.to_string(), "time: is out of the range of years of jiff");
        }
    }
}

#[cfg(all(test, feature = "rust_decimal-1"))]
mod rust_decimal_tests {
    use super::*;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    #[test]
    fn numbers_that_do_not_fit_an_amount_are_rejected_with_the_reason() {
        for (text, problem) in [
            ("0.0000000000000000001", "amount: has more than 18 decimal places"),
            ("9223372036854775808", "amount: has too many digits"),
            ("92233720368547758.08", "amount: has too many digits"),
        ] {
            let number: Decimal = text.parse().unwrap();
            assert_eq!(Amount::try_from(number).unwrap_err().to_string(), problem);
        }
    }

    #[test]
    fn decimals_are_dropped_only_where_they_do_not_fit() {
        for (text, shown) in [
            ("4.90", "4.90"),
            ("-0.00", "0.00"),
            ("9223372036854775807", "9223372036854775807"),
            ("12.3400000000000000000000", "12.34"),
        ] {
            let number: Decimal = text.parse().unwrap();
            assert_eq!(Amount::try_from(number).unwrap().to_string(), shown);
        }
    }

    proptest! {
        #[test]
        fn every_amount_round_trips(digits: i64, decimals in 0_u8..=18) {
            let amount = Amount::from_minor_units(digits, decimals);
            let number = Decimal::from(amount);
            prop_assert_eq!(number.to_string(), amount.to_string());
            prop_assert_eq!(Amount::try_from(number).unwrap(), amount);
        }

        #[test]
        fn every_number_round_trips_or_is_rejected(
            low: u32,
            middle: u32,
            high: u32,
            negative: bool,
            scale in 0_u32..=28,
        ) {
            let number = Decimal::from_parts(low, middle, high, negative, scale);
            if let Ok(amount) = Amount::try_from(number) {
                prop_assert_eq!(Decimal::from(amount), number);
            }
        }
    }
}
