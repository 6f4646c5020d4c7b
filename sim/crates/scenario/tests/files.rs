//! The scenario files of the repository and the example in their README.

use scenario::{Engine, Scenario, files};
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../scenarios")
}

#[test]
fn every_scenario_of_the_repository_is_valid() {
    let found = files(&[folder()]).unwrap_or_else(|wrong| panic!("{wrong}"));
    assert!(found.len() >= 10, "{found:?}");
    assert!(found.iter().all(|path| !path.to_string_lossy().contains("/config/")));
    for path in found {
        let scenario = Scenario::load(&path).unwrap_or_else(|wrong| panic!("{wrong}"));
        // What the World has no model of is played on the kernel in simulated time.
        let played = [Engine::World, Engine::Timetravel];
        assert!(played.iter().any(|one| scenario.engines.contains(one)), "{}", path.display());
        assert!(scenario.length.as_secs() <= 60, "{}", path.display());
        for seed in 0..20 {
            let schedule = scenario.schedule(seed);
            let waiting = scenario.reactions(seed).len();
            assert_eq!(schedule.len() + waiting, scenario.timeline.len());
            assert!(schedule.iter().all(|entry| entry.at < scenario.length));
        }
    }
}

#[test]
fn every_configuration_that_a_scenario_names_is_valid() {
    for path in files(&[folder()]).unwrap() {
        let scenario = Scenario::load(&path).unwrap();
        for (node, config) in scenario.directors() {
            let parsed = director_config::parse(&config.path, &config.text);
            let parsed = parsed.unwrap_or_else(|wrong| panic!("{wrong}"));
            assert!(parsed.nodes.keys().any(|name| name.as_str() == node.name), "{}", node.name);
        }
    }
}

#[test]
fn the_example_in_the_readme_is_valid() {
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let example = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let read = |name: &str| {
        std::fs::read_to_string(folder().join(name)).map_err(|wrong| wrong.to_string())
    };
    let scenario = Scenario::parse("README.md", example.unwrap(), &read);
    let scenario = scenario.unwrap_or_else(|wrong| panic!("{wrong}"));
    assert_eq!((scenario.nodes.len(), scenario.expectations.len()), (5, 5));
}

#[test]
fn a_folder_without_scenarios_and_a_missing_file_are_both_reported() {
    let arguments =
        [folder().join("config/none"), PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
    let problems = files(&arguments).unwrap_err().0;
    assert_eq!(problems.len(), 2, "{problems:?}");
    let missing = Scenario::load(&folder().join("none.toml")).unwrap_err();
    assert!(missing.to_string().contains("cannot read"), "{missing}");
}
