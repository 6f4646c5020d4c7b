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
//! Over IPv4 an entry withstands for a second after it changed (`locktime`), be it only from stale
//! to delay: who answers then or asks for somebody else is not believed to be the owner.
//!
//! Over IPv6 the states and times are the same, and neighbour discovery (RFC 4861 §7.2) differs in
//! what it believes: who is not asked learns nothing from a solicitation, for it goes to a group
//! that few have joined; an advertisement with the flag O counts at once, and none changes an entry
//! that has failed (`ndisc_recv_na`); no time locks an entry; to answer is to use the entry of who
//! asks, and leads to a question back (`ndisc_send_skb`). Who asks is known by its address of the
//! network, where Linux may ask from a link-local one.
//!
//! Compared with Linux 6.12 by `e2e-model neighbours`: what is believed of an address, the states
//! and their times, what is asked of whom, and what becomes of packets. The kernel's timers are
//! late by up to an eighth of their time, and it draws the reachable time of an interface every
//! five minutes (`neigh_periodic_work`), where here an entry does at each answer. Not here: whoever
//! is answered without having sent, and first sends in the last five seconds of the reachable time,
//! has the entry go on to *delay* when that is over (`neigh->used` in `neigh_timer_handler`).

use crate::net::packet::{Arp, ArpKind, Packet, PortId};
use crate::net::stand_in::is_six;
use director_core::random::Stream;
use director_core::time::Instant;
use std::net::Ipv4Addr;
use std::time::Duration;

pub mod alone;
#[cfg(test)]
mod tests;

/// `base_reachable_time`; an entry draws its own between half of it and one and a half.
const REACHABLE: Duration = Duration::from_secs(30);
/// `delay_first_probe_time`.
pub(crate) const DELAY: Duration = Duration::from_secs(5);
/// `retrans_time`.
pub(crate) const RETRANSMIT: Duration = Duration::from_secs(1);
/// `ucast_solicit` and `mcast_solicit`.
const TRIES: u8 = 3;
/// `locktime`: how long an entry withstands what is neither gratuitous nor from its owner nor a
/// question to us.
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
    /// When it was last known to be there, or long ago.
    confirmed: Instant,
    /// When its state or its hardware address last changed.
    updated: Instant,
    reachable: Duration,
    /// The timer that counts; older ones are ignored.
    generation: u32,
    waiting: Vec<Packet>,
}

impl Neighbour {
    /// Its time as a reachable one has run out meanwhile: nothing but this shows it.
    fn lapse(&mut self, now: Instant) {
        if self.state == State::Reachable && now.since(self.confirmed) > self.reachable {
            self.change(State::Stale, self.confirmed + self.reachable);
        }
    }

    /// Any change but of the number of tries counts (`neigh->updated` of `neigh_timer_handler`,
    /// `__neigh_event_send`, `__neigh_update` and `neigh_invalidate`).
    fn change(&mut self, state: State, now: Instant) {
        self.state = state;
        self.updated = now;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Not in the table.
    Absent,
    Incomplete {
        tries: u8,
    },
    Reachable,
    Stale,
    Delay,
    Probe {
        tries: u8,
    },
    Failed,
}

impl State {
    fn is_usable(self) -> bool {
        !matches!(self, Self::Absent | Self::Incomplete { .. } | Self::Failed)
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

/// Whom an ARP packet concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Concerns {
    /// This host: it is asked for an address that it answers for, or it is answered.
    Us,
    /// This host has the address that is asked for, and keeps silent (`arp_ignore`).
    Silent,
    /// Others, or everybody.
    Others,
}

/// What an ARP packet changed.
#[derive(Debug, Default)]
pub(crate) struct Learnt {
    /// The entry has another owner now.
    pub(crate) changed: bool,
    /// Packets that need not wait any more, for the packet's sender.
    pub(crate) released: Vec<Packet>,
    /// To be started.
    pub(crate) timer: Option<Timer>,
}

impl Neighbours {
    /// Forgets everything. Timers that still run find nothing.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.generation += 1;
    }

    /// Forgets what was learnt on an interface (`neigh_flush_dev`). Packets that wait there are
    /// lost.
    pub(crate) fn forget(&mut self, port: u8) {
        for entry in self.entries.iter_mut().filter(|entry| entry.port == port) {
            entry.state = State::Absent;
            entry.confirmed = Instant::ZERO;
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

    /// The hardware address of a neighbour to which a packet goes at once, and which nothing
    /// becomes of thereby: nearly every packet.
    pub(crate) fn ready(&self, address: Ipv4Addr, now: Instant) -> Option<PortId> {
        let entry = self.entries.iter().find(|entry| entry.address == address)?;
        match entry.state {
            State::Reachable if now.since(entry.confirmed) <= entry.reachable => Some(entry.mac),
            State::Delay | State::Probe { .. } => Some(entry.mac),
            _ => None,
        }
    }

    /// Decides about a packet for the neighbour `address` on the interface `port`.
    pub(crate) fn resolve(
        &mut self,
        address: Ipv4Addr,
        port: u8,
        packet: Packet,
        now: Instant,
    ) -> Resolved {
        if let Some(mac) = self.ready(address, now) {
            return Resolved::Send(packet, mac, None);
        }
        let slot = match self.find(address) {
            Some(slot) => slot,
            None => self.add(address, port, now),
        };
        let Some(entry) = self.entries.get_mut(slot) else { return Resolved::Waits(None) };
        match entry.state {
            // Reachable until now, or stale before; the other two are ready.
            State::Reachable | State::Stale | State::Delay | State::Probe { .. } => {
                entry.change(State::Delay, now);
                let mac = entry.mac;
                Resolved::Send(packet, mac, self.timer(slot, DELAY))
            }
            State::Incomplete { .. } => {
                // The oldest gives way (`__neigh_event_send`).
                if entry.waiting.len() >= WAITING {
                    entry.waiting.remove(0);
                }
                entry.waiting.push(packet);
                Resolved::Waits(None)
            }
            State::Absent | State::Failed => {
                entry.change(State::Incomplete { tries: 1 }, now);
                entry.waiting.push(packet);
                Resolved::Waits(self.timer(slot, RETRANSMIT))
            }
        }
    }

    fn add(&mut self, address: Ipv4Addr, port: u8, now: Instant) -> usize {
        self.entries.push(Neighbour {
            address,
            port,
            state: State::Absent,
            mac: PortId(u16::MAX),
            confirmed: Instant::ZERO,
            updated: now,
            reachable: REACHABLE,
            generation: 0,
            waiting: Vec::new(),
        });
        self.entries.len() - 1
    }

    /// Traffic of an upper layer proves that the neighbour is there (`neigh_confirm`). One that is
    /// stale already stays so until it is used, and for five seconds.
    pub(crate) fn confirm(&mut self, address: Ipv4Addr, now: Instant) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.address == address) {
            entry.lapse(now);
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
                entry.change(State::Reachable, now);
                return Expired::Nothing;
            }
            State::Delay => (Some(entry.mac), 0),
            State::Probe { tries } => (Some(entry.mac), tries),
            State::Incomplete { tries } => (None, tries),
            State::Absent | State::Reachable | State::Stale | State::Failed => {
                return Expired::Nothing;
            }
        };
        let (address, port) = (entry.address, entry.port);
        if tries >= TRIES {
            entry.change(State::Failed, now);
            return Expired::Failed { address, waiting: std::mem::take(&mut entry.waiting) };
        }
        let tries = tries + 1;
        match of {
            Some(_) if tries == 1 => entry.change(State::Probe { tries }, now),
            Some(_) => entry.state = State::Probe { tries },
            None => entry.state = State::Incomplete { tries },
        }
        match self.timer(slot, RETRANSMIT) {
            Some(timer) => Expired::Ask { address, port, of, timer },
            None => Expired::Nothing,
        }
    }

    /// Takes in an ARP packet that came from the hardware address `mac` (`arp_process`,
    /// `ndisc_recv_ns`, `ndisc_recv_na`, and `__neigh_update`).
    pub(crate) fn learn(
        &mut self,
        arp: Arp,
        mac: PortId,
        port: u8,
        concerns: Concerns,
        now: Instant,
        stream: &mut Stream,
    ) -> Learnt {
        let six = is_six(arp.sender);
        let is_for_us = concerns == Concerns::Us;
        // Over IPv4 who keeps silent looks no further (`dont_send` of `arp_process`).
        let unheard = six && !is_for_us && !arp.is_gratuitous();
        if concerns == Concerns::Silent || unheard {
            return Learnt::default();
        }
        let asks_us = is_for_us && arp.kind.answer().is_some();
        let slot = match self.find(arp.sender) {
            Some(slot) => slot,
            None if asks_us => self.add(arp.sender, port, now),
            None => return Learnt::default(),
        };
        let Some(entry) = self.entries.get_mut(slot) else { return Learnt::default() };
        entry.lapse(now);
        let was = entry.state.is_usable().then_some(entry.mac);
        let unknown = entry.state == State::Absent || six && entry.state == State::Failed;
        // Who names no hardware address confirms what is known, if anything is.
        let named = if arp.kind == ArpKind::Confirmation { was } else { Some(mac) };
        let Some(mac) = named.filter(|_| asks_us || !unknown) else { return Learnt::default() };
        let answered = is_for_us && !asks_us;
        let locked = !six && now.since(entry.updated) <= LOCK;
        if answered {
            // Whoever it is that answers: `__neigh_update` confirms before it compares.
            entry.confirmed = now;
        }
        if was.is_some_and(|was| was != mac) && locked && !asks_us && !arp.is_gratuitous() {
            return Learnt::default();
        }
        let changed = was != Some(mac);
        let mut state = entry.state;
        if answered {
            let half = REACHABLE / 2;
            entry.reachable = stream.duration(half, half + REACHABLE);
            state = State::Reachable;
        } else if changed {
            // What confirmed another's hardware address does not confirm this one.
            entry.confirmed = Instant::ZERO;
            state = State::Stale;
        }
        let released = std::mem::take(&mut entry.waiting);
        // What is sent on at once is the first use (`neigh_event_send`). Over IPv6 the answer is a
        // packet like others (`ndisc_send_skb`), where ARP's goes to whom the question came from.
        let sends = !released.is_empty() || six && asks_us;
        let used = state == State::Stale && sends;
        if used {
            state = State::Delay;
        }
        if changed || state != entry.state {
            entry.change(state, now);
        }
        entry.mac = mac;
        entry.port = port;
        let timer = if used { self.timer(slot, DELAY) } else { None };
        Learnt { changed, released, timer }
    }
}
