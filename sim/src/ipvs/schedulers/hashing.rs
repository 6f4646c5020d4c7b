//! By a hash of an address: `ip_vs_sh.c` and `ip_vs_dh.c`.

use super::Arrival;
use crate::ipvs::destination::Choice;
use std::net::Ipv4Addr;

const BUCKETS: usize = 256;

/// For every value of the hash a destination.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buckets(Vec<Option<usize>>);

impl Buckets {
    /// Goes round the destinations; with weights each gets as many buckets in a row.
    pub(super) fn fill(&mut self, choice: &Choice<'_>, by_weight: bool) {
        self.0.clear();
        let (mut place, mut used) = (0, 0);
        for _ in 0..BUCKETS {
            let Some((number, destination)) = choice.get(place) else {
                self.0.push(None);
                continue;
            };
            self.0.push(Some(number));
            used += 1;
            if !by_weight || used >= destination.weight {
                used = 0;
                place = if place + 1 < choice.order.len() { place + 1 } else { 0 };
            }
        }
    }

    /// How many of the buckets are this one's.
    #[cfg(test)]
    pub(super) fn share_of(&self, number: usize) -> usize {
        self.0.iter().filter(|bucket| **bucket == Some(number)).count()
    }

    pub(super) fn by_source(&self, choice: &Choice<'_>, arrival: &Arrival) -> Option<usize> {
        let port = u32::from(arrival.port());
        let first = bucket(port.wrapping_add(arrival.client.ip().to_bits()));
        let at = |place: usize| self.0.get(place % BUCKETS).copied().flatten();
        let named = at(first)?;
        if let Some(number) = choice.if_usable(named) {
            return Some(number);
        }
        if !arrival.falls_back() {
            return None;
        }
        // From the first value on, counted from the first value.
        (0..BUCKETS).map_while(|step| at(2 * first + step)).find_map(|one| choice.if_usable(one))
    }

    pub(super) fn by_target(&self, choice: &Choice<'_>, target: Ipv4Addr) -> Option<usize> {
        let number = (*self.0.get(bucket(target.to_bits()))?)?;
        choice.if_usable(number)
    }
}

/// `hash_32` of `linux/hash.h` to eight bits.
fn bucket(value: u32) -> usize {
    usize::try_from(value.wrapping_mul(0x61c8_8647) >> 24).unwrap_or(0)
}
