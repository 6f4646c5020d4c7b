//! A hunt on a configuration of the user's own: what each kind of fault alone would cost clients.

mod figures;
mod findings;
mod render;
mod topology;

pub use figures::{Figures, Who};
pub use findings::Finding;
pub use render::{json, sheets, text};
pub use topology::{Derived, derive};

use super::kind::Kind;
use super::settings::Settings;
use super::{calm, case, plan, pool};
use crate::run::{BadInput, run};
use director_config::Texts;
use figures::Seen;
use scenario::{Run, RunResult, Scenario, Stream};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long a fault lasts at least: what is mended before anybody has noticed costs nothing.
const LASTS_MS: (u64, u64) = (4_000, 15_000);
/// Faults strike in this time after all are ready.
const WITHIN_MS: u64 = 5_000;

/// Single faults on a configuration.
#[derive(Debug)]
pub struct Own {
    /// What is played.
    pub derived: Derived,
    /// Only these kinds of faults; all when empty.
    pub only: Vec<Kind>,
    /// Runs for each kind of fault.
    pub each: u64,
    /// What every draw is derived from.
    pub seed: u64,
    /// Threads.
    pub jobs: usize,
}

/// What came of it.
#[derive(Debug)]
pub struct Toll {
    /// What was played.
    pub derived: Derived,
    /// What no run is needed for.
    pub findings: Vec<Finding>,
    /// By kind of fault, and by what the director was that it struck.
    pub figures: BTreeMap<(Kind, Who), Figures>,
    /// The run with the longest outage of each of them.
    pub worst: Vec<Run>,
    /// How many runs that were.
    pub runs: u64,
}

/// The worst run so far of a kind, by what it cost.
type Worst = BTreeMap<(Kind, Who), (Duration, Arc<Scenario>, u64)>;

impl Own {
    /// Plays every kind of fault alone, so many times.
    ///
    /// # Errors
    /// The configuration cannot be hunted, with the reason.
    pub fn run(self, texts: &Texts) -> Result<Toll, BadInput> {
        let frame = self.derived.scenario.clone();
        let settings = Settings::of(&frame)?;
        let mut kinds = plan::possible(&frame, &settings);
        kinds.retain(|kind| self.only.is_empty() || self.only.contains(kind));
        let runs = self.each * u64::try_from(kinds.len()).unwrap_or(0);
        let (mut figures, mut worst) = (BTreeMap::new(), Worst::new());
        let mut problem = None;
        pool::in_order(
            self.jobs,
            0..runs,
            |number| {
                let kind = usize::try_from(number / self.each).ok().and_then(|at| kinds.get(at));
                let Some(kind) = kind else { return Ok(None) };
                let seed = self.seed + number % self.each;
                one(&frame, &settings, *kind, seed)
            },
            |number, seen: Result<Option<Seen>, BadInput>| match seen {
                Ok(Some(seen)) => {
                    let seed = self.seed + number % self.each;
                    keep(&mut worst, &seen, seed);
                    let key = (seen.kind, seen.who);
                    figures.entry(key).or_insert_with(Figures::default).add(&seen);
                    true
                }
                Ok(None) => true,
                Err(wrong) => {
                    problem = Some(wrong);
                    false
                }
            },
        );
        if let Some(wrong) = problem {
            return Err(wrong);
        }
        let findings = findings::of(&self.derived, texts)?;
        let worst = worst.into_iter().map(|(key, kept)| shown(key, kept));
        let worst = worst.collect::<Result<Vec<Run>, BadInput>>()?;
        Ok(Toll { derived: self.derived, findings, figures, worst, runs })
    }
}

/// One fault of a kind, drawn from a seed; none where the configuration gives it nothing to strike.
fn one(
    frame: &Scenario,
    settings: &Settings,
    kind: Kind,
    seed: u64,
) -> Result<Option<Seen>, BadInput> {
    let mut stream = Stream::named(seed, &format!("own/{kind}"));
    let begin = settings.ready + Duration::from_millis(stream.between(0, WITHIN_MS));
    let lasts = Duration::from_millis(stream.between(LASTS_MS.0, LASTS_MS.1));
    let unit = plan::unit(&mut stream, frame, settings, kind, begin, lasts);
    let Some(unit) = unit else { return Ok(None) };
    let case: case::Case = calm::case(frame.clone(), settings, vec![unit]);
    let scenario = case
        .scenario()
        .ok_or_else(|| BadInput(format!("{kind} cannot be played here:\n{}", case.text())))?;
    figures::see(scenario, seed, kind).map(Some)
}

fn keep(worst: &mut Worst, seen: &Seen, seed: u64) {
    let key = (seen.kind, seen.who);
    let kept = || (seen.outage, Arc::clone(&seen.scenario), seed);
    let known = worst.entry(key).or_insert_with(kept);
    if seen.outage > known.0 {
        *known = kept();
    }
}

/// The run once more, for the report: with a title that says why it is there.
fn shown(
    (kind, who): (Kind, Who),
    (_, scenario, seed): (Duration, Arc<Scenario>, u64),
) -> Result<Run, BadInput> {
    let mut named = Scenario::clone(&scenario);
    named.title = format!("worst of {kind}{}", who.after());
    named.why = "the run with the longest outage of its kind".to_owned();
    let run = run(&Arc::new(named), seed)?;
    debug_assert!(matches!(run.result, RunResult::Judged { .. }));
    Ok(run)
}
