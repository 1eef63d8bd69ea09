//! HMAC-SHA256 with a key that is prepared once, and three encodings of the signature.
//!
//! Each signing scheme has its own module: [`request_line`], [`form_digest`], [`nonce_headers`].

use std::fmt;
use std::ops::Deref;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::encode::hex;
use crate::error::input::InputError;
use crate::secret::Secret;

pub mod form_digest;
pub mod nonce_headers;
pub mod request_line;

/// An HMAC-SHA256 key. The initial state is computed once and cloned for each message.
///
/// ```
/// use api_auth::{HmacKey, Secret};
///
/// let key = HmacKey::new("key", &Secret::new("Jefe"))?;
/// let signature = key.sign(&[b"what do ya want ", b"for nothing?"]);
/// assert_eq!(&*signature.base64(), "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
/// assert!(key.verify(&[b"what do ya want for nothing?"], signature.as_bytes()));
/// # Ok::<(), api_auth::InputError>(())
/// ```
#[derive(Clone)]
pub struct HmacKey(Hmac<Sha256>);

impl HmacKey {
    /// Creates a key from the UTF-8 bytes of `key`, which may have any length other than zero.
    ///
    /// # Errors
    /// Returns an error that names `argument` if the key is empty, for example because a variable
    /// is not set. A signature with an empty key can be forged.
    pub fn new(argument: &'static str, key: &Secret) -> Result<Self, InputError> {
        if key.is_empty() {
            return Err(InputError::new(argument, "must not be empty"));
        }
        Hmac::new_from_slice(key.expose().as_bytes())
            .map(Self)
            .map_err(|_| InputError::new(argument, "cannot be used as an HMAC key"))
    }

    /// Returns the signature of the concatenated `parts`.
    pub fn sign(&self, parts: &[&[u8]]) -> Signature {
        Signature(self.mac(parts).finalize().into_bytes().into())
    }

    /// Returns whether `signature` is the signature of the concatenated `parts`. The comparison
    /// takes constant time.
    pub fn verify(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        self.mac(parts).verify_slice(signature).is_ok()
    }

    fn mac(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacKey(***)")
    }
}

/// Returns the SHA-256 hash of `bytes` as 64 lower-case hex digits, for providers that require a
/// hash without a key. Unlike an HMAC, it does not authenticate the bytes.
///
/// ```
/// assert!(api_auth::hmac::sha256_hex(b"abc").starts_with("ba7816bf8f01cfea"));
/// ```
pub fn sha256_hex(bytes: &[u8]) -> String {
    let text = hex(&Sha256::digest(bytes).into());
    str::from_utf8(&text).unwrap_or_default().to_owned()
}

/// The 32 bytes of an HMAC-SHA256. `Debug` does not show them, because a signature can be replayed.
///
/// See the example in [`HmacKey`].
#[derive(Clone, Copy)]
pub struct Signature([u8; 32]);

impl Signature {
    /// Returns the 32 bytes of the signature.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the signature as 64 lower-case hex digits.
    pub fn hex(&self) -> SignatureText {
        let text = hex(&self.0);
        SignatureText { text, length: 64 }
    }

    /// Returns the signature as 44 characters of base64 with the standard alphabet and padding.
    pub fn base64(&self) -> SignatureText {
        self.encoded(&STANDARD)
    }

    /// Returns the signature as 43 characters of base64 with the URL-safe alphabet (`-` and `_`)
    /// and without padding.
    pub fn base64url(&self) -> SignatureText {
        self.encoded(&URL_SAFE_NO_PAD)
    }

    fn encoded(&self, engine: &impl Engine) -> SignatureText {
        let mut text = [0; 64];
        // 32 bytes are 44 characters at most, so 64 always suffice.
        let length = engine.encode_slice(self.0, &mut text).unwrap_or(0);
        SignatureText { text, length }
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(***)")
    }
}

/// An encoded signature, which is stored without an allocation. It dereferences to `str`.
///
/// See the example in [`HmacKey`].
#[derive(Clone, Copy)]
pub struct SignatureText {
    text: [u8; 64],
    length: usize,
}

impl Deref for SignatureText {
    type Target = str;

    fn deref(&self) -> &str {
        let bytes = self.text.get(..self.length).unwrap_or_default();
        str::from_utf8(bytes).unwrap_or_default()
    }
}

impl fmt::Debug for SignatureText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignatureText(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(text: &str) -> HmacKey {
        HmacKey::new("key", &Secret::new(text)).unwrap()
    }

    #[test]
    fn rfc_4231_case_2_in_all_three_encodings() {
        let signature = key("Jefe").sign(&[b"what do ya want ", b"for nothing?"]);
        assert_eq!(
            &*signature.hex(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(&*signature.base64(), "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
        assert_eq!(&*signature.base64url(), "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM");
    }

    #[test]
    fn keys_longer_than_a_block_are_hashed_first() {
        let signature = key(&"a".repeat(131))
            .sign(&[b"Test Using Larger Than Block-Size Key - Hash Key First"]);
        assert_eq!(signature.hex().len(), 64);
        assert!(key(&"a".repeat(131)).verify(
            &[b"Test Using Larger Than Block-Size Key - Hash Key First"],
            signature.as_bytes()
        ));
    }

    #[test]
    fn sha256_has_the_known_answer() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_hex(b"abc"), abc);
    }

    #[test]
    fn error_of_an_empty_key_names_it() {
        let error = HmacKey::new("private_key", &Secret::new("")).unwrap_err();
        assert_eq!(error.to_string(), "private_key: must not be empty");
    }

    #[test]
    fn debug_shows_neither_key_nor_signature() {
        let key = key("CANARY");
        let signature = key.sign(&[b"m"]);
        let printed = format!("{key:?} {signature:?} {:?}", signature.hex());
        assert_eq!(printed, "HmacKey(***) Signature(***) SignatureText(***)");
    }

    proptest! {
        #[test]
        fn one_flipped_bit_is_rejected(message: Vec<u8>, bit in 0usize..256) {
            let key = key("k");
            let mut bytes = *key.sign(&[&message]).as_bytes();
            prop_assert!(key.verify(&[&message], &bytes));
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!key.verify(&[&message], &bytes));
        }

        #[test]
        fn signature_does_not_depend_on_how_the_message_is_split(a: Vec<u8>, b: Vec<u8>) {
            let whole = [&a[..], &b[..]].concat();
            let signature = key("k").sign(&[&a, &b]);
            prop_assert!(key("k").verify(&[&whole], signature.as_bytes()));
        }
    }
}
