//! Verifies access tokens, and client ids with their secrets.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::check::Refusal;
use super::{CLIENT_ID, CLIENT_SECRET, Tpay};
use crate::Raw;

/// An access token that the server has issued.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) expires: u64,
    pub(super) scope: String,
}

pub(super) fn unauthorized(why: &str) -> Refusal {
    Refusal::of(401, "unauthorized", "", why)
}

/// Verifies the client id and secret in an `Authorization` header. Returns `None` if the scheme is
/// not Basic.
pub(super) fn basic(value: &str) -> Option<Result<(), Refusal>> {
    let text = value.strip_prefix("Basic ")?;
    let pair = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let known = pair.is_some_and(|pair| {
        pair.split_once(':').is_some_and(|pair| pair == (CLIENT_ID, CLIENT_SECRET))
    });
    Some(if known { Ok(()) } else { Err(unauthorized("wrong client_id or client_secret")) })
}

impl Tpay {
    /// Verifies the Bearer token of a request, or the client id and secret in a Basic header.
    /// Returns the token, or `None` if the header is Basic.
    pub(super) fn authorized(&self, request: &Raw) -> Result<Option<Token>, Refusal> {
        let header = request
            .header("authorization")
            .ok_or_else(|| unauthorized("the Authorization header is missing"))?;
        if let Some(known) = basic(header) {
            return known.map(|()| None);
        }
        let text = header
            .strip_prefix("Bearer ")
            .ok_or_else(|| unauthorized("the Authorization header must be Bearer or Basic"))?;
        let token = self.tokens.iter().find(|token| token.text == text);
        let token = token.ok_or_else(|| unauthorized("the access token is unknown"))?;
        if self.clock.unix() >= token.expires {
            return Err(unauthorized("the access token has expired"));
        }
        Ok(Some(token.clone()))
    }
}
