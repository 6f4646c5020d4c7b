//! What each director was told, and what it did about it.

use crate::net::packet::NodeId;
use director_core::report::Level;
use director_core::time::{Instant, Reason};
use director_core::{Effect, Input, Report};

/// Keeps every step of every director, in the order in which they were made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail {
    pub(super) steps: Vec<Step>,
}

/// One input and everything that came of it at once.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) at: Instant,
    pub(super) node: NodeId,
    pub(super) cause: Cause,
    pub(super) reports: Vec<Report>,
    pub(super) effects: Vec<Effect>,
}

#[derive(Clone, Debug)]
pub(super) enum Cause {
    /// The process begins.
    Start,
    /// It was woken; for what, it had said before.
    Timer(Option<Reason>),
    Told(Input),
}

impl Trail {
    pub(crate) fn starts(&mut self, at: Instant, node: NodeId) {
        self.begin(at, node, Cause::Start);
    }

    pub(crate) fn told(&mut self, at: Instant, node: NodeId, input: &Input, why: Option<Reason>) {
        let cause = match input {
            Input::Deadline => Cause::Timer(why),
            input => Cause::Told(input.clone()),
        };
        self.begin(at, node, cause);
    }

    fn begin(&mut self, at: Instant, node: NodeId, cause: Cause) {
        let (reports, effects) = (Vec::new(), Vec::new());
        self.steps.push(Step { at, node, cause, reports, effects });
    }

    pub(crate) fn reports(&mut self, report: &Report) {
        if let Some(step) = self.steps.last_mut() {
            step.reports.push(report.clone());
        }
    }

    pub(crate) fn wants(&mut self, effect: &Effect) {
        if let Some(step) = self.steps.last_mut() {
            step.effects.push(effect.clone());
        }
    }
}

impl Step {
    /// Whether something is another thing after it than before.
    pub(super) fn is_transition(&self) -> bool {
        let told = self.reports.iter().any(|report| report.level() != Level::Debug);
        let done = self.effects.iter().any(|effect| {
            matches!(effect, Effect::Fence { .. } | Effect::Exit | Effect::Announce { .. })
        });
        let changed = matches!(&self.cause, Cause::Told(Input::Reconciled(result))
            if !result.done.is_empty() || !result.failed.is_empty());
        let begun = matches!(self.cause, Cause::Start | Cause::Told(Input::Rejected { .. }));
        told || done || changed || begun
    }
}
