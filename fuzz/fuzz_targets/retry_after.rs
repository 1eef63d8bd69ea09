//! Any bytes as a `Retry-After` header.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| workspace_tests::fuzz::retry_after_header(data));
