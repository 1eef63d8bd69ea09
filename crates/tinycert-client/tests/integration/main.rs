//! The integration tests of tinycert-client: one program, one module for each subject.

mod decoding;
mod examples;
mod requests;
mod responses;
