//! Services and their destinations, and what becomes of a packet.

use super::connections::{Connections, Event, Expiry, Flow, State};
use super::schedulers::{Choice, Destination, Schedule};
use director_core::config::Scheduler;
use director_core::time::Instant;
use std::collections::BTreeMap;
use std::net::{SocketAddr, SocketAddrV4};
use std::time::Duration;

/// How long a removed destination is remembered (`IP_VS_DEST_TRASH_PERIOD`).
const TRASH: Duration = Duration::from_secs(120);

/// The table of one director.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ipvs {
    services: BTreeMap<SocketAddrV4, Service>,
    /// Every destination that is, or was and may come back; connections name them by their place.
    destinations: Vec<Destination>,
    owners: Vec<Owner>,
    connections: Connections,
}

#[derive(Clone, Debug)]
struct Service {
    schedule: Schedule,
    /// Newest first.
    order: Vec<usize>,
}

/// Of which service a destination is, and since when it is not any more.
#[derive(Clone, Copy, Debug)]
struct Owner {
    service: SocketAddrV4,
    removed: Option<Instant>,
}

/// `net/ipv4/vs/*`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) expire_nodest_conn: bool,
}

/// A connection's timer that is to be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timer {
    pub(crate) slot: usize,
    pub(crate) generation: u32,
    pub(crate) at: Instant,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Not for IPVS: the host's own stack answers.
    Local,
    /// Dropped without a word.
    Dropped,
    /// Nobody can serve: ICMP port unreachable.
    Nobody,
    /// On to this destination, on a connection that is new when it has a timer.
    Forward(SocketAddr, Option<Timer>),
}

impl Ipvs {
    /// False when it is there or the scheduler is not modelled.
    pub(crate) fn add_service(&mut self, key: SocketAddrV4, scheduler: Scheduler) -> bool {
        let Some(schedule) = Schedule::new(scheduler) else { return false };
        if self.services.contains_key(&key) {
            return false;
        }
        self.services.insert(key, Service { schedule, order: Vec::new() });
        true
    }

    pub(crate) fn edit_service(&mut self, key: SocketAddrV4, scheduler: Scheduler) -> bool {
        let Some(service) = self.services.get_mut(&key) else { return false };
        let Some(schedule) = Schedule::new(scheduler) else { return false };
        service.schedule = schedule;
        service.schedule.changed(&Choice { all: &self.destinations, order: &service.order });
        true
    }

    pub(crate) fn remove_service(&mut self, key: SocketAddrV4, now: Instant) {
        let order = self.services.remove(&key).map(|service| service.order).unwrap_or_default();
        for number in order {
            if let Some(owner) = self.owners.get_mut(number) {
                owner.removed = Some(now);
            }
        }
    }

    pub(crate) fn add_server(
        &mut self,
        key: SocketAddrV4,
        address: SocketAddr,
        weight: u16,
        now: Instant,
    ) {
        let number = self.revive(key, address, now).unwrap_or_else(|| self.make(key, address));
        let Some(service) = self.services.get_mut(&key) else { return };
        if let Some(destination) = self.destinations.get_mut(number) {
            destination.weight = u32::from(weight);
        }
        service.order.insert(0, number);
        service.schedule.changed(&Choice { all: &self.destinations, order: &service.order });
    }

    /// A removed destination that comes back in time has its connections again.
    fn revive(&mut self, key: SocketAddrV4, address: SocketAddr, now: Instant) -> Option<usize> {
        let pairs = self.owners.iter().zip(&self.destinations);
        let number = pairs.into_iter().position(|(owner, destination)| {
            let Some(removed) = owner.removed else { return false };
            let remembered = now.since(removed) < TRASH || destination.active > 0;
            remembered && owner.service == key && destination.address == address
        })?;
        self.owners.get_mut(number)?.removed = None;
        Some(number)
    }

    fn make(&mut self, key: SocketAddrV4, address: SocketAddr) -> usize {
        self.owners.push(Owner { service: key, removed: None });
        self.destinations.push(Destination { address, weight: 0, active: 0, inactive: 0 });
        self.owners.len() - 1
    }

    fn find(&self, key: SocketAddrV4, address: SocketAddr) -> Option<usize> {
        let is_it = |number: &&usize| {
            self.destinations.get(**number).is_some_and(|one| one.address == address)
        };
        self.services.get(&key)?.order.iter().find(is_it).copied()
    }

    pub(crate) fn edit_server(&mut self, key: SocketAddrV4, address: SocketAddr, weight: u16) {
        let Some(number) = self.find(key, address) else { return };
        if let Some(destination) = self.destinations.get_mut(number) {
            destination.weight = u32::from(weight);
        }
        if let Some(service) = self.services.get_mut(&key) {
            service.schedule.changed(&Choice { all: &self.destinations, order: &service.order });
        }
    }

    pub(crate) fn remove_server(&mut self, key: SocketAddrV4, address: SocketAddr, now: Instant) {
        let Some(number) = self.find(key, address) else { return };
        let Some(service) = self.services.get_mut(&key) else { return };
        let choice = Choice { all: &self.destinations, order: &service.order };
        service.schedule.removing(number, &choice);
        service.order.retain(|other| *other != number);
        service.schedule.changed(&Choice { all: &self.destinations, order: &service.order });
        if let Some(owner) = self.owners.get_mut(number) {
            owner.removed = Some(now);
        }
    }

    /// Active and inactive connections of a destination.
    pub(crate) fn counts(&self, key: SocketAddrV4, address: SocketAddr) -> (u32, u32) {
        let destination = self.find(key, address).and_then(|number| self.destinations.get(number));
        destination.map_or((0, 0), |one| (one.active, one.inactive))
    }

    /// A TCP segment for an address of this host.
    pub(crate) fn incoming(
        &mut self,
        client: SocketAddrV4,
        target: SocketAddrV4,
        event: Event,
        settings: Settings,
        now: Instant,
    ) -> Verdict {
        let flow = Flow::new(client, target);
        if let Some(slot) = self.connections.find(flow) {
            if let Some(verdict) = self.known(slot, event, settings, now) {
                return verdict;
            }
            self.end(slot);
        }
        if event != Event::Syn {
            return Verdict::Local;
        }
        let Some(service) = self.services.get_mut(&target) else { return Verdict::Local };
        let choice = Choice { all: &self.destinations, order: &service.order };
        let Some(number) = service.schedule.pick(&choice, *client.ip(), *target.ip()) else {
            return Verdict::Nobody;
        };
        let (slot, generation) = self.connections.add(flow, number, now);
        if let Some(destination) = self.destinations.get_mut(number) {
            destination.inactive += 1;
        }
        match self.forward(slot, event, now) {
            Some((address, at)) => Verdict::Forward(address, Some(Timer { slot, generation, at })),
            None => Verdict::Dropped,
        }
    }

    /// `None`: the connection is to be ended, and the segment judged as if it had not been there.
    fn known(
        &mut self,
        slot: usize,
        event: Event,
        settings: Settings,
        now: Instant,
    ) -> Option<Verdict> {
        let connection = self.connections.get(slot)?;
        let destination = self.destinations.get(connection.destination)?;
        let owner = self.owners.get(connection.destination)?;
        if event == Event::Syn {
            let over = matches!(connection.state, State::TimeWait | State::Close);
            if over || (settings.expire_nodest_conn && destination.weight == 0) {
                return None;
            }
        }
        if owner.removed.is_some() {
            return (!settings.expire_nodest_conn).then_some(Verdict::Dropped);
        }
        self.forward(slot, event, now).map(|(address, _)| Verdict::Forward(address, None))
    }

    fn forward(
        &mut self,
        slot: usize,
        event: Event,
        now: Instant,
    ) -> Option<(SocketAddr, Instant)> {
        let number = self.connections.get(slot)?.destination;
        let (before, after, expires) = self.connections.advance(slot, event, now)?;
        let destination = self.destinations.get_mut(number)?;
        match (before.is_active(), after.is_active()) {
            (false, true) => {
                destination.active += 1;
                destination.inactive -= 1;
            }
            (true, false) => {
                destination.active -= 1;
                destination.inactive += 1;
            }
            _ => {}
        }
        Some((destination.address, expires))
    }

    fn end(&mut self, slot: usize) {
        if let Some((number, state)) = self.connections.remove(slot) {
            self.uncount(number, state);
        }
    }

    fn uncount(&mut self, number: usize, state: State) {
        if let Some(destination) = self.destinations.get_mut(number) {
            match state.is_active() {
                true => destination.active -= 1,
                false => destination.inactive -= 1,
            }
        }
    }

    /// A connection's timer has run out; when it is to run again.
    pub(crate) fn expired(
        &mut self,
        slot: usize,
        generation: u32,
        now: Instant,
    ) -> Option<Instant> {
        match self.connections.expired(slot, generation, now) {
            Expiry::Stale => None,
            Expiry::Later(at) => Some(at),
            Expiry::Ended(number, state) => {
                self.uncount(number, state);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIP: SocketAddrV4 = SocketAddrV4::new(std::net::Ipv4Addr::new(10, 0, 0, 100), 80);

    fn client(port: u16) -> SocketAddrV4 {
        SocketAddrV4::new([10, 0, 0, 1].into(), port)
    }

    fn server(last: u8) -> SocketAddr {
        ([10, 0, 0, last], 80).into()
    }

    fn table() -> Ipvs {
        let mut ipvs = Ipvs::default();
        assert!(ipvs.add_service(VIP, Scheduler::Rr));
        ipvs.add_server(VIP, server(21), 1, Instant::ZERO);
        ipvs.add_server(VIP, server(22), 1, Instant::ZERO);
        ipvs
    }

    fn send(ipvs: &mut Ipvs, port: u16, event: Event, expire: bool, seconds: u64) -> Verdict {
        let settings = Settings { expire_nodest_conn: expire };
        let now = Instant::ZERO + Duration::from_secs(seconds);
        ipvs.incoming(client(port), VIP, event, settings, now)
    }

    fn target(verdict: Verdict) -> SocketAddr {
        match verdict {
            Verdict::Forward(address, _) => address,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_connection_stays_with_its_server_and_counts() {
        let mut ipvs = table();
        let first = target(send(&mut ipvs, 1, Event::Syn, false, 0));
        assert_ne!(target(send(&mut ipvs, 2, Event::Syn, false, 0)), first);
        assert_eq!(target(send(&mut ipvs, 1, Event::Ack, false, 0)), first);
        assert_eq!(ipvs.counts(VIP, first), (1, 0));
        assert_eq!(target(send(&mut ipvs, 1, Event::Fin, false, 0)), first);
        assert_eq!(ipvs.counts(VIP, first), (0, 1));
    }

    #[test]
    fn a_segment_of_an_unknown_connection_is_for_the_local_stack() {
        assert_eq!(send(&mut table(), 1, Event::Ack, false, 0), Verdict::Local);
    }

    #[test]
    fn weight_zero_keeps_connections_and_gets_no_new_ones() {
        let mut ipvs = table();
        let first = target(send(&mut ipvs, 1, Event::Syn, false, 0));
        ipvs.edit_server(VIP, first, 0);
        assert_eq!(target(send(&mut ipvs, 1, Event::Ack, false, 0)), first);
        for port in 2..6 {
            assert_ne!(target(send(&mut ipvs, port, Event::Syn, false, 0)), first);
        }
    }

    #[test]
    fn connections_of_a_removed_server_hang_or_end_by_the_setting() {
        for (expire, expected) in [(false, Verdict::Dropped), (true, Verdict::Local)] {
            let mut ipvs = table();
            let first = target(send(&mut ipvs, 1, Event::Syn, expire, 0));
            ipvs.remove_server(VIP, first, Instant::ZERO);
            assert_eq!(send(&mut ipvs, 1, Event::Ack, expire, 0), expected);
        }
    }

    #[test]
    fn a_server_that_comes_back_soon_has_its_connections_again() {
        let mut ipvs = table();
        let first = target(send(&mut ipvs, 1, Event::Syn, false, 0));
        ipvs.remove_server(VIP, first, Instant::ZERO);
        ipvs.add_server(VIP, first, 1, Instant::ZERO + Duration::from_secs(9));
        assert_eq!(target(send(&mut ipvs, 1, Event::Ack, false, 10)), first);
        assert_eq!(ipvs.counts(VIP, first), (1, 0));
    }

    #[test]
    fn without_a_usable_server_the_client_is_told() {
        let mut ipvs = table();
        ipvs.edit_server(VIP, server(21), 0);
        ipvs.edit_server(VIP, server(22), 0);
        assert_eq!(send(&mut ipvs, 1, Event::Syn, false, 0), Verdict::Nobody);
    }

    #[test]
    fn a_connection_ends_when_its_time_is_up() {
        let mut ipvs = table();
        let Verdict::Forward(first, Some(timer)) = send(&mut ipvs, 1, Event::Syn, false, 0) else {
            panic!("new");
        };
        send(&mut ipvs, 1, Event::Fin, false, 50);
        let Some(again) = ipvs.expired(timer.slot, timer.generation, timer.at) else {
            panic!("used since");
        };
        assert_eq!(again, Instant::ZERO + Duration::from_secs(170));
        assert_eq!(ipvs.expired(timer.slot, timer.generation, again), None);
        assert_eq!(ipvs.counts(VIP, first), (0, 0));
    }

    #[test]
    fn a_port_that_is_used_again_after_the_end_is_scheduled_anew() {
        let mut ipvs = table();
        let first = target(send(&mut ipvs, 1, Event::Syn, false, 0));
        send(&mut ipvs, 1, Event::Fin, false, 0);
        assert_ne!(target(send(&mut ipvs, 1, Event::Syn, false, 1)), first);
    }
}
