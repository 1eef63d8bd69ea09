//! The integration tests of tpay-client: one program, one module for each subject.

mod certificates;
mod decoding;
mod examples;
mod jws_attacks;
mod notifications;
mod requests;
mod responses;
