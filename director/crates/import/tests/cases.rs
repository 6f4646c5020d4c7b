//! Files of every language: what becomes of them, and that every directive is among them.

mod support;

use director_import::{Fate, LANGUAGES, Note};
use std::collections::BTreeSet;

#[test]
fn cases_become_what_they_became() {
    for case in support::cases() {
        let name = case.file_name().expect("a name").to_string_lossy().into_owned();
        let (told, imported) = support::run(&case);
        assert_eq!(imported.is_none(), name.starts_with("wrong-"), "{name}: {told}");
        insta::assert_snapshot!(name, told);
    }
}

#[test]
fn what_is_imported_is_a_valid_configuration() {
    for case in support::cases() {
        let (_, Some(imported)) = support::run(&case) else { continue };
        let config = director_config::parse("director.toml", &imported.text);
        config.unwrap_or_else(|problems| panic!("{}: {problems}", case.display()));
    }
}

/// What the tables say is what happens: a directive that is not carried over has its note, and one
/// that is has none of its own.
#[test]
fn the_tables_tell_the_truth() {
    let cases: Vec<_> = support::cases().iter().map(|case| support::run(case)).collect();
    let imported: Vec<_> = cases.iter().filter_map(|(_, imported)| imported.as_ref()).collect();
    let notes: BTreeSet<&Note> = imported.iter().flat_map(|it| &it.notes).collect();
    let texts: String =
        support::cases().iter().flat_map(|it| support::files(it)).map(|it| it.1).collect();
    let mut wrong = Vec::new();
    for directive in LANGUAGES.iter().flat_map(|language| language.directives) {
        let noted = notes.iter().any(|note| {
            (note.directive.as_str(), note.text.as_str()) == (directive.name, directive.text)
                && note.fate == directive.fate
        });
        let word = directive.name.rsplit('=').next().unwrap_or(directive.name);
        let seen = texts.contains(word) || directive.name == "a script" || word == "N";
        if noted == (directive.fate == Fate::Carried) || !seen {
            wrong.push(format!("{} {}: {}", directive.section, directive.name, directive.fate));
        }
    }
    assert!(wrong.is_empty(), "no case shows this of\n{}", wrong.join("\n"));
}
