//! The real servers of a service, and what of them a scheduler looks at.

use director_core::config::{Forward, Thresholds};
use std::net::SocketAddr;

/// A real server in a service (`struct ip_vs_dest`).
#[derive(Clone, Debug)]
pub(super) struct Destination {
    pub(super) address: SocketAddr,
    /// How packets of new connections reach it.
    pub(super) forward: Forward,
    pub(super) weight: u32,
    /// The last weight that was not zero: Maglev hashing builds its table of these.
    pub(super) last_weight: u32,
    pub(super) active: u32,
    pub(super) inactive: u32,
    /// Templates of persistence that name it.
    pub(super) templates: u32,
    thresholds: Thresholds,
    overloaded: bool,
    /// Whether the route that it keeps has its address as next hop for every packet.
    route: Option<bool>,
}

/// From which side a count reaches a threshold; the gap between the two is hysteresis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Up,
    Down,
    Set,
}

impl Destination {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            forward: Forward::Direct,
            weight: 0,
            last_weight: 0,
            active: 0,
            inactive: 0,
            templates: 0,
            thresholds: Thresholds::NONE,
            overloaded: false,
            route: None,
        }
    }

    /// Takes the route that is kept, or looks one up and keeps it: whether a packet that is
    /// forwarded like this gets there.
    ///
    /// One that goes directly is for another address, and needs a route that says where it goes all
    /// the same (`IP_VS_RT_MODE_KNOWN_NH`). But the kernel keeps one route for all methods, that
    /// of whoever came first (`__ip_vs_get_out_rt` in `ip_vs_xmit.c`): after a change to direct
    /// routing that may be an old connection's. New ones then go to the neighbour that has the
    /// virtual address, and there is none.
    pub(super) fn take_route(&mut self, forward: Forward) -> bool {
        let direct = forward == Forward::Direct;
        *self.route.get_or_insert(direct) || !direct
    }

    /// The routes of the host have changed, or what is said of it.
    pub(super) fn forget_route(&mut self) {
        self.route = None;
    }

    /// Whether it may get a new connection.
    pub(super) fn takes(&self) -> bool {
        self.weight > 0 && !self.overloaded
    }

    pub(super) fn is_overloaded(&self) -> bool {
        self.overloaded
    }

    /// An active connection weighs as much as 257 that wind down (`ip_vs_dest_conn_overhead` in
    /// kernels that count the active ones among all; older ones take 256).
    pub(super) fn overhead(&self) -> u64 {
        u64::from(self.active) * 256 + u64::from(self.total())
    }

    fn total(&self) -> u32 {
        self.active + self.inactive
    }

    /// Whether connections or templates keep a removed one in the kernel's memory.
    pub(super) fn is_referred_to(&self) -> bool {
        self.total() + self.templates > 0
    }

    /// `__ip_vs_update_dest`; `added` for one that was not in the service.
    pub(super) fn update(&mut self, weight: u32, thresholds: Thresholds, added: bool) {
        self.forget_route();
        if added || weight > 0 {
            self.last_weight = weight;
        }
        self.weight = weight;
        if self.thresholds != thresholds {
            self.thresholds = thresholds;
            self.judge(Way::Set);
        }
    }

    /// A connection has begun.
    pub(super) fn bind(&mut self) {
        self.inactive += 1;
        if self.total() == self.thresholds.upper {
            self.judge(Way::Up);
        }
    }

    /// A connection in this state is gone.
    pub(super) fn unbind(&mut self, active: bool) {
        let before = self.total();
        match active {
            true => self.active -= 1,
            false => self.inactive -= 1,
        }
        if before == self.lower() {
            self.judge(Way::Down);
        }
    }

    /// A connection's state has changed.
    pub(super) fn shift(&mut self, was_active: bool, is_active: bool) {
        match (was_active, is_active) {
            (false, true) => {
                self.active += 1;
                self.inactive -= 1;
            }
            (true, false) => {
                self.active -= 1;
                self.inactive += 1;
            }
            _ => {}
        }
    }

    /// Three quarters of the upper threshold unless said otherwise.
    fn lower(&self) -> u32 {
        match self.thresholds {
            Thresholds { lower: 0, upper } => upper - (upper >> 2),
            Thresholds { lower, .. } => lower,
        }
    }

    /// `__ip_vs_dest_update_overload`.
    fn judge(&mut self, way: Way) {
        let (upper, lower, all) = (self.thresholds.upper, self.lower(), self.total());
        if upper == 0 {
            self.overloaded = false;
        } else if all >= if way == Way::Up { lower } else { upper } {
            self.overloaded = true;
        } else if all < if way == Way::Down { upper } else { lower } {
            self.overloaded = false;
        }
    }
}

/// The destinations of a service, in the kernel's order: the newest first.
pub(super) struct Choice<'a> {
    pub(super) all: &'a [Destination],
    pub(super) order: &'a [usize],
}

impl Choice<'_> {
    pub(super) fn get(&self, place: usize) -> Option<(usize, &Destination)> {
        let number = *self.order.get(place)?;
        Some((number, self.all.get(number)?))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Destination)> {
        self.order.iter().filter_map(|number| Some((*number, self.all.get(*number)?)))
    }

    /// Those that may get a new connection.
    pub(super) fn usable(&self) -> impl Iterator<Item = (usize, &Destination)> {
        self.iter().filter(|(_, destination)| destination.takes())
    }

    /// The same when it is in the service and may get a new connection.
    pub(super) fn if_usable(&self, number: usize) -> Option<usize> {
        self.all.get(number).is_some_and(Destination::takes).then_some(number)
    }

    pub(super) fn has(&self, number: usize) -> bool {
        self.order.contains(&number)
    }
}

/// The first of these for which `load / weight` is smallest.
pub(super) fn least<'a>(
    among: impl Iterator<Item = (usize, &'a Destination)>,
    load: impl Fn(&Destination) -> u64,
    weight: impl Fn(&Destination) -> u64,
) -> Option<usize> {
    let mut best: Option<(usize, u64, u64)> = None;
    for (number, destination) in among {
        let (load, weight) = (load(destination), weight(destination));
        if best.is_none_or(|(_, least, of)| least * weight > load * of) {
            best = Some((number, load, weight));
        }
    }
    best.map(|(number, ..)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_the_thresholds_it_stays_as_it_was() {
        let mut one = Destination::new(([10, 0, 0, 21], 80).into());
        one.update(1, Thresholds { upper: 4, lower: 2 }, true);
        let mut taken = Vec::new();
        for _ in 0..4 {
            one.bind();
            taken.push(one.takes());
        }
        assert_eq!(taken, [true, true, true, false]);
        let mut taken = Vec::new();
        for _ in 0..4 {
            one.unbind(false);
            taken.push(one.takes());
        }
        assert_eq!(taken, [false, false, true, true]);
    }

    #[test]
    fn a_new_threshold_counts_at_once_and_none_ends_it() {
        let mut one = Destination::new(([10, 0, 0, 21], 80).into());
        one.update(1, Thresholds::NONE, true);
        (0..8).for_each(|_| one.bind());
        one.update(1, Thresholds { upper: 8, lower: 0 }, false);
        assert!(one.is_overloaded() && !one.takes());
        one.unbind(false);
        assert!(one.is_overloaded(), "seven are above three quarters of eight");
        one.update(1, Thresholds::NONE, false);
        assert!(one.takes());
    }
}
