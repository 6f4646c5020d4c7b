//! The connection table and its TCP states (`ip_vs_conn.c`, `ip_vs_proto_tcp.c`).

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
pub(crate) enum Event {
    Syn,
    Fin,
    Ack,
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

#[derive(Clone, Debug)]
pub(crate) struct Connection {
    flow: Flow,
    /// Place of the destination among all that were ever there.
    pub(crate) destination: usize,
    pub(crate) state: State,
    expires: Instant,
    generation: u32,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Connections {
    by_flow: BTreeMap<Flow, usize>,
    slab: Vec<Option<Connection>>,
    free: Vec<usize>,
    generation: u32,
}

/// What a connection's timer found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// It is out of date.
    Stale,
    /// The connection has been used since: look again then.
    Later(Instant),
    /// The connection has ended; its destination and its last state.
    Ended(usize, State),
}

impl Connections {
    pub(crate) fn find(&self, flow: Flow) -> Option<usize> {
        self.by_flow.get(&flow).copied()
    }

    pub(crate) fn get(&self, slot: usize) -> Option<&Connection> {
        self.slab.get(slot)?.as_ref()
    }

    /// Makes a connection that its first segment has not moved yet.
    pub(crate) fn add(&mut self, flow: Flow, destination: usize, now: Instant) -> (usize, u32) {
        self.generation += 1;
        let generation = self.generation;
        let expires = now + Duration::from_secs(3);
        let connection = Connection { flow, destination, state: State::None, expires, generation };
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slab.push(None);
            self.slab.len() - 1
        });
        if let Some(place) = self.slab.get_mut(slot) {
            *place = Some(connection);
        }
        self.by_flow.insert(flow, slot);
        (slot, generation)
    }

    /// Moves the state; what it was and what it is, and when the connection will end by itself.
    pub(crate) fn advance(
        &mut self,
        slot: usize,
        event: Event,
        now: Instant,
    ) -> Option<(State, State, Instant)> {
        let connection = self.slab.get_mut(slot)?.as_mut()?;
        let before = connection.state;
        connection.state = before.after(event);
        connection.expires = now + connection.state.timeout();
        Some((before, connection.state, connection.expires))
    }

    /// Ends a connection; its destination and its last state.
    pub(crate) fn remove(&mut self, slot: usize) -> Option<(usize, State)> {
        let connection = self.slab.get_mut(slot)?.take()?;
        self.by_flow.remove(&connection.flow);
        self.free.push(slot);
        Some((connection.destination, connection.state))
    }

    pub(crate) fn expired(&mut self, slot: usize, generation: u32, now: Instant) -> Expiry {
        match self.get(slot) {
            Some(connection) if connection.generation == generation => {
                if connection.expires > now {
                    return Expiry::Later(connection.expires);
                }
            }
            _ => return Expiry::Stale,
        }
        match self.remove(slot) {
            Some((destination, state)) => Expiry::Ended(destination, state),
            None => Expiry::Stale,
        }
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
        let (slot, old) = table.add(Flow::new(client(1), target), 0, Instant::ZERO);
        table.remove(slot);
        let (again, new) = table.add(Flow::new(client(2), target), 0, Instant::ZERO);
        assert_eq!(slot, again);
        let late = Instant::ZERO + Duration::from_secs(10);
        assert_eq!(table.expired(slot, old, late), Expiry::Stale);
        assert_eq!(table.expired(slot, new, late), Expiry::Ended(0, State::None));
        assert_eq!(table.find(Flow::new(client(2), target)), None);
    }
}
