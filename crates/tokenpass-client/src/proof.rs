//! Messages whose signatures prove ownership of a Bitcoin address. They are signed with the private
//! key of the address, in the format of Bitcoin wallets (`signmessage`: base64 of 65 bytes). With
//! the feature `sign-message`, `MessageKey` creates these signatures.

use api_auth::Params;
use api_auth::hmac::sha256_hex;

#[cfg(feature = "sign-message")]
pub use crate::sign_message::{MessageKey, verify_message};

/// Returns the suffix that follows the address in the message from [`source_proof_message`]: `_`
/// and the SHA-256 hash of the application's client id in hexadecimal.
///
/// ```
/// assert!(tokenpass_client::proof::proof_suffix("APITOKEN_001").starts_with("_00d72044ce3f6e20"));
/// ```
pub fn proof_suffix(client_id: &str) -> String {
    ["_", &sha256_hex(client_id.as_bytes())].concat()
}

/// Returns the message whose signature is passed to
/// [`RegisterSource::proof`](crate::promises::RegisterSource::proof): the address, followed by the
/// [`proof_suffix`] of the application's client id.
///
/// See the example on [`proof_suffix`].
pub fn source_proof_message(address: &str, client_id: &str) -> String {
    [address, &proof_suffix(client_id)].concat()
}

/// Returns the message to sign for an instant verification: the parameter `msg` of the URL that the
/// user's dashboard shows as a QR code. The message can be used once, and the dashboard replaces it
/// every ten minutes. Returns `None` if the URL contains no message.
///
/// ```
/// use tokenpass_client::proof::instant_verify_message;
///
/// let url = "https://tokenpass.tokenly.com/api/v1/instant-verify/bob?msg=ab12";
/// assert_eq!(instant_verify_message(url).as_deref(), Some("ab12"));
/// assert_eq!(instant_verify_message("https://tokenpass.tokenly.com"), None);
/// ```
pub fn instant_verify_message(url: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let query = query.split('#').next().unwrap_or_default();
    let message = Params::decode(query).ok()?.get("msg")?.to_owned();
    (!message.is_empty()).then_some(message)
}

/// Returns the SHA-256 hash of a user's id (a UUID), in hexadecimal. Some privileged requests
/// contain the hash to prove that the sender knows the id.
///
/// ```
/// let hash = tokenpass_client::proof::user_hash("00000002-1111-4111-8111-111111111111");
/// assert!(hash.starts_with("bb7b513d6db77945"));
/// ```
pub fn user_hash(user_id: &str) -> String {
    sha256_hex(user_id.as_bytes())
}

/// Extracts the signature from the output of a wallet: the line before
/// `-----END BITCOIN SIGNATURE-----`, or the whole string if it contains no such line. Surrounding
/// whitespace is removed.
///
/// ```
/// use tokenpass_client::proof::extract_signature;
///
/// let block = "-----BEGIN BITCOIN SIGNED MESSAGE-----\nTOKENPASS zebra quick 9\n\
///     -----BEGIN SIGNATURE-----\n1CPM4nnf9sjD7aU46gQki8moNdxwwkfjbf\nIHny=\n\
///     -----END BITCOIN SIGNATURE-----\n";
/// assert_eq!(extract_signature(block), "IHny=");
/// assert_eq!(extract_signature(" IHny=\n"), "IHny=");
/// ```
pub fn extract_signature(text: &str) -> &str {
    let before = text.split_once("-----END BITCOIN SIGNATURE-----").map(|(before, _)| before);
    let line = before.and_then(|before| before.trim_end().lines().next_back());
    line.unwrap_or(text).trim()
}
