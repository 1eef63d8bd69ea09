//! Encrypted blocks in the format of TinyPass: AES-256-ECB with an HMAC.
//!
//! ```text
//! cipher key = the first 32 bytes of the key, padded to 32 bytes with "X"
//! cipher     = base64url(AES-256-ECB(cipher key, PKCS#7(text))) without "="
//! block      = cipher + "~~~" + base64url(HMAC-SHA256(whole key, cipher)) without "="
//! ```
//!
//! Only the HMAC protects a block against changes: [`BlockKey::open`] rejects a block without one,
//! and verifies it in constant time before decryption. The cipher itself is weak: ECB reveals which
//! 16-byte pieces are equal, within a message and across all messages that are encrypted with the
//! same key. An observer who collects many blocks learns much about their content, but cannot forge
//! or change a block without the key.

use std::fmt;

use aes::Aes256;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ecb::cipher::block_padding::Pkcs7;
use ecb::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyInit};
use zeroize::Zeroizing;

use crate::error::input::InputError;
use crate::hmac::HmacKey;
use crate::secret::Secret;

const SEPARATOR: &str = "~~~";
const CIPHER_KEY_LENGTH: usize = 32;
const CIPHER_BLOCK_LENGTH: usize = 16;

/// The reason why a block was rejected. It contains no part of the block.
///
/// See the example in [`BlockKey::seal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BlockError {
    /// There is no HMAC after the ciphertext.
    SignatureMissing,
    /// The HMAC is not valid base64url without padding.
    SignatureMalformed,
    /// The HMAC does not match this ciphertext and this key.
    SignatureMismatch,
    /// The ciphertext is not valid base64url without padding.
    CipherMalformed,
    /// The length of the ciphertext is zero or not a multiple of the cipher's block length.
    CipherLength,
    /// The padding within the last cipher block is invalid.
    Padding,
}

impl fmt::Display for BlockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SignatureMissing => "the signature is missing",
            Self::SignatureMalformed => "the signature is malformed",
            Self::SignatureMismatch => "the signature does not match",
            Self::CipherMalformed => "the ciphertext is malformed",
            Self::CipherLength => "the length of the ciphertext is invalid",
            Self::Padding => "the padding is invalid",
        })
    }
}

impl std::error::Error for BlockError {}

/// A key for encrypted blocks, prepared for the cipher and the HMAC.
///
/// See the example in [`BlockKey::seal`].
#[derive(Clone)]
pub struct BlockKey {
    cipher: Zeroizing<[u8; CIPHER_KEY_LENGTH]>,
    hmac: HmacKey,
}

impl BlockKey {
    /// Creates a key from the UTF-8 bytes of `key`, which may have any length other than zero.
    ///
    /// # Errors
    /// Returns an error that names `argument` if the key is empty.
    pub fn new(argument: &'static str, key: &Secret) -> Result<Self, InputError> {
        let hmac = HmacKey::new(argument, key)?;
        let mut cipher = Zeroizing::new([b'X'; CIPHER_KEY_LENGTH]);
        for (to, from) in cipher.iter_mut().zip(key.expose().bytes()) {
            *to = from;
        }
        Ok(Self { cipher, hmac })
    }

    /// Encrypts `text`, and returns the block of ciphertext and HMAC.
    ///
    /// ```
    /// use api_auth::{Secret, block::BlockKey};
    ///
    /// let key = BlockKey::new("private_key", &Secret::new("thestringliteralisexactlyfortych"))?;
    /// let block = key.seal(b"JavaIsSoFun");
    /// assert_eq!(block, "V3IqZVBH2dQh4uxOMy9BAg~~~mB3lhC3FscKs7p18-N2vtvy6pSDsIyicy77lydm-UGk");
    /// assert_eq!(key.open(&block).unwrap(), b"JavaIsSoFun");
    /// # Ok::<(), api_auth::InputError>(())
    /// ```
    pub fn seal(&self, text: &[u8]) -> String {
        let encryptor = ecb::Encryptor::<Aes256>::new(&(*self.cipher).into());
        let mut block = URL_SAFE_NO_PAD.encode(encryptor.encrypt_padded_vec::<Pkcs7>(text));
        let signature = self.hmac.sign(&[block.as_bytes()]);
        block.push_str(SEPARATOR);
        block.push_str(&signature.base64url());
        block
    }

    /// Verifies the HMAC of a block and returns the decrypted content.
    ///
    /// # Errors
    /// Returns an error for the first check that fails. The HMAC is verified before the ciphertext
    /// is decoded.
    pub fn open(&self, block: &str) -> Result<Vec<u8>, BlockError> {
        let (cipher, signature) =
            block.rsplit_once(SEPARATOR).ok_or(BlockError::SignatureMissing)?;
        if signature.is_empty() {
            return Err(BlockError::SignatureMissing);
        }
        let signature =
            URL_SAFE_NO_PAD.decode(signature).map_err(|_| BlockError::SignatureMalformed)?;
        if !self.hmac.verify(&[cipher.as_bytes()], &signature) {
            return Err(BlockError::SignatureMismatch);
        }
        let cipher = URL_SAFE_NO_PAD.decode(cipher).map_err(|_| BlockError::CipherMalformed)?;
        if cipher.is_empty() || cipher.len() % CIPHER_BLOCK_LENGTH != 0 {
            return Err(BlockError::CipherLength);
        }
        ecb::Decryptor::<Aes256>::new(&(*self.cipher).into())
            .decrypt_padded_vec::<Pkcs7>(&cipher)
            .map_err(|_| BlockError::Padding)
    }
}

impl fmt::Debug for BlockKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlockKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "thestringliteralisexactlyfortych";

    fn key(text: &str) -> BlockKey {
        BlockKey::new("private_key", &Secret::new(text)).unwrap()
    }

    /// Returns a block with a valid signature for any ciphertext.
    fn signed(cipher: &str) -> String {
        let signature = key(KEY).hmac.sign(&[cipher.as_bytes()]);
        [cipher, SEPARATOR, &signature.base64url()].concat()
    }

    #[test]
    fn only_the_cipher_pads_short_keys_and_truncates_long_ones() {
        assert_eq!(
            key("k").seal(b"v"),
            "RYFS-e7IZOnB4R0R6tgeSA~~~BZ05JZLj_1yg70E65pqfnrid9XhIp1k23J8ajRN282I"
        );
        let long = "jNq3vT0aB7xKc5mYpR8wZ2dLhE6uFsG1iOoQyX4t";
        let block = key(long).seal(b"{\"uid\":\"1\"}");
        assert_eq!(block, "ZBuR3q6dio7ukpANHVqTnw~~~W-C6893k2Nfh4xX8uciABcIxrn3V9SD6HhLDK-TFCtY");
        assert_eq!(key(long.get(..32).unwrap()).open(&block), Err(BlockError::SignatureMismatch));
    }

    #[test]
    fn each_failed_check_has_its_own_error() {
        let key = key(KEY);
        let block = key.seal(b"JavaIsSoFun");
        let (cipher, signature) = block.split_once(SEPARATOR).unwrap();
        for (bad, expected) in [
            (cipher.to_owned(), BlockError::SignatureMissing),
            (format!("{cipher}~~~"), BlockError::SignatureMissing),
            (format!("{cipher}~~{signature}"), BlockError::SignatureMissing),
            (format!("{signature}~~~{cipher}"), BlockError::SignatureMismatch),
            (format!("{cipher}~~~{signature}="), BlockError::SignatureMalformed),
            (format!("{cipher}~~~{}", signature.get(..40).unwrap()), BlockError::SignatureMismatch),
            (format!("{}~~~{signature}", cipher.get(1..).unwrap()), BlockError::SignatureMismatch),
            (signed("!!"), BlockError::CipherMalformed),
            (signed(""), BlockError::CipherLength),
            (signed("AAAA"), BlockError::CipherLength),
            (signed("AAAAAAAAAAAAAAAAAAAAAA"), BlockError::Padding),
        ] {
            assert_eq!(key.open(&bad), Err(expected), "{bad}");
        }
    }

    #[test]
    fn reordered_pieces_of_a_block_are_rejected() {
        let key = key(KEY);
        let block = key.seal(&[b'a'; 47]);
        let (cipher, signature) = block.split_once(SEPARATOR).unwrap();
        let mut bytes = URL_SAFE_NO_PAD.decode(cipher).unwrap();
        bytes.rotate_left(16);
        let moved = format!("{}~~~{signature}", URL_SAFE_NO_PAD.encode(bytes));
        assert_eq!(key.open(&moved), Err(BlockError::SignatureMismatch));
    }

    #[test]
    fn debug_does_not_show_the_key() {
        assert_eq!(format!("{:?}", key("CANARY")), "BlockKey(***)");
    }

    proptest! {
        #[test]
        fn sealed_text_is_opened(text: Vec<u8>, secret in ".{1,60}") {
            let key = key(&secret);
            prop_assert_eq!(key.open(&key.seal(&text)).unwrap(), text);
        }

        #[test]
        fn any_flipped_bit_is_rejected(text: Vec<u8>, at: prop::sample::Index, bit in 0u8..8) {
            let key = key(KEY);
            let mut block = key.seal(&text).into_bytes();
            let at = at.index(block.len());
            block[at] ^= 1 << bit;
            if let Ok(block) = String::from_utf8(block) {
                prop_assert!(key.open(&block).is_err());
            }
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = key(KEY).open(&text);
            let _ = key(KEY).open(&signed(&text));
        }
    }
}
