//! A virtual address keeps to a destination (`ip_vs_lblc.c`), or to a set of them
//! (`ip_vs_lblcr.c`), until one is overloaded while another has nothing to do.
//!
//! What the kernel forgets after a day without use is not forgotten here; a set shrinks by one a
//! day after its last change, as there.

use super::{Arrival, weight};
use crate::ipvs::destination::{Choice, Destination, least};
use director_core::time::Instant;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// `lblcr_expiration`.
const SHRINKS_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Clone, Debug)]
pub(crate) struct Locality {
    replicates: bool,
    known: BTreeMap<Ipv4Addr, Set>,
}

/// The destinations of a virtual address, the newest first.
#[derive(Clone, Debug)]
struct Set {
    members: Vec<usize>,
    changed: Instant,
}

impl Locality {
    pub(super) fn new(replicates: bool) -> Self {
        Self { replicates, known: BTreeMap::new() }
    }

    pub(super) fn remembers(&self, number: usize) -> bool {
        self.known.values().any(|set| set.members.contains(&number))
    }

    pub(super) fn pick(&mut self, choice: &Choice<'_>, arrival: &Arrival) -> Option<usize> {
        match self.replicates {
            true => self.with_sets(choice, arrival),
            false => self.alone(choice, arrival),
        }
    }

    fn alone(&mut self, choice: &Choice<'_>, arrival: &Arrival) -> Option<usize> {
        let known = self.known.get(&arrival.target).and_then(|set| set.members.first().copied());
        // The threshold of the one that is known is not asked for.
        let good = known.filter(|number| choice.has(*number)).filter(|number| {
            let one = choice.all.get(*number);
            one.is_some_and(|one| one.weight > 0 && !is_beyond(one, choice))
        });
        if good.is_some() {
            return good;
        }
        let number = weighted_least(choice)?;
        self.known.insert(arrival.target, Set { members: vec![number], changed: arrival.now });
        Some(number)
    }

    fn with_sets(&mut self, choice: &Choice<'_>, arrival: &Arrival) -> Option<usize> {
        let Some(set) = self.known.get_mut(&arrival.target) else {
            let number = weighted_least(choice)?;
            self.known.insert(arrival.target, Set { members: vec![number], changed: arrival.now });
            return Some(number);
        };
        let members = set.members.iter().filter(|number| choice.has(**number));
        let members = members.filter_map(|number| Some((*number, choice.all.get(*number)?)));
        let usable = members.filter(|(_, one)| one.takes());
        let picked = least(usable, Destination::overhead, weight);
        set.shrink(choice, arrival.now);
        let fine =
            |number: &usize| choice.all.get(*number).is_some_and(|one| !is_beyond(one, choice));
        if let Some(number) = picked.filter(fine) {
            return Some(number);
        }
        let number = weighted_least(choice)?;
        if !set.members.contains(&number) {
            set.members.insert(0, number);
            set.changed = arrival.now;
        }
        Some(number)
    }
}

impl Set {
    /// The busiest member goes when nothing has changed for long.
    fn shrink(&mut self, choice: &Choice<'_>, now: Instant) {
        if self.members.len() < 2 || now.since(self.changed) <= SHRINKS_AFTER {
            return;
        }
        let weighty = self.members.iter().filter_map(|number| {
            let one = choice.all.get(*number)?;
            (one.weight > 0).then_some((*number, one))
        });
        let mut most: Option<(usize, &Destination)> = None;
        for (number, one) in weighty {
            let busier = |(_, than): (usize, &Destination)| {
                than.overhead() * weight(one) < one.overhead() * weight(than)
            };
            if most.is_none_or(busier) {
                most = Some((number, one));
            }
        }
        if let Some((number, _)) = most {
            self.members.retain(|member| *member != number);
            self.changed = now;
        }
    }
}

fn weighted_least(choice: &Choice<'_>) -> Option<usize> {
    least(choice.usable(), Destination::overhead, weight)
}

/// More active connections than weight, while one of the service has less than half of its own.
fn is_beyond(one: &Destination, choice: &Choice<'_>) -> bool {
    let idle = |other: &Destination| other.active * 2 < other.weight;
    one.active > one.weight && choice.iter().any(|(_, other)| idle(other))
}
