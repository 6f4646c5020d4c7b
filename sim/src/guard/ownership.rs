//! Rules about who holds the addresses.

use super::watch::{GroupWatch, PeerWatch};
use super::{Pending, Rule, packets};
use crate::director_host::DirectorHost;
use crate::host::Power;
use crate::net::packet::NodeId;
use crate::world::World;
use director_core::beat::{Body, Claim};
use director_core::config::{Cluster, Config, Failback};
use director_core::name::{GroupName, NodeName};
use director_core::report::{PeerState, Report, Role, RoleCause};
use director_core::time::Instant;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// Steps of a pass over a kernel that is well.
pub(super) const STEPS: Duration = Duration::from_millis(60);
/// `net.ipv4.neigh.*.retrans_time_ms`.
const NEIGHBOUR: Duration = Duration::from_secs(1);

impl World {
    /// Who holds what, or what befell whom, has changed: what must come about, and until when.
    pub(crate) fn guard_ownership(&mut self) {
        let now = self.now;
        self.guard
            .pending
            .retain(|(_, what)| !matches!(what, Pending::Owner(_) | Pending::Rivals(_)));
        if !self.faults.is_empty() || self.guard.watches.is_empty() {
            return;
        }
        let running = |host: &&crate::host::Host| {
            host.power == Power::On && host.director().is_some_and(|one| one.process.is_some())
        };
        let directors = self.hosts.iter().filter(running).filter_map(|host| host.director());
        let Some(config) = directors.map(|director| director.config.clone()).next() else { return };
        let cluster = &config.cluster;
        let quiet = self.guard.last_fault.unwrap_or_default().max(self.guard.slow_until);
        for address in self.virtuals.clone() {
            let owned = self.holders(address).count();
            let since = self.guard.since(address, owned, now).max(quiet);
            let (what, wait) = match owned {
                0 => (Pending::Owner(address), wait_for_owner(&config)),
                1 => continue,
                _ => (Pending::Rivals(address), cluster.keepalive * 2 + STEPS),
            };
            self.guard.expect(since + wait, what);
        }
    }

    /// What should have come about by now has, or has not.
    pub(crate) fn guard_due(&mut self, upto: Instant) {
        while let Some((at, what)) = self.guard.take_due(upto) {
            match what {
                Pending::Owner(address) => {
                    let nobody = self.holders(address).next().is_none();
                    if nobody && self.somebody_can(address) {
                        let facts = format!("nobody holds {}", self.stand_ins.real(address));
                        self.guard.violations.note(Rule::SomebodyOwns, at, || facts);
                    }
                }
                Pending::Rivals(address) => self.guard_rivals(address, at),
                Pending::Survivor(node, address) => self.guard_survivor(node, address, at),
            }
        }
    }

    /// Whether a director that runs would take the address: it is configured, and not stopping.
    fn somebody_can(&self, address: Ipv4Addr) -> bool {
        let real = self.stand_ins.real(address);
        (0_u16..).zip(&self.hosts).any(|(place, host)| {
            let stopping = self.guard.watches.get(usize::from(place)).is_some_and(|w| w.stopping);
            host.power == Power::On
                && !stopping
                && host
                    .director()
                    .is_some_and(|one| one.process.is_some() && has(&one.config, real))
        })
    }

    /// Two that hold an address, hear each other and do at once what they decide.
    fn guard_rivals(&mut self, address: Ipv4Addr, at: Instant) {
        let owners: Vec<NodeId> = self.holders(address).collect();
        let decided = |node: &NodeId| {
            let host = self.hosts.get(node.index()).and_then(|host| host.director());
            if host.is_none_or(|host| host.process.is_none()) {
                return false;
            }
            let roles = self.guard.watches.get(node.index()).map(|watch| &watch.groups);
            roles.is_some_and(|roles| roles.iter().any(|one| one.role == Role::Active))
                && self.is_sound(*node)
                && self.guard.watches.get(node.index()).is_some_and(|one| !one.is_drowsy(self.now))
        };
        let keepalive = self.hosts.iter().filter_map(|host| host.director());
        let keepalive = keepalive.map(|one| one.config.cluster.keepalive).max();
        let since = at - (keepalive.unwrap_or_default() * 2 + STEPS);
        let hear = |node: &NodeId| {
            let watch = self.guard.watches.get(node.index());
            watch.is_some_and(|watch| {
                let others = watch.peers.iter().filter(|peer| owners.contains(&peer.node));
                others.into_iter().all(|peer| peer.heard.is_some_and(|at| at >= since))
            })
        };
        if owners.len() > 1 && owners.iter().all(decided) && !owners.iter().all(hear) {
            // What follows a cut keeps them deaf for a while: a neighbour that is asked for again.
            self.guard.expect(at + keepalive.unwrap_or(STEPS), Pending::Rivals(address));
            return;
        }
        if owners.len() > 1 && owners.iter().all(decided) {
            let address = self.stand_ins.real(address);
            let facts = format!("{address} still has {} owners", owners.len());
            self.guard.violations.note(Rule::RivalsSettle, at, || facts);
        }
    }

    pub(crate) fn guard_survivors(&mut self, expected: Vec<(Instant, Pending)>) {
        expected.into_iter().for_each(|(at, what)| self.guard.expect(at, what));
    }

    /// A director is about to lose power: who must have its addresses, and when.
    pub(crate) fn survivors_of(&self, node: NodeId) -> Vec<(Instant, Pending)> {
        let now = self.now;
        let mut found = Vec::new();
        if !self.faults.is_empty() || self.faults.impaired().next().is_some() {
            return found;
        }
        for address in self.virtuals.clone() {
            let mut holders = self.holders(address);
            let alone = (holders.next(), holders.next()) == (Some(node), None);
            drop(holders);
            let quiet = self.guard.last_fault.unwrap_or_default();
            for (place, host) in (0_u16..).zip(&self.hosts) {
                let other = NodeId(place);
                let Some(one) = host.director().filter(|_| other != node && alone) else {
                    continue;
                };
                let cluster = &one.config.cluster;
                let ready = self.guard.watches.get(other.index()).is_some_and(|watch| {
                    watch.groups.iter().all(|group| {
                        group.role == Role::Standby && now.since(group.since) > cluster.deadtime * 3
                    }) && !watch.stopping
                });
                let calm = now.since(quiet) > cluster.deadtime * 3 + cluster.initdead;
                let runs = one.process.is_some();
                if !(runs && ready && calm && self.is_sound(other) && cluster.fence.is_none()) {
                    continue;
                }
                found.push((now + survivors_wait(cluster), Pending::Survivor(other, address)));
                break;
            }
        }
        found
    }

    /// Until when a survivor may take that something else befell in the takeover: one that was
    /// without its witness for a moment listens for a deadtime first, and so does one that slept.
    fn reprieve(&self, node: NodeId, at: Instant) -> Option<Instant> {
        let cluster = &self.hosts.get(node.index())?.director()?.config.cluster;
        let wait = survivors_wait(cluster);
        if !self.faults.is_empty() {
            return Some(at + wait);
        }
        let disturbed = self.guard.last_fault.filter(|last| at < *last + wait)?;
        // A neighbour that was asked for while there was no carrier is asked for again a second
        // later; until then no witness is reached.
        let neighbour = if cluster.is_witnessed() { NEIGHBOUR } else { Duration::ZERO };
        // Of a router that was cut off alone only the refresh is heard.
        let refresh = cluster.announce.refresh.unwrap_or_default();
        Some(disturbed + wait + cluster.deadtime + neighbour.max(refresh))
    }

    fn guard_survivor(&mut self, node: NodeId, address: Ipv4Addr, at: Instant) {
        if let Some(later) = self.reprieve(node, at) {
            self.guard.expect(later, Pending::Survivor(node, address));
            return;
        }
        let holds = self.holders(address).any(|holder| holder == node);
        let observers = self.hosts.iter().filter(|host| self.observes(host));
        let mut wrong = observers.filter_map(|host| self.believed(host, address));
        let wrong = wrong.any(|owner| owner != node);
        if !holds || wrong {
            let what = if holds { "the routers believe in the dead owner" } else { "not taken" };
            let address = self.stand_ins.real(address);
            let facts = format!("{address}: {what} by {}", self.host_name(node));
            self.guard.violations.note(Rule::SurvivorOwns, at, || facts);
        }
    }

    pub(super) fn guard_role(&mut self, node: NodeId, report: &Report) {
        let Report::Role { group, from, to, why } = report else { return };
        let now = self.now;
        self.guard_calm(node, || format!("becomes {to} for {group}"));
        self.guard_news(node, *from, *to);
        self.guard_failback(node, group, why);
        self.guard_takes(node, *from, *to);
        self.guard_loses(node, group, why);
        self.guard_silence(node, report);
        let Some(watch) = self.guard.watch(node) else { return };
        if !matches!(to, Role::Taking | Role::Active) {
            watch.drowsy = None;
        }
        // One that has claimed it and still lives is a rival from the beginning.
        let owns = matches!(to, Role::Taking | Role::Active);
        for peer in &mut watch.peers {
            let live = matches!(peer.state, PeerState::Alive | PeerState::Suspect);
            let claims = |body: &Body| body.claims.get(group) == Some(&Claim::Active);
            let rival = owns && live && peer.body.as_deref().is_some_and(claims);
            peer.rival = rival.then_some(now);
            peer.holding = (owns && live && peer.holds).then_some(now);
        }
        let entry = GroupWatch {
            name: group.clone(),
            role: *to,
            since: now,
            // That the kernel has done it is not the cause.
            why: match (why, watch.group(group)) {
                (RoleCause::AddressesReleased | RoleCause::ReleaseOverdue, Some(before)) => {
                    before.why.clone()
                }
                _ => why.clone(),
            },
            left: 0,
            announced: Some(now),
        };
        watch.groups.retain(|one| one.name != *group);
        watch.groups.push(entry);
    }

    fn guard_failback(&mut self, node: NodeId, group: &GroupName, why: &RoleCause) {
        let RoleCause::Failback { peer } = why else { return };
        let now = self.now;
        let Some(host) = self.hosts.get(node.index()).and_then(|host| host.director()) else {
            return;
        };
        let other = self.find(peer.as_str());
        let other = other.and_then(|other| self.guard.watches.get(other.index()));
        let other = other.and_then(|watch| watch.group(group));
        // One that has not waited for it owns it already.
        let owns = other.is_some_and(|one| matches!(one.role, Role::Taking | Role::Active));
        let back = other.map(|group| group.since);
        let allowed = match host.config.cluster.failback {
            Failback::Manual => false,
            Failback::Auto { delay } => {
                let since = |back: Instant| host.shows.counted(back, now);
                owns || back.is_none_or(|back| since(back) + Duration::from_millis(5) >= delay)
            }
        };
        // One that is late gives it back to whom it was right to give it then, and so does one whom
        // words reach late.
        let late = self.words_wait(host.config.cluster.keepalive) || !self.is_sound(node);
        if !allowed && !late {
            let facts = format!("{} gave {group} back to {peer}", host.name);
            self.guard.violations.note(Rule::FailbackByPolicy, now, || facts);
        }
    }

    fn guard_takes(&mut self, node: NodeId, from: Role, to: Role) {
        let Some(watch) = self.guard.watches.get(node.index()) else { return };
        if (from, to) != (Role::Standby, Role::Taking) {
            return;
        }
        let live = |peer: &&PeerWatch| {
            matches!(peer.state, PeerState::Alive | PeerState::Suspect)
                && !self.leaves_to_voter(node, &peer.name)
        };
        if let Some(peer) = watch.peers.iter().filter(live).find(|peer| peer.holds) {
            let facts = format!("{} takes what {} may hold", self.host_name(node), peer.name);
            self.guard.violations.note(Rule::TakenWhenFree, self.now, || facts);
        }
    }

    /// Whether a director that slept doubts the peer, which is not live to it then, and a voter
    /// decides.
    fn leaves_to_voter(&self, node: NodeId, peer: &NodeName) -> bool {
        let host = self.hosts.get(node.index()).and_then(|host| host.director());
        host.is_some_and(|host| host.config.cluster.voter.is_some())
            && self.view_cluster(node).is_some_and(|(peers, _)| {
                let mut peers = peers.iter();
                peers.any(|view| view.name == *peer && view.state == PeerState::Unknown)
            })
    }

    /// Of two owners the one that comes first stays, unless the other cannot hear it.
    fn guard_loses(&mut self, node: NodeId, group: &GroupName, why: &RoleCause) {
        let RoleCause::LostConflict { peer } = why else { return };
        let Some(host) = self.hosts.get(node.index()).and_then(|host| host.director()) else {
            return;
        };
        let Some(watch) = self.guard.watches.get(node.index()) else { return };
        let rival = watch.peers.iter().find(|one| one.name == *peer);
        let since = rival.and_then(|one| one.holding);
        let lasts = |at: Instant| host.shows.counted(at, self.now);
        let patient = since.is_some_and(|at| lasts(at) >= host.config.cluster.deadtime);
        let first = host.config.groups.get(group);
        let first = first.is_some_and(|group| host.config.outranks(group, &host.name, peer));
        if first && !patient && self.is_sound(node) {
            let facts = format!("{} gives way to {peer} and comes first", host.name);
            self.guard.violations.note(Rule::GivenUpForCause, self.now, || facts);
        }
    }

    /// A voter that is the only witness must have granted what is taken from a silent peer.
    fn lacks_vote(&self, host: &DirectorHost, report: &Report) -> bool {
        let (Report::Role { group, .. }, Some(voter)) = (report, host.config.cluster.voter) else {
            return false;
        };
        let alone = host.config.cluster.witnesses.is_empty();
        alone && !self.has_granted(voter, group.as_str(), host.name.as_str())
    }

    fn guard_silence(&mut self, node: NodeId, report: &Report) {
        let Report::Role { why: RoleCause::OwnerDied { .. } | RoleCause::NoOwner, .. } = report
        else {
            return;
        };
        let Some(host) = self.hosts.get(node.index()).and_then(|host| host.director()) else {
            return;
        };
        let (quickest, clock) = (packets::quickest(&host.config), host.shows);
        let Some(watch) = self.guard.watches.get(node.index()) else { return };
        let Some(heard) = packets::silent_since(report, &watch.peers) else { return };
        let silent = clock.counted(heard, self.now) >= quickest;
        if silent && self.lacks_vote(host, report) {
            let facts = format!("{} takes what it was not granted", host.name);
            self.guard.violations.note(Rule::VoteObeyed, self.now, || facts);
        }
        let Some(watch) = self.guard.watches.get(node.index()) else { return };
        let Some(host) = self.hosts.get(node.index()).and_then(|host| host.director()) else {
            return;
        };
        let proved = watch.proof.is_some_and(|at| at >= heard);
        if host.config.cluster.is_witnessed() && silent && !proved {
            let facts = format!("{} takes without a witness", host.name);
            self.guard.violations.note(Rule::SilenceProved, self.now, || facts);
        }
    }
}

fn has(config: &Config, address: IpAddr) -> bool {
    let mut all = config.groups.values().flat_map(|group| &group.addresses);
    all.any(|one| one.address == address)
}

/// It starts, listens, lets others come first, and is not sure of a witness at once.
/// A witness is asked when the peer is late; its answer is there before the end.
fn survivors_wait(cluster: &Cluster) -> Duration {
    cluster.deadtime + cluster.keepalive + STEPS
}

fn wait_for_owner(config: &Config) -> Duration {
    let cluster = &config.cluster;
    let witnesses = if cluster.is_witnessed() { 4 } else { 0 };
    cluster.initdead
        + cluster.deadtime * (4 + witnesses)
        + cluster.keepalive * 2
        + Duration::from_secs(1)
}
