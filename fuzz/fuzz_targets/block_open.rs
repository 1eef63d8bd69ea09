//! No bytes make the reading of an encrypted block panic, and none are believed unsigned.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| workspace_tests::fuzz::block_open(data));
