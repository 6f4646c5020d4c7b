//! Every example of the documentation is a whole file that is read.

#![expect(clippy::unwrap_used, reason = "what cannot be set up is a failed test")]

use director_config::parse;

const GRAMMAR: &str = include_str!("../GRAMMAR.md");

/// The blocks of TOML in the documentation.
fn examples() -> Vec<&'static str> {
    let blocks = GRAMMAR.split("```toml\n").skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn every_example_is_read() {
    assert_eq!(examples().len(), 4);
    for example in examples() {
        parse("example.toml", example).unwrap_or_else(|it| panic!("{it}"));
    }
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let configs: Vec<_> = examples().iter().map(|it| parse("example.toml", it).unwrap()).collect();
    assert_eq!(configs[0], configs[1]);
}
