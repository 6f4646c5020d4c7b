//! What happens all the time: a beat that says nothing new, and the moment to send one.
//!
//! Ten times a second from each peer, and oftener, nothing changes but until when somebody may be
//! silent. Looking at every group, server and channel again would find nothing and cost ten times
//! as much.

use super::{Director, Phase};
use crate::input::Input;
use crate::time::{Deadline, Instant, Reason, earlier};

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

    /// Whether nothing waits to be settled, told or done, and nothing but beats is due.
    fn is_calm(&self, now: Instant) -> bool {
        self.phase == Phase::Running
            && !self.unsettled
            && !self.reweighed
            && self.out.reports.is_empty()
            && self.out.effects.is_empty()
            && !has_come(self.due.rest, now)
            && !self.cluster.is_restless()
    }

    /// Deals with a beat that changes nothing, or with the moment to send one. Whether that was
    /// all; if not, nothing has been done yet.
    pub(super) fn beats(&mut self, input: &Input, now: Instant) -> bool {
        let done = match input {
            Input::Beat { link, beat } if self.is_calm(now) => {
                self.cluster.hear(*link, beat, now, &mut self.out);
                let silence = self.cluster.silence_deadline();
                self.due = Due::new(self.due.beat, silence, self.due.rest);
                if self.cluster.is_restless() || !self.out.reports.is_empty() {
                    self.hear_orders(now);
                    self.settle(now);
                }
                true
            }
            Input::Deadline if has_come(self.due.beat, now) && self.only_beats(now) => {
                self.cluster.beat_regularly(now, &mut self.out);
                let beat = self.cluster.beat_deadline();
                self.due = Due::new(beat, self.due.silence, self.due.rest);
                true
            }
            _ => false,
        };
        debug_assert!(!done || self.due == self.reckon(), "{:?} {:?}", self.due, self.reckon());
        done
    }

    fn only_beats(&self, now: Instant) -> bool {
        self.is_calm(now)
            && !has_come(self.due.silence, now)
            && self.cluster.only_beats()
            && !self.checks.is_parting()
    }
}
