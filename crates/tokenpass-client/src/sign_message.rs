//! Message signatures with Bitcoin keys, created and verified with the crate `bitcoin`.

use std::fmt;
use std::str::FromStr;

use api_auth::{InputError, Secret, base64, from_base64};
use bitcoin::secp256k1::{Message, Secp256k1};
use bitcoin::sign_message::{MessageSignature, signed_msg_hash};
use bitcoin::{Address, PrivateKey};

use crate::proof::extract_signature;

/// The private key of a Bitcoin address, for signing proofs of ownership.
///
/// ```
/// use tokenpass_client::proof::{MessageKey, verify_message};
///
/// let key = MessageKey::from_wif("KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn")?;
/// assert_eq!(key.address(), "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH");
/// let signature = key.sign("TOKENPASS zebra quick 9")?;
/// assert!(verify_message(&key.address(), "TOKENPASS zebra quick 9", &signature)?);
/// assert!(!verify_message(&key.address(), "another message", &signature)?);
/// # Ok::<(), tokenpass_client::InputError>(())
/// ```
#[derive(Clone)]
pub struct MessageKey(PrivateKey);

impl fmt::Debug for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageKey(***)")
    }
}

impl MessageKey {
    /// Creates a key from the wallet import format (WIF), in which wallets export private keys.
    ///
    /// # Errors
    /// Returns an error if the string is not a private key in this format.
    pub fn from_wif(wif: impl Into<Secret>) -> Result<Self, InputError> {
        PrivateKey::from_wif(wif.into().expose().trim()).map(Self).map_err(|_| {
            InputError::new("wif", "is not a private key in wallet import format (WIF)")
        })
    }

    /// Returns the pay-to-public-key-hash address of the key. It begins with `1` for keys of the
    /// main network.
    pub fn address(&self) -> String {
        Address::p2pkh(self.0.public_key(&Secp256k1::signing_only()), self.0.network).to_string()
    }

    /// Signs `message` in the format of Bitcoin wallets, and returns the signature in base64.
    ///
    /// # Errors
    /// Currently never returns an error.
    pub fn sign(&self, message: &str) -> Result<String, InputError> {
        let digest = Message::from_digest(*AsRef::<[u8; 32]>::as_ref(&signed_msg_hash(message)));
        let secp = Secp256k1::signing_only();
        let signature = secp.sign_ecdsa_recoverable(&digest, &self.0.inner);
        let signature = MessageSignature::new(signature, self.0.compressed);
        Ok(base64(&signature.serialize()))
    }
}

/// Returns whether `signature` is a signature of `message` with the key of `address`. Pass the
/// signature in base64, or the complete signed block that a wallet displays.
///
/// See the example on [`MessageKey`](crate::proof::MessageKey).
///
/// # Errors
/// Returns an error if `address` is not a pay-to-public-key-hash address, or if `signature` is not
/// a message signature in base64.
pub fn verify_message(address: &str, message: &str, signature: &str) -> Result<bool, InputError> {
    let invalid = || InputError::new("signature", "is not a message signature in base64");
    let address = Address::from_str(address)
        .map_err(|_| InputError::new("address", "is not a Bitcoin address"))?
        .assume_checked();
    let bytes = from_base64(extract_signature(signature)).ok_or_else(invalid)?;
    let signature = MessageSignature::from_slice(&bytes).map_err(|_| invalid())?;
    if address.pubkey_hash().is_none() {
        return Err(InputError::new(
            "address",
            "must be a pay-to-public-key-hash address, which begins with 1",
        ));
    }
    let secp = Secp256k1::verification_only();
    // If no key can be recovered, the signature is not valid for this address.
    Ok(signature.is_signed_by_address(&secp, &address, signed_msg_hash(message)).unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIF: &str = "KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn";

    #[test]
    fn proof_is_valid_for_its_message_and_address_only() {
        let key = MessageKey::from_wif(WIF).unwrap();
        let message = crate::proof::source_proof_message(&key.address(), "APITOKEN_001");
        let signature = key.sign(&message).unwrap();
        assert_eq!(from_base64(&signature).unwrap().len(), 65);
        assert_eq!(verify_message(&key.address(), &message, &signature), Ok(true));
        let block = format!("x\n{signature}\n-----END BITCOIN SIGNATURE-----");
        assert_eq!(verify_message(&key.address(), &message, &block), Ok(true));
        assert_eq!(verify_message(&key.address(), "m", &signature), Ok(false));
        let other = "1CPM4nnf9sjD7aU46gQki8moNdxwwkfjbf";
        assert_eq!(verify_message(other, &message, &signature), Ok(false));
    }

    #[test]
    fn signature_with_a_flipped_bit_is_invalid() {
        let key = MessageKey::from_wif(WIF).unwrap();
        let bytes = from_base64(&key.sign("m").unwrap()).unwrap();
        for bit in (8..bytes.len() * 8).step_by(7) {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(verify_message(&key.address(), "m", &base64(&bytes)), Ok(true));
        }
    }

    #[test]
    fn errors_name_the_invalid_key_address_or_signature() {
        let rejected = |address: &str, signature: &str| {
            verify_message(address, "m", signature).unwrap_err().argument().to_owned()
        };
        let key = MessageKey::from_wif(WIF).unwrap();
        assert_eq!(MessageKey::from_wif("CANARY").unwrap_err().to_string().find("CANARY"), None);
        assert_eq!(rejected("nonsense", ""), "address");
        assert_eq!(rejected(&key.address(), "nonsense!"), "signature");
        assert_eq!(rejected(&key.address(), ""), "signature");
        let segwit = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
        assert_eq!(rejected(segwit, &key.sign("m").unwrap()), "address");
        assert_eq!(format!("{key:?}"), "MessageKey(***)");
    }
}
