//! The integration tests of tinycert-client: one program, one module for each subject.

mod examples;
mod replies;
mod requests;
mod responses;
