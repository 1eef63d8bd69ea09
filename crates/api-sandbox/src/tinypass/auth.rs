//! The signature, checked from the request line as it arrived.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{AID, PRIVATE_KEY};
use crate::Raw;
use crate::digest::hmac_sha256;

/// Whether the signature is that of the application; what is wrong with it is refused with status
/// 401 and this message.
pub(super) fn verify(request: &Raw) -> Result<(), &'static str> {
    let header = request.header("authorization").ok_or("Authorization header missing")?;
    let (aid, signature) = header.split_once(':').ok_or("Authorization header malformed")?;
    if aid != AID {
        return Err("Unknown application");
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "Signature malformed")?;
    let message = format!("{} {}", request.method, request.target);
    if hmac_sha256(PRIVATE_KEY, message.as_bytes()) != signature {
        return Err("Signature mismatch");
    }
    Ok(())
}
