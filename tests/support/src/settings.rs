//! Settings that every provider crate rejects, and the hint for rejected credentials.

use api_auth::{Error, ErrorKind, Request, Response, StatusCode, TransportError};

/// Invalid base URLs with their messages.
pub const INVALID_BASE_URLS: [(&str, &str); 6] = [
    ("x y", "must be a URL such as https://api.example.com"),
    ("api.example.com", "must begin with https:// (or http:// for a loopback host)"),
    ("ftp://h", "must begin with https:// (or http:// for a loopback host)"),
    ("https://u:CANARY@h", "must not contain a user name or password"),
    ("https://h?a=1", "must not contain a query or fragment"),
    ("http://h", "must begin with https://, because http would send credentials unencrypted"),
];

/// Returns a transport whose responses have status 401 and this body.
pub fn rejecting(
    body: &'static [u8],
) -> impl Fn(Request) -> Result<Response, TransportError> + Send + Sync + 'static {
    move |_| {
        let mut response = Response::new(body.to_vec());
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        Ok(response)
    }
}

/// Returns the credential that the hint of an error names because it begins or ends with
/// whitespace.
///
/// # Panics
/// Panics if the error is not of kind `Auth`, if its hint differs from that name, or if it shows
/// the text `CANARY`.
pub fn named_in_hint(error: &Error) -> Option<&'static str> {
    assert_eq!(error.kind(), ErrorKind::Auth, "{error}");
    let (shown, all) = (format!("{error:?}"), format!("{error:#?}"));
    assert!(!shown.contains("CANARY") && !all.contains("CANARY"), "{shown}");
    let hint = shown.lines().last().unwrap_or_default().trim();
    let named = hint.split_once(" begins or ends with whitespace").map(|(name, _)| name);
    assert_eq!(named, error.spaced_credential(), "{shown}");
    error.spaced_credential()
}
