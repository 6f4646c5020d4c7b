//! What becomes of a packet, and what time does to connections.

use super::connections::{Ended, Event, Expiry, Flow, Opening, State};
use super::destination::Choice;
use super::schedulers::{Arrival, Schedule, folded};
use super::table::{Displaced, Ipvs, Owner, Service};
use super::templates::{Over, Whom};
use director_core::config::Forward;
use director_core::time::Instant;
use std::net::{SocketAddr, SocketAddrV4};
use std::time::Duration;

/// A connection's timer that is to be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    pub(crate) slot: usize,
    pub(crate) generation: u32,
    /// When it runs out unless it is started anew.
    pub at: Instant,
}

/// A connection or a template of persistence that ends when nothing more comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// When its time is up.
    pub due: Instant,
    /// By how much later a kernel may notice.
    pub slack: Duration,
    /// The template that it is, or is under.
    pub template: Option<u32>,
    /// Whether it is the template.
    pub is_template: bool,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not for IPVS: the host's own stack answers.
    Local,
    /// Dropped without a word.
    Dropped,
    /// Nobody can serve: ICMP port unreachable.
    Nobody,
    /// On to a real server.
    Forward {
        /// Where.
        server: SocketAddr,
        /// How.
        forward: Forward,
        /// Whether the connection has just begun.
        new: bool,
        /// Whether it is dropped, or goes to a neighbour that there is not, if the server is not
        /// this host.
        astray: bool,
        /// A timer that is to be started; an older one of the connection is of no meaning then.
        timer: Option<Timer>,
    },
}

impl Ipvs {
    /// A TCP segment for an address of this host.
    pub fn incoming(
        &mut self,
        client: SocketAddrV4,
        target: SocketAddrV4,
        event: Event,
        now: Instant,
    ) -> Verdict {
        self.segments(client, target, (event, 1), now)
    }

    /// The same of what are more packets on the wire than one.
    pub(crate) fn segments(
        &mut self,
        client: SocketAddrV4,
        target: SocketAddrV4,
        (event, packets): (Event, u8),
        now: Instant,
    ) -> Verdict {
        self.settle(now);
        let flow = Flow::new(client, target);
        if let Some(slot) = self.connections.find(flow) {
            if let Some(verdict) = self.known(slot, (event, packets), now) {
                return verdict;
            }
            // It goes with the next tick, and counts until then.
            if let Some(generation) = self.connections.unhash(slot) {
                self.displaced.push(Displaced { slot, generation, since: now });
            }
        }
        if event != Event::Syn || !self.services.contains_key(&target) {
            return Verdict::Local;
        }
        let Some((number, control)) = self.schedule(client, target, now) else {
            return Verdict::Nobody;
        };
        self.open(flow, number, control, now)
    }

    fn open(&mut self, flow: Flow, number: usize, control: Option<u32>, now: Instant) -> Verdict {
        let Some((address, forward)) =
            self.destinations.get(number).map(|one| (one.address, one.forward))
        else {
            return Verdict::Dropped;
        };
        let answers = match (forward, address) {
            (Forward::Nat, SocketAddr::V4(server)) => Some(Flow::new(flow.client(), server)),
            _ => None,
        };
        let opening = Opening { flow, destination: number, control, forward, answers };
        let slot = self.connections.add(opening, now);
        let mut astray = false;
        if let Some(destination) = self.destinations.get_mut(number) {
            destination.bind();
            astray = !destination.take_route(forward);
        }
        if let Some(control) = control {
            self.templates.control(control, now);
        }
        match self.advance(slot, (Event::Syn, false), now) {
            Some(timer) => {
                self.tell(slot, 1, now);
                Verdict::Forward { server: address, forward, new: true, astray, timer }
            }
            None => Verdict::Dropped,
        }
    }

    /// The destination of a new connection, and the template that it is under.
    fn schedule(
        &mut self,
        client: SocketAddrV4,
        target: SocketAddrV4,
        now: Instant,
    ) -> Option<(usize, Option<u32>)> {
        let persistence = self.services.get(&target)?.settings.persistence;
        let Some(persistence) = persistence else {
            return self.pick(client, target, now).map(|number| (number, None));
        };
        let whom = Whom::new(self.stand_ins.real(*client.ip()), persistence.prefix, target);
        if let Some((template, number)) = self.templates.find(whom) {
            if self.is_good(number) {
                return Some((number, Some(template)));
            }
            self.templates.invalidate(template);
        }
        let number = self.pick(client, target, now)?;
        let destination = self.destinations.get_mut(number)?;
        destination.templates += 1;
        let bound = (number, destination.forward);
        let template = self.templates.add(whom, bound, persistence.timeout, now);
        Some((number, Some(template)))
    }

    /// Whether a template may lead to the destination (`ip_vs_check_template`).
    fn is_good(&self, number: usize) -> bool {
        let is_there = |owner: &Owner| owner.removed.is_none() && !owner.apart;
        let there = self.owners.get(number).is_some_and(is_there);
        let quiesced = self.destinations.get(number).is_some_and(|one| one.weight == 0);
        there && !(quiesced && self.settings.expire_quiescent_template)
    }

    fn pick(&mut self, client: SocketAddrV4, target: SocketAddrV4, now: Instant) -> Option<usize> {
        let hashed = |number| folded(self.stand_ins.real(number));
        let client = SocketAddrV4::new(hashed(*client.ip()), client.port());
        let to = hashed(*target.ip());
        let Service { settings, schedule, order } = self.services.get_mut(&target)?;
        let choice = Choice { all: &self.destinations, order };
        let arrival = Arrival { client, target: to, flags: settings.flags, now };
        Schedule::pick(schedule, &choice, &arrival)
    }

    /// `None`: the connection is to be ended, and the segment judged as if it had not been there.
    fn known(
        &mut self,
        slot: usize,
        (event, packets): (Event, u8),
        now: Instant,
    ) -> Option<Verdict> {
        let connection = self.connections.get(slot)?;
        let Opening { destination: number, control, forward, .. } = connection.opening;
        let destination = self.destinations.get(number)?;
        let (server, owner) = (destination.address, self.owners.get(number)?);
        let expires = self.settings.expire_nodest_conn;
        if event == Event::Syn {
            let over = matches!(connection.state, State::TimeWait | State::Close);
            // Whom persistence controls keeps its connection (`is_new_conn_expected`).
            let again = over && control.is_none();
            if again || (expires && !owner.apart && destination.weight == 0) {
                return None;
            }
        }
        if owner.removed.is_some() {
            return (!expires).then_some(Verdict::Dropped);
        }
        // Without a destination the kernel does not know which kind of tunnel it is, and drops the
        // packet (`__ip_vs_get_out_rt` in `ip_vs_xmit.c`).
        let lost = owner.apart && matches!(forward, Forward::Tunnel(_));
        let timer = self.advance(slot, (event, false), now)?;
        self.tell(slot, packets, now);
        let astray = lost || !self.destinations.get_mut(number)?.take_route(forward);
        Some(Verdict::Forward { server, forward, new: false, astray, timer })
    }

    /// A segment moves a connection's state: an event of the client's, or of the server's.
    fn advance(
        &mut self,
        slot: usize,
        event: (Event, bool),
        now: Instant,
    ) -> Option<Option<Timer>> {
        let Opening { destination, control, .. } = self.connections.get(slot)?.opening;
        let (before, after, timer) = self.connections.advance(slot, event, now)?;
        let destination = self.destinations.get_mut(destination)?;
        destination.shift(before.is_active(), after.is_active());
        if let Some(control) = control.filter(|_| after == State::Established && after != before) {
            self.templates.assure(control);
        }
        Some(timer)
    }

    /// A TCP segment that a server sent to a client and that passes this host: for whom it is on a
    /// connection that is forwarded by NAT, and a timer that is to be started (`ip_vs_out_hook`).
    pub fn outgoing(
        &mut self,
        server: SocketAddrV4,
        client: SocketAddrV4,
        event: Event,
        now: Instant,
    ) -> Option<(SocketAddrV4, Option<Timer>)> {
        self.settle(now);
        let slot = self.connections.answered(Flow::new(client, server))?;
        let target = self.connections.get(slot)?.opening.flow.target();
        Some((target, self.advance(slot, (event, true), now)?))
    }

    /// The virtual address behind which clients know a server, by a connection with NAT.
    #[must_use]
    pub fn behind(&self, server: SocketAddrV4, client: SocketAddrV4) -> Option<SocketAddrV4> {
        let slot = self.connections.answered(Flow::new(client, server))?;
        Some(self.connections.get(slot)?.opening.flow.target())
    }

    /// What time has done before this moment and no timer of a connection does. Everything else
    /// here does it first.
    pub fn settle(&mut self, now: Instant) {
        while self.displaced.first().is_some_and(|displaced| displaced.since < now) {
            let Displaced { slot, generation, .. } = self.displaced.remove(0);
            let still = self.connections.get(slot).is_some_and(|one| one.is_of(generation));
            if let Some(ended) = still.then(|| self.connections.remove(slot)).flatten() {
                self.uncount(ended);
            }
        }
        if self.orphaned.is_some_and(|since| since < now) {
            self.orphaned = None;
            self.end_orphans();
        }
        while let Some(over) = self.templates.expire(now) {
            match over {
                Over::Gone(number) => self.release(number),
                Over::LivesOn(number, at) => self.tell_of_template(number, at),
            }
        }
    }

    fn release(&mut self, number: usize) {
        if let Some(destination) = self.destinations.get_mut(number) {
            destination.templates = destination.templates.saturating_sub(1);
        }
    }

    /// Ends what leads to destinations that are gone still (`expire_nodest_conn_work`).
    fn end_orphans(&mut self) {
        let owners = &self.owners;
        let gone = |number: usize| owners.get(number).is_some_and(|one| one.removed.is_some());
        for slot in self.connections.of(gone) {
            if let Some(ended) = self.connections.remove(slot) {
                self.uncount(ended);
            }
        }
        let owners = &self.owners;
        let gone = |number: usize| owners.get(number).is_some_and(|one| one.removed.is_some());
        let mut idle = Vec::new();
        while let Some(number) = self.templates.drop_idle(gone) {
            idle.push(number);
        }
        idle.into_iter().for_each(|number| self.release(number));
    }

    pub(super) fn uncount(&mut self, ended: Ended) {
        let Ended { destination, control, state } = ended;
        if let Some(destination) = self.destinations.get_mut(destination) {
            destination.unbind(state.is_active());
        }
        if let Some(control) = control {
            self.templates.release(control);
        }
    }

    /// Everything that time is going to end.
    pub fn pending(&self) -> impl Iterator<Item = Pending> {
        let connections = self.connections.pending().map(|(due, slack, template)| Pending {
            due,
            slack,
            template,
            is_template: false,
        });
        let templates = self.templates.pending().map(|(due, slack, number)| Pending {
            due,
            slack,
            template: Some(number),
            is_template: true,
        });
        connections.chain(templates)
    }

    /// A connection's timer has run out; the timer that is to be started for it.
    pub fn expired(&mut self, timer: Timer) -> Option<Timer> {
        self.settle(timer.at);
        match self.connections.expired(timer) {
            Expiry::Stale => None,
            Expiry::Later(at) => Some(Timer { at, ..timer }),
            Expiry::Ended(ended) => {
                self.uncount(ended);
                None
            }
        }
    }
}
