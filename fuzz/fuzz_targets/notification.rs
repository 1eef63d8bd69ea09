//! Any bytes as a notification: signed ones are parsed or rejected, and unsigned ones are rejected.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| workspace_tests::fuzz::notification(data));
