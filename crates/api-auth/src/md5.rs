//! MD5 of concatenated texts, compared in constant time: for providers whose messages still carry
//! one. It is no signature by today's measure.

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

/// Whether `digest` (32 lower-case hex digits) is the MD5 of the concatenated `parts`. It takes
/// the same time wherever the digits differ.
///
/// ```
/// assert!(api_auth::md5::matches(&["mess", "age"], "78e731027d8fd50ed642340b7c9a63b3"));
/// assert!(!api_auth::md5::matches(&["message"], "78E731027D8FD50ED642340B7C9A63B3"));
/// ```
pub fn matches(parts: &[&str], digest: &str) -> bool {
    hex(parts).as_bytes().ct_eq(digest.as_bytes()).into()
}

/// The MD5 of the concatenated `parts`, as 32 lower-case hex digits.
pub fn hex(parts: &[&str]) -> String {
    let mut hash = Md5::new();
    for part in parts {
        hash.update(part);
    }
    format!("{:032x}", u128::from_be_bytes(hash.finalize().into()))
}
