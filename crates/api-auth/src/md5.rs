//! MD5 of concatenated strings, compared in constant time, for providers whose messages contain
//! such a digest. MD5 is not a secure signature.

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

/// Returns whether `digest` (32 lower-case hex digits) is the MD5 of the concatenated `parts`. The
/// comparison takes the same time whichever digits differ.
///
/// ```
/// assert!(api_auth::md5::matches(&["mess", "age"], "78e731027d8fd50ed642340b7c9a63b3"));
/// assert!(!api_auth::md5::matches(&["message"], "78E731027D8FD50ED642340B7C9A63B3"));
/// ```
pub fn matches<P: AsRef<[u8]>>(parts: &[P], digest: &str) -> bool {
    hex(parts).as_bytes().ct_eq(digest.as_bytes()).into()
}

/// Returns the MD5 of the concatenated `parts`, as 32 lower-case hex digits.
///
/// See the example in [`matches()`].
pub fn hex<P: AsRef<[u8]>>(parts: &[P]) -> String {
    let mut hash = Md5::new();
    for part in parts {
        hash.update(part);
    }
    format!("{:032x}", u128::from_be_bytes(hash.finalize().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_hashed_as_one_string() {
        assert_eq!(hex::<&str>(&[]), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(hex(&["mess", "", "age"]), "78e731027d8fd50ed642340b7c9a63b3");
    }

    #[test]
    fn only_the_whole_digest_in_lower_case_matches() {
        let parts = &["message"];
        assert!(matches(parts, "78e731027d8fd50ed642340b7c9a63b3"));
        for wrong in [
            "",
            "78E731027D8FD50ED642340B7C9A63B3",
            "78e731027d8fd50ed642340b7c9a63b4",
            "78e731027d8fd50ed642340b7c9a63b",
            "78e731027d8fd50ed642340b7c9a63b30",
        ] {
            assert!(!matches(parts, wrong), "{wrong}");
        }
    }
}
