//! How a new connection finds its destination (`ip_vs_rr.c`, `ip_vs_wrr.c` and so on).

mod hashing;
mod locality;
mod maglev;
mod random;
mod robin;

#[cfg(test)]
mod tests;

use super::destination::{Choice, Destination, least};
use director_core::config::{Scheduler, SchedulerFlags};
use director_core::time::Instant;
use hashing::Buckets;
use locality::Locality;
use maglev::Maglev;
use robin::Weighted;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};

use random::Random;
pub(super) use random::odds;

/// What hashes make of an address: the four words of one of IPv6 as one
/// (`ip_vs_sh_hashkey` and its likes).
pub(super) fn folded(address: IpAddr) -> Ipv4Addr {
    match address {
        IpAddr::V4(address) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, e, f, g, h] = address.segments();
            Ipv4Addr::from_bits(u32::from(a ^ c ^ e ^ g) << 16 | u32::from(b ^ d ^ f ^ h))
        }
    }
}

/// Whose connection it is, to which virtual address, and when; the addresses [`folded`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) client: SocketAddrV4,
    pub(super) target: Ipv4Addr,
    pub(super) flags: SchedulerFlags,
    pub(super) now: Instant,
}

impl Arrival {
    /// The client's port, where it goes into the hash.
    fn port(&self) -> u16 {
        let counts = self.flags.contains(SchedulerFlags::PORT);
        if counts { self.client.port() } else { 0 }
    }

    /// Whether another destination stands in for one that cannot take the connection.
    fn falls_back(&self) -> bool {
        self.flags.contains(SchedulerFlags::FALLBACK)
    }
}

/// A scheduler with what it remembers.
#[derive(Clone, Debug)]
pub(super) enum Schedule {
    RoundRobin {
        cursor: Option<usize>,
    },
    Weighted(Weighted),
    LeastConnections,
    WeightedLeast,
    ShortestDelay,
    NeverQueue,
    Failover,
    Overflow,
    /// By the client's address.
    Source(Buckets),
    /// By the virtual address.
    Target(Buckets),
    Maglev(Maglev),
    /// `lblc` and, with sets of servers, `lblcr`.
    Locality(Locality),
    Random(Random),
}

impl Schedule {
    pub(super) fn new(scheduler: Scheduler) -> Self {
        match scheduler {
            Scheduler::Rr => Self::RoundRobin { cursor: None },
            Scheduler::Wrr => Self::Weighted(Weighted::default()),
            Scheduler::Lc => Self::LeastConnections,
            Scheduler::Wlc => Self::WeightedLeast,
            Scheduler::Sed => Self::ShortestDelay,
            Scheduler::Nq => Self::NeverQueue,
            Scheduler::Fo => Self::Failover,
            Scheduler::Ovf => Self::Overflow,
            Scheduler::Sh => Self::Source(Buckets::default()),
            Scheduler::Dh => Self::Target(Buckets::default()),
            Scheduler::Mh => Self::Maglev(Maglev::default()),
            Scheduler::Lblc => Self::Locality(Locality::new(false)),
            Scheduler::Lblcr => Self::Locality(Locality::new(true)),
            Scheduler::Twos => Self::Random(Random::default()),
        }
    }

    /// Whether it keeps a destination in mind that is not in the service any more.
    pub(super) fn remembers(&self, number: usize) -> bool {
        matches!(self, Self::Locality(locality) if locality.remembers(number))
    }

    /// `removed` is about to leave the service and is still in `choice`.
    pub(super) fn removing(&mut self, removed: usize, choice: &Choice<'_>) {
        if let Self::RoundRobin { cursor } = self
            && *cursor == Some(removed)
        {
            let place = choice.order.iter().position(|number| *number == removed);
            let before = place.and_then(|place| place.checked_sub(1));
            *cursor = before.and_then(|before| choice.order.get(before).copied());
        }
    }

    /// A destination came, changed or went.
    pub(super) fn changed(&mut self, choice: &Choice<'_>) {
        match self {
            Self::Weighted(weighted) => weighted.changed(choice),
            Self::Source(buckets) => buckets.fill(choice, true),
            Self::Target(buckets) => buckets.fill(choice, false),
            Self::Maglev(maglev) => maglev.fill(choice),
            _ => {}
        }
    }

    /// The destination of a new connection; its place among all.
    pub(super) fn pick(&mut self, choice: &Choice<'_>, arrival: &Arrival) -> Option<usize> {
        match self {
            Self::RoundRobin { cursor } => robin::round_robin(cursor, choice),
            Self::Weighted(weighted) => weighted.pick(choice),
            Self::LeastConnections => least(choice.usable(), Destination::overhead, |_| 1),
            Self::WeightedLeast => least(choice.usable(), Destination::overhead, weight),
            Self::ShortestDelay => least(choice.usable(), delay, weight),
            Self::NeverQueue => {
                let idle = choice.usable().find(|(_, destination)| destination.active == 0);
                idle.map(|(number, _)| number).or_else(|| least(choice.usable(), delay, weight))
            }
            Self::Failover => heaviest(choice, |_| true),
            Self::Overflow => heaviest(choice, |one| one.active <= one.weight),
            Self::Source(buckets) => buckets.by_source(choice, arrival),
            Self::Target(buckets) => buckets.by_target(choice, arrival.target),
            Self::Maglev(maglev) => maglev.pick(choice, arrival),
            Self::Locality(locality) => locality.pick(choice, arrival),
            Self::Random(random) => random.pick(choice),
        }
    }
}

fn weight(destination: &Destination) -> u64 {
    u64::from(destination.weight)
}

fn delay(destination: &Destination) -> u64 {
    u64::from(destination.active) + 1
}

fn heaviest(choice: &Choice<'_>, fits: impl Fn(&Destination) -> bool) -> Option<usize> {
    let mut best: Option<(usize, u32)> = None;
    for (number, destination) in choice.usable().filter(|(_, one)| fits(one)) {
        if best.is_none_or(|(_, weight)| destination.weight > weight) {
            best = Some((number, destination.weight));
        }
    }
    best.map(|(number, _)| number)
}

fn gcd(one: u32, other: u32) -> u32 {
    let (mut one, mut other) = (one, other);
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}
