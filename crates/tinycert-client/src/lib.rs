#![cfg_attr(docsrs, feature(doc_cfg))]
// Some examples of the README send requests, so they run only with the built-in transport.
#![cfg_attr(any(feature = "ureq", not(doctest)), doc = include_str!("../README.md"))]
//!
//! # Overview
//!
//! | types | for |
//! |---|---|
//! | [`Client`], [`ClientBuilder`], [`Environment`] | API key and settings; opening sessions |
//! | [`Session`] | sending all other requests; issuing and renewing |
//! | [`ListCas`], [`GetCaDetails`], [`GetCa`], [`DeleteCa`], [`CreateCa`] | requests about CAs |
//! | [`ListCerts`], [`GetCertDetails`], [`GetCert`], [`GetKey`], [`GetPkcs12`], [`ReissueCert`], [`SetCertStatus`], [`CreateCert`] | requests about certificates |
//! | [`Connect`], [`Disconnect`] | requests that open and close a session |
//! | [`CaItem`], [`CaDetails`], [`CertItem`], [`CertDetails`] | responses |
//! | [`San`], [`StatusMask`], [`CertStatus`], [`HashMethod`], [`CaId`], [`CertId`] | parts of requests and responses |
//! | [`Renewal`], [`KeyPairFiles`], [`FileError`] | renewals, files of certificates and keys |
//! | [`Error`], [`ErrorKind`], [`ErrorCode`] | errors |
//! | [`TokenStore`], [`FileStore`], [`MemoryStore`] | sharing sessions between runs of a program |
//! | [`Secrets`], [`RawEndpoint`] | `curl` commands, other endpoints |

mod ca;
mod cert;
mod client;
mod connect;
mod error;
mod files;
mod id;
mod renew;
mod san;
mod session;
mod validate;

pub use ca::{
    CaDetails, CaItem, CreateCa, DeleteCa, GetCa, GetCaDetails, HashAlg, HashMethod, ListCas,
};
pub use cert::{
    CertDetails, CertItem, CertPart, CertStatus, CreateCert, GetCert, GetCertDetails, GetKey,
    GetPkcs12, KeyForm, ListCerts, ReissueCert, SetCertStatus, StatusMask,
};
pub use client::{Client, ClientBuilder, Environment};
pub use connect::{API_KEY, Connect, Disconnect};
pub use error::ErrorCode;
pub use files::{FileError, KeyPairFiles};
pub use id::{CaId, CertId};
pub use renew::Renewal;
pub use san::San;
pub use session::Session;

pub use api_auth::{
    AccessToken, Body, Clock, Credential, Delivery, Detail, Endpoint, Error, ErrorKind,
    ExtraFields, FileStore, InputError, ManualClock, MemoryStore, Method, Params, RawEndpoint,
    Request, Response, Result, Secret, SecretBytes, Secrets, Sent, StatusCode, SystemClock,
    TokenKey, TokenStore, Transport, TransportError, TransportErrorKind, UnixTime, http,
};

#[cfg(feature = "ureq")]
pub use api_auth::ureq;
