//! The connection table and its TCP states (`ip_vs_conn.c`, `ip_vs_proto_tcp.c`).

use super::path::Timer;
use super::templates::slack;
use director_core::time::Instant;
use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::time::Duration;

/// Client and virtual address of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Flow(u128);

impl Flow {
    pub(crate) fn new(client: SocketAddrV4, target: SocketAddrV4) -> Self {
        let half = |address: SocketAddrV4| {
            u128::from(address.ip().to_bits()) << 16 | u128::from(address.port())
        };
        Self(half(client) << 48 | half(target))
    }
}

/// What a segment from the client means to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It opens one.
    Syn,
    /// It closes the client's half.
    Fin,
    /// Any other.
    Ack,
    /// It ends it.
    Rst,
}

/// `IP_VS_TCP_S_*`, those that a director sees which forwards by direct routing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    None,
    Established,
    SynReceived,
    FinWait,
    TimeWait,
    Close,
}

impl State {
    /// `tcp_timeouts`.
    fn timeout(self) -> Duration {
        Duration::from_secs(match self {
            Self::None => 2,
            Self::Established => 900,
            Self::SynReceived => 60,
            Self::FinWait | Self::TimeWait => 120,
            Self::Close => 10,
        })
    }

    /// `tcp_state_active_table`.
    pub(crate) fn is_active(self) -> bool {
        matches!(self, Self::Established | Self::SynReceived)
    }

    /// The `INPUT ONLY` rows of `tcp_states`: the answers do not pass the director.
    fn after(self, event: Event) -> Self {
        match (event, self) {
            (Event::Syn, Self::Established) => Self::Established,
            (Event::Syn, _) => Self::SynReceived,
            (Event::Fin, Self::None | Self::Close) => Self::Close,
            (Event::Fin, Self::Established | Self::FinWait) => Self::FinWait,
            (Event::Fin, Self::SynReceived | Self::TimeWait) => Self::TimeWait,
            (Event::Ack, Self::None | Self::Established | Self::SynReceived) => Self::Established,
            (Event::Ack, other) => other,
            (Event::Rst, Self::SynReceived) => Self::SynReceived,
            (Event::Rst, _) => Self::Close,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection {
    flow: Flow,
    /// Place of the destination among all that were ever there.
    pub(crate) destination: usize,
    /// The template of persistence that it is under.
    pub(crate) control: Option<u32>,
    pub(crate) state: State,
    expires: Instant,
    /// When its timer runs out.
    wakes: Option<Instant>,
    generation: u32,
}

impl Connection {
    /// Whether it is this one, and not another in the same slot.
    pub(crate) fn is_of(&self, generation: u32) -> bool {
        self.generation == generation
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Connections {
    by_flow: BTreeMap<Flow, usize>,
    slab: Vec<Option<Connection>>,
    free: Vec<usize>,
    generation: u32,
}

/// A connection that is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) destination: usize,
    pub(crate) control: Option<u32>,
    /// Its last state.
    pub(crate) state: State,
}

/// What a connection's timer found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// It is out of date.
    Stale,
    /// The connection has been used since: look again then.
    Later(Instant),
    /// The connection has ended.
    Ended(Ended),
}

impl Connections {
    pub(crate) fn find(&self, flow: Flow) -> Option<usize> {
        self.by_flow.get(&flow).copied()
    }

    pub(crate) fn get(&self, slot: usize) -> Option<&Connection> {
        self.slab.get(slot)?.as_ref()
    }

    /// Makes a connection that its first segment has not moved yet; its slot.
    pub(crate) fn add(
        &mut self,
        flow: Flow,
        destination: usize,
        control: Option<u32>,
        now: Instant,
    ) -> usize {
        self.generation += 1;
        let generation = self.generation;
        let expires = now + Duration::from_secs(3);
        let state = State::None;
        let wakes = None;
        let connection =
            Connection { flow, destination, control, state, expires, wakes, generation };
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slab.push(None);
            self.slab.len() - 1
        });
        if let Some(place) = self.slab.get_mut(slot) {
            *place = Some(connection);
        }
        self.by_flow.insert(flow, slot);
        slot
    }

    /// Moves the state; what it was and what it is, and the timer that is to be started: for a new
    /// connection, and for one whose end has come nearer.
    pub(crate) fn advance(
        &mut self,
        slot: usize,
        event: Event,
        now: Instant,
    ) -> Option<(State, State, Option<Timer>)> {
        let connection = self.slab.get_mut(slot)?.as_mut()?;
        let before = connection.state;
        connection.state = before.after(event);
        let at = now + connection.state.timeout();
        connection.expires = at;
        let sooner = connection.wakes.is_none_or(|wakes| at < wakes);
        let generation = connection.generation;
        let timer = sooner.then(|| {
            connection.wakes = Some(at);
            Timer { slot, generation, at }
        });
        Some((before, connection.state, timer))
    }

    /// No segment finds it any more; its generation.
    pub(crate) fn unhash(&mut self, slot: usize) -> Option<u32> {
        let Connection { flow, generation, .. } = *self.get(slot)?;
        self.by_flow.remove(&flow);
        Some(generation)
    }

    /// When each runs out if nothing comes, by how much later the kernel may be, and the template
    /// that it is under.
    pub(crate) fn pending(&self) -> impl Iterator<Item = (Instant, Duration, Option<u32>)> {
        self.slab.iter().flatten().map(|connection| {
            let slack = slack(connection.state.timeout());
            (connection.expires, slack, connection.control)
        })
    }

    /// Those whose destination is among these.
    pub(crate) fn of(&self, is: impl Fn(usize) -> bool) -> Vec<usize> {
        let all = self.slab.iter().enumerate();
        let is = |one: &Option<Connection>| one.as_ref().is_some_and(|one| is(one.destination));
        all.filter(|(_, one)| is(one)).map(|(slot, _)| slot).collect()
    }

    /// Ends a connection.
    pub(crate) fn remove(&mut self, slot: usize) -> Option<Ended> {
        let Connection { flow, destination, control, state, .. } =
            self.slab.get_mut(slot)?.take()?;
        if self.by_flow.get(&flow) == Some(&slot) {
            self.by_flow.remove(&flow);
        }
        self.free.push(slot);
        Some(Ended { destination, control, state })
    }

    /// What a timer finds at its moment.
    pub(crate) fn expired(&mut self, timer: Timer) -> Expiry {
        let Timer { slot, generation, at } = timer;
        match self.slab.get_mut(slot).and_then(Option::as_mut) {
            Some(connection) if connection.is_of(generation) && connection.wakes == Some(at) => {
                if connection.expires > at {
                    connection.wakes = Some(connection.expires);
                    return Expiry::Later(connection.expires);
                }
            }
            _ => return Expiry::Stale,
        }
        self.remove(slot).map_or(Expiry::Stale, Expiry::Ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_lives_as_the_director_sees_it() {
        let mut state = State::None;
        let expected = [
            (Event::Syn, State::SynReceived, 60),
            (Event::Ack, State::Established, 900),
            (Event::Ack, State::Established, 900),
            (Event::Fin, State::FinWait, 120),
            (Event::Ack, State::FinWait, 120),
            (Event::Syn, State::SynReceived, 60),
        ];
        for (event, next, seconds) in expected {
            state = state.after(event);
            assert_eq!(state, next);
            assert_eq!(state.timeout(), Duration::from_secs(seconds));
        }
    }

    #[test]
    fn a_reset_closes_unless_the_handshake_is_open() {
        assert_eq!(State::Established.after(Event::Rst), State::Close);
        assert_eq!(State::SynReceived.after(Event::Rst), State::SynReceived);
    }

    #[test]
    fn a_slot_that_is_used_again_is_not_ended_by_the_old_timer() {
        let client = |port| SocketAddrV4::new([10, 0, 0, 1].into(), port);
        let target = SocketAddrV4::new([10, 0, 0, 100].into(), 80);
        let mut table = Connections::default();
        let begin = |table: &mut Connections, port| {
            let slot = table.add(Flow::new(client(port), target), 0, None, Instant::ZERO);
            let moved = table.advance(slot, Event::Syn, Instant::ZERO);
            moved.and_then(|(.., timer)| timer).expect("a new connection has a timer")
        };
        let old = begin(&mut table, 1);
        table.remove(old.slot);
        let new = begin(&mut table, 2);
        assert_eq!((old.slot, old.at), (new.slot, new.at));
        assert_eq!(table.expired(old), Expiry::Stale);
        let ended = Ended { destination: 0, control: None, state: State::SynReceived };
        assert_eq!(table.expired(new), Expiry::Ended(ended));
        assert_eq!(table.find(Flow::new(client(2), target)), None);
    }
}
