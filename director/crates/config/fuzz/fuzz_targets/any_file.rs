//! Whatever somebody has written into a `director.toml`.
#![no_main]

#[path = "../../tests/common/any_file.rs"]
mod any_file;

libfuzzer_sys::fuzz_target!(|text: &str| any_file::answers(text));
