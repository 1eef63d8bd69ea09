//! Any bytes as the response to every TinyCert call.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| workspace_tests::fuzz::responses_tinycert(data));
