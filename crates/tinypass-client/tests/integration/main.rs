//! The integration tests of tinypass-client: one program, one module for each subject.

mod examples;
mod replies;
mod requests;
mod responses;
