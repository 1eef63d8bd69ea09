//! The digest, checked from the body as it arrived.

use super::API_KEY;
use crate::Raw;
use crate::digest::{hex, hmac_sha256};
use crate::query::{Pairs, decode_form};

/// What is wrong with a body that was signed with another key, or changed after it was signed.
pub(super) const MISMATCH: &str = "digest does not fit";

/// The parameters of a body whose digest fits. They must be written and ordered as PHP's `ksort`
/// and `http_build_query` do, since the real server may rebuild the text.
pub(super) fn verify(request: &Raw) -> Result<Pairs, &'static str> {
    let kind = request.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind != "application/x-www-form-urlencoded" {
        return Err("the content type is not that of a form");
    }
    let body = str::from_utf8(&request.body).map_err(|_| "the body is not ASCII")?;
    let (text, digest) = body.rsplit_once("&digest=").ok_or("digest is not the last")?;
    let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if digest.len() != 64 || !digest.bytes().all(lower_hex) {
        return Err("digest is not 64 lower-case hex digits");
    }
    if hex(&hmac_sha256(API_KEY, text.as_bytes())) != digest {
        return Err(MISMATCH);
    }
    let pairs = decode_form(text, b"")?;
    let top = |name: &str| name.split('[').next().unwrap_or_default().to_owned();
    if !pairs.0.is_sorted_by_key(|(name, _)| top(name)) {
        return Err("parameters are not sorted");
    }
    Ok(pairs)
}
