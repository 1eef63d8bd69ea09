//! Secrets are searched for wherever text comes out.

#![allow(clippy::unwrap_used, reason = "tests")]

mod everywhere;
mod logger;
mod public_types;
mod recordings;
mod tinycert;
mod tinypass;
mod tokenpass;
mod tpay;
