//! Whatever the kernel, or somebody in its place, sends.
#![no_main]

#[path = "../../tests/common/any_bytes.rs"]
mod any_bytes;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| any_bytes::understand(bytes));
