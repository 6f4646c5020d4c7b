//! A host's neighbour table, after Linux (`net/core/neighbour.c`, `net/ipv4/arp.c`,
//! `net/ipv6/ndisc.c`).
//!
//! An entry is *reachable* for 15 to 45 s after its last confirmation, then *stale* but still
//! used; the first use of a stale entry starts a *delay* of 5 s, after which the neighbour is
//! asked three times directly, a second apart, and is then *failed*. An unknown neighbour is
//! asked for three times by broadcast, a second apart; packets wait for the answer and are
//! unreachable after it. A gratuitous ARP changes an entry that is there and makes none
//! (`arp_accept` 0).
//!
//! Over IPv6 the states and times are the same, and neighbour discovery (RFC 4861 §7.2) differs in
//! what it believes: who is not asked learns nothing from a solicitation, for it goes to a group
//! that few have joined; an advertisement with the flag O counts at once, and none changes an entry
//! that has failed (`ndisc_recv_na`); no time locks an entry. Who asks is known by its address of
//! the network, where Linux may ask from a link-local one.
//!
//! Not yet compared with a running kernel: the durations, and the order of entries' states under
//! traffic in both directions.

use crate::net::packet::{Arp, ArpKind, Packet, PortId};
use crate::net::stand_in::is_six;
use director_core::random::Stream;
use director_core::time::Instant;
use std::net::Ipv4Addr;
use std::time::Duration;

/// `base_reachable_time`; an entry draws its own between half of it and one and a half.
const REACHABLE: Duration = Duration::from_secs(30);
/// `delay_first_probe_time`.
pub(crate) const DELAY: Duration = Duration::from_secs(5);
/// `retrans_time`.
pub(crate) const RETRANSMIT: Duration = Duration::from_secs(1);
/// `ucast_solicit` and `mcast_solicit`.
const TRIES: u8 = 3;
/// `locktime`: how long an entry withstands an answer that is neither gratuitous nor from its
/// owner.
const LOCK: Duration = Duration::from_secs(1);
/// Packets that wait for an answer; about what `unres_qlen_bytes` holds of small ones.
const WAITING: usize = 100;

#[derive(Clone, Debug)]
pub(crate) struct Neighbour {
    pub(crate) address: Ipv4Addr,
    /// Place of the interface among the host's.
    pub(crate) port: u8,
    pub(crate) state: State,
    /// Its hardware address; meaningless while the state is not a usable one.
    mac: PortId,
    confirmed: Instant,
    updated: Instant,
    reachable: Duration,
    /// The timer that counts; older ones are ignored.
    generation: u32,
    waiting: Vec<Packet>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Incomplete { tries: u8 },
    Reachable,
    Stale,
    Delay,
    Probe { tries: u8 },
    Failed,
}

impl State {
    fn is_usable(self) -> bool {
        !matches!(self, Self::Incomplete { .. } | Self::Failed)
    }
}

/// The table of one host.
#[derive(Clone, Debug, Default)]
pub(crate) struct Neighbours {
    entries: Vec<Neighbour>,
    generation: u32,
}

/// A timer to be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timer {
    pub(crate) slot: u16,
    pub(crate) generation: u32,
    pub(crate) after: Duration,
}

/// What becomes of a packet to a neighbour.
#[derive(Debug)]
pub(crate) enum Resolved {
    /// It goes out to this hardware address; a timer may have to be started.
    Send(Packet, PortId, Option<Timer>),
    /// It waits; when there is a timer the neighbour has to be asked for by broadcast.
    Waits(Option<Timer>),
}

/// What a timer leads to.
#[derive(Debug)]
pub(crate) enum Expired {
    /// Nothing, it is out of date.
    Nothing,
    /// Ask for the address, of everybody or of one, and start the timer again.
    Ask { address: Ipv4Addr, port: u8, of: Option<PortId>, timer: Timer },
    /// Given up; these packets cannot be delivered.
    Failed { address: Ipv4Addr, waiting: Vec<Packet> },
}

/// What an ARP packet changed.
#[derive(Debug, Default)]
pub(crate) struct Learnt {
    /// The entry has another owner now.
    pub(crate) changed: bool,
    /// Packets that need not wait any more, for the packet's sender.
    pub(crate) released: Vec<Packet>,
}

impl Neighbours {
    /// Forgets everything. Timers that still run find nothing.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.generation += 1;
    }

    /// Forgets what was learnt on an interface. Packets that wait there are lost.
    pub(crate) fn forget(&mut self, port: u8) {
        for entry in self.entries.iter_mut().filter(|entry| entry.port == port) {
            entry.state = State::Failed;
            entry.waiting.clear();
        }
    }

    /// The hardware address that packets for `address` go to now.
    pub(crate) fn owner(&self, address: Ipv4Addr) -> Option<PortId> {
        let entry = self.entries.iter().find(|entry| entry.address == address)?;
        entry.state.is_usable().then_some(entry.mac)
    }

    fn find(&mut self, address: Ipv4Addr) -> Option<usize> {
        self.entries.iter().position(|entry| entry.address == address)
    }

    fn timer(&mut self, slot: usize, after: Duration) -> Option<Timer> {
        self.generation += 1;
        let generation = self.generation;
        self.entries.get_mut(slot)?.generation = generation;
        Some(Timer { slot: u16::try_from(slot).ok()?, generation, after })
    }

    /// Decides about a packet for the neighbour `address` on the interface `port`.
    pub(crate) fn resolve(
        &mut self,
        address: Ipv4Addr,
        port: u8,
        packet: Packet,
        now: Instant,
    ) -> Resolved {
        let slot = match self.find(address) {
            Some(slot) => slot,
            None => self.add(address, port, State::Failed, now),
        };
        let Some(entry) = self.entries.get_mut(slot) else { return Resolved::Waits(None) };
        match entry.state {
            State::Reachable if now.since(entry.confirmed) <= entry.reachable => {
                Resolved::Send(packet, entry.mac, None)
            }
            State::Reachable | State::Stale => {
                entry.state = State::Delay;
                let mac = entry.mac;
                Resolved::Send(packet, mac, self.timer(slot, DELAY))
            }
            State::Delay | State::Probe { .. } => Resolved::Send(packet, entry.mac, None),
            State::Incomplete { .. } => {
                if entry.waiting.len() < WAITING {
                    entry.waiting.push(packet);
                }
                Resolved::Waits(None)
            }
            State::Failed => {
                entry.state = State::Incomplete { tries: 1 };
                entry.waiting.push(packet);
                Resolved::Waits(self.timer(slot, RETRANSMIT))
            }
        }
    }

    fn add(&mut self, address: Ipv4Addr, port: u8, state: State, now: Instant) -> usize {
        self.entries.push(Neighbour {
            address,
            port,
            state,
            mac: PortId(u16::MAX),
            confirmed: Instant::ZERO,
            updated: now,
            reachable: REACHABLE,
            generation: 0,
            waiting: Vec::new(),
        });
        self.entries.len() - 1
    }

    /// Traffic of an upper layer proves that the neighbour is there.
    pub(crate) fn confirm(&mut self, address: Ipv4Addr, now: Instant) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.address == address) {
            entry.confirmed = now;
        }
    }

    /// A timer of [`Resolved`] or [`Expired`] has run out.
    pub(crate) fn expired(&mut self, slot: u16, generation: u32, now: Instant) -> Expired {
        let slot = usize::from(slot);
        let Some(entry) = self.entries.get_mut(slot) else { return Expired::Nothing };
        if entry.generation != generation {
            return Expired::Nothing;
        }
        let (of, tries) = match entry.state {
            State::Delay if now.since(entry.confirmed) <= DELAY => {
                entry.state = State::Reachable;
                return Expired::Nothing;
            }
            State::Delay => (Some(entry.mac), 0),
            State::Probe { tries } => (Some(entry.mac), tries),
            State::Incomplete { tries } => (None, tries),
            State::Reachable | State::Stale | State::Failed => return Expired::Nothing,
        };
        let (address, port) = (entry.address, entry.port);
        if tries >= TRIES {
            entry.state = State::Failed;
            return Expired::Failed { address, waiting: std::mem::take(&mut entry.waiting) };
        }
        let tries = tries + 1;
        entry.state =
            if of.is_some() { State::Probe { tries } } else { State::Incomplete { tries } };
        match self.timer(slot, RETRANSMIT) {
            Some(timer) => Expired::Ask { address, port, of, timer },
            None => Expired::Nothing,
        }
    }

    /// Takes in an ARP packet that came from the hardware address `mac`. `is_for_us`: it asks for
    /// an address of this host, or answers this host alone.
    pub(crate) fn learn(
        &mut self,
        arp: Arp,
        mac: PortId,
        port: u8,
        is_for_us: bool,
        now: Instant,
        stream: &mut Stream,
    ) -> Learnt {
        let six = is_six(arp.sender);
        if six && !is_for_us && !arp.is_gratuitous() {
            return Learnt::default();
        }
        let asks_us = is_for_us && arp.kind.answer().is_some();
        let slot = match self.find(arp.sender) {
            Some(slot) => slot,
            None if asks_us => self.add(arp.sender, port, State::Failed, now),
            None => return Learnt::default(),
        };
        let Some(entry) = self.entries.get_mut(slot) else { return Learnt::default() };
        let was = entry.state.is_usable().then_some(entry.mac);
        if six && !asks_us && entry.state == State::Failed {
            return Learnt::default();
        }
        // It names no hardware address: what is known is confirmed, if anything is.
        let (mac, nothing) = match arp.kind {
            ArpKind::Confirmation => (was.unwrap_or(mac), was.is_none()),
            ArpKind::Request | ArpKind::Reply | ArpKind::Probe => (mac, false),
        };
        if nothing {
            return Learnt::default();
        }
        let answered = is_for_us && arp.kind.answer().is_none();
        let locked = !six && now.since(entry.updated) < LOCK;
        if was.is_some_and(|was| was != mac) && locked && !asks_us && !arp.is_gratuitous() {
            return Learnt::default();
        }
        if answered {
            entry.confirmed = now;
            let half = REACHABLE / 2;
            entry.reachable = stream.duration(half, half + REACHABLE);
            entry.state = State::Reachable;
        } else if was != Some(mac) {
            entry.state = State::Stale;
        }
        entry.mac = mac;
        entry.port = port;
        entry.updated = now;
        Learnt { changed: was != Some(mac), released: std::mem::take(&mut entry.waiting) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::packet::{Payload, Segment, Tcp};

    const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);
    const US: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

    fn packet() -> Packet {
        let tcp = Tcp::new(1, 2, Segment::Syn);
        Packet { src: US, dst: ADDRESS, payload: Payload::Tcp(tcp) }
    }

    fn at(millis: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(millis)
    }

    fn learn(
        table: &mut Neighbours,
        kind: ArpKind,
        target: Ipv4Addr,
        mac: u16,
        now: Instant,
    ) -> Learnt {
        let mut stream = Stream::named(1, "test");
        let arp = Arp { kind, sender: ADDRESS, target };
        table.learn(arp, PortId(mac), 0, target == US, now, &mut stream)
    }

    fn known() -> Neighbours {
        let mut table = Neighbours::default();
        assert!(matches!(table.resolve(ADDRESS, 0, packet(), at(0)), Resolved::Waits(Some(_))));
        assert_eq!(learn(&mut table, ArpKind::Reply, US, 5, at(1)).released.len(), 1);
        table
    }

    #[test]
    fn packets_wait_for_the_answer() {
        assert_eq!(known().owner(ADDRESS), Some(PortId(5)));
    }

    #[test]
    fn nobody_answers_and_the_packets_are_unreachable_after_three_seconds() {
        let mut table = Neighbours::default();
        let Resolved::Waits(Some(mut timer)) = table.resolve(ADDRESS, 0, packet(), at(0)) else {
            panic!("asks");
        };
        for second in 1..3 {
            match table.expired(timer.slot, timer.generation, at(second * 1_000)) {
                Expired::Ask { of: None, timer: next, .. } => timer = next,
                other => panic!("{other:?}"),
            }
        }
        match table.expired(timer.slot, timer.generation, at(3_000)) {
            Expired::Failed { waiting, .. } => assert_eq!(waiting.len(), 1),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_gratuitous_request_changes_an_entry_and_makes_none() {
        let mut table = Neighbours::default();
        learn(&mut table, ArpKind::Request, ADDRESS, 6, at(0));
        assert_eq!(table.owner(ADDRESS), None);
        let mut table = known();
        assert!(learn(&mut table, ArpKind::Request, ADDRESS, 6, at(2)).changed);
        assert_eq!(table.owner(ADDRESS), Some(PortId(6)));
    }

    #[test]
    fn a_late_answer_of_another_does_not_displace_a_fresh_one() {
        let mut table = known();
        learn(&mut table, ArpKind::Reply, US, 6, at(2));
        assert_eq!(table.owner(ADDRESS), Some(PortId(5)));
        learn(&mut table, ArpKind::Reply, US, 6, at(1_500));
        assert_eq!(table.owner(ADDRESS), Some(PortId(6)));
    }

    const SIX: Ipv4Addr = Ipv4Addr::new(240, 0, 0, 9);
    const OUR_SIX: Ipv4Addr = Ipv4Addr::new(240, 0, 0, 1);

    /// A table that knows an IPv6 neighbour, and what it makes of a message.
    fn discovers(table: &mut Neighbours, kind: ArpKind, target: Ipv4Addr, mac: u16) -> Learnt {
        let mut stream = Stream::named(1, "test");
        let arp = Arp { kind, sender: SIX, target };
        table.learn(arp, PortId(mac), 0, target == OUR_SIX, at(2), &mut stream)
    }

    fn known_six() -> Neighbours {
        let mut table = Neighbours::default();
        assert!(matches!(table.resolve(SIX, 0, packet(), at(0)), Resolved::Waits(Some(_))));
        assert_eq!(discovers(&mut table, ArpKind::Reply, OUR_SIX, 5).released.len(), 1);
        table
    }

    #[test]
    fn over_ipv6_an_answer_overrides_at_once_and_a_confirmation_never() {
        let mut table = known_six();
        assert!(discovers(&mut table, ArpKind::Reply, OUR_SIX, 6).changed);
        assert_eq!(table.owner(SIX), Some(PortId(6)));
        assert!(!discovers(&mut table, ArpKind::Confirmation, OUR_SIX, 7).changed);
        assert_eq!(table.owner(SIX), Some(PortId(6)));
        let mut table = Neighbours::default();
        assert!(!discovers(&mut table, ArpKind::Confirmation, OUR_SIX, 5).changed);
        assert_eq!(table.owner(SIX), None);
    }

    #[test]
    fn over_ipv6_who_is_not_asked_learns_from_announcements_alone() {
        let mut table = known_six();
        let other = Ipv4Addr::new(240, 0, 0, 2);
        assert!(!discovers(&mut table, ArpKind::Request, other, 6).changed);
        assert_eq!(table.owner(SIX), Some(PortId(5)));
        assert!(discovers(&mut table, ArpKind::Request, SIX, 6).changed);
        assert_eq!(table.owner(SIX), Some(PortId(6)));
        // Who asks us is known from then on.
        let mut table = Neighbours::default();
        assert!(!discovers(&mut table, ArpKind::Request, SIX, 6).changed);
        assert!(discovers(&mut table, ArpKind::Request, OUR_SIX, 6).changed);
    }

    #[test]
    fn over_ipv6_an_announcement_does_not_wake_an_entry_that_has_failed() {
        for six in [true, false] {
            let mut table = if six { known_six() } else { known() };
            table.forget(0);
            let changed = if six {
                discovers(&mut table, ArpKind::Request, SIX, 6).changed
            } else {
                learn(&mut table, ArpKind::Request, ADDRESS, 6, at(2)).changed
            };
            assert_eq!(changed, !six);
        }
        // One that is asked for takes it, and what waits goes there.
        let mut table = Neighbours::default();
        assert!(matches!(table.resolve(SIX, 0, packet(), at(0)), Resolved::Waits(Some(_))));
        assert_eq!(discovers(&mut table, ArpKind::Request, SIX, 6).released.len(), 1);
    }

    #[test]
    fn a_stale_entry_is_used_and_then_asked_directly_unless_traffic_confirms_it() {
        for confirmed in [true, false] {
            let mut table = known();
            let Resolved::Send(_, PortId(5), Some(timer)) =
                table.resolve(ADDRESS, 0, packet(), at(60_000))
            else {
                panic!("used");
            };
            if confirmed {
                table.confirm(ADDRESS, at(61_000));
            }
            match table.expired(timer.slot, timer.generation, at(65_000)) {
                Expired::Nothing => assert!(confirmed),
                Expired::Ask { of, .. } => assert!(!confirmed && of == Some(PortId(5))),
                Expired::Failed { .. } => panic!("too early"),
            }
        }
    }
}
