//! How a new connection finds its destination (`ip_vs_rr.c`, `ip_vs_wrr.c` and so on).

use director_core::config::Scheduler;
use std::net::{Ipv4Addr, SocketAddr};

/// A real server in a service.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    pub(crate) address: SocketAddr,
    pub(crate) weight: u32,
    pub(crate) active: u32,
    pub(crate) inactive: u32,
}

impl Destination {
    /// An active connection weighs as much as 256 that wind down. (Kernels with `totalconns`
    /// count the active ones among these too, which makes it 257.)
    fn overhead(&self) -> u64 {
        u64::from(self.active) * 256 + u64::from(self.inactive)
    }
}

/// The destinations of a service, in the kernel's order: the newest first.
pub(crate) struct Choice<'a> {
    pub(crate) all: &'a [Destination],
    pub(crate) order: &'a [usize],
}

impl Choice<'_> {
    fn get(&self, place: usize) -> Option<(usize, &Destination)> {
        let number = *self.order.get(place)?;
        Some((number, self.all.get(number)?))
    }

    fn usable(&self) -> impl Iterator<Item = (usize, &Destination)> {
        let known = |number: &usize| Some((*number, self.all.get(*number)?));
        self.order.iter().filter_map(known).filter(|(_, destination)| destination.weight > 0)
    }

    /// The first destination for which `load / weight` is smallest.
    fn least(
        &self,
        load: impl Fn(&Destination) -> u64,
        weight: impl Fn(&Destination) -> u64,
    ) -> Option<usize> {
        let mut best: Option<(usize, u64, u64)> = None;
        for (number, destination) in self.usable() {
            let (load, weight) = (load(destination), weight(destination));
            if best.is_none_or(|(_, least, of)| least * weight > load * of) {
                best = Some((number, load, weight));
            }
        }
        best.map(|(number, ..)| number)
    }
}

/// A scheduler with what it remembers.
#[derive(Clone, Debug)]
pub(crate) enum Schedule {
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
    /// By the client's address (`sh`) or by the virtual one (`dh`).
    Hash {
        by_source: bool,
        buckets: Vec<Option<usize>>,
    },
}

/// Interleaved weighted round robin.
#[derive(Clone, Debug, Default)]
pub(crate) struct Weighted {
    cursor: Option<usize>,
    current: i64,
    highest: i64,
    step: i64,
}

const BUCKETS: usize = 256;

impl Schedule {
    /// `None` when the model does not have it.
    pub(crate) fn new(scheduler: Scheduler) -> Option<Self> {
        Some(match scheduler {
            Scheduler::Rr => Self::RoundRobin { cursor: None },
            Scheduler::Wrr => Self::Weighted(Weighted::default()),
            Scheduler::Lc => Self::LeastConnections,
            Scheduler::Wlc => Self::WeightedLeast,
            Scheduler::Sed => Self::ShortestDelay,
            Scheduler::Nq => Self::NeverQueue,
            Scheduler::Fo => Self::Failover,
            Scheduler::Ovf => Self::Overflow,
            Scheduler::Sh => Self::Hash { by_source: true, buckets: Vec::new() },
            Scheduler::Dh => Self::Hash { by_source: false, buckets: Vec::new() },
            Scheduler::Lblc | Scheduler::Lblcr | Scheduler::Mh | Scheduler::Twos => return None,
        })
    }

    /// `removed` is about to leave the service and is still in `choice`.
    pub(crate) fn removing(&mut self, removed: usize, choice: &Choice<'_>) {
        if let Self::RoundRobin { cursor } = self
            && *cursor == Some(removed)
        {
            let place = choice.order.iter().position(|number| *number == removed);
            let before = place.and_then(|place| place.checked_sub(1));
            *cursor = before.and_then(|before| choice.order.get(before).copied());
        }
    }

    /// A destination came, changed or went.
    pub(crate) fn changed(&mut self, choice: &Choice<'_>) {
        match self {
            Self::Weighted(weighted) => weighted.changed(choice),
            Self::Hash { by_source, buckets } => fill(buckets, choice, *by_source),
            _ => {}
        }
    }

    /// The destination of a new connection; its place among all.
    pub(crate) fn pick(
        &mut self,
        choice: &Choice<'_>,
        source: Ipv4Addr,
        target: Ipv4Addr,
    ) -> Option<usize> {
        let weight = |destination: &Destination| u64::from(destination.weight);
        let delay = |destination: &Destination| u64::from(destination.active) + 1;
        match self {
            Self::RoundRobin { cursor } => round_robin(cursor, choice),
            Self::Weighted(weighted) => weighted.pick(choice),
            Self::LeastConnections => choice.least(Destination::overhead, |_| 1),
            Self::WeightedLeast => choice.least(Destination::overhead, weight),
            Self::ShortestDelay => choice.least(delay, weight),
            Self::NeverQueue => {
                let idle = choice.usable().find(|(_, destination)| destination.active == 0);
                idle.map(|(number, _)| number).or_else(|| choice.least(delay, weight))
            }
            Self::Failover => heaviest(choice, |_| true),
            Self::Overflow => heaviest(choice, |one| one.active <= one.weight),
            Self::Hash { by_source, buckets } => {
                let key = if *by_source { source } else { target };
                let number = (*buckets.get(bucket(key))?)?;
                choice.all.get(number).is_some_and(|one| one.weight > 0).then_some(number)
            }
        }
    }
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

/// The place behind the cursor; the list's head stands before its first place.
fn behind(cursor: Option<usize>, order: &[usize]) -> usize {
    let place = cursor.and_then(|cursor| order.iter().position(|number| *number == cursor));
    place.map_or(0, |place| place + 1)
}

fn round_robin(cursor: &mut Option<usize>, choice: &Choice<'_>) -> Option<usize> {
    let start = behind(*cursor, choice.order);
    let places = (start..choice.order.len()).chain(0..start);
    let usable = |place| choice.get(place).filter(|(_, one)| one.weight > 0);
    let (number, _) = places.filter_map(usable).next()?;
    *cursor = Some(number);
    Some(number)
}

impl Weighted {
    fn changed(&mut self, choice: &Choice<'_>) {
        let weights = || choice.usable().map(|(_, one)| i64::from(one.weight));
        self.cursor = None;
        self.step = weights().fold(0, gcd).max(1);
        let highest = weights().max().unwrap_or(0);
        self.highest = if highest == 0 { 0 } else { highest - (self.step - 1) };
        if self.current > self.highest || self.current == 0 {
            self.current = self.highest;
        } else if self.step > 1 {
            self.current = self.current / self.step * self.step + 1;
        }
    }

    fn pick(&mut self, choice: &Choice<'_>) -> Option<usize> {
        if self.highest == 0 {
            return None;
        }
        // Down from the present weight, and once more from the highest, finds whoever has any.
        let rounds = 2 * (self.highest / self.step.max(1)) + 2;
        let mut place = behind(self.cursor, choice.order);
        for _ in 0..=rounds {
            while let Some((number, destination)) = choice.get(place) {
                if i64::from(destination.weight) >= self.current {
                    self.cursor = Some(number);
                    return Some(number);
                }
                place += 1;
            }
            place = 0;
            self.current -= self.step;
            if self.current <= 0 {
                self.current = self.highest;
            }
        }
        None
    }
}

fn gcd(one: i64, other: i64) -> i64 {
    let (mut one, mut other) = (one, other);
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

/// `hash_32` of `linux/hash.h` to eight bits.
fn bucket(address: Ipv4Addr) -> usize {
    let spread = address.to_bits().wrapping_mul(0x61c8_8647);
    usize::try_from(spread >> 24).unwrap_or(0)
}

fn fill(buckets: &mut Vec<Option<usize>>, choice: &Choice<'_>, by_weight: bool) {
    buckets.clear();
    let (mut place, mut used) = (0, 0);
    for _ in 0..BUCKETS {
        let Some((number, destination)) = choice.get(place) else {
            buckets.push(None);
            continue;
        };
        buckets.push(Some(number));
        used += 1;
        if !by_weight || used >= destination.weight {
            used = 0;
            place = if place + 1 < choice.order.len() { place + 1 } else { 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Destinations in the order in which they are added; letters from A.
    fn destinations(weights: &[u32]) -> (Vec<Destination>, Vec<usize>) {
        let all = weights
            .iter()
            .map(|weight| Destination {
                address: ([10, 0, 0, 1], 80).into(),
                weight: *weight,
                active: 0,
                inactive: 0,
            })
            .collect();
        (all, (0..weights.len()).rev().collect())
    }

    fn picks(scheduler: Scheduler, weights: &[u32], count: usize) -> String {
        let (mut all, order) = destinations(weights);
        let mut schedule = Schedule::new(scheduler).unwrap();
        schedule.changed(&Choice { all: &all, order: &order });
        let mut text = String::new();
        for number in 0..count {
            let client = Ipv4Addr::from_bits(u32::try_from(number).unwrap());
            let choice = Choice { all: &all, order: &order };
            match schedule.pick(&choice, client, Ipv4Addr::LOCALHOST) {
                Some(picked) => {
                    all[picked].active += 1;
                    text.push(char::from(b'A' + u8::try_from(picked).unwrap()));
                }
                None => text.push('-'),
            }
        }
        text
    }

    #[test]
    fn round_robin_begins_with_the_newest_and_skips_the_quiesced() {
        assert_eq!(picks(Scheduler::Rr, &[1, 1, 1], 7), "CBACBAC");
        assert_eq!(picks(Scheduler::Rr, &[1, 0, 5], 4), "CACA");
        assert_eq!(picks(Scheduler::Rr, &[0, 0], 2), "--");
    }

    #[test]
    fn round_robin_goes_on_before_a_destination_that_left() {
        let (all, order) = destinations(&[1, 1, 1]);
        let mut schedule = Schedule::new(Scheduler::Rr).unwrap();
        let whole = Choice { all: &all, order: &order };
        let address = Ipv4Addr::LOCALHOST;
        schedule.pick(&whole, address, address);
        assert_eq!(schedule.pick(&whole, address, address), Some(1));
        schedule.removing(1, &whole);
        let rest = Choice { all: &all, order: &[2, 0] };
        assert_eq!(schedule.pick(&rest, address, address), Some(0));
    }

    #[test]
    fn weighted_round_robin_interleaves_as_the_kernel_does() {
        assert_eq!(picks(Scheduler::Wrr, &[3, 1], 8), "AABAAABA");
        assert_eq!(picks(Scheduler::Wrr, &[10, 10], 4), "BABA");
        assert_eq!(picks(Scheduler::Wrr, &[0, 7], 3), "BBB");
        assert_eq!(picks(Scheduler::Wrr, &[0, 0], 1), "-");
    }

    #[test]
    fn least_connections_prefer_the_newest_of_equals() {
        assert_eq!(picks(Scheduler::Lc, &[1, 9], 4), "BABA");
        assert_eq!(picks(Scheduler::Wlc, &[1, 2], 6), "BABBAB");
        assert_eq!(picks(Scheduler::Sed, &[1, 3], 6), "BBBABB");
        assert_eq!(picks(Scheduler::Nq, &[1, 3], 5), "BABBB");
    }

    #[test]
    fn failover_and_overflow_prefer_the_heaviest() {
        assert_eq!(picks(Scheduler::Fo, &[1, 3, 3], 3), "CCC");
        assert_eq!(picks(Scheduler::Ovf, &[1, 2], 6), "BBBAA-");
    }

    #[test]
    fn source_hashing_keeps_a_client_and_fills_buckets_by_weight() {
        let (all, order) = destinations(&[1, 3]);
        let mut schedule = Schedule::new(Scheduler::Sh).unwrap();
        let choice = Choice { all: &all, order: &order };
        schedule.changed(&choice);
        let Schedule::Hash { buckets, .. } = &schedule else { panic!("hash") };
        let heavy = buckets.iter().filter(|bucket| **bucket == Some(1)).count();
        assert_eq!(heavy, 192);
        let client = Ipv4Addr::new(192, 0, 2, 7);
        let first = schedule.pick(&choice, client, Ipv4Addr::LOCALHOST);
        assert_eq!(schedule.pick(&choice, client, Ipv4Addr::BROADCAST), first);
    }

    #[test]
    fn destination_hashing_gives_one_target_one_destination() {
        let text = picks(Scheduler::Dh, &[1, 1], 8);
        let first = text.chars().next().unwrap();
        assert!(first != '-' && text.chars().all(|letter| letter == first));
    }
}
