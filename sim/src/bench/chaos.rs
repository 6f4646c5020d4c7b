//! What runs with faults cost: drawn, played, and judged by every rule.

use crate::build::Refusal;
use crate::hunt::{Faults, Hunt};
use scenario::Scenario;
use std::fmt::Write;
use std::time::Duration;

/// So long is a run, as speeds of such runs are told.
const RUN: Duration = Duration::from_secs(120);
const MINUTE: Duration = Duration::from_secs(60);

/// Hunts on one thread for so long; a sentence with what came of it, and whether all rules held.
///
/// # Errors
/// What is wrong with the scenario.
pub(super) fn report(frame: Scenario, budget: Duration) -> Result<(String, bool), Refusal> {
    let hunt = Hunt {
        frame: Some(frame),
        seeds: 1..u64::MAX,
        limit: Some(budget),
        jobs: 1,
        faults: Faults::All,
    };
    let summary = hunt.run(|_| {}).map_err(|wrong| Refusal::Invalid(wrong.to_string()))?;
    let speed = summary.simulated.as_secs_f64() / summary.took.as_secs_f64();
    let runs = speed * MINUTE.as_secs_f64() / RUN.as_secs_f64();
    let mut out = String::new();
    let _ = writeln!(
        out,
        "chaos, 10 connections/s: {} runs with faults, {speed:.0} simulated seconds per wall \
         second: {runs:.0} runs of {} s a minute",
        summary.seeds,
        RUN.as_secs(),
    );
    if !summary.is_clean() {
        let _ = writeln!(out, "{} of them broke a rule", summary.failed());
    }
    Ok((out, summary.is_clean()))
}
