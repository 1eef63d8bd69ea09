//! What the integration tests of several crates share.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "for tests only")]

pub mod examples;
pub mod replies;
