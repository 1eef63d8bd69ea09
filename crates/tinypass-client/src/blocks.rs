//! Encrypted blocks: what TinyPass exchanges with a site besides the REST API (feature `blocks`).
//!
//! Token cookies say in the browser what a visitor may see; webhooks tell a site of purchases; a
//! purchase link carries an offer. All three are encrypted blocks, and [`Blocks`] reads none of
//! them before its signature holds. See [`api_auth::block`] for the format and its weakness.
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
use api_auth::{Env, InputError, Response, Secret, json};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::client::keys;
use crate::validate;

pub use api_auth::block::BlockError;
pub use cookie::{AccessState, ClientAddress, Token, TokenCookie};
pub use purchase::{CaptionKey, Offer, PriceOption, Purchase};
pub use webhook::{Webhook, WebhookEvent, WebhookType};

/// Why a cookie or webhook is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A check of the block failed.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// It is not encrypted and so not signed; anybody can have written it.
    #[error("not signed")]
    Unsigned,
    /// It is in no form that is known.
    #[error("in no known form")]
    Form,
    /// The signature holds, but the text is not what the documentation says; the place is named.
    #[error("{0}")]
    Content(String),
    /// It is meant for another application.
    #[error("of another application")]
    OtherApplication,
}

/// Seals and opens the blocks of one application.
#[derive(Debug, Clone)]
pub struct Blocks {
    aid: String,
    key: BlockKey,
}

impl Blocks {
    /// For the application `aid` with its `private_key`.
    ///
    /// # Errors
    /// Returns an error if the AID or key is empty, or the AID contains anything but ASCII letters,
    /// digits, `-`, `_` and `.`: it is part of a cookie's name and of links.
    pub fn new(aid: impl Into<String>, private_key: impl Into<Secret>) -> Result<Self, InputError> {
        let aid = aid.into();
        validate::not_empty("aid", &aid)?;
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !aid.bytes().all(is_allowed) {
            let problem = "may contain only ASCII letters, digits, \"-\", \"_\" and \".\"";
            return Err(InputError::new("aid", problem));
        }
        Ok(Self { aid, key: BlockKey::new("private_key", &private_key.into())? })
    }

    /// For the application of the environment variables `TINYPASS_AID` and
    /// `TINYPASS_PRIVATE_KEY`.
    ///
    /// # Errors
    /// A variable that is missing, by name.
    pub fn from_env() -> Result<Self, InputError> {
        let (aid, private_key) = keys(Env::PROCESS)?;
        Self::new(aid, private_key)
    }

    /// The block of any text.
    pub fn seal(&self, text: &str) -> String {
        self.key.seal(text.as_bytes())
    }

    /// The text of a block, after its signature was checked.
    ///
    /// # Errors
    /// The check that failed.
    pub fn open(&self, block: &str) -> Result<String, ReadError> {
        let text = self.key.open(block)?;
        String::from_utf8(text).map_err(|_| ReadError::Content("not UTF-8".to_owned()))
    }

    /// The application's id.
    pub fn aid(&self) -> &str {
        &self.aid
    }
}

/// Compact JSON of a value that always has one.
fn json_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Reads JSON; the error names the place and quotes no value.
fn read_json<T: DeserializeOwned>(text: String) -> Result<T, ReadError> {
    json(&Response::new(text.into_bytes())).map_err(|error| ReadError::Content(error.to_string()))
}
