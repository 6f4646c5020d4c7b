//! Whether the expectations of a scenario held in a run: pure functions of what was recorded.

mod claim;
mod dead;
mod figures;
mod invariant;
mod state;
#[cfg(test)]
mod tests;
mod truth;
mod words;

pub use dead::dead_time;
pub use figures::{ClientFigures, LATE};
pub(crate) use figures::{Disturbance, disturbances};
pub use state::{Names, State, replay};

use crate::{Condition, Event, History, Scenario};
use serde::Serialize;
use std::time::Duration;
use truth::Truth;

/// What the judge says of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// One for each expectation, in the order of the file.
    pub expectations: Vec<Judged>,
    /// One for each rule that holds for every scenario.
    pub invariants: Vec<Judged>,
    /// What the clients saw, in the order of the file.
    pub clients: Vec<ClientFigures>,
}

impl Verdict {
    /// Expectations and invariants.
    pub fn all(&self) -> impl Iterator<Item = &Judged> {
        self.expectations.iter().chain(&self.invariants)
    }

    /// Whether nothing was violated. What could not be judged does not count as violated.
    pub fn is_held(&self) -> bool {
        !self.all().any(|judged| matches!(judged.ruling, Ruling::Violated { .. }))
    }
}

/// One expectation or invariant and its ruling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The expectation as written, or the invariant in words.
    pub text: String,
    /// What came out.
    pub ruling: Ruling,
}

/// What came out of an expectation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "ruling", rename_all = "kebab-case")]
pub enum Ruling {
    /// It held.
    Held {
        /// The value that was measured, in words.
        measured: String,
    },
    /// It did not.
    Violated {
        /// When it was first untrue, counted from the scenario's start.
        #[serde(rename = "at_ns", serialize_with = "crate::history::nanos::serialize")]
        at: Duration,
        /// What was the case then, in words.
        facts: String,
    },
    /// The run does not show it either way.
    NotJudged {
        /// Why not.
        reason: String,
    },
}

/// Judges a run.
pub fn judge(scenario: &Scenario, history: &History) -> Verdict {
    let mut case = Case { scenario, history, names: Names::of(scenario), truths: Vec::new() };
    let asked = claim::conditions(scenario).chain(invariant::conditions(&case));
    case.truths = Truth::of_conditions(&case, asked.collect());
    Verdict {
        expectations: claim::expectations(&case),
        invariants: invariant::all(&case),
        clients: figures::of(scenario, history),
    }
}

/// The matter to be judged.
struct Case<'a> {
    scenario: &'a Scenario,
    history: &'a History,
    names: Names<'a>,
    /// When what is asked for was true: the history is long, and read once for all of it.
    truths: Vec<(Condition, Truth)>,
}

impl Case<'_> {
    /// When the statements with these places took effect.
    fn executed(&self, indices: &[usize]) -> Vec<Duration> {
        let records = self.history.records().iter();
        records
            .filter(|record| {
                matches!(&record.event, Event::Statement { index, .. } if indices.contains(index))
            })
            .map(|record| record.at)
            .collect()
    }

    /// What is the case at a moment, as far as the condition asks.
    fn facts(&self, condition: &Condition, at: Duration) -> String {
        let mut facts = String::new();
        replay(self.history, &self.names, |moment, state| {
            if moment <= at {
                facts = words::facts(condition, state);
            }
        });
        facts
    }
}
