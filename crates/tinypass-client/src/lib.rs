#![cfg_attr(docsrs, feature(doc_cfg))]
// Some examples of the README send requests, so they run only with the built-in transport.
#![cfg_attr(any(feature = "ureq", not(doctest)), doc = include_str!("../README.md"))]
//!
//! # Overview
//!
//! | types | for |
//! |---|---|
//! | [`Client`], [`ClientBuilder`], [`Environment`] | sending requests |
//! | [`GetAccess`], [`SearchAccess`], [`GrantAccess`], [`RevokeAccess`] | requests about access |
//! | [`SearchSubscriptions`], [`CancelSubscription`] | requests about subscriptions |
//! | [`GetDownload`], [`GetDownloadUrl`], [`DownloadPath`] | requests about downloads |
//! | [`GetUser`] | requests about users |
//! | [`Access`], [`AccessPage`], [`Subscription`], [`Download`], [`DownloadUrl`], [`User`], [`Acknowledgement`] | responses |
//! | `blocks` (feature `blocks`) | token cookies, webhooks, purchase links |
//! | [`Error`], [`ErrorKind`] | errors |
//! | [`authorization`], [`Secrets`], [`RawEndpoint`] | signing requests yourself, `curl` commands, other endpoints |

mod access;
#[cfg(feature = "blocks")]
pub mod blocks;
mod client;
mod download;
mod error;
mod subscription;
mod user;
mod validate;

pub use access::{
    Access, AccessPage, GetAccess, GrantAccess, MAX_PAGE_SIZE, RevokeAccess, SearchAccess,
};
pub use client::{Client, ClientBuilder, Environment, authorization};
pub use download::{Download, DownloadPath, DownloadUrl, GetDownload, GetDownloadUrl};
pub use subscription::{CancelSubscription, SearchSubscriptions, Subscription};
pub use user::{GetUser, User};

pub use api_auth::{
    Acknowledgement, Amount, Body, Clock, Credential, Delivery, Detail, Endpoint, Error, ErrorKind,
    ExtraFields, InputError, Items, ManualClock, Method, Paged, Pages, Params, RawEndpoint,
    Request, Response, Result, Secret, Secrets, Sent, StatusCode, SystemClock, Transport,
    TransportError, TransportErrorKind, UnixTime, http, path_segment,
};

#[cfg(feature = "ureq")]
pub use api_auth::ureq;
