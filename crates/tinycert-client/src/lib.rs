#![cfg_attr(docsrs, feature(doc_cfg))]
// Some of its programs make real calls, so they are run where the transport is built in.
#![cfg_attr(any(feature = "ureq", not(doctest)), doc = include_str!("../README.md"))]
//!
//! # What is where
//!
//! | part | for |
//! |---|---|
//! | [`Client`], [`ClientBuilder`], [`Environment`] | key and settings; opening sessions |
//! | [`Session`] | all other calls, and what is built on them |
//! | [`ListCas`], [`GetCaDetails`], [`GetCa`], [`DeleteCa`], [`CreateCa`] | requests about CAs |
//! | [`ListCerts`], [`GetCertDetails`], [`GetCert`], [`GetKey`], [`GetPkcs12`], [`ReissueCert`], [`SetCertStatus`], [`CreateCert`] | requests about certificates |
//! | [`Connect`], [`Disconnect`] | requests of the session itself |
//! | [`CaItem`], [`CaDetails`], [`CertItem`], [`CertDetails`] | answers |
//! | [`San`], [`StatusMask`], [`CertStatus`], [`HashMethod`], [`CaId`], [`CertId`] | parts of both |
//! | [`Renewal`], [`KeyPairFiles`], [`FileError`] | renewing, and files |
//! | [`Error`], [`ErrorKind`], [`ErrorCode`] | what went wrong |
//! | [`TokenStore`], [`FileStore`], [`MemoryStore`] | sessions kept between program runs |
//! | [`Secrets`], [`RawEndpoint`] | `curl` commands, other calls |

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
    AccessToken, Body, Clock, Credential, Detail, Endpoint, Error, ErrorKind, ExtraFields,
    FileStore, InputError, ManualClock, MemoryStore, Method, Params, RawEndpoint, Request,
    Response, Result, Secret, SecretBytes, Secrets, Sent, StatusCode, SystemClock, TokenKey,
    TokenStore, Transport, TransportError, TransportErrorKind, UnixTime, http,
};

#[cfg(feature = "ureq")]
pub use api_auth::ureq;
