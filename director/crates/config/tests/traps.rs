//! Traps: what is valid, and will hurt one day.

use director_config::{Texts, Trap, parse, warnings};
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_trap_is_shown_at_its_place() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traps");
    let mut seen = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let config = parse(&name, &text).unwrap_or_else(|problems| panic!("{problems}"));
        let found = warnings(&config, &Texts::one(&name, &text));
        seen.extend(found.warnings.iter().map(|warning| warning.trap));
        insta::assert_snapshot!(name, found);
    }
    let unseen: Vec<_> = Trap::ALL.iter().filter(|trap| !seen.contains(trap)).collect();
    assert!(unseen.is_empty(), "no file shows {unseen:?}");
}

/// What readers copy first has no trap but the one that their network must cure.
#[test]
fn the_first_example_of_the_grammar_has_one_trap_at_most() {
    let grammar = include_str!("../GRAMMAR.md");
    let text = grammar.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let config = parse("director.toml", text).unwrap_or_else(|problems| panic!("{problems}"));
    let found = warnings(&config, &Texts::one("director.toml", text));
    let others = found.warnings.iter().any(|warning| warning.trap != Trap::NoWitness);
    assert!(!others, "{found}");
}

const MARK: &str = "<!-- What follows is made of the code: `UPDATE_DOCS=1 cargo nextest run -p \
                    director-config` writes it. -->\n";

#[test]
fn the_page_of_warnings_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/warnings.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, after) = text.split_once(MARK).unwrap();
    let page: String = Trap::ALL
        .iter()
        .map(|trap| {
            let (meaning, why, cure) = (trap.meaning(), trap.why(), trap.cure());
            format!("\n## {trap}\n\n**{meaning}** {why}\n\n{cure}\n")
        })
        .collect();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{MARK}{page}")).unwrap();
        return;
    }
    assert!(after == page, "{} is old: {MARK}", path.display());
}
