//! Rules about who owns what, as far as one director can know.
//!
//! They are those of the guard that one node's own inputs and outputs decide. What a kernel holds
//! is what its director was told last.

use director_core::config::{Cluster, Group, VirtualAddress};
use director_core::name::{GroupName, NodeName};
use director_core::observed::Snapshot;
use director_core::report::{PeerState, Report, Role, RoleCause};
use director_core::time::Instant;
use director_core::view::GroupView;
use director_core::{Director, Effect, Input};
use director_engine::record::{Cause, Turn};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How many rules there are.
pub(super) const RULES: usize = 5;

/// What two owners may need beside the deadtime: words on their way, and a pass over a kernel.
const PATIENCE: Duration = Duration::from_millis(100);

/// A rule that was broken, for the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) rule: &'static str,
    line: usize,
    facts: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, line, facts } = self;
        write!(formatter, "{rule}, line {line}: {facts}")
    }
}

/// Looks at every turn.
pub(super) struct Judge {
    found: Arc<Snapshot>,
    /// Since when a rival for a group has been heard, and when it was last.
    rivals: BTreeMap<GroupName, (Instant, Instant)>,
    broken: BTreeMap<&'static str, Violation>,
}

impl Judge {
    pub(super) fn new(found: &Snapshot) -> Self {
        let (rivals, broken) = (BTreeMap::new(), BTreeMap::new());
        Self { found: Arc::new(found.clone()), rivals, broken }
    }

    /// The rules that were broken, each when it was so first.
    pub(super) fn violations(&self) -> Vec<&Violation> {
        self.broken.values().collect()
    }

    /// A director has done something, and is what it is now.
    pub(super) fn hears(&mut self, line: usize, turn: &Turn, director: &Director) {
        if let Cause::Told(Input::Reconciled(result)) = &turn.cause
            && let Ok(found) = &result.found
        {
            self.found = Arc::clone(found);
        }
        for report in &turn.reports {
            if let Report::Role { group, from, to, why } = report {
                self.role(line, (group, *from, *to, why), (turn, director));
            }
        }
        for effect in &turn.effects {
            if let Effect::Announce { address } = effect {
                self.announces(line, address, (turn, director));
            }
        }
        if let Cause::Told(Input::Beat { beat, .. }) = &turn.cause {
            let views = director.groups(turn.at);
            let cluster = &director.config().cluster;
            self.rivals(line, (&beat.body.node, turn.at), (views, cluster));
        }
    }

    fn role(
        &mut self,
        line: usize,
        (name, from, to, why): (&GroupName, Role, Role, &RoleCause),
        (turn, director): (&Turn, &Director),
    ) {
        let Some(group) = director.config().groups.get(name) else { return };
        let held = |address: &&VirtualAddress| self.found.addresses.contains_key(*address);
        let (first, missing) =
            (group.addresses.iter().find(held), group.addresses.iter().find(|one| !held(one)));
        if let (Role::Active, Some(address)) = (to, missing) {
            let facts = format!("{name} is active, and the kernel does not hold {address}");
            self.note("active-when-held", line, facts);
        }
        if let (RoleCause::AddressesReleased, Some(address)) = (why, first) {
            let facts = format!("{name} is given up, and the kernel still holds {address}");
            self.note("free-when-released", line, facts);
        }
        if (from, to) == (Role::Standby, Role::Taking) {
            self.takes(line, (name, group), (turn, director));
        }
    }

    fn takes(
        &mut self,
        line: usize,
        (name, group): (&GroupName, &Group),
        (turn, director): (&Turn, &Director),
    ) {
        let (peers, _) = director.view_cluster(turn.at);
        let live = |state| matches!(state, PeerState::Alive | PeerState::Suspect);
        let holds = peers.iter().find(|peer| {
            live(peer.state) && peer.claims.get(name).is_some_and(|claim| claim.may_hold())
        });
        if let Some(peer) = holds.filter(|_| group.vrrp.is_none()) {
            let facts = format!("{name} is taken, and {} may hold it by its word", peer.name);
            self.note("taken-when-free", line, facts);
        }
    }

    fn announces(
        &mut self,
        line: usize,
        address: &VirtualAddress,
        (turn, director): (&Turn, &Director),
    ) {
        let groups = &director.config().groups;
        let group = groups.iter().find(|(_, group)| group.addresses.contains(address));
        let Some((name, _)) = group else { return };
        let views = director.groups(turn.at);
        let active = views.iter().any(|view| view.name == *name && view.role == Role::Active);
        // What was due when the group had to be given up goes out before the address does.
        let loses = |report: &Report| match report {
            Report::Role { group, from: Role::Active, .. } => group == name,
            _ => false,
        };
        let lost = turn.reports.iter().any(loses);
        if !active && !lost {
            let facts = format!("{address} is announced, and {name} is not owned");
            self.note("owner-announces", line, facts);
        } else if !self.found.addresses.contains_key(address) {
            let facts = format!("{address} is announced, and the kernel does not hold it");
            self.note("owner-announces", line, facts);
        }
    }

    /// A peer is heard: two owners that hear each other settle it.
    pub(super) fn rivals(
        &mut self,
        line: usize,
        (heard, now): (&NodeName, Instant),
        (views, cluster): (Vec<GroupView>, &Cluster),
    ) {
        let gap = cluster.keepalive * 2;
        let limit = cluster.deadtime + gap + PATIENCE;
        for view in views {
            let Some(rival) = view.rival else {
                self.rivals.remove(&view.name);
                continue;
            };
            if rival.peer != *heard {
                continue;
            }
            let times = self.rivals.entry(view.name.clone()).or_insert((now, now));
            if now.since(times.1) > gap {
                // What is not heard cannot be given way to.
                times.0 = now;
            }
            times.1 = now;
            let since = now.since(times.0);
            if since > limit {
                let facts = format!("{} is {heard}'s too for {} ms", view.name, since.as_millis());
                self.note("rivals-settle", line, facts);
            }
        }
    }

    fn note(&mut self, rule: &'static str, line: usize, facts: String) {
        self.broken.entry(rule).or_insert(Violation { rule, line, facts });
    }
}
