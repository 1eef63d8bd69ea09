//! The integration tests of tinycert-client, as one program with one module for each subject.

mod examples;
mod requests;
mod response_fields;
mod responses;
