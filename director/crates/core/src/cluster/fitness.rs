//! When a node that runs cannot serve a group: it reaches nobody, or the group's interface has no
//! carrier, or none of the group's servers passes its checks here.
//!
//! Servers that are down are down for everybody, as a rule, and only sooner known to one than to
//! the other, and so is their return: an owner gives way when it has been so for as long as the
//! checks take to find out. Who is not owner does not ask for a group that it could not serve.
//!
//! Being unfit is no reason to leave a group without owner when it is certain that nobody else has
//! it. It is a reason to let everybody fit come first, and to give way to the first who is.
//!
//! Who reaches no server is better than who is not reached at all: it serves as soon as a server is
//! back. Two that reach none are equals, so that an operator can hand over from one to the other.

use super::group::{Group, Surroundings};
use super::peer::Peer;
use super::{Cluster, Out};
use crate::beat::{Claim, Merit};
use crate::config::Announce;
use crate::name::{GroupName, InterfaceName, NodeName};
use crate::planted::{Bug, planted};
use crate::report::{AnnounceCause, PeerState, Role, RoleCause};
use crate::time::{Deadline, Instant, Reason};
use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

/// How far this node could serve a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Fitness {
    /// As far as it knows it could.
    #[default]
    Fit,
    /// It reaches no server of the group.
    Unserved,
    /// Nobody would reach it.
    Unfit,
}

impl Fitness {
    /// What a node is that has this reason not to serve.
    pub(super) const fn of(why: Option<&RoleCause>) -> Self {
        match why {
            None => Self::Fit,
            Some(RoleCause::Unserved) => Self::Unserved,
            Some(_) => Self::Unfit,
        }
    }
}

impl Group {
    /// How good a candidate for the group this node is.
    pub(super) const fn merit(&self) -> Merit {
        match (self.fitness, self.resting) {
            (Fitness::Fit, false) => Merit::Ready,
            (Fitness::Fit, true) => Merit::Resting,
            (Fitness::Unserved, false) => Merit::Unserved,
            (Fitness::Unserved, true) => Merit::RestingUnserved,
            (Fitness::Unfit, _) => Merit::Unfit,
        }
    }

    /// Whether the peer would take the group at once, and could serve it at least as well as this
    /// node can.
    pub(super) fn is_ready(&self, peer: &Peer) -> bool {
        peer.claim(&self.name).is_some_and(|claim| match claim {
            Claim::Unserved => self.fitness != Fitness::Fit && !planted(Bug::UnservedNeverReady),
            claim => claim.is_ready(),
        })
    }

    /// Why this node cannot serve the group, if it cannot.
    pub(super) fn unfitness(&self, around: Surroundings<'_>) -> Option<RoleCause> {
        let mut interfaces = self.addresses.iter().map(|address| &address.interface);
        let dark =
            |name: &&InterfaceName| around.dark.contains(*name) && !planted(Bug::CarrierIgnored);
        if let Some(interface) = interfaces.find(dark) {
            return Some(RoleCause::NoCarrier { interface: interface.clone() });
        }
        if !around.reached && !planted(Bug::IsolatedOwnerStays) {
            return Some(RoleCause::Isolated);
        }
        self.unserved.map(|_| RoleCause::Unserved)
    }

    /// Notes since when this node reaches no witness and a peer is ready to take the group.
    ///
    /// A witness that goes, and one that comes back, is missed and heard by one node before the
    /// other. Nobody is cut off then: the difference must have lasted for longer than it takes the
    /// other to ask, too.
    pub(super) fn note_ready(&mut self, around: Surroundings<'_>) {
        let differs = !around.reached && around.peers.iter().any(|peer| self.is_ready(peer));
        self.ready_since = differs.then(|| {
            let since = self.ready_since.map_or(around.now, |(since, _)| since);
            (since, around.now.since(since) >= around.patience / 2)
        });
    }

    /// When that will have been so for long enough.
    pub(super) fn ready_deadline(&self, patience: Duration) -> Option<Deadline> {
        let (since, _) = self.ready_since.filter(|(_, long)| !long)?;
        Some(Deadline { at: since + patience / 2, reason: Reason::ElectionOver })
    }

    /// To whom the voter has granted the group that this node owns, when it does not hear that one:
    /// those who hear each other need no voter.
    fn outvoted_for<'a>(&self, around: Surroundings<'a>) -> Option<&'a NodeName> {
        let holder = around.votes.holder(&self.name)?;
        let heard = |peer: &Peer| peer.name == *holder && peer.detector.is_live();
        (!around.peers.iter().any(heard)).then_some(holder)
    }

    /// Of all of its servers none passed its last check, and one does again: so may those be back
    /// that send to it, and no link between directors tells. How many more checks it takes until
    /// the server is up does not matter to them.
    fn hear_servers(&mut self, none: bool, settings: Announce, now: Instant, out: &mut Out) {
        if core::mem::replace(&mut self.silent, none) && !none && self.role == Role::Active {
            self.announce(AnnounceCause::ServedAgain, settings, now, out);
        }
    }

    /// Why an owner must give the group up, if it must: it is unfit, and a peer is ready, or it may
    /// be the one that all peers believe dead.
    pub(super) fn must_give_way(&mut self, around: Surroundings<'_>) -> Option<RoleCause> {
        if let Some(peer) = self.outvoted_for(around) {
            return Some(RoleCause::Outvoted { peer: peer.clone() });
        }
        let serves = |peer: &Peer| peer.claim(&self.name).is_some_and(Claim::is_ready);
        let better = self.unserved.filter(|_| around.peers.iter().any(serves));
        self.better_since = better.map(|_| self.better_since.unwrap_or(around.now));
        let late = |(patience, since)| around.now.since(since) >= patience;
        self.better_long = better.zip(self.better_since).is_some_and(late);
        let why = self.unfitness(around)?;
        if self.better_long || why == RoleCause::Unserved {
            return self.better_long.then_some(why);
        }
        let silent = |peer: &Peer| peer.detector.state() == PeerState::Dead;
        let alone = !around.reached && !around.peers.is_empty() && around.peers.iter().all(silent);
        let ready = around.peers.iter().any(|peer| self.is_ready(peer));
        let hasty = why == RoleCause::Isolated && self.ready_since.is_none_or(|(_, long)| !long);
        (alone || (ready && !hasty)).then_some(why)
    }
}

impl Cluster {
    /// The groups of which no server is usable from here, each with the time in which a peer with
    /// the same checks would find the same.
    pub(crate) fn set_unserved(
        &mut self,
        unserved: &BTreeMap<GroupName, Duration>,
        now: Instant,
        out: &mut Out,
    ) -> bool {
        let mut changed = false;
        for group in &mut self.groups {
            let patience = unserved.get(&group.name).copied();
            let differs = patience.is_some() != group.unserved.is_some();
            changed |= differs;
            group.unserved = patience;
            if differs {
                group.hear_servers(patience.is_some(), self.settings.announce, now, out);
            }
        }
        self.stirred |= changed;
        changed
    }

    /// The groups of which no server has passed its last check.
    pub(crate) fn set_silent(&mut self, silent: &BTreeSet<GroupName>, now: Instant, out: &mut Out) {
        for group in self.groups.iter_mut().filter(|group| group.unserved.is_some()) {
            let none = silent.contains(&group.name);
            group.hear_servers(none, self.settings.announce, now, out);
        }
    }
}
