//! What is going to happen, in the order of time.

use director_core::time::Instant;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// What is further away than this waits apart. Nearer are hardly more than the frames under way.
const SOON: Duration = Duration::from_millis(2);
/// Bits of a key for the place in the slab: 16 million events at once.
const SLOT_BITS: u32 = 24;
/// Bits of a key for the order of planning: a million million events.
const ORDER_BITS: u32 = 40;

/// Events ordered by time; events of one moment keep the order in which they were planned.
///
/// Keys are single numbers (time, order, place) and the events lie still in a slab. What happens
/// soon is a sorted list, the soonest last: a new frame goes in near its end. The rest is a heap.
#[derive(Clone, Debug)]
pub(crate) struct Queue<E> {
    soon: Vec<u128>,
    /// Timers, for the most part: thousands under load, of which few come true.
    late: BinaryHeap<Reverse<u128>>,
    now: Instant,
    slab: Vec<Option<E>>,
    free: Vec<u32>,
    order: u128,
}

impl<E> Queue<E> {
    pub(crate) fn new() -> Self {
        Self {
            soon: Vec::new(),
            late: BinaryHeap::new(),
            now: Instant::ZERO,
            slab: Vec::new(),
            free: Vec::new(),
            order: 0,
        }
    }

    /// Plans an event.
    pub(crate) fn push(&mut self, at: Instant, event: E) {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.slab.push(None);
                u32::try_from(self.slab.len() - 1).unwrap_or(u32::MAX)
            }
        };
        if let Some(place) = self.slab.get_mut(index(slot)) {
            *place = Some(event);
        }
        let time = u128::from(at.as_nanos()) << (ORDER_BITS + SLOT_BITS);
        let key = time | self.order << SLOT_BITS | u128::from(slot);
        self.order += 1;
        if at < self.now + SOON {
            let place = self.soon.partition_point(|other| *other > key);
            self.soon.insert(place, key);
        } else {
            self.late.push(Reverse(key));
        }
    }

    /// Takes the next event if it is due no later than `limit`.
    pub(crate) fn pop(&mut self, limit: Instant) -> Option<(Instant, E)> {
        let late = self.late.peek().map_or(u128::MAX, |late| late.0);
        let soon = self.soon.last().copied().unwrap_or(u128::MAX);
        let key = soon.min(late);
        let nanos = u64::try_from(key >> (ORDER_BITS + SLOT_BITS)).unwrap_or(u64::MAX);
        let at = Instant::from_nanos(nanos);
        if key == u128::MAX || at > limit {
            return None;
        }
        if soon < late {
            self.soon.pop();
        } else {
            self.late.pop();
        }
        self.now = at;
        let slot = u32::try_from(key & ((1 << SLOT_BITS) - 1)).unwrap_or(u32::MAX);
        self.free.push(slot);
        let event = self.slab.get_mut(index(slot))?.take()?;
        Some((at, event))
    }
}

fn index(slot: u32) -> usize {
    usize::try_from(slot).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn events_come_in_time_order_and_ties_in_planning_order(
            times in proptest::collection::vec(0_u64..20, 0..200),
            scale in proptest::sample::select(vec![1_u64, 100_000_000]),
        ) {
            let mut queue = Queue::new();
            for (number, at) in times.iter().enumerate() {
                queue.push(Instant::from_nanos(*at * scale), number);
            }
            let mut expected: Vec<(u64, usize)> =
                times.iter().enumerate().map(|(number, at)| (*at * scale, number)).collect();
            expected.sort_unstable();
            let mut seen = Vec::new();
            while let Some((at, number)) = queue.pop(Instant::from_nanos(1 << 62)) {
                seen.push((at.as_nanos(), number));
            }
            prop_assert_eq!(seen, expected);
        }
    }

    #[test]
    fn later_events_wait_and_slots_are_used_again() {
        let mut queue = Queue::new();
        queue.push(Instant::from_nanos(10), 'b');
        queue.push(Instant::from_nanos(5), 'a');
        assert_eq!(queue.pop(Instant::from_nanos(7)).map(|(_, event)| event), Some('a'));
        assert_eq!(queue.pop(Instant::from_nanos(7)), None);
        queue.push(Instant::from_nanos(6), 'c');
        assert_eq!(queue.slab.len(), 2);
        assert_eq!(queue.pop(Instant::from_nanos(10)).map(|(_, event)| event), Some('c'));
    }
}
