//! What a node does that does not own a group: when it takes it, and when it asks for it.

use super::group::{Change, Group, Surroundings, change};
use super::peer::Peer;
use crate::beat::{Claim, Merit};
use crate::name::NodeName;
use crate::planted::{Bug, planted};
use crate::report::{Role, RoleCause};
use crate::time::{Deadline, Instant, Reason};
use core::time::Duration;

/// Who should take the group first is waited for so many deadtimes: this node's word that nobody
/// owns it has to arrive, and the other's word that it has taken it has to come back.
const ELECTION_PATIENCE: u32 = 2;

impl Group {
    /// Notices when this node has become a better candidate while nobody owns the group: what it
    /// said before is believed until its word has arrived.
    pub(super) fn note_merit(&mut self, now: Instant) {
        let merit = self.merit();
        if merit < self.said && self.unowned_since.is_some() {
            self.was = Some((self.said, now));
        }
        self.said = merit;
    }

    pub(super) fn leave_standby(&mut self, around: Surroundings<'_>) -> Option<Change> {
        if around.stopping {
            return change(Role::Stopped, RoleCause::Stop);
        }
        let name = self.name.clone();
        let behind = self.behind.clone();
        let outranks = |peer: &Peer| behind.contains(&peer.name);
        let claims = || around.peers.iter().filter_map(|peer| Some((peer, peer.claim(&name)?)));
        let holds = |entry: &(&Peer, Claim)| entry.1.may_hold();
        if let Some((owner, _)) = claims().find(holds) {
            let we_come_first = claims().filter(holds).all(|(peer, _)| outranks(peer));
            self.last_owner = Some(owner.name.clone());
            (self.unowned_since, self.was) = (None, None);
            self.consider_failback(we_come_first, around);
            return None;
        }
        self.forget_failback();
        self.barred = !around.certain;
        // Of a peer that is doubted it is not known what it holds.
        if self.barred || !around.listened {
            self.unowned_since = None;
            return None;
        }
        if planted(Bug::LimboAfterReboot) && self.last_owner_lives(around) {
            return None;
        }
        let unowned_since = *self.unowned_since.get_or_insert(around.now);
        let better_than = |ours: Merit| {
            claims().any(|(peer, claim)| {
                let comes = |theirs| theirs < ours || (theirs == ours && !outranks(peer));
                claim.merit().is_some_and(comes)
            })
        };
        let early = around.now.since(unowned_since) < around.patience * ELECTION_PATIENCE;
        let waits = better_than(self.merit()) && early;
        // Who comes first by what this node was until now may be taking it in this moment.
        self.was = self.was.filter(|(_, at)| around.now.since(*at) < around.patience);
        let raced = self.was.is_some_and(|(was, _)| better_than(was));
        if (waits || raced) && !planted(Bug::ElectionNotWaited) {
            return None;
        }
        self.barred = !around.votes.grant(&name, around.now);
        if self.barred {
            return None;
        }
        let died = |name: &NodeName| {
            around.peers.iter().any(|peer| peer.name == *name && !peer.detector.is_live())
        };
        let why = match self.last_owner.take_if(|name| died(name)) {
            Some(peer) => RoleCause::OwnerDied { peer },
            None => RoleCause::NoOwner,
        };
        change(Role::Taking, why)
    }

    fn last_owner_lives(&self, around: Surroundings<'_>) -> bool {
        let lives = |name: &NodeName| {
            around.peers.iter().any(|peer| peer.name == *name && peer.detector.is_live())
        };
        self.last_owner.as_ref().is_some_and(lives)
    }

    fn consider_failback(&mut self, we_come_first: bool, around: Surroundings<'_>) {
        let failback = match around.failback {
            None if planted(Bug::FailbackIgnoresManual) => Some(Duration::ZERO),
            Some(_) if planted(Bug::FailbackNever) => None,
            Some(_) if planted(Bug::FailbackAtOnce) => Some(Duration::ZERO),
            configured => configured,
        };
        let back_and_forth = planted(Bug::SecondWantsToo);
        match failback {
            Some(delay) if (we_come_first || back_and_forth) && self.merit() == Merit::Ready => {
                let returned_at = *self.returned_at.get_or_insert(around.now);
                let warm_at = around.warmth.complete_at(returned_at);
                self.failback_at = warm_at.map(|warm_at| warm_at.max(returned_at + delay));
                self.wants = self.failback_at.is_some_and(|at| around.now >= at);
            }
            _ => self.forget_failback(),
        }
    }

    pub(super) fn forget_failback(&mut self) {
        (self.returned_at, self.failback_at, self.wants) = (None, None, false);
    }

    /// When this node asks for the group, if it waits for that.
    pub(super) fn failback_at(&self) -> Option<Instant> {
        self.failback_at.filter(|_| self.role == Role::Standby && !self.wants)
    }

    pub(super) fn standby_deadline(&self, patience: Duration) -> Option<Deadline> {
        if let Some(since) = self.unowned_since.filter(|_| !self.barred) {
            let elected = since + patience * ELECTION_PATIENCE;
            let at = self.was.map_or(elected, |(_, at)| at + patience);
            return Some(Deadline { at, reason: Reason::ElectionOver });
        }
        Some(Deadline { at: self.failback_at()?, reason: Reason::FailbackDue })
    }
}
