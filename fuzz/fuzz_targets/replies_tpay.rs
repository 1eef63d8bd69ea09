//! Any bytes as the answer to every Tpay call.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| workspace_tests::fuzz::replies_tpay(data));
