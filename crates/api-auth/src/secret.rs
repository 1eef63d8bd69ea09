//! Secrets that must never be printed: keys, passphrases, tokens.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::encode::hex;
use crate::error::input::InputError;
use crate::scalar;
use crate::validate;

/// A key, passphrase or token. It is wiped from memory when dropped and never printed.
///
/// `Debug` prints `Secret(***)`. There is no `Display` and no `Serialize`, so a secret reaches a
/// log, a file or a screen only through an explicit call to [`Secret::expose`]. The comparison of
/// two secrets of the same length takes constant time.
///
/// ```
/// use api_auth::Secret;
///
/// let key = Secret::new("jNq3vT0aB7xKc5mYpR8wZ2dLhE6uFsG1iOoQyX4t");
/// assert_eq!(format!("{key:?}"), "Secret(***)");
/// assert!(key.expose().starts_with("jNq3"));
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Creates a secret. A `String` is moved, not copied.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// Generates a secret of 64 hex digits (256 random bits from the operating system), for example
    /// for the `state` of a login, a nonce or a session id.
    ///
    /// ```
    /// use api_auth::Secret;
    ///
    /// assert_ne!(Secret::unguessable()?, Secret::unguessable()?);
    /// # Ok::<(), api_auth::InputError>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the operating system provides no randomness, as in a sandbox that
    /// forbids access to it. The error's argument is `randomness`. There is no weaker fallback.
    pub fn unguessable() -> Result<Self, InputError> {
        Self::of_bits(getrandom::getrandom)
    }

    /// Returns a secret that consists of 64 hex digits, for the 32 bytes that `fill` writes.
    fn of_bits<E: fmt::Display>(
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<Self, InputError> {
        let mut bits = Zeroizing::new([0; 32]);
        fill(&mut *bits).map_err(|error| {
            InputError::new(
                "randomness",
                format!("cannot get random bytes from the operating system: {error}"),
            )
        })?;
        let digits = Zeroizing::new(hex(&bits));
        Ok(Self::new(str::from_utf8(&*digits).unwrap_or_default()))
    }

    /// Returns the secret. The caller is responsible for protecting it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns whether the secret begins or ends with whitespace; see
    /// [`validate::has_outer_space`].
    pub fn has_outer_space(&self) -> bool {
        validate::has_outer_space(&self.0)
    }

    /// Returns whether the secret is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Secret {
    /// Deserializes a string or a number. An empty string is an error, but [`json`](crate::json())
    /// parses it as `None` for an `Option<Secret>`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = scalar::text(deserializer)?.filter(|text| !text.is_empty());
        text.map(Self::from).ok_or_else(|| scalar::empty_value(&"a secret"))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&String> for Secret {
    fn from(text: &String) -> Self {
        Self::new(text.as_str())
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// Bytes that must never be printed, such as a file with a private key. They are wiped from memory
/// when dropped.
///
/// ```
/// use api_auth::SecretBytes;
///
/// let file = SecretBytes::from_base64("MIIBAAEC/+7/gA==").unwrap();
/// assert_eq!(format!("{file:?}"), "SecretBytes(***)");
/// assert_eq!(file.expose().len(), 10);
/// ```
#[derive(Clone)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Creates a secret. A `Vec<u8>` is moved, not copied.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// Decodes base64 with the standard alphabet and padding. ASCII whitespace is skipped. Returns
    /// `None` for any other input.
    pub fn from_base64(text: &str) -> Option<Self> {
        let mut packed = Zeroizing::new(text.as_bytes().to_vec());
        packed.retain(|byte| !byte.is_ascii_whitespace());
        STANDARD.decode(&*packed).ok().map(Self::new)
    }

    /// Returns the bytes. The caller is responsible for protecting them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(***)")
    }
}

impl PartialEq for SecretBytes {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretBytes {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_the_secret() {
        let secret = Secret::new("CANARY");
        assert_eq!(format!("{secret:?} {secret:#?}"), "Secret(***) Secret(***)");
    }

    #[test]
    fn equal_texts_are_equal_secrets() {
        assert_eq!(Secret::new("a"), Secret::from("a".to_owned()));
        assert_eq!(Secret::new("a"), Secret::from(&"a".to_owned()));
        assert_ne!(Secret::new("a"), Secret::new("b"));
        assert_ne!(Secret::new("a"), Secret::new("ab"));
    }

    #[test]
    fn unguessable_secret_has_all_random_bits_of_the_system() {
        let secret = Secret::unguessable().unwrap();
        assert_eq!(secret.expose().len(), 64);
        assert!(secret.expose().bytes().all(|digit| digit.is_ascii_hexdigit()));
        let counted = Secret::of_bits(|bits| {
            bits.iter_mut().zip(0xe0..=0xff).for_each(|(bit, value)| *bit = value);
            Ok::<(), &str>(())
        });
        let digits: String = (0xe0..=0xff).map(|value: u8| format!("{value:02x}")).collect();
        assert_eq!(counted.unwrap().expose(), digits);
    }

    #[test]
    fn without_randomness_there_is_an_error_and_no_secret() {
        let error = Secret::of_bits(|_| Err("not permitted")).unwrap_err();
        assert_eq!(error.argument(), "randomness");
        assert_eq!(
            error.to_string(),
            "randomness: cannot get random bytes from the operating system: not permitted"
        );
    }

    #[test]
    fn base64_is_decoded_strictly_except_for_line_ends() {
        let bytes = SecretBytes::from_base64("AAEC\r\n/+4=\n").unwrap();
        assert_eq!(bytes.expose(), [0, 1, 2, 0xff, 0xee]);
        assert_eq!(bytes, SecretBytes::new([0, 1, 2, 0xff, 0xee]));
        assert_ne!(bytes, SecretBytes::new([0, 1, 2, 0xff, 0xef]));
        for bad in ["AAE", "AA_-", "AA=A", "é"] {
            assert!(SecretBytes::from_base64(bad).is_none(), "{bad}");
        }
        assert_eq!(format!("{:?}", SecretBytes::new(*b"CANARY")), "SecretBytes(***)");
    }
}
