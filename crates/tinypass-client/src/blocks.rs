//! Encrypted blocks that TinyPass exchanges with a site in addition to the REST API (feature
//! `blocks`).
//!
//! Token cookies store a visitor's access in the browser, webhooks notify a site of purchases, and
//! purchase links and tags contain an offer. All of them contain encrypted blocks. [`Blocks`]
//! verifies the signature of a block before it parses the content. See [`api_auth::block`] for the
//! format and its weaknesses.
//!
//! ```
//! use std::time::SystemTime;
//! use tinypass_client::blocks::{Blocks, Token, TokenCookie};
//!
//! let blocks = Blocks::new("AIDAIDAID0", "the application's private key")?;
//! let cookie = TokenCookie::new([Token::new("premium-content")]);
//! let value = blocks.seal_cookie(&cookie);
//! assert_eq!(blocks.cookie_name(), "__TP_AIDAIDAID0_TOKEN");
//!
//! let read = blocks.read_cookie(&value).unwrap();
//! assert!(read.access("premium-content", SystemTime::now(), None).is_granted());
//! # Ok::<(), tinypass_client::InputError>(())
//! ```

mod cookie;
mod purchase;
mod webhook;

use api_auth::block::BlockKey;
use api_auth::{Env, InputError, Secret, json_slice};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;

use crate::client::keys;
use crate::validate;

pub use api_auth::block::BlockError;
pub use cookie::{AccessState, ClientAddress, Token, TokenCookie};
pub use purchase::{Offer, Policy, PriceOption, Purchase, PurchaseFormat};
pub use webhook::{Webhook, WebhookEvent, WebhookType};

/// The reason why a block, a cookie or a webhook was rejected.
///
/// See the example in the module [`blocks`](crate::blocks).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError {
    /// The block is malformed, or its signature is invalid.
    Block(BlockError),
    /// The value is plain JSON, which is neither encrypted nor signed. Anyone can create such a
    /// value.
    Unsigned,
    /// The format of the value is unknown, for example because a cookie begins with neither `{jax}`
    /// nor `{jox}`.
    UnknownFormat,
    /// The signature is valid, but the content does not match the documentation. The string
    /// describes the problem and its position.
    Content(String),
    /// The webhook contains the AID of another application.
    OtherApplication,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Block(error) => return error.fmt(f),
            Self::Unsigned => "the cookie is plain JSON, which is not signed",
            Self::UnknownFormat => "the format is unknown: expected {jax} or {jox} and a block",
            Self::Content(problem) => problem,
            Self::OtherApplication => "the webhook is for another application",
        })
    }
}

impl std::error::Error for ReadError {}

impl From<BlockError> for ReadError {
    fn from(error: BlockError) -> Self {
        Self::Block(error)
    }
}

/// The id and private key of an application, with which its blocks are encrypted, verified and
/// decrypted.
///
/// See the example in the module [`blocks`](crate::blocks).
#[derive(Debug, Clone)]
pub struct Blocks {
    aid: String,
    key: BlockKey,
}

impl Blocks {
    /// Creates an instance for the application with the id `aid` and this `private_key`.
    ///
    /// # Errors
    /// Returns an error if the AID or the key is empty, if the key contains control characters, or
    /// if the AID contains characters other than ASCII letters, digits, `-`, `_` and `.`, because
    /// the AID is part of cookie names and links.
    pub fn new(aid: impl Into<String>, private_key: impl Into<Secret>) -> Result<Self, InputError> {
        let aid = aid.into();
        validate::not_empty("aid", &aid)?;
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !aid.bytes().all(is_allowed) {
            let problem = "may contain only ASCII letters, digits, \"-\", \"_\" and \".\"";
            return Err(InputError::new("aid", problem));
        }
        let private_key = private_key.into();
        api_auth::validate::no_control("private_key", private_key.expose())?;
        Ok(Self { aid, key: BlockKey::new("private_key", &private_key)? })
    }

    /// Creates an instance with the AID and private key in the environment variables `TINYPASS_AID`
    /// and `TINYPASS_PRIVATE_KEY`.
    ///
    /// # Errors
    /// Returns an error that names the first variable that is missing or has an invalid value.
    pub fn from_env() -> Result<Self, InputError> {
        let (aid, private_key) = keys(Env::PROCESS)?;
        Self::new(aid, private_key)
    }

    /// Encrypts and signs a string, and returns the block.
    pub fn seal(&self, text: &str) -> String {
        self.key.seal(text.as_bytes())
    }

    /// Verifies the signature of a block, and decrypts the block.
    ///
    /// # Errors
    /// Returns an error if the block is malformed, its signature is invalid, or its content is not
    /// UTF-8.
    pub fn open(&self, block: &str) -> Result<String, ReadError> {
        let text = self.key.open(block)?;
        String::from_utf8(text)
            .map_err(|_| ReadError::Content("the content is not UTF-8".to_owned()))
    }

    /// Returns the id (AID) of the application, such as `AIDAIDAID0`.
    pub fn aid(&self) -> &str {
        &self.aid
    }
}

/// Serializes a value as JSON without whitespace. This never fails for the types of this module.
fn json_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Parses JSON. Errors contain the position, but no values.
fn read_json<T: DeserializeOwned>(text: String) -> Result<T, ReadError> {
    json_slice(text.as_bytes()).map_err(|error| ReadError::Content(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_cause_and_no_content() {
        let blocks = Blocks::new("AIDAIDAID0", "CANARY").unwrap();
        let texts = [
            (blocks.open("CANARY").unwrap_err(), "the signature is missing"),
            (ReadError::Unsigned, "the cookie is plain JSON, which is not signed"),
            (
                ReadError::UnknownFormat,
                "the format is unknown: expected {jax} or {jox} and a block",
            ),
            (ReadError::Content("at line 1".to_owned()), "at line 1"),
            (ReadError::OtherApplication, "the webhook is for another application"),
        ];
        for (error, text) in texts {
            assert_eq!(error.to_string(), text);
        }
        let block = blocks.key.seal(b"CANARY\xff");
        assert_eq!(
            blocks.open(&block),
            Err(ReadError::Content("the content is not UTF-8".to_owned()))
        );
        assert_eq!(blocks.open(&blocks.seal("text")).as_deref(), Ok("text"));
        assert_eq!(blocks.aid(), "AIDAIDAID0");
    }

    #[test]
    fn content_of_another_form_is_an_error_without_its_value() {
        let error = read_json::<Vec<u8>>(r#"["CANARY"]"#.to_owned()).unwrap_err();
        assert!(matches!(error, ReadError::Content(_)));
        assert!(!error.to_string().contains("CANARY"), "{error}");
    }

    #[test]
    fn aid_that_cannot_be_part_of_a_cookie_name_is_rejected() {
        for aid in ["", "a b", "a;b", "a=b", "ą"] {
            assert_eq!(Blocks::new(aid, "key").unwrap_err().argument(), "aid", "{aid:?}");
        }
        for key in ["", "key\n"] {
            assert_eq!(Blocks::new("A-_.1", key).unwrap_err().argument(), "private_key");
        }
    }
}
