//! Whatever is signed is read or refused, and nothing else is believed.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| workspace_tests::fuzz::notification(data));
