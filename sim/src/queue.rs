//! What is going to happen, in the order of time.

use director_core::time::Instant;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Events are gathered by the time in which they happen, 2.1 ms: hardly more than the frames that
/// are under way at once.
const SPAN_BITS: u32 = 21;
/// So many of those times lie ahead in the ring, 4.4 s together: most timers are shorter.
const RING: usize = 2048;
const WORD: usize = 64;
/// Bits of a key for the place in the slab: 16 million events at once.
const SLOT_BITS: u32 = 24;
/// Bits of a key for the order of planning: a million million events.
const ORDER_BITS: u32 = 40;

/// Events ordered by time; events of one moment keep the order in which they were planned.
///
/// Keys are single numbers (time, order, place) and the events lie still in a slab. What happens
/// in the present span is a sorted list, the soonest last: a new frame goes in near its end. Later
/// spans are unsorted lists in a ring until their time has come, and what is later still is a heap.
#[derive(Clone, Debug)]
pub(crate) struct Queue<E> {
    soon: Vec<u128>,
    ring: Vec<Vec<u128>>,
    /// Which lists of the ring have something, a bit for each.
    filled: [u64; RING / WORD],
    far: BinaryHeap<Reverse<u128>>,
    /// The last span that is in the sorted list.
    span: u64,
    slab: Vec<Option<E>>,
    free: Vec<u32>,
    order: u128,
}

impl<E> Queue<E> {
    pub(crate) fn new() -> Self {
        Self {
            soon: Vec::new(),
            ring: vec![Vec::new(); RING],
            filled: [0; RING / WORD],
            far: BinaryHeap::new(),
            span: 0,
            slab: Vec::new(),
            free: Vec::new(),
            order: 0,
        }
    }

    /// Plans an event.
    // Part of its caller, which so writes the event where it is to lie and nowhere before.
    #[inline(always)]
    pub(crate) fn push(&mut self, at: Instant, event: E) {
        let key = u128::from(at.as_nanos()) << (ORDER_BITS + SLOT_BITS) | self.order << SLOT_BITS;
        self.order += 1;
        let slot = self.reserve(key);
        if let Some(place) = self.slab.get_mut(slot) {
            *place = Some(event);
        }
    }

    /// A place in the slab for an event with this key, which has none yet.
    fn reserve(&mut self, key: u128) -> usize {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.slab.push(None);
                u32::try_from(self.slab.len() - 1).unwrap_or(u32::MAX)
            }
        };
        let key = key | u128::from(slot);
        let span = time(key) >> SPAN_BITS;
        if span <= self.span {
            let place = self.soon.partition_point(|other| *other > key);
            self.soon.insert(place, key);
        } else if span - self.span < RING as u64 {
            let place = in_ring(span);
            if let (Some(list), Some(bits)) =
                (self.ring.get_mut(place), self.filled.get_mut(place / WORD))
            {
                list.push(key);
                *bits |= 1 << (place % WORD);
            }
        } else {
            self.far.push(Reverse(key));
        }
        index(slot)
    }

    /// Takes the next event if it is due no later than `limit`.
    pub(crate) fn pop(&mut self, limit: Instant) -> Option<(Instant, E)> {
        if self.soon.is_empty() {
            self.advance();
        }
        let key = *self.soon.last()?;
        let at = Instant::from_nanos(time(key));
        if at > limit {
            return None;
        }
        self.soon.pop();
        let slot = u32::try_from(key & ((1 << SLOT_BITS) - 1)).unwrap_or(u32::MAX);
        self.free.push(slot);
        let event = self.slab.get_mut(index(slot))?.take()?;
        Some((at, event))
    }

    /// Sorts what happens in the next span in which anything does.
    fn advance(&mut self) {
        let far = self.far.peek().map(|key| time(key.0) >> SPAN_BITS);
        let near = self.next_in_ring();
        let Some(span) = near.into_iter().chain(far).min() else { return };
        self.span = span;
        if near == Some(span) {
            let place = in_ring(span);
            if let (Some(list), Some(bits)) =
                (self.ring.get_mut(place), self.filled.get_mut(place / WORD))
            {
                std::mem::swap(&mut self.soon, list);
                *bits &= !(1 << (place % WORD));
            }
        }
        while let Some(Reverse(key)) = self.far.peek().copied()
            && time(key) >> SPAN_BITS == span
        {
            self.far.pop();
            self.soon.push(key);
        }
        self.soon.sort_unstable_by(|one, other| other.cmp(one));
    }

    /// The next span with something in the ring.
    fn next_in_ring(&self) -> Option<u64> {
        let first = self.span + 1;
        let start = in_ring(first);
        // The word that the search begins in comes again at its end, for what lies before it.
        (0..=RING / WORD).find_map(|step| {
            let word = (start / WORD + step) % (RING / WORD);
            let skipped = if step == 0 { start % WORD } else { 0 };
            let bits = self.filled.get(word)? >> skipped << skipped;
            let place = (bits != 0).then(|| word * WORD + bits.trailing_zeros() as usize)?;
            Some(first + ((place + RING - start) % RING) as u64)
        })
    }
}

/// The place of a span's list.
fn in_ring(span: u64) -> usize {
    usize::try_from(span % RING as u64).unwrap_or(0)
}

/// The time of a key, in nanoseconds.
fn time(key: u128) -> u64 {
    u64::try_from(key >> (ORDER_BITS + SLOT_BITS)).unwrap_or(u64::MAX)
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
            scale in proptest::sample::select(vec![1_u64, 2_000_000, 100_000_000, 3_000_000_000]),
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

        #[test]
        fn what_is_planned_meanwhile_takes_its_place(
            waits in proptest::collection::vec((0_u64..6_000_000_000, 0_usize..3), 1..300),
        ) {
            let (mut queue, mut sorted) = (Queue::new(), std::collections::BTreeSet::new());
            let mut now = 0;
            for (number, (wait, pops)) in waits.into_iter().enumerate() {
                queue.push(Instant::from_nanos(now + wait), number);
                sorted.insert((now + wait, number));
                for _ in 0..pops {
                    let next = queue.pop(Instant::from_nanos(1 << 62));
                    prop_assert_eq!(next.map(|(at, it)| (at.as_nanos(), it)), sorted.pop_first());
                    now = next.map_or(now, |(at, _)| at.as_nanos());
                }
            }
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
