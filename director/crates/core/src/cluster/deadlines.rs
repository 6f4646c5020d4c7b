//! When something of the cluster is due, and what is due all the time.

use super::fencing::Fence;
use super::{Cluster, Out, PeerState};
use crate::beat::Kind;
use crate::time::{Deadline, Instant, Reason, earlier};

impl Cluster {
    /// When the next regular heartbeat is due, if there is anybody to send it to.
    pub(crate) fn beat_deadline(&self) -> Option<Deadline> {
        let beat = Deadline { at: self.next_beat, reason: Reason::BeatDue };
        (!self.peers.is_empty()).then_some(beat)
    }

    /// When a peer or a link to it has been silent for too long: every packet changes it.
    pub(crate) fn silence_deadline(&self) -> Option<Deadline> {
        let limits = &self.settings.limits;
        let mut next = None;
        for peer in &self.peers {
            next = earlier(next, peer.detector.next_deadline(limits));
            for link in peer.links.iter().filter(|link| link.up) {
                let lost = link.heard_at.map(|at| at + limits.deadtime);
                let lost = lost.map(|at| Deadline { at, reason: Reason::PeerLate });
                next = earlier(next, lost);
            }
        }
        next
    }

    /// When anything else is due.
    pub(crate) fn other_deadline(&self) -> Option<Deadline> {
        let listened = self.listen_until;
        let mut next = listened.map(|at| Deadline { at, reason: Reason::InitialWaitOver });
        next = earlier(next, self.witness_deadline());
        next = earlier(next, self.fence_deadline());
        next = earlier(next, self.routers.next_deadline());
        for group in &self.groups {
            next = earlier(next, group.next_deadline(self.settings.limits.deadtime));
            next = earlier(next, group.burst.next_deadline().filter(|_| !group.doubtful));
        }
        next
    }

    /// Whether there may be more to do than what a deadline or a packet is for.
    pub(crate) fn is_restless(&self) -> bool {
        self.stirred || self.woken.is_some() || !self.post.is_read()
    }

    /// Whether a beat that is due is nothing but that: nobody is suspected, and no voter is to be
    /// asked with it.
    pub(crate) fn only_beats(&self) -> bool {
        let well = |peer: &super::Peer| {
            peer.detector.state() == PeerState::Alive && peer.fence == Fence::Idle
        };
        !self.is_restless() && !self.ballot.is_held() && self.peers.iter().all(well)
    }

    /// One packet to every peer over every link, and when the next one is due.
    pub(crate) fn beat_regularly(&mut self, now: Instant, out: &mut Out) {
        self.turn_orders();
        self.beat(Kind::Regular, out);
        self.ask_voter(now, out);
        self.next_beat = self.following_beat(now);
        if self.next_beat <= now {
            self.next_beat = now + self.settings.keepalive;
        }
    }
}
