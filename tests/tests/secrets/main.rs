//! Searches all output for secrets.

#![allow(clippy::unwrap_used, reason = "tests")]

mod everywhere;
mod logger;
mod public_types;
mod recordings;
mod tinycert;
mod tinypass;
mod tokenpass;
mod tpay;
