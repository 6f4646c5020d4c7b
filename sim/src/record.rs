//! What happened, small while the world runs, and in words for the judge and the reader.

use crate::net::packet::NodeId;
use crate::world::World;
use director_core::Report;
use director_core::config::{Config, ServiceKey};
use director_core::report::Level;
use director_core::time::Instant;
use scenario::{Claim, Event, Expectation, History, Outcome};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

/// One thing that happened. Nothing in it is formatted before somebody asks.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Connection {
        load: u16,
        start: Instant,
        servers: [Option<NodeId>; 2],
        outcome: Outcome,
        /// Of its length, what is not the longest wait for an answer, of one that was held.
        held: Duration,
    },
    Address {
        node: NodeId,
        address: Ipv4Addr,
        held: bool,
    },
    Neighbour {
        observer: NodeId,
        address: Ipv4Addr,
        owner: Option<NodeId>,
    },
    Destination {
        node: NodeId,
        service: SocketAddrV4,
        server: SocketAddr,
        weight: Option<u16>,
    },
    Report {
        node: NodeId,
        report: Box<Report>,
    },
    Statement {
        place: usize,
    },
    Note {
        node: NodeId,
        text: String,
    },
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    entries: Vec<(Instant, Entry)>,
    /// Whether nothing is kept: for measurements of the model's speed over a long time.
    pub(crate) off: bool,
}

impl Log {
    pub(crate) fn push(&mut self, at: Instant, entry: Entry) {
        if !self.off {
            self.entries.push((at, entry));
        }
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &(Instant, Entry)> {
        self.entries.iter()
    }
}

impl World {
    /// What has happened so far.
    #[must_use]
    pub fn history(&self) -> History {
        let elapsed = self.now.since(Instant::ZERO);
        let mut history = History::new("world", self.seed, elapsed);
        for (at, entry) in &self.log.entries {
            if let Some(event) = self.in_words(entry) {
                history.push(at.since(Instant::ZERO), event);
            }
        }
        self.returned().for_each(|event| history.push(elapsed, event));
        history
    }

    /// What came to the directors from real servers for clients, when an expectation asks for it.
    fn returned(&self) -> impl Iterator<Item = Event> + '_ {
        let asks = |one: &Expectation| matches!(one.claim, Claim::Returned { .. });
        let asked = self.scenario.expectations.iter().any(asks);
        let directors = self.hosts.iter().filter(move |_| asked);
        directors.filter_map(|host| {
            let packets = host.director()?.returned;
            Some(Event::Returned { node: host.name.clone(), packets })
        })
    }

    fn name(&self, node: NodeId) -> String {
        self.hosts.get(node.index()).map(|host| host.name.clone()).unwrap_or_default()
    }

    fn config(&self, node: NodeId) -> Option<&Config> {
        Some(&self.hosts.get(node.index())?.director()?.config)
    }

    pub(crate) fn in_words(&self, entry: &Entry) -> Option<Event> {
        Some(match entry {
            Entry::Connection { load, start, servers, outcome, held } => Event::Connection {
                client: self.scenario.clients.get(usize::from(*load))?.name.clone(),
                start: start.since(Instant::ZERO),
                servers: servers.iter().flatten().map(|node| self.name(*node)).collect(),
                outcome: *outcome,
                held: *held,
            },
            Entry::Address { node, address, held } => Event::Address {
                node: self.name(*node),
                address: self.stand_ins.real(*address),
                held: *held,
            },
            Entry::Neighbour { observer, address, owner } => Event::Neighbour {
                observer: self.name(*observer),
                address: self.stand_ins.real(*address),
                owner: owner.map(|owner| self.name(owner)),
            },
            Entry::Destination { node, service, server, weight } => {
                let service = self.stand_ins.real_socket(*service);
                let key = ServiceKey::Tcp(service);
                let config = self.config(*node);
                let found =
                    config.and_then(|config| config.services.iter().find(|(_, s)| s.key == key));
                Event::Table {
                    node: self.name(*node),
                    service: found
                        .map_or_else(|| service.to_string(), |(name, _)| name.to_string()),
                    server: server.to_string(),
                    weight: weight.map(u32::from),
                    fallback: found.is_some_and(|(_, found)| found.fallback == Some(*server)),
                }
            }
            Entry::Report { node, report } => return self.told(*node, report),
            Entry::Statement { place } => {
                let scheduled = self.schedule.get(*place)?;
                Event::Statement { index: scheduled.index, text: scheduled.action.to_string() }
            }
            Entry::Note { node, text } => {
                Event::Note { node: Some(self.name(*node)), text: text.clone() }
            }
        })
    }

    fn told(&self, node: NodeId, report: &Report) -> Option<Event> {
        let node = self.name(node);
        Some(match report {
            Report::Role { group, to, why, .. } => Event::Role {
                node,
                group: group.to_string(),
                role: to.to_string(),
                why: why.to_string(),
            },
            Report::Server { service, server, state, why } => Event::Server {
                node,
                service: service.to_string(),
                server: server.to_string(),
                state: state.to_string(),
                why: why.to_string(),
            },
            Report::Fallback { service, serving } => {
                Event::Fallback { node, service: service.to_string(), serving: *serving }
            }
            Report::Peer { peer, state, why } => Event::Peer {
                node,
                peer: peer.to_string(),
                state: state.to_string(),
                why: why.to_string(),
            },
            report if report.level() == Level::Debug => return None,
            report => Event::Note { node: Some(node), text: report.to_string() },
        })
    }

    pub(crate) fn note(&mut self, node: NodeId, text: &str) {
        self.record(Entry::Note { node, text: text.to_owned() });
    }

    /// Keeps no record from here on, and watches no director: for measurements of the model itself.
    pub(crate) fn stop_recording(&mut self) {
        self.log.off = true;
        self.guard.stop_watching();
    }

    /// The time that has passed.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.now.since(Instant::ZERO)
    }
}
