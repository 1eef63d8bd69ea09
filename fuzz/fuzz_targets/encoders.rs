//! Any bytes as values: they round-trip through the encoders, and a signature is valid for its
//! bytes only.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| workspace_tests::fuzz::encoders(data));
