//! What happens all the time: a beat that says nothing new, the moment to send one, and a check
//! that finds what the one before it found.
//!
//! Ten times a second from each peer, and oftener, nothing changes but until when somebody may be
//! silent; a check changes when the next one is due. Looking at every group, server and channel
//! again would find nothing.

use super::{Director, Phase};
use crate::input::Input;
use crate::time::{Deadline, Instant, Reason, earlier};

/// A beat or a check that may be all that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pulse {
    /// One of a peer's.
    Heard,
    /// One of this node's that is due.
    Beat,
    /// Checks that are to begin, or have taken too long.
    Checks,
    /// A check that has ended.
    Checked,
}

/// When something is due next, by what changes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Due {
    /// A heartbeat is to be sent.
    beat: Option<Deadline>,
    /// A peer is late.
    silence: Option<Deadline>,
    /// Something of a real server.
    checks: Option<Deadline>,
    /// Anything else.
    rest: Option<Deadline>,
    /// The first of these.
    first: Option<Deadline>,
}

impl Due {
    /// With the first of its parts found anew.
    fn reckoned(self) -> Self {
        let first = earlier(earlier(self.beat, self.silence), earlier(self.checks, self.rest));
        Self { first, ..self }
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
                let cluster = &self.cluster;
                let next = earlier(cluster.other_deadline(), self.alerts.next_deadline());
                let (beat, silence) = (cluster.beat_deadline(), cluster.silence_deadline());
                let (checks, rest) = (self.checks.next_deadline(), earlier(next, kernel));
                Due { beat, silence, checks, rest, first: None }.reckoned()
            }
            Phase::Clearing { until, .. } => {
                let overdue = Deadline { at: until, reason: Reason::ReleaseOverdue };
                let rest = earlier(kernel, Some(overdue));
                Due { rest, ..Due::default() }.reckoned()
            }
            Phase::Over => Due::default(),
        }
    }

    /// What is to be dealt with, where it may be nothing but a beat or a check.
    pub(super) fn pulse(&self, input: &Input, now: Instant) -> Option<Pulse> {
        let calm = self.phase == Phase::Running
            && !self.reweighed
            && self.out.effects.is_empty()
            && !has_come(self.due.rest, now)
            && self.is_unmoved();
        match input {
            Input::Beat { .. } if calm && !has_come(self.due.checks, now) => Some(Pulse::Heard),
            Input::ProbeFinished { .. } if calm => Some(Pulse::Checked),
            Input::Deadline if calm => self.pulse_due(now),
            _ => None,
        }
    }

    fn pulse_due(&self, now: Instant) -> Option<Pulse> {
        let silent = has_come(self.due.silence, now) || !self.cluster.only_beats();
        if silent || self.checks.is_parting() {
            return None;
        }
        match (has_come(self.due.beat, now), has_come(self.due.checks, now)) {
            (true, false) => Some(Pulse::Beat),
            (false, true) => Some(Pulse::Checks),
            _ => None,
        }
    }

    /// Whether nothing waits to be settled or told.
    fn is_unmoved(&self) -> bool {
        !self.unsettled && self.out.reports.is_empty() && !self.cluster.is_restless()
    }

    /// Whether the pulse was all that happened.
    pub(super) fn was_all(&self, pulse: Pulse, now: Instant) -> bool {
        self.is_unmoved()
            && match pulse {
                Pulse::Heard | Pulse::Beat => true,
                Pulse::Checks | Pulse::Checked => self.checks.is_weighed(now),
            }
    }

    /// After a pulse that moved nothing else.
    pub(super) fn reckon_after(&mut self, pulse: Pulse) {
        match pulse {
            Pulse::Beat => self.due.beat = self.cluster.beat_deadline(),
            Pulse::Heard => self.due.silence = self.cluster.silence_deadline(),
            Pulse::Checks | Pulse::Checked => self.due.checks = self.checks.next_deadline(),
        }
        self.due = self.due.reckoned();
        debug_assert_eq!(self.due, self.reckon(), "a pulse has moved more than its own deadline");
    }
}
