//! Any bytes as JSON: if `serde_json` accepts them, the lenient parser returns the same value.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| workspace_tests::fuzz::json(data));
