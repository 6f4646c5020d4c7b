//! Whatever somebody has written for keepalived, ldirectord, Heartbeat or `ipvsadm -R`.
#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;
#[path = "../../tests/common/any_file.rs"]
mod any_file;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| any_file::read(bytes));
