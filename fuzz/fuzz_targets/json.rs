//! What plain `serde_json` reads, the lenient reader reads to the same value.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| workspace_tests::fuzz::json(data));
