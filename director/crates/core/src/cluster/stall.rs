//! What a director does when it finds that it was not run.

use super::detector::Action;
use super::group::{Change, Group};
use super::peer::PeerLink;
use super::{Cluster, Out};
use crate::beat::{Beat, Claim, LinkId};
use crate::planted::{Bug, planted};
use crate::report::{Report, Role};
use crate::time::Instant;
use alloc::sync::Arc;
use core::time::Duration;

impl Cluster {
    /// This process was not run for `late`.
    ///
    /// Its own sleep proves nothing about the peers: they get that time again. After a sleep in
    /// which they may have taken over, this node [doubts](Self::doubt) what it owns. Returns
    /// whether the kernel must be looked at, because a virtual router waits for that.
    pub(crate) fn stalled(&mut self, late: Duration, now: Instant, out: &mut Out) -> bool {
        for peer in &mut self.peers {
            peer.detector.forgive(late, now);
            for link in peer.links.iter_mut().filter(|link| link.up) {
                link.heard_at = link.heard_at.map(|at| (at + late).min(now));
            }
        }
        // Renewals were not refused, they were not tried.
        for group in &mut self.groups {
            group.hold.forgive(late, now);
            // Nor was the kernel slow to give it the addresses, or to take them off.
            if matches!(group.role, Role::Taking | Role::Releasing) {
                group.since = (group.since + late).min(now);
            }
        }
        let must_look = self.routers.stalled(late, now, out);
        self.forgive_witnesses(late, now);
        self.woken.get_or_insert_default();
        if late + self.settings.keepalive >= self.settings.limits.quickest() {
            self.forget_proof(now);
            self.doubt(now, out);
        }
        must_look
    }

    /// Whether a packet says that its sender owns what this node owns.
    ///
    /// Of one that waited while this process slept, that means: beats of this node were lost before
    /// its sleep, and a sleep too short for it by itself has cost it the group.
    pub(super) fn is_challenged(&self, beat: &Beat) -> bool {
        let owns =
            |group: &&Group| matches!(group.role, Role::Taking | Role::Active) && !group.doubtful;
        let mut owned = self.groups.iter().filter(owns);
        owned.any(|group| beat.body.claims.get(&group.name) == Some(&Claim::Active))
    }

    /// A question came. Who has just woken reads first what else waits: the answer may be
    /// another by then.
    pub(super) fn be_asked(&mut self, index: usize, link: LinkId, question: u64, out: &mut Out) {
        match &mut self.woken {
            Some(later) => {
                later.insert((index, link), question);
            }
            None => self.answer(index, link, question, out),
        }
    }

    /// Whether a change must wait until what waited has been read: what came first may be
    /// outdated by what comes next, and nobody has the group by the one and somebody by the other.
    pub(super) fn is_early(&self, change: &Change) -> bool {
        self.woken.is_some() && change.to == Role::Taking
    }

    /// What waited has been read.
    pub(super) fn end_waking(&mut self, now: Instant, out: &mut Out) {
        let Some(later) = self.woken.take() else { return };
        // What was read may have changed what there is to say.
        self.say_news(now, out);
        self.stirred = true;
        for ((index, link), question) in later {
            self.answer(index, link, question, out);
        }
    }

    /// Whoever was doubted and has said nothing since is dead: nobody would ever say so otherwise.
    pub(super) fn give_up_silent(&mut self, now: Instant, out: &mut Out) {
        let deadtime = self.settings.limits.deadtime;
        let silent = |link: &PeerLink| link.heard_at.is_none_or(|at| now.since(at) >= deadtime);
        for peer in self.peers.iter_mut().filter(|peer| peer.is_doubted()) {
            if peer.links.iter().all(silent)
                && let Some(Action::Became(state, why)) = peer.detector.give_up(now)
            {
                let peer = peer.name.clone();
                out.reports.push_back(Report::Peer { peer, state, why });
            }
        }
    }

    /// Another may own by now what this node owns: it says nothing as owner until it has heard all
    /// peers anew, or they have had the deadtime to answer.
    pub(super) fn doubt(&mut self, now: Instant, out: &mut Out) {
        if self.stopping || planted(Bug::StalledOwnerSpeaks) {
            return;
        }
        let mut doubts = false;
        for group in &mut self.groups {
            group.doubtful = matches!(group.role, Role::Taking | Role::Active);
            doubts |= group.doubtful;
        }
        if !doubts {
            return;
        }
        self.listen_until = Some(now + self.settings.limits.deadtime);
        self.stirred = true;
        // The word goes out before anything else: it must not claim what may be another's.
        self.body = Arc::new(self.present_body());
        for index in 0..self.peers.len() {
            self.peers[index].doubt(self.sequence + 1);
            self.ask(index, out);
        }
    }
}
