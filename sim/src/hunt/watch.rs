//! What a campaign must have seen: which faults struck whom, and what came about.

use super::kind::{Kind, Standing, Strike};
use crate::host::Power;
use crate::net::packet::NodeId;
use crate::record::Entry;
use crate::world::World;
use director_core::Report;
use director_core::report::{Health, PeerCause, PeerState, Role, RoleCause};
use director_core::time::Instant;
use scenario::{Action, Cut, Extent, Impairment, Outcome};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Conditions that a campaign should reach: one that never does tests less than it seems to.
pub(super) const SOMETIMES: [&str; 12] = [
    "two owners at once",
    "takeover after the owner's death",
    "goodbye heard",
    "nobody owned it, taken",
    "failback",
    "lost against the other owner",
    "restart adopted what the kernel held",
    "suspect answered",
    "dead by questions",
    "dead by deadtime",
    "server found down",
    "fallback served",
];

impl World {
    /// Takes note of whom a statement is about to strike.
    pub(crate) fn watch_strike(&mut self, action: &Action) {
        let scenario = Arc::clone(&self.scenario);
        let Some(kind) = Kind::of(&scenario, action) else { return };
        let directors: Vec<NodeId> = (0_u16..)
            .zip(&self.hosts)
            .filter(|(_, host)| host.director().is_some())
            .map(|(place, _)| NodeId(place))
            .collect();
        let named = |node: &NodeId| match action {
            Action::Cut(Cut { extent, .. }) => self.touches(*node, extent),
            Action::Impair(Impairment { piece, .. }) => self.touches(*node, &piece.extent),
            action => action.node().is_some_and(|one| self.is_named(*node, one)),
        };
        let struck: Vec<NodeId> = directors.iter().copied().filter(named).collect();
        // What befalls a server or the router befalls all directors that look at it.
        let struck = if struck.is_empty() { directors } else { struck };
        let strikes = struck.iter().map(|node| Strike { kind, standing: self.standing(*node) });
        let strikes: Vec<Strike> = strikes.collect();
        self.strikes.extend(strikes);
    }

    fn touches(&self, node: NodeId, extent: &Extent) -> bool {
        match extent {
            Extent::Whole => true,
            Extent::Port(one) => self.is_named(node, one),
            Extent::Between(one, other) | Extent::OneWay { from: one, to: other } => {
                self.is_named(node, one) || self.is_named(node, other)
            }
        }
    }

    fn is_named(&self, node: NodeId, name: &str) -> bool {
        self.hosts.get(node.index()).is_some_and(|host| host.name == name)
    }

    fn standing(&self, node: NodeId) -> Standing {
        let Some(host) = self.hosts.get(node.index()) else { return Standing::Off };
        match host.power {
            Power::Off => return Standing::Off,
            Power::On => {}
        }
        let role = host.director().and_then(|director| director.role(self.now));
        match role {
            None => Standing::Ended,
            Some(Role::Waiting) => Standing::Waiting,
            Some(Role::Standby) => Standing::Standby,
            Some(Role::Taking) => Standing::Taking,
            Some(Role::Active) => Standing::Active,
            Some(Role::Releasing) => Standing::Releasing,
            Some(Role::Stopped) => Standing::Stopped,
        }
    }

    /// When directors changed their roles.
    pub(crate) fn turns(&self) -> Vec<Duration> {
        let is_turn = |entry: &Entry| match entry {
            Entry::Report { report, .. } => matches!(**report, Report::Role { .. }),
            _ => false,
        };
        let entries = self.log.entries().filter(|(_, entry)| is_turn(entry));
        entries.map(|(at, _)| at.since(Instant::ZERO)).collect()
    }

    /// The conditions that this run has reached.
    pub(crate) fn reached(&self) -> BTreeSet<&'static str> {
        let mut reached: BTreeSet<&'static str> =
            self.log.entries().filter_map(|(_, entry)| self.shows(entry)).collect();
        let mut suspects: BTreeSet<(u16, &str)> = BTreeSet::new();
        for (_, entry) in self.log.entries() {
            let Entry::Report { node, report } = entry else { continue };
            let Report::Peer { peer, state, .. } = &**report else { continue };
            let key = (node.0, peer.as_str());
            match state {
                PeerState::Suspect => {
                    suspects.insert(key);
                }
                PeerState::Alive if suspects.remove(&key) => {
                    reached.insert("suspect answered");
                }
                _ => {
                    suspects.remove(&key);
                }
            }
        }
        reached
    }

    fn shows(&self, entry: &Entry) -> Option<&'static str> {
        Some(match entry {
            Entry::Connection { servers, outcome: Outcome::Served, .. } => {
                let by_director = servers.iter().flatten().any(|node| {
                    self.hosts.get(node.index()).is_some_and(|host| host.director().is_some())
                });
                return by_director.then_some("fallback served");
            }
            Entry::Report { report, .. } => match &**report {
                Report::TwoOwners { .. } => "two owners at once",
                Report::Role { why: RoleCause::OwnerDied { .. }, .. } => {
                    "takeover after the owner's death"
                }
                Report::Role { why: RoleCause::NoOwner, .. } => "nobody owned it, taken",
                Report::Role { why: RoleCause::Failback { .. }, .. } => "failback",
                Report::Role { why: RoleCause::LostConflict { .. }, .. } => {
                    "lost against the other owner"
                }
                Report::Role { why: RoleCause::Adopted, .. } => {
                    "restart adopted what the kernel held"
                }
                Report::Peer { why: PeerCause::Goodbye, .. } => "goodbye heard",
                Report::Peer { why: PeerCause::Unanswered { .. }, .. } => "dead by questions",
                Report::Peer { why: PeerCause::Deadtime { .. }, .. } => "dead by deadtime",
                Report::Server { state: Health::Down, .. } => "server found down",
                _ => return None,
            },
            _ => return None,
        })
    }
}
