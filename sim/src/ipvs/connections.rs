//! The connection table and its TCP states (`ip_vs_conn.c`, `ip_vs_proto_tcp.c`).

use super::path::Timer;
use super::sync::Telling;
use super::templates::slack;
use director_core::config::Forward;
use director_core::time::Instant;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
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

    pub(crate) fn client(self) -> SocketAddrV4 {
        Self::half(self.0 >> 48)
    }

    pub(crate) fn target(self) -> SocketAddrV4 {
        Self::half(self.0)
    }

    /// From the lower 48 bits.
    fn half(bits: u128) -> SocketAddrV4 {
        let [.., a, b, c, d, high, low] = bits.to_be_bytes();
        SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low]))
    }
}

/// What a segment means to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It opens one, or says that it was opened.
    Syn,
    /// It closes its sender's half.
    Fin,
    /// Any other.
    Ack,
    /// It ends it.
    Rst,
}

/// What a director sees of a connection, and from which end a segment comes (`TCP_DIR_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// From the client, and the answers pass the director too.
    Input,
    /// From the server.
    Output,
    /// From the client, and no answer passes the director.
    InputOnly,
}

/// `IP_VS_TCP_S_*`, those that come about without `secure_tcp` and active FTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    None,
    Established,
    SynSent,
    SynReceived,
    FinWait,
    TimeWait,
    Close,
    CloseWait,
}

impl State {
    /// `tcp_timeouts`.
    pub(crate) fn timeout(self) -> Duration {
        Duration::from_secs(match self {
            Self::None => 2,
            Self::Established => 900,
            Self::SynReceived | Self::CloseWait => 60,
            Self::SynSent | Self::FinWait | Self::TimeWait => 120,
            Self::Close => 10,
        })
    }

    /// `IP_VS_TCP_S_*`.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Established => 1,
            Self::SynSent => 2,
            Self::SynReceived => 3,
            Self::FinWait => 4,
            Self::TimeWait => 5,
            Self::Close => 6,
            Self::CloseWait => 7,
        }
    }

    /// The reverse.
    pub(super) fn from_number(number: u8) -> Option<Self> {
        use State::{Close, CloseWait, Established, FinWait, SynReceived, SynSent, TimeWait};
        let all = [Established, SynSent, SynReceived, FinWait, TimeWait, Close, CloseWait];
        all.into_iter().find(|state| state.number() == number)
    }

    /// `tcp_state_active_table`.
    pub(crate) fn is_active(self) -> bool {
        matches!(self, Self::Established | Self::SynSent | Self::SynReceived)
    }

    /// `tcp_states`.
    fn after(self, event: Event, side: Side) -> Self {
        match side {
            Side::Input => self.after_input(event),
            Side::Output => self.after_output(event),
            Side::InputOnly => match (event, self) {
                (Event::Fin, Self::Established | Self::FinWait) => Self::FinWait,
                _ => self.after_input(event),
            },
        }
    }

    fn after_input(self, event: Event) -> Self {
        match (event, self) {
            (Event::Syn, Self::Established | Self::SynSent) => Self::Established,
            (Event::Syn, _) => Self::SynReceived,
            (Event::Fin | Event::Ack, Self::SynSent) => Self::SynSent,
            (Event::Fin, Self::None | Self::Close) => Self::Close,
            (Event::Fin, Self::Established | Self::CloseWait) => Self::CloseWait,
            (Event::Fin, Self::SynReceived | Self::FinWait | Self::TimeWait) => Self::TimeWait,
            (Event::Ack, Self::None | Self::Established | Self::SynReceived) => Self::Established,
            (Event::Ack, other) => other,
            (Event::Rst, Self::SynReceived) => Self::SynReceived,
            (Event::Rst, _) => Self::Close,
        }
    }

    fn after_output(self, event: Event) -> Self {
        match (event, self) {
            (Event::Syn, Self::Established | Self::SynReceived) => self,
            (Event::Syn, _) | (Event::Fin | Event::Rst, Self::SynSent) => Self::SynSent,
            (Event::Fin, Self::Established | Self::FinWait) => Self::FinWait,
            (Event::Fin, Self::Close) => Self::Close,
            (Event::Fin, _) => Self::TimeWait,
            (Event::Ack, Self::None | Self::Established | Self::SynReceived) => Self::Established,
            (Event::Ack, other) => other,
            (Event::Rst, Self::TimeWait) => Self::TimeWait,
            (Event::Rst, _) => Self::Close,
        }
    }
}

/// How a connection begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening {
    pub(crate) flow: Flow,
    /// Place of the destination among all that were ever there.
    pub(crate) destination: usize,
    /// The template of persistence that it is under.
    pub(crate) control: Option<u32>,
    /// How its packets are forwarded, for ever: the connection has it from its destination.
    pub(crate) forward: Forward,
    /// With NAT, the client and the server: what the answers are found by.
    pub(crate) answers: Option<Flow>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection {
    pub(crate) opening: Opening,
    pub(crate) state: State,
    pub(super) telling: Telling,
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

    /// The timer that is to be started for that, if none runs out before.
    fn lasts_until(&mut self, at: Instant, slot: usize) -> Option<Timer> {
        self.expires = at;
        let generation = self.generation;
        self.wakes.is_none_or(|wakes| at < wakes).then(|| {
            self.wakes = Some(at);
            Timer { slot, generation, at }
        })
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Connections {
    by_flow: BTreeMap<Flow, usize>,
    by_answers: BTreeMap<Flow, usize>,
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

    /// The connection that a server answers on, when that passes the director.
    pub(crate) fn answered(&self, answers: Flow) -> Option<usize> {
        self.by_answers.get(&answers).copied()
    }

    /// All there are, in the order of their slots.
    pub(super) fn all(&self) -> impl Iterator<Item = &Connection> {
        self.slab.iter().flatten()
    }

    /// Makes a connection that its first segment has not moved yet; its slot.
    pub(crate) fn add(&mut self, opening: Opening, now: Instant) -> usize {
        self.generation += 1;
        let generation = self.generation;
        let expires = now + Duration::from_secs(3);
        let (state, telling, wakes) = (State::None, Telling::default(), None);
        let connection = Connection { opening, state, telling, expires, wakes, generation };
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slab.push(None);
            self.slab.len() - 1
        });
        if let Some(place) = self.slab.get_mut(slot) {
            *place = Some(connection);
        }
        self.by_flow.insert(opening.flow, slot);
        if let Some(answers) = opening.answers {
            self.by_answers.insert(answers, slot);
        }
        slot
    }

    /// Moves the state; what it was and what it is, and the timer that is to be started: for a new
    /// connection, and for one whose end has come nearer.
    pub(crate) fn advance(
        &mut self,
        slot: usize,
        (event, is_answer): (Event, bool),
        now: Instant,
    ) -> Option<(State, State, Option<Timer>)> {
        let connection = self.slab.get_mut(slot)?.as_mut()?;
        let before = connection.state;
        let side = match connection.opening.forward {
            _ if is_answer => Side::Output,
            Forward::Nat => Side::Input,
            Forward::Direct | Forward::Tunnel(_) => Side::InputOnly,
        };
        connection.state = before.after(event, side);
        let timer = connection.lasts_until(now + connection.state.timeout(), slot);
        Some((before, connection.state, timer))
    }

    pub(super) fn get_mut(&mut self, slot: usize) -> Option<&mut Connection> {
        self.slab.get_mut(slot)?.as_mut()
    }

    /// Makes of a connection what another director tells of it; its state before, and the timer
    /// that is to be started.
    pub(super) fn put(
        &mut self,
        slot: usize,
        (state, telling): (State, Telling),
        timeout: Duration,
        now: Instant,
    ) -> Option<(State, Option<Timer>)> {
        let connection = self.get_mut(slot)?;
        let before = std::mem::replace(&mut connection.state, state);
        connection.telling = telling;
        Some((before, connection.lasts_until(now + timeout, slot)))
    }

    /// Gives a connection another destination, and with it a forwarding method.
    pub(super) fn rebind(&mut self, slot: usize, bound: (usize, Forward), answers: Option<Flow>) {
        let Some(connection) = self.get_mut(slot) else { return };
        let opening = &mut connection.opening;
        let before = std::mem::replace(&mut opening.answers, answers);
        (opening.destination, opening.forward) = bound;
        if let Some(before) = before {
            self.by_answers.remove(&before);
        }
        if let Some(answers) = answers {
            self.by_answers.insert(answers, slot);
        }
    }

    /// No segment finds it any more; its generation.
    pub(crate) fn unhash(&mut self, slot: usize) -> Option<u32> {
        let Connection { opening, generation, .. } = *self.get(slot)?;
        self.unlink(&opening, slot);
        Some(generation)
    }

    /// When each runs out if nothing comes, by how much later the kernel may be, and the template
    /// that it is under.
    pub(crate) fn pending(&self) -> impl Iterator<Item = (Instant, Duration, Option<u32>)> {
        self.all().map(|connection| {
            let slack = slack(connection.state.timeout());
            (connection.expires, slack, connection.opening.control)
        })
    }

    /// Those whose destination is among these.
    pub(crate) fn of(&self, is: impl Fn(usize) -> bool) -> Vec<usize> {
        let all = self.slab.iter().enumerate();
        let is =
            |one: &Option<Connection>| one.as_ref().is_some_and(|one| is(one.opening.destination));
        all.filter(|(_, one)| is(one)).map(|(slot, _)| slot).collect()
    }

    /// Another connection may be found by what this one was found by.
    fn unlink(&mut self, opening: &Opening, slot: usize) {
        if self.by_flow.get(&opening.flow) == Some(&slot) {
            self.by_flow.remove(&opening.flow);
        }
        if let Some(answers) = opening.answers
            && self.by_answers.get(&answers) == Some(&slot)
        {
            self.by_answers.remove(&answers);
        }
    }

    /// Ends a connection.
    pub(crate) fn remove(&mut self, slot: usize) -> Option<Ended> {
        let Connection { opening, state, .. } = self.slab.get_mut(slot)?.take()?;
        self.unlink(&opening, slot);
        self.free.push(slot);
        let Opening { destination, control, .. } = opening;
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

    fn opening(client: SocketAddrV4, target: SocketAddrV4) -> Opening {
        let flow = Flow::new(client, target);
        let (forward, answers) = (Forward::Direct, None);
        Opening { flow, destination: 0, control: None, forward, answers }
    }

    #[test]
    fn a_flow_is_both_of_its_ends() {
        let client: SocketAddrV4 = "192.0.2.7:60999".parse().unwrap();
        let target: SocketAddrV4 = "255.1.2.3:65535".parse().unwrap();
        let flow = Flow::new(client, target);
        assert_eq!((flow.client(), flow.target()), (client, target));
    }

    #[test]
    fn with_nat_both_ends_are_seen() {
        use Side::{Input, Output};
        let told = [
            (Event::Syn, Input, State::SynReceived),
            (Event::Syn, Output, State::SynReceived),
            (Event::Ack, Input, State::Established),
            (Event::Fin, Output, State::FinWait),
            (Event::Fin, Input, State::TimeWait),
            (Event::Syn, Input, State::SynReceived),
            (Event::Ack, Output, State::Established),
            (Event::Fin, Input, State::CloseWait),
            (Event::Fin, Output, State::TimeWait),
            (Event::Rst, Output, State::TimeWait),
            (Event::Syn, Output, State::SynSent),
        ];
        let mut state = State::None;
        for (event, side, next) in told {
            state = state.after(event, side);
            assert_eq!(state, next, "{event:?} {side:?}");
        }
    }

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
            state = state.after(event, Side::InputOnly);
            assert_eq!(state, next);
            assert_eq!(state.timeout(), Duration::from_secs(seconds));
        }
    }

    #[test]
    fn a_reset_closes_unless_the_handshake_is_open() {
        assert_eq!(State::Established.after(Event::Rst, Side::InputOnly), State::Close);
        assert_eq!(State::SynReceived.after(Event::Rst, Side::InputOnly), State::SynReceived);
    }

    #[test]
    fn a_slot_that_is_used_again_is_not_ended_by_the_old_timer() {
        let client = |port| SocketAddrV4::new([10, 0, 0, 1].into(), port);
        let target = SocketAddrV4::new([10, 0, 0, 100].into(), 80);
        let mut table = Connections::default();
        let begin = |table: &mut Connections, port| {
            let slot = table.add(opening(client(port), target), Instant::ZERO);
            let moved = table.advance(slot, (Event::Syn, false), Instant::ZERO);
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
