//! What the cluster looks like from outside.

use super::Cluster;
use super::group::Group;
use crate::config::{Config, Digest};
use crate::input::Ignored;
use crate::name::NodeName;
use crate::observed::Snapshot;
use crate::report::Role;
use crate::time::Instant;
use crate::view::{AddressView, GroupView, LinkView, PeerView, RivalView};
use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::vec::Vec;

/// Milliseconds from `at` to `now`.
pub(crate) fn ago_ms(at: Instant, now: Instant) -> u64 {
    u64::try_from(now.since(at).as_millis()).unwrap_or(u64::MAX)
}

impl Cluster {
    /// Of the configuration in use.
    pub(crate) fn digest(&self) -> Digest {
        self.digest
    }

    pub(crate) fn view_groups(&self, found: Option<&Snapshot>, now: Instant) -> Vec<GroupView> {
        let view = |group: &Group| GroupView {
            name: group.name.clone(),
            role: group.role,
            since_ms: ago_ms(group.since, now),
            why: group.why.to_string(),
            resting: group.resting,
            owner: self.owner(group),
            rival: group.rival.as_ref().map(|(peer, since)| RivalView {
                peer: peer.clone(),
                since_ms: ago_ms(*since, now),
            }),
            failback_ms: group.failback_at().map(|at| ago_ms(now, at)),
            addresses: group
                .addresses
                .iter()
                .map(|address| AddressView {
                    held: found.is_some_and(|found| found.addresses.contains_key(address)),
                    address: address.clone(),
                })
                .collect(),
            vrrp: None,
        };
        let mut views: Vec<GroupView> = self.groups.iter().map(view).collect();
        views.extend(self.routers.view(found, now));
        views.sort_by(|one, other| one.name.cmp(&other.name));
        views
    }

    pub(crate) fn view_voter(&self, now: Instant) -> Option<bool> {
        self.ballot.answers(now)
    }

    pub(crate) fn view_witness(&self) -> Option<bool> {
        self.witnesses.some().then(|| self.witnesses.reached())
    }

    pub(crate) fn view_ignored(&self) -> BTreeMap<Ignored, u64> {
        self.ignored.clone()
    }

    pub(super) fn owner(&self, group: &Group) -> Option<NodeName> {
        if matches!(group.role, Role::Taking | Role::Active) {
            return Some(self.us.clone());
        }
        let holds =
            |peer: &&super::Peer| peer.claim(&group.name).is_some_and(crate::beat::Claim::may_hold);
        self.peers.iter().find(holds).map(|peer| peer.name.clone())
    }

    pub(crate) fn view_peers(&self, config: &Config, now: Instant) -> Vec<PeerView> {
        let view = |peer: &super::Peer| {
            let node = config.nodes.get(&peer.name)?;
            let life = peer.life.as_ref();
            Some(PeerView {
                name: peer.name.clone(),
                priority: node.priority,
                state: peer.detector.state(),
                incarnation: life.map(|life| life.incarnation),
                same_config: life.map(|_| !peer.differs),
                heard_ms: peer.detector.heard_at().map(|at| ago_ms(at, now)),
                claims: life.map(|life| life.body.claims.clone()).unwrap_or_default(),
                links: peer
                    .links
                    .iter()
                    .map(|link| LinkView {
                        interface: link.interface.clone(),
                        up: link.up,
                        heard_ms: link.heard_at.map(|at| ago_ms(at, now)),
                        missed: link.missed,
                    })
                    .collect(),
            })
        };
        self.peers.iter().filter_map(view).collect()
    }
}
