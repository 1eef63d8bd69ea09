#![cfg_attr(docsrs, feature(doc_cfg))]
//! Blocking, typed client for the TinyPass r2 REST API.
//!
//! # Tasks
//!
//! | to | use |
//! |---|---|
//! | check whether a user may read a resource | [`get_access`](Client::get_access) |
//! | grant or revoke access, cancel a subscription | [`grant_access`](Client::grant_access), [`revoke_access`](Client::revoke_access), [`cancel_subscription`](Client::cancel_subscription) |
//! | list all access records, several pages at a time | [`accesses`](Client::accesses), [`concurrent`](Items::concurrent) |
//! | find out whether a failed write was carried out | [`outcome_unknown`](Error::outcome_unknown), then [`get_access`](Client::get_access) |
//! | create a link to a download | [`get_download_url`](Client::get_download_url) |
#![cfg_attr(
    feature = "blocks",
    doc = "| read token cookies and webhooks | [`Blocks`](blocks::Blocks) |"
)]
#![cfg_attr(
    not(feature = "blocks"),
    doc = "| read token cookies and webhooks | `blocks` (feature of that name) |"
)]
//! | handle errors | [`ErrorKind`] |
//! | test your code without a server | [Testing your own code](#testing-your-own-code) |
//!
//! # Contents
//!
//! Every endpoint is a method of [`Client`] and has a request type in the module of its resource.
//! Most programs only need the names on this page and the module of the resource that they use.
//! [`accesses`](Client::accesses) iterates over all pages of a list, and
//! [`search_access`](Client::search_access) returns one page.
//!
//! | item | contents | methods |
//! |---|---|---|
//! | [`Client`], [`ClientBuilder`] | credentials and settings | [`builder`](Client::builder), [`from_env`](Client::from_env) |
//! | [`access`] | access of users to resources | [`get_access`](Client::get_access), [`accesses`](Client::accesses), [`search_access`](Client::search_access), [`grant_access`](Client::grant_access), [`revoke_access`](Client::revoke_access) |
//! | [`subscription`] | recurring subscriptions | [`search_subscriptions`](Client::search_subscriptions), [`cancel_subscription`](Client::cancel_subscription) |
//! | [`download`] | downloads, and expiring links to their files | [`get_download`](Client::get_download), [`get_download_url`](Client::get_download_url) |
//! | [`user`] | users | [`get_user`](Client::get_user) |
#![cfg_attr(
    feature = "blocks",
    doc = "| [`blocks`] | token cookies, webhooks, purchase links and tags | methods of [`Blocks`](blocks::Blocks), which requires no client |"
)]
#![cfg_attr(
    not(feature = "blocks"),
    doc = "| `blocks` (feature of that name) | token cookies, webhooks, purchase links and tags | methods of `blocks::Blocks`, which requires no client |"
)]
//! | [`ENDPOINTS`] | table of all endpoints | |
//! | [`api_auth`] | transports, clocks, token stores and HTTP types, shared by the four clients | |
//! | [`Client`] | requests to any endpoint, also as `curl` commands | [`send`](Client::send), [`send_with_response`](Client::send_with_response), [`send_raw`](Client::send_raw), [`send_as`](Client::send_as), [`send_all`](Client::send_all), [`items`](Client::items), [`signed_request`](Client::signed_request), [`curl`](Client::curl), [`curl_with_secrets`](Client::curl_with_secrets) |
//!
//! [`authorization`] signs a request that you send with another HTTP library.
//!
// Some examples of the README send requests, so they run only with the built-in transport.
#![cfg_attr(any(feature = "ureq", not(doctest)), doc = include_str!("../README.md"))]

pub mod access;
#[cfg(feature = "blocks")]
pub mod blocks;
mod client;
pub mod download;
mod endpoints;
mod error;
pub mod subscription;
pub mod user;
mod validate;

pub use api_auth;
pub use client::{Client, ClientBuilder, Environment, authorization};
pub use endpoints::ENDPOINTS;

#[doc(no_inline)]
pub use access::{Access, GrantAccess, Granted, RevokeAccess, SearchAccess};
#[doc(no_inline)]
pub use api_auth::{
    Acknowledgement, Amount, Endpoint, Error, ErrorKind, InputError, Items, RawEndpoint, Result,
    Secret, UnixTime,
};
#[doc(no_inline)]
pub use download::{Download, DownloadUrl, GetDownloadUrl};
#[doc(no_inline)]
pub use subscription::{SearchSubscriptions, Subscription};
#[doc(no_inline)]
pub use user::User;
