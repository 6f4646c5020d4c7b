//! From a failing case to the smallest that still fails, and fails by the same rule.

use crate::hunt::case::{Case, Unit};
use crate::hunt::examine::{Broken, examine};
use scenario::Action;
use std::time::Duration;

/// Runs that a shrinking may take.
const MOST_RUNS: usize = 1_000;
/// Times are rounded to the coarsest of these that still fails.
const ROUND: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_millis(100), Duration::from_millis(10)];

/// The smallest case that was found.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The case; of its expectations only the one that is violated, if it is one.
    pub case: Case,
    /// What does not hold in it.
    pub broken: Broken,
    /// Units before.
    pub from: usize,
    /// Units left.
    pub to: usize,
    /// Runs that it took.
    pub runs: usize,
}

/// How candidates are made and when they count.
pub struct Shrinker<'a> {
    /// The seed of every run.
    pub seed: u64,
    /// The rule that must be broken: the case must not turn into another.
    pub rule: &'a str,
    /// The case with these units; expectations may follow their times.
    pub build: &'a dyn Fn(&[Unit]) -> Case,
    /// The shortest duration that a fault may be given.
    pub least: &'a dyn Fn(&Action) -> Duration,
}

struct Search<'a> {
    shrinker: &'a Shrinker<'a>,
    units: Vec<Unit>,
    broken: Broken,
    runs: usize,
}

impl Shrinker<'_> {
    /// Shrinks; `None` when these units do not break the rule.
    #[must_use]
    pub fn shrink(&self, units: &[Unit]) -> Option<Shrunk> {
        let broken = self.fails(&(self.build)(units))?;
        let mut search = Search { shrinker: self, units: units.to_vec(), broken, runs: 1 };
        search.leave_out();
        for place in 0..search.units.len() {
            search.shorten(place);
            search.round(place);
        }
        // What needed its exact time may be needless at the round one.
        search.leave_out();
        let Search { units: left, broken, runs, .. } = search;
        let mut case = (self.build)(&left);
        if case.expect.contains(&broken.text) {
            case.expect = vec![broken.text.clone()];
        }
        Some(Shrunk { case, broken, from: units.len(), to: left.len(), runs })
    }

    fn fails(&self, case: &Case) -> Option<Broken> {
        let found = examine(&case.scenario()?, self.seed).ok()?;
        found.broken.into_iter().find(|broken| broken.rule() == self.rule)
    }
}

impl Search<'_> {
    /// Keeps the candidate if it still fails.
    fn attempt(&mut self, units: Vec<Unit>) -> bool {
        if units == self.units || self.runs >= MOST_RUNS {
            return false;
        }
        self.runs += 1;
        let Some(broken) = self.shrinker.fails(&(self.shrinker.build)(&units)) else {
            return false;
        };
        (self.units, self.broken) = (units, broken);
        true
    }

    /// Delta debugging (Zeller and Hildebrandt, IEEE TSE 2002): halves first, then single ones,
    /// until nothing more can go.
    fn leave_out(&mut self) {
        let mut size = self.units.len();
        while size > 0 {
            let mut from = 0;
            let mut less = false;
            while from < self.units.len() {
                let to = (from + size).min(self.units.len());
                let kept = self.units.iter().take(from).chain(self.units.iter().skip(to));
                if self.attempt(kept.cloned().collect()) {
                    less = true;
                } else {
                    from = to;
                }
            }
            if !less || size > 1 {
                size /= 2;
            }
        }
    }

    /// Halves how long a fault lasts.
    fn shorten(&mut self, place: usize) {
        while let Some((unit, length)) = self.length(place)
            && let Some(first) = unit.lines.first()
        {
            let half = (length / 2).max((self.shrinker.least)(&first.action));
            if half >= length || !self.attempt(self.lasting(place, half)) {
                return;
            }
        }
    }

    fn round(&mut self, place: usize) {
        for step in ROUND {
            let Some(begin) = self.units.get(place).and_then(|unit| unit.lines.first()) else {
                continue;
            };
            let moved = self.beginning(place, rounded(begin.at, step));
            if self.attempt(moved) || begin_is_round(&self.units, place, step) {
                break;
            }
        }
        for step in ROUND {
            let Some((_, length)) = self.length(place) else { return };
            let near = rounded(length, step);
            if near == length || near > Duration::ZERO && self.attempt(self.lasting(place, near)) {
                return;
            }
        }
    }

    fn length(&self, place: usize) -> Option<(&Unit, Duration)> {
        let unit = self.units.get(place)?;
        let (first, last) = (unit.lines.first()?, unit.lines.last()?);
        (unit.lines.len() > 1).then(|| (unit, last.at.saturating_sub(first.at)))
    }

    /// The units with one that lasts that long.
    fn lasting(&self, place: usize, length: Duration) -> Vec<Unit> {
        let mut units = self.units.clone();
        if let Some([first, .., last]) = units.get_mut(place).map(|unit| &mut unit.lines[..]) {
            last.at = first.at + length;
        }
        units
    }

    /// The units with one that begins then and lasts as long as before.
    fn beginning(&self, place: usize, begin: Duration) -> Vec<Unit> {
        let mut units = self.units.clone();
        if let Some(unit) = units.get_mut(place)
            && let Some(first) = unit.lines.first().map(|line| line.at)
        {
            for line in &mut unit.lines {
                line.at = begin + line.at.saturating_sub(first);
            }
        }
        units
    }
}

fn begin_is_round(units: &[Unit], place: usize, step: Duration) -> bool {
    let begin = units.get(place).and_then(|unit| unit.lines.first());
    begin.is_some_and(|line| rounded(line.at, step) == line.at)
}

/// The nearest multiple of the step.
fn rounded(time: Duration, step: Duration) -> Duration {
    let (time, step) = (time.as_nanos(), step.as_nanos().max(1));
    let near = (time + step / 2) / step * step;
    Duration::from_nanos(u64::try_from(near).unwrap_or(u64::MAX))
}
