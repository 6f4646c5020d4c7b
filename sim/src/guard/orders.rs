//! Rules about what operators order.

use super::Rule;
use super::watch::{PeerWatch, Watch};
use crate::net::packet::NodeId;
use crate::world::World;
use director_core::beat::Claim;
use director_core::name::GroupName;
use director_core::report::{Health, PeerState, Role};
use director_core::time::Instant;
use std::net::IpAddr;
use std::time::Duration;

impl World {
    /// An operator orders something about a server; its weight has that cause from now on, on every
    /// director that hears of it.
    pub(crate) fn guard_ordered(&mut self, server: IpAddr) {
        self.guard.ordered.push(server);
    }

    /// Before a handover is ordered: whether nothing speaks against it.
    pub(crate) fn guard_handover(&self, node: NodeId) -> bool {
        let Some(host) = self.hosts.get(node.index()).and_then(|host| host.director()) else {
            return false;
        };
        let Some(watch) = self.guard.watches.get(node.index()) else { return false };
        let settled = host.config.cluster.deadtime;
        let elected = host.config.groups.values().all(|group| group.vrrp.is_none());
        let mut owned = owned(watch).peekable();
        let owns = owned.peek().is_some();
        // One that has just been configured may be up, for all that its director knows.
        let configured = host.config.services.values().map(|service| service.servers.len()).sum();
        let down = watch.servers.iter().filter(|one| one.state == Health::Down).count();
        let unserved = down > 0 && down >= configured;
        let mut ready = owned.map(|group| {
            watch.peers.iter().any(|peer| takes(peer, group, unserved, self.now, settled))
        });
        self.is_sound(node) && !watch.stopping && elected && owns && ready.all(|ready| ready)
    }

    /// After it was ordered, when nothing spoke against it.
    pub(crate) fn guard_handed_over(&mut self, node: NodeId) {
        let keeps = self.guard.watches.get(node.index()).is_some_and(|one| owned(one).count() > 0);
        if keeps {
            let facts = format!("{} keeps what it was ordered to hand over", self.host_name(node));
            self.guard.violations.note(Rule::OrdersObeyed, self.now, || facts);
        }
    }
}

fn owned(watch: &Watch) -> impl Iterator<Item = &GroupName> {
    let owned = watch.groups.iter().filter(|group| group.role == Role::Active);
    owned.map(|group| &group.name)
}

/// Whether a peer says that it would take the group, as good as the present owner or better.
fn takes(
    peer: &PeerWatch,
    group: &GroupName,
    unserved: bool,
    now: Instant,
    settled: Duration,
) -> bool {
    let claim = peer.body.as_ref().and_then(|body| body.claims.get(group));
    let would = match claim {
        Some(Claim::Standby | Claim::Wants) => true,
        Some(Claim::Unserved) => unserved,
        _ => false,
    };
    let heard = peer.heard.is_some_and(|at| now.since(at) < settled);
    would && heard && !peer.left && peer.state == PeerState::Alive
}
