//! Whatever somebody sends to a director's port of heartbeats, or as an advert.
#![no_main]

#[path = "../../tests/common/any_bytes.rs"]
mod any_bytes;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| any_bytes::understand(bytes));
