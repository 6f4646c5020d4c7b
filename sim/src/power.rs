//! Whether the hunt finds what it is for: bugs are planted, and hunted.

use crate::BadInput;
use crate::guard::rule::Rule;
use crate::hunt::examine::Broken;
use crate::hunt::{Faults, Hunt};
use director_core::planted::{Bug, plant};
use std::fmt::Write;
use std::ops::Range;
use std::time::{Duration, Instant};

/// What came of hunting one planted bug.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The bug.
    pub bug: Bug,
    /// How it was found, if it was.
    pub caught: Option<Caught>,
    /// How long it took.
    pub took: Duration,
}

/// How a bug was found.
#[derive(Clone, Debug)]
pub struct Caught {
    /// The rule that it broke.
    pub rule: String,
    /// Seeds that it took.
    pub seeds: u64,
}

/// A short word for a rule, where it has one.
#[must_use]
pub fn rule_word(broken: &Broken) -> String {
    let rule = Rule::ALL.iter().find(|rule| rule.text() == broken.text);
    rule.map_or_else(|| broken.family(), |rule| rule.name().to_owned())
}

/// Plants a bug and hunts it until a rule is broken, or this one. What the directors break without
/// it does not count.
///
/// # Errors
/// When a seed cannot be run.
pub fn hunt(
    (bug, rule): (Bug, Option<&str>),
    seeds: Range<u64>,
    jobs: usize,
) -> Result<Trial, BadInput> {
    let begun = Instant::now();
    let mut caught = None;
    // What goes on in kernels is drawn more often by a hunt that is for that alone.
    for (faults, before) in [(Faults::All, 0), (Faults::Kernel, seeds.end - seeds.start)] {
        caught = hunt_with((bug, rule), seeds.clone(), (jobs, faults))?;
        if let Some(caught) = &mut caught {
            caught.seeds += before;
            break;
        }
    }
    Ok(Trial { bug, caught, took: begun.elapsed() })
}

fn hunt_with(
    (bug, rule): (Bug, Option<&str>),
    seeds: Range<u64>,
    (jobs, faults): (usize, Faults),
) -> Result<Option<Caught>, BadInput> {
    let hunt_for = |seeds, jobs| Hunt { frame: None, seeds, limit: None, jobs, faults };
    let mut rest = seeds.clone();
    while !rest.is_empty() {
        plant(Some(bug));
        let found = hunt_for(rest.clone(), jobs).first();
        plant(None);
        let Some((seed, broken)) = found? else { break };
        let without = hunt_for(seed..seed + 1, 1).first()?;
        let without = without.map(|(_, broken)| broken).unwrap_or_default();
        let is_its = |one: &&Broken| {
            without.iter().all(|other| other.family() != one.family())
                && rule.is_none_or(|rule| rule_word(one) == rule)
        };
        if let Some(broken) = broken.iter().find(is_its) {
            let seeds = seed + 1 - seeds.start;
            return Ok(Some(Caught { rule: rule_word(broken), seeds }));
        }
        rest.start = seed + 1;
    }
    Ok(None)
}

/// The line of one trial.
#[must_use]
pub fn line(trial: &Trial) -> String {
    let (rule, seeds) = match &trial.caught {
        Some(caught) => (caught.rule.as_str(), caught.seeds.to_string()),
        None => ("not caught", "-".to_owned()),
    };
    let millis = trial.took.as_millis();
    let name = trial.bug.name();
    format!("{name:28} {rule:44} {seeds:>7} {:>5}.{:03}", millis / 1_000, millis % 1_000)
}

/// The heading of the lines.
#[must_use]
pub fn heading() -> String {
    format!("{:28} {:44} {:>7} {:>9}", "planted bug", "caught by", "seeds", "seconds")
}

/// What all trials come to, and the share that was caught, in percent, rounded down.
#[must_use]
pub fn sum(trials: &[Trial]) -> (String, usize) {
    let caught: Vec<&Trial> = trials.iter().filter(|trial| trial.caught.is_some()).collect();
    let mut seeds: Vec<u64> =
        caught.iter().filter_map(|trial| trial.caught.as_ref()).map(|one| one.seeds).collect();
    let mut millis: Vec<u128> = caught.iter().map(|trial| trial.took.as_millis()).collect();
    seeds.sort_unstable();
    millis.sort_unstable();
    let seeds = seeds.get(seeds.len() / 2).copied().unwrap_or(0);
    let millis = millis.get(millis.len() / 2).copied().unwrap_or(0);
    let percent = caught.len() * 100 / trials.len().max(1);
    let mut text = format!(
        "{} of {} caught ({percent} %), in the median after {seeds} seeds and {}.{:03} s\n",
        caught.len(),
        trials.len(),
        millis / 1_000,
        millis % 1_000
    );
    for trial in trials.iter().filter(|trial| trial.caught.is_none()) {
        let _ = writeln!(text, "not caught: {}: {}", trial.bug.name(), trial.bug.story());
    }
    (text, percent)
}
