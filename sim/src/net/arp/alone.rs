//! A host's neighbour table by itself, for comparing it with a kernel's.
//!
//! What [`World`](crate::World) does with its tables is done here with one of them: who is asked
//! and answered, which packets go out, and which come back as undeliverable. Hardware addresses
//! are numbers, and so are packets.

use super::{Concerns, DELAY, Expired, LOCK, Neighbour, Neighbours, Resolved, State, Timer};
use crate::net::packet::{Arp, ArpKind, Packet, Payload, PortId, Segment, Tcp};
use crate::net::stand_in::StandIns;
use director_core::random::Stream;
use director_core::time::Instant;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// So many packets wait for an answer, the last ones.
pub const WAITING: usize = super::WAITING;

/// The table's interface among those of its host: there is one.
const PORT: u8 = 0;

/// What a neighbour says, in the words of ARP or of neighbour discovery by the family of what it is
/// about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Who has this address? To everybody, or to those of a group; over IPv4 to one, too.
    Request(IpAddr),
    /// The same, over IPv6 to one.
    Probe(IpAddr),
    /// The answer to this host, with a hardware address; over IPv6 it overrides what is known.
    Reply,
    /// The answer to a [`Said::Probe`] of this host: over IPv6, without a hardware address.
    Confirmation,
    /// To everybody, whose its sender's address is: a gratuitous ARP, an unsolicited advertisement
    /// that overrides what is known.
    Announcement,
}

/// What the host does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// It asks for an address: everybody, or whoever has this hardware address.
    Asks(IpAddr, Option<u16>),
    /// It answers for an address to this hardware address; whether it says its own.
    Answers(IpAddr, u16, bool),
    /// A packet goes out to this hardware address.
    Sends(u16, u16),
    /// The sender of a packet is told that nobody is there.
    Refuses(u16),
}

/// The states of `net/core/neighbour.c`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// There is no entry.
    Absent,
    /// Everybody is being asked.
    Incomplete,
    /// Confirmed not long ago.
    Reachable,
    /// Not confirmed for long, and not used since.
    Stale,
    /// Used since, and not asked yet.
    Delay,
    /// Being asked.
    Probe,
    /// Nobody has answered.
    Failed,
}

/// What is known of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its state.
    pub stage: Stage,
    /// Where packets for it go.
    pub owner: Option<u16>,
    /// When its time in this state, or for this question, is over.
    pub due: Option<Instant>,
    /// Until then it withstands some of what is said of it; over IPv4.
    pub locked: Instant,
    /// A *delay* that ends until then ends as *reachable*.
    pub vouched: Instant,
}

/// A neighbour table and what belongs to its host.
#[derive(Debug)]
pub struct Table {
    neighbours: Neighbours,
    known: StandIns,
    /// Addresses that the host answers for, and those that it has and keeps silent about.
    own: Vec<IpAddr>,
    silent: Vec<IpAddr>,
    timers: Vec<(Instant, Timer)>,
    stream: Stream,
}

impl Table {
    /// An empty one of a host that answers for its `own` addresses, and has but does not answer for
    /// the `silent` ones (`arp_ignore` 1). `others`: every other address that will be named.
    /// `None` when there are too many.
    #[must_use]
    pub fn new(own: Vec<IpAddr>, silent: Vec<IpAddr>, others: &[IpAddr]) -> Option<Self> {
        let known = StandIns::of_addresses([&own[..], &silent[..], others].concat())?;
        let (neighbours, timers) = (Neighbours::default(), Vec::new());
        let stream = Stream::named(0, "neighbours");
        Some(Self { neighbours, known, own, silent, timers, stream })
    }

    /// What is known of an address at this moment.
    #[must_use]
    pub fn entry(&self, address: IpAddr, now: Instant) -> Entry {
        let number = self.known.of(address);
        let found = self.neighbours.entries.iter().find(|entry| Some(entry.address) == number);
        let Some(entry) = found else {
            let (locked, vouched) = (Instant::ZERO, Instant::ZERO);
            return Entry { stage: Stage::Absent, owner: None, due: None, locked, vouched };
        };
        let mut entry = Neighbour::clone(entry);
        entry.lapse(now);
        let stage = match entry.state {
            State::Absent => Stage::Absent,
            State::Incomplete { .. } => Stage::Incomplete,
            State::Reachable => Stage::Reachable,
            State::Stale => Stage::Stale,
            State::Delay => Stage::Delay,
            State::Probe { .. } => Stage::Probe,
            State::Failed => Stage::Failed,
        };
        let running = self.timers.iter().find(|(_, timer)| timer.generation == entry.generation);
        let due = match stage {
            Stage::Reachable => Some(entry.confirmed + entry.reachable),
            Stage::Incomplete | Stage::Delay | Stage::Probe => running.map(|(at, _)| *at),
            Stage::Absent | Stage::Stale | Stage::Failed => None,
        };
        Entry {
            stage,
            owner: entry.state.is_usable().then_some(entry.mac.0),
            due,
            locked: entry.updated + LOCK,
            vouched: entry.confirmed + DELAY,
        }
    }

    /// A kernel draws the reachable time of an interface; entries have it from now on.
    pub fn set_reachable_time(&mut self, time: Duration) {
        for entry in &mut self.neighbours.entries {
            entry.reachable = time;
        }
    }

    /// The host sends a packet to a neighbour.
    pub fn send(&mut self, to: IpAddr, packet: u16, now: Instant) -> Vec<Act> {
        let Some(dst) = self.known.of(to) else { return Vec::new() };
        let payload = Payload::Tcp(Tcp::new(packet, 0, Segment::Syn));
        let packet = Packet { src: Ipv4Addr::UNSPECIFIED, dst, payload };
        match self.neighbours.resolve(dst, PORT, packet, now) {
            Resolved::Send(packet, to, timer) => {
                self.start(timer, now);
                sends(&packet, to).into_iter().collect()
            }
            Resolved::Waits(None) => Vec::new(),
            Resolved::Waits(timer) => {
                self.start(timer, now);
                vec![Act::Asks(to, None)]
            }
        }
    }

    /// A neighbour with this hardware address says something of its address `sender`.
    pub fn hear(&mut self, said: Said, sender: IpAddr, mac: u16, now: Instant) -> Vec<Act> {
        let own = self.own.first().copied().unwrap_or(sender);
        let (kind, about, concerns) = match said {
            Said::Request(about) => (ArpKind::Request, about, self.concerns(about)),
            Said::Probe(about) => (ArpKind::Probe, about, self.concerns(about)),
            Said::Reply => (ArpKind::Reply, own, Concerns::Us),
            Said::Confirmation => (ArpKind::Confirmation, own, Concerns::Us),
            Said::Announcement => (ArpKind::Request, sender, Concerns::Others),
        };
        let numbers = (self.known.of(sender), self.known.of(about));
        let (Some(sender), Some(target)) = numbers else { return Vec::new() };
        let (arp, mac) = (Arp { kind, sender, target }, PortId(mac));
        let learnt = self.neighbours.learn(arp, mac, PORT, concerns, now, &mut self.stream);
        self.start(learnt.timer, now);
        let mut acts: Vec<Act> =
            learnt.released.iter().filter_map(|packet| sends(packet, mac)).collect();
        if let Some(kind) = kind.answer().filter(|_| concerns == Concerns::Us) {
            acts.push(Act::Answers(about, mac.0, kind == ArpKind::Reply));
        }
        acts
    }

    fn concerns(&self, about: IpAddr) -> Concerns {
        if self.own.contains(&about) {
            Concerns::Us
        } else if self.silent.contains(&about) {
            Concerns::Silent
        } else {
            Concerns::Others
        }
    }

    /// An upper layer has heard from a neighbour.
    pub fn confirm(&mut self, address: IpAddr, now: Instant) {
        if let Some(number) = self.known.of(address) {
            self.neighbours.confirm(number, now);
        }
    }

    /// The interface has lost its carrier.
    pub fn forget(&mut self) {
        self.neighbours.forget(PORT);
    }

    /// The timer of an address runs out now.
    pub fn expire(&mut self, address: IpAddr, now: Instant) -> Vec<Act> {
        let number = self.known.of(address);
        let mut entries = self.neighbours.entries.iter();
        let Some(entry) = entries.find(|entry| Some(entry.address) == number) else {
            return Vec::new();
        };
        let generation = entry.generation;
        let Some(place) = self.timers.iter().position(|(_, it)| it.generation == generation) else {
            return Vec::new();
        };
        let (_, timer) = self.timers.swap_remove(place);
        match self.neighbours.expired(timer.slot, generation, now) {
            Expired::Nothing => Vec::new(),
            Expired::Ask { of, timer, .. } => {
                self.start(Some(timer), now);
                vec![Act::Asks(address, of.map(|mac| mac.0))]
            }
            Expired::Failed { waiting, .. } => {
                waiting.iter().filter_map(number_of).map(Act::Refuses).collect()
            }
        }
    }

    fn start(&mut self, timer: Option<Timer>, now: Instant) {
        if let Some(timer) = timer {
            self.timers.retain(|(_, other)| other.slot != timer.slot);
            self.timers.push((now + timer.after, timer));
        }
    }
}

fn number_of(packet: &Packet) -> Option<u16> {
    if let Payload::Tcp(tcp) = packet.payload { Some(tcp.sport) } else { None }
}

fn sends(packet: &Packet, to: PortId) -> Option<Act> {
    number_of(packet).map(|number| Act::Sends(number, to.0))
}
