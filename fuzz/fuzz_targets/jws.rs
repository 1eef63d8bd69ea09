//! Any bytes as a signature header: it is rejected, and the parser never panics.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| workspace_tests::fuzz::jws(data));
