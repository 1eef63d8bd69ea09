#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod client;
mod error;
mod forecast;
mod report;

pub use client::{Client, ClientBuilder, Environment};
pub use forecast::{Day, Forecast, GetForecast, Sky};
pub use report::{CreateReport, Report};

pub use api_auth::{
    Amount, Endpoint, Error, ErrorKind, InputError, RawEndpoint, Request, Response, Result, Secret,
    Transport, TransportError, UnixTime, http,
};

#[cfg(feature = "ureq-3")]
pub use api_auth::ureq;
