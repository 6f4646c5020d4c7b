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
    /// How long it took, with the shrinking.
    pub took: Duration,
}

/// How a bug was found.
#[derive(Clone, Debug)]
pub struct Caught {
    /// The rule that it broke.
    pub rule: String,
    /// Seeds that it took.
    pub seeds: u64,
    /// Faults of that seed, and those that shrinking has left.
    pub faults: (usize, usize),
    /// How long shrinking took.
    pub shrinking: Duration,
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
            let begun = Instant::now();
            plant(Some(bug));
            let shrunk = hunt_for(seed..seed + 1, 1).shrunk(seed, broken);
            plant(None);
            let faults = shrunk.map_or((0, 0), |shrunk| (shrunk.from, shrunk.to));
            let (rule, shrinking) = (rule_word(broken), begun.elapsed());
            return Ok(Some(Caught { rule, seeds, faults, shrinking }));
        }
        rest.start = seed + 1;
    }
    Ok(None)
}

/// The line of one trial.
#[must_use]
pub fn line(trial: &Trial) -> String {
    let name = trial.bug.name();
    let took = seconds(trial.took);
    let Some(Caught { rule, seeds, faults: (from, to), shrinking }) = &trial.caught else {
        return format!("{name:28} {:36} {:>7} {took:>8}", "not caught", "-");
    };
    let (shrunk, shrinking) = (format!("{from} to {to}"), seconds(*shrinking));
    format!("{name:28} {rule:36} {seeds:>7} {took:>8} {shrunk:>9} {shrinking:>8}")
}

/// The heading of the lines.
#[must_use]
pub fn heading() -> String {
    let (bug, rule) = ("planted bug", "caught by");
    format!("{bug:28} {rule:36} {:>7} {:>8} {:>9} {:>8}", "seeds", "seconds", "faults", "seconds")
}

fn seconds(time: Duration) -> String {
    let millis = time.as_millis();
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

fn median<T: Ord + Default>(mut all: Vec<T>) -> T {
    all.sort_unstable();
    let middle = all.len() / 2;
    all.into_iter().nth(middle).unwrap_or_default()
}

/// What all trials come to, and the share that was caught, in percent, rounded down.
#[must_use]
pub fn sum(trials: &[Trial]) -> (String, usize) {
    let caught = || trials.iter().filter_map(|trial| Some((trial.caught.as_ref()?, trial.took)));
    let count = caught().count();
    let percent = count * 100 / trials.len().max(1);
    let hunting = |(one, took): (&Caught, Duration)| took.saturating_sub(one.shrinking);
    let mut text = format!(
        "{count} of {} caught ({percent} %), in the median after {} seeds and {} s; shrunk from {} \
         faults to {} in {} s\n",
        trials.len(),
        median(caught().map(|(one, _)| one.seeds).collect()),
        seconds(median(caught().map(hunting).collect())),
        median(caught().map(|(one, _)| one.faults.0).collect()),
        median(caught().map(|(one, _)| one.faults.1).collect()),
        seconds(median(caught().map(|(one, _)| one.shrinking).collect())),
    );
    for trial in trials.iter().filter(|trial| trial.caught.is_none()) {
        let _ = writeln!(text, "not caught: {}: {}", trial.bug.name(), trial.bug.story());
    }
    (text, percent)
}
