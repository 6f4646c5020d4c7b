//! The pages that say how something is done, done as they are written.
//!
//! Each has a scenario in `scenarios/guides/`, whose configuration is the page's to the letter:
//! what is played on the model and the kernel is what a reader copies.

#![expect(clippy::expect_used, reason = "helpers of tests are outside `#[test]` functions")]

mod walk;

use std::collections::BTreeSet;
use walk::{Walker, root, stops};

/// Page and scenario; and whether the page has the whole configuration, or lines of it.
const GUIDES: [(&str, &str, Shown); 8] = [
    ("nat", "nat", Shown::Whole("nat")),
    ("direct-routing", "direct", Shown::Whole("direct")),
    ("tunnelling", "tunnel", Shown::Whole("tunnel")),
    ("ipv6", "ipv6", Shown::Whole("ipv6")),
    ("two-links", "two-links", Shown::Lines("direct")),
    ("witness", "witness", Shown::Lines("direct")),
    ("split", "split", Shown::Lines("direct")),
    ("remote-access", "remote-access", Shown::Lines("direct")),
];

#[derive(Clone, Copy)]
enum Shown {
    Whole(&'static str),
    Lines(&'static str),
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn walked(page: &str, scenario: &str) {
    let text = read(&format!("docs/{page}.md"));
    let stops = stops(&text);
    let file = format!("scenarios/guides/{scenario}.toml");
    assert!(stops[0].command.contains(&file), "{page} does not begin with {file}");
    assert!(stops.iter().any(|stop| !stop.shown.is_empty()), "{page} shows nothing");
    if let Some(walker) = Walker::of(page) {
        walker.walk_all(&stops, |stop| stop.shown.clone());
    }
}

/// A test for each, so that several can run at once and each has its own time.
macro_rules! walked {
    ($($name:ident: $place:literal,)*) => {
        $(#[test]
        fn $name() {
            let (page, scenario, _) = GUIDES[$place];
            walked(page, scenario);
        })*

        #[test]
        fn every_guide_is_walked() {
            let places = BTreeSet::from([$($place),*]);
            assert_eq!(places, (0..GUIDES.len()).collect());
        }
    };
}

walked! {
    nat_is_done_as_written: 0,
    direct_routing_is_done_as_written: 1,
    tunnelling_is_done_as_written: 2,
    ipv6_is_done_as_written: 3,
    two_links_are_done_as_written: 4,
    a_witness_is_done_as_written: 5,
    a_split_is_mended_as_written: 6,
    the_way_in_from_elsewhere_is_opened_as_written: 7,
}

#[test]
fn the_configuration_of_a_page_is_that_of_its_scenario() {
    for (page, scenario, shown) in GUIDES {
        let text = read(&format!("docs/{page}.md"));
        let (Shown::Whole(config) | Shown::Lines(config)) = shown;
        let path = format!("config/{config}.toml");
        let used = read(&format!("scenarios/guides/{scenario}.toml"));
        assert!(used.contains(&format!("\"{path}\"")), "{scenario} does not use {path}");
        let config = read(&format!("scenarios/guides/{path}"));
        let blocks: Vec<&str> = text.split("```toml\n").skip(1).collect();
        let blocks = blocks.iter().map(|block| block.split("```").next().unwrap_or_default());
        for block in blocks.clone() {
            let lines: Vec<&str> = block.lines().map(str::trim).collect();
            let words = |line: &str| walk::words(line);
            let known: BTreeSet<String> = config.lines().map(words).collect();
            let strange = lines.iter().find(|line| !known.contains(&words(line)));
            assert_eq!(strange, None, "{page} has a line that its scenario's file has not");
        }
        if let Shown::Whole(_) = shown {
            assert!(blocks.clone().any(|block| block == config), "{page} has another file");
        }
    }
}

#[test]
fn every_scenario_of_the_guides_has_its_page() {
    let folder = root().join("scenarios/guides");
    let names = std::fs::read_dir(folder).expect("the guides' scenarios").flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    let names = names.filter_map(|name| name.strip_suffix(".toml").map(str::to_owned));
    let known = GUIDES.iter().map(|(_, scenario, _)| (*scenario).to_owned());
    assert_eq!(names.collect::<BTreeSet<_>>(), known.collect());
}
