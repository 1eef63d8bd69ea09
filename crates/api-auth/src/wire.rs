//! Tolerant deserializers for real responses, and the small types that models share.
//!
//! The functions are for `#[serde(default, deserialize_with = "...")]`. A field that is absent or
//! null is `None`. A number may be sent as a string, and a string as a number.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::time::{Duration, SystemTime};

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::encode::written;
use crate::error::input::InputError;
use crate::secret::Secret;

/// A time in seconds since 1970-01-01 00:00 UTC.
///
/// With the feature `jiff` it converts to and from `jiff::Timestamp`.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use api_auth::UnixTime;
///
/// let time = UnixTime::from(SystemTime::UNIX_EPOCH + Duration::from_secs(90));
/// assert_eq!(time.seconds(), 90);
/// assert!(time < UnixTime::from_seconds(91));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct UnixTime(i64);

impl UnixTime {
    /// Creates a time from its seconds.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Returns the seconds.
    pub const fn seconds(self) -> i64 {
        self.0
    }
}

impl Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<SystemTime> for UnixTime {
    /// Converts the time without fractions of a second.
    fn from(time: SystemTime) -> Self {
        let whole = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => Self(whole(after)),
            Err(before) => Self(-whole(before.duration())),
        }
    }
}

impl TryFrom<UnixTime> for SystemTime {
    type Error = InputError;

    /// # Errors
    /// Returns an error for a time that the system cannot represent.
    fn try_from(time: UnixTime) -> Result<Self, Self::Error> {
        let distance = Duration::from_secs(time.0.unsigned_abs());
        if time.0 < 0 {
            Self::UNIX_EPOCH.checked_sub(distance)
        } else {
            Self::UNIX_EPOCH.checked_add(distance)
        }
        .ok_or_else(|| InputError::new("time", "is out of range"))
    }
}

impl<'de> Deserialize<'de> for UnixTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        integer(deserializer)?.map(Self).ok_or_else(|| D::Error::custom("expected seconds"))
    }
}

/// An exact decimal number for money. It is deserialized from a JSON number or string, without a
/// binary fraction.
///
/// It consists of an integer and a number of decimals. `4.9` and `4.90` are equal. With the feature
/// `rust_decimal` it converts to and from `rust_decimal::Decimal`, exactly or with an error.
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

    /// Creates an amount from `units` of the smallest unit of a currency with that many `decimals`
    /// (2 for cents and grosze). More than 18 decimals count as 18.
    pub const fn from_minor_units(units: i64, decimals: u8) -> Self {
        let decimals = if decimals > Self::MOST_DECIMALS { Self::MOST_DECIMALS } else { decimals };
        Self { digits: units, decimals }
    }

    /// Returns the amount in the smallest unit of a currency with that many `decimals`. Returns
    /// `None` if the amount has a smaller fraction or is too large.
    pub fn minor_units(self, decimals: u8) -> Option<i64> {
        match decimals.checked_sub(self.decimals) {
            Some(more) => self.digits.checked_mul(10i64.checked_pow(u32::from(more))?),
            None => {
                let divisor = 10i64.checked_pow(u32::from(self.decimals - decimals))?;
                (self.digits % divisor == 0).then_some(self.digits / divisor)
            }
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

/// Formats the amount with its decimals. A precision, as in `{:.2}`, is the minimum number of
/// decimals. The amount is never rounded.
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

    /// Parses `12`, `12.34`, `-0.5`, `.50` and the JSON forms with an exponent (`1.2e3`).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_amount(text.trim()).ok_or_else(|| {
            InputError::new("amount", "must be a number with a decimal point, such as 12.34")
        })
    }
}

fn parse_amount(text: &str) -> Option<Amount> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && part.is_empty() {
        return None;
    }
    let mut digits: i64 = 0;
    for byte in whole.bytes().chain(part.bytes()) {
        let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
        // With its sign, since the smallest number has no positive counterpart.
        let digit = if negative { -digit } else { digit };
        digits = digits.checked_mul(10)?.checked_add(digit)?;
    }
    let mut decimals = i32::try_from(part.len()).ok()?.checked_sub(exponent)?;
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

impl Serialize for Amount {
    /// Serializes a JSON number with exactly the digits of [`Display`].
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // At most a sign, 20 digits and a point.
        let mut buffer = [0; 24];
        let number: &RawValue = serde_json::from_slice(written(self, &mut buffer).as_bytes())
            .map_err(serde::ser::Error::custom)?;
        number.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        amount(deserializer)?.ok_or_else(|| D::Error::custom("expected an amount"))
    }
}

/// Deserializes an exact amount from a JSON number or string. Returns `None` for null, an empty
/// string and any value that is not a decimal number.
///
/// # Errors
/// Returns an error if the input is not JSON.
pub fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Amount>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let text = raw.get();
    Ok(parse_amount(text.trim_matches('"').trim()))
}

/// Deserializes a string from a JSON string, number or boolean. Returns `None` for null.
///
/// # Errors
/// Returns an error if the value is an array or an object.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    borrowed_text(deserializer).map(|text| text.map(Cow::into_owned))
}

/// Deserializes like [`text`], and borrows from the input if possible: for values that are compared
/// and not stored.
///
/// # Errors
/// Returns an error if the value is an array or an object.
pub fn borrowed_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Cow<'de, str>>, D::Error> {
    struct Text;

    impl<'de> Visitor<'de> for Text {
        type Value = Option<Cow<'de, str>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text or a number")
        }

        fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
            Ok(Some(Cow::Borrowed(value)))
        }

        fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
            Ok(Some(Cow::Owned(value.to_owned())))
        }

        fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
            Ok(Some(Cow::Owned(value)))
        }

        fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
            Ok(Some(Cow::Owned(value.to_string())))
        }

        fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
            Ok(Some(Cow::Owned(value.to_string())))
        }

        fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
            Ok(Some(Cow::Owned(value.to_string())))
        }

        fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
            Ok(Some(Cow::Borrowed(if value { "true" } else { "false" })))
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }

    deserializer.deserialize_any(Text)
}

/// Deserializes a whole number from a JSON number or string. Returns `None` for null, `false` and
/// an empty string.
///
/// # Errors
/// Returns an error for any other value.
pub fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    struct Integer;

    impl<'de> Visitor<'de> for Integer {
        type Value = Option<i64>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a whole number")
        }

        fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
            Ok(Some(value))
        }

        fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Self::Value, E> {
            i64::try_from(value).map(Some).map_err(|_| E::custom("number out of range"))
        }

        fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Self::Value, E> {
            // Some servers send whole numbers as `1399568000.0`.
            self.visit_str(&value.to_string())
        }

        fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Self::Value, E> {
            // PHP sends `false` for a missing value.
            if value { Err(E::custom("expected a whole number")) } else { Ok(None) }
        }

        fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Self::Value, E> {
            match value.trim() {
                "" => Ok(None),
                text => parse_amount(text)
                    .and_then(|number| number.minor_units(0))
                    .map(Some)
                    .ok_or_else(|| E::custom("expected a whole number")),
            }
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }

    deserializer.deserialize_any(Integer)
}

/// Deserializes a time in Unix seconds, like [`integer`].
///
/// # Errors
/// Returns an error if the value is not a whole number.
pub fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<UnixTime>, D::Error> {
    Ok(integer(deserializer)?.map(UnixTime))
}

/// Deserializes an end time in Unix seconds. Returns `None` (no end) for null, `false`, an empty
/// string and 0.
///
/// # Errors
/// Returns an error if the value is not a whole number.
pub fn end_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<UnixTime>, D::Error> {
    Ok(integer(deserializer)?.filter(|seconds| *seconds != 0).map(UnixTime))
}

/// Deserializes a boolean from `true`, `1`, `"1"`, `"true"` and their opposites. Returns `None` for
/// null and an empty string.
///
/// # Errors
/// Returns an error for any other value.
pub fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    match borrowed_text(deserializer)?.as_deref().map(str::trim) {
        None | Some("") => Ok(None),
        Some("1" | "true") => Ok(Some(true)),
        Some("0" | "false") => Ok(Some(false)),
        Some(_) => Err(D::Error::custom("expected true or false")),
    }
}

/// Deserializes a secret from a string, number or boolean. Returns `None` for null and an empty
/// string.
///
/// # Errors
/// Returns an error if the value is an array or an object.
pub fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    let text = text(deserializer)?.filter(|text| !text.is_empty());
    Ok(text.map(Secret::from))
}

/// Serializes a secret in a request, which [`Secret`] does not do by itself. For `serialize_with`
/// in request bodies only, never in a model.
///
/// # Errors
/// Returns an error if the serializer fails.
pub fn exposed<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

/// Serializes an optional secret like [`exposed`].
///
/// # Errors
/// Returns an error if the serializer fails.
pub fn exposed_some<S: Serializer>(
    secret: &Option<Secret>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => exposed(secret, serializer),
        None => serializer.serialize_none(),
    }
}

/// Deserializes strings from a list of strings, numbers and booleans, or from a single string or
/// whole number. Null and an empty string are an empty list. Entries that are null are skipped.
///
/// # Errors
/// Returns an error if the value is a boolean, a fraction or an object, or if an entry is a list or
/// an object.
pub fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct OneText(Option<String>);

    impl<'de> Deserialize<'de> for OneText {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            text(deserializer).map(Self)
        }
    }

    struct Texts;

    impl<'de> Visitor<'de> for Texts {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text or a list of texts")
        }

        fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
            Ok(if value.is_empty() { Vec::new() } else { vec![value.to_owned()] })
        }

        fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
            Ok(vec![value.to_string()])
        }

        fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
            Ok(vec![value.to_string()])
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut texts = Vec::new();
            while let Some(OneText(text)) = seq.next_element()? {
                texts.extend(text);
            }
            Ok(texts)
        }
    }

    deserializer.deserialize_any(Texts)
}

/// Deserializes a list. Null is an empty list.
///
/// # Errors
/// Returns an error for any other value, or if an entry cannot be deserialized.
pub fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Deserializes an object. Returns `None` for null, and for the empty list or string that PHP sends
/// in its place.
///
/// # Errors
/// Returns an error for any other value, or if the object cannot be deserialized.
pub fn object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            match seq.next_element::<serde::de::IgnoredAny>()? {
                None => Ok(None),
                Some(_) => Err(A::Error::custom("expected an object, found a list")),
            }
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            if text.is_empty() { Ok(None) } else { Err(E::custom("expected an object")) }
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }

    deserializer.deserialize_any(Object(PhantomData))
}

/// Deserializes objects from a list or from a single object. Null is an empty list.
///
/// # Errors
/// Returns an error for any other value, or if an object cannot be deserialized.
pub fn one_or_more<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(Several { keyed: false, entry: PhantomData })
}

/// Deserializes objects from a list, or from a map of ids to objects. The ids are dropped, because
/// the objects contain them. Null is an empty list.
///
/// # Errors
/// Returns an error for any other value, or if an object cannot be deserialized.
pub fn list_or_map<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(Several { keyed: true, entry: PhantomData })
}

struct Several<T> {
    keyed: bool,
    entry: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Several<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        if !self.keyed {
            return T::deserialize(MapAccessDeserializer::new(map)).map(|one| vec![one]);
        }
        let mut entries = Vec::new();
        while let Some((_, entry)) = map.next_entry::<serde::de::IgnoredAny, T>()? {
            entries.push(entry);
        }
        Ok(entries)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = seq.next_element()? {
            entries.push(entry);
        }
        Ok(entries)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
}

/// Deserializes a map. Null, and the `[]` that PHP sends for an empty map, are an empty map.
///
/// # Errors
/// Returns an error for any other value, such as a list with entries, or if an entry cannot be
/// deserialized.
pub fn map<'de, D, V>(deserializer: D) -> Result<BTreeMap<String, V>, D::Error>
where
    D: Deserializer<'de>,
    V: Deserialize<'de>,
{
    struct Map<V>(PhantomData<V>);

    impl<'de, V: Deserialize<'de>> Visitor<'de> for Map<V> {
        type Value = BTreeMap<String, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries = BTreeMap::new();
            while let Some((key, value)) = map.next_entry()? {
                entries.insert(key, value);
            }
            Ok(entries)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            match seq.next_element::<serde::de::IgnoredAny>()? {
                None => Ok(BTreeMap::new()),
                Some(_) => Err(A::Error::custom("expected a map, found a list")),
            }
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(BTreeMap::new())
        }
    }

    deserializer.deserialize_any(Map(PhantomData))
}

/// The additional fields of a response, which its type does not cover. Also for objects whose
/// fields are not documented.
///
/// ```
/// use api_auth::ExtraFields;
///
/// let fields: ExtraFields = serde_json::from_str(r#"{"rid":"r1","renewals":3,"plan":{"period":"monthly"}}"#)?;
/// assert_eq!(fields.text("renewals").as_deref(), Some("3"));
/// assert_eq!(fields.json("plan").as_deref(), Some(r#"{"period":"monthly"}"#));
/// assert_eq!(fields.integer("renewals"), Some(3));
/// assert_eq!(fields.read::<u8>("renewals"), Some(3));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExtraFields(BTreeMap<String, Value>);

impl fmt::Debug for ExtraFields {
    /// Formats the names only: a value may be a secret, whatever its name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl ExtraFields {
    /// Returns the names of the fields, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Returns whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether there is a field of that name, null included.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Returns a string, number or boolean as a string. Returns `None` if the field is absent,
    /// null, a list or an object.
    pub fn text(&self, name: &str) -> Option<String> {
        text(self.0.get(name)?).ok()?
    }

    /// Returns a whole number, which may be a string. Returns `None` if the field is absent or has
    /// any other value.
    pub fn integer(&self, name: &str) -> Option<i64> {
        integer(self.0.get(name)?).ok()?
    }

    /// Removes a field and returns it as the given type. Returns `None`, and keeps the field, if it
    /// has another type.
    pub fn take<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = self.read(name)?;
        self.remove(name);
        Some(value)
    }

    /// Removes a field of any type.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Returns a field of any type as JSON.
    pub fn json(&self, name: &str) -> Option<String> {
        self.0.get(name).map(Value::to_string)
    }

    /// Returns a field as the given type. Returns `None` if it is absent or has another type.
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        T::deserialize(self.0.get(name)?).ok()
    }
}

/// Declares an enum of documented strings that keeps unknown strings.
///
/// Deserialization only fails for arrays and objects, and `as_str` returns the original string. The
/// variant of unknown strings cannot be named, so a new variant can be added without breaking a
/// `match`.
///
/// ```
/// api_auth::wire_enum! {
///     /// The status of a certificate.
///     pub enum Status {
///         /// The certificate can be used.
///         Good = "good",
///         /// The certificate is revoked.
///         Revoked = "revoked",
///     }
/// }
/// assert_eq!(Status::from("good"), Status::Good);
/// let unknown: Status = serde_json::from_str("\"asleep\"")?;
/// assert_eq!((unknown.as_str(), unknown.is_known()), ("asleep", false));
/// assert_eq!(serde_json::to_string(&unknown)?, "\"asleep\"");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! wire_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident = $text:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )+
            #[doc(hidden)]
            Unknown($crate::UnknownText),
        }

        impl $name {
            /// The known values, in the order of the documentation.
            pub const KNOWN: &'static [Self] = &[$( Self::$variant ),+];

            /// Returns the string that the API uses.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $text, )+
                    Self::Unknown(text) => text.as_str(),
                }
            }

            /// Returns whether the value is documented.
            pub fn is_known(&self) -> bool {
                !matches!(self, Self::Unknown(_))
            }
        }

        impl ::std::convert::From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $( $text => Self::$variant, )+
                    other => Self::Unknown($crate::UnknownText::new(other)),
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::serde::Serialize for $name {
            fn serialize<S: $crate::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                let text = $crate::wire::borrowed_text(deserializer)?;
                Ok(Self::from(text.as_deref().unwrap_or_default()))
            }
        }
    };
}

/// The string of a [`wire_enum!`] value that is not known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UnknownText(Box<str>);

impl UnknownText {
    #[doc(hidden)]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Returns the string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Deserialize, Debug, Default, PartialEq)]
    #[serde(default)]
    struct Model {
        #[serde(deserialize_with = "text")]
        text: Option<String>,
        #[serde(deserialize_with = "integer")]
        integer: Option<i64>,
        #[serde(deserialize_with = "end_time")]
        end: Option<UnixTime>,
        #[serde(deserialize_with = "boolean")]
        boolean: Option<bool>,
        #[serde(deserialize_with = "texts")]
        texts: Vec<String>,
        #[serde(deserialize_with = "amount")]
        amount: Option<Amount>,
        #[serde(deserialize_with = "map")]
        map: BTreeMap<String, u8>,
    }

    fn read(json: &str) -> Model {
        serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
    }

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
    fn debug_of_unknown_fields_shows_names_only() {
        let text = r#"{"id":"CANARY","apiKey":"CANARY","of":[{"cvv":123,"n":1}]}"#;
        let mut fields: ExtraFields = serde_json::from_str(text).unwrap();
        assert_eq!(format!("{fields:?}"), r#"{"apiKey", "id", "of"}"#);
        assert_eq!(fields.text("apiKey").as_deref(), Some("CANARY"));
        assert_eq!(fields.take::<u8>("id"), None);
        assert_eq!(fields.take::<String>("id").as_deref(), Some("CANARY"));
        assert!(!fields.contains("id") && fields.contains("of"));
    }

    #[test]
    fn absent_and_null_are_the_same() {
        let nulls = r#"{"text":null,"integer":null,"end":null,"boolean":null,"texts":null,"amount":null,"map":null}"#;
        assert_eq!(read(nulls), read("{}"));
    }

    #[test]
    fn numbers_come_as_text_and_texts_as_numbers() {
        let model = read(r#"{"text":42,"integer":" 42 ","boolean":"1","texts":["a",7,null]}"#);
        assert_eq!(model.text.as_deref(), Some("42"));
        assert_eq!(model.integer, Some(42));
        assert_eq!(model.boolean, Some(true));
        assert_eq!(model.texts, ["a", "7"]);
        assert_eq!(read(r#"{"integer":1399568000.0}"#).integer, Some(1_399_568_000));
        assert_eq!(read(r#"{"texts":"one"}"#).texts, ["one"]);
        assert_eq!(read(r#"{"map":[]}"#).map, BTreeMap::new());
        assert_eq!(read(r#"{"map":{"a":1}}"#).map["a"], 1);
    }

    #[test]
    fn a_secret_is_written_only_where_it_is_asked_for() {
        #[derive(Deserialize, Serialize)]
        struct Login {
            #[serde(default, deserialize_with = "secret", serialize_with = "exposed_some")]
            key: Option<Secret>,
        }
        let login = |json: &str| serde_json::from_str::<Login>(json).unwrap();
        assert_eq!(login(r#"{"key":7}"#).key, Some(Secret::new("7")));
        assert!(
            [r#"{"key":null}"#, r#"{"key":""}"#, "{}"].iter().all(|json| login(json).key.is_none())
        );
        assert_eq!(serde_json::to_string(&login(r#"{"key":"k"}"#)).unwrap(), r#"{"key":"k"}"#);
    }

    #[derive(Deserialize, Debug, PartialEq)]
    struct Priced {
        amount: Amount,
    }

    #[derive(Deserialize, Debug, Default, PartialEq)]
    #[serde(default)]
    struct Shapes {
        #[serde(deserialize_with = "object")]
        object: Option<Priced>,
        #[serde(deserialize_with = "one_or_more")]
        errors: Vec<Priced>,
        #[serde(deserialize_with = "list_or_map")]
        groups: Vec<Priced>,
    }

    #[test]
    fn objects_come_alone_in_lists_in_maps_and_as_the_empty_list() {
        let read = |json: &str| serde_json::from_str::<Shapes>(json).unwrap();
        let priced = || Priced { amount: Amount::from_minor_units(10, 2) };
        for empty in [
            "{}",
            r#"{"object":null,"errors":null,"groups":null}"#,
            r#"{"object":[],"errors":[],"groups":[]}"#,
            r#"{"object":"","errors":[],"groups":{}}"#,
        ] {
            assert_eq!(read(empty), Shapes::default(), "{empty}");
        }
        let one = Shapes { object: Some(priced()), errors: vec![priced()], groups: vec![priced()] };
        let object = r#"{"amount":0.1}"#;
        for (errors, groups) in [
            (object.to_owned(), format!(r#"{{"150":{object}}}"#)),
            (format!("[{object}]"), format!("[{object}]")),
        ] {
            let text = format!(r#"{{"object":{object},"errors":{errors},"groups":{groups}}}"#);
            assert_eq!(read(&text), one, "{text}");
        }
        assert!(serde_json::from_str::<Shapes>(r#"{"object":[1]}"#).is_err());
        assert!(serde_json::from_str::<Shapes>(r#"{"object":"x"}"#).is_err());
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
    fn an_end_of_zero_is_no_end() {
        assert_eq!(read(r#"{"end":0}"#).end, None);
        assert_eq!(read(r#"{"end":"0"}"#).end, None);
        assert_eq!(read(r#"{"end":false}"#).end, None);
        assert_eq!(read(r#"{"end":1}"#).end, Some(UnixTime(1)));
    }

    #[test]
    fn money_is_exact_from_number_and_text() {
        for json in [r#"{"amount":0.1}"#, r#"{"amount":"0.10"}"#, r#"{"amount":1e-1}"#] {
            assert_eq!(read(json).amount.unwrap().minor_units(2), Some(10), "{json}");
        }
        assert_eq!(
            read(r#"{"amount":9007199254740993}"#).amount.unwrap().to_string(),
            "9007199254740993"
        );
        assert_eq!(read(r#"{"amount":"$4.99 USD"}"#).amount, None);
        assert_eq!(read(r#"{"amount":[1]}"#).amount, None);
        assert_eq!(serde_json::to_string(&Amount::from_minor_units(-5, 2)).unwrap(), "-0.05");
    }

    #[test]
    fn smallest_amount_comes_back_from_its_text() {
        for decimals in [0, 2, 8, 18] {
            let amount = Amount::from_minor_units(i64::MIN, decimals);
            assert_eq!(amount.to_string().parse::<Amount>().unwrap(), amount);
        }
        assert!("-9223372036854775809".parse::<Amount>().is_err());
    }

    #[test]
    fn amounts_that_do_not_fit_are_refused_and_not_rounded() {
        for bad in
            ["", "-", ".", "1.2.3", "1,5", "9223372036854775808", "1e19", "1e-99", "--1", "+1"]
        {
            assert!(bad.parse::<Amount>().is_err(), "{bad}");
        }
        assert_eq!("1.005".parse::<Amount>().unwrap().minor_units(2), None);
        assert_eq!(
            "92233720368547758.07".parse::<Amount>().unwrap().minor_units(2),
            Some(i64::MAX)
        );
    }

    #[test]
    fn a_text_is_borrowed_unless_it_is_written_with_escapes() {
        let read = |json: &'static str| {
            borrowed_text(&mut serde_json::Deserializer::from_slice(json.as_bytes())).unwrap()
        };
        assert!(matches!(read("\"good\""), Some(Cow::Borrowed("good"))));
        assert!(matches!(read("true"), Some(Cow::Borrowed("true"))));
        assert_eq!(read("\"\\u0067ood\"").as_deref(), Some("good"));
        assert_eq!((read("7").as_deref(), read("null")), (Some("7"), None));
    }

    proptest! {
        #[test]
        fn every_amount_comes_back_from_its_text(units: i64, decimals in 0u8..=18) {
            let amount = Amount::from_minor_units(units, decimals);
            let text = amount.to_string();
            prop_assert_eq!(text.parse::<Amount>().unwrap().minor_units(decimals), Some(units));
            let json = serde_json::to_string(&amount).unwrap();
            prop_assert_eq!(serde_json::from_str::<Amount>(&json).unwrap(), amount);
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = text.parse::<Amount>();
            let _ = serde_json::from_str::<Model>(&text);
        }
    }
}
