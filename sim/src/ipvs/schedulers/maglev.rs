//! Maglev hashing (`ip_vs_mh.c`): a table in which every destination has places by its weight, and
//! few places change when a destination comes or goes.

use super::{Arrival, folded, gcd};
use crate::ipvs::destination::Choice;

/// Places of the table with the kernel's usual `CONFIG_IP_VS_MH_TAB_INDEX` of 12.
const PLACES: u32 = 4093;

/// Weights are shifted until they have no more bits than this.
const WEIGHT_BITS: u32 = 6;

/// The kernel's two keys.
const FIRST: u64 = 2_654_435_761;
const SECOND: u64 = 2_654_446_892;

#[derive(Clone, Debug, Default)]
pub(crate) struct Maglev(Vec<Option<usize>>);

/// The order in which a destination claims places, and how many of them in a row.
struct Claimant {
    number: usize,
    next: u32,
    skip: u32,
    turns: u32,
}

impl Maglev {
    pub(super) fn fill(&mut self, choice: &Choice<'_>) {
        let size = usize::try_from(PLACES).unwrap_or_default();
        self.0.clear();
        self.0.resize(size, None);
        let mut claimants = claimants(choice);
        let mut free = size;
        while free > 0 && !claimants.is_empty() {
            for claimant in &mut claimants {
                for _ in 0..claimant.turns.min(u32::try_from(free).unwrap_or(u32::MAX)) {
                    self.claim(claimant);
                    free -= 1;
                }
            }
        }
    }

    fn claim(&mut self, claimant: &mut Claimant) {
        // A prime number of places: every skip comes by all of them.
        loop {
            let place = usize::try_from(claimant.next).ok().and_then(|at| self.0.get_mut(at));
            match place {
                Some(Some(_)) => claimant.next = (claimant.next + claimant.skip) % PLACES,
                Some(free) => {
                    *free = Some(claimant.number);
                    return;
                }
                None => return,
            }
        }
    }

    pub(super) fn pick(&self, choice: &Choice<'_>, arrival: &Arrival) -> Option<usize> {
        let client = (arrival.client.ip().to_bits(), arrival.port());
        let place = |offset: u32| hash(client, FIRST, offset) % PLACES;
        let at = |place: u32| self.0.get(usize::try_from(place).ok()?).copied().flatten();
        let first = place(0);
        if let Some(number) = choice.if_usable(at(first)?) {
            return Some(number);
        }
        if !arrival.falls_back() {
            return None;
        }
        let offsets = (0..PLACES).map(|step| (step + first) % PLACES);
        offsets.map_while(|offset| at(place(offset))).find_map(|one| choice.if_usable(one))
    }
}

fn claimants(choice: &Choice<'_>) -> Vec<Claimant> {
    let weights = || choice.iter().map(|(_, one)| one.last_weight).filter(|weight| *weight > 0);
    let unit = weights().fold(0, gcd).max(1);
    let bits = u32::BITS - (weights().max().unwrap_or(0) / unit).leading_zeros();
    let shift = bits.saturating_sub(WEIGHT_BITS);
    let weighty = choice.iter().filter(|(_, one)| one.last_weight > 0);
    weighty
        .map(|(number, one)| {
            let server = (folded(one.address.ip()).to_bits(), one.address.port());
            Claimant {
                number,
                next: hash(server, FIRST, 0) % PLACES,
                skip: hash(server, SECOND, 0) % (PLACES - 1) + 1,
                turns: ((one.last_weight / unit) >> shift).max(1),
            }
        })
        .collect()
}

/// `hsiphash` of 64-bit kernels: SipHash-1-3, of which the lower half counts.
fn hash((address, port): (u32, u16), key: u64, offset: u32) -> u32 {
    let value = offset.wrapping_add(u32::from(port)).wrapping_add(address);
    let whole = siphash_1_3(value, key);
    u32::try_from(whole & u64::from(u32::MAX)).unwrap_or(0)
}

/// SipHash-1-3 of four bytes with both halves of the key alike.
fn siphash_1_3(value: u32, key: u64) -> u64 {
    let block = 4 << 56 | u64::from(value);
    let mut state = [
        0x736f_6d65_7073_6575 ^ key,
        0x646f_7261_6e64_6f6d ^ key,
        0x6c79_6765_6e65_7261 ^ key,
        0x7465_6462_7974_6573 ^ key ^ block,
    ];
    round(&mut state);
    state[0] ^= block;
    state[2] ^= 0xff;
    (0..3).for_each(|_| round(&mut state));
    state.iter().fold(0, |all, part| all ^ part)
}

fn round([a, b, c, d]: &mut [u64; 4]) {
    *a = a.wrapping_add(*b);
    *b = b.rotate_left(13) ^ *a;
    *a = a.rotate_left(32);
    *c = c.wrapping_add(*d);
    *d = d.rotate_left(16) ^ *c;
    *a = a.wrapping_add(*d);
    *d = d.rotate_left(21) ^ *a;
    *c = c.wrapping_add(*b);
    *b = b.rotate_left(17) ^ *c;
    *c = c.rotate_left(32);
}
