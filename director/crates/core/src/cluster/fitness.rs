//! When a node that runs cannot serve a group: it reaches nobody, or the group's interface has no
//! carrier.
//!
//! Being unfit is no reason to leave a group without owner when it is certain that nobody else has
//! it. It is a reason to let everybody fit come first, and to give way to the first who is.

use super::group::{Group, Surroundings};
use super::peer::Peer;
use crate::beat::Claim;
use crate::report::{PeerState, RoleCause};

impl Group {
    /// Why this node cannot serve the group, if it cannot.
    pub(super) fn unfitness(&self, around: Surroundings<'_>) -> Option<RoleCause> {
        let mut interfaces = self.addresses.iter().map(|address| &address.interface);
        if let Some(interface) = interfaces.find(|name| around.dark.contains(*name)) {
            return Some(RoleCause::NoCarrier { interface: interface.clone() });
        }
        (!around.reached).then_some(RoleCause::Isolated)
    }

    /// Why an owner must give the group up, if it must: it is unfit, and a peer is ready, or it may
    /// be the one that all peers believe dead.
    pub(super) fn must_give_way(&self, around: Surroundings<'_>) -> Option<RoleCause> {
        let why = self.unfitness(around)?;
        let ready = |peer: &Peer| peer.claim(&self.name).is_some_and(Claim::is_ready);
        let silent = |peer: &Peer| peer.detector.state() == PeerState::Dead;
        let alone = !around.reached && !around.peers.is_empty() && around.peers.iter().all(silent);
        (alone || around.peers.iter().any(ready)).then_some(why)
    }
}
