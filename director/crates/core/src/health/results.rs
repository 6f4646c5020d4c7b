//! The last results of each check.

use super::{Checked, Checks};
use crate::cluster::ago_ms;
use crate::probe::{Failure, Micros, Outcome, Phases};
use crate::time::Instant;
use crate::view::{CheckView, PhaseView};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

/// Results that are kept of one check.
const KEPT: usize = 5;

/// What came of a check, in little room: there are [`KEPT`] of them for every server.
#[derive(Clone, Debug)]
struct Finding {
    started: Instant,
    failure: Option<Box<Failure>>,
    took: Micros,
    phases: Phases,
}

/// The last results of a check, newest last, and how many there were.
#[derive(Clone, Debug, Default)]
pub(super) struct Results {
    last: VecDeque<Finding>,
    succeeded: u64,
    failed: u64,
}

impl Results {
    pub(super) fn note(
        &mut self,
        started: Instant,
        outcome: &Outcome,
        phases: &Phases,
        now: Instant,
    ) {
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        // No more room than that, where growing by itself would take some for later.
        self.last.reserve_exact(KEPT - self.last.len());
        match outcome {
            Ok(_) => self.succeeded += 1,
            Err(_) => self.failed += 1,
        }
        let failure = outcome.as_ref().err().cloned().map(Box::new);
        let (took, phases) = (Micros::of(now.since(started)), *phases);
        self.last.push_back(Finding { started, failure, took, phases });
    }
}

impl Checks {
    /// The last results of a server's check, oldest first.
    pub(crate) fn results(&self, entry: &Checked, now: Instant) -> Vec<CheckView> {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let part = |(phase, took)| PhaseView { phase, took_us: micros(took) };
        let shared = self.shared.get(entry.check);
        let view = |finding: &Finding| CheckView {
            ago_ms: ago_ms(finding.started, now),
            took_us: micros(finding.took.time()),
            phases: finding.phases.iter().map(part).collect(),
            passed: finding.failure.is_none(),
            text: finding
                .failure
                .as_ref()
                .map_or_else(|| String::from("passed"), |failure| failure.to_string()),
            failure: finding.failure.as_deref().cloned(),
        };
        shared.into_iter().flat_map(|shared| shared.results.last.iter().map(view)).collect()
    }

    /// How many checks of a server have succeeded and failed, and how long the last one took.
    pub(crate) fn totals(&self, entry: &Checked) -> (u64, u64, Option<Duration>) {
        let Some(shared) = self.shared.get(entry.check) else { return (0, 0, None) };
        let results = &shared.results;
        (results.succeeded, results.failed, results.last.back().map(|finding| finding.took.time()))
    }
}
