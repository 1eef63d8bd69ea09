//! The integration tests of tinypass-client: one program, one module for each subject.

mod decoding;
mod examples;
mod requests;
mod responses;
