//! Any bytes as the answer to every TinyCert call.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| workspace_tests::fuzz::replies_tinycert(data));
