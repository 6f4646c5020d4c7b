//! What each director was told, and what it did about it.

use crate::net::packet::NodeId;
use director_core::report::Level;
use director_core::time::{Deadline, Instant, Reason};
use director_core::{Effect, Input, Report};
use director_engine::record::{Beginning, Cause, Turn};

/// Keeps every step of every director, in the order in which they were made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail {
    pub(crate) steps: Vec<Step>,
    /// What each process began with, and which step that was.
    pub(crate) lives: Vec<(usize, Beginning)>,
}

/// One input and everything that came of it at once.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) at: Instant,
    pub(crate) node: NodeId,
    /// What a timer was set for; the director had said so before.
    pub(crate) why: Option<Reason>,
    /// The same, by the director's clock.
    pub(crate) turn: Turn,
}

impl Trail {
    pub(crate) fn starts(&mut self, at: Instant, node: NodeId, beginning: Beginning) {
        self.begin(at, node, None, (Cause::Start, beginning.at));
        self.lives.push((self.steps.len() - 1, beginning));
    }

    pub(crate) fn told(
        &mut self,
        at: Instant,
        node: NodeId,
        (input, clock): (&Input, Instant),
        why: Option<Reason>,
    ) {
        self.begin(at, node, why, (Cause::Told(input.clone()), clock));
    }

    fn begin(&mut self, at: Instant, node: NodeId, why: Option<Reason>, what: (Cause, Instant)) {
        let (effects, reports) = (Vec::new(), Vec::new());
        let turn = Turn { at: what.1, cause: what.0, effects, reports, next: None };
        self.steps.push(Step { at, node, why, turn });
    }

    pub(crate) fn reports(&mut self, report: &Report) {
        if let Some(step) = self.steps.last_mut() {
            step.turn.reports.push(report.clone());
        }
    }

    pub(crate) fn wants(&mut self, effect: &Effect) {
        if let Some(step) = self.steps.last_mut() {
            step.turn.effects.push(effect.clone());
        }
    }

    pub(crate) fn ends(&mut self, next: Option<Deadline>) {
        if let Some(step) = self.steps.last_mut() {
            step.turn.next = next;
        }
    }
}

impl Step {
    /// Whether something is another thing after it than before.
    pub(crate) fn is_transition(&self) -> bool {
        let Turn { cause, effects, reports, .. } = &self.turn;
        let told = reports.iter().any(|report| report.level() != Level::Debug);
        let done = effects.iter().any(|effect| {
            matches!(effect, Effect::Fence { .. } | Effect::Exit | Effect::Announce { .. })
        });
        let changed = matches!(cause, Cause::Told(Input::Reconciled(result))
            if !result.done.is_empty() || !result.failed.is_empty());
        let begun = matches!(
            cause,
            Cause::Start | Cause::Ordered(..) | Cause::Told(Input::Rejected { .. })
        );
        told || done || changed || begun
    }
}
