//! No signature header is believed, and none makes the reader panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| workspace_tests::fuzz::jws(data));
