//! Shared code of the integration tests of several crates.

#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "for tests only"
)]

#[doc(hidden)]
pub use api_sandbox;

#[cfg(feature = "trycmd")]
pub mod cases;
pub mod cli;
#[cfg(unix)]
pub mod console;
pub mod decoding;
pub mod enums;
pub mod examples;
pub mod mistakes;
pub mod ports;
pub mod programs;
pub mod responses;
pub mod settings;
