//! What must be true of every run, whatever the scenario expects.

#[cfg(test)]
mod tests;

use crate::host::{Kind, Power};
use crate::net::packet::NodeId;
use crate::world::World;
use director_core::Report;
use director_core::name::ServiceName;
use director_core::report::Health;
use director_core::time::Instant;
use scenario::{Judged, Ruling};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How long a router may go on believing in a former owner, when nothing keeps it from hearing
/// better.
const STALE: Duration = Duration::from_secs(3);
/// How long a server that is reported down may still be in the table with its weight.
const LAG: Duration = Duration::from_secs(1);

/// What the judge cannot see in a history, or sees better while it happens.
const RULES: [&str; 3] = [
    "the router's neighbour entry agrees with the owner, soon after every change",
    "no new connection goes to a server that the director reports down",
    "no real server answers ARP for a virtual address",
];

/// Watches the rules.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard {
    violations: [Option<(Instant, String)>; 3],
    last_fault: Option<Instant>,
    /// Until when announcements may be missing that were lost and not cut.
    lossy_until: Option<Instant>,
    /// Per router and virtual address: since when it believes in somebody else than the owner.
    disagree: Vec<(NodeId, Ipv4Addr, Option<Instant>)>,
    /// What each director reports down, and since when.
    down: Vec<(NodeId, SocketAddr, Instant)>,
    /// Directors that say that they do not believe the checks of a service.
    panicking: Vec<(NodeId, ServiceName)>,
    /// Until when a director's table may not be what it wants, through no fault of its own.
    unsure: Vec<(NodeId, Instant)>,
}

impl Guard {
    pub(crate) fn new(routers: &[NodeId], virtuals: &[Ipv4Addr]) -> Self {
        let pairs = routers.iter().flat_map(|router| virtuals.iter().map(|one| (*router, *one)));
        let disagree = pairs.map(|(router, address)| (router, address, None)).collect();
        Self { disagree, ..Self::default() }
    }

    fn violated(&mut self, rule: usize, at: Instant, facts: impl FnOnce() -> String) {
        if let Some(place) = self.violations.get_mut(rule).filter(|place| place.is_none()) {
            *place = Some((at, facts()));
        }
    }
}

impl World {
    /// Whether the owner's process runs, and another director's too.
    ///
    /// What a killed director left behind cannot tell anybody that it is alone again. And an owner
    /// whose announcements a cut has swallowed learns of the heal from a peer that it hears again:
    /// without one there is only the refresh, which the configuration sets.
    fn can_know(&self, owner: NodeId) -> bool {
        let runs = |host: &crate::host::Host| {
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
        let holds = move |host: &crate::host::Host| {
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
            let believed = host.and_then(|host| host.neighbours.owner(address));
            let believed = believed.and_then(|port| self.node_of(port));
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
            let facts = format!("{address} belongs to another than the router believes");
            self.guard.violated(0, from + STALE, || facts);
        }
    }

    /// A statement is about to be carried out: what was wrong until now was wrong without it.
    pub(crate) fn guard_fault(&mut self) {
        self.guard_neighbours();
        self.guard.last_fault = Some(self.now);
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
        self.guard.last_fault = Some(self.now);
    }

    /// A director's kernel was changed by others, or treats it otherwise from now on: it notices at
    /// the next comparison at the latest.
    pub(crate) fn guard_unsure(&mut self, node: NodeId) {
        let host = self.hosts.get(node.index()).and_then(|host| host.director());
        let Some(resync) = host.map(|director| director.config.cluster.resync) else { return };
        self.guard.unsure.retain(|(other, _)| *other != node);
        self.guard.unsure.push((node, self.now + resync + LAG));
    }

    pub(crate) fn guard_report(&mut self, node: NodeId, report: &Report) {
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
        let name = self.hosts.get(node.index()).map_or("", |host| host.name.as_str());
        let unsure = self.guard.unsure.iter().any(|(who, until)| *who == node && now < *until);
        if unsure || self.faults.hampers(name) {
            return;
        }
        let mut down = self.guard.down.iter();
        let late = down
            .any(|(who, what, since)| (who, what) == (&node, &server) && now.since(*since) > LAG);
        if late {
            let facts = format!("{server} got a connection and is reported down");
            self.guard.violated(1, now, || facts);
        }
    }

    /// A host is about to answer an ARP request.
    pub(crate) fn guard_arp_answer(&mut self, node: NodeId, address: Ipv4Addr) {
        if self.virtuals.contains(&address) && self.is_server(node) {
            let now = self.now;
            self.guard.violated(2, now, || format!("a real server answered for {address}"));
        }
    }

    /// What became of the rules, as the judge words it.
    #[must_use]
    pub fn invariants(&self) -> Vec<Judged> {
        let mut last = self.clone();
        last.guard_neighbours();
        let rules = RULES.iter().zip(&last.guard.violations);
        rules
            .map(|(rule, violation)| Judged {
                text: (*rule).to_owned(),
                ruling: match violation {
                    Some((at, facts)) => {
                        Ruling::Violated { at: at.since(Instant::ZERO), facts: facts.clone() }
                    }
                    None => Ruling::Held { measured: "watched throughout".to_owned() },
                },
            })
            .collect()
    }

    /// The routers and clients: those whose neighbour entries matter to clients.
    pub(crate) fn is_observer(kind: &Kind) -> bool {
        matches!(kind, Kind::Router | Kind::Client)
    }
}
