#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]
//!
//! # Overview
//!
//! | items | for |
//! |---|---|
//! | [`Endpoint`], [`Paged`], [`RawEndpoint`], [`UnsignedRequest`], [`Body`] | endpoints and requests as data |
//! | [`Client`], [`Provider`], [`Settings`] | the request loop |
//! | [`Pages`], [`Items`] | pagination |
//! | [`Auth`], [`NoAuth`], [`hmac`] | authentication of requests |
//! | [`oauth`], [`AccessToken`] | access tokens: requests, responses, expiry |
//! | [`TokenStore`], [`MemoryStore`], [`FileStore`], [`VerifiedStore`], [`TokenKey`] | storage of tokens |
//! | `jws`, `md5` (features) | verification of received messages |
//! | [`Secret`], [`SecretBytes`], [`HmacKey`], [`Signature`] | secrets, keys and signatures |
//! | `block` (feature `blocks`) | encrypted blocks |
//! | [`Params`], [`Encoding`], [`path_segment`], [`base64()`] | encoding of requests |
//! | [`Transport`], [`transport`] | the HTTP transport |
//! | [`Error`], [`ErrorKind`], [`ResponseError`] | errors |
//! | [`decide`], [`RetryPolicy`] | retries |
//! | [`wire`], [`json`], [`wire_enum!`], [`Acknowledgement`] | tolerant parsing of responses |
//! | [`validate`], [`setters!`], [`Env`] | validation and construction of requests |
//! | [`Clock`], [`ManualClock`] | time |

// Code that only some providers need (schemes, token stores, printed commands) is `#[inline]`: only
// the crates that use it compile it.
mod answer;
mod auth;
#[cfg(feature = "blocks")]
pub mod block;
mod client;
mod clock;
#[cfg(any(feature = "jiff", feature = "rust_decimal"))]
mod convert;
mod curl;
mod encode;
mod endpoint;
mod error;
pub mod hmac;
mod json;
#[cfg(feature = "jws")]
pub mod jws;
#[cfg(feature = "md5")]
pub mod md5;
mod models;
pub mod oauth;
mod page;
#[cfg(feature = "ureq")]
mod proxy;
mod redact;
mod retry;
mod route;
mod secret;
mod secret_names;
mod setters;
mod settings;
mod store;
mod token;
pub mod transport;
pub mod validate;
mod variables;
mod verified_store;
pub mod wire;

pub use answer::{Acknowledgement, required};
pub use auth::{Auth, Generation, NoAuth, Preparation, TokenOrigin};
pub use client::{Client, Provider, status_error};
pub use clock::{Clock, ManualClock, SystemClock};
pub use curl::{Secrets, curl};
pub use encode::{
    Encoding, Params, base64, decode_form, decode_form_bytes, from_base64, path_segment,
    percent_decode, without_user_info,
};
pub use endpoint::{Body, Credential, Endpoint, Paged, RawEndpoint, Server, UnsignedRequest};
pub use error::{Delivery, Detail, Error, ErrorKind, InputError, ResponseError, Result};
pub use hmac::{HmacKey, Signature};
pub use http::{Method, StatusCode};
pub use json::{json, json_slice, json_start};
pub use models::{Amount, ExtraFields, UnixTime, UnknownText};
pub use page::{Items, Pages};
pub use retry::{Attempt, Decision, Outcome, Reason, RetryPolicy, decide, retry_after};
pub use route::{Route, Segment};
pub use secret::{Secret, SecretBytes};
pub use settings::{CONNECT_TIMEOUT, RESPONSE_LIMIT, Settings, TIMEOUT};
#[cfg(unix)]
#[doc(hidden)]
pub use store::own_user;
pub use store::{FileStore, MemoryStore, TokenKey, TokenStore};
pub use token::AccessToken;
pub use transport::{Request, Response, Sent, Transport, TransportError, TransportErrorKind};
pub use variables::Env;
pub use verified_store::{SecretOrigin, VerifiedStore};

pub use {http, serde};

/// The HTTP library of the built-in transport, for callers that use an agent of their own.
#[cfg(feature = "ureq")]
pub use ::ureq;
