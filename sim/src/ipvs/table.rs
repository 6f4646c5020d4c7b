//! Services and their destinations.

use super::connections::Connections;
use super::destination::{Choice, Destination};
use super::schedulers::Schedule;
use super::sync::{Teller, When};
use super::templates::Templates;
use crate::net::stand_in::StandIns;
use director_core::config::{Forward, ServiceSettings, Thresholds};
use director_core::time::Instant;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, SocketAddrV4};
use std::sync::Arc;

/// The table of one director.
#[derive(Clone, Debug, Default)]
pub struct Ipvs {
    /// What `net/ipv4/vs/*` says.
    pub settings: Settings,
    pub(super) services: BTreeMap<SocketAddrV4, Service>,
    /// Whose addresses clients and services have, where those are numbers for others.
    pub(super) stand_ins: Arc<StandIns>,
    /// Every destination that is, or was and may come back; connections name them by their place.
    pub(super) destinations: Vec<Destination>,
    pub(super) owners: Vec<Owner>,
    pub(super) connections: Connections,
    pub(super) templates: Templates,
    /// Connections that somebody took the place of: they count until the next tick.
    pub(super) displaced: Vec<Displaced>,
    /// Since when connections to removed destinations are to be ended.
    pub(super) orphaned: Option<Instant>,
    /// When connections are told of.
    pub when: When,
    /// Whether a kernel may have told otherwise, for its ticks.
    pub(super) doubtful: bool,
    /// What a master of synchronisation has to tell.
    pub(crate) teller: Option<Box<Teller>>,
}

/// A connection whose flow is another's now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Displaced {
    pub(super) slot: usize,
    pub(super) generation: u32,
    pub(super) since: Instant,
}

#[derive(Clone, Debug)]
pub(super) struct Service {
    pub(super) settings: ServiceSettings,
    pub(super) schedule: Schedule,
    /// Newest first.
    pub(super) order: Vec<usize>,
}

/// Of which service a destination is, and since when it is not any more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    service: SocketAddrV4,
    pub(super) removed: Option<Instant>,
    /// Whether it is of none: another director has told of an entry for a server that the table
    /// does not have. The kernel's entry has no destination then.
    pub(super) apart: bool,
}

/// `net/ipv4/vs/*`, each as in a kernel that nobody told anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// Connections to a destination that was removed end at once.
    pub expire_nodest_conn: bool,
    /// Who kept to a destination whose weight is 0 now is scheduled anew.
    pub expire_quiescent_template: bool,
}

/// What is said of a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Its weight; 0 for no new connections.
    pub weight: u16,
    /// Between which numbers of connections it is overloaded.
    pub thresholds: Thresholds,
    /// How packets reach it.
    pub forward: Forward,
}

impl Ipvs {
    /// An empty table of services, servers and clients with these addresses. Those of IPv6 have
    /// numbers that stand for them; `None` when there are more than 65,536.
    pub fn of_addresses(addresses: impl IntoIterator<Item = IpAddr>) -> Option<Self> {
        Some(Self::among(&Arc::new(StandIns::of_addresses(addresses)?)))
    }

    /// What this table calls an address; `None` for one of IPv6 that it was not made with.
    #[must_use]
    pub fn number(&self, address: SocketAddr) -> Option<SocketAddrV4> {
        self.stand_ins.of_socket(address)
    }

    /// One whose clients and services are called by these numbers.
    pub(crate) fn among(stand_ins: &Arc<StandIns>) -> Self {
        Self { stand_ins: Arc::clone(stand_ins), ..Self::default() }
    }

    /// False when it is there.
    pub fn add_service(&mut self, key: SocketAddrV4, settings: ServiceSettings) -> bool {
        if self.services.contains_key(&key) {
            return false;
        }
        let schedule = Schedule::new(settings.scheduler);
        self.services.insert(key, Service { settings, schedule, order: Vec::new() });
        true
    }

    /// False when it is not there. Another scheduler begins anew; the same one goes on.
    pub fn edit_service(&mut self, key: SocketAddrV4, settings: ServiceSettings) -> bool {
        let Some(service) = self.services.get_mut(&key) else { return false };
        if service.settings.scheduler != settings.scheduler {
            service.schedule = Schedule::new(settings.scheduler);
            service.schedule.changed(&Choice { all: &self.destinations, order: &service.order });
        }
        service.settings = settings;
        true
    }

    /// Takes a service away, with its destinations.
    pub fn remove_service(&mut self, key: SocketAddrV4, now: Instant) {
        self.settle(now);
        let order = self.services.remove(&key).map(|service| service.order).unwrap_or_default();
        self.orphan(&order, now);
    }

    fn orphan(&mut self, numbers: &[usize], now: Instant) {
        for number in numbers {
            if let Some(owner) = self.owners.get_mut(*number) {
                owner.removed = Some(now);
            }
        }
        if self.settings.expire_nodest_conn {
            self.orphaned = Some(now);
        }
    }

    /// Adds a destination; one that was removed and has connections has them again.
    pub fn add_server(
        &mut self,
        key: SocketAddrV4,
        address: SocketAddr,
        share: Share,
        now: Instant,
    ) {
        self.settle(now);
        let number = self.revive(key, address).unwrap_or_else(|| self.make(key, address));
        let Some(service) = self.services.get_mut(&key) else { return };
        if let Some(destination) = self.destinations.get_mut(number) {
            destination.forward = share.forward;
            destination.update(u32::from(share.weight), share.thresholds, true);
        }
        service.order.insert(0, number);
        service.schedule.changed(&Choice { all: &self.destinations, order: &service.order });
    }

    /// The kernel keeps what connections, templates or the scheduler refer to, however long
    /// (`dest_trash`).
    fn revive(&mut self, key: SocketAddrV4, address: SocketAddr) -> Option<usize> {
        let service = self.services.get(&key)?;
        let mut pairs = self.owners.iter().zip(&self.destinations).enumerate();
        let (number, _) = pairs.find(|(number, (owner, destination))| {
            owner.removed.is_some()
                && owner.service == key
                && destination.address == address
                && (destination.is_referred_to() || service.schedule.remembers(*number))
        })?;
        self.owners.get_mut(number)?.removed = None;
        Some(number)
    }

    pub(super) fn make(&mut self, key: SocketAddrV4, address: SocketAddr) -> usize {
        self.owners.push(Owner { service: key, removed: None, apart: false });
        self.destinations.push(Destination::new(address));
        self.owners.len() - 1
    }

    /// One that is of no service.
    pub(super) fn make_apart(&mut self, key: SocketAddrV4, address: SocketAddr) -> usize {
        let number = self.make(key, address);
        if let Some(owner) = self.owners.get_mut(number) {
            owner.apart = true;
        }
        number
    }

    pub(super) fn is_apart(&self, number: usize) -> bool {
        self.owners.get(number).is_some_and(|owner| owner.apart)
    }

    pub(super) fn find(&self, key: SocketAddrV4, address: SocketAddr) -> Option<usize> {
        let is_it = |number: &&usize| {
            self.destinations.get(**number).is_some_and(|one| one.address == address)
        };
        self.services.get(&key)?.order.iter().find(is_it).copied()
    }

    /// Says something else of a destination.
    pub fn edit_server(&mut self, key: SocketAddrV4, address: SocketAddr, share: Share) {
        let Some(number) = self.find(key, address) else { return };
        if let Some(destination) = self.destinations.get_mut(number) {
            destination.forward = share.forward;
            destination.update(u32::from(share.weight), share.thresholds, false);
        }
        if let Some(service) = self.services.get_mut(&key) {
            service.schedule.changed(&Choice { all: &self.destinations, order: &service.order });
        }
    }

    /// The host's addresses have changed, and so its routes (`rt_cache_flush` in
    /// `fib_inetaddr_event`), or it has joined or left a group (`ip_rt_multicast_event`), as a
    /// backup of synchronisation does.
    pub fn forget_routes(&mut self) {
        self.destinations.iter_mut().for_each(Destination::forget_route);
    }

    /// Takes a destination out of its service.
    pub fn remove_server(&mut self, key: SocketAddrV4, address: SocketAddr, now: Instant) {
        self.settle(now);
        let Some(number) = self.find(key, address) else { return };
        let Some(service) = self.services.get_mut(&key) else { return };
        let choice = Choice { all: &self.destinations, order: &service.order };
        service.schedule.removing(number, &choice);
        service.order.retain(|other| *other != number);
        service.schedule.changed(&Choice { all: &self.destinations, order: &service.order });
        self.orphan(&[number], now);
    }

    /// Whether the service is there.
    #[must_use]
    pub fn has_service(&self, key: SocketAddrV4) -> bool {
        self.services.contains_key(&key)
    }

    /// Whether a destination of the service has weight.
    #[must_use]
    pub fn has_usable(&self, key: SocketAddrV4) -> bool {
        let order = self.services.get(&key).map(|service| service.order.as_slice());
        let mut all = order.unwrap_or_default().iter();
        all.any(|number| self.destinations.get(*number).is_some_and(|one| one.weight > 0))
    }

    /// Active and inactive connections of a destination.
    #[must_use]
    pub fn counts(&self, key: SocketAddrV4, address: SocketAddr) -> (u32, u32) {
        let destination = self.find(key, address).and_then(|number| self.destinations.get(number));
        destination.map_or((0, 0), |one| (one.active, one.inactive))
    }

    /// For a scheduler that throws dice: each destination with how many of how many equally likely
    /// throws name it. `None` for all others.
    #[must_use]
    pub fn odds(&self, key: SocketAddrV4) -> Option<(Vec<(SocketAddr, u64)>, u64)> {
        let service = self.services.get(&key)?;
        let Schedule::Random(_) = service.schedule else { return None };
        let choice = Choice { all: &self.destinations, order: &service.order };
        let (named, throws) = super::schedulers::odds(&choice);
        let address = |number: usize| self.destinations.get(number).map(|one| one.address);
        let named = named.into_iter().filter_map(|(one, many)| Some((address(one)?, many)));
        Some((named.collect(), throws))
    }

    /// What the dice of the service's scheduler will show next: this destination. Whether there
    /// was another that they were to show and did not.
    pub fn foresee(&mut self, key: SocketAddrV4, address: Option<SocketAddr>) -> bool {
        let number = address.and_then(|address| self.find(key, address));
        match self.services.get_mut(&key) {
            Some(Service { schedule: Schedule::Random(random), .. }) => {
                random.foresee(number).is_some()
            }
            _ => false,
        }
    }
}
