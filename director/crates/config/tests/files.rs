//! Whole files: the good ones are read, the broken ones give every problem.

#![expect(clippy::unwrap_used, reason = "what cannot be set up is a failed test")]

use director_config::{Code, parse};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The `.toml` files of a folder of the tests: name without ending, text.
fn files(folder: &str) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let toml = paths.filter(|path| path.extension().is_some_and(|it| it == "toml"));
    let named = toml.map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read_to_string(&path).unwrap())
    });
    named.collect()
}

#[test]
fn good_files_are_read() {
    let files = files("good");
    assert!(!files.is_empty());
    for (name, text) in files {
        let config = parse(&format!("{name}.toml"), &text).unwrap_or_else(|it| panic!("{it}"));
        insta::assert_debug_snapshot!(format!("good_{name}"), config);
    }
}

#[test]
fn broken_files_give_every_problem() {
    let mut seen = BTreeSet::new();
    let files = files("broken");
    assert!(files.len() >= 25, "{} broken files", files.len());
    for (name, text) in files {
        let file = format!("{name}.toml");
        let problems = parse(&file, &text).expect_err(&file);
        assert!(!problems.problems.is_empty(), "{file}");
        for problem in &problems.problems {
            assert!(!problem.help.is_empty() && !problem.message.is_empty(), "{problem:?}");
            assert!(text.get(problem.span.clone()).is_some(), "{problem:?}");
            seen.insert(problem.code);
        }
        insta::assert_snapshot!(format!("broken_{name}"), problems);
    }
    // These need a file system or a host; `tests/outside.rs` and
    // `tests/includes.rs` have them.
    let outside = [
        Code::Unreadable,
        Code::NoInclude,
        Code::IncludeCycle,
        Code::IncludedTwice,
        Code::DuplicateName,
        Code::NotUtf8,
        Code::KeyFileMissing,
        Code::KeyFileEmpty,
        Code::KeyFileOpen,
        Code::SecretMissing,
        Code::SecretOpen,
        Code::UnknownNode,
    ];
    let unseen: Vec<_> =
        Code::ALL.iter().filter(|it| !seen.contains(*it) && !outside.contains(it)).collect();
    assert!(unseen.is_empty(), "no broken file shows {unseen:?}");
}
