#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]
//!
//! # Overview
//!
//! | items | for |
//! |---|---|
//! | [`Endpoint`], [`EndpointInfo`], [`Paged`], [`RawEndpoint`], [`UnsignedRequest`], [`Body`] | endpoints and requests as data |
//! | [`Client`], [`Provider`], [`Settings`] | the request loop |
//! | [`Pages`], [`Items`], [`NumberedPages`], [`Extent`] | pagination |
//! | [`Batch`] | concurrent requests |
//! | [`Auth`], [`NoAuth`], [`hmac`] | authentication of requests |
//! | [`oauth`], [`AccessToken`] | access tokens: requests, responses, expiry |
//! | [`TokenStore`], [`MemoryStore`], [`FileStore`], [`VerifiedStore`], [`TokenKey`] | storage of tokens |
//! | `jws`, `md5` (features) | verification of received messages |
//! | [`Secret`], [`SecretBytes`], [`HmacKey`], [`Signature`] | secrets, keys and signatures |
//! | `block` (feature `blocks`) | encrypted blocks |
//! | [`Params`], [`Encoding`], [`path_segment`], [`base64()`] | encoding of requests |
//! | [`der_element`] | decoding of certificates and keys |
//! | [`Transport`], [`transport`] | the HTTP transport |
//! | `Replay` (feature `record`) | recordings of exchanges |
//! | [`Error`], [`ErrorKind`], [`ResponseError`] | errors |
//! | [`decide`], [`RetryPolicy`] | retries |
//! | [`wire`], [`json`], [`wire_enum!`], [`Acknowledgement`] | tolerant parsing of responses |
//! | [`validate`], [`setters!`], [`Env`] | validation and construction of requests |
//! | [`Clock`], [`ManualClock`], [`Interrupt`] | time |

// The manifest has two entries for ureq, so neither can have its name.
#[cfg(all(feature = "ureq", not(feature = "ureq-3")))]
extern crate ureq_lib as ureq;

// Code that only some providers need (schemes, token stores, printed commands) is `#[inline]`: only
// the crates that use it compile it.
mod acknowledgement;
mod auth;
mod batch;
#[cfg(feature = "blocks")]
pub mod block;
mod body;
mod client;
mod clock;
#[cfg(any(feature = "jiff-1", feature = "rust_decimal-1"))]
mod convert;
mod curl;
mod der;
mod encode;
mod endpoint;
mod endpoint_info;
mod error;
pub mod hmac;
mod json;
#[cfg(feature = "jws")]
pub mod jws;
#[cfg(feature = "md5")]
pub mod md5;
mod message;
mod models;
mod network;
pub mod oauth;
mod pace;
mod page;
mod provider;
#[cfg(feature = "ureq")]
mod proxy;
mod raw_endpoint;
mod raw_members;
#[cfg(feature = "record")]
mod record;
mod redact;
mod retry;
mod route;
mod scalar;
mod secret;
mod secret_names;
mod setters;
mod settings;
mod store;
mod token;
pub mod transport;
mod unsigned_request;
pub mod validate;
mod variables;
mod verified_store;
mod window;
pub mod wire;

pub use acknowledgement::Acknowledgement;
pub use auth::{Auth, Generation, MOST_REPLACEMENTS, NoAuth, Preparation, TokenOrigin};
pub use batch::Batch;
pub use body::Body;
pub use client::Client;
pub use clock::{Clock, Interrupt, ManualClock, SystemClock};
pub use curl::{curl, curl_with_secrets};
pub use der::der_element;
pub use encode::{
    Encoding, Params, base64, decode_form, decode_form_bytes, from_base64, path_segment,
    percent_decode, user_infos, without_user_info, without_user_infos,
};
pub use endpoint::{Endpoint, Extent, NumberedPages, Paged};
pub use endpoint_info::EndpointInfo;
pub use error::input::InputError;
pub use error::kind::ErrorKind;
pub use error::response::{Detail, ResponseError, required};
pub use error::{Delivery, Error, Result};
pub use hmac::{HmacKey, Signature};
pub use http::{Method, StatusCode};
pub use json::{json, json_slice, json_start};
pub use message::{Request, Response};
pub use models::{Amount, ExtraFields, UnixTime, UnknownText};
pub use network::{CONNECT_TIMEOUT, MAX_CONNECTIONS, RESPONSE_LIMIT, TIMEOUT};
pub use page::{Items, Pages};
pub use provider::{Provider, status_error};
pub use raw_endpoint::RawEndpoint;
#[cfg(feature = "record")]
pub use record::Replay;
pub use retry::{Attempt, Decision, Outcome, Reason, RetryPolicy, decide, retry_after};
pub use route::{Credential, Route, Segment, Server};
pub use secret::{Secret, SecretBytes};
pub use secret_names::{is_secret_header, is_secret_name};
pub use settings::Settings;
pub use store::file::FileStore;
#[cfg(unix)]
#[doc(hidden)]
pub use store::folder::unix::own_user;
#[doc(hidden)]
pub use store::forget_token;
pub use store::lock_once::{LockAttempt, LockOnce};
pub use store::memory::MemoryStore;
#[cfg(unix)]
#[doc(hidden)]
pub use store::owner::unix::is_trusted;
#[doc(hidden)]
pub use store::owner::{check_folder, real_folder};
pub use store::{TokenKey, TokenStore};
pub use token::AccessToken;
pub use transport::{Sent, Transport, TransportError, TransportErrorKind};
pub use unsigned_request::UnsignedRequest;
pub use variables::Env;
pub use verified_store::{SecretOrigin, VerifiedStore};

pub use {http, serde};

/// Version 3 of the HTTP library `ureq`, whose `Agent` is a [`Transport`].
#[cfg(feature = "ureq-3")]
pub extern crate ureq_lib as ureq;
