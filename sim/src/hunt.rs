//! Random faults over many seeds, judged by rules that hold for every run.
//!
//! A seed first draws a topology and a configuration (or takes those of a file), then a plan of
//! faults, and only then runs: a phase of safety under the faults, and a phase of liveness after
//! the last of them has ended. The plan is a scenario, so what fails can be kept as one.

mod calm;
pub mod case;
pub mod examine;
pub mod kind;
pub mod own;
mod plan;
mod pool;
mod settings;
mod summary;
mod swarm;
mod watch;
mod write;

pub use summary::Summary;

use crate::run::BadInput;
use crate::shrink::{Shrinker, Shrunk};
use case::Case;
use examine::{Broken, Examined, examine, trace_with_other_clocks};
use kind::{Kind, Strike};
use scenario::{Action, Engine, NodeKind, Scenario, Stream};
use settings::Settings;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// One run of so many is run twice and compared.
const AGAIN: u64 = 20;
/// One plan of so many is tried first, and gets a fault at a moment that the trial showed.
const AIMED: u64 = 4;
/// Between two lines of progress.
const PROGRESS: Duration = Duration::from_millis(250);

/// What to hunt, and for how long.
pub struct Hunt {
    /// Topology and configuration of every run; drawn from the seed without.
    pub frame: Option<Scenario>,
    /// The seeds, the end exclusive.
    pub seeds: Range<u64>,
    /// When to stop, whatever seeds are left.
    pub limit: Option<Duration>,
    /// Threads.
    pub jobs: usize,
    /// Which faults there are.
    pub faults: Faults,
}

/// Which faults a hunt draws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Faults {
    /// All kinds.
    #[default]
    All,
    /// What happens between directors and their kernels: reloads, crashes, drift, kernel errors and
    /// takeovers.
    Kernel,
}

/// What came of one seed.
struct Found {
    case: Case,
    examined: Examined,
    /// The kind of the only fault.
    alone: Option<Kind>,
    again: bool,
}

/// A seed that broke a rule, and the smallest case of it.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What was broken in the whole case.
    pub broken: Broken,
    /// The smallest case; none when the rule is not one of a case (a run that differs from itself).
    pub shrunk: Option<Shrunk>,
}

impl Hunt {
    /// The case of a seed.
    ///
    /// # Errors
    /// When the frame's directors have no configuration in common, or a wrong one.
    pub fn case(&self, seed: u64) -> Result<Case, BadInput> {
        let (frame, settings) = self.frame(seed)?;
        let mut units = plan::draw(&frame, &settings, seed);
        if Stream::named(seed, "hunt/aim").between(1, AIMED) == 1 && units.len() > 1 {
            let pilot = calm::case(frame.clone(), &settings, units.clone());
            let turns = pilot.scenario().map(|pilot| examine(&pilot, seed)).transpose()?;
            let turns = turns.map(|pilot| pilot.turns).unwrap_or_default();
            let aimed = plan::aim(&frame, &settings, &turns, &units, seed);
            units.extend(aimed);
        }
        Ok(calm::case(frame, &settings, units))
    }

    fn frame(&self, seed: u64) -> Result<(Scenario, Settings), BadInput> {
        let mut frame = match &self.frame {
            Some(frame) => frame.clone(),
            None => swarm::frame(seed).map_err(|wrong| BadInput(wrong.to_string()))?,
        };
        frame.engines = vec![Engine::World];
        // From a healthy start: how the file's servers begin is part of its story, not its shape.
        for node in &mut frame.nodes {
            if let NodeKind::Server { serve, .. } = &mut node.kind {
                serve.iter_mut().for_each(|one| one.behaviour = scenario::Behaviour::Ok);
            }
        }
        let mut settings = Settings::of(&frame)?;
        settings.faults = self.faults;
        Ok((frame, settings))
    }

    fn examine(&self, seed: u64) -> Result<Found, BadInput> {
        let case = self.case(seed)?;
        let scenario = case.scenario().ok_or_else(|| {
            BadInput(format!("seed {seed} drew an invalid case:\n{}", case.text()))
        })?;
        let mut examined = examine(&scenario, seed)?;
        let again = Stream::named(seed, "hunt/again").between(1, AGAIN) == 1;
        if again && examine(&scenario, seed)?.trace != examined.trace {
            examined.broken.push(Broken {
                text: "one seed gives one run".to_owned(),
                at: Duration::ZERO,
                facts: "it ran differently the second time".to_owned(),
            });
        }
        if again && trace_with_other_clocks(&scenario, seed)? != examined.trace {
            examined.broken.push(Broken {
                text: "what the clocks show decides nothing".to_owned(),
                at: Duration::ZERO,
                facts: "it ran differently with other clocks".to_owned(),
            });
        }
        let kind = |action: &Action| Kind::of(&scenario, action);
        let alone = match case.units.as_slice() {
            [unit] => unit.lines.first().and_then(|line| kind(&line.action)),
            _ => None,
        };
        Ok(Found { case, examined, alone, again })
    }

    /// The first seed that breaks a rule, and what it breaks; none when all hold.
    ///
    /// # Errors
    /// When the frame cannot be hunted.
    pub fn first(&self) -> Result<Option<(u64, Vec<Broken>)>, BadInput> {
        let mut first = Ok(None);
        pool::in_order(
            self.jobs,
            self.seeds.clone(),
            |seed| self.examine(seed),
            |seed, found| {
                first = match found {
                    Ok(found) if found.examined.broken.is_empty() => return true,
                    Ok(found) => Ok(Some((seed, found.examined.broken))),
                    Err(wrong) => Err(wrong),
                };
                false
            },
        );
        first
    }

    /// Runs the seeds on all threads; `progress` hears now and then how far it is.
    ///
    /// # Errors
    /// When the frame cannot be hunted: a wrong configuration, or something that is not modelled.
    pub fn run(&self, progress: impl Fn(&Summary)) -> Result<Summary, BadInput> {
        let begun = Instant::now();
        let over = |begun: Instant| self.limit.is_some_and(|limit| begun.elapsed() >= limit);
        let mut told = begun;
        let mut summary = Summary::new(self.seeds.start);
        let mut problem = None;
        pool::in_order(
            self.jobs,
            self.seeds.clone(),
            |seed| self.examine(seed),
            |seed, found| {
                match found {
                    Ok(found) => self.take(&mut summary, seed, &found),
                    Err(wrong) => {
                        problem = Some(wrong);
                        return false;
                    }
                }
                if told.elapsed() >= PROGRESS {
                    told = Instant::now();
                    progress(&summary);
                }
                !over(begun)
            },
        );
        summary.took = begun.elapsed();
        problem.map_or(Ok(summary), Err)
    }

    fn take(&self, summary: &mut Summary, seed: u64, found: &Found) {
        let Found { case, examined, alone, again } = found;
        summary.count(examined, *again);
        if let (Some(kind), Some(Strike { standing, .. })) = (alone, examined.strikes.first()) {
            summary.outage(*kind, *standing, examined.outage);
        }
        for broken in &examined.broken {
            if summary.is_new(seed, broken) {
                let shrunk = self.shrink(case, seed, broken);
                summary.keep(Failure { seed, broken: broken.clone(), shrunk });
            }
        }
    }

    /// The smallest case in which a seed still breaks this rule.
    #[must_use]
    pub fn shrunk(&self, seed: u64, broken: &Broken) -> Option<Shrunk> {
        self.shrink(&self.case(seed).ok()?, seed, broken)
    }

    fn shrink(&self, case: &Case, seed: u64, broken: &Broken) -> Option<Shrunk> {
        let (frame, settings) = self.frame(seed).ok()?;
        let build = |units: &[case::Unit]| calm::case(frame.clone(), &settings, units.to_vec());
        let least = |fault: &Action| settings.least(fault);
        let rule = broken.rule();
        Shrinker { seed, rule: &rule, build: &build, least: &least }.shrink(&case.units)
    }
}

/// Shrinks what a scenario's own timeline breaks first; `None` when it breaks nothing.
///
/// # Errors
/// When the scenario cannot be run.
pub fn shrink_file(scenario: &Scenario, seed: u64) -> Result<Option<Failure>, BadInput> {
    let case = Case::of(scenario, seed);
    let unwritable = || BadInput(format!("{} cannot be written again", scenario.file));
    let first = examine(&case.scenario().ok_or_else(unwritable)?, seed)?;
    let Some(broken) = first.broken.into_iter().next() else { return Ok(None) };
    let settings = Settings::of(scenario).ok();
    let least = |fault: &Action| match &settings {
        Some(settings) => settings.least(fault),
        None => Duration::from_millis(1),
    };
    let expected = case.expect.contains(&broken.text);
    let build = |units: &[case::Unit]| {
        let mut less = Case { units: units.to_vec(), ..case.clone() };
        // Other expectations may name statements that are left out.
        if expected {
            less.expect = vec![broken.text.clone()];
        }
        less
    };
    let rule = broken.rule();
    let shrinker = Shrinker { seed, rule: &rule, build: &build, least: &least };
    let shrunk = shrinker.shrink(&case.units);
    Ok(Some(Failure { seed, broken, shrunk }))
}

impl Failure {
    /// Writes the smallest case with its story in comments; `None` without one.
    ///
    /// # Errors
    /// A sentence with the path that could not be written.
    pub fn write(&self, folder: &Path) -> Result<Option<PathBuf>, String> {
        let Some(shrunk) = &self.shrunk else { return Ok(None) };
        let mut case = shrunk.case.clone();
        case.frame.title = format!("{}: {}", self.broken.family(), self.faults(&case));
        let name = format!("{}-seed-{}", slug(&self.broken.family()), self.seed);
        let notes = [
            format!("Violated: {}", shrunk.broken.text),
            format!("At {}: {}", scenario::show_duration(shrunk.broken.at), shrunk.broken.facts),
            format!("Found and shrunk under seed {}: {}.", self.seed, shrunk.story()),
            format!("Again: director-sim run {name}.toml --seed {}", self.seed),
        ];
        case.write(folder, &name, &notes).map(Some)
    }

    fn faults(&self, case: &Case) -> String {
        let first = case.units.iter().filter_map(|unit| unit.lines.first());
        let faults: Vec<String> = first.map(|line| line.action.to_string()).collect();
        if faults.is_empty() { "without a fault".to_owned() } else { faults.join(", ") }
    }
}

impl Shrunk {
    /// How far it was shrunk, in words.
    #[must_use]
    pub fn story(&self) -> String {
        format!("{} faults became {} in {} runs", self.from, self.to, self.runs)
    }
}

fn slug(text: &str) -> String {
    let words = text.split(|one: char| !one.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).take(6).collect();
    words.join("-").to_lowercase()
}
