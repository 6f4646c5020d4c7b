//! What clients saw of one kind of fault.

use crate::hunt::kind::{Kind, Standing};
use crate::run::BadInput;
use crate::{Refusal, World};
use scenario::{Names, Outcome, Scenario, dead_time, judge};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// Whom a fault struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// The director that held the addresses.
    Owner,
    /// One that did not.
    Standby,
    /// All of them alike.
    All,
}

impl Who {
    /// To be put behind the name of a fault.
    #[must_use]
    pub fn after(self) -> &'static str {
        match self {
            Self::Owner => ", owner",
            Self::Standby => ", standby",
            Self::All => "",
        }
    }
}

/// One run.
pub(super) struct Seen {
    pub(super) kind: Kind,
    pub(super) who: Who,
    pub(super) scenario: Arc<Scenario>,
    pub(super) outage: Duration,
    unserved: u64,
    broken: u64,
    dead: Duration,
    violated: bool,
}

/// All runs of a kind.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    outages: Vec<Duration>,
    unserved: Vec<u64>,
    broken: Vec<u64>,
    dead: Vec<Duration>,
    violated: usize,
}

/// How a quantity is distributed over the runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Spread<T> {
    /// Half of the runs had no more.
    pub p50: T,
    /// All but one of a hundred had no more.
    pub p99: T,
    /// None had more.
    pub max: T,
}

impl Figures {
    pub(super) fn add(&mut self, seen: &Seen) {
        self.outages.push(seen.outage);
        self.unserved.push(seen.unserved);
        self.broken.push(seen.broken);
        self.dead.push(seen.dead);
        self.violated += usize::from(seen.violated);
    }

    /// How many runs.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.outages.len()
    }

    /// Whether any client of any run noticed.
    #[must_use]
    pub fn is_felt(&self) -> bool {
        self.outages.iter().chain(&self.dead).any(|time| !time.is_zero())
            || self.unserved.iter().any(|count| *count > 0)
    }

    /// The longest outage that a client saw.
    #[must_use]
    pub fn outage(&self) -> Spread<Duration> {
        spread(&self.outages)
    }

    /// Connections that were not served.
    #[must_use]
    pub fn unserved(&self) -> Spread<u64> {
        spread(&self.unserved)
    }

    /// Connections that were established and then broken.
    #[must_use]
    pub fn broken(&self) -> Spread<u64> {
        spread(&self.broken)
    }

    /// How long an owner had a server with weight that could not serve.
    #[must_use]
    pub fn dead(&self) -> Spread<Duration> {
        spread(&self.dead)
    }

    /// Runs in which a rule of the hunt was broken.
    #[must_use]
    pub fn violated(&self) -> usize {
        self.violated
    }
}

fn spread<T: Copy + Ord + Default>(values: &[T]) -> Spread<T> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let at = |percent: usize| {
        let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(place).copied().unwrap_or_default()
    };
    Spread { p50: at(50), p99: at(99), max: at(100) }
}

/// Runs a case with one fault.
pub(super) fn see(scenario: Arc<Scenario>, seed: u64, kind: Kind) -> Result<Seen, BadInput> {
    let mut world = World::new(Arc::clone(&scenario), seed).map_err(|refusal| match refusal {
        Refusal::Invalid(text) | Refusal::NotModelled(text) => BadInput(text),
    })?;
    world.run_until(scenario.length);
    let history = world.history();
    let mut verdict = judge(&scenario, &history);
    verdict.invariants.extend(world.invariants());
    let who = match world.strikes.as_slice() {
        [one] if one.standing == Standing::Active => Who::Owner,
        [_] => Who::Standby,
        _ => Who::All,
    };
    let count = |wanted: fn(&Outcome) -> bool| {
        let outcomes = verdict.clients.iter().flat_map(|figures| &figures.outcomes);
        outcomes.filter(|(outcome, _)| wanted(outcome)).map(|(_, count)| count).sum()
    };
    Ok(Seen {
        kind,
        who,
        outage: verdict.clients.iter().map(|figures| figures.outage).max().unwrap_or_default(),
        unserved: count(|outcome| *outcome != Outcome::Served),
        broken: count(|outcome| matches!(outcome, Outcome::Reset | Outcome::Stalled)),
        dead: dead_time(&scenario, &history, &Names::of(&scenario)),
        violated: !verdict.is_held(),
        scenario,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_of_the_sorted_values() {
        let values: Vec<u64> = (1..=100).rev().collect();
        assert_eq!(spread(&values), Spread { p50: 51, p99: 100, max: 100 });
        assert_eq!(spread(&[7_u64]), Spread { p50: 7, p99: 7, max: 7 });
        assert_eq!(spread::<u64>(&[]), Spread { p50: 0, p99: 0, max: 0 });
    }
}
