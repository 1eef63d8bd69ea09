//! Token amounts in satoshis, and the balances that rules are evaluated against.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use api_auth::{Amount, InputError, json_slice, wire};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::addresses::Address;

/// The number of satoshis in a whole token.
///
/// See the example in the module [`balances`](crate::balances).
pub const SATOSHIS: i64 = 100_000_000;

const DECIMALS: u8 = 8;

/// An exact amount of a token in satoshis (10^-8 of a whole token).
///
/// Parsing, formatting and conversions to and from [`Amount`] use whole tokens. JSON contains the
/// number of satoshis.
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
    /// Creates an amount from a number of satoshis.
    pub const fn new(satoshis: i64) -> Self {
        Self(satoshis)
    }

    /// Creates an amount from a number of whole tokens, saturating at the numeric bounds.
    pub const fn whole(tokens: i64) -> Self {
        Self(tokens.saturating_mul(SATOSHIS))
    }

    /// Returns the number of satoshis.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Returns the amount rounded to the nearest 64-bit floating-point number, with ties to even.
    /// Amounts of up to 2^53 satoshis are unchanged.
    pub(crate) fn as_double(self) -> Self {
        let size = self.0.unsigned_abs();
        let bits = u64::BITS - size.leading_zeros();
        let Some(shift) = bits.checked_sub(53).filter(|shift| *shift > 0) else {
            return self;
        };
        let (unit, half) = (1u64 << shift, 1u64 << (shift - 1));
        let (floor, rest) = (size - size % unit, size % unit);
        let is_odd = (size >> shift) & 1 == 1;
        let up = rest > half || rest == half && is_odd;
        let rounded = i64::try_from(floor.saturating_add(if up { unit } else { 0 }));
        let rounded = rounded.unwrap_or(i64::MAX);
        Self(if self.0.is_negative() { -rounded } else { rounded })
    }

    /// Parses an amount in whole tokens as the server does: `round(floatval($text) * 100000000)` in
    /// PHP before 8.4. Only the number at the beginning of the string counts, so `5,000` is 5. A
    /// string that does not begin with a number is 0.
    ///
    /// Returns `None` if the result does not fit into 64 bits, or is not an integer. The latter is
    /// possible because PHP does not round numbers of 10^15 or more.
    pub(crate) fn from_php(text: &str) -> Option<Self> {
        let number = php_number(text);
        let number = if number.is_empty() { 0.0 } else { number.parse::<f64>().ok()? };
        let satoshis = php_round(number * 1e8);
        if satoshis.fract().abs() > 0.0 {
            return None;
        }
        format!("{satoshis:.0}").parse().ok().map(Self).filter(|amount| amount.0 != i64::MIN)
    }
}

/// Returns the number at the beginning of a string, as recognized by PHP's `floatval` and `intval`:
/// an optional sign, digits with an optional decimal point, and an optional exponent. Leading
/// whitespace is skipped. Returns an empty string if there are no digits.
pub(crate) fn php_number(text: &str) -> &str {
    let text = text.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let digits = |from: usize| {
        let rest = text.as_bytes().get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let is = |at: usize, set: &[u8]| text.as_bytes().get(at).is_some_and(|byte| set.contains(byte));
    let sign = usize::from(is(0, b"+-"));
    let whole = digits(sign);
    let mut end = sign + whole;
    let mut part = 0;
    if is(end, b".") {
        part = digits(end + 1);
        end += 1 + part;
    }
    if whole + part == 0 {
        return "";
    }
    if is(end, b"eE") {
        let sign = usize::from(is(end + 1, b"+-"));
        let exponent = digits(end + 1 + sign);
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    text.get(..end).unwrap_or_default()
}

/// Rounds to an integer like PHP's `round($value)` before PHP 8.4, which first rounds to 15
/// significant digits, so that 1000000000.4999999 becomes 1000000001. Numbers of 10^15 or more are
/// unchanged.
fn php_round(value: f64) -> f64 {
    const BEYOND: f64 = 1e15;
    let half_up = |size: f64| (size + 0.5).floor();
    let size = value.abs();
    if size >= BEYOND {
        return value;
    }
    let magnitude = format!("{size:e}").rsplit_once('e').and_then(|(_, power)| power.parse().ok());
    let rounded = match magnitude {
        Some(magnitude @ 0..14) => {
            let unit = 10f64.powi(14 - magnitude);
            half_up(half_up(size * unit) / unit)
        }
        _ => half_up(size),
    };
    rounded.copysign(value)
}

impl fmt::Display for Satoshis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = Amount::from(*self).to_string();
        let text = text.trim_end_matches('0').trim_end_matches('.');
        // `pad` would truncate the digits to the precision.
        f.pad_integral(self.0 >= 0, "", text.trim_start_matches('-'))
    }
}

impl FromStr for Satoshis {
    type Err = InputError;

    /// Parses an amount in whole tokens with at most eight decimal places, such as `12`, `0.5` or
    /// `1e3`.
    fn from_str(text: &str) -> Result<Self, InputError> {
        text.parse::<Amount>()?.try_into()
    }
}

impl From<Satoshis> for Amount {
    /// Converts satoshis to whole tokens, with eight decimal places.
    fn from(satoshis: Satoshis) -> Self {
        Self::from_minor_units(satoshis.0, DECIMALS)
    }
}

impl TryFrom<Amount> for Satoshis {
    type Error = InputError;

    /// Converts an amount in whole tokens. Returns an error if it has more than eight decimal
    /// places, or if the amount in satoshis does not fit into 64 bits.
    fn try_from(amount: Amount) -> Result<Self, InputError> {
        amount.minor_units(DECIMALS).map(Self).ok_or_else(|| {
            InputError::new(
                "amount",
                "must have at most 8 decimal places and be less than 92233720368.54775808",
            )
        })
    }
}

impl<'de> Deserialize<'de> for Satoshis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        satoshis(deserializer)?.ok_or_else(|| wire::empty_value(&"satoshis"))
    }
}

/// Deserializes satoshis from a number or a string. Null and an empty string are `None`.
pub(crate) fn satoshis<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Satoshis>, D::Error> {
    Ok(wire::integer(deserializer)?.map(Satoshis))
}

/// An amount of one asset, with the asset's precision.
///
/// See the example in the module [`balances`](crate::balances).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, User Address Object,
/// whose balances are plain numbers. `value` and `precision` are from the provider's plug-in of
/// 2022.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quantity {
    /// The amount in the asset's smallest unit: 10^-`precision` of a whole token, or a satoshi
    /// (10^-8) if `precision` is `None`.
    pub value: Satoshis,
    /// The number of decimal places of the asset. `None` means 8. Only servers from 2022 or later
    /// return it.
    pub precision: Option<u8>,
}

impl Quantity {
    fn decimals(self) -> u8 {
        self.precision.unwrap_or(DECIMALS)
    }

    /// Returns the amount truncated to whole satoshis, saturating at the numeric bounds.
    fn satoshis(self) -> Satoshis {
        let value = self.value.0;
        let scaled = match self.decimals().checked_sub(DECIMALS) {
            Some(more) => 10i64.checked_pow(more.into()).map_or(0, |unit| value / unit),
            None => value.saturating_mul(10i64.pow((DECIMALS - self.decimals()).into())),
        };
        Satoshis(scaled)
    }

    /// Compares the quantity with an amount. With 8 decimal places, both are compared as 64-bit
    /// floating-point numbers, as on the server. Otherwise, they are compared exactly.
    pub(crate) fn compare(self, amount: Satoshis) -> Ordering {
        let (value, wanted) = (i128::from(self.value.0), i128::from(amount.0));
        let decimals = self.decimals();
        match decimals.cmp(&DECIMALS) {
            Ordering::Equal => self.value.as_double().cmp(&amount.as_double()),
            Ordering::Less => (value * 10i128.pow((DECIMALS - decimals).into())).cmp(&wanted),
            Ordering::Greater => {
                let unit = 10i128.checked_pow((decimals - DECIMALS).into()).unwrap_or(i128::MAX);
                value.cmp(&wanted.saturating_mul(unit))
            }
        }
    }

    /// Returns the sum in the smaller of the two units. The sum saturates at the numeric bounds.
    /// Returns `None` if one of the quantities does not fit into 64 bits in that unit.
    fn plus(self, other: Self) -> Option<Self> {
        let decimals = self.decimals().max(other.decimals());
        let scaled = |quantity: Self| {
            let more = u32::from(decimals - quantity.decimals());
            match quantity.value.0 {
                0 => Some(0),
                value => value.checked_mul(10i64.checked_pow(more)?),
            }
        };
        let value = Satoshis(scaled(self)?.saturating_add(scaled(other)?));
        let differ = self.decimals() != other.decimals();
        let precision = if differ { Some(decimals) } else { self.precision.or(other.precision) };
        Some(Self { value, precision })
    }
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
    /// Deserializes a number (`5` or `"5"`) or an object (`{"value":5,"precision":8}`).
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Full {
            value: Option<Satoshis>,
            precision: Option<i64>,
        }
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let (value, precision) = if raw.get().starts_with('{') {
            let full: Full = parse(&raw)?;
            let precision = full.precision.map(u8::try_from).transpose();
            (full.value, precision.map_err(|_| D::Error::custom("precision: must be 0 to 255"))?)
        } else {
            (parse(&raw)?, None)
        };
        let value = value.ok_or_else(|| D::Error::custom("value: missing from the quantity"))?;
        Ok(Self { value, precision })
    }
}

/// An entry of [`Balances`]: the quantity of an asset, or `None` if the server lists the asset
/// without a valid amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
struct Listed(Option<Quantity>);

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Full {
            value: Option<Box<RawValue>>,
        }
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let full = match raw.get().starts_with('{') {
            true => parse::<Full, D::Error>(&raw)?.value,
            false => None,
        };
        let amount = match &full {
            Some(amount) => amount.get(),
            None if raw.get().starts_with('{') => "null",
            None => raw.get(),
        };
        let is_number = match amount.as_bytes() {
            b"null" | b"false" => true,
            [b'"', text @ .., b'"'] | text @ [b'-' | b'0'..=b'9', ..] => {
                let is_digit = |byte: &u8| *byte == b'-' || byte.is_ascii_digit();
                !amount.starts_with('"') || text.iter().all(is_digit)
            }
            _ => false,
        };
        match parse::<_, D::Error>(&raw) {
            Ok(quantity) => Ok(Self(Some(quantity))),
            Err(_) if is_number => Ok(Self(None)),
            Err(error) => Err(error),
        }
    }
}

/// Parses a value from its original JSON text.
fn parse<T: DeserializeOwned, E: Error>(raw: &RawValue) -> Result<T, E> {
    json_slice(raw.get().as_bytes()).map_err(E::custom)
}

/// Balances by asset, which [`Rules::evaluate`](crate::Rules::evaluate) compares with rules.
///
/// An amount with a [`precision`](Quantity::precision) other than 8 is compared exactly. Any other
/// amount is compared as a floating-point number, as on the server. The amount of a listed asset is
/// unknown if the response contains no amount, or one that is not an integer or does not fit into
/// 64 bits. Every rule about such an asset is false.
///
/// ```
/// use tokenpass_client::{Balances, Satoshis};
///
/// let balances = Balances::from([("TOKENLY", Satoshis::whole(10))]);
/// assert_eq!(balances.get("TOKENLY"), Satoshis::new(1_000_000_000));
/// assert_eq!(balances.get("LTBCOIN"), Satoshis::new(0));
/// ```
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, User Address Object. The
/// meaning of `[]` (no balances) is from the server's source code of 2017.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Balances(BTreeMap<String, Listed>);

/// The amount of an asset, if it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holding {
    Unknown,
    Known(Quantity),
}

impl Balances {
    /// Creates an empty set of balances.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the amount of an asset in satoshis, or 0 if the asset is not listed or its amount is
    /// unknown. Names of assets are case-sensitive.
    ///
    /// An amount with a precision other than 8 is truncated to whole satoshis, and saturates at the
    /// numeric bounds.
    pub fn get(&self, asset: &str) -> Satoshis {
        self.quantity(asset).map_or(Satoshis(0), Quantity::satoshis)
    }

    /// Returns the amount of an asset with its precision, or `None` if the asset is not listed or
    /// the amount is unknown.
    pub fn quantity(&self, asset: &str) -> Option<Quantity> {
        self.0.get(asset)?.0
    }

    /// Returns the amount of an asset. It is 0 if the asset is not listed, and unknown if the
    /// server lists the asset without a valid amount.
    pub(crate) fn holding(&self, asset: &str) -> Holding {
        match self.0.get(asset) {
            None => Holding::Known(Quantity::default()),
            Some(Listed(None)) => Holding::Unknown,
            Some(Listed(Some(quantity))) => Holding::Known(*quantity),
        }
    }

    /// Adds an amount to the balance of an asset. An unknown balance stays unknown.
    pub fn add(&mut self, asset: impl Into<String>, amount: Satoshis) {
        self.merge(asset.into(), Some(Quantity { value: amount, precision: None }));
    }

    /// Adds a quantity to the balance of an asset. If one of the amounts is unknown, so is the sum.
    pub(crate) fn merge(&mut self, asset: String, quantity: Option<Quantity>) {
        let total = match self.0.get(&asset) {
            None => quantity,
            Some(Listed(before)) => before.zip(quantity).and_then(|(a, b)| a.plus(b)),
        };
        self.0.insert(asset, Listed(total));
    }

    /// Returns the sum of the balances of all verified and active addresses in the list, because
    /// the server counts only these for a user. An address without the fields `verified` and
    /// `active` is treated as verified and active.
    pub fn from_addresses<'a>(addresses: impl IntoIterator<Item = &'a Address>) -> Self {
        let mut sum = Self::new();
        let counts =
            |address: &&Address| address.verified.unwrap_or(true) && address.active.unwrap_or(true);
        for address in addresses.into_iter().filter(counts) {
            for (asset, Listed(quantity)) in address.balances.iter().flat_map(|list| &list.0) {
                sum.merge(asset.clone(), *quantity);
            }
        }
        sum
    }

    /// Returns an iterator over the assets and their amounts, sorted by name. Assets whose amount
    /// is unknown are skipped.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Quantity)> {
        self.0.iter().filter_map(|(asset, Listed(quantity))| Some((asset.as_str(), (*quantity)?)))
    }

    /// Returns `true` if no asset is listed.
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

/// Deserializes the balances of an address. Null and `false`, which the server sends for an
/// unverified or inactive address, are `None`.
pub(crate) fn balances<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Balances>, D::Error> {
    or_false(deserializer)
}

/// Deserializes a value. Null and `false`, which the server sends if there is no value, are `None`.
fn or_false<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    match raw.get() {
        "null" | "false" => Ok(None),
        _ => parse(&raw).map(Some),
    }
}

/// Deserializes a string. Null and `false`, which the server sends if there is no string, are
/// `None`.
pub(crate) fn text_or_false<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    or_false(deserializer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The largest number of satoshis that a server interprets exactly.
    const EXACT: i64 = 1_000_000_000_000_000;

    #[test]
    fn numbers_are_parsed_as_by_php() {
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
            ("50e-00001", 500_000_000),
            ("1e00001", 1_000_000_000),
            ("1e+0000000000000000000001", 1_000_000_000),
            ("10.0000000049999999", 1_000_000_001),
            ("10.000000005", 1_000_000_001),
            // PHP rounds to 15 significant digits first.
            ("10.00000000499999", 1_000_000_001),
            ("10.0000000049999", 1_000_000_000),
            ("9999999.99999999", 999_999_999_999_999),
            ("10000000", 1_000_000_000_000_000),
            ("69716963.65032048", 6_971_696_365_032_049),
            ("1e-99999999999", 0),
            ("0e5", 0),
            (">1", 0),
        ] {
            assert_eq!(Satoshis::from_php(text).map(Satoshis::get), Some(satoshis), "{text:?}");
        }
        // Infinite, or at least 10^15 satoshis, which PHP does not round.
        for text in
            ["1e400", "-1e400", "1e99999999999", "10000000.000000011", "92233720368.54775808"]
        {
            assert_eq!(Satoshis::from_php(text), None, "{text}");
        }
    }

    #[test]
    fn php_number_is_the_prefix_of_a_string() {
        for (text, number) in [
            (" \t\n1", "1"),
            ("-1.5e-3x", "-1.5e-3"),
            ("+.5", "+.5"),
            ("10.", "10."),
            ("1e", "1"),
            ("1e+", "1"),
            ("1.2.3", "1.2"),
            (".", ""),
            ("-", ""),
            ("e5", ""),
            ("--1", ""),
            ("", ""),
        ] {
            assert_eq!(php_number(text), number, "{text:?}");
        }
    }

    #[test]
    fn width_pads_an_amount_and_precision_does_not_truncate_it() {
        let amount = Satoshis::whole(5000);
        assert_eq!(format!("{amount:.2}"), "5000");
        assert_eq!(format!("{amount:6.1}|{amount:<6}|{amount:*^8}"), "  5000|5000  |**5000**");
        assert_eq!(
            format!("{:>5}|{:06}", Satoshis::new(-150_000_000), Satoshis::new(-50_000_000)),
            " -1.5|-000.5"
        );
    }

    #[test]
    fn listed_asset_without_an_amount_is_unknown_and_not_an_error() {
        let json = r#"{"A":{"precision":8},"B":null,"C":{"value":"1000000000000000000000","precision":18},"D":1e30,"E":{"value":1,"precision":300},"F":7}"#;
        let read: Balances = serde_json::from_str(json).unwrap();
        for asset in ["A", "B", "C", "D", "E"] {
            assert_eq!(read.holding(asset), Holding::Unknown, "{asset}");
            assert_eq!((read.quantity(asset), read.get(asset).get()), (None, 0), "{asset}");
        }
        assert_eq!(read.iter().count(), 1);
        let text = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<Balances>(&text).unwrap(), read);
        for bad in [r#"{"A":"x"}"#, r#"{"A":true}"#, r#"{"A":[1]}"#, r#"{"A":{"value":{}}}"#] {
            assert!(serde_json::from_str::<Balances>(bad).is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<Quantity>(r#"{"precision":8}"#).is_err());
        // A sum with an unknown amount is unknown.
        let mut sum = read;
        sum.add("A", Satoshis::new(5));
        assert_eq!(sum.holding("A"), Holding::Unknown);
    }

    #[test]
    fn precision_scales_an_amount() {
        let quantity = |value, precision| Quantity { value: Satoshis(value), precision };
        for (value, precision, satoshis) in [
            (7, Some(0), 700_000_000),
            (15, Some(1), 150_000_000),
            (7, Some(8), 7),
            (7, None, 7),
            (19, Some(9), 1),
            (-19, Some(9), -1),
            (1_500_000_000_000_000_000, Some(18), 150_000_000),
            (i64::MAX, Some(0), i64::MAX),
            (i64::MAX, Some(255), 0),
        ] {
            assert_eq!(
                quantity(value, precision).satoshis().get(),
                satoshis,
                "{value} {precision:?}"
            );
        }
        for (value, precision, amount, ordering) in [
            (5, Some(0), 500_000_000, Ordering::Equal),
            (5, Some(0), 500_000_001, Ordering::Less),
            (5, Some(7), 50, Ordering::Equal),
            (500, Some(10), 5, Ordering::Equal),
            (11, Some(9), 1, Ordering::Greater),
            (10, Some(9), 1, Ordering::Equal),
            (9, Some(9), 1, Ordering::Less),
            (1, Some(255), 0, Ordering::Greater),
            (1, Some(255), 1, Ordering::Less),
            (-1, Some(255), -1, Ordering::Greater),
            (i64::MAX, Some(0), i64::MAX, Ordering::Greater),
        ] {
            let compared = quantity(value, precision).compare(Satoshis(amount));
            assert_eq!(compared, ordering, "{value} {precision:?} {amount}");
        }
        let mut sum = Balances::new();
        for part in [quantity(1, Some(0)), quantity(5, Some(9)), quantity(1, None)] {
            sum.merge("A".to_owned(), Some(part));
        }
        assert_eq!(sum.quantity("A"), Some(quantity(1_000_000_015, Some(9))));
        sum.merge("A".to_owned(), Some(quantity(1, Some(40))));
        assert_eq!(sum.holding("A"), Holding::Unknown, "the sum does not fit");
    }

    #[test]
    fn amount_between_two_doubles_is_rounded_to_the_even_one() {
        const EXACT: i64 = 1 << 53;
        for (amount, double) in
            [(EXACT + 1, EXACT), (EXACT + 2, EXACT + 2), (EXACT + 3, EXACT + 4), (0, 0)]
        {
            assert_eq!(Satoshis(amount).as_double().get(), double);
            assert_eq!(Satoshis(-amount).as_double().get(), -double);
        }
    }

    #[test]
    fn only_verified_and_active_addresses_count() {
        for (members, counts) in [
            ("", true),
            (r#","verified":true,"active":true"#, true),
            (r#","verified":true,"active":false"#, false),
            (r#","verified":false,"active":true"#, false),
            (r#","verified":false"#, false),
            (r#","active":false"#, false),
        ] {
            let json = format!(r#"{{"address":"1A","balances":{{"A":7}}{members}}}"#);
            let sum = Balances::from_addresses(&[serde_json::from_str(&json).unwrap()]);
            assert_eq!((sum.get("A").get(), sum.is_empty()), (7 * i64::from(counts), !counts));
        }
    }

    #[test]
    fn smallest_amount_round_trips_as_text() {
        for amount in [i64::MIN, -i64::MAX, i64::MAX] {
            assert_eq!(Satoshis(amount).to_string().parse::<Satoshis>().unwrap().get(), amount);
        }
    }

    #[test]
    fn inexact_amounts_are_rejected() {
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
    fn balances_of_every_generation_are_parsed() {
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
        fn every_amount_round_trips_as_text(amount: i64) {
            let text = Satoshis(amount).to_string();
            prop_assert_eq!(text.parse::<Satoshis>().unwrap().get(), amount);
        }

        #[test]
        fn php_parses_every_amount_up_to_10_to_the_15_exactly(amount in -EXACT..=EXACT) {
            let read = Satoshis::from_php(&Satoshis(amount).to_string());
            prop_assert_eq!(read, Some(Satoshis(amount)));
        }

        #[test]
        fn as_double_matches_the_hardware(amount in -i64::MAX..=i64::MAX) {
            let double = amount.to_string().parse::<f64>().unwrap();
            let expected = format!("{double:.0}").parse::<i128>().unwrap();
            let expected = expected.clamp(i128::from(-i64::MAX), i128::from(i64::MAX));
            prop_assert_eq!(i128::from(Satoshis(amount).as_double().get()), expected);
        }

        #[test]
        fn parsers_never_panic(text in ".*") {
            let _ = Satoshis::from_php(&text);
            let _ = text.parse::<Satoshis>();
        }
    }
}
