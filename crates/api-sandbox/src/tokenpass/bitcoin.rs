//! Bitcoin addresses and signed messages, for proofs of ownership.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ripemd::Ripemd160;
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{Message, PublicKey, Secp256k1, SecretKey};
use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The version bytes in the addresses of single keys (P2PKH) and of scripts (P2SH).
const VERSIONS: [u8; 2] = [0, 5];

/// A private key, with which a test proves the ownership of the Bitcoin address that belongs to it.
#[derive(Clone)]
pub struct Key {
    secret: SecretKey,
}

impl Key {
    /// Derives a key from a string. The same string always results in the same key.
    ///
    /// ```
    /// use api_sandbox::tokenpass::{Key, verifies};
    ///
    /// let key = Key::named("a test");
    /// let signature = key.sign("TOKENPASS ocean north 10");
    /// assert!(verifies(&key.address(), "TOKENPASS ocean north 10", &signature));
    /// ```
    pub fn named(name: &str) -> Self {
        let mut bytes: [u8; 32] = Sha256::digest(name).into();
        loop {
            // Almost all strings of 32 bytes are valid keys.
            match SecretKey::from_slice(&bytes) {
                Ok(secret) => return Self { secret },
                Err(_) => bytes = Sha256::digest(bytes).into(),
            }
        }
    }

    /// Returns the Bitcoin address that belongs to the compressed public key.
    pub fn address(&self) -> String {
        address(&self.public().serialize())
    }

    fn public(&self) -> PublicKey {
        PublicKey::from_secret_key(&Secp256k1::signing_only(), &self.secret)
    }

    /// Returns the private key in wallet import format.
    pub fn wif(&self) -> String {
        let mut bytes = vec![0x80];
        bytes.extend(self.secret.secret_bytes());
        bytes.push(1);
        with_checksum(bytes)
    }

    /// Signs `message` as Bitcoin wallets do. Returns the 65 bytes of the signature in base64.
    pub fn sign(&self, message: &str) -> String {
        let signer = Secp256k1::signing_only();
        let signature = signer.sign_ecdsa_recoverable(&digest(message), &self.secret);
        let (id, compact) = signature.serialize_compact();
        let mut bytes = vec![31 + u8::try_from(id.to_i32()).unwrap_or(0)];
        bytes.extend(compact);
        STANDARD.encode(bytes)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("address", &self.address()).finish_non_exhaustive()
    }
}

/// Returns whether `signature` (65 bytes in base64) is a valid signature of `message` by the key of
/// `address`.
pub fn verifies(address: &str, message: &str, signature: &str) -> bool {
    signer(message, signature).is_some_and(|signer| signer == address)
}

/// Returns the address of the key that created a signature. Returns `None` if the signature is
/// malformed.
pub(super) fn signer(message: &str, signature: &str) -> Option<String> {
    let bytes = STANDARD.decode(signature).ok()?;
    let [header, compact @ ..] = bytes.as_slice() else { return None };
    let header = header.checked_sub(27).filter(|header| *header < 8)?;
    let id = RecoveryId::from_i32(i32::from(header & 3)).ok()?;
    let signature = RecoverableSignature::from_compact(compact, id).ok()?;
    let key = Secp256k1::verification_only().recover_ecdsa(&digest(message), &signature).ok()?;
    Some(if header & 4 == 0 {
        self::address(&key.serialize_uncompressed())
    } else {
        self::address(&key.serialize())
    })
}

/// Returns the digest that is signed: the double SHA-256 of a prefix, the length of the message,
/// and the message.
fn digest(message: &str) -> Message {
    let mut bytes = b"\x18Bitcoin Signed Message:\n".to_vec();
    match u8::try_from(message.len()) {
        Ok(length @ 0..=252) => bytes.push(length),
        _ => {
            bytes.push(253);
            bytes.extend(u16::try_from(message.len()).unwrap_or(u16::MAX).to_le_bytes());
        }
    }
    bytes.extend(message.as_bytes());
    Message::from_digest(Sha256::digest(Sha256::digest(bytes)).into())
}

fn address(key: &[u8]) -> String {
    let mut bytes = vec![0];
    bytes.extend(Ripemd160::digest(Sha256::digest(key)));
    with_checksum(bytes)
}

/// Derives an address from a string. The private key of the address is not known.
pub(super) fn made_up_address(seed: &str) -> String {
    address(seed.as_bytes())
}

/// Returns whether a string is an address: a version, 20 bytes and a checksum, in base58.
pub(super) fn is_address(text: &str) -> bool {
    let Some(bytes) = base58_decode(text) else { return false };
    let Some((payload, checksum)) = bytes.split_last_chunk::<4>() else { return false };
    let version_ok = payload.first().is_some_and(|version| VERSIONS.contains(version));
    version_ok && payload.len() == 21 && checksum_of(payload) == *checksum
}

fn checksum_of(bytes: &[u8]) -> [u8; 4] {
    let hash = Sha256::digest(Sha256::digest(bytes));
    hash.first_chunk().copied().unwrap_or_default()
}

fn with_checksum(mut bytes: Vec<u8>) -> String {
    bytes.extend(checksum_of(&bytes));
    base58(&bytes)
}

/// Encodes bytes in base58 with the alphabet of Bitcoin. Each leading zero byte becomes the digit
/// `1`.
pub(super) fn base58(bytes: &[u8]) -> String {
    let mut digits: Vec<u32> = Vec::new();
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += *digit << 8;
            *digit = carry % 58;
            carry /= 58;
        }
        while carry > 0 {
            digits.push(carry % 58);
            carry /= 58;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).map(|_| 0);
    let digits: Vec<u32> = zeros.chain(digits.into_iter().rev()).collect();
    let letter = |digit: u32| usize::try_from(digit).ok().and_then(|digit| ALPHABET.get(digit));
    digits.into_iter().filter_map(letter).map(|letter| char::from(*letter)).collect()
}

/// Decodes the format of [`base58`]. Returns `None` if the string contains a character that is not
/// in the alphabet.
pub(super) fn base58_decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes: Vec<u8> = Vec::new();
    for letter in text.bytes() {
        let digit = ALPHABET.iter().position(|known| *known == letter)?;
        let mut carry = u32::try_from(digit).ok()?;
        for byte in &mut bytes {
            carry += u32::from(*byte) * 58;
            *byte = u8::try_from(carry & 0xff).ok()?;
            carry >>= 8;
        }
        while carry > 0 {
            bytes.push(u8::try_from(carry & 0xff).ok()?);
            carry >>= 8;
        }
    }
    let zeros = text.bytes().take_while(|letter| *letter == b'1').map(|_| 0);
    Some(zeros.chain(bytes.into_iter().rev()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_checksum() {
        for address in [
            "1CPM4nnf9sjD7aU46gQki8moNdxwwkfjbf",
            "14eRVGNPQChSmSmNLH6RPjdwsNPc7rH2Z7",
            "1AAAA1111xxxxxxxxxxxxxxxxxxy43CZ9j",
            "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
        ] {
            assert!(is_address(address), "{address}");
        }
        for bad in ["", "1", "1CPM4nnf9sjD7aU46gQki8moNdxwwkfjbg", "0OIl", "user:bob"] {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn addresses_have_a_known_version_and_20_bytes() {
        for (version, length, is_valid) in [
            (0, 20, true),
            (5, 20, true),
            (1, 20, false),
            (128, 20, false),
            (0, 19, false),
            (5, 21, false),
        ] {
            let mut bytes = vec![version];
            bytes.resize(1 + length, 7);
            assert_eq!(is_address(&with_checksum(bytes)), is_valid, "{version} {length}");
        }
    }

    #[test]
    fn first_byte_of_a_signature_is_from_27_to_34() {
        let key = Key::named("one");
        let mut bytes = STANDARD.decode(key.sign("hello")).unwrap();
        let id = bytes[0] - 31;
        let mut signer_with = |first: u8| {
            bytes[0] = first;
            signer("hello", &STANDARD.encode(&bytes))
        };
        assert_eq!(signer_with(31 + id), Some(key.address()));
        let uncompressed = address(&key.public().serialize_uncompressed());
        assert_eq!(signer_with(27 + id), Some(uncompressed));
        for first in [0, 26, 35, 36, 255] {
            assert_eq!(signer_with(first), None, "{first}");
        }
    }

    #[test]
    fn a_signature_is_of_one_key_and_one_message() {
        let key = Key::named("one");
        let signature = key.sign("hello");
        assert!(verifies(&key.address(), "hello", &signature));
        assert!(!verifies(&key.address(), "hello!", &signature));
        assert!(!verifies(&Key::named("two").address(), "hello", &signature));
        assert!(!verifies(&key.address(), "hello", "AAAA"));
        assert!(is_address(&key.address()));
    }

    #[test]
    fn initial_keys_match_the_constants() {
        use crate::tokenpass::{self, source_key, unverified_key};
        assert_eq!(source_key().address(), tokenpass::SOURCE_ADDRESS);
        assert_eq!(source_key().wif(), tokenpass::SOURCE_WIF);
        assert_eq!(unverified_key().address(), tokenpass::UNVERIFIED_ADDRESS);
        assert_eq!(unverified_key().wif(), tokenpass::UNVERIFIED_WIF);
    }

    /// The private key 1 and its two addresses are well known.
    #[test]
    fn the_first_key_has_the_known_addresses() {
        let mut bytes = [0; 32];
        bytes[31] = 1;
        let key = Key { secret: SecretKey::from_slice(&bytes).unwrap() };
        assert_eq!(key.address(), "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH");
        assert_eq!(key.wif(), "KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn");
        let public = key.public().serialize_uncompressed();
        assert_eq!(address(&public), "1EHNa6Q4Jz2uvNExL497mE43ikXhwF6kZm");
    }

    #[test]
    fn base58_round_trips() {
        let uuid = 0xc000_0000_0000_4000_8000_0000_0000_0001_u128.to_be_bytes();
        assert_eq!(base58(&uuid), "Qi81Dp4C8a8LZcjYGWFbAG");
        assert_eq!(base58_decode("Qi81Dp4C8a8LZcjYGWFbAG").unwrap(), uuid);
        assert_eq!(base58(&[0, 0, 1]), "112");
        assert_eq!(base58_decode("112").unwrap(), [0, 0, 1]);
    }
}
