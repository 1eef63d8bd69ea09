//! Any bytes as an encrypted block: parsing never panics, and unsigned blocks are rejected.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| workspace_tests::fuzz::block_open(data));
