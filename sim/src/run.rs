//! `director-sim run`: scenarios through the world, judged.

use crate::{Refusal, World};
use scenario::{Engine, Run, RunResult, Scenario, judge};
use std::sync::Arc;

/// What can keep a scenario from a verdict, beside the scenario itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadInput(pub String);

/// Runs a scenario under a seed and judges it.
///
/// # Errors
/// When a configuration file that it names is wrong.
pub fn run(scenario: &Arc<Scenario>, seed: u64) -> Result<Run, BadInput> {
    let result = if scenario.engines.contains(&Engine::World) {
        match World::new(Arc::clone(scenario), seed) {
            Ok(mut world) => {
                world.run_until(scenario.length);
                let history = world.history();
                let mut verdict = judge(scenario, &history);
                verdict.invariants.extend(world.invariants());
                RunResult::Judged { history, verdict }
            }
            Err(Refusal::NotModelled(reason)) => RunResult::Skipped { reason },
            Err(Refusal::Invalid(problems)) => return Err(BadInput(problems)),
        }
    } else {
        let engines: Vec<&str> = scenario.engines.iter().map(|engine| engine.word()).collect();
        let reason = format!("it is for {}, not for world", engines.join(", "));
        RunResult::Skipped { reason }
    };
    Ok(Run { scenario: Scenario::clone(scenario), result })
}
