//! For any text: no panic, and an answer. For any configuration: written and read, it is the same.

#![expect(clippy::unwrap_used, reason = "what cannot be set up is a failed test")]

#[path = "common/any_file.rs"]
mod any_file;
mod configs;

use any_file::answers;
use director_config::{parse, render};
use proptest::prelude::*;

/// A good file, from which broken ones are made.
const PAIR: &str = include_str!("good/pair.toml");

/// Words of the grammar, and what does not belong between them.
fn token() -> impl Strategy<Value = String> {
    let words = PAIR.split_inclusive(['\n', ' ', ',']).map(ToOwned::to_owned);
    let odd = ["\"", "'", "[", "]", "{", "}", "=", "\n", "\0", "é", "-1", "1e9", "[[", "0s", "nan"];
    let all: Vec<String> = words.chain(odd.map(ToOwned::to_owned)).collect();
    proptest::sample::select(all)
}

proptest! {
    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        answers(&text);
    }

    #[test]
    fn any_mixture_of_words_is_answered(words in prop::collection::vec(token(), 0..60)) {
        answers(&words.concat());
    }

    #[test]
    fn any_slip_in_a_good_file_is_answered(
        at in 0..PAIR.len(), cut in 0..12_usize, word in token(),
    ) {
        let end = (at + cut).min(PAIR.len());
        answers(&format!("{}{word}{}", &PAIR[..at], &PAIR[end..]));
    }

    #[test]
    fn any_value_may_stand_anywhere(line in 0..40_usize, value in prop::sample::select(vec![
        "0", "-9223372036854775808", "9223372036854775807", "1.5", "inf", "true", "2020-01-01",
        "[]", "{}", "\"\"", "\"9999999999999999999h\"", "[[[]]]", "{ a.b = 1 }", "\"\\u0000\"",
    ])) {
        let replace = |(number, text): (usize, &str)| match text.split_once('=') {
            Some((key, _)) if number == line => format!("{key}= {value}\n"),
            _ => format!("{text}\n"),
        };
        answers(&PAIR.lines().enumerate().map(replace).collect::<String>());
    }

    #[test]
    fn what_is_written_is_read(config in configs::config()) {
        let text = render(&config);
        let read = parse("written.toml", &text);
        prop_assert_eq!(read.map_err(|it| TestCaseError::fail(it.to_string()))?, config);
    }
}

#[test]
fn deep_nesting_is_answered() {
    for (open, close) in [("[", "]"), ("{ a = ", " }")] {
        answers(&format!("a = {}1{}", open.repeat(20_000), close.repeat(20_000)));
    }
    answers(&format!("{}a = 1", "a.".repeat(20_000)));
    answers(&format!("[{}a]", "a.".repeat(20_000)));
}

#[test]
fn a_written_file_reads_well() {
    let config = parse("pair.toml", PAIR).unwrap();
    insta::assert_snapshot!(render(&config));
}
