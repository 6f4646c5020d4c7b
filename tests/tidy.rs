//! Style as a test: every rule names its replacement, and old sins may only shrink.

use e2e::guards::{attributes, demand_none, layout, links, ratchet, rehearsals, words};
use e2e::repository;
use std::collections::BTreeMap;

fn held_to(rule: &str, limit: usize, found: &BTreeMap<String, usize>) {
    let text = repository::read("tests/ratchet.toml").text;
    let allowed =
        ratchet::read(&text).unwrap_or_else(|wrong| panic!("tests/ratchet.toml: {wrong}"));
    let known = ["columns", "lines", "function lines"];
    let unknown: Vec<&String> = allowed.keys().filter(|rule| !known.contains(&&***rule)).collect();
    assert_eq!(unknown, Vec::<&String>::new(), "rules are {known:?}");
    demand_none(&ratchet::compare(rule, limit, found, &allowed));
}

#[test]
fn lines_have_at_most_100_columns() {
    // The limit is on the lines of a file that are too long: none.
    held_to("columns", 0, &layout::long_lines(&repository::files_of("rs")));
}

#[test]
fn files_have_at_most_500_lines() {
    held_to("lines", layout::FILE_LINES, &layout::long_files(&repository::files_of("rs")));
}

#[test]
fn functions_have_at_most_70_lines() {
    let found = layout::long_functions(&repository::files_of("rs"));
    held_to("function lines", layout::FUNCTION_LINES, &found);
}

#[test]
fn no_file_has_a_banned_word() {
    let files = repository::files_of("rs");
    assert!(files.len() > 100, "{} files", files.len());
    demand_none(&words::banned(&files));
}

#[test]
fn every_sleep_has_its_reason() {
    demand_none(&words::unexplained_sleeps(&repository::files_of("rs")));
}

#[test]
fn the_project_speaks_only_of_itself() {
    demand_none(&words::workplace(&repository::files()));
}

#[test]
fn every_crate_takes_the_workspaces_lints() {
    demand_none(&attributes::lints_not_inherited(&repository::files_of("toml")));
}

#[test]
fn every_exception_to_a_lint_has_its_reason() {
    demand_none(&attributes::without_reason(&repository::files_of("rs")));
}

#[test]
fn every_document_is_reached_from_the_readme() {
    let exists = |path: &str| repository::root().join(path).exists();
    demand_none(&links::check(&repository::files_of("md"), exists));
}

#[test]
fn every_file_below_scenarios_is_run_by_something() {
    let mut files = repository::files();
    files.retain(|file| file.path.starts_with("scenarios/"));
    assert!(files.len() > 10, "{} files", files.len());
    demand_none(&rehearsals::check(&files));
}
