//! Any bytes as the response to every TinyPass call.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| workspace_tests::fuzz::responses_tinypass(data));
