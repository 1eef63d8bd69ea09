//! Any bytes as the answer to every Tokenpass call.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| workspace_tests::fuzz::replies_tokenpass(data));
