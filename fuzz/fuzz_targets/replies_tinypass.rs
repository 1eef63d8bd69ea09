//! Any bytes as the answer to every TinyPass call.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| workspace_tests::fuzz::replies_tinypass(data));
