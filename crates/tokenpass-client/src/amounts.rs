//! Amounts of tokens in satoshis, and the balances that rules are judged by.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use api_auth::{Amount, InputError, wire};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::Address;

/// How many satoshis one whole token has.
pub const SATOSHIS: i64 = 100_000_000;

const DECIMALS: u8 = 8;

/// An amount of a token in satoshis, 10^-8 of the whole one. Exact: never a binary fraction.
///
/// Read and printed as text it is in whole tokens, as an [`Amount`] too; in JSON it is the number of
/// satoshis.
///
/// ```
/// use tokenpass_client::Satoshis;
///
/// assert_eq!("1.5".parse::<Satoshis>()?, Satoshis::new(150_000_000));
/// assert_eq!(Satoshis::new(1).to_string(), "0.00000001");
/// assert_eq!(Satoshis::whole(5000).to_string(), "5000");
/// # Ok::<(), tokenpass_client::InputError>(())
/// ```
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Provisional TX Object and
/// Balance Object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Satoshis(i64);

impl Satoshis {
    /// That many satoshis.
    pub const fn new(satoshis: i64) -> Self {
        Self(satoshis)
    }

    /// That many whole tokens; what does not fit becomes the largest amount.
    pub const fn whole(tokens: i64) -> Self {
        Self(tokens.saturating_mul(SATOSHIS))
    }

    /// The number of satoshis.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Returns the amount as a 64-bit floating-point number holds it: above 2^53 satoshis rounded to
    /// the nearest one, ties to the even one.
    pub(crate) fn as_double(self) -> Self {
        let size = self.0.unsigned_abs();
        let bits = u64::BITS - size.leading_zeros();
        let Some(shift) = bits.checked_sub(53).filter(|shift| *shift > 0) else {
            return self;
        };
        let (unit, half) = (1u64 << shift, 1u64 << (shift - 1));
        let (kept, rest) = (size - size % unit, size % unit);
        let is_odd = (size >> shift) & 1 == 1;
        let up = rest > half || rest == half && is_odd;
        let rounded = i64::try_from(kept.saturating_add(if up { unit } else { 0 }));
        let rounded = rounded.unwrap_or(i64::MAX);
        Self(if self.0 < 0 { -rounded } else { rounded })
    }

    /// Reads a text in whole tokens as PHP does: the number it begins with, rounded half up to
    /// satoshis; 0 if it begins with none. `5,000` is 5. Above 2^53 satoshis it is what PHP's
    /// floating-point numbers make of it.
    pub(crate) fn from_php(text: &str) -> Self {
        let text = text.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
        let (negative, text) = match text.strip_prefix(['-', '+']) {
            Some(rest) => (text.starts_with('-'), rest),
            None => (false, text),
        };
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, rest) = text.split_at_checked(digits(text)).unwrap_or((text, ""));
        let (part, rest) = match rest.strip_prefix('.') {
            Some(rest) => rest.split_at_checked(digits(rest)).unwrap_or((rest, "")),
            None => ("", rest),
        };
        if whole.is_empty() && part.is_empty() {
            return Self(0);
        }
        let exponent = rest.strip_prefix(['e', 'E']).map_or(0, |rest| {
            let (sign, rest) = match rest.strip_prefix(['-', '+']) {
                Some(after) if rest.starts_with('-') => (-1, after),
                Some(after) => (1, after),
                None => (1, rest),
            };
            let number = rest.get(..digits(rest)).unwrap_or_default();
            let capped = if number.len() > 4 { 9999 } else { number.parse().unwrap_or(0) };
            sign * capped
        });
        let all = [whole, part].concat();
        let scale = exponent + i64::from(DECIMALS) - i64::try_from(part.len()).unwrap_or(i64::MAX);
        let mut satoshis = scaled(all.trim_start_matches('0'), scale);
        if satoshis > EXACT {
            satoshis = double_product(&format!("{whole}.{part}e{exponent}"));
        }
        Self(if negative { -satoshis } else { satoshis })
    }
}

/// The largest number of satoshis up to which every integer is a 64-bit floating-point number.
const EXACT: i64 = 1 << 53;

/// The number times 10^8 in PHP's floating-point arithmetic, which a server compares balances with;
/// at most the largest amount.
fn double_product(number: &str) -> i64 {
    let product = number.parse::<f64>().unwrap_or(f64::INFINITY) * 1e8;
    format!("{product:.0}").parse().unwrap_or(i64::MAX)
}

/// `digits` times ten to the power of `scale`, rounded half up; at most the largest amount.
fn scaled(digits: &str, scale: i64) -> i64 {
    let length = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    let whole = length.saturating_add(scale);
    if digits.is_empty() || whole < 0 {
        return 0;
    }
    if whole > 19 {
        return i64::MAX;
    }
    let whole = usize::try_from(whole).unwrap_or(0);
    let kept = digits.get(..whole.min(digits.len())).unwrap_or_default();
    let zeros = whole - kept.len();
    let number = [kept, &"0".repeat(zeros)].concat();
    let number: u128 = if number.is_empty() { 0 } else { number.parse().unwrap_or(0) };
    let up = digits.as_bytes().get(whole).is_some_and(|digit| *digit >= b'5');
    i64::try_from(number + u128::from(up)).unwrap_or(i64::MAX)
}

impl fmt::Display for Satoshis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = Amount::from(*self).to_string();
        f.pad(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl FromStr for Satoshis {
    type Err = InputError;

    /// Reads whole tokens with at most eight decimals: `12`, `0.5`, `1e3`.
    fn from_str(text: &str) -> Result<Self, InputError> {
        text.parse::<Amount>()?.try_into()
    }
}

impl From<Satoshis> for Amount {
    /// In whole tokens, with eight decimals.
    fn from(satoshis: Satoshis) -> Self {
        Self::from_minor_units(satoshis.0, DECIMALS)
    }
}

impl TryFrom<Amount> for Satoshis {
    type Error = InputError;

    /// Reads whole tokens with at most eight decimals.
    fn try_from(amount: Amount) -> Result<Self, InputError> {
        amount.minor_units(DECIMALS).map(Self).ok_or_else(|| {
            InputError::new("amount", "has more than eight decimals or is too large")
        })
    }
}

impl<'de> Deserialize<'de> for Satoshis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        satoshis(deserializer)?.ok_or_else(|| D::Error::custom("expected satoshis"))
    }
}

/// Satoshis from a number or a text; `None` for null and an empty text.
pub(crate) fn satoshis<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Satoshis>, D::Error> {
    Ok(wire::integer(deserializer)?.map(Satoshis))
}

/// How much of one asset is held.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, User Address Object (a
/// number); value and precision, the provider's plug-in of 2022.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quantity {
    /// The amount in the asset's smallest unit: satoshis unless `precision` says otherwise.
    pub value: Satoshis,
    /// How many decimals the asset has; servers tell it since 2022.
    pub precision: Option<u8>,
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Full {
            value: Satoshis,
            precision: u8,
        }
        match self.precision {
            None => self.value.serialize(serializer),
            Some(precision) => Full { value: self.value, precision }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Quantity {
    /// Reads `5`, `"5"` and `{"value":5,"precision":8}`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Full {
            #[serde(default, deserialize_with = "satoshis")]
            value: Option<Satoshis>,
            #[serde(default, deserialize_with = "wire::integer")]
            precision: Option<i64>,
        }
        let value = Value::deserialize(deserializer)?;
        if value.is_object() {
            let full = Full::deserialize(value).map_err(D::Error::custom)?;
            let precision = full.precision.and_then(|number| u8::try_from(number).ok());
            return Ok(Self { value: full.value.unwrap_or_default(), precision });
        }
        let value = satoshis(value).map_err(D::Error::custom)?.unwrap_or_default();
        Ok(Self { value, precision: None })
    }
}

/// What somebody holds, by asset: what [`Rules::evaluate`](crate::Rules::evaluate) judges.
///
/// ```
/// use tokenpass_client::{Balances, Satoshis};
///
/// let balances = Balances::from([("TOKENLY", Satoshis::whole(10))]);
/// assert_eq!(balances.get("TOKENLY"), Satoshis::new(1_000_000_000));
/// assert_eq!(balances.get("LTBCOIN"), Satoshis::new(0));
/// ```
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, User Address Object; that
/// nothing is `[]`, the server of 2017.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Balances(BTreeMap<String, Quantity>);

impl Balances {
    /// Nothing at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// How much of an asset is held; 0 if none. The name is compared as it is.
    pub fn get(&self, asset: &str) -> Satoshis {
        self.quantity(asset).map_or(Satoshis(0), |quantity| quantity.value)
    }

    /// How much of an asset is listed, with its precision.
    pub fn quantity(&self, asset: &str) -> Option<Quantity> {
        self.0.get(asset).copied()
    }

    /// Adds to what is held of an asset.
    pub fn add(&mut self, asset: impl Into<String>, amount: Satoshis) {
        let quantity = self.0.entry(asset.into()).or_default();
        quantity.value = Satoshis(quantity.value.0.saturating_add(amount.0));
    }

    /// The balances of all addresses together that are verified and active, as the server counts
    /// a user's inventory: of an address that does not say, both are taken for granted.
    pub fn of_addresses<'a>(addresses: impl IntoIterator<Item = &'a Address>) -> Self {
        let mut sum = Self::new();
        let counts =
            |address: &&Address| address.verified.unwrap_or(true) && address.active.unwrap_or(true);
        for address in addresses.into_iter().filter(counts) {
            for (asset, quantity) in address.balances.iter().flat_map(Self::iter) {
                sum.add(asset, quantity.value);
                let total = sum.0.entry(asset.to_owned()).or_default();
                total.precision = total.precision.or(quantity.precision);
            }
        }
        sum
    }

    /// Each asset with its amount, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Quantity)> {
        self.0.iter().map(|(asset, quantity)| (asset.as_str(), *quantity))
    }

    /// Whether nothing is listed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<A: Into<String>> FromIterator<(A, Satoshis)> for Balances {
    fn from_iter<I: IntoIterator<Item = (A, Satoshis)>>(entries: I) -> Self {
        let mut balances = Self::new();
        for (asset, amount) in entries {
            balances.add(asset, amount);
        }
        balances
    }
}

impl<A: Into<String>, const N: usize> From<[(A, Satoshis); N]> for Balances {
    fn from(entries: [(A, Satoshis); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<'de> Deserialize<'de> for Balances {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        wire::map(deserializer).map(Self)
    }
}

/// Balances of an address; `None` for `false` (unverified or inactive) and null.
pub(crate) fn balances<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Balances>, D::Error> {
    or_false(deserializer)
}

/// A value, or nothing where the server says `false` or null.
pub(crate) fn or_false<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: for<'a> Deserialize<'a>,
{
    match Value::deserialize(deserializer)? {
        Value::Null | Value::Bool(false) => Ok(None),
        value => T::deserialize(value).map(Some).map_err(D::Error::custom),
    }
}

/// A text, or nothing where the server says `false` or null.
pub(crate) fn text_or_false<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Bool(false) => Ok(None),
        value => wire::text(value).map_err(D::Error::custom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_are_read_as_php_reads_numbers() {
        for (text, satoshis) in [
            ("1", 100_000_000),
            ("0.00000001", 1),
            ("1.000000005", 100_000_001),
            ("1.000000004", 100_000_000),
            ("0.000000005", 1),
            ("0.0000000049", 0),
            ("5,000", 500_000_000),
            ("5e3", 500_000_000_000),
            ("5e-3x", 500_000),
            (".5", 50_000_000),
            (" -2.5abc", -250_000_000),
            ("abc", 0),
            ("", 0),
            ("1e", 100_000_000),
            ("1e99999999999", i64::MAX),
            ("1e-99999999999", 0),
            ("0e5", 0),
            (">1", 0),
        ] {
            assert_eq!(Satoshis::from_php(text).get(), satoshis, "{text:?}");
        }
    }

    #[test]
    fn an_amount_that_cannot_be_exact_is_refused() {
        for bad in ["1.000000001", "x", "", "99999999999999", "1,5"] {
            assert_eq!(bad.parse::<Satoshis>().unwrap_err().argument(), "amount", "{bad:?}");
        }
    }

    #[test]
    fn satoshis_are_amounts_of_whole_tokens() {
        assert_eq!(Amount::from(Satoshis::new(1)).to_string(), "0.00000001");
        let five: Amount = "5.0".parse().unwrap();
        assert_eq!(Satoshis::try_from(five).unwrap(), Satoshis::whole(5));
        let fine: Amount = "0.000000001".parse().unwrap();
        assert_eq!(Satoshis::try_from(fine).unwrap_err().argument(), "amount");
    }

    #[test]
    fn balances_of_every_generation_are_read() {
        #[derive(Deserialize)]
        struct Holder {
            #[serde(default, deserialize_with = "balances")]
            balances: Option<Balances>,
        }
        let read = |json: &str| serde_json::from_str::<Holder>(json).unwrap().balances;
        assert_eq!(read("{}"), None);
        assert_eq!(read(r#"{"balances":false}"#), None);
        assert_eq!(read(r#"{"balances":null}"#), None);
        assert_eq!(read(r#"{"balances":[]}"#), Some(Balances::new()));
        let old = read(r#"{"balances":{"A":1,"B":"9007199254740993"}}"#).unwrap();
        assert_eq!((old.get("A").get(), old.get("B").get()), (1, 9_007_199_254_740_993));
        let new = read(r#"{"balances":{"A:1":{"value":"7","precision":0}}}"#).unwrap();
        assert_eq!(new.quantity("A:1").unwrap().precision, Some(0));
        let text = serde_json::to_string(&new).unwrap();
        assert_eq!(text, r#"{"A:1":{"value":7,"precision":0}}"#);
        assert_eq!(serde_json::from_str::<Balances>(&text).unwrap(), new);
        assert!(serde_json::from_str::<Holder>(r#"{"balances":true}"#).is_err());
    }

    proptest! {
        #[test]
        fn every_amount_comes_back_from_its_text(amount in -i64::MAX..=i64::MAX) {
            let text = Satoshis(amount).to_string();
            prop_assert_eq!(text.parse::<Satoshis>().unwrap().get(), amount);
        }

        #[test]
        fn php_reads_every_amount_up_to_2_to_the_53_exactly(amount in -EXACT..=EXACT) {
            prop_assert_eq!(Satoshis::from_php(&Satoshis(amount).to_string()).get(), amount);
        }

        #[test]
        fn doubles_are_those_of_the_hardware(amount in -i64::MAX..=i64::MAX) {
            let double = amount.to_string().parse::<f64>().unwrap();
            let expected = format!("{double:.0}").parse::<i128>().unwrap();
            let expected = expected.clamp(i128::from(-i64::MAX), i128::from(i64::MAX));
            prop_assert_eq!(i128::from(Satoshis(amount).as_double().get()), expected);
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = Satoshis::from_php(&text);
            let _ = text.parse::<Satoshis>();
        }
    }
}
