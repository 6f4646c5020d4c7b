//! What happens all the time: a beat that says nothing new, and the moment to send one.
//!
//! Ten times a second from each peer, and oftener, nothing changes but until when somebody may be
//! silent. Looking at every group, server and channel again would find nothing.

use super::{Director, Phase};
use crate::input::Input;
use crate::time::{Deadline, Instant, Reason, earlier};

/// A beat that may be all that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pulse {
    /// One of a peer's.
    Heard,
    /// One of this node's that is due.
    Beat,
}

/// When something is due next, by what changes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Due {
    /// A heartbeat is to be sent.
    beat: Option<Deadline>,
    /// A peer is late.
    silence: Option<Deadline>,
    /// Anything else.
    rest: Option<Deadline>,
    /// The first of these.
    first: Option<Deadline>,
}

impl Due {
    fn new(beat: Option<Deadline>, silence: Option<Deadline>, rest: Option<Deadline>) -> Self {
        Self { beat, silence, rest, first: earlier(earlier(beat, silence), rest) }
    }

    pub(super) fn first(&self) -> Option<Deadline> {
        self.first
    }
}

fn has_come(deadline: Option<Deadline>, now: Instant) -> bool {
    deadline.is_some_and(|deadline| deadline.at <= now)
}

impl Director {
    pub(super) fn reckon(&self) -> Due {
        let kernel = self.kernel.next_deadline();
        match self.phase {
            Phase::Running | Phase::Releasing => {
                let next = earlier(self.cluster.other_deadline(), self.checks.next_deadline());
                let rest = earlier(earlier(next, self.alerts.next_deadline()), kernel);
                let cluster = &self.cluster;
                Due::new(cluster.beat_deadline(), cluster.silence_deadline(), rest)
            }
            Phase::Clearing { until, .. } => {
                let overdue = Deadline { at: until, reason: Reason::ReleaseOverdue };
                Due::new(None, None, earlier(kernel, Some(overdue)))
            }
            Phase::Over => Due::default(),
        }
    }

    /// Whether it may be that nothing but a beat is to be dealt with.
    pub(super) fn pulse(&self, input: &Input, now: Instant) -> Option<Pulse> {
        let calm = self.phase == Phase::Running
            && !self.reweighed
            && self.out.effects.is_empty()
            && !has_come(self.due.rest, now)
            && self.is_unmoved();
        match input {
            Input::Beat { .. } if calm => Some(Pulse::Heard),
            Input::Deadline if calm && self.only_beats(now) => Some(Pulse::Beat),
            _ => None,
        }
    }

    fn only_beats(&self, now: Instant) -> bool {
        has_come(self.due.beat, now)
            && !has_come(self.due.silence, now)
            && self.cluster.only_beats()
            && !self.checks.is_parting()
    }

    /// Whether nothing waits to be settled or told.
    pub(super) fn is_unmoved(&self) -> bool {
        !self.unsettled && self.out.reports.is_empty() && !self.cluster.is_restless()
    }

    /// After a beat that moved nothing.
    pub(super) fn reckon_after(&mut self, pulse: Pulse) {
        let Due { beat, silence, rest, .. } = self.due;
        self.due = match pulse {
            Pulse::Beat => Due::new(self.cluster.beat_deadline(), silence, rest),
            Pulse::Heard => Due::new(beat, self.cluster.silence_deadline(), rest),
        };
        debug_assert_eq!(self.due, self.reckon(), "a beat has moved more than its own deadline");
    }
}
