//! A broadcast domain: one switch, a port for each node on it, any of whose paths can be cut.

use crate::net::impaired::Impaired;
use crate::net::packet::PortId;
use director_core::config::VirtualMac;
use director_core::random::Stream;
use director_core::time::Instant;
use scenario::Effect;
use std::time::Duration;

/// When a frame arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Never.
    Lost,
    /// Then.
    At(Instant),
    /// Then, and once more.
    Twice(Instant, Instant),
    /// Then, and not as it was sent.
    Damaged(Instant),
}

/// A segment. Where the hardware addresses of interfaces are it knows; that of a virtual router is
/// where a frame of its came in last, and frames for one that was never seen go everywhere.
#[derive(Clone, Debug)]
pub(crate) struct Switch {
    pub(crate) name: String,
    seed: u64,
    low: u64,
    width: u64,
    members: Vec<PortId>,
    /// From each member to each, row by row.
    links: Vec<Link>,
    /// Where virtual routers were seen last.
    routers: Vec<(VirtualMac, PortId)>,
}

/// One direction between two ports.
#[derive(Clone, Debug)]
struct Link {
    stream: Stream,
    /// When the last frame arrives: a switch does not reorder the frames of one path.
    last: Instant,
    cut: bool,
    impaired: Option<Box<Impaired>>,
}

impl Switch {
    /// `members` come with their node's name, by which their paths' random streams are called.
    pub(crate) fn new(
        name: &str,
        latency: scenario::Spread,
        members: &[(PortId, &str)],
        seed: u64,
    ) -> Self {
        let nanos = |value: Duration| u64::try_from(value.as_nanos()).unwrap_or(u64::MAX);
        let low = nanos(latency.from);
        let width = nanos(latency.to).saturating_sub(low).saturating_add(1);
        let mut links = Vec::with_capacity(members.len() * members.len());
        for (_, from) in members {
            for (_, to) in members {
                let stream = Stream::named(seed, &format!("link/{name}/{from}->{to}"));
                links.push(Link { stream, last: Instant::ZERO, cut: false, impaired: None });
            }
        }
        let members = members.iter().map(|(port, _)| *port).collect();
        Self { name: name.to_owned(), seed, low, width, members, links, routers: Vec::new() }
    }

    pub(crate) fn members(&self) -> &[PortId] {
        &self.members
    }

    /// Where frames for a virtual router go.
    pub(crate) fn router(&self, mac: VirtualMac) -> Option<PortId> {
        self.routers.iter().find(|(known, _)| *known == mac).map(|(_, port)| *port)
    }

    /// A frame of a virtual router comes in at a port, unless that is cut off from all others.
    /// Whether it was elsewhere before.
    pub(crate) fn learn(&mut self, mac: VirtualMac, from: u16) -> bool {
        let count = self.members.len();
        let row = self.links.iter().skip(usize::from(from) * count).take(count);
        let heard = row.enumerate().any(|(to, link)| to != usize::from(from) && !link.cut);
        let Some(port) = self.members.get(usize::from(from)).copied().filter(|_| heard) else {
            return false;
        };
        match self.routers.iter_mut().find(|(known, _)| *known == mac) {
            Some((_, place)) => std::mem::replace(place, port) != port,
            None => {
                self.routers.push((mac, port));
                true
            }
        }
    }

    /// When a frame that is sent at `now` arrives.
    pub(crate) fn arrival(&mut self, from: u16, to: u16, now: Instant) -> Arrival {
        let place = usize::from(from) * self.members.len() + usize::from(to);
        let Some(link) = self.links.get_mut(place) else { return Arrival::Lost };
        if link.cut {
            return Arrival::Lost;
        }
        // Multiply and shift: a remainder would cost a division for every frame.
        let drawn = u128::from(link.stream.next_u64()) * u128::from(self.width);
        let took = self.low + u64::try_from(drawn >> 64).unwrap_or(0);
        let at = Instant::from_nanos(now.as_nanos().saturating_add(took));
        if let Some(impaired) = &mut link.impaired {
            return impaired.arrival(at, &mut link.last);
        }
        let at = at.max(link.last);
        link.last = at;
        Arrival::At(at)
    }

    /// Makes the frames of every path fare as `effect` says; each path draws from its own stream.
    pub(crate) fn set_effects(&mut self, effect: impl Fn(PortId, PortId) -> (Effect, String)) {
        for (row, from) in self.members.iter().enumerate() {
            for (column, to) in self.members.iter().enumerate() {
                let (effect, name) = effect(*from, *to);
                if let Some(link) = self.links.get_mut(row * self.members.len() + column) {
                    Impaired::set(&mut link.impaired, effect, || {
                        Stream::named(self.seed, &format!("impaired/{}/{name}", self.name))
                    });
                }
            }
        }
    }

    /// Cuts or heals every path by what `passes` says of it.
    pub(crate) fn set_cuts(&mut self, passes: impl Fn(PortId, PortId) -> bool) {
        for (row, from) in self.members.iter().enumerate() {
            for (column, to) in self.members.iter().enumerate() {
                if let Some(link) = self.links.get_mut(row * self.members.len() + column) {
                    link.cut = !passes(*from, *to);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn switch() -> Switch {
        let latency =
            scenario::Spread { from: Duration::from_micros(100), to: Duration::from_micros(200) };
        Switch::new("lan", latency, &[(PortId(4), "a"), (PortId(7), "b")], 1)
    }

    #[test]
    fn frames_of_one_path_keep_their_order_and_the_latency_its_bounds() {
        let mut switch = switch();
        let mut last = Instant::ZERO;
        for step in 0..1_000_u64 {
            let now = Instant::from_nanos(step * 10_000);
            let Arrival::At(at) = switch.arrival(0, 1, now) else { panic!("nothing is wrong") };
            assert!(at >= last);
            let took = at.since(now);
            assert!(took >= Duration::from_micros(100) && took <= Duration::from_micros(200));
            last = at;
        }
    }

    #[test]
    fn a_cut_is_of_one_direction() {
        let mut switch = switch();
        switch.set_cuts(|from, _| from != PortId(4));
        assert_eq!(switch.arrival(0, 1, Instant::ZERO), Arrival::Lost);
        assert_ne!(switch.arrival(1, 0, Instant::ZERO), Arrival::Lost);
        switch.set_cuts(|_, _| true);
        assert_ne!(switch.arrival(0, 1, Instant::ZERO), Arrival::Lost);
    }

    #[test]
    fn a_virtual_router_is_where_it_was_heard_last() {
        let mut switch = switch();
        let mac = VirtualMac(std::num::NonZeroU8::MIN);
        assert_eq!(switch.router(mac), None);
        assert!(switch.learn(mac, 0) && !switch.learn(mac, 0));
        assert_eq!(switch.router(mac), Some(PortId(4)));
        switch.set_cuts(|from, _| from != PortId(7));
        assert!(!switch.learn(mac, 1), "nobody hears it");
        switch.set_cuts(|_, _| true);
        assert!(switch.learn(mac, 1));
        assert_eq!(switch.router(mac), Some(PortId(7)));
    }

    fn fare(effect: Effect, frames: u64) -> Vec<Arrival> {
        let mut switch = switch();
        switch.set_effects(|_, _| (effect, "a->b".to_owned()));
        (0..frames).map(|one| switch.arrival(0, 1, Instant::from_nanos(one * 1_000_000))).collect()
    }

    #[test]
    fn losses_come_alone_or_in_bursts_and_are_as_many_as_was_said() {
        let loss = scenario::Share::parse("10%").unwrap();
        let runs = |burst| {
            let fared = fare(Effect { loss, burst, ..Effect::default() }, 100_000);
            let lost: Vec<bool> = fared.iter().map(|one| *one == Arrival::Lost).collect();
            let begins = lost.windows(2).filter(|pair| !pair[0] && pair[1]).count();
            (lost.iter().filter(|one| **one).count(), begins)
        };
        let (alone, bursts) = (runs(0), runs(8));
        assert!((9_000..11_000).contains(&alone.0), "{alone:?}");
        assert!((8_500..11_500).contains(&bursts.0), "{bursts:?}");
        // One in a row is 1.1 on average when each is drawn for itself.
        assert!(alone.0 / alone.1 == 1 && (6..10).contains(&(bursts.0 / bursts.1)));
    }

    #[test]
    fn frames_are_late_doubled_overtaken_and_damaged_as_was_said() {
        let half = scenario::Share::parse("50%").unwrap();
        let (delay, jitter) = (Duration::from_millis(20), Duration::from_millis(5));
        let late = fare(Effect { delay, jitter, ..Effect::default() }, 100);
        let took = |(sent, arrival): (u64, &Arrival)| match arrival {
            Arrival::At(at) => at.since(Instant::from_nanos(sent * 1_000_000)),
            other => panic!("{other:?}"),
        };
        let most = delay + jitter + Duration::from_micros(200);
        assert!((0..).zip(&late).map(took).all(|took| took >= delay && took <= most));
        let ordered = |fared: &[Arrival]| fared.windows(2).all(|two| key(two[0]) <= key(two[1]));
        assert!(ordered(&late));
        assert!(!ordered(&fare(Effect { reorder: half, ..Effect::default() }, 100)));
        let count = |effect, wanted: fn(&Arrival) -> bool| {
            fare(effect, 1_000).iter().filter(|one| wanted(one)).count()
        };
        let twice = Effect { duplicate: half, ..Effect::default() };
        assert!((400..600).contains(&count(twice, |one| matches!(one, Arrival::Twice(..)))));
        let damaged = Effect { corrupt: half, ..Effect::default() };
        assert!((400..600).contains(&count(damaged, |one| matches!(one, Arrival::Damaged(_)))));
    }

    fn key(arrival: Arrival) -> Instant {
        match arrival {
            Arrival::At(at) | Arrival::Twice(at, _) | Arrival::Damaged(at) => at,
            Arrival::Lost => Instant::ZERO,
        }
    }

    #[test]
    fn traffic_on_one_path_does_not_change_the_latencies_of_another() {
        let (mut one, mut other) = (switch(), switch());
        other.arrival(0, 1, Instant::ZERO);
        assert_eq!(one.arrival(1, 0, Instant::ZERO), other.arrival(1, 0, Instant::ZERO));
    }
}
