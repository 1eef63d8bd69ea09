//! The integration tests of tinycert-client: one program, one module for each subject.

mod examples;
mod requests;
mod response_fields;
mod responses;
