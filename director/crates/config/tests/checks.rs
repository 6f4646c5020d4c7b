//! The examples of `docs/checks.md` are read, and show every type with every key of its own.

#![expect(clippy::unwrap_used, reason = "what cannot be set up is a failed test")]

use director_config::{check_types, parse};
use std::collections::{BTreeMap, BTreeSet};

const PAGE: &str = include_str!("../../../../docs/checks.md");
const HEAD: &str = r#"
[cluster]
key-file = "/etc/director/cluster.key"
links = [{ interface = "eth0" }]
[nodes.d1]
addresses = { eth0 = "10.0.0.11" }
priority = 200
[groups.web]
addresses = ["10.0.0.100/24 on eth0"]
[services.shop]
listen = "10.0.0.100:80"
servers = [{ address = "10.0.0.21" }]
"#;

fn examples() -> Vec<&'static str> {
    let blocks = PAGE.split("```toml\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap()).collect()
}

#[test]
fn every_example_is_read() {
    assert!(examples().len() > 20);
    for example in examples() {
        parse("checks.md", &format!("{HEAD}{example}")).unwrap_or_else(|it| panic!("{it}"));
    }
}

#[test]
fn every_type_has_its_row_its_section_and_an_example() {
    let mut shown: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for example in examples() {
        let keys = example.lines().filter_map(|line| line.split_once(" = "));
        let kind = keys.clone().find(|(key, _)| *key == "type").unwrap().1.trim_matches('"');
        shown.entry(kind).or_default().extend(keys.map(|(key, _)| key));
    }
    for (kind, keys) in check_types() {
        assert!(PAGE.contains(&format!("[`{kind}`]")), "no row of {kind}");
        let shown = shown.get(kind).unwrap_or_else(|| panic!("no example of {kind}"));
        // Of keys that say the same in several ways, one is shown.
        let other = |key: &str| {
            let stem = key.split('-').next().unwrap();
            shown.iter().any(|it| it.split('-').next() == Some(stem))
        };
        for key in keys {
            assert!(shown.contains(key) || other(key), "no example of {kind} has {key}");
        }
    }
}
