//! What directors tell each other of their connections (`net/netfilter/ipvs/ip_vs_sync.c`).
//!
//! The master looks at each packet of a client's whether the connection is to be told of
//! (`ip_vs_sync_conn_needed`); what is to be told waits for a message to be full, or for two
//! seconds. The backup makes an entry of it that lives as long as the master's would have from
//! then on (`ip_vs_proc_conn`). What is lost on the way is told again when the rules say so, and
//! not before.

use super::connections::{Flow, Opening, State};
use super::path::Timer;
use super::table::Ipvs;
use super::templates::Said;
use super::told::{Binding, Entry, Told};
use director_core::config::Forward;
use director_core::time::Instant;
use std::net::{SocketAddr, SocketAddrV4};
use std::time::Duration;

/// What is not enough for a message waits for so long (`IPVS_SYNC_FLUSH_TIME`).
const FLUSH: Duration = Duration::from_secs(2);
/// How often the master's thread looks whether something has waited for so long
/// (`IPVS_SYNC_CHECK_PERIOD`).
pub(crate) const LOOK: Duration = Duration::from_secs(1);
/// How soon after a message is full the thread sends it (`IPVS_SYNC_SEND_DELAY`).
pub(crate) const SOON: Duration = Duration::from_millis(20);
/// No refresh is thought of before half of a connection's time, or this, whichever is more.
const REFRESHED: Duration = Duration::from_secs(10);
/// The header of a message (`struct ip_vs_sync_mesg`), in bytes.
pub(crate) const HEADER: usize = 8;

/// A kernel reckons in ticks, of 10 ms at the most, and drops two bits of them: what is nearer than
/// this to the edge of a time, it may see on the other side.
const TICKS: Duration = Duration::from_millis(60);

/// `net/ipv4/vs/sync_*`, as in a kernel that nobody told anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// After so many packets a connection is told of.
    pub threshold: u32,
    /// And again after so many more; 0 for once.
    pub period: u32,
    /// By time instead of by packets; 0 for not.
    pub refresh: Duration,
    /// How often it is told again within an eighth of that.
    pub retries: u8,
}

impl Default for When {
    fn default() -> Self {
        Self { threshold: 3, period: 50, refresh: Duration::ZERO, retries: 0 }
    }
}

/// How far a connection or a template has been told of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Telling {
    packets: u32,
    /// The state that was told last.
    state: Option<State>,
    /// When it ends by what was told last (`sync_endtime`).
    end: Option<Instant>,
    /// By how much later a kernel's timers may have told it.
    late: Duration,
    retries: u8,
    /// Of a connection without a destination: whether it was active when it was told of. Only a
    /// destination's counts make a kernel look whether it still is (`set_tcp_state`).
    active: Option<bool>,
}

impl Telling {
    /// Of an entry that another director has told of: the next packet is one too many for the
    /// threshold.
    pub(crate) fn heard(state: Option<State>, when: &When, active: Option<bool>) -> Self {
        Self { packets: when.threshold, state, active, ..Self::default() }
    }

    /// A packet of the client's, of a connection in a state, or of one under a template. Whether
    /// that is to be told.
    pub(crate) fn packet(
        &mut self,
        state: Option<State>,
        timeout: Duration,
        when: &When,
        now: Instant,
    ) -> bool {
        self.count(1);
        let changed = state.is_some_and(|state| state != self.last());
        let is_told = |state: State| {
            use State::{Close, CloseWait, Established, FinWait, TimeWait};
            matches!(state, Established | FinWait | Close | CloseWait | TimeWait)
        };
        if state.is_some_and(|state| !is_told(state)) {
            return false;
        }
        let retries = if changed && state != Some(State::Established) {
            0
        } else {
            match self.again(state.is_none(), timeout, when, now) {
                Some(retries) => retries,
                None => return false,
            }
        };
        let end = Some(now + timeout);
        *self = Self { state, end, retries, late: Duration::ZERO, ..*self };
        true
    }

    /// A template's time is up, or so much later, and it lives on: whether that is to be told, as
    /// if just enough packets had come (`ip_vs_conn_expire`).
    pub(crate) fn lives_on(
        &mut self,
        (timeout, late): (Duration, Duration),
        when: &When,
        now: Instant,
    ) -> bool {
        let packets = std::mem::replace(&mut self.packets, when.threshold);
        let retries = self.again(true, timeout, when, now);
        self.packets = packets;
        if let Some(retries) = retries {
            (self.end, self.late, self.retries) = (Some(now + timeout), late, retries);
        }
        retries.is_some()
    }

    /// Packets that nobody is told of.
    pub(crate) fn count(&mut self, packets: u8) {
        self.packets = self.packets.wrapping_add(packets.into());
    }

    /// Whether the next packet, or what a timer does so much later at the most, comes so near to
    /// the edge of a refresh that a kernel's ticks and timers decide.
    pub(super) fn is_close(
        &self,
        (timeout, late): (Duration, Duration),
        when: &When,
        now: Instant,
    ) -> bool {
        let Some(told) = self.end.filter(|_| !when.refresh.is_zero()) else { return false };
        let end = now + timeout;
        let apart = end.since(told).max(told.since(end));
        let limit = when.refresh.min((timeout / 2).max(REFRESHED));
        let (soon, off) = (when.refresh / 8, TICKS + self.late + late);
        apart.abs_diff(limit) < off
            || (self.retries < when.retries && end.since(told).abs_diff(soon) < off)
    }

    fn last(&self) -> State {
        self.state.unwrap_or(State::None)
    }

    /// Whether what is no news is told, and the how manieth repetition that is.
    fn again(&self, is_template: bool, timeout: Duration, when: &When, now: Instant) -> Option<u8> {
        let mut retries = 0;
        if let Some(told) = self.end.filter(|_| !when.refresh.is_zero()) {
            let end = now + timeout;
            let apart = end.since(told).max(told.since(end));
            if apart < when.refresh.min((timeout / 2).max(REFRESHED)) {
                let too_soon = end < told + when.refresh / 8;
                if self.retries >= when.retries || too_soon {
                    return None;
                }
                retries = self.retries + 1;
            }
        }
        let told = if when.period > 0 {
            is_template || self.packets % when.period == when.threshold
        } else {
            !when.refresh.is_zero() || self.packets == when.threshold
        };
        told.then_some(retries)
    }
}

/// What the master has to tell and has not sent.
#[derive(Clone, Debug)]
pub(crate) struct Teller {
    /// Entries that a message has room for.
    room: usize,
    filling: Vec<Told>,
    since: Instant,
    full: Vec<Vec<Told>>,
}

impl Teller {
    pub(crate) fn new(room: usize) -> Self {
        Self { room: room.max(1), filling: Vec::new(), since: Instant::ZERO, full: Vec::new() }
    }

    fn tell(&mut self, told: Told, now: Instant) {
        if self.filling.len() >= self.room {
            self.full.push(std::mem::take(&mut self.filling));
        }
        if self.filling.is_empty() {
            self.since = now;
        }
        self.filling.push(told);
    }

    /// Of a template. One that is not found any more has no ports (`ip_vs_check_template`), and is
    /// of no use to whom it is told.
    fn tell_of(&mut self, said: Option<Said>, mut server: SocketAddrV4, now: Instant) {
        let Some(Said { mut binding, valid, forward, timeout, .. }) = said else { return };
        if !valid {
            server.set_port(u16::MAX);
            binding.whom = binding.whom.without_port();
        }
        self.tell(Told { entry: Entry::Template(binding), server, forward, timeout }, now);
    }

    /// All that is to be told, whatever it waits for.
    fn take(&mut self) -> Vec<Told> {
        let full = std::mem::take(&mut self.full).into_iter().flatten();
        full.chain(std::mem::take(&mut self.filling)).collect()
    }

    /// Whether a message is full.
    pub(crate) fn is_full(&self) -> bool {
        !self.full.is_empty()
    }

    /// The messages that are to be sent now.
    pub(crate) fn messages(&mut self, now: Instant) -> Vec<Vec<Told>> {
        let mut messages = std::mem::take(&mut self.full);
        if !self.filling.is_empty() && now.since(self.since) >= FLUSH {
            messages.push(std::mem::take(&mut self.filling));
        }
        messages
    }
}

impl Ipvs {
    /// A master of synchronisation begins, or ends.
    pub fn be_master(&mut self, begins: bool) {
        self.teller = begins.then(|| Box::new(Teller::new(usize::MAX)));
    }

    /// Whether a kernel may have told otherwise since the table was asked last, for its ticks.
    pub fn take_doubt(&mut self) -> bool {
        std::mem::take(&mut self.doubtful)
    }

    /// What a master has to tell since it was asked last, in order.
    pub fn take_told(&mut self) -> Vec<Told> {
        self.teller.as_mut().map(|teller| teller.take()).unwrap_or_default()
    }

    /// So many packets of a client have come on a connection: they count for what it is told by.
    pub(super) fn tell(&mut self, slot: usize, packets: u8, now: Instant) {
        let when = self.when;
        // Who does not tell counts all the same.
        let Some(teller) = &mut self.teller else {
            if let Some(connection) = self.connections.get_mut(slot) {
                connection.telling.count(packets);
            }
            return;
        };
        for _ in 0..packets {
            let Some(connection) = self.connections.get_mut(slot) else { return };
            let (opening, state) = (connection.opening, connection.state);
            let Some(destination) = self.destinations.get(opening.destination) else { return };
            let SocketAddr::V4(server) = destination.address else { return };
            let forward = opening.forward;
            let timeout = state.timeout();
            let lives = (timeout, Duration::ZERO);
            self.doubtful |= connection.telling.is_close(lives, &when, now);
            if connection.telling.packet(Some(state), timeout, &when, now) {
                let active = connection.telling.active.unwrap_or(state.is_active());
                let entry = Entry::Connection(opening.flow, state, active);
                teller.tell(Told { entry, server, forward, timeout }, now);
            }
            let control = opening.control;
            let close = |control| self.templates.is_close(control, &when, now);
            self.doubtful |= control.is_some_and(close);
            let said = control.and_then(|control| self.templates.told(control, &when, now));
            teller.tell_of(said, server, now);
        }
    }

    /// A template's time was up, and it lives on.
    pub(super) fn tell_of_template(&mut self, number: u32, at: Instant) {
        let Some(teller) = &mut self.teller else { return };
        self.doubtful |= self.templates.lives_on_close(number, &self.when, at);
        let said = self.templates.told_again(number, &self.when, at);
        let destination = said.as_ref().and_then(|said| self.destinations.get(said.destination));
        if let Some(SocketAddr::V4(server)) = destination.map(|one| one.address) {
            teller.tell_of(said, server, at);
        }
    }

    /// What a director tells of every connection that lasts, in messages with so much room.
    pub fn last_word(&self, room: usize) -> Vec<Vec<Told>> {
        let over = |state| matches!(state, State::TimeWait | State::Close);
        let lasting = self.connections.all().filter(|connection| !over(connection.state));
        let told = lasting.filter_map(|connection| {
            let (opening, state) = (connection.opening, connection.state);
            let SocketAddr::V4(server) = self.destinations.get(opening.destination)?.address else {
                return None;
            };
            let entry = Entry::Connection(opening.flow, state, state.is_active());
            Some(Told { entry, server, forward: opening.forward, timeout: state.timeout() })
        });
        let told: Vec<Told> = told.collect();
        told.chunks(room.max(1)).map(<[Told]>::to_vec).collect()
    }

    /// What another director tells of one of its entries; the timer that is to be started.
    pub fn hear(&mut self, told: &Told, now: Instant) -> Option<Timer> {
        self.settle(now);
        match told.entry {
            Entry::Connection(flow, state, active) => {
                self.hear_connection(told, flow, (state, active), now)
            }
            Entry::Template(binding) => {
                self.hear_template(told, binding, now);
                None
            }
        }
    }

    fn hear_connection(
        &mut self,
        told: &Told,
        flow: Flow,
        (state, active): (State, bool),
        now: Instant,
    ) -> Option<Timer> {
        let server = SocketAddr::V4(told.server);
        let known = self.connections.find(flow);
        let address = |slot: usize| {
            let number = self.connections.get(slot)?.opening.destination;
            self.destinations.get(number).map(|one| one.address)
        };
        let mut newly = false;
        let slot = match known {
            Some(slot) if address(slot) == Some(server) => {
                newly = self.adopt(slot, told, flow);
                slot
            }
            // One that has ended already: another has taken its place here.
            Some(_) if !active => return None,
            other => {
                if let Some(ended) = other.and_then(|slot| self.connections.remove(slot)) {
                    self.uncount(ended);
                }
                self.begin(told, flow, now)
            }
        };
        let number = self.connections.get(slot)?.opening.destination;
        let apart = self.is_apart(number).then_some(active);
        let telling = Telling::heard(Some(state), &self.when, apart);
        let (before, timer) = self.connections.put(slot, (state, telling), told.timeout, now)?;
        let was_active = before.is_active() && !newly;
        self.destinations.get_mut(number)?.shift(was_active, state.is_active());
        timer
    }

    /// A connection that has no destination gets the one that has come since
    /// (`ip_vs_try_bind_dest`). Whether it does.
    fn adopt(&mut self, slot: usize, told: &Told, flow: Flow) -> bool {
        let Some(before) = self.connections.get(slot) else { return false };
        let (apart, was_active) = (before.opening.destination, before.state.is_active());
        if !self.is_apart(apart) {
            return false;
        }
        let Some(number) = self.find(flow.target(), SocketAddr::V4(told.server)) else {
            return false;
        };
        if let Some(apart) = self.destinations.get_mut(apart) {
            apart.unbind(was_active);
        }
        let Some(destination) = self.destinations.get_mut(number) else { return false };
        destination.bind();
        let forward = destination.forward;
        let answers = answers(flow, told, forward);
        self.connections.rebind(slot, (number, forward), answers);
        true
    }

    fn begin(&mut self, told: &Told, flow: Flow, now: Instant) -> usize {
        let number = self.bound(told, flow.target());
        let destination = self.destinations.get_mut(number);
        let forward = destination.map_or(told.forward, |destination| {
            destination.bind();
            destination.forward
        });
        let answers = answers(flow, told, forward);
        let opening = Opening { flow, destination: number, control: None, forward, answers };
        self.connections.add(opening, now)
    }

    /// The destination that is meant, or one in no service: what is told of a server that is not
    /// in the table here is forwarded all the same.
    fn bound(&mut self, told: &Told, target: SocketAddrV4) -> usize {
        let server = SocketAddr::V4(told.server);
        if let Some(number) = self.find(target, server) {
            return number;
        }
        let number = self.make_apart(target, server);
        if let Some(destination) = self.destinations.get_mut(number) {
            destination.forward = told.forward;
        }
        number
    }

    fn hear_template(&mut self, told: &Told, binding: Binding, now: Instant) {
        let Binding { whom, assured } = binding;
        let telling = Telling::heard(None, &self.when, None);
        let number = match self.templates.find(whom) {
            // It keeps its server, whichever is told (`ip_vs_proc_conn`).
            Some((number, _)) => number,
            None => {
                let number = self.bound(told, whom.service());
                let forward = self.destinations.get_mut(number).map_or(told.forward, |bound| {
                    bound.templates += 1;
                    bound.forward
                });
                self.templates.add(whom, (number, forward), told.timeout, now)
            }
        };
        self.templates.hear(number, (assured, told.timeout), telling, now);
    }
}

/// By what the answers of a connection are found, when they pass.
fn answers(flow: Flow, told: &Told, forward: Forward) -> Option<Flow> {
    (forward == Forward::Nat).then(|| Flow::new(flow.client(), told.server))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const NINE_HUNDRED: Duration = Duration::from_secs(900);

    /// At which of so many packets, a second apart, a connection in use is told of.
    fn told_at(when: When, packets: u64) -> Vec<u64> {
        let mut telling = Telling::default();
        let at = |second| Instant::ZERO + Duration::from_secs(1_000 + second);
        let mut packet = |number: &u64| {
            let state = if *number == 1 { State::SynReceived } else { State::Established };
            telling.packet(Some(state), state.timeout(), &when, at(*number))
        };
        (1..=packets).filter(|number| packet(number)).collect()
    }

    #[test]
    fn a_connection_is_told_of_by_its_packets_or_by_time() {
        let plain = When::default();
        assert_eq!(told_at(plain, 110), [3, 53, 103]);
        assert_eq!(told_at(When { period: 0, ..plain }, 110), [3]);
        let refresh = Duration::from_secs(30);
        let timed = When { period: 0, refresh, ..plain };
        assert_eq!(told_at(timed, 70), [2, 32, 62], "the first is as soon as it is established");
        // An eighth of the refresh apart.
        assert_eq!(told_at(When { retries: 2, ..timed }, 40), [2, 6, 10, 40]);
    }

    #[test]
    fn an_end_is_told_of_whatever_came_before() {
        let mut telling = Telling::default();
        let when = When::default();
        let mut packet = |state: State| telling.packet(Some(state), NINE_HUNDRED, &when, at(5));
        assert!(!packet(State::SynReceived));
        assert!(!packet(State::Established));
        assert!(packet(State::FinWait));
        assert!(!packet(State::FinWait));
        assert!(packet(State::Close));
    }

    fn at(second: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(second)
    }

    #[test]
    fn a_message_that_is_not_full_waits_for_two_seconds() {
        let mut teller = Teller::new(2);
        let one = told;
        teller.tell(one(1), at(1));
        assert!(teller.messages(at(2)).is_empty());
        assert_eq!(teller.messages(at(3)), [vec![one(1)]]);
        (1..=3).for_each(|port| teller.tell(one(port), at(4)));
        assert!(teller.is_full());
        assert_eq!(teller.messages(at(4)), [vec![one(1), one(2)]]);
        assert_eq!(teller.messages(at(6)), [vec![one(3)]]);
    }

    /// What is told of a connection from that port.
    pub(crate) fn told(port: u16) -> Told {
        let client = SocketAddrV4::new([10, 0, 0, 1].into(), port);
        Told {
            entry: Entry::Connection(Flow::new(client, VIP), State::Established, true),
            server: SocketAddrV4::new([10, 0, 0, 21].into(), 80),
            forward: Forward::Direct,
            timeout: NINE_HUNDRED,
        }
    }

    const VIP: SocketAddrV4 = SocketAddrV4::new(std::net::Ipv4Addr::new(10, 0, 0, 100), 80);
}
