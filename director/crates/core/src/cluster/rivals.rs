//! Two owners at once: who, since when, and until when.

use super::group::Group;
use super::peer::Peer;
use super::view::ago_ms;
use super::{Cluster, Out};
use crate::beat::{Claim, RELEASES};
use crate::input::Reconciled;
use crate::plan::Step;
use crate::planted::{Bug, planted};
use crate::report::{AnnounceCause, Report, Role};
use crate::time::Instant;

impl Cluster {
    /// Announces when another owner is heard or has given way, and tells of one.
    pub(super) fn tell_rivals(
        &mut self,
        index: usize,
        had: (bool, bool),
        now: Instant,
        out: &mut Out,
    ) {
        let group = &mut self.groups[index];
        let unheard = core::mem::take(&mut group.rival_unheard);
        let why = match had {
            (false, true) => AnnounceCause::RivalHeard,
            (true, false) => AnnounceCause::RivalGaveWay,
            _ if unheard => AnnounceCause::RivalGaveWay,
            _ => return,
        };
        if why == AnnounceCause::RivalHeard {
            let claims = |peer: &&Peer| peer.claim(&group.name) == Some(Claim::Active);
            if let Some(rival) = self.peers.iter().find(claims) {
                let winner = if group.outranks(rival) { &self.us } else { &rival.name };
                // Both may have owned since the later of our own beginning and their last word.
                let since = rival.silent_from.unwrap_or(now).max(group.since).min(now);
                out.reports.push_back(Report::TwoOwners {
                    group: group.name.clone(),
                    peer: rival.name.clone(),
                    winner: winner.clone(),
                    unheard_ms: ago_ms(since, now),
                });
                group.rival = Some((rival.name.clone(), since));
            }
        }
        let silent = match why {
            AnnounceCause::RivalHeard => planted(Bug::NotAnnouncedOnRival),
            _ => planted(Bug::NotAnnouncedAfterRival),
        };
        if group.role == Role::Active && !silent {
            group.announce(why, self.settings.announce, now, out);
        }
    }

    /// Tells when one of two owners has given way.
    pub(super) fn end_rivalry(&mut self, index: usize, now: Instant, out: &mut Out) {
        let group = &mut self.groups[index];
        let Some((rival, since)) = &group.rival else { return };
        let ours = matches!(group.role, Role::Taking | Role::Active | Role::Releasing);
        let holds = |peer: &Peer| peer.claim(&group.name).is_some_and(Claim::may_hold);
        let theirs = self.peers.iter().any(|peer| peer.name == *rival && holds(peer));
        if ours && theirs {
            return;
        }
        let (peer, lasted_ms) = (rival.clone(), ago_ms(*since, now));
        let group_name = group.name.clone();
        group.rival = None;
        out.reports.push_back(Report::TwoOwnersOver { group: group_name, peer, lasted_ms });
    }
}

impl Group {
    /// Addresses of the group were taken off a kernel that should not have had them: somebody gave
    /// them to it, or it had not let go in time. Its neighbours may believe that they are here; the
    /// owner hears by the count that it is to announce them. Whether it was so.
    pub(super) fn note_removals(&mut self, result: &Reconciled) -> bool {
        let ours = |step: &Step| match step {
            Step::RemoveAddress(address) => self.addresses.contains(address),
            _ => false,
        };
        let removed = self.role == Role::Standby && result.done.iter().any(ours);
        if removed {
            self.released = (self.released + 1) % RELEASES;
        }
        removed
    }

    /// Notices releases by what the peers have counted.
    pub(super) fn hear_releases(&mut self, peers: &[Peer]) {
        for peer in peers {
            let Some(life) = &peer.life else { continue };
            let count = life.body.released.get(&self.name).copied().unwrap_or_default();
            let now = (life.incarnation, count);
            let before = self.releases_heard.get(&peer.name);
            if before == Some(&now) {
                continue;
            }
            let same_life = before.is_some_and(|before| before.0 == life.incarnation);
            self.rival_unheard |= same_life || (before.is_some() && count > 0);
            self.releases_heard.insert(peer.name.clone(), now);
        }
        self.rival_unheard &= matches!(self.role, Role::Taking | Role::Active);
    }
}
