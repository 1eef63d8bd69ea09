//! Verifies the digest of a request body over the bytes as they arrived.

use super::API_KEY;
use crate::Raw;
use crate::digest::{hex, hmac_sha256};
use crate::query::{Pairs, decode_form};

/// The error for a body that was signed with a different key, or was changed after it was signed.
pub(super) const MISMATCH: &str = "digest: does not match the body and the API key";

/// Verifies the digest of a request, and returns its parameters. They must be sorted and encoded as
/// by PHP's `ksort` and `http_build_query`, because the real server might encode the parameters
/// again to calculate the digest. `*` is accepted both escaped and unescaped: the real server has
/// accepted both since 2018.
pub(super) fn verify(request: &Raw) -> Result<Pairs, String> {
    let kind = request.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind != "application/x-www-form-urlencoded" {
        return Err("the Content-Type must be application/x-www-form-urlencoded".to_owned());
    }
    let body = str::from_utf8(&request.body).map_err(|_| "the body must be ASCII")?;
    let (text, digest) =
        body.rsplit_once("&digest=").ok_or("digest: must be the last parameter")?;
    let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if digest.len() != 64 || !digest.bytes().all(lower_hex) {
        return Err("digest: must be 64 lower-case hex digits".to_owned());
    }
    if hex(&hmac_sha256(API_KEY, text.as_bytes())) != digest {
        return Err(MISMATCH.to_owned());
    }
    let pairs = decode_form(text, b"*")?;
    let top = |name: &str| name.split('[').next().unwrap_or_default().to_owned();
    if !pairs.0.is_sorted_by_key(|(name, _)| top(name)) {
        return Err("the parameters must be sorted by name".to_owned());
    }
    Ok(pairs)
}
