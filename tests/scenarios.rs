//! Every scenario that names `world` holds there, is repeatable, and decides as it always did.
//!
//! The tests are the files: `cargo nextest run -p e2e --test scenarios loses_power` finds those by
//! part of their path. A change of decisions is a change of `tests/decisions/`, seen in review.

use e2e::repository;
use libtest_mimic::{Arguments, Failed, Trial};
use scenario::{Engine, Run, RunResult, Scenario, decisions, files, json, text};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// The seed whose decisions are kept.
const KEPT: u64 = 1;
/// The seeds under which every scenario must hold; more are for `director-sim run --seeds`.
const SEEDS: std::ops::Range<u64> = 1..9;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = repository::root().join("scenarios");
    let paths = files(&[folder]).unwrap_or_else(|problems| panic!("{problems}"));
    let trials: Vec<Trial> = paths.iter().filter_map(|path| trial(path)).collect();
    assert!(!trials.is_empty(), "no scenario names `world`");
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// None when the scenario is for other engines; one that cannot be read fails.
fn trial(path: &Path) -> Option<Trial> {
    let root = repository::root().join("scenarios");
    let name = path.strip_prefix(&root).unwrap_or(path).with_extension("");
    let name = name.to_string_lossy().replace('/', "::").replace('-', "_");
    let scenario = match Scenario::load(path) {
        Ok(scenario) if scenario.engines.contains(&Engine::World) => Ok(Arc::new(scenario)),
        Ok(_) => return None,
        Err(problems) => Err(problems.to_string()),
    };
    Some(Trial::test(name.clone(), move || holds(&name, &scenario?)))
}

fn holds(name: &str, scenario: &Arc<Scenario>) -> Result<(), Failed> {
    for seed in SEEDS {
        let run = played(scenario, seed)?;
        if run.word() != "held" {
            return Err(format!("seed {seed}\n{}", text(&[run])).into());
        }
    }
    let (once, again) = (played(scenario, KEPT)?, played(scenario, KEPT)?);
    assert_eq!(json(std::slice::from_ref(&once))?, json(std::slice::from_ref(&again))?);
    assert_eq!(trace(&once)?, trace(&again)?);
    let RunResult::Judged { history, .. } = &once.result else { return Err("not judged".into()) };
    let lines: Vec<String> = decisions(scenario, history).iter().map(ToString::to_string).collect();
    insta::with_settings!({
        snapshot_path => "decisions",
        prepend_module_to_snapshot => false,
        omit_expression => true,
        description => scenario.title.clone(),
    }, {
        insta::assert_snapshot!(name.replace("::", "__"), lines.join("\n"));
    });
    Ok(())
}

fn played(scenario: &Arc<Scenario>, seed: u64) -> Result<Run, Failed> {
    director_sim::run(scenario, seed).map_err(|wrong| wrong.to_string().into())
}

fn trace(run: &Run) -> Result<String, Failed> {
    match &run.result {
        RunResult::Judged { history, .. } => Ok(history.to_json()?),
        _ => Err("not judged".into()),
    }
}
