//! HMAC-SHA256 and SHA-256 digests, and the encoding of bytes in hex.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Returns the 32 bytes of the HMAC-SHA256 of a message. The key can have any length.
pub(crate) fn hmac_sha256(key: &str, message: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes());
    mac.map(|mac| mac.chain_update(message).finalize().into_bytes().to_vec()).unwrap_or_default()
}

/// Returns the SHA-256 digest of `text`, in lower-case hex.
pub(crate) fn sha256_hex(text: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(text))
}

/// Encodes bytes in lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_matches_the_documented_value() {
        let text = "email=account%40example.com&passphrase=My+Secret+Passphrase";
        let mac = hmac_sha256("ThisIsMySuperSecretAPIKey", text.as_bytes());
        let digest = "b69791b85b31eff9945337434e573f6c5143df1550a11a3f0de0345b20b809f8";
        assert_eq!(hex(&mac), digest);
    }

    #[test]
    fn hash_of_empty_input_is_correct() {
        let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256_hex(""), hash);
    }
}
