//! What is encoded comes back, and a signature holds for its bytes only.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| workspace_tests::fuzz::encoders(data));
