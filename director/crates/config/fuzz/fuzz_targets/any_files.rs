//! Whatever somebody has written into several files; a form feed ends one.
#![no_main]

#[path = "../../tests/common/any_files.rs"]
mod any_files;

use director_config::Texts;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut parts = text.split('\u{c}');
    let mut texts = Texts::one("any.toml", parts.next().unwrap_or_default());
    for (number, part) in parts.enumerate() {
        texts.add(format!("{number}.toml"), part);
    }
    any_files::all_answer(&texts);
});
