//! The integration tests of tokenpass-client: one program with one module for each subject.

mod examples;
mod requests;
mod response_fields;
mod responses;
