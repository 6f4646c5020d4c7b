//! Whatever is read, there is an answer: a configuration that is valid, or problems with places.

#[path = "common/any_file.rs"]
mod any_file;
mod support;

use any_file::answered;
use director_import::Format;
use proptest::prelude::*;
use std::path::PathBuf;

/// Words of all languages, and what stands between them.
const WORDS: [&str; 48] = [
    "virtual",
    "virtual6",
    "=",
    "real=",
    "10.0.0.1:80",
    "[::1]:53",
    "gate",
    "masq",
    "->",
    "\n",
    "\t",
    "    ",
    "#",
    "\"",
    "'",
    "\\",
    "{",
    "}",
    "!",
    "@",
    "@^d1 ",
    "$X=",
    "$X",
    "${X}",
    "${_RANDOM 1 9}",
    "~SEQ(X,1,3)",
    "~LST(X,a,b)",
    "include *",
    "vrrp_instance",
    "virtual_server",
    "real_server",
    "10.0.0.1-9",
    "HTTP_GET",
    "url",
    "fwmark 1",
    "group",
    "weight -5",
    "-A -t",
    "-a -f 3 -r",
    "node",
    "keepalive 1ms",
    "auth 1",
    "IPaddr2::",
    "/24/eth0",
    "checktype=",
    "99999999999999999999",
    "é",
    "\u{0}",
];

/// Every file of every case, with its language.
fn seeds() -> Vec<(Format, String)> {
    let files = support::cases().into_iter().flat_map(|case: PathBuf| support::files(&case));
    files.filter_map(|(name, text)| Some((Format::guess(&name, &text)?, text))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn cut_files_are_answered(
        at in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let seeds = seeds();
        let (format, text) = at.get(&seeds);
        let text: String = text.chars().take(cut.index(text.chars().count() + 1)).collect();
        answered(*format, &text);
    }

    #[test]
    fn changed_files_are_answered(
        at in any::<prop::sample::Index>(),
        line in any::<prop::sample::Index>(),
        word in any::<prop::sample::Index>(),
    ) {
        let seeds = seeds();
        let (format, text) = at.get(&seeds);
        let mut lines: Vec<&str> = text.lines().collect();
        if !lines.is_empty() {
            let place = line.index(lines.len());
            lines[place] = WORDS[word.index(WORDS.len())];
        }
        answered(*format, &lines.join("\n"));
    }

    #[test]
    fn words_in_any_order_are_answered(
        format in prop::sample::select(&Format::ALL),
        words in prop::collection::vec(prop::sample::select(&WORDS), 0..60),
    ) {
        answered(format, &words.concat());
    }

    #[test]
    fn any_text_is_answered(format in prop::sample::select(&Format::ALL), text in ".{0,300}") {
        answered(format, &text);
    }
}
