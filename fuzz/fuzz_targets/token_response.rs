//! Any bytes as the response to a request for a token.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| workspace_tests::fuzz::token_response(data));
