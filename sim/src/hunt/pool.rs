//! All cores, and still one order.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;

/// Results that may wait for an earlier seed; memory stays flat however many seeds there are.
const WAITING: usize = 1_024;

/// Works on the seeds and hands over the results in their order, until `take` says no.
pub(super) fn in_order<T: Send>(
    jobs: usize,
    seeds: Range<u64>,
    work: impl Fn(u64) -> T + Sync,
    mut take: impl FnMut(u64, T) -> bool,
) {
    let (next, stop) = (AtomicU64::new(seeds.start), AtomicBool::new(false));
    let (send, receive) = sync_channel(WAITING);
    let Range { start, end } = seeds;
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            let send = send.clone();
            let (next, stop, work) = (&next, &stop, &work);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end || send.send((seed, work(seed))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut waiting = BTreeMap::new();
        let mut due = start;
        for (seed, result) in receive {
            waiting.insert(seed, result);
            while let Some(result) = waiting.remove(&due) {
                if !stop.load(Ordering::Relaxed) && !take(due, result) {
                    stop.store(true, Ordering::Relaxed);
                }
                due += 1;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_is_worked_on_once_and_arrives_in_order() {
        let worked = AtomicU64::new(0);
        let mut taken = Vec::new();
        let work = |seed: u64| {
            worked.fetch_add(1, Ordering::Relaxed);
            seed * 2
        };
        in_order(4, 5..3_000, work, |seed, double| {
            taken.push((seed, double));
            true
        });
        assert_eq!(worked.into_inner(), 2_995);
        assert_eq!(taken, (5..3_000).map(|seed| (seed, seed * 2)).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_is_taken_after_the_end() {
        let mut taken = 0;
        in_order(
            3,
            0..1_000_000_000,
            |seed| seed,
            |_, _| {
                taken += 1;
                taken < 10
            },
        );
        assert_eq!(taken, 10);
    }
}
