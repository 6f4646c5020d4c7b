//! What is printed about runs: the same for every runner, and the same bytes for the same runs.

mod document;
mod layout;
mod page;
mod story;
#[cfg(test)]
mod tests;
mod text;
mod written;
mod xml;

pub use document::json;

pub use page::{Sheet, html};
pub use story::noticed;
pub use text::text;
pub use written::Wanted;
pub use xml::junit;

use crate::{History, Judged, Ruling, Scenario, Verdict};
use serde::Serialize;

/// A scenario and what came of it.
#[derive(Debug, Clone)]
pub struct Run {
    /// The scenario.
    pub scenario: Scenario,
    /// What came of it.
    pub result: RunResult,
}

/// What came of a scenario.
#[derive(Debug, Clone)]
pub enum RunResult {
    /// It ran.
    Judged {
        /// What happened.
        history: History,
        /// What the judge says.
        verdict: Verdict,
    },
    /// It is not meant for this engine, or was left out on purpose.
    Skipped {
        /// Why, one sentence.
        reason: String,
    },
    /// This machine cannot run it.
    Impossible {
        /// Why, and what to do, one sentence.
        reason: String,
    },
}

impl Run {
    /// The word for the result: `held`, `violated`, `skipped`, `impossible`.
    pub fn word(&self) -> &'static str {
        match &self.result {
            RunResult::Judged { verdict, .. } if verdict.is_held() => "held",
            RunResult::Judged { .. } => "violated",
            RunResult::Skipped { .. } => "skipped",
            RunResult::Impossible { .. } => "impossible",
        }
    }
}

/// How many of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Outcomes {
    /// Scenarios in which nothing was violated.
    pub held: usize,
    /// Scenarios in which something was.
    pub violated: usize,
    /// Scenarios that were skipped.
    pub skipped: usize,
    /// Scenarios that this machine cannot run.
    pub impossible: usize,
    /// Expectations and invariants that held.
    pub expectations_held: usize,
    /// Expectations and invariants that were violated.
    pub expectations_violated: usize,
    /// Expectations and invariants that could not be judged.
    pub expectations_not_judged: usize,
}

impl Outcomes {
    /// Counts them.
    pub fn of(runs: &[Run]) -> Self {
        let mut counts = Self::default();
        for run in runs {
            match &run.result {
                RunResult::Skipped { .. } => counts.skipped += 1,
                RunResult::Impossible { .. } => counts.impossible += 1,
                RunResult::Judged { verdict, .. } => {
                    if verdict.is_held() {
                        counts.held += 1;
                    } else {
                        counts.violated += 1;
                    }
                    verdict.all().for_each(|judged| counts.count(judged));
                }
            }
        }
        counts
    }

    fn count(&mut self, judged: &Judged) {
        match judged.ruling {
            Ruling::Held { .. } => self.expectations_held += 1,
            Ruling::Violated { .. } => self.expectations_violated += 1,
            Ruling::NotJudged { .. } => self.expectations_not_judged += 1,
        }
    }

    /// The exit status of a runner that could read all its input.
    pub fn exit(&self) -> Exit {
        if self.violated > 0 {
            Exit::Violated
        } else if self.impossible > 0 {
            Exit::CannotRun
        } else {
            Exit::Held
        }
    }
}

/// How a runner ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything that was judged held.
    Held,
    /// An expectation or an invariant was violated.
    Violated,
    /// A file or an argument is wrong; nothing was run.
    BadInput,
    /// This machine cannot run it.
    CannotRun,
    /// What was done again came out otherwise.
    Differs,
}

impl Exit {
    /// The process's exit status: 0, 1, 2, 3, 4.
    pub const fn status(self) -> u8 {
        match self {
            Self::Held => 0,
            Self::Violated => 1,
            Self::BadInput => 2,
            Self::CannotRun => 3,
            Self::Differs => 4,
        }
    }
}
