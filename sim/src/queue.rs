//! What is going to happen, in the order of time.

use director_core::time::Instant;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// What is further away than this waits apart, so that what happens soon sifts through few keys.
const SOON: Duration = Duration::from_millis(500);

/// Events ordered by time; events of one moment keep the order in which they were planned.
///
/// The heaps hold small keys and the events lie still in a slab: sifting moves 24 bytes, not a packet.
#[derive(Clone, Debug)]
pub(crate) struct Queue<E> {
    soon: BinaryHeap<Reverse<Key>>,
    /// Timers of connections, for the most part: thousands, of which few come true.
    late: BinaryHeap<Reverse<Key>>,
    now: Instant,
    slab: Vec<Option<E>>,
    free: Vec<u32>,
    sequence: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    at: Instant,
    sequence: u64,
    slot: u32,
}

impl<E> Queue<E> {
    pub(crate) fn new() -> Self {
        Self {
            soon: BinaryHeap::new(),
            late: BinaryHeap::new(),
            now: Instant::ZERO,
            slab: Vec::new(),
            free: Vec::new(),
            sequence: 0,
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
        let key = Reverse(Key { at, sequence: self.sequence, slot });
        if at.since(self.now) < SOON {
            self.soon.push(key)
        } else {
            self.late.push(key)
        }
        self.sequence += 1;
    }

    /// Takes the next event if it is due no later than `limit`.
    pub(crate) fn pop(&mut self, limit: Instant) -> Option<(Instant, E)> {
        let heap = match (self.soon.peek(), self.late.peek()) {
            (Some(soon), Some(late)) if late > soon => &mut self.late,
            (None, _) => &mut self.late,
            _ => &mut self.soon,
        };
        if heap.peek()?.0.at > limit {
            return None;
        }
        let Reverse(key) = heap.pop()?;
        self.now = key.at;
        self.free.push(key.slot);
        let event = self.slab.get_mut(index(key.slot))?.take()?;
        Some((key.at, event))
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
            while let Some((at, number)) = queue.pop(Instant::from_nanos(u64::MAX)) {
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
