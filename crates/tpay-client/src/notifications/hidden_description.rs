//! The hidden description of a transaction in a notification, byte for byte.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// A hidden description of a transaction, such as your order number, byte for byte as received.
///
/// Comparing it with a string compares the bytes. A description in an encoding other than UTF-8 is
/// therefore not equal to any string. `Display` shows U+FFFD in place of each invalid sequence, so
/// never search for an order by the displayed text: use [`as_str`](Self::as_str) or
/// [`as_bytes`](Self::as_bytes).
///
/// ```
/// use tpay_client::notifications::events::HiddenDescription;
///
/// let order = HiddenDescription::from("order-7");
/// assert!(order == "order-7" && order.as_str() == Some("order-7"));
///
/// let latin = HiddenDescription::from(b"zam\xf3wienie".to_vec());
/// assert_eq!(latin.to_string(), "zam\u{fffd}wienie");
/// assert!(latin != "zam\u{fffd}wienie" && latin.as_str().is_none());
/// ```
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks, `tr_crc`. The encoding is
/// not documented.
#[derive(Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "String")]
pub struct HiddenDescription(Vec<u8>);

impl HiddenDescription {
    /// Returns the description as a string. Returns `None` if the bytes are not UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        str::from_utf8(&self.0).ok()
    }

    /// Returns the bytes of the description as they were received.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns whether the description is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for HiddenDescription {
    /// Formats the description as a string, with U+FFFD in place of bytes that are not UTF-8.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for HiddenDescription {
    /// Formats the bytes as a string literal. Bytes that are not UTF-8 are escaped, for example as
    /// `\xF3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for chunk in self.0.utf8_chunks() {
            write!(f, "{}", chunk.valid().escape_debug())?;
            chunk.invalid().iter().try_for_each(|byte| write!(f, "\\x{byte:02X}"))?;
        }
        f.write_str("\"")
    }
}

impl Serialize for HiddenDescription {
    /// Serializes the same string as `Display`, in which U+FFFD replaces bytes that are not UTF-8.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<Vec<u8>> for HiddenDescription {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<String> for HiddenDescription {
    fn from(text: String) -> Self {
        Self(text.into_bytes())
    }
}

impl From<&str> for HiddenDescription {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl PartialEq<str> for HiddenDescription {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for HiddenDescription {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<String> for HiddenDescription {
    fn eq(&self, other: &String) -> bool {
        self.0 == other.as_bytes()
    }
}
