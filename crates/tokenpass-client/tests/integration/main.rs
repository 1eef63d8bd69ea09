//! The integration tests of tokenpass-client: one program, one module for each subject.

mod examples;
mod replies;
mod requests;
mod responses;
