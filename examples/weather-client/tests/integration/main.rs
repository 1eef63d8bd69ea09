//! The integration tests of weather-client: one program, one module for each subject.

mod requests;
mod responses;
