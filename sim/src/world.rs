//! Everything there is, and what happens next.

use crate::capture::Tap;
use crate::client::Load;
use crate::explain::Trail;
use crate::guard::Guard;
use crate::host::Host;
use crate::hunt::kind::Strike;
use crate::ipvs::Timer;
use crate::net::packet::{Frame, NodeId, PortId};
use crate::net::stand_in::StandIns;
use crate::net::switch::Switch;
use crate::queue::Queue;
use crate::record::{Entry, Log};
use director_core::config::Config;
use director_core::name::{AlertName, NodeName};
use director_core::time::Instant;
use scenario::{Faults, Reactions, Scenario, Scheduled};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

/// A segment or two with hosts on them, at one moment. Plain data: a clone goes its own way from
/// here.
///
/// All that is random is drawn from streams of their own, called by the seed and the name of the
/// link, host or client, so that two runs with one seed are the same run.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) now: Instant,
    pub(crate) queue: Queue<Event>,
    pub(crate) hosts: Vec<Host>,
    pub(crate) switches: Vec<Switch>,
    pub(crate) ports: Vec<PortPlace>,
    pub(crate) loads: Vec<Load>,
    /// The virtual addresses of all configurations.
    pub(crate) virtuals: Vec<Ipv4Addr>,
    /// What stands for IPv6 addresses.
    pub(crate) stand_ins: Arc<StandIns>,
    pub(crate) scenario: Arc<Scenario>,
    pub(crate) schedule: Arc<[Scheduled]>,
    /// The configurations that `reload` statements bring, by their place in the schedule.
    pub(crate) reloads: Vec<Option<Arc<Config>>>,
    pub(crate) faults: Faults,
    /// Statements that wait for a condition; none is the rule.
    pub(crate) reactions: Option<Box<Reactions>>,
    pub(crate) guard: Guard,
    pub(crate) log: Log,
    /// Where frames are kept, if they are wanted.
    pub(crate) tap: Option<Box<Tap>>,
    /// Where the directors' steps are kept, if they are wanted.
    pub(crate) trail: Option<Box<Trail>>,
    /// Whom the timeline's faults struck.
    pub(crate) strikes: Vec<Strike>,
    pub(crate) seed: u64,
    pub(crate) events: u64,
    pub(crate) trace: u64,
}

/// Whose an interface is and where it is plugged in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PortPlace {
    pub(crate) node: NodeId,
    /// Its place among the node's interfaces.
    pub(crate) place: u8,
    pub(crate) switch: u16,
    /// Its place on the switch.
    pub(crate) member: u16,
}

/// What can happen.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A frame arrives.
    Frame { to: PortId, from: PortId, frame: Frame },
    /// A director asked to be woken.
    Wake { node: NodeId, life: u32 },
    /// A step of a director's pass over its kernel ends.
    Step { node: NodeId, life: u32 },
    /// Something about a director's probes is due.
    Probes { node: NodeId, life: u32 },
    /// A neighbour entry's timer.
    Neighbour { node: NodeId, slot: u16, generation: u32 },
    /// A client opens its next connection.
    Load { load: u16 },
    /// Something about a client's connection is due.
    Flow { node: NodeId, port: u16, serial: u32 },
    /// A connection of a director's IPVS table may have ended.
    Connection { node: NodeId, boots: u32, slot: usize, generation: u32 },
    /// A director's master of synchronisation looks what is to be sent.
    Sync { node: NodeId, boots: u32 },
    /// An address in a director's kernel may have outlived its lease.
    Expiry { node: NodeId, boots: u32 },
    /// A slow director gets to what waits for it.
    Inbox { node: NodeId, life: u32 },
    /// A power switch has done what a director asked for.
    Fenced { node: NodeId, life: u32, peer: NodeName },
    /// An alert of a director has been delivered.
    Alerted { node: NodeId, life: u32, channel: AlertName, number: u64 },
    /// A director's process begins.
    Launch { node: NodeId, boots: u32 },
    /// A statement of the timeline, by its place in the schedule.
    Statement { place: usize },
}

impl Event {
    /// Distinguishes events in the trace.
    fn mark(&self) -> u64 {
        let (kind, who) = match self {
            Self::Frame { to, from, .. } => (1, u64::from(to.0) << 16 | u64::from(from.0)),
            Self::Wake { node, .. } => (2, u64::from(node.0)),
            Self::Step { node, .. } => (3, u64::from(node.0)),
            Self::Probes { node, .. } => (4, u64::from(node.0)),
            Self::Neighbour { node, slot, .. } => (5, u64::from(node.0) << 16 | u64::from(*slot)),
            Self::Load { load } => (6, u64::from(*load)),
            Self::Flow { node, port, .. } => (7, u64::from(node.0) << 16 | u64::from(*port)),
            Self::Connection { node, generation, .. } => {
                (8, u64::from(node.0) << 32 | u64::from(*generation))
            }
            Self::Launch { node, .. } => (10, u64::from(node.0)),
            Self::Statement { .. } => (11, 0),
            Self::Expiry { node, .. } => (12, u64::from(node.0)),
            Self::Fenced { node, .. } => (14, u64::from(node.0)),
            Self::Alerted { node, .. } => (15, u64::from(node.0)),
            Self::Sync { node, .. } => (16, u64::from(node.0)),
            Self::Inbox { node, .. } => (13, u64::from(node.0)),
        };
        kind << 56 | who
    }
}

impl World {
    /// Runs until the time `until` after the start.
    pub fn run_until(&mut self, until: Duration) {
        let limit = Instant::ZERO + until;
        while let Some((at, event)) = self.queue.pop(limit) {
            if self.guard.next.is_some_and(|due| due < at) {
                self.guard_due(at);
            }
            self.now = at;
            self.events += 1;
            let mixed = self.trace.rotate_left(5) ^ at.as_nanos() ^ event.mark();
            self.trace = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.dispatch(event);
        }
        self.now = limit;
    }

    /// A number that two runs share only if the same things happened at the same times.
    #[must_use]
    pub fn trace(&self) -> u64 {
        self.trace
    }

    /// Events so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    fn dispatch(&mut self, event: Event) {
        if self.holds_back(&event) {
            return;
        }
        match event {
            Event::Frame { to, from, frame } => self.arrive(to, from, frame),
            Event::Wake { node, life } => self.wake(node, life),
            Event::Step { node, life } => self.step(node, life),
            Event::Probes { node, life } => self.probes_due(node, life),
            Event::Neighbour { node, slot, generation } => {
                self.neighbour_due(node, slot, generation);
            }
            Event::Load { load } => self.open(load),
            Event::Flow { node, port, serial } => self.flow_due(node, port, serial),
            Event::Connection { node, boots, slot, generation } => {
                self.connection_due(node, boots, slot, generation);
            }
            Event::Sync { node, boots } => self.sync_due(node, boots),
            Event::Expiry { node, boots } => self.expire(node, boots),
            Event::Inbox { node, life } => self.inbox(node, life),
            Event::Fenced { node, life, peer } => self.fence(node, life, peer),
            Event::Alerted { node, life, channel, number } => {
                self.alerted(node, life, channel, number);
            }
            Event::Launch { node, boots } => self.launch(node, boots),
            Event::Statement { place } => self.statement(place),
        }
    }

    pub(crate) fn host(&mut self, node: NodeId) -> Option<&mut Host> {
        self.hosts.get_mut(node.index())
    }

    /// Plans an event.
    pub(crate) fn after(&mut self, wait: Duration, event: Event) {
        self.queue.push(self.now + wait, event);
    }

    pub(crate) fn record(&mut self, entry: Entry) {
        self.react(&entry);
        self.log.push(self.now, entry);
    }

    /// Carries out what has waited for what this brings about.
    fn react(&mut self, entry: &Entry) {
        if self.reactions.is_none() {
            return;
        }
        let Some(event) = self.in_words(entry) else { return };
        let Some(reactions) = &mut self.reactions else { return };
        let timed = self.schedule.len() - reactions.count();
        for (place, offset) in reactions.note(&event) {
            self.queue.push(self.now + offset, Event::Statement { place: timed + place });
        }
    }

    /// The node with an interface.
    pub(crate) fn node_of(&self, port: PortId) -> Option<NodeId> {
        self.ports.get(port.index()).map(|place| place.node)
    }

    fn connection_due(&mut self, node: NodeId, boots: u32, slot: usize, generation: u32) {
        let now = self.now;
        let Some(host) = self.host(node).filter(|host| host.boots == boots) else { return };
        let Some(director) = host.director_mut() else { return };
        let timer = Timer { slot, generation, at: now };
        if let Some(Timer { at, .. }) = director.kernel.ipvs.expired(timer) {
            self.queue.push(at, Event::Connection { node, boots, slot, generation });
        }
    }
}
