//! What must be true of every run, whatever the scenario expects.

mod announcing;
pub(crate) mod calm;
mod checks;
mod orders;
mod ownership;
mod packets;
pub(crate) mod rule;
mod sleep;
#[cfg(test)]
mod tests;
mod votes;
mod watch;

use crate::host::{Host, Kind, Power};
use crate::net::packet::NodeId;
use crate::world::World;
use director_core::config::Config;
use director_core::name::{GroupName, NodeName, ServiceName};
use director_core::report::Health;
use director_core::time::Instant;
use director_core::{Effect, Report};
use rule::{Rule, Violations};
use scenario::{Judged, Ruling};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use watch::Watch;

/// How long a router may go on believing in a former owner, when nothing keeps it from hearing
/// better.
const STALE: Duration = Duration::from_secs(3);
/// How long a server that is reported down may still be in the table with its weight.
const LAG: Duration = Duration::from_secs(1);
/// Tells numbers of questions to the voter from those to other witnesses.
const VOTER: u64 = 1 << 63;

/// What must have come about at a moment, unless something happens before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pending {
    /// Somebody holds the address.
    Owner(Ipv4Addr),
    /// One at most of those that hear each other holds it.
    Rivals(Ipv4Addr),
    /// This director holds it, and the routers know.
    Survivor(NodeId, Ipv4Addr),
}

/// Watches the rules: what the judge cannot see in a history, or sees better while it happens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard {
    violations: Violations,
    /// One for each node; only a director's is used.
    watches: Vec<Watch>,
    pending: Vec<(Instant, Pending)>,
    /// The earliest of these.
    pub(crate) next: Option<Instant>,
    /// How many owners each address has, two standing for more, and since when.
    owners: Vec<(Ipv4Addr, usize, Instant)>,
    /// The directors' own addresses.
    pub(crate) directors: Vec<Ipv4Addr>,
    /// Directors whose process found an address when it began.
    found: Vec<NodeId>,
    /// How long after the last disturbance nothing changes any more.
    calm_after: Duration,
    last_fault: Option<Instant>,
    /// Statements that were carried out.
    statements: u32,
    /// Until when announcements may be missing that were lost and not cut.
    lossy_until: Option<Instant>,
    /// Until when frames may be under way that were delayed: what they say is of before.
    slow_until: Instant,
    /// Per router and virtual address: since when it believes in somebody else than the owner.
    disagree: Vec<(NodeId, Ipv4Addr, Option<Instant>)>,
    /// What each director reports down, and since when.
    down: Vec<(NodeId, SocketAddr, Instant)>,
    /// Directors that say that they do not believe the checks of a service.
    panicking: Vec<(NodeId, ServiceName)>,
    /// Until when a director's table may not be what it wants, through no fault of its own.
    unsure: Vec<(NodeId, Instant)>,
    /// What the voter has granted to whom, and until when.
    grants: BTreeMap<GroupName, (NodeName, Instant)>,
    /// Servers about which an operator has ordered something, on whichever director.
    ordered: Vec<IpAddr>,
}

impl Guard {
    pub(crate) fn new<'a>(
        nodes: usize,
        routers: &[NodeId],
        virtuals: &[Ipv4Addr],
        configs: impl Iterator<Item = &'a Arc<Config>>,
    ) -> Self {
        let pairs = routers.iter().flat_map(|router| virtuals.iter().map(|one| (*router, *one)));
        let disagree = pairs.map(|(router, address)| (router, address, None)).collect();
        let configs: Vec<_> = configs.collect();
        // VRRP has laws of its own (RFC 9568): what is watched here is the native protocol.
        let native = configs.iter().all(|one| one.groups.values().all(|it| it.vrrp.is_none()));
        let calm_after = configs.iter().map(|config| calm::calm_after(config)).max();
        let calm_after = calm_after.filter(|_| native).unwrap_or(Duration::MAX);
        let watches = vec![Watch::default(); if native { nodes } else { 0 }];
        Self { disagree, calm_after, watches, ..Self::default() }
    }

    /// Watches the directors no longer: nobody will ask.
    pub(crate) fn stop_watching(&mut self) {
        self.watches.clear();
        self.pending.clear();
        (self.next, self.calm_after) = (None, Duration::MAX);
    }

    fn watch(&mut self, node: NodeId) -> Option<&mut Watch> {
        self.watches.get_mut(node.index())
    }
}

impl World {
    /// Whether the owner's process runs, and another director's too.
    ///
    /// What a killed director left behind cannot tell anybody that it is alone again. And an owner
    /// whose announcements a cut has swallowed learns of the heal from a peer that it hears again:
    /// without one there is only the refresh, which the configuration sets.
    fn can_know(&self, owner: NodeId) -> bool {
        let runs = |host: &Host| {
            host.director().is_some_and(|director| director.process.is_some())
                && !self.faults.stands_still(&host.name)
        };
        let running = self.hosts.iter().enumerate().filter(|(_, host)| runs(host));
        let (mut own, mut other) = (false, false);
        for (place, _) in running {
            if place == owner.index() { own = true } else { other = true }
        }
        own && other
    }

    /// The directors with power that hold the address.
    fn holders(&self, address: Ipv4Addr) -> impl Iterator<Item = NodeId> + '_ {
        let holds = move |host: &Host| {
            host.power == Power::On
                && host.director().is_some_and(|director| director.kernel.holds(address))
        };
        let hosts = self.hosts.iter().enumerate().filter(move |(_, host)| holds(host));
        hosts.filter_map(|(place, _)| u16::try_from(place).ok().map(NodeId))
    }

    /// Compares the routers' neighbour entries with who holds the addresses.
    pub(crate) fn guard_neighbours(&mut self) {
        for place in 0..self.guard.disagree.len() {
            let Some((router, address, since)) = self.guard.disagree.get(place).copied() else {
                continue;
            };
            let host = self.hosts.get(router.index());
            let believed = host.and_then(|host| self.believed(host, address));
            let mut holders = self.holders(address);
            let (one, other) = (holders.next(), holders.next());
            drop(holders);
            let wrong = match (one, other) {
                (Some(owner), None) => {
                    believed.is_some_and(|believed| believed != owner) && self.can_know(owner)
                }
                _ => false,
            };
            self.guard_stale(address, since);
            let since = if wrong { since.or(Some(self.now)) } else { None };
            if let Some(place) = self.guard.disagree.get_mut(place) {
                place.2 = since;
            }
        }
    }

    fn guard_stale(&mut self, address: Ipv4Addr, since: Option<Instant>) {
        let Some(since) = since.filter(|_| self.faults.is_empty()) else { return };
        let from = self.guard.last_fault.map_or(since, |fault| fault.max(since));
        // Announcements may have been lost, and nobody knows which: the refresh mends that.
        let from = self.guard.lossy_until.map_or(from, |until| until.max(from));
        if self.now.since(from) > STALE {
            let address = self.stand_ins.real(address);
            let facts = format!("{address} belongs to another than the router believes");
            self.guard.violations.note(Rule::RouterAgrees, from + STALE, || facts);
        }
    }

    /// A statement is about to be carried out: what was wrong until now was wrong without it.
    pub(crate) fn guard_fault(&mut self) {
        self.guard_neighbours();
        self.guard.statements += 1;
        self.guard.last_fault = Some(self.now);
        let delays = self.faults.impaired().map(|(.., effect)| effect.delay + effect.jitter);
        let under_way = self.now + delays.max().unwrap_or_default();
        self.guard.slow_until = self.guard.slow_until.max(under_way);
        if self.faults.impaired().next().is_some() {
            let directors = self.hosts.iter().filter_map(|host| host.director());
            let refresh = directors.filter_map(|one| one.config.cluster.announce.refresh).max();
            self.guard.lossy_until = refresh.map(|refresh| self.now + refresh);
        }
    }

    /// A director's process has begun or ended.
    pub(crate) fn guard_process(&mut self, node: NodeId) {
        self.guard.down.retain(|(other, ..)| *other != node);
        self.guard.panicking.retain(|(other, _)| *other != node);
        // What nobody can know any more is not wrong from now on.
        self.guard_neighbours();
        self.guard_disturbed();
    }

    /// A director's process begins on what its kernel holds.
    pub(crate) fn guard_begins(&mut self, node: NodeId) {
        let now = self.now;
        let peers = packets::peers(self, node);
        let host = self.hosts.get(node.index()).and_then(|host| host.director());
        let weighty = host.map(|host| host.kernel.weighty()).unwrap_or_default();
        if let Some(watch) = self.guard.watch(node) {
            watch.begin(peers, now);
            watch.earned = weighty.iter().map(|(_, server)| *server).collect();
            watch.found = weighty;
        }
        let host = self.hosts.get(node.index()).and_then(|host| host.director());
        let held = self.virtuals.iter().any(|one| host.is_some_and(|host| host.kernel.holds(*one)));
        self.guard.found.retain(|other| *other != node);
        self.guard.found.extend(held.then_some(node));
        self.guard_process(node);
    }

    /// Something has happened that may take its time to be settled.
    pub(crate) fn guard_disturbed(&mut self) {
        self.guard.last_fault = Some(self.now);
        self.guard.pending.clear();
        self.guard_ownership();
    }

    /// A director wants something done.
    pub(crate) fn guard_effect(&mut self, node: NodeId, effect: &Effect) {
        if self.guard.watches.is_empty() {
            return;
        }
        match effect {
            Effect::Send { link, to, beat } => self.guard_send(node, *link, *to, beat),
            Effect::Announce { address } => self.guard_announce(node, address),
            Effect::StartProbe { ticket, probe } => self.guard_probe(node, *ticket, probe),
            Effect::CancelProbe { ticket } => self.guard_cancel(node, *ticket),
            Effect::Reconcile { number, .. } => self.guard_asks(node, *number),
            Effect::AskWitness { question, .. } => self.guard_asked(node, *question),
            Effect::AskVoter { question, .. } => self.guard_asked(node, question.number | VOTER),
            Effect::Fence { .. } | Effect::Advertise { .. } | Effect::Alert { .. } => {}
            Effect::Exit => self.guard_exit(node),
        }
    }

    /// A witness is asked, or the voter.
    fn guard_asked(&mut self, node: NodeId, question: u64) {
        let now = self.now;
        let Some(watch) = self.guard.watch(node) else { return };
        if watch.asked.len() >= 64 {
            watch.asked.remove(0);
        }
        watch.asked.push((question, now));
    }

    /// A director's kernel was changed by others, or treats it otherwise from now on: it notices at
    /// the next comparison at the latest.
    pub(crate) fn guard_unsure(&mut self, node: NodeId) {
        let host = self.hosts.get(node.index()).and_then(|host| host.director());
        let Some(resync) = host.map(|director| director.config.cluster.resync) else { return };
        self.guard.unsure.retain(|(other, _)| *other != node);
        let until = self.now + resync + LAG;
        self.guard.unsure.push((node, until));
        if let Some(watch) = self.guard.watch(node).filter(|one| one.tampered > Instant::ZERO) {
            watch.tampered = until;
        }
        self.guard_disturbed();
    }

    /// Somebody else has changed its kernel.
    pub(crate) fn guard_tampered(&mut self, node: NodeId) {
        let host = self.hosts.get(node.index()).and_then(|host| host.director());
        let Some(resync) = host.map(|director| director.config.cluster.resync) else { return };
        let now = self.now;
        let until = now + resync + LAG;
        if let Some(watch) = self.guard.watch(node) {
            watch.tampered = until;
            watch.tampered_at = Some(now);
        }
    }

    pub(crate) fn guard_report(&mut self, node: NodeId, report: &Report) {
        match report {
            Report::Started { incarnation, .. } => self.guard_begun(node, *incarnation),
            Report::Stalled { .. } => self.guard_stall(node),
            Report::Role { .. } => self.guard_role(node, report),
            Report::Peer { peer, state, why } => self.guard_peer(node, peer, *state, why),
            Report::Server { service, server, state, why } => {
                self.guard_state(node, (service, *server), *state, why);
            }
            Report::CheckFailed { service, server, failures, failure, .. } => {
                self.guard_failing(node, service, *server, (*failures, failure));
            }
            Report::Announcing { group, .. } => self.guard_burst(node, group),
            Report::Link { up: true, interface, .. } => self.guard_link_up(node, interface),
            Report::TwoOwners { winner, .. } => {
                let us = self.host_name(node) == winner.as_str();
                if let Some(watch) = self.guard.watch(node).filter(|_| us) {
                    watch.owe_announcement();
                }
            }
            Report::Address { held: true, .. } => {
                if let Some(watch) = self.guard.watch(node) {
                    watch.owe_announcement();
                }
            }
            Report::Stopping => {
                if let Some(watch) = self.guard.watch(node) {
                    watch.stopping = true;
                }
            }
            _ => {}
        }
        if let Report::Server { server, state, .. } = report {
            self.guard.down.retain(|(who, what, _)| (who, what) != (&node, server));
            if *state == Health::Down {
                self.guard.down.push((node, *server, self.now));
            }
        }
        if let Report::Panic { service, begun } = report {
            self.guard.panicking.retain(|(who, what)| (who, what) != (&node, service));
            if *begun {
                self.guard.panicking.push((node, service.clone()));
            }
        }
    }

    /// A director has scheduled a new connection.
    pub(crate) fn guard_forward(&mut self, node: NodeId, server: SocketAddr) {
        if self.guard.down.is_empty() || self.guard.panicking.iter().any(|(who, _)| *who == node) {
            return;
        }
        let now = self.now;
        if self.is_unsure(node) || !self.is_sound(node) {
            return;
        }
        let mut down = self.guard.down.iter();
        let late = down
            .any(|(who, what, since)| (who, what) == (&node, &server) && now.since(*since) > LAG);
        if late {
            let facts = format!("{server} got a connection and is reported down");
            self.guard.violations.note(Rule::DownGetsNothing, now, || facts);
        }
    }

    /// A director forwards a packet: not to a director.
    pub(crate) fn guard_loop(&mut self, node: NodeId, server: std::net::SocketAddrV4) {
        let address = self.stand_ins.real_socket(server);
        let named = |host: &Host| {
            let mut services =
                host.director().into_iter().flat_map(|one| one.config.services.values());
            services.any(|service| service.servers.contains_key(&address))
        };
        // One that is a real server too is named as such.
        if !self.guard.directors.contains(server.ip()) || self.hosts.iter().any(named) {
            return;
        }
        let facts = format!("{} sends a client's packet to {address}", self.host_name(node));
        self.guard.violations.note(Rule::NoLoop, self.now, || facts);
    }

    /// A host is about to answer an ARP request or a neighbour solicitation.
    pub(crate) fn guard_arp_answer(&mut self, node: NodeId, address: Ipv4Addr) {
        if self.virtuals.contains(&address) && self.is_server(node) {
            let now = self.now;
            let address = self.stand_ins.real(address);
            let facts = || format!("a real server answered for {address}");
            self.guard.violations.note(Rule::ServersSilent, now, facts);
        }
    }

    /// What became of the rules, as the judge words it.
    #[must_use]
    pub fn invariants(&self) -> Vec<Judged> {
        let mut last = self.clone();
        last.guard_neighbours();
        last.guard_due(self.now);
        last.guard_desired();
        let rules = Rule::ALL.iter();
        rules
            .map(|rule| Judged {
                text: rule.text().to_owned(),
                ruling: match last.guard.violations.of(*rule) {
                    Some((at, facts)) => {
                        Ruling::Violated { at: at.since(Instant::ZERO), facts: facts.clone() }
                    }
                    None => Ruling::Held { measured: "watched throughout".to_owned() },
                },
            })
            .collect()
    }

    /// The routers and clients, and servers that answer by a virtual address: those whose neighbour
    /// entries matter to clients.
    pub(crate) fn observes(&self, host: &Host) -> bool {
        match host.kind {
            Kind::Router | Kind::Client => true,
            Kind::Server(_) => {
                let mut hops = host.gateways.iter().flatten().map(|(_, hop)| hop);
                hops.any(|hop| self.virtuals.contains(hop))
            }
            Kind::Director(_) | Kind::Voter(_) => false,
        }
    }
}
