#![cfg_attr(docsrs, feature(doc_cfg))]
//! Blocking, typed client for the TinyCert API.
//!
//! # Tasks
//!
//! | to | use |
//! |---|---|
//! | find or create a CA | [`get_or_create_ca`](Session::get_or_create_ca) |
//! | issue a certificate and write its files | [`issue_to_files`](Session::issue_to_files) |
//! | find and renew certificates that expire soon | [`expiring_certs`](Session::expiring_certs),
//! [`renew_to_files`](Session::renew_to_files) |
//! | create exactly one certificate, even if a response is lost | [`issue_cert`](Session::issue_cert), [`renew`](Session::renew) |
//! | revoke or reinstate a certificate | [`set_cert_status`](Session::set_cert_status) |
//! | handle errors; find out whether a failed write was carried out | [`ErrorKind`], [`ErrorExt`]; [`outcome_unknown`](Error::outcome_unknown), then [`list_certs`](Session::list_certs) |
//! | share a session between programs | [`FileStore`] |
//! | test your code without a server | [Testing your own code](#testing-your-own-code) |
//!
//! # Contents
//!
//! [`Client`] only opens sessions; [`Session`] sends all other requests. Every endpoint is a method
//! of one of them, and has a request type in the module of its resource. Most programs only need
//! the names on this page and the module of the resource that they use.
//!
//! | item | contents | methods |
//! |---|---|---|
//! | [`Client`], [`ClientBuilder`] | API key and settings; opening sessions | [`builder`](Client::builder), [`from_env`](Client::from_env) |
//! | [`session`] | sessions, in which all requests are sent | [`connect`](Client::connect), [`resume`](Client::resume), [`resume_or_connect`](Client::resume_or_connect); [`from_env`](Session::from_env), [`disconnect`](Session::disconnect), [`token`](Session::token), [`into_token`](Session::into_token) |
//! | [`ca`] | certificate authorities | [`list_cas`](Session::list_cas), [`get_ca_details`](Session::get_ca_details), [`get_ca`](Session::get_ca), [`create_ca`](Session::create_ca), [`delete_ca`](Session::delete_ca) |
//! | [`cert`] | certificates, private keys, PKCS#12 | [`list_certs`](Session::list_certs), [`get_cert_details`](Session::get_cert_details), [`get_cert`](Session::get_cert), [`get_key`](Session::get_key), [`get_pkcs12`](Session::get_pkcs12), [`create_cert`](Session::create_cert), [`reissue_cert`](Session::reissue_cert), [`set_cert_status`](Session::set_cert_status) |
//! | [`renewal`] | methods that find, issue and renew certificates, even if a response is lost | [`find_ca`](Session::find_ca), [`get_or_create_ca`](Session::get_or_create_ca), [`expiring_certs`](Session::expiring_certs), [`find_issued`](Session::find_issued), [`issue_cert`](Session::issue_cert), [`renew`](Session::renew) |
//! | [`files`] | files for a chain and its key, which always match | [`issue_to_files`](Session::issue_to_files), [`renew_to_files`](Session::renew_to_files), [`save_to_files`](Session::save_to_files) |
//! | [`error`] | error codes of the provider | [`error_code`](ErrorExt::error_code) |
//! | [`ENDPOINTS`] | table of all endpoints | |
//! | [`api_auth`] | transports, clocks, token stores and HTTP types, shared by the four clients | |
//! | [`Session`] | requests to any endpoint, also as `curl` commands | [`send`](Session::send), [`send_with_response`](Session::send_with_response), [`send_raw`](Session::send_raw), [`send_as`](Session::send_as), [`send_all`](Session::send_all), [`items`](Session::items), [`signed_request`](Session::signed_request), [`curl`](Session::curl), [`curl_with_secrets`](Session::curl_with_secrets), [`clock`](Session::clock) |
//!
// Some examples of the README send requests, so they run only with the built-in transport.
#![cfg_attr(any(feature = "ureq", not(doctest)), doc = include_str!("../README.md"))]

pub mod ca;
pub mod cert;
mod client;
mod endpoints;
pub mod error;
pub mod files;
mod id;
pub mod renewal;
pub mod session;
mod validate;

pub use api_auth;
pub use client::{Client, ClientBuilder, Environment};
pub use endpoints::ENDPOINTS;

#[doc(no_inline)]
pub use api_auth::{
    Endpoint, Error, ErrorKind, FileStore, InputError, MemoryStore, RawEndpoint, Result, Secret,
    UnixTime,
};
#[doc(no_inline)]
pub use ca::{CaId, CreateCa};
#[doc(no_inline)]
pub use cert::{CertId, CertPart, CertStatus, CreateCert, San};
#[doc(no_inline)]
pub use error::{ErrorCode, ErrorExt};
#[doc(no_inline)]
pub use files::KeyPairFiles;
#[doc(no_inline)]
pub use renewal::Renewal;
#[doc(no_inline)]
pub use session::Session;
