//! Files below `scenarios/` that nothing runs, or that nothing could.

use super::Complaint;
use crate::repository::{File, resolve};
use scenario::Scenario;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Files that are neither a valid scenario, nor a valid configuration in a folder `config`, nor a
/// README; and configurations that no scenario uses.
pub fn check(files: &[File]) -> Vec<Complaint> {
    let mut wrong = Vec::new();
    let used = RefCell::new(BTreeSet::new());
    for file in files {
        let path = &file.path;
        if path.ends_with("/README.md") {
            continue;
        }
        if !file.is("toml") {
            let text = "is neither a scenario, a configuration nor a README: move it elsewhere";
            wrong.push(Complaint::new(path, 0, text));
        } else if is_config(path) {
            let problem = match (director_config::parse(path, &file.text), is_broken(path)) {
                (Ok(_), false) | (Err(_), true) => None,
                (Err(problems), false) => Some(problems.to_string()),
                (Ok(_), true) => Some("is called broken, and there is no mistake in it".into()),
            };
            wrong.extend(problem.map(|text| Complaint::new(path, 0, text)));
        } else {
            let read = |named: &str| config(files, path, named, &used);
            let found = match Scenario::parse(path, &file.text, &read) {
                Ok(scenario) if scenario.engines.is_empty() => Some("names no engine".to_owned()),
                Ok(_) => None,
                Err(problems) => Some(problems.to_string()),
            };
            wrong.extend(found.map(|text| Complaint::new(path, 0, text)));
        }
    }
    let used = used.into_inner();
    let dead = files.iter().filter(|file| is_config(&file.path) && !used.contains(&file.path));
    wrong.extend(dead.map(|file| Complaint::new(&file.path, 0, "no scenario uses it: delete it")));
    wrong
}

fn is_config(path: &str) -> bool {
    path.rsplit('/').nth(1) == Some("config")
}

/// One that the director must refuse.
fn is_broken(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with("broken"))
}

fn config(
    files: &[File],
    from: &str,
    named: &str,
    used: &RefCell<BTreeSet<String>>,
) -> Result<String, String> {
    let path = resolve(from, named).ok_or("it is outside of the repository")?;
    let file = files.iter().find(|file| file.path == path).ok_or("there is no such file")?;
    used.borrow_mut().insert(path);
    Ok(file.text.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository;

    fn complaints(files: &[File]) -> Vec<String> {
        check(files).iter().map(ToString::to_string).collect()
    }

    fn right() -> [File; 2] {
        let scenario = repository::read("scenarios/failover/active-loses-power.toml");
        [scenario, repository::read("scenarios/config/pair.toml")]
    }

    #[test]
    fn a_scenario_with_its_configuration_is_right() {
        assert_eq!(complaints(&right()), Vec::<String>::new());
    }

    #[test]
    fn what_nothing_runs_is_found() {
        let [scenario, config] = right();
        assert!(complaints(std::slice::from_ref(&config))[0].contains("no scenario uses it"));
        assert!(!complaints(std::slice::from_ref(&scenario)).is_empty());
        let other = File::new("scenarios/notes.txt", "");
        let found = complaints(&[scenario, config, other]);
        assert!(found.len() == 1 && found[0].contains("neither a scenario"), "{found:?}");
    }

    #[test]
    fn what_cannot_run_is_found() {
        let [mut scenario, mut config] = right();
        let lines: Vec<&str> = scenario.text.lines().collect();
        let without: Vec<&str> =
            lines.iter().copied().filter(|line| !line.starts_with("engines")).collect();
        scenario.text = without.join("\n");
        config.text = config.text.replace("[cluster]", "[claster]");
        let found = complaints(&[scenario, config]);
        assert!(found.len() == 2, "{found:?}");
    }
}
