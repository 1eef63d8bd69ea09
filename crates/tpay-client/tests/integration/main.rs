//! The integration tests of tpay-client: one program with one module for each subject.

mod certificates;
mod examples;
mod jws_attacks;
mod notifications;
mod requests;
mod response_fields;
mod responses;
