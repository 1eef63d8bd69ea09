//! Verifies request signatures over the bytes of the request line as they arrived.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{AID, PRIVATE_KEY};
use crate::Raw;
use crate::digest::hmac_sha256;

/// Verifies the signature of a request. The error is the message for a response with status 401.
pub(super) fn verify(request: &Raw) -> Result<(), &'static str> {
    let header = request.header("authorization").ok_or("the Authorization header is missing")?;
    let (aid, signature) =
        header.split_once(':').ok_or("the Authorization header must be AID:SIGNATURE")?;
    if aid != AID {
        return Err("the application id is unknown");
    }
    // The official clients send no padding, but a third-party client for Node.js does.
    let signature = signature.strip_suffix('=').unwrap_or(signature);
    let signature = URL_SAFE_NO_PAD.decode(signature);
    let signature = signature.map_err(|_| "the signature must be base64url")?;
    let message = format!("{} {}", request.method, request.target);
    if hmac_sha256(PRIVATE_KEY, message.as_bytes()) != signature {
        return Err("the signature does not match the request line");
    }
    Ok(())
}
